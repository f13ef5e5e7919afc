"""What the intake says: one useful question at a time in an alarm, in the resident's own kind, silent while held."""

from typing import Any

import pytest

from bot.duty import conversation, handling
from bot.duty.case import TOLD_OVER
from bot.intake import advice, questions, wording
from bot.intake.advice import Moment
from bot.nlu.turns import Turn
from bot.services import applications
from bot.store.models import Application, Case, CaseId, Message, MessageId, Reply
from tests.intake.rows import rows
from tests.station import Station

pytestmark = pytest.mark.anyio
ASKED = questions.load()
KNIFE = "有人拿刀在楼下砍人"


def said(station: Station) -> list[str]:
    return [reply.text for reply in rows(station, Reply)]


async def deliver_as(station: Station, text: str, intent: str) -> None:
    """Deliver a text that the model reads as this fine intent."""
    station.rasa.labels[text], station.rasa.intents[text] = intent.partition("/")[0], intent
    await station.deliver(text)


def acknowledge(station: Station) -> None:
    with station.store.transaction() as session:
        case_id = CaseId(station.phone.take()["case_id"])
        handling.acknowledge(session, case_id, officer="甲", now=station.clock.now())


async def test_that_an_alarm_asks_one_question_after_the_other_and_each_once(station: Station) -> None:
    for text in (KNIFE, "大东路12号", "快点啊", "求你们了"):
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


async def test_that_a_place_that_stays_unknown_is_asked_for_again_at_once_and_last_when_nothing_else_is_left(
    station: Station,
) -> None:
    for text in (KNIFE, "他还在砍", "我不敢出去", "血流了一地", "快点", "求你们了"):
        await station.deliver(text)
    told = said(station)
    assert [ASKED.again["default"] in text for text in told] == [False, True, False, False, False, False]
    assert sum(ASKED.again["last"] in text for text in told) == 1, "nobody can go to no place"
    await station.deliver(KNIFE, openid="oB")
    for text in ("大东路12号", "他还在砍"):
        await station.deliver(text, openid="oB")
    assert ASKED.again["default"] not in "".join(said(station)[-2:])
    for _ in range(2):
        station.phone.take()


async def test_that_who_has_acknowledged_asks_by_himself(station: Station) -> None:
    await station.deliver(KNIFE)
    acknowledge(station)
    await station.deliver("他还在")
    assert "？" not in said(station)[-1]


async def test_that_english_and_traditional_characters_are_answered_in_kind(station: Station) -> None:
    station.rasa.labels = {"help a man has a knife at my door": "urgent_alarm"}
    await station.deliver("help a man has a knife at my door", openid="oEnglish")
    guidance = said(station)[-1]
    assert guidance.startswith(wording.ALARM_ENGLISH)
    assert guidance.endswith(ASKED.english["place"])
    assert any(said in guidance for said in advice.load().english_first.values())
    await station.deliver("有人拿刀在樓下砍人", openid="oTraditional")
    assert "能打電話請撥110" in said(station)[-1]
    assert "門牌" in said(station)[-1]
    for _ in range(2):
        station.phone.take()


async def test_that_a_wrong_house_number_put_right_ends_no_paging(station: Station) -> None:
    right = "刚才说错了 津桥路17号 不是7号"
    await deliver_as(station, "孩子没了", "urgent_alarm/missing_child")
    await deliver_as(station, right, "help_request/correction")
    assert wording.RESOLVED_UNPROVEN not in said(station)
    (case,) = rows(station, Case)
    assert case.resolved_at is None
    station.phone.take()


async def test_that_a_swindler_who_hears_typing_hides_no_guidance(station: Station) -> None:
    heard = "他在电话里听见我打字 问我跟谁发呢"
    for text in ("骗子让我现在转账 我正在转", heard):
        await deliver_as(station, text, "urgent_alarm/fraud_transfer")
    assert rows(station, Case)[0].silent
    assert said(station)[-1] not in (wording.SILENT_RECEIPT, wording.SILENT_ASKED)
    station.phone.take()


async def test_that_whoever_asks_for_the_number_of_a_tip_is_told_it(station: Station) -> None:
    for text in ("烟酒店里屋有赌局", "给我个编号啥的 过一阵我好打听"):
        await deliver_as(station, text, "tip/gambling")
    await deliver_as(station, "那有没有个号啥的 我咋知道你们去没去", "enquiry/tip_howto")
    assert said(station)[1:] == [wording.TIP_NUMBER.format(number=rows(station, Case)[0].id)] * 2


async def test_that_who_is_safe_again_is_noted_and_names_no_new_kind(station: Station) -> None:
    safe = "我安全了 警察走了 他也被带走了"
    await deliver_as(station, "他打我", "urgent_alarm/domestic_violence")
    await deliver_as(station, safe, "urgent_alarm/kidnapping")
    assert said(station)[-1] == wording.RESOLVED_UNPROVEN
    assert rows(station, Case)[0].intent == "urgent_alarm/domestic_violence"
    assert not wording.says_safe("警察走了 他又回来了")
    station.phone.take()


async def test_that_a_headache_or_a_hood_in_a_gas_leak_is_still_the_gas(station: Station) -> None:
    await deliver_as(station, "屋里总有味儿 头疼", "urgent_alarm/gas_leak")
    await deliver_as(station, "抽油烟机也给开上了", "urgent_alarm/fire")
    assert rows(station, Case)[0].intent == "urgent_alarm/gas_leak"
    station.phone.take()


async def test_that_a_swindler_who_calls_again_beats_nobody(station: Station) -> None:
    await deliver_as(station, "他让我把钱转到安全账户", "urgent_alarm/fraud_transfer")
    await deliver_as(station, "挂了 他又打 我手直哆嗦", "urgent_alarm/domestic_violence")
    assert rows(station, Case)[0].intent == "urgent_alarm/fraud_transfer"
    station.phone.take()


async def test_that_an_address_that_was_looked_up_is_no_end_of_an_alarm(station: Station) -> None:
    await deliver_as(station, "我闺蜜发朋友圈说下辈子再见", "urgent_alarm/suicide_other")
    await deliver_as(station, "找着了 北海街35号7号楼1单元1203", "help_request/correction")
    assert wording.RESOLVED_UNPROVEN not in said(station)
    assert TOLD_OVER not in rows(station, Case)[0].asked
    assert not wording.says_where("找着了 人没事")
    station.phone.take()


async def test_that_a_faint_whisper_keeps_no_question_on_papers_from_its_answer(station: Station) -> None:
    papers = "暖气爆了把户口本泡了 咋补"
    station.rasa.confidence = {"别打电话 听不着": 0.4}
    await deliver_as(station, "别打电话 听不着", "urgent_alarm/silent_call")
    await deliver_as(station, papers, "enquiry/household_book_lost")
    assert said(station)[-1] == f"答：{papers}"
    station.phone.take()


