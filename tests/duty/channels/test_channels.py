"""The other channels, and the names by which all are known."""

import logging
from collections.abc import Iterator

import pytest

from bot.addresses import read_channels
from bot.duty import presence
from bot.duty.channels import Channels
from bot.duty.channels.base import ChannelError
from bot.store.session import Store
from tests.duty.channels.conftest import OFFICERS, Opener, message
from tests.world import Answer, FakeClock, FakeServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[FakeServer]:
    started = FakeServer(lambda _asked: Answer(200, b"{}"))
    yield started
    started.close()


async def test_that_a_channel_that_is_not_configured_any_more_says_so(open_channels: Opener) -> None:
    with pytest.raises(ChannelError, match=r"^old is not configured any more; see FUJIN_PAGE_CHANNELS$"):
        open_channels("new=webhook+http://a/").open("old")


async def test_that_the_long_tail_goes_through_apprise(server: FakeServer, open_channels: Opener) -> None:
    host = server.url.removeprefix("http://")
    await open_channels(f"tail=apprise+json://user:secret@{host}/there").open("tail").send(message())
    (asked,) = server.asked
    assert (asked.path, asked.json()["title"]) == ("/there", "持刀伤人")
    assert "http://console/ack/token" in asked.json()["message"]


async def test_that_what_apprise_cannot_deliver_is_not_sent_and_tells_no_secret(
    server: FakeServer, open_channels: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    server.respond = lambda _asked: Answer(500)
    host = server.url.removeprefix("http://")
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # as bot.log has it
    with pytest.raises(ChannelError, match=r"^apprise could not deliver it$"):
        await open_channels(f"tail=apprise+json://user:secret@{host}/there").open("tail").send(message())
    assert "secret" not in caplog.text


async def test_that_an_address_that_apprise_does_not_know_is_named_at_the_start(open_channels: Opener) -> None:
    with pytest.raises(ChannelError, match=r"^apprise does not know the address of tail$"):
        open_channels("tail=apprise+nonsense://key")


async def test_that_a_desk_is_delivered_to_only_while_it_is_heard_from(store: Store, clock: FakeClock) -> None:
    channels = Channels(read_channels(["desk"]), store=store, clock=clock)
    desk = channels.open("desk")
    try:
        with pytest.raises(ChannelError, match=r"^no desk of 甲 is connected$"):
            await desk.send(message())
        with store.transaction() as session:
            presence.seen(session, "browser-1", "甲", audible=False, now=clock.now())
        assert await desk.send(message()) == "muted"
        with store.transaction() as session:
            presence.seen(session, "browser-2", "甲", audible=True, now=clock.now())
        assert await desk.send(message()) == "audible"
        with pytest.raises(ChannelError, match="no desk of 乙"):
            await desk.send(message(OFFICERS[1]))
        clock.advance(seconds=10)
        with pytest.raises(ChannelError, match="no desk of 甲"):
            await desk.send(message())
    finally:
        await channels.close()
