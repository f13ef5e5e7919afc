"""The verdict on one message: the label decides who must act, the fine intent picks the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

URGENT = "urgent_alarm"

LABELS: tuple[str, ...] = (URGENT, "help_request", "tip", "enquiry", "other")
"""The five labels of the triage guideline, gravest first. A message that fits two takes the earlier one."""

CASE_LABELS = LABELS[:3]
"""Labels for which a human must act; enquiry and other open no case."""

Source = Literal["model", "net"]

WITH_THE_ODDS = 0.5
"""P(alarm) from which a message is more likely one than none; it is paged for far below (ADR 005)."""
FORCED = "forced_word"
"""The safety net's rule of who was made to write that all is well."""
ONE_TAP = "one_tap"
"""The rule of the evidence that a resident gave by answering the clarifying question with a tap."""


def gravity(label: str) -> int:
    """Rank of a label: 0 is the gravest. Raises ValueError for a name that is no label."""
    return LABELS.index(label)


def label_of(intent: str) -> str:
    """The label that a fine intent belongs to."""
    return intent.partition("/")[0]


@dataclass(frozen=True)
class Evidence:
    """Why a label was given: a rule of the safety net, or "model", and the resident's words that carried it."""

    rule: str
    words: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types."""
        return {"rule": self.rule, "words": list(self.words)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evidence:
        """The inverse of `to_json`."""
        return cls(rule=str(data["rule"]), words=tuple(str(word) for word in data["words"]))


@dataclass(frozen=True)
class Triage:
    """What a message is, how sure that is, and why.

    `confidence` is P(label) in 0..1. `intent` is the full name ("urgent_alarm/robbery").
    `source` says who decided the label. `uncertain` asks for one short question to the resident;
    `label` stays the best guess, and `options` holds the likeliest intent of each label, likeliest first, from which
    the answer picks. `silent` means: the person cannot speak, so do not call back.
    """

    label: str
    confidence: float
    intent: str
    evidence: tuple[Evidence, ...] = ()
    source: Source = "model"
    uncertain: bool = False
    silent: bool = False
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise ValueError(f"{self.label!r} is no label; the labels are {', '.join(LABELS)}")

    @property
    def urgent(self) -> bool:
        """Whether a human must be paged now."""
        return self.label == URGENT

    @property
    def seen_by_net(self) -> bool:
        """Whether more than the model speaks for it: the net decided, or its rule and words are among the evidence."""
        return self.source == "net" or any(item.rule != "model" for item in self.evidence)

    @property
    def doubted(self) -> bool:
        """Whether the net found words of danger in what the model is sure is calm (`bot.nlu.components.doubted`)."""
        return self.source == "model" and self.uncertain and not self.urgent and self.seen_by_net and not self.chosen

    def fainter_than(self, confidence: float) -> bool:
        """Whether the model alone speaks for it, and with less than this."""
        return self.confidence < confidence and not self.seen_by_net

    @property
    def chosen(self) -> bool:
        """Whether the resident chose the label by a one-tap answer."""
        return any(item.rule == ONE_TAP for item in self.evidence)

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types, as the channel sends it."""
        return {
            "label": self.label,
            "confidence": round(self.confidence, 4),
            "intent": self.intent,
            "evidence": [item.to_json() for item in self.evidence],
            "source": self.source,
            "uncertain": self.uncertain,
            "silent": self.silent,
            "options": list(self.options),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Triage:
        """The inverse of `to_json`. Raises KeyError or ValueError when the data is not a triage."""
        if data.get("source", "model") not in ("model", "net"):
            raise ValueError(f"{data['source']!r} is no source of a triage; it is 'model' or 'net'")
        return cls(
            label=str(data["label"]),
            confidence=float(data["confidence"]),
            intent=str(data.get("intent", "")),
            evidence=tuple(Evidence.from_json(item) for item in data.get("evidence", ())),
            source=cast(Source, data.get("source", "model")),
            uncertain=bool(data.get("uncertain", False)),
            silent=bool(data.get("silent", False)),
            options=tuple(str(option) for option in data.get("options", ())),
        )
