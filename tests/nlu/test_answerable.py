"""Which answers behind a question are worth giving."""

from dataclasses import replace

from bot.nlu.answerable import WORTH_SAYING, Sight, likelihood

PLAIN = Sight(topic=0.9, same=True, answered=4.0, fact=0.95)


def test_that_a_plain_answer_is_worth_giving() -> None:
    assert likelihood(PLAIN) > WORTH_SAYING


def test_that_what_no_fact_of_the_topic_answers_is_not_worth_answering() -> None:
    assert likelihood(replace(PLAIN, answered=-6.0, fact=0.6)) < WORTH_SAYING


def test_that_a_topic_that_was_hardly_meant_is_not_worth_answering_from() -> None:
    assert likelihood(replace(PLAIN, topic=0.2)) < WORTH_SAYING


def test_that_one_of_several_facts_alike_is_less_worth_than_the_only_one() -> None:
    assert likelihood(replace(PLAIN, fact=0.3)) < likelihood(PLAIN)
