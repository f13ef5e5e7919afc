"""A table as a station's spreadsheet saves it: UTF-8 or GB18030, a Chinese header, every bad line named.

Read as a stream, however long. What is said of a bad line never quotes it: it may hold what must not be shown.
"""

import codecs
import csv
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO, TypeVar

_CHUNK = 1 << 16
_LONGEST_LINE = 2000
_TELL_EVERY = 2000
_BYTE_ORDER_MARK = "\ufeff"

Row = dict[str, str]
T = TypeVar("T")


class TableFileError(Exception):
    """A file that cannot be imported; the text says what is wrong with which line and how to mend it."""


class RowError(Exception):
    """What is wrong with one line."""


def read(
    path: Path, columns: Sequence[str], parse: Callable[[Row], T], tell: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[int, T | RowError]]:
    """Each line's number with what `parse` makes of its cells, or with what is wrong; blank lines are left out.

    `tell` hears now and then how many bytes are done.

    Raises:
        TableFileError: the file cannot be read at all, or its header is another one.
    """
    try:
        with path.open("rb") as raw, TextIOWrapper(raw, encoding=_encoding(path)) as file:
            header = _header(file, columns)
            for number, line in enumerate(_lines(file), start=2):
                if number % _TELL_EVERY == 0:
                    tell(raw.tell())
                try:
                    if cells := _cells(line):
                        yield number, parse(_named(header, cells))
                except RowError as error:
                    yield number, error
    except OSError as error:
        raise TableFileError(f"{path} 打不开（{error.strerror}）") from None


def _encoding(path: Path) -> str:
    """The encoding in which the whole file can be read."""
    if not path.is_file():
        raise TableFileError(f"{path} 不是文件，请检查路径")
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise TableFileError(f"{path.name} 的编码认不出来：请在表格软件里另存为“CSV UTF-8（逗号分隔）”")


def _lines(file: TextIO) -> Iterator[str | None]:
    """The lines; None for one that no table has, of which no more than its beginning is ever held."""
    while line := file.readline(_LONGEST_LINE):
        whole = line.endswith("\n") or len(line) < _LONGEST_LINE
        yield line if whole else None
        while not whole:
            rest = file.readline(_LONGEST_LINE)
            whole = rest.endswith("\n") or len(rest) < _LONGEST_LINE


def _cells(line: str | None) -> list[str]:
    """A line's cells without spaces around them; empty ones at the end do not count."""
    if line is None:
        raise RowError(f"超过{_LONGEST_LINE}个字，不像表格的一行；请检查引号和换行")
    try:
        cells = [cell.strip() for row in csv.reader([line.replace(_BYTE_ORDER_MARK, "")], strict=True) for cell in row]
    except csv.Error:
        raise RowError("引号没有成对，或单元格里有换行；请改成一行、去掉引号") from None
    while cells and not cells[-1]:
        cells.pop()
    return cells


def clean(cell: str) -> str:
    """A text in half width, without spaces around it."""
    return unicodedata.normalize("NFKC", cell).strip()


def _header(file: TextIO, columns: Sequence[str]) -> list[str]:
    wanted = f"第1行应当是表头：{','.join(columns)}（用半角逗号分开）"
    try:
        header = [clean(cell) for cell in _cells(next(_lines(file), ""))]
    except RowError:
        raise TableFileError(wanted) from None
    if missing := [column for column in columns if column not in header]:
        raise TableFileError(f"{wanted}；缺少：{'、'.join(missing)}")
    if len(header) > len(columns):
        raise TableFileError(f"{wanted}；只收这几列，请删去其余的列再导入（不要带身份证号等个人信息）")
    return header


def _named(header: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) > len(header):
        raise RowError(f"有{len(cells)}格，应当是{len(header)}格；请检查多出的逗号")
    if any(unicodedata.category(character) == "Cc" for cell in cells for character in cell):
        raise RowError("有看不见的控制字符；请重新输入这一行")
    return dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=True))
