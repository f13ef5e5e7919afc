"""An import is all of a file or nothing of it; residents see the table before until the new one is complete."""

import sqlite3
import tracemalloc
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.services import importing
from bot.services.table_file import TableFileError
from bot.services.tables import NAMES, OFFICERS, current, look_up
from bot.store.models import CommunityOfficer, LookupTable, RegisteredName
from bot.store.session import Store, StoreUnavailableError
from tests.world import FakeClock


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_BATCH", 3)


def names(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "names.csv"
    path.write_text("\n".join(["姓名,人数", *lines]), encoding="utf-8")
    return path


def counts(store: Store) -> dict[str, int]:
    with store.reading() as session:
        return {row.name: row.count for row in look_up(session, NAMES, RegisteredName)[1]}


def stored_rows(store: Store) -> tuple[int, int]:
    """How many tables and names there are, those that nobody sees included."""
    with store.reading() as session:
        tables, rows = (sa.select(sa.func.count()).select_from(table) for table in (LookupTable, RegisteredName))
        return session.scalar(tables) or 0, session.scalar(rows) or 0


def test_that_a_file_takes_the_place_of_the_table_before(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    first = names(tmp_path, "王小明,3", "李娜,5", "张伟,7", "刘洋,9")
    assert importing.load(store, first, NAMES, by="甲", now=clock.now()) == 4
    assert counts(store) == {"王小明": 3, "李娜": 5, "张伟": 7, "刘洋": 9}
    clock.advance(days=1)
    assert importing.load(store, names(tmp_path, "王小明,4", "赵静,1"), NAMES, by="甲", now=clock.now()) == 2
    assert counts(store) == {"王小明": 4, "赵静": 1}
    assert stored_rows(store) == (1, 2), "nothing of the table before is left"
    with store.reading() as session:
        table = current(session, NAMES)
        assert table is not None
        assert (table.imported_at, table.demo) == (clock.now(), False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("王小明,0", "第3行：“人数”应当是"),
        ("李娜,6", "第3行：和第2行重复"),
        ("张伟,210102199001011234", "第3行：有身份证号"),
    ],
)
def test_that_a_bad_file_changes_nothing(
    store: Store, clock: FakeClock, tmp_path: Path, line: str, reason: str
) -> None:
    importing.load(store, names(tmp_path, "王小明,3"), NAMES, by="甲", now=clock.now())
    with pytest.raises(TableFileError, match=reason):
        importing.load(store, names(tmp_path, "李娜,5", line, "刘洋,1"), NAMES, by="甲", now=clock.now())
    assert counts(store) == {"王小明": 3}
    assert stored_rows(store) == (1, 1)


def test_that_the_first_bad_lines_are_named_and_the_others_counted(tmp_path: Path) -> None:
    with pytest.raises(TableFileError) as caught:
        importing.check(names(tmp_path, "李娜,5", *["王小明,零"] * 30), NAMES)
    first, *lines, last = str(caught.value).splitlines()
    assert first == "names.csv 有30行要改，什么都没有导入："
    assert [line.split("：")[0] for line in lines] == [f"第{number}行" for number in range(3, 23)]
    assert last == "……还有10行"


def test_that_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableFileError, match="只有表头"):
        importing.check(names(tmp_path), NAMES)


def test_that_the_same_area_twice_is_a_duplicate_but_two_officers_of_it_are_not(tmp_path: Path) -> None:
    path = tmp_path / "officers.csv"
    header = ",".join(OFFICERS.columns)
    rows = ["东逸社区,,,示例民警甲,,", "东逸社区,,,示例民警乙,,", "东逸社区,大东路,1-9,示例民警甲,,"]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    assert importing.check(path, OFFICERS) == 3
    path.write_text("\n".join([header, *rows, "东逸社区,大东路,1号-9号,示例民警甲,110,"]), encoding="utf-8")
    with pytest.raises(TableFileError, match="第5行：和第4行重复"):
        importing.check(path, OFFICERS)


