"""The safety net: every rule's own examples, and changes of dress that must not change the verdict."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import spacy
import yaml

from bot.nlu.dataset import Dataset
from bot.nlu.safety_net import RULES, NetFinding, RulesError, SafetyNet

NET = SafetyNet.load()
HITS = [(rule.name, text) for rule in NET.rules.values() for text in rule.hits]
MISSES = [(rule.name, text) for rule in NET.rules.values() for text in rule.misses]


@pytest.mark.parametrize(("rule", "text"), HITS)
def test_that_a_rule_catches_its_examples(rule: str, text: str) -> None:
    finding = NET.read(text)
    assert finding is not None
    assert finding.intent.startswith("urgent_alarm/")
    assert finding.words


@pytest.mark.parametrize(("rule", "text"), MISSES)
def test_that_a_rule_leaves_its_counterexamples_alone(rule: str, text: str) -> None:
    assert NET.read(text) is None


def test_that_every_rule_shows_what_it_catches_and_what_it_leaves() -> None:
    assert [rule.name for rule in NET.rules.values() if not rule.hits or not rule.misses] == []


def test_that_every_intent_of_the_net_is_in_the_catalogue() -> None:
    catalogue = Dataset().catalogue
    assert {rule.intent for rule in NET.rules.values()} <= set(catalogue)


DRESSES = {
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "spaces around": lambda text: f"  {text}  ",
    "exclamation marks": lambda text: f"{text}！！！！",
    "emoji": lambda text: f"{text}😭😭🙏",
    "polite padding": lambda text: f"你好，麻烦您，{text}，谢谢",
    "invisible characters": lambda text: "\u200b".join(text),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize(("rule", "text"), HITS[::3])
def test_that_dress_does_not_hide_a_danger(dress: str, rule: str, text: str) -> None:
    assert NET.read(DRESSES[dress](text)) is not None


@pytest.mark.parametrize("dress", ["full width", "spaces around", "exclamation marks", "emoji"])
@pytest.mark.parametrize(("rule", "text"), MISSES[::3])
def test_that_dress_does_not_make_a_danger(dress: str, rule: str, text: str) -> None:
    assert NET.read(DRESSES[dress](text)) is None


@pytest.mark.parametrize("text", ["樓下有人拿刀砍人", "我家著火了", "有個小孩掉冰窟窿裡了"])
def test_that_traditional_characters_are_read(text: str) -> None:
    assert NET.read(text) is not None


@pytest.mark.parametrize("text", ["刚才报警是误会，人找到了", "孩子找到了谢谢你们", "火已经扑灭了，虚惊一场"])
def test_that_a_resolved_danger_is_no_danger(text: str) -> None:
    assert NET.read(text) is None


@pytest.mark.parametrize(
    ("now", "past"),
    [
        ("我老公正在打我救命", "三年前我老公打过我，现在离婚了，想问当年的告诫书"),
        ("楼下有人拿刀砍人", "去年楼下有人拿刀砍人的案子判了吗"),
    ],
)
def test_that_tense_decides(now: str, past: str) -> None:
    assert NET.read(now) is not None
    assert NET.read(past) is None


def test_that_a_person_who_cannot_speak_is_marked_silent() -> None:
    finding = NET.read("他在门口 我不敢出声")
    assert finding is not None
    assert finding.silent
    assert NET.silent("别给我打电话")
    assert not NET.silent("身份证丢了怎么补办")


def test_that_the_net_is_a_component_of_any_chinese_pipeline() -> None:
    nlp = spacy.blank("zh")
    nlp.add_pipe("safety_net")
    doc = nlp("快来 有人拿刀在楼下砍人")
    spans = doc.spans["danger"]
    assert {span.label_ for span in spans} == {"weapon"}
    assert [doc.text[span.start_char : span.end_char] for span in spans] == [span.text for span in spans]
    assert "砍人" in [span.text for span in spans]
    assert len(nlp("身份证丢了怎么补办").spans["danger"]) == 0


def test_that_threads_may_share_a_net() -> None:
    texts = [text for _, text in (*HITS, *MISSES)]
    alone = [NET.read(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert all(read == alone for read in threads.map(lambda _: [NET.read(text) for text in texts], range(8)))


def test_that_the_net_alone_gives_an_alarm_or_a_human() -> None:
    alarm = NET.triage("有人拿刀在楼下砍人")
    assert (alarm.label, alarm.source, alarm.uncertain) == ("urgent_alarm", "net", False)
    assert alarm.evidence[0].rule == "weapon"
    calm = NET.triage("身份证丢了怎么补办")
    assert (calm.label, calm.uncertain) == ("help_request", True)


def test_that_the_net_is_precise_on_the_training_messages() -> None:
    found: list[tuple[NetFinding, str]] = []
    for example in Dataset().training():
        finding = NET.read(example.text)
        if finding is not None:
            found.append((finding, example.label))
    wrong = [finding for finding, label in found if label != "urgent_alarm"]
    # The harmless twins among the training messages are written to fool exactly such rules.
    assert len(wrong) <= 0.10 * len(found), [(finding.rule, finding.words) for finding in wrong]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"intent": "tip/gambling"}, "must be one of urgent_alarm"),
        ({"patterns": ["@没有的表"]}, "no list of words"),
        ({"without_guards": ["没有的守卫"]}, "no guard"),
    ],
)
def test_that_a_mistake_in_the_rules_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    rules["dangers"] = [{**rules["dangers"][0], **change}]
    path = tmp_path / "safety_net.yml"
    path.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    with pytest.raises(RulesError, match=message):
        SafetyNet.load(path, typos=RULES.parent / "typos.tsv", dictionary=RULES.parent / "dictionary")
