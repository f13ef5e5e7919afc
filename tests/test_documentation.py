"""A setting or a command that nobody can read about is not there."""

import re
from pathlib import Path

import pytest
import typer

from bot.cli import app
from bot.settings import ROOT, Settings

READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
SETTINGS = sorted(f"FUJIN_{name.upper()}" for name in Settings.model_fields)
COMMANDS = sorted(typer.main.get_group(app).commands)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
@pytest.mark.parametrize("setting", SETTINGS)
def test_that_every_setting_is_documented(readme: Path, setting: str) -> None:
    assert f"`{setting}`" in readme.read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
@pytest.mark.parametrize("command", COMMANDS)
def test_that_every_command_is_documented(readme: Path, command: str) -> None:
    assert f"fujin {command}" in readme.read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_that_no_setting_is_documented_that_is_not_there(readme: Path) -> None:
    named = set(re.findall(r"FUJIN_[A-Z_]+[A-Z]", readme.read_text(encoding="utf-8")))
    assert {name for name in named if not name.startswith("FUJIN_TEST_")} <= set(SETTINGS)


def test_that_the_commands_of_the_contract_are_there() -> None:
    assert {"up", "migrate", "train", "triage", "ask", "cases"} <= set(COMMANDS)
