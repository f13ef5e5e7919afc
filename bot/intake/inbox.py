"""The inbox: a callback becomes one row, before the platform hears that it arrived.

In the same transaction the safety net reads the words. The model, asked next, weighs what the net found; where it has
not answered in time, in whichever process and for whatever reason, the net's alarm has its case and page without it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.intake import wording
from bot.intake.desk import Desk
from bot.nlu.triage import URGENT, Triage
from bot.store.models import OF_FORM, Case, Message, MessageId, Reply, Resident, ResidentId, WorkState
from bot.store.session import claim_due, insert
from bot.wechat.inbound import Inbound

log = structlog.get_logger()
LEASE = timedelta(seconds=8)
"""Longer than a message is ever worked on (three seconds for Rasa, the rest for the database)."""
_MODEL_WITHIN = timedelta(seconds=2)
"""How long the page for an alarm of the safety net waits for the model to read its message (ADR 005)."""
FRAGMENTS_WITHIN = timedelta(minutes=3)
_FRAGMENT_CHARACTERS = 14
_FRAGMENTS = 6
_IN_WORDS = ("text", "voice")
"""A voice has words once it is transcribed."""
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
    alarm_open: bool
    """Whether what the resident sends belongs to an alarm that is not over."""
    alarm_seen: bool = False
    """Whether an officer has it, so that its resident may take up a form again in so many words."""
    of_form: bool = False
    """Whether a picture comes behind words that have filled in a form: in an open alarm it is taken for the form's only
    then."""
    not_begun: str = ""
    """The words that begin a form which was wished for just now, in a message that no model has read."""


@dataclass(frozen=True)
class Received:
    """A stored callback: new (and claimed, unless an earlier one of the same resident is pending) or a repetition."""

    id: MessageId
    new: bool
    claimed: Claimed | None = None


def receive(session: Session, inbound: Inbound, desk: Desk, *, now: datetime) -> Received:
    """Store a callback once, with the alarm that the safety net sees in it, and claim it for this process.

    Written with plain statements: this is what every resident waits for, and loading and flushing objects takes longer
    than the statements themselves.
    """
    resident = _resident(session, inbound.openid, now)
    stored, waits = _before(session, resident.id, inbound.key)
    if stored:
        return Received(stored, new=False)
    message_id = _stored(session, inbound, resident.id, now, claimed=not waits)
    net: Triage | None = None
    fragments: tuple[str, ...] = ()
    if inbound.kind == "text":
        fragments = recent_fragments(session, resident.id, message_id, inbound.text, now)
        net = _seen_by_net(session, message_id, inbound.text, fragments, desk)
    if waits:
        return Received(message_id, new=True)
    claimed = Claimed(
        id=message_id,
        attempt=1,
        kind=inbound.kind,
        text=inbound.text,
        event=_event(inbound.payload),
        pseudonym=resident.pseudonym,
        fragments=fragments,
        received_at=now,
        net=net,
        alarm_open=duty_case.alarm_goes_on(session, resident.id, now=now),
        alarm_seen=duty_case.alarm_is_seen(session, resident.id),
        of_form=inbound.kind == "image" and _answered_form(session, resident.id, message_id),
        not_begun=_not_begun(session, resident.id) if inbound.kind == "text" and net is None else "",
    )
    return Received(message_id, new=True, claimed=claimed)


def _seen_by_net(
    session: Session, message_id: MessageId, text: str, fragments: tuple[str, ...], desk: Desk
) -> Triage | None:
    """The alarm that the safety net sees, kept on the message. If the net fails, the message is stored all the same."""
    try:
        if alarm := desk.net_triage(text, fragments):
            session.execute(sa.update(Message).where(Message.id == message_id).values(triage=alarm.to_json()))
    except Exception:
        log.exception("net.failed", message_id=message_id)
        return None
    return alarm


def raise_unread(session: Session, now: datetime, *, desk: Desk) -> int:
    """File and page for alarms of the safety net that the model has not read in time; returns for how many."""
    pending = sa.select(Message).where(
        Message.state == WorkState.PENDING,
        Message.case_id.is_(None),
        Message.triage["label"].as_string() == URGENT,
        Message.received_at <= now - _MODEL_WITHIN,
    )
    raised = 0
    for message in session.scalars(pending.order_by(Message.id).with_for_update(skip_locked=True)):
        try:
            with session.begin_nested():
                file_alarm(session, message, Triage.from_json(message.triage or {}), desk, now)
            raised += 1
        except Exception:  # the others are paged for, and this one is tried again
            log.exception("alarm.not_raised", message_id=message.id)
    return raised


def raise_alarms(session: Session, now: datetime, *, alarms: Mapping[MessageId, Triage], desk: Desk) -> None:
    """File and page for messages that the model has looked over while they wait for their turn."""
    pending = sa.select(Message).where(Message.id.in_(alarms), Message.state == WorkState.PENDING)
    for message in session.scalars(pending.order_by(Message.id)):
        file_alarm(session, message, alarms[message.id], desk, now)


def file_alarm(session: Session, message: Message, alarm: Triage, desk: Desk, now: datetime) -> None:
    """File and page for a message whose conversation may still have to answer it."""
    message.triage = alarm.to_json()
    duty_case.file_message(session, message, alarm, watch=desk.watch(), now=now)


def claim(session: Session, *, now: datetime, limit: int) -> list[Claimed]:
    """Claim due messages, of each resident only the oldest: one resident's messages are handled in order."""
    earlier = sa.orm.aliased(Message)
    oldest = ~sa.exists().where(
        earlier.resident_id == Message.resident_id, earlier.state == WorkState.PENDING, earlier.id < Message.id
    )
    rows = claim_due(session, Message, now=now, lease=LEASE, limit=limit, where=[oldest], order=[Message.id])
    return [_claimed(session, row, now) for row in rows]


