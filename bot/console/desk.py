"""值班台: what the station must act on, alarms first, up to date by itself."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from markupsafe import Markup, escape
from nicegui import ui

from bot.console.applications import ApplicationCard, read_waiting
from bot.console.applications_page import build_card
from bot.console.case_html import again, crew, deadline, doubts, evidence, facts, named, pages
from bot.console.feed import Feed
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.markup import box, chip, marked, moment, phrases
from bot.console.officer import AcknowledgeButton, viewed
from bot.console.queries import CaseCard, Desk, Talk, Undelivered, read_desk
from bot.console.reasons import in_chinese
from bot.console.section import Section, Tabs
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, frame, put, sound_toggle
from bot.console.vigil import counted
from bot.nlu.forms import Forms
from bot.nlu.live_file import LiveFile
from bot.store.session import StoreUnavailableError

log = structlog.get_logger()

POLL_SECONDS = 1.0


_Read = tuple[Desk, tuple[ApplicationCard, ...]]
_Seen = tuple[Desk, tuple[ApplicationCard, ...], int]
"""The desk, the applications on it, and how many there are to decide."""
_TABS = {
    "requests": "求助",
    "tips": "线索",
    "applications": "申请",
    "talks": "对话",
    "taken": "已确认",
    "lost": "未送达",
}


def register(services: Services, forms: LiveFile[Forms]) -> None:
    """Serve the duty desk at `/`."""

    def read() -> _Read:
        with services.store.reading() as session:
            desk = read_desk(session, watch=services.watch, now=services.clock.now())
            return desk, read_waiting(session, forms.current())

    feed = Feed(read, POLL_SECONDS)

    async def look(*, fresh: bool = False) -> _Seen | None:
        """What the desk shows now; None while the database is away."""
        try:
            desk, waiting = await feed.latest(fresh=fresh)
            return desk, waiting, await services.waiting.latest()
        except StoreUnavailableError as error:
            log.error("desk.unreadable", reason=str(error))
            return None

    @ui.page("/", title="值班台", response_timeout=10)
    async def desk_page() -> None:
        # Before anything is built: the frame's timers wait for the browser, and from then on the page is sent at the
        # first `await`, without its cards.
        seen = await look()
        page = _DeskPage(services, look)
        page.show(seen)
        ui.timer(POLL_SECONDS, page.refresh)
        await viewed(services, subject="desk")


class _Look(Protocol):
    async def __call__(self, *, fresh: bool = False) -> _Seen | None: ...


class _DeskPage:
    """One browser's desk."""

    def __init__(self, services: Services, look: _Look) -> None:
        self._services, self._look = services, look

        with frame(services, active="/", tools=sound_toggle):
            self._problems = Part(self._build_problems, classes="problems")
            with ui.element("div").classes("desk"):
                with ui.element("section").classes("alarms").props('id=alarms aria-label="紧急警情"'):
                    self._title = Part(self._build_title)
                    self._alarms: Keyed[int, CaseCard] = Keyed(self._alarm_card, classes="alarm-list")
                    self._more = Part(_build_more)
                with ui.element("aside").classes("quiet"):
                    self._tabs = Tabs(_TABS)
                    self._undelivered = Section(
                        "未送达的回复", rebuilding(_build_undelivered), hide_empty=True, name="lost"
                    )
                    self._requests = Section("一般求助", self._row, name="requests")
                    self._tips = Section("线索举报", self._row, note="举报人信息不显示", name="tips")
                    self._taken = Section("已确认", rebuilding(_build_taken), name="taken")
                    self._applications = Section("待办申请", rebuilding(build_card), first="最早", name="applications")
                    self._talks = Section("正在对话", rebuilding(_build_talk), note="还没有立案", name="talks")

    async def refresh(self, *, fresh: bool = False) -> None:
        """Bring the page up to date."""
        self.show(await self._look(fresh=fresh))

    def show(self, seen: _Seen | None) -> None:
        """Show this; without it, that nothing can be read."""
        if seen is None:
            self._problems.show((UNREADABLE,))
            return
        desk, waiting, to_decide = seen
        broken = self._services.roster_file.problem
        self._problems.show(desk.problems + ((f"值班表有错误，仍按上一版提醒：{broken}",) if broken else ()))
        open_alarms = desk.counts.get("urgent_alarm", 0)
        self._title.show((open_alarms, bool(desk.alarms)))
        self._alarms.show((card.id, card) for card in desk.alarms)
        self._more.show(desk.more_alarms)
        self._undelivered.show([(reply.id, reply) for reply in desk.undelivered], len(desk.undelivered))
        self._requests.show([(card.id, card) for card in desk.requests], desk.counts.get("help_request", 0))
        self._tips.show([(card.id, card) for card in desk.tips], desk.counts.get("tip", 0))
        self._taken.show([(card.id, card) for card in desk.acknowledged], None)
        self._applications.show([(card.id, card) for card in waiting], to_decide)
        self._talks.show([(talk.resident_id, talk) for talk in desk.talks], len(desk.talks))
        counts = {"requests": desk.counts.get("help_request", 0), "tips": desk.counts.get("tip", 0)}
        shown = {"talks": desk.talks, "taken": desk.acknowledged, "lost": desk.undelivered}
        counts |= {"applications": to_decide} | {name: len(rows) for name, rows in shown.items()}
        self._tabs.show(counts, hidden=() if desk.undelivered else ("lost",))

    async def _acted(self) -> None:
        await self.refresh(fresh=True)

    def _alarm_card(self, card: CaseCard) -> Callable[[CaseCard], None]:
        return _AlarmCard(self._services, card, self._acted).show

    def _row(self, card: CaseCard) -> Callable[[CaseCard], None]:
        return _QuietRow(self._services, card, self._acted).show

    @staticmethod
    def _build_problems(problems: tuple[str, ...]) -> None:
        for problem in problems:
            build_problem(problem)

    @staticmethod
    def _build_title(state: tuple[int, bool]) -> None:
        open_alarms, any_shown = state
        with ui.element("div").classes("alarms-title"):
            ui.label("紧急警情").classes("section-title")
            if open_alarms:
                ui.label(f"{counted(open_alarms)}起待确认").classes("count count-alarm")
        if not any_shown:
            with ui.element("div").classes("all-quiet"):
                ui.label("目前没有待确认的紧急警情").classes("all-quiet-title")
                ui.label("新警情会自动出现在这里，无需刷新页面。").classes("all-quiet-hint")


