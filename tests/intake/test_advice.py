"""What an alarm's further messages are answered with: a receipt, or the line that its words ask for."""

import dataclasses
import itertools

import pytest

from bot.duty.case import TOLD_OVER
from bot.intake import advice, questions, wording
from bot.intake.advice import Moment
from bot.store.models import Case, Message, Reply
from tests.intake.rows import rows
from tests.station import Station
from tests.world import Answer, Asked

pytestmark = pytest.mark.anyio
ADVICE = advice.load()
LINES = ADVICE.lines
BREAK_IN = "有人在撬我家门"


def line(kind: str, text: str, **moment: bool) -> str:
    """The name of the first line for a message."""
    entry = next(advice.lines_for(Moment(kind, **moment), text, LINES), None)
    return entry.name if entry else ""


def said(station: Station) -> list[str]:
    return [reply.text for reply in rows(station, Reply)]


@pytest.mark.parametrize(
    ("kind", "text", "name"),
    [
        ("fire", "6号楼1单元9楼 我抱狗往下跑呢", "on_the_way_down"),
        ("smoke_outside", "楼道全是烟 能往下跑吗", "no_way_out_in_smoke"),
        ("robbery", "胳膊流血了", ""),
        ("assault", "是不是得满24小时", ""),
        ("fraud_transfer", "他让我签了保密书", ""),
        ("suicide_self", "你是真人还是机器", "identity_despair"),
        ("domestic_violence", "是邻居家打孩子呢", ""),
        ("burglary", "我能出去看看不", "come_out"),
        ("gas_leak", "狗还在屋 我进去抱出来", "stay_out_of_gas"),
        ("gas_leak", "402 我有钥匙 我进去开个灯瞅瞅行不", "stay_out_of_gas"),
        ("traffic_injury", "120 我说 不能 你帮 叫", "call_for_me"),
        ("traffic_injury", "有人帮我叫救护车了", ""),
        ("gas_leak", "灯是声控的一走道它就亮啊", "lamp_by_itself"),
        ("gas_leak", "幼儿园这会儿放学呢门口全是孩子", "people_kept_away"),
        ("gas_leak", "就老副食商店后身那栋黄楼挨着幼儿园的二单元", ""),
        ("gas_leak", "消防来了", "firemen_are_here"),
        ("gas_leak", "消防来了 俩人抬出来了", "help_is_here"),
        ("fire", "消防来了吗", "how_long"),
        ("fraud_transfer", "我儿子打的110 那边说给止付了", "money_stopped"),
        ("fraud_transfer", "他说我卡涉案给冻结了", ""),
        ("fraud_transfer", "转了八万 还剩十二万他让十分钟内转完", "wants_more"),
        ("stalking", "the lady wants to close, what do i tell her", "words_to_show"),
        ("burglary", "没声了 是不是走了 我想下楼看看", "quiet_outside"),
        ("child_alone", "没声了 是不是走了 我想下楼找我妈", "child_stays_in"),
        ("child_alone", "妈妈回来了 还有两个警察", "child_safe"),
        ("child_alone", "妈妈还没回来", ""),
        ("burglary", "我老公回来了 还有两个警察", "help_is_here"),
        ("fire", "门外有人砸门让我们赶紧跑", "knock_in_smoke"),
        ("fire", "我挨家敲门呢 都出来了", ""),
        ("building_danger", "拿千斤顶顶起来中不", "pinned_under"),
        ("building_danger", "他腿压着 麻没知觉了", ""),
        ("fraud_transfer", "我在建行柜台呢", "fraud_at_the_bank"),
        ("traffic_injury", "he wants to get up, ok?", "keep_still"),
        ("group_fight", "我下去拉架行不", "no_stepping_in"),
        ("theft_in_progress", "我怕他认出我", "they_may_see_me"),
        ("medical", "我爸快不行了", "failing"),
        ("fire", "门 能 开 吗 能开门 不", "fire_out"),
        ("drowning", "he is not breathing", "not_breathing"),
        ("missing_child", "是不是得满24小时", "twenty_four_hours"),
        ("fraud_transfer", "你是真警察吗", "real_police_money"),
        ("medical", "你是真警察吗", "identity"),
        ("suicide_self", "能陪我唠会不", "company"),
        ("theft_in_progress", "他要跑了 我去给他按住", "suspects_wait"),
        ("suicide_self", "我把药吃了半瓶", "swallowed"),
        ("suicide_self", "有人敲门", "at_your_door"),
        ("suicide_self", "别让我妈知道行吗", "despair_kept"),
        ("domestic_violence", "他睡着了 我现在能走不", "come_out"),
        ("fraud_transfer", "有个公司说能帮我追款 先交一千", "second_scam"),
        ("dangerous_animal", "我爱人让蛇咬了", "snake_bite"),
        ("medical", "没气了 到底按哪儿啊 按哪", "how_to_press"),
        ("burglary", "我听不见敲门 你们来了我咋知道", "deaf_at_the_door"),
        ("burglary", "我耳朵听不见 你们敲门我咋知道", "deaf_at_the_door"),
        ("gas_leak", "头有点晕", "gas_ill"),
        ("burglary", "你们到了敲门怎么敲 我咋知道是你们", ""),
        ("taxi_danger", "我想让他开到你们门口行不", "taxi_to_the_station"),
        ("taxi_danger", "我下来了 在加油站里 他还停在外头", "out_of_the_taxi"),
        ("taxi_danger", "停在加油站了", "taxi_stopped"),
        ("fire", "坐电梯下去行吗", "no_lift_down"),
        ("domestic_violence", "爸爸拿椅子要砸", "thing_in_hand"),
        ("assault", "我拿棍子呢", ""),
        ("fire", "浇不灭 火更大了", "fire_spreads"),
        ("fire", "我爷爷还在里面", "still_inside"),
        ("fire", "我还在里面", ""),
        ("domestic_violence", "he took the hammer", "thing_in_hand"),
        ("assault", "他抄起擀面杖了", "thing_in_hand"),
        ("domestic_violence", "女的没动静了", "gone_quiet"),
        ("domestic_violence", "没动静了 和好了", ""),
        ("medical", "咋喊不应呢", "not_answering"),
        ("medical", "敲门不应声 是邻居", ""),
        ("gas_leak", "那个抢修打哪个号", "gas_number"),
        ("traffic_injury", "打啥号", "which_number"),
        ("traffic_injury", "there is no passport with me", "papers_do_not_matter"),
        ("fire", "可以走了吗", "stays_as_witness"),
        ("violent_threat", "可以走了吗", ""),
        ("suicide_self", "刚才吞了一板安眠药", "swallowed"),
        ("suicide_self", "安眠药就在手里", "pills_in_hand"),
        ("suicide_self", "药攒够了 今晚上吃了就不遭罪了", "pills_in_hand"),
        ("suicide_self", "我想把这瓶药都吃了", "pills_in_hand"),
        ("suicide_self", "攒的药我都吃了", "swallowed"),
        ("suicide_self", "没多想就吃了一瓶药", "swallowed"),
        ("suicide_self", "今晚吃了一瓶安眠药", "swallowed"),
        ("suicide_self", "没吃呢 搁桌上呢", "pills_not_taken"),
        ("suicide_self", "好几天没吃饭了", ""),
        ("suicide_self", "别告诉我闺女 她孩子刚满月", "despair_not_my_family"),
        ("domestic_violence", "我婆婆说这事别往外说", ""),
        ("domestic_violence", "你们别往外说", "keep_me_out"),
        ("assault", "他往我胳膊上扎了一刀", "stabbed"),
        ("domestic_violence", "扎我手了", "stabbed"),
    ],
)
def test_that_a_line_fits_the_words_and_the_kind(kind: str, text: str, name: str) -> None:
    assert line(kind, text) == name


