"""What a form asks, and how."""

from typing import Any

from actions.form_questions import next_slot, question
from bot.nlu import forms

FORMS = forms.load().forms
DOG, PERMIT = FORMS["dog_licence_form"], FORMS["residence_permit_form"]
NUMBER = "210104198603070013"
FILLED = {"name": "赵小满", "id_number": NUMBER, "phone": "13800138021", "photo_dog_front": "17"}


def titles(asked: dict[str, Any]) -> list[str]:
    return [button["title"] for button in asked["buttons"]]


def test_that_a_form_begins_with_why_and_asks_for_consent() -> None:
    for form in FORMS.values():
        slot = next_slot(form, {})
        assert slot == "consent"
        asked = question(form, slot, {})
        assert form.why in asked["text"]
        assert titles(asked) == ["同意", "不办了"]


def test_that_every_question_of_a_form_says_how_far_it_is() -> None:
    for form in FORMS.values():
        for number, entry in enumerate(form.fields.values(), 1):
            asked = question(form, entry.name, {})
            assert asked["text"] == f"（{number}/{len(form.fields)}）{entry.ask}"
    assert titles(question(PERMIT, "ground", {})) == ["上班", "有稳定住处", "上学"]


def test_that_the_summary_shows_everything_but_the_identity_numbers_middle() -> None:
    summary = question(DOG, "confirmed", FILLED)
    assert NUMBER not in summary["text"]
    for line in ("姓名：赵小满", "身份证号：210104********0013", "手机号：13800138021", "狗的正面照：已收到"):
        assert line in summary["text"].splitlines()
    assert titles(summary) == ["确认", "不办了"]
