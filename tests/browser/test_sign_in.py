"""Signing in and out as people do it, and what each of them sees."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from bot.store.models import AuditEntry
from tests.browser.conftest import Windows, cut_off, nothing_runs_over
from tests.console.conftest import Rows
from tests.console.running import console

pytestmark = pytest.mark.slow
PASSWORD = "三棵松树 下雨了 不打伞"


@pytest.fixture
def windows(browser: Browser, rows: Rows, sqlite_url: str, tmp_path: Path) -> Iterator[Windows]:
    """Opens windows on a console over those rows; a refusal in one is no trouble here."""
    with console(sqlite_url, tmp_path) as url:
        opened = Windows(browser, url)
        yield opened
        opened.close()
        assert [what for what in opened.troubles if not re.search("status of 40[013]", what)] == []


def enter(page: Page, name: str, password: str) -> None:
    page.get_by_label("姓名").fill(name)
    page.get_by_label("口令", exact=True).fill(password)
    page.get_by_role("button", name="登录", exact=True).click()


def test_that_a_newcomer_is_in_with_one_tap_and_out_with_two(windows: Windows, rows: Rows) -> None:
    case = rows.case(rows.resident(), "help_request/lost_pet")
    page = windows.open(f"/case/{case.id}", officer=None)
    page.get_by_role("button", name="以值班民警二登录").click()
    expect(page.locator(".case-head")).to_contain_text(f"案件{case.id}")
    other = page.context.new_page()
    other.goto("/")
    for window in (page, other):
        expect(window.get_by_label("我的账号")).to_contain_text("值班民警二民警")
    expect(other.get_by_label("一般求助")).to_contain_text("案件1")
    page.get_by_label("我的账号").click()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="演示账号")).to_be_visible()
    other.wait_for_url("**/sign-in")  # the other window of this browser shows nothing any more, by itself
    page.goto(f"/case/{case.id}")
    expect(page).to_have_url(re.compile(rf"/sign-in\?next=/case/{case.id}$"))


def test_that_wrong_passwords_lock_and_an_administrator_lets_in_again(windows: Windows) -> None:
    page = windows.open("/sign-in", officer=None, width=360, height=740)
    for _ in range(5):
        enter(page, "值班民警一", "wrong-password")
        expect(page.get_by_role("alert")).to_have_text("名字、口令或动态口令不对")
    enter(page, "值班民警一", "wrong-password")
    expect(page.get_by_role("alert")).to_contain_text("秒后再试")
    nothing_runs_over(page)

    office = windows.open("/accounts", officer="管理员")
    row = office.get_by_role("article", name="值班民警一")
    expect(row).to_contain_text("口令错太多次")
    row.get_by_role("button", name="重置口令").click()
    office.get_by_role("group", name="重置值班民警一的口令").get_by_role("button", name="重置").click()
    told = office.get_by_role("group", name="值班民警一的初始口令")
    first = told.locator(".drawn-password").inner_text()
    told.get_by_role("button", name="记下了").click()
    expect(row).to_contain_text("还没换掉初始口令")

    enter(page, "值班民警一", first)
    expect(page.get_by_text("请先换掉管理员给您的口令")).to_be_visible()
    page.get_by_label("现在的口令").fill(first)
    page.get_by_label(re.compile("^新口令")).fill(PASSWORD)
    page.get_by_label("再输一次新口令").fill(PASSWORD)
    page.get_by_role("button", name="修改口令").click()
    expect(page.get_by_label("紧急警情")).to_be_visible()


def test_that_an_account_is_added_and_its_role_changed(windows: Windows) -> None:
    office = windows.open("/accounts", officer="管理员", width=360, height=740)
    office.get_by_role("button", name="添加账号").click()
    question = office.get_by_role("group", name="添加账号")
    question.get_by_label("名字").fill("乙")
    question.get_by_role("button", name="添加").click()
    office.get_by_role("button", name="记下了").click()
    row = office.get_by_role("article", name="乙", exact=True)
    expect(row).to_contain_text("民警")
    row.get_by_role("button", name="改角色").click()
    question = office.get_by_role("group", name="乙的角色")
    question.get_by_text("训练员").click()
    question.get_by_role("button", name="保存").click()
    expect(row).to_contain_text("训练员")
    row.get_by_role("button", name="停用").click()
    office.get_by_role("group", name="停用乙").get_by_role("button", name="停用").click()
    expect(row).to_contain_text("已停用")
    nothing_runs_over(office)


def test_that_a_trainer_sees_no_case_and_an_officer_no_reporter(windows: Windows, rows: Rows) -> None:
    reporter = rows.resident("R-REPORTER")
    case, request = rows.case(reporter, "tip/gambling"), rows.case(reporter, "help_request/noise")
    rows.case(reporter, "help_request/lost_pet", ago=86400, state="closed")
    alike = rows.case(rows.resident("R-OTHER"), "tip/gambling")
    for tip in (case, alike):
        rows.message(tip, "楼下棋牌室天天赌钱")
    trainer = windows.open(f"/case/{case.id}", officer="训练员")
    expect(trainer.get_by_text("您的角色是训练员，不能查看警情")).to_be_visible()
    assert "棋牌室" not in trainer.content()
    officer = windows.open(f"/case/{case.id}", officer="值班民警一")
    expect(officer.get_by_label("对话")).to_contain_text("棋牌室")
    expect(officer.get_by_role("button", name="查看举报人")).to_have_count(0)

    leader = windows.open(f"/case/{request.id}", officer="带班所长")
    expect(leader.get_by_label("这位居民的其他案件").get_by_role("link")).to_have_text([re.compile("宠物走失")])
    leader.goto(f"/case/{case.id}")
    expect(leader.get_by_label("相似的案件")).to_contain_text(f"案件{alike.id}")  # so other cases were looked for
    expect(leader.get_by_label("这位居民的其他案件")).to_have_count(0)
    leader.get_by_role("button", name="查看举报人").click()
    question = leader.get_by_role("group", name=f"案件{case.id}：查看举报人")
    question.get_by_role("button", name="查看").click()
    expect(question.get_by_role("alert")).to_contain_text("请写明")
    assert "R-REPORTER" not in leader.content()
    question.get_by_label("原因").fill("要核实地址")
    question.get_by_role("button", name="查看").click()
    told = leader.get_by_role("group", name="举报人", exact=True)
    expect(told).to_contain_text("R-REPORTER")
    expect(told.get_by_role("link", name=f"案件{request.id}")).to_be_visible()

    leader.goto(f"/audit?case={case.id}")
    expect(leader.get_by_role("status")).to_contain_text("日志完整")
    lines = leader.locator(".audit-entry")
    expect(lines).to_have_count(3)  # the trainer has seen nothing, so there is nothing to write down
    expect(lines.first).to_contain_text("带班所长查看举报人案件1原因：要核实地址")
    leader.get_by_label("谁", exact=True).fill("值班民警一")
    leader.get_by_role("button", name="筛选").click()
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("值班民警一查看案件1")
    expect(leader.get_by_label("谁", exact=True)).to_have_value("值班民警一")
    with leader.expect_download() as download:
        leader.get_by_role("link", name="导出 CSV").click()
    assert "值班民警一,查看,1," in Path(download.value.path()).read_text(encoding="utf-8-sig")
    with rows.store.reading() as session:
        looks = session.scalars(
            sa.select(AuditEntry.subject).where(AuditEntry.actor == "带班所长").order_by(AuditEntry.id)
        )
        assert list(looks)[-2:] == ["audit", "audit.csv"], "whoever reads the log stands in it, once for all its pages"


def test_that_the_log_and_the_password_can_be_read_on_a_telephone(windows: Windows, rows: Rows) -> None:
    case = rows.case(rows.resident(), "help_request/lost_pet")
    page = windows.open(f"/case/{case.id}", officer="带班所长", width=360, height=740)
    page.goto("/")
    expect(page.get_by_label("一般求助")).to_be_visible()
    page.goto("/audit")
    expect(page.get_by_role("status")).to_contain_text("日志完整")
    lines = page.locator(".audit-entry").filter(has_text="查看")
    expect(lines.nth(0)).to_contain_text("带班所长查看审计日志")
    expect(lines.nth(1)).to_contain_text("带班所长查看值班台")
    expect(lines.nth(2)).to_contain_text("带班所长查看案件1")
    assert cut_off(page) == []
    page.goto("/password")
    expect(page.get_by_role("button", name="修改口令")).to_be_visible()
    assert cut_off(page) == []
