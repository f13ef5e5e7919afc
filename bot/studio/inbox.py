"""The trainers' inbox: which of the residents' messages are worth a look, why, and in what order.

First comes what people have said about a message since: officers by how they closed or relabelled its case, residents
by "不是"; then what its label would teach the model (`bot/studio/usefulness.py`). Texts are masked before they are
stored, so that a trainer's page never holds anything else.
"""

import hashlib
import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.catalogue import titles
from bot.nlu.dataset import FALSE_PAGE, MISSED, NEAR, trigrams
from bot.nlu.normaliser import normalise, simplified, without_politeness
from bot.nlu.project import NLU_DATA
from bot.nlu.triage import URGENT, Triage, label_of
from bot.store.models import (
    OF_FORM,
    Case,
    CaseId,
    CaseState,
    Correction,
    Heartbeat,
    Message,
    MessageId,
    Reply,
    Review,
    ReviewItem,
    ReviewState,
    Standing,
    TrainedModel,
    TrainingRun,
    WorkState,
)
from bot.store.session import Store, insert
from bot.studio import corpus, hindsight
from bot.studio.files import EditError
from bot.studio.hindsight import Said, called, here_for, likelihood, rests, words_with
from bot.studio.masking import mask
from bot.studio.material import TIP, of_tip, own_words, tips_among
from bot.studio.reading import Reading
from bot.studio.usefulness import Thought, margin, usefulness


@dataclass(frozen=True)
class Reason:
    """Why a message is in the inbox: what trainers read, and how much it weighs, 0 to 100."""

    title: str
    weight: float


REASONS = {
    MISSED: Reason("民警或居民说是警情", 100),
    FALSE_PAGE: Reason("叫醒了人，是误报", 90),
    "relabelled": Reason("民警改了类别", 80),
    "referred": Reason("转给了110、119、120、122", 75),
    "denied": Reason("居民说答得不对", 70),
    "net": Reason("模型和安全网不一致", 65),
    "unread": Reason("模型当时没读到", 55),
    "unanswered": Reason("没答上来", 50),
    "margin": Reason("模型拿不准", 10),
    "new": Reason("没见过的说法", 10),
    "waiting": Reason("放了很久", 5),
}
"""The reasons by name, the weightiest first."""
_SAID = frozenset({MISSED, FALSE_PAGE, "relabelled", "referred"})
"""The reasons for which a message comes in even if a trainer has just judged the same words."""
OPEN = (ReviewState.WAITING, ReviewState.SECOND)
"""The states in which an item waits for somebody."""
BATCH = 50
"""Messages that one call looks at: about two seconds of a model's time."""
FIRST_LOOK = 2000
"""How many of the newest messages a station's first call looks at; older ones stay where they are."""
FIRST_LOOK_BACK = timedelta(days=28)
"""How long ago a case may have ended that a station's first call looks at."""
SETTLED = timedelta(seconds=20)
"""How old a thing is before it is looked at: what was stored at the same time has become visible too."""
LOW_MARGIN, LOW_FINE_MARGIN = 0.5, 0.15
FAR = 0.39
"""Similarity to the nearest training message below which a wording is new: a tenth of the test set's."""
_DENIAL_WITHIN = timedelta(minutes=15)
_LISTENED_WITHIN = timedelta(minutes=10)
_WAITING, _AGED_EVERY, _MOST_AGED = timedelta(days=7), timedelta(hours=1), 500
_OTHERS_SHARE, _TAUGHT_SHARE = 0.25, 30
_NEWEST_CLUSTERS = 2000
_MARK = "inbox"
"""The heartbeat under which it is kept how far the inbox has looked."""
_NO_ANSWER = re.compile(
    "拿不准，|没有准确的说法|不敢乱说|您问的是(?:下面哪一项|不是“)|not sure (?:about this point|what you need)"
)
"""How the bot says that it has no answer (`domain.yml`, `bot/nlu/answers.py`, `telling.py`, `wording.py`)."""
_DENIAL = re.compile(
    "^(?:不是(?:这|那|的|啊|吧|我|问|呀)?|不对|错了|答非所问|所答非所问|文不对题|驴唇不对马嘴|[你您]?(?:没|不)(?:听懂|明白|理解|看懂)|"
    "(?:我)?(?:没|不是)(?:问|说)(?:这|那)个|我问的(?:不是|是)|听不懂人话|"
    "说的啥|啥呀|什么(?:啊|呀|玩意儿?)|都不是|no(?:t that)?$)"
)
_DENIAL_LETTERS, _MOST_DENIALS = 16, 5
_LETTERS = re.compile(r"[^\W\d_]")


