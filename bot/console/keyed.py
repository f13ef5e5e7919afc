"""Lists and parts of a page that touch only what changed, so that nothing moves under an officer's finger."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, Protocol, TypeVar

from markupsafe import Markup
from nicegui import ui

from bot.console.plain import STATIC

Key = TypeVar("Key", bound=Hashable)
View = TypeVar("View")
Shown = TypeVar("Shown", contravariant=True)
_NOTHING = Markup()


class Piece(ui.element, component=STATIC / "piece.js"):
    """HTML, however much of it, as one element, each of which costs a page 70 µs, and the garbage collector 27 objects.

    The browser changes it in place: what is the same before and after keeps its element, with the focus and the finger
    that are on it.
    """

    def __init__(self, html: Markup = _NOTHING, *, classes: str = "") -> None:
        super().__init__()
        self.classes(classes)
        self.props["html"] = html

    @property
    def box(self) -> ui.element:
        """The element itself, as in `Part`."""
        return self

    def show(self, html: Markup) -> None:
        """Show this instead."""
        if html != self.props["html"]:
            self.props["html"] = html


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


class Row(Protocol[Shown]):
    """What a list is made of: a part, or a piece."""

    @property
    def box(self) -> ui.element:
        """The row's own element."""

    def show(self, view: Shown, /) -> None:
        """Bring it up to date."""


class Keyed(Generic[Key, View]):
    """A list whose rows keep their elements. `make` makes an empty row."""

    def __init__(self, make: Callable[[], Row[View]], *, classes: str = "") -> None:
        self.box = ui.element("div").classes(classes)
        self._make = make
        self._rows: dict[Key, Row[View]] = {}
        self._shown: dict[Key, View] = {}

    def show(self, items: Iterable[tuple[Key, View]]) -> bool:
        """Show these rows in this order; whether anything changed."""
        views = dict(items)
        if views == self._shown and list(views) == list(self._shown):
            return False
        for key in [key for key in self._rows if key not in views]:
            self._rows.pop(key).box.delete()
        for index, (key, view) in enumerate(views.items()):
            self._place(index, key, view)
        self._shown = views
        return True

    def _place(self, index: int, key: Key, view: View) -> None:
        if key not in self._rows:
            with self.box:
                self._rows[key] = self._make()
        row = self._rows[key]
        row.show(view)
        if self.box.default_slot.children.index(row.box) != index:
            row.box.move(target_index=index)


def rebuilding(build: Callable[[View], None]) -> Callable[[], Part[View]]:
    """Rows of elements: on a change the whole row is built anew."""
    return lambda: Part(build)
