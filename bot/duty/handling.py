"""What officers do about cases. Every act stands in the audit log, and sets the clock of silence anew.

Every function works inside the caller's transaction and trusts that its caller has asked `bot.duty.access`. Handing
over is in `handover`, merging in `merging`, another label in `labels`, talking with residents in `conversation`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit, escalation
from bot.duty.watch import Watch
from bot.nlu.triage import URGENT
from bot.store.models import Case, CaseId, CaseState, Message, Note, Resident

DISPOSITIONS = {
    "real": "属实已处置",
    "resolved": "已自行解决",
    "was_alarm": "其实是警情，已处置",
    "false_alarm": "误报",
    "duplicate": "重复报警",
    "referred": "已转其他部门",
    "no_answer": "联系不上",
}
"""How a case can end: name and what officers read."""
REFERRED_TO = ("110", "119", "120", "122", "12345", "其他")
"""To whom a case can be referred; the last one is for whoever the word names."""
WORD_CHARACTERS = 500
NOTE_CHARACTERS = 2000
_OFFICER_CHARACTERS = 64
_SAME_NOTE = timedelta(minutes=1)


class CaseError(Exception):
    """An action on a case that cannot be done; the text says why and what to do, `told` the same to officers."""

    def __init__(self, reason: str, told: str = "") -> None:
        super().__init__(reason)
        self.told = told or reason


def acknowledge(session: Session, case_id: CaseId, *, officer: str, now: datetime, **told: str) -> Case:
    """Record that an officer has the case; its pending pages and deadlines end. `told`: what else the entry says:
    `via`, how, if not at the desk.

    Acknowledging what another officer has is joining them: the first one stays on record as the one who has it. Who
    was offered the case takes it over.

    Raises:
        CaseError: there is no such case, it is closed, or the officer's name cannot be recorded.
    """
    case, detail = running(session, case_id, officer), dict(told) or None
    if case.state == CaseState.OPEN:
        case.state, case.acknowledged_at, case.acknowledged_by = CaseState.ACKNOWLEDGED, now, officer
        case.updated_at = now
        escalation.stop(session, case)
        acted(session, case, officer, "acknowledge", now=now, detail=detail)
    elif officer == case.offered_to:
        take_over(session, case, officer, now=now, detail=detail)
    elif officer != case.acknowledged_by and officer not in case.joined:
        case.joined = [*case.joined, officer]
        acted(session, case, officer, "join", now=now, detail=detail)
    return case


def unacknowledge(session: Session, case_id: CaseId, *, officer: str, watch: Watch, now: datetime) -> Case:
    """Give a case back to everybody: it is open again, and paged for from the first step of its policy on.

    Raises:
        CaseError: there is no such case, it is closed, or the officer's name cannot be recorded.
    """
    case = running(session, case_id, officer)
    if case.state == CaseState.ACKNOWLEDGED:
        had = {"officer": case.acknowledged_by}
        escalation.resume(session, case, watch=watch, now=now)
        acted(session, case, officer, "unacknowledge", now=now, detail=had)
    return case


def close(
    session: Session,
    case_id: CaseId,
    *,
    officer: str,
    disposition: str,
    word: str,
    referred_to: str = "",
    seen: int | None = None,
    now: datetime,
) -> Case:
    """End a case, with how it ended and one word on it; pages and deadlines end, the bot has the conversation again.

    `referred_to`: one of `REFERRED_TO`, for what is referred; without it the word has to say. `seen`: how many of the
    case's messages the officer had before them when they decided to end it; nobody is paged for those that came since.

    Raises:
        CaseError: no such case, closed already, something was said since, or the officer, disposition or word is
            missing.
    """
    if disposition not in DISPOSITIONS:
        raise CaseError(f"{disposition!r} is no disposition; choose one of {', '.join(DISPOSITIONS)}", "请选择处置结果")
    if referred_to and (disposition != "referred" or referred_to not in REFERRED_TO):
        known = ", ".join(REFERRED_TO)
        raise CaseError(f"only what is referred goes to somebody: one of {known}", "请选择转给哪里")
    if not 0 < len(word.strip()) <= WORD_CHARACTERS:
        raise CaseError(
            f"say in 1 to {WORD_CHARACTERS} characters how it ended",
            f"请写一句怎么结束的，最多{WORD_CHARACTERS}个字",
        )
    case = running(session, case_id, officer)
    if seen is not None and (unseen := heard(session, case) - seen) > 0:
        raise CaseError(f"{unseen} messages came since", f"刚来了{unseen}条新消息，请先取消，看过再结案")
    if case.state == CaseState.OPEN:
        acknowledge(session, case_id, officer=officer, now=now)
    case.state, case.closed_at, case.closed_by = CaseState.CLOSED, now, officer
    case.disposition, case.closing_word, case.updated_at = disposition, word.strip(), now
    case.referred_to = (referred_to or REFERRED_TO[-1]) if disposition == "referred" else None
    case.offered_to = None
    for resident in residents_of(session, case):
        resident.held_by = resident.held_until = None
    escalation.stop(session, case)
    detail = {"disposition": disposition} | ({"to": case.referred_to} if case.referred_to else {})
    acted(session, case, officer, "close", now=now, detail=detail)
    return case


def reopen(session: Session, case_id: CaseId, *, officer: str, now: datetime) -> Case:
    """Go on with a closed case: whoever reopens it has it. What was written when it closed stays as a note.

    Raises:
        CaseError: there is no such case, it is part of another one, or the officer's name cannot be recorded.
    """
    check_officer(officer)
    case = locked(session, case_id)
    if case.merged_into_id is not None:
        raise is_part(case)
    if case.state != CaseState.CLOSED:
        return case
    if case.closing_word:
        said = f"结案时写的：{case.closing_word}"
        session.add(
            Note(case_id=case.id, author=case.closed_by or audit.SYSTEM, text=said, written_at=case.closed_at or now)
        )
    detail = {"disposition": case.disposition}
    case.state, case.acknowledged_at, case.acknowledged_by = CaseState.ACKNOWLEDGED, now, officer
    forget_the_end(case, now=now)
    acted(session, case, officer, "reopen", now=now, detail=detail)
    return case


def note(session: Session, case_id: CaseId, text: str, *, officer: str, now: datetime) -> Note:
    """Write a note for the other officers; the resident never sees it. The same one twice within a minute is one.

    Raises:
        CaseError: no such case, the text is empty or too long, or the officer's name cannot be recorded.
    """
    text = text.strip()
    if not 0 < len(text) <= NOTE_CHARACTERS:
        raise CaseError(f"a note has 1 to {NOTE_CHARACTERS} characters", f"备注要写1到{NOTE_CHARACTERS}个字")
    check_officer(officer)
    case = locked(session, case_id)
    last = session.scalars(sa.select(Note).where(Note.case_id == case.id).order_by(Note.id.desc()).limit(1)).first()
    if last and (last.author, last.text) == (officer, text) and now - last.written_at < _SAME_NOTE:
        return last
    written = Note(case_id=case.id, author=officer, text=text, written_at=now)
    session.add(written)
    acted(session, case, officer, "note", now=now)
    return written


def assign(session: Session, case_id: CaseId, *, to: str | None, officer: str, watch: Watch, now: datetime) -> Case:
    """Say who is to see to a request or a tip; None: nobody in particular.

    Raises:
        CaseError: no such case, closed, an alarm, or a name that the roster does not know.
    """
    case = running(session, case_id, officer)
    if case.label == URGENT:
        raise CaseError(
            f"case {case_id} is an alarm; hand it over, so that the other officer is paged: `fujin offer`",
            "紧急警情请用“移交”，对方会马上收到提醒",
        )
    if to is not None:
        on_the_roster(to, watch)
    if case.assigned_to != to:
        case.assigned_to, case.updated_at = to, now
        acted(session, case, officer, "assign", now=now, detail={"to": to})
    return case


def acted(
    session: Session,
    case: Case,
    officer: str,
    action: str,
    *,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write down that an officer did something about a case: it is not left alone."""
    case.acted_at = now
    escalation.watch_over(session, case, now=now)
    audit.record(session, officer, action, case_id=case.id, now=now, detail=detail)


