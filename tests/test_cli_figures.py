"""`fujin figures`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.cli.common import output
from bot.store.session import Store
from tests.console.conftest import Rows
from tests.world import FakeClock


@pytest.fixture(autouse=True)
def _station(store: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", database_url)
    monkeypatch.setenv("FUJIN_VAR_DIR", str(tmp_path))


@pytest.fixture
def rows(store: Store, clock: FakeClock) -> Rows:
    """Writes rows of just now: the command's clock is the real one."""
    clock.moment = datetime.now(UTC)
    return Rows(store, clock)


def alarm(rows: Rows, intent: str, *, ago: float, acknowledged: float | None) -> None:
    at = rows.clock.now() - timedelta(seconds=ago)
    had = {} if acknowledged is None else {"acknowledged_at": at + timedelta(seconds=acknowledged)}
    state = "open" if acknowledged is None else "acknowledged"
    rows.case(rows.resident(f"R-{intent[-4:]}"), intent, ago=ago, alarmed_at=at, state=state, **had)


def test_that_the_figures_are_one_json_object() -> None:
    result = CliRunner().invoke(app, ["figures", "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    nothing = {"count": 0, "censored": 0, "p50": None, "p90": None, "within": None}
    assert (found["overall"]["to_page"], found["overall"]["false_rate"], found["waiting_now"]) == (nothing, None, 0)
    assert (len(found["by_hour"]), found["by_kind"]) == (24, {})


def test_that_the_times_are_told_by_hour_and_kind(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "width", 160)
    alarm(rows, "urgent_alarm/fire", ago=7200, acknowledged=20)
    alarm(rows, "urgent_alarm/robbery", ago=7200, acknowledged=None)
    result = CliRunner().invoke(app, ["figures"])
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines()]
    named = {line[0]: line[1:] for line in lines if line}
    assert named["alarm to acknowledgement"][:3] == ["1", "1", "20.0"]
    assert named["alarm to acknowledgement"][4] == "50.0%"
    assert (named["never acknowledged"][0], named["waiting now"][0]) == ("1", "1")
    assert (named["fire"][2], named["fire"][4]) == ("0", "20.0 / 20.0")
    assert named["robbery"][2] == "1"
    assert named["robbery"][4].startswith("≥7")


def test_that_the_table_is_written_to_a_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["figures", "--csv", str(tmp_path / "alarms.csv")])
    assert (result.exit_code, result.stderr) == (0, "")
    assert (tmp_path / "alarms.csv").read_text(encoding="utf-8-sig").startswith("案件,类型")


def test_that_the_summary_is_written_to_a_file(rows: Rows, tmp_path: Path) -> None:
    alarm(rows, "urgent_alarm/fire", ago=7200, acknowledged=20)
    result = CliRunner().invoke(app, ["figures", "--summary-csv", str(tmp_path / "summary.csv")])
    assert (result.exit_code, result.stderr) == (0, "")
    lines = (tmp_path / "summary.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["分组", "全部", "时段", "类型"]


def test_that_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["figures", "--csv", str(tmp_path / "no" / "alarms.csv")])
    assert result.exit_code == 1
    assert result.stderr.startswith("fujin: ")
    assert "cannot be written" in result.stderr
