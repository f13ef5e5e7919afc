"""Takes out of residents' words what points to a person, before a trainer sees them and before anybody trains on them.

What is found becomes a placeholder that says what stood there (〔电话〕), so that the message can still be judged.
Numbers are looked for in every dress: full width, circled, apart, spoken (幺三八), in English or pinyin words. Names
are found where they are told (我叫…) and in the reading of the text (`bot/studio/named.py`); it errs on the side of
taking out too much.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

import jieba
import jieba.posseg

from bot.nlu.entities import StationEntities
from bot.nlu.names import COMPOUND, SINGLE
from bot.nlu.normaliser import simplified
from bot.nlu.project import NLU_DATA
from bot.studio.named import KIN, named

PLACEHOLDERS = {
    "phone": "〔电话〕",
    "identity": "〔证件号〕",
    "number": "〔号码〕",
    "plate": "〔车牌〕",
    "address": "〔门牌〕",
    "name": "〔姓名〕",
    "account": "〔账号〕",
    "mail": "〔邮箱〕",
    "link": "〔链接〕",
    "birth": "〔生日〕",
    "place": "〔地点〕",
    "time": "〔时间〕",
    "relation": "〔某人〕",
    "self": "〔自述〕",
}
"""What stands where something was taken out; the last four only in tips."""
_PLAIN_WORDS = {
    "〔电话〕": "这个电话",
    "〔证件号〕": "这个证号",
    "〔号码〕": "这个号码",
    "〔车牌〕": "这个车牌",
    "〔门牌〕": "",
    "〔姓名〕": "某某",
    "〔账号〕": "这个账号",
    "〔邮箱〕": "这个邮箱",
    "〔链接〕": "这个链接",
    "〔生日〕": "那天",
    "〔地点〕": "那边",
    "〔时间〕": "这几天",
    "〔某人〕": "有人",
    "〔自述〕": "",
}
_PLACEHOLDER = re.compile("〔[^〔〕]{1,6}〕")
_KEPT = re.compile(rf"{_PLACEHOLDER.pattern}|(?<![a-z0-9])fujin-[0-9a-f]{{12}}(?![a-z0-9])")
_SAID_AGAIN = re.compile(r"(〔[^〔〕]{1,6}〕)(?:[\s，,、。]*\1)+")
_STOP_BEFORE_STOP = re.compile(r"[，,、](?=\s*[，,、。！？])")
"""What a part that was taken out leaves behind."""
_ENOUGH = 4
"""Characters in a row by which somebody would know their own words again."""
_ROUNDS = 6
"""What was taken out may let the rest be read in another way; so many times it is read again."""


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    kind: str


def mask(text: str, entities: StationEntities | None = None, confidential: bool = False) -> str:
    """A message with placeholders for whatever points to a person.

    `confidential` (tips): also for places and times, for whom the writer is related to, and for what they tell of
    themselves. Masking what is masked changes nothing.
    """
    for _ in range(_ROUNDS):
        spans = _spans(text, entities or StationEntities.load(), confidential=confidential)
        if not spans:
            return text
        text = _replaced(text, spans)
    # Still not at rest: whatever is left that is no placeholder has to go.
    spans = _spans(text, entities or StationEntities.load(), confidential=confidential)
    return "〔自述〕" if spans else text


def leftovers(text: str, tip: str = "") -> list[str]:
    """What in a text still looks personal: it must not become training data.

    `tip`: the original words of the tip that the text was made of; then also what of them may stand in no tip.
    """
    found = _spans(text, StationEntities.load(), confidential=False)
    return [text[span.start : span.end] for span in (*found, *(_told_again(text, tip) if tip else []))]


def _told_again(text: str, tip: str) -> list[_Span]:
    """Places, times, relations and what the writer tells of themselves, in the words in which the tip has them too.

    Other words may stand: an example has to name a place where people speak of places.
    """
    said, told, kept = ("".join(map(_plain, one)) for one in (text, tip, mask(tip, confidential=True)))
    again = []
    for span in (*_found(text, said, StationEntities.load(), confidential=True), *_self_told(said)):
        words = said[span.start : span.end]
        parts = (words[start : start + _ENOUGH] for start in range(max(len(words) - _ENOUGH, 0) + 1))
        ours = any(words in plain for plain in _PLAIN_WORDS.values())
        if not ours and any(part in told and part not in kept for part in parts):
            again.append(span)
    return _joined(again)


def objection(where: str, found: Sequence[str]) -> str:
    """Why a text in which these `leftovers` were found is not kept, as people read it; empty if there are none."""
    told = "、".join(dict.fromkeys(found))
    return f"{where}还有像个人信息的内容：{told}。请改成说不出是谁的写法再保存" if told else ""


def of_one_person(text: str) -> list[str]:
    """What in a text is one person's in whatever text it stands. Names and numbers a public answer may hold: the
    station's own."""
    spans = _spans(text, StationEntities.load(), confidential=False)
    return [text[span.start : span.end] for span in spans if span.kind in ("identity", "plate", "account")]


