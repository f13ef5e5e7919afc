"""The applications in chat: their fields, the wording of their questions, and the words that begin, change or end them.

All of it is trainers' (`nlu_data/forms.yml`, `nlu_data/dog_breeds.yml`). What a message gives to a form is read by
`bot.nlu.form_reader`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from bot.nlu.knowledge import ANSWERS
from bot.nlu.live_file import LiveFile, TrainersFileError, of_its_shape, read_yaml
from bot.nlu.normaliser import normalise
from bot.nlu.wording import any_of, asks

FORMS_FILE = ANSWERS.parent / "forms.yml"
BREEDS_FILE = ANSWERS.parent / "dog_breeds.yml"
CONSENT, CONFIRMED = "consent", "confirmed"
"""The first and the last question of every form."""
KINDS = ("name", "id_number", "phone", "address", "region", "date", "words", "breed", "choice", "photo")
PHOTO = "photo"
PHOTO_TEXT = "[图片]"
"""What a picture is as a message of the dialogue."""
FORM_ANSWER = "form_answer"
"""The dialogue's intent of a message that answers the open form."""
REQUESTED = "requested_slot"
"""Rasa's slot for the question that a form has asked."""


Aside = Literal["missing", "resume", "later"]
"""What a resident says about filling in: what is missing, to go on, to go on later."""


@dataclass(frozen=True)
class Field:
    """One question of a form."""

    name: str
    title: str
    kind: str
    ask: str
    called: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """One application. `name` is the Rasa form's, `intent` the enquiry that it belongs to."""

    name: str
    title: str
    intent: str
    says: str
    subject: re.Pattern[str]
    why: str
    fields: Mapping[str, Field]

    @property
    def kind(self) -> str:
        """The application's kind as it is stored: "dog_licence"."""
        return self.name.removesuffix("_form")

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of all slots in the order of asking."""
        return (CONSENT, *self.fields, CONFIRMED)


class Forms:
    """All forms and the words that they share."""

    def __init__(self, forms: Mapping[str, Form], words: Mapping[str, list[str]], breeds: Mapping[str, Any]) -> None:
        self.forms = dict(forms)
        self._yes, self._cancel = frozenset(words["agree"]), frozenset(words["cancel"])
        self.wrong, self._wish, self._go_ahead = (any_of(words[name]) for name in ("wrong", "wish", "go_ahead"))
        self._asides = {name: any_of(words[name]) for name in ("missing", "resume", "later")}
        self._breeds = {alias: breed for breed, aliases in breeds["breeds"].items() for alias in aliases}
        self.fierce, self.banned = frozenset(breeds["fierce"]), frozenset(breeds["banned"] or ())

    def wished(self, text: str, intent: str) -> Form | None:
        """The form that a message asks to begin: "我要办犬证", not "犬证怎么办"."""
        normal = normalise(text)
        if asks(normal) or not self._wish.search(normal):
            return None
        for form in self.forms.values():
            if form.subject.search(normal) or (intent == form.intent and re.search("证|登记|户口|牌", normal)):
                return form
        return None

    def goes_ahead(self, text: str, asked_about: str) -> Form | None:
        """The form that a message begins after an answer about it: "那办吧". `asked_about`: the answer's intent."""
        form = next((form for form in self.forms.values() if form.intent == asked_about), None)
        return form if form and self._go_ahead.search(normalise(text)) else None

    def aside(self, text: str) -> Aside | None:
        """What a message says about filling in, without filling in anything."""
        found = (name for name, pattern in self._asides.items() if pattern.search(text))
        return cast("Aside | None", next(found, None))

    def breed(self, text: str) -> str | None:
        """The breed that a text names."""
        said = self.breed_words(text)
        return self._breeds[said] if said else None

    def breed_words(self, text: str) -> str | None:
        """The words with which a text names a breed."""
        return max((alias for alias in self._breeds if alias in text), key=len, default=None)

    def says_yes(self, text: str) -> bool:
        """Whether a text is nothing but agreement."""
        return _bare(text) in self._yes

    def cancels(self, text: str) -> bool:
        """Whether a text ends the form."""
        return _bare(text) in self._cancel

    def corrects(self, text: str) -> bool:
        """Whether a text says that something was wrong."""
        return bool(self.wrong.search(text))


def load(path: Path = FORMS_FILE) -> Forms:
    """Read the forms and, beside them, the list of breeds. Raises TrainersFileError."""
    data, breeds = read_yaml(path), read_yaml(path.parent / BREEDS_FILE.name)
    with of_its_shape(path):
        forms = {name: _form(name, entry) for name, entry in data.items() if name.endswith("_form")}
        return Forms(forms, data["words"], breeds)


def _form(name: str, entry: Mapping[str, Any]) -> Form:
    fields = {key: _field(name, key, dict(settings)) for key, settings in entry["fields"].items()}
    return Form(name, entry["title"], entry["intent"], entry["says"], any_of(entry["subject"]), entry["why"], fields)


def _field(form: str, name: str, entry: dict[str, Any]) -> Field:
    title, kind, ask = (cast(str, entry.pop(key)) for key in ("title", "kind", "ask"))
    called = tuple(entry.pop("called"))
    if kind not in KINDS:
        raise TrainersFileError(f"forms.yml: {form} 的 {name} 的 kind 是 {kind}；可用的是 {'、'.join(KINDS)}")
    return Field(name, title, kind, ask, called, entry)


def _bare(text: str) -> str:
    return re.sub(r"[\s,，。.、!！~～]+", "", text.strip().lower())


@lru_cache(maxsize=4)
def live(path: Path = FORMS_FILE) -> LiveFile[Forms]:
    """The forms, following their files."""
    return LiveFile(lambda: load(path), lambda: [path, path.parent / BREEDS_FILE.name])