def test_that_a_message_is_never_answered_like_the_one_before_it() -> None:
    for kind in ("burglary", "suicide_self"):
        said = [ADVICE.receipt(Moment(kind), number) for number in range(6)]
        assert all(one != other for one, other in itertools.pairwise(said))
    assert ADVICE.listens(Moment("suicide_self"))
    assert not ADVICE.listens(Moment("burglary"))


def test_that_who_writes_english_is_guided_by_the_scene_before_the_kind() -> None:
    assert "wave from the window" in ADVICE.in_english(Moment("fire", "smoke_outside"))
    assert "119" in ADVICE.in_english(Moment("fire", "fire"))
    assert ADVICE.in_english(Moment("a_new_kind")) == ADVICE.english_first["any"]


def test_that_lines_know_the_moment() -> None:
    assert line("fire", "我是聋人 着火了", first=True, mute=True) == "mute"
    assert line("fire", "我是聋人 着火了", first=True) == ""
    assert line("kidnapped_self", "他们拽我上车", first=True, begins=True) == "kidnapped_self_first"
    assert line("kidnapped_self", "他们拽我上车") == ""
    assert line("fire", "猫也在屋里", first=True) == ""
    assert line("missing_child", "这个怎么撤", over=True) == "how_to_close"
    assert line("missing_child", "看到没", over=True) == ""
    assert line("wage_dispute", "明天我们去堵门", calm=True) == "lawfully"
    assert line("wage_dispute", "看到没", calm=True) == ""


