"""Finds the values in what is written while a form is filled in: whose name, which of two dates, where an address ends.

A conditional random field over characters, learnt from messages in which trainers have marked the values
(`nlu_data/form_values`). What a value must look like is known to `bot/nlu/field_values.py`, which reads what is found
here again; this only tells which words are whose: 狗叫[点点](dog_name)是个母的[白毛](dog_colour)的[京巴](dog_breed).
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jieba
import pycrfsuite

from bot.nlu.forms import Forms
from bot.nlu.marked import Marked, Tagged
from bot.nlu.names import COMPOUND, SINGLE
from bot.nlu.normaliser import simplified

_MODEL, _HINTS = "values.crfsuite", "hints.json"
_SIGNS = {**dict.fromkeys("零〇洞一幺妖腰二两三四五六七拐八九勾十", "n"), **dict.fromkeys("年月日号天周", "t")}
_AROUND = 3
"""Characters to each side that say what one is."""
_LABEL_REACH = 6
"""Characters behind the name of a field in which its value most likely begins."""
_SETTINGS = {"c1": 0.4, "c2": 0.02, "max_iterations": 60}
"""Penalties of the weights' sizes and of their squares, and rounds of L-BFGS (ADR 006)."""
_TIMES, _SHARE = 2, 0.7
"""How often each message is learnt from again, and which share of its values is exchanged then."""


@dataclass(frozen=True)
class Hints:
    """What is known of words beside the marked messages: breeds, surnames, and what the fields are called."""

    breeds: tuple[str, ...]
    called: Mapping[str, str]
    """The field by each of its names: 狗名, 毛色."""

    @classmethod
    def of(cls, forms: Forms) -> Hints:
        """From the trainers' forms and breeds."""
        fields = [entry for form in forms.forms.values() for entry in form.fields.values()]
        called = {word: entry.name for entry in fields for word in (entry.title, *entry.called) if len(word) > 1}
        return cls(tuple(forms.breed_names), called)

    @cached_property
    def _words(self) -> dict[str, re.Pattern[str]]:
        """By hint the words that give it, the longest first."""
        words = {"breed": self.breeds, "surname": (*COMPOUND, *SINGLE)}
        return {hint: _any_of(known) for hint, known in words.items()}

    @cached_property
    def _labels(self) -> re.Pattern[str]:
        return _any_of(tuple(self.called))

    def on(self, text: str) -> list[list[str]]:
        """Hints on each character of a text in plain characters."""
        hints: list[list[str]] = [[] for _ in text]
        for hint, words in self._words.items():
            for match in words.finditer(text):
                for at in range(match.start(), match.end()):
                    hints[at].append(hint)
        for match in self._labels.finditer(text):
            for at in range(match.end(), min(len(text), match.end() + _LABEL_REACH)):
                hints[at].append(f"behind={self.called[match.group()]}")
        return hints


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)")


def _plain(text: str) -> str:
    """A text as its characters are compared: one for one, without capitals and in simplified form."""
    return "".join(_plain_letter(letter) for letter in text)


@lru_cache(maxsize=8192)
def _plain_letter(letter: str) -> str:
    plain = simplified(unicodedata.normalize("NFKC", letter).lower())
    return plain if len(plain) == 1 else letter


def _sign(letter: str) -> str:
    """What sort of character one is: d digit, n number word, t time, l letter, h Chinese, s space, p anything else."""
    if letter in _SIGNS:
        return _SIGNS[letter]
    if letter.isdigit():
        return "d"
    if letter.isspace():
        return "s"
    if "\u3400" <= letter <= "\u9fff":
        return "h"
    return "l" if letter.isalpha() else "p"


def _features(text: str, hints: Hints) -> list[list[str]]:
    """The features of each character."""
    plain = _plain(text)
    known = hints.on(plain)
    signs = "".join(map(_sign, plain))
    shown = "".join("0" if sign == "d" else letter for letter, sign in zip(plain, signs, strict=True))
    edge = "^" * _AROUND
    letters, kinds = f"{edge}{shown}{'$' * _AROUND}", f"{edge}{signs}{'$' * _AROUND}"
    words = list(_words(plain))
    return [[*_of_one(letters, kinds, at + _AROUND, known[at]), *words[at]] for at in range(len(text))]


def _words(plain: str) -> Iterator[list[str]]:
    """Of each character the word that it stands in, where in it, and the words around that."""
    words = ["", *jieba.cut(plain), ""]
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        for at in range(len(word)):
            place = "s" if len(word) == 1 else "b" if at == 0 else "e" if at == len(word) - 1 else "m"
            yield [f"w{word}", f"p{place}", f"<{before}", f">{after}"]


