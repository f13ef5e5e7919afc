"""The model that belongs to the present data: named by a fingerprint, trained by plain `rasa train` when missing."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bot.settings import ROOT, Settings

MODELS = ROOT / "models"
_DATA = ROOT / "nlu_data"
_LIVE_DATA = frozenset(
    {"test", "answers", "demo"}
    | {f"{name}.yml" for name in ("local_facts", "aspects", "dog_breeds", "alarm_questions", "menu", "articles")}
)
"""What nobody trains on: the test set, and files that are read while the bot runs."""
_LIVE_MODULES = frozenset(
    f"{name}.py"
    for name in (
        *("dataset", "evaluation", "evaluation_report"),
        *("answers", "channel", "context", "form_reader", "knowledge", "live_file", "names", "question", "reader"),
        *("tracker_store", "values", "wording"),
    )
)
"""Modules that judge a model or use one without being a part of it."""


class TrainingError(Exception):
    """Training failed; the text says where its output is."""


def model_path() -> Path:
    """Where the model for the present data, configuration and components lies, or would lie."""
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return MODELS / f"fujin-{digest.hexdigest()[:12]}.tar.gz"


def _inputs() -> Iterator[Path]:
    yield from (ROOT / "config.yml", ROOT / "domain.yml")
    for path in sorted(_DATA.rglob("*")):
        if path.is_file() and path.suffix != ".md" and path.relative_to(_DATA).parts[0] not in _LIVE_DATA:
            yield path
    yield from (path for path in sorted((ROOT / "bot" / "nlu").glob("*.py")) if path.name not in _LIVE_MODULES)


def rasa_environment() -> dict[str, str]:
    """The environment of every Rasa process: no telemetry, no TensorFlow chatter, one thread a server."""
    return os.environ | {
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


def train(settings: Settings, *, force: bool = False) -> Path:
    """Train a model for the present data unless there is one; Rasa's progress goes to the terminal.

    Raises:
        TrainingError: Rasa did not write a model.
    """
    target = model_path()
    if target.exists() and not force:
        return target
    if not settings.rasa_python.exists():
        raise TrainingError(f"Rasa's environment is missing at {settings.rasa_python}: run `make setup`")
    # --force: Rasa's cache knows a component by its class, not by the modules that do its work.
    # --skip-validation: a sixth of the time, and `python -m bot.nlu.dataset` (in `make test`) is stricter.
    options = ["--force", "--skip-validation", "--data", "nlu_data", "--out", str(MODELS)]
    command = [str(settings.rasa_python), "-m", "rasa", "train", *options]
    name = target.name.removesuffix(".tar.gz")
    finished = subprocess.run([*command, "--fixed-model-name", name], cwd=ROOT, env=rasa_environment(), check=False)  # noqa: S603
    if finished.returncode != 0 or not target.exists():
        raise TrainingError("rasa train failed; its messages above say why. The models trained before are untouched.")
    return target
