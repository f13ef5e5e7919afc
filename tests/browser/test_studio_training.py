"""The pages of trainings and of one model."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from bot.store.models import Heartbeat, TrainingRun
from bot.studio import judging, registry
from bot.studio.comparison import compare
from bot.studio.judging import text_id
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows
from tests.studio.judged import CANDIDATE, LIVE, judge, reading, two_models

pytestmark = pytest.mark.slow
LOG = "INFO rasa.engine.training.hooks - Starting to train component 'TriageClassifier'."


def beat(rows: Rows) -> None:
    with rows.store.transaction() as session:
        session.merge(Heartbeat(name="trainer", at=rows.clock.now() + timedelta(seconds=60), healthy=True, detail=""))


def past_run(rows: Rows, **more: object) -> int:
    now = rows.clock.now()
    values = {"state": "done", "started_at": now - timedelta(hours=2), "ended_at": now - timedelta(hours=2, minutes=-3)}
    run = TrainingRun(asked_by="训练员一", asked_at=now - timedelta(hours=2), **values | more)
    with rows.store.transaction() as session:
        session.add(run)
        session.flush()
        return run.id


def test_that_a_training_is_started_watched_and_cancelled(console_windows: Windows, rows: Rows) -> None:
    beat(rows)
    past_run(rows, model=CANDIDATE, why="补了停水的问法")
    past_run(rows, state="failed", error="磁盘满了，请清理后再训练一次", log="OSError: [Errno 28]")
    page = console_windows.open("/studio/runs", officer="带班所长")
    expect(page.locator(".run-done .run-why")).to_have_text("补了停水的问法")
    expect(page.locator(".run-failed .run-error")).to_contain_text("磁盘满了")
    page.get_by_role("button", name="开始训练").click()
    page.get_by_label("为什么训练").fill("加了三十条火情")
    page.get_by_role("button", name="开始", exact=True).click()
    waiting = page.get_by_label("正在训练", exact=True)
    expect(waiting).to_contain_text("排队")
    expect(waiting).to_contain_text("加了三十条火情")

    with rows.store.transaction() as session:
        run = session.scalars(sa.select(TrainingRun).where(TrainingRun.state == "waiting")).one()
        run.state, run.started_at, run.step = "running", rows.clock.now(), "TriageClassifier"
        run.steps, run.steps_done, run.seconds_left, run.log = 12, 7, 83.0, LOG
    expect(waiting).to_contain_text("第 8 步，共 12 步：学习分类")
    expect(waiting).to_contain_text("大约还要 1分23秒")
    waiting.get_by_text("训练日志").click()
    expect(waiting.locator(".run-log")).to_contain_text("TriageClassifier")
    waiting.get_by_role("button", name="取消第").click()
    page.get_by_role("button", name="取消训练").click()
    expect(waiting).to_contain_text("正在取消")
    with rows.store.reading() as session:
        assert session.get_one(TrainingRun, run.id).cancelled_by == "带班所长"


def test_that_the_page_says_when_nobody_trains(console_windows: Windows, rows: Rows) -> None:
    page = console_windows.open("/studio/runs", officer="带班所长", width=390)
    expect(page.get_by_role("alert").first).to_contain_text("训练进程没有运行")
    beat(rows)
    expect(page.get_by_text("训练进程没有运行")).to_have_count(0)


def test_that_a_candidate_stands_beside_the_live_model(console_windows: Windows, rows: Rows) -> None:
    now = rows.clock.now()
    two_models(rows.store, now)
    resident = rows.resident()
    tip = rows.message(rows.case(resident, "tip/gambling"), "大东路1号三楼天天聚赌，电话13800138000")
    fire = rows.message(rows.case(resident, "urgent_alarm/fire"), "厂房着火了，里面还有人")
    for model, fire_given, tip_given in (
        (LIVE, "urgent_alarm/fire", "tip/gambling"),
        (CANDIDATE, "help_request/noise", "urgent_alarm/fire"),
    ):
        readings = [reading(tip.id, None, tip_given), reading(fire.id, None, fire_given)]
        judge(rows.store, model, "replay", readings, now)
        known = reading(text_id("打她这个就行"), "other/acknowledgement", fire_given, case="false_page")
        judge(rows.store, model, "regression", [known], now)
    page = console_windows.open(f"/studio/models/{CANDIDATE}", officer="带班所长")
    expect(page.locator(".tile").filter(has_text="紧急召回")).to_contain_text("对照")
    expect(page.locator(".tile").filter(has_text="紧急召回")).to_contain_text("p=")
    with rows.store.reading() as session:
        both = judging.both(session, LIVE, CANDIDATE, "test")
    assert both
    test = compare(*both)
    recall = test.live.recall
    low, high = recall.interval()
    told = f"对照 {recall.value:.1%}，{recall.hits}/{recall.total}（{low:.1%}–{high:.1%}）"
    expect(page.locator(".tile").filter(has_text="紧急召回")).to_contain_text(told)
    tiles = {"平均 F1": f"{test.candidate.macro_f1:.3f}", "咨询的事项答对": f"{test.candidate.topic.value:.1%}"}
    for tile, figure in tiles.items():
        expect(page.locator(".tile").filter(has_text=tile).locator(".tile-figure")).to_have_text(figure)
    page.get_by_text(f"各细类的 F1（{len(test.intents)}个").click()
    for one in test.intents:
        row = page.locator(f".model-intents [data-intent='{one.intent}']")
        expect(row).to_contain_text(f"{one.candidate:.3f}")
        expect(row).to_contain_text(f"对照 {one.live:.3f}")
    expect(page.locator(".tile").filter(has_text="回归集新错")).to_contain_text("没有新错")
    expect(page.get_by_label("回归集里改对的")).to_contain_text("打她这个就行")
    replay = page.get_by_label("真实消息重读")
    expect(replay.locator(".reread").first).to_contain_text("少了提醒")
    expect(replay.locator(".reread").first).to_contain_text("厂房着火了")
    expect(replay).to_contain_text("多了提醒")
    expect(replay).not_to_contain_text("13800138000")
    expect(replay).not_to_contain_text("大东路1号")
    expect(page.locator(".chart").filter(has=page.locator("canvas"))).to_have_count(5)


def test_that_a_model_by_itself_shows_its_own_figures(console_windows: Windows, rows: Rows) -> None:
    two_models(rows.store, rows.clock.now())
    with rows.store.reading() as session:
        live = registry.live(session)
        assert live
        assert judging.current(session, live.name, "test")
    page = console_windows.open(f"/studio/models/{LIVE}", officer="带班所长", width=390)
    expect(page.locator(".tile").filter(has_text="紧急召回")).not_to_contain_text("对照")
    expect(page.get_by_text("选一个对照")).to_be_visible()
    nothing_runs_over(page)


def test_that_an_unknown_model_is_not_found(console_windows: Windows, rows: Rows) -> None:
    page = console_windows.open("/", officer="带班所长")
    answer = page.request.get("/studio/models/fujin-000000000000")
    assert answer.status == 404
