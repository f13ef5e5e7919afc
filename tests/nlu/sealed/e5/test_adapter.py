"""What the encoder has learnt from the station's texts."""

import numpy as np
import pytest

from bot.nlu.dataset import Dataset
from bot.nlu.e5.adapter import Adapter, kept_apart
from bot.nlu.e5.weights import Weights
from bot.nlu.embedding import Encoder
from bot.nlu.kernel import unit


@pytest.fixture(scope="module")
def taught() -> Encoder:
    return Encoder(Adapter())


@pytest.fixture(scope="module")
def plain() -> Encoder:
    return Encoder()


def test_that_something_in_its_shape_stands_beside_every_matrix() -> None:
    weights, adapter = Weights(), Adapter()
    for layer in range(weights.sizes.layers):
        for matrix in ("q", "k", "v", "ao", "fi", "fo"):
            name = f"l{layer}.{matrix}.w"
            inputs = weights.sizes.feed_forward if matrix == "fo" else weights.sizes.hidden
            assert adapter.beside(name).shape == weights.matrix(name, inputs).shape


def test_that_questions_kept_apart_are_nearer_to_those_of_their_topic_than_before(
    taught: Encoder, plain: Encoder
) -> None:
    """By what is left of their directions without the one that all have."""
    questions = Dataset().questions
    unseen = [question for question in questions if kept_apart(question.text)][::40]
    known = [question for question in questions if not kept_apart(question.text)][::10]

    def right(encoder: Encoder) -> float:
        """How many have the topic of the nearest known question."""
        near = unit(encoder.encode([one.text for one in known]))
        asked = unit(encoder.encode([one.text for one in unseen]))
        nearest = (asked - near.mean(axis=0)) @ (near - near.mean(axis=0)).T
        return float(
            np.mean([one.intent == known[n].intent for one, n in zip(unseen, nearest.argmax(axis=1), strict=True)])
        )

    assert right(taught) > right(plain) + 0.1


def test_that_a_fifth_of_the_texts_is_kept_apart_and_always_the_same() -> None:
    apart = [kept_apart(example.text) for example in Dataset().training()]
    assert 0.19 < np.mean(apart) < 0.21
    assert list(map(kept_apart, ("着火了", "谢谢", "身份证丢了", "钥匙丢了"))) == [False, True, False, True]
