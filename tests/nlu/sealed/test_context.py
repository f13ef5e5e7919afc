"""What the conversation says about a message."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.shared.core.events import ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu import forms
from bot.nlu.context import SLEEPING, Context, Meaning, Readers
from bot.nlu.publication import QUESTION, selection
from bot.nlu.question import Question
from bot.nlu.triage import ONE_TAP, Evidence, Triage

UNCLEAR = Triage(
    "enquiry",
    0.5,
    "enquiry/household_spouse",
    uncertain=True,
    options=("enquiry/household_spouse", "urgent_alarm/domestic_violence", "help_request/family_dispute"),
)
WHISPER = Triage("urgent_alarm", 0.4, "urgent_alarm/silent_call")
OFF_TOPIC = Triage("other", 0.9, "other/off_topic")
READERS = Readers()
SLOTS = ["requested_slot", SLEEPING, *(slot for form in forms.load().forms.values() for slot in form.slots)]
DOG_NAME = [ActiveLoop("dog_licence_form"), SlotSet("requested_slot", "dog_name")]


def read(text: str, triage: Triage, *entities: tuple[str, int, int], topics: Any = ()) -> dict[str, Any]:
    return {
        "text": text,
        "intent": {"name": triage.label, "confidence": triage.confidence},
        "entities": [{"entity": kind, "start": start, "end": end} for kind, start, end in entities],
        "triage": triage.to_json(),
        "topics": [{"name": f"enquiry/{name}", "confidence": share} for name, share in topics],
        "response_selector": selection(triage),
    }


def tap(title: str, label: str) -> dict[str, Any]:
    return read(title, Triage(label, 1.0, f"{label}/general", (Evidence(ONE_TAP, (title,)),)))


def said(triage: Triage, text: str = "…", asked: Question | None = None) -> UserUttered:
    parse_data = {"triage": triage.to_json(), "intent": {"name": triage.label}, "entities": []}
    if asked:
        parse_data[QUESTION] = asked.to_json()
    return UserUttered(text, parse_data=parse_data)  # type: ignore[arg-type]


def meaning(
    parse_data: dict[str, Any],
    *events: Event,
    joined: dict[str, Any] | None = None,
    others: dict[str, dict[str, Any]] | None = None,
    alarm_open: bool = False,
) -> Meaning:
    """What a message means after these events; a text that the test did not plan to be read fails it."""
    tracker = DialogueStateTracker("a", [AnySlot(name, mappings=[]) for name in dict.fromkeys(SLOTS)])
    for event in events:
        tracker.update(event)
    context = Context(tracker, READERS, alarm_open=alarm_open, today=date(2026, 11, 25))

    async def parse(text: str) -> dict[str, Any]:
        return (others or {})[text]

    return asyncio.run(context.meaning(parse_data, joined, parse))


# -- the clarifying question ----------------------------------------------------------------------------------------


def test_that_a_tap_decides_about_the_message_that_was_unclear() -> None:
    parse_data = meaning(tap("现在有危险", "urgent_alarm"), said(UNCLEAR)).parse_data
    assert parse_data["triage"]["intent"] == "urgent_alarm/domestic_violence"
    assert parse_data["triage"]["evidence"] == [{"rule": ONE_TAP, "words": ["现在有危险"]}]
    chosen = parse_data["response_selector"]["urgent_alarm"]["response"]
    assert chosen["utter_action"] == "utter_urgent_alarm/domestic_violence"


def test_that_a_tap_answers_the_latest_unclear_message_once() -> None:
    answered = Triage("enquiry", 1.0, "enquiry/household_spouse", (Evidence(ONE_TAP, ("咨询办事",)),))
    again = tap("现在有危险", "urgent_alarm")
    assert meaning(again, said(UNCLEAR), said(answered)).parse_data == again


# -- forms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "triage"),
    [
        ("我住大东路1号", WHISPER),
        ("来福", Triage("urgent_alarm", 0.6, "urgent_alarm/suicide_self")),
        ("泰迪，棕色的", Triage("help_request", 0.95, "help_request/lost_pet")),
        ("电话幺三八零零幺三八零零零", Triage("urgent_alarm", 0.5, "urgent_alarm/fire")),
    ],
)
def test_that_a_value_answers_the_form_whatever_it_looks_like_alone(text: str, triage: Triage) -> None:
    answer = meaning(read(text, triage), *DOG_NAME, others={"电话 ": read("电话", OFF_TOPIC)})
    assert answer.parse_data["intent"]["name"] == "form_answer"
    assert answer.parse_data["triage"]["intent"] == "enquiry/dog_licence"
    assert answer.before == ()


@pytest.mark.parametrize(
    ("text", "triage"),
    [
        ("救命 大东路1号", Triage("urgent_alarm", 0.9, "urgent_alarm/silent_call", source="net")),
        ("快来人", WHISPER),
        ("他拿刀堵在大东路1号我家门口不让我出去", Triage("urgent_alarm", 0.9, "urgent_alarm/captivity")),
    ],
)
def test_that_an_alarm_in_words_puts_the_form_to_sleep(text: str, triage: Triage) -> None:
    beside = read("", Triage("urgent_alarm", 0.9, "urgent_alarm/captivity"))
    heard = meaning(read(text, triage), *DOG_NAME, others={"他拿刀堵在大东路 我家门口不让我出去": beside})
    assert heard.parse_data["triage"]["label"] == "urgent_alarm"
    assert heard.before == (SlotSet(SLEEPING, "dog_licence_form"), ActiveLoop(None))


def test_that_in_an_open_alarm_nothing_lands_in_the_form() -> None:
    heard = meaning(read("豆豆", OFF_TOPIC), *DOG_NAME, alarm_open=True)
    assert heard.parse_data["intent"]["name"] == "other"
    assert ActiveLoop(None) in heard.before


def test_that_the_form_wakes_when_the_alarm_is_over() -> None:
    asleep = [*DOG_NAME, SlotSet(SLEEPING, "dog_licence_form"), ActiveLoop(None)]
    heard = meaning(read("豆豆", OFF_TOPIC), *asleep)
    assert heard.parse_data["intent"]["name"] == "form_answer"
    assert heard.before == (ActiveLoop("dog_licence_form"), SlotSet(SLEEPING, None))


def test_that_thanks_are_no_dogs_name() -> None:
    heard = meaning(read("真行啊", Triage("other", 0.95, "other/insult")), *DOG_NAME)
    assert heard.parse_data["intent"]["name"] == "other"


def test_that_a_wish_begins_a_form_also_after_the_answer_about_it() -> None:
    enquiry = Triage("enquiry", 0.9, "enquiry/dog_licence")
    assert meaning(read("我要办犬证", enquiry)).parse_data["intent"]["name"] == "apply_dog_licence"
    asked = said(enquiry, "犬证怎么办", Question(("dog_licence",)))
    assert meaning(read("那办吧", OFF_TOPIC), asked).parse_data["intent"]["name"] == "apply_dog_licence"


# -- questions ------------------------------------------------------------------------------------------------------

LOST = said(Triage("enquiry", 0.99, "enquiry/idcard_lost"), "身份证丢了咋补", Question(("idcard_lost",)))


@pytest.mark.parametrize(
    ("text", "aspect"),
    [("那要带啥", "materials"), ("多少钱", "fee"), ("我妈能替我去不", "agent"), ("人话说一下", "plain")],
)
def test_that_a_question_without_a_subject_is_about_the_topic_before_it(text: str, aspect: str) -> None:
    question = meaning(read(text, OFF_TOPIC), LOST).parse_data[QUESTION]
    assert question["topics"] == ["idcard_lost"]
    assert question["aspects"] == [aspect]


def test_that_a_question_with_a_subject_stands_alone() -> None:
    new = read(
        "居住证多少钱",
        Triage("enquiry", 0.99, "enquiry/residence_permit_apply"),
        topics=[("residence_permit_apply", 0.97)],
    )
    question = meaning(new, LOST).parse_data[QUESTION]
    assert question["topics"] == ["residence_permit_apply"]
    assert question["aspects"] == ["fee"]


def test_that_a_correction_of_the_topic_keeps_what_was_asked() -> None:
    fee = said(Triage("enquiry", 0.99, "enquiry/idcard_lost"), "身份证多少钱", Question(("idcard_lost",), ("fee",)))
    permit = read(
        "居住证", Triage("enquiry", 0.9, "enquiry/residence_permit_apply"), topics=[("residence_permit_apply", 0.9)]
    )
    corrected = read("不是，我问的是居住证", Triage("help_request", 0.7, "help_request/correction"))
    question = meaning(corrected, fee, others={"居住证": permit}).parse_data[QUESTION]
    assert question == {"topics": ["residence_permit_apply"], "aspects": ["fee"], "choices": []}


def test_that_an_unclear_topic_is_asked_back_with_choices() -> None:
    unsure = Triage("enquiry", 0.9, "enquiry/household_talent")
    topics = [("household_talent", 0.3), ("household_move_in", 0.25), ("household_spouse", 0.2)]
    heard = meaning(read("想把户口弄过来", unsure, topics=topics)).parse_data
    assert heard["intent"]["name"] == "which_topic"
    assert heard["triage"]["label"] == "enquiry"
    assert len(heard[QUESTION]["choices"]) == 3


def test_that_two_questions_on_two_topics_are_both_found() -> None:
    idcard = read("", Triage("enquiry", 0.9, "enquiry/idcard_lost"), topics=[("idcard_lost", 0.9)])
    dog = read("", Triage("enquiry", 0.9, "enquiry/dog_licence"), topics=[("dog_licence", 0.9)])
    text = "身份证丢了补办带啥，狗证多少钱"
    whole = read(text, Triage("enquiry", 0.9, "enquiry/idcard_lost"), topics=[("idcard_lost", 0.9)])
    heard = meaning(whole, others={"身份证丢了补办带啥": idcard, "狗证多少钱": dog}).parse_data
    assert heard[QUESTION]["topics"] == ["idcard_lost", "dog_licence"]
    assert heard[QUESTION]["aspects"] == ["materials", "fee"]


# -- threads --------------------------------------------------------------------------------------------------------

TIP = said(Triage("tip", 0.98, "tip/drugs"), "有个KTV包房里溜冰")


def test_that_a_detail_after_a_tip_belongs_to_the_tip() -> None:
    together = read("", Triage("tip", 0.9, "tip/drugs"))
    for text, alone in (("大东路1号三楼", WHISPER), ("金色年华最里面那间", OFF_TOPIC)):
        heard = meaning(read(text, alone), TIP, others={f"有个KTV包房里溜冰，{text}": together}).parse_data
        assert heard["triage"]["intent"] == "tip/drugs"


def test_that_danger_after_a_tip_is_an_alarm() -> None:
    plain = read("他们发现我了在砸门", Triage("urgent_alarm", 0.95, "urgent_alarm/violent_threat"))
    assert meaning(plain, TIP).parse_data["triage"]["label"] == "urgent_alarm"
    seen = read("有刀", Triage("urgent_alarm", 0.6, "urgent_alarm/armed_threat", source="net"))
    assert meaning(seen, TIP).parse_data["triage"]["label"] == "urgent_alarm"
    together = read("", Triage("urgent_alarm", 0.5, "urgent_alarm/armed_threat"))
    doubtful = read("他手里有东西", Triage("urgent_alarm", 0.4, "urgent_alarm/armed_threat"))
    heard = meaning(doubtful, TIP, others={"有个KTV包房里溜冰，他手里有东西": together})
    assert heard.parse_data["triage"]["label"] == "urgent_alarm"


# -- look-ups -------------------------------------------------------------------------------------------------------


def test_that_a_place_asks_for_its_officer_and_a_name_for_its_bearers() -> None:
    officer = read("东逸社区的片警是谁", Triage("enquiry", 0.9, "enquiry/community_officer"), ("place", 0, 4))
    assert meaning(officer).parse_data["intent"]["name"] == "look_up_officer"
    name = read("查查张伟有几个重名", Triage("enquiry", 0.9, "enquiry/duplicate_name"))
    assert meaning(name).parse_data["intent"]["name"] == "look_up_name"
    asked = said(Triage("enquiry", 0.9, "enquiry/community_officer"), "片警是谁", Question(("community_officer",)))
    answered = read("大东路1号", WHISPER, ("place", 0, 5))
    assert meaning(answered, asked).parse_data["intent"]["name"] == "look_up_officer"


def test_that_asking_for_ones_own_case_is_no_new_request_of_the_dialogue() -> None:
    chase = read("我的报警怎么样了", Triage("help_request", 0.9, "help_request/case_followup"))
    heard = meaning(chase).parse_data
    assert (heard["intent"]["name"], heard["triage"]["intent"]) == ("ask_status", "help_request/case_followup")
    progress = read("我的犬证办好了吗", Triage("enquiry", 0.9, "enquiry/dog_licence"))
    assert meaning(progress).parse_data["intent"]["name"] == "ask_status"


def test_that_what_says_all_by_itself_is_not_read_as_danger_again() -> None:
    fire = read("着火了 没事了，火灭了", Triage("urgent_alarm", 0.99, "urgent_alarm/fire"))
    over = read("没事了，火灭了", Triage("help_request", 0.95, "help_request/correction"))
    assert meaning(over, joined=fire, alarm_open=True).parse_data["triage"]["intent"] == "help_request/correction"
    knife = read("有刀", Triage("urgent_alarm", 0.99, "urgent_alarm/armed_threat"))
    whispered = read("有刀", Triage("other", 0.6, "other/off_topic"))
    assert meaning(whispered, joined=knife).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_question_after_ones_alarm_is_no_faint_alarm() -> None:
    faint = Triage("urgent_alarm", 0.3, "urgent_alarm/general_alarm")
    assert meaning(read("我的报警怎么样了", faint)).parse_data["intent"]["name"] == "ask_status"
    assert meaning(read("我要报警", faint)).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_receipt_number_alone_asks_for_its_application() -> None:
    unsure = Triage("urgent_alarm", 0.3, "urgent_alarm/silent_call", uncertain=True)
    heard = meaning(read("Q20261125-0004", unsure), joined=read("他在门口 Q20261125-0004", WHISPER)).parse_data
    assert (heard["intent"]["name"], heard["triage"]["label"], heard["triage"]["uncertain"]) == (
        "ask_status",
        "enquiry",
        False,
    )