def test_that_a_line_is_said_also_to_what_is_surely_read_as_its_matter() -> None:
    for kind, name in (("suicide_self", "identity_despair"), ("burglary", "identity")):
        entry = next(advice.lines_for(Moment(kind), "对面是个啥在跟我唠", LINES, "other/bot_identity"), None)
        assert entry is not None
        assert entry.name == name


def test_that_every_kind_a_line_names_is_in_the_catalogue() -> None:
    from bot.nlu.catalogue import title_of

    for label in LINES:
        for kind in label.kinds:
            names = (f"{group}/{kind}" for group in ("urgent_alarm", "help_request", "tip", "other"))
            known = kind in questions.load().scenes or any(title_of(name) != name for name in names)
            assert known, f"{label.entry.name}: {kind}"


async def test_that_a_line_is_said_once_and_again_to_whoever_asks(station: Station) -> None:
    for text in (BREAK_IN, "能出来不", "能出来不", "别打电话"):
        await station.deliver(text)
    come_out = next(one.entry.says for one in LINES if one.entry.name == "come_out")
    assert [come_out in text for text in said(station)] == [False, True, True, False]
    station.phone.take()


async def test_that_in_front_of_an_attacker_a_line_looks_like_nothing(station: Station) -> None:
    for text in ("他在门口我不敢出声", "能出来不", "他在砸门"):
        await station.deliver(text)
    texts = said(station)
    assert texts[1].startswith("先别动，等信儿")
    assert not any(word in text for text in texts for word in ("警", "110"))
    station.phone.take()


async def test_that_a_deaf_person_in_a_fire_is_advised_in_writing(station: Station) -> None:
    station.rasa.status = 503
    await station.deliver("着火了 我聋 不能打电话")
    (case,) = rows(station, Case)
    assert case.silent
    assert "请叫人打110" in said(station)[0]
    assert "请拨" not in said(station)[0]
    assert "写字就行" in said(station)[0]
    station.phone.take()


async def test_that_a_deaf_person_who_was_robbed_is_advised_in_the_open_unless_somebody_reads_along(
    station: Station,
) -> None:
    station.rasa.labels = dict.fromkeys(("我聋人 包抢走", "我聋人 他在门口 不敢动"), "urgent_alarm")
    station.rasa.intents = dict.fromkeys(station.rasa.labels, "urgent_alarm/robbery")
    await station.deliver("我聋人 包抢走", openid="oA")
    await station.deliver("我聋人 他在门口 不敢动", openid="oB")
    assert "写字就行" in said(station)[0]
    assert said(station)[1].startswith(wording.SILENT_ALARM)
    for _ in range(2):
        station.phone.take()


async def test_that_money_offered_beside_an_accident_makes_no_swindle_of_it(station: Station) -> None:
    texts = ("车把人撞了", "司机给二百要走")
    station.rasa.labels = dict.fromkeys(texts, "urgent_alarm")
    kinds = ("urgent_alarm/traffic_injury", "urgent_alarm/fraud_transfer")
    station.rasa.intents = dict(zip(texts, kinds, strict=True))
    for text in texts:
        await station.deliver(text)
    (case,) = rows(station, Case)
    assert case.intent == "urgent_alarm/traffic_injury"
    station.phone.take()


