"""The console's one door: everything that is asked for passes here, and nothing is open unless it is named below."""

import asyncio
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

import nicegui
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.console.plain import STRICT, plain_page
from bot.console.services import Services
from bot.duty import access, accounts
from bot.duty.access import may
from bot.duty.accounts import SignedIn
from bot.store.session import StoreUnavailableError

log = structlog.get_logger()

COOKIE = "fujin-sign-in"
SIGN_IN, PASSWORD, SIGN_OUT = "/sign-in", "/password", "/sign-out"
_VISITOR = "fujin.signed_in"
_LIBRARIES = f"/_nicegui/{nicegui.__version__}"
# The sign-in itself, what it is drawn with, and the one-tap page of a telephone, whose link is signed.
_OPEN = (SIGN_IN, "/healthz", "/assets", "/ack", "/favicon.ico", _LIBRARIES)
_NEVER_PERSONAL = ("/assets", _LIBRARIES)
# With the simulator, which plays WeChat and the officer's telephone: there are no residents but the visitor.
_OPEN_IN_DEMO = ("/simulator", "/_nicegui_ws", "/_nicegui")
# Where no cookie counts, so that nobody's browser can be misused: programs, and the signed link of a telephone.
_WITHOUT_COOKIE = ("/simulator/platform", "/simulator/phone", "/ack")
_FOR_EVERYBODY = (PASSWORD, SIGN_OUT, "/simulator", "/_nicegui_ws", "/_nicegui")
_RIGHTS = {
    "/applications": "see_applications",
    "/application": "see_applications",
    "/roster": "see_roster",
    "/figures": "see_figures",
    "/figures.csv": "see_figures",
    "/audit": "read_audit",
    "/accounts": "manage_accounts",
    "/studio": "train",
}
_OTHERWISE = "see_cases"
_TRUSTED_WHILE_AWAY = timedelta(minutes=5)
"""How long a sign-in that was seen counts while the database cannot be asked: a desk that reloads stays a desk."""

# NiceGUI starts its pages by inline scripts, compiles templates in the browser and runs what the server sends
# (`run_javascript`), and sets styles on elements: that is what the three `unsafe-` are for. Residents' words reach a
# page as text or escaped, and nothing may be loaded from, sent to, or framed by any other host.
_PAGES = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def visitor(connection: HTTPConnection) -> SignedIn | None:
    """Who asks, as the door has seen; None on what is open to everybody."""
    signed_in: SignedIn | None = connection.scope.get(_VISITOR)
    return signed_in


def name_of(connection: HTTPConnection) -> str | None:
    """The name of who asks; None where nobody has signed in."""
    signed_in = visitor(connection)
    return signed_in.actor.name if signed_in else None


def right_for(path: str) -> str | None:
    """The right that a page needs; None for what everybody who is signed in may use."""
    if _under(path, _FOR_EVERYBODY):
        return None
    return next((right for prefix, right in _RIGHTS.items() if _under(path, (prefix,))), _OTHERWISE)


