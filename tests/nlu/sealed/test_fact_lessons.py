"""What the encoder of facts is taught, and what it has learnt."""

import numpy as np
import pytest

pytest.importorskip("rasa")

from bot.nlu import following, knowledge
from bot.nlu.dataset import NO_TOPIC, Dataset
from bot.nlu.e5.adapter import kept_apart
from bot.nlu.embedding import meaning_of
from bot.nlu.fact_lessons import ANY_FACT, NO_FACT, Teaching, teaching
from bot.nlu.normaliser import Normaliser
from bot.nlu.project import NLU_DATA

normal = Normaliser(NLU_DATA / "typos.tsv").content
KNOWN = knowledge.load(NLU_DATA / "answers")


@pytest.fixture(scope="module")
def taught() -> Teaching:
    return teaching(NLU_DATA)


def test_that_no_message_kept_apart_and_no_test_message_is_taught(taught: Teaching) -> None:
    dataset = Dataset(NLU_DATA)
    told = {one.text for one in taught.asked if not one.behind}
    assert told
    assert not any(map(kept_apart, told))
    assert not told & {normal(message.text) for message in dataset.test}


def test_that_a_message_is_taught_with_the_fact_that_answers_it(taught: Teaching) -> None:
    topics = list(KNOWN.topics.values())
    known = [one for one in taught.asked if one.fact not in (NO_FACT, ANY_FACT)]
    assert known
    assert all(taught.facts[one.fact][0] == one.topic for one in known)
    assert taught.facts[known[0].fact][1].startswith(topics[known[0].topic].title)


def test_that_what_nothing_answers_is_taught_as_such(taught: Teaching) -> None:
    unanswered = [one for one in Dataset(NLU_DATA).facts_asked if one.aspect == NO_TOPIC]
    assert unanswered
    assert sum(one.fact == NO_FACT for one in taught.asked) > 0


def test_that_messages_kept_apart_are_put_beside_the_fact_that_answers_them() -> None:
    """By the product of meanings alone; a topic has six facts."""
    unseen = [one for one in Dataset(NLU_DATA).facts_asked if kept_apart(normal(one.text)) and one.aspect != NO_TOPIC]

    def right(text: str, topic: knowledge.Topic, aspect: str, *, behind: bool) -> bool:
        asked = meaning_of(normal(following.behind(topic, topic.title, text) if behind else text))
        near = {name: asked @ meaning_of(topic.compared(name)) for name in (knowledge.SHORT, *topic.aspects)}
        return max(near, key=lambda name: float(near[name])) == aspect

    found = [right(one.text, KNOWN.topics[one.intent], one.aspect, behind=one.behind) for one in unseen[::12]]
    assert np.mean(found) > 0.7
