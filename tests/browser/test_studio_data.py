"""A trainer at the data's pages: a conflict mended, an answer changed, a national one approved, a change taken back."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.nlu import knowledge
from bot.store.session import Store
from bot.studio import changes, corpus, files, plans
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.running import console
from tests.small_project import small_project_at
from tests.studio.test_health import archive

pytestmark = pytest.mark.slow
TRAINER, LEADER = "训练员", "带班所长"
NOISE, FIRE = "help_request/noise", "urgent_alarm/fire"


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
        ("答复到期", False, "都在12个月内核对过"),
        ("本地信息", False, "由派出所确认"),
    ):
        page.get_by_role("tab", name=tab).click()
        expect(shown).to_contain_text(words)
        if picture:
            expect(shown.locator("canvas").first).to_be_visible()


def read_wrongly(data: Path) -> tuple[str, str]:
    """Keep with a model that it takes two of noise for something else, one of them for a fire; and those two."""
    noise = examples(data, NOISE)
    readings = [
        {"text": noise[0], "intent": NOISE, "ranking": [[FIRE, 0.99], [NOISE, 0.01]]},
        {"text": noise[1], "intent": NOISE, "ranking": [["other/thanks", 0.98], [NOISE, 0.02]]},
        {"text": noise[2], "intent": NOISE, "ranking": [["other/thanks", 0.6], [NOISE, 0.4]]},
        {"text": noise[3], "intent": NOISE, "ranking": [[NOISE, 0.99]]},
        {"text": examples(data, FIRE)[0], "intent": FIRE, "ranking": [[FIRE, 0.9]]},
        {"text": examples(data, "other/thanks")[0], "intent": "other/thanks", "ranking": [["other/thanks", 0.9]]},
    ]
    archive(data.parent / "models" / "fujin-1.tar.gz", readings)
    return noise[0], noise[1]


def test_that_what_is_probably_mislabelled_is_moved_or_said_to_be_right_once_and_for_all(
    studio: Windows, data: Path
) -> None:
    urgent, calm = read_wrongly(data)
    page = studio.open("/studio/data", officer=TRAINER)
    page.get_by_role("tab", name="可能标错 2").click()
    expect(page.get_by_role("region", name="可能标错（条）").locator("canvas")).to_be_visible()
    findings = page.locator(".q-tab-panel .finding:not(.finding-row)")
    expect(findings).to_have_count(2)
    expect(findings.first).to_contain_text("牵涉紧急")
    expect(findings.first).to_contain_text(urgent)
    expect(findings.first).to_contain_text("99%")
    findings.first.get_by_role("button", name="没错").click()
    expect(findings.first.locator(".fate-done")).to_have_text("已写入")
    expect(findings.last).to_contain_text(calm)
    findings.last.get_by_role("button", name="移到“感谢”").click()
    expect(findings.last.locator(".fate-done")).to_have_text("已写入")
    assert calm in examples(data, "other/thanks")
    assert calm not in examples(data, NOISE)
    page.reload()
    page.get_by_role("tab", name="可能标错", exact=True).click()
    expect(page.locator(".q-tab-panel")).to_contain_text("没有发现")
    assert urgent in examples(data, NOISE)


def test_that_two_intents_that_are_confused_are_shown_and_get_examples(studio: Windows, data: Path) -> None:
    read_wrongly(data)
    page = studio.open("/studio/data?tab=容易混淆", officer=TRAINER)
    panel = page.locator(".q-tab-panel")
    expect(panel.locator("canvas")).to_be_visible()
    finding = panel.locator(".finding")
    expect(finding).to_have_count(1)  # what was taken for another once stands in the picture alone
    for words in ("2 条", "噪音扰民", "感谢"):
        expect(finding).to_contain_text(words)
    finding.get_by_role("button", name="给“感谢”加例句").click()
    box = page.get_by_role("group", name="加例句")
    box.get_by_label("一行一条").fill("这回可真多亏了你们")
    box.get_by_role("button", name="加进去").click()
    expect(page.get_by_text("已提交 1 条")).to_be_visible()
    page.goto("/studio/history")
    expect(page.locator("[data-change='1']")).to_contain_text("已写入")
    assert examples(data, "other/thanks")[-1] == "这回可真多亏了你们"


def test_that_an_example_that_is_a_test_message_is_shown_with_it_and_removed(studio: Windows, data: Path) -> None:
    tested = corpus.load(data).test[0]
    path = data / "intents" / "other" / "greeting.yml"
    path.write_text(files.with_examples(path.read_text(encoding="utf-8"), [tested.text]), encoding="utf-8")
    page = studio.open("/studio/data?tab=漏进测试集", officer=TRAINER)
    expect(page.get_by_role("tab", name="漏进测试集 1")).to_be_visible()
    finding = page.locator(".q-tab-panel .finding")
    expect(finding).to_contain_text("相似 100%")
    expect(finding).to_contain_text(f"测试消息 {tested.id}：{tested.text}")
    finding.get_by_role("button", name="删掉").click()
    expect(finding.locator(".fate-done")).to_have_text("已写入")
    assert tested.text not in examples(data, "other/greeting")


def state_facts(data: Path, **facts: tuple[str, str]) -> None:
    """Fill in local facts, each with the day on which it was looked at."""
    path = data / "local_facts.yml"
    content = path.read_text(encoding="utf-8")
    for name, (value, day) in facts.items():
        content = files.with_value(content, (name, "value"), value)
        content = files.with_value(content, (name, "reviewed"), date.fromisoformat(day))
    path.write_text(content, encoding="utf-8")


def test_that_answers_are_due_because_of_a_local_fact_until_it_is_confirmed(studio: Windows, data: Path) -> None:
    state_facts(data, wifi_name=("大厅网", "2020-01-02"), wifi_password=("12345678", f"{datetime.now(UTC):%Y-%m-%d}"))
    page = studio.open("/studio/data", officer=TRAINER)
    page.get_by_role("tab", name="答复到期").click()
    finding = page.locator(".q-tab-panel .finding").filter(has_text="大厅无线网 · 简短回答")
    expect(finding).to_contain_text("2020-01-02")
    expect(finding).to_contain_text("里面的本地信息也该核对了：WIFI名称")
    finding.get_by_role("link", name="打开答复").click()
    expect(page.locator(".answers-editor")).to_contain_text("里面的本地信息也该核对了：WIFI名称")
    page.get_by_role("link", name="填写、核对本地信息").click()
    row = fact_row(page, "WIFI名称")
    expect(row).to_contain_text("该核对了")
    row.get_by_role("button", name="今天核对过").click()
    expect(row.locator(".fate-done")).to_contain_text("已生效")
    expect(row).to_contain_text(f"{datetime.now(UTC):%Y}")
    expect(row.get_by_text("该核对了")).to_be_hidden()
    page.get_by_role("button", name="重新检查").click()
    page.get_by_role("tab", name="答复到期", exact=True).click()  # without a number: none is due any more
    expect(page.locator(".q-tab-panel")).to_contain_text("都在12个月内核对过")


def fact_row(page: Page, title: str) -> Locator:
    return page.locator(".q-tab-panel .finding").filter(has=page.get_by_text(title, exact=True))


def test_that_a_local_fact_is_filled_in_and_corrected_where_all_of_them_stand(studio: Windows, data: Path) -> None:
    page = studio.open("/studio/data?tab=本地信息", officer=TRAINER)
    row = fact_row(page, "停车")
    expect(row.get_by_role("button", name="今天核对过")).to_be_hidden()
    for press, before, now in (("填写", "", "门前能停两小时"), ("改", "门前能停两小时", "门前不能停")):
        row.get_by_role("button", name=press, exact=True).click()
        box = page.get_by_role("group", name="停车")
        expect(box.get_by_label("居民会看到的内容")).to_have_value(before)
        box.get_by_label("居民会看到的内容").fill(now)
        box.get_by_role("button", name="保存").click()
        expect(box.get_by_role("alert")).to_contain_text("为什么")
        box.get_by_label("依据").fill("问过窗口")
        box.get_by_role("button", name="保存").click()
        expect(row.locator(".fact-value")).to_have_text(now)
        assert knowledge.load(data / "answers").local_facts["parking"].value == now
    expect(row.get_by_role("button", name="今天核对过")).to_be_visible()


def test_that_a_topics_name_words_and_neighbours_are_changed_on_the_page_of_its_answers(
    studio: Windows, data: Path
) -> None:
    page = studio.open("/studio/answers?topic=station_hours_lunch", officer=TRAINER)
    box = page.locator(".answers-heading")
    box.locator("summary").click()
    expect(box.get_by_label("问话里有哪些词")).to_have_value(re.compile("^中午\n晌午\n"))
    box.get_by_label("名字").fill("午休")
    box.get_by_label("问话里有哪些词").fill("中午\n午…休")
    box.get_by_label("接下来可能问的").fill("大厅无线网")
    page.locator(".q-menu .q-item").filter(has_text="大厅无线网").click()
    page.keyboard.press("Escape")
    box.get_by_role("button", name="改主题").click()
    expect(page.locator(".fate")).to_contain_text("为什么")
    box.get_by_label("改主题的原因").fill("居民这么叫")
    box.get_by_role("button", name="改主题").click()
    expect(page.locator(".fate")).to_have_text("已生效：居民现在问到的就是新的")
    topic = knowledge.load(data / "answers").topics["station_hours_lunch"]
    assert (topic.title, topic.when, topic.related[-1]) == ("午休", ("中午", "午…休"), "wifi")
    page.goto("/studio/history")
    expect(page.locator("[data-change='1']")).to_contain_text("名字 中午办不办 → 午休")
    page.goto("/studio/answers?topic=wifi")
    page.locator(".answers-heading summary").click()
    expect(page.locator(".answers-heading").get_by_label("问话里有哪些词")).to_be_hidden()  # it is its intent's default


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
    nothing_runs_over(page)
    page.goto("/studio/history")
    expect(page.locator("[data-change]")).to_have_count(2)
