"""What a resident and the bot have said to each other, whatever case it is in or in none.

It names the resident; so what is in a case that hides its own, and what may tell whose such a case is, is never here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from bot.console.conversation import Answered, Said, answered, in_order, said_in
from bot.duty.case import named_case
from bot.duty.disclosure import may_tell_a_reporter
from bot.store.models import Case, CaseId, Message, MessageId, Reply, Resident, ResidentId, WorkState

PAGE = 60
"""How many messages of a resident are shown at once."""
BEFORE = timedelta(hours=24)
"""How long before a case what was said belongs to its story."""


@dataclass(frozen=True)
class OpenTalk:
    """A page of a conversation, oldest first. `earlier`: the page before ends at this message (None: there is none).

    `case_id`: the running case that names the resident, where they are talked with.
    """

    pseudonym: str
    case_id: CaseId | None
    talk: tuple[Said | Answered, ...]
    earlier: MessageId | None


def read_talk(session: Session, pseudonym: str, *, before: MessageId | None = None) -> OpenTalk | None:
    """The newest page of a conversation, or the one that ends at a message; None when there is no such resident."""
    resident = session.scalars(sa.select(Resident).where(Resident.pseudonym == pseudonym)).one_or_none()
    if resident is None:
        return None
    case = named_case(session, resident.id)
    messages = _messages(session, resident.id, *([Message.id < before] if before else []), limit=PAGE + 1)
    earlier = messages[1].id if len(messages) > PAGE else None
    shown = messages[-PAGE:]
    since = [Reply.created_at >= shown[0].received_at] if earlier else []
    until = [Reply.created_at < _received_at(before)] if before else []
    return OpenTalk(
        pseudonym=resident.pseudonym,
        case_id=case.id if case else None,
        talk=_talk(session, resident.id, shown, *since, *until),
        earlier=earlier,
    )


def read_before(session: Session, case_id: CaseId) -> tuple[Said | Answered, ...]:
    """What the resident of a case and the bot have said in the last day before it was opened; of a tip nothing."""
    case = session.get_one(Case, case_id)
    if case.confidential:
        return ()
    # What is in the case itself or was merged into it stands on its page already.
    elsewhere = (Case.id.is_distinct_from(case_id), Case.merged_into_id.is_distinct_from(case_id))
    since, until = case.opened_at - BEFORE, case.opened_at
    then = (Message.received_at >= since, Message.received_at < until)
    messages = _messages(session, case.resident_id, *elsewhere, *then, limit=PAGE)
    # As far back as the messages go.
    since = messages[0].received_at if len(messages) == PAGE else since
    return _talk(session, case.resident_id, messages, *elsewhere, Reply.created_at >= since, Reply.created_at < until)


def _messages(
    session: Session, resident_id: ResidentId, *where: sa.ColumnElement[bool], limit: int
) -> Sequence[Message]:
    """The last messages of a resident that tell of no tip, oldest first; what is not handled yet may become one."""
    query = (
        sa.select(Message)
        .join(Case, Case.id == Message.case_id, isouter=True)
        .where(
            Message.resident_id == resident_id,
            Message.state == WorkState.DONE,
            Message.kind != "event",
            _open(Message.case_id),
            sa.not_(may_tell_a_reporter()),
            *where,
        )
        .options(selectinload(Message.media))
        .order_by(Message.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()[::-1]


def _talk(
    session: Session, resident_id: ResidentId, messages: Sequence[Message], *where: sa.ColumnElement[bool]
) -> tuple[Said | Answered, ...]:
    """The messages with their answers, and what else was written to the resident (`where`: when, and in which case)."""
    by_itself = sa.and_(Reply.message_id.is_(None), *where)
    replies = session.scalars(
        sa.select(Reply)
        .join(Case, Case.id == Reply.case_id, isouter=True)
        .where(
            Reply.resident_id == resident_id,
            _open(Reply.case_id),
            sa.or_(Reply.message_id.in_([message.id for message in messages]), by_itself),
        )
    )
    return in_order([*map(said_in, messages), *map(answered, replies)])


def _open(case_id: sa.orm.InstrumentedAttribute[CaseId | None]) -> sa.ColumnElement[bool]:
    return sa.or_(case_id.is_(None), Case.confidential.is_(False))


def _received_at(message_id: MessageId) -> sa.ScalarSelect[datetime]:
    return sa.select(Message.received_at).where(Message.id == message_id).scalar_subquery()
