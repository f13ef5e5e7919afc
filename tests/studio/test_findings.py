"""Findings of the data checks in the trainers' words."""

import json
from pathlib import Path

from bot.nlu.dataset import Dataset, findings
from bot.studio.findings import in_words


def test_that_every_kind_of_finding_is_told_in_chinese(small_project: Path) -> None:
    data = small_project / "nlu_data"
    intents = data / "intents"
    catalogue = (data / "catalogue.yml").read_text(encoding="utf-8")
    (data / "catalogue.yml").write_text(catalogue.replace("    noise: {", "    noisy: {"), encoding="utf-8")
    wifi = intents / "enquiry" / "wifi.yml"
    lines = wifi.read_text(encoding="utf-8").splitlines()[:6]
    wifi.write_text("\n".join([*lines, "    - [方括号]怎么写", "    - 多谢警官"]) + "\n", encoding="utf-8")
    thanks = intents / "other" / "thanks.yml"
    thanks.write_text(thanks.read_text(encoding="utf-8").replace("utter_other", "utter_another"), encoding="utf-8")
    greeting = intents / "other" / "greeting.yml"
    greeting.rename(greeting.with_name("greetings.yml"))
    (intents / "tip" / "drugs.yml").write_text("nlu: []\n", encoding="utf-8")
    hours = intents / "enquiry" / "station_hours.yml"
    hours.write_text(hours.read_text(encoding="utf-8") + "responses:\n  utter_x:\n  - text: x\n", encoding="utf-8")
    leak = {"id": "leak", "text": "好人一生平安呀", "intent": "other/nothing"}
    with (data / "test" / "messages.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(leak, ensure_ascii=False) + "\n")

    found = findings(Dataset(data))
    told = [in_words(finding) for finding in found]
    assert len(found) > 8
    for before, after in zip(found, told, strict=True):
        assert after != before, before
    assert any("/enquiry/wifi.yml（无线网络）" in words for words in told)
    assert any("enquiry/wifi（无线网络）, other/thanks（感谢）" in words for words in told)
    assert any("至少要 8 条" in words for words in told)
    assert any("“多谢警官”在两个标签下都有" in words for words in told)


def test_that_an_unknown_finding_stays_as_it_is() -> None:
    assert in_words("something new") == "something new"


def test_that_the_titles_are_those_of_the_data_that_was_checked() -> None:
    finding = "enquiry/umbrella: 3 examples, at least 8 are needed"
    assert in_words(finding) == "enquiry/umbrella 只有 3 条例句，至少要 8 条"
    assert in_words(finding, {"enquiry/umbrella": "借伞"}) == "enquiry/umbrella（借伞） 只有 3 条例句，至少要 8 条"
