"""The inbox by command."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from bot.cli.studio_inbox import commands
from bot.duty import accounts
from bot.store.session import Store
from tests.studio.inbox_rows import DOUBTFUL, Inbox
from tests.world import FakeClock

PET = "help_request/lost_pet"


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, list(words))


@pytest.fixture
def desk(sqlite_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    monkeypatch.setenv("FUJIN_DATABASE_URL", sqlite_url)
    store = Store(sqlite_url)
    yield Inbox(store, clock)
    store.close()


def test_that_what_waits_is_listed_masked_and_most_useful_first(desk: Inbox) -> None:
    desk.doubtful("我家狗跑没影了，电话13800138000")
    desk.hear("暂住证咋办来着", who="B")
    desk.hear("不是", who="B")
    desk.fill()
    rows = json.loads(run("inbox", "--json").stdout)
    assert [row["why"] for row in rows] == ["denied", "margin"]
    assert [row["text"] for row in rows] == ["暂住证咋办来着", "我家狗跑没影了，电话〔电话〕"]
    assert "138" not in run("inbox").stdout
    assert len(json.loads(run("inbox", "--reason", "denied", "--json").stdout)) == 1
    assert len(json.loads(run("inbox", "--limit", "1", "--json").stdout)) == 1
    assert run("inbox", "--reason", "nonsense").exit_code == 1


def test_that_a_batch_is_listed_with_its_other_wordings_and_whether_another_has_judged(desk: Inbox) -> None:
    for who, said in (("A", "狗能坐地铁吗"), ("B", "请问狗能坐地铁吗？谢谢")):
        desk.doubtful(said, who=who)
    (row,) = json.loads(run("inbox", "--json").stdout)
    assert {row["text"], *row["other_wordings"]} == {"狗能坐地铁吗", "请问狗能坐地铁吗？谢谢"}
    assert row["state"] == "waiting"
    assert run("second", str(row["item"]), "--trainer", "甲").exit_code == 0
    rows = json.loads(run("inbox", "--trainer", "乙", "--json").stdout)
    assert {one["item"]: one["state"] for one in rows}[row["item"]] == "second"


def test_that_the_words_the_guideline_and_what_was_not_answered_are_shown_by_command(desk: Inbox) -> None:
    item = str(desk.doubtful("狗能坐地铁吗，我电话13800138000", reply="这个我拿不准，不敢乱说。").id)
    (row,) = json.loads(run("unanswered", "--json").stdout)
    assert (row["item"], row["text"]) == (int(item), "狗能坐地铁吗，我电话〔电话〕")
    assert run("reveal", item, "--by", "甲", "--reason", "看不懂").stdout == "狗能坐地铁吗，我电话13800138000\n"
    assert run("reveal", item, "--by", "甲", "--reason", " ").exit_code == 1
    assert "走失" in run("guideline", PET).stdout or "宠物" in run("guideline", PET).stdout
    assert PET in run("guideline", "宠物").stdout
    assert run("guideline", "没有这样的词").exit_code == 1


def test_that_nobody_judges_or_reads_words_under_a_name_that_is_no_trainers(desk: Inbox) -> None:
    item = str(desk.doubtful("我家狗跑没影了").id)
    with desk.store.transaction() as session:
        for name, role in (("训练员", "trainer"), ("民警", "officer")):
            accounts.add(session, name, role, password_hash="", by="管理员", now=desk.clock.now())
    for by in ("民警", "没有这个人"):
        for act in (("label", item, PET), ("skip", item), ("ambiguous", item), ("second", item), ("undo",)):
            assert run(*act, "--trainer", by).exit_code == 1, act
    assert "不能查看警情" in run("reveal", item, "--by", "训练员", "--reason", "看不懂").stderr
    assert run("reveal", item, "--by", "民警", "--reason", "看不懂").exit_code == 0
    assert run("label", item, PET, "--trainer", "训练员").exit_code == 0


def test_that_verdicts_are_given_and_taken_back(desk: Inbox) -> None:
    item = str(desk.doubtful("我家狗跑没影了").id)
    assert run("label", item, PET, "--trainer", "甲").stdout == f"item {item}: done, add_example\n"
    refused = run("skip", item, "--trainer", "乙")
    assert (refused.exit_code, refused.stderr) == (1, f"fujin: item {item} has been judged: done\n")
    assert run("undo", "--trainer", "甲").stdout == f"item {item} is waiting again\n"
    assert run("second", item, "--trainer", "甲", "--intent", PET).stdout == f"item {item}: second\n"
    assert "done" in run("label", item, PET, "--trainer", "乙", "--text", "家里的狗跑没影了").stdout
    assert "1 of 1 items" in run("agreement").stdout
    other = str(desk.doubtful("另一个事儿到底咋整呢").id)
    assert run("ambiguous", other, "--trainer", "甲").stdout == f"item {other}: ambiguous\n"
    assert run("undo", "--trainer", "丙").exit_code == 1


def test_that_the_same_words_are_judged_at_once_as_they_were_listed(desk: Inbox) -> None:
    for who in "AB":
        desk.hear("狗能坐地铁吗", who=who, reading=DOUBTFUL)
    desk.fill()
    (row,) = json.loads(run("inbox", "--json").stdout)
    desk.doubtful("狗能坐地铁吗", who="C")
    item, also = str(row["item"]), row["also"]
    told = run("label", item, "enquiry/dog_rules", "--trainer", "甲", "--also", also).stdout
    assert told == f"item {item}: done, 2 items, add_example\n"
