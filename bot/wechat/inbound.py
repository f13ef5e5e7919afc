"""What a resident sent: one frozen value for each message and event, whatever wechatpy made of it."""

from dataclasses import dataclass, field
from typing import Any

from wechatpy import parse_message

from bot.wechat.errors import MalformedError

MEDIA_KINDS = frozenset({"image", "voice", "video", "shortvideo"})
_MAX_TEXT = 20_000
_MAX_IDENTIFIER = 64


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
    try:
        parsed = parse_message(xml_text)
        data: dict[str, Any] = dict(parsed._data)
    except Exception:
        # wechatpy raises ExpatError, KeyError, TypeError, AttributeError … on input it did not expect.
        raise MalformedError("the message lacks what every message of the platform has") from None
    openid, account = _identifier(data, "FromUserName"), _identifier(data, "ToUserName")
    sent_at = _number(data, "CreateTime")
    kind = _string(data, "MsgType").lower()
    if kind == "event":
        event_key = _string(data, "EventKey", "")
        return Inbound(
            openid=openid,
            account=account,
            key=f"event:{sent_at}:{_string(data, 'Event')}:{event_key}"[:200],
            kind="event",
            sent_at=sent_at,
            payload=_payload("event", data),
        )
    kind = kind if kind in _PAYLOAD else "unknown"
    text = _string(data, "Content", "") if kind == "text" else ""
    return Inbound(
        openid=openid,
        account=account,
        key=f"msg:{_number(data, 'MsgId')}",
        kind=kind,
        sent_at=sent_at,
        text=(text or (_string(data, "Label", "") if kind == "location" else ""))[:_MAX_TEXT],
        payload=_payload(kind, data),
    )


def _payload(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {name: _string(data, name) for name in _PAYLOAD.get(kind, ()) if data.get(name) is not None}


def _string(data: dict[str, Any], name: str, default: str | None = None) -> str:
    value = data.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):  # absent, or repeated: then xmltodict makes it a list
        raise MalformedError(f"{name} must occur once and hold text")
    return value.replace("\x00", "")


def _identifier(data: dict[str, Any], name: str) -> str:
    value = _string(data, name)
    if not 0 < len(value) <= _MAX_IDENTIFIER:
        raise MalformedError(f"{name} must have 1 to {_MAX_IDENTIFIER} characters")
    return value


def _number(data: dict[str, Any], name: str) -> int:
    value = _string(data, name).strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise MalformedError(f"{name} must be a number")
    return int(value)
