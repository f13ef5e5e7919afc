"""How well a trained model reads messages it has never seen, as a page that a trainer can read.

`python -m bot.nlu.evaluation --model models/… --test nlu_data/test/messages.jsonl --out docs/evaluation.md`
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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


def calibration_error(answers: Sequence[Answer]) -> tuple[float, list[tuple[float, float, int]]]:
    """ECE of the label the model holds likeliest, and the bins (mean confidence, accuracy, messages)."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for answer in answers:
        label, confidence = max(answer.probabilities.items(), key=lambda item: item[1])
        place = min(int(confidence * _CONFIDENCE_BINS), _CONFIDENCE_BINS - 1)
        bins[place].append((confidence, label == answer.message.label))
    points = [
        (statistics.fmean(c for c, _ in found), statistics.fmean(float(hit) for _, hit in found), len(found))
        for _, found in sorted(bins.items())
    ]
    return sum(abs(c - a) * n for c, a, n in points) / max(len(answers), 1), points


async def answers(model: Path, messages: Sequence[TestMessage], net: SafetyNet) -> list[Answer]:
    """Read every message with the trained model and with the net alone."""
    import structlog
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage

    # Outside `rasa run` nothing else keeps Rasa's debug messages, and the residents' words in them, off the screen.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    processor = Agent.load(str(model)).processor
    if processor is None:
        raise FileNotFoundError(f"{model} holds no trained model. Train one with `rasa train --data nlu_data`.")
    for message in messages[:20]:
        await processor.parse_message(UserMessage(message.text))
    found = []
    for message in messages:
        began = time.perf_counter()
        parsed: dict[str, Any] = await processor.parse_message(UserMessage(message.text), only_output_properties=False)
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


def report(found: Sequence[Answer], model: str) -> str:
    """The page in Markdown."""
    parts = [
        f"# Evaluation\n\nModel `{model}`, {len(found)} test messages that it was not trained on. "
        "Intervals are 95 % Wilson intervals. Written by `python -m bot.nlu.evaluation`.",
        _figures(found),
        _groups("Easy and hard", found, lambda answer: "hard" if answer.message.hard else "easy"),
        _groups("By style", found, lambda answer: answer.message.style or "–"),
        _confusion(found),
        "## Pictures\n\n![Reliability](evaluation-reliability.svg) ![What a threshold costs](evaluation-cost.svg)",
        _texts(
            "Missed emergencies",
            [answer for answer in found if answer.message.label == URGENT and not answer.whole.urgent],
        ),
        _texts("False pages", [answer for answer in found if answer.message.label != URGENT and answer.whole.urgent]),
    ]
    return "\n\n".join(parts) + "\n"


def _pairs(found: Sequence[Answer], reader: Callable[[Answer], Triage]) -> list[tuple[str, str]]:
    return [(answer.message.label, reader(answer).label) for answer in found]


def _figures(found: Sequence[Answer]) -> str:
    readers: dict[str, Callable[[Answer], Triage]] = {
        "whole": lambda answer: answer.whole,
        "model alone": lambda answer: answer.model,
        "net alone": lambda answer: answer.net,
    }
    enquiries = [answer for answer in found if answer.message.label == "enquiry"]

    def row(title: str, figure: Callable[[Callable[[Answer], Triage]], object]) -> str:
        return f"| {title} | " + " | ".join(str(figure(reader)) for reader in readers.values()) + " |"

    def fine(reader: Callable[[Answer], Triage], among: Sequence[Answer]) -> Ratio:
        return Ratio(sum(reader(answer).intent == answer.message.intent for answer in among), len(among))

    error, _ = calibration_error(found)
    asked = Ratio(sum(answer.whole.uncertain for answer in found), len(found))
    return "\n".join(
        [
            "## Figures\n",
            "| figure | " + " | ".join(readers) + " |",
            "| --- | " + " | ".join("---" for _ in readers) + " |",
            row("urgent recall", lambda reader: urgent_recall(_pairs(found, reader))),
            row("precision of pages", lambda reader: page_precision(_pairs(found, reader))),
            row("label macro-F1", lambda reader: f"{macro_f1(_pairs(found, reader)):.3f}"),
            row("fine intent", lambda reader: fine(reader, found)),
            row("enquiry topic", lambda reader: fine(reader, enquiries)),
            f'\nThe net alone says only "urgent" or "a human reads this" (counted as help_request).\n\n'
            f"Expected calibration error of the label: {error:.3f}. Asked back: {asked}. "
            f"Reading a message takes {statistics.median(a.milliseconds for a in found):.1f} ms (median), "
            f"{sorted(a.milliseconds for a in found)[int(0.99 * (len(found) - 1))]:.1f} ms (99th percentile).",
        ]
    )


