"""A titled list of rows that keep their places."""

from collections.abc import Collection, Iterable, Mapping

from markupsafe import Markup
from nicegui import ui

from bot.console.keyed import Keyed, Piece
from bot.console.markup import box
from bot.console.vigil import counted


class Section:
    """A titled list; `total` counts also what the list has no room for, `first` says which those are that it shows.

    A phone shows it when its tab is chosen (`name`, see `tabs`).
    """

    def __init__(
        self, title: str, *, note: str = "", hide_empty: bool = False, first: str = "最新", name: str = ""
    ) -> None:
        self._text, self._note, self._hide_empty, self._first = title, note, hide_empty, first
        self._box = ui.element("section").classes("quiet-section")
        self._box.props["aria-label"] = title
        if name:
            self._box.props["data-section"] = name
        with self._box:
            self._title = Piece()
            self._list: Keyed[int, Markup] = Keyed(Piece, classes="quiet-list")

    def show(self, items: Iterable[tuple[int, Markup]], total: int | None) -> None:
        """Bring the list up to date."""
        rows = list(items)
        self._title.show(self._head(len(rows), total))
        self._list.show(rows)
        self._box.set_visibility(bool(rows) or not self._hide_empty)

    def _head(self, shown: int, total: int | None) -> Markup:
        title = box(
            "quiet-title",
            box("section-title", self._text),
            box("count", counted(total)) if total else "",
            box("note", self._note) if self._note else "",
        )
        if not shown:
            return title + box("empty", "暂无")
        return title + box("empty", f"只显示{self._first}{shown}件") if total and total > shown else title


def tabs(titles: Mapping[str, str], counts: Mapping[str, int], *, hidden: Collection[str] = ()) -> Markup:
    """On a phone: which of the lists is shown, and how much waits in each. The script does the choosing.

    Tabs of lists that are not there are `hidden`.
    """
    return box(
        "tabs",
        *(_tab(name, title, counts.get(name, 0), name in hidden) for name, title in titles.items()),
        role="group",
        aria_label="列表",
    )


def _tab(name: str, title: str, count: int, hidden: bool) -> Markup:
    number = box("count", counted(count)) if count else ""
    classes = "tab hidden" if hidden else "tab"
    return box(classes, box("", title), number, name="button", type="button", data_tab=name, aria_pressed="false")
