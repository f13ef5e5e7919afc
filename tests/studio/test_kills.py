"""Rasa, the console and the trainer are killed while the whole product works: live model and data stay whole."""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.nlu import pointer
from bot.nlu.dataset import Dataset, findings
from bot.nlu.pointer import LOADING, SERVING
from bot.settings import ROOT
from bot.store.models import DataChange, Message, Resident, RunState, TrainedModel, TrainingRun, WorkState
from bot.store.session import Store
from bot.studio import changes, files, promotion, registry, runs, training
from bot.studio.execution import folder_of
from bot.studio.masking import mask
from bot.studio.runs import INTERRUPTED
from tests.e2e.writer import Writer, until
from tests.small_project import EXAMPLES, small_project_at
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.heavy, pytest.mark.trains]
TRAINER, LEADER = "训练员", "带班所长"
ADDED, PATIENT_SECONDS = 12, 300
INTENT = "other/thanks"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps the model of the small project for the next station."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a machine by itself, and of one that shares PostgreSQL and Redis with others."""
    if request.param == "sqlite":
        return {}
    urls = {"FUJIN_DATABASE_URL": "module_postgres_url", "FUJIN_REDIS_URL": "redis_url"}
    return {name: request.getfixturevalue(fixture) for name, fixture in urls.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, trained: Path, shared: dict[str, str]) -> Path:
    folder = small_project_at(tmp_path_factory.mktemp("kills") / "project")
    shutil.copytree(trained, folder / "models", dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, project: Path, trained: Path, shared: dict[str, str]
) -> Iterator[Stack]:
    """The whole product over a small project."""
    stack = Stack(tmp_path_factory.mktemp("running"), {"FUJIN_PROJECT": str(project), **shared})
    try:
        stack.start()
        for model in (project / "models").glob(f"*{pointer.SUFFIX}"):
            shutil.copyfile(model, trained / model.name)
        until(lambda: "trainer" in stack.processes())
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def rows(running: Stack) -> Iterator[Store]:
    store = running.store
    yield store
    store.close()


def kill(stack: Stack, *names: str) -> None:
    """Kill these processes, and wait until their supervisor has started them again."""
    before = stack.processes()
    for name in names:
        os.kill(before[name], signal.SIGKILL)

    def are_back() -> bool:
        now = stack.processes()
        return all(now.get(name, before[name]) != before[name] for name in names)

    until(are_back, within=PATIENT_SECONDS)


def examples(data: Path) -> list[str]:
    return files.examples_of((data / "intents" / f"{INTENT}.yml").read_text(encoding="utf-8"))


def answers_with(stack: Stack, model: str) -> None:
    """The station is ready, and a resident's message is read by this model."""
    stack.wait_until_ready()
    writer = Writer(stack)
    assert writer.say("派出所几点下班")
    mine = sa.select(Message.model, Message.read_by_model).join(Resident).where(Resident.openid == writer.openid)
    assert all_of(stack, mine) == [(model, True)]


def all_of(stack: Stack, query: Any) -> list[Any]:
    return [tuple(row) for row in stack.rows(query)]


def is_whole(project: Path, model: str, digest: str) -> None:
    """The pointer, the model and the data are as they should be, and nothing half-made lies about."""
    assert pointer.live(project / "models") == model
    assert pointer.digest_of(pointer.file_of(project / "models", model)) == digest
    assert all(map(training.is_whole, (project / "models").glob("*.tar.gz")))
    assert findings(Dataset(project / "nlu_data")) == []
    assert [path for path in project.rglob("*") if path.name.startswith(".") and path.is_file()] == []


@pytest.fixture
def live(running: Stack, project: Path) -> Iterator[tuple[str, str]]:
    """The live model and its digest, which a test leaves as they are."""
    name = pointer.live(project / "models")
    assert name
    digest = pointer.digest_of(pointer.file_of(project / "models", name))
    yield name, digest
    is_whole(project, name, digest)


