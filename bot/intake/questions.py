"""What to ask in an alarm: one question at a time, the most useful first, nothing that is known already.

The intake asks, not Rasa: it alone knows what the case holds (places, WeChat locations, pictures, earlier questions),
and it goes on when Rasa is down. The wording is trainers' (`nlu_data/alarm_questions.yml`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.intake.wording import unspaced
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
_FLOOR = re.compile("[0-9一二三四五六七八九十]+(?:楼|层)(?!上|下|的)")
_HOME = re.compile("小区|家园|花园|公寓|号楼|单元|[0-9]栋|家属|宿舍|我家|屋里|对门|隔壁|楼上|楼道|阳台|卧室|厨房|客厅")
_FLOOR_ALONE = re.compile("第?[0-9一二三四五六七八九十]+(?:楼|层)|楼[上下道]|门口|家里?|屋里?")
"""A name that tells nobody where to go: 三楼."""
_YEARS = re.compile("(?<![0-9])(?:[6-9][0-9]|10[0-9])了(?![0-9])")
"""How old somebody is, as it is told of the old: 81了."""
_WITHOUT_DOOR = re.compile(
    "[面饭酒茶药网书鞋粮]店|店里|饭馆|面馆|抻面|烧烤|火锅|超市|商场|大悦城|万达|市场|早市|夜市|[大小]集|公园|广场|路口|马路|大街上|路边"
    "|[大小]?桥|河边|江边|运河|地铁|公交|车站|站台|停车场|加油站|学校|医院|诊所|宾馆|酒店|旅馆|网吧|ktv|棋牌|麻将馆|澡堂|浴池|洗浴|工地|银行|食堂|操场"
    "|出租|黑车|车[上里]|网约车|滴滴|司机|高速|店",
    re.IGNORECASE,
)
"""Where nobody has a unit and a flat; the words of a home count more."""


@dataclass(frozen=True)
class Scene:
    """What an alarm of some kinds may turn out to be, and by which words."""

    of: frozenset[str]
    said: re.Pattern[str]
    unless: re.Pattern[str] | None

    def fits(self, kind: str, text: str) -> bool:
        """Whether a story without spaces, of an alarm of this kind, tells of it."""
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

    def scene_of(self, case: Case, messages: Sequence[Message]) -> str:
        """The scene that a case's words tell of; its kind where they tell of none."""
        kind, told = kind_of(case), "".join(normalise(one.text) for one in messages if one.kind in ("text", "voice"))
        bare = "".join(told.split())
        return next((name for name, scene in self.scenes.items() if scene.fits(kind, bare)), kind)

    def of(self, case: Case, messages: Sequence[Message], *, english: bool, hidden: bool) -> Mapping[str, str]:
        """The questions for a case, in order; `hidden`: somebody else may see the screen."""
        own = self.kinds.get(self.scene_of(case, messages)) or self.kinds.get(kind_of(case), self.default)
        if hidden and not english and kind_of(case) in self.silent_kinds:
            return self.silent_kinds[kind_of(case)]
        if hidden:
            doors = kind_of(case) not in self.kinds or _DOOR_QUESTION in own
            silent = self.silent_english if english else self.silent
            return {name: ask for name, ask in silent.items() if doors or name != _DOOR_QUESTION}
        if english:
            return self.english_rescue if kind_of(case) in RESCUE else self.english
        return own


def next_question(
    case: Case, messages: Sequence[Message], questions: AlarmQuestions, *, english: bool, hidden: bool
) -> str | None:
    """The next thing to ask of an alarm, which is then noted as asked; None when there is nothing left."""
    known = _known(messages, questions.answered)
    asks = questions.of(case, messages, english=english, hidden=hidden)
    missing = _PLACE_QUESTION in asks and _PLACE_QUESTION in case.asked and _PLACE_QUESTION not in known
    if missing and english:  # places in English are not recognised, so nobody knows whether one was told
        latest = [] if any(map(_DOOR_IN_ENGLISH.search, _said(messages))) else _said(messages[-1:])
        missing = not hidden and any(_VAGUELY.search(text.lower()) for text in latest)
    if missing and _AGAIN not in case.asked and len(messages) >= _AGAIN_AFTER:
        case.asked = [*case.asked, _AGAIN]
        return _once_more(case, questions, english=english, hidden=hidden)
    for name, ask in asks.items():
        if name == _DOOR_QUESTION and (_PLACE_QUESTION not in known or not _has_doors(messages)):
            continue  # which street comes first
        if name not in case.asked and name not in known:
            case.asked = [*case.asked, name]
            floor = name == _DOOR_QUESTION and not hidden and any(map(_FLOOR.search, _said(messages)))
            return questions.again[_DOOR_QUESTION] if floor else ask
    if missing and not (english or hidden) and _LAST not in case.asked and len(messages) >= _LAST_AFTER:
        case.asked = [*case.asked, _LAST]
        return questions.again[_LAST]
    return None


def _once_more(case: Case, questions: AlarmQuestions, *, english: bool, hidden: bool) -> str:
    """How a place that nobody has told is asked for once more."""
    if english or hidden:
        return questions.again["english" if english else "silent"]
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
    found = [entity for text in texts for entity in entities_of(text)]
    kinds = {entity.kind for entity in found if not (entity.kind == "place" and _FLOOR_ALONE.fullmatch(entity.text))}
    known = {name for name, kind in _ANSWERED_BY.items() if kind in kinds}
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
        scenes = {str(name): _scene(scene) for name, scene in data["scenes"].items()}
        again = _texts(data["again"])
        quiet = {str(kind): _texts(questions) for kind, questions in data["silent_kinds"].items()}
        return AlarmQuestions(default, silent, silent_english, english, kinds, rescue, quiet, again, answered, scenes)


def live(path: Path = QUESTIONS_FILE) -> LiveFile[AlarmQuestions]:
    """The questions, following their file."""
    return LiveFile(lambda: load(path), lambda: [path])


def kind_of(case: Case) -> str:
    """The fine intent of a case without its label."""
    return case.intent.rpartition("/")[2]


def _scene(written: Mapping[str, Any]) -> Scene:
    said, unless = (["".join(str(words).split()) for words in written.get(name) or []] for name in ("said", "unless"))
    return Scene(frozenset(str(written["of"]).split()), any_of(said), any_of(unless) if unless else None)


def _texts(questions: Mapping[str, str]) -> dict[str, str]:
    return {str(name): str(ask) for name, ask in questions.items()}
