"""Messages that others wrote than the examples of a turn, and what the trained model takes them for.

FUJIN_TEST_MODEL names the model (`make test` sets it).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.nlu.channel import _reader
from bot.nlu.turns import SURE, Turn, turns_in
from tests.nlu.sealed.test_robustness import agent


@dataclass(frozen=True)
class Reading:
    """One message, what it is, and what the model takes it for."""

    text: str
    meant: str
    turn: Turn

    @property
    def right(self) -> bool:
        return self.turn.name == self.meant

    @property
    def sure(self) -> bool:
        return self.turn.confidence >= SURE


def messages(name: str) -> dict[str, tuple[str, ...]]:
    """The messages of a file beside this one, by turn."""
    data = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return {turn: tuple(map(str, texts)) for turn, texts in data.items()}


def turns_of(texts: Sequence[str], told_as: str) -> list[Turn]:
    """The likeliest turn of each text."""

    async def read() -> list[Turn]:
        reader = _reader(agent())
        parsed = await asyncio.gather(*(reader.parse(text) for text in texts))
        return [turns_in(one, told_as)[0] for one in parsed]

    return asyncio.run(read())


def readings(name: str, told_as: str) -> list[Reading]:
    """All messages of a file, read."""
    pairs = [(text, turn) for turn, texts in messages(name).items() for text in texts]
    found = turns_of([text for text, _ in pairs], told_as)
    return [Reading(text, meant, turn) for (text, meant), turn in zip(pairs, found, strict=True)]


def wrong_share(found: Sequence[Reading]) -> float:
    """How many of these are wrong; where a test fails, pytest shows which."""
    return sum(not one.right for one in found) / len(found)
