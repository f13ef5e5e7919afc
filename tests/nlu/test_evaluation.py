"""The figures of the evaluation."""

import math
from dataclasses import replace
from typing import Any

import pytest

from bot.nlu.dataset import TestMessage
from bot.nlu.evaluation import Answer, Figures, Ratio, calibration_error, macro_f1, page_precision, urgent_recall
from bot.nlu.evaluation_report import READERS, Report, markdown_page
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


def page(*found: Answer, **fields: Any) -> str:
    given: dict[str, Any] = {"seeds": {}, "leave_out": 0.1, "stock": None, "stock_note": "", "costs": (5.0, 1.0)}
    return markdown_page(Report("model", found, **given | fields))


def test_that_the_report_shows_missed_emergencies_as_text() -> None:
    text = page(answer("urgent_alarm", "other", 0.8))
    assert "## Missed emergencies: 1" in text
    assert "一段话" in text
    assert "## False pages: none" in text


def test_that_the_report_derives_the_threshold_from_the_costs() -> None:
    assert "P(urgent) = 1 / (5 + 1) = 0.17" in page(answer("tip", "tip", 0.9))


def test_that_the_worst_and_the_median_seed_are_told() -> None:
    seeds = {
        seed: Figures.of([answer("tip", "tip", 0.9)] * right + [answer("tip", "other", 0.9)], READERS["whole"])
        for seed, right in ((1, 1), (2, 3), (3, 4))
    }
    line = next(
        line
        for line in page(answer("tip", "tip", 0.9), seeds=seeds).splitlines()
        if "fine intent" in line and "0.500" in line
    )
    assert line == "| fine intent |  | 0.500 | 0.750 | 0.500 | 0.750 | 0.800 |"


def test_that_the_net_is_measured_by_what_it_adds_and_costs() -> None:
    saved, wolf = answer("urgent_alarm", "other", 0.8), answer("other", "other", 0.8)
    alarm = Triage("urgent_alarm", 0.9, "urgent_alarm/x", source="net")
    text = page(replace(saved, whole=alarm), replace(wolf, whole=alarm))
    assert "raised 2 messages: 1 emergencies that the model had missed, 1 false pages" in text


def test_that_stock_rasa_stands_beside_on_the_same_messages() -> None:
    text = page(answer("urgent_alarm", "urgent_alarm", 0.8), stock=[("urgent_alarm", "other")], stock_note="4 epochs")
    assert "| stock Rasa (jieba, DIET) | 0.000" in text
    assert "4 epochs" in text
