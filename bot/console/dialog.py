"""A question over the page. It stays, with what was typed, until it has been carried out or given up."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from bot.store.session import StoreUnavailableError

NOT_STORED = "数据库暂时无法写入，没有保存，请再按一次"


class Question:
    """A dialog with a title, what `body` is filled with, and a button that does it.

    `act` says what keeps it from being done, or None when it is done.
    """

    def __init__(self, title: str, confirm: str, act: Callable[[], Awaitable[str | None]]) -> None:
        self._act = act
        # In the page itself: the part from which it is asked may go while the question stands.
        with ui.context.client.content:
            self._dialog = ui.dialog().props("persistent")
        with self._dialog, ui.element("div").classes("ask ask-wide").props(f'role=group aria-label="{title}"'):
            ui.label(title).classes("ask-title")
            self.body = ui.element("div").classes("ask-body")
            self._problem = ui.label("").classes("ask-problem").props("role=alert")
            with ui.element("div").classes("ask-buttons"):
                back = ui.button("取消", on_click=lambda: self._dialog.submit(False), color=None)
                back.props("flat no-caps").classes("ask-back")
                self._confirm = ui.button(confirm, on_click=self._press, color=None)
                self._confirm.props("unelevated no-caps").classes("ask-name")

    async def answered(self) -> bool:
        """Whether it was carried out."""
        done = await self._dialog
        if not self._dialog.is_deleted:  # the window may have been closed over it
            self._dialog.delete()
        return bool(done)

    async def _press(self) -> None:
        self._confirm.disable()
        try:
            problem = await self._act()
        except StoreUnavailableError:
            problem = NOT_STORED
        finally:
            self._confirm.enable()
        if problem is None:
            self._dialog.submit(True)
        else:
            self._problem.set_text(problem)
