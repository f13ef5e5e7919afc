"""The platform that the simulator plays, asked by the real client and by plain requests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.console import platform
from bot.console.demo_media import picture
from bot.console.simulation import Chat, Simulation
from bot.settings import Settings
from bot.wechat.client import WeChatClient
from bot.wechat.errors import PlatformError
from bot.wechat.outbound import Article, Picture

pytestmark = pytest.mark.anyio
OPENID = "oDemoA" + "0" * 20


class Time:
    """Unix time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def simulation(time: Time) -> Simulation:
    return Simulation(time)


@pytest.fixture
def chat(simulation: Simulation) -> Chat:
    return simulation.chats[OPENID]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, var_dir=tmp_path, database_url="sqlite://")  # type: ignore[call-arg]


@pytest.fixture
async def http(settings: Settings, simulation: Simulation) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(platform.router(settings, simulation))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/simulator") as client:
        yield client


@pytest.fixture
async def token(http: httpx.AsyncClient, settings: Settings) -> str:
    body = {"grant_type": "client_credential", "appid": settings.wechat_app_id, "secret": settings.wechat_app_secret}
    answer = (await http.post("/platform/cgi-bin/stable_token", json=body)).json()
    assert answer["expires_in"] == 7200
    return str(answer["access_token"])


async def send(http: httpx.AsyncClient, token: str, text: str = "您好", openid: str = OPENID) -> int:
    body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
    answer = await http.post("/platform/cgi-bin/message/custom/send", params={"access_token": token}, json=body)
    assert answer.status_code == 200
    return int(answer.json()["errcode"])


async def test_that_the_real_client_gets_a_token_sends_and_downloads(
    http: httpx.AsyncClient, settings: Settings, simulation: Simulation, chat: Chat
) -> None:
    client = WeChatClient(base="http://127.0.0.1", app_id=settings.wechat_app_id, secret=settings.wechat_app_secret)
    await client.close()
    client._http = httpx.AsyncClient(transport=http._transport, base_url="http://127.0.0.1/simulator/platform")
    simulation.allow(chat, event=False)
    await client.send(OPENID, "民警马上到 <b>")
    assert [(line.side, line.text) for line in chat.lines] == [("station", "民警马上到 <b>")]
    for kind, content_type in (("image", "image/png"), ("voice", "audio/wav"), ("video", "video/mp4")):
        file = simulation.upload(kind, b"content of " + kind.encode(), content_type)
        download = await client.download(file.media_id)
        assert (download.content, download.content_type) == (file.content, content_type)
    with pytest.raises(PlatformError, match="40007"):
        await client.download("gone")
    await client.close()


async def test_that_the_real_clients_card_is_shown_as_one(
    http: httpx.AsyncClient, settings: Settings, simulation: Simulation, chat: Chat
) -> None:
    client = WeChatClient(base="http://127.0.0.1", app_id=settings.wechat_app_id, secret=settings.wechat_app_secret)
    await client.close()
    client._http = httpx.AsyncClient(transport=http._transport, base_url="http://127.0.0.1/simulator/platform")
    simulation.allow(chat, event=True)
    article = Article("题", "说明", "https://x/1", "https://x/1.png")
    await client.send(OPENID, article)
    assert [(line.kind, line.article, line.text) for line in chat.lines] == [("article", article, article.as_text())]
    await client.close()


async def test_that_the_real_clients_picture_is_uploaded_and_shown(
    http: httpx.AsyncClient, settings: Settings, simulation: Simulation, chat: Chat
) -> None:
    client = WeChatClient(base="http://127.0.0.1", app_id=settings.wechat_app_id, secret=settings.wechat_app_secret)
    await client.close()
    client._http = httpx.AsyncClient(transport=http._transport, base_url="http://127.0.0.1/simulator/platform")
    simulation.allow(chat, event=False)
    await client.send(OPENID, Picture(picture(), "image/png"))
    ((line),) = chat.lines
    assert (line.side, line.kind) == ("station", "image")
    file = simulation.file(line.media_id)
    assert file is not None
    assert (file.content, file.content_type) == (picture(), "image/png")
    with pytest.raises(PlatformError, match="40005"):
        await client.send(OPENID, Picture(b"<script>", "image/png"))
    await client.close()


@pytest.mark.parametrize(("query", "code"), [({}, 40001), ({"type": "voice"}, 40004), ({"type": "image"}, 40005)])
async def test_that_an_upload_that_is_no_picture_is_refused(
    http: httpx.AsyncClient, token: str, query: dict[str, str], code: int
) -> None:
    if query:
        query = query | {"access_token": token}
    answer = await http.post("/platform/cgi-bin/media/upload", params=query, files={"other": b"x"})
    assert answer.json()["errcode"] == code


