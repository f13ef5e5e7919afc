"""Residents' and the bot's words as HTML: everything escaped, evidence marked, one-tap answers told from text."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape

_TAP = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=([^"]*?)&msgmenuid=([^"&]*)">(.*?)</a>', re.DOTALL)


@dataclass(frozen=True)
class Tap:
    """A one-tap answer: WeChat shows `title`, and a tap sends `content` as the resident's next message."""

    title: str
    content: str
    menu_id: str


def segments(text: str) -> Iterator[str | Tap]:
    """Split a text of the bot into words and one-tap answers; any other markup stays words."""
    end = 0
    for match in _TAP.finditer(text):
        if before := text[end : match.start()].strip("\n"):
            yield before
        yield Tap(unescape(match[3]), unescape(match[1]), match[2])
        end = match.end()
    if rest := text[end:].strip("\n"):
        yield rest


def marked(text: str, words: Iterable[str]) -> str:
    """The text as escaped HTML, in which every occurrence of the words is in `<mark>`."""
    return "".join(f"<mark>{escape(piece)}</mark>" if hit else escape(piece) for piece, hit in _pieces(text, words))


def phrases(texts: Iterable[str], words: tuple[str, ...]) -> tuple[str, ...]:
    """The words as they stand in the texts, neighbours joined ("拿", "刀" → "拿刀"); the words alone if in none."""
    found = dict.fromkeys(piece for text in texts for piece, hit in _pieces(text, words) if hit)
    return tuple(found) or words


def _pieces(text: str, words: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The text cut where evidence begins and ends, and which pieces are evidence."""
    hit = [False] * len(text)
    for word in words:
        if word:
            for match in re.finditer(re.escape(word), text, re.IGNORECASE):
                hit[match.start() : match.end()] = [True] * (match.end() - match.start())
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or hit[index] != hit[start]:
            yield text[start:index], hit[start]
            start = index