def in_plain_words(text: str) -> str:
    """A masked message as somebody could have typed it: what trainers begin with when it becomes an example."""
    kept = _PLACEHOLDER.sub(lambda match: match.group() if _PLAIN_WORDS.get(match.group()) else "", text)
    once = _SAID_AGAIN.sub(r"\1", _STOP_BEFORE_STOP.sub("", kept))
    return re.sub(r"\s+", " ", _PLACEHOLDER.sub(lambda match: _PLAIN_WORDS[match.group()], once)).strip(" ，,")


def _replaced(text: str, spans: Sequence[_Span]) -> str:
    parts, last = [], 0
    for span in spans:
        parts += [text[last : span.start], PLACEHOLDERS[span.kind]]
        last = span.end
    return "".join([*parts, text[last:]])


def _spans(text: str, entities: StationEntities, *, confidential: bool) -> list[_Span]:
    """What is to be taken out, in order, none overlapping; nothing of a placeholder or of a model's name."""
    plain = "".join(map(_plain, text))
    found = _found(text, plain, entities, confidential=confidential)
    kept = [(match.start(), match.end()) for match in _KEPT.finditer(text)]
    found = [part for span in found for part in _outside(span, kept) if text[part.start : part.end].strip()]
    joined = _joined(found)
    if confidential and not joined:
        joined = _joined([part for span in _self_told(plain) for part in _outside(span, kept)])
    return joined


def _found(text: str, plain: str, entities: StationEntities, *, confidential: bool) -> list[_Span]:
    """Whatever is found in a text, which is also given as `_plain` has it; one may be within another."""
    finders: list[Callable[[str], Iterator[_Span]]] = [_numbers, _accounts, _births, _plates, _addresses]
    if confidential:
        finders += [_whereabouts, _relations, _short_numbers]
    return [
        *(span for finder in finders for span in finder(plain)),
        *_names(plain, wary=confidential),
        *_in_english(text),
        *_of_entities(plain, entities, confidential=confidential),
    ]


def _outside(span: _Span, kept: Sequence[tuple[int, int]]) -> Iterator[_Span]:
    """The parts of a span that are in no placeholder."""
    start = span.start
    for begin, end in kept:
        if end <= start or begin >= span.end:
            continue
        if start < begin:
            yield _Span(start, begin, span.kind)
        start = end
    if start < span.end:
        yield _Span(start, span.end, span.kind)


def _joined(found: Sequence[_Span]) -> list[_Span]:
    """Overlapping spans as one; it is named by the kind that stands first in PLACEHOLDERS."""
    order = list(PLACEHOLDERS)
    joined: list[_Span] = []
    for span in sorted(found, key=lambda one: (one.start, -one.end)):
        if joined and span.start < joined[-1].end:
            last = joined[-1]
            kind = min(last.kind, span.kind, key=order.index)
            joined[-1] = _Span(last.start, max(last.end, span.end), kind)
        else:
            joined.append(span)
    return joined


@lru_cache(maxsize=20_000)
def _plain(letter: str) -> str:
    """A character in half width, lower case, simplified; always one, so that places stay what they are."""
    digit = unicodedata.digit(letter, None)
    if digit is not None:
        return str(digit)
    folded = simplified(unicodedata.normalize("NFKC", letter)).lower()
    return folded if len(folded) == 1 else letter


# -- numbers ----------------------------------------------------------------------------------------------------------

