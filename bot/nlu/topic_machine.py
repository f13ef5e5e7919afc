"""Reads which topic of an enquiry's intent a message asks about, from questions that trainers wrote for each topic.

`nlu_data/questions/<intent>.yml` holds the questions by topic. Inside one intent there are a hundred questions at most,
so each intent has a kernel machine of its own, fitted in closed form; beside it counts how near a message is to the
topic's title and to its short answer. What trainers write into `when` is no part of it: that is read while the bot
runs, and `Knowledge.choose` adds it to what this machine says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.nlu.features import NGrams, character_spans
from bot.nlu.kernel import Meaning, Singles, unit
from bot.nlu.knowledge import Topic
from bot.nlu.turn_machine import examples

QUESTIONS = Path("nlu_data/questions")
_PENALTY, _MEANING_SHARE, _SHARPNESS = 0.1, 0.9, 2.0
_BY_QUESTIONS, _BY_TITLE, _BY_ANSWER = 10.0, 2.2, 6.2
"""What each sight of a topic counts, in logits: a conditional logit over questions that were left out, with more for
title and answer, by which a topic without questions is known (ADR 006)."""
_DESCRIBED_LETTERS = 120
"""Of a short answer: more says nothing new of what it is about."""


def questions(folder: Path = QUESTIONS) -> dict[str, tuple[str, ...]]:
    """The trainers' questions by topic. Raises TrainersFileError."""
    return {topic: texts for path in sorted(folder.glob("*.yml")) for topic, texts in examples(path).items()}


@dataclass(frozen=True)
class Field:
    """One intent's topics: their machine, and what they are like."""

    topics: tuple[str, ...]
    first: int
    """Number of the intent's first question among all; they stand in a row."""
    dual: Singles
    """Shape (questions, topics)."""
    titles: Singles
    answers: Singles
    """Unit vectors, a row for each topic."""


@dataclass(frozen=True)
class TopicMachine:
    """The fitted machines of all intents."""

    meaning: Meaning
    grams: NGrams
    rows: sparse.csr_matrix
    """The questions' n-grams."""
    fields: Mapping[str, Field]

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
        texts = [text for topic in ordered for text in asked.get(topic.id, ())]
        told = [topic.short.text[:_DESCRIBED_LETTERS] for topic in ordered]
        vectors = embed([*texts, *(topic.title for topic in ordered), *told])
        everything = Meaning.of(vectors, _SHARPNESS)
        own, titles, answers = np.split(everything.support, [len(texts), len(texts) + len(ordered)])
        meaning = replace(everything, support=own)
        documents = [character_spans(text) for text in texts]
        grams = NGrams.fit(documents, min_documents=1)
        rows = grams.matrix(documents)
        fields, first, nth = {}, 0, 0
        for intent, among in by_intent.items():
            sizes = [len(asked.get(topic.id, ())) for topic in among]
            asking, described = slice(first, first + sum(sizes)), slice(nth, nth + len(among))
            kernel = _alike(own[asking] @ own[asking].T, (rows[asking] @ rows[asking].T).toarray())
            dual = _solved(kernel.astype(np.float64), sizes)
            names = tuple(topic.id for topic in among)
            fields[intent] = Field(names, first, dual, titles[described], answers[described])
            first, nth = asking.stop, described.stop
        return cls(meaning, grams, rows, fields)

    def fits(self, intents: Sequence[str], text: str, embedding: NDArray[np.float32]) -> dict[str, dict[str, float]]:
        """How well each topic of these intents fits a message in normal form, in logits; nothing for an unknown one."""
        columns, weights = self.grams.row(character_spans(text))
        said = np.zeros(self.rows.shape[1], dtype=np.float32)
        said[columns] = weights
        meant = unit(embedding - self.meaning.mean)
        return {intent: self._fits_of(self.fields.get(intent), said, meant) for intent in intents}

    def _fits_of(self, field: Field | None, said: Singles, meant: Singles) -> dict[str, float]:
        if field is None:
            return {}
        own = slice(field.first, field.first + len(field.dual))
        by_questions = _alike(self.meaning.support[own] @ meant, self.rows[own] @ said) @ field.dual
        described = _BY_TITLE * field.titles @ meant + _BY_ANSWER * field.answers @ meant
        found = _BY_QUESTIONS * by_questions + described
        return {topic: round(float(fit), 3) for topic, fit in zip(field.topics, found, strict=True)}

    def save(self, directory: Path) -> None:
        """Write plain arrays and JSON."""
        fields = list(self.fields.values())
        np.savez(
            directory / "topics.npz",
            mean=self.meaning.mean,
            support=self.meaning.support.astype(np.float16),
            idf=self.grams.idf,
            values=self.rows.data.astype(np.float16),
            indices=self.rows.indices,
            pointers=self.rows.indptr,
            dual=np.concatenate([field.dual.ravel() for field in fields]),
            titles=np.concatenate([field.titles for field in fields]).astype(np.float16),
            answers=np.concatenate([field.answers for field in fields]).astype(np.float16),
        )
        named = [[intent, field.topics, len(field.dual)] for intent, field in self.fields.items()]
        content = {"grams": list(self.grams.columns), "fields": named}
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
        fields, first, nth, weight = {}, 0, 0, 0
        for intent, topics, count in content["fields"]:
            described, weights = slice(nth, nth + len(topics)), slice(weight, weight + count * len(topics))
            dual = arrays["dual"][weights].reshape(count, len(topics))
            described_as = (arrays["titles"][described], arrays["answers"][described])
            fields[intent] = Field(tuple(topics), first, dual, *described_as)
            first, nth, weight = first + count, described.stop, weights.stop
        return cls(Meaning(arrays["mean"], arrays["support"], _SHARPNESS), grams, rows, fields)


def _alike(cosines: Singles, shared: Singles) -> Singles:
    """The kernel: how alike texts are by the cosine of their meanings and by the n-grams that they share."""
    return np.asarray(_MEANING_SHARE * np.exp(_SHARPNESS * (cosines - 1)) + (1 - _MEANING_SHARE) * shared)


def _solved(kernel: NDArray[np.float64], sizes: Sequence[int]) -> Singles:
    """The weights of each question (rows, `sizes` of them for each topic) for each topic (columns)."""
    wanted = np.repeat(np.eye(len(sizes)), sizes, axis=0)
    centred = wanted - wanted.mean(axis=0) if len(wanted) else wanted
    return np.asarray(np.linalg.solve(kernel + _PENALTY * np.eye(len(kernel)), centred), dtype=np.float32)


def _single(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Half precision saves room in the file; numbers are counted with in single."""
    return array.astype(np.float32) if array.dtype == np.float16 else array
