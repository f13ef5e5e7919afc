"""One case: the conversation, the evidence, every page that went out, and the button that takes it."""

import asyncio
from collections.abc import Callable

from fastapi.responses import HTMLResponse
from nicegui import ui

from bot.console.cards import build_card
from bot.console.conversation import Answered, Conversation, Paged, Said, read_conversation
from bot.console.desk import POLL_SECONDS, build_deadline, build_facts, build_named, build_pages
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.markup import Tap, phrases, segments
from bot.console.media import build_said
from bot.console.officer import AcknowledgeButton, officer_selector
from bot.console.queries import CaseCard
from bot.console.reasons import in_chinese
from bot.console.services import Services, local
from bot.console.talk import CloseButton, ReplyBox
from bot.console.theme import UNREADABLE, build_problem, build_step, chip, frame, not_found, sound_toggle
from bot.duty.case import DISPOSITIONS
from bot.nlu.catalogue import title_of
from bot.store.models import CaseId, WorkState
from bot.store.session import StoreUnavailableError

_SENT = {WorkState.DONE: "已送达", WorkState.PENDING: "待发", WorkState.FAILED: "未送达", WorkState.CANCELLED: "已取消"}
_PAGED = _SENT | {WorkState.DONE: "已发出", WorkState.PENDING: "发送中", WorkState.FAILED: "未发出"}
_NUMBER_DIGITS = 15


def register(services: Services) -> None:
    """Serve `/case/{id}`."""

    def read(case_id: CaseId) -> Conversation | None:
        roster = services.roster_file.current()
        with services.store.reading() as session:
            return read_conversation(session, case_id, roster=roster, now=services.clock.now())

    @ui.page("/case/{number}", title="案件", response_timeout=10)
    async def case_page(number: str) -> HTMLResponse | None:
        numeric = number.isascii() and number.isdigit() and len(number) <= _NUMBER_DIGITS
        case_id = CaseId(int(number)) if numeric else None
        conversation = await asyncio.to_thread(read, case_id) if case_id else None
        if case_id is None or conversation is None:
            return not_found("没有这个案件。")
        page = _CasePage(services, conversation, lambda: read(case_id))
        ui.timer(POLL_SECONDS, page.refresh)
        return None


class _CasePage:
    """One browser's view of one case."""

    def __init__(self, services: Services, conversation: Conversation, read: Callable[[], Conversation | None]) -> None:
        self._read = read
        card = conversation.card
        self._words = card.words

        def tools() -> None:
            sound_toggle()
            officer_selector(services)

        with frame(services, active="/case", tools=tools):
            self._alarm = ui.element("div").props("id=alarm-state data-open=0 hidden")
            self._problem = Part(build_problem, classes="problems")
            self._case = ui.element("article").classes("case-head").props(f"data-case={card.id}")
            with self._case:
                self._over = Part(_build_over)
                self._head = Part(_build_head)
                with ui.element("div").classes("alarm-action"):
                    self._button = ui.element("div")
                    with self._button:
                        self._acknowledge = AcknowledgeButton(services, card.id, self.refresh)
                    self._status = Part(_build_status, classes="alarm-status")
                    self._close = CloseButton(services, card.id, self.refresh)
            with ui.element("div").classes("case"):
                with ui.element("section").classes("talk-box").props('aria-label="对话"'):
                    ui.label("对话").classes("section-title")
                    self._talk: Keyed[str, Said | Answered] = Keyed(rebuilding(self._build_entry), classes="talk")
                    self._reply = ReplyBox(services, card.id, self._replied)
                with ui.element("section").classes("timeline-box").props('aria-label="处置经过"'):
                    ui.label("处置经过").classes("section-title")
                    self._timeline = Part(_build_timeline, classes="timeline")
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

    async def _replied(self) -> None:
        await self.refresh()
        # What has just been said stands at the end, which may be far below.
        ui.run_javascript(f"getHtmlElement({self._talk.box.id})?.lastElementChild?.scrollIntoView({{block: 'center'}})")

    def show(self, conversation: Conversation) -> None:
        """Bring the page up to date."""
        card = conversation.card
        self._words = card.words
        self._problem.show("")
        self._alarm.props(f"data-open={int(card.urgent and card.open)}")
        self._case.classes(replace=f"case-head {'case-alarm' if card.urgent and card.open else ''}")
        self._button.set_visibility(card.open)
        self._acknowledge.entitle("确认接警" if card.urgent else "受理")
        self._close.set_visibility(not card.closed)
        self._over.show(card)
        self._head.show(card)
        self._status.show(card)
        self._talk.show((entry.key, entry) for entry in conversation.talk)
        self._reply.show(conversation.held, silent=card.silent, paging=card.next_page is not None)
        self._timeline.show(conversation)

    def _build_entry(self, entry: Said | Answered) -> None:
        if isinstance(entry, Said):
            build_said(entry, self._words)
        else:
            _build_answered(entry)


