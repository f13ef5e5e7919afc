"""The roster as an iCalendar file: given out for the officers' own calendars, and changes taken from such a file.

An event says who is on duty (`甲 值班`, or ATTENDEEs), who stands in (`丙 替 甲`) or who is away (`甲 请假`). An event
of our own that was given to somebody else means that they stand in: its UID tells whose place it was.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import recurring_ical_events
import sqlalchemy as sa
from icalendar import Calendar, Event
from sqlalchemy.orm import Session

from bot.duty import audit, shifts
from bot.duty.roster import Roster, in_station_time
from bot.duty.shifts import ShiftError, Stretch
from bot.store.models import ShiftChange

MAX_BYTES = 1_000_000
MAX_EVENTS = 1000
"""The ten officers' shifts of a year; more would hold the database for longer than an alarm should wait."""
AHEAD = timedelta(days=366)
"""How far ahead a file's events are read; those that repeat for ever do so until then."""
EXPORTED = timedelta(days=92)
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_OURS = re.compile(r"\d{8}T\d{6}Z-(.+?)(?:~\d+)?@fujin")
_KEY = re.compile(r"(.+?)(?:/\d{8}T\d{6}Z)?(?:#\d+)?")
"""A change's uid: the event's, its day where it repeats, and a number where it names several people."""
_STAMP = "%Y%m%dT%H%M%SZ"
_LONGEST_UID = 150
_DENSE, _SEVERAL_A_DAY = {"HOURLY", "MINUTELY", "SECONDLY"}, {"BYHOUR", "BYMINUTE", "BYSECOND"}
_PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class Step:
    """What importing does about one change: its kind, and the change in words."""

    kind: Literal["add", "change", "remove", "keep"]
    words: str


STEPS = {"add": "新增", "change": "修改", "remove": "撤销", "keep": "不变"}
"""What officers read for each kind."""


@dataclass(frozen=True)
class _Wish:
    """A change that an event asks for; `key` is the uid of the change that it makes."""

    key: str
    officer: str | None
    instead_of: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    cancelled: bool


# -- export ---------------------------------------------------------------------------------------------------------


