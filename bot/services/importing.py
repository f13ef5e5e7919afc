"""Import of the tables that residents look things up in: all of a file, or nothing of it.

A file is read to its end before the database hears of it. Then its rows are stored in short transactions, which hold
up no alarm, under a table that nobody asks yet; one last transaction puts it in the place of the one before.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import batched
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.duty import audit
from bot.services.table_file import RowError, TableFileError, read
from bot.services.tables import KINDS, Kind, current
from bot.store.models import LookupTable
from bot.store.session import Store, StoreUnavailableError

_BATCH = 5000
_PROBLEMS_SHOWN = 20
_OVERTAKEN = "同时有另一次导入，这一次没有导入；请再试一次"

Tell = Callable[[int], None]


def _quiet(_bytes: int) -> None:
    pass


def check(path: Path, kind: Kind, tell: Tell = _quiet) -> int:
    """How many rows the file has, if all are good; `tell` hears how many bytes are done.

    Raises:
        TableFileError: naming the first bad lines and how to mend them.
    """
    with contextlib.closing(_Scratch()) as scratch:
        return _read(path, kind, tell, scratch)


def load(
    store: Store, path: Path, kind: Kind, *, by: str, now: datetime, demo: bool = False, tell: Tell = _quiet
) -> int:
    """Import a file in the place of the table before; how many rows it has. `tell` hears twice the bytes that it has.

    `by`: who does it, for the audit log.

    Raises:
        TableFileError: the file is not good, or another import overtook this one; the table before stays.
        StoreUnavailableError: the database is away; the table before stays.
    """
    with contextlib.closing(_Scratch()) as scratch:
        rows, size = _read(path, kind, tell, scratch), path.stat().st_size
        with store.transaction() as session:
            table = LookupTable(kind=kind.name, demo=demo, imported_at=now)
            session.add(table)
        try:
            _fill(store, table, kind, scratch, lambda done: tell(size + size * min(done, rows) // rows))
            _publish(store, table, kind, by, rows, now)
        except BaseException as error:
            _discard(store, kind, LookupTable.id == table.id)
            if isinstance(error, IntegrityError):
                raise TableFileError(_OVERTAKEN) from None
            raise
    _discard(store, kind, LookupTable.id < table.id)
    return rows


class _Scratch:
    """A file's rows in a temporary file of SQLite's own, each key once: a million of them need no memory."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("CREATE TABLE row (key TEXT PRIMARY KEY, line INTEGER, json TEXT) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def add(self, key: str, line: int, row: dict[str, Any]) -> int | None:
        """Keep a row, or give the line that had its key before."""
        kept = "INSERT INTO row VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        if self._database.execute(kept, (key, line, json.dumps(row, ensure_ascii=False))).rowcount:
            return None
        (before,) = self._database.execute("SELECT line FROM row WHERE key = ?", (key,)).fetchone()
        return int(before)

    def rows(self, *, in_order: bool) -> Iterator[dict[str, Any]]:
        """The rows, in the file's order or in that of their keys, in which an index takes them best."""
        query = "SELECT json FROM row ORDER BY "
        for (row,) in self._database.execute(query + ("line" if in_order else "key")):
            yield json.loads(row)

    def close(self) -> None:
        """Remove the file."""
        self._database.close()


def _read(path: Path, kind: Kind, tell: Tell, scratch: _Scratch) -> int:
    rows, problems, shown = 0, 0, []
    for number, row in read(path, kind.columns, kind.parse, tell):
        rows += 1
        if isinstance(row, RowError):
            reason = str(row)
        elif before := scratch.add(kind.key(row), number, row):
            reason = f"和第{before}行重复，请只留一行"
        else:
            continue
        problems += 1
        if problems <= _PROBLEMS_SHOWN:
            shown.append(f"第{number}行：{reason}")
    if problems:
        more = [f"……还有{problems - len(shown)}行"] if problems > len(shown) else []
        raise TableFileError("\n".join([f"{path.name} 有{problems}行要改，什么都没有导入：", *shown, *more]))
    if not rows:
        raise TableFileError(f"{path.name} 只有表头，没有数据，什么都没有导入")
    return rows


def _fill(store: Store, table: LookupTable, kind: Kind, scratch: _Scratch, tell: Tell) -> None:
    """Store the rows, in transactions so short that the station's own work gets its turn between them."""
    for number, batch in enumerate(batched(scratch.rows(in_order=kind.in_order), _BATCH), start=1):
        with store.transaction() as session:
            session.execute(sa.insert(kind.model), [{"table_id": table.id, **row} for row in batch])
        tell(number * _BATCH)


def _publish(store: Store, table: LookupTable, kind: Kind, by: str, rows: int, now: datetime) -> None:
    with store.transaction() as session:
        before = current(session, kind)
        mine = sa.update(LookupTable).where(LookupTable.id == table.id).values(ready=True).returning(LookupTable.id)
        if session.scalar(mine) is None or (before is not None and before.id > table.id):
            raise TableFileError(_OVERTAKEN)
        audit.record(session, by, "table_import", subject=kind.name, detail={"rows": rows}, now=now)


def _discard(store: Store, kind: Kind, which: sa.ColumnElement[bool]) -> None:
    """Remove tables of this kind, a batch of rows at a time. What cannot be removed now, the next import removes."""
    row = kind.model
    with contextlib.suppress(SQLAlchemyError, StoreUnavailableError):
        with store.reading() as session:
            tables = session.scalars(sa.select(LookupTable.id).where(LookupTable.kind == kind.name, which)).all()
        for table_id in tables:
            some = sa.select(row.id).where(row.table_id == table_id).limit(_BATCH).scalar_subquery()
            gone = _BATCH
            while gone == _BATCH:
                with store.transaction() as session:
                    gone = len(session.scalars(sa.delete(row).where(row.id.in_(some)).returning(row.id)).all())
            with store.transaction() as session:
                session.execute(sa.delete(LookupTable).where(LookupTable.id == table_id))


def load_demo(store: Store, *, now: datetime, anew: bool = False) -> list[Kind]:
    """Load the demonstration wherever no table is imported; `anew` also in the place of a demonstration.

    What the station imported is never replaced. Gives the kinds that were loaded.
    """
    with store.reading() as session:
        there = {kind.name: current(session, kind) for kind in KINDS}
    wanted = [kind for kind in KINDS if (table := there[kind.name]) is None or (anew and table.demo)]
    for kind in wanted:
        load(store, kind.demo_file, kind, by=audit.SYSTEM, now=now, demo=True)
    return wanted
