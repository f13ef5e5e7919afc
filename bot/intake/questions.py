"""What to ask in an alarm: one question at a time, the most useful first, nothing that is known already.

The intake asks, not Rasa: it alone knows what the case holds (places, WeChat locations, pictures, earlier questions),
and it goes on when Rasa is down. The wording is trainers' (`nlu_data/alarm_questions.yml`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.intake.wording import as_planned, unspaced
from bot.nlu.entities import entities_of
from bot.nlu.knowledge import ANSWERS
from bot.nlu.live_file import LiveFile, of_its_shape, read_yaml
from bot.nlu.normaliser import normalise
from bot.nlu.wording import any_of
from bot.store.models import Case, Message

QUESTIONS_FILE = ANSWERS.parent / "alarm_questions.yml"
_ANSWERED_BY = {"place": "place", "people": "people", "when": "time", "vehicle": "plate", "payment": "amount"}
"""Questions that an entity anywhere in the case has answered."""
RESCUE = frozenset(
    (
        *("fire", "gas_leak", "drowning", "traffic_injury", "medical", "building_danger", "trapped", "poisoning"),
        *("missing_child", "missing_adult_at_risk", "found_lost_person", "dangerous_animal", "crowd_danger"),
        *("suicide_self", "suicide_other"),
    )
)
"""Kinds in which as a rule nobody stands beside the writer and reads along."""
_DOOR_QUESTION, _PLACE_QUESTION, _AGE_QUESTION, _AGAIN, _LAST = "door", "place", "age", "again", "last"
_CHILD, _LAST_OF_A_CHILD = "child", "last_child"
_CONFIRM = "confirm"
"""In a case's `asked`, and among the trainers' words: whether it is the place that its resident wrote just before."""
_AGAIN_AFTER, _LAST_AFTER = 2, 4
"""Messages in an alarm after which a place that nobody has told is asked for once more, and for the last time: nobody
can go to no place."""
_DOOR_IN_ENGLISH = re.compile(r"\b(?:building|door|room|unit|flat|apartment|apt|no)\b\W{0,2}\d", re.IGNORECASE)
"""A door, which can be found however its neighbourhood is told."""
_VAGUELY = re.compile(
    r"\b(?:near|next to|opposite|around|behind|in front of|not sure where"
    r"|(?:do not|don'?t) know (?:where|the (?:name|address|street)))\b"
)
"""Words of a place in English that may be none that can be found."""
_DOOR = re.compile(r"[0-9一二三四五六七八九十]+(?:号楼|栋|单元|室|号)|[0-9]{3,4}|[0-9]+-[0-9]+")
_FLAT = re.compile(r"[\s,，]*\d{3,4}(?!\d|[\u4e00-\u9fff])室?|[\s,，]*\d{3,4}室")
"""A flat's number right behind the other parts of an address."""
_ADDRESS_GAP, _ADDRESS_LETTERS = 6, 40
"""Letters that may stand between two parts of an address, and in all of it."""
_BEFORE_ADDRESS = re.compile("(?:^|[在住到是家于址来这我们]|[^\u4e00-\u9fff])$")
"""What an address begins behind."""
_ON_THE_WAY = re.compile("[往到从去来跑走下上追是]|不对|[,，。!！?？]")
"""Words between two places that are not one."""
_FLOOR = re.compile("[0-9一二三四五六七八九十]+(?:楼|层)(?!上|下|的)")
_LANDMARK = re.compile(
    "(?:楼下|楼上|旁边|边上|对面|隔壁|附近|门口|后身|后门|后面|前面|左边|右边|挨着|靠着|紧挨|底下|一楼|招牌)"
    "[^，。,. ]{0,10}"
    "(?:店(?!员|主|里)|冰城|馆|学校|小学|中学|幼儿园|超市|市场|银行|药房|药店|大厦|广场|商场|酒店|宾馆|网吧|公园|加油站|车站|地铁|公交站"
    "|医院|诊所|厂|肯德基|麦当劳|华莱士|沙县|蜜雪|菜站|驿站|便利|小卖部|修鞋|鸡架|烧烤|彩票站|理发)"
    "|(?:[\u4e00-\u9fff]{2,6}(?:小学|中学|幼儿园)|[\u4e00-\u9fff]{2}[一二三四五六七八九十]校)"
    "[^，。,. ]{0,2}(?:上|念|读|对面|旁边|后身|附近|门口)"
    "|[\u4e00-\u9fff]{2,6}(?<!就在)(?<!我在)(?<!们在)(?<!小区)(?<!学校)(?<!商场)[东西南北正]门"
)
"""A place that officers find, told by what stands there: 楼下有个蜜雪冰城."""
_HOME = re.compile(
    "小区|家园|花园|公寓|号楼|单元|[0-9]栋|家属|宿舍|我家|屋里|对门|隔壁|楼上|楼道|阳台|卧室|厨房|客厅|楼下[有是卖就]"
)
_FLOOR_ALONE = re.compile("第?[0-9一二三四五六七八九十]+(?:楼|层)|楼[上下道]|门口|家里?|屋里?")
"""A name that tells nobody where to go: 三楼."""
_YEARS = re.compile(
    "(?<![0-9])(?:[6-9][0-9]|10[0-9])了(?![0-9])|[爸妈爹娘爷奶姥伴人头太](?:今年|都|快)*[6-9][0-9](?![0-9])"
)
"""How old somebody is, as it is told of the old: 81了, 我妈78."""
_WITHOUT_DOOR = re.compile(
    "[工建农中招交光]行|邮储|邮局|道边|马路牙|天桥|[面饭酒茶药网书鞋粮]店|店里|饭馆|面馆|抻面|烧烤|火锅|超市|商场|大悦城|万达|市场|早市|夜市|[大小]集|公园|广场|路口|马路|大街上|路边"
    "|[大小]?桥|河边|江边|运河|地铁|公交|车站|站台|停车场|加油站|学校|医院|诊所|宾馆|酒店|旅馆|网吧|ktv|棋牌|麻将馆|澡堂|浴池|洗浴|工地|银行|食堂|操场"
    "|出租|黑车|车[上里]|网约车|滴滴|司机|高速|店",
    re.IGNORECASE,
)
"""Where nobody has a unit and a flat; the words of a home count more."""


