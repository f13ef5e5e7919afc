"""Accounts by command: the first one of a station, and the way back in when nobody can sign in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from bot.cli.common import SHELL, fail, officers_transaction, opened_store
from bot.clock import SystemClock
from bot.duty import accounts
from bot.duty.access import ROLES
from bot.duty.accounts import AccountError

commands = typer.Typer(no_args_is_help=True, help="Who may sign in to the console.")
_Name = Annotated[str, typer.Argument(help="The name; an officer's as in duty.yml.", show_default=False)]
_Role = Annotated[str, typer.Option(metavar="|".join(ROLES), help="What they may do.", show_default=False)]
_By = Annotated[str, typer.Option("--officer", help="Who does it, for the audit log.")]


@contextmanager
def _transaction(officer: str) -> Iterator[Session]:
    try:
        with officers_transaction(officer, "manage_accounts", unnamed=True) as session:
            yield session
    except AccountError as error:
        fail(str(error))


@commands.command()
def add(name: _Name, role: _Role, officer: _By = SHELL) -> None:
    """Add an account and print its first password, which is changed at the first sign-in."""

    def act(session: Session, password_hash: str) -> None:
        accounts.add(session, name, role, password_hash=password_hash, by=officer, now=SystemClock().now())

    _print_first_password(name, officer, act)


@commands.command("list")
def list_() -> None:
    """List the accounts."""
    with opened_store() as store, store.reading() as session:
        rows = accounts.listed(session)
    table = Table("name", "role", "state", "one-time codes", "last seen")
    for row in rows:
        state = "disabled" if row.disabled_at else "first password" if row.must_change else "active"
        seen = row.seen_at.isoformat(timespec="minutes") if row.seen_at else ""
        table.add_row(row.name, row.role, state, "yes" if row.totp else "no", seen)
    Console().print(table)


@commands.command()
def role(name: _Name, role: Annotated[str, typer.Argument(metavar="|".join(ROLES))], officer: _By = SHELL) -> None:
    """Give an account another role."""
    with _transaction(officer) as session:
        accounts.change_role(session, name, role, by=officer, now=SystemClock().now())
    typer.echo(f"{name}: {role}")


@commands.command()
def reset(name: _Name, officer: _By = SHELL) -> None:
    """Print a new first password; the old one, its lock, its one-time codes and its sign-ins end."""

    def act(session: Session, password_hash: str) -> None:
        accounts.reset(session, name, password_hash=password_hash, by=officer, now=SystemClock().now())

    _print_first_password(name, officer, act)


@commands.command()
def disable(
    name: _Name,
    off: Annotated[bool, typer.Option("--off", help="Let them in again.")] = False,
    officer: _By = SHELL,
) -> None:
    """Let nobody in under this name any more; what they did stays in the log."""
    with _transaction(officer) as session:
        accounts.disable(session, name, by=officer, now=SystemClock().now(), off=off)
    typer.echo(f"{name}: {'enabled' if off else 'disabled'}")


def _print_first_password(name: str, officer: str, act: Callable[[Session, str], None]) -> None:
    password = accounts.draw_password()
    password_hash = accounts.hash_password(password)
    with _transaction(officer) as session:
        act(session, password_hash)
    typer.echo(f"{name}: first password {password}")
