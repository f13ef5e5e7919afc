"""Reads the values that applications ask for out of what residents type: numbers spoken digit by digit, identity
numbers, telephone numbers, names, dates such as "去年三月".

Every reader takes a text in its normal form and gives the value, None when there is none, or raises BadValueError
when there plainly is one that cannot be right.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from bot.nlu.names import is_name

DIGIT_WORDS = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("〇洞幺妖腰两俩仨拐勾", "0011122379", strict=True)),
    **dict(zip("oO", "00", strict=True)),
}
_SPOKEN_RUN = re.compile(
    r"[0-9零〇洞一幺妖腰二两三四五六七拐八九勾](?:[ \-—–.,，、]?[0-9零〇洞一幺妖腰二两三四五六七拐八九勾xX](?!个)){2,}"
)
_LEAST_SPOKEN = 5
"""Digits of a run before it is taken for a number that is spelled out."""
_WHOLE_NUMBER = 11
"""Digits of a telephone number: a group so long is a number of its own."""
_IDENTITY_NUMBER = 18
_JOINTS = re.compile(r"[ \-—–.,，、]")
_COUNTED = "(?:[二两三四五六2-6]个|[俩仨])[ ]?[0-9零〇洞一幺妖腰二两三四五六七拐八九勾]"
_COUNTED_DIGIT = re.compile(r"([二两三四五六2-6俩仨])个?[ ]?([^个 ])")
_COUNTING_RUN = re.compile(
    rf"(?:{_COUNTED}|[0-9零〇洞一幺妖腰二两三四五六七拐八九勾])"
    rf"(?:[ \-—–.,，、]?(?:{_COUNTED}|[0-9零〇洞一幺妖腰二两三四五六七拐八九勾xX])(?![个号栋楼单室月年岁天]))+"
)
"""A number in which some digits are counted: 幺三八四个零六零三八."""
_COUNTED_ENOUGH = 7
"""Digits of a number in which some are counted: 两个二年级的 tells of children."""
_SPELLED_YEAR = re.compile(r"[零〇一二三四五六七八九]{2,4}(?=年)")

_ID = re.compile(r"(?<![0-9a-z])[1-9]\d{16}[0-9x](?![0-9a-z])", re.IGNORECASE)
_SPOKEN_X = re.compile(
    r"(?<=[0-9零〇洞一幺妖腰二两三四五六七拐八九勾])\s*(?:叉|艾克斯|埃克斯|大写x|大x)", re.IGNORECASE
)
_JOINED_BY_SIGNS = re.compile(r"(?<=\d)[-－—·](?=[\dxX])")
_TELLING_DIGITS = re.compile(
    r"(?<=[0-9零〇洞一幺妖腰二两三四五六七拐八九勾])"
    r"(?:[ ,，、。.]*(?:完了|然后|接着|再|呃|嗯|啊|那个|后[边面]|中间|最后|后|尾号|末尾|[三四几]位|是|的))+[ ,，、]*"
    r"(?=[0-9零〇洞一幺妖腰二两三四五六七拐八九勾xX])"
)
"""What stands between the groups of a number that is read out: 二幺零幺完了幺九五四最后四位零三幺六."""
_LAST_IS_X = re.compile(r"(?<!\d)(\d{17})\D{0,6}?(?:末尾|最后|尾)[^\dx叉]{0,8}(?:x|叉)", re.IGNORECASE)
"""An identity number whose last sign is told beside it: …末尾是大写的X."""
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_PROVINCES = frozenset(
    str(number)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for number in range(first, last + 1)
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d{14,20}x?(?!\d)", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(?:\+?86)?(1[3-9]\d{9})(?!\d)")
_INSTEAD = re.compile("[错改换]|不对|不是|那是|用[我他她]")
"""Between two numbers, that the later one counts."""
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)")
_PHONE_LIKE = re.compile(r"(?<!\d)1\d{8,12}(?!\d)")

_NEARLY_ID = re.compile(r"(?<!\d)(?:\d{12,20}|\d{6,10}(?=\W*$))[xX]?(?!\d)")
_PHONE_LIKE_ANY = re.compile(r"(?<!\d)1[3-9]\d{5,13}(?!\d)")
"""What was meant for an identity number, or the first half of one; and for a telephone number."""

_NAME_SAID = re.compile(
    r"(?:我姓[\u4e00-\u9fff](?=[\u4e00-\u9fff]{2})|我(?:的)?(?:大)?名(?:字|儿)?(?:就?[叫是])?|我叫|俺叫|本人叫?|姓名|主人叫?|狗主人(?:是|叫)?|(?:申请|申领|登记|办证)人(?:是|叫)?|名字[叫是]?|叫|我是)"
    r"[\s:：是,，]*([\u4e00-\u9fff·]{2,6})"
)
_NAME_STOPS = re.compile(
    "一下|怎么|什么|不知|没有|可以|不是|好的|你好|您好|谢谢|在吗|是的|取消|确认|同意|多少|这个|那个|外地|"
    "咋|怎|啥|谢[啦了呀哈]|打[反错了过]|写[反错]|发[反错]|输错|错了|换了|别|本地|沈阳|辽宁|业主|狗主|房东|租客|没|[这那]个?[行好是就]|[行好]吧|.的|.色|毛$|[狗犬]"
)
_LABELLED_NAME = re.compile(
    "(?:(?:本人)?姓名|(?:申请|申领|登记|办证)人|犬主人?|狗主人)(?:是|叫)?[:： ]*"
    "([\u4e00-\u9fff]{2,6}(?:·[\u4e00-\u9fff]{1,6})*)"
)
"""A name behind its label, whatever its surname: 姓名：萨仁高娃."""
_NAME_TAIL = re.compile(r"(?:本人|的|啊|呀|呢|哈|，|,|身份|证件|电话|手机|号码|今年|家住|住在?|户口|户籍|老家|属).*$")
_NAME_AROUND = re.compile(
    "^(?:就|写|填|是|叫|姓名|名字|大名|我|俺|本人|狗主人?|主人|登记|用|嗯|哦|好|行|那|给|的)+|(?:吧|啊|呗|呀|哈|哦|的?名字?|[三两二]个字|这个?|就行|先生|女士)+$"
)

_N = "[0-9零〇一二两俩三仨四五六七八九十]"
_PART = (
    "年初|初|开春|春天|春节|过完?年|过了年|清明|五一|端午|夏天|暑假|入秋|秋天|中秋|国庆|十一(?=[假长期那]|前后)|冬天|入冬|元旦|"
    "年底|年末|立春|春分|立夏|夏至|立秋|处暑|秋分|霜降|立冬|冬至|底|末"
)
_THIRD = "初|上旬|中旬|中(?!午)|下旬|底|末"
"""A part of a month."""
_DAYS_OF_THIRDS = {"中": "15", "中旬": "15", "下旬": "21", "底": "28", "末": "28"}
_ABSOLUTE = (
    re.compile(
        rf"(?P<y>(?:19|20)\d{{2}}|(?<!\d)\d{{2}}(?=年))\s*[年./\-]\s*(?P<m>[0-9一二三四五六七八九十]{{1,3}})(?:\s*[月./\-]\s*(?:份)?(?:(?P<third>{_THIRD})|(?P<d>[0-9一二三四五六七八九十]{{1,3}})?[日号]?))?"
    ),
    re.compile(r"(?<!\d)(?P<y>20\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)?(?!\d)"),
)
_YEAR_PART = re.compile(rf"(?P<y>(?:19|20)\d{{2}}|(?<!\d)\d{{2}})年?\s*的?(?P<part>{_PART})")
_YEAR_ONLY = re.compile(r"(?P<y>(?:19|20)\d{2}|(?<!\d)\d{2})年(?!\d|前)")
_RELATIVE_YEAR = re.compile(
    rf"(?P<year>大前年|前年|去年|今年|明年|年初)\s*(?:的|个)?(?:(?P<m>{_N}{{1,3}})\s*(?:月|[./])(?:份)?\s*(?:(?P<third>{_THIRD})|(?P<d>{_N}{{1,3}})[日号]?)?|(?P<part>{_PART})|(?P<same>这个?时候|这个?时间|这会儿?|今天|同期|现在))?"
)
_PART_ALONE = re.compile(rf"(?<!\d)(?P<part>{_PART.replace('|初', '').replace('|底|末', '')})")
_WEEKDAY = re.compile("(?<!下)(?<!下个)(?P<week>上上|上|这|本)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])")
_WEEK_AGO = re.compile("(?P<week>上上|上)个?(?:周|星期|礼拜)")
_MONTH_DAY = re.compile(
    rf"(?<![0-9零〇一二两三四五六七八九十年])(?![两俩仨])(?P<m>{_N}{{1,3}})\s*(?:月(?:份)?|[./])\s*(?:(?P<third>{_THIRD})|(?P<d>{_N}{{1,3}})[日号]?)?"
)
_DAY_OF_A_MONTH = re.compile(r"(?<!\d)(?:[1-9]|1[0-2])\s*(?:月|[./])\s*(?:[12]\d|3[01]|[1-9])(?![\d./])[日号]?")
"""A day told with its month in figures, which is a day and nothing else."""
_RELATIVE_MONTH = re.compile(
    rf"(?P<which>上上个?月|上个?月|这个?月|本月)(?P<third>{_THIRD})?(?:(?P<d>{_N}{{1,3}})[日号])?"
)
_AGO = re.compile(
    rf"(?P<nearly>快|小(?=半年)|不到|差不多|将近|没到|没满|[不未]满|没够|不够)?\s*(?:(?P<half0>半)年|(?P<n>{_N}{{1,3}}|几)\s*个?\s*(?P<half1>半)?(?:多|来)?(?P<unit>年|月|周|星期|礼拜|天|日)(?P<half2>半)?)\s*(?:多|来)?(?:以?前|之前|了|啦|头里|整|$|(?=[能可想够]))"
)
_WHETHER_HALF = re.compile("(?:够不够|够没够|满不满|满没满|到没到|算不算|是不是|能不能)(?:[够满到])?半年")
"""The half-year that is asked about, and no day so long ago."""
_DAYS = {
    "今天": 0,
    "今儿": 0,
    "刚才": 0,
    "昨天": 1,
    "昨儿": 1,
    "前天": 2,
    "前儿": 2,
    "大前天": 3,
    "今早": 0,
    "昨晚": 1,
}
_DAY_WORDS = re.compile("|".join(sorted(_DAYS, key=len, reverse=True)))
_TELLING_A_DAY = (
    *(*_ABSOLUTE, _YEAR_PART, _YEAR_ONLY, _RELATIVE_YEAR, _RELATIVE_MONTH, _AGO, _MONTH_DAY),
    *(_WEEKDAY, _WEEK_AGO, _PART_ALONE),
)
_WITH_DAY = (*_ABSOLUTE, _RELATIVE_YEAR, _RELATIVE_MONTH, _MONTH_DAY)
"""What can tell the day of a month, as the group `d`."""
_PARTS = {
    **dict.fromkeys(("年初", "初", "元旦"), 1),
    **dict.fromkeys(("春节", "过年", "过完年", "过了年"), 2),
    **dict.fromkeys(("开春", "春分"), 3),
    "立春": 2,
    "立夏": 5,
    "夏至": 6,
    **dict.fromkeys(("立秋", "处暑"), 8),
    "秋分": 9,
    "霜降": 10,
    "立冬": 11,
    "冬至": 12,
    **dict.fromkeys(("春天", "清明"), 4),
    "五一": 5,
    "端午": 6,
    **dict.fromkeys(("夏天", "暑假"), 7),
    **dict.fromkeys(("秋天", "入秋", "中秋"), 9),
    **dict.fromkeys(("国庆", "十一"), 10),
    "入冬": 11,
    **dict.fromkeys(("冬天", "年底", "年末", "底", "末"), 12),
}
"""The month that a part of the year stands for."""


UNDER_16 = "未满16周岁的由监护人代办，这里填不了：带监护人和孩子的证件、材料，到派出所窗口办。"
UNDER_18 = "登记人要年满18周岁，请让家里的大人来办，先发大人的姓名，再发大人的身份证号。"


class BadValueError(Exception):
    """A value that cannot be right; the text tells the resident why and what to send."""


class UnderAgeError(BadValueError):
    """The identity number of somebody too young, so that the name is not the right one either."""


def _joined(said: str) -> str:
    """One number in digits; a date, or numbers in digits that only stand in a row, stay as they are."""
    number = _JOINTS.sub("", said)
    if len(number) < _LEAST_SPOKEN or (number.isascii() and number == said.strip()):
        return said
    if not any(letter in DIGIT_WORDS for letter in number) and (
        re.search(r"[.,，、]|\d{4}-\d", said) or len(number) < _WHOLE_NUMBER  # a date; a flat: 3-1-502
    ):
        return said
    return in_figures(number)


def _two_scripts(groups: list[str]) -> bool:
    """Whether some groups are in figures and others in words: two things, as in "2212，四月"."""
    told = [group for group in groups if _JOINTS.sub("", group)]
    return any(group.isascii() for group in told) and any(not group.isascii() for group in told)


def in_figures(text: str) -> str:
    """A number that is told digit by digit in figures: 六零三 as 603."""
    return "".join(DIGIT_WORDS.get(letter, letter) for letter in text)


def spelled_out(text: str) -> str:
    """Numbers spoken digit by digit as digits: "幺三八 零零一三 八零零零" as "13800138000"."""

    def digits(match: re.Match[str]) -> str:
        groups = re.split(r"([ .,，、])", match.group())
        whole = any(len(_JOINTS.sub("", group)) >= _WHOLE_NUMBER for group in groups)
        whole = whole or (bool(re.search("[,，、]", match.group())) and _two_scripts(groups))
        return "".join(map(_joined, groups)) if whole else _joined(match.group())

    text = _SPELLED_YEAR.sub(lambda match: "".join(DIGIT_WORDS[letter] for letter in match.group()), text)
    return _SPOKEN_RUN.sub(digits, _COUNTING_RUN.sub(_counted_out, text))


def _counted_out(match: re.Match[str]) -> str:
    """A number with its counted digits written one by one: 138四个零6038 as 13800006038. What is counted behind a whole
    number is something else, and so is what makes no number."""
    said = match.group()
    counted = re.search(_COUNTED, said)
    if counted is None or len(_JOINTS.sub("", said[: counted.start()])) in (_WHOLE_NUMBER, _IDENTITY_NUMBER):
        return said

    def repeated(one: re.Match[str]) -> str:
        return one[0] if "个" not in one[0] and one[1] not in "俩仨" else one[2] * _number(one[1])

    number = _JOINTS.sub("", re.sub(_COUNTED, lambda one: _COUNTED_DIGIT.sub(repeated, one.group()), said))
    spelled = in_figures(number)
    return spelled if len(spelled) >= _COUNTED_ENOUGH else said


def identity_number(text: str, *, today: date, adult: bool = False) -> str | None:
    """An 18-digit citizen identity number with a right check digit (GB 11643-1999) and a holder of 16 or more.

    `adult` wants a holder of 18 or more.
    """
    said = spelled_out(_SPOKEN_X.sub("X", text))
    said = _LAST_IS_X.sub(r"\1X ", _JOINED_BY_SIGNS.sub("", said))
    match = _ID.search(said) or _ID.search(spelled_out(_TELLING_DIGITS.sub("", text)))
    if match is None:
        if wrong := _LONG_NUMBER.search(said):
            raise BadValueError(f"身份证号是18位，您发的是{len(wrong.group())}位，请核对一下再发。")
        return None
    number = match.group().upper()
    born = _born(number, today)
    if born is None:
        raise BadValueError("这个身份证号校验不对，可能有一位打错了，请对着证件再发一次。")
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if adult and age < 18:
        raise UnderAgeError(UNDER_18)
    if age < 16:
        raise UnderAgeError(UNDER_16)
    return number


def _born(number: str, today: date) -> date | None:
    """The birthday in an identity number of 18 digits that can be right; None in any other."""
    born = _birthday(number)
    right = number[:2] in _PROVINCES and born is not None and born <= today and _check_digit(number) == number[17]
    return born if right else None


def _birthday(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _check_digit(number: str) -> str:
    return _ID_CHECKS[sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False)) % 11]


def phone(text: str) -> str | None:
    """A mobile number of the mainland, 11 digits."""
    said = spelled_out(text)
    if (told := _PHONE.findall(said)) and len(told) > 1 and _INSTEAD.search(said):
        return str(told[-1])
    if match := _PHONE.search(re.sub(r"(?<=\d)[\s-](?=\d)", "", said)) or _PHONE.search(said):
        return match.group(1)
    if _LANDLINE.search(said):
        raise BadValueError("这是座机号，请发11位的手机号，家里人的也行；实在没有，回“转人工”告诉民警。")
    if wrong := _PHONE_LIKE.search(_LONG_NUMBER.sub(" ", said)):
        raise BadValueError(f"手机号是11位，您发的是{len(wrong.group())}位或号段不对，请核对一下再发。")
    return None


def name(text: str, *, asked: bool) -> str | None:
    """A person's name. Without having been asked for it, only behind words such as 我叫; a bare 叫 may be the dog's."""
    start = 0
    while match := _NAME_SAID.search(text, start):
        start = match.start() + 1  # behind 我姓刘 the name may begin with another word for "called"
        if text[: match.start()].rstrip(" 的").endswith(("狗", "犬", "它", "宠物", "名字", "狗子")):
            continue
        said = explained(text[match.start(1) :].strip()) or _NAME_TAIL.sub("", match.group(1))
        if match.group().startswith("我是") and said and text[match.start(1) + len(said) :].startswith("的"):
            continue  # 我是沈大的学生, 我是张伟的老婆
        barely = match.group().startswith("叫") and not re.search("[我俺]姓.$", text[: match.start()])
        if _is_name(said) and (asked or not barely):
            return said
    if labelled := _LABELLED_NAME.fullmatch(text.strip()):
        return labelled[1]
    if not asked:
        return None
    alone = re.sub(r"[\s,，。.!！]+$", "", text.strip())
    bare = _NAME_AROUND.sub("", alone)
    return next((said for said in (alone, bare, explained(bare)) if said and _is_name(said)), None)


def explained(text: str) -> str | None:
    """A name whose letters are told one by one behind it: 陈德福耳东陈道德的德福气的福, 佟德贵佟是单立人旁的; None in
    any other text."""
    for length in (3, 2, 4):
        said, rest = text[:length], text[length:]
        if rest.startswith((f"{said[:1]}是", f"{said[:1]}字")) and is_name(said):
            return said
        told = sum(letter in rest for letter in said)
        if told >= max(2, length - 1) and f"的{said[-1]}" in rest:
            return said
    return None


_AGAIN = re.compile(
    r"(?:就?叫|是)?(?P<name>[\u4e00-\u9fff]{1,4}?)[\s,，]*(?:就是?吃的那个)?[\u4e00-\u9fff]{1,6}的(?P=name)"
)


def told_again(text: str) -> str | None:
    """A name with the thing that it is the name of: 豆包 黏豆包的豆包; None in any other text."""
    match = _AGAIN.fullmatch(text.strip())
    return match["name"] if match and len(match["name"]) > 1 else None


def no_name(text: str) -> bool:
    """Whether a word is one that stands where a name might, and is none."""
    return bool(_NAME_STOPS.search(text))


def _is_name(text: str) -> bool:
    return is_name(text) and not _NAME_STOPS.search(text)


_LUNAR = re.compile(
    "[农阴旧]历|腊月|冬月|正月|[大小]年(?:初[一二三四五六七八九十]|三十)|除夕|(?:初[一二三四五六七八九十]|[腊冬正]月.{0,3})(?=[搬来住打])"
)
_SOLAR = re.compile("[阳公新]历")


def of_minor(text: str) -> bool:
    """Whether a text says that it is done for a child under sixteen, who cannot apply: 给我姑娘办，没满16岁."""
    child = _FOR_CHILD.search(text)
    return bool(child) and bool(_MINOR.search(text))


_FOR_CHILD = re.compile(
    "(?:给|替|帮|为)[^，,。\\s]{0,4}(?:孩子|儿子|女儿|姑娘|闺女|娃|小子|宝|妹妹|弟弟|孙子|孙女|外孙)[^，,。\\s]{0,4}(?:办|申请|申领|弄|整|领)"
    "|(?:孩子|儿子|女儿|姑娘|闺女|娃|孙子|孙女)[^，,。]{0,12}(?:我|我来|我们)(?:替|帮|给|代)[^，。]{0,3}(?:办|申请|弄)"
)
_MINOR = re.compile(
    "[没未不](?:满|到|够)(?:16|十六)|(?<!\\d)(?:[1-9]|1[0-5]|十[一二三四五]?|[一二两三四五六七八九])(?:周|虚)?岁|小学|幼儿园|[一二三四五六]年级|初[一二]"
)


def _in_figures_alone(text: str) -> str:
    """A day's words with their digits spelled out, and without the name of the calendar: 21年阳历十月十号."""
    return spelled_out(_SOLAR.sub("", text))


