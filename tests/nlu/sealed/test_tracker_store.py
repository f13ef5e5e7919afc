"""The tracker store against real databases. Runs where Rasa is installed, skipped elsewhere."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rasa")

import psycopg2
import sqlalchemy as sa
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.tracker_store import LONG_CONVERSATION, FujinTrackerStore

DOMAIN = Domain.from_dict({"intents": ["tip"], "slots": {"place": {"type": "text", "mappings": [{"type": "custom"}]}}})


POSTGRES_URL = os.environ.get("FUJIN_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'trackers.db'}"
        return
    try:
        admin = psycopg2.connect(POSTGRES_URL, connect_timeout=5)
    except psycopg2.OperationalError:
        pytest.skip("no PostgreSQL at FUJIN_TEST_POSTGRES_URL")
    admin.autocommit = True
    name = f"fujin_trackers_{uuid.uuid4().hex[:10]}"
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield str(sa.engine.make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False))
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


def store(url: str) -> FujinTrackerStore:
    return FujinTrackerStore(domain=DOMAIN, host=url)


async def say(trackers: FujinTrackerStore, text: str) -> DialogueStateTracker:
    tracker = await trackers.get_or_create_tracker("a", append_action_listen=False)
    said = UserUttered(text, {"name": "tip"}, metadata={"message_id": text})
    for event in (said, ActionExecuted("utter_tip"), BotUttered("谢谢"), ActionExecuted("action_listen")):
        tracker.update(event, DOMAIN)
    await trackers.save(tracker)
    return tracker


def texts(tracker: DialogueStateTracker | None) -> list[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []


def test_that_every_event_is_stored_once(url: str) -> None:
    async def run() -> None:
        trackers = store(url)
        for number in range(5):
            await say(trackers, f"第{number}条")
        again = await store(url).retrieve("a")
        assert texts(again) == [f"第{number}条" for number in range(5)]
        assert again is not None
        assert len(again.events) == 20

    asyncio.run(run())


def test_that_another_process_is_noticed(url: str) -> None:
    async def run() -> None:
        one, other = store(url), store(url)
        await say(one, "第一条")
        await say(other, "第二条")
        await say(one, "第三条")
        assert texts(await other.retrieve("a")) == ["第一条", "第二条", "第三条"]

    asyncio.run(run())


def test_that_a_conversation_that_was_only_looked_at_is_not_read_from_the_database_again(url: str) -> None:
    async def run() -> None:
        await say(store(url), "第一条")
        trackers = store(url)
        looked_at = await trackers.retrieve("a")
        assert texts(looked_at) == ["第一条"]
        assert await trackers.retrieve("a") is looked_at

    asyncio.run(run())


def test_that_what_a_failed_message_left_in_memory_is_forgotten(url: str) -> None:
    async def run() -> None:
        trackers = store(url)
        await say(trackers, "第一条")
        tracker = await trackers.get_or_create_tracker("a", append_action_listen=False)
        tracker.update(UserUttered("没存上", {"name": "tip"}), DOMAIN)
        assert texts(await trackers.retrieve("a")) == ["第一条"]

    asyncio.run(run())


def test_that_a_long_conversation_is_short_in_memory_and_whole_in_the_database(url: str) -> None:
    async def run() -> None:
        trackers = store(url)
        tracker = await trackers.get_or_create_tracker("a", append_action_listen=False)
        for event in (ActionExecuted("action_session_start"), SessionStarted(), SlotSet("place", "中街")):
            tracker.update(event, DOMAIN)
        await trackers.save(tracker)
        for number in range(30):
            await say(trackers, f"第{number}条")
        short = await trackers.retrieve("a")
        assert short is not None
        assert len(short.events) <= LONG_CONVERSATION + 5
        assert short.get_slot("place") == "中街"
        assert isinstance(short.slots["place"], TextSlot)
        assert len(texts(await trackers.retrieve_full_tracker("a"))) == 30

    asyncio.run(run())


def test_that_a_lost_connection_costs_no_message(url: str) -> None:
    if not url.startswith("postgresql"):
        pytest.skip("SQLite has no connection to lose")

    async def run() -> None:
        trackers = store(url)
        await say(trackers, "第一条")
        with psycopg2.connect(url) as admin, admin.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        admin.close()
        await say(trackers, "第二条")
        assert texts(await store(url).retrieve("a")) == ["第一条", "第二条"]

    asyncio.run(run())


def test_that_an_error_of_the_database_does_not_quote_a_resident(tmp_path: Path) -> None:
    trackers = store(f"sqlite:///{tmp_path / 'trackers.db'}")
    with pytest.raises(sa.exc.IntegrityError) as raised:
        trackers._write([{"sender_id": None, "type_name": None, "data": "他在门口有刀"}])
    assert "有刀" not in str(raised.value)
