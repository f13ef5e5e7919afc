"""The desk itself: a page to it is delivered when a browser of that officer shows it."""

import asyncio

from bot.clock import Clock
from bot.duty import presence
from bot.duty.channels.base import ChannelError, Message
from bot.store.session import Store, StoreUnavailableError


class DeskChannel:
    """Reaches an officer whose desk was heard from in the last seconds; any other is an officer who is not there."""

    rate = None

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def send(self, message: Message) -> str:
        """Deliver one page; gives whether the desk may make a sound (`presence.Hearing`)."""
        officer = str(message.body["officer"])
        try:
            connected, audible = await asyncio.to_thread(self._look, officer)
        except StoreUnavailableError:
            raise ChannelError("the database does not answer") from None
        if not connected:
            raise ChannelError(f"no desk of {officer} is connected")
        return presence.Hearing.AUDIBLE if audible else presence.Hearing.MUTED

    def _look(self, officer: str) -> tuple[bool, bool]:
        now = self._clock.now()
        with self._store.reading() as session:
            return presence.connected(session, officer, now), presence.audible(session, officer, now)
