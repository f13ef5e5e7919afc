"""Corrections of a part of what was told before: 不叫豆豆叫多多, 是23号楼，不是21, 写成1203了，应该是1302."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot.nlu.pinyin import sound_alike
from bot.nlu.values import in_figures

_PART = r"[^\s,，。;；]"
_GAP = r"[\s,，。;；]*"
_RIGHT = "(?:应该|应当|其实|实际)?(?:是|叫|为|住在?|改成)"
_SWAPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:写成|打成|填成|发成|输成|看成|弄成|报成)了?(?P<old>{_PART}{{1,12}}?)了?{_GAP}{_RIGHT}\s*(?P<new>{_PART}{{1,20}})",
        rf"(?:不是|不叫|不住在?)\s*(?P<old>[^\s,，。;；是叫]{{1,12}}){_GAP}{_RIGHT}\s*(?P<new>{_PART}{{1,20}})",
        rf"(?:^|[\s,，。;；是叫])(?P<new>[^\s,，。;；是叫]{{1,20}}){_GAP}不是\s*(?P<old>{_PART}{{1,12}})",
        rf"(?:把|将)?(?P<old>{_PART}{{1,12}}?)(?:改成|换成|改为)(?P<new>{_PART}{{1,20}})",
    )
)
_FIGURES = "(?:[0-9]+|[零〇一二三四五六七八九十百]+)"
_HOUSE_PART = re.compile(rf"({_FIGURES})(号楼|栋|号|单元|室|门|楼|层)")
_BLOCK = re.compile(r"[A-Za-z]座?\d{2,4}")
"""A flat of a block that has a letter: B座2106."""
_FLAT = re.compile(r"(?:(?:还有|另外|[我俺家了]|\s)*(?:应该)?(?:是|住|在)\s*)?(?P<flat>\d+(?:-\d+)+)号?")
_PART_OF_FLAT = re.compile(r"(?P<figures>\d+)(?P<unit>单元|楼|层|室|户)")
_UNIT_AND_FLAT = 2
"""Parts of 3-201, which tells no floor."""
_FLAT_AT_END = re.compile(r"\d+(?:-\d+)+$")
_NUMBER = re.compile(r"\d+(?:-\d+)*")
_D = "[0-9零〇一幺二两三四五六七八九]"
_END = re.compile(
    rf"(?:最后|末尾|尾号|尾数|末|后(?=面?{_D}(?:位|个)))(?:面|头)?(?:那|的)?(?:(?P<count>{_D})?(?:个?数字?|个字|个|位数?))?(?P<rest>.*)"
)
"""The last digits of a number, told by themselves: 最后四位是6667, 尾号改成21."""
_PLACE = re.compile(rf"(?P<back>倒数)?第(?P<place>{_D})(?:位|个数字?|个)(?:数字?)?(?P<rest>.*)")
"""One digit by its place: 倒数第二位是4."""
_WRONG_DIGITS = re.compile(rf"(?:不是|[写打发填输看记]成了?)\s*{_D}+")
_RIGHT_DIGITS = re.compile(rf"{_D}{{0,5}}(?:{_D}|x)(?![位个月日号年次楼天])", re.IGNORECASE)
_ONLY_DIGITS_LEFT = 10
"""Letters beside the digits: 应该是 … 才对."""
_NUMBER_TOLD = re.compile(
    r"[我俺]?[了\s]*(?:应该)?是?([0-9]{1,4}|[零一二三四五六七八九]{2,4})(?=\D|$)(?![-号栋楼单元门月年日岁])"
)
_LAST_NUMBER = re.compile(r"([0-9]+|[零一二三四五六七八九]+)(?:室|号)?$")
"""A flat's number told anew by itself, 是五零三, and the one that it stands for: as many figures, in either writing."""
_TAIL = re.compile(r"[\s,，。.、!！~～啊呀呢哈吧的了]+$")


