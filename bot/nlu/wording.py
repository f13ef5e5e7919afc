"""How residents word a question: the aspects they name, and whether anything else is left of it.

The words are trainers' (`nlu_data/aspects.yml`). What is left when they and the filler are taken away is the
question's subject; a question without one stands on the question before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.nlu.knowledge import ANSWERS, ASPECTS
from bot.nlu.live_file import LiveFile, TrainersFileError, of_its_shape, read_yaml

ASPECTS_FILE = ANSWERS.parent / "aspects.yml"
PLAIN = "plain"
HUMAN = "转人工"
"""The button, and the words, that bring a human (help_request/human_service)."""
_GAP = ".{0,10}?"
"""What … stands for between two words of a trainer's phrase."""
_LETTERS = re.compile(r"[^\W_]")
_QUESTION = re.compile(
    r"[?？]|[吗么嘛呢不没]\W*$|啥|什么|怎么|咋|多少|几|哪|谁|能不能|可不可以|行不行|是不是|有没有|要不要|用不用|如何|多久|是否|求问|请问"
)


@dataclass(frozen=True)
class Wording:
    """What one question says: its aspects in the order of the words, what it corrects, and what is left."""

    aspects: tuple[str, ...]
    subject: str
    named: bool
    """Whether it says what it is about: 身份证, 户口 …"""
    corrected: str | None = None
    """The text behind "不是，我问的是", when the message begins so."""


class Words:
    """The trainers' words, ready to be looked for."""

    def __init__(
        self,
        titles: Mapping[str, str],
        patterns: Mapping[str, re.Pattern[str]],
        filler: Iterable[str],
        correction: Iterable[str],
        subjects: Iterable[str],
    ) -> None:
        self.titles = dict(titles)
        self._patterns = dict(patterns)
        self._filler, self._subjects = any_of(filler), any_of(subjects)
        self._correction = re.compile(rf"^(?:(?:{any_of(correction).pattern})[\s,，。.!！]*)+")

    def read(self, text: str) -> Wording:
        """What a text in its normal form asks about its subject."""
        found: dict[str, tuple[int, int]] = {}
        taken = [False] * len(text)
        for aspect, pattern in self._patterns.items():
            for match in pattern.finditer(text):
                if all(taken[match.start() : match.end()]):
                    continue  # inside of words that an earlier aspect has taken
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
                found.setdefault(aspect, match.span())
        left = "".join(letter for letter, gone in zip(text, taken, strict=True) if not gone)
        subject = "".join(_LETTERS.findall(self._filler.sub("", left)))
        corrected = self._correction.sub("", text) if self._correction.match(text) else None
        aspects = tuple(sorted(found, key=lambda aspect: found[aspect]))
        return Wording(aspects, subject, bool(self._subjects.search(text)), corrected or None)


def asks(text: str) -> bool:
    """Whether a text is worded as a question."""
    return bool(_QUESTION.search(text))


def load(path: Path = ASPECTS_FILE) -> Words:
    """Read the trainers' words. Raises TrainersFileError."""
    data = read_yaml(path)
    with of_its_shape(path):
        entries = data["aspects"]
        titles = {aspect: str(entry["title"]) for aspect, entry in entries.items()}
        patterns = {aspect: any_of([entry["title"], *entry["words"]]) for aspect, entry in entries.items()}
        words = Words(titles, patterns, data["filler"], data["correction"], data["subjects"])
    if unknown := set(titles) - {*ASPECTS, PLAIN}:
        raise TrainersFileError(
            f"{path.name}: 不认识的角度 {'、'.join(sorted(unknown))}；可用的是 {'、'.join((PLAIN, *ASPECTS))}"
        )
    return words


@lru_cache(maxsize=4)
def live(path: Path = ASPECTS_FILE) -> LiveFile[Words]:
    """The trainers' words, following their file."""
    return LiveFile(lambda: load(path), lambda: [path])


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the trainers' words, longest first; … stands for a few letters between."""
    ordered = sorted((str(word) for word in words), key=len, reverse=True)
    return re.compile("|".join(re.escape(word).replace("…", _GAP) for word in ordered), re.IGNORECASE)
