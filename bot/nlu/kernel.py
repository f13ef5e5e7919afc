"""Kernel ridge over n-grams and sentence embeddings, and a second look at what is unsure.

The kernel of two messages is linear in their n-grams, so that words can be blamed, and a Gaussian of the
distance of their embeddings, so that neighbours in meaning count more than a straight line allows. Targets are
one-hot: the fine intents and, beside them, the labels. The system is as large as the number of messages,
whatever the number of n-grams and classes, and its leave-one-out predictions come with the solution (`bot.nlu.ridge`),
so every message is judged as if it had not been trained on. That gives

- the calibration, and
- the hard messages: those on which the first machine, not having seen them, is unsure. Squared loss spends most of
  its strength on what is easy; a second machine, trained on the hard messages alone and told what the first one
  thought, reads whatever leaves the first one unsure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from bot.nlu.e5.adapter import kept_apart
from bot.nlu.ridge import Floats, Singles, kernel_of, solved
from bot.nlu.triage import LABELS, URGENT

Row = tuple[NDArray[np.int64], Singles]
"""One message's n-grams: their columns and weights."""


@dataclass(frozen=True)
class Calibration:
    """Turns scores into probabilities: p(intent) ∝ exp(sharpness · score + pull · label score + label bias).

    `label_of` is the number of each intent's label. Scores have a column for each intent, then one for each label.
    """

    sharpness: float
    pull: float
    label_bias: tuple[float, ...] = (0.0,) * len(LABELS)

    def probabilities(self, scores: Floats, label_of: NDArray[np.int64]) -> Floats:
        """Probabilities of the fine intents; rows are messages, each sums to 1."""
        number = len(label_of)
        bias = self.pull * scores[:, number:] + np.asarray(self.label_bias)
        logits = self.sharpness * scores[:, :number] + bias[:, label_of]
        return softmax(logits)

    @classmethod
    def fit(
        cls, scores: Floats, fine: NDArray[np.int64], label: NDArray[np.int64], label_of: NDArray[np.int64]
    ) -> Calibration:
        """Minimise the log loss of label and intent; the label counts for more, it decides who acts."""
        loss = CalibrationLoss(scores, fine, label, label_of)
        start = np.array([np.log(8.0), np.log(4.0), *([0.0] * len(LABELS))])
        bounds = [(-2, 5), (-4, 4)] + [(-3, 3)] * len(LABELS)
        return cls.of(optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)

    @classmethod
    def of(cls, parameters: Floats) -> Calibration:
        """From the logarithms of sharpness and pull, and the biases."""
        return cls(float(np.exp(parameters[0])), float(np.exp(parameters[1])), tuple(float(x) for x in parameters[2:]))


@dataclass(frozen=True)
class CalibrationLoss:
    """The log loss of a calibration on messages whose fine intent and label are known, with its slope: without it
    the minimiser would have to try every parameter out at every step."""

    scores: Floats
    fine: NDArray[np.int64]
    label: NDArray[np.int64]
    label_of: NDArray[np.int64]

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        """Loss and slope at `Calibration.of(parameters)`."""
        found, number = Calibration.of(parameters), len(self.label_of)
        everyone = np.arange(len(self.fine))
        likely = found.probabilities(self.scores, self.label_of)
        labels = label_sums(likely, self.label_of)
        of_label, of_fine = labels[everyone, self.label] + 1e-9, likely[everyone, self.fine] + 1e-9
        penalty = _BIAS_PENALTY * float(np.square(parameters[2:]).sum())
        loss = penalty - float(np.log(of_label).mean() + _FINE_SHARE * np.log(of_fine).mean())

        # The slope of a log probability is what the truth scored minus what was to be expected.
        of_intents, of_labels = self.scores[:, :number], self.scores[:, number:]
        weighted = likely * of_intents
        expected = weighted.sum(axis=1)
        within_label = (weighted * (self.label_of == self.label[:, None])).sum(axis=1) / of_label
        by_sharpness = within_label - expected + _FINE_SHARE * (of_intents[everyone, self.fine] - expected)
        by_pull = (1 + _FINE_SHARE) * (of_labels[everyone, self.label] - (labels * of_labels).sum(axis=1))
        by_bias = (1 + _FINE_SHARE) * (np.eye(len(LABELS))[self.label] - labels).mean(axis=0)
        rises = [found.sharpness * by_sharpness.mean(), found.pull * by_pull.mean()]
        return loss, np.array([-rises[0], -rises[1], *(2 * _BIAS_PENALTY * parameters[2:] - by_bias)])


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Each row as probabilities."""
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


_FINE_SHARE = 0.2
"""What the intent counts beside the label when calibrating."""
_BIAS_PENALTY = 1e-3


def labels_of(intents: Sequence[str]) -> NDArray[np.int64]:
    """The number of each intent's label in LABELS."""
    return np.array([LABELS.index(intent.partition("/")[0]) for intent in intents], dtype=np.int64)


