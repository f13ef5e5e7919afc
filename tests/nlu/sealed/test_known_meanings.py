"""The meanings of the station's answers that were found beforehand."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rasa")

from bot.nlu import known_meanings
from bot.nlu.embedding import fact_meanings, meaning_of


def test_that_nearly_every_answer_is_known_and_means_what_the_encoder_says() -> None:
    texts = known_meanings.texts()
    found = [known_meanings.known().get(known_meanings.key(text)) for text in texts]
    assert sum(one is not None for one in found) > 0.9 * len(texts), "`make teach` finds them"
    for text, one in list(zip(texts, found, strict=True))[:5]:
        assert one is not None
        np.testing.assert_allclose(one, fact_meanings().of(text), atol=0.02)


def test_that_what_is_not_known_is_read() -> None:
    assert known_meanings.key("谁也没写过的一句话") not in known_meanings.known()
    np.testing.assert_array_equal(meaning_of("谁也没写过的一句话"), fact_meanings().of("谁也没写过的一句话"))


def test_that_meanings_of_another_encoder_are_not_taken(tmp_path: Path) -> None:
    with np.load(known_meanings.FILE) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    other = tmp_path / "other.npz"
    np.savez(other, **(held | {"encoder": np.zeros(32, dtype=np.uint8)}))
    assert known_meanings.known(other) == {}