class Reads(Protocol):
    """What reads messages with a model: `bot.studio.reading.ModelReader`."""

    model: str

    def read(self, texts: Iterable[str]) -> Iterator[Reading | None]:
        """A reading of each text, in order."""
        ...


@dataclass(frozen=True)
class Mark:
    """How far the inbox has looked: the newest message, correction and end of a case; when it last moved up what
    waits."""

    message: int
    correction: int
    closed_at: datetime
    aged_at: datetime

    def to_text(self) -> str:
        """As the heartbeat keeps it."""
        return json.dumps([self.message, self.correction, self.closed_at.isoformat(), self.aged_at.isoformat()])

    @classmethod
    def from_text(cls, text: str) -> "Mark":
        """The inverse of `to_text`."""
        message, correction, *moments = json.loads(text)
        return cls(message, correction, *map(datetime.fromisoformat, moments))


@dataclass
class _Found:
    """What a call has to look at, and how far it has looked then."""

    reasons: dict[MessageId, set[str]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    mark: Mark | None = None

    def add(self, message_id: int | None, *reasons: str) -> None:
        if message_id is not None:
            self.reasons.setdefault(MessageId(message_id), set()).update(reasons)

    def hear(self, said: Said | None) -> None:
        if said is not None:
            self.said.append(said)


def fill(store: Store, reader: Reads | None, *, now: datetime) -> int:
    """Take in what has come since the last call, and tell how many items are new.

    Costs a few look-ups by index however many messages there are. Without a `reader` only what people and the safety
    net have said counts. May be called as often as one likes; one process does (the trainer's lease).

    Raises:
        ReadingError: the model's process has ended; nothing has been taken in, and the next call begins there again.
    """
    with store.reading() as session:
        old = _mark(session)
        found = _look(session, old, now=now)
        messages = _worth_reading(session, found)
        there = set(session.scalars(sa.select(ReviewItem.message_id).where(ReviewItem.message_id.in_(found.reasons))))
        fresh = [message for message in messages if message.id not in there]
        answers = _answers(session, [message.id for message in fresh])
        tips = tips_among(session, [message.id for message in fresh])
    readings = list(reader.read(message.text for message in fresh)) if reader else [None] * len(fresh)
    examples = _examples() if reader and fresh else {}
    drafts = [
        _draft(
            message,
            reading,
            found.reasons[message.id],
            answers.get(message.id, ""),
            examples,
            model=reader.model if reader else message.model,
            tip=message.id in tips,
        )
        for message, reading in zip(fresh, readings, strict=True)
    ]
    drafts = [draft for draft in drafts if draft.reasons]
    if not drafts and found.mark == old:
        return 0
    with store.transaction() as session:
        added = _store(session, drafts, now=now)
        _add_reasons(session, {key: found.reasons[key] for key in there}, now=now)
        _hide_tips(session, since=old.closed_at if old else now - FIRST_LOOK_BACK)
        if found.mark:
            if old is None or found.mark.aged_at != old.aged_at:
                _age(session, now=now)
            _set_mark(session, found.mark, now=now)
    return added


def waits(session: Session, *, now: datetime) -> bool:
    """Whether anything has come that `fill` would look at."""
    return bool(_look(session, _mark(session), now=now).reasons)


def age(store: Store, *, now: datetime) -> None:
    """Move up what nobody has looked at for a week, once an hour, also while nothing comes in."""
    with store.reading() as session:
        mark = _mark(session)
    if mark is None or now - mark.aged_at <= _AGED_EVERY:
        return
    with store.transaction() as session:
        _age(session, now=now)
        _set_mark(session, replace(mark, aged_at=now), now=now)


# -- what there is to look at -----------------------------------------------------------------------------------------


def _mark(session: Session) -> Mark | None:
    beat = session.get(Heartbeat, _MARK)
    return Mark.from_text(beat.detail) if beat else None


def _set_mark(session: Session, mark: Mark, *, now: datetime) -> None:
    told = {"at": now, "healthy": True, "detail": mark.to_text()}
    statement = insert(session, Heartbeat).values(name=_MARK, **told)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=told))


