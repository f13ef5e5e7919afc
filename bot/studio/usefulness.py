"""How much a trainer's label of a message would teach the model, from what the model thinks of it now.

Plain Python 3.10 without any library: the inbox ranks by it, and `benchmarks/review_order.py` measures it.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Thought:
    """What a model thinks of a message: P(label), the likeliest fine intents with P, falling, and the cosine similarity
    to the nearest training message."""

    labels: Mapping[str, float]
    ranked: Sequence[tuple[str, float]]
    nearest: float


def usefulness(thought: Thought, examples: Mapping[str, int]) -> float:
    """0 (the model is sure, knows the wording, or has plenty of such) to 1; `examples`: how many each intent has.

    Best-versus-second-best margin (Scheffer et al. 2001; Settles 2009, section 3.1), of the label and of the fine
    intent, and the distance to what is known: a margin alone trusts a model that has never seen such wording. All of it
    counts by how little is known of what the message may be: most doubts are about the intents that everybody writes
    of, where one example more changes nothing.
    """
    doubt = (
        0.55 * (1 - margin([share for _, share in thought.ranked]))
        + 0.25 * (1 - margin(sorted(thought.labels.values(), reverse=True)))
        + (0.2 * min(1.0, max(0.0, 1 - thought.nearest)))
    )
    return doubt * scarcity(thought.ranked, examples) ** 2


def scarcity(ranked: Sequence[tuple[str, float]], examples: Mapping[str, int]) -> float:
    """How few examples the likely intents have: 1 for none, 1/2 for as many as the middle one of all intents."""
    whole = sum(share for _, share in ranked)
    if not examples or not whole:
        return 1.0
    middle = max(1.0, statistics.median(examples.values()))
    return sum(share * middle / (middle + examples.get(intent, 0)) for intent, share in ranked) / whole


def margin(falling: Sequence[float]) -> float:
    """How far the likeliest is ahead of the next."""
    return falling[0] - falling[1] if len(falling) > 1 else 1.0