async def test_that_an_alarm_in_doubt_is_paged_for_and_its_resident_is_answered(station: Station) -> None:
    station.rasa.confidence = {"早市上一摸兜身份证没了": 0.45}
    await deliver_as(station, "早市上一摸兜身份证没了", "urgent_alarm/theft_in_progress")
    station.phone.take()
    await deliver_as(station, "我就问补一个上哪办", "enquiry/station_address")
    assert said(station)[-1] == "答：我就问补一个上哪办"
    station.clock.advance(seconds=46)
    await station.engine.run_due()
    assert station.phone.take()["level"] == 1, "it climbs like any other"


async def test_that_who_is_surely_calm_behind_a_faint_alarm_is_answered_as_without_it(station: Station) -> None:
    out, keys, price, stove = "完了 门一带我搁外头了", "有没有开锁的", "开一回得多少钱", "锅里还炖着肉 孩子在屋睡觉"
    station.rasa.confidence = {out: 0.34, keys: 1.0, price: 0.99, stove: 0.57}
    await deliver_as(station, out, "urgent_alarm/suicide_self")
    assert said(station)[-1] == wording.FAINT_ALARM, "nobody is comforted in a despair that is hardly one"
    assert station.phone.take()["level"] == 0
    for text in (keys, price):
        await deliver_as(station, text, "help_request/lockout")
    assert said(station)[-2:] == [f"答：{keys}\n\n{wording.SEEN_BESIDE}", f"答：{price}"]
    assert rows(station, Case)[0].label == "urgent_alarm", "who was paged stays paged"
    await deliver_as(station, stove, "urgent_alarm/fire")
    assert rows(station, Case)[0].intent == "urgent_alarm/fire"
    assert said(station)[-1].startswith(f"答：{stove}")
    assert ASKED.kinds["fire"]["place"] in said(station)[-1]


async def test_that_danger_told_once_more_brings_the_guidance_that_was_held_back(station: Station) -> None:
    station.rasa.confidence = {"没意思": 0.4, "我不想活了": 0.99}
    await deliver_as(station, "没意思", "urgent_alarm/suicide_self")
    await deliver_as(station, "我不想活了", "urgent_alarm/suicide_self")
    assert said(station)[-1].startswith("答：我不想活了")
    station.phone.take()


@pytest.mark.parametrize("kind", ["fire", "medical", "fraud_transfer"])
async def test_that_guidance_on_which_a_life_may_depend_is_never_held_back(station: Station, kind: str) -> None:
    station.rasa.confidence = {"好像不太对": 0.3}
    await deliver_as(station, "好像不太对", f"urgent_alarm/{kind}")
    assert said(station)[-1].startswith("答：好像不太对")
    station.phone.take()


async def test_that_how_long_and_what_else_is_told_are_both_answered(station: Station) -> None:
    await deliver_as(station, "a car hit a man, he is bleeding", "urgent_alarm/traffic_injury")
    await deliver_as(station, "how long will it take? he does not respond", "urgent_alarm/traffic_injury")
    assert "cannot promise a time" in said(station)[-1]
    assert "Call 120 again" in said(station)[-1]
    await deliver_as(station, "how long now?", "enquiry/follow_up")
    assert "Call 120 again" not in said(station)[-1]
    station.phone.take()


async def test_that_a_question_on_papers_that_stands_on_the_alarm_is_the_alarms(station: Station) -> None:
    station.rasa.confidence = dict.fromkeys(("我只有台胞证 会不会不受理", "台胞证丢了上哪补办"), 1.0)
    await deliver_as(station, "有个男的从地铁站跟着我", "urgent_alarm/stalking")
    await deliver_as(station, "我只有台胞证 会不会不受理", "enquiry/passport")
    assert "谁都能报" in said(station)[-1]
    await deliver_as(station, "台胞证丢了上哪补办", "enquiry/passport")
    assert said(station)[-1] == "答：台胞证丢了上哪补办"
    station.phone.take()


async def test_that_a_game_taken_for_a_whisper_is_forgiven_and_papers_are_answered_after_it(station: Station) -> None:
    station.rasa.status = 503
    await station.deliver("救")
    station.rasa.status = 200
    await deliver_as(station, "发错了 打游戏呢", "other/chitchat")
    assert said(station)[-1] == wording.SILENT_OVER
    await deliver_as(station, "满十六了身份证咋办", "enquiry/idcard_first")
    await deliver_as(station, "派出所在哪", "enquiry/station_address")
    assert said(station)[-2] == "答：满十六了身份证咋办"
    assert "答：" not in said(station)[-1], "who reads along is not shown a police station"
    station.phone.take()


async def test_that_a_fight_that_has_stopped_is_not_asked_about_any_more(station: Station) -> None:
    station.rasa.confidence = {"现在不吵了 俩人和好了": 0.53}
    await deliver_as(station, "楼上两口子又动手了 摔东西", "urgent_alarm/assault")
    await deliver_as(station, "现在不吵了 俩人和好了", "help_request/correction")
    assert said(station)[-1] == wording.CALMED
    for number in range(3):
        await deliver_as(station, f"天天这样{number}", "help_request/noise")
    assert not any(ASKED.kinds["assault"][name] in "".join(said(station)[1:]) for name in ("danger", "injured"))
    station.phone.take()


@pytest.mark.parametrize("text", ["不吵了 他拿刀呢", "不打了 她不动了", "估计不闹了", "不吵了吗", "消停了一会儿又砸"])
def test_that_a_fight_has_not_stopped_where_anything_worse_is_told(text: str) -> None:
    assert not wording.says_calmed(text)


async def test_that_who_was_plainly_wrong_has_ended_it_though_the_model_is_not_sure(station: Station) -> None:
    slip, house = "整岔了 是我小舅子来取东西", "弄错了 是7号楼"
    station.rasa.confidence = {slip: 0.63, house: 0.63}
    await deliver_as(station, "监控里我家有个人", "urgent_alarm/burglary")
    await deliver_as(station, house, "help_request/correction")
    assert TOLD_OVER not in rows(station, Case)[0].asked
    await deliver_as(station, slip, "help_request/correction")
    assert TOLD_OVER in rows(station, Case)[0].asked
    assert said(station)[-1] == wording.RESOLVED
    station.phone.take()


async def test_that_who_swallowed_pills_is_first_told_to_be_helped(station: Station) -> None:
    await deliver_as(station, "不想活了", "urgent_alarm/suicide_self")
    for text in ("刚吃了一板药", "白色的 小片", "我有点后悔 头晕"):
        await deliver_as(station, text, "urgent_alarm/suicide_self")
    assert all("120" in text for text in said(station)[-3:])
    station.phone.take()


