"""A model that reads along: for a day it reads what residents write, as the live one does, and nothing comes of it.

It runs in the trainer process, a few messages at a time, and reads each message by itself: what stands before it in the
conversation it does not know, so that a short answer may look like a disagreement that is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu import pointer
from bot.nlu.project import MODELS
from bot.nlu.triage import URGENT, gravity
from bot.settings import Settings
from bot.store.models import Message, MessageId, ShadowReading, Standing, TrainedModel, WorkState
from bot.store.session import Store, insert
from bot.studio import registry
from bot.studio.material import TIP, of_tip, own_words
from bot.studio.promotion import PromotionError
from bot.studio.reading import LoadedReader, ReadingError

log = structlog.get_logger()

LENGTH = timedelta(hours=24)
BATCH = 20
"""Texts that are read in one round; each takes some hundredths of a second."""
LISTED = 100


@dataclass(frozen=True)
class Disagreement:
    """A message with what the station took it for and what the candidate does.

    `text` is the resident's, and must be masked before it is shown; more so what is `confidential`: of a tip, or taken
    for one.
    """

    message_id: MessageId
    text: str
    at: datetime
    live: str
    candidate: str
    confidential: bool

    @property
    def pages(self) -> bool:
        """Whether one of them pages and the other does not."""
        return (self.live == URGENT) != (self.candidate == URGENT)


@dataclass(frozen=True)
class Summary:
    """What has come out of reading along."""

    read: int
    differing: int
    missed: int
    """Paged for by the station, not by the candidate."""
    added: int
    """Paged for by the candidate only."""


def start(session: Session, model: str, *, by: str, now: datetime) -> TrainedModel:
    """Let a candidate read along for a day, instead of any other.

    Raises:
        PromotionError: there is no such model, or it is live.
    """
    registry.wait_for_turn(session)
    found = session.get(TrainedModel, model)
    if found is None:
        raise PromotionError(f"没有登记过模型 {model}")
    if found.standing == Standing.LIVE:
        raise PromotionError("这个模型就在线上，不用旁听")
    for other in _reading_along(session):
        other.standing, other.standing_since = Standing.CANDIDATE, now
    found.standing, found.standing_since = Standing.SHADOW, now
    # What it read an earlier time was compared with what was live then.
    session.execute(sa.delete(ShadowReading).where(ShadowReading.model == model))
    audit.record(session, by, "shadow_start", now=now, subject=model)
    return found


def stop(session: Session, *, by: str, now: datetime) -> None:
    """End the reading along; what was read stays."""
    registry.wait_for_turn(session)
    for model in _reading_along(session):
        model.standing, model.standing_since = Standing.CANDIDATE, now
        audit.record(session, by, "shadow_stop", now=now, subject=model.name)


def read_along(store: Store, settings: Settings, *, now: datetime, models: Path = MODELS) -> int:
    """Read some of the messages that came since it began; how many were read. Ends what has lasted a day.

    Raises:
        DutyError: the model cannot be read with; it is tried again after a while.
    """
    with store.reading() as session:
        found = next(iter(_reading_along(session)), None)
    if found is None:
        _reader.close()
        return 0
    if now - found.standing_since >= LENGTH:
        with store.transaction() as session:
            stop(session, by=audit.SYSTEM, now=now)
        _reader.close()
        return 0
    reader = _reader.of(pointer.file_of(models, found.name), settings, now, found.sha256)
    if reader is None:
        return 0
    with store.reading() as session:
        unread = _unread(session, found)
    try:
        readings = list(reader.read(text for _, text in unread))
    except ReadingError as error:
        log.warning("shadow.ended", model=found.name, reason=str(error))
        _reader.gave_up(error)
        return 0
    rows = [
        {
            "message_id": message_id,
            "model": found.name,
            "label": reading.label,
            "intent": reading.intent,
            "confidence": reading.confidence,
            "made_at": now,
        }
        for (message_id, _), reading in zip(unread, readings, strict=True)
        if reading is not None
    ]
    if rows:
        with store.transaction() as session:
            # A message may have been erased while it was read, or its resident has objected.
            ids = [row["message_id"] for row in rows]
            there = set(session.scalars(sa.select(Message.id).where(Message.id.in_(ids), *own_words())))
            kept = [row for row in rows if row["message_id"] in there]
            if kept:
                session.execute(insert(session, ShadowReading).values(kept).on_conflict_do_nothing())
    return len(rows)


def let_go() -> None:
    """End the reading process: somebody else reads along from now on."""
    _reader.close()


def summary(session: Session, model: str) -> Summary:
    """How much a candidate has read, and how it differed."""
    found = _compared(session, model)
    return Summary(
        read=len(found),
        differing=sum(one.live != one.candidate for one in found),
        missed=sum(one.live == URGENT != one.candidate for one in found),
        added=sum(one.candidate == URGENT != one.live for one in found),
    )


def disagreements(session: Session, model: str, *, limit: int = LISTED) -> Sequence[Disagreement]:
    """The messages on which they differ: first those that only one pages for, then the gravest, the newest."""
    found = [one for one in _compared(session, model) if one.live != one.candidate]
    found.sort(key=lambda one: (one.pages and one.live == URGENT, one.pages, -_gravest(one), one.at), reverse=True)
    return found[:limit]


def _gravest(one: Disagreement) -> int:
    return min(gravity(one.live), gravity(one.candidate))


def _compared(session: Session, model: str) -> list[Disagreement]:
    """Every message that it has read, with what the station took it for."""
    tip = of_tip(Message.id).label("tip")
    query = (
        sa.select(Message.id, Message.text, Message.received_at, Message.triage, ShadowReading.label, tip)
        .join(ShadowReading, ShadowReading.message_id == Message.id)
        .where(ShadowReading.model == model)
    )
    return [
        Disagreement(
            row.id, row.text, row.received_at, str(row.triage["label"]), row.label, row.tip or row.label == TIP
        )
        for row in session.execute(query)
        if row.triage
    ]


def tips_read(session: Session, model: str) -> frozenset[int]:
    """The messages that it has read and that belong to a tip by now."""
    query = sa.select(ShadowReading.message_id).where(ShadowReading.model == model, of_tip(ShadowReading.message_id))
    return frozenset(session.scalars(query))


def _reading_along(session: Session) -> Sequence[TrainedModel]:
    return session.scalars(sa.select(TrainedModel).where(TrainedModel.standing == Standing.SHADOW)).all()


def _unread(session: Session, model: TrainedModel) -> list[tuple[MessageId, str]]:
    """The oldest texts since it began that the live model has read and this one has not."""
    mine = sa.and_(ShadowReading.message_id == Message.id, ShadowReading.model == model.name)
    query = (
        sa.select(Message.id, Message.text)
        .outerjoin(ShadowReading, mine)
        .where(Message.received_at >= model.standing_since, ShadowReading.id.is_(None))
        .where(Message.state == WorkState.DONE, Message.read_by_model.is_(True), *own_words())
        .order_by(Message.received_at, Message.id)
        .limit(BATCH)
    )
    return [(row.id, row.text) for row in session.execute(query)]


_reader = LoadedReader()
