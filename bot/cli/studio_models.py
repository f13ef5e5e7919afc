"""`fujin studio models|promote|approve|roll-back|shadow|servers|…`: what the page of the models does, by command."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from bot.cli.common import check_right, fail, opened_store, output
from bot.cli.desk import AsJson, show
from bot.clock import SystemClock
from bot.console.studio.models import heard, past_of
from bot.console.studio.trainer_state import trainer_problem
from bot.nlu import pointer
from bot.nlu.project import MODELS, PROJECT
from bot.store.models import TrainedModel
from bot.store.session import Store
from bot.studio import inbox, judging, promotion, registry, shadow
from bot.studio.gates import FIXED, Gate
from bot.studio.promotion import Arrival, PromotionError, Seen

commands = typer.Typer(no_args_is_help=True)
_By = Annotated[str, typer.Option("--by", help="Who does it: an account's name.", show_default=False)]
_Model = Annotated[str, typer.Argument(metavar="MODEL", help="A name of the registry.", show_default=False)]
_Wait = Annotated[int, typer.Option(help="Seconds to wait for the servers.")]
_WAIT_SECONDS = 120
Result = TypeVar("Result")


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be done ends the command in one line."""
    try:
        yield
    except PromotionError as error:
        fail(str(error))


def _do(by: str, right: str, act: Callable[[Session, datetime], Result]) -> Result:
    with _told(), opened_store() as store, store.transaction() as session:
        check_right(session, by, right)
        return act(session, SystemClock().now())


@commands.command()
def models(as_json: AsJson = False) -> None:
    """The models of the registry with their standing and their gates, the newest first."""
    now = SystemClock().now()
    with opened_store() as store, store.reading() as session:
        rows = [
            (model, promotion.gates_of(session, model.name, PROJECT, now), _judged(session, model.name))
            for model in registry.newest(session)
        ]
    if as_json:
        found = [_as_json(model, gates, judged) for model, gates, judged in rows]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("模型", "状态", "训练", "没过的上线条件")
    for model, gates, _ in rows:
        closed = "；".join(f"{gate.title}：{gate.detail}" for gate in gates if not gate.passed)
        trained = f"{model.trained_by} {model.trained_at:%Y-%m-%d %H:%M}"
        table.add_row(model.name, model.standing, trained, "" if model.standing == "live" else closed)
    output.print(table)


def _judged(session: Session, model: str) -> dict[str, dict[str, Any]]:
    """The figures of its newest judgement on each set; ratios are hits and total."""
    found = {of: judging.current(session, model, of) for of in judging.SETS}
    return {
        of: {name: value for name, value in judged.figures.items() if name not in ("wrong", "lost")}
        for of, judged in found.items()
        if judged
    }


def _as_json(model: TrainedModel, gates: Sequence[Gate], judged: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "standing", "sha256", "data_version", "commit", "trained_by", "run_id", "findings")
    return {
        **{name: getattr(model, name) for name in names},
        "trained_at": model.trained_at.isoformat(),
        "figures": judged,
        "gates": [gate.to_json() for gate in gates],
    }


@commands.command()
def request(model: _Model, by: _By, why: Annotated[str, typer.Option(help="Why; leaders read it.")] = "") -> None:
    """Ask the leaders to let a model go live."""
    _do(by, "train", lambda session, now: promotion.request(session, model, by=by, why=why, now=now))
    typer.echo(f"{model} 已提请，等所领导批准")


@commands.command()
def approve(model: _Model, by: _By) -> None:
    """A leader's approval of what somebody else has asked for."""
    _do(by, "approve_model", lambda session, now: promotion.approve(session, model, by=by, now=now))
    typer.echo(f"{model} 已批准")


@commands.command()
def promote(
    model: _Model,
    by: _By,
    overrule: Annotated[str, typer.Option(metavar="REASON", help="Pass closed gates; it is logged.")] = "",
    gates: Annotated[
        str, typer.Option(metavar="NAMES", help="The gates that are overruled, each by its name: recall,data.")
    ] = "",
    wait: _Wait = _WAIT_SECONDS,
) -> None:
    """Let a model go live, if its gates are passed, and wait until every server runs it. Shows the gates first; nobody
    overrules what they have not named."""
    with _told(), opened_store() as store:
        now = SystemClock().now()
        promotion.prepare(store, MODELS, model)
        with store.reading() as session:
            check_right(session, by, "approve_model")
            live, found = promotion.current(session), promotion.gates_of(session, model, PROJECT, now)
        for gate in found:
            typer.echo(f"{'✓' if gate.passed else '✗'} {gate.name} {gate.title}：{gate.detail}")
        named = {name for name in gates.split(",") if name}
        unnamed = [gate.name for gate in found if not gate.passed and gate.name not in {*named, *FIXED}]
        if overrule and unnamed:
            fail(f"nothing is overruled that is not named; when you have read why: --gates {','.join(unnamed)}")
        with store.transaction() as session:
            check_right(session, by, "approve_model")
            seen = Seen(live, named) if overrule else None
            promotion.promote(session, model, PROJECT, by=by, now=now, overrule=overrule, seen=seen)
        _follow(store, wait)


