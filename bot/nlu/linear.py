"""A linear model over sparse and dense features, fitted in closed form, calibrated on left-out predictions.

Ridge regression to one-hot targets (the fine intents and, beside them, the labels), solved in the dual: the
system is as large as the number of messages, whatever the number of n-grams and classes. Its leave-one-out
predictions come with the solution, so the calibration sees every message as if it had not been trained on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse

from bot.nlu.triage import LABELS, URGENT

Floats = NDArray[np.float64]


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


@dataclass
class LinearModel:
    """Fitted weights. Columns of the weights: the intents, then the five labels."""

    intents: list[str]
    sparse_weights: NDArray[np.float32]
    dense_weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: Calibration
    report: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.label_of = labels_of(self.intents)

    def probabilities(self, columns: NDArray[np.int64], weights: NDArray[np.float32], dense: Any) -> Floats:
        """P(intent) of one message from its sparse row and its embedding."""
        scores = (weights @ self.sparse_weights[columns] + dense @ self.dense_weights + self.bias)[None, :]
        number = len(self.intents)
        return self.calibration.probabilities(scores[:, :number], scores[:, number:], self.label_of)[0]

    def save(self, directory: Path) -> None:
        """Write plain arrays and JSON; nothing that executes when read."""
        np.savez(
            directory / "weights.npz",
            sparse=self.sparse_weights.astype(np.float16),
            dense=self.dense_weights,
            bias=self.bias,
        )
        calibration = {
            "sharpness": self.calibration.sharpness,
            "pull": self.calibration.pull,
            "label_bias": list(self.calibration.label_bias),
        }
        content = {"intents": self.intents, "calibration": calibration, "report": self.report}
        (directory / "model.json").write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> LinearModel:
        """The inverse of `save`."""
        content = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        calibration = content["calibration"]
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            return cls(
                intents=content["intents"],
                sparse_weights=arrays["sparse"].astype(np.float32),
                dense_weights=arrays["dense"],
                bias=arrays["bias"],
                calibration=Calibration(
                    calibration["sharpness"], calibration["pull"], tuple(calibration["label_bias"])
                ),
                report=content["report"],
            )


def labels_of(intents: Sequence[str]) -> NDArray[np.int64]:
    """The number of each intent's label in LABELS."""
    return np.array([LABELS.index(intent.partition("/")[0]) for intent in intents], dtype=np.int64)


@dataclass(frozen=True)
class Fit:
    """A fitted model and how it read each training message when that message was left out."""

    model: LinearModel
    left_out: Floats


def fit(
    rows: sparse.csr_matrix,
    dense: NDArray[np.float32],
    targets: Sequence[str],
    *,
    ridge: float = 0.3,
    dense_share: float = 0.5,
    balance: float = 0.3,
    urgent_weight: float = 1.0,
) -> Fit:
    """Fit weights and calibration.

    `ridge` is the penalty; `dense_share` in 0..1 divides the kernel between embedding and n-grams;
    `balance` in 0..1 lifts rare intents (0: every message counts the same, 1: every intent does);
    `urgent_weight` multiplies the weight of urgent messages.
    """
    intents = sorted(set(targets))
    label_of = labels_of(intents)
    index = {intent: number for number, intent in enumerate(intents)}
    fine = np.array([index[target] for target in targets])
    label = label_of[fine]
    wanted = _one_hot(fine, label, len(intents))
    weights = _message_weights(fine, label, balance, urgent_weight)

    kernel = np.asarray((rows @ rows.T).todense(), dtype=np.float64) * (1 - dense_share)
    kernel += (dense.astype(np.float64) @ dense.T.astype(np.float64)) * dense_share
    kernel += _BIAS
    kernel[np.diag_indices_from(kernel)] += ridge / weights

    inverse = linalg.inv(kernel, overwrite_a=True, check_finite=False)
    dual = inverse @ wanted
    left_out = wanted - dual / np.diag(inverse)[:, None]

    number = len(intents)
    calibration = _calibrate(left_out[:, :number], left_out[:, number:], fine, label, label_of)
    model = LinearModel(
        intents=intents,
        sparse_weights=np.asarray(rows.T @ dual * (1 - dense_share), dtype=np.float32),
        dense_weights=np.asarray(dense.T @ dual * dense_share, dtype=np.float32),
        bias=np.asarray(dual.sum(axis=0) * _BIAS, dtype=np.float32),
        calibration=calibration,
    )
    probabilities = calibration.probabilities(left_out[:, :number], left_out[:, number:], label_of)
    return Fit(model, probabilities)


_BIAS = 0.1
"""The constant feature's square: a bias that is penalised lightly."""


def _one_hot(fine: NDArray[np.int64], label: NDArray[np.int64], number: int) -> Floats:
    wanted = np.zeros((len(fine), number + len(LABELS)))
    wanted[np.arange(len(fine)), fine] = 1
    wanted[np.arange(len(fine)), number + label] = 1
    return wanted


def _message_weights(fine: NDArray[np.int64], label: NDArray[np.int64], balance: float, urgent: float) -> Floats:
    sizes = np.bincount(fine)[fine].astype(np.float64)
    weights = (sizes.mean() / sizes) ** balance
    weights[label == LABELS.index(URGENT)] *= urgent
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
