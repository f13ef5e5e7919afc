"""Reads what a message would mean further on, from a few examples of each turn: while a form is filled in
(`nlu_data/form_turns.yml`), and of a question, by the aspect that it asks for (`nlu_data/aspect_turns.yml`).

The triage says who must act; a turn only says what is done with a form (`bot/nlu/form_reader.py`), or what is told of a
topic (`bot/nlu/question.py`). It is a kernel machine on sentence embeddings and character n-grams, small enough to be
fitted in seconds and asked beside every message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.nlu.features import NGrams, character_spans
from bot.nlu.kernel import Meaning, judges, softmax
from bot.nlu.ridge import Singles, kernel_of, solved
from bot.nlu.turns import Turn
from bot.nlu.wording import asks

FORM_TURNS_FILE, ASPECT_TURNS_FILE = Path("nlu_data/form_turns.yml"), Path("nlu_data/aspect_turns.yml")
_MEANING_SHARE = 0.7
_MEANING_SHARPNESS = 2.0
_PENALTY = 0.35
_SHARPNESSES = np.geomspace(2, 40, 40)
_ASKING_SHARE = 0.5
"""How much it counts beside the words that a message asks, where the examples of a turn do or do not."""
_LEAST = 0.002
"""A turn less likely than this is not worth looking at."""


@dataclass(frozen=True)
class TurnMachine:
    """The fitted machine."""

    names: tuple[str, ...]
    meaning: Meaning
    grams: NGrams
    gram_weights: Singles
    meaning_weights: Singles
    sharpness: float
    asking: NDArray[np.float64]
    """How many of each turn's examples are questions, as a share."""

    @classmethod
    def fit(cls, texts: Mapping[str, Sequence[str]], embeddings: Singles) -> TurnMachine:
        """From the examples by turn, in normal form, and their embeddings in the same order."""
        names = tuple(texts)
        judged_by = judges([text for name in names for text in texts[name]])
        order, last = np.argsort(judged_by, kind="stable"), int(judged_by.sum())
        targets = np.repeat(np.arange(len(names)), [len(texts[name]) for name in names])[order]
        documents = [character_spans(text) for name in names for text in texts[name]]
        grams, rows = NGrams.fit(documents, min_documents=1)
        rows = rows[order]
        meaning = Meaning.of(embeddings[order], _MEANING_SHARPNESS)
        kernel = kernel_of(rows, meaning.support, share=_MEANING_SHARE, sharpness=_MEANING_SHARPNESS)
        wanted = np.eye(len(names))[targets]
        sizes = np.bincount(targets)[targets]
        dual, unseen = solved(kernel, _PENALTY * np.sqrt(sizes / sizes.mean()), wanted, last)
        return cls(
            names=names,
            meaning=meaning,
            grams=grams,
            gram_weights=_weights(rows, dual),
            meaning_weights=np.asarray(dual * _MEANING_SHARE, dtype=np.float32),
            sharpness=_calibrated(unseen, targets[-last:]),
            asking=_asking(texts),
        )

    def read(self, text: str, embedding: NDArray[np.float32]) -> list[Turn]:
        """The turns that a message in normal form may be, the likeliest first."""
        columns, weights = self.grams.row(character_spans(text))
        likeness = self.meaning.likeness(embedding[None, :])[0]
        scores = weights @ self.gram_weights[columns] + likeness @ self.meaning_weights
        fit = np.log(self.asking if asks(text) else 1 - self.asking)
        likely = softmax((self.sharpness * scores + _ASKING_SHARE * fit)[None, :])[0]
        ordered = np.argsort(-likely)
        return [Turn(self.names[number], float(likely[number])) for number in ordered if likely[number] >= _LEAST]

    def save(self, directory: Path) -> None:
        """Write plain arrays and JSON."""
        np.savez(
            directory / "turns.npz",
            mean=self.meaning.mean,
            support=self.meaning.support,
            idf=self.grams.idf,
            gram_weights=self.gram_weights.astype(np.float16),
            meaning_weights=self.meaning_weights,
        )
        content: dict[str, Any] = {"names": self.names, "grams": list(self.grams.columns), "sharpness": self.sharpness}
        content |= {"asking": self.asking.tolist()}
        (directory / "turns.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> TurnMachine:
        """The inverse of `save`."""
        content = json.loads((directory / "turns.json").read_text(encoding="utf-8"))
        with np.load(directory / "turns.npz", allow_pickle=False) as arrays:
            return cls(
                names=tuple(content["names"]),
                meaning=Meaning(arrays["mean"], arrays["support"], _MEANING_SHARPNESS),
                grams=NGrams({gram: column for column, gram in enumerate(content["grams"])}, arrays["idf"]),
                gram_weights=arrays["gram_weights"].astype(np.float32),
                meaning_weights=arrays["meaning_weights"],
                sharpness=float(content["sharpness"]),
                # A model trained before this was read knows of no questions.
                asking=np.asarray(content.get("asking", [0.5] * len(content["names"])), dtype=np.float64),
            )


def _weights(rows: sparse.csr_matrix, dual: NDArray[np.float64]) -> Singles:
    return np.asarray((rows.T @ dual) * (1 - _MEANING_SHARE), dtype=np.float32)


def _asking(texts: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """The share of questions among each turn's examples, as if it had one more of either."""
    shares = [(sum(map(asks, examples)) + 1) / (len(examples) + 2) for examples in texts.values()]
    return np.asarray(shares, dtype=np.float64)


def _calibrated(unseen: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """The sharpness under which the examples, each read as if it had been left out, are least surprising."""
    everyone = np.arange(len(targets))
    losses = [-np.log(softmax(sharpness * unseen)[everyone, targets] + 1e-9).mean() for sharpness in _SHARPNESSES]
    return float(_SHARPNESSES[int(np.argmin(losses))])
