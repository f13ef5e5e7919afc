"""What the account does for residents in conversation, end to end: real Rasa, real actions, real processes."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bot.duty import handling
from bot.nlu.values import _check_digit, months_after
from bot.services import applications
from bot.store.models import Application, ApplicationState, Case, Reply, Resident
from bot.wechat.envelope import open_reply
from tests.e2e.writer import Writer, words_of
from tests.resident import message_xml, post
from tests.stack import Stack

pytestmark = pytest.mark.slow

NUMBER = "21010419860307001" + _check_digit("21010419860307001")
WRONG = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
PHONE = "13800138021"
DOG = ["赵小满", NUMBER, PHONE, "大东路66号2单元301", "旺财", "柯基", "黄白", "前天打的"]
"""A resident's answers to the dog licence's questions, in their order, without the photos."""
SPOKEN = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))


class Applicant(Writer):
    """A resident who also sends pictures and places, and whose applications a test may look at."""

    def send(self, kind: str, fields: str) -> str:
        """Send something that is no text, and give the passive reply's words."""
        answer = post(self.stack.account, self.stack.gateway_url, message_xml(self.openid, fields, kind=kind))
        answer.raise_for_status()
        return words_of(_opened(self.stack, answer.text))

    def photo(self) -> str:
        """Send a picture; in the demo it cannot be fetched, which matters to nobody here."""
        return self.send("image", "<PicUrl>http://127.0.0.1/none</PicUrl><MediaId>no-such-media</MediaId>")

    def location(self, label: str) -> str:
        """Send a WeChat location."""
        return self.send(
            "location",
            f"<Location_X>41.8</Location_X><Location_Y>123.46</Location_Y><Scale>16</Scale><Label>{label}</Label>",
        )

    def says(self, *texts: str) -> str:
        """Write one message after the other, and give the last one's reply."""
        return [self.say(text) for text in texts][-1]

    def with_form(self, says: str = "我要办犬证", *answers: str) -> "Applicant":
        """Begin a form, agree, and give the first answers."""
        self.says(says, "同意", *answers)
        return self

    def applications(self) -> list[Application]:
        """What this resident has handed in, oldest first."""
        query = sa.select(Application).join(Resident).where(Resident.openid == self.openid).order_by(Application.id)
        return _read(self.stack, query)

    def application(self) -> Application:
        """The only one."""
        (one,) = self.applications()
        return one

    def case(self) -> Case:
        """The only case."""
        ((case, _),) = self.cases()
        return case

    def hand_in(self) -> Application:
        """A dog licence from beginning to end."""
        self.with_form("我要办犬证", *DOG)
        for _ in range(3):
            self.photo()
        self.say("确认")
        return self.application()


def _opened(stack: Stack, body: str) -> str:
    return open_reply(stack.account, body)


def _read(stack: Stack, query: sa.Select[Any]) -> list[Any]:
    return [one for (one,) in stack.rows(query)]


def _write(stack: Stack, work: Callable[[Any], object]) -> None:
    store = stack.store
    with store.transaction() as session:
        work(session)
    store.close()


@pytest.fixture
def writer(stack: Stack) -> Applicant:
    return Applicant(stack)


# -- applications ---------------------------------------------------------------------------------------------------


def test_that_a_dog_licence_is_asked_for_in_order_up_to_its_receipt(writer: Applicant) -> None:
    assert "同意" in writer.say("我要办犬证")
    assert "（1/11）" in writer.say("同意")
    for number, answer in enumerate(DOG, 2):
        assert f"（{number}/11）" in writer.say(answer)
    assert "侧面" in writer.photo()
    assert "免疫证" in writer.photo()
    summary = writer.photo()
    assert NUMBER not in summary
    assert f"{NUMBER[:6]}********{NUMBER[-4:]}" in summary
    assert writer.applications() == []
    said = writer.say("确认")
    application = writer.application()
    assert application.receipt
    assert application.receipt in said
    assert (application.kind, application.state) == ("dog_licence", ApplicationState.SUBMITTED)
    kept = ("name", "id_number", "phone", "address", "dog_name", "dog_breed", "dog_colour")
    assert [application.answers[name] for name in kept] == DOG[:7]
    assert set(application.photos) == {"photo_dog_front", "photo_dog_side", "photo_vaccine"}
    assert writer.cases() == []


