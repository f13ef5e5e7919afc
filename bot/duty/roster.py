"""The duty file: officers, rotation and escalation policies in `duty.yml`, read anew whenever it changes."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.duty import policy
from bot.duty.policy import EVERYONE, LEADERS, ON_DUTY, Policy
from bot.nlu.triage import URGENT

STATION_TIME = timezone(timedelta(hours=8))
"""China has one timezone and no summer time; a fixed offset needs no timezone database."""
_ALWAYS = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))


def in_station_time(moment: datetime) -> datetime:
    """A moment; without a timezone it is the station's."""
    return moment if moment.tzinfo else moment.replace(tzinfo=STATION_TIME)


class RosterError(Exception):
    """A duty file that cannot be used; the text says where and how to mend it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Station(_Strict):
    """The station, as residents and officers are told of it."""

    name: str
    full_name: str
    address: str


class Officer(_Strict):
    """Someone who can be paged. `mobile` is for channels that call or mention; leaders are `所领导`."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^、,]+$")]
    mobile: Annotated[str | None, Field(pattern=r"^\+?\d{5,15}$")] = None
    team: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    leader: bool = False


@dataclass(frozen=True)
class Shift:
    """One crew's time on duty as the file has it, before any change; `holiday` is the holiday's name on such a day."""

    starts_at: datetime
    ends_at: datetime
    crew: tuple[str, ...]
    wanted: int
    holiday: str | None = None


_Crew = Annotated[tuple[str, ...], Field(min_length=1)]


class Holiday(_Strict):
    """Days (station time, both included) whose shifts are others': `crews` take turns instead of the rotation's,
    which goes on counting meanwhile, or `extra` come besides. A shift belongs to the day on which it begins."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    first: Annotated[date, Field(alias="from")]
    last: Annotated[date | None, Field(alias="until")] = None
    crews: tuple[_Crew, ...] = ()
    extra: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> "Holiday":
        if self.end < self.first:
            raise ValueError("until lies before from")
        if not self.crews and not self.extra:
            raise ValueError("say who is on duty: crews (instead of the rotation's) or extra (besides them)")
        return self

    @property
    def end(self) -> date:
        """The last day."""
        return self.last or self.first


class Rotation(_Strict):
    """Crews that take turns: `crews[0]` begins at `starts` (station time), and every `hours` the next one does. A crew
    lists officers, or teams for all their officers."""

    starts: Annotated[datetime, AfterValidator(in_station_time)]
    hours: Annotated[int, Field(ge=1, le=24 * 31)] = 24
    crews: Annotated[tuple[_Crew, ...], Field(min_length=1)]
    holidays: tuple[Holiday, ...] = ()

    @model_validator(mode="after")
    def _days_are_one_holiday(self) -> "Rotation":
        for before, after in itertools.pairwise(sorted(self.holidays, key=lambda holiday: holiday.first)):
            if after.first <= before.end:
                raise ValueError(f"holidays: {before.name} and {after.name} share a day")
        return self

    @property
    def length(self) -> timedelta:
        """How long a shift is."""
        return timedelta(hours=self.hours)

    def shift(self, at: datetime) -> Shift:
        """The shift of a moment; its crew as the file's words have it."""
        number = (at - self.starts) // self.length
        starts_at = self.starts + number * self.length
        day = starts_at.astimezone(STATION_TIME).date()
        holiday = next((holiday for holiday in self.holidays if holiday.first <= day <= holiday.end), None)
        crew = self.crews[number % len(self.crews)]
        if holiday and holiday.crews:
            midnight = datetime.combine(holiday.first, time(), STATION_TIME)
            first = -((self.starts - midnight) // self.length)
            crew = holiday.crews[(number - first) % len(holiday.crews)]
        if holiday:
            crew += holiday.extra
        return Shift(starts_at, starts_at + self.length, crew, len(crew), holiday.name if holiday else None)

    def words(self) -> Iterator[tuple[str, str]]:
        """Every name in the crews, with the field in which it stands."""
        yield from (("rotation.crews", name) for crew in self.crews for name in crew)
        for holiday in self.holidays:
            for name in (*itertools.chain(*holiday.crews), *holiday.extra):
                yield f"rotation.holidays: {holiday.name}", name


class EscalationPolicies(_Strict):
    """How cases are paged for; waits in seconds, the silence after which an acknowledged alarm is paged again in
    minutes (null: never)."""

    wait_seconds: Annotated[int, Field(ge=5, le=3600)] = 45
    silence_minutes: Annotated[int | None, Field(ge=1, le=24 * 60)] = 20
    policies: tuple[Policy, ...] = ()


class Retention(_Strict):
    """How many days things are kept after their end (`bot/duty/retention.py`); None keeps them for ever."""

    enquiries: Annotated[int | None, Field(ge=1)] = 180
    urgent_alarm: Annotated[int | None, Field(ge=1)] = 1095
    help_request: Annotated[int | None, Field(ge=1)] = 730
    tip: Annotated[int | None, Field(ge=1)] = 1095
    applications: Annotated[int | None, Field(ge=1)] = 365
    media: Annotated[int | None, Field(ge=1)] = 730
    sign_ins: Annotated[int | None, Field(ge=1)] = 180

    def of_case(self, label: str) -> int | None:
        """The days for a closed case of this label."""
        days: int | None = getattr(self, label)
        return days


class Roster(_Strict):
    """The duty file."""

    station: Station
    escalation: EscalationPolicies = EscalationPolicies()
    officers: Annotated[tuple[Officer, ...], Field(min_length=1)]
    rotation: Rotation | None = None
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _names_are_known(self) -> "Roster":
        names = [officer.name for officer in self.officers]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"officers: {', '.join(sorted(twice))} stands there twice")
        for field, name in self.rotation.words() if self.rotation else ():
            if not self._members(name):
                raise ValueError(f"{field}: {name} is none of the officers and no team")
        for rule in self.escalation.policies:
            if URGENT in {match.partition("/")[0] for match in rule.match} and rule.then == "stop":
                raise ValueError("escalation.policies: paging for an alarm never stops; use then: again or last")
            for word in (word for step in rule.steps for word in step.who):
                if not self._known(word):
                    raise ValueError(
                        f"escalation.policies: {word} is no officer, no team and none of "
                        f"{ON_DUTY}, {ON_DUTY}1, {ON_DUTY}2 …, {EVERYONE}, {LEADERS}"
                    )
        return self

    def _known(self, word: str) -> bool:
        named = {name for officer in self.officers for name in (officer.name, officer.team)}
        return word in {ON_DUTY, EVERYONE, LEADERS} | named or self.place_on_duty(word) is not None

    @staticmethod
    def place_on_duty(word: str) -> int | None:
        """The number in `在班1`, `在班2` …; None for any other word."""
        found = re.fullmatch(rf"{ON_DUTY}([1-9])", word)
        return int(found[1]) if found else None

    def shift(self, at: datetime) -> Shift:
        """The shift of a moment with its officers' names; without a rotation everybody is on duty all the time, and
        one of them is enough."""
        if self.rotation is None:
            return Shift(_ALWAYS[0], _ALWAYS[1], tuple(officer.name for officer in self.officers), wanted=1)
        shift = self.rotation.shift(at)
        crew = tuple(dict.fromkeys(name for word in shift.crew for name in self._members(word)))
        return replace(shift, crew=crew, wanted=len(crew))

    def day_begins(self, day: date) -> datetime:
        """When a day of duty begins: at the rotation's hour, at midnight without one."""
        hour = self.rotation.starts.astimezone(STATION_TIME).time() if self.rotation else time()
        return datetime.combine(day, hour, STATION_TIME)

    def _members(self, word: str) -> list[str]:
        return [officer.name for officer in self.officers if word in (officer.name, officer.team)]

    def named(self, name: str) -> Officer | None:
        """The officer of this name."""
        return next((officer for officer in self.officers if officer.name == name), None)

    def policy_for(self, label: str, intent: str, *, on_duty: int) -> dict[str, Any] | None:
        """What a case of this kind keeps as its policy (`bot/duty/policy.py`); None: nobody is paged for it.

        An alarm always has one: without any in the file, whoever is on duty is paged in turn.
        """
        chosen = policy.choose(self.escalation.policies, label, intent)
        if chosen is None and label == URGENT:
            chosen = policy.one_after_another(on_duty, everyone_last=on_duty < len(self.officers))
        escalation = self.escalation
        if chosen is None:
            return None
        return policy.copied(chosen, wait_seconds=escalation.wait_seconds, silence_minutes=escalation.silence_minutes)


