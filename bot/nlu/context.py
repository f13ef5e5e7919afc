"""What the conversation so far says about a message: which question it answers.

Two questions change how a message is read. The clarifying question: its one-tap answer decides about the message
that was unclear, not about the words on the button. A form's question: "大东路1号" as the answer to "where do you
live?" is an address, not somebody whispering where to come. An alarm in plain words stays an alarm in both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.publication import selection
from bot.nlu.triage import URGENT, Triage

ONLY_SILENCE = frozenset({f"{URGENT}/silent_call", f"{URGENT}/general_alarm"})
"""Alarms that a bare value can look like."""
_WORDS_BESIDE = 4
"""Letters that may stand beside the values of a form's answer: 我住, 就是, 号."""
_LETTERS = re.compile(r"[^\W_]")


def needs_history(parse_data: Mapping[str, Any]) -> bool:
    """Whether the conversation can change how this message is read."""
    triage = Triage.from_json(parse_data["triage"])
    return triage.chosen or (triage.source == "model" and triage.intent in ONLY_SILENCE and _bare(parse_data))


def in_context(parse_data: dict[str, Any], tracker: DialogueStateTracker) -> dict[str, Any]:
    """The message as the conversation makes it; unchanged where it answers no question."""
    triage = Triage.from_json(parse_data["triage"])
    if triage.chosen:
        asked = _unclear_message(tracker)
        meant = [option for option in asked.options if option.startswith(f"{triage.label}/")] if asked else []
        return _read_as(parse_data, triage, meant[0]) if meant else parse_data
    if tracker.active_loop_name and tracker.get_slot("requested_slot"):
        return _read_as(parse_data, Triage("enquiry", triage.confidence, ""), "enquiry/bot_services")
    return parse_data


def _unclear_message(tracker: DialogueStateTracker) -> Triage | None:
    """The last message that was asked about; None when it has been answered already."""
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered) and event.parse_data and "triage" in event.parse_data:
            triage = Triage.from_json(event.parse_data["triage"])
            if triage.chosen:
                return None
            if triage.uncertain:
                return triage
    return None


def _bare(parse_data: Mapping[str, Any]) -> bool:
    """Whether the message is values with hardly a word beside them."""
    text, entities = parse_data["text"], parse_data["entities"]
    held = {place for entity in entities for place in range(entity["start"], entity["end"])}
    beside = sum(1 for match in _LETTERS.finditer(text) if match.start() not in held)
    return bool(entities) and beside <= _WORDS_BESIDE


def _read_as(parse_data: dict[str, Any], triage: Triage, intent: str) -> dict[str, Any]:
    read = Triage(triage.label, triage.confidence, intent, triage.evidence)
    return {
        **parse_data,
        "intent": {"name": read.label, "confidence": read.confidence},
        "triage": read.to_json(),
        "response_selector": selection(read),
    }
