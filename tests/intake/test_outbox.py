"""Replies that go out by themselves: in order, within the platform's rules, and visible when they cannot."""

import asyncio

import pytest
import sqlalchemy as sa

from bot.console.demo_media import picture
from bot.store.models import Message, Reply, WorkState
from tests.intake.rows import rows
from tests.station import Station
from tests.world import Answer, Asked

pytestmark = pytest.mark.anyio


async def written(station: Station, *texts: str, openid: str = "oA") -> None:
    """A resident wrote, and these replies are to follow."""
    received = await station.deliver("你好", openid=openid)
    now = station.clock.now()
    with station.store.transaction() as session:
        resident_id = session.get_one(Message, received.id).resident_id
        session.execute(sa.delete(Reply).where(Reply.resident_id == resident_id))
        session.add_all(Reply(resident_id=resident_id, text=text, created_at=now, due_at=now) for text in texts)


async def test_that_the_parts_of_an_answer_arrive_in_their_order(station: Station) -> None:
    await written(station, "一", "二", "三", "四")
    await written(station, "甲", "乙", openid="oB")
    await station.engine.run_due()
    assert [text for openid, text in station.platform.sent if openid == "oA"] == ["一", "二", "三", "四"]
    assert [text for openid, text in station.platform.sent if openid == "oB"] == ["甲", "乙"]


async def test_that_no_more_than_five_follow_a_message_and_the_rest_is_visible(station: Station) -> None:
    await written(station, *"一二三四五六七")
    for _ in range(2):
        await station.engine.run_due()
    assert "".join(text for _, text in station.platform.sent) == "一二三四五"
    left = rows(station, Reply)[5:]
    assert [reply.state for reply in left] == [WorkState.FAILED, WorkState.FAILED]
    assert "5 messages have been sent" in (left[0].error or "")


async def test_that_a_new_message_of_the_resident_gives_five_more(station: Station) -> None:
    await written(station, *"一二三四五")
    await station.engine.run_due()
    station.clock.advance(seconds=1)
    await station.deliver("在吗")
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert station.platform.sent[-1] == ("oA", "答：在吗")


@pytest.mark.parametrize(("seconds", "sent"), [(0, True), (1, False)])
async def test_that_after_48_hours_nothing_is_sent_and_it_is_visible(
    station: Station, seconds: int, sent: bool
) -> None:
    await written(station, "您好")
    station.clock.advance(hours=48, seconds=seconds)
    await station.engine.run_due()
    (reply,) = rows(station, Reply)
    assert station.platform.sent == ([("oA", "您好")] if sent else [])
    assert reply.error == (None if sent else "the 48-hour window is over")
    assert reply.state == (WorkState.DONE if sent else WorkState.FAILED)


@pytest.mark.parametrize("code", [45015, 45047, 43004])
async def test_that_what_the_platform_will_never_take_is_undelivered_at_once(station: Station, code: int) -> None:
    station.platform.send_error = code
    await written(station, "您好")
    await station.engine.run_due()
    (reply,) = rows(station, Reply)
    assert (reply.state, reply.attempts, reply.sent_at) == (WorkState.FAILED, 1, None)
    assert str(code) in (reply.error or "")


async def test_that_other_refusals_are_tried_again_with_growing_waits_until_given_up(station: Station) -> None:
    station.platform.send_error = 45011
    await written(station, "您好")
    waits = []
    while rows(station, Reply)[0].state == WorkState.PENDING:
        await station.engine.run_due()
        waits.append((rows(station, Reply)[0].due_at - station.clock.now()).total_seconds())
        station.clock.moment = max(station.clock.moment, rows(station, Reply)[0].due_at)
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    (reply,) = rows(station, Reply)
    assert (reply.state, reply.attempts) == (WorkState.FAILED, 8)
    assert "45011" in (reply.error or "")


async def test_that_a_platform_that_is_away_for_a_moment_loses_no_reply_and_no_order(station: Station) -> None:
    await written(station, "一", "二")
    shipped, station.platform.server.respond = station.platform.server.respond, lambda _asked: Answer(502, b"bad")
    await station.engine.run_due()
    assert [reply.attempts for reply in rows(station, Reply)] == [1, 0], "the second part waits for the first"
    station.platform.server.respond = shipped
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert station.platform.sent == [("oA", "一"), ("oA", "二")]
    assert [reply.error for reply in rows(station, Reply)] == [None, None]


