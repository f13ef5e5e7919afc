"""值班台: what the station must act on, alarms first, up to date by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from markupsafe import Markup, escape
from nicegui import events, ui

from bot.console.applications import read_waiting
from bot.console.applications_page import application_row
from bot.console.case_html import again, crew, deadline, doubts, evidence, facts, named, pages
from bot.console.feed import Feed
from bot.console.keyed import Keyed, Part, Piece
from bot.console.markup import box, chip, marked, moment, phrases
from bot.console.officer import take, viewed
from bot.console.queries import CaseCard, Desk, Talk, Undelivered, read_desk
from bot.console.reasons import in_chinese
from bot.console.section import Section, tabs
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, frame, sound_toggle
from bot.console.vigil import counted
from bot.nlu.forms import Forms
from bot.nlu.live_file import LiveFile
from bot.store.models import CaseId
from bot.store.session import StoreUnavailableError

log = structlog.get_logger()

POLL_SECONDS = 1.0
_OPENS_WITHIN = 2.0
"""So old may be what a page is opened with, in seconds: it waits for no reading, and is up to date at its first one."""


_Rows = Sequence[tuple[int, Markup]]
_TABS = {
    "requests": "求助",
    "tips": "线索",
    "applications": "申请",
    "talks": "对话",
    "taken": "已确认",
    "lost": "未送达",
}


@dataclass(frozen=True)
class _View:
    """What a desk shows, written once for all that are open; `lists` and `counts` by the names in `_TABS`.

    `waiting` are the cases that can be acknowledged here.
    """

    problems: tuple[str, ...]
    title: Markup
    alarms: _Rows
    more: Markup
    lists: Mapping[str, _Rows]
    counts: Mapping[str, int]
    waiting: frozenset[CaseId]


_Seen = tuple[_View, int]
"""The desk, and how many applications there are to decide."""


def register(services: Services, forms: LiveFile[Forms]) -> None:
    """Serve the duty desk at `/`."""

    def read() -> _View:
        with services.store.reading() as session:
            desk = read_desk(session, watch=services.watch, now=services.clock.now())
            waiting = read_waiting(session, forms.current())
        return _view(desk, [(card.id, application_row(card)) for card in waiting])

    feed = Feed(read, POLL_SECONDS)

    async def look(*, fresh: bool = False, within: float | None = None) -> _Seen | None:
        """What the desk shows now; None while the database is away."""
        try:
            return await feed.latest(fresh=fresh, within=within), await services.waiting.latest()
        except StoreUnavailableError as error:
            log.error("desk.unreadable", reason=str(error))
            return None

    @ui.page("/", title="值班台", response_timeout=10)
    async def desk_page() -> None:
        # Before anything is built: the frame's timers wait for the browser, and from then on the page is sent at the
        # first `await`, without its cards.
        seen = await look(within=_OPENS_WITHIN)
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
        self._offered: set[CaseId] = set()

        with frame(services, active="/", tools=sound_toggle):
            self._problems = Part(_build_problems, classes="problems")
            with ui.element("div").classes("desk"):
                with ui.element("section").classes("alarms").props('id=alarms aria-label="紧急警情"'):
                    self._title = Piece()
                    self._alarms: Keyed[int, Markup] = Keyed(Piece, classes="alarm-list")
                    self._more = Piece()
                with ui.element("aside").classes("quiet"):
                    self._tabs = Piece(classes="pieces")
                    self._sections = _build_sections()
        ui.on("fujin-acknowledge", self._acknowledge)

    async def refresh(self, *, fresh: bool = False) -> None:
        """Bring the page up to date."""
        self.show(await self._look(fresh=fresh))

    def show(self, seen: _Seen | None) -> None:
        """Show this; without it, that nothing can be read."""
        if seen is None:
            self._problems.show((UNREADABLE,))
            return
        view, to_decide = seen
        broken = self._services.roster_file.problem
        self._problems.show(view.problems + ((f"值班表有错误，仍按上一版提醒：{broken}",) if broken else ()))
        self._title.show(view.title)
        self._alarms.show(view.alarms)
        self._more.show(view.more)
        counts = {**view.counts, "applications": to_decide}
        for name, section in self._sections.items():
            # How many there are that somebody has, nobody counts.
            section.show(view.lists[name], None if name == "taken" else counts[name])
        self._tabs.show(tabs(_TABS, counts, hidden=() if view.lists["lost"] else ("lost",)))
        self._offered |= view.waiting

    async def _acknowledge(self, event: events.GenericEventArguments) -> None:
        """A button on a card or row was pressed, which may have gone meanwhile."""
        case_id = event.args.get("case")
        if case_id in self._offered:
            await take(self._services, CaseId(case_id), partial(self.refresh, fresh=True))


def _build_problems(problems: tuple[str, ...]) -> None:
    for problem in problems:
        build_problem(problem)


def _build_sections() -> dict[str, Section]:
    """The quieter lists, in their order on a desk."""
    return {
        "lost": Section("未送达的回复", hide_empty=True, name="lost"),
        "requests": Section("一般求助", name="requests"),
        "tips": Section("线索举报", note="举报人信息不显示", name="tips"),
        "taken": Section("已确认", name="taken"),
        "applications": Section("待办申请", first="最早", name="applications"),
        "talks": Section("正在对话", note="还没有立案", name="talks"),
    }


def _view(desk: Desk, applications: _Rows) -> _View:
    lists: dict[str, _Rows] = {
        "lost": [(reply.id, _undelivered(reply)) for reply in desk.undelivered],
        "requests": [(card.id, _request(card)) for card in desk.requests],
        "tips": [(card.id, _request(card)) for card in desk.tips],
        "taken": [(card.id, _taken(card)) for card in desk.acknowledged],
        "applications": applications,
        "talks": [(talk.resident_id, _talk(talk)) for talk in desk.talks],
    }
    open_now = {"requests": desk.counts.get("help_request", 0), "tips": desk.counts.get("tip", 0)}
    return _View(
        problems=desk.problems,
        title=_title(desk),
        alarms=[(card.id, _alarm(card)) for card in desk.alarms],
        more=_more(desk.more_alarms),
        lists=lists,
        counts={name: len(rows) for name, rows in lists.items()} | open_now,
        waiting=frozenset(card.id for card in desk.alarms + desk.requests + desk.tips if card.open),
    )


def _title(desk: Desk) -> Markup:
    open_alarms = desk.counts.get("urgent_alarm", 0)
    number = box("count count-alarm", f"{counted(open_alarms)}起待确认") if open_alarms else ""
    title = box("alarms-title", box("section-title", "紧急警情"), number)
    if desk.alarms:
        return title
    hint = box("all-quiet-hint", "新警情会自动出现在这里，无需刷新页面。")
    return title + box("all-quiet", box("all-quiet-title", "目前没有待确认的紧急警情"), hint)


def _more(number: int) -> Markup:
    return box("empty", f"另有{number}起更晚的警情没有显示，确认上面的就会出来") if number > 0 else Markup()


def _alarm(card: CaseCard) -> Markup:
    """An alarm. Its button stands above everything that can grow."""
    button = _button(card, "确认接警") if card.open else ""
    return box(
        "alarm-card" if card.open else "alarm-card alarm-taken",
        _head(card),
        box("alarm-action", button, box("alarm-status", _status(card))),
        _words(card),
        name="article",
        data_case=card.id,
    )


def _button(card: CaseCard, title: str) -> Markup:
    """Takes the case; the script tells the server which."""
    pressed = {"data_acknowledge": card.id, "data_guarded": "", "data_key": "ack"}
    return box("acknowledge", title, name="button", type="button", **pressed)


def _head(card: CaseCard) -> Markup:
    silent, hint = box("silent", "【静默】"), box("silent-hint", "对方不便出声：不要回拨电话")
    kind = box("alarm-kind", silent if card.silent else "", box("alarm-title", card.title), again(card), doubts(card))
    return box("alarm-head", kind, hint if card.silent else "", facts(card))


def _status(card: CaseCard) -> Markup:
    taken = box("taken-by", f"已确认 · {card.acknowledged_by}")
    return (deadline(card) if card.open else taken) + pages(card) + crew(card)


def _words(card: CaseCard) -> Markup:
    address = f"/case/{card.id}"
    lines = (box("line", marked(line.text, card.words)) for line in card.lines)
    words = phrases((line.text for line in card.lines), card.words)[:_WORDS_SHOWN]
    whole = box("open-case", "查看案件", name="a", href=address, data_guarded="")
    return (
        box("lines", *lines, name="a", href=address, data_guarded="")
        + box("alarm-foot", evidence(words), whole)
        + named(card, "地点")
    )


_WORDS_SHOWN = 8


def _request(card: CaseCard) -> Markup:
    """A request or a tip that waits for an officer."""
    told = (marked(card.summary, card.words), facts(card))
    text = box("quiet-text", _row(f"/case/{card.id}", card.title, doubts(card), *told))
    return box("quiet-row", text, _button(card, "受理"), name="article", data_case=card.id)


def _taken(card: CaseCard) -> Markup:
    taken = chip(f"已确认 · {card.acknowledged_by}", "taken")
    told = (marked(card.summary or "案件里还没有居民的话", card.words), crew(card), facts(card))
    row = _row(f"/case/{card.id}", card.title, taken + doubts(card), *told)
    return box("quiet-row", row, name="article", data_case=card.id)


def _talk(talk: Talk) -> Markup:
    state = chip(f"{talk.held_by} 在对话" if talk.held_by else "机器人在回答", "taken" if talk.held_by else "plain")
    when = box("facts", box("", talk.title) if talk.title else "", moment(talk.at) if talk.at else "")
    row = _row(f"/talk/{talk.pseudonym}", talk.pseudonym, state, escape(talk.text), when)
    return box("quiet-row", row, name="article")


def _row(address: str, title: str, tags: Markup, line: Markup, *more: Markup) -> Markup:
    kind = box("quiet-kind", box("quiet-name", title), tags)
    return box("quiet-link", kind, box("quiet-line", line), *more, name="a", href=address, data_guarded="")


def _undelivered(reply: Undelivered) -> Markup:
    number = box("case-number", f"案件{reply.case_id}", name="a", href=f"/case/{reply.case_id}")
    who = box("who", reply.pseudonym or "举报人已隐去")
    told = (box("quiet-line", reply.text), box("reason", f"原因：{in_chinese(reply.reason)}"))
    text = box("quiet-text", *told, box("facts", number if reply.case_id else "", who, moment(reply.at)))
    return box("quiet-row undelivered", text, name="article")