async def test_that_who_asks_to_write_and_not_speak_is_asked_what_has_happened(station: Station) -> None:
    await deliver_as(station, "能不打电话光打字吗", "enquiry/follow_up")
    await deliver_as(station, "打字太费劲了", "other/chitchat")
    assert said(station) == [wording.TYPING, "答：打字太费劲了"]
    assert not rows(station, Case)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("能冻结不", "enquiry/household_split"),
        ("要不要给物业打电话", "enquiry/city_services"),
        ("我的签证会不会受影响", "enquiry/passport"),
    ],
)
async def test_that_no_topics_answer_is_given_in_an_alarm_to_what_names_no_papers_or_stands_on_it(
    station: Station, text: str, intent: str
) -> None:
    station.rasa.confidence = {text: 0.99}
    await deliver_as(station, "我奶奶正要给骗子转钱", "urgent_alarm/fraud_transfer")
    await deliver_as(station, text, intent)
    assert "答：" not in said(station)[-1]
    station.phone.take()


async def test_that_a_despair_taken_for_ones_own_turns_to_the_friend_it_is_of(station: Station) -> None:
    station.rasa.confidence = {"朋友发消息说来世再见": 0.65, "她电话不接": 0.94}
    await deliver_as(station, "朋友发消息说来世再见", "urgent_alarm/suicide_self")
    await deliver_as(station, "她电话不接", "urgent_alarm/suicide_other")
    assert rows(station, Case)[0].intent == "urgent_alarm/suicide_other"
    station.phone.take()


async def test_that_few_words_of_help_that_has_come_are_no_other_danger(station: Station) -> None:
    station.rasa.confidence = {"大夫来了": 0.98}
    await deliver_as(station, "老邻居摔沟里了", "urgent_alarm/traffic_injury")
    await deliver_as(station, "大夫来了", "urgent_alarm/medical")
    assert said(station)[-1].startswith("太好了")
    station.phone.take()


async def test_that_a_stove_behind_a_locked_door_is_no_leak(station: Station) -> None:
    await deliver_as(station, "门锁上了 灶上炖着汤 我在门外", "urgent_alarm/gas_leak")
    assert "喊邻居、物业" in said(station)[-1]
    await deliver_as(station, "灶开着 闻着煤气味了", "urgent_alarm/gas_leak")
    assert "别回去关" in said(station)[-1], "now it may be one"
    station.phone.take()


async def test_that_asking_whether_one_pays_for_a_mistake_is_no_matter_of_papers(station: Station) -> None:
    station.rasa.asked = {"会罚我吗": (Turn("wrong_no_blame", 5.0),)}
    station.rasa.confidence = {"会罚我吗": 0.97}
    await deliver_as(station, "有人撬我家门", "urgent_alarm/burglary")
    await deliver_as(station, "看错了 是我小舅子", "help_request/correction")
    await deliver_as(station, "会罚我吗", "enquiry/rental_registration")
    assert said(station)[-1].startswith("不怪您也不罚")
    station.phone.take()


async def test_that_who_was_cheated_and_tells_no_more_is_asked_what_was_paid_and_when(station: Station) -> None:
    station.rasa.doubted = {"我爸好像叫人糊弄了"}
    await deliver_as(station, "我爸好像叫人糊弄了", "help_request/fraud_reported_late")
    assert said(station)[-1] == wording.HALF_CHEATED
    assert [case.label for case in rows(station, Case)] == ["help_request"]


async def test_that_one_sure_word_ends_the_doubt(station: Station) -> None:
    station.rasa.confidence = {"一摸兜没了": 0.45, "那人拿刀捅我了": 0.99}
    await deliver_as(station, "一摸兜没了", "urgent_alarm/theft_in_progress")
    await deliver_as(station, "那人拿刀捅我了", "urgent_alarm/armed_threat")
    await deliver_as(station, "我就问你们在哪", "enquiry/station_address")
    assert rows(station, Case)[0].intent == "urgent_alarm/armed_threat"
    assert said(station)[-1] != "答：我就问你们在哪"
    station.phone.take()


@pytest.mark.parametrize(
    ("text", "intent", "over"),
    [
        ("别害怕 这是我写的小说", "other/fiction", True),
        ("王者荣耀啊 还能是哪", "other/chitchat", True),
        ("我在外头看电影呢 孩子自己在家", "other/chitchat", False),
    ],
)
async def test_that_what_is_made_up_is_told_to_the_officer_and_a_cinema_is_not(
    station: Station, text: str, intent: str, over: bool
) -> None:
    station.rasa.confidence = {text: 0.99}
    await deliver_as(station, "楼上起火了 都是烟", "urgent_alarm/fire")
    await deliver_as(station, text, intent)
    assert (TOLD_OVER in rows(station, Case)[0].asked) == over
    station.phone.take()


async def test_that_it_is_over_ends_the_paging_where_nobody_can_force_the_words(station: Station) -> None:
    station.rasa.labels = {"人找到了": "help_request"}
    station.rasa.intents = {"人找到了": "help_request/correction"}
    await station.deliver("我家孩子在公园走丢了找不到了")
    station.phone.take()
    await station.deliver("人找到了")
    assert said(station)[-1] == wording.RESOLVED_FOUND
    station.clock.advance(minutes=10)
    await station.engine.run_due()
    (case,) = rows(station, Case)
    assert (case.state, case.resolved_at is not None) == ("open", True)
    await station.deliver(KNIFE)
    assert station.phone.take()["case_id"] != case.id


async def test_that_the_officer_who_has_it_is_paged_that_it_is_over(station: Station) -> None:
    await deliver_as(station, "我家孩子在公园走丢了找不到了", "urgent_alarm/missing_child")
    case_id = station.phone.take()["case_id"]
    with station.store.transaction() as session:
        handling.acknowledge(session, case_id, officer="乙", now=station.clock.now())
    await deliver_as(station, "人找到了", "help_request/correction")
    page = station.phone.take()
    assert (page["officer"], page["case_id"]) == ("乙", case_id)
    assert page["text"].startswith("【居民说已解除】由乙核实后结案")


async def test_that_a_guess_that_it_is_over_ends_nothing(station: Station) -> None:
    await deliver_as(station, "楼道里着火了", "urgent_alarm/fire")
    await deliver_as(station, "烟好像小了 应该是灭了吧", "help_request/correction")
    assert said(station)[-1] == wording.RESOLVED_UNPROVEN
    assert rows(station, Case)[0].resolved_at is None
    await deliver_as(station, "消防来看过了 确定灭了", "help_request/correction")
    assert rows(station, Case)[0].resolved_at is not None
    station.phone.take()


async def test_that_who_asks_when_help_comes_has_not_ended_anything(station: Station) -> None:
    station.rasa.confidence = {"屋里没动静了 你们还得多久": 0.9}
    await deliver_as(station, "我爷在屋里摔了叫门不开", "urgent_alarm/trapped")
    await deliver_as(station, "屋里没动静了 你们还得多久", "help_request/correction")
    assert rows(station, Case)[0].resolved_at is None
    station.phone.take()


async def test_that_despair_in_another_alarm_is_answered_as_despair(station: Station) -> None:
    await deliver_as(station, "刚转了八万块钱让人骗了", "urgent_alarm/fraud_transfer")
    station.rasa.confidence = {"我在楼顶吹风": 0.9}
    await deliver_as(station, "我在楼顶吹风", "urgent_alarm/suicide_self")
    assert rows(station, Case)[0].intent == "urgent_alarm/suicide_self"
    station.phone.take()


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
    await station.deliver_inbound(station.inbound("event", Event="CLICK", EventKey="profile"))
    assert len(rows(station, Reply)) == before
    with station.store.transaction() as session:
        conversation.give_back(session, case.id, officer="甲", now=station.clock.now())
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
    assert second == wording.ADDED_TO_TIP[1].format(number=case.id)


