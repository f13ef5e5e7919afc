"""The door to the database: short transactions, on SQLite (one machine) and PostgreSQL (many)."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from bot.store.models import Base, Work, WorkState

SQLITE_BUSY_SECONDS = 5
_LOOKS = 50
"""How often a thread looks in that time whether the writer's turn has come."""
POSTGRES_SECONDS = 3
"""How long PostgreSQL is waited for: for a connection and for a lock; a statement may take a second more."""
_READING = "fujin_reading"


class StoreUnavailableError(Exception):
    """The database did not answer; nothing was stored."""


class Store:
    """Opens transactions on one database. Share one per process; it is safe between threads."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = threading.Lock()
        if self.sqlite:
            if self.url.database:
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(
                self.url,
                pool_size=16,
                max_overflow=16,
                hide_parameters=True,
                connect_args={"timeout": SQLITE_BUSY_SECONDS},
            )
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            # SQLite decides at the first statement who writes; starting every transaction immediate means that two
            # writers wait for each other instead of one failing half-way.
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(
                self.url,
                pool_size=12,
                max_overflow=12,
                pool_timeout=POSTGRES_SECONDS,
                pool_pre_ping=True,
                hide_parameters=True,  # an error that is logged must not quote a resident
                connect_args={
                    "connect_timeout": POSTGRES_SECONDS,
                    "tcp_user_timeout": 5000,
                    "options": f"-c lock_timeout={POSTGRES_SECONDS}s -c statement_timeout={POSTGRES_SECONDS + 1}s "
                    "-c idle_in_transaction_session_timeout=10s",
                },
            )
        self._write = sessionmaker(self.engine, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(**{_READING: True}), expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Raises:
            StoreUnavailableError: the database is away, locked for too long or out of connections.
        """
        with _translated(), self._turn(), self._write.begin() as session:
            yield session

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite, which has one writer: a process's threads queue here, since SQLite's own waiting is not fair.

        Waiting is counted in looks and not by the clock alone: where the whole machine stood still for some seconds,
        whoever writes has had no time either, and gets some before it is given up.
        """
        look = SQLITE_BUSY_SECONDS / _LOOKS
        if not self.sqlite:
            yield
        elif any(self._writer.acquire(timeout=look) for _ in range(_LOOKS)):
            try:
                yield
            finally:
                self._writer.release()
        else:
            raise StoreUnavailableError("the writer's turn did not come")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading only; it takes no lock.

        Raises:
            StoreUnavailableError: the database is away.
        """
        with _translated(), self._read() as session:
            yield session

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, sa.exc.TimeoutError, sa.exc.InterfaceError) as error:
        raise StoreUnavailableError(_reason(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailableError(_reason(error)) from error
        raise


def _reason(error: Exception) -> str:
    """What the driver calls it ("LockNotAvailable", "QueryCanceled"); its own words could quote a resident."""
    return type(getattr(error, "orig", None) or error).__name__


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get(_READING)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event opens transactions, not the driver
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


Row = TypeVar("Row", bound=Work)


def take_turn(session: Session, key: int) -> None:
    """Wait for whoever took this turn before, and hold it until the transaction ends."""
    if session.get_bind().dialect.name != "sqlite":  # there is one writer at a time anyway
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def claim_due(
    session: Session,
    table: type[Row],
    *,
    now: datetime,
    lease: timedelta,
    limit: int,
    where: Sequence[sa.ColumnElement[bool]] = (),
    order: Sequence[Any] | None = None,
    parent: type[Base] | None = None,
) -> Sequence[Row]:
    """Claim up to `limit` due rows, with their rows of `parent` locked too: nobody else gets them before `now + lease`.

    A claim moves `due_at` ahead and counts `attempts`; the holder finishes the row only while `attempts` is still its
    own (see `still_mine`), so a holder that was too slow cannot undo the next one's work.
    """
    source = sa.select(table).join(parent) if parent else sa.select(table)
    query = (
        source.where(table.state == WorkState.PENDING, table.due_at <= now, *where)
        .order_by(*(order or (table.due_at, table.id)))
        .limit(limit)
        .with_for_update(skip_locked=True, of=[table, parent] if parent else table)
    )
    rows = session.scalars(query).all()
    for row in rows:
        take(row, now=now, lease=lease)
    return rows


def take(row: Work, *, now: datetime, lease: timedelta) -> None:
    """Mark a row as claimed until `now + lease`."""
    row.due_at = now + lease
    row.attempts += 1


def still_mine(session: Session, table: type[Row], row_id: int, attempt: int) -> Row | None:
    """Lock the row again for its effects, or give None when it is done or another holder has claimed it since."""
    query = (
        sa.select(table)
        .where(table.id == row_id, table.attempts == attempt, table.state == WorkState.PENDING)
        .with_for_update(of=table)
    )
    return session.scalars(query).one_or_none()


def retry_later(
    row: Work, *, now: datetime, error: str, limit: int | None = None, longest: timedelta = timedelta(seconds=60)
) -> None:
    """Put a failed attempt back, with waits that double from 1 s to `longest`, or give it up after `limit` attempts
    (None: never)."""
    row.error = error
    if limit is not None and row.attempts >= limit:
        row.state = WorkState.FAILED
    else:
        doubled = timedelta(seconds=2 ** min(row.attempts - 1, 20))
        row.due_at = now + min(doubled, longest)


def insert(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, which both databases have and SQLAlchemy keeps apart."""
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
