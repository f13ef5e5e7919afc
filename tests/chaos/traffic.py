"""Residents who write while processes die, as the platform delivers them, and what must be true afterwards."""

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import httpx
import pytest
import sqlalchemy as sa

from bot.store.models import Case, Message, Page, Reply, Resident, WorkState
from bot.wechat.envelope import seal_callback
from tests.resident import text_xml
from tests.stack import Stack
from tests.world import FakePhone, FakePlatform

SEED = 20161001
RESIDENTS = 20
EACH = 10
ALARMS = (
    "有人拿刀在楼下砍人",
    "救命，有人撬我家门",
    "我家着火了，三楼冒烟",
    "有个男的一直跟着我，我害怕",
    "我老公在打我，我躲厕所里",
    "前面有人抢了老太太的包往北跑了",
    "我爷爷有老年痴呆，走丢了找不着",
    "屋里全是煤气味，人都晕了",
)
CALM = (
    "你好",
    "谢谢你们",
    "身份证丢了怎么补办",
    "居住证怎么办",
    "养狗要办什么证",
    "孩子出生怎么上户口",
    "派出所周末上班吗",
    "楼下棋牌室天天赌钱",
    "楼上半夜装修太吵了",
    "我家狗丢了帮忙找找",
    "今天天气怎么样",
    "改名字需要什么手续",
    "护照在哪办",
    "你是机器人吗",
)


class Planned(NamedTuple):
    """One message of the plan."""

    openid: str
    number: int
    text: str


def new_plan(chance: random.Random, *, number: int = 7_000_000) -> dict[str, list[Planned]]:
    """Ten messages for each resident, numbered from `number` on; three of five residents have one alarm among them, at
    any place."""
    plan = {}
    for resident in range(RESIDENTS):
        texts = [chance.choice(CALM) for _ in range(EACH)]
        if resident % 5 < 3:
            texts[chance.randrange(EACH)] = chance.choice(ALARMS)
        openid = f"oChaos{resident}"
        plan[openid] = [Planned(openid, number := number + 1, text) for text in texts]
    return plan


def check_that_the_plan_is_fair(stack: Stack) -> None:
    """With everything alive, the alarms are alarms and the rest is not; only then does the rest of the test mean it."""
    lines = "\n".join(json.dumps({"id": text, "text": text}) for text in (*ALARMS, *CALM))
    labels = {row["id"]: row["label"] for row in map(json.loads, stack.fujin("triage", stdin=lines).splitlines())}
    assert {text for text, label in labels.items() if label == "urgent_alarm"} == set(ALARMS), labels


class Victim(NamedTuple):
    """A process that may be killed."""

    stack: Stack
    name: str


async def write_while_killing(
    stacks: Sequence[Stack], plan: dict[str, list[Planned]], victims: Sequence[Victim], chance: random.Random
) -> int:
    """Let all residents write, and kill the victims in this order meanwhile; how many were there to be killed."""
    done = kills = 0

    async def resident(client: httpx.AsyncClient, messages: list[Planned]) -> None:
        nonlocal done
        for planned in messages:
            await asyncio.sleep(random.Random(planned.number).uniform(0.5, 4))  # residents do not write in step
            await deliver(stacks, client, planned)
            done += 1

    async def killer(client: httpx.AsyncClient) -> None:
        nonlocal kills
        total = RESIDENTS * EACH
        for turn, victim in enumerate(victims, start=1):
            while done < total * turn // (len(victims) + 1):  # noqa: ASYNC110 - a count to look at, not an event
                await asyncio.sleep(0.05)
            await asyncio.sleep(chance.uniform(0, 1))
            if pid := victim.stack.processes().get(victim.name):
                os.kill(pid, signal.SIGKILL)
                kills += 1
            await asyncio.sleep(4)
            await _gateway_is_back(client, victim.stack)

    async with httpx.AsyncClient(timeout=5) as client:
        await asyncio.gather(killer(client), *(resident(client, messages) for messages in plan.values()))
    return kills


async def _gateway_is_back(client: httpx.AsyncClient, stack: Stack) -> None:
    """WeChat repeats a message for about 15 s. Gateways that died again within that time could not be told from ones
    that are down for good, so the next kill waits for the restart, however slow the machine is."""
    for _ in range(600):
        with suppress(httpx.HTTPError):
            if (await client.get(f"{stack.gateway_url}/healthz")).is_success:
                return
        await asyncio.sleep(0.2)
    pytest.fail("a gateway that was killed did not come back")


