"""Trainings by the real Rasa on a small project."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.nlu import pointer
from bot.settings import ROOT, Settings
from bot.store.models import Judgement, Lease, Message, Resident, RunState, Standing, TrainedModel, TrainingRun
from bot.store.session import Store
from bot.studio import changes, judging, registry, runs, training
from bot.studio.execution import folder_of
from bot.studio.runner import Runner
from bot.studio.runs import INTERRUPTED
from tests.studio.test_changes import UMBRELLA

pytestmark = [pytest.mark.slow, pytest.mark.heavy, pytest.mark.trains]
WITHIN_SECONDS = 240


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, var_dir=tmp_path / "var")  # type: ignore[call-arg]


@pytest.fixture
def local_store(sqlite_url: str) -> Iterator[Store]:
    opened = Store(sqlite_url)
    yield opened
    opened.close()


@contextmanager
def working(store: Store, settings: Settings, project: Path) -> Iterator[Runner]:
    made = Runner(store, settings, SystemClock(), project=project)
    yield made
    made.stop()


@pytest.fixture
def runner(local_store: Store, settings: Settings, small_project: Path) -> Iterator[Runner]:
    with working(local_store, settings, small_project) as made:
        yield made


@pytest.fixture
def either_runner(store: Store, settings: Settings, small_project: Path) -> Iterator[Runner]:
    """On each kind of database in turn."""
    with working(store, settings, small_project) as made:
        yield made


def ask(store: Store) -> int:
    with store.transaction() as session:
        return runs.ask(session, by="训练员一", why="试一试", now=datetime.now(UTC)).id


def run_of(store: Store, run_id: int) -> TrainingRun:
    with store.reading() as session:
        return session.get_one(TrainingRun, run_id)


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def finish(runner: Runner, store: Store, run_id: int) -> TrainingRun:
    runner.look(datetime.now(UTC))
    wait(lambda: not runner.busy)
    return run_of(store, run_id)


def rasa_of(run_folder: Path) -> list[int]:
    """The processes that work in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == run_folder and b"rasa" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def begun(store: Store, settings: Settings, run_id: int) -> int:
    """Wait until Rasa trains a component; its process."""
    wait(lambda: run_of(store, run_id).steps_done > 3)
    (pid,) = rasa_of(folder_of(settings) / str(run_id))
    return pid


def resident_writes(store: Store, text: str) -> int:
    now = datetime.now(UTC)
    with store.transaction() as session:
        resident = Resident(openid="o", pseudonym="R-7K2M9QXA", first_seen_at=now)
        session.add(resident)
        session.flush()
        row = Message(
            resident_id=resident.id,
            key="msg:1",
            kind="text",
            text=text,
            received_at=now,
            state="done",
            due_at=now,
            read_by_model=True,
        )
        session.add(row)
        session.flush()
        return row.id


def test_that_a_training_ends_with_a_model_that_is_entered_and_judged(
    either_runner: Runner, store: Store, settings: Settings, small_project: Path
) -> None:
    message = resident_writes(store, "楼下着火了快来人")
    first = finish(either_runner, store, ask(store))
    assert (first.state, first.error) == (RunState.DONE, None), first.log
    assert first.model == training.model_path(small_project).name.removesuffix(".tar.gz")
    assert first.steps_done == first.steps > 10
    assert {"start", "TriageClassifier", "judge"} <= set(first.took)
    assert "Finished training component 'TriageClassifier'" in first.log
    assert not (folder_of(settings) / str(first.id)).exists()
    assert (small_project / "models" / "embeddings.npz").exists(), "the next training has only the changes to embed"
    with store.reading() as session:
        model = session.get_one(TrainedModel, first.model)
        assert model.data_version == training.data_version(small_project)
        assert (model.trained_by, model.run_id, model.findings) == ("训练员一", first.id, [])
        assert model.standing == Standing.CANDIDATE
        registry.verified(session, model.name, small_project / "models")
        judged = {row.of: row for row in session.scalars(sa.select(Judgement))}
    assert judged["test"].figures["recall"][1] > 20
    assert judged["test"].figures["macro_f1"] > 0.5
    assert [reading["id"] for reading in judged["replay"].readings] == [str(message)]
    assert judged["replay"].readings[0]["urgent"]
    assert "着火" not in json.dumps(judged["replay"].readings, ensure_ascii=False)

    # The same data again: the model is there, only what is new is read.
    again = finish(either_runner, store, ask(store))
    assert (again.state, again.model) == (RunState.DONE, first.model)
    assert "TriageClassifier" not in again.took
    assert "数据没有变" in again.log

    # The next training of other data knows how long it will be.
    with store.reading() as session:
        assert runs.lasted(session)["start"] == first.took["start"]


