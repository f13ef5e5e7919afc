"""The simulator's way to the callback: real WeChat XML, sealed and signed, sent up to three times as WeChat does."""

import asyncio
import itertools
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import xmltodict

from bot.wechat.envelope import Account, open_reply, seal_callback
from bot.wechat.errors import CallbackError
from bot.wechat.outbound import Article, Content

ANSWER_WITHIN_SECONDS = 5.0
REQUESTS = 3
_PAUSE_SECONDS = 1.0
_FORBIDDEN_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_numbers = itertools.count(time.time_ns() // 1000)


@dataclass(frozen=True)
class Delivered:
    """What came of a delivery: the passive reply, None for none, or the callback's failure."""

    reply: Content | None = None
    failed: bool = False


def message_xml(*, account: str, openid: str, sent_at: float, kind: str, fields: Mapping[str, str]) -> str:
    """The XML of a message or event as the platform writes it; messages get a MsgId of their own."""
    values = {
        "ToUserName": account,
        "FromUserName": openid,
        "CreateTime": str(int(sent_at)),
        "MsgType": kind,
        **fields,
    }
    if kind != "event":
        values["MsgId"] = str(next(_numbers))
    return f"<xml>{''.join(f'<{name}>{_cdata(value)}</{name}>' for name, value in values.items())}</xml>"


def _cdata(text: str) -> str:
    """Character data that survives unchanged, `]]>` too; what XML forbids is left out."""
    return "<![CDATA[" + _FORBIDDEN_IN_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"


class Courier:
    """Delivers to one callback."""

    def __init__(
        self, account: Account, url: str, *, http: httpx.AsyncClient | None = None, pause: float = _PAUSE_SECONDS
    ) -> None:
        self._account, self._url, self._pause = account, url, pause
        self._http = http or httpx.AsyncClient(timeout=ANSWER_WITHIN_SECONDS, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def deliver(self, openid: str, xml_text: str) -> Delivered:
        """Send a message until it is answered within five seconds, three times at most."""
        for last in (False,) * (REQUESTS - 1) + (True,):
            try:
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    answer = await self._post(openid, xml_text)
            except (TimeoutError, httpx.TimeoutException):
                continue
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                return self._read(answer.text)
            if not last:
                await asyncio.sleep(self._pause)
        return Delivered(failed=True)

    async def _post(self, openid: str, xml_text: str) -> httpx.Response:
        query, body = seal_callback(self._account, xml_text)
        headers = {"Content-Type": "text/xml"}
        return await self._http.post(self._url, params=query | {"openid": openid}, content=body, headers=headers)

    def _read(self, body: str) -> Delivered:
        if body.strip() in {"", "success"}:
            return Delivered()
        try:
            message = xmltodict.parse(open_reply(self._account, body))["xml"]
            return Delivered(reply=_content(message))
        except (CallbackError, xmltodict.expat.ExpatError, KeyError, TypeError):
            return Delivered(failed=True)


def _content(message: Mapping[str, Any]) -> Content:
    """What a passive reply shows."""
    if message["MsgType"] == "news":
        item = message["Articles"]["item"]
        return Article(*(str(item[name] or "") for name in ("Title", "Description", "Url", "PicUrl")))
    return str(message["Content"]) if message["MsgType"] == "text" else f"[{message['MsgType']}]"
