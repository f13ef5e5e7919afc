"""The station's figures by command."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.table import Table

from bot.cli.common import fail, opened_store, output
from bot.clock import SystemClock
from bot.duty.figures import Figures, Group, read_alarms, summed_up, waiting_now, write_csv, write_summary_csv
from bot.duty.spread import Quantile, Spread

commands = typer.Typer()


@commands.command()
def figures(
    days: Annotated[int, typer.Option(min=1, max=3660, help="Of how many days.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write one line an alarm to this file.")] = None,
    summary_csv: Annotated[Path | None, typer.Option(help="Write one line an hour and a kind to this file.")] = None,
) -> None:
    """Times from alarm to page, acknowledgement and end, by hour and kind; false alarms; unanswered ones."""
    now = SystemClock().now()
    with opened_store() as store, store.reading() as session:
        alarms, waiting = read_alarms(session, now - timedelta(days=days), now), waiting_now(session, now=now)
    found = summed_up(alarms, now=now)
    if csv:
        _write(csv, lambda file: write_csv(alarms, file))
    if summary_csv:
        _write(summary_csv, lambda file: write_summary_csv(found, file))
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"waiting_now": waiting}, ensure_ascii=False, indent=1))
    else:
        _show(found, waiting)


def _write(path: Path, write: Callable[[TextIO], None]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            write(file)
    except OSError as error:
        fail(f"{path} cannot be written ({error.strerror})")


def _show(found: Figures, waiting: int) -> None:
    output.print(_overall(found.overall, waiting))
    if found.overall.alarms:
        hours = ((f"{hour:02}", group) for hour, group in enumerate(found.by_hour) if group.alarms)
        output.print(_by("hour", hours))
        kinds = ((intent.partition("/")[2], group) for intent, group in found.by_kind.items())
        output.print(_by("kind", kinds))
        output.print("≥: so long at least; what has not come about yet is right-censored (Kaplan-Meier estimate)")


def _overall(group: Group, waiting: int) -> Table:
    table = Table("figure", "count", "not yet", "p50 s", "p90 s", "within target")
    for name, spread in (
        ("alarm to page", group.to_page),
        ("alarm to acknowledgement", group.to_acknowledge),
        ("alarm to end", group.to_close),
    ):
        within = "" if spread.within is None else f"{spread.within:.1%}"
        table.add_row(name, str(spread.count), str(spread.censored), _seconds(spread.p50), _seconds(spread.p90), within)
    table.add_row("alarms", str(group.alarms))
    table.add_row("false alarms", f"{group.false_alarms} of {group.closed} closed")
    table.add_row("never acknowledged", str(group.unacknowledged))
    table.add_row("acknowledged, then abandoned", str(group.abandoned))
    table.add_row("waiting now", str(waiting))
    return table


def _by(what: str, groups: Iterable[tuple[str, Group]]) -> Table:
    table = Table(what, "alarms", "false", "unanswered", "page p50/p90 s", "ack p50/p90 s", "end p50/p90 s")
    for name, group in groups:
        numbers = map(str, (group.alarms, group.false_alarms, group.unanswered))
        table.add_row(name, *numbers, *map(_pair, (group.to_page, group.to_acknowledge, group.to_close)))
    return table


def _pair(spread: Spread) -> str:
    return f"{_seconds(spread.p50)} / {_seconds(spread.p90)}"


def _seconds(quantile: Quantile | None) -> str:
    return "" if quantile is None else f"{'≥' * quantile.at_least}{quantile.seconds:.1f}"
