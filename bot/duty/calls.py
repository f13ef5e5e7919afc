"""What a telephone vendor reports about a call: the key that was pressed, or why nobody was reached.

Calls are known by the vendor's number, which the page keeps as its receipt.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import escalation, handling
from bot.store.models import Case, CaseState, Page, WorkState

ACKNOWLEDGING_KEY = "1"
_REASON_CHARACTERS = 60


def key_pressed(session: Session, call: str, key: str, *, now: datetime) -> bool:
    """An officer pressed a key: the right one acknowledges the case in their name, once. Whether the call is known."""
    page = _page(session, call)
    if (
        page is not None
        and key == ACKNOWLEDGING_KEY
        and handling.locked(session, page.case_id).state != CaseState.CLOSED
    ):
        handling.acknowledge(session, page.case_id, officer=page.officer, via="voice", now=now)
    return page is not None


def not_reached(session: Session, call: str, reason: str, *, now: datetime) -> bool:
    """A call did not get through: the page is as good as not delivered. Whether the call is known."""
    page = _page(session, call)
    if page is None:
        return False
    case = session.get_one(Case, page.case_id, with_for_update=True)
    page.state, page.error = WorkState.FAILED, f"not reached: {reason[:_REASON_CHARACTERS]}"
    session.flush()
    escalation.hasten(session, case, page.level, now=now)
    return True


def _page(session: Session, call: str) -> Page | None:
    return session.scalars(sa.select(Page).where(Page.receipt == call).limit(1)).one_or_none()
