"""What the roster's page shows, read from the plan as frozen values that can be compared from poll to poll."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from bot.duty import shifts
from bot.duty.roster import STATION_TIME, Roster
from bot.duty.shifts import Stretch, Turn


@dataclass(frozen=True)
class Part:
    """A stretch of a day's shift; `begins` is empty where it begins with the only shift of its day."""

    begins: str
    turns: tuple[Turn, ...]
    missing: tuple[str, ...]
    gap: bool


@dataclass(frozen=True)
class Day:
    """The shifts that begin on a day."""

    day: date
    today: bool
    outside: bool
    past: bool
    holiday: str | None
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Change:
    """A change that is to come, or holds."""

    id: int
    when: str
    words: str
    reason: str
    made_by: str


@dataclass(frozen=True)
class RosterView:
    """The page: who is on duty and who follows, a month by weeks, the changes to come, the gaps of the next days.

    Without a rotation nobody follows, and there are no weeks.
    """

    now: Stretch
    following: Stretch | None
    weeks: tuple[tuple[Day, ...], ...]
    changes: tuple[Change, ...]
    gaps: tuple[str, ...]


def read_roster(session: Session, roster: Roster, *, month: date, now: datetime) -> RosterView:
    """The roster of the month that begins on a day."""
    present = shifts.plan(session, roster, now, now + 2 * shifts.LONGEST_SHIFT)
    changes = shifts.to_come(session, now)
    return RosterView(
        now=present[0],
        following=present[1] if len(present) > 1 else None,
        weeks=_weeks(session, roster, month, now) if roster.rotation else (),
        changes=tuple(
            Change(
                change.id,
                shifts.span(change.starts_at, change.ends_at),
                shifts.in_words(change.officer, change.instead_of),
                change.reason,
                change.made_by,
            )
            for change in changes
        ),
        gaps=tuple(shifts.gap_in_words(stretch) for stretch in shifts.gaps(session, roster, now)),
    )


def _weeks(session: Session, roster: Roster, month: date, now: datetime) -> tuple[tuple[Day, ...], ...]:
    """From the Monday before or on the month's first day to the Sunday after or on its last."""
    monday = month - timedelta(days=month.weekday())
    last = following_month(month) - timedelta(days=1)
    after = last + timedelta(days=7 - last.weekday())
    begin, end = (datetime.combine(day, time(), STATION_TIME) for day in (monday, after))
    plan = shifts.plan(session, roster, begin, end + shifts.LONGEST_SHIFT)
    days: dict[date, list[Stretch]] = {monday + timedelta(days=number): [] for number in range((after - monday).days)}
    for stretch in plan:
        day = stretch.shift_at.astimezone(STATION_TIME).date()
        if day in days:
            days[day].append(stretch)
    today = now.astimezone(STATION_TIME).date()
    cells = [_day(day, stretches, month, today) for day, stretches in days.items()]
    return tuple(tuple(cells[number : number + 7]) for number in range(0, len(cells), 7))


def _day(day: date, stretches: list[Stretch], month: date, today: date) -> Day:
    several = len({stretch.shift_at for stretch in stretches}) > 1
    return Day(
        day=day,
        today=day == today,
        outside=(day.year, day.month) != (month.year, month.month),
        past=day < today and (month.year, month.month) == (today.year, today.month),
        holiday=next((stretch.holiday for stretch in stretches if stretch.holiday), None),
        parts=tuple(_parts(stretches, several=several)),
    )


def _parts(stretches: list[Stretch], *, several: bool) -> Iterable[Part]:
    for stretch in stretches:
        begins = f"{stretch.starts_at.astimezone(STATION_TIME):%H:%M}起"
        first = stretch.starts_at == stretch.shift_at and not several
        yield Part("" if first else begins, stretch.turns, stretch.missing, stretch.gap)


def following_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
