"""What the bot says: answers by aspect, choices. Skipped where Rasa is not installed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu import answers, knowledge, live_file, wording
from bot.nlu.answers import HUMAN, StationAnswers, answer, which_topic
from bot.nlu.publication import QUESTION
from bot.nlu.question import Question

BASE, WORDS = knowledge.load(), wording.load()
LOST = BASE.topics["idcard_lost"]
TOPIC = """
- topic: wifi
  title: 大厅无线网
  source: 本所
  scope: local
  reviewed: 2026-11-25
  short: {short}
  plain: 大厅有网。
"""


def titles(said: dict[str, Any]) -> list[str]:
    return [button["title"] for button in said["buttons"]]


def tracker(text: str, asked: Question | None = None, **slots: Any) -> DialogueStateTracker:
    """A conversation whose last message is `text`, with the question that the channel has found in it."""
    kept = DialogueStateTracker("a", [AnySlot(name, mappings=[]) for name in slots])
    parse_data: Any = {QUESTION: asked.to_json()} if asked else {}
    kept.update(UserUttered(text, parse_data=parse_data))
    for name, value in slots.items():
        kept.update(SlotSet(name, value))
    return kept


def said(speaker: StationAnswers, response: str, conversation: DialogueStateTracker) -> dict[str, Any]:
    generated = asyncio.run(speaker.generate(response, conversation, "fujin"))
    assert generated is not None
    return generated


# -- answers --------------------------------------------------------------------------------------------------------


def test_that_a_topic_alone_gets_its_short_answer_with_source_and_date() -> None:
    told = answer(Question(("idcard_lost",)), BASE, WORDS)
    assert told["text"] == LOST.short.told()
    assert f"（{LOST.short.source} · " in told["text"]
    assert "核对" in told["text"]


def test_that_an_aspect_gets_its_own_text_and_two_get_both() -> None:
    fee, time = LOST.aspects["fee"], LOST.aspects["time"]
    assert answer(Question(("idcard_lost",), ("fee",)), BASE, WORDS)["text"] == fee.told()
    both = answer(Question(("idcard_lost",), ("fee", "time")), BASE, WORDS)["text"]
    assert both == f"{fee.told()}\n\n{time.told()}"


def test_that_plain_words_are_plain() -> None:
    assert answer(Question(("idcard_lost",), ("plain",)), BASE, WORDS)["text"] == LOST.plain.told()


def test_that_two_topics_are_told_apart_each_by_what_was_asked_of_it() -> None:
    told = answer(Question(("idcard_lost", "dog_licence"), ("materials", "")), BASE, WORDS)
    first, second = told["text"].split("\n\n【")
    assert first == f"【{LOST.title}】{LOST.aspects['materials'].told()}"
    assert second == f"{BASE.topics['dog_licence'].title}】{BASE.topics['dog_licence'].short.told()}"
    assert titles(told) == [LOST.title, BASE.topics["dog_licence"].title]


def test_that_an_aspect_that_the_topic_lacks_is_said_to_be_lacking_and_a_human_offered() -> None:
    lacking = replace(LOST, aspects={name: fact for name, fact in LOST.aspects.items() if name != "agent"})
    base = knowledge.Knowledge({**BASE.topics, LOST.id: lacking}, BASE.local_facts)
    told = answer(Question(("idcard_lost",), ("agent",)), base, WORDS)["text"]
    assert told.startswith(f"“{WORDS.titles['agent']}”这一点我没有准确的说法")
    assert HUMAN in told
    assert told.endswith(LOST.short.told())


def test_that_there_are_at_most_four_buttons_and_each_says_something_new() -> None:
    for topic in BASE.topics.values():
        for aspect in ("", *topic.aspects):
            offered = titles(answer(Question((topic.id,), (aspect,) if aspect else ()), BASE, WORDS))
            assert len(offered) <= 4, topic.id
            assert len(set(offered)) == len(offered), topic.id
            assert not aspect or WORDS.titles[aspect] not in offered, topic.id


def test_that_every_button_of_an_answer_is_understood_when_it_is_tapped() -> None:
    aspects = {title: name for name, title in WORDS.titles.items()}
    for topic in BASE.topics.values():
        for title in titles(answer(Question((topic.id,)), BASE, WORDS)):
            assert BASE.titled(title) or aspects[title] in WORDS.read(title).aspects, (topic.id, title)


def test_that_a_local_fact_that_nobody_has_confirmed_is_never_guessed() -> None:
    unconfirmed = [
        (topic.id, aspect)
        for topic in BASE.topics.values()
        for aspect, fact in topic.aspects.items()
        if fact.unconfirmed
    ]
    assert unconfirmed
    for topic, aspect in unconfirmed:
        assert "以派出所答复为准" in answer(Question((topic,), (aspect,)), BASE, WORDS)["text"]


# -- choices --------------------------------------------------------------------------------------------------------


def test_that_an_unclear_question_is_asked_back_with_its_choices_and_a_human() -> None:
    asked = which_topic(Question(choices=("户口迁入", "夫妻投靠", "户口迁入")))
    assert titles(asked) == ["户口迁入", "夫妻投靠", HUMAN]


def test_that_what_is_beyond_the_knowledge_base_is_said_so() -> None:
    beyond = which_topic(Question())
    assert "没有准确的说法" in beyond["text"]
    assert titles(beyond) == [HUMAN]


# -- in English -----------------------------------------------------------------------------------------------------


def test_that_a_question_in_english_is_answered_in_english_or_told_why_not(speaker: StationAnswers) -> None:
    conversation = tracker("How do I extend my visa here?", Question(("passport",)))
    assert said(speaker, "utter_enquiry/passport", conversation)["text"].startswith(BASE.topics["passport"].english)
    lost = tracker("How can I get a seal for my shop?", Question(("seal",)))
    assert said(speaker, "utter_enquiry/seal", lost)["text"].startswith("Sorry")
    asked_back = said(speaker, "utter_which_topic", tracker("can you help me with the thing", Question()))
    assert titles(asked_back) == [HUMAN]
    assert "officer" in asked_back["text"]


def test_that_what_was_perhaps_asked_in_english_is_told_as_that(speaker: StationAnswers) -> None:
    passport = BASE.topics["passport"]
    guess = said(speaker, "utter_which_topic", tracker("what about my paper", Question(choices=(passport.title,))))
    assert guess["text"].startswith("I am not sure")
    assert passport.english in guess["text"]
    assert titles(guess) == [HUMAN]


def test_that_what_nothing_is_known_of_is_said_so_and_what_is_certain_beside_it() -> None:
    unsure = answer(Question(("idcard_lost",), ("unsure", "short")), BASE, WORDS)
    assert "不敢乱说" in unsure["text"]
    assert unsure["text"].endswith(LOST.short.told())
    assert titles(unsure)[0] == HUMAN
    assert LOST.short.text not in answer(Question(("idcard_lost",), ("unsure",)), BASE, WORDS)["text"]


# -- in Rasa --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def speaker() -> StationAnswers:
    return StationAnswers(domain=Domain.from_dict({"responses": {"utter_other": [{"text": "您好"}]}}))


def test_that_the_channels_question_decides_what_is_answered(speaker: StationAnswers) -> None:
    conversation = tracker("多少钱", Question(("idcard_lost",), ("fee",)))
    assert said(speaker, "utter_enquiry/idcard_fee", conversation)["text"] == LOST.aspects["fee"].told()
    assert titles(said(speaker, "utter_which_topic", tracker("户口", Question(choices=("户口迁入",))))) == [
        "户口迁入",
        HUMAN,
    ]


def test_that_plain_rasa_without_the_channel_answers_by_the_words_alone(speaker: StationAnswers) -> None:
    assert said(speaker, "utter_enquiry/idcard_lost", tracker("身份证丢了，补一张多少钱"))["text"] == (
        LOST.aspects["fee"].told()
    )


def test_that_all_else_is_said_as_the_domain_has_it(speaker: StationAnswers) -> None:
    assert said(speaker, "utter_other", tracker("你好"))["text"] == "您好"


def test_that_an_edited_answer_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    (tmp_path / "local_facts.yml").write_text("{}", encoding="utf-8")
    file = folder / "wifi.yml"
    file.write_text(TOPIC.format(short="密码问窗口。"), encoding="utf-8")
    live = knowledge.live(folder)
    monkeypatch.setattr(answers.knowledge, "live", lambda: live)
    monkeypatch.setattr(live_file, "LOOK_AGAIN_SECONDS", 0)
    speaker = StationAnswers(domain=Domain.empty())
    conversation = tracker("无线网", Question(("wifi",)))
    assert "密码问窗口" in said(speaker, "utter_enquiry/wifi", conversation)["text"]
    file.write_text(TOPIC.format(short="密码贴在大厅墙上。"), encoding="utf-8")
    assert "密码贴在大厅墙上" in said(speaker, "utter_enquiry/wifi", conversation)["text"]
    file.write_text("- topic: [坏", encoding="utf-8")
    assert "密码贴在大厅墙上" in said(speaker, "utter_enquiry/wifi", conversation)["text"]


# -- the offer to begin ----------------------------------------------------------------------------------------------


def test_that_an_offer_to_begin_is_made_once_and_to_nobody_who_only_asks() -> None:
    speaker, licence = StationAnswers(), Question(("residence_permit_apply",))
    offer = "回“我要办居住证”就开始"
    first = tracker("居住证怎么办", licence)
    assert offer in said(speaker, "utter_enquiry/residence_permit_apply", first)["text"]
    only_asks = said(speaker, "utter_enquiry/residence_permit_apply", tracker("就是打听打听居住证怎么办", licence))
    assert offer not in only_asks["text"]
    assert any(button["title"] == "我要办居住证" for button in only_asks["buttons"])
    again = tracker("居住证怎么办", licence)
    again.update(BotUttered("现在就想办，回“我要办居住证”就开始。"))
    again.update(UserUttered("那居住证都得谁办", parse_data={QUESTION: licence.to_json()}))
    assert offer not in said(speaker, "utter_enquiry/residence_permit_apply", again)["text"]
