"""Looks at personal data: each is written down, and who a reporter is needs a reason besides.

《个人信息保护法》第五十一条 limits who may handle personal data; 《刑事诉讼法》第一百一十一条 keeps reporters secret.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.duty.handling import CaseError, check_officer, locked
from bot.store.models import Case, CaseId

REASON_CHARACTERS = 200


@dataclass(frozen=True)
class Reporter:
    """Who reported: never more than the pseudonym, since when they write, and their other cases."""

    pseudonym: str
    first_seen_at: datetime
    other_cases: tuple[CaseId, ...]


def viewed(
    session: Session,
    *,
    officer: str,
    now: datetime,
    case_id: CaseId | None = None,
    subject: str = "",
    meant_for: str = "",
) -> None:
    """Write down that somebody has opened a case, an application, a file or a search; one entry for each opening.

    `subject` is a receipt number, a file's hash, or what kind of search; never a resident's words. `meant_for`: whom a
    link was sent to, where nobody knows who has followed it.
    """
    detail = {"for": meant_for} if meant_for else None
    audit.record(session, officer, "view", now=now, case_id=case_id, subject=subject, detail=detail)


def reveal(session: Session, case_id: CaseId, *, officer: str, reason: str, now: datetime) -> Reporter:
    """Tell who reported a case, and write down to whom and why. It is no act on the case: its clocks go on.

    Raises:
        CaseError: no such case, or no reason.
    """
    check_officer(officer)
    if not 0 < len(reason.strip()) <= REASON_CHARACTERS:
        raise CaseError(f"say in 1 to {REASON_CHARACTERS} characters why the reporter has to be known")
    case = locked(session, case_id)
    others = sa.select(Case.id).where(Case.resident_id == case.resident_id, Case.id != case.id).order_by(Case.id.desc())
    audit.record(session, officer, "reveal", now=now, case_id=case.id, detail={"reason": reason.strip()})
    return Reporter(case.resident.pseudonym, case.resident.first_seen_at, tuple(session.scalars(others.limit(20))))
