"""How an alarm is written to: openly, in English, through somebody who can telephone, or so that it looks like nothing.

A case is silent (`nlu_data/safety_net.yml`) when its resident must not be called. That alone hides nothing: who is deaf
or cannot telephone needs the guidance most. Hidden is what somebody dangerous may read along.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.intake import wording
from bot.intake.advice import Entry
from bot.intake.alarm_answers import Answer
from bot.intake.kinds import FROM_AFAR
from bot.intake.questions import RESCUE, kind_of
from bot.nlu.normaliser import normalise
from bot.nlu.triage import URGENT
from bot.store.models import Case, Message

_WHISPER = f"{URGENT}/silent_call"
_ONLY_BESIDE = FROM_AFAR | {f"{URGENT}/suicide_self"}
_THEY = (
    "(?:他们?|她们?|那[人男女货]|那个[人男女]|[男女]的|老公|丈夫|对象|前夫|男友|男朋友|老板|房东|继父|后爸|爸爸?"
    "|坏人|小偷|贼|的人)"
)
_BESIDE = re.compile(
    f"{_THEY}(?:人|现在|这会儿|还|就|正|都|又|一直)*(?:在|站|坐|守|堵|蹲)(?:在|着|我)*"
    "(?:门口|门外|旁边|跟前|身边|边上|身后|隔壁|眼前)(?!躺|倒|晕|昏|不动|抽|陪|帮|照)"
    f"|{_THEY}[^，。被让叫给]{{0,4}}(?:打[人他她妈孩晕死伤倒]|打我(?!电话|手机)|砍|捅|掐|踹|追(?!尾)|逼我|威胁我|汽油|放火)"
    f"|{_THEY}[^，。 ]{{0,3}}(?:有刀|拿[^，。 ]{{0,3}}刀|举着?刀|拎[^，。 ]{{0,3}}[刀斧棍锤])"
    "|[看翻查抢](?:着|了)?我的?手机|盯着(?:我|俺|看)|不让我[^，。 ]{0,3}(?:电话|报警|出声|说话|喊|吱声)"
    "|躲(?:着|开)?(?:他|她)|[躲藏][^，。]{0,6}(?:柜|床底|床下|被窝|被子|桌子底|帘子)"
    "|next to me|beside me|reading my (?:phone|screen)|watching me"
    "|hiding from (?:him|her|them)|under the bed|in the (?:closet|wardrobe)"
)
"""Somebody dangerous stands beside, or looks for whoever writes."""
_HUSHED = re.compile(
    "不敢(?:出声|吱声|吭声|吭气|说话|打电话|接电话|喊|大声)|不能出声|别出声|小点声|小声(?:点|说|打|发|些)|^小声|悄悄"
    "|偷偷[^，。 ]{0,2}(?:发|打字|报|写)|装睡|装[^，。 ]{0,8}(?:聊天|唠嗑|发微信)"
    f"|(?:别让|不让|怕|别叫){_THEY}[^，。 ]{{0,4}}(?:知道|听见|听到|看见|看到|发现)"
    f"|{_THEY}[^，。 ]{{0,2}}(?:会|能|要)(?:听见|听到|看见|看到|发现)"
    "|(?:will|'ll|can|might) (?:hear|see) (?:me|us|it|this)|(?:have|need) to be quiet|must be quiet|whisper"
)
"""Whoever writes keeps still, or something from somebody."""
_READ_ALONG = re.compile(
    f"{_THEY}(?:人|现在|这会儿|还|就|正|都|又|一直|老|总|要|会)*[看翻查盯](?:着|了)?(?:我|俺)的?(?:手机|微信|聊天|屏幕|打字)(?![里上])"
)
_HELD_BY = frozenset(
    f"{URGENT}/{kind}"
    for kind in ("captivity", "kidnapping", "domestic_violence", "child_abuse", "sexual_assault", "stalking")
)
"""Alarms in which whoever reads along is whom they are about."""
_FEAR = re.compile(
    "不敢|躲|藏|小声|出声|吱声|看[我见到]?手机|在旁边|在跟前|跟着我|盯着|不让我|[他男人][^。]{0,8}(?:还在|堵|门口|门外|楼下)"
)
"""The same of an alarm about violence, where the deaf write few words."""
_I = (
    "(?:我|俺|咱|本人|自己)"
    "(?:也|是|都|就|们|现在|已经|天生|先天|从小|耳朵|嗓子|一?个|[和跟](?:老伴|丈夫|爱人|媳妇|对象))*"
)
_DEAF = re.compile(
    f"{_I}(?:聋|哑|听障|(?:看不见)?听不[见到](?!他|她|它|人|里|外|屋|楼|动静|声|喊|呼|回|叫)"
    "|说不(?:了|出|出来)话|不会说话|讲不出话|发不出声)"
    "|(?:^|[，。,.!！；;])(?:聋哑?人|聋哑|听障人?)(?!学校|孩子|老[人太]|弟|兄|哥|姐|妹|邻|小)|听没有|说话不会|听不见我(?!喊|叫|说|的)"
    r"|\b(?:i am|i'm|im) (?:a )?(?:deaf|mute)\b|\bi (?:cannot|can't|cant|can not) hear\b"
    r"|\bdeaf (?:person|man|woman)? ?here\b",
    re.IGNORECASE,
)
"""Who writes is deaf or mute; a patient who cannot speak and a child who does not yet are neither."""
_NO_TELEPHONE = re.compile(
    "(?:不能|没法|没办法|不会|不敢|不方便)(?:打|接|听)电话|电话(?:不能|没法|不会)[打接听]|打不了电话|电话(?:我)?(?:打不了|打不出|不会打|不能打|不能|不会)|打电话(?:不会|不能)"
    r"|\bi (?:cannot|can't|cant|can not) (?:call|phone|speak|talk)\b(?! (?:chinese|mandarin|any chinese))",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(
    "(?:没信号|没有信号|信号不好|没电|欠费|停机|没话费)[^。]{0,4}(?:打不|没法打|不能打|拨不)"
    "|(?:打|拨)不(?:了|出去?|通)[^。]{0,6}(?:没信号|没有信号|信号不好|没电|欠费|停机|没话费)"
    r"|\bno signal\b"
)
"""The telephone does not work; nobody forbids it."""
_FORBIDS = re.compile("别(?:给我)?(?:打|回|来)|不[要准许让敢](?:给我)?打|别出声")
_OTHERS_TELEPHONE = re.compile(
    "(?:他|她|孩子|弟|妹|爸|妈|奶|爷|老人)[^，。 我俺]{0,3}(?:不能|没法|没办法|不会|不敢)(?:打|接)电话"
)


_CHILD = re.compile(
    "(?:警察|民警)(?:叔叔|阿姨).{0,16}(?:爸|妈|爷爷|奶奶|姥|老师|哥哥|姐姐)|我(?:今年)?(?:[6-9]|1[0-3]|[六七八九十]|十[一二三])岁(?!的|多的)"
    "|爸爸[^，。 ]{0,3}(?:[打踢掐]妈|拿)|妈妈[^，。 ]{0,2}[流留]血|叔叔(?:我|你们?)"
    "|我(?:是小学生|上[小一二三四五六](?:学|年级)|[在念读][一二三四五六]年级)"
)
"""Who writes is a child; 警察叔叔 alone is said by grown people as well."""
_CHILD_ALONE = re.compile(
    "(?=.*(?:警察|民警)(?:叔叔|阿姨))(?=.*我(?:叫|的名字))"
    "(?=.*(?:(?:自己|一个人)[^，。 ]{0,2}(?:在|搁)(?:家|屋)|"
    "[爸妈爷奶姥][^，。 ]{0,4}(?:上班|[不没]在家|没回来|出[去门])))"
)
"""The same of a child that tells its name, by all that it wrote: 警察叔叔你好 我叫浩浩, 我自己在家."""
_GREETS_AS_A_CHILD = re.compile("(?:(?:警察|民警)(?:叔叔|阿姨)|你好|您好|我(?:叫|是)[^，。我你]{1,4}|[，。,!！~])+")
_OF_A_CHILD = re.compile("我(?:家|的)?(?:孩子|儿子|女儿|闺女|孙|娃|学生)|我(?:老公|媳妇|对象|爱人|下班|单位)")


@dataclass(frozen=True)
class Manner:
    """How an alarm is written to.

    `hidden`: somebody else may see the screen; `mute`: who writes cannot telephone, and others have to; `child`: who
    writes is a child.
    """

    english: bool = False
    hidden: bool = False
    mute: bool = False
    child: bool = False

    @classmethod
    def of(cls, case: Case, messages: Sequence[Message]) -> "Manner":
        """The manner that a case's messages call for."""
        texts = _texts(messages)
        hidden = _is_hidden(case, messages, texts)
        latest = next((one.text for one in reversed(messages) if one.kind == "text"), "")
        english = not wording.is_chinese(latest) and any(wording.is_english(one.text) for one in messages)
        child = any(_CHILD.search(text) and not _OF_A_CHILD.search(text) for text in texts)
        child = child or bool(_CHILD_ALONE.search(told := "，".join(texts)) and not _OF_A_CHILD.search(told))
        return cls(english=english, hidden=hidden, mute=not hidden and any(map(_is_mute, texts)), child=child)

    def of_entry(self, entry: Entry) -> str:
        """A line's words in this manner; none where it has none."""
        if self.hidden:
            return "" if self.english else entry.quiet
        return self.aloud(entry.english if self.english else entry.says)

    def of_answer(self, answer: Answer) -> str:
        """An answer's words in this manner; none where it has none."""
        if self.hidden:
            return "" if self.english else answer.quiet
        return self.aloud(answer.english if self.english else answer.says)

    def aloud(self, text: str) -> str:
        """What is said openly: whoever cannot telephone is told to have others do it, and a child is no 您."""
        text = wording.through_others(text) if self.mute else text
        return wording.to_a_child(text) if self.child else text


