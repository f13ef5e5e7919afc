"""How one's own cases and applications stand."""

from functools import partial
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.lookups import answer_with
from bot.services import standing


class Status(Action):
    """Tells the sender how the sender's cases and applications stand, and nobody else's."""

    def name(self) -> str:
        """As rules and stories call it."""
        return "action_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the resident."""
        text = str(tracker.latest_message.get("text") or "")
        return await answer_with(dispatcher, tracker.sender_id, partial(standing.asked, text=text))
