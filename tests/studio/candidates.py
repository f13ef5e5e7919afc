"""Models of a registry as the studio's tests need them; their files hold only their name."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.nlu import pointer
from bot.store.models import Judgement, Standing, TrainedModel
from bot.studio.judging import digest_now, digest_of

URGENT, CALM = "urgent_alarm/fire", "other/greeting"
NO_FILE = digest_of(())
"""The digest of a set that has no file, as in a project without data."""


def enter(
    session: Session,
    project: Path,
    name: str,
    *,
    now: datetime,
    standing: str = Standing.CANDIDATE,
    findings: tuple[str, ...] = (),
) -> TrainedModel:
    """A model with its file."""
    (project / "models").mkdir(parents=True, exist_ok=True)
    pointer.file_of(project / "models", name).write_text(name)
    row = TrainedModel(
        name=name,
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        data_version=name,
        trained_by="训练员",
        trained_at=now,
        standing=standing,
        standing_since=now,
        findings=list(findings),
    )
    session.add(row)
    session.flush()
    return row


def judge(
    session: Session,
    model: str,
    of: str,
    read: dict[str, bool],
    *,
    now: datetime,
    digest: str = NO_FILE,
    unread: int = 0,
) -> None:
    """A judgement; `read` says of each message whether it would be paged for. Names that begin with "u" are alarms."""
    readings: list[dict[str, Any]] = [
        {"id": name, "wanted": URGENT if name.startswith("u") else CALM, "urgent": urgent}
        for name, urgent in read.items()
    ]
    paged = [urgent for name, urgent in read.items() if name.startswith("u")]
    figures = {"recall": [sum(paged), len(paged)], "precision": [1, 1], "macro_f1": 0.9, "median_ms": 20.0}
    figures |= {"unread": unread}
    session.add(Judgement(model=model, of=of, digest=digest, made_at=now, figures=figures, readings=readings))
    session.flush()


def ready(session: Session, project: Path, *, now: datetime) -> None:
    """A live model "old" and a candidate "new" that is as good, both judged."""
    for name, standing in (("old", Standing.LIVE), ("new", Standing.CANDIDATE)):
        enter(session, project, name, now=now, standing=standing)
        for of, read in (("test", {"u1": True, "c1": False}), ("regression", {"u2": True, "c2": False})):
            judge(session, name, of, read, now=now, digest=digest_now(of, project))
    pointer.point_to(project / "models", "old")
