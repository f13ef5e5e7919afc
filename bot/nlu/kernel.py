"""A kernel ridge model over n-grams and sentence embeddings, fitted in closed form, calibrated on left-out messages.

The kernel of two messages is linear in their n-grams, so that words can be blamed, and a Gaussian of the
distance of their embeddings, so that neighbours in meaning count more than a straight line allows. Targets are
one-hot: the fine intents and, beside them, the labels. The system is as large as the number of messages,
whatever the number of n-grams and classes, and its leave-one-out predictions come with the solution, so the
calibration sees every message as if it had not been trained on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse

from bot.nlu.triage import LABELS, URGENT

Floats = NDArray[np.float64]
Row = tuple[NDArray[np.int64], NDArray[np.float32]]
"""One message's n-grams: their columns and weights."""


@dataclass(frozen=True)
class Calibration:
    """Turns scores into probabilities: p(intent) ∝ exp(sharpness · score + pull · label score + label bias)."""

    sharpness: float
    pull: float
    label_bias: tuple[float, ...] = (0.0,) * len(LABELS)

    def logits(self, fine: Floats, label: Floats, label_of: NDArray[np.int64]) -> Floats:
        """Logits of the fine intents from the scores of intents and labels; rows are messages."""
        bias = self.pull * label + np.asarray(self.label_bias)
        return np.asarray(self.sharpness * fine + bias[:, label_of])

    def probabilities(self, fine: Floats, label: Floats, label_of: NDArray[np.int64]) -> Floats:
        """Probabilities of the fine intents; each row sums to 1."""
        logits = self.logits(fine, label, label_of)
        logits = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(logits / logits.sum(axis=1, keepdims=True))


def label_sums(probabilities: Floats, label_of: NDArray[np.int64]) -> Floats:
    """P(label): the sum over its intents; columns in the order of LABELS."""
    membership = np.zeros((len(label_of), len(LABELS)))
    membership[np.arange(len(label_of)), label_of] = 1
    return np.asarray(probabilities @ membership)


@dataclass(frozen=True)
class Meaning:
    """The Gaussian half of the kernel: the training messages' embeddings, centred and of unit length."""

    mean: NDArray[np.float32]
    support: NDArray[np.float32]
    sharpness: float

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], sharpness: float) -> Meaning:
        """From the embeddings of the training messages."""
        mean = embeddings.mean(axis=0)
        return cls(mean, _unit(embeddings - mean), sharpness)

    def likeness(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """exp(sharpness · (cosine - 1)) of each row to each training message; 1 for the same meaning."""
        return np.asarray(np.exp(self.sharpness * (_unit(embeddings - self.mean) @ self.support.T - 1)))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6), dtype=np.float32)


@dataclass
class KernelModel:
    """Fitted weights. Columns of the weights: the intents, then the five labels."""

    intents: list[str]
    gram_weights: NDArray[np.float32]
    meaning: Meaning
    meaning_weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: Calibration
    report: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.label_of = labels_of(self.intents)

    def probabilities(self, rows: Sequence[Row], embeddings: NDArray[np.float32]) -> Floats:
        """P(intent) of each message from its n-grams and its embedding; the rows of both are the messages."""
        by_grams = np.stack([weights @ self.gram_weights[columns] for columns, weights in rows])
        scores = by_grams + self.bias + self.meaning.likeness(embeddings) @ self.meaning_weights
        number = len(self.intents)
        return self.calibration.probabilities(scores[:, :number], scores[:, number:], self.label_of)

    def save(self, directory: Path) -> None:
        """Write plain arrays and JSON; nothing that executes when read."""
        np.savez(
            directory / "weights.npz",
            gram_weights=self.gram_weights.astype(np.float16),
            mean=self.meaning.mean,
            support=self.meaning.support.astype(np.float16),
            meaning_weights=self.meaning_weights,
            bias=self.bias,
        )
        content = {
            "intents": self.intents,
            "meaning_sharpness": self.meaning.sharpness,
            "calibration": asdict(self.calibration),
            "report": self.report,
        }
        (directory / "model.json").write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> KernelModel:
        """The inverse of `save`."""
        content = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        calibration = content["calibration"]
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            support = arrays["support"].astype(np.float32)
            return cls(
                intents=content["intents"],
                gram_weights=arrays["gram_weights"].astype(np.float32),
                meaning=Meaning(arrays["mean"], support, float(content["meaning_sharpness"])),
                meaning_weights=arrays["meaning_weights"],
                bias=arrays["bias"],
                calibration=Calibration(**{**calibration, "label_bias": tuple(calibration["label_bias"])}),
                report=content["report"],
            )


def labels_of(intents: Sequence[str]) -> NDArray[np.int64]:
    """The number of each intent's label in LABELS."""
    return np.array([LABELS.index(intent.partition("/")[0]) for intent in intents], dtype=np.int64)


