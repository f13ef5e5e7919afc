"""Pictures and locations join what their resident is telling, before or after them."""

import pytest

from bot.intake import wording
from bot.nlu.unspoken import withdraws
from bot.store.models import Case, Message, Reply
from tests.intake.rows import rows
from tests.station import Station

pytestmark = pytest.mark.anyio
GAMBLING = "楼下棋牌室天天赌钱"


async def test_that_a_picture_after_a_tip_is_a_part_of_it(station: Station) -> None:
    station.rasa.labels = {GAMBLING: "tip"}
    await station.deliver(GAMBLING)
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    (case,) = rows(station, Case)
    assert [message.case_id for message in rows(station, Message)] == [case.id, case.id]
    assert rows(station, Reply)[-1].text == wording.ADDED_TO_TIP[1].format(number=case.id)


async def test_that_the_words_after_a_picture_say_what_it_is_and_get_their_advice_and_number(station: Station) -> None:
    station.rasa.labels = {GAMBLING: "tip"}
    await station.deliver_inbound(station.inbound("location", Label="大东路"))
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    assert [reply.text for reply in rows(station, Reply)] == [wording.MEDIA_ALONE, wording.PICTURE_AGAIN]
    await station.deliver(GAMBLING)
    (case,) = rows(station, Case)
    assert (case.label, case.uncertain) == ("tip", False)
    assert rows(station, Reply)[-1].text == f"答：{GAMBLING}\n\n{wording.TIP_NUMBER.format(number=case.id)}"


async def test_that_what_was_told_long_ago_takes_no_picture(station: Station) -> None:
    station.rasa.labels = {GAMBLING: "tip"}
    await station.deliver(GAMBLING)
    station.clock.advance(minutes=31)
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    assert [case.label for case in rows(station, Case)] == ["tip", "help_request"]
    assert rows(station, Reply)[-1].text == wording.MEDIA_ALONE


async def test_that_a_picture_behind_a_plain_question_goes_with_it_and_opens_no_case(station: Station) -> None:
    station.rasa.labels = {"身份证消磁了收多少钱": "enquiry"}
    await station.deliver("身份证消磁了收多少钱")
    await station.deliver_inbound(station.inbound("image", MediaId="m1"))
    assert rows(station, Case) == []
    assert rows(station, Reply)[-1].text == wording.PICTURE_OF_QUESTION


@pytest.mark.parametrize(("kind", "minutes", "sure"), [("voice", 0, 0.9), ("image", 11, 0.9), ("image", 0, 0.5)])
async def test_that_a_voice_a_late_picture_and_one_behind_a_doubtful_question_are_seen_by_a_human(
    station: Station, kind: str, minutes: int, sure: float
) -> None:
    station.rasa.labels, station.rasa.confidence = {"那边咋办": "enquiry"}, {"那边咋办": sure}
    await station.deliver("那边咋办")
    station.clock.advance(minutes=minutes)
    await station.deliver_inbound(station.inbound(kind, MediaId="m1"))
    assert [case.label for case in rows(station, Case)] == ["help_request"]


async def test_that_a_request_in_words_keeps_what_it_is(station: Station) -> None:
    station.rasa.labels = {"我家狗丢了": "help_request", GAMBLING: "tip"}
    await station.deliver("我家狗丢了")
    await station.deliver(GAMBLING)
    assert [case.label for case in rows(station, Case)] == ["help_request", "tip"]


async def test_that_how_one_wants_to_be_reached_is_a_part_of_the_tip_before_it(station: Station) -> None:
    wish = "行了 就这些 别给我打电话"
    station.rasa.labels = {GAMBLING: "tip", wish: "other"}
    await station.deliver(GAMBLING)
    await station.deliver(wish)
    (case,) = rows(station, Case)
    assert [message.case_id for message in rows(station, Message)] == [case.id, case.id]
    assert rows(station, Reply)[-1].text == wording.NO_CALLS


async def test_that_a_complaint_taken_back_is_told_to_the_officers(station: Station) -> None:
    complaint, over = "你们窗口态度太差", "投诉先不用了 刚才骂你不好意思哈"
    station.rasa.labels = {complaint: "help_request", over: "other"}
    await station.deliver(complaint)
    await station.deliver(over)
    (case,) = rows(station, Case)
    assert rows(station, Message)[-1].case_id == case.id
    assert rows(station, Reply)[-1].text == wording.WITHDRAWN


async def test_that_a_question_behind_a_tip_given_up_is_not_the_officers_to_answer(station: Station) -> None:
    over, asked = "算了不举报了", "捡着条小狗送哪儿"
    station.rasa.labels = {GAMBLING: "tip", over: "tip", asked: "enquiry"}
    station.rasa.intents = {asked: "enquiry/lost_found_howto"}
    for text in (GAMBLING, over, asked):
        await station.deliver(text)
    assert [message.case_id is None for message in rows(station, Message)] == [False, False, True]
    assert rows(station, Reply)[-1].text != wording.ASKED


async def test_that_a_number_to_call_back_on_is_a_part_of_the_request_before_it(station: Station) -> None:
    asked, number = "我那电动车有信儿没有", "行了 你记着我电话13332419068 回见"
    station.rasa.labels = {asked: "help_request", number: "other"}
    await station.deliver(asked)
    await station.deliver(number)
    (case,) = rows(station, Case)
    assert rows(station, Message)[-1].case_id == case.id
    assert rows(station, Reply)[-1].text == wording.CONTACT_TAKEN


async def test_that_such_words_with_nothing_before_them_are_talk(station: Station) -> None:
    station.rasa.labels = {"别给我打电话": "other"}
    await station.deliver("别给我打电话")
    assert rows(station, Case) == []


@pytest.mark.parametrize("text", ["我要投诉 他不办", "举报了半天没人管", "他不让我投诉", "这事你们管不管"])
def test_that_nobody_takes_back_what_they_press(text: str) -> None:
    assert not withdraws(text)


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("上周四晚上 警号我没记", True),
        ("窗口那个姓王的", True),
        ("上周报的 到现在没消息", False),
        ("我的事几号能办完", False),
    ],
)
def test_that_details_ask_after_nothing(text: str, details: bool) -> None:
    assert wording.only_details(text) == details
