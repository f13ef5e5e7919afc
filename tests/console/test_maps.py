"""Links to a map: only for what a map can find, and with nothing but the place."""

import pytest

from bot.console import maps


@pytest.mark.parametrize("place", ["大东路38号", "魁星路", "东逸花园3号楼", "小东门地铁站", "中街路口", "第四医院"])
def test_that_a_street_a_compound_or_a_landmark_can_be_found(place: str) -> None:
    assert maps.findable(place)


@pytest.mark.parametrize("place", ["三楼", "厕所", "楼下", "屋里"])
def test_that_a_mere_floor_or_room_cannot(place: str) -> None:
    assert not maps.findable(place)


def test_that_a_link_holds_the_place_and_nothing_else() -> None:
    assert maps.of_name("大东路1号", city="沈阳") == (
        "https://uri.amap.com/search?keyword=%E5%A4%A7%E4%B8%9C%E8%B7%AF1%E5%8F%B7&city=%E6%B2%88%E9%98%B3&callnative=0"
    )
    assert "position=123.46%2C41.8" in maps.of_point("41.8, 123.46")
