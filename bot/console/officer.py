"""Who sits at this browser: the one who has signed in, and taking a case in that name."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from nicegui import ui

from bot.console.door import PASSWORD, SIGN_IN, SIGN_OUT, look, visitor
from bot.console.services import Services
from bot.duty import access
from bot.duty.access import Actor, may
from bot.duty.handling import CaseError, acknowledge
from bot.store.models import Case, CaseId
from bot.store.session import StoreUnavailableError

log = structlog.get_logger()

_ACCOUNT_PAGES = (("/audit", "审计日志", "read_audit"), ("/accounts", "账号管理", "manage_accounts"))
_LOOK_AGAIN_SECONDS = 10.0


def actor() -> Actor | None:
    """Who has opened this page; None on a page that is open to everybody."""
    signed_in = visitor(ui.context.client.request)
    return signed_in.actor if signed_in else None


def current(_services: Services) -> str | None:
    """The name of whoever has opened this page; None when nobody has signed in."""
    found = actor()
    return found.name if found else None


async def identify(services: Services, right: str = "act_on_cases") -> str | None:
    """The name in which something is to be done; None, and the page says why, for whoever may not (any more)."""
    opened_by = visitor(ui.context.client.request)
    try:
        now_in = await asyncio.to_thread(look, services, opened_by.token_hash) if opened_by else None
    except StoreUnavailableError:
        now_in = opened_by  # what is to be done will not be stored either, and says so
    if now_in is None:
        ui.notify("登录已失效，请重新登录", type="warning")
        ui.navigate.to(SIGN_IN)
        return None
    if not may(now_in.actor, right):
        ui.notify(access.missing(now_in.actor, right), type="warning")
        return None
    return now_in.actor.name


def keep_draft(field: ui.textarea, services: Services, what: str) -> None:
    """Let this officer's browser keep what is typed here until it is sent, should the page have to be loaded again."""
    field.props["data-draft"] = f"{what} {current(services)}"


async def viewed(
    services: Services, *, case_id: CaseId | None = None, subject: str = "", again_and_again: bool = False
) -> None:
    """Write down that this page shows personal data; `again_and_again`: now and then."""
    note = services.looks.note_once if again_and_again else services.looks.note
    await asyncio.to_thread(note, current(services), case_id=case_id, subject=subject)


def build_who(services: Services) -> None:
    """Who has signed in, with what belongs to the account; a page whose sign-in has ended shows nothing any more."""
    client = ui.context.client
    opened_by = visitor(client.request)
    if opened_by is None:
        ui.link("登录", SIGN_IN).classes("nav-link")
        return
    with ui.element("details").classes("who-box"):
        with ui.element("summary").props('aria-label="我的账号"'):
            ui.label(opened_by.actor.name).classes("who-name")
            ui.label(opened_by.actor.title).classes("who-role")
        with ui.element("div").classes("who-menu"):
            for path, title, right in _ACCOUNT_PAGES:
                if may(opened_by.actor, right):
                    ui.link(title, path)
            ui.link("修改口令", PASSWORD)
            with ui.element("form").props(f"method=post action={SIGN_OUT}"), ui.element("button").props("type=submit"):
                ui.label("退出")

    async def look_again() -> None:
        try:
            now_in = await asyncio.to_thread(look, services, opened_by.token_hash)
        except StoreUnavailableError:
            return  # the page itself says so
        if now_in is None or now_in.actor != opened_by.actor:
            with client:
                client.content.clear()  # with the timers, so that nothing reaches this browser any more
                ui.navigate.to(SIGN_IN)

    ui.timer(_LOOK_AGAIN_SECONDS, look_again)


class AcknowledgeButton:
    """Takes a case, in the name of whoever has signed in."""

    def __init__(
        self, services: Services, case_id: CaseId, done: Callable[[], Awaitable[None]], *, title: str = "确认接警"
    ) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        self._button = ui.button(title, on_click=self._press, color=None)
        self._button.props("unelevated no-caps data-guarded data-key=ack").classes("acknowledge")

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