def label_sums(probabilities: Floats, label_of: NDArray[np.int64]) -> Floats:
    """P(label): the sum over its intents; columns in the order of LABELS."""
    membership = np.zeros((len(label_of), len(LABELS)))
    membership[np.arange(len(label_of)), label_of] = 1
    return np.asarray(probabilities @ membership)


@dataclass(frozen=True)
class Meaning:
    """The Gaussian half of the kernel: the training messages' embeddings, centred and of unit length."""

    mean: Singles
    support: Singles
    sharpness: float

    @classmethod
    def of(cls, embeddings: Singles, sharpness: float) -> Meaning:
        """From the embeddings of the training messages."""
        mean = embeddings.mean(axis=0)
        return cls(mean, unit(embeddings - mean), sharpness)

    def likeness(self, embeddings: Singles) -> Singles:
        """exp(sharpness · (cosine - 1)) of each row to each training message; 1 for the same meaning."""
        return np.asarray(np.exp(self.sharpness * (unit(embeddings - self.mean) @ self.support.T - 1)))

    def nearest(self, likeness: Singles) -> Singles:
        """Cosine similarity of each row of `likeness` to the training message that is nearest."""
        return np.asarray(1 + np.log(likeness.max(axis=1)) / self.sharpness)


def unit(vectors: Singles) -> Singles:
    """The rows, each of length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6), dtype=np.float32)


@dataclass(frozen=True)
class Machine:
    """Weights of one kernel machine; columns: the intents, then the labels. Half precision, there are many n-grams."""

    gram_weights: NDArray[np.float16]
    meaning_weights: Singles
    bias: Singles

    def scores(self, rows: Sequence[Row], likeness: Singles) -> Floats:
        """Scores of messages from their n-grams and their likeness to the messages the machine was trained on."""
        by_grams = np.stack([weights @ self.gram_weights[columns].astype(np.float32) for columns, weights in rows])
        return np.asarray(by_grams + self.bias + likeness @ self.meaning_weights, dtype=np.float64)


@dataclass(frozen=True)
class SecondLook:
    """The machine for messages on which the first is unsure: `among` are the numbers of the messages it learnt from,
    `from_first` takes the first machine's scores into account."""

    below: float
    machine: Machine
    among: NDArray[np.int64]
    from_first: Floats
    calibration: Calibration

    def due(self, labels: Floats) -> NDArray[np.bool_]:
        """For which rows of P(label) a second look is due."""
        return unsure(labels, self.below)

    def scores(self, rows: Sequence[Row], likeness: Singles, first: Floats) -> Floats:
        """The mean of both machines' scores."""
        second = self.machine.scores(rows, likeness[:, self.among]) + first @ self.from_first
        return np.asarray((first + second) / 2)


def unsure(labels: Floats, below: float) -> NDArray[np.bool_]:
    """Whether no label is as likely as `below`, or an emergency is neither that likely nor out of the question."""
    urgent = labels[:, LABELS.index(URGENT)]
    return np.asarray((labels.max(axis=1) < below) | ((urgent > _NO_EMERGENCY) & (urgent < below)))


_NO_EMERGENCY = 0.02


