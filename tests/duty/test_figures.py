"""The figures: what was measured from which moment to which, and what counts as false and as unanswered."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.duty import audit, escalation, figures, handling, labels, merging
from bot.duty.figures import (
    Figures,
    Group,
    read_alarms,
    summed_up,
    waiting_now,
    write_csv,
    write_summary_csv,
)
from bot.duty.roster import Roster
from bot.duty.spread import Quantile, Spread
from bot.duty.watch import Watch
from bot.store.models import Case, CaseId, Escalation, EscalationKind, Page, Resident, WorkState
from bot.store.session import Store
from tests.world import FakeClock

Add = Callable[..., CaseId]


@pytest.fixture
def add(store: Store, clock: FakeClock) -> Add:
    """Adds an alarm, `ago` seconds old, with what became of it after so many seconds."""
    with store.transaction() as session:
        resident = Resident(openid="oSECRET", pseudonym="R-7K2M", first_seen_at=clock.now())
        session.add(resident)
        session.flush()
        resident_id = resident.id

    def new(
        ago: float = 3600,
        *,
        intent: str = "urgent_alarm/fire",
        paged: float | None = None,
        acknowledged: float | None = None,
        closed: float | None = None,
        disposition: str | None = None,
    ) -> CaseId:
        at = clock.now() - timedelta(seconds=ago)
        moments = {
            name: None if after is None else at + timedelta(seconds=after)
            for name, after in (("acknowledged_at", acknowledged), ("closed_at", closed))
        }
        state = "closed" if closed is not None else "acknowledged" if acknowledged is not None else "open"
        with store.transaction() as session:
            case = Case(
                resident_id=resident_id,
                label=intent.split("/")[0],
                intent=intent,
                state=state,
                opened_at=at,
                alarmed_at=at,
                updated_at=at,
                disposition=disposition,
                **moments,
            )
            session.add(case)
            session.flush()
            if paged is not None:
                sent_at = at + timedelta(seconds=paged)
                for number, level in ((0, 0), (1, 1)):
                    later = sent_at + timedelta(seconds=45 * number)
                    session.add(
                        Page(
                            case_id=case.id,
                            level=level,
                            officer="甲",
                            channel="c",
                            created_at=at,
                            due_at=at,
                            sent_at=later,
                            state=WorkState.DONE,
                        )
                    )
            return case.id

    return new


def test_that_a_page_to_a_desk_that_nobody_heard_is_not_the_first_page(
    store: Store, clock: FakeClock, add: Add
) -> None:
    case_id = add(paged=5)
    with store.transaction() as session:
        session.execute(sa.update(Page).where(Page.case_id == case_id, Page.level == 0).values(receipt="muted"))
    assert quantiles(overall(store, clock).to_page)[0] == 50


def read(store: Store, clock: FakeClock, days: float = 30) -> Figures:
    now = clock.now()
    with store.reading() as session:
        return summed_up(read_alarms(session, now - timedelta(days=days), now), now=now)


def overall(store: Store, clock: FakeClock, days: float = 30) -> Group:
    return read(store, clock, days).overall


def waiting(store: Store, clock: FakeClock) -> int:
    with store.reading() as session:
        return waiting_now(session, now=clock.now())


def quantiles(spread: Spread) -> tuple[float | None, float | None]:
    """Median and ninth decile, both known."""
    assert not any(quantile.at_least for quantile in (spread.p50, spread.p90) if quantile)
    return spread.p50 and spread.p50.seconds, spread.p90 and spread.p90.seconds


def test_that_nothing_is_counted_where_nothing_was(store: Store, clock: FakeClock) -> None:
    found = read(store, clock)
    assert (found.overall.alarms, found.overall.to_page, found.overall.false_rate) == (0, Spread(0), None)
    assert found.by_kind == {}


def test_that_times_run_from_the_alarm_to_the_first_page_the_acknowledgement_and_the_end(
    store: Store, clock: FakeClock, add: Add
) -> None:
    add(paged=2, acknowledged=20, closed=600, disposition="real")
    add(paged=4, acknowledged=40, closed=1200, disposition="real")
    add(paged=30, acknowledged=90, closed=2000, disposition="real")
    found = overall(store, clock)
    assert found.to_page == Spread(3, 0, Quantile(4), Quantile(30), pytest.approx(2 / 3))
    assert found.to_acknowledge == Spread(3, 0, Quantile(40), Quantile(90), pytest.approx(2 / 3))
    assert found.to_close == Spread(3, 0, Quantile(1200), Quantile(2000), None)


def test_that_an_alarm_that_nobody_answers_is_not_in_time_once_the_target_has_passed(
    store: Store, clock: FakeClock, add: Add
) -> None:
    for _ in range(3):
        add(paged=2, acknowledged=20)
    add(61)
    found = overall(store, clock)
    assert (found.to_page.within, found.to_acknowledge.within) == (0.75, 0.75)


def test_that_an_alarm_that_has_only_begun_is_neither_in_time_nor_late(
    store: Store, clock: FakeClock, add: Add
) -> None:
    add(paged=2, acknowledged=20)
    add(10)
    found = overall(store, clock)
    assert (found.to_page.within, found.to_acknowledge.within) == (1, 1)
    assert quantiles(found.to_acknowledge) == (20, 20)


def test_that_alarms_that_nobody_answers_make_no_time_look_better(store: Store, clock: FakeClock, add: Add) -> None:
    for _ in range(8):
        add(paged=2, acknowledged=20)
    for ago in (300, 1800):
        add(ago)
    found = overall(store, clock).to_acknowledge
    assert (found.count, found.censored, found.p50) == (8, 2, Quantile(20))
    assert found.p90 == Quantile(300, at_least=True)


def test_that_what_somebody_has_without_a_page_waits_for_none(store: Store, clock: FakeClock, add: Add) -> None:
    add(acknowledged=5)
    assert overall(store, clock).to_page == Spread(0, 1, Quantile(5, True), Quantile(5, True), None)
    add(acknowledged=40)
    assert overall(store, clock).to_page.within == 0


def test_that_a_page_for_the_request_that_it_was_before_is_none_for_the_alarm(
    store: Store, clock: FakeClock, add: Add
) -> None:
    case_id = add(paged=2)
    with store.transaction() as session:
        session.get_one(Case, case_id).alarmed_at = clock.now() - timedelta(seconds=600)
    assert overall(store, clock).to_page.count == 0


def test_that_the_first_acknowledgement_counts_though_it_was_taken_back(
    store: Store, clock: FakeClock, add: Add
) -> None:
    case_id = add(paged=1, acknowledged=1800)
    alarmed_at = clock.now() - timedelta(seconds=3600)
    with store.transaction() as session:
        for after, action in ((30, "acknowledge"), (1200, "unacknowledge"), (1800, "acknowledge")):
            audit.record(session, "甲", action, case_id=case_id, now=alarmed_at + timedelta(seconds=after))
    assert quantiles(overall(store, clock).to_acknowledge) == (30, 30)


def test_that_false_alarms_are_a_share_of_what_was_closed(store: Store, clock: FakeClock, add: Add) -> None:
    for disposition in ("real", "resolved", "false_alarm", "false_alarm"):
        add(acknowledged=5, closed=60, disposition=disposition)
    add(acknowledged=5)
    found = overall(store, clock)
    assert (found.closed, found.false_alarms, found.false_rate) == (4, 2, 0.5)


def test_that_an_alarm_that_an_officer_lowers_is_a_false_one_of_the_kind_that_was_paged_for(
    store: Store, clock: FakeClock, add: Add, roster: Roster
) -> None:
    add(acknowledged=5, closed=60, disposition="real")
    lowered, raised_again = add(paged=1), add(acknowledged=5)
    with store.transaction() as session:
        given = {"officer": "甲", "reason": "只是油烟", "watch": Watch(roster), "now": clock.now()}
        labels.relabel(session, lowered, "help_request/noise", **given)  # type: ignore[arg-type]
        labels.relabel(session, raised_again, "help_request/noise", **given)  # type: ignore[arg-type]
        labels.relabel(session, raised_again, "urgent_alarm/fire", **given)  # type: ignore[arg-type]
    found = overall(store, clock)
    assert (found.alarms, found.closed, found.false_alarms) == (3, 2, 1)
    assert waiting(store, clock) == 0
    assert kinds_of(read(store, clock)) == [("urgent_alarm/fire", 3, 1)]
    assert found.to_close == Spread(2, 1, Quantile(60), Quantile(3600), None)
    text = io.StringIO()
    with store.reading() as session:
        write_csv(read_alarms(session, clock.now() - timedelta(days=1), clock.now()), text)
    assert text.getvalue().count("误报（改为其他类别）") == 1


def test_that_what_is_part_of_another_case_is_not_counted_twice(store: Store, clock: FakeClock, add: Add) -> None:
    fire, other = add(), add()
    with store.transaction() as session:
        merging.merge(session, other, into=fire, officer="甲", now=clock.now())
    found = overall(store, clock)
    assert (found.alarms, found.closed, waiting(store, clock)) == (1, 0, 1)


def test_that_an_alarm_is_unanswered_after_a_minute_until_it_is_acknowledged(
    store: Store, clock: FakeClock, add: Add
) -> None:
    case_id = add(59)
    assert (overall(store, clock).unanswered, waiting(store, clock)) == (0, 0)
    clock.advance(seconds=2)
    found = overall(store, clock)
    assert (found.unanswered, found.unacknowledged, waiting(store, clock)) == (1, 1, 1)
    with store.transaction() as session:
        handling.acknowledge(session, case_id, officer="甲", now=clock.now())
    assert (overall(store, clock).unanswered, waiting(store, clock)) == (0, 0)


def test_that_an_alarm_that_silence_has_reopened_is_unanswered(
    store: Store, clock: FakeClock, add: Add, roster: Roster
) -> None:
    case_id = add(2)
    watch = Watch(roster)
    with store.transaction() as session:
        case = session.get_one(Case, case_id)
        case.policy = {**roster.policy_for(case.label, case.intent, on_duty=2), "silence": 600}
        handling.acknowledge(session, case_id, officer="甲", now=clock.now())
    clock.advance(hours=2)
    assert (overall(store, clock).unanswered, waiting(store, clock)) == (0, 0)
    with store.transaction() as session:
        silence = session.scalars(sa.select(Escalation).filter_by(kind=EscalationKind.SILENCE)).one()
        assert escalation.pass_deadline(session, silence, watch=watch, now=clock.now())
    found = overall(store, clock)
    assert (found.unacknowledged, found.abandoned, found.unanswered, waiting(store, clock)) == (0, 1, 1, 1)
    assert quantiles(found.to_acknowledge) == (2, 2)
    with store.transaction() as session:
        handling.acknowledge(session, case_id, officer="乙", now=clock.now())
    assert (overall(store, clock).unanswered, waiting(store, clock)) == (1, 0)


def test_that_what_waits_now_is_of_whatever_age(store: Store, clock: FakeClock, add: Add) -> None:
    add(86400 * 40)
    assert (overall(store, clock).unanswered, waiting(store, clock)) == (0, 1)


def test_that_whoever_reopens_a_case_that_nobody_acknowledged_has_it(
    store: Store, clock: FakeClock, add: Add, roster: Roster
) -> None:
    case_id = add(closed=30)
    with store.transaction() as session:
        handling.reopen(session, case_id, officer="甲", now=clock.now())
        handling.unacknowledge(session, case_id, officer="甲", watch=Watch(roster), now=clock.now())
    found = overall(store, clock)
    assert (found.unacknowledged, found.abandoned) == (0, 1)


def test_that_requests_and_other_periods_do_not_count(store: Store, clock: FakeClock, add: Add) -> None:
    add(86400 * 8)
    add(intent="help_request/lost_pet")
    assert overall(store, clock, days=7).alarms == 0
    assert overall(store, clock, days=9).alarms == 1


def test_that_hours_are_the_stations(store: Store, clock: FakeClock, add: Add) -> None:
    add(0.5)  # the clock stands at noon UTC
    assert [hour for hour, group in enumerate(read(store, clock).by_hour) if group.alarms] == [19]


def test_that_every_time_is_told_by_hour_and_by_kind(store: Store, clock: FakeClock, add: Add) -> None:
    add(1800, paged=2, acknowledged=20, closed=600, disposition="real")
    add(3600 * 5, paged=4, acknowledged=40, closed=900, disposition="real")
    add(3600 * 5, intent="urgent_alarm/robbery", paged=8, acknowledged=80, closed=1200, disposition="real")
    found = read(store, clock)
    assert len(found.by_hour) == 24
    in_time = found.by_hour[15].to_acknowledge.within, found.by_hour[19].to_acknowledge.within
    assert in_time == (0.5, 1)
    for group, times in (
        (found.by_hour[15], [(4, 8), (40, 80), (900, 1200)]),
        (found.by_hour[19], [(2, 2), (20, 20), (600, 600)]),
        (found.by_kind["urgent_alarm/fire"], [(2, 4), (20, 40), (600, 900)]),
        (found.by_kind["urgent_alarm/robbery"], [(8, 8), (80, 80), (1200, 1200)]),
    ):
        assert [quantiles(measure.of(group)) for measure in figures.MEASURES] == times


def kinds_of(found: Figures) -> list[tuple[str, int, int]]:
    return [(intent, group.alarms, group.false_alarms) for intent, group in found.by_kind.items()]


def test_that_kinds_stand_in_the_order_of_their_number(store: Store, clock: FakeClock, add: Add) -> None:
    add(acknowledged=10)
    add(intent="urgent_alarm/robbery")
    add(intent="urgent_alarm/robbery", acknowledged=1, closed=2, disposition="false_alarm")
    assert kinds_of(read(store, clock)) == [
        ("urgent_alarm/robbery", 2, 1),
        ("urgent_alarm/fire", 1, 0),
    ]


def test_that_the_table_has_a_line_an_alarm_and_nothing_about_its_resident(
    store: Store, clock: FakeClock, add: Add
) -> None:
    add(paged=3, acknowledged=20, closed=600, disposition="real")
    add(60)
    text = io.StringIO()
    with store.reading() as session:
        write_csv(read_alarms(session, clock.now() - timedelta(days=1), clock.now()), text)
    assert text.getvalue().startswith("\ufeff")
    header, first, second = csv.reader(io.StringIO(text.getvalue().lstrip("\ufeff")))
    assert header == list(figures._COLUMNS)
    assert first[1:] == [
        "火情",
        "2026-01-05 19:00:00",
        "2026-01-05 19:00:03",
        "2026-01-05 19:00:20",
        "",
        "2026-01-05 19:10:00",
        "属实已处置",
    ]
    assert second[3:] == [""] * 5
    assert "R-7K2M" not in text.getvalue()
    assert "oSECRET" not in text.getvalue()


def test_that_the_summary_has_a_line_for_all_for_each_hour_and_for_each_kind(
    store: Store, clock: FakeClock, add: Add
) -> None:
    add(paged=3, acknowledged=20, closed=600, disposition="real")
    add(3600 * 5, intent="urgent_alarm/robbery", paged=30)
    text = io.StringIO()
    write_summary_csv(read(store, clock), text)
    assert text.getvalue().startswith("\ufeff")
    lines = list(csv.DictReader(io.StringIO(text.getvalue().lstrip("\ufeff"))))
    assert [(line["分组"], line["名称"], line["警情"]) for line in lines] == [
        ("全部", "", "2"),
        ("时段", "15时", "1"),
        ("时段", "19时", "1"),
        ("类型", "火情", "1"),
        ("类型", "抢劫抢夺", "1"),
    ]
    whole, _, evening, _, robbery = lines
    assert (whole["从未确认"], whole["确认后又无人负责"], whole["误报率"]) == ("1", "0", "0.000")
    assert (whole["首次提醒中位（秒）"], whole["首次提醒九成（秒）"]) == ("3.0", "30.0")
    assert whole["首次提醒时限内"] == "0.500"
    assert (whole["确认起数"], whole["确认还没有"], whole["确认时限内"]) == ("1", "1", "0.500")
    assert (evening["结束中位（秒）"], evening["结束九成（秒）"], evening["结束时限内"]) == ("600.0", "600.0", "")
    assert (robbery["确认中位（秒）"], robbery["确认九成（秒）"]) == ("≥18000.0", "≥18000.0")


def test_that_the_table_says_when_nobody_had_an_alarm_any_more(
    store: Store, clock: FakeClock, add: Add, roster: Roster
) -> None:
    case_id = add(acknowledged=20)
    with store.transaction() as session:
        handling.unacknowledge(session, case_id, officer="甲", watch=Watch(roster), now=clock.now())
    text = io.StringIO()
    with store.reading() as session:
        write_csv(read_alarms(session, clock.now() - timedelta(days=1), clock.now()), text)
    (line,) = csv.DictReader(io.StringIO(text.getvalue().lstrip("\ufeff")))
    assert line["又无人负责"] == "2026-01-05 20:00:00"