def _of_one(letters: str, kinds: str, at: int, hints: Sequence[str]) -> Iterator[str]:
    for step in range(-_AROUND, _AROUND + 1):
        yield f"{step}={letters[at + step]}"
        yield f"{step}~{kinds[at + step]}"
    for step in range(-_AROUND, _AROUND):
        yield f"{step}:{letters[at + step : at + step + 2]}"
    for step in (-3, -2, -1, 0, 1):
        yield f"{step};{letters[at + step : at + step + 3]}"
    yield f"k{kinds[at - 2 : at + 3]}"
    yield from hints
    yield from (f"{hint}&{kinds[at]}" for hint in hints)


@dataclass(frozen=True)
class ValueTagger:
    """The fitted tagger; `model` is what crfsuite has learnt."""

    model: bytes
    hints: Hints

    @cached_property
    def _tagger(self) -> Any:
        tagger = pycrfsuite.Tagger()
        tagger.open_inmemory(self.model)
        return tagger

    @classmethod
    def fit(cls, marked: Sequence[Marked], forms: Forms, memory: Path) -> ValueTagger:
        """Learn from marked messages, and from these with each other's values in the place of their own; or know it
        from `memory`, where the last call there learnt the same."""
        hints = Hints.of(forms)
        seen = ((_features(one.text, hints), one.tags) for one in marked)
        lesson = hashlib.sha256(repr((*seen, _SETTINGS, _TIMES, _SHARE)).encode()).digest()
        known = memory.read_bytes() if memory.exists() else b""
        if not known.startswith(lesson):
            known = lesson + _learnt(marked, hints)
            memory.parent.mkdir(parents=True, exist_ok=True)
            draft = memory.with_name(f".{memory.name}")
            draft.write_bytes(known)
            draft.replace(memory)
        return cls(known.removeprefix(lesson), hints)

    def read(self, text: str) -> list[Tagged]:
        """The values that a message holds, in their order."""
        if not text:
            return []
        self._tagger.set(_features(text, self.hints))
        found, start = [], 0
        for (_, name), run in groupby(_runs(self._tagger.tag())):
            end = start + len(list(run))
            if name:
                sure = min(
                    self._tagger.marginal(f"{'I' if at > start else 'B'}-{name}", at) for at in range(start, end)
                )
                found.append(Tagged(name, text[start:end], round(float(sure), 4)))
            start = end
        return found

    def save(self, directory: Path) -> None:
        """Write what was learnt, and the hints that it was learnt with."""
        (directory / _MODEL).write_bytes(self.model)
        hints = json.dumps({"breeds": self.hints.breeds, "called": dict(self.hints.called)}, ensure_ascii=False)
        (directory / _HINTS).write_text(hints, encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> ValueTagger:
        """The inverse of `save`."""
        hints = json.loads((directory / _HINTS).read_text(encoding="utf-8"))
        return cls((directory / _MODEL).read_bytes(), Hints(tuple(hints["breeds"]), hints["called"]))


def _learnt(marked: Sequence[Marked], hints: Hints) -> bytes:
    """What crfsuite learns, as it writes it."""
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(_SETTINGS)
    for one in (*marked, *_exchanged(marked)):
        trainer.append(_features(one.text, hints), one.tags)
    with TemporaryDirectory() as folder:  # it writes to a file alone
        trainer.train(str(Path(folder) / _MODEL))
        return (Path(folder) / _MODEL).read_bytes()


def _runs(tags: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Of each character the number of its value, and that value's field; "" for none."""
    number = 0
    for tag in tags:
        number += not tag.startswith("I-")
        yield number, tag[2:]


def _exchanged(marked: Sequence[Marked]) -> Iterator[Marked]:
    """The messages again, some times over, most of their values exchanged for others of the same fields: what stands
    around a value tells more of it than which dog it was."""
    draw = random.Random(7)  # noqa: S311 - which value stands where is no secret
    others: dict[str, list[str]] = {}
    for one in marked:
        for start, end, name in one.spans:
            others.setdefault(name, []).append(one.text[start:end])
    for one in (one for _ in range(_TIMES) for one in marked if one.spans):
        text, spans, last = "", [], 0
        for start, end, name in one.spans:
            value = draw.choice(others[name]) if draw.random() < _SHARE else one.text[start:end]
            text += one.text[last:start]
            spans.append((len(text), len(text) + len(value), name))
            text, last = text + value, end
        yield Marked(text + one.text[last:], tuple(spans))
