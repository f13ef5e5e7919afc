"""Values in what residents type: right ones are read, wrong ones are told, what is none is left alone."""

from datetime import date

import pytest

from bot.nlu import values
from bot.nlu.values import BadValueError

TODAY = date(2026, 11, 25)
BORN_1990 = "210104199003070019"


def with_check_digit(first_seventeen: str) -> str:
    return first_seventeen + values._check_digit(first_seventeen)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("13800138000", "13800138000"),
        ("我电话 138 0013 8000", "13800138000"),
        ("138-0013-8000 微信同号", "13800138000"),
        ("+8613800138000", "13800138000"),
        ("幺三八零零幺三八零零零", "13800138000"),
        ("一三八 零零一三 八零零零", "13800138000"),
        ("电话幺三八四个零六零三八", "13800006038"),
        ("138，四个零，6038 三号楼", "13800006038"),
        ("一三九 仨八 五六七二一", "13988856721"),
        ("13800138000 家里两个三岁的娃", "13800138000"),
        ("我家两个三年级的", None),
        ("洞幺", None),
        ("我住301", None),
        ("三个人", None),
    ],
)
def test_that_a_telephone_number_is_read_however_it_is_said(said: str, number: str | None) -> None:
    assert values.phone(said) == number


@pytest.mark.parametrize("said", ["1380013800", "138001380001"])
def test_that_a_number_with_a_digit_too_few_or_too_many_is_told(said: str) -> None:
    with pytest.raises(BadValueError, match="11位"):
        values.phone(said)


def test_that_an_identity_number_is_read_with_its_check_digit() -> None:
    number = with_check_digit(BORN_1990[:17])
    assert values.identity_number(f"身份证{number}", today=TODAY) == number
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    with pytest.raises(BadValueError, match="校验不对"):
        values.identity_number(wrong, today=TODAY)


def test_that_a_number_that_is_read_out_in_groups_is_one_number() -> None:
    said = "我念你记啊二幺零幺零三完了幺九五四幺幺零三最后四位零三幺六"
    assert values.identity_number(said, today=TODAY) == "210103195411030316"


def test_that_a_spoken_identity_number_ends_with_a_spoken_x() -> None:
    number = next(
        candidate for n in range(1000) if (candidate := with_check_digit(f"21010419900307{n:03}")).endswith("X")
    )
    spoken = "".join("零幺二三四五六七八九"[int(digit)] for digit in number[:17]) + "叉"
    assert values.identity_number(spoken, today=TODAY) == number


@pytest.mark.parametrize(("born", "adult", "told"), [("20120307", False, "监护人"), ("20090307", True, "18周岁")])
def test_that_too_young_a_holder_is_told_who_may(born: str, adult: bool, told: str) -> None:
    with pytest.raises(BadValueError, match=told):
        values.identity_number(with_check_digit(f"210104{born}001"), today=TODAY, adult=adult)


def test_that_seventeen_may_hold_a_permit_but_register_no_dog() -> None:
    number = with_check_digit("21010420090307001")
    assert values.identity_number(number, today=TODAY) == number


@pytest.mark.parametrize("said", ["210104199013070019", "990104199003070019", "210104202703070019"])
def test_that_a_number_of_no_province_or_day_is_refused(said: str) -> None:
    with pytest.raises(BadValueError):
        values.identity_number(with_check_digit(said[:17]), today=TODAY)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2024年5月20日", "2024-05-20"),
        ("2024.5.20", "2024-05-20"),
        ("20240520", "2024-05-20"),
        ("二零二四年五月", "2024-05-01"),
        ("去年三月", "2025-03-01"),
        ("前年年底", "2024-12-01"),
        ("今年3月5号打的", "2026-03-05"),
        ("上个月20号", "2026-10-20"),
        ("上月底", "2026-10-28"),
        ("5月20", "2026-05-20"),
        ("12月3号", "2025-12-03"),
        ("两年半前", "2024-05-25"),
        ("住了三年了", "2023-11-25"),
        ("半年多了", "2026-05-25"),
        ("快半年了", "2026-06-25"),
        ("才来俩月", "2026-09-25"),
        ("大概六月", "2026-06-01"),
        ("立秋那阵儿", "2026-08-01"),
        ("六个月前", "2026-05-25"),
        ("三个月前", "2026-08-25"),
        ("昨天", "2026-11-24"),
        ("24年", "2024-01-01"),
        ("21年阳历十月十号", "2021-10-10"),
        ("豆豆", None),
    ],
)
def test_that_a_day_is_read_as_residents_say_it(said: str, day: str | None) -> None:
    found = values.day(said, today=TODAY)
    assert (found and found.isoformat()) == day


