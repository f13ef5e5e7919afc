"""Many open pages, one reading."""

import asyncio
import itertools

import pytest

from bot.console.feed import Feed
from bot.store.session import StoreUnavailableError

pytestmark = pytest.mark.anyio


async def test_that_all_pages_together_read_once() -> None:
    numbers = itertools.count(1)
    feed = Feed(lambda: next(numbers), 3600)
    assert await asyncio.gather(*(feed.latest() for _ in range(5))) == [1] * 5
    assert await feed.latest() == 1


async def test_that_whoever_has_acted_sees_what_is_there_now() -> None:
    numbers = itertools.count(1)
    feed = Feed(lambda: next(numbers), 3600)
    await feed.latest()
    assert await feed.latest(fresh=True) == 2
    assert await feed.latest() == 2


async def test_that_an_old_reading_is_not_given_again() -> None:
    numbers = itertools.count(1)
    feed = Feed(lambda: next(numbers), 0)
    assert [await feed.latest() for _ in range(3)] == [1, 2, 3]


async def test_that_a_database_that_is_away_is_said_and_tried_again() -> None:
    answers = iter([StoreUnavailableError("away"), 7])

    def read() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    feed = Feed(read, 3600)
    with pytest.raises(StoreUnavailableError):
        await feed.latest()
    assert await feed.latest() == 7


async def test_that_who_opens_a_page_is_shown_what_was_read_just_now() -> None:
    numbers = itertools.count(1)
    feed = Feed(lambda: next(numbers), 0)
    assert await feed.latest(within=3600) == 1
    assert await feed.latest(within=3600) == 1
    assert await feed.latest(within=0) == 2
