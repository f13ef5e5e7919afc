"""A trainer at the data's pages: a conflict mended, an answer changed, a national one approved, a change taken back."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.nlu import knowledge
from bot.store.session import Store
from bot.studio import changes, files, plans
from tests.browser.conftest import Windows
from tests.console.running import console
from tests.small_project import small_project_at

pytestmark = pytest.mark.slow
TRAINER, LEADER = "训练员", "带班所长"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data of a small project."""
    return small_project_at(tmp_path / "project") / "nlu_data"


@pytest.fixture
def studio(browser: Browser, sqlite_url: str, tmp_path: Path, data: Path) -> Iterator[Windows]:
    """Windows on a console over the small project, and beside it a writer who makes the changes."""
    ended = threading.Event()

    def make() -> None:
        store = Store(sqlite_url)
        while not ended.wait(0.2):
            changes.apply_pending(store, data, now=datetime.now(UTC))
        store.close()

    writer = threading.Thread(target=make)
    with console(sqlite_url, tmp_path, FUJIN_PROJECT=str(data.parent)) as url:
        writer.start()
        opened = Windows(browser, url)
        yield opened
        opened.close()
        ended.set()
        writer.join()
        assert opened.troubles == []


def examples(data: Path, intent: str) -> list[str]:
    return files.examples_of((data / "intents" / f"{intent}.yml").read_text(encoding="utf-8"))


def contradicting(studio: Windows, data: Path, intent: str) -> tuple[Page, str]:
    """The page of what contradicts, with an example of an intent that stands under the greetings too; and that one."""
    twin = examples(data, intent)[4]
    path = data / "intents" / "other" / "greeting.yml"
    path.write_text(files.with_examples(path.read_text(encoding="utf-8"), [twin]), encoding="utf-8")
    page = studio.open("/studio/data", officer=TRAINER)
    page.get_by_role("tab", name="矛盾和重复 1").click()
    return page, twin


def test_that_a_contradiction_is_found_mended_seen_in_the_history_and_taken_back(studio: Windows, data: Path) -> None:
    page, twin = contradicting(studio, data, "other/thanks")
    finding = page.locator(".finding").filter(has_text="矛盾")
    expect(finding).to_contain_text(twin)
    side = finding.locator(".finding-side").filter(has=page.locator(".chip", has_text="问候"))
    side.get_by_role("button", name="删掉").click()
    expect(finding.locator(".fate-done")).to_have_text("已写入")
    assert twin not in examples(data, "other/greeting")
    page.goto("/studio/history")
    change = page.locator("[data-change='1']")
    expect(change).to_contain_text(twin)
    expect(change).to_contain_text(TRAINER)
    change.get_by_text("看文件里改了什么").click()
    expect(change.locator(".diff-remove")).to_have_text(f"-    - {twin}")
    change.get_by_role("button", name="撤销").click()
    question = page.get_by_role("group", name="撤销第1号修改")
    question.get_by_role("button", name="撤销").click()
    expect(question.get_by_role("alert")).to_contain_text("为什么")
    question.get_by_label("原因").fill("删错了")
    question.get_by_role("button", name="撤销").click()
    expect(page.locator("[data-change='2']")).to_contain_text("没有写入")
    page.goto("/studio/history?state=done&kind=add_example")
    expect(page.locator("[data-change]")).to_have_count(0)  # the same words under two labels are not written again
    page.goto("/studio/history?state=failed")
    expect(page.locator("[data-change='2']")).to_contain_text("已经在感谢")


def test_that_each_tab_of_the_health_shows_what_it_is_named_for(studio: Windows) -> None:
    page = studio.open("/studio/data", officer=TRAINER)
    shown = page.locator(".q-tab-panel")
    expect(shown.locator("canvas").first).to_be_visible()
    for tab, picture, words in (
        ("可能标错", False, "没有发现"),
        ("容易混淆", False, "没有"),
        ("漏进测试集", False, "没有发现"),
        ("写法", True, "写法"),
        ("测试覆盖", True, "测试"),
        ("答复到期", False, "核对日期超过12个月"),
        ("本地信息", False, "由派出所确认"),
    ):
        page.get_by_role("tab", name=tab).click()
        expect(shown).to_contain_text(words)
        if picture:
            expect(shown.locator("canvas").first).to_be_visible()


def test_that_an_emergency_is_taken_out_only_for_a_reason(studio: Windows, data: Path) -> None:
    page, _ = contradicting(studio, data, "urgent_alarm/fire")
    side = page.locator(".finding-side").filter(has=page.locator(".chip", has_text="火情"))
    side.get_by_role("button", name="删掉").click()
    question = page.get_by_role("group", name="这是一条紧急例句")
    question.get_by_role("button", name="确定要改").click()
    expect(question.locator(".ask-problem")).to_have_text("请写一句原因")
    question.get_by_label("为什么不算紧急").fill("其实是问候")
    question.get_by_role("button", name="确定要改").click()
    expect(side.locator(".fate-done")).to_have_text("已写入")
    page.goto("/studio/history")
    expect(page.locator("[data-change='1']")).to_contain_text("原因：其实是问候")