@commands.command()
def roll_back(by: _By, why: Annotated[str, typer.Option(help="Why.")] = "", wait: _Wait = _WAIT_SECONDS) -> None:
    """Make the model live that was live before, and wait until every server runs it."""
    with _told(), opened_store() as store:
        promotion.prepare(store, MODELS)
        with store.transaction() as session:
            check_right(session, by, "approve_model")
            promotion.roll_back(session, MODELS, by=by, now=SystemClock().now(), reason=why)
        _follow(store, wait)


@commands.command(name="shadow")
def shadow_command(
    model: Annotated[str, typer.Argument(metavar="[MODEL]", help="Without one: how it goes.", show_default=False)] = "",
    by: Annotated[str, typer.Option("--by", help="Who does it.", show_default=False)] = "",
    stop: Annotated[bool, typer.Option("--stop", help="End it.")] = False,
) -> None:
    """Let a candidate read along for a day without acting; or say what has come of it."""
    if (model or stop) and not by:
        fail("say who does it: --by NAME")
    if stop:
        _do(by, "train", lambda session, now: shadow.stop(session, by=by, now=now))
        typer.echo("已停止旁听")
        return
    if model:
        _do(by, "train", lambda session, now: shadow.start(session, model, by=by, now=now))
        typer.echo(f"{model} 开始旁听")
        return
    with opened_store() as store, store.reading() as session:
        read = [(row, heard(session, row.name)) for row in registry.newest(session)]
    for row, found in read:
        if found.summary.read or row.standing == "shadow":
            typer.echo(f"{row.name} {row.standing} {json.dumps(asdict(found.summary), ensure_ascii=False)}")
            for one in found.differences:
                typer.echo(f"  {'page' if one.pages else 'label'}\t{one.live} → {one.candidate}\t{one.text}")


@commands.command()
def servers(as_json: AsJson = False) -> None:
    """What each Rasa server runs."""
    reports = pointer.reports(MODELS, SystemClock().now().timestamp())
    if as_json:
        typer.echo(json.dumps([asdict(report) for report in reports], ensure_ascii=False, indent=1))
        return
    for report in reports:
        typer.echo(f"{report.server} {report.model or '—'} {report.state} {report.error}".rstrip())


@commands.command()
def promotions(
    as_json: AsJson = False, limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20
) -> None:
    """What was asked for, approved, promoted and taken back, by whom and why, the newest first."""
    with opened_store() as store, store.reading() as session:
        found = [past_of(row) for row in promotion.history(session, limit=limit)]
    rows = [
        asdict(one) | {"at": one.at.isoformat(timespec="seconds"), "closed": "、".join(one.closed)} for one in found
    ]
    show(rows, "nothing was asked for yet", as_json=as_json)


@commands.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False) -> None:
    """What every page of the studio says: the live model, the trainer process, why a model was taken back by itself,
    what cannot be told of a fresh one, and how much waits in the inbox."""
    now = SystemClock().now()
    with opened_store() as store, store.reading() as session:
        found = {
            "live": pointer.live(MODELS) or "",
            "trainer": trainer_problem(session, now),
            "taken_back": promotion.problem(session, now) or "",
            "cannot_be_told": promotion.in_the_dark(session, now),
            "inbox": inbox.counts(session),
        }
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for name, told in found.items():
        shown = ", ".join(f"{state} {count}" for state, count in told.items()) if isinstance(told, dict) else told
        typer.echo(f"{name}: {shown or '—'}")


def _follow(store: Store, wait: int) -> None:
    """Let the pointer follow what was decided, and wait for the servers; one that refuses is told, and ends it."""
    try:
        live = promotion.follow(store, MODELS, now=SystemClock().now())
    except OSError as error:
        fail(f"decided, but {MODELS} cannot be written ({error.strerror}); the trainer process tries again")
    deadline = time.monotonic() + wait
    found = promotion.arrival(MODELS, SystemClock().now())
    while found and found.servers and not _settled(found) and time.monotonic() < deadline:
        time.sleep(0.5)
        found = promotion.arrival(MODELS, SystemClock().now())
    for report in found.servers if found else ():
        typer.echo(f"{report.server} {report.model or '—'} {report.state} {report.error}".rstrip())
    if found and found.servers and not found.arrived:
        fail(f"not every server runs {live}; those keep the model they had")
    typer.echo(f"{live} 已上线")


def _settled(found: Arrival) -> bool:
    return all(report.model == found.model or report in found.refused for report in found.servers)