def test_that_only_a_child_alone_is_in_its_scene() -> None:
    asked, case = questions.load(), Case(intent="urgent_alarm/burglary")
    alone, adult = (
        [Message(kind="text", text=text)] for text in ("我自己在家 有人拧门", "我自己在家 我刚下班 有人拧门")
    )
    assert asked.scene_of(case, alone, child=True) == "child_alone"
    assert "child_alone" not in {asked.scene_of(case, alone), asked.scene_of(case, adult, child=True)}


def test_that_pills_meant_for_later_are_none_that_were_taken() -> None:
    for story, scene in (("药攒够了 今晚上吃了就不遭罪了", "suicide_self"), ("攒的药我都吃了", "harmed")):
        case, messages = Case(intent="urgent_alarm/suicide_self"), [Message(kind="text", text=story)]
        assert questions.load().scene_of(case, messages) == scene


GAS_AT_THE_DOOR = "来收房租 敲老半天没人应 门缝里往外窜煤气味"


async def test_that_a_smell_of_gas_read_as_fire_is_guided_as_gas(station: Station) -> None:
    station.rasa.labels = {GAS_AT_THE_DOOR: "urgent_alarm"}
    station.rasa.intents = {GAS_AT_THE_DOOR: "urgent_alarm/fire"}
    for text in (GAS_AT_THE_DOOR, "3单元402 我有钥匙 我进去开个灯瞅瞅行不"):
        await station.deliver(text)
    (case,) = rows(station, Case)
    assert case.intent == "urgent_alarm/gas_leak"
    assert "别开灯" in said(station)[0]
    assert "湿毛巾" not in said(station)[0]
    assert said(station)[1].startswith("别进去，也别开灯")
    station.phone.take()


@pytest.mark.parametrize(
    ("kind", "story", "told"),
    [
        ("fire", GAS_AT_THE_DOOR, "gas_leak"),
        ("fire", "三楼一股燃气味 没看见着火也没有烟", "gas_leak"),
        ("building_danger", "挖断管子了 天然气泄漏 怕爆炸", "gas_leak"),
        ("general_alarm", "快来 屋里瓦斯味 抽油烟机开着呢", "gas_leak"),
        ("fire", "煤气罐着火了", "fire"),
        ("fire", "闻着煤气味 接着砰一下爆炸了", "fire"),
        ("fire", "一股煤气味 厨房冒烟了", "fire"),
        ("fire", "there is a gas smell and smoke everywhere", "fire"),
        ("medical", "我妈叫不醒 屋里煤气味", "medical"),
    ],
)
def test_that_words_of_gas_without_a_flame_name_the_kind(kind: str, story: str, told: str) -> None:
    case, messages = Case(intent=f"urgent_alarm/{kind}"), [Message(kind="text", text=story)]
    assert questions.load().kind_told(case, messages) == told


async def test_that_a_child_is_spoken_to_as_one(station: Station) -> None:
    text = "警察叔叔 我爸爸在打我妈妈"
    station.rasa.labels, station.rasa.intents = {text: "urgent_alarm"}, {text: "urgent_alarm/domestic_violence"}
    await station.deliver(text)
    assert said(station)[0].startswith("小朋友")
    station.phone.take()


async def test_that_a_child_alone_is_spoken_to_as_one_from_its_first_words_to_a_warm_end(station: Station) -> None:
    alarm, quiet = "我自己在家 外面有个人老拧我家门把手", "没声了 是不是走了 我想下楼找我妈"
    home = "妈妈回来了 还有两个警察"
    place = "我家在滨河那个小区 院里有大象滑梯的 不知道几号楼"
    station.rasa.labels = {alarm: "urgent_alarm", "警察叔叔你好 我叫浩浩": "other"}
    station.rasa.intents = {alarm: "urgent_alarm/burglary", "警察叔叔你好 我叫浩浩": "other/chitchat"}
    for text in ("警察叔叔你好 我叫浩浩", alarm, place, quiet, home):
        await station.deliver(text)
    texts = said(station)
    begins = (wording.CHILD_GREETED, "你写得对，别怕", "", "别出去、别开门", "太好了，大人来了")
    assert all(text.startswith(begin) for text, begin in zip(texts, begins, strict=True)), texts
    assert not any("您" in text for text in texts)
    assert "还差地点" not in texts[2]
    station.phone.take()


