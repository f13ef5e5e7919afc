"""What the answers of the station mean, found beforehand: reading all anew takes half a minute at each start, and
whoever asked first would wait for those of a dozen topics.

`python -m bot.nlu.known_meanings FILE` finds them, at the end of `make teach`. An answer that has been edited since is
read when it is first compared; of another encoder than the one that found them none holds.
"""

from __future__ import annotations

import hashlib
import sys
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np

from bot.nlu import knowledge, known_questions
from bot.nlu.e5.adapter import FACTS
from bot.nlu.e5.weights import Singles

FILE = FACTS.with_name("meanings.npz")
_KEY_BYTES = 12
"""Of a text's hash: of some thousands no two are alike."""


def key(text: str) -> bytes:
    """What a text's meaning is found by."""
    return hashlib.sha256(text.encode()).digest()[:_KEY_BYTES]


@lru_cache(maxsize=1)
def known(path: Path = FILE) -> dict[bytes, Singles]:
    """The meanings by key; none where they are of another encoder."""
    with np.load(path, allow_pickle=False) as arrays:
        if bytes(arrays["encoder"]) != _encoder():
            return {}
        vectors = arrays["vectors"].astype(np.float32)
        return {bytes(one): vector for one, vector in zip(arrays["keys"], vectors, strict=True)}


def texts() -> list[str]:
    """Every answer as it is compared."""
    topics = knowledge.load().topics.values()
    facts = [topic.compared(aspect) for topic in topics for aspect in (knowledge.SHORT, *topic.aspects)]
    asked = [
        known_questions.load(source).compared.values() for source in (known_questions.ALARMS, known_questions.FORMS)
    ]
    return list(dict.fromkeys([*facts, *chain.from_iterable(asked)]))


def _encoder() -> bytes:
    return hashlib.sha256(FACTS.read_bytes()).digest()


def main(target: Path) -> None:
    """Find the meanings and write them."""
    from bot.nlu.embedding import encode_on_all_cores, fact_meanings

    told = texts()
    np.savez(
        target,
        encoder=np.frombuffer(_encoder(), dtype=np.uint8),
        keys=np.frombuffer(b"".join(map(key, told)), dtype=np.uint8).reshape(len(told), -1),
        vectors=encode_on_all_cores(told, fact_meanings()).astype(np.float16),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
