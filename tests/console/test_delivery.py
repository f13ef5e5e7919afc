"""The simulator speaks the platform's own language: what it sends, the real wrapper reads."""

import time
from collections.abc import Callable

import httpx
import pytest

from bot.console.delivery import Courier, Delivered, message_xml
from bot.wechat.envelope import Account, open_envelope, seal_reply
from bot.wechat.inbound import Inbound, parse
from bot.wechat.outbound import Article, article_reply, text_reply

ACCOUNT = Account("wxdemo", "token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFA")
pytestmark = pytest.mark.anyio


def xml(kind: str = "text", **fields: str) -> str:
    return message_xml(account="gh_1", openid="oDemoA", sent_at=1_700_000_000.9, kind=kind, fields=fields)


@pytest.mark.parametrize("text", ["有人拿刀", "a]]>b<script>&amp;", "]]]]>>", "两\n行", "🔪"])
async def test_that_every_text_survives_the_round_trip(text: str) -> None:
    inbound = parse(xml(Content=text))
    assert (inbound.openid, inbound.account, inbound.kind, inbound.text) == ("oDemoA", "gh_1", "text", text)
    assert inbound.sent_at == 1_700_000_000


async def test_that_characters_that_xml_forbids_are_left_out() -> None:
    assert parse(xml(Content="a\x00\x08b")).text == "ab"


async def test_that_every_message_has_an_id_of_its_own() -> None:
    assert parse(xml(Content="1")).key != parse(xml(Content="1")).key


async def test_that_taps_pictures_places_and_clicks_are_read() -> None:
    assert parse(xml(Content="在家", bizmsgmenuid="1")).payload == {"bizmsgmenuid": "1"}
    assert parse(xml("image", MediaId="m", PicUrl="/p")).payload == {"MediaId": "m", "PicUrl": "/p"}
    assert parse(xml("voice", MediaId="m", Format="amr")).kind == "voice"
    place = parse(xml("location", Location_X="41.8", Location_Y="123.4", Scale="16", Label="东中街"))
    assert (place.text, place.payload["Location_X"]) == ("东中街", "41.8")
    click = parse(xml("event", Event="CLICK", EventKey="alarm"))
    assert click.payload == {"Event": "CLICK", "EventKey": "alarm"}


class Callback:
    """Plays the gateway: opens what comes as the gateway does, and answers by the test's function."""

    def __init__(self, answer: Callable[[Inbound], httpx.Response]) -> None:
        self.answer, self.seen = answer, list[Inbound]()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        inbound = parse(open_envelope(ACCOUNT, query, request.content, now=time.time()))
        assert query["openid"] == inbound.openid
        self.seen.append(inbound)
        return self.answer(inbound)

    async def take(self, xml_text: str) -> Delivered:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        courier = Courier(ACCOUNT, "http://127.0.0.1/wechat", http=http, pause=0)
        try:
            return await courier.deliver("oDemoA", xml_text)
        finally:
            await courier.close()


async def test_that_a_passive_reply_is_opened() -> None:
    def answer(inbound: Inbound) -> httpx.Response:
        return httpx.Response(200, text=seal_reply(ACCOUNT, text_reply(inbound, "您在哪里？", now=1), now=1))

    callback = Callback(answer)
    assert await callback.take(xml(Content="救命")) == Delivered(reply="您在哪里？")
    assert len(callback.seen) == 1


@pytest.mark.parametrize(
    "article", [Article("题", "说明", "https://x/1", "https://x/p"), Article("题", "", "https://x/1")]
)
async def test_that_a_passive_card_is_opened(article: Article) -> None:
    def answer(inbound: Inbound) -> httpx.Response:
        return httpx.Response(200, text=seal_reply(ACCOUNT, article_reply(inbound, article, now=1), now=1))

    assert await Callback(answer).take(xml("event", Event="CLICK", EventKey="k")) == Delivered(reply=article)


@pytest.mark.parametrize("body", ["success", "", " success\n"])
async def test_that_a_bare_success_shows_nothing(body: str) -> None:
    assert await Callback(lambda _: httpx.Response(200, text=body)).take(xml(Content="1")) == Delivered()


async def test_that_an_error_is_repeated_with_the_same_id_three_times_in_all() -> None:
    callback = Callback(lambda _: httpx.Response(503))
    assert await callback.take(xml(Content="1")) == Delivered(failed=True)
    assert len(callback.seen) == 3
    assert len({inbound.key for inbound in callback.seen}) == 1


async def test_that_a_callback_that_comes_back_is_enough() -> None:
    answers = iter([httpx.Response(500), httpx.Response(200, text="success")])
    assert await Callback(lambda _: next(answers)).take(xml(Content="1")) == Delivered()


@pytest.mark.parametrize("body", ['{"error": 1}', "<xml><broken", "<xml><Encrypt>x</Encrypt></xml>"])
async def test_that_an_unreadable_answer_is_a_fault(body: str) -> None:
    assert await Callback(lambda _: httpx.Response(200, text=body)).take(xml(Content="1")) == Delivered(failed=True)


async def test_that_no_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.console.delivery.ANSWER_WITHIN_SECONDS", 0.01)

    def silence(_: Inbound) -> httpx.Response:
        raise httpx.ReadTimeout("no answer")

    callback = Callback(silence)
    assert await callback.take(xml(Content="1")) == Delivered(failed=True)
    assert len(callback.seen) == 3