async def test_that_a_token_that_was_voided_is_renewed(station: Station) -> None:
    await written(station, "一")
    await station.engine.run_due()
    station.platform.token = "token-2"
    await written(station, "二")
    await station.engine.run_due()
    assert [text for _, text in station.platform.sent] == ["一", "二"]
    assert rows(station, Reply)[-1].attempts == 1


async def test_that_a_token_that_is_refused_for_ever_ends_undelivered(station: Station) -> None:
    shipped = station.platform.server.respond

    def refuse(asked: Asked) -> Answer:
        if asked.path.endswith("/send"):
            return Answer(body=b'{"errcode": 40001, "errmsg": "invalid credential"}')
        return shipped(asked)

    station.platform.server.respond = refuse
    await written(station, "您好")
    for _ in range(10):
        await station.engine.run_due()
        station.clock.advance(seconds=60)
    (reply,) = rows(station, Reply)
    assert (reply.state, reply.attempts) == (WorkState.FAILED, 8)
    assert "secret" not in (reply.error or "")
    assert "token-1" not in (reply.error or "")


async def test_that_an_answer_nobody_foresaw_is_a_failed_attempt_not_a_stuck_reply(station: Station) -> None:
    """A token answer without a token: the client stumbles instead of refusing."""
    station.platform.server.respond = lambda _asked: Answer(body=b'{"errcode": 0}')
    await written(station, "您好")
    for _ in range(10):
        await station.engine.run_due()
        station.clock.advance(seconds=60)
    (reply,) = rows(station, Reply)
    assert reply.state == WorkState.FAILED
    assert reply.error


async def test_that_two_engines_send_a_reply_once(station: Station) -> None:
    other = station.new_engine()
    await written(station, "一", "二")
    await asyncio.gather(station.engine.run_due(), other.run_due())
    await station.engine.run_due()
    assert [text for _, text in station.platform.sent] == ["一", "二"]
    await other.close()


async def pictured(station: Station, content: bytes) -> None:
    """An officer sends a picture to a resident who wrote."""
    await written(station)
    digest = station.evidence.keep(content)
    now = station.clock.now()
    with station.store.transaction() as session:
        resident_id = session.scalars(sa.select(Message.resident_id)).one()
        session.add(
            Reply(resident_id=resident_id, author="甲", text="[图片]", picture=digest, created_at=now, due_at=now)
        )


async def test_that_a_picture_is_lent_to_the_platform_and_sent_as_one(station: Station) -> None:
    await pictured(station, picture())
    await station.engine.run_due()
    assert station.platform.sent == [("oA", {"picture": "0"})]
    (form,) = station.platform.uploads
    assert picture() in form
    assert b'name="media"; filename="picture.png"' in form
    assert b"Content-Type: image/png" in form
    assert rows(station, Reply)[0].state == WorkState.DONE


async def test_that_a_picture_that_is_refused_is_tried_again_and_one_that_is_not_there_is_undelivered(
    station: Station,
) -> None:
    await pictured(station, picture())
    station.platform.send_error = 45011
    await station.engine.run_due()
    assert rows(station, Reply)[0].state == WorkState.PENDING
    station.platform.send_error = 0
    (digest,) = {reply.picture for reply in rows(station, Reply)}
    station.evidence.path(str(digest)).unlink()
    for _ in range(10):
        station.clock.advance(seconds=60)
        await station.engine.run_due()
    (reply,) = rows(station, Reply)
    assert (reply.state, station.platform.sent) == (WorkState.FAILED, [])
    assert "cannot be read" in (reply.error or "")


async def test_that_an_officers_words_do_not_wait_behind_a_picture_that_cannot_be_sent(station: Station) -> None:
    await pictured(station, picture())
    (broken,) = rows(station, Reply)
    station.evidence.path(str(broken.picture)).unlink()
    await station.engine.run_due()
    now = station.clock.now()
    with station.store.transaction() as session:
        for text in ("躲好，别出声", "我们到楼下了"):
            session.add(Reply(resident_id=broken.resident_id, author="甲", text=text, created_at=now, due_at=now))
    await station.engine.run_due()
    assert station.platform.sent == [("oA", "躲好，别出声"), ("oA", "我们到楼下了")]
    assert rows(station, Reply)[0].state == WorkState.PENDING
