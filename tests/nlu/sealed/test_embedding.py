"""What the encoder is asked for, and what is remembered of it from one training to the next."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.nlu.embedding import SIZE, Encoder, encode_on_all_cores, own_encoder, remembered, shortened


class CountingEncoder:
    """Gives each text a row of its own, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[float(len(text))] * SIZE for text in texts], dtype=np.float32).reshape(-1, SIZE)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return own_encoder()


def test_that_messages_of_one_meaning_are_nearer_than_others(encoder: Encoder) -> None:
    fire, blaze, card = encoder.encode(["厨房着火了快来人", "我家起火了救命", "身份证丢了去哪补"])
    assert np.linalg.norm(fire) == pytest.approx(1, abs=1e-3)
    assert fire @ blaze > fire @ card


def test_that_a_text_reads_the_same_alone_and_among_others(encoder: Encoder) -> None:
    texts = ["救命", "我家起火了，在三楼，楼道里全是烟，老人下不来", "你好"]
    assert np.allclose(encoder.encode(texts)[1], encoder.encode(texts[1:2])[0], atol=1e-4)


def test_that_many_texts_read_the_same_on_all_cores(encoder: Encoder) -> None:
    texts = [f"第{number}栋着火了" for number in range(30)]
    assert np.allclose(encode_on_all_cores(texts), encoder.encode(texts), atol=1e-4)


def test_that_no_text_gives_no_row(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, SIZE)


def test_that_of_a_long_text_the_beginning_and_the_end_are_read() -> None:
    told = "我想问问" + "那天的事说来话长" * 60 + "他现在拿刀在门口"
    assert shortened(told).startswith("我想问问")
    assert shortened(told).endswith("他现在拿刀在门口")
    assert len(shortened(told)) < len(told)
    assert shortened("着火了") == "着火了"


def test_that_a_training_embeds_only_what_the_last_one_did_not(tmp_path: Path) -> None:
    memory, encode = tmp_path / "models" / "embeddings.npz", CountingEncoder()
    first = remembered(encode, ["着火了", "救命"], memory)
    second = remembered(encode, ["救命", "狗丢了怎么办", "救命"], memory)
    assert encode.asked == ["着火了", "救命", "狗丢了怎么办"]
    assert np.array_equal(second[0], first[1])
    assert second[1, 0] == len("狗丢了怎么办")
    remembered(encode, ["着火了"], memory)
    assert encode.asked.count("着火了") == 2, "what is trained on no more is forgotten"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half a one"])
def test_that_a_broken_memory_is_made_anew(tmp_path: Path, content: bytes) -> None:
    memory, encode = tmp_path / "embeddings.npz", CountingEncoder()
    memory.write_bytes(content)
    assert remembered(encode, ["着火了"], memory)[0, 0] == 3
    remembered(encode, ["着火了"], memory)
    assert encode.asked == ["着火了"]
