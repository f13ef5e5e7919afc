"""An officer's work by command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from bot.cli.common import fail, opened_store
from bot.clock import SystemClock
from bot.duty import case as duty_case
from bot.duty import conversation
from bot.duty.case import DISPOSITIONS, CaseError
from bot.services import applications as services
from bot.services.applications import DECISIONS, ApplicationError, by_receipt
from bot.store.models import Application, Case, CaseId, Message, Page, Resident, WorkState

commands = typer.Typer()
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON array.")]


@commands.command()
def cases(as_json: _AsJson = False) -> None:
    """List the cases, newest first; residents appear as pseudonyms."""
    with opened_store() as store, store.reading() as session:
        rows = [_case_row(*row) for row in session.execute(_case_query())]
    _show(rows, "no cases", as_json=as_json)


def _show(rows: list[dict[str, Any]], nothing: str, *, as_json: bool) -> None:
    """One JSON array, or a table for people."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    table = Table(*(rows[0] if rows else [nothing]))
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


_CaseNumber = Annotated[int, typer.Argument(help="The case's number.", show_default=False)]
_Officer = Annotated[str, typer.Option(help="Who does it.", show_default=False)]


@contextmanager
def _transaction() -> Iterator[Session]:
    """A transaction on the station's database; what cannot be done ends the command in one line."""
    try:
        with opened_store() as store, store.transaction() as session:
            yield session
    except (CaseError, ApplicationError) as error:
        fail(str(error))


@commands.command()
def ack(case: _CaseNumber, officer: Annotated[str, typer.Option(help="Who has the case.")]) -> None:
    """Acknowledge a case: its pages end."""
    with _transaction() as session:
        duty_case.acknowledge(session, CaseId(case), officer=officer, now=SystemClock().now())
    typer.echo(f"case {case} acknowledged")


@commands.command()
def reply(case: _CaseNumber, text: str, officer: _Officer) -> None:
    """Write to the resident of a case; the bot is silent until it is given back, or for half an hour."""
    with _transaction() as session:
        conversation.reply(session, CaseId(case), text, officer=officer, now=SystemClock().now())
    typer.echo(f"reply to case {case} in the outbox; the bot is silent for {conversation.HELD.seconds // 60} minutes")


@commands.command()
def give_back(case: _CaseNumber) -> None:
    """Let the bot answer the resident of a case again."""
    with _transaction() as session:
        conversation.give_back(session, CaseId(case))
    typer.echo(f"case {case}: the bot answers again")


@commands.command()
def close(
    case: _CaseNumber,
    disposition: Annotated[str, typer.Option(metavar="|".join(DISPOSITIONS), help="How it ended.")],
    word: Annotated[str, typer.Option(help="What was found and done.", show_default=False)],
    officer: _Officer,
) -> None:
    """End a case: its pages end, and the bot has the conversation again."""
    with _transaction() as session:
        now = SystemClock().now()
        duty_case.close(session, CaseId(case), officer=officer, disposition=disposition, word=word, now=now)
    typer.echo(f"case {case} closed: {DISPOSITIONS[disposition]}")


@commands.command()
def applications(as_json: _AsJson = False) -> None:
    """List the applications, newest first, without what they hold; residents appear as pseudonyms."""
    query = sa.select(Application, Resident.pseudonym).join(Resident).order_by(Application.id.desc())
    with opened_store() as store, store.reading() as session:
        rows = [_application_row(*row) for row in session.execute(query)]
    _show(rows, "no applications", as_json=as_json)


def _application_row(application: Application, pseudonym: str) -> dict[str, Any]:
    return {
        "receipt": application.receipt,
        "kind": application.kind,
        "state": application.state,
        "submitted_at": application.submitted_at.isoformat(),
        "updated_at": application.updated_at.isoformat(),
        "resident": pseudonym,
    }


@commands.command()
def decide(
    receipt: Annotated[str, typer.Argument(help="The receipt number.", show_default=False)],
    decision: Annotated[str, typer.Argument(metavar="|".join(DECISIONS))],
    officer: _Officer,
    reason: Annotated[str, typer.Option(help="What the resident is told; needed to ask for more or reject.")] = "",
) -> None:
    """Decide on an application and tell its resident."""
    with _transaction() as session:
        application = by_receipt(session, receipt)
        if application is None:
            raise ApplicationError(f"there is no application {receipt}; `fujin applications` lists them")
        services.decide(session, application.id, decision, officer=officer, reason=reason, now=SystemClock().now())
    typer.echo(f"{receipt}: {services.standing(application)}")
