"""Pages on their way out over channels that allow so many a minute, fail, or come back after hours."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.duty import channels, handling, presence
from bot.duty.channels import base, voice
from bot.duty.channels.base import Message
from bot.duty.page import page_message
from bot.intake import engine
from bot.store.models import Case, CaseId, Escalation, Page, Resident, WorkState
from tests.station import Station
from tests.vendors import ROBOTS, DingTalk, Robot, TencentVoice, WeCom
from tests.world import Answer, Asked, FakeClock, FakeServer, until

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"
OFFICERS = "officers: [{name: 甲, mobile: '13800000001'}, {name: 乙, mobile: '13800000002'}, {name: 丙}]"


@pytest.fixture(params=ROBOTS, ids=lambda vendor: vendor.kind)
async def robot(request: pytest.FixtureRequest, station: Station) -> AsyncIterator[Robot]:
    """Each vendor's robot in turn, as the station's only channel."""
    started = await _alone(station, request.param)
    yield started
    started.close()


@pytest.fixture
async def wecom(station: Station) -> AsyncIterator[Robot]:
    started = await _alone(station, WeCom)
    yield started
    started.close()


@pytest.fixture
async def dingtalk(station: Station) -> AsyncIterator[Robot]:
    started = await _alone(station, DingTalk)
    yield started
    started.close()


async def _alone(station: Station, vendor: Callable[[FakeClock], Robot]) -> Robot:
    started = vendor(station.clock)
    station.page_channels = (f"group={started.channel}",)
    await station.restart()
    return started


def queue_tips(station: Station, count: int, officer: str = "甲、乙") -> None:
    """Pages for as many tips, all due now."""
    now = station.clock.now()
    with station.store.transaction() as session:
        resident = Resident(openid="oTips", pseudonym="R-TIPS", first_seen_at=now)
        for _ in range(count):
            case = Case(resident=resident, label="tip", intent="tip/gambling", opened_at=now, updated_at=now)
            page = {
                "level": 0,
                "officer": officer,
                "channel": "group",
                "priority": 2,
                "created_at": now,
                "due_at": now,
            }
            session.add(Page(case=case, **page))


def pages(station: Station, *where: sa.ColumnElement[bool]) -> list[Page]:
    with station.store.reading() as session:
        return list(session.scalars(sa.select(Page).where(*where).order_by(Page.id)))


def alarms(robot: Robot) -> list[str]:
    return [text for text in robot.texts() if "紧急警情" in text]


async def test_that_300_queued_pages_do_not_keep_an_alarm_waiting(station: Station, robot: Robot) -> None:
    """Two gateways send, and the vendor's limit is never passed, whenever an alarm comes."""
    queue_tips(station, 300)
    other = station.new_engine()
    for second in range(75):
        if second % 25 == 5:
            before = len(alarms(robot))
            await station.receive(ALARM, openid=f"o{second}")
            await asyncio.gather(station.engine.run_due(), other.run_due())
            assert len(alarms(robot)) > before, "the alarm is out before the clock has moved"
        await asyncio.gather(station.engine.run_due(), other.run_due())
        station.clock.advance(seconds=1)
    assert robot.refused == 0
    tips = pages(station, Page.priority == 2)
    sent = [page for page in tips if page.state == WorkState.DONE]
    assert len(tips) == 300
    assert len(sent) >= 8, "what is left goes to the tips"
    assert all((page.attempts, page.error) == (0, None) for page in tips if page not in sent), "waiting is no attempt"
    await other.close()


async def test_that_what_waits_goes_out_in_the_end(station: Station, robot: Robot) -> None:
    queue_tips(station, 30)
    for _ in range(60):
        await station.engine.run_due()
        station.clock.advance(seconds=4)
    assert len(robot.texts()) == 30
    assert robot.refused == 0


