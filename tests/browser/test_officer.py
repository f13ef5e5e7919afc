"""What an officer does beside acknowledging: decides on applications, talks with residents, ends cases."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from bot.console.demo_media import picture
from bot.console.services import local_minute
from bot.duty import case as duty_case
from bot.intake.evidence import EvidenceStore
from bot.store.models import Application, AuditEntry, Case, Reply, Resident
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows

pytestmark = pytest.mark.slow


def replies(rows: Rows) -> list[tuple[str, str]]:
    with rows.store.reading() as session:
        return [(reply.author, reply.text) for reply in session.scalars(sa.select(Reply).order_by(Reply.id))]


# -- applications ---------------------------------------------------------------------------------------------------


def test_that_an_application_is_looked_at_and_sent_back_with_a_reason(
    console_windows: Windows, rows: Rows, tmp_path: Path
) -> None:
    digest = EvidenceStore(tmp_path / "var" / "evidence").keep(picture())
    application = rows.application(rows.resident(), dog_breed="藏獒", photos=("done", "failed", "done"), digest=digest)
    page = console_windows.open("/applications")
    expect(page.locator(".nav-count")).to_have_text("1")
    card = page.get_by_label("等审核").locator("article")
    for words in ("犬证", "疑似禁养", "照片没收全", "R-7K2M9QXA", application.receipt or ""):
        expect(card).to_contain_text(words)
    card.get_by_role("link").click()

    answers = page.get_by_label("申请内容")
    expect(answers).to_contain_text("210***********8886")
    assert "210104199003078886" not in page.content()
    answers.get_by_role("button", name="显示").click()
    expect(answers).to_contain_text("210104199003078886")
    with rows.store.reading() as session:
        looks = session.scalars(sa.select(AuditEntry.subject).where(AuditEntry.action == "view"))
        assert f"{application.receipt} id_number" in looks.all(), "who has asked for the whole number stands in the log"
    photos = page.get_by_label("照片", exact=True)
    expect(photos.get_by_role("img")).to_have_count(2)
    page.wait_for_function("document.querySelector('.media-picture').naturalWidth === 320")
    expect(photos).to_contain_text("文件取回失败：文件已失效")

    page.get_by_role("button", name="要求补充").click()
    question = page.get_by_role("group", name="犬证：要求补充")
    question.get_by_role("button", name="要求补充").click()
    expect(question.get_by_role("alert")).to_have_text("“要求补充”要写明原因，居民会看到这句话")
    question.get_by_role("button", name="住址请写到门牌").click()
    expect(question.locator(".ask-preview")).to_contain_text("还差一点：住址请写到门牌")
    told = question.locator(".ask-preview").inner_text()
    question.get_by_role("button", name="要求补充").click()
    expect(question).to_have_count(0)
    expect(page.get_by_label("办理经过")).to_contain_text("值班民警一 · 要求补充")
    assert replies(rows) == [("值班民警一", told)]
    expect(page.locator(".nav-count")).to_be_hidden()


def test_that_an_application_goes_on_to_be_fetched(console_windows: Windows, rows: Rows) -> None:
    application = rows.application(rows.resident(), "residence_permit", photos=())
    lists = console_windows.open("/applications")
    page = console_windows.open(f"/application/{application.receipt}", officer="值班民警二")
    page.get_by_role("button", name="通过", exact=True).click()
    question = page.get_by_role("group", name="居住证：通过")
    expect(question).to_contain_text("审核通过了")
    question.get_by_role("button", name="通过").click()
    expect(lists.get_by_label("已通过待制证")).to_contain_text(application.receipt or "")
    expect(page.get_by_role("button", name="通过")).to_have_count(0)
    page.get_by_role("button", name="可以来取").click()
    question = page.get_by_role("group", name="居住证：可以来取")
    question.get_by_label("给居民的话").fill("周末也可以。")
    question.get_by_role("button", name="可以来取").click()
    expect(lists.get_by_label("可领取")).to_contain_text(application.receipt or "")
    assert [author for author, _ in replies(rows)] == ["值班民警二"] * 2
    assert replies(rows)[-1][1].endswith("周末也可以。")


def test_that_of_two_officers_the_second_is_told_what_the_first_has_done(console_windows: Windows, rows: Rows) -> None:
    application = rows.application(rows.resident(), photos=())
    page = console_windows.open(f"/application/{application.receipt}")
    page.get_by_role("button", name="不通过").click()
    question = page.get_by_role("group", name="犬证：不通过")
    question.get_by_label("原因").fill("犬种不能养")
    rows.decide(application, "approve")
    question.get_by_role("button", name="不通过").click()
    expect(question.get_by_role("alert")).to_have_text(re.compile("现在是“审核通过，正在制证”，不能再点“不通过”"))
    expect(question.get_by_label("原因")).to_have_value("犬种不能养")
    question.get_by_role("button", name="取消").click()
    expect(page.get_by_role("button", name="可以来取")).to_be_visible()
    assert len(replies(rows)) == 1


def test_that_what_the_resident_writes_after_the_question_is_seen(console_windows: Windows, rows: Rows) -> None:
    resident = rows.resident()
    application = rows.application(resident, photos=())
    rows.decide(application, "ask", "住址请写到门牌")
    page = console_windows.open(f"/application/{application.receipt}")
    expect(page.get_by_label("居民之后发来的话")).to_be_hidden()
    rows.clock.advance(seconds=1)
    rows.words(resident, "<b>东中街8号</b>")
    expect(page.get_by_label("居民之后发来的话")).to_contain_text("<b>东中街8号</b>")
    expect(page.locator(".case-head")).to_contain_text("居民已回复")


# -- conversations --------------------------------------------------------------------------------------------------


def test_that_an_officer_talks_with_the_resident_and_gives_the_conversation_back(
    console_windows: Windows, rows: Rows
) -> None:
    case = rows.case(rows.resident(), "help_request/lost_pet")
    rows.message(case, "我家狗丢了")
    page = console_windows.open(f"/case/{case.id}", officer="值班民警一")
    other = console_windows.open(f"/case/{case.id}", officer="值班民警二")
    page.get_by_label("回复居民的话").fill("什么颜色的？\n<i>多大了？")
    page.get_by_label("回复居民的话").press("Control+Enter")
    said = page.get_by_label("对话").locator(".bubble-station")
    expect(said).to_contain_text("什么颜色的？\n<i>多大了？")
    expect(said).to_contain_text("值班民警一")
    expect(said).to_contain_text("待发")
    expect(page.get_by_label("回复居民的话")).to_have_value("")
    with rows.store.reading() as session:
        until = local_minute(session.scalars(sa.select(Resident.held_until)).one())
    expect(page.locator(".held")).to_contain_text(f"您正在和居民对话，机器人不说话，到 {until} 自动交还")
    expect(other.locator(".held")).to_contain_text("值班民警一正在和居民对话")
    page.get_by_label("回复居民的话").fill("  ")
    page.get_by_role("button", name="发送").click()
    with rows.store.transaction() as session:
        session.execute(sa.update(Reply).values(state="failed", error="errcode 45015: over"))
    expect(said).to_contain_text("未送达")
    expect(said).to_contain_text("超过48小时没有来信")
    other.get_by_role("button", name="交还机器人").click()
    for window in (page, other):
        expect(window.locator(".held")).to_have_count(0)
    with rows.store.reading() as session:
        assert session.scalars(sa.select(Resident.held_by)).one() is None
    assert replies(rows) == [("值班民警一", "什么颜色的？\n<i>多大了？")]


def test_that_whoever_writes_before_taking_the_alarm_is_told_that_the_paging_goes_on(
    console_windows: Windows, rows: Rows
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/domestic_violence", silent=True, alarmed_at=rows.clock.now())
    rows.page(case)
    rows.deadline(case, 1, 3600)
    page = console_windows.open(f"/case/{case.id}")
    expect(page.get_by_role("group", name="回复居民")).to_contain_text("对方不便出声：短、像普通聊天")
    page.get_by_label("回复居民的话").fill("在吗")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".held")).to_contain_text("还没有确认接警，提醒照常继续")
    page.get_by_role("button", name="确认接警").click()
    expect(page.locator(".held-paging")).to_have_count(0)


def test_that_a_case_ends_with_how_it_ended_and_a_word(console_windows: Windows, rows: Rows) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/missing_child", alarmed_at=rows.clock.now())
    rows.message(case, "人找到了")
    rows.page(case)
    rows.deadline(case, 1, 3600)
    with rows.store.transaction() as session:
        duty_case.resolve(session, session.get_one(Case, case.id), "人找到了", now=rows.clock.now())
    desk = console_windows.open("/")
    expect(desk.locator(f'article[data-case="{case.id}"]')).to_contain_text("居民称已解除")
    page = console_windows.open(f"/case/{case.id}")
    expect(page.locator(".over")).to_have_text("居民说已经没事了，请核实后结案居民原话：人找到了")
    page.get_by_role("button", name="结案").click()
    question = page.get_by_role("group", name=f"案件{case.id}结案")
    for problem, answer in (("请选择处置结果", "已自行解决"), ("请写一句怎么结束的", "")):
        question.get_by_role("button", name="结案").click()
        expect(question.get_by_role("alert")).to_have_text(problem)
        if answer:
            question.get_by_text(answer).click()
    question.get_by_label("处置情况").fill("电话核实，孩子已回家")
    question.get_by_role("button", name="结案").click()
    expect(page.locator(".case-head")).to_contain_text("已结案 · 值班民警一 · 已自行解决")
    expect(page.get_by_label("处置经过")).to_contain_text("电话核实，孩子已回家")
    expect(page.locator(".over")).to_have_count(0)
    expect(page.get_by_role("button", name="结案")).to_be_hidden()
    expect(desk.locator(f'article[data-case="{case.id}"]')).to_have_count(0)


def test_that_a_case_is_not_closed_over_what_is_said_while_the_question_stands(
    console_windows: Windows, rows: Rows
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/knife", state="acknowledged", acknowledged_by="值班民警一")
    rows.message(case, "有人在砸门")
    page = console_windows.open(f"/case/{case.id}")
    page.get_by_role("button", name="结案").click()
    question = page.get_by_role("group", name=f"案件{case.id}结案")
    question.get_by_text("属实已处置").click()
    question.get_by_label("处置情况").fill("已到场")
    rows.message(case, "他拿刀进来了", ago=0)
    expect(page.get_by_label("对话")).to_contain_text("他拿刀进来了")
    question.get_by_role("button", name="结案").click()
    expect(question.get_by_role("alert")).to_have_text("刚来了1条新消息，请先取消，看过再结案")
    expect(page.locator(".case-head")).not_to_contain_text("已结案")
    question.get_by_role("button", name="取消").click()
    expect(question).to_be_hidden()
    page.get_by_role("button", name="结案").click()
    expect(question.get_by_label("处置情况")).to_have_value("已到场")
    question.get_by_text("属实已处置").click()
    question.get_by_role("button", name="结案").click()
    expect(page.locator(".case-head")).to_contain_text("已结案")
    page.wait_for_function("!Object.keys(sessionStorage).some((name) => name.startsWith('fujin-draft'))")


def test_that_words_that_may_be_forced_are_told_as_such(console_windows: Windows, rows: Rows) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/domestic_violence", alarmed_at=rows.clock.now())
    rows.deadline(case, 1, 3600)
    with rows.store.transaction() as session:
        duty_case.resolve(session, session.get_one(Case, case.id), "没事了", now=rows.clock.now())
    page = console_windows.open(f"/case/{case.id}")
    expect(page.locator(".over")).to_contain_text("这样的话可能是被迫说的，提醒照常继续")


@pytest.mark.parametrize("width", [1280, 390, 360])
def test_that_no_page_needs_sideways_scrolling(console_windows: Windows, rows: Rows, width: int) -> None:
    resident = rows.resident()
    application: Application = rows.application(resident, address="大东路" * 40, dog_breed="藏獒", photos=())
    case = rows.case(resident, "help_request/lost_pet", state="acknowledged", acknowledged_by="值班民警一")
    page = console_windows.open("/applications", width=width)
    expect(page.get_by_label("等审核").locator("article")).to_be_visible()
    nothing_runs_over(page)
    page.goto(f"/application/{application.receipt}")
    page.get_by_role("button", name="要求补充").click()
    expect(page.get_by_role("group", name="犬证：要求补充")).to_be_visible()
    nothing_runs_over(page)
    page.goto(f"/case/{case.id}")
    page.get_by_label("回复居民的话").fill("长" * 500)
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".held")).to_be_visible()
    nothing_runs_over(page)