def day(text: str, *, today: date) -> date | None:
    """A day in the past: "2024年5月20日", "去年三月", "两年半前", "上个月20号", "昨天". A month means its first day.

    Raises BadValueError for a day that is in the future or does not exist.
    """
    if _LUNAR.search(text) and not _SOLAR.search(text):
        raise BadValueError("这是农历的日子，请换成阳历的年月，大概的也行，比如“2024年2月”。")
    found = _day_in(_in_figures_alone(text), today)
    if found is not None and found > today:
        raise BadValueError("这个日期还没到呢，请核对一下再发。")
    return found


def tells_the_day(text: str) -> bool:
    """Whether a text tells which day it was, and not only the month, the season or the year: 三月份, 今年开春."""
    said = _in_figures_alone(text)
    if any(word in said for word in _DAYS) or _WEEKDAY.search(said):
        return True
    if any(match["d"] for match in (pattern.search(said) for pattern in _WITH_DAY) if match):
        return True
    ago = _AGO.search(said)
    return ago is not None and ago["unit"] in ("周", "星期", "礼拜", "天", "日")


def tells_the_month(text: str) -> bool:
    """Whether a text tells more than a year: a month, a season, how many months ago."""
    said = _in_figures_alone(text)
    year = _RELATIVE_YEAR.search(said)
    only_year = bool(_YEAR_ONLY.search(said) or (year and not (year["m"] or year["part"] or year["same"])))
    other = (_MONTH_DAY, _RELATIVE_MONTH, _PART_ALONE, _YEAR_PART, *_ABSOLUTE)
    return not only_year or any(pattern.search(said) for pattern in other)


