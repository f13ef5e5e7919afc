"""A trainer at the inbox, with the keyboard."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from bot.nlu.triage import Triage
from bot.store.models import AuditEntry, Correction, DataChange, Message, Review, ReviewItem
from tests.browser.conftest import Windows, nothing_runs_over
from tests.console.conftest import Rows

pytestmark = pytest.mark.slow
TRAINER = "训练员"
LOST, PET, FIRE = "enquiry/idcard_lost", "help_request/lost_pet", "urgent_alarm/fire"
ROBBERY = "urgent_alarm/robbery"
RANKING = [[PET, 0.46], [LOST, 0.31], ["help_request/lost_item", 0.12], [FIRE, 0.04]]


class Inbox:
    """Items that wait, the first one the most useful."""

    def __init__(self, rows: Rows) -> None:
        self.rows, self._resident, self._score = rows, rows.resident(), 100.0

    def item(self, text: str, *, said: str = "", **more: Any) -> int:
        at = self.rows.clock.now() - timedelta(minutes=5)
        self._score -= 1
        intent = more.get("intent", LOST)
        triage = Triage(intent.partition("/")[0], 0.5, intent).to_json()
        message = self.rows.words(self._resident, said or text, ago=300)
        values = {
            "message_id": message.id,
            "text": text,
            "intent": intent,
            "reasons": ["margin"],
            "score": self._score,
            "ranking": RANKING,
            "cluster": text,
            "nearest": 0.4,
        } | more
        with self.rows.store.transaction() as session:
            session.execute(sa.update(Message).where(Message.id == message.id).values(triage=triage))
            row = ReviewItem(**values, created_at=at, updated_at=at)
            session.add(row)
            session.flush()
            return row.id

    def read(self, query: Any) -> Any:
        with self.rows.store.reading() as session:
            return session.execute(query).all()


@pytest.fixture
def inbox(rows: Rows) -> Inbox:
    return Inbox(rows)


def shows(page: Page, text: str) -> None:
    expect(page.locator(".inbox-text")).to_have_text(text)


def test_that_a_trainer_judges_with_the_keyboard_and_takes_back(console_windows: Windows, inbox: Inbox) -> None:
    first = inbox.item("我家狗跑没影了", reasons=["denied", "margin"])
    for text in ("第二件事", "第三件事", "第四件事", "第五件事"):
        inbox.item(text)
    page = console_windows.open("/studio", officer=TRAINER)
    shows(page, "我家狗跑没影了")
    expect(page.locator(".inbox-why")).to_contain_text("居民说答得不对")
    expect(page.locator(".guidance")).to_contain_text("宠物走失")
    expect(page.locator(".guidance")).to_contain_text("当班处理")
    page.keyboard.press("2")
    expect(page.locator(".guidance")).to_contain_text("身份证")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("加了一条例句")).to_be_visible()  # which goes after some seconds
    shows(page, "第二件事")
    page.keyboard.press("s")
    shows(page, "第三件事")
    page.keyboard.press("m")
    shows(page, "第四件事")
    page.keyboard.press("o")
    shows(page, "第五件事")
    page.keyboard.press("u")
    shows(page, "第四件事")
    page.keyboard.press("u")
    shows(page, "第三件事")
    standing = inbox.read(sa.select(Review.verdict).where(Review.undone_at.is_(None)).order_by(Review.id))
    assert [verdict for (verdict,) in standing] == ["label", "skip"]
    ((payload, item_id),) = inbox.read(sa.select(DataChange.payload, DataChange.item_id))
    assert (payload, item_id) == ({"intent": PET, "text": "我家狗跑没影了"}, first)
    expect(page.locator(".inbox-number").first.locator(".count")).to_have_text("3")


def test_that_a_verdict_that_is_refused_comes_back_with_all_that_was_typed_and_chosen(
    console_windows: Windows, inbox: Inbox
) -> None:
    inbox.item("我家狗跑没影了")
    inbox.item("第二件事", reasons=["missed"], ranking=[[PET, 0.6], [FIRE, 0.3]])
    page = console_windows.open("/studio", officer=TRAINER)
    shows(page, "我家狗跑没影了")
    page.keyboard.press("/")
    page.keyboard.type("抢劫")
    expect(page.locator(".choice[aria-pressed=true]")).to_contain_text("抢")
    chosen = page.locator(".choice[aria-pressed=true] .choice-title").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    box = page.get_by_label("例句（先改到谁也认不出，再确认）")
    box.fill("张建国家的狗跑没影了13800138000")
    page.get_by_label("备注").fill("人在门口")
    page.get_by_role("button", name="确认", exact=False).first.click()
    expect(page.get_by_text("请改成说不出是谁的写法再保存")).to_be_visible()
    shows(page, "我家狗跑没影了")
    expect(box).to_have_value("张建国家的狗跑没影了13800138000")
    expect(page.get_by_label("备注")).to_have_value("人在门口")
    expect(page.locator(".choice[aria-pressed=true] .choice-title")).to_have_text(chosen)
    box.fill("狗跑没影了")
    page.get_by_role("button", name="确认", exact=False).first.click()
    shows(page, "第二件事")
    # What was looked up for the one before chooses nothing here.
    expect(page.locator(".choice[aria-pressed=true]")).to_contain_text("火情")
    expect(box).to_have_value("第二件事")
    expect(page.get_by_text("记进回归集")).to_be_visible()
    payloads = [payload for (payload,) in inbox.read(sa.select(DataChange.payload))]
    assert {payload["text"] for payload in payloads} == {"狗跑没影了"}


def test_that_a_trainer_hears_of_verdicts_that_could_not_be_written(console_windows: Windows, inbox: Inbox) -> None:
    inbox.item("第一件事")
    now = inbox.rows.clock.now()
    with inbox.rows.store.transaction() as session:
        for by, ago in ((TRAINER, 1), (TRAINER, 8), ("训练员乙", 1)):
            at = now - timedelta(days=ago)
            told = {"kind": "add_example", "payload": {"intent": PET, "text": "狗丢了"}, "error": "已经有这一句了"}
            session.add(DataChange(**told, made_by=by, made_at=at, due_at=at, state="failed"))
    page = console_windows.open("/studio", officer=TRAINER)
    page.get_by_role("link", name="1处修改没有写入").click()
    expect(page.locator(".fate-failed")).to_have_count(2)
    expect(page.get_by_text("已经有这一句了").first).to_be_visible()


@pytest.mark.parametrize(
    ("reason", "ranking", "chosen"),
    [
        ("missed", [[PET, 0.6], [FIRE, 0.3]], "火情"),
        ("false_page", [[FIRE, 0.6], [PET, 0.3]], "宠物走失"),
        ("margin", [[PET, 0.6], [FIRE, 0.3]], "宠物走失"),
    ],
)
def test_that_what_an_officer_made_of_it_is_not_contradicted_by_enter_alone(
    console_windows: Windows, inbox: Inbox, reason: str, ranking: list[list[Any]], chosen: str
) -> None:
    inbox.item("窗户往外冒烟呢", reasons=[reason], ranking=ranking)
    page = console_windows.open("/studio", officer=TRAINER)
    expect(page.locator(".choice[aria-pressed=true]")).to_contain_text(chosen)


def test_that_the_intent_an_officer_gave_it_stands_first_and_is_chosen(
    console_windows: Windows, inbox: Inbox, rows: Rows
) -> None:
    number = inbox.item("窗户往外冒烟呢", reasons=["missed"], ranking=[[PET, 0.6], [FIRE, 0.3], [ROBBERY, 0.1]])
    case = rows.case(rows.resident("R-ANOTHER"), ROBBERY)
    with rows.store.transaction() as session:
        message_id = session.get_one(ReviewItem, number).message_id
        given = {"was": PET, "now": ROBBERY, "made_by": "值班民警一", "made_at": rows.clock.now()}
        session.add(Correction(case_id=case.id, message_id=message_id, **given))
    page = console_windows.open("/studio", officer=TRAINER)
    first = page.locator(".choice").first
    expect(first).to_contain_text("抢劫抢夺")
    expect(first).to_contain_text("民警改的")
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".choice")).to_have_count(4)  # the station took it for a fourth


def test_that_the_words_of_a_case_stand_beside_the_likeliest_until_one_is_called_its_emergency(
    console_windows: Windows, inbox: Inbox, rows: Rows
) -> None:
    case = rows.case(rows.resident("R-ANOTHER"), PET)
    numbers = [inbox.item(text, reasons=["missed"], cluster=text) for text in ("您好在吗", "窗户往外冒烟呢")]
    inbox.item("另一件事")
    with rows.store.transaction() as session:
        likely = session.get_one(ReviewItem, numbers[1])
        likely.ranking = [[FIRE, 0.6], [PET, 0.3]]
        ids = sa.select(ReviewItem.message_id).where(ReviewItem.id.in_(numbers))
        session.execute(sa.update(Message).where(Message.id.in_(ids)).values(case_id=case.id))
    page = console_windows.open("/studio", officer=TRAINER)
    shows(page, "窗户往外冒烟呢")
    expect(page.locator(".inbox-beside")).to_contain_text("您好在吗")
    page.keyboard.press("Enter")
    shows(page, "另一件事")
    expect(page.locator(".inbox-beside")).to_have_count(0)


def test_that_another_intent_is_found_and_the_example_rewritten(console_windows: Windows, inbox: Inbox) -> None:
    inbox.item("〔姓名〕家好像冒烟了")
    inbox.item("下一件")
    page = console_windows.open("/studio", officer=TRAINER)
    shows(page, "〔姓名〕家好像冒烟了")
    page.keyboard.press("/")
    page.keyboard.type("火情")
    expect(page.locator(".choice").first).to_contain_text("火情")
    page.keyboard.press("Enter")
    page.keyboard.press("e")
    page.keyboard.type("对面楼好像冒烟了")
    page.keyboard.press("Enter")
    shows(page, "下一件")
    expect(page.get_by_text("记进回归集")).to_be_visible()
    changes = inbox.read(sa.select(DataChange.kind, DataChange.payload).order_by(DataChange.id))
    assert changes[0] == ("add_example", {"intent": FIRE, "text": "对面楼好像冒烟了"})
    assert changes[1][0] == "add_regression"


def test_that_somebody_who_could_be_recognised_stops_it_and_nothing_is_lost(
    console_windows: Windows, inbox: Inbox
) -> None:
    inbox.item("我家狗跑没影了")
    page = console_windows.open("/studio", officer=TRAINER)
    shows(page, "我家狗跑没影了")
    page.keyboard.press("e")
    page.keyboard.type("打我电话13800138000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("例句里还有像个人信息的内容")).to_be_visible()
    shows(page, "我家狗跑没影了")
    assert inbox.read(sa.select(DataChange.id)) == []


def test_that_the_same_words_are_judged_at_once(console_windows: Windows, inbox: Inbox) -> None:
    for _ in range(3):
        inbox.item("狗丢了咋整", cluster="same")
    inbox.item("下一件")
    page = console_windows.open("/studio", officer=TRAINER)
    expect(page.locator(".inbox-why")).to_contain_text("同样的话3条")
    page.keyboard.press("b")
    shows(page, "下一件")
    expect(page.locator(".inbox-number").first).to_contain_text("1")
    assert len(inbox.read(sa.select(Review.id))) == 3


def test_that_every_wording_is_listed_before_they_are_judged_at_once(console_windows: Windows, inbox: Inbox) -> None:
    inbox.item("楼道着火了", cluster="same")
    inbox.item("楼道没着火", cluster="same")
    page = console_windows.open("/studio", officer=TRAINER)
    page.get_by_text("一起判的另外1种说法").click()
    expect(page.locator(".inbox-others .note")).to_have_text(["楼道没着火"])


def test_that_the_guideline_of_the_label_under_the_mouse_is_shown(console_windows: Windows, inbox: Inbox) -> None:
    inbox.item("我家狗跑没影了")
    page = console_windows.open("/studio", officer=TRAINER)
    expect(page.locator(".guidance .section-title")).to_contain_text("宠物走失")
    page.locator(".choice").filter(has_text="火情").hover()
    expect(page.locator(".guidance .section-title")).to_contain_text("火情")
    page.mouse.move(0, 0)
    expect(page.locator(".guidance .section-title")).to_contain_text("宠物走失")


def test_that_the_agreement_of_two_trainers_is_shown(console_windows: Windows, inbox: Inbox) -> None:
    at = inbox.rows.clock.now()
    for number, opinions in enumerate([(PET, PET), (LOST, LOST), (FIRE, FIRE), (PET, LOST)]):
        item = inbox.item(f"第{number}件事咋整", state="done")
        with inbox.rows.store.transaction() as session:
            for trainer, intent in zip(("甲", "乙"), opinions, strict=True):
                session.add(Review(item_id=item, trainer=trainer, verdict="label", intent=intent, made_at=at))
    page = console_windows.open("/studio", officer=TRAINER)
    # Three of four agree; by chance 2/4*1/4 + 1/4*2/4 + 1/4*1/4 would: (12/16 - 5/16) / (11/16).
    expect(page.get_by_text("一致性 κ 0.64（两人都判过的4条）")).to_be_visible()


def test_that_questions_without_an_answer_become_an_intent_in_one_page(console_windows: Windows, inbox: Inbox) -> None:
    inbox.item("狗能坐地铁吗", reasons=["unanswered"], intent="enquiry/dog_rules")
    page = console_windows.open("/studio", officer=TRAINER)
    page.get_by_role("link", name="用这类问题建新主题").click()
    fields = {
        "名字": "狗坐地铁",
        "英文代号": "dog_metro",
        "算什么、不算什么": "问狗能不能坐地铁。",
        "直接回答": "不能。",
    }
    for label, value in (fields | {"大白话": "狗不让上地铁。", "依据": "沈阳地铁乘客守则"}).items():
        page.get_by_label(label).first.fill(value)
    page.get_by_role("button", name="保存").click()
    expect(page).to_have_url(re.compile("/studio/history"))
    ((kind, payload),) = inbox.read(sa.select(DataChange.kind, DataChange.payload))
    assert (kind, payload["intent"], payload["examples"]) == ("new_intent", "enquiry/dog_metro", ["狗能坐地铁吗"])


def test_that_twenty_messages_take_well_under_a_minute(console_windows: Windows, inbox: Inbox) -> None:
    for number in range(25):
        inbox.item(f"第{number}件事咋整")
    page = console_windows.open("/studio", officer=TRAINER)
    shows(page, "第0件事咋整")
    took = []
    for number in range(20):
        began = time.monotonic()
        page.keyboard.press("Enter")
        page.wait_for_function(f"document.querySelector('.inbox-text')?.textContent === '第{number + 1}件事咋整'")
        took.append(time.monotonic() - began)
    print(f"\na verdict: median {sorted(took)[10] * 1000:.0f} ms, slowest {max(took) * 1000:.0f} ms")
    expect(page.locator(".inbox-number").last).to_contain_text("20")
    assert len(inbox.read(sa.select(Review.id))) == 20
    assert sum(took) < 60


def test_that_the_original_words_are_for_leaders_with_a_reason(console_windows: Windows, inbox: Inbox) -> None:
    inbox.item("〔姓名〕打我", said="张三丰打我")
    trainer = console_windows.open("/studio", officer=TRAINER)
    shows(trainer, "〔姓名〕打我")
    expect(trainer.get_by_role("button", name="看原话")).to_have_count(0)
    assert "张三丰" not in trainer.content()
    leader = console_windows.open("/studio", officer="带班所长")
    leader.get_by_role("button", name="看原话").click()
    leader.get_by_role("button", name="查看", exact=True).click()
    expect(leader.get_by_text("请写明为什么")).to_be_visible()
    leader.get_by_label("原因（必填）").fill("看不懂")
    leader.get_by_role("button", name="查看", exact=True).click()
    expect(leader.locator(".inbox-revealed")).to_contain_text("张三丰打我")
    ((detail,),) = inbox.read(sa.select(AuditEntry.detail).where(AuditEntry.action == "reveal_words"))
    assert detail == {"reason": "看不懂"}


def test_that_a_new_message_appears_by_itself(console_windows: Windows, inbox: Inbox) -> None:
    page = console_windows.open("/studio", officer=TRAINER)
    expect(page.get_by_text("没有要看的消息")).to_be_visible()
    inbox.item("刚来的一句话")
    shows(page, "刚来的一句话")


def test_that_a_phone_shows_it_all_without_scrolling_sideways(console_windows: Windows, inbox: Inbox) -> None:
    inbox.item("我家狗跑没影了，找了一宿也没找着，我妈都急病了，求求你们帮忙找找" * 3)
    page = console_windows.open("/studio", officer=TRAINER, width=390, height=844)
    expect(page.locator(".inbox-act-main")).to_be_in_viewport()
    nothing_runs_over(page)


def test_that_questions_without_an_answer_become_a_topic_in_one_page(console_windows: Windows, inbox: Inbox) -> None:
    asked = ("狗能坐地铁吗", "带狗能不能坐地铁", "狗让上地铁吗")
    for text in asked:
        inbox.item(text, reasons=["unanswered"], intent="enquiry/dog_rules")
    page = console_windows.open("/studio", officer=TRAINER)
    page.get_by_role("link", name="用这类问题建新主题").click()
    expect(page.get_by_label("居民怎么问")).to_have_value(re.compile("^狗能坐地铁吗\\n"))
    expect(page.locator(".topic-cluster")).to_have_count(3)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("还没写：名字")).to_be_visible()
    page.get_by_label("放在哪个细类里").click()
    page.get_by_label("放在哪个细类里").fill("养犬规定")
    page.locator(".q-menu .q-item").first.click()
    fields = {"名字": "狗坐地铁", "英文代号": "dog_metro", "问话里有哪些词": "地铁", "直接回答": "不能。导盲犬可以。"}
    for label, value in (fields | {"大白话": "狗不让上地铁。", "依据": "沈阳地铁乘客守则"}).items():
        page.get_by_label(label).first.fill(value)
    page.get_by_role("button", name="保存").click()
    expect(page).to_have_url(re.compile("/studio/history"))
    ((kind, payload),) = inbox.read(sa.select(DataChange.kind, DataChange.payload))
    assert (kind, payload["topic"], payload["when"]) == ("add_topic", "dog_metro", ["地铁"])
    assert payload["scope"] == "local"
    assert set(payload["examples"]) == set(asked)
