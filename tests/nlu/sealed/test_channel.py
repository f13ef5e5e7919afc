"""The channel, with Rasa's agent played by a stand-in. Runs where Rasa is installed, skipped elsewhere."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.core.lock_store import InMemoryLockStore
from rasa.shared.core.events import ActiveLoop, BotUttered, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu import channel

ALONE = partial(channel.Incoming.from_request, needs_sender=False)


class FakeAgent:
    """Calls a text urgent when it names a knife and a door."""

    def __init__(self) -> None:
        self.handled: list[Any] = []
        self.fujin_reader = SimpleNamespace(parse=self._parse)
        self.processor = SimpleNamespace(model_filename="m1.tar.gz")
        self.lock_store = InMemoryLockStore()
        self.tracker: DialogueStateTracker | None = None
        self.tracker_store = SimpleNamespace(
            retrieve_full_tracker=self._retrieve, get_or_create_tracker=self._conversation, save=self._save
        )
        self.domain = None
        self.model_id = "m1"

    def is_ready(self) -> bool:
        return True

    async def _conversation(self, sender: str, append_action_listen: bool) -> DialogueStateTracker:
        return self.tracker or DialogueStateTracker(sender, [AnySlot("sleeping_form", mappings=[])])

    async def _save(self, tracker: DialogueStateTracker) -> None:
        self.tracker = tracker

    async def _retrieve(self, sender: str) -> DialogueStateTracker | None:
        return self.tracker

    async def _parse(self, text: str) -> dict[str, Any]:
        label = "urgent_alarm" if "刀" in text and "门" in text else "other"
        triage = {"label": label, "confidence": 1.0, "intent": f"{label}/x", "evidence": []}
        return {
            "text": text,
            "intent": {"name": label},
            "entities": [],
            "triage": triage,
            "response_selector": {},
            "intent_ranking": [],
        }

    async def handle_message(self, message: Any) -> None:
        self.handled.append(message)
        await message.output_channel.send_response("a", {"text": "收到"})


def incoming(**fields: Any) -> channel.Incoming:
    return channel.Incoming(**{"text": "有刀", "sender": "a", "message_id": "1", **fields})


def test_that_a_server_reads_something_before_the_first_resident_writes_and_keeps_none_of_it() -> None:
    agent = FakeAgent()
    agent.domain = SimpleNamespace(slots=[AnySlot("sleeping_form", mappings=[])])
    asked: list[str] = []

    async def parse(text: str) -> dict[str, Any]:
        asked.append(text)
        return await agent._parse(text)

    agent.fujin_reader = SimpleNamespace(parse=parse)
    asyncio.run(channel.warm_up(agent))
    assert len(asked) >= 3
    assert (agent.handled, agent.tracker) == ([], None)


def test_that_a_server_starts_although_nothing_can_be_read_beforehand(caplog: pytest.LogCaptureFixture) -> None:
    agent = FakeAgent()
    agent.domain = SimpleNamespace(slots=[])
    agent.fujin_readers = SimpleNamespace()  # the trainers' files are broken
    asyncio.run(channel.warm_up(agent))
    assert "beforehand" in caplog.text


def test_that_fragments_are_read_together() -> None:
    agent = FakeAgent()
    alone = asyncio.run(channel.read(agent, incoming()))  # type: ignore[arg-type]
    together = asyncio.run(channel.read(agent, incoming(fragments=("他", "在门口"))))  # type: ignore[arg-type]
    assert alone["triage"]["label"] == "other"
    assert together["triage"]["label"] == "urgent_alarm"


def test_that_what_is_said_twice_is_not_read_together() -> None:
    again = incoming(text="刀", fragments=("刀",))
    assert asyncio.run(channel.read(FakeAgent(), again))["triage"]["label"] == "other"  # type: ignore[arg-type]
    door = incoming(text="刀", fragments=("门口", "刀"))
    assert asyncio.run(channel.read(FakeAgent(), door))["triage"]["label"] == "urgent_alarm"  # type: ignore[arg-type]


def test_that_what_its_conversation_understood_too_late_is_read_as_there() -> None:
    agent = FakeAgent()
    said = UserUttered(
        "刀在门后", {"name": "form_answer"}, parse_data={"triage": {"label": "enquiry"}}, metadata={"message_id": "1"}
    )
    agent.tracker = DialogueStateTracker.from_events("a", [said, BotUttered("下一项")])
    late = incoming(text="刀在门后", redelivery=True)
    assert asyncio.run(channel.read(agent, late))["triage"]["label"] == "enquiry"  # type: ignore[arg-type]
    unknown = incoming(text="刀在门后", redelivery=True, message_id="2")
    assert asyncio.run(channel.read(agent, unknown))["triage"]["label"] == "urgent_alarm"  # type: ignore[arg-type]


def test_that_a_message_is_parsed_once_and_handed_on_with_its_own_text() -> None:
    agent = FakeAgent()
    result = asyncio.run(channel.handle(agent, incoming(fragments=("在门口",))))  # type: ignore[arg-type]
    assert result["replies"] == [{"text": "收到"}]
    assert agent.handled[0].parse_data["text"] == "有刀"
    assert agent.handled[0].metadata == {"message_id": "1", "photo": False, "model": "m1"}


def test_that_a_redelivery_gets_the_recorded_replies() -> None:
    agent = FakeAgent()
    said = UserUttered(
        "有刀", {"name": "other"}, parse_data={"triage": {"label": "other"}}, metadata={"message_id": "1"}
    )
    agent.tracker = DialogueStateTracker.from_events("a", [said, BotUttered("已收到")])
    result = asyncio.run(channel.handle(agent, incoming(redelivery=True)))  # type: ignore[arg-type]
    assert result["replies"] == [{"text": "已收到"}]
    assert agent.handled == []


def test_that_a_redelivery_names_the_model_that_read_it_whatever_is_live_now() -> None:
    agent = FakeAgent()
    read = {"triage": {"label": "other"}}
    said = UserUttered("有刀", {"name": "other"}, parse_data=read, metadata={"message_id": "1", "model": "m0"})
    agent.tracker = DialogueStateTracker.from_events("a", [said, BotUttered("已收到")])
    body = {"text": "有刀", "sender": "a", "message_id": "1", "redelivery": True}
    request = SimpleNamespace(json=body, app=SimpleNamespace(ctx=SimpleNamespace(agent=agent)))
    checked = partial(channel.Incoming.from_request, needs_sender=True)
    response = asyncio.run(channel._answer(request, checked, channel.handle))  # type: ignore[arg-type]
    assert json.loads(response.body)["model"] == "m0"


def test_that_an_unknown_redelivery_is_handled() -> None:
    agent = FakeAgent()
    asyncio.run(channel.handle(agent, incoming(redelivery=True, message_id="9")))  # type: ignore[arg-type]
    assert len(agent.handled) == 1


@pytest.mark.parametrize(
    "body", [None, [], {}, {"text": ""}, {"text": 1}, {"text": "x", "fragments": "y"}, {"text": "x", "fragments": [1]}]
)
def test_that_a_bad_body_is_refused_with_a_reason(body: Any) -> None:
    with pytest.raises(channel.BadRequestError):
        channel.Incoming.from_request(SimpleNamespace(json=body), needs_sender=False)  # type: ignore[arg-type]


def test_that_a_failure_is_answered_and_logged_without_the_residents_words(caplog: pytest.LogCaptureFixture) -> None:
    agent = FakeAgent()
    agent.processor = SimpleNamespace(graph_runner=None)

    async def fail(_agent: Any, message: channel.Incoming) -> dict[str, Any]:
        raise UnicodeDecodeError("utf-8", b"", 0, 1, message.text)

    app = SimpleNamespace(ctx=SimpleNamespace(agent=agent))
    request = SimpleNamespace(json={"text": "他在门口有刀"}, app=app)
    response = asyncio.run(channel._answer(request, ALONE, fail))  # type: ignore[arg-type]
    assert response.status == 500
    assert "UnicodeDecodeError" in caplog.text
    assert "有刀" not in caplog.text


def test_that_no_model_is_said_so() -> None:
    request = SimpleNamespace(json={"text": "你好"}, app=SimpleNamespace(ctx=SimpleNamespace(agent=None)))
    assert asyncio.run(channel._answer(request, ALONE, channel.read)).status == 503  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [{}, {"texts": []}, {"texts": "有刀"}, {"texts": [""]}, {"texts": ["x"] * 65}])
def test_that_a_bad_batch_is_refused_with_a_reason(body: Any) -> None:
    with pytest.raises(channel.BadRequestError):
        channel.Batch.from_request(SimpleNamespace(json=body))  # type: ignore[arg-type]


def test_that_a_picture_without_a_form_means_nothing_to_the_dialogue() -> None:
    agent = FakeAgent()
    result = asyncio.run(channel.handle(agent, incoming(text="[图片]", photo=True)))  # type: ignore[arg-type]
    assert result == {"triage": None, "replies": []}
    assert agent.handled == []


def test_that_a_form_is_put_to_sleep_before_the_alarm_is_handled() -> None:
    agent = FakeAgent()
    agent.tracker = DialogueStateTracker("a", [AnySlot("sleeping_form", mappings=[])])
    agent.tracker.update(ActiveLoop("dog_licence_form"))
    asyncio.run(channel.handle(agent, incoming(text="门口有刀")))  # type: ignore[arg-type]
    assert (agent.tracker.active_loop_name, agent.tracker.get_slot("sleeping_form")) == (None, "dog_licence_form")
    assert agent.handled[0].text == "门口有刀"
