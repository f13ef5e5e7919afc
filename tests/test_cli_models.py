"""`fujin studio …` about models, and the model that `fujin up` starts with."""

import json
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from bot.cli import station, studio_models
from bot.clock import SystemClock
from bot.duty import accounts
from bot.nlu import pointer
from bot.nlu.pointer import FAILED, SERVING, Pointed, Report
from bot.nlu.server import arguments
from bot.settings import load_settings
from bot.store.models import Account, ShadowReading, TrainedModel
from bot.store.session import Store
from bot.studio import promotion, registry, training
from tests.studio.candidates import ready
from tests.studio.inbox_rows import Inbox
from tests.world import FakeClock


@pytest.fixture
def models(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A live model and a candidate as good, in a database and a folder of the test's own."""
    monkeypatch.setenv("FUJIN_DATABASE_URL", sqlite_url)
    project = tmp_path / "project"
    opened = Store(sqlite_url)
    with opened.transaction() as session:
        ready(session, project, now=SystemClock().now())
        for name, role in (("训练员", "trainer"), ("带班所长", "leader"), ("甲", "officer"), ("停用的所长", "leader")):
            account = accounts.add(session, name, role, password_hash="", by="管理员", now=SystemClock().now())
        account.disabled_at = SystemClock().now()
    opened.close()
    for module in (studio_models, station):
        monkeypatch.setattr(module, "MODELS", project / "models")
    monkeypatch.setattr(studio_models, "PROJECT", project)
    return project / "models"


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(studio_models.commands, arguments)
    assert result.exit_code == code, result.output
    return result.output


def report(models: Path, model: str, wanted: str, state: str = SERVING, error: str = "") -> None:
    pointer.write_report(models, Report("rasa-1", model, wanted, state, error, time.time()))


def test_that_a_model_is_asked_for_approved_promoted_and_taken_back_by_command(models: Path) -> None:
    run("request", "new", "--by", "训练员", "--why", "漏报少了")
    run("approve", "new", "--by", "带班所长")
    report(models, "old", "old")
    # The server changes over a moment later; the command waits for it.
    threading.Timer(1.0, lambda: report(models, "new", "new")).start()
    assert "new 已上线" in run("promote", "new", "--by", "带班所长")
    assert pointer.live(models) == "new"
    assert json.loads(run("servers", "--json"))[0]["model"] == "new"
    report(models, "old", "old")
    assert "old 已上线" in run("roll-back", "--by", "带班所长")
    found = {row["name"]: row["standing"] for row in json.loads(run("models", "--json"))}
    assert found == {"old": "live", "new": "retired"}
    (new,) = [row for row in json.loads(run("models", "--json")) if row["name"] == "new"]
    assert (len(new["sha256"]), new["data_version"], new["commit"]) == (64, "new", None)
    assert new["figures"]["test"]["recall"] == [1, 1]


@pytest.mark.parametrize("act", [["approve", "new"], ["promote", "new", "--overrule", "急"], ["roll-back"]])
@pytest.mark.parametrize("by", ["训练员", "甲", "停用的所长", "没有这个人"])
def test_that_nobody_but_a_leader_approves_promotes_or_rolls_back_by_command(
    models: Path, act: list[str], by: str
) -> None:
    run("request", "new", "--by", "训练员")
    said = run(*act, "--by", by, code=1)
    assert "没有“" in said if by in ("停用的所长", "没有这个人") else "不能批准模型上线" in said
    assert pointer.live(models) == "old"
    assert {row["name"]: row["standing"] for row in json.loads(run("models", "--json"))}["old"] == "live"


def test_that_before_the_first_account_any_name_counts(models: Path) -> None:
    with closing(Store(load_settings().database_url)) as opened, opened.transaction() as session:
        session.execute(sa.delete(Account))
    run("request", "new", "--by", "训练员")
    assert "已批准" in run("approve", "new", "--by", "谁都行")


def test_that_only_who_trains_asks_for_a_model_or_lets_it_read_along_by_command(models: Path) -> None:
    for act in (["request", "new"], ["shadow", "new"], ["shadow", "--stop"]):
        assert "不能训练模型" in run(*act, "--by", "甲", code=1)


def test_that_a_closed_gate_and_a_server_that_refuses_are_told(models: Path) -> None:
    assert "还没有提请批准" in run("promote", "new", "--by", "带班所长", code=1)
    report(models, "old", "new", FAILED, "试读没有认出紧急警情")
    said = run("promote", "new", "--by", "带班所长", "--overrule", "急", "--gates", "approval", code=1)
    assert "试读没有认出紧急警情" in said
    assert "keep the model they had" in said


def test_that_nobody_overrules_by_command_a_gate_that_they_have_not_named(models: Path) -> None:
    with closing(Store(load_settings().database_url)) as opened, opened.transaction() as session:
        session.get_one(TrainedModel, "new").findings = ["enquiry/wifi: 5 examples, at least 8 are needed"]
    for named in ([], ["--gates", "approval"], ["--gates", "approval,recall"]):
        said = run("promote", "new", "--by", "带班所长", "--overrule", "急", *named, code=1)
        assert "✗ data 数据检查：" in said, "each is shown"
        assert "✓ recall 紧急召回率：" in said
        assert "--gates data" in said or "--gates data,approval" in said
        assert pointer.live(models) == "old"
    run("promote", "new", "--by", "带班所长", "--overrule", "急", "--gates", "approval,data", "--wait", "0")
    assert pointer.live(models) == "new"


def test_that_what_was_decided_and_what_stands_are_told_by_command(models: Path) -> None:
    run("promote", "new", "--by", "带班所长", "--overrule", "急", "--gates", "approval", "--wait", "0")
    with closing(Store(load_settings().database_url)) as opened:
        with opened.transaction() as session:
            now, reason = SystemClock().now(), "没有模型回答的消息升到 40%"
            promotion.roll_back(session, models, by="系统", now=now, reason=reason, kind=promotion.AUTOMATIC)
        Inbox(opened, FakeClock()).doubtful("我家狗跑没影了")
    back, forth = json.loads(run("promotions", "--json"))
    assert (back["what"], back["model"], back["was"], back["reason"]) == ("自动退回", "old", "new", reason)
    assert (forth["what"], forth["by"], forth["closed"]) == ("强行上线", "带班所长", "所领导批准")
    assert len(json.loads(run("promotions", "--limit", "1", "--json"))) == 1
    told = json.loads(run("status", "--json"))
    assert reason in told["taken_back"]
    assert "训练进程没有运行" in told["trainer"]
    assert (told["live"], told["inbox"]) == ("new", {"waiting": 1})
    assert "inbox: waiting 1" in run("status")


def test_that_a_model_reads_along_by_command(models: Path) -> None:
    assert "--by" in run("shadow", "new", code=1)
    run("shadow", "new", "--by", "训练员")
    clock = FakeClock()
    with closing(Store(load_settings().database_url)) as opened:
        number = Inbox(opened, clock).hear("他一直敲门，我电话13800138000")
        read = {"label": "urgent_alarm", "intent": "urgent_alarm/stalking", "confidence": 0.9, "made_at": clock.now()}
        with opened.transaction() as session:
            session.add(ShadowReading(message_id=number, model="new", **read))
    told = run("shadow")
    assert "new shadow" in told
    assert "他一直敲门，我电话〔电话〕" in told
    run("shadow", "--stop", "--by", "训练员")
    assert "new shadow" not in run("shadow")


def test_that_up_starts_with_the_promoted_model_however_the_data_was_changed(models: Path) -> None:
    settings = load_settings()
    assert station._decided(settings) is None, "nobody has decided: the data does"
    run("promote", "new", "--by", "带班所长", "--overrule", "急", "--gates", "approval", "--wait", "0")
    pointer.point_to(models, "old")  # a crash, or a copy of an older folder
    assert station._decided(settings) == pointer.file_of(models, "new")
    pointer.file_of(models, "new").unlink()
    assert station._decided(settings) == pointer.file_of(models, "old")


@pytest.fixture
def _deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real account: residents are answered here."""
    for name, value in {"APP_ID": "wx1", "APP_SECRET": "s" * 32, "TOKEN": "token", "AES_KEY": "a" * 42 + "A"}.items():
        monkeypatch.setenv(f"FUJIN_WECHAT_{name}", value)


@pytest.mark.usefixtures("_deployed")
@pytest.mark.parametrize("pointed", [True, False])
def test_that_up_puts_no_model_before_residents_that_passed_no_gate(
    models: Path, monkeypatch: pytest.MonkeyPatch, pointed: bool
) -> None:
    monkeypatch.setattr(training, "model_path", lambda: pointer.file_of(models, "of-the-present-data"))
    if not pointed:
        (models / "live").unlink()
    assert station._decided(load_settings()) == pointer.file_of(models, "old")
    assert pointer.live(models) == "old"


@pytest.mark.usefixtures("_deployed")
def test_that_up_trains_where_there_is_no_model_at_all(models: Path) -> None:
    pointer.file_of(models, "old").unlink()
    assert station._decided(load_settings()) is None, "not the candidate, which nobody has promoted"


def test_that_up_points_to_the_model_of_the_present_data_as_long_as_none_was_promoted(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "data_version", lambda *_: "0123456789ab")
    made = pointer.file_of(models, "fujin-0123456789ab")
    monkeypatch.setattr(training, "train", lambda _settings, target: target.write_text("trained"))
    assert station._trained(load_settings()) == made
    assert pointer.pointed(models) == Pointed(made.name.removesuffix(".tar.gz"), pointer.digest_of(made))
    opened = Store(load_settings().database_url)
    assert promotion.follow(opened, models, now=SystemClock().now()) == "fujin-0123456789ab"
    opened.close()


@pytest.mark.usefixtures("_deployed")
def test_that_up_starts_with_the_model_before_where_the_live_ones_file_was_changed(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("promote", "new", "--by", "带班所长", "--overrule", "急", "--gates", "approval", "--wait", "0")
    pointer.file_of(models, "new").write_text("trained over it")
    assert station._decided(load_settings()) == pointer.file_of(models, "old")
    told = "".join(capsys.readouterr().err.split())
    assert "模型文件new.tar.gz和登记时不一样" in told
    assert "先用old" in told


@pytest.mark.usefixtures("_deployed")
def test_that_up_makes_nobody_wait_for_a_training_where_the_only_models_file_was_changed(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server refuses it, the safety net pages, and the trainers can train another."""
    pointer.file_of(models, "old").write_text("a bad disk")
    given = station._decided(load_settings())
    assert given == pointer.file_of(models, "old")
    assert "安全网" in capsys.readouterr().err
    told = arguments(["run", "--model", str(given)], models)
    assert told[-1] == str(models / "servers" / "none.tar.gz")


@pytest.mark.parametrize("standing", ["live", "registered"])
def test_that_a_training_by_force_writes_over_nothing_that_is_live_or_registered(
    models: Path, monkeypatch: pytest.MonkeyPatch, standing: str
) -> None:
    monkeypatch.setattr(training, "data_version", lambda *_: "0123456789ab")
    usual = pointer.file_of(models, "fujin-0123456789ab")
    usual.write_text("what residents are answered with")
    monkeypatch.setattr(training, "model_path", lambda: usual)
    monkeypatch.setattr(training, "train", lambda _settings, target: target)
    if standing == "live":
        pointer.point_to(models, "fujin-0123456789ab")
    else:
        with closing(Store(load_settings().database_url)) as opened, opened.transaction() as session:
            registry.register(session, usual, data_version="0", commit=None, by="训练员", now=SystemClock().now())
    result = CliRunner().invoke(station.commands, ["train", "--force"])
    assert (result.exit_code, result.output.strip()) == (0, str(models / "fujin-0123456789ab-2.tar.gz"))
    usual.unlink()
    assert CliRunner().invoke(station.commands, ["train", "--force"]).output.strip() == str(usual)
