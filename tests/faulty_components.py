"""Components of models that pass every trial and then fail the residents. Rasa's server loads them."""

from __future__ import annotations

import time
from typing import Any

from bot.nlu.classifier import TriageClassifier
from bot.nlu.components import ChineseNormaliser
from bot.nlu.publication import TRIAGE, publish
from bot.nlu.triage import Triage

STUMBLES_FROM = 12
"""Characters; what a model is tried out with (`bot.nlu.live_model`) is shorter."""
SLOW_SECONDS = 1.5


class Deaf(TriageClassifier):
    """Takes every emergency for chatter."""

    def process(self, messages: list[Any]) -> list[Any]:
        for message in super().process(messages):
            if message.get(TRIAGE) and Triage.from_json(message.get(TRIAGE)).urgent:
                publish(message, Triage("other", 0.9, "other/gibberish"))
        return messages


class Stumbling(ChineseNormaliser):
    """Fails over every message that is not short."""

    def process(self, messages: list[Any]) -> list[Any]:
        if any(len(message.get("text") or "") >= STUMBLES_FROM for message in messages):
            raise ValueError("too long for me")
        return super().process(messages)


class Slow(ChineseNormaliser):
    """Takes its time."""

    def process(self, messages: list[Any]) -> list[Any]:
        time.sleep(SLOW_SECONDS)
        return super().process(messages)
