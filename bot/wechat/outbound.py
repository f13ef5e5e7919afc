"""What goes to a resident: texts cut to the platform's limit, buttons as taps, XML that no word can break."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from wechatpy.replies import ArticlesReply, TextReply

from bot.wechat.envelope import readable
from bot.wechat.inbound import Inbound

MAX_TEXT_BYTES = 2048
_LINK = r'<a href="[^"<>]*">[^<>]*</a>'
# A link is one piece in both: cut in the middle, the resident would see markup instead of a button.
_SENTENCE = re.compile(rf"(?:{_LINK}|[^。！？!?；;\n])*[。！？!?；;\n]?")
_UNIT = re.compile(rf"{_LINK}|.", re.DOTALL)


@dataclass(frozen=True)
class Article:
    """A picture card that opens a page. Without a picture WeChat shows its words alone."""

    title: str
    description: str
    url: str
    picture: str = ""

    def as_text(self) -> str:
        """The same for whoever shows no cards."""
        return "\n".join(part for part in (self.title, self.description, self.url) if part)


@dataclass(frozen=True)
class Picture:
    """A picture that an officer sends; its type is one that the platform takes (`picture_type`)."""

    content: bytes
    content_type: str


_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
MAX_PICTURE_BYTES = 10 * 1024 * 1024


def picture_type(content: bytes) -> str | None:
    """The type of a picture that the platform takes, by what it holds; None for anything else."""
    return next((name for start, name in _PICTURES.items() if content.startswith(start)), None)


Content = str | Article
"""What one message to a resident holds: words, or a single card (WeChat takes no more)."""


def clean(text: str) -> str:
    """Make a text safe for XML and CDATA; what is shown stays the same but for characters nobody can see."""
    return readable(text).replace("]]>", "]]＞").strip()


def with_buttons(text: str, buttons: Sequence[str]) -> str:
    """Append one-tap answers: a tap sends the title as the resident's next message.

    A link to `weixin://bizmsgmenu` works in a passive reply and on every kind of account, a `msgmenu` message does not.
    """
    links = (
        f'<a href="weixin://bizmsgmenu?msgmenucontent={escape(title)}&msgmenuid={number}">{escape(title)}</a>'
        for number, title in enumerate(buttons, start=1)
    )
    return "\n".join([text, *links])


def split_text(text: str, limit: int = MAX_TEXT_BYTES) -> list[str]:
    """Cut a text into parts of at most `limit` bytes of UTF-8, at sentence ends where there are any.

    A link stays whole, unless it alone exceeds the limit.
    """
    parts: list[str] = []
    for sentence in _SENTENCE.findall(clean(text)):
        if parts and _size(parts[-1] + sentence) <= limit:
            parts[-1] += sentence
        else:
            parts.extend(_chop(sentence, limit))
    return [stripped for part in parts if (stripped := part.strip())]


def _chop(sentence: str, limit: int) -> list[str]:
    """Cut a sentence that exceeds the limit between characters or links."""
    pieces, size = [""], 0
    for unit in _units(sentence, limit):
        width = _size(unit)
        if size + width > limit:
            pieces.append("")
            size = 0
        pieces[-1], size = pieces[-1] + unit, size + width
    return pieces


def _units(sentence: str, limit: int) -> Iterator[str]:
    """What `_chop` must not cut: a link, or else a character."""
    for unit in _UNIT.findall(sentence):
        yield from [unit] if _size(unit) <= limit else unit


def _size(text: str) -> int:
    return len(text.encode())


def passive_reply(inbound: Inbound, content: Content, *, now: float) -> str:
    """The XML of a passive reply to this message, not yet encrypted."""
    if isinstance(content, Article):
        return article_reply(inbound, content, now=now)
    return text_reply(inbound, content, now=now)


def text_reply(inbound: Inbound, text: str, *, now: float) -> str:
    """The XML of a passive text reply to this message, not yet encrypted."""
    reply = TextReply(source=inbound.account, target=inbound.openid, time=int(now), content=clean(text))
    rendered: str = reply.render()
    return rendered


def article_reply(inbound: Inbound, article: Article, *, now: float) -> str:
    """The XML of a passive reply that is a card, not yet encrypted."""
    reply = ArticlesReply(source=inbound.account, target=inbound.openid, time=int(now))
    reply.add_article(
        {
            "title": clean(article.title),
            "description": clean(article.description),
            "image": clean(article.picture),
            "url": clean(article.url),
        }
    )
    rendered: str = reply.render()
    return rendered
