"""What looks like a value of a form and is none."""

import pytest

from bot.nlu.no_values import without


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("证号就照片上那个LN0104-2207318 就这么交吧", "证号就照片上那个"),
        ("确认提交，证号210104-260611-0087", "确认提交，证号"),
        ("疫苗本编号是SYQ2026-11402，可以提交了", "，可以提交了"),
        ("免疫证号：2101042606110087", "免疫证号"),
        ("号 DD-20260423-219。交", "号"),
        ("合同编号 HT20240311008 我租的房", "我租的房"),
    ],
)
def test_that_the_number_of_a_paper_is_taken_out(text: str, left: str) -> None:
    said, of_paper = without(text)
    assert of_paper
    assert left in said
    assert not any(letter.isdigit() for letter in said)


@pytest.mark.parametrize(
    "text",
    [
        "证号210104199003070015",
        "身份证号码 210104199003070015",
        "电话号码13800138000",
        "大东路12号B座2106",
        "住B2106",
        "2026-06-11打的，小河沿路25号3-1-2",
        "户口本编号没有",
    ],
)
def test_that_values_stay(text: str) -> None:
    assert without(text) == (text, False)


def test_that_the_landlords_telephone_is_nobody_elses() -> None:
    assert "13840199627" not in without("房东姓高 高凤芝13840199627 麻烦递上去")[0]
    assert "13840199627" in without("电话留房东的 13840199627")[0]
    assert "13840199627" in without("房东的合同有 我电话改13840199627")[0]


@pytest.mark.parametrize(
    "text", ["房东叫崔永利，合同有", "房东姓高 合同有", "出租人：崔永利 合同有", "房东叫崔永利13604055182。合同有"]
)
def test_that_the_landlords_name_is_nobody_elses(text: str) -> None:
    left = without(text)[0]
    assert "合同有" in left
    assert not any(name in left for name in ("崔永利", "高", "136"))


def test_that_who_owns_the_home_stays() -> None:
    assert without("房主是我自己，叫崔永利") == ("房主是我自己，叫崔永利", False)
