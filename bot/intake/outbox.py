"""The outbox: replies that the passive answer did not carry, sent as customer-service messages within their budget."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.intake.evidence import EvidenceStore
from bot.store.models import Message, MessageId, Reply, WorkState
from bot.store.session import claim_due, retry_later, still_mine
from bot.wechat.client import WINDOW_CLOSED
from bot.wechat.errors import PlatformError
from bot.wechat.outbound import Article, Content, Picture, picture_type

LEASE = timedelta(seconds=30)
BUDGET = 5
"""Customer-service messages for each message of the resident (platform rule).

After a menu tap or a new follower it is three within a minute, on top of what an earlier message still allows. How the
platform adds these up is not documented, so only this upper bound is held here; the platform's own 45015 and 45047 say
the rest, and its first answer to a tap is passive anyway.
"""
WINDOW = timedelta(hours=48)
_ATTEMPTS = 8


def content(reply: Reply) -> Content:
    """What a reply tells the resident."""
    return Article(**reply.article) if reply.article else reply.text


def sendable(reply: Reply, files: EvidenceStore) -> Content | Picture:
    """What a reply tells the resident, a picture with what it holds.

    Raises:
        PlatformError: the picture is not in the evidence store.
    """
    if reply.picture is None:
        return content(reply)
    try:
        held = files.read(reply.picture)
    except OSError as error:
        raise PlatformError(0, f"the picture cannot be read ({type(error).__name__})") from None
    return Picture(held, picture_type(held) or "application/octet-stream")


def claim_replies(session: Session, *, now: datetime, limit: int) -> list[tuple[Reply, str]]:
    """Claim due replies with their openid; those whose window or budget is used up become undelivered at once.

    Of each resident only the oldest is claimed: the parts of an answer arrive in their order, and each finds the budget
    as the one before it has left it. But words wait for no picture: one that is large, or refused time after time,
    would hold up what keeps somebody alive.
    """
    earlier = sa.orm.aliased(Reply)
    oldest = ~sa.exists().where(
        earlier.resident_id == Reply.resident_id,
        earlier.state == WorkState.PENDING,
        earlier.id < Reply.id,
        sa.or_(earlier.picture.is_(None), Reply.picture.is_not(None)),
    )
    sendable = []
    for reply in claim_due(session, Reply, now=now, lease=LEASE, limit=limit, where=[oldest], order=[Reply.id]):
        if problem := _closed(session, reply, now):
            reply.state, reply.error = WorkState.FAILED, problem
        else:
            sendable.append((reply, reply.resident.openid))
    return sendable


def settle_reply(session: Session, reply: Reply, error: PlatformError | None, *, now: datetime) -> None:
    """Write down how sending went; what cannot be delivered any more stays visible to officers as undelivered."""
    mine = still_mine(session, Reply, reply.id, reply.attempts)
    if mine is None:
        return
    if error is None:
        mine.state, mine.sent_at, mine.error = WorkState.DONE, now, None
    elif error.code in WINDOW_CLOSED:
        mine.state, mine.error = WorkState.FAILED, str(error)
    else:
        retry_later(mine, now=now, error=str(error), limit=_ATTEMPTS)


def take_passive(session: Session, message_id: MessageId, *, now: datetime) -> Content | None:
    """What a repeated request may carry: the one already given, or the first that nobody has sent yet."""
    reply = session.scalars(
        sa.select(Reply).where(Reply.message_id == message_id).order_by(Reply.id).limit(1).with_for_update()
    ).one_or_none()
    if reply is None:
        return None
    if reply.via == "passive":
        return content(reply)
    if reply.state == WorkState.PENDING and reply.attempts == 0:
        reply.via, reply.state, reply.sent_at = "passive", WorkState.DONE, now
        return content(reply)
    return None


def give_back(session: Session, message_id: MessageId, *, now: datetime) -> None:
    """Send a passive reply as a customer-service message after all: nobody waited for it any more."""
    session.execute(
        sa.update(Reply)
        .where(Reply.message_id == message_id, Reply.via == "passive")
        .values(via="custom", state=WorkState.PENDING, sent_at=None, due_at=now)
    )


def _closed(session: Session, reply: Reply, now: datetime) -> str | None:
    """Why no customer-service message may go to this resident now, or None."""
    last = session.execute(
        sa.select(Message.id, Message.received_at)
        .where(Message.resident_id == reply.resident_id)
        .order_by(Message.id.desc())
        .limit(1)
    ).one()
    if now - last.received_at > WINDOW:
        return "the 48-hour window is over"
    used = session.scalar(
        sa.select(sa.func.count()).where(
            Reply.resident_id == reply.resident_id,
            Reply.via == "custom",
            Reply.state == WorkState.DONE,
            Reply.sent_at >= last.received_at,
        )
    )
    return f"{BUDGET} messages have been sent since the resident last wrote" if (used or 0) >= BUDGET else None