OPEN = Manner()


def _is_hidden(case: Case, messages: Sequence[Message], texts: Sequence[str]) -> bool:
    """Whether what is written to a silent alarm must look like nothing.

    In front of somebody violent it must; of the deaf, who are silent anyway, and of who has no signal only where their
    words tell of him. In a
    fire or an illness nobody reads along, and the guidance is what saves: there it must only where words say that
    somebody does, or where the alarm began as a whisper. A swindler at the telephone and whoever should not know of a
    despair see no screen, unless they stand beside.
    """
    if not case.silent:
        return False
    if any(_BESIDE.search(text) for text in texts):
        return True
    if case.intent in _ONLY_BESIDE:
        return False
    if any(_HUSHED.search(text) for text in texts):
        return True
    deaf = any(_DEAF.search(text) for text in texts)
    if kind_of(case) not in RESCUE:
        forbidden = any(_FORBIDS.search(text) for text in texts)
        unreachable = any(_UNREACHABLE.search(text) for text in texts) and not forbidden
        return not (deaf or unreachable) or any(_FEAR.search(text) for text in texts)
    whispered = any((one.triage or {}).get("intent") == _WHISPER for one in messages if one.id == case.alarm_message_id)
    return whispered and not deaf


def is_read_along(text: str, intent: str) -> bool:
    """Whether words in an alarm of this kind say that whom it is about looks at the telephone: 他们看着我手机."""
    return intent in _HELD_BY and any(_READ_ALONG.search(form) for form in (normalise(text), wording.unspaced(text)))


def greets_as_a_child(text: str) -> bool:
    """Whether a text is nothing but how a child begins: 警察叔叔你好 我叫浩浩."""
    bare = wording.unspaced(text)
    return bool(_GREETS_AS_A_CHILD.fullmatch(bare)) and "我叫" in bare and bool(re.search("叔叔|阿姨", bare))


def is_mute(messages: Sequence[Message]) -> bool:
    """Whether who wrote these messages has said that they cannot telephone."""
    return any(map(_is_mute, _texts([one for one in messages if one.kind == "text"])))


def _is_mute(text: str) -> bool:
    """Whether words say of whoever writes that they cannot telephone."""
    telephone = _NO_TELEPHONE.search(text) and not _OTHERS_TELEPHONE.search(text)
    return bool(telephone or _DEAF.search(text))


def _texts(messages: Sequence[Message]) -> list[str]:
    """What was written, in normal form with its spaces and without those that the deaf put between words."""
    written = [one.text.lower() for one in messages if one.text]
    return [form for text in written for form in (normalise(text), wording.unspaced(text))]
