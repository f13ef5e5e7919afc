"""Which values a message gives to an open form.

One reader serves both the channel, which asks whether a message is an answer at all, and the action that fills the
slots. It takes several values from one message, in any order, and corrections of what was filled before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Literal

from bot.nlu import values
from bot.nlu.entities import StationEntities
from bot.nlu.forms import CONFIRMED, CONSENT, PHOTO, Aside, Field, Form, Forms
from bot.nlu.normaliser import normalise
from bot.nlu.values import BadValueError
from bot.nlu.wording import asks

Command = Literal["cancel"]

_SEPARATORS = re.compile(r"[,，、;；。\n]+|\s{1,}")
_EDGES = re.compile(r"^[\s,，。.、:：是叫为了]+|[\s,，。.、!！~～啊呀呢哈吧的了]+$")
_ADDRESS = re.compile(r"[路街巷号栋楼室屯村]|小区|社区|家园|花园|公寓|单元|胡同")
_DAY = re.compile(r"[0-9一二三四五六七八九十]+月[0-9一二三四五六七八九十]+[日号]?")
_HOUSE = re.compile(r"[0-9一二三四五六七八九十零]+\s*(?:号|栋|楼|单元|室|-)")
_CALLED = re.compile(r"(?:狗狗?|它|小名|名字|狗名)?叫做?([\u4e00-\u9fffa-z]{1,6})")
_ADDRESS_LEAD = re.compile(r"^.*?(?:地址(?:是|在|[:：])?|现?住址(?:是|[:：])?|现在|家在|搬到了?|养在|住)(?:住|在)*\s*")
_NO_ADDRESS = re.compile(r"身份证|电话|手机|\d{7}|[我你他她它们不了吗呢刀打砍抢杀死救火快]")
_REGION = re.compile(
    r"北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|"
    r"甘肃|青海|台湾|内蒙古?|广西|西藏|宁夏|新疆|香港|澳门|大连|鞍山|抚顺|本溪|丹东|锦州|营口|阜新|辽阳|盘锦|铁岭|朝阳|葫芦岛|"
    r"长春|四平|通化|白城|松原|延边|哈尔滨|齐齐哈尔|牡丹江|佳木斯|大庆|赤峰|通辽|[\u4e00-\u9fff]{2,6}[省市县旗]"
)
_REGION_LEAD = re.compile(r"^.*?(?:户口(?:在|是)?|户籍(?:地|在|是)?|老家(?:在|是)?|我是|是)\s*[:：]?")
_COLOUR = re.compile(
    r"[黄白黑棕灰红金咖奶杂花褐蓝][黄白黑棕灰红金咖啡奶杂花褐蓝油毛色的相间底加夹点带]*|虎斑|三花|麻色|巧克力色|香槟色?|米色|奶油色"
)
_DOG_NAMED = re.compile(
    r"(?:狗狗?|犬|它|小家伙|宠物|毛孩子|宝贝|金毛|泰迪|柯基)(?:的)?(?:大名|小名|名字?|名儿)?(?:就?[叫是])\s*([\u4e00-\u9fffa-z]{1,6})",
    re.IGNORECASE,
)
_SHORT = 8
_NO_WORDS = re.compile(
    r"^(?:你好|您好|在吗|谢谢|好的?|嗯+|是的?|有人吗|哈+|喂|啊+|等等|等一下|等会儿?|稍等|不知道|不清楚|忘了|没有|还没|收到|哦+)$"
)


@dataclass(frozen=True)
class Reading:
    """What a message gives to a form. Values are JSON types; a field in `again` is to be asked anew."""

    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    command: Command | Aside | None = None
    loose: bool = False
    """Nothing but words that could be an answer to any question."""

    def __bool__(self) -> bool:
        return bool(self.values or self.problems or self.again or self.command)


def read(
    forms: Forms,
    form: Form,
    requested: str | None,
    text: str,
    filled: Mapping[str, Any],
    *,
    today: date,
    entities: StationEntities,
) -> Reading:
    """The values that a message gives. `filled` holds what the form knows already, by field."""
    # Numbers first: the normal form shortens 零零零, as it does 救救救.
    said = normalise(values.spelled_out(unicodedata.normalize("NFKC", text)))
    return _Reader(forms, form, requested, said, filled, today, entities).read()


@dataclass
class _Reader:
    """Reads one message."""

    _forms: Forms
    _form: Form
    _requested: str | None
    _text: str
    _filled: Mapping[str, Any]
    _today: date
    _entities: StationEntities
    _values: dict[str, Any] = field(default_factory=dict)
    _problems: list[str] = field(default_factory=list)
    _again: list[str] = field(default_factory=list)

    def read(self) -> Reading:
        if self._forms.cancels(self._text):
            return Reading(command="cancel")
        if self._forms.says_yes(self._text):
            return self._agreed()
        if self._forms.corrects(self._text) and self._filled:
            self._correct()
        if not self._again:
            if not self._values and (aside := self._forms.aside(self._text)) and not asks(self._text.replace("啥", "")):
                return Reading(command=aside)
            self._take_telling()
            self._take_pieces()
            self._take_asked()
        if self._requested == CONSENT and any(name != CONSENT for name in self._values):
            self._values[CONSENT] = True  # who sends the data on being told why has agreed
        return Reading(
            values=dict(self._values),
            problems=tuple(dict.fromkeys(self._problems)),
            again=tuple(dict.fromkeys(self._again)),
            loose=self._loose(),
        )

    def _loose(self) -> bool:
        """Whether the message gives a single value of a kind that any words could be."""
        given = [self._form.fields[name] for name in self._values if name in self._form.fields]
        if len(given) != 1 or self._problems or self._again:
            return False
        if given[0].kind == "breed":
            return self._forms.breed(self._text) is None
        return given[0].kind in ("words", "name") and self._values[given[0].name] == _EDGES.sub("", self._text)

    def _agreed(self) -> Reading:
        """Agreement answers the two questions that ask for it."""
        return Reading({self._requested: True}) if self._requested in (CONSENT, CONFIRMED) else Reading()

    # -- corrections -------------------------------------------------------------------------------------------

    def _correct(self) -> None:
        """A filled field that the message names is read anew from what is behind its name, or asked again."""
        named = [
            (
                max((self._text.rfind(word) + len(word) for word in entry.called if word in self._text), default=-1),
                entry,
            )
            for entry in self._form.fields.values()
        ]
        longest = [item for item in named if item[0] >= 0 and not self._only_inside(item[1], named)]
        for end, entry in longest:
            rest = _EDGES.sub("", self._forms.wrong.sub(" ", self._text[end:]))
            value = self._attempt(entry, rest, asked=True) if rest else None
            if value is not None:
                self._values[entry.name] = value
            elif not self._problems:
                self._again.append(entry.name)

    def _only_inside(self, entry: Field, named: list[tuple[int, Field]]) -> bool:
        """Whether a field is named only by a part of another's name: 名字 in 狗的名字."""
        mine = max((len(word) for word in entry.called if word in self._text), default=0)
        return any(
            other is not entry
            and any(
                word in self._text and len(word) > mine and any(own in word for own in entry.called)
                for word in other.called
            )
            for end, other in named
            if end >= 0
        )

    # -- values ------------------------------------------------------------------------------------------------

    def _take_telling(self) -> None:
        """Values that tell by themselves what they are, wherever they stand."""
        for entry in self._open_fields():
            if entry.kind in ("id_number", "phone", "name", "breed"):
                self._take(entry, self._text, asked=False)
            elif entry.kind == "date" and any(word in self._text for word in entry.settings.get("about", ())):
                self._take(entry, self._around(entry), asked=False)
            elif entry.name == "dog_name" and (match := _DOG_NAMED.search(self._text)):
                self._put(entry, _EDGES.sub("", match[1]))

    def _around(self, entry: Field) -> str:
        """The clause that a date's own words stand in."""
        about = entry.settings.get("about", ())
        clauses = [clause for clause in re.split(r"[,，。;；]", self._text) if any(word in clause for word in about)]
        return "，".join(clauses)

    def _take_pieces(self) -> None:
        """Of a message with several values, one piece after the other: "张三，2101…，138…，大东路1号"."""
        pieces = [piece for piece in _SEPARATORS.split(self._text) if piece]
        if len(pieces) < 2:
            self._take_shaped()
            return
        for piece in pieces:
            for entry in self._open_fields():
                if entry.kind in ("name", "address", "region", "choice") and self._take(entry, piece, asked=True):
                    break
                if entry.name == "dog_colour" and (colour := self._colour(piece)) and self._put(entry, colour):
                    break
                if entry.name == "dog_name" and (named := _CALLED.fullmatch(piece)) and self._put(entry, named[1]):
                    break

    def _colour(self, piece: str) -> str | None:
        """A colour alone, or behind the breed: 黄白, 边牧黑白花."""
        rest = _EDGES.sub("", piece.removeprefix(self._forms.breed_words(piece) or ""))
        return rest if _COLOUR.fullmatch(rest) else None

    def _take_shaped(self) -> None:
        """A single value whose shape tells what it is, whatever was asked: an address with its number."""
        for entry in self._open_fields():
            if asks(self._text) or entry.name == self._requested:
                continue
            if entry.kind == "date" and _DAY.search(self._text):
                self._take(entry, self._text, asked=True)
            if entry.kind == "address" and _HOUSE.search(self._text):
                self._take(entry, self._text, asked=True)

    def _take_asked(self) -> None:
        """The whole message as the answer to the question that was asked; to the request for consent, as the first."""
        asked = next(iter(self._form.fields)) if self._requested == CONSENT else self._requested
        entry = self._form.fields.get(asked or "")
        if entry is None or entry.name in self._values or self._problems or entry.kind == PHOTO:
            return
        several = bool(self._values)
        if asks(self._text) or (several and entry.kind in ("words", "breed", "region")):
            return
        self._take(entry, self._text, asked=True)

    def _open_fields(self) -> Iterator[Field]:
        """Fields that this message has not filled yet; those filled before only when it corrects."""
        correcting = self._forms.corrects(self._text)
        for entry in self._form.fields.values():
            if entry.name in self._values:
                continue
            told = entry.kind in ("id_number", "phone")
            if self._filled.get(entry.name) is None or correcting or told:
                yield entry

    def _take(self, entry: Field, text: str, *, asked: bool) -> bool:
        value = self._attempt(entry, text, asked=asked)
        return value is not None and self._put(entry, value)

    def _put(self, entry: Field, value: Any) -> bool:
        self._values.setdefault(entry.name, value)
        return True

    def _attempt(self, entry: Field, text: str, *, asked: bool) -> Any:
        """The field's value in a text; what is wrong with one goes to the problems."""
        try:
            return self._value(entry, text, asked=asked)
        except BadValueError as problem:
            self._problems.append(str(problem))
            return None

    def _value(self, entry: Field, text: str, *, asked: bool) -> Any:
        readers: dict[str, Callable[[str], Any]] = {
            "name": partial(values.name, asked=asked),
            "id_number": partial(values.identity_number, today=self._today, adult=bool(entry.settings.get("adult"))),
            "phone": values.phone,
            "address": self._address,
            "region": _region,
            "date": partial(self._date, entry),
            "words": _words,
            "breed": partial(self._breed, asked=asked),
            "choice": partial(_choice, entry),
        }
        return readers[entry.kind](text)

    def _address(self, text: str) -> str | None:
        said = _EDGES.sub("", _ADDRESS_LEAD.sub("", text))
        if (
            len(said) < 4
            or _NO_ADDRESS.search(said)
            or not (_ADDRESS.search(said) or any(e.kind == "place" for e in self._entities.read(said)))
        ):
            return None
        if not re.search(r"[0-9一二三四五六七八九十]", said) and self._requested == "address":
            raise BadValueError("地址请写到门牌号，比如“大东路1号2单元301”。")
        return said

    def _date(self, entry: Field, text: str) -> str | None:
        found = values.day(text, today=self._today)
        if found is None:
            return None
        months = values.months_between(found, self._today)
        least, most = entry.settings.get("at_least_months"), entry.settings.get("within_months")
        if least and months < least:
            full = values.months_after(found, least)
            raise BadValueError(
                f"居住证要在这儿住满半年。从{found:%Y-%m-%d}算，到{full:%Y年%-m月%-d日}满半年，到时候再办；日期写错了就重发一个。"
                "没满半年也要先做居住登记，问我“租房怎么登记”就行。"
            )
        if most and months >= most:
            raise BadValueError(
                f"这针是{found:%Y-%m-%d}打的，已经超过{most}个月了，先去补打狂犬疫苗，再发新的日期；写错了就重发一个。"
            )
        return found.isoformat()

    def _breed(self, text: str, *, asked: bool) -> str | None:
        known = self._forms.breed(text)
        if known is None:
            return _words(text) if asked else None
        if known in self._forms.banned:
            raise BadValueError(
                f"{known}在本所的禁养名单里，重点管理区不能办证。品种写错了就重发一个，不办了回“不办了”。"
            )
        return known


def _words(text: str) -> str | None:
    """A short phrase without the words around it."""
    said = _EDGES.sub(
        "",
        re.sub(r"^(?:我家|它|狗狗?|这狗|小狗|名字|大名|小名|品种|毛色|颜色|就)*(?:叫做?|是|就是)?", "", text.strip()),
    )
    said = said or text.strip()
    if not 0 < len(said) <= _SHORT or _NO_WORDS.match(said) or said.isdigit():
        return None
    return said


def _region(text: str) -> str | None:
    said = text if _REGION.match(text) else _REGION_LEAD.sub("", text)
    said = _EDGES.sub("", said).removesuffix("人")
    return said if 2 <= len(said) <= 30 and _REGION.search(said) else None


def _choice(entry: Field, text: str) -> str | None:
    choices: Mapping[str, list[str]] = entry.settings["choices"]
    told = {choice: max((len(word) for word in words if word in text), default=0) for choice, words in choices.items()}
    best = max(told, key=lambda choice: told[choice])
    return best if told[best] else None
