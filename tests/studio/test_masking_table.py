"""Two tables of what residents write: what points to a person is gone, what points to nobody stays as it was."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.studio.masking import mask
from bot.studio.second_look import suspects

HERE = Path(__file__).parent


def rows(name: str) -> list[Any]:
    """The rows of a table, each named by its kind and text."""
    kinds = yaml.safe_load((HERE / f"masking_{name}.yml").read_text(encoding="utf-8"))
    return [
        pytest.param(*((text, texts[text]) if isinstance(texts, dict) else (text,)), id=f"{kind}: {text}")
        for kind, texts in kinds.items()
        for text in texts
    ]


@pytest.mark.parametrize(("text", "parts"), rows("personal"))
def test_that_every_part_that_points_to_a_person_is_gone(text: str, parts: list[str]) -> None:
    masked = mask(text)
    assert [part for part in parts if part in masked] == []
    assert mask(masked) == masked


@pytest.mark.parametrize("text", rows("innocent"))
def test_that_what_points_to_nobody_comes_through_both_looks(text: str) -> None:
    assert mask(text) == text
    assert suspects(text) == []
