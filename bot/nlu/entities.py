"""What a message names: places, times, telephone numbers, plates, weapons, amounts of money, people.

A spaCy component, "station_entities", that sets `doc.ents`; its gazetteer is jieba's dictionary of the station
(`nlu_data/dictionary`: streets, communities, districts, landmarks, weapons), so that a name is written down once.
Names are found wherever they stand; what no gazetteer can list (house numbers, sums, hours, "两个男的") by its form.
Tokens are characters, so that every place in the text is one in the Doc.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jieba
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from bot.nlu.normaliser import simplified

DICTIONARY = Path("nlu_data/dictionary")
KINDS = {
    "place": "地点",
    "time": "时间",
    "phone": "电话",
    "plate": "车牌",
    "weapon": "凶器",
    "amount": "金额",
    "people": "人员",
}
"""Kinds of entities and what officers call them, in the order of interest to somebody who is on the way."""

_GAZETTEERS = ("districts", "streets", "communities", "landmarks")


@dataclass(frozen=True)
class Entity:
    """Something that a message names: its kind (a key of KINDS), its words and where they stand."""

    kind: str
    text: str
    start: int
    end: int

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types, in the shape that Rasa gives entities."""
        return {"entity": self.kind, "value": self.text, "start": self.start, "end": self.end}


_N = "[0-9一二三四五六七八九十两百零〇]"
_SUFFIXES = (
    "路|街|大街|巷|胡同|社区|小区|家园|花园|公寓|大厦|广场|市场|早市|夜市|超市|商场|小学|中学|大学|学校|幼儿园|医院|公园|"
    "地铁站|车站|火车站|派出所|银行|网吧|宾馆|酒店|旅馆|饭店|烧烤店|浴池|洗浴|工地|大桥|桥洞|棋牌室|养老院|加油站|停车场|"
    "文化宫|体育场|体育馆|图书馆|博物馆|电影院|酒厂|ktv|屯|村"
)
_NO_NAME = re.compile(
    "[在到去往从的了着过是有这那哪个们我你他她它俺咱和跟与把被让给吗呢吧啊呀不没很太就都也还又来上下里外前后左右一二两三几每某刚"
    "看拉要进出找等查办开打送接问说想叫住坐停走跑]$"
    "|^(?:附近|旁边|对面|门口|什么|怎么|有个|派出所|现在|刚才|今天|昨天|晚上)$"
)
"""Words that are no part of a name before 小区, 学校, 派出所 …"""
_NO_PLACE = frozenset(
    (
        *(
            "农村",
            "山村",
            "乡村",
            "套路",
            "马路",
            "走路",
            "一路",
            "半路",
            "公路",
            "铁路",
            "思路",
            "出路",
            "电路",
            "线路",
            "道路",
        ),
        *(
            "迷路",
            "问路",
            "带路",
            "让路",
            "顺路",
            "绕路",
            "拦路",
            "赶路",
            "认路",
            "大街",
            "逛街",
            "上街",
            "过街",
            "股市",
        ),
    )
)
_INSIDE = (
    rf"(?:[ ，,]?(?:{_N}{{1,4}}(?:-{_N}{{1,4}})?"
    "(?:号楼|号院|号门(?![口前])|号|栋|幢|座|单元|层|楼|室|门(?![口前])|弄|期|区|门洞)"
    "|[a-z甲乙丙丁](?:座|栋|幢|区|楼|单元))"
    r"(?:[0-9]{3,4})?)"
)
_BESIDE = (
    "(?:的)?(?:(?:[东西南北]|前|后|正|旁)?门(?:口|前)?|附近|旁边|边上|对面|对过|后身|后面|后院|前面|楼下|楼上|里面|里头|"
    "地下室|停车场|车库|地铁口|[a-d][0-9]?口|出口|入口|路口|十字路口|交叉口|桥下|桥上|桥洞|[东西南北](?:侧|边|头|面|行)|往[东西南北])"
)
_TAIL = re.compile(f"{_INSIDE}*(?:{_BESIDE})?", re.IGNORECASE)
_BUILDING = re.compile(f"{_INSIDE}+(?:{_BESIDE})?", re.IGNORECASE)
_FLOOR = re.compile(rf"^{_N}{{1,3}}(?:号|层|期|区|门)$")

