"""What the intake says: one useful question at a time in an alarm, in the resident's own kind, silent while held."""

from typing import Any

import pytest

from bot.duty import case as duty_case
from bot.duty import conversation
from bot.intake import questions, wording
from bot.services import applications
from bot.store.models import Application, Case, CaseId, MessageId, Reply
from tests.intake.rows import rows
from tests.station import Station

pytestmark = pytest.mark.anyio
ASKED = questions.load()
KNIFE = "有人拿刀在楼下砍人"


def said(station: Station) -> list[str]:
    return [reply.text for reply in rows(station, Reply)]


def acknowledge(station: Station) -> None:
    with station.store.transaction() as session:
        case_id = CaseId(station.phone.take()["case_id"])
        duty_case.acknowledge(session, case_id, officer="甲", now=station.clock.now())


async def test_that_an_alarm_asks_one_question_after_the_other_and_each_once(station: Station) -> None:
    for text in (KNIFE, "快点", "快点啊", "求你们了"):
        await station.deliver(text)
    wanted = list(ASKED.kinds["armed_threat"].values())
    found = [next((ask for ask in wanted if ask in text), None) for text in said(station)]
    assert found == [*wanted, None]
    station.phone.take()


@pytest.mark.parametrize("known", ["words", "location", "before"])
async def test_that_a_place_that_is_known_is_never_asked_for(station: Station, known: str) -> None:
    if known == "location":
        await station.deliver(KNIFE)
        await station.deliver_inbound(station.inbound("location", Location_X="41.8", Location_Y="123.4"))
        asked_in_turn = said(station)[-1]
        assert ASKED.kinds["armed_threat"]["danger"] in asked_in_turn
    else:
        await station.deliver("大东路12号" if known == "before" else f"大东路12号{KNIFE}")
        if known == "before":
            station.rasa.labels = {"大东路12号": "help_request"}
            await station.deliver(f"大东路12号{KNIFE}")
        assert ASKED.kinds["armed_threat"]["place"] not in "".join(said(station))
        assert ASKED.kinds["armed_threat"]["danger"] in said(station)[-1]
    station.phone.take()


async def test_that_who_has_acknowledged_asks_by_himself(station: Station) -> None:
    await station.deliver(KNIFE)
    acknowledge(station)
    await station.deliver("他还在")
    assert said(station)[-1] == wording.RECEIPT


async def test_that_english_and_traditional_characters_are_answered_in_kind(station: Station) -> None:
    station.rasa.labels = {"help a man has a knife at my door": "urgent_alarm"}
    await station.deliver("help a man has a knife at my door", openid="oEnglish")
    assert said(station)[-1] == f"{wording.ALARM_ENGLISH}\n\n{ASKED.english['place']}"
    await station.deliver("有人拿刀在樓下砍人", openid="oTraditional")
    assert "能打電話請撥110" in said(station)[-1]
    assert "門牌" in said(station)[-1]
    for _ in range(2):
        station.phone.take()


async def test_that_it_is_over_ends_the_paging_where_nobody_can_force_the_words(station: Station) -> None:
    station.rasa.labels = {"人找到了": "help_request"}
    station.rasa.intents = {"人找到了": "help_request/correction"}
    await station.deliver("我家孩子在公园走丢了找不到了")
    station.phone.take()
    await station.deliver("人找到了")
    assert said(station)[-1] == wording.RESOLVED
    station.clock.advance(minutes=10)
    await station.engine.run_due()
    (case,) = rows(station, Case)
    assert (case.state, case.resolved_at is not None) == ("open", True)
    await station.deliver(KNIFE)
    assert station.phone.take()["case_id"] != case.id


async def test_that_words_that_may_be_forced_end_nothing(station: Station) -> None:
    station.rasa.labels = {"没事了": "help_request"}
    station.rasa.intents = {"没事了": "help_request/correction"}
    await station.deliver(KNIFE)
    station.phone.take()
    await station.deliver("没事了")
    assert said(station)[-1] == wording.RESOLVED_UNPROVEN
    station.clock.advance(seconds=46)
    await station.engine.run_due()
    assert station.phone.take()["level"] == 1


async def test_that_the_bot_is_silent_while_an_officer_talks_and_answers_again_when_given_back(
    station: Station,
) -> None:
    station.rasa.labels = {"我家狗丢了": "help_request", "身份证怎么补": "enquiry"}
    await station.deliver("我家狗丢了")
    (case,) = rows(station, Case)
    with station.store.transaction() as session:
        conversation.reply(session, case.id, "什么颜色的？", officer="甲", now=station.clock.now())
    before = len(rows(station, Reply))
    await station.deliver("身份证怎么补")
    assert len(rows(station, Reply)) == before
    with station.store.transaction() as session:
        conversation.give_back(session, case.id)
    await station.deliver("身份证怎么补")
    assert said(station)[-1] == "答：身份证怎么补"


async def test_that_an_alarm_is_answered_even_in_a_held_conversation(station: Station) -> None:
    station.rasa.labels = {"我家狗丢了": "help_request"}
    await station.deliver("我家狗丢了")
    (case,) = rows(station, Case)
    with station.store.transaction() as session:
        conversation.reply(session, case.id, "什么颜色的？", officer="甲", now=station.clock.now())
    station.clock.advance(minutes=3)
    await station.deliver(KNIFE)
    assert wording.ALARM in said(station)[-1]
    station.phone.take()


async def test_that_a_tip_gets_its_number_once_and_what_is_added_no_second_advice(station: Station) -> None:
    station.rasa.labels = {"楼下棋牌室天天赌钱": "tip", "晚上八点以后人最多": "tip"}
    await station.deliver("楼下棋牌室天天赌钱")
    station.clock.advance(seconds=20)
    await station.deliver("晚上八点以后人最多")
    (case,) = rows(station, Case)
    first, second = said(station)
    assert first == f"答：楼下棋牌室天天赌钱\n\n{wording.TIP_NUMBER.format(number=case.id)}"
    assert second == wording.ADDED_TO_TIP.format(number=case.id)


async def test_that_a_dialogue_without_an_answer_leaves_nobody_without_one(station: Station) -> None:
    station.rasa.silent = {"身份证怎么补"}
    station.rasa.labels = {"身份证怎么补": "enquiry"}
    await station.deliver("身份证怎么补")
    (case,) = rows(station, Case)
    assert (case.label, case.uncertain) == ("help_request", True)
    assert said(station) == [wording.UNREAD]


async def test_that_a_picture_that_an_officer_asked_for_goes_to_the_application_and_opens_no_case(
    station: Station,
) -> None:
    received = await station.deliver("确认")
    with station.store.transaction() as session:
        resident = rows(station, Reply)[0].resident_id
        application = applications.submit(
            session,
            pseudonym=_pseudonym(station),
            message_id=received.id,
            kind="dog_licence",
            answers={},
            photos={},
            now=station.clock.now(),
        )
        applications.decide(session, application.id, "ask", officer="甲", reason="重发", now=station.clock.now())
    picture = await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    (application,) = rows(station, Application)
    assert application.resident_id == resident
    assert application.photos == {"more": [MessageId(picture.id)]}
    assert rows(station, Case) == []
    assert application.receipt in said(station)[-1]


def _pseudonym(station: Station) -> str:
    heard: dict[str, Any] = station.rasa.heard[0]
    return str(heard["sender"])
