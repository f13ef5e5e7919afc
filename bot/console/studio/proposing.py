"""How a studio's page changes the data: it proposes, and shows what becomes of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from bot.console.dialog import NOT_STORED
from bot.console.officer import identify
from bot.console.services import Services
from bot.store.models import DataChange, WorkState
from bot.store.session import StoreUnavailableError
from bot.studio import changes
from bot.studio.changes import ChangeError

_LOOK_SECONDS, _SLOW_LOOKS = 1.0, 15
_LIVE = frozenset({"edit_answer", "edit_local_fact", "edit_topic"})
_SAID = {
    WorkState.PENDING: ("已提交，等待写入…", "waiting"),
    changes.UNAPPROVED: ("已提交，等另一位训练员或所领导同意", "waiting"),
    WorkState.DONE: ("已写入", "done"),
    WorkState.CANCELLED: ("已作废", "failed"),
}


async def propose(services: Services, kind: str, payload: Mapping[str, Any], *, why: str) -> int | str | None:
    """Propose a change in the name of whoever sits here: its number, or why not; None when they may not (any more)."""
    made = await propose_all(services, kind, [payload], why=why)
    return made[0] if isinstance(made, list) else made


async def propose_all(
    services: Services, kind: str, payloads: Sequence[Mapping[str, Any]], *, why: str
) -> list[int] | str | None:
    """Propose several changes of a kind, all or none: their numbers, or why not; as `propose`."""
    name = await identify(services, "train")
    if name is None:
        return None

    def store() -> list[int]:
        return proposed(services, kind, payloads, by=name, why=why)

    try:
        return await asyncio.to_thread(store)
    except ChangeError as error:
        return str(error)
    except StoreUnavailableError:
        return NOT_STORED


def proposed(services: Services, kind: str, payloads: Sequence[Mapping[str, Any]], *, by: str, why: str) -> list[int]:
    """Store changes in one transaction. Raises ChangeError, of several with the text that it is about."""
    now, two, numbers = services.clock.now(), services.settings.studio_second_for_urgent, []
    with changes.deciding(services.store) as session:
        for payload in payloads:
            try:
                change = changes.propose(session, kind, payload, by=by, why=why, now=now, two_for_urgent=two)
            except ChangeError as error:
                named = f"“{payload['text']}”：" if len(payloads) > 1 else ""
                raise ChangeError(f"{named}{error}") from None
            numbers.append(change.id)
    return numbers


class Fate:
    """A line that says what became of a change, kept up to date until it is made or has failed."""

    def __init__(self, services: Services, *, made: Callable[[], None] | None = None) -> None:
        self._services, self._made = services, made
        self._label = ui.label("").classes("fate").props("role=status")
        self._label.set_visibility(False)

    def say(self, text: str, kind: str) -> None:
        """Show a text: "waiting", "done" or "failed"."""
        self._label.set_text(text)
        self._label.classes(replace=f"fate fate-{kind}")
        self._label.set_visibility(True)

    def follow(self, result: int | str | None) -> bool:
        """Show what `propose` gave, and follow the change; whether there is one."""
        if result is None:
            return False
        if isinstance(result, str):
            self.say(result, "failed")
            return False
        self.say(*_SAID[WorkState.PENDING])
        looks = 0

        async def look() -> None:
            nonlocal looks
            looks += 1
            try:
                change = await asyncio.to_thread(self._read, result)
            except StoreUnavailableError:
                return  # the page itself says so
            self._show(change, slow=looks > _SLOW_LOOKS)
            if change.state != WorkState.PENDING:
                timer.cancel()

        with self._label.parent_slot or ui.context.client.content:
            timer = ui.timer(_LOOK_SECONDS, look)
        return True

    def _read(self, number: int) -> DataChange:
        with self._services.store.reading() as session:
            return session.get_one(DataChange, number)

    def _show(self, change: DataChange, *, slow: bool) -> None:
        if change.state == WorkState.FAILED:
            self.say(f"没有写入：{change.error}", "failed")
            return
        text, kind = _SAID[WorkState(change.state) if change.state != changes.UNAPPROVED else changes.UNAPPROVED]
        if change.state == WorkState.PENDING and (slow or change.error):
            text = change.error or "已提交，还没写入：训练进程可能没有运行，请找技术人员；修改不会丢"
        if change.state == WorkState.DONE and change.kind in _LIVE:
            text = "已生效：居民现在问到的就是新的"
        self.say(text, kind)
        if change.state == WorkState.DONE and self._made:
            self._made()


def intent_choices(titles: Mapping[str, str]) -> dict[str, str]:
    """Intents for a list to choose from: by name, with their titles."""
    return {intent: f"{title} · {intent}" for intent, title in titles.items()}