async def test_that_a_request_and_a_tip_in_english_are_answered_in_english(station: Station) -> None:
    bike, den = "My bike was stolen yesterday", "somebody sells drugs in the bar downstairs"
    station.rasa.labels = {bike: "help_request", den: "tip", "it was black with a basket": "help_request"}
    for text in (bike, "it was black with a basket"):
        await station.deliver(text)
        station.clock.advance(seconds=20)
    assert said(station) == [wording.REQUEST_ENGLISH, wording.ADDED_ENGLISH]
    await station.deliver(den, openid="oB")
    assert said(station)[-1].startswith(wording.TIP_ENGLISH)


async def test_that_a_question_in_english_beside_a_request_is_not_put_off_in_chinese(station: Station) -> None:
    bike, asked = "My bike was stolen yesterday", "can i come there with my friend?"
    station.rasa.labels = {bike: "help_request", asked: "help_request"}
    for text in (bike, asked):
        await station.deliver(text)
        station.clock.advance(seconds=20)
    assert said(station)[-1] == wording.ASKED_ENGLISH
    station.rasa.labels[asked], station.rasa.confidence[asked] = "enquiry", 0.4
    await station.deliver(asked)
    assert said(station)[-1] == wording.ASKED_ENGLISH


async def test_that_what_is_known_is_told_beside_a_request_and_not_left_to_the_officer(station: Station) -> None:
    lost, asked = "钥匙丢了进不去屋", "捡着东西的跟我要报酬合法不"
    station.rasa.labels = {lost: "help_request", asked: "enquiry"}
    station.rasa.intents = {lost: "help_request/lockout", asked: "enquiry/lost_found_howto"}
    station.rasa.confidence[asked] = 0.97
    for text in (lost, asked):
        await station.deliver(text)
        station.clock.advance(seconds=20)
    assert said(station)[-1] == f"答：{asked}"
    station.rasa.confidence[asked] = 0.6
    await station.deliver(asked)
    assert said(station)[-1] == wording.ASKED


async def test_that_a_question_that_opens_a_case_by_its_own_doubt_stands_beside_nothing(station: Station) -> None:
    asked = "让狗咬破点皮药费谁出"
    station.rasa.labels, station.rasa.intents = {asked: "enquiry"}, {asked: "enquiry/dog_rules"}
    station.rasa.confidence[asked] = 0.45
    station.rasa.doubted.add(asked)
    await station.deliver(asked)
    assert wording.ASKED not in said(station)


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("My wallet disappeared yesterday", True),
        ("wo yao bao jing ta zai wai mian", False),
        ("woyao baojing kuai lai", False),
    ],
)
def test_that_english_is_told_from_pinyin(text: str, english: bool) -> None:
    assert wording.is_english(text) is english


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


async def test_that_words_that_an_officer_asked_for_go_to_the_application_and_questions_do_not(
    station: Station,
) -> None:
    received = await station.deliver("确认")
    with station.store.transaction() as session:
        application = applications.submit(
            session,
            pseudonym=_pseudonym(station),
            message_id=received.id,
            kind="dog_licence",
            answers={"phone": "13800138000"},
            photos={},
            now=station.clock.now(),
        )
        applications.decide(session, application.id, "ask", officer="甲", reason="手机号", now=station.clock.now())
    texts = ("身份证怎么补", "新号13800138066", "到膝盖那么高", "我家狗丢了")
    station.rasa.labels = dict(zip(texts, ("enquiry", "enquiry", "other", "help_request"), strict=True))
    for text in texts:
        await station.deliver(text)
    (application,) = rows(station, Application)
    assert application.answers == {"phone": "13800138066", "补充": "到膝盖那么高"}
    assert [str(application.receipt) in text for text in said(station)[-4:]] == [False, True, True, False]
    assert [case.label for case in rows(station, Case)] == ["help_request"]


async def test_that_what_an_officer_asked_for_is_explained_and_its_sending_acknowledged(station: Station) -> None:
    received = await station.deliver("确认")
    with station.store.transaction() as session:
        application = applications.submit(
            session,
            pseudonym=_pseudonym(station),
            message_id=received.id,
            kind="dog_licence",
            answers={},
            photos={},
            now=station.clock.now(),
        )
        applications.decide(session, application.id, "ask", officer="甲", reason="侧面照重拍", now=station.clock.now())
    station.rasa.labels = dict.fromkeys(("啥意思", "补好了"), "other")
    await station.deliver("啥意思")
    assert "侧面照重拍" in said(station)[-1]
    await station.deliver("补好了")
    assert "接着看" in said(station)[-1]
    (application,) = rows(station, Application)
    assert application.answers == {}, "neither is a supplement"
    with station.store.transaction() as session:
        applications.decide(
            session, application.id, "reject", officer="甲", reason="不是同一只", now=station.clock.now()
        )
    station.rasa.labels |= {"凭啥不给过": "enquiry"}
    await station.deliver("凭啥不给过")
    assert "不是同一只" in said(station)[-1]


@pytest.mark.parametrize(
    ("words", "label", "told"),
    [
        ("可不能让他们知道是我说的", "tip", True),
        ("没别的了 就这些 可千万别说是我啊", "other", True),
        ("我 害怕 名字 不要写", "tip", True),
        ("匿名就不用了 我不怕", "tip", False),
    ],
)
async def test_that_who_wants_to_stay_unnamed_is_told_so(
    station: Station, words: str, label: str, *, told: bool
) -> None:
    station.rasa.labels = {"楼下棋牌室天天赌钱": "tip", words: label}
    await station.deliver("楼下棋牌室天天赌钱")
    station.clock.advance(seconds=20)
    await station.deliver(words)
    unnamed = next(line.entry.says for line in advice.load().lines if line.entry.name == "keep_me_out")
    assert said(station)[-1].endswith(unnamed) == told


@pytest.mark.parametrize("earlier", [[], ["丢了个包"]])
async def test_that_nobody_is_promised_secrecy_who_has_told_of_nothing(station: Station, earlier: list[str]) -> None:
    station.rasa.labels = {"丢了个包": "help_request", "就这些 可千万别说是我": "other"}
    for text in (*earlier, "就这些 可千万别说是我"):
        await station.deliver(text)
        station.clock.advance(seconds=20)
    assert said(station)[-1] == "答：就这些 可千万别说是我"


def _pseudonym(station: Station) -> str:
    heard: dict[str, Any] = station.rasa.heard[0]
    return str(heard["sender"])


