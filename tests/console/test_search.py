from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from bot.console.search import PAGE, Found, Wanted, first_day, naming, note, search
from bot.duty import audit
from bot.store.models import AuditEntry, Case
from tests.console.conftest import Rows

DAY = 86400


def look(rows: Rows, wanted: Wanted) -> Found:
    with rows.store.reading() as session:
        return search(session, wanted)


def keys(found: Found) -> list[str]:
    return [hit.key for hit in found.hits]


def of(case: Case) -> str:
    return f"case-{case.id}"


def test_that_words_are_found_newest_first_whatever_their_case_and_order(rows: Rows) -> None:
    resident = rows.resident()
    old, new = rows.case(resident, "help_request/noise"), rows.case(resident, "help_request/lost_pet")
    rows.message(old, "车牌辽a12345，在东中街", ago=300)
    rows.message(new, "东中街 辽A12345 又停这儿了", ago=60)
    rows.message(new, "辽B12345在东中街", ago=50)
    found = look(rows, Wanted("辽A12345 东中街"))
    assert keys(found) == [of(new), of(old)]
    assert [hit.text for hit in found.hits] == ["东中街 辽A12345 又停这儿了", "车牌辽a12345，在东中街"]
    assert found.rest is None


def test_that_signs_of_patterns_are_only_signs(rows: Rows) -> None:
    case = rows.case(rows.resident(), "help_request/noise")
    rows.message(case, "打了5折")
    assert keys(look(rows, Wanted("5_"))) == keys(look(rows, Wanted("%"))) == []


def test_that_messages_of_one_case_are_one_row_and_those_of_none_have_their_own(rows: Rows) -> None:
    resident = rows.resident()
    case = rows.case(resident, "urgent_alarm/armed_threat", silent=True)
    for ago in (300, 200, 100):
        rows.message(case, "他有刀", ago=ago)
    rows.message(case, "刀", kind="event", ago=50)
    loose = rows.words(resident, "水果刀哪里能寄", ago=10)
    first, second = look(rows, Wanted("刀")).hits
    assert (first.key, first.pseudonym, first.case_id) == (f"message-{loose.id}", "R-7K2M9QXA", None)
    assert (second.key, second.more, second.silent, second.state) == (of(case), 2, True, "待确认")


def test_that_words_are_looked_for_between_two_days_of_the_station(rows: Rows) -> None:
    # The clock stands at 20:00 of 5 January 2026 in the station's time.
    case = rows.case(rows.resident(), "help_request/noise")
    for days in (0, 1, 2, 40):
        rows.message(case, f"{days}天前的噪音", ago=days * DAY + 60)
    span = Wanted("噪音", since=first_day(rows.clock.now()))
    assert span.since == date(2025, 12, 6)
    (hit,) = look(rows, span).hits
    assert (hit.text, hit.more) == ("0天前的噪音", 2)
    one_day = replace(span, since=date(2026, 1, 4), until=date(2026, 1, 4))
    assert [hit.text for hit in look(rows, one_day).hits] == ["1天前的噪音"]


def test_that_a_case_number_finds_the_case_whatever_its_age(rows: Rows) -> None:
    case = rows.case(rows.resident(), "help_request/noise", ago=400 * DAY)
    since = first_day(rows.clock.now())
    for words in (str(case.id), f"案件{case.id}", f"#{case.id}", f" 案件 {case.id} "):
        assert keys(look(rows, Wanted(words, since=since))) == [of(case)]
    assert keys(look(rows, Wanted("案件999"))) == []


def test_that_what_is_named_exactly_stands_before_what_only_holds_the_words(rows: Rows) -> None:
    resident = rows.resident()
    named, holding = rows.case(resident, "help_request/noise", ago=DAY), rows.case(resident, "help_request/lost_pet")
    rows.message(holding, f"{named.id}号楼")
    assert keys(look(rows, Wanted(str(named.id)))) == [of(named), of(holding)]


def test_that_a_receipt_or_the_telephone_in_it_finds_the_application(rows: Rows) -> None:
    application = rows.application(rows.resident(), photos=(), phone="13812345678")
    rows.application(rows.resident("R-2"), photos=())
    assert application.receipt
    for words in (application.receipt, application.receipt.lower(), "13812345678"):
        (hit,) = look(rows, Wanted(words)).hits
        assert (hit.receipt, hit.title, hit.state) == (application.receipt, "犬证", "等民警审核")


def test_that_a_pseudonym_finds_what_its_resident_wrote_but_no_tip(rows: Rows) -> None:
    resident = rows.resident("R-7K2M9QXA")
    case = rows.case(resident, "help_request/noise", ago=90 * DAY)
    rows.message(case, "太吵了", ago=90 * DAY)
    for tip in (rows.case(resident, "tip/gambling"), rows.case(resident, "tip/drugs", label="help_request")):
        rows.message(tip, "天天赌钱")
    loose = rows.words(resident, "你好", ago=DAY)
    rows.words(rows.resident("R-2"), "你好")
    found = look(rows, Wanted("r-7k2m9qxa", since=first_day(rows.clock.now())))
    assert keys(found) == [f"message-{loose.id}", of(case)]
    assert [hit.address for hit in found.hits] == ["/talk/R-7K2M9QXA", f"/case/{case.id}"]


