"""What is told before an application begins."""

from datetime import date
from typing import Any

from bot.nlu import forms
from bot.nlu.beforehand import Beforehand, told_before
from bot.nlu.entities import StationEntities
from bot.nlu.triage import Triage

FORMS = forms.load()
DOG, PERMIT = FORMS.forms["dog_licence_form"], FORMS.forms["residence_permit_form"]
ENTITIES = StationEntities.load()


def message(text: str, label: str = "enquiry") -> dict[str, Any]:
    return {"text": text, "triage": Triage(label, 0.9, f"{label}/any").to_json()}


def before(form: forms.Form, *messages: dict[str, Any]) -> Beforehand:
    return told_before(FORMS, form, messages, today=date(2026, 12, 1), entities=ENTITIES)


def test_that_the_breed_of_ones_own_dog_is_kept() -> None:
    assert before(DOG, message("我家养个小泰迪 听说不上牌子罚钱 真的假的")).values == {"dog_breed": "泰迪"}
    assert before(DOG, message("泰迪要办证吗")).values == {}


def test_that_of_two_dogs_nobody_guesses_one() -> None:
    assert before(DOG, message("我家有只博美"), message("我家俩狗能一起办吗 一只博美一只雪纳瑞")).values == {}


def test_that_where_somebody_comes_from_is_kept() -> None:
    told = before(PERMIT, message("好的"), message("我吉林榆树的 用不用办居住证啊"))
    assert told.values == {"household_place": "吉林榆树"}


def test_that_what_was_told_as_a_tip_or_in_an_alarm_is_not_ones_own() -> None:
    assert before(DOG, message("我家楼上养了只藏獒", "tip"), message("我家的泰迪丢了", "help_request")).values == {}


def test_that_less_than_half_a_year_is_remembered() -> None:
    assert "2027年3月1日" in before(PERMIT, message("我才来沈阳三个月能办居住证不")).too_early


def test_that_of_two_grounds_nobody_guesses_one() -> None:
    assert before(PERMIT, message("我在工地干活 租的房子算不算")).values == {}
