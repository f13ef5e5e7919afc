"""An officer's own words to a resident, and the end of a case."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from nicegui import events, ui

from bot.console.canned import CannedAnswers
from bot.console.case_acts import do
from bot.console.conversation import Conversation, Held
from bot.console.dialog import NOT_STORED, Question
from bot.console.keyed import Part
from bot.console.officer import current, identify, keep_draft
from bot.console.services import Services, local_minute
from bot.duty import conversation, handling
from bot.duty.handling import DISPOSITIONS, REFERRED_TO
from bot.intake.evidence import EvidenceStore
from bot.nlu.live_file import LiveFile
from bot.store.models import CaseId
from bot.store.session import StoreUnavailableError
from bot.wechat.outbound import MAX_PICTURE_BYTES, picture_type

Done = Callable[[], Awaitable[None]]


class ReplyBox:
    """Writes to the resident. While an officer talks with them the bot is silent, which a banner says."""

    def __init__(self, services: Services, case_id: CaseId, done: Done, sentences: LiveFile[CannedAnswers]) -> None:
        self._services, self._case_id, self._done, self._sentences = services, case_id, done, sentences
        self._sending = False
        self._files = EvidenceStore(services.settings.var_dir / "evidence")
        self._to: ui.select | None = None
        self._box = ui.element("div").classes("reply-box").props('role=group aria-label="回复居民"')
        with self._box:
            self._held = Part(self._build_held)
            self._hint = Part(_build_hint)
            self._helps = Part(self._build_helps, classes="reply-helps")
            with ui.element("div").classes("reply-line"):
                self._text = ui.textarea(placeholder="回复居民，Ctrl+Enter 发送")
                self._text.props(
                    f'outlined autogrow dense maxlength={conversation.TEXT_CHARACTERS} aria-label="回复居民的话"'
                )
                self._text.props("data-key=reply")
                keep_draft(self._text, services, f"{case_id} reply")
                self._text.classes("reply-text").on("keydown.ctrl.enter.prevent", self._send)
                self._button = ui.button("发送", on_click=self._send, color=None)
                self._button.props("unelevated no-caps").classes("reply-send")

    def show(self, conversation: Conversation) -> None:
        """Bring the box up to date. What has been merged is talked about where it went."""
        card, held = conversation.card, conversation.held
        self._box.set_visibility(conversation.parts.merged_into is None)
        self._held.show((held, held is not None and held.by == current(self._services), card.next_page is not None))
        self._hint.show(card.silent)
        sentences = self._sentences.current().of(card.label, conversation.intent, silent=card.silent)
        self._helps.show((conversation.speakers, tuple(sentences)))

    def _build_helps(self, view: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        speakers, sentences = view
        self._to = None
        if len(speakers) > 1:
            self._to = ui.select(dict(enumerate(speakers, start=1)), value=1, label="发给")
            self._to.props('dense outlined options-dense aria-label="发给"').classes("reply-to")
        if sentences:
            with ui.button("常用答复", color=None).props("unelevated no-caps").classes("reply-help"), ui.menu() as menu:
                menu.props("auto-close").classes("canned-menu")
                for sentence in sentences:
                    ui.menu_item(sentence, lambda sentence=sentence: self._insert(sentence))
        upload = ui.upload(on_upload=self._uploaded, on_rejected=_refuse, max_file_size=MAX_PICTURE_BYTES)
        upload.props("auto-upload accept=.png,.jpg,.jpeg,.gif").classes("wechat-upload")
        button = ui.button("发图片", color=None).props("unelevated no-caps").classes("reply-help")
        pick = f"() => document.querySelector('#{upload.html_id} input[type=file]').click()"
        button.on("click", js_handler=pick)

    def _insert(self, sentence: str) -> None:
        """Put a ready-made sentence behind what is written; the officer sends it, perhaps with a word changed."""
        written = (self._text.value or "").rstrip()
        self._text.set_value(f"{written}\n{sentence}" if written else sentence)
        self._text.run_method("focus")

    def _receiver(self) -> int:
        return int(self._to.value or 1) if self._to else 1

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        if picture_type(content) is None or len(content) > MAX_PICTURE_BYTES:
            _refuse()
            return
        officer, to = await identify(self._services), self._receiver()
        if officer is None:
            return
        digest = await asyncio.to_thread(self._files.keep, content)
        try:
            problem = await do(
                self._services,
                officer,
                lambda session, me, now: conversation.send_picture(
                    session, self._case_id, digest, officer=me, to=to, now=now
                ),
            )
        except StoreUnavailableError:
            problem = "数据库暂时无法写入，图片没有发出，请再发一次"
        if problem:
            ui.notify(problem, type="warning")
        await self._done()

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
        to = self._receiver()
        try:
            problem = await do(
                self._services,
                officer,
                lambda session, me, now: conversation.reply(session, self._case_id, text, officer=me, to=to, now=now),
            )
        except StoreUnavailableError:
            ui.notify("数据库暂时无法写入，没有发出，请再按一次", type="negative")
            return False
        if problem:
            ui.notify(f"没有发出：{problem}", type="warning")
        return problem is None

    async def _give_back(self) -> None:
        officer = await identify(self._services)
        if officer is None:
            return

        def store() -> None:
            with self._services.store.transaction() as session:
                conversation.give_back(session, self._case_id, officer=officer, now=self._services.clock.now())

        try:
            await asyncio.to_thread(store)
        except StoreUnavailableError:
            ui.notify(NOT_STORED, type="negative")
        await self._done()


def _refuse() -> None:
    megabytes = MAX_PICTURE_BYTES // 1024 // 1024
    ui.notify(f"只能发{megabytes} MB以内的JPG、PNG、GIF图片", type="warning")


def _build_hint(silent: bool) -> None:
    if silent:
        ui.label("对方不便出声：短、像普通聊天").classes("silent-hint")


class CloseButton:
    """Ends a case, with how it ended and a word on it."""

    def __init__(self, services: Services, case_id: CaseId, done: Done) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        self._heard = 0
        self._button = ui.button("结案", on_click=self._press, color=None)
        self._button.props("unelevated no-caps data-guarded data-key=close").classes("close-case")

    def show(self, conversation: Conversation) -> None:
        """Bring it up to date with what the page shows."""
        self._heard = conversation.heard
        self._button.set_visibility(not conversation.card.closed)

    async def _press(self) -> None:
        seen = self._heard  # what comes from now on lies behind the question
        officer = await identify(self._services)
        if officer is None:
            return

        async def act() -> str | None:
            if disposition.value is None:
                return "请选择处置结果"
            if not (word.value or "").strip():
                return "请写一句怎么结束的"
            to = str(referred.value or "")
            if disposition.value == "referred" and not to:
                return "请选择转给哪里"
            return await self._close(officer, str(disposition.value), str(word.value), to, seen)

        question = Question(f"案件{self._case_id}结案", "结案", act)
        with question.body:
            disposition = ui.radio(DISPOSITIONS).props('aria-label="处置结果"').classes("dispositions")
            referred = ui.radio(list(REFERRED_TO)).props('inline aria-label="转给"').classes("referred")
            referred.bind_visibility_from(disposition, "value", value="referred")
            word = ui.textarea("处置情况（必填）").classes("ask-text")
            word.props(f"outlined autogrow maxlength={handling.WORD_CHARACTERS}")
            keep_draft(word, self._services, f"{self._case_id} close")
        if await question.answered():
            ui.run_javascript(f"sessionStorage.removeItem('fujin-draft ' + {json.dumps(word.props['data-draft'])})")
            await self._done()

    async def _close(self, officer: str, disposition: str, word: str, to: str, seen: int) -> str | None:
        ending = {"disposition": disposition, "word": word, "referred_to": to if disposition == "referred" else ""}
        return await do(
            self._services,
            officer,
            lambda session, me, now: handling.close(session, self._case_id, officer=me, seen=seen, now=now, **ending),
        )