@pytest.mark.parametrize("said", ["2月30号", "明年三月", "2027-01-01"])
def test_that_a_day_that_is_none_or_still_to_come_is_told(said: str) -> None:
    with pytest.raises(BadValueError):
        values.day(said, today=TODAY)


@pytest.mark.parametrize(
    ("said", "asked", "name"),
    [
        ("我叫张三丰", False, "张三丰"),
        ("姓名：李小明，电话", False, "李小明"),
        ("欧阳小雪", True, "欧阳小雪"),
        ("阿依古丽·买买提", True, "阿依古丽·买买提"),
        ("张伟", False, None),
        ("我是外地的", True, None),
        ("狗叫豆豆", True, None),
        ("你好", True, None),
        ("多少钱", True, None),
        ("我是沈大的学生", True, None),
    ],
)
def test_that_a_name_is_read_where_it_was_asked_for_or_said_to_be_one(said: str, asked: bool, name: str | None) -> None:
    assert values.name(said, asked=asked) == name


@pytest.mark.parametrize("said", ["那没事", "没事", "那行吧", "这个好"])
def test_that_a_few_words_are_no_name_even_where_they_begin_with_a_surname(said: str) -> None:
    assert values.name(said, asked=True) is None


@pytest.mark.parametrize("said", ["那英", "王桂兰", "张好"])
def test_that_names_of_such_characters_are_names(said: str) -> None:
    assert values.name(f"我叫{said}", asked=True) == said


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("24年底来的", "2024-12-01"),
        ("去年这时候来的", "2025-11-25"),
        ("上周三打的", "2026-11-18"),
        ("这周一", "2026-11-23"),
        ("上个礼拜", "2026-11-18"),
        ("开春打的", "2026-03-01"),
        ("去年国庆", "2025-10-01"),
        ("二十来天前", "2026-11-05"),
        ("冬天打的", "2025-12-01"),
    ],
)
def test_that_weekdays_seasons_and_feasts_are_days(said: str, day: str) -> None:
    assert values.mentions_day(said)
    assert values.day(said, today=date(2026, 11, 25)) == date.fromisoformat(day)


def test_that_a_text_without_its_days_has_the_rest() -> None:
    assert values.without_days("前天刚打完针").split() == ["刚打完针"]


def test_that_a_name_may_stand_behind_the_surname_said_before() -> None:
    assert values.name("我姓刘叫刘福山", asked=False) == "刘福山"
    assert values.name("叫王子", asked=False) is None, "it may be the dog's"


@pytest.mark.parametrize(
    "text", ["想给我姑娘办个居住证 她没满16岁", "给我儿子办一个，他今年10岁", "孩子上小学 我替他办居住证"]
)
def test_that_a_child_under_sixteen_is_known(text: str) -> None:
    assert values.of_minor(text)


@pytest.mark.parametrize(
    "text", ["我来这陪孩子上小学，给我办个居住证", "给我妈办，她62岁", "给我儿子办居住证，他20岁了", "孩子没满16岁"]
)
def test_that_who_applies_for_a_grown_up_or_oneself_is_none(text: str) -> None:
    assert not values.of_minor(text)
