"""What every test may use: a clock it moves, a real database of each kind, and the world outside the building."""

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings

from bot.nlu.safety_net import RULES, SafetyNet
from bot.settings import ROOT
from bot.store.migrate import migrate
from bot.store.session import Store
from tests.databases import Databases
from tests.stack import Stack
from tests.station import Station
from tests.worker import WORKER
from tests.world import FakeClock

POSTGRES_URL = os.environ.get("FUJIN_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS_URL = f"{os.environ.get('FUJIN_TEST_REDIS_URL', 'redis://127.0.0.1:6379')}/{15 - WORKER}"


# No example has to be read within a time, and a run draws the examples that the last one drew: neither how fast the
# machine is just now nor luck decides a test. `--hypothesis-profile search` looks for new ones.
hypothesis_settings.register_profile("settled", deadline=None, derandomize=True)
hypothesis_settings.register_profile("search", deadline=None, max_examples=3000)
hypothesis_settings.load_profile("settled")


@pytest.fixture(autouse=True, scope="session")
def _rows_in_no_order_of_their_own() -> Iterator[None]:
    """SQLite gives rows that no ORDER BY asks for in reverse: who relies on their order fails here, every time.

    PostgreSQL gives them as they lie, which is the order of their writing until a row took the place of a deleted one.
    """

    def reverse(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA reverse_unordered_selects=ON")

    sa.event.listen(sa.Engine, "connect", reverse)
    yield
    sa.event.remove(sa.Engine, "connect", reverse)


@pytest.fixture(autouse=True, scope="session")
def _a_machine_that_stands_still_locks_nobody_out() -> Iterator[None]:
    """Four processes share two cores: one that has a lock may get no time for longer than a resident waits."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("bot.store.session.POSTGRES_SECONDS", 30)
        yield


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A developer's environment and `.env` must not decide how a test ends."""
    for name in list(os.environ):
        if name.startswith("FUJIN_") and not name.startswith("FUJIN_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FUJIN_VAR_DIR", str(tmp_path / "var"))


@pytest.fixture(autouse=True)
def _umask_of_a_shell() -> Iterator[None]:
    """Whoever reads the settings sets the process's umask; every test begins with the usual one."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The address of a Redis that answers."""
    try:
        with redis.Redis.from_url(REDIS_URL) as client:
            client.ping()
    except redis.RedisError:
        pytest.fail(f"Redis does not answer at {REDIS_URL}: start it, or set FUJIN_TEST_REDIS_URL")
    return REDIS_URL


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until the test moves it."""
    return FakeClock()


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "fujin.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_migrated_sqlite: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite database."""
    path = tmp_path / "fujin.db"
    path.write_bytes(_migrated_sqlite.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def _postgres_databases() -> Iterator[Databases]:
    try:
        databases = Databases(POSTGRES_URL)
    except psycopg.OperationalError:
        pytest.fail(
            f"PostgreSQL does not answer at {POSTGRES_URL}: start it, or set FUJIN_TEST_POSTGRES_URL "
            "to a server where databases may be created"
        )
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(_postgres_databases: Databases) -> Iterator[str]:
    """The address of an empty, migrated PostgreSQL database."""
    with _postgres_databases.lent() as url:
        yield url


@pytest.fixture(scope="module")
def module_postgres_url(_postgres_databases: Databases) -> Iterator[str]:
    """The same, for all tests of a module."""
    with _postgres_databases.lent() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store over a fresh database of each kind."""
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests (`@pytest.mark.anyio`) run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def net() -> SafetyNet:
    """The shipped safety net."""
    return SafetyNet.load(ROOT / RULES)


@pytest.fixture
async def station(store: Store, clock: FakeClock, tmp_path: Path, net: SafetyNet) -> AsyncIterator[Station]:
    """The shipped engine on each kind of database; it fails on a page that the test did not take."""
    built = Station(store, clock, tmp_path, net)
    yield built
    await built.close()


@pytest.fixture
async def on_postgres(postgres_url: str, clock: FakeClock, tmp_path: Path, net: SafetyNet) -> AsyncIterator[Station]:
    """A station on PostgreSQL alone."""
    store = Store(postgres_url)
    station = Station(store, clock, tmp_path, net)
    yield station
    await station.close()
    store.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole product with its simulator, started once for all tests that need it."""
    running = Stack(tmp_path_factory.mktemp("stack"))
    try:
        running.start()
        yield running
    finally:
        running.stop()