def take_over(
    session: Session, case: Case, officer: str, *, now: datetime, detail: dict[str, Any] | None = None
) -> None:
    """The officer has a case that somebody else had, who is not on it any more; what asked them to do so ends."""
    had = case.acknowledged_by
    case.acknowledged_by, case.offered_to, case.updated_at = officer, None, now
    case.joined = [name for name in case.joined if name not in {officer, had}]
    if case.assigned_to == had:
        case.assigned_to = officer
    escalation.stop(session, case)
    acted(session, case, officer, "accept", now=now, detail={"from": had, **(detail or {})})


def forget_the_end(case: Case, *, now: datetime) -> None:
    """Take back how a case ended."""
    case.closed_at = case.closed_by = case.disposition = case.referred_to = case.merged_into_id = None
    case.closing_word, case.updated_at = "", now


def residents_of(session: Session, case: Case) -> Sequence[Resident]:
    """With whom a case can be talked about: its own resident first, then those of the cases merged into it."""
    merged = sa.select(Case.resident_id).where(Case.merged_into_id == case.id)
    others = sa.select(Resident).where(Resident.id.in_(merged), Resident.id != case.resident_id).order_by(Resident.id)
    return [case.resident, *session.scalars(others)]


def heard(session: Session, case: Case, *, since: datetime | None = None) -> int:
    """How many messages a case and what was merged into it hold; `since`: only those that came after that."""
    parts = sa.select(Case.id).where(sa.or_(Case.id == case.id, Case.merged_into_id == case.id))
    later = [Message.received_at > since] if since else []
    query = sa.select(sa.func.count()).where(Message.case_id.in_(parts), Message.kind != "event", *later)
    return session.scalar(query) or 0


