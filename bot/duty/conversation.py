"""An officer talks with a resident by hand; meanwhile the bot is silent."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty.case import named_case
from bot.duty.handling import CaseError, acknowledge, acted, check_officer, locked, residents_of
from bot.store.models import Case, CaseId, Reply, Resident

HELD = timedelta(minutes=30)
"""How long after the officer's last words the bot stays silent by itself: an officer who forgets to give the
conversation back must not leave the resident without any answer."""
FROM_TALK = "talk"
"""How a case was acknowledged that began with taking a conversation over."""
TEXT_CHARACTERS = 500
"""The platform takes 2,048 bytes in a message, and a character can have four."""


def reply(session: Session, case_id: CaseId, text: str, *, officer: str, to: int = 1, now: datetime) -> Reply:
    """Send an officer's words to the resident of a case, and hold the conversation.

    `to`: the place of the resident among those of the case (`handling.residents_of`), where others were merged into it.

    Raises:
        CaseError: no such case or resident, the text is empty or too long, or the officer's name cannot be recorded.
    """
    if not 0 < len(text.strip()) <= TEXT_CHARACTERS:
        raise CaseError(f"a reply has 1 to {TEXT_CHARACTERS} characters", f"回复要有1到{TEXT_CHARACTERS}个字")
    return _send(session, case_id, officer, "reply", to, now, text=text.strip())


def send_picture(session: Session, case_id: CaseId, digest: str, *, officer: str, to: int = 1, now: datetime) -> Reply:
    """Send a picture, by its SHA-256 in the evidence store, to the resident of a case, and hold the conversation.

    Raises:
        CaseError: no such case or resident, or the officer's name cannot be recorded.
    """
    return _send(session, case_id, officer, "picture", to, now, text="[图片]", picture=digest)


def _send(
    session: Session, case_id: CaseId, officer: str, action: str, to: int, now: datetime, **content: str
) -> Reply:
    check_officer(officer)
    case = locked(session, case_id)
    if case.merged_into_id is not None:  # what is answered will be read there
        raise CaseError(
            f"case {case_id} is part of case {case.merged_into_id}; write there",
            f"已并入案件{case.merged_into_id}，请在那里回复",
        )
    residents = residents_of(session, case)
    if not 1 <= to <= len(residents):
        raise CaseError(
            f"case {case_id} has {len(residents)} residents; `fujin case {case_id}` lists them", "请选择发给哪位居民"
        )
    resident = residents[to - 1]
    said = Reply(resident_id=resident.id, case_id=case.id, author=officer, created_at=now, due_at=now, **content)
    session.add(said)
    resident.held_by, resident.held_until = officer, now + HELD
    case.updated_at = now
    acted(session, case, officer, action, now=now, detail={"to": to} if len(residents) > 1 else None)
    return said


def take(session: Session, pseudonym: str, *, officer: str, now: datetime) -> Case:
    """Take a conversation without a case over from the bot: the officer has a new help request and holds the resident.

    A resident who is named in a running case is talked with there: that one is given, and nothing is changed.

    Raises:
        CaseError: no such resident, or the officer's name cannot be recorded.
    """
    check_officer(officer)
    query = sa.select(Resident).where(Resident.pseudonym == pseudonym)
    # As whoever files a message: of an alarm that comes just now either this or that one knows.
    resident = session.scalars(query.with_for_update(key_share=True)).one_or_none()
    if resident is None:
        raise CaseError(f"there is no resident {pseudonym}; `fujin talks` lists them", f"没有居民{pseudonym}")
    if running := named_case(session, resident.id):
        return running
    case = Case(
        resident_id=resident.id,
        label="help_request",
        intent="help_request/general_help",
        confidential=False,
        opened_at=now,
        updated_at=now,
    )
    session.add(case)
    session.flush()
    acknowledge(session, case.id, officer=officer, now=now, begun=FROM_TALK)
    resident.held_by, resident.held_until = officer, now + HELD
    return case


def give_back(session: Session, case_id: CaseId, *, officer: str, now: datetime) -> None:
    """Let the bot answer again, all residents of the case.

    Raises:
        CaseError: no such case.
    """
    case = locked(session, case_id)
    for resident in residents_of(session, case):
        resident.held_by = resident.held_until = None
    acted(session, case, officer, "give_back", now=now)


def held(resident: Resident, *, now: datetime) -> bool:
    """Whether an officer holds the conversation with a resident."""
    return resident.held_until is not None and resident.held_until > now
