"""GoAlert's manner: the shipped engine, a clock that is moved, a phone that fails on any page nobody expected."""

import pytest

from bot.duty import case as duty_case
from bot.store.models import CaseId
from tests.station import Station

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
        duty_case.acknowledge(session, CaseId(page["case_id"]), officer="甲", now=station.clock.now())
    station.clock.advance(hours=5)
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
