"""The machine that reads what a message means further on, on small made-up data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rasa")

from bot.nlu.live_file import TrainersFileError, examples
from bot.nlu.turn_machine import ASPECT_TURNS_FILE, FORM_TURNS_FILE, TurnMachine

TEXTS = {
    "pictures": ["能发照片吗", "照片怎么发", "要照片吗", "照片发哪"],
    "asleep": ["他昏过去了", "她昏迷了", "人昏了", "昏倒了"],
}
MEANS = np.eye(4, dtype=np.float32)


def machine() -> TurnMachine:
    random = np.random.default_rng(1)
    vectors = np.stack([MEANS[number // 4] for number in range(8)]) + 0.1 * random.normal(size=(8, 4))
    return TurnMachine.fit(TEXTS, vectors.astype(np.float32))


def test_that_words_and_meaning_name_the_turn() -> None:
    assert machine().read("照片呢", MEANS[0])[0].name == "pictures"
    assert machine().read("昏", MEANS[1])[0].name == "asleep"


def test_that_likelihoods_of_all_turns_are_one() -> None:
    assert sum(turn.confidence for turn in machine().read("照片", MEANS[1])) == pytest.approx(1, abs=0.01)


def test_that_a_question_is_rather_a_turn_of_questions() -> None:
    between = (MEANS[0] + MEANS[1]) / np.sqrt(2)
    asked, told = (machine().read(text, between.astype(np.float32)) for text in ("xyz吗", "xyz"))
    shares = [next(turn.confidence for turn in read if turn.name == "pictures") for read in (asked, told)]
    assert shares[0] > shares[1]


def test_that_unknown_words_are_read_by_their_meaning_alone() -> None:
    assert machine().read("xyz", MEANS[1])[0].name == "asleep"


def test_that_a_machine_comes_back_from_its_files(tmp_path: Path) -> None:
    fitted = machine()
    fitted.save(tmp_path)
    before, after = (one.read("照片呢", MEANS[0]) for one in (fitted, TurnMachine.load(tmp_path)))
    assert [turn.name for turn in before] == [turn.name for turn in after]
    assert before[0].confidence == pytest.approx(after[0].confidence, abs=0.01)


def test_that_a_turn_without_examples_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "form_turns.yml"
    path.write_text("found: []\n", encoding="utf-8")
    with pytest.raises(TrainersFileError, match="found"):
        examples(path)


@pytest.mark.parametrize("source", [FORM_TURNS_FILE, ASPECT_TURNS_FILE])
def test_that_every_shipped_turn_has_enough_examples_and_none_twice(source: Path) -> None:
    shipped = examples(source)
    texts = [text for said in shipped.values() for text in said]
    assert min(map(len, shipped.values())) >= 5
    assert len(texts) == len(set(texts))
