"""`fujin studio`: trainings and what models are worth, by command."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.cli.common import check_right, fail, opened_store, output, station_settings, terminal
from bot.cli.desk import AsJson, show
from bot.clock import SystemClock
from bot.console.studio import comparing
from bot.console.studio.comparing import Regression, Replay
from bot.console.studio.trainer_state import trainer_problem
from bot.nlu.evaluation import Ratio
from bot.nlu.project import PROJECT
from bot.nlu.triage import LABELS
from bot.store.models import RunState, TrainingRun
from bot.store.session import Store
from bot.studio import judging, registry, runs
from bot.studio.comparison import Change, Comparison, McNemar, Pages, compare
from bot.studio.judging import SETS, JudgingError
from bot.studio.progress import TITLES
from bot.studio.reading import ReadingError
from bot.studio.registry import RegistryError
from bot.studio.runs import RunError

commands = typer.Typer(no_args_is_help=True)
By = Annotated[str, typer.Option("--by", help="Who does it, as the console knows the name.", show_default=False)]
_Model = Annotated[str, typer.Argument(help="A model's name, as `fujin studio runs` tells it.", show_default=False)]
_OPEN = (RunState.WAITING, RunState.RUNNING)
_LOOKED_EVERY_SECONDS = 1.0
_CHANGES_SHOWN = 15
_WEIGHTS = ("pages lost", "pages gained", "other labels", "other kinds")
"""`Difference.weight` in words."""


@commands.command()
def train(
    by: By,
    why: Annotated[str, typer.Option(help="What is new in the data.", show_default=False)] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Until it has ended; fails if it did.")] = False,
) -> None:
    """Ask the trainer process for a training; it begins when none runs."""
    with opened_store() as store:
        try:
            with store.transaction() as session:
                check_right(session, by, "train")
                run_id = runs.ask(session, by=by, why=why, now=SystemClock().now()).id
                problem = trainer_problem(session, SystemClock().now())
        except RunError as error:
            fail(str(error))
        if problem:
            terminal.print(f"[yellow]{problem}[/yellow]")
        if not wait:
            typer.echo(f"training {run_id} is asked for; `fujin studio runs` tells how far it is")
            return
        run = _ended(store, run_id)
    if run.state != RunState.DONE:
        fail(f"training {run_id} {run.state}{f': {run.error}' if run.error else ''}")
    if run.error:
        terminal.print(run.error)
    typer.echo(run.model)


def _ended(store: Store, run_id: int) -> TrainingRun:
    """The training, when it has ended; until then, how far it is."""
    with terminal.status("waiting for the trainer process …") as status:
        while True:
            with store.reading() as session:
                run = session.get_one(TrainingRun, run_id)
            if run.state not in _OPEN:
                return run
            if run.steps:
                left = "" if run.seconds_left is None else f", {run.seconds_left:.0f} s left"
                status.update(f"{TITLES.get(run.step, run.step)} {run.steps_done}/{run.steps}{left}")
            time.sleep(_LOOKED_EVERY_SECONDS)


@commands.command("runs")
def list_runs(
    as_json: AsJson = False, limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20
) -> None:
    """The trainings, newest first."""
    with opened_store() as store, store.reading() as session:
        rows = [_run_row(run) for run in runs.newest(session, limit=limit)]
    show(rows, "no trainings", as_json=as_json)


def _run_row(run: TrainingRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": run.state,
        "asked_by": run.asked_by,
        "why": run.why,
        "step": f"{run.step} {run.steps_done}/{run.steps}" if run.state == RunState.RUNNING else None,
        "seconds_left": run.seconds_left,
        "began_at": _told(run.started_at),
        "ended_at": _told(run.ended_at),
        "model": run.model,
        "error": run.error,
    }


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


@commands.command()
def cancel(run: Annotated[int, typer.Argument(help="The training's number.", show_default=False)], by: By) -> None:
    """Cancel a training that waits or runs."""
    try:
        with opened_store() as store, store.transaction() as session:
            check_right(session, by, "train")
            cancelled = runs.cancel(session, run, by=by, now=SystemClock().now())
    except RunError as error:
        fail(str(error))
    done = "cancelled" if cancelled.state == RunState.CANCELLED else "ends within seconds"
    typer.echo(f"training {run}: {done}")


@commands.command()
def log(run: Annotated[int, typer.Argument(help="The training's number.", show_default=False)]) -> None:
    """Show what a training said."""
    with opened_store() as store, store.reading() as session:
        found = session.get(TrainingRun, run)
    if found is None:
        fail(f"there is no training {run}; `fujin studio runs` lists them")
    typer.echo(found.log)


@commands.command()
def judge(model: _Model) -> None:
    """Read the test set, the regression set and the last weeks' messages with a model, and keep how it did."""
    settings = station_settings()
    try:
        with opened_store() as store, terminal.status("reading …"):
            judged = judging.judge(store, model, settings, now=SystemClock().now())
    except (JudgingError, ReadingError, RegistryError) as error:
        fail(str(error))
    for of in SETS:
        figures = {name: value for name, value in judged[of].figures.items() if name != "wrong"}
        typer.echo(f"{of}: " + ", ".join(f"{name} {_figure(value)}" for name, value in figures.items()))