@pytest.mark.parametrize(
    ("news", "code"),
    [
        ({"articles": [{}, {}]}, 45008),
        ({"articles": []}, 45008),
        ({"articles": ["x"]}, 40008),
        ({}, 40008),
        ("x", 40008),
    ],
)
async def test_that_a_message_holds_exactly_one_card(
    http: httpx.AsyncClient, token: str, simulation: Simulation, chat: Chat, news: object, code: int
) -> None:
    simulation.allow(chat, event=False)
    body = {"touser": OPENID, "msgtype": "news", "news": news}
    answer = await http.post("/platform/cgi-bin/message/custom/send", params={"access_token": token}, json=body)
    assert answer.json()["errcode"] == code
    assert not chat.lines


@pytest.mark.parametrize(("change", "code"), [({"secret": "wrong"}, 40125), ({"appid": "wrong"}, 40013)])
async def test_that_the_token_is_for_the_account_alone(
    http: httpx.AsyncClient, settings: Settings, change: dict[str, str], code: int
) -> None:
    body: dict[str, Any] = {"appid": settings.wechat_app_id, "secret": settings.wechat_app_secret} | change
    answer = (await http.post("/platform/cgi-bin/stable_token", json=body)).json()
    assert answer["errcode"] == code


async def test_that_everybody_gets_the_same_token_until_it_expires(simulation: Simulation, time: Time) -> None:
    first, _ = simulation.token()
    time.seconds += 3600
    assert simulation.token() == (first, 3600)
    time.seconds += 3600
    assert not simulation.token_valid(first)
    assert simulation.token()[0] != first


@pytest.mark.parametrize("wrong", ["", "wrong", "错"])
async def test_that_a_wrong_token_is_refused(http: httpx.AsyncClient, token: str, wrong: str) -> None:
    assert await send(http, wrong) == 40001
    answer = await http.get("/platform/cgi-bin/media/get", params={"access_token": wrong, "media_id": "x"})
    assert answer.json()["errcode"] == 40001


async def test_that_five_messages_follow_a_residents_message(
    http: httpx.AsyncClient, token: str, simulation: Simulation, chat: Chat
) -> None:
    assert await send(http, token) == 45015
    simulation.allow(chat, event=False)
    assert [await send(http, token) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    simulation.allow(chat, event=False)
    assert await send(http, token) == 0
    assert len(chat.lines) == 6


async def test_that_the_window_closes_after_48_hours(
    http: httpx.AsyncClient, settings: Settings, simulation: Simulation, chat: Chat, time: Time
) -> None:
    simulation.allow(chat, event=False)
    time.seconds += 48 * 3600
    assert await send(http, simulation.token()[0]) == 45015


async def test_that_a_menu_click_allows_three_messages_within_a_minute(
    http: httpx.AsyncClient, token: str, simulation: Simulation, chat: Chat, time: Time
) -> None:
    simulation.allow(chat, event=True)
    assert [await send(http, token) for _ in range(4)] == [0, 0, 0, 45047]
    simulation.allow(chat, event=True)
    time.seconds += 60
    assert await send(http, token) == 45015


async def test_that_texts_are_limited_by_their_bytes(
    http: httpx.AsyncClient, token: str, simulation: Simulation, chat: Chat
) -> None:
    simulation.allow(chat, event=False)
    assert await send(http, token, "好" * 682 + "ab") == 0
    assert await send(http, token, "好" * 683) == 45002
    assert len(chat.lines) == 1


async def test_that_strangers_and_other_types_are_refused(http: httpx.AsyncClient, token: str) -> None:
    assert await send(http, token, openid="oStranger") == 40003
    query, url = {"access_token": token}, "/platform/cgi-bin/message/custom/send"
    answer = await http.post(url, params=query, json={"touser": OPENID, "msgtype": "image"})
    assert answer.json()["errcode"] == 40008
    for body in (b"not json", b"[1]", b'"' + b"x" * 70_000 + b'"'):
        assert (await http.post(url, params=query, content=body)).json()["errcode"] == 47001


async def test_that_a_picture_that_can_carry_scripts_is_only_downloaded(
    http: httpx.AsyncClient, simulation: Simulation
) -> None:
    file = simulation.upload("image", b"<svg onload='alert(1)'/>", "image/svg+xml")
    answer = await http.get(f"/media/{file.media_id}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_that_the_phone_shows_the_newest_page_first_and_a_repetition_once(
    http: httpx.AsyncClient, simulation: Simulation
) -> None:
    body = {"page_id": 1, "case_id": 7, "level": 0, "officer": "值班民警一", "text": "【紧急警情】持械威胁"}
    for key in ("1", "1", "2"):
        answer = await http.post("/phone", json=body | {"level": int(key) - 1}, headers={"Idempotency-Key": key})
        assert answer.status_code == 204
    assert [(page.case_id, page.level, page.officer) for page in simulation.phone] == [
        (7, 1, "值班民警一"),
        (7, 0, "值班民警一"),
    ]
    assert (await http.post("/phone", content=b"nonsense")).status_code == 400


async def test_that_the_platform_forgets_the_oldest_files(simulation: Simulation) -> None:
    first = simulation.upload("image", b"1", "image/png")
    for _ in range(40):
        simulation.upload("image", b"2", "image/png")
    assert simulation.file(first.media_id) is None
