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

import jieba
import jieba.posseg

from bot.nlu.entities import StationEntities
from bot.nlu.normaliser import simplified
from bot.studio.called import called
from bot.studio.named import HAN, named
from bot.studio.romanised import romanised

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
    places = _together(plain)
    if len(places) < len(plain):
        tight, close = ("".join(said[place] for place in places) for said in (text, plain))
        found += [
            _Span(places[span.start], places[span.end - 1] + 1, span.kind)
            for span in _found(tight, close, entities, confidential=confidential, apart=True)
        ]
    kept = [(match.start(), match.end()) for match in _KEPT.finditer(text)]
    found = [part for span in found for part in _outside(span, kept) if text[part.start : part.end].strip()]
    joined = _joined(found)
    if confidential and not joined:
        joined = _joined([part for span in _self_told(plain) for part in _outside(span, kept)])
    return joined


def _found(text: str, plain: str, entities: StationEntities, *, confidential: bool, apart: bool = False) -> list[_Span]:
    """Whatever is found in a text, which is also given as `_plain` has it; one may be within another.

    `apart`: it was written with spaces within words, and only the names that are introduced are looked for.
    """
    finders: list[Callable[[str], Iterator[_Span]]] = [_numbers, _accounts, _births, _plates, _addresses]
    if confidential:
        finders += [_whereabouts, _relations, _short_numbers]
    return [
        *(span for finder in finders for span in finder(plain)),
        *(_Span(start, end, "name") for start, end in called(plain)),
        *(_Span(start, end, "name") for start, end in (() if apart else _running(plain, wary=confidential))),
        *(_Span(start, end, "name") for start, end in romanised(text)),
        *_of_entities(plain, entities, confidential=confidential),
    ]


_WITHIN = re.compile(
    rf"(?<![{HAN}a-z0-9])[{HAN}](?P<behind>[^\S\n]{{1,2}})(?=\S)"
    rf"|(?<=[{HAN}0-9])(?P<before>[^\S\n]{{1,2}})(?=[{HAN}](?![{HAN}a-z0-9]))"
)
"""The space beside a character that stands alone (张 伟, 12 号 楼): it parts no words."""
_SPELLED = re.compile(rf"(?:(?<=[^{HAN}\s])|^|(?<=\S\S\s))[{HAN}](?:[^\S\n]{{1,2}}[{HAN}]){{2}}(?!\s[{HAN}](?!\S))")
"""A name in full with spaces in it (张 建 国); of two characters it could be any two words."""


def _together(text: str) -> list[int]:
    """The places of a text without the spaces that stand within a word."""
    gaps = {place for match in _WITHIN.finditer(text) for place in range(*match.span(match.lastgroup or 0))}
    return [place for place in range(len(text)) if place not in gaps]


def _running(text: str, *, wary: bool) -> Iterator[tuple[int, int]]:
    """Who is named in running text, also with spaces between the characters of a name."""
    yield from named(text, wary=wary)
    for match in _SPELLED.finditer(text):
        said = "".join(match.group().split())
        rest = re.match(rf"[{HAN}]*", text[match.end() :])  # 熊 进 超市
        if (0, len(said)) in named(said + (rest.group() if rest else "")):
            yield match.span()


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
_FILLER = re.compile(
    "然后|后面|后边|接着|跟着|开头|打头|中间|最后|结尾|末尾|空格|横杠|横线|杠|横|点|逗号|再|是|啊|嗯|呃|哦|额|那个|的"
)
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
_ONES_OWN = re.compile(
    "(?:(?:警|学|工|短|员工|会员|考|准考证|学籍|社保|医保|卡|户|电表|水表|燃气|房照|房产证|产权证|不动产证|护照|驾照|档案|车架|发动机|串|"
    "住院|病历|门诊|床|执照|合同|案件|案|回执|单|快递|订单|游戏|群|qq|扣扣|企鹅|陌陌|微信|抖音|快手|小红书)(?:证|卡)?(?:号码?|编号|id|群)|"
    "取件码|提货码|短号|警号|护照|passport(?: no)?|qq|扣扣|企鹅|微信|vx|wx)(?:是|为|叫|:|\\.|[a-z]|\\s){0,4}$"
)
"""What directly before a number makes it one person's, or one matter's, however short it is."""
_END_OF = re.compile("(?:尾[号数]|后[三四五六几]位|末[三四五六几]位|密码|验证码|口令)[^0-9\n]{0,5}$")
_COUNTED = re.compile(r" *(?:多|来)?(?:元|块|万|千|百|个|天|年|月|日|点|岁|次|条|人|位|斤|米|分|小时|张|台|部|%|w|k)")