@dataclass(frozen=True)
class Scene:
    """What an alarm of some kinds may turn out to be, and by which words; `child`: only where a child tells it."""

    of: frozenset[str]
    said: re.Pattern[str]
    unless: re.Pattern[str] | None
    apart: re.Pattern[str] | None = None
    """Words that count for nothing: 没看见烟, 抽油烟机."""
    child: bool = False

    def fits(self, kind: str, text: str, *, child: bool) -> bool:
        """Whether a story without spaces, of an alarm of this kind, tells of it; `child`: a child wrote it."""
        if self.child and not child:
            return False
        text = self.apart.sub("", text) if self.apart else text
        return kind in self.of and bool(self.said.search(text)) and not (self.unless and self.unless.search(text))


@dataclass(frozen=True)
class AlarmQuestions:
    """The questions in order, by name, of each kind of alarm and of the two voices that differ."""

    default: Mapping[str, str]
    silent: Mapping[str, str]
    silent_english: Mapping[str, str]
    english: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]
    english_rescue: Mapping[str, str]
    silent_kinds: Mapping[str, Mapping[str, str]]
    """The silent questions of kinds that are at no door: on the road, in a shop."""
    again: Mapping[str, str]
    """How a place that is still unknown is asked for once more, by kind or voice: default, silent, english (where it is
    told vaguely); `last`: when nothing else is left to ask; `door`: where only a floor is known."""
    answered: Mapping[str, re.Pattern[str]]
    """How residents answer a question before it is asked, by its name."""
    scenes: Mapping[str, Scene]
    """What an alarm turns out to be by the words of its whole story: a child in a car, the victim's own words."""
    retold: Mapping[str, Scene] = field(default_factory=dict)
    """The same of the kind itself, where others are read for it: a smell of gas without a flame is no fire."""

    def scene_of(self, case: Case, messages: Sequence[Message], *, child: bool = False) -> str:
        """The scene that a case's words tell of; its kind where they tell of none. `child`: a child wrote them."""
        return _told(self.scenes, case, messages, child=child)

    def kind_told(self, case: Case, messages: Sequence[Message]) -> str:
        """The kind that a case's words tell of, whatever it was read as; its own where they tell of no other."""
        return _told(self.retold, case, messages)

    def of(
        self, case: Case, messages: Sequence[Message], *, english: bool, hidden: bool, child: bool = False
    ) -> Mapping[str, str]:
        """The questions for a case, in order; `hidden`: somebody else may see the screen."""
        own = self.kinds.get(self.scene_of(case, messages, child=child)) or self.kinds.get(kind_of(case), self.default)
        if hidden and not english and kind_of(case) in self.silent_kinds:
            return self.silent_kinds[kind_of(case)]
        if hidden:
            doors = kind_of(case) not in self.kinds or _DOOR_QUESTION in own
            silent = self.silent_english if english else self.silent
            return {name: ask for name, ask in silent.items() if doors or name != _DOOR_QUESTION}
        if english:
            return self.english_rescue if kind_of(case) in RESCUE else self.english
        return own


