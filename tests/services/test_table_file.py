"""A spreadsheet's file in any encoding and any state: good lines are read, bad ones are named, nothing is quoted."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.table_file import Row, RowError, TableFileError, read

COLUMNS = ("姓名", "人数")
HEADER = "姓名,人数"

Save = Callable[[str | bytes], Path]


@pytest.fixture(scope="session")
def save(tmp_path_factory: pytest.TempPathFactory) -> Save:
    path = tmp_path_factory.mktemp("tables") / "table.csv"

    def do(content: str | bytes) -> Path:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return do


def as_it_is(row: Row) -> Row:
    return row


def rows_of(path: Path) -> list[tuple[int, dict[str, str] | str]]:
    found = read(path, COLUMNS, as_it_is)
    return [(number, str(row) if isinstance(row, RowError) else row) for number, row in found]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_that_the_encodings_of_spreadsheets_are_recognised(save: Save, encoding: str) -> None:
    assert rows_of(save(f"{HEADER}\r\n王小明,3\r\n".encode(encoding))) == [(2, {"姓名": "王小明", "人数": "3"})]


def test_that_columns_may_stand_in_any_order_and_blank_lines_do_no_harm(save: Save) -> None:
    path = save(" 人数 ,姓名,,\n\n3, 王小明 ,,\n,,\n\n5,李娜\n")
    assert rows_of(path) == [(3, {"人数": "3", "姓名": "王小明"}), (6, {"人数": "5", "姓名": "李娜"})]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "缺少：姓名、人数"),
        ("王小明,3\n", "缺少：姓名、人数"),
        ("姓名\n王小明\n", "缺少：人数"),
        ("姓名，人数\n", "用半角逗号分开"),
        ("姓名,人数,身份证号\n", "只收这几列，请删去其余的列"),
        ("姓名,人数,姓名\n", "只收这几列"),
        ('"姓名,人数\n', "第1行应当是表头：姓名,人数"),
        ("姓名," + "人" * 3000, "第1行应当是表头"),
        (f"{HEADER}\n".encode("utf-16"), "另存为“CSV UTF-8"),
        (f"{HEADER}\n".encode() + b"\xff\xff\n", "编码认不出来"),
    ],
)
def test_that_a_file_that_is_no_such_table_is_refused_with_the_reason(
    save: Save, content: str | bytes, reason: str
) -> None:
    with pytest.raises(TableFileError, match=reason):
        rows_of(save(content))


@pytest.mark.parametrize("name", ["none.csv", "."])
def test_that_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(TableFileError, match=r"打不开|不是文件"):
        rows_of(tmp_path / name)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("王小明,3,男", "有3格，应当是2格"),
        ('"王小明,3', "引号没有成对"),
        ('"王"小明,3', "引号没有成对"),
        ("王\0小明,3", "控制字符"),
        ("王" * 5000 + ",3", "超过2000个字"),
    ],
)
def test_that_a_bad_line_is_named_and_the_next_ones_are_read(save: Save, line: str, reason: str) -> None:
    bad, good = rows_of(save(f"{HEADER}\n{line}\n李娜,5\n"))
    assert bad[0] == 2
    assert reason in bad[1]
    assert "王" not in bad[1]
    assert good == (3, {"姓名": "李娜", "人数": "5"})


def test_that_a_cell_with_a_line_break_is_two_bad_lines(save: Save) -> None:
    first, second = rows_of(save(f'{HEADER}\n"王\n小明",3\n'))
    assert first == (2, "引号没有成对，或单元格里有换行；请改成一行、去掉引号")
    assert second[0] == 3


def test_that_it_is_told_how_far_the_reading_is(save: Save) -> None:
    path = save(HEADER + "\n王小明,3" * 50_000)
    heard: list[int] = []
    assert len(list(read(path, COLUMNS, as_it_is, heard.append))) == 50_000
    assert heard == sorted(heard)
    assert path.stat().st_size / 2 < heard[-1] <= path.stat().st_size


@given(content=st.binary(max_size=400))
def test_that_no_bytes_break_it(save: Save, content: bytes) -> None:
    for with_header in (content, HEADER.encode() + b"\n" + content, f"{HEADER}\n".encode("gb18030") + content):
        try:
            found = rows_of(save(with_header))
        except TableFileError:
            continue
        numbers = [number for number, _ in found]
        assert numbers == sorted(set(numbers))
        assert all(isinstance(row, str) or set(row) == set(COLUMNS) for _, row in found)


@given(lines=st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=20))
def test_that_no_text_breaks_it(save: Save, lines: list[str]) -> None:
    content = "\n".join([HEADER, *lines])
    limit = len(io.StringIO(content, newline=None).readlines())
    assert all(2 <= number <= limit for number, _ in rows_of(save(content)))


@given(
    rows=st.lists(st.tuples(st.text("王李欧阳伟一诺𠮷,\" '", min_size=1), st.text("0123456789", min_size=1))),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_that_what_a_spreadsheet_writes_is_what_is_read(
    save: Save, rows: list[tuple[str, str]], encoding: str, quoting: int, end: str
) -> None:
    file = io.StringIO()
    csv.writer(file, quoting=quoting, lineterminator=end).writerows([COLUMNS, *rows])  # type: ignore[arg-type]
    found = rows_of(save(file.getvalue().encode(encoding)))
    assert [row for _, row in found] == [{"姓名": name.strip(), "人数": count} for name, count in rows]