def refused_number(text: str, kind: str, *, today: date) -> str | None:
    """The digits of an identity or telephone number (`kind`) that was sent and cannot be right; None for none."""
    said = spelled_out(_SPOKEN_X.sub("X", text))
    for one in (said, re.sub(r"(?<=\d)[ －—·-](?=[\dxX])", "", said)):
        pattern = _NEARLY_ID if kind == "id_number" else _PHONE_LIKE_ANY
        found = [number for number in pattern.findall(one) if kind == "phone" or not _PHONE.fullmatch(number)]
        if found:
            wrong = str(found[-1]).upper()
            return None if is_valid(wrong, kind, today=today) else wrong
    return None


def is_valid(number: str, kind: str, *, today: date) -> bool:
    """Whether digits are an identity or telephone number that can be right."""
    if kind == "phone":
        return bool(_PHONE.fullmatch(number))
    return bool(_ID.fullmatch(number)) and _born(number, today) is not None


def mentions_day(text: str) -> bool:
    """Whether a text tells a day or a month at all."""
    return any(word in text for word in _DAYS) or any(pattern.search(text) for pattern in _TELLING_A_DAY)


def exact_day(text: str) -> str:
    """The day that a text tells with its month in figures, "" for none: 找着本儿了 4月11号."""
    match = _DAY_OF_A_MONTH.search(text)
    return match.group() if match else ""


