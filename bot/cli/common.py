"""What every command needs: the settings, the store, and one way to end in one line when something is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from bot.settings import Settings, SettingsError, load_settings
from bot.store.session import Store, StoreUnavailableError

terminal = Console(stderr=True)
"""Where progress and remarks go."""
output = Console()
"""Where results go."""


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
