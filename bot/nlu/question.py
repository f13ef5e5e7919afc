"""What a resident asks: which topics of the knowledge base, which aspects of them, or which ones to choose from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.nlu.knowledge import Knowledge, Topic
from bot.nlu.normaliser import normalise
from bot.nlu.wording import PLAIN, Words, asks

SURE = 0.45
"""P(topic | enquiry) from which an answer is given without asking back."""
SURE_OF_TWO = 0.6
"""The same for each half of a message that asks two things."""
FOLLOW_UP = "enquiry/follow_up"
"""The intent of questions that do not say what they are about."""
_MOST_TOPICS = 2
_MOST_PARTS = 6
_MOST_ASPECTS = 2
_MOST_CHOICES = 3
_FOLLOW_UP = re.compile(r"^(?:那|那么|那要是|要是|如果|假如|可|但|但是|可是|不过)|呢\W*$")
_FOLLOW_UP_CHARACTERS = 14
_PARTS = re.compile(r"(?<=[。?？!！;；\n])|[\s,，、]+|(?:还有就?是?|另外|顺便)")
_LEAST_PART = 3

Parse = Callable[[str], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Question:
    """Topic ids and aspects, first asked first. Of two topics there is one aspect each, "" for none.

    `choices`: no topic is sure, ask which of these titles.
    """

    topics: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types, as a conversation keeps it."""
        return {"topics": list(self.topics), "aspects": list(self.aspects), "choices": list(self.choices)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Question:
        """The inverse of `to_json`."""
        return cls(*(tuple(str(item) for item in data.get(name) or ()) for name in ("topics", "aspects", "choices")))


class Interpreter:
    """Finds the question in a message's parse data, with the conversation's last question at hand."""

    def __init__(self, knowledge: Knowledge, words: Words) -> None:
        self._knowledge, self._words = knowledge, words

    def continues(self, text: str, ranked: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a message says nothing of what it is about, so that it stands on the question before it."""
        normal = normalise(text)
        wording = self._words.read(normal)
        if wording.named or self._knowledge.titled(text):
            return False
        if self._sure(ranked, SURE) and ranked[0]["name"] == FOLLOW_UP:
            return True
        return bool(wording.aspects) or bool(_FOLLOW_UP.search(normal) and len(normal) <= _FOLLOW_UP_CHARACTERS)

    def only_continues(self, text: str) -> bool:
        """Whether a message is nothing but words of a follow-up: 多少钱, 人话说一下."""
        wording = self._words.read(normalise(text))
        return bool(wording.aspects) and (len(wording.subject) <= 1 or wording.aspects[0] == PLAIN)

    async def continued(self, text: str, before: tuple[str, Question], parse: Parse) -> Question | None:
        """The question of a message that stands on the one before it. None: there is no topic to stand on."""
        words_before, asked = before
        topic = self._knowledge.topics.get(asked.topics[0]) if asked.topics else None
        if topic is None:
            return None
        normal = normalise(text)
        aspects = self._words.read(normal).aspects
        nearer = self._knowledge.choose(topic.intent, normal)
        if nearer and nearer.when:
            topic = nearer
        known = tuple(aspect for aspect in aspects if aspect == PLAIN or aspect in topic.aspects)
        if known or (nearer and nearer.when):
            return Question((topic.id,), known[:_MOST_ASPECTS])
        joined = await parse(f"{words_before}，{text}")
        if _enquires(joined) and self._sure(joined["topics"], SURE_OF_TWO):
            other = self._topic(joined["topics"], normal)
            if other and other.intent not in (topic.intent, FOLLOW_UP):
                return Question((other.id,), aspects[:_MOST_ASPECTS])
        return Question((topic.id,), aspects[:_MOST_ASPECTS] or self._special(topic))

    @staticmethod
    def _special(topic: Topic) -> tuple[str, ...]:
        """What is said to "and if not?", where the topic has something for it."""
        return ("exceptions",) if "exceptions" in topic.aspects else ()

    async def enquiry(self, text: str, ranked: Sequence[Mapping[str, Any]], parse: Parse) -> Question | None:
        """The question of a message that is an enquiry and stands alone.

        None: it names an intent of which the knowledge base has no topic.
        """
        normal = normalise(text)
        if two := await self._two(normal, parse):
            return two
        wording = self._words.read(normal)
        ranked = [item for item in ranked if item["name"] != FOLLOW_UP]
        if self._sure(ranked, SURE):
            topic = self._topic(ranked, normal)
            return Question((topic.id,), wording.aspects[:_MOST_ASPECTS]) if topic else None
        choices = [found.title for item in ranked if (found := self._topic([item], normal))]
        return Question(aspects=wording.aspects[:_MOST_ASPECTS], choices=tuple(choices[:_MOST_CHOICES]))

    def corrected(self, text: str) -> str | None:
        """What is left of "不是，我问的是居住证" without its beginning; None when a message corrects nothing."""
        wording = self._words.read(normalise(text))
        return wording.corrected

    def with_aspects_of(self, question: Question, before: Question) -> Question:
        """A correction of the topic alone still asks what was asked before."""
        return question if question.aspects else replace(question, aspects=before.aspects)

    async def _two(self, text: str, parse: Parse) -> Question | None:
        """The two topics of a message whose parts each ask about one; None for a message that asks about one."""
        parts = [part.strip(" ,，。?？!！") for part in _PARTS.split(text) if part]
        parts = [part for part in parts if len(part) >= _LEAST_PART and (asks(part) or self._words.read(part).aspects)]
        if not 1 < len(parts) <= _MOST_PARTS:
            return None
        found: dict[str, str] = {}
        for part in parts:
            topic, aspect = await self._asked_by(part, parse)
            if topic and topic.intent not in {self._knowledge.topics[name].intent for name in found}:
                found[topic.id] = aspect
        if len(found) < _MOST_TOPICS:
            return None
        return Question(tuple(found)[:_MOST_TOPICS], tuple(found.values())[:_MOST_TOPICS])

    async def _asked_by(self, part: str, parse: Parse) -> tuple[Topic | None, str]:
        """The topic of one part of a message, and its aspect or ""; None where the part alone is not sure of one."""
        wording = self._words.read(part)
        read = await parse(part) if len(wording.subject) > 1 else None
        if read is None or not _enquires(read) or not self._sure(read["topics"], SURE_OF_TWO):
            return None, ""
        if read["topics"][0]["name"] == FOLLOW_UP:
            return None, ""
        topic = self._topic(read["topics"], part)
        known = [aspect for aspect in wording.aspects if topic and aspect in topic.aspects]
        return topic, known[0] if known else ""

    def _topic(self, ranked: Sequence[Mapping[str, Any]], text: str) -> Topic | None:
        return self._knowledge.choose(str(ranked[0]["name"]), text) if ranked else None

    @staticmethod
    def _sure(ranked: Sequence[Mapping[str, Any]], least: float) -> bool:
        return bool(ranked) and float(ranked[0]["confidence"]) >= least


def _enquires(parse_data: Mapping[str, Any]) -> bool:
    return str(parse_data["triage"]["label"]) == "enquiry"
