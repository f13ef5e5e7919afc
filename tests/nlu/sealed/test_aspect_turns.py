"""Which aspect of its matter the trained model hears asked for, on messages that others wrote than its examples."""

from __future__ import annotations

import pytest

pytest.importorskip("rasa")

from bot.nlu.knowledge import ASPECTS
from bot.nlu.live_file import examples
from bot.nlu.turn_machine import ASPECT_TURNS_FILE
from bot.nlu.turns import ASPECT_TURNS
from bot.nlu.wording import NOTHING, PLAIN, WHOLE
from tests.nlu.sealed.blind_turns import Reading, messages, readings, wrong_share

OWN = "aspect_turns.yml"


@pytest.fixture(scope="module")
def found() -> list[Reading]:
    return readings(OWN, ASPECT_TURNS)


def test_that_most_messages_are_taken_for_what_they_ask(found: list[Reading]) -> None:
    assert wrong_share(found) <= 0.15, [one for one in found if not one.right]


def test_that_what_the_model_is_sure_of_is_seldom_wrong(found: list[Reading]) -> None:
    sure = [one for one in found if one.sure]
    assert len(sure) >= 0.7 * len(found)
    assert wrong_share(sure) <= 0.08, [one for one in sure if not one.right]


def test_that_every_aspect_has_examples_and_no_test_message_is_one() -> None:
    taught = examples(ASPECT_TURNS_FILE)
    assert set(taught) == {PLAIN, *ASPECTS, WHOLE, NOTHING} == set(messages(OWN))
    assert {text for texts in taught.values() for text in texts}.isdisjoint(
        text for texts in messages(OWN).values() for text in texts
    )
