"""Lists and parts of a page that touch only what changed, so that nothing moves under an officer's finger."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from nicegui import ui

Key = TypeVar("Key", bound=Hashable)
View = TypeVar("View")


class Part(Generic[View]):
    """A piece of a page that is built anew only when its view is another one."""

    def __init__(self, build: Callable[[View], None], *, classes: str = "") -> None:
        self.box = ui.element("div").classes(classes)
        self._build = build
        self._shown: View | None = None

    def show(self, view: View) -> None:
        """Show this view."""
        if view == self._shown:
            return
        self._shown = view
        self.box.clear()
        with self.box:
            self._build(view)


class Keyed(Generic[Key, View]):
    """A list whose rows keep their elements.

    `build` makes a row and gives the function that brings it up to date with a changed view.
    """

    def __init__(self, build: Callable[[View], Callable[[View], None]], *, classes: str = "") -> None:
        self.box = ui.element("div").classes(classes)
        self._build = build
        self._rows: dict[Key, tuple[ui.element, Callable[[View], None]]] = {}
        self._shown: dict[Key, View] = {}

    def show(self, items: Iterable[tuple[Key, View]]) -> bool:
        """Show these rows in this order; whether anything changed."""
        views = dict(items)
        if views == self._shown and list(views) == list(self._shown):
            return False
        for key in [key for key in self._rows if key not in views]:
            self._rows.pop(key)[0].delete()
        for index, (key, view) in enumerate(views.items()):
            self._place(index, key, view)
        self._shown = views
        return True

    def _place(self, index: int, key: Key, view: View) -> None:
        if key not in self._rows:
            with self.box:
                row = ui.element("div").classes("row-box")
            with row:
                self._rows[key] = (row, self._build(view))
        elif view != self._shown[key]:
            self._rows[key][1](view)
        row = self._rows[key][0]
        if self.box.default_slot.children.index(row) != index:
            row.move(target_index=index)


def rebuilding(build: Callable[[View], None]) -> Callable[[View], Callable[[View], None]]:
    """For rows without anything to press: on a change the whole row is built anew."""

    def make(view: View) -> Callable[[View], None]:
        part = Part(build)
        part.show(view)
        return part.show

    return make
