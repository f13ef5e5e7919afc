"""How many reviewed messages the trainers' inbox needs, against reviewing in the order of arrival.

`.venv-rasa/bin/python -m benchmarks.review_order` begins with a model trained on a tenth of the training messages and
plays trainers: the other nine tenths arrive in the order of chance, a round of them is labelled with what they really
are, a model is fitted again, and the test messages say how good it is. The inbox takes the most useful first
(`bot.studio.usefulness`), the other way takes them as they came. Writes `docs/studio-order.svg` and prints a table.
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jieba
import numpy as np
from numpy.typing import NDArray

from bot.nlu.dataset import Dataset, Example
from bot.nlu.embedding import Encoder, encode_on_all_cores
from bot.nlu.features import NGrams, grams
from bot.nlu.kernel import KernelModel, Settings, fit, label_sums
from bot.nlu.normaliser import TYPOS, Normaliser
from bot.nlu.triage import LABELS
from bot.studio.usefulness import Thought, usefulness

FIRST = 0.1
ROUND = 100
ROUNDS = 20


@dataclass(frozen=True)
class Read:
    """Messages with all that a model sees of them: n-grams, and the sentence embedding of each row."""

    intents: list[str]
    documents: list[list[tuple[str, int, int]]]
    embeddings: NDArray[np.float32]


def read(examples: Sequence[Example]) -> Read:
    """Normalise, cut and embed, as the pipeline of `config.yml` does."""
    normalise = Normaliser(TYPOS)
    texts = [normalise.content(example.text) or example.text for example in examples]
    words = [[(word, start) for word, start, _ in jieba.tokenize(text)] for text in texts]
    return Read(
        [example.intent for example in examples],
        [grams(text, cut) for text, cut in zip(texts, words, strict=True)],
        # The other encoder has learnt from the messages that nobody has reviewed yet.
        encode_on_all_cores(texts, Encoder()),
    )


class Round:
    """A model fitted on some of the messages."""

    def __init__(self, messages: Read, known: Sequence[int]) -> None:
        self._messages = messages
        self.examples = Counter(messages.intents[number] for number in known)
        documents = [messages.documents[number] for number in known]
        self._ngrams, rows = NGrams.fit(documents, min_documents=2)
        targets = [messages.intents[number] for number in known]
        embeddings = messages.embeddings[known]
        own = np.ones(len(known), dtype=bool)
        self.model: KernelModel = fit(rows, embeddings, targets, Settings(), judged_by=own).model

    def read(self, messages: Read, numbers: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """P(intent) of each of these messages, and how near the nearest known one is."""
        rows = [self._ngrams.row(messages.documents[number]) for number in numbers]
        return self.model.read(rows, messages.embeddings[list(numbers)])

    def thoughts(self, numbers: Sequence[int]) -> Iterator[Thought]:
        """What the inbox knows of messages: P(label), the likeliest intents, and the nearest one that is known."""
        fine, nearest = self.read(self._messages, numbers)
        labels = label_sums(fine, self.model.label_of)
        for row, of_label, near in zip(fine, labels, nearest, strict=True):
            ranked = tuple((self.model.intents[index], float(row[index])) for index in row.argsort()[::-1][:5])
            yield Thought(dict(zip(LABELS, map(float, of_label), strict=True)), ranked, float(near))


def macro_f1(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Mean F1 of the fine intents that occur in the test messages."""
    hits: dict[str, int] = defaultdict(int)
    for one, other in zip(wanted, given, strict=True):
        hits[one] += one == other
    return statistics.fmean(
        2 * hits[intent] / (wanted.count(intent) + given.count(intent)) for intent in sorted(set(wanted))
    )


Order = Callable[[Round, list[int]], list[int]]


def as_they_came(_round: Round, waiting: list[int]) -> list[int]:
    """The order of arrival."""
    return waiting


def as_the_inbox_has_them(now: Round, waiting: list[int]) -> list[int]:
    """The most useful first."""
    scored = zip((usefulness(thought, now.examples) for thought in now.thoughts(waiting)), waiting, strict=True)
    return [number for _, number in sorted(scored, key=lambda item: -item[0])]


def curve(messages: Read, tests: Read, order: Order, seed: int) -> list[tuple[int, float]]:
    """(reviewed messages, macro-F1 on the test messages) round by round."""
    chance = np.random.default_rng(seed)
    arrival = [int(number) for number in chance.permutation(len(messages.intents))]
    first = int(len(arrival) * FIRST)
    known, waiting, points = arrival[:first], arrival[first:], []
    for number in range(ROUNDS + 1):
        now = Round(messages, known)
        best = now.read(tests, range(len(tests.intents)))[0].argmax(axis=1)
        points.append((number * ROUND, macro_f1(tests.intents, [now.model.intents[index] for index in best])))
        chosen = order(now, waiting)[:ROUND]
        taken = set(chosen)
        known, waiting = known + chosen, [number for number in waiting if number not in taken]
    return points


def reached(points: Sequence[tuple[int, float]], goal: float) -> int | None:
    """After how many reviewed messages a macro-F1 is reached; None when it is not."""
    return next((number for number, score in points if score >= goal), None)


ORDERS: dict[str, Order] = {"arrival": as_they_came, "inbox": as_the_inbox_has_them}


def main() -> None:
    """Play all orders for each seed; print the table, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--out", type=Path, default=Path("docs/studio-order.svg"))
    arguments = parser.parse_args()
    jieba.setLogLevel("WARNING")
    data = Dataset()
    messages, tests = read(list(data.training())), read(data.test)
    curves = {name: [curve(messages, tests, order, seed) for seed in arguments.seeds] for name, order in ORDERS.items()}
    means = {name: _mean(found) for name, found in curves.items()}
    print("| reviewed | " + " | ".join(ORDERS) + " |\n| ---: | " + " | ".join("---:" for _ in ORDERS) + " |")
    for place, (number, _) in enumerate(means["arrival"]):
        print(f"| {number} | " + " | ".join(f"{points[place][1]:.3f}" for points in means.values()) + " |")
    for goal in _goals(means["arrival"]):
        counts = {name: reached(points, goal) for name, points in means.items()}
        print(f"macro-F1 {goal:.2f}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    _draw(means, arguments.out)


def _mean(curves: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[int, float]]:
    return [(points[0][0], statistics.fmean(score for _, score in points)) for points in zip(*curves, strict=True)]


def _goals(points: Sequence[tuple[int, float]]) -> list[float]:
    """Round figures that the order of arrival reaches."""
    low, high = points[0][1], max(score for _, score in points)
    return [goal / 100 for goal in range(0, 100, 2) if low < goal / 100 <= high]


def _draw(means: dict[str, list[tuple[int, float]]], out: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for (name, points), style in zip(means.items(), ("--", "-"), strict=False):
        axes.plot([number for number, _ in points], [score for _, score in points], style, color="#12294d", label=name)
    axes.set_xlabel("reviewed messages")
    axes.set_ylabel("macro-F1 over the fine intents, test messages")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(out)


if __name__ == "__main__":
    main()
