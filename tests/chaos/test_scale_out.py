"""Two machines share PostgreSQL and Redis: two gateways, two Rasas, two consoles. Any process is killed under load.

Nothing is lost, no alarm is paged twice on a level, no message is answered twice; what an officer was told is done, is
done once.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.conftest import real_account
from tests.chaos.officers import Officers, callers
from tests.chaos.traffic import (
    SEED,
    Victim,
    check_alarms,
    check_messages,
    check_that_no_answer_came_twice,
    check_that_the_plan_is_fair,
    new_plan,
    wait_until_settled,
    write_while_killing,
)
from tests.stack import Stack
from tests.world import FakePhone, FakePlatform

pytestmark = [pytest.mark.slow, pytest.mark.heavy]


@pytest.fixture
def machines(
    tmp_path: Path, postgres_url: str, redis_url: str, phone: FakePhone, platform: FakePlatform
) -> Iterator[list[Stack]]:
    """Two complete stacks over one database."""
    shared = real_account(phone, platform) | {
        "FUJIN_DATABASE_URL": postgres_url,
        "FUJIN_REDIS_URL": redis_url,
        "FUJIN_SECRET": "s" * 32,  # a link in a page of one opens the console of the other
    }
    running = [Stack(tmp_path / name, shared) for name in ("one", "two")]
    try:
        for stack in running:
            stack.start()
        yield running
    finally:
        for stack in running:
            stack.stop()


def test_that_of_two_machines_any_process_may_die(
    machines: list[Stack], phone: FakePhone, platform: FakePlatform
) -> None:
    chance = random.Random(SEED + 1)
    plan = new_plan(chance)
    check_that_the_plan_is_fair(machines[0])
    victims = [Victim(stack, name) for stack in machines for name in ("gateway", "rasa", "console", "actions")]
    chance.shuffle(victims)
    officers, called = Officers(machines, phone, random.Random(SEED + 2)), callers(number=8_000_000)

    async def night() -> int:
        kills, _ = await asyncio.gather(write_while_killing(machines, plan, victims, chance), officers.work(called))
        return kills

    kills = asyncio.run(night())
    assert kills >= len(victims) - 2, "a process may not be back yet when its next turn comes"
    for stack in machines:
        wait_until_settled(stack)
    check_messages(machines[0], plan | called)
    check_that_no_answer_came_twice(machines[0], platform)
    check_alarms(machines[0], plan | called, phone)
    officers.check(platform)
