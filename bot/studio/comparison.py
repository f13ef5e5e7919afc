"""Two models side by side on the same messages: what is better, what is worse, and what is only chance.

Intervals: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927),
209-212. Difference: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages", Psychometrika 12 (1947), 153-157, in its exact form: of the messages on which only one of two is right,
each is right on half if they are equally good, and the binomial distribution says how surprising the split is.
Precision is a share of pages, and two models page for different messages, some the same: A. S. Kosinski, "A weighted
generalized score statistic for comparison of predictive values of diagnostic tests", Statistics in Medicine 32 (2013),
964-977.
Calibration: M. P. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
AAAI 2015.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, erfc, sqrt
from typing import Any

from bot.nlu.evaluation import Ratio, calibration, macro_f1, page_precision, urgent_recall
from bot.nlu.triage import LABELS, URGENT, gravity, label_of
from bot.store.models import Judgement
from bot.studio.judging import holds

SURPRISING = 0.05
"""From this probability down a difference counts as more than chance."""
_Reading = Mapping[str, Any]


@dataclass(frozen=True)
class McNemar:
    """On how many messages only the one, and only the other model is right."""

    only_live: int
    only_candidate: int

    @property
    def p(self) -> float:
        """How probable a split as uneven as this one is, or more, between two that are equally good (two-sided)."""
        total = self.only_live + self.only_candidate
        least = min(self.only_live, self.only_candidate)
        tail = sum(comb(total, number) for number in range(least + 1))
        return min(1.0, float(2 * tail / 2**total))

    @property
    def surprising(self) -> bool:
        """Whether it is more than chance."""
        return self.p <= SURPRISING


@dataclass(frozen=True)
class Pages:
    """What two models page for on the same messages, and how many of that are emergencies."""

    both: Ratio
    only_live: Ratio
    only_candidate: Ratio

    @property
    def p(self) -> float:
        """How probable a difference of precision as great as this one is, or greater, between two that are equally
        precise (Kosinski's weighted generalized score statistic, χ² with one degree of freedom).

        A message for which both page is right or wrong for both, which makes the difference of the two less variable
        than if each had its own; without such messages it is the test of two proportions.
        """
        live, candidate = self.both.total + self.only_live.total, self.both.total + self.only_candidate.total
        if not live or not candidate:
            return 1.0
        right = (self.both.hits + self.only_live.hits, self.both.hits + self.only_candidate.hits)
        pooled = sum(right) / (live + candidate)
        shared = self.both.hits * (1 - pooled) ** 2 + (self.both.total - self.both.hits) * pooled**2
        variance = (pooled * (1 - pooled) - 2 * shared / (live + candidate)) * (1 / live + 1 / candidate)
        difference = right[0] / live - right[1] / candidate
        return erfc(sqrt(difference**2 / variance / 2)) if difference and variance > 0 else 1.0

    @property
    def surprising(self) -> bool:
        """Whether it is more than chance."""
        return self.p <= SURPRISING


@dataclass(frozen=True)
class Side:
    """How one of the two reads."""

    model: str
    recall: Ratio
    precision: Ratio
    macro_f1: float
    fine: Ratio
    topic: Ratio
    calibration_error: float
    reliability: tuple[tuple[float, float, int], ...]
    """Mean confidence, share of right ones, messages, for each tenth of confidence that occurs."""
    confusion: tuple[tuple[int, ...], ...]
    """Messages by wanted label (row) and given label (column), in the order of LABELS."""
    median_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Change:
    """F1 of an intent with one and with the other; `messages` of it are in the set."""

    intent: str
    live: float
    candidate: float
    messages: int

    @property
    def by(self) -> float:
        """How much better the candidate is."""
        return self.candidate - self.live


@dataclass(frozen=True)
class Difference:
    """A message that the candidate reads otherwise."""

    id: str
    live: str
    candidate: str
    wanted: str | None

    @property
    def weight(self) -> int:
        """How much it matters, least first: a page gained or lost, then another label, then another kind."""
        pages = {label_of(self.live) == URGENT, label_of(self.candidate) == URGENT}
        if len(pages) == 2:
            return 0 if label_of(self.live) == URGENT else 1  # a page lost before one gained
        return 2 if label_of(self.live) != label_of(self.candidate) else 3

    @property
    def gravest(self) -> int:
        """Rank of the graver of its two labels."""
        return min(gravity(label_of(self.live)), gravity(label_of(self.candidate)))


@dataclass(frozen=True)
class Comparison:
    """Live and candidate on the messages that both have read."""

    messages: int
    live: Side
    candidate: Side
    paged: McNemar
    """On the emergencies: paged or not."""
    pages: Pages
    """On what either of them pages for."""
    label: McNemar
    """On all messages: the right label."""
    intents: tuple[Change, ...]
    """Every intent of the set, by name."""
    differences: tuple[Difference, ...]
    """What the candidate reads otherwise, the weightiest first."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """The intents whose F1 is another, the greatest change first."""
        return tuple(sorted((one for one in self.intents if one.by), key=lambda one: (-abs(one.by), one.intent)))

    @property
    def confusion_difference(self) -> tuple[tuple[int, ...], ...]:
        """The candidate's confusion less the live one's."""
        rows = zip(self.candidate.confusion, self.live.confusion, strict=True)
        return tuple(tuple(a - b for a, b in zip(mine, other, strict=True)) for mine, other in rows)


def compare(live: Judgement, candidate: Judgement) -> Comparison:
    """Compare two judgements of the same set; what only one of the two has read does not count."""
    pairs = in_common(live, candidate)
    known = [(a, b) for a, b in pairs if b.get("wanted")]
    ours, theirs = [a for a, _ in known], [b for _, b in known]
    emergencies = [(a, b) for a, b in known if label_of(b["wanted"]) == URGENT]
    return Comparison(
        messages=len(pairs),
        live=side(live.model, ours),
        candidate=side(candidate.model, theirs),
        paged=_mcnemar(emergencies, lambda reading: bool(reading["urgent"])),
        pages=_pages(known),
        label=_mcnemar(known, lambda reading: bool(reading["label"] == label_of(reading["wanted"]))),
        intents=_intents(ours, theirs),
        differences=_differences(pairs),
    )


def in_common(live: Judgement, candidate: Judgement) -> list[tuple[_Reading, _Reading]]:
    """The readings of the messages that both have read, and of which the same is wanted, in the candidate's order."""
    mine = {reading["id"]: reading for reading in live.readings}
    both = ((mine.get(reading["id"]), reading) for reading in candidate.readings)
    return [(a, b) for a, b in both if a is not None and a.get("wanted") == b.get("wanted")]


def side(model: str, readings: Sequence[_Reading]) -> Side:
    """How a model read messages of which the right reading is known."""
    pairs = [(label_of(reading["wanted"]), str(reading["label"])) for reading in readings]
    read = [reading for reading in readings if reading["probabilities"]]
    error, bins = calibration([(reading["probabilities"], label_of(reading["wanted"])) for reading in read])
    enquiries = [reading for reading in readings if label_of(reading["wanted"]) == "enquiry"]
    times = sorted(float(reading["milliseconds"]) for reading in readings)
    count = Counter(pairs)
    return Side(
        model=model,
        recall=urgent_recall(pairs),
        precision=page_precision(pairs),
        macro_f1=macro_f1(pairs),
        fine=_fine(readings),
        topic=_fine(enquiries),
        calibration_error=error,
        reliability=tuple(bins),
        confusion=tuple(tuple(count[wanted, given] for given in LABELS) for wanted in LABELS),
        median_ms=statistics.median(times) if times else float("nan"),
        p99_ms=times[min(int(len(times) * 0.99), len(times) - 1)] if times else float("nan"),
    )


def lost_and_won(live: Judgement, candidate: Judgement) -> tuple[list[str], list[str]]:
    """Of two judgements of the regression set: what only the live one gets right, and what only the candidate does."""
    pairs = in_common(live, candidate)
    lost = [b["id"] for a, b in pairs if holds(a) and not holds(b)]
    won = [b["id"] for a, b in pairs if not holds(a) and holds(b)]
    return lost, won


def _fine(readings: Sequence[_Reading]) -> Ratio:
    return Ratio(sum(reading["intent"] == reading["wanted"] for reading in readings), len(readings))


def _mcnemar(pairs: Iterable[tuple[_Reading, _Reading]], right: Callable[[_Reading], bool]) -> McNemar:
    outcomes = Counter((right(a), right(b)) for a, b in pairs)
    return McNemar(only_live=outcomes[True, False], only_candidate=outcomes[False, True])


def _pages(pairs: Iterable[tuple[_Reading, _Reading]]) -> Pages:
    count = Counter((bool(a["urgent"]), bool(b["urgent"]), label_of(b["wanted"]) == URGENT) for a, b in pairs)

    def of(live: bool, candidate: bool) -> Ratio:
        right = count[live, candidate, True]
        return Ratio(right, right + count[live, candidate, False])

    return Pages(both=of(True, True), only_live=of(True, False), only_candidate=of(False, True))


def _f1_by_intent(readings: Sequence[_Reading]) -> dict[str, float]:
    hits: Counter[str] = Counter()
    occurs: defaultdict[str, int] = defaultdict(int)
    for reading in readings:
        occurs[reading["wanted"]] += 1
        occurs[reading["intent"]] += 1
        hits[reading["wanted"]] += reading["wanted"] == reading["intent"]
    return {intent: 2 * hits[intent] / number for intent, number in sorted(occurs.items())}


def _intents(live: Sequence[_Reading], candidate: Sequence[_Reading]) -> tuple[Change, ...]:
    before, after = _f1_by_intent(live), _f1_by_intent(candidate)
    messages = Counter(reading["wanted"] for reading in candidate)
    return tuple(Change(one, before.get(one, 0.0), after.get(one, 0.0), messages[one]) for one in sorted(messages))


def _differences(pairs: Sequence[tuple[_Reading, _Reading]]) -> tuple[Difference, ...]:
    found = [
        Difference(str(b["id"]), str(a["intent"]), str(b["intent"]), b.get("wanted"))
        for a, b in pairs
        if a["intent"] != b["intent"]
    ]
    return tuple(
        sorted(found, key=lambda one: (one.weight, min(gravity(label_of(one.live)), gravity(label_of(one.candidate)))))
    )
