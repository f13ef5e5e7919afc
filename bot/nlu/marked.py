"""Values marked in messages: by trainers in what a form is taught from (狗叫[豆豆](dog_name)), by a machine in what a
resident writes (`bot/nlu/value_tagger.py`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.nlu.live_file import TrainersFileError, of_its_shape, read_yaml

FORM_VALUES = "form_values"
"""Message property that reaches the parse data: the values that a message may hold, in their order."""
_MARK = re.compile(r"\[([^\[\]]+)\]\(([a-z_]+)\)")
_BROKEN = re.compile(r"\]\(|\[[^\[\]]*$|\[\]")
OUTSIDE = "O"


@dataclass(frozen=True)
class Tagged:
    """Words of a message that are the value of a field, and how likely that is."""

    field: str
    text: str
    confidence: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"field": self.field, "text": self.text, "confidence": self.confidence}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tagged:
        """The inverse of `to_json`. Raises KeyError, TypeError or ValueError."""
        return cls(str(data["field"]), str(data["text"]), float(data["confidence"]))


def values_in(parse_data: Mapping[str, Any]) -> list[Tagged]:
    """The values found in a message, none where no model has read it."""
    return [Tagged.from_json(found) for found in parse_data.get(FORM_VALUES) or ()]


@dataclass(frozen=True)
class Marked:
    """A message with its values marked: (start, end, field)."""

    text: str
    spans: tuple[tuple[int, int, str], ...]

    @classmethod
    def of(cls, marked: str) -> Marked:
        """Read the marks."""
        text, spans, end = "", list[tuple[int, int, str]](), 0
        for match in _MARK.finditer(marked):
            text += marked[end : match.start()]
            spans.append((len(text), len(text) + len(match[1]), match[2]))
            text, end = text + match[1], match.end()
        return cls(text + marked[end:], tuple(spans))

    @property
    def tags(self) -> list[str]:
        """One tag a character: where a value begins, goes on, and what is none."""
        tags = [OUTSIDE] * len(self.text)
        for start, end, name in self.spans:
            tags[start:end] = [f"B-{name}", *[f"I-{name}"] * (end - start - 1)]
        return tags


def load(folder: Path) -> list[Marked]:
    """All marked messages of a folder, each file of which holds those of a form by the question that they answer.

    Raises TrainersFileError, also for a mark that is not whole or of a field that its form does not have.
    """
    return [one for path in sorted(folder.glob("*.yml")) for one in of_file(path)]


def of_file(path: Path) -> list[Marked]:
    """The marked messages of one form. Raises TrainersFileError."""
    content = read_yaml(path)
    with of_its_shape(path):
        found = [Marked.of(str(text)) for texts in content.values() for text in texts]
    fields = fields_of(path.parent.parent / "forms.yml", path.stem)
    for one in found:
        if wrong := [name for _, _, name in one.spans if name not in fields]:
            raise TrainersFileError(
                f"{path.name}：“{one.text}”里标了{wrong[0]}，这张表没有这一项；有的是{'、'.join(fields)}"
            )
        if _BROKEN.search(one.text):
            raise TrainersFileError(f"{path.name}：“{one.text}”的标记不完整，要写成[豆豆](dog_name)这样")
    return found


def fields_of(forms_file: Path, form: str) -> tuple[str, ...]:
    """The names of a form's fields that words can answer, none of one that there is not. Raises TrainersFileError."""
    entry = read_yaml(forms_file).get(form) or {"fields": {}}
    with of_its_shape(forms_file):
        return tuple(name for name, settings in entry["fields"].items() if settings["kind"] != "photo")
