"""Rasa's door for the gateway: one message in, its triage and the replies out.

`POST /webhooks/fujin/webhook` handles a message, `POST /webhooks/fujin/triage` only reads one,
`POST /webhooks/fujin/triage_batch` reads many at once,
`GET /webhooks/fujin/health` says whether a model is loaded. No message text is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from traceback import format_tb
from typing import Any, TypeVar

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.shared.core.events import BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

from bot.nlu.context import Context
from bot.nlu.conversation import Readers
from bot.nlu.forms import BESIDES, FORM_ANSWER, PHOTO_TEXT
from bot.nlu.graph_runner import straighten
from bot.nlu.live_model import Follower, running_model
from bot.nlu.marked import FORM_VALUES
from bot.nlu.meanings import Meaning, graver
from bot.nlu.project import MODELS
from bot.nlu.publication import QUESTION
from bot.nlu.reader import Reader
from bot.nlu.turns import ALARM_ASKED, FORM_ASKED, FORM_TURNS

logger = logging.getLogger(__name__)

MAX_TEXT = 4000
"""Characters of one message that are read; WeChat sends at most about 2,000."""
MAX_FRAGMENTS = 10
MAX_BATCH = 64
Asked = TypeVar("Asked")


class BadRequestError(Exception):
    """The request cannot be understood; the text says what is wrong and how to mend it."""


@dataclass(frozen=True)
class Incoming:
    """One message as the gateway sends it."""

    text: str
    fragments: tuple[str, ...] = ()
    sender: str = ""
    message_id: str = ""
    redelivery: bool = False
    alarm_open: bool = False
    """The sender's alarm is not over: what is said belongs to it, and to no form."""
    alarm_seen: bool = False
    """An officer has that alarm: its sender may take up the form again in so many words."""
    photo: bool = False
    """A picture; `text` says so."""
    place: bool = False
    """A location; `text` is its name."""

    @classmethod
    def from_request(cls, request: Request, *, needs_sender: bool) -> Incoming:
        """Check the request's JSON. Raises BadRequestError."""
        data = _json_object(request)
        fragments = data.get("fragments") or []
        if not isinstance(fragments, list) or not all(isinstance(item, str) for item in fragments):
            raise BadRequestError("'fragments' must be a list of strings: the last short messages, oldest first.")
        return cls(
            text=_text_field(data, "text")[:MAX_TEXT],
            fragments=tuple(item[:MAX_TEXT] for item in fragments[-MAX_FRAGMENTS:]),
            sender=_text_field(data, "sender") if needs_sender else str(data.get("sender") or ""),
            message_id=_text_field(data, "message_id") if needs_sender else str(data.get("message_id") or ""),
            redelivery=bool(data.get("redelivery", False)),
            alarm_open=bool(data.get("alarm_open", False)),
            alarm_seen=bool(data.get("alarm_seen", False)),
            photo=bool(data.get("photo", False)),
            place=bool(data.get("place", False)),
        )


@dataclass(frozen=True)
class Batch:
    """Texts to read at once."""

    texts: tuple[str, ...]

    @classmethod
    def from_request(cls, request: Request) -> Batch:
        """Check the request's JSON. Raises BadRequestError."""
        texts = _json_object(request).get("texts")
        if not isinstance(texts, list) or not 0 < len(texts) <= MAX_BATCH:
            raise BadRequestError(f"'texts' must be a list of 1 to {MAX_BATCH} strings.")
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise BadRequestError("'texts' holds something that is not a string, or an empty one.")
        return cls(tuple(text[:MAX_TEXT] for text in texts))


def _json_object(request: Request) -> dict[str, Any]:
    try:
        data = request.json
    except Exception as error:
        raise BadRequestError('The body is not JSON. Send an object such as {"text": "…"}.') from error
    if not isinstance(data, dict):
        raise BadRequestError('The body must be a JSON object such as {"text": "…"}.')
    return data


