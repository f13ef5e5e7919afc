"""GoAlert's manner: the shipped engine, a clock that is moved, a phone that fails on any page nobody expected."""

import asyncio
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.duty import escalation, handling, pager
from bot.duty.channels import base
from bot.store.models import Case, CaseId, Escalation, Page
from bot.store.session import Store
from tests.station import Station
from tests.world import Answer, FakeServer, until

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"


async def test_that_an_alarm_pages_the_first_officer_at_once(station: Station) -> None:
    await station.deliver(ALARM)
    page = station.phone.take()
    assert page["officer"] == "甲"
    assert page["level"] == 0
    assert page["label"] == "urgent_alarm"
    assert page["console_url"] == f"http://console/case/{page['case_id']}"


async def test_that_an_unacknowledged_alarm_goes_to_the_next_officer_and_round_again(station: Station) -> None:
    await station.deliver(ALARM)
    assert station.phone.take()["officer"] == "甲"
    for officer in ("乙", "丙", "甲"):
        station.clock.advance(seconds=44)
        await station.engine.run_due()
        station.phone.expect_silence()
        station.clock.advance(seconds=1)
        await station.engine.run_due()
        assert station.phone.take()["officer"] == officer


async def test_that_nobody_is_paged_after_an_officer_has_acknowledged(station: Station) -> None:
    await station.deliver(ALARM)
    page = station.phone.take()
    with station.store.transaction() as session:
        handling.acknowledge(session, CaseId(page["case_id"]), officer="甲", now=station.clock.now())
    station.clock.advance(minutes=19)  # then its silence counts
    await station.engine.run_due()


