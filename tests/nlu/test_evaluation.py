"""The figures of the evaluation."""

import math

import pytest

from bot.nlu.dataset import TestMessage
from bot.nlu.evaluation import Answer, Ratio, calibration_error, macro_f1, page_precision, report, urgent_recall
from bot.nlu.triage import LABELS, Triage

PAIRS = [("urgent_alarm", "urgent_alarm"), ("urgent_alarm", "other"), ("other", "urgent_alarm"), ("tip", "tip")]


def test_that_recall_counts_emergencies_and_precision_counts_pages() -> None:
    assert urgent_recall(PAIRS) == Ratio(1, 2)
    assert page_precision(PAIRS) == Ratio(1, 2)


def test_that_macro_f1_is_the_mean_over_labels_that_occur() -> None:
    assert macro_f1(PAIRS) == pytest.approx((0.5 + 1.0 + 0.0) / 3)


def test_that_the_interval_of_all_hits_does_not_reach_certainty() -> None:
    low, high = Ratio(100, 100).interval()
    assert 0.96 < low < 0.97
    assert high == pytest.approx(1.0)
    assert math.isnan(Ratio(0, 0).value)


def answer(label: str, given: str, confidence: float) -> Answer:
    triage = Triage(given, confidence, f"{given}/x")
    rest = (1 - confidence) / (len(LABELS) - 1)
    message = TestMessage("一段话", f"{label}/x", "here:1", id="t1", style="plain")
    return Answer(message, triage, triage, triage, {name: confidence if name == given else rest for name in LABELS}, 1)


def test_that_honest_confidences_have_no_calibration_error() -> None:
    found = [answer("tip", "tip", 0.75)] * 3 + [answer("other", "tip", 0.75)]
    assert calibration_error(found)[0] == pytest.approx(0)


def test_that_the_report_shows_missed_emergencies_as_text() -> None:
    page = report([answer("urgent_alarm", "other", 0.8)], "model")
    assert "## Missed emergencies: 1" in page
    assert "一段话" in page
    assert "## False pages: none" in page
