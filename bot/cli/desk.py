"""An officer's work by command."""

import json
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table

from bot.cli.common import fail, opened_store
from bot.clock import SystemClock
from bot.duty import case as duty_case
from bot.store.models import Case, CaseId, Message, Page, Resident, WorkState

commands = typer.Typer()


@commands.command()
def cases(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """List the cases, newest first; residents appear as pseudonyms."""
    with opened_store() as store, store.reading() as session:
        rows = [_case_row(*row) for row in session.execute(_case_query())]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(*(rows[0] if rows else ["no cases"]))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)


def _case_query() -> sa.Select[Case, str, int, int]:
    def count(table: type[Message | Page], *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).where(table.case_id == Case.id, *where).scalar_subquery()

    sent = count(Page, Page.state == WorkState.DONE)
    return (
        sa.select(Case, Resident.pseudonym, count(Message), sent)
        .join(Resident, Resident.id == Case.resident_id)
        .order_by(Case.id.desc())
    )


def _case_row(case: Case, pseudonym: str, messages: int, pages: int) -> dict[str, Any]:
    return {
        "id": case.id,
        "label": case.label,
        "intent": case.intent,
        "state": case.state,
        "opened_at": case.opened_at.isoformat(),
        "message_count": messages,
        "page_count": pages,
        "acknowledged_by": case.acknowledged_by,
        "resident": pseudonym,
    }


@commands.command()
def ack(case: int, officer: Annotated[str, typer.Option(help="Who has the case.")]) -> None:
    """Acknowledge a case: its pages end."""
    try:
        with opened_store() as store, store.transaction() as session:
            duty_case.acknowledge(session, CaseId(case), officer=officer, now=SystemClock().now())
    except duty_case.CaseError as error:
        fail(str(error))
    typer.echo(f"case {case} acknowledged")