def test_that_one_message_may_hold_the_whole_application(writer: Applicant) -> None:
    writer.say(
        f"办犬证，我叫赵小满，{NUMBER}，{PHONE}，住大东路66号2单元301，狗叫旺财，柯基，黄白色，上个月打的狂犬疫苗"
    )
    assert "（10/11）" in writer.photo(), "who goes on sending agrees, and all of it was kept"
    writer.photo()
    writer.photo()
    writer.say("没毛病 提交吧")
    answers = writer.application().answers
    assert (answers["name"], answers["id_number"], answers["dog_name"]) == ("赵小满", NUMBER, "旺财")


def test_that_digits_may_be_spoken(writer: Applicant) -> None:
    spoken = "".join(SPOKEN.get(digit, "叉") for digit in NUMBER)
    assert "（3/11）" in writer.with_form("我要办犬证", "赵小满").say(f"身份证是{spoken}")
    assert "（4/11）" in writer.say("幺三八 零零幺三 八零二幺")
    writer.says(*DOG[3:])
    writer.photo(), writer.photo(), writer.photo()
    writer.say("确认")
    answers = writer.application().answers
    assert (answers["id_number"], answers["phone"]) == (NUMBER, PHONE)


def test_that_a_form_may_give_way_to_another_and_a_question_to_its_own_answer(writer: Applicant) -> None:
    writer.with_form("我要办犬证", "赵小满")
    permit = writer.say("居住证多少钱")
    assert "首次申领免费" in permit
    assert "（2/11）" in permit
    assert "同意" in writer.say("我要办居住证")
    assert "/10）" in writer.say("同意")
    assert writer.cases() == []


def test_that_a_picture_taken_anew_replaces_the_former_one(writer: Applicant) -> None:
    writer.with_form("我要办犬证", *DOG)
    assert "侧面" in writer.photo()
    assert "免疫证" in writer.photo()
    assert "侧面" in writer.say("这张还是正面，重拍的")
    assert "免疫证" in writer.photo()


def test_that_an_alarm_told_at_length_is_one_also_in_a_form(writer: Applicant) -> None:
    writer.with_form("我要办居住证").say("刚才社区来电话说我证办不下来得先交押金，我半小时前给他转了六千，这能查到吗")
    assert writer.case().label == "urgent_alarm"


def test_that_a_photo_sent_too_early_is_kept_and_the_question_stays(writer: Applicant) -> None:
    assert "（2/11）" in writer.with_form("我要办犬证", "赵小满").photo()
    assert "侧面" in writer.says(*DOG[1:]), "the front is there already"
    assert writer.cases() == []


def test_that_a_wrong_identity_number_is_told_and_mended(writer: Applicant) -> None:
    told = writer.with_form("我要办犬证", "赵小满").say(WRONG)
    assert "校验不对" in told
    assert "（2/11）" in told
    assert "18位" in writer.say(NUMBER[:-1])
    assert "（3/11）" in writer.say(NUMBER)


def test_that_a_correction_asks_anew_or_takes_the_new_value(writer: Applicant) -> None:
    assert "（3/11）" in writer.with_form("我要办犬证", *DOG[:3]).say("手机号写错了")
    assert "（4/11）" in writer.say("13800138099"), "back where it was"
    writer.says(*DOG[3:])
    writer.photo(), writer.photo()
    assert "13800138099" in writer.photo()
    changed = writer.say("地址改成小河沿路9号1-1-1")
    assert "小河沿路9号1-1-1" in changed
    assert writer.applications() == []
    assert "（5/11）" in writer.say("狗名写错了")
    assert "来福" in writer.say("来福")
    writer.say("确认")
    answers = writer.application().answers
    assert (answers["phone"], answers["address"], answers["dog_name"], answers["name"]) == (
        "13800138099",
        "小河沿路9号1-1-1",
        "来福",
        "赵小满",
    )


def test_that_a_question_in_between_is_answered_and_the_form_asks_on(writer: Applicant) -> None:
    said = writer.with_form("我要办犬证", "赵小满").say("身份证丢了怎么补办")
    assert "户口本" in said
    assert "（2/11）" in said
    plain = writer.say("人话说一下")
    assert "（2/11）" in plain
    assert "（3/11）" in writer.say(NUMBER)