async def test_that_a_question_that_no_line_answers_is_promised_the_officers_answer(station: Station) -> None:
    for text in (BREAK_IN, "我的快递放哪个柜子好"):
        await station.deliver(text)
    assert said(station)[-1].startswith(wording.ASKED)
    station.phone.take()


async def test_that_what_no_line_fits_is_received_and_not_read_back(station: Station) -> None:
    for text in (BREAK_IN, "墙上挂着一幅画", "画是蓝颜色的"):
        await station.deliver(text)
    plain = ADVICE.receipts["any"]
    assert [one.startswith(plain) for one in said(station)] == [False, True, True]
    assert not any("画" in one for one in said(station))
    station.phone.take()


async def test_that_a_gas_leak_is_no_secret(station: Station) -> None:
    for text in ("楼道里有煤气味头晕", "我把灯关了"):
        await station.deliver(text)
    (case,) = rows(station, Case)
    assert case.silent
    assert said(station)[-1].startswith(ADVICE.receipts["any"])
    station.phone.take()


async def test_that_who_is_found_in_danger_is_not_found(station: Station) -> None:
    station.rasa.labels = {"找到了 在井里": "help_request"}
    station.rasa.intents = {"找到了 在井里": "help_request/correction"}
    for text in ("我家孩子在公园走丢了找不到了", "找到了 在井里"):
        await station.deliver(text)
    (case,) = rows(station, Case)
    assert case.resolved_at is None
    station.phone.take()


async def test_that_what_is_answered_already_is_not_asked(station: Station) -> None:
    asked = questions.load().kinds["missing_child"]
    await station.deliver("我家五岁的儿子穿黄羽绒服刚才在大悦城走丢了找不到了")
    assert said(station)[-1].endswith(asked["photo"])
    station.rasa.labels["路边有人打架"] = "urgent_alarm"
    station.rasa.intents["路边有人打架"] = "urgent_alarm/group_fight"
    for text in ("路边有人打架", "没受伤"):
        await station.deliver(text, openid="oB")
    assert "受伤" not in said(station)[-1]
    for _ in range(2):
        station.phone.take()


async def test_that_a_kind_is_named_by_what_is_told_after_a_whisper(station: Station) -> None:
    await station.deliver("救")
    shipped = station.rasa.server.respond
    station.rasa.labels = {"他们把我关在屋里": "urgent_alarm", "墙是红的": "urgent_alarm"}
    station.rasa.intents = {"他们把我关在屋里": "urgent_alarm/captivity", "墙是红的": "urgent_alarm/fire"}
    await station.deliver("他们把我关在屋里")
    await station.deliver("墙是红的")
    (case,) = rows(station, Case)
    assert (case.intent, case.silent) == ("urgent_alarm/captivity", True)
    assert station.rasa.server.respond == shipped
    station.phone.take()


def read_as_sure(station: Station, readings: dict[str, tuple[str, str]]) -> None:
    """Let each text be read as this kind of alarm, with this confidence."""
    shipped = station.rasa.server.respond

    def respond(asked: Asked) -> Answer:
        answer = shipped(asked)
        text = asked.json().get("text", "") if asked.path.endswith("/webhook") else None
        if text not in readings:
            return answer
        share = f'"confidence": {readings[text][1]}'.encode()
        return dataclasses.replace(answer, body=answer.body.replace(b'"confidence": 0.9', share))

    station.rasa.server.respond = respond
    station.rasa.labels = dict.fromkeys(readings, "urgent_alarm")
    station.rasa.intents = {text: f"urgent_alarm/{kind}" for text, (kind, _) in readings.items()}


async def test_that_life_counts_more_than_money_and_a_sure_reading_more_than_a_doubtful_one(station: Station) -> None:
    sure = {
        "闺女留了话就关机了": ("fraud_transfer", "0.99"),
        "她把自己反锁了不吱声": ("suicide_other", "0.97"),
        "屋里有股怪味": ("suicide_self", "0.5"),
        "是煤气漏了": ("poisoning", "0.9"),
    }
    read_as_sure(station, sure)
    for openid, texts in (("oA", list(sure)[:2]), ("oB", list(sure)[2:])):
        for text in texts:
            await station.deliver(text, openid=openid)
    assert [case.intent for case in rows(station, Case)] == ["urgent_alarm/suicide_other", "urgent_alarm/suicide_self"]
    for _ in range(2):
        station.phone.take()


