"""The charts of times: what is a point, what only the least it will be, and where the target is."""

import pytest

from bot.console.figures_charts import times, told
from bot.duty.figures import MEASURES
from bot.duty.spread import Quantile, Spread

TO_PAGE, _, TO_CLOSE = MEASURES
SPREADS = [
    ("火情", Spread(2, 0, Quantile(0.2), Quantile(90))),
    ("抢劫抢夺", Spread(0)),
    ("急病昏倒", Spread(0, 1, Quantile(300, True), Quantile(300, True))),
]


def test_that_times_stand_over_their_hour_and_what_nobody_had_is_no_point() -> None:
    median, ninth = times(SPREADS, TO_PAGE)["series"]
    assert [point["value"] for point in median["data"]] == [[0, 1], [2, 300]]  # the axis begins at a second
    assert [point["value"] for point in ninth["data"]] == [[0, 90], [2, 300]]
    assert median["data"][0]["tooltip"]["formatter"] == "火情，中位：0.2秒"


def test_that_the_least_that_a_time_will_be_is_a_triangle_that_shows_where_it_goes() -> None:
    for lying, turned in ((False, 0), (True, -90)):
        known, least = times(SPREADS, TO_PAGE, lying=lying)["series"][1]["data"]
        assert "symbol" not in known
        assert (least["symbol"], least["symbolRotate"]) == ("triangle", turned)
        assert least["tooltip"]["formatter"] == "急病昏倒，九成：超过5分0秒"


def test_that_the_target_is_a_line_where_there_is_one() -> None:
    assert times(SPREADS, TO_PAGE)["series"][0]["markLine"]["data"] == [{"yAxis": 15}]
    assert times(SPREADS, TO_PAGE, lying=True)["series"][0]["markLine"]["data"] == [{"xAxis": 15}]
    assert "markLine" not in times(SPREADS, TO_CLOSE)["series"][0]


@pytest.mark.parametrize(
    ("quantile", "words"),
    [
        (None, "—"),
        (Quantile(4.23), "4.2秒"),
        (Quantile(200), "3分20秒"),
        (Quantile(7500, at_least=True), "超过2小时5分"),
        (Quantile(86400 * 3 + 3600), "3天1小时"),
    ],
)
def test_that_seconds_are_told_as_one_reads_them(quantile: Quantile | None, words: str) -> None:
    assert told(quantile) == words
