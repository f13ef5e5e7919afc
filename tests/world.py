"""The world outside the building, played for tests: the officers' phones, the WeChat platform, Rasa, time."""

import asyncio
import json
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        """Move ahead: `advance(seconds=45)`."""
        self.moment += timedelta(**duration)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread or task is about to do; the limit only keeps a failing test from hanging."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the other side is a thread that knows of no event
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Answer:
    """What a fake server answers."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"


@dataclass(frozen=True)
class Asked:
    """What a fake server was asked."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.body)


class FakeServer:
    """A real HTTP server on loopback that answers with a function and remembers what it was asked."""

    def __init__(self, respond: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self.respond = respond
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, query, self.rfile.read(length), headers)
                outer.asked.append(asked)
                answer = outer.respond(asked)
                self.send_response(answer.status)
                self.send_header("content-type", answer.content_type)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64  # many may ask in the same moment

            def handle_error(self, *_: Any) -> None:
                """A client that hung up is no error of the fake's."""

        socketserver.TCPServer.allow_reuse_address = True
        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class FakePhone(FakeServer):
    """An officer's webhook. Pages must be taken with `take`; one that nobody takes fails the test at `close`."""

    def __init__(self) -> None:
        self.status = 204
        self._taken = 0
        super().__init__(lambda _asked: Answer(self.status))

    @property
    def channel(self) -> str:
        return f"webhook+{self.url}/page"

    def pages(self) -> list[dict[str, Any]]:
        """Every page that has arrived so far, taken or not."""
        return [asked.json() for asked in self.asked]

    def take(self) -> dict[str, Any]:
        """The next page that was not taken yet."""
        pages = self.pages()
        assert len(pages) > self._taken, "no page has arrived"
        self._taken += 1
        taken: dict[str, Any] = pages[self._taken - 1]
        return taken

    def expect_silence(self) -> None:
        """Fail if a page arrived that the test did not take."""
        assert self.pages()[self._taken :] == [], "a page that nobody expected"


@dataclass
class FakePlatform:
    """WeChat's API: tokens, customer-service messages, media, the menu. Set `send_error` or `menu_error` to refuse.

    `sent` holds what each message shows: its text, its one card, or the number of its picture among the `uploads`.
    """

    token: str = "token-1"
    send_error: int = 0
    menu_error: int = 0
    sent: list[tuple[str, str | dict[str, str]]] = field(default_factory=list)
    menus: list[dict[str, Any]] = field(default_factory=list)
    media: dict[str, Answer] = field(default_factory=dict)
    uploads: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = FakeServer(self._respond)

    @property
    def url(self) -> str:
        return self.server.url

    def close(self) -> None:
        self.server.close()

    def _respond(self, asked: Asked) -> Answer:
        if asked.path == "/cgi-bin/stable_token":
            return _json({"access_token": self.token, "expires_in": 7200})
        if asked.query.get("access_token") != self.token:
            return _json({"errcode": 40001, "errmsg": "invalid credential"})
        if asked.path == "/cgi-bin/message/custom/send":
            if self.send_error:
                return _json({"errcode": self.send_error, "errmsg": "refused"})
            body = asked.json()
            self.sent.append((body["touser"], _shown(body)))
            return _json({"errcode": 0, "errmsg": "ok"})
        if asked.path == "/cgi-bin/media/upload":
            assert asked.query["type"] == "image"
            self.uploads.append(asked.body)
            return _json({"type": "image", "media_id": str(len(self.uploads) - 1), "created_at": 0})
        if asked.path == "/cgi-bin/menu/create":
            if self.menu_error:
                return _json({"errcode": self.menu_error, "errmsg": "refused"})
            self.menus.append(asked.json())
            return _json({"errcode": 0, "errmsg": "ok"})
        if asked.path == "/cgi-bin/media/get":
            return self.media.get(asked.query["media_id"], _json({"errcode": 40007, "errmsg": "invalid media_id"}))
        raise AssertionError(f"a request that nobody expected: {asked.method} {asked.path}")


def _shown(body: dict[str, Any]) -> str | dict[str, str]:
    if body["msgtype"] == "text":
        return str(body["text"]["content"])
    if body["msgtype"] == "image":
        return {"picture": body["image"]["media_id"]}
    assert body["msgtype"] == "news"
    (card,) = body["news"]["articles"]  # the platform takes no more than one
    assert isinstance(card, dict)
    return card


def _json(body: dict[str, Any]) -> Answer:
    return Answer(body=json.dumps(body).encode())
