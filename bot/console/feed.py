"""One reading of the database for all open pages together."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

View = TypeVar("View")


class Feed(Generic[View]):
    """What `read` gives, at most one reading at a time, and none while nobody looks."""

    def __init__(self, read: Callable[[], View], seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._lock = asyncio.Lock()
        self._last: tuple[float, View] | None = None

    async def latest(self, *, fresh: bool = False, within: float | None = None) -> View:
        """The view as it was less than `seconds` ago, or `within` so many; `fresh` reads it now.

        Raises:
            StoreUnavailableError: the database is away.
        """
        age = self._seconds * 0.8 if within is None else within
        async with self._lock:
            if self._last is None or fresh or time.monotonic() - self._last[0] > age:
                self._last = (time.monotonic(), await asyncio.to_thread(self._read))
            return self._last[1]
