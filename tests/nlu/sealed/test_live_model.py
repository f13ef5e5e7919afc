"""A server that follows the pointer, with a real model (`FUJIN_TEST_MODEL`). Runs where Rasa is installed."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.core.agent import Agent
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered

from bot.nlu import channel, live_model, pointer
from bot.nlu.answers import StationAnswers
from bot.nlu.live_model import Follower, ModelError, beside, running_model
from bot.nlu.pointer import FAILED, SERVING, Report
from bot.nlu.tracker_store import FujinTrackerStore
from bot.nlu.triage import Triage

MODEL = os.environ.get("FUJIN_TEST_MODEL")
pytestmark = pytest.mark.skipif(not MODEL, reason="FUJIN_TEST_MODEL names no model")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    """An agent as a server has it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('serving') / 'rasa.db'}"
    agent = Agent(generator=StationAnswers(), tracker_store=FujinTrackerStore(domain=Domain.empty(), host=url))
    assert MODEL
    agent.load_model(MODEL)
    return agent


class Server:
    """A server's follower, looked at by hand; what it writes is kept."""

    def __init__(self, agent: Agent, models: Path) -> None:
        self.app = SimpleNamespace(ctx=SimpleNamespace(agent=agent))
        self.models = models
        self.follower = Follower(self.app, models, 5005)

    def look(self) -> Report:
        self.follower.look()
        return next(iter(pointer.reports(self.models, self.follower._reported.at)))  # type: ignore[union-attr]


@pytest.fixture
def server(serving: Agent, tmp_path: Path) -> Server:
    """A server that runs the model by its own name; it lies in the folder as "new" too."""
    assert MODEL
    (tmp_path / "new.tar.gz").symlink_to(Path(MODEL).absolute())
    return Server(serving, tmp_path)


def test_that_the_new_model_has_the_same_locks_and_conversations_and_a_domain_of_its_own(
    server: Server, serving: Agent
) -> None:
    new = beside(serving, server.models / "new.tar.gz")
    assert new.lock_store is serving.lock_store
    old_store, new_store = serving.tracker_store._tracker_store, new.tracker_store._tracker_store
    assert new_store.engine is old_store.engine
    assert (new_store.domain, old_store.domain) == (new.domain, serving.domain)
    assert new.nlg is not serving.nlg

    async def talk() -> list[str]:
        """What one model has stored, the other knows, whoever kept the conversation; both ways."""
        heard = []
        for agent, text in ((serving, "一"), (new, "二"), (serving, "三")):
            async with agent.lock_store.lock("a"):
                tracker = await agent.tracker_store.get_or_create_tracker("a", append_action_listen=False)
                heard.append("".join(event.text for event in tracker.events if isinstance(event, UserUttered)))
                for event in (UserUttered(text, {"name": "other"}), BotUttered("好"), ActionExecuted("action_listen")):
                    tracker.update(event, agent.domain)
                await agent.tracker_store.save(tracker)
        return heard

    assert asyncio.run(talk()) == ["", "一", "一二"]


def test_that_an_old_model_goes_with_its_last_message(server: Server, serving: Agent) -> None:
    """Without a search for garbage, which would stop everybody."""
    new = beside(serving, server.models / "new.tar.gz")
    asyncio.run(channel.read(new, channel.Incoming(text="你好")))
    gone = weakref.ref(new.processor)
    gc.collect()
    gc.disable()
    try:
        del new
        assert gone() is None
    finally:
        gc.enable()


def test_that_the_pointed_model_takes_over(server: Server, serving: Agent) -> None:
    pointer.point_to(server.models, "new")
    report = server.look()
    assert (report.model, report.wanted, report.state) == ("new", "new", SERVING)
    assert server.app.ctx.agent is not serving
    read = asyncio.run(channel.read(server.app.ctx.agent, channel.Incoming(text="救命，有人拿刀砍人")))
    assert read["triage"]["label"] == "urgent_alarm"


