"""What a message would mean further on, as it travels."""

from bot.nlu.turns import Turn, is_surely, turns_in

READ = (Turn("answer", 0.8), Turn("resume", 0.1))


def test_that_a_turn_travels_as_json() -> None:
    assert turns_in({"form_turns": [turn.to_json() for turn in READ]}, "form_turns") == list(READ)
    assert turns_in({}, "form_turns") == []


def test_that_only_the_likeliest_turn_is_sure() -> None:
    assert is_surely(READ, "answer")
    assert not is_surely(READ, "resume")
    assert not is_surely((), "answer")