async def test_that_a_whisper_in_english_is_answered_in_english_that_looks_like_nothing(station: Station) -> None:
    texts = ("my husband is beating me", "don't call me, he will hear it", "are you coming?")
    for text in texts:
        await deliver_as(station, text, "urgent_alarm/domestic_violence")
    assert said(station)[1] == f"{wording.SILENT_RECEIPT_ENGLISH}\n\n{ASKED.silent_english['danger']}"
    assert said(station)[2] == wording.SILENT_ASKED_ENGLISH
    station.phone.take()


async def test_that_who_asks_in_english_what_to_do_gets_the_guidance_of_the_kind(station: Station) -> None:
    await deliver_as(station, "there is a fire in my kitchen", "urgent_alarm/fire")
    await deliver_as(station, "please, what should I do?", "urgent_alarm/fire")
    assert advice.load().english_first["fire"] in said(station)[1]
    station.phone.take()


async def test_that_a_witness_and_a_victim_are_asked_different_questions(station: Station) -> None:
    await deliver_as(station, "我朋友让传销的扣住了", "urgent_alarm/captivity")
    assert said(station)[0].startswith("您报得对，别自己去要人")
    assert said(station)[0].endswith(ASKED.kinds["captivity_other"]["place"])
    station.phone.take()


TURN = Turn("good_police_here", 6.0)


async def test_that_help_that_has_come_gets_a_warm_word_and_no_more_questions(station: Station) -> None:
    station.rasa.asked["警察叔叔来了 妈妈上医院了 谢谢"] = (TURN,)
    for text in (KNIFE, "警察叔叔来了 妈妈上医院了 谢谢", "在屋里呢"):
        await station.deliver(text)
    assert said(station)[1].startswith("太好了")
    assert "你先顾好自己" in said(station)[1], "a child is no 您"
    assert all(ask not in said(station)[2] for ask in ASKED.kinds["armed_threat"].values())
    (case,) = rows(station, Case)
    assert case.resolved_at is None
    station.phone.take()


async def test_that_help_in_plain_words_needs_no_model_to_be_heard(station: Station) -> None:
    for text in (KNIFE, "120给他拉走了 谢谢大家"):
        await station.deliver(text)
    line = next(one.entry for one in advice.load().lines if one.entry.name == "taken_to_doctors")
    assert said(station)[1] == line.says
    station.phone.take()


async def test_that_another_danger_beside_good_news_is_no_end_of_anything(station: Station) -> None:
    line = next(one.entry for one in advice.load().lines if one.entry.name == "taken_to_doctors")
    await station.deliver(KNIFE)
    station.phone.take()
    text = "120给他拉走了 楼道里着大火了"
    station.rasa.confidence[text] = 0.97
    await deliver_as(station, text, "urgent_alarm/fire")
    assert line.says not in said(station)[1]


async def test_that_help_that_is_waited_for_is_none(station: Station) -> None:
    line = next(one.entry for one in advice.load().lines if one.entry.name == "taken_to_doctors")
    for text in (KNIFE, "警察还没来呢", "救护车咋还不到", "门外说是警察来了"):
        await station.deliver(text)
    assert line.says not in said(station)
    station.phone.take()


async def test_that_whoever_threatens_is_calmed_and_not_told_to_hide(station: Station) -> None:
    text = "我现在就拎菜刀下去把他砍了"
    await deliver_as(station, text, "urgent_alarm/armed_threat")
    assert "家伙放下" in said(station)[0]
    assert "蹲低" not in said(station)[0]
    station.phone.take()


async def test_that_a_life_at_stake_in_another_alarm_has_its_line_once(station: Station) -> None:
    await station.deliver(KNIFE)
    for text in ("他抽过去了嘴都紫", "嘴越来越紫了"):
        await deliver_as(station, text, "urgent_alarm/medical")
    now = advice.load().to_do_now(Moment("medical"))
    assert sum(now in text for text in said(station)) <= 1
    station.phone.take()


async def test_that_a_shop_is_not_asked_for_a_flat_and_a_floor_only_for_the_rest(station: Station) -> None:
    door = ASKED.kinds["burglary"]["door"]
    for openid, place in (("oA", "长安路老孙抻面店里"), ("oB", "东塔街航空小区 我家9楼")):
        await station.deliver("有人在撬我家门" if openid == "oB" else "有人在撬门进屋偷", openid=openid)
        await station.deliver(place, openid=openid)
        station.phone.take()
    assert not any(door in text for text in said(station))
    assert ASKED.again["door"] in said(station)[-1]


async def test_that_good_news_with_an_ailment_ends_nothing(station: Station) -> None:
    await deliver_as(station, "屋里煤气味老大了", "urgent_alarm/gas_leak")
    await deliver_as(station, "人没事 就是头疼", "help_request/correction")
    (case,) = rows(station, Case)
    assert case.resolved_at is None
    assert "中煤气" in said(station)[-1]
    station.phone.take()


async def test_that_who_waits_for_an_officer_and_asks_if_anybody_is_there_is_no_stranger(station: Station) -> None:
    await deliver_as(station, "人工", "help_request/human_service")
    await deliver_as(station, "有人吗", "other/greeting")
    assert said(station)[-1] == wording.IN_HAND


async def test_that_praise_that_asks_where_a_banner_goes_is_answered(station: Station) -> None:
    await deliver_as(station, "给小王送面锦旗 往哪送啊", "other/praise")
    assert "大东路1号" in said(station)[-1]


async def test_that_who_goes_on_about_a_case_is_never_told_the_same_twice_running(station: Station) -> None:
    for text in ("我的报警怎么样了", "上周三晚上报的", "是对门邻居的事", "当时说给回话的"):
        await deliver_as(station, text, "help_request/case_followup")
    assert len(set(said(station)[-2:])) == 2


async def test_that_who_wants_a_person_hears_what_answers_and_where_people_are(station: Station) -> None:
    await deliver_as(station, "我的报警怎么样了", "help_request/case_followup")
    await deliver_as(station, "别整套话 我要找活人", "help_request/human_service")
    assert "不是真人" in said(station)[-1]
    assert "大东路1号" in said(station)[-1]


async def test_that_who_grieves_over_a_case_gets_a_warm_word(station: Station) -> None:
    await deliver_as(station, "我的报警怎么样了", "help_request/case_followup")
    await deliver_as(station, "心里头憋屈", "help_request/case_followup")
    assert "不好受" in said(station)[-1]


async def test_that_a_second_voice_is_answered_in_other_words(station: Station) -> None:
    await station.deliver_inbound(station.inbound("voice"))
    await station.deliver_inbound(station.inbound("voice"))
    assert said(station) == [wording.VOICE_ALONE, wording.VOICE_AGAIN]


@pytest.mark.parametrize(
    "asked", ["（1/11）狗主人叫什么名字？", "愿意办就回“同意”或者接着发，不愿意回“不办了”，都不会提交。"]
)
async def test_that_a_voice_in_a_form_is_answered_as_one_of_a_form(station: Station, asked: str) -> None:
    await station.deliver(asked)  # which is said back
    await station.deliver_inbound(station.inbound("voice"))
    assert said(station)[-1] == wording.VOICE_OF_FORM


