"""A conversation that no case has: an officer opens it from the desk, takes it over, and goes on in its case."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from bot.console.demo_media import picture
from bot.console.talks import PAGE
from bot.intake.evidence import EvidenceStore
from bot.store.models import AuditEntry, Case
from tests.browser.conftest import Windows, cut_off
from tests.console.conftest import Rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [1280, 360])
def test_that_an_officer_reads_a_conversation_and_takes_it_over(
    console_windows: Windows, rows: Rows, tmp_path: Path, width: int
) -> None:
    resident = rows.resident()
    for number in range(PAGE):
        rows.answer(rows.words(resident, f"问题{number}", ago=7200 - number), f"回答{number}")
    tip = rows.case(resident, "tip/gambling", ago=90000, state="closed")
    rows.message(tip, "棋牌室天天赌钱", ago=90000)
    rows.picture(resident, ago=200, digest=EvidenceStore(tmp_path / "var" / "evidence").keep(picture()))
    rows.answer(rows.words(resident, "我想找民警说说", ago=100), "请问是什么事？")
    page = console_windows.open("/", width=width, height=740)
    if width < 600:
        page.get_by_role("group", name="列表").get_by_role("button", name="对话").click()
    page.get_by_label("正在对话").get_by_role("link", name="R-7K2M9QXA").click()

    # The newest stands at the bottom, in view, and what comes now comes by itself.
    talk = page.get_by_label("对话", exact=True)
    expect(talk.get_by_text("请问是什么事？")).to_be_in_viewport()
    expect(page.get_by_role("button", name="接手对话")).to_be_in_viewport()
    page.wait_for_function("document.querySelector('.media-picture').naturalWidth === 320")
    rows.words(resident, "在吗", ago=0)
    expect(talk.locator(".bubble-row").last).to_contain_text("在吗")
    expect(talk.locator(".bubble-row").last).to_be_in_viewport()
    expect(talk.get_by_text("问题0", exact=True)).to_have_count(0)
    assert "赌钱" not in page.content()
    assert cut_off(page) == []
    page.get_by_role("link", name="更早的对话").click()
    expect(talk.get_by_text("问题0", exact=True)).to_be_visible()
    page.get_by_role("link", name="最新的对话").click()

    page.get_by_role("button", name="接手对话").click()
    question = page.get_by_role("group", name="接手R-7K2M9QXA的对话")
    question.get_by_role("button", name="取消").click()
    with rows.store.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Case)) == 1, (
            "nothing is done before it is confirmed"
        )
    page.get_by_role("button", name="接手对话").click()
    question.get_by_role("button", name="接手", exact=True).click()

    expect(page.locator(".case-head")).to_contain_text("已确认 · 值班民警一")
    expect(page.get_by_role("status").filter(has_text="机器人不说话")).to_be_visible()
    fold = page.locator("details.before-case")
    expect(fold.get_by_text(f"立案前的对话（{2 * PAGE - 2}条）")).to_be_visible()
    expect(fold.get_by_text("在吗")).to_be_hidden()
    fold.locator("summary").click()
    expect(fold.get_by_text("在吗")).to_be_visible()
    assert cut_off(page) == []
    case_id = page.url.rsplit("/", 1)[1]
    page.goto("/talk/R-7K2M9QXA")
    page.get_by_role("link", name=f"去案件{case_id}").click()
    expect(page.locator(".case-head")).to_be_visible()
    with rows.store.reading() as session:
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
        log = [(entry.actor, entry.action, entry.subject) for entry in entries if entry.subject != "desk"]
    looks = [one for one in log if one == ("值班民警一", "view", "R-7K2M9QXA")]
    assert len(looks) == 4, "each opening is a look"
    assert ("值班民警一", "acknowledge", "") in log


def test_that_an_unknown_conversation_is_not_found_and_a_trainer_opens_none(
    console_windows: Windows, rows: Rows
) -> None:
    rows.words(rows.resident(), "怎么补办身份证")
    unknown = console_windows.open("/talk/R-NOBODY")
    expect(unknown.get_by_text("没有这个对话")).to_be_visible()
    trainer = console_windows.open("/talk/R-7K2M9QXA", officer="训练员")
    expect(trainer.get_by_text("您的角色是训练员，不能查看警情")).to_be_visible()
    with rows.store.reading() as session:
        assert session.scalars(sa.select(AuditEntry.subject).where(AuditEntry.action == "view")).all() == []
    console_windows.troubles.clear()  # what the browser says of the two refusals
