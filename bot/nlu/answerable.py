"""How likely an answer to what comes behind a question is one that was asked for.

Something is always the likeliest; whether it is worth saying is another matter. What each sight counts was fitted as a
logistic regression over 3,301 messages behind a question from which the encoders have not learnt; a quarter of them
asks what no fact of the knowledge base answers (`nlu_data/facts_asked`, `nlu_data/follow_ups`; ADR 006).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

_BEFORE, _TOPIC, _SAME, _ANSWERED, _FACT = 0.93, 1.97, 0.11, 0.30, 2.42
"""Logits: before anything is seen; for the logarithm of P(topic); for being the last topic once more; for the logit
that some fact of the topic answers at all; for the logarithm of P(fact) among the topic's."""
_LEAST = 0.01
"""P of what is not among the likely ones."""
WORTH_SAYING = 0.4
"""How likely an answer has to be right: below it saying that one does not know serves better. From here on 92 of 100
right answers are given and 25 of 100 given ones are another than the best, some of them right as well."""
WORTH_SUPPOSING = 0.2
"""The same to be told by its name, as what was perhaps asked: of 49 answers from here to there (of 1,200 messages kept
apart) 24 are right, and seven of the questions have none; of 32 (of 800, with the next model) 9 and seven."""


@dataclass(frozen=True)
class Sight:
    """What is seen of an answer's first fact.

    `topic` and `fact` are likelihoods of 0 to 1; `answered` is a logit (`FactChoice.answered`).
    """

    topic: float
    same: bool
    answered: float
    fact: float


def likelihood(sight: Sight) -> float:
    """How likely, 0 to 1, it is that the fact answers what was asked."""
    told = _TOPIC * log(sight.topic + _LEAST) + _FACT * log(sight.fact + _LEAST)
    return 1 / (1 + exp(-(_BEFORE + told + _SAME * sight.same + _ANSWERED * sight.answered)))
