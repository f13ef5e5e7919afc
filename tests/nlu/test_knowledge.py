"""The knowledge base: what is in it, what it does with unknown local facts, and how it refuses a broken edit."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bot.nlu import knowledge, live_file, wording
from bot.nlu.knowledge import ASPECTS, FITS, TITLE_CHARACTERS, load
from bot.nlu.live_file import LiveFile, TrainersFileError

BASE = load()
TOPIC = """
- topic: {name}
  title: 犬证
  source: 辽宁省养犬管理规定
  scope: national
  reviewed: 2026-11-25
  short: 带材料来办。
  plain: 来办就行。
  aspects:
    fee: {{text: "收{{dog_fee}}。", unknown: 收费由派出所确认。, scope: local}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    answers = tmp_path / "answers"
    answers.mkdir()
    (tmp_path / "local_facts.yml").write_text("dog_fee: {title: 收费, value: '', reviewed: 2026-10-01}\n")
    (answers / "dog_licence.yml").write_text(TOPIC.format(name="dog_licence"), encoding="utf-8")
    return answers


def test_that_at_least_ninety_topics_are_answered_by_aspect_with_source_and_date() -> None:
    assert len(BASE.topics) >= 90
    for topic in BASE.topics.values():
        assert len(topic.title) <= TITLE_CHARACTERS
        for fact in (topic.short, topic.plain, *topic.aspects.values()):
            assert fact.source
            assert fact.text
            assert "{" not in fact.text, topic.id


def test_that_every_enquiry_intent_has_a_topic() -> None:
    catalogue = yaml.safe_load((knowledge.ANSWERS.parent / "catalogue.yml").read_text(encoding="utf-8"))
    assert {f"enquiry/{name}" for name in catalogue["enquiry"]["intents"]} == set(BASE.intents)


def test_that_answers_fit_a_phone_screen() -> None:
    long = [
        (topic.id, len(fact.text))
        for topic in BASE.topics.values()
        for fact in (topic.short, *topic.aspects.values())
        if len(fact.text) > 120
    ]
    assert long == []


def test_that_every_aspect_can_be_asked_for() -> None:
    words = wording.load()
    assert set(words.titles) == {*ASPECTS, wording.PLAIN}
    for aspect, title in words.titles.items():
        assert words.read(title).aspects == (aspect,), title


def test_that_an_unknown_local_fact_is_never_guessed(folder: Path) -> None:
    fee = load(folder).topics["dog_licence"].aspects["fee"]
    assert (fee.text, fee.unconfirmed, fee.stated) == ("收费由派出所确认。", ("dog_fee",), ())
    assert "2026-11-25核对" in fee.told(), "nothing of the fact is said, so its day does not count"
    (folder.parent / "local_facts.yml").write_text("dog_fee: {title: 收费, value: 100元, reviewed: 2026-10-01}\n")
    fee = load(folder).topics["dog_licence"].aspects["fee"]
    assert (fee.text, fee.unconfirmed, fee.stated) == ("收100元。", (), ("dog_fee",))
    assert fee.told() == "收100元。\n（辽宁省养犬管理规定 · 2026-10-01核对 · 以派出所答复为准）"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("short: 带材料来办。", "", "缺少 short"),
        ("title: 犬证", "title: 这个标题长得按钮上放不下了", "放不下"),
        ("scope: national", "scope: everywhere", "scope"),
        ("reviewed: 2026-11-25", "reviewed: 昨天", "2026-11-25"),
        ("unknown: 收费由派出所确认。, ", "", "unknown"),
        ("{dog_fee}", "{cat_fee}", "local_facts"),
        ("fee:", "price:", "不认识的角度"),
        ("topic: dog_licence", "topic: other_name", "默认主题"),
        ("title: 犬证", "title: [", "YAML"),
        ("  plain", "  related: [nowhere]\n  plain", "不存在"),
    ],
)
def test_that_a_mistake_is_named_with_how_to_mend_it(folder: Path, old: str, new: str, told: str) -> None:
    path = folder / "dog_licence.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(TrainersFileError, match=told):
        load(folder)


