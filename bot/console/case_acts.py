"""What an officer does with a case beside acknowledging, answering and closing it: buttons with their questions."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.conversation import Conversation
from bot.console.dialog import NOT_STORED, Question
from bot.console.keyed import Part
from bot.console.officer import actor, current, identify
from bot.console.services import Services
from bot.duty import handling, handover, labels, merging, retention
from bot.duty.access import may
from bot.duty.handling import CaseError
from bot.nlu.catalogue import title_of
from bot.nlu.triage import URGENT
from bot.store.models import CaseId
from bot.store.session import StoreUnavailableError

Done = Callable[[], Awaitable[None]]
Act = Callable[[Session, str, datetime], object]
"""Something done in a transaction, in an officer's name, at a moment."""
_NUMBER_DIGITS = 15


@dataclass(frozen=True)
class _View:
    """What decides which buttons there are."""

    state: str
    label: str
    intent_title: str
    acknowledged_by: str | None
    assigned_to: str | None
    offered_to: str | None
    joined: tuple[str, ...]
    merged_into: CaseId | None
    merged: tuple[CaseId, ...]
    on_hold: bool
    me: str | None
    keeps: bool


class CaseActs:
    """The row of buttons of one case, and above it who is on it, who is asked to take it over, what it is part of."""

    def __init__(self, services: Services, case_id: CaseId, done: Done) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        self._part: Part[_View] = Part(self._build, classes="case-acts-box")

    def show(self, conversation: Conversation) -> None:
        """Bring the buttons up to date."""
        card, parts = conversation.card, conversation.parts
        self._part.show(
            _View(
                state=card.state,
                label=card.label,
                intent_title=card.title,
                acknowledged_by=card.acknowledged_by,
                assigned_to=card.assigned_to,
                offered_to=card.offered_to,
                joined=card.joined,
                merged_into=parts.merged_into,
                merged=parts.merged,
                on_hold=card.on_hold,
                me=current(self._services),
                keeps=may(actor(), "keep"),
            )
        )

    # -- the buttons ----------------------------------------------------------------------------------------------

    def _build(self, view: _View) -> None:
        if view.merged:
            ui.label(f"并进来的案件：{'、'.join(map(str, view.merged))}").classes("crew-line")
        if view.offered_to:
            self._build_offer(view)
        if view.merged_into:
            with ui.element("div").classes("offer").props("role=status"):
                ui.label(f"已并入案件{view.merged_into}，居民以后的话在那里")
                ui.link("去看", f"/case/{view.merged_into}")
                self._button("分出来", self._separate)
        with ui.element("div").classes("case-acts"):
            if view.state != "closed":
                self._build_running(view)
            elif not view.merged_into:
                self._button("重新打开", self._reopen)
            if view.keeps:
                self._button("解除保留" if view.on_hold else "证据保留", partial(self._hold, off=view.on_hold))

    def _build_running(self, view: _View) -> None:
        if view.state == "acknowledged":
            if view.me != view.acknowledged_by:
                leaves = view.me in view.joined
                self._button("退出" if leaves else "加入", self._leave if leaves else self._join)
            self._button("移交", partial(self._ask_officer, "移交", handover.offer, _OFFER_HINT))
        if view.label != URGENT:
            self._button("交办", partial(self._ask_officer, "交办", handling.assign, ""))
        self._button("改类别", partial(self._relabel, view))
        self._button("并案", self.merge)
        if view.state == "acknowledged":
            self._button("退回待确认", self._unacknowledge)

    def _build_offer(self, view: _View) -> None:
        with ui.element("div").classes("offer").props("role=status"):
            who = "您" if view.offered_to == view.me else str(view.offered_to)
            ui.label(f"请{who}接手，接手前仍由{view.acknowledged_by}负责").classes("offer-words")
            if view.offered_to == view.me:
                self._button("接手", self._accept, primary=True)
            self._button("不接手" if view.offered_to == view.me else "取消移交", self._decline)

    def _button(self, title: str, press: Callable[[], Awaitable[None]], *, primary: bool = False) -> None:
        button = ui.button(title, on_click=press, color=None)
        button.props("unelevated no-caps data-guarded").classes("case-act case-act-main" if primary else "case-act")

    # -- what they do ---------------------------------------------------------------------------------------------

    async def _accept(self) -> None:
        await self._at_once(lambda session, me, now: handover.accept(session, self._case_id, officer=me, now=now))

    async def _decline(self) -> None:
        watch = self._services.watch
        await self._at_once(
            lambda session, me, now: handover.decline(session, self._case_id, officer=me, watch=watch, now=now)
        )

    async def _join(self) -> None:
        await self._at_once(lambda session, me, now: handover.join(session, self._case_id, officer=me, now=now))

    async def _leave(self) -> None:
        await self._at_once(lambda session, me, now: handover.leave(session, self._case_id, officer=me, now=now))

    async def _reopen(self) -> None:
        await self._at_once(lambda session, me, now: handling.reopen(session, self._case_id, officer=me, now=now))

    async def _separate(self) -> None:
        watch = self._services.watch
        await self._at_once(
            lambda session, me, now: merging.separate(session, self._case_id, officer=me, watch=watch, now=now)
        )

    async def _unacknowledge(self) -> None:
        watch = self._services.watch
        await self._ask(
            "退回待确认",
            lambda: ui.label("案件回到“待确认”，按值班表从第一级重新提醒。").classes("ask-hint"),
            lambda session, me, now: handling.unacknowledge(session, self._case_id, officer=me, watch=watch, now=now),
        )

    async def _ask_officer(self, title: str, act: Callable[..., object], hint: str) -> None:
        watch = self._services.watch
        names = [officer.name for officer in watch.roster.officers]
        chosen: list[ui.radio] = []

        def fill() -> None:
            if hint:
                ui.label(hint).classes("ask-hint")
            chosen.append(ui.radio(names).props('aria-label="民警"').classes("dispositions"))

        def do(session: Session, me: str, now: datetime) -> None:
            if chosen[0].value is None:
                raise CaseError("no officer was chosen", "请选择民警")
            act(session, self._case_id, to=str(chosen[0].value), officer=me, watch=watch, now=now)

        await self._ask(title, fill, do)

    async def _relabel(self, view: _View) -> None:
        watch = self._services.watch
        boxes: list[ui.select | ui.textarea] = []

        def fill() -> None:
            ui.label(f"现在是：{title_of(view.label)} · {view.intent_title}").classes("ask-hint")
            kind = ui.select(labels.choices(), label="改为", with_input=True).classes("ask-kind")
            reason = ui.textarea("原因（取消紧急、线索改为其他时必填）").classes("ask-text")
            boxes.extend([kind.props("outlined options-dense"), reason.props("outlined autogrow")])
            reason.props(f"maxlength={labels.REASON_CHARACTERS}")
            ui.label("改为紧急警情会马上提醒值班民警；改动会交给训练员学习。").classes("ask-hint")

        def do(session: Session, me: str, now: datetime) -> None:
            kind, reason = (str(box.value or "") for box in boxes)
            labels.relabel(session, self._case_id, kind, officer=me, reason=reason, watch=watch, now=now)

        await self._ask("改类别", fill, do)

    async def merge(self, into: CaseId | None = None) -> None:
        """Ask into which case this one goes; `into` is what stands there already."""
        boxes: list[ui.input] = []

        def fill() -> None:
            ui.label("本案件结案，提醒停止；居民的话各归各，以后的话归到那个案件。可以再分出来。").classes("ask-hint")
            box = ui.input("并入案件（编号）", value=str(into or ""))
            boxes.append(box.props(f"outlined inputmode=numeric maxlength={_NUMBER_DIGITS}"))

        def do(session: Session, me: str, now: datetime) -> None:
            number = (boxes[0].value or "").strip()
            if not (number.isascii() and number.isdigit()):
                raise CaseError("no case number", "请填案件编号，只填数字")
            merging.merge(session, self._case_id, into=CaseId(int(number)), officer=me, now=now)

        await self._ask("并案", fill, do)

    async def _hold(self, *, off: bool) -> None:
        boxes: list[ui.textarea] = []

        def fill() -> None:
            ui.label(_RELEASE_HINT if off else _HOLD_HINT).classes("ask-hint")
            reason = ui.textarea("原因（必填）").classes("ask-text")
            boxes.append(reason.props(f"outlined autogrow maxlength={retention.REASON_CHARACTERS}"))

        def do(session: Session, me: str, now: datetime) -> None:
            reason = boxes[0].value or ""
            if not reason.strip():
                raise CaseError("no reason", "请写明原因，会记入审计日志")
            retention.hold(session, self._case_id, officer=me, reason=reason, now=now, off=off)

        await self._ask("解除保留" if off else "证据保留", fill, do, right="keep")

    # -- how it is done -------------------------------------------------------------------------------------------

    async def _at_once(self, act: Act) -> None:
        officer = await identify(self._services)
        if officer is None:
            return
        try:
            problem = await do(self._services, officer, act)
        except StoreUnavailableError:
            problem = NOT_STORED
        if problem:
            ui.notify(problem, type="warning")
        await self._done()

    async def _ask(self, title: str, fill: Callable[[], object], act: Act, *, right: str = "act_on_cases") -> None:
        officer = await identify(self._services, right)
        if officer is None:
            return
        question = Question(f"案件{self._case_id}：{title}", title, lambda: do(self._services, officer, act))
        with question.body:
            fill()
        if await question.answered():
            await self._done()


_OFFER_HINT = "对方马上收到提醒；对方接手之前仍由现在的民警负责，没人接手会再提醒原民警。"
_HOLD_HINT = "保存期限到了也不删除本案件和其中的材料，直到解除保留。"
_RELEASE_HINT = "解除后，结案满保存期限就会自动删除。"


async def do(services: Services, officer: str, act: Act) -> str | None:
    """Do something in a transaction; why it cannot be done, for officers, or None.

    Raises:
        StoreUnavailableError: the database is away.
    """

    def store() -> str | None:
        try:
            with services.store.transaction() as session:
                act(session, officer, services.clock.now())
        except CaseError as error:
            return error.told
        return None

    return await asyncio.to_thread(store)
