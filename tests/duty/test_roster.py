"""The duty file: errors say where, and a broken edit never stops the paging."""

import os
from pathlib import Path

import pytest

from bot.duty.roster import RosterError, RosterFile, load_roster
from bot.settings import ROOT
from tests.station import DUTY


@pytest.fixture
def duty_file(tmp_path: Path) -> Path:
    path = tmp_path / "duty.yml"
    path.write_text(DUTY, encoding="utf-8")
    return path


def edit(path: Path, content: str | bytes) -> None:
    """Save a file as an editor does, later than the last time by any clock's measure."""
    later = path.stat().st_mtime_ns + 1_000_000_000
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, ns=(later, later))


def test_that_the_shipped_file_can_be_used() -> None:
    roster = load_roster(ROOT / "duty.yml")
    assert roster.officers
    assert roster.wait.total_seconds() == 45


def test_that_officers_take_turns(duty_file: Path) -> None:
    roster = load_roster(duty_file)
    assert [roster.officer(level).name for level in range(5)] == ["甲", "乙", "丙", "甲", "乙"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (DUTY.replace("wait_seconds: 45", "wait_seconds: 4"), "escalation.wait_seconds"),
        (DUTY.replace("wait_seconds: 45", "wait_seconds: soon"), "escalation.wait_seconds"),
        (DUTY.replace("wait_seconds", "wait_minutes"), "escalation.wait_minutes"),
        (DUTY.replace("{name: 乙}", "{mobile: '138'}"), "officers.1.name"),
        (DUTY.replace("{name: 乙}", "{name: ''}"), "officers.1.name"),
        (DUTY.replace("{name: 乙}", "{name: 乙, phone: '138'}"), "officers.1.phone"),
        (DUTY.replace("[{name: 甲}, {name: 乙}, {name: 丙}]", "[]"), "officers"),
        (DUTY.replace("name: 大东门派出所, full_name", "full_name"), "station.name"),
        ("", "duty.yml"),
        ("officers: [", "not valid YAML"),
        (DUTY.encode("gb18030"), "not UTF-8"),
    ],
)
def test_that_an_error_names_the_field(duty_file: Path, content: str | bytes, named: str) -> None:
    edit(duty_file, content)
    with pytest.raises(RosterError, match=named):
        load_roster(duty_file)


def test_that_a_missing_file_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match=r"FUJIN_DUTY_FILE: .*gone\.yml"):
        load_roster(tmp_path / "gone.yml")


def test_that_a_byte_order_mark_does_no_harm(duty_file: Path) -> None:
    edit(duty_file, DUTY.encode("utf-8-sig"))
    assert load_roster(duty_file).officer(0).name == "甲"


def test_that_an_edit_counts_at_once(duty_file: Path) -> None:
    watched = RosterFile(duty_file)
    assert watched.current().officer(0).name == "甲"
    edit(duty_file, DUTY.replace("{name: 甲}", "{name: 丁}"))
    assert watched.current().officer(0).name == "丁"
    assert watched.problem is None


@pytest.mark.parametrize("broken", ["officers: [", "", DUTY.encode("gb18030"), DUTY.replace("officers", "officer")])
def test_that_a_broken_edit_keeps_the_last_good_roster_until_it_is_mended(duty_file: Path, broken: str | bytes) -> None:
    watched = RosterFile(duty_file)
    edit(duty_file, broken)
    assert watched.current().officer(0).name == "甲"
    assert watched.problem is not None
    edit(duty_file, DUTY.replace("{name: 甲}", "{name: 丁}"))
    assert watched.current().officer(0).name == "丁"
    assert watched.problem is None


def test_that_a_deleted_file_keeps_the_last_good_roster(duty_file: Path) -> None:
    watched = RosterFile(duty_file)
    duty_file.unlink()
    assert watched.current().officer(1).name == "乙"
    assert "FUJIN_DUTY_FILE" in (watched.problem or "")