_SPOKEN = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("〇○洞幺妖腰两俩兩拐勾", "00011122279", strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖貳參陸", "123456789236", strict=True)),
}
_WORDS = {
    **dict(
        zip(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], "0123456789", strict=True)
    ),
    **dict(
        zip(
            ["ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu", "yao", "liang", "dong", "guai", "gou"],
            "012345678912079",
            strict=True,
        )
    ),
}
_D = f"[0-9{''.join(_SPOKEN)}]"
_TOKEN = re.compile(
    rf"(?P<times>[2-9二两三四五六七八九俩])个(?P<of>{_D})"
    rf"|(?<![a-z])(?P<word>{'|'.join(_WORDS)})(?![a-z])"
    rf"|(?P<one>{_D})"
)
_FILLER = re.compile("然后|后面|后边|接着|跟着|空格|横杠|横线|杠|横|点|逗号|再|是|啊|嗯|呃|哦|额|那个|的")
_LOOKALIKES = {"o": "0", "l": "1", "i": "1", "x": "*"}
_PAUSE = rf"(?:{_FILLER.pattern}|[^a-z0-9\u4e00-\u9fff]){{0,3}}+"
_LIKE_DIGITS = re.compile(rf"(?<![a-z])(?:[oli]{_PAUSE})*+[0-9](?:{_PAUSE}[oli0-9])++(?![a-z])")
_LIKE = str.maketrans("oli", "011")
_LONG_GAP, _GAP = 12, 6
_BREAKS = re.compile("[,，、。;；!！?？\n]")
_LEAST_DIGITS = 7
"""Digits of a run from which it could be a telephone number."""

_MOBILE = re.compile(r"1[3-9]\d{9}")
_IDENTITY = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
_OLD_IDENTITY = re.compile(r"[1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d{2})[2-9]\d{6,7}|400\d{7}|800\d{7}")
_CARD = re.compile(r"(?:62|4\d|5[1-5])\d{14,17}")
_DATE = re.compile(
    r"(?:19|20)\d\d *(?P<sep>[-./])(?:0?[1-9]|1[0-2])(?P=sep)(?:0?[1-9]|[12]\d|3[01])(?:[ t]+\d{1,2}:\d\d(?::\d\d)?)?"
)
_HOURS = re.compile(r"(?:[01]?\d|2[0-4]):[0-5]\d *[-~—–] *(?:[01]?\d|2[0-4]):[0-5]\d")
_MONEY_BEFORE = re.compile(r"[¥$] *$")
_MONEY_AFTER = re.compile(r" *(?:多|来)?(?:万|千|百)?(?:元|块|万|千|百|美元|港币|美金|rmb|[wk](?![a-z]))")
_LONGEST_SUM = 7


@dataclass(frozen=True)
class _Digit:
    value: str
    start: int
    end: int


def _numbers(text: str) -> Iterator[_Span]:
    text = _LIKE_DIGITS.sub(lambda match: match.group().translate(_LIKE), text)
    for run in _runs(text, lambda gap: _gap_digits(gap, strict=False)):
        digits = "".join(one.value for one in run)
        if kind := _kind_of_number(digits) or _kind_of_number(digits.replace("*", "")):
            yield _whole(text, run, kind)
            continue
        for tight in _split(text, run):
            told = "".join(one.value for one in tight)
            if len(told) >= _LEAST_DIGITS and not _harmless(text, tight, told):
                yield _whole(text, tight, "phone" if len(told) <= 12 else "number")


def _kind_of_number(digits: str) -> str | None:
    """What the digits could be, wherever they stand apart; None for what is told by its length alone."""
    if _IDENTITY.search(digits) or (len(digits) == 15 and _OLD_IDENTITY.fullmatch(digits)):
        return "identity"
    if _MOBILE.search(digits) or _LANDLINE.search(digits):
        return "phone"
    return "number" if _CARD.search(digits) else None


def _runs(text: str, between: Callable[[str], str | None]) -> Iterator[list[_Digit]]:
    """Digits that follow each other with nothing between them but what `between` lets pass."""
    run: list[_Digit] = []
    for match in _TOKEN.finditer(text):
        if run:
            gap = between(text[run[-1].end : match.start()])
            if gap is None:
                yield run
                run = []
            elif gap:
                run.append(_Digit(gap, run[-1].end, match.start()))
        run.append(_Digit(_value(match), match.start(), match.end()))
    if run:
        yield run


def _split(text: str, run: Sequence[_Digit]) -> Iterator[list[_Digit]]:
    """The pieces of a run that commas, stops and long gaps leave."""
    piece: list[_Digit] = []
    for digit in run:
        if piece and _gap_digits(text[piece[-1].end : digit.start], strict=True) is None:
            yield piece
            piece = []
        piece.append(digit)
    yield piece


def _value(match: re.Match[str]) -> str:
    if match["times"]:
        return _digit(match["of"]) * int(_digit(match["times"]))
    return _WORDS[match["word"]] if match["word"] else _digit(match["one"])


