"""Accounts at the shell: the first one, and the way back in."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.clock import SystemClock
from bot.duty.accounts import Gate
from bot.duty.one_time_codes import Codes
from bot.store.models import AuditEntry
from bot.store.session import Store


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["account", *arguments])


@pytest.fixture(autouse=True)
def _station(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))


def password_in(result: Result) -> str:
    found = re.fullmatch(r"甲: first password (\S+)\n", result.stdout)
    assert found, result.output
    return found[1]


def enter(store: Store, password: str) -> str:
    return Gate(store, Codes(var_dir=Path("unused"), given="s" * 32)).sign_in(
        "甲", password, "", address="", now=SystemClock().now()
    )


def test_that_an_account_is_added_with_a_first_password_that_lets_in(store: Store) -> None:
    assert enter(store, password_in(fujin("add", "甲", "--role", "administrator")))
    again = fujin("add", "甲", "--role", "officer")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == "fujin: 已经有“甲”这个账号\n"


def test_that_a_lost_password_is_replaced(store: Store) -> None:
    first = password_in(fujin("add", "甲", "--role", "officer"))
    fujin("add", "戊", "--role", "administrator")
    for name, why in {"甲": "不能管理账号", "己": "neither in duty.yml nor has an account"}.items():
        assert why in fujin("reset", "甲", "--officer", name).stderr
    second = password_in(fujin("reset", "甲", "--officer", "戊"))
    assert second != first
    assert enter(store, second)
    with store.reading() as session:
        query = sa.select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.id).limit(3)
        assert session.execute(query).all() == [("服务器命令", "account_add")] * 2 + [("戊", "account_reset")]


def test_that_roles_are_changed_and_accounts_disabled_and_listed(store: Store) -> None:
    fujin("add", "甲", "--role", "officer")
    assert fujin("role", "甲", "leader").stdout == "甲: leader\n"
    assert fujin("disable", "甲").stdout == "甲: disabled\n"
    listed = fujin("list").stdout
    for word in ("甲", "leader", "disabled"):
        assert word in listed
    assert fujin("disable", "甲", "--off").stdout == "甲: enabled\n"
    assert fujin("role", "甲", "boss").exit_code == 1
    assert "没有“乙”这个账号" in fujin("reset", "乙").stderr
