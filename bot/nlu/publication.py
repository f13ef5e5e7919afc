"""How a triage travels on a Rasa message: the properties that policies, actions and the channel read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.nlu.constants import RESPONSE_SELECTOR_PROPERTY_NAME, TOKENS_NAMES
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.triage import LABELS, Triage

RAW_TEXT = "raw_text"
"""Message property: what the resident typed. TEXT holds the normal form while the pipeline runs."""

TRIAGE = "triage"
"""Message property that reaches the parse data: `Triage.to_json()`."""

MODEL_TRIAGE = "model_triage"
"""Message property: what the model said before the safety net; only the evaluation reads it."""

TOPICS = "topics"
"""Message property that reaches the parse data: the likeliest enquiry intents, as `{name, confidence, fits}` with
P(intent | enquiry) and how well the intent's topics fit (`bot.nlu.knowledge.FITS`)."""

FINE_RANKING = "fine_ranking"
"""Message property that reaches the parse data: the likeliest fine intents by the model alone, as [intent, P]."""

NEAREST = "nearest"
"""Message property that reaches the parse data: cosine similarity to the nearest training message, -1 to 1."""

READING = "reading"
"""In parse data: the Chinese that a message in pinyin stands for."""
QUESTION = "question"
"""Key of the parse data, set by the channel: `Question.to_json()`."""

UNCLEAR = "nlu_fallback"
"""Rasa's own intent for "not understood well enough": a rule answers it with one short question."""


def words_of(message: Message) -> list[tuple[str, int]]:
    """The message's words and where each begins."""
    return [(token.text, token.start) for token in message.get(TOKENS_NAMES[TEXT]) or ()]


def publish(message: Message, triage: Triage, ranking: Sequence[dict[str, Any]] | None = None) -> None:
    """Put a triage on a message: the label as intent, the fine intent as the response to retrieve.

    Without `ranking` the message keeps the ranking that it has.
    """
    top = {"name": triage.label, "confidence": triage.confidence}
    ranked = [item for item in ranking or message.get(INTENT_RANKING_KEY) or [] if item["name"] != UNCLEAR]
    if triage.uncertain:
        top = {"name": UNCLEAR, "confidence": 1.0}
        ranked = [top, *ranked]
    message.set(INTENT, top, add_to_output=True)
    message.set(INTENT_RANKING_KEY, ranked, add_to_output=True)
    message.set(RESPONSE_SELECTOR_PROPERTY_NAME, selection(triage), add_to_output=True)
    message.set(TRIAGE, triage.to_json(), add_to_output=True)


def selection(triage: Triage) -> dict[str, Any]:
    """The answer to retrieve, in the shape that Rasa's response selectors give it."""
    response = {
        "responses": [],
        "confidence": triage.confidence,
        "intent_response_key": triage.intent,
        "utter_action": f"utter_{triage.intent}",
    }
    return {"all_retrieval_intents": list(LABELS), triage.label: {"response": response, "ranking": []}}
