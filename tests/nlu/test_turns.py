"""What a further message of an alarm means, compared among the turns that can come in it."""

import pytest

from bot.nlu.turns import Turn, likeliest

READ = (Turn("found", 0.5), Turn("over", 0.3), Turn("detail", 0.1))


def test_that_only_possible_turns_are_compared() -> None:
    best = likeliest(READ, {"over", "detail"})
    assert best is not None
    assert (best.name, best.confidence) == ("over", pytest.approx(0.75))


def test_that_there_is_no_turn_where_none_is_possible() -> None:
    assert likeliest(READ, {"burn"}) is None
    assert likeliest((), {"over"}) is None


def test_that_a_turn_travels_as_json() -> None:
    assert Turn.from_json(READ[0].to_json()) == READ[0]
