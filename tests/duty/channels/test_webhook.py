"""A page on its way out: what counts as sent, what a phone is told, what an address that hangs may hold up."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from bot.duty.channels import base
from bot.duty.channels.base import ChannelError
from tests.duty.channels.conftest import Opener, message
from tests.station import Station
from tests.world import Answer, FakeServer

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    started = FakeServer(lambda _asked: Answer(204))
    yield started
    started.close()


async def send(open_channels: Opener, url: str) -> None:
    await open_channels(f"phone=webhook+{url}").open("phone").send(message())


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_that_any_2xx_counts_as_sent(open_channels: Opener, server: FakeServer, status: int) -> None:
    server.respond = lambda _asked: Answer(status)
    await send(open_channels, f"{server.url}/page")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.json()) == ("POST", "/page", message().body)
    assert asked.headers["idempotency-key"] == "70"


@pytest.mark.parametrize("status", [301, 302, 304, 400, 404, 429, 500, 503])
async def test_that_nothing_else_does(open_channels: Opener, server: FakeServer, status: int) -> None:
    server.respond = lambda _asked: Answer(status)
    with pytest.raises(ChannelError, match=f"^HTTP {status}$"):
        await send(open_channels, server.url)


async def test_that_a_closed_port_is_a_reason_without_the_address(open_channels: Opener, server: FakeServer) -> None:
    server.close()
    with pytest.raises(ChannelError, match=r"^no answer \(ConnectError\)$"):
        await send(open_channels, f"{server.url}/secret")


async def test_that_an_answer_that_trickles_for_ever_is_given_up(
    open_channels: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "SEND_TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def trickle() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not done.wait(0.05):
                    connection.sendall(b"x: y\r\n")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            with pytest.raises(ChannelError, match="TimeoutError"):
                await send(open_channels, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        finally:
            done.set()
            thread.join()


async def test_that_a_page_says_exactly_what_the_contract_names(station: Station) -> None:
    await station.deliver(ALARM)
    page = station.phone.take()
    assert set(page) == {
        *("page_id", "case_id", "label", "level", "officer", "officers", "text", "console_url", "ack_url")
    }
    assert (page["officer"], page["officers"]) == ("甲", ["甲"])
    assert page["ack_url"].startswith("http://console/ack/")
    assert page["text"].startswith("【紧急警情】")
    assert "刀" in page["text"]
    assert "oA" not in json.dumps(page), "a resident's openid is nobody's business outside the station"


async def test_that_every_channel_of_the_officer_is_tried_whatever_the_others_do(
    station: Station, server: FakeServer
) -> None:
    server.respond = lambda _asked: Answer(500)
    station.page_channels = (f"webhook+{server.url}/other", station.phone.channel)
    await station.restart()
    await station.deliver(ALARM)
    assert station.phone.take()["level"] == 0
    assert len(server.asked) == 1
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert len(server.asked) == 2, "the one that failed is tried again, and only that one"


async def test_that_a_page_that_is_tried_again_keeps_its_idempotency_key_and_the_next_one_has_its_own(
    station: Station, server: FakeServer
) -> None:
    server.respond = lambda _asked: Answer(500)
    station.page_channels = (f"webhook+{server.url}/page",)
    await station.restart()
    await station.deliver(ALARM)
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    first, again = (asked.headers["idempotency-key"] for asked in server.asked)
    assert first == again == str(server.asked[0].json()["page_id"])
    station.clock.advance(seconds=5)
    server.respond = lambda _asked: Answer(204)
    await station.engine.run_due()
    assert server.asked[-1].json()["level"] == 1
    assert server.asked[-1].headers["idempotency-key"] != first