def export(session: Session, roster: Roster, *, now: datetime) -> bytes:
    """The shifts from the present one on for three months, an event for each shift and officer.

    Raises:
        ShiftError: the duty file has no rotation.
    """
    if roster.rotation is None:
        raise ShiftError("值班表里没有轮班（rotation），每天全体在班，没有班次可以导出")
    calendar = Calendar()
    calendar.add("prodid", "-//fujin//roster//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"{roster.station.name}排班")
    starts_at, ends_at = roster.shift(now).starts_at, roster.shift(now + EXPORTED).starts_at
    known = {row.uid: row for row in _imported(session)}
    for piece in _pieces(shifts.plan(session, roster, starts_at, ends_at)):
        calendar.add_component(_event(piece, known, roster, now=now))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


@dataclass
class _Piece:
    """One officer's time without a break in one place of one shift."""

    officer: str
    place: str
    shift_at: datetime
    starts_at: datetime
    ends_at: datetime


def _pieces(plan: Iterable[Stretch]) -> list[_Piece]:
    pieces: list[_Piece] = []
    open_pieces: dict[tuple[str, str, datetime], _Piece] = {}
    for stretch in plan:
        still_open = {}
        for turn in stretch.turns:
            key = (turn.officer, turn.place, stretch.shift_at)
            if (piece := open_pieces.get(key)) is None:
                piece = _Piece(*key, stretch.starts_at, stretch.ends_at)
                pieces.append(piece)
            piece.ends_at = stretch.ends_at
            still_open[key] = piece
        open_pieces = still_open
    return pieces


def _event(piece: _Piece, known: dict[str | None, ShiftChange], roster: Roster, *, now: datetime) -> Event:
    stands_in = piece.officer != piece.place and roster.named(piece.place)
    event = Event()
    event.add("uid", _uid(piece, known))
    event.add("dtstamp", now)
    event.add("dtstart", piece.starts_at.astimezone(_SHANGHAI))
    event.add("dtend", piece.ends_at.astimezone(_SHANGHAI))
    event.add("summary", f"{piece.officer} 替 {piece.place}" if stands_in else f"{piece.officer} 值班")
    return event


def _uid(piece: _Piece, known: dict[str | None, ShiftChange]) -> str:
    """The same for the same place at the same time, whoever has it; but never that of a change which says otherwise:
    importing the file would make this piece of it."""
    number = 1
    while True:
        suffix = f"~{number}" if number > 1 else ""
        uid = f"{piece.starts_at.astimezone(UTC):{_STAMP}}-{piece.place}{suffix}@fujin"
        row = known.get(uid)
        same = row is None or (row.officer, row.starts_at, row.ends_at) == (
            piece.officer,
            piece.starts_at,
            piece.ends_at,
        )
        if same or (row and row.ends_at <= row.starts_at):
            return uid
        number += 1


def _imported(session: Session) -> list[ShiftChange]:
    return list(session.scalars(sa.select(ShiftChange).where(ShiftChange.uid.is_not(None)).order_by(ShiftChange.id)))


# -- import ---------------------------------------------------------------------------------------------------------


def import_file(
    session: Session, roster: Roster, content: bytes, *, by: str, now: datetime, dry_run: bool = False
) -> list[Step]:
    """Make the changes that a file's events ask for, and tell them; a dry run makes none.

    An event that was imported before changes or takes back what it made then; one that asks for what is so anyway does
    nothing, nor does one that is over. Events that are missing in the file are left alone.

    Raises:
        ShiftError: the file or any of its events cannot be read; then nothing was changed.
    """
    shifts.check_words(by)
    events, wishes = _read(content, roster, now=now)
    importing = _Import(session, roster, by, now)
    with session.begin_nested() as savepoint:
        rows = {row.uid: row for row in _imported(session)}
        steps = [importing.grant(wish, rows.get(wish.key)) for wish in wishes]
        for row in _forsaken(rows.values(), events, {wish.key for wish in wishes}, now=now):
            steps.append(importing.remove(row))
        if dry_run:
            savepoint.rollback()
    if importing.log and not dry_run:
        audit.record(session, by, "roster_import", subject="日历文件", now=now, detail={"changes": importing.log})
    return steps


@dataclass
class _Import:
    """One import: who does it and when, and what it has changed so far, for the audit log."""

    session: Session
    roster: Roster
    by: str
    now: datetime
    log: list[dict[str, Any]] = field(default_factory=list)

    def grant(self, wish: _Wish, row: ShiftChange | None) -> Step:
        """Do what an event asks for; `row` is what it made before."""
        stands = row is not None and row.ends_at > max(self.now, row.starts_at)
        if row is not None and stands and not wish.cancelled and _says(row) == _says(wish):
            return _step("keep", row)
        if wish.cancelled or _met(self.session, self.roster, wish, without=row):
            return self.remove(row) if row is not None and stands else _step("keep", wish)
        if row is None:
            row = ShiftChange(uid=wish.key)
            self.session.add(row)
        row.starts_at, row.ends_at, row.reason = wish.starts_at, wish.ends_at, wish.reason
        row.officer, row.instead_of, row.made_by, row.made_at = wish.officer, wish.instead_of, self.by, self.now
        self.session.flush()
        return self._done("change" if stands else "add", row)

    def remove(self, row: ShiftChange) -> Step:
        """Take back what an event made."""
        step = self._done("remove", row)
        shifts.end(row, now=self.now)
        return step

    def _done(self, kind: Literal["add", "change", "remove"], row: ShiftChange) -> Step:
        self.log.append({"kind": kind, "number": row.id, **shifts.told(row)})
        return _step(kind, row)


def _met(session: Session, roster: Roster, wish: _Wish, *, without: ShiftChange | None) -> bool:
    """Whether it is as an event says anyway."""
    if wish.officer is None:
        return False
    made = [change for change in shifts.changes(session, wish.starts_at, wish.ends_at) if change is not without]
    return all(
        wish.officer in stretch.officers
        and (
            wish.instead_of not in stretch.officers
            or any((turn.officer, turn.place) == (wish.officer, wish.instead_of) for turn in stretch.turns)
        )
        for stretch in shifts.planned(roster, made, wish.starts_at, wish.ends_at)
    )


def _forsaken(
    rows: Iterable[ShiftChange], events: set[str], asked: set[str], *, now: datetime
) -> Iterator[ShiftChange]:
    """Changes of events in the file that these do not ask for any more: days and people taken out of them."""
    for row in rows:
        made_for = _KEY.fullmatch(row.uid or "")
        if row.uid not in asked and made_for and made_for[1] in events and row.ends_at > max(now, row.starts_at):
            yield row


def _step(kind: Literal["add", "change", "remove", "keep"], change: ShiftChange | _Wish) -> Step:
    return Step(
        kind, f"{shifts.span(change.starts_at, change.ends_at)} {shifts.in_words(change.officer, change.instead_of)}"
    )


def _says(change: ShiftChange | _Wish) -> tuple[Any, ...]:
    return (change.officer, change.instead_of, change.starts_at, change.ends_at, change.reason)


# -- reading --------------------------------------------------------------------------------------------------------


def _read(content: bytes, roster: Roster, *, now: datetime) -> tuple[set[str], list[_Wish]]:
    """The file's events, and what they ask for in the order of time; all problems of all events in one error."""
    if len(content) > MAX_BYTES:
        raise ShiftError(f"文件太大：最多{MAX_BYTES // 1_000_000} MB")
    try:
        calendar = Calendar.from_ical(content)
        events = calendar.walk("VEVENT")
        repeating = {str(event.get("UID")) for event in events if {"RRULE", "RDATE", "RECURRENCE-ID"} & event.keys()}
        problems = [problem for event in events for problem in _broken(event)]
        if problems:
            raise _problems(problems)
        found = recurring_ical_events.of(calendar).between(now, now + AHEAD)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ShiftError("这不是能读的iCalendar文件（.ics），请用日历软件重新导出") from None
    if len(found) > MAX_EVENTS:
        raise ShiftError(f"一年里的日程太多：最多{MAX_EVENTS}个")
    names = _Names(roster)
    wishes: list[_Wish] = []
    for event in sorted(found, key=lambda event: _moment(roster, event.start)):
        try:
            wishes += _wishes(event, names, repeats=str(event.get("UID")) in repeating)
        except ShiftError as error:
            problems.append(f"{_called(event)}：{error}")
    if problems:
        raise _problems(problems)
    return {_event_key(event) for event in events}, wishes


def _broken(event: Any) -> Iterator[str]:
    if event.errors:
        yield f"{_called(event)}：{'、'.join(name for name, _ in event.errors)}写得不对"
        return
    if any(_SEVERAL_A_DAY & rule.keys() or set(rule.get("FREQ", ())) & _DENSE for rule in _listed(event.get("RRULE"))):
        yield f"{_called(event)}：重复得太密，最多一天一次"
    if not event.get("UID"):
        yield f"{_called(event)}：没有UID，请用日历软件重新导出"
    if "DTSTART" not in event:
        yield f"{_called(event)}：没有开始时间（DTSTART）"


def _listed(value: Any) -> list[Any]:
    """The values of a property that may be missing, stand there once or several times."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _problems(problems: list[str]) -> ShiftError:
    more = [f"……还有{len(problems) - _PROBLEMS_SHOWN}处"] if len(problems) > _PROBLEMS_SHOWN else []
    return ShiftError("文件没有导入。" + "；".join(dict.fromkeys(problems[:_PROBLEMS_SHOWN] + more)))


def _called(event: Any) -> str:
    """What an error calls an event: its title and when it begins."""
    title = f"日程“{str(event.get('SUMMARY') or '没有标题')[:40]}”"
    errors = {name for name, _ in event.errors}
    if "DTSTART" not in event or "DTSTART" in errors:
        return title
    begins = event["DTSTART"].dt
    return (
        f"{title}（{begins.month}月{begins.day}日{begins.strftime(' %H:%M') if isinstance(begins, datetime) else ''}）"
    )


def _moment(roster: Roster, moment: date) -> datetime:
    """A time of an event; without a timezone it is the station's, and a day begins with its first shift."""
    if not isinstance(moment, datetime):
        return roster.day_begins(moment)
    return in_station_time(moment)


class _Names:
    """Finds the roster's officers in the words of an event."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        longest_first = sorted((officer.name for officer in roster.officers), key=len, reverse=True)
        name = f"(?:{'|'.join(map(re.escape, longest_first))})"
        self._name = re.compile(name)
        self._on_duty = re.compile(
            rf"(?:值班|加班|在班)?\s*[:：]?\s*({name}(?:[\s、,，]+{name})*)\s*(?:值班|加班|在班)?"
        )
        self._stands_in = re.compile(rf"({name})\s*(?:替|代|顶)\s*({name})(?:的班|\s*值班)?")
        self._away = re.compile(rf"({name})\s*(?:请假|休假|年假|病假|出差|外出)")

    def meant(self, event: Any) -> list[tuple[str | None, str | None]]:
        """Who is on duty, and in whose place.

        Raises:
            ShiftError: the title says none of the things that it can say, and no attendee is an officer.
        """
        title = str(event.get("SUMMARY") or "").strip()
        if found := self._stands_in.fullmatch(title):
            return [(found[1], found[2])]
        if found := self._away.fullmatch(title):
            return [(None, found[1])]
        if found := self._on_duty.fullmatch(title):
            return [(name, None) for name in dict.fromkeys(self._name.findall(found[1]))]
        called = [str(person.params.get("CN", "")) for person in _listed(event.get("ATTENDEE"))]
        if officers := [name for name in dict.fromkeys(called) if self.roster.named(name)]:
            return [(name, None) for name in officers]
        raise ShiftError("看不出是谁的班；标题请写成“姓名 值班”“姓名 替 姓名”或“姓名 请假”，姓名和值班表里一样")


def _event_key(event: Any) -> str:
    uid = str(event["UID"])
    return uid if len(uid) <= _LONGEST_UID else hashlib.sha256(uid.encode()).hexdigest()


def _wishes(event: Any, names: _Names, *, repeats: bool) -> Iterator[_Wish]:
    starts_at, ends_at = _moment(names.roster, event.start), _moment(names.roster, event.end)
    shifts.check_times(starts_at, ends_at)
    key = _event_key(event)
    if repeats:
        key += f"/{_moment(names.roster, event['RECURRENCE-ID'].dt).astimezone(UTC):{_STAMP}}"
    meant = names.meant(event)
    ours = _OURS.fullmatch(str(event["UID"]))
    for number, (officer, instead_of) in enumerate(meant, start=1):
        if instead_of is None and ours and number == 1 and ours[1] != officer and names.roster.named(ours[1]):
            instead_of = ours[1]
        yield _Wish(
            key=key if number == 1 else f"{key}#{number}",
            officer=officer,
            instead_of=instead_of,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=str(event.get("DESCRIPTION") or "").strip()[: shifts.REASON_CHARACTERS],
            cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
        )
