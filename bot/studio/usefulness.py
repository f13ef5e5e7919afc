"""How much a trainer's label of a message would teach the model, from what the model thinks of it now.

Plain Python 3.10 without any library: the inbox ranks by it, and `benchmarks/review_order.py` measures it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Thought:
    """What a model thinks of a message: P(label), P of the likeliest fine intents falling, and the cosine similarity
    to the nearest training message."""

    labels: Mapping[str, float]
    ranked: Sequence[float]
    nearest: float


def usefulness(thought: Thought) -> float:
    """0 (the model is sure, and knows the wording) to 1.

    Best-versus-second-best margin (Scheffer et al. 2001; Settles 2009, section 3.1), of the label and of the fine
    intent, and the distance to what is known: a margin alone trusts a model that has never seen such wording.
    """
    return (
        0.55 * (1 - margin(thought.ranked))
        + 0.25 * (1 - margin(sorted(thought.labels.values(), reverse=True)))
        + (0.2 * min(1.0, max(0.0, 1 - thought.nearest)))
    )


def margin(falling: Sequence[float]) -> float:
    """How far the likeliest is ahead of the next."""
    return falling[0] - falling[1] if len(falling) > 1 else 1.0
