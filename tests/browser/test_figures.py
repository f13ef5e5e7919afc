"""The page of figures."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [1280, 360])
def test_that_the_figures_of_a_period_are_shown_and_can_be_taken_along(
    console_windows: Windows, rows: Rows, width: int
) -> None:
    now = rows.clock.now()
    for ago, disposition in ((3600, "real"), (86400 * 20, "false_alarm")):
        at = now - timedelta(seconds=ago)
        rows.case(
            rows.resident(f"R-{ago}"),
            "urgent_alarm/fire",
            ago=ago,
            state="closed",
            alarmed_at=at,
            acknowledged_at=at + timedelta(seconds=30),
            closed_at=at + timedelta(minutes=10),
            disposition=disposition,
        )
    page = console_windows.open("/figures", officer="带班所长", width=width, height=740)
    rate = page.locator(".tile").filter(has_text="误报率")
    expect(rate).to_contain_text("50.0%")
    expect(page.locator(".tile").filter(has_text="警情到确认")).to_contain_text("30.0秒")
    expect(page.locator(".chart canvas")).to_have_count(4)
    nothing_runs_over(page)  # only a table's own box scrolls
    page.get_by_role("button", name="近7天").click()
    expect(rate).to_contain_text("已有结论 1 起，误报 0 起")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载警情表").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("属实已处置")


def test_that_an_alarm_that_nobody_answers_shows_in_every_figure(console_windows: Windows, rows: Rows) -> None:
    at = rows.clock.now() - timedelta(days=3)
    taken = {"state": "acknowledged", "acknowledged_at": at + timedelta(seconds=30)}
    rows.case(rows.resident("R-1"), "urgent_alarm/fire", ago=86400 * 3, alarmed_at=at, **taken)
    rows.case(rows.resident("R-2"), "urgent_alarm/robbery", ago=86400 * 3, alarmed_at=at)
    old = rows.clock.now() - timedelta(days=40)
    rows.case(rows.resident("R-3"), "urgent_alarm/fire", ago=86400 * 40, alarmed_at=old)
    page = console_windows.open("/figures", officer="带班所长")
    acknowledged = page.locator(".tile").filter(has_text="警情到确认")
    expect(acknowledged).to_contain_text("九成要超过3天0小时；60秒内的占 50.0%；还没有的 1 起")
    expect(page.locator(".tile").filter(has_text="这段时间无人应答")).to_contain_text("从未确认 1 起")
    expect(page.locator(".tile-alarm")).to_contain_text("现在无人应答")
    expect(page.locator(".tile-alarm .tile-figure")).to_have_text("2")
    expect(page.get_by_text("右删失")).to_be_visible()
    robbery = page.locator(".figures-table tr").filter(has_text="抢劫抢夺").locator("td")
    expect(robbery.nth(3)).to_have_text("1")
    expect(robbery.nth(5)).to_have_text("超过3天0小时 / 超过3天0小时")
    page.set_viewport_size({"width": 360, "height": 800})
    nothing_runs_over(page)
    page.get_by_role("button", name="到结束").click()
    expect(page.locator(".chart").filter(has_text="到结束的用时")).to_have_count(2)
    page.get_by_role("button", name="近7天").click()
    expect(page.locator(".chart").filter(has_text="到结束的用时")).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载汇总表").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["分组", "全部", "时段", "类型", "类型"]
