"""Whether a further message of a calm matter is an emergency: by itself and behind what was told."""

from bot.nlu.turning_point import danger


def test_that_both_readings_count_and_the_message_itself_the_most() -> None:
    assert danger(0.6, 0.6) < danger(0.9, 0.6)
    assert danger(0.6, 0.6) < danger(0.6, 0.9)
    assert danger(0.9, 0.1) > danger(0.1, 0.9)


def test_that_calm_words_before_it_hide_no_plain_danger_however_many_they_are() -> None:
    assert danger(0.98, 0.0001) == danger(0.98, 0.01)
    assert danger(0.98, 0.0001) > 0.08 > danger(0.5, 0.0001)
