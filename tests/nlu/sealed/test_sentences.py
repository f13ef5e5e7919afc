"""Messages that say two things."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rasa")

from bot.nlu.sentences import apart, is_calm, is_danger
from bot.nlu.triage import Triage


def read(label: str, intent: str, probability: float = 0.95) -> dict[str, Any]:
    ranking = [{"name": label, "confidence": probability}]
    return {"triage": Triage(label, probability, intent).to_json(), "intent_ranking": ranking}


ASKS = read("enquiry", "enquiry/idcard_time")
DANGER = read("urgent_alarm", "urgent_alarm/assault")


def test_that_first_and_last_part_are_read_apart_from_the_rest() -> None:
    assert apart("他打我妈。流血了。另外问下居住证到期咋办") == [
        ("他打我妈。", "流血了。另外问下居住证到期咋办"),
        ("另外问下居住证到期咋办", "他打我妈。流血了。"),
    ]
    assert apart("有人撬门，顺便问问周六上班吗")[1] == ("顺便问问周六上班吗", "有人撬门")
    assert apart("身份证丢了去哪补办") == []


def test_that_danger_wins_beside_a_plain_question() -> None:
    assert is_calm(ASKS)
    assert is_danger(DANGER)


@pytest.mark.parametrize(
    ("part", "rest"),
    [
        (read("help_request", "help_request/correction"), DANGER),
        (ASKS, read("urgent_alarm", "urgent_alarm/silent_call")),
        (ASKS, read("urgent_alarm", "urgent_alarm/assault", 0.5)),
        (read("enquiry", "enquiry/idcard_time", 0.6), DANGER),
    ],
)
def test_that_halves_that_explain_each_other_stay_one(part: dict[str, Any], rest: dict[str, Any]) -> None:
    assert not (is_calm(part) and is_danger(rest))