def _look(session: Session, old: Mark | None, *, now: datetime) -> _Found:
    found = _Found()
    mark = old or Mark(_first(session), 0, now - FIRST_LOOK_BACK, now)
    # Numbers come again on SQLite when the newest rows were erased.
    last = min(mark.message, session.scalar(sa.select(sa.func.max(Message.id))) or 0)
    query = sa.select(Message).where(Message.id > last).order_by(Message.id).limit(BATCH)
    for message in session.scalars(query):
        if message.state == WorkState.PENDING or message.received_at > now - SETTLED or _is_listened_to(message, now):
            break
        last = message.id
        if denies(message):
            found.add(_answered_before(session, message), "denied")
        else:
            found.add(message.id)
        found.hear(hindsight.by_tap(message))
    newest = session.scalar(sa.select(sa.func.max(Correction.id))) or 0
    correction = _look_at_corrections(session, min(mark.correction, newest), found, until=now - SETTLED)
    closed_at = _look_at_ends(session, mark.closed_at, found, until=now - SETTLED)
    for message_id, reasons in hindsight.concerned(session, found.said).items():
        found.add(message_id, *reasons)
    found.mark = Mark(last, correction, closed_at, now if now - mark.aged_at > _AGED_EVERY else mark.aged_at)
    return found


def _is_listened_to(message: Message, now: datetime) -> bool:
    """Whether a voice may still become words; after a while the others behind it wait no longer."""
    if message.kind != "voice" or message.text or message.received_at <= now - _LISTENED_WITHIN:
        return False
    return any(media.state == WorkState.PENDING for media in message.media)


def _first(session: Session) -> int:
    query = sa.select(Message.id).order_by(Message.id.desc()).offset(FIRST_LOOK).limit(1)
    return session.scalar(query) or 0


def _look_at_corrections(session: Session, after: int, found: _Found, *, until: datetime) -> int:
    query = sa.select(Correction).where(Correction.id > after).order_by(Correction.id).limit(BATCH)
    for correction in session.scalars(query):
        if correction.made_at > until:
            break
        after = correction.id
        found.hear(hindsight.by_correction(correction))
    return after


def _look_at_ends(session: Session, after: datetime, found: _Found, *, until: datetime) -> datetime:
    """Cases that ended otherwise than their label says."""
    query = (
        sa.select(Case)
        .where(Case.state == CaseState.CLOSED, Case.updated_at > after, Case.updated_at <= until)
        .order_by(Case.updated_at, Case.id)
        .limit(BATCH)
    )
    for case in session.scalars(query):
        after = case.updated_at
        found.hear(hindsight.by_end(case))
    return after


def denies(message: Message) -> bool:
    """Whether a resident only says that the answer was not to the point; what answers a form says nothing of that."""
    if (message.payload or {}).get(OF_FORM):
        return False
    text = normalise(message.text)
    return len(_LETTERS.findall(text)) <= _DENIAL_LETTERS and bool(_DENIAL.match(text))


def _answered_before(session: Session, denial: Message) -> int | None:
    """The message whose answer is denied: its resident's last one that denies nothing itself, if the bot has just
    answered it and did not only ask what was meant."""
    query = (
        sa.select(Message)
        .where(
            Message.resident_id == denial.resident_id,
            Message.state == WorkState.DONE,
            Message.id < denial.id,
            Message.received_at > denial.received_at - _DENIAL_WITHIN,
        )
        .order_by(Message.id.desc())
        .limit(_MOST_DENIALS)
    )
    before = next((message for message in session.scalars(query) if not denies(message)), None)
    if before is None or (before.triage or {}).get("uncertain"):
        return None
    return before.id if session.scalar(_bot_replies([before.id]).limit(1)) else None


def _bot_replies(ids: Sequence[int]) -> sa.Select[int | None]:
    return sa.select(Reply.message_id).where(Reply.message_id.in_(ids), Reply.author == "bot")


def _worth_reading(session: Session, found: _Found) -> list[Message]:
    """The messages themselves, without those that say nothing a model could learn."""
    query = sa.select(Message).where(Message.id.in_(found.reasons), *own_words())
    messages = session.scalars(query.order_by(Message.id))
    return [message for message in messages if _says_something(message, found.reasons[message.id])]


