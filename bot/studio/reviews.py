"""What trainers say a message is: verdicts, taking them back, two opinions on what is urgent, and how far they agree.

A verdict by itself changes no file. Where it tells the model something new, it proposes a change of the data
(`bot.studio.changes`), with the masked text that the trainer may have edited.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu.catalogue import titles
from bot.nlu.dataset import FALSE_PAGE, MISSED
from bot.nlu.triage import URGENT, label_of
from bot.store.models import DataChange, Message, Review, ReviewItem, ReviewState
from bot.studio import changes, inbox
from bot.studio.hindsight import called, likelihood, words_with
from bot.studio.masking import in_plain_words, leftovers, objection
from bot.studio.material import TIP, tips_among

LABEL, SKIP, AMBIGUOUS, SECOND = "label", "skip", "ambiguous", "second"
NOTE_CHARACTERS = 200
TEXT_CHARACTERS = 500
_PUT_ASIDE = {SKIP: ReviewState.SKIPPED, AMBIGUOUS: ReviewState.AMBIGUOUS, SECOND: ReviewState.SECOND}
_LEAST_LETTERS = 2
_WHY, _UNDONE = "复核消息", "撤回判断"
_TAUGHT = ("add_example", "move_example", "add_regression")
"""The kinds of changes that verdicts propose."""
_MOST_AT_ONCE = 500


class ReviewError(Exception):
    """A verdict that cannot be taken; the text says why and what to do, `told` the same to trainers."""

    def __init__(self, reason: str, told: str = "") -> None:
        super().__init__(reason)
        self.told = told or reason


@dataclass(frozen=True)
class Taken:
    """A verdict that was taken: of how many items, how the first stands now, and what became of it as data."""

    item: ReviewItem
    items: int = 1
    proposed: tuple[str, ...] = ()
    """Kinds of the changes that it proposed."""
    problem: str = ""
    """Why a change could not be proposed; the verdict counts all the same."""


@dataclass(frozen=True)
class Rules:
    """How the station wants it: whether what is urgent needs two trainers."""

    two_for_urgent: bool = False


def label(
    session: Session,
    item_id: int,
    intent: str,
    *,
    trainer: str,
    now: datetime,
    rules: Rules = Rules(),
    text: str | None = None,
    note: str = "",
) -> Taken:
    """Say what an item is. `text`: how it is to stand among the examples, if the trainer has edited it.

    Raises:
        ReviewError: no such item or intent, it has been judged, or the text still holds something personal.
    """
    _check_intent(intent)
    item = _open_item(session, item_id, trainer)
    if _of_tip(intent):
        inbox.hide(item)  # before it becomes an example, and before another trainer reads it
    example = _example(session, item, text)
    taught = changes.standing(session, [item.id], _TAUGHT)
    _judge(session, [item], LABEL, intent, trainer=trainer, note=note, now=now)
    _settle(session, item, rules, now=now)
    if item.state != ReviewState.DONE:
        return _propose(session, item, _owed(session, item, intent, example, note), by=trainer, why=note, now=now)
    # It was judged before, and came again because an officer contradicted.
    wrong = [change for change in taught if not _fits(change, intent)]
    changes.take_back_all(session, wrong, by=trainer, why=_UNDONE, now=now)
    wanted = itertools.chain(
        _taught(item, intent, example, edited=text is not None, why=note), _left_over(session, item, example, note)
    )
    return _propose(session, item, wanted, by=trainer, why=note, now=now)


def accept(
    session: Session,
    item_id: int,
    intent: str,
    *,
    seen: Collection[int],
    trainer: str,
    now: datetime,
    rules: Rules = Rules(),
    text: str | None = None,
    note: str = "",
) -> Taken:
    """Say the same of what waits in the item's cluster and was `seen` with it (`Queued.also`), and of nothing that has
    come since.

    One example stands for all of them: near-duplicates would only weigh their wording. Into the regression set goes
    each that was missed or paged falsely, whatever became of the first.

    Raises:
        ReviewError: as `label`.
    """
    others = _same_wording(session, item_id, seen, trainer)
    taken = label(session, item_id, intent, trainer=trainer, now=now, rules=rules, text=text, note=note)
    _judge(session, others, LABEL, intent, trainer=trainer, note=note, now=now)
    for item in others:
        _settle(session, item, rules, now=now)
    return _with_others(session, taken, others, intent, text, by=trainer, why=note, now=now)


def _same_wording(session: Session, item_id: int, seen: Collection[int], trainer: str) -> list[ReviewItem]:
    """Those of some items that are in an item's cluster and wait, locked with it: all of them before the audit log's
    turn is taken."""
    cluster = sa.select(ReviewItem.cluster).where(ReviewItem.id == item_id).scalar_subquery()
    waits = sa.and_(inbox.may_judge(trainer), ReviewItem.cluster == cluster, ReviewItem.id.in_(seen))
    found = _locked(session, sa.or_(ReviewItem.id == item_id, waits))
    return [item for item in found if item.id != item_id][:_MOST_AT_ONCE]


def _locked(session: Session, which: sa.ColumnElement[bool]) -> Sequence[ReviewItem]:
    """Items, locked in one order, as whoever else locks several of them does."""
    query = sa.select(ReviewItem).where(which).order_by(ReviewItem.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).all()


def put_aside(
    session: Session,
    item_id: int,
    verdict: str,
    *,
    trainer: str,
    now: datetime,
    rules: Rules = Rules(),
    intent: str | None = None,
    note: str = "",
) -> ReviewItem:
    """Skip an item, call it ambiguous, or ask another trainer (`SECOND`, with one's own `intent` if one has one).

    What an officer called a missed emergency or a false alarm is not skipped: another trainer is asked.

    Raises:
        ReviewError: no such item, verdict or intent, it has been judged, or it is ambiguous, belongs into the
            regression set, and its text still holds something personal.
    """
    if verdict not in _PUT_ASIDE:
        raise ReviewError(f"{verdict!r} is no verdict; they are {SKIP}, {AMBIGUOUS} and {SECOND}", "没有这种判断")
    if intent is not None:
        _check_intent(intent)
    item = _open_item(session, item_id, trainer)
    _judge(session, [item], verdict, intent if verdict == SECOND else None, trainer=trainer, note=note, now=now)
    _settle(session, item, rules, now=now)
    wanted = _owed(session, item, intent or item.intent, in_plain_words(item.text), note)
    if problem := _propose(session, item, wanted, by=trainer, why=note, now=now).problem:
        reason = f"item {item_id} belongs into the regression set: {problem}"
        raise ReviewError(reason, f"民警已经定了它是不是警情，要进回归集，但{problem}；请改写后确认类别，或请另一位看")
    return item


def undo(
    session: Session,
    *,
    trainer: str,
    now: datetime,
    rules: Rules = Rules(),
) -> ReviewItem:
    """Take back one's own last verdict, with what it proposed; of a batch all of them. The item waits again.

    Raises:
        ReviewError: there is nothing to take back.
    """
    mine = (Review.trainer == trainer, Review.undone_at.is_(None))
    last = session.scalars(sa.select(Review).where(*mine).order_by(Review.id.desc()).limit(1)).first()
    if last is None:
        raise ReviewError(f"{trainer} has no verdict to take back", "没有可以撤回的判断")
    same = (*mine, Review.made_at == last.made_at, Review.verdict == last.verdict)
    items = _locked(session, ReviewItem.id.in_(sa.select(Review.item_id).where(*same)))
    done = {item.id for item in items if item.state == ReviewState.DONE}
    taught = changes.standing(session, [item.id for item in items], _TAUGHT)
    for review in session.scalars(sa.select(Review).where(*same).with_for_update()):
        review.undone_at = now
    session.flush()
    for item in items:
        _settle(session, item, rules, now=now)
        if item.state == ReviewState.DONE and item.id not in done:
            item.state = ReviewState.SECOND  # another's label alone, of which nothing was learnt
    reopened = {item.id for item in items if item.state != ReviewState.DONE}
    session.flush()
    # Also what another trainer's second opinion proposed: it rested on this one.
    lapsed = [change for change in taught if change.item_id in reopened]
    two = rules.two_for_urgent
    changes.take_back_all(session, lapsed, by=trainer, why=_UNDONE, now=now, two_for_urgent=two)
    told = {"items": len(items), "verdict": last.verdict}
    audit.record(session, trainer, "review_undo", now=now, subject=_subject(items[0]), detail=told)
    return items[0]


# -- how a verdict is taken -------------------------------------------------------------------------------------------


def _check_intent(intent: str) -> None:
    if "/" not in intent or intent not in titles():
        raise ReviewError(f"{intent!r} is no intent; nlu_data/catalogue.yml names them", "没有这个类别")


def _open_item(session: Session, item_id: int, trainer: str) -> ReviewItem:
    item = next(iter(_locked(session, ReviewItem.id == item_id)), None)
    if item is None:
        raise ReviewError(f"there is no item {item_id}; `fujin studio inbox` lists them", "这条消息已经不在了")
    if item.state not in inbox.OPEN:
        raise ReviewError(f"item {item_id} has been judged: {item.state}", "这条刚刚已经有人判过了")
    if any(one.trainer == trainer for one in _standing(session, item_id)):
        raise ReviewError(f"{trainer} has judged item {item_id}; now it is somebody else's turn", "您判过了，等另一位")
    inbox.hide_tip(session, item)
    return item


def _example(session: Session, item: ReviewItem, text: str | None) -> str:
    """The text that would become an example. Raises ReviewError for one in which somebody could be recognised."""
    given = item.text if text is None else text.strip()
    example = in_plain_words(given)
    if len(example) > TEXT_CHARACTERS:
        raise ReviewError(f"an example has at most {TEXT_CHARACTERS} characters", f"例句最多{TEXT_CHARACTERS}个字")
    if found := changes.personal(example, changes.words_of_tip(session, item.id)):
        raise ReviewError(f"the text still holds what looks personal: {', '.join(found)}", objection("例句里", found))
    return example


def _judge(
    session: Session,
    items: Sequence[ReviewItem],
    verdict: str,
    intent: str | None,
    *,
    trainer: str,
    note: str,
    now: datetime,
) -> None:
    note = note.strip()
    if len(note) > NOTE_CHARACTERS:
        raise ReviewError(f"a note has at most {NOTE_CHARACTERS} characters", f"备注最多{NOTE_CHARACTERS}个字")
    for item in items:
        if intent and _of_tip(intent):
            inbox.hide(item)
        if note and (found := leftovers(note, changes.words_of_tip(session, item.id))):
            raise ReviewError(
                f"the note still holds what looks personal: {', '.join(found)}", objection("备注里", found)
            )
    for item in items:
        more = {"trainer": trainer, "verdict": verdict, "intent": intent, "note": note, "made_at": now}
        session.add(Review(item_id=item.id, **more))
        told = {"verdict": verdict} | ({"intent": intent} if intent else {})
        audit.record(session, trainer, "review", now=now, subject=_subject(item), detail=told)
    session.flush()


def _of_tip(intent: str) -> bool:
    return intent.partition("/")[0] == TIP


def _subject(item: ReviewItem) -> str:
    return f"消息{item.id}"


def _standing(session: Session, item_id: int) -> Sequence[Review]:
    query = sa.select(Review).where(Review.item_id == item_id, Review.undone_at.is_(None)).order_by(Review.id)
    return session.scalars(query).all()


def _settle(session: Session, item: ReviewItem, rules: Rules, *, now: datetime) -> None:
    """Put the item where its standing verdicts say. Two who disagree make it ambiguous: so the guideline has it."""
    state, labels, asked = ReviewState.WAITING, dict[str, str](), False
    for review in _standing(session, item.id):
        if review.intent:
            labels[review.trainer] = review.intent
        asked = asked or (review.verdict == SECOND and bool(review.intent))
        if review.verdict != LABEL:
            state = _PUT_ASIDE[review.verdict]
            if state == ReviewState.SKIPPED and called(item):
                state = ReviewState.SECOND
        elif len(set(labels.values())) > 1:
            state = ReviewState.AMBIGUOUS
        else:
            alarm = rules.two_for_urgent and _touches_alarm(item, review.intent or "")
            # One trainer alone does not say that what an officer raised was no emergency.
            denied = called(item) == MISSED and not _is_urgent(review.intent or "")
            needed = 2 if asked or alarm or denied else 1
            state = ReviewState.DONE if len(labels) >= needed else ReviewState.SECOND
    item.state, item.updated_at = state, now


def _touches_alarm(item: ReviewItem, intent: str) -> bool:
    """Whether it makes an alarm, or says that what paged somebody was none."""
    return _is_urgent(intent) or _is_urgent(item.intent)


def _is_urgent(intent: str) -> bool:
    return label_of(intent) == URGENT


def _fits(change: DataChange, intent: str) -> bool:
    """Whether a change says the same as this intent; in the regression set only whether to page counts."""
    if change.kind == "add_regression":
        return _is_urgent(str(change.payload["intent"])) is _is_urgent(intent)
    return intent in (change.payload.get("intent"), change.payload.get("now"))


def _taught(
    item: ReviewItem, intent: str, example: str, *, edited: bool, why: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """What a verdict teaches: an example where the model was wrong or the wording is new; a place in the regression
    set for an emergency that was missed and for a page that was false."""
    said = item.ranking[0][0] if item.ranking else item.intent
    if sum(letter.isalpha() for letter in example) >= _LEAST_LETTERS and (
        {said, item.intent} != {intent} or edited or "new" in item.reasons
    ):
        yield "add_example", {"intent": intent, "text": example}
    yield from _regression(item, intent, example, why)


def _regression(item: ReviewItem, intent: str, example: str, why: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A place in the regression set, where the station paged falsely or did not page for an emergency."""
    if _is_urgent(item.intent) is not _is_urgent(intent):
        case = MISSED if _is_urgent(intent) else FALSE_PAGE
        yield "add_regression", {"text": example, "intent": intent, "why": why.strip() or _WHY, "case": case}


def _owed(
    session: Session, item: ReviewItem, intent: str, example: str, why: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """What of an item must enter the regression set, became it an example or not; `intent`: the last verdict's.

    What stays ambiguous goes there by what is known: two trainers may agree at least on whether to page, or else an
    officer has said it.
    """
    if item.state == ReviewState.DONE:
        yield from _regression(item, intent, example, why)
    elif item.state == ReviewState.AMBIGUOUS and (agreed := _agreed(session, item)):
        yield from _regression(item, agreed, example, why)
    yield from _left_over(session, item, example, why)


def _agreed(session: Session, item: ReviewItem) -> str:
    """The last label of trainers who agree at least on whether to page; "" where they do not, or are not several."""
    given = [review.intent for review in _standing(session, item.id) if review.intent]
    return given[-1] if len(given) > 1 and len({_is_urgent(one) for one in given}) == 1 else ""


def _left_over(session: Session, item: ReviewItem, example: str, why: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What stays ambiguous although an officer has said what it was.

    An officer said it of a case: of the words of which one may be its missed emergency the likeliest enters, and only
    when all have been judged and none was called it.
    """
    words = words_with(session, [item])[item.id]
    if any(word.state in inbox.OPEN for word in words):
        return
    if any(_was_missed(session, word) for word in words):
        return
    unclear = [word for word in words if word.state == ReviewState.AMBIGUOUS and not _agreed(session, word)]
    left = max(unclear, key=likelihood, default=None)
    if left and (known := inbox.corrected_to(session, left)):
        yield from _regression(left, known, example if left is item else in_plain_words(left.text), why)


def _was_missed(session: Session, item: ReviewItem) -> bool:
    """Whether trainers have called an item for which nobody was paged an emergency."""
    given = [review.intent for review in _standing(session, item.id) if review.intent]
    judged = item.state in (ReviewState.DONE, ReviewState.AMBIGUOUS) and not _is_urgent(item.intent)
    return judged and bool(given) and all(map(_is_urgent, given))


def _with_others(
    session: Session,
    taken: Taken,
    others: Sequence[ReviewItem],
    intent: str,
    text: str | None,
    *,
    by: str,
    why: str,
    now: datetime,
) -> Taken:
    """A batch's first verdict with what its others must leave in the regression set: each wording once, and where one
    could point to somebody, the first's words for it."""
    first, kinds, problems = taken.item, list(taken.proposed), [taken.problem]
    shared = in_plain_words(first.text if text is None else text.strip())
    there = {shared} if "add_regression" in kinds else set[str]()
    for item in others:
        own = in_plain_words(item.text)
        example = shared if changes.personal(own) else own
        wanted = [] if example in there else list(_owed(session, item, intent, example, why))
        there |= {example} if wanted else set()
        found = _propose(session, item, wanted, by=by, why=why, now=now)
        kinds, problems = [*kinds, *found.proposed], [*problems, found.problem]
    told = "；".join(dict.fromkeys(filter(None, problems)))
    return Taken(first, items=1 + len(others), proposed=tuple(dict.fromkeys(kinds)), problem=told)


def _propose(
    session: Session,
    item: ReviewItem,
    wanted: Iterable[tuple[str, dict[str, str]]],
    *,
    by: str,
    why: str,
    now: datetime,
) -> Taken:
    proposed, problems = [], []
    for wanted_kind, wanted_payload in wanted:
        try:
            kind, payload = _placed(wanted_kind, wanted_payload)
            changes.propose(session, kind, payload, by=by, why=why.strip() or _WHY, now=now, item_id=item.id)
            proposed.append(kind)
        except changes.ChangeError as error:
            problems.append(str(error))
    return Taken(item, proposed=tuple(proposed), problem="；".join(dict.fromkeys(problems)))


def _placed(kind: str, payload: dict[str, str]) -> tuple[str, dict[str, str]]:
    """What a change comes to with the examples that there are: one that stands under another intent is moved.

    Raises:
        ChangeError: it is one of an alarm's, which no verdict on a resident's message takes away from there.
    """
    held = changes.held_elsewhere(payload["text"], payload["intent"]) if kind == "add_example" else None
    if held is None:
        return kind, payload
    if held.label == URGENT:
        where = titles()[held.intent]
        raise changes.ChangeError(f"同一句“{held.text}”是警情“{where}”的例句；真要换类别，请到数据体检里移动")
    return "move_example", {"text": held.text, "was": held.intent, "now": payload["intent"]}


# -- agreement --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """How far two trainers agree on what both have judged; kappa is None where chance alone would agree, or nothing
    has been judged twice."""

    items: int
    agreed: int
    label_kappa: float | None
    intent_kappa: float | None


def agreement(session: Session) -> Agreement:
    """Cohen's kappa over the first two opinions on each item (Cohen, "A Coefficient of Agreement for Nominal Scales",
    Educational and Psychological Measurement 20, 1960): by label and by fine intent."""
    query = (
        sa.select(Review.item_id, Review.trainer, Review.intent)
        .where(Review.intent.is_not(None), Review.undone_at.is_(None))
        .order_by(Review.id)
    )
    opinions: dict[int, dict[str, str]] = {}
    for item_id, trainer, intent in session.execute(query):
        opinions.setdefault(item_id, {}).setdefault(trainer, intent or "")
    pairs = [(first, second) for first, second, *_ in ([*of.values()] for of in opinions.values() if len(of) > 1)]
    labels = [(first.partition("/")[0], second.partition("/")[0]) for first, second in pairs]
    return Agreement(len(pairs), sum(a == b for a, b in pairs), kappa(labels), kappa(pairs))


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two opinions on the same things."""
    if not pairs:
        return None
    number = len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    observed = sum(one == other for one, other in pairs) / number
    expected = sum(first[name] * second[name] for name in first) / number**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


# -- the original words -----------------------------------------------------------------------------------------------


def right_to_reveal(session: Session, item_id: int) -> str:
    """The right that seeing the original words takes (`bot.duty.access`). Raises ReviewError for an unknown item."""
    item, message = _with_message(session, item_id)
    of_tip = item.confidential or tips_among(session, [message.id])
    return "see_reporter" if of_tip else "see_cases"


def reveal(session: Session, item_id: int, *, by: str, reason: str, now: datetime) -> str:
    """The words as they were written; to whom they were shown and why stands in the audit log.

    Raises:
        ReviewError: no such item, or no reason.
    """
    item, message = _with_message(session, item_id)
    if not 0 < len(reason.strip()) <= NOTE_CHARACTERS:
        raise ReviewError(
            f"say in 1 to {NOTE_CHARACTERS} characters why the original words have to be seen",
            "请写明为什么要看原话，会记入审计日志",
        )
    told = {"reason": reason.strip()}
    audit.record(session, by, "reveal_words", now=now, case_id=message.case_id, subject=_subject(item), detail=told)
    return message.text


def _with_message(session: Session, item_id: int) -> tuple[ReviewItem, Message]:
    item = session.get(ReviewItem, item_id)
    if item is None:
        raise ReviewError(f"there is no item {item_id}; `fujin studio inbox` lists them", "这条消息已经不在了")
    return item, session.get_one(Message, item.message_id)
