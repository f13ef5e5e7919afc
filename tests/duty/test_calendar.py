"""The roster as a calendar file: out and in again changes nothing, and what a person changes in between is done."""

import re
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from bot.duty import calendar, shifts
from bot.duty.roster import Roster
from bot.duty.shifts import ShiftError
from bot.store.models import AuditEntry, ShiftChange
from bot.store.session import Store
from tests.duty.rota import BEGIN, NAMES, Rota, here, some_changes

MADE = ("starts_at", "ends_at", "officer", "instead_of")


def roster_names(roster: Roster) -> set[str]:
    return {officer.name for officer in roster.officers}


def export(rota: Rota) -> str:
    with rota.store.reading() as session:
        return calendar.export(session, rota.roster, now=rota.clock.now()).decode()


def imported(rota: Rota, content: str | bytes, *, dry_run: bool = False) -> list[str]:
    """What importing does, without what stays: `add 1月6日 18:00—22:00 戊 加班`."""
    steps = rota.do(calendar.import_file, content.encode() if isinstance(content, str) else content, dry_run=dry_run)
    return [f"{step.kind} {step.words}" for step in steps if step.kind != "keep"]


def rows(rota: Rota) -> list[tuple[str | None, str | None, str | None]]:
    with rota.store.reading() as session:
        changes = session.scalars(sa.select(ShiftChange).order_by(ShiftChange.id))
        return [(change.uid, change.officer, change.instead_of) for change in changes]


def file(*events: str) -> str:
    body = "".join(f"BEGIN:VEVENT\r\n{event.strip()}\r\nEND:VEVENT\r\n" for event in events)
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{body}END:VCALENDAR\r\n"
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def event(uid: str, title: str, begin: str = "20260106T180000", end: str = "20260106T220000", more: str = "") -> str:
    return f"UID:{uid}\nDTSTART:{begin}\nDTEND:{end}\nSUMMARY:{title}\n{more}"


# -- out ------------------------------------------------------------------------------------------------------------


