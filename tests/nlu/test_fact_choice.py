"""Which facts of a topic answer a question, by what is heard, named, near and shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.nlu import knowledge, wording
from bot.nlu.fact_choice import FactChoice

BASE, WORDS = knowledge.load(), wording.load()
TOPIC = BASE.topics["idcard_lost"]


def likeliest(text: str, *, heard: str = "", choice: FactChoice | None = None) -> str:
    read = WORDS.read(text)
    if heard:
        read = replace(read, likelihoods={heard: 0.95})
    return (choice or FactChoice(BASE)).likeliest(TOPIC, text, read)[0].aspect


def test_that_a_question_in_the_trainers_words_gets_the_fact_of_their_aspect() -> None:
    assert likeliest("补一个多少钱") == "fee"


def test_that_the_model_hears_what_no_word_names() -> None:
    assert likeliest("得掏几个子儿", heard="fee") == "fee"


def near(aspect: str, *texts: str, by: float = 6.0) -> FactChoice:
    """A choice whose meanings put these texts beside this fact."""
    fact = TOPIC.compared(aspect)

    def embed(text: str) -> NDArray[np.float32]:
        return np.array([by**0.5, 0] if text in (fact, *texts) else [0, 1], dtype=np.float32)

    return FactChoice(BASE, embed)


def test_that_a_fact_whose_meaning_is_near_is_likelier() -> None:
    asked = "俺家那口子跑一趟算数不"
    assert likeliest(asked, choice=near("agent", asked)) == "agent"


def test_that_a_question_behind_another_is_compared_as_it_is_read_there() -> None:
    behind = "身份证丢了补办，身份证丢了咋办，俺家那口子跑一趟算数不"
    found = near("agent", behind).likeliest(TOPIC, "俺家那口子跑一趟算数不", WORDS.read("俺家那口子"), behind)
    assert found[0].aspect == "agent"


def test_that_what_is_near_no_fact_is_answered_by_none() -> None:
    asked = "俺家那口子跑一趟算数不"
    some, none = near("agent", asked, by=20), near("agent", "别的", by=20)
    assert (some.answered(TOPIC, asked) or 0) > 0 > (none.answered(TOPIC, asked) or 0)


def test_that_the_likelihoods_are_of_all_facts_of_the_topic() -> None:
    found = FactChoice(BASE).likeliest(TOPIC, "补一个多少钱", WORDS.read("补一个多少钱"))
    assert {fact.aspect for fact in found} == {"short", *TOPIC.aspects}
    assert abs(sum(fact.likelihood for fact in found) - 1) < 1e-9
    assert found == sorted(found, key=lambda fact: -fact.likelihood)


def test_that_the_topic_whose_facts_answer_a_question_goes_before_one_that_is_a_little_likelier() -> None:
    asked, other = "俺家那口子跑一趟算数不", BASE.topics["idcard_renew"]
    found = near("agent", asked, by=20).by_facts([(other, 0.5), (TOPIC, 0.4)], asked)
    assert [topic for topic, _ in found] == [TOPIC, other]
    assert sum(share for _, share in found) == pytest.approx(1)


def test_that_without_meanings_the_topics_stay_as_likely_as_they_are() -> None:
    likely = [(BASE.topics["idcard_renew"], 0.5), (TOPIC, 0.4)]
    assert FactChoice(BASE).by_facts(likely, "多少钱") == likely
