"""What the health of the data finds."""

import io
import json
import tarfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.nlu import pointer
from bot.nlu.dataset import FEWEST_EXAMPLES, NEAR, trigrams
from bot.studio import corpus, files, health
from bot.studio.corpus import Corpus, Held
from bot.studio.files import EditError
from bot.studio.health import Checkup, Health, LeftOut, confusions, styles_of, suspects

TODAY = date(2026, 11, 25)
FIRE, NOISE, THANKS = "urgent_alarm/fire", "help_request/noise", "other/thanks"


def archive(path: Path, readings: list[dict[str, Any]]) -> Path:
    """A model's archive as far as it is looked into."""
    data = json.dumps(readings, ensure_ascii=False).encode()
    with tarfile.open(path, "w:gz") as file:
        member = tarfile.TarInfo("components/train_bot.nlu.classifier.TriageClassifier4/left_out.json")
        member.size = len(data)
        file.addfile(member, io.BytesIO(data))
    return path


def reading(text: str, intent: str, **shares: float) -> LeftOut:
    names = {"fire": FIRE, "noise": NOISE, "thanks": THANKS}
    return LeftOut(text, intent, tuple((names[name], share) for name, share in shares.items()))


def test_that_a_label_is_doubted_where_another_one_is_as_sure_as_it_is_of_its_own() -> None:
    readings = [
        reading("着火了", FIRE, fire=0.9),
        reading("楼道冒烟", FIRE, fire=0.7, noise=0.3),
        reading("楼上太吵", NOISE, noise=0.9),
        reading("半夜放炮", NOISE, fire=0.7, noise=0.3),  # less than what fire gives its own on average
        reading("楼里起火了快来", NOISE, fire=0.95, noise=0.05),
        reading("多谢", THANKS, noise=0.99, thanks=0.01),
        reading("谢谢", THANKS, thanks=0.9),
    ]
    found = suspects(readings)
    assert [(item.text, item.suggested, item.urgency) for item in found] == [
        ("楼里起火了快来", FIRE, True),
        ("多谢", NOISE, False),
    ]


def test_that_confused_intents_are_counted_both_ways() -> None:
    readings = [
        reading("一", FIRE, noise=0.6, fire=0.4),
        reading("二", NOISE, fire=0.5),
        reading("三", FIRE, noise=0.9),
    ]
    (pair,) = confusions(readings)
    assert (pair.one, pair.other, pair.one_as_other, pair.other_as_one) == (NOISE, FIRE, 1, 2)
    assert pair.count == 3


@pytest.mark.parametrize(
    ("text", "styles"),
    [
        ("身份证丢了，去哪补办？", set()),
        ("咋整啊 我家狗丢了", {"dialect"}),
        ("我在楼下看见一个人一直在拉别人的车门你们快过来看看吧", {"voice"}),
        ("身份證丟了怎麼補辦", {"traditional"}),
        ("wo de shenfenzheng diu le zenme ban", {"latin"}),
        ("谢谢你们帮我找到了🙏", {"emoji"}),
        ("救命", {"short"}),
        ("你好，" * 60, {"long"}),
    ],
)
def test_that_a_style_is_told_by_what_anybody_can_see(text: str, styles: set[str]) -> None:
    assert styles_of(text) == styles


def test_that_the_shares_of_a_style_and_the_intents_without_it_are_counted(small_project: Path) -> None:
    known = corpus.load(small_project / "nlu_data")
    said = (("着火啦🔥", FIRE), ("楼道冒烟了快来", FIRE), ("谢谢您", THANKS))
    many = tuple(Held(text, text, intent) for text, intent in said)
    found = {style.name: style for style in health._styles(Corpus(known.titles, many, (), (), known.normalise))}
    assert found["emoji"].shares == {"urgent_alarm": 0.5, "other": 0.0}
    assert found["emoji"].without == tuple(intent for intent in known.titles if intent != FIRE)


def test_that_what_is_thin_and_what_few_tests_judge_is_counted_by_intent_and_label() -> None:
    few, enough = health.FEW_TESTS - 1, health.FEW_TESTS
    fire = health.IntentCount(FIRE, "火情", 2 * FEWEST_EXAMPLES - 1, enough)
    general = health.IntentCount("urgent_alarm/general_alarm", "其他警情", 2 * FEWEST_EXAMPLES, few)
    assert [(one.thin, one.few_tests) for one in (fire, general)] == [(True, False), (False, True)]
    sums = Health((fire, general), (), (), (), (), (), {}, (), (), {}, None, health.Asked(0, 0, ()), ()).by_label()
    assert sums["urgent_alarm"] == (4 * FEWEST_EXAMPLES - 1, few + enough)
    assert sums["other"] == (0, 0)


def test_that_every_pair_that_shares_enough_is_found_and_no_other(small_project: Path) -> None:
    known = corpus.load(small_project / "nlu_data")
    twins = [Held(f"{held.text}吧", f"{held.normal}吧", THANKS) for held in known.training[:60]]
    many = (*known.training[:300], *twins)
    pairs, _ = health.near_same(Corpus(known.titles, many, (), (), known.normalise))
    grams = [trigrams(held.normal) for held in many]
    expected = {
        (many[one].text, many[other].text)
        for one in range(len(many))
        for other in range(one + 1, len(many))
        if len(grams[one] & grams[other]) >= NEAR * len(grams[one] | grams[other])
    }
    assert expected
    assert {(pair.one.text, pair.other.text) for pair in pairs} == expected
    assert [pair.conflicting for pair in pairs] == sorted((pair.conflicting for pair in pairs), reverse=True)