def _told(scenes: Mapping[str, Scene], case: Case, messages: Sequence[Message], *, child: bool = False) -> str:
    """The first of these scenes that the whole story tells of; the case's kind where it tells of none."""
    kind, told = kind_of(case), "".join(normalise(one.text) for one in messages if one.kind in ("text", "voice"))
    bare = as_planned("".join(told.split()))
    return next((name for name, scene in scenes.items() if scene.fits(kind, bare, child=child)), kind)


def next_question(
    case: Case,
    messages: Sequence[Message],
    questions: AlarmQuestions,
    *,
    english: bool,
    hidden: bool,
    child: bool = False,
    before: Sequence[Message] = (),
) -> str | None:
    """The next thing to ask of an alarm, which is then noted as asked; None when there is nothing left.

    `before`: what its resident wrote just before it, perhaps their address in a form: that is asked to be confirmed.
    """
    known = _known(messages, questions.answered)
    if _CONFIRM in case.asked:
        known |= {_PLACE_QUESTION, _DOOR_QUESTION}
    asks = questions.of(case, messages, english=english, hidden=hidden, child=child)
    missing = _PLACE_QUESTION in asks and _PLACE_QUESTION in case.asked and _PLACE_QUESTION not in known
    if missing and english:  # places in English are not recognised, so nobody knows whether one was told
        latest = [] if any(map(_DOOR_IN_ENGLISH.search, _said(messages))) else _said(messages[-1:])
        missing = not hidden and any(_VAGUELY.search(text.lower()) for text in latest)
    if missing and _AGAIN not in case.asked and len(messages) >= _AGAIN_AFTER:
        case.asked = [*case.asked, _AGAIN]
        return _once_more(case, questions, english=english, hidden=hidden, child=child)
    for name, ask in asks.items():
        if name == _DOOR_QUESTION and (_PLACE_QUESTION not in known or not _has_doors(messages)):
            continue  # which street comes first
        if name not in case.asked and name not in known:
            case.asked = [*case.asked, name]
            if name == _PLACE_QUESTION and not (english or hidden) and (told := _address(before)):
                case.asked = [*case.asked, _CONFIRM]
                return questions.again[_CONFIRM].format(place=told)
            floor = name == _DOOR_QUESTION and not hidden and any(map(_FLOOR.search, _said(messages)))
            return questions.again[_DOOR_QUESTION] if floor else ask
    if missing and not (english or hidden) and _LAST not in case.asked and len(messages) >= _LAST_AFTER:
        case.asked = [*case.asked, _LAST]
        return questions.again[_LAST_OF_A_CHILD if child else _LAST]
    return None


def _address(messages: Sequence[Message]) -> str:
    """The last address with a door in these messages."""
    texts = [message.text for message in messages if message.kind == "text"]
    places = [one.text for text in texts for one in entities_of(text) if one.kind == "place"]
    return next((place for place in reversed(places) if _DOOR.search(place)), "")


def address_told(text: str) -> str:
    """The words of the one address with its door that a text tells, to be read back; "" where it tells none, or more
    than one.

    What stands between its parts is its own (津桥路那个老楼7号楼2单元), unless somebody comes or goes there.
    """
    places = sorted((one for one in entities_of(text) if one.kind == "place"), key=lambda one: one.start)
    if not places or not any(_DOOR.search(one.text) for one in places):
        return ""
    if not _BEFORE_ADDRESS.search(text[: places[0].start]):
        return ""  # a street that nobody knows may be cut: 在魁|山路18号
    between = [text[one.end : other.start] for one, other in pairwise(places)]
    if any(len(gap) > _ADDRESS_GAP or _ON_THE_WAY.search(gap) for gap in between):
        return ""
    flat = _FLAT.match(text, places[-1].end)
    told = text[places[0].start : flat.end() if flat else places[-1].end].strip()
    return told if len(told) <= _ADDRESS_LETTERS else ""


