"""Texts that share words with a question."""

from bot.nlu.overlap import Overlap

TEXTS = {
    "fee": "补一张要交工本费四十块",
    "place": "到户口所在的派出所去补",
    "bedridden": "卧床的老人发转人工问能不能上门",
}
FOUND = Overlap(TEXTS)


def test_that_the_text_that_shares_rare_words_is_found() -> None:
    scores = FOUND.scores("老人起不来床，能上门给办吗", TEXTS)
    assert max(scores, key=lambda key: scores[key]) == "bedridden"


def test_that_what_is_told_already_finds_nothing_again() -> None:
    assert FOUND.scores("要交工本费吗", ["fee"], told=TEXTS["fee"])["fee"] == 0
    assert FOUND.scores("要交工本费吗", ["fee"])["fee"] > 0


def test_that_a_question_that_shares_nothing_finds_nothing() -> None:
    assert set(FOUND.scores("hello", TEXTS).values()) == {0}
