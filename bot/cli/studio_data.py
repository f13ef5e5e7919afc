"""`fujin studio data`: the trainers' data by command, through the functions that the studio's pages call."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from bot.cli.common import check_right, fail, opened_store, output
from bot.clock import SystemClock
from bot.nlu.project import MODELS, NLU_DATA
from bot.store.models import DataChange
from bot.studio import changes, plans
from bot.studio.changes import STATES, ChangeError, Filter
from bot.studio.files import EditError
from bot.studio.health import Checkup, Health
from bot.studio.plans import KINDS

commands = typer.Typer(no_args_is_help=True)
_By = Annotated[str, typer.Option("--by", help="Who does it; it stays in the history.", show_default=False)]
_Why = Annotated[str, typer.Option("--why", help="Why; it stays in the history.")]
_Intent = Annotated[str, typer.Argument(help="A fine intent, as help_request/noise.", show_default=False)]
_Text = Annotated[str, typer.Argument(help="The example, word by word.", show_default=False)]
_Number = Annotated[int, typer.Argument(help="The change's number.", show_default=False)]
_AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]


@contextmanager
def _act() -> Iterator[Session]:
    """A transaction; what cannot be done ends the command in one line."""
    try:
        with opened_store() as store, store.transaction() as session:
            yield session
    except ChangeError as error:
        fail(str(error))


def _propose(kind: str, by: str, why: str, **payload: Any) -> None:
    with _act() as session:
        change = changes.propose(session, kind, payload, by=by, why=why, now=SystemClock().now(), folder=NLU_DATA)
        said = f"change {change.id}: {KINDS[kind].title}, {STATES.get(change.state, change.state)}"
    typer.echo(said)


@commands.command()
def add(intent: _Intent, text: _Text, by: _By, why: _Why = "") -> None:
    """Ask for a new example."""
    _propose("add_example", by, why, intent=intent, text=text)


@commands.command()
def remove(intent: _Intent, text: _Text, by: _By, why: _Why = "") -> None:
    """Ask for an example to be removed."""
    _propose("remove_example", by, why, intent=intent, text=text)


@commands.command()
def move(
    was: _Intent,
    to: Annotated[str, typer.Argument(help="The intent it belongs to.", show_default=False)],
    text: _Text,
    by: _By,
    why: _Why = "",
) -> None:
    """Ask for an example to go to another intent."""
    _propose("move_example", by, why, text=text, was=was, now=to)


@commands.command()
def answer(
    topic: Annotated[str, typer.Argument(help="A topic, as idcard_lost.", show_default=False)],
    aspect: Annotated[str, typer.Argument(help="short, plain, or an aspect, as fee.", show_default=False)],
    text: Annotated[str | None, typer.Argument(help="What it says from now on; shows what it says without.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who does it.", show_default=False)] = "",
    why: _Why = "",
    source: Annotated[str, typer.Option(help="What it is based on; as it is without.", show_default=False)] = "",
    scope: Annotated[str, typer.Option(help="national or local; as it is without.", show_default=False)] = "",
    reviewed: Annotated[str, typer.Option(help="When it was looked at: 2026-11-25; today without.")] = "",
) -> None:
    """Show one text of an answer, or ask for another one; a national one waits for a second person."""
    try:
        place = plans.find(NLU_DATA, topic, aspect)
    except EditError as error:
        fail(str(error))
    if text is None:
        typer.echo(plans.text_of(place.entry))
        return
    if not by:
        fail("say who does it: --by")
    found = place.settings()
    given = {"source": source or found["source"], "scope": scope or found["scope"], "reviewed": reviewed}
    kept = {"unknown": found["unknown"]}
    where = {"intent": place.intent, "topic": topic, "aspect": aspect}
    _propose("edit_answer", by, why, **where, was=plans.text_of(place.entry), now=text, **given, **kept)


@commands.command()
def history(
    by: Annotated[str | None, typer.Option("--by", help="Only of this person.", show_default=False)] = None,
    kind: Annotated[
        str | None, typer.Option(help=f"Only of this kind: {', '.join(KINDS)}.", show_default=False)
    ] = None,
    state: Annotated[str | None, typer.Option(help=f"Only in this state: {', '.join(STATES)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    diff: Annotated[bool, typer.Option("--diff", help="With what each did to the files.")] = False,
    as_json: _AsJson = False,
) -> None:
    """The changes of the data, newest first."""
    with opened_store() as store, store.reading() as session:
        found = changes.history(session, Filter(by, kind, state), limit=limit)
    if as_json:
        typer.echo(json.dumps([_row(change) for change in found], ensure_ascii=False, indent=1))
        return
    for change in found:
        state_title = STATES.get(change.state, change.state)
        typer.echo(
            f"{change.id}\t{change.made_at:%Y-%m-%d %H:%M}\t{change.made_by}\t{KINDS[change.kind].title}", nl=False
        )
        typer.echo(f"\t{state_title}\t{change.why}" + (f"\t{change.error}" if change.error else ""))
        if diff and change.diff:
            typer.echo(change.diff)


def _row(change: DataChange) -> dict[str, Any]:
    names = ("id", "kind", "payload", "why", "made_by", "approved_by", "state", "error", "diff")
    moments = {name: value and value.isoformat() for name, value in vars(change).items() if name.endswith("_at")}
    return {name: getattr(change, name) for name in names} | moments


@commands.command()
def approve(number: _Number, by: _By) -> None:
    """Let a change be made that needs a second person: another trainer, or for the regression set a leader."""
    with _act() as session:
        check_right(session, by, changes.right_to_approve(session, number))
        changes.approve(session, number, by=by, now=SystemClock().now())
    typer.echo(f"change {number} will be made")


@commands.command()
def withdraw(number: _Number, by: _By, why: _Why = "") -> None:
    """Give up a change that is not made yet."""
    with _act() as session:
        changes.withdraw(session, number, by=by, why=why, now=SystemClock().now())
    typer.echo(f"change {number} is given up")


@commands.command()
def undo(number: _Number, by: _By, why: _Why = "") -> None:
    """Ask for the change that takes one back."""
    with _act() as session:
        made = changes.undo(session, number, by=by, why=why, now=SystemClock().now(), folder=NLU_DATA).id
    typer.echo(f"change {number} is taken back by change {made}")


@commands.command("apply")
def apply_now() -> None:
    """Make the changes that wait, as the trainer process does every second."""
    with opened_store() as store:
        made = changes.apply_pending(store, NLU_DATA, now=SystemClock().now())
        with store.reading() as session:
            failed = changes.history(session, Filter(state="failed"), limit=5)
    typer.echo(f"{made} made")
    for change in failed:
        typer.echo(f"not made: {change.id} {KINDS[change.kind].title}: {change.error}")


@commands.command()
def health(as_json: _AsJson = False) -> None:
    """What is thin, contradicts itself, is probably mislabelled, leaks, or is out of date."""
    try:
        found = Checkup(NLU_DATA, MODELS).current(SystemClock().now().date())
    except EditError as error:
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(_figures(found), ensure_ascii=False, indent=1))
        return
    table = Table("finding", "count")
    for name, value in _figures(found).items():
        table.add_row(name, str(len(value)) if isinstance(value, list) else str(value))
    output.print(table)


def _figures(found: Health) -> dict[str, Any]:
    return {
        "model": found.model or "",
        "thin intents": [count.intent for count in found.intents if count.thin],
        "conflicting": [[pair.one.text, pair.other.text] for pair in found.pairs if pair.conflicting],
        "nearly the same": [[pair.one.text, pair.other.text] for pair in found.pairs if not pair.conflicting],
        "likely label errors": [[item.text, item.intent, item.suggested] for item in found.suspects],
        "confused": [[pair.one, pair.other, pair.count] for pair in found.confusions if pair.count > 1],
        "leaks into the test set": [[leak.held.text, leak.test_id] for leak in found.leaks],
        "few test messages": [count.intent for count in found.intents if count.few_tests],
        "answers to look at again": [[item.topic, item.aspect, item.reviewed.isoformat()] for item in found.due],
        "local facts to confirm": [item.name for item in found.unconfirmed],
        "problem": found.problem,
    }
