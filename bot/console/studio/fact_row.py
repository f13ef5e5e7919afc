"""A local fact on a page: what the station says of itself, filled in, corrected, or confirmed as it stands."""

from functools import partial

from nicegui import ui

from bot.console.dialog import Question
from bot.console.services import Services
from bot.console.studio.proposing import Fate, propose
from bot.studio.health import StationFact

_CONFIRMED = "今天核对过，没有变"


class FactRow:
    """One fact with its buttons; it shows what was written as soon as it is."""

    def __init__(self, services: Services, fact: StationFact) -> None:
        self._services, self._fact, self._value = services, fact, fact.value
        ui.label(fact.title).classes("finding-text")
        self._said = ui.label(fact.value).classes("fact-value")
        self._day = ui.label(f"{fact.reviewed:%Y-%m-%d} 核对").classes("finding-figure")
        self._due = ui.label("该核对了").classes("chip chip-doubt")
        self._due.set_visibility(fact.due)
        self._outcome = ui.element("div")
        with ui.element("div").classes("finding-acts"):
            self._change = ui.button(on_click=self._ask, color=None)
            self._confirm = ui.button("今天核对过", on_click=self._confirmed, color=None)
            for button in (self._change, self._confirm):
                button.props("unelevated no-caps dense").classes("studio-button")
        self._show()

    def _show(self) -> None:
        filled = bool(self._value)
        self._said.set_text(self._value)
        self._change.set_text("改" if filled else "填写")
        for element in (self._said, self._day, self._confirm):
            element.set_visibility(filled)

    def _follow(self, result: int | str | None, given: str) -> None:
        self._outcome.clear()
        with self._outcome:
            Fate(self._services, made=partial(self._written, given)).follow(result)

    def _written(self, given: str) -> None:
        self._value = given
        self._day.set_text(f"{self._services.clock.now():%Y-%m-%d} 核对")
        self._due.set_visibility(False)
        self._show()

    async def _ask(self) -> None:
        """Fill it in, or correct it."""
        made: list[tuple[int, str]] = []

        async def act() -> str | None:
            given = str(value.value or "").strip()
            if not given:
                return "请填写"
            result = await self._propose(given, str(why.value or ""))
            if not isinstance(result, int):
                return result or "没有权限"
            made.append((result, given))
            return None

        question = Question(self._fact.title, "保存", act)
        with question.body:
            value = ui.textarea("居民会看到的内容", value=self._value).props("outlined autogrow").classes("studio-wide")
            why = ui.input("依据（谁确认的，必填）").props("outlined dense").classes("studio-wide")
        if await question.answered():
            self._follow(*made[0])

    async def _confirmed(self) -> None:
        given = self._value
        self._follow(await self._propose(given, _CONFIRMED), given)

    async def _propose(self, given: str, why: str) -> int | str | None:
        payload = {"name": self._fact.name, "was": self._value, "now": given}
        return await propose(self._services, "edit_local_fact", payload, why=why)
