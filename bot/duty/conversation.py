"""An officer talks with a resident by hand; meanwhile the bot is silent."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty.case import CaseError, check_officer
from bot.store.models import Case, CaseId, Reply, Resident

HELD = timedelta(minutes=30)
"""How long after the officer's last words the bot stays silent by itself: an officer who forgets to give the
conversation back must not leave the resident without any answer."""
TEXT_CHARACTERS = 500
"""The platform takes 2,048 bytes in a message, and a character can have four."""


def reply(session: Session, case_id: CaseId, text: str, *, officer: str, now: datetime) -> Reply:
    """Send an officer's words to the resident of a case, and hold the conversation.

    Raises:
        CaseError: no such case, the text is empty or too long, or the officer's name cannot be recorded.
    """
    if not 0 < len(text.strip()) <= TEXT_CHARACTERS:
        raise CaseError(f"a reply has 1 to {TEXT_CHARACTERS} characters")
    check_officer(officer)
    case = _case(session, case_id)
    said = Reply(
        resident_id=case.resident_id, case_id=case.id, author=officer, text=text.strip(), created_at=now, due_at=now
    )
    session.add(said)
    case.resident.held_by, case.resident.held_until = officer, now + HELD
    case.updated_at = now
    return said


def give_back(session: Session, case_id: CaseId) -> None:
    """Let the bot answer again.

    Raises:
        CaseError: no such case.
    """
    resident = _case(session, case_id).resident
    resident.held_by = resident.held_until = None


def held(resident: Resident, *, now: datetime) -> bool:
    """Whether an officer holds the conversation with a resident."""
    return resident.held_until is not None and resident.held_until > now


def _case(session: Session, case_id: CaseId) -> Case:
    case = session.scalars(sa.select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
    if case is None:
        raise CaseError(f"there is no case {case_id}; `fujin cases` lists them")
    return case
