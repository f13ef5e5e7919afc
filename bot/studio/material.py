"""Which of the residents' messages trainers may see and models be tried on, and which of them belong to a tip.

Both are asked of the database at the moment at which something is read or shown: a message may turn out to be a tip
long after it came in, and a resident may object at any time.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.nlu.triage import ONE_TAP
from bot.store.models import OF_FORM, Case, Message, Resident

TIP = "tip"


def own_words() -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on `Message`: words of its resident, typed or spoken, who has not objected to their use.

    No tap, no answer to a form, no event; a voice once it has a transcript.
    """
    objected = sa.exists().where(Resident.id == Message.resident_id, Resident.not_for_training.is_(True))
    return (
        Message.kind.in_(("text", "voice")),
        Message.text != "",
        Message.payload[OF_FORM].as_boolean().is_not(True),
        ~sa.func.coalesce(sa.cast(Message.triage, sa.Text), "").contains(f'"{ONE_TAP}"'),
        ~objected,
    )


def of_tip(message_id: Any) -> sa.ColumnElement[bool]:
    """Whether a message was taken for a tip, or its case is or was one, or is part of one."""
    message, case, into = aliased(Message), aliased(Case), aliased(Case)
    found: sa.ColumnElement[bool] = (
        sa.select(message.id)
        .outerjoin(case, case.id == message.case_id)
        .outerjoin(into, into.id == case.merged_into_id)
        .where(
            message.id == message_id,
            sa.or_(case.confidential, into.confidential, message.triage["label"].as_string() == TIP),
        )
        .exists()
    )
    return found


def tips_among(session: Session, message_ids: Iterable[int]) -> set[int]:
    """Those of some messages that belong to a tip."""
    query = sa.select(Message.id).where(Message.id.in_(list(message_ids)), of_tip(Message.id))
    return set(session.scalars(query))
