"""What a newcomer sees: the simulator in one window, the duty desk in another, the whole product behind them."""

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from bot.duty.roster import load_roster
from bot.store.models import Case
from bot.store.models import Page as OfficerPage
from tests.browser.conftest import Windows, nothing_runs_over
from tests.stack import Stack

pytestmark = pytest.mark.slow


def choose(simulator: Page, resident: str) -> None:
    simulator.get_by_role("button", name=resident, exact=True).click()
    expect(simulator.get_by_role("button", name=resident, exact=True)).to_have_attribute("aria-pressed", "true")


def say(simulator: Page, text: str) -> Locator:
    """Write as the chosen resident and give the bubble that answers."""
    answers = simulator.locator(".wechat-row.wechat-station")
    before = answers.count()
    simulator.get_by_label("消息").fill(text)
    simulator.get_by_label("消息").press("Enter")
    expect(simulator.locator(".wechat-row.wechat-resident").last).to_contain_text(text)
    expect(answers).to_have_count(before + 1)
    return answers.last


def newest_case(stack: Stack) -> int:
    """The case that was opened last; by the time a message is answered, its case is stored."""
    store = stack.store
    with store.reading() as session:
        newest = session.scalars(sa.select(sa.func.max(Case.id))).one()
    store.close()
    assert newest
    return int(newest)


def page_of(simulator: Page, case: int) -> Locator:
    """The page of this case on the officers' phones."""
    link = simulator.locator(f'a[href="/case/{case}"]')
    article = simulator.get_by_label("值班手机").locator("article").filter(has=link).first
    expect(article).to_be_visible()
    return article


def first_on_duty(stack: Stack) -> str:
    """Whom the model station pages first today."""
    return load_roster(stack.settings.duty_file).shift(datetime.now(UTC)).crew[0]


def card_of(desk: Page, case: int) -> Locator:
    return desk.get_by_label("紧急警情").locator(f'article[data-case="{case}"]')


def test_that_an_alarm_reaches_desk_and_phone_by_itself_and_ends_with_the_acknowledgement(
    page: Page, windows: Windows, stack: Stack
) -> None:
    simulator = windows.open("/simulator")
    choose(simulator, "居民甲")
    expect(say(simulator, "有人拿刀在楼下砍人")).to_contain_text("值班民警")
    case = newest_case(stack)
    article = page_of(simulator, case)
    expect(article).to_contain_text("持械威胁")
    expect(article).to_contain_text("第1级")
    expect(article).to_contain_text(first_on_duty(stack))

    card = card_of(page, case)
    expect(card).to_contain_text("持械威胁")
    expect(card).to_contain_text("已发出1次提醒")
    marked = "".join(card.locator("mark").all_inner_texts())
    assert "刀" in marked
    assert "砍" in marked
    clock = card.get_by_role("timer")
    expect(clock).to_have_text(re.compile(r"^00:[0-4]\d$"))
    expect(clock).not_to_have_text(clock.inner_text())  # it runs

    card.get_by_role("button", name="确认接警").click()
    expect(card).to_contain_text("已确认 · 值班民警一")
    expect(clock).to_have_count(0)
    expect(card.get_by_role("button", name="确认接警")).to_be_hidden()
    taken = page.get_by_label("已确认").locator(f'article[data-case="{case}"]')
    expect(taken).to_contain_text("值班民警一")
    expect(card).to_have_count(0)


def test_that_the_case_page_tells_the_whole_story(windows: Windows, stack: Stack) -> None:
    simulator = windows.open("/simulator")
    choose(simulator, "居民乙")
    say(simulator, "着火了，三楼冒烟，有人困在里面")
    case = newest_case(stack)
    simulator.get_by_label("更多").click()
    simulator.get_by_role("button", name="示例图片").click()
    page = windows.open(f"/case/{case}")
    talk = page.get_by_label("对话")
    expect(talk.locator("mark").first).to_be_visible()
    picture = talk.get_by_role("img", name="居民发来的图片")
    expect(picture).to_be_visible()
    page.wait_for_function("document.querySelector('.media-picture').naturalWidth === 320")
    expect(talk.get_by_text("已送达").first).to_be_visible()
    story = page.get_by_label("处置经过")
    expect(story).to_contain_text(f"第1级提醒 {first_on_duty(stack)}")
    page.get_by_role("button", name="确认接警").click()
    expect(story).to_contain_text("值班民警一 确认")
    expect(page.locator(".case-head .countdown")).to_have_count(0)


def test_that_questions_tips_and_requests_page_nobody(page: Page, windows: Windows, stack: Stack) -> None:
    simulator = windows.open("/simulator")
    choose(simulator, "居民丙")
    expect(say(simulator, "身份证丢了怎么补办")).to_contain_text("派出所")
    say(simulator, "楼下棋牌室天天赌钱")
    tip = page.get_by_label("线索举报").locator("article", has_text="楼下棋牌室天天赌钱")
    expect(tip).to_contain_text("举报人已隐去")
    say(simulator, "我家狗丢了")
    request = page.get_by_label("一般求助").locator("article", has_text="我家狗丢了")
    expect(request).to_be_visible()
    cases = [int(row.get_attribute("data-case") or 0) for row in (tip, request)]
    store = stack.store
    with store.reading() as session:
        assert session.query(OfficerPage).filter(OfficerPage.case_id.in_(cases)).count() == 0
    store.close()
    for case in cases:
        expect(simulator.get_by_label("值班手机").locator(f'a[href="/case/{case}"]')).to_have_count(0)

    request.get_by_role("button", name="受理").click()
    expect(page.get_by_label("已确认").locator("article", has_text="我家狗丢了")).to_contain_text("值班民警一")