def _says_something(message: Message, reasons: Collection[str]) -> bool:
    """Whether it has letters, one if it calls for help, and was taken for something that there still is."""
    if not message.triage:
        return False
    triage = Triage.from_json(message.triage)
    letters = len(_LETTERS.findall(message.text))
    called = triage.urgent or MISSED in reasons
    return triage.intent in titles() and (letters >= 2 or (called and letters > 0))


def _answers(session: Session, ids: Sequence[int]) -> Mapping[int | None, str]:
    """What the bot said to each message."""
    told: dict[int | None, str] = {}
    query = sa.select(Reply.message_id, Reply.text).where(Reply.message_id.in_(ids), Reply.author == "bot")
    for message_id, text in session.execute(query):
        told[message_id] = told.get(message_id, "") + text
    return told


# -- what is made of it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draft:
    """An item before it is stored."""

    message_id: MessageId
    text: str
    confidential: bool
    intent: str
    reasons: tuple[str, ...]
    score: float
    ranking: tuple[tuple[str, float], ...]
    nearest: float | None
    model: str | None


def _draft(
    message: Message,
    reading: Reading | None,
    known: set[str],
    answer: str,
    examples: Mapping[str, int],
    *,
    model: str | None,
    tip: bool,
) -> Draft:
    triage = Triage.from_json(message.triage or {})
    reasons = known | {name for name, holds in _doubts(message, triage, reading, answer) if holds}
    confidential = tip or (reading is not None and TIP in (reading.label, reading.model_label))
    ranking = reading.ranking if reading else tuple((option, 0.0) for option in triage.options)
    ordered = in_order(reasons)
    return Draft(
        message_id=message.id,
        text=mask(message.text, confidential=confidential) if ordered else "",
        confidential=confidential,
        intent=triage.intent,
        reasons=ordered,
        score=score_of(ordered, reading, examples),
        ranking=ranking,
        nearest=reading.nearest if reading else None,
        model=model,
    )


def _doubts(message: Message, triage: Triage, reading: Reading | None, answer: str) -> Iterator[tuple[str, bool]]:
    apart = triage.doubted or (triage.source == "net" and message.read_by_model is True)
    yield "unread", message.read_by_model is False
    yield "unanswered", bool(_NO_ANSWER.search(simplified(answer)))
    if reading is None:
        yield "net", apart
        yield "margin", triage.uncertain
        return
    yield "net", apart or reading.label != reading.model_label
    yield "margin", triage.uncertain or reading.uncertain or _unsure(reading)
    yield "new", reading.nearest is not None and reading.nearest < FAR


def _unsure(reading: Reading) -> bool:
    """Whether two labels, or two fine intents, are about as likely."""
    return (
        margin(sorted(reading.labels.values(), reverse=True)) < LOW_MARGIN
        or margin([share for _, share in reading.ranking]) < LOW_FINE_MARGIN
    )


def score_of(
    reasons: Sequence[str], reading: Reading | None = None, examples: Mapping[str, int] = MappingProxyType({})
) -> float:
    """How useful a look is: what people have said first, then what its label would teach the model.

    `examples`: how many each intent has."""
    weights = [REASONS[name].weight for name in in_order(reasons)]
    taught = usefulness(_thought(reading), examples) if reading else 0.0
    return round((weights[0] if weights else 0) + _OTHERS_SHARE * sum(weights[1:]) + _TAUGHT_SHARE * taught, 2)


def _examples() -> Mapping[str, int]:
    """How many each intent has; none while a file cannot be read, which the page on the data says."""
    try:
        return corpus.load(NLU_DATA).examples
    except EditError:
        return {}


def _thought(reading: Reading) -> Thought:
    nearest = 1.0 if reading.nearest is None else reading.nearest
    return Thought(reading.labels, reading.ranking, nearest)


def in_order(reasons: Iterable[str]) -> tuple[str, ...]:
    """Reasons, the weightiest first."""
    return tuple(sorted(reasons, key=list(REASONS).index))


