"""A form that its resident has stopped, and what is asked about it afterwards: 我那个还在办着吗."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bot.nlu import forms
from bot.nlu.forms import Form

CANCELLED = "好，不办了，填过的没有提交。改主意了说“{says}”就行，也可以带材料到派出所窗口办。"
HANDED_IN = "申请交上去了，受理号"
"""What stands in the words that tell of a form that is handed in."""
REPORTED = "报警|报案|案子|求助|举报|线索"
"""Words of what was reported, which is no application."""
OTHER_MATTER = re.compile(rf"{REPORTED}|投诉|[XQxq]\d{{2,}}")
"""What is asked about a case, or by its number."""
_ASKS_STILL = re.compile(
    "(?:还|还在|在)(?:办|弄|整|填|走|处理)(?:着|呢|不|吗)|(?:停|撤|取消|作废|删)(?:了|掉|下来)?(?:没|吗|么|不)"
    "|(?:办|交|提交|递|报)(?:上去|上|着|了|成)?(?:没有?|吗|么)(?:[\\W啊呀呢]|$)|(?:没|不)(?:会)?(?:给我)?(?:交|提交|报)(?:上去)?吧"
    "|还(?:算数|有效|留着|在(?:不|吗|么))|咋样了|怎么样了|到哪了|啥情况|[啥什怎]么?样?的?(?:状态|进度|进展)|(?:状态|进度|进展)(?:咋样|怎么样|呢|如何|是)"
)
_OF_DATA = re.compile(
    "(?:身份证|证件|手机|电话|信息|资料|照片|数据|号码?|发的|填的|写的)[^，。]{0,10}(?:留|存|删|保存|泄)"
)
"""What is asked of the data that were given, and not of the form."""
_BRIEF = 20
"""Letters of a question about what was stopped."""


def stopped_form(bot_said: Iterable[str]) -> Form | None:
    """The form that the bot has stopped, where that is the last it told of an application; its words newest first."""
    for said in bot_said:
        if HANDED_IN in said:
            return None
        for form in forms.live().current().forms.values():
            if CANCELLED.format(says=form.says) in said:
                return form
            if form.why in said:
                return None  # it has begun again
    return None


def waits(other: Form, form: Form, slot: Callable[[str], object]) -> bool:
    """Whether another form was begun before this one and left open: something stands in a slot that only it has."""
    return any(slot(name) for name in {*other.fields} - {*form.fields})


def asks_still(text: str) -> bool:
    """Whether a brief text asks what has become of a form."""
    return (
        len(text) <= _BRIEF
        and bool(_ASKS_STILL.search(text))
        and not (OTHER_MATTER.search(text) or _OF_DATA.search(text))
    )
