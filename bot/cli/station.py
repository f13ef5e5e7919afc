"""Starting the station, and what it stands on: database and model."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from bot import supervisor
from bot.cli.common import fail, station_settings, terminal
from bot.clock import SystemClock
from bot.console import canned
from bot.duty import accounts
from bot.duty.auditor import MUTE
from bot.duty.roster import RosterError, load_roster
from bot.intake import advice, alarm_answers, articles, menu, questions, speech
from bot.nlu import forms, knowledge, pointer, wording
from bot.nlu.live_file import TrainersFileError
from bot.nlu.project import MODELS
from bot.services import importing
from bot.services.table_file import TableFileError
from bot.settings import Settings
from bot.store.migrate import migrate as migrate_database
from bot.store.session import Store, StoreUnavailableError
from bot.studio import promotion, registry, training

commands = typer.Typer()
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_READY_WITHIN_SECONDS = 180


@commands.command()
def up() -> None:
    """Start everything: migrate, train if needed, run the five processes until Ctrl-C."""
    settings = station_settings()
    if not settings.rasa_python.exists():
        fail(f"Rasa's environment is missing at {settings.rasa_python}: run `make setup`")
    try:
        load_roster(settings.duty_file)
        _check_trainers_files()
        if settings.speech_model:
            with terminal.status("语音模型 loading the speech model …"):
                speech.check(settings.speech_model)
        with terminal.status("数据库迁移 migrating the database …"):
            migrate_database(settings.database_url)
            if settings.demo:
                _load_demo(settings)
            else:
                _tell_what_is_left_of_demo(settings)
        model = _decided(settings) or _trained(settings)
    except (RosterError, TrainersFileError, TableFileError, training.TrainingError, speech.SpeechError) as error:
        fail(str(error))
    except (SQLAlchemyError, StoreUnavailableError) as error:
        fail(f"FUJIN_DATABASE_URL: the database cannot be used ({type(error).__name__})")
    _run_until_stopped(settings, model)


def _decided(settings: Settings) -> Path | None:
    """The file of the model that is live, or of the one before if that is gone or changed; None where the present data
    decide.

    A station with residents changes its model in the studio only, through the gates there: data and program that were
    changed since wait for a training and a promotion. The model station trains what stands there as long as no model
    was promoted.
    """
    store = Store(settings.database_url)
    try:
        promotion.follow(store, MODELS, now=SystemClock().now())
        with store.reading() as session:
            decided, entered = promotion.current(session), registry.live(session)
    finally:
        store.close()
    if settings.demo and decided is None:
        return None
    if pointer.live(MODELS) is None and entered:
        pointer.point_to(MODELS, entered.name, digests={entered.name: entered.sha256})
    live, name = pointer.live(MODELS), next(pointer.candidates(MODELS), None)
    if live and (changed := pointer.objection(MODELS, live)):
        if name is None and pointer.file_of(MODELS, live).exists():
            name = live  # which the server refuses: nobody waits for a training while the safety net can page
        instead = {None: "", live: "；现在只有安全网在提醒 the safety net alone pages"}.get(
            name, f"；先用 {name} instead"
        )
        terminal.print(f"线上模型不能用 the live model cannot be used: {changed}{instead}", style="red", markup=False)
    elif name and not training.is_of(training.data_version(), name):
        terminal.print(
            f"线上模型 the live model is {name}; what was changed since waits for the studio 在工作台训练、上线后生效"
        )
    return pointer.file_of(MODELS, name) if name else None


def _trained(settings: Settings) -> Path:
    """The model of the present data: the first one, or the model station's."""
    model, there = _place(settings)
    if not there:
        terminal.print("训练模型 training a model for this data (some ten minutes the first time) …")
        training.train(settings, model)
    name = pointer.name_of(model)
    pointer.point_to(MODELS, name, digests={name: pointer.digest_of(model)})
    return model


def _place(settings: Settings, *, anew: bool = False) -> tuple[Path, bool]:
    """Where the model of the present data lies or may be written, and whether it is there."""
    store = Store(settings.database_url)
    try:
        with store.reading() as session:
            return registry.place_of(session, training.data_version(), MODELS, anew=anew)
    finally:
        store.close()


def _check_trainers_files() -> None:
    """Read what is read while the bot runs, so that a slip is named here. Raises TrainersFileError."""
    for file in (menu, articles, questions, advice, alarm_answers, knowledge, wording, forms, canned):
        file.load()


def _load_demo(settings: Settings) -> None:
    """Give the model station something to look up."""
    store = Store(settings.database_url)
    try:
        importing.load_demo(store, now=SystemClock().now())
    finally:
        store.close()


