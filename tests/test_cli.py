"""`fujin` at the shell: what goes in and comes out, and one clear line when something is wrong."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app, station
from bot.duty import accounts
from bot.intake import advice, alarm_answers, menu
from bot.nlu.live_file import TrainersFileError
from bot.settings import Settings
from bot.store.models import Case, Message, Page, Resident
from bot.store.session import Store
from bot.studio.training import TrainingError
from tests.station import DUTY, ScriptedRasa
from tests.world import Answer, FakePlatform


@pytest.fixture
def rasa(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedRasa]:
    scripted = ScriptedRasa(labels={"我家狗丢了": "help_request", "有人拿刀": "urgent_alarm"})
    monkeypatch.setenv("FUJIN_RASA_URL", scripted.server.url)
    yield scripted
    scripted.server.close()


def fujin(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def jsonl(*texts: str) -> str:
    return "".join(json.dumps({"id": f"m{n}", "text": text}, ensure_ascii=False) + "\n" for n, text in enumerate(texts))


# -- triage and ask -----------------------------------------------------------------------------------------------


def test_that_triage_answers_each_line_in_its_order(rasa: ScriptedRasa) -> None:
    texts = [*("你好", "我家狗丢了", "有人拿刀") * 20]
    result = fujin("triage", stdin=jsonl(*texts))
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["id"] for line in lines] == [f"m{n}" for n in range(60)]
    assert [line["label"] for line in lines] == ["other", "help_request", "urgent_alarm"] * 20
    assert all(set(line) == {"id", "label", "confidence", "intent", "evidence"} for line in lines)


def test_that_triage_reads_a_file_with_blank_lines_and_a_byte_order_mark(rasa: ScriptedRasa, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(jsonl("你好").replace("\n", "\n\n"), encoding="utf-8-sig")
    result = fujin("triage", str(path))
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["m0"]


def test_that_an_id_stays_what_it_is(rasa: ScriptedRasa) -> None:
    result = fujin("triage", stdin='{"id": 7, "text": "你好", "more": true}\n')
    assert json.loads(result.stdout)["id"] == 7


def test_that_ask_adds_the_reply_and_gives_each_line_its_own_conversation(rasa: ScriptedRasa) -> None:
    result = fujin("ask", stdin=jsonl("你好", "你好", "我家狗丢了"))
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["reply"] for line in lines] == ["答：你好", "答：你好", "答：我家狗丢了"]
    assert set(lines[0]) == {"id", "label", "confidence", "intent", "evidence", "reply"}
    assert len({heard["sender"] for heard in rasa.heard}) == 3


def test_that_nothing_in_is_nothing_out(rasa: ScriptedRasa) -> None:
    result = fujin("triage", stdin="")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", "line 2 is not JSON"),
        ('["你好"]', 'line 2 lacks "id" or a string "text"'),
        ('{"text": "你好"}', 'line 2 lacks "id"'),
        ('{"id": 1, "text": 5}', 'line 2 lacks "id" or a string "text"'),
        ('{"id": 1, "text": " "}', 'line 2 has an empty "text"'),
        ('{"id": 1, "text": "\\ud83d"}', "line 2 holds half a character"),
    ],
)
def test_that_a_bad_line_is_named_and_nothing_is_answered(rasa: ScriptedRasa, line: str, reason: str) -> None:
    result = fujin("triage", stdin=jsonl("你好") + line + "\n")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_that_another_encoding_is_named(rasa: ScriptedRasa) -> None:
    result = fujin("triage", stdin=jsonl("你好").encode("gb18030"))
    assert result.exit_code == 1
    assert "not UTF-8" in result.stderr


@pytest.mark.parametrize("command", ["triage", "ask"])
def test_that_a_rasa_that_is_down_is_one_clear_line(rasa: ScriptedRasa, command: str) -> None:
    url = rasa.server.url
    rasa.status = 503
    result = fujin(command, stdin=jsonl("你好"))
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"fujin: Rasa gives no answer at {url} (")
    assert line.endswith("start it with `make run`")


def test_that_a_wrong_setting_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_GATEWAY_PORT", "0")
    result = fujin("cases")
    assert result.exit_code == 1
    assert result.stderr.startswith("fujin: FUJIN_GATEWAY_PORT: ")
    assert len(result.stderr.splitlines()) == 1


# -- the menu -----------------------------------------------------------------------------------------------------


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePlatform]:
    """A real account, and the platform it belongs to."""
    platform = FakePlatform()
    values = {"APP_ID": "wx1", "APP_SECRET": "s" * 32, "TOKEN": "token", "AES_KEY": "a" * 42 + "A"}
    for name, value in (values | {"API_BASE": platform.url}).items():
        monkeypatch.setenv(f"FUJIN_WECHAT_{name}", value)
    yield platform
    platform.close()


def test_that_the_menu_is_json_as_it_is_sent_and_a_table_for_people() -> None:
    shown = json.loads(fujin("menu", "--json").stdout)
    assert [section["name"] for section in shown["button"]] == ["V资讯", "V服务", "V报警"]
    assert {"type": "click", "name": "办犬证", "key": "services:dog_licence"} in shown["button"][1]["sub_button"]
    table = fujin("menu")
    assert table.exit_code == 0
    for words in ("V报警", "免费WIFI", "alarm:wifi", "says"):
        assert words in table.stdout


def test_that_the_menu_is_pushed_exactly_as_it_is_shown(account: FakePlatform) -> None:
    result = fujin("menu", "push")
    assert result.exit_code == 0, result.output
    assert account.menus == [json.loads(fujin("menu", "--json").stdout)]
    assert "created: V资讯、V服务、V报警 with 12 entries" in result.stdout


@pytest.mark.parametrize(
    ("code", "meaning"),
    [(40164, "白名单"), (48001, "微信认证"), (40018, "title of a section"), (40025, "title of an entry"), (40999, "")],
)
def test_that_a_refused_menu_is_one_line_that_says_what_to_do(account: FakePlatform, code: int, meaning: str) -> None:
    account.menu_error = code
    result = fujin("menu", "push")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("fujin: WeChat did not take")
    assert meaning in line
    assert f"errcode {code}" in line
    assert "s" * 32 not in line


def test_that_an_address_that_is_not_allowed_is_told_at_the_token_too(account: FakePlatform) -> None:
    body = b'{"errcode": 40164, "errmsg": "invalid ip 203.0.113.7, not in whitelist"}'
    account.server.respond = lambda _asked: Answer(body=body)
    (line,) = fujin("menu", "push").stderr.splitlines()
    assert "白名单" in line
    assert "203.0.113.7" in line


def test_that_the_demo_account_has_nothing_to_push_to() -> None:
    result = fujin("menu", "push")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "nothing to push to" in line


@pytest.mark.parametrize("arguments", [["menu"], ["menu", "--json"], ["menu", "push"]])
def test_that_a_slip_in_the_menu_is_one_clear_line_and_pushes_nothing(
    account: FakePlatform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]
) -> None:
    written = tmp_path / "menu.yml"
    written.write_text("welcome: 好\nsections: []\n", encoding="utf-8")
    monkeypatch.setattr(menu, "MENU", written)
    result = fujin(*arguments)
    assert result.exit_code == 1
    assert result.stderr == "fujin: menu.yml：sections 至少要有1项\n"
    assert account.menus == []


def test_that_nothing_is_started_with_a_slip_in_the_menu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written = tmp_path / "menu.yml"
    written.write_text("welcome: 好", encoding="utf-8")
    monkeypatch.setattr(menu, "MENU", written)
    monkeypatch.setenv("FUJIN_RASA_PYTHON", sys.executable)
    result = fujin("up")
    assert result.exit_code == 1
    assert result.stderr == "fujin: menu.yml：sections 缺这一项\n"
    assert not (tmp_path / "var" / "fujin.db").exists()


@pytest.mark.parametrize("file", [advice, alarm_answers])
def test_that_nothing_is_started_with_a_slip_in_what_is_said_in_an_alarm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: ModuleType
) -> None:
    def slipped() -> None:
        raise TrainersFileError("写错了")

    monkeypatch.setattr(file, "load", slipped)
    monkeypatch.setenv("FUJIN_RASA_PYTHON", sys.executable)
    result = fujin("up")
    assert (result.exit_code, result.stderr) == (1, "fujin: 写错了\n")
    assert not (tmp_path / "var" / "fujin.db").exists()


def test_that_nothing_is_started_with_a_speech_model_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FUJIN_SPEECH_MODEL", str(tmp_path / "nowhere"))
    monkeypatch.setenv("FUJIN_RASA_PYTHON", sys.executable)
    result = fujin("up")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(
        f"fujin: FUJIN_SPEECH_MODEL: there is no folder {tmp_path}/nowhere"
    )
    assert not (tmp_path / "var" / "fujin.db").exists()


def test_that_whose_passwords_the_model_station_has_shown_is_told_when_the_station_is_a_real_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_far_as_this(_settings: Settings) -> NoReturn:
        raise TrainingError("as far as this")

    monkeypatch.setattr(station, "_decided", as_far_as_this)
    real = {"APP_ID": "wx1", "APP_SECRET": "s", "TOKEN": "t", "AES_KEY": "k" * 43}
    for name, value in real.items():
        monkeypatch.setenv(f"FUJIN_WECHAT_{name}", value)
    monkeypatch.setenv("FUJIN_RASA_PYTHON", sys.executable)
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    assert fujin("up").stderr == "fujin: as far as this\n"
    with store.transaction() as session:
        accounts.draw_demo(
            session, [("甲", "officer"), ("管理员", "administrator")], password="x", now=datetime.now(UTC)
        )
    told = fujin("up").stderr.replace("\n", " ")
    assert "甲" in told
    assert "管理员" in told
    assert "fujin account reset NAME" in told
    for name in ("甲", "管理员"):
        fujin("account", "reset", name)
    assert fujin("up").stderr == "fujin: as far as this\n"


# -- cases and ack ------------------------------------------------------------------------------------------------


@pytest.fixture
def two_cases(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An alarm of two messages with a page that got out and one that did not, and a tip."""
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    (tmp_path / "duty.yml").write_text(DUTY, encoding="utf-8")
    monkeypatch.setenv("FUJIN_DUTY_FILE", str(tmp_path / "duty.yml"))
    now = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    with store.transaction() as session:
        resident = Resident(openid="oSecret", pseudonym="R-AB", first_seen_at=now)
        common = {"resident": resident, "opened_at": now, "updated_at": now}
        alarm = Case(**common, label="urgent_alarm", intent="urgent_alarm/armed_threat", alarmed_at=now)
        session.add_all([alarm, Case(**common, label="tip", intent="tip/gambling", confidential=True)])
        for number in range(2):
            row = {"key": f"msg:{number}", "kind": "text", "received_at": now, "due_at": now}
            session.add(Message(**row, resident=resident, case=alarm))
        for level, state in enumerate(("done", "pending")):
            row = {"officer": "甲", "channel": "webhook+http://x/", "created_at": now, "due_at": now}
            session.add(Page(**row, case=alarm, level=level, state=state))
    return store


