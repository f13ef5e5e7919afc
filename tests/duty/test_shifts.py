"""Shifts: the plan is one computation, everyday changes hold when and for whom they say, and gaps show in advance."""

import itertools
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.duty import shifts
from bot.duty.roster import Roster
from bot.duty.shifts import ShiftError
from bot.store.models import ShiftChange
from bot.store.session import Store
from tests.duty.rota import BEGIN, HOURS, Rota, here, some_changes
from tests.world import FakeClock

# -- the rotation ---------------------------------------------------------------------------------------------------


def test_that_the_crews_take_turns_at_the_rotations_hour_and_a_team_stands_for_its_officers(rota: Rota) -> None:
    assert rota.crews(here(5), here(8)) == ["05-08 甲乙", "06-08 丙丁", "07-08 甲乙"]
    assert rota.on_duty(here(6, 8, 29)) == "甲乙"
    assert rota.on_duty(here(6, 8, 30)) == "丙丁"


def test_that_the_rotation_reaches_back_before_its_beginning(rota: Rota) -> None:
    assert rota.crews(here(3), here(5)) == ["03-08 甲乙", "04-08 丙丁"]


def test_that_without_a_rotation_everybody_is_on_duty(store: Store, roster: Roster, clock: FakeClock) -> None:
    rota = Rota(store, roster.model_copy(update={"rotation": None}), clock)
    (stretch,) = rota.plan(here(5), here(12))
    assert (stretch.officers, stretch.gap) == (("甲", "乙", "丙", "丁", "戊"), False)
    rota.do(shifts.away, "甲", here(6), here(7))
    assert [(stretch.officers[0], stretch.gap) for stretch in rota.plan(here(5), here(8))] == [
        ("甲", False),
        ("乙", False),
        ("甲", False),
    ]


def test_that_on_holidays_their_own_crews_take_turns_while_the_rotation_goes_on_counting(rota: Rota) -> None:
    plan = rota.plan(here(15, month=2), here(20, month=2))
    assert ["".join(stretch.officers) for stretch in plan] == ["丙丁", "戊", "甲", "戊", "丙丁"]
    assert [stretch.holiday for stretch in plan] == [None, "春节", "春节", "春节", None]
    assert {turn.whence for turn in plan[1].turns} == {"holiday"}
    assert not any(stretch.gap for stretch in plan), "a holiday's crew is as large as it is meant to be"
    assert rota.on_duty(here(16, 8, 29, month=2)) == "丙丁", "the night belongs to the day on which it began"


def test_that_extra_officers_come_besides_the_crew_on_a_holiday(rota: Rota) -> None:
    (stretch,) = rota.plan(here(3, month=3), here(4, month=3))
    assert "".join(stretch.officers) in ("甲乙戊", "丙丁戊")
    assert stretch.wanted == 3


# -- changes --------------------------------------------------------------------------------------------------------


def test_that_two_officers_swap_their_turns_by_two_changes(rota: Rota) -> None:
    changes = rota.do(shifts.swap, ("甲", date(2026, 1, 7)), ("丙", date(2026, 1, 8)), reason="孩子家长会")
    assert rota.crews(here(6), here(10)) == ["06-08 丙丁", "07-08 丙乙", "08-08 甲丁", "09-08 甲乙"]
    (_, taken, _, _) = rota.plan(here(6), here(10))
    assert [(turn.officer, turn.place, turn.whence) for turn in taken.turns] == [
        ("丙", "甲", "change"),
        ("乙", "乙", "rotation"),
    ]
    assert rota.audited() == [("戊", "roster_change", f"排班变动{change.id}") for change in changes]


def test_that_a_swap_of_the_running_shift_begins_now(rota: Rota) -> None:
    rota.clock.advance(seconds=20)
    rota.do(shifts.swap, ("甲", date(2026, 1, 5)), ("丙", date(2026, 1, 6)))
    assert rota.crews(here(5), here(7)) == ["05-08 甲乙", "05-20 丙乙", "06-08 甲丁"]


