"""What the conversation says about a message."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.shared.core.events import ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.context import in_context, needs_history
from bot.nlu.publication import selection
from bot.nlu.triage import ONE_TAP, Evidence, Triage

UNCLEAR = Triage(
    "enquiry",
    0.5,
    "enquiry/household_spouse",
    uncertain=True,
    options=("enquiry/household_spouse", "urgent_alarm/domestic_violence", "help_request/family_dispute"),
)


def read(text: str, triage: Triage, *entities: tuple[str, int, int]) -> dict[str, Any]:
    return {
        "text": text,
        "intent": {"name": triage.label, "confidence": triage.confidence},
        "entities": [{"entity": kind, "start": start, "end": end} for kind, start, end in entities],
        "triage": triage.to_json(),
        "response_selector": selection(triage),
    }


def tap(title: str, label: str) -> dict[str, Any]:
    return read(title, Triage(label, 1.0, f"{label}/general", (Evidence(ONE_TAP, (title,)),)))


def conversation(*events: Any) -> DialogueStateTracker:
    tracker = DialogueStateTracker("a", [AnySlot("requested_slot", mappings=[])])
    for event in events:
        tracker.update(event)
    return tracker


def said(triage: Triage) -> UserUttered:
    return UserUttered("…", parse_data={"triage": triage.to_json(), "intent": {"name": triage.label}, "entities": []})


def test_that_a_tap_decides_about_the_message_that_was_unclear() -> None:
    parse_data = in_context(tap("现在有危险", "urgent_alarm"), conversation(said(UNCLEAR)))
    assert parse_data["triage"]["intent"] == "urgent_alarm/domestic_violence"
    assert parse_data["triage"]["evidence"] == [{"rule": ONE_TAP, "words": ["现在有危险"]}]
    chosen = parse_data["response_selector"]["urgent_alarm"]["response"]
    assert chosen["utter_action"] == "utter_urgent_alarm/domestic_violence"


def test_that_a_tap_answers_the_latest_unclear_message_once() -> None:
    answered = Triage("enquiry", 1.0, "enquiry/household_spouse", (Evidence(ONE_TAP, ("咨询办事",)),))
    again = tap("现在有危险", "urgent_alarm")
    assert in_context(again, conversation(said(UNCLEAR), said(answered))) == again


def test_that_a_tap_without_a_question_keeps_its_own_meaning() -> None:
    alone = tap("咨询办事", "enquiry")
    assert needs_history(alone)
    assert in_context(alone, conversation()) == alone


def test_that_an_address_answers_the_forms_question() -> None:
    address = read("我住大东路1号", Triage("urgent_alarm", 0.4, "urgent_alarm/silent_call"), ("place", 2, 7))
    form = conversation(ActiveLoop("dog_licence_form"), SlotSet("requested_slot", "address"))
    assert needs_history(address)
    assert in_context(address, form)["triage"]["label"] == "enquiry"
    assert in_context(address, conversation())["triage"]["label"] == "urgent_alarm"


@pytest.mark.parametrize(
    "parse_data",
    [
        read("救命 大东路1号", Triage("urgent_alarm", 0.9, "urgent_alarm/silent_call", source="net"), ("place", 3, 8)),
        read(
            "他拿刀堵在大东路1号我家门口不让我出去",
            Triage("urgent_alarm", 0.9, "urgent_alarm/silent_call"),
            ("place", 5, 10),
        ),
        read("大东路1号着火", Triage("urgent_alarm", 0.9, "urgent_alarm/fire"), ("place", 0, 5)),
        read("快来", Triage("urgent_alarm", 0.9, "urgent_alarm/silent_call")),
    ],
)
def test_that_an_alarm_in_words_is_never_taken_for_a_forms_answer(parse_data: dict[str, Any]) -> None:
    assert not needs_history(parse_data)