def tells_place(text: str) -> bool:
    """Whether a text names a place where somebody can go."""
    return "place" in kinds_named([text]) or bool(_LANDMARK.search(normalise(text)))


def kinds_named(texts: Iterable[str]) -> frozenset[str]:
    """The kinds of what texts name (keys of `bot.nlu.entities.KINDS`); a floor alone is no place."""
    named = (entity for text in texts for entity in entities_of(text))
    return frozenset(one.kind for one in named if one.kind != "place" or not _FLOOR_ALONE.fullmatch(one.text))


def _once_more(case: Case, questions: AlarmQuestions, *, english: bool, hidden: bool, child: bool) -> str:
    """How a place that nobody has told is asked for once more."""
    if english or hidden:
        return questions.again["english" if english else "silent"]
    if child:
        return questions.again[_CHILD]
    return questions.again.get(kind_of(case)) or questions.again["default"]


def _has_doors(messages: Sequence[Message]) -> bool:
    """Whether the place that was told may have a unit and a flat: a shop, a market and a bridge have none."""
    told = "".join(_said(messages))
    return bool(_HOME.search(told)) or not _WITHOUT_DOOR.search(told)


def messages_of(session: Session, case: Case) -> list[Message]:
    """The case's messages, with the one that has just been filed."""
    session.flush()
    session.refresh(case, ["messages"])
    return case.messages


def _known(messages: Sequence[Message], answered: Mapping[str, re.Pattern[str]]) -> set[str]:
    texts = [message.text for message in messages if message.kind == "text"]
    kinds = kinds_named(texts)
    known = {name for name, kind in _ANSWERED_BY.items() if kind in kinds}
    if any(_LANDMARK.search(normalise(text)) for text in texts):
        known.add(_PLACE_QUESTION)
    said = _said(messages)
    known |= {name for name, pattern in answered.items() if any(pattern.search(text) for text in said)}
    if any(_DOOR.search(text) for text in said):
        known.add(_DOOR_QUESTION)
    if any(_YEARS.search(text) for text in said):
        known.add(_AGE_QUESTION)
    if any(message.kind == "location" for message in messages):
        known.add(_PLACE_QUESTION)
    if any(message.kind == "image" for message in messages):
        known.add("photo")
    return known


def _said(messages: Sequence[Message]) -> list[str]:
    """What was written and where it was pinned, in normal form with and without spaces."""
    texts = [message.text for message in messages if message.kind in ("text", "location") and message.text]
    return [form for text in texts for form in (normalise(text), unspaced(text))]


def load(path: Path = QUESTIONS_FILE) -> AlarmQuestions:
    """Read the questions. Raises TrainersFileError."""
    data = read_yaml(path)
    with of_its_shape(path):
        kinds = {kind: _texts(questions) for kind, questions in data["kinds"].items()}
        default, silent, silent_english, english, rescue = (
            _texts(data[name]) for name in ("default", "silent", "silent_english", "english", "english_rescue")
        )
        answered = {str(name): any_of(words) for name, words in data["answered"].items()}
        scenes, retold = (
            {str(name): _scene(scene) for name, scene in data[section].items()} for section in ("scenes", "retold")
        )
        again = _texts(data["again"])
        quiet = {str(kind): _texts(questions) for kind, questions in data["silent_kinds"].items()}
        return AlarmQuestions(
            default, silent, silent_english, english, kinds, rescue, quiet, again, answered, scenes, retold
        )


def live(path: Path = QUESTIONS_FILE) -> LiveFile[AlarmQuestions]:
    """The questions, following their file."""
    return LiveFile(lambda: load(path), lambda: [path])


def kind_of(case: Case) -> str:
    """The fine intent of a case without its label."""
    return case.intent.rpartition("/")[2]


def _scene(written: Mapping[str, Any]) -> Scene:
    said, unless, apart = (
        ["".join(str(words).split()) for words in written.get(name) or []] for name in ("said", "unless", "apart")
    )
    of = frozenset(str(written["of"]).split())
    but, none = (any_of(words) if words else None for words in (unless, apart))
    return Scene(of, any_of(said), but, none, child=bool(written.get("child")))


def _texts(questions: Mapping[str, str]) -> dict[str, str]:
    return {str(name): str(ask) for name, ask in questions.items()}
