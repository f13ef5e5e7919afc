"""Requests of the platform that wait for the passive reply of a message."""

import asyncio
import contextlib
from collections.abc import Iterator

from bot.store.models import MessageId
from bot.wechat.outbound import Content


class WaitingRoom:
    """Who waits in this process: the first request of a message and its overlapping repetitions, all for one answer."""

    def __init__(self) -> None:
        self._waiting: dict[MessageId, list[asyncio.Future[Content | None]]] = {}

    def anyone_for(self, message_id: MessageId) -> bool:
        """Whether a request still waits. Safe from other threads: it only looks."""
        return bool(self._waiting.get(message_id))

    def answer(self, message_id: MessageId, content: Content | None) -> bool:
        """Give every waiting request the passive reply (None: there is none for it); whether anyone still waited."""
        waiting = [future for future in self._waiting.get(message_id, ()) if not future.done()]
        for future in waiting:
            future.set_result(content)
        return bool(waiting)

    @contextlib.contextmanager
    def wait_for(self, message_id: MessageId) -> Iterator[asyncio.Future[Content | None]]:
        """Wait inside the block; leaving it means that a passive reply would come too late."""
        future: asyncio.Future[Content | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(message_id, []).append(future)
        try:
            yield future
        finally:
            self._waiting[message_id].remove(future)
            if not self._waiting[message_id]:
                del self._waiting[message_id]
