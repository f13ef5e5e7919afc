"""How well a trained model reads messages it has never seen, as a page that a trainer can read.

`python -m bot.nlu.evaluation --model models/… --seeds 1 2 3` judges the trained model and, for each seed, one trained
without a random tenth of the training messages. The training itself has no chance in it: only data can vary.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot.nlu.dataset import TestMessage, read_test_messages
from bot.nlu.safety_net import SafetyNet
from bot.nlu.triage import LABELS, URGENT, Triage

_CONFIDENCE_BINS = 10


@dataclass(frozen=True)
class Answer:
    """A test message and what the whole, the model alone and the net alone made of it."""

    message: TestMessage
    whole: Triage
    model: Triage
    net: Triage
    probabilities: dict[str, float]
    """P(label) by the model."""
    milliseconds: float


Reading = Callable[[Answer], Triage]
"""Which of an answer's readings: the whole, the model alone, the net alone."""


@dataclass(frozen=True)
class Ratio:
    """A share with its 95 % Wilson interval."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.hits / self.total if self.total else float("nan")

    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % interval."""
        if not self.total:
            return 0.0, 1.0
        z = 1.96
        middle = self.value + z * z / (2 * self.total)
        spread = z * np.sqrt(self.value * (1 - self.value) / self.total + z * z / (4 * self.total**2))
        scale = 1 + z * z / self.total
        return max(0.0, float((middle - spread) / scale)), min(1.0, float((middle + spread) / scale))

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.value:.3f} ({low:.3f}–{high:.3f}, {self.hits}/{self.total})" if self.total else "–"


def urgent_recall(pairs: Iterable[tuple[str, str]]) -> Ratio:
    """Of the emergencies, how many were paged; pairs are (wanted label, given label)."""
    given = [label for wanted, label in pairs if wanted == URGENT]
    return Ratio(sum(label == URGENT for label in given), len(given))


def page_precision(pairs: Iterable[tuple[str, str]]) -> Ratio:
    """Of the pages, how many were for an emergency."""
    wanted = [label for label, given in pairs if given == URGENT]
    return Ratio(sum(label == URGENT for label in wanted), len(wanted))


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean F1 of the labels that occur."""
    scores = []
    for label in LABELS:
        hits = sum(wanted == given == label for wanted, given in pairs)
        total = sum(wanted == label for wanted, _ in pairs) + sum(given == label for _, given in pairs)
        if total:
            scores.append(2 * hits / total)
    return statistics.fmean(scores) if scores else float("nan")


def calibration(
    samples: Sequence[tuple[Mapping[str, float], str]],
) -> tuple[float, list[tuple[float, float, int]]]:
    """ECE of the label held likeliest, and the bins (mean confidence, accuracy, messages).

    A sample is P(label), and the wanted label.
    """
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for probabilities, wanted in samples:
        label, confidence = max(probabilities.items(), key=lambda item: item[1])
        place = min(int(confidence * _CONFIDENCE_BINS), _CONFIDENCE_BINS - 1)
        bins[place].append((confidence, label == wanted))
    points = [
        (statistics.fmean(c for c, _ in found), statistics.fmean(float(hit) for _, hit in found), len(found))
        for _, found in sorted(bins.items())
    ]
    return sum(abs(c - a) * n for c, a, n in points) / max(len(samples), 1), points


def calibration_error(answers: Sequence[Answer]) -> tuple[float, list[tuple[float, float, int]]]:
    """ECE of the label the model holds likeliest, and the bins (mean confidence, accuracy, messages)."""
    return calibration([(answer.probabilities, answer.message.label) for answer in answers])


def processor_of(model: Path) -> Any:
    """Rasa's processor of a trained model. Raises FileNotFoundError when there is none."""
    import structlog
    from rasa.core.agent import Agent

    # Outside `rasa run` nothing else keeps Rasa's debug messages, and the residents' words in them, off the screen.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    processor = Agent.load(str(model)).processor
    if processor is None:
        raise FileNotFoundError(f"{model} holds no trained model. Train one with `rasa train --data nlu_data`.")
    return processor


def _heard(text: str) -> Any:
    from rasa.core.channels.channel import UserMessage

    return UserMessage(text)


async def answers(model: Path, messages: Sequence[TestMessage], net: SafetyNet) -> list[Answer]:
    """Read every message as the station does, and with the net alone."""
    from bot.nlu.reader import Reader

    processor, found = processor_of(model), []
    for message in messages[:20]:
        await Reader(processor).parse(message.text)
    reader = Reader(processor)  # one that has read nothing yet: a reading that it keeps would take no time
    for message in messages:
        began = time.perf_counter()
        parsed = await reader.parse(message.text)
        milliseconds = (time.perf_counter() - began) * 1000
        ranked = {item["name"]: item["confidence"] for item in parsed["intent_ranking"] if item["name"] in LABELS}
        found.append(
            Answer(
                message=message,
                whole=Triage.from_json(parsed["triage"]),
                model=Triage.from_json(parsed["model_triage"]),
                net=net.triage(message.text),
                probabilities=ranked,
                milliseconds=milliseconds,
            )
        )
    return found