def test_that_an_edit_is_alive_at_once_and_a_broken_one_keeps_the_last(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_file, "LOOK_AGAIN_SECONDS", 0)
    base = LiveFile(lambda: load(folder), lambda: folder.glob("*.yml"))
    path = folder / "dog_licence.yml"

    def edit(text: str) -> None:
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(path.stat().st_mtime_ns + 1_000_000_000,) * 2)

    shipped = path.read_text(encoding="utf-8")
    edit(shipped.replace("带材料来办。", "带身份证来办。"))
    assert base.current().topics["dog_licence"].short.text == "带身份证来办。"
    edit("- topic: [")
    assert base.current().topics["dog_licence"].short.text == "带身份证来办。"
    assert base.problem
    edit(shipped)
    assert base.current().topics["dog_licence"].short.text == "带材料来办。"
    assert base.problem is None


def test_that_the_words_of_a_question_choose_the_topic(folder: Path) -> None:
    shutil.copy(folder / "dog_licence.yml", folder / "spare")
    text = (folder / "dog_licence.yml").read_text(encoding="utf-8")
    stray = TOPIC.format(name="dog_stray").replace("title: 犬证", "title: 捡来的狗\n  when: [捡]")
    (folder / "dog_licence.yml").write_text(stray + text, encoding="utf-8")
    base = load(folder)
    chosen = [base.choose("enquiry/dog_licence", text) for text in ("捡的狗能办证吗", "犬证怎么办")]
    assert [topic and topic.id for topic in chosen] == ["dog_stray", "dog_licence"]
    assert base.choose("enquiry/nothing", "?") is None
    assert base.titled("捡来的狗") is chosen[0]


def test_that_a_letter_in_two_words_counts_once_and_what_dots_stand_for_not_at_all() -> None:
    topic = replace(BASE.topics["dog_licence"], when=("打官司", "官司", "户主…改"))
    assert BASE.letters(topic, "打官司没钱") == 3
    assert BASE.letters(topic, "户主想从我爷改成我爸") == 3
    assert BASE.letters(topic, "改户主") == 0


def test_that_the_words_of_a_topic_are_looked_for_in_small_letters_as_questions_are_read() -> None:
    assert all(word == word.lower() for topic in BASE.topics.values() for word in topic.when)
    assert BASE.names(BASE.topics["bot_services_profile"], "v警是啥")


def test_that_the_particle_behind_a_question_is_no_part_of_what_is_asked() -> None:
    found = BASE.shared("enquiry/household_name_change", "能改名不")
    assert not found or found[0].score == BASE.shared("enquiry/household_name_change", "能改名")[0].score


def test_that_a_topic_without_english_says_what_its_intent_says() -> None:
    damaged = BASE.topics["idcard_lost_damaged"]
    assert not damaged.english
    assert BASE.english(damaged) == BASE.topics["idcard_lost"].english


def test_that_topics_of_all_likely_intents_compete() -> None:
    death = {"household_death": 5.0, "household_death_head": 1.0}
    ranked = [
        {"name": "enquiry/household_death", "confidence": 0.6, FITS: death},
        {"name": "enquiry/household_split", "confidence": 0.4},
    ]
    likely = BASE.likely("老人没了，本上的主换谁", ranked)
    assert sum(share for _, share in likely) == pytest.approx(1)
    assert {topic.intent for topic, _ in likely} == {"enquiry/household_death", "enquiry/household_split"}
    assert BASE.likely("?", [{"name": "enquiry/nothing", "confidence": 1.0}]) == []


def test_that_a_topic_written_since_the_training_is_found_by_its_words() -> None:
    fits = {topic.id: 0.0 for topic in BASE.topics.values() if topic.intent == "enquiry/dog_licence"}
    fits["dog_licence"] = 2.0
    del fits["dog_licence_count"]
    intent = "enquiry/dog_licence"
    chosen = [BASE.choose(intent, text, fits) for text in ("再养第二只还能上证不", "办狗证")]
    assert [topic.id for topic in chosen if topic] == ["dog_licence_count", "dog_licence"]
