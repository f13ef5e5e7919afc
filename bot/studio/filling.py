"""Keeps the inbox filled while the trainer process lives, with the live model as the reader."""

from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.nlu import pointer
from bot.settings import Settings
from bot.store.session import Store
from bot.studio import inbox
from bot.studio.reading import LoadedReader, ReadingError

log = structlog.get_logger()

IDLE = timedelta(minutes=10)
"""After so long without a new message the reading process, which takes a gigabyte, is ended until the next one."""


class Filling:
    """Reads what has come with a process that is started when it is needed."""

    def __init__(self, store: Store, settings: Settings, models: Path) -> None:
        self._store, self._settings, self._models = store, settings, models
        self._reader = LoadedReader()
        self._needed_at: datetime | None = None

    def look(self, now: datetime) -> int:
        """Take in what has come; how many items are new. While the model loads, everything waits.

        Raises:
            DutyError: the model cannot be read with; it is tried again after a while.
        """
        with self._store.reading() as session:
            waits = inbox.waits(session, now=now)
        if not waits:
            inbox.age(self._store, now=now)
            if self._needed_at and now - self._needed_at > IDLE:
                self.let_go()
            return 0
        self._needed_at = now
        live = pointer.pointed(self._models)
        if live is None:
            return 0
        reader = self._reader.of(pointer.file_of(self._models, live.name), self._settings, now, live.sha256)
        if reader is None:
            return 0
        try:
            return inbox.fill(self._store, reader, now=now)
        except ReadingError as error:
            log.warning("inbox.reader_ended", reason=str(error))
            self._reader.gave_up(error)
            return 0

    def let_go(self) -> None:
        """End the reading process: there is nothing to read, or somebody else reads from now on."""
        self._needed_at = None
        self._reader.close()