@dataclass
class KernelModel:
    """Both machines, fitted."""

    intents: list[str]
    meaning: Meaning
    first: Machine
    calibration: Calibration
    second: SecondLook | None
    report: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.label_of = labels_of(self.intents)

    def read(self, rows: Sequence[Row], embeddings: Singles) -> tuple[Floats, Singles]:
        """P(intent) of each message from its n-grams and its embedding (the rows of both are the messages), and the
        cosine similarity of each to the nearest training message."""
        likeness = self.meaning.likeness(embeddings)
        return self._probabilities(rows, likeness), self.meaning.nearest(likeness)

    def _probabilities(self, rows: Sequence[Row], likeness: Singles) -> Floats:
        scores = self.first.scores(rows, likeness)
        probabilities = self.calibration.probabilities(scores, self.label_of)
        if self.second is None:
            return probabilities
        again = np.flatnonzero(self.second.due(label_sums(probabilities, self.label_of)))
        if len(again):
            closer = self.second.scores([rows[int(number)] for number in again], likeness[again], scores[again])
            probabilities[again] = self.second.calibration.probabilities(closer, self.label_of)
        return probabilities

    def save(self, directory: Path) -> None:
        """Write plain arrays and JSON; nothing that executes when read."""
        arrays: dict[str, Any] = {
            "mean": self.meaning.mean,
            "support": self.meaning.support.astype(np.float16),
            **_arrays("first", self.first),
        }
        content: dict[str, Any] = {
            "intents": self.intents,
            "meaning_sharpness": self.meaning.sharpness,
            "calibration": asdict(self.calibration),
            "second_look": None,
            "report": self.report,
        }
        if self.second is not None:
            second = {"among": self.second.among, "from_first": self.second.from_first}
            arrays |= second | _arrays("second", self.second.machine)
            content["second_look"] = {
                "below": self.second.below,
                "calibration": asdict(self.second.calibration),
            }
        np.savez(directory / "weights.npz", **arrays)
        (directory / "model.json").write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> KernelModel:
        """The inverse of `save`."""
        content = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            support = arrays["support"].astype(np.float32)
            return cls(
                intents=content["intents"],
                meaning=Meaning(arrays["mean"], support, float(content["meaning_sharpness"])),
                first=_machine("first", arrays),
                calibration=_calibration(content["calibration"]),
                second=_second_look(content["second_look"], arrays),
                report=content["report"],
            )


def _arrays(name: str, machine: Machine) -> dict[str, NDArray[Any]]:
    return {f"{name}_{part}": getattr(machine, part) for part in ("gram_weights", "meaning_weights", "bias")}


def _machine(name: str, arrays: Any) -> Machine:
    return Machine(*(arrays[f"{name}_{part}"] for part in ("gram_weights", "meaning_weights", "bias")))


def _second_look(content: dict[str, Any] | None, arrays: Any) -> SecondLook | None:
    if content is None:
        return None
    return SecondLook(
        below=float(content["below"]),
        machine=_machine("second", arrays),
        among=arrays["among"],
        from_first=arrays["from_first"],
        calibration=_calibration(content["calibration"]),
    )


def _calibration(content: dict[str, Any]) -> Calibration:
    return Calibration(**{**content, "label_bias": tuple(content["label_bias"])})


@dataclass(frozen=True)
class Settings:
    """How to fit. `penalty` is the ridge; `meaning_share` in 0..1 divides the kernel between meaning and n-grams;
    `meaning_sharpness` narrows the Gaussian; `balance` in 0..1 lifts rare intents (0: every message counts the
    same, 1: every intent does); a second look is due when no label reaches the probability `second_look_below`.
    """

    penalty: float = 0.4
    meaning_share: float = 0.6
    meaning_sharpness: float = 4.0
    balance: float = 0.3
    second_look_below: float = 0.9


@dataclass(frozen=True)
class Fit:
    """A fitted model and how it read each message by which it is judged when that message was left out."""

    model: KernelModel
    left_out: Floats


