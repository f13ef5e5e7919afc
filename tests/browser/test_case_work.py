"""One case from hand to hand: two officers, each with a window, and everything they do to it."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from bot.console.demo_media import picture
from bot.duty import merging
from bot.intake.evidence import EvidenceStore
from bot.store.models import AuditEntry, Case, Correction, Media, Reply
from bot.store.models import Page as OfficerPage
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows
from tests.console.test_case_work import AMR

pytestmark = pytest.mark.slow


def fire(rows: Rows, evidence: EvidenceStore) -> tuple[Case, Case]:
    """A fire that two residents report, one of them with a picture, a voice and the place."""
    first = rows.case(rows.resident(), "urgent_alarm/fire", alarmed_at=rows.clock.now(), words=("着火",))
    rows.message(first, "东中街8号三楼着火了")
    for kind, content, content_type in (("image", picture(), "image/png"), ("voice", AMR, "audio/amr")):
        message = rows.message(first, "", kind=kind)
        digest, due = evidence.keep(content), rows.clock.now()
        with rows.store.transaction() as session:
            kept = {"sha256": digest, "content_type": content_type, "size": len(content), "state": "done"}
            session.add(Media(message_id=message.id, media_id="m", kind=kind, due_at=due, **kept))
    rows.message(first, "东中街8号", kind="location", Location_X="41.8022", Location_Y="123.4703")
    rows.page(first)
    rows.deadline(first, 1, 3600)
    second = rows.case(rows.resident("R-NEIGHBOU"), "urgent_alarm/fire", alarmed_at=rows.clock.now())
    rows.message(second, "东中街8号冒烟，有人喊救命")
    return first, second


def act(page: Page, title: str) -> None:
    page.get_by_role("button", name=title, exact=True).click()


def test_that_two_officers_work_on_one_case_from_the_alarm_to_its_end(
    console_windows: Windows,
    rows: Rows,
    tmp_path: Path,
) -> None:
    case, other = fire(rows, EvidenceStore(tmp_path / "var" / "evidence"))
    page = console_windows.open(f"/case/{case.id}", officer="值班民警一")
    act(page, "确认接警")
    story = page.get_by_label("处置经过")
    expect(story).to_contain_text("值班民警一 确认")

    # What the resident sent can be looked at, listened to and found on a map.
    page.wait_for_function("document.querySelector('.media-picture').naturalWidth === 320")
    page.get_by_role("img", name="居民发来的图片").click()
    viewer = page.get_by_role("dialog", name="图片")
    viewer.get_by_role("button", name="旋转").click()
    assert "rotate(90deg)" in (viewer.get_by_role("img").get_attribute("style") or "")
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    page.evaluate("document.querySelector('audio').preload = 'auto'; document.querySelector('audio').load()")
    page.wait_for_function("document.querySelector('audio').duration > 1.4")
    link = page.get_by_role("link", name="在地图上看")
    assert "position=123.4703%2C41.8022" in (link.get_attribute("href") or "")
    assert link.get_attribute("rel") == "noopener noreferrer"

    # A note for the others; a ready-made sentence and a picture for the resident.
    page.get_by_label("备注内容").fill("<b>三楼</b>有老人")
    act(page, "保存备注")
    expect(page.locator(".noted")).to_contain_text("<b>三楼</b>有老人")
    expect(page.get_by_label("备注内容")).to_have_value("")
    act(page, "常用答复")
    page.get_by_text("请马上往外走").click()
    expect(page.get_by_label("回复居民的话")).to_have_value(re.compile("消防电话119"))
    act(page, "发送")
    expect(page.get_by_label("对话").locator(".bubble-station")).to_contain_text("消防电话119")
    page.locator(".reply-box input[type=file]").set_input_files(
        {"name": "map.png", "mimeType": "image/png", "buffer": picture()}
    )
    expect(page.get_by_role("img", name="民警发的图片")).to_be_visible()
    page.wait_for_function("[...document.querySelectorAll('.media-picture')].every((one) => one.naturalWidth === 320)")

    # The other report of it is suggested, and nothing more.
    likely = page.get_by_label("相似的案件")
    expect(likely).to_contain_text("地点相同：东中街8号")
    act(page, "并入这件")
    question = page.get_by_role("group", name=f"案件{case.id}：并案")
    expect(question.get_by_label("并入案件（编号）")).to_have_value(str(other.id))
    question.get_by_label("并入案件（编号）").fill("x")
    question.get_by_role("button", name="并案").click()
    expect(question.get_by_role("alert")).to_have_text("请填案件编号，只填数字")
    question.get_by_role("button", name="取消").click()
    neighbour = console_windows.open(f"/case/{other.id}", officer="值班民警一")
    act(neighbour, "并案")
    question = neighbour.get_by_role("group", name=f"案件{other.id}：并案")
    question.get_by_label("并入案件（编号）").fill(str(case.id))
    question.get_by_role("button", name="并案").click()
    expect(neighbour.locator(".offer")).to_contain_text(f"已并入案件{case.id}")
    expect(page.get_by_label("对话")).to_contain_text("东中街8号冒烟")
    expect(page.get_by_label("对话")).to_contain_text("居民 R-NEIGHBOU")
    page.get_by_role("combobox", name="发给").click()
    page.get_by_role("option", name="居民 R-NEIGHBOU").click()
    page.get_by_label("回复居民的话").fill("您看见几个人？")
    act(page, "发送")
    expect(page.get_by_label("对话").locator(".bubble-station").last).to_contain_text("发给居民 R-NEIGHBOU")

    # Hand over: the other officer is paged and takes it in a window of their own.
    act(page, "移交")
    question = page.get_by_role("group", name=f"案件{case.id}：移交")
    question.get_by_role("button", name="移交").click()
    expect(question.get_by_role("alert")).to_have_text("请选择民警")
    question.get_by_text("值班民警二").click()
    question.get_by_role("button", name="移交").click()
    expect(page.locator(".offer")).to_contain_text("请值班民警二接手，接手前仍由值班民警一负责")
    second = console_windows.open(f"/case/{case.id}", officer="值班民警二", width=360, height=740)
    act(second, "接手")
    for window in (page, second):
        expect(window.locator(".case-head")).to_contain_text("已确认 · 值班民警二")
        expect(window.locator(".offer")).to_have_count(0)

    # It was only smoke from a kitchen: lowered with a reason, closed with a word.
    act(second, "改类别")
    question = second.get_by_role("group", name=f"案件{case.id}：改类别")
    question.get_by_role("combobox", name="改为").fill("噪音")
    second.get_by_role("option", name="一般求助 · 噪音扰民").click()
    question.get_by_role("button", name="改类别").click()
    expect(question.get_by_role("alert")).to_have_text("请写一句为什么不是紧急警情")
    question.get_by_label("原因").fill("到场只是油烟")
    question.get_by_role("button", name="改类别").click()
    expect(second.locator(".case-head")).to_contain_text("噪音扰民")
    nothing_runs_over(second)
    act(second, "结案")
    question = second.get_by_role("group", name=f"案件{case.id}结案")
    question.get_by_text("已转其他部门").click()
    question.get_by_label("处置情况").fill("已请物业检查烟道")
    question.get_by_role("button", name="结案").click()
    expect(question.get_by_role("alert")).to_have_text("请选择转给哪里")
    question.get_by_text("12345").click()
    question.get_by_role("button", name="结案").click()
    expect(second.locator(".case-head")).to_contain_text("已结案 · 值班民警二 · 已转其他部门：12345")
    for words in ("请 值班民警二 接手", "从 值班民警一 接过来", "到场只是油烟", "已请物业检查烟道", "并进来"):
        expect(story).to_contain_text(words)
    expect(story).to_contain_text("请接手的提醒 值班民警二")

    with rows.store.reading() as session:
        assert [(one.author, bool(one.picture)) for one in session.scalars(sa.select(Reply).order_by(Reply.id))] == [
            ("值班民警一", False),
            ("值班民警一", True),
            ("值班民警一", False),
        ]
        assert session.scalars(sa.select(Reply.resident_id).order_by(Reply.id)).all()[-1] == other.resident_id
        assert session.scalars(sa.select(Correction.now)).one() == "help_request/noise"
        assert session.scalars(sa.select(OfficerPage.officer).where(OfficerPage.kind == "offer")).one() == "值班民警二"
        acts = session.scalars(
            sa.select(AuditEntry.action).where(AuditEntry.case_id == case.id).order_by(AuditEntry.id)
        ).all()
    wanted = ["acknowledge", "note", "reply", "picture", "absorb", "reply", "offer", "accept", "relabel", "close"]
    assert [one for one in acts if one in wanted] == wanted


def test_that_a_case_is_assigned_helped_with_given_back_opened_again_and_taken_apart(
    console_windows: Windows, rows: Rows
) -> None:
    case = rows.case(rows.resident(), "help_request/noise")
    part = rows.case(rows.resident("R-NEIGHBOU"), "help_request/noise")
    with rows.store.transaction() as session:
        merging.merge(session, part.id, into=case.id, officer="值班民警一", now=rows.clock.now())
    one, two = (console_windows.open(f"/case/{case.id}", officer=name) for name in ("值班民警一", "值班民警二"))
    act(one, "交办")
    question = one.get_by_role("group", name=f"案件{case.id}：交办")
    question.get_by_text("值班民警二").click()
    question.get_by_role("button", name="交办").click()
    expect(two.locator(".case-head")).to_contain_text("承办 值班民警二")
    act(two, "受理")
    act(one, "加入")
    expect(two.locator(".case-head")).to_contain_text("值班民警一")
    act(one, "退出")
    expect(two.locator(".case-head")).not_to_contain_text("值班民警一")
    act(two, "退回待确认")
    two.get_by_role("group", name=f"案件{case.id}：退回待确认").get_by_role("button", name="退回待确认").click()
    expect(one.get_by_role("button", name="受理")).to_be_visible()
    apart = console_windows.open(f"/case/{part.id}", officer="值班民警一")
    act(apart, "分出来")
    expect(apart.locator(".offer")).to_have_count(0)
    expect(one.get_by_text(f"并进来的案件：{part.id}")).to_have_count(0)
    act(one, "结案")
    question = one.get_by_role("group", name=f"案件{case.id}结案")
    question.get_by_text("已自行解决").click()
    question.get_by_label("处置情况").fill("已安静")
    question.get_by_role("button", name="结案").click()
    act(two, "重新打开")
    expect(one.locator(".case-head")).not_to_contain_text("已结案")
    with rows.store.reading() as session:
        acts = sa.select(AuditEntry.actor, AuditEntry.action).where(AuditEntry.action != "view").order_by(AuditEntry.id)
        done = [tuple(row) for row in session.execute(acts.where(AuditEntry.case_id == case.id))]
    first, second = "值班民警一", "值班民警二"
    assert done == [
        (first, "absorb"),
        (first, "assign"),
        (second, "acknowledge"),
        (first, "join"),
        (first, "leave"),
        (second, "unacknowledge"),
        (first, "part"),
        (first, "acknowledge"),  # whoever closes it has it
        (first, "close"),
        (second, "reopen"),
    ]


def test_that_a_silent_case_offers_only_sentences_that_look_like_nothing(
    console_windows: Windows,
    rows: Rows,
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/domestic_violence", silent=True, alarmed_at=rows.clock.now())
    page = console_windows.open(f"/case/{case.id}", officer="值班民警一")
    act(page, "常用答复")
    menu = page.locator(".canned-menu")
    expect(menu).to_contain_text("在吗？在就回1。")
    for word in ("警", "派出所", "110"):
        expect(menu).not_to_contain_text(word)


def test_that_a_video_is_played_on_the_page_and_the_residents_other_cases_are_beside_it(
    console_windows: Windows, rows: Rows, tmp_path: Path
) -> None:
    resident = rows.resident()
    earlier = rows.case(resident, "help_request/noise", ago=86400, state="closed")
    case = rows.case(resident, "urgent_alarm/fire", alarmed_at=rows.clock.now())
    message = rows.message(case, "", kind="video")
    digest = EvidenceStore(tmp_path / "var" / "evidence").keep(b"no real video")
    with rows.store.transaction() as session:
        kept = {"sha256": digest, "content_type": "video/mp4", "size": 13, "state": "done"}
        session.add(Media(message_id=message.id, media_id="m", kind="video", due_at=rows.clock.now(), **kept))
    page = console_windows.open(f"/case/{case.id}", officer="值班民警一")
    player = page.get_by_label("对话").locator("video")
    expect(player).to_have_attribute("src", f"/evidence/{digest}")
    assert player.evaluate("(video) => [video.controls, video.autoplay]") == [True, False]
    with page.expect_download() as download:
        page.get_by_role("link", name="原始文件").click()
    assert download.value.path().read_bytes() == b"no real video"
    others = page.get_by_label("这位居民的其他案件")
    expect(others.get_by_role("link")).to_have_count(1)
    expect(others.get_by_role("link")).to_have_attribute("href", f"/case/{earlier.id}")
    expect(others).to_contain_text("已结案")


def test_that_a_leader_holds_a_closed_case_as_evidence_and_lets_it_go_with_a_reason(
    console_windows: Windows, rows: Rows
) -> None:
    at = rows.clock.now()
    ended = {"state": "closed", "closed_at": at, "closed_by": "值班民警一", "disposition": "resolved"}
    case = rows.case(rows.resident(), "help_request/noise", **ended)
    rows.message(case, "楼上天天装修")
    officer = console_windows.open(f"/case/{case.id}", officer="值班民警一", width=360, height=740)
    expect(officer.locator(".case-head")).to_contain_text("已结案")
    expect(officer.get_by_role("button", name="证据保留")).to_have_count(0)
    leader = console_windows.open(f"/case/{case.id}", officer="带班所长")
    for title, question, reason in (
        ("证据保留", f"案件{case.id}：证据保留", "检察院调取"),
        ("解除保留", f"案件{case.id}：解除保留", "诉讼已结束"),
    ):
        act(leader, title)
        asked = leader.get_by_role("group", name=question)
        asked.get_by_role("button", name=title).click()
        expect(asked.get_by_role("alert")).to_contain_text("请写明原因")
        asked.get_by_label("原因").fill(reason)
        asked.get_by_role("button", name=title).click()
        expect(leader.get_by_label("处置经过")).to_contain_text(reason)
        chips = [window.locator(".case-head .chip", has_text="证据保留") for window in (leader, officer)]
        for chip in chips:
            expect(chip).to_have_count(1 if title == "证据保留" else 0)
        nothing_runs_over(officer)
    with rows.store.reading() as session:
        acts = sa.select(AuditEntry.actor, AuditEntry.action).where(AuditEntry.action != "view").order_by(AuditEntry.id)
        done = [tuple(row) for row in session.execute(acts.where(AuditEntry.case_id == case.id))]
    assert done == [("带班所长", "hold"), ("带班所长", "unhold")]


def test_that_what_read_a_message_is_opened_on_a_phone(console_windows: Windows, rows: Rows) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    by_a_model, by_the_net = rows.message(case, "着火了"), rows.message(case, "快来")
    with rows.store.transaction() as session:
        session.merge(by_a_model).model = "fujin-5b3d01e4b2ae"
        session.merge(by_the_net).read_by_model = False
    page = console_windows.open(f"/case/{case.id}", officer="值班民警一", width=360, height=740)
    for said, told in (("着火了", "模型 fujin-5b3d01e4b2ae"), ("快来", "安全网（当时没有模型回答）")):
        bubble = page.get_by_label("对话").locator(".bubble").filter(has_text=said)
        expect(bubble.get_by_text(told)).to_be_hidden()
        bubble.locator("summary").click()
        expect(bubble.get_by_text(told)).to_be_visible()
