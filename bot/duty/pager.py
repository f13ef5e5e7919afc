"""The pager: deadlines that have passed become pages, pages go out over their channel until one attempt succeeds."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from bot.duty import escalation
from bot.duty.roster import Roster
from bot.store.models import Case, CaseState, Escalation, Page, WorkState
from bot.store.session import claim_due, retry_later, still_mine

log = structlog.get_logger()
LEASE = timedelta(seconds=10)
_ATTEMPTS = 12


def pass_deadlines(session: Session, *, roster: Roster, channels: tuple[str, ...], now: datetime) -> int:
    """Page the next officer of every case whose deadline has passed; how many cases were paged for.

    A case is locked before its deadlines, here as in `case.acknowledge`: in the other order the two would wait for
    each other. A deadline that cannot be passed is left for its lease, so that it holds up no other case.
    """
    paged = 0
    for step in claim_due(session, Escalation, now=now, lease=LEASE, limit=50, parent=Case):
        try:
            with session.begin_nested():
                paged += escalation.pass_deadline(session, step, roster=roster, channels=channels, now=now)
        except Exception:
            log.exception("deadline.failed", case_id=step.case_id, level=step.level)
    return paged


def claim_pages(session: Session, *, now: datetime, limit: int) -> list[Page]:
    """Claim due pages with their cases; a case that somebody has taken meanwhile needs none."""
    pages = claim_due(session, Page, now=now, lease=LEASE, limit=limit, order=[Page.due_at, Page.id])
    for page in pages:
        if page.case.state != CaseState.OPEN:
            page.state = WorkState.CANCELLED
    return [page for page in pages if page.state == WorkState.PENDING]


def settle_page(session: Session, page: Page, error: str | None, *, now: datetime) -> None:
    """Write down whether a page got out; a failed one is tried again while the next deadline runs."""
    mine = still_mine(session, Page, page.id, page.attempts)
    if mine is None:
        return
    if error is None:
        mine.state, mine.sent_at, mine.error = WorkState.DONE, now, None
    else:
        retry_later(mine, now=now, error=error, limit=_ATTEMPTS)
