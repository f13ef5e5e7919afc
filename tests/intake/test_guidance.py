"""What an alarm is answered with first: the right words for its kind, to the right person, within a phone screen."""

import itertools
import re

import pytest

from bot.intake import advice, alarm_answers, questions, wording
from bot.intake.advice import Entry, Moment
from bot.intake.manner import OPEN, Manner
from bot.intake.replies import begun
from bot.intake.understanding import BotReply, Understanding
from bot.nlu.live_file import read_yaml
from bot.nlu.triage import Triage
from bot.settings import ROOT
from bot.store.models import Case, Message

ADVICE, ANSWERS, ASKED = advice.load(), alarm_answers.load().answers, questions.load()
GUIDANCE = {
    path.stem: read_yaml(path)["responses"][f"utter_urgent_alarm/{path.stem}"][0]["text"]
    for path in sorted((ROOT / "nlu_data" / "intents" / "urgent_alarm").glob("*.yml"))
}
SCREEN = 220
MUTE, ENGLISH = Manner(mute=True), Manner(english=True)

MATTERS = {
    "fire": ("119", "弯腰", "不坐电梯", "堵门缝", "窗边"),
    "gas_leak": ("别开灯", "别按电器", "别点火", "开窗", "楼外", "119"),
    "drowning": ("别下水", "别上冰", "竹竿", "119", "120", "安全带"),
    "traffic_injury": ("别随便搬动", "120", "122", "119", "路边"),
    "medical": ("120", "没有正常呼吸", "按压胸口", "别喂水喂药"),
    "building_danger": ("空地", "119", "120", "电线"),
    "trapped": ("119", "别扒门", "别跳", "离孩子远"),
    "poisoning": ("120", "吃了什么", "不要自己催吐", "药瓶"),
    "missing_child": ("110", "广播", "监控"),
    "missing_adult_at_risk": ("110", "常去的地方"),
    "found_lost_person": ("陪在身边", "别交给自称家人", "120"),
    "suicide_self": ("离开高处", "药和刀", "接着说", "120"),
    "suicide_other": ("陪着", "别争辩", "120", "119"),
    "fraud_transfer": ("不再转一分钱", "打银行客服", "止付", "验证码", "都别删", "110"),
    "extortion": ("别再付钱", "别删聊天", "截图", "110"),
    "domestic_violence": ("110", "邻居家", "锁上门", "120"),
    "child_abuse": ("110", "120", "别硬闯"),
    "sexual_assault": ("110", "先别洗澡", "锁门", "120"),
    "stalking": ("店", "110", "别直接回家"),
    "captivity": ("110", "别激怒", "静音"),
    "kidnapping": ("110", "别独自去追", "先别急着打钱"),
    "robbery": ("不要去追", "110", "120"),
    "burglary": ("反锁", "别进去", "110"),
    "theft_in_progress": ("110", "别硬追"),
    "armed_threat": ("锁门", "不要劝也不要夺", "110", "120"),
    "assault": ("别上前", "压住", "110", "120"),
    "group_fight": ("不要上前劝", "110", "120"),
    "violent_threat": ("锁好门", "110", "别删"),
    "drunk_violent": ("拉开距离", "110", "120"),
    "mental_crisis": ("别刺激", "110", "120"),
    "dangerous_animal": ("慢慢退", "十五分钟", "医院", "120"),
    "explosives_weapons": ("别碰", "别挪", "远处退", "110"),
    "wanted_person": ("别上前", "110", "保密"),
    "crowd_danger": ("别逆着走", "胸前", "110", "120"),
    "taxi_danger": ("大东路1号", "别在车动时跳", "12110"),
    "general_alarm": ("110", "119", "120", "安全的地方"),
    "silent_call": ("收到",),
}

