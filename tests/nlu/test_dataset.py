"""The checks of the messages, and the messages themselves."""

import json
import shutil
from pathlib import Path

import pytest

from bot.nlu.dataset import DATA, Dataset, findings

FILE = """version: "3.1"
nlu:
- intent: {intent}
  examples: |
{examples}
responses:
  utter_{intent}:
  - text: |-
      好的
"""
GREETINGS = ["你好", "在吗", "早上好", "您好呀", "有人在吗", "hello", "晚上好", "打扰一下"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copy(DATA / "typos.tsv", tmp_path / "typos.tsv")
    catalogue = "other:\n  title: 其他\n  intents:\n    greeting: {title: 问候, scope: 问候}\n"
    (tmp_path / "catalogue.yml").write_text(catalogue, encoding="utf-8")
    write(tmp_path, "other/greeting", GREETINGS)
    return tmp_path


def write(root: Path, intent: str, examples: list[str]) -> None:
    path = root / "intents" / f"{intent}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"    - {example}" for example in examples)
    path.write_text(FILE.format(intent=intent, examples=lines), encoding="utf-8")


def test_that_the_stations_messages_have_no_problem() -> None:
    assert findings(Dataset()) == []


def test_that_sound_data_has_no_findings(root: Path) -> None:
    assert findings(Dataset(root)) == []


def test_that_a_repeated_message_is_found_in_any_dress(root: Path) -> None:
    write(root, "other/greeting", [*GREETINGS, "ＨＥＬＬＯ"])
    assert any("more than once" in finding for finding in findings(Dataset(root)))


def test_that_one_text_under_two_labels_is_found(root: Path) -> None:
    write(root, "tip/gambling", [*GREETINGS[:1], *(f"棋牌室第{number}家天天赌" for number in "一二三四五六七")])
    found = findings(Dataset(root))
    assert any("under two labels" in finding for finding in found)
    assert any("not in catalogue" in finding for finding in found)


@pytest.mark.parametrize("broken", ["residence: [怎么办", "- 怎么办", "residence: 5", "", "\tresidence: [怎么办]"])
def test_that_questions_that_cannot_be_read_are_found(root: Path, broken: str) -> None:
    (root / "questions").mkdir()
    (root / "questions" / "residence.yml").write_text(broken, encoding="utf-8")
    (found,) = findings(Dataset(root))
    assert "residence.yml: cannot be read as questions" in found


def test_that_too_few_examples_are_found(root: Path) -> None:
    write(root, "other/greeting", GREETINGS[:3])
    assert any("3 examples" in finding for finding in findings(Dataset(root)))


def test_that_a_missing_file_is_found(root: Path) -> None:
    (root / "intents" / "other" / "greeting.yml").unlink()
    assert any("there is no file" in finding for finding in findings(Dataset(root)))


@pytest.mark.parametrize("text", ["您好呀", "您好呀！"])
def test_that_a_leaked_test_message_is_found(root: Path, text: str) -> None:
    add_test_message(root, text)
    assert any("nearly" in finding for finding in findings(Dataset(root))) or text != "您好呀"


def test_that_a_question_by_topic_is_no_more_a_test_message_than_an_example_is(root: Path) -> None:
    add_test_message(root, "外甥能给舅舅销户吗")
    ask(root, "household_death", "外甥能给舅舅销户吗")
    assert any("nearly" in finding for finding in findings(Dataset(root)))


def test_that_a_question_of_no_topic_and_one_that_is_asked_twice_are_found(root: Path) -> None:
    ask(root, "gone", "wifi密码多少", "ＷＩＦＩ密码多少")
    found = findings(Dataset(root))
    assert any("gone is no topic of answers/wifi.yml" in finding for finding in found)
    assert any("more than once" in finding for finding in found)


def test_that_what_comes_behind_no_topic_or_asks_for_none_is_found(root: Path) -> None:
    (root / "follow_ups").mkdir()
    behind = "gone: {none: [谢谢]}\nlost: {nowhere: [多少钱]}\n"
    (root / "follow_ups" / "wifi.yml").write_text(behind, encoding="utf-8")
    found = findings(Dataset(root))
    assert any("gone is no topic of answers/wifi.yml" in finding for finding in found)
    assert any("nowhere is no topic of any file" in finding for finding in found)
    assert not any("none is no topic" in finding for finding in found)


def test_that_follow_ups_that_cannot_be_read_are_found(root: Path) -> None:
    (root / "follow_ups").mkdir()
    (root / "follow_ups" / "wifi.yml").write_text("wifi: [多少钱]", encoding="utf-8")
    (found,) = findings(Dataset(root))
    assert "wifi.yml: cannot be read as follow_ups" in found


def add_facts_asked(root: Path, content: str) -> list[str]:
    """What is found in the data with this file beside the answers of one topic."""
    (root / "answers").mkdir()
    (root / "answers" / "wifi.yml").write_text("- {topic: wifi, aspects: {place: 在大厅}}\n", encoding="utf-8")
    (root / "facts_asked").mkdir()
    (root / "facts_asked" / "wifi.yml").write_text(content, encoding="utf-8")
    return findings(Dataset(root))


def test_that_what_is_asked_of_no_topic_or_answered_by_no_fact_of_it_is_found(root: Path) -> None:
    found = add_facts_asked(root, "gone: {short: [连不上]}\nwifi: {weather: [今天下雨吗], none: [能打游戏不]}\n")
    assert any("gone is no topic of answers/wifi.yml" in finding for finding in found)
    assert any("wifi has no answer weather" in finding for finding in found)
    assert not any("no answer none" in finding for finding in found)


def test_that_what_a_topic_is_asked_twice_is_found_and_what_two_are_asked_is_not(root: Path) -> None:
    (found,) = add_facts_asked(root, "wifi: {short: […密码呢], none: […密码呢]}\n")
    assert "2 times among what is asked of wifi" in found


def test_that_what_comes_behind_a_question_is_known_by_its_first_sign(root: Path) -> None:
    add_facts_asked(root, "wifi: {short: [密码多少, …那大厅有吗]}\n")
    asked = Dataset(root).facts_asked
    assert [(one.text, one.aspect, one.behind) for one in asked] == [
        ("密码多少", "short", False),
        ("那大厅有吗", "short", True),
    ]


def add_test_message(root: Path, text: str) -> None:
    (root / "test").mkdir()
    line = json.dumps({"id": "1", "text": text, "label": "other", "intent": "other/greeting", "hard": False})
    (root / "test" / "messages.jsonl").write_text(line + "\n", encoding="utf-8")


def ask(root: Path, topic: str, *questions: str) -> None:
    (root / "questions").mkdir()
    lines = "\n".join(f"  - {question}" for question in questions)
    (root / "questions" / "wifi.yml").write_text(f"{topic}:\n{lines}\n", encoding="utf-8")


def add_matter(root: Path, intent: str, turn: str) -> list[str]:
    """Findings with one matter of this intent, one calm message and one turn of it."""
    (root / "in_talk").mkdir()
    content = f'- before: ["在吗"]\n  intent: {intent}\n  calm: ["吓死我了"]\n  turn:\n    - [{turn}, "他进来了"]\n'
    (root / "in_talk" / "other.yml").write_text(content, encoding="utf-8")
    return findings(Dataset(root))


def test_that_the_intents_of_what_comes_in_a_talk_are_checked(root: Path) -> None:
    (unknown,) = add_matter(root, "other/greeting", "urgent_alarm/weather")
    assert unknown.endswith("urgent_alarm/weather is not in the catalogue")


def test_that_a_turn_is_an_emergency_and_its_matter_is_calm(root: Path) -> None:
    assert any("each turn an emergency" in found for found in add_matter(root, "other/greeting", "other/greeting"))


def test_that_a_matter_without_a_part_cannot_be_read(root: Path) -> None:
    (root / "in_talk").mkdir()
    (root / "in_talk" / "other.yml").write_text("- intent: other/greeting\n", encoding="utf-8")
    (found,) = findings(Dataset(root))
    assert "other.yml: cannot be read as in_talk" in found
