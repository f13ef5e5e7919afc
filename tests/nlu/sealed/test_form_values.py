"""Which values the trained model finds in messages to a form; somebody wrote and marked them who had seen none of its
examples."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("rasa")

import yaml

from bot.nlu import forms, marked, value_tagger
from bot.nlu.channel import _reader
from bot.nlu.marked import Marked, Tagged, values_in
from bot.nlu.turns import SURE
from bot.nlu.value_tagger import ValueTagger
from bot.nlu.values import spelled_out
from tests.nlu.sealed.test_robustness import agent

BLIND = Path(__file__).with_name("form_values.yml")


@dataclass(frozen=True)
class Reading:
    """One message with the values that stand in it, and those that were found."""

    message: Marked
    found: tuple[Tagged, ...]

    @property
    def wanted(self) -> set[tuple[str, str]]:
        return {(name, figures(self.message.text[start:end])) for start, end, name in self.message.spans}

    def given(self, at: float = 0.0) -> set[tuple[str, str]]:
        return {(one.field, figures(one.text)) for one in self.found if one.confidence >= at}


def figures(value: str) -> str:
    """A value as a message is read: dictated numbers in figures."""
    return "".join(spelled_out(value).split())


def blind() -> Iterator[Marked]:
    content = yaml.safe_load(BLIND.read_text(encoding="utf-8"))
    yield from (Marked.of(text) for asked in content.values() for texts in asked.values() for text in texts)


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    async def read() -> list[Reading]:
        reader, messages = _reader(agent()), list(blind())
        parsed = await asyncio.gather(*(reader.parse(one.text) for one in messages))
        return [Reading(one, tuple(values_in(data))) for one, data in zip(messages, parsed, strict=True)]

    return asyncio.run(read())


def test_that_most_values_are_found_and_few_others(readings: list[Reading]) -> None:
    right = sum(len(one.wanted & one.given()) for one in readings)
    wanted, given = (sum(map(len, sets)) for sets in zip(*((one.wanted, one.given()) for one in readings), strict=True))
    assert right >= 0.82 * wanted
    assert right >= 0.84 * given


def test_that_a_value_that_the_model_is_sure_of_is_hardly_ever_wrong(readings: list[Reading]) -> None:
    sure = [(one, value) for one in readings for value in one.given(SURE)]
    wrong = [(one.message.text, value) for one, value in sure if value not in one.wanted]
    assert len(wrong) <= 0.09 * len(sure), wrong


def test_that_no_test_message_is_an_example() -> None:
    taught = {one.text for one in marked.load(Path("nlu_data/form_values"))}
    assert taught.isdisjoint(one.text for one in blind())


FEW = [
    *(f"狗叫[{name}](dog_name) 是[{breed}](dog_breed)" for name, breed in (("豆豆", "泰迪"), ("旺财", "土狗"))),
    "打听一下几点下班",
]


def test_that_what_was_learnt_is_kept(tmp_path: Path) -> None:
    tagger = ValueTagger.fit([Marked.of(text) for text in FEW], forms.load(), tmp_path / "models" / "kept")
    tagger.save(tmp_path)
    again = ValueTagger.load(tmp_path)
    assert [(one.field, one.text) for one in again.read("狗叫豆豆 是泰迪")] == [
        ("dog_name", "豆豆"),
        ("dog_breed", "泰迪"),
    ]
    assert again.read("狗叫豆豆 是泰迪") == tagger.read("狗叫豆豆 是泰迪")
    assert json.loads((tmp_path / "hints.json").read_text(encoding="utf-8"))["called"]["狗名"] == "dog_name"


def test_that_the_same_is_learnt_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few, memory = [Marked.of(text) for text in FEW], tmp_path / "kept"
    first = ValueTagger.fit(few, forms.load(), memory)
    learn = value_tagger._learnt
    monkeypatch.setattr(value_tagger, "_learnt", lambda *_: pytest.fail("it is known"))
    assert ValueTagger.fit(few, forms.load(), memory) == first
    monkeypatch.setattr(value_tagger, "_learnt", learn)
    other = ValueTagger.fit([*few, Marked.of("毛是[白](dog_colour)的")], forms.load(), memory)
    assert other.model != first.model, "one message more is another lesson"


def test_that_an_empty_message_holds_nothing(tmp_path: Path) -> None:
    assert ValueTagger.fit([Marked.of(text) for text in FEW], forms.load(), tmp_path / "kept").read("") == []
