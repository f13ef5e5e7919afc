"""Cases: what is opened for a message, what it joins, who has acknowledged it.

Every function works inside the caller's transaction, so that a message, its case and its pages change together.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import escalation
from bot.duty.roster import Roster
from bot.nlu.triage import URGENT, Evidence, Triage, gravity
from bot.store.models import Case, CaseId, CaseState, Message, Reply, Resident, ResidentId

CASE_LABELS = ("urgent_alarm", "help_request", "tip")
"""Labels for which a human must act; enquiry and other open no case."""
_JOIN_WITHIN = {"help_request": timedelta(hours=12), "tip": timedelta(hours=24)}
_RAISE_WITHIN = timedelta(minutes=30)
_ALARM_LASTS = timedelta(hours=12)
_OFFICER_CHARACTERS = 64


_RETRACTABLE = frozenset(
    f"{URGENT}/{intent}"
    for intent in (
        *("missing_child", "missing_adult_at_risk", "found_lost_person", "fire", "gas_leak", "trapped", "medical"),
        *("building_danger", "dangerous_animal", "traffic_injury", "fraud_transfer", "general_alarm", "burglary"),
    )
)
"""Alarms that end for the pagers when their resident says that they are over. Where somebody else may hold the
telephone (violence, captivity, threats, silence, self-harm) such words prove nothing, and the pages go on."""
RESOLVED = "resolved"
"""The rule of the evidence that the resident says the alarm is over."""
DISPOSITIONS = {
    "real": "属实已处置",
    "resolved": "已自行解决",
    "false_alarm": "误报",
    "duplicate": "重复报警",
    "referred": "已转其他部门",
    "no_answer": "联系不上",
}
"""How a case can end: name and what officers read."""
WORD_CHARACTERS = 500


class CaseError(Exception):
    """An action on a case that cannot be done; the text says why and what to do."""


def file_message(
    session: Session, message: Message, triage: Triage, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> Case | None:
    """Put a triaged message where it belongs: into an open case, which it may raise, or into a new one, or nowhere.

    An open alarm takes everything the same resident sends. A request that was written to in the last half hour becomes
    the alarm when the resident turns out to be in danger, so that the officer sees one story. Labels are only ever
    raised, and a message that is filed again (its first handling did not end) stays where it is.
    """
    label = triage.label if not triage.uncertain else min(triage.label, "help_request", key=gravity)
    if triage.chosen and (asked := _asked_about(session, message.resident_id, now)):
        message.case = asked
        return _take_choice(session, asked, message, triage, roster=roster, channels=channels, now=now)
    case = _filed(session, message) or _open_case_for(session, message.resident_id, label, now)
    if case is None and triage.label not in CASE_LABELS and (asked := _talked_about(session, message.resident_id, now)):
        case, label = asked, triage.label
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
    elif case.uncertain and label == case.label and not triage.uncertain:
        _relabel(case, label, triage)
    message.case = case
    case.updated_at = now
    case.silent = case.silent or triage.silent
    if label == case.label:
        _add_evidence(case, triage)
    return case


def _asked_about(session: Session, resident_id: ResidentId, now: datetime) -> Case | None:
    """The case that was opened because a message was unclear, while nobody has taken it."""
    case = _open_case_for(session, resident_id, URGENT, now)
    return case if case and case.uncertain and case.state == CaseState.OPEN else None


def _talked_about(session: Session, resident_id: ResidentId, now: datetime) -> Case | None:
    """The case about which an officer talks with the resident: what they answer is read there, calm as it may be."""
    return session.scalars(
        sa.select(Case)
        .join(Reply, Reply.case_id == Case.id)
        .join(Resident, Resident.id == Case.resident_id)
        .where(
            Case.resident_id == resident_id,
            Case.state != CaseState.CLOSED,
            Resident.held_until > now,
            Reply.author == Resident.held_by,
        )
        .order_by(Reply.id.desc())
        .limit(1)
        .with_for_update(of=Case)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _take_choice(
    session: Session,
    case: Case,
    message: Message,
    triage: Triage,
    *,
    roster: Roster,
    channels: tuple[str, ...],
    now: datetime,
) -> Case:
    """The resident's one-tap answer decides what the unclear message was, in either direction.

    "A question about paperwork" closes the case; it stays on record with what was chosen. "None of these" leaves it
    to the officers: the resident still wants something.
    """
    case.updated_at = now
    if triage.label in CASE_LABELS:
        _relabel(case, triage.label, triage)
        if triage.urgent:
            _alarm(session, case, message, roster=roster, channels=channels, now=now)
    elif triage.label == "enquiry":
        case.uncertain, case.state, case.closed_at = False, CaseState.CLOSED, now
    _add_evidence(case, triage)
    return case


def _one_at_a_time(session: Session, resident_id: ResidentId) -> None:
    """Let one transaction at a time file for a resident: of two that see no alarm yet, each would open one."""
    if session.get_bind().dialect.name == "sqlite":
        return  # there is one writer at a time anyway
    lock = sa.select(Resident.id).where(Resident.id == resident_id).with_for_update(key_share=True)
    session.execute(lock).one()


def _filed(session: Session, message: Message) -> Case | None:
    """The case that a message is in already."""
    if message.case_id is None:
        return None
    return session.get_one(Case, message.case_id, with_for_update=True, populate_existing=True)


def open_alarm(session: Session, resident_id: ResidentId, *, now: datetime) -> Case | None:
    """The alarm that takes what its resident sends now, calm words included."""
    case = _open_case_for(session, resident_id, "other", now)
    return case if case and case.label == URGENT else None


def alarm_goes_on(session: Session, resident_id: ResidentId, *, now: datetime) -> bool:
    """Whether what a resident sends now belongs to an alarm that is not over: not resolved, nor quiet since it was
    acknowledged."""
    newest = sa.select(Case.acknowledged_at, Case.updated_at, Case.resolved_at).where(
        Case.resident_id == resident_id, Case.label == URGENT, Case.state != CaseState.CLOSED
    )
    return any(
        case.resolved_at is None and (case.acknowledged_at is None or now - case.updated_at <= _RAISE_WITHIN)
        for case in session.execute(newest)
    )


def resolve(session: Session, case: Case, words: str, *, now: datetime) -> bool:
    """Note that the resident says the alarm is over, and tell whether that ended the paging.

    The page that is on its way still goes out, and an officer closes the case: nobody but a human ends an alarm.
    """
    _add_evidence(case, Triage(case.label, 1.0, case.intent, (Evidence(RESOLVED, (words,)),)))
    case.updated_at = now
    if case.silent or case.intent not in _RETRACTABLE:
        return False
    case.resolved_at = now
    escalation.stop_climbing(session, case)
    return True


def close(session: Session, case_id: CaseId, *, officer: str, disposition: str, word: str, now: datetime) -> Case:
    """End a case, with how it ended and one word on it; pages and deadlines end, the bot has the conversation again.

    Raises:
        CaseError: no such case, closed already, or the officer, disposition or word is missing.
    """
    if disposition not in DISPOSITIONS:
        raise CaseError(f"{disposition!r} is no disposition; choose one of {', '.join(DISPOSITIONS)}")
    if not 0 < len(word.strip()) <= WORD_CHARACTERS:
        raise CaseError(f"say in 1 to {WORD_CHARACTERS} characters how it ended")
    case = acknowledge(session, case_id, officer=officer, now=now)
    case.state, case.closed_at, case.closed_by = CaseState.CLOSED, now, officer
    case.disposition, case.closing_word, case.updated_at = disposition, word.strip(), now
    case.resident.held_by = case.resident.held_until = None
    return case


def _open_case_for(session: Session, resident_id: ResidentId, label: str, now: datetime) -> Case | None:
    """The open case this message joins: the resident's alarm, else a request or tip that it continues or raises."""
    _one_at_a_time(session, resident_id)
    cases = session.scalars(
        sa.select(Case)
        .where(Case.resident_id == resident_id, Case.state != CaseState.CLOSED)
        .order_by(Case.id.desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    alarms_first = sorted(cases, key=lambda case: case.label != URGENT)
    return next((case for case in alarms_first if _takes(case, label, now)), None)


def _takes(case: Case, label: str, now: datetime) -> bool:
    """Whether a message of this label still belongs to a case of its resident that is not closed.

    An acknowledged alarm does not take a new alarm for ever: the officer who came half an hour ago may have left, so
    somebody has to be paged again.
    """
    quiet = now - case.updated_at
    if case.label == URGENT:
        if case.resolved_at is not None and label == URGENT:
            return False  # it was over; this is another one, and somebody has to be paged for it
        if case.acknowledged_at is None:
            return True
        return now - case.acknowledged_at <= _RAISE_WITHIN if label == URGENT else quiet <= _ALARM_LASTS
    if label == URGENT:
        return quiet <= _RAISE_WITHIN
    return case.label == label and quiet <= _JOIN_WITHIN[label]


def _took(case: Case, message: Message) -> bool:
    """Whether an alarm would have taken a message as an alarm when it came."""
    if case.resolved_at is not None and case.resolved_at < message.received_at:
        return False
    return case.acknowledged_at is None or message.received_at - case.acknowledged_at <= _RAISE_WITHIN


def _relabel(case: Case, label: str, triage: Triage) -> None:
    case.label, case.intent, case.uncertain = label, triage.intent, triage.uncertain


def _alarm(
    session: Session, case: Case, message: Message, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> None:
    """Make a case an alarm. Acknowledging a request was not acknowledging an alarm: somebody has to look again."""
    case.state, case.acknowledged_at, case.acknowledged_by = CaseState.OPEN, None, None
    case.alarmed_at, case.alarm_message_id = now, message.id
    escalation.start(session, case, roster=roster, channels=channels, now=now)


def _add_evidence(case: Case, triage: Triage) -> None:
    case.evidence = [*case.evidence, *(item for item in triage.to_json()["evidence"] if item not in case.evidence)]


def reread(
    session: Session, message: Message, triage: Triage, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> None:
    """Take the model's label for a message that only the safety net had read while Rasa was down.

    It can only raise: the net's alarm stays an alarm, and a request stays one, since the resident was told that a
    person will read it.
    """
    _one_at_a_time(session, message.resident_id)
    case = _filed(session, message)
    if case is None or case.state == CaseState.CLOSED or gravity(triage.label) > gravity(case.label):
        return
    message.triage = triage.to_json()
    if triage.urgent and case.label == URGENT and not _took(case, message):
        message.case_id = None
        file_message(session, message, triage, roster=roster, channels=channels, now=now)
        return
    if triage.urgent and case.label != URGENT:
        alarm = _open_case_for(session, message.resident_id, URGENT, now)
        if alarm and alarm.label == URGENT:
            message.case = case = alarm
        else:
            _relabel(case, URGENT, triage)
            _alarm(session, case, message, roster=roster, channels=channels, now=now)
    elif case.uncertain:
        _relabel(case, triage.label, triage)
    case.silent = case.silent or triage.silent
    _add_evidence(case, triage)
    case.updated_at = now


def check_officer(name: str) -> None:
    """Raise CaseError for a name that cannot be recorded."""
    if not 0 < len(name.strip()) <= _OFFICER_CHARACTERS:
        raise CaseError(f"an officer's name has 1 to {_OFFICER_CHARACTERS} characters")


def acknowledge(session: Session, case_id: CaseId, *, officer: str, now: datetime) -> Case:
    """Record that an officer has the case; its pending pages and deadlines end.

    Acknowledging twice is harmless: the first officer stays on record.

    Raises:
        CaseError: there is no such case, it is closed, or the officer's name cannot be recorded.
    """
    check_officer(officer)
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