def _tell_what_is_left_of_demo(settings: Settings) -> None:
    """Name who signs in with a password that others have seen. They are not shut out: an officer may be at the desk."""
    store = Store(settings.database_url)
    try:
        with store.reading() as session:
            names = accounts.left_of_demo(session)
    finally:
        store.close()
    if names:
        terminal.print(
            "演示账号的口令别人见过 these accounts still have the password from the model station's sign-in page: "
            f"{', '.join(names)}; `fujin account reset NAME` gives another",
            style="yellow",
            markup=False,
        )


def _run_until_stopped(settings: Settings, model: Path) -> None:
    def interrupted(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for number in _STOPPING:
        signal.signal(number, interrupted)  # SIGINT too: a shell's background job begins with it ignored
    running = supervisor.start(settings, model)
    try:
        with terminal.status("启动 starting …") as status:
            _wait_until_ready(settings, running, status.update)
        _announce(settings)
        code = running.wait()
        fail(f"the supervisor ended by itself (code {code}); see {settings.var_dir}/log")
    except KeyboardInterrupt:
        terminal.print("正在停止 stopping …")
    finally:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
        supervisor.stop(running)


def _wait_until_ready(settings: Settings, running: "subprocess.Popen[bytes]", tell: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        waiting = _not_ready(settings)
        if not waiting:
            return
        tell(f"启动 starting … waiting for {waiting}")
        time.sleep(0.5)
    if running.poll() is None:
        terminal.print(f"[yellow]not everything is ready ({_not_ready(settings)}); see {settings.var_dir}/log[/yellow]")


def _not_ready(settings: Settings) -> str:
    try:
        checks = httpx.get(f"http://127.0.0.1:{settings.gateway_port}/readyz", timeout=5).json()
        httpx.get(f"http://127.0.0.1:{settings.console_port}/healthz", timeout=5).raise_for_status()
    except (httpx.HTTPError, ValueError):
        return "gateway, console"
    # That the auditor can reach nobody is no matter of waiting; it is told when everything runs.
    waiting = {name: state for name, state in checks.items() if name != "ready" and not str(state).startswith(MUTE)}
    return ", ".join(name for name, state in waiting.items() if state != "ok")


def _announce(settings: Settings) -> None:
    rows = Table(show_header=False, box=None)
    rows.add_row("值班台 duty desk", f"http://127.0.0.1:{settings.console_port}/")
    if settings.demo:
        rows.add_row("居民模拟器 simulator", f"http://127.0.0.1:{settings.console_port}/simulator")
    rows.add_row("微信回调 callback", f"http://{settings.gateway_host}:{settings.gateway_port}/wechat")
    rows.add_row("就绪 readiness", f"http://127.0.0.1:{settings.gateway_port}/readyz")
    rows.add_row("指标 metrics", f"http://127.0.0.1:{settings.metrics_port}/metrics")
    rows.add_row("日志 logs", f"{settings.var_dir}/log")
    terminal.print(rows)
    if not settings.page_channels:
        terminal.print("[yellow]FUJIN_PAGE_CHANNELS is empty: alarms show on the duty desk only[/yellow]")
    elif not settings.auditor_channels and all(channel.personal for channel in settings.channels):
        terminal.print("[yellow]the auditor can reach nobody: set FUJIN_AUDITOR_CHANNELS[/yellow]")
    terminal.print("Ctrl-C stops everything.")


@commands.command()
def migrate() -> None:
    """Bring the database to the newest shape."""
    settings = station_settings()
    try:
        migrate_database(settings.database_url)
    except SQLAlchemyError as error:
        fail(f"FUJIN_DATABASE_URL: the database cannot be migrated ({type(error).__name__})")


@commands.command()
def train(force: Annotated[bool, typer.Option(help="Train even if this data has a model.")] = False) -> None:
    """Train a model for the present data and print where it is. What is live or in the registry stays as it is: what
    is trained beside it has a name of its own."""
    settings = station_settings()
    try:
        model = training.model_path()
        there = training.is_whole(model) and not force
        if not there:
            training.check_environment(settings)
            if model.exists():  # else nothing can be written over, and there need be no database yet
                model, there = _place(settings, anew=force)
        typer.echo(model if there else training.train(settings, model))
    except training.TrainingError as error:
        fail(str(error))
    except (SQLAlchemyError, StoreUnavailableError) as error:
        fail(f"FUJIN_DATABASE_URL: which models are registered cannot be read ({type(error).__name__})")
