"""Cuts a text into the pieces of the vocabulary that are likeliest together (Kudo 2018, arXiv:1804.10959)."""

from __future__ import annotations

import re

from bot.nlu.e5.weights import Vocabulary

_PREFIX = "query: "
"""What the model was trained to see before a text whose meaning is asked for (its model card)."""
_SPACE = "\u2581"
_UNKNOWN_COSTS = 10.0
"""How much less likely a character outside the vocabulary is than the rarest piece (sentencepiece, `unk_penalty`)."""
_SPACES = re.compile(" {2,}")


class Subwords:
    """Gives the numbers of a text's pieces, between those of its beginning and its end."""

    def __init__(self, vocabulary: Vocabulary, most: int) -> None:
        """`most`: pieces that the network can read; what comes after them is left out."""
        self._vocabulary = vocabulary
        self._most = most
        self._unknown = min(vocabulary.scores) - _UNKNOWN_COSTS
        self._longest = max(map(len, vocabulary.pieces))

    def __call__(self, text: str) -> list[int]:
        """The pieces of a text; at least beginning, prefix and end."""
        content = self._cut(self._plain(_PREFIX + text))
        return [self._vocabulary.begin, *content[: self._most - 2], self._vocabulary.end]

    def _plain(self, text: str) -> str:
        text = _SPACES.sub(" ", text.translate(self._vocabulary.read_as))
        return (text if text.startswith(" ") else f" {text}").replace(" ", _SPACE)

    def _cut(self, text: str) -> list[int]:
        """Viterbi: the best way to each place in the text, then back from its end."""
        pieces, scores, unknown = self._vocabulary.pieces, self._vocabulary.scores, self._vocabulary.unknown
        best = [0.0] + [float("-inf")] * len(text)
        arrived = [(0, unknown)] * (len(text) + 1)
        for start in range(len(text)):
            so_far = best[start]
            for end in range(start + 1, min(len(text), start + self._longest) + 1):
                piece = pieces.get(text[start:end])
                if piece is not None and so_far + scores[piece] > best[end]:
                    best[end], arrived[end] = so_far + scores[piece], (start, piece)
            if so_far + self._unknown > best[start + 1]:
                best[start + 1], arrived[start + 1] = so_far + self._unknown, (start, unknown)
        cut, place = [], len(text)
        while place:
            place, piece = arrived[place]
            cut.append(piece)
        return cut[::-1]