async def test_that_who_rages_is_not_read_the_state_of_the_case(station: Station) -> None:
    await deliver_as(station, "上礼拜报的案到现在没人理我", "help_request/case_followup")
    await deliver_as(station, "气死我了 糊弄谁呢", "help_request/case_followup")
    assert "不好受" in said(station)[-1]


async def test_that_who_said_before_the_alarm_that_they_are_deaf_is_told_to_have_others_telephone(
    station: Station,
) -> None:
    await deliver_as(station, "警察 好 我 聋人 电话 不能", "enquiry/alarm_howto")
    await deliver_as(station, "楼下 电动车 烟 黑 着火", "urgent_alarm/fire")
    (case,) = rows(station, Case)
    assert case.silent, "nobody is to call"
    assert "12110" in said(station)[-1]
    station.phone.take()


async def test_that_help_that_came_is_heard_beside_a_question_which_is_answered(station: Station) -> None:
    bracelet = "120来了拉走了 以后那种防走丢的手环你们那发吗"
    station.rasa.asked[bracelet] = (Turn("lost_bracelet", 4.0),)
    await deliver_as(station, "我爸叫不醒", "urgent_alarm/medical")
    await deliver_as(station, bracelet, "enquiry/alarm_howto")
    assert "手环" in said(station)[-1]
    assert "按压" not in said(station)[-1]
    await deliver_as(station, "他啥时候能醒啊", "enquiry/follow_up")
    assert ASKED.again["default"] not in said(station)[-1], "nobody is urged or asked any more"
    station.phone.take()


async def test_that_a_question_after_the_end_has_its_answer(station: Station) -> None:
    again = "那能进屋了吗"
    station.rasa.asked[again] = (Turn("gas_smell_gone", 4.0),)
    await deliver_as(station, "一股煤气味", "urgent_alarm/gas_leak")
    await deliver_as(station, "燃气的人来了 关了 没事了", "help_request/correction")
    await deliver_as(station, again, "enquiry/follow_up")
    assert said(station)[-1].startswith("先别回")
    station.phone.take()


async def test_that_in_a_faint_alarm_a_calm_question_urges_nobody(station: Station) -> None:
    faint = "手机弹窗说电池要爆炸"
    station.rasa.confidence[faint] = 0.4
    await deliver_as(station, faint, "urgent_alarm/gas_leak")
    station.rasa.guesses.add("下载了会不会扣钱")
    await deliver_as(station, "下载了会不会扣钱", "enquiry/follow_up")
    assert advice.load().now["gas_leak"] not in said(station)[-1]
    assert ASKED.again["default"] not in said(station)[-1]
    station.phone.take()


async def test_that_what_another_wrote_in_despair_is_not_the_writers_own(station: Station) -> None:
    await deliver_as(station, "我朋友在群里说要跳楼", "urgent_alarm/suicide_other")
    await deliver_as(station, "就说对不起爸妈 下辈子再报答", "urgent_alarm/suicide_self")
    assert rows(station, Case)[0].intent == "urgent_alarm/suicide_other"
    station.phone.take()


async def test_that_who_leaves_a_telephone_and_a_door_is_told_that_an_officer_sees_them(station: Station) -> None:
    await deliver_as(station, "东陵街 15号楼3单元 我姓王 13912345678", "help_request/human_service")
    assert said(station)[-1] == wording.CONTACT_LEFT
    await deliver_as(station, "别打电话 我聋人", "help_request/human_service")
    assert said(station)[-1] == wording.TYPES_ONLY


async def test_that_a_floor_alone_is_no_place_and_a_door_that_nobody_knows_is_not_asked_for(station: Station) -> None:
    await deliver_as(station, "煤气味特别大 三楼", "urgent_alarm/gas_leak")
    assert ASKED.kinds["gas_leak"]["place"] in said(station)[-1]
    await deliver_as(station, "有人撬门 我在东站小区四楼", "urgent_alarm/burglary")
    await deliver_as(station, "我不知道门牌", "urgent_alarm/burglary")
    assert ASKED.again["door"] not in said(station)[-1]
    station.phone.take()


@pytest.mark.parametrize("begins", ["我公公走丢了 糊涂 81了", "我妈78 早上出去没回来 脑子糊涂"])
async def test_that_an_age_told_in_years_alone_is_not_asked_for(station: Station, begins: str) -> None:
    await deliver_as(station, begins, "urgent_alarm/missing_adult_at_risk")
    for text in ("在北海街走丢的", "穿拖鞋走的", "灰帽子", "快帮着找找"):
        await deliver_as(station, text, "urgent_alarm/missing_adult_at_risk")
    assert "多大年纪" not in "".join(said(station))
    station.phone.take()


async def test_that_who_falls_ill_of_the_stove_is_told_to_get_out(station: Station) -> None:
    stove = "我家烧炉子 我头也疼还想吐"
    station.rasa.confidence[stove] = 0.99
    await deliver_as(station, "我奶奶睡觉叫不醒", "urgent_alarm/medical")
    await deliver_as(station, stove, "urgent_alarm/gas_leak")
    assert rows(station, Case)[0].intent == "urgent_alarm/gas_leak", "whoever goes in must know"
    await deliver_as(station, "我拽不动奶奶 不想把她自己留屋里", "urgent_alarm/suicide_self")
    assert "别再回屋" in said(station)[-1]
    station.phone.take()


async def test_that_who_sees_somebody_stabbed_hears_of_the_ambulance(station: Station) -> None:
    await deliver_as(station, "烧烤摊那帮人干起来了", "urgent_alarm/group_fight")
    await deliver_as(station, "有个人拿刀了 捅了 穿白背心的倒地上了", "urgent_alarm/medical")
    assert "120" in said(station)[-1]
    station.phone.take()


async def test_that_the_swindler_who_wants_more_is_hung_up_on(station: Station) -> None:
    await deliver_as(station, "我把钱转到安全账户了", "urgent_alarm/fraud_transfer")
    await deliver_as(station, "他还在线上 让我把公积金也转过去", "urgent_alarm/fraud_transfer")
    assert "一分也别再转" in said(station)[-1]
    station.phone.take()


@pytest.mark.parametrize(("told", "asked"), [("黑车", "danger"), ("东塔街的小区", "door")])
def test_that_nobody_in_a_cab_is_asked_for_a_flat(told: str, asked: str) -> None:
    case = Case(label="urgent_alarm", intent="urgent_alarm/silent_call", asked=["place"])
    messages = [Message(kind="text", text=told), Message(kind="location", text="东塔街")]
    assert questions.next_question(case, messages, ASKED, english=False, hidden=True) == ASKED.silent[asked]


async def test_that_an_address_written_just_before_is_asked_to_be_confirmed_and_not_for(station: Station) -> None:
    await deliver_as(station, "天后宫路30-2号3楼1号", "enquiry/dog_licence")
    await station.deliver(KNIFE)
    assert "天后宫路30-2号" in said(station)[-1]
    for text in ("是这栋", "他还在楼道里"):
        await station.deliver(text)
        assert ASKED.again["default"] not in said(station)[-1]
    station.phone.take()


