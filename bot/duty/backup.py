"""One archive of everything that the station has been told: database, conversations, files; and the way back.

The archive is a tar: the files, then the database, then `manifest.json` with the SHA-256 of each, so that an archive
that was cut off has no manifest and is refused. It holds personal data in the clear: keep it where the station keeps
such things.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from bot.duty import accounts, audit
from bot.duty.one_time_codes import Codes
from bot.settings import Settings
from bot.store.models import Account, AuditEntry, Resident
from bot.store.session import Store

_VERSION = 1
_MANIFEST = "manifest.json"
_DATABASES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
_CONVERSATIONS = "conversations.sqlite"
_EVIDENCE = "evidence"


class BackupError(Exception):
    """A backup that cannot be made or put back; the text says why and what to do."""


@dataclass(frozen=True)
class Summary:
    """What an archive holds."""

    files: int
    bytes: int
    audit_entry: int
    audit_hash: str
    codes_ended: tuple[str, ...] = ()
    """After putting back under another secret: whose one-time codes could not be checked any more."""


# -- making one -------------------------------------------------------------------------------------------------------


def backup(settings: Settings, target: Path, *, by: str, now: datetime) -> Summary:
    """Write an archive while the station runs. It appears under its name only when it is whole.

    Raises:
        BackupError: a tool is missing or failed, or the file cannot be written.
        StoreUnavailableError: the database is away.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; choose another name")
    with _store(settings) as store, store.transaction() as session:
        audit.record(session, by, "backup", now=now, subject=target.name[:64])
        head = audit.head(session)
    scratch = target.with_name(f"{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fujin-backup-") as folder:
            snapshots = _snapshots(settings, Path(folder))
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                summary = _write(out, snapshots, settings.var_dir / "evidence", head, now)
                out.flush()
                os.fsync(out.fileno())
        scratch.rename(target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written ({error.strerror})") from None
    finally:
        scratch.unlink(missing_ok=True)
    return summary


def _snapshots(settings: Settings, folder: Path) -> dict[str, Path]:
    """The databases as they are at one moment each, by their names in the archive."""
    url = sa.make_url(settings.database_url)
    kind = url.get_backend_name()
    database = folder / _DATABASES[kind]
    if kind == "postgresql":
        _tool(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={database}")
        return {database.name: database}
    _copy_sqlite(Path(url.database or ""), database)
    conversations = Path(sa.make_url(settings.conversations_url).database or "")
    if not conversations.is_file():
        return {database.name: database}
    _copy_sqlite(conversations, folder / _CONVERSATIONS)
    return {database.name: database, _CONVERSATIONS: folder / _CONVERSATIONS}


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database that others write to (SQLite's online backup)."""
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied to {target}: {error}") from None


def _write(out: IO[bytes], snapshots: dict[str, Path], evidence: Path, head: tuple[int, str], now: datetime) -> Summary:
    members: dict[str, dict[str, Any]] = {}
    with tarfile.open(fileobj=out, mode="w") as archive:
        # After the database: of a file that comes meanwhile there may be too much here, never too little.
        files = {f"{_EVIDENCE}/{path.parent.name}/{path.name}": path for path in sorted(evidence.glob("??/*"))}
        for name, path in (snapshots | files).items():
            if path.suffix != ".part":
                with suppress(FileNotFoundError):  # retention may just have deleted it
                    members[name] = _add(archive, name, path)
        manifest = {"fujin_backup": _VERSION, "made_at": now.isoformat(), "audit_head": head, "members": members}
        content = json.dumps(manifest, indent=1).encode()
        last = tarfile.TarInfo(_MANIFEST)
        last.size, last.mode = len(content), 0o600
        archive.addfile(last, io.BytesIO(content))
    return Summary(len(members), sum(member["bytes"] for member in members.values()), *head)


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next piece."""
        piece = self._file.read(size)
        self.hash.update(piece)
        return piece


def _add(archive: tarfile.TarFile, name: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        info = tarfile.TarInfo(name)
        info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
        hashing = _Hashing(file)
        archive.addfile(info, hashing)
    return {"bytes": info.size, "sha256": hashing.hash.hexdigest()}


# -- the way back -----------------------------------------------------------------------------------------------------


def restore(settings: Settings, source: Path, *, by: str, now: datetime, force: bool = False) -> Summary:
    """Put an archive back: everything is checked before anything is changed. Stop the station before.

    `force` replaces what the database holds now. Files that are there already stay.

    Raises:
        BackupError: the archive is damaged or of another kind of database, the database is not empty, a tool is
            missing or failed, or the audit log that was put back does not hold.
        StoreUnavailableError: the database is away.
    """
    url = sa.make_url(settings.database_url)
    if not force and not empty(settings):
        raise BackupError("the database is not empty; --force replaces all that it holds")
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.var_dir, prefix=".fujin-restore-") as folder:
        manifest = _unpack(source, Path(folder))
        members = manifest["members"]
        database = Path(folder) / _DATABASES[url.get_backend_name()]
        if not database.is_file():
            raise BackupError(f"the archive is of another kind of database; this station's is {url.get_backend_name()}")
        if url.get_backend_name() == "sqlite":
            _check_chain(f"sqlite:///{database}", manifest)  # before what is there now is lost
        _put_back_database(settings, Path(folder), database)
        _put_back_files(Path(folder) / _EVIDENCE, settings.var_dir / "evidence")
    _check_chain(settings.database_url, manifest)
    with _store(settings) as store, store.transaction() as session:
        audit.record(session, by, "restore", now=now, subject=source.name[:64])
        codes = Codes(var_dir=settings.var_dir, given=settings.secret)
        without = accounts.end_unreadable_codes(session, codes, by=by, now=now)
    entry, its_hash = manifest["audit_head"]
    size = sum(member["bytes"] for member in members.values())
    return Summary(len(members), size, entry, its_hash, tuple(without))


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Lay the archive's files into a folder and give its manifest, of which every hash is right."""
    try:
        with tarfile.open(source, mode="r:") as archive:
            archive.extractall(folder, filter="data")
        manifest = json.loads((folder / _MANIFEST).read_text())
        members = dict(manifest["members"])
        version = manifest["fujin_backup"]
    except FileNotFoundError:
        raise BackupError(f"{source} is not there, or it is no whole backup: its manifest is missing") from None
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError):
        raise BackupError(f"{source} is no backup that `fujin backup` has made") from None
    if version != _VERSION:
        raise BackupError(f"{source} was made by another version of Fujin (format {version}, here {_VERSION})")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {_MANIFEST}
    for name in sorted(found | set(members)):
        if name not in found or name not in members or _hash_of(folder / name) != members[name]["sha256"]:
            raise BackupError(f"{source} is damaged: {name} is not what was saved; nothing has been changed")
    return dict(manifest)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put_back_database(settings: Settings, folder: Path, database: Path) -> None:
    url = sa.make_url(settings.database_url)
    if url.get_backend_name() == "postgresql":
        whole = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
        _tool(url, "pg_restore", *whole, f"--dbname={url.database}", str(database))
        return
    target = Path(url.database or "")
    target.parent.mkdir(parents=True, exist_ok=True)
    _copy_sqlite(database, target)
    if (folder / _CONVERSATIONS).is_file():
        _copy_sqlite(folder / _CONVERSATIONS, Path(sa.make_url(settings.conversations_url).database or ""))


def _put_back_files(source: Path, target: Path) -> None:
    for path in sorted(source.glob("??/*")):
        place = target / path.parent.name / path.name
        if not place.exists():
            for folder in (target, place.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(path, place)


def _check_chain(database_url: str, manifest: dict[str, Any]) -> None:
    number, expected = manifest["audit_head"]
    store = Store(database_url)
    try:
        with store.reading() as session:
            breach = audit.verify(session)
            kept = session.scalars(sa.select(AuditEntry.hash).where(AuditEntry.id == number)).one_or_none()
    finally:
        store.close()
    if breach:
        raise BackupError(f"the audit log in the archive does not hold: entry {breach.entry} is {breach.reason}")
    if kept != expected:
        raise BackupError(f"the audit log in the archive lacks entry {number}, with which the backup was made")


def empty(settings: Settings) -> bool:
    """Whether nobody has written and nobody could sign in: a database that was only migrated, or none."""
    url = sa.make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return True
    with _store(settings) as store, store.reading() as session:
        tables = sa.inspect(session.connection()).get_table_names()
        return not any(
            session.scalars(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
            for table in (Resident, Account, AuditEntry)
            if table.__tablename__ in tables
        )


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = Store(settings.database_url)
    try:
        yield store
    finally:
        store.close()


def _tool(url: sa.URL, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools on a database; the password goes by the environment, which nobody lists."""
    program = shutil.which(name)
    if program is None:
        raise BackupError(f"{name} is missing: install PostgreSQL's client tools (Debian: postgresql-client)")
    where = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    where |= {"PGDATABASE": url.database}
    environment = os.environ | {key: str(value) for key, value in where.items() if value}
    finished = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode:
        lines = finished.stderr.strip().splitlines() or [f"it ended with {finished.returncode}"]
        raise BackupError(f"{name} failed: {lines[-1]}")
