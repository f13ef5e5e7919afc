"""The pager: deadlines that have passed become pages, pages go out over their channel until one attempt succeeds."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.duty import escalation
from bot.duty.roster import Roster
from bot.store.models import CaseState, Escalation, Page, WorkState
from bot.store.session import claim_due, retry_later, still_mine

LEASE = timedelta(seconds=10)
_ATTEMPTS = 12


def pass_deadlines(session: Session, *, roster: Roster, channels: tuple[str, ...], now: datetime) -> int:
    """Page the next officer of every case whose deadline has passed; how many cases were paged for."""
    steps = claim_due(session, Escalation, now=now, lease=LEASE, limit=50)
    return sum(escalation.pass_deadline(session, step, roster=roster, channels=channels, now=now) for step in steps)


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