_TOPIC_OF = """
import asyncio, sys
from pathlib import Path
from bot.nlu import knowledge
from bot.nlu.evaluation import processor_of
from bot.nlu.normaliser import normalise
from bot.nlu.reader import Reader
async def read():
    base, reader = knowledge.load(), Reader(processor_of(Path(sys.argv[1])))
    for text in sys.argv[2:]:
        parsed = await reader.parse(text)
        likely = base.likely(normalise(text), parsed["topics"])
        print("read:", parsed["triage"]["label"], likely[0][0].id)
asyncio.run(read())
"""


def readings_by(model: Path, settings: Settings, project: Path, *texts: str) -> list[str]:
    """The label and the likeliest topic of texts, in the sealed environment."""
    command = [str(settings.rasa_python), "-c", _TOPIC_OF, str(model), *texts]
    environment = training.rasa_environment(project)
    done = subprocess.run(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [line.removeprefix("read: ") for line in done.stdout.splitlines() if line.startswith("read: ")]


def test_that_a_topic_made_in_the_studio_is_known_by_other_words_after_a_training(
    runner: Runner, local_store: Store, settings: Settings, small_project: Path
) -> None:
    data, now = small_project / "nlu_data", datetime.now(UTC)
    where = {"intent": "enquiry/station_hours", "topic": "station_umbrella", "title": "爱心物品", "when": ["爱心物品"]}
    said = {"short": "进门右手边自取，记得归位。", "plain": "进门自取。", "source": "本所", "scope": "local"}
    topic = {**where, **said, "examples": UMBRELLA}
    with local_store.transaction() as session:
        changes.propose(session, "add_topic", topic, by="训练员一", why="常有人问", now=now, folder=data)
    assert changes.apply_pending(local_store, data, now=now) == 1
    done = finish(runner, local_store, ask(local_store))
    assert done.model, done.log
    model = pointer.file_of(small_project / "models", done.model)
    # Nothing of these stands in the topic's words, title or answer: only its questions lead there.
    asked = ("能不能跟你们借把伞用用", "大厅里有没有伞可以借", "你们派出所能借雨伞吗")
    assert readings_by(model, settings, small_project, *asked) == ["enquiry station_umbrella"] * 3


def test_that_a_cancelled_training_ends_and_leaves_nothing(
    runner: Runner, local_store: Store, settings: Settings, small_project: Path
) -> None:
    run_id = ask(local_store)
    runner.look(datetime.now(UTC))
    pid = begun(local_store, settings, run_id)
    with local_store.transaction() as session:
        runs.cancel(session, run_id, by="训练员二", now=datetime.now(UTC))
    wait(lambda: not runner.busy)
    run = run_of(local_store, run_id)
    assert (run.state, run.cancelled_by, run.model) == (RunState.CANCELLED, "训练员二", None)
    assert not Path(f"/proc/{pid}").exists()
    assert not (folder_of(settings) / str(run_id)).exists()
    assert list((small_project / "models").iterdir()) == []


def test_that_a_killed_training_says_why_and_leaves_the_models_alone(
    runner: Runner, local_store: Store, settings: Settings, small_project: Path
) -> None:
    kept = small_project / "models" / "fujin-000000000000.tar.gz"
    kept.write_bytes(b"the live one")
    run_id = ask(local_store)
    runner.look(datetime.now(UTC))
    os.kill(begun(local_store, settings, run_id), signal.SIGKILL)
    wait(lambda: not runner.busy)
    run = run_of(local_store, run_id)
    assert run.state == RunState.FAILED
    assert run.error
    assert "被强行结束" in run.error
    assert [path.name for path in (small_project / "models").iterdir()] == [kept.name]
    assert kept.read_bytes() == b"the live one"
    assert (small_project / "nlu_data" / "catalogue.yml").exists()


def test_that_a_broken_file_ends_a_training_before_it_begins_and_is_named(
    either_runner: Runner, store: Store, small_project: Path
) -> None:
    (small_project / "nlu_data" / "rules.yml").write_text("rules:\n  - rule: [\n", encoding="utf-8")
    run = finish(either_runner, store, ask(store))
    assert run.state == RunState.FAILED
    assert run.error
    assert run.error.startswith("nlu_data/rules.yml 第")


def test_that_what_rasa_itself_refuses_is_told_in_the_trainers_words(
    runner: Runner, local_store: Store, small_project: Path
) -> None:
    path = small_project / "nlu_data" / "answers" / "wifi.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("scope: ", "scope: un"), encoding="utf-8")
    run = finish(runner, local_store, ask(local_store))
    assert run.state == RunState.FAILED
    assert run.error
    assert "wifi" in run.error


def start_trainer(store: Store, settings: Settings, project: Path) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "FUJIN_PROJECT": str(project),
        "FUJIN_DATABASE_URL": store.url.render_as_string(hide_password=False),
        "FUJIN_VAR_DIR": str(settings.var_dir),
    }
    return subprocess.Popen([sys.executable, "-m", "bot.studio"], cwd=ROOT, env=environment)


