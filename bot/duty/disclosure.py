"""Looks at personal data: each is written down, and who a reporter is needs a reason besides.

《个人信息保护法》第五十一条 limits who may handle personal data; 《刑事诉讼法》第一百一十一条 keeps reporters secret.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.duty import audit
from bot.duty.handling import CaseError, check_officer, locked
from bot.store.models import Case, CaseId, Message

REASON_CHARACTERS = 200
ASIDE = timedelta(hours=1)
"""How near to what belongs to a tip other words of its reporter may tell whose it is."""
_OF_REPORTING = ("举报", "检举", "揭发", "线索", "匿名")


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


def may_tell_a_reporter() -> sa.ColumnElement[bool]:
    """Whether a message that is in no case may tell who gave a tip: its resident has given one, and it was sent within
    `ASIDE` of what belongs to that, or speaks of reporting."""
    near, tip = aliased(Message), aliased(Case)
    apart = sa.func.abs(sa.extract("epoch", near.received_at) - sa.extract("epoch", Message.received_at))
    beside = sa.exists().where(
        near.resident_id == Message.resident_id,
        near.case_id == tip.id,
        tip.confidential,
        apart <= ASIDE.total_seconds(),
    )
    given = sa.exists().where(tip.resident_id == Message.resident_id, tip.confidential)
    speaks = sa.or_(*(Message.text.contains(word) for word in _OF_REPORTING))
    return sa.and_(Message.case_id.is_(None), sa.or_(beside, sa.and_(speaks, given)))


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
