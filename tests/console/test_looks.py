"""Looks at personal data stand in the log, once in a while, also after the log could not be written."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.console.looks import ONE_LOOK, Looks
from bot.store.models import AuditEntry, CaseId
from bot.store.session import Store, StoreUnavailableError
from tests.world import FakeClock


def looks_of(store: Store) -> list[tuple[str, str, int | None, str]]:
    with store.reading() as session:
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.actor, entry.action, entry.case_id, entry.subject) for entry in entries]


def test_that_what_is_opened_again_and_again_is_one_look_for_a_while(store: Store, clock: FakeClock) -> None:
    looks = Looks(store, clock)
    for officer in ("甲", "甲", "乙", None):
        looks.note_once(officer, case_id=CaseId(1), subject="ack")
    first = [("甲", "view", 1, "ack"), ("乙", "view", 1, "ack"), ("？", "view", 1, "ack")]
    assert looks_of(store) == first
    clock.advance(seconds=ONE_LOOK.total_seconds())
    looks.note_once("甲", case_id=CaseId(1), subject="ack")
    assert looks_of(store) == [*first, first[0]]


def test_that_a_look_that_could_not_be_written_is_written_at_the_next(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def away() -> Iterator[Session]:
        raise StoreUnavailableError("away")
        yield

    looks = Looks(store, clock)
    with monkeypatch.context() as patched:
        patched.setattr(store, "transaction", away)
        looks.note_once("甲", subject="roster")
    assert looks_of(store) == []
    for _ in range(2):
        looks.note_once("甲", subject="roster")
    assert looks_of(store) == [("甲", "view", None, "roster")]
