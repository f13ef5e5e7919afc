"""The kernel machines on small made-up data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rasa")

from scipy import sparse

from bot.nlu.e5.adapter import kept_apart
from bot.nlu.kernel import (
    Calibration,
    CalibrationLoss,
    Fit,
    KernelModel,
    Settings,
    fit,
    judges,
    label_sums,
    labels_of,
    unsure,
)

INTENTS = ("urgent_alarm/fire", "urgent_alarm/robbery", "enquiry/idcard_lost", "other/idiom")
EACH = 40


def made_up(seed: int = 1, spread: float = 3.0) -> tuple[sparse.csr_matrix, np.ndarray, list[str]]:
    """Four clouds of embeddings and of n-grams that overlap a little."""
    random = np.random.default_rng(seed)
    targets = [intent for intent in INTENTS for _ in range(EACH)]
    centres = np.random.default_rng(0).normal(size=(len(INTENTS), 16))
    number = np.repeat(np.arange(len(INTENTS)), EACH)
    embeddings = (centres[number] + spread * random.normal(size=(len(targets), 16))).astype(np.float32)
    grams = (random.random((len(targets), 30)) < 0.1).astype(np.float32)
    grams[np.arange(len(targets)), number] = 1
    grams /= np.linalg.norm(grams, axis=1, keepdims=True)
    return sparse.csr_matrix(grams), embeddings, targets


def fitted() -> Fit:
    rows, embeddings, targets = made_up()
    return fit(rows, embeddings, targets, Settings(), judged_by=np.ones(len(targets), dtype=bool))


def row(matrix: sparse.csr_matrix, number: int) -> tuple[np.ndarray, np.ndarray]:
    part = matrix[number]
    return part.indices.astype(np.int64), part.data


def test_that_unseen_messages_are_read_and_probabilities_sum_to_one() -> None:
    model = fitted().model
    rows, embeddings, targets = made_up(seed=2)
    probabilities = model.read([row(rows, number) for number in range(len(targets))], embeddings)[0]
    assert np.allclose(probabilities.sum(axis=1), 1)
    right = np.array(model.intents)[probabilities.argmax(axis=1)] == np.array(targets)
    assert right.mean() > 0.8


def test_that_a_machine_is_judged_by_what_the_encoder_has_not_learnt() -> None:
    texts = [f"第{number}条" for number in range(1000)]
    assert judges(texts).tolist() == [kept_apart(text) for text in texts]
    assert judges(texts[:50]).all(), "a few of them would say nothing"


def test_that_messages_are_judged_in_their_own_order() -> None:
    rows, embeddings, targets = made_up(spread=0.4)
    some = np.arange(len(targets)) % 3 == 1
    whole = fit(rows, embeddings, targets, Settings(), judged_by=np.ones(len(targets), dtype=bool))
    part = fit(rows, embeddings, targets, Settings(), judged_by=some)
    assert len(part.left_out) == some.sum()
    assert np.abs(part.left_out - whole.left_out[some]).max() < 0.1


def test_that_the_left_out_reading_is_that_of_a_model_without_the_message() -> None:
    """The closed form of leave-one-out against the long way, for the first machine's scores."""
    rows, embeddings, targets = made_up(spread=0.4)
    settings = Settings()
    everyone = np.ones(len(targets), dtype=bool)
    whole = fit(rows, embeddings, targets, settings, judged_by=everyone)
    assert whole.model.second is None, "these are too easy for a second look"
    for left in (0, EACH, 3 * EACH + 5):
        others = np.arange(len(targets)) != left
        without = fit(
            rows[others],
            embeddings[others],
            [target for target, kept in zip(targets, others, strict=True) if kept],
            settings,
            judged_by=everyone[1:],
        )
        apart = without.model.read([row(rows, left)], embeddings[left : left + 1])[0][0]
        assert np.abs(apart - whole.left_out[left]).max() < 0.05


def test_that_a_second_look_is_for_the_unsure_only() -> None:
    labels = np.array([[0.01, 0.98, 0.01, 0, 0], [0.05, 0.94, 0.01, 0, 0], [0.95, 0.05, 0, 0, 0], [0, 0.5, 0.5, 0, 0]])
    assert unsure(labels, 0.9).tolist() == [False, True, False, True]


def test_that_a_saved_model_reads_the_same(tmp_path: Path) -> None:
    model = fitted().model
    assert model.second is not None
    model.save(tmp_path)
    again = KernelModel.load(tmp_path)
    rows, embeddings, targets = made_up(seed=3)
    messages = [row(rows, number) for number in range(len(targets))]
    difference = model.read(messages, embeddings)[0] - again.read(messages, embeddings)[0]
    assert np.abs(difference).max() < 0.01


def test_that_the_probability_of_a_label_is_the_sum_over_its_intents() -> None:
    label_of = labels_of(INTENTS)
    sums = label_sums(np.array([[0.2, 0.3, 0.4, 0.1]]), label_of)
    assert sums.tolist() == [[0.5, 0.0, 0.0, 0.4, 0.1]]


def test_that_calibration_makes_confidence_what_it_is_worth() -> None:
    """Scores that are right three times in four end at about 0.75, whatever their size."""
    random = np.random.default_rng(4)
    label_of = labels_of(INTENTS)
    fine = random.integers(0, len(INTENTS), 2000)
    guess = np.where(random.random(2000) < 0.75, fine, random.integers(0, len(INTENTS), 2000))
    scores = np.zeros((2000, len(INTENTS) + 5))
    scores[np.arange(2000), guess] = 0.6
    found = Calibration.fit(scores, fine, label_of[fine], label_of).probabilities(scores, label_of)
    assert abs(found.max(axis=1).mean() - (fine == guess).mean()) < 0.03


def test_that_the_slope_of_the_calibrations_loss_is_the_losses_slope() -> None:
    random = np.random.default_rng(4)
    intents = ("urgent_alarm/a", "urgent_alarm/b", "help_request/c", "tip/d", "enquiry/e", "other/f")
    label_of = labels_of(intents)
    fine = random.integers(len(intents), size=50)
    loss = CalibrationLoss(random.normal(size=(50, len(intents) + 5)), fine, label_of[fine], label_of)
    place, step = np.array([0.4, -0.2, 0.1, -0.3, 0.2, 0.0, 0.5]), 1e-6
    by_trying = [(loss(place + step * way)[0] - loss(place - step * way)[0]) / (2 * step) for way in np.eye(7)]
    assert loss(place)[1] == pytest.approx(by_trying, abs=1e-6)