def locked(session: Session, *case_ids: CaseId) -> Case:
    """The first of these cases, all locked, as they are now; before them their residents, as whoever files a message.

    Raises:
        CaseError: one of them is not there.
    """
    if session.get_bind().dialect.name != "sqlite":  # there is one writer at a time anyway
        concerned = sa.select(Case.resident_id).where(sa.or_(Case.id.in_(case_ids), Case.merged_into_id.in_(case_ids)))
        residents = sa.select(Resident.id).where(Resident.id.in_(concerned)).order_by(Resident.id)
        session.execute(residents.with_for_update(key_share=True))
    query = sa.select(Case).where(Case.id.in_(case_ids)).order_by(Case.id).with_for_update()
    found = {case.id: case for case in session.scalars(query.execution_options(populate_existing=True))}
    for case_id in case_ids:
        if case_id not in found:
            raise CaseError(f"there is no case {case_id}; `fujin cases` lists them", f"没有案件{case_id}")
    return found[case_ids[0]]


def running(session: Session, case_id: CaseId, officer: str) -> Case:
    """The case, locked. Raises CaseError if there is none, it is closed, or the officer's name cannot be recorded."""
    check_officer(officer)
    case = locked(session, case_id)
    if case.state == CaseState.CLOSED:
        raise is_closed(case)
    return case


def is_closed(case: Case) -> CaseError:
    """That a case has ended."""
    return CaseError(
        f"case {case.id} is closed; `fujin reopen {case.id}` opens it again",
        f"案件{case.id}已经结案，要继续办请先“重新打开”",
    )


def is_part(case: Case) -> CaseError:
    """That a case has been merged into another one."""
    return CaseError(
        f"case {case.id} is part of case {case.merged_into_id}; `fujin separate {case.id}` parts them",
        f"案件{case.id}已并入案件{case.merged_into_id}，要分开请点“分出来”",
    )


def check_officer(name: str) -> None:
    """Raise CaseError for a name that cannot be recorded."""
    if not 0 < len(name.strip()) <= _OFFICER_CHARACTERS:
        raise CaseError(
            f"an officer's name has 1 to {_OFFICER_CHARACTERS} characters",
            f"民警姓名要有1到{_OFFICER_CHARACTERS}个字",
        )


def on_the_roster(name: str, watch: Watch) -> None:
    """Raise CaseError for a name that the roster does not know."""
    if watch.roster.named(name) is None:
        known = "、".join(officer.name for officer in watch.roster.officers)
        raise CaseError(f"{name!r} is not in duty.yml; choose one of {known}", f"值班表里没有{name}")
