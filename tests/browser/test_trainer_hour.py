"""A trainer's hour on the whole product: judged, mended, answered, trained, compared, stopped, promoted, taken back."""

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from bot.nlu import pointer
from bot.nlu.catalogue import title_of
from bot.nlu.dataset import Dataset, findings, read_regression
from bot.nlu.triage import URGENT
from bot.settings import ROOT
from bot.store.models import DataChange, Judgement, Message, Promotion, Reply, Review, ReviewItem, WorkState
from bot.studio import files
from bot.studio.masking import mask
from tests.browser.conftest import Windows
from tests.e2e.writer import Writer, until
from tests.small_project import EXAMPLES, INTENTS, small_project_at
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.heavy]
TRAINER, LEADER = "训练员", "带班所长"
JUDGED, KNOWN_EMERGENCIES = 20, 8
WRITTEN, WRITTEN_EMERGENCIES = 1, 6
"""Messages of each intent that residents write."""
PATIENT, TRAINED_WITHIN = 60_000, 360_000
QUESTION, FIRST, SECOND = "你们派出所开放日是几点", "每月头一个周六上午，直接来。", "每月头一个周六上午，带身份证来。"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project of a station that knows few emergencies yet."""
    return small_project_at(tmp_path_factory.mktemp("hour") / "project", emergencies=KNOWN_EMERGENCIES)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[Stack]:
    """The whole product over it."""
    running = Stack(tmp_path_factory.mktemp("stack"), {"FUJIN_PROJECT": str(project)})
    try:
        running.start()
        yield running
    finally:
        running.stop()


def read(stack: Stack, query: Any) -> list[Any]:
    store = stack.store
    with store.reading() as session:
        rows = list(session.execute(query).all())
    store.close()
    return rows


# -- residents --------------------------------------------------------------------------------------------------------


def examples(data: Path, intent: str) -> list[str]:
    return files.examples_of((data / "intents" / f"{intent}.yml").read_text(encoding="utf-8"))


def unknown_messages() -> dict[str, str]:
    """What the small project has not learned, with what it is: the whole data's further examples."""
    found = dict[str, str]()
    for intent in sorted(INTENTS):
        further = (text for text in examples(ROOT / "nlu_data", intent)[EXAMPLES:] if mask(text) == text)
        number = WRITTEN_EMERGENCIES if intent.startswith(f"{URGENT}/") else WRITTEN
        found |= dict.fromkeys(itertools.islice(further, number), intent)
    return found


def residents_write(stack: Stack, texts: list[str]) -> None:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda text: Writer(stack).say(text), texts))
    assert all(answers)


def is_paged(stack: Stack) -> None:
    """Somebody writes an emergency, and a human is paged for it."""
    hurt = Writer(stack)
    assert hurt.say("救命，有人拿刀砍人")
    case, _ = hurt.paged_case()
    assert case.label == URGENT


@contextmanager
def a_resident_writing(stack: Stack) -> Iterator[Callable[[], list[str]]]:
    """Somebody who writes every second, and what they have been answered so far."""
    ended, answers, failed = threading.Event(), list[str](), list[Exception]()
    resident, said = Writer(stack), itertools.cycle(("你好", "谢谢", "派出所几点下班", "大厅WIFI密码多少"))

    def write() -> None:
        try:
            while not ended.wait(1.0):
                answers.append(resident.say(next(said)))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield lambda: answers
    finally:
        ended.set()
        thread.join()
    assert not failed
    assert all(answers)
    rows = messages_of(stack, resident)
    assert len(rows) == len(answers)
    assert {(row.state, row.read_by_model) for row in rows} == {(WorkState.DONE, True)}
    assert {row.id for row in rows} <= {row.message_id for row in read(stack, sa.select(Reply.message_id))}


def messages_of(stack: Stack, writer: Writer) -> list[Any]:
    columns = (Message.id, Message.state, Message.read_by_model, Message.model)
    mine = sa.select(*columns).where(Message.resident.has(openid=writer.openid)).order_by(Message.id)
    return read(stack, mine)


def is_told(stack: Stack, words: str) -> None:
    """A resident asks, and is answered this."""
    until(lambda: words in Writer(stack).say(QUESTION), within=60)


# -- the trainer ------------------------------------------------------------------------------------------------------