_SPELLS = re.compile(
    "(?P<word>[\u4e00-\u9fff]{2,4}?)(?:那?个)?的(?P<right>[\u4e00-\u9fff])(?=$|[\\s,，。.!！啊呀哈不])"
)
"""How a character is spelt: 燕子的燕."""
_RESPELT = re.compile("(?:^|[\\s,，。]|应该|改)(?:是|叫|为|成)([\u4e00-\u9fff]{1,4})(?=$|[\\s,，。！!])")
"""A name that is told anew: 是艳燕."""
_AT_END = re.compile("最后|末|尾|结尾|后[面边头]|后.{0,2}位|屁股|[xX叉]")
_AT_START = re.compile("开头|最前|前[面边头]|打头")
_IN_MIDDLE = re.compile("中间|当中|里[面边]")
_PIECEWISE = re.compile(
    "最后|末|尾|[后前](?:[面边头]|.{0,2}位)|中间|当中|开头|打头|第.{1,2}[位个]|[少漏落缺多差][打写了发输掉]?|忘|手滑|手误"
    "|[打写发输念报看按][错串差]|不是|不对|改|应该|补|加|接着|剩|还有"
)
"""Words for which digits stand where, in what puts right a number that was refused."""
_COUNTS = re.compile(rf"{_D}+(?:位数?字?|个数?字?|下|点|遍|次|样|共|起|直|会儿?)|[xX叉]的?写?不")
"""Counts and other words that hold a numeral and tell no digit: 少打了一位, 有一个."""
_DIGIT_RUN = re.compile(rf"{_D}+(?:[xX叉])?|[xX叉]")
_TOO_MANY = re.compile("多[打写了发输按]|重复|打重")
_BESIDE_DIGITS = 18
"""Letters beside the digits of what is put right; more of them tell of something else."""


def put_right(refused: str, said: str, length: int, valid: Callable[[str], bool]) -> str | None:
    """A number that was refused with the digits that were told of it since; None where they make no valid number, or
    several: 最后一位是7, 忘打X了, 中间少了个0, 不是3是8, or just the rest of it."""
    for old, new in swaps(said):
        old, new = old.removesuffix("号"), new.removesuffix("号")
        if re.fullmatch(f"{_D}+", old) and re.fullmatch(f"{_D}+[xX]?", new):
            return _only(_replaced(refused, _in_digits(old), _in_digits(new)), valid)
    rest = _PLACE.sub(r" \g<rest>", _COUNTS.sub(" ", said))
    told = [_in_digits(run.replace("叉", "X")) for run in _DIGIT_RUN.findall(_WRONG_DIGITS.sub(" ", rest))]
    letters = len(re.findall(r"[^\W_]", _DIGIT_RUN.sub("", rest)))
    if len(told) != 1 or letters > _BESIDE_DIGITS or not (letters == 0 or _PIECEWISE.search(said)):
        return None
    if (whole := other_end(refused, said)) and len(whole) == length and valid(whole):
        return whole
    if _TOO_MANY.search(said) and len(told[0]) < length <= len(refused) - 1:
        return _only(_replaced(refused, told[0], ""), valid)
    return _with_digits(refused, told[0], said, length, valid)


def other_spelling(name: str, said: str) -> str | None:
    """A name with the character that a text spells, 燕子的燕, in the place of the one that sounds alike; or with the
    given name that it tells: 是艳燕. None where it does neither."""
    whole: list[str] = re.findall(f"{name[0]}[\u4e00-\u9fff]{{{len(name) - 1}}}(?=$|[\\s,，。！!])", said)
    told = (*whole, *(match[1] for match in _RESPELT.finditer(said)))
    given = next((one for one in told if _could_be_given(name, one)), None)
    if given:
        return given if len(given) == len(name) else name[: len(name) - len(given)] + given
    spelt = [match["right"] for match in _SPELLS.finditer(said) if match["right"] in match["word"]]
    wrong = re.search("不是[^\\s,，。]{0,4}的(?P<wrong>[\u4e00-\u9fff])", said)
    right = next((one for one in spelt if wrong is None or one != wrong["wrong"]), None)
    if right is None or right in name[1:]:
        return None
    at = _place_of(name, right, said, wrong["wrong"] if wrong else "")
    return None if at is None else name[:at] + right + name[at + 1 :]


def _could_be_given(name: str, said: str) -> bool:
    """Whether a word may be this name, or its given name, spelt otherwise: most of it sounds the same."""
    if len(said) not in (len(name), len(name) - 1) or len(said) < 2 or said == name:
        return False
    alike = sum(sound_alike(own, other) for own, other in zip(name[-len(said) :], said, strict=True))
    return alike >= len(said) - (len(said) > 2)


def _place_of(name: str, right: str, said: str, wrong: str) -> int | None:
    """Where in a name a character stands that is put right: the wrong one that was told, or the one that sounds like
    it, the last one where that is said or nothing else tells."""
    if wrong and wrong in name:
        return name.rindex(wrong)
    alike = [at for at, own in enumerate(name) if sound_alike(own, right)]
    if not alike:
        return len(name) - 1 if _AT_END.search(said) and len(name) > 1 else None
    return alike[0] if len(alike) > 1 and (_AT_START.search(said) or _IN_MIDDLE.search(said)) else alike[-1]


