"""How an alarm is written to: whose screen somebody dangerous may read, and who cannot telephone."""

import pytest

from bot.intake.manner import Manner, greets_as_a_child, is_read_along
from bot.intake.wording import through_others
from bot.nlu.safety_net import SafetyNet
from bot.store.models import Case, Message

HIDDEN, MUTE, OPEN = Manner(hidden=True), Manner(mute=True), Manner()
WHISPER = "silent_call"

SPOKEN_TO = [
    # Somebody violent is near: what is written must look like nothing.
    ("assault", "他还在屋里翻，别给我打电话", HIDDEN),
    ("domestic_violence", "别打电话 他在客厅", HIDDEN),
    ("domestic_violence", "我老公动手了，我不敢出声，在卫生间", HIDDEN),
    ("domestic_violence", "说话不方便 别打过来 他就在旁边", HIDDEN),
    ("domestic_violence", "我爸是聋哑人 他正打我 别打电话", HIDDEN),
    ("domestic_violence", "我聋 他在门口守着 我不敢动", HIDDEN),
    ("burglary", "有人进屋了 我躲在衣柜里 不能说话", HIDDEN),
    ("burglary", "贼在外屋 没法打电话", HIDDEN),
    ("armed_threat", "他拿着刀在门口 不能打电话", HIDDEN),
    ("armed_threat", "听不见 我 他有刀", HIDDEN),
    ("robbery", "我聋人 他还跟着我 我躲超市里", HIDDEN),
    ("captivity", "别回电话 手机是偷着用的", HIDDEN),
    ("captivity", "我 聋 他们 盯着 我 手机 藏", HIDDEN),
    ("sexual_assault", "不敢说话 他在外面等着", HIDDEN),
    ("sexual_assault", "别给我打电话 他会听见", HIDDEN),
    ("stalking", "我不敢出声 他在楼道里", HIDDEN),
    ("taxi_danger", "别打电话 司机能听见", HIDDEN),
    ("kidnapping", "别打过来 他们会听见手机响", HIDDEN),
    ("violent_threat", "不方便接电话 他就坐我对面", HIDDEN),
    ("child_abuse", "别打电话 后爸听见又要打我", HIDDEN),
    ("general_alarm", "不能说话 快来", HIDDEN),
    (WHISPER, "救", HIDDEN),
    (WHISPER, "帮我报警 别回电话", HIDDEN),
    (WHISPER, "来一份锅包肉 多放辣 快点送", HIDDEN),
    (WHISPER, "我在跟我妈聊天呢 你问我吃没吃", HIDDEN),
    # A rescue alarm, with words that somebody dangerous listens or reads along.
    ("medical", "他把我妈打晕了 我不敢出声", HIDDEN),
    ("medical", "我流血了 他在门口 别打电话", HIDDEN),
    ("medical", "小点声 他在旁边 我妈倒地上了", HIDDEN),
    ("fire", "他泼汽油要点 别打电话 他在门口站着", HIDDEN),
    ("fire", "着火了是他放的火 我躲柜子里 不敢说话", HIDDEN),
    ("gas_leak", "他把煤气打开了 别让他知道我发的 别打电话", HIDDEN),
    ("trapped", "门锁上了 他一直看我手机 别打电话", HIDDEN),
    ("poisoning", "她往碗里放东西 我看见了 我不敢出声", HIDDEN),
    ("suicide_self", "不想活了 别打电话 他在旁边看着", HIDDEN),
    ("extortion", "要钱的人就在门口 不敢说话", HIDDEN),
    ("traffic_injury", "don't call, he is hurt and the man who did it can hear me", HIDDEN),
    # Nobody forbids it, the telephone does not work; but where somebody violent is told of, nothing is risked.
    ("captivity", "我被锁在车里出不去了 地下车库 没信号打不了电话", MUTE),
    ("stalking", "有人跟着 电话打不出去 欠费了 在商场里", MUTE),
    ("captivity", "他们盯着我 没信号打不了电话", HIDDEN),
    ("domestic_violence", "别给我打电话 手机没电打不了", HIDDEN),
    ("armed_threat", "他拿刀在门口 没信号打不了电话", HIDDEN),
    # A rescue alarm of whoever cannot telephone: the guidance, and others are to call.
    ("fire", "着火了 没法打电话", MUTE),
    ("fire", "家里着火了，我不能打电话，在五楼", MUTE),
    ("fire", "我聋 着火了", MUTE),
    ("fire", "黑烟 楼道 我 聋 喊 不能", MUTE),
    ("fire", "聋人 家 着火 快", MUTE),
    ("medical", "我胸口疼 电话打不了", MUTE),
    ("medical", "我 聋 妻子 肚子 血 打电话 不会", MUTE),
    ("medical", "我说不了话 半边身子麻", MUTE),
    ("gas_leak", "我和老伴都是聋哑人 屋里煤气味", MUTE),
    ("drowning", "水里有人 我 听 没有 说话 不会", MUTE),
    ("trapped", "电梯困住了 我听不见 电话不会打", MUTE),
    ("missing_child", "我是聋人，女儿在商场不见了", MUTE),
    ("suicide_self", "我 聋 活着 没意思 在 桥上", MUTE),
    ("crowd_danger", "我耳朵听不见 后面一直推", MUTE),
    ("fire", "i am deaf, there is a fire in my building", MUTE),
    ("medical", "I can't speak, my chest hurts", MUTE),
    ("fraud_transfer", "我聋 刚转了三千 群里还要", MUTE),
    ("robbery", "我聋人 包被抢走了 在广场", MUTE),
    # It is somebody else who cannot speak or hear, or nobody: neither silent nor mute.
    ("medical", "我老伴嘴歪了，说不出话", OPEN),
    ("medical", "嘴唇肿得说不出话，直捯气", OPEN),
    ("medical", "叫她她听不见，眼睛翻白", OPEN),
    ("poisoning", "吃完河豚以后，他说不出话了", OPEN),
    ("traffic_injury", "我爸让车怼了，光喘气不会说话", OPEN),
    ("missing_child", "我儿子自闭症，不会说话，跑出去了", OPEN),
    ("missing_adult_at_risk", "聋哑弟弟没回来", OPEN),
    ("found_lost_person", "捡到个小孩，不会说话光哭", OPEN),
    ("crowd_danger", "前面听不见喊，还在往里挤", OPEN),
    ("trapped", "我掉菜窖里了，老伴耳朵背听不见我喊", OPEN),
    ("dangerous_animal", "狗主人在里屋听不见，狗还在咬", OPEN),
    ("assault", "他被打得说不出话了，躺着呢", OPEN),
    ("child_abuse", "那个小孩是哑巴，他爸拿棍子打", OPEN),
    ("fire", "楼上着火了 大火", OPEN),
    # Not to be called, and yet nobody reads along.
    ("suicide_self", "别给我打电话了 我在水塔上头", OPEN),
    ("suicide_self", "别打电话 怕我爸知道", OPEN),
    ("gas_leak", "我把灯关了 屋里有煤气味", OPEN),
    ("medical", "my friend fainted, I cannot speak Chinese", OPEN),
    ("medical", "我盯着他呢 一动不动 别打电话占线", OPEN),
    ("fraud_transfer", "骗子在电话里 我不敢说话", OPEN),
    ("missing_child", "他没手机 别打电话 他躲哪去了", OPEN),
]