def _accounts(text: str) -> Iterator[_Span]:
    yield from _matches(_MAIL, text, "mail")
    yield from _matches(_LINK, text, "link")
    for pattern in (*_CHAT, _ADD_ME, _TOKEN_LIKE):
        yield from _matches(pattern, text, "account")
    yield from _matches(_LETTERED, text, "number")
    for run in _runs(text, lambda gap: _gap_digits(gap, strict=True)):
        start, end, digits = run[0].start, run[-1].end, "".join(one.value for one in run)
        if digits in _PUBLIC or _COUNTED.match(text, end):
            continue
        before = text[max(start - 16, 0) : start]
        if (
            (len(digits) >= 5 and _NUMBER_OF.search(before))
            or (len(digits) >= 3 and _END_OF.search(before))
            or (len(digits) >= 4 and _ONES_OWN.search(before))
        ):
            yield _whole(text, run, "number")


_MAIL = re.compile(
    r"[a-z0-9][\w.+-]*\s*(?:@|\(at\)|\[at\]|(?<=\s)at(?=\s)|艾特)\s*[a-z0-9-]+(?:\s*(?:\.|点|(?<=\s)dot(?=\s))\s*[a-z]{2,})+",
    re.ASCII,
)
_HEART = "(?:[❤♥💗💚💌]\ufe0f?)"
_APP = (
    rf"(?:[微薇威徽v](?:信|芯|{_HEART})|微|薇(?=[号:❤a-z ])|绿泡泡|vx|wx|qq|扣扣|企鹅|"
    "抖音|快手|小红书|陌陌|探探|支付宝|闲鱼|淘宝|微博|钉钉|电报|飞机(?=号|@| @)|推特|游戏|"
    "(?<![a-z])(?:weixin|wechat|telegram|tg|whatsapp|line|ins|facebook|instagram|twitter|skype|steam)"
    "(?= ?(?:id(?![a-z])|[:@号]|账号)| [a-z]*[0-9_])|(?<![a-z])[vq](?=[: ]))"
)
_CHAT = (
    re.compile(
        rf"{_APP}(?:号码?|账号|帐号|群|id|名|名字)?\s*(?:是|为|叫|:|=|加|@|\s)*(?P<inner>(?![a-z]+\.(?:com|cn))[a-z0-9][a-z0-9_\-.@]{{4,29}})",
        re.ASCII,
    ),
    # With a sign of what follows, it may be short, or Chinese.
    re.compile(
        rf"(?:{_APP}\s?(?:号码?|账号|帐号|id)|(?:账号|帐号|对方id))\s*(?:是|为|叫|:|=|加|@|\s)+"
        rf"(?P<inner>(?:(?!什么|怎|[啥多被])[{HAN}]){{0,8}}[a-z0-9_\-.]{{2,30}})"
    ),
    re.compile(rf"(?:{_APP}\s?(?:号码?|账号|帐号|id))(?P<inner>[a-z][a-z0-9_\-.]{{2,29}})"),
    re.compile(r"(?<![a-z])(?:vx|wx|v信)\s?(?:是|:|\s)\s?(?P<inner>[a-z][a-z0-9_\-]{2,29})"),
    # Between the word and the account somebody may say something.
    re.compile(
        rf"(?:[微薇威徽]信|qq|扣扣|抖音|快手)[{HAN}\s:,]{{0,8}}(?P<inner>(?=[a-z_\-]*[0-9_])[a-z][a-z0-9_\-]{{4,29}})"
    ),
    re.compile(
        rf"(?<![a-z0-9.])@\s?(?P<inner>(?![{HAN}]*(?:所有人|派出所|公安|警|法院|政府|消防|发布|日报|大家|[我你他她]))(?:[a-z0-9_]{{4,30}}|[{HAN}a-z0-9_]{{2,10}}(?=\s|$|[,，。])))"
    ),
    re.compile(r"(?:账号|帐号)\s?(?:是|为|叫|:|\s)?\s?(?P<inner>(?=[a-z_]*[0-9_])[a-z][a-z0-9_]{4,29})"),
)
"""Accounts by the name of the application before them: 加我微：liuyang_88, 快手id：老铁666, telegram @liuyang88."""
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