def fit(
    rows: sparse.csr_matrix,
    embeddings: Singles,
    targets: Sequence[str],
    settings: Settings,
    *,
    judged_by: NDArray[np.bool_],
) -> Fit:
    """Fit the first machine on all messages, calibration and second look on those marked in `judged_by`."""
    order = np.argsort(judged_by, kind="stable")  # those it is judged by come last: `solved` says why
    rows, embeddings = rows[order], embeddings[order]
    intents = sorted(set(targets))
    label_of = labels_of(intents)
    index = {intent: number for number, intent in enumerate(intents)}
    fine = np.array([index[target] for target in targets])[order]
    label = label_of[fine]
    wanted = np.eye(len(intents))[fine]
    meaning = Meaning.of(embeddings, settings.meaning_sharpness)

    def solve(among: NDArray[np.int64], last: int, opinion: Floats | None) -> tuple[Machine, Floats, Floats]:
        by_meaning = {"share": settings.meaning_share, "sharpness": settings.meaning_sharpness}
        kernel = kernel_of(rows[among], meaning.support[among], **by_meaning, bias=_BIAS)
        if opinion is not None:
            kernel += _OPINION * (opinion @ opinion.T).astype(np.float32)
        penalty = settings.penalty / _message_weights(fine[among], settings)
        # A label's column is the sum of its intents' columns, and so is its solution.
        dual, unseen = (_with_labels(found, label_of) for found in solved(kernel, penalty, wanted[among], last))
        share = settings.meaning_share
        machine = Machine(
            gram_weights=np.asarray(rows[among].T @ dual * (1 - share), dtype=np.float16),
            meaning_weights=np.asarray(dual * share, dtype=np.float32),
            bias=np.asarray(dual.sum(axis=0) * _BIAS, dtype=np.float32),
        )
        return machine, unseen, dual

    everyone = np.arange(len(fine))
    own = everyone[len(fine) - int(judged_by.sum()) :]
    first, unseen, _ = solve(everyone, len(own), None)
    calibration = Calibration.fit(unseen, fine[own], label[own], label_of)
    left_out = calibration.probabilities(unseen, label_of)

    doubtful = np.flatnonzero(unsure(label_sums(left_out, label_of), settings.second_look_below))
    if len(doubtful) < _ENOUGH:
        return Fit(KernelModel(intents, meaning, first, calibration, None), left_out)
    hard, opinion = own[doubtful], unseen[doubtful]
    machine, again, dual = solve(hard, len(hard), opinion)
    closer = (opinion + again) / 2
    second = SecondLook(
        below=settings.second_look_below,
        machine=machine,
        among=hard,
        from_first=np.asarray(_OPINION * opinion.T @ dual),
        calibration=Calibration.fit(closer, fine[hard], label[hard], label_of),
    )
    left_out[doubtful] = second.calibration.probabilities(closer, label_of)
    return Fit(KernelModel(intents, meaning, first, calibration, second), left_out)


def judges(texts: Sequence[str]) -> NDArray[np.bool_]:
    """By which of its examples, in normal form, a machine can be judged, each left out in turn: those from which the
    encoder has not learnt; all of them where those are too few to say anything."""
    apart = np.array([kept_apart(text) for text in texts], dtype=bool)
    return apart if apart.sum() >= _FEWEST_JUDGES else np.ones_like(apart)


_FEWEST_JUDGES = 100
_ENOUGH = 20
"""Hard messages from which a second machine is worth fitting."""
_BIAS = 0.1
"""The constant feature's square: a bias that is penalised lightly."""
_OPINION = 0.5
"""How much the second machine's kernel counts that the first one thought alike of two messages."""


def _with_labels(of_intents: Floats, label_of: NDArray[np.int64]) -> Floats:
    return np.concatenate([of_intents, label_sums(of_intents, label_of)], axis=1)


def _message_weights(fine: NDArray[np.int64], settings: Settings) -> Floats:
    sizes = np.bincount(fine)[fine].astype(np.float64)
    weights = (sizes.mean() / sizes) ** settings.balance
    return np.asarray(weights / weights.mean())
