"""Two cases about one thing become one. Messages stay with their resident, and what that resident writes from then on
goes to the other case; both can be parted again."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import escalation
from bot.duty.handling import CaseError, acted, check_officer, forget_the_end, is_closed, is_part, locked
from bot.duty.watch import Watch
from bot.nlu.triage import URGENT, gravity
from bot.store.models import Case, CaseId, CaseState, Message, Reply


def merge(session: Session, case_id: CaseId, *, into: CaseId, officer: str, now: datetime) -> Case:
    """Make a case part of another one, of the same resident or another: its pages end. Twice is once.

    Only into one that is at least as grave: else an alarm would wait among requests. A tip, or what was one, only into
    such a one: its reporter was promised to stay unknown. If one of them must be answered in silence, the other one
    is, too, for good.

    Raises:
        CaseError: no such cases, the other one has ended, or they do not go together; the text says what does.
    """
    check_officer(officer)
    if case_id == into:
        raise CaseError(f"case {case_id} cannot be merged into itself", "不能并入自己")
    case = locked(session, case_id, into)
    target = session.get_one(Case, into)
    if case.merged_into_id == into:
        return case
    if case.merged_into_id is not None:
        raise is_part(case)
    if case.state == CaseState.CLOSED:
        raise is_closed(case)
    _fits(case, target)
    before = {"state": case.state, "into": into}
    # What was part of it is part of the other one now, so that one step leads from each case to where it is dealt with.
    session.execute(sa.update(Case).where(Case.merged_into_id == case_id).values(merged_into_id=into))
    case.merged_into_id, case.offered_to = into, None
    case.state, case.closed_at, case.closed_by = CaseState.CLOSED, now, officer
    case.disposition, case.closing_word = "duplicate", f"并入案件{into}"
    case.updated_at = target.updated_at = now
    target.silent = target.silent or case.silent
    escalation.stop(session, case)
    if case.label == URGENT and case.resolved_at is None and target.resolved_at is not None:
        _goes_on(session, target, somebody_has_it=before["state"] == CaseState.ACKNOWLEDGED, now=now)
    # Before the log, which whoever passes a deadline waits for with that deadline in hand.
    escalation.watch_over(session, target, now=now)
    acted(session, case, officer, "merge", now=now, detail=before)
    acted(session, target, officer, "absorb", now=now, detail={"case": case_id})
    return case


def separate(session: Session, case_id: CaseId, *, officer: str, watch: Watch, now: datetime) -> Case:
    """Part a case from the one it was merged into. It stands as it stood: with whoever had it, or open and paged for.

    What its resident has written to the other case since goes with it, where that is the case of another resident.

    Raises:
        CaseError: there is no such case, or it is not part of another one.
    """
    check_officer(officer)
    into = session.scalar(sa.select(Case.merged_into_id).where(Case.id == case_id))
    case = locked(session, *filter(None, (case_id, into)))
    if into is None or case.merged_into_id != into:
        raise CaseError(f"case {case_id} is not part of another case", "这个案件没有并入别的案件")
    target = session.get_one(Case, into)
    if target.resident_id != case.resident_id:
        theirs = {"case_id": target.id, "resident_id": case.resident_id}
        said = sa.update(Message).filter_by(**theirs).where(Message.received_at >= case.closed_at)
        told = sa.update(Reply).filter_by(**theirs).where(Reply.created_at >= case.closed_at)
        for moved in (said, told):
            session.execute(moved.values(case_id=case.id))
    forget_the_end(case, now=now)
    if case.acknowledged_by:
        case.state = CaseState.ACKNOWLEDGED
    else:
        escalation.resume(session, case, watch=watch, now=now)
    escalation.watch_over(session, target, now=now)  # before the log, as in `merge`
    acted(session, case, officer, "separate", now=now, detail={"from": target.id})
    acted(session, target, officer, "part", now=now, detail={"case": case_id})
    return case


def _goes_on(session: Session, target: Case, *, somebody_has_it: bool, now: datetime) -> None:
    """An alarm whose resident had called it over is not: what is part of it now goes on, and is paged for if nobody has
    either of them. If `somebody_has_it` that is part now, nobody is called for the one that was over."""
    if target.state == CaseState.ACKNOWLEDGED:
        target.resolved_at = None
    elif not somebody_has_it:
        target.resolved_at = None
        escalation.page_again(session, target, now=now)


def _fits(case: Case, target: Case) -> None:
    if target.merged_into_id is not None:
        raise CaseError(
            f"case {target.id} is part of case {target.merged_into_id}; merge into that one",
            f"案件{target.id}已并入案件{target.merged_into_id}，请并入那一件",
        )
    if target.state == CaseState.CLOSED:
        raise is_closed(target)
    if case.confidential != target.confidential:
        raise CaseError(
            "a tip, or what was one, goes together with such a one only: its reporter was promised to stay unknown",
            "线索（包括改过类别的线索）只能和线索合并：答应过为举报人保密",
        )
    if gravity(case.label) < gravity(target.label):
        kind = "an alarm" if case.label == URGENT else "graver"
        raise CaseError(
            f"case {case.id} is {kind}; merge case {target.id} into it instead",
            f"案件{case.id}更紧急，请反过来把案件{target.id}并入它",
        )
