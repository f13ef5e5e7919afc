"""Who is on watch: the duty file and the everyday changes of it, and the channels that pages go out by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.addresses import PageChannel
from bot.duty import shifts
from bot.duty.policy import EVERYONE, LEADERS, ON_DUTY
from bot.duty.roster import Officer, Roster


@dataclass(frozen=True)
class Watch:
    """The roster as the file has it now, and the names of the configured channels; some reach one officer only."""

    roster: Roster
    channels: tuple[str, ...] = ()
    personal: frozenset[str] = frozenset()

    @classmethod
    def over(cls, roster: Roster, channels: Sequence[PageChannel]) -> "Watch":
        """The watch with the channels of the settings."""
        personal = frozenset(channel.name for channel in channels if channel.personal)
        return cls(roster, tuple(channel.name for channel in channels), personal)

    @property
    def unknown_channels(self) -> tuple[str, ...]:
        """Channels that steps of the duty file name and the settings do not. A step without any other uses them all."""
        steps = (step for policy in self.roster.escalation.policies for step in policy.steps)
        named = dict.fromkeys(name for step in steps for name in step.channels or ())
        return tuple(name for name in named if name not in self.channels)

    def on_duty(self, session: Session, *, now: datetime) -> list[Officer]:
        """Who is on duty at a moment, in the order of paging; a name that the file does not know counts for nothing."""
        names = shifts.at(session, self.roster, now).officers
        return [officer for name in names if (officer := self.roster.named(name))]

    def meant_by(self, session: Session, who: Sequence[str], *, now: datetime) -> list[Officer]:
        """The officers that a step's words mean now; everybody when they mean nobody: a page always has a receiver."""
        on_duty = self.on_duty(session, now=now)
        found = [officer for word in who for officer in self._meant_by_word(word, on_duty)]
        return list(dict.fromkeys(found)) or list(self.roster.officers)

    def _meant_by_word(self, word: str, on_duty: list[Officer]) -> Sequence[Officer]:
        officers = self.roster.officers
        if word == EVERYONE:
            return officers
        if word == LEADERS:
            return [officer for officer in officers if officer.leader]
        if word == ON_DUTY:
            return on_duty
        if place := self.roster.place_on_duty(word):
            return on_duty[place - 1 : place]
        return [officer for officer in officers if word in (officer.name, officer.team)]
