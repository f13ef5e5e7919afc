"""Which topic a message asks about, learnt from questions by topic."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.nlu import knowledge
from bot.nlu.embedding import Encoder
from bot.nlu.live_file import TrainersFileError
from bot.nlu.topic_machine import TopicMachine, likelihoods, questions

BASE = knowledge.load()
INTENT, NEIGHBOUR = "enquiry/household_death", "enquiry/household_book_lost"
TOPICS = [topic for topic in BASE.topics.values() if topic.intent in (INTENT, NEIGHBOUR)]
ASKED = {topic.id: questions()[topic.id] for topic in TOPICS}
ENCODER = Encoder()


@pytest.fixture(scope="module")
def machine() -> TopicMachine:
    return TopicMachine.fit(TOPICS, ASKED, ENCODER.encode)


def likeliest(machine: TopicMachine, text: str) -> str:
    fits = machine.fits(text, ENCODER.of(text))[INTENT]
    return max(fits, key=lambda topic: fits[topic])


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("外甥给舅舅注销户籍可以吗", "household_death_who"),
        ("爷爷不在了，本子头一页改成谁的名", "household_death_head"),
        ("遗体还在殡仪馆，先注销还是等烧了再说", "household_death_when"),
    ],
)
def test_that_a_question_in_other_words_leads_to_its_topic(machine: TopicMachine, text: str, topic: str) -> None:
    assert likeliest(machine, text) == topic


def test_that_a_topic_without_questions_is_known_by_its_title_and_its_answer() -> None:
    asked = {topic: texts for topic, texts in ASKED.items() if topic != "household_death_when"}
    machine = TopicMachine.fit(TOPICS, asked, ENCODER.encode)
    assert likeliest(machine, "火化前销还是火化后销") == "household_death_when"


def test_that_questions_of_a_topic_that_is_gone_are_left_out() -> None:
    machine = TopicMachine.fit(TOPICS, {**ASKED, "gone": ["没有这个主题"]}, ENCODER.encode)
    fits = machine.fits("销户", ENCODER.of("销户"))
    assert {topic for of_intent in fits.values() for topic in of_intent} == {topic.id for topic in TOPICS}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("老太太没了，本子在她手里丢的，先补本还是直接给她注销", INTENT),
        ("搬家把户口簿整丢了，户主去世了，补的时候写谁", NEIGHBOUR),
    ],
)
def test_that_questions_tell_the_intent_where_the_classifier_hesitates(
    machine: TopicMachine, text: str, intent: str
) -> None:
    shares = {INTENT: 0.5, NEIGHBOUR: 0.5}
    likely = likelihoods(shares, machine.fits(text, ENCODER.of(text)))
    assert max(likely, key=lambda name: likely[name]) == intent


def test_that_an_intent_without_topics_keeps_its_likelihood(machine: TopicMachine) -> None:
    shares = {"enquiry/follow_up": 0.6, INTENT: 0.3, NEIGHBOUR: 0.1}
    likely = likelihoods(shares, machine.fits("销户带啥", ENCODER.of("销户带啥")))
    assert likely["enquiry/follow_up"] == 0.6
    assert sum(likely.values()) == pytest.approx(1)
    assert likely[INTENT] > 0.39
    assert likelihoods({"enquiry/follow_up": 1.0}, {}) == {"enquiry/follow_up": 1.0}


def test_that_an_intent_which_the_classifier_rules_out_stays_possible(machine: TopicMachine) -> None:
    text = "外甥给舅舅注销户籍可以吗"
    likely = likelihoods({INTENT: 0.0, NEIGHBOUR: 1.0}, machine.fits(text, ENCODER.of(text)))
    assert likely[INTENT] > 0.01


def test_that_a_machine_is_read_back_as_it_was_saved(machine: TopicMachine, tmp_path: Path) -> None:
    machine.save(tmp_path)
    text = "我爸走了我和我姐谁去销户都成吗"
    both = (machine, TopicMachine.load(tmp_path))
    was, now = (which.fits(text, ENCODER.of(text)) for which in both)
    for intent, fits in was.items():
        assert now[intent] == pytest.approx(fits, abs=0.05)


def test_that_a_topic_with_no_question_under_its_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "wifi.yml").write_text("wifi: []\n", encoding="utf-8")
    with pytest.raises(TrainersFileError, match="wifi"):
        questions(tmp_path)


def test_that_topics_are_known_by_their_answers_where_nobody_has_written_questions() -> None:
    machine = TopicMachine.fit(TOPICS, {}, ENCODER.encode)
    assert likeliest(machine, "火化前销还是火化后销") == "household_death_when"
