"""What people say of a case when it has gone on: officers by its label and its end, the resident by a one-tap answer;
and which of its words it is said of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.duty.words import Word, telling, words_of
from bot.nlu.dataset import FALSE_PAGE, MISSED
from bot.nlu.triage import URGENT, Triage, label_of
from bot.store.models import Case, CaseId, Correction, Message, MessageId, Review, ReviewItem, ReviewState

_EMERGENCIES = ("110", "119", "120", "122")
_MOST_WORDS = 20
"""Words of one case that may each be its missed emergency: the last ones."""


@dataclass(frozen=True)
class Said:
    """Something that was said of a case, as a reason of the inbox, and of what its resident had written until then."""

    case_id: CaseId
    reason: str
    at: datetime
    message_id: MessageId | None = None
    """The message it was said of, where that is known."""
    was: str = ""
    """What the case was taken for."""
    by_tap: bool = False


def by_correction(correction: Correction) -> Said:
    """An officer gave the case another label."""
    was, now_is = label_of(correction.was), label_of(correction.now)
    reason = MISSED if now_is == URGENT != was else FALSE_PAGE if was == URGENT != now_is else "relabelled"
    return Said(correction.case_id, reason, correction.made_at, correction.message_id, correction.was)


def by_end(case: Case) -> Said | None:
    """An officer closed the case as what it was not taken for."""
    if case.label == URGENT:
        false = case.disposition == "false_alarm"
        return Said(case.id, FALSE_PAGE, case.updated_at, case.alarm_message_id) if false else None
    if case.disposition == "was_alarm":
        return Said(case.id, MISSED, case.updated_at)
    if case.disposition == "referred" and case.referred_to in _EMERGENCIES:
        return Said(case.id, "referred", case.updated_at, was=case.intent)
    return None


def by_tap(message: Message) -> Said | None:
    """The resident chose what an unclear message meant. "None of these" leaves it open."""
    triage = Triage.from_json(message.triage) if message.triage else None
    if triage is None or not triage.chosen or message.case_id is None or triage.label == "other":
        return None
    return Said(message.case_id, MISSED if triage.urgent else FALSE_PAGE, message.received_at, by_tap=True)


def concerned(session: Session, said: Sequence[Said]) -> dict[MessageId, set[str]]:
    """The messages of which it was said, each with the reasons. Two queries, however much was said.

    A missed emergency is any of the words that paged nobody, a false page the message that paged. Who takes back what
    was said before takes it back of the same messages: then these have both reasons (`called`).
    """
    cases = {one.case_id for one in said}
    words = words_of(session, cases) if cases else {}
    found: dict[MessageId, set[str]] = {}
    known = _known(session, cases) if words else {}
    for one in said:
        until = [word for word in words.get(one.case_id, ()) if word.at <= one.at]
        meant = [word.id for word in _meant(one, until)]
        if not one.by_tap and (one.reason == MISSED or not meant):
            before = {MISSED: FALSE_PAGE, FALSE_PAGE: MISSED}.get(one.reason)
            meant += [word.id for word in until if before in known.get(word.id, ()) or before in found.get(word.id, ())]
        for number in meant:
            found.setdefault(number, set()).add(one.reason)
    return found


def _known(session: Session, cases: Iterable[CaseId]) -> dict[MessageId, list[str]]:
    query = sa.select(ReviewItem.message_id, ReviewItem.reasons).join(Message, Message.id == ReviewItem.message_id)
    return {row.message_id: row.reasons for row in session.execute(query.where(Message.case_id.in_(cases)))}


def _meant(said: Said, words: Sequence[Word]) -> Sequence[Word]:
    """Of a case's words until then those of which it was said. What came before an alarm that was heard was not missed;
    a tap says something of what was unclear alone."""
    if said.by_tap:
        words = [word for word in words if word.uncertain]
    if said.reason == MISSED:
        heard = max((word.id for word in words if word.paged), default=0)
        unheard = [word for word in words if not word.paged and (word.id > heard or word.id == said.message_id)]
        return unheard[-_MOST_WORDS:]
    if said.reason == FALSE_PAGE:
        return [word for word in words if word.paged and (said.by_tap or word.id == said.message_id)]
    named = next((word for word in words if word.id == said.message_id), None) or telling(words, said.was)
    return [named] if named else []


# -- the words of which one may be a missed emergency -----------------------------------------------------------------


def here_for(reason: str) -> sa.ColumnElement[bool]:
    """Whether an item is in the inbox for a reason."""
    return sa.cast(ReviewItem.reasons, sa.Text).contains(f'"{reason}"')


def called(item: ReviewItem) -> str:
    """What people called it later, a missed emergency (`MISSED`) or a false page (`FALSE_PAGE`); "" if neither, or
    both."""
    said = [reason for reason in (MISSED, FALSE_PAGE) if reason in item.reasons]
    return said[0] if len(said) == 1 else ""


def likelihood(item: ReviewItem) -> tuple[float, int]:
    """How likely an item is the missed emergency among its case's words: by the model, else the later one."""
    return sum(share for intent, share in item.ranking if label_of(intent) == URGENT), item.message_id


def rests() -> sa.ColumnElement[bool]:
    """Whether an item is perhaps the missed emergency of its case, and another of the case's words was labelled so."""
    other, mine, theirs = aliased(ReviewItem), aliased(Message), aliased(Message)
    standing = (Review.item_id == other.id, Review.undone_at.is_(None))
    urgent = Review.intent.startswith(f"{URGENT}/")
    found = (
        sa.select(other.id)
        .join(theirs, theirs.id == other.message_id)
        .join(mine, mine.case_id == theirs.case_id)
        .where(
            mine.id == ReviewItem.message_id,
            other.id != ReviewItem.id,
            other.state.in_([ReviewState.DONE, ReviewState.AMBIGUOUS]),
            ~other.intent.startswith(f"{URGENT}/"),
            sa.exists().where(*standing, urgent),
            ~sa.exists().where(*standing, ~urgent),
        )
        .exists()
    )
    return sa.and_(here_for(MISSED), ~here_for(FALSE_PAGE), found)


def words_with(session: Session, items: Sequence[ReviewItem]) -> dict[int, list[ReviewItem]]:
    """For each item those of its case of which one may be the missed emergency, itself included, in the order in which
    they were written; of any other the item alone."""
    missed = {item.message_id: item for item in items if called(item) == MISSED}
    found = {item.id: [item] for item in items}
    if not missed:
        return found
    mine = aliased(Message)
    query = (
        sa.select(mine.id, ReviewItem)
        .join(Message, Message.id == ReviewItem.message_id)
        .join(mine, mine.case_id == Message.case_id)
        .where(mine.id.in_(missed), mine.id != Message.id, here_for(MISSED), ~here_for(FALSE_PAGE))
    )
    for number, other in session.execute(query):
        found[missed[number].id].append(other)
    return {number: sorted(words, key=lambda word: word.message_id) for number, words in found.items()}
