"""One case: the conversation, the evidence, all that was done and paged, and everything an officer does with it."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from fastapi.responses import HTMLResponse
from markupsafe import Markup
from nicegui import ui

from bot.console import canned, case_html, maps
from bot.console.beside import LOOK_SECONDS, Notes, OtherCases, Others, read_others
from bot.console.canned import CannedAnswers
from bot.console.case_acts import CaseActs
from bot.console.conversation import Answered, Conversation, Paged, Said, read_conversation
from bot.console.desk import POLL_SECONDS
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.markup import phrases
from bot.console.media import SENT, build_entry
from bot.console.officer import AcknowledgeButton, viewed
from bot.console.queries import CaseCard
from bot.console.reasons import in_chinese
from bot.console.reporter import build_reporter
from bot.console.services import Services, local
from bot.console.talk import CloseButton, ReplyBox
from bot.console.talks import read_before
from bot.console.theme import UNREADABLE, build_problem, build_step, chip, frame, not_found, put, sound_toggle
from bot.duty.handling import DISPOSITIONS
from bot.duty.presence import Hearing
from bot.duty.timeline import Act
from bot.nlu.catalogue import title_of
from bot.nlu.entities import KINDS
from bot.nlu.live_file import LiveFile
from bot.store.models import CaseId, PageKind, WorkState
from bot.store.session import StoreUnavailableError

_UNHEARD: dict[str, str] = {Hearing.MUTED: "到了值班台，但没开声音", Hearing.LOST: "到了值班台，随后断线"}
_PAGED = SENT | {WorkState.DONE: "已发出", WorkState.PENDING: "发送中", WorkState.FAILED: "未发出"}
_ASKS = {
    PageKind.OFFER: "请接手的提醒",
    PageKind.RETURNED: "没人接手的提醒",
    PageKind.TURNED: "又有险情的提醒",
    PageKind.OVER: "居民说已解除的提醒",
}
_NUMBER_DIGITS = 15
_PLACES = 3


def register(services: Services) -> None:
    """Serve `/case/{id}`."""

    def read(case_id: CaseId) -> Conversation | None:
        with services.store.reading() as session:
            return read_conversation(session, case_id, watch=services.watch, now=services.clock.now())

    def before(case_id: CaseId) -> tuple[Said | Answered, ...]:
        with services.store.reading() as session:
            return read_before(session, case_id)

    def others(case_id: CaseId) -> Others:
        with services.store.reading() as session:
            return read_others(session, case_id, now=services.clock.now())

    sentences = canned.live()

    @ui.page("/case/{number}", title="案件", response_timeout=10)
    async def case_page(number: str) -> HTMLResponse | None:
        numeric = number.isascii() and number.isdigit() and len(number) <= _NUMBER_DIGITS
        case_id = CaseId(int(number)) if numeric else None
        conversation = await asyncio.to_thread(read, case_id) if case_id else None
        if case_id is None or conversation is None:
            return not_found("没有这个案件。")
        said_before = await asyncio.to_thread(before, case_id)
        await viewed(services, case_id=case_id)
        page = _CasePage(
            services,
            conversation,
            lambda: read(case_id),
            lambda: (others(case_id), before(case_id)),
            sentences,
        )
        page.show_before(said_before)
        ui.timer(POLL_SECONDS, page.refresh)
        ui.timer(LOOK_SECONDS, page.compare)
        return None


class _CasePage:
    """One browser's view of one case."""

    def __init__(
        self,
        services: Services,
        conversation: Conversation,
        read: Callable[[], Conversation | None],
        beside: Callable[[], tuple[Others, tuple[Said | Answered, ...]]],
        sentences: LiveFile[CannedAnswers],
    ) -> None:
        self._read, self._read_beside = read, beside
        card = conversation.card
        self._words = card.words

        with frame(services, active="/case", tools=sound_toggle):
            self._problem = Part(build_problem, classes="problems")
            self._case = ui.element("article").classes("case-head").props(f"data-case={card.id}")
            with self._case:
                self._over = Part(_build_over)
                self._head = Part(partial(_build_head, city=_city(services)))
                build_reporter(services, card)
                with ui.element("div").classes("alarm-action"):
                    self._button = ui.element("div")
                    with self._button:
                        self._acknowledge = AcknowledgeButton(services, card.id, self.refresh)
                    self._status = Part(_build_status, classes="alarm-status")
                    self._close = CloseButton(services, card.id, self.refresh)
                self._acts = CaseActs(services, card.id, self._acted)
            with ui.element("div").classes("case"):
                with ui.element("section").classes("talk-box").props('aria-label="对话"'):
                    ui.label("对话").classes("section-title")
                    self._fold = ui.element("details").classes("before-case")
                    with self._fold:
                        with ui.element("summary"):
                            self._fold_title = ui.label("")
                        self._before: Keyed[str, Said | Answered] = Keyed(rebuilding(build_entry), classes="talk")
                    self._talk: Keyed[str, Said | Answered] = Keyed(rebuilding(self._build_entry), classes="talk")
                    self._reply = ReplyBox(services, card.id, self._replied, sentences)
                with ui.element("div").classes("beside-talk"):
                    self._notes = Notes(services, card.id, self.refresh)
                    with ui.element("section").classes("timeline-box").props('aria-label="处置经过"'):
                        ui.label("处置经过").classes("section-title")
                        self._timeline = Part(_build_timeline, classes="timeline")
                    self._others = OtherCases(self._acts.merge)
        self.show(conversation)

    async def refresh(self) -> None:
        """Read the case again and show what has changed."""
        try:
            conversation = await asyncio.to_thread(self._read)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        if conversation:
            self.show(conversation)

    async def compare(self) -> None:
        """Look for cases that may be about the same thing, for the resident's others, and for what was said before."""
        try:
            others, before = await asyncio.to_thread(self._read_beside)
        except StoreUnavailableError:
            return  # the refresh says so
        self._others.show(others)
        self.show_before(before)

    async def _acted(self) -> None:
        await self.refresh()
        await self.compare()

    async def _replied(self) -> None:
        await self.refresh()
        # What has just been said stands at the end, which may be far below.
        ui.run_javascript(f"getHtmlElement({self._talk.box.id})?.lastElementChild?.scrollIntoView({{block: 'center'}})")

    def show_before(self, before: tuple[Said | Answered, ...]) -> None:
        """Bring up to date what was said before the case."""
        self._fold.set_visibility(bool(before))
        self._fold_title.set_text(f"立案前的对话（{len(before)}条）")
        self._before.show((entry.key, entry) for entry in before)

    def show(self, conversation: Conversation) -> None:
        """Bring the page up to date."""
        card = conversation.card
        self._words = card.words
        self._problem.show("")
        self._case.classes(replace=f"case-head {'case-alarm' if card.urgent and card.open else ''}")
        self._button.set_visibility(card.open)
        self._acknowledge.entitle("确认接警" if card.urgent else "受理")
        self._close.show(conversation)
        self._over.show(card)
        self._head.show(card)
        self._status.show(card)
        self._talk.show((entry.key, entry) for entry in conversation.talk)
        self._reply.show(conversation)
        self._acts.show(conversation)
        self._notes.show(conversation.notes)
        self._timeline.show(conversation)

    def _build_entry(self, entry: Said | Answered) -> None:
        build_entry(entry, self._words)


