"""What the station's own texts have taught the encoder: a small matrix beside each of the pretrained ones.

Each is the product of two narrow matrices (LoRA, Hu et al. 2021, arXiv:2106.09685), learnt by `make teach` from the
trainers' messages and questions. They are added before the weights become whole numbers, so that reading a text takes
no longer. A fifth of all texts is kept apart from what is learnt (`kept_apart`). A machine that stands on the encoder
and is judged by its own examples, each left out in turn, must be judged by those: of the others the encoder has been
told what they are.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from bot.nlu.e5.weights import Singles

FILE = Path(__file__).with_name("adapter.npz")
"""What a text is: taught to put together what has one intent, one topic, one turn."""
FACTS = Path(__file__).with_name("facts.npz")
"""What a text asks for: taught to put a question beside the fact that answers it."""
_APART = 51
"""Of 256: a fifth."""


class Adapter:
    """The learnt matrices, by the names of those beside which they stand."""

    def __init__(self, path: Path = FILE) -> None:
        """Read a file that `make teach` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            self._arrays = {name: arrays[name].astype(np.float32) for name in arrays.files}

    def __getitem__(self, name: str) -> Singles:
        """What else the file holds."""
        return np.asarray(self._arrays[name])

    def beside(self, name: str) -> Singles:
        """What is added to the matrix of this name ("l0.q.w"), in its shape."""
        return np.asarray(self._arrays[f"{name}.down"] @ self._arrays[f"{name}.up"])


def kept_apart(text: str) -> bool:
    """Whether the encoder never learns from this text, in normal form: the same fifth on every machine and for ever."""
    return hashlib.sha256(text.encode()).digest()[0] < _APART
