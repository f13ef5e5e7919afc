"""Whether a further message of a calm matter is an emergency: by the classifier and by what follows calm matters."""

from typing import Any

import pytest

from bot.nlu.triage import Triage
from bot.nlu.turning_point import DANGER, TURN, danger
from bot.nlu.turns import TALK_TURNS, Turn


def read(urgent: float, *heard: float) -> dict[str, Any]:
    """What was read in a message: P(urgent), and what the machine of further messages hears."""
    label = "urgent_alarm" if urgent >= 0.2 else "enquiry"
    triage = Triage(label, max(urgent, 1 - urgent), f"{label}/x") if label == "enquiry" else Triage(label, urgent, "x")
    ranked = [{"name": "urgent_alarm", "confidence": urgent}]
    turns = [Turn(TURN, share).to_json() for share in heard]
    return {"triage": triage.to_json(), "intent_ranking": ranked, TALK_TURNS: turns}


def test_that_what_is_heard_counts_beside_the_classifier() -> None:
    assert danger(read(0.6, 0.6)) < danger(read(0.9, 0.6))
    assert danger(read(0.6, 0.6)) < danger(read(0.6, 0.9))


def test_that_a_sure_alarm_needs_calm_words_of_a_further_message_to_be_none() -> None:
    assert danger(read(0.85, 0.02)) < DANGER < danger(read(0.85, 0.2))
    assert danger(read(0.91, 0.02)) == 0.91
    assert danger(read(0.97, 0.02), in_form=True) < DANGER


@pytest.mark.parametrize("urgent", [0.03, 0.5, 0.9])
def test_that_a_model_without_that_machine_tells_what_the_classifier_says(urgent: float) -> None:
    assert danger(read(urgent)) == pytest.approx(urgent)
