"""Where a picture, voice or location without words belongs: to what its resident is telling, before or after it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.intake.questions import messages_of
from bot.nlu.triage import Triage
from bot.store.models import Case, CaseState, Message, ResidentId

WITHIN = timedelta(minutes=30)
_TOLD = ("help_request", "tip")
_WORDLESS = "help_request/general_help"


def of_media(session: Session, message: Message, triage: Triage, *, now: datetime) -> Triage:
    """The triage of a message without words: as what the resident has told in the last half hour, if anything."""
    case = latest(session, message, now=now)
    if case is None:
        return triage
    return replace(triage, label=case.label, intent=case.intent, uncertain=case.uncertain)


def latest(session: Session, message: Message, *, now: datetime) -> Case | None:
    """The request or tip that the resident was telling in the last half hour."""
    return next(iter(_recent(session, message.resident_id, now)), None)


def take_media(session: Session, message: Message, triage: Triage, *, now: datetime) -> None:
    """Let the words that follow a picture say what its case is: "what is that?" has been asked, and here is the answer.

    Only a case that holds nothing but media is named so; what anybody has said stays what it was.
    """
    if triage.uncertain or triage.label not in _TOLD:
        return
    for case in _recent(session, message.resident_id, now):
        wordless = case.intent == _WORDLESS and not has_words(messages_of(session, case))
        if case.uncertain and wordless:
            case.label, case.intent, case.uncertain = triage.label, triage.intent, False
            return


def has_words(messages: Iterable[Message]) -> bool:
    """Whether anything is told in these messages; a location's name and a picture tell nothing."""
    return any(one.kind in ("text", "voice") and one.text.strip() for one in messages)


def _recent(session: Session, resident_id: ResidentId, now: datetime) -> Iterable[Case]:
    """The resident's open requests and tips of the last half hour, the latest first."""
    return session.scalars(
        sa.select(Case)
        .where(
            Case.resident_id == resident_id,
            Case.state != CaseState.CLOSED,
            Case.label.in_(_TOLD),
            Case.updated_at >= now - WITHIN,
        )
        .order_by(Case.updated_at.desc(), Case.id.desc())
    ).all()