def _store(session: Session, drafts: Sequence[Draft], *, now: datetime) -> int:
    clusters = _Clusters(session) if drafts else None
    ids = [draft.message_id for draft in drafts]
    there = set(session.scalars(sa.select(Message.id).where(Message.id.in_(ids), *own_words())))
    added = 0
    for draft in drafts:
        if draft.message_id not in there or clusters is None:
            continue  # erased while it was read, or its resident has objected
        if clusters.judged(draft) and _SAID.isdisjoint(draft.reasons):
            continue
        values = {name: value for name, value in vars(draft).items() if name not in ("reasons", "ranking")}
        item = ReviewItem(
            **values,
            reasons=list(draft.reasons),
            ranking=[list(pair) for pair in draft.ranking],
            cluster=clusters.of(draft),
            created_at=now,
            updated_at=now,
        )
        session.add(item)
        added += 1
    return added


def _add_reasons(session: Session, reasons: Mapping[MessageId, set[str]], *, now: datetime) -> None:
    """What people have said since about messages that are here; who has skipped one, or judged it otherwise, is asked
    again."""
    query = sa.select(ReviewItem).where(ReviewItem.message_id.in_(reasons)).order_by(ReviewItem.id).with_for_update()
    news: dict[int, set[str]] = {}
    items = session.scalars(query).all()
    for item in items:
        if more := reasons[item.message_id] - set(item.reasons):
            gained = score_of([*item.reasons, *more]) - score_of(item.reasons)
            item.reasons, item.score = list(in_order([*item.reasons, *more])), round(item.score + gained, 2)
            item.updated_at, news[item.id] = now, more
    session.flush()
    _ask_anew(session, [item for item in items if item.id in news], news, now=now)


def _ask_anew(session: Session, items: Sequence[ReviewItem], news: Mapping[int, set[str]], *, now: datetime) -> None:
    """Let those wait again that the news contradicts, unless the emergency of their case is found."""
    found = set(session.scalars(sa.select(ReviewItem.id).where(ReviewItem.id.in_(news), rests())))
    said = _said(session, [item.message_id for item in items])
    reviews = session.scalars(sa.select(Review).where(Review.item_id.in_(news), Review.undone_at.is_(None))).all()
    for item in (item for item in items if item.id not in found):
        standing = [review for review in reviews if review.item_id == item.id]
        if item.state in (ReviewState.SKIPPED, ReviewState.AMBIGUOUS) or any(
            _contradicts(news[item.id], review.intent, said.get(item.message_id, review.intent))
            for review in standing
            if review.intent
        ):
            item.state = ReviewState.WAITING
            for review in standing:
                review.undone_at = now


def _contradicts(reasons: Collection[str], intent: str, said: str) -> bool:
    """Whether what people say of a message by now goes against the label of the intent that a trainer gave it."""
    given, officers = intent.partition("/")[0], said.partition("/")[0]
    against = {FALSE_PAGE} if given == URGENT else {MISSED, "referred"}
    return not against.isdisjoint(reasons) or ("relabelled" in reasons and officers != given)


def _hide_tips(session: Session, *, since: datetime) -> None:
    """Take more out of what belongs to a tip of which something was done lately. Until then it is done when it is
    shown."""
    tips = sa.select(Case.id).where(Case.confidential.is_(True), Case.updated_at >= since)
    reporters = sa.select(Case.resident_id).where(sa.or_(Case.id.in_(tips), Case.merged_into_id.in_(tips)))
    written = sa.select(Message.id).where(Message.resident_id.in_(reporters))
    query = sa.select(ReviewItem).where(
        ReviewItem.message_id.in_(written), ReviewItem.confidential.is_(False), of_tip(ReviewItem.message_id)
    )
    for item in session.scalars(query.order_by(ReviewItem.id).with_for_update()):
        hide(item)


def hide(item: ReviewItem) -> None:
    """Take out of an item what may stand in no tip."""
    if not item.confidential:
        item.text, item.confidential = mask(item.text, confidential=True), True


def hide_tip(session: Session, item: ReviewItem) -> None:
    """Take it out if the item's message belongs to a tip by now."""
    if tips_among(session, [item.message_id]):
        hide(item)


def _age(session: Session, *, now: datetime) -> None:
    """What nobody has looked at for a week moves up; what everybody skipped though an officer has called it a missed
    emergency or a false alarm is asked for again."""
    _ask_again(session, now=now)
    long = (ReviewItem.state == ReviewState.WAITING, ReviewItem.updated_at <= now - _WAITING)
    oldest = sa.select(ReviewItem).where(*long).order_by(ReviewItem.id).limit(_MOST_AGED)
    for item in session.scalars(oldest.with_for_update()):
        item.reasons = list(in_order({*item.reasons, "waiting"}))
        item.score, item.updated_at = round(item.score + REASONS["waiting"].weight, 2), now


