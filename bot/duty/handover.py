"""Handing a case over. Who is asked is paged at once; until they accept, the officer who has the case keeps it."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.duty import audit, escalation
from bot.duty.handling import CaseError, acted, on_the_roster, running, take_over
from bot.duty.watch import Watch
from bot.store.models import Case, CaseId, CaseState, Escalation, EscalationKind, PageKind, WorkState

OFFERED_FOR = timedelta(minutes=3)
"""How long an offer stands; then the officer who has the case is told that nobody has taken it over."""


def offer(session: Session, case_id: CaseId, *, to: str, officer: str, watch: Watch, now: datetime) -> Case:
    """Ask another officer to take a case over, and page them. The same offer again changes nothing.

    Raises:
        CaseError: no such case, closed, nobody has it yet, or it would go to whoever has it or is not in duty.yml.
    """
    on_the_roster(to, watch)
    case = running(session, case_id, officer)
    if case.state != CaseState.ACKNOWLEDGED:
        raise _nobody_has(case)
    if to == case.acknowledged_by:
        raise CaseError(f"{to} has case {case_id} already", f"这个案件已经由{to}负责")
    if to == case.offered_to:
        return case
    _end(session, case)
    case.offered_to, case.updated_at = to, now
    level = escalation.page_one(session, case, to, PageKind.OFFER, watch=watch, now=now)
    session.add(Escalation(case_id=case.id, level=level + 1, kind=EscalationKind.OFFER, due_at=now + OFFERED_FOR))
    acted(session, case, officer, "offer", now=now, detail={"to": to})
    return case


def accept(session: Session, case_id: CaseId, *, officer: str, now: datetime) -> Case:
    """Take over a case that was offered; accepting it twice changes nothing.

    Raises:
        CaseError: no such case, closed, or not offered to this officer.
    """
    case = running(session, case_id, officer)
    if case.acknowledged_by == officer:
        return case
    if case.offered_to != officer:
        has = f"{case.acknowledged_by} has it" if case.acknowledged_by else "nobody has it"
        raise CaseError(
            f"case {case_id} is not offered to {officer}; {has}: `fujin ack {case_id}` is for whoever comes",
            "没有移交给您，或者移交已经取消",
        )
    take_over(session, case, officer, now=now)
    return case


def decline(session: Session, case_id: CaseId, *, officer: str, watch: Watch, now: datetime) -> Case:
    """End an offer without a change. If the one who was asked says so, the one who has the case is paged.

    Raises:
        CaseError: no such case, or closed.
    """
    case = running(session, case_id, officer)
    if case.offered_to is not None:
        asked, case.offered_to, case.updated_at = case.offered_to, None, now
        _end(session, case)
        if officer != case.acknowledged_by:
            escalation.page_holder(session, case, PageKind.RETURNED, watch=watch, now=now)
        acted(session, case, officer, "decline", now=now, detail={"to": asked})
    return case


def lapse(session: Session, deadline: Escalation, *, watch: Watch, now: datetime) -> bool:
    """An offer's time is over: whoever has the case still has it, and is paged. Whether that was so.

    No act of an officer: the clock of silence runs on.
    """
    case = deadline.case
    deadline.state = WorkState.CANCELLED  # not done: it has paged nobody
    if case.state != CaseState.ACKNOWLEDGED or case.offered_to is None:
        return False
    detail = {"to": case.offered_to, "officer": case.acknowledged_by}
    case.offered_to, case.updated_at = None, now
    _end(session, case)
    escalation.page_holder(session, case, PageKind.RETURNED, watch=watch, now=now)
    audit.record(session, audit.SYSTEM, "offer_lapsed", case_id=case.id, now=now, detail=detail)
    return True


def join(session: Session, case_id: CaseId, *, officer: str, now: datetime) -> Case:
    """Be on a case beside whoever has it. Raises CaseError: no such case, closed, or nobody has it yet."""
    case = running(session, case_id, officer)
    if case.state != CaseState.ACKNOWLEDGED:
        raise _nobody_has(case)
    if officer != case.acknowledged_by and officer not in case.joined:
        case.joined, case.updated_at = [*case.joined, officer], now
        acted(session, case, officer, "join", now=now)
    return case


def leave(session: Session, case_id: CaseId, *, officer: str, now: datetime) -> Case:
    """Be on a case no longer. Raises CaseError: no such case, closed, or it is this officer who has it."""
    case = running(session, case_id, officer)
    if officer == case.acknowledged_by:
        raise CaseError(
            f"{officer} has case {case_id}: hand it over (`fujin offer`) or give it back (`fujin unack`)",
            "您是负责人：请先移交，或者退回待确认",
        )
    if officer in case.joined:
        case.joined, case.updated_at = [name for name in case.joined if name != officer], now
        acted(session, case, officer, "leave", now=now)
    return case


def _nobody_has(case: Case) -> CaseError:
    return CaseError(
        f"nobody has case {case.id} yet; acknowledge it first: `fujin ack {case.id}`", "还没有人确认，请先确认再办"
    )


def _end(session: Session, case: Case) -> None:
    """What an offer has set going ends; the clock of silence, which `escalation.stop` would stop too, goes on."""
    escalation.end_deadlines(session, case, EscalationKind.OFFER)
    escalation.withdraw_pages(session, case)
