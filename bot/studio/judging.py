"""Judging a model: how it reads the test set, the regression set, and what residents wrote in the last weeks."""

import hashlib
import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu import pointer
from bot.nlu.dataset import FALSE_PAGE, MISSED, read_regression, read_test_messages
from bot.nlu.evaluation import Ratio, calibration, macro_f1, page_precision, urgent_recall
from bot.nlu.project import PROJECT
from bot.nlu.triage import URGENT, label_of
from bot.settings import Settings
from bot.store.models import Judgement, Message
from bot.store.session import Store, insert
from bot.studio import registry
from bot.studio.material import own_words
from bot.studio.reading import ModelReader, Reading

TEST, REGRESSION, REPLAY = "test", "regression", "replay"
SETS = (TEST, REGRESSION, REPLAY)
REPLAYED = 2000
"""Most messages of a replay, the newest ones."""
LIMIT_SECONDS = 1800.0
"""After so long a reading process is ended, whatever it does."""
_KEPT = 3
_COUNTED_EVERY = 20


class JudgingError(Exception):
    """A set that cannot be judged; the text says why, for trainers."""


@dataclass(frozen=True)
class Sample:
    """A message to be read; of a resident's message nobody knows what is wanted."""

    id: str
    text: str
    wanted: str | None = None
    case: str | None = None
    at: datetime | None = None
    """When a resident's message came: on SQLite its number may have been another's, who had it erased."""


def samples(session: Session, of: str, *, project: Path, weeks: int, now: datetime) -> list[Sample]:
    """The messages of a set, as it is now.

    Raises:
        JudgingError: its file cannot be read.
    """
    if of == REPLAY:
        return _replayed(session, since=now - timedelta(weeks=weeks))
    path = _file_of(of, project)
    return _written(of, path) if path.exists() else []


def _file_of(of: str, project: Path) -> Path:
    return project / "nlu_data" / of / "messages.jsonl"


def _written(of: str, path: Path) -> list[Sample]:
    try:
        if of == TEST:
            return [Sample(message.id, message.text, message.intent) for message in read_test_messages(path)]
        return [
            Sample(text_id(message.text), message.text, message.intent, message.case)
            for message in read_regression(path)
        ]
    except (ValueError, OSError) as error:
        raise JudgingError(f"{path.name} 读不出来：{error}") from None