_DAY = (
    "大?前天|昨天|今天|明天|后天|[昨今前明]儿个?|[昨今前明]晚上?|今早|昨夜|当天|(?:上|这|下)?个?(?:周|星期|礼拜)[一二三四五六日天末]|"
    rf"(?:上个?|这个?|本)月(?:底|初|{_N}{{1,3}}[日号])?|去年|前年|今年|[0-9]{{4}}年(?:{_N}{{1,3}}月)?(?:{_N}{{1,3}}[日号])?|"
    rf"{_N}{{1,3}}月{_N}{{1,3}}[日号]?|(?<![0-9]){_N}{{1,3}}号(?=早|上|中|下|晚|夜|凌|那天|[ ,，]|$)"
)
_PART = "凌晨|清晨|早上(?!学)|早晨|上午|中午|晌午|下午|傍晚|晚上|半夜|后半夜|深夜|夜里"
_CLOCK = (
    rf"[0-9]{{1,2}}[:：][0-5][0-9]|(?!一点(?![半钟多来左整一二三四五])){_N}{{1,3}}点"
    "(?:半|钟|多钟?|来钟|左右|[0-9一二三四五]{1,3}分?|整|一刻)?(?![儿滴])"
)
_SPAN = (
    rf"(?:{_N}{{1,3}}|半|几|十几|好几)个?(?:多|来|半)?(?:分钟|小时|钟头|天|宿|周|星期|礼拜|个?月|年(?!级))"
    r"(?:多|半)?(?:以?前|之前|了|左右|没)?"
)
_TIME = re.compile(
    rf"(?:{_DAY})(?:的?(?:{_PART}))?(?:{_CLOCK})?|(?:{_PART})(?:{_CLOCK})?|{_CLOCK}|{_SPAN}|刚才|刚刚|方才|这会儿|现在|眼下|"
    "一宿|整宿|半宿|半天"
)
_PHONE = re.compile(
    r"(?<![0-9])(?:(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9x*]{4}[- ]?[0-9]{4}"
    r"|0[0-9]{2,3}[- ]?[2-9][0-9]{6,7}|400[- ]?[0-9]{3}[- ]?[0-9]{4})(?![0-9])",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·•.\- ]?[a-z0-9]{4,6}(?![a-z0-9])"
    r"|(?:车牌|牌照|牌号|尾号)(?:号码?)?(?:尾号)?(?:是|为|:|：)?[ ]?(?P<inner>[a-z0-9]{3,7})(?![a-z0-9])",
    re.IGNORECASE,
)
_SUM = r"(?:[0-9][0-9,.]*|[一二三四五六七八九十两百千万零几好半]+)(?:多|来|几)?"
_CURRENCY = (
    "块钱|元钱|万块钱?|万元|千块钱?|千元|百块钱?|块(?![儿地头]|[^ ，,。.]?[布肉石表])"
    "|元(?!旦|宵|件)|美元|港币|欧元|[wW](?![a-zA-Z])"
)
_NUMBERS = "(?:1(?:10|19|2[02])|12345|9[56][0-9]{3})(?![0-9])"
"""Of emergency calls, the city's service, banks: 给110打电话."""
_PAYING = "[转欠给要骗借交付丢花罚赔存取汇打押损失亏]"
_AMOUNT = re.compile(
    rf"[¥￥][ ]?[0-9][0-9,.]*万?|(?!一块(?![钱二两三四五六七八九多])){_SUM}个?(?:{_CURRENCY})"
    rf"|(?<={_PAYING})(?:走|了|给|我|他|她|过去|出去|人家|失){{0,3}}"
    rf"(?P<inner>{_SUM}(?:万|千|百)[一二三四五六七八九]?多?|(?!{_NUMBERS})[1-9][0-9]{{2,6}}多?(?![0-9-]))(?![人个米里斤次遍年月号公平路天])"
)
_WHO = (
    "人|男的|女的|男子|女子|男人|女人|男孩|女孩|男生|女生|小孩子?|孩子|小伙子?|姑娘|小丫头|老头|老太太|老人|老爷子|大爷|大妈|大娘|大哥|大姐|"
    "学生|保安|司机|醉汉|醉鬼|壮汉|大汉|工人|同学|家伙|小子|混混|小年轻|老外|蒙面人|陌生人|精神病人?|乞丐|民工|外卖员|城管"
)
_RELATION = (
    "爸爸?|妈妈?|爹|娘|老公|媳妇儿?|老婆|丈夫|妻子|爷爷?|奶奶?|姥姥|姥爷|外公|外婆|儿子|闺女|女儿|姑娘|孩子|弟弟?|妹妹?|哥哥?|姐姐?|"
    "对象|男朋友|女朋友|男友|女友|前夫|前妻|前男友|前女友|同事|房东|室友|邻居|老头|老太太|老伴儿?|孙子|孙女|外孙女?|外甥女?|侄子|侄女|"
    "叔叔?|姨|舅舅?|婶子?|公公|婆婆|岳父|岳母|父亲|母亲|老板|司机|租客"
)
_COUNT = "[一两二三四五六七八九十几数0-9]+(?:多|来)?(?:个|名|位|伙|帮|群|对)"
_AGE = "(?<![0-9])(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})(?:多|来)?岁(?:多|半)?"
_PEOPLE = re.compile(
    rf"(?!(?:一|每)个人)(?:{_COUNT}|俩|仨|有个)[^，,。.!！?？ 个了]{{0,5}}?(?:{_WHO})|一(?:{_WHO.removeprefix('人|')})"
    rf"|{_AGE}(?:的?(?:小|老)?(?:{_WHO}|{_RELATION}))?"
    rf"|(?:我|俺|咱|他|她|邻居|对门|楼上|楼下|隔壁)(?:们)?(?:家)?(?:的)?(?:大|小|二|老)?(?:{_RELATION})"
    rf"|(?<![^，,。.!！?？ ])(?!孩子|司机|老板|[叔哥姐姨])(?:{_RELATION})|老?两口子|一家[三四五六]口"
    "|[一两二三四五]男[一两二三四五]女"
)
_FULL_WIDTH = {code + 0xFEE0: code for code in range(0x21, 0x7F)} | {0x3000: 0x20}


