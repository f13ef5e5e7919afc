"""A titled list of rows that keep their places."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from nicegui import ui

from bot.console.keyed import Keyed, Part
from bot.console.vigil import counted


class Section:
    """A titled list; `total` counts also what the list has no room for, `first` says which those are that it shows.

    A phone shows it when its tab is chosen (`name`, see `Tabs`).
    """

    def __init__(
        self,
        title: str,
        build: Callable[..., Callable[..., None]],
        *,
        note: str = "",
        hide_empty: bool = False,
        first: str = "最新",
        name: str = "",
    ) -> None:
        self._text, self._note, self._hide_empty, self._first = title, note, hide_empty, first
        self._box = ui.element("section").classes("quiet-section").props(f'aria-label="{title}"')
        if name:
            self._box.props(f"data-section={name}")
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
                ui.label(counted(total)).classes("count")
            if self._note:
                ui.label(self._note).classes("note")
        if not shown:
            ui.label("暂无").classes("empty")
        elif total and total > shown:
            ui.label(f"只显示{self._first}{shown}件").classes("empty")


class Tabs:
    """On a phone: which of the lists is shown, and how much waits in each. The script does the choosing."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._tabs: dict[str, tuple[ui.element, Part[int]]] = {}
        with ui.element("div").classes("tabs").props('role=group aria-label="列表"'):
            for name, title in titles.items():
                tab = ui.element("button").classes("tab").props(f"type=button data-tab={name} aria-pressed=false")
                with tab:
                    ui.label(title)
                    self._tabs[name] = tab, Part(_build_count)

    def show(self, counts: Mapping[str, int], *, hidden: Collection[str] = ()) -> None:
        """Bring the numbers up to date; tabs of lists that are not there are `hidden`."""
        for name, (tab, part) in self._tabs.items():
            part.show(counts.get(name, 0))
            tab.set_visibility(name not in hidden)


def _build_count(number: int) -> None:
    if number:
        ui.label(counted(number)).classes("count")
