"""The knowledge base: what the station may say about each topic, by aspect, with source and date.

`nlu_data/answers/<intent>.yml` holds the topics of an enquiry intent, `nlu_data/local_facts.yml` what only this
station can know. An empty local fact is never guessed: the text's `unknown` stands in for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.nlu.live_file import LiveFile, TrainersFileError, read_yaml
from bot.nlu.overlap import Overlap
from bot.nlu.project import NLU_DATA

ANSWERS = NLU_DATA / "answers"
ASPECTS = ("who", "materials", "steps", "fee", "time", "place", "online", "agent", "elsewhere", "exceptions")
"""What can be asked of a topic, beside its short answer and the plain one."""
SHORT = "short"
"""The short answer, where it is told beside an aspect."""
FITS = "fits"
"""Key of an enquiry intent in the parse data: how well its topics fit the message, in logits by topic id."""
TITLE_CHARACTERS = 10
GAP, GAP_PATTERN = "…", ".{0,10}?"
"""What stands for a few letters between two parts of a trainer's word, and what it matches."""
_FIELD = re.compile(r"\{(\w+)\}")
_PARTICLES = re.compile(r"[不没吗么嘛呢呗吧啊呀]+(?!\w)")
"""What ends a question, and is no part of what is asked: 能改名不."""
_SCOPES = ("national", "local")
_A_LETTER, _A_WORD, _SHARED, _DEFAULT = 0.16, 0.57, 0.57, 2.0
"""What a letter of a topic's words, each of its first two, what its facts share with a question, and being the default
count beside what was learnt, in logits (ADR 006). The last is a prior: most residents ask the general question."""
_UNLEARNT = 3.0
"""Logits that a topic written since the last training stands behind the best, unless its words are in the question."""


@dataclass(frozen=True)
class Fact:
    """One answer's text; `local` means that the station's word counts and not this one."""

    text: str
    source: str
    local: bool
    reviewed: date
    """The day on which it was looked at, or one of the local facts in it, if that is earlier."""
    unconfirmed: tuple[str, ...] = ()
    """Local facts that the station has not filled in, so that the text is the one for not knowing."""
    stated: tuple[str, ...] = ()
    """Local facts that the text states."""

    def told(self) -> str:
        """As a resident reads it: the text, and one line that says where it comes from."""
        return f"{self.text.strip()}\n{self.authority()}"

    def authority(self) -> str:
        """Where it comes from, when that was looked at, and whose word counts."""
        confirmed = " · 以派出所答复为准" if self.local else ""
        return f"（{self.source} · {self.reviewed:%Y-%m-%d}核对{confirmed}）"


@dataclass(frozen=True)
class Topic:
    """One thing that residents ask about."""

    id: str
    intent: str
    title: str
    when: tuple[str, ...]
    short: Fact
    plain: Fact
    aspects: Mapping[str, Fact]
    related: tuple[str, ...]
    after: tuple[str, ...] = ()
    """Intents of requests and tips that this topic goes on with: 给开个收条不 after 捡到一个钱包."""

    english: str = ""
    """What is said to somebody who asks in English."""

    def fact(self, aspect: str) -> Fact:
        """What is said about an aspect; the short answer where there is nothing."""
        return self.aspects.get(aspect, self.short)

    def compared(self, aspect: str) -> str:
        """A fact as it is compared with a question: by itself it often does not say of what it is."""
        return f"{self.title}。{self.fact(aspect).text}"


@dataclass(frozen=True)
class Found:
    """A fact that shares words with a question, and how much."""

    topic: Topic
    aspect: str
    score: float


@dataclass(frozen=True)
class LocalFact:
    """A value that only the station can give; empty until it is confirmed."""

    title: str
    value: str
    reviewed: date


