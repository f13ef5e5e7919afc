"""Which of the residents' messages trainers may see and models be tried on, and which of them belong to a tip.

Both are asked of the database at the moment at which something is read or shown: a message may turn out to be a tip
long after it came in, and a resident may object at any time.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.duty.words import are_words
from bot.store.models import Case, Message, Resident

TIP = "tip"
_TIP_LASTS, _TIP_BEGINS = timedelta(hours=24), timedelta(hours=1)
"""How long after a tip, and before it, what its resident writes is of the tip too: it may say who they are."""


def own_words() -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on `Message`: words of its resident, typed or spoken, who has not objected to their use."""
    objected = sa.exists().where(Resident.id == Message.resident_id, Resident.not_for_training.is_(True))
    return (*are_words(), ~objected)


def of_tip(message_id: Any) -> sa.ColumnElement[bool]:
    """Whether a message was taken for a tip, or its case is or was one, or is part of one; or that is so of another
    that the same resident wrote in the day before it, or in the hour after it."""
    message, near, case, into = aliased(Message), aliased(Message), aliased(Case), aliased(Case)
    ahead = sa.extract("epoch", near.received_at) - sa.extract("epoch", message.received_at)
    found: sa.ColumnElement[bool] = (
        sa.select(message.id)
        .join(near, near.resident_id == message.resident_id)
        .outerjoin(case, case.id == near.case_id)
        .outerjoin(into, into.id == case.merged_into_id)
        .where(
            message.id == message_id,
            ahead.between(-_TIP_LASTS.total_seconds(), _TIP_BEGINS.total_seconds()),
            sa.or_(case.confidential, into.confidential, near.triage["label"].as_string() == TIP),
        )
        .exists()
    )
    return found


def tips_among(session: Session, message_ids: Iterable[int]) -> set[int]:
    """Those of some messages that belong to a tip."""
    query = sa.select(Message.id).where(Message.id.in_(list(message_ids)), of_tip(Message.id))
    return set(session.scalars(query))
