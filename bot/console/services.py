"""What every page of the console needs, as one value to hand around."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property

from bot.clock import Clock
from bot.console import applications
from bot.console.feed import Feed
from bot.duty.roster import RosterFile
from bot.settings import Settings
from bot.store.session import Store

# China has one timezone and no summer time; a fixed offset needs no timezone database.
_STATION_TIME = timezone(timedelta(hours=8))
WAITING_POLL_SECONDS = 5.0


@dataclass(frozen=True)
class Services:
    """The database, the settings, the roster and the clock."""

    settings: Settings
    store: Store
    roster_file: RosterFile
    clock: Clock

    @cached_property
    def waiting(self) -> Feed[int]:
        """How many applications wait for an officer."""

        def read() -> int:
            with self.store.reading() as session:
                return applications.count_waiting(session)

        return Feed(read, WAITING_POLL_SECONDS)


def local(moment: datetime, *, now: datetime | None = None) -> str:
    """A moment in the station's time: the clock alone for today, with the date for other days."""
    there = moment.astimezone(_STATION_TIME)
    today = (now or datetime.now(UTC)).astimezone(_STATION_TIME).date()
    return there.strftime("%H:%M:%S" if there.date() == today else "%m月%d日 %H:%M")


def local_minute(moment: datetime) -> str:
    """A moment of today or tonight as the station's clock shows it: "03:25"."""
    return moment.astimezone(_STATION_TIME).strftime("%H:%M")


def milliseconds(moment: datetime) -> int:
    """Unix time in milliseconds, as a browser counts."""
    return int(moment.timestamp() * 1000)


def local_seconds(seconds: float) -> str:
    """A Unix time in seconds as the station's time of day."""
    return datetime.fromtimestamp(seconds, _STATION_TIME).strftime("%H:%M:%S")