@dataclass(frozen=True)
class Settings:
    """How to fit. `penalty` is the ridge; `meaning_share` in 0..1 divides the kernel between meaning and n-grams;
    `meaning_sharpness` narrows the Gaussian; `balance` in 0..1 lifts rare intents (0: every message counts the
    same, 1: every intent does); `urgent_weight` multiplies the weight of urgent messages.
    """

    penalty: float = 0.5
    meaning_share: float = 0.6
    meaning_sharpness: float = 2.5
    balance: float = 0.3
    urgent_weight: float = 1.0


@dataclass(frozen=True)
class Fit:
    """A fitted model and how it read each training message when that message was left out."""

    model: KernelModel
    left_out: Floats


def fit(
    rows: sparse.csr_matrix,
    embeddings: NDArray[np.float32],
    targets: Sequence[str],
    settings: Settings,
    *,
    calibrated_on: NDArray[np.bool_] | None = None,
) -> Fit:
    """Fit weights on all messages and the calibration on those marked in `calibrated_on` (all, when None)."""
    intents = sorted(set(targets))
    label_of = labels_of(intents)
    index = {intent: number for number, intent in enumerate(intents)}
    fine = np.array([index[target] for target in targets])
    label = label_of[fine]
    wanted = _one_hot(fine, label, len(intents))
    weights = _message_weights(fine, label, settings)
    meaning = Meaning.of(embeddings, settings.meaning_sharpness)

    share = settings.meaning_share
    kernel = np.asarray((rows @ rows.T).todense(), dtype=np.float64) * (1 - share)
    kernel += meaning.likeness(embeddings) * share
    kernel += _BIAS
    kernel[np.diag_indices_from(kernel)] += settings.penalty / weights
    inverse = _inverse(kernel)
    dual = inverse @ wanted
    left_out = wanted - dual / np.diag(inverse)[:, None]

    number = len(intents)
    seen = np.ones(len(fine), dtype=bool) if calibrated_on is None else calibrated_on
    calibration = _calibrate(left_out[seen, :number], left_out[seen, number:], fine[seen], label[seen], label_of)
    model = KernelModel(
        intents=intents,
        gram_weights=np.asarray(rows.T @ dual * (1 - share), dtype=np.float32),
        meaning=meaning,
        meaning_weights=np.asarray(dual * share, dtype=np.float32),
        bias=np.asarray(dual.sum(axis=0) * _BIAS, dtype=np.float32),
        calibration=calibration,
    )
    return Fit(model, calibration.probabilities(left_out[:, :number], left_out[:, number:], label_of))


def _inverse(kernel: Floats) -> Floats:
    """The inverse of a positive definite matrix by Cholesky, half the work of a general one."""
    factor, failed = linalg.lapack.dpotrf(kernel.T, lower=1, overwrite_a=1)
    if failed:
        raise ValueError("The kernel is not positive definite; raise 'penalty' in config.yml.")
    inverse, _ = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    lower = np.tril(inverse)
    return np.asarray(lower + np.tril(inverse, -1).T)


_BIAS = 0.1
"""The constant feature's square: a bias that is penalised lightly."""


def _one_hot(fine: NDArray[np.int64], label: NDArray[np.int64], number: int) -> Floats:
    wanted = np.zeros((len(fine), number + len(LABELS)))
    wanted[np.arange(len(fine)), fine] = 1
    wanted[np.arange(len(fine)), number + label] = 1
    return wanted


def _message_weights(fine: NDArray[np.int64], label: NDArray[np.int64], settings: Settings) -> Floats:
    sizes = np.bincount(fine)[fine].astype(np.float64)
    weights = (sizes.mean() / sizes) ** settings.balance
    weights[label == LABELS.index(URGENT)] *= settings.urgent_weight
    return np.asarray(weights / weights.mean())


def _calibrate(
    fine_scores: Floats,
    label_scores: Floats,
    fine: NDArray[np.int64],
    label: NDArray[np.int64],
    label_of: NDArray[np.int64],
) -> Calibration:
    """Minimise the log loss of label and intent on left-out scores; the label counts for more, it decides who acts."""
    everyone = np.arange(len(fine))

    def loss(parameters: Floats) -> float:
        calibration = Calibration(float(np.exp(parameters[0])), float(np.exp(parameters[1])), tuple(parameters[2:]))
        probabilities = calibration.probabilities(fine_scores, label_scores, label_of)
        of_label = label_sums(probabilities, label_of)[everyone, label]
        of_fine = probabilities[everyone, fine]
        penalty = 1e-3 * float(np.square(parameters[2:]).sum())
        return float(-np.log(of_label + 1e-9).mean() - 0.2 * np.log(of_fine + 1e-9).mean()) + penalty

    start = np.array([np.log(8.0), np.log(4.0), *([0.0] * len(LABELS))])
    best = optimize.minimize(loss, start, method="L-BFGS-B", bounds=[(-2, 5), (-4, 4)] + [(-3, 3)] * len(LABELS))
    return Calibration(float(np.exp(best.x[0])), float(np.exp(best.x[1])), tuple(float(x) for x in best.x[2:]))