class Knowledge:
    """All topics. Look-ups take what residents wrote, in its normal form."""

    def __init__(self, topics: Mapping[str, Topic], local_facts: Mapping[str, LocalFact]) -> None:
        self.topics, self.local_facts = topics, local_facts
        self._by_intent: dict[str, list[Topic]] = {}
        for topic in topics.values():
            self._by_intent.setdefault(topic.intent, []).append(topic)
        self._by_title = {topic.title: topic for topic in topics.values()}
        self._after = {intent: topic for topic in topics.values() for intent in topic.after}
        self._overlap = Overlap(
            {
                (topic.id, aspect): f"{topic.title}。{topic.fact(aspect).text}"
                for topic in topics.values()
                for aspect in (SHORT, *topic.aspects)
            }
        )

    @property
    def intents(self) -> tuple[str, ...]:
        """Full names of the intents that have topics."""
        return tuple(self._by_intent)

    def choose(self, intent: str, question: str, fits: Mapping[str, float] | None = None) -> Topic | None:
        """The intent's topic that a question is about.

        `fits`: how well each topic fits by what was learnt (`bot.nlu.topic_machine`), in logits; what trainers write
        counts beside it. Without them it is the topic with most of its words in the question, else the default one; of
        two with as many, the one whose facts share more with the question.
        """
        topics = self._by_intent.get(intent)
        if not topics:
            return None
        if fits:
            scores = self._fitting(topics, question, fits)
            return topics[scores.index(max(scores))]
        said = [self.letters(topic, question) for topic in topics]
        most = max(said)
        best = [topic for topic, letters in zip(topics, said, strict=True) if letters == most]
        if len(best) == 1:
            return best[0]
        if not most:
            return topics[-1]
        shared = [found.topic for found in self.shared(intent, question)]
        return min(best, key=lambda topic: shared.index(topic) if topic in shared else len(shared))

    def likely(self, question: str, ranked: Sequence[Mapping[str, Any]]) -> list[tuple[Topic, float]]:
        """The topics that a question may be about with P(topic | enquiry), likeliest first.

        `ranked`: the likeliest intents as the parse data have them: `name`, `confidence` and, where learnt, `fits`. Of
        an intent without fits it is the one topic that the trainers' words choose.
        """
        found: list[tuple[Topic, float]] = []
        for item in ranked:
            share, fits = float(item["confidence"]), item.get(FITS)
            topics = self._by_intent.get(item["name"], ())
            if topics and fits:
                scores = self._fitting(topics, question, fits)
                most = max(scores)
                parts = [math.exp(score - most) for score in scores]
                found += [(topic, share * part / sum(parts)) for topic, part in zip(topics, parts, strict=True)]
            elif topic := self.choose(item["name"], question):
                found.append((topic, share))
        return sorted(found, key=lambda one: -one[1])

    def _fitting(self, topics: Sequence[Topic], question: str, fits: Mapping[str, float]) -> list[float]:
        """How well each of an intent's topics fits a question, in logits: what was learnt and what trainers write."""
        shared = self.shared_by_topic(topics[0].intent, question)
        most = max(fits.values())

        def score(topic: Topic) -> float:
            letters = self.letters(topic, question)
            words = _A_LETTER * letters + _A_WORD * min(letters, 2) + _SHARED * math.log1p(shared.get(topic.id, 0.0))
            unlearnt = most if letters > 1 else most - _UNLEARNT
            return fits.get(topic.id, unlearnt) + words + (0 if topic.when else _DEFAULT)

        return [score(topic) for topic in topics]

    def shared(self, intent: str, question: str) -> list[Found]:
        """The intent's facts by how much they share with a question, most first."""
        keys = [(topic.id, aspect) for topic in self._by_intent.get(intent, ()) for aspect in (SHORT, *topic.aspects)]
        scores = self._overlap.scores(_PARTICLES.sub(" ", question), keys)
        found = [Found(self.topics[name], aspect, scores[name, aspect]) for name, aspect in keys]
        return sorted((fact for fact in found if fact.score), key=lambda fact: -fact.score)

    def shared_by_topic(self, intent: str, question: str) -> dict[str, float]:
        """How much the best fact of each topic of the intent shares with a question, where it shares any."""
        return {found.topic.id: found.score for found in reversed(self.shared(intent, question))}

    def names(self, topic: Topic, question: str) -> bool:
        """Whether a question has one of the words by which a topic is chosen."""
        return bool(self.letters(topic, question))

    @staticmethod
    def letters(topic: Topic, question: str) -> int:
        """How many letters of a question are words by which a topic is chosen; a letter in two of them is one."""
        return len({place for word in topic.when for place in _places(word, question)})

    def english(self, topic: Topic) -> str:
        """What is said of a topic in English; where it has nothing, what its intent's default topic says."""
        return topic.english or self._by_intent[topic.intent][-1].english

    def goes_on(self, intent: str) -> Topic | None:
        """The topic that questions after a request or tip of this intent are about."""
        return self._after.get(intent)

    def matters(self, word: str) -> int:
        """How many intents have a topic with this word in its title."""
        return len({topic.intent for topic in self.topics.values() if word in topic.title}) if word else 0

    def titled(self, text: str) -> Topic | None:
        """The topic whose title this is: a tap on a button sends it."""
        return self._by_title.get(text.strip())