async def test_that_a_doubtful_kind_said_again_more_surely_is_not_overruled_by_a_doubtful_other(
    station: Station,
) -> None:
    sure = {
        "孩子下去就没影了": ("drowning", "0.32"),
        "掉冰窟窿里了": ("drowning", "0.97"),
        "人找着没": ("wanted_person", "0.58"),
    }
    read_as_sure(station, sure)
    for text in sure:
        await station.deliver(text)
    assert [case.intent for case in rows(station, Case)] == ["urgent_alarm/drowning"]
    station.phone.take()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("人找到了 在公交站", True),
        ("他回来了", True),
        ("找着了没啥事", True),
        ("还没找到", False),
        ("找到了 在河里漂着", False),
        ("找到了没有啊", False),
        ("孩子回来了吗", False),
        ("搁邻居家看动画片呢", True),
        ("刚才在同学家玩呢 出来就没影了", False),
    ],
)
def test_that_plain_words_say_that_somebody_is_back(text: str, found: bool) -> None:
    assert wording.says_found(text) is found


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("发错群了 打游戏呢", True),
        ("啊不是 是我小叔子 钥匙拿错了", True),
        ("这不是误会 他真打了", False),
        ("他往楼上去了", False),
    ],
)
def test_that_plain_words_say_that_it_was_a_mistake(text: str, mistake: bool) -> None:
    assert wording.says_mistake(text) is mistake


async def test_that_a_question_without_a_subject_is_about_what_was_just_told(station: Station) -> None:
    station.rasa.labels = {"我家狗丢了": "help_request", "没办证罚我不": "enquiry"}
    station.rasa.intents = {"我家狗丢了": "help_request/lost_pet", "没办证罚我不": "enquiry/follow_up"}
    await station.deliver("我家狗丢了")
    await station.deliver("没办证罚我不")
    unlicensed = next(one.entry.says for one in LINES if one.entry.name == "unlicensed_dog")
    assert said(station)[-1] == unlicensed
    await station.deliver("没办证罚我不", openid="oB")
    assert said(station)[-1] == "答：没办证罚我不"


async def test_that_goodbye_is_not_taken_down_but_of_whoever_despairs_it_is_no_end(station: Station) -> None:
    for openid, alarm, kind in (("oA", "车撞人了", "traffic_injury"), ("oB", "我不想活了", "suicide_self")):
        station.rasa.labels = {alarm: "urgent_alarm", "那我走了": "other"}
        station.rasa.intents = {alarm: f"urgent_alarm/{kind}", "那我走了": "other/goodbye"}
        for text in (alarm, "那我走了"):
            await station.deliver(text, openid=openid)
        station.phone.take()
    texts = said(station)
    assert texts[1] == wording.PARTING
    assert wording.PARTING not in texts[3]


async def test_that_who_despairs_and_wants_nobody_to_come_is_not_over(station: Station) -> None:
    station.rasa.labels = {"我不想活了": "urgent_alarm", "你们不用来": "help_request"}
    station.rasa.intents = {"我不想活了": "urgent_alarm/suicide_self", "你们不用来": "help_request/correction"}
    for text in ("我不想活了", "你们不用来"):
        await station.deliver(text)
    (case,) = rows(station, Case)
    assert case.resolved_at is None
    assert TOLD_OVER not in case.asked
    assert wording.RESOLVED_UNPROVEN not in said(station)
    station.phone.take()


async def test_that_nothing_more_is_asked_once_it_was_said_to_be_over(station: Station) -> None:
    for text in (BREAK_IN, "发错群了 打游戏呢", "嗯"):
        await station.deliver(text)
    assert said(station)[1] == wording.RESOLVED
    assert "？" not in "".join(said(station)[1:])
    station.phone.take()


def test_that_whoever_is_taken_ill_in_an_alarm_of_another_kind_is_cared_for_first() -> None:
    assert line("captivity", "老于有心脏病 脸煞白 直冒汗") == "taken_ill"
    assert line("captivity", "吓得我脸煞白") == ""
