"""The page of figures."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.console.conftest import Rows

pytestmark = pytest.mark.slow


def test_that_the_figures_of_a_period_are_shown_and_can_be_taken_along(
    console_windows: Windows,
    rows: Rows,
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
    page = console_windows.open("/figures", officer="带班所长")
    rate = page.locator(".tile").filter(has_text="误报率")
    expect(rate).to_contain_text("50.0%")
    expect(page.locator(".tile").filter(has_text="警情到确认")).to_contain_text("30.0秒")
    expect(page.locator(".chart canvas")).to_have_count(2)
    page.get_by_role("button", name="近7天").click()
    expect(rate).to_contain_text("已有结论 1 起，误报 0 起")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载表格").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("属实已处置")
