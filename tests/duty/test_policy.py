"""Policies by label and kind: who is paged step by step, what follows, and that a running case keeps its own."""

import pytest
import sqlalchemy as sa

from bot.duty import case as duty_case
from bot.duty import conversation, handling
from bot.store.models import AuditEntry, Case, CaseId
from tests.station import DUTY, Station
from tests.world import FakePhone

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"
FIRE = "三楼着火了快来人"


@pytest.fixture
def station(station: Station) -> Station:
    """A station with officers of two kinds and policies of its own."""
    people = "[{name: 甲}, {name: 乙, team: 夜班}, {name: 丙, leader: true}]"
    policies = """
escalation:
  wait_seconds: 45
  silence_minutes: 10
  policies:
    - match: [urgent_alarm/fire]
      steps: [{who: [全体], wait_seconds: 20}, {who: [所领导]}]
      then: last
    - match: [urgent_alarm]
      steps: [{who: [夜班]}, {who: [甲]}, {who: [全体, 所领导]}]
    - match: [tip]
      steps: [{who: [甲], wait_seconds: 600}, {who: [所领导], wait_seconds: 600}]
      then: stop
"""
    duty = DUTY.replace("escalation: {wait_seconds: 45}", policies)
    station.duty_file.write_text(duty.replace("[{name: 甲}, {name: 乙}, {name: 丙}]", people), encoding="utf-8")
    station.rasa.labels = {ALARM: "urgent_alarm", FIRE: "urgent_alarm", "楼上天天赌钱": "tip"}
    station.rasa.intents = {ALARM: "urgent_alarm/armed_threat", FIRE: "urgent_alarm/fire"}
    return station


async def after(station: Station, **time: float) -> None:
    station.clock.advance(**time)
    await station.engine.run_due()


async def test_that_teams_leaders_and_everybody_are_paged_in_the_order_of_the_policy(station: Station) -> None:
    await station.deliver(ALARM)
    assert station.phone.take()["officer"] == "乙"
    for officer in ("甲", "甲、乙、丙", "乙", "甲"):
        await after(station, seconds=45)
        assert station.phone.take()["officer"] == officer


async def test_that_a_kind_with_a_policy_of_its_own_goes_by_it_and_its_last_step_is_repeated(station: Station) -> None:
    await station.deliver(FIRE)
    assert station.phone.take()["officer"] == "甲、乙、丙"
    await after(station, seconds=20)
    for _ in range(3):
        assert station.phone.take()["officer"] == "丙"
        await after(station, seconds=45)
    assert station.phone.take()["officer"] == "丙"


async def test_that_a_tip_is_paged_by_its_policy_and_then_waits_in_its_queue(station: Station) -> None:
    await station.deliver("楼上天天赌钱")
    assert station.phone.take()["officer"] == "甲"
    await after(station, minutes=10)
    assert station.phone.take()["officer"] == "丙"
    await after(station, hours=3)


async def test_that_a_tip_that_becomes_an_alarm_is_paged_as_one(station: Station) -> None:
    await station.deliver("楼上天天赌钱")
    station.phone.take()
    await station.deliver(ALARM)
    page = station.phone.take()
    assert (page["label"], page["officer"]) == ("urgent_alarm", "乙")
    await after(station, seconds=45)
    assert station.phone.take()["officer"] == "甲"


async def test_that_a_running_case_keeps_its_policy_when_the_file_changes(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    text = station.duty_file.read_text(encoding="utf-8")
    station.duty_file.write_text(text.replace("{who: [甲]}, {who: [全体, 所领导]}", "{who: [丙]}"), encoding="utf-8")
    await after(station, seconds=45)
    assert station.phone.take()["officer"] == "甲"


async def test_that_an_acknowledged_alarm_that_nobody_touches_is_paged_again_from_the_first_step(
    station: Station,
) -> None:
    await station.deliver(ALARM)
    case_id = CaseId(station.phone.take()["case_id"])
    acknowledge(station, case_id)
    await after(station, seconds=599)
    station.phone.expect_silence()
    await after(station, seconds=1)
    assert station.phone.take()["officer"] == "乙"
    await after(station, seconds=45)
    assert station.phone.take()["officer"] == "甲"
    with station.store.reading() as session:
        case = session.get_one(Case, case_id)
        assert (case.state, case.acknowledged_by) == ("open", None)
        assert session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all() == [
            "acknowledge",
            "unacknowledge",
        ]


async def test_that_any_act_of_an_officer_begins_the_silence_anew(station: Station) -> None:
    await station.deliver(ALARM)
    case_id = CaseId(station.phone.take()["case_id"])
    acknowledge(station, case_id)
    await after(station, minutes=9)
    with station.store.transaction() as session:
        conversation.reply(session, case_id, "马上到", officer="甲", now=station.clock.now())
    await after(station, minutes=9)
    station.phone.expect_silence()
    await after(station, minutes=1)
    assert station.phone.take()["officer"] == "乙"


async def test_that_a_case_that_is_closed_or_over_is_left_in_peace(station: Station) -> None:
    station.rasa.labels["孩子找不着了"] = "urgent_alarm"
    station.rasa.intents["孩子找不着了"] = "urgent_alarm/missing_child"
    for openid in ("oA", "oB"):
        await station.deliver("孩子找不着了", openid=openid)
    closed, over = (CaseId(station.phone.take()["case_id"]) for _ in range(2))
    acknowledge(station, closed)
    acknowledge(station, over)
    with station.store.transaction() as session:
        now = station.clock.now()
        handling.close(session, closed, officer="甲", disposition="real", word="已处置", now=now)
        assert duty_case.resolve(session, session.get_one(Case, over), "找到了", now=now)
    await after(station, hours=2)


async def test_that_acknowledging_again_after_a_silence_is_watched_over_again(station: Station) -> None:
    await station.deliver(ALARM)
    case_id = CaseId(station.phone.take()["case_id"])
    for _ in range(3):
        acknowledge(station, case_id)
        await after(station, minutes=10)
        assert station.phone.take()["officer"] == "乙"


def acknowledge(station: Station, case_id: CaseId) -> None:
    with station.store.transaction() as session:
        handling.acknowledge(session, case_id, officer="甲", now=station.clock.now())


async def test_that_a_step_pages_over_its_own_channels_alone(station: Station) -> None:
    night = FakePhone()
    station.page_channels = (f"day={station.phone.channel}", f"night={night.channel}")
    steps = "steps: [{who: [甲], channels: [night]}, {who: [乙], channels: [day]}, {who: [丙], channels: [gone]}]"
    duty = DUTY.replace("{wait_seconds: 45}", f"{{wait_seconds: 45, policies: [{{match: [urgent_alarm], {steps}}}]}}")
    station.duty_file.write_text(duty, encoding="utf-8")
    await station.restart()
    try:
        await station.deliver(ALARM)
        assert night.take()["officer"] == "甲"
        station.phone.expect_silence()
        await after(station, seconds=45)
        assert station.phone.take()["officer"] == "乙"
        night.expect_silence()
        await after(station, seconds=45)  # the third names a channel that is not configured: all are used
        assert {night.take()["officer"], station.phone.take()["officer"]} == {"丙"}
    finally:
        await station.engine.close()
        night.close()
        night.expect_silence()
