"""Who sits at this browser, and taking a case in that name."""

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import app, ui

from bot.console.services import Services
from bot.duty.case import CaseError, acknowledge
from bot.store.models import Case, CaseId
from bot.store.session import StoreUnavailableError

_KEY = "officer"


def current(services: Services) -> str | None:
    """The officer chosen in this browser; None when nobody is, or the roster does not know the name any more."""
    name = app.storage.user.get(_KEY)
    return str(name) if name in _names(services) else None


def officer_selector(services: Services) -> None:
    """Choose who sits here; the browser's session remembers it."""

    user = app.storage.user  # taken here: a change that comes from another window knows of no page

    def choose(name: str | None) -> None:
        user[_KEY] = name

    selector = ui.select(_names(services), value=current(services), label="值班民警")
    selector.on_value_change(lambda event: choose(event.value))
    selector.props('dense outlined dark options-dense behavior=menu aria-label="值班民警"').classes("officer")
    selector.bind_value_from(user, _KEY, backward=lambda name: name if name in _names(services) else None)


async def identify(services: Services) -> str | None:
    """The officer at this browser, asked for if need be; None when the question is left unanswered."""
    name = current(services) or await _ask(services)
    if name is not None:
        app.storage.user[_KEY] = name
    return name


class AcknowledgeButton:
    """Takes a case. Whoever has not said who he is, is asked first."""

    def __init__(
        self, services: Services, case_id: CaseId, done: Callable[[], Awaitable[None]], *, title: str = "确认接警"
    ) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        self._button = ui.button(title, on_click=self._press, color=None)
        self._button.props("unelevated no-caps data-guarded").classes("acknowledge")

    def entitle(self, title: str) -> None:
        """Change what stands on the button: a request may become an alarm while it is looked at."""
        self._button.set_text(title)

    async def _press(self) -> None:
        name = await identify(self._services)
        if name is None:
            return
        self._button.disable()
        try:
            case = await asyncio.to_thread(self._take, name)
        except StoreUnavailableError:
            ui.notify("数据库暂时无法写入，没有确认成功，请再按一次", type="negative")
        except CaseError:
            ui.notify("这个案件已经结束，不能再确认", type="warning")
        else:
            if case.acknowledged_by != name:
                ui.notify(f"案件{case.id}已由{case.acknowledged_by}确认", type="info")
            await self._done()
        finally:
            # Acknowledging may have removed the card, and with it this button.
            if not self._button.is_deleted:
                self._button.enable()

    def _take(self, name: str) -> Case:
        with self._services.store.transaction() as session:
            return acknowledge(session, self._case_id, officer=name, now=self._services.clock.now())


async def _ask(services: Services) -> str | None:
    # In the page itself, not in the card: the card may go while the question stands.
    with ui.context.client.content, ui.dialog() as dialog, ui.element("div").classes("ask"):
        ui.label("请选择您的姓名").classes("ask-title")
        ui.label("确认后以这个名字记录，本机以后不再询问；可在右上角更换。").classes("ask-hint")
        for name in _names(services):
            answer = ui.button(name, on_click=lambda name=name: dialog.submit(name), color=None)
            answer.props("unelevated no-caps").classes("ask-name")
    chosen = await dialog
    dialog.delete()
    return str(chosen) if chosen else None


def _names(services: Services) -> list[str]:
    return [officer.name for officer in services.roster_file.current().officers]
