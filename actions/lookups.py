"""Look-ups in conversation: the community officer of a place, and how many bear a name."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.said import said_before, said_now
from actions.store import UNAVAILABLE, station_store
from bot.nlu.wording import HUMAN
from bot.services import community_officers, duplicate_names
from bot.services.answer import Answer

logger = logging.getLogger(__name__)

_UNAVAILABLE = Answer(
    f"不好意思，现在查不了。请回“{HUMAN}”，民警看到后会在这里答复您。\n有急事请直接拨打110。", (HUMAN,)
)

LookUp = Callable[[Session, str], Answer]


def _answer(look_up: LookUp, text: str) -> Answer:
    try:
        with station_store().reading() as session:
            return look_up(session, text)
    except UNAVAILABLE as error:
        logger.error("A look-up failed: %s", type(error).__name__)  # the text of an error may quote a resident
        return _UNAVAILABLE


async def answer_with(dispatcher: CollectingDispatcher, subject: str, look_up: LookUp) -> list[dict[str, Any]]:
    """Say what a look-up finds; the database is asked in a thread, so that other conversations go on."""
    answer = await asyncio.to_thread(_answer, look_up, subject)
    buttons = [{"title": title, "payload": title} for title in answer.buttons]
    dispatcher.utter_message(text=answer.text, buttons=buttons)
    return []


class CommunityOfficer(Action):
    """Tells who is responsible for the place in the latest message."""

    def name(self) -> str:
        """As rules and stories call it."""
        return "action_community_officer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the resident."""
        find = partial(community_officers.find, before=_looked_up_before(tracker, "look_up_officer"))
        return await answer_with(dispatcher, said_now(tracker), find)


class DuplicateName(Action):
    """Tells how many bear the name in the latest message."""

    def name(self) -> str:
        """As rules and stories call it."""
        return "action_duplicate_name"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the resident."""
        find = partial(duplicate_names.find, before=_looked_up_before(tracker, "look_up_name"))
        return await answer_with(dispatcher, said_now(tracker), find)


def _looked_up_before(tracker: Tracker, intent: str) -> list[str]:
    """What was looked up in this conversation before the latest message, newest first."""
    of_intent = (event for event in said_before(tracker) if _intent_of(event) == intent)
    return [str(event.get("text") or "") for event in of_intent]


def _intent_of(event: dict[str, Any]) -> str:
    intent = (event.get("parse_data") or {}).get("intent") or {}
    return str(intent.get("name") or "")
