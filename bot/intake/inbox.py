"""The inbox: a callback becomes one row, before the platform hears that it arrived.

In the same transaction the safety net reads the words: an alarm that it recognises has its case and its page before
anything else happens, whether Rasa lives or not. The model, asked next, may only add to that.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.intake.desk import Desk
from bot.nlu.triage import Triage
from bot.store.models import Message, MessageId, Resident, ResidentId, WorkState
from bot.store.session import claim_due, insert, take
from bot.wechat.inbound import Inbound

log = structlog.get_logger()
LEASE = timedelta(seconds=8)
"""Longer than a message is ever worked on (three seconds for Rasa, the rest for the database)."""
FRAGMENTS_WITHIN = timedelta(minutes=3)
_FRAGMENT_CHARACTERS = 14
_FRAGMENTS = 6
_PSEUDONYM_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Claimed:
    """A message that this process works on until its lease ends; `attempt` proves the claim."""

    id: MessageId
    attempt: int
    kind: str
    text: str
    event: str
    pseudonym: str
    fragments: tuple[str, ...]
    received_at: datetime
    net: Triage | None


@dataclass(frozen=True)
class Received:
    """A stored callback: new (and claimed, unless an earlier one of the same resident is pending) or a repetition."""

    id: MessageId
    new: bool
    claimed: Claimed | None = None


def receive(session: Session, inbound: Inbound, desk: Desk, *, now: datetime) -> Received:
    """Store a callback once, raise the alarm if the safety net sees one, and claim it for this process."""
    resident = _resident(session, inbound.openid, now)
    message_id = _insert_once(session, inbound, resident.id, now)
    if message_id is None:
        known = sa.select(Message.id).where(Message.resident_id == resident.id, Message.key == inbound.key)
        return Received(session.scalars(known).one(), new=False)
    message = session.get_one(Message, message_id)
    fragments = recent_fragments(session, message)
    if inbound.kind == "text":
        _raise_alarm(session, message, fragments, desk, now)
    if _earlier_pending(session, message):
        return Received(message_id, new=True)
    take(message, now=now, lease=LEASE)
    return Received(message_id, new=True, claimed=_claimed(message, resident, fragments))


def _raise_alarm(session: Session, message: Message, fragments: tuple[str, ...], desk: Desk, now: datetime) -> None:
    """File and page for an alarm that the safety net sees. If that fails, the message is stored all the same."""
    try:
        if (alarm := desk.net_triage(message.text, fragments)) is None:
            return
        message.triage = alarm.to_json()  # outside the savepoint: the handler files it if this does not work out
        with session.begin_nested():
            duty_case.file_message(session, message, alarm, roster=desk.roster(), channels=desk.channels, now=now)
    except Exception:
        log.exception("alarm.not_raised", message_id=message.id)


def claim(session: Session, *, now: datetime, limit: int) -> list[Claimed]:
    """Claim due messages, of each resident only the oldest: one resident's messages are handled in order."""
    earlier = sa.orm.aliased(Message)
    oldest = ~sa.exists().where(
        earlier.resident_id == Message.resident_id, earlier.state == WorkState.PENDING, earlier.id < Message.id
    )
    rows = claim_due(session, Message, now=now, lease=LEASE, limit=limit, where=[oldest], order=[Message.id])
    return [_claimed(row, row.resident, recent_fragments(session, row)) for row in rows]


def recent_fragments(session: Session, message: Message) -> tuple[str, ...]:
    """The resident's short texts of the last minutes, oldest first: "他" and "在门口" before "有刀".

    Only a short message is read together with earlier ones, and only unbroken runs of short ones count: a long message
    is understood by itself.
    """
    if message.kind != "text" or len(message.text) > _FRAGMENT_CHARACTERS:
        return ()
    rows = session.execute(
        sa.select(Message.text)
        .where(
            Message.resident_id == message.resident_id,
            Message.id < message.id,
            Message.kind == "text",
            Message.received_at > message.received_at - FRAGMENTS_WITHIN,
        )
        .order_by(Message.id.desc())
        .limit(_FRAGMENTS)
    ).scalars()
    fragments: list[str] = []
    for text in rows:
        if len(text) > _FRAGMENT_CHARACTERS:
            break
        fragments.insert(0, text)
    return tuple(fragments)


def _claimed(message: Message, resident: Resident, fragments: Sequence[str]) -> Claimed:
    return Claimed(
        id=message.id,
        attempt=message.attempts,
        kind=message.kind,
        text=message.text,
        event=str(message.payload.get("Event", "")).lower(),
        pseudonym=resident.pseudonym,
        fragments=tuple(fragments),
        received_at=message.received_at,
        net=Triage.from_json(message.triage) if message.triage else None,
    )


def _earlier_pending(session: Session, message: Message) -> bool:
    earlier = sa.select(Message.id).where(
        Message.resident_id == message.resident_id, Message.state == WorkState.PENDING, Message.id < message.id
    )
    return session.execute(earlier.limit(1)).first() is not None


def _resident(session: Session, openid: str, now: datetime) -> Resident:
    # Locked: of one resident, one message at a time gets its number, so that numbers follow the order of storing.
    query = sa.select(Resident).where(Resident.openid == openid).with_for_update(key_share=True)
    if (resident := session.scalars(query).one_or_none()) is None:
        pseudonym = "R-" + "".join(secrets.choice(_PSEUDONYM_ALPHABET) for _ in range(8))
        values = {"openid": openid, "pseudonym": pseudonym, "first_seen_at": now, "last_seen_at": now}
        session.execute(insert(session, Resident).values(**values).on_conflict_do_nothing())
        resident = session.scalars(query).one()
    resident.last_seen_at = now
    return resident


def _insert_once(session: Session, inbound: Inbound, resident_id: ResidentId, now: datetime) -> MessageId | None:
    """Insert the message, or give None when this (sender, key) is there already: the claim is atomic."""
    statement = (
        insert(session, Message)
        .values(
            resident_id=resident_id,
            key=inbound.key,
            kind=inbound.kind,
            text=inbound.text,
            payload={**inbound.payload, "sent_at": inbound.sent_at},
            received_at=now,
            state=WorkState.PENDING,
            due_at=now,
            attempts=0,
        )
        .on_conflict_do_nothing(index_elements=["resident_id", "key"])
        .returning(Message.id)
    )
    return session.scalars(statement).one_or_none()
