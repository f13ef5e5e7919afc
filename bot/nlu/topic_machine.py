"""Reads which topic of the knowledge base a message asks about, from questions that trainers wrote for each topic.

`nlu_data/questions/<intent>.yml` holds the questions by topic; a topic's title and its short answer count among them.
How well a topic fits is told by a softmax regression over what the message means, and by the n-grams that it shares
with the topic's nearest question. All topics together also tell which intent it is, beside what the classifier thinks:
words that belong to one matter and an answer that stands under another are what the questions are written for. What
trainers write into `when` is no part of it: that is read while the bot runs, and `Knowledge.likely` adds it to this.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.nlu.features import NGrams, character_spans
from bot.nlu.kernel import softmax, unit
from bot.nlu.knowledge import Topic
from bot.nlu.live_file import examples
from bot.nlu.ridge import Singles

QUESTIONS = Path("nlu_data/questions")
_BY_MEANING, _BY_WORDS = 20.0, 7.0
"""Logits of a topic's whole weight and of a question in the very same words; with _BY_INTENT from messages that neither
this nor the encoder had learnt (ADR 006)."""
_BY_INTENT, _UNLIKELIEST = 0.3, 1e-3
"""What the logarithm of P(intent | enquiry) counts beside them, and the least that such a P counts as: no intent is
impossible because the classifier says so."""
_SHARPNESS, _ROUNDS, _AT_ONCE, _STEP, _DRAWN = 24.0, 6, 512, 3e-3, 3e-3
"""How the regression learns: logits of a whole weight, rounds over all questions, how many of them at once, the first
step (Adam; Kingma & Ba 2015), and how much each topic is drawn to the middle of its questions."""
_DESCRIBED_LETTERS = 120
"""Of a topic's short answer, which counts among its questions: more says nothing new of what it is about."""


def questions(folder: Path = QUESTIONS) -> dict[str, tuple[str, ...]]:
    """The trainers' questions by topic. Raises TrainersFileError."""
    return {topic: texts for path in sorted(folder.glob("*.yml")) for topic, texts in examples(path).items()}


@dataclass(frozen=True)
class TopicMachine:
    """The fitted machine."""

    topics: Mapping[str, tuple[str, ...]]
    """By intent; their order is that of the rows below."""
    mean: Singles
    weights: Singles
    """Shape (topics, SIZE)."""
    grams: NGrams
    rows: sparse.csr_matrix
    """The questions' n-grams, topic by topic."""
    starts: NDArray[np.int64]
    """The first row of each topic."""

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
        by_topic = [(*asked.get(topic.id, ()), *_described(topic)) for topic in ordered]
        texts = [text for of_topic in by_topic for text in of_topic]
        sizes = [len(of_topic) for of_topic in by_topic]
        embeddings = embed(texts)
        mean = embeddings.mean(axis=0)
        documents = [character_spans(text) for text in texts]
        grams, rows = NGrams.fit(documents, min_documents=1)
        return cls(
            topics={intent: tuple(topic.id for topic in among) for intent, among in by_intent.items()},
            mean=mean,
            weights=_learnt(unit(embeddings - mean), np.repeat(np.arange(len(sizes)), sizes)),
            grams=grams,
            rows=rows,
            starts=np.cumsum([0, *sizes[:-1]]),
        )

    def fits(self, text: str, embedding: NDArray[np.float32]) -> dict[str, dict[str, float]]:
        """By intent how well each of its topics fits a message in normal form, in logits."""
        columns, weights = self.grams.row(character_spans(text))
        nearest = np.maximum.reduceat(self._by_gram[:, columns] @ weights, self.starts)
        found = _BY_MEANING * (self.weights @ unit(embedding - self.mean)) + _BY_WORDS * nearest
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
            mean=self.mean,
            weights=self.weights,
            idf=self.grams.idf,
            values=self.rows.data.astype(np.float16),
            indices=self.rows.indices,
            pointers=self.rows.indptr,
            starts=self.starts,
        )
        content = {"grams": list(self.grams.columns), "topics": self.topics}
        (directory / "topics.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> TopicMachine:
        """The inverse of `save`."""
        content = json.loads((directory / "topics.json").read_text(encoding="utf-8"))
        with np.load(directory / "topics.npz", allow_pickle=False) as arrays:
            grams = NGrams({gram: column for column, gram in enumerate(content["grams"])}, arrays["idf"])
            values = arrays["values"].astype(np.float32)
            shape = (len(arrays["pointers"]) - 1, len(content["grams"]))
            rows = sparse.csr_matrix((values, arrays["indices"], arrays["pointers"]), shape=shape)
            topics = {intent: tuple(among) for intent, among in content["topics"].items()}
            return cls(topics, arrays["mean"], arrays["weights"], grams, rows, arrays["starts"])


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
    """What a topic is about, by its own words: all that is known of it where nobody has written questions."""
    return topic.title, topic.short.text[:_DESCRIBED_LETTERS]


def _learnt(texts: Singles, topic_of: NDArray[np.int64]) -> Singles:
    """Each topic's weights: softmax regression, begun at the middles of the topics' texts and drawn to them."""
    number = int(topic_of[-1]) + 1
    middles = np.zeros((number, texts.shape[1]), dtype=np.float32)
    np.add.at(middles, topic_of, texts)
    middles = unit(middles)
    weights, momentum, scale = middles.copy(), np.zeros_like(middles), np.zeros_like(middles)
    parts = -(-len(texts) // _AT_ONCE)
    random, step = np.random.default_rng(7), 0
    for _ in range(_ROUNDS):
        for part in np.array_split(random.permutation(len(texts)), parts):
            away = softmax(_SHARPNESS * (texts[part] @ weights.T))
            away[np.arange(len(part)), topic_of[part]] -= 1
            slope = _SHARPNESS / len(part) * (away.T @ texts[part]) + _DRAWN * (weights - middles)
            momentum += 0.1 * (slope - momentum)
            scale += 0.001 * (slope * slope - scale)
            length = _STEP * (1 - step / (parts * _ROUNDS))
            step += 1
            weights -= length * (momentum / (1 - 0.9**step)) / (np.sqrt(scale / (1 - 0.999**step)) + 1e-8)
    return weights
