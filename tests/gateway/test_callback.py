"""The callback through HTTP: answered in time, once in effect, in order, and never acknowledged before it is stored."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
import xmltodict

from bot.duty.roster import RosterFile
from bot.intake import articles, inbox, menu, questions
from bot.intake.desk import Desk
from bot.nlu.safety_net import SafetyNet
from bot.store.models import Message, Reply, Resident
from bot.store.session import Store
from bot.wechat.envelope import open_envelope, open_reply, seal_callback
from bot.wechat.inbound import parse
from tests.gateway.conftest import Gateway, database_away, eventually, open_gateway
from tests.station import Station
from tests.wechat.letters import ACCOUNT, PLAIN, letter
from tests.world import Asked

pytestmark = pytest.mark.anyio
WHERE = questions.load().kinds["armed_threat"]["place"]
ALARM = "有人拿刀在楼下砍人"


def rows(store: Store, table: type[Message | Reply | Resident]) -> int:
    with store.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@contextmanager
def slow_rasa(station: Station, text: str) -> Iterator[Callable[[], None]]:
    """Rasa does not answer this text until it is released (at the latest when the block ends)."""
    released = threading.Event()

    def hold(asked: Asked) -> None:
        if asked.path.endswith("/webhook") and asked.json()["text"] == text:
            released.wait()

    station.rasa.before = hold
    try:
        yield released.set
    finally:
        released.set()


def heard(station: Station) -> list[str]:
    return [message["text"] for message in station.rasa.heard]


# -- one message ---------------------------------------------------------------------------------------------------


async def test_that_the_platform_can_check_in(gateway: Gateway) -> None:
    query, _ = seal_callback(ACCOUNT, letter(), now=gateway.station.clock.now().timestamp())
    answer = await gateway.http.get("/wechat", params=query | {"echostr": "<4711>"})
    assert (answer.status_code, answer.text) == (200, "<4711>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (await gateway.http.get("/wechat", params=query | {"nonce": "x"})).status_code == 403
    assert (await gateway.http.get("/wechat")).status_code == 403


async def test_that_a_message_is_answered_with_a_passive_reply(gateway: Gateway) -> None:
    response = await gateway.post(letter(Content="身份证丢了怎么办"))
    assert gateway.words(response) == "答：身份证丢了怎么办"
    assert "身份证" not in response.text, "the reply is encrypted"
    assert response.headers["content-type"].startswith("application/xml")


async def test_that_a_gateway_in_plain_mode_answers_in_plain(station: Station) -> None:
    async with open_gateway(station, account=PLAIN) as gateway:
        response = await gateway.post(letter(Content="你好"))
        assert "<![CDATA[答：你好]]>" in response.text


async def test_that_an_alarm_is_answered_and_paged(gateway: Gateway) -> None:
    gateway.station.rasa.labels[ALARM] = "urgent_alarm"
    gateway.station.rasa.intents[ALARM] = "urgent_alarm/armed_threat"
    assert await gateway.say(ALARM, message_id=1) == f"答：{ALARM}\n\n{WHERE}"
    await eventually(gateway.station.phone.pages)
    assert gateway.station.phone.take()["officer"] == "甲"


@pytest.mark.parametrize("said", ["]]>", "]]></Content></xml>", "你\x00\x08好", "&lt;&#0;", "{}%s", "<xml>"])
async def test_that_a_residents_own_words_in_the_reply_break_nothing(gateway: Gateway, said: str) -> None:
    written = said.replace("]]>", "]]]]><![CDATA[>")
    answer = await gateway.say(written, message_id=1)
    assert answer == "答：" + said.replace("]]>", "]]＞").replace("\x00", "").replace("\x08", "")


async def test_that_a_text_of_twenty_thousand_characters_is_read_and_answered_in_parts(gateway: Gateway) -> None:
    said = "很长的话。" * 4000
    first = await gateway.say(said, message_id=1)
    assert len(first.encode()) <= 2048
    assert heard(gateway.station) == [said]


@pytest.mark.parametrize(
    "xml_text",
    [
        letter(Content=""),
        letter("event", MsgId="", Event="VIEW", EventKey="http://x/" + "y" * 5000),
        letter("event", MsgId="", Event="LOCATION", Latitude="41.8", Longitude="123.4", Precision="40"),
        letter("event", MsgId="", Event="teleported"),
        letter("event", MsgId="", Event="unsubscribe", CreateTime="9" * 20),
    ],
)
async def test_that_what_needs_no_answer_gets_success_also_when_repeated(gateway: Gateway, xml_text: str) -> None:
    for _ in range(3):
        assert gateway.words(await gateway.post(xml_text)) == "success"
    assert rows(gateway.station.store, Message) == 1


# -- repetitions ---------------------------------------------------------------------------------------------------


async def test_that_three_overlapping_sends_take_effect_once_and_get_the_same_reply(gateway: Gateway) -> None:
    with slow_rasa(gateway.station, "你好") as release:
        sends = [asyncio.create_task(gateway.say("你好", message_id=1)) for _ in range(3)]
        await eventually(lambda: len(gateway.arrived) == 3)
        release()
        assert await asyncio.gather(*sends) == ["答：你好"] * 3
    assert [received.new for received in gateway.arrived] == [True, False, False]
    assert heard(gateway.station) == ["你好"]
    assert (rows(gateway.station.store, Message), rows(gateway.station.store, Reply)) == (1, 1)


async def test_that_sends_which_arrive_at_two_gateways_take_effect_once(station: Station) -> None:
    async with open_gateway(station) as one, open_gateway(station) as other:
        with slow_rasa(station, ALARM) as release:
            station.rasa.labels[ALARM] = "urgent_alarm"
            station.rasa.intents[ALARM] = "urgent_alarm/armed_threat"
            sends = [asyncio.create_task(place.say(ALARM, message_id=1)) for place in (one, other, one)]
            await eventually(lambda: len(one.arrived + other.arrived) == 3)
            release()
            assert await asyncio.gather(*sends) == [f"答：{ALARM}\n\n{WHERE}"] * 3
        assert heard(station) == [ALARM]
        await eventually(station.phone.pages)
        station.phone.take()


async def test_that_a_repetition_after_the_answer_gets_the_same_reply(gateway: Gateway) -> None:
    assert await gateway.say("你好", message_id=1) == "答：你好"
    gateway.station.clock.advance(minutes=3)
    assert await gateway.say("你好", message_id=1) == "答：你好"
    assert heard(gateway.station) == ["你好"]
    assert gateway.station.platform.sent == []


async def test_that_a_repetition_after_a_restart_gets_the_same_reply(station: Station) -> None:
    async with open_gateway(station) as before:
        assert await before.say("你好", message_id=1) == "答：你好"
    async with open_gateway(station) as after:
        assert await after.say("你好", message_id=1) == "答：你好"
    assert heard(station) == ["你好"]


async def test_that_a_message_of_a_process_that_died_is_answered_to_its_repetition(
    station: Station, net: SafetyNet
) -> None:
    now = station.clock.now()
    query, body = seal_callback(ACCOUNT, letter(Content="你好", MsgId="1"), now=now.timestamp())
    inbound = parse(open_envelope(ACCOUNT, query, body, now=now.timestamp()))
    desk = Desk(RosterFile(station.duty_file), (), net, menu.live(), articles.live())
    with station.store.transaction() as session:
        assert inbox.receive(session, inbound, desk, now=now).claimed, "stored and claimed, then the process died"
    async with open_gateway(station) as after:
        again = asyncio.create_task(after.say("你好", message_id=1))
        await eventually(lambda: after.arrived)
        station.clock.advance(seconds=9)
        assert await again == "答：你好"
    assert rows(station.store, Message) == 1


async def test_that_the_same_message_id_of_two_residents_is_two_messages(gateway: Gateway) -> None:
    assert await gateway.say("甲说", message_id=1, openid="oA") == "答：甲说"
    assert await gateway.say("乙说", message_id=1, openid="oB") == "答：乙说"


async def test_that_following_is_welcomed_once_for_each_time(gateway: Gateway) -> None:
    follow = letter("event", MsgId="", Event="subscribe")
    scan = letter("event", MsgId="", Event="subscribe", EventKey="qrscene_door", CreateTime="1767614500")
    welcome = gateway.words(await gateway.post(follow))
    assert "大东门派出所" in welcome
    assert gateway.words(await gateway.post(follow)) == welcome
    assert (rows(gateway.station.store, Message), rows(gateway.station.store, Reply)) == (1, 1)
    assert gateway.words(await gateway.post(scan)) == welcome, "whoever scans the station's code follows too"
    assert rows(gateway.station.store, Reply) == 2


# -- the menu ------------------------------------------------------------------------------------------------------


def tap(key: str) -> str:
    return letter("event", MsgId="", Event="CLICK", EventKey=key)


async def test_that_a_tap_is_answered_by_rasa_with_a_passive_reply(gateway: Gateway) -> None:
    assert gateway.words(await gateway.post(tap("services:dog_licence"))) == "答：我要办犬证"
    assert heard(gateway.station) == ["我要办犬证"]


async def test_that_the_latest_article_is_a_passive_card_also_when_repeated(gateway: Gateway) -> None:
    for _ in range(2):
        response = await gateway.post(tap("news:articles"))
        reply = xmltodict.parse(open_reply(gateway.account, response.text))["xml"]
        assert (reply["MsgType"], reply["ArticleCount"]) == ("news", "1")
        assert reply["Articles"]["item"]["Title"].startswith("【示例】")
    assert rows(gateway.station.store, Reply) == 2, "the card and the list"


# -- time ----------------------------------------------------------------------------------------------------------


async def test_that_a_late_answer_follows_as_a_customer_service_message(station: Station) -> None:
    async with open_gateway(station, answer_within=timedelta(seconds=0.2)) as gateway:
        with slow_rasa(station, "你好") as release:
            assert await gateway.say("你好", message_id=1) == "success"
            assert station.platform.sent == []
            release()
            await eventually(lambda: rows(station.store, Reply))
            await eventually(lambda: advance_and_see(station))
        assert station.platform.sent == [("oA", "答：你好")]
        assert await gateway.say("你好", message_id=1) == "success", "what was sent already is not sent again"


async def test_that_a_reply_settled_as_its_request_ceased_to_wait_is_not_lost(station: Station) -> None:
    async with open_gateway(station, answer_within=timedelta(seconds=0.2)) as gateway:
        with slow_rasa(station, "你好") as release:
            assert await gateway.say("你好", message_id=1) == "success"
            gateway.parts.engine.waiting.anyone_for = lambda _id: True  # type: ignore[method-assign] # a moment ago
            release()
            await eventually(lambda: rows(station.store, Reply))
            await eventually(lambda: advance_and_see(station))
        assert station.platform.sent == [("oA", "答：你好")]


def advance_and_see(station: Station) -> bool:
    """Let time pass until a customer-service message has gone out."""
    station.clock.advance(seconds=1)
    return bool(station.platform.sent)


async def test_that_residents_do_not_wait_for_each_other(gateway: Gateway) -> None:
    with slow_rasa(gateway.station, "慢") as release:
        slow = asyncio.create_task(gateway.say("慢", message_id=1, openid="oA"))
        await eventually(lambda: heard(gateway.station) == ["慢"])
        assert await gateway.say("快", message_id=2, openid="oB") == "答：快"
        assert not slow.done()
        release()
        assert await slow == "答：慢"


async def test_that_one_residents_messages_are_handled_in_order(gateway: Gateway) -> None:
    with slow_rasa(gateway.station, "一") as release:
        sends = []
        for number, text in enumerate(["一", "二", "三"], start=1):
            sends.append(asyncio.create_task(gateway.say(text, message_id=number)))
            await eventually(lambda number=number: len(gateway.arrived) == number)
        assert await gateway.say("别人", message_id=9, openid="oB") == "答：别人"
        assert heard(gateway.station) == ["一", "别人"]
        release()
        assert await asyncio.gather(*sends) == ["答：一", "答：二", "答：三"]
    assert heard(gateway.station) == ["一", "别人", "二", "三"]


async def test_that_an_alarm_behind_a_slow_message_is_paged_before_it_is_its_turn(gateway: Gateway) -> None:
    with slow_rasa(gateway.station, "你好") as release:
        sends = [asyncio.create_task(gateway.say("你好", message_id=1))]
        await eventually(lambda: heard(gateway.station))
        sends.append(asyncio.create_task(gateway.say(ALARM, message_id=2)))
        await eventually(lambda: len(gateway.arrived) == 2)
        gateway.station.clock.advance(seconds=2)
        await eventually(gateway.station.phone.pages)
        assert gateway.station.phone.take()["label"] == "urgent_alarm"
        assert heard(gateway.station) == ["你好"]
        release()
        await asyncio.gather(*sends)


async def test_that_an_engine_that_ended_by_an_error_begins_again(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(station, answer_within=timedelta(hours=1))
    monkeypatch.setattr("bot.gateway.app._BEGIN_AGAIN_SECONDS", 0)
    run, beginnings = gateway.parts.engine.run, []

    async def end_the_first_time() -> None:
        beginnings.append(1)
        if len(beginnings) == 1:
            raise RuntimeError("a line ended")
        await run()

    gateway.parts.engine.run = end_the_first_time  # type: ignore[method-assign]
    async with gateway.app.router.lifespan_context(gateway.app), gateway.http:
        await gateway.say(ALARM, message_id=1)
        await eventually(station.phone.pages)
        station.phone.take()
    assert len(beginnings) == 2


# -- the database away ---------------------------------------------------------------------------------------------


async def test_that_nothing_is_acknowledged_while_the_database_is_away(on_postgres: Station, postgres_url: str) -> None:
    async with open_gateway(on_postgres) as gateway:
        await gateway.say("早", message_id=1)
        with database_away(postgres_url):
            for _ in range(2):
                response = await gateway.post(letter(Content="你好", MsgId="2"))
                assert response.status_code == 503
                assert "success" not in response.text
        assert await gateway.say("你好", message_id=2) == "答：你好"
    assert heard(on_postgres) == ["早", "你好"]


async def test_that_a_message_stored_before_the_database_went_away_is_answered_all_the_same(
    on_postgres: Station, postgres_url: str
) -> None:
    async with open_gateway(on_postgres, answer_within=timedelta(seconds=1)) as gateway:
        with slow_rasa(on_postgres, "你好") as release:
            first = asyncio.create_task(gateway.say("你好", message_id=1))
            await eventually(lambda: heard(on_postgres))
            with database_away(postgres_url):
                release()
                assert await first == "success", "it is stored"
        await eventually(lambda: advance_and_see(on_postgres))
    assert on_postgres.platform.sent == [("oA", "答：你好")]
    assert rows(on_postgres.store, Message) == 1
