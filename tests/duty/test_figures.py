"""The figures: what was measured from which moment to which, and what counts as false and as unanswered."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.duty import audit, figures, labels, merging
from bot.duty.figures import Figures, Spread, read_alarms, summed_up, write_csv
from bot.duty.roster import Roster
from bot.duty.watch import Watch
from bot.store.models import Case, CaseId, Page, Resident, WorkState
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


def read(store: Store, clock: FakeClock, days: float = 30) -> Figures:
    now = clock.now()
    with store.reading() as session:
        return summed_up(read_alarms(session, now - timedelta(days=days), now), now=now)


def test_that_nothing_is_counted_where_nothing_was(store: Store, clock: FakeClock) -> None:
    found = read(store, clock)
    assert (found.alarms, found.to_page, found.false_rate, found.kinds) == (0, Spread(0), None, ())


def test_that_times_run_from_the_alarm_to_the_first_page_the_acknowledgement_and_the_end(
    store: Store, clock: FakeClock, add: Add
) -> None:
    add(paged=2, acknowledged=20, closed=600, disposition="real")
    add(paged=4, acknowledged=40)
    add(paged=30, acknowledged=90)
    found = read(store, clock)
    assert found.to_page == Spread(3, 4, pytest.approx(24.8), pytest.approx(2 / 3))
    assert found.to_acknowledge == Spread(3, 40, pytest.approx(80), pytest.approx(2 / 3))
    assert found.to_close == Spread(1, 600, 600, None)


def test_that_the_first_acknowledgement_counts_though_it_was_taken_back(
    store: Store, clock: FakeClock, add: Add
) -> None:
    case_id = add(paged=1, acknowledged=1800)
    alarmed_at = clock.now() - timedelta(seconds=3600)
    with store.transaction() as session:
        for after, action in ((30, "acknowledge"), (1200, "unacknowledge"), (1800, "acknowledge")):
            audit.record(session, "甲", action, case_id=case_id, now=alarmed_at + timedelta(seconds=after))
    assert read(store, clock).to_acknowledge.p50 == 30


def test_that_false_alarms_are_a_share_of_what_was_closed(store: Store, clock: FakeClock, add: Add) -> None:
    for disposition in ("real", "resolved", "false_alarm", "false_alarm"):
        add(acknowledged=5, closed=60, disposition=disposition)
    add(acknowledged=5)
    found = read(store, clock)
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
    found = read(store, clock)
    assert (found.alarms, found.closed, found.false_alarms, found.unanswered) == (3, 2, 1, 0)
    assert [(kind.intent, kind.alarms, kind.false_alarms) for kind in found.kinds] == [("urgent_alarm/fire", 3, 1)]
    assert found.to_close == Spread(2, 1830, pytest.approx(3246), None)
    text = io.StringIO()
    with store.reading() as session:
        write_csv(read_alarms(session, clock.now() - timedelta(days=1), clock.now()), text)
    assert text.getvalue().count("误报（改为其他类别）") == 1


def test_that_what_is_part_of_another_case_is_not_counted_twice(store: Store, clock: FakeClock, add: Add) -> None:
    fire, other = add(), add()
    with store.transaction() as session:
        merging.merge(session, other, into=fire, officer="甲", now=clock.now())
    found = read(store, clock)
    assert (found.alarms, found.closed) == (1, 0)


def test_that_an_alarm_is_unanswered_after_a_minute_until_it_is_acknowledged(
    store: Store, clock: FakeClock, add: Add
) -> None:
    add(59)
    assert read(store, clock).unanswered == 0
    clock.advance(seconds=2)
    assert read(store, clock).unanswered == 1


def test_that_requests_and_other_periods_do_not_count(store: Store, clock: FakeClock, add: Add) -> None:
    add(86400 * 8)
    add(intent="help_request/lost_pet")
    assert read(store, clock, days=7).alarms == 0
    assert read(store, clock, days=9).alarms == 1


def test_that_hours_are_the_stations(store: Store, clock: FakeClock, add: Add) -> None:
    add(0.5)  # the clock stands at noon UTC
    assert [hour for hour, number in enumerate(read(store, clock).by_hour) if number] == [19]


def test_that_kinds_stand_in_the_order_of_their_number(store: Store, clock: FakeClock, add: Add) -> None:
    add(acknowledged=10)
    add(intent="urgent_alarm/robbery")
    add(intent="urgent_alarm/robbery", acknowledged=1, closed=2, disposition="false_alarm")
    kinds = read(store, clock).kinds
    assert [(kind.intent, kind.alarms, kind.false_alarms) for kind in kinds] == [
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
        "2026-01-05 19:10:00",
        "属实已处置",
    ]
    assert second[3:] == ["", "", "", ""]
    assert "R-7K2M" not in text.getvalue()
    assert "oSECRET" not in text.getvalue()