def _digit(letter: str) -> str:
    return _SPOKEN.get(letter, letter)


def _gap_digits(gap: str, *, strict: bool) -> str | None:
    """The digits that look-alikes in a gap stand for ("o" for 0); None for a gap that parts two numbers."""
    if not gap:
        return ""
    if strict and (len(gap) > _GAP or _BREAKS.search(gap)):
        return None
    if len(gap) > _LONG_GAP:
        return None
    rest = gap if strict else _FILLER.sub("", gap)
    letters = [letter for letter in rest if letter.isalpha()]
    if any(letter not in _LOOKALIKES for letter in letters):
        return None
    stars = rest.count("*")
    return "".join(_LOOKALIKES[letter] for letter in letters) + "*" * stars


def _whole(text: str, run: Sequence[_Digit], kind: str) -> _Span:
    """The run with what belongs to it on both sides: letters of a document's number, a final X, look-alikes, +86."""
    start, end = run[0].start, run[-1].end
    before = re.search(r"(?:(?<![a-z])[a-z]{1,3}-?|[+(]+)$", text[:start])
    after = re.match(r"[ -]*(?:x|×|叉)(?![a-z])", text[end:])
    return _Span(before.start() if before else start, end + after.end() if after else end, kind)


def _harmless(text: str, run: Sequence[_Digit], digits: str) -> bool:
    """Whether a long run plainly is a date, opening hours, or a sum of money."""
    start, end = run[0].start, run[-1].end
    said = text[start:end]
    if _DATE.fullmatch(said) or _HOURS.fullmatch(said):
        return True
    money = _MONEY_BEFORE.search(text[:start]) or _MONEY_AFTER.match(text, end)
    return bool(money) and len(digits) <= _LONGEST_SUM and said.replace(".", "").isdigit()


_PUBLIC = frozenset(
    re.findall(
        "[0-9]+",
        "110 112 114 119 120 122 999 12110 12119 12123 12315 12318 12333 12338 12345 12348 12355 12367 12388 12389 "
        "95598 96110 95566 95588 95533 95599 95511 10000 10010 10086 12306",
    )
)
"""Numbers that are everybody's."""
_NUMBER_OF = re.compile(
    "(?:电话|手机|号码|联系方式|卡号|账号|帐号|账户|身份证号?|证号|群号|单号|编号|受理号|运单|订单)[^0-9\n]{0,6}$"
)
_END_OF = re.compile("(?:尾号|后[三四五六几]位|末[三四五六几]位|密码|验证码|口令)[^0-9\n]{0,5}$")
_COUNTED = re.compile(r" *(?:多|来)?(?:元|块|万|千|百|个|天|年|月|日|点|岁|次|条|人|位|斤|米|分|小时|张|台|部|%|w|k)")


def _accounts(text: str) -> Iterator[_Span]:
    yield from _matches(_MAIL, text, "mail")
    yield from _matches(_LINK, text, "link")
    for pattern in (_CHAT, _CHAT_AFTER_WORDS, _ADD_ME, _TOKEN_LIKE):
        yield from _matches(pattern, text, "account")
    for run in _runs(text, lambda gap: _gap_digits(gap, strict=True)):
        start, end, digits = run[0].start, run[-1].end, "".join(one.value for one in run)
        if digits in _PUBLIC or _COUNTED.match(text, end):
            continue
        before = text[max(start - 16, 0) : start]
        if (len(digits) >= 5 and _NUMBER_OF.search(before)) or (len(digits) >= 3 and _END_OF.search(before)):
            yield _whole(text, run, "number")