def test_that_a_local_answer_is_live_as_soon_as_it_is_written_and_seen_before_on_a_phone(
    studio: Windows, data: Path
) -> None:
    page = studio.open("/studio/answers", officer=TRAINER)
    page.get_by_label("搜主题").fill("WIFI 密码")
    expect(page.locator(".answers-topic")).not_to_have_count(len(knowledge.load(data / "answers").topics))
    page.locator("a[href*='topic=wifi&']").click()
    page.get_by_role("link", name="大白话").click()
    page.get_by_label("答复", exact=True).fill("大厅能连网，密码问窗口。")
    expect(page.locator(".phone-told")).to_contain_text("大厅能连网，密码问窗口。")
    expect(page.locator(".phone-told")).to_contain_text("以派出所答复为准")
    page.get_by_label("为什么改").fill("窗口说的")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".fate")).to_have_text("已生效：居民现在问到的就是新的")
    told = [topic.plain.text for topic in knowledge.load(data / "answers").topics.values()]
    assert "大厅能连网，密码问窗口。" in told


def test_that_a_question_of_a_topic_is_added_on_the_page_of_its_answer(studio: Windows, data: Path) -> None:
    page = studio.open("/studio/answers?topic=wifi", officer=TRAINER)
    box = page.locator(".answers-questions")
    box.locator("summary").click()
    box.get_by_label("再加一种问法").fill("你们那上网要钱不")
    box.get_by_role("button", name="加进去").click()
    expect(page.locator(".fate")).to_contain_text("为什么")
    box.get_by_label("为什么").fill("常有人这么问")
    box.get_by_role("button", name="加进去").click()
    expect(page.locator(".fate")).to_have_text("已写入")
    assert "你们那上网要钱不" in plans.questions_of(data, "wifi")


def test_that_an_example_is_reworded_where_it_is_found(studio: Windows, data: Path) -> None:
    page, _ = contradicting(studio, data, "other/thanks")
    finding = page.locator(".finding").filter(has_text="矛盾")
    side = finding.locator(".finding-side").filter(has=page.locator(".chip", has_text="问候"))
    side.get_by_role("button", name="改写").click()
    question = page.get_by_role("group", name="改写例句")
    question.get_by_role("button", name="改成这样").click()
    expect(question.get_by_role("alert")).to_have_text("请改写这条例句")
    question.get_by_label("改成什么").fill("早上好呀各位警官")
    question.get_by_role("button", name="改成这样").click()
    expect(finding.locator(".fate-done")).to_have_text("已写入")
    assert "早上好呀各位警官" in examples(data, "other/greeting")


def test_that_a_national_answer_waits_until_a_leader_agrees(studio: Windows, data: Path) -> None:
    page = studio.open("/studio/answers?topic=seal_lost&aspect=fee", officer=TRAINER)
    page.get_by_label("答复", exact=True).fill("报案不要钱，刻章先问价。")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".fate")).to_contain_text("为什么")
    page.get_by_label("为什么改").fill("价目表改了")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".fate")).to_have_text("已提交，等另一位训练员或所领导同意")
    page.goto("/studio/history")
    expect(page.locator("[data-change='1']")).to_contain_text("等待第二人同意")
    expect(page.get_by_role("button", name="核对过，同意")).to_have_count(0)
    desk = studio.open("/studio/history", officer=LEADER)
    desk.get_by_role("button", name="核对过，同意").click()
    expect(desk.locator("[data-change='1']")).to_contain_text("带班所长 同意")
    expect(desk.locator("[data-change='1']")).to_contain_text("已写入")
    expect(page.locator("[data-change='1']")).to_be_visible()
    page.goto("/studio/answers?topic=seal_lost&aspect=fee")
    expect(page.locator(".answers-authors")).to_contain_text("现在这段：训练员 写，带班所长 核对同意")
    expect(page.locator(".phone-told")).to_contain_text("报案不要钱，刻章先问价。")


def test_that_a_phone_shows_the_same_and_words_that_point_to_a_person_are_refused(studio: Windows) -> None:
    page = studio.open("/studio/data", officer=TRAINER, width=390)
    page.get_by_role("button", name="加例句").first.click()
    box = page.get_by_role("group", name="加例句")
    box.get_by_label("一行一条").fill("我叫王建国，电话13812345678")
    box.get_by_role("button", name="加进去").click()
    expect(box.locator(".ask-problem")).to_contain_text("个人信息")
    box.get_by_label("一行一条").fill("头一条这么说\n我叫王建国，电话13812345678")
    box.get_by_role("button", name="加进去").click()
    expect(box.locator(".ask-problem")).to_contain_text("“我叫王建国，电话13812345678”：")
    box.get_by_label("一行一条").fill("头一条这么说\n第二条这么说")
    box.get_by_role("button", name="加进去").click()
    expect(page.get_by_text("已提交 2 条")).to_be_visible()  # of a list with a wrong line none was
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("/studio/history")
    expect(page.locator("[data-change]")).to_have_count(2)
