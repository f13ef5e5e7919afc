"""Changes of the trainers' data: made once, by one writer, never over somebody's edit, and taken back."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from bot.duty import audit
from bot.nlu import dataset, knowledge
from bot.nlu.dataset import Dataset
from bot.nlu.live_file import examples as examples_by_name
from bot.settings import ROOT
from bot.store.models import AuditEntry, DataChange, WorkState
from bot.store.session import Store
from bot.studio import changes, files, plans, registry
from bot.studio.changes import ChangeError, Filter
from tests.studio.inbox_rows import Inbox
from tests.world import FakeClock

THANKS, GREETING = "other/thanks", "other/greeting"
ANSWER = {
    "source": "本所",
    "scope": "local",
    "reviewed": "2026-11-20",
    "short": "雨伞架在大厅门口，自己拿，用完放回来。",
    "plain": "门口有伞，随便用。",
    "aspects": {"fee": "借伞不要钱。"},
}
UMBRELLA = [
    "下雨了你们大厅有伞借不",
    "没带伞能借一把吗",
    "借把雨伞行不行",
    "你那有没有爱心雨伞",
    "外头下大雨我在门口等人能借个伞不",
    "借伞用押金吗",
    "jie yusan zai na",
    "雨伞借了啥时候还",
]
UMBRELLA_INTENT = {"intent": "enquiry/umbrella", "title": "借雨伞", "scope": "在派出所借雨伞", "examples": UMBRELLA}


class Studio:
    """A small project's data, with changes proposed and made at the clock's time."""

    def __init__(self, store: Store, clock: FakeClock, project: Path) -> None:
        self.store, self.clock, self.data = store, clock, project / "nlu_data"

    def propose(self, kind: str, by: str = "训练员甲", **payload: Any) -> int:
        with self.store.transaction() as session:
            now = self.clock.now()
            return changes.propose(session, kind, payload, by=by, why="试", now=now, folder=self.data).id

    def make(self) -> int:
        return changes.apply_pending(self.store, self.data, now=self.clock.now())

    def row(self, number: int) -> DataChange:
        with self.store.reading() as session:
            return session.get_one(DataChange, number)

    def undo(self, number: int) -> int:
        with self.store.transaction() as session:
            now = self.clock.now()
            return changes.undo(session, number, by="训练员乙", why="还是原来好", now=now, folder=self.data).id

    def approve(self, number: int, by: str = "带班所长") -> None:
        with self.store.transaction() as session:
            changes.approve(session, number, by=by, now=self.clock.now())

    def path(self, intent: str) -> Path:
        return self.data / "intents" / f"{intent}.yml"

    def examples(self, intent: str) -> list[str]:
        return files.examples_of(self.path(intent).read_text(encoding="utf-8"))

    def everything(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.data.rglob("*") if path.is_file()}

    def edit(self, path: Path, was: str, now: str, *, once: bool = False) -> None:
        text = path.read_text(encoding="utf-8")
        assert was in text
        path.write_text(text.replace(was, now, 1 if once else -1), encoding="utf-8")


@pytest.fixture
def studio(store: Store, clock: FakeClock, small_project: Path) -> Studio:
    return Studio(store, clock, small_project)


def test_that_an_example_is_added_and_the_history_says_who_when_why_and_what(studio: Studio) -> None:
    number = studio.propose("add_example", intent=THANKS, text=" 这事儿 多亏你们了 ")
    assert studio.row(number).state == WorkState.PENDING
    assert studio.make() == 1
    assert studio.examples(THANKS)[-1] == "这事儿 多亏你们了"
    row = studio.row(number)
    assert (row.state, row.made_by, row.why) == (WorkState.DONE, "训练员甲", "试")
    assert row.applied_at == studio.clock.now()
    added = [line for line in row.diff.splitlines() if line.startswith("+")]
    assert added == ["+++ b/nlu_data/intents/other/thanks.yml", "+    - 这事儿 多亏你们了"]
    assert studio.make() == 0
    with studio.store.reading() as session:
        assert list(session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id))) == [
            "data_propose",
            "data_apply",
        ]
        assert audit.verify(session) is None
        assert [change.id for change in changes.history(session, Filter(by="训练员甲"), limit=5)] == [number]
        assert changes.history(session, Filter(state="failed"), limit=5) == []


@pytest.mark.parametrize(
    "text",
    [
        "我叫王建国电话13812345678",
        "找一三八幺二三四五六七八",
        "身份证210104199003078886丢了",
        "西边小高层1704一天要六桶水",
    ],
)
def test_that_text_which_points_to_a_person_becomes_no_example(studio: Studio, text: str) -> None:
    for kind, payload in (
        ("add_example", {"intent": THANKS, "text": text}),
        ("edit_example", {"intent": THANKS, "was": "谢谢", "now": text}),
        ("add_regression", {"intent": THANKS, "text": text, "case": "missed", "why": ""}),
        ("new_intent", {**UMBRELLA_INTENT, "examples": [*UMBRELLA, text], "answer": ANSWER}),
    ):
        with pytest.raises(ChangeError, match="个人信息"):
            studio.propose(kind, **payload)


def test_that_no_note_or_answer_that_is_written_names_a_person(studio: Studio) -> None:
    named, numbered = "张建国的电话13812345678", "带210104199003078886来"
    topic = {"intent": "enquiry/wifi", "topic": "wifi_umbrella", "when": ["伞"], **ANSWER}
    for kind, payload in (
        ("add_regression", {"intent": THANKS, "text": "多亏你们了", "case": "missed", "why": named}),
        ("new_intent", {**UMBRELLA_INTENT, "scope": named, "answer": ANSWER}),
        ("new_intent", {**UMBRELLA_INTENT, "answer": {**ANSWER, "short": numbered}}),
        ("add_topic", {**topic, "when": [numbered], "title": "借伞"}),
        ("add_topic", {**topic, "title": numbered}),
    ):
        with pytest.raises(ChangeError, match="个人信息"):
            studio.propose(kind, **payload)
    payload, now = {"intent": THANKS, "text": "多亏你们了"}, studio.clock.now()
    with studio.store.transaction() as session, pytest.raises(ChangeError, match="原因里还有像个人信息"):
        changes.propose(session, "add_example", payload, by="甲", why=named, now=now, folder=studio.data)


def test_that_no_reason_for_giving_a_change_up_names_a_person(studio: Studio) -> None:
    waiting = studio.propose("add_example", intent=THANKS, text="多亏有你们在呀")
    noted = studio.propose("keep_example", intent=THANKS, text=studio.examples(THANKS)[2])
    told: dict[str, Any] = {"by": "训练员甲", "now": studio.clock.now(), "folder": studio.data}
    with studio.store.transaction() as session, pytest.raises(ChangeError, match="原因里还有像个人信息的内容：张建国"):
        changes.withdraw(session, waiting, why="是张建国家的事", **told)
    assert studio.make() == 2
    with studio.store.transaction() as session, pytest.raises(ChangeError, match="张建国"):
        changes.undo(session, noted, why="张建国说不对", **told)
    assert studio.row(noted).state == WorkState.DONE


def test_that_what_comes_of_a_tip_points_to_nobody_whoever_proposes_it(studio: Studio) -> None:
    rows = Inbox(studio.store, studio.clock)
    item = rows.doubtful("我家楼下那家麻将馆天天赌", case=rows.case("tip/gambling"))
    payload: dict[str, Any] = {"intent": THANKS, "text": "楼下麻将馆的事多亏你们了"}
    told: dict[str, Any] = {"by": "训练员甲", "now": studio.clock.now(), "folder": studio.data, "item_id": item.id}
    with studio.store.transaction() as session:
        with pytest.raises(ChangeError, match="例句里还有像个人信息的内容：楼下"):
            changes.propose(session, "add_example", payload, why="居民的说法", **told)
        payload["text"] = "多亏你们了呀"
        with pytest.raises(ChangeError, match="原因里"):
            changes.propose(session, "add_example", payload, why="他家楼下的麻将馆", **told)
        changes.propose(session, "add_example", payload, why="居民的说法", **told)


def test_that_an_example_of_old_in_which_a_name_is_seen_comes_back_when_its_removal_is_taken_back(
    studio: Studio,
) -> None:
    studio.edit(studio.path(THANKS), "    - ", "    - 明天给我多带两枝康乃馨谢谢\n    - ", once=True)
    for kind, payload in (
        ("remove_example", {"text": "明天给我多带两枝康乃馨谢谢"}),
        ("edit_example", {"was": "明天给我多带两枝康乃馨谢谢", "now": "明天给我多带两枝花谢谢"}),
    ):
        number = studio.propose(kind, intent=THANKS, **payload)
        studio.make()
        assert "明天给我多带两枝康乃馨谢谢" not in studio.examples(THANKS)
        studio.undo(number)
        assert studio.make() == 1
        assert "明天给我多带两枝康乃馨谢谢" in studio.examples(THANKS)


def test_that_what_can_be_seen_to_be_wrong_is_refused_at_once(studio: Studio) -> None:
    for payload, said in (
        ({"intent": "other/nothing", "text": "你好"}, "目录里没有"),
        ({"intent": THANKS, "text": "  "}, "要有字"),
        ({"intent": THANKS, "text": "谢[谢]"}, "不能有"),
        ({"intent": THANKS}, "缺少内容"),
    ):
        with pytest.raises(ChangeError, match=said):
            studio.propose("add_example", **payload)
    with pytest.raises(ChangeError, match="没有“burn”"):
        studio.propose("burn")


@pytest.mark.parametrize("why", ["", "  "])
def test_that_nothing_is_changed_given_up_or_taken_back_without_a_why(studio: Studio, why: str) -> None:
    waiting, done = (studio.propose("keep_example", intent=THANKS, text="谢谢") for _ in range(2))
    with studio.store.transaction() as session:
        session.get_one(DataChange, done).state = WorkState.DONE
        told = {"by": "甲", "why": why, "now": studio.clock.now(), "folder": studio.data}
        with pytest.raises(ChangeError, match="为什么"):
            changes.propose(session, "keep_example", {"intent": THANKS, "text": "谢谢"}, **told)
        with pytest.raises(ChangeError, match="为什么"):
            changes.withdraw(session, waiting, **told)
        with pytest.raises(ChangeError, match="为什么"):
            changes.undo(session, done, **told)


def test_that_a_message_goes_to_another_intent_and_back(studio: Studio) -> None:
    text = studio.examples(THANKS)[3]
    before = studio.everything()
    number = studio.propose("move_example", text=text, was=THANKS, now=GREETING)
    assert studio.make() == 1
    assert text not in studio.examples(THANKS)
    assert studio.examples(GREETING)[-1] == text
    back = studio.undo(number)
    with pytest.raises(ChangeError, match="已经撤销过"):
        studio.undo(number)
    assert studio.make() == 1
    assert sorted(studio.examples(THANKS)) == sorted(files.examples_of(before[str(studio.path(THANKS))].decode()))
    assert studio.path(GREETING).read_bytes() == before[str(studio.path(GREETING))]
    assert studio.row(back).payload["undoes"] == number


def test_that_each_change_is_taken_back_by_its_inverse(studio: Studio) -> None:
    text = studio.examples(THANKS)[-1]
    before = studio.everything()
    for kind, payload in (
        ("remove_example", {"intent": THANKS, "text": text}),
        ("edit_example", {"intent": THANKS, "was": text, "now": "谢谢你们帮的大忙呀"}),
        ("add_regression", {"text": "救命啊谁来", "intent": "urgent_alarm/fire", "case": "missed", "why": "夜里漏了"}),
        ("edit_local_fact", {"name": "parking", "was": "", "now": "门前, 免费: 半小时", "reviewed": "2026-11-25"}),
        ("new_intent", {**UMBRELLA_INTENT, "answer": ANSWER}),
        (
            "new_intent",
            {**UMBRELLA_INTENT, "intent": "tip/umbrella", "title": "偷伞", "response": "收到。\n民警会看。"},
        ),
        (
            "add_topic",
            {"intent": "enquiry/wifi", "topic": "umbrella", "title": "借雨伞", "when": ["伞"], **ANSWER}
            | {"examples": UMBRELLA[:2]},
        ),
        ("edit_topic", heading_edit(studio, "wifi", title="上网", related=[])),
        ("edit_topic", heading_edit(studio, "station_hours_lunch", when=["中午", "午…休"])),
        ("add_question", {"topic": "dog_licence_kept", "text": "上回狗证填一半的还在不"}),
    ):
        number = studio.propose(kind, **payload)
        assert studio.make() == 1, studio.row(number).error
        assert studio.row(number).diff
        back = studio.undo(number)
        if kind == "add_regression":
            studio.approve(back)
        assert studio.make() == 1, studio.row(back).error
        after = studio.everything()
        for files_then in (before, after):  # where there was no regression set there is an empty one
            files_then.setdefault(str(studio.data / "regression" / "messages.jsonl"), b"")
        assert after == before, kind


def heading_edit(studio: Studio, topic: str, **now: Any) -> dict[str, Any]:
    was = plans.heading_of(plans.find(studio.data, topic, "short").topic)
    return {"topic": topic, "was": was, "now": {**was, **now}}


def test_that_a_topic_has_another_name_other_words_and_other_neighbours_at_once(studio: Studio) -> None:
    now = {"title": "午休", "when": [" 中午 ", "午…休", "中午"], "related": ["wifi", "station_hours"]}
    number = studio.propose("edit_topic", **heading_edit(studio, "station_hours_lunch", **now))
    assert studio.make() == 1, studio.row(number).error
    topic = knowledge.load(studio.data / "answers").topics["station_hours_lunch"]
    assert (topic.title, topic.when, topic.related) == ("午休", ("中午", "午…休"), ("wifi", "station_hours"))
    changed = [line for line in studio.row(number).diff.splitlines() if line[0] == "+"]
    assert len(changed) == 1 + len(now)


def test_that_a_topic_that_somebody_else_changed_or_that_could_not_be_loaded_stays_as_it_is(studio: Studio) -> None:
    stale = heading_edit(studio, "wifi", title="上网")
    studio.propose("edit_topic", **heading_edit(studio, "wifi", title="无线"))
    assert studio.make() == 1
    before = studio.everything()
    for payload, said in (
        (stale, "别人改过"),
        (heading_edit(studio, "wifi", when=["网"]), "默认主题"),
        (heading_edit(studio, "wifi", related=["nothing"]), "不存在"),
        (heading_edit(studio, "wifi", title="中午办不办"), "title 一样"),
        (heading_edit(studio, "station_hours_lunch", when=[]), "要写 when"),
        (heading_edit(studio, "wifi", title="这个名字长得按钮上放不下了"), "放不下"),
    ):
        number = studio.propose("edit_topic", **payload)
        assert studio.make() == 0
        assert said in (studio.row(number).error or "")
    assert studio.everything() == before
    with pytest.raises(ChangeError, match="没有要改的"):
        studio.propose("edit_topic", **heading_edit(studio, "wifi"))
    with pytest.raises(ChangeError, match="标题要填"):
        studio.propose("edit_topic", **heading_edit(studio, "wifi", title=" "))
    with pytest.raises(ChangeError, match="没有主题"):
        studio.propose("edit_topic", **{**heading_edit(studio, "wifi", title="上网"), "topic": "nothing"})


def umbrella_topic(examples: list[str]) -> dict[str, Any]:
    where = {"intent": "enquiry/station_hours", "topic": "station_umbrella", "title": "借雨伞", "when": ["伞"]}
    return {**where, **ANSWER, "examples": examples}


def test_that_what_residents_ask_for_a_new_topic_stands_among_its_questions(studio: Studio) -> None:
    examples, path = studio.examples("enquiry/station_hours"), studio.data / "questions" / "station_hours.yml"
    there = path.read_text(encoding="utf-8")
    number = studio.propose("add_topic", **umbrella_topic([*UMBRELLA, UMBRELLA[0].replace("伞", "傘")]))
    assert studio.make() == 1, studio.row(number).error
    lines = "".join(f"  - {text}\n" for text in UMBRELLA)
    assert path.read_text(encoding="utf-8") == f"{there}station_umbrella:\n{lines}"  # the same wording stands once
    assert studio.examples("enquiry/station_hours") == examples
    assert dataset.findings(Dataset(studio.data)) == []
    assert topic_machine_learns(studio, "station_umbrella") == tuple(UMBRELLA)


def topic_machine_learns(studio: Studio, topic: str) -> tuple[str, ...]:
    """As the training reads the questions."""
    return dict(
        found for path in sorted((studio.data / "questions").glob("*.yml")) for found in examples_by_name(path).items()
    )[topic]


def test_that_a_new_topics_words_that_another_asks_for_or_that_are_tested_are_refused(studio: Studio) -> None:
    before = studio.everything()
    for text, said in (
        (plans.questions_of(studio.data, "wifi")[0], "主题 wifi 已经有"),
        (a_test_message(studio), "测试"),
    ):
        number = studio.propose("add_topic", **umbrella_topic([*UMBRELLA, text]))
        assert studio.make() == 0
        assert said in (studio.row(number).error or "")
    assert studio.everything() == before


def test_that_a_topic_without_questions_gets_its_first_ones_one_by_one_and_each_can_be_taken_back(
    studio: Studio,
) -> None:
    before = studio.everything()
    path = studio.data / "questions" / "wifi.yml"
    path.unlink()
    assert plans.questions_of(studio.data, "wifi") == []
    numbers = [studio.propose("add_question", topic="wifi", text=text) for text in UMBRELLA[:2]]
    assert studio.make() == 2, studio.row(numbers[0]).error
    assert plans.questions_of(studio.data, "wifi") == UMBRELLA[:2]
    header = before[str(path)].decode().splitlines()[0]
    assert path.read_text(encoding="utf-8").splitlines()[:2] == [header, "wifi:"]
    assert dataset.findings(Dataset(studio.data)) == []
    for number in numbers:
        studio.undo(number)
    assert studio.make() == 2
    assert not path.exists()


def test_that_a_topic_with_further_questions_is_not_taken_back_as_a_whole(studio: Studio) -> None:
    number = studio.propose("add_topic", **umbrella_topic(UMBRELLA[:2]))
    assert studio.make() == 1
    further = studio.propose("add_question", topic="station_umbrella", text="伞借我使使呗")
    assert studio.make() == 1
    back = studio.undo(number)
    assert studio.make() == 0
    assert "后来又加过问法" in (studio.row(back).error or "")
    studio.undo(further)
    again = studio.undo(number)
    assert studio.make() == 2, studio.row(again).error
    assert "station_umbrella" not in knowledge.load(studio.data / "answers").topics
    assert dataset.findings(Dataset(studio.data)) == []


def test_that_a_question_of_a_topic_is_added_and_removed_and_what_is_there_already_is_refused(studio: Studio) -> None:
    before = studio.everything()
    added = {"topic": "wifi", "text": "你们那上网要钱不: 多少"}
    there = plans.questions_of(studio.data, "wifi")
    number = studio.propose("add_question", **added)
    assert studio.make() == 1, studio.row(number).error
    assert plans.questions_of(studio.data, "wifi") == [*there, added["text"]]
    assert dataset.findings(Dataset(studio.data)) == []
    for topic, text, said in (
        ("seal_lost", added["text"], "已经有一样的问法"),
        ("wifi", a_test_message(studio), "测试消息"),
    ):
        refused = studio.propose("add_question", topic=topic, text=text)
        assert studio.make() == 0, (topic, text)
        assert said in (studio.row(refused).error or "")
    few = studio.propose("remove_question", topic="wifi", text=there[0])
    assert studio.make() == 0, "of the small project's six questions a topic none may go"
    assert "不能再少" in str(studio.row(few).error)
    studio.undo(number)
    assert studio.make() == 1, "but what was added goes"
    assert studio.everything() == before
    for more in range(4):
        studio.propose("add_question", topic="wifi", text=f"第{more}个说法能不能连网")
    assert studio.make() == 4
    gone = studio.propose("remove_question", topic="wifi", text=there[0])
    assert studio.make() == 1, studio.row(gone).error
    assert there[0] not in plans.questions_of(studio.data, "wifi")
    assert set(studio.everything()) == set(before)
    with pytest.raises(ChangeError, match="没有主题"):
        studio.propose("add_question", topic="nothing", text="没有这样的主题吧")
    with pytest.raises(ChangeError, match="个人信息"):
        studio.propose("add_question", topic="wifi", text="我叫王建国电话13812345678")


def a_test_message(studio: Studio) -> str:
    return Dataset(studio.data).test[0].text


def test_that_a_local_fact_that_is_taken_back_has_the_day_on_which_it_was_looked_at(studio: Studio) -> None:
    before = studio.everything()
    number = studio.propose("edit_local_fact", name="parking", was="", now="门前免费", reviewed="2026-12-24")
    studio.make()
    undone = studio.undo(number)
    studio.make()
    assert studio.everything() == before
    studio.undo(undone)
    studio.make()
    assert "2026-12-24" in (studio.data / "local_facts.yml").read_text(encoding="utf-8")


def test_that_an_edit_by_hand_is_not_written_over(studio: Studio) -> None:
    text = studio.examples(THANKS)[3]
    number = studio.propose("move_example", text=text, was=THANKS, now=GREETING)
    other = studio.propose("remove_example", intent=THANKS, text=text)
    studio.edit(studio.path(THANKS), f"    - {text}\n", "    - 换了一个说法的感谢\n")
    before = studio.everything()
    assert studio.make() == 0
    assert studio.everything() == before
    for change in (studio.row(number), studio.row(other)):
        assert change.state == WorkState.FAILED
        assert "有人手工改过或删掉了；请刷新后再决定" in (change.error or "")


def test_that_an_edit_by_hand_elsewhere_in_the_file_is_no_conflict(studio: Studio) -> None:
    was, text = studio.examples(THANKS)[0], studio.examples(THANKS)[3]
    studio.propose("remove_example", intent=THANKS, text=text)
    studio.edit(studio.path(THANKS), f"    - {was}\n", f"    - {was}啦啦啦\n")
    assert studio.make() == 1
    assert studio.examples(THANKS)[0] == f"{was}啦啦啦"


def test_that_what_somebody_moved_in_the_meantime_is_said_with_its_new_place(studio: Studio) -> None:
    text = studio.examples(THANKS)[3]
    studio.propose("move_example", text=text, was=THANKS, now=GREETING)
    number = studio.propose("remove_example", intent=THANKS, text=text)
    assert studio.make() == 1
    assert f"移到了问候（{GREETING}）" in (studio.row(number).error or "")


def test_that_the_same_words_under_two_intents_and_test_messages_are_refused(studio: Studio) -> None:
    there = studio.examples(THANKS)[3]
    tested = Dataset(studio.data).test[0]
    wanted = (
        studio.propose("add_example", intent=GREETING, text=there),
        studio.propose("add_example", intent=GREETING, text=tested.text),
    )
    assert studio.make() == 0
    assert "已经在感谢" in (studio.row(wanted[0]).error or "")
    assert f"测试消息 {tested.id}" in (studio.row(wanted[1]).error or "")
    again = studio.propose("add_example", intent=THANKS, text=there)
    assert studio.make() == 1
    assert studio.row(again).diff == ""


def test_that_an_intent_keeps_its_last_eight_examples(studio: Studio) -> None:
    texts = studio.examples(THANKS)
    numbers = [studio.propose("remove_example", intent=THANKS, text=text) for text in texts]
    assert studio.make() == len(texts) - 8
    assert len(studio.examples(THANKS)) == 8
    assert (studio.row(numbers[-1]).error or "").startswith(f"感谢（{THANKS}）只有 8 条例句")


def test_that_a_file_that_is_gone_is_named_with_the_title_of_what_it_held(studio: Studio) -> None:
    number = studio.propose("remove_example", intent=THANKS, text=studio.examples(THANKS)[3])
    studio.path(THANKS).unlink()
    studio.make()
    assert "找不到文件 other/thanks.yml（感谢）" in (studio.row(number).error or "")


def test_that_an_intent_that_fails_the_data_checks_leaves_nothing_behind(studio: Studio) -> None:
    before = studio.everything()
    number = studio.propose("new_intent", **{**UMBRELLA_INTENT, "examples": UMBRELLA[:5]}, answer=ANSWER)
    twice = studio.propose("new_intent", **{**UMBRELLA_INTENT, "examples": [*UMBRELLA, "谢谢"]}, answer=ANSWER)
    assert studio.make() == 0
    few = f"enquiry/umbrella（{UMBRELLA_INTENT['title']}） 只有 5 条例句，至少要 8 条"
    for change, said in ((number, few), (twice, "（感谢）")):
        assert "数据检查" in (studio.row(change).error or "")
        assert said in (studio.row(change).error or "")
    assert studio.everything() == before


def edit_of(studio: Studio, aspect: str, now: str, **more: str) -> int:
    place = knowledge.load(studio.data / "answers").topics["wifi"]
    fact = {"short": place.short, "plain": place.plain}.get(aspect) or place.aspects.get(aspect)
    given = {"source": fact.source if fact else "本所", "scope": "local", "reviewed": "2026-11-20"} | more
    was = fact.text if fact and not fact.unconfirmed else ""
    return studio.propose("edit_answer", intent="enquiry/wifi", topic="wifi", aspect=aspect, was=was, now=now, **given)


def test_that_an_answer_with_its_source_is_changed_and_live_at_once(studio: Studio) -> None:
    answers = studio.data / "answers"
    live = knowledge.live(answers)
    before = (answers / "wifi.yml").read_bytes()
    number = edit_of(studio, "plain", "有网，问窗口要密码。", source="窗口公示", reviewed="2026-11-01")
    assert studio.make() == 1, studio.row(number).error
    live._looked_at = 0.0  # as if a second had passed
    fact = live.current().topics["wifi"].plain
    assert (fact.text, fact.source, fact.reviewed) == ("有网，问窗口要密码。", "窗口公示", date(2026, 11, 1))
    studio.undo(number)
    assert studio.make() == 1
    assert (answers / "wifi.yml").read_bytes() == before


def test_that_of_an_answer_it_is_known_who_wrote_it_until_it_is_edited_by_hand(studio: Studio) -> None:
    topic, aspect = "wifi", "short"
    place = plans.place_of(studio.data, "enquiry/wifi", topic, aspect)
    was, now = plans.text_of(place.entry), "大厅有网，密码问窗口。"

    def written(text: str) -> str | None:
        with studio.store.reading() as session:
            found = changes.written_by(session, topic, aspect, text)
        return found and found.made_by

    assert written(was) is None
    settings = {"source": "本所", "scope": "local", "unknown": "", "was": was, "now": now}
    studio.propose("edit_answer", by="训练员丙", intent="enquiry/wifi", topic=topic, aspect=aspect, **settings)
    assert written(now) is None
    assert studio.make() == 1
    assert written(now) == "训练员丙"
    assert written("手工改过的话") is None


def test_that_two_who_edit_the_same_answer_do_not_write_over_each_other(studio: Studio) -> None:
    first, second = edit_of(studio, "plain", "一个说法。"), edit_of(studio, "plain", "另一个说法。")
    assert studio.make() == 1
    assert studio.row(first).state == WorkState.DONE
    assert "现在是：“一个说法。”" in (studio.row(second).error or "")
    with pytest.raises(ChangeError, match="别人改过"):
        studio.propose(
            "edit_answer",
            **{"intent": "enquiry/wifi", "topic": "wifi", "aspect": "plain", "was": "老的", "now": "新的"},
            source="本所",
            scope="local",
        )


def test_that_an_answer_which_the_bot_could_not_load_is_not_written(studio: Studio) -> None:
    before = studio.everything()
    number = edit_of(studio, "plain", "密码是{no_such_field}。")
    assert studio.make() == 0
    assert "local_facts.yml 里没有的 no_such_field" in (studio.row(number).error or "")
    assert studio.everything() == before


def test_that_a_national_answer_waits_for_a_second_person(studio: Studio) -> None:
    base = knowledge.load(studio.data / "answers")
    topic = next(topic for topic in base.topics.values() if not topic.plain.local)
    payload = {
        "intent": topic.intent,
        "topic": topic.id,
        "aspect": "plain",
        "was": topic.plain.text,
        "now": "改成这样。",
    }
    number = studio.propose(
        "edit_answer", **payload, source=topic.plain.source, scope="local"
    )  # nor by calling it local
    assert studio.row(number).state == changes.UNAPPROVED
    assert studio.make() == 0
    with studio.store.transaction() as session, pytest.raises(ChangeError, match="换一个人"):
        changes.approve(session, number, by="训练员甲", now=studio.clock.now())
    with studio.store.transaction() as session:
        changes.approve(session, number, by="带班所长", now=studio.clock.now())
    assert studio.make() == 1
    assert studio.row(number).approved_by == "带班所长"
    with studio.store.transaction() as session, pytest.raises(ChangeError, match="已写入"):
        changes.withdraw(session, number, by="训练员甲", why="不改了", now=studio.clock.now())


def test_that_a_change_that_became_national_before_it_was_made_waits_too(studio: Studio) -> None:
    number = edit_of(studio, "plain", "一个说法。")
    studio.edit(studio.data / "answers" / "wifi.yml", "scope: local", "scope: national")
    assert studio.make() == 0
    assert studio.row(number).state == changes.UNAPPROVED


FIRE = "urgent_alarm/fire"


@pytest.mark.parametrize(
    ("kind", "payload", "waits"),
    [
        ("add_example", {"intent": FIRE, "text": "楼道里全是火苗子"}, True),
        ("remove_example", {"intent": FIRE, "text": "0"}, True),
        ("edit_example", {"intent": FIRE, "was": "0", "now": "楼道里全是火苗子"}, True),
        ("move_example", {"was": FIRE, "now": THANKS, "text": "0"}, True),
        ("move_example", {"was": THANKS, "now": FIRE, "text": "谢谢"}, True),
        ("move_example", {"was": THANKS, "now": GREETING, "text": "谢谢"}, False),
        ("keep_example", {"intent": FIRE, "text": "0"}, False),
        ("add_example", {"intent": THANKS, "text": "楼道里没有火苗子了"}, False),
    ],
)
def test_that_what_makes_or_unmakes_an_urgent_example_waits_for_a_second_where_the_station_wants_it(
    studio: Studio, kind: str, payload: dict[str, Any], waits: bool
) -> None:
    with studio.store.transaction() as session:
        told = {"by": "甲", "why": "试", "now": studio.clock.now(), "folder": studio.data}
        assert changes.propose(session, kind, payload, **told).state == WorkState.PENDING
        change = changes.propose(session, kind, payload, two_for_urgent=True, **told)
        assert (change.state == changes.UNAPPROVED) is waits


def test_that_one_trainer_alone_does_not_take_back_an_urgent_example(studio: Studio) -> None:
    number = studio.propose("add_example", intent=FIRE, text="楼道里全是火苗子")
    studio.make()
    with studio.store.transaction() as session:
        told = {"by": "甲", "why": "试", "now": studio.clock.now(), "folder": studio.data}
        back = changes.undo(session, number, two_for_urgent=True, **told).id
    assert studio.make() == 0
    assert "楼道里全是火苗子" in studio.examples(FIRE)
    studio.approve(back, by="乙")
    assert studio.make() == 1
    assert "楼道里全是火苗子" not in studio.examples(FIRE)


def test_that_a_message_leaves_the_regression_set_only_with_a_leaders_yes(studio: Studio) -> None:
    missed = {"text": "救命啊谁来", "intent": "urgent_alarm/fire", "case": "missed", "why": "夜里漏了"}
    path = studio.data / "regression" / "messages.jsonl"
    original = path.read_bytes()
    number = studio.propose("add_regression", **missed)
    studio.make()
    before = path.read_bytes()
    again = studio.propose("add_regression", **{**missed, "intent": "urgent_alarm/robbery"})
    assert (studio.make(), path.read_bytes()) == (1, before), "to page for it is what it says already"
    for back in (studio.undo(number), studio.propose("remove_regression", **studio.row(number).payload)):
        assert studio.row(back).state == changes.UNAPPROVED
        assert studio.make() == 0
        with studio.store.transaction() as session:
            assert changes.right_to_approve(session, back) == "approve_model"
            assert changes.right_to_approve(session, again) == "train"
            with pytest.raises(ChangeError, match="换一个人"):
                changes.approve(session, back, by=studio.row(back).made_by, now=studio.clock.now())
    assert path.read_bytes() == before
    studio.approve(back)
    assert studio.make() == 1
    assert path.read_bytes() == original
    with studio.store.reading() as session:
        done = session.scalars(sa.select(AuditEntry.actor).where(AuditEntry.action == "data_approve")).all()
    assert done == ["带班所长"]


def test_that_a_label_said_to_be_right_is_remembered_and_can_be_doubted_again(studio: Studio) -> None:
    text = studio.examples(THANKS)[2]
    number = studio.propose("keep_example", intent=THANKS, text=text)
    assert studio.make() == 1
    with studio.store.reading() as session:
        assert changes.kept(session) == {(THANKS, text)}
    studio.undo(number)
    with studio.store.reading() as session:
        assert changes.kept(session) == frozenset()


def test_that_a_full_disk_leaves_the_change_for_later(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    number = studio.propose("add_example", intent=THANKS, text="多亏有你们在呀")
    before = studio.everything()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        assert studio.make() == 0
    row = studio.row(number)
    assert (row.state, row.attempts) == (WorkState.PENDING, 0)
    assert "No space left" in (row.error or "")
    assert studio.make() == 0
    studio.clock.moment += timedelta(seconds=31)
    assert studio.make() == 1
    assert studio.row(number).error is None
    assert set(studio.everything()) == set(before)


_DYING = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from bot.store.session import Store
from bot.studio import changes, files, registry
real = files.write
written = 0
def write(edit):
    global written
    if written == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    real(edit)
    written += 1
files.write = write
changes._recorded = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
changes.apply_pending(Store(sys.argv[1]), Path(sys.argv[2]), now=datetime.now(UTC))
"""


