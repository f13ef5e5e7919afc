"""An officer's own words to a resident, and the end of a case."""

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from bot.console.conversation import Held
from bot.console.dialog import NOT_STORED, Question
from bot.console.keyed import Part
from bot.console.officer import current, identify
from bot.console.services import Services, local_minute
from bot.duty import case as duty_case
from bot.duty import conversation
from bot.duty.case import DISPOSITIONS, CaseError
from bot.store.models import CaseId
from bot.store.session import StoreUnavailableError

Done = Callable[[], Awaitable[None]]
_GONE = "这个案件已经结束"


class ReplyBox:
    """Writes to the resident. While an officer talks with them the bot is silent, which a banner says."""

    def __init__(self, services: Services, case_id: CaseId, done: Done) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        self._sending = False
        with ui.element("div").classes("reply-box").props('role=group aria-label="回复居民"'):
            self._held = Part(self._build_held)
            self._hint = Part(_build_hint)
            with ui.element("div").classes("reply-line"):
                self._text = ui.textarea(placeholder="回复居民，Ctrl+Enter 发送")
                self._text.props(
                    f'outlined autogrow dense maxlength={conversation.TEXT_CHARACTERS} aria-label="回复居民的话"'
                )
                self._text.classes("reply-text").on("keydown.ctrl.enter.prevent", self._send)
                self._button = ui.button("发送", on_click=self._send, color=None)
                self._button.props("unelevated no-caps").classes("reply-send")

    def show(self, held: Held | None, *, silent: bool, paging: bool) -> None:
        """Bring the box up to date; `paging`: officers are still being paged for the case."""
        self._held.show((held, held is not None and held.by == current(self._services), paging))
        self._hint.show(silent)

    def _build_held(self, view: tuple[Held | None, bool, bool]) -> None:
        held, mine, paging = view
        if held is None:
            return
        who = "您" if mine else held.by
        with ui.element("div").classes("held").props("role=status"):
            with ui.element("div").classes("held-words"):
                ui.label(f"{who}正在和居民对话，机器人不说话，到 {local_minute(held.until)} 自动交还")
                if paging:
                    ui.label("还没有确认接警，提醒照常继续").classes("held-paging")
            back = ui.button("交还机器人", on_click=self._give_back, color=None)
            back.props("unelevated no-caps data-guarded").classes("held-back")

    async def _send(self) -> None:
        text = self._text.value or ""
        if self._sending or not text.strip():
            return
        self._sending = True
        self._button.disable()
        try:
            if (officer := await identify(self._services)) and await self._stored(text, officer):
                self._text.set_value("")
                await self._done()
        finally:
            self._sending = False
            self._button.enable()

    async def _stored(self, text: str, officer: str) -> bool:
        def store() -> None:
            with self._services.store.transaction() as session:
                now = self._services.clock.now()
                conversation.reply(session, self._case_id, text, officer=officer, now=now)

        try:
            await asyncio.to_thread(store)
        except StoreUnavailableError:
            ui.notify("数据库暂时无法写入，没有发出，请再按一次", type="negative")
            return False
        except CaseError:
            ui.notify(f"没有发出：回复最多{conversation.TEXT_CHARACTERS}个字", type="warning")
            return False
        return True

    async def _give_back(self) -> None:
        def store() -> None:
            with self._services.store.transaction() as session:
                conversation.give_back(session, self._case_id)

        try:
            await asyncio.to_thread(store)
        except StoreUnavailableError:
            ui.notify(NOT_STORED, type="negative")
        await self._done()


def _build_hint(silent: bool) -> None:
    if silent:
        ui.label("对方不便出声：短、像普通聊天").classes("silent-hint")


class CloseButton:
    """Ends a case, with how it ended and a word on it."""

    def __init__(self, services: Services, case_id: CaseId, done: Done) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        self._button = ui.button("结案", on_click=self._press, color=None)
        self._button.props("unelevated no-caps data-guarded").classes("close-case")

    def set_visibility(self, visible: bool) -> None:
        """Show or hide it."""
        self._button.set_visibility(visible)

    async def _press(self) -> None:
        officer = await identify(self._services)
        if officer is None:
            return

        async def act() -> str | None:
            if disposition.value is None:
                return "请选择处置结果"
            if not (word.value or "").strip():
                return "请写一句怎么结束的"
            return await asyncio.to_thread(self._close, officer, str(disposition.value), str(word.value))

        question = Question(f"案件{self._case_id}结案", "结案", act)
        with question.body:
            disposition = ui.radio(DISPOSITIONS).props('aria-label="处置结果"').classes("dispositions")
            word = ui.textarea("处置情况（必填）").classes("ask-text")
            word.props(f"outlined autogrow maxlength={duty_case.WORD_CHARACTERS}")
        if await question.answered():
            await self._done()

    def _close(self, officer: str, disposition: str, word: str) -> str | None:
        now = self._services.clock.now()
        try:
            with self._services.store.transaction() as session:
                duty_case.close(session, self._case_id, officer=officer, disposition=disposition, word=word, now=now)
        except CaseError:
            return _GONE
        return None