def text_id(text: str) -> str:
    """What a message of the regression set is known by."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _replayed(session: Session, *, since: datetime) -> list[Sample]:
    query = (
        sa.select(Message.id, Message.text, Message.received_at)
        .where(Message.received_at >= since, Message.read_by_model.is_(True), *own_words())
        .order_by(Message.received_at.desc(), Message.id.desc())
        .limit(REPLAYED)
    )
    return [Sample(str(found.id), found.text, at=found.received_at) for found in session.execute(query)]


def digest_of(found: Iterable[Sample]) -> str:
    """What the set was: another one when a message or what is wanted of it is another."""
    digest = hashlib.sha256()
    for sample in found:
        digest.update(json.dumps([sample.id, sample.text, sample.wanted, sample.case]).encode() + b"\n")
    return digest.hexdigest()


def digest_now(of: str, project: Path) -> str:
    """What the test or the regression set is now; its file is read again only when it has changed.

    Raises:
        JudgingError: its file cannot be read.
    """
    path = _file_of(of, project)
    try:
        state = path.stat()
    except FileNotFoundError:
        return digest_of(())
    return _digest_of_file(of, path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _digest_of_file(of: str, path: Path, _changed_at: int, _size: int) -> str:
    return digest_of(_written(of, path))


def judge(
    store: Store,
    model: str,
    settings: Settings,
    *,
    now: datetime,
    project: Path = PROJECT,
    sets: Sequence[str] = SETS,
    going: Callable[[], None] = lambda: None,
) -> dict[str, Judgement]:
    """Read each set with a model and keep how it did; what was read before, and is the same, is not read again.

    `going` is called again and again; what it raises ends the judging.

    Raises:
        JudgingError: a set cannot be read.
        RegistryError: the model's file is not what was entered.
        ReadingError: the model does not load, or its process ended.
    """
    registry.hash_ahead(pointer.file_of(project / "models", model))
    with store.reading() as session:
        wanted = {of: samples(session, of, project=project, weeks=settings.studio_replay_weeks, now=now) for of in sets}
        kept = {of: _kept(session, model, of, found) for of, found in wanted.items()}
        path = registry.verified(session, model, project / "models")
    missing = {of: [one for one in found if one.id not in kept[of]] for of, found in wanted.items()}
    fresh: dict[str, dict[str, dict[str, Any]]] = {of: {} for of in sets}
    if any(missing.values()):
        with ModelReader(path, settings, project=project, limit=LIMIT_SECONDS) as reader:
            for of, unread in missing.items():
                fresh[of] = _read(reader, unread, going)
    judged = {}
    for of, found in wanted.items():
        known = kept[of] | fresh[of]
        readings = [known[sample.id] | _asked(sample) for sample in found if sample.id in known]
        judged[of] = _keep(store, model, of, found, readings, now=now)
    return judged


def newest_first(model: str, of: str) -> sa.Select[Judgement]:
    """The judgements of a model on a set."""
    query = sa.select(Judgement).where(Judgement.model == model, Judgement.of == of)
    return query.order_by(Judgement.made_at.desc(), Judgement.id.desc())


def current(session: Session, model: str, of: str) -> Judgement | None:
    """The newest judgement of a model on a set."""
    return session.scalars(newest_first(model, of).limit(1)).first()


def both(session: Session, live: str, candidate: str, of: str) -> tuple[Judgement, Judgement] | None:
    """How two models were last judged on a set; None unless both were."""
    found = current(session, live, of), current(session, candidate, of)
    return (found[0], found[1]) if found[0] and found[1] else None


def _asked(sample: Sample) -> dict[str, Any]:
    """What a reading is measured by, beside what was read; a resident's words leave no trace."""
    words = {} if sample.wanted is None else {"words": text_id(sample.text)}
    return {"wanted": sample.wanted} | words | ({"case": sample.case} if sample.case else {})


