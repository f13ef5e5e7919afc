"""What the trained model takes messages for while a form is filled in, on messages that others wrote than its examples.

FUJIN_TEST_MODEL names the model (`make test` sets it).
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rasa")

from bot.nlu.channel import _reader
from bot.nlu.turn_machine import FORM_TURNS_FILE, examples
from bot.nlu.turns import FORM_TURNS, SURE, WISH_TURN, Turn, turns_in
from tests.nlu.sealed.test_robustness import agent

MESSAGES = {
    turn: tuple(map(str, texts))
    for turn, texts in yaml.safe_load(Path(__file__).with_name("form_turns.yml").read_text(encoding="utf-8")).items()
}


def turns_of(texts: tuple[str, ...]) -> list[Turn]:
    """The likeliest turn of each text."""

    async def read() -> list[Turn]:
        reader = _reader(agent())
        parsed = await asyncio.gather(*(reader.parse(text) for text in texts))
        return [turns_in(one, FORM_TURNS)[0] for one in parsed]

    return asyncio.run(read())


@lru_cache(maxsize=1)
def judged() -> list[tuple[str, Turn, str]]:
    """(text, what the model takes it for, what it is)."""
    pairs = [(text, turn) for turn, texts in MESSAGES.items() for text in texts]
    found = turns_of(tuple(text for text, _ in pairs))
    return [(text, turn, meant) for (text, meant), turn in zip(pairs, found, strict=True)]


def test_that_most_messages_are_taken_for_what_they_are() -> None:
    wrong = [(text, turn.name, meant) for text, turn, meant in judged() if turn.name != meant]
    assert len(wrong) <= 0.15 * len(judged()), wrong


def test_that_what_the_model_is_sure_of_is_hardly_ever_wrong() -> None:
    sure = [(text, turn, meant) for text, turn, meant in judged() if turn.confidence >= SURE]
    wrong = [(text, turn.name, meant) for text, turn, meant in sure if turn.name != meant]
    assert len(sure) >= 0.65 * len(judged())
    assert len(wrong) <= 0.05 * len(sure), wrong


def test_that_a_question_about_an_application_begins_none() -> None:
    asked = ("办狗证要啥手续", "居住证签注需要什么材料", "犬证可以网上办理吗", "给狗上户口多少钱")
    assert [turn.name for turn in turns_of(asked) if turn.name == WISH_TURN and turn.confidence >= SURE] == []


def test_that_no_test_message_is_an_example() -> None:
    taught = {text for texts in examples(FORM_TURNS_FILE).values() for text in texts}
    assert taught.isdisjoint(text for texts in MESSAGES.values() for text in texts)
    assert set(MESSAGES) == set(examples(FORM_TURNS_FILE))
