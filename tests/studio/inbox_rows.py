"""A station's messages as the inbox meets them, and a model that says what the test wants."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.duty.case import is_tip
from bot.nlu.triage import Evidence, Triage
from bot.store.models import Case, DataChange, Message, Reply, Resident, ReviewItem
from bot.store.session import Store
from bot.studio import inbox
from bot.studio.reading import Reading
from tests.world import FakeClock

SURE = Reading(
    label="enquiry",
    intent="enquiry/idcard_lost",
    confidence=0.99,
    source="model",
    uncertain=False,
    model_label="enquiry",
    model_intent="enquiry/idcard_lost",
    labels={"enquiry": 0.99, "other": 0.01},
    ranking=(("enquiry/idcard_lost", 0.9), ("enquiry/idcard_renew", 0.05)),
    nearest=0.9,
    milliseconds=5.0,
)
DOUBTFUL = replace(
    SURE,
    labels={"enquiry": 0.5, "help_request": 0.45},
    ranking=(("enquiry/idcard_lost", 0.4), ("help_request/lost_item", 0.38)),
)


class ScriptedReader:
    """Reads as the test says; everything else surely."""

    model = "fujin-scripted"

    def __init__(self) -> None:
        self.readings: dict[str, Reading] = {}
        self.read_texts: list[str] = []

    def read(self, texts: Iterable[str]) -> Iterator[Reading | None]:
        for text in texts:
            self.read_texts.append(text)
            yield self.readings.get(text, SURE)


class Inbox:
    """Messages of residents that have been handled, and the inbox over them."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock, self.reader = store, clock, ScriptedReader()
        self._numbers = itertools.count(1)

    def resident(self, name: str = "A") -> int:
        with self.store.transaction() as session:
            known = session.scalars(sa.select(Resident).where(Resident.openid == f"openid-{name}")).one_or_none()
            if known:
                return known.id
            row = Resident(openid=f"openid-{name}", pseudonym=f"R-{name}", first_seen_at=self.clock.now())
            session.add(row)
            session.flush()
            return row.id

    def hear(
        self,
        text: str,
        intent: str = "enquiry/idcard_lost",
        *,
        who: str = "A",
        reply: str = "答复",
        reading: Reading | None = None,
        case: Case | None = None,
        **more: Any,
    ) -> int:
        """A message that was handled; the clock goes on until it is looked at."""
        resident, at = self.resident(who), self.clock.now()
        evidence = (Evidence("one_tap", ()),) if more.pop("tapped", False) else ()
        flags = {name: more.pop(name) for name in ("uncertain", "source") if name in more}
        triage = Triage(intent.partition("/")[0], 0.9, intent, evidence, **flags)
        values = {"kind": "text", "read_by_model": True, "triage": triage.to_json(), "state": "done"} | more
        if reading:
            self.reader.readings[text] = reading
        with self.store.transaction() as session:
            row = Message(
                resident_id=resident,
                key=f"msg:{next(self._numbers)}",
                text=text,
                received_at=at,
                due_at=at,
                case_id=case.id if case else None,
                **values,
            )
            session.add(row)
            session.flush()
            if reply:
                done = {"state": "done", "created_at": at, "due_at": at}
                session.add(Reply(resident_id=resident, message_id=row.id, text=reply, **done))
            number = row.id
        self.clock.advance(seconds=30)
        return number

    def case(self, intent: str, **more: Any) -> Case:
        now = self.clock.now()
        values = {"label": intent.partition("/")[0], "intent": intent, "opened_at": now, "updated_at": now} | more
        values = {"confidential": is_tip(values["label"], intent)} | values
        resident = self.resident()
        with self.store.transaction() as session:
            row = Case(resident_id=resident, **values)
            session.add(row)
        return row

    def fill(self) -> int:
        return inbox.fill(self.store, self.reader, now=self.clock.now())

    def items(self) -> list[ReviewItem]:
        with self.store.reading() as session:
            return list(session.scalars(sa.select(ReviewItem).order_by(ReviewItem.score.desc(), ReviewItem.id)))

    def doubtful(self, text: str, **more: Any) -> ReviewItem:
        """An item that waits in the inbox."""
        number = self.hear(text, reading=more.pop("reading", DOUBTFUL), **more)
        self.fill()
        return next(item for item in self.items() if item.message_id == number)

    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        with self.store.reading() as session:
            return [(one.kind, one.payload) for one in session.scalars(sa.select(DataChange).order_by(DataChange.id))]

    def later(self, **delta: float) -> None:
        self.clock.advance(seconds=timedelta(**delta).total_seconds())
