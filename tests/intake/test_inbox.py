"""What arrives is stored once, in order, and an alarm waits for the model no longer than it must."""

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.duty import handling
from bot.intake import inbox
from bot.intake.desk import Desk
from bot.store.models import Case, Message, Page, Resident, WorkState
from bot.store.session import Store
from tests.intake.rows import rows
from tests.station import Station
from tests.world import Asked, until

pytestmark = pytest.mark.anyio
ALARM = "有人拿刀在楼下砍人"


async def test_that_a_repeated_message_takes_effect_once(station: Station) -> None:
    first = await station.deliver("你好", message_id=7)
    again = await station.deliver("你好", message_id=7)
    assert (first.new, again.new, again.id) == (True, False, first.id)
    assert len(station.rasa.heard) == 1


async def test_that_the_same_id_of_two_residents_is_two_messages(station: Station) -> None:
    await station.deliver("你好", message_id=7)
    await station.deliver("你好", message_id=7, openid="oB")
    assert len(station.rasa.heard) == 2


@pytest.mark.parametrize("known", [False, True])
async def test_that_three_overlapping_sends_are_one_message(station: Station, known: bool) -> None:
    if known:
        await station.deliver("在吗")
    engines = [station.engine, station.new_engine(), station.new_engine()]
    received = await asyncio.gather(*(engine.receive(station.inbound(text=ALARM, message_id=99)) for engine in engines))
    for engine in engines:
        await engine.run_due()
    assert len({one.id for one in received}) == 1
    assert [one.new for one in received].count(True) == 1
    assert station.phone.take()["level"] == 0
    assert len(rows(station, Resident)) == 1
    for engine in engines[1:]:
        await engine.close()


async def test_that_a_message_sent_again_does_not_wait_for_the_handling_of_the_first(on_postgres: Station) -> None:
    first = await on_postgres.deliver("在吗", message_id=99)
    with on_postgres.store.transaction() as handling_it:
        handling_it.get_one(Message, first.id).state = WorkState.FAILED
        handling_it.flush()
        assert (await on_postgres.receive("在吗", message_id=99)).id == first.id


async def test_that_messages_of_one_resident_at_the_same_moment_are_one_alarm(station: Station) -> None:
    engines = [station.engine, *(station.new_engine() for _ in range(3))]
    texts = (ALARM, "家里着火了", "我不想活了", ALARM)
    await asyncio.gather(
        *(engine.receive(station.inbound(text=text)) for engine, text in zip(engines, texts, strict=True))
    )
    for _ in range(2):
        for engine in engines:
            await engine.run_due()
    assert len(rows(station, Case)) == 1
    assert station.phone.take()["level"] == 0
    assert [heard["message_id"] for heard in station.rasa.heard] == ["1", "2", "3", "4"]
    for engine in engines[1:]:
        await engine.close()


async def test_that_the_nets_alarm_waits_two_seconds_for_rasa_and_no_longer(station: Station) -> None:
    asked, released = threading.Event(), threading.Event()

    def hang(request: Asked) -> None:
        if request.path.endswith("/webhook"):
            asked.set()
            released.wait(60)

    station.rasa.before, station.rasa.doubted = hang, {ALARM}
    running = asyncio.create_task(station.engine.run())
    try:
        await station.receive(ALARM)
        await until(asked.is_set)
        assert rows(station, Page) == []
        station.clock.advance(seconds=2)
        await until(lambda: len(station.phone.pages()) == 1)
        assert rows(station, Message)[0].state == WorkState.PENDING
    finally:
        released.set()
        running.cancel()
        await station.engine.run_due()
    assert station.phone.take()["level"] == 0
    assert rows(station, Case)[0].label == "urgent_alarm"


async def test_that_the_page_waits_for_no_earlier_message_of_the_resident(station: Station) -> None:
    await station.receive("在吗")
    received = await station.receive(ALARM)
    assert received.claimed is None, "the first one is still being handled"
    station.clock.advance(seconds=2)
    with station.store.transaction() as session:
        assert inbox.raise_unread(session, station.clock.now(), desk=station.engine._desk) == 1
    assert [page.level for page in rows(station, Page)] == [0]
    await station.engine.run_due()
    station.phone.take()


async def test_that_one_resident_is_answered_in_order(station: Station) -> None:
    for number in range(6):
        await station.receive(f"第{number}条")
    await station.engine.run_due()
    assert [heard["text"] for heard in station.rasa.heard] == [f"第{number}条" for number in range(6)]


async def test_that_one_residents_slow_message_holds_up_nobody_else(station: Station) -> None:
    """Each resident's later messages wait behind the first, so the engine's own rounds are at work here too."""
    released = threading.Event()

    def answer(asked: Asked) -> None:
        if asked.path.endswith("/webhook") and asked.json()["text"] == "慢":
            released.wait(60)

    station.rasa.before = answer
    running = asyncio.create_task(station.engine.run())
    try:
        for openid in ("oA", "oB"):
            for text in ("你好", "慢" if openid == "oA" else "快", "还在吗"):
                await station.receive(text, openid=openid)
        await until(lambda: [m.state for m in rows(station, Message)].count(WorkState.DONE) == 4)
        assert [m.text for m in rows(station, Message) if m.state == WorkState.PENDING] == ["慢", "还在吗"]
    finally:
        released.set()
        await until(lambda: all(m.state == WorkState.DONE for m in rows(station, Message)))
        running.cancel()


