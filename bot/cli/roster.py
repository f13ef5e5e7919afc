"""`fujin roster`: who is on duty, and the everyday changes of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from bot.cli.common import SHELL, fail, officers_transaction, output, station_settings, viewing
from bot.clock import SystemClock
from bot.duty import calendar, shifts
from bot.duty.roster import STATION_TIME, Roster, RosterError, in_station_time, load_roster
from bot.duty.shifts import ShiftError, Stretch
from bot.store.models import ShiftChange

commands = typer.Typer(no_args_is_help=True)
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON array.")]
_By = Annotated[str, typer.Option("--officer", help="Who does it.", show_default=False)]
_Viewer = Annotated[str, typer.Option("--officer", help="Who looks, for the audit log.")]
_Reason = Annotated[str, typer.Option(help="Why; officers read it.")]
_Name = Annotated[str, typer.Argument(help="An officer of the duty file.", show_default=False)]
_Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="When the shift begins.", show_default=False)]
_From = Annotated[
    str, typer.Argument(metavar="FROM", help='2026-12-03, or "2026-12-03 20:00", or now.', show_default=False)
]
_Until = Annotated[str, typer.Argument(metavar="UNTIL", help="The same; a day alone is included.", show_default=False)]


def _roster() -> Roster:
    try:
        return load_roster(station_settings().duty_file)
    except RosterError as error:
        fail(str(error))


@contextmanager
def _act(officer: str) -> Iterator[tuple[Session, Roster, datetime]]:
    """A transaction, the roster and the present moment; what cannot be done ends the command in one line."""
    try:
        with officers_transaction(officer, "edit_roster") as session:
            yield session, _roster(), SystemClock().now()
    except ShiftError as error:
        fail(str(error))


@commands.command()
def show(
    month: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], help="2026-12; the next week without it.", show_default=False)
    ] = None,
    officer: _Viewer = SHELL,
    as_json: _AsJson = False,
) -> None:
    """Who is on duty, shift by shift, with the changes that are to come and the gaps of the next week."""
    if month and not 2000 <= month.year <= 2100:
        fail("--month: a year between 2000 and 2100")
    now, roster = SystemClock().now(), _roster()
    starts_at, ends_at = _month(month.date()) if month else (now, now + shifts.WARNED_BEFORE)
    with viewing(officer, "roster", "see_roster", unnamed=True) as session:
        plan = shifts.plan(session, roster, starts_at, ends_at)
        gaps, changes = shifts.gaps(session, roster, now), shifts.to_come(session, now)
    if as_json:
        typer.echo(json.dumps([_row(stretch) for stretch in plan], ensure_ascii=False, indent=1))
        return
    output.print(_plan_table(plan))
    if changes:
        output.print(_changes_table(changes))
    for gap in gaps:
        typer.echo(f"缺口 {shifts.gap_in_words(gap)}")


def _month(first: date) -> tuple[datetime, datetime]:
    after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (datetime.combine(first, time(), STATION_TIME), datetime.combine(after, time(), STATION_TIME))


def _row(stretch: Stretch) -> dict[str, Any]:
    return {
        "starts_at": stretch.starts_at.astimezone(STATION_TIME).isoformat(),
        "ends_at": stretch.ends_at.astimezone(STATION_TIME).isoformat(),
        "on_duty": [
            {"officer": turn.officer, "place": turn.place, "whence": turn.whence, "change": turn.change}
            for turn in stretch.turns
        ],
        "holiday": stretch.holiday,
        "wanted": stretch.wanted,
        "missing": list(stretch.missing),
        "gap": stretch.gap,
    }


def _plan_table(plan: tuple[Stretch, ...]) -> Table:
    table = Table("时间", "在班", "")
    for stretch in plan:
        names = [
            turn.officer if turn.officer == turn.place else f"{turn.officer}（替{turn.place}）"
            for turn in stretch.turns
        ]
        notes = [*([stretch.holiday] if stretch.holiday else []), *(["缺口"] if stretch.gap else [])]
        table.add_row(shifts.span(stretch.starts_at, stretch.ends_at), "、".join(names), "，".join(notes))
    return table


def _changes_table(changes: Sequence[ShiftChange]) -> Table:
    table = Table("变动", "时间", "内容", "原因", "谁办的")
    for change in changes:
        said = shifts.in_words(change.officer, change.instead_of)
        when = shifts.span(change.starts_at, change.ends_at)
        table.add_row(str(change.id), when, said, change.reason, change.made_by)
    return table


@commands.command()
def swap(first: _Name, first_day: _Day, second: _Name, second_day: _Day, officer: _By, reason: _Reason = "") -> None:
    """Let two officers take each other's turn."""
    turns = (first, first_day.date()), (second, second_day.date())
    with _act(officer) as (session, roster, now):
        _tell(*shifts.swap(session, roster, *turns, by=officer, now=now, reason=reason))


