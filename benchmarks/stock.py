"""The baseline: a stock Rasa bot (jieba, DIET 100 epochs, ResponseSelector, REST, SQLite) on the same messages.

A hundred epochs over all messages take hours on two cores. Fewer epochs (`--stock-epochs`) give the same speed when
answering, a share of the messages (`--stock-share`) a stock bot that rather answers faster, as it knows fewer words.
The training time for a hundred epochs over all messages is then computed from two short trainings and said to be so.
"""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import yaml

from bot.settings import ROOT, Settings
from bot.studio.training import rasa_environment
from tests.stack import free_port

EPOCHS = 100


def configuration(epochs: int) -> dict[str, Any]:
    """The stock bot's config.yml."""
    return {
        "recipe": "default.v1",
        "assistant_id": "stock",
        "language": "zh",
        "pipeline": [
            {"name": "JiebaTokenizer"},
            {"name": "CountVectorsFeaturizer"},
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
            {"name": "DIETClassifier", "epochs": epochs, "random_seed": 1},
            {"name": "ResponseSelector", "epochs": epochs, "random_seed": 1},
        ],
        "policies": [{"name": "RulePolicy"}],
    }


@dataclass(frozen=True)
class StockModel:
    """The trained baseline: on which share of the messages; what its training took (seconds by the wall and of
    processor time) and when (ISO date)."""

    folder: Path
    model: Path
    epochs: int
    share: float
    train_seconds: float
    train_cpu_seconds: float
    trained_on: str


def train_stock(settings: Settings, cache: Path, epochs: int = EPOCHS, share: float = 1.0) -> StockModel:
    """Train the baseline on Fujin's own intent files, or take the one trained on these very files before."""
    intents = {
        f"{path.parent.name}-{path.name}": _share_of(path.read_text("utf-8"), share)
        for path in sorted((ROOT / "nlu_data" / "intents").rglob("*.yml"))
    }
    config = configuration(epochs)
    digest = hashlib.sha256(json.dumps([intents, config]).encode())
    folder = cache / f"stock-{epochs}-{digest.hexdigest()[:12]}"
    record = folder / "trained.json"
    if not record.exists():
        _write_project(folder, intents, config)
        command = [str(settings.rasa_python), "-m", "rasa", "train", "--fixed-model-name", "stock"]
        seconds, cpu_seconds = timed(command, folder)
        facts = {"seconds": seconds, "cpu_seconds": cpu_seconds, "date": time.strftime("%Y-%m-%d")}
        record.write_text(json.dumps(facts))
    facts = json.loads(record.read_text())
    model = folder / "models" / "stock.tar.gz"
    return StockModel(folder, model, epochs, share, facts["seconds"], facts["cpu_seconds"], facts["date"])


def _share_of(source: str, share: float) -> str:
    """An intent file with a share of its examples, taken evenly; two at least."""
    content = yaml.safe_load(source)
    for entry in content["nlu"]:
        examples = entry["examples"].splitlines()
        entry["examples"] = "\n".join(examples[:: min(round(1 / share), len(examples) // 2)]) + "\n"
    return yaml.safe_dump(content, allow_unicode=True)


def scaled(short: StockModel, longer: StockModel, epochs: int = EPOCHS) -> StockModel:
    """The longer training as it would be with so many epochs over all messages: a straight line through both trainings,
    on which an epoch takes the longer the more messages there are."""

    def at(first: float, second: float) -> float:
        an_epoch = (second - first) / (longer.epochs - short.epochs)
        return second - longer.epochs * an_epoch + epochs * an_epoch / longer.share

    return replace(
        longer,
        train_seconds=at(short.train_seconds, longer.train_seconds),
        train_cpu_seconds=at(short.train_cpu_seconds, longer.train_cpu_seconds),
    )


def timed(command: list[str], folder: Path, **more: str) -> tuple[float, float]:
    """Run a training and give its seconds by the wall and of processor time, children included; `more` is told to it
    by its environment."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=rasa_environment() | more, check=True, stdout=sys.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return round(time.monotonic() - began, 1), round(cpu, 1)


def _write_project(folder: Path, intents: Mapping[str, str], config: dict[str, Any]) -> None:
    data = folder / "data"
    shutil.rmtree(folder, ignore_errors=True)
    data.mkdir(parents=True)
    for name, content in intents.items():
        (data / name).write_text(content, encoding="utf-8")
    labels = sorted({name.partition("-")[0] for name in intents})
    rules = [{"rule": label, "steps": [{"intent": label}, {"action": f"utter_{label}"}]} for label in labels]
    (data / "rules.yml").write_text(yaml.safe_dump({"version": "3.1", "rules": rules}))
    (folder / "domain.yml").write_text(yaml.safe_dump({"version": "3.1", "intents": labels}))
    (folder / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False))
    (folder / "credentials.yml").write_text("rest:\n")
    (folder / "endpoints.yml").write_text(
        yaml.safe_dump({"tracker_store": {"type": "SQL", "dialect": "sqlite", "db": "tracker.db"}})
    )


class StockServer:
    """The baseline, running on loopback."""

    def __init__(self, settings: Settings, stock: StockModel) -> None:
        (stock.folder / "tracker.db").unlink(missing_ok=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        began = time.monotonic()
        self._process = subprocess.Popen(
            [
                *(str(settings.rasa_python), "-m", "rasa", "run", "--interface", "127.0.0.1"),
                *("--port", self.url.rsplit(":", 1)[1], "--model", str(stock.model)),
            ],
            cwd=stock.folder,
            env=rasa_environment() | {"HOME": os.environ.get("HOME", "/")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while True:
            try:
                httpx.get(self.url, timeout=2)
                break
            except httpx.HTTPError:
                if self._process.poll() is not None:
                    raise RuntimeError("the stock bot ended while starting") from None
                time.sleep(0.1)
        self.start_seconds = time.monotonic() - began

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(timeout=30)
