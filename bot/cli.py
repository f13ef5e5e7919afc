"""`fujin`: everything that is done by command."""

import asyncio
import json
import secrets
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import httpx
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from bot import supervisor, training
from bot.clock import SystemClock
from bot.duty import case as duty_case
from bot.duty.roster import RosterError, load_roster
from bot.intake import articles, speech
from bot.intake import menu as station_menu
from bot.intake.understanding import Rasa, RasaUnavailableError
from bot.nlu.live_file import TrainersFileError
from bot.services import importing
from bot.services.table_file import TableFileError
from bot.services.tables import NAMES, OFFICERS, Kind
from bot.settings import Settings, SettingsError, load_settings
from bot.store.migrate import migrate as migrate_database
from bot.store.models import Case, CaseId, Message, Page, Resident, WorkState
from bot.store.session import Store, StoreUnavailableError
from bot.wechat.client import WeChatClient
from bot.wechat.errors import PlatformError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
_menu_commands = typer.Typer(invoke_without_command=True, add_completion=False)
app.add_typer(_menu_commands, name="menu")
_tables = typer.Typer(no_args_is_help=True)
app.add_typer(_tables, name="import", help="Import the tables that residents look things up in.")
_terminal = Console(stderr=True)
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AT_ONCE = 8
_REFUSALS = {
    40013: "FUJIN_WECHAT_APP_ID is not known to the platform",
    40125: "FUJIN_WECHAT_APP_SECRET is wrong, or was reset on the platform's page",
    40164: "add this machine's address, which the answer names, to the IP 白名单 of the account's 基本配置 page",
    48001: "the account has no right to a menu of its own (自定义菜单): it must be verified (微信认证)",
    40016: "the number of sections is not 1 to 3",
    40018: "the title of a section is too long or empty",
    40019: "the key of a section is too long or empty",
    40023: "a section has not 1 to 5 entries",
    40025: "the title of an entry is too long or empty",
    40026: "the key of an entry is too long or empty",
    40027: "the url of an entry is too long or empty",
    40054: "the url of an entry is not an address that the platform accepts",
    40055: "the url of an entry is not an address that the platform accepts",
    45009: "the day's calls are used up; try again tomorrow",
    45010: "the day's menus are used up; try again tomorrow",
}
"""What the platform's errors at `menu/create` mean, and what to do."""
_READY_WITHIN_SECONDS = 180
_Source = Annotated[
    typer.FileText, typer.Argument(encoding="utf-8-sig", help="JSONL of {id, text}; - is standard input.")
]


class InputError(Exception):
    """A line that cannot be read; the text says which and how to mend it."""


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        _fail(str(error))


def _fail(reason: str) -> NoReturn:
    typer.echo(f"fujin: {reason}", err=True)
    raise typer.Exit(1)


@app.command()
def up() -> None:
    """Start everything: migrate, train if needed, run the four processes until Ctrl-C."""
    settings = _settings()
    if not settings.rasa_python.exists():
        _fail(f"Rasa's environment is missing at {settings.rasa_python}: run `make setup`")
    try:
        load_roster(settings.duty_file)
        station_menu.load()
        articles.load()
        if settings.speech_model:
            with _terminal.status("语音模型 loading the speech model …"):
                speech.check(settings.speech_model)
        with _terminal.status("数据库迁移 migrating the database …"):
            migrate_database(settings.database_url)
            if settings.demo:
                _load_demo(settings)
        if not training.model_path().exists():
            _terminal.print("训练模型 training a model for this data (a minute or two) …")
        model = training.train(settings)
    except (RosterError, TrainersFileError, TableFileError, training.TrainingError, speech.SpeechError) as error:
        _fail(str(error))
    except (SQLAlchemyError, StoreUnavailableError) as error:
        _fail(f"FUJIN_DATABASE_URL: the database cannot be used ({type(error).__name__})")
    _run_until_stopped(settings, model)


def _load_demo(settings: Settings) -> None:
    """Give the model station something to look up."""
    store = Store(settings.database_url)
    try:
        importing.load_demo(store, now=SystemClock().now())
    finally:
        store.close()


