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

_DIGIT_WORDS = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("〇洞幺妖腰两俩拐勾", "001112279", strict=True)),
    **dict(zip("oO", "00", strict=True)),
}
_SPOKEN_RUN = re.compile(
    r"[0-9零〇洞一幺妖腰二两三四五六七拐八九勾](?:[ \-—–.,，、]?[0-9零〇洞一幺妖腰二两三四五六七拐八九勾xX]){2,}"
)
_LEAST_SPOKEN = 5
"""Digits of a run before it is taken for a number that is spelled out."""
_WHOLE_NUMBER = 11
"""Digits of a telephone number: a group so long is a number of its own."""
_JOINTS = re.compile(r"[ \-—–.,，、]")
_SPELLED_YEAR = re.compile(r"[零〇一二三四五六七八九]{2,4}(?=年)")

_ID = re.compile(r"(?<![0-9a-z])[1-9]\d{16}[0-9x](?![0-9a-z])", re.IGNORECASE)
_SPOKEN_X = re.compile(
    r"(?<=[0-9零〇洞一幺妖腰二两三四五六七拐八九勾])\s*(?:叉|艾克斯|埃克斯|大写x|大x)", re.IGNORECASE
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_PROVINCES = frozenset(
    str(number)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for number in range(first, last + 1)
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d{14,20}x?(?!\d)", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(?:\+?86)?(1[3-9]\d{9})(?!\d)")
_PHONE_LIKE = re.compile(r"(?<!\d)1\d{8,12}(?!\d)")

_NAME_SAID = re.compile(
    r"(?:我姓[\u4e00-\u9fff](?=[\u4e00-\u9fff]{2})|我(?:的)?(?:大)?名(?:字|儿)?(?:就?[叫是])?|我叫|俺叫|本人叫?|姓名|主人叫?|狗主人(?:是|叫)?|申请人(?:是|叫)?|名字[叫是]?|叫|我是)"
    r"[\s:：是,，]*([\u4e00-\u9fff·]{2,6})"
)
_NAME_STOPS = re.compile(
    "一下|怎么|什么|不知|没有|可以|不是|好的|你好|您好|谢谢|在吗|是的|取消|确认|同意|多少|这个|那个|外地|"
    "本地|沈阳|辽宁|业主|狗主|房东|租客"
)
_NAME_TAIL = re.compile(r"(?:的|啊|呀|呢|哈|，|,).*$")

_N = "[0-9零〇一二两俩三四五六七八九十]"
_ABSOLUTE = (
    re.compile(
        r"(?P<y>(?:19|20)\d{2}|(?<!\d)\d{2}(?=年))\s*[年./\-]\s*(?P<m>[0-9一二三四五六七八九十]{1,3})(?:\s*[月./\-]\s*(?:份)?(?P<d>[0-9一二三四五六七八九十]{1,3})?[日号]?)?"
    ),
    re.compile(r"(?<!\d)(?P<y>20\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)?(?!\d)"),
)
_YEAR_ONLY = re.compile(r"(?P<y>(?:19|20)\d{2}|(?<!\d)\d{2})年(?!\d|前)")
_RELATIVE_YEAR = re.compile(
    rf"(?P<year>大前年|前年|去年|今年|明年|年初)\s*(?:的|个)?(?:(?P<m>{_N}{{1,3}})\s*(?:月|[./])(?:份)?(?:(?P<d>{_N}{{1,3}})[日号]?)?|(?P<part>年初|初|开春|春天|春节|夏天|秋天|入秋|冬天|年底|底))?"
)
_MONTH_DAY = re.compile(
    rf"(?<![0-9零〇一二两三四五六七八九十年])(?P<m>{_N}{{1,3}})\s*(?:月(?:份)?|[./])\s*(?:(?P<d>{_N}{{1,3}})[日号]?)?"
)
_RELATIVE_MONTH = re.compile(
    rf"(?P<which>上上个?月|上个?月|这个?月|本月)(?P<part>初|中旬?|底|末)?(?:(?P<d>{_N}{{1,3}})[日号])?"
)
_AGO = re.compile(
    rf"(?P<nearly>快|不到|差不多|将近|没到|不够)?\s*(?:(?P<half0>半)年|(?P<n>{_N}{{1,3}}|几)\s*个?\s*(?P<half1>半)?(?P<unit>年|月|周|星期|礼拜|天|日)(?P<half2>半)?)\s*(?:多|来)?(?:以?前|之前|了|啦|头里|整|$)"
)
_DAYS = {
    "今天": 0,
    "今儿": 0,
    "刚才": 0,
    "昨天": 1,
    "昨儿": 1,
    "前天": 2,
    "前儿": 2,
    "大前天": 3,
    "上周": 7,
    "上星期": 7,
    "上礼拜": 7,
}
_PARTS = {
    "年初": 1,
    "初": 1,
    "开春": 3,
    "春天": 4,
    "春节": 2,
    "夏天": 7,
    "秋天": 9,
    "入秋": 9,
    "冬天": 12,
    "年底": 12,
    "底": 12,
}


class BadValueError(Exception):
    """A value that cannot be right; the text tells the resident why and what to send."""


def _joined(said: str) -> str:
    """One number in digits; a date, or numbers in digits that only stand in a row, stay as they are."""
    number = _JOINTS.sub("", said)
    if len(number) < _LEAST_SPOKEN or (number.isascii() and number == said.strip()):
        return said
    if not any(letter in _DIGIT_WORDS for letter in number) and re.search(r"[.,，、]|\d{4}-\d", said):
        return said
    return "".join(_DIGIT_WORDS.get(letter, letter) for letter in number)


def spelled_out(text: str) -> str:
    """Numbers spoken digit by digit as digits: "幺三八 零零一三 八零零零" as "13800138000"."""

    def digits(match: re.Match[str]) -> str:
        groups = re.split(r"([ .,，、])", match.group())
        whole = any(len(_JOINTS.sub("", group)) >= _WHOLE_NUMBER for group in groups)
        return "".join(map(_joined, groups)) if whole else _joined(match.group())

    text = _SPELLED_YEAR.sub(lambda match: "".join(_DIGIT_WORDS[letter] for letter in match.group()), text)
    return _SPOKEN_RUN.sub(digits, text)


def identity_number(text: str, *, today: date, adult: bool = False) -> str | None:
    """An 18-digit citizen identity number with a right check digit (GB 11643-1999) and a holder of 16 or more.

    `adult` wants a holder of 18 or more.
    """
    said = spelled_out(_SPOKEN_X.sub("X", text))
    match = _ID.search(said)
    if match is None:
        if wrong := _LONG_NUMBER.search(said):
            raise BadValueError(f"身份证号是18位，您发的是{len(wrong.group())}位，请核对一下再发。")
        return None
    number = match.group().upper()
    born = _birthday(number)
    if number[:2] not in _PROVINCES or born is None or born > today or _check_digit(number) != number[17]:
        raise BadValueError("这个身份证号校验不对，可能有一位打错了，请对着证件再发一次。")
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if adult and age < 18:
        raise BadValueError("登记人要年满18周岁，请让家里的大人来办，发大人的身份证号。")
    if age < 16:
        raise BadValueError("未满16周岁由监护人代办，请发监护人的身份证号，或者带孩子到派出所办。")
    return number


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
    if match := _PHONE.search(re.sub(r"(?<=\d)[\s-](?=\d)", "", said)) or _PHONE.search(said):
        return match.group(1)
    if (wrong := _PHONE_LIKE.search(said)) and not _ID.search(said):
        raise BadValueError(f"手机号是11位，您发的是{len(wrong.group())}位或号段不对，请核对一下再发。")
    return None


def name(text: str, *, asked: bool) -> str | None:
    """A person's name. Without having been asked for it, only behind words such as 我叫."""
    for match in _NAME_SAID.finditer(text):
        if text[: match.start()].endswith(("狗", "它", "宠物", "名字", "狗狗")):
            continue
        said = _NAME_TAIL.sub("", match.group(1))
        if _is_name(said):
            return said
    alone = re.sub(r"[\s,，。.!！]+$", "", text.strip())
    return alone if asked and _is_name(alone) else None


def _is_name(text: str) -> bool:
    return is_name(text) and not _NAME_STOPS.search(text)


def day(text: str, *, today: date) -> date | None:
    """A day in the past: "2024年5月20日", "去年三月", "两年半前", "上个月20号", "昨天". A month means its first day.

    Raises BadValueError for a day that is in the future or does not exist.
    """
    found = _day_in(spelled_out(text), today)
    if found is not None and found > today:
        raise BadValueError("这个日期还没到呢，请核对一下再发。")
    return found


def _day_in(text: str, today: date) -> date | None:
    for pattern in _ABSOLUTE:
        if match := pattern.search(text):
            return _on(_year(match["y"], today), match["m"], match["d"])
    if match := _YEAR_ONLY.search(text):
        return date(_year(match["y"], today), 1, 1)
    if match := _RELATIVE_YEAR.search(text):
        year = today.year - {"大前年": 3, "前年": 2, "去年": 1, "明年": -1}.get(match["year"], 0)
        month = match["m"] or _PARTS.get(match["part"] or "年初", 1)
        return _on(year, str(month), match["d"])
    if match := _RELATIVE_MONTH.search(text):
        back = {"上上": 2, "上个": 1, "上月": 1}.get(match["which"][:2], 0)
        days = match["d"] or {"中": "15", "中旬": "15", "底": "28", "末": "28"}.get(match["part"] or "", "1")
        month = _months_before(today.replace(day=1), back)
        return _on(month.year, str(month.month), days)
    for word, back in sorted(_DAYS.items(), key=lambda item: -len(item[0])):
        if word in text:
            return today - timedelta(days=back)
    if match := _AGO.search(text):
        return _ago(match, today)
    if match := _MONTH_DAY.search(text):
        day_ = _on(today.year, match["m"], match["d"])
        return day_ if day_ <= today else _on(today.year - 1, match["m"], match["d"])
    return None


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
        return int(_DIGIT_WORDS[tens] if tens else "1") * 10 + (int(_DIGIT_WORDS[ones]) if ones else 0)
    return int("".join(_DIGIT_WORDS[letter] for letter in text))