_MAIL = re.compile(
    r"[a-z0-9][\w.+-]*\s*(?:@|\(at\)|\[at\]|(?<=\s)at(?=\s)|艾特)\s*[a-z0-9-]+(?:\s*(?:\.|点|(?<=\s)dot(?=\s))\s*[a-z]{2,})+",
    re.ASCII,
)
_CHAT = re.compile(
    r"(?:微信|薇信|威信|徽信|v信|vx|wx|weixin|wechat|qq|扣扣|企鹅|抖音|快手|支付宝|(?<![a-z])[vq](?=[:： ]))"
    r"(?:号码?|账号|帐号|群|id|名|名字)?\s*(?:是|为|叫|:|：|=|加)?\s*(?P<inner>[a-z0-9][a-z0-9_\-]{4,29})",
    re.ASCII,
)
_CHAT_AFTER_WORDS = re.compile(
    r"(?:微信|薇信|威信|徽信|qq|扣扣|抖音|快手)[\u4e00-\u9fff\s:,，]{0,8}(?P<inner>(?=[a-z_\-]*[0-9_])[a-z][a-z0-9_\-]{4,29})",
    re.ASCII,
)
_ADD_ME = re.compile(
    r"(?:加|找|私|联系|搜)(?:下|一下)?我?[\s:]*(?P<inner>[a-z][a-z0-9_\-]{5,29})(?![a-z0-9_ ])", re.ASCII
)
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s\u4e00-\u9fff〔〕]+|(?<![a-z0-9.])(?:[a-z0-9-]+\.)+[a-z]{2,6}/[^\s\u4e00-\u9fff〔〕]+",
    re.ASCII,
)
_TOKEN_LIKE = re.compile(
    r"(?<![a-z0-9_\-])(?:(?=[a-z_\-]*[0-9])(?=(?:[0-9_\-]*[a-z]))[a-z0-9_\-]{12,}|o[a-z0-9_\-]{27}|wxid_[a-z0-9]+|r-[0-9a-z]{8}"
    r"|(?=(?:[a-z]*[0-9]){5})(?=[0-9]*[a-z])[a-z0-9]{8,})(?![a-z0-9_\-])",
    re.ASCII,
)


def _matches(pattern: re.Pattern[str], text: str, kind: str) -> Iterator[_Span]:
    for match in pattern.finditer(text):
        start, end = match.span("inner") if "inner" in pattern.groupindex and match["inner"] else match.span()
        yield _Span(start, end, kind)


_N = "[0-9零〇一二两三四五六七八九十百幺]"
_DAY = rf"(?:{_N}{{2,4}}\s?[年.\-/]\s?)?{_N}{{1,3}}\s?[月.\-/]\s?{_N}{{1,3}}(?:[日号])?"
_BIRTH = (
    re.compile(rf"(?:生日|出生日期|出生|生于|生辰)[是为在:\s]*(?:农历|阴历|阳历)?(?P<inner>{_DAY})"),
    re.compile(rf"(?P<inner>{_DAY})(?=\s?(?:出生|生的|生人|的生日|过生日))"),
    # Of the last century: nobody else's day is told so exactly.
    re.compile(r"(?<![0-9])19[0-9]{2}\s?[年.\-/]\s?[0-9]{1,2}\s?[月.\-/]\s?[0-9]{1,2}(?:[日号]|(?![0-9]))"),
    re.compile(rf"一九[{'零〇一二三四五六七八九'}]{{2}}年{_N}{{1,2}}月{_N}{{1,3}}[日号]"),
)


def _births(text: str) -> Iterator[_Span]:
    for pattern in _BIRTH:
        yield from _matches(pattern, text, "birth")


_APART = r"[\s·•.\-_*—]{0,3}"
_PLATE = re.compile(
    rf"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]{_APART}[a-z]{_APART}"
    rf"(?:(?:[a-z]|{_D}){_APART}){{4,7}}(?:[警学港澳挂])?"
)
_PLATE_END = re.compile(
    rf"(?:车牌|牌照|牌号|车号|尾号)(?:号码?)?(?:尾号)?(?:是|为|:)?\s*(?P<inner>(?:[a-z]|{_D}){{3,7}})(?![a-z0-9])"
)


def _plates(text: str) -> Iterator[_Span]:
    yield from _matches(_PLATE, text, "plate")
    yield from _matches(_PLATE_END, text, "plate")


# -- addresses --------------------------------------------------------------------------------------------------------

