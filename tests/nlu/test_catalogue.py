"""The catalogue's titles: read anew when the file changes, and never a reason to fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.nlu import catalogue, live_file
from bot.nlu.catalogue import title_of, titles

GOOD = "tip:\n  title: 线索\n  intents:\n    gambling: {title: 赌博}\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A catalogue of the test's own, looked at whenever it is asked."""
    path = tmp_path / "catalogue.yml"
    path.write_text(GOOD, encoding="utf-8")
    monkeypatch.setattr(catalogue, "CATALOGUE_FILE", path)
    monkeypatch.setattr(live_file, "LOOK_AGAIN_SECONDS", 0)
    catalogue._live.cache_clear()
    yield path
    catalogue._live.cache_clear()


def test_that_an_edit_is_taken(file: Path) -> None:
    assert titles() == {"tip": "线索", "tip/gambling": "赌博"}
    file.write_text(GOOD.replace("赌博", "聚众赌博"), encoding="utf-8")
    assert title_of("tip/gambling") == "聚众赌博"


@pytest.mark.parametrize("broken", ["tip:\n\ttitle: 线索\n", "tip: 线索\n", "", "tip: {title: 线索}\n"])
def test_that_a_broken_edit_keeps_the_last_good_titles(file: Path, broken: str) -> None:
    assert title_of("tip") == "线索"
    file.write_text(broken, encoding="utf-8")
    assert (title_of("tip"), title_of("tip/gambling")) == ("线索", "赌博")
    file.unlink()
    assert title_of("tip") == "线索"


def test_that_a_file_that_is_broken_from_the_start_leaves_the_names_as_they_are(file: Path) -> None:
    file.write_text("tip:\n\ttitle: 线索\n", encoding="utf-8")
    assert (titles(), title_of("tip/gambling")) == ({}, "tip/gambling")
    file.write_text(GOOD, encoding="utf-8")
    assert title_of("tip") == "线索"