PERSONS = [
    # (kind, by whom, message, what must be said, what must not)
    ("captivity", "witness", "我朋友让传销的扣住了", "别自己去要人", "看完可以删"),
    ("captivity", "witness", "我哥扣在工地出不来", "别自己去要人", "静音"),
    ("captivity", "victim", "他们把我锁屋里了不让走", "别跳窗", "您报得对"),
    ("captivity", "victim", "手机是弟弟偷给我的 我被关西屋", "静音", "您报得对"),
    ("domestic_violence", "witness", "楼上男的打媳妇 女的直喊救命", "别自己进去拉", "这不是您的错"),
    ("domestic_violence", "witness", "隔壁又打起来了 盆碗摔一地", "楼号", "离厨房"),
    ("domestic_violence", "victim", "我老公又打我了", "邻居家", "您肯说出来就对了"),
    ("domestic_violence", "victim", "楼上邻居也听见了 我对象正掐我", "离厨房", "您肯说出来就对了"),
    ("sexual_assault", "witness", "我闺女哭着说补课老师摸她", "别埋怨她", "您愿意说出来"),
    ("sexual_assault", "witness", "我同学在KTV让人拖进屋了", "陪着", "您愿意说出来"),
    ("sexual_assault", "victim", "老板摸我 我躲厕所了", "错在对方", "别埋怨她"),
    ("sexual_assault", "victim", "我被强奸了", "别洗澡", "别埋怨她"),
    ("child_abuse", "witness", "楼上又打孩子 嗷嗷哭", "敲敲门", "别顶嘴"),
    ("child_abuse", "witness", "保姆打我妈 我在监控里看见了", "敲敲门", "别顶嘴"),
    ("child_abuse", "victim", "我爸拿皮带抽我 在撞门", "别顶嘴", "敲敲门"),
    ("child_abuse", "victim", "后妈不给我饭 还锁我", "邻居家", "敲敲门"),
    ("trapped", "rescuer", "孩子头卡栏杆里了", "别硬拽", "省着电"),
    ("trapped", "victim", "我被困在地下室了 出不去", "别往下爬", "隔着门跟里面"),
    ("trapped", "victim", "我掉菜窖里了", "喊一阵", "隔着门跟里面"),
    ("trapped", "rescuer", "我妈困电梯里了", "别自己扒门、撬门", "别怕"),
    ("trapped", "rescuer", "电梯里有个老太太出不来", "您打物业", "按住呼叫铃"),
    ("trapped", "victim", "我们五个人困在电梯里了", "按住呼叫铃", "您打物业"),
    ("trapped", "rescuer", "孩子锁车里了", "隔着玻璃", "头枕"),
    ("trapped", "victim", "我被反锁在车里了", "头枕", "隔着玻璃"),
    ("medical", "witness", "我妈倒地上叫不醒", "没有正常呼吸", "您先坐下或靠着"),
    ("medical", "patient", "我胸口疼 出汗 一个人在家", "别走动", "侧躺"),
    ("medical", "patient", "我喘不上气 嗓子肿了", "把门打开", "侧躺"),
    ("drowning", "witness", "孩子掉河里了", "别下水", "先保住您自己"),
    ("drowning", "victim", "我掉冰窟窿里了", "趴平", "竹竿"),
    ("drowning", "victim", "车里进水了门打不开", "开窗爬出去", "竹竿"),
    ("stalking", "witness", "我女儿说有个男的跟着她", "让她进", "在家就反锁门"),
    ("stalking", "witness", "我车上坐个姑娘 说有人跟着她一路", "她", "在家就反锁门"),
    ("stalking", "victim", "有个男的一直跟着我", "被跟的人", "让她进"),
    ("mental_crisis", "stranger", "一个光着身子的男的在路上拦车", "要是认识他", "您一个人扛着"),
    ("mental_crisis", "family", "我弟又犯病了砸东西", "吃什么药", "您一个人扛着"),
    ("missing_adult_at_risk", "searcher", "我妈走丢了 有老年痴呆", "常去的地方", "您别怕"),
    ("missing_adult_at_risk", "lost", "我迷路了 找不着家", "别再走了", "常去的地方先找"),
    ("missing_child", "searcher", "孩子在商场丢了", "广播", "您别怕"),
    ("missing_child", "lost", "我找不着妈妈了", "找个店坐下", "家里都留个人"),
    ("kidnapping", "witness", "面包车把个小姑娘拽上去了", "别独自去追", "别硬拼、别激怒"),
    ("kidnapping", "victim", "他们拽我上面包车 快", "我不认识他", "别独自去追"),
    ("building_danger", "witness", "墙倒了压着人", "空地", "护住口鼻，别吸灰"),
    ("building_danger", "victim", "我被埋在底下了", "护住口鼻，别吸灰", "叫大家往空地"),
    ("burglary", "adult", "警察叔叔我家门锁被撬了 我刚下班回来", "别进去", "小朋友"),
    ("trapped", "parent", "放学回来我八岁孙子头卡栏杆里了", "别硬拽", "小朋友"),
    ("trapped", "child", "叔叔我在学校厕所 门打不开", "小朋友", "您"),
    ("domestic_violence", "child", "警察叔叔 我爸爸在打我妈妈", "小朋友", "您"),
]


