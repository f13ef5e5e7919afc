"""How one's own cases and applications stand."""

from functools import partial
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.lookups import answer_with
from actions.said import bot_said, said_now
from bot.nlu.stopped import OTHER_MATTER, stopped_form
from bot.services import standing

_STOPPED = "没有在办：{title}申请按您说的停了，没有提交。想接着办，说“{says}”就行。"


class Status(Action):
    """Tells the sender how the sender's cases and applications stand, and nobody else's."""

    def name(self) -> str:
        """As rules and stories call it."""
        return "action_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the resident."""
        text, form = said_now(tracker), stopped_form(bot_said(tracker))
        of_it = form if form and not OTHER_MATTER.search(text) else None
        stopped = _STOPPED.format(title=of_it.title, says=of_it.says) if of_it else ""
        triage = tracker.latest_message.get("triage") or {}
        find = partial(standing.asked, text=text, stopped=stopped, request=triage.get("label") == "help_request")
        return await answer_with(dispatcher, tracker.sender_id, find)
