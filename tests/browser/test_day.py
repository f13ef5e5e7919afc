"""An officer's day on the whole product: a resident in one window, two officers in others, at a desk and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Windows, nothing_runs_over
from tests.browser.test_console import choose, newest_case, page_of, say
from tests.stack import Stack

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [1280, 360])
def test_that_an_alarm_goes_from_the_sound_at_the_desk_to_its_end(windows: Windows, stack: Stack, width: int) -> None:
    desk = windows.open("/", officer="值班民警三", width=width, height=740)
    desk.get_by_role("button", name="声音未开：有警情时本机不会响").click()
    expect(desk.locator("[data-sound]")).to_have_text("声音已开")

    resident = windows.open("/simulator")
    choose(resident, "居民甲")
    say(resident, "我家进小偷了，人还在客厅翻东西，我躲在卧室")
    case = newest_case(stack)
    expect(page_of(resident, case)).to_contain_text("第1级")
    card = desk.locator(f'article[data-case="{case}"]')
    expect(card).to_be_visible()
    desk.wait_for_function("Number(document.getElementById('vigil').dataset.count) > 0")
    card.get_by_role("button", name="确认接警").click()
    expect(card).to_contain_text("已确认 · 值班民警三")

    # They talk: the officer's words reach the resident's chat, the bot is silent, the answer comes to the case.
    desk.goto(f"/case/{case}")
    desk.get_by_label("回复居民的话").fill("民警已出发。卧室门能反锁吗？")
    desk.get_by_role("button", name="发送", exact=True).click()
    expect(resident.locator(".wechat-row.wechat-station").last).to_contain_text("卧室门能反锁吗？")
    answers = resident.locator(".wechat-row.wechat-station").count()
    resident.get_by_label("消息").fill("锁上了")
    resident.get_by_label("消息").press("Enter")
    expect(desk.get_by_label("对话")).to_contain_text("锁上了")
    expect(resident.locator(".wechat-row.wechat-station")).to_have_count(answers)

    # The shift ends: another officer takes it over, and closes it.
    desk.get_by_role("button", name="移交", exact=True).click()
    question = desk.get_by_role("group", name=f"案件{case}：移交")
    question.get_by_text("值班民警四").click()
    question.get_by_role("button", name="移交").click()
    other = windows.open(f"/case/{case}", officer="值班民警四", width=width, height=740)
    other.get_by_role("button", name="接手", exact=True).click()
    expect(desk.locator(".case-head")).to_contain_text("已确认 · 值班民警四")
    other.get_by_role("button", name="结案", exact=True).click()
    ending = other.get_by_role("group", name=f"案件{case}结案")
    ending.get_by_role("radio", name="属实已处置").click()
    ending.get_by_label("处置情况（必填）").fill("人已抓获，门锁已换")
    ending.get_by_role("button", name="结案").click()
    expect(other.locator(".case-head")).to_contain_text("已结案 · 值班民警四 · 属实已处置")
    story = other.get_by_label("处置经过")
    for told in ("值班民警三 确认", "值班民警四", re.compile("结案")):
        expect(story).to_contain_text(told)
    for window in (desk, other):
        nothing_runs_over(window)