def spoken_to(net: SafetyNet, kind: str, text: str, *later: str) -> Manner:
    """The manner for an alarm of a kind that began with a text."""
    intent = f"urgent_alarm/{kind}"
    texts = (text, *later)
    messages = [Message(id=number, kind="text", text=one) for number, one in enumerate(texts, 1)]
    messages[0].triage = {"intent": intent}
    silent = kind == WHISPER or any(map(net.asks_for_silence, texts))
    return Manner.of(Case(intent=intent, silent=silent, alarm_message_id=1), messages)


@pytest.mark.parametrize(("kind", "text", "manner"), SPOKEN_TO)
def test_that_guidance_is_hidden_from_who_reads_along_and_from_nobody_else(
    net: SafetyNet, kind: str, text: str, manner: Manner
) -> None:
    found = spoken_to(net, kind, text)
    assert (found.hidden, found.mute) == (manner.hidden, manner.mute)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, text, manner in SPOKEN_TO if manner == HIDDEN])
def test_that_whoever_must_be_hidden_is_not_called_either(net: SafetyNet, kind: str, text: str) -> None:
    assert kind == WHISPER or net.asks_for_silence(text)


@pytest.mark.parametrize(
    "text",
    [
        *("我老伴嘴歪了，说不出话", "自闭症 不会说话 跑出去了", "他被打得说不出话了", "户主在里屋听不见"),
        *("聋哑弟弟没回来", "掉菜窖里了，老伴耳朵背听不见我喊", "捡到个小弟弟不会说话", "嘴唇肿得说不出话"),
    ],
)
def test_that_what_others_cannot_say_or_hear_forbids_no_call(net: SafetyNet, text: str) -> None:
    assert not net.asks_for_silence(text)