def test_that_a_trainer_killed_in_the_middle_leaves_no_process_and_the_next_one_takes_over(
    local_store: Store, settings: Settings, small_project: Path
) -> None:
    first = start_trainer(local_store, settings, small_project)
    run_id = ask(local_store)
    rasa = begun(local_store, settings, run_id)
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=10)
    wait(lambda: not Path(f"/proc/{rasa}").exists())
    assert run_of(local_store, run_id).state == RunState.RUNNING  # nobody could say otherwise
    second = start_trainer(local_store, settings, small_project)
    try:
        wait(lambda: run_of(local_store, run_id).state == RunState.FAILED)
        assert run_of(local_store, run_id).error == INTERRUPTED
        assert not (folder_of(settings) / str(run_id)).exists()
        assert list((small_project / "models").iterdir()) == []
        again = ask(local_store)
        rasa = begun(local_store, settings, again)
        began = time.monotonic()
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=20) == 0
        assert time.monotonic() - began < 8
    finally:
        second.kill()
        second.wait()
    assert not Path(f"/proc/{rasa}").exists()
    assert run_of(local_store, again).error == INTERRUPTED
    with local_store.reading() as session:
        assert session.scalars(sa.select(Lease)).all() == []


def test_that_a_message_added_to_the_regression_set_is_judged_by_itself(
    runner: Runner, local_store: Store, settings: Settings, small_project: Path
) -> None:
    finish(runner, local_store, ask(local_store))
    path = small_project / "nlu_data" / "regression" / "messages.jsonl"
    added = {
        "text": "着火了，楼道里全是烟",
        "intent": "urgent_alarm/fire",
        "case": "missed",
        "why": "漏过",
        "added": "",
    }
    path.write_text(path.read_text(encoding="utf-8") + json.dumps(added, ensure_ascii=False) + "\n", encoding="utf-8")
    runner.look(datetime.now(UTC))
    wait(lambda: not runner.busy)
    with local_store.reading() as session:
        (model,) = session.scalars(sa.select(TrainedModel))
        judged = judging.current(session, model.name, "regression")
    assert judged
    assert judging.text_id(added["text"]) in [reading["id"] for reading in judged.readings]
    assert judged.figures["held"][0] >= 1
