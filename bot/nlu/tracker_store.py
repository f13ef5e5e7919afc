"""Rasa's SQL tracker store, at a cost per message that does not grow with the conversation.

The stock store reads, parses and replays every event of a conversation for every message, and counts them again
to save. This one keeps the trackers it has just saved, asks the database only whether another process has added
events meanwhile, writes only the new ones, and lets an old conversation's beginning rest in the database.
"""

from __future__ import annotations

import copy
import json
from collections import OrderedDict
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, create_engine_kwargs
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import INTENT_NAME_KEY

KEPT_TRACKERS = 2000
"""Conversations held in memory; each is a few tens of kilobytes at most."""
LONG_CONVERSATION = 160
"""Events from which a conversation without an open form is shortened in memory."""
KEPT_MESSAGES = 12
"""Messages that stay when it is: as many as a new one may stand on (`Conversation.earlier_messages`)."""


class FujinTrackerStore(SQLTrackerStore):
    """Use it in an endpoints file: `tracker_store: {type: bot.nlu.tracker_store.FujinTrackerStore, url: sqlite:///…}`.

    `url` is any SQLAlchemy URL; several Rasa processes may share one database.
    """

    engine: sa.engine.Engine

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        """`host` is the endpoint's `url`; without one a file `rasa.db` is used, as Rasa does."""
        super().__init__(domain=domain, host=host, event_broker=event_broker, **kwargs)
        self.engine = _for_the_station(self.engine)
        self.sessionmaker.configure(bind=self.engine)
        self._kept: OrderedDict[str, tuple[int, DialogueStateTracker]] = OrderedDict()
        table = self.SQLEvent.__table__
        sender = table.c.sender_id == sa.bindparam("sender")
        self._insert = table.insert()
        self._last_id = sa.select(sa.func.max(table.c.id)).where(sender)

    def twin(self) -> FujinTrackerStore:
        """A store of the same conversations over the same connections, for a model with a domain of its own.

        It keeps no trackers yet: a kept one has the slots of the domain that it was made with.
        """
        store = copy.copy(self)
        store._kept = OrderedDict()
        return store

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The conversation since its last session began; the kept one when nobody else has added to it."""
        last = self._last_stored(sender_id)
        kept = self._kept.pop(sender_id, None)
        if last is None:
            return None
        tracker = kept[1] if kept is not None and kept[0] == last and not _unsaved(kept[1]) else None
        if tracker is None:
            tracker = await super().retrieve(sender_id)
            if tracker is None:
                return None
            tracker.stored_events = len(tracker.events)
        tracker = self._shortened(tracker)
        self._keep(last, tracker)
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the events that the database does not have yet."""
        stored = getattr(tracker, "stored_events", None)
        if stored is None and self._last_stored(tracker.sender_id) is not None:
            await super().save(tracker)
            self._kept.pop(tracker.sender_id, None)
            return
        await self.stream_events(tracker)
        rows = [_row(tracker.sender_id, event) for event in list(tracker.events)[stored or 0 :]]
        last = self._write(rows) if rows else self._last_stored(tracker.sender_id)
        tracker.stored_events = len(tracker.events)
        if last is not None:
            self._keep(last, tracker)

    def _keep(self, last: int, tracker: DialogueStateTracker) -> None:
        self._kept[tracker.sender_id] = (last, tracker)
        while len(self._kept) > KEPT_TRACKERS:
            self._kept.popitem(last=False)

    def _write(self, rows: list[dict[str, Any]]) -> int:
        """Insert in one transaction; the id of the last row."""
        with self.engine.begin() as connection:
            if len(rows) > 1:
                connection.execute(self._insert, rows[:-1])
            (last,) = connection.execute(self._insert, rows[-1]).inserted_primary_key or (0,)
            return int(last)

    def _last_stored(self, sender_id: str) -> int | None:
        with self.engine.connect() as connection:
            last = connection.execute(self._last_id, {"sender": sender_id}).scalar()
        return None if last is None else int(last)

    def _shortened(self, tracker: DialogueStateTracker) -> DialogueStateTracker:
        """A long conversation as if it had begun a few messages ago with its slots already filled."""
        events = list(tracker.events)
        if len(events) <= LONG_CONVERSATION or tracker.active_loop is not None:
            return tracker
        starts = [place for place, event in enumerate(events) if isinstance(event, UserUttered)][-KEPT_MESSAGES:]
        if not starts:
            return tracker
        filled = [SlotSet(name, slot.value) for name, slot in tracker.slots.items() if slot.has_been_set]
        opening: list[Event] = [
            ActionExecuted(ACTION_SESSION_START_NAME, timestamp=events[0].timestamp),
            SessionStarted(timestamp=events[0].timestamp),
            *filled,
            ActionExecuted(ACTION_LISTEN_NAME, timestamp=events[0].timestamp),
        ]
        short = DialogueStateTracker.from_events(
            tracker.sender_id, [*opening, *events[starts[0] :]], self.domain.slots, domain=self.domain
        )
        short.stored_events = len(short.events)
        return short


def _unsaved(tracker: DialogueStateTracker) -> bool:
    """Whether somebody who was given this tracker added events and failed before they were saved."""
    return len(tracker.events) != getattr(tracker, "stored_events", None)


def _for_the_station(engine: sa.engine.Engine) -> sa.engine.Engine:
    """The same database; errors do not quote residents.

    SQLite's file is opened once: Rasa serves all messages on one thread, and each closing would tidy the file.
    Elsewhere a connection is tried before use, so that a restart of the database costs no message.
    """
    url = engine.url
    engine.dispose()
    if engine.dialect.name != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True, hide_parameters=True, **create_engine_kwargs(url))
    engine = sa.create_engine(
        url, poolclass=sa.pool.StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
    )
    sa.event.listen(engine, "connect", _write_ahead)
    return engine


def _write_ahead(connection: Any, _record: Any) -> None:
    """SQLite: readers do not wait for the writer, and one fsync per checkpoint instead of two per message."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    data = event.as_dict()
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": data.get("parse_data", {}).get("intent", {}).get(INTENT_NAME_KEY),
        "action_name": data.get("name"),
        "data": json.dumps(data, ensure_ascii=False),
    }
