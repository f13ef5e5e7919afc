"""What every command needs: the settings, the store, and one way to end in one line when something is wrong."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.clock import SystemClock
from bot.duty import access, accounts, disclosure
from bot.duty.roster import RosterError, load_roster
from bot.settings import Settings, SettingsError, load_settings
from bot.store.session import Store, StoreUnavailableError

terminal = Console(stderr=True)
"""Where progress and remarks go."""
output = Console()
"""Where results go."""
SHELL = "服务器命令"
"""Who does what a command does in nobody's name, a program for example."""


def station_settings() -> Settings:
    """The settings; a wrong one ends the command."""
    try:
        return load_settings()
    except SettingsError as error:
        fail(str(error))


def fail(reason: str) -> NoReturn:
    """End the command with one line that says why."""
    typer.echo(f"fujin: {reason}", err=True)
    raise typer.Exit(1)


def login_name() -> str:
    """Who signed in at this shell, behind `sudo` too; where nobody did, as in a container, whose process this is.

    Neither is taken from the environment, where anybody writes any name.
    """
    try:
        return os.getlogin()
    except OSError:
        pass
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def check_right(session: Session, name: str, right: str) -> None:
    """End the command unless the role of this name has the right: an account's, or an officer's for whom duty.yml names
    without an account. Before the first account there is no role to ask."""
    if not accounts.any_account(session):
        return
    found = accounts.named(session, name)
    if found.disabled_at if found else not _on_the_roster(name):
        fail(f"没有“{name}”这个账号，或者已经停用；`fujin account list` 列出账号")
    try:
        access.require(access.Actor(name, found.role if found else "officer"), right)
    except access.AccessError as error:
        fail(str(error))


@contextmanager
def opened_store() -> Iterator[Store]:
    """The store of the settings, closed at the end; a database that cannot be used ends the command in one line."""
    store = Store(station_settings().database_url)
    try:
        yield store
    except (StoreUnavailableError, SQLAlchemyError):
        fail("FUJIN_DATABASE_URL: the database cannot be read; is it migrated? (`fujin migrate`)")
    finally:
        store.close()


@contextmanager
def officers_transaction(officer: str, right: str, *, unnamed: bool = False) -> Iterator[Session]:
    """A transaction in somebody's name; it ends the command unless the station knows them and they may.

    `unnamed`: a program may do it as well, in the name of the shell.
    """
    with opened_store() as store, store.transaction() as session:
        check_person(session, officer, right, unnamed=unnamed)
        yield session


@contextmanager
def viewing(officer: str, subject: str, right: str, *, unnamed: bool = False) -> Iterator[Session]:
    """A session to read in, once the log says who looks at what: it is locked no longer than that takes."""
    with officers_transaction(officer, right, unnamed=unnamed) as session:
        disclosure.viewed(session, officer=officer, now=SystemClock().now(), subject=subject)
    with opened_store() as store, store.reading() as session:
        yield session


def check_person(session: Session, name: str, right: str, *, unnamed: bool = False) -> None:
    """End the command unless the station knows somebody of that name who may; `unnamed`: or nobody is named."""
    if name == SHELL and unnamed:
        return
    if name == SHELL or not (_on_the_roster(name) or accounts.named(session, name)):
        fail(f"--officer: {name!r} is neither in duty.yml nor has an account; write the name as it stands there")
    check_right(session, name, right)


def _on_the_roster(name: str) -> bool:
    try:
        return load_roster(station_settings().duty_file).named(name) is not None
    except RosterError:
        return True  # a slip in the file must not keep anybody from acknowledging an alarm
