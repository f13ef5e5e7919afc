"""What a row of each table must look like; what is wrong is said with how to mend it, and without quoting anybody."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.table_file import RowError, read
from bot.services.tables import KINDS, NAMES, OFFICERS


def officer(**cells: str) -> dict[str, Any]:
    row = {"社区": "东逸社区", "街道": "大东路", "门牌": "", "民警": "示例民警甲", "电话": "", "时间": ""}
    return OFFICERS.parse(row | cells)


def houses(cell: str) -> tuple[int | None, int | None, str]:
    row = officer(门牌=cell)
    return row["first_number"], row["last_number"], row["parity"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", (None, None, "")),
        ("15", (15, 15, "")),
        ("15号", (15, 15, "")),
        ("1-99", (1, 99, "")),
        ("１—９９号", (1, 99, "")),
        ("1号至99号", (1, 99, "")),
        ("1 ~ 99 单号", (1, 99, "odd")),
        ("双号2-98", (2, 98, "even")),
        ("1-98双", (2, 98, "even")),
        ("100-", (100, None, "")),
        ("-50", (1, 50, "")),
        ("单号", (1, None, "odd")),
        ("双", (2, None, "even")),
    ],
)
def test_that_house_numbers_are_read_as_they_are_written(
    cell: str, expected: tuple[int | None, int | None, str]
) -> None:
    assert houses(cell) == expected


@pytest.mark.parametrize("cell", ["全部", "号", "-", "1,3,5", "99-1", "2单", "1-1双", "a-b", "123456"])
def test_that_house_numbers_that_make_no_sense_are_refused(cell: str) -> None:
    with pytest.raises(RowError, match="门牌"):
        houses(cell)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"社区": " "}, "“社区”是空的"),
        ({"民警": ""}, "“民警”是空的"),
        ({"街道": "", "门牌": "1-9"}, "写了门牌，还要写街道"),
        ({"街道": "大东路、小东路"}, "分成几行"),
        ({"街道": "大东路，小东路"}, "分成几行"),
        ({"街道": "路" * 41}, "“街道”超过40个字"),
        ({"时间": "早" * 101}, "“时间”超过100个字"),
        ({"电话": "没有"}, "电话看不懂"),
        ({"电话": "21010219900101123"}, "电话看不懂"),
        ({"电话": "210102199001011234"}, "有身份证号"),
        ({"民警": "２１０１０２１９９００１０１１２３Ｘ"}, "有身份证号"),
    ],
)
def test_that_an_officers_bad_line_says_how_to_mend_it(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(RowError, match=reason) as caught:
        officer(**cells)
    assert "2101" not in str(caught.value)


@pytest.mark.parametrize(
    "phone", ["", "024-12345678", "110", "(024) 1234 5678 转 12", "13800000000", "12345678/12345679"]
)
def test_that_work_phones_are_taken_as_they_are_written(phone: str) -> None:
    assert officer(电话=phone)["phone"] == phone


def test_that_office_hours_keep_their_punctuation() -> None:
    assert officer(时间="周一至周五：9:00")["hours"] == "周一至周五：9:00"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("王小明", "王小明"),
        ("王　伟", "王伟"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("李𠮷", "李𠮷"),
        ("王〇", "王〇"),
    ],
)
def test_that_a_name_is_taken_in_one_form(written: str, name: str) -> None:
    assert NAMES.parse({"姓名": written, "人数": "０３"}) == {"name": name, "count": 3}


@pytest.mark.parametrize("name", ["", "王", "王1", "Wang", "王小明（女）", "王\ue000", "·王", "王" * 21, "王?明"])
def test_that_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(RowError, match="“姓名”应当是"):
        NAMES.parse({"姓名": name, "人数": "3"})


@pytest.mark.parametrize("count", ["", "0", "-1", "3人", "1.5", "1,234", "10000000", "三"])
def test_that_what_is_no_count_is_refused(count: str) -> None:
    with pytest.raises(RowError, match="“人数”应当是"):
        NAMES.parse({"姓名": "王小明", "人数": count})


@pytest.mark.parametrize(
    "cells",
    [
        {"姓名": "王小明210102199001011234"},
        {"姓名": "王小明 138 0000 0000"},
        {"人数": "21010219900101123X"},
        {"人数": "138-0000-0000"},
        {"人数": "210102900101123"},
    ],
)
def test_that_personal_data_among_the_names_is_refused_and_not_quoted(cells: dict[str, str]) -> None:
    with pytest.raises(RowError, match="姓名表只收姓名和人数") as caught:
        NAMES.parse({"姓名": "王小明", "人数": "3"} | cells)
    assert not any(character.isdigit() for character in str(caught.value))


@given(cells=st.lists(st.text(max_size=60), min_size=6, max_size=6))
def test_that_any_cells_make_a_row_that_fits_or_a_reason(cells: list[str]) -> None:
    for kind in KINDS:
        try:
            values = kind.parse(dict(zip(kind.columns, cells, strict=False)))
        except RowError:
            continue
        for name, value in values.items():
            column = kind.model.__table__.c[name]
            if isinstance(value, str):
                assert len(value) <= column.type.length  # type: ignore[attr-defined]
            elif value is not None:
                assert 0 <= value < 2**31


def test_that_the_demonstration_is_good_and_says_what_it_is() -> None:
    for kind in KINDS:
        for number, row in read(kind.demo_file, kind.columns, kind.parse):
            assert not isinstance(row, RowError), f"{kind.demo_file.name}:{number}: {row}"
            if kind is OFFICERS:
                assert row["officer"].startswith("示例民警")
                assert row["phone"] == ""
