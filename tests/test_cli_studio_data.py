"""The trainers' data at the shell: the same acts as on the pages, and one clear line when something is wrong."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from bot.cli import studio_data
from bot.clock import SystemClock
from bot.duty import accounts
from bot.store.session import Store
from bot.studio import files, plans
from tests.small_project import small_project_at

THANKS, GREETING = "other/thanks", "other/greeting"


def data(*arguments: str) -> Result:
    return CliRunner().invoke(studio_data.commands, list(arguments))


@pytest.fixture
def project(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    small_project = small_project_at(tmp_path / "project")
    monkeypatch.setattr(studio_data, "NLU_DATA", small_project / "nlu_data")
    monkeypatch.setattr(studio_data, "MODELS", small_project / "models")
    return small_project / "nlu_data"


def examples(project: Path, intent: str) -> list[str]:
    return files.examples_of((project / "intents" / f"{intent}.yml").read_text(encoding="utf-8"))


def test_that_examples_are_added_moved_removed_and_taken_back(project: Path) -> None:
    text = examples(project, THANKS)[3]
    for arguments in (
        ("add", THANKS, "这回可真多亏了你们", "--by", "甲", "--why", "试"),
        ("move", THANKS, GREETING, text, "--by", "甲", "--why", "试"),
        ("remove", THANKS, examples(project, THANKS)[4], "--by", "甲", "--why", "试"),
    ):
        result = data(*arguments)
        assert result.exit_code == 0, result.output
    assert data("apply").stdout == "3 made\n"
    assert examples(project, THANKS)[-1] == "这回可真多亏了你们"
    assert examples(project, GREETING)[-1] == text
    assert data("undo", "2", "--by", "乙", "--why", "试").stdout == "change 2 is taken back by change 4\n"
    assert data("apply").stdout == "1 made\n"
    assert text in examples(project, THANKS)
    shown = data("history", "--by", "甲", "--kind", "add_example", "--diff").stdout
    assert shown.startswith("1\t")
    assert "+    - 这回可真多亏了你们" in shown
    rows = json.loads(data("history", "--json").stdout)
    assert [row["id"] for row in rows] == [4, 3, 2, 1]
    assert rows[0]["payload"]["undoes"] == 2


def test_that_an_answer_is_shown_and_changed_and_a_national_one_needs_another(project: Path) -> None:
    assert "WIFI" in data("answer", "wifi", "short").stdout.upper()
    changed = data("answer", "wifi", "plain", "有网，问窗口。", "--by", "甲", "--why", "试", "--scope", "local")
    assert changed.exit_code == 0, changed.output
    data("apply")
    assert data("answer", "wifi", "plain").stdout == "有网，问窗口。\n"
    assert "等待第二人同意" in data("answer", "seal_lost", "fee", "先问价。", "--by", "甲", "--why", "试").stdout
    assert data("approve", "2", "--by", "甲").exit_code == 1
    assert data("approve", "2", "--by", "乙").exit_code == 0
    assert data("apply").stdout == "1 made\n"
    assert data("answer", "seal_lost", "fee").stdout == "先问价。\n"
    told = json.loads(data("answer", "seal_lost", "fee", "--json").stdout)
    assert (told["text"], told["made_by"], told["scope"]) == ("先问价。", "甲", "national")


def test_that_what_an_answer_says_while_a_local_fact_is_empty_is_changed_with_it(project: Path) -> None:
    shown = json.loads(data("answer", "wifi", "short", "--json").stdout)
    told = ("--by", "甲", "--why", "试", "--scope", "local")
    assert data("answer", "wifi", "short", shown["text"], "--unknown", "问窗口就行。", *told).exit_code == 0
    assert data("apply").stdout == "1 made\n"
    assert json.loads(data("answer", "wifi", "short", "--json").stdout)["unknown"] == "问窗口就行。"
    assert data("answer", "wifi", "short", f"{shown['text']}您好。", *told).exit_code == 0
    data("apply")
    assert json.loads(data("answer", "wifi", "short", "--json").stdout)["unknown"] == "问窗口就行。", "as it was"


def test_that_what_cannot_be_done_ends_in_one_line_that_says_why(project: Path) -> None:
    for arguments, said in (
        (("add", "other/nothing", "你好", "--by", "甲", "--why", "试"), "目录里没有细类"),
        (("add", THANKS, "我叫王建国电话13812345678", "--by", "甲", "--why", "试"), "个人信息"),
        (("answer", "nothing", "fee"), "没有主题"),
        (("answer", "wifi", "colour"), "角度"),
        (("answer", "wifi", "plain", "新的"), "--by"),
        (("undo", "9", "--by", "甲", "--why", "试"), "没有第9号修改"),
        (("withdraw", "9", "--by", "甲", "--why", "试"), "没有第9号修改"),
    ):
        result = data(*arguments)
        assert result.exit_code == 1, arguments
        assert said in result.output
    assert data("add", THANKS, examples(project, GREETING)[0], "--by", "甲", "--why", "试").exit_code == 0
    assert "not made: 1 加例句: 同一句" in data("apply").stdout


def test_that_examples_are_edited_and_kept_and_intents_topics_and_facts_made_by_command(
    project: Path, tmp_path: Path
) -> None:
    text = examples(project, THANKS)[3]
    topic = {"source": "本所", "scope": "local", "short": "自己拿。", "plain": "随便用。"}
    umbrella = {"intent": "enquiry/wifi", "topic": "umbrella", "title": "借雨伞", "when": ["伞"], **topic}
    said = ["下雨了有伞借不", "没带伞能借一把吗", "借把雨伞行不", "有没有爱心雨伞", "借伞用押金吗", "雨伞在哪拿"]
    said += ["雨伞借了啥时候还", "伞借我使使"]
    tip = {"intent": "tip/umbrella", "title": "偷伞", "scope": "有人偷伞", "examples": said, "response": "收到。"}
    for name, content in (("topic.yml", umbrella), ("intent.yml", tip)):
        (tmp_path / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    told = ("--by", "甲", "--why", "试")
    for arguments in (
        ("edit", THANKS, text, "这回可真多亏了你们", *told),
        ("keep", THANKS, examples(project, THANKS)[4], *told),
        ("new-topic", str(tmp_path / "topic.yml"), *told),
        ("new-intent", str(tmp_path / "intent.yml"), *told),
        ("fact", "parking", "门前免费", *told),
        ("ask", "wifi", "你们那上网要钱不", *told),
        ("regress", THANKS, "多亏你们来人了", "--case", "false_page", *told),
    ):
        result = data(*arguments)
        assert result.exit_code == 0, result.output
    assert data("apply").stdout == "7 made\n"
    assert "你们那上网要钱不" in plans.questions_of(project, "wifi")
    assert "你们那上网要钱不" in json.loads(data("questions", "wifi", "--json").stdout)
    assert "你们那上网要钱不" in data("questions", "wifi").stdout.splitlines()
    assert "没有主题" in data("questions", "nothing").stderr
    assert data("unask", "wifi", "你们那上网要钱不", *told).exit_code == 0
    assert "不能再少" in data("apply").stdout
    assert examples(project, THANKS)[3] == "这回可真多亏了你们"
    assert data("fact", "parking").stdout == "门前免费\n"
    assert data("answer", "umbrella", "short").stdout == "自己拿。\n"
    assert examples(project, "tip/umbrella") == said
    assert "等待第二人同意" in data("unregress", "多亏你们来人了", *told).stdout
    data("approve", "9", "--by", "所长")
    assert data("apply").stdout.startswith("1 made\n")
    assert "多亏你们来人了" not in (project / "regression" / "messages.jsonl").read_text(encoding="utf-8")


def test_that_local_facts_are_listed_corrected_and_confirmed_by_command(project: Path) -> None:
    told = ("--by", "甲", "--why", "问过窗口")
    assert data("fact", "parking", "门前免费", "--reviewed", "2020-01-02", *told).exit_code == 0
    assert data("apply").stdout == "1 made\n"
    listed = data("fact").stdout.splitlines()
    assert listed[0].split("\t")[:2] == ["station_phone", "empty"]
    assert listed[-1].split("\t") == ["parking", "2020-01-02 due", "停车", "门前免费"]
    assert json.loads(data("health", "--json").stdout)["local facts to look at again"] == [["parking", "2020-01-02"]]
    assert data("fact", "parking", "--confirm", *told).exit_code == 0
    assert data("apply").stdout == "1 made\n"
    today = SystemClock().now().date().isoformat()
    assert data("fact").stdout.splitlines()[-1].split("\t") == ["parking", today, "停车", "门前免费"]
    for arguments in (("fact", "bus", "--confirm"), ("fact", "parking", "门后", "--confirm")):
        assert "--confirm" in data(*arguments, *told).output


def test_that_a_topics_title_words_and_neighbours_are_shown_and_changed_by_command(project: Path) -> None:
    told = ("--by", "甲", "--why", "居民这么叫")
    shown = yaml.safe_load(data("topic", "station_hours_lunch").stdout)
    assert (shown["title"], "晌午" in shown["when"]) == ("中午办不办", True)
    words = ("--when", "中午", "--when", "午…休")
    result = data("topic", "station_hours_lunch", "--title", "午休", *words, "--related", "", *told)
    assert result.exit_code == 0, result.output
    assert data("apply").stdout == "1 made\n"
    after = yaml.safe_load(data("topic", "station_hours_lunch").stdout)
    assert after == {"title": "午休", "when": ["中午", "午…休"], "related": []}
    data("undo", "1", *told)
    data("apply")
    assert yaml.safe_load(data("topic", "station_hours_lunch").stdout) == shown
    for arguments, said in (
        (("topic", "nothing"), "没有主题"),
        (("topic", "wifi", "--title", "上网"), "--by"),
        (("topic", "wifi", "--title", "大厅无线网", *told), "没有要改的"),
    ):
        assert said in data(*arguments).output


def test_that_a_file_that_holds_no_change_and_a_fact_that_is_not_there_are_told(project: Path, tmp_path: Path) -> None:
    (tmp_path / "list.yml").write_text("- a\n", encoding="utf-8")
    (tmp_path / "broken.yml").write_text("a: [", encoding="utf-8")
    for arguments, said in (
        (("new-intent", str(tmp_path / "list.yml"), "--by", "甲", "--why", "试"), "holds no mapping"),
        (("new-topic", str(tmp_path / "broken.yml"), "--by", "甲", "--why", "试"), "cannot be read"),
        (("fact", "nothing"), "本地信息里没有"),
        (("fact", "parking", "门前"), "--by"),
        (("unregress", "没有这句", "--by", "甲", "--why", "试"), "no such message"),
    ):
        result = data(*arguments)
        assert (result.exit_code, said in result.output) == (1, True), result.output


def test_that_an_urgent_example_waits_for_a_second_by_command_too(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUJIN_STUDIO_SECOND_FOR_URGENT", "true")
    fire = examples(project, "urgent_alarm/fire")
    told = ("--by", "甲", "--why", "试")
    assert "等待第二人同意" in data("add", "urgent_alarm/fire", "楼道里全是火苗子", *told).stdout
    assert "等待第二人同意" in data("move", "urgent_alarm/fire", THANKS, fire[0], *told).stdout
    assert "等待写入" in data("add", THANKS, "这回可真多亏了你们", *told).stdout


def test_that_nobody_changes_the_data_under_a_name_that_is_no_trainers(project: Path, store: Store) -> None:
    with store.transaction() as session:
        for name, role in (("训练员", "trainer"), ("民警", "officer")):
            accounts.add(session, name, role, password_hash="", by="管理员", now=SystemClock().now())
    added = ("add", THANKS, "这回可真多亏了你们", "--why", "试")
    assert data(*added, "--by", "训练员").exit_code == 0
    for by in ("民警", "没有这个人"):
        acts = (("withdraw", "1"), ("undo", "1"), ("unregress", "打她这个就行"))
        for act in (added, ("approve", "1"), *((*act, "--why", "试") for act in acts)):
            assert data(*act, "--by", by).exit_code == 1, act
    taken = data("unregress", "打她这个就行", "--by", "训练员", "--why", "试")
    assert taken.exit_code == 0, taken.output
    assert "不能批准模型上线" in data("approve", "2", "--by", "训练员").output


def test_that_the_health_is_told(project: Path) -> None:
    found = json.loads(data("health", "--json").stdout)
    assert found["messages to train and to test on"]["other"][0] > 0
    assert "dialect" in found["styles, per cent by label"]
    assert found["conflicting"] == []
    assert "parking" in found["local facts to confirm"]
    assert "likely label errors" in data("health").stdout
