"""What the roster's page shows: who is on duty and who follows, whole weeks, changes and gaps; gaps on the desk."""

from datetime import UTC, date, datetime, timedelta

from bot.console.queries import read_desk
from bot.console.roster import RosterView, read_roster
from bot.console.roster_page import _month
from bot.duty import shifts
from bot.duty.watch import Watch
from tests.console.conftest import Rows


def look(rows: Rows, watch: Watch, month: date = date(2026, 1, 1)) -> RosterView:
    with rows.store.reading() as session:
        return read_roster(session, watch.roster, month=month, now=rows.clock.now())


def away(rows: Rows, watch: Watch, officer: str, days: int) -> None:
    """From the next change of shift on."""
    begin = watch.roster.shift(rows.clock.now()).ends_at
    with rows.store.transaction() as session:
        ends_at = begin + timedelta(days=days)
        shifts.away(session, watch.roster, officer, begin, ends_at, by="带班所长", now=rows.clock.now(), reason="年假")


def test_that_the_page_says_who_is_on_duty_until_when_and_who_follows(rows: Rows, watch: Watch) -> None:
    view = look(rows, watch)
    assert view.now.officers == ("值班民警一", "值班民警二")
    assert view.now.ends_at == datetime(2026, 1, 6, 0, 30, tzinfo=UTC)
    assert view.following
    assert view.following.officers == ("值班民警三", "值班民警四")
    assert (view.changes, view.gaps) == ((), ())


def test_that_a_month_is_whole_weeks_with_the_shifts_that_begin_on_each_day(rows: Rows, watch: Watch) -> None:
    weeks = look(rows, watch).weeks
    assert [len(week) for week in weeks] == [7] * 5
    assert (weeks[0][0].day, weeks[-1][-1].day) == (date(2025, 12, 29), date(2026, 2, 1))
    days = {day.day: day for week in weeks for day in week}
    assert [day.day for day in days.values() if day.outside] == [date(2025, 12, day) for day in (29, 30, 31)] + [
        date(2026, 2, 1)
    ]
    assert [day.day.day for day in days.values() if day.today] == [5]
    assert [day.day.day for day in days.values() if day.past and not day.outside] == [1, 2, 3, 4]
    for day in days.values():
        (part,) = day.parts
        assert part.begins == ""
        assert [turn.officer for turn in part.turns] == list(watch.roster.shift(watch.roster.day_begins(day.day)).crew)


def test_that_a_day_of_several_shifts_says_when_each_begins(rows: Rows, watch: Watch) -> None:
    assert watch.roster.rotation
    rotation = watch.roster.rotation.model_copy(update={"hours": 8})
    watch = Watch(watch.roster.model_copy(update={"rotation": rotation}))
    days = [day for week in look(rows, watch).weeks for day in week]
    assert {tuple(part.begins for part in day.parts) for day in days} == {("00:30起", "08:30起", "16:30起")}


def test_that_a_gap_shows_in_the_day_above_the_page_and_on_the_desk(rows: Rows, watch: Watch) -> None:
    away(rows, watch, "值班民警三", 5)
    view = look(rows, watch)
    (gap,) = [day for week in view.weeks for day in week if any(part.gap for part in day.parts)]
    assert (gap.day, gap.parts[0].missing) == (date(2026, 1, 6), ("值班民警三",))
    (told,) = view.gaps
    assert told == "1月6日 08:30—1月7日 08:30 只有1人在班，应有2人（缺值班民警三）"
    (change,) = view.changes
    assert (change.words, change.reason, change.made_by) == ("值班民警三 请假", "年假", "带班所长")
    with rows.store.reading() as session:
        (problem,) = read_desk(session, watch=watch, now=rows.clock.now()).problems
    assert problem == f"排班有缺口：{told}，请到“排班”页安排"
    away(rows, watch, "值班民警五", 3)
    with rows.store.reading() as session:
        (problem,) = read_desk(session, watch=watch, now=rows.clock.now()).problems
    assert "，另有1处，请到" in problem


def test_that_without_a_rotation_there_is_no_month_and_nobody_follows(rows: Rows, watch: Watch) -> None:
    view = look(rows, Watch(watch.roster.model_copy(update={"rotation": None})))
    assert len(view.now.officers) == 11
    assert (view.following, view.weeks, view.gaps) == (None, (), ())


def test_that_an_address_with_no_month_shows_the_present_one() -> None:
    now = datetime(2026, 1, 31, 20, tzinfo=UTC)  # February has begun at the station
    assert _month("2026-12", now) == date(2026, 12, 1)
    for text in ("", "2026-13", "0001-01", "9999-12", "soon"):
        assert _month(text, now) == date(2026, 2, 1)