def _ask_again(session: Session, *, now: datetime) -> None:
    opinion = sa.exists().where(Review.item_id == ReviewItem.id, Review.undone_at.is_(None), Review.verdict != "skip")
    skipped = (ReviewItem.state == ReviewState.SECOND, ReviewItem.updated_at <= now - _WAITING, ~opinion)
    query = sa.select(ReviewItem).where(*skipped).order_by(ReviewItem.id).limit(_MOST_AGED)
    for item in session.scalars(query.with_for_update()):
        item.state = ReviewState.WAITING
        standing = (Review.item_id == item.id, Review.undone_at.is_(None))
        session.execute(sa.update(Review).where(*standing).values(undone_at=now))


# -- clusters ---------------------------------------------------------------------------------------------------------


class _Clusters:
    """The wordings that wait, which a message of the same or nearly the same joins, and those that have been judged."""

    def __init__(self, session: Session) -> None:
        columns = (ReviewItem.cluster, ReviewItem.intent, ReviewItem.text, ReviewItem.confidential)
        newest = sa.select(*columns).order_by(ReviewItem.id.desc()).limit(_NEWEST_CLUSTERS)
        waiting = session.execute(newest.where(ReviewItem.state.in_(OPEN)))
        self._known = {(secret, _form(text)): cluster for cluster, _, text, secret in waiting}
        judged = newest.where(ReviewItem.state == ReviewState.DONE)
        if learned := _learned_at(session):
            judged = judged.where(ReviewItem.updated_at > learned)
        self._judged = {(secret, _form(text), _pages(intent)) for _, intent, text, secret in session.execute(judged)}

    def judged(self, draft: Draft) -> bool:
        """Whether trainers have judged the same words, none of them waits, and the live model has not learned of it
        yet. Words that paged and words that did not are not the same."""
        form = _form(draft.text)
        waits = (draft.confidential, form) in self._known
        return not waits and (draft.confidential, form, _pages(draft.intent)) in self._judged

    def of(self, draft: Draft) -> str:
        """The cluster of a message."""
        form = _form(draft.text)
        key = (draft.confidential, form)
        if key not in self._known:
            self._known[key] = self._nearly(*key) or hashlib.sha256(f"{draft.confidential}{form}".encode()).hexdigest()
        return self._known[key]

    def _nearly(self, confidential: bool, form: str) -> str | None:
        mine = _grams(form)
        for (secret, other), cluster in self._known.items():
            theirs = _grams(other)
            # Of sets whose sizes differ so much, none can share enough.
            if secret is confidential and NEAR <= len(mine) / len(theirs) <= 1 / NEAR:
                common = len(mine & theirs)
                if common / (len(mine) + len(theirs) - common) >= NEAR:
                    return cluster
        return None


def _learned_at(session: Session) -> datetime | None:
    """The moment of whose data the live model is; None without one."""
    begun = sa.func.coalesce(TrainingRun.started_at, TrainedModel.trained_at)
    query = sa.select(begun).select_from(TrainedModel).outerjoin(TrainingRun, TrainingRun.id == TrainedModel.run_id)
    return session.scalar(query.where(TrainedModel.standing == Standing.LIVE).limit(1))


def _pages(intent: str) -> bool:
    return label_of(intent) == URGENT


@lru_cache(maxsize=8192)
def _form(text: str) -> str:
    """The wording without politeness, spaces and stops."""
    normal = without_politeness(normalise(text))
    return "".join(letter for letter in normal if letter.isalnum()) or normal


@lru_cache(maxsize=4096)
def _grams(form: str) -> frozenset[str]:
    return trigrams(form)


