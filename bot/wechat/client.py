"""The platform's API, as far as Fujin calls it: token, customer-service messages, media.

Asynchronous and with timeouts; `stable_token` gives the same token to every process, where wechatpy's `token` would
void the other processes' one. Errors never carry the secret or the token.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from bot.wechat.errors import PlatformError

TOKEN_ERRORS = frozenset({40001, 40014, 42001})
WINDOW_CLOSED = frozenset({45015, 45047, 43004, 40003})
"""No later attempt can deliver: window over, count used up, not following, not a follower's id."""
MAX_MEDIA_BYTES = 20 * 1024 * 1024
_RENEW_BEFORE_SECONDS = 300


class TokenStore(Protocol):
    """Where the access token is kept between calls: in memory on one machine, in Redis on many."""

    async def get(self) -> str | None:
        """The token, unless it has expired."""
        ...

    async def put(self, token: str, seconds: int) -> None:
        """Keep a token for so many seconds."""
        ...

    async def drop(self) -> None:
        """Forget a token that the platform refused."""
        ...


class MemoryTokenStore:
    """One process's token."""

    def __init__(self) -> None:
        self._token, self._until = "", 0.0

    async def get(self) -> str | None:
        """The token, unless it has expired."""
        return self._token if time.monotonic() < self._until else None

    async def put(self, token: str, seconds: int) -> None:
        """Keep a token for so many seconds."""
        self._token, self._until = token, time.monotonic() + seconds

    async def drop(self) -> None:
        """Forget the token."""
        self._until = 0.0


class RedisTokenStore:
    """The token of every process that shares a Redis."""

    def __init__(self, redis: Any, app_id: str) -> None:
        self._redis, self._key = redis, f"fujin:wechat-token:{app_id}"

    async def get(self) -> str | None:
        """The token, unless it has expired."""
        value = await self._redis.get(self._key)
        return value.decode() if value else None

    async def put(self, token: str, seconds: int) -> None:
        """Keep a token for so many seconds."""
        await self._redis.set(self._key, token, ex=max(1, seconds))

    async def drop(self) -> None:
        """Forget the token."""
        await self._redis.delete(self._key)


@dataclass(frozen=True)
class Download:
    """A media file as the platform gave it."""

    content: bytes
    content_type: str


class WeChatClient:
    """Calls the platform for one account; share one per process, close it at the end."""

    def __init__(self, *, base: str, app_id: str, secret: str, tokens: TokenStore | None = None) -> None:
        self._http = httpx.AsyncClient(base_url=base, timeout=httpx.Timeout(10, connect=3))
        self._app_id, self._secret = app_id, secret
        self._tokens = tokens or MemoryTokenStore()
        self._renewing = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send_text(self, openid: str, text: str) -> None:
        """Send a customer-service text (at most 2048 bytes of UTF-8).

        Raises:
            PlatformError: refused; see `WINDOW_CLOSED` for the codes that no later attempt can mend.
        """
        # Raw UTF-8: the platform shows \uXXXX escapes as they are, or refuses them (40033).
        body = json.dumps({"touser": openid, "msgtype": "text", "text": {"content": text}}, ensure_ascii=False)
        async with self._call("POST", "/cgi-bin/message/custom/send", content=body.encode()) as response:
            await response.aread()
            _check(_json(response))

    async def download(self, media_id: str) -> Download:
        """Fetch a picture, voice or video of the last three days; at most 20 MiB are read.

        Raises:
            PlatformError: refused, too large, or not there any more.
        """
        async with self._call("GET", "/cgi-bin/media/get", params={"media_id": media_id}) as response:
            content_type = response.headers.get("content-type", "application/octet-stream").split(";")[0]
            content = await _read_capped(response)
        if content_type not in {"application/json", "text/plain"}:
            return Download(content, content_type)
        answer = json.loads(content)
        _check(answer)
        if not (url := answer.get("video_url")):
            raise PlatformError(0, "the media answer holds neither a file nor a video_url")
        async with self._http.stream("GET", url) as response:
            response.raise_for_status()
            kind = response.headers.get("content-type", "video/mp4").split(";")[0]
            return Download(await _read_capped(response), kind)

    @asynccontextmanager
    async def _call(self, method: str, path: str, **request: Any) -> AsyncIterator[httpx.Response]:
        """One API call with the token; a token that the platform refuses is renewed once."""
        params = request.pop("params", {})
        for last in (False, True):
            token = await self._token()
            try:
                async with self._http.stream(
                    method, path, params={**params, "access_token": token}, **request
                ) as answer:
                    if not last and await _token_refused(answer):
                        await self._tokens.drop()
                        continue
                    yield answer
                    return
            except httpx.HTTPError as error:
                # The exception's own text would hold the address, and so the token.
                raise PlatformError(0, f"no answer from the platform ({type(error).__name__})") from None

    async def _token(self) -> str:
        if token := await self._tokens.get():
            return token
        async with self._renewing:
            if token := await self._tokens.get():
                return token
            body = {"grant_type": "client_credential", "appid": self._app_id, "secret": self._secret}
            try:
                answer = _json(await self._http.post("/cgi-bin/stable_token", json=body))
            except httpx.HTTPError as error:
                raise PlatformError(0, f"no token from the platform ({type(error).__name__})") from None
            _check(answer)
            token = str(answer["access_token"])
            await self._tokens.put(token, int(answer.get("expires_in", 7200)) - _RENEW_BEFORE_SECONDS)
            return token


async def _token_refused(response: httpx.Response) -> bool:
    """Whether the answer is a small JSON error about the token; reading it keeps it readable."""
    if "json" not in response.headers.get("content-type", "") and "text" not in response.headers.get(
        "content-type", ""
    ):
        return False
    await response.aread()
    return _json(response).get("errcode") in TOKEN_ERRORS


async def _read_capped(response: httpx.Response) -> bytes:
    if response.is_stream_consumed:
        return response.content
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_MEDIA_BYTES:
            raise PlatformError(0, f"the file exceeds {MAX_MEDIA_BYTES} bytes")
    return bytes(content)


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.content)
    except ValueError:
        raise PlatformError(0, f"HTTP {response.status_code} without JSON") from None
    if not isinstance(answer, dict):
        raise PlatformError(0, "the answer is not a JSON object")
    return answer


def _check(answer: dict[str, Any]) -> None:
    if code := int(answer.get("errcode", 0)):
        raise PlatformError(code, str(answer.get("errmsg", ""))[:200])
