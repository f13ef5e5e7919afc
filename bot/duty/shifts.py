"""Shifts: who is on duty when, by the duty file's rotation and the everyday changes of it, and making such changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.duty.roster import STATION_TIME, Roster, Shift
from bot.store.models import ShiftChange

WARNED_BEFORE = timedelta(days=7)
"""How long before a gap it is warned of."""
LONGEST = timedelta(days=366)
LONGEST_SHIFT = timedelta(days=31)
REASON_CHARACTERS = 200


class ShiftError(Exception):
    """A change of the roster that cannot be made; the text says in Chinese why and what to do."""


@dataclass(frozen=True)
class Turn:
    """Somebody on duty: in whose place (their own, unless a change put them there), and by what.

    `change` is the number of the change that put them there.
    """

    officer: str
    place: str
    whence: Literal["rotation", "holiday", "change"]
    change: int | None = None


@dataclass(frozen=True)
class Stretch:
    """A time [starts_at, ends_at) within one shift during which the same officers are on duty, in the order of paging.

    `shift_at` is when that shift begins, `missing` whose place nobody has taken, `wanted` how many there should be.
    """

    starts_at: datetime
    ends_at: datetime
    turns: tuple[Turn, ...]
    missing: tuple[str, ...]
    wanted: int
    shift_at: datetime
    holiday: str | None

    @property
    def officers(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(turn.officer for turn in self.turns)

    @property
    def gap(self) -> bool:
        """Whether fewer are on duty than there should be."""
        return len(self.turns) < self.wanted

    def begins_on(self, day: date) -> bool:
        """Whether its shift begins on a day of the station's calendar."""
        return self.shift_at.astimezone(STATION_TIME).date() == day


def plan(session: Session, roster: Roster, starts_at: datetime, ends_at: datetime) -> tuple[Stretch, ...]:
    """Who is on duty from one moment to another, without holes; the first and last stretch are cut at these."""
    return planned(roster, changes(session, starts_at, ends_at), starts_at, ends_at)


def at(session: Session, roster: Roster, moment: datetime) -> Stretch:
    """Who is on duty at a moment: the plan of that moment alone."""
    return plan(session, roster, moment, moment + timedelta.resolution)[0]


def gaps(session: Session, roster: Roster, now: datetime) -> tuple[Stretch, ...]:
    """When too few are on duty in the days to come, as far ahead as it is warned of."""
    return tuple(stretch for stretch in plan(session, roster, now, now + WARNED_BEFORE) if stretch.gap)


def changes(session: Session, starts_at: datetime, ends_at: datetime) -> Sequence[ShiftChange]:
    """The changes that hold at any moment between two, the older ones first."""
    holds = (
        ShiftChange.starts_at < ends_at,
        ShiftChange.ends_at > starts_at,
        ShiftChange.ends_at > ShiftChange.starts_at,
    )
    return session.scalars(sa.select(ShiftChange).where(*holds).order_by(ShiftChange.id)).all()


def to_come(session: Session, now: datetime) -> Sequence[ShiftChange]:
    """The changes that hold now or later, in the order in which they begin."""
    holds = (ShiftChange.ends_at > now, ShiftChange.ends_at > ShiftChange.starts_at)
    return session.scalars(sa.select(ShiftChange).where(*holds).order_by(ShiftChange.starts_at, ShiftChange.id)).all()


def planned(roster: Roster, made: Sequence[ShiftChange], starts_at: datetime, ends_at: datetime) -> tuple[Stretch, ...]:
    """The plan that these changes, the older ones first, make of the roster."""
    stretches: list[Stretch] = []
    moment = starts_at
    while moment < ends_at:
        shift = roster.shift(moment)
        ahead = [change_at for change in made for change_at in (change.starts_at, change.ends_at) if change_at > moment]
        until = min(ends_at, shift.ends_at, *ahead)
        holding = [change for change in made if change.starts_at <= moment < change.ends_at]
        stretch = _stretch(roster, shift, holding, moment, until)
        if stretches and replace(stretches[-1], ends_at=until) == replace(stretch, starts_at=stretches[-1].starts_at):
            stretches[-1] = replace(stretches[-1], ends_at=until)
        else:
            stretches.append(stretch)
        moment = until
    return tuple(stretches)


@dataclass
class _Place:
    """A place in the crew: whose it is by the file, who has it, and, if nobody has, who left it."""

    owner: str
    turn: Turn | None
    left_by: str = ""