def test_that_a_residents_script_is_shown_and_not_run(page: Page, windows: Windows, stack: Stack) -> None:
    attack = "救命有人拿刀<script>window.hit=1</script><img src=x onerror=window.hit=1>"
    simulator = windows.open("/simulator")
    choose(simulator, "居民丙")
    say(simulator, attack)
    case = newest_case(stack)
    expect(page_of(simulator, case)).to_contain_text("紧急警情")
    expect(card_of(page, case)).to_contain_text("<script>window.hit=1</script><img src=x")
    story = windows.open(f"/case/{case}")
    expect(story.get_by_label("对话")).to_contain_text("<script>window.hit=1</script><img src=x")
    for window in (simulator, page, story):
        assert window.evaluate("window.hit") is None
    story.get_by_role("button", name="确认接警").click()
    expect(story.locator(".case-head")).to_contain_text("已确认")
    stack.fujin("close", str(case), "--disposition", "false_alarm", "--word", "一段代码", "--officer", "值班民警一")


def tap(simulator: Page, section: str, entry: str) -> None:
    """Open a section of the account's menu and choose an entry."""
    simulator.get_by_role("button", name=section).click()
    simulator.get_by_role("listitem").filter(has_text=re.compile(f"^{entry}$")).click()
    expect(simulator.locator(".wechat-notice").last).to_contain_text(f"「{entry}」")


@pytest.mark.parametrize("width", [1280, 390])
def test_that_the_menu_opens_its_entries_and_a_tap_is_answered(windows: Windows, width: int) -> None:
    simulator = windows.open("/simulator", width=width)
    choose(simulator, "居民丙")
    for section, entries in {
        "V资讯": ["派出所简介", "最新文章", "警营生活"],
        "V服务": ["办事指南", "社区民警", "重名查询", "办居住证", "办犬证"],
        "V报警": ["我要报警", "提供线索", "我的进度", "免费WIFI"],
    }.items():
        simulator.get_by_role("button", name=section).click()
        expect(simulator.get_by_role("listitem")).to_have_text(entries)
        simulator.keyboard.press("Escape")
        expect(simulator.get_by_role("listitem")).to_have_count(0)
    tap(simulator, "V服务", "办犬证")
    expect(simulator.locator(".wechat-row.wechat-station").last).to_contain_text("办犬证要登记您的姓名、身份证号")
    say(simulator, "不办了")  # else whoever asks next is reminded of it
    tap(simulator, "V资讯", "最新文章")
    card = simulator.locator(".wechat-station .article-card").last
    expect(card).to_contain_text("【示例】冬天用火用电")
    expect(card).to_have_attribute("href", "https://example.org/fujin/demo-article-3")
    expect(simulator.locator(".wechat-row.wechat-station").last).to_contain_text("往期文章")
    nothing_runs_over(simulator)


def test_that_two_windows_show_the_same_resident(windows: Windows) -> None:
    first, second = windows.open("/simulator"), windows.open("/simulator")
    choose(first, "居民乙")
    choose(second, "居民乙")
    say(first, "你们几点上班")
    expect(second.locator(".wechat-row.wechat-resident").last).to_contain_text("你们几点上班")


@pytest.mark.parametrize("path", ["/", "/simulator", "/case/1"])
def test_that_a_phone_of_360_pixels_needs_no_sideways_scrolling(windows: Windows, path: str) -> None:
    if path == "/case/1":
        simulator = windows.open("/simulator")
        choose(simulator, "居民丙")
        say(simulator, "我家狗丢了")
    phone = windows.open(path, width=360, height=740)
    expect(phone.get_by_text("大东门派出所").first).to_be_visible()
    phone.wait_for_timeout(500)  # what comes late must not run over either
    nothing_runs_over(phone)


def test_that_sound_is_one_click_away_and_says_so(page: Page) -> None:
    button = page.locator("[data-sound]")
    expect(button).to_have_text("点此开启声音")
    button.click()
    expect(button).to_have_text("声音已开")
    button.click()
    expect(button).to_have_text("点此开启声音")


def test_that_a_lost_connection_is_said_loudly(page: Page) -> None:
    banner = page.get_by_text("连接已断开")
    expect(page.get_by_label("一般求助")).to_be_visible()
    expect(banner).to_be_hidden()
    page.wait_for_timeout(300)  # the script looks for the socket ten times a second
    page.evaluate("window.socket.disconnect()")
    expect(banner).to_be_visible()
    page.evaluate("window.socket.connect()")
    expect(banner).to_be_hidden()