def test_that_an_alarm_in_between_is_an_alarm_and_takes_what_is_said(stack: Stack, writer: Applicant) -> None:
    assert "110" in writer.with_form("我要办犬证", "赵小满").say("有人拿刀追着我砍，我躲进大东路66号的超市了")
    alarm = writer.case()
    assert alarm.label == "urgent_alarm"
    for said in (writer.say(NUMBER), writer.say(PHONE), writer.photo()):
        assert "/11）" not in said
    heard = _read(stack, sa.select(Case).where(Case.id == alarm.id).options(sa.orm.selectinload(Case.messages)))
    assert len(heard[0].messages) == 4
    now = datetime.now(UTC)
    _write(
        stack,
        lambda session: handling.close(
            session, alarm.id, officer="示例民警", disposition="real", word="到场处置", now=now
        ),
    )
    assert "（3/11）" in writer.say(NUMBER), "nothing of the alarm is in the form, which goes on where it was"
    assert len(writer.cases()) == 1


@pytest.mark.parametrize(
    ("alarm", "over"),
    [
        ("着火了，厨房冒烟", "没事了，火灭了"),
        ("我女儿六岁，在万泉公园玩着玩着就不见了", "孩子找到了，在门卫那儿，不用来了"),
    ],
)
def test_that_the_form_goes_on_when_the_resident_says_that_it_is_over(writer: Applicant, alarm: str, over: str) -> None:
    writer.with_form("我要办犬证", "赵小满").say(alarm)
    assert "结案" in writer.say(over)
    assert writer.case().resolved_at is not None
    assert "（3/11）" in writer.say(NUMBER)
    assert len(writer.cases()) == 1


def test_that_the_form_goes_on_in_so_many_words_once_an_officer_has_the_alarm(stack: Stack, writer: Applicant) -> None:
    writer.with_form("我要办犬证", "赵小满").say("有人在我家门口砸门，喝多了骂人")
    alarm = writer.case()
    assert "/11）" not in writer.say(NUMBER)
    _write(stack, lambda session: handling.acknowledge(session, alarm.id, officer="示例民警", now=datetime.now(UTC)))
    assert "/11）" not in writer.say(PHONE), "it may be for the officer"
    assert "（2/11）" in writer.say("接着填狗证吧")
    assert "（3/11）" in writer.say(NUMBER)
    assert len(writer.cases()) == 1


def test_that_whoever_was_told_why_and_sends_data_agrees_and_can_stop(writer: Applicant) -> None:
    assert "同意" in writer.say("我要办犬证")
    asked = writer.say(f"赵小满 {NUMBER}")
    assert "不办了" in asked
    assert "（3/11）" in asked
    assert "没有提交" in writer.say("不办了")


def test_that_data_sent_with_the_wish_itself_wait_for_consent(writer: Applicant) -> None:
    assert "同意" in writer.say(f"我要办犬证，我叫赵小满，{NUMBER}")
    assert "回“同意”" in writer.say("你们下班了吗")
    assert "（3/11）" in writer.say("同意")


def test_that_bare_words_beside_each_other_find_their_places(writer: Applicant) -> None:
    writer.with_form("我要办犬证", *DOG[:4])
    assert "（8/11）" in writer.say("点点 比熊 白色")
    assert "（9/11）" in writer.say("大前天刚打完针")
    assert "手机" in writer.say("照片自己拍就行呗")
    assert writer.cases() == []


def test_that_words_prove_nothing_where_somebody_else_may_hold_the_telephone(writer: Applicant) -> None:
    writer.say("我老公拿皮带抽我，脸都肿了")
    assert "核实" in writer.say("没事了，他走了，不用来了")
    assert writer.case().resolved_at is None


def test_that_giving_up_ends_the_form_and_stores_nothing(writer: Applicant) -> None:
    assert "没有提交" in writer.with_form("我要办犬证", "赵小满").say("不办了")
    assert "/11）" not in writer.say("你好")
    assert writer.applications() == []
    assert "同意" in writer.say("我要办犬证")
    assert "（1/11）" in writer.say("同意"), "nothing is left of the first one"


def test_that_a_form_waits_and_tells_what_is_missing(writer: Applicant) -> None:
    later = writer.with_form("我要办犬证", "赵小满", "大东路66号2单元301").say("手头没有，晚上再填")
    assert "下一项是“身份证号”" in later
    missing = writer.say("还差啥")
    assert "还差9项" in missing
    assert "手机号" in missing
    assert "住址" not in missing
    assert "（2/11）" in writer.say("接着昨天那个")
    assert "（3/11）" in writer.say(NUMBER)


def test_that_a_residence_permit_wants_half_a_year(writer: Applicant) -> None:
    writer.with_form("我要办居住证", "马晓东", NUMBER, PHONE, "吉林四平", "小河沿路8号2单元501")
    told = writer.say("上个月搬来的")
    assert "半年" in told
    assert "（6/10）" in told
    assert "（7/10）" in writer.say("2024年5月")