def pairs(found: Iterable[Answer], reader: Reading) -> list[tuple[str, str]]:
    """(wanted label, given label) of each answer by one reader."""
    return [(answer.message.label, reader(answer).label) for answer in found]


def fine_hits(found: Sequence[Answer], reader: Reading) -> Ratio:
    """How often the fine intent was right."""
    return Ratio(sum(reader(answer).intent == answer.message.intent for answer in found), len(found))


@dataclass(frozen=True)
class Figures:
    """What one model did on the test messages, as the targets name it."""

    recall: Ratio
    precision: Ratio
    macro_f1: float
    fine: Ratio
    topic: Ratio
    calibration_error: float

    @classmethod
    def of(cls, found: Sequence[Answer], reader: Reading) -> Figures:
        """The figures of one reader."""
        read = pairs(found, reader)
        return cls(
            recall=urgent_recall(read),
            precision=page_precision(read),
            macro_f1=macro_f1(read),
            fine=fine_hits(found, reader),
            topic=fine_hits([answer for answer in found if answer.message.label == "enquiry"], reader),
            calibration_error=calibration_error(found)[0],
        )


def trained_with(seed: int, leave_out: float, folder: Path) -> Path:
    """A model trained without a random share of the training messages, drawn by `seed`."""
    config = yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))
    for component in config["pipeline"]:
        if component["name"].endswith("TriageClassifier"):
            component |= {"seed": seed, "leave_out": leave_out}
    folder.mkdir(parents=True, exist_ok=True)
    changed = folder / f"config-{seed}.yml"
    changed.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    command = [sys.executable, "-m", "rasa", "train", "nlu", "--nlu", "nlu_data", "--config", str(changed)]
    subprocess.run(  # noqa: S603 - our own interpreter and files
        [*command, "--out", str(folder), "--fixed-model-name", f"seed-{seed}"], check=True, stdout=subprocess.DEVNULL
    )
    return folder / f"seed-{seed}.tar.gz"


async def stock_answers(model: Path, messages: Sequence[TestMessage]) -> list[tuple[str, str]]:
    """(wanted label, given label) by a stock Rasa model whose intents are the labels, or begin with them."""
    processor = processor_of(model)
    read = []
    for message in messages:
        parsed = await processor.parse_message(_heard(message.text))
        read.append((message.label, str(parsed["intent"]["name"]).partition("/")[0]))
    return read


def main() -> None:
    """Evaluate, and write the page as Markdown and as HTML with its pictures beside them."""
    from bot.nlu.evaluation_report import Report, write

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models"), help="a trained model, or a directory of them")
    parser.add_argument("--test", type=Path, default=Path("nlu_data/test/messages.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[], help="train and judge a model for each as well")
    parser.add_argument("--leave-out", type=float, default=0.1, help="share of the messages a seed's model misses")
    parser.add_argument("--work", type=Path, default=Path("var/evaluation"), help="where the seeds' models go")
    parser.add_argument("--stock", type=Path, help="a stock Rasa model, to be judged on the same messages")
    parser.add_argument("--stock-note", default="", help="what to say about the stock model")
    arguments = parser.parse_args()
    messages, net = list(read_test_messages(arguments.test)), SafetyNet.load()
    found = asyncio.run(answers(arguments.model, messages, net))
    seeds = {}
    for seed in arguments.seeds:
        model = trained_with(seed, arguments.leave_out, arguments.work)
        seeds[seed] = Figures.of(asyncio.run(answers(model, messages, net)), lambda answer: answer.whole)
    stock = asyncio.run(stock_answers(arguments.stock, messages)) if arguments.stock else None
    report = Report(arguments.model.name, found, seeds, arguments.leave_out, stock, arguments.stock_note, _costs())
    print(write(report, arguments.out))


def _costs() -> tuple[float, float]:
    """What a missed emergency and a false page cost, as config.yml says."""
    config = yaml.safe_load(Path("config.yml").read_text(encoding="utf-8"))
    classifier = next(item for item in config["pipeline"] if item["name"].endswith("TriageClassifier"))
    return float(classifier["cost_missed_emergency"]), float(classifier["cost_false_page"])


if __name__ == "__main__":
    # By its own name: the report knows the classes of that module, not those of "__main__".
    from bot.nlu import evaluation

    evaluation.main()