def _run_until_stopped(settings: Settings, model: Path) -> None:
    def interrupted(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for number in _STOPPING:
        signal.signal(number, interrupted)  # SIGINT too: a shell's background job begins with it ignored
    running = supervisor.start(settings, model)
    try:
        with _terminal.status("启动 starting …") as status:
            _wait_until_ready(settings, running, status.update)
        _announce(settings)
        code = running.wait()
        _fail(f"the supervisor ended by itself (code {code}); see {settings.var_dir}/log")
    except KeyboardInterrupt:
        _terminal.print("正在停止 stopping …")
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
        _terminal.print(
            f"[yellow]not everything is ready ({_not_ready(settings)}); see {settings.var_dir}/log[/yellow]"
        )


def _not_ready(settings: Settings) -> str:
    try:
        checks = httpx.get(f"http://127.0.0.1:{settings.gateway_port}/readyz", timeout=5).json()
        httpx.get(f"http://127.0.0.1:{settings.console_port}/healthz", timeout=5).raise_for_status()
    except (httpx.HTTPError, ValueError):
        return "gateway, console"
    return ", ".join(name for name, state in checks.items() if name != "ready" and state != "ok")


def _announce(settings: Settings) -> None:
    rows = Table(show_header=False, box=None)
    rows.add_row("值班台 duty desk", f"http://127.0.0.1:{settings.console_port}/")
    if settings.demo:
        rows.add_row("居民模拟器 simulator", f"http://127.0.0.1:{settings.console_port}/simulator")
    rows.add_row("微信回调 callback", f"http://{settings.gateway_host}:{settings.gateway_port}/wechat")
    rows.add_row("就绪 readiness", f"http://127.0.0.1:{settings.gateway_port}/readyz")
    rows.add_row("指标 metrics", f"http://127.0.0.1:{settings.metrics_port}/metrics")
    rows.add_row("日志 logs", f"{settings.var_dir}/log")
    _terminal.print(rows)
    if not settings.page_channels:
        _terminal.print("[yellow]FUJIN_PAGE_CHANNELS is empty: alarms show on the duty desk only[/yellow]")
    _terminal.print("Ctrl-C stops everything.")


@app.command()
def migrate() -> None:
    """Bring the database to the newest shape."""
    settings = _settings()
    try:
        migrate_database(settings.database_url)
    except SQLAlchemyError as error:
        _fail(f"FUJIN_DATABASE_URL: the database cannot be migrated ({type(error).__name__})")


@app.command()
def train(force: Annotated[bool, typer.Option(help="Train even if this data has a model.")] = False) -> None:
    """Train a model for the present data and print where it is."""
    try:
        typer.echo(training.train(_settings(), force=force))
    except training.TrainingError as error:
        _fail(str(error))


@app.command()
def triage(source: _Source = "-") -> None:  # type: ignore[assignment]
    """Triage messages: JSONL {id, text} in, JSONL {id, label, confidence, intent, evidence} out."""

    async def one(rasa: Rasa, text: str) -> dict[str, Any]:
        return _shown((await rasa.triage(text)).to_json())

    _each(source, one)


@app.command()
def ask(source: _Source = "-") -> None:  # type: ignore[assignment]
    """Like triage, but each line is a fresh conversation, and the reply is added."""

    async def one(rasa: Rasa, text: str) -> dict[str, Any]:
        sender = f"ask-{secrets.token_hex(8)}"
        answer = await rasa.converse(sender=sender, message_id=secrets.token_hex(8), text=text)
        reply = "\n\n".join("\n".join([part.text, *part.buttons]) for part in answer.replies)
        return {**_shown(answer.triage.to_json()), "reply": reply}

    _each(source, one)


def _shown(triage_json: dict[str, Any]) -> dict[str, Any]:
    return {name: triage_json[name] for name in ("label", "confidence", "intent", "evidence")}


def _each(source: TextIO, one: Callable[[Rasa, str], Awaitable[dict[str, Any]]]) -> None:
    """Answer every input line in its order, several at a time."""
    settings = _settings()

    async def answer_all(lines: list[dict[str, Any]]) -> None:
        rasa, at_once = Rasa(settings.rasa_url, timeout=30), asyncio.Semaphore(_AT_ONCE)

        async def answer(line: dict[str, Any]) -> str:
            async with at_once:
                return json.dumps({"id": line["id"], **await one(rasa, line["text"])}, ensure_ascii=False)

        try:
            for result in await asyncio.gather(*map(answer, lines)):
                typer.echo(result)
        finally:
            await rasa.close()

    try:
        asyncio.run(answer_all(list(_lines(source))))
    except InputError as error:
        _fail(str(error))
    except RasaUnavailableError as error:
        _fail(f"Rasa gives no answer at {settings.rasa_url} ({error}); start it with `make run`")


def _lines(source: TextIO) -> Iterator[dict[str, Any]]:
    number = 0
    try:
        for number, line in enumerate(source, start=1):
            if line.strip():
                yield _entry(number, line)
    except UnicodeDecodeError:
        raise InputError(f"a line after line {number} is not UTF-8; save the file with that encoding") from None


def _entry(number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        raise InputError(f'line {number} is not JSON; write {{"id": "1", "text": "…"}}') from None
    if not (isinstance(entry, dict) and "id" in entry and isinstance(entry.get("text"), str)):
        raise InputError(f'line {number} lacks "id" or a string "text"')
    if not entry["text"].strip():
        raise InputError(f'line {number} has an empty "text"')
    if any(0xD800 <= ord(character) <= 0xDFFF for character in line + entry["text"]):
        raise InputError(f"line {number} holds half a character (a lone surrogate)")
    return entry


@app.command()
def cases(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """List the cases, newest first; residents appear as pseudonyms."""
    with _reading() as store, store.reading() as session:
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


@app.command()
def ack(case: int, officer: Annotated[str, typer.Option(help="Who has the case.")]) -> None:
    """Acknowledge a case: its pages end."""
    try:
        with _reading() as store, store.transaction() as session:
            duty_case.acknowledge(session, CaseId(case), officer=officer, now=SystemClock().now())
    except duty_case.CaseError as error:
        _fail(str(error))
    typer.echo(f"case {case} acknowledged")


@_menu_commands.callback()
def menu(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As it is sent to WeChat.")] = False
) -> None:
    """Show the account's menu (nlu_data/menu.yml): labels, keys and what a tap does; `push` gives it to WeChat."""
    if context.invoked_subcommand:
        return
    shown = _menu()
    if as_json:
        typer.echo(json.dumps(shown.for_platform(), ensure_ascii=False, indent=1))
        return
    table = Table("section", "entry", "key", "a tap")
    for section in shown.shown:
        for number, entry in enumerate(section.shown):
            table.add_row("" if number else section.title, entry.title, entry.key, _effect(entry))
        table.add_section()
    Console().print(table)


def _menu() -> station_menu.Menu:
    try:
        return station_menu.load()
    except TrainersFileError as error:
        _fail(str(error))


def _effect(entry: station_menu.Entry) -> str:
    if entry.says:
        return f"says “{entry.says}”"
    if entry.shows:
        return f"shows {entry.shows}"
    return f"opens {entry.url}" if entry.url else f"answers “{(entry.answer or '').splitlines()[0][:12]}…”"


@_menu_commands.command()
def push() -> None:
    """Replace the account's menu on WeChat by the one in nlu_data/menu.yml."""
    settings, pushed = _settings(), _menu()
    if settings.demo:
        _fail(
            "there is nothing to push to: without FUJIN_WECHAT_APP_ID this is the demo account, "
            "and the simulator shows nlu_data/menu.yml as it is"
        )
    try:
        asyncio.run(_push(settings, pushed))
    except PlatformError as error:
        meaning = _REFUSALS.get(error.code)
        _fail(f"WeChat did not take the menu: {meaning} ({error})" if meaning else f"WeChat did not take it: {error}")
    entries = sum(len(section.shown) for section in pushed.shown)
    typer.echo(f"created: {'、'.join(section.title for section in pushed.shown)} with {entries} entries")
    typer.echo("Residents see it when they open the account again, after five minutes at the latest.")


async def _push(settings: Settings, pushed: station_menu.Menu) -> None:
    client = WeChatClient(
        base=settings.wechat_api_base, app_id=settings.wechat_app_id, secret=settings.wechat_app_secret
    )
    try:
        await client.create_menu(pushed.for_platform())
    finally:
        await client.close()


_TableFile = Annotated[Path, typer.Argument(help="A CSV file, UTF-8 or GB18030.", show_default=False)]
_CheckOnly = Annotated[bool, typer.Option("--check", help="Only say whether the file is good.")]


@_tables.command("officers")
def import_officers(file: _TableFile, check: _CheckOnly = False) -> None:
    """Community officers, in the place of the table before: 社区,街道,门牌,民警,电话,时间."""
    _import(file, OFFICERS, check_only=check)


@_tables.command("names")
def import_names(file: _TableFile, check: _CheckOnly = False) -> None:
    """How many bear each registered name, in the place of the table before: 姓名,人数."""
    _import(file, NAMES, check_only=check)


@_tables.command("demo")
def import_demo() -> None:
    """Demonstration data, wherever the station has imported nothing of its own."""
    try:
        with _reading() as store:
            loaded = importing.load_demo(store, now=SystemClock().now(), anew=True)
    except TableFileError as error:
        _fail(str(error))
    typer.echo(f"示例数据：{'、'.join(kind.title for kind in loaded) or '没有导入，已有正式数据'}")


def _import(file: Path, kind: Kind, *, check_only: bool) -> None:
    size = file.stat().st_size if file.is_file() else 0
    try:
        with Progress(console=_terminal, transient=True, disable=not _terminal.is_terminal) as progress:
            task = progress.add_task(kind.title, total=size if check_only else 2 * size)

            def tell(done: int) -> None:
                progress.update(task, completed=done)

            if check_only:
                rows = importing.check(file, kind, tell)
            else:
                with _reading() as store:
                    rows = importing.load(store, file, kind, now=SystemClock().now(), tell=tell)
    except TableFileError as error:
        _fail(str(error))
    typer.echo(f"{kind.title}：{rows}行，{'没有问题' if check_only else '已导入'}")


class _reading:  # noqa: N801
    """The store of the settings, closed at the end; a database that cannot be read ends the command in one line."""

    def __enter__(self) -> Store:
        self._store = Store(_settings().database_url)
        return self._store

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        self._store.close()
        if isinstance(error, StoreUnavailableError | SQLAlchemyError):
            _fail("FUJIN_DATABASE_URL: the database cannot be read; is it migrated? (`fujin migrate`)")


if __name__ == "__main__":
    app()
