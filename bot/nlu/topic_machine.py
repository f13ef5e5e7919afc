"""Reads which topic of the knowledge base a message asks about, from questions that trainers wrote for each topic.

`nlu_data/questions/<intent>.yml` holds the questions by topic. One kernel machine for all topics is fitted on them in
closed form; a topic without questions has its title and its short answer instead. All topics together also tell which
intent it is, beside what the classifier thinks: words that belong to one matter and an answer that stands under another
are what the questions are written for. What trainers write into `when` is no part of it: that is read while the bot
runs, and `Knowledge.likely` adds it to what this machine says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from bot.nlu.features import NGrams, character_spans
from bot.nlu.kernel import Meaning, Singles, kernel_of, unit
from bot.nlu.knowledge import Topic
from bot.nlu.live_file import examples

QUESTIONS = Path("nlu_data/questions")
_PENALTY, _MEANING_SHARE, _SHARPNESS = 0.1, 0.7, 2.0
_BY_QUESTIONS = 30.0
"""Logits of the machine's whole unit, from questions that neither it nor the encoder had learnt (ADR 006)."""
_BY_INTENT, _UNLIKELIEST = 0.8, 1e-3
"""What the logarithm of P(intent | enquiry) counts beside them, and the least that such a P counts as: no intent is
impossible because the classifier says so."""
_DESCRIBED_LETTERS = 120
"""Of a short answer that stands in for questions: more says nothing new of what it is about."""


def questions(folder: Path = QUESTIONS) -> dict[str, tuple[str, ...]]:
    """The trainers' questions by topic. Raises TrainersFileError."""
    return {topic: texts for path in sorted(folder.glob("*.yml")) for topic, texts in examples(path).items()}


@dataclass(frozen=True)
class TopicMachine:
    """The fitted machine."""

    topics: Mapping[str, tuple[str, ...]]
    """By intent; their order is that of the columns below."""
    meaning: Meaning
    grams: NGrams
    rows: sparse.csr_matrix
    """The questions' n-grams."""
    dual: Singles
    """Shape (questions, topics)."""

    @classmethod
    def fit(
        cls,
        topics: Sequence[Topic],
        asked: Mapping[str, Sequence[str]],
        embed: Callable[[Sequence[str]], Singles],
    ) -> TopicMachine:
        """From the topics and, in normal form, the questions by topic id; questions of unknown topics are left out."""
        by_intent: dict[str, list[Topic]] = {}
        for topic in topics:
            by_intent.setdefault(topic.intent, []).append(topic)
        ordered = [topic for among in by_intent.values() for topic in among]
        by_topic = [asked.get(topic.id) or _described(topic) for topic in ordered]
        texts = [text for of_topic in by_topic for text in of_topic]
        meaning = Meaning.of(embed(texts), _SHARPNESS)
        documents = [character_spans(text) for text in texts]
        grams = NGrams.fit(documents, min_documents=1)
        rows = grams.matrix(documents)
        kernel = kernel_of(rows, meaning.support, share=_MEANING_SHARE, sharpness=_SHARPNESS)
        dual = _solved(kernel, [len(of_topic) for of_topic in by_topic])
        names = {intent: tuple(topic.id for topic in among) for intent, among in by_intent.items()}
        return cls(names, meaning, grams, rows, dual)

    def fits(self, text: str, embedding: NDArray[np.float32]) -> dict[str, dict[str, float]]:
        """By intent how well each of its topics fits a message in normal form, in logits."""
        columns, weights = self.grams.row(character_spans(text))
        meant = unit(embedding - self.meaning.mean)
        shared = self._by_gram[:, columns] @ weights
        found = _BY_QUESTIONS * _alike(self.meaning.support @ meant, shared) @ self.dual
        logits = iter(found.round(3).tolist())
        return {intent: {topic: next(logits) for topic in among} for intent, among in self.topics.items()}

    @cached_property
    def _by_gram(self) -> sparse.csc_matrix:
        """The questions' n-grams, so kept that those of one n-gram are found at once: a message has few."""
        return self.rows.tocsc()

    def save(self, directory: Path) -> None:
        """Write plain arrays and JSON."""
        np.savez(
            directory / "topics.npz",
            mean=self.meaning.mean,
            support=self.meaning.support.astype(np.float16),
            idf=self.grams.idf,
            values=self.rows.data.astype(np.float16),
            indices=self.rows.indices,
            pointers=self.rows.indptr,
            dual=self.dual.astype(np.float16),
        )
        content = {"grams": list(self.grams.columns), "topics": self.topics}
        (directory / "topics.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> TopicMachine:
        """The inverse of `save`."""
        content = json.loads((directory / "topics.json").read_text(encoding="utf-8"))
        with np.load(directory / "topics.npz", allow_pickle=False) as saved:
            arrays: dict[str, Any] = {name: _single(saved[name]) for name in saved.files}
        grams = NGrams({gram: column for column, gram in enumerate(content["grams"])}, arrays["idf"])
        shape = (len(arrays["pointers"]) - 1, len(content["grams"]))
        rows = sparse.csr_matrix((arrays["values"], arrays["indices"], arrays["pointers"]), shape=shape)
        topics = {intent: tuple(among) for intent, among in content["topics"].items()}
        meaning = Meaning(arrays["mean"], arrays["support"], _SHARPNESS)
        return cls(topics, meaning, grams, rows, arrays["dual"])


def likelihoods(shares: Mapping[str, float], fits: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """P(intent | enquiry) by the classifier's P and by how well the intents' topics fit, in logits.

    An intent without topics keeps the P that it has; the others share the rest.
    """
    apart = {intent: share for intent, share in shares.items() if not fits.get(intent)}
    among = [intent for intent in shares if intent not in apart]
    if not among:
        return apart
    logits = [_BY_INTENT * log(max(shares[intent], _UNLIKELIEST)) + _log_sum(fits[intent].values()) for intent in among]
    whole, rest = _log_sum(logits), 1 - sum(apart.values())
    return apart | {intent: rest * exp(logit - whole) for intent, logit in zip(among, logits, strict=True)}


def _log_sum(logits: Collection[float]) -> float:
    most = max(logits)
    return most + log(sum(exp(logit - most) for logit in logits))


def _described(topic: Topic) -> tuple[str, str]:
    """What a topic is about, where nobody has written questions for it."""
    return topic.title, topic.short.text[:_DESCRIBED_LETTERS]


def _alike(cosines: Singles, shared: Singles) -> Singles:
    """The kernel: how alike texts are by the cosine of their meanings and by the n-grams that they share."""
    return np.asarray(_MEANING_SHARE * np.exp(_SHARPNESS * (cosines - 1)) + (1 - _MEANING_SHARE) * shared)


def _solved(kernel: Singles, sizes: Sequence[int]) -> Singles:
    """The weights of each question (rows, `sizes` of them a topic) for each topic (columns); uses `kernel` up."""
    wanted = np.repeat(np.eye(len(sizes), dtype=np.float32), sizes, axis=0)
    kernel[np.diag_indices_from(kernel)] += _PENALTY
    factor = linalg.cho_factor(kernel.T, lower=True, overwrite_a=True, check_finite=False)  # in place: columns first
    return np.asarray(linalg.cho_solve(factor, wanted - wanted.mean(axis=0), overwrite_b=True, check_finite=False))


def _single(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Half precision saves room in the file; numbers are counted with in single."""
    return array.astype(np.float32) if array.dtype == np.float16 else array
