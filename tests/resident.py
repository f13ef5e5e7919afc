"""A resident's WeChat, as far as a station's server sees it: signed and encrypted callbacks, and their replies."""

import itertools
import time
from xml.sax.saxutils import escape

import httpx

from bot.wechat.envelope import Account, open_reply, seal_callback

_numbers = itertools.count(int(time.time() * 1000))


def message_xml(openid: str, fields: str, *, kind: str = "text", message_id: int | None = None) -> str:
    """A message of any type as the platform writes it; `fields` is the type's own part."""
    number = next(_numbers) if message_id is None else message_id
    return (
        f"<xml><ToUserName><![CDATA[gh_station]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>{fields}"
        f"<MsgId>{number}</MsgId></xml>"
    )


def text_xml(openid: str, text: str, *, message_id: int | None = None) -> str:
    """A text message as the platform writes it."""
    return message_xml(openid, f"<Content>{escape(text)}</Content>", message_id=message_id)


def post(account: Account, url: str, xml: str, *, timeout: float = 10) -> httpx.Response:
    """Deliver a message to a callback once."""
    query, body = seal_callback(account, xml)
    return httpx.post(f"{url}/wechat", params=query, content=body, timeout=timeout)


def say(account: Account, url: str, openid: str, text: str) -> str:
    """Write to the station and give what the passive reply holds: its XML, or `success`."""
    answer = post(account, url, text_xml(openid, text))
    answer.raise_for_status()
    return open_reply(account, answer.text)