_JOINED = rf"{_N}{{1,5}}(?:\s?[-—–~#]\s?{_N}{{1,4}}){{0,3}}"
_UNIT = (
    rf"(?:(?![一两][栋幢座](?!\s*{_N})){_JOINED}\s?(?:号楼|号院|号门(?!口)|号室|号房|栋|幢|座|单元|门洞|弄|室(?![{'一二两三四五'}0-9]厅|外|内)|#)"
    r"|(?<![a-z])[a-z甲乙丙丁]\s?(?:座|栋|幢|单元|号楼))"
)
_FURTHER = (
    rf"(?:\s?[，,、\-—]?\s?(?:{_UNIT}|{_N}{{1,4}}\s?(?:层|楼|门(?!口)|号|室|房间|户)"
    rf"|{_N}{{1,4}}(?:[-—–#]{_N}{{1,4}}){{1,2}}|{_N}{{3,4}}(?![0-9]|\s?(?:元|块|万|人|个|多))))"
)
_AT_HOME = "住家区园苑院里村屯路街号楼在"
_ADDRESS = (
    re.compile(rf"{_UNIT}{_FURTHER}*"),
    re.compile(rf"(?<=[路街巷弄道里同村屯])\s?{_JOINED}\s?号(?!线|公交){_FURTHER}*"),
    re.compile(r"(?<=[路街巷弄])\s?[0-9]{1,5}(?:[-—][0-9]{1,4})*(?=$|[^\w]|[\u4e00-\u9fff]?(?:家|户|门口))"),
    re.compile(r"(?<![0-9])[0-9]{1,3}\s?[-—–#]\s?[0-9]{1,3}\s?[-—–#]\s?[0-9]{2,4}(?![0-9])"),
    re.compile(
        r"(?<![0-9])[0-9]{1,2}\s?[-—–#]\s?[0-9]{3,4}(?![0-9]|\s?(?:元|块|人|个|天|年|万|米|斤|岁|点|名|倍|多|小时|分))"
    ),
    re.compile(r"(?<![a-z0-9])[a-z][0-9]{1,3}(?:\s?[-—–#]\s?[0-9]{1,4}){2}(?![0-9])"),
    re.compile(rf"(?<=[{_AT_HOME}])\s?[0-9]{{1,3}}(?:\s?[-—–#]\s?[0-9]{{1,3}}){{2}}(?![0-9])"),
    re.compile(rf"{_N}{{1,3}}\s?[楼层]\s?{_N}{{3,4}}(?!{_N}|\s?(?:元|块|万|人|个|多|年|天|号线))"),
    re.compile(rf"门牌(?:号码?)?(?:是|为|:)?\s?(?P<inner>{_JOINED}\s?号?)"),
    re.compile(
        r"(?<![0-9])(?:[1-5][0-9]\.[0-9]{3,}[\s,，、/]+1[0-3][0-9]\.[0-9]{3,}|1[0-3][0-9]\.[0-9]{3,}[\s,，、/]+[1-5][0-9]\.[0-9]{3,})"
    ),
    re.compile(r"(?:经度|纬度|东经|北纬)(?:是|为|:)?\s?(?P<inner>[0-9]{1,3}(?:\.[0-9]+|[度°][0-9.分秒′″']*)?)"),
    re.compile(rf"(?:住(?:在)?|楼上|楼下|对门|隔壁|邻居)的?\s?(?P<inner>{_N}{{3,4}})(?![0-9年月天元块]|多)"),
    re.compile(r"(?<![0-9])(?P<inner>[0-9]{3,4})(?=室|住户|那家|这家|的?邻居|业主|房间)"),
)
_IN_PLACE = re.compile(rf"{_JOINED}\s?号(?!线){_FURTHER}*|{_UNIT}{_FURTHER}*")


def _addresses(text: str) -> Iterator[_Span]:
    for pattern in _ADDRESS:
        yield from _matches(pattern, text, "address")


def _of_entities(text: str, entities: StationEntities, *, confidential: bool) -> Iterator[_Span]:
    for entity in entities.read(text):
        if entity.kind in ("phone", "plate") or (confidential and entity.kind in ("place", "time")):
            yield _Span(entity.start, entity.end, entity.kind)
        elif entity.kind == "place":
            inside = (match for match in _IN_PLACE.finditer(text) if entity.start <= match.start() < entity.end)
            yield from (_Span(match.start(), match.end(), "address") for match in inside)


# -- names ------------------------------------------------------------------------------------------------------------

