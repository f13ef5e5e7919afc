"""Where a picture, voice or location without words belongs: to what its resident is telling, before or after it, a
picture also to the question that was just asked."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.intake import wording
from bot.intake.questions import messages_of
from bot.nlu.triage import Triage
from bot.nlu.unspoken import gives_up, withdraws
from bot.store.models import Case, CaseState, Message, ResidentId

WITHIN = timedelta(minutes=30)
_JUST_ASKED = timedelta(minutes=10)
_PLAINLY = 0.8
"""P(enquiry) from which a picture goes with a question."""
_TOLD = ("help_request", "tip")
_WORDLESS = "help_request/general_help"


def of_media(session: Session, message: Message, triage: Triage, *, now: datetime) -> Triage:
    """The triage of a message without words: as what the resident has told in the last half hour, if anything.

    A picture behind a plain question goes with it, and opens no case; a voice may say anything.
    """
    case = latest(session, message, now=now)
    if case is not None:
        return replace(triage, label=case.label, intent=case.intent, uncertain=case.uncertain)
    asked = _question_before(session, message, now) if message.kind == "image" else None
    return replace(triage, label=asked.label, intent=asked.intent, uncertain=False) if asked else triage


def of_words(session: Session, message: Message, triage: Triage, *, now: datetime) -> Triage:
    """The triage of what sounds like talk and tells the officer something of the request or tip just told: how its
    resident wants to be reached, at what number, or that it need not go on. It is filed there."""
    says = (wording.wants_no_calls, withdraws, wording.gives_number)
    if triage.label != "other" or not any(told(message.text) for told in says):
        return triage
    case = latest(session, message, now=now)
    return replace(triage, label=case.label, intent=case.intent, uncertain=False) if case else triage


def _question_before(session: Session, message: Message, now: datetime) -> Triage | None:
    """What the resident's last words were taken for, if they are a plain question of just now."""
    words = (
        sa.select(Message.triage)
        .where(Message.resident_id == message.resident_id, Message.id < message.id, Message.kind == "text")
        .where(Message.received_at >= now - _JUST_ASKED)
        .order_by(Message.id.desc())
        .limit(1)
    )
    told = session.scalar(words)
    triage = Triage.from_json(told) if told else None
    plain = triage and triage.label == "enquiry" and not triage.uncertain and triage.confidence >= _PLAINLY
    return triage if plain else None


def latest(session: Session, message: Message, *, now: datetime) -> Case | None:
    """The request or tip that the resident was telling in the last half hour."""
    return next(iter(_recent(session, message.resident_id, now)), None)


def words_before(session: Session, message: Message) -> Sequence[Message]:
    """What a message's resident wrote in the half hour before it, to whatever case or to none."""
    return session.scalars(
        sa.select(Message)
        .where(
            Message.resident_id == message.resident_id,
            Message.id < message.id,
            Message.kind == "text",
            Message.received_at >= message.received_at - WITHIN,
        )
        .order_by(Message.id)
    ).all()


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


def given_up(messages: Sequence[Message]) -> bool:
    """Whether the last words of these messages say that what was told in them need not go on."""
    last = next((one.text for one in reversed(messages) if one.kind == "text"), "")
    return gives_up(last)


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
