"""What was said in a conversation, as the actions look at it."""

from collections.abc import Iterator
from typing import Any

from rasa_sdk import Tracker


def said_now(tracker: Tracker) -> str:
    """The latest message's words; "" where it has none."""
    return str(tracker.latest_message.get("text") or "")


def said_before(tracker: Tracker) -> list[dict[str, Any]]:
    """The messages before the latest one, as events, the newest first."""
    return [event for event in reversed(tracker.events) if event["event"] == "user"][1:]


def bot_said(tracker: Tracker) -> Iterator[str]:
    """What the bot has said, the newest first."""
    return (str(event.get("text") or "") for event in reversed(tracker.events) if event["event"] == "bot")