def test_that_an_extra_officer_comes_last(rota: Rota) -> None:
    rota.do(shifts.reinforce, "戊", here(6, 18), here(6, 22))
    assert rota.crews(here(6), here(7)) == ["06-08 丙丁", "06-18 丙丁戊", "06-22 丙丁"]
    assert rota.audited() == [("戊", "roster_change", "排班变动1")]


def test_that_who_is_away_leaves_a_gap_in_every_turn_of_theirs_until_somebody_stands_in(rota: Rota) -> None:
    rota.do(shifts.away, "丙", here(6), here(13))
    gaps = [stretch for stretch in rota.plan(here(6), here(12)) if stretch.gap]
    assert [(stretch.starts_at, stretch.missing) for stretch in gaps] == [
        (here(6), ("丙",)),
        (here(8), ("丙",)),
        (here(10), ("丙",)),
    ]
    rota.do(shifts.away, "丙", here(8), here(9), stand_in="戊")
    assert rota.crews(here(8), here(9)) == ["08-08 戊丁"], "the later change fills the place that the leave has emptied"
    assert rota.crews(here(10), here(11)) == ["10-08 丁"]


def test_that_a_stand_in_who_is_on_duty_anyway_fills_no_place(rota: Rota) -> None:
    rota.do(shifts.away, "丙", here(6), here(7), stand_in="丁")
    (stretch,) = rota.plan(here(6), here(7))
    assert (stretch.officers, stretch.gap) == (("丁",), True)


def test_that_an_extra_officer_closes_a_gap(rota: Rota) -> None:
    rota.do(shifts.away, "丙", here(6), here(7))
    rota.do(shifts.reinforce, "戊", here(6), here(7))
    (stretch,) = rota.plan(here(6), here(7))
    assert (stretch.officers, stretch.gap) == (("丁", "戊"), False)


def test_that_a_name_that_left_the_file_is_a_gap(rota: Rota) -> None:
    rota.do(shifts.away, "丙", here(6), here(7), stand_in="戊")
    rota.roster = rota.roster.model_copy(update={"officers": rota.roster.officers[:-1]})
    (stretch,) = rota.plan(here(6), here(7))
    assert (stretch.officers, stretch.missing, stretch.gap) == (("丁",), ("丙",), True)


def test_that_a_change_that_is_cancelled_before_it_begins_never_holds(rota: Rota) -> None:
    change = rota.do(shifts.reinforce, "戊", here(6), here(7))
    rota.cancel(change.id)
    assert rota.crews(here(6), here(7)) == ["06-08 丙丁"]
    assert rota.audited()[-1] == ("戊", "roster_remove", "排班变动1")
    with pytest.raises(ShiftError, match="没有第1号变动"):
        rota.cancel(change.id)


def test_that_a_change_that_is_cancelled_while_it_holds_ends_now(rota: Rota) -> None:
    change = rota.do(shifts.reinforce, "戊", rota.clock.now(), here(6))
    rota.clock.advance(hours=1)
    rota.cancel(change.id)
    assert rota.crews(here(5), here(6)) == ["05-08 甲乙", "05-20 甲乙戊", "05-21 甲乙"]