def _stretch(
    roster: Roster, shift: Shift, holding: Iterable[ShiftChange], starts_at: datetime, ends_at: datetime
) -> Stretch:
    """The shift as these changes make it, each changing what the ones before have made."""
    places = [_Place(name, Turn(name, name, "holiday" if shift.holiday else "rotation")) for name in shift.crew]
    for change in holding:
        _apply(change, places)
    for place in places:
        if place.turn and not roster.named(place.turn.officer):
            place.turn = None  # the file does not know the name any more
    return Stretch(
        starts_at,
        ends_at,
        turns=tuple(place.turn for place in places if place.turn),
        missing=tuple(place.owner for place in places if not place.turn),
        wanted=shift.wanted,
        shift_at=shift.starts_at,
        holiday=shift.holiday,
    )


def _apply(change: ShiftChange, places: list[_Place]) -> None:
    on_duty = {place.turn.officer: place for place in places if place.turn}
    comes = change.officer if change.officer not in on_duty else None
    if change.instead_of is None:
        if comes:
            places.append(_Place(comes, Turn(comes, comes, "change", change.id)))
        return
    place = on_duty.get(change.instead_of)
    if place is None and comes:  # leave may have been noted before somebody was found to stand in
        place = next((place for place in places if not place.turn and place.left_by == change.instead_of), None)
    if place is not None:
        place.turn = Turn(comes, place.owner, "change", change.id) if comes else None
        place.left_by = change.instead_of


def reinforce(
    session: Session,
    roster: Roster,
    officer: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    by: str,
    now: datetime,
    reason: str = "",
) -> ShiftChange:
    """Put an officer on duty besides whoever is.

    Raises:
        ShiftError: no officer of the roster, no such time, on duty all the while anyway, or the reason is too long.
    """
    change = _change(roster, starts_at, ends_at, officer=officer, by=by, now=now, reason=reason)
    if all(officer in stretch.officers for stretch in plan(session, roster, starts_at, ends_at)):
        raise ShiftError(f"{officer}这段时间本来就在班")
    return _make(session, change, now=now)


def away(
    session: Session,
    roster: Roster,
    officer: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    stand_in: str | None = None,
    by: str,
    now: datetime,
    reason: str = "",
) -> ShiftChange:
    """Note that an officer is away, with whoever takes their turns meanwhile.

    Raises:
        ShiftError: not officers of the roster, no such time, nothing to stand in for, or the reason is too long.
    """
    change = _change(roster, starts_at, ends_at, officer=stand_in, instead_of=officer, by=by, now=now, reason=reason)
    if stand_in == officer:
        raise ShiftError("自己不能顶自己的班")
    if stand_in and not any(
        officer in (*stretch.officers, *stretch.missing) for stretch in plan(session, roster, starts_at, ends_at)
    ):
        raise ShiftError(f"{officer}这段时间没有班，不用人顶")
    return _make(session, change, now=now)


def swap(
    session: Session,
    roster: Roster,
    first: tuple[str, date],
    second: tuple[str, date],
    *,
    by: str,
    now: datetime,
    reason: str = "",
) -> tuple[ShiftChange, ShiftChange]:
    """Let two officers take each other's turn: each by name and the day (station time) on which their shift begins.

    Raises:
        ShiftError: not officers of the roster, the same one twice, one has no shift that begins on that day or it is
            over, the other is on duty then anyway, or the reason is too long.
    """
    if first[0] == second[0]:
        raise ShiftError("换班要两个人")
    made = []
    for (officer, day), (other, _) in ((first, second), (second, first)):
        starts_at, ends_at = _turn_of(session, roster, officer, day, now=now)
        if any(other in stretch.officers for stretch in plan(session, roster, starts_at, ends_at)):
            raise ShiftError(f"{other}在{officer}的这一班（{moment(starts_at)}）本来就在班，不能对换")
        made.append(
            _change(roster, starts_at, ends_at, officer=other, instead_of=officer, by=by, now=now, reason=reason)
        )
    return _make(session, made[0], now=now), _make(session, made[1], now=now)


def cancel(session: Session, number: int, *, by: str, now: datetime) -> ShiftChange:
    """Take a change back: one that has begun ends now, another never begins. It stays on record, without effect.

    Raises:
        ShiftError: there is no such change, or it is over.
    """
    check_words(by)
    change = session.get(ShiftChange, number, with_for_update=True, populate_existing=True)
    if change is None or change.ends_at <= max(now, change.starts_at):
        raise ShiftError(f"没有第{number}号变动，或者它已经结束")
    end(change, now=now)
    audit.record(session, by, "roster_remove", subject=subject(change), now=now, detail=told(change))
    return change


def end(change: ShiftChange, *, now: datetime) -> None:
    """Let a change hold no longer than until this minute; one that has not begun never does."""
    change.ends_at = max(_minute(now), change.starts_at)


