"""When Rasa is back, what only the safety net had read is read again: once, and it can only raise."""

import asyncio

import pytest
import sqlalchemy as sa

from bot.duty import handling
from bot.nlu.triage import URGENT
from bot.store.models import LATE, Case, CaseId, CaseState, Message, Resident
from tests.intake.rows import change, rows
from tests.station import Station
from tests.world import Answer, Asked

pytestmark = pytest.mark.anyio
DANGER = "他又来了怎么办啊"  # says nothing to the net


async def unread(station: Station, *texts: str, openid: str = "oA") -> None:
    """Texts that came while Rasa was down."""
    station.rasa.status = 503
    for text in texts:
        await station.deliver(text, openid=openid)
    station.phone.expect_silence()


async def rasa_is_back(station: Station, **labels: str) -> None:
    station.rasa.status, station.rasa.labels = 200, labels
    for _ in range(4):
        station.clock.advance(seconds=8)
        await station.engine.run_due()


async def test_that_what_the_net_missed_is_paged_then_and_once(station: Station) -> None:
    await unread(station, DANGER)
    await rasa_is_back(station, **{DANGER: URGENT})
    assert station.phone.take()["label"] == URGENT
    (case,) = rows(station, Case)
    (message,) = rows(station, Message)
    assert (case.label, case.uncertain, message.read_by_model) == (URGENT, False, True)
    assert (message.triage or {})["label"] == URGENT
    assert (message.model, message.payload[LATE]) == ("scripted", True)
    assert len([asked for asked in station.rasa.server.asked if asked.path.endswith("/triage")]) == 1


async def test_that_an_acknowledged_request_pages_when_it_proves_to_be_an_alarm(station: Station) -> None:
    await unread(station, DANGER)
    with station.store.transaction() as session:
        handling.acknowledge(session, CaseId(1), officer="甲", now=station.clock.now())
    await rasa_is_back(station, **{DANGER: URGENT})
    assert station.phone.take()["level"] == 0


async def test_that_an_alarm_found_again_joins_the_alarm_that_is_open(station: Station) -> None:
    await unread(station, "想问个事情啊")
    station.clock.advance(hours=1)
    await station.deliver("有人拿刀在楼下砍人")
    assert station.phone.take()["level"] == 0
    assert len(rows(station, Case)) == 2
    await rasa_is_back(station, 想问个事情啊=URGENT)
    assert [message.case_id for message in rows(station, Message)] == [2, 2]
    assert [case.label for case in rows(station, Case)] == ["help_request", URGENT]


@pytest.mark.parametrize("label", ["tip", "enquiry", "other"])
async def test_that_it_lowers_nothing(station: Station, label: str) -> None:
    """The resident was told that a person will read it."""
    await unread(station, "你们几点上班")
    await rasa_is_back(station, 你们几点上班=label)
    (case,) = rows(station, Case)
    assert (case.label, case.state) == ("help_request", CaseState.OPEN)


async def test_that_a_request_becomes_a_certain_one(station: Station) -> None:
    await unread(station, "我家狗丢了")
    await rasa_is_back(station, 我家狗丢了="help_request")
    (case,) = rows(station, Case)
    assert (case.intent, case.uncertain) == ("help_request/scripted", False)


async def test_that_a_closed_case_stays_closed(station: Station) -> None:
    await unread(station, DANGER)
    change(station, sa.update(Case).values(state=CaseState.CLOSED))
    await rasa_is_back(station, **{DANGER: URGENT})
    assert rows(station, Case)[0].label == "help_request"


async def test_that_fragments_are_read_again_together(station: Station) -> None:
    await unread(station, "那个人", "又来了")
    await rasa_is_back(station)
    asked = [asked.json() for asked in station.rasa.server.asked if asked.path.endswith("/triage")]
    assert ("又来了", ["那个人"]) in [(body["text"], body["fragments"]) for body in asked]


async def test_that_the_conversation_is_asked_whether_it_understood_the_message_too_late(station: Station) -> None:
    await unread(station, DANGER)
    await rasa_is_back(station)
    (asked,) = [asked.json() for asked in station.rasa.server.asked if asked.path.endswith("/triage")]
    (message,) = rows(station, Message)
    with station.store.reading() as session:
        pseudonym = session.get_one(Resident, message.resident_id).pseudonym
    assert (asked["sender"], asked["message_id"], asked["redelivery"]) == (pseudonym, str(message.id), True)


async def test_that_a_text_that_rasa_stumbles_over_keeps_no_other_waiting(station: Station) -> None:
    await unread(station, "这句话总是出错")
    await unread(station, DANGER, openid="oB")

    shipped = station.rasa.server.respond

    def stumble(asked: Asked) -> Answer:
        return Answer(500) if asked.body and "总是出错" in asked.json()["text"] else shipped(asked)

    station.rasa.server.respond = stumble
    await rasa_is_back(station, **{DANGER: URGENT})
    assert station.phone.take()["case_id"] == 2
    assert [message.read_by_model for message in rows(station, Message)] == [False, True]


async def test_that_two_engines_page_once(station: Station) -> None:
    await unread(station, DANGER)
    station.rasa.status, station.rasa.labels = 200, {DANGER: URGENT}
    station.clock.advance(seconds=8)
    other = station.new_engine()
    await asyncio.gather(station.engine.run_due(), other.run_due())
    station.clock.advance(seconds=8)
    await asyncio.gather(station.engine.run_due(), other.run_due())
    assert station.phone.take()["level"] == 0
    await other.close()
