"""Rasa, as the intake asks it: one message, at most three seconds, a triage and replies, or no answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from pydantic import BaseModel, TypeAdapter

from bot.nlu.forms import PHOTO_TEXT
from bot.nlu.triage import Triage
from bot.nlu.turns import Turn
from bot.wechat.outbound import Article

TIMEOUT_SECONDS = 3.0
MOST_AT_ONCE = 64
"""Texts of one `triage_batch` (`bot/nlu/channel.py`)."""


class RasaUnavailableError(Exception):
    """Rasa is down, slow, training, or answered something else than a triage."""


@dataclass(frozen=True)
class BotReply:
    """One text for the resident, with the titles of its one-tap answers; or an article, which has no text beside it."""

    text: str = ""
    buttons: tuple[str, ...] = ()
    article: Article | None = None


@dataclass(frozen=True)
class Understanding:
    """What Rasa made of a message."""

    triage: Triage
    replies: tuple[BotReply, ...] = field(default_factory=tuple)
    of_form: bool = False
    """It answers a form that is being filled in."""
    model: str | None = None
    """The model that read it, by its name in the registry."""
    asked: tuple[Turn, ...] = ()
    """Which questions of those asked while help is on its way it may be, the likeliest first, by score."""


class Rasa:
    """The client of the `fujin` channel of the Rasa server (`bot/nlu/channel.py`).

    aiohttp, because every message passes here: its client costs a third of httpx's time.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url, self._timeout = url, aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def converse(
        self,
        *,
        sender: str,
        message_id: str,
        text: str,
        fragments: Sequence[str] = (),
        redelivery: bool = False,
        alarm_open: bool = False,
        alarm_seen: bool = False,
    ) -> Understanding:
        """Hand a message to the conversation of `sender`; the same `message_id` takes effect once there.

        `alarm_open`: what is said belongs to an alarm, and to no form, unless the sender takes it up in so many words;
        `alarm_seen`: an officer has that alarm, so that fewer words are enough.

        Raises:
            RasaUnavailableError: no usable answer in time.
        """
        body = {
            "sender": sender,
            "message_id": message_id,
            "text": text,
            "fragments": list(fragments),
            "redelivery": redelivery,
            "alarm_open": alarm_open,
            "alarm_seen": alarm_seen,
        }
        answer = await self._post("/webhooks/fujin/webhook", body)
        of_form = answer.get("of_form") is True
        return Understanding(_triage(answer), _replies(answer), of_form, _model(answer), _asked(answer))

    async def photo(
        self, *, sender: str, message_id: str, redelivery: bool = False, alarm_open: bool = False
    ) -> Understanding | None:
        """Tell the conversation of `sender` that a picture has come; None when no form waits for one.

        Raises:
            RasaUnavailableError: no usable answer in time.
        """
        body = {"sender": sender, "message_id": message_id, "text": PHOTO_TEXT, "redelivery": redelivery, "photo": True}
        return await self._of_form(body | {"alarm_open": alarm_open, "alarm_seen": alarm_open})

    async def place(self, *, sender: str, message_id: str, name: str, redelivery: bool = False) -> Understanding | None:
        """Tell the conversation of `sender` that a location of this name has come; None when no form asks for one.

        Raises:
            RasaUnavailableError: no usable answer in time.
        """
        body = {"sender": sender, "message_id": message_id, "text": name, "redelivery": redelivery, "place": True}
        return await self._of_form(body)

    async def _of_form(self, body: dict[str, Any]) -> Understanding | None:
        answer = await self._post("/webhooks/fujin/webhook", body)
        if answer.get("triage") is None:
            return None
        return Understanding(_triage(answer), _replies(answer), answer.get("of_form") is True, model=_model(answer))

    async def triage(
        self, text: str, fragments: Sequence[str] = (), *, sender: str = "", message_id: str = ""
    ) -> Understanding:
        """Read a text without any conversation; with `sender` and `message_id` as that conversation understood it, if
        it did so too late.

        Raises:
            RasaUnavailableError: no usable answer in time.
        """
        body: dict[str, Any] = {"text": text, "fragments": list(fragments)}
        if sender:
            body |= {"sender": sender, "message_id": message_id, "redelivery": True}
        answer = await self._post("/webhooks/fujin/triage", body)
        return Understanding(_triage(answer), model=_model(answer))

    async def triage_batch(self, texts: Sequence[str]) -> list[Triage]:
        """Read up to `MOST_AT_ONCE` texts in one go, which costs a fraction of reading each by itself.

        Raises:
            RasaUnavailableError: no usable answer in time.
        """
        answer = await self._post("/webhooks/fujin/triage_batch", {"texts": list(texts)})
        triages = answer.get("triages")
        if not isinstance(triages, list) or len(triages) != len(texts):
            raise RasaUnavailableError("the answer does not hold a triage for each text")
        return [_triage({"triage": triage}) for triage in triages]

    async def healthy(self) -> bool:
        """Whether a model is loaded and answers."""
        try:
            async with self._http().get(f"{self._url}/webhooks/fujin/health") as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with self._http().post(self._url + path, json=body, raise_for_status=True) as response:
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RasaUnavailableError(type(error).__name__) from None
        if not isinstance(answer, dict):
            raise RasaUnavailableError("the answer is not an object")
        return answer

    def _http(self) -> aiohttp.ClientSession:
        """The connections, opened at the first use: aiohttp wants a running loop for them."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self._session


def _triage(answer: dict[str, Any]) -> Triage:
    try:
        triage = Triage.from_json(answer["triage"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RasaUnavailableError(f"no triage in the answer ({type(error).__name__})") from None
    if not math.isfinite(triage.confidence):
        raise RasaUnavailableError("the triage has no confidence")
    return triage


def _asked(answer: dict[str, Any]) -> tuple[Turn, ...]:
    try:
        return tuple(map(Turn.from_json, answer.get("asked") or ()))
    except (KeyError, TypeError, ValueError) as error:
        raise RasaUnavailableError(f"no questions in the answer ({type(error).__name__})") from None


_MODEL_CHARACTERS = 64


def _model(answer: dict[str, Any]) -> str | None:
    name = answer.get("model")
    return name[:_MODEL_CHARACTERS] if isinstance(name, str) else None


class _Button(BaseModel):
    title: str


class _Reply(BaseModel):
    text: str | None = None
    buttons: list[_Button] | None = None


_REPLIES = TypeAdapter(list[_Reply])


def _replies(answer: dict[str, Any]) -> tuple[BotReply, ...]:
    try:
        replies = _REPLIES.validate_python(answer.get("replies", []))
    except ValueError as error:
        raise RasaUnavailableError(f"no replies in the answer ({type(error).__name__})") from None
    return tuple(
        BotReply(reply.text, tuple(button.title for button in reply.buttons or ())) for reply in replies if reply.text
    )
