"""Rasa, as the intake asks it: one message, at most three seconds, a triage and replies, or no answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.nlu.triage import Triage

TIMEOUT_SECONDS = 3.0


class RasaUnavailableError(Exception):
    """Rasa is down, slow, training, or answered something else than a triage."""


@dataclass(frozen=True)
class BotReply:
    """One text for the resident, with the titles of its one-tap answers."""

    text: str
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Understanding:
    """What Rasa made of a message."""

    triage: Triage
    replies: tuple[BotReply, ...] = field(default_factory=tuple)


class Rasa:
    """The client of the `fujin` channel of the Rasa server (`bot/nlu/channel.py`)."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, timeout=timeout, limits=httpx.Limits(max_connections=64, max_keepalive_connections=64)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def converse(
        self, *, sender: str, message_id: str, text: str, fragments: Sequence[str] = (), redelivery: bool = False
    ) -> Understanding:
        """Hand a message to the conversation of `sender`; the same `message_id` takes effect once there.

        Raises:
            RasaUnavailableError: no usable answer in time.
        """
        body = {
            "sender": sender,
            "message_id": message_id,
            "text": text,
            "fragments": list(fragments),
            "redelivery": redelivery,
        }
        answer = await self._post("/webhooks/fujin/webhook", body)
        replies = answer.get("replies", [])
        return Understanding(_triage(answer), tuple(_reply(reply) for reply in replies if reply.get("text")))

    async def triage(self, text: str, fragments: Sequence[str] = ()) -> Triage:
        """Read a text without any conversation.

        Raises:
            RasaUnavailableError: no usable answer in time.
        """
        return _triage(await self._post("/webhooks/fujin/triage", {"text": text, "fragments": list(fragments)}))

    async def healthy(self) -> bool:
        """Whether a model is loaded and answers."""
        try:
            return (await self._http.get("/webhooks/fujin/health")).is_success
        except httpx.HTTPError:
            return False

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await self._http.post(path, json=body)
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise RasaUnavailableError(type(error).__name__) from None
        if not isinstance(answer, dict):
            raise RasaUnavailableError("the answer is not an object")
        return answer


def _triage(answer: dict[str, Any]) -> Triage:
    try:
        return Triage.from_json(answer["triage"])
    except (KeyError, TypeError, ValueError) as error:
        raise RasaUnavailableError(f"no triage in the answer ({type(error).__name__})") from None


def _reply(reply: dict[str, Any]) -> BotReply:
    return BotReply(reply["text"], tuple(button["title"] for button in reply.get("buttons") or ()))