def _build_head(card: CaseCard) -> None:
    with ui.element("div").classes("alarm-kind"):
        if card.silent:
            ui.label("【静默】").classes("silent")
        ui.label(card.title).classes("alarm-title")
        chip(title_of(card.label), "alarm" if card.urgent and card.open else "plain")
        if card.uncertain:
            chip("待确认", "doubt")
    if card.silent:
        ui.label("对方不便出声：不要回拨电话").classes("silent-hint")
    build_facts(card)
    if card.words:
        with ui.element("div").classes("evidence"):
            ui.label("依据").classes("evidence-label")
            for word in phrases((line.text for line in card.lines), card.words):
                chip(word, "word")
    build_named(card)


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
        if card.open:
            build_deadline(card)
        build_pages(card)


def _build_answered(answer: Answered) -> None:
    with ui.element("div").classes("bubble-row bubble-station"), ui.element("div").classes("bubble"):
        if answer.article:
            build_card(answer.article)
        for segment in segments("" if answer.article else answer.text):
            if isinstance(segment, Tap):
                ui.label(segment.title).classes("tap tap-shown")
            else:
                ui.label(segment).classes("bubble-text")
        author = "机器人" if answer.author == "bot" else answer.author
        state = _SENT.get(WorkState(answer.state), answer.state)
        with ui.element("div").classes("bubble-foot"):
            ui.label(f"{author} · {local(answer.at)} · ")
            ui.label(state).classes(f"sent-{answer.state}")
        if answer.error:
            ui.label(f"原因：{in_chinese(answer.error)}").classes("reason")


def _ending(card: CaseCard) -> str:
    """Who closed it and how; a doubtful message that turned out to be a question needed nobody."""
    if card.closed_by is None:
        return "居民选了办事咨询"
    return f"{card.closed_by} · {DISPOSITIONS.get(card.disposition or '', card.disposition)}"


def _build_timeline(conversation: Conversation) -> None:
    card = conversation.card
    became_alarm = card.alarmed_at is not None and card.alarmed_at > card.opened_at
    build_step(local(card.opened_at), "立案", "求助或线索" if became_alarm else title_of(card.label), "done")
    if became_alarm:
        build_step(local(card.since), "升级为紧急警情", card.title, "done")
    for page in conversation.pages:
        build_step(local(page.at), *_page_words(page))
    if card.resolved_at:
        build_step(local(card.resolved_at), "居民说已解除", "不再提醒下一级", "done")
    if card.acknowledged_at:
        build_step(local(card.acknowledged_at), f"{card.acknowledged_by} 确认", "提醒停止", "taken")
    elif card.next_page:
        build_step(local(card.next_page.due_at), f"将提醒 {card.next_page.officer}", "如仍无人确认", "planned")
    if card.closed_at:
        build_step(local(card.closed_at), f"结案 · {_ending(card)}", card.closing_word, "taken")


def _page_words(page: Paged) -> tuple[str, str, str]:
    if page.level < 0:
        return "系统巡检提醒全体", "发现提醒超时", page.state
    state = _PAGED.get(WorkState(page.state), page.state)
    reason = f"：{in_chinese(page.error)}" if page.error else ""
    return f"第{page.level + 1}级提醒 {page.officer}", f"{page.host} · {state}{reason}", page.state
