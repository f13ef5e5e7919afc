"""The registry of models: what each was made from, when and by whom, and that its file is still what it was."""

import hashlib
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
from bot.store.models import Judgement, Promotion, Standing, TrainedModel
from bot.store.session import Store, take_turn
from bot.studio import training

_BLOCK = 1 << 20
_COMMIT = re.compile("[0-9a-f]{40}")
_CANDIDATES = 3
_LOCK = 5146_2027


UNCHECKED = "the data checks have not looked at what this model was trained on"
"""What stands among a model's findings when nobody has asked them, as for the one that the first start trains."""


class RegistryError(Exception):
    """A model that cannot be used; the text says why, for trainers."""


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def hash_ahead(path: Path) -> None:
    """Hash a file for a transaction to come: it takes seconds on a slow disk, and others would wait for it."""
    with suppress(OSError):
        stamp = _stamp(path)
        _hashed[path] = (stamp, digest_of(path))


def _known_digest(path: Path) -> str:
    """A file's SHA-256, as hashed ahead if it is the same file still."""
    stamp, digest = _hashed.get(path, (None, ""))
    return digest if stamp == _stamp(path) else digest_of(path)


def _stamp(path: Path) -> tuple[int, ...]:
    state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


_hashed: dict[Path, tuple[tuple[int, ...], str]] = {}


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
    """Enter a model file, by its name. One that is entered already is entered anew only if its file is another.

    Then its judgements go: they told of the file before. `findings`: what the data checks have to say now, also of a
    model that is known, since they look at more than it is made of; None: nobody has asked them (`UNCHECKED`).
    """
    name, sha256 = pointer.name_of(path), _known_digest(path)
    known = session.get(TrainedModel, name, with_for_update=True)
    if known is not None and findings is not None:
        known.findings = list(findings)
    if known is not None and known.sha256 == sha256:
        return known
    if known is not None:
        session.execute(sa.delete(Judgement).where(Judgement.model == name))
        known.sha256, known.trained_by, known.trained_at, known.run_id = sha256, by, now, run_id
        known.commit = commit
        row = known
    else:
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
        raise RegistryError(f"模型文件不见了：{path}。用同样的数据再训练一次，就会重新生成")
    if _known_digest(path) != known.sha256:
        raise RegistryError(f"模型文件 {path.name} 和登记时不一样，可能损坏或被改过，不能使用；请再训练一次")
    return path


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
    if training.model_name(version) != pointer.name_of(path):
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
    return path if training.is_whole(path) else None
