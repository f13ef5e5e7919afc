"""Tables as a station would write them, imported into each kind of database."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.services import importing
from bot.services.tables import NAMES, OFFICERS, Kind
from bot.store.session import Store
from tests.world import FakeClock

Import = Callable[..., None]


@pytest.fixture
def imported(store: Store, clock: FakeClock, tmp_path: Path) -> Import:
    """Imports the lines of a table; the kind is told by its header."""

    def do(*lines: str, demo: bool = False) -> None:
        kind: Kind = NAMES if len(lines[0].split(",")) == 2 else OFFICERS
        path = tmp_path / "table.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        importing.load(store, path, kind, by="甲", now=clock.now(), demo=demo)

    return do