def test_that_the_file_has_an_event_for_each_shift_and_officer_in_the_stations_time(rota: Rota) -> None:
    events = Calendar.from_ical(export(rota)).walk("VEVENT")
    first, second, third = events[:3]
    assert [str(each["SUMMARY"]) for each in (first, second, third)] == ["甲 值班", "乙 值班", "丙 值班"]
    assert (first.start, first.end) == (here(5), here(6)), "the shift that runs is whole"
    assert first["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert len({str(each["UID"]) for each in events}) == len(events)
    assert events[-1].end >= here(5) + timedelta(days=91)


def test_that_a_place_keeps_its_uid_whoever_has_it(rota: Rota) -> None:
    before = {str(each["UID"]): str(each["SUMMARY"]) for each in Calendar.from_ical(export(rota)).walk("VEVENT")}
    rota.do(shifts.away, "丙", here(6), here(7), stand_in="戊")
    rota.clock.advance(hours=1)
    after = {str(each["UID"]): str(each["SUMMARY"]) for each in Calendar.from_ical(export(rota)).walk("VEVENT")}
    changed = {uid: title for uid, title in after.items() if before[uid] != title}
    assert changed == {"20260106T003000Z-丙@fujin": "戊 替 丙"}


def test_that_somebody_elses_extra_hours_do_not_cut_an_officers_event(rota: Rota) -> None:
    rota.do(shifts.reinforce, "戊", here(6, 18), here(6, 22))
    events = [each for each in Calendar.from_ical(export(rota)).walk("VEVENT") if here(6) <= each.start < here(7)]
    assert [(str(each["SUMMARY"]), each.end - each.start) for each in events] == [
        ("丙 值班", timedelta(days=1)),
        ("丁 值班", timedelta(days=1)),
        ("戊 值班", timedelta(hours=4)),
    ]


def test_that_without_a_rotation_there_is_nothing_to_give_out(rota: Rota) -> None:
    rota.roster = rota.roster.model_copy(update={"rotation": None})
    with pytest.raises(ShiftError, match="没有轮班"):
        export(rota)


# -- out and in -----------------------------------------------------------------------------------------------------


def test_that_a_file_that_comes_back_as_it_went_changes_nothing(rota: Rota) -> None:
    """Not even where an imported change is changed again by hand, in part or in whole."""
    rota.do(shifts.swap, ("甲", here(7).date()), ("丙", here(8).date()))
    rota.do(shifts.reinforce, "戊", here(9, 20), here(10, 12))
    rota.clock.advance(seconds=90.5)
    rota.do(shifts.away, "乙", rota.clock.now(), here(6), stand_in="丁")
    rota.do(shifts.away, "丁", here(12), here(13))
    imported(rota, export(rota).replace("丙 值班", "戊 值班"))
    rota.do(shifts.away, "戊", here(10, 20), here(11), stand_in="甲")
    rota.do(shifts.away, "戊", here(14), here(15), stand_in="乙")
    rota.do(shifts.reinforce, "丙", here(14, 12), here(15))
    plan, made = rota.crews(here(5), here(30)), rows(rota)
    assert imported(rota, export(rota)) == []
    assert (rota.crews(here(5), here(30)), rows(rota)) == (plan, made)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(made=some_changes(), by_calendar=st.lists(st.tuples(st.integers(0, 13), st.sampled_from(NAMES)), max_size=4))
def test_that_whatever_was_changed_a_file_that_comes_back_as_it_went_changes_nothing(
    sqlite_url: str, roster: Roster, made: list[ShiftChange], by_calendar: list[tuple[int, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calendar, "EXPORTED", timedelta(days=8))
        check_there_and_back(sqlite_url, roster, made, by_calendar)


def check_there_and_back(
    sqlite_url: str, roster: Roster, made: list[ShiftChange], by_calendar: list[tuple[int, str]]
) -> None:
    with closing(Store(sqlite_url)) as opened, opened.reading() as session:  # never committed
        session.add_all(
            ShiftChange(**{name: getattr(row, name) for name in MADE}, made_by="戊", made_at=BEGIN) for row in made
        )
        for number, officer in by_calendar:
            events = calendar.export(session, roster, now=BEGIN).decode().split("SUMMARY:")
            events[number + 1] = re.sub(r"^\S+", officer, events[number + 1])
            if officer in roster_names(roster):
                calendar.import_file(session, roster, "SUMMARY:".join(events).encode(), by="戊", now=BEGIN)
        before = shifts.plan(session, roster, BEGIN, BEGIN + timedelta(days=12))
        content = calendar.export(session, roster, now=BEGIN)
        steps = calendar.import_file(session, roster, content, by="戊", now=BEGIN)
        assert {step.kind for step in steps} == {"keep"}
        assert shifts.plan(session, roster, BEGIN, BEGIN + timedelta(days=12)) == before


def test_that_a_shift_given_to_somebody_else_in_the_calendar_is_theirs(rota: Rota) -> None:
    lines = export(rota).split("BEGIN:VEVENT")
    edited = [line.replace("丙 值班", "戊 值班") if "20260106T003000Z-丙" in line else line for line in lines]
    file_of_theirs = "BEGIN:VEVENT".join(edited)
    assert imported(rota, file_of_theirs, dry_run=True) == ["add 1月6日 08:30—1月7日 08:30 戊 替 丙"]
    assert rows(rota) == [], "a dry run changes nothing"
    assert rota.audited() == []
    assert imported(rota, file_of_theirs) == ["add 1月6日 08:30—1月7日 08:30 戊 替 丙"]
    assert rota.crews(here(6), here(7)) == ["06-08 戊丁"]
    assert rota.audited() == [("戊", "roster_import", "日历文件")]
    assert imported(rota, file_of_theirs) == [], "again: nothing"
    assert imported(rota, export(rota)) == []
    assert imported(rota, "BEGIN:VEVENT".join(lines)) == ["remove 1月6日 08:30—1月7日 08:30 戊 替 丙"]
    assert rota.crews(here(6), here(7)) == ["06-08 丙丁"]


# -- in -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "crew"),
    [
        ("戊 值班", "丙丁戊"),
        ("值班：戊", "丙丁戊"),
        ("甲、戊 值班", "丙丁甲戊"),
        ("戊替丙", "戊丁"),
        ("戊 代 丁", "丙戊"),
        ("丙 请假", "丁"),
        ("丁", "丙丁"),
    ],
)
def test_that_a_title_says_who_comes_and_who_goes(rota: Rota, title: str, crew: str) -> None:
    imported(rota, file(event("a@elsewhere", title)))
    assert rota.on_duty(here(6, 19)) == crew
    assert rota.on_duty(here(6, 22)) == "丙丁"


def test_that_attendees_are_on_duty_when_the_title_names_nobody(rota: Rota) -> None:
    people = "ATTENDEE;CN=戊:mailto:w@station.example\nATTENDEE;CN=会议室:mailto:r@station.example"
    imported(rota, file(event("a@elsewhere", "元旦备勤", more=people)))
    assert rota.on_duty(here(6, 19)) == "丙丁戊"


def test_that_importing_again_changes_what_was_imported(rota: Rota) -> None:
    imported(
        rota,
        file(
            event("a@elsewhere", "甲、戊 值班"), event("b@elsewhere", "戊 替 丙", "20260108T083000", "20260109T083000")
        ),
    )
    again = file(
        event("a@elsewhere", "戊 值班", "20260106T200000", "20260106T230000"),
        event("b@elsewhere", "戊 替 丙", "20260108T083000", "20260109T083000", more="STATUS:CANCELLED"),
    )
    assert imported(rota, again) == [
        "change 1月6日 20:00—23:00 戊 加班",
        "remove 1月8日 08:30—1月9日 08:30 戊 替 丙",
        "remove 1月6日 18:00—22:00 戊 加班",
    ]
    assert rota.crews(here(6), here(7)) == ["06-08 丙丁", "06-20 丙丁戊", "06-23 丙丁"]
    assert len(rows(rota)) == 3
    with rota.store.reading() as session:
        details = session.scalars(sa.select(AuditEntry.detail).order_by(AuditEntry.id)).all()
    assert [[(change["kind"], change["number"]) for change in detail["changes"]] for detail in details] == [
        [("add", 1), ("add", 2), ("add", 3)],
        [("change", 1), ("remove", 3), ("remove", 2)],
    ]


def test_that_a_change_that_was_taken_back_comes_again_with_its_event(rota: Rota) -> None:
    content = file(event("a@elsewhere", "戊 值班"))
    imported(rota, content)
    rota.cancel(1)
    assert imported(rota, content) == ["add 1月6日 18:00—22:00 戊 加班"]
    assert rota.on_duty(here(6, 19)) == "丙丁戊"


def test_that_an_event_that_repeats_is_every_one_of_its_days(rota: Rota) -> None:
    content = file(event("a@elsewhere", "戊 值班", more="RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260107T180000"))
    assert [words.split()[1] for words in imported(rota, content)] == ["1月6日", "1月8日", "1月9日"]
    assert imported(rota, content) == []
    assert imported(rota, content.replace("COUNT=4", "COUNT=3")) == ["remove 1月9日 18:00—22:00 戊 加班"]


def test_that_a_whole_day_is_the_shifts_that_begin_on_it(rota: Rota) -> None:
    days = "UID:a@elsewhere\nDTSTART;VALUE=DATE:20260106\nDTEND;VALUE=DATE:20260107\nSUMMARY:丙 请假"
    assert imported(rota, file(days)) == ["add 1月6日 08:30—1月7日 08:30 丙 请假"]


def test_that_times_of_elsewhere_are_the_stations_too(rota: Rota) -> None:
    assert imported(rota, file(event("a@elsewhere", "戊 值班", "20260106T100000Z", "20260106T140000Z"))) == [
        "add 1月6日 18:00—22:00 戊 加班"
    ]


def test_that_what_is_over_is_left_out_and_what_runs_counts(rota: Rota) -> None:
    over = event("a@elsewhere", "戊 值班", "20260104T180000", "20260104T220000")
    runs = event("b@elsewhere", "戊 值班", "20260105T180000", "20260105T220000")
    assert imported(rota, file(over, runs)) == ["add 1月5日 18:00—22:00 戊 加班"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "不是能读的iCalendar文件"),
        ("姓名,日期\n甲,1月6日\n", "不是能读的iCalendar文件"),
        (b"\xff\xfe\x00", "不是能读的iCalendar文件"),
        (b"x" * 1_000_001, "文件太大"),
        (file(event("a", "己 值班")), "日程“己 值班”（1月6日 18:00）：看不出是谁的班；标题请写成“姓名 值班”"),
        (file(event("a", "戊 值班", end="20260106T180000")), "日程“戊 值班”（1月6日 18:00）：结束时间要在开始时间之后"),
        (file(event("a", "戊 值班", begin="明天")), "日程“戊 值班”：DTSTART写得不对"),
        (file("UID:a\nSUMMARY:戊 值班"), "日程“戊 值班”：没有开始时间"),
        (file("DTSTART:20260106T180000\nSUMMARY:戊 值班"), r"日程“戊 值班”（1月6日 18:00）：没有UID"),
        (file(event("a", "戊 值班", more="RRULE:FREQ=WRONG")), "日程“戊 值班”（1月6日 18:00）：RRULE写得不对"),
        (file(event("a", "戊 值班", more="RRULE:FREQ=SECONDLY")), "日程“戊 值班”（1月6日 18:00）：重复得太密"),
        (
            file(event("a", "戊 值班", more="RRULE:FREQ=DAILY;BYSECOND=1,2")),
            "日程“戊 值班”（1月6日 18:00）：重复得太密",
        ),
        (file(*(event(str(number), "戊 值班", more="RRULE:FREQ=DAILY") for number in range(3))), "最多1000个"),
    ],
)
def test_that_an_error_names_the_event_and_nothing_is_half_imported(
    rota: Rota, content: str | bytes, reason: str
) -> None:
    if isinstance(content, str) and content.startswith("BEGIN"):
        content = content.replace(
            "BEGIN:VEVENT", f"BEGIN:VEVENT\r\n{event('good', '戊 替 丙')}END:VEVENT\r\nBEGIN:VEVENT", 1
        )
    with pytest.raises(ShiftError, match=reason):
        imported(rota, content)
    assert rows(rota) == []
    assert rota.audited() == []


def test_that_all_events_that_cannot_be_read_are_named_at_once(rota: Rota) -> None:
    with pytest.raises(ShiftError) as told:
        imported(rota, file(event("a", "己 值班"), event("b", "庚 值班")))
    assert "己 值班" in str(told.value)
    assert "庚 值班" in str(told.value)
