"""对话: what a resident and the bot have said, which an officer can take over."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from fastapi.responses import HTMLResponse
from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.case_acts import do
from bot.console.conversation import Answered, Said, in_order
from bot.console.desk import POLL_SECONDS
from bot.console.dialog import Question
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.media import build_entry
from bot.console.officer import identify, viewed
from bot.console.services import Services
from bot.console.talks import OpenTalk, read_talk
from bot.console.theme import UNREADABLE, build_problem, frame, not_found, sound_toggle
from bot.duty import conversation
from bot.store.models import CaseId, MessageId
from bot.store.session import StoreUnavailableError

_PSEUDONYM_CHARACTERS = 32
_NUMBER_DIGITS = 15
_FOLLOW = """
const page = document.documentElement, toEnd = () => window.scrollTo(0, page.scrollHeight);
let atEnd = true;
window.addEventListener("scroll", () => { atEnd = window.innerHeight + window.scrollY >= page.scrollHeight - 60; });
new ResizeObserver(() => atEnd && toEnd()).observe(getHtmlElement(%d));
toEnd();
"""
"""Begins at the end, and stays there when a line or a picture comes, unless somebody has scrolled away."""


def register(services: Services) -> None:
    """Serve `/talk/{pseudonym}`; `?before=` a message shows what was said before it."""

    def read(pseudonym: str, before: MessageId | None) -> OpenTalk | None:
        with services.store.reading() as session:
            return read_talk(session, pseudonym, before=before)

    @ui.page("/talk/{pseudonym}", title="对话", response_timeout=10)
    async def talk_page(pseudonym: str, before: str = "") -> HTMLResponse | None:
        numeric = before.isascii() and before.isdigit() and len(before) <= _NUMBER_DIGITS
        until = MessageId(int(before)) if numeric else None
        known = len(pseudonym) <= _PSEUDONYM_CHARACTERS
        talk = await asyncio.to_thread(read, pseudonym, until) if known else None
        if talk is None:
            return not_found("没有这个对话。")
        await viewed(services, subject=pseudonym)
        page = _TalkPage(services, talk, lambda: read(pseudonym, until), newest=until is None)
        ui.timer(POLL_SECONDS, page.refresh)
        return None


class _TalkPage:
    """One browser's view of one conversation."""

    def __init__(
        self, services: Services, talk: OpenTalk, read: Callable[[], OpenTalk | None], *, newest: bool
    ) -> None:
        self._services, self._read, self._pseudonym = services, read, talk.pseudonym
        self._shown: dict[str, Said | Answered] = {}
        address = f"/talk/{talk.pseudonym}"

        with frame(services, active="/talk", tools=sound_toggle):
            self._problem = Part(build_problem, classes="problems")
            with ui.element("section").classes("talk-box talk-alone").props('aria-label="对话"'):
                ui.label(f"{talk.pseudonym} 和机器人的对话").classes("section-title")
                ui.label("线索的内容、和线索有关的话不在这里显示。每次打开都有记录。").classes("note")
                if talk.earlier:
                    ui.link("更早的对话", f"{address}?before={talk.earlier}").classes("talk-more")
                self._talk: Keyed[str, Said | Answered] = Keyed(rebuilding(build_entry), classes="talk")
                if not newest:
                    ui.link("最新的对话", address).classes("talk-more")
                self._end: Part[tuple[CaseId | None]] = Part(self._build_end, classes="talk-end")
        self.show(talk)
        if newest:
            ui.run_javascript(_FOLLOW % self._talk.box.id)

    async def refresh(self) -> None:
        """Read the conversation again and show what has changed."""
        try:
            talk = await asyncio.to_thread(self._read)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        if talk:
            self.show(talk)

    def show(self, talk: OpenTalk) -> None:
        """Bring the page up to date."""
        self._problem.show("")
        # What it has shown stays: lines that vanish in the moment in which a tip comes would tell whose it is.
        self._shown |= {entry.key: entry for entry in talk.talk}
        self._talk.show((entry.key, entry) for entry in in_order(self._shown.values()))
        self._end.show((talk.case_id,))

    def _build_end(self, view: tuple[CaseId | None]) -> None:
        (case_id,) = view
        if case_id:
            ui.link(f"有案件在办：去案件{case_id}", f"/case/{case_id}").classes("talk-case")
        else:
            button = ui.button("接手对话", on_click=self._take, color=None)
            button.props("unelevated no-caps data-guarded").classes("case-act case-act-main")

    async def _take(self) -> None:
        officer = await identify(self._services)
        if officer is None:
            return
        cases: list[CaseId] = []

        def take(session: Session, me: str, now: datetime) -> None:
            cases.append(conversation.take(session, self._pseudonym, officer=me, now=now).id)

        question = Question(f"接手{self._pseudonym}的对话", "接手", lambda: do(self._services, officer, take))
        with question.body:
            ui.label(
                "会立一个求助案件，由您受理。机器人不再说话，您在案件里回复；半小时没有回复，机器人接着说。"
            ).classes("ask-hint")
        if await question.answered():
            ui.navigate.to(f"/case/{cases[-1]}")