def _plain(text: str) -> str:
    """Half width and simplified, one character for one, so that places in the text stay what they are."""
    text = text.translate(_FULL_WIDTH)
    plain = simplified(text)
    return plain if len(plain) == len(text) else text


def named_in(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What messages name, by what officers call it, each thing once; places first."""
    found: dict[str, dict[str, None]] = {kind: {} for kind in KINDS}
    for text in texts:
        for entity in entities_of(text):
            found[entity.kind][entity.text] = None
    return {title: tuple(found[kind]) for kind, title in KINDS.items() if found[kind]}


@lru_cache(maxsize=2048)
def entities_of(text: str) -> tuple[Entity, ...]:
    """What one message names; a desk that looks every second reads it once."""
    return tuple(StationEntities.load().read(text))


class StationEntities:
    """The component: marks `doc.ents`. Reading changes nothing, so one serves all threads."""

    def __init__(self, nlp: Language, places: Iterable[str], weapons: Iterable[str]) -> None:
        """Use these names of places and weapons."""
        self.nlp = nlp
        self._places = _any_of(places)
        self._weapons = frozenset(weapons)
        self._weapon_forms = _any_of(self._weapons)

    @classmethod
    @lru_cache(maxsize=4)
    def load(cls, dictionary: Path = DICTIONARY) -> "StationEntities":
        """With the station's gazetteer. Raises FileNotFoundError when a file of it is missing."""
        component = spacy.blank("zh").add_pipe("station_entities", config={"dictionary": str(dictionary)})
        assert isinstance(component, cls)  # noqa: S101 - what the factory below makes
        return component

    def read(self, text: str) -> list[Entity]:
        """The entities of a message as it was typed, in its order; none overlap."""
        if not text:
            return []
        doc = self(self.nlp.make_doc(text))
        return [Entity(span.label_, span.text.strip(" ，,"), span.start_char, span.end_char) for span in doc.ents]

    def __call__(self, doc: Doc) -> Doc:
        """Set `doc.ents`; the longest of overlapping ones stays."""
        text = _plain(doc.text)
        spans = (_char_span(doc, kind, start, end) for kind, start, end in self._found(text))
        doc.ents = filter_spans([span for span in spans if span is not None])
        return doc

    def _found(self, text: str) -> Iterator[tuple[str, int, int]]:
        for kind, form in (
            ("phone", _PHONE),
            ("plate", _PLATE),
            ("amount", _AMOUNT),
            ("time", _TIME),
            ("people", _PEOPLE),
        ):
            for match in form.finditer(text):
                inner = "inner" in form.groupindex and match["inner"]
                yield kind, *(match.span("inner") if inner else match.span())
        words = list(jieba.tokenize(text))
        for match in self._weapon_forms.finditer(text):
            if self._is_weapon(match, words):
                yield "weapon", *match.span()
        for start, end in self._addresses(text, words):
            yield "place", start, end

    def _is_weapon(self, match: re.Match[str], words: Sequence[tuple[str, int, int]]) -> bool:
        """Whether it is the thing: no part of a word (刀鱼, 油枪; 拿刀 is two words in one) and no blow (一刀)."""
        _, start, end = next(word for word in words if word[1] <= match.start() < word[2])
        before = match.string[start : match.start()]
        whole = match.end() >= end and (not before or before[-1] in _HANDLING)
        return whole and not re.search("[一两几]$", match.string[: match.start()])

    def _addresses(self, text: str, words: Sequence[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
        """Names with the house number and the position that follow them; neighbouring ones are one address."""
        found = sorted({*self._named(text, words), *_buildings(text)})
        joined: list[tuple[int, int]] = []
        for start, end in found:
            near = joined and start <= joined[-1][1] + 1
            if near and text[joined[-1][1] : start].strip() in _JOINTS:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return iter(joined)

    def _named(self, text: str, words: Sequence[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
        for match in self._places.finditer(text):
            yield match.start(), _tail(text, match.end())
        for number, (word, _, end) in enumerate(words):
            suffix = _NAME_SUFFIX.search(word)
            if suffix is None or word in _NO_PLACE:
                continue
            begin = _with_size(words, number) if suffix.start() > 0 else _name_before(words, number)
            if begin is not None:
                yield begin, _tail(text, end)


_JOINTS = frozenset({"", "和", "与", "跟", "的"})
_HANDLING = frozenset("着著拿持带动掏拔抄抡挥亮举藏抽")
_UNKNOWN_NAME = 2
_SIZES = frozenset("大小新老")
_NO_NAME_LETTER = re.compile(rf"{_NO_NAME.pattern}|[爸妈爹娘爷奶姥哥姐弟妹叔姨舅婶俩仨小老新旧]$|[^\u4e00-\u9fff]")
_NAME_SUFFIX = re.compile(f"(?:{_SUFFIXES})$", re.IGNORECASE)


def _with_size(words: Sequence[tuple[str, int, int]], number: int) -> int:
    """Where a street's name begins: one that jieba does not know may have lost its first letter, 大 | 北街."""
    before = words[number - 1] if number else None
    return before[1] if before and before[0] in _SIZES else words[number][1]


def _name_before(words: Sequence[tuple[str, int, int]], number: int) -> int | None:
    """Where the name begins whose last word is only what it is of (阳光 | 小区); None when no name stands there. A name
    that jieba does not know is two words of one letter (大 | 东 | 公园)."""
    before = words[max(number - 2, 0) : number]
    letters = [word for word, _, _ in before if len(word) == 1 and not _NO_NAME_LETTER.search(word)]
    if len(letters) == len(before) == _UNKNOWN_NAME:
        return before[0][1]
    begin = None
    for word, start, _ in reversed(before):
        if len(word.strip()) < 2 or not word[-1].isalnum() or _NO_NAME.search(word):
            break
        begin = start
    return begin


def _tail(text: str, place: int) -> int:
    match = _TAIL.match(text, place)
    return match.end() if match else place


def _buildings(text: str) -> Iterator[tuple[int, int]]:
    """House numbers by themselves: 3号楼2单元501. A bare 五号 or 十层 is too little."""
    for match in _BUILDING.finditer(text):
        if not _FLOOR.match(match.group().strip(" ，,")):
            start = match.start() + len(match.group()) - len(match.group().lstrip(" ，,"))
            yield start, match.end()


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)", re.IGNORECASE)


def _char_span(doc: Doc, kind: str, start: int, end: int) -> Span | None:
    return doc.char_span(start, end, label=kind, alignment_mode="contract")


def _names(path: Path) -> list[str]:
    """The words of a jieba dictionary file."""
    return [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@Language.factory("station_entities", default_config={"dictionary": str(DICTIONARY)})
def _component(nlp: Language, name: str, dictionary: str) -> StationEntities:
    """The component with the gazetteer of a directory. spaCy checks the annotations, so they are not postponed."""
    directory = Path(dictionary)
    jieba.setLogLevel("WARNING")
    jieba.initialize()
    for names in sorted(directory.glob("*.txt")):
        with names.open("rb") as file:
            jieba.load_userdict(file)
    places = [place for kind in _GAZETTEERS for place in _names(directory / f"{kind}.txt")]
    return StationEntities(nlp, places, _names(directory / "weapons.txt"))
