"""The platform's API as Fujin calls it: one token for all, errors that keep secrets, files that cannot fill a disk."""

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis.asyncio
import structlog

from bot.log import configure_logging
from bot.wechat import client as wechat_client
from bot.wechat.client import MAX_MEDIA_BYTES, MemoryTokenStore, RedisTokenStore, WeChatClient
from bot.wechat.errors import PlatformError
from bot.wechat.outbound import Article, Picture
from tests.conftest import REDIS_URL
from tests.world import Answer, FakePlatform, FakeServer

pytestmark = pytest.mark.anyio
SECRET = "the-app-secret"


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    fake = FakePlatform(token="the-access-token")
    yield fake
    fake.close()


@pytest.fixture
async def client(platform: FakePlatform) -> AsyncIterator[WeChatClient]:
    built = WeChatClient(base=platform.url, app_id="wx1", secret=SECRET)
    yield built
    await built.close()


@pytest.fixture
async def shared_redis() -> AsyncIterator[redis.asyncio.Redis]:
    connection = redis.asyncio.from_url(REDIS_URL)
    yield connection
    await connection.aclose()


def tokens_asked(server: FakeServer) -> int:
    return sum(asked.path == "/cgi-bin/stable_token" for asked in server.asked)


def answered(body: Any, *, status: int = 200, content_type: str = "application/json") -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, raw, content_type)


# -- sending -------------------------------------------------------------------------------------------------------


async def test_that_a_text_goes_out_as_raw_utf_8(client: WeChatClient, platform: FakePlatform) -> None:
    await client.send("oA", "别怕，👮在路上")
    assert platform.sent == [("oA", "别怕，👮在路上")]
    body = platform.server.asked[-1].body
    assert "别怕，👮在路上".encode() in body
    assert b"\\u" not in body


@pytest.mark.parametrize("text", ["坏\ud800字", "坏\x08字", "坏\x00字"])
async def test_that_what_the_platform_cannot_show_is_left_out(
    client: WeChatClient, platform: FakePlatform, text: str
) -> None:
    await client.send("oA", text)
    assert platform.sent == [("oA", "坏字")]
    assert b"\\u" not in platform.server.asked[-1].body


async def test_that_a_card_goes_out_as_the_one_article_of_a_news_message(
    client: WeChatClient, platform: FakePlatform
) -> None:
    await client.send("oA", Article("标题\x08", "说明", "https://x/1", "https://x/1.png"))
    card = {"title": "标题", "description": "说明", "url": "https://x/1", "picurl": "https://x/1.png"}
    assert platform.sent == [("oA", card)]
    assert b"\\u" not in platform.server.asked[-1].body


async def test_that_a_picture_is_lent_to_the_platform_and_its_name_sent(
    client: WeChatClient, platform: FakePlatform
) -> None:
    await client.send("oA", Picture(b"GIF89a", "image/gif"))
    assert platform.sent == [("oA", {"picture": "0"})]
    assert b'name="media"; filename="picture.gif"' in platform.uploads[0]
    assert b"GIF89a" in platform.uploads[0]
    platform.token = "the-next-token"
    await client.send("oA", Picture(b"GIF89a", "image/gif"))
    assert len(platform.uploads) == 2, "a token that is refused costs the upload nothing"


@pytest.mark.parametrize("answer", [{"errcode": 40009, "errmsg": "too large"}, {}, {"media_id": ""}, {"media_id": 7}])
async def test_that_a_picture_that_is_not_taken_is_not_sent(
    client: WeChatClient, platform: FakePlatform, answer: dict[str, Any]
) -> None:
    usual = platform.server.respond
    platform.server.respond = lambda asked: answered(answer) if asked.path.endswith("/upload") else usual(asked)
    with pytest.raises(PlatformError):
        await client.send("oA", Picture(b"GIF89a", "image/gif"))
    assert platform.sent == []


@pytest.mark.parametrize("code", [45015, 45047, 45002, 40003, 48001, -1])
async def test_that_a_refusal_names_its_code(client: WeChatClient, platform: FakePlatform, code: int) -> None:
    platform.send_error = code
    with pytest.raises(PlatformError) as caught:
        await client.send("oA", "你好")
    assert caught.value.code == code