_SURNAME = f"(?:{'|'.join(COMPOUND)}|[{''.join(SINGLE)}])"
_CALLED = re.compile(
    rf"(?:(?:我|俺|他|她|人|个|{KIN})叫|叫做|名叫|名字(?:叫|是)|(?:姓名|大名|本名|真名)[是:为])\s?"
    r"(?P<inner>(?:(?!的|今年|电话|手机|身份|家住|住|家里|就行)[\u4e00-\u9fff]){2,4})(?=的|[^\u4e00-\u9fff]|$)"
    r"|叫我(?P<too>(?:(?!就|吧|好了)[\u4e00-\u9fff]){2,3})(?=就行|就好|吧|好了)"
)
"""Where a name stands whatever word it is: 我叫高兴."""
_CALLED_FOR = re.compile(
    "[人他她它你您我咱妈爸爹娘爷奶叔姨哥姐弟妹姑舅岳公婆警车个一两几了去来到不醒唤喊嚷骂停住回啥哪谁那这也都着过得下上出进开门救外滴]|"
    "[快某关打先帮别没赶法错邻路同]|什么|大[爷妈姐哥伙家夫声]|家人|保安|物业|民警|派出|医生|师傅|老[公婆师板]"
)
"""What somebody calls for, or what is called out: no name follows 叫."""
_FOREIGN = re.compile(
    r"(?:(?:我|俺|他|她|名字|姓名|户主)[叫是]|名叫|叫做|户主|找|联系)[\s:]?"
    "(?P<inner>[阿艾买提木江古丽娜尔热依克孜合巴特萨如拉仁图雅格日乌兰斯琴娃努其苏吾力迪吐鲁逊汗麦帕肉亚森哈里达布]{3,6})"
)
"""The sounds of which Uyghur, Kazakh and Mongol names are made: 我是买买提."""
_SURNAMED = re.compile(
    r"(?:我|俺|免贵|本人|他|她|对方|男的|女的|房东|老板|那人|^|[^\u4e00-\u9fff])姓"
    rf"(?P<inner>{_SURNAME})(?!(?!的)[\u4e00-\u9fff])"
)
_DOTTED = re.compile(r"[\u4e00-\u9fff]{2,8}(?:[·•][\u4e00-\u9fff]{2,8})+")
_HAN = re.compile(r"[\u4e00-\u9fff]+")


def _names(text: str, *, wary: bool) -> Iterator[_Span]:
    for pattern in (_DOTTED, _FOREIGN, _SURNAMED):
        yield from _matches(pattern, text, "name")
    for match in _CALLED.finditer(text):
        start, end = match.span("inner" if match["inner"] else "too")
        if not _CALLED_FOR.match(text, start):
            yield _Span(start, end, "name")
    yield from (_Span(start, end, "name") for start, end in named(text, wary=wary))


def _in_english(text: str) -> Iterator[_Span]:
    """What is called a name; what follows "I am" and is two capitalised words, or in no training message."""
    yield from _matches(_NAME_IN_ENGLISH, text, "name")
    for match in _I_AM.finditer(text):
        said = match["inner"]
        words = list(re.finditer("[A-Za-z]+", said))
        ends = [word.end() for word in takewhile(lambda word: not _is_english(word.group()), words)]
        if capitals := _CAPITALS.match(said):
            ends.append(capitals.end())
        if ends:
            yield _Span(match.start("inner"), match.start("inner") + max(ends), "name")


def _is_english(word: str) -> bool:
    small = word.lower()
    if small in _english() or _NATION.search(small):
        return True
    return not word.istitle() and bool(_NO_NAME_IN_ENGLISH.search(small))


@lru_cache(maxsize=1)
def _english() -> frozenset[str]:
    """The English words that the training messages write small, so that no name is among them."""
    told = (path.read_text(encoding="utf-8") for path in sorted((NLU_DATA / "intents").glob("*/*.yml")))
    return frozenset(word for text in told for word in re.findall("(?<![A-Za-z])[a-z]+", text))


