"""The auditor looks at what the shipped engine leaves behind; here the engine stops, or is hindered, in each way."""

import ast
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.duty import auditor as auditor_module
from bot.duty import case as duty_case
from bot.duty import escalation, handling, presence
from bot.duty.auditor import Auditor
from bot.store.models import Case, CaseId, Escalation, Heartbeat, Page
from tests.station import Station
from tests.vendors import ROBOTS, DingTalk, Robot
from tests.world import Answer, FakeClock, FakePhone, FakeServer

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"


@pytest.fixture
def station(station: Station) -> Station:
    """A station whose engine beats: run by hand, as here, it leaves no heartbeat of its own."""
    with station.store.transaction() as session:
        session.add(Heartbeat(name="engine", at=station.clock.now().replace(year=2030), healthy=True, detail=""))
    return station


@pytest.fixture
def auditor(station: Station, database_url: str) -> Iterator[Auditor]:
    watching = Auditor(database_url, (station.phone.channel,), "http://console")
    yield watching
    watching.stop()


def look(auditor: Auditor, station: Station) -> Heartbeat:
    """One round of the auditor, and the heartbeat that it leaves."""
    auditor.look(station.clock.now())
    with station.store.reading() as session:
        return session.get_one(Heartbeat, "auditor")


async def alarm(station: Station) -> CaseId:
    """An alarm that has paged its first officer."""
    await station.deliver(ALARM)
    return CaseId(station.phone.take()["case_id"])


def change(station: Station, statement: sa.Executable) -> None:
    with station.store.transaction() as session:
        session.execute(statement)


def engine_beats(station: Station) -> None:
    change(station, sa.update(Heartbeat).where(Heartbeat.name == "engine").values(at=station.clock.now()))


async def test_that_a_stalled_engine_is_noticed_and_paged_for_once_a_minute(auditor: Auditor, station: Station) -> None:
    case_id = await alarm(station)
    station.clock.advance(seconds=45 + 20)
    beat = look(auditor, station)
    page = station.phone.take()
    assert (page["case_id"], page["label"], page["level"]) == (case_id, "urgent_alarm", -1)
    assert page["console_url"] == f"http://console/case/{case_id}"
    assert set(page) == {"page_id", "case_id", "label", "level", "officer", "text", "console_url"}
    assert (beat.healthy, beat.detail) == (False, f"overdue: {case_id}")
    station.clock.advance(seconds=50)
    assert not look(auditor, station).healthy, "still unhealthy, though this minute's page is out"
    station.phone.expect_silence()
    station.clock.advance(seconds=10)
    look(auditor, station)
    assert station.phone.take()["page_id"] != page["page_id"], "receivers may fold pages with the same id"


async def test_that_a_deadline_a_little_late_is_left_to_the_engine(auditor: Auditor, station: Station) -> None:
    await alarm(station)
    station.clock.advance(seconds=45 + 19)
    assert look(auditor, station).healthy