async def test_that_an_outage_of_hours_ends_with_one_page_not_a_flood(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    station.clock.advance(hours=3)
    await station.engine.run_due()
    assert station.phone.take()["level"] == 1


async def test_that_a_page_that_fails_is_tried_again_before_the_next_level(station: Station) -> None:
    station.phone.status = 500
    await station.deliver(ALARM)
    assert station.phone.take()["level"] == 0
    station.phone.status = 204
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    again = station.phone.take()
    assert again["level"] == 0
    assert again["officer"] == "甲"


async def test_that_acknowledging_ends_the_pages_that_are_still_tried(station: Station) -> None:
    station.phone.status = 500
    await station.deliver(ALARM)
    page = station.phone.take()
    with station.store.transaction() as session:
        handling.acknowledge(session, CaseId(page["case_id"]), officer="甲", now=station.clock.now())
    station.phone.status = 204
    station.clock.advance(minutes=1)
    await station.engine.run_due()


async def test_that_two_engines_page_each_level_once(station: Station) -> None:
    other = station.new_engine()
    await station.deliver(ALARM)
    for level in range(4):
        assert station.phone.take()["level"] == level
        station.clock.advance(seconds=45)
        await asyncio.gather(station.engine.run_due(), other.run_due())
    assert station.phone.take()["level"] == 4
    await other.close()


async def test_that_an_edit_of_the_policy_changes_no_running_case_but_the_next_one(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    roster = station.duty_file.read_text(encoding="utf-8")
    station.duty_file.write_text(roster.replace("wait_seconds: 45", "wait_seconds: 120"), encoding="utf-8")
    for wait in (45, 45):
        station.clock.advance(seconds=wait)
        await station.engine.run_due()
        station.phone.take()
    await station.deliver(ALARM, openid="oB")
    case_id = station.phone.take()["case_id"]
    station.clock.advance(seconds=119)
    await station.engine.run_due()
    assert station.phone.take()["case_id"] != case_id, "the first one goes on every 45 seconds"
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert station.phone.take()["case_id"] == case_id


async def test_that_a_broken_duty_file_does_not_stop_the_next_level(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    station.duty_file.write_bytes("officers: [值班".encode("gb18030"))
    station.clock.advance(seconds=45)
    await station.engine.run_due()
    assert station.phone.take()["officer"] == "乙"


async def test_that_a_channel_that_hangs_holds_up_no_other_page(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first alarm's page hangs in a dead channel while the second alarm comes."""
    released = threading.Event()

    def hang(_asked: object) -> Answer:
        released.wait(60)
        return Answer(204)

    dead = FakeServer(hang)
    monkeypatch.setattr(base, "SEND_TIMEOUT_SECONDS", 60)
    station.page_channels = (f"webhook+{dead.url}/", station.phone.channel)
    await station.restart()
    running = asyncio.create_task(station.engine.run())
    try:
        await station.receive(ALARM, openid="oA")
        await until(lambda: len(station.phone.pages()) == 1)
        await station.receive(ALARM, openid="oB")
        await until(lambda: len(station.phone.pages()) == 2)
    finally:
        released.set()
        running.cancel()
        await station.engine.close()
        dead.close()
    assert [station.phone.take()["case_id"] for _ in range(2)] == [1, 2]


async def test_that_a_deadline_that_cannot_be_passed_holds_up_no_other_case(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = []
    for openid in ("oA", "oB"):
        await station.deliver(ALARM, openid=openid)
        cases.append(station.phone.take()["case_id"])
    shipped = escalation.pass_deadline

    def stumble(session: sa.orm.Session, step: Escalation, **rest: object) -> bool:
        passed: bool = shipped(session, step, **rest)  # type: ignore[arg-type]
        if step.case_id == cases[0]:
            raise ValueError("half-way")
        return passed

    monkeypatch.setattr(escalation, "pass_deadline", stumble)
    station.clock.advance(seconds=45)
    await station.engine.run_due()
    assert station.phone.take()["case_id"] == cases[1]
    station.phone.expect_silence()
    monkeypatch.undo()
    station.clock.advance(seconds=10)
    await station.engine.run_due()
    page = station.phone.take()
    assert (page["case_id"], page["level"]) == (cases[0], 1)


async def test_that_an_officer_and_a_passing_deadline_do_not_stand_in_each_others_way(station: Station) -> None:
    """The officer's transaction has the case and goes on to its deadlines; meanwhile the deadline passes.

    Whoever waits for the other here would, on PostgreSQL, be one of two that wait for each other.
    """
    await station.deliver(ALARM)
    case_id = CaseId(station.phone.take()["case_id"])
    station.clock.advance(seconds=45)
    if station.store.sqlite:
        return  # one writer at a time
    with station.store.transaction() as officer:
        officer.scalars(sa.select(Case).where(Case.id == case_id).with_for_update()).one()
        assert _pass_deadlines(station, station.store) == 0, "the case is somebody else's for the moment"
        handling.acknowledge(officer, case_id, officer="甲", now=station.clock.now())
    assert _pass_deadlines(station, station.store) == 0
    with station.store.reading() as session:
        assert session.scalars(sa.select(Page.level)).all() == [0]


def _pass_deadlines(station: Station, store: Store) -> int:
    with store.transaction() as session:
        return pager.pass_deadlines(session, watch=station.engine._desk.watch(), now=station.clock.now())


async def test_that_a_step_that_reaches_nobody_does_not_wait_for_its_time(station: Station) -> None:
    station.phone.status = 500
    await station.deliver(ALARM)
    for seconds in (1, 2):
        assert station.phone.take()["officer"] == "甲"
        station.clock.advance(seconds=seconds)
        await station.engine.run_due()
    assert station.phone.take()["officer"] == "甲"
    station.phone.status = 204
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    assert station.phone.take()["officer"] == "乙"
    station.clock.advance(seconds=44)
    await station.engine.run_due()
    station.phone.expect_silence()


async def test_that_an_alarm_that_was_given_back_does_not_wait_for_who_cannot_be_reached_either(
    station: Station,
) -> None:
    await station.deliver(ALARM)
    case_id = CaseId(station.phone.take()["case_id"])
    station.phone.status = 500
    with station.store.transaction() as session:
        now, watch = station.clock.now(), station.engine._desk.watch()
        handling.acknowledge(session, case_id, officer="甲", now=now)
        handling.unacknowledge(session, case_id, officer="甲", watch=watch, now=now)
    await station.engine.run_due()
    for seconds in (1, 2):
        assert station.phone.take()["officer"] == "甲"
        station.clock.advance(seconds=seconds)
        await station.engine.run_due()
    assert station.phone.take()["officer"] == "甲"
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    assert station.phone.take()["officer"] == "乙"


async def test_that_a_channel_that_was_away_for_hours_brings_one_page_not_all_that_were_missed(
    station: Station,
) -> None:
    station.phone.status = 500
    await station.deliver(ALARM)
    for _ in range(60):
        station.clock.advance(minutes=3)
        await station.engine.run_due()
    while station.phone.pages()[station.phone._taken :]:
        station.phone.take()
    station.phone.status = 204
    station.clock.advance(seconds=30)
    await station.engine.run_due()
    station.phone.take()
    station.phone.expect_silence()


async def test_that_a_dead_network_makes_no_storm_of_levels(station: Station) -> None:
    station.phone.status = 500
    await station.deliver(ALARM)
    for _ in range(60):
        station.clock.advance(seconds=5)
        await station.engine.run_due()
    levels = [page["level"] for page in station.phone.pages()]
    assert max(levels) <= 2 + 300 // 45, "the first round is hastened, later ones take their time"
    for _ in levels:
        station.phone.take()


async def test_that_a_station_without_channels_counts_on_and_pages_once_it_has_one(station: Station) -> None:
    """Its alarms show on the desk only; each step is due in its time all the same."""
    phone, station.page_channels = station.page_channels, ()
    await station.restart()
    await station.deliver(ALARM)
    for level in (2, 3, 4):
        station.clock.advance(seconds=45)
        await station.engine.run_due()
        with station.store.reading() as session:
            waiting = session.scalars(sa.select(Escalation).where(Escalation.state == "pending")).one()
        assert (waiting.level, waiting.due_at) == (level, station.clock.now() + timedelta(seconds=45))
    station.page_channels = phone
    await station.restart()
    station.clock.advance(seconds=45)
    await station.engine.run_due()
    assert station.phone.take()["level"] == 4
    station.clock.advance(seconds=45)
    await station.engine.run_due()
    assert station.phone.take()["level"] == 5


async def test_that_channels_that_are_taken_out_and_come_back_lose_no_step(station: Station) -> None:
    await station.deliver(ALARM)
    assert station.phone.take()["level"] == 0
    phone, station.page_channels = station.page_channels, ()
    await station.restart()
    for _ in range(3):
        station.clock.advance(seconds=45)
        await station.engine.run_due()
    station.page_channels = phone
    await station.restart()
    station.clock.advance(seconds=45)
    await station.engine.run_due()
    assert station.phone.take()["level"] == 4


async def test_that_a_page_for_hundreds_of_officers_gets_out(station: Station) -> None:
    """Their names together are longer than most columns, and than any index takes."""
    names = [f"民警{chr(0x4E00 + 7 * number)}" for number in range(400)]
    officers = ", ".join(f"{{name: {name}}}" for name in names)
    duty = station.duty_file.read_text(encoding="utf-8").replace("{name: 甲}, {name: 乙}, {name: 丙}", officers)
    policy = "{wait_seconds: 45, policies: [{match: [urgent_alarm], steps: [{who: [全体]}], then: last}]}"
    station.duty_file.write_text(duty.replace("{wait_seconds: 45}", policy), encoding="utf-8")
    await station.deliver(ALARM)
    assert station.phone.take()["officers"] == names
    station.clock.advance(seconds=45)
    await station.engine.run_due()
    page = station.phone.take()
    assert (page["level"], page["officers"]) == (1, names)
