"""The station's database, as the action server uses it."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.settings import SettingsError, load_settings
from bot.store.session import Store, StoreUnavailableError

T = TypeVar("T")
UNAVAILABLE = (StoreUnavailableError, SQLAlchemyError, SettingsError, OSError)
"""What a database that is away, not migrated or not configured raises; the resident gets a courteous answer."""

_opening = threading.Lock()
_opened: list[Store] = []


def station_store() -> Store:
    """The process's one store, opened when it is first asked for; safe between threads.

    Raises:
        SettingsError: the settings cannot be used.
    """
    with _opening:
        if not _opened:
            _opened.append(Store(load_settings().database_url))
        return _opened[0]


def close_station_store() -> None:
    """Give its connections back; the next one to ask opens it anew."""
    with _opening:
        while _opened:
            _opened.pop().close()


async def in_transaction(work: Callable[[Session], T]) -> T:
    """Run work in one transaction, off the server's event loop.

    Raises one of `UNAVAILABLE`: nothing is stored.
    """

    def run() -> T:
        with station_store().transaction() as session:
            return work(session)

    return await asyncio.to_thread(run)
