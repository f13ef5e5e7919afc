"""值班台: what the station must act on, alarms first, up to date by itself."""

from collections.abc import Awaitable, Callable

import structlog
from nicegui import ui

from bot.console.feed import Feed
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.markup import marked, phrases
from bot.console.officer import AcknowledgeButton, officer_selector
from bot.console.queries import CaseCard, Desk, Undelivered, read_desk
from bot.console.reasons import in_chinese
from bot.console.section import Section
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, chip, countdown, frame, moment, sound_toggle
from bot.store.session import StoreUnavailableError

log = structlog.get_logger()

POLL_SECONDS = 1.0


def register(services: Services) -> None:
    """Serve the duty desk at `/`."""

    def read() -> Desk:
        roster = services.roster_file.current()
        with services.store.reading() as session:
            return read_desk(session, roster=roster, now=services.clock.now())

    feed = Feed(read, POLL_SECONDS)

    @ui.page("/", title="值班台", response_timeout=10)
    async def desk_page() -> None:
        page = _DeskPage(services, feed)
        await page.refresh()
        ui.timer(POLL_SECONDS, page.refresh)


class _DeskPage:
    """One browser's desk."""

    def __init__(self, services: Services, feed: Feed[Desk]) -> None:
        self._services, self._feed = services, feed

        def tools() -> None:
            sound_toggle()
            officer_selector(services)

        with frame(services, active="/", tools=tools):
            self._alarm = ui.element("div").props("id=alarm-state data-open=0 hidden")
            self._problems = Part(self._build_problems, classes="problems")
            with ui.element("div").classes("desk"):
                with ui.element("section").classes("alarms").props('aria-label="紧急警情"'):
                    self._title = Part(self._build_title)
                    self._alarms: Keyed[int, CaseCard] = Keyed(self._alarm_card, classes="alarm-list")
                with ui.element("aside").classes("quiet"):
                    self._undelivered = Section("未送达的回复", rebuilding(_build_undelivered), hide_empty=True)
                    self._requests = Section("一般求助", self._row)
                    self._tips = Section("线索举报", self._row, note="举报人信息不显示")
                    self._taken = Section("已确认", rebuilding(_build_taken))

    async def refresh(self, *, fresh: bool = False) -> None:
        """Bring the page up to date."""
        try:
            desk = await self._feed.latest(fresh=fresh)
        except StoreUnavailableError as error:
            log.error("desk.unreadable", reason=str(error))
            self._problems.show((UNREADABLE,))
            return
        broken = self._services.roster_file.problem
        self._problems.show(desk.problems + ((f"值班表有错误，仍按上一版提醒：{broken}",) if broken else ()))
        open_alarms = desk.counts.get("urgent_alarm", 0)
        self._alarm.props(f"data-open={open_alarms}")
        self._title.show((open_alarms, bool(desk.alarms)))
        self._alarms.show((card.id, card) for card in desk.alarms)
        self._undelivered.show([(reply.id, reply) for reply in desk.undelivered], len(desk.undelivered))
        self._requests.show([(card.id, card) for card in desk.requests], desk.counts.get("help_request", 0))
        self._tips.show([(card.id, card) for card in desk.tips], desk.counts.get("tip", 0))
        self._taken.show([(card.id, card) for card in desk.acknowledged], None)

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
                ui.label(f"{open_alarms}起待确认").classes("count count-alarm")
        if not any_shown:
            with ui.element("div").classes("all-quiet"):
                ui.label("目前没有待确认的紧急警情").classes("all-quiet-title")
                ui.label("新警情会自动出现在这里，无需刷新页面。").classes("all-quiet-hint")


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
    with ui.element("a").classes("lines").props(f'href="/case/{card.id}"'):
        for line in card.lines:
            # marked() escapes the resident's words.
            ui.html(marked(line.text, card.words), sanitize=False).classes("line")
    with ui.element("div").classes("alarm-foot"):
        with ui.element("div").classes("evidence"):
            if card.words:
                ui.label("依据").classes("evidence-label")
            for word in phrases((line.text for line in card.lines), card.words)[:8]:
                chip(word, "word")
        ui.link("查看案件", f"/case/{card.id}").classes("open-case")
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
    with ui.element("a").classes("quiet-link").props(f'href="/case/{card.id}"'):
        with ui.element("div").classes("quiet-kind"):
            ui.label(card.title).classes("quiet-name")
            build_doubts(card)
        ui.html(marked(card.summary, card.words), sanitize=False).classes("quiet-line")
        build_facts(card)


def _build_taken(card: CaseCard) -> None:
    with (
        ui.element("article").classes("quiet-row").props(f"data-case={card.id}"),
        ui.element("a").classes("quiet-link").props(f'href="/case/{card.id}"'),
    ):
        with ui.element("div").classes("quiet-kind"):
            ui.label(card.title).classes("quiet-name")
            chip(f"已确认 · {card.acknowledged_by}", "taken")
            build_doubts(card)
        ui.html(marked(card.summary, card.words), sanitize=False).classes("quiet-line")
        build_facts(card)


def _build_undelivered(reply: Undelivered) -> None:
    with ui.element("article").classes("quiet-row undelivered"), ui.element("div").classes("quiet-text"):
        ui.label(reply.text).classes("quiet-line")
        ui.label(f"原因：{in_chinese(reply.reason)}").classes("reason")
        with ui.element("div").classes("facts"):
            if reply.case_id:
                ui.link(f"案件{reply.case_id}", f"/case/{reply.case_id}").classes("case-number")
            ui.label(reply.pseudonym or "举报人已隐去").classes("who")
            moment(reply.at)
