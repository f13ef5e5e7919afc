"""值班台: what the station must act on, alarms first, up to date by itself."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from nicegui import ui

from bot.console.applications import ApplicationCard, read_waiting
from bot.console.applications_page import build_card
from bot.console.feed import Feed
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.markup import marked, phrases
from bot.console.officer import AcknowledgeButton, viewed
from bot.console.queries import CaseCard, Desk, Talk, Undelivered, read_desk
from bot.console.reasons import in_chinese
from bot.console.section import Section, Tabs
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, chip, countdown, frame, moment, silence, sound_toggle
from bot.console.vigil import AGAIN, counted
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
    with ui.element("div").classes("alarm-head"):
        with ui.element("div").classes("alarm-kind"):
            if card.silent:
                ui.label("【静默】").classes("silent")
            ui.label(card.title).classes("alarm-title")
            build_again(card)
            build_doubts(card)
        if card.silent:
            ui.label("对方不便出声：不要回拨电话").classes("silent-hint")
        build_facts(card)


def build_doubts(card: CaseCard) -> None:
    """What an officer has yet to find out."""
    if card.uncertain:
        chip("待确认", "doubt")
    if card.says_over:
        chip("居民称已解除", "doubt")


def build_facts(card: CaseCard) -> None:
    """The line that identifies a case: its number, who, when."""
    with ui.element("div").classes("facts"):
        ui.label(f"案件{card.id}").classes("case-number")
        ui.label(card.pseudonym or "举报人已隐去").classes("who")
        moment(card.since)
        if card.unseen:
            chip(f"确认后{card.unseen}条新消息", "doubt")
        if card.undelivered:
            chip(f"{card.undelivered}条回复未送达", "trouble")


def _build_status(card: CaseCard) -> None:
    if card.open:
        build_deadline(card)
    else:
        ui.label(f"已确认 · {card.acknowledged_by}").classes("taken-by")
    build_pages(card)
    build_crew(card)


def build_again(card: CaseCard) -> None:
    """That somebody acknowledged it and nothing was done."""
    if card.again:
        chip(AGAIN, "alarm")


def build_crew(card: CaseCard) -> None:
    """Who is on it beside the one who acknowledged, and how long it may still be left alone."""
    crew = {
        "承办": card.assigned_to if card.assigned_to != card.acknowledged_by else None,
        "协同": "、".join(card.joined),
    }
    told = [f"{title} {names}" for title, names in crew.items() if names]
    if told or card.offered_to or card.silence_ends:
        with ui.element("div").classes("crew"):
            if told:
                ui.label(" · ".join(told))
            if card.offered_to:
                chip(f"等 {card.offered_to} 接手", "doubt")
            if card.silence_ends:
                silence(card.silence_ends)


def build_deadline(card: CaseCard) -> None:
    """Who is paged next, and when."""
    if card.next_page:
        with ui.element("div").classes("deadline"):
            countdown(card.next_page.due_at)
            ui.label(f"后提醒 {card.next_page.officer}").classes("deadline-who")


def build_pages(card: CaseCard) -> None:
    """How many pages went out, and whether any did not."""
    with ui.element("div").classes("pages"):
        ui.label(f"已发出{card.pages_sent}次提醒" if card.pages_sent else "提醒发送中" if card.open else "未发出提醒")
        if card.pages_failed:
            ui.label(f"{card.pages_failed}次提醒未发出").classes("pages-failed")


def _build_words(card: CaseCard) -> None:
    with ui.element("a").classes("lines").props(f'href="/case/{card.id}" data-guarded'):
        for line in card.lines:
            # marked() escapes the resident's words.
            ui.html(marked(line.text, card.words), sanitize=False).classes("line")
    with ui.element("div").classes("alarm-foot"):
        with ui.element("div").classes("evidence"):
            if card.words:
                ui.label("依据").classes("evidence-label")
            for word in phrases((line.text for line in card.lines), card.words)[:8]:
                chip(word, "word")
        ui.link("查看案件", f"/case/{card.id}").classes("open-case").props("data-guarded")
    build_named(card, "地点")


def build_named(card: CaseCard, *kinds: str) -> None:
    """What the resident named: where, when, which car, who (`kinds`: only these)."""
    for title, things in card.named.items():
        if not kinds or title in kinds:
            with ui.element("div").classes("evidence named"):
                ui.label(title).classes("evidence-label")
                for thing in things[:_NAMED_SHOWN]:
                    chip(thing, "plain")


_NAMED_SHOWN = 6


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
    with ui.element("a").classes("quiet-link").props(f'href="/case/{card.id}" data-guarded'):
        with ui.element("div").classes("quiet-kind"):
            ui.label(card.title).classes("quiet-name")
            build_doubts(card)
        ui.html(marked(card.summary, card.words), sanitize=False).classes("quiet-line")
        build_facts(card)


def _build_taken(card: CaseCard) -> None:
    with (
        ui.element("article").classes("quiet-row").props(f"data-case={card.id}"),
        ui.element("a").classes("quiet-link").props(f'href="/case/{card.id}" data-guarded'),
    ):
        with ui.element("div").classes("quiet-kind"):
            ui.label(card.title).classes("quiet-name")
            chip(f"已确认 · {card.acknowledged_by}", "taken")
            build_doubts(card)
        ui.html(marked(card.summary, card.words), sanitize=False).classes("quiet-line")
        build_crew(card)
        build_facts(card)


def _build_talk(talk: Talk) -> None:
    with (
        ui.element("article").classes("quiet-row"),
        ui.element("a").classes("quiet-link").props(f'href="/search?q={talk.pseudonym}" data-guarded'),
    ):
        with ui.element("div").classes("quiet-kind"):
            ui.label(talk.pseudonym).classes("quiet-name")
            chip(f"{talk.held_by} 在对话" if talk.held_by else "机器人在回答", "taken" if talk.held_by else "plain")
        ui.label(talk.text).classes("quiet-line")
        with ui.element("div").classes("facts"):
            if talk.title:
                ui.label(talk.title)
            if talk.at:
                moment(talk.at)


def _build_undelivered(reply: Undelivered) -> None:
    with ui.element("article").classes("quiet-row undelivered"), ui.element("div").classes("quiet-text"):
        ui.label(reply.text).classes("quiet-line")
        ui.label(f"原因：{in_chinese(reply.reason)}").classes("reason")
        with ui.element("div").classes("facts"):
            if reply.case_id:
                ui.link(f"案件{reply.case_id}", f"/case/{reply.case_id}").classes("case-number")
            ui.label(reply.pseudonym or "举报人已隐去").classes("who")
            moment(reply.at)