def _turn_of(session: Session, roster: Roster, officer: str, day: date, *, now: datetime) -> tuple[datetime, datetime]:
    """From when until when an officer has the shift that begins on a day, as far as it is still to come."""
    _check_known(roster, officer)
    midnight = datetime.combine(day, time(), STATION_TIME)
    stretches = plan(session, roster, midnight, midnight + timedelta(days=1) + LONGEST_SHIFT)
    turns = [stretch for stretch in stretches if officer in stretch.officers and stretch.begins_on(day)]
    turns = [stretch for stretch in turns if stretch.shift_at == turns[0].shift_at]
    if not turns:
        raise ShiftError(f"{officer}没有{day.month}月{day.day}日开始的班")
    starts_at, ends_at = max(turns[0].starts_at, _minute(now)), turns[-1].ends_at
    if ends_at <= now:
        raise ShiftError(f"{officer}{day.month}月{day.day}日开始的班已经上完了")
    return starts_at, ends_at


def _minute(moment: datetime) -> datetime:
    """The minute that a clock shows: changes begin and end on it, "from now on" too."""
    return moment.replace(second=0, microsecond=0)


def _change(
    roster: Roster,
    starts_at: datetime,
    ends_at: datetime,
    *,
    officer: str | None = None,
    instead_of: str | None = None,
    by: str,
    now: datetime,
    reason: str,
) -> ShiftChange:
    for name in (officer, instead_of):
        if name is not None:
            _check_known(roster, name)
    starts_at, ends_at = _minute(starts_at), _minute(ends_at)
    check_times(starts_at, ends_at)
    if starts_at < _minute(now):
        raise ShiftError("开始时间已经过去；已经上过的班不能改，要改正在上的班请从现在写起")
    check_words(by, reason)
    return ShiftChange(
        starts_at=starts_at,
        ends_at=ends_at,
        officer=officer,
        instead_of=instead_of,
        reason=reason.strip(),
        made_by=by,
        made_at=now,
    )


def check_times(starts_at: datetime, ends_at: datetime) -> None:
    """Raise ShiftError for a time that ends before it starts or takes longer than a change can."""
    if ends_at <= starts_at:
        raise ShiftError("结束时间要在开始时间之后")
    if ends_at - starts_at > LONGEST:
        raise ShiftError(f"一次最多{LONGEST.days}天")


def check_words(by: str, reason: str = "") -> None:
    """Raise ShiftError for whoever makes a change, or why, if that cannot be recorded."""
    if not 0 < len(by.strip()) <= 64:
        raise ShiftError("要写明是谁改的：1到64个字")
    if len(reason.strip()) > REASON_CHARACTERS:
        raise ShiftError(f"原因最多{REASON_CHARACTERS}个字")


def _check_known(roster: Roster, name: str) -> None:
    if not roster.named(name):
        raise ShiftError(f"值班表里没有“{name}”；有的是{'、'.join(officer.name for officer in roster.officers)}")


def _make(session: Session, change: ShiftChange, *, now: datetime) -> ShiftChange:
    session.add(change)
    session.flush()
    audit.record(session, change.made_by, "roster_change", subject=subject(change), now=now, detail=told(change))
    return change


def subject(change: ShiftChange) -> str:
    """What the audit log calls a change."""
    return f"排班变动{change.id}"


def told(change: ShiftChange) -> dict[str, str | None]:
    """What the audit log keeps of a change: not the reason, which may be an illness."""
    return {
        "starts_at": change.starts_at.astimezone(UTC).isoformat(),
        "ends_at": change.ends_at.astimezone(UTC).isoformat(),
        "officer": change.officer,
        "instead_of": change.instead_of,
    }


def in_words(officer: str | None, instead_of: str | None) -> str:
    """What a change says: `丙 替 甲`, `甲 请假`, `丙 加班`."""
    if instead_of is None:
        return f"{officer} 加班"
    return f"{officer} 替 {instead_of}" if officer else f"{instead_of} 请假"


def gap_in_words(stretch: Stretch) -> str:
    """When too few are on duty, and how many."""
    number = len(stretch.turns)
    how_many = f"只有{number}人在班，应有{stretch.wanted}人" if number else "没有人在班，提醒会发给全体"
    lacking = f"（缺{'、'.join(stretch.missing)}）" if stretch.missing else ""
    return f"{span(stretch.starts_at, stretch.ends_at)} {how_many}{lacking}"


def span(starts_at: datetime, ends_at: datetime) -> str:
    """A time in the station's clock: "12月3日 08:30—12月4日 08:30"."""
    same_day = starts_at.astimezone(STATION_TIME).date() == ends_at.astimezone(STATION_TIME).date()
    return (
        f"{moment(starts_at)}—{ends_at.astimezone(STATION_TIME):%H:%M}"
        if same_day
        else f"{moment(starts_at)}—{moment(ends_at)}"
    )


def moment(at: datetime) -> str:
    """A moment in the station's clock: "12月3日 08:30"."""
    there = at.astimezone(STATION_TIME)
    return f"{there.month}月{there.day}日 {there:%H:%M}"
