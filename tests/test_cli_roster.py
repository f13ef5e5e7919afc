"""The roster at the shell: the same acts as on the console, and one clear line when something is wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.cli import roster as roster_commands
from bot.store.models import AuditEntry, ShiftChange
from bot.store.session import Store
from tests.duty.rota import ROTATION


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["roster", *arguments])


class _Monday:
    """5 January 2026, 20:00 at the station: 甲 and 乙 are on duty."""

    def now(self) -> datetime:
        return datetime(2026, 1, 5, 12, 0, 20, tzinfo=UTC)


@pytest.fixture
def station(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    duty_file = tmp_path / "duty.yml"
    duty_file.write_text(ROTATION, encoding="utf-8")
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(duty_file))
    monkeypatch.setattr(roster_commands, "SystemClock", _Monday)
    return store


def shown(*arguments: str) -> list[str]:
    """`01-06 08:30 丙丁` for every stretch that is shown."""
    found = json.loads(fujin("show", "--json", *arguments).stdout)
    return [f"{row['starts_at'][5:16]} {''.join(turn['officer'] for turn in row['on_duty'])}" for row in found]


def audited(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        return [(entry.actor, entry.action) for entry in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))]


def test_that_the_next_week_is_shown_with_changes_and_gaps(station: Store) -> None:
    away = fujin("away", "丙", "2026-01-08", "2026-01-08", "--officer", "戊", "--reason", "年假")
    assert (away.exit_code, away.stdout) == (0, "change 1: 1月8日 08:30—1月9日 08:30 丙 请假\n")
    result = fujin("show")
    assert result.exit_code == 0, result.output
    for words in ("1月6日 08:30", "丙、丁", "缺口", "年假", "戊"):
        assert words in result.stdout
    assert result.stdout.splitlines()[-1] == "缺口 1月8日 08:30—1月9日 08:30 只有1人在班，应有2人（缺丙）"


def test_that_who_looked_at_the_roster_stands_in_the_log(station: Store) -> None:
    assert fujin("show", "--officer", "甲").exit_code == 0
    assert fujin("show", "--officer", "庚").exit_code == 1
    assert audited(station) == [("甲", "view")]


def test_that_a_month_is_shown_as_data(station: Store) -> None:
    month = shown("--month", "2026-02")
    assert (month[0], month[-1]) == ("02-01T00:00 甲乙", "02-28T08:30 甲乙")
    assert "02-16T08:30 戊" in month
    (row,) = [
        row for row in json.loads(fujin("show", "--month", "2026-02", "--json").stdout) if "02-17" in row["starts_at"]
    ]
    assert row == {
        "starts_at": "2026-02-17T08:30:00+08:00",
        "ends_at": "2026-02-18T08:30:00+08:00",
        "on_duty": [{"officer": "甲", "place": "甲", "whence": "holiday", "change": None}],
        "holiday": "春节",
        "wanted": 1,
        "missing": [],
        "gap": False,
    }


def test_that_changes_are_made_and_taken_back_in_the_officers_name(station: Store) -> None:
    for arguments in (
        ("swap", "甲", "2026-01-07", "丙", "2026-01-08"),
        ("extra", "戊", "2026-01-06 20:00", "2026-01-06"),
        ("away", "乙", "now", "2026-01-05T23:00", "--stand-in", "戊"),
    ):
        result = fujin(*arguments, "--officer", "戊")
        assert result.exit_code == 0, result.output
    assert shown()[:6] == [
        "01-05T20:00 甲戊",
        "01-05T23:00 甲乙",
        "01-06T08:30 丙丁",
        "01-06T20:00 丙丁戊",
        "01-07T08:30 丙乙",
        "01-08T08:30 甲丁",
    ]
    assert fujin("cancel", "3", "--officer", "丁").stdout == "change 3 cancelled\n"
    assert "01-06T20:00 丙丁戊" not in shown()
    assert [entry for entry in audited(station) if entry[1] != "view"] == [
        ("戊", "roster_change"),
        ("戊", "roster_change"),
        ("戊", "roster_change"),
        ("戊", "roster_change"),
        ("丁", "roster_remove"),
    ]


def test_that_the_calendar_goes_out_and_comes_back_changed(station: Store, tmp_path: Path) -> None:
    file = tmp_path / "roster.ics"
    result = fujin("export", str(file))
    assert (result.exit_code, result.stdout) == (0, f"{file.read_bytes().count(b'BEGIN:VEVENT')} events in {file}\n")
    assert fujin("import", str(file), "--officer", "戊").stdout.startswith("0 changes, ")
    file.write_text(file.read_text(encoding="utf-8").replace("丙 值班", "戊 值班", 1), encoding="utf-8")
    tried = fujin("import", str(file), "--officer", "戊", "--dry-run")
    assert tried.stdout.splitlines()[0] == "新增 1月6日 08:30—1月7日 08:30 戊 替 丙"
    assert tried.stdout.splitlines()[1].startswith("1 changes would be made")
    with station.reading() as session:
        assert session.scalars(sa.select(ShiftChange)).all() == []
    assert fujin("import", str(file), "--officer", "戊").stdout.splitlines()[1].startswith("1 changes, ")
    assert shown()[1] == "01-06T08:30 戊丁"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["extra", "己", "now", "2026-01-06"], "值班表里没有“己”"),
        (["extra", "戊", "明天", "2026-01-06"], "看不懂时间“明天”；请写成2026-12-03"),
        (["away", "丙", "2026-01-04", "2026-01-06"], "开始时间已经过去"),
        (["swap", "甲", "2026-01-08", "丙", "2026-01-08"], "甲没有1月8日开始的班"),
        (["cancel", "7"], "没有第7号变动"),
        (["import", "gone.ics"], "gone.ics cannot be read"),
        (["import", __file__], "不是能读的iCalendar文件"),
        (["extra", "戊", "now", "2026-01-06", "--officer", " "], "neither in duty.yml"),
    ],
)
def test_that_what_cannot_be_done_is_one_clear_line(station: Store, arguments: list[str], reason: str) -> None:
    result = fujin(*arguments, *([] if "--officer" in arguments else ["--officer", "戊"]))
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("fujin: ")
    assert reason in line
    assert audited(station) == []


def test_that_a_file_that_cannot_be_written_is_one_clear_line(station: Store, tmp_path: Path) -> None:
    result = fujin("export", str(tmp_path / "no" / "roster.ics"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_that_a_broken_duty_file_is_one_clear_line(station: Store, tmp_path: Path) -> None:
    (tmp_path / "duty.yml").write_text("officers: [", encoding="utf-8")
    result = fujin("show")
    assert result.exit_code == 1
    assert "not valid YAML" in result.stderr
