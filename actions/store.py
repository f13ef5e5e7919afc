"""The action server's door to the station's database: one store a process, opened at the first use."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from sqlalchemy.orm import Session

from bot.settings import load_settings
from bot.store.session import Store

T = TypeVar("T")


@lru_cache(maxsize=1)
def station_store() -> Store:
    """The store of the settings in the environment."""
    return Store(load_settings().database_url)


async def in_transaction(work: Callable[[Session], T]) -> T:
    """Run work in one transaction, off the server's event loop. Raises StoreUnavailableError."""

    def run() -> T:
        with station_store().transaction() as session:
            return work(session)

    return await asyncio.to_thread(run)
