"""The trainer is killed at the end of a training, where the model is made and not everything of it is written down.

A script stands for Rasa; `tests/studio/test_kills.py` kills the whole product.
"""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.nlu import pointer
from bot.settings import ROOT, Settings
from bot.store.models import Judgement, RunState, Standing, TrainedModel, TrainingRun
from bot.store.session import Store
from bot.studio import registry, runs, training
from bot.studio.execution import folder_of
from bot.studio.runner import CAUGHT_UP_EVERY, Runner
from bot.studio.runs import INTERRUPTED

pytestmark = pytest.mark.slow
TRAINER, LIVE = "训练员一", "fujin-live"
_RASA = """
    import json, os, sys, tarfile
    if "train" in sys.argv:
        out, name = (sys.argv[sys.argv.index(option) + 1] for option in ("--out", "--fixed-model-name"))
        os.makedirs(out)
        with tarfile.open(f"{out}/{name}.tar.gz", "w:gz") as archive:
            archive.add(__file__, "metadata.json")
        sys.exit()
    print(json.dumps({"ready": ""}), flush=True)
    intent = "other/greeting"
    reading = {"label": "other", "intent": intent, "confidence": 0.9, "source": "model", "uncertain": False}
    reading |= {"model_label": "other", "model_intent": intent, "labels": {"other": 0.9}, "ranking": [], "nearest": 0.9}
    for line in sys.stdin:
        print(json.dumps({"id": json.loads(line)["id"], "milliseconds": 1.0, **reading}), flush=True)
"""
_DYING = """
    import os, signal, sys
    from bot.studio import __main__, judging, registry

    def die(*_given, **_more):
        os.kill(os.getpid(), signal.SIGKILL)

    setattr({"register": registry, "judge": judging}[sys.argv[1]], sys.argv[1], die)
    __main__.main()
"""


class Station:
    """A small project with a live model, and what trains it."""

    def __init__(self, store: Store, project: Path, folder: Path) -> None:
        self.store, self.project, self.models = store, project, project / "models"
        rasa = folder / "rasa"
        rasa.write_text(f"#!{sys.executable}\n{textwrap.dedent(_RASA)}", encoding="utf-8")
        rasa.chmod(0o755)
        self.settings = Settings(_env_file=None, var_dir=folder / "var", rasa_python=rasa)  # type: ignore[call-arg]
        live, now = pointer.file_of(self.models, LIVE), SystemClock().now()
        live.write_text("what residents are answered with")
        with store.transaction() as session:
            entered = {"data_version": "0", "commit": None, "by": TRAINER, "now": now, "standing": Standing.LIVE}
            registry.register(session, live, **entered)
        pointer.point_to(self.models, LIVE, digests={LIVE: pointer.digest_of(live)})

    def ask(self) -> int:
        """Ask for a training; its number."""
        with self.store.transaction() as session:
            return runs.ask(session, by=TRAINER, why="试一试", now=SystemClock().now()).id

    def is_killed_at(self, where: str) -> int:
        """A trainer begins a training and dies there; the training's number."""
        number = self.ask()
        environment = {
            "FUJIN_PROJECT": str(self.project),
            "FUJIN_DATABASE_URL": self.store.url.render_as_string(hide_password=False),
            "FUJIN_VAR_DIR": str(self.settings.var_dir),
            "FUJIN_RASA_PYTHON": str(self.settings.rasa_python),
            "FUJIN_STUDIO_JUDGE_UNASKED": "false",
        }
        dying = [sys.executable, "-c", textwrap.dedent(_DYING), where]
        ended = subprocess.run(dying, cwd=ROOT, check=False, env=os.environ | environment, timeout=120)
        assert ended.returncode == -signal.SIGKILL
        assert self.run(number).state == RunState.RUNNING, "nobody could say otherwise"
        return number

    def works(self, runner: Runner) -> None:
        """The next trainer does what there is to do."""
        runner.look(SystemClock().now())
        for thread in threading.enumerate():
            if thread.name == "training":
                thread.join(120)
        assert not runner.busy

    def run(self, number: int) -> TrainingRun:
        with self.store.reading() as session:
            return session.get_one(TrainingRun, number)

    def entered(self) -> set[str]:
        with self.store.reading() as session:
            return set(session.scalars(sa.select(TrainedModel.name)))

    def is_whole(self) -> None:
        """The live model is what it was, and nothing half-made lies about."""
        assert pointer.live(self.models) == LIVE
        assert pointer.objection(self.models, LIVE) == ""
        assert [path for path in self.models.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def station(store: Store, small_project: Path, tmp_path: Path) -> Station:
    return Station(store, small_project, tmp_path)


def test_that_a_model_that_was_moved_in_and_not_entered_is_entered_by_the_next_training(station: Station) -> None:
    killed, made = station.is_killed_at("register"), training.model_path(station.project)
    digest = pointer.digest_of(made)
    assert station.entered() == {LIVE}
    station.is_whole()
    runner = Runner(station.store, station.settings, SystemClock(), project=station.project)
    station.works(runner)
    assert (station.run(killed).state, station.run(killed).error) == (RunState.FAILED, INTERRUPTED)
    assert not (folder_of(station.settings) / str(killed)).exists()
    again = station.ask()
    station.works(runner)
    assert (station.run(again).state, station.run(again).error) == (RunState.DONE, None)
    assert "沿用已有的模型" in station.run(again).log
    assert station.entered() == {LIVE, pointer.name_of(made)}
    assert pointer.digest_of(made) == digest, "it was not made twice"
    station.is_whole()


def test_that_a_model_whose_judging_was_cut_off_is_judged_by_the_next_trainer(station: Station) -> None:
    killed, name = station.is_killed_at("judge"), pointer.name_of(training.model_path(station.project))
    assert station.entered() == {LIVE, name}
    station.is_whole()
    runner = Runner(station.store, station.settings, SystemClock(), project=station.project)
    station.works(runner)
    assert (station.run(killed).state, station.run(killed).error) == (RunState.FAILED, INTERRUPTED)
    for _ in (LIVE, name):
        runner._caught_up_at = SystemClock().now() - CAUGHT_UP_EVERY
        station.works(runner)
    with station.store.reading() as session:
        judged = {(row.model, row.of) for row in session.scalars(sa.select(Judgement))}
    assert judged >= {(model, of) for model in (LIVE, name) for of in ("test", "regression")}
    station.is_whole()
