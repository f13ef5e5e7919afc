"""How an answer is put into words."""

from __future__ import annotations

from bot.nlu import knowledge, wording
from bot.nlu.question import HEARD, SUPPOSED, UNSURE, Question
from bot.nlu.telling import answer, english_answer
from bot.nlu.wording import HUMAN

BASE, WORDS = knowledge.load(), wording.load()


def test_that_a_second_fact_does_not_say_again_what_the_first_one_said() -> None:
    text = answer(Question(("idcard_renew",), ("short", "time")), BASE, WORDS)["text"]
    assert text.count("46岁起长期") == 1
    assert "60日内" in text


def test_that_a_fact_that_says_nothing_new_is_left_out_with_its_source() -> None:
    text = answer(Question(("station_address",), ("short", "place")), BASE, WORDS)["text"]
    assert text.count("大东门派出所") == 1
    assert text.count("核对") == 1


def test_that_numbered_steps_are_told_from_the_first_one_on() -> None:
    for topic in BASE.topics.values():
        for aspect, fact in topic.aspects.items():
            if "①" in fact.text:
                text = answer(Question((topic.id,), ("short", aspect)), BASE, WORDS)["text"]
                assert "②" not in text or "①" in text, topic.id


def test_that_what_asks_nothing_is_heard_without_telling_the_last_answer_again() -> None:
    told = answer(Question(("household_death",), (HEARD,)), BASE, WORDS)
    assert "知道了" in told["text"]
    assert "销户" not in told["text"]
    assert told["buttons"]


def test_that_what_was_perhaps_asked_is_told_by_its_name_beside_what_else_it_may_be() -> None:
    told = answer(Question(("idcard_lost",), (SUPPOSED, "fee"), ("临时身份证",)), BASE, WORDS)
    assert told["text"].startswith("您问的是不是“身份证丢了补办：多少钱”？")
    assert BASE.topics["idcard_lost"].aspects["fee"].told() in told["text"]
    assert [button["title"] for button in told["buttons"]] == [HUMAN, "临时身份证"]


def test_that_english_that_was_told_is_told_again_only_as_far_as_it_answers() -> None:
    asked = Question(("rental_registration_foreigner",), ("materials",))
    whole = BASE.english(BASE.topics["rental_registration_foreigner"])
    first = english_answer(asked, BASE, WORDS)["text"]
    assert whole in first
    again = english_answer(asked, BASE, WORDS, first)["text"]
    assert "Bring passport" in again
    assert whole not in again
    late = Question(("rental_registration_foreigner",), ("time",))
    assert "Late? Come anyway." in english_answer(late, BASE, WORDS, first)["text"], "no sentence is cut"
    unsure = Question(("rental_registration_foreigner",), (UNSURE,))
    assert whole in english_answer(unsure, BASE, WORDS, first)["text"], "what is certain is told whole"
