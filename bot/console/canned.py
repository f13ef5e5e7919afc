"""Ready-made sentences for officers, as trainers write them in `nlu_data/canned_answers.yml`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, field_validator

from bot.duty.conversation import TEXT_CHARACTERS
from bot.intake import trainers_file
from bot.intake.trainers_file import Written
from bot.nlu.catalogue import titles
from bot.nlu.live_file import LiveFile
from bot.nlu.project import NLU_DATA

FILE = NLU_DATA / "canned_answers.yml"
_Sentence = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS)]
_Sentences = tuple[_Sentence, ...]


class CannedAnswers(Written):
    """The sentences: for everybody, for those who must not be given away, and by label or kind."""

    everywhere: _Sentences = ()
    silent: _Sentences = ()
    labels: dict[str, _Sentences] = {}  # noqa: RUF012 - pydantic copies it
    kinds: dict[str, _Sentences] = {}  # noqa: RUF012

    @field_validator("labels", "kinds")
    @classmethod
    def _are_known(cls, given: dict[str, _Sentences]) -> dict[str, _Sentences]:
        if unknown := [name for name in given if name not in titles()]:
            raise ValueError(f"catalogue.yml 里没有 {'、'.join(unknown)}")
        return given

    def of(self, label: str, intent: str, *, silent: bool) -> Sequence[str]:
        """What fits a case, its kind first. In a silent one only what looks like nothing."""
        if silent:
            return self.silent
        return tuple(dict.fromkeys([*self.kinds.get(intent, ()), *self.labels.get(label, ()), *self.everywhere]))


_Shape = TypeAdapter(CannedAnswers)


def load(path: Path = FILE) -> CannedAnswers:
    """Read the sentences. Raises TrainersFileError."""
    return trainers_file.read(path, _Shape)


def live(path: Path = FILE) -> LiveFile[CannedAnswers]:
    """The sentences, following their file; without a readable one officers write their own."""
    return trainers_file.live(path, load, otherwise=CannedAnswers())