def judge(page: Page, stack: Stack, truth: dict[str, str]) -> None:
    """Say with the keyboard what the message on the table is, and wait for the next one."""
    number = page.locator("[data-item]").get_attribute("data-item")
    ((text,),) = read(
        stack,
        sa.select(Message.text).join(ReviewItem, ReviewItem.message_id == Message.id).where(ReviewItem.id == number),
    )
    intent = truth[text]
    title, label = title_of(intent), intent.partition("/")[0]
    choice = page.locator(f".choice-{label}").filter(has=page.get_by_text(title, exact=True))
    if not choice.count():
        page.keyboard.press("/")
        page.keyboard.type(title)
        expect(page.locator(".choice").first.locator(".choice-title")).to_have_text(title)
        page.keyboard.press("Enter")
    elif choice.get_attribute("aria-pressed") != "true":
        page.keyboard.press(choice.get_attribute("data-studio") or "")
    expect(choice.first).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-item='{number}']")).to_have_count(0)


def has_learnt(stack: Stack, data: Path, truth: dict[str, str]) -> None:
    """What the verdicts proposed is written: each example stands under what its message is, of a tip masked, and what
    was missed or paged falsely in the regression set."""
    proposed = (
        sa.select(Message.text, DataChange.kind, DataChange.state, DataChange.payload)
        .join(ReviewItem, ReviewItem.id == DataChange.item_id)
        .join(Message, Message.id == ReviewItem.message_id)
    )
    until(lambda: read(stack, proposed.where(DataChange.state == WorkState.PENDING)) == [], within=120)
    rows = read(stack, proposed)
    assert {state for _, _, state, _ in rows} == {WorkState.DONE}
    assert "add_example" in {kind for _, kind, _, _ in rows}
    again = {(one.intent, one.text) for one in read_regression(data / "regression" / "messages.jsonl")}
    for text, kind, _, payload in rows:
        assert truth[text] == payload["intent"]
        if kind == "add_regression":
            assert (payload["intent"], payload["text"]) in again
        else:
            assert payload["text"] in examples(data, payload["intent"])


def contradict(project: Path) -> str:
    """Somebody edits a file by hand, and puts a thanks among the greetings."""
    path = project / "nlu_data" / "intents" / "other" / "greeting.yml"
    there = path.read_text(encoding="utf-8")
    twin = examples(project / "nlu_data", "other/thanks")[4]
    path.write_text(files.with_examples(there, [twin]), encoding="utf-8")
    return twin


def mend(page: Page, twin: str) -> None:
    """Take the contradiction out on the page of the data."""
    page.goto("/studio/data")
    page.get_by_role("tab", name=re.compile("^矛盾和重复")).click()
    finding = page.locator(".finding").filter(has=page.locator(".chip", has_text="矛盾")).filter(has_text=twin)
    side = finding.locator(".finding-side").filter(has=page.locator(".chip", has_text="问候"))
    side.get_by_role("button", name="删掉").click()
    expect(finding.locator(".fate-done")).to_have_text("已写入")


def add_topic(page: Page) -> None:
    page.goto("/studio/topic")
    page.get_by_label("放在哪个细类里").click()
    page.get_by_label("放在哪个细类里").fill("办公时间")
    page.locator(".q-menu .q-item").first.click()
    fields = {"名字": "开放日", "英文代号": "station_open_day", "问话里有哪些词": "开放日", "直接回答": FIRST}
    for label, value in (fields | {"大白话": "每月有一天，谁都能来看。", "依据": "本所"}).items():
        page.get_by_label(label).first.fill(value)
    page.get_by_role("button", name="保存").click()
    expect(page).to_have_url(re.compile("/studio/history"))
    expect(page.locator("[data-change]").filter(has_text="开放日").first).to_contain_text("已写入")


def change_answer(page: Page) -> None:
    page.goto("/studio/answers?topic=station_open_day")
    page.get_by_label("答复", exact=True).fill(SECOND)
    page.get_by_label("为什么改").fill("要登记")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".fate")).to_have_text("已生效：居民现在问到的就是新的")


def train(page: Page, why: str) -> str:
    """Start a training, wait for it, and give the name of the model."""
    page.goto("/studio/runs")
    page.get_by_role("button", name="开始训练").click()
    page.get_by_label("为什么训练").fill(why)
    page.get_by_role("button", name="开始", exact=True).click()
    done = page.locator(".run-done, .run-failed").filter(has_text=why)
    expect(done).to_have_count(1, timeout=TRAINED_WITHIN)
    expect(done).to_have_class(re.compile("run-done"))
    link = done.get_by_role("link", name="看模型")
    name = link.inner_text().split()[-1]
    link.click()
    expect(page.locator(".model-name")).to_have_text(name)
    return name


