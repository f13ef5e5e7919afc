"""`fujin studio`: trainings and comparisons by command."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.cli.common import output
from bot.duty import accounts
from bot.store.models import RunState, TrainingRun
from bot.store.session import Store
from bot.studio.judging import text_id
from tests.studio.inbox_rows import Inbox
from tests.studio.judged import CANDIDATE, LIVE, judge, reading, two_models
from tests.world import FakeClock

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def studio_store(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("FUJIN_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(output, "width", 200)
    opened = Store(sqlite_url)
    yield opened
    opened.close()


def fujin(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["studio", *arguments])


def test_that_a_training_is_asked_for_listed_and_cancelled(studio_store: Store) -> None:
    asked = fujin("train", "--by", "训练员一", "--why", "加了例句")
    assert "training 1 is asked for" in asked.output
    assert "训练进程没有运行" in asked.output
    again = fujin("train", "--by", "训练员一")
    assert again.exit_code == 1
    assert "正在排队" in again.output
    (row,) = json.loads(fujin("runs", "--json").output)
    assert (row["state"], row["asked_by"], row["why"]) == ("waiting", "训练员一", "加了例句")
    assert "training 1: cancelled" in fujin("cancel", "1", "--by", "训练员二").output
    assert "已经结束" in fujin("cancel", "1", "--by", "训练员二").output


def test_that_waiting_for_a_training_tells_how_it_ended(studio_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(_seconds: float) -> None:
        with studio_store.transaction() as session:
            run = session.get_one(TrainingRun, 1)
            run.state, run.ended_at, run.model = RunState.DONE, NOW, CANDIDATE

    monkeypatch.setattr("bot.cli.studio.time.sleep", end)
    waited = fujin("train", "--by", "训练员一", "--wait")
    assert waited.exit_code == 0
    assert waited.output.splitlines()[-1] == CANDIDATE


def test_that_two_models_are_compared(studio_store: Store) -> None:
    two_models(studio_store, NOW)
    for model, given in ((LIVE, "urgent_alarm/fire"), (CANDIDATE, "other/thanks")):
        judge(studio_store, model, "replay", [reading(1, None, given)], NOW + timedelta(seconds=1))
    told = fujin("compare", CANDIDATE).output
    assert "urgent recall" in told
    assert "replay of 1 messages: 1 pages lost" in told
    assert "difference: wanted, read as" in told
    assert "enquiry/wifi" in fujin("compare", CANDIDATE, "--intents").output


def test_that_messages_that_are_read_otherwise_are_listed_masked(
    studio_store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    two_models(studio_store, NOW)
    clock = FakeClock()
    clock.advance(days=1)
    number = Inbox(studio_store, clock).hear("他一直敲门，我电话13800138000")
    line = {"text": "煤气漏了", "intent": "urgent_alarm/gas", "case": "missed", "why": "夜里漏了", "added": ""}
    path = tmp_path / "nlu_data" / "regression" / "messages.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(line), encoding="utf-8")
    monkeypatch.setattr("bot.cli.studio.PROJECT", tmp_path)
    known = text_id("煤气漏了")
    for model, given in ((LIVE, "urgent_alarm/fire"), (CANDIDATE, "other/thanks")):
        judge(studio_store, model, "replay", [reading(number, None, given)], NOW + timedelta(seconds=1))
        judge(studio_store, model, "regression", [reading(known, "urgent_alarm/gas", given, case="missed")], NOW)
    told = fujin("compare", CANDIDATE).output
    assert "regression set: 1 newly wrong, 0 newly right" in told
    assert "- 煤气漏了" in told
    assert "夜里漏了" in told
    assert "他一直敲门，我电话〔电话〕" in told


def test_that_the_log_of_a_training_is_shown(studio_store: Store) -> None:
    fujin("train", "--by", "训练员一")
    with studio_store.transaction() as session:
        session.get_one(TrainingRun, 1).log = "Starting to train component"
    assert fujin("log", "1").output == "Starting to train component\n"
    assert fujin("log", "2").exit_code == 1


def test_that_nobody_trains_under_a_name_that_is_no_trainers(studio_store: Store) -> None:
    with studio_store.transaction() as session:
        accounts.add(session, "训练员一", "trainer", password_hash="", by="管理员", now=NOW)
    assert fujin("train", "--by", "训练员二").exit_code == 1
    assert fujin("train", "--by", "训练员一").exit_code == 0
    assert fujin("cancel", "1", "--by", "训练员二").exit_code == 1


def test_that_nothing_is_compared_that_was_not_judged(studio_store: Store) -> None:
    assert "name one to compare with" in fujin("compare", CANDIDATE).output
    two_models(studio_store, NOW)
    told = fujin("compare", CANDIDATE, "--with", "fujin-cccccccccccc")
    assert told.exit_code == 1
    assert "not both are judged yet" in told.output


def test_that_a_model_that_nobody_entered_is_not_judged(studio_store: Store) -> None:
    told = fujin("judge", "fujin-cccccccccccc")
    assert told.exit_code == 1
    assert "没有登记过模型" in told.output
