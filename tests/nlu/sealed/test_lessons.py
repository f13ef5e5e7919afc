"""What the encoder is taught, and what is kept from it."""

import pytest

pytest.importorskip("rasa")

from bot.nlu.dataset import NO_TOPIC, Dataset
from bot.nlu.e5.adapter import kept_apart
from bot.nlu.lessons import Lesson, lessons
from bot.nlu.normaliser import Normaliser
from bot.nlu.project import NLU_DATA


@pytest.fixture(scope="module")
def taught() -> list[Lesson]:
    return lessons(NLU_DATA)


@pytest.fixture(scope="module")
def normal() -> Normaliser:
    return Normaliser(NLU_DATA / "typos.tsv")


def test_that_no_message_kept_apart_is_taught(taught: list[Lesson]) -> None:
    told = [lesson.text for lesson in taught if lesson.subject != "questions"]
    assert told
    assert not any(map(kept_apart, told))


def test_that_the_test_messages_are_not_taught(taught: list[Lesson], normal: Normaliser) -> None:
    asked = {normal.content(message.text) for message in Dataset(NLU_DATA).test}
    assert not asked & {lesson.text for lesson in taught}


def test_that_what_comes_behind_a_question_is_taught_behind_one(taught: list[Lesson], normal: Normaliser) -> None:
    """And by its own words it is told whether it is kept apart."""
    unanswered = [one for one in Dataset(NLU_DATA).follow_ups if one.intent == NO_TOPIC]
    shown = [one for one in unanswered if not kept_apart(normal.content(one.text))]
    told = [lesson.text for lesson in taught if lesson.subject == "questions" and lesson.answer == NO_TOPIC]
    assert 0 < len(shown) < len(unanswered)
    assert len(told) == len(shown)
    assert all("," in text for text in told), "topic, question, message"
