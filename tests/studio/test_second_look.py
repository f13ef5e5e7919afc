"""The second look sees what the first has not thought of, and seldom what points to nobody."""

from itertools import islice
from pathlib import Path

import pytest
import yaml

from bot.nlu.dataset import Dataset
from bot.studio.masking import in_plain_words, mask
from bot.studio.second_look import suspects

PERSONAL = yaml.safe_load((Path(__file__).parent / "masking_personal.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("脚环号 2023118842", ["2023118842"]),
        ("号是三四七八八", ["三四七八八"]),
        ("暗号7x92k", ["7x92k"]),
        ("加我微信 dongbeihu", ["dongbeihu"]),
        ("三期 12 号 楼", ["12 号 楼"]),
        ("西边小高层1704一天要六桶水", ["1704"]),
        ("我叫张伟", ["张伟"]),
        ("张伟是我邻居", ["张伟"]),
        ("他姓佟志强，个子高", ["佟志强"]),
        ("户主是李𬭎", ["李𬭎"]),
    ],
)
def test_that_what_looks_personal_is_shown(text: str, words: list[str]) -> None:
    assert suspects(text) == words


def test_that_it_sees_most_of_what_is_personal_without_the_first_look() -> None:
    texts = [text for kind in PERSONAL.values() for text in kind]
    assert sum(bool(suspects(text)) for text in texts) > 0.6 * len(texts)


@pytest.mark.parametrize("kind", PERSONAL)
def test_that_nothing_is_shown_of_what_the_first_look_has_taken_out(kind: str) -> None:
    left = {text: suspects(in_plain_words(mask(text))) for text in PERSONAL[kind]}
    assert {text: words for text, words in left.items() if words} == {}


def test_that_of_what_residents_usually_write_hardly_anything_is_shown() -> None:
    usual = [in_plain_words(mask(one.text)) for one in islice(Dataset().training(), 0, None, 40)]
    shown = [text for text in usual if suspects(text)]
    assert len(shown) < 0.005 * len(usual), shown
