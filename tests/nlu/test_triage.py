"""The verdict on a message and its JSON shape."""

import pytest

from bot.nlu.triage import LABELS, Evidence, Triage, gravity


def test_that_labels_are_in_the_order_of_the_guideline() -> None:
    assert LABELS == ("urgent_alarm", "help_request", "tip", "enquiry", "other")
    assert gravity("urgent_alarm") < gravity("other")


def test_that_a_triage_survives_the_way_through_json() -> None:
    triage = Triage(
        label="urgent_alarm",
        confidence=0.9123,
        intent="urgent_alarm/robbery",
        evidence=(Evidence("robbery", ("抢", "包")),),
        source="net",
        silent=True,
    )
    assert Triage.from_json(triage.to_json()) == triage


def test_that_an_unknown_label_is_refused() -> None:
    with pytest.raises(ValueError, match="no label"):
        Triage("panic", 1.0, "")


def test_that_an_unknown_source_is_refused() -> None:
    with pytest.raises(ValueError, match="no source"):
        Triage.from_json({"label": "tip", "confidence": 1, "source": "oracle"})
