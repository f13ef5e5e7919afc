"""Which facts of a topic answer a question.

A topic's facts stand by aspect: the price, what to bring, the short answer to the matter itself. How likely a fact is
the one asked for is told by four sights of the question: the aspect that the model hears in it, the trainers' words
for an aspect, how well the encoder that was taught facts puts both together, and how many rare pieces of words it
shares with the fact. What each of them counts was fitted as a conditional logit over the 3,249 messages of
`nlu_data/facts_asked` from which that encoder has not learnt (ADR 006).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bot.nlu.e5.weights import Singles
from bot.nlu.knowledge import SHORT, Knowledge, Topic
from bot.nlu.wording import NOTHING, WHOLE, Wording

Embed = Callable[[str], Singles]
"""What a text asks for or tells, as numbers whose product is in logits (`bot.nlu.embedding.meaning_of`)."""
_HEARD, _NAMED, _NEAR, _SHARED = 0.19, 0.77, 0.79, 0.67
"""What each sight counts, in logits: an aspect's log-likelihood, its words, the meanings' product, shared words."""
_NOTHING, _NOTHING_BEHIND = 9.37, 14.67
"""The product of meanings that an answer by none of a topic's facts has, for a question by itself and for one read
behind the last; learnt with the meanings."""
_SHORT_AT_FIRST = 0.6
"""What the short answer has before the others where a question that stands by itself names no aspect; nothing in the
fit, but whoever begins with a story wants the matter itself told."""
_LEAST_LIKELY = 0.002
_BY_TOPIC, _BY_FACTS, _TOPICS, _LEAST_TOPIC = 0.7, 0.5, 12, 1e-4
"""What the logarithm of P(topic) counts beside how well any of its facts answers, for how many topics that is seen, and
the least P: of 800 first questions kept apart 61 % find their topic so, by the topics alone 55 %."""
_BY_TOPIC_BEHIND, _BY_FACTS_BEHIND = 1.0, 0.2
"""The same behind a question (see `bot.nlu.following`)."""


@dataclass(frozen=True)
class Choice:
    """One fact of a topic, by its aspect, and how likely it is what was asked for."""

    aspect: str
    likelihood: float


class FactChoice:
    """Compares the facts of a topic."""

    def __init__(self, knowledge: Knowledge, embed: Embed | None = None) -> None:
        """Without `embed` meanings are not compared."""
        self._knowledge, self._embed = knowledge, embed

    @property
    def compares(self) -> bool:
        """Whether meanings are compared."""
        return self._embed is not None

    def likeliest(self, topic: Topic, text: str, wording: Wording, behind: str = "") -> list[Choice]:
        """The topic's facts for a question in its normal form, the likeliest first; `behind`: the same as it is read
        behind a question about this topic, if it comes behind one."""
        aspects = (SHORT, *topic.aspects)
        near, shared = self._nearness(topic, behind or text), self._shared(topic, text)

        def fit(aspect: str) -> float:
            likely = wording.likelihoods
            heard = likely.get(WHOLE, 0) + likely.get(NOTHING, 0) if aspect == SHORT else likely.get(aspect, 0)
            named = _NAMED * (aspect in wording.named_aspects)
            words = _SHARED * math.log1p(shared.get(aspect, 0.0))
            whole = _SHORT_AT_FIRST * (aspect == SHORT and not behind and not wording.named_aspects)
            return _HEARD * math.log(max(heard, _LEAST_LIKELY)) + named + _NEAR * near[aspect] + words + whole

        fits = {aspect: fit(aspect) for aspect in aspects}
        whole = _log_sum(fits.values())
        ordered = sorted(fits, key=lambda aspect: -fits[aspect])
        return [Choice(aspect, math.exp(fits[aspect] - whole)) for aspect in ordered]

    def by_facts(self, likely: list[tuple[Topic, float]], text: str, behind: str = "") -> list[tuple[Topic, float]]:
        """The likeliest topics once more with their P, as their facts answer a text in its normal form; `behind`: as it
        is read behind a question."""
        if self._embed is None or len(likely) < 2:
            return likely
        near = [(topic, share, self.answered(topic, text, behind) or 0.0) for topic, share in likely[:_TOPICS]]
        by_topic, by_facts = (_BY_TOPIC_BEHIND, _BY_FACTS_BEHIND) if behind else (_BY_TOPIC, _BY_FACTS)
        scores = [by_topic * math.log(share + _LEAST_TOPIC) + by_facts * answers for _, share, answers in near]
        whole = _log_sum(scores)
        found = [(topic, math.exp(score - whole)) for (topic, _, _), score in zip(near, scores, strict=True)]
        return sorted(found, key=lambda one: -one[1])

    def answered(self, topic: Topic, text: str, behind: str = "") -> float | None:
        """How much likelier it is that some fact of the topic answers a question than that none does, in logits; None
        where meanings are not compared."""
        if self._embed is None:
            return None
        return _log_sum(self._nearness(topic, behind or text).values()) - (_NOTHING_BEHIND if behind else _NOTHING)

    def _nearness(self, topic: Topic, text: str) -> Mapping[str, float]:
        aspects = (SHORT, *topic.aspects)
        if self._embed is None:
            return dict.fromkeys(aspects, 0.0)
        asked = self._embed(text)
        return {name: float(asked @ self._embed(topic.compared(name))) for name in aspects}

    def _shared(self, topic: Topic, text: str) -> Mapping[str, float]:
        found = self._knowledge.shared(topic.intent, text)
        return {fact.aspect: fact.score for fact in found if fact.topic is topic}


def _log_sum(logits: Collection[float]) -> float:
    most = max(logits)
    return most + math.log(sum(math.exp(logit - most) for logit in logits))