_LETTERED = re.compile(
    r"(?:单号|证号|病历号|车架号|发动机号|住院号|执照号?|学籍号|档案号|编号|序列号|护照号?|passport(?: no\.?)?)"
    r"\s?(?:是|为|:|\s)?\s?"
    r"(?P<inner>(?=[0-9]*[a-z])(?=[a-z]*[0-9])[a-z0-9]{5,20})"
)
"""Numbers of things that begin with letters: SF12345."""


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
    rf"[沈京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]{_APART}[a-z]{_APART}"
    rf"(?:(?:[a-z]|{_D}){_APART}){{4,7}}(?:[警学港澳挂])?"
)
_PLATE_END = re.compile(
    rf"(?:车牌|牌照|牌号|牌子|车号|尾号)(?:号码?)?(?:尾[号数])?(?:是|为|:)?\s*(?:[京津沪冀辽黑鲁蒙吉][a阿])?"
    rf"(?P<inner>(?:(?:[a-z]|{_D})[·.]?){{3,7}})(?![a-z0-9])"
)
_VEHICLE = "车|轿|出租|司机|奔驰|宝马|奥迪|大众|丰田|本田|哈弗|五菱|比亚迪|吉普|面包|货|牌|[黑白红蓝灰银黄绿]色"
_TRAIN = re.compile(r" ?(?:次|列车|高铁|动车|火车|车次)")
_CAR = re.compile(
    r"(?<![a-z0-9])(?P<inner>[a-z]{1,2}[·•.\- ]?(?=[a-z]{0,2}[0-9])[a-z0-9]{4,6}"
    r"|(?=[0-9]*[a-z])(?=[a-z]*[0-9])[a-z0-9]{5})(?![a-z0-9])"
)
"""A plate without its province, which counts only beside a vehicle."""
_BESIDE_CAR = 6


def _plates(text: str) -> Iterator[_Span]:
    yield from _matches(_PLATE, text, "plate")
    yield from _matches(_PLATE_END, text, "plate")
    for match in _CAR.finditer(text):
        start, end = match.span("inner")
        around = text[max(start - _BESIDE_CAR, 0) : start] + " " + text[end : end + _BESIDE_CAR]
        digits = sum(letter.isdigit() for letter in match["inner"])
        if digits >= 2 and re.search(_VEHICLE, around) and not _TRAIN.match(text, end):
            yield _Span(start, end, "plate")


# -- addresses --------------------------------------------------------------------------------------------------------

