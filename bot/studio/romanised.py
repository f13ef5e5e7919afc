"""Who is named in Latin letters: I am John Smith, 我叫Tom, wo jiao zhang wei, Zhang Wei 欠我钱."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product, takewhile

import jieba

from bot.nlu.names import SINGLE
from bot.nlu.pinyin import read_syllables
from bot.nlu.project import NLU_DATA
from bot.studio.named import KIN, is_ordinary

_NAME_IN_ENGLISH = re.compile(
    r"(?:my name is|name's|call me|i am called|(?:is|was) called(?= (?-i:[A-Z])))\s+(?P<inner>[a-z]+(?: [a-z]+)?)",
    re.IGNORECASE,
)
_I_AM = re.compile(r"(?<![a-z])(?:i am|i['’]?m|this is|it['’]s)\s+(?P<inner>[a-z]+(?: [a-z]+){0,2})", re.IGNORECASE)
_CAPITALS = re.compile("[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_NATION = re.compile("(?:ese|ish|ian|ican)$")
_NO_NAME_IN_ENGLISH = re.compile("(?:ing|ed|ly|ful|less|ous|able|tive|ical|nt)$")
_CALLED = re.compile(
    rf"(?:(?:我|俺|他|她|人|个|{KIN})叫|叫做|名叫|名字(?:叫|是)|(?:姓名|大名|本名|真名|英文名)[叫是:：为]?)\s?"
    r"(?P<inner>[a-z]{2,15}(?:[ .·][a-z]{1,15}){0,2})(?![a-z0-9-])",
    re.IGNORECASE,
)
_NO_NAMES = frozenset(("app", "didi", "uber", "vip", "ktv", "wifi", "sos", "help", "taxi", "ok", "id", "atm", "pos"))
_IN_PINYIN = re.compile(
    r"(?<![a-z])(?:(?:wo|ta|ren|ming ?zi)\s?(?:jiao|shi)|(?:wo|ta) ?de ?ming ?zi)\s+"
    r"(?P<inner>[a-z]+(?: [a-z]+){0,2})",
    re.IGNORECASE,
)
_SURNAMED = re.compile(r"(?<![a-z])(?:wo|ta|mian gui)\s?xing\s?(?P<inner>[a-z]{2,6})(?![a-z])", re.IGNORECASE)
_TITLED = re.compile("(?<![A-Za-z])[A-Z][a-z]+(?: [A-Z][a-z]+){1,2}(?![a-z])")
_AMONG_CHINESE = re.compile(
    "(?:(?<=叫|是|找|被|让|跟|和)|(?<=举报|认识)|(?P<first>(?<![A-Za-z])))(?P<inner>[A-Za-z]+(?: [A-Za-z]+){1,2})"
    "(?(first) ?(?=[打骂欠骗偷抢砍借威堵]))(?![A-Za-z])"
)
"""In small letters, only where somebody is likely to be named."""
_FREQUENT_SURNAMES = 120
"""So many surnames are looked for in pinyin."""
_LEAST_FREQUENT = 60
"""How often jieba has a word that counts as one which people type in pinyin."""


def romanised(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text, as it was typed, somebody is named in Latin letters."""
    yield from (match.span("inner") for match in _NAME_IN_ENGLISH.finditer(text))
    for match in _CALLED.finditer(text):
        if match["inner"].lower() not in _NO_NAMES:
            yield match.span("inner")
    yield from _in_english(text)
    yield from _in_pinyin(text)


# -- in English -------------------------------------------------------------------------------------------------------


def _in_english(text: str) -> Iterator[tuple[int, int]]:
    """What follows "I am" and is two capitalised words, or in no training message."""
    for match in _I_AM.finditer(text):
        said = match["inner"]
        words = list(re.finditer("[A-Za-z]+", said))
        ends = [word.end() for word in takewhile(lambda word: not _is_english(word.group()), words)]
        if capitals := _CAPITALS.match(said):
            ends.append(capitals.end())
        if ends:
            yield match.start("inner"), match.start("inner") + max(ends)


def _is_english(word: str) -> bool:
    small = word.lower()
    if small in _english() or _NATION.search(small):
        return True
    return not word.istitle() and bool(_NO_NAME_IN_ENGLISH.search(small))


@lru_cache(maxsize=1)
def _english() -> frozenset[str]:
    """The English words that the training messages write small, so that no name is among them."""
    return frozenset(word for text in _training() for word in re.findall("(?<![A-Za-z])[a-z]+", text))


# -- in pinyin --------------------------------------------------------------------------------------------------------


def _in_pinyin(text: str) -> Iterator[tuple[int, int]]:
    """A surname and what may be a given name: behind wo jiao, in capitals, or alone among Chinese."""
    for match in _IN_PINYIN.finditer(text):
        words = match["inner"].lower().split()
        if _is_name(words) and not _is_said(words):
            yield match.span("inner")
    for match in _SURNAMED.finditer(text):
        if match["inner"].lower() in _surnames():
            yield match.span("inner")
    for pattern in (_TITLED, _AMONG_CHINESE):
        for match in pattern.finditer(text):
            words = match.group().lower().split()
            if (_is_name(words) or _is_name(words[::-1])) and not _is_said(words) and words != ["hong", "kong"]:
                yield match.span()


def _is_name(words: list[str]) -> bool:
    """Whether words are a surname and one or two syllables in whatever spacing."""
    if not words or words[0] not in _surnames():
        return False
    return len(words) > 1 and 1 <= sum(map(_syllables, words[1:])) <= 2 and all(map(_syllables, words[1:]))


def _syllables(word: str) -> int:
    """Of how many syllables a word is made, at most two; 0 for one that is no pinyin."""
    known = _characters()
    if word in known:
        return 1
    return 2 if any(word[:cut] in known and word[cut:] in known for cut in range(1, len(word))) else 0


def _is_said(words: list[str]) -> bool:
    """Whether it begins with a word of the residents: shen fen, hu kou, zhao huo."""
    return tuple(words[:2]) in _said()


@lru_cache(maxsize=1)
def _characters() -> dict[str, str]:
    return read_syllables(NLU_DATA / "pinyin.tsv")


@lru_cache(maxsize=1)
def _surnames() -> frozenset[str]:
    frequent = set(SINGLE[:_FREQUENT_SURNAMES])
    return frozenset(syllable for syllable, letters in _characters().items() if frequent & set(letters))


@lru_cache(maxsize=1)
def _said() -> frozenset[tuple[str, ...]]:
    """The words of two characters that stand in the training messages, in pinyin."""
    sounds: dict[str, list[str]] = {}
    for syllable, letters in _characters().items():
        for letter in letters:
            sounds.setdefault(letter, []).append(syllable)
    pairs = {text[at : at + 2] for text in _training() for at in range(len(text) - 1)}
    return frozenset(
        sound
        for word in pairs
        if is_ordinary(word) and jieba.dt.FREQ.get(word, 0) >= _LEAST_FREQUENT
        for sound in product(*(sounds.get(letter, ()) for letter in word))
    )


@lru_cache(maxsize=1)
def _training() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((NLU_DATA / "intents").glob("*/*.yml"))]
