"""The pager: deadlines that have passed become pages, pages go out over their channel until one attempt succeeds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.duty import escalation, handover, presence
from bot.duty.channels.base import ChannelError, RateLimitedError
from bot.duty.presence import Hearing
from bot.duty.rates import Quota, Rate
from bot.duty.watch import Watch
from bot.nlu.triage import URGENT
from bot.store.models import Case, CaseState, Escalation, EscalationKind, Page, PageKind, WorkState
from bot.store.session import claim_due, retry_later, still_mine

log = structlog.get_logger()
LEASE = timedelta(seconds=10)
PATIENCE = timedelta(seconds=5)
"""An alarm that waits longer for its channel counts as not delivered."""
NO_ALARM = 2
"""The priority of a page that is for no alarm; an alarm's are smaller (`escalation`)."""
_LONGEST_WAIT, _LONGEST_WAIT_OF_OTHERS = timedelta(minutes=1), timedelta(minutes=10)
"""Between two attempts. A page is tried for as long as anybody needs it: a channel may be away for hours, and where
no further step follows it is the only one."""
_RECEIPT_CHARACTERS = 64


def pass_deadlines(session: Session, *, watch: Watch, now: datetime) -> int:
    """Page the next step of every case whose deadline has passed; how many cases were paged for.

    A case is locked before its deadlines, here as in `case.acknowledge`: in the other order the two would wait for
    each other. A deadline that cannot be passed is left for its lease, so that it holds up no other case.
    """
    paged = 0
    for step in claim_due(session, Escalation, now=now, lease=LEASE, limit=50, parent=Case):
        try:
            with session.begin_nested():
                passed = handover.lapse if step.kind == EscalationKind.OFFER else escalation.pass_deadline
                paged += passed(session, step, watch=watch, now=now)
        except Exception:
            log.exception("deadline.failed", case_id=step.case_id, level=step.level)
    return paged


@dataclass(frozen=True)
class Claim:
    """Pages to send now, and the alarms that have to wait for their channel longer than an alarm should; `seen`: how
    many rows were due."""

    pages: list[Page]
    held_up: list[Page]
    seen: int


def claim_pages(session: Session, *, alarms: bool, rates: Mapping[str, Rate], now: datetime, limit: int) -> Claim:
    """Claim due pages, `alarms` or others, with their cases, those that matter most first, and cancel those that nobody
    needs any more. What its channel's rate does not allow now is due again when it does, and has not been tried."""
    order = [Page.priority, Page.due_at, Page.id]
    which = [Page.priority < NO_ALARM if alarms else Page.priority >= NO_ALARM]
    pages = list(claim_due(session, Page, now=now, lease=LEASE, limit=limit, where=which, order=order))
    for page in pages:
        if not _needed(page):
            page.state = WorkState.CANCELLED
    claim = Claim([], [], len(pages))
    # In the order of names, so that two gateways wait for each other's channels in the same order.
    channels = sorted({page.channel for page in pages} & rates.keys())
    quotas = {name: Quota(session, name, rates[name], now=now) for name in channels}
    for page in pages:
        if page.state != WorkState.PENDING:
            continue
        wait = quotas[page.channel].take(alarm=alarms) if page.channel in quotas else None
        if wait is None:
            claim.pages.append(page)
            continue
        page.due_at, page.attempts = now + wait, page.attempts - 1
        late = page.due_at - page.created_at
        if alarms and late > PATIENCE:
            page.error = f"rate limit: {late.total_seconds():.0f} s late"
            claim.held_up.append(page)
    return claim


def _needed(page: Page) -> bool:
    """Whether what a page asks for is still to be done: take the case, take it over, go on with it."""
    case = page.case
    if page.kind == PageKind.OFFER:
        return case.offered_to == page.officer
    if page.kind in {PageKind.RETURNED, PageKind.TURNED, PageKind.OVER}:
        has_it = case.state == CaseState.ACKNOWLEDGED and case.acknowledged_by == page.officer
        return has_it and not (page.kind == PageKind.RETURNED and case.offered_to)
    return case.state == CaseState.OPEN


def hold_up(session: Session, page: Page, *, now: datetime) -> None:
    """An alarm waits too long for its channel: as good as not delivered, so the next officer may be due sooner."""
    case = session.get_one(Case, page.case_id, with_for_update=True)
    log.warning("page.held_up", page_id=page.id, case_id=case.id, level=page.level, channel=page.channel)
    escalation.hasten(session, case, page.level, now=now)


def settle_page(
    session: Session,
    page: Page,
    problem: ChannelError | None,
    *,
    rates: Mapping[str, Rate],
    now: datetime,
    receipt: str | None = None,
) -> None:
    """Write down whether a page got out; a failed one is tried again while the next deadline runs.

    The case is locked first, as everywhere: whoever acknowledges it holds it and then wants its pages.
    """
    in_vain = problem is not None or receipt == Hearing.MUTED
    case = session.get_one(Case, page.case_id, with_for_update=True) if in_vain else None
    if receipt:
        # Whatever became of the page meanwhile: the telephone rings, and the key that is pressed is known by this.
        session.execute(sa.update(Page).where(Page.id == page.id).values(receipt=receipt[:_RECEIPT_CHARACTERS]))
    mine = still_mine(session, Page, page.id, page.attempts)
    if mine is None:
        return
    if problem is None:
        mine.state, mine.sent_at, mine.error = WorkState.DONE, now, None
    else:
        longest = _LONGEST_WAIT if mine.priority < NO_ALARM else _LONGEST_WAIT_OF_OTHERS
        retry_later(mine, now=now, error=str(problem), longest=longest)
    if isinstance(problem, RateLimitedError):
        _rest(session, mine, problem, rates=rates, now=now)
    if case:
        session.flush()
        escalation.hasten(session, case, page.level, now=now)


def miss_desks(session: Session, *, now: datetime) -> int:
    """Look after the desks to which alarms were paged: one that is lost, or mute, before anybody acknowledged is an
    officer who is not there. For how many the next step has now become due sooner, perhaps.

    A page that is loaded again is silent for a moment, so it is given as long as any desk.
    """
    pages = session.scalars(
        sa.select(Page)
        .join(Case)
        .join(Escalation, sa.and_(Escalation.case_id == Case.id, Escalation.level == Page.level + 1))
        .where(
            Case.state == CaseState.OPEN,
            Case.label == URGENT,
            Page.receipt.in_([Hearing.AUDIBLE, Hearing.UNHEARD]),
            Escalation.kind == EscalationKind.CLIMB,
            Escalation.state == WorkState.PENDING,
        )
        .order_by(Page.case_id, Page.id)
        .with_for_update(of=[Page, Case], skip_locked=True)
    ).all()
    missed = 0
    for page in pages:
        if presence.audible(session, page.officer, now):
            page.receipt = Hearing.AUDIBLE
        elif page.receipt == Hearing.AUDIBLE:
            page.receipt, page.due_at = Hearing.UNHEARD, now + presence.FRESH
        elif page.due_at <= now:
            page.receipt, missed = Hearing.LOST, missed + 1
            log.warning("desk.lost", page_id=page.id, case_id=page.case_id, level=page.level)
            session.flush()
            escalation.hasten(session, page.case, page.level, now=now)
    return missed


def _rest(session: Session, page: Page, problem: RateLimitedError, *, rates: Mapping[str, Rate], now: datetime) -> None:
    """The vendor takes no more: its channel rests, or where it limits each officer by themselves, this page alone."""
    if page.channel in rates:
        Quota(session, page.channel, rates[page.channel], now=now).rest(problem.rest)
    else:
        page.due_at = max(page.due_at, now + problem.rest)
