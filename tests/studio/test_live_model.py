"""Another model goes live on the running product, on the real Rasa, while residents write."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.nlu import pointer
from bot.nlu.pointer import FAILED, LOADING, SERVING, Report
from bot.nlu.triage import URGENT
from bot.settings import ROOT
from bot.store.models import Message, MessageId, Promotion, Reply, ShadowReading, TrainedModel
from bot.studio import promotion, registry
from bot.studio.gates import TITLES
from tests.chaos.traffic import SEED, new_plan, wait_until_settled, write_while_killing
from tests.e2e.writer import Writer, until
from tests.small_project import small_project_at
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.heavy]


class Live:
    """A project with two models, and the stacks that run over it."""

    def __init__(self, project: Path, names: list[str]) -> None:
        self.project, self.models, self.names = project, project / "models", names

    def report(self, stack: Stack) -> Report | None:
        """What the stack's Rasa says of itself."""
        port = stack.settings.rasa_url.rsplit(":", 1)[1]
        found = pointer.reports(self.models, time.time())
        return next((report for report in found if report.server.endswith(f"-{port}")), None)

    def wait(self, stack: Stack, condition: Callable[[Report], bool]) -> Report:
        """Wait until the report says so."""
        deadline = time.monotonic() + 120
        while not ((report := self.report(stack)) and condition(report)):
            assert time.monotonic() < deadline, report
            time.sleep(0.1)
        return report

    def serves(self, stack: Stack, name: str) -> None:
        """Wait until a model is live there, and check that Rasa says the same."""
        self.wait(stack, lambda report: (report.model, report.state) == (name, SERVING))
        assert httpx.get(f"{stack.settings.rasa_url}/webhooks/fujin/health").json()["model"] == name

    def point_to(self, name: str) -> None:
        """As a promotion does."""
        pointer.point_to(self.models, name)

    def register(self, stack: Stack, name: str) -> None:
        """Enter a model, as a training does, unless it is there."""
        store, path = stack.store, pointer.file_of(self.models, name)
        with store.transaction() as session:
            if session.get(TrainedModel, name) is None:
                now = SystemClock().now()
                registry.register(session, path, data_version="x", commit=None, by="训练员", now=now)
        store.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Two small models of slightly different data; the second is the present data's."""
    project = small_project_at(tmp_path_factory.mktemp("live") / "project")
    names = []
    greeting = project / "nlu_data" / "intents" / "other" / "greeting.yml"
    for examples in ("    - 你好\n", "    - 你好\n    - 你好呀你好\n"):
        told = greeting.read_text(encoding="utf-8")
        greeting.write_text(told.replace("    - 你好\n", examples, 1), encoding="utf-8")
        trained = subprocess.run(
            [sys.executable, "-m", "bot.cli", "train"],
            cwd=ROOT,
            env=os.environ | {"FUJIN_PROJECT": str(project)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        names.append(Path(trained.stdout.split()[-1]).name.removesuffix(pointer.SUFFIX))
    return Live(project, names)


@pytest.fixture(scope="module")
def shared(live: Live, module_postgres_url: str, redis_url: str) -> dict[str, str]:
    """What every machine of the station has in common."""
    return {
        "FUJIN_PROJECT": str(live.project),
        "FUJIN_DATABASE_URL": module_postgres_url,
        "FUJIN_REDIS_URL": redis_url,
    }


@pytest.fixture(scope="module")
def running(shared: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole product over the project."""
    stack = Stack(tmp_path_factory.mktemp("running"), shared)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def write_while(stacks: list[Stack], first: int, work: Callable[[], None]) -> list[MessageId]:
    """Residents write while something is done in a thread; whoever is not answered in time fails the test.

    Every message is read by a model, not by the safety net alone, and is answered. Gives them; `first` is the first
    one's number at the platform.
    """
    plan, chance = new_plan(random.Random(SEED), number=first), random.Random(SEED)
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        asyncio.run(write_while_killing(stacks, plan, [], chance))
    finally:
        thread.join()  # a test that fails must not go on changing what the next one is about
    if failed:
        raise failed[0]
    wait_until_settled(stacks[0])
    keys = [f"msg:{planned.number}" for messages in plan.values() for planned in messages]
    rows = stacks[0].rows(sa.select(Message.id, Message.read_by_model).where(Message.key.in_(keys)))
    answered = {message_id for (message_id,) in stacks[0].rows(sa.select(Reply.message_id))}
    assert len(rows) == len(keys)
    assert {row.read_by_model for row in rows} == {True}
    assert {row.id for row in rows} <= answered
    return [row.id for row in rows]


def test_that_a_model_goes_live_under_load_and_nobody_notices(live: Live, running: Stack) -> None:
    first, second = live.names
    live.serves(running, second)

    def swap() -> None:
        for name in (first, second, first):
            time.sleep(1)
            live.point_to(name)
            live.serves(running, name)

    written = write_while([running], 7_000_000, swap)
    assert models_of(running, written) == {first, second}


def test_that_a_broken_file_changes_nothing_and_says_why(live: Live, running: Stack) -> None:
    first, second = live.names
    live.point_to(first)
    live.serves(running, first)
    whole = pointer.file_of(live.models, second).read_bytes()
    broken = pointer.file_of(live.models, "broken")
    broken.write_bytes(whole[: len(whole) // 2])
    live.point_to("broken")
    report = live.wait(running, lambda report: report.state == FAILED)
    assert (report.model, report.wanted, bool(report.error)) == (first, "broken", True)
    # It is not tried again as it is, and is as soon as the file is another.
    log = running.folder / "log" / "rasa.log"
    time.sleep(3)
    assert log.read_text(errors="replace").count("Model broken was not taken") == 1
    broken.write_bytes(whole)
    live.wait(running, lambda report: (report.model, report.state) == ("broken", SERVING))
    live.point_to("nothing")
    assert "没有这个模型文件" in live.wait(running, lambda report: report.state == FAILED).error
    live.point_to(first)
    live.serves(running, first)


def test_that_a_rasa_that_is_killed_while_it_changes_comes_back_with_the_new_model(live: Live, running: Stack) -> None:
    first, second = live.names
    live.point_to(first)
    live.serves(running, first)
    live.point_to(second)
    live.wait(running, lambda report: report.state == LOADING)
    os.kill(running.processes()["rasa"], signal.SIGKILL)
    running.wait_until_ready()
    live.serves(running, second)


def test_that_a_server_that_starts_on_a_broken_model_takes_the_one_before(live: Live, running: Stack) -> None:
    first, _ = live.names
    live.point_to(first)
    live.serves(running, first)
    pointer.file_of(live.models, "half").write_bytes(pointer.file_of(live.models, first).read_bytes()[:100_000])
    live.point_to("half")
    live.wait(running, lambda report: report.state == FAILED)
    os.kill(running.processes()["rasa"], signal.SIGKILL)
    # Until the fallback answers, the safety net alone does.
    time.sleep(1)
    running.wait_until_ready()
    report = live.wait(running, lambda report: report.state == FAILED and report.model is not None)
    assert (report.model, report.wanted) == (first, "half")
    live.point_to(first)
    live.serves(running, first)


def test_that_a_model_reads_along_with_what_residents_write_and_acts_on_none_of_it(live: Live, running: Stack) -> None:
    first, second = live.names
    live.point_to(second)
    live.serves(running, second)
    live.register(running, first)
    command(running, "shadow", first, "--by", "训练员")
    resident = Writer(running)
    for text in ("你好", "我家着火了，三楼冒烟"):
        resident.say(text)
    read = sa.select(Message.text, ShadowReading.label).join(ShadowReading, ShadowReading.message_id == Message.id)
    found = until(lambda: len(rows := running.rows(read.where(ShadowReading.model == first))) == 2 and rows, 60)
    assert dict(found) == {"你好": "other", "我家着火了，三楼冒烟": URGENT}
    assert len(resident.cases()) == 1
    assert f"{first} shadow" in command(running, "shadow")
    command(running, "shadow", "--stop", "--by", "训练员")


def test_that_two_machines_change_and_go_back_while_residents_write_to_both(
    live: Live, running: Stack, shared: dict[str, str], tmp_path: Path
) -> None:
    """By command, with the gates overruled."""
    first, second = live.names
    live.point_to(second)
    live.register(running, first)
    other = Stack(tmp_path / "other", shared)
    machines = [running, other]

    def change() -> None:
        overruled = ("--overrule", "试验", "--gates", ",".join(TITLES))
        assert f"{first} 已上线" in command(running, "promote", first, "--by", "带班所长", *overruled)
        for stack in machines:
            live.serves(stack, first)
        found = promotion.arrival(live.models, SystemClock().now())
        assert found
        assert (found.arrived, len(found.servers)) == (True, 2)
        assert f"{second} 已上线" in command(running, "roll-back", "--by", "带班所长")
        for stack in machines:
            live.serves(stack, second)

    try:
        other.start()
        for stack in machines:
            live.serves(stack, second)
        written = write_while(machines, 8_000_000, change)
        assert models_of(running, written) == {first, second}
        kinds = running.rows(sa.select(Promotion.kind).order_by(Promotion.id))
        assert [kind for (kind,) in kinds] == ["promote", "roll_back"]
        other.stop()
        assert live.report(other) is None, "a server that ends takes its report along"
    finally:
        other.stop()


def models_of(stack: Stack, written: list[MessageId]) -> set[str | None]:
    """The models that read these messages."""
    return {model for (model,) in stack.rows(sa.select(Message.model).where(Message.id.in_(written)))}


def command(stack: Stack, *arguments: str) -> str:
    """`fujin studio …` on this stack."""
    program = "from bot.cli.studio_models import commands; commands()"
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=stack.environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout
