"""Messages that say two things: an alarm with a question about paperwork before or after it is an alarm.

Read as one, the calm half outvotes the other. So what stands first and what stands last in a message is also read
apart from the rest; when it is plainly calm by itself and the rest is plainly an emergency by itself, danger wins
(rule 1 of the guideline). Where the halves explain each other ("that was a mistake", "in yesterday's film", "I can't
speak, I am in a library") the calm half is no enquiry, or the rest no danger in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.nlu.triage import URGENT, Triage

_BOUNDARY = re.compile(
    r"(?<=[。!！?？;；\n])\s*(?=\S)"
    r"|[,，\s]*(?=(?:另外|顺便|顺道|还有个?事|还有一?个?事|对了[,，]|再问|再一个|捎带|还想问|再就是))"
)
_LEAST = 3
"""Characters of a part: less says nothing by itself."""
_CALM = 0.8
_DANGER = 0.7
_EXPLAINED = f"{URGENT}/silent_call"
"""An alarm without a danger in it: the question beside it tells why the person cannot speak."""


def apart(text: str) -> list[tuple[str, str]]:
    """(first or last part, the rest) of a message of several parts; nothing for a message of one."""
    parts = [part for part in _BOUNDARY.split(text) if part and len(part.strip()) >= _LEAST]
    if len(parts) <= 1:
        return []
    return [(parts[0], "".join(parts[1:])), (parts[-1], "".join(parts[:-1]))]


def is_calm(part: Mapping[str, Any]) -> bool:
    """Whether a part's parse data is plainly a question or nothing to act on."""
    return _probability(part, "enquiry") + _probability(part, "other") >= _CALM


def is_danger(rest: Mapping[str, Any]) -> bool:
    """Whether the parse data of what is left is plainly an emergency by itself."""
    triage = Triage.from_json(rest["triage"])
    return _probability(rest, URGENT) >= _DANGER and triage.urgent and triage.intent != _EXPLAINED


def _probability(parse_data: Mapping[str, Any], label: str) -> float:
    ranked = {item["name"]: item["confidence"] for item in parse_data["intent_ranking"]}
    return float(ranked.get(label, 0.0))
