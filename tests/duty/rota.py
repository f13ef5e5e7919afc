"""A station of five with a rotation, its everyday changes and its plan."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from bot.duty import shifts
from bot.duty.roster import STATION_TIME, Roster
from bot.duty.shifts import Stretch
from bot.duty.watch import Watch
from bot.store.models import AuditEntry, ShiftChange
from bot.store.session import Store
from tests.world import FakeClock

ROTATION = """
station: {name: 大东门派出所, full_name: 沈阳市公安局大东分局大东门派出所, address: 沈阳市大东区大东路1号}
officers:
  - {name: 甲, team: 一组}
  - {name: 乙, team: 一组}
  - {name: 丙}
  - {name: 丁}
  - {name: 戊, leader: true}
rotation:
  starts: 2026-01-05 08:30
  crews: [[一组], [丙, 丁]]
  holidays:
    - {name: 春节, from: 2026-02-16, until: 2026-02-18, crews: [[戊], [甲]]}
    - {name: 元宵, from: 2026-03-03, extra: [戊]}
"""
"""甲 and 乙 from Monday, 5 January 2026, 08:30, then 丙 and 丁, day by day. The fake clock begins that day at 20:00."""


def here(day: int, hour: int = 8, minute: int = 30, *, month: int = 1) -> datetime:
    """A moment of the station's clock in 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=STATION_TIME)


class Rota:
    """Makes changes as 戊, each in a transaction of its own, and reads the plan."""

    def __init__(self, store: Store, roster: Roster, clock: FakeClock) -> None:
        self.store, self.roster, self.clock = store, roster, clock

    def do(self, act: Any, *arguments: Any, **more: Any) -> Any:
        with self.store.transaction() as session:
            return act(session, self.roster, *arguments, by="戊", now=self.clock.now(), **more)

    def cancel(self, number: int) -> None:
        with self.store.transaction() as session:
            shifts.cancel(session, number, by="戊", now=self.clock.now())

    def plan(self, starts_at: datetime, ends_at: datetime) -> tuple[Stretch, ...]:
        with self.store.reading() as session:
            return shifts.plan(session, self.roster, starts_at, ends_at)

    def crews(self, starts_at: datetime, ends_at: datetime) -> list[str]:
        """Who is on duty in each stretch, with its first hour: `08 甲乙`."""
        return [
            f"{stretch.starts_at.astimezone(STATION_TIME):%d-%H} {''.join(stretch.officers)}"
            for stretch in self.plan(starts_at, ends_at)
        ]

    def on_duty(self, moment: datetime) -> str:
        with self.store.reading() as session:
            return "".join(officer.name for officer in Watch(self.roster).on_duty(session, now=moment))

    def audited(self) -> list[tuple[str, str, str]]:
        with self.store.reading() as session:
            entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
            return [(entry.actor, entry.action, entry.subject) for entry in entries]


NAMES = ("甲", "乙", "丙", "丁", "戊", "己")
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
HOURS = st.integers(0, 240).map(lambda half_hours: BEGIN + timedelta(minutes=30 * half_hours))


@st.composite
def some_changes(draw: st.DrawFn) -> list[ShiftChange]:
    made = []
    for number in range(draw(st.integers(0, 8))):
        starts_at, ends_at = sorted((draw(HOURS), draw(HOURS)))
        officer, instead_of = draw(
            st.tuples(st.sampled_from((*NAMES, None)), st.sampled_from((*NAMES, None))).filter(any)
        )
        made.append(
            ShiftChange(id=number + 1, starts_at=starts_at, ends_at=ends_at, officer=officer, instead_of=instead_of)
        )
    return made