# -- what trainers see ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Queued:
    """One wording to judge: its best item, and how many more are the same."""

    id: int
    text: str
    confidential: bool
    intent: str
    reasons: tuple[str, ...]
    score: float
    ranking: tuple[tuple[str, float], ...]
    nearest: float | None
    cluster: str
    count: int
    state: str
    also: tuple[int, ...] = ()
    """The numbers of the other items that are judged with it at once."""
    others: tuple[str, ...] = ()
    """Their wordings, where they differ."""
    corrected: str = ""
    """The intent that an officer gave it, if one did: a trainer's first suggestion, before the model's."""
    beside: tuple[str, ...] = ()
    """The other words of its case that may be the missed emergency, as they were written; it rests when one is."""

    @classmethod
    def of(
        cls,
        item: ReviewItem,
        cluster: Sequence[ReviewItem],
        words: Sequence[ReviewItem],
        *,
        tips: Collection[int],
        corrected: str = "",
    ) -> "Queued":
        """From the table's rows: an item, its cluster, and the words of its case. `tips`: messages that belong to a
        tip, whatever they were when the rows were made."""
        others = [other for other in cluster if other.id != item.id]
        text = _shown(item, tips)
        return cls(
            id=item.id,
            text=text,
            confidential=item.confidential or item.message_id in tips,
            intent=item.intent,
            reasons=tuple(item.reasons),
            score=item.score,
            ranking=tuple((str(intent), float(share)) for intent, share in item.ranking),
            nearest=item.nearest,
            cluster=item.cluster,
            count=1 + len(others),
            state=item.state,
            also=tuple(other.id for other in others),
            others=tuple(dict.fromkeys(told for other in others if (told := _shown(other, tips)) != text)),
            corrected=corrected,
            beside=tuple(_shown(word, tips) for word in words if word.id != item.id),
        )


def queue(
    session: Session, *, trainer: str, limit: int = 20, reason: str = "", leave_out: Iterable[int] = ()
) -> list[Queued]:
    """What this trainer may judge, most useful first; the same wordings once, and of the words of a case of which one
    may be the missed emergency the likeliest.

    What another trainer has judged and wants a second opinion on comes with its weight; one's own does not come again.
    `reason`: only what is here for it; `leave_out`: items that the page has already.
    """
    skipped = set(leave_out)
    query = (
        sa.select(ReviewItem, Message.case_id)
        .join(Message, Message.id == ReviewItem.message_id)
        .where(may_judge(trainer))
        .order_by(ReviewItem.score.desc(), ReviewItem.id.desc())
        .limit(limit * 10 + len(skipped))
    )
    if reason:
        query = query.where(here_for(reason))
    rows = session.execute(query).all()
    likeliest: dict[CaseId | None, ReviewItem] = {}
    for item, case_id in rows:
        if case_id and called(item) == MISSED:
            likeliest[case_id] = max(likeliest.get(case_id, item), item, key=likelihood)
    best, shown = list[ReviewItem](), set[object]()
    for item, case_id in rows:
        case = case_id if called(item) == MISSED else None
        one = likeliest.get(case, item)
        same = {(one.cluster, one.state), case} - {None}
        if one.id not in skipped and len(best) < limit and shown.isdisjoint(same):
            best.append(one)
            shown |= same
    return _queued(session, best, trainer=trainer)


def queued(session: Session, item: ReviewItem, *, trainer: str) -> Queued:
    """One item as this trainer's queue shows it."""
    return _queued(session, [item], trainer=trainer)[0]


def _queued(session: Session, items: Sequence[ReviewItem], *, trainer: str) -> list[Queued]:
    clusters = clusters_of(session, {item.cluster for item in items}, trainer=trainer)
    words = words_with(session, items)
    corrected = _corrected(session, [item.message_id for item in items])
    shown = itertools.chain(items, *clusters.values(), *words.values())
    tips = tips_among(session, {one.message_id for one in shown})
    return [
        Queued.of(
            item,
            clusters.get(item.cluster, ()),
            words[item.id],
            tips=tips,
            corrected=corrected.get(item.message_id, ""),
        )
        for item in items
    ]


def _shown(item: ReviewItem, tips: Collection[int]) -> str:
    """An item's text as a trainer may read it now."""
    return mask(item.text, confidential=True) if item.message_id in tips and not item.confidential else item.text


def _corrected(session: Session, ids: Sequence[MessageId]) -> dict[int | None, str]:
    """The intents that officers gave to messages; what was said last counts."""
    return {message_id: intent for message_id, intent in _said(session, ids).items() if intent in titles()}