async def test_that_an_engine_at_work_is_met_with_silence(auditor: Auditor, station: Station) -> None:
    await alarm(station)
    for _ in range(20):
        station.clock.advance(seconds=15)
        await station.engine.run_due()
        assert look(auditor, station).healthy
    assert [station.phone.take()["level"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]


async def test_that_an_alarm_that_its_resident_took_back_is_left_alone(auditor: Auditor, station: Station) -> None:
    case_id = await alarm(station)
    with station.store.transaction() as session:
        case = session.get_one(Case, case_id)
        case.intent = "urgent_alarm/missing_child"
        assert duty_case.resolve(session, case, "人找到了", now=station.clock.now())
    station.clock.advance(hours=2)
    await station.engine.run_due()
    assert look(auditor, station).healthy
    station.phone.expect_silence()


async def test_that_doubtful_words_do_not_quiet_it(auditor: Auditor, station: Station) -> None:
    case_id = await alarm(station)
    with station.store.transaction() as session:
        assert not duty_case.resolve(session, session.get_one(Case, case_id), "没事了", now=station.clock.now())
    station.clock.advance(minutes=2)
    assert not look(auditor, station).healthy
    assert station.phone.take()["case_id"] == case_id


async def test_that_it_recovers_with_the_engine(auditor: Auditor, station: Station) -> None:
    await alarm(station)
    station.clock.advance(minutes=5)
    assert not look(auditor, station).healthy
    await station.engine.run_due()
    assert look(auditor, station).healthy
    assert [station.phone.take()["level"] for _ in range(2)] == [-1, 1]


async def test_that_two_auditors_page_once(auditor: Auditor, station: Station, database_url: str) -> None:
    await alarm(station)
    station.clock.advance(minutes=2)
    second = Auditor(database_url, (station.phone.channel,), "http://console")
    try:
        found = [auditor.look(station.clock.now()), second.look(station.clock.now())]
    finally:
        second.stop()
    station.phone.take()
    station.phone.expect_silence()
    assert [finding.paged for findings in found for finding in findings] == [True, False]


async def test_that_an_acknowledged_case_is_nobodys_worry(auditor: Auditor, station: Station) -> None:
    case_id = await alarm(station)
    with station.store.transaction() as session:
        handling.acknowledge(session, case_id, officer="甲", now=station.clock.now())
    station.clock.advance(minutes=20)
    assert look(auditor, station).healthy


async def test_that_requests_and_tips_are_not_its_business(auditor: Auditor, station: Station) -> None:
    station.rasa.labels = {"狗丢了": "help_request", "天天赌": "tip"}
    await station.deliver("狗丢了")
    await station.deliver("天天赌", openid="oB")
    station.clock.advance(hours=2)
    assert look(auditor, station).healthy


async def test_that_deleted_deadlines_are_noticed(auditor: Auditor, station: Station) -> None:
    await alarm(station)
    change(station, sa.delete(Escalation))
    assert not look(auditor, station).healthy
    assert station.phone.take()["level"] == -1


async def test_that_a_page_that_nobody_tries_to_send_is_noticed(auditor: Auditor, station: Station) -> None:
    """The deadlines move on, but one channel's page is stuck."""
    await alarm(station)
    stuck = sa.update(Page).values(state="pending", due_at=station.clock.now())
    change(station, stuck)
    change(station, sa.update(Escalation).values(due_at=station.clock.now().replace(year=2030)))
    station.clock.advance(seconds=20)
    assert look(auditor, station).healthy
    station.clock.advance(seconds=1)
    assert not look(auditor, station).healthy
    assert station.phone.take()["level"] == -1


async def test_that_an_alarm_that_no_page_has_left_for_is_noticed(auditor: Auditor, station: Station) -> None:
    """The webhook is down and the engine keeps trying: all rows look busy, and nobody knows of the alarm."""
    station.phone.status = 500
    await station.deliver(ALARM)
    station.clock.advance(seconds=25)
    await station.engine.run_due()
    station.phone.status = 204
    beat = look(auditor, station)
    assert [station.phone.take()["level"] for _ in range(5)] == [0, 0, 1, -1, -1], (
        "one for the case, one for the channel"
    )
    assert not beat.healthy


async def test_that_a_channel_that_dies_after_the_first_page_is_noticed(auditor: Auditor, station: Station) -> None:
    """The first officer was reached and did not answer; the later ones never hear of it."""
    await alarm(station)
    station.phone.status = 500
    for seconds in (45, 21):
        station.clock.advance(seconds=seconds)
        await station.engine.run_due()
    station.phone.status = 204
    beat = look(auditor, station)
    assert {station.phone.take()["level"] for _ in range(5)} == {1, 2, -1}
    assert not beat.healthy


@pytest.mark.parametrize("desk", ["mute", "lost"])
async def test_that_a_desk_that_nobody_hears_counts_as_nobody_reached(
    auditor: Auditor, station: Station, desk: str
) -> None:
    station.page_channels = ("desk", "dead=webhook+http://127.0.0.1:9/")
    await station.restart()
    for officer in "甲乙丙":
        with station.store.transaction() as session:
            presence.seen(session, officer, officer, audible=desk == "lost", now=station.clock.now())
    await station.deliver(ALARM)
    for _ in range(6):
        station.clock.advance(seconds=10)
        await station.engine.run_due()
    with station.store.reading() as session:
        receipts = set(session.scalars(sa.select(Page.receipt).where(Page.state == "done")))
    assert receipts == {"muted" if desk == "mute" else "lost"}
    assert not look(auditor, station).healthy
    assert station.phone.take()["level"] == -1
    assert "没有一个值班台在线" in station.phone.take()["text"]


async def test_that_a_page_it_cannot_send_leaves_it_unhealthy_and_is_tried_the_next_minute(
    auditor: Auditor, station: Station
) -> None:
    await alarm(station)
    station.clock.advance(minutes=2)
    station.phone.status = 500
    (finding,) = auditor.look(station.clock.now())
    assert not finding.paged
    station.phone.status = 204
    station.clock.advance(minutes=1)
    (finding,) = auditor.look(station.clock.now())
    assert finding.paged
    assert [station.phone.take()["level"] for _ in range(2)] == [-1, -1]


async def test_that_an_address_it_cannot_use_hinders_no_other(station: Station, database_url: str) -> None:
    await alarm(station)
    station.clock.advance(minutes=2)
    auditor = Auditor(database_url, ("webhook+http://[::1/page", station.phone.channel), "http://console")
    try:
        assert [finding.paged for finding in auditor.look(station.clock.now())] == [True]
    finally:
        auditor.stop()
    station.phone.take()


async def test_that_an_answer_without_an_openid_is_all_a_page_holds(auditor: Auditor, station: Station) -> None:
    await alarm(station)
    station.clock.advance(minutes=2)
    look(auditor, station)
    station.phone.take()
    assert b"oA" not in station.phone.asked[-1].body


@pytest.mark.parametrize("vendor", ROBOTS, ids=lambda vendor: vendor.kind)
async def test_that_it_reaches_a_group_in_the_way_of_its_vendor(
    station: Station, database_url: str, vendor: Callable[[FakeClock], Robot]
) -> None:
    await alarm(station)
    station.clock.advance(minutes=2)
    robot = vendor(station.clock)
    auditor = Auditor(database_url, (robot.channel,), "http://console")
    try:
        assert [finding.paged for finding in auditor.look(station.clock.now())] == [True]
        (text,) = robot.texts()
        assert "案件1 提醒超时无人确认" in text
        assert text.endswith("http://console/case/1")
        robot.status = 502
        station.clock.advance(minutes=1)
        assert [finding.paged for finding in auditor.look(station.clock.now())] == [False]
    finally:
        auditor.stop()
        robot.close()


async def test_that_many_overdue_cases_are_one_message_to_a_group_and_a_page_each_to_a_program(
    station: Station, database_url: str
) -> None:
    """The vendors silence who says too much, and the auditor asks nobody whether it may."""
    robot = DingTalk(station.clock)
    auditor = Auditor(database_url, (station.phone.channel, robot.channel), "http://console")
    for number in range(30):
        await station.deliver(ALARM, openid=f"o{number}")
        station.phone.take()
    try:
        for _ in range(13):
            station.clock.advance(seconds=10)
            auditor.look(station.clock.now())
        assert robot.refused == 0
        assert 2 <= len(robot.said) <= 3
        assert "案件1、2、3、" in robot.texts()[0]
        assert robot.texts()[0].endswith("http://console/")
    finally:
        auditor.stop()
        robot.close()
    assert {station.phone.take()["case_id"] for _ in range(30)} == set(range(1, 31))
    again = len(station.phone.pages()) - 60
    assert again % 30 == 0, "each of them each minute"
    for _ in range(again):
        station.phone.take()


async def test_that_it_reaches_the_long_tail_too(station: Station, database_url: str) -> None:
    await alarm(station)
    station.clock.advance(minutes=2)
    server = FakeServer(lambda _asked: Answer(200))
    auditor = Auditor(database_url, (f"apprise+json://{server.url.removeprefix('http://')}/",), "http://console")
    try:
        assert [finding.paged for finding in auditor.look(station.clock.now())] == [True]
        assert "案件1" in server.asked[0].json()["message"]
    finally:
        auditor.stop()
        server.close()


async def test_that_the_last_resort_is_for_when_no_other_channel_took_it(station: Station, database_url: str) -> None:
    await alarm(station)
    last = FakePhone()
    auditor = Auditor(database_url, (station.phone.channel,), "http://console", last_resort=(last.channel,))
    try:
        station.clock.advance(minutes=2)
        auditor.look(station.clock.now())
        assert station.phone.take()["level"] == -1
        last.expect_silence()
        station.phone.status = 500
        station.clock.advance(minutes=1)
        assert [finding.paged for finding in auditor.look(station.clock.now())] == [True]
        assert (station.phone.take()["level"], last.take()["level"]) == (-1, -1)
    finally:
        auditor.stop()
        last.close()
        last.expect_silence()


async def test_that_a_silent_engine_is_told_of_once_in_ten_minutes(
    auditor: Auditor, station: Station, database_url: str
) -> None:
    """No case is open: without this, the first to learn of it would be a resident."""
    second = Auditor(database_url, (station.phone.channel,), "http://console")
    engine_beats(station)
    try:
        assert look(auditor, station).healthy
        second.look(station.clock.now())
        station.clock.advance(seconds=60)
        assert look(auditor, station).healthy, "a restart takes a while"
        station.clock.advance(seconds=1)
        beat = look(auditor, station)
        assert (beat.healthy, beat.detail) == (False, "the engine is silent")
        second.look(station.clock.now())
        page = station.phone.take()
        assert "没有反应" in page["text"]
        assert (page["case_id"], page["console_url"]) == (None, "http://console/")
        station.clock.advance(seconds=599)
        look(auditor, station)
        station.phone.expect_silence()
        station.clock.advance(seconds=1)
        look(auditor, station)
        station.phone.take()
        engine_beats(station)
        assert look(auditor, station).healthy
    finally:
        second.stop()


async def test_that_the_second_auditor_tells_of_the_firsts_silence(station: Station, database_url: str) -> None:
    """The console, and all desks with it, may be dead while the gateway lives."""
    first, second = (
        Auditor(database_url, (station.phone.channel,), "http://console", second=second) for second in (False, True)
    )
    try:
        for _ in range(4):
            first.look(station.clock.now())
            second.look(station.clock.now())
            station.clock.advance(seconds=20)
        station.phone.expect_silence()
        station.clock.advance(seconds=41)
        second.look(station.clock.now())
        assert "值班台程序没有反应" in station.phone.take()["text"]
        with station.store.reading() as session:
            assert session.get_one(Heartbeat, "auditor").healthy, "it beats for itself alone"
            assert session.get_one(Heartbeat, "second-auditor").detail == "the console's auditor is silent"
    finally:
        first.stop()
        second.stop()


async def test_that_a_database_that_does_not_answer_is_told_of_once_in_ten_minutes(
    station: Station, tmp_path: Path
) -> None:
    away = Auditor(f"sqlite:///{tmp_path}/nowhere/fujin.db", (station.phone.channel,), "http://console")
    try:
        for told in (False, True, False, True):  # a restart takes a while; and again after ten minutes
            for _ in range(12 if not told else 1):
                assert away.look(station.clock.now()) == []
                station.clock.advance(seconds=5)
            if told:
                assert "数据库没有反应" in station.phone.take()["text"]
                station.clock.advance(seconds=535)
            station.phone.expect_silence()
    finally:
        away.stop()


async def test_that_a_database_that_stumbles_is_no_matter(
    auditor: Auditor, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        with monkeypatch.context() as patched:
            patched.setattr(auditor, "_engine", sa.create_engine(f"sqlite:////{station.duty_file}/none.db"))
            for _ in range(11):
                auditor.look(station.clock.now())
                station.clock.advance(seconds=5)
        assert look(auditor, station).healthy
    station.phone.expect_silence()


async def test_that_an_engine_that_never_began_is_a_silent_one(auditor: Auditor, station: Station) -> None:
    change(station, sa.delete(Heartbeat).where(Heartbeat.name == "engine"))
    assert look(auditor, station).healthy
    station.clock.advance(seconds=61)
    assert look(auditor, station).detail == "the engine is silent"
    station.phone.take()


async def test_that_after_a_night_off_the_engine_gets_the_time_to_begin(auditor: Auditor, station: Station) -> None:
    engine_beats(station)
    station.clock.advance(hours=9)
    assert look(auditor, station).healthy
    station.clock.advance(seconds=59)
    assert look(auditor, station).healthy


async def test_that_no_desk_and_no_working_channel_is_told_by_the_last_resort(
    station: Station, database_url: str
) -> None:
    """Even for a tip: the next alarm would not get out either."""
    last = FakePhone()
    auditor = Auditor(database_url, (station.phone.channel,), "http://console", last_resort=(last.channel,))
    duty = station.duty_file.read_text(encoding="utf-8")
    policy = "{wait_seconds: 45, policies: [{match: [tip], steps: [{who: [全体]}], then: stop}]}"
    station.duty_file.write_text(duty.replace("{wait_seconds: 45}", policy), encoding="utf-8")
    station.rasa.labels = {"天天赌": "tip"}
    try:
        station.phone.status = 500
        await station.deliver("天天赌")
        station.phone.take()
        beat = look(auditor, station)
        assert (beat.healthy, beat.detail) == (False, "no desk can be heard and every channel's last page failed")
        assert "没有一个值班台在线" in last.take()["text"]
        look(auditor, station)
        last.expect_silence()
        with station.store.transaction() as session:
            presence.seen(session, "browser", "甲", audible=False, now=station.clock.now())
        assert not look(auditor, station).healthy, "a mute desk wakes nobody"
        with station.store.transaction() as session:
            presence.seen(session, "browser", "甲", audible=True, now=station.clock.now())
        assert look(auditor, station).healthy, "somebody hears the desk"
        with station.store.transaction() as session:
            presence.gone(session, "browser")
        assert not look(auditor, station).healthy
        station.phone.status = 204
        station.clock.advance(seconds=1)
        await station.engine.run_due()
        station.phone.take()
        assert look(auditor, station).healthy, "the channel works again"
    finally:
        auditor.stop()
        last.close()
        last.expect_silence()


async def test_that_a_burst_of_alarms_that_waits_for_its_group_is_no_broken_channel(
    auditor: Auditor, station: Station
) -> None:
    """Eight at once and the rest one by one: no desk is connected, and the group hears all the same."""
    robot = DingTalk(station.clock)
    station.page_channels = (robot.channel,)
    await station.restart()
    try:
        for number in range(12):
            await station.deliver(ALARM, openid=f"o{number}")
        with station.store.reading() as session:
            last = session.scalars(sa.select(Page).order_by(Page.id.desc()).limit(1)).one()
        assert (last.state, last.error is not None and last.error.startswith("rate limit: ")) == ("pending", True)
        beat = look(auditor, station)
        assert (beat.healthy, beat.detail) == (True, "")
    finally:
        robot.close()


async def test_that_a_deadline_that_fails_each_time_is_noticed(
    auditor: Auditor, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each claim moves it on by ten seconds: it is always ahead, and nobody is paged."""

    def fail(*_: object, **__: object) -> bool:
        raise ValueError("a policy without this step")

    case_id = await alarm(station)
    monkeypatch.setattr(escalation, "pass_deadline", fail)
    station.clock.advance(seconds=45)
    for _ in range(2):
        await station.engine.run_due()
        assert look(auditor, station).healthy, "the next try may succeed"
        station.clock.advance(seconds=10)
    await station.engine.run_due()
    assert look(auditor, station).detail == f"overdue: {case_id}"
    assert station.phone.take()["level"] == -1


@pytest.mark.parametrize("stuck", [{"due_at": FakeClock().now()}, {"attempts": 3}])
async def test_that_an_acknowledged_alarm_whose_silence_nobody_notices_is_noticed(
    auditor: Auditor, station: Station, stuck: dict[str, object]
) -> None:
    duty = station.duty_file.read_text(encoding="utf-8")
    duty = duty.replace("wait_seconds: 45", "wait_seconds: 45, silence_minutes: 10")
    station.duty_file.write_text(duty, encoding="utf-8")
    case_id = await alarm(station)
    with station.store.transaction() as session:
        handling.acknowledge(session, case_id, officer="甲", now=station.clock.now())
    station.clock.advance(minutes=2)
    assert look(auditor, station).healthy
    change(station, sa.update(Escalation).where(Escalation.kind == "silence").values(stuck))
    assert look(auditor, station).detail == f"overdue: {case_id}"
    assert station.phone.take()["case_id"] == case_id


async def test_that_a_message_that_nobody_deals_with_is_told_of(auditor: Auditor, station: Station) -> None:
    """The engine is alive, and handles no message: no case, no deadline, and a resident whom nobody hears."""
    await station.receive("我家门口有人鬼鬼祟祟")
    assert look(auditor, station).healthy
    station.clock.advance(seconds=60)
    assert look(auditor, station).healthy
    station.clock.advance(seconds=1)
    assert look(auditor, station).detail == "messages pile up"
    assert "消息超过一分钟没有处理" in station.phone.take()["text"]
    await station.engine.run_due()
    assert look(auditor, station).healthy


async def test_that_a_group_does_not_wait_for_programs_that_hang(station: Station, database_url: str) -> None:
    """Nor does the heartbeat: programs answer only once both are there."""
    robot, cases = DingTalk(station.clock), 20
    for number in range(cases):
        await station.deliver(ALARM, openid=f"o{number}")
        station.phone.take()
    station.clock.advance(minutes=2)

    def told_and_healthy() -> tuple[int, list[bool]]:
        with station.store.reading() as session:
            beats = sa.select(Heartbeat.healthy).where(Heartbeat.name == "auditor")
            return len(robot.said), list(session.scalars(beats))

    before: list[tuple[int, list[bool]]] = []
    together = threading.Barrier(cases)

    def hang(_asked: object) -> Answer:
        together.wait(4)  # nobody answers before all were asked
        before.append(told_and_healthy())
        return Answer(204)

    program = FakeServer(hang)
    auditor = Auditor(database_url, (f"webhook+{program.url}/", robot.channel), "http://console")
    try:
        findings = auditor.look(station.clock.now())
    finally:
        auditor.stop()
        robot.close()
        program.close()
    assert [finding.paged for finding in findings] == [True] * cases
    assert before == [(1, [False])] * cases


async def test_that_an_auditor_that_can_reach_nobody_says_so(station: Station, database_url: str) -> None:
    mute = Auditor(database_url, (), "http://console")
    last = Auditor(database_url, (), "http://console", last_resort=(station.phone.channel,))
    try:
        beat = look(mute, station)
        assert (beat.healthy, "can reach nobody: set FUJIN_AUDITOR_CHANNELS" in beat.detail) == (False, True)
        await station.receive("我家门口有人鬼鬼祟祟")
        station.clock.advance(seconds=61)
        assert look(mute, station).detail.startswith("messages pile up; can reach nobody")
        beat = look(last, station)
        assert (beat.healthy, beat.detail) == (True, "")
    finally:
        mute.stop()
        last.stop()


def test_that_it_shares_no_code_with_the_engine() -> None:
    tree = ast.parse(Path(auditor_module.__file__).read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not [name for name in imported if name.split(".")[0] == "bot"]