def test_that_without_a_pointer_nothing_changes(server: Server, serving: Agent) -> None:
    report = server.look()
    assert (report.model, report.state) == (running_model(serving), SERVING)
    assert server.app.ctx.agent is serving


@pytest.mark.parametrize("broken", ["cut", "empty", "gone"])
def test_that_a_broken_file_leaves_the_old_model_and_is_not_tried_again(
    server: Server, serving: Agent, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    assert MODEL
    file = server.models / "bad.tar.gz"
    if broken != "gone":
        file.write_bytes(Path(MODEL).read_bytes()[: 1_000_000 if broken == "cut" else 0])
    pointer.point_to(server.models, "bad")
    report = server.look()
    assert (report.model, report.wanted, report.state, bool(report.error)) == (
        running_model(serving),
        "bad",
        FAILED,
        True,
    )
    tried: list[Any] = []
    monkeypatch.setattr(live_model, "beside", lambda *given: tried.append(given) or beside(*given))
    assert server.look().error == report.error
    assert tried == []
    file.unlink(missing_ok=True)
    shutil.copyfile(MODEL, file)
    assert server.look().model == "bad"


def test_that_a_file_that_is_not_what_the_pointer_says_is_not_even_loaded(
    server: Server, serving: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(live_model, "beside", lambda *given: tried.append(given) or beside(*given))
    pointer.point_to(server.models, "new", digests={"new": "0" * 64})
    report = server.look()
    assert (report.model, report.wanted, report.state) == (running_model(serving), "new", FAILED)
    assert "和登记时不一样" in report.error
    server.look()
    assert tried == []
    entered = pointer.hashed(pointer.file_of(server.models, "new"))
    pointer.point_to(server.models, "new", digests={"new": entered})
    assert server.look().model == "new"


def test_that_a_server_without_a_model_takes_the_last_good_one(server: Server, serving: Agent) -> None:
    empty = Agent(generator=serving.nlg, tracker_store=serving.tracker_store._tracker_store.twin())
    server.app.ctx.agent = empty
    (server.models / "bad.tar.gz").write_bytes(b"")
    pointer.point_to(server.models, "new")
    pointer.point_to(server.models, "bad")
    report = server.look()
    assert (report.model, report.wanted, report.state) == ("new", "bad", FAILED)
    assert "读不出来" in report.error


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("EMERGENCIES", ("今天天气不错",), "没有认出紧急警情"),
        ("CALM", ("救命，有人拿刀砍人",), "当成了警情"),
    ],
)
def test_that_a_model_that_misreads_what_everybody_reads_is_not_taken(
    server: Server, serving: Agent, monkeypatch: pytest.MonkeyPatch, name: str, value: tuple[str, ...], told: str
) -> None:
    monkeypatch.setattr(live_model, name, value)
    with pytest.raises(ModelError, match=told):
        beside(serving, server.models / "new.tar.gz")


def test_that_a_model_that_needs_what_the_action_server_has_not_is_not_taken(
    server: Server, serving: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "_actions", lambda _agent: {"action_of_another_station"})
    with pytest.raises(ModelError, match="动作服务里没有"):
        beside(serving, server.models / "new.tar.gz")


class SlowReader:
    """Reads as a good model does, and takes its time; it is the clock, too."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    async def parse(self, text: str) -> dict[str, Any]:
        self.now += self.seconds
        urgent = text in live_model.EMERGENCIES
        triage = Triage("urgent_alarm", 1.0, "urgent_alarm/fire") if urgent else Triage("other", 1.0, "other/greeting")
        return {"triage": triage.to_json()}

    def clock(self) -> float:
        return self.now


def test_that_a_model_that_keeps_residents_waiting_is_refused() -> None:
    quick, slow = SlowReader(0.1), SlowReader(live_model.LONGEST_READING_SECONDS + 0.5)
    live_model._try_out(quick, quick.clock)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"最快也要 2\.5 秒"):
        live_model._try_out(slow, slow.clock)  # type: ignore[arg-type]
