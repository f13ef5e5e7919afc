"""The safety net behind the classifier: what a finding does, by how sure the classifier is."""

from pathlib import Path
from typing import Any

import pytest
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.components import SafetyNetRaiser
from bot.nlu.publication import MODEL_TRIAGE, TRIAGE, UNCLEAR, publish
from bot.nlu.safety_net import SafetyNet
from bot.nlu.triage import LABELS, URGENT, Triage

NET = SafetyNet.load(Path("nlu_data/safety_net.yml"))
ARMED = "有人拿刀在楼下砍人"


def raised_by_net(text: str, triage: Triage, urgency: float) -> Message:
    """A message as the classifier read it, after the net; `urgency`: its P(urgent)."""
    message = Message(data={TEXT: text})
    shares = dict.fromkeys(LABELS, 0.0) | {triage.label: 1 - urgency, URGENT: urgency}
    publish(message, triage, [{"name": label, "confidence": share} for label, share in shares.items()])
    storage: Any = None  # nothing is loaded or kept
    SafetyNetRaiser(NET, 0.005, storage, Resource("net"), Path()).process([message])
    return message


def test_that_a_finding_raises_what_the_model_only_thinks_is_calm() -> None:
    message = raised_by_net(ARMED, Triage("other", 0.9, "other/fiction"), urgency=0.006)
    triage = Triage.from_json(message.get(TRIAGE))
    assert (triage.label, triage.source, triage.uncertain) == (URGENT, "net", False)
    assert "刀" in triage.evidence[0].words


def test_that_a_finding_in_what_the_model_is_sure_is_calm_is_asked_about() -> None:
    message = raised_by_net(ARMED, Triage("other", 0.99, "other/fiction"), urgency=0.004)
    triage = Triage.from_json(message.get(TRIAGE))
    assert (triage.label, triage.uncertain, triage.seen_by_net) == ("other", True, True)
    assert triage.options == (f"{URGENT}/armed_threat", "other/fiction")
    assert message.get(INTENT)["name"] == UNCLEAR
    assert Triage.from_json(message.get(MODEL_TRIAGE)) == Triage("other", 0.99, "other/fiction")


def test_that_an_alarm_of_the_models_own_gets_the_words_of_the_net() -> None:
    message = raised_by_net(ARMED, Triage(URGENT, 0.9, f"{URGENT}/armed_threat"), urgency=0.9)
    triage = Triage.from_json(message.get(TRIAGE))
    assert (triage.urgent, triage.uncertain, triage.seen_by_net) == (True, False, True)


@pytest.mark.parametrize("urgency", [0.0, 0.1])
def test_that_without_a_finding_nothing_changes(urgency: float) -> None:
    calm = Triage("enquiry", 1 - urgency, "enquiry/hours")
    message = raised_by_net("周六上班吗", calm, urgency)
    assert message.get(TRIAGE) == calm.to_json()
    assert message.get(INTENT_RANKING_KEY)[0]["name"] == URGENT