def test_that_a_residence_permit_is_handed_in_and_its_standing_told(writer: Applicant) -> None:
    since = months_after(date.today(), -14).replace(day=1)
    writer.with_form("我要办居住证", "马晓东", NUMBER, PHONE, "吉林四平", "小河沿路8号2单元501")
    writer.says(f"{since:%Y年%-m月}来的", "在饭店上班")
    writer.photo(), writer.photo()
    assert "确认" in writer.photo()
    assert "J" in writer.say("确认")
    application = writer.application()
    kept = ("household_place", "lived_since", "ground")
    assert [application.answers[name] for name in kept] == ["吉林四平", f"{since:%Y-%m}", "上班"]
    assert application.receipt
    for question in (application.receipt, "我的居住证办好了吗"):
        assert "等民警审核" in writer.say(question)
    assert application.receipt not in Applicant(writer.stack).say(application.receipt), "only one's own"


# -- one's own standing, and the officer's word ---------------------------------------------------------------------


def test_that_everyone_hears_of_their_own_only(stack: Stack, writer: Applicant) -> None:
    receipt = writer.hand_in().receipt or "none"
    assert receipt in writer.say("我的犬证办好了吗")
    writer.say("我家小狗在万泉公园跑丢了，是只棕色泰迪")
    standing = writer.say("我的报警怎么样了")
    assert receipt in standing
    assert "宠物走失" in standing
    assert len(writer.cases()) == 1
    assert receipt not in writer.say("帮我室友查下犬证办好没 他上周办的")
    assert receipt not in writer.say("Q20260101-9999")
    stranger = Applicant(stack).say("我的报警怎么样了")
    assert receipt not in stranger
    assert "没查到" in stranger


def test_that_the_officers_decision_reaches_the_resident_and_a_picture_the_application(
    stack: Stack, writer: Applicant
) -> None:
    application = writer.hand_in()

    def decided(step: str, reason: str) -> str:
        now = datetime.now(UTC)
        _write(
            stack,
            lambda session: applications.decide(
                session, application.id, step, officer="示例民警", reason=reason, now=now
            ),
        )
        newest = sa.select(Reply).where(Reply.resident_id == application.resident_id, Reply.author == "示例民警")
        return str(_read(stack, newest.order_by(Reply.id.desc()))[0].text)

    assert "侧面照糊了" in decided("ask", "侧面照糊了，请重拍")
    assert application.receipt
    assert application.receipt in writer.photo()
    assert len(writer.application().photos["more"]) == 1
    assert "侧面照糊了" in writer.say(application.receipt)
    assert "/11）" in writer.with_form("我要办犬证").say("赵小满"), "what answers a form is no supplement"
    writer.say("不办了")
    assert "手机号" in decided("ask", "手机号打不通，请发一个新的")
    assert application.receipt in writer.say("新号是13800138066")
    assert writer.application().answers["phone"] == "13800138066"
    assert "收到，已补到" not in writer.say("身份证丢了怎么补办")
    assert "通过" in decided("approve", "")
    assert "审核通过" in writer.say("我的犬证办好了吗")
    assert writer.cases() == []


# -- questions ------------------------------------------------------------------------------------------------------


def test_that_a_question_without_a_subject_is_about_the_one_before(writer: Applicant) -> None:
    writer.say("身份证丢了怎么补办")
    assert "40元" in writer.say("多少钱")
    assert "本人" in writer.say("我妈能替我去不")
    plain = writer.say("人话说一下")
    assert "四十块" in plain
    assert "得本人来" in plain
    assert "满半年" in writer.say("不是，我问的是居住证")
    assert writer.cases() == []


def test_that_two_questions_in_one_message_are_both_answered(writer: Applicant) -> None:
    said = writer.say("身份证丢了补办带啥，狗证在哪办")
    assert "【身份证丢了补办】户口本" in said
    assert "【办犬证】" in said


def test_that_an_unclear_question_offers_choices_and_a_tap_answers_it(writer: Applicant) -> None:
    asked = writer.say("想问一下户口")
    assert "转人工" in asked
    assert "户口迁入" in asked
    answered = writer.say("户口迁入")
    assert "核对" in answered
    assert "拿不准" not in answered
    assert writer.cases() == []


def test_that_a_community_officer_is_found_by_address_also_afterwards(writer: Applicant) -> None:
    assert "示例民警乙" in writer.say("魁星社区的社区民警是谁")
    asked = Applicant(writer.stack)
    assert "示例民警" not in asked.say("我们片警是谁")
    assert "示例民警甲" in asked.say("大东路1号")
    assert asked.cases() == []


