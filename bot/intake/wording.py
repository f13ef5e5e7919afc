"""The few sentences that the intake says without Rasa."""

import re

from bot.duty.roster import Station

ALARM = (
    "您的求助已收到，值班民警已收到提醒，正在查看。\n"
    "能打电话请拨110（火警119、急救120）；不方便打电话就在这里发字或发位置。"
)
ALARM_ENGLISH = (
    "We have your message, and the officer on duty has been alerted.\n"
    "If you can call: 110 police, 119 fire, 120 ambulance. If you cannot, write here or send your location."
)
# In front of an attacker it must look like nothing.
SILENT_ALARM = "收到，在办了。"
SILENT_RECEIPT = "收到。"
UNREAD = "您的消息已收到，值班民警会人工查看，并在这里回复您。\n如果现在有危险，请直接拨打110，或回复“现在有危险”。"
RECEIPT = "收到，已转给值班民警。"
RECEIPT_ENGLISH = "Received. The officer on duty can see it."
RESOLVED = "人没事就好。已经告诉民警不用再找人了，由民警来结案；情况有变化马上再发。"
RESOLVED_UNPROVEN = "收到。民警会核实一下再结案；情况有变化马上再发。"
TIP_NUMBER = "线索编号 X{number}，想补充或问进展就说这个号。"
PHOTO_ADDED = "收到，已补到{title}申请（受理号{receipt}）里，民警会接着看。"
MEDIA_ALONE = "收到，值班民警会查看。请再用一句话告诉我：发生了什么，在哪里？\n如果现在有危险，请直接拨打110。"


_ENGLISH = re.compile(
    r"\b(?:help|police|please|fire|knife|gun|man|woman|someone|somebody|he|she|they|is|are|am|my|the|me|i|in|at|stop|hurt|"
    r"blood|lost|child|kid|need|come|robbed|stolen|dead|dying|car|accident|hit|kill|room|door|here|with|and|has|have|"
    r"emergency|ambulance|bleeding|following|scared|can|not|cannot|don|speak|chinese)\b",
    re.IGNORECASE,
)
_HAN = re.compile("[\u4e00-\u9fff]")
_BOTH_WAYS = frozenset("著乾於藉瞭後裡台裏麽么干里后")
"""Characters that people who write simplified type as well."""


def is_english(text: str) -> bool:
    """Whether a text is English and no pinyin: letters alone, with at least two English words, or one that is all."""
    words = _ENGLISH.findall(text)
    return not _HAN.search(text) and (len(words) >= 2 or (bool(words) and len(text.split()) == 1 and len(text) > 3))


def is_traditional(text: str, simplified: str) -> bool:
    """Whether a text is written in traditional characters; `simplified` is the same in simplified ones."""
    pairs = zip(text, simplified, strict=False)
    return any(old != new and old not in _BOTH_WAYS and _HAN.match(old) for old, new in pairs)


def for_event(event: str, station: Station) -> str | None:
    """What an event is answered with, or None. `event` is its name, for a menu click with the entry's key."""
    if event == "subscribe":
        return (
            f"您好，这里是{station.full_name}。\n遇到危险又不方便打电话时，直接在这里发字、语音、图片或位置，值班民警会收到提醒。\n"
            "也可以问我户籍、身份证、居住证、犬证怎么办，或者提供线索（为您保密）。\n能打电话时，紧急情况请先拨110。"
        )
    if event == "click:alarm":
        return (
            "请直接在这里发：在哪里、发生了什么。字、语音、图片、位置都可以，值班民警会收到提醒。\n"
            "能打电话请先拨110；不方便打电话就在这里发字。提供线索也在这里写，为您保密。"
        )
    if event == "click:services":
        return "想办什么，直接打字问我就行，比如：身份证丢了怎么补、孩子怎么上户口、居住证怎么办、养狗办什么证。"
    if event == "click:news":
        return f"这里是{station.full_name}，地址：{station.address}，昼夜有民警值班。"
    return None
