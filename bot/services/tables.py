"""The tables that residents look things up in: their columns, what a row must look like, and which one is current."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.names import LONGEST_NAME
from bot.nlu.project import NLU_DATA
from bot.services.table_file import Row, RowError, clean
from bot.store.models import CommunityOfficer, LookupTable, RegisteredName

DEMO = NLU_DATA / "demo"

_SHORT, _LONG = 40, 100
_IDENTITY = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15})(?!\d)")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_PHONE = re.compile(r"[0-9+(][0-9+()/、,; 转-]{2,}")
_NUMBER_RUN = re.compile(r"\d{14,}")
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NAME = re.compile(f"[{_HAN}]{{2,{LONGEST_NAME}}}|(?=.{{3,{LONGEST_NAME}}}$)[{_HAN}]+(?:·[{_HAN}]+)+")
_COUNT = re.compile(r"0*[1-9][0-9]{0,6}")
_SIDE = {"单": "odd", "双": "even", None: ""}
_HOUSES = re.compile(
    r"(?:(?P<before>[单双])号?)?(?:(?P<first>\d{1,5})号?)?(?P<range>[-~—–至到](?:(?P<last>\d{1,5})号?)?)?"
    r"(?:(?P<after>[单双])号?)?"
)

Model = TypeVar("Model", CommunityOfficer, RegisteredName)


@dataclass(frozen=True)
class Kind:
    """A kind of table. `parse` makes the values of a row, or says what is wrong; `key` must be there only once.

    `in_order` keeps the rows as the station arranged them; without it a large table is stored much faster.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    model: type[CommunityOfficer | RegisteredName]
    parse: Callable[[Row], dict[str, Any]]
    key: Callable[[dict[str, Any]], str]
    in_order: bool

    @property
    def demo_file(self) -> Path:
        """The demonstration that comes with Fujin."""
        return DEMO / f"{self.name}.csv"


def current(session: Session, kind: Kind) -> LookupTable | None:
    """The table that residents are answered from, if one is imported."""
    return session.scalar(sa.select(LookupTable).where(LookupTable.id == _current_id(kind)))


def look_up(
    session: Session, kind: Kind, model: type[Model], *where: sa.ColumnElement[bool]
) -> tuple[LookupTable | None, list[Model]]:
    """The current table and its rows that fit, in one statement: an import in between cannot part them."""
    query = (
        sa.select(LookupTable, model)
        .outerjoin(model, sa.and_(model.table_id == LookupTable.id, *where))
        .where(LookupTable.id == _current_id(kind))
        .order_by(model.id)
    )
    found = session.execute(query).all()
    return (found[0][0] if found else None), [row for _, row in found if row is not None]


def _current_id(kind: Kind) -> sa.ScalarSelect[int]:
    newest = sa.select(sa.func.max(LookupTable.id)).where(LookupTable.kind == kind.name, LookupTable.ready)
    return newest.scalar_subquery()


def _officer(row: Row) -> dict[str, Any]:
    hours = _cell(row, "时间", "", longest=_LONG)  # the only column that is a sentence, and keeps its punctuation
    row = _plain(row)
    if any(_IDENTITY.search(cell) for cell in row.values()):
        raise RowError("有身份证号；社区民警表里不要写身份证号")
    street = _cell(row, "街道", "")
    if re.search("[、,;/]", row["社区"] + street):
        raise RowError("一行只写一个社区、一条街道或一个小区；有几个就分成几行")
    houses = _houses(row["门牌"])
    if row["门牌"] and not street:
        raise RowError("写了门牌，还要写街道")
    phone = _cell(row, "电话", "")
    if phone and (not _PHONE.fullmatch(phone) or _NUMBER_RUN.search(phone)):
        raise RowError("电话看不懂；写工作电话，如 024-12345678，没有就留空")
    return {
        "community": _cell(row, "社区"),
        "street": street,
        **houses,
        "officer": _cell(row, "民警"),
        "phone": phone,
        "hours": hours,
    }


def _plain(row: Row) -> Row:
    return {column: clean(cell) for column, cell in row.items()}


def _cell(row: Row, column: str, default: str | None = None, *, longest: int = _SHORT) -> str:
    value = " ".join(row[column].split()) or default
    if value is None:
        raise RowError(f"“{column}”是空的，请填上")
    if len(value) > longest:
        raise RowError(f"“{column}”超过{longest}个字，请缩短")
    return value


def _houses(cell: str) -> dict[str, Any]:
    """The house numbers of a cell: 15, 1-99, 1-99单, 单号, 100- (and all above); an empty one is the whole street."""
    match = _HOUSES.fullmatch("".join(cell.split()))
    if match is None or (cell and not (match["first"] or match["last"] or match["before"] or match["after"])):
        raise RowError("门牌看不懂；写成 1-99、1-99单、2-98双、单号、双号、15 或留空，几段分成几行")
    parity = _SIDE[match["before"] or match["after"]]
    if not cell:
        return {"first_number": None, "last_number": None, "parity": ""}
    first = int(match["first"] or 1)
    last = int(match["last"]) if match["last"] else first if match["first"] and not match["range"] else None
    if parity and first % 2 != (parity == "odd"):
        first += 1  # so that the first number of a row is always one of its own
    if last is not None and last < first:
        raise RowError("门牌的起止不对：前面的号要小，并且和单双号相符")
    return {"first_number": first, "last_number": last, "parity": parity}


def _name(row: Row) -> dict[str, Any]:
    row = _plain(row)
    cells = [re.sub(r"[\s,-]", "", cell) for cell in row.values()]
    if any(_IDENTITY.search(cell) or _MOBILE.search(cell) for cell in cells):
        raise RowError("有身份证号或手机号；姓名表只收姓名和人数，请删去个人信息再导入")
    name = re.sub(r"\s", "", row["姓名"]).replace("•", "·").replace("・", "·")
    if not _NAME.fullmatch(name):
        raise RowError(f"“姓名”应当是2到{LONGEST_NAME}个汉字（可带间隔号·），不要数字、字母或自造字")
    if not _COUNT.fullmatch(row["人数"]):
        raise RowError("“人数”应当是1到9999999的整数，只写数字")
    return {"name": name, "count": int(row["人数"])}


def _area(values: dict[str, Any]) -> str:
    names = ("community", "street", "first_number", "last_number", "parity", "officer")
    return "\n".join(str(values[name]) for name in names)


OFFICERS = Kind(
    "officers", "社区民警表", ("社区", "街道", "门牌", "民警", "电话", "时间"), CommunityOfficer, _officer, _area, True
)
NAMES = Kind("names", "姓名表", ("姓名", "人数"), RegisteredName, _name, lambda values: str(values["name"]), False)
KINDS = (OFFICERS, NAMES)