async def deliver(stacks: Sequence[Stack], client: httpx.AsyncClient, planned: Planned) -> None:
    """As the platform does: the same message at most three times, five seconds apart, until it is answered.

    Of several gateways a balancer takes one, and the next where that one does not listen.
    """
    async for attempt in _attempts(3, seconds=5):
        first = (planned.number + attempt) % len(stacks)
        for stack in (*stacks[first:], *stacks[:first]):
            xml = text_xml(planned.openid, planned.text, message_id=planned.number)
            query, body = seal_callback(stack.account, xml)
            try:
                answer = await client.post(f"{stack.gateway_url}/wechat", params=query, content=body)
            except httpx.ConnectError:
                continue
            except httpx.HTTPError:
                break
            if answer.is_success:
                return
            break
    pytest.fail(f"message {planned.number} was not acknowledged in three attempts")


async def _attempts(count: int, *, seconds: float) -> AsyncIterator[int]:
    for attempt in range(count):
        began = time.monotonic()
        yield attempt
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - began)))


def wait_until_settled(stack: Stack) -> None:
    """Until nothing is pending and Rasa has read again what it missed."""
    stack.wait_until_ready()
    unsettled = (
        sa.select(sa.func.count())
        .select_from(Message)
        .where(sa.or_(Message.state == WorkState.PENDING, Message.read_by_model.is_(False))),
        sa.select(sa.func.count()).select_from(Reply).where(Reply.state == WorkState.PENDING),
    )
    deadline = time.monotonic() + 120
    store = stack.store
    counts: list[int | None] = []
    try:
        while time.monotonic() < deadline:
            with store.reading() as session:
                counts = [session.scalar(query) for query in unsettled]
            if not any(counts):
                return
            time.sleep(0.5)
    finally:
        store.close()
    pytest.fail(f"still unsettled (messages, replies): {counts}")


def check_messages(stack: Stack, plan: dict[str, list[Planned]]) -> None:
    expected = {f"msg:{planned.number}": planned for messages in plan.values() for planned in messages}
    store = stack.store
    with store.reading() as session:
        rows = session.execute(sa.select(Message.key, Message.state, Message.id)).all()
        replies = Counter(session.scalars(sa.select(Reply.message_id)))
        failed = session.scalars(sa.select(Reply.error).where(Reply.state == WorkState.FAILED)).all()
    store.close()
    assert Counter(row.key for row in rows) == Counter(list(expected)), "each message is stored exactly once"
    assert {row.state for row in rows} == {WorkState.DONE}
    assert {row.id: replies[row.id] for row in rows} == {row.id: 1 for row in rows}, "each message is answered once"
    assert failed == []


def check_that_no_answer_came_twice(stack: Stack, platform: FakePlatform) -> None:
    """What residents got beside the passive replies, as the platform was told it.

    The platform takes no key by which it would fold a message: one whose sender died before it noted the sending comes
    again. No other does.
    """
    store = stack.store
    with store.reading() as session:
        replies = session.execute(
            sa.select(Resident.openid, Reply.text, Reply.attempts)
            .join(Resident, Resident.id == Reply.resident_id)
            .where(Reply.via == "custom")
        ).all()
    store.close()
    due = Counter((reply.openid, reply.text) for reply in replies)
    begun = Counter({which: sum(reply.attempts for reply in replies if reply[:2] == which) for which in due})
    sent = Counter((openid, text) for openid, text in platform.sent if isinstance(text, str))
    assert due <= sent, "each reply reached the platform"
    assert sent <= begun, "none was sent again that had not been begun again"


def check_alarms(stack: Stack, plan: dict[str, list[Planned]], phone: FakePhone) -> None:
    alarmed = {openid for openid, messages in plan.items() if any(planned.text in ALARMS for planned in messages)}
    store = stack.store
    with store.reading() as session:
        cases = session.execute(
            sa.select(Resident.openid, Case.id)
            .join(Resident, Resident.id == Case.resident_id)
            .where(Case.label == "urgent_alarm")
        ).all()
        taken = set(session.scalars(sa.select(Case.id).where(Case.acknowledged_at.is_not(None))))
        sent = set(session.scalars(sa.select(Page.case_id).where(Page.state == WorkState.DONE)))
        attempts = Counter({page.id: page.attempts for page in session.execute(sa.select(Page.id, Page.attempts))})
    store.close()
    assert Counter(row.openid for row in cases) == Counter(alarmed), "each alarm has exactly one case"
    urgent_cases = {row.id for row in cases}
    # Whoever acknowledges a page that its sender, who died, never noted ends it as it is.
    assert urgent_cases - taken <= sent <= urgent_cases
    assert {page["case_id"] for page in phone.pages()} == urgent_cases, "every alarm was paged, and nothing else"
    # A gateway that dies between sending and noting it sends again, under the same key by which the receiver folds.
    folded = {page["page_id"]: (page["case_id"], page["level"]) for page in phone.pages()}
    assert len(set(folded.values())) == len(folded), "no level is paged twice"
    told = Counter(page["page_id"] for page in phone.pages() if page["level"] >= 0)  # the auditor's are below
    assert told <= attempts, "none was sent again that had not been begun again"
