"""The tracker store against a real SQLite file. Runs where Rasa is installed, skipped elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("rasa")

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.tracker_store import LONG_CONVERSATION, FujinTrackerStore

DOMAIN = Domain.from_dict({"intents": ["tip"], "slots": {"place": {"type": "text", "mappings": [{"type": "custom"}]}}})


def store(path: Path) -> FujinTrackerStore:
    return FujinTrackerStore(domain=DOMAIN, host=f"sqlite:///{path / 'trackers.db'}")


async def say(trackers: FujinTrackerStore, text: str) -> DialogueStateTracker:
    tracker = await trackers.get_or_create_tracker("a", append_action_listen=False)
    said = UserUttered(text, {"name": "tip"}, metadata={"message_id": text})
    for event in (said, ActionExecuted("utter_tip"), BotUttered("谢谢"), ActionExecuted("action_listen")):
        tracker.update(event, DOMAIN)
    await trackers.save(tracker)
    return tracker


def texts(tracker: DialogueStateTracker | None) -> list[str]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []


def test_that_every_event_is_stored_once(tmp_path: Path) -> None:
    async def run() -> None:
        trackers = store(tmp_path)
        for number in range(5):
            await say(trackers, f"第{number}条")
        again = await store(tmp_path).retrieve("a")
        assert texts(again) == [f"第{number}条" for number in range(5)]
        assert again is not None
        assert len(again.events) == 20

    asyncio.run(run())


def test_that_another_process_is_noticed(tmp_path: Path) -> None:
    async def run() -> None:
        one, other = store(tmp_path), store(tmp_path)
        await say(one, "第一条")
        await say(other, "第二条")
        await say(one, "第三条")
        assert texts(await other.retrieve("a")) == ["第一条", "第二条", "第三条"]

    asyncio.run(run())


def test_that_a_long_conversation_is_short_in_memory_and_whole_in_the_database(tmp_path: Path) -> None:
    async def run() -> None:
        trackers = store(tmp_path)
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
