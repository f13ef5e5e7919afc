"""The link in a page: what it is good for, until when, and for whom."""

import pytest
import sqlalchemy as sa

from bot.addresses import read_channels
from bot.duty import handling, handover
from bot.duty.one_tap import OneTap, TapError
from bot.duty.roster import load_roster
from bot.duty.watch import Watch
from bot.store.models import AuditEntry, Case, CaseId, CaseState, Page, WorkState
from tests.station import Station

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"


def token_of(page: dict[str, str]) -> str:
    return page["ack_url"].removeprefix("http://console/ack/")


def tap(station: Station, token: str, officer: str) -> None:
    with station.store.transaction() as session:
        station.one_tap.acknowledge(session, token, officer=officer, now=station.clock.now())


def refusal(station: Station, token: str, officer: str = "甲") -> str:
    with pytest.raises(TapError) as caught:
        tap(station, token, officer)
    return str(caught.value)


async def test_that_a_tap_acknowledges_in_the_officers_name_and_is_in_the_log(station: Station) -> None:
    await station.deliver(ALARM)
    tap(station, token_of(station.phone.take()), "甲")
    with station.store.reading() as session:
        case = session.scalars(sa.select(Case)).one()
        entry = session.scalars(sa.select(AuditEntry)).one()
    assert (case.state, case.acknowledged_by) == (CaseState.ACKNOWLEDGED, "甲")
    assert (entry.actor, entry.action, entry.case_id, entry.detail) == ("甲", "acknowledge", 1, {"via": "one-tap"})
    station.clock.advance(minutes=19)
    await station.engine.run_due()
    station.phone.expect_silence()


async def test_that_reading_a_link_changes_nothing(station: Station) -> None:
    await station.deliver(ALARM)
    token = token_of(station.phone.take())
    with station.store.transaction() as session:
        found = station.one_tap.read(session, token, now=station.clock.now())
        assert (found.case.id, found.officers) == (1, ("甲",))
    with station.store.reading() as session:
        assert session.get_one(Case, 1).state == CaseState.OPEN


async def test_that_nobody_else_can_acknowledge_with_an_officers_link(station: Station) -> None:
    await station.deliver(ALARM)
    assert "选择您的姓名" in refusal(station, token_of(station.phone.take()), "乙")


async def test_that_a_page_to_several_lets_each_of_them_say_who_they_are(station: Station) -> None:
    duty = station.duty_file.read_text(encoding="utf-8")
    policy = "{wait_seconds: 45, policies: [{match: [urgent_alarm], steps: [{who: [甲, 乙]}]}]}"
    station.duty_file.write_text(duty.replace("{wait_seconds: 45}", policy), encoding="utf-8")
    await station.deliver(ALARM)
    page = station.phone.take()
    assert (page["officer"], page["officers"]) == ("甲、乙", ["甲", "乙"])
    token = token_of(page)
    assert "选择您的姓名" in refusal(station, token, "丙")
    tap(station, token, "乙")
    assert "已由乙确认" in refusal(station, token, "甲")


async def test_that_a_link_expires_after_six_hours(station: Station) -> None:
    await station.deliver(ALARM)
    token = token_of(station.phone.take())
    station.clock.advance(hours=6)
    with station.store.reading() as session:
        station.one_tap.read(session, token, now=station.clock.now())
    station.clock.advance(seconds=1)
    assert "已过期" in refusal(station, token)


@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: "x" + token, lambda _token: "", str.upper])
async def test_that_a_link_that_is_not_ours_is_refused(station: Station, spoil: object) -> None:
    await station.deliver(ALARM)
    token = token_of(station.phone.take())
    assert "不完整" in refusal(station, spoil(token))  # type: ignore[operator]


async def test_that_a_link_of_another_station_is_refused(station: Station) -> None:
    await station.deliver(ALARM)
    station.phone.take()
    with station.store.reading() as session:
        page = session.scalars(sa.select(Page)).one()
    assert "不完整" in refusal(station, OneTap("other", "http://x").url(page, now=station.clock.now())[13:])


async def test_that_a_used_link_and_one_of_a_closed_case_say_so(station: Station) -> None:
    await station.deliver(ALARM)
    token = token_of(station.phone.take())
    tap(station, token, "甲")
    assert refusal(station, token) == "案件1已由甲确认接警，不用再确认。要一起处置，请到值班台。"
    with station.store.transaction() as session:
        closing = {"disposition": "resolved", "word": "好了", "now": station.clock.now()}
        handling.close(session, CaseId(1), officer="甲", **closing)  # type: ignore[arg-type]
    assert refusal(station, token) == "案件1已结案，不用再确认。"


async def test_that_a_link_works_again_when_silence_has_opened_its_case_again(station: Station) -> None:
    duty = station.duty_file.read_text(encoding="utf-8")
    station.duty_file.write_text(duty.replace("{wait_seconds: 45}", "{silence_minutes: 5}"), encoding="utf-8")
    await station.deliver(ALARM)
    token = token_of(station.phone.take())
    tap(station, token, "甲")
    station.clock.advance(minutes=5)
    await station.engine.run_due()
    station.phone.take()
    tap(station, token, "甲")
    with station.store.reading() as session:
        assert session.get_one(Case, 1).state == CaseState.ACKNOWLEDGED
        assert not session.scalars(sa.select(Page.id).where(Page.state == WorkState.PENDING)).all()


async def test_that_the_link_in_a_hand_over_page_takes_the_case_over(station: Station) -> None:
    await station.deliver(ALARM)
    alarm = token_of(station.phone.take())
    tap(station, alarm, "甲")
    watch = Watch.over(load_roster(station.duty_file), read_channels(station.page_channels))
    with station.store.transaction() as session:
        handover.offer(session, CaseId(1), to="乙", officer="甲", watch=watch, now=station.clock.now())
    await station.engine.run_due()
    offer = token_of(station.phone.take())
    with station.store.reading() as session:
        found = station.one_tap.read(session, offer, now=station.clock.now())
    assert (found.officers, found.takes_over) == (("乙",), True)
    assert "已由甲确认" in refusal(station, alarm), "the page of the alarm offers nothing to its officer"
    assert "选择您的姓名" in refusal(station, offer, "甲")
    tap(station, offer, "乙")
    with station.store.reading() as session:
        case = session.get_one(Case, 1)
        last = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (case.acknowledged_by, case.offered_to) == ("乙", None)
    assert (last.actor, last.action, last.detail) == ("乙", "accept", {"from": "甲", "via": "one-tap"})
    assert "已由乙确认" in refusal(station, offer, "乙")


async def test_that_a_page_to_several_lets_only_the_one_who_is_asked_take_the_case_over(station: Station) -> None:
    duty = station.duty_file.read_text(encoding="utf-8")
    policy = "{wait_seconds: 45, policies: [{match: [urgent_alarm], steps: [{who: [甲, 乙, 丙]}]}]}"
    station.duty_file.write_text(duty.replace("{wait_seconds: 45}", policy), encoding="utf-8")
    await station.deliver(ALARM)
    token = token_of(station.phone.take())
    tap(station, token, "甲")
    with station.store.transaction() as session:
        session.get_one(Case, 1).offered_to = "乙"
    assert "选择您的姓名" in refusal(station, token, "丙")
    tap(station, token, "乙")
    with station.store.reading() as session:
        assert session.get_one(Case, 1).acknowledged_by == "乙"