def tells_digits(said: str) -> bool:
    """Whether a text tells which digits of a number are other ones than were sent."""
    rest = _COUNTS.sub(" ", said)
    told = _DIGIT_RUN.findall(rest)
    letters = len(re.findall(r"[^\W_]", _DIGIT_RUN.sub("", rest)))
    return len(told) == 1 and letters <= _BESIDE_DIGITS and bool(_PIECEWISE.search(said))


def _replaced(number: str, old: str, new: str) -> set[str]:
    """The number with one of the places of these digits put right."""
    places = (match.start() for match in re.finditer(f"(?={re.escape(old)})", number))
    return {f"{number[:at]}{new}{number[at + len(old) :]}" for at in places}


def _only(found: set[str], valid: Callable[[str], bool]) -> str | None:
    right = [one for one in found if valid(one)]
    return right[0] if len(right) == 1 else None


def _with_digits(refused: str, told: str, said: str, length: int, valid: Callable[[str], bool]) -> str | None:
    """The number with these digits in the place of as many as its length wants gone: where they are said to stand,
    else at its end, else wherever the number is valid and least is changed."""
    gone = len(refused) + len(told) - length
    if not 0 <= gone <= len(refused) or gone > len(told) + 1:
        return None
    last = len(refused) - gone
    made = {at: f"{refused[:at]}{told}{refused[at + gone :]}" for at in range(last + 1)}
    if _AT_END.search(said) or told.endswith("X"):
        places = [last]
    elif _AT_START.search(said):
        places = [0]
    elif _IN_MIDDLE.search(said):
        places = list(range(1, last))
    else:
        places = [last] if valid(made[last]) and gone == 0 else list(made)
    right = {made[at]: _changed(refused[at : at + gone], told) for at in places if valid(made[at])}
    best = [one for one, cost in right.items() if cost == min(right.values())]
    return best[0] if len(best) == 1 else None


def _changed(old: str, new: str) -> int:
    """How many digits differ, whichever way the shorter ones are laid beside the others."""
    short, long = sorted((old, new), key=len)
    shifts = range(len(long) - len(short) + 1)
    return min(sum(a != b for a, b in zip(short, long[at:], strict=False)) for at in shifts) + len(long) - len(short)


_SLIP = re.compile(
    "[打写说弄发记报念整听看搞认数填选讲](?:错|差|串|岔|反)了?"
    "|^(?:[啊哎呀诶等，, ]*)(?:不对(?!劲|付|头|着|称)|错[了 ,，]|错错)"
)
_DETAIL = re.compile(
    r"\d|[一二三四五六七八九十]+(?:号|楼|层|栋|单元|门|户|室|岁)|[路街巷]|小区|社区|单元"
    "|[白黑红蓝绿黄灰紫粉](?:色|的)|[衣裤帽鞋裙袄]|头盔|外套|羽绒|车牌|眼镜|头发|[高矮]个"
    "|[一两俩三仨四五六七八九十几](?:个|口|名)?(?:大|小|老)?(?:人|孩|娃)|俩|仨"
    "|银行|[工建农中招交]行|邮储|邮政|信用社|微信|支付宝|账号|卡号|户名|[千万块]"
)
_OVER = re.compile(
    "找[到着]|回来了|没事|误会|不用(?:来|找|管|跑)|别(?:来|找|跑)|虚惊|接[到着]了"
    "|拍戏|演[习练戏]|闹着玩|游戏|玩呢|是我(?:弟|哥|爸|妈|姐|妹|舅|叔|姑|姨|公|婆|老公|媳妇|自己)"
    "|(?:不是|没有?)(?:真的?)?"
    "(?:着火|起火|失火|火灾|小偷|贼|坏人|煤气|燃气|漏气|打架|打人|抢劫|骗子|丢|走丢|走失)"
)


def puts_right(text: str) -> bool:
    """Whether a text in normal form only puts a detail right (a place, how many, what somebody wears) and says
    nothing of it being over: 说错了，是17号."""
    slips = _SLIP.search(text) or next(swaps(text), None)
    return bool(slips) and bool(_DETAIL.search(text)) and not _OVER.search(text)


def swaps(text: str) -> Iterator[tuple[str, str]]:
    """What a text says was wrong, and what is right."""
    for pattern in _SWAPS:
        if (match := pattern.search(text)) and (new := _TAIL.sub("", match["new"])):
            yield match["old"], new


