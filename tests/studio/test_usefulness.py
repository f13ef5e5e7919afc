"""The inbox shows first what a label teaches most about."""

from dataclasses import replace

import pytest

from bot.studio.usefulness import Thought, scarcity, usefulness

EXAMPLES = {"tip/drugs": 8, "enquiry/residence": 40, "urgent_alarm/fire": 400}
UNSURE = Thought({"tip": 0.5, "enquiry": 0.5}, (("tip/drugs", 0.5), ("enquiry/residence", 0.5)), 0.4)


def test_that_a_close_race_teaches_more_than_a_sure_thing() -> None:
    sure = replace(UNSURE, labels={"tip": 0.98, "enquiry": 0.02}, ranked=(("tip/drugs", 0.98), ("tip/theft", 0.02)))
    assert 1 >= usefulness(UNSURE, {}) > usefulness(sure, {}) >= 0


def test_that_a_wording_far_from_all_examples_teaches_more() -> None:
    assert usefulness(replace(UNSURE, nearest=0.1), {}) > usefulness(replace(UNSURE, nearest=0.9), {})


def test_that_a_doubt_about_what_has_few_examples_teaches_more() -> None:
    often = replace(UNSURE, ranked=(("urgent_alarm/fire", 0.5), ("enquiry/residence", 0.5)))
    assert usefulness(UNSURE, EXAMPLES) > usefulness(often, EXAMPLES)


@pytest.mark.parametrize(
    ("intent", "scarce"), [("tip/new", 1), ("enquiry/residence", 1 / 2), ("urgent_alarm/fire", 1 / 11)]
)
def test_that_scarcity_goes_by_the_middle_intent(intent: str, scarce: float) -> None:
    assert scarcity([(intent, 0.3)], EXAMPLES) == pytest.approx(scarce)


def test_that_nothing_is_scarce_where_nothing_is_known_of_the_examples() -> None:
    assert scarcity([("tip/drugs", 0.4)], {}) == scarcity([], EXAMPLES) == 1
