"""Brings the many ways to type one word to one form, without changing what was said.

Full width, traditional characters, homophone and look-alike typos of police words, pinyin, emoji that carry
meaning, repeated punctuation. The table `nlu_data/typos.tsv` is for trainers to edit.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from opencc import OpenCC

TYPOS = Path("nlu_data/typos.tsv")

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff]"
)
_SPACE = re.compile(r"\s+")
_SAME_PUNCTUATION = re.compile(r"([!?,.;:~\-_=*#、。·…])\1+")
_ELONGATED = re.compile(r"([^\W\d_a-z])\1{2,}")
_ELONGATED_LATIN = re.compile(r"([a-z])\1{3,}")
_SPACE_IN_CHINESE_DIGITS = re.compile(r"(?<!\d)1\s1\s0(?!\d)")
_ASCII = re.compile(r"[\x20-\x7e]*")


@lru_cache(maxsize=2)
def converter(direction: str) -> OpenCC:
    """OpenCC's converter, loaded once: "t2s" to simplified, "s2t" to traditional characters."""
    return OpenCC(direction)


def simplified(text: str) -> str:
    """A text in simplified characters."""
    converted: str = converter("t2s").convert(text)
    return converted


class Normaliser:
    """Normalises text with one table of typos. Safe to share between threads; a second pass changes nothing."""

    def __init__(self, typos: Path = TYPOS) -> None:
        """Read the table. Raises FileNotFoundError, or ValueError naming the line that cannot be read."""
        self._replacements: dict[str, str] = {}
        for number, line in enumerate(typos.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split("\t")
            if len(fields) not in (2, 3) or not fields[0] or not fields[1]:
                raise ValueError(f"{typos}:{number}: expected 'wrong<TAB>right[<TAB>exception,exception…]'")
            self._replacements[fields[0]] = fields[1]
            for innocent in filter(None, fields[2].split(",") if len(fields) == 3 else ()):
                self._replacements[innocent] = innocent
        self._pattern = re.compile("|".join(map(_as_pattern, sorted(self._replacements, key=len, reverse=True))))

    def __call__(self, text: str) -> str:
        """The text in its normal form; an empty string stays empty."""
        text = unicodedata.normalize("NFKC", text)
        text = _INVISIBLE.sub("", text).lower()
        if not _ASCII.fullmatch(text):
            text = simplified(text)
        text = _SPACE_IN_CHINESE_DIGITS.sub("110", text)
        text = _ELONGATED_LATIN.sub(r"\1\1\1", text)
        text = _ELONGATED.sub(r"\1\1", text)
        text = self._pattern.sub(self._replace, text)
        text = _SAME_PUNCTUATION.sub(r"\1", text)
        text = _ELONGATED.sub(r"\1\1", text)
        return _SPACE.sub(" ", text).strip()

    def content(self, text: str) -> str:
        """The normal form without politeness: what the machines learn from, and what they read."""
        return without_politeness(self(text))

    def _replace(self, match: re.Match[str]) -> str:
        found = match.group()
        return self._replacements.get(found) or self._replacements[re.sub(r"\s", "", found)]


def _as_pattern(wrong: str) -> str:
    """Latin entries (pinyin) match whole words only, with or without spaces between syllables."""
    if wrong.isascii() and wrong.isalpha():
        return rf"(?<![a-z]){re.escape(wrong)}(?![a-z])"
    return re.escape(wrong)


_APART = r"[\s,，。.!！?？~、:：;；…-]*"
_OPENING = (
    "您好|你好|(?:早上|上午|下午|晚上)好|hello|hi|(?:民警|警察)同志|警官|民警|同志|警察叔叔|(?:尊敬的)?领导|辛苦(?:了|啦)|"
    "打扰(?:一下|您?了)?|不好意思|抱歉|在[吗不]|麻烦(?:您|你们?)?(?:问|问问|帮忙|看)?一?下?|麻烦(?:您|你)?了?|"
    "我?(?:想|要)?(?:请问|问一?下|咨询一?下?|请教一?下?|打听一?下?)(?:一下)?个?(?:事儿?)?"
)
_CLOSING = (
    "谢谢(?:您|你们?|啦|了|大家|警官|民警)?|多谢|感谢|麻烦(?:您|你们?)?了|辛苦(?:您|你们)?了|拜托了?|谢了|thanks|"
    "跪谢|在线等|急|求解答|祝工作顺利|祝好"
)
_POLITE_START = re.compile(rf"^(?:(?:{_OPENING})[啊呀哈哦呢啦吧]?{_APART}(?=.))+")
_POLITE_END = re.compile(rf"(?:{_APART}(?:{_CLOSING})[啊呀哈哦啦]?)+{_APART}$")
_LEAST_CONTENT = 4


def without_politeness(text: str) -> str:
    """A message in normal form without greeting, "may I ask" and thanks: they say nothing about what it is.

    A message that is hardly more than that stays as it is.
    """
    content = _POLITE_END.sub("", _POLITE_START.sub("", text)).strip(" ,，。、")
    return content if len(content) >= _LEAST_CONTENT else text


@lru_cache(maxsize=8)
def normaliser(typos: Path = TYPOS) -> Normaliser:
    """The shared normaliser of one table."""
    return Normaliser(typos)


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """`text` in its normal form by the station's table."""
    return normaliser()(text)
