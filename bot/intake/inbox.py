"""The inbox: a callback becomes one row, before the platform hears that it arrived.

In the same transaction the safety net reads the words: an alarm that it recognises has its case and its page before
anything else happens, whether Rasa lives or not. The model, asked next, may only add to that.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.intake.desk import Desk
from bot.nlu.triage import URGENT, Triage
from bot.store.models import Case, CaseState, Message, MessageId, Resident, ResidentId, WorkState
from bot.store.session import claim_due, take
from bot.wechat.inbound import Inbound

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
    if inbound.kind == "text" and (alarm := desk.net_triage(inbound.text, fragments)):
        message.triage = alarm.to_json()
        duty_case.file_message(session, message, alarm, roster=desk.roster(), channels=desk.channels, now=now)
    if _earlier_pending(session, message):
        return Received(message_id, new=True)
    take(message, now=now, lease=LEASE)
    return Received(message_id, new=True, claimed=_claimed(message, resident, fragments))


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


def open_alarm(session: Session, resident_id: ResidentId) -> Case | None:
    """The resident's alarm that no officer has closed yet."""
    return session.scalars(
        sa.select(Case)
        .where(Case.resident_id == resident_id, Case.label == URGENT, Case.state != CaseState.CLOSED)
        .order_by(Case.id.desc())
        .limit(1)
    ).one_or_none()


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
    query = sa.select(Resident).where(Resident.openid == openid)
    if (resident := session.scalars(query).one_or_none()) is None:
        pseudonym = "R-" + "".join(secrets.choice(_PSEUDONYM_ALPHABET) for _ in range(8))
        values = {"openid": openid, "pseudonym": pseudonym, "first_seen_at": now, "last_seen_at": now}
        session.execute(_insert(session, Resident).values(**values).on_conflict_do_nothing())
        resident = session.scalars(query).one()
    resident.last_seen_at = now
    return resident


def _insert_once(session: Session, inbound: Inbound, resident_id: ResidentId, now: datetime) -> MessageId | None:
    """Insert the message, or give None when this (sender, key) is there already: the claim is atomic."""
    statement = (
        _insert(session, Message)
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


def _insert(session: Session, table: type[Resident | Message]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, which both databases have and SQLAlchemy keeps apart."""
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