def _text_field(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequestError(f"'{name}' is missing or empty. Send it as a string.")
    return value


class Replies(OutputChannel):
    """Keeps the dialogue's replies whole, as the conversation records them."""

    def __init__(self) -> None:
        """No replies yet."""
        self.messages: list[dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        """The channel's name."""
        return "fujin"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep one reply."""
        self.messages.append(message)


class FujinInput(InputChannel):
    """The input channel named "fujin"; takes no credentials, since only the gateway reaches this server."""

    @classmethod
    def name(cls) -> str:
        """The channel's name and URL prefix."""
        return "fujin"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The four routes."""
        routes = Blueprint("fujin", "fujin")

        @routes.route("/webhook", methods=["POST"])
        async def webhook(request: Request) -> HTTPResponse:
            return await _answer(request, partial(Incoming.from_request, needs_sender=True), handle)

        @routes.route("/triage", methods=["POST"])
        async def triage(request: Request) -> HTTPResponse:
            return await _answer(request, partial(Incoming.from_request, needs_sender=False), read)

        @routes.route("/triage_batch", methods=["POST"])
        async def triage_batch(request: Request) -> HTTPResponse:
            return await _answer(request, Batch.from_request, read_batch)

        @routes.route("/health", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            agent = _agent(request)
            if agent is None:
                return json({"model": None, "ready": False}, status=503)
            return json({"model": running_model(agent), "ready": True})

        @routes.listener("after_server_start")
        async def follow(app: Sanic[Any, Any], _loop: Any) -> None:
            if (agent := _ready(app)) is not None:
                await warm_up(agent)
            app.ctx.follower = Follower(app, MODELS, app.state.port)
            app.ctx.follower.start()

        @routes.listener("before_server_stop")
        async def leave(app: Sanic[Any, Any], _loop: Any) -> None:
            app.ctx.follower.stop()

        return routes


async def _answer(
    request: Request, checked: Callable[[Request], Asked], work: Callable[[Agent, Asked], Awaitable[dict[str, Any]]]
) -> HTTPResponse:
    """Run `work` and turn what goes wrong into the status that the gateway acts on."""
    try:
        incoming = checked(request)
    except BadRequestError as error:
        return json({"error": str(error)}, status=400)
    agent = _agent(request)
    if agent is None:
        return json({"error": "No model is loaded yet. Train one, or wait until it is loaded."}, status=503)
    try:
        result = await work(agent, incoming)
    except Exception as error:  # the gateway must get an answer, so that it decides by the safety net alone
        # Only where it happened: the exception's own text may quote the resident.
        logger.error(
            "A message could not be handled: %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__))
        )
        return json({"error": f"The message could not be handled: {type(error).__name__}."}, status=500)
    return json({"model": running_model(agent), **result})


async def warm_up(agent: Agent) -> None:
    """Read what nobody wrote, with all that is loaded at its first use: otherwise the first resident waits for it."""
    parse, nobody = _reader(agent).parse, DialogueStateTracker("", agent.domain.slots)
    try:
        context = Context(nobody, _readers(agent), alarm_open=False, today=date.today())
        for text in _WARMING:
            await context.meaning(await parse(text), None, parse)
        Context(nobody, _readers(agent), alarm_open=True, today=date.today()).asked_in_case(_WARMING[-1])
    except Exception:  # a trainers' file that cannot be read is told where it is needed; alarms need none
        logger.exception("What residents may ask could not be read beforehand")


_WARMING = ("身份证丢了怎么补办，要带什么", "我要办犬证", "楼下有人打架")


async def read(agent: Agent, incoming: Incoming) -> dict[str, Any]:
    """Triage without a trace in any conversation.

    A message that its conversation answered after all, only too late for the gateway, means what it meant there: the
    answer to a form's question is no whisper.
    """
    recorded = await _recorded(agent, incoming) if incoming.redelivery and incoming.sender else None
    if recorded is not None:
        return {"triage": recorded["triage"]}
    return {"triage": graver(*await _parse(agent, incoming))["triage"]}


async def read_batch(agent: Agent, batch: Batch) -> dict[str, Any]:
    """Triage of each text."""
    reader = _reader(agent)
    read = await asyncio.gather(*(reader.parse(text) for text in batch.texts))
    return {"triages": [parse_data["triage"] for parse_data in read]}


async def handle(agent: Agent, incoming: Incoming) -> dict[str, Any]:
    """Triage, then let the dialogue answer. A message delivered again gets its recorded answer.

    A picture or location that no form waits for has no triage: it is for a human to look at.
    """
    if incoming.redelivery:
        recorded = await _recorded(agent, incoming)
        if recorded is not None:
            return recorded
    meaning = await _meaning(agent, incoming)
    if meaning is None:
        return {"triage": None, "replies": []}
    collector = Replies()
    message = UserMessage(
        PHOTO_TEXT if incoming.photo else incoming.text,
        collector,
        incoming.sender,
        parse_data=_kept(meaning.parse_data),
        input_channel=FujinInput.name(),
        message_id=incoming.message_id,
        metadata={"message_id": incoming.message_id, "photo": incoming.photo, "model": running_model(agent)},
    )
    await agent.handle_message(message)
    replies = [_reply(item) for item in collector.messages]
    return _answer_to(meaning.parse_data, replies)


def _answer_to(parse_data: Mapping[str, Any], replies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the gateway is told of a message that has been handled."""
    return {
        "triage": parse_data["triage"],
        "replies": list(replies),
        "of_form": _of_form(parse_data),
        "asked": parse_data.get(ALARM_ASKED) or [],
    }


def _of_form(parse_data: Mapping[str, Any]) -> bool:
    """Whether a message begins a form or answers the open one."""
    name = str((parse_data.get("intent") or {}).get("name") or "")
    return name == FORM_ANSWER or name.startswith("apply_")


async def _meaning(agent: Agent, incoming: Incoming) -> Meaning | None:
    """What a message means in its conversation; None for a picture or location that means nothing to the dialogue."""
    read = None if incoming.photo or incoming.place else await _parse(agent, incoming)
    tracker = await _conversation(agent, incoming.sender)
    alarm = {"alarm_open": incoming.alarm_open, "alarm_seen": incoming.alarm_seen}
    context = Context(tracker, _readers(agent), **alarm, today=date.today())
    meaning: Meaning | None
    if read:
        meaning = await context.meaning(*read, _reader(agent).parse)
        asked = [turn.to_json() for turn in context.asked_in_case(incoming.text)]
        meaning = replace(meaning, parse_data={**meaning.parse_data, ALARM_ASKED: asked})
    else:
        meaning = context.photo() if incoming.photo else context.place(incoming.text)
    if meaning and meaning.before:
        await _remember(agent, tracker.sender_id, meaning.before)
    return meaning


async def _remember(agent: Agent, sender: str, events: Sequence[Event]) -> None:
    """Tell the conversation what happened to its form, before the message that made it happen."""
    async with agent.lock_store.lock(sender):
        tracker = await agent.tracker_store.get_or_create_tracker(sender, append_action_listen=False)
        for event in events:
            tracker.update(event, agent.domain)
        await agent.tracker_store.save(tracker)


async def _parse(agent: Agent, incoming: Incoming) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The message alone and, when it continues fragments, together with them; what is said again is not joined."""
    reader, said = _reader(agent), tuple(dict.fromkeys((*incoming.fragments, incoming.text)))
    if len(said) == 1:
        return await reader.parse(incoming.text), None
    alone, joined = await asyncio.gather(reader.parse(incoming.text), reader.parse(" ".join(said)))
    return alone, joined


async def _conversation(agent: Agent, sender: str) -> DialogueStateTracker:
    """What has been said so far."""
    async with agent.lock_store.lock(sender):
        return await agent.tracker_store.get_or_create_tracker(sender, append_action_listen=False)


_KEPT = (
    *("text", "intent", "entities", "triage", "response_selector", QUESTION),
    *(FORM_TURNS, FORM_VALUES, FORM_ASKED, BESIDES, ALARM_ASKED),
)


def _kept(parse_data: Mapping[str, Any]) -> dict[str, Any]:
    """What policies, actions and a redelivery need; a conversation stores this with every message."""
    return {name: parse_data[name] for name in _KEPT if name in parse_data}


async def _recorded(agent: Agent, incoming: Incoming) -> dict[str, Any] | None:
    """The triage and replies already given to this message; None when it has not been handled.

    The whole conversation is read: the tracker in use may have been shortened since.
    """
    async with agent.lock_store.lock(incoming.sender):
        tracker = await agent.tracker_store.retrieve_full_tracker(incoming.sender)
    events = list(tracker.events) if tracker is not None else []
    for place, event in enumerate(events):
        if isinstance(event, UserUttered) and (event.metadata or {}).get("message_id") == incoming.message_id:
            said = [_reply(item.message()) for item in _answers_after(events[place + 1 :])]
            # Another model may be live by now.
            read_by = {"model": model} if (model := event.metadata.get("model")) else {}
            return {**_answer_to(event.parse_data, said), **read_by}
    return None


def _answers_after(events: Sequence[Any]) -> list[BotUttered]:
    answers = []
    for event in events:
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            answers.append(event)
    return answers


def _reply(message: Mapping[str, Any]) -> dict[str, Any]:
    """A reply in the gateway's shape, whether collected just now or read from a conversation."""
    reply: dict[str, Any] = {"text": message.get("text") or ""}
    if message.get("buttons"):
        reply["buttons"] = [
            {"title": button["title"], "payload": button.get("payload", button["title"])}
            for button in message["buttons"]
        ]
    if message.get("image"):
        reply["image"] = message["image"]
    return reply


def _agent(request: Request) -> Agent | None:
    """The loaded agent, None while there is none."""
    return _ready(request.app)


def _ready(app: Sanic[Any, Any]) -> Agent | None:
    agent = getattr(app.ctx, "agent", None)
    return agent if agent is not None and agent.is_ready() else None


def _reader(agent: Agent) -> Reader:
    """The reader of the loaded model, made when it is first asked for."""
    reader: Reader | None = getattr(agent, "fujin_reader", None)
    if reader is None:
        straighten(agent.processor)
        reader = agent.fujin_reader = Reader(agent.processor)
    return reader


def _readers(agent: Agent) -> Readers:
    """The readers of the trainers' files, made when they are first asked for."""
    readers: Readers | None = getattr(agent, "fujin_readers", None)
    if readers is None:
        readers = agent.fujin_readers = Readers()
    return readers
