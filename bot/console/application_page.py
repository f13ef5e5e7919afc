"""One application: what was answered and sent, what happened to it, and the officer's decision."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi.responses import HTMLResponse
from nicegui import ui

from bot.console.applications import ApplicationCard, ApplicationView, Given, Photo, Step, masked, read_application
from bot.console.applications_page import LISTS, POLL_SECONDS, flags
from bot.console.conversation import Said
from bot.console.dialog import Question
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.media import build_media, build_said
from bot.console.officer import identify, viewed
from bot.console.services import Services, local
from bot.console.theme import UNREADABLE, build_problem, build_step, chip, frame, moment, not_found, put
from bot.nlu.forms import Forms
from bot.nlu.live_file import LiveFile
from bot.services.applications import DECISIONS, REASON_CHARACTERS, ApplicationError, decide
from bot.store.session import StoreUnavailableError

CANNED = {
    "ask": ("照片不清楚，请重发狗的正面照", "免疫证照片看不清日期，请重发", "住址请写到门牌"),
}
"""What officers ask for again and again."""
_RECEIPT_CHARACTERS = 32


def register(services: Services, forms: LiveFile[Forms]) -> None:
    """Serve `/application/{receipt}`."""

    def read(receipt: str) -> ApplicationView | None:
        with services.store.reading() as session:
            return read_application(session, receipt, forms.current())

    @ui.page("/application/{receipt}", title="申请", response_timeout=10)
    async def application_page(receipt: str) -> HTMLResponse | None:
        view = await asyncio.to_thread(read, receipt) if len(receipt) <= _RECEIPT_CHARACTERS else None
        if view is None:
            return not_found("没有这个受理号。")
        await viewed(services, subject=receipt)
        page = _ApplicationPage(services, view, lambda: read(receipt))
        ui.timer(POLL_SECONDS, page.refresh)
        return None


class _ApplicationPage:
    """One browser's view of one application."""

    def __init__(self, services: Services, view: ApplicationView, read: Callable[[], ApplicationView | None]) -> None:
        self._read = read
        self._noted = partial(viewed, services, subject=f"{view.card.receipt} id_number")
        with frame(services, active="/applications"):
            self._problem = Part(build_problem, classes="problems")
            with ui.element("article").classes("case-head"):
                self._head = Part(_build_head)
                self._decisions = Part(_Decisions(services, view.card, self.refresh).build, classes="decisions")
            with ui.element("div").classes("case"):
                with ui.element("div").classes("application-body"):
                    self._given = _titled("申请内容", partial(_build_all_given, self._noted), "given")
                    self._photos = _titled("照片", _build_photos, "photos")
                    self._talk = ui.element("section").props('aria-label="居民之后发来的话"')
                    with self._talk:
                        ui.label("居民之后发来的话").classes("section-title")
                        self._said: Keyed[str, Said] = Keyed(rebuilding(build_said), classes="talk")
                self._history = _titled("办理经过", _build_history, "timeline")
        self.show(view)

    async def refresh(self) -> None:
        """Read the application again and show what has changed."""
        try:
            view = await asyncio.to_thread(self._read)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        if view:
            self.show(view)

    def show(self, view: ApplicationView) -> None:
        """Bring the page up to date."""
        self._problem.show("")
        self._head.show(view.card)
        self._decisions.show(view.card.decisions)
        self._given.show(view.given)
        self._photos.show(view.photos)
        self._talk.set_visibility(bool(view.said))
        self._said.show((said.key, said) for said in view.said)
        self._history.show(view.history)


class _Decisions:
    """The steps that an officer can take. Each is asked back with the very words that the resident will get."""

    def __init__(self, services: Services, card: ApplicationCard, done: Callable[[], Awaitable[None]]) -> None:
        self._services, self._card, self._done = services, card, done

    def build(self, names: tuple[str, ...]) -> None:
        """The buttons."""
        for name in names:
            button = ui.button(DECISIONS[name].title, on_click=partial(self._press, name), color=None)
            button.props("unelevated no-caps data-guarded").classes(f"decision decision-{name}")

    async def _press(self, name: str) -> None:
        officer = await identify(self._services, "see_applications")
        if officer is None:
            return
        step = DECISIONS[name]

        async def act() -> str | None:
            return await asyncio.to_thread(self._decide, name, officer, reason.value if reason else "")

        question = Question(f"{self._card.title}：{step.title}", step.title, act)
        with question.body:
            reason = _reason_box(name) if step.tells_reason else None
            ui.label("居民会收到：").classes("ask-hint")
            preview = ui.label("").classes("ask-preview")

        def tell() -> None:
            words = (reason.value if reason else "") or ("……" if step.needs_reason else "")
            preview.set_text(step.text(self._card.kind, self._card.receipt, words))

        tell()
        if reason:
            reason.on_value_change(tell)
        if await question.answered():
            await self._done()

    def _decide(self, name: str, officer: str, reason: str) -> str | None:
        now = self._services.clock.now()
        try:
            with self._services.store.transaction() as session:
                decide(session, self._card.id, name, officer=officer, reason=reason, now=now)
        except ApplicationError as error:
            return str(error)
        return None


def _reason_box(name: str) -> ui.textarea:
    """Where the reason is written, with what is asked for again and again for one tap."""
    canned = ui.element("div").classes("canned")
    box = ui.textarea("原因（必填，居民会看到）" if DECISIONS[name].needs_reason else "给居民的话（可不填）")
    box.props(f"outlined autogrow maxlength={REASON_CHARACTERS}").classes("ask-text")
    with canned:
        for words in CANNED.get(name, ()):
            button = ui.button(words, on_click=partial(box.set_value, words), color=None)
            button.props("unelevated no-caps").classes("canned-reason")
    return box


def _titled(title: str, build: Callable[[Any], None], classes: str) -> Part[Any]:
    with ui.element("section").props(f'aria-label="{title}"'):
        ui.label(title).classes("section-title")
        return Part(build, classes=classes)


def _build_head(card: ApplicationCard) -> None:
    with ui.element("div").classes("alarm-kind"):
        ui.label(f"{card.title}申请").classes("alarm-title")
        chip(LISTS[card.state], "plain")
        put(flags(card))
    with ui.element("div").classes("facts"):
        ui.label(f"受理号 {card.receipt}").classes("case-number")
        ui.label(card.pseudonym).classes("who")
        moment(card.submitted_at)


def _build_all_given(noted: Callable[[], Awaitable[None]], given: tuple[Given, ...]) -> None:
    for answer in given:
        ui.label(answer.title).classes("given-title")
        if answer.kind == "id_number":
            _build_secret(answer.value, noted)
        else:
            ui.label(answer.value or "没有填").classes("given-value")


def _build_secret(value: str, noted: Callable[[], Awaitable[None]]) -> None:
    """A number that passers-by need not see: it reaches the browser only when it is asked for, which is noted."""
    with ui.element("div").classes("given-value given-secret"):
        shown = ui.label(masked(value))
        button = ui.button("显示", color=None).props("flat dense no-caps").classes("reveal")

    async def reveal() -> None:
        await noted()
        shown.set_text(value)
        button.set_visibility(False)

    button.on_click(reveal)


def _build_photos(photos: tuple[Photo, ...]) -> None:
    for photo in photos:
        with ui.element("figure").classes("photo"):
            ui.label(photo.title).classes("photo-title")
            for media in photo.files:
                build_media(media)
            if not photo.files:
                ui.label("没有收到照片").classes("media-wait")


def _build_history(history: tuple[Step, ...]) -> None:
    for step in history:
        build_step(local(step.at), f"{step.by} · {step.title}", step.reason, "done")