_JOINED = rf"[甲乙丙丁附]?{_N}{{1,5}}(?:\s?[-—–~#]\s?{_N}{{1,4}}){{0,3}}"
_UNIT = (
    rf"(?:(?!(?:[一两]|{_N}{{1,2}}(?=[栋幢座]楼))[栋幢座](?!\s*{_N})){_JOINED}\s?(?:号楼(?!梯)|号院|号门(?!口)|号室|号房|栋|幢|座(?!商务|车|山|的?车|拉|大客|面包|桥)|单元|门洞|弄|室(?![{'一二两三四五'}0-9]厅|外|内)|#)"
    r"|(?<![a-z])[a-z甲乙丙丁]\s?(?:座|栋|幢|单元|号楼))"
)
_FURTHER = (
    rf"(?:\s?[，,、\-—]?\s?(?:{_UNIT}|{_N}{{1,4}}\s?(?:层|楼|门(?!口)|号|室|房间|户)"
    rf"|{_N}{{1,4}}(?:[-—–#]{_N}{{1,4}}){{1,2}}|(?:{_N}{{3,4}}|{_N}(?:\s{_N}){{2,3}})(?![0-9]|\s?(?:元|块|万|人|个|多))))"
)
_AT_HOME = "住家区园苑院里村屯路街号楼在"
_ROOM = r"(?<![0-9])(?:[1-9]|[1-4][0-9])(?:0[1-9]|[1-4][0-9])(?![0-9])"
_ONES = "一二三四五六七八九"
_SPOKEN_ROOM = f"(?<![零〇十{_ONES}])[{_ONES}][零〇洞][{_ONES}](?![零〇十百千万{_ONES}])"
_ANY_ROOM = f"(?!(?:110|112|114|119|120|122)(?![0-9]))(?:{_ROOM}|{_SPOKEN_ROOM})"
"""A floor and a door, as rooms are numbered; no round number."""
_NO_MEASURE = (
    r"(?!\s?(?:元|块|万|千|人|个|名|多|年|天|月|号线|路|公交|线|分|米|斤|次|条|度|岁|张|台|位|点|胶|单元|号楼|栋|楼|"
    "层|平|%|k|w|国道|公里|押金|左右|一[晚宿夜天]))"
)
_LODGING = (
    "如家|汉庭|七天|7天|速8|锦江(?:之星)?|全季|亚朵|维也纳|格林豪泰|桔子|希尔顿|万豪|喜来登|酒店|宾馆|旅店|旅馆|旅社|民宿|公寓|招待所|"
    "出租[房屋]|日租房|群租房|宿舍楼?|寝室|病房|包房|包间|ktv|洗浴|浴池|足疗|网吧|写字楼|大厦"
)
_DONE_THERE = (
    "天天|老是?|总是?|一直|半夜|漏水|跑水|冒水|冒烟|着火|打架|打人|打孩子|家?又|家?在?(?:吵|闹|装修|放音乐|唱|蹦|砸)|"
    "门口|家[的里天老总又打漏着冒养]|[租住][客户]|那(?:家|户|屋|两口|对)|没人开门"
)
_ADDRESS = (
    re.compile(
        rf"(?:我们?[家屋]|俺家|咱家|[他她]家|家住|住|租)(?:在|的)?(?:是)?\s?(?P<inner>{_ANY_ROOM}){_NO_MEASURE}"
    ),
    re.compile(
        rf"(?:我|俺|人|就|正|住|他|她)(?:现在|就|正|还)?在\s?(?P<inner>(?!(?:19|20)[0-9]{{2}}(?![0-9房室])){_ANY_ROOM}){_NO_MEASURE}"
    ),
    re.compile(rf"(?<![0-9.:\-])[0-9]{{1,2}}\s[0-9]{{1,2}}\s{_ROOM}{_NO_MEASURE}"),
    re.compile(rf"(?P<inner>{_ANY_ROOM})(?=\s?(?:号?房(?![子产价])|包房|房间|寝室|病房|{_DONE_THERE}))"),
    re.compile(
        rf"(?:{_LODGING})(?:的|在|里)?\s?(?P<inner>(?:(?![0-9]*00(?![0-9]))[0-9]{{3,4}}(?![0-9])|{_SPOKEN_ROOM})(?:\s?[和跟与、,]\s?{_ANY_ROOM})*){_NO_MEASURE}"
    ),
    re.compile(rf"(?<=[楼栋幢门])\s?(?P<inner>{_ANY_ROOM}){_NO_MEASURE}"),
    re.compile(rf"(?:楼上|楼下|对门|隔壁)(?:的|那)?\s?(?P<inner>{_SPOKEN_ROOM})"),
    re.compile(
        r"(?<=[区园苑院里村庭府城寓厦湾郡墅])\s?[0-9]{1,3}(?:\s?[\s,，、.之]\s?[0-9]{1,2}){0,2}\s?[\s,，、.之]\s?[0-9]{3,4}(?![0-9])"
        + _NO_MEASURE
    ),
    re.compile(
        rf"(?<![分十百千{_N[1:-1]}]){_N}{{1,3}}之{_N}{{1,3}}之{_N}{{1,4}}|(?<![分]){_N}{{1,3}}之{_N}{{3,5}}|(?<![分0-9])[0-9]{{1,4}}之[0-9]{{1,4}}"
    ),
    re.compile(rf"{_N}{{1,3}}(?:组|队|社|委)\s?{_JOINED}\s?号(?!线|窗|机|人)"),
    re.compile(rf"(?<=[路街巷])\s?[甲乙丙丁附]{_N}{{1,5}}(?:号)?"),
    re.compile(rf"(?<=[路街巷])\s?{_N}{{1,5}}号[甲乙丙丁]"),
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
    re.compile(rf"(?:住(?:在)?|楼上|楼下|对门|隔壁|邻居)的?\s?(?P<inner>{_N}{{3,4}})(?![0-9年月天元块平个人户来]|多)"),
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
_HAN = re.compile(f"[{HAN}]+")
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
