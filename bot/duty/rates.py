"""How often a channel may be used, by all gateways together: GCRA (the leaky bucket as one moment in time).

The row of a channel holds the moment at which its allowance is whole again. Each message moves it on by `every`; one
that would move it further ahead of now than the burst allows has to wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.models import ChannelQuota
from bot.store.session import insert

ORDINARY_SHARE = 0.6
"""What is no alarm may use this part of the burst; the rest is there when an alarm comes."""


@dataclass(frozen=True)
class Rate:
    """`burst` messages at once, and one more each `every`."""

    burst: int
    every: timedelta

    @classmethod
    def within_a_minute(cls, most: int) -> "Rate":
        """At most so many in any minute, wherever it begins: half of them at once, the others one after another."""
        burst = most // 2
        return cls(burst, timedelta(minutes=1) / (most - burst))


class Quota:
    """One channel's allowance, locked until the transaction ends."""

    def __init__(self, session: Session, channel: str, rate: Rate, *, now: datetime) -> None:
        session.execute(insert(session, ChannelQuota).values(channel=channel, whole_at=now).on_conflict_do_nothing())
        query = sa.select(ChannelQuota).where(ChannelQuota.channel == channel).with_for_update()
        self._row = session.scalars(query.execution_options(populate_existing=True)).one()
        self._rate, self._now, self._waiting = rate, now, 0

    def take(self, *, alarm: bool) -> timedelta | None:
        """Use the channel once, now; None if that is allowed, else how long to wait. The next who asks waits longer."""
        whole_at = max(self._row.whole_at, self._now) + self._rate.every
        share = 1.0 if alarm else ORDINARY_SHARE
        wait = whole_at - self._now - self._rate.every * self._rate.burst * share
        if wait <= timedelta(0):
            self._row.whole_at = whole_at
            return None
        wait += self._rate.every * self._waiting
        self._waiting += 1
        return wait

    def rest(self, duration: timedelta) -> None:
        """Leave the channel alone for a while, alarms too: the vendor takes none."""
        until = self._now + duration + self._rate.every * (self._rate.burst - 1)
        self._row.whole_at = max(self._row.whole_at, until)
