"""Who sits at this browser: the one who has signed in, and taking a case in that name."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from markupsafe import Markup
from nicegui import ui

from bot.console.door import PASSWORD, SIGN_IN, SIGN_OUT, look, visitor
from bot.console.keyed import Piece
from bot.console.markup import box
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
        Piece(box("nav-link", "登录", name="a", href=SIGN_IN), classes="pieces")
        return
    Piece(_who(opened_by.actor), classes="pieces")

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


def _who(who: Actor) -> Markup:
    summary = box(
        "who-summary", box("who-name", who.name), box("who-role", who.title), name="summary", aria_label="我的账号"
    )
    links = [box("who-link", title, name="a", href=path) for path, title, right in _ACCOUNT_PAGES if may(who, right)]
    links.append(box("who-link", "修改口令", name="a", href=PASSWORD))
    out = box("who-out", box("", "退出", name="button", type="submit"), name="form", method="post", action=SIGN_OUT)
    return box("who-box", summary, box("who-menu", *links, out), name="details")


class AcknowledgeButton:
    """Takes a case, in the name of whoever has signed in."""

    def __init__(self, services: Services, case_id: CaseId, done: Callable[[], Awaitable[None]]) -> None:
        self._services, self._case_id, self._done = services, case_id, done
        self._button = ui.button(on_click=self._press, color=None)
        self._button.props("unelevated no-caps data-guarded data-key=ack").classes("acknowledge")

    def entitle(self, title: str) -> None:
        """Change what stands on the button: a request may become an alarm while it is looked at."""
        self._button.set_text(title)

    async def _press(self) -> None:
        self._button.disable()
        try:
            await take(self._services, self._case_id, self._done)
        finally:
            # Acknowledging may have removed the card, and with it this button.
            if not self._button.is_deleted:
                self._button.enable()


async def take(services: Services, case_id: CaseId, done: Callable[[], Awaitable[None]]) -> None:
    """Acknowledge a case in the name of whoever has signed in, and then `done`; or the page says why not."""
    name = await identify(services)
    if name is None:
        return

    def store() -> Case:
        with services.store.transaction() as session:
            return acknowledge(session, case_id, officer=name, now=services.clock.now())

    try:
        case = await asyncio.to_thread(store)
    except StoreUnavailableError:
        ui.notify("数据库暂时无法写入，没有确认成功，请再按一次", type="negative")
    except CaseError:
        ui.notify("这个案件已经结束，不能再确认", type="warning")
    else:
        if case.acknowledged_by != name:
            ui.notify(f"案件{case.id}已由{case.acknowledged_by}确认", type="info")
        await done()
