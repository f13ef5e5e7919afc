"""What guidance still asks for."""

import pytest

from bot.intake.still_asked import only_missing

LOST = (
    "收到了，已转给本班值班民警。\n"
    "请再写清楚：什么东西、什么样子，最后一次看到它是几点、在哪儿，之后坐了什么车（车牌、订单截图都有用）。\n"
    "手机丢了，先打运营商挂失。"
)
TIP = "谢谢您反映。\n请补充：地址门牌、人数、活动时间、怎么收钱拉人，宣传单都有用。\n请不要去听课。"


def asked(text: str) -> str:
    return next((line for line in text.split("\n") if line.startswith("请")), "")


def test_that_what_nobody_has_told_is_asked_for_as_it_is_written() -> None:
    assert only_missing(LOST, ["东西不见了"]) == LOST
    assert only_missing("好的。", ["我包丢了"]) == "好的。"


def test_that_what_has_been_told_is_not_asked_for() -> None:
    told = only_missing(LOST, ["黑色双肩包 今早八点落万泉公园南门了"])
    assert asked(told) == "请再写清楚：之后坐了什么车（车牌、订单截图都有用）。"
    assert (
        asked(only_missing(TIP, ["小北关街12号 六楼", "天天早上喊口号 十几个人"]))
        == "请补充：怎么收钱拉人，宣传单都有用。"
    )


def test_that_nothing_is_asked_for_where_all_is_told_and_the_rest_stays() -> None:
    told = only_missing(LOST, ["上午十点 红色手机落车里了 从龙之梦坐到东逸社区"])
    assert told == "收到了，已转给本班值班民警。\n手机丢了，先打运营商挂失。"


@pytest.mark.parametrize("story", ["楼上总漏水", "6楼漏水"])
def test_that_a_floor_alone_is_no_place(story: str) -> None:
    assert asked(only_missing("已转。\n请补充：小区、楼号和门牌，起因是什么。", [story])).startswith("请补充：小区")
