"""The gateway's own web server, asked by somebody who does not keep to HTTP as the platform does."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from bot.gateway.__main__ import http_server
from bot.wechat.envelope import MAX_BODY_BYTES, seal_callback
from tests.gateway.conftest import PATIENCE_SECONDS, Gateway
from tests.station import Station
from tests.wechat.letters import ACCOUNT, letter

pytestmark = pytest.mark.anyio


class Wire:
    """A raw connection's other end: the shipped web server with a gateway in it."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway, self.port = gateway, port

    def sealed(self, *, message_id: int = 1) -> tuple[str, bytes]:
        """The target and body of a valid delivery of "你好"."""
        now = self.gateway.station.clock.now().timestamp()
        query, body = seal_callback(ACCOUNT, letter(MsgId=str(message_id)), now=now)
        return f"/wechat?{urlencode(query)}", body

    async def ask(self, head: str, body: bytes = b"", *, hang_up: bool = False) -> str:
        """Send bytes as they are; gives the status line, or "" when the connection was closed without one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
            try:
                if hang_up:
                    return ""
                return (await reader.readline()).decode().strip()
            finally:
                writer.close()

    async def expect_valid_message_answered(self) -> None:
        target, body = self.sealed(message_id=999)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            assert self.gateway.words(await client.post(target, content=body)) == "答：你好"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What goes over the wire is the same on each kind of database: one is enough here."""
    return sqlite_url


@pytest.fixture
async def wire(station: Station) -> AsyncIterator[Wire]:
    """The shipped server on a free port."""
    async with served(station, answer_within=timedelta(hours=1)) as served_gateway:
        yield served_gateway


@asynccontextmanager
async def served(station: Station, *, answer_within: timedelta) -> AsyncIterator[Wire]:
    """The shipped server on a free port as long as the block lasts."""
    gateway = Gateway(station, answer_within=answer_within)
    server = http_server(gateway.parts, host="127.0.0.1", port=0)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
    try:
        yield Wire(gateway, server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await serving


async def test_that_a_body_in_chunks_is_read(wire: Wire) -> None:
    target, body = wire.sealed()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:8], body[8:])) + b"0\r\n\r\n"
    assert await wire.ask(f"POST {target} HTTP/1.1\nHost: x\nTransfer-Encoding: chunked", chunks) == "HTTP/1.1 200 OK"


async def test_that_a_body_beyond_the_limit_is_refused_before_it_has_arrived(wire: Wire) -> None:
    head = f"POST {wire.sealed()[0]} HTTP/1.1\nHost: x\n"
    beyond = b"x" * (MAX_BODY_BYTES + 1)
    assert (await wire.ask(f"{head}Content-Length: 10000000000", beyond)).startswith("HTTP/1.1 413")
    unending = b"%x\r\n%s\r\n" % (len(beyond), beyond)
    assert (await wire.ask(f"{head}Transfer-Encoding: chunked", unending)).startswith("HTTP/1.1 413")
    await wire.expect_valid_message_answered()


async def test_that_a_body_that_never_arrives_is_not_waited_for_longer_than_the_platform_would(
    station: Station,
) -> None:
    async with served(station, answer_within=timedelta(seconds=0.2)) as wire:
        head = f"POST {wire.sealed()[0]} HTTP/1.1\nHost: x\nContent-Length: 100"
        assert (await wire.ask(head, b"<xml>")).startswith("HTTP/1.1 408")


async def test_that_who_hangs_up_in_the_middle_of_a_body_leaves_no_error(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"POST {wire.sealed()[0]} HTTP/1.1\nHost: x\nContent-Length: 100"
    assert await wire.ask(head, b"<xml>", hang_up=True) == ""
    await wire.expect_valid_message_answered()
    assert "Exception" not in caplog.text


async def test_that_a_compressed_body_is_not_unpacked(wire: Wire) -> None:
    target, body = wire.sealed()
    packed = gzip.compress(body)
    head = f"POST {target} HTTP/1.1\nHost: x\nContent-Encoding: gzip\nContent-Length: {len(packed)}"
    assert (await wire.ask(head, packed)).startswith("HTTP/1.1 400")


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Type: application/json",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: text/xml; charset=utf-16",
        "Content-Type: \x7f",
        "X-HTTP-Method-Override: DELETE",
        "X-Forwarded-For: 127.0.0.1\nX-Forwarded-Host: evil",
        "Expect: 100-continue",
        "Cookie: " + "x" * 8000,
        "Host: y",
    ],
)
async def test_that_headers_change_nothing_about_a_valid_message(wire: Wire, headers: str) -> None:
    target, body = wire.sealed()
    head = f"POST {target} HTTP/1.1\nHost: x\nContent-Length: {len(body)}\n{headers}"
    answer = await wire.ask(head, body)
    assert answer in {"HTTP/1.1 200 OK", "HTTP/1.1 100 Continue", "HTTP/1.1 400 Bad Request"}
    await wire.expect_valid_message_answered()


@pytest.mark.parametrize(
    "head",
    [
        "GARBAGE",
        "POST /wechat HTTP/9.9\nHost: x",
        "POST /wechat?" + "x" * 200_000 + " HTTP/1.1\nHost: x",
        "POST /wechat HTTP/1.1\nHost: x\nContent-Length: -1",
        "POST /wechat HTTP/1.1\nHost: x\nContent-Length: 1\nContent-Length: 2",
        "POST /wechat HTTP/1.1\nHost: x\nContent-Length: 3\nTransfer-Encoding: chunked",
        "POST /wechat?%ff%00=%ed%a0%80&timestamp=%00 HTTP/1.1\nHost: x\nContent-Length: 0",
        "PUT /wechat HTTP/1.1\nHost: x\nContent-Length: 0",
        "POST /wechat/../healthz HTTP/1.1\nHost: x\nContent-Length: 0",
        "POST /docs HTTP/1.1\nHost: x\nContent-Length: 0",
        "GET /metrics HTTP/1.1\nHost: x",
        "GET /openapi.json HTTP/1.1\nHost: x",
    ],
)
async def test_that_what_is_no_delivery_is_refused_and_costs_no_message(wire: Wire, head: str) -> None:
    answer = await wire.ask(head, b"0\r\n\r\n" if "chunked" in head else b"")
    assert answer == "" or answer.startswith("HTTP/1.1 4")
    await wire.expect_valid_message_answered()


async def test_that_the_server_does_not_say_what_it_is(wire: Wire) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{wire.port}") as client:
        assert "server" not in (await client.get("/healthz")).headers
