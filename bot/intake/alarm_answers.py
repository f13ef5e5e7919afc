"""What is answered to a question asked while help is on its way, where one answer holds whatever the scene is.

"May I open the window", "shall I lift him up", "the bank first or you": the model that read the message says which of
the trainers' questions it may be (`bot/nlu/known_questions.py`), the kind of the case says which of them can be meant,
and what is not likely enough is the officer's to answer (ADR 010). The answers
(`nlu_data/alarm_answers.yml`) are read anew when they change.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from bot.intake import trainers_file
from bot.intake.trainers_file import Written
from bot.nlu.live_file import LiveFile
from bot.nlu.normaliser import normalise
from bot.nlu.project import ALARM_ANSWERS
from bot.nlu.turns import Turn
from bot.nlu.wording import asks

ANY = "any"
"""In an answer's kinds: every kind of alarm."""
_LIKELY, _ANSWERED = 0.4, 0.8
"""How likely an answer has to be among those of the case's kinds and none, and how likely any of them is. Of 1,492
messages that nothing had learnt 48 of 100 got their answer so, 18 another one, half of these as good; of 368 that have
no answer twelve of 100 got one."""
_LIKELY_CALM, _ANSWERED_CALM = 0.6, 0.9
"""The same beside requests and tips, where nothing is lost by waiting for the officer."""
_LIKELY_TOLD, _ANSWERED_TOLD = 0.6, 0.92
"""The same of what only tells: the cloth is soaked, he is breathing again."""
_SURELY = 0.8
"""How likely it has to be beside a plain reading as a matter of its own."""
_CALM = frozenset({"tip", "help_request"})
_PROPOSES = re.compile(
    r"要不|那我|我先|该|[吧呗]\W*$|行[不吗]|中不|用不用|是不是"
    "|(?<!不)(?:我|俺|咱|我们|俺们)[^，。 不没别]{0,3}(?:想|打算|寻思|琢磨|合计|准备|这就|今晚)[^，。他她]{0,8}?"
    "(?:去|上|下|回|进|找|拿|取|抓|堵|蹲|追|拍|混|冲|跟|开|拉|拔|关|守|揍|打(?!电话|听)|扣|抱|背|整|看看|瞅)"
    "|(?:^|[，。 ])(?:想|打算|寻思|准备)(?:从|去|上|下|回|进|出|过|再|偷|把)"
)
"""What asks by proposing or planning something: 要不我上去给拔了吧, 我寻思今晚跟几个哥们蹲他们."""


def proposes(text: str) -> bool:
    """Whether a text in normal form asks by proposing."""
    return bool(_PROPOSES.search(text))


class Answer(Written):
    """One answer.

    `told`: it is also said to whoever asks nothing and only tells; `relief`: it answers that help has come or the
    danger is past; `unless`: words to which it is not said; `quiet` is for a screen that somebody else may see,
    `english` for who writes English.
    """

    kinds: tuple[str, ...]
    told: bool = False
    relief: bool = False
    unless: tuple[str, ...] = ()
    says: Annotated[str, StringConstraints(min_length=1, max_length=45)]
    quiet: Annotated[str, StringConstraints(max_length=12)] = ""
    english: Annotated[str, StringConstraints(max_length=220)] = ""


@dataclass(frozen=True)
class AlarmAnswers:
    """The trainers' answers by the name of their question."""

    answers: Mapping[str, Answer] = field(default_factory=dict)

    def to(self, text: str, asked: Sequence[Turn], kinds: Collection[str], *, surely: bool = False) -> Answer | None:
        """The answer to a message in a case of these kinds; None where none is likely. What neither asks nor proposes
        anything gets only what is said to those who tell.

        `asked`: the questions that the message may be, the likeliest first, in logits over that none of them answers.
        """
        normal = normalise(text)
        tells = not (asks(normal) or proposes(normal))
        odds = {turn.name: exp(turn.confidence) for turn in asked if self._holds(turn.name, kinds, normal)}
        best, whole = max(odds, key=lambda name: odds[name], default=""), sum(odds.values())
        least, answered = (_LIKELY_CALM, _ANSWERED_CALM) if _CALM.intersection(kinds) else (_LIKELY, _ANSWERED)
        if tells:
            least, answered = max(least, _LIKELY_TOLD), max(answered, _ANSWERED_TOLD)
        least = max(least, _SURELY) if surely else least
        alike = sum(odds[name] for name in odds if name == best or self._both_relieve(name, best))
        likely = best and alike / (1 + whole) >= least and whole / (1 + whole) >= answered
        return self.answers[best] if likely and (self.answers[best].told or not tells) else None

    def _both_relieve(self, one: str, other: str) -> bool:
        return self.answers[one].relief and self.answers[other].relief

    def _holds(self, name: str, kinds: Collection[str], text: str) -> bool:
        answer = self.answers.get(name)
        if answer is None or not set(kinds).intersection(answer.kinds):
            return False
        return not any(words in text for words in answer.unless)


def load(path: Path = ALARM_ANSWERS) -> AlarmAnswers:
    """Read the file. Raises TrainersFileError."""
    return AlarmAnswers(trainers_file.read(path, TypeAdapter(dict[str, Answer])))


def live(path: Path = ALARM_ANSWERS) -> LiveFile[AlarmAnswers]:
    """The answers, following their file."""
    return trainers_file.live(path, load, otherwise=AlarmAnswers())
