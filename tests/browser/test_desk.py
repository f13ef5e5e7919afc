"""An officer's watch at the desk: alarms that come by themselves and are heard, keys, presence, a lost connection."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from bot.store.models import AuditEntry, Case, DeskPresence, Escalation, Reply
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows
from tests.console.running import start
from tests.stack import free_port

pytestmark = pytest.mark.slow

# What the browser says and shows outside of its page, written down. Speech never ends by itself: the test ends it.
EARS = """
window.spoken = []; window.silenced = 0; window.notes = [];
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => window.voices || [{ lang: "zh-CN", localService: true }],
  speak: (said) => { window.spoken.push(said.text); window.saying = said; },
  cancel: () => { window.silenced += 1; },
} });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
window.Notification = class {
  static permission = "granted";
  constructor(title, options) { Object.assign(this, { title, ...options }); window.notes.push(this); }
  close() { this.closed = true; }
};
document.hasFocus = () => !window.away;
"""


# A telephone's browser: its pages may show no notification themselves.
PHONE = """
Object.defineProperty(window, "Notification", { value: class {
  static permission = "granted";
  constructor() { throw new TypeError("Illegal constructor"); }
} });
document.hasFocus = () => !window.away;
"""
NOTES = """async () => {
  const notes = await (await navigator.serviceWorker.getRegistration())?.getNotifications() || [];
  return notes.map((note) => [note.tag, note.title, note.body]);
}"""
TAP = """async () => {
  const [notification] = await self.registration.getNotifications();
  // Only the browser itself may make a worker wait, or a window come to the front.
  NotificationEvent.prototype.waitUntil = () => {};
  WindowClient.prototype.focus = () => {};
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
}"""


TONES = """
const make = AudioContext.prototype.createOscillator; window.tones = 0;
AudioContext.prototype.createOscillator = function () { window.tones += 1; return make.call(this); };
"""


@dataclass
class House:
    """A console over rows that can be killed and started again."""

    sqlite_url: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start(self.sqlite_url, self.folder, self.port)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(timeout=20)


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    built = House(sqlite_url, tmp_path)
    built.start()
    yield built
    built.kill()


@pytest.fixture
def windows(browser: Browser, house: House) -> Iterator[Windows]:
    """Opens windows on that console."""
    opened = Windows(browser, f"http://127.0.0.1:{house.port}")
    yield opened
    opened.close()
    assert opened.troubles == []


def alarm(rows: Rows, *, next_in: float = 3600, **more: object) -> Case:
    """An alarm of just now that nobody has acknowledged."""
    policy = {"steps": [{"who": [name], "channels": None, "wait": 45} for name in ("值班民警一", "值班民警二")]}
    values = {"alarmed_at": datetime.now(UTC), "policy": policy | {"then": "again", "silence": 900}} | more
    case = rows.case(rows.resident(), "urgent_alarm/domestic_violence", words=("打我",), **values)
    rows.message(case, "他又打我")
    rows.page(case)
    rows.deadline(case, 1, next_in)
    return case


def desks(rows: Rows) -> list[tuple[str, bool]]:
    with rows.store.reading() as session:
        return [
            (row.officer, row.audible)
            for row in session.scalars(sa.select(DeskPresence).order_by(DeskPresence.officer))
        ]


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def sit_down(windows: Windows, path: str = "/", **more: Any) -> Page:
    """A window before which an officer has turned on the sound."""
    page = windows.open(path, officer="值班民警一", **more)
    page.get_by_role("button", name="声音未开：有警情时本机不会响").click()
    expect(page.locator("#muted")).to_be_hidden()
    return page


def leave_field(page: Page) -> None:
    """Take the cursor out of whatever field it is in."""
    page.evaluate("document.activeElement.blur()")
    expect(page.locator(".q-menu")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 360])
def test_that_an_alarm_comes_by_itself_is_seen_and_is_said_until_somebody_has_it(
    windows: Windows, rows: Rows, width: int
) -> None:
    page = sit_down(windows, width=width, height=740, script=EARS + TONES)
    expect(page.get_by_text("目前没有待确认的紧急警情")).to_be_visible()
    expect(page.locator("[data-sound]")).to_have_text("声音已开")
    page.evaluate("window.stays = true; window.away = true")
    case = alarm(rows, silent=True)
    card = page.locator(f'article[data-case="{case.id}"]')
    expect(card).to_be_in_viewport()
    expect(card).to_contain_text("【静默】家庭暴力对方不便出声：不要回拨电话")
    expect(card.get_by_role("timer")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    page.wait_for_function("window.spoken.length === 1")
    said = f"紧急警情，静默，不要回拨电话，家庭暴力，案件{case.id}，下一个提醒值班民警二。"
    assert page.evaluate("window.spoken") == [said]
    assert page.evaluate("window.notes.map((note) => [note.tag, note.title, note.body])") == [
        [f"fujin-case-{case.id}", "家庭暴力", said]
    ]
    page.wait_for_function("document.title.startsWith('【警情】')")
    page.wait_for_function("document.title.startsWith('(1) ')")
    page.evaluate("window.saying.onend()")
    page.wait_for_function("window.spoken.length === 2")  # said again after a pause
    nothing_runs_over(page)
    card.get_by_role("button", name="确认接警").click()
    expect(card).to_contain_text("已确认 · 值班民警一")
    page.wait_for_function("window.silenced > 0 && document.title === '值班台'")
    assert page.evaluate("[window.stays, window.spoken.length, window.notes[0].closed]") == [True, 2, True]
    sounded = page.evaluate("window.tones")
    page.wait_for_timeout(4500)  # two rounds of the alarm
    assert page.evaluate("window.tones") == sounded > 0


def test_that_a_telephone_shows_an_alarm_by_its_worker_and_a_tap_on_it_leads_to_the_case(
    windows: Windows, rows: Rows
) -> None:
    page = sit_down(windows, width=360, height=740, script=PHONE)
    page.context.grant_permissions(["notifications"])
    page.evaluate("window.away = true")
    case = alarm(rows)
    card = page.locator(f'article[data-case="{case.id}"]')
    said = f"紧急警情，家庭暴力，案件{case.id}，下一个提醒值班民警二。"
    soon(lambda: page.evaluate(NOTES) == [[f"fujin-case-{case.id}", "家庭暴力", said]])
    expect(card).to_be_visible()
    page.context.service_workers[0].evaluate(TAP)
    expect(card).to_be_focused()
    assert page.evaluate(NOTES) == []
    other = rows.case(rows.resident("R-2"), "urgent_alarm/fire", alarmed_at=datetime.now(UTC))
    soon(lambda: len(page.evaluate(NOTES)) == 1)
    page.locator(f'article[data-case="{other.id}"]').get_by_role("button", name="确认接警").click()
    soon(lambda: page.evaluate(NOTES) == [])


def test_that_a_press_and_the_focus_outlast_a_change_of_their_card(windows: Windows, rows: Rows) -> None:
    case = alarm(rows)
    page = windows.open("/")
    card = page.locator(f'article[data-case="{case.id}"]')
    expect(card.get_by_role("button", name="确认接警")).to_be_visible()
    leave_field(page)
    page.keyboard.press("j")
    expect(card).to_be_focused()
    rows.message(case, "门被他锁上了")
    expect(card).to_contain_text("门被他锁上了")
    expect(card).to_be_focused()
    page.wait_for_timeout(500)  # the button has to have stood still
    card.get_by_role("button").hover()
    page.mouse.down()
    rows.page(case, level=1)
    expect(card).to_contain_text("已发出2次提醒")
    expect(card.get_by_role("timer")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    page.mouse.up()
    expect(card).to_contain_text("已确认 · 值班民警一")


def test_that_a_card_into_which_something_else_has_written_still_changes(windows: Windows, rows: Rows) -> None:
    case = alarm(rows)
    page = windows.open("/")
    card = page.locator(f'article[data-case="{case.id}"]')
    expect(card).to_contain_text("已发出1次提醒")
    page.evaluate("document.querySelector('article .pages').innerHTML = '<i>1</i> <i>page</i>'")
    rows.page(case, level=1)
    expect(card.locator(".pages")).to_have_text("已发出2次提醒")


def test_that_a_browser_without_a_chinese_voice_of_its_own_only_sounds(windows: Windows, rows: Rows) -> None:
    elsewhere = 'window.voices = [{ lang: "zh-CN", localService: false }, { lang: "en-US", localService: true }];'
    alarm(rows)
    page = sit_down(windows, "/search", script=EARS + elsewhere + TONES)
    page.wait_for_function("window.tones >= 4")
    assert page.evaluate("window.spoken") == []
    bar = page.get_by_role("alert").filter(has_text="1起警情待确认")
    expect(bar).to_contain_text("家庭暴力")
    bar.get_by_role("link").click()
    expect(page.get_by_role("button", name="确认接警")).to_be_visible()


def test_that_of_two_windows_of_one_browser_one_makes_the_noise(windows: Windows, rows: Rows) -> None:
    first = sit_down(windows, script=TONES)
    second = first.context.new_page()
    second.add_init_script(TONES)
    second.goto(first.url)
    second.get_by_text("目前没有待确认的紧急警情").click()
    for page in (first, second):
        expect(page.locator("[data-sound]")).to_have_text("声音已开")
    alarm(rows)
    for page in (first, second):
        expect(page.get_by_role("button", name="确认接警")).to_be_visible()
    first.wait_for_timeout(9000)
    silent, noisy = sorted(page.evaluate("window.tones") for page in (first, second))
    assert silent <= 2  # both may begin in the same instant
    assert noisy >= 6


def test_that_a_desk_without_sound_says_so_and_counts_as_one_that_wakes_nobody(windows: Windows, rows: Rows) -> None:
    page = sit_down(windows)
    soon(lambda: desks(rows) == [("值班民警一", True)])
    warning = page.get_by_role("button", name="声音未开：有警情时本机不会响")
    expect(warning).to_be_hidden()
    page.locator("[data-sound]").click()
    expect(warning).to_be_visible()
    soon(lambda: desks(rows) == [("值班民警一", False)])
    warning.click()
    expect(warning).to_be_hidden()
    soon(lambda: desks(rows) == [("值班民警一", True)])
    page.close()
    soon(lambda: desks(rows) == [])


def test_that_a_browser_that_does_not_answer_is_not_there(windows: Windows, rows: Rows) -> None:
    page = windows.open("/", officer="值班民警一")
    soon(lambda: bool(desks(rows)))
    page.evaluate("window.emitEvent = () => {}")  # the socket lives on, the page's script does not
    page.wait_for_timeout(500)
    with rows.store.reading() as session:
        before = session.scalars(sa.select(DeskPresence.seen_at)).one()
    page.wait_for_timeout(7000)
    with rows.store.reading() as session:
        assert session.scalars(sa.select(DeskPresence.seen_at)).one() - before < timedelta(seconds=4)
    expect(page.get_by_text("连接已断开")).to_be_visible()  # nor does the page hear the server


def test_that_acknowledging_by_keys_takes_a_chosen_case_and_two_of_them(windows: Windows, rows: Rows) -> None:
    first, second = alarm(rows), rows.case(rows.resident("R-2"), "help_request/noise")
    rows.message(second, "楼上太吵")
    page = sit_down(windows)
    hint = page.locator("#key-hint")
    expect(page.locator(f'article[data-case="{second.id}"]')).to_be_visible()
    leave_field(page)
    page.wait_for_timeout(500)  # the button has to have stood still
    page.keyboard.press("a")
    expect(hint).to_have_text("先按 j 或 k 选中一个案件，再按 a")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    expect(page.locator(f'article[data-case="{first.id}"]')).to_be_focused()
    page.keyboard.press("a")
    expect(hint).to_contain_text(f"案件{first.id}：按 Enter 确认接警")
    page.keyboard.press("Escape")
    expect(hint).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator(f'article[data-case="{second.id}"]')).to_be_focused()
    page.keyboard.press("k")
    with rows.store.reading() as session:
        assert session.scalars(sa.select(Case.acknowledged_by)).all() == [None, None]
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator(f'article[data-case="{first.id}"]').first).to_contain_text("已确认 · 值班民警一")
    with rows.store.reading() as session:
        log = session.scalars(sa.select(AuditEntry).where(AuditEntry.case_id.is_not(None)).order_by(AuditEntry.id))
        done = [(entry.actor, entry.action, entry.case_id) for entry in log]
    assert done == [("值班民警一", "acknowledge", first.id)]


def test_that_looking_at_the_desk_and_at_the_applications_stands_in_the_log(windows: Windows, rows: Rows) -> None:
    def looked() -> list[tuple[str, str]]:
        with rows.store.reading() as session:
            views = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "view").order_by(AuditEntry.id))
            return [(entry.actor, entry.subject) for entry in views]

    expect(windows.open("/").get_by_label("一般求助")).to_be_visible()
    soon(lambda: looked() == [("值班民警一", "desk")])
    expect(windows.open("/applications").get_by_label("等审核")).to_be_visible()
    soon(lambda: looked() == [("值班民警一", "desk"), ("值班民警一", "applications")])


def test_that_a_row_that_has_just_moved_under_the_mouse_opens_nothing(windows: Windows, rows: Rows) -> None:
    first = rows.case(rows.resident("R-1"), "help_request/noise")
    rows.message(first, "楼上太吵")
    page = sit_down(windows)
    link = page.locator(f'article[data-case="{first.id}"] a')
    expect(link).to_be_visible()
    page.wait_for_timeout(500)  # it has stood still
    box = link.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2)
    page.evaluate("window.clock = performance.now; const now = performance.now(); performance.now = () => now")
    second = rows.case(rows.resident("R-2"), "help_request/lost_pet")
    rows.message(second, "我家狗丢了")
    expect(page.locator(f'article[data-case="{second.id}"]')).to_contain_text("我家狗丢了")
    page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(300)
    expect(page).to_have_url(re.compile("/$"))
    page.evaluate("performance.now = () => window.clock.call(performance)")
    page.wait_for_timeout(600)
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"/case/{second.id}$"))


def test_that_keys_are_listed_lead_to_the_parts_of_a_case_and_stay_out_of_fields(windows: Windows, rows: Rows) -> None:
    case = alarm(rows)
    page = windows.open("/", officer="值班民警一")
    expect(page.locator(f'article[data-case="{case.id}"]')).to_be_visible()
    leave_field(page)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="键盘操作")
    expect(help_).to_contain_text("确认接警（两个键，防误按）")
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(rf"/case/{case.id}$"))
    box = page.get_by_label("回复居民的话")
    expect(box).to_be_focused()
    page.keyboard.type("aj?/c")
    expect(box).to_have_value("aj?/c")
    expect(page.locator("#key-hint")).to_have_count(0)
    leave_field(page)
    page.keyboard.press("n")
    note = page.get_by_label("备注内容")
    expect(note).to_be_focused()
    page.keyboard.type("门口等")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".noted")).to_contain_text("门口等")
    leave_field(page)
    page.keyboard.press("c")
    expect(page.get_by_role("group", name=f"案件{case.id}结案")).to_be_visible()
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".q-dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_label("案件号")).to_be_focused()
    expect(page.get_by_text("每次查找都有记录")).to_be_visible()


def test_that_arrows_choose_a_case_and_g_leads_to_the_pages(windows: Windows, rows: Rows) -> None:
    first, second = alarm(rows), rows.case(rows.resident("R-2"), "help_request/noise")
    page = sit_down(windows)
    expect(page.locator(f'article[data-case="{second.id}"]')).to_be_visible()
    leave_field(page)
    for key, case in (("ArrowDown", first), ("ArrowDown", second), ("ArrowUp", first)):
        page.keyboard.press(key)
        expect(page.locator(f'article[data-case="{case.id}"]')).to_be_focused()
    for key, path in (("a", "/applications"), ("s", "/search"), ("d", "/")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"{path}$"))
        expect(page.locator("main.page")).to_be_attached()
        leave_field(page)


def test_that_a_server_that_dies_is_noticed_and_the_page_comes_back_with_it(
    windows: Windows, house: House, rows: Rows
) -> None:
    page = windows.open("/", officer="值班民警一")
    banner = page.get_by_role("alert").filter(has_text="连接已断开")
    soon(lambda: bool(desks(rows)))
    expect(banner).to_be_hidden()
    house.kill()
    expect(banner).to_be_visible(timeout=5000)
    expect(banner).to_have_text(re.compile(r"连接已断开 00:0\d，新警情不会出现在这里请用电话和对讲机接警"))
    case = alarm(rows)
    house.start()
    expect(page.locator(f'article[data-case="{case.id}"]')).to_be_visible(timeout=40_000)
    expect(banner).to_be_hidden()
    assert all("net::ERR_CONNECTION_REFUSED" in trouble for trouble in windows.troubles)
    windows.troubles.clear()


def test_that_what_was_typed_outlasts_a_server_that_dies_and_goes_out_once(
    windows: Windows, house: House, rows: Rows
) -> None:
    case = alarm(rows)
    page = windows.open(f"/case/{case.id}", officer="值班民警一")
    reply, note = page.get_by_label("回复居民的话"), page.get_by_label("备注内容")
    banner = page.get_by_role("alert").filter(has_text="连接已断开")
    reply.fill("躲好，别出声")
    note.fill("三楼有老人")
    page.wait_for_function("Object.keys(sessionStorage).filter((name) => name.startsWith('fujin-draft')).length === 2")
    house.kill()
    expect(banner).to_be_visible()
    reply.press("Control+Enter")
    expect(page.locator("#key-hint")).to_have_text("连接已断开，没有发出；写好的话会留着")
    page.evaluate("window.before = true")
    house.start()
    page.wait_for_function("!window.before", timeout=40_000)
    expect(reply).to_have_value("躲好，别出声")
    expect(note).to_have_value("三楼有老人")
    reply.press("Control+Enter")
    expect(page.get_by_label("对话").locator(".bubble-station")).to_contain_text("躲好，别出声")
    expect(reply).to_have_value("")
    page.wait_for_function("Object.keys(sessionStorage).filter((name) => name.includes('reply')).length === 0")
    with rows.store.reading() as session:
        assert session.scalars(sa.select(Reply.text)).all() == ["躲好，别出声"]
    windows.troubles.clear()  # what the browser says about a server that is not there


def test_that_a_phone_shows_one_list_at_a_time_under_the_alarms(windows: Windows, rows: Rows) -> None:
    case = alarm(rows)
    tip = rows.case(rows.resident("R-SECRET23"), "tip/gambling")
    rows.message(tip, "楼下棋牌室天天赌钱")
    rows.application(rows.resident("R-APP"), photos=())
    rows.words(rows.resident("R-TALK"), "我的号码210104199003078886，怎么补办")
    page = windows.open("/", width=360, height=740)
    tabs = page.get_by_role("group", name="列表")
    expect(tabs.get_by_role("button")).to_have_text(["求助", "线索1", "申请1", "对话2", "已确认"])
    expect(page.get_by_label("一般求助")).to_be_visible()
    expect(page.get_by_label("线索举报")).to_be_hidden()
    for tab, section, words in (
        ("线索", "线索举报", "举报人已隐去"),
        ("申请", "待办申请", "犬证"),
        ("对话", "正在对话", "我的号码210***************，怎么补办"),
    ):
        tabs.get_by_role("button", name=tab).click()
        expect(page.get_by_label(section)).to_contain_text(words)
        expect(page.get_by_label(section)).to_be_visible()
    expect(page.get_by_label("线索举报")).to_be_hidden()
    page.locator("main.page").evaluate("(main) => { main.style.minHeight = '3000px' }")
    expect(page.locator(f'article[data-case="{case.id}"]')).to_be_visible()
    page.evaluate("window.scrollTo(0, 2000)")
    bar = page.get_by_role("alert").filter(has_text="1起警情待确认")
    expect(bar).to_be_in_viewport()
    bar.get_by_role("link").click()
    expect(page.get_by_role("button", name="确认接警")).to_be_in_viewport()
    nothing_runs_over(page)


def test_that_an_acknowledged_alarm_counts_down_its_silence_and_one_left_alone_says_so(
    windows: Windows, rows: Rows
) -> None:
    now = datetime.now(UTC)
    had = {"state": "acknowledged", "acknowledged_at": now - timedelta(minutes=3), "acknowledged_by": "值班民警一"}
    taken = rows.case(rows.resident("R-2"), "urgent_alarm/fire", **had, joined=["值班民警二"], offered_to="带班所长")
    with rows.store.transaction() as session:
        session.add(Escalation(case_id=taken.id, level=1, kind="silence", due_at=now + timedelta(minutes=11.5)))
    again = alarm(rows)
    with rows.store.transaction() as session:
        session.add(Escalation(case_id=again.id, level=2, kind="silence", due_at=now, state="done"))
    page = windows.open("/")
    row = page.get_by_label("已确认").locator(f'article[data-case="{taken.id}"]')
    for words in ("协同 值班民警二", "等 带班所长 接手", "还有12分钟无处置将重新提醒"):
        expect(row).to_contain_text(words)
    expect(page.locator(f'article[data-case="{again.id}"]')).to_contain_text("确认后无处置，重新提醒")


@pytest.mark.parametrize("width", [1280, 360])
def test_that_an_officer_finds_an_earlier_case_and_the_log_tells_who_looked(
    windows: Windows, rows: Rows, width: int
) -> None:
    case = rows.case(rows.resident("R-2"), "help_request/lost_pet", state="closed", closed_by="值班民警二")
    rows.message(case, "我家<b>狗</b>在东中街丢了")
    tip = rows.case(rows.resident("R-SECRET23"), "tip/gambling")
    rows.message(tip, "东中街8号天天赌钱")
    page = windows.open("/search", officer="值班民警一", width=width, height=740)
    page.get_by_label("案件号").fill("东中街")
    page.get_by_label("案件号").press("Enter")
    results = page.get_by_role("group", name="结果")
    expect(results.get_by_role("article")).to_have_count(2)
    expect(results.locator("mark")).to_have_text(["东中街", "东中街"])
    expect(results).to_contain_text("我家<b>狗</b>在东中街丢了")
    expect(results).to_contain_text("举报人已隐去")
    assert "R-SECRET23" not in page.content()
    nothing_runs_over(page)
    page.get_by_label("案件号").fill(f"案件{case.id}")
    page.get_by_role("button", name="查找").click()
    expect(results.get_by_role("article")).to_have_count(1)
    results.get_by_role("link").click()
    expect(page.locator(".case-head")).to_contain_text("已结案")
    with rows.store.reading() as session:
        entries = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "search").order_by(AuditEntry.id))
        log = [(entry.actor, entry.detail["words"]) for entry in entries]
    assert log == [("值班民警一", words) for words in ("东中街", f"案件{case.id}")]
