"""Trainers' files that are read anew when they change: a broken edit keeps the last good state, and is logged."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0
T = TypeVar("T")


class TrainersFileError(Exception):
    """A file of `nlu_data/` that cannot be used; the text names it and says how to mend it."""


class LiveFile(Generic[T]):
    """What `load` makes of some files. The first load raises what is wrong; a later one keeps what was good."""

    def __init__(self, load: Callable[[], T], files: Callable[[], Iterable[Path]]) -> None:
        self._load, self._files = load, files
        self._state = self._stamp()
        self._value = load()
        self._looked_at = time.monotonic()
        self.problem: str | None = None

    def current(self) -> T:
        """The value now; the files are looked at once a second at most."""
        if time.monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            self._refresh()
        return self._value

    def _refresh(self) -> None:
        state = self._stamp()
        if state == self._state:
            return
        self._state = state
        try:
            self._value, self.problem = self._load(), None
        except TrainersFileError as error:
            self.problem = str(error)
            logger.error("An edit was not taken: %s", error)

    def _stamp(self) -> frozenset[tuple[str, int, int]]:
        stamps = set()
        for path in self._files():
            try:
                state = path.stat()
            except FileNotFoundError:
                continue  # deleted since it was listed
            stamps.add((str(path), state.st_mtime_ns, state.st_size))
        return frozenset(stamps)
