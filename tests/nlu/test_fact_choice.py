"""Which facts of a topic answer a question, by what is heard, named, near and shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
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


def test_that_a_question_for_the_matter_itself_gets_the_short_answer() -> None:
    assert likeliest("这可咋好", heard="whole") == "short"


def test_that_a_fact_whose_meaning_is_near_is_likelier() -> None:
    def embed(text: str) -> NDArray[np.float32]:
        about_agents = text in (TOPIC.fact("agent").text[:160], "俺家那口子跑一趟算数不")
        return np.array([1, 0] if about_agents else [0, 1], dtype=np.float32)

    assert likeliest("俺家那口子跑一趟算数不", choice=FactChoice(BASE, embed)) == "agent"


def test_that_the_likelihoods_are_of_all_facts_of_the_topic() -> None:
    found = FactChoice(BASE).likeliest(TOPIC, "补一个多少钱", WORDS.read("补一个多少钱"))
    assert {fact.aspect for fact in found} == {"short", *TOPIC.aspects}
    assert abs(sum(fact.likelihood for fact in found) - 1) < 1e-9
    assert found == sorted(found, key=lambda fact: -fact.likelihood)
