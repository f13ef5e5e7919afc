"""The model that belongs to the present data: named by a fingerprint, trained by plain `rasa train` when missing."""

import hashlib
import os
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bot import processor
from bot.children import end_with_parent
from bot.nlu import pointer
from bot.nlu.e5.adapter import FILE as ADAPTER
from bot.nlu.project import PROJECT
from bot.settings import ROOT, Settings

_LIVE_DATA = frozenset(
    {"test", "regression", "answers", "demo", "follow_ups", "facts_asked"}
    | {
        f"{name}.yml"
        for name in (
            "local_facts",
            "aspects",
            "dog_breeds",
            "alarm_questions",
            "alarm_advice",
            "alarm_answers",
            "alarm_asked",
            "form_answers",
            "form_asked",
            "menu",
            "articles",
        )
    }
)
"""What nobody trains on: test and regression set, and files that are read while the bot runs."""
_LIVE_MODULES = frozenset(
    f"{name}.py"
    for name in (
        *("evaluation", "evaluation_report", "judge", "lessons", "fact_lessons", "known_meanings"),
        *("project", "catalogue"),
        *("live_model", "pointer", "server"),
        *(
            "affairs",
            "answerable",
            "answers",
            "asked",
            "beforehand",
            "channel",
            "context",
            "conversation",
            "corrections",
            "fact_choice",
            "field_values",
            "following",
            "known_questions",
            "long_ago",
        ),
        *("filling_in", "form_reader", "knowledge", "live_file", "meanings", "names", "no_values", "overlap"),
        *("question", "reader", "stopped", "telling", "telling_words", "thread", "tracker_store", "turning_point"),
        *("unspoken", "values", "wishes", "wording"),
    )
)
"""Modules that judge a model or use one without being a part of it."""


class TrainingError(Exception):
    """Training failed; the text says where its output is."""


def data_version(project: Path = PROJECT) -> str:
    """Digest of all that a model of this project is made from: data, configuration, components."""
    digest = hashlib.sha256()
    for path in _inputs(project):
        digest.update(_name(path, project).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def model_name(version: str) -> str:
    """The name of the model that was made from a data version."""
    return f"fujin-{version[:12]}"


def names_of(version: str) -> Iterator[str]:
    """The names that models of a data version may have, the usual one first."""
    yield (usual := model_name(version))
    yield from (f"{usual}-{number}" for number in count(2))


def is_of(version: str, name: str) -> bool:
    """Whether a model of this name is of a data version."""
    usual = model_name(version)
    return name == usual or name.startswith(f"{usual}-")


def model_path(project: Path = PROJECT) -> Path:
    """Where the model for the present data, configuration and components lies, or would lie."""
    return pointer.file_of(project / "models", model_name(data_version(project)))


def is_whole(path: Path) -> bool:
    """Whether a model's archive can be read to its end: that of a training that was killed cannot."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return bool(archive.getmembers())
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return False


def _name(path: Path, project: Path) -> str:
    """Where an input lies, in whichever folder the project or the program is."""
    return str(path.relative_to(project if path.is_relative_to(project) else ROOT))


def _inputs(project: Path = PROJECT) -> Iterator[Path]:
    data = project / "nlu_data"
    yield from (project / "config.yml", project / "domain.yml")
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.suffix != ".md" and path.relative_to(data).parts[0] not in _LIVE_DATA:
            yield path
    yield ADAPTER
    yield from (path for path in sorted((ROOT / "bot" / "nlu").glob("*.py")) if path.name not in _LIVE_MODULES)


def rasa_environment(project: Path = PROJECT) -> dict[str, str]:
    """The environment of every Rasa process: its project, no telemetry, no TensorFlow chatter, one thread a server."""
    return (
        os.environ
        | processor.environment()
        | {
            "FUJIN_PROJECT": str(project),
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "-1",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
        }
    )


def check_environment(settings: Settings) -> None:
    """Raise TrainingError where there is nothing to train with."""
    if not settings.rasa_python.exists():
        raise TrainingError(f"Rasa's environment is missing at {settings.rasa_python}: run `make setup`")


def command(settings: Settings, out: Path, name: str) -> list[str]:
    """What trains the project in whose folder it is run, into `out` under this name.

    Raises:
        TrainingError: Rasa's environment is missing.
    """
    check_environment(settings)
    # --force: Rasa's cache knows a component by its class, not by the modules that do its work.
    # --skip-validation: a sixth of the time, and `python -m bot.nlu.dataset` (in `make test`) is stricter.
    options = ["--force", "--skip-validation", "--data", "nlu_data", "--out", str(out), "--fixed-model-name", name]
    return [str(settings.rasa_python), "-m", "rasa", "train", *options]


def train(settings: Settings, target: Path | None = None) -> Path:
    """Train a model for the present data into `target`, or where it belongs unless there is a whole one; Rasa's
    progress goes to the terminal.

    Rasa writes an archive where it shall be in the end: it is put there only when it is whole.

    Raises:
        TrainingError: Rasa did not write a model.
    """
    if target is None:
        target = model_path()
        if is_whole(target):
            return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".training-") as folder:
        made = Path(folder) / target.name
        asked = command(settings, made.parent, pointer.name_of(target))
        ends_too = end_with_parent(os.getpid())
        finished = subprocess.run(asked, cwd=PROJECT, env=rasa_environment(), check=False, preexec_fn=ends_too)  # noqa: S603
        if finished.returncode != 0 or not is_whole(made):
            raise TrainingError(
                "rasa train failed; its messages above say why. The models trained before are untouched."
            )
        made.replace(target)
    return target
