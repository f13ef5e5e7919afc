"""Trainings as rows: asked for, queued, cancelled, taken up."""

import pytest

from bot.store.models import AuditEntry, RunState, TrainingRun
from bot.store.session import Store
from bot.studio import runs
from bot.studio.runs import INTERRUPTED, RunError
from tests.world import FakeClock


def ask(store: Store, clock: FakeClock, why: str = "") -> int:
    with store.transaction() as session:
        return runs.ask(session, by="训练员一", why=why, now=clock.now()).id


def begin(store: Store, clock: FakeClock) -> int | None:
    with store.transaction() as session:
        run = runs.take_next(session, now=clock.now())
        return run.id if run else None


def state(store: Store, run_id: int) -> TrainingRun:
    with store.reading() as session:
        return session.get_one(TrainingRun, run_id)


def test_that_a_second_training_waits_for_the_first_and_a_third_is_refused(store: Store, clock: FakeClock) -> None:
    first = ask(store, clock, "加了三十条例句")
    assert begin(store, clock) == first
    second = ask(store, clock)
    with pytest.raises(RunError, match=f"第{second}次训练正在排队"):
        ask(store, clock)
    assert state(store, first).state == RunState.RUNNING
    assert state(store, second).state == RunState.WAITING


def test_that_a_waiting_training_is_cancelled_at_once_and_never_begun(store: Store, clock: FakeClock) -> None:
    run = ask(store, clock)
    with store.transaction() as session:
        runs.cancel(session, run, by="训练员二", now=clock.now())
    assert state(store, run).state == RunState.CANCELLED
    assert state(store, run).cancelled_by == "训练员二"
    assert begin(store, clock) is None
    with store.transaction() as session, pytest.raises(RunError, match="已经结束"):
        runs.cancel(session, run, by="训练员二", now=clock.now())


def test_that_a_running_training_is_told_to_end_and_ends_by_itself(store: Store, clock: FakeClock) -> None:
    run = ask(store, clock)
    begin(store, clock)
    with store.transaction() as session:
        runs.cancel(session, run, by="训练员二", now=clock.now())
    assert state(store, run).state == RunState.RUNNING
    assert state(store, run).cancelled_by == "训练员二"


def test_that_a_training_whose_process_is_gone_is_marked_and_the_next_one_begins(
    store: Store, clock: FakeClock
) -> None:
    first = ask(store, clock)
    begin(store, clock)
    second = ask(store, clock)
    clock.advance(seconds=30)
    assert begin(store, clock) == second
    assert state(store, first).state == RunState.FAILED
    assert state(store, first).error == INTERRUPTED
    assert state(store, first).ended_at == clock.now()


def test_that_who_asked_and_who_cancelled_is_in_the_audit_log(store: Store, clock: FakeClock) -> None:
    run = ask(store, clock, "火情误报多")
    with store.transaction() as session:
        runs.cancel(session, run, by="训练员二", now=clock.now())
        entries = session.query(AuditEntry).order_by(AuditEntry.id).all()
        told = [(entry.actor, entry.action, entry.subject) for entry in entries]
    assert told == [("训练员一", "train_ask", str(run)), ("训练员二", "train_cancel", str(run))]
    assert entries[0].detail == {"reason": "火情误报多"}


def test_that_a_training_needs_a_name_and_a_bearable_reason_that_names_nobody(store: Store, clock: FakeClock) -> None:
    with store.transaction() as session:
        with pytest.raises(RunError, match="是谁"):
            runs.ask(session, by=" ", why="", now=clock.now())
        with pytest.raises(RunError, match="最多200个字"):
            runs.ask(session, by="训练员一", why="长" * 201, now=clock.now())
        with pytest.raises(RunError, match="原因里还有像个人信息的内容：张建国"):
            runs.ask(session, by="训练员一", why="张建国的消息判错了", now=clock.now())
        with pytest.raises(RunError, match="没有第9次"):
            runs.cancel(session, 9, by="训练员一", now=clock.now())
