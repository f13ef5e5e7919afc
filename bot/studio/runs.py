"""Trainings as rows: anybody asks for one or cancels it, and the trainer process does one after another."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.store.models import RunState, TrainingRun
from bot.studio import masking

WHY_CHARACTERS = 200
INTERRUPTED = "训练进程中断，没有训练完；在用的模型不受影响，可以再训练一次"
_OPEN = (RunState.WAITING, RunState.RUNNING)


class RunError(Exception):
    """A training that cannot be asked for or cancelled; the text says why, for trainers."""


def ask(session: Session, *, by: str, why: str, now: datetime) -> TrainingRun:
    """Ask for a training of the data as it will be when its turn comes.

    Raises:
        RunError: no name, too long a reason, one that names somebody, or a training waits already: it will train the
            same data.
    """
    if not by.strip():
        raise RunError("请写明是谁要求训练")
    if len(why.strip()) > WHY_CHARACTERS:
        raise RunError(f"原因最多{WHY_CHARACTERS}个字")
    if told := masking.objection("原因里", masking.leftovers(why)):
        raise RunError(told)
    waiting = session.scalars(sa.select(TrainingRun).where(TrainingRun.state == RunState.WAITING)).first()
    if waiting is not None:
        raise RunError(
            f"{waiting.asked_by}要求的第{waiting.id}次训练正在排队，轮到它时会用那时的全部数据，不用再排一次"
        )
    run = TrainingRun(asked_by=by, asked_at=now, why=why.strip())
    session.add(run)
    session.flush()
    audit.record(session, by, "train_ask", now=now, subject=str(run.id), detail={"reason": run.why})
    return run


def cancel(session: Session, run_id: int, *, by: str, now: datetime) -> TrainingRun:
    """Cancel a training: one that waits at once, one that runs within seconds.

    Raises:
        RunError: there is no such training, or it has ended.
    """
    run = session.get(TrainingRun, run_id, with_for_update=True)
    if run is None:
        raise RunError(f"没有第{run_id}次训练")
    if run.state not in _OPEN:
        raise RunError(f"第{run_id}次训练已经结束，不用取消")
    if run.cancelled_by is None:
        run.cancelled_by = by
        if run.state == RunState.WAITING:
            run.state, run.ended_at = RunState.CANCELLED, now
        audit.record(session, by, "train_cancel", now=now, subject=str(run.id))
    return run


def is_open(session: Session) -> bool:
    """Whether any training waits or counts as running."""
    return session.scalars(sa.select(TrainingRun.id).where(TrainingRun.state.in_(_OPEN)).limit(1)).first() is not None


def take_next(session: Session, *, now: datetime) -> TrainingRun | None:
    """Begin the training that has waited longest, for whoever holds the trainer's lease and runs none.

    What still counts as running is then an interrupted one: it is marked so.
    """
    for run in session.scalars(sa.select(TrainingRun).where(TrainingRun.state == RunState.RUNNING)):
        run.state, run.ended_at, run.error = RunState.FAILED, now, INTERRUPTED
    query = sa.select(TrainingRun).where(TrainingRun.state == RunState.WAITING).order_by(TrainingRun.id).limit(1)
    following = session.scalars(query.with_for_update()).one_or_none()
    if following is not None:
        following.state, following.started_at, following.seen_at = RunState.RUNNING, now, now
    return following


def lasted(session: Session) -> dict[str, float]:
    """Seconds that each step of the last finished training took; nothing before the first one."""
    query = sa.select(TrainingRun.took).where(TrainingRun.state == RunState.DONE).order_by(TrainingRun.id.desc())
    return next((dict(took) for took in session.scalars(query.limit(20)) if took.get("start")), {})


def newest(session: Session, *, limit: int = 20) -> Sequence[TrainingRun]:
    """The trainings, the newest first."""
    return session.scalars(sa.select(TrainingRun).order_by(TrainingRun.id.desc()).limit(limit)).all()
