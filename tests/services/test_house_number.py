"""House numbers behind a street: written in digits or in characters, and told from buildings, staircases and buses."""

import pytest

from bot.services.house_number import read


@pytest.mark.parametrize(
    ("behind", "number"),
    [
        ("1号", 1),
        (" 15", 15),
        ("8号3单元", 8),
        ("12-3号", 12),
        ("1号院", 1),
        ("十号", 10),
        ("十五号", 15),
        ("二十号", 20),
        ("一百二十三号", 123),
        ("一百零五号", 105),
        ("一千两百号", 1200),
        ("一二三号", 123),
        ("", None),
        ("号", None),
        ("3号楼", None),
        ("3单元", None),
        ("5路车站", None),
        ("2街", None),
        ("一带", None),
        ("123456号", None),
        ("15号楼", None),
    ],
)
def test_that_a_house_number_is_read(behind: str, number: int | None) -> None:
    assert read(f"大东路{behind}", 3) == number