def test_that_an_alarm_that_began_as_a_whisper_stays_hidden_and_one_that_did_not_can_turn(net: SafetyNet) -> None:
    intent = "urgent_alarm/fire"
    whispered = [Message(id=1, text="救", triage={"intent": f"urgent_alarm/{WHISPER}"}), Message(id=2, text="着火了")]
    assert Manner.of(Case(intent=intent, silent=True, alarm_message_id=1), whispered).hidden
    assert not spoken_to(net, "fire", "着火了").hidden
    assert spoken_to(net, "fire", "着火了", "放火那人在门口站着 我不敢出声").hidden


def test_that_who_dares_not_move_for_pain_is_advised_in_the_open(net: SafetyNet) -> None:
    assert not spoken_to(net, "medical", "我腰疼不敢动").hidden
    assert spoken_to(net, "medical", "他在门口我不敢动 别打电话").hidden


def test_that_an_english_alarm_is_hidden_in_english(net: SafetyNet) -> None:
    manner = spoken_to(net, "domestic_violence", "don't call me, he will hear it")
    assert (manner.english, manner.hidden) == (True, True)


@pytest.mark.parametrize(
    ("texts", "child"),
    [
        (("警察叔叔你好 我叫浩浩", "我自己在家 有人拧门"), True),
        (("民警阿姨 我叫朵朵", "妈妈上班了 有人敲门"), True),
        (("警察阿姨 我叫王建国", "有人撬我家门"), False),
        (("民警阿姨 我叫李梅", "我儿子自己在家 有人拧门"), False),
        (("我自己在家 有人拧门",), False),
    ],
)
def test_that_a_child_alone_is_known_by_all_it_wrote(net: SafetyNet, texts: tuple[str, ...], child: bool) -> None:
    assert spoken_to(net, "burglary", *texts).child == child


@pytest.mark.parametrize(("text", "child"), [("警察叔叔你好 我叫浩浩", True), ("警察叔叔你好 我要办身份证", False)])
def test_that_a_childs_greeting_is_known(text: str, child: bool) -> None:
    assert greets_as_a_child(text) == child


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("请马上打119。", "请马上叫人打119。"),
        ("能打电话请马上拨110，有人受伤拨120", "请马上叫人打110，有人受伤叫人打120"),
        ("请同时打 119 救援、120 急救", "请同时叫人打119 救援、120 急救"),
        ("有急事请直接拨打110。", "有急事请直接叫人打110。"),
        ("真有急事请拨打110，着火立即拨打119", "真有急事请叫人打110，着火立即叫人打119"),
        ("打不了就让旁边的人打119", "打不了就让旁边的人打119"),
        ("拿棍子打人，打12345问", "拿棍子打人，打12345问"),
        ("Call 120 now, or call 119.", "Get somebody to call 120 now, or get somebody to call 119."),
    ],
)
def test_that_others_telephone_for_whoever_cannot(text: str, spoken: str) -> None:
    assert through_others(text) == spoken


@pytest.mark.parametrize(
    ("intent", "text", "along"),
    [
        ("captivity", "他们看着我手机 出不去", True),
        ("domestic_violence", "我老公老翻我手机", True),
        ("stalking", "那男的一直盯着我手机", True),
        ("captivity", "他在看手机 没注意我", False),
        ("fraud_transfer", "骗子让看着我手机屏幕", False),
        ("domestic_violence", "他看我手机里没钱就打我", False),
        ("fire", "他们看着我手机拍的火", False),
    ],
)
def test_that_only_whom_an_alarm_is_about_reads_along(intent: str, text: str, along: bool) -> None:
    assert is_read_along(text, f"urgent_alarm/{intent}") == along
