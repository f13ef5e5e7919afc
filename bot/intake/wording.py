"""The few sentences that the intake says without Rasa."""

import re

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
ADDED_TO_TIP = "收到，已补到线索 X{number} 里。"
ADDED = "收到，已补到您刚才说的事里，民警看得到。"
PHOTO_ADDED = "收到，已补到{title}申请（受理号{receipt}）里，民警会接着看。"
TAP_UNREAD = (
    "这一项现在查不了，请过一会儿再点一次；也可以把想问的直接打字发给我，值班民警看得到。\n"
    "如果现在有危险，请直接拨打110；不方便打电话就在这里发字。"
)
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
