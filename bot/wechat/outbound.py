"""What goes to a resident: texts cut to the platform's limit, buttons as taps, XML that no word can break."""

import re
from collections.abc import Sequence
from html import escape

from wechatpy.replies import TextReply

from bot.wechat.inbound import Inbound

MAX_TEXT_BYTES = 2048
# What XML 1.0 forbids, and lone surrogates, which cannot be encoded.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SENTENCE_END = re.compile(r"(?<=[。！？!?；;\n])")


def clean(text: str) -> str:
    """Make a text safe for XML and CDATA; what is shown stays the same but for characters nobody can see."""
    return _FORBIDDEN.sub("", text).replace("]]>", "]]＞").strip()


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
    """Cut a text into parts of at most `limit` bytes of UTF-8, at sentence ends where there are any."""
    parts: list[str] = []
    for sentence in _SENTENCE_END.split(clean(text)):
        if parts and len((parts[-1] + sentence).encode()) <= limit:
            parts[-1] += sentence
        else:
            parts.extend(_chop(sentence, limit))
    return [stripped for part in parts if (stripped := part.strip())]


def _chop(sentence: str, limit: int) -> list[str]:
    """Cut a sentence longer than the limit between characters."""
    pieces, piece, size = [], "", 0
    for character in sentence:
        width = len(character.encode())
        if size + width > limit:
            pieces.append(piece)
            piece, size = "", 0
        piece, size = piece + character, size + width
    return [*pieces, piece]


def text_reply(inbound: Inbound, text: str, *, now: float) -> str:
    """The XML of a passive text reply to this message, not yet encrypted."""
    reply = TextReply(source=inbound.account, target=inbound.openid, time=int(now), content=clean(text))
    rendered: str = reply.render()
    return rendered
