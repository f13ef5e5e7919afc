"""Commands ask the same door as the pages: whoever may not see a case at the desk sees none at the shell."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.duty import accounts
from bot.store.session import Store
from tests.station import DUTY

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ROLES = {"所长": "leader", "甲": "officer", "训练员": "trainer", "管理员": "administrator", "停用": "leader"}
REFUSED = {
    "所长": {"manage_accounts"},
    "甲": {"see_reporter", "edit_roster", "read_audit", "keep", "manage_accounts"},
    "训练员": {
        *("see_cases", "act_on_cases", "see_applications", "see_roster", "edit_roster", "read_audit", "keep"),
        *("see_reporter", "manage_accounts"),
    },
    "管理员": {"see_cases", "act_on_cases", "see_applications", "see_reporter"},
}
COMMANDS = {
    "see_cases": [
        *(["cases"], ["case", "1"], ["search", "救命"], ["corrections"], ["evidence", "0" * 64, "to.jpg"]),
        *(["talks"], ["talk", "R-AB"]),
    ],
    "see_reporter": [["reporter", "1", "--reason", "要核实地址"]],
    "act_on_cases": [
        *(["ack", "1"], ["reply", "1", "在吗"], ["give-back", "1"], ["note", "1", "好"], ["assign", "1"]),
        *(["unack", "1"], ["reopen", "1"], ["offer", "1", "--to", "乙"], ["accept", "1"], ["decline", "1"]),
        *(["join", "1"], ["leave", "1"], ["relabel", "1", "urgent_alarm/fire"], ["merge", "1", "--into", "2"]),
        *(["separate", "1"], ["close", "1", "--disposition", "real", "--word", "好"], ["talk", "R-AB", "--take"]),
    ],
    "see_applications": [
        *(["applications"], ["application", "Q20260105-0001"], ["decide", "Q20260105-0001", "approve"]),
    ],
    "see_roster": [["roster", "show"], ["roster", "export", "to.ics"]],
    "edit_roster": [
        ["roster", "swap", "甲", "2026-01-05", "乙", "2026-01-06"],
        *(["roster", name, "乙", "now", "2126-01-05"] for name in ("extra", "away")),
        ["roster", "cancel", "1"],
        ["roster", "import", "from.ics"],
    ],
    "keep": [
        ["import", "names", "names.csv"],
        *(["hold", "1"], ["erase", "R-AB", "--reason", "本人要求"], ["objection", "R-AB"]),
        *(["backup", "to.tar"], ["restore", "from.tar"]),
    ],
    "manage_accounts": [
        *(["account", "add", "新人", "--role", "officer"], ["account", "role", "甲", "leader"]),
        *(["account", "reset", "甲"], ["account", "disable", "甲"]),
    ],
}
ALL = [(right, command) for right, commands in COMMANDS.items() for command in commands]


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def roles(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A station with an account for each role, one of them disabled, and without a case; 乙 has none."""
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    Path("duty.yml").write_text(DUTY, encoding="utf-8")
    Path("from.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", encoding="utf-8")
    monkeypatch.setenv("FUJIN_DUTY_FILE", "duty.yml")
    with store.transaction() as session:
        for name, role in ROLES.items():
            accounts.add(session, name, role, password_hash="", by="管理员", now=NOW)
        accounts.disable(session, "停用", by="管理员", now=NOW)
    return store


def named_options(command: click.Command, *wanted: str, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The commands below this one that are told by one of these options who does it."""
    if isinstance(command, click.Group):
        below = command.commands.items()
        return {found for name, one in below for found in named_options(one, *wanted, path=(*path, name))}
    options = {option for parameter in command.params for option in parameter.opts}
    return {path} if options.intersection(wanted) else set()


def test_that_every_command_in_somebodys_name_is_looked_at_here() -> None:
    """What trainers do (`fujin studio`) asks for itself."""
    named = named_options(typer.main.get_command(app), "--officer", "--by")
    told = {path for path in named if path[0] not in {"studio", "audit"}}
    assert told == {path for path in told if any(tuple(command[: len(path)]) == path for _, command in ALL)}


@pytest.mark.parametrize(("right", "command"), ALL, ids=[" ".join(command[:2]) for _, command in ALL])
def test_that_no_command_does_for_a_role_what_its_pages_refuse(roles: Store, right: str, command: list[str]) -> None:
    for name, refused in REFUSED.items():
        result = fujin(*command, "--officer", name)
        assert ("您的角色是" in result.stderr) == (right in refused), (name, result.stderr)


def test_that_who_is_gone_or_unknown_or_nobody_takes_no_case(roles: Store) -> None:
    for name, why in {"停用": "已经停用", "路人": "neither in duty.yml", "服务器命令": "neither in duty.yml"}.items():
        for command in (["ack", "1"], ["case", "1"], ["search", "救命"], ["corrections"], ["hold", "1"]):
            result = fujin(*command, "--officer", name)
            assert (result.exit_code, why in result.stderr) == (1, True), (name, command, result.stderr)


def test_that_an_officer_of_the_file_without_an_account_may_what_officers_may(roles: Store) -> None:
    assert "no case 1" in fujin("ack", "1", "--officer", "乙").stderr
    assert "您的角色是民警" in fujin("hold", "1", "--officer", "乙").stderr


def test_that_a_program_lists_and_saves_in_nobodys_name(roles: Store) -> None:
    for command in (["cases"], ["talks"], ["applications"], ["roster", "show"], ["backup", "to.tar"]):
        result = fujin(*command)
        assert result.exit_code == 0, result.output
    assert "没有轮班" in fujin("roster", "export", "to.ics").stderr
    assert fujin("account", "reset", "甲").exit_code == 0, "the way back in, when nobody can sign in"


def test_that_a_fresh_machine_is_set_up_without_accounts(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    (tmp_path / "duty.yml").write_text(DUTY, encoding="utf-8")
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(tmp_path / "duty.yml"))
    assert "is not there" in fujin("restore", str(tmp_path / "x.tar"), "--officer", "新所长").stderr
    assert "no case 1" in fujin("ack", "1", "--officer", "甲").stderr
    until = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    away = fujin("roster", "away", "乙", "now", until, "--officer", "甲")
    assert away.exit_code == 0, away.output
    assert fujin("account", "add", "所长", "--role", "administrator").exit_code == 0