def load_roster(path: Path) -> Roster:
    """Read the duty file; parsed anew only when it has changed.

    Raises:
        RosterError: missing, not YAML, or lacking what is needed.
    """
    try:
        state = path.stat()
        return _load(path, (state.st_mtime_ns, state.st_size, state.st_ino))
    except OSError as error:
        raise RosterError(f"FUJIN_DUTY_FILE: {path} cannot be read ({error.strerror})") from None


@lru_cache(maxsize=4)
def _load(path: Path, _changed: tuple[int, int, int]) -> Roster:
    try:
        return Roster.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except UnicodeDecodeError:
        raise RosterError(f"{path} is not UTF-8: save it again with the encoding UTF-8") from None
    except yaml.YAMLError as error:
        raise RosterError(f"{path} is not valid YAML: {error}") from None
    except ValidationError as error:
        problems = "; ".join(_problem(e["loc"], e["msg"]) for e in error.errors())
        raise RosterError(f"{path}: {problems}") from None
    except ValueError as error:  # YAML's own reading of a date, like the 30th of February
        raise RosterError(f"{path} has a date that is none: {error}") from None


def _problem(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(map(str, place))
    message = message.removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


class RosterFile:
    """The duty file as the running engine reads it: a broken edit keeps the last good one, so that paging goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = load_roster(path)
        self.problem: str | None = None

    def current(self) -> Roster:
        """The roster now; `problem` tells why an edit was not taken."""
        try:
            self._last, self.problem = load_roster(self._path), None
        except RosterError as error:
            self.problem = str(error)
        return self._last