async def test_that_fragments_are_one_alarm_only_together(station: Station) -> None:
    fragments = ("他", "在门口", "有刀")
    for number, text in enumerate(fragments):
        await station.deliver(text, openid=f"o{number}")
    station.phone.expect_silence()
    for text in fragments:
        await station.deliver(text, openid="oA")
    assert station.phone.take()["label"] == "urgent_alarm"
    assert [heard["fragments"] for heard in station.rasa.heard[3:]] == [[], ["他"], ["他", "在门口"]]
    assert len(rows(station, Case)) == 1


@pytest.mark.parametrize(
    ("before", "pause"),
    [
        ("在楼下", 180),  # too long ago
        ("他在门口等着我下班回家已经很久很久了", 0),  # a long message is understood by itself
    ],
)
async def test_that_what_is_no_fragment_is_not_read_again(station: Station, before: str, pause: int) -> None:
    await station.deliver(before)
    station.clock.advance(seconds=pause)
    await station.deliver("有刀")
    assert station.rasa.heard[-1]["fragments"] == []


async def test_that_thanks_after_an_alarm_that_is_over_are_not_another_alarm(station: Station) -> None:
    await station.deliver("着火了")
    station.phone.take()
    (alarm,) = rows(station, Case)
    with station.store.transaction() as session:
        handling.close(session, alarm.id, officer="甲", disposition="resolved", word="扑灭了", now=station.clock.now())
    await station.deliver("谢谢")
    assert station.rasa.heard[-1]["fragments"] == ["着火了"]
    assert len(rows(station, Case)) == 1


async def test_that_one_residents_fragments_are_not_anothers(station: Station) -> None:
    await station.deliver("在楼下", openid="oA")
    await station.deliver("有刀", openid="oB")
    assert station.rasa.heard[-1]["fragments"] == []
    await station.deliver("有刀", openid="oA")
    assert station.phone.take()["case_id"] == 1


@pytest.mark.parametrize("stumbling", ["net", "filing"])
async def test_that_a_message_is_stored_even_if_raising_the_alarm_fails(
    station: Station, monkeypatch: pytest.MonkeyPatch, stumbling: str
) -> None:
    def stumble(*_args: object, **_rest: object) -> None:
        raise ValueError("half-way")

    target = (Desk, "net_triage") if stumbling == "net" else (duty_case, "file_message")
    monkeypatch.setattr(*target, stumble)
    received = await station.receive(ALARM)
    assert received.new
    monkeypatch.undo()
    station.rasa.labels = {ALARM: "urgent_alarm"}
    await station.engine.run_due()
    assert station.phone.take()["level"] == 0


async def test_that_the_nets_alarm_of_a_gateway_that_died_is_paged_by_the_next_in_two_seconds(
    station: Station, store: Store
) -> None:
    with store.transaction() as session:
        inbox.receive(session, station.inbound(text=ALARM), station.engine._desk, now=station.clock.now())
    await station.engine.run_due()
    assert rows(station, Case) == []
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    assert station.phone.take()["label"] == "urgent_alarm"


async def test_that_an_alarm_that_cannot_be_filed_holds_up_no_other(
    station: Station, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = duty_case.file_message

    def stumble(session: Session, message: Message, *args: Any, **rest: Any) -> Any:
        if message.id == first.id:
            raise ValueError("half-way")
        return shipped(session, message, *args, **rest)

    with store.transaction() as session:
        one, other = (station.inbound(text=ALARM, openid=openid) for openid in ("oA", "oB"))
        first = inbox.receive(session, one, station.engine._desk, now=station.clock.now())
        inbox.receive(session, other, station.engine._desk, now=station.clock.now())
    monkeypatch.setattr(duty_case, "file_message", stumble)
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    assert station.phone.take()["case_id"] == 1
    monkeypatch.undo()
    await station.engine.run_due()
    assert station.phone.take()["case_id"] == 2


async def test_that_a_pseudonym_says_nothing_of_the_openid(station: Station) -> None:
    await station.deliver("你好", openid="oSecret")
    (resident,) = rows(station, Resident)
    assert resident.pseudonym.startswith("R-")
    assert [heard["sender"] for heard in station.rasa.heard] == [resident.pseudonym]
    assert not any(b"oSecret" in asked.body for asked in station.rasa.server.asked)


async def test_that_a_roster_in_the_wrong_encoding_loses_no_message(station: Station) -> None:
    station.duty_file.write_bytes("officers: [值班民警]".encode("gb18030"))
    await station.deliver(ALARM)
    assert station.phone.take()["officer"] == "甲"


async def test_that_two_engines_never_claim_the_same_message(station: Station, store: Store) -> None:
    with store.transaction() as session:
        for number in range(20):
            desk = station.engine._desk
            inbox.receive(session, station.inbound(text="你好", openid=f"o{number}"), desk, now=station.clock.now())
    station.clock.advance(seconds=8)
    claimed: list[int] = []
    start = threading.Barrier(4)

    def claim() -> None:
        start.wait()
        while True:
            with store.transaction() as session:
                found = inbox.claim(session, now=station.clock.now(), limit=3)
            if not found:
                return
            claimed.extend(one.id for one in found)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed))