def swapped(value: str, old: str, new: str) -> str | None:
    """A value with a part of it put right; None when that part is not in it."""
    number = _NUMBER.match(old)
    if number is None:
        return value.replace(old, new) if old in value else None
    if inside := _swapped_in_flat(value, old, new):
        return inside
    place = re.search(rf"(?<!\d){number.group()}(?!\d)", _after_unit(value, old, new, number.group()))
    if place is None:
        return None
    before, behind = value[: place.start()], value[place.end() :]
    if old != number.group() and behind.startswith(old[number.end() :]):
        behind = behind[len(old) - number.end() :]
        right = new if not _NUMBER.fullmatch(new) else new + old[number.end() :]
    else:
        right = _without_end_of(behind, new)
    behind = behind[_overlap(right, behind) :]
    return before + right[_overlap(before, right) :] + behind


def _swapped_in_flat(value: str, old: str, new: str) -> str | None:
    """The same for a unit, floor or flat of an address that writes them as 3-2-1, in this order."""
    wrong, right, flat = _PART_OF_FLAT.fullmatch(old), _PART_OF_FLAT.match(new), _FLAT_AT_END.search(value)
    if wrong is None or right is None or flat is None or wrong["unit"] in value:
        return None
    parts = flat.group().split("-")
    at = {"单元": 0, "楼": 1, "层": 1}.get(wrong["unit"], len(parts) - 1)
    if at >= len(parts) or parts[at] != wrong["figures"] or (at == 1 and len(parts) == _UNIT_AND_FLAT):
        return None
    return value[: flat.start()] + "-".join([*parts[:at], right["figures"], *parts[at + 1 :]])


def other_end(value: object, said: str) -> str | None:
    """A number with other last digits, or another one at its place: 最后一位是5 不是4, 倒数第二位是4."""
    if not isinstance(value, str):
        return None
    right = None
    if (match := _PLACE.search(said)) and (new := _only_digits(match["rest"])) and len(new) == 1:
        place = int(_in_digits(match["place"]))
        at = len(value) - place if match["back"] else place - 1
        right = f"{value[:at]}{new}{value[at + 1 :]}" if 0 <= at < len(value) else None
    elif (match := _END.search(said)) and (new := _only_digits(match["rest"])):
        count = _in_digits(match["count"] or "") or str(len(new))
        right = f"{value[: -len(new)]}{new}" if int(count) == len(new) else None
    return right if right != value else None


def _only_digits(said: str) -> str | None:
    """The only digits in a few words, but for those that are said to be wrong."""
    rest = _WRONG_DIGITS.sub(" ", said)
    found = _RIGHT_DIGITS.findall(rest)
    beside = re.sub("|".join(found), "", rest) if found else rest
    if len(found) != 1 or len(re.findall(r"[^\W_]", beside)) > _ONLY_DIGITS_LEFT or re.search(r"\d", beside):
        return None
    return _in_digits(found[0])


def _in_digits(text: str) -> str:
    return in_figures(text).upper()


def other_house(value: object, said: str) -> str | None:
    """An address with another house or flat number of the same unit: 楼号是23号楼."""
    if not isinstance(value, str):
        return None
    right = value
    if (flat := _FLAT.fullmatch(said.strip())) and (known := _FLAT_AT_END.search(value)):
        right = value[: known.start()] + flat["flat"] if known.group().count("-") == flat["flat"].count("-") else value
    if (block := _BLOCK.search(said)) and (known := _BLOCK.search(value)):
        right = value[: known.start()] + block.group().upper() + value[known.end() :]
    for match in _HOUSE_PART.finditer(said):
        right = re.sub(f"{_FIGURES}{match[2]}", match.group(), right, count=1)
    told, known = _NUMBER_TOLD.match(said.strip()), _LAST_NUMBER.search(value)
    if right == value and told and known and len(told[1]) == len(known[1]):
        right = value[: known.start(1)] + told[1] + value[known.end(1) :]
    return right if right != value else None


def _after_unit(value: str, old: str, new: str, number: str) -> str:
    """The value with every other place of the number blotted out, where the units told say which one is meant."""
    for said in (old, new):
        unit = _NUMBER.sub("", said, count=1)
        if unit and (place := re.search(rf"(?<!\d){number}{re.escape(unit)}", value)):
            return "".join(
                letter if place.start() <= at < place.end() else "□" if letter.isdigit() else letter
                for at, letter in enumerate(value)
            )
    return value


def _without_end_of(behind: str, new: str) -> str:
    """The right part without what follows in the value anyway: 9号楼 before 号楼2单元."""
    unit = _NUMBER.sub("", new, count=1)
    return new.removesuffix(unit) if unit and behind.startswith(unit) else new


def _overlap(before: str, new: str) -> int:
    """Letters with which a part ends and the one behind it begins, told once: 津桥路5号 and 5号2-3."""
    return next((size for size in range(min(len(before), len(new)), 0, -1) if before.endswith(new[:size])), 0)
