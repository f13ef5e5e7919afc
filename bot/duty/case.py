"""Cases: what is opened for a message, what it joins, who has acknowledged it.

Every function works inside the caller's transaction, so that a message, its case and its pages change together.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import escalation
from bot.duty.roster import Roster
from bot.nlu.triage import URGENT, Triage, gravity
from bot.store.models import Case, CaseId, CaseState, Message, ResidentId

CASE_LABELS = ("urgent_alarm", "help_request", "tip")
"""Labels for which a human must act; enquiry and other open no case."""
_JOIN_WITHIN = {"help_request": timedelta(hours=12), "tip": timedelta(hours=24)}
_RAISE_WITHIN = timedelta(minutes=30)


class CaseError(Exception):
    """An action on a case that cannot be done; the text says why and what to do."""


def file_message(
    session: Session, message: Message, triage: Triage, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> Case | None:
    """Put a triaged message where it belongs: into an open case, which it may raise, or into a new one, or nowhere.

    An open alarm takes everything the same resident sends. A request that was opened in the last half hour becomes the
    alarm when the resident turns out to be in danger, so that the officer sees one story. Labels are only ever raised.
    """
    label = triage.label if not triage.uncertain else min(triage.label, "help_request", key=gravity)
    case = _open_case_for(session, message.resident_id, label, now)
    if case is None:
        if label not in CASE_LABELS:
            return None
        case = Case(
            resident_id=message.resident_id,
            label=label,
            intent=triage.intent,
            uncertain=triage.uncertain,
            silent=triage.silent,
            evidence=[],
            opened_at=now,
            updated_at=now,
        )
        session.add(case)
        session.flush()
        if label == URGENT:
            _alarm(session, case, message, roster=roster, channels=channels, now=now)
    elif gravity(label) < gravity(case.label):
        _relabel(case, label, triage)
        if label == URGENT:
            _alarm(session, case, message, roster=roster, channels=channels, now=now)
    message.case_id = case.id
    case.updated_at = now
    case.silent = case.silent or triage.silent
    if label in CASE_LABELS:
        case.evidence = [*case.evidence, *(e for e in triage.to_json()["evidence"] if e not in case.evidence)]
    return case


def _open_case_for(session: Session, resident_id: ResidentId, label: str, now: datetime) -> Case | None:
    """The open case this message joins: the resident's alarm, else a request or tip that it continues or raises."""
    cases = session.scalars(
        sa.select(Case)
        .where(Case.resident_id == resident_id, Case.state != CaseState.CLOSED)
        .order_by(Case.id.desc())
        .with_for_update()
    ).all()
    for case in cases:
        if case.label == URGENT:
            return case
    for case in cases:
        if case.label == label and now - case.updated_at <= _JOIN_WITHIN[label]:
            return case
        if label == URGENT and now - case.updated_at <= _RAISE_WITHIN:
            return case
        # A request or tip that becomes clearer: "uncertain" cases take the next message that opens a case.
        if case.uncertain and label in CASE_LABELS and now - case.updated_at <= _RAISE_WITHIN:
            return case
    return None


def _relabel(case: Case, label: str, triage: Triage) -> None:
    case.label, case.intent, case.uncertain = label, triage.intent, triage.uncertain


def _alarm(
    session: Session, case: Case, message: Message, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> None:
    """Make a case an alarm. Acknowledging a request was not acknowledging an alarm: somebody has to look again."""
    case.state, case.acknowledged_at, case.acknowledged_by = CaseState.OPEN, None, None
    case.alarmed_at, case.alarm_message_id = now, message.id
    escalation.start(session, case, roster=roster, channels=channels, now=now)


def reread(
    session: Session, message: Message, triage: Triage, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> None:
    """Take the model's label for a message that only the safety net had read while Rasa was down.

    The net's alarm stays an alarm, and a request stays one: the resident was told that a person will read it.
    """
    case = session.get_one(Case, message.case_id) if message.case_id else None
    if case is None or case.label == URGENT or case.state == CaseState.CLOSED:
        return
    if triage.label in CASE_LABELS:
        _relabel(case, triage.label, triage)
        case.evidence = [*case.evidence, *triage.to_json()["evidence"]]
    if triage.label == URGENT:
        _alarm(session, case, message, roster=roster, channels=channels, now=now)
    case.updated_at = now


def acknowledge(session: Session, case_id: CaseId, *, officer: str, now: datetime) -> Case:
    """Record that an officer has the case; its pending pages and deadlines end.

    Acknowledging twice is harmless: the first officer stays on record.

    Raises:
        CaseError: there is no such case, or it is closed.
    """
    case = session.scalars(sa.select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
    if case is None:
        raise CaseError(f"there is no case {case_id}; `fujin cases` lists them")
    if case.state == CaseState.CLOSED:
        raise CaseError(f"case {case_id} is closed")
    if case.state == CaseState.OPEN:
        case.state, case.acknowledged_at, case.acknowledged_by = CaseState.ACKNOWLEDGED, now, officer
        case.updated_at = now
        escalation.stop(session, case)
    return case
