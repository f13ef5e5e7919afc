"""What an alarm's further messages are answered with, beyond a receipt: one short line that fits what was said.

"Can I come out", "he is kicking the door", "it does not stop bleeding", "are you there": a receipt alone leaves them
without help. The lines are trainers' (`nlu_data/alarm_advice.yml`), read anew when they change.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from bot.intake import trainers_file
from bot.intake.trainers_file import Written
from bot.nlu.knowledge import ANSWERS
from bot.nlu.live_file import LiveFile
from bot.nlu.normaliser import normalise
from bot.nlu.turns import Turn, likeliest
from bot.nlu.wording import any_of, asks

ADVICE_FILE = ANSWERS.parent / "alarm_advice.yml"
_SURE_OF_ANSWER, _SURE_OF_LINE = (0.45, 0.2), (0.65, 0.35)
"""How likely a turn must be among those that can come, and among all, for its line to be said to a question and to a
statement: a question that gets no answer is worse than a statement that is only taken down."""
_SPACES = re.compile(r"[\s’']+")


class Entry(Written):
    """One line and when it is said: to these words, or to a message that means one of these turns.

    `quiet` is for a screen that somebody else may see; `first`: the message that begins the alarm gets it as well,
    or with `instead` gets it in the place of the guidance; `after`: it is said also when the alarm is over; `calm`: it
    belongs to requests and tips as well; `holds`: it is for what no other line fits, once; `digits`: so many figures
    must stand in the message.
    """

    name: str
    when: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    says: str
    quiet: str = ""
    english: str = ""
    first: bool = False
    instead: bool = False
    after: bool = False
    calm: bool = False
    holds: bool = False
    digits: int = 0

    @property
    def mark(self) -> str:
        """What stands among a case's `asked` once the line was said."""
        return f"advice:{self.name}"


class _File(Written):
    groups: dict[str, tuple[str, ...]]
    advice: tuple[Entry, ...]


@dataclass(frozen=True)
class Line:
    """An entry, ready to be looked for."""

    entry: Entry
    kinds: frozenset[str]
    when: re.Pattern[str] | None
    unless: re.Pattern[str] | None

    def of(self, moment: "Moment") -> bool:
        """Whether it is said in an alarm of such a kind or scene."""
        return not self.kinds or bool(self.kinds & {moment.kind, moment.scene})

    def fits(self, text: str) -> bool:
        """Whether it answers the words of a text without spaces."""
        return bool(self.when and self.when.search(text)) and not self.excepts(text)

    def excepts(self, text: str) -> bool:
        """Whether a text without spaces holds words that it must not be said to."""
        return bool(self.unless and self.unless.search(text))


@dataclass(frozen=True)
class Moment:
    """Where in the story a message comes."""

    kind: str
    scene: str = ""
    first: bool = False
    over: bool = False
    calm: bool = False

    def allows(self, entry: Entry) -> bool:
        """Whether an entry is for such a moment."""
        return (entry.first or not self.first) and (entry.after or not self.over) and (entry.calm or not self.calm)


def lines_for(moment: Moment, text: str, lines: Sequence[Line], turns: Sequence[Turn] = ()) -> Iterator[Entry]:
    """The entries that answer a message, the best first: to its words, then to what it most likely means.

    What begins an alarm has its guidance, and only plain words add to that.
    """
    bare = _SPACES.sub("", normalise(text))
    figures = sum(letter.isdigit() for letter in bare)
    of_kind = [line for line in lines if line.of(moment) and line.entry.digits <= figures]
    now = [line for line in of_kind if moment.allows(line.entry)]
    yield from (line.entry for line in now if line.fits(bare))
    now = [line for line in now if not line.excepts(bare)]
    possible = {name for line in of_kind for name in line.entry.turns}
    turn = None if moment.first else _meant(turns, possible, _SURE_OF_ANSWER if asks(bare) else _SURE_OF_LINE)
    yield from (line.entry for line in now if turn in line.entry.turns)


def holding(moment: Moment, lines: Sequence[Line]) -> list[Entry]:
    """The entries for a message of an alarm that no other line fits, in their order; those of a scene alone in it."""
    moment = replace(moment, first=False)
    held = [line for line in lines if line.entry.holds and line.of(moment) and moment.allows(line.entry)]
    of_scene = [line for line in held if moment.scene != moment.kind and moment.scene in line.kinds]
    return [line.entry for line in of_scene or held]


def _meant(turns: Sequence[Turn], possible: set[str], least: tuple[float, float]) -> str | None:
    """The turn that a message surely is, among those that can come in its kind of alarm and of all."""
    turn, (among_possible, among_all) = likeliest(turns, possible), least
    if turn is None or turn.confidence < among_possible:
        return None
    sure = any(one.name == turn.name and one.confidence >= among_all for one in turns)
    return turn.name if sure else None


def load(path: Path = ADVICE_FILE) -> tuple[Line, ...]:
    """Read the lines. Raises TrainersFileError."""
    content = trainers_file.read(path, TypeAdapter(_File))
    return tuple(_line(entry, content.groups) for entry in content.advice)


def live(path: Path = ADVICE_FILE) -> LiveFile[tuple[Line, ...]]:
    """The lines, following their file."""
    return trainers_file.live(path, load, otherwise=())


def _line(entry: Entry, groups: dict[str, tuple[str, ...]]) -> Line:
    kinds = frozenset(kind for name in entry.kinds for kind in groups.get(name, (name,)))
    unless = any_of(map(_bare, entry.unless)) if entry.unless else None
    when = any_of(map(_bare, entry.when)) if entry.when else None
    return Line(entry, kinds, when, unless)


def _bare(words: str) -> str:
    return _SPACES.sub("", words)