def test_that_a_trainer_killed_again_and_again_makes_every_change_once(
    running: Stack, rows: Store, project: Path, live: tuple[str, str]
) -> None:
    data, before = project / "nlu_data", examples(project / "nlu_data")
    further = [text for text in examples(ROOT / "nlu_data")[EXAMPLES:] if mask(text) == text][:ADDED]
    assert len(further) == ADDED
    for text in further:
        with rows.transaction() as session:
            asked = {"intent": INTENT, "text": text}
            changes.propose(session, "add_example", asked, by=TRAINER, why="复核", now=SystemClock().now())

    def at_most(left: int) -> bool:
        return all_of(running, sa.select(sa.func.count()).where(DataChange.state == WorkState.PENDING)) <= [(left,)]

    for left in (ADDED - 1, ADDED // 2):
        until(partial(at_most, left), within=PATIENT_SECONDS)
        kill(running, "trainer")
    until(partial(at_most, 0), within=PATIENT_SECONDS)
    assert all_of(running, sa.select(DataChange.state).distinct()) == [(WorkState.DONE,)]
    assert Counter(examples(data)) == Counter([*before, *further])
    answers_with(running, live[0])


def test_that_whoever_is_killed_while_a_model_is_trained_the_live_one_goes_on(
    running: Stack, rows: Store, project: Path, live: tuple[str, str]
) -> None:
    with rows.transaction() as session:
        run_id = runs.ask(session, by=TRAINER, why="试一试", now=SystemClock().now()).id
    of_run = sa.select(TrainingRun.steps_done, TrainingRun.state, TrainingRun.error).where(TrainingRun.id == run_id)
    until(lambda: all_of(running, of_run)[0][0] > 3, within=PATIENT_SECONDS)
    kill(running, "console", "rasa")
    answers_with(running, live[0])
    assert all_of(running, of_run)[0][1:] in [(RunState.RUNNING, None), (RunState.DONE, None)]
    if all_of(running, of_run)[0][1] == RunState.RUNNING:
        kill(running, "trainer")
        until(lambda: all_of(running, of_run)[0][1] != RunState.RUNNING, within=PATIENT_SECONDS)
        assert all_of(running, of_run)[0][1:] == (RunState.FAILED, INTERRUPTED)
        assert not (folder_of(running.settings) / str(run_id)).exists()
    answers_with(running, live[0])


def test_that_a_decision_is_carried_out_by_the_next_trainer(running: Stack, rows: Store, project: Path) -> None:
    """Everybody dies between the decision and the pointer; console and trainer while the servers change back."""
    models, now = project / "models", SystemClock().now()
    old = pointer.live(models)
    assert old
    file = pointer.file_of(models, "fujin-another")
    shutil.copyfile(pointer.file_of(models, old), file)
    until(lambda: all_of(running, sa.select(TrainedModel.name)) != [], within=PATIENT_SECONDS)
    with rows.transaction() as session:
        registry.register(session, file, data_version="x", commit=None, by=TRAINER, now=now)
        promotion.promote(session, "fujin-another", project, by=LEADER, now=now, overrule="试验")
    kill(running, "trainer", "console", "rasa")
    until(lambda: pointer.live(models) == "fujin-another", within=PATIENT_SECONDS)
    until(lambda: serves(project, "fujin-another"), within=PATIENT_SECONDS)
    answers_with(running, "fujin-another")
    is_whole(project, "fujin-another", pointer.digest_of(file))
    with rows.transaction() as session:
        assert promotion.roll_back(session, models, by=LEADER, now=SystemClock().now()).model == old
    until(lambda: is_loading(project, old), within=PATIENT_SECONDS)
    kill(running, "trainer", "console")
    until(lambda: serves(project, old), within=PATIENT_SECONDS)
    answers_with(running, old)
    is_whole(project, old, pointer.digest_of(pointer.file_of(models, old)))


def is_loading(project: Path, model: str) -> bool:
    """Whether a server loads the model."""
    found = promotion.arrival(project / "models", SystemClock().now())
    return bool(found and any((one.wanted, one.state) == (model, LOADING) for one in found.servers))


def serves(project: Path, model: str) -> bool:
    """Whether every server reports the model."""
    found = promotion.arrival(project / "models", SystemClock().now())
    return bool(found and found.servers and {(one.model, one.state) for one in found.servers} == {(model, SERVING)})
