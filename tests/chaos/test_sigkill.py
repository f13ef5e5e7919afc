"""SIGKILL at random points: the gateway, Rasa and the action server die and come back while residents write.

Afterwards every message was handled once in effect, every alarm has exactly one case and at least one page, and no
page is for anything else.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.conftest import real_account
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
def chaos_stack(tmp_path: Path, phone: FakePhone, platform: FakePlatform) -> Iterator[Stack]:
    """A stack of its own, with a real account's settings, on SQLite."""
    running = Stack(tmp_path / "chaos", real_account(phone, platform))
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_that_nothing_is_lost_or_doubled_when_processes_are_killed(
    chaos_stack: Stack, phone: FakePhone, platform: FakePlatform
) -> None:
    chance = random.Random(SEED)
    plan = new_plan(chance)
    check_that_the_plan_is_fair(chaos_stack)
    victims = [Victim(chaos_stack, name) for name in ("gateway", "rasa", "actions") for _ in range(3)]
    chance.shuffle(victims)
    kills = asyncio.run(write_while_killing([chaos_stack], plan, victims, chance))
    assert kills >= len(victims) - 2, "a process may not be back yet when its next turn comes"
    wait_until_settled(chaos_stack)
    check_messages(chaos_stack, plan)
    check_that_no_answer_came_twice(chaos_stack, platform)
    check_alarms(chaos_stack, plan, phone)
