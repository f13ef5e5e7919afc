"""Character and word n-grams weighted by tf-idf: the sparse half of what the classifier sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

CHARACTER_ORDERS = (1, 2, 3, 4)
WORD_ORDERS = (1, 2)
_START, _END = "\x02", "\x03"


def character_spans(text: str) -> list[tuple[str, int, int]]:
    """Every character n-gram with its place in `text`, the message's two ends marked; spaces count as a break."""
    framed = f"{_START}{text}{_END}"
    spans = []
    for order in CHARACTER_ORDERS:
        for begin in range(len(framed) - order + 1):
            gram = framed[begin : begin + order]
            if not gram.isspace():
                spans.append((gram, max(begin - 1, 0), min(begin - 1 + order, len(text))))
    return spans


def word_spans(words: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Every word n-gram with its place; `words` are (word, start) in order."""
    solid = [(word, start) for word, start in words if not word.isspace()]
    spans = []
    for order in WORD_ORDERS:
        for index in range(len(solid) - order + 1):
            part = solid[index : index + order]
            last, start = part[-1]
            spans.append(("\x01" + "\x01".join(word for word, _ in part), part[0][1], start + len(last)))
    return spans


def grams(text: str, words: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """All n-grams of a message with their places."""
    return character_spans(text) + word_spans(words)


@dataclass(frozen=True)
class NGrams:
    """A fitted vocabulary: n-gram → column, and the columns' inverse document frequencies."""

    columns: dict[str, int]
    idf: NDArray[np.float32]

    @classmethod
    def fit(cls, documents: Iterable[Sequence[tuple[str, int, int]]], *, min_documents: int = 2) -> NGrams:
        """Keep n-grams seen in at least `min_documents` messages, in a fixed order."""
        count = 0
        seen: Counter[str] = Counter()
        for document in documents:
            count += 1
            seen.update({gram for gram, _, _ in document})
        kept = sorted(gram for gram, number in seen.items() if number >= min_documents)
        frequencies = np.array([seen[gram] for gram in kept], dtype=np.float64)
        idf = np.log((1 + count) / (1 + frequencies)) + 1
        return cls(columns={gram: column for column, gram in enumerate(kept)}, idf=idf.astype(np.float32))

    def row(self, document: Sequence[tuple[str, int, int]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Columns and unit-length tf-idf weights of one message; both empty when nothing in it is known."""
        counts: dict[int, int] = {}
        columns = self.columns
        for gram, _, _ in document:
            column = columns.get(gram)
            if column is not None:
                counts[column] = counts.get(column, 0) + 1
        indices = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        weights = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        weights = (1 + np.log(weights)) * self.idf[indices]
        norm = float(np.sqrt(weights @ weights))
        return indices, weights / norm if norm else weights

    def matrix(self, documents: Sequence[Sequence[tuple[str, int, int]]]) -> sparse.csr_matrix:
        """The rows of many messages as one matrix."""
        rows = [self.row(document) for document in documents]
        pointers = np.cumsum([0] + [len(indices) for indices, _ in rows])
        indices = np.concatenate([indices for indices, _ in rows]) if rows else np.zeros(0, np.int64)
        values = np.concatenate([weights for _, weights in rows]) if rows else np.zeros(0, np.float32)
        return sparse.csr_matrix((values, indices, pointers), shape=(len(rows), len(self.idf)))
