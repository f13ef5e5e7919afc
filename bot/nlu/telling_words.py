"""Words that tell what a message is, whatever came before it: of an alarm, of talk, of asking after one's own case."""

from __future__ import annotations

import re

from bot.nlu.meanings import LETTERS
from bot.nlu.triage import WITH_THE_ODDS, Triage

ALARMING = re.compile(
    "[救命杀死刀火抢怕砍捅]|(?<!手)快(?!点?[交办弄填整问写发递])|[太好真]疼|疼[死得啊]|流血|出血|有血|打(?!.{0,3}电话|错|这个|针|疫苗|的|车|算|听|招呼|工|牌|球|扫|包|卡|折|印|字|呼噜)|来人|过来(?!取|拿|领|接)|报警"
)
"""Words of an alarm that nothing said before explains away."""
HAPPENING = re.compile(
    "进来|进屋|上来了|追|堵|跟着我|躲|不敢(?:出声|动|出去|出门|回家|开门|吱|睡)|发现我|看见我|认出|不让|求你|"
    "出不来|出不去|走不了|上不来|被骗来|锁在|关在|被锁|被关|求救|哭|逼|强迫|绑|拐|欺负|挨打|被打"
)
"""What befalls the writer or a victim now; no tip before it makes a detail of it: 他进来了, 她们出不来."""
TALK = frozenset(f"other/{intent}" for intent in ("insult", "greeting", "thanks", "goodbye", "bot_identity", "advert"))
"""What is said to the officer, and no answer to a form, however short."""
FOLLOWS_CASE = "help_request/case_followup"
RECEIPT = re.compile(r"(?<![a-z0-9])[a-z]{1,2}\d{8}(?:-?\d{3,6})?(?!\d)", re.IGNORECASE)
_LIKE_RECEIPT = re.compile(r"(?<![a-z0-9辽吉黑京津沪冀鲁豫蒙])[a-z]{1,3}-?\d{4,8}(?!\d)", re.IGNORECASE)
_OF_RECEIPT = re.compile("单号|受理号|编号|回执|申请号|流水号|查[得不]?到|查一?下|能查|进度|到哪")
_OF_PAPER = re.compile("免疫|疫苗|防疫|合同|房本|执照|芯片|证号|证上")
_LOOKS_UP = re.compile("查|进度|到哪|受理|回执|申请号")
_CHASES = re.compile(
    "有人(?:看着?|管|接|处理)(?:这事|这个|了?没)|有信儿?[没吗不]|有啥?说法[没吗不]|有消息[没吗不]|有结果[没吗不]|有眉目|查着[没了吗]|查得咋样|没下文"
    r"|([查去管调办])没\1|(?:咋|怎么|上哪)知道你们?[^，。 ]{0,2}[查管办去]"
    "|[还都也咋么直]没动静|有个?编?号码?[吗没不]"
    "|给我?个?(?:报警|报案|案件|案|受理|回执|编|单)?号[呗吧吗不]?|给我?个?[^，。 ]{0,3}编号|"
    "编号[^，。 ]{0,3}(?:多少|啥|是)|(?<![警牌工房门])号我?[^，。 ]{0,2}(?:忘|没记|没抄|丢)"
)
"""Asking after something told before, or for its number, without saying what it was."""
_CHASING_LETTERS = 16
THANKS = "other/thanks"
CLOSING = re.compile(
    "^[行好中妥嗯成][了吧啊呗的嘞 ，,]*那?[你您]?们?先?(?:记上|记下|记一下|登记上|看着办|知道)(?:就行|就好|了|吧)"
)
"""How somebody ends: all right, as long as you have written it down."""
_OTHER_NUMBER = re.compile("[0-9]{3}|身份证|户口|电话|手机|门牌|车牌|排号|挂号|楼号")


def chases(text: str) -> bool:
    """Whether a message asks after something told before, or for its number, and for no other number."""
    brief = len(LETTERS.findall(text)) <= _CHASING_LETTERS  # a longer one tells something anew
    return brief and bool(_CHASES.search(text)) and not _OTHER_NUMBER.search(text)


def is_receipt(text: str) -> bool:
    """Whether a message is nothing but the number of an application."""
    return RECEIPT.fullmatch(text.strip()) is not None


def like_receipt(text: str) -> bool:
    """Whether a message holds what somebody takes for the number of an application, whatever its form: JZ-0473."""
    return bool(RECEIPT.search(text) or _LIKE_RECEIPT.search(text))


def asks_by_number(text: str) -> bool:
    """Whether a message wants to know how an application of a number stands, be the number right or not."""
    of_paper = _OF_PAPER.search(text) and not _LOOKS_UP.search(text)  # 免疫证编号DD-20260808-219
    return like_receipt(text) and bool(_OF_RECEIPT.search(text)) and not of_paper


def of_alarm(text: str) -> bool:
    """Whether a text has a word of danger, or of something that goes on."""
    return bool(ALARMING.search(text) or HAPPENING.search(text))


def faintly_heard(triage: Triage, text: str) -> bool:
    """Whether the model alone hears an alarm, without the odds, in a text that has no word of one."""
    return triage.fainter_than(WITH_THE_ODDS) and not of_alarm(text)
