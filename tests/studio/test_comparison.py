"""Two models side by side."""

from math import erfc, sqrt
from typing import Any

import pytest

from bot.nlu.evaluation import Ratio
from bot.nlu.triage import LABELS
from bot.store.models import Judgement
from bot.studio.comparison import Comparison, McNemar, Pages, compare, lost_and_won

FIRE, NOISE, WIFI, THANKS = "urgent_alarm/fire", "help_request/noise", "enquiry/wifi", "other/thanks"


def reading(number: int, wanted: str | None, given: str, **more: Any) -> dict[str, Any]:
    label = given.partition("/")[0]
    shares = {name: 0.9 if name == label else 0.025 for name in LABELS}
    return {
        "id": str(number),
        "wanted": wanted,
        "label": label,
        "intent": given,
        "urgent": label == "urgent_alarm",
        "probabilities": shares,
        "milliseconds": 10.0,
    } | more


def judged(model: str, *pairs: tuple[str | None, str], of: str = "test") -> Judgement:
    readings = [reading(number, wanted, given) for number, (wanted, given) in enumerate(pairs)]
    return Judgement(model=model, of=of, readings=readings)


def both(live: list[tuple[str | None, str]], candidate: list[tuple[str | None, str]]) -> Comparison:
    return compare(judged("live", *live), judged("candidate", *candidate))


@pytest.mark.parametrize(
    ("one", "other", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 22 / 1024), (0, 6, 1 / 32)]
)
def test_that_the_test_is_the_exact_binomial_one(one: int, other: int, p: float) -> None:
    assert McNemar(one, other).p == pytest.approx(p)
    assert McNemar(other, one).p == pytest.approx(p)


@pytest.mark.parametrize(
    ("pages", "p"),
    [
        # Nothing in common: the test of two proportions. 8 of 10 and 5 of 10: z² = 0.3² / (0.65 · 0.35 · 0.2).
        (Pages(Ratio(0, 0), Ratio(8, 10), Ratio(5, 10)), erfc(sqrt(0.09 / 0.0455 / 2))),
        # 90 pages in common, all right, and 10 false ones of one alone; 18 of 19 are right. The variance, message by
        # message: 90 of (1/19)² · (1/100 - 1/90)², beside it what each varies by itself.
        (
            Pages(Ratio(90, 90), Ratio(0, 10), Ratio(0, 0)),
            erfc(sqrt(0.01 / (18 / 361 * (1 / 100 + 1 / 90) - 2 * 90 / 361 / 9000) / 2)),
        ),
        (Pages(Ratio(5, 7), Ratio(0, 0), Ratio(0, 0)), 1.0),
        (Pages(Ratio(0, 0), Ratio(3, 3), Ratio(0, 0)), 1.0),
    ],
)
def test_that_precisions_are_compared_on_the_pages_of_both(pages: Pages, p: float) -> None:
    assert pages.p == pytest.approx(p, rel=1e-3)
    assert Pages(pages.both, pages.only_candidate, pages.only_live).p == pytest.approx(p, rel=1e-3)


def test_that_recall_and_precision_stand_side_by_side_with_what_only_one_got_right() -> None:
    found = both(
        [(FIRE, FIRE), (FIRE, FIRE), (NOISE, NOISE), (THANKS, FIRE)],
        [(FIRE, FIRE), (FIRE, NOISE), (NOISE, NOISE), (THANKS, THANKS)],
    )
    assert (found.live.recall.hits, found.candidate.recall.hits, found.candidate.recall.total) == (2, 1, 2)
    assert (found.live.precision.total, found.candidate.precision.total) == (3, 1)
    assert (found.paged.only_live, found.paged.only_candidate) == (1, 0)
    assert (found.pages.both, found.pages.only_live, found.pages.only_candidate) == (
        Ratio(1, 1),
        Ratio(1, 2),
        Ratio(0, 0),
    )
    assert found.label.p == 1.0


def test_that_confusions_and_their_difference_are_counted() -> None:
    found = both([(NOISE, NOISE), (NOISE, WIFI)], [(NOISE, NOISE), (NOISE, NOISE)])
    help_request, enquiry = LABELS.index("help_request"), LABELS.index("enquiry")
    assert found.live.confusion[help_request][enquiry] == 1
    assert found.confusion_difference[help_request][enquiry] == -1
    assert found.confusion_difference[help_request][help_request] == 1


def test_that_intents_are_listed_by_how_much_they_changed() -> None:
    found = both(
        [(WIFI, WIFI), (NOISE, WIFI), (THANKS, THANKS), (FIRE, FIRE)],
        [(WIFI, WIFI), (NOISE, NOISE), (THANKS, THANKS), (FIRE, FIRE)],
    )
    assert [(change.intent, change.messages) for change in found.changes] == [(NOISE, 1), (WIFI, 1)]
    assert found.changes[0].by == 1.0


def test_that_a_lost_page_comes_first_and_another_kind_last() -> None:
    live: list[tuple[str | None, str]] = [(None, WIFI), (None, NOISE), (None, THANKS), (None, FIRE), (None, WIFI)]
    candidate: list[tuple[str | None, str]] = [
        (None, "enquiry/seal"),
        (None, THANKS),
        (None, FIRE),
        (None, NOISE),
        (None, WIFI),
    ]
    found = both(live, candidate)
    assert [difference.id for difference in found.differences] == ["3", "2", "1", "0"]
    assert found.messages == 5
    assert found.live.recall.total == 0


def test_that_only_what_both_have_read_counts() -> None:
    live = judged("live", (FIRE, FIRE), (NOISE, NOISE))
    candidate = judged("candidate", (FIRE, FIRE))
    assert compare(live, candidate).messages == 1


def test_that_what_the_regression_set_loses_and_wins_is_named() -> None:
    live, candidate = (
        Judgement(model=model, of="regression", readings=readings)
        for model, readings in {
            "live": [reading(1, FIRE, FIRE, case="missed"), reading(2, THANKS, FIRE, case="false_page")],
            "candidate": [reading(1, FIRE, NOISE, case="missed"), reading(2, THANKS, NOISE, case="false_page")],
        }.items()
    )
    assert lost_and_won(live, candidate) == (["1"], ["2"])


def test_that_honest_confidence_shows_in_the_reliability() -> None:
    found = both([(FIRE, FIRE)] * 9 + [(FIRE, NOISE)], [(FIRE, FIRE)] * 10)
    assert found.live.calibration_error == pytest.approx(0.0)
    assert found.live.reliability == ((pytest.approx(0.9), pytest.approx(0.9), 10),)
    assert found.candidate.calibration_error == pytest.approx(0.1)