def _figure(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]}/{value[1]}"
    return "–" if value is None else str(value)


@commands.command("compare")
def compare_models(
    model: _Model,
    against: Annotated[str, typer.Option("--with", help="The other model; the live one if left out.")] = "",
    every_intent: Annotated[bool, typer.Option("--intents", help="Every intent, not only those that changed.")] = False,
) -> None:
    """A model beside the live one: what is better, what is worse, whether that may be chance, and which messages."""
    with opened_store() as store, store.reading() as session:
        live = registry.live(session)
        other = against or (live.name if live else "")
        if not other:
            fail("no model is live; name one to compare with: --with")
        test, regression, replay = (judging.both(session, other, model, of) for of in SETS)
        again = comparing.replay_of(session, *replay) if replay else None
    if test is None:
        fail(f"not both are judged yet: `fujin studio judge {model}`, `fujin studio judge {other}`")
    comparison = compare(*test)
    output.print(_comparison_table(comparison))
    output.print(_intents_table(comparison.intents if every_intent else comparison.changes[:_CHANGES_SHOWN]))
    for title, confusion in (
        (comparison.live.model, comparison.live.confusion),
        (comparison.candidate.model, comparison.candidate.confusion),
        ("difference", comparison.confusion_difference),
    ):
        output.print(_confusion_table(title, confusion))
    if regression:
        _tell_regression(comparing.regression_of(*regression, PROJECT))
    if again:
        _tell_replay(again)


def _tell_regression(found: Regression) -> None:
    typer.echo(f"regression set: {len(found.lost)} newly wrong, {len(found.won)} newly right")
    for sign, messages in (("-", found.lost), ("+", found.won)):
        for one in messages:
            typer.echo(f"  {sign} {one.text}\t{one.intent}\t{one.why}")


def _tell_replay(found: Replay) -> None:
    """The residents' messages are masked, as on the page."""
    told = ", ".join(f"{count} {name}" for count, name in zip(found.counts, _WEIGHTS, strict=True))
    typer.echo(f"replay of {found.messages} messages: {told}")
    for one in found.rows:
        typer.echo(f"  {_WEIGHTS[one.weight]}\t{one.live} → {one.candidate}\t{one.text}")


def _confusion_table(title: str, confusion: Sequence[Sequence[int]]) -> Table:
    table = Table(f"{title}: wanted, read as", *LABELS)
    for label, counts in zip(LABELS, confusion, strict=True):
        table.add_row(label, *map(str, counts))
    return table


def _comparison_table(found: Comparison) -> Table:
    live, candidate = found.live, found.candidate
    table = Table(
        f"{found.messages} test messages",
        live.model,
        candidate.model,
        "only one right",
        "p (McNemar; of precision Kosinski)",
    )
    table.add_row("urgent recall", *_ratios(live.recall, candidate.recall), *_chance(found.paged))
    table.add_row("page precision", *_ratios(live.precision, candidate.precision), *_pages(found.pages))
    table.add_row("label macro-F1", f"{live.macro_f1:.3f}", f"{candidate.macro_f1:.3f}", *_chance(found.label))
    table.add_row("enquiry topic", *_ratios(live.topic, candidate.topic))
    table.add_row("ECE", f"{live.calibration_error:.4f}", f"{candidate.calibration_error:.4f}")
    for name, one, other in (
        ("median ms", live.median_ms, candidate.median_ms),
        ("p99 ms", live.p99_ms, candidate.p99_ms),
    ):
        table.add_row(name, f"{one:.1f}", f"{other:.1f}")
    return table


def _ratios(live: Ratio, candidate: Ratio) -> tuple[str, str]:
    return str(live), str(candidate)


def _pages(test: Pages) -> tuple[str, str]:
    """What only one of them pages for: emergencies of pages."""
    told = (f"{one.hits} of {one.total}" for one in (test.only_live, test.only_candidate))
    return " : ".join(told), f"{test.p:.3f}"


def _chance(test: McNemar) -> tuple[str, str]:
    return f"{test.only_live} : {test.only_candidate}", f"{test.p:.3f}"


def _intents_table(intents: Sequence[Change]) -> Table:
    table = Table("intent", "messages", "F1 was", "is", "change")
    for change in intents:
        figures = (f"{change.live:.2f}", f"{change.candidate:.2f}", f"{change.by:+.2f}")
        table.add_row(change.intent, str(change.messages), *figures)
    return table