def _places(word: str, question: str) -> Iterator[int]:
    """Where a trainer's word stands in a question; what … stands for is no part of it."""
    if GAP not in word:
        for start in (match.start() for match in re.finditer(re.escape(word), question)):
            yield from range(start, start + len(word))
    elif found := _with_gaps(word).search(question):
        for part in range(1, found.re.groups + 1):
            yield from range(*found.span(part))


@lru_cache(maxsize=4096)
def _with_gaps(word: str) -> re.Pattern[str]:
    return re.compile(GAP_PATTERN.join(f"({re.escape(part)})" for part in word.split(GAP)))


def load(folder: Path = ANSWERS) -> Knowledge:
    """Read a folder of answers and the local facts beside it. Raises TrainersFileError."""
    local_facts = _local_facts(folder.parent / "local_facts.yml")
    topics: dict[str, Topic] = {}
    for path in sorted(folder.glob("*.yml")):
        for topic in _topics(path, local_facts):
            if topic.id in topics:
                raise TrainersFileError(f"{path.name}: 主题 {topic.id} 在别的文件里已经有了，换一个名字")
            topics[topic.id] = topic
    _check_whole(topics)
    return Knowledge(topics, local_facts)


@lru_cache(maxsize=4)
def live(folder: Path = ANSWERS) -> LiveFile[Knowledge]:
    """The knowledge base that follows its files, one for all parts of a process."""
    return LiveFile(lambda: load(folder), lambda: [*folder.glob("*.yml"), folder.parent / "local_facts.yml"])


def _local_facts(path: Path) -> dict[str, LocalFact]:
    facts = {}
    for name, entry in (read_yaml(path) or {}).items():
        if not isinstance(entry, dict) or not {"title", "value", "reviewed"} <= set(entry):
            raise TrainersFileError(f"{path.name}: {name} 要有 title、value、reviewed 三项，value 没确认就留空")
        facts[name] = LocalFact(entry["title"], str(entry["value"] or ""), _day(entry["reviewed"], path, name))
    return facts


def _topics(path: Path, local_facts: Mapping[str, LocalFact]) -> Iterator[Topic]:
    entries = read_yaml(path)
    if not isinstance(entries, list) or not entries:
        raise TrainersFileError(f"{path.name} 应当是一个主题列表，每个主题以“- topic:”开头")
    for number, entry in enumerate(entries):
        yield _topic(path, entry, local_facts, default=number == len(entries) - 1)


