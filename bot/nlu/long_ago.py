"""Whether somebody tells of what is more than a day past: a swindled sum can be stopped for about a day (guideline,
rule 3), and what gives no time counts as fresh (rule 16)."""

from __future__ import annotations

import re

from bot.nlu.normaliser import normalise

_N = "[0-9一二两三四五六七八九十几半好多俩仨]"
_LONG_AGO = re.compile(
    "前[天儿阵些段年]|[去头往]年|年前|月前|上上?个?(?:周|礼拜|星期|月)"
    "|[0-9一二三四五六七八九十]+月(?:份|初|底|中|末|[0-9一二三四五六七八九十]+[号日])?"
    f"|{_N}+(?:多|来|拉)?个?(?:天|周|星期|礼拜|多?月|年)|[好很老]久|当[时年]|那[年阵会时次]"
    "|暑假|寒假|[春夏秋冬]天|开春|春节|过年|国庆|五一|双?十一|六一八|元旦|中秋|端午|腊月|正月|[年月][初底末]"
    "|以前|之前|一直|补报|补充报|后来|早就|早先|至今|(?:现在|如今)[^，。 ]{0,4}(?:也没|还没|没)|如今|拖"
)


def tells_of_long_ago(text: str) -> bool:
    """Whether a text has words for a time more than a day ago."""
    return bool(_LONG_AGO.search(normalise(text).replace(" ", "")))