async def test_that_an_alarm_that_waits_for_its_channel_is_seen_and_hastens_the_next_officer(
    station: Station, wecom: Robot
) -> None:
    for number in range(12):
        await station.deliver(ALARM, openid=f"o{number}")
    assert len(alarms(wecom)) == 8
    late = pages(station, Page.state == WorkState.PENDING)
    assert [(page.case_id, page.attempts, page.error) for page in late] == [
        (number, 0, "rate limit: 8 s late") for number in (9, 10, 11, 12)
    ]
    station.clock.advance(seconds=5)
    await station.engine.run_due()
    second = pages(station, Page.level == 1)
    assert [page.case_id for page in second] == [9, 10, 11, 12], "the next officer does not wait for 45 seconds"
    assert {page.priority for page in second} == {0}, "it stands for a first page that never got out"


@pytest.mark.parametrize("kind", ["webhook", "voice"])
async def test_that_tips_in_a_channel_that_hangs_do_not_keep_an_alarm_waiting(
    station: Station, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The vendor takes alarms and lets everything else hang."""
    released, hanging, taken = threading.Event(), [], []

    def respond(asked: Asked) -> Answer:
        if "赌博" in asked.body.decode() or "\\u8d4c" in asked.body.decode():
            hanging.append(asked)
            released.wait(60)
        else:
            taken.append(asked)
        return Answer(500)

    for module in (base, channels, voice):
        monkeypatch.setattr(module, "SEND_TIMEOUT_SECONDS", 60)
    monkeypatch.setattr(base, "BLOCKING_TIMEOUT_SECONDS", 60)
    vendor = TencentVoice()
    vendor.server.respond = respond
    duty = station.duty_file.read_text(encoding="utf-8")
    station.duty_file.write_text(duty.replace(duty.splitlines()[-1], OFFICERS), encoding="utf-8")
    station.page_channels = (f"group={vendor.channel if kind == 'voice' else f'webhook+{vendor.server.url}/'}",)
    await station.restart()
    queue_tips(station, 300, "甲")
    running = asyncio.create_task(station.engine.run())
    try:
        await until(lambda: len(hanging) >= 8)
        await station.receive(ALARM)
        await until(lambda: bool(taken))
    finally:
        released.set()
        running.cancel()
        await station.engine.close()
        vendor.close()
    assert not pages(station, Page.state == WorkState.DONE)


async def test_that_a_robot_that_is_mute_is_left_alone_until_it_speaks_again(station: Station, dingtalk: Robot) -> None:
    dingtalk.limits = ((0, timedelta(minutes=1)),)
    await station.deliver(ALARM)
    asked = len(dingtalk.server.asked)
    assert dingtalk.refused == asked == 1
    dingtalk.limits = ((20, timedelta(minutes=1)),)
    for _ in range(11):
        station.clock.advance(seconds=54)
        await station.engine.run_due()
        assert len(dingtalk.server.asked) == asked, "asking it would only keep it mute"
    station.clock.advance(seconds=10)
    await station.engine.run_due()
    assert len(alarms(dingtalk)) == 1


async def test_that_three_hours_without_a_channel_end_with_one_page(station: Station, robot: Robot) -> None:
    robot.status = 502
    await station.deliver(ALARM)
    for _ in range(45):
        station.clock.advance(minutes=4)
        await station.engine.run_due()
    assert robot.said == []
    robot.status = 200
    station.clock.advance(seconds=44)
    await station.engine.run_due()
    assert len(alarms(robot)) == 1
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert len(alarms(robot)) == 2, "and then it goes on as ever"


@pytest.fixture
def dead() -> Iterator[FakeServer]:
    started = FakeServer(lambda _asked: Answer(500))
    yield started
    started.close()


@pytest.fixture
def vendor() -> Iterator[TencentVoice]:
    started = TencentVoice()
    yield started
    started.close()


KINDS = ("webhook", "wecom", "dingtalk", "feishu", "apprise", "voice", "desk")


def failing(kind: str, dead: FakeServer, vendor: TencentVoice) -> str:
    """An entry of a channel of each kind that does not deliver."""
    vendor.error = "InternalError.InternalTimeout"
    host = dead.url.removeprefix("http://")
    return {
        "webhook": f"webhook+{dead.url}/",
        "wecom": f"wecom+{dead.url}/?key=k",
        "dingtalk": f"dingtalk+{dead.url}/?access_token=k&secret=s",
        "feishu": f"feishu+{dead.url}/",
        "apprise": f"apprise+json://{host}/",
        "voice": vendor.channel,
        "desk": "desk",
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alone", [True, False])
async def test_that_a_channel_that_fails_is_seen_and_covered(
    station: Station, dead: FakeServer, vendor: TencentVoice, kind: str, alone: bool
) -> None:
    """Alone, it brings the next officer forward; beside one that works, that one has paged the officer."""
    duty = station.duty_file.read_text(encoding="utf-8")
    station.duty_file.write_text(duty.replace(duty.splitlines()[-1], OFFICERS), encoding="utf-8")
    station.page_channels = (f"bad={failing(kind, dead, vendor)}", *(() if alone else (station.phone.channel,)))
    await station.restart()
    await station.deliver(ALARM)
    (page,) = pages(station, Page.channel == "bad")
    assert (page.state, page.attempts) == (WorkState.PENDING, 1)
    assert page.error
    with station.store.reading() as session:
        due_at = session.scalars(sa.select(Escalation.due_at)).one()
    assert due_at == station.clock.now() + timedelta(seconds=5 if alone else 45)
    if not alone:
        assert station.phone.take()["level"] == 0


async def test_that_a_group_gets_one_page_for_all_and_a_desk_one_for_each(station: Station) -> None:
    duty = station.duty_file.read_text(encoding="utf-8")
    policy = "{wait_seconds: 45, policies: [{match: [urgent_alarm], steps: [{who: [全体]}]}]}"
    station.duty_file.write_text(duty.replace("{wait_seconds: 45}", policy), encoding="utf-8")
    station.page_channels = ("desk", f"group={station.phone.channel}")
    await station.restart()
    with station.store.transaction() as session:
        presence.seen(session, "browser", "乙", audible=False, now=station.clock.now())
    await station.deliver(ALARM)
    assert station.phone.take()["officers"] == ["甲", "乙", "丙"]
    assert [(page.channel, page.officer, page.state, page.receipt) for page in pages(station)] == [
        ("desk", "甲", "pending", None),
        ("desk", "乙", "done", "muted"),
        ("desk", "丙", "pending", None),
        ("group", "甲、乙、丙", "done", None),
    ]


async def test_that_what_no_further_step_follows_is_paged_once_after_an_outage_of_hours(station: Station) -> None:
    duty = station.duty_file.read_text(encoding="utf-8")
    policy = "{wait_seconds: 45, policies: [{match: [tip], steps: [{who: [甲]}], then: stop}]}"
    station.duty_file.write_text(duty.replace("{wait_seconds: 45}", policy), encoding="utf-8")
    station.rasa.labels = {"天天赌": "tip"}
    station.phone.status = 500
    await station.deliver("天天赌")
    for _ in range(60):
        station.clock.advance(minutes=3)
        await station.engine.run_due()
    tries = len(station.phone.pages())
    assert 15 < tries < 30
    station.phone.status = 204
    for _ in range(30):
        station.clock.advance(minutes=1)
        await station.engine.run_due()
    assert [page["page_id"] for page in station.phone.pages()] == [station.phone.take()["page_id"]] * (tries + 1)
    for _ in range(tries):
        station.phone.take()


def desk_of(station: Station, officer: str, *, audible: bool = True) -> None:
    """A browser of this officer is heard from."""
    with station.store.transaction() as session:
        presence.seen(session, f"browser of {officer}", officer, audible=audible, now=station.clock.now())


def next_page_in(station: Station) -> float:
    with station.store.reading() as session:
        due_at = session.scalars(sa.select(Escalation.due_at).where(Escalation.state == "pending")).one()
    return (due_at - station.clock.now()).total_seconds()


@pytest.fixture
async def with_desks(station: Station) -> Station:
    """A station that pages at desks alone."""
    station.page_channels = ("desk",)
    await station.restart()
    return station


async def test_that_a_mute_desk_is_an_officer_who_is_not_there(with_desks: Station) -> None:
    desk_of(with_desks, "甲", audible=False)
    await with_desks.deliver(ALARM)
    (page,) = pages(with_desks)
    assert (page.state, page.receipt, next_page_in(with_desks)) == ("done", "muted", 5)


@pytest.mark.parametrize("how", ["it ends", "it is cut off", "it is muted"])
async def test_that_a_desk_that_is_lost_after_its_page_is_an_officer_who_is_not_there(
    with_desks: Station, how: str
) -> None:
    desk_of(with_desks, "甲")
    desk_of(with_desks, "乙")
    await with_desks.deliver(ALARM)
    if how == "it ends":
        with with_desks.store.transaction() as session:
            presence.gone(session, "browser of 甲")
    for second in range(1, 22):
        with_desks.clock.advance(seconds=1)
        desk_of(with_desks, "乙")
        if how == "it is muted":
            desk_of(with_desks, "甲", audible=False)
        await with_desks.engine.run_due()
        if second <= 10:
            assert [page.officer for page in pages(with_desks)] == ["甲"]
    assert [(page.officer, page.receipt) for page in pages(with_desks)] == [("甲", "lost"), ("乙", "audible")]


async def test_that_a_desk_that_is_loaded_again_is_there(with_desks: Station) -> None:
    desk_of(with_desks, "甲")
    await with_desks.deliver(ALARM)
    with with_desks.store.transaction() as session:
        presence.gone(session, "browser of 甲")
    with_desks.clock.advance(seconds=1)
    await with_desks.engine.run_due()
    for _ in range(8):
        with_desks.clock.advance(seconds=5)
        desk_of(with_desks, "甲")
        await with_desks.engine.run_due()
    assert [(page.officer, page.receipt) for page in pages(with_desks)] == [("甲", "audible")]
    assert next_page_in(with_desks) == 4


@pytest.mark.parametrize("what", ["another channel", "an acknowledgement"])
async def test_that_a_lost_desk_hurries_nobody_where_somebody_was_reached(station: Station, what: str) -> None:
    station.page_channels = ("desk", station.phone.channel) if what == "another channel" else ("desk",)
    await station.restart()
    desk_of(station, "甲")
    await station.deliver(ALARM)
    if what == "another channel":
        station.phone.take()
    else:
        with station.store.transaction() as session:
            handling.acknowledge(session, CaseId(1), officer="甲", now=station.clock.now())
    for _ in range(4):
        station.clock.advance(seconds=10)
        await station.engine.run_due()
    assert {page.level for page in pages(station)} == {0}


async def test_that_a_page_whose_words_cannot_be_found_holds_up_no_other(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = page_message

    def stumble(page: Page, *rest: Any, **more: Any) -> Message:
        if page.case_id == 1:
            raise ValueError("a slip in a file")
        return shipped(page, *rest, **more)

    monkeypatch.setattr(engine, "page_message", stumble)
    for openid in ("oA", "oB"):
        await station.receive(ALARM, openid=openid)
    await station.engine.run_due()
    assert station.phone.take()["case_id"] == 2
    (failed,) = pages(station, Page.case_id == 1)
    assert (failed.state, failed.error) == (WorkState.PENDING, "unforeseen ValueError")
    monkeypatch.undo()
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    assert station.phone.take()["case_id"] == 1


async def test_that_a_page_over_a_channel_that_was_taken_out_says_so(station: Station) -> None:
    station.phone.status = 500
    await station.deliver(ALARM)
    station.phone.take()
    station.page_channels = ()
    await station.restart()
    station.clock.advance(seconds=1)
    await station.engine.run_due()
    (page,) = pages(station)
    assert page.error
    assert page.error.endswith("is not configured any more; see FUJIN_PAGE_CHANNELS")


async def test_that_the_database_knows_names_and_no_address(station: Station, wecom: Robot) -> None:
    await station.deliver(ALARM)
    assert [page.channel for page in pages(station)] == ["group"]


async def test_that_a_page_that_waits_ends_with_its_case(station: Station, wecom: Robot) -> None:
    for number in range(12):
        await station.deliver(ALARM, openid=f"o{number}")
    last = pages(station, Page.state == WorkState.PENDING)[-1].case_id
    with station.store.transaction() as session:
        handling.acknowledge(session, last, officer="甲", now=station.clock.now())
    for _ in range(30):
        station.clock.advance(seconds=1)
        await station.engine.run_due()
    assert not [text for text in alarms(wecom) if f"案件{last}：" in text]