def _said(session: Session, ids: Sequence[MessageId]) -> dict[int | None, str]:
    """What officers made of messages, a label or an intent, and of the case whose missed emergency one may be; what was
    said last counts."""
    named = sa.select(Correction.message_id, Correction.id, Correction.now).where(Correction.message_id.in_(ids))
    of_case = (
        sa.select(Message.id, Correction.id, Correction.now)
        .join(ReviewItem, ReviewItem.message_id == Message.id)
        .join(Correction, Correction.case_id == Message.case_id)
        .where(Message.id.in_(ids), here_for(MISSED))
    )
    told = sa.union(named, of_case).subquery()
    return {row.message_id: row.now for row in session.execute(sa.select(told).order_by(told.c.id))}


def corrected_to(session: Session, item: ReviewItem) -> str:
    """The intent that an officer gave an item's message; "" if none did, or what officers said is no longer clear."""
    return _corrected(session, [item.message_id]).get(item.message_id, "") if called(item) else ""


def judged_by(trainer: str) -> sa.ColumnElement[bool]:
    """Whether a trainer's verdict on an item stands."""
    found: sa.ColumnElement[bool] = sa.exists().where(
        Review.item_id == ReviewItem.id, Review.trainer == trainer, Review.undone_at.is_(None)
    )
    return found


def may_judge(trainer: str) -> sa.ColumnElement[bool]:
    """Whether an item waits for this trainer: for anybody, or for a second opinion, and it is not judged by them."""
    return sa.and_(ReviewItem.state.in_(OPEN), ~judged_by(trainer), ~rests())


def clusters_of(session: Session, clusters: Iterable[str], *, trainer: str) -> dict[str, list[ReviewItem]]:
    """The items of each cluster that this trainer would judge at once."""
    query = sa.select(ReviewItem).where(ReviewItem.cluster.in_(list(clusters)), may_judge(trainer))
    found: dict[str, list[ReviewItem]] = {}
    for item in session.scalars(query.order_by(ReviewItem.id)):
        found.setdefault(item.cluster, []).append(item)
    return found


_NO_TIP = (ReviewItem.confidential.is_(False), ~of_tip(ReviewItem.message_id))


@dataclass(frozen=True)
class Unanswered:
    """Questions of one wording to which the bot had no answer."""

    item_id: int
    text: str
    count: int


def unanswered(session: Session, limit: int = 50) -> list[Unanswered]:
    """The questions that had no answer, the most frequent first: what new topics are made of."""
    query = (
        sa.select(sa.func.min(ReviewItem.id), sa.func.min(ReviewItem.text), sa.func.count())
        .where(
            *_NO_TIP,
            ReviewItem.state != ReviewState.DONE,
            sa.cast(ReviewItem.reasons, sa.Text).contains('"unanswered"'),
        )
        .group_by(ReviewItem.cluster)
        .order_by(sa.func.count().desc())
        .limit(limit)
    )
    return [Unanswered(*row) for row in session.execute(query)]


def alike(session: Session, item_id: int, limit: int = 12) -> list[str]:
    """Texts of the item's cluster and of those in the inbox that share most words with it, its own first; none for a
    tip."""
    item = session.scalars(sa.select(ReviewItem).where(ReviewItem.id == item_id, *_NO_TIP)).one_or_none()
    if item is None:
        return []
    query = (
        sa.select(ReviewItem.text)
        .where(ReviewItem.state != ReviewState.DONE, *_NO_TIP, ReviewItem.intent == item.intent)
        .order_by(ReviewItem.id.desc())
        .limit(_NEWEST_CLUSTERS)
    )
    mine = _pairs(item.text)
    rated = {text: len(mine & _pairs(text)) / len(mine | _pairs(text)) for text in session.scalars(query)}
    near = sorted((text for text, share in rated.items() if share >= _ALIKE), key=lambda text: -rated[text])
    return list(dict.fromkeys([item.text, *near]))[:limit]


_ALIKE = 0.2


@lru_cache(maxsize=4096)
def _pairs(text: str) -> frozenset[str]:
    form = _form(text)
    return frozenset(form[place : place + 2] for place in range(max(len(form) - 1, 1)))


def counts(session: Session) -> dict[str, int]:
    """How many items are in each state; what rests waits for nobody."""
    query = sa.select(ReviewItem.state, sa.func.count()).group_by(ReviewItem.state)
    query = query.where(sa.or_(ReviewItem.state.not_in(OPEN), ~rests()))
    return {state: int(number) for state, number in session.execute(query)}