def _topic(path: Path, entry: Any, local_facts: Mapping[str, LocalFact], *, default: bool) -> Topic:
    name = entry.get("topic", "?") if isinstance(entry, dict) else "?"
    where = f"{path.name}: 主题 {name}"
    required = {"topic", "title", "source", "scope", "reviewed", "short", "plain"}
    if missing := required - set(entry if isinstance(entry, dict) else ()):
        raise TrainersFileError(f"{where} 缺少 {'、'.join(sorted(missing))}")
    if default and (entry.get("when") or name != path.stem):
        raise TrainersFileError(f"{where} 是最后一个，即默认主题：名字要和文件名一样，不写 when")
    if not default and not entry.get("when"):
        raise TrainersFileError(f"{where} 不是最后一个，要写 when：问话里出现哪些词就选它")
    if unknown := set(entry.get("aspects") or {}) - set(ASPECTS):
        raise TrainersFileError(f"{where} 不认识的角度 {'、'.join(sorted(unknown))}；可用的是 {'、'.join(ASPECTS)}")
    if len(entry["title"]) > TITLE_CHARACTERS:
        raise TrainersFileError(f"{where} 的 title 超过 {TITLE_CHARACTERS} 个字，按钮上放不下")

    def fact(text: Any, part: str) -> Fact:
        return _fact(text, entry, local_facts, path, f"{where} 的 {part}")

    return Topic(
        id=name,
        intent=f"enquiry/{path.stem}",
        title=entry["title"],
        when=tuple(str(word).lower() for word in entry.get("when") or ()),
        short=fact(entry["short"], "short"),
        plain=fact(entry["plain"], "plain"),
        aspects={aspect: fact(text, aspect) for aspect, text in (entry.get("aspects") or {}).items()},
        related=tuple(entry.get("related") or ()),
        english=str(entry.get("english") or "").strip(),
        after=tuple(str(intent) for intent in entry.get("after") or ()),
    )


def _fact(entry: Any, topic: Mapping[str, Any], local_facts: Mapping[str, LocalFact], path: Path, where: str) -> Fact:
    own = entry if isinstance(entry, dict) else {"text": entry}
    return fact_of({**{name: topic[name] for name in ("source", "scope", "reviewed")}, **own}, local_facts, path, where)


def fact_of(
    settings: Mapping[str, Any],
    local_facts: Mapping[str, LocalFact],
    path: Path = ANSWERS,
    where: str = "这一段",
) -> Fact:
    """A fact of its `text`, `source`, `scope`, `reviewed` and, for local facts that are empty, `unknown`.

    Raises:
        TrainersFileError: something is missing or unknown; `path` and `where` tell where.
    """
    text = str(settings.get("text") or "")
    if not text:
        raise TrainersFileError(f"{where} 没有文字")
    if settings["scope"] not in _SCOPES:
        raise TrainersFileError(f"{where} 的 scope 只能是 {' 或 '.join(_SCOPES)}")
    fields = _FIELD.findall(text)
    if undefined := [name for name in fields if name not in local_facts]:
        raise TrainersFileError(f"{where} 用了 local_facts.yml 里没有的 {'、'.join(undefined)}")
    empty = tuple(name for name in fields if not local_facts[name].value)
    stated = () if empty else tuple(dict.fromkeys(fields))
    reviewed = [_day(settings["reviewed"], path, where), *(local_facts[name].reviewed for name in stated)]
    if fields and not settings.get("unknown"):
        raise TrainersFileError(f"{where} 里有 {{{fields[0]}}}，要写 unknown：没确认时怎么说")
    said = str(settings["unknown"]) if empty else _FIELD.sub(lambda match: local_facts[match[1]].value, text)
    local = settings["scope"] == "local" or bool(fields)
    return Fact(said, str(settings["source"]), local, min(reviewed), empty, stated)


def _day(value: Any, path: Path, where: str) -> date:
    if not isinstance(value, date):
        raise TrainersFileError(f"{path.name}: {where} 的 reviewed 要写成 2026-11-25 这样的日期")
    return value


def _check_whole(topics: Mapping[str, Topic]) -> None:
    titles: dict[str, str] = {}
    for topic in topics.values():
        if unknown := [name for name in topic.related if name not in topics]:
            raise TrainersFileError(f"主题 {topic.id} 的 related 里 {'、'.join(unknown)} 不存在")
        if topic.title in titles:
            raise TrainersFileError(f"主题 {topic.id} 和 {titles[topic.title]} 的 title 一样，按钮分不清")
        titles[topic.title] = topic.id
