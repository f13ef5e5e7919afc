"""Escalation: page, wait, page the next step, until somebody acknowledges. Deadlines and pages are rows.

Every function expects the case to be locked by its caller.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.duty.policy import next_step
from bot.duty.presence import ABSENT
from bot.duty.watch import Watch
from bot.nlu.triage import URGENT
from bot.store.models import Case, CaseState, Escalation, EscalationKind, Page, PageKind, WorkState

SOONEST = timedelta(seconds=5)
"""A level that reached nobody is given this long before the next: its channels are tried again meanwhile."""


def start(session: Session, case: Case, *, watch: Watch, now: datetime) -> None:
    """Give the case its policy, page the first step now and set the deadline for the next; nothing without a policy."""
    case.policy = None
    if _give_policy(session, case, watch=watch, now=now):
        _page_step(session, case, 0, _next_level(session, case), watch=watch, now=now)


def pass_deadline(session: Session, deadline: Escalation, *, watch: Watch, now: datetime) -> bool:
    """A deadline has passed: page its step and set the next one. Whether anybody was paged.

    However long the engine was away, this is one page, not one for each deadline that was missed meanwhile.
    """
    case = deadline.case
    silence = deadline.kind == EscalationKind.SILENCE
    if case.state != (CaseState.ACKNOWLEDGED if silence else CaseState.OPEN) or (silence and case.resolved_at):
        deadline.state = WorkState.CANCELLED
        return False
    deadline.state = WorkState.DONE
    if silence:
        left_by = {"officer": case.acknowledged_by}
        audit.record(session, audit.SYSTEM, "unacknowledge", case_id=case.id, now=now, detail=left_by)
        resume(session, case, watch=watch, now=now)
    else:
        _give_policy(session, case, watch=watch, now=now)
        _page_step(session, case, deadline.step, deadline.level, watch=watch, now=now)
    return True


def resume(session: Session, case: Case, *, watch: Watch, now: datetime) -> None:
    """Nobody has the case any more: it is open, and paged for by its policy from the first step on."""
    case.state, case.acknowledged_at, case.acknowledged_by = CaseState.OPEN, None, None
    case.offered_to, case.updated_at = None, now
    session.flush()
    stop(session, case)
    if _give_policy(session, case, watch=watch, now=now):
        _page_step(session, case, 0, _next_level(session, case), watch=watch, now=now)


def page_one(session: Session, case: Case, officer: str, kind: PageKind, *, watch: Watch, now: datetime) -> int:
    """Page one officer over every channel, beside the policy; the level of these pages."""
    level = _next_level(session, case)
    for channel in watch.channels:
        _add_pages(session, case, level, channel, [officer], personal=channel in watch.personal, kind=kind, now=now)
    return level


def page_holder(session: Session, case: Case, kind: PageKind, *, watch: Watch, now: datetime) -> None:
    """Page the officer who has the case, if anybody has."""
    if case.acknowledged_by:
        page_one(session, case, case.acknowledged_by, kind, watch=watch, now=now)


def page_again(session: Session, case: Case, *, now: datetime) -> None:
    """Have the engine page for an open case, at once, from the first step of its policy on."""
    stop(session, case)
    session.add(Escalation(case_id=case.id, level=_next_level(session, case), step=0, due_at=now))


def stop(session: Session, case: Case) -> None:
    """End the escalation: nobody is paged for this case any more."""
    end_deadlines(session, case, *EscalationKind)
    withdraw_pages(session, case)


def withdraw_pages(session: Session, case: Case) -> None:
    """What has not gone out yet does not go out any more."""
    session.execute(
        sa.update(Page)
        .where(Page.case_id == case.id, Page.state == WorkState.PENDING)
        .values(state=WorkState.CANCELLED)
    )


def end_deadlines(session: Session, case: Case, *kinds: EscalationKind) -> None:
    """Wait for nothing of these kinds any more; what is on its way to an officer still goes out."""
    session.execute(
        sa.update(Escalation)
        .where(Escalation.case_id == case.id, Escalation.kind.in_(kinds), Escalation.state == WorkState.PENDING)
        .values(state=WorkState.CANCELLED)
    )


def watch_over(session: Session, case: Case, *, now: datetime) -> None:
    """Begin, or begin anew, to wait for anything to be done about an acknowledged alarm."""
    silence = (case.policy or {}).get("silence")
    if case.label != URGENT or case.state != CaseState.ACKNOWLEDGED or not silence:
        return
    due_at = now + timedelta(seconds=silence)
    waiting = (
        sa.update(Escalation)
        .where(
            Escalation.case_id == case.id,
            Escalation.kind == EscalationKind.SILENCE,
            Escalation.state == WorkState.PENDING,
        )
        .values(due_at=due_at)
        .returning(Escalation.id)
    )
    if not session.execute(waiting).all():
        level = _next_level(session, case)
        session.add(Escalation(case_id=case.id, level=level, step=0, kind=EscalationKind.SILENCE, due_at=due_at))


def hasten(session: Session, case: Case, level: int, *, now: datetime) -> None:
    """Bring the next deadline forward when no page of a level got out: an officer who cannot be reached is not there.
    Nor is one whose desk is mute or was lost.

    Only on the way to the last step: afterwards all have been tried, and a network that is down would make a storm.
    """
    states = session.execute(
        sa.select(Page.state, Page.error, Page.receipt, Page.created_at).where(
            Page.case_id == case.id, Page.level == level
        )
    ).all()
    if not states or not all(_reached_nobody(*row) for row in states):
        return
    deadline = session.scalars(
        sa.select(Escalation).where(
            Escalation.case_id == case.id,
            Escalation.level == level + 1,
            Escalation.kind.in_([EscalationKind.CLIMB, EscalationKind.OFFER]),
            Escalation.state == WorkState.PENDING,
        )
    ).one_or_none()
    if deadline and (deadline.kind == EscalationKind.OFFER or _first_round(session, deadline)):
        deadline.due_at = min(deadline.due_at, max(now, states[0].created_at + SOONEST))


def _reached_nobody(state: str, error: str | None, receipt: str | None, _created_at: datetime) -> bool:
    if state == WorkState.DONE:
        return receipt in ABSENT
    return state in {WorkState.PENDING, WorkState.FAILED} and error is not None


def _first_round(session: Session, deadline: Escalation) -> bool:
    """Whether a climb leads to a step for the first time since nobody had the case: its steps are one level apart, and
    no deadline has led to the first of them."""
    first = sa.select(Escalation.id).where(
        Escalation.case_id == deadline.case_id,
        Escalation.level == deadline.level - deadline.step,
        Escalation.kind == EscalationKind.CLIMB,
        Escalation.state.in_([WorkState.PENDING, WorkState.DONE]),
    )
    return session.scalars(first).first() is None


def receivers(session: Session, policy: dict[str, Any] | None, step: int, *, watch: Watch, now: datetime) -> str:
    """Whom a step of a case's policy means now: their names."""
    who = policy["steps"][step]["who"] if policy else ()
    return "、".join(officer.name for officer in watch.meant_by(session, who, now=now))


