"""The weights as they come: their format, and what is said of another one."""

from pathlib import Path

import numpy as np
import pytest

from bot.nlu.e5.weights import Weights


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights()


def test_that_the_network_has_the_sizes_of_its_paper(weights: Weights) -> None:
    sizes = weights.sizes
    assert (sizes.hidden, sizes.layers, sizes.heads, sizes.feed_forward, sizes.positions) == (384, 12, 12, 1536, 512)


def test_that_a_matrix_has_a_row_for_each_input(weights: Weights) -> None:
    assert weights.matrix("l0.fi.w", 384).shape == (384, 1536)
    assert weights.matrix("l0.fo.w", 1536).shape == (1536, 384)
    assert np.isfinite(weights.matrix("l11.q.w", 384)).all()


def test_that_every_piece_has_an_embedding(weights: Weights) -> None:
    last = len(weights.vocabulary.scores) - 1
    assert weights.words([0, last]).shape == (2, 384)


def test_that_another_format_is_told(tmp_path: Path) -> None:
    other = tmp_path / "weights.bin"
    other.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match=r"requirements/rasa\.txt"):
        Weights(other)