def _city(services: Services) -> str:
    """The city of the station, in which the map looks for places."""
    city, found, _ = services.roster_file.current().station.address.partition("市")
    return city + found if found else ""


def _build_head(card: CaseCard, *, city: str) -> None:
    with ui.element("div").classes("alarm-kind"):
        if card.silent:
            ui.label("【静默】").classes("silent")
        ui.label(card.title).classes("alarm-title")
        chip(title_of(card.label), "alarm" if card.urgent and card.open else "plain")
        if card.uncertain:
            chip("待确认", "doubt")
        if card.on_hold:
            chip("证据保留", "plain")
        put(case_html.again(card))
    if card.silent:
        ui.label("对方不便出声：不要回拨电话").classes("silent-hint")
    words = phrases((line.text for line in card.lines), card.words)
    put(case_html.facts(card), case_html.evidence(words) if words else Markup(), case_html.named(card))
    if places := [place for place in card.named.get(KINDS["place"], ()) if maps.findable(place)]:
        with ui.element("div").classes("evidence map-links"):
            ui.label("地图").classes("evidence-label")
            for place in places[:_PLACES]:
                maps.build_link(place, maps.of_name(place, city=city))
            ui.label("点开时地点会发到站外（高德地图）").classes("note")


def _build_over(card: CaseCard) -> None:
    if not card.says_over:
        return
    unproven = card.resolved_at is None and card.urgent
    with ui.element("div").classes("over over-unproven" if unproven else "over").props("role=status"):
        ui.label("居民说已经没事了，请核实后结案").classes("over-title")
        for words in card.said_over[-1:]:
            ui.label(f"居民原话：{words}")
        if unproven:
            ui.label("这类警情里，这样的话可能是被迫说的" + ("，提醒照常继续" if card.open else ""))