def compares(page: Page, stack: Stack, live: str, model: str) -> None:
    """The new model stands beside the live one, with the figures of both."""
    query = sa.select(Judgement.figures).where(Judgement.of == "test").order_by(Judgement.made_at.desc()).limit(1)
    theirs, ours = (read(stack, query.where(Judgement.model == name))[0][0]["recall"] for name in (live, model))
    tile = page.locator(".tile").filter(has_text="紧急召回")
    expect(tile.locator(".tile-figure")).to_have_text(f"{ours[0] / ours[1]:.1%}")
    expect(tile).to_contain_text(f"{ours[0]}/{ours[1]}（")
    expect(tile).to_contain_text(f"对照 {theirs[0] / theirs[1]:.1%}，{theirs[0]}/{theirs[1]}（")
    expect(page.locator(".tile").filter(has_text="回归集新错")).to_be_visible()
    expect(page.get_by_label("真实消息重读")).to_be_visible()


def ask_for(page: Page, model: str, why: str) -> Locator:
    """Ask that a model may go live; its row."""
    page.goto("/studio/models")
    row = page.get_by_role("article", name=model)
    row.get_by_role("button", name="提请批准").click()
    page.get_by_label("这个模型好在哪里").fill(why)
    page.get_by_role("button", name="提请", exact=True).click()
    expect(row.locator(".gate-closed").filter(has_text="所领导批准")).to_contain_text(f"{TRAINER} 已提请")
    return row


def test_a_trainers_hour(windows: Windows, stack: Stack, project: Path) -> None:
    expect.set_options(timeout=PATIENT)
    data = project / "nlu_data"
    truth = unknown_messages()
    residents_write(stack, list(truth))
    old = pointer.live(project / "models")
    assert old

    page = windows.open("/studio", officer=TRAINER)
    waiting = page.locator(".inbox-number").first.locator(".count")
    until(lambda: waiting.count() and int(waiting.inner_text()) >= JUDGED, within=300)
    page.reload()
    began = time.monotonic()
    for _ in range(JUDGED):
        judge(page, stack, truth)
    print(f"\n{JUDGED} messages judged in {time.monotonic() - began:.0f} s")
    expect(page.locator(".inbox-number").last.locator(".count")).to_have_text(str(JUDGED))
    assert read(stack, sa.select(sa.func.count()).select_from(Review)) == [(JUDGED,)]
    has_learnt(stack, data, truth)

    mend(page, contradict(project))
    add_topic(page)
    is_told(stack, FIRST)
    change_answer(page)
    is_told(stack, SECOND)
    assert pointer.live(project / "models") == old

    twin = contradict(project)
    stopped = train(page, "二十条复核过的消息")
    compares(page, stack, old, stopped)
    row = ask_for(page, stopped, "认得的话多了")
    expect(row.locator(".gate-closed").filter(has_text="数据检查")).to_be_visible()
    leader = windows.open("/studio/models", officer=LEADER)
    leader.get_by_role("article", name=stopped).get_by_role("button", name="批准并上线").click()
    leader.get_by_role("button", name="上线", exact=True).click()
    expect(leader.get_by_text("强行上线要写理由")).to_be_visible()
    leader.get_by_role("button", name="取消", exact=True).click()
    assert pointer.live(project / "models") == old

    mend(page, twin)
    better = train(page, "矛盾的一条改好了")
    compares(page, stack, old, better)
    row = ask_for(page, better, "矛盾改好了")
    expect(row.locator(".gate-closed")).to_have_count(1)

    wanted, live = leader.get_by_role("article", name=better), leader.locator(".models-live")
    expect(wanted.locator(".gate-closed")).to_contain_text(f"{TRAINER} 已提请")
    with a_resident_writing(stack) as answers:
        wanted.get_by_role("button", name="批准并上线").click()
        leader.get_by_role("button", name="上线", exact=True).click()
        is_paged(stack)
        expect(live.locator(".models-name")).to_have_text(better)
        expect(live).to_contain_text("1 台服务器都已换上")
        assert names_model(stack, better)
        heard = len(answers())
        until(lambda: len(answers()) > heard + 2, within=60)
        live.get_by_role("button", name="退回上一个模型").click()
        is_paged(stack)
        expect(live.locator(".models-name")).to_have_text(old)
        expect(live).to_contain_text("1 台服务器都已换上")
        assert names_model(stack, old)
    kinds = [kind for (kind,) in read(stack, sa.select(Promotion.kind).order_by(Promotion.id))]
    assert kinds == ["request", "request", "promote", "roll_back"]
    is_told(stack, SECOND)
    assert read(stack, sa.select(DataChange.id, DataChange.error).where(DataChange.state != WorkState.DONE)) == []
    assert findings(Dataset(data)) == []


def names_model(stack: Stack, model: str) -> bool:
    """Whether a message that a resident writes now is read by this model, and says so."""
    writer = Writer(stack)
    assert writer.say("你们几点下班")
    ((_, state, read_by_model, read_by),) = messages_of(stack, writer)
    return bool((state, read_by_model, read_by) == (WorkState.DONE, True, model))
