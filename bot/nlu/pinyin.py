"""Reads pinyin as the Chinese it stands for, so that everything behind it has Chinese to read.

Letters that can be cut into syllables are a lattice of characters; the way through it that reads most like a resident's
message is taken. What reads like one is learnt from the training messages: how often a character follows the two
before it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path

PINYIN = Path("nlu_data/pinyin.tsv")

_HAN = re.compile("[\u4e00-\u9fff]+")
_WORD = re.compile("[a-z]+")
_WORDS = re.compile(r"[a-z]+[1-5]?(?![a-z0-9])(?:[\s'’]+[a-z]+[1-5]?(?![a-z0-9]))*")
_GAP = re.compile(r"([\s'’]+)")
_TONES = re.compile("[\u0101-\u01dc\u00e0-\u00fc]")
_START, _END = "^", "$"
_LONGEST_SYLLABLE = 6
_WAYS_KEPT = 20
_FEWEST_SYLLABLES = 2
"""A single syllable (he, men, long) beside Chinese may be any other language."""
_PINYIN, _OTHER_LANGUAGE = 0.8, 0.5
"""Share of words that are syllables: from here all is pinyin, below that none is unless Chinese stands beside it."""
_ENOUGH_WORDS = 2
"""Words of a message from which that share says enough."""
_MOST_LETTERS = 500
"""What is read of a message: nobody may keep everybody else waiting with a page of letters."""
_LEAST_LIKELY, _LEAST_LIKELY_AMONG_PINYIN = -4.6, -7.5
"""Mean log probability of a character below which syllables are not taken for pinyin: beside other words, and in a
message that is pinyin for the rest."""
_WORTH = (0.1, 0.35, 0.55)
"""What a character by itself, after the one and after the two before it counts for its probability."""
_CONTEXT = len(_WORTH) - 1


def read_syllables(path: Path = PINYIN) -> dict[str, str]:
    """Syllable → its characters. Raises ValueError naming the line that cannot be read."""
    syllables = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        syllable, _, characters = line.partition("\t")
        if not (syllable.isascii() and syllable.isalpha() and _HAN.fullmatch(characters)):
            raise ValueError(f"{path}:{number}: expected 'syllable<TAB>characters'")
        syllables[syllable] = characters
    return syllables


@lru_cache(maxsize=1)
def _readings() -> dict[str, frozenset[str]]:
    """The syllables of every character of the table."""
    found: dict[str, set[str]] = defaultdict(set)
    for syllable, characters in read_syllables().items():
        for character in characters:
            found[character].add(syllable)
    return {character: frozenset(syllables) for character, syllables in found.items()}


def sound_alike(one: str, other: str) -> bool:
    """Whether two characters are the same, or are read alike in some tone; rare ones that no table holds are not."""
    return one == other or not _readings().get(one, frozenset()).isdisjoint(_readings().get(other, frozenset()))


@dataclass(frozen=True)
class Language:
    """How often characters follow one another: what stands before (at most two characters) → what follows → times."""

    follows: Mapping[str, Mapping[str, int]]

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Language:
        """From texts in Chinese; what else is in them is passed over."""
        seen: Counter[str] = Counter()
        for text in texts:
            for part in _HAN.findall(text):
                framed = f"{_START}{part}{_END}"
                for size in range(1, len(_WORTH) + 1):
                    seen.update(framed[place : place + size] for place in range(len(framed) - size + 1))
        follows: dict[str, dict[str, int]] = defaultdict(dict)
        for together, times in seen.items():
            # What stood once after two others tells little and is most of the table.
            if times > 1 or len(together) < len(_WORTH):
                follows[together[:-1]][together[-1]] = times
        return cls(follows)

    @cached_property
    def _totals(self) -> dict[str, int]:
        return {before: sum(counts.values()) for before, counts in self.follows.items()}

    def log_probabilities(self, before: str, characters: str) -> list[float]:
        """Of each of these characters after others (the last two count)."""
        probabilities = [1e-7] * len(characters)
        for length, worth in enumerate(_WORTH[: len(before) + 1]):
            context = before[len(before) - length :]
            if counts := self.follows.get(context):
                share = worth / self._totals[context]
                for number, character in enumerate(characters):
                    if times := counts.get(character):
                        probabilities[number] += share * times
        return [math.log(probability) for probability in probabilities]


_Way = tuple[str, tuple[float, str]]
"""The last characters of a reading, its logarithm of probability, and the reading."""


class PinyinReader:
    """Puts Chinese in the place of pinyin; other languages and single syllables stay."""

    def __init__(self, syllables: Mapping[str, str], language: Language) -> None:
        """Use a table of syllables, and what is known of the language."""
        self._syllables = syllables
        self._language = language

    def __call__(self, text: str) -> str:
        """A text in normal form with its pinyin read; without any it stays as it is."""
        bare = _TONES.sub(_toneless, text)
        words = _WORD.findall(bare)
        if not words:
            return text
        share = sum(map(self._are_syllables, words)) / len(words)
        if share < _OTHER_LANGUAGE and not _HAN.search(text):
            return text
        surely = share >= _PINYIN and len(words) >= _ENOUGH_WORDS
        head, tail = bare[:_MOST_LETTERS], bare[_MOST_LETTERS:]
        return _WORDS.sub(lambda found: "".join(self._read(found, surely)), head) + tail

    def _read(self, found: re.Match[str], surely: bool) -> Iterator[str]:
        """Neighbouring words that are syllables throughout, read together; every other word as it is."""
        before = found.string[: found.start()].rstrip()[-1:]
        pieces = [piece for piece in _GAP.split(found.group()) if piece]
        for legible, group in groupby(pieces, lambda piece: not piece.isalnum() or self._are_syllables(_plain(piece))):
            together = list(group)
            words = [_plain(piece) for piece in together if piece.isalnum()]
            chinese = self._chinese(words, before) if legible else None
            if chinese is None or not chinese.believed(surely):
                yield from together
            else:
                # The gap behind belongs to what follows.
                yield chinese.text + ("" if together[-1].isalnum() else " ")
            before = _START

    def _are_syllables(self, word: str) -> bool:
        possible = {0}
        for begin in range(len(word)):
            if begin in possible:
                possible |= {end for end in _ends(begin, len(word)) if word[begin:end] in self._syllables}
        return len(word) in possible

    def _chinese(self, words: Sequence[str], before: str) -> _Chinese | None:
        """The likeliest reading of words that are syllables."""
        letters = "".join(words)
        cuts = {sum(map(len, words[:number])) for number in range(1, len(words))}
        ways: dict[int, dict[str, tuple[float, str]]] = {0: {before: (0.0, "")}}
        for begin in range(len(letters)):
            best = sorted(ways.get(begin, {}).items(), key=lambda way: -way[1][0])[:_WAYS_KEPT]
            for end in _ends(begin, min((cut for cut in cuts if cut > begin), default=len(letters))):
                if characters := self._syllables.get(letters[begin:end]):
                    self._go_on(best, characters, ways.setdefault(end, {}))
        ends = ((self._language.log_probabilities(at, _END)[0], way) for at, way in ways.get(len(letters), {}).items())
        score, read = max(((score + end, text) for end, (score, text) in ends), default=(0.0, ""))
        return _Chinese(read, score / (len(read) + 1)) if read else None

    def _go_on(self, best: Iterable[_Way], characters: str, reached: dict[str, tuple[float, str]]) -> None:
        """Go on from the best ways with each of these characters; of those that end alike the likeliest stays."""
        for context, (score, read) in best:
            likely = self._language.log_probabilities(context, characters)
            for character, more in zip(characters, likely, strict=True):
                end = (context + character)[-_CONTEXT:]
                if end not in reached or reached[end][0] < score + more:
                    reached[end] = (score + more, read + character)


@dataclass(frozen=True)
class _Chinese:
    """A reading of letters, and how likely a character of it is (mean logarithm)."""

    text: str
    likely: float

    def believed(self, among_pinyin: bool) -> bool:
        """Whether it is taken for what was meant; `among_pinyin`: the rest of the message is pinyin too."""
        if among_pinyin:
            return self.likely >= _LEAST_LIKELY_AMONG_PINYIN
        return self.likely >= _LEAST_LIKELY and len(self.text) >= _FEWEST_SYLLABLES


def _toneless(letter: re.Match[str]) -> str:
    base, *marks = list(unicodedata.normalize("NFD", letter.group()))
    return "v" if "\u0308" in marks else base


def _plain(word: str) -> str:
    return word.rstrip("12345")


def _ends(begin: int, limit: int) -> range:
    return range(begin + 1, min(begin + _LONGEST_SYLLABLE, limit) + 1)
