"""Models that harm residents go live on the running product, and the station takes each of them back by itself."""

import io
import json
import random
import re
import tarfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.console.queries import read_desk
from bot.console.studio.models import read_view
from bot.duty import audit
from bot.duty.roster import load_roster
from bot.duty.watch import Watch
from bot.nlu import pointer
from bot.nlu.safety_net import SafetyNet
from bot.nlu.triage import URGENT
from bot.settings import ROOT
from bot.store.models import AuditEntry, Message, Promotion, Reply, TrainedModel, WorkState
from bot.store.session import Store
from bot.studio import files, registry
from bot.studio.gates import TITLES
from tests.chaos.traffic import SEED, wait_until_settled
from tests.e2e.writer import Writer, until
from tests.small_project import small_project_at
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.heavy]
TRAINER, LEADER = "训练员", "带班所长"
NORMALISER, CLASSIFIER = "bot.nlu.components.ChineseNormaliser", "bot.nlu.classifier.TriageClassifier"
BEFORE, SINCE, AT_ONCE = 220, 36, 4
PATIENT_SECONDS = 120


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_project_at(tmp_path_factory.mktemp("harm") / "project")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Stack]:
    """The whole product over it."""
    stack = Stack(tmp_path_factory.mktemp("running"), {"FUJIN_PROJECT": str(project)})
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def rows(running: Stack) -> Iterator[Store]:
    """The station's database."""
    store = running.store
    yield store
    store.close()


@pytest.fixture(scope="module")
def texts(project: Path, net: SafetyNet) -> dict[str, list[str]]:
    """What the model has learned: alarms that the safety net hears too, and calm messages, shuffled."""
    found: dict[str, list[str]] = {"alarm": [], "calm": []}
    folder = project / "nlu_data" / "intents"
    for path in sorted(folder.rglob("*.yml")):
        urgent = path.parent.name == URGENT
        for text in files.examples_of(path.read_text(encoding="utf-8")):
            if (net.read(text) is not None) is urgent:
                found["alarm" if urgent else "calm"].append(text)
    for told in found.values():
        random.Random(SEED).shuffle(told)
    return found


@pytest.fixture(scope="module")
def good(running: Stack, rows: Store, project: Path, texts: dict[str, list[str]]) -> str:
    """The live model, after the residents' ordinary day."""
    name = pointer.live(project / "models")
    assert name
    write(running, [*texts["calm"][: BEFORE - 10], *texts["alarm"][:10]])
    wait_until_settled(running)
    until(lambda: found(rows, sa.select(TrainedModel.name)) == [(name,)], within=PATIENT_SECONDS)
    return name


