"""An officer is called, and presses a key: the vendor's reports at the gateway's door."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.duty import handling
from bot.store.models import AuditEntry, Case, CaseId, CaseState, Escalation, Page, WorkState
from tests.gateway.conftest import Gateway, open_gateway
from tests.station import Station
from tests.vendors import TencentVoice

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"


@pytest.fixture
async def vendor(station: Station) -> AsyncIterator[TencentVoice]:
    """The telephone as the station's only channel; two of its officers have one."""
    started = TencentVoice()
    duty = station.duty_file.read_text(encoding="utf-8")
    officers = "officers: [{name: 甲, mobile: '13800000001'}, {name: 乙, mobile: '13800000002'}]"
    station.duty_file.write_text(duty.replace(duty.splitlines()[-1], officers), encoding="utf-8")
    station.page_channels = (f"tel={started.channel}",)
    await station.restart()
    yield started
    started.close()


@pytest.fixture
async def door(station: Station, vendor: TencentVoice) -> AsyncIterator[Gateway]:
    async with open_gateway(station) as opened:
        yield opened


async def report(door: Gateway, body: Any, token: str = TencentVoice.token) -> tuple[int, Any]:
    answer = await door.http.post(f"/voice/callback/{token}", json=body)
    return answer.status_code, answer.json()


def pressed(call: str, key: str = "1") -> dict[str, Any]:
    told = {"callid": call, "call_from": "", "keypress": key, "mobile": "13800000001", "nationcode": "86"}
    return {"voicekey_callback": told}


OK = (200, {"result": 0, "errmsg": "OK"})


def case_of(station: Station, number: int = 1) -> Case:
    with station.store.reading() as session:
        return session.get_one(Case, number)


async def test_that_key_1_acknowledges_the_case_of_the_call_in_the_name_of_who_was_called(
    station: Station, vendor: TencentVoice, door: Gateway
) -> None:
    await station.deliver(ALARM, openid="oA")
    await station.deliver(ALARM, openid="oB")
    assert len(vendor.calls) == 2
    assert await report(door, pressed("call-2")) == OK
    assert (case_of(station, 1).state, case_of(station, 2).acknowledged_by) == (CaseState.OPEN, "甲")
    with station.store.reading() as session:
        entry = session.scalars(sa.select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.case_id, entry.detail) == ("甲", "acknowledge", 2, {"via": "voice"})


async def test_that_a_report_that_comes_twice_counts_once(
    station: Station, vendor: TencentVoice, door: Gateway
) -> None:
    await station.deliver(ALARM)
    for _ in range(3):
        assert await report(door, pressed("call-1")) == OK
    with station.store.reading() as session:
        assert len(session.scalars(sa.select(AuditEntry)).all()) == 1


async def test_that_any_other_key_acknowledges_nothing(station: Station, vendor: TencentVoice, door: Gateway) -> None:
    await station.deliver(ALARM)
    for key in ("", "2", "11", "#"):
        assert await report(door, pressed("call-1", key)) == OK
    assert case_of(station).state == CaseState.OPEN


async def test_that_a_key_for_a_closed_case_is_taken_and_changes_nothing(
    station: Station, vendor: TencentVoice, door: Gateway
) -> None:
    await station.deliver(ALARM)
    with station.store.transaction() as session:
        closing = {"disposition": "resolved", "word": "好了", "now": station.clock.now()}
        handling.close(session, CaseId(1), officer="乙", **closing)  # type: ignore[arg-type]
    assert await report(door, pressed("call-1")) == OK
    assert case_of(station).state == CaseState.CLOSED


async def test_that_a_call_that_nobody_knows_is_told_so(vendor: TencentVoice, door: Gateway) -> None:
    assert await report(door, pressed("call-9")) == (200, {"result": 1, "errmsg": "unknown call"})


@pytest.mark.parametrize(("taken_by", "joined"), [(None, []), ("乙", ["甲"])])
async def test_that_a_key_counts_though_the_page_was_withdrawn_while_the_telephone_rang(
    station: Station, vendor: TencentVoice, door: Gateway, taken_by: str | None, joined: list[str]
) -> None:
    def meanwhile(_asked: object) -> None:
        with station.store.transaction() as session:
            session.execute(sa.update(Page).values(state=WorkState.CANCELLED))
            if taken_by:
                handling.acknowledge(session, CaseId(1), officer=taken_by, now=station.clock.now())

    vendor.before = meanwhile
    await station.deliver(ALARM)
    assert await report(door, pressed("call-1")) == OK
    assert (case_of(station).acknowledged_by, case_of(station).joined) == (taken_by or "甲", joined)


async def test_that_a_number_that_may_not_be_called_more_often_is_left_alone_for_a_while(
    station: Station, vendor: TencentVoice
) -> None:
    vendor.error = "LimitExceeded.DeliveryFrequencyLimit"
    await station.deliver(ALARM)
    with station.store.reading() as session:
        page, deadline = session.scalars(sa.select(Page)).one(), session.scalars(sa.select(Escalation)).one()
    assert page.due_at == station.clock.now() + timedelta(seconds=30)
    assert deadline.due_at == station.clock.now() + timedelta(seconds=5), "the next officer does not wait"


async def test_that_a_call_that_did_not_get_through_counts_as_not_delivered(
    station: Station, vendor: TencentVoice, door: Gateway
) -> None:
    await station.deliver(ALARM)
    told = {"callid": "call-1", "failure_code": 8, "failure_reason": "空号", "mobile": "13800000001"}
    assert await report(door, {"voice_failure_callback": told}) == OK
    with station.store.reading() as session:
        page, deadline = session.scalars(sa.select(Page)).one(), session.scalars(sa.select(Escalation)).one()
    assert (page.state, page.error) == (WorkState.FAILED, "not reached: 空号")
    assert deadline.due_at == station.clock.now() + timedelta(seconds=5), "the next officer does not wait"


async def test_that_how_long_a_call_lasted_is_taken_and_ignored(vendor: TencentVoice, door: Gateway) -> None:
    assert await report(door, {"voiceprompt_callback": {"callid": "call-1", "result": "0", "fee": "1"}}) == OK


@pytest.mark.parametrize("token", ["wrong", "of-the-callback-012", "of-the-callback-01234", "错"])
async def test_that_without_the_token_there_is_no_door(
    station: Station, vendor: TencentVoice, door: Gateway, token: str
) -> None:
    await station.deliver(ALARM)
    assert (await report(door, pressed("call-1"), token))[0] == 404
    assert case_of(station).state == CaseState.OPEN


async def test_that_without_a_telephone_there_is_no_door(gateway: Gateway) -> None:
    assert (await report(gateway, pressed("call-1"), ""))[0] == 404
    assert (await report(gateway, pressed("call-1")))[0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"voicekey_callback": {"callid": "", "keypress": "1"}}', 400),
        (b'{"voicekey_callback": "1"}', 400),
        (b"x" * 20_000, 413),
    ],
)
async def test_that_what_is_no_report_is_refused(vendor: TencentVoice, door: Gateway, body: bytes, status: int) -> None:
    answer = await door.http.post(f"/voice/callback/{vendor.token}", content=body)
    assert answer.status_code == status
