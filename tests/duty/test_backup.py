"""What was saved can be put back, on both databases; what was damaged is refused before anything is lost."""

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.duty import accounts, audit, backup, one_time_codes
from bot.duty.backup import BackupError, Summary
from bot.duty.one_time_codes import Codes
from bot.intake.evidence import EvidenceStore
from bot.settings import Settings
from bot.store.models import AuditEntry, Case, Message, Resident
from bot.store.session import Store
from tests.console.conftest import Rows
from tests.tampering import tampering
from tests.world import FakeClock


class Place:
    """A station with its database and its folder."""

    def __init__(self, database_url: str, folder: Path, clock: FakeClock) -> None:
        self.settings = Settings(_env_file=None, database_url=database_url, var_dir=folder)  # type: ignore[call-arg]
        self.clock, self.store = clock, Store(self.settings.database_url)
        self.files = EvidenceStore(folder / "evidence")

    def live(self) -> str:
        """Something happens; the hash of the file that came with it."""
        rows, digest = Rows(self.store, self.clock), self.files.keep(b"picture")
        rows.message(rows.case(rows.resident(), "urgent_alarm/fire"), "着火了")
        with self.store.transaction() as session:
            audit.record(session, "甲", "view", now=self.clock.now())
        return digest

    def save(self, target: Path) -> Summary:
        return backup.backup(self.settings, target, by="管理员", now=self.clock.now())

    def put_back(self, source: Path, *, force: bool = False) -> Summary:
        return backup.restore(self.settings, source, by="管理员", now=self.clock.now(), force=force)

    def words(self) -> list[str]:
        with self.store.reading() as session:
            return list(session.scalars(sa.select(Message.text).order_by(Message.id)))

    def actions(self) -> list[str]:
        with self.store.reading() as session:
            assert audit.verify(session) is None
            return list(session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def place(database_url: str, tmp_path: Path, clock: FakeClock) -> Iterator[Place]:
    opened = Place(database_url, tmp_path / "var", clock)
    yield opened
    opened.store.close()


@pytest.fixture
def archive(place: Place, tmp_path: Path) -> Path:
    """A backup of a station in which something has happened."""
    place.live()
    place.save(tmp_path / "fujin.tar")
    return tmp_path / "fujin.tar"


def emptied(place: Place) -> None:
    """As if the machine was new: an empty database, no files."""
    with tampering(place.store) as session:
        for table in (Message, Case, AuditEntry):
            session.execute(sa.delete(table))
        session.execute(sa.text("DELETE FROM resident"))
    shutil.rmtree(place.settings.var_dir / "evidence")


def test_that_everything_comes_back(place: Place, tmp_path: Path) -> None:
    digest = place.live()
    saved = place.save(tmp_path / "fujin.tar")
    assert stat.S_IMODE((tmp_path / "fujin.tar").stat().st_mode) == 0o600
    emptied(place)
    put_back = place.put_back(tmp_path / "fujin.tar")
    assert put_back == saved
    assert (saved.files, saved.audit_entry) == (2, 2)
    assert place.words() == ["着火了"]
    assert place.files.path(digest).read_bytes() == b"picture"
    assert place.actions() == ["view", "backup", "restore"]
    assert not list(tmp_path.glob("*.part"))


def test_that_under_another_secret_nobody_is_asked_for_codes_that_cannot_be_checked(
    place: Place, tmp_path: Path
) -> None:
    codes = Codes(var_dir=place.settings.var_dir)
    with place.store.transaction() as session:
        account = accounts.add(session, "甲", "officer", password_hash="", by="管理员", now=place.clock.now())
        account.totp_secret = codes.seal(one_time_codes.draw())
    place.save(tmp_path / "fujin.tar")
    assert place.put_back(tmp_path / "fujin.tar", force=True).codes_ended == ()
    (place.settings.var_dir / "secret").unlink()  # a new machine draws another
    assert place.put_back(tmp_path / "fujin.tar", force=True).codes_ended == ("甲",)
    with place.store.reading() as session:
        assert not accounts.has_codes(session, "甲")
    assert place.actions()[-2:] == ["restore", "account_totp"]


def test_that_a_database_that_holds_something_is_replaced_only_by_force(place: Place, archive: Path) -> None:
    Rows(place.store, place.clock).words(place_resident(place), "后来的话")
    with pytest.raises(BackupError, match="not empty"):
        place.put_back(archive)
    assert len(place.words()) == 2
    place.put_back(archive, force=True)
    assert place.words() == ["着火了"]


def place_resident(place: Place) -> Resident:
    return Rows(place.store, place.clock).resident("R-LATER")


def test_that_rasas_conversations_are_saved_beside_an_sqlite_database(
    sqlite_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    place = Place(sqlite_url, tmp_path / "var", clock)
    engine = sa.create_engine(place.settings.conversations_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE events (id INTEGER PRIMARY KEY)")
    engine.dispose()
    assert place.save(tmp_path / "fujin.tar").files == 2
    (tmp_path / "var" / "rasa.db").unlink()
    place.put_back(tmp_path / "fujin.tar", force=True)
    assert (tmp_path / "var" / "rasa.db").is_file()
    place.store.close()


def test_that_an_existing_file_is_not_overwritten(place: Place, archive: Path) -> None:
    with pytest.raises(BackupError, match="there already"):
        place.save(archive)


def cut_off(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:4096])


def no_archive(archive: Path) -> None:
    archive.write_text("hello")


def rewritten(archive: Path, change: str) -> None:
    """The same archive with one member changed, added or left out."""
    with tarfile.open(archive) as old:
        members = {member.name: old.extractfile(member).read() for member in old}  # type: ignore[union-attr]
    evidence = next(name for name in members if name.startswith("evidence/"))
    if change == "changed":
        members[evidence] = b"another picture"
    elif change == "missing":
        del members[evidence]
    elif change == "added":
        members["evidence/aa/stranger"] = b"x"
    elif change == "log":
        manifest = json.loads(members["manifest.json"])
        manifest["audit_head"] = [2, "0" * 64]
        members["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(archive, "w") as new:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize("change", ["changed", "missing", "added"])
def test_that_a_damaged_archive_is_refused_and_changes_nothing(place: Place, archive: Path, change: str) -> None:
    rewritten(archive, change)
    Rows(place.store, place.clock).words(place_resident(place), "后来的话")
    with pytest.raises(BackupError, match="is damaged: evidence/"):
        place.put_back(archive, force=True)
    assert place.words() == ["着火了", "后来的话"]


@pytest.mark.parametrize("harm", [cut_off, no_archive, Path.unlink])
def test_that_what_is_no_whole_backup_is_refused(place: Place, archive: Path, harm: Callable[[Path], None]) -> None:
    harm(archive)
    with pytest.raises(BackupError):
        place.put_back(archive, force=True)
    assert place.words() == ["着火了"]


def test_that_an_archive_with_another_audit_log_is_told(place: Place, archive: Path) -> None:
    rewritten(archive, "log")
    with pytest.raises(BackupError, match="audit log in the archive lacks entry 2"):
        place.put_back(archive, force=True)


def test_that_a_log_that_was_edited_before_the_backup_is_told(place: Place, tmp_path: Path) -> None:
    place.live()
    with tampering(place.store) as session:
        session.execute(sa.update(AuditEntry).values(actor="乙"))
    place.save(tmp_path / "fujin.tar")
    with pytest.raises(BackupError, match="does not hold: entry 1 is changed"):
        place.put_back(tmp_path / "fujin.tar", force=True)


def test_that_the_other_kind_of_database_is_refused(
    sqlite_url: str, postgres_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    one, other = Place(sqlite_url, tmp_path / "a", clock), Place(postgres_url, tmp_path / "b", clock)
    one.save(tmp_path / "fujin.tar")
    with pytest.raises(BackupError, match="another kind of database"):
        other.put_back(tmp_path / "fujin.tar")
    one.store.close()
    other.store.close()


def test_that_missing_tools_are_named(
    postgres_url: str, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(postgres_url, tmp_path / "var", clock)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(BackupError, match="pg_dump is missing: install"):
        place.save(tmp_path / "fujin.tar")
    assert not (tmp_path / "fujin.tar").exists()
    place.store.close()
