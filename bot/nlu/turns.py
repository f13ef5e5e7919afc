"""What a message would mean further on in a conversation, as it travels: while a form is filled in ("I must look for
it", "what do you need that for?"), and behind an answer ("and what must I bring?")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FORM_TURNS = "form_turns"
"""Message property that reaches the parse data: the turns of a form that a message may be, the likeliest first."""
ASPECT_TURNS = "aspect_turns"
"""The same of a question: which aspect of its matter a message may ask for."""
TALK_TURNS = "talk_turns"
"""The same of a further message of a calm matter: whether it is an emergency (`bot.nlu.turning_point`)."""
ALARM_ASKED = "alarm_asked"
"""In a message's parse data: which of the questions asked while help is on its way it may be (`KnownQuestions`)."""
FORM_ASKED = "form_asked"
"""The same of the questions that are asked while a form is filled in."""
QUESTION_TURN, WISH_TURN = "question", "wish"
"""The turns of a form that ask about its matter or another, and that want to begin it."""
SURE, LIKELY = 0.75, 0.4
"""How likely a turn of a form has to be to overrule words, and to be taken where they tell nothing."""


@dataclass(frozen=True)
class Turn:
    """One thing that a message may mean there, and how likely."""

    name: str
    confidence: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"name": self.name, "confidence": self.confidence}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Turn:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError."""
        return cls(str(data["name"]), float(data["confidence"]))


def turns_in(parse_data: Mapping[str, Any], told_as: str) -> list[Turn]:
    """The turns in a message's parse data, none where no model has read it. `told_as`: the property that has them."""
    return [Turn.from_json(turn) for turn in parse_data.get(told_as) or ()]


def is_surely(turns: Sequence[Turn], *names: str, at: float = SURE) -> bool:
    """Whether the likeliest of a form's turns, which stands first, is one of these and as likely as `at`."""
    return bool(turns) and turns[0].name in names and turns[0].confidence >= at