def _build_status(card: CaseCard) -> None:
    if card.closed:
        ui.label(f"已结案 · {_ending(card)}").classes("taken-by")
    elif not card.open:
        ui.label(f"已确认 · {card.acknowledged_by}").classes("taken-by")
    if card.urgent:
        put(case_html.deadline(card) if card.open else Markup(), case_html.pages(card))
    put(case_html.crew(card))


def _ending(card: CaseCard) -> str:
    """Who closed it and how; a doubtful message that turned out to be a question needed nobody."""
    if card.closed_by is None:
        return "居民选了办事咨询"
    to = f"：{card.referred_to}" if card.referred_to else ""
    return f"{card.closed_by} · {DISPOSITIONS.get(card.disposition or '', card.disposition)}{to}"


def _build_timeline(conversation: Conversation) -> None:
    for at, title, detail, kind in sorted(_steps(conversation), key=lambda step: step[0]):
        build_step(local(at), title, detail, kind)
    card = conversation.card
    if card.open and card.next_page:
        build_step(local(card.next_page.due_at), f"将提醒 {card.next_page.officer}", "如仍无人确认", "planned")


def _steps(conversation: Conversation) -> Iterator[tuple[datetime, str, str, str]]:
    """What happened, of one moment in this order: when, what, with what, and its look."""
    card, acts = conversation.card, conversation.acts
    became_alarm = card.alarmed_at is not None and card.alarmed_at > card.opened_at
    yield card.opened_at, "立案", "求助或线索" if became_alarm else title_of(card.label), "done"
    if became_alarm:
        yield card.since, "升级为紧急警情", card.title if card.urgent else "", "done"
    for page in conversation.pages:
        yield page.at, *_page_words(page)
    if card.resolved_at:
        yield card.resolved_at, "居民说已解除", "不再提醒下一级", "done"
    for act in acts:
        yield act.at, act.words, _more(act, card), "taken" if act.action in _TURNS else "done"
    # A case may be older than the log, and a resident's tap may have closed it.
    done = {act.action for act in acts}
    if card.acknowledged_at and not done & {"acknowledge", "accept", "reopen"}:
        yield card.acknowledged_at, f"{card.acknowledged_by} 确认", "提醒停止", "taken"
    if card.closed_at and not done & {"close", "merge"}:
        yield card.closed_at, f"结案 · {_ending(card)}", card.closing_word, "taken"


_TURNS = frozenset({"acknowledge", "unacknowledge", "accept", "close", "reopen", "merge", "separate", "relabel"})
"""Acts after which the case stands otherwise."""


def _more(act: Act, card: CaseCard) -> str:
    last_close = act.action == "close" and act.at == card.closed_at
    return "：".join(filter(None, (act.more, card.closing_word if last_close else "")))


def _page_words(page: Paged) -> tuple[str, str, str]:
    if page.level < 0:
        return "系统巡检提醒全体", "发现提醒超时", page.state
    state = _UNHEARD.get(page.receipt or "") or _PAGED.get(WorkState(page.state), page.state)
    reason = f"：{in_chinese(page.error)}" if page.error else ""
    asks = _ASKS.get(PageKind(page.kind), f"第{page.level + 1}级提醒")
    return f"{asks} {page.officer}", f"{page.channel} · {state}{reason}", page.state
