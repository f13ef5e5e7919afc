"""What a resident told before an application began, and is not to be asked for again: 我家养个小泰迪, 我吉林榆树的."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.nlu import field_values
from bot.nlu.entities import StationEntities
from bot.nlu.field_values import TOO_EARLY
from bot.nlu.form_reader import Heard, Reading, read
from bot.nlu.forms import CONSENT, FORM_ANSWER, Field, Form, Forms
from bot.nlu.marked import Tagged, values_in
from bot.nlu.normaliser import normalise
from bot.nlu.triage import Triage
from bot.nlu.turns import Turn

MESSAGES, SECONDS = 6, 30 * 60
"""How many messages back, and for how long, something told counts."""
_SURELY = 0.75
_OWN_DOG = re.compile("(?:我|俺|咱|家里)(?:们)?家?里?(?:养|有|的|那|这|是|就|只|条|个|一|新|刚|买|小|狗)")
_COMES_FROM = re.compile("我|俺|咱|老家|户口|户籍|过来|来的|人")
_NUMBERS = frozenset({"id_number", "phone"})
_STATES = (Turn("answer", 1.0),)
"""A message is read as a statement: that it asks something as well makes no question of what it tells."""


@dataclass
class Beforehand:
    """What was told before: values by field, and why the form cannot be filled in yet."""

    values: dict[str, Any] = field(default_factory=dict)
    too_early: str = ""


def told_before(
    forms: Forms, form: Form, said: Iterable[Mapping[str, Any]], *, today: date, entities: StationEntities
) -> Beforehand:
    """The values of a form that stand in earlier messages, the newest first.

    Only what is plainly one's own: numbers, what the model has surely found, the one breed that was named of one's own
    dog, the place where one comes from. What was told as a tip or in an alarm is of something else.
    """
    found = Beforehand()
    breeds: set[str] = set()
    choices: dict[str, set[str]] = {name: set() for name, entry in form.fields.items() if entry.kind == "choice"}
    waits = next((name for name, entry in form.fields.items() if entry.months_needed), "")
    for message in filter(_counts, said):
        text = normalise(str(message.get("text") or ""))
        breeds |= _breeds_in(forms, text)
        for name, told in choices.items():
            told |= set(field_values.choices_told(form.fields[name], text))
        reading = _read(forms, form, message, text, today=today, entities=entities)
        if waits and waits not in found.values and not found.too_early:
            found.too_early = next(filter(is_too_early, reading.problems), "")
        for name, value in _own(form, message, text, reading).items():
            found.values.setdefault(name, value)
    several = [name for name, told in ({"dog_breed": breeds} | choices).items() if len(told) > 1]
    for name in several:  # 送快递的 租的房子算不算 chooses neither
        found.values.pop(name, None)
    return found


def is_too_early(problem: str) -> bool:
    """Whether a problem with a value is that the time for the application has not come yet."""
    return problem.startswith(TOO_EARLY)


def _breeds_in(forms: Forms, text: str) -> set[str]:
    """All breeds that a text names; of 小泰迪 and 泰迪 the longer."""
    said = [name for name in forms.breed_names if name in text]
    whole = [name for name in said if not any(name != other and name in other for other in said)]
    return {breed for name in whole if (breed := forms.breed(name))}


def _counts(message: Mapping[str, Any]) -> bool:
    """Whether a message may tell something about its sender: a question or talk."""
    told = message.get("triage")
    if not told or (message.get("intent") or {}).get("name") == FORM_ANSWER:
        return False
    return Triage.from_json(told).label in ("enquiry", "other")


def _read(
    forms: Forms, form: Form, message: Mapping[str, Any], text: str, *, today: date, entities: StationEntities
) -> Reading:
    heard = Heard(_STATES, (), _surely_tagged(message))
    return read(forms, form, None, text, {}, today=today, entities=entities, heard=heard)


def _own(form: Form, message: Mapping[str, Any], text: str, reading: Reading) -> dict[str, Any]:
    """Of what one message gives that which is surely the sender's own."""
    surely = {one.field for one in _surely_tagged(message)}
    told = {name: value for name, value in reading.values.items() if name != CONSENT}
    return {name: value for name, value in told.items() if name in surely or _is_own(form.fields[name], text)}


def _surely_tagged(message: Mapping[str, Any]) -> list[Tagged]:
    return [one for one in values_in(message) if one.confidence >= _SURELY]


def _is_own(entry: Field, text: str) -> bool:
    """Whether a value that only its words give is the sender's own."""
    if entry.kind == "breed":
        return bool(_OWN_DOG.search(text))
    if entry.kind == "region":
        return field_values.any_region(text) and bool(_COMES_FROM.search(text))
    return entry.kind in _NUMBERS
