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
from bot.settings import ROOT
from bot.store.models import Message, Promotion, Reply, TrainedModel
from bot.studio import promotion, registry
from tests.chaos.traffic import SEED, new_plan, wait_until_settled, write_while_killing
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
def running(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole product over the project."""
    stack = Stack(tmp_path_factory.mktemp("running"), {"FUJIN_PROJECT": str(live.project)})
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def write_while(stack: Stack, work: Callable[[], None]) -> None:
    """Residents write while something is done in a thread; whoever is not answered in time fails the test."""
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        asyncio.run(write_while_killing([stack], new_plan(random.Random(SEED)), [], random.Random(SEED)))
    finally:
        thread.join()  # a test that fails must not go on changing what the next one is about
    if failed:
        raise failed[0]
    wait_until_settled(stack)


def test_that_a_model_goes_live_under_load_and_nobody_notices(live: Live, running: Stack) -> None:
    """No message is left unanswered, and none is answered by the safety net alone."""
    first, second = live.names
    live.serves(running, second)

    def swap() -> None:
        for name in (first, second, first):
            time.sleep(1)
            live.point_to(name)
            live.serves(running, name)

    write_while(running, swap)
    store = running.store
    with store.reading() as session:
        rows = session.execute(sa.select(Message.id, Message.read_by_model, Message.model)).all()
        answered = set(session.scalars(sa.select(Reply.message_id)))
        slow = [
            (row.handled_at - row.received_at).total_seconds()
            for row in session.execute(sa.select(Message.received_at, Message.handled_at))
        ]
    store.close()
    assert {row.read_by_model for row in rows} == {True}
    assert {row.model for row in rows} == {first, second}
    assert {row.id for row in rows} <= answered
    print(f"handled after {sorted(slow)[len(slow) // 2]:.2f} s (median), {max(slow):.2f} s (most)")


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


def test_that_two_servers_over_one_folder_both_change_and_go_back(live: Live, running: Stack, tmp_path: Path) -> None:
    """By command, with the gates overruled."""
    first, second = live.names
    live.point_to(second)
    other = Stack(tmp_path / "other", {"FUJIN_PROJECT": str(live.project)})
    try:
        other.start()
        live.serves(running, second)
        live.serves(other, second)
        store = running.store
        with store.transaction() as session:
            if session.get(TrainedModel, first) is None:
                path = pointer.file_of(live.models, first)
                registry.register(session, path, data_version="x", commit=None, by="训练员", now=SystemClock().now())
        said = command(running, "promote", first, "--by", "带班所长", "--overrule", "试验")
        assert f"{first} 已上线" in said
        for stack in (running, other):
            live.serves(stack, first)
        found = promotion.arrival(live.models, SystemClock().now())
        assert found
        assert (found.arrived, len(found.servers)) == (True, 2)
        assert f"{second} 已上线" in command(running, "roll-back", "--by", "带班所长")
        for stack in (running, other):
            live.serves(stack, second)
        with store.reading() as session:
            kinds = list(session.scalars(sa.select(Promotion.kind).order_by(Promotion.id)))
        store.close()
        assert kinds == ["promote", "roll_back"]
        other.stop()
        assert live.report(other) is None, "a server that ends takes its report along"
    finally:
        other.stop()


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
