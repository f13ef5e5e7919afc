"""What a message gives to an open form."""

from datetime import date
from typing import Any

import pytest

from bot.nlu import forms
from bot.nlu.entities import StationEntities
from bot.nlu.form_reader import Reading, read
from bot.nlu.values import _check_digit

FORMS = forms.load()
DOG, PERMIT = FORMS.forms["dog_licence_form"], FORMS.forms["residence_permit_form"]
TODAY = date(2026, 11, 25)
NUMBER = "21010419900307001" + _check_digit("21010419900307001")


def reading(text: str, requested: str | None, form: forms.Form = DOG, **filled: Any) -> Reading:
    return read(FORMS, form, requested, text, filled, today=TODAY, entities=StationEntities.load())


def test_that_one_message_may_hold_everything_in_any_order() -> None:
    text = (
        f"我叫李娜，养了只泰迪叫豆豆，棕色的，上个月打的疫苗，住大东路12号3-1-2，电话幺三八零零幺三八零零零，{NUMBER}"
    )
    assert reading(text, "consent").values == {
        "consent": True,
        "name": "李娜",
        "id_number": NUMBER,
        "phone": "13800138000",
        "address": "大东路12号3-1-2",
        "dog_name": "豆豆",
        "dog_breed": "泰迪",
        "dog_colour": "棕色",
        "vaccinated_on": "2026-10-01",
    }


def test_that_a_permit_is_read_the_same_way() -> None:
    text = "王芳，电话13800138000，黑龙江佳木斯人，住小什字街5号，去年五月来的，在饭店上班"
    assert reading(text, "name", PERMIT).values == {
        "name": "王芳",
        "phone": "13800138000",
        "household_place": "黑龙江佳木斯",
        "address": "小什字街5号",
        "lived_since": "2025-05-01",
        "ground": "上班",
    }


@pytest.mark.parametrize(
    ("requested", "text", "value"),
    [
        ("name", "张伟", "张伟"),
        ("address", "我家住东逸花园3号楼", "东逸花园3号楼"),
        ("dog_name", "它叫旺财", "旺财"),
        ("dog_breed", "不知道 就是个小土狗", "中华田园犬"),
        ("dog_colour", "黄白相间的", "黄白相间"),
        ("vaccinated_on", "今年三月打的", "2026-03-01"),
        ("consent", "行", True),
        ("confirmed", "没毛病", True),
    ],
)
def test_that_the_answer_to_the_question_is_its_value(requested: str, text: str, value: object) -> None:
    assert reading(text, requested).values == {requested: value}


@pytest.mark.parametrize(
    ("requested", "text"),
    [
        ("dog_name", "你好"),
        ("dog_name", "多少钱"),
        ("dog_name", "办这个要多久啊"),
        ("address", "要房产证吗"),
        ("dog_colour", "有人吗"),
        ("photo_dog_front", "没有照片咋整"),
        ("name", "谢谢"),
    ],
)
def test_that_what_is_no_answer_gives_nothing(requested: str, text: str) -> None:
    assert not reading(text, requested)


def test_that_a_correction_names_its_field_with_or_without_the_right_value() -> None:
    filled = {"name": "张伟", "dog_name": "豆豆", "phone": "13800138000"}
    assert reading("狗名写错了，叫旺旺", "dog_colour", **filled).values == {"dog_name": "旺旺"}
    assert reading("狗名写错了", "dog_colour", **filled).again == ("dog_name",)
    assert reading("电话改成13900139000", "confirmed", **filled).values == {"phone": "13900139000"}
    assert reading("名字不对，是张玮", "confirmed", **filled).values == {"name": "张玮"}


@pytest.mark.parametrize(
    ("form", "requested", "text", "told"),
    [
        (DOG, "id_number", "210104199003070010", "校验不对"),
        (DOG, "id_number", "21010419900307", "18位"),
        (DOG, "vaccinated_on", "前年打的", "超过12个月"),
        (DOG, "address", "大东路那边", "门牌"),
        (PERMIT, "lived_since", "上个月搬来的", "2027年4月1日"),
    ],
)
def test_that_a_value_that_cannot_be_right_is_told_with_what_to_send(
    form: forms.Form, requested: str, text: str, told: str
) -> None:
    given = reading(text, requested, form)
    assert given.values == {}
    assert told in "".join(given.problems)


def test_that_a_breed_on_the_stations_list_is_refused_and_the_list_decides() -> None:
    names = ("agree", "cancel", "wrong", "wish", "go_ahead", "missing", "resume", "later")
    breeds = {"breeds": {"藏獒": ["藏獒"]}, "fierce": ["藏獒"], "banned": ["藏獒"]}
    listed = forms.Forms(FORMS.forms, {name: ["-"] for name in names}, breeds)
    refused = read(listed, DOG, "dog_breed", "藏獒", {}, today=TODAY, entities=StationEntities.load())
    assert "禁养名单" in refused.problems[0]
    assert reading("藏獒", "dog_breed").values == {"dog_breed": "藏獒"}


@pytest.mark.parametrize("text", ["不办了", "算了", "取消", "先不填了！"])
def test_that_a_form_can_be_given_up_at_any_time(text: str) -> None:
    assert reading(text, "dog_name").command == "cancel"


@pytest.mark.parametrize(
    ("text", "intent", "form"),
    [
        ("我要办犬证", "", DOG),
        ("给我家狗办个证", "enquiry/dog_licence", DOG),
        ("想办居住证", "", PERMIT),
        ("申请居住证", "", PERMIT),
        ("犬证怎么办", "enquiry/dog_licence", None),
        ("办居住证要啥材料", "enquiry/residence_permit_apply", None),
        ("居住证能办吗", "enquiry/residence_permit_apply", None),
        ("我要办身份证", "enquiry/idcard_first", None),
    ],
)
def test_that_a_wish_begins_a_form_and_a_question_does_not(text: str, intent: str, form: forms.Form | None) -> None:
    assert FORMS.wished(text, intent) is form