def found(rows: Store, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    with rows.reading() as session:
        return [tuple(row) for row in session.execute(query)]


def write(stack: Stack, texts: Sequence[str]) -> None:
    """Each by a resident of their own, some at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(partial(say_anew, stack), texts))


def say_anew(stack: Stack, text: str) -> str:
    return Writer(stack).say(text)


def let_pass(rows: Store, **duration: float) -> None:
    """What has been done is so much longer ago."""
    by = timedelta(**duration)
    with rows.transaction() as session:
        for message in session.scalars(sa.select(Message).where(Message.state == WorkState.DONE)):
            assert message.handled_at
            message.received_at, message.handled_at = message.received_at - by, message.handled_at - by
        for promotion in session.scalars(sa.select(Promotion)):
            promotion.made_at -= by


def with_fault(model: Path, target: Path, component: str, fault: str) -> None:
    """Make a model that has a faulty component (`tests/faulty_components.py`) in the place of its own."""
    with tarfile.open(model, "r:gz") as whole, tarfile.open(target, "w:gz") as changed:
        for member in whole.getmembers():
            file = whole.extractfile(member)
            content = file.read() if file else b""
            if Path(member.name).name == "metadata.json":
                metadata = json.loads(content)
                for node in metadata["predict_schema"]["nodes"].values():
                    if node["uses"] == component:
                        node["uses"] = f"tests.faulty_components.{fault}"
                content = json.dumps(metadata).encode()
                member.size = len(content)
            changed.addfile(member, io.BytesIO(content) if file else None)


def serves(project: Path, model: str) -> bool:
    return [report.model for report in pointer.reports(project / "models", SystemClock().now().timestamp())] == [model]


@contextmanager
def residents_writing(stack: Stack, texts: Sequence[str]) -> Iterator[None]:
    """Somebody new every second, as long as it lasts; who is not answered at once fails the test."""
    ended, failed = threading.Event(), list[Exception]()

    def go_on() -> None:
        try:
            while not ended.wait(1.0):
                assert say_anew(stack, random.choice(texts))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert failed == []


@pytest.mark.parametrize(
    ("fault", "component", "told"),
    [
        ("Deaf", CLASSIFIER, "意见不一"),
        ("Stumbling", NORMALISER, "没有模型回答"),
        # The net alone answers whom the model keeps waiting for three seconds.
        ("Slow", NORMALISER, "处理超过|没有模型回答"),
    ],
    ids=["deaf", "stumbling", "slow"],
)
def test_that_a_model_that_harms_residents_is_taken_back_and_everybody_is_told(
    running: Stack,
    rows: Store,
    project: Path,
    texts: dict[str, list[str]],
    good: str,
    fault: str,
    component: str,
    told: str,
) -> None:
    models, name = project / "models", f"fujin-{fault.lower()}"
    with_fault(pointer.file_of(models, good), pointer.file_of(models, name), component, fault)
    with rows.transaction() as session:
        file, now = pointer.file_of(models, name), SystemClock().now()
        registry.register(session, file, data_version=name, commit=None, by=TRAINER, now=now)
    longest = sorted(texts["calm"], key=len)[-SINCE // 2 :]
    with residents_writing(running, texts["calm"]):
        overruled = ("--overrule", "先上线看看", "--gates", ",".join(TITLES))
        running.fujin("studio", "promote", name, "--by", LEADER, *overruled)
        assert serves(project, name)
        let_pass(rows, minutes=4)  # since a server has loaded it
        write(running, [*texts["alarm"][-SINCE // 2 :], *longest])
        let_pass(rows, minutes=5)
        until(lambda: pointer.live(models) == good, within=PATIENT_SECONDS)
        until(lambda: serves(project, good), within=PATIENT_SECONDS)
    everybody_hears_why(rows, project, name, good, told)
    nobody_is_left(rows)


def everybody_hears_why(rows: Store, project: Path, bad: str, good: str, told: str) -> None:
    """The officers at the desk, the trainers and leaders in the studio, whoever reads the log."""
    now = SystemClock().now()
    with rows.reading() as session:
        last = session.scalars(sa.select(Promotion).order_by(Promotion.id.desc()).limit(1)).one()
        entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        desk = read_desk(session, watch=Watch(load_roster(ROOT / "duty.yml")), now=now)
        studio = read_view(session, project, now=now)
        assert (last.kind, last.was, last.model, last.made_by) == ("automatic", bad, good, audit.SYSTEM)
        assert re.search(told, last.reason)
        assert (entry.actor, audit.ACTIONS[entry.action], entry.detail["reason"]) == (
            "系统",
            "自动退回模型",
            last.reason,
        )
        assert audit.verify(session) is None
    assert any(bad in problem and last.reason in problem for problem in desk.problems)
    assert last.reason in studio.problem
    print(f"{bad}: {last.reason}")


def nobody_is_left(rows: Store) -> None:
    """Every message was answered, whatever read it, and each alarm has its case."""
    waiting = sa.select(Reply.id).where(Reply.state == WorkState.PENDING)
    until(lambda: found(rows, waiting) == [], within=PATIENT_SECONDS)
    answered = sa.select(Reply.message_id).where(Reply.state == WorkState.DONE)
    assert found(rows, sa.select(Message.id, Message.text).where(Message.id.not_in(answered))) == []
    alarms = sa.select(Message.text).where(Message.triage["label"].as_string() == URGENT, Message.case_id.is_(None))
    assert found(rows, alarms) == []
