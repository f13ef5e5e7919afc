"""The page of the models: asked for by a trainer, promoted by a leader, rolled back by one press."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bot.clock import SystemClock
from bot.nlu import pointer
from bot.nlu.pointer import FAILED, SERVING, Report
from bot.store.models import ShadowReading, Standing, TrainedModel
from bot.studio import judging, promotion, shadow
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows
from tests.console.running import console
from tests.small_project import small_project_at
from tests.studio.candidates import enter, judge, ready

pytestmark = pytest.mark.slow


@pytest.fixture
def project(rows: Rows, tmp_path: Path) -> Path:
    """Two models, of which one is live, and a third that misses an emergency."""
    folder = small_project_at(tmp_path / "project")
    now = SystemClock().now()
    with rows.store.transaction() as session:
        ready(session, folder, now=now)
        enter(session, folder, "worse", now=now, findings=("greeting.yml 有两句一样的话",))
        for of, read in (("test", {"u1": False, "c1": False}), ("regression", {"u2": False, "c2": True})):
            judge(session, "worse", of, read, now=now, digest=judging.digest_now(of, folder))
    report(folder, "old")
    return folder


def report(folder: Path, model: str, *, wanted: str = "", error: str = "") -> None:
    state = FAILED if error else SERVING
    now = SystemClock().now().timestamp()
    pointer.write_report(folder / "models", Report("rasa-5005", model, wanted or model, state, error, now))


@pytest.fixture
def windows(browser: Browser, rows: Rows, sqlite_url: str, tmp_path: Path, project: Path) -> Iterator[Windows]:
    with console(sqlite_url, tmp_path, FUJIN_PROJECT=str(project)) as url:
        opened = Windows(browser, url)
        yield opened
        opened.close()
        assert opened.troubles == []


def test_that_a_model_is_asked_for_promoted_and_taken_back(windows: Windows, project: Path) -> None:
    trainer = windows.open("/studio/models", officer="训练员")
    row = trainer.get_by_role("article", name="new")
    expect(row.locator(".gate-closed")).to_have_count(1)
    expect(trainer.get_by_role("button", name="退回上一个模型")).to_have_count(0)
    expect(row.get_by_role("button", name="上线")).to_have_count(0)
    row.get_by_role("button", name="提请批准").click()
    trainer.get_by_label("这个模型好在哪里").fill("漏报少了")
    trainer.get_by_role("button", name="提请", exact=True).click()
    expect(row.locator(".gate-closed")).to_contain_text("训练员 已提请")

    leader = windows.open("/studio/models", officer="带班所长")
    leader.get_by_role("article", name="new").get_by_role("button", name="批准并上线").click()
    leader.get_by_role("button", name="上线", exact=True).click()
    live = leader.locator(".models-live")
    expect(live).to_contain_text("0 台已换上")
    assert pointer.live(project / "models") == "new"
    report(project, "old", wanted="new", error="试读没有认出紧急警情")
    expect(live).to_contain_text("没换成 new：试读没有认出紧急警情")
    report(project, "new")
    expect(live).to_contain_text("1 台服务器都已换上")
    live.get_by_role("button", name="退回上一个模型").click()
    expect(live.locator(".models-name")).to_have_text("old")
    assert pointer.live(project / "models") == "old"
    expect(leader.locator(".models-past")).to_contain_text("漏报少了")


def test_that_a_leader_whose_page_is_no_longer_true_is_told_so_and_changes_nothing(
    windows: Windows, rows: Rows, project: Path
) -> None:
    """Two leaders are about to let a model go live; one presses first."""
    leader = windows.open("/studio/models", officer="带班所长")
    leader.get_by_role("article", name="worse").get_by_role("button", name="批准并上线").click()
    leader.get_by_label("为什么仍要上线").fill("线上的模型坏了")
    with rows.store.transaction() as session:
        promotion.promote(session, "new", project, by="教导员", now=SystemClock().now(), overrule="急")
    leader.get_by_role("button", name="上线", exact=True).click()
    expect(leader.locator(".ask-problem")).to_contain_text("线上模型刚刚已经是 new（教导员上线），请看过再决定")
    with rows.store.reading() as session:
        assert [row.model for row in promotion.history(session)] == ["new"]


def test_that_closed_gates_are_passed_only_with_a_reason(windows: Windows, project: Path) -> None:
    leader = windows.open("/studio/models", officer="带班所长")
    row = leader.get_by_role("article", name="worse")
    expect(row.locator(".gate-closed")).to_have_count(4)
    row.get_by_role("button", name="批准并上线").click()
    leader.get_by_role("button", name="上线", exact=True).click()
    expect(leader.get_by_text("强行上线要写理由")).to_be_visible()
    leader.get_by_label("为什么仍要上线").fill("线上的模型坏了")
    leader.get_by_role("button", name="上线", exact=True).click()
    expect(leader.locator(".models-past")).to_contain_text("强行上线")
    assert pointer.live(project / "models") == "worse"


def test_that_what_a_model_that_reads_along_takes_otherwise_is_shown_without_anybody_in_it(
    windows: Windows, rows: Rows
) -> None:
    now = SystemClock().now()
    resident = rows.resident()
    with rows.store.transaction() as session:
        shadow.start(session, "new", by="训练员", now=now)
    message = rows.words(resident, "我电话13800138000，有人打架")
    with rows.store.transaction() as session:
        session.merge(message).triage = {"label": "urgent_alarm"}
        reading = {"label": "other", "intent": "other/greeting", "confidence": 0.5, "made_at": now}
        session.add(ShadowReading(message_id=message.id, model="new", **reading))
    trainer = windows.open("/studio/models", officer="训练员", width=390, height=844)
    row = trainer.get_by_role("article", name="new")
    row.locator("summary").click()
    expect(row.locator(".difference-text")).to_contain_text("有人打架")
    expect(trainer.get_by_text("13800138000")).to_have_count(0)
    nothing_runs_over(trainer)
    row.get_by_role("button", name="停止旁听").click()
    expect(row.get_by_role("button", name="旁听一天")).to_be_visible()


def test_that_a_trainer_lets_a_model_read_along_for_a_day(windows: Windows, rows: Rows) -> None:
    trainer = windows.open("/studio/models", officer="训练员")
    row = trainer.get_by_role("article", name="new")
    row.get_by_role("button", name="旁听一天").click()
    expect(row).to_contain_text("旁听中：读了 0 条")
    with rows.store.reading() as session:
        assert session.get_one(TrainedModel, "new").standing == Standing.SHADOW
    row.get_by_role("button", name="停止旁听").click()
    expect(row.get_by_role("button", name="旁听一天")).to_be_visible()


def test_that_a_model_that_was_taken_back_by_itself_is_told_on_the_desk_and_in_the_studio(
    windows: Windows, rows: Rows, project: Path
) -> None:
    now = SystemClock().now()
    with rows.store.transaction() as session:
        promotion.promote(session, "new", project, by="带班所长", now=now, overrule="急")
        promotion.roll_back(
            session, project / "models", by="系统", now=now, reason="没有模型回答的消息升到 40%", kind="automatic"
        )
    for path in ("/", "/studio/models"):
        page = windows.open(path, officer="带班所长")
        expect(page.locator(".problem").filter(has_text="没有模型回答的消息升到 40%")).to_be_visible()