@commands.command()
def extra(name: _Name, start: _From, until: _Until, officer: _By, reason: _Reason = "") -> None:
    """Put an officer on duty besides whoever is."""
    with _act(officer) as (session, roster, now):
        times = _moment(roster, start, now), _moment(roster, until, now, last=True)
        _tell(shifts.reinforce(session, roster, name, *times, by=officer, now=now, reason=reason))


@commands.command()
def away(
    name: _Name,
    start: _From,
    until: _Until,
    officer: _By,
    stand_in: Annotated[str | None, typer.Option(help="Who takes the turns meanwhile.", show_default=False)] = None,
    reason: _Reason = "",
) -> None:
    """Note that an officer is away, with or without somebody who stands in."""
    with _act(officer) as (session, roster, now):
        times = _moment(roster, start, now), _moment(roster, until, now, last=True)
        _tell(shifts.away(session, roster, name, *times, stand_in=stand_in, by=officer, now=now, reason=reason))


@commands.command()
def cancel(
    number: Annotated[int, typer.Argument(help="The change's number; `fujin roster show`.", show_default=False)],
    officer: _By,
) -> None:
    """Take a change back; one that has begun ends now."""
    with _act(officer) as (session, _, now):
        shifts.cancel(session, number, by=officer, now=now)
    typer.echo(f"change {number} cancelled")


_File = Annotated[Path, typer.Argument(metavar="FILE.ics", show_default=False)]


@commands.command("export")
def export_calendar(file: _File, officer: _Viewer = SHELL) -> None:
    """Write the next three months as an iCalendar file."""
    roster = _roster()
    try:
        with viewing(officer, "roster", "see_roster", unnamed=True) as session:
            content = calendar.export(session, roster, now=SystemClock().now())
    except ShiftError as error:
        fail(str(error))
    try:
        file.write_bytes(content)
    except OSError as error:
        fail(f"{file} cannot be written ({error.strerror})")
    typer.echo(f"{content.count(b'BEGIN:VEVENT')} events in {file}")


@commands.command("import")
def import_calendar(
    file: _File,
    officer: _By,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
) -> None:
    """Make the changes that an iCalendar file asks for; importing it again changes them instead of adding others."""
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read ({error.strerror})")
    with _act(officer) as (session, roster, now):
        steps = calendar.import_file(session, roster, content, by=officer, now=now, dry_run=dry_run)
    for step in steps:
        if step.kind != "keep":
            typer.echo(f"{calendar.STEPS[step.kind]} {step.words}")
    kept = sum(step.kind == "keep" for step in steps)
    typer.echo(f"{len(steps) - kept} changes{' would be made' if dry_run else ''}, {kept} as they are")


def _tell(*changes: ShiftChange) -> None:
    for change in changes:
        when, said = shifts.span(change.starts_at, change.ends_at), shifts.in_words(change.officer, change.instead_of)
        typer.echo(f"change {change.id}: {when} {said}")


def _moment(roster: Roster, text: str, now: datetime, *, last: bool = False) -> datetime:
    """A moment of the station's clock; of a day alone the beginning of its first shift, or the end of its last one."""
    if text == "now":
        return now
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ShiftError(f'看不懂时间“{text}”；请写成2026-12-03或"2026-12-03 20:00"') from None
    if len(text) <= len("2026-12-03"):
        return roster.day_begins(moment.date() + timedelta(days=1 if last else 0))
    return in_station_time(moment)
