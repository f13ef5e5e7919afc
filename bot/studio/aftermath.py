"""Whether residents are worse off since a promotion than on the days before, beyond what chance explains.

Three shares of residents' texts and spoken messages are compared:
- those on whose urgency model and safety net disagree (one pages, the other would not), of what the new model read;
- those that no model answered, and those that could not be handled at all;
- the texts that were handled later than 95 of 100 were before (and later than a second, below which nobody notices).

Each is tested by Fisher's exact test, one-sided (R. A. Fisher, "On the Interpretation of χ² from Contingency Tables,
and the Calculation of P", Journal of the Royal Statistical Society 85, 1922): how likely is it that so many or more of
the bad ones fall into the time since, if it was no worse. It is looked every five minutes for a day, at three shares.
If each look asks for p < 0.01 / (288 × 3), then by Bonferroni's inequality a promotion that changes nothing is taken
back by chance less than once in a hundred times.

Small numbers decide nothing: at least 200 messages of the seven days before and 30 since, 8 bad ones among them, and a
share at least twice that of before. Where seven days have fewer, eight weeks are looked at. Where these have fewer too,
or too few have come since, it is still told what is bad by itself: that no model answers, or that texts take ten
seconds. One in twenty of either is taken for what a station may always have had (by the exact binomial test 8 of 23 are
beyond that, 9 of 30, 10 of 37); whether the model pages rightly cannot be told then, and the page says so. The first
three minutes do not count, while servers load the model beside the old one.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.triage import Triage
from bot.store.models import LATE, Message, Promotion, WorkState

DAYS_BEFORE = timedelta(days=7)
SETTLING = timedelta(minutes=3)
LOOK_EVERY = timedelta(minutes=5)
LOOKS, SHARES = 288, 3
SIGNIFICANCE = 0.01 / (LOOKS * SHARES)
LEAST_BEFORE, LEAST_SINCE, LEAST_BAD, LEAST_RISE = 200, 30, 8, 2.0
SLOW_QUANTILE, SLOW_AT_LEAST_SECONDS = 0.95, 1.0
WEEKS_BEFORE = timedelta(weeks=8)
"""How far back a station is looked at that hears little."""
USUAL, SLOW_BY_ITSELF_SECONDS = 0.05, 10.0
MOST = 20_000
"""Texts of each time that are looked at, the newest ones: a city's are more than a test needs."""


@dataclass(frozen=True)
class Handled:
    """What became of a message, as far as it is compared; `seconds`: None for what is no text, or was not handled."""

    model: str | None
    disagreed: bool
    seconds: float | None


@dataclass(frozen=True)
class Share:
    """So many bad ones of so many."""

    bad: int
    of: int

    @classmethod
    def counted(cls, texts: Iterable[Handled], bad: Callable[[Handled], bool]) -> "Share":
        """Count them."""
        judged = [bad(text) for text in texts]
        return cls(sum(judged), len(judged))

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.bad / self.of if self.of else 0.0

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.value:.1%}（{self.of} 条里 {self.bad} 条）"