def month_and_day(text: str) -> str:
    """The month that a text tells, with its day if it tells one; "" for none: 嗯 六月中旬吧."""
    match = _MONTH_DAY.search(text)
    return match.group() if match else ""


def dated_month(text: str) -> str:
    """The last month in figures that a text tells, with the year and the day beside it; "" for none: 五一 names none,
    2025年三月份 does."""
    for pattern in (*_ABSOLUTE, _MONTH_DAY):
        if found := [match.group() for match in pattern.finditer(text)]:
            return found[-1]
    return ""


def without_days(text: str) -> str:
    """A text without what tells a day or a month."""
    for pattern in (*_TELLING_A_DAY, _DAY_WORDS):
        text = pattern.sub(" ", text)
    return text


def _day_in(text: str, today: date) -> date | None:
    text = _WHETHER_HALF.sub(" ", text)
    for reader in (_in_a_year, _in_a_month, _days_back, _in_the_calendar):
        if found := reader(text, today):
            return found
    return None


def _in_a_year(text: str, today: date) -> date | None:
    """A day, month or season of a year that is told: 2024年5月, 24年底, 去年国庆, 去年这时候."""
    for pattern in _ABSOLUTE:
        if match := pattern.search(text):
            return _on(_year(match["y"], today), match["m"], _day_told(match))
    if match := _YEAR_PART.search(text):
        return date(_year(match["y"], today), _PARTS[match["part"]], 1)
    if match := _YEAR_ONLY.search(text):
        return date(_year(match["y"], today), 1, 1)
    if match := _RELATIVE_YEAR.search(text):
        back = {"大前年": 3, "前年": 2, "去年": 1, "明年": -1}.get(match["year"], 0)
        if match["same"]:
            return _months_before(today, 12 * back)
        if not (match["m"] or match["part"]) and (told := _MONTH_DAY.search(text)):
            return _on(today.year - back, told["m"], _day_told(told))  # 6月18 今年
        month = match["m"] or _PARTS.get(match["part"] or "年初", 1)
        if match["part"] and (nearer := _MONTH_DAY.search(text, match.end())):
            month = nearer["m"]  # 大前年秋天 十月份
        return _on(today.year - back, str(month), _day_told(match))
    return None


