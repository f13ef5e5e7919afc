"""Edits of the trainers' files: small, exact, and never at the cost of what somebody wrote by hand."""

import os
import stat
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings import ROOT
from bot.studio import files
from bot.studio.files import Edit, EditError

DATA = ROOT / "nlu_data"
INTENTS = sorted((DATA / "intents").glob("*/*.yml"))
ANSWERS = sorted((DATA / "answers").glob("*.yml"))
SMALL = 'version: "3.1"\n# 感谢\nnlu:\n- intent: other/thanks\n  examples: |\n    - 谢谢\n    - 多谢\n# 末尾的话\n'


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that are gone, and lines that are new."""
    lines = files.diff([Edit(DATA / "x.yml", before, after)], DATA).splitlines()[2:]
    return [line[1:] for line in lines if line[0] == "-"], [line[1:] for line in lines if line[0] == "+"]


@pytest.mark.parametrize("path", INTENTS, ids=lambda path: path.stem)
def test_that_an_example_added_and_removed_again_leaves_the_file_byte_for_byte(path: Path) -> None:
    before = files.read(path) or ""
    added = files.with_examples(before, ["这是新的一句：带冒号 # 和井号"])
    assert changed(before, added) == ([], ["    - 这是新的一句：带冒号 # 和井号"])
    assert files.without_example(added, "这是新的一句：带冒号 # 和井号") == before


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_that_every_answer_changed_and_changed_back_leaves_the_file_with_what_it_held(path: Path) -> None:
    before = files.read(path) or ""
    content = yaml.safe_load(before)
    for number, topic in enumerate(content):
        for aspect in ("short", "plain"):
            own = isinstance(topic[aspect], dict)
            was = topic[aspect]["text"] if own else topic[aspect]
            place = (number, aspect, "text") if own else (number, aspect)
            new = files.with_value(before, place, "换一句：就这样。\n第二行")
            gone, added = changed(before, new)
            assert len(added) in (1, 2, 3)  # on one line between braces; the key's line may be the same
            assert len(gone) <= len(was.splitlines()) + 1
            assert yaml.safe_load(files.with_value(new, place, was)) == content


def test_that_a_comment_and_the_line_ends_of_another_editor_stay() -> None:
    dos = SMALL.replace("\n", "\r\n")
    assert files.with_examples(dos, ["谢了"]) == dos.replace("    - 多谢\r\n", "    - 多谢\r\n    - 谢了\r\n")
    assert files.without_example(SMALL, "多谢") == SMALL.replace("    - 多谢\n", "")
    assert files.with_example_changed(SMALL, "谢谢", "谢谢啊") == SMALL.replace("- 谢谢\n", "- 谢谢啊\n")


def test_that_an_edit_that_would_lose_a_comment_is_refused() -> None:
    source = "- topic: a\n  aspects:\n    fee:\n      text: 一\n      # 问过窗口\n      scope: local\n    time: 二\n"
    with pytest.raises(EditError, match="注释"):
        files.without_value(source, (0, "aspects", "fee"))


def test_that_what_the_file_would_not_hold_as_meant_is_refused() -> None:
    with pytest.raises(EditError):
        files.with_examples(SMALL, ["两\n行"])
    with pytest.raises(EditError):
        files.with_examples(SMALL, ["一个\x07铃"])
    with pytest.raises(EditError, match="没有例句"):
        files.without_example(SMALL, "没有的")


def test_that_a_fact_gets_a_source_of_its_own_and_loses_it_again() -> None:
    source = "- topic: a\n  short: 短\n  aspects:\n    fee: 十元 # 2024年的\n    time: 一天\n  related: [b]\n"
    kept = files.with_value(source, (0, "aspects", "fee"), {"text": "不要钱", "scope": "local"})
    assert "    fee:\n      text: 不要钱\n      scope: local # 2024年的\n" in kept
    fact = {"text": "两天", "scope": "local", "reviewed": date(2026, 11, 1)}
    longer = files.with_value(source, (0, "aspects", "time"), fact)
    assert "    time:\n      text: 两天\n      scope: local\n      reviewed: 2026-11-01\n  related" in longer
    assert files.with_value(longer, (0, "aspects", "time"), "一天") == source
    added = files.with_value(source, (0, "aspects", "who"), "谁都行", after=("fee",))
    assert "    fee: 十元 # 2024年的\n" in added
    assert files.without_value(added, (0, "aspects", "who")) == source


def test_that_a_topic_stands_before_the_default_one() -> None:
    source = "# 章\n- topic: lost\n  short: |-\n    一\n    二\n\n# 默认\n- topic: seal\n  short: 三\n"
    added = files.with_item(source, {"topic": "new", "when": ["a,b", "c"], "short": "四\n五"}, 1)
    assert "    二\n- topic: new\n  when: ['a,b', c]\n  short: |-\n    四\n    五\n\n# 默认\n- topic: seal" in added
    assert files.without_item(added, 1) == source
    alone = "# 章\n- topic: seal\n  short: 三\n"
    assert files.with_item(alone, {"topic": "new"}, 0) == "# 章\n- topic: new\n- topic: seal\n  short: 三\n"


def test_that_a_question_stands_behind_its_topics_others_and_a_new_topic_at_the_end() -> None:
    source = "# 问法\na:\n  - 一句 # 常问\nb:\n- 别的\n# 末尾的话\n"
    assert files.with_lines(source, "a", ["两句", "三: 句"]) == source.replace(
        "常问\n", "常问\n  - 两句\n  - '三: 句'\n"
    )
    added = files.with_lines(source, "c", ["新的", "#新"])
    assert added == source.replace("别的\n", "别的\nc:\n  - 新的\n  - '#新'\n")
    assert files.without_value(added, ("c",)) == source
    assert files.with_lines(source, "b", ["另一句"]) == source.replace("- 别的\n", "- 别的\n- 另一句\n")


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_that_whatever_is_typed_is_read_back_as_it_was_or_refused(text: str) -> None:
    facts = "# 本所\na: {title: 电话, value: '', reviewed: 2026-11-25}\nb: {title: 地址, value: x}\n"
    for source, path in ((facts, ("a", "value")), ("- topic: a\n  short: 短\n  plain: 白\n", (0, "short"))):
        try:
            new = files.with_value(source, path, text)
        except EditError:
            continue
        value = yaml.safe_load(new)
        for step in path:
            value = value[step]
        assert value == text


def test_that_trainers_who_edit_by_hand_may_read_and_write_what_they_could_before(tmp_path: Path) -> None:
    os.umask(0o077)  # the trainer process's
    tmp_path.chmod(0o2775)
    path = tmp_path / "a.yml"
    path.write_text("a: 1\n", encoding="utf-8")
    path.chmod(0o664)
    files.write(Edit(path, "a: 1\n", "a: 2\n"))
    for new in (tmp_path / "b.yml", tmp_path / "new" / "c.yml"):
        files.write(Edit(new, None, "a: 1\n"))
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.rglob("*")}
    assert modes == {"a.yml": 0o664, "b.yml": 0o664, "new": 0o2775, "c.yml": 0o664}


def test_that_a_file_is_written_only_over_what_was_found_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("a: 1\n", encoding="utf-8")
    files.write(Edit(path, "a: 1\n", "a: 2\n"))
    assert path.read_text(encoding="utf-8") == "a: 2\n"
    with pytest.raises(EditError, match="改动过"):
        files.write(Edit(path, "a: 1\n", "a: 3\n"))
    files.write(Edit(path, "a: 2\n", None))
    assert not list(tmp_path.iterdir())
