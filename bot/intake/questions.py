"""What to ask in an alarm: one question at a time, the most useful first, nothing that is known already.

The intake asks, not Rasa: it alone knows what the case holds (places, WeChat locations, pictures, earlier questions),
and it goes on when Rasa is down. The wording is trainers' (`nlu_data/alarm_questions.yml`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from bot.nlu.entities import entities_of
from bot.nlu.knowledge import ANSWERS
from bot.nlu.live_file import LiveFile, of_its_shape, read_yaml
from bot.nlu.triage import URGENT
from bot.store.models import Case, Message

QUESTIONS_FILE = ANSWERS.parent / "alarm_questions.yml"
_ANSWERED_BY = {"place": "place", "people": "people", "when": "time", "vehicle": "plate", "payment": "amount"}
"""Questions that an entity anywhere in the case has answered."""


@dataclass(frozen=True)
class AlarmQuestions:
    """The questions in order, by name, of each kind of alarm and of the two voices that differ."""

    default: Mapping[str, str]
    silent: Mapping[str, str]
    english: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]
    receipts: Mapping[str, str]
    """What answers each further message of some kinds."""

    def receipt(self, case: Case) -> str | None:
        """The receipt of a case's kind, where it has one of its own."""
        return self.receipts.get(_kind(case))

    def of(self, case: Case, *, english: bool) -> Mapping[str, str]:
        """The questions for a case, in order."""
        if case.silent:
            return self.silent
        if english:
            return self.english
        return self.kinds.get(_kind(case), self.default)


def next_question(case: Case, messages: Sequence[Message], questions: AlarmQuestions, *, english: bool) -> str | None:
    """The next thing to ask of an alarm, which is then noted as asked; None when there is nothing left."""
    known = _known(messages)
    for name, ask in questions.of(case, english=english).items():
        if name not in case.asked and name not in known:
            case.asked = [*case.asked, name]
            return ask
    return None


def messages_of(session: Session, case: Case) -> list[Message]:
    """The case's messages, with the one that has just been filed."""
    session.flush()
    session.refresh(case, ["messages"])
    return case.messages


def _known(messages: Sequence[Message]) -> set[str]:
    kinds = {entity.kind for message in messages if message.kind == "text" for entity in entities_of(message.text)}
    known = {name for name, kind in _ANSWERED_BY.items() if kind in kinds}
    if any(message.kind == "location" for message in messages):
        known.add("place")
    if any(message.kind == "image" for message in messages):
        known.add("photo")
    return known


def load(path: Path = QUESTIONS_FILE) -> AlarmQuestions:
    """Read the questions. Raises TrainersFileError."""
    data = read_yaml(path)
    with of_its_shape(path):
        kinds = {kind: _texts(questions) for kind, questions in data["kinds"].items()}
        default, silent, english, receipts = (
            _texts(data[name]) for name in ("default", "silent", "english", "receipts")
        )
        return AlarmQuestions(default, silent, english, kinds, receipts)


def live(path: Path = QUESTIONS_FILE) -> LiveFile[AlarmQuestions]:
    """The questions, following their file."""
    return LiveFile(lambda: load(path), lambda: [path])


def _kind(case: Case) -> str:
    return case.intent.removeprefix(f"{URGENT}/")


def _texts(questions: Mapping[str, str]) -> dict[str, str]:
    return {str(name): str(ask) for name, ask in questions.items()}
