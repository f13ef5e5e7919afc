"""What a further message of an alarm means ("she is unconscious now", "can I send pictures?"), as it travels."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TURNS = "turns"
"""Message property that reaches the parse data: the turns that a message may be, the likeliest first."""


@dataclass(frozen=True)
class Turn:
    """One thing that a message may mean in an alarm, and how likely."""

    name: str
    confidence: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"name": self.name, "confidence": self.confidence}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Turn:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError."""
        return cls(str(data["name"]), float(data["confidence"]))


def likeliest(turns: Sequence[Turn], possible: Container[str]) -> Turn | None:
    """The likeliest of the turns that are possible at all, with its likelihood among them."""
    among = [turn for turn in turns if turn.name in possible]
    if not among:
        return None
    best = max(among, key=lambda turn: turn.confidence)
    return Turn(best.name, best.confidence / sum(turn.confidence for turn in among))
