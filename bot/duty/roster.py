"""Who is paged, and in which order: a list in `duty.yml`, read anew whenever it changes."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError


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
    """Someone who can be paged."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    mobile: str | None = None


class EscalationPolicy(_Strict):
    """How long a level is waited for, in seconds."""

    wait_seconds: Annotated[int, Field(ge=5, le=3600)] = 45


class Roster(_Strict):
    """The duty file."""

    station: Station
    escalation: EscalationPolicy = EscalationPolicy()
    officers: Annotated[tuple[Officer, ...], Field(min_length=1)]

    @property
    def wait(self) -> timedelta:
        """How long a level has to acknowledge."""
        return timedelta(seconds=self.escalation.wait_seconds)

    def officer(self, level: int) -> Officer:
        """Whom to page at this level; after the last officer it is the first one's turn again."""
        return self.officers[level % len(self.officers)]


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
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RosterError(f"{path}: {problems}") from None


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
