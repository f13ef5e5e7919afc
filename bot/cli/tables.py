"""`fujin import`: the tables that residents look things up in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from bot.cli.common import SHELL, check_person, fail, opened_store, terminal
from bot.clock import SystemClock
from bot.services import importing
from bot.services.table_file import TableFileError
from bot.services.tables import NAMES, OFFICERS, Kind

commands = typer.Typer(no_args_is_help=True)
_TableFile = Annotated[Path, typer.Argument(help="A CSV file, UTF-8 or GB18030.", show_default=False)]
_CheckOnly = Annotated[bool, typer.Option("--check", help="Only say whether the file is good.")]
_By = Annotated[str, typer.Option("--officer", help="Who does it, for the audit log.")]


@commands.command("officers")
def import_officers(file: _TableFile, check: _CheckOnly = False, officer: _By = SHELL) -> None:
    """Community officers, in the place of the table before: 社区,街道,门牌,民警,电话,时间."""
    _import(file, OFFICERS, officer, check_only=check)


@commands.command("names")
def import_names(file: _TableFile, check: _CheckOnly = False, officer: _By = SHELL) -> None:
    """How many bear each registered name, in the place of the table before: 姓名,人数."""
    _import(file, NAMES, officer, check_only=check)


@commands.command("demo")
def import_demo() -> None:
    """Demonstration data, wherever the station has imported nothing of its own."""
    try:
        with opened_store() as store:
            loaded = importing.load_demo(store, now=SystemClock().now(), anew=True)
    except TableFileError as error:
        fail(str(error))
    typer.echo(f"示例数据：{'、'.join(kind.title for kind in loaded) or '没有导入，已有正式数据'}")


def _import(file: Path, kind: Kind, officer: str, *, check_only: bool) -> None:
    size = file.stat().st_size if file.is_file() else 0
    try:
        with Progress(console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
            task = progress.add_task(kind.title, total=size if check_only else 2 * size)

            def tell(done: int) -> None:
                progress.update(task, completed=done)

            if check_only:
                rows = importing.check(file, kind, tell)
            else:
                with opened_store() as store:
                    with store.reading() as session:
                        check_person(session, officer, "keep", unnamed=True)
                    rows = importing.load(store, file, kind, by=officer, now=SystemClock().now(), tell=tell)
    except TableFileError as error:
        fail(str(error))
    typer.echo(f"{kind.title}：{rows}行，{'没有问题' if check_only else '已导入'}")
