"""HTML by hand: residents' and the bot's words, and the small pieces of which a list has hundreds.

Everything is escaped. However much is in a piece, to NiceGUI it is one element (`bot.console.keyed.Piece`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from markupsafe import Markup, escape

from bot.console.services import local, milliseconds

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


def marked(text: str, words: Iterable[str]) -> Markup:
    """The text as escaped HTML, in which every occurrence of the words is in `<mark>`."""
    return Markup().join(
        Markup("<mark>{}</mark>").format(piece) if hit else piece for piece, hit in _pieces(text, words)
    )


def box(classes: str, *inside: str, name: str = "div", **attributes: object) -> Markup:
    """An element around others; what is no HTML yet is escaped, `data_due` becomes `data-due`."""
    # A desk has a thousand of them, and `Markup.format` takes ten times as long.
    given = "".join([f' {key.replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()])
    content = "".join([escape(piece) for piece in inside])
    return Markup(f'<{name} class="{escape(classes)}"{given}>{content}</{name}>')  # noqa: S704 - all of it is escaped


def chip(text: str, kind: str) -> Markup:
    """A small tag."""
    return box(f"chip chip-{kind}", text)


def moment(at: datetime) -> Markup:
    """A time of day with how long ago that was, which the browser keeps counting."""
    return box("moment", box("", local(at)), box("ago", data_ago=milliseconds(at)), name="span")


def countdown(due_at: datetime) -> Markup:
    """A clock that runs down to a moment, in the browser."""
    return box("countdown", data_due=milliseconds(due_at), role="timer")


def silence(ends: datetime) -> Markup:
    """How long an acknowledged alarm may still be left alone, kept up to date in the browser."""
    return box("silence", data_silence=milliseconds(ends), role="timer")


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