def test_that_residents_see_the_table_before_and_the_station_can_write_until_the_new_one_is_complete(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    importing.load(store, names(tmp_path, "王小明,3"), NAMES, by="甲", now=clock.now())
    other, seen, hidden = Store(store.url.render_as_string(hide_password=False)), [], []

    def look(_done: int) -> None:
        seen.append(counts(other))
        hidden.append(stored_rows(other)[1])
        with other.transaction() as session:  # on SQLite only one can write at a time
            session.execute(sa.update(CommunityOfficer).values(officer="示例民警甲"))

    lines = [f"李{chr(0x4E00 + number)},1" for number in range(8)]
    importing.load(store, names(tmp_path, *lines), NAMES, by="甲", now=clock.now(), tell=look)
    other.close()
    assert seen == [{"王小明": 3}] * 3
    assert hidden == [4, 7, 9], "its rows are there already"
    assert len(counts(store)) == 8


def test_that_an_import_that_is_stopped_leaves_nothing(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    importing.load(store, names(tmp_path, "王小明,3"), NAMES, by="甲", now=clock.now())

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.load(store, names(tmp_path, "李娜,1", "刘洋,1"), NAMES, by="甲", now=clock.now(), tell=stop)
    assert counts(store) == {"王小明": 3}
    assert stored_rows(store) == (1, 1)


def test_that_of_two_imports_at_once_the_later_one_stays(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    slow, quick = names(tmp_path, "李娜,1", "刘洋,1"), tmp_path / "quick.csv"
    quick.write_text("姓名,人数\n张伟,7\n", encoding="utf-8")

    def meanwhile(_done: int) -> None:
        importing.load(store, quick, NAMES, by="甲", now=clock.now())

    with pytest.raises(TableFileError, match="同时有另一次导入"):
        importing.load(store, slow, NAMES, by="甲", now=clock.now(), tell=meanwhile)
    assert counts(store) == {"张伟": 7}
    assert stored_rows(store) == (1, 1)


def test_that_an_import_never_takes_the_place_of_a_later_one(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """The later one is in its place, but its process has not yet removed the earlier one's rows."""

    def meanwhile(_done: int) -> None:
        with store.transaction() as session:
            session.add(LookupTable(kind="names", ready=True, imported_at=clock.now()))

    with pytest.raises(TableFileError, match="同时有另一次导入"):
        importing.load(store, names(tmp_path, "李娜,1"), NAMES, by="甲", now=clock.now(), tell=meanwhile)
    assert counts(store) == {}
    assert stored_rows(store) == (1, 0)


def test_that_what_a_dead_process_left_is_taken_away_by_the_next(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with store.transaction() as session:
        table = LookupTable(kind="names", imported_at=clock.now())
        session.add(table)
        session.flush()
        session.add(RegisteredName(table_id=table.id, name="李娜", count=1))
    assert counts(store) == {}
    importing.load(store, names(tmp_path, "王小明,3"), NAMES, by="甲", now=clock.now())
    assert stored_rows(store) == (1, 1)


def test_that_an_import_of_one_table_leaves_the_other_alone(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    importing.load_demo(store, now=clock.now())
    importing.load(store, names(tmp_path, "王小明,3"), NAMES, by="甲", now=clock.now())
    with store.reading() as session:
        table, rows = look_up(session, OFFICERS, CommunityOfficer)
    assert table is not None
    assert table.demo
    assert {row.community for row in rows} == {"东逸社区", "魁星社区"}


def test_that_the_demonstration_is_loaded_once_and_never_over_the_stations_own(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    assert importing.load_demo(store, now=clock.now()) == [OFFICERS, NAMES]
    assert importing.load_demo(store, now=clock.now()) == []
    assert importing.load_demo(store, now=clock.now(), anew=True) == [OFFICERS, NAMES]
    importing.load(store, names(tmp_path, "王小明,3"), NAMES, by="甲", now=clock.now())
    assert counts(store) == {"王小明": 3}, "no demonstration among it"
    assert importing.load_demo(store, now=clock.now(), anew=True) == [OFFICERS]
    assert counts(store) == {"王小明": 3}


def test_that_a_database_that_is_away_has_a_name(clock: FakeClock, tmp_path: Path) -> None:
    store = Store("postgresql+psycopg://postgres@127.0.0.1:1/fujin")
    with pytest.raises(StoreUnavailableError):
        importing.load(store, names(tmp_path, "王小明,3"), NAMES, by="甲", now=clock.now())
    store.close()


def test_that_a_long_file_needs_no_more_memory_than_a_short_one(
    sqlite_url: str, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_BATCH", 500)
    store, peaks = Store(sqlite_url), []
    for rows in (2_000, 2_000, 20_000):  # the first warms what is cached
        path = names(tmp_path, *(f"李{chr(0x4E00 + n // 150)}{chr(0x5E00 + n % 150)},1" for n in range(rows)))
        tracemalloc.start()
        assert importing.load(store, path, NAMES, by="甲", now=clock.now()) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    store.close()
    assert peaks[2] < peaks[1] + 500_000, "20,000 rows in a list would be some millions"


def test_that_the_scratch_file_has_no_name_and_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def connect(path: str, **options: None) -> sqlite3.Connection:
        opened.append(path)
        return real(path, **options)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", connect)
    importing.check(names(tmp_path, "王小明,3"), NAMES)
    assert opened == [""], "names lie in no file that anybody could open"