def recent_fragments(
    session: Session, resident_id: ResidentId, message_id: MessageId, text: str, received_at: datetime
) -> tuple[str, ...]:
    """The resident's short texts of the last minutes, oldest first: "他" and "在门口" before "有刀".

    Only a short message is read together with earlier ones, and only unbroken runs of short ones count: a long message
    is understood by itself, and what led to an alarm that has been called over since is done with.
    """
    if len(text) > _FRAGMENT_CHARACTERS:
        return ()
    rows = session.execute(
        sa.select(Message.text)
        .outerjoin(Case, Case.id == Message.case_id)
        .where(
            sa.or_(Case.resolved_at.is_(None), Message.received_at > Case.resolved_at),
            Message.resident_id == resident_id,
            Message.id < message_id,
            Message.kind.in_(_IN_WORDS),
            Message.text != "",
            Message.received_at > received_at - FRAGMENTS_WITHIN,
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


def fragments_before(session: Session, message: Message) -> tuple[str, ...]:
    """The fragments that a stored message continues."""
    if message.kind not in _IN_WORDS:
        return ()
    return recent_fragments(session, message.resident_id, message.id, message.text, message.received_at)


def _claimed(session: Session, message: Message, now: datetime) -> Claimed:
    return Claimed(
        id=message.id,
        attempt=message.attempts,
        kind=message.kind,
        text=message.text,
        event=_event(message.payload),
        pseudonym=message.resident.pseudonym,
        fragments=fragments_before(session, message),
        received_at=message.received_at,
        net=Triage.from_json(message.triage) if message.triage else None,
        alarm_open=duty_case.alarm_goes_on(session, message.resident_id, now=now),
        alarm_seen=duty_case.alarm_is_seen(session, message.resident_id),
        of_form=message.kind == "image" and _answered_form(session, message.resident_id, message.id),
        not_begun=_not_begun(session, message.resident_id) if message.kind == "text" and not message.triage else "",
    )


def _not_begun(session: Session, resident_id: ResidentId) -> str:
    """The words that begin the form which the last reply has said not to have begun."""
    return wording.form_not_begun(last_said(session, resident_id))


def last_said(session: Session, resident_id: ResidentId) -> str:
    """What was last said to a resident; "" where nothing was."""
    last = sa.select(Reply.text).where(Reply.resident_id == resident_id).order_by(Reply.id.desc()).limit(1)
    return session.scalar(last) or ""


def _answered_form(session: Session, resident_id: ResidentId, before: MessageId) -> bool:
    """Whether the last words of a resident were an answer to a form."""
    last = (
        sa.select(Message.payload)
        .where(Message.resident_id == resident_id, Message.id < before, Message.kind == "text")
        .order_by(Message.id.desc())
        .limit(1)
    )
    return bool((session.scalar(last) or {}).get(OF_FORM))


def _event(payload: dict[str, Any]) -> str:
    event = str(payload.get("Event", "")).lower()
    return f"{event}:{payload.get('EventKey', '')}" if event == "click" else event


def _before(session: Session, resident_id: ResidentId, key: str) -> tuple[MessageId | None, bool]:
    """The message with this key, if it is stored already, and whether any of the resident's waits for its turn.

    Looked up, and not left to ON CONFLICT: that would wait for whoever just changes the row of the first sending, while
    the handling of that one waits for the lock that this transaction has on the resident.
    """
    of_resident = sa.select(Message.id).where(Message.resident_id == resident_id)
    stored = of_resident.where(Message.key == key).scalar_subquery()
    waits = of_resident.where(Message.state == WorkState.PENDING).exists()
    row = session.execute(sa.select(stored, waits)).one()
    return row[0], row[1]


def _resident(session: Session, openid: str, now: datetime) -> sa.Row[ResidentId, str]:
    """The resident's id and pseudonym; one who writes for the first time is given a pseudonym."""
    # Locked: of one resident, one message at a time gets its number, so that numbers follow the order of storing and
    # one that is sent again is seen.
    query = sa.select(Resident.id, Resident.pseudonym).where(Resident.openid == openid).with_for_update(key_share=True)
    if resident := session.execute(query).one_or_none():
        return resident
    pseudonym = "R-" + "".join(secrets.choice(_PSEUDONYM_ALPHABET) for _ in range(8))
    values = {"openid": openid, "pseudonym": pseudonym, "first_seen_at": now}
    session.execute(insert(session, Resident).values(**values).on_conflict_do_nothing())
    return session.execute(query).one()


def _stored(session: Session, inbound: Inbound, resident_id: ResidentId, now: datetime, *, claimed: bool) -> MessageId:
    """Insert the message; nobody else can have, since its resident is locked."""
    statement = (
        sa.insert(Message)
        .values(
            resident_id=resident_id,
            key=inbound.key,
            kind=inbound.kind,
            text=inbound.text,
            payload={**inbound.payload, "sent_at": inbound.sent_at},
            received_at=now,
            state=WorkState.PENDING,
            due_at=now + LEASE if claimed else now,
            attempts=1 if claimed else 0,
        )
        .returning(Message.id)
    )
    return session.scalars(statement).one()
