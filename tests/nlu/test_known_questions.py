"""Which question asked while help is on its way a message asks: compared with the answers by meaning."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.nlu.known_questions import KnownQuestions, Source, load
from bot.nlu.live_file import TrainersFileError

MEANINGS = {
    "能开窗不": (4.0, 0.0),
    "先去银行吗": (0.0, 4.0),
    "能开窗不。轻轻推开就走": (3.0, 1.0),
    "先去银行": (0.0, 3.0),
}
ANSWERS = "window: {kinds: [gas_leak], says: 轻轻推开就走}\nbank: {kinds: [any], says: 先去银行}\n"


def embed(text: str) -> NDArray[np.float32]:
    return np.asarray(MEANINGS[text], dtype=np.float32)


def questions(folder: Path, answers: str = ANSWERS, asked: str = "window: [能开窗不, 窗户呢]\n") -> KnownQuestions:
    (folder / "answers.yml").write_text(answers, encoding="utf-8")
    (folder / "asked.yml").write_text(asked, encoding="utf-8")
    np.savez(folder / "middles.npz", names=np.array([], dtype=str), middles=np.empty((0, 2)))
    source = Source(folder / "answers.yml", folder / "asked.yml", folder / "middles.npz", (10.0, 20.0, 12.0))
    return load(source)


def test_that_an_answer_is_compared_behind_the_first_way_of_asking_it(tmp_path: Path) -> None:
    assert questions(tmp_path).compared == {"window": "能开窗不。轻轻推开就走", "bank": "先去银行"}


@pytest.mark.parametrize(("text", "first"), [("能开窗不", "window"), ("先去银行吗", "bank")])
def test_that_the_question_whose_answer_means_most_alike_is_the_likeliest(
    tmp_path: Path, text: str, first: str
) -> None:
    found = questions(tmp_path).read(text, embed, embed)
    assert found[0].name == first
    assert found[0].confidence > 0 > found[1].confidence


def test_that_without_answers_nothing_is_compared() -> None:
    assert KnownQuestions({}).read("能开窗不", embed, embed) == []


def test_that_an_answer_without_words_is_told_in_the_trainers_words(tmp_path: Path) -> None:
    with pytest.raises(TrainersFileError, match=r"answers\.yml 读不懂"):
        questions(tmp_path, answers="window: {kinds: [gas_leak]}\n")
