"""What the page of trainings shows, read from the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.models import DataChange, RunState, TrainingRun, WorkState
from bot.studio import registry, runs
from bot.studio.progress import TITLES

STATES = {
    RunState.WAITING: "排队",
    RunState.RUNNING: "正在训练",
    RunState.DONE: "完成",
    RunState.FAILED: "没有成功",
    RunState.CANCELLED: "已取消",
}
"""What trainers read for a run's state."""
PAST_SHOWN = 20


@dataclass(frozen=True)
class Run:
    """A training as it is shown."""

    id: int
    state: str
    asked_by: str
    asked_at: datetime
    why: str
    began_at: datetime | None
    took: timedelta | None
    step: str
    steps_done: int
    steps: int
    seconds_left: float | None
    share: float
    cancelling: bool
    error: str
    log: str
    model: str | None


@dataclass(frozen=True)
class RunsView:
    """The trainings by where they stand."""

    running: Run | None
    waiting: tuple[Run, ...]
    past: tuple[Run, ...]
    changes: int
    """Changes of the data since the live model was trained."""


def read_runs(session: Session, now: datetime) -> RunsView:
    """The trainings now."""
    found = [_run(run, now) for run in runs.newest(session, limit=PAST_SHOWN + 2)]
    return RunsView(
        running=next((run for run in found if run.state == RunState.RUNNING), None),
        waiting=tuple(run for run in reversed(found) if run.state == RunState.WAITING),
        past=tuple(run for run in found if run.state not in (RunState.RUNNING, RunState.WAITING))[:PAST_SHOWN],
        changes=_changes(session),
    )


def _changes(session: Session) -> int:
    live = registry.live(session)
    query = sa.select(sa.func.count()).select_from(DataChange).where(DataChange.state == WorkState.DONE)
    if live is not None:
        query = query.where(DataChange.applied_at > live.trained_at)
    return session.scalars(query).one()


def _run(run: TrainingRun, now: datetime) -> Run:
    elapsed = (run.ended_at or now) - run.started_at if run.started_at else None
    return Run(
        id=run.id,
        state=run.state,
        asked_by=run.asked_by,
        asked_at=run.asked_at,
        why=run.why,
        began_at=run.started_at,
        took=elapsed if run.ended_at else None,
        step=TITLES.get(run.step, run.step),
        steps_done=run.steps_done,
        steps=run.steps,
        seconds_left=run.seconds_left,
        share=_share(run, elapsed),
        cancelling=run.cancelled_by is not None,
        error=run.error or "",
        log=run.log,
        model=run.model,
    )


def _share(run: TrainingRun, elapsed: timedelta | None) -> float:
    """How much is done: by time where the last training tells how long it takes, by steps before that."""
    if run.seconds_left is not None and elapsed is not None:
        whole = elapsed.total_seconds() + run.seconds_left
        return round(elapsed.total_seconds() / whole, 3) if whole else 0.0
    return round(run.steps_done / run.steps, 3) if run.steps else 0.0
