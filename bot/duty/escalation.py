"""Escalation: page, wait, page the next officer, until somebody acknowledges. Deadlines and pages are rows."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty.roster import Roster
from bot.store.models import Case, CaseState, Escalation, Page, WorkState


def start(session: Session, case: Case, *, roster: Roster, channels: tuple[str, ...], now: datetime) -> None:
    """Page the first officer now and set the deadline for the next."""
    _page_level(session, case, 0, roster=roster, channels=channels, now=now)


def pass_deadline(
    session: Session, step: Escalation, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> bool:
    """A deadline has passed: page its level's officer and set the next one. Whether anybody was paged.

    The caller has locked the case. However long the engine was away, this is one page, not one for each deadline that
    was missed meanwhile.
    """
    if step.case.state != CaseState.OPEN:
        step.state = WorkState.CANCELLED
        return False
    step.state = WorkState.DONE
    _page_level(session, step.case, step.level, roster=roster, channels=channels, now=now)
    return True


def stop(session: Session, case: Case) -> None:
    """End the escalation: nobody is paged for this case any more."""
    for table in (Escalation, Page):
        session.execute(
            sa.update(table)
            .where(table.case_id == case.id, table.state == WorkState.PENDING)
            .values(state=WorkState.CANCELLED)
        )


def stop_climbing(session: Session, case: Case) -> None:
    """Page no further officer; what is on its way to the present one still goes out."""
    session.execute(
        sa.update(Escalation)
        .where(Escalation.case_id == case.id, Escalation.state == WorkState.PENDING)
        .values(state=WorkState.CANCELLED)
    )


def _page_level(
    session: Session, case: Case, level: int, *, roster: Roster, channels: tuple[str, ...], now: datetime
) -> None:
    for channel in channels:
        session.add(
            Page(
                case_id=case.id,
                level=level,
                officer=roster.officer(level).name,
                channel=channel,
                created_at=now,
                due_at=now,
            )
        )
    session.add(Escalation(case_id=case.id, level=level + 1, due_at=now + roster.wait))
