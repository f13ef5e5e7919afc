"""What a form asks next, and how."""

from collections.abc import Mapping
from typing import Any

from bot.nlu.field_values import in_words
from bot.nlu.forms import CONFIRMED, CONSENT, PHOTO, Field, Form

_KEPT = "发来的先替您留着（{titles}），要您答应了才往下办。"
_EITHER_WAY = "回“同意”或者直接把资料发来就开始，随时可以停、可以改。"
_ONE_WORD = "愿意办就回“同意”或者接着发，不愿意回“不办了”，都不会提交。"

_ASKED_AGAIN = "要办就回“同意”，或者接着发资料；不办回“不办了”。"


def next_slot(form: Form, filled: Mapping[str, Any]) -> str | None:
    """The first question without an answer; None when the form is complete."""
    return next((slot for slot in form.slots if filled.get(slot) is None), None)


def question(
    form: Form, slot: str, filled: Mapping[str, Any], *, again: bool = False, kept: bool = True
) -> dict[str, Any]:
    """Text and buttons of a question. The first says why, the last repeats what was filled.

    `again`: it was asked before. Why needs no saying twice, nor what is kept where nothing has come since (`kept`).
    """
    if slot == CONSENT:
        titles = "、".join(entry.title for name, entry in form.fields.items() if filled.get(name) is not None)
        held = _KEPT.format(titles=titles) if titles and kept else ""
        why, how = "" if again else f"{form.why}\n", _ONE_WORD if held else _EITHER_WAY
        return {
            "text": f"{why}{held}{_ASKED_AGAIN if again and not held else how}",
            "buttons": _buttons("同意", "不办了"),
        }
    if slot == CONFIRMED:
        lines = filled_lines(form, filled)
        told = "\n".join([f"请核对{form.title}申请：", *lines, "都对就回“确认”；哪项不对直接说，比如“手机号错了”。"])
        return {"text": told, "buttons": _buttons("确认", "不办了")}
    entry = form.fields[slot]
    place = list(form.fields).index(slot) + 1
    choices = _buttons(*entry.settings["choices"]) if entry.kind == "choice" else []
    return {"text": f"（{place}/{len(form.fields)}）{entry.ask}", "buttons": choices}


def filled_lines(form: Form, filled: Mapping[str, Any]) -> list[str]:
    """What a form holds, a line for each answer."""
    entries = (entry for entry in form.fields.values() if filled.get(entry.name) is not None)
    return [f"{entry.title}：{_shown(entry, filled[entry.name])}" for entry in entries]


def _buttons(*titles: str) -> list[dict[str, str]]:
    return [{"title": title, "payload": title} for title in titles]


def _shown(entry: Field, value: Any) -> str:
    """A value for its owner to check; of an identity number not more than it takes on a screen that others see."""
    if entry.kind == PHOTO:
        return "已收到"
    if entry.kind == "date" and (told := in_words(str(value))):
        return told
    return f"{value[:6]}********{value[-4:]}" if entry.kind == "id_number" else str(value)
