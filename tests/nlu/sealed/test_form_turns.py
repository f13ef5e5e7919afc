"""What the trained model takes messages for while a form is filled in; others wrote them than its examples."""

from __future__ import annotations

import pytest

pytest.importorskip("rasa")

from bot.nlu.live_file import examples
from bot.nlu.turn_machine import FORM_TURNS_FILE
from bot.nlu.turns import FORM_TURNS, SURE, WISH_TURN
from tests.nlu.sealed.blind_turns import Reading, messages, readings, turns_of, wrong_share

OWN = "form_turns.yml"


@pytest.fixture(scope="module")
def found() -> list[Reading]:
    return readings(OWN, FORM_TURNS)


def test_that_most_messages_are_taken_for_what_they_are(found: list[Reading]) -> None:
    assert wrong_share(found) <= 0.15, [one for one in found if not one.right]


def test_that_what_the_model_is_sure_of_is_hardly_ever_wrong(found: list[Reading]) -> None:
    sure = [one for one in found if one.sure]
    assert len(sure) >= 0.65 * len(found)
    assert wrong_share(sure) <= 0.05, [one for one in sure if not one.right]


def test_that_a_question_about_an_application_begins_none() -> None:
    asked = ("办狗证要啥手续", "居住证签注需要什么材料", "犬证可以网上办理吗", "给狗上户口多少钱")
    turns = turns_of(asked, FORM_TURNS)
    assert [turn.name for turn in turns if turn.name == WISH_TURN and turn.confidence >= SURE] == []


def test_that_no_test_message_is_an_example() -> None:
    taught = {text for texts in examples(FORM_TURNS_FILE).values() for text in texts}
    assert taught.isdisjoint(text for texts in messages(OWN).values() for text in texts)
    assert set(messages(OWN)) == set(examples(FORM_TURNS_FILE))
