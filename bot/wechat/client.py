"""The platform's API, as far as Fujin calls it: token, customer-service messages, media, menu.

Asynchronous and with timeouts; `stable_token` gives the same token to every process, where wechatpy's `token` would
void the other processes' one. Errors never carry the secret or the token.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from redis.exceptions import RedisError

from bot.wechat.envelope import readable
from bot.wechat.errors import PlatformError
from bot.wechat.outbound import Article, Content, Picture

TOKEN_ERRORS = frozenset({40001, 40014, 42001})
WINDOW_CLOSED = frozenset({45015, 45047, 43004, 40003})
"""No later attempt can deliver: window over, count used up, not following, not a follower's id."""
MAX_MEDIA_BYTES = 20 * 1024 * 1024
SEND_WITHIN_SECONDS = 25
DOWNLOAD_WITHIN_SECONDS = 55
"""Whole calls, tokens included, end before the engine's leases (30 s, 60 s): else another process would begin anew."""
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
    """The token of every process that shares a Redis; without it each asks the platform, which gives all the same."""

    def __init__(self, redis: Any, app_id: str) -> None:
        self._redis, self._key = redis, f"fujin:wechat-token:{app_id}"

    async def get(self) -> str | None:
        """The token, unless it has expired."""
        with contextlib.suppress(RedisError):
            if value := await self._redis.get(self._key):
                return str(value.decode())
        return None

    async def put(self, token: str, seconds: int) -> None:
        """Keep a token for so many seconds."""
        with contextlib.suppress(RedisError):
            await self._redis.set(self._key, token, ex=max(1, seconds))

    async def drop(self) -> None:
        """Forget the token."""
        with contextlib.suppress(RedisError):
            await self._redis.delete(self._key)


