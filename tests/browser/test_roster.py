"""The roster in the browser: who is on duty, a gap that is made, seen on the desk and closed, a calendar file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from bot.duty.roster import STATION_TIME, load_roster
from bot.settings import ROOT
from bot.store.models import AuditEntry
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows

pytestmark = pytest.mark.slow


def choose(question: Locator, page: Page, field: str, officer: str) -> None:
    question.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=officer, exact=True).click()


def test_that_a_gap_is_made_seen_and_closed_and_the_calendar_comes_back(
    console_windows: Windows, rows: Rows, tmp_path: Path
) -> None:
    roster = load_roster(ROOT / "duty.yml")
    shift = roster.shift(datetime.now(UTC))
    following, later = roster.shift(shift.ends_at), roster.shift(shift.ends_at + timedelta(days=1))
    away, stands_in, third = following.crew[0], shift.crew[0], later.crew[0]
    page = console_windows.open(f"/roster?month={following.starts_at:%Y-%m}", officer="带班所长")
    now = page.get_by_label("现在在班")
    for words in (*shift.crew, f"之后：{'、'.join(following.crew)}", "08:30"):
        expect(now).to_contain_text(words)
    cell = page.locator(f'[data-day="{following.starts_at:%Y-%m-%d}"]')
    expect(cell).to_contain_text(away)

    page.get_by_role("button", name="请假").click()
    question = page.get_by_role("group", name="请假")
    question.get_by_role("button", name="保存").click()
    expect(question.get_by_role("alert")).to_have_text("请选人")
    choose(question, page, "谁请假", away)
    question.get_by_label("原因").fill("年假")
    question.get_by_role("button", name="保存").click()
    expect(question).to_have_count(0)
    expect(cell).to_contain_text(f"缺{away}")
    expect(page.locator(".problem")).to_contain_text("只有1人在班，应有2人")
    desk = console_windows.open("/", officer="值班民警一")
    expect(desk.locator(".problem")).to_contain_text("排班有缺口：")

    page.get_by_role("button", name="请假").click()
    choose(question, page, "谁请假", away)
    choose(question, page, "谁顶班", stands_in)
    question.get_by_role("button", name="保存").click()
    expect(cell.locator(".day-changed")).to_have_text(f"{stands_in}替{away}")
    for window in (page, desk):
        expect(window.locator(".problem")).to_have_count(0)

    page.get_by_role("button", name="换班").click()
    swap = page.get_by_role("group", name="换班")
    for number, officer, day in (("第一个人", away, following), ("第二个人", third, later)):
        choose(swap, page, number, officer)
        swap.get_by_label(f"{number}哪天的班").fill(f"{day.starts_at:%Y-%m-%d}")
    swap.get_by_role("button", name="保存").click()
    expect(swap.get_by_role("alert")).to_contain_text(f"{away}没有")
    swap.get_by_role("button", name="取消").click()

    row = page.get_by_label("变动", exact=True).locator("article", has_text=f"{stands_in} 替 {away}")
    expect(row).to_contain_text("带班所长办理")
    row.get_by_role("button", name="撤销").click()
    page.get_by_role("group", name="撤销变动").get_by_role("button", name="撤销").click()
    expect(row).to_have_count(0)
    expect(cell).to_contain_text(f"缺{away}")

    with page.expect_download() as given:
        page.get_by_role("link", name="导出").click()
    begins = f"DTSTART;TZID=Asia/Shanghai:{later.starts_at.astimezone(STATION_TIME):%Y%m%dT%H%M%S}"
    events = given.value.path().read_text(encoding="utf-8").split("BEGIN:VEVENT")
    edited = [event.replace(f"{third} 值班", f"{stands_in} 值班") if begins in event else event for event in events]
    file = tmp_path / "roster.ics"
    file.write_text("BEGIN:VEVENT".join(edited), encoding="utf-8")
    page.locator("input[type=file]").set_input_files(file)
    question = page.get_by_role("group", name="导入日历")
    expect(question).to_contain_text(f"{stands_in} 替 {third}")
    question.get_by_role("button", name="导入").click()
    changed = page.locator(f'[data-day="{later.starts_at:%Y-%m-%d}"] .day-changed')
    if later.starts_at.month == following.starts_at.month:
        expect(changed).to_have_text(f"{stands_in}替{third}")
    expect(page.get_by_label("变动", exact=True)).to_contain_text(f"{stands_in} 替 {third}")
    file.write_text("姓名,日期", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator(".q-notification")).to_contain_text("不是能读的iCalendar文件")

    small = console_windows.open("/roster", officer="带班所长", width=360, height=740)
    expect(small.get_by_label("现在在班")).to_contain_text(shift.crew[0])
    nothing_runs_over(small)
    small.get_by_role("button", name="换班").click()
    expect(small.get_by_role("group", name="换班")).to_be_visible()
    nothing_runs_over(small)
    with rows.store.reading() as session:
        query = sa.select(AuditEntry.subject).where(AuditEntry.actor == "带班所长").order_by(AuditEntry.id)
        looks = session.scalars(query).all()
        assert [look for look in looks if look.startswith("roster")] == ["roster", "roster.ics"]
