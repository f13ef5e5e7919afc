"""`fujin figures`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.store.session import Store


@pytest.fixture(autouse=True)
def _station(store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", database_url)
    monkeypatch.setenv("FUJIN_VAR_DIR", str(tmp_path))


def test_that_the_figures_are_one_json_object() -> None:
    result = CliRunner().invoke(app, ["figures", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["to_page"] == {"count": 0, "p50": None, "p90": None, "within": None}


def test_that_the_table_is_written_to_a_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["figures", "--csv", str(tmp_path / "alarms.csv")])
    assert (result.exit_code, result.stderr) == (0, "")
    assert (tmp_path / "alarms.csv").read_text(encoding="utf-8-sig").startswith("案件,类型")


def test_that_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["figures", "--csv", str(tmp_path / "no" / "alarms.csv")])
    assert result.exit_code == 1
    assert result.stderr.startswith("fujin: ")
    assert "cannot be written" in result.stderr