_NAME_IN_ENGLISH = re.compile(
    r"(?:my name is|name's|call me|i am called)\s+(?P<inner>[a-z]+(?: [a-z]+)?)", re.IGNORECASE
)
_I_AM = re.compile(r"(?<![a-z])(?:i am|i['’]?m|this is|it['’]s)\s+(?P<inner>[a-z]+(?: [a-z]+){0,2})", re.IGNORECASE)
_CAPITALS = re.compile("[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_NATION = re.compile("(?:ese|ish|ian|ican)$")
_NO_NAME_IN_ENGLISH = re.compile("(?:ing|ed|ly|ful|less|ous|able|tive|ical|nt)$")


# -- tips: places, times, the writer ----------------------------------------------------------------------------------

_ORGANISATION = re.compile(
    "[\u4e00-\u9fffa-z0-9]{1,8}?(?:公司|集团|工厂|厂子|厂区|单位|会所|会馆|棋牌室|麻将馆|食杂店|仓买|便利店|饭馆|烧烤|网吧|宾馆|酒店|"
    "旅店|足疗|按摩店|洗浴|台球厅|歌厅|ktv|学校|中学|小学|幼儿园|医院|诊所|市场|批发|工地|家属院|宿舍|小区|社区|公寓|大厦|广场|"
    "[路街巷屯村镇乡县](?![上过人]))"
)
_WHERE = re.compile(r"(?:地点|位置|地址|住址|家住|住在)(?:就|是|在|为|:|\s)*(?P<inner>[^，,。.!！?？;；\n〔〕]+)")
_WHEN = re.compile(
    rf"(?:每|逢|这|上|下|隔)?(?:周|星期|礼拜)[一二三四五六日天末]|(?:每天|天天|每晚|夜夜|昨|今|明|前|后)?(?:凌晨|清晨|早上|上午|中午|晌午|下午|傍晚|晚上|半夜|深夜|夜里|后半夜)"
    rf"|{_N}{{1,4}}年|{_N}{{1,3}}月(?:份)?|{_N}{{1,3}}[日号](?![线楼院])|{_N}{{1,3}}[点时](?:半|{_N}{{1,3}}分?)?|春节|过年|元旦|国庆|五一|中秋|端午|清明|"
    "放假|寒假|暑假|今年|去年|前年|昨天|今天|明天|前天|后天|刚才|刚刚|这几天|最近"
)
_KIN = (
    "爸爸?|妈妈?|爹|娘|老公|媳妇儿?|老婆|丈夫|妻子|爱人|爷爷?|奶奶?|姥姥|姥爷|外公|外婆|儿子|闺女|女儿|姑娘|孩子|娃|弟弟?|妹妹?|哥哥?|姐姐?|"
    "对象|男朋友|女朋友|男友|女友|前夫|前妻|同事|房东|室友|邻居|对门|楼上|楼下|隔壁|老板|领导|租客|房客|同学|朋友|亲戚|叔叔?|大爷|姨|舅舅?|姑姑?|"
    "婶子?|公公|婆婆|岳父|岳母|父亲|母亲|侄子|外甥|表[哥弟姐妹]|堂[哥弟姐妹]|妹夫|姐夫|嫂子|弟妹|发小|老乡|徒弟|师傅|单位|公司|厂|店|楼|车|车间|班|屋"
)
_FIRST = "(?:我|俺|咱|自己|本人|偶)(?:们)?"
_RELATION = re.compile(
    rf"{_FIRST}(?:家|这|那)?(?:的)?(?:大|小|二|三|老|亲|前)?(?:{_KIN})(?:家|们)?|邻居|对门|楼上|楼下|隔壁(?:家|邻居|屋)?|街坊"
)
_MAY_SAY = re.compile(
    f"(?:{_FIRST})(?:要|想|来|就|是来|是想|得|必须|实名|匿名)*(?:举报|反映|报告|检举|揭发|提供|说|问|看见|看到|瞅见|发现|怀疑|听说|觉得|知道|感觉|寻思|不想|害怕|怕|不敢)"
)
_CLAUSE = re.compile(r"[^，,。.!！?？;；\n〔〕]+")


def _tagged(text: str) -> Iterator[tuple[str, str, int]]:
    """The words of a text with jieba's tags, and where they begin."""
    StationEntities.load()  # the station's dictionary is loaded with it
    at = 0
    for pair in jieba.posseg.cut(text):
        yield pair.word, pair.flag, at
        at += len(pair.word)


def _whereabouts(text: str) -> Iterator[_Span]:
    yield from _matches(_ORGANISATION, text, "place")
    yield from _matches(_WHERE, text, "place")
    yield from _matches(_WHEN, text, "time")
    for word, tag, start in _tagged(text):
        if tag in ("ns", "nt", "nz") and len(word) > 1 and _HAN.fullmatch(word):
            yield _Span(start, start + len(word), "place")


def _relations(text: str) -> Iterator[_Span]:
    yield from _matches(_RELATION, text, "relation")


def _short_numbers(text: str) -> Iterator[_Span]:
    """Every number of three digits or more that is no sum of money: a room, a bus line, the end of a plate."""
    for run in _runs(text, lambda gap: _gap_digits(gap, strict=True)):
        digits = "".join(one.value for one in run)
        if len(digits) >= 3 and digits not in _PUBLIC and not _MONEY_AFTER.match(text, run[-1].end):
            yield _whole(text, run, "number")


def _self_told(text: str) -> Iterator[_Span]:
    """The clauses in which the writer tells of themselves; "我要举报", "我看见" tell nothing."""
    for clause in _CLAUSE.finditer(text):
        rest = _MAY_SAY.sub("", clause.group())
        if re.search(_FIRST, rest):
            yield _Span(clause.start(), clause.end(), "self")
