"""What is answered to a question asked while help is on its way, where one answer holds whatever the scene is.

"May I open the window", "shall I lift him up", "the bank first or you": the model that read the message says which of
the trainers' questions it may be (`bot/nlu/components.py`, `AlarmAsked`), the kind of the case says which of them can
be meant, and what is not likely enough is the officer's to answer (ADR 010). The answers
(`nlu_data/alarm_answers.yml`) are read anew when they change.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from bot.intake import trainers_file
from bot.intake.trainers_file import Written
from bot.nlu.knowledge import ANSWERS
from bot.nlu.live_file import LiveFile
from bot.nlu.normaliser import normalise
from bot.nlu.turns import Turn
from bot.nlu.wording import asks

ANSWERS_FILE = ANSWERS.parent / "alarm_answers.yml"
ANY = "any"
"""In an answer's kinds: every kind of alarm."""
_LIKELY = 0.2
"""The machine's score from which an answer is given: of 176 blind messages 52 were answered so, 49 of them rightly."""
_PROPOSES = re.compile(r"要不|那我|我先|该|[吧呗]\W*$|行[不吗]|中不|用不用|是不是")
"""What asks by proposing: 要不我上去给拔了吧."""


class Answer(Written):
    """One answer; `quiet` is for a screen that somebody else may see."""

    kinds: tuple[str, ...]
    says: Annotated[str, StringConstraints(min_length=1, max_length=45)]
    quiet: Annotated[str, StringConstraints(max_length=12)] = ""


@dataclass(frozen=True)
class AlarmAnswers:
    """The trainers' answers by the name of their question."""

    answers: Mapping[str, Answer] = field(default_factory=dict)

    def to(self, text: str, asked: Sequence[Turn], kinds: Collection[str]) -> Answer | None:
        """The answer to a message that asks or proposes something, in a case of these kinds; None where none is likely.

        `asked`: the questions that the message may be, the likeliest first.
        """
        normal = normalise(text)
        if not (asks(normal) or _PROPOSES.search(normal)):
            return None
        possible = (turn for turn in asked if self._holds(turn.name, kinds))
        best = next(possible, None)
        return self.answers[best.name] if best and best.confidence >= _LIKELY else None

    def _holds(self, name: str, kinds: Collection[str]) -> bool:
        return name in self.answers and bool(set(kinds).intersection(self.answers[name].kinds))


def load(path: Path = ANSWERS_FILE) -> AlarmAnswers:
    """Read the file. Raises TrainersFileError."""
    return AlarmAnswers(trainers_file.read(path, TypeAdapter(dict[str, Answer])))


def live(path: Path = ANSWERS_FILE) -> LiveFile[AlarmAnswers]:
    """The answers, following their file."""
    return trainers_file.live(path, load, otherwise=AlarmAnswers())
