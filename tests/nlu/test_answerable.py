"""Which answers behind a question are worth giving."""

from bot.nlu.answerable import WORTH_SAYING, Sight, likelihood


def test_that_what_is_asked_for_in_so_many_words_is_worth_telling_and_what_is_only_heard_is_not() -> None:
    named = Sight(topic=0.9, same=True, aspect=0.9, named=True, shared=0)
    heard = Sight(topic=0.9, same=True, aspect=0.9, named=False, shared=0)
    assert likelihood(heard) < WORTH_SAYING < likelihood(named)


def test_that_another_topic_needs_less_than_the_last_one_once_more() -> None:
    other, same = (Sight(topic=0.6, same=same, aspect=0.0, named=False, shared=0) for same in (False, True))
    assert likelihood(other) > likelihood(same)


def test_that_words_shared_with_the_fact_count() -> None:
    without, with_words = (Sight(topic=0.6, same=True, aspect=0.0, named=False, shared=score) for score in (0.0, 80.0))
    assert likelihood(with_words) > likelihood(without)