def harm(session: Session, promotion: Promotion, *, now: datetime) -> str | None:
    """Why a promotion should be taken back, in words for trainers; None while nothing says so.

    The answer changes every five minutes only, however often it is asked for.
    """
    began = promotion.made_at + SETTLING
    until = began + ((now - began) // LOOK_EVERY) * LOOK_EVERY
    if until <= began:
        return None
    since = _messages(session, began, until)
    if len(since) < LEAST_BAD:
        return None
    before = _before(session, promotion.made_at)
    if len(since) < LEAST_SINCE or len(before) < LEAST_BEFORE:
        return bad_by_itself(before, since)
    return worse(before, since, promotion.model)


def in_the_dark(session: Session, promotion: Promotion, *, now: datetime) -> str:
    """What a promotion cannot be judged by yet, for want of messages, in words for trainers; "" when it can."""
    since = len(_messages(session, promotion.made_at + SETTLING, now, most=LEAST_SINCE))
    before = len(_before(session, promotion.made_at))
    if since < LEAST_BAD:
        return f"上线后才来了{since}条消息，还看不出好坏，不会自动退回（至少要{LEAST_BAD}条）"
    if since < LEAST_SINCE or before < LEAST_BEFORE:
        return (
            f"消息太少（上线前{before}条，上线后{since}条）：没有模型回答、或者特别慢，会自动退回；"
            "紧急与否判得好不好，机器看不出来，请人多看看"
        )
    return ""


def bad_by_itself(before: Sequence[Handled], since: Sequence[Handled]) -> str | None:
    """What is bad whatever it was before, in words: for where there is little to compare with."""
    compared: tuple[tuple[str, Callable[[Handled], bool]], ...] = (
        ("没有模型回答的消息", _unanswered),
        (f"处理超过 {SLOW_BY_ITSELF_SECONDS:.0f} 秒的消息", lambda text: (text.seconds or 0) > SLOW_BY_ITSELF_SECONDS),
    )
    for title, bad in compared:
        was, has = Share.counted(before, bad), Share.counted(since, bad)
        if has.bad >= LEAST_BAD and has.value >= LEAST_RISE * was.value and _usual(has) < SIGNIFICANCE:
            return f"{title}有 {has}"
    return None


def _usual(share: Share) -> float:
    """The binomial test: P(as many bad ones, or more) where one in twenty is usual."""
    terms = (
        math.comb(share.of, number) * USUAL**number * (1 - USUAL) ** (share.of - number)
        for number in range(share.bad, share.of + 1)
    )
    return math.fsum(terms)


def worse(before: Sequence[Handled], since: Sequence[Handled], model: str) -> str | None:
    """What has become worse, in words; None if nothing has."""
    slow = slow_from(before)
    read = [text for text in since if text.model == model]
    compared = (
        ("模型和安全网对紧急与否意见不一的消息", _disagreed, [text for text in before if text.model], read),
        ("没有模型回答的消息", _unanswered, before, since),
        (f"处理超过 {slow:.1f} 秒的消息", lambda text: (text.seconds or 0) > slow, before, since),
    )
    for title, bad, then, now in compared:
        was, has = Share.counted(then, bad), Share.counted(now, bad)
        if risen(was, has):
            return f"{title}由 {was} 升到 {has}"
    return None


def risen(before: Share, since: Share) -> bool:
    """Whether a share has risen beyond chance, and enough to matter."""
    if before.of < LEAST_BEFORE or since.of < LEAST_SINCE or since.bad < LEAST_BAD:
        return False
    return since.value >= LEAST_RISE * before.value and chance(before, since) < SIGNIFICANCE


def chance(before: Share, since: Share) -> float:
    """Fisher's exact test: P(as many bad ones since, or more), given how many there are of each."""
    everything, bad = before.of + since.of, before.bad + since.bad
    ways = _choose(everything, since.of)
    terms = (
        _choose(bad, number) + _choose(everything - bad, since.of - number) - ways
        for number in range(since.bad, min(bad, since.of) + 1)
        if since.of - number <= everything - bad
    )
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def slow_from(before: Sequence[Handled]) -> float:
    """Seconds from which a text counts as handled late."""
    times = sorted(text.seconds for text in before if text.seconds is not None)
    if not times:
        return SLOW_AT_LEAST_SECONDS
    return max(times[min(int(len(times) * SLOW_QUANTILE), len(times) - 1)], SLOW_AT_LEAST_SECONDS)


def _choose(of: int, number: int) -> float:
    """The logarithm of the binomial coefficient."""
    return math.lgamma(of + 1) - math.lgamma(number + 1) - math.lgamma(of - number + 1)


def _disagreed(text: Handled) -> bool:
    return text.disagreed


def _unanswered(text: Handled) -> bool:
    return text.model is None


def _messages(session: Session, since: datetime, until: datetime, *, most: int = MOST) -> list[Handled]:
    read = sa.and_(Message.state == WorkState.DONE, Message.read_by_model.is_not(None))
    query = (
        sa.select(
            *(Message.kind, Message.state, Message.model, Message.triage, Message.received_at, Message.handled_at),
            Message.payload[LATE].as_boolean().label("late"),
        )
        .where(Message.received_at >= since, Message.received_at < until)
        .where(Message.kind.in_(("text", "voice")), sa.or_(read, Message.state == WorkState.FAILED))
        .order_by(Message.received_at.desc(), Message.id.desc())
        .limit(most)
    )
    return [_handled(row) for row in session.execute(query) if row.handled_at is not None]


def _handled(row: Any) -> Handled:
    failed, spoken = row.state == WorkState.FAILED, row.kind == "voice"
    return Handled(
        # Whoever wrote what a model read late was answered without one; a voice is always read when it has words.
        model=None if failed or (row.late and not spoken) else row.model,
        disagreed=row.triage is not None and _of_two_minds(Triage.from_json(row.triage)),
        seconds=None if failed or spoken else (row.handled_at - row.received_at).total_seconds(),
    )


def _of_two_minds(triage: Triage) -> bool:
    """Whether only one of model and net pages, or would: the net alone is the source, the model alone has no rule
    beside it, and what the model is sure is calm has words of danger for the net."""
    return triage.source == "net" or not triage.seen_by_net if triage.urgent else triage.doubted


def _before(session: Session, promoted_at: datetime) -> Sequence[Handled]:
    """The days before, which change no more: read once."""
    key = (str(session.get_bind().engine.url), promoted_at)
    if key not in _kept:
        _kept.clear()
        found = _messages(session, promoted_at - DAYS_BEFORE, promoted_at)
        if len(found) < LEAST_BEFORE:
            found = _messages(session, promoted_at - WEEKS_BEFORE, promoted_at)
        _kept[key] = tuple(found)
    return _kept[key]


_kept: dict[tuple[str, datetime], Sequence[Handled]] = {}