def _groups(title: str, found: Sequence[Answer], key: Callable[[Answer], str]) -> str:
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in found:
        groups[key(answer)].append(answer)
    lines = [
        f"## {title}\n",
        "| group | messages | urgent recall | precision of pages | label accuracy | fine intent |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        pairs = _pairs(group, lambda answer: answer.whole)
        right = Ratio(sum(wanted == given for wanted, given in pairs), len(pairs))
        fine = Ratio(sum(answer.whole.intent == answer.message.intent for answer in group), len(group))
        figures = " | ".join(map(str, (urgent_recall(pairs), page_precision(pairs), right, fine)))
        lines.append(f"| {name} | {len(group)} | {figures} |")
    return "\n".join(lines)


def _confusion(found: Sequence[Answer]) -> str:
    lines = [
        "## Confusion matrix\n\nRows: the right label. Columns: the given one.\n",
        "| | " + " | ".join(LABELS) + " |",
        "| --- | " + " | ".join("---:" for _ in LABELS) + " |",
    ]
    for wanted in LABELS:
        counts = [sum(a.message.label == wanted and a.whole.label == given for a in found) for given in LABELS]
        lines.append(f"| **{wanted}** | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def _texts(title: str, chosen: Sequence[Answer]) -> str:
    lines = [f"## {title}: {len(chosen)}\n"]
    for answer in sorted(chosen, key=lambda answer: -answer.probabilities.get(URGENT, 0.0)):
        why = "; ".join(f"{item.rule}: {' '.join(item.words)}" for item in answer.whole.evidence)
        asked = ", asked back" if answer.whole.uncertain else ""
        lines.append(
            f"- `{answer.message.id}` {answer.message.text.strip()} → {answer.whole.intent or answer.whole.label} "
            f"(P(urgent) {answer.probabilities.get(URGENT, 0.0):.2f}{asked}); right: {answer.message.intent}"
            + (f"; {why}" if why else "")
        )
    return "\n".join(lines) if chosen else f"## {title}: none"


def pictures(found: Sequence[Answer], directory: Path, missed: float, false: float) -> None:
    """Draw how honest the confidences are, and what each threshold would cost."""
    import matplotlib

    matplotlib.use("Agg")
    # The same answers must give the same files.
    matplotlib.rcParams["svg.hashsalt"] = "fujin"
    from matplotlib import pyplot

    _, points = calibration_error(found)
    figure, axes = pyplot.subplots(figsize=(4.5, 4))
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    axes.plot([c for c, _, _ in points], [a for _, a, _ in points], marker="o")
    for confidence, accuracy, number in points:
        axes.annotate(str(number), (confidence, accuracy), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(
        xlabel="P(label) of the model", ylabel="share that is right", title="Reliability", xlim=(0, 1), ylim=(0, 1)
    )
    _save(figure, directory / "evaluation-reliability.svg")

    thresholds = np.linspace(0.01, 0.99, 99)
    urgent = np.array([answer.probabilities.get(URGENT, 0.0) for answer in found])
    wanted = np.array([answer.message.label == URGENT for answer in found])
    misses = np.array([(wanted & (urgent < threshold)).sum() for threshold in thresholds])
    pages = np.array([(~wanted & (urgent >= threshold)).sum() for threshold in thresholds])
    figure, axes = pyplot.subplots(figsize=(5.5, 4))
    axes.plot(thresholds, misses * missed + pages * false, label="cost in false pages")
    axes.plot(thresholds, misses, label="missed emergencies")
    axes.plot(thresholds, pages, label="false pages")
    axes.axvline(false / (false + missed), color="0.5", linestyle="--", label="threshold in use")
    axes.set(xlabel="page from this P(urgent)", title="What a threshold costs (model alone)", yscale="symlog")
    axes.legend(fontsize=7)
    _save(figure, directory / "evaluation-cost.svg")


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    """Evaluate and write the page with its two pictures beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models"), help="a trained model, or a directory of them")
    parser.add_argument("--test", type=Path, default=Path("nlu_data/test/messages.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"))
    parser.add_argument("--cost-missed", type=float, default=9.0, help="cost of a missed emergency, in false pages")
    arguments = parser.parse_args()
    found = asyncio.run(answers(arguments.model, list(read_test_messages(arguments.test)), SafetyNet.load()))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(report(found, arguments.model.name), encoding="utf-8")
    pictures(found, arguments.out.parent, arguments.cost_missed, 1.0)
    print(report(found, arguments.model.name).split("\n## Easy")[0])


if __name__ == "__main__":
    main()