@pytest.mark.parametrize("how", ["withdraw", "take_back_all"])
def test_that_a_change_that_is_written_by_half_is_finished_and_then_taken_back(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (text, *_), before = studio.examples(GREETING), studio.everything()
    number = studio.propose("move_example", text=text, was=GREETING, now=THANKS)
    usual, written = files.write, list[Path]()

    def half(edit: files.Edit) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(edit.path)
        usual(edit)

    monkeypatch.setattr(files, "write", half)
    assert studio.make() == 0
    monkeypatch.setattr(files, "write", usual)
    assert text in studio.examples(THANKS)
    assert text in studio.examples(GREETING)
    with studio.store.transaction() as session:
        monkeypatch.setattr(changes, "NLU_DATA", studio.data)
        told: dict[str, Any] = {"by": "训练员乙", "why": "不改了", "now": studio.clock.now()}
        if how == "withdraw":
            changes.withdraw(session, number, folder=studio.data, **told)
        else:
            changes.take_back_all(session, [session.get_one(DataChange, number)], **told)
    assert studio.make() == 0, "what takes it back waits for it"
    studio.clock.advance(seconds=31)
    assert studio.make() == 2
    assert sorted(studio.examples(GREETING)) == sorted(files.examples_of(before[str(studio.path(GREETING))].decode()))
    assert studio.everything()[str(studio.path(THANKS))] == before[str(studio.path(THANKS))]
    with studio.store.reading() as session:
        assert changes.taken_back(session, [number]) == {number: number + 1}


def test_that_writing_and_promoting_do_not_wait_for_each_other() -> None:
    assert len({changes._WRITER, registry._LOCK, audit._LOCK}) == 3


@pytest.mark.parametrize(
    ("kind", "killed_after"),
    [
        *(("move_example", 0), ("move_example", 1), ("move_example", 2)),
        *(("remove_example", 0), ("remove_example", 1)),
        *(("new_intent", 1), ("new_intent", 2), ("new_intent", 3), ("new_intent", 4)),
        *(("add_topic", 1), ("add_topic", 2)),
    ],
)
def test_that_a_writer_killed_between_file_and_row_loses_nothing_and_does_nothing_twice(
    studio: Studio, kind: str, killed_after: int
) -> None:
    text = studio.examples(THANKS)[3]
    payload: dict[str, Any] = {
        "move_example": {"text": text, "was": THANKS, "now": GREETING},
        "remove_example": {"text": text, "intent": THANKS},
        "new_intent": {**UMBRELLA_INTENT, "answer": ANSWER},
        "add_topic": umbrella_topic(UMBRELLA),
    }[kind]
    number = studio.propose(kind, **payload)
    url = studio.store.url.render_as_string(hide_password=False)
    dying = [sys.executable, "-c", textwrap.dedent(_DYING), url, str(studio.data), str(killed_after)]
    ended = subprocess.run(dying, cwd=ROOT, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert ended.returncode == -signal.SIGKILL
    assert studio.row(number).state == WorkState.PENDING
    assert studio.make() == 1
    written = {"move_example": 2, "remove_example": 1, "new_intent": 4, "add_topic": 2}
    assert studio.row(number).diff.count("+++ ") == written[kind]
    assert studio.examples(THANKS).count(text) == (kind in ("new_intent", "add_topic"))
    if kind == "add_topic":
        assert plans.questions_of(studio.data, "station_umbrella") == UMBRELLA
    if kind == "move_example":
        assert studio.examples(GREETING).count(text) == 1
    if kind == "new_intent":
        assert studio.examples("enquiry/umbrella") == plans.questions_of(studio.data, "umbrella") == UMBRELLA
        assert (
            "umbrella"
            in yaml.safe_load((studio.data / "catalogue.yml").read_text(encoding="utf-8"))["enquiry"]["intents"]
        )
    assert dataset.findings(Dataset(studio.data)) == []
    assert not list(studio.data.rglob(f".*{files.WRITING}"))
    assert studio.make() == 0