async def test_that_a_rescue_and_the_wish_to_stay_unnamed_both_get_their_word(station: Station) -> None:
    await station.deliver(KNIFE)
    await deliver_as(station, "两辆警车上楼了 小伙救出来了 我可没露名啊", "other/chitchat")
    assert said(station)[-1].startswith("太好了")
    assert "保密" in said(station)[-1]
    station.phone.take()


async def test_that_the_fright_that_stays_behind_is_comforted(station: Station) -> None:
    await station.deliver(KNIFE)
    await station.deliver("警察来了 把人铐上了")
    await deliver_as(station, "我现在手还直哆嗦", "other/idiom")
    assert said(station)[-1] == wording.SHAKEN
    station.phone.take()


async def test_that_who_is_held_back_at_the_bank_was_not_robbed(station: Station) -> None:
    for text, intent in (
        ("骗子让我转了五万到安全账户", "fraud_transfer"),
        ("我在银行柜台 经理给我拽住了", "robbery"),
    ):
        station.rasa.confidence[text] = 0.97
        await deliver_as(station, text, f"urgent_alarm/{intent}")
    (case,) = rows(station, Case)
    assert case.intent == "urgent_alarm/fraud_transfer"
    assert "止付" in said(station)[-1]
    station.phone.take()


@pytest.mark.parametrize(
    ("text", "intent", "word"),
    [
        ("今早生了！！是儿子 咋落户", "enquiry/household_newborn", wording.REJOICED),
        ("孙女刚出生 哈哈 户口上哪报", "enquiry/household_newborn", wording.REJOICED),
        ("孩子出生一个月了 咋落户", "enquiry/household_newborn", ""),
        ("家里狗生了！！ 咋办证", "enquiry/dog_licence", ""),
        ("证都一个月了 你们啥效率", "enquiry/idcard_time", wording.APOLOGISED),
        ("证都一个月了 能查查不", "enquiry/idcard_time", ""),
        ("他气死我爸了 要打人", "urgent_alarm/violent_threat", ""),
    ],
)
def test_that_joy_at_a_birth_and_anger_get_a_word(text: str, intent: str, word: str) -> None:
    assert wording.word_of_feeling(text, intent) == word


async def test_that_of_a_lost_dog_nobody_says_that_somebody_was_found(station: Station) -> None:
    await deliver_as(station, "我家豆包丢了 是只小京巴", "help_request/lost_pet")
    await deliver_as(station, "它跑没影了 才两岁 我找不到它了", "urgent_alarm/missing_child")
    station.phone.take()
    await deliver_as(station, "回来啦 找到了 不用找了", "help_request/correction")
    assert wording.RESOLVED_FOUND not in said(station)[-1]
    assert wording.RESOLVED in said(station)[-1]


async def test_that_who_asks_whether_an_officer_is_one_is_warned_of_a_swindle(station: Station) -> None:
    await deliver_as(station, "有位外地的陈警官视频办我的案子 我想核实一下", "help_request/complaint_officer")
    assert said(station) == [wording.FRAUD_CALLER]
    await deliver_as(station, "你们那个王警官办我的案子拖了半年", "help_request/complaint_officer")
    assert wording.FRAUD_CALLER not in said(station)[1:]


async def test_that_a_fight_met_after_somebody_was_found_is_answered_as_a_new_alarm(station: Station) -> None:
    lost, fight = "我爸老年痴呆走丢了", "路过串店 两伙人打起来了 有个人倒地上了"
    await deliver_as(station, lost, "urgent_alarm/missing_adult_at_risk")
    station.phone.take()
    await deliver_as(station, "找着啦！在包子铺坐着呢 谢谢", "urgent_alarm/fire")
    assert wording.RESOLVED_FOUND in said(station)[-1]
    station.rasa.confidence[fight] = 0.99
    await deliver_as(station, fight, "urgent_alarm/group_fight")
    assert len(rows(station, Case)) == 2
    station.phone.take()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("楼下有个蜜雪冰城", True),
        ("我在辽沈二校上学", True),
        ("就在万达西门口", True),
        ("对面有个男的", False),
        ("我从后门出来的", False),
        ("旁边有个店员", False),
        ("我在三楼", False),
    ],
)
def test_that_what_stands_there_tells_a_place_and_who_stands_there_none(text: str, told: bool) -> None:
    assert questions.tells_place(text) is told


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("救出来上120了 刚才骂人对不住", wording.EXCUSED + wording.HANDED_OVER),
        ("没事了 谢谢啊", "不客气。" + wording.RESOLVED),
        ("不用120了 没事了", wording.RESOLVED),
    ],
)
def test_that_an_end_is_answered_with_what_else_it_tells(text: str, begins: str) -> None:
    assert wording.closing(text, wording.RESOLVED).startswith(begins)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("回来啦 在楼下跟人下棋呢", True),
        ("找到喽", True),
        ("邻居给送回来的", True),
        ("我回来了家里没人", False),
        ("等他回来了告诉你们", False),
        ("找着啦没", False),
        ("串号我找着了 盒子在家", False),
        ("监控里找到他了 在车站坐着呢", False),
    ],
)
def test_that_found_is_heard_in_other_words(text: str, found: bool) -> None:
    assert wording.says_found(wording.unspaced(text)) is found


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("手机找着了 不用管了", True),
        ("找着了", True),
        ("串号我找着了 盒子在家", False),
        ("发票翻出来了 用上交不", False),
    ],
)
def test_that_a_proof_that_was_found_ends_no_search(text: str, may: bool) -> None:
    assert wording.may_end(wording.unspaced(text)) is may


async def test_that_what_led_to_an_alarm_colours_nothing_once_it_is_over(station: Station) -> None:
    await deliver_as(station, "我儿子走丢了", "urgent_alarm/missing_child")
    station.phone.take()
    await deliver_as(station, "找到啦 保安领着呢", "urgent_alarm/missing_child")
    assert wording.RESOLVED_FOUND in said(station)[-1]
    await station.deliver("腿都软了")
    assert station.rasa.heard[-1]["fragments"] == []
    text = "他刚才差点掉湖里 后怕"
    station.rasa.confidence[text] = 0.7
    await deliver_as(station, text, "urgent_alarm/drowning")
    assert said(station)[-1] == wording.SHAKEN, "it promises no page that nobody got"
    assert len(rows(station, Case)) == 1


@pytest.mark.parametrize(
    "right",
    ["搞错了搞错了 12号是我单位 我家在14号3楼", "数错了 屋里是四个人", "记错了 我在二单元", "不对 他穿的是绿外套"],
)
async def test_that_a_detail_put_right_is_taken_down_and_is_no_end(station: Station, right: str) -> None:
    await deliver_as(station, "楼道着火了 烟特别大", "urgent_alarm/fire")
    await deliver_as(station, right, "help_request/correction")
    assert any(text in said(station)[-1] for text in wording.PUT_RIGHT)
    assert TOLD_OVER not in rows(station, Case)[0].asked
    station.phone.take()