def _give_policy(session: Session, case: Case, *, watch: Watch, now: datetime) -> dict[str, Any] | None:
    """The case's policy; the file's of this moment for one that has none yet (it may be older than policies are)."""
    if case.policy is None:
        on_duty = len(watch.on_duty(session, now=now))
        case.policy = watch.roster.policy_for(case.label, case.intent, on_duty=on_duty)
    return case.policy


def _page_step(session: Session, case: Case, step: int, level: int, *, watch: Watch, now: datetime) -> None:
    policy = case.policy or {}
    plan = policy["steps"][step]
    receivers = [officer.name for officer in watch.meant_by(session, plan["who"], now=now)]
    # A channel that is not configured any more must not leave a step without a page.
    channels = [name for name in plan["channels"] or () if name in watch.channels] or watch.channels
    for channel in channels:
        _add_pages(session, case, level, channel, receivers, personal=channel in watch.personal, now=now)
    following = next_step(policy, step)
    if following is not None:
        due_at = now + timedelta(seconds=plan["wait"])
        session.add(Escalation(case_id=case.id, level=level + 1, step=following, due_at=due_at))


def _add_pages(
    session: Session,
    case: Case,
    level: int,
    channel: str,
    names: list[str],
    *,
    personal: bool,
    kind: PageKind = PageKind.ALARM,
    now: datetime,
) -> None:
    """A page for each of them, or one for all: as the channel is. It supersedes one that still waits to get to them."""
    priority = (0 if level == 0 else 1) if case.label == URGENT else 2
    for name in names if personal else ["、".join(names)]:
        waiting = [Page.case_id == case.id, Page.channel == channel, Page.state == WorkState.PENDING]
        if personal:
            waiting.append(Page.officer == name)
        superseded = sa.update(Page).where(*waiting).values(state=WorkState.CANCELLED).returning(Page.priority)
        # It matters as much as the most important of those that it stands for: they never got out.
        urgency = min([priority, *session.scalars(superseded)])
        session.add(
            Page(
                case_id=case.id,
                level=level,
                officer=name,
                channel=channel,
                priority=urgency,
                kind=kind,
                created_at=now,
                due_at=now,
            )
        )


def _next_level(session: Session, case: Case) -> int:
    """The number after the highest that this case has used, for a page or a deadline, whatever became of it."""
    session.flush()
    highest = [
        session.scalar(sa.select(sa.func.max(table.level)).where(table.case_id == case.id))
        for table in (Page, Escalation)
    ]
    return max((level for level in highest if level is not None), default=-1) + 1
