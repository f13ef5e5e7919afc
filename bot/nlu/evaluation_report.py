"""The evaluation as a page for trainers: Markdown for the repository, HTML with pictures for a browser."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlu.evaluation import (
    Answer,
    Figures,
    Ratio,
    Reading,
    calibration_error,
    fine_hits,
    macro_f1,
    page_precision,
    pairs,
    urgent_recall,
)
from bot.nlu.triage import LABELS, URGENT

READERS: dict[str, Reading] = {
    "whole": lambda answer: answer.whole,
    "model alone": lambda answer: answer.model,
    "net alone": lambda answer: answer.net,
}
TARGETS = {"recall": 0.985, "precision": 0.92, "macro_f1": 0.93, "topic": 0.95, "calibration_error": 0.03}
_TITLES = {
    "recall": "urgent recall",
    "precision": "precision of pages",
    "macro_f1": "label macro-F1",
    "fine": "fine intent",
    "topic": "enquiry topic",
    "calibration_error": "calibration error (ECE) of the label",
}


@dataclass(frozen=True)
class Report:
    """All that the page tells. `costs` are those of a missed emergency and of a false page."""

    model: str
    found: Sequence[Answer]
    seeds: Mapping[int, Figures]
    leave_out: float
    stock: Sequence[tuple[str, str]] | None
    stock_note: str
    costs: tuple[float, float]


def write(report: Report, out: Path) -> str:
    """Write `out`, the same as .html, and the pictures beside them; return the first section."""
    out.parent.mkdir(parents=True, exist_ok=True)
    page = markdown_page(report)
    out.write_text(page, encoding="utf-8")
    drawn = {name: draw(report, out.parent / f"{out.stem}-{name}.svg") for name, draw in PICTURES.items()}
    out.with_suffix(".html").write_text(_html(page, out.stem, drawn), encoding="utf-8")
    return page.split("\n## Easy")[0]


def markdown_page(report: Report) -> str:
    """The page in Markdown."""
    found = report.found
    missed = [answer for answer in found if answer.message.label == URGENT and not answer.whole.urgent]
    false = [answer for answer in found if answer.message.label != URGENT and answer.whole.urgent]
    parts = [
        f"# Evaluation\n\nModel `{report.model}`, {len(found)} test messages that it was not trained on. "
        "Intervals are 95 % Wilson intervals. Written by `make evaluate`; "
        "[evaluation.html](evaluation.html) is the same page with its pictures in it.",
        _figures(report),
        _seeds(report),
        _beside(report),
        _net(found),
        "## Pictures\n\n" + "\n".join(f"![{title}](evaluation-{name}.svg)" for name, title in _CAPTIONS.items()),
        _groups("Easy and hard", found, lambda answer: "hard" if answer.message.hard else "easy"),
        _groups("By style", found, lambda answer: answer.message.style or "–"),
        _confusion(found),
        _texts("Missed emergencies", missed),
        _texts("False pages", false),
        _confused_topics(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _figures(report: Report) -> str:
    columns = [Figures.of(report.found, reader) for reader in READERS.values()]
    lines = ["## Figures\n", "| figure | target | " + " | ".join(READERS) + " |", "| --- " * 5 + "|"]
    for name, title in _TITLES.items():
        values = [_shown(getattr(figures, name)) for figures in columns]
        if name == "calibration_error":
            values[1:] = ["", ""]
        lines.append(f"| {title} | {_target(name)} | " + " | ".join(values) + " |")
    times = sorted(answer.milliseconds for answer in report.found)
    asked = Ratio(sum(answer.whole.uncertain for answer in report.found), len(report.found))
    missed, false = report.costs
    return "\n".join(
        [
            *lines,
            f'\nThe net alone says only "urgent" or "a human reads this" (counted as help_request). '
            f"Asked back: {asked}. Reading a message takes {statistics.median(times):.1f} ms (median), "
            f"{times[int(0.99 * (len(times) - 1))]:.1f} ms (99th percentile).",
            f"\nA missed emergency is priced at {missed:g} false pages, so a page goes out from "
            f"P(urgent) = {false:g} / ({missed:g} + {false:g}) = {false / (missed + false):.2f}.",
        ]
    )


def _target(name: str) -> str:
    if name not in TARGETS:
        return ""
    return ("≤ " if name == "calibration_error" else "≥ ") + f"{TARGETS[name]}"


def _shown(value: Ratio | float) -> str:
    return str(value) if isinstance(value, Ratio) else f"{value:.3f}"


def _plain(value: Ratio | float) -> float:
    return value.value if isinstance(value, Ratio) else value


def _seeds(report: Report) -> str:
    """Worst and median of the models that missed a part of the training messages."""
    if not report.seeds:
        return ""
    lines = [
        f"## {len(report.seeds)} seeds\n",
        "Training is a closed form: with the same messages it gives the same model. So each seed trains without "
        f"another random {report.leave_out:.0%} of the training messages.\n",
        "| figure | target | worst | median | " + " | ".join(f"seed {seed}" for seed in report.seeds) + " |",
        "| --- " * (4 + len(report.seeds)) + "|",
    ]
    for name, title in _TITLES.items():
        values = [_plain(getattr(figures, name)) for figures in report.seeds.values()]
        worst = max(values) if name == "calibration_error" else min(values)
        row = (worst, statistics.median(values), *values)
        lines.append(f"| {title} | {_target(name)} | " + " | ".join(f"{value:.3f}" for value in row) + " |")
    return "\n".join(lines)


def _beside(report: Report) -> str:
    """The labels by stock Rasa and by rules only, on the same messages."""
    rows = {"Fujin": pairs(report.found, READERS["whole"])}
    if report.stock is not None:
        rows["stock Rasa (jieba, DIET)"] = list(report.stock)
    rows["rules only (the net)"] = pairs(report.found, READERS["net alone"])
    lines = ["## Beside stock Rasa and rules only\n", "| | urgent recall | precision of pages | label macro-F1 |"]
    lines.append("| --- | --- | --- | --- |")
    for name, read in rows.items():
        lines.append(f"| {name} | {urgent_recall(read)} | {page_precision(read)} | {macro_f1(read):.3f} |")
    return "\n".join(lines) + (f"\n\n{report.stock_note}" if report.stock_note else "")


def _net(found: Sequence[Answer]) -> str:
    """What the safety net adds to the model, and what it costs."""
    raised = [answer for answer in found if answer.whole.urgent and not answer.model.urgent]
    saved = sum(answer.message.label == URGENT for answer in raised)
    asked = sum(answer.whole.doubted for answer in found)
    in_danger = sum(answer.whole.doubted and answer.message.label == URGENT for answer in found)
    named = sum(answer.whole.urgent and answer.whole.seen_by_net for answer in found)
    paged = sum(answer.whole.urgent for answer in found)
    return (
        "## What the safety net adds\n\n"
        f"Above the model it raised {len(raised)} messages: {saved} emergencies that the model had missed, "
        f"{len(raised) - saved} false pages. In {asked} messages that the model was sure of it only asks, "
        f"{in_danger} of them emergencies. It named a rule and its words in {named} of {paged} pages. "
        "While Rasa is away it is all there is: the column above."
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
    whole = READERS["whole"]
    for name, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        read = pairs(group, whole)
        right = Ratio(sum(wanted == given for wanted, given in read), len(read))
        figures = " | ".join(map(str, (urgent_recall(read), page_precision(read), right, fine_hits(group, whole))))
        lines.append(f"| {name} | {len(group)} | {figures} |")
    return "\n".join(lines)


def _counts(found: Sequence[Answer]) -> list[list[int]]:
    return [
        [sum(a.message.label == wanted and a.whole.label == given for a in found) for given in LABELS]
        for wanted in LABELS
    ]


def _confusion(found: Sequence[Answer]) -> str:
    lines = [
        "## Confusion matrix\n\nRows: the right label. Columns: the given one.\n",
        "| | " + " | ".join(LABELS) + " |",
        "| --- | " + " | ".join("---:" for _ in LABELS) + " |",
    ]
    for wanted, counts in zip(LABELS, _counts(found), strict=True):
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


def _confused_topics(found: Sequence[Answer]) -> str:
    wrong = [a for a in found if a.message.label == "enquiry" and a.whole.intent != a.message.intent]
    return _texts("Enquiries with another topic or label", wrong)


def _reliability(report: Report, path: Path) -> str:
    """How honest the confidences are."""
    _, points = calibration_error(report.found)
    figure, axes = _canvas(4.5, 4)
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    axes.plot([c for c, _, _ in points], [a for _, a, _ in points], marker="o")
    for confidence, accuracy, number in points:
        axes.annotate(str(number), (confidence, accuracy), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(
        xlabel="P(label) of the model", ylabel="share that is right", title="Reliability", xlim=(0, 1), ylim=(0, 1)
    )
    return _save(figure, path)


def _cost(report: Report, path: Path) -> str:
    """What each threshold would have cost on these messages."""
    missed, false = report.costs
    thresholds = np.linspace(0.01, 0.99, 99)
    urgent = np.array([answer.probabilities.get(URGENT, 0.0) for answer in report.found])
    wanted = np.array([answer.message.label == URGENT for answer in report.found])
    misses = np.array([(wanted & (urgent < threshold)).sum() for threshold in thresholds])
    pages = np.array([(~wanted & (urgent >= threshold)).sum() for threshold in thresholds])
    figure, axes = _canvas(5.5, 4)
    axes.plot(thresholds, misses * missed + pages * false, label="cost in false pages")
    axes.plot(thresholds, misses, label="missed emergencies")
    axes.plot(thresholds, pages, label="false pages")
    axes.axvline(false / (false + missed), color="0.5", linestyle="--", label="threshold in use")
    axes.set(xlabel="page from this P(urgent)", title="What a threshold costs (model alone)", yscale="symlog")
    axes.legend(fontsize=7)
    return _save(figure, path)


def _matrix(report: Report, path: Path) -> str:
    """The confusion matrix as a picture, shaded by row."""
    counts = np.array(_counts(report.found))
    figure, axes = _canvas(5, 4)
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=8, color="0.4")
    axes.set_xticks(range(len(LABELS)), LABELS, rotation=25, fontsize=7)
    axes.set_yticks(range(len(LABELS)), LABELS, fontsize=7)
    axes.set(xlabel="given", ylabel="right", title="Confusion of labels")
    return _save(figure, path)


PICTURES: dict[str, Callable[[Report, Path], str]] = {"reliability": _reliability, "cost": _cost, "confusion": _matrix}
_CAPTIONS = {"reliability": "Reliability", "cost": "What a threshold costs", "confusion": "Confusion of labels"}


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "fujin"  # the same answers must give the same files
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(width, height))
    return figure, axes


def _save(figure: Any, path: Path) -> str:
    """Write the picture; return its SVG element."""
    from matplotlib import pyplot

    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    drawn = path.read_text(encoding="utf-8")
    return drawn[drawn.index("<svg") :]


_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1c2733}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border:1px solid #cfd8e3;padding:.25rem .6rem}"
    "th{background:#eef3f8}li{margin:.4rem 0}svg{max-width:100%;height:auto}code{background:#eef3f8}"
)


def _html(page: str, stem: str, drawn: Mapping[str, str]) -> str:
    """The page as one HTML file that needs nothing beside it. What residents wrote is escaped first."""
    import html

    import markdown  # type: ignore[import-untyped]

    body = markdown.markdown(html.escape(page, quote=False), extensions=["tables"])
    for name, title in _CAPTIONS.items():
        body = body.replace(f'<img alt="{title}" src="{stem}-{name}.svg" />', drawn[name])
    head = f'<meta charset="utf-8"><title>Evaluation</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en">{head}{body}</html>'
