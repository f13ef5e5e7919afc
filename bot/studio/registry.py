"""The registry of models: what each was made from, when and by whom, and that its file is still what it was."""

import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu import pointer
from bot.nlu.project import PROJECT
from bot.store.models import Promotion, Standing, TrainedModel
from bot.store.session import Store, take_turn
from bot.studio import training

_COMMIT = re.compile("[0-9a-f]{40}")
_CANDIDATES = 3
_LOCK = 5146_2027


UNCHECKED = "the data checks have not looked at what this model was trained on"
"""What stands among a model's findings when nobody has asked them, as for the one that the first start trains."""


class RegistryError(Exception):
    """A model that cannot be used; the text says why, for trainers."""


def hash_ahead(path: Path) -> None:
    """Hash a file for a transaction to come: it takes seconds on a slow disk, and others would wait for it."""
    with suppress(OSError):
        pointer.digest_of(path)


def wait_for_turn(session: Session) -> None:
    """Whoever decides next how models stand waits until a decision stands, and finds it."""
    take_turn(session, _LOCK)


def commit_of(project: Path) -> str | None:
    """The commit that is checked out where the project is a repository; elsewhere that of `FUJIN_COMMIT`, which an
    image has from its build."""
    if not (project / ".git").exists():
        built = os.environ.get("FUJIN_COMMIT", "")
        return built if _COMMIT.fullmatch(built) else None
    command = ["git", "-C", str(project), "rev-parse", "HEAD"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return None
    found = asked.stdout.strip()
    return found if asked.returncode == 0 and _COMMIT.fullmatch(found) else None


def register(
    session: Session,
    path: Path,
    *,
    data_version: str,
    commit: str | None,
    by: str,
    now: datetime,
    run_id: int | None = None,
    findings: Sequence[str] | None = None,
    standing: str = Standing.CANDIDATE,
) -> TrainedModel:
    """Enter a model file, by its name, which stands for this one file from then on: a leader's yes is for what was
    judged. Another file needs another name (`place_of`).

    `findings`: what the data checks have to say now, also of a model that is known, since they look at more than it is
    made of; None: nobody has asked them (`UNCHECKED`).

    Raises:
        RegistryError: another file was entered by this name.
    """
    name, sha256 = pointer.name_of(path), pointer.digest_of(path)
    known = session.get(TrainedModel, name, with_for_update=True)
    if known is not None:
        if known.sha256 != sha256:
            raise RegistryError(f"登记过的 {name} 是另一个文件；换了内容要用新的名字登记")
        if findings is not None:
            known.findings = list(findings)
        return known
    row = TrainedModel(
        name=name,
        sha256=sha256,
        data_version=data_version,
        commit=commit,
        trained_by=by,
        trained_at=now,
        run_id=run_id,
        standing=standing,
        standing_since=now,
        findings=[UNCHECKED] if findings is None else list(findings),
    )
    session.add(row)
    audit.record(session, by, "model_register", now=now, subject=name, detail={"sha256": sha256, "run": run_id})
    return row


def live(session: Session) -> TrainedModel | None:
    """The model that residents are answered with."""
    return session.scalars(sa.select(TrainedModel).where(TrainedModel.standing == Standing.LIVE)).first()


def newest(session: Session, *, limit: int = 50) -> Sequence[TrainedModel]:
    """The models, the newest first."""
    query = sa.select(TrainedModel).order_by(TrainedModel.trained_at.desc(), TrainedModel.name).limit(limit)
    return session.scalars(query).all()


def in_use(session: Session) -> Sequence[TrainedModel]:
    """The live model, one that reads along, the newest candidates and what is asked for: those that are compared."""
    standing = sa.select(TrainedModel).where(TrainedModel.standing.in_([Standing.LIVE, Standing.SHADOW]))
    candidates = sa.select(TrainedModel).where(TrainedModel.standing == Standing.CANDIDATE)
    latest = candidates.order_by(TrainedModel.trained_at.desc()).limit(_CANDIDATES)
    asked_for = sa.select(TrainedModel).where(TrainedModel.name.in_(_asked_for()))
    found = (model for query in (standing, latest, asked_for) for model in session.scalars(query))
    return list({model.name: model for model in found}.values())


def _asked_for() -> sa.Select[str]:
    """Models that somebody wants to go live and that have not gone live since."""
    last = sa.select(sa.func.max(Promotion.id)).where(Promotion.kind.in_(["request", "promote"]))
    return sa.select(Promotion.model).where(
        Promotion.id.in_(last.group_by(Promotion.model)), Promotion.kind == "request"
    )


def verified(session: Session, name: str, models: Path) -> Path:
    """The file of a model that may be used: it is there, and it is the one that was entered.

    Raises:
        RegistryError: it is not.
    """
    known = session.get(TrainedModel, name)
    if known is None:
        raise RegistryError(f"没有登记过模型 {name}")
    path = pointer.file_of(models, name)
    if not path.exists():
        raise RegistryError(f"模型文件不见了：{path}。请放回原来的文件，或者再训练一次")
    if changed := pointer.unlike(path, known.sha256):
        raise RegistryError(changed)
    return path


def place_of(session: Session, version: str, models: Path, *, anew: bool = False) -> tuple[Path, bool]:
    """Where the model of some data lies, whole, and True; or where it may be written, and False.

    What is entered or pointed to is never written over: a model that takes its place gets a further name. `anew`: one
    that is there is not wanted.
    """
    kept = {*filter(None, [pointer.live(models)]), *pointer.fallbacks(models)}
    for name in training.names_of(version):
        path, known = pointer.file_of(models, name), session.get(TrainedModel, name)
        if not anew and path.exists() and _is_whole(path, known, models):
            return path, True
        if known is None and name not in kept:
            return path, False
    raise AssertionError  # names go on for ever


def _is_whole(path: Path, known: TrainedModel | None, models: Path) -> bool:
    if known is not None:
        return not pointer.unlike(path, known.sha256)
    return not pointer.objection(models, pointer.name_of(path)) and training.is_whole(path)


def take_stock(store: Store, *, now: datetime, project: Path = PROJECT) -> str | None:
    """Enter the model that the station runs as the live one, where there is none yet: what `fujin up` trained.

    Its name, if it was entered.
    """
    with store.reading() as session:
        if live(session) is not None:
            return None
    path = _present(project)
    if path is None:
        return None
    version, commit = training.data_version(project), commit_of(project)
    if not training.is_of(version, pointer.name_of(path)):
        # Of data, and perhaps of a program, that are no longer there.
        version, commit = pointer.name_of(path).removeprefix("fujin-"), None
    trained_at = min(datetime.fromtimestamp(path.stat().st_mtime, UTC), now)
    hash_ahead(path)
    with store.transaction() as session:
        wait_for_turn(session)
        if live(session) is not None:
            return None
        row = register(session, path, data_version=version, commit=commit, by=audit.SYSTEM, now=now)
        row.trained_at, row.standing, row.standing_since = trained_at, Standing.LIVE, now
        return row.name


def _present(project: Path) -> Path | None:
    """The file of the model that the pointer names, or of the one for the present data."""
    models = project / "models"
    named = pointer.live(models)
    path = pointer.file_of(models, named) if named else training.model_path(project)
    return path if training.is_whole(path) and not pointer.objection(models, pointer.name_of(path)) else None
