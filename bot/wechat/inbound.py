"""What a resident sent: one frozen value for each message and event.

wechatpy's `parse_message` is not used: it rewrites events (a resident who follows by scanning the station's code would
be no "subscribe" any more), and nothing of its classes is needed.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import xmltodict

from bot.wechat.errors import MalformedError

MEDIA_KINDS = frozenset({"image", "voice", "video", "shortvideo"})
_MAX_TEXT = 20_000
_MAX_KEY = 200
_MAX_MEDIA_ID = 200
_IDENTIFIER = re.compile(r"[A-Za-z0-9_@.-]{1,64}")


@dataclass(frozen=True)
class Inbound:
    """One message or event.

    Attributes:
        openid: the sender.
        account: the receiving account's original id; a passive reply comes from it.
        key: what makes this delivery the same as its repetition, unique per sender.
        kind: "text", "image", "voice", "video", "shortvideo", "location", "link", "event" or "unknown".
        sent_at: Unix time in seconds, by the platform's clock.
        text: the words a resident wrote; for a location its label; else "".
        payload: the rest (MediaId, PicUrl, Location_X = latitude, Location_Y = longitude, Event, EventKey …).
    """

    openid: str
    account: str
    key: str
    kind: str
    sent_at: int
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)


_PAYLOAD = {
    "image": ("PicUrl", "MediaId"),
    "voice": ("MediaId", "Format"),
    "video": ("MediaId", "ThumbMediaId"),
    "shortvideo": ("MediaId", "ThumbMediaId"),
    "location": ("Location_X", "Location_Y", "Scale", "Label"),
    "link": ("Title", "Description", "Url"),
    "event": ("Event", "EventKey", "Latitude", "Longitude", "Precision"),
    "text": ("bizmsgmenuid",),
}


def parse(xml_text: str) -> Inbound:
    """Read a message's XML (already passed by `envelope.guard_xml`).

    Unknown message types become kind "unknown", unknown events stay events: the platform adds new ones without notice.

    Raises:
        MalformedError: a field that must be there is missing, repeated or not of its type.
    """
    data = _children(xml_text)
    openid, account = _identifier(data, "FromUserName"), _identifier(data, "ToUserName")
    sent_at = _number(data, "CreateTime")
    kind = _string(data, "MsgType").lower()
    if kind == "event":
        return Inbound(
            openid=openid,
            account=account,
            key=_key("event", str(sent_at), _string(data, "Event"), _string(data, "EventKey", "")),
            kind="event",
            sent_at=sent_at,
            payload=_payload("event", data),
        )
    kind = kind if kind in _PAYLOAD else "unknown"
    text = _string(data, "Content", "") if kind == "text" else ""
    return Inbound(
        openid=openid,
        account=account,
        key=_key("msg", str(_number(data, "MsgId"))),
        kind=kind,
        sent_at=sent_at,
        text=(text or (_string(data, "Label", "") if kind == "location" else ""))[:_MAX_TEXT],
        payload=_payload(kind, data),
    )


def _children(xml_text: str) -> dict[str, Any]:
    """The root's children by name: text, None when empty, a list when repeated, a dictionary when nested."""
    data = xmltodict.parse(xml_text).get("xml")
    if not isinstance(data, dict):
        raise MalformedError("the message lacks what every message of the platform has")
    return data


def _key(*parts: str) -> str:
    """What identifies a delivery; a long one (the address that a menu opens) is told apart by its hash."""
    key = ":".join(parts)
    return key if len(key) <= _MAX_KEY else key[: _MAX_KEY - 65] + "#" + hashlib.sha256(key.encode()).hexdigest()


def _payload(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    payload = {name: _string(data, name) for name in _PAYLOAD.get(kind, ()) if data.get(name) is not None}
    if len(payload.get("MediaId", "")) > _MAX_MEDIA_ID:
        raise MalformedError(f"MediaId must have at most {_MAX_MEDIA_ID} characters")
    return payload


def _string(data: dict[str, Any], name: str, default: str | None = None) -> str:
    value = data.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):  # absent, repeated or nested
        raise MalformedError(f"{name} must occur once and hold text")
    return value


def _identifier(data: dict[str, Any], name: str) -> str:
    """An id of the platform: replies carry it back, so it holds nothing that XML could stumble over."""
    value = _string(data, name)
    if not _IDENTIFIER.fullmatch(value):
        raise MalformedError(f"{name} must be 1 to 64 letters, digits, _, @, . or -")
    return value


def _number(data: dict[str, Any], name: str) -> int:
    value = _string(data, name).strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise MalformedError(f"{name} must be a number")
    return int(value)
