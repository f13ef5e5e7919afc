"""What the page of trainings reads."""

from datetime import timedelta

import pytest

from bot.console.studio.runs_page import duration
from bot.console.studio.trainer_state import trainer_problem
from bot.console.studio.training import read_runs
from bot.store.models import DataChange, Heartbeat, Standing, TrainingRun
from bot.store.session import Store
from bot.studio.trainer import STALE
from tests.studio.judged import LIVE, enter
from tests.world import FakeClock


def test_that_the_trainer_is_missed_when_its_heartbeat_stops(store: Store, clock: FakeClock) -> None:
    with store.transaction() as session:
        assert "没有运行" in trainer_problem(session, clock.now())
        session.add(Heartbeat(name="trainer", at=clock.now(), healthy=True, detail=""))
        session.flush()
        assert trainer_problem(session, clock.now()) == ""
        assert "没有运行" in trainer_problem(session, clock.now() + STALE + timedelta(seconds=1))
        session.get_one(Heartbeat, "trainer").healthy = False
        session.get_one(Heartbeat, "trainer").detail = "inbox: ReadingError"
        session.flush()
        assert "inbox: ReadingError" in trainer_problem(session, clock.now())


def test_that_progress_is_counted_by_time_where_it_is_known_and_by_steps_before(store: Store, clock: FakeClock) -> None:
    now = clock.now()
    values = {"asked_by": "训练员一", "asked_at": now, "state": "running", "started_at": now - timedelta(seconds=30)}
    with store.transaction() as session:
        session.add(TrainingRun(**values, steps=10, steps_done=4))
        session.flush()
        first = read_runs(session, now).running
        assert first
        assert (first.share, first.seconds_left) == (0.4, None)
        session.get_one(TrainingRun, first.id).seconds_left = 90.0
        session.flush()
        later = read_runs(session, now).running
        assert later
        assert later.share == 0.25


def test_that_changes_since_the_live_model_are_counted(store: Store, clock: FakeClock) -> None:
    now = clock.now()
    enter(store, LIVE, Standing.LIVE, now, trained_ago=timedelta(days=3))
    with store.transaction() as session:
        for days, state in ((1, "done"), (2, "done"), (4, "done"), (1, "failed")):
            at = now - timedelta(days=days)
            applied = at if state == "done" else None
            change = {"kind": "add_example", "made_by": "训练员一", "made_at": at, "due_at": at}
            session.add(DataChange(**change, state=state, applied_at=applied))
        session.flush()
        assert read_runs(session, now).changes == 2


@pytest.mark.parametrize(
    ("seconds", "told"), [(5.2, "5秒"), (83, "1分23秒"), (180, "3分00秒"), (725, "12分05秒"), (3660, "1小时1分")]
)
def test_that_a_duration_reads_well(seconds: float, told: str) -> None:
    assert duration(seconds) == told
