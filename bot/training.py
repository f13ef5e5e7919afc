"""The model that belongs to the present data: named by a fingerprint, trained by plain `rasa train` when missing."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bot.settings import ROOT, Settings

MODELS = ROOT / "models"
_NOT_LEARNT = frozenset({ROOT / "nlu_data" / "test", ROOT / "nlu_data" / "demo"})
_JUDGES = frozenset({"dataset.py", "evaluation.py", "evaluation_report.py"})
"""Modules that look at data and models without being a part of one."""


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
    for folder in ("nlu_data", "bot/nlu"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix not in {".pyc", ".md"} and path.name not in _JUDGES:
                if _NOT_LEARNT.intersection(path.parents):
                    continue
                yield path


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