def first_words(kind: str, text: str, manner: Manner = OPEN) -> list[str]:
    """What the message that makes an alarm of this kind is answered with, before the question."""
    case, messages = Case(intent=f"urgent_alarm/{kind}", asked=[]), [Message(id=1, kind="text", text=text)]
    scene = ASKED.scene_of(case, messages)
    moment = Moment(kind, scene, first=True, begins=True, mute=manner.mute)
    entry = next((one for one in advice.lines_for(moment, text, ADVICE.lines) if manner.of_entry(one)), None)
    return _said(kind, scene, manner, entry)


def _said(kind: str, scene: str, manner: Manner, entry: Entry | None) -> list[str]:
    triage = Triage("urgent_alarm", 0.9, f"urgent_alarm/{kind}", source="model")
    understanding = Understanding(triage, (BotReply(GUIDANCE[kind]),))
    fitting = (entry, manner.of_entry(entry)) if entry else None
    english = ADVICE.in_english(Moment(kind, scene))
    return [reply.text for reply in begun(understanding, manner, fitting, english)]


def test_that_every_kind_of_alarm_is_in_the_table() -> None:
    assert set(MATTERS) == set(GUIDANCE)


@pytest.mark.parametrize("kind", MATTERS)
def test_that_the_guidance_of_a_kind_says_what_matters(kind: str) -> None:
    assert [words for words in MATTERS[kind] if words not in GUIDANCE[kind]] == []


@pytest.mark.parametrize("kind", sorted(set(GUIDANCE) - {"silent_call"}))
def test_that_guidance_begins_with_a_kind_word_and_what_happens_now(kind: str) -> None:
    kindly, happens, *_ = GUIDANCE[kind].splitlines()
    assert 5 <= len(kindly) <= 24
    assert not re.search("[0-9]", kindly)
    assert happens.startswith("值班民警已收到提醒，正在查看")


@pytest.mark.parametrize(("kind", "by", "text", "said", "never"), PERSONS)
def test_that_whoever_writes_is_spoken_to_and_nobody_else(kind: str, by: str, text: str, said: str, never: str) -> None:
    words = "\n".join(first_words(kind, text))
    assert said in words
    assert never not in words


@pytest.mark.parametrize(
    ("kind", "text"),
    [("fire", "着火了 我聋"), ("medical", "我胸口疼 打不了电话"), ("gas_leak", "煤气漏了 我是聋人"), ("lift", "")],
)
def test_that_whoever_cannot_telephone_is_told_how_others_can(kind: str, text: str) -> None:
    kind, text = ("trapped", "我困在电梯里 我是聋人") if kind == "lift" else (kind, text)
    words = "\n".join(first_words(kind, text, MUTE))
    assert "叫人打1" in words
    assert not re.search("(?<![人我])[打拨] ?1[12][029]", words)
    # behind a line that stands for the guidance `_through_others` says the rest
    assert "12110" in words or "电梯" in text or kind in ("medical", "gas_leak")


def test_that_a_deaf_persons_guidance_in_english_names_who_can_telephone() -> None:
    words = "\n".join(first_words("fire", "i am deaf, my kitchen is on fire", Manner(english=True, mute=True)))
    assert "12110" in words
    assert "请帮我打110" in words


def test_that_a_first_answer_fits_a_phone_screen() -> None:
    long = []
    for kind, manner in itertools.product(GUIDANCE, (OPEN, MUTE)):
        scenes = [kind, *(name for name, scene in ASKED.scenes.items() if kind in scene.of)]
        for scene in scenes:
            moment = Moment(kind, scene, first=True, begins=True, mute=manner.mute)
            entries = [line.entry for line in ADVICE.lines if line.of(moment) and moment.allows(line.entry)]
            asks = ASKED.kinds.get(scene) or ASKED.kinds.get(kind, ASKED.default)
            for entry in (None, *entries):
                text = "\n\n".join([*_said(kind, scene, manner, entry), next(iter(asks.values()))])
                if len(text) > SCREEN:
                    long.append((len(text), kind, scene, entry.name if entry else "", manner.mute))
    assert long == []


def test_that_every_english_line_fits_a_phone_screen() -> None:
    said = [
        *(line.entry.english for line in ADVICE.lines),
        *(answer.english for answer in ANSWERS.values()),
        *ADVICE.english_first.values(),
        *itertools.chain.from_iterable(ADVICE.receipts_english.values()),
        *(getattr(wording, name) for name in vars(wording) if name.endswith("_ENGLISH") and name.isupper()),
    ]
    lines = [line for text in said if isinstance(text, str) for line in text.split("\n")]
    assert [line for line in lines if len(line) > SCREEN] == []


