"""The station's database, as the action server uses it."""

import threading

from bot.settings import load_settings
from bot.store.session import Store

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