@pytest.mark.parametrize(
    ("act", "arguments", "more", "reason"),
    [
        (shifts.reinforce, ("己", here(6), here(7)), {}, "值班表里没有“己”；有的是甲、乙、丙、丁、戊"),
        (shifts.reinforce, ("戊", here(7), here(6)), {}, "结束时间要在开始时间之后"),
        (shifts.reinforce, ("戊", here(6), here(6)), {}, "结束时间要在开始时间之后"),
        (shifts.reinforce, ("戊", here(5, 19, 59), here(6)), {}, "开始时间已经过去"),
        (shifts.reinforce, ("戊", here(6), here(6) + timedelta(days=367)), {}, "一次最多366天"),
        (shifts.reinforce, ("丙", here(6), here(7)), {}, "丙这段时间本来就在班"),
        (shifts.reinforce, ("戊", here(6), here(7)), {"reason": "长" * 201}, "原因最多200个字"),
        (shifts.away, ("丙", here(6), here(7)), {"stand_in": "丙"}, "自己不能顶自己的班"),
        (shifts.away, ("丙", here(7), here(8)), {"stand_in": "戊"}, "丙这段时间没有班"),
        (shifts.away, ("丙", here(6), here(7)), {"stand_in": "己"}, "值班表里没有“己”"),
        (shifts.swap, (("甲", date(2026, 1, 7)), ("甲", date(2026, 1, 9))), {}, "换班要两个人"),
        (shifts.swap, (("甲", date(2026, 1, 8)), ("丙", date(2026, 1, 10))), {}, "甲没有1月8日开始的班"),
        (shifts.swap, (("甲", date(2026, 1, 3)), ("丙", date(2026, 1, 8))), {}, "已经上完了"),
        (
            shifts.swap,
            (("甲", date(2026, 1, 7)), ("乙", date(2026, 1, 9))),
            {},
            "乙在甲的这一班（1月7日 08:30）本来就在班",
        ),
        (shifts.swap, (("甲", date(2026, 1, 7)), ("己", date(2026, 1, 8))), {}, "值班表里没有“己”"),
    ],
)
def test_that_what_cannot_be_is_told_and_changes_nothing(
    rota: Rota, act: Any, arguments: tuple[Any, ...], more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ShiftError, match=reason):
        rota.do(act, *arguments, **more)
    assert rota.audited() == []
    with rota.store.reading() as session:
        assert session.scalars(sa.select(ShiftChange)).all() == []


def test_that_gaps_are_told_a_week_ahead_in_words(rota: Rota) -> None:
    for officer in ("丙", "丁"):
        rota.do(shifts.away, officer, here(10), here(11))
    rota.do(shifts.away, "甲", here(21), here(22))
    with rota.store.reading() as session:
        (gap,) = shifts.gaps(session, rota.roster, rota.clock.now())
    assert shifts.gap_in_words(gap) == "1月10日 08:30—1月11日 08:30 没有人在班，提醒会发给全体（缺丙、丁）"
    rota.clock.advance(days=10)
    with rota.store.reading() as session:
        (gap,) = shifts.gaps(session, rota.roster, rota.clock.now())
    assert shifts.gap_in_words(gap) == "1月21日 08:30—1月22日 08:30 只有1人在班，应有2人（缺甲）"


# -- whatever the changes -------------------------------------------------------------------------------------------


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(made=some_changes(), moments=st.lists(HOURS, min_size=1, max_size=5), hours=st.sampled_from((8, 12, 24)))
def test_that_the_plan_says_of_every_moment_what_is_so_at_that_moment(
    roster: Roster, made: list[ShiftChange], moments: list[datetime], hours: int
) -> None:
    assert roster.rotation
    roster = roster.model_copy(update={"rotation": roster.rotation.model_copy(update={"hours": hours})})
    ends_at = BEGIN + timedelta(days=6)
    plan = shifts.planned(roster, made, BEGIN, ends_at)
    assert (plan[0].starts_at, plan[-1].ends_at) == (BEGIN, ends_at)
    assert all(before.ends_at == after.starts_at for before, after in itertools.pairwise(plan))
    for moment in moments:
        (stretch,) = (stretch for stretch in plan if stretch.starts_at <= moment < stretch.ends_at)
        (then,) = shifts.planned(roster, made, moment, moment + timedelta.resolution)
        assert (then.turns, then.gap) == (stretch.turns, stretch.gap)
        assert len(set(then.officers)) == len(then.officers)
        assert set(then.officers) <= {officer.name for officer in roster.officers}