def _kept(session: Session, model: str, of: str, found: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Readings of before that still count, by id: a model reads the same text the same way.

    A test message keeps its id when its text is mended, so that of the test set all or nothing counts.
    """
    last = current(session, model, of)
    if last is None or (of == TEST and last.digest != digest_of(found)):
        return {}
    ids = {sample.id for sample in found if sample.at is None or sample.at <= last.made_at}
    return {reading["id"]: reading for reading in last.readings if reading["id"] in ids}


def _read(reader: ModelReader, unread: Sequence[Sample], going: Callable[[], None]) -> dict[str, dict[str, Any]]:
    found = {}
    for number, (sample, reading) in enumerate(zip(unread, reader.read(sample.text for sample in unread), strict=True)):
        if number % _COUNTED_EVERY == 0:
            going()
        if reading is not None:
            found[sample.id] = _as_kept(sample.id, reading)
    return found


def _as_kept(sample_id: str, reading: Reading) -> dict[str, Any]:
    return {
        "id": sample_id,
        "label": reading.label,
        "intent": reading.intent,
        "urgent": reading.urgent,
        "probabilities": dict(reading.labels),
        "milliseconds": reading.milliseconds,
    }


def _keep(
    store: Store, model: str, of: str, found: Sequence[Sample], readings: list[dict[str, Any]], *, now: datetime
) -> Judgement:
    """Store a judgement, or give the one that is there; older ones of the set go, but for the last few."""
    digest, figures = digest_of(found), figures_of(of, readings)
    figures["unread"] = len(found) - len(readings)
    if of != REPLAY:
        with store.reading() as session:
            figures["lost"] = _lost(current(session, model, of), found)
    row = {"model": model, "of": of, "digest": digest, "made_at": now, "figures": figures, "readings": readings}
    with store.transaction() as session:
        new = insert(session, Judgement).values(row)
        changed = {name: row[name] for name in ("made_at", "figures", "readings")}
        session.execute(new.on_conflict_do_update(index_elements=["model", "of", "digest"], set_=changed))
        rows = session.scalars(newest_first(model, of)).all()
        # Of the replay only the last: it is another one every day, and tells of residents.
        for old in islice(rows, 1 if of == REPLAY else _KEPT, None):
            session.delete(old)
        return next(judged for judged in rows if judged.digest == digest)


def _lost(before: Judgement | None, found: Sequence[Sample]) -> list[str]:
    """What was in the set when the model was judged before, or was lost before that, and is there no longer: `mark_of`.

    A message whose words or whose urgency is another is no longer there.
    """
    if before is None:
        return []
    there = {mark_of(one, _pages(asked)) for sample in found for asked in [_asked(sample)] for one in _known_by(sample)}
    was = {mark_of(str(reading.get("words") or reading["id"]), _pages(reading)) for reading in before.readings}
    return sorted((was | set(before.figures.get("lost", ()))) - there)


def _known_by(sample: Sample) -> tuple[str, str]:
    """Readings of old have no digest of the words."""
    return text_id(sample.text), sample.id


def mark_of(words: str, pages: bool) -> str:
    """A message of a set, by the digest of its words: one that has to be paged for begins with "!"."""
    return f"{'!' if pages else ''}{words}"


def begin_anew(session: Session, model: str) -> None:
    """From now on what leaves the sets counts against what they are now: a leader has let the model go live on them."""
    for of in (TEST, REGRESSION):
        if (judged := current(session, model, of)) is not None and judged.figures.get("lost"):
            judged.figures = {**judged.figures, "lost": []}


def figures_of(of: str, readings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of a judgement. Ratios are [hits, total]; milliseconds are those of one message."""
    times = sorted(float(reading["milliseconds"]) for reading in readings)
    figures: dict[str, Any] = {
        "messages": len(readings),
        "pages": sum(bool(reading["urgent"]) for reading in readings),
        "median_ms": round(statistics.median(times), 2) if times else None,
        "p99_ms": round(times[min(int(len(times) * 0.99), len(times) - 1)], 2) if times else None,
    }
    if of == TEST:
        figures |= _test_figures(readings)
    elif of == REGRESSION:
        wrong = [reading["id"] for reading in readings if not holds(reading)]
        figures |= {"held": [len(readings) - len(wrong), len(readings)], "wrong": wrong}
    return figures


def _test_figures(readings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    pairs = [(label_of(str(reading["wanted"])), str(reading["label"])) for reading in readings]
    enquiries = [reading for reading in readings if label_of(str(reading["wanted"])) == "enquiry"]
    read = [reading for reading in readings if reading["probabilities"]]
    error, _ = calibration([(reading["probabilities"], label_of(str(reading["wanted"]))) for reading in read])
    return {
        "recall": _pair(urgent_recall(pairs)),
        "precision": _pair(page_precision(pairs)),
        "macro_f1": round(macro_f1(pairs), 4) if pairs else None,
        "fine": [sum(reading["intent"] == reading["wanted"] for reading in readings), len(readings)],
        "topic": [sum(reading["intent"] == reading["wanted"] for reading in enquiries), len(enquiries)],
        "ece": round(error, 4),
    }


def _pair(ratio: Ratio) -> list[int]:
    return [ratio.hits, ratio.total]


def holds(reading: Mapping[str, Any]) -> bool:
    """Whether what once went wrong goes right: an emergency is paged, and what is none is not."""
    return bool(reading["urgent"]) == _pages(reading)


def _pages(asked: Mapping[str, Any]) -> bool:
    """Whether a message is one to page for."""
    urgent = label_of(str(asked["wanted"])) == URGENT
    return {MISSED: True, FALSE_PAGE: False}.get(str(asked.get("case")), urgent)


def behind(session: Session, models: Iterable[str], *, project: Path) -> list[tuple[str, list[str]]]:
    """The models that were not judged on the test or the regression set as it is now, each with those sets.

    A set whose file cannot be read now waits until it can.
    """
    digests = {}
    for of in (TEST, REGRESSION):
        with suppress(JudgingError):
            digests[of] = digest_now(of, project)
    waiting = []
    for model in models:
        query = sa.select(Judgement.digest).where(Judgement.model == model, Judgement.of.in_(digests))
        judged = set(session.scalars(query))
        unjudged = [of for of, digest in digests.items() if digest not in judged]
        if unjudged:
            waiting.append((model, unjudged))
    return waiting
