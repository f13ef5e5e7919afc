"""A titled list of rows that keep their places."""

from collections.abc import Callable, Iterable
from typing import Any

from nicegui import ui

from bot.console.keyed import Keyed, Part


class Section:
    """A titled list; `total` counts also what the list has no room for, `first` says which those are that it shows."""

    def __init__(
        self,
        title: str,
        build: Callable[..., Callable[..., None]],
        *,
        note: str = "",
        hide_empty: bool = False,
        first: str = "最新",
    ) -> None:
        self._text, self._note, self._hide_empty, self._first = title, note, hide_empty, first
        self._box = ui.element("section").classes("quiet-section").props(f'aria-label="{title}"')
        with self._box:
            self._title = Part(self._build_title)
            self._list: Keyed[int, Any] = Keyed(build, classes="quiet-list")

    def show(self, items: Iterable[tuple[int, Any]], total: int | None) -> None:
        """Bring the list up to date."""
        rows = list(items)
        self._title.show((len(rows), total))
        self._list.show(rows)
        self._box.set_visibility(bool(rows) or not self._hide_empty)

    def _build_title(self, counts: tuple[int, int | None]) -> None:
        shown, total = counts
        with ui.element("div").classes("quiet-title"):
            ui.label(self._text).classes("section-title")
            if total:
                ui.label(str(total)).classes("count")
            if self._note:
                ui.label(self._note).classes("note")
        if not shown:
            ui.label("暂无").classes("empty")
        elif total and total > shown:
            ui.label(f"只显示{self._first}{shown}件").classes("empty")