def _build_more(number: int) -> None:
    if number > 0:
        ui.label(f"另有{number}起更晚的警情没有显示，确认上面的就会出来").classes("empty")


class _AlarmCard:
    """An alarm. The button stands above everything that can grow, and stays the same element while the rest changes."""

    def __init__(self, services: Services, card: CaseCard, acted: Callable[[], Awaitable[None]]) -> None:
        self._card = ui.element("article").classes("alarm-card").props(f"data-case={card.id}")
        with self._card:
            self._head = Part(_build_head)
            with ui.element("div").classes("alarm-action"):
                self._button = ui.element("div")
                with self._button:
                    AcknowledgeButton(services, card.id, acted)
                self._status = Part(_build_status, classes="alarm-status")
            self._words = Part(_build_words)
        self.show(card)

    def show(self, card: CaseCard) -> None:
        """Bring the card up to date."""
        self._card.classes(remove="alarm-taken") if card.open else self._card.classes(add="alarm-taken")
        self._button.set_visibility(card.open)
        self._head.show(card)
        self._status.show(card)
        self._words.show(card)


def _build_head(card: CaseCard) -> None:
    silent, hint = box("silent", "【静默】"), box("silent-hint", "对方不便出声：不要回拨电话")
    kind = box("alarm-kind", silent if card.silent else "", box("alarm-title", card.title), again(card), doubts(card))
    put(box("alarm-head", kind, hint if card.silent else "", facts(card)))


def _build_status(card: CaseCard) -> None:
    taken = box("taken-by", f"已确认 · {card.acknowledged_by}")
    put(deadline(card) if card.open else taken, pages(card), crew(card))


def _build_words(card: CaseCard) -> None:
    address = f"/case/{card.id}"
    lines = (box("line", marked(line.text, card.words)) for line in card.lines)
    words = phrases((line.text for line in card.lines), card.words)[:_WORDS_SHOWN]
    whole = box("open-case", "查看案件", name="a", href=address, data_guarded="")
    put(
        box("lines", *lines, name="a", href=address, data_guarded=""),
        box("alarm-foot", evidence(words), whole),
        named(card, "地点"),
    )


_WORDS_SHOWN = 8


class _QuietRow:
    """A request or a tip that waits for an officer."""

    def __init__(self, services: Services, card: CaseCard, acted: Callable[[], Awaitable[None]]) -> None:
        with ui.element("article").classes("quiet-row").props(f"data-case={card.id}"):
            self._text = Part(_build_row, classes="quiet-text")
            AcknowledgeButton(services, card.id, acted, title="受理")
        self.show(card)

    def show(self, card: CaseCard) -> None:
        """Bring the row up to date."""
        self._text.show(card)


def _build_row(card: CaseCard) -> None:
    put(_row(f"/case/{card.id}", card.title, doubts(card), marked(card.summary, card.words), facts(card)))


def _build_taken(card: CaseCard) -> None:
    taken = chip(f"已确认 · {card.acknowledged_by}", "taken")
    told = (marked(card.summary, card.words), crew(card), facts(card))
    row = _row(f"/case/{card.id}", card.title, taken + doubts(card), *told)
    put(box("quiet-row", row, name="article", data_case=card.id))


def _build_talk(talk: Talk) -> None:
    state = chip(f"{talk.held_by} 在对话" if talk.held_by else "机器人在回答", "taken" if talk.held_by else "plain")
    when = box("facts", box("", talk.title) if talk.title else "", moment(talk.at) if talk.at else "")
    row = _row(f"/search?q={talk.pseudonym}", talk.pseudonym, state, escape(talk.text), when)
    put(box("quiet-row", row, name="article"))


def _row(address: str, title: str, tags: Markup, line: Markup, *more: Markup) -> Markup:
    kind = box("quiet-kind", box("quiet-name", title), tags)
    return box("quiet-link", kind, box("quiet-line", line), *more, name="a", href=address, data_guarded="")


def _build_undelivered(reply: Undelivered) -> None:
    number = box("case-number", f"案件{reply.case_id}", name="a", href=f"/case/{reply.case_id}")
    who = box("who", reply.pseudonym or "举报人已隐去")
    told = (box("quiet-line", reply.text), box("reason", f"原因：{in_chinese(reply.reason)}"))
    text = box("quiet-text", *told, box("facts", number if reply.case_id else "", who, moment(reply.at)))
    put(box("quiet-row undelivered", text, name="article"))
