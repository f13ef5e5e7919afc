"""What becomes of a message's parse data when the conversation makes something else of it than its words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rasa.shared.core.events import Event

from bot.nlu.marked import FORM_VALUES
from bot.nlu.publication import UNCLEAR, selection
from bot.nlu.triage import URGENT, Triage, gravity
from bot.nlu.turns import ASPECT_TURNS, FORM_TURNS

ONLY_SILENCE = frozenset({f"{URGENT}/silent_call", f"{URGENT}/general_alarm"})
"""Alarms that a bare value can look like."""
ANY_REQUEST = "help_request/general_help"
"""A request that does not say what for."""
LOST = frozenset(f"other/{intent}" for intent in ("off_topic", "gibberish", "test_message", "chitchat", "media_word"))
"""What a detail of a longer story looks like when it is read by itself."""
CERTAIN = 0.8
LETTERS = re.compile(r"[^\W_]")
WORDS_BESIDE = 4
"""Letters that may stand beside the values of a form's answer: 我住, 就是, 号."""


@dataclass(frozen=True)
class Meaning:
    """A message as the conversation makes it, and what the conversation must know before it."""

    parse_data: dict[str, Any]
    before: tuple[Event, ...] = ()


def graver(alone: dict[str, Any], joined: dict[str, Any] | None) -> dict[str, Any]:
    """The graver of a message's readings, alone and together with what came before; the words stay its own."""
    if joined is None or gravity(joined["triage"]["label"]) >= gravity(alone["triage"]["label"]):
        return alone
    own = {name: alone.get(name, []) for name in ("text", "entities", FORM_TURNS, FORM_VALUES, ASPECT_TURNS)}
    return {**joined, **own}


def read_as(parse_data: dict[str, Any], triage: Triage, intent: str) -> dict[str, Any]:
    """The message as one of this intent, for people and for the dialogue."""
    read = Triage(triage.label, triage.confidence, intent, triage.evidence)
    return {
        **parse_data,
        "intent": {"name": read.label, "confidence": read.confidence},
        "triage": read.to_json(),
        "response_selector": selection(read),
    }


def dialogue(parse_data: dict[str, Any], name: str, intent: str) -> dict[str, Any]:
    """The message as an intent of the dialogue; for people it counts as the label of `intent`."""
    confidence = float(parse_data["triage"]["confidence"]) if "triage" in parse_data else 1.0
    triage = Triage(intent.partition("/")[0], confidence, intent)
    read = read_as(parse_data, triage, intent)
    return {**read, "intent": {"name": name, "confidence": 1.0}}


def unclear(parse_data: dict[str, Any], triage: Triage, danger: str = "general_alarm") -> dict[str, Any]:
    """The message as one that nobody can be sure of: its sender is asked, and a human sees it; `danger`: the kind of
    alarm that it may be."""
    doubtful = replace(triage, uncertain=True, options=(f"{URGENT}/{danger}", triage.intent))
    return {
        **parse_data,
        "intent": {"name": UNCLEAR, "confidence": 1.0},
        "triage": doubtful.to_json(),
        "response_selector": selection(doubtful),
    }


def advised(parse_data: dict[str, Any], triage: Triage) -> dict[str, Any]:
    """A message of which nobody is quite sure, as its best reading for the dialogue; for people it stays uncertain."""
    intent = {"name": triage.label, "confidence": triage.confidence}
    return {**parse_data, "intent": intent, "response_selector": selection(triage)}


def whispered(triage: Triage) -> bool:
    """Whether the model alone heard an alarm, and in it nothing but silence or a call."""
    return triage.source == "model" and triage.intent in ONLY_SILENCE


def may_be_value(parse_data: Mapping[str, Any], triage: Triage) -> bool:
    """Whether a message is no alarm, or one that a bare value can look like."""
    return not triage.urgent or (whispered(triage) and bare(parse_data))


def bare(parse_data: Mapping[str, Any]) -> bool:
    """Whether the message is values with hardly a word beside them."""
    text, entities = parse_data["text"], parse_data["entities"]
    held = {place for entity in entities for place in range(entity["start"], entity["end"])}
    beside = sum(1 for match in LETTERS.finditer(text) if match.start() not in held)
    return bool(entities) and beside <= WORDS_BESIDE
