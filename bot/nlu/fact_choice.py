"""Which facts of a topic answer a question.

A topic's facts stand by aspect: the price, what to bring, the short answer to the matter itself. How likely a fact is
the one asked for is told by four sights of the question: the aspect that the model hears in it, the trainers' words
for an aspect, how near its meaning is to the fact's, and how many rare pieces of words it shares with the fact. What
each of them counts was fitted as a conditional logit over 3,006 questions whose facts people named (ADR 006).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.nlu.knowledge import SHORT, Knowledge, Topic
from bot.nlu.wording import NOTHING, WHOLE, Wording

Embed = Callable[[str], NDArray[np.float32]]
"""What a text means, as numbers of unit length (`bot.nlu.embedding`)."""
_HEARD, _NAMED, _NEAR, _SHARED = 0.39, 1.9, 22.1, 0.68
"""What each sight counts, in logits: an aspect's log-likelihood, its words, the meanings' cosine, shared words."""
_SHORT_UNNAMED = 1.2
"""What the short answer has before the others where a question names no aspect: 0.34 in the fit, and the rest because
residents ask for the matter itself more often than those questions did."""
_LEAST_LIKELY = 0.002
_COMPARED_LETTERS = 160
"""Of a fact: more says nothing new of what it is about."""


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

    def likeliest(self, topic: Topic, text: str, wording: Wording) -> list[Choice]:
        """The topic's facts for a question in its normal form, the likeliest first."""
        aspects = (SHORT, *topic.aspects)
        near, shared = self._nearness(topic, text, aspects), self._shared(topic, text)

        def fit(aspect: str) -> float:
            likely = wording.likelihoods
            heard = likely.get(WHOLE, 0) + likely.get(NOTHING, 0) if aspect == SHORT else likely.get(aspect, 0)
            named = _NAMED * (aspect in wording.named_aspects)
            short = _SHORT_UNNAMED * (aspect == SHORT and not wording.named_aspects)
            words = _SHARED * math.log1p(shared.get(aspect, 0.0))
            return _HEARD * math.log(max(heard, _LEAST_LIKELY)) + named + near[aspect] + words + short

        fits = {aspect: fit(aspect) for aspect in aspects}
        best = max(fits.values())
        total = sum(math.exp(value - best) for value in fits.values())
        ordered = sorted(fits, key=lambda aspect: -fits[aspect])
        return [Choice(aspect, math.exp(fits[aspect] - best) / total) for aspect in ordered]

    def _nearness(self, topic: Topic, text: str, aspects: Sequence[str]) -> Mapping[str, float]:
        if self._embed is None:
            return dict.fromkeys(aspects, 0.0)
        asked = self._embed(text)
        facts = {aspect: topic.fact(aspect).text[:_COMPARED_LETTERS] for aspect in aspects}
        return {aspect: _NEAR * float(asked @ self._embed(fact)) for aspect, fact in facts.items()}

    def _shared(self, topic: Topic, text: str) -> Mapping[str, float]:
        found = self._knowledge.shared(topic.intent, text)
        return {fact.aspect: fact.score for fact in found if fact.topic is topic}
