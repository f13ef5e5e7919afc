"""A station's rows, put into the database without any engine, so that a test says exactly what is there."""

from datetime import timedelta
from typing import Any

import pytest

from bot.duty.roster import Roster, load_roster
from bot.settings import ROOT
from bot.store.models import Case, Escalation, Message, Page, Reply, Resident
from bot.store.session import Store
from tests.world import FakeClock


class Rows:
    """Writes rows; every moment is so many seconds before the clock's."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self._keys = 0

    def resident(self, pseudonym: str = "R-7K2M9QXA") -> Resident:
        now = self.clock.now()
        row = Resident(openid=f"openid-{pseudonym}", pseudonym=pseudonym, first_seen_at=now)
        return self._add(row)

    def case(
        self, resident: Resident, intent: str, *, ago: float = 60, words: tuple[str, ...] = (), **more: Any
    ) -> Case:
        at = self.clock.now() - timedelta(seconds=ago)
        values = {"label": intent.split("/")[0], "intent": intent, "opened_at": at, "updated_at": at} | more
        evidence = [{"rule": "rule", "words": list(words)}] if words else []
        return self._add(Case(resident_id=resident.id, evidence=evidence, **values))

    def message(self, case: Case, text: str, *, ago: float = 60, kind: str = "text", **payload: Any) -> Message:
        self._keys += 1
        at = self.clock.now() - timedelta(seconds=ago)
        row = Message(
            resident_id=case.resident_id,
            key=f"msg:{self._keys}",
            kind=kind,
            text=text,
            payload=payload,
            received_at=at,
            state="done",
            due_at=at,
            case_id=case.id,
        )
        return self._add(row)

    def reply(self, case: Case, text: str, *, ago: float = 59, state: str = "done", **more: Any) -> Reply:
        at = self.clock.now() - timedelta(seconds=ago)
        common = {"resident_id": case.resident_id, "case_id": case.id, "created_at": at, "due_at": at}
        return self._add(Reply(**common, text=text, state=state, **more))

    def page(self, case: Case, level: int = 0, *, state: str = "done", error: str | None = None) -> Page:
        at = self.clock.now() - timedelta(seconds=50)
        row = Page(
            case_id=case.id,
            level=level,
            officer="值班民警一",
            channel=f"webhook+https://user:secret@pager.example:8443/key?{level}",
            state=state,
            error=error,
            created_at=at,
            due_at=at,
            sent_at=at if state == "done" else None,
        )
        return self._add(row)

    def deadline(self, case: Case, level: int, seconds: float, state: str = "pending") -> Escalation:
        due_at = self.clock.now() + timedelta(seconds=seconds)
        return self._add(Escalation(case_id=case.id, level=level, due_at=due_at, state=state))

    def _add(self, row: Any) -> Any:
        with self.store.transaction() as session:
            session.add(row)
            session.flush()
        return row


@pytest.fixture
def rows(store: Store, clock: FakeClock) -> Rows:
    """Writes rows into a fresh database of each kind."""
    return Rows(store, clock)


@pytest.fixture
def roster() -> Roster:
    """The model station's roster."""
    return load_roster(ROOT / "duty.yml")
