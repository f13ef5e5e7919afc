"""The station's figures by command."""

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from bot.cli.common import fail, opened_store, output
from bot.clock import SystemClock
from bot.duty.figures import Figures, Spread, read_alarms, summed_up, write_csv

commands = typer.Typer()


@commands.command()
def figures(
    days: Annotated[int, typer.Option(min=1, max=3660, help="Of how many days.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write one line an alarm to this file.")] = None,
) -> None:
    """Times from alarm to page, acknowledgement and end; false alarms; unanswered ones."""
    now = SystemClock().now()
    with opened_store() as store, store.reading() as session:
        alarms = read_alarms(session, now - timedelta(days=days), now)
    if csv:
        try:
            with csv.open("w", encoding="utf-8", newline="") as file:
                write_csv(alarms, file)
        except OSError as error:
            fail(f"{csv} cannot be written ({error.strerror})")
    found = summed_up(alarms, now=now)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"false_rate": found.false_rate}, ensure_ascii=False, indent=1))
    else:
        output.print(_table(found))


def _table(found: Figures) -> Table:
    table = Table("figure", "count", "p50 s", "p90 s", "within target")
    for name, spread in (
        ("alarm to page", found.to_page),
        ("alarm to acknowledgement", found.to_acknowledge),
        ("alarm to end", found.to_close),
    ):
        table.add_row(name, *_cells(spread))
    table.add_row("alarms", str(found.alarms))
    table.add_row("false alarms", f"{found.false_alarms} of {found.closed} closed")
    table.add_row("unanswered", str(found.unanswered))
    return table


def _cells(spread: Spread) -> tuple[str, ...]:
    seconds = ("" if value is None else f"{value:.1f}" for value in (spread.p50, spread.p90))
    return (str(spread.count), *seconds, "" if spread.within is None else f"{spread.within:.1%}")