class Door:
    """An ASGI middleware that lets through whoever may, and puts the safe headers on every answer."""

    def __init__(self, app: ASGIApp, *, services: Services) -> None:
        self._app, self._services = app, services
        self._seen: dict[str, tuple[SignedIn, datetime]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or a socket through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, self._guarded(scope, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "not signed in"})
        else:
            await refusal(scope, receive, self._guarded(scope, send))

    async def _refusal(self, scope: Scope) -> Response | None:
        """The answer to whoever may not; None for whoever may."""
        path = scope["path"]
        if self._forged(scope):
            return plain_page("没有执行", "这个请求不是从值班台的页面发来的，为安全没有执行。请回到页面重试。", 403)
        free = _under(path, _OPEN + (_OPEN_IN_DEMO if self._services.settings.demo else ()))
        try:
            scope[_VISITOR] = signed_in = await self._look(scope)
        except StoreUnavailableError:
            away = plain_page("暂时打不开", "数据库暂时无法读取，请稍后再试，并留意电话和对讲机。", 503)
            return None if free else away
        if free:
            return None
        if signed_in is None:
            return _ask_to_sign_in(scope)
        if signed_in.must_change and not _under(path, (PASSWORD, SIGN_OUT)):
            return RedirectResponse(PASSWORD, 303)
        right = right_for(path)
        if right is None or may(signed_in.actor, right):
            return None
        if path == "/":
            return RedirectResponse(home(signed_in), 303)
        return plain_page("不能查看", access.missing(signed_in.actor, right), 403, back=home(signed_in))

    def _forged(self, scope: Scope) -> bool:
        """Whether another site's page makes the browser ask: for a change, or for a socket.

        Every browser names the origin of such a request; the new ones also say whether it is ours.
        """
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return False
        if _under(scope["path"], _WITHOUT_COOKIE):
            return False
        headers = Headers(scope=scope)
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return True
        ours = (headers.get("host"), urlsplit(self._services.settings.console_url).netloc)
        origin = urlsplit(headers.get("origin", "")).netloc
        return not origin or origin not in ours

    async def _look(self, scope: Scope) -> SignedIn | None:
        token = token_of(scope)
        if token is None or _under(scope["path"], _NEVER_PERSONAL):
            return None
        hashed, now = accounts.token_hash(token), self._services.clock.now()
        try:
            signed_in = await asyncio.to_thread(look, self._services, hashed)
        except StoreUnavailableError:
            known, at = self._seen.get(hashed, (None, now))
            if known is None or now - at > _TRUSTED_WHILE_AWAY:
                raise
            return known
        self._seen = {key: value for key, value in self._seen.items() if now - value[1] < _TRUSTED_WHILE_AWAY}
        if signed_in and not _under(scope["path"], (SIGN_OUT,)):
            self._seen[hashed] = (signed_in, now)
        else:
            self._seen.pop(hashed, None)  # what has ended, or ends now, is trusted no more
        return signed_in

    def _guarded(self, scope: Scope, send: Send) -> Send:
        secure, cacheable = self._by_tls(scope), _under(scope["path"], _NEVER_PERSONAL)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["X-Frame-Options"] = "DENY"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers.setdefault("Content-Security-Policy", _PAGES)
                if not cacheable:
                    headers["Cache-Control"] = "no-store"
                if secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                    message["headers"] = [_over_tls_only(*header) for header in message["headers"]]
            await send(message)

        return guarded

    def _by_tls(self, scope: Scope) -> bool:
        """Whether the browser asks over TLS, even where a proxy ends it and does not say so."""
        known = urlsplit(self._services.settings.console_url)
        asked = Headers(scope=scope).get("host")
        return scope["scheme"] in ("https", "wss") or (known.scheme, known.netloc) == ("https", asked)


def look(services: Services, hashed: str) -> SignedIn | None:
    """The sign-in of a token's hash, noting now and then that its browser was heard from.

    Raises:
        StoreUnavailableError: the database cannot be read.
    """
    now = services.clock.now()
    with services.store.reading() as session:
        signed_in = accounts.signed_in(session, hashed, now=now)
    if signed_in and now - signed_in.seen_at > accounts.SEEN_EVERY:
        try:
            with services.store.transaction() as session:
                accounts.heard_from(session, hashed, now=now)
        except StoreUnavailableError as error:
            log.warning("door.unwritten", reason=str(error))
    return signed_in


def home(signed_in: SignedIn) -> str:
    """The first page that somebody may see."""
    pages = {"/": _OTHERWISE, **_RIGHTS}
    wanted = ("/", "/studio", "/accounts")
    return next((page for page in wanted if may(signed_in.actor, pages[page])), PASSWORD)


def token_of(scope: Scope) -> str | None:
    """The sign-in token that a browser sends."""
    cookies = SimpleCookie()
    try:
        cookies.load(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return None
    return cookies[COOKIE].value if COOKIE in cookies else None


def _over_tls_only(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header; a cookie such that the browser sends it over TLS only."""
    bare = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" if bare else value


def _under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def _ask_to_sign_in(scope: Scope) -> Response:
    if scope["type"] == "websocket" or scope["method"] != "GET" or not _shows_pages(scope):
        return Response("not signed in", 401)
    path = quote(scope["path"])
    if Headers(scope=scope).get("sec-fetch-site") == "cross-site":
        # A link in another application's page: the browser keeps our cookie back, until our own page asks again.
        return HTMLResponse(f'<meta http-equiv="refresh" content="0;url={path}">', headers={**STRICT})
    return RedirectResponse(SIGN_IN if path == "/" else f"{SIGN_IN}?next={path}", 303)


def _shows_pages(scope: Scope) -> bool:
    """Whether the answer is looked at, not drawn into a page or read by a script."""
    return Headers(scope=scope).get("sec-fetch-dest", "document") == "document"