def _in_a_month(text: str, today: date) -> date | None:
    """A day of this month or of one before it: 上个月20号, 这个月初."""
    match = _RELATIVE_MONTH.search(text)
    if match is None:
        return None
    back = {"上上": 2, "上个": 1, "上月": 1}.get(match["which"][:2], 0)
    month = _months_before(today.replace(day=1), back)
    return _on(month.year, str(month.month), _day_told(match))


def _day_told(match: re.Match[str]) -> str | None:
    """The day of a month that is told, or the one that stands for a part of it: 九月底."""
    found = match.groupdict()
    return found["d"] or _DAYS_OF_THIRDS.get(found.get("third") or "")


def _days_back(text: str, today: date) -> date | None:
    """A day counted back from today: 前天, 上周三, 上个礼拜, 两年半前."""
    for word, back in sorted(_DAYS.items(), key=lambda item: -len(item[0])):
        if word in text:
            return today - timedelta(days=back)
    if match := _WEEKDAY.search(text):
        back = (today.weekday() - "一二三四五六日".index(match["day"].replace("天", "日"))) % 7
        weeks = {"上": 1, "上上": 2}.get(match["week"] or "", 0)
        monday = today - timedelta(days=today.weekday() + 7 * weeks)
        return today - timedelta(days=back) if not weeks else monday + timedelta(days=(today.weekday() - back) % 7)
    if match := _WEEK_AGO.search(text):
        return today - timedelta(days=7 * len(match["week"]))
    match = _AGO.search(text)
    return _ago(match, today) if match and not _names_a_month(match) else None


