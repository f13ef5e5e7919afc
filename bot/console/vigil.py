"""What every page of the console keeps watch over: alarms that nobody has acknowledged, and its own connection.

The script (`static/vigil.js`) sounds, speaks and notifies; here are its data, the bar at the top, and the desk's
presence, which is noted only when the browser itself has answered.
"""

import asyncio
import json

import structlog
from markupsafe import Markup
from nicegui import events, ui

from bot.console.keyed import Piece
from bot.console.markup import box, countdown
from bot.console.officer import current
from bot.console.queries import COUNTED, Call, Calls
from bot.console.services import CALLS_POLL_SECONDS, Services, milliseconds
from bot.duty import presence
from bot.store.session import StoreUnavailableError

log = structlog.get_logger()
AGAIN = "确认后无处置，重新提醒"
_MUTED = Markup(
    '<button type="button" id="muted" data-unmute hidden>'
    "<strong>声音未开：有警情时本机不会响</strong><span>点这里开启</span></button>"
)


class Vigil:
    """One page's watch. Build it where its bar is to stand; `desk`: the page shows the alarms themselves."""

    def __init__(self, services: Services, *, desk: bool) -> None:
        self._services, self._desk = services, desk
        self._client = ui.context.client.id
        Piece(_MUTED, classes="muted-box")
        self._state = ui.element("div").props("id=vigil data-count=0 hidden")
        self._bar = Piece(classes="alarm-bar-over" if desk else "alarm-bar-box")
        self._bar.props["role"] = "alert"
        ui.on("fujin-alive", self._alive)
        ui.context.client.on_disconnect(self._gone)
        ui.timer(CALLS_POLL_SECONDS, self._refresh)

    async def _refresh(self) -> None:
        try:
            calls = await self._services.calls.latest()
        except StoreUnavailableError:
            return  # the alarms that were there go on sounding; the page itself says what is wrong
        told = json.dumps([_told(call) for call in calls.calls], ensure_ascii=False)
        if self._state.props.get("data-calls") != told or self._state.props.get("data-count") != calls.count:
            with self._state.props.suspend_updates():
                self._state.props["data-count"] = calls.count
            self._state.props["data-calls"] = told
        self._bar.show(_bar(calls, "#alarms" if self._desk else "/"))

    async def _alive(self, event: events.GenericEventArguments) -> None:
        """The browser has answered: the desk is there, and the browser hears that we are."""
        officer = current(self._services)
        if officer is not None:
            audible = bool(event.args.get("audible"))
            try:
                await asyncio.to_thread(self._seen, officer, audible)
            except StoreUnavailableError as error:
                log.error("desk.presence", reason=str(error))
        if not self._state.is_deleted:
            self._state.props["data-heard"] = str(event.args.get("beat"))

    def _seen(self, officer: str, audible: bool) -> None:
        with self._services.store.transaction() as session:
            presence.seen(session, self._client, officer, audible=audible, now=self._services.clock.now())

    async def _gone(self) -> None:
        def leave() -> None:
            with self._services.store.transaction() as session:
                presence.gone(session, self._client)

        try:
            await asyncio.to_thread(leave)
        except StoreUnavailableError as error:
            log.error("desk.presence", reason=str(error))  # it is old news in a few seconds


def _bar(calls: Calls, leads_to: str) -> Markup:
    if not calls.count:
        return Markup()
    first = calls.calls[0]
    number = box("alarm-bar-count", f"{counted(calls.count)}起警情待确认")
    kind = box("alarm-bar-kind", f"{'【静默】' if first.silent else ''}{first.title}")
    told = [number, kind]
    if first.next_page:
        told += [countdown(first.next_page.due_at), box("alarm-bar-next", f"后提醒 {first.next_page.officer}")]
    return box("alarm-bar", *told, name="a", href=leads_to, data_alarm_bar="")


def counted(number: int) -> str:
    """A number of which nothing above `COUNTED` was counted."""
    return str(number) if number < COUNTED else f"{COUNTED - 1}+"


def spoken(call: Call) -> str:
    """What a desk says aloud, and a notification shows: the kind, how quiet, which case, who is next."""
    parts = ["紧急警情", call.title, f"案件{call.case_id}"]
    if call.silent:
        parts[1:1] = ["静默", "不要回拨电话"]
    if call.again:
        parts.append(AGAIN)
    if call.next_page:
        parts.append(f"下一个提醒{call.next_page.officer}")
    return "，".join(parts) + "。"


def _told(call: Call) -> dict[str, str | int]:
    due = milliseconds(call.next_page.due_at) if call.next_page else 0
    return {"id": call.case_id, "title": call.title, "say": spoken(call), "due": due}