def test_that_a_look_up_goes_on_with_another_place_name_or_question(writer: Applicant) -> None:
    assert "示例民警甲" in writer.says("社区民警是谁", "大东路35号")
    assert "示例民警乙" in writer.say("那34号呢")
    assert "示例民警乙" in writer.say("他啥时候在")
    assert "7人" in writer.says("查一下王小明有几个重名", "张伟")
    assert writer.cases() == []


def test_that_a_name_is_counted_also_when_it_comes_alone(writer: Applicant) -> None:
    assert "21人" in writer.say("查一下王小明有几个重名")
    writer.say("重名查询")
    assert "张伟”的有7人" in writer.say("张伟")


def test_that_what_it_does_not_know_is_said_so_and_a_human_offered(writer: Applicant) -> None:
    said = writer.say("骨灰盒怎么寄存")
    assert "转人工" in said
    assert "核对" not in said
    assert "民警" in writer.say("转人工")
    assert writer.case().intent == "help_request/human_service"


def test_that_an_insult_opens_no_case(writer: Applicant) -> None:
    assert writer.say("滚蛋吧废物机器人")
    assert writer.cases() == []


def test_that_the_menu_begins_a_form_and_tells_ones_standing(writer: Applicant) -> None:
    assert "同意" in words_of(writer.tap("services:dog_licence"))
    assert "（1/11）" in writer.say("同意")
    assert "没查到" in words_of(writer.tap("alarm:status"))
    assert "（2/11）" in writer.say("赵小满")
    assert writer.cases() == []


# -- tips and alarms ------------------------------------------------------------------------------------------------


def test_that_a_tip_has_a_number_for_its_details_and_danger_raises_it(writer: Applicant) -> None:
    first = writer.say("楼下棋牌室天天赌钱，一桌好几万")
    number = f"X{writer.case().id}"
    assert number in first
    added = writer.say("就在大东路66号二楼，晚上八点开始")
    assert number in added
    assert "东路" not in added, "others may see the screen of whoever tells"
    assert writer.case().label == "tip"
    assert "110" in writer.say("他们发现我了，拿刀追我")
    assert writer.case().label == "urgent_alarm"


def test_that_an_alarm_asks_place_danger_people_in_this_order(writer: Applicant) -> None:
    assert "哪个小区" in writer.say("我下班回来家门让人撬开了，听见屋里有动静")
    danger = writer.say("东逸花园3号楼2单元501")
    assert "还在不在" in danger
    assert "哪个小区" not in danger
    assert "几个人" in writer.say("还在客厅翻东西呢")
    assert "？" not in writer.say("看不清，好像戴着帽子"), "there is nothing left to ask"
    assert writer.case().intent == "urgent_alarm/burglary"


def test_that_an_alarm_never_asks_what_it_knows(writer: Applicant) -> None:
    said = [
        writer.say("两个男的撬开门进我家了，大东路66号3单元301"),
        writer.say("我躲在床底下不敢出声"),
        writer.say("快来"),
    ]
    assert "还在不在" in said[0]
    for known in ("哪个小区", "几个人"):
        assert not any(known in reply for reply in said)
    located = Applicant(writer.stack)
    assert "在哪" in located.say("有人拿刀追着我砍，跑不动了快来")
    assert not any("在哪" in reply for reply in (located.location("大东区大东路66号"), located.say("你们快点来")))


def test_that_a_silent_alarm_gets_neutral_words_only(writer: Applicant) -> None:
    said = [writer.say("别打电话，他在旁边，我不敢出声"), writer.say("在"), writer.photo(), writer.say("1")]
    assert writer.case().silent
    for word in ("警", "110", "危险", "救", "安全", "对方"):
        assert not any(word in reply for reply in said), word


def test_that_english_and_traditional_characters_are_answered_in_kind(writer: Applicant) -> None:
    first = writer.say("Help! A man with a knife is following me near the subway")
    assert "officer on duty" in first
    assert "Where are you" in first
    assert "send your location" in writer.say("I am near the gate of the park")
    assert "Are you safe" in writer.say("He is still behind me")
    traditional = Applicant(writer.stack)
    assert "戶口本" in traditional.say("身份證丟了怎麼補辦")
    assert "值班民警" in traditional.say("有個男人跟蹤我，我好怕")
    assert traditional.case().label == "urgent_alarm"