async def test_that_a_fire_that_was_none_is_still_over(station: Station) -> None:
    await deliver_as(station, "楼道着火了 烟特别大", "urgent_alarm/fire")
    await deliver_as(station, "搞错了 不是着火 是三楼做饭呢", "help_request/correction")
    assert said(station)[-1] == wording.RESOLVED
    station.phone.take()


@pytest.mark.parametrize("text", ["门把手烫得不行", "墙都烫手了 我出不去", "屋里呛得不行 喘不上来气"])
async def test_that_danger_told_behind_the_end_is_guided_and_paged_again(station: Station, text: str) -> None:
    await deliver_as(station, "楼道着火了", "urgent_alarm/fire")
    station.phone.take()
    await deliver_as(station, "没事了 误会", "help_request/correction")
    assert rows(station, Case)[0].resolved_at is not None
    await deliver_as(station, text, "help_request/correction")
    (case,) = rows(station, Case)
    assert said(station)[-1].startswith(wording.NOT_OVER)
    assert len(said(station)[-1]) > len(wording.NOT_OVER) + 10
    assert (case.resolved_at, TOLD_OVER in case.asked) == (None, False)
    await station.engine.run_due()
    assert station.phone.take()["case_id"] == case.id


@pytest.mark.parametrize(
    "text", ["火灭了 没事了", "刚才烟大 现在散了", "锅烫了一下 不要紧", "烟散了", "要是又着了咋办", "没再冒烟"]
)
def test_that_what_is_past_or_only_feared_does_not_go_on(text: str) -> None:
    assert not wording.goes_on(text)


async def test_that_who_waits_for_help_is_not_told_that_nothing_need_be_done(station: Station) -> None:
    await deliver_as(station, "楼道着火了", "urgent_alarm/fire")
    await deliver_as(station, "没事了 误会", "help_request/correction")
    await deliver_as(station, "你们还要好久才到", "help_request/correction")
    assert said(station)[-1] not in (wording.RESOLVED_ALREADY, "答：你们还要好久才到")
    station.phone.take()


@pytest.mark.parametrize("text", ["警察到了 在楼下呢 别来敲我们家", "民警来了 看见警车了 可别提是我报的"])
async def test_that_who_wants_to_be_met_by_nobody_is_not_sent_to_those_who_came(station: Station, text: str) -> None:
    await deliver_as(station, "楼下打起来了 有人流血", "urgent_alarm/assault")
    await deliver_as(station, text, "other/chitchat")
    assert said(station)[-1].startswith(wording.RELIEVED_UNSEEN)
    assert "跟到场的" not in said(station)[-1]
    station.phone.take()


async def test_that_who_minds_nobody_is_sent_to_those_who_came(station: Station) -> None:
    await deliver_as(station, "楼下打起来了 有人流血", "urgent_alarm/assault")
    await deliver_as(station, "警察来了 在楼下呢", "other/chitchat")
    assert "跟到场的" in said(station)[-1]
    station.phone.take()


async def test_that_a_captive_whose_telephone_is_watched_is_answered_so_that_it_looks_like_nothing(
    station: Station,
) -> None:
    await deliver_as(station, "他们盯着我手机 门锁了出不去", "urgent_alarm/captivity")
    assert said(station)[-1].startswith(wording.SILENT_ALARM)
    assert rows(station, Case)[0].silent
    await deliver_as(station, "居住证照片要几张", "enquiry/residence_permit_apply")
    assert said(station)[-1] == "答：居住证照片要几张"
    await deliver_as(station, "出来了 坐上警车了 谢谢", "other/thanks")
    assert said(station)[-1].startswith("太好了")
    station.phone.take()


async def test_that_a_stranger_who_reads_along_is_shown_an_office_and_its_resident_whom_they_reach(
    station: Station,
) -> None:
    await deliver_as(station, "他打我 别打电话 他看我手机", "urgent_alarm/domestic_violence")
    await deliver_as(station, "你哪位 跟我老婆聊啥呢", "other/bot_identity")
    assert said(station)[-1].startswith("自动回复")
    await deliver_as(station, "他出门了 聊天我都删了 我带孩子走还是等你们", "urgent_alarm/domestic_violence")
    assert "邻居" in said(station)[-1]
    station.phone.take()


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("suicide_other", "他给我回了个字 我该说什么啊", "我在，我陪着你"),
        ("suicide_other", "要是他没事 我是不是报假警", "不算"),
        ("fire", "门都烫手了 还要等多久", "别开门"),
        ("drowning", "我车也泡了 这保险能赔吗", "保险公司"),
        ("drowning", "消防得等多长时间", "说不准"),
    ],
)
async def test_that_a_question_of_one_answer_is_not_put_off(station: Station, kind: str, text: str, told: str) -> None:
    await deliver_as(station, "快来人 救命", f"urgent_alarm/{kind}")
    await deliver_as(station, text, "help_request/human_service")
    assert told in said(station)[-1]
    station.phone.take()


@pytest.mark.parametrize(
    ("label", "text", "told"),
    [
        ("tip/gambling", "三楼东户 别写是邻居说的行不", "保密"),
        ("tip/gambling", "这照片能认出是我家阳台吧 能撤不", "不给被举报的人看"),
        ("help_request/complaint_officer", "那你说这违规吗", "核实"),
    ],
)
async def test_that_a_plea_beside_a_tip_or_a_complaint_is_answered(
    station: Station, label: str, text: str, told: str
) -> None:
    await deliver_as(station, "我要反映个事 就是楼下那家", label)
    await deliver_as(station, text, label)
    assert told in said(station)[-1]


@pytest.mark.parametrize("text", ["周四我单位消防演习 有人喊着火别当真", "我公司拟于明日举行反恐演练，特此告知"])
async def test_that_who_announces_a_drill_is_told_how_the_officers_come_to_know(station: Station, text: str) -> None:
    await deliver_as(station, text, "other/fiction")
    await deliver_as(station, "昨天看了个电视剧 拍戏真不容易", "other/fiction")
    assert said(station) == [wording.DRILL_ANNOUNCED, "答：昨天看了个电视剧 拍戏真不容易"]


async def test_that_nobody_is_told_to_stay_in_a_burning_house_who_wants_to_be_unnamed(station: Station) -> None:
    await deliver_as(station, "楼道着火了", "urgent_alarm/fire")
    await deliver_as(station, "消防来了 可别提是我报的", "other/chitchat")
    assert wording.RELIEVED_UNSEEN not in said(station)[-1]
    station.phone.take()


async def test_that_the_officer_who_has_an_alarm_is_paged_where_it_was_not_over(station: Station) -> None:
    await deliver_as(station, "楼道着火了", "urgent_alarm/fire")
    acknowledge(station)
    await deliver_as(station, "没事了 误会", "help_request/correction")
    station.phone.take()
    await deliver_as(station, "墙都烫手了 我出不去", "help_request/correction")
    assert station.phone.take()["case_id"] == rows(station, Case)[0].id