def test_that_cases_are_listed_as_json_newest_first_with_pseudonyms(two_cases: Store) -> None:
    result = fujin("cases", "--json")
    assert result.exit_code == 0, result.output
    tip, alarm = json.loads(result.stdout)
    assert alarm == {
        "id": 1,
        "label": "urgent_alarm",
        "intent": "urgent_alarm/armed_threat",
        "state": "open",
        "opened_at": "2026-01-05T12:00:00+00:00",
        "message_count": 2,
        "page_count": 1,
        "acknowledged_by": None,
        "resident": "R-AB",
    }
    assert (tip["id"], tip["label"], tip["message_count"], tip["page_count"]) == (2, "tip", 0, 0)
    assert tip["resident"] == "reporter", "who reports a tip was promised to stay unknown"
    assert "oSecret" not in result.output


def test_that_cases_are_a_table_for_people(two_cases: Store) -> None:
    result = fujin("cases")
    assert result.exit_code == 0
    assert "R-AB" in result.output
    assert "oSecret" not in result.output


def test_that_no_cases_are_an_empty_list(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    assert json.loads(fujin("cases", "--json").stdout) == []
    assert fujin("cases").exit_code == 0


def test_that_acknowledging_ends_the_pages(two_cases: Store) -> None:
    result = fujin("ack", "1", "--officer", "乙")
    assert (result.exit_code, result.stdout) == (0, "case 1 acknowledged\n")
    alarm = json.loads(fujin("cases", "--json").stdout)[1]
    assert (alarm["state"], alarm["acknowledged_by"]) == ("acknowledged", "乙")
    with two_cases.reading() as session:
        assert [page.state for page in session.query(Page).order_by(Page.id)] == ["done", "cancelled"]


@pytest.mark.parametrize(
    ("case", "officer", "reason"), [("99", "乙", "no case 99"), ("1", "丁", "neither in duty.yml")]
)
def test_that_what_cannot_be_acknowledged_is_one_clear_line(
    two_cases: Store, case: str, officer: str, reason: str
) -> None:
    result = fujin("ack", case, "--officer", officer)
    assert result.exit_code == 1
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_that_a_database_that_is_not_migrated_or_not_there_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for url in (f"sqlite:///{tmp_path}/empty.db", "postgresql://postgres@127.0.0.1:1/fujin"):
        monkeypatch.setenv("FUJIN_DATABASE_URL", url)
        for arguments in (["cases", "--json"], ["ack", "1", "--officer", "乙"]):
            result = fujin(*arguments)
            assert result.exit_code == 1
            assert result.stderr.startswith("fujin: FUJIN_DATABASE_URL: ")
            assert len(result.stderr.splitlines()) == 1


def test_that_migrate_makes_a_database_that_cases_can_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", f"sqlite:///{tmp_path}/new folder/fujin.db")
    assert fujin("migrate").exit_code == 0
    assert fujin("cases", "--json").stdout == "[]\n"


def test_that_training_without_its_environment_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FUJIN_RASA_PYTHON", str(tmp_path / "python"))
    for command in (["train", "--force"], ["up"]):
        result = fujin(*command)
        assert result.exit_code == 1
        assert "run `make setup`" in result.stderr
