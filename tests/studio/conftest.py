"""What the studio's tests may use: a small Rasa project of their own."""

from pathlib import Path

import pytest

from tests.small_project import small_project_at


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """The folder of a small project (`tests/small_project.py`), the test's own."""
    return small_project_at(tmp_path / "project")
