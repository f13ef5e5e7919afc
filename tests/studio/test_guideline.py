"""The guideline's words for a label are at hand."""

from pathlib import Path

from bot.nlu.catalogue import titles
from bot.nlu.triage import LABELS
from bot.studio.guideline import guidance, scopes, search


def test_that_every_intent_has_its_scope_and_its_labels_words() -> None:
    for intent in (name for name in titles() if "/" in name):
        told = guidance(intent)
        assert told.scope, intent
        assert told.act, intent
        assert told.within, intent


def test_that_every_label_has_rules_that_name_it() -> None:
    for label in LABELS:
        rules = guidance(f"{label}/x").rules
        assert rules
        assert not any("**" in rule for rule in rules)
    assert any(rule.startswith("危险优先") for rule in guidance("urgent_alarm/fire").rules)


def test_that_without_a_guideline_the_page_still_stands(tmp_path: Path) -> None:
    (tmp_path / "catalogue.yml").write_text("tip: {title: 线索, intents: {x: {title: 某}}}", encoding="utf-8")
    assert guidance("tip/x", tmp_path).rules == ()
    assert scopes(tmp_path) == {"tip/x": ""}


def test_that_an_intent_is_found_by_its_title_its_scope_and_its_name() -> None:
    assert search("火情")[0] == "urgent_alarm/fire"
    assert "urgent_alarm/robbery" in search("飞车")
    assert search("lost_pet") == ["help_request/lost_pet"]
    assert search("") == search("没有这种类别的") == []
    assert len(search("的")) <= 9