def _names_a_month(match: re.Match[str]) -> bool:
    """Whether 六月 is June, and not six months ago, as 俩月 is."""
    return (
        match["unit"] == "月"
        and match["n"] not in ("两", "俩", "仨", "几")
        and "个" not in match.group()
        and not re.search("前|多|来|头里", match.group())
    )


def _in_the_calendar(text: str, today: date) -> date | None:
    """The last time that a month and day, or a season or feast came: 九月十号, 开春, 国庆."""
    if match := _MONTH_DAY.search(text):
        found = _on(today.year, match["m"], _day_told(match))
    elif match := _PART_ALONE.search(text):
        found = date(today.year, _PARTS[match["part"]], 1)
    else:
        return None
    return found if found <= today else found.replace(year=found.year - 1)


def _ago(match: re.Match[str], today: date) -> date:
    if match["nearly"]:
        today = _months_before(today, -1)  # "快半年了" is less than half a year
    if match["half0"]:
        return _months_before(today, 6)
    count = 3 if match["n"] == "几" else _number(match["n"])
    half = bool(match["half1"] or match["half2"])
    unit = match["unit"]
    if unit == "年":
        return _months_before(today, count * 12 + (6 if half else 0))
    if unit == "月":
        return _months_before(today - timedelta(days=15 if half else 0), count)
    return today - timedelta(days=count * (7 if unit in ("周", "星期", "礼拜") else 1))


def months_between(earlier: date, later: date) -> int:
    """Whole months from one day to another."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months - (1 if later.day < earlier.day else 0)


def months_after(start: date, months: int) -> date:
    """The same day so many months later, or the month's last day."""
    return _months_before(start, -months)


def _months_before(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 - months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def _on(year: int, month: str, day_: str | None) -> date:
    try:
        return date(year, _number(month), _number(day_) if day_ else 1)
    except ValueError:
        raise BadValueError("没有这一天，请核对一下再发，比如“2025年3月20日”。") from None


def _year(text: str, today: date) -> int:
    year = int(text)
    if year >= 100:
        return year
    return 2000 + year if 2000 + year <= today.year else 1900 + year


def _number(text: str) -> int:
    """A number up to 99 in digits or Chinese. Raises ValueError."""
    if text.isdigit() and text.isascii():
        return int(text)
    tens, ten, ones = text.partition("十")
    if ten:
        return int(DIGIT_WORDS[tens] if tens else "1") * 10 + (int(DIGIT_WORDS[ones]) if ones else 0)
    return int("".join(DIGIT_WORDS[letter] for letter in text))