def test_that_every_kind_has_a_short_line_of_what_counts_most() -> None:
    for kind in set(GUIDANCE) - {"suicide_self"}:
        moment = Moment(kind)
        assert 8 <= len(ADVICE.to_do_now(moment)) <= 60, kind
        assert ADVICE.to_do_now(Moment(kind, relieved=True)) == ""


TELLTALE = re.compile(
    "警|报案|报告|派出所|举报|1[0-9]{2}|电话|躲|藏|逃|跑|救|锁|反锁|别出声|静音|看完|删|刀|棍|凶|枪|伤|抓|走远|能走|先走|离远"
    "|先躲|别提|别说|别让|不说|谁叫|看清|别爬|跳|别挂|挂断|兜里|动手|上手|冲动|别拿|别追|夺"
)
"""What gives away on a screen that help was called, that somebody hides, flees or fights."""


def test_that_whatever_is_quiet_looks_like_nothing() -> None:
    of_kinds = (ask for questions_of in ASKED.silent_kinds.values() for ask in questions_of.values())
    again = (ASKED.again["silent"], wording.SILENT_ALARM, wording.SILENT_ASKED)
    asked = (*ASKED.silent.values(), *of_kinds, *again)
    quiet = [*asked, *(line.entry.quiet for line in ADVICE.lines), *(answer.quiet for answer in ANSWERS.values())]
    found = [text for text in quiet if TELLTALE.search(text)]
    assert found == []


def test_that_what_is_quiet_in_english_looks_like_nothing() -> None:
    quiet = (
        *ASKED.silent_english.values(),
        *(wording.SILENT_ALARM_ENGLISH, wording.SILENT_RECEIPT_ENGLISH, wording.SILENT_ASKED_ENGLISH),
    )
    assert not re.search("polic|officer|call|110|alarm|safe|danger|hide|help", " ".join(quiet), re.IGNORECASE)


def _told() -> list[str]:
    """Every Chinese text that may be said in an alarm."""
    return [
        *GUIDANCE.values(),
        *ADVICE.now.values(),
        *(line.entry.says for line in ADVICE.lines),
        *(answer.says for answer in ANSWERS.values()),
    ]


def test_that_a_chest_is_pressed_only_of_whoever_does_not_breathe() -> None:
    for text in _told():
        for clause in re.findall(r"[^。！\n]*(?:按压胸口|按压|压胸口|按胸口)[^。！\n]*", text):
            assert re.search("没[^，。]{0,4}呼吸|没气|不喘|叫不应|昏了|停了|按胸口正中|电完|别按", clause), clause


def test_that_only_whoever_breathes_is_laid_on_the_side() -> None:
    for text in _told():
        if "侧躺" in text:
            assert re.search("喘|呼吸|停了|烧|喘气", text), text


def test_that_evidence_is_kept_until_it_was_seen() -> None:
    answers = read_yaml(ROOT / "nlu_data" / "answers" / "fraud_check.yml")
    screen = next(topic for topic in answers if topic["topic"] == "fraud_check_screen")
    assert "软件先别卸" in screen["short"]
    assert "④卸软件" not in screen["aspects"]["steps"]


def _line(name: str) -> Entry:
    return next(line.entry for line in ADVICE.lines if line.entry.name == name)


def test_that_a_choking_persons_back_is_struck_before_the_belly_is_thrust() -> None:
    for text in (_line("choking").says, ANSWERS["choke_dig_out"].says):
        assert text.index("拍背") < text.index("猛顶")
        assert "压胸" in text[text.index("一岁内") :]


def test_that_whoever_asks_to_come_out_may_get_away_where_the_way_is_clear() -> None:
    assert "还在附近就先别出来" in _line("come_out").says
    assert "往有人的地方去" in _line("come_out").says


def test_that_a_payment_is_stopped_by_the_police_before_the_bank() -> None:
    for name in ("fraud_bank_or_police_first", "fraud_get_back", "fraud_bank_closed"):
        assert ANSWERS[name].says.index("110") < ANSWERS[name].says.index("银行")


def test_that_whoever_despairs_is_promised_no_secret() -> None:
    for text in (_line("despair_kept").says, ANSWERS["self_who_knows"].says):
        assert "帮得上您的人" in text
        assert "保密" not in text
