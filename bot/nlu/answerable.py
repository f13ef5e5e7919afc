"""How likely an answer to what comes behind a question is one that was asked for.

Something is always the likeliest; whether it is worth saying is another matter. What each sight counts was fitted as a
logistic regression over 426 answers that people had judged in their conversations, two fifths as beside the point
(ADR 006).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, log1p

_BEFORE, _LIKELY, _SAME, _HEARD, _NAMED, _SHARED = 0.94, 0.75, -1.40, 0.12, 1.05, 0.28
"""Logits: before anything is seen; for the logarithm of P(topic); for being the last topic once more, which is told to
whatever says little; for the logarithm of P(aspect); for the trainers' words for it; for words shared with the fact."""
_LEAST = 0.01
"""P of what is not among the likely ones."""
WORTH_SAYING = 0.5
"""How likely an answer has to be right or nearly so: below it saying that one does not know serves better."""


@dataclass(frozen=True)
class Sight:
    """What is seen of an answer's first fact.

    `topic` and `aspect` are likelihoods of 0 to 1, `aspect` to the model; `shared` is a score by shared words
    (`Knowledge.shared`).
    """

    topic: float
    same: bool
    aspect: float
    named: bool
    shared: float


def likelihood(sight: Sight) -> float:
    """How likely, 0 to 1, it is that the fact answers what was asked."""
    topic, aspect = _LIKELY * log(sight.topic + _LEAST), _HEARD * log(sight.aspect + _LEAST)
    logit = _BEFORE + topic + _SAME * sight.same + aspect + _NAMED * sight.named + _SHARED * log1p(sight.shared)
    return 1 / (1 + exp(-logit))