UNUSABLE = {
    "an error page": answered(b"<html>502</html>", content_type="text/html"),
    "not JSON": answered(b"ok"),
    "no object": answered([]),
    "empty": answered(b""),
    "no confirmation": answered({}),
    "a code that is no number": answered({"errcode": "x"}),
    "no code": answered({"errcode": None}),
    "not UTF-8": answered(b'{"errmsg": "\xff"}'),
    "nested without end": answered(b"[" * 100_000),
    "a number without end": answered(b'{"errcode": ' + b"9" * 5000 + b"}"),
    "a server error that looks well": answered({"errcode": 0}, status=500),
    "a redirection": answered({"errcode": 0}, status=302),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
async def test_that_an_answer_that_does_not_confirm_is_an_error_of_the_platform(
    client: WeChatClient, platform: FakePlatform, answer: Answer
) -> None:
    answer_sends_with(platform, answer)
    with pytest.raises(PlatformError):
        await client.send("oA", "你好")


def answer_sends_with(platform: FakePlatform, answer: Answer) -> None:
    usual = platform.server.respond
    platform.server.respond = lambda asked: answer if asked.path.endswith("/send") else usual(asked)


# -- the menu ------------------------------------------------------------------------------------------------------


async def test_that_a_menu_is_created_in_raw_utf_8(client: WeChatClient, platform: FakePlatform) -> None:
    menu = {"button": [{"name": "V报警", "sub_button": [{"type": "click", "name": "我要报警", "key": "alarm:report"}]}]}
    await client.create_menu(menu)
    assert platform.menus == [menu]
    assert "我要报警".encode() in platform.server.asked[-1].body


@pytest.mark.parametrize("code", [40018, 48001, 40164])
async def test_that_a_refused_menu_names_its_code(client: WeChatClient, platform: FakePlatform, code: int) -> None:
    platform.menu_error = code
    with pytest.raises(PlatformError) as caught:
        await client.create_menu({"button": []})
    assert caught.value.code == code


# -- the token -----------------------------------------------------------------------------------------------------


async def test_that_the_stable_token_is_asked_for_once_and_kept(client: WeChatClient, platform: FakePlatform) -> None:
    await asyncio.gather(*(client.send("oA", str(number)) for number in range(5)))
    assert tokens_asked(platform.server) == 1
    assert platform.server.asked[0].json() == {"grant_type": "client_credential", "appid": "wx1", "secret": SECRET}


async def test_that_a_refused_token_is_renewed_and_the_message_sent(
    client: WeChatClient, platform: FakePlatform
) -> None:
    await client.send("oA", "一")
    platform.token = "the-next-token"
    await asyncio.gather(*(client.send("oA", text) for text in ("二", "三", "四")))
    assert sorted(platform.sent) == sorted(("oA", text) for text in ("一", "二", "三", "四"))
    assert tokens_asked(platform.server) == 2


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_that_a_token_refused_again_is_not_renewed_without_end(
    client: WeChatClient, platform: FakePlatform, code: int
) -> None:
    platform.send_error = code
    with pytest.raises(PlatformError) as caught:
        await client.send("oA", "你好")
    assert caught.value.code == code
    assert tokens_asked(platform.server) == 2
    assert len(platform.server.asked) == 4


async def test_that_a_token_about_to_expire_is_not_kept(client: WeChatClient, platform: FakePlatform) -> None:
    usual = platform.server.respond
    short = answered({"access_token": platform.token, "expires_in": 299})
    platform.server.respond = lambda asked: short if asked.path.endswith("stable_token") else usual(asked)
    await client.send("oA", "一")
    await client.send("oA", "二")
    assert tokens_asked(platform.server) == 2


@pytest.mark.parametrize(
    "answer",
    [
        answered({"errcode": 40164, "errmsg": "invalid ip"}),
        answered({}),
        answered({"access_token": None, "expires_in": 7200}),
        answered({"access_token": "", "expires_in": 7200}),
        answered({"access_token": "t", "expires_in": "soon"}),
        answered(b"<html>", content_type="text/html"),
        answered({"access_token": "t", "expires_in": 7200}, status=503),
    ],
)
async def test_that_without_a_token_nothing_is_sent(
    client: WeChatClient, platform: FakePlatform, answer: Answer
) -> None:
    platform.server.respond = lambda _asked: answer
    with pytest.raises(PlatformError):
        await client.send("oA", "你好")
    assert [asked.path for asked in platform.server.asked] == ["/cgi-bin/stable_token"]


async def test_that_processes_share_the_token_through_redis(
    platform: FakePlatform, shared_redis: redis.asyncio.Redis
) -> None:
    account = f"wx-{uuid.uuid4().hex}"
    one, other = (
        WeChatClient(base=platform.url, app_id=account, secret=SECRET, tokens=RedisTokenStore(shared_redis, account))
        for _ in range(2)
    )
    await one.send("oA", "一")
    await other.send("oA", "二")
    assert tokens_asked(platform.server) == 1
    platform.token = "the-next-token"
    await other.send("oA", "三")
    await one.send("oA", "四")
    assert tokens_asked(platform.server) == 2
    assert 0 < await shared_redis.ttl(f"fujin:wechat-token:{account}") <= 6900
    await RedisTokenStore(shared_redis, account).drop()
    await one.close()
    await other.close()


async def test_that_messages_go_out_without_redis(platform: FakePlatform) -> None:
    away = redis.asyncio.from_url("redis://127.0.0.1:1", retry=None)
    client = WeChatClient(base=platform.url, app_id="wx1", secret=SECRET, tokens=RedisTokenStore(away, "wx1"))
    await client.send("oA", "一")
    platform.token = "the-next-token"
    await client.send("oA", "二")
    assert [text for _, text in platform.sent] == ["一", "二"]
    await client.close()
    await away.aclose()


# -- media ---------------------------------------------------------------------------------------------------------


async def test_that_a_picture_is_downloaded_with_its_type(client: WeChatClient, platform: FakePlatform) -> None:
    platform.media["m1"] = Answer(body=b"\xff\xd8jpeg", content_type="Image/JPEG; q=1")
    download = await client.download("m1")
    assert (download.content, download.content_type) == (b"\xff\xd8jpeg", "image/jpeg")


async def test_that_a_video_is_fetched_from_the_address_in_the_answer(
    client: WeChatClient, platform: FakePlatform
) -> None:
    video = FakeServer(lambda _asked: Answer(body=b"mp4", content_type="video/mp4"))
    platform.media["m1"] = answered({"video_url": f"{video.url}/v"}, content_type="text/plain")
    download = await client.download("m1")
    video.close()
    assert (download.content, download.content_type) == (b"mp4", "video/mp4")
    assert "access_token" not in video.asked[0].query, "the token is none of the video server's business"


@pytest.mark.parametrize(
    "url", [None, 7, "", "/v", "http://[", "ftp://127.0.0.1/v", "http://127.0.0.1:1/v", "http://a\x00b/"]
)
async def test_that_a_video_address_that_leads_nowhere_is_an_error(
    client: WeChatClient, platform: FakePlatform, url: object
) -> None:
    platform.media["m1"] = answered({"video_url": url})
    with pytest.raises(PlatformError):
        await client.download("m1")


async def test_that_a_refused_video_address_is_an_error(client: WeChatClient, platform: FakePlatform) -> None:
    video = FakeServer(lambda _asked: Answer(404, b"gone", "text/html"))
    platform.media["m1"] = answered({"video_url": f"{video.url}/v?key=signed"})
    with pytest.raises(PlatformError) as caught:
        await client.download("m1")
    video.close()
    assert "signed" not in str(caught.value)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/plain; charset=utf-8"])
async def test_that_an_error_in_place_of_a_file_is_told_apart_from_a_file(
    client: WeChatClient, platform: FakePlatform, content_type: str
) -> None:
    platform.media["m1"] = answered({"errcode": 40007, "errmsg": "invalid media_id"}, content_type=content_type)
    with pytest.raises(PlatformError) as caught:
        await client.download("m1")
    assert caught.value.code == 40007


async def test_that_words_that_are_no_json_are_no_file(client: WeChatClient, platform: FakePlatform) -> None:
    platform.media["m1"] = Answer(body=b"try later", content_type="text/plain")
    with pytest.raises(PlatformError):
        await client.download("m1")


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/json", "text/plain"])
async def test_that_a_file_beyond_the_cap_is_refused(
    client: WeChatClient, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    monkeypatch.setattr(wechat_client, "MAX_MEDIA_BYTES", 1000)
    platform.media["m1"] = Answer(body=b"x" * 1000, content_type="image/jpeg")
    assert len((await client.download("m1")).content) == 1000
    platform.media["m1"] = Answer(body=b"x" * 1001, content_type=content_type)
    with pytest.raises(PlatformError, match="exceeds 1000 bytes"):
        await client.download("m1")


def test_that_the_cap_takes_every_file_the_platform_accepts() -> None:
    assert MAX_MEDIA_BYTES >= 10 * 1024 * 1024  # a video, the largest that a resident can send


# -- away, slow, and secret ----------------------------------------------------------------------------------------


async def test_that_a_platform_that_never_finishes_its_answer_is_given_up(
    client: WeChatClient, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def hang(_asked: object) -> Answer:
        released.wait()
        return Answer()

    monkeypatch.setattr(wechat_client, "SEND_WITHIN_SECONDS", 0.05)
    monkeypatch.setattr(wechat_client, "DOWNLOAD_WITHIN_SECONDS", 0.05)
    platform.server.respond = hang
    try:
        with pytest.raises(PlatformError, match="no complete answer"):
            await client.send("oA", "你好")
        with pytest.raises(PlatformError, match="no complete answer"):
            await client.download("m1")
    finally:
        released.set()


@pytest.fixture
def plain_logging() -> Iterator[None]:
    """Give the root logger and structlog back as they were: `configure_logging` is for a whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    noisy = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "uvicorn.access")}
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in noisy.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.usefixtures("plain_logging")
async def test_that_secret_and_token_appear_in_no_error_and_no_log(
    client: WeChatClient, platform: FakePlatform, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("DEBUG")
    problems: list[str] = []

    async def fails(call: Any) -> None:
        with pytest.raises(PlatformError) as caught:
            await call
        problems.append(str(caught.getrepr(style="long")))
        problems.append(repr(caught.value))
        logging.getLogger("test").error("failed", exc_info=caught.value)

    await client.send("oA", "你好")
    platform.server.respond = lambda _asked: answered(b"<html>", status=502)
    await fails(client.send("oA", "你好"))
    await fails(client.download("m1"))
    platform.close()
    await fails(client.send("oA", "你好"))
    nowhere = WeChatClient(base="http://127.0.0.1:1", app_id="wx1", secret=SECRET, tokens=MemoryTokenStore())
    await fails(nowhere.download("m1"))
    await nowhere.close()
    logged = capfd.readouterr().err
    assert logged.count("failed") >= 4
    everything = logged + "".join(problems)
    assert SECRET not in everything
    assert "the-access-token" not in everything
