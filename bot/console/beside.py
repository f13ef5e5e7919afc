"""What stands beside a case's conversation: notes, cases that may be about the same thing, the resident's others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.case_acts import do
from bot.console.conversation import Noted
from bot.console.dialog import NOT_STORED
from bot.console.keyed import Part
from bot.console.officer import identify, keep_draft
from bot.console.search import CASE_STATES
from bot.console.services import Services, local
from bot.console.theme import chip
from bot.duty import handling, similar
from bot.duty.similar import Similar
from bot.nlu.catalogue import title_of
from bot.store.models import Case, CaseId, CaseState
from bot.store.session import StoreUnavailableError

LOOK_SECONDS = 10.0
"""How often cases are compared: each look reads some sixty of them."""


@dataclass(frozen=True)
class Earlier:
    """Another case of the resident."""

    case_id: CaseId
    title: str
    state: str
    opened_at: datetime


@dataclass(frozen=True)
class Others:
    """The cases beside this one."""

    similar: tuple[Similar, ...] = ()
    earlier: tuple[Earlier, ...] = ()


def read_others(session: Session, case_id: CaseId, *, now: datetime) -> Others:
    """Compare this case with others, and look up its resident's."""
    case = session.get_one(Case, case_id)
    earlier = similar.earlier(session, case)
    return Others(
        similar=tuple(similar.similar(session, case, now=now)) if case.state != "closed" else (),
        earlier=tuple(Earlier(one.id, title_of(one.intent), one.state, one.opened_at) for one in earlier),
    )


class Notes:
    """What officers write for each other."""

    def __init__(self, services: Services, case_id: CaseId, done: Callable[[], Awaitable[None]]) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        with ui.element("section").classes("beside").props('aria-label="备注"'):
            ui.label("备注").classes("section-title")
            ui.label("只有民警看得到").classes("note")
            self._list: Part[tuple[Noted, ...]] = Part(_build_notes, classes="notes")
            self._text = ui.textarea(placeholder="写一条备注，Ctrl+Enter 保存").classes("note-text")
            self._text.props(
                f'outlined autogrow dense maxlength={handling.NOTE_CHARACTERS} aria-label="备注内容" data-key=note'
            )
            keep_draft(self._text, services, f"{case_id} note")
            self._text.on("keydown.ctrl.enter.prevent", self._keep)
            button = ui.button("保存备注", on_click=self._keep, color=None)
            button.props("unelevated no-caps").classes("case-act")

    def show(self, notes: tuple[Noted, ...]) -> None:
        """Bring the list up to date."""
        self._list.show(notes)

    async def _keep(self) -> None:
        text = self._text.value or ""
        if not text.strip() or (officer := await identify(self._services)) is None:
            return
        try:
            problem = await do(
                self._services,
                officer,
                lambda session, me, now: handling.note(session, self._case_id, text, officer=me, now=now),
            )
        except StoreUnavailableError:
            problem = NOT_STORED
        if problem:
            ui.notify(problem, type="warning")
            return
        self._text.set_value("")
        await self._done()


class OtherCases:
    """The lists of other cases; `merge` asks whether this one is to go into one of them."""

    def __init__(self, merge: Callable[[CaseId], Awaitable[None]]) -> None:
        self._merge = merge
        self._part: Part[Others] = Part(self._build)

    def show(self, others: Others) -> None:
        """Bring the lists up to date."""
        self._part.show(others)

    def _build(self, others: Others) -> None:
        if others.similar:
            with ui.element("section").classes("beside").props('aria-label="相似的案件"'):
                ui.label("可能是同一件事").classes("section-title")
                for one in others.similar:
                    self._build_similar(one)
        if others.earlier:
            with ui.element("section").classes("beside").props('aria-label="这位居民的其他案件"'):
                ui.label("这位居民的其他案件").classes("section-title")
                for earlier in others.earlier:
                    _build_link(earlier.case_id, earlier.title, earlier.state, earlier.opened_at)

    def _build_similar(self, one: Similar) -> None:
        with ui.element("div").classes("similar"):
            _build_link(one.case_id, one.title, one.state, one.opened_at)
            ui.label("；".join(one.why)).classes("note")
            button = ui.button("并入这件", on_click=lambda: self._merge(one.case_id), color=None)
            button.props("unelevated no-caps data-guarded").classes("case-act")


def _build_link(case_id: CaseId, title: str, state: str, opened_at: datetime) -> None:
    with ui.element("a").classes("other-case").props(f'href="/case/{case_id}"'):
        ui.label(f"案件{case_id}").classes("case-number")
        ui.label(title)
        chip(CASE_STATES[CaseState(state)], "plain")
        ui.label(local(opened_at)).classes("note")


def _build_notes(notes: tuple[Noted, ...]) -> None:
    for one in notes:
        with ui.element("div").classes("noted"):
            ui.label(one.text).classes("noted-text")
            ui.label(f"{one.author} · {local(one.at)}").classes("bubble-foot")