def test_that_contradictions_leaks_and_what_is_due_are_found_and_looked_for_again_after_an_edit(
    small_project: Path,
) -> None:
    data, models = small_project / "nlu_data", small_project / "models"
    checkup = Checkup(data, models)
    before = checkup.current(TODAY)
    assert (before.model, before.suspects, before.leaks) == (None, (), ())
    assert before.due == ()
    assert "parking" in [fact.name for fact in before.open_facts()]
    assert checkup.current(TODAY) is before
    assert before.findings == ()
    assert before.asked.questions > 0
    topics = {
        path: list(yaml.safe_load(path.read_text("utf-8"))) for path in sorted((data / "questions").glob("*.yml"))
    }
    questions, (topic, unasked, *_) = next((path, names) for path, names in topics.items() if len(names) > 1)
    questions.write_text(f"{topic}:\n- 就这一句\n- 就这一句\nno_such_topic:\n- 另一句\n", encoding="utf-8")
    asked = checkup.current(TODAY)
    assert {(unasked, 0), ("no_such_topic", 1), (topic, 2)} <= set(asked.asked.few)
    assert [number for _, number in asked.asked.few] == sorted(number for _, number in asked.asked.few)
    assert "follow_up" not in dict(asked.asked.few), "what only goes on with another topic is not asked for"
    assert any("“就这一句”不止一次" in finding for finding in asked.findings)
    assert any("no_such_topic" in finding for finding in asked.findings)
    known = corpus.load(data)
    path = data / "intents" / "other" / "greeting.yml"
    twin, tested = known.of(THANKS)[5].text, known.test[0]
    path.write_text(files.with_examples(path.read_text(encoding="utf-8"), [twin, tested.text]), encoding="utf-8")
    noise = known.of(NOISE)
    archive(
        models / "fujin-1.tar.gz",
        [
            {"text": noise[0].text, "intent": NOISE, "ranking": [[FIRE, 0.99], [NOISE, 0.01]]},
            {"text": noise[1].text, "intent": NOISE, "ranking": [[NOISE, 0.99]]},
            {"text": known.of(FIRE)[0].text, "intent": FIRE, "ranking": [[FIRE, 0.9]]},
            {"text": "早就删掉的一句", "intent": NOISE, "ranking": [[FIRE, 0.99]]},
        ],
    )
    after = checkup.current(TODAY)
    assert after.model == "fujin-1"
    assert [(item.text, item.suggested) for item in after.suspects] == [(noise[0].text, FIRE)]
    assert after.pairs[0].conflicting
    assert {after.pairs[0].one.text, after.pairs[0].other.text} == {twin}
    assert [(leak.held.text, leak.test_id) for leak in after.leaks] == [(tested.text, tested.id)]
    due = checkup.current(TODAY + timedelta(days=366)).due
    assert ("wifi", "short") in {(item.topic, item.aspect) for item in due}


def test_that_an_answer_is_due_with_the_local_fact_that_it_states_and_the_facts_stand_in_the_order_of_their_need(
    small_project: Path,
) -> None:
    data = small_project / "nlu_data"
    path = data / "local_facts.yml"
    filled = path.read_text(encoding="utf-8")
    for name, value, day in (("wifi_name", "大厅网", "2025-10-01"), ("wifi_password", "12345678", "2026-11-01")):
        filled = files.with_value(filled, (name, "value"), value)
        filled = files.with_value(filled, (name, "reviewed"), date.fromisoformat(day))
    path.write_text(filled, encoding="utf-8")
    found = health.examine(data, None, TODAY)
    assert {(item.topic, item.aspect, item.stale) for item in found.due} >= {
        ("wifi", "short", ("WIFI名称",)),
        ("wifi", "place", ("WIFI名称",)),
    }
    assert ("wifi", "fee") not in {(item.topic, item.aspect) for item in found.due}
    assert [(fact.name, fact.due) for fact in found.facts[-2:]] == [("wifi_name", True), ("wifi_password", False)]
    assert all(not fact.value and not fact.due for fact in found.facts[:-2])
    assert [fact.name for fact in found.open_facts()] == [fact.name for fact in found.facts[:-1]]
    again = files.with_value(filled, ("wifi_name", "reviewed"), TODAY)
    path.write_text(again, encoding="utf-8")
    assert health.examine(data, None, TODAY).due == ()


def test_that_the_live_model_is_the_one_pointed_to_and_else_the_newest(tmp_path: Path) -> None:
    assert health.live_model(tmp_path) is None
    first, second = (archive(tmp_path / f"fujin-{name}.tar.gz", []) for name in "ab")
    (tmp_path / "live").write_text("fujin-a\n", encoding="utf-8")
    assert health.live_model(tmp_path) == first
    (tmp_path / "live").write_text("fujin-gone\n", encoding="utf-8")
    assert health.live_model(tmp_path) in (first, second)


def test_that_a_live_model_that_cannot_be_read_is_named(small_project: Path) -> None:
    models = small_project / "models"
    models.mkdir(exist_ok=True)
    model = archive(models / "fujin-a.tar.gz", [{"text": f"第{number}句", "intent": FIRE} for number in range(9999)])
    model.write_bytes(model.read_bytes()[:2000])
    pointer.point_to(models, "fujin-a")
    with pytest.raises(EditError, match=r"fujin-a.*读不出来"):
        Checkup(small_project / "nlu_data", models).current(TODAY)