@dataclass(frozen=True)
class Download:
    """What the platform answered: a media file, or JSON."""

    content: bytes
    content_type: str

    @property
    def may_be_json(self) -> bool:
        """Whether this may be an answer in words: the platform labels JSON also as plain text."""
        return self.content_type in {"application/json", "text/plain"}


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

    async def send(self, openid: str, content: Content | Picture) -> None:
        """Send a customer-service message: a text (at most 2048 bytes of UTF-8), a card or a picture.

        Raises:
            PlatformError: refused; see `WINDOW_CLOSED` for the codes that no later attempt can mend.
        """
        async with _at_most(SEND_WITHIN_SECONDS):  # a picture's upload included
            if isinstance(content, Picture):
                body: dict[str, Any] = {"msgtype": "image", "image": {"media_id": await self._upload(content)}}
            elif isinstance(content, Article):
                body = {"msgtype": "news", "news": {"articles": [_card(content)]}}
            else:
                body = {"msgtype": "text", "text": {"content": readable(content)}}
            await self._order("/cgi-bin/message/custom/send", {"touser": openid, **body})

    async def _upload(self, picture: Picture) -> str:
        """Lend a picture to the platform for three days, and give its name for it."""
        file = (f"picture.{picture.content_type.removeprefix('image/')}", picture.content, picture.content_type)
        answer = await self._call("POST", "/cgi-bin/media/upload", params={"type": "image"}, files={"media": file})
        media_id = _checked(answer).get("media_id")
        if not (isinstance(media_id, str) and media_id):
            raise PlatformError(0, "the upload's answer holds no media_id")
        return media_id

    async def create_menu(self, menu: dict[str, Any]) -> None:
        """Replace the account's menu by this one, `{"button": […]}`.

        Raises:
            PlatformError: refused.
        """
        await self._order("/cgi-bin/menu/create", menu)

    async def _order(self, path: str, body: dict[str, Any]) -> None:
        """A call whose answer only says that it was done."""
        # Raw UTF-8: the platform shows \uXXXX escapes as they are, or refuses them (40033).
        content = json.dumps(body, ensure_ascii=False).encode()
        async with _at_most(SEND_WITHIN_SECONDS):
            if "errcode" not in _checked(await self._call("POST", path, content=content)):
                raise PlatformError(0, "the answer does not say that it was done")

    async def download(self, media_id: str) -> Download:
        """Fetch a picture, voice or video of the last three days; at most 20 MiB are read.

        Raises:
            PlatformError: refused, too large, or not there any more.
        """
        async with _at_most(DOWNLOAD_WITHIN_SECONDS):
            answer = await self._call("GET", "/cgi-bin/media/get", params={"media_id": media_id})
            if not answer.may_be_json:
                return answer
            url = str(_checked(answer).get("video_url"))
            if not url.startswith(("http://", "https://")):
                raise PlatformError(0, "the media answer holds neither a file nor a video_url")
            return await self._fetch("GET", url)

    async def _call(self, method: str, path: str, *, params: dict[str, str] | None = None, **body: Any) -> Download:
        """One API call with the token; a token that the platform refuses is renewed once."""
        token = await self._token()
        answer = await self._fetch(method, path, params={**(params or {}), "access_token": token}, **body)
        if answer.may_be_json and _errcode(_object(answer)) in TOKEN_ERRORS:
            if await self._tokens.get() == token:  # else another call has renewed it meanwhile
                await self._tokens.drop()
            token = await self._token()
            answer = await self._fetch(method, path, params={**(params or {}), "access_token": token}, **body)
        return answer

    async def _fetch(self, method: str, url: str, **request: Any) -> Download:
        """One request; what is wrong with its answer is a PlatformError without the address, which holds the token."""
        try:
            async with self._http.stream(method, url, **request) as response:
                if not response.is_success:
                    raise PlatformError(0, f"HTTP {response.status_code}")
                content_type = response.headers.get("content-type", "application/octet-stream").split(";")[0]
                return Download(await _read_capped(response), content_type.strip().lower())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PlatformError(0, f"no answer from the platform ({type(error).__name__})") from None

    async def _token(self) -> str:
        if token := await self._tokens.get():
            return token
        async with self._renewing:
            if token := await self._tokens.get():
                return token
            body = {"grant_type": "client_credential", "appid": self._app_id, "secret": self._secret}
            answer = _checked(await self._fetch("POST", "/cgi-bin/stable_token", json=body))
            token, seconds = answer.get("access_token"), answer.get("expires_in", 7200)
            if not (isinstance(token, str) and token and isinstance(seconds, int)):
                raise PlatformError(0, "the token answer holds no token")
            await self._tokens.put(token, seconds - _RENEW_BEFORE_SECONDS)
            return token


def _card(article: Article) -> dict[str, str]:
    """A card as the platform's API takes it."""
    fields = {"title": article.title, "description": article.description, "url": article.url}
    return {name: readable(value) for name, value in (fields | {"picurl": article.picture}).items()}


@contextlib.asynccontextmanager
async def _at_most(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise PlatformError(0, f"no complete answer within {seconds} s") from None


async def _read_capped(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_MEDIA_BYTES:
            raise PlatformError(0, f"the answer exceeds {MAX_MEDIA_BYTES} bytes")
    return bytes(content)


def _object(answer: Download) -> dict[str, Any]:
    try:
        parsed = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise PlatformError(0, "the answer is not JSON") from None
    if not isinstance(parsed, dict):
        raise PlatformError(0, "the answer is not a JSON object")
    return parsed


def _errcode(answer: dict[str, Any]) -> int:
    code = answer.get("errcode", 0)
    if not isinstance(code, int):
        raise PlatformError(0, "the errcode is not a number")
    return code


def _checked(answer: Download) -> dict[str, Any]:
    """The answer's JSON, unless it is an error."""
    parsed = _object(answer)
    if code := _errcode(parsed):
        raise PlatformError(code, str(parsed.get("errmsg", ""))[:200])
    return parsed
