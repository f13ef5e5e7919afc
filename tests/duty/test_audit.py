"""The log tells what was done, in order, and shows when somebody has laid hands on it."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.duty import audit
from bot.duty.audit import Breach, Filter, Verification
from bot.store.models import AuditEntry, CaseId
from bot.store.session import Store, StoreUnavailableError
from tests.tampering import tampering
from tests.world import FakeClock


def write(store: Store, clock: FakeClock, *actions: str, actor: str = "甲", case: int | None = None) -> None:
    for action in actions:
        with store.transaction() as session:
            audit.record(session, actor, action, now=clock.now(), case_id=case and CaseId(case), detail={"word": "好"})


def breach(store: Store) -> Breach | None:
    with store.reading() as session:
        return audit.verify(session)


def test_that_an_untouched_log_holds(store: Store, clock: FakeClock) -> None:
    assert breach(store) is None
    write(store, clock, "view", "reply", "close")
    assert breach(store) is None


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (sa.update(AuditEntry).where(AuditEntry.id == 2).values(actor="乙"), Breach(2, "changed")),
        (sa.update(AuditEntry).where(AuditEntry.id == 2).values(detail={}), Breach(2, "changed")),
        (sa.delete(AuditEntry).where(AuditEntry.id == 2), Breach(2, "missing")),
        (sa.delete(AuditEntry).where(AuditEntry.id == 1), Breach(1, "missing")),
    ],
)
def test_that_a_changed_or_missing_entry_shows(
    store: Store, clock: FakeClock, harm: sa.Update | sa.Delete, expected: Breach
) -> None:
    write(store, clock, "view", "reply", "close")
    with tampering(store) as session:
        session.execute(harm)
    assert breach(store) == expected


def test_that_an_entry_that_was_written_over_with_a_hash_of_its_own_breaks_the_next(
    store: Store, clock: FakeClock
) -> None:
    write(store, clock, "view", "reply", "close")
    with tampering(store) as session:
        forged = session.get_one(AuditEntry, 2)
        forged.actor = "乙"
        forged.hash = audit._hash(forged)
    assert breach(store) == Breach(3, "not chained to the entry before")


def test_that_entries_cut_off_at_the_end_show_by_the_head_that_was_kept(store: Store, clock: FakeClock) -> None:
    write(store, clock, "view", "reply")
    with store.reading() as session:
        number, hashed = audit.head(session)
    assert number == 2
    with tampering(store) as session:
        session.execute(sa.delete(AuditEntry).where(AuditEntry.id == 2))
    assert breach(store) is None
    with store.reading() as session:
        assert audit.verify(session, {number: hashed}) == Breach(2, "missing")


def test_that_a_chain_that_was_written_anew_shows_by_any_head_that_was_kept(store: Store, clock: FakeClock) -> None:
    write(store, clock, "view", "reply")
    with store.reading() as session:
        number, hashed = audit.head(session)
    write(store, clock, "close")
    with store.reading() as session:
        assert audit.verify(session, {number: hashed}) is None
    with tampering(store) as session:
        previous = ""
        for entry in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)):
            entry.actor, entry.previous = "乙", previous
            previous = entry.hash = audit._hash(entry)
    assert breach(store) is None
    with store.reading() as session:
        assert audit.verify(session, {number: hashed}) == Breach(2, "not the one that was kept")


@pytest.mark.parametrize("harm", ["UPDATE audit_entry SET id = 9", "DELETE FROM audit_entry", "TRUNCATE audit_entry"])
def test_that_the_database_itself_refuses_to_change_the_log(store: Store, clock: FakeClock, harm: str) -> None:
    write(store, clock, "view", "reply")
    with pytest.raises((sa.exc.DBAPIError, StoreUnavailableError)), store.transaction() as session:
        session.execute(sa.text(harm))
    assert breach(store) is None
    with store.reading() as session:
        assert audit.head(session)[0] == 2


def test_that_writers_at_once_make_one_chain_without_gaps(store: Store, clock: FakeClock) -> None:
    writers = [threading.Thread(target=write, args=(store, clock, *["view"] * 10)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert breach(store) is None
    with store.reading() as session:
        assert audit.head(session)[0] == 40


def test_that_an_entry_stands_only_if_what_it_tells_of_does(store: Store, clock: FakeClock) -> None:
    with store.transaction() as session:
        audit.record(session, "甲", "close", now=clock.now())
        session.rollback()
    with store.reading() as session:
        assert audit.head(session) == (0, "")


def test_that_entries_are_found_by_who_what_which_case_and_when(store: Store, clock: FakeClock) -> None:
    write(store, clock, "view", case=1)
    write(store, clock, "reply", case=1, actor="乙")
    clock.advance(days=1)
    write(store, clock, "view", case=2)
    today = clock.now() - timedelta(hours=1)

    def found(wanted: Filter, **more: int) -> list[int]:
        with store.reading() as session:
            return [entry.id for entry in audit.entries(session, wanted, limit=10, **more)]

    assert found(Filter()) == [3, 2, 1]
    assert found(Filter(), before=3) == [2, 1]
    assert found(Filter(actor="乙")) == [2]
    assert found(Filter(action="view")) == [3, 1]
    assert found(Filter(case_id=CaseId(1))) == [2, 1]
    assert found(Filter(since=today)) == [3]
    assert found(Filter(until=today, action="view")) == [1]


# -- a log that is looked at again and again --------------------------------------------------------------------------


def again(store: Store, clock: FakeClock, verification: Verification) -> Breach | None:
    with store.reading() as session:
        return verification.again(session, now=clock.now())


def test_that_what_came_since_the_last_look_is_followed_from_there(store: Store, clock: FakeClock) -> None:
    verification = Verification()
    assert again(store, clock, verification) is None
    write(store, clock, "view", "reply")
    assert again(store, clock, verification) is None
    write(store, clock, "close", "view")
    with tampering(store) as session:
        session.execute(sa.update(AuditEntry).where(AuditEntry.id == 4).values(actor="乙"))
    assert again(store, clock, verification) == Breach(4, "changed")
    assert again(store, clock, verification) == Breach(4, "changed"), "until it is as it was"


def test_that_entries_that_held_are_read_again_the_next_day_and_by_another_process(
    store: Store, clock: FakeClock
) -> None:
    verification = Verification()
    write(store, clock, "view", "reply", "close")
    assert again(store, clock, verification) is None
    with tampering(store) as session:
        session.execute(sa.update(AuditEntry).where(AuditEntry.id == 2).values(actor="乙"))
    assert again(store, clock, verification) is None, "a look costs no more than what is new"
    assert again(store, clock, Verification()) == Breach(2, "changed")
    clock.advance(days=1)
    assert again(store, clock, verification) == Breach(2, "changed")


def test_that_an_end_that_was_cut_off_or_written_anew_since_the_last_look_shows(store: Store, clock: FakeClock) -> None:
    write(store, clock, "view", "reply")
    cut, anew = Verification(), Verification()
    for verification in (cut, anew):
        assert again(store, clock, verification) is None
    with tampering(store) as session:
        session.execute(sa.delete(AuditEntry).where(AuditEntry.id == 2))
    assert again(store, clock, cut) == Breach(2, "missing")
    write(store, clock, "close")
    assert breach(store) is None
    assert again(store, clock, anew) == Breach(2, "not the one that was kept")
    with tampering(store) as session:
        session.execute(sa.update(AuditEntry).where(AuditEntry.id == 1).values(actor="乙"))
    assert again(store, clock, anew) == Breach(1, "changed"), "the first break is told"
