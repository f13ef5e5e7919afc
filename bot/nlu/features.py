"""Character and word n-grams weighted by tf-idf: the sparse half of what the classifier sees."""

from __future__ import annotations

from array import array
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
    def fit(
        cls, documents: Iterable[Sequence[tuple[str, int, int]]], *, min_documents: int = 2
    ) -> tuple[NGrams, sparse.csr_matrix]:
        """Keep n-grams seen in at least `min_documents` messages, in a fixed order; with the messages' rows, as `row`
        gives each."""
        numbers: dict[str, int] = {}
        seen, often, ends = array("q"), array("q"), [0]
        for document in documents:
            counts = Counter(numbers.setdefault(gram, len(numbers)) for gram, _, _ in document)
            seen.extend(counts)
            often.extend(counts.values())
            ends.append(len(seen))
        columns = np.array(seen, dtype=np.int64)
        frequencies = np.bincount(columns, minlength=len(numbers))
        kept = sorted(gram for gram, number in numbers.items() if frequencies[number] >= min_documents)
        place = np.full(len(numbers), -1)
        place[[numbers[gram] for gram in kept]] = np.arange(len(kept))
        idf = np.zeros(len(kept), dtype=np.float32)
        idf[place[place >= 0]] = (np.log(len(ends) / (1 + frequencies[place >= 0])) + 1).astype(np.float32)

        known = place[columns] >= 0
        rows, columns = np.repeat(np.arange(len(ends) - 1), np.diff(ends))[known], place[columns][known]
        weights = (1 + np.log(np.array(often, dtype=np.float32)[known])) * idf[columns]
        lengths = np.sqrt(np.bincount(rows, weights * weights, minlength=len(ends) - 1))
        weights = (weights / lengths[rows]).astype(np.float32)
        shape = (len(ends) - 1, len(kept))
        matrix = sparse.csr_matrix((weights, (rows, columns)), shape=shape)
        return cls({gram: column for column, gram in enumerate(kept)}, idf), matrix

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
