"""The words of a case: what its residents typed or said themselves, and what each of it was taken for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.triage import ONE_TAP, URGENT
from bot.store.models import OF_FORM, CaseId, Message, MessageId


@dataclass(frozen=True)
class Word:
    """A message of a case, and what was made of it when it came."""

    id: MessageId
    at: datetime
    label: str
    intent: str
    uncertain: bool

    @property
    def paged(self) -> bool:
        """Whether it was taken for an alarm by itself."""
        return self.label == URGENT


def are_words() -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on `Message`: typed or spoken. No picture, no tap, no answer to a form, no event; a voice once it has
    a transcript."""
    return (
        Message.kind.in_(("text", "voice")),
        Message.text != "",
        Message.payload[OF_FORM].as_boolean().is_not(True),
        ~sa.func.coalesce(sa.cast(Message.triage, sa.Text), "").contains(f'"{ONE_TAP}"'),
    )


def words_of(session: Session, case_ids: Iterable[CaseId]) -> dict[CaseId, list[Word]]:
    """The words of some cases, oldest first; nothing of a case that has none."""
    query = (
        sa.select(Message.case_id, Message.id, Message.received_at, Message.triage)
        .where(Message.case_id.in_(list(case_ids)), *are_words())
        .order_by(Message.id)
    )
    found: dict[CaseId, list[Word]] = {}
    for case_id, number, at, triage in session.execute(query):
        told = triage or {}
        label, intent = str(told.get("label", "")), str(told.get("intent", ""))
        found.setdefault(case_id, []).append(Word(number, at, label, intent, bool(told.get("uncertain"))))
    return found


def telling(words: Sequence[Word], was: str) -> Word | None:
    """Of a case's words the one that made it what it `was`, the last of several; else its last."""
    return next((word for word in reversed(words) if word.intent == was), words[-1] if words else None)