def test_that_the_reporter_of_a_tip_is_not_told(rows: Rows) -> None:
    resident = rows.resident("R-SECRET23")
    for case in (rows.case(resident, "tip/gambling"), rows.case(resident, "tip/drugs", label="help_request")):
        rows.message(case, "天天赌钱")
    found = [look(rows, wanted) for wanted in (Wanted("赌钱"), Wanted("案件1"), Wanted(), Wanted(label="tip"))]
    assert all(one.hits for one in found)
    assert "R-SECRET23" not in repr(found)


def test_that_a_reporter_is_not_found_by_what_officers_made_of_the_tip(rows: Rows) -> None:
    resident = rows.resident("R-SECRET23")
    for intent in ("urgent_alarm/fire", "help_request/noise"):
        rows.message(rows.case(resident, intent, confidential=True), "天天赌钱")
    assert look(rows, Wanted("R-SECRET23")).hits == ()
    assert "R-SECRET23" not in repr([look(rows, wanted) for wanted in (Wanted("赌钱"), Wanted("案件1"), Wanted())])


def test_that_kind_state_and_officer_narrow_the_search(rows: Rows) -> None:
    resident = rows.resident()
    cases = [
        rows.case(resident, "urgent_alarm/fire", state="closed", closed_by="值班民警一", ago=300),
        rows.case(resident, "urgent_alarm/fire", state="acknowledged", acknowledged_by="值班民警一", ago=200),
        rows.case(resident, "help_request/noise", state="acknowledged", assigned_to="值班民警二", ago=100),
    ]
    for case in cases:
        rows.message(case, "冒烟")
    rows.words(resident, "冒烟")
    closed, taken, assigned = map(of, cases)
    for words in ("", "冒烟"):
        assert keys(look(rows, Wanted(words, officer="值班民警二"))) == [assigned]
        assert keys(look(rows, Wanted(words, state="closed"))) == [closed]
        assert set(keys(look(rows, Wanted(words, label="urgent_alarm")))) == {closed, taken}
        assert keys(look(rows, Wanted(words, label="urgent_alarm", state="acknowledged"))) == [taken]


def test_that_an_officers_name_among_the_words_means_the_officer(rows: Rows) -> None:
    wanted = Wanted("值班民警一", state="closed")
    assert naming(wanted, ["值班民警一"]) == Wanted(officer="值班民警一", state="closed")
    assert naming(wanted, ["值班民警二"]) == wanted


def test_that_a_merged_case_is_found_as_such(rows: Rows) -> None:
    case = rows.case(rows.resident(), "help_request/noise", merged_into_id=7, state="closed")
    assert [hit.state for hit in look(rows, Wanted(str(case.id))).hits] == ["已并案"]


@pytest.mark.parametrize("words", ["", "噪音", "R-7K2M9QXA"])
def test_that_pages_follow_each_other_without_a_gap_or_a_row_twice(rows: Rows, words: str) -> None:
    resident = rows.resident()
    cases = [rows.case(resident, "help_request/noise", ago=100 - number // 3) for number in range(2 * PAGE + 5)]
    for number, case in enumerate(cases):
        for _ in range(3):
            rows.message(case, "噪音", ago=100 - number // 3)  # several at one moment
    seen: list[str] = []
    after = None
    for _ in range(50):
        with rows.store.reading() as session:
            found = search(session, Wanted(words), after=after)
        seen += keys(found)
        after = found.rest
        if after is None:
            break
    assert after is None
    assert list(dict.fromkeys(seen)) == [of(case) for case in reversed(cases)]
    if not words:
        assert len(seen) == len(cases)


def test_that_a_search_stands_in_the_audit_log_with_what_was_looked_for(rows: Rows) -> None:
    wanted = Wanted("东中街", since=date(2026, 1, 1), label="tip")
    with rows.store.transaction() as session:
        note(session, wanted, officer="值班民警一", now=rows.clock.now())
    with rows.store.reading() as session:
        (entry,) = session.scalars(sa.select(AuditEntry))
        assert audit.verify(session) is None
    assert (entry.actor, entry.action, entry.at) == ("值班民警一", "search", rows.clock.now())
    assert entry.detail == {"words": "东中街", "since": "2026-01-01", "label": "tip"}


def test_that_the_station_counts_days_by_its_own_time(rows: Rows) -> None:
    assert first_day(rows.clock.now() + timedelta(hours=4)) == date(2025, 12, 7)
