"""How long something took, where some of it goes on."""

from datetime import timedelta

import pytest

from bot.duty.spread import Quantile, Spread, Wait, spread


def ended(*seconds: float) -> list[Wait]:
    return [Wait(one, censored=False) for one in seconds]


def going_on(*seconds: float) -> list[Wait]:
    return [Wait(one, censored=True) for one in seconds]


def test_that_quantiles_are_the_first_time_by_which_the_share_had_it() -> None:
    found = spread(ended(*range(1, 11)), None)
    assert (found.p50, found.p90) == (Quantile(5), Quantile(9))


@pytest.mark.parametrize("number", range(10, 200, 10))
def test_that_rounding_takes_no_quantile_to_the_next_one(number: int) -> None:
    found = spread(ended(*range(1, number + 1)), None)
    assert (found.p50, found.p90) == (Quantile(number / 2), Quantile(number * 9 / 10))


def test_that_the_quantiles_are_those_of_the_kaplan_meier_estimate() -> None:
    # The remission times of Freireich et al. (1963) under 6-MP; their published median is 23 weeks.
    weeks = ended(6, 6, 6, 7, 10, 13, 16, 22, 23) + going_on(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
    found = spread(weeks, timedelta(seconds=6))
    assert (found.count, found.censored, found.p50) == (9, 12, Quantile(23))
    assert found.p90 == Quantile(32, at_least=True)
    assert found.within == pytest.approx(3 / 20)


def test_that_a_wait_that_has_only_begun_changes_no_quantile() -> None:
    known = spread(ended(10, 20, 30), None)
    assert (known.p50, known.p90) == (Quantile(20), Quantile(30))
    more = spread(ended(10, 20, 30) + going_on(*[1] * 50), None)
    assert (more.p50, more.p90) == (known.p50, known.p90)


def test_that_a_longer_wait_makes_no_quantile_shorter() -> None:
    alone = spread(ended(10, 20, 30), None)
    with_one = spread(ended(10, 20, 30) + going_on(25), None)
    assert (alone.p50, with_one.p50) == (Quantile(20), Quantile(20))
    assert with_one.p90 == Quantile(30)
    assert spread(ended(10, 20, 30) + going_on(100), None).p90 == Quantile(100, at_least=True)


def test_that_nothing_has_no_quantile() -> None:
    assert spread([], timedelta(seconds=60)) == Spread(0)


def test_that_what_only_goes_on_is_at_least_so_long_and_late_after_the_target() -> None:
    minute = timedelta(seconds=60)
    assert spread(going_on(60), minute) == Spread(0, 1, Quantile(60, True), Quantile(60, True), None)
    assert spread(going_on(61), minute).within == 0
