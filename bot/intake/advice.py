"""What an alarm's further messages are answered with, where a plain receipt would not do: one short line.

"Are you a person", "do not call me", "where do I press": what is asked of the bot itself, and what cannot be misheard
and must not wait. Everything else is the officer's to answer (ADR 010). The lines are trainers'
(`nlu_data/alarm_advice.yml`), read anew when they change.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from bot.intake import trainers_file, wording
from bot.intake.trainers_file import Written
from bot.nlu.knowledge import ANSWERS
from bot.nlu.live_file import LiveFile
from bot.nlu.normaliser import normalise
from bot.nlu.wording import any_of

ADVICE_FILE = ANSWERS.parent / "alarm_advice.yml"
_ANY = "any"
_SPACES = re.compile(r"[\s’']+")


Text = TypeVar("Text")


class Entry(Written):
    """One line and the words it is said to; without `when`, to whatever begins an alarm of its kinds or scenes.

    `quiet` is for a screen that somebody else may see; `first`: the message that begins the alarm gets it as well,
    or with `instead` gets it in the place of the guidance; `after`: it is said also when the alarm is over; `calm`: it
    belongs to requests and tips as well; `mute`: it is said to whoever cannot telephone, and to nobody else; `intents`:
    it is said also to what is surely read as one of these, whatever its words; `relief`: it answers that help has come;
    `beside`: it answers what is asked of the bot, and what else a message tells is answered beside it; `asks`: it asks
    where its resident is, and no question follows it; `unseen`: whoever gets it is not to be met by those who come.
    """

    name: str
    when: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    says: str
    quiet: str = ""
    english: str = ""
    first: bool = False
    instead: bool = False
    after: bool = False
    calm: bool = False
    mute: bool = False
    relief: bool = False
    beside: bool = False
    asks: bool = False
    unseen: bool = False

    @property
    def mark(self) -> str:
        """What stands among a case's `asked` once the line was said."""
        return f"advice:{self.name}"


class _File(Written):
    groups: dict[str, tuple[str, ...]]
    receipts: dict[str, tuple[str, ...]]
    receipts_english: dict[str, tuple[str, ...]]
    english_first: dict[str, str]
    now: dict[str, str]
    comfort: tuple[str, ...]
    comfort_again: tuple[str, ...]
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

    def fits(self, text: str, intent: str = "") -> bool:
        """Whether it answers the words of a text without spaces, or what it is surely read as."""
        if intent and intent in self.entry.intents:
            return True
        meant = self.when.search(text) if self.when else not self.entry.intents
        return bool(meant) and not (self.unless and self.unless.search(text))


@dataclass(frozen=True)
class Moment:
    """Where in the story a message comes, and from whom.

    `first`: it makes the alarm; `begins`: it makes it, or names its kind; `mute`: who writes cannot telephone;
    `relieved`: help has come, or its resident is out of danger.
    """

    kind: str
    scene: str = ""
    first: bool = False
    begins: bool = False
    over: bool = False
    calm: bool = False
    mute: bool = False
    relieved: bool = False

    def allows(self, entry: Entry) -> bool:
        """Whether an entry is for such a moment."""
        if (entry.mute and not self.mute) or not (entry.when or entry.intents or entry.mute or self.begins):
            return False
        return (entry.first or not self.first) and (entry.after or not self.over) and (entry.calm or not self.calm)


def lines_for(moment: Moment, text: str, lines: Sequence[Line], intent: str = "") -> Iterator[Entry]:
    """The entries that answer the words of a message, the best first; `intent`: what it is surely read as."""
    bare = wording.as_planned(_SPACES.sub("", normalise(text)))
    for line in lines:
        if line.of(moment) and moment.allows(line.entry) and line.fits(bare, intent):
            yield line.entry


@dataclass(frozen=True)
class Advice:
    """What trainers have written for alarms, and tips and requests: the lines, and by kind what to say without one."""

    lines: tuple[Line, ...] = ()
    receipts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    receipts_english: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    english_first: Mapping[str, str] = field(default_factory=dict)
    now: Mapping[str, str] = field(default_factory=dict)
    comfort: tuple[str, ...] = ()
    comfort_again: tuple[str, ...] = ()

    def receipt(self, moment: Moment, number: int, *, english: bool = False) -> str:
        """The receipt for a case's message of this number; another one than for the message before it."""
        receipts, plain = (
            (self.receipts_english, wording.RECEIPT_ENGLISH) if english else (self.receipts, wording.RECEIPT)
        )
        written = receipts.get(moment.scene) or receipts.get(moment.kind) or receipts.get(_ANY) or (plain,)
        return written[number % len(written)]

    def listens(self, moment: Moment) -> bool:
        """Whether a kind has its own words for what nothing fits: whoever despairs is listened to, also in asking."""
        return moment.kind in self.receipts

    def to_do_now(self, moment: Moment) -> str:
        """What counts most now in such an alarm, in one line; nothing once its resident is out of danger."""
        written = self.now
        if moment.relieved or moment.over:
            return ""
        return written.get(moment.scene) or written.get(moment.kind) or written.get(_ANY, "")

    def in_english(self, moment: Moment) -> str:
        """The guidance for who writes English."""
        written = self.english_first
        return written.get(moment.scene) or written.get(moment.kind) or written.get(_ANY, "")


def load(path: Path = ADVICE_FILE) -> Advice:
    """Read the file. Raises TrainersFileError."""
    content = trainers_file.read(path, TypeAdapter(_File))
    lines = tuple(_line(entry, content.groups) for entry in content.advice)
    said = (content.receipts, content.receipts_english)
    receipts, receipts_english = (_by_kind(written, content.groups) for written in said)
    first, now = (_by_kind(written, content.groups) for written in (content.english_first, content.now))
    return Advice(lines, receipts, receipts_english, first, now, content.comfort, content.comfort_again)


def live(path: Path = ADVICE_FILE) -> LiveFile[Advice]:
    """The advice, following its file."""
    return trainers_file.live(path, load, otherwise=Advice())


def _by_kind(written: Mapping[str, Text], groups: Mapping[str, tuple[str, ...]]) -> dict[str, Text]:
    """What is written for groups, for each of their kinds; what is written for a kind itself counts more."""
    found = {kind: said for name, said in written.items() for kind in groups.get(name, ())}
    return found | {name: said for name, said in written.items() if name not in groups}


def _line(entry: Entry, groups: dict[str, tuple[str, ...]]) -> Line:
    kinds = frozenset(kind for name in entry.kinds for kind in groups.get(name, (name,)))
    unless = any_of(map(_bare, entry.unless)) if entry.unless else None
    when = any_of(map(_bare, entry.when)) if entry.when else None
    return Line(entry, kinds, when, unless)


def _bare(words: str) -> str:
    return _SPACES.sub("", words)
