"""Which texts share the rarest pieces of words with a question: finds what a trainer's word list does not name.

No model and no training, so that an answer that a trainer has just written is found at once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

_RUNS = re.compile(r"[^\W_]+")
_ORDERS = (1, 2, 3)
_EMPTY = re.compile(
    r"[吗呢啊呀吧嘛么的了着过我你您他她它们咱俺这那个是不有没要能会就也都还和跟给在去来上下到得用行可以啥什怎咋哪几多少一二两三四五六七八九十年月日号天0-9]+"
)
"""Pieces of nothing but such letters say nothing of the matter."""
_LENGTH_SHARE, _USUAL_PIECES, _FEW_PIECES = 0.6, 100, 60
"""A long text shares more by chance: how much of the score its length, in usual lengths, takes away."""

Key = TypeVar("Key")


def pieces(text: str) -> frozenset[str]:
    """All runs of one to three letters."""
    return frozenset(
        run[start : start + order]
        for run in _RUNS.findall(text)
        for order in _ORDERS
        for start in range(len(run) - order + 1)
        if not _EMPTY.fullmatch(run[start : start + order])
    )


class Overlap(Generic[Key]):
    """A set of texts by key, ready to be compared with questions."""

    def __init__(self, texts: Mapping[Key, str]) -> None:
        self._pieces = {key: pieces(text) for key, text in texts.items()}
        counts = Counter(piece for found in self._pieces.values() for piece in found)
        self._weights = {piece: math.log(1 + len(texts) / count) ** 2 for piece, count in counts.items()}

    def scores(self, question: str, among: Iterable[Key], *, told: str = "") -> dict[Key, float]:
        """How much each of these texts shares with a question beyond what is `told`; rare pieces count more."""
        asked = pieces(question) - pieces(told)
        return {key: self._score(asked, self._pieces[key]) for key in among}

    def _score(self, asked: frozenset[str], text: frozenset[str]) -> float:
        shared = sum(self._weights[piece] for piece in asked & text)
        return shared / (1 - _LENGTH_SHARE + _LENGTH_SHARE * max(len(text), _FEW_PIECES) / _USUAL_PIECES)
