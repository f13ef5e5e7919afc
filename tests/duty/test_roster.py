"""The duty file: errors say where, and a broken edit never stops the paging."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.duty.roster import RosterError, RosterFile, load_roster
from bot.settings import ROOT
from tests.station import DUTY

HOLIDAY = "rotation: {{starts: 2026-01-05 08:30, crews: [[甲]], holidays: [{{name: 春节, {}}}]}}"


def policies(policy: str) -> str:
    """A duty file with this policy."""
    return DUTY.replace("wait_seconds: 45", f"policies: [{{{policy}}}]")


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
    assert {"值班民警一", "值班民警二", "带班所长"} <= {officer.name for officer in roster.officers}
    assert roster.rotation
    assert len(roster.shift(datetime(2026, 1, 5, 0, 30, tzinfo=UTC)).crew) == 2


def test_that_the_shipped_file_pages_one_officer_at_once_and_ends_with_everybody() -> None:
    policy = load_roster(ROOT / "duty.yml").policy_for("urgent_alarm", "urgent_alarm/fire", on_duty=2)
    assert policy == {
        "steps": [
            {"who": ["在班1"], "channels": None, "wait": 45},
            {"who": ["在班2"], "channels": None, "wait": 45},
            {"who": ["在班", "所领导"], "channels": None, "wait": 45},
            {"who": ["全体", "所领导"], "channels": None, "wait": 45},
        ],
        "then": "last",
        "silence": 1200,
    }


def test_that_the_holidays_which_the_shipped_file_shows_as_comments_can_be_used(tmp_path: Path) -> None:
    lines = (ROOT / "duty.yml").read_text(encoding="utf-8").splitlines()
    begins = lines.index("  # holidays:")
    shown = [line.replace("  # ", "  ", 1) if number >= begins else line for number, line in enumerate(lines)]
    path = tmp_path / "duty.yml"
    path.write_text("\n".join(shown[: lines.index("", begins)] + lines[lines.index("", begins) :]), encoding="utf-8")
    rotation = load_roster(path).rotation
    assert rotation
    assert [holiday.name for holiday in rotation.holidays] == ["春节", "元旦"]


def test_that_without_policies_the_officers_take_turns(duty_file: Path) -> None:
    policy = load_roster(duty_file).policy_for("urgent_alarm", "urgent_alarm/fire", on_duty=3)
    assert policy is not None
    assert [step["who"] for step in policy["steps"]] == [["在班1"], ["在班2"], ["在班3"]]
    assert policy["then"] == "again"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (DUTY + "rotation: {starts: 2026-01-05 08:30, crews: []}", "rotation.crews"),
        (DUTY + "rotation: {starts: 2026-01-05 08:30, crews: [[]]}", "rotation.crews.0"),
        (
            DUTY + "rotation: {starts: 2026-01-05 08:30, crews: [[甲, 丁]]}",
            "rotation.crews: 丁 is none of the officers",
        ),
        (DUTY + "rotation: {starts: soon, crews: [[甲]]}", "rotation.starts"),
        (DUTY + "rotation: {starts: 2026-01-05 08:30, hours: 0, crews: [[甲]]}", "rotation.hours"),
        (DUTY + "rotation: {crews: [[甲]]}", "rotation.starts"),
        (DUTY + HOLIDAY.format("from: 2026-02-16"), "rotation.holidays.0: say who is on duty"),
        (DUTY + HOLIDAY.format("extra: [甲]"), "rotation.holidays.0.from"),
        (DUTY + HOLIDAY.format("from: 2026-02-16, until: 2026-02-15, extra: [甲]"), "rotation.holidays.0: until lies"),
        (DUTY + HOLIDAY.format("from: 2026-02-30, extra: [甲]"), "has a date that is none: day"),
        (DUTY + HOLIDAY.format("from: 2026-02-16, extra: [丁]"), "rotation.holidays: 春节: 丁 is none of the officers"),
        (
            DUTY + HOLIDAY.format("from: 2026-02-16, extra: [甲]}, {name: 除夕, from: 2026-02-16, extra: [乙]"),
            "rotation: holidays: 春节 and 除夕 share a day",
        ),
        (policies("match: [urgent_alarm], steps: []"), "escalation.policies.0.steps"),
        (policies("match: [urgent_alarm], steps: [{who: [在班0]}]"), "escalation.policies: 在班0 is no officer"),
        (policies("match: [urgent_alarm], steps: [{who: [丁]}]"), "escalation.policies: 丁 is no officer"),
        (policies("match: [urgent_alarm], steps: [{who: [甲], wait_seconds: 1}]"), "policies.0.steps.0.wait_seconds"),
        (
            policies("match: [urgent_alarm/fire], steps: [{who: [甲]}], then: stop"),
            "escalation.policies: paging for an",
        ),
        (policies("match: [tip], steps: [{who: [甲]}], then: never"), "escalation.policies.0.then"),
        (policies("match: [], steps: [{who: [甲]}]"), "escalation.policies.0.match"),
        (DUTY.replace("wait_seconds: 45", "silence_minutes: 0"), "escalation.silence_minutes"),
        (DUTY.replace("{name: 乙}", "{name: 甲}"), "officers: 甲 stands there twice"),
        (DUTY.replace("{name: 乙}", "{name: '甲、乙'}"), "officers.1.name"),
        (DUTY.replace("{name: 乙}", "{name: 乙, mobile: '12ab'}"), "officers.1.mobile"),
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
    with pytest.raises(RosterError, match=re.escape(named)):
        load_roster(duty_file)


def test_that_a_missing_file_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match=r"FUJIN_DUTY_FILE: .*gone\.yml"):
        load_roster(tmp_path / "gone.yml")


def test_that_a_byte_order_mark_does_no_harm(duty_file: Path) -> None:
    edit(duty_file, DUTY.encode("utf-8-sig"))
    assert load_roster(duty_file).officers[0].name == "甲"


def test_that_an_edit_counts_at_once(duty_file: Path) -> None:
    watched = RosterFile(duty_file)
    assert watched.current().officers[0].name == "甲"
    edit(duty_file, DUTY.replace("{name: 甲}", "{name: 丁}"))
    assert watched.current().officers[0].name == "丁"
    assert watched.problem is None


@pytest.mark.parametrize(
    "broken", ["officers: [", "officers: 2026-02-30", "", DUTY.encode("gb18030"), DUTY.replace("officers", "officer")]
)
def test_that_a_broken_edit_keeps_the_last_good_roster_until_it_is_mended(duty_file: Path, broken: str | bytes) -> None:
    watched = RosterFile(duty_file)
    edit(duty_file, broken)
    assert watched.current().officers[0].name == "甲"
    assert watched.problem is not None
    edit(duty_file, DUTY.replace("{name: 甲}", "{name: 丁}"))
    assert watched.current().officers[0].name == "丁"
    assert watched.problem is None


def test_that_a_deleted_file_keeps_the_last_good_roster(duty_file: Path) -> None:
    watched = RosterFile(duty_file)
    duty_file.unlink()
    assert watched.current().officers[1].name == "乙"
    assert "FUJIN_DUTY_FILE" in (watched.problem or "")
