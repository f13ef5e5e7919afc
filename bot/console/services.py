"""What every page of the console needs, as one value to hand around."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from bot.clock import Clock
from bot.console import applications
from bot.console.feed import Feed
from bot.console.looks import Looks
from bot.console.queries import Calls, read_calls
from bot.duty.one_time_codes import Codes
from bot.duty.roster import STATION_TIME, RosterFile
from bot.duty.watch import Watch
from bot.settings import Settings
from bot.store.session import Store

WAITING_POLL_SECONDS, CALLS_POLL_SECONDS = 5.0, 1.0


@dataclass(frozen=True)
class Services:
    """The database, the settings, the roster and the clock."""

    settings: Settings
    store: Store
    roster_file: RosterFile
    clock: Clock

    @property
    def watch(self) -> Watch:
        """Who is paged, and how, as the duty file says now."""
        return Watch.over(self.roster_file.current(), self.settings.channels)

    @cached_property
    def codes(self) -> Codes:
        """What one-time codes are checked with."""
        return Codes(var_dir=self.settings.var_dir, given=self.settings.secret)

    @cached_property
    def looks(self) -> Looks:
        """What writes down who looks at what."""
        return Looks(self.store, self.clock)

    @cached_property
    def waiting(self) -> Feed[int]:
        """How many applications wait for an officer."""

        def read() -> int:
            with self.store.reading() as session:
                return applications.count_waiting(session)

        return Feed(read, WAITING_POLL_SECONDS)

    @cached_property
    def calls(self) -> Feed[Calls]:
        """The alarms that every page calls out."""

        def read() -> Calls:
            with self.store.reading() as session:
                return read_calls(session, watch=self.watch, now=self.clock.now())

        return Feed(read, CALLS_POLL_SECONDS)


def local(moment: datetime, *, now: datetime | None = None) -> str:
    """A moment in the station's time: the clock alone for today, with the date for other days."""
    there = moment.astimezone(STATION_TIME)
    today = (now or datetime.now(UTC)).astimezone(STATION_TIME).date()
    return there.strftime("%H:%M:%S" if there.date() == today else "%m月%d日 %H:%M")


def local_minute(moment: datetime) -> str:
    """A moment of today or tonight as the station's clock shows it: "03:25"."""
    return moment.astimezone(STATION_TIME).strftime("%H:%M")


def milliseconds(moment: datetime) -> int:
    """Unix time in milliseconds, as a browser counts."""
    return int(moment.timestamp() * 1000)


def local_seconds(seconds: float) -> str:
    """A Unix time in seconds as the station's time of day."""
    return datetime.fromtimestamp(seconds, STATION_TIME).strftime("%H:%M:%S")
