"""What a resident asks: which topics of the knowledge base, which aspects of them, or which ones to choose from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.nlu.knowledge import Knowledge, Topic
from bot.nlu.normaliser import normalise
from bot.nlu.wording import PLAIN, Wording, Words, asks

SURE = 0.45
"""P(topic | enquiry) from which an answer is given without asking back."""
SURE_OF_TWO = 0.6
"""The same for each half of a message that asks two things."""
_ALONE = 0.8
"""P(topic | enquiry) from which words that could be a follow-up are a question of their own."""
_MOST_TOPICS = 2
_MOST_ASPECTS = 2
_MOST_CHOICES = 3
_FOLLOW_UP = re.compile(r"^(?:那|那么|那要是|要是|如果|假如|可|但|但是|可是|不过)|呢\W*$")
_FOLLOW_UP_CHARACTERS = 14
_PARTS = re.compile(
    r"(?<=[。?？!！;；\n])|[,，、\s]+(?=(?:还有|另外|顺便|再|对了|以及|还想|也想|然后))|(?:还有就?是?|另外|顺便)"
)
_COMMAS = re.compile(r"[,，]")
_LEAST_PART = 3

Parse = Callable[[str], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Question:
    """Topic ids and aspects, likeliest or first asked first. `choices`: no topic is sure, ask which of these."""

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

    def follow_up(self, text: str, before: Question | None, ranked: Sequence[Mapping[str, Any]]) -> Question | None:
        """The question that a message without a subject asks about the topic before it; None when it stands alone."""
        if before is None or not before.topics:
            return None
        wording = self._words.read(normalise(text))
        if len(wording.subject) > 1 or not wording.aspects:
            return None
        topic = self._knowledge.topics.get(before.topics[0])
        if topic is None:
            return None
        known = [aspect for aspect in wording.aspects if aspect == PLAIN or aspect in topic.aspects]
        if not known and ranked and ranked[0]["confidence"] >= _ALONE:
            return None  # "几点下班" after a question about dogs
        return Question((topic.id,), (tuple(known) or wording.aspects)[:_MOST_ASPECTS])

    async def enquiry(
        self, text: str, ranked: Sequence[Mapping[str, Any]], parse: Parse, before: tuple[str, Question] | None
    ) -> Question | None:
        """The question of a message that is an enquiry. `before` is the question before it and its words.

        None: it names an intent of which the knowledge base has no topic.
        """
        normal = normalise(text)
        if tapped := self._knowledge.titled(text.strip()) or self._knowledge.titled(normal):
            return Question((tapped.id,), before[1].aspects if before and before[1].choices else ())
        if two := await self._two(normal, parse):
            return two
        wording = self._words.read(normal)
        topic = self._topic(ranked, normal)
        if (
            before
            and not self._sure(ranked, _ALONE)
            and _FOLLOW_UP.search(normal)
            and len(normal) <= _FOLLOW_UP_CHARACTERS
        ):
            joined = await parse(f"{before[0]}，{text}")
            if _enquires(joined) and self._sure(joined["topics"], SURE):
                topic, ranked = self._topic(joined["topics"], normal), joined["topics"]
        if self._sure(ranked, SURE):
            return Question((topic.id,), self._aspects(wording)) if topic else None
        choices = [found.title for item in ranked[:_MOST_CHOICES] if (found := self._topic([item], normal))]
        return Question(aspects=self._aspects(wording), choices=tuple(choices))

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
        if len(parts) == 1 and sum(asks(part) for part in _COMMAS.split(text)) > 1:
            parts = _COMMAS.split(text)
        parts = [part for part in parts if len(part) >= _LEAST_PART and (asks(part) or self._words.read(part).aspects)]
        if not 1 < len(parts) <= 4:
            return None
        topics: list[Topic] = []
        aspects: list[str] = []
        for part in parts:
            wording = self._words.read(part)
            aspects += wording.aspects
            if len(wording.subject) <= 1:
                continue
            read = await parse(part)
            if not _enquires(read) or not self._sure(read["topics"], SURE_OF_TWO):
                continue
            topic = self._topic(read["topics"], part)
            if topic and topic.intent not in {known.intent for known in topics}:
                topics.append(topic)
        if len(topics) < _MOST_TOPICS:
            return None
        return Question(
            tuple(topic.id for topic in topics[:_MOST_TOPICS]), tuple(dict.fromkeys(aspects))[:_MOST_ASPECTS]
        )

    def _topic(self, ranked: Sequence[Mapping[str, Any]], text: str) -> Topic | None:
        return self._knowledge.choose(str(ranked[0]["name"]), text) if ranked else None

    @staticmethod
    def _sure(ranked: Sequence[Mapping[str, Any]], least: float) -> bool:
        return bool(ranked) and float(ranked[0]["confidence"]) >= least

    @staticmethod
    def _aspects(wording: Wording) -> tuple[str, ...]:
        return wording.aspects[:_MOST_ASPECTS]


def _enquires(parse_data: Mapping[str, Any]) -> bool:
    return str(parse_data["triage"]["label"]) == "enquiry"
