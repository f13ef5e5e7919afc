"""What the conversation says about a message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.shared.core.events import ActiveLoop, BotUttered, Event, SlotSet, UserUttered
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu import filling_in, following, forms, knowledge
from bot.nlu.context import Context
from bot.nlu.conversation import SLEEPING, Readers
from bot.nlu.form_reader import NOTHING_HEARD
from bot.nlu.forms import BESIDES, CONSENT
from bot.nlu.marked import FORM_VALUES, Tagged
from bot.nlu.meanings import Meaning
from bot.nlu.publication import QUESTION, selection
from bot.nlu.question import Question
from bot.nlu.stopped import CANCELLED
from bot.nlu.triage import ONE_TAP, URGENT, Evidence, Triage
from bot.nlu.turning_point import TURN
from bot.nlu.turns import ASPECT_TURNS, FORM_TURNS, TALK_TURNS, Turn
from bot.nlu.values import UNDER_16, _check_digit

NUMBER = "21010419900307001" + _check_digit("21010419900307001")
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


def read(
    text: str, triage: Triage, *entities: tuple[str, int, int], topics: Any = (), turn: float | None = None
) -> dict[str, Any]:
    """A message as it was read; `turn`: how likely it is an emergency behind a calm matter, where that was heard."""
    return {
        TALK_TURNS: [Turn(TURN, turn).to_json()] if turn is not None else [],
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


def context_after(events: Iterable[Event], *, alarm_open: bool = False, alarm_seen: bool = False) -> Context:
    tracker = DialogueStateTracker("a", [AnySlot(name, mappings=[]) for name in dict.fromkeys(SLOTS)])
    for event in events:
        tracker.update(event)
    return Context(tracker, READERS, alarm_open=alarm_open, alarm_seen=alarm_seen, today=date(2026, 11, 25))


def meaning(
    parse_data: dict[str, Any],
    *events: Event,
    joined: dict[str, Any] | None = None,
    others: dict[str, dict[str, Any]] | None = None,
    alarm_open: bool = False,
    alarm_seen: bool = False,
) -> Meaning:
    """What a message means after these events; a text that the test did not plan to be read fails it.

    Behind the last question it is about that one's matter, and an alarm behind what was told is as likely as by itself,
    unless the test has it otherwise.
    """
    context = context_after(events, alarm_open=alarm_open, alarm_seen=alarm_seen)

    async def parse(text: str) -> dict[str, Any]:
        with suppress(KeyError):
            return (others or {})[text]
        alone = Triage.from_json(parse_data["triage"])
        if alone.urgent and text.endswith(f"，{parse_data['text']}"):
            return read("", alone)
        title, said_there = text.partition("，")[0], text.rpartition("，")[2]
        (intent,) = (topic.intent for topic in READERS.knowledge.current().topics.values() if topic.title == title)
        assert parse_data["text"].endswith(said_there), text
        return read(text, Triage("enquiry", 0.9, intent), topics=[(intent.partition("/")[2], 0.5)])

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


FRAUD = Triage("urgent_alarm", 0.66, "urgent_alarm/fraud_transfer")
BLOW = Triage("urgent_alarm", 0.95, "urgent_alarm/domestic_violence")
FAREWELL = Triage("urgent_alarm", 0.97, "urgent_alarm/suicide_self")
BEHIND_THE_QUESTION = read("", Triage("enquiry", 0.99, "enquiry/dog_licence"))


@pytest.mark.parametrize(
    ("slot", "text", "triage", "answers"),
    [
        ("dog_name", "店里来客人了 先不聊", FAREWELL, True),
        ("vaccinated_on", "早打了 本在我姐那", BLOW, True),
        ("phone", "先不说了 大家都保重", FAREWELL, False),
        ("dog_name", "先不填了 你们别找我 我去那边了 药都吃了", FAREWELL, False),
        ("address", "打了我妈 本来就喝多了", BLOW, False),
        ("name", "刚才有人说我证办不了 让我交保证金 昨天我给转了五千过去 你们能查到不", FRAUD, False),
    ],
)
def test_that_the_forms_question_explains_little_and_no_danger(
    slot: str, text: str, triage: Triage, answers: bool
) -> None:
    form = [ActiveLoop("dog_licence_form"), SlotSet("requested_slot", slot)]
    behind = forms.load().forms["dog_licence_form"].fields[slot].title
    heard = meaning(read(text, triage), *form, others={f"我要办犬证，{behind}，{text}": BEHIND_THE_QUESTION})
    assert (heard.parse_data["intent"]["name"] == "form_answer") is answers
    assert (heard.parse_data["triage"]["label"] == "urgent_alarm") is not answers


def test_that_answers_to_a_form_are_no_cry_in_pieces() -> None:
    whisper = Triage("urgent_alarm", 0.99, "urgent_alarm/silent_call")
    asked = [
        *DOG_NAME,
        UserUttered("只能短信", intent={"name": "form_answer"}, parse_data={"triage": OFF_TOPIC.to_json()}),
    ]  # type: ignore[arg-type]
    heard = meaning(read("丫丫", OFF_TOPIC), *asked, joined=read("只能短信 丫丫", whisper))
    assert heard.parse_data["intent"]["name"] == "form_answer"


def test_that_a_name_is_one_whatever_it_sounds_like() -> None:
    greeting = read("季凡", Triage("other", 0.95, "other/greeting"))
    asked = [ActiveLoop("dog_licence_form"), SlotSet("requested_slot", "name")]
    assert meaning(greeting, *asked).parse_data["intent"]["name"] == "form_answer"
    insult = Triage("other", 0.95, "other/insult")
    assert meaning(read("王桂兰", insult), *asked).parse_data["intent"]["name"] == "form_answer"
    assert meaning(read("王八蛋", insult), *asked).parse_data["intent"]["name"] == "other"
    assert meaning(read("大灰", Triage("other", 0.95, "other/insult")), *DOG_NAME).parse_data["intent"]["name"] == (
        "form_answer"
    )


CHILD = Triage("urgent_alarm", 0.95, "urgent_alarm/missing_child")
SILENT = Triage("urgent_alarm", 0.93, "urgent_alarm/silent_call")
DESPAIR = Triage("urgent_alarm", 0.9, "urgent_alarm/suicide_other")


def asked_for(slot: str, **filled: str) -> list[Event]:
    """A dog licence's form at one of its questions."""
    known = [SlotSet(name, value) for name, value in filled.items()]
    return [ActiveLoop("dog_licence_form"), *known, SlotSet("requested_slot", slot)]


@pytest.mark.parametrize(
    ("slot", "text", "triage"),
    [
        ("name", "周小贝", CHILD),
        ("dog_name", "黑虎", Triage("tip", 0.95, "tip/gambling")),
        ("address", "跟我姥姥一块住 小什字街6号3-2", SILENT),
        ("dog_name", "手机最后一位不对 是7", DESPAIR),
        ("id_number", "哎填成我闺女的了", Triage("urgent_alarm", 0.6, "urgent_alarm/suicide_self")),
    ],
)
def test_that_the_form_explains_a_name_an_address_and_words_about_typing(slot: str, text: str, triage: Triage) -> None:
    heard = meaning(read(text, triage), *asked_for(slot, phone="13800138021"))
    assert heard.parse_data["intent"]["name"] == "form_answer"


@pytest.mark.parametrize(
    ("slot", "text", "triage"),
    [
        ("name", "高楼有人要跳", DESPAIR),
        ("address", "他在旁边 小什字街6号3-2", SILENT),
        ("address", "来救我 小什字街6号3-2", SILENT),
        ("dog_name", "我妈电话打不通 最后一次说活够了", DESPAIR),
        ("dog_name", "他写错了一封遗书 手机也不要了", DESPAIR),
    ],
)
def test_that_it_explains_nobody_and_no_danger(slot: str, text: str, triage: Triage) -> None:
    alone = read(text, triage)

    class Alarms(dict[str, Any]):
        def __missing__(self, _: str) -> dict[str, Any]:
            return alone

    heard = meaning(alone, *asked_for(slot, phone="13800138021"), others=Alarms(any=alone))
    assert heard.parse_data["triage"]["label"] == "urgent_alarm"


def test_that_the_form_asleep_is_taken_up_whatever_the_model_hears_in_it() -> None:
    asleep = [*DOG_NAME, SlotSet(SLEEPING, "dog_licence_form"), ActiveLoop(None)]
    heard = meaning(read("咱接着填那个表吧", SILENT), *asleep, alarm_open=True, alarm_seen=True)
    assert heard.parse_data["intent"]["name"] == "form_answer"
    again = meaning(read("他又来砸门了 接着填不了", SILENT), *asleep, alarm_open=True, alarm_seen=True)
    assert again.parse_data["triage"]["label"] == "urgent_alarm"


RECEIPT_TOLD = BotUttered("居住证申请交上去了，受理号 J20261125-0001。")
HANDED_IN = UserUttered("确认", intent={"name": "form_answer"}, parse_data={"triage": OFF_TOPIC.to_json()})  # type: ignore[arg-type]
CHASING = Triage("help_request", 0.95, "help_request/case_followup")


@pytest.mark.parametrize("text", ["有动静没", "审没审呢", "到时候是给邮还是自己取", "我那手机号能改不"])
def test_that_what_is_asked_after_handing_in_is_about_the_application_and_no_case(text: str) -> None:
    heard = meaning(read(text, CHASING), HANDED_IN, RECEIPT_TOLD).parse_data
    assert heard["intent"]["name"] == "ask_status"
    assert heard["triage"]["intent"] == "enquiry/residence_permit_apply"


def test_that_questions_behind_it_are_about_the_application_too() -> None:
    much = read("那得多少钱", Triage("enquiry", 0.9, "enquiry/follow_up"), topics=[("follow_up", 0.9)])
    question = meaning(much, HANDED_IN, RECEIPT_TOLD).parse_data[QUESTION]
    assert (question["topics"], question["aspects"]) == (["residence_permit_apply"], ["fee"])


def test_that_a_case_told_since_is_asked_after_as_one() -> None:
    lost = said(Triage("help_request", 0.95, "help_request/lost_pet"), "我家猫丢了")
    heard = meaning(read("有动静没", CHASING), HANDED_IN, RECEIPT_TOLD, lost).parse_data
    assert heard["triage"]["intent"] == "help_request/case_followup"


def test_that_agreeing_behind_an_answer_that_offers_the_form_begins_it() -> None:
    asked = said(Triage("enquiry", 0.99, "enquiry/dog_licence"), "给狗上户口能在手机上弄不", Question(("dog_licence",)))
    offer = BotUttered("在这里回“我要办犬证”，照提示传狗的照片，在家拍就行。")
    for text, triage in (("嗯嗯同意的", OFF_TOPIC), ("同意，我妈就在旁边，她也同意", WHISPER)):
        assert meaning(read(text, triage), asked, offer).parse_data["intent"]["name"] == "apply_dog_licence"
    named = read("我叫赵雨桐 电话是 139 0402 0303", WHISPER)
    assert meaning(named, asked, offer).parse_data["intent"]["name"] == "apply_dog_licence"
    assert meaning(read("好的", OFF_TOPIC), asked, offer).parse_data["intent"]["name"] == "other"


def test_that_an_offer_stands_while_somebody_asks_what_becomes_of_the_data() -> None:
    asked = said(Triage("enquiry", 0.99, "enquiry/dog_licence"), "租的房子能办狗证不", Question(("dog_licence",)))
    offer = BotUttered("能。现在就想办，回“我要办犬证”就开始。")
    doubt = said(Triage("enquiry", 0.99, "enquiry/bot_services"), "不会泄露吧", Question(("bot_services_privacy",)))
    told = BotUttered("别的居民看不见您发的。")
    heard = meaning(read("行吧 同意了", OFF_TOPIC), asked, offer, doubt, told).parse_data
    assert heard["intent"]["name"] == "apply_dog_licence"
    forgotten = [told] * 4
    assert (
        meaning(read("行吧 同意了", OFF_TOPIC), asked, offer, doubt, *forgotten).parse_data["intent"]["name"] == "other"
    )


@pytest.mark.parametrize(("behind", "asked_about"), [(0.9, False), (0.4, True)])
def test_that_a_detail_behind_a_question_is_asked_about_only_where_both_together_are_unclear(
    behind: float, asked_about: bool
) -> None:
    asked = said(Triage("enquiry", 0.99, "enquiry/no_crime_record"), "无犯罪证明咋开", Question(("no_crime_record",)))
    options = ("other/chitchat", "enquiry/no_crime_record", "help_request/general_help")
    unclear = read("幼师", Triage("other", 0.4, "other/chitchat", uncertain=True, options=options))
    together = read("", Triage("enquiry", behind, "enquiry/no_crime_record", uncertain=asked_about))
    heard = meaning(unclear, asked, others={"无犯罪证明咋开，幼师": together}).parse_data
    assert Triage.from_json(heard["triage"]).uncertain is asked_about


def test_that_an_age_behind_a_question_is_about_its_matter() -> None:
    asked = said(
        Triage("enquiry", 0.99, "enquiry/household_ethnicity"), "想换个民族", Question(("household_ethnicity",))
    )
    together = read("", Triage("enquiry", 0.95, "enquiry/household_ethnicity"), topics=[("household_ethnicity", 0.95)])
    heard = meaning(read("现在十九", OFF_TOPIC), asked, others={"想换个民族，现在十九": together}).parse_data
    assert heard[QUESTION]["topics"][0].startswith("household_ethnicity")


def test_that_agreeing_to_two_offers_begins_neither() -> None:
    both = BotUttered("回“我要办犬证”或“我要办居住证”，哪天都行。")
    asked = said(Triage("enquiry", 0.9, "enquiry/station_hours"), "周末开门吗")
    assert meaning(read("行，同意", OFF_TOPIC), asked, both).parse_data["intent"]["name"] == "other"


def test_that_a_question_that_names_its_topic_is_not_about_the_open_form() -> None:
    unsure = read("居住证多少钱", Triage("enquiry", 0.9, "enquiry/idcard_fee"), topics=[("idcard_fee", 0.3)])
    heard = meaning(unsure, *DOG_NAME)
    assert heard.parse_data[QUESTION]["topics"] == ["residence_permit_apply"]
    assert heard.parse_data[QUESTION]["aspects"] == ["fee"]


def test_that_a_message_that_answers_the_form_and_asks_does_both() -> None:
    licence = Triage("enquiry", 0.9, "enquiry/dog_licence")
    lasts = read("这证管几年呀", licence, topics=[("dog_licence", 0.9)])
    others = {"狗叫毛豆": read("狗叫毛豆", OFF_TOPIC), "这证管几年呀": lasts, "犬证，这证管几年呀": lasts}
    both = read("狗叫毛豆 这证管几年呀", licence)
    found = meaning(both, *DOG_NAME, others=others).parse_data
    assert (found["intent"]["name"], found[BESIDES]["told"]) == (forms.FORM_ANSWER, "狗叫毛豆")
    assert found[QUESTION]["topics"] == ["dog_licence"]
    assert found[BESIDES]["utter"] == "utter_enquiry/dog_licence"
    unsure = others | {lasts["text"]: read(lasts["text"], OFF_TOPIC)}
    assert meaning(both, *DOG_NAME, others=unsure).parse_data[BESIDES] == found[BESIDES]


def test_that_a_question_about_filling_in_beside_a_value_has_the_forms_answer() -> None:
    asked = read("免疫证上电话能遮上不", Triage("enquiry", 0.9, "enquiry/dog_licence"))
    others = {"狗叫毛豆": read("狗叫毛豆", OFF_TOPIC), asked["text"]: asked}
    both = read(f"狗叫毛豆 {asked['text']}", Triage("enquiry", 0.9, "enquiry/dog_licence"))
    besides = meaning(both, *DOG_NAME, others=others).parse_data[BESIDES]
    assert besides["remark"] == READERS.forms.current().answers["vaccine_cover_private"].says


def test_that_an_alarm_in_half_of_a_message_is_no_answer_to_the_form() -> None:
    beaten = read("我拿手挡着呢咋整", Triage("urgent_alarm", 0.9, "urgent_alarm/assault"))
    others = {"狗叫毛豆": read("狗叫毛豆", OFF_TOPIC), beaten["text"]: beaten}
    both = read("狗叫毛豆 我拿手挡着呢咋整", Triage("enquiry", 0.9, "enquiry/dog_bite"))
    assert BESIDES not in meaning(both, *DOG_NAME, others=others).parse_data


def test_that_a_word_or_two_that_ask_belong_to_what_stands_before_them() -> None:
    tag = read("狗叫毛豆 行不", Triage("enquiry", 0.9, "enquiry/dog_licence"))
    assert BESIDES not in meaning(tag, *DOG_NAME).parse_data


def test_that_another_form_begins_in_an_open_one_and_the_same_goes_on() -> None:
    other = meaning(read("我要办居住证", Triage("enquiry", 0.9, "enquiry/residence_permit_apply")), *DOG_NAME)
    assert other.parse_data["intent"]["name"] == "apply_residence_permit"
    assert ActiveLoop(None) in other.before
    same = meaning(read("我要办犬证", Triage("enquiry", 0.9, "enquiry/dog_licence")), *DOG_NAME)
    assert same.parse_data["intent"]["name"] == "form_answer"


def test_that_a_lost_dogs_marks_are_no_answer_to_its_licence() -> None:
    lost = Triage("help_request", 0.97, "help_request/lost_pet")
    phone = [ActiveLoop("dog_licence_form"), SlotSet("requested_slot", "phone"), said(lost, "狗跑丢了")]
    text = "花的 戴蓝脖套"
    heard = meaning(read(text, OFF_TOPIC), *phone, others={f"狗跑丢了，{text}": read(text, lost)})
    assert heard.parse_data["triage"]["intent"] == "help_request/lost_pet"


def test_that_an_offered_form_is_begun_by_taking_it_up_and_not_by_thanks() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/dog_licence"), "犬证咋办", Question(("dog_licence",)))
    offer = BotUttered("现在就想办，回“我要办犬证”就开始。")
    for text in ("行，你问吧", "好，我叫赵强"):
        assert meaning(read(text, OFF_TOPIC), asked, offer).parse_data["intent"]["name"] == "apply_dog_licence"
    thanks = Triage("other", 0.95, "other/acknowledgement")
    assert meaning(read("好的，谢谢", thanks), asked, offer).parse_data["intent"]["name"] == "other"


def test_that_data_for_an_offered_form_begin_it_and_after_giving_up_they_do_not() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/dog_licence"), "犬证咋办", Question(("dog_licence",)))
    offer, given_up = BotUttered("现在就想办，回“我要办犬证”就开始。"), BotUttered("改主意了说“我要办犬证”就行。")
    assert (
        meaning(read("大东路66号2单元301", OFF_TOPIC), asked, offer).parse_data["intent"]["name"] == "apply_dog_licence"
    )
    assert meaning(read("新号是13800138066", OFF_TOPIC), asked, given_up).parse_data["intent"]["name"] == "other"


def test_that_a_wish_that_the_model_is_unsure_of_begins_its_form_whatever_it_was_taken_for() -> None:
    unsure = Triage("tip", 0.4, "tip/dog_violation", uncertain=True)
    assert (
        meaning(read("我要办犬证，住大东路66号，狗叫旺财", unsure)).parse_data["intent"]["name"] == "apply_dog_licence"
    )


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
    heard = read(text, OFF_TOPIC) | {ASPECT_TURNS: [Turn(aspect, 0.9).to_json()]}
    question = meaning(heard, LOST).parse_data[QUESTION]
    assert question["topics"] == ["idcard_lost"]
    assert question["aspects"] == [aspect]


def test_that_a_question_with_a_subject_stands_alone() -> None:
    new = read(
        "居住证多少钱",
        Triage("enquiry", 0.99, "enquiry/residence_permit_apply"),
        topics=[("residence_permit_apply", 0.97)],
    )
    question = meaning(new, LOST, others={"身份证丢了补办，身份证丢了咋补，居住证多少钱": new}).parse_data[QUESTION]
    assert question["topics"] == ["residence_permit_apply"]
    assert question["aspects"][0] == "fee"


def test_that_distrust_of_another_matter_asks_nothing_of_what_is_sent_here() -> None:
    doubt = Triage("enquiry", 0.99, "enquiry/fraud_check")
    offer = read("群里喊我垫钱做任务返佣金，靠谱吗", doubt, topics=[("fraud_check", 0.99)])
    assert meaning(offer).parse_data[QUESTION]["topics"][0].startswith("fraud_check")
    sent = read("身份证号写给你们安全吗", doubt, topics=[("fraud_check", 0.99)])
    assert meaning(sent).parse_data[QUESTION]["topics"] == ["bot_services_input"]


FOLLOWS = Triage("enquiry", 0.9, "enquiry/follow_up")


def test_that_a_question_after_a_request_is_about_its_matter_and_a_detail_is_not() -> None:
    found = said(Triage("help_request", 0.99, "help_request/found_item"), "捡了个包，交哪儿")
    receipt = read("能写个收条吗", FOLLOWS, topics=[("follow_up", 0.9)])
    heard = meaning(receipt, found, others={"捡了个包，交哪儿，能写个收条吗": receipt}).parse_data
    assert heard[QUESTION]["topics"] == ["lost_found_howto_found"]
    detail = read("那包是黑的", OFF_TOPIC)
    assert QUESTION not in meaning(detail, found, others={"捡了个包，交哪儿，那包是黑的": detail}).parse_data


def test_that_a_question_that_nobody_understood_does_not_hide_the_topic_before_it() -> None:
    unclear = said(FOLLOWS, "嗯嗯那啥", Question(choices=("户口迁入",)))
    fee = read("多少钱", FOLLOWS, topics=[("follow_up", 0.9)])
    question = meaning(fee, LOST, unclear).parse_data[QUESTION]
    assert (question["topics"], question["aspects"]) == (["idcard_lost"], ["fee"])


def test_that_small_talk_after_a_question_is_no_follow_up() -> None:
    ticket = read("火车票改签怎么弄", OFF_TOPIC, topics=[("idcard_temporary", 0.4)])
    assert QUESTION not in meaning(ticket, LOST).parse_data


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
        heard = meaning(read(text, alone, turn=0.02), TIP, others={f"有个KTV包房里溜冰，{text}": together}).parse_data
        assert heard["triage"]["intent"] == "tip/drugs"


def test_that_who_adds_to_what_they_told_long_ago_says_so() -> None:
    text = "昨天那个我再补充点 后门走 楼下有个小子放风"
    faint, plain = (Triage("urgent_alarm", sure, "urgent_alarm/stalking") for sure in (0.3, 0.9))
    yesterday = said(Triage("tip", 0.98, "tip/gambling"), "三楼天天耍钱")
    yesterday.timestamp -= 24 * 60 * 60
    assert meaning(read(text, faint, turn=0.97), yesterday).parse_data["triage"]["intent"] == "tip/gambling"
    assert meaning(read(text, plain, turn=0.97), yesterday).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_who_puts_a_question_right_tells_no_tip() -> None:
    asked = said(Triage("enquiry", 0.98, "enquiry/household_death"), "我爸没了 户口去哪销")
    text = "我刚才没说清楚，他户口在法库农村"
    told = meaning(read(text, Triage("tip", 0.7, "tip/general_tip")), asked).parse_data
    assert told["triage"]["label"] == "enquiry"


def test_that_several_values_in_a_form_are_no_lost_child() -> None:
    text = "我们家是贵宾，叫布丁，咖啡色，女生，快三岁，已经结扎了"
    alarm = read(text, Triage("urgent_alarm", 0.6, "urgent_alarm/missing_child"))
    found = [Tagged("dog_breed", "贵宾", 0.99), Tagged("dog_name", "布丁", 0.98), Tagged("dog_colour", "咖啡色", 0.9)]
    tagged = alarm | {FORM_VALUES: [one.to_json() for one in found]}
    assert meaning(tagged, *DOG_NAME).parse_data["intent"]["name"] == forms.FORM_ANSWER


def test_that_a_statement_without_a_subject_goes_on_with_the_complaint_before_it() -> None:
    complaint = Triage("help_request", 0.95, "help_request/complaint_officer")
    asked = Triage("enquiry", 0.95, "enquiry/household_certificate")
    before = (said(complaint, "窗口那人跟我嚷"), said(asked, "开证明去的", Question(("household_certificate",))))
    follow_up = Triage("enquiry", 1.0, "enquiry/follow_up")
    heard = meaning(read("我的名字先别提", follow_up, topics=[("follow_up", 1.0)]), *before)
    assert heard.parse_data["triage"]["intent"] == "help_request/complaint_officer"


@pytest.mark.parametrize(
    ("text", "intent", "share", "about"),
    [
        ("补张新证得多少钱", "idcard_lost", 0.99, "idcard_lost"),
        ("没证这几天人家查证咋整", "idcard_time", 0.94, "idcard_time"),
        ("得几天能有信", "idcard_time", 0.95, "lost_found_howto"),
        ("多少钱", "idcard_fee", 0.97, "lost_found_howto"),
    ],
)
def test_that_a_question_that_names_papers_behind_a_request_is_about_them(
    text: str, intent: str, share: float, about: str
) -> None:
    lost = said(Triage("help_request", 0.99, "help_request/lost_item"), "我包落出租车上了")
    asked = read(text, Triage("enquiry", share, f"enquiry/{intent}"), topics=[(intent, share)])
    assert meaning(asked, lost).parse_data["triage"]["intent"] == f"enquiry/{about}"


@pytest.mark.parametrize("text", ["短头发，坐最里边那个柜台", "工号挡住了，女同志，挨着门的窗口"])
def test_that_who_is_complained_of_and_where_they_sit_is_no_alarm(text: str) -> None:
    complaint = said(Triage("help_request", 0.95, "help_request/complaint_officer"), "让我站了四十分钟 态度不好")
    heard = meaning(read(text, Triage("urgent_alarm", 0.64, "urgent_alarm/captivity"), turn=0.4), complaint)
    assert heard.parse_data["triage"]["intent"] == "help_request/complaint_officer"


@pytest.mark.parametrize("text", ["柜台里有人拿刀", "他追到大厅门口了不让我走", "窗口那边现在打起来了"])
def test_that_danger_at_the_desk_behind_a_complaint_is_an_alarm(text: str) -> None:
    complaint = said(Triage("help_request", 0.95, "help_request/complaint_officer"), "让我站了四十分钟 态度不好")
    alarm = read(text, Triage("urgent_alarm", 0.64, "urgent_alarm/captivity"), turn=0.4)
    assert meaning(alarm, complaint).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_danger_after_a_tip_is_an_alarm() -> None:
    plain = read("他们发现我了在砸门", Triage("urgent_alarm", 0.95, "urgent_alarm/violent_threat"))
    assert meaning(plain, TIP).parse_data["triage"]["label"] == "urgent_alarm"
    seen = read("有刀", Triage("urgent_alarm", 0.6, "urgent_alarm/armed_threat", source="net"))
    assert meaning(seen, TIP).parse_data["triage"]["label"] == "urgent_alarm"
    together = read("", Triage("urgent_alarm", 0.9, "urgent_alarm/armed_threat"))
    doubtful = read("他手里有东西", Triage("urgent_alarm", 0.5, "urgent_alarm/armed_threat"))
    victim = read("有个丫头被骗来的 出不来", Triage("urgent_alarm", 0.85, "urgent_alarm/captivity"))
    assert meaning(victim, TIP).parse_data["triage"]["label"] == "urgent_alarm"
    heard = meaning(doubtful, TIP, others={"有个KTV包房里溜冰，他手里有东西": together})
    assert heard.parse_data["triage"]["label"] == "urgent_alarm"


def test_that_another_name_for_the_same_matter_is_no_other_tip() -> None:
    hours = Triage("tip", 0.93, "tip/wildlife_environment")
    together = read("", Triage("tip", 0.95, "tip/drugs"))
    others = {"有个KTV包房里溜冰，晚上九点以后开门": together}
    assert meaning(read("晚上九点以后开门", hours), TIP, others=others).parse_data["triage"]["intent"] == "tip/drugs"
    another = read("另外还有个事 楼下卖假烟", Triage("tip", 0.93, "tip/fake_goods"))
    assert meaning(another, TIP).parse_data["triage"]["intent"] == "tip/fake_goods"


def test_that_what_names_nobody_and_nothing_that_happens_is_a_detail_however_it_looks() -> None:
    sure, place = Triage("urgent_alarm", 0.88, "urgent_alarm/fire"), "大东路3号后院头一个棚"
    others = {f"有个KTV包房里溜冰，{place}": read("", Triage("tip", 0.95, "tip/drugs"))}
    heard = meaning(read(place, sure, ("place", 0, 5), turn=0.02), TIP, others=others)
    assert heard.parse_data["triage"]["label"] == "tip"
    for happens in ("大东路3号有人倒了", "大东路3号坑帮子下来了", "放学没回家 桌上压个条"):
        named = [("place", 0, 5)] if happens.startswith("大东路") else []
        heard = meaning(read(happens, sure, *named, turn=0.6), TIP)
        assert heard.parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_place_after_a_tip_is_a_detail_though_the_two_together_are_in_doubt() -> None:
    doubtful, place = Triage("urgent_alarm", 0.55, "urgent_alarm/explosives_weapons"), "东塔地铁站A口 左手边"
    unsure = replace(Triage("tip", 0.7, "tip/cult"), uncertain=True)
    others = {f"有个KTV包房里溜冰，{place}": read("", unsure)}
    heard = meaning(read(place, doubtful, ("place", 0, 5)), TIP, others=others)
    assert heard.parse_data["triage"]["intent"] == "tip/drugs"
    sure = replace(doubtful, confidence=0.85)
    assert meaning(read("有人倒了", sure), TIP).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_who_was_cheated_and_tells_no_more_is_asked_and_seen() -> None:
    talk = Triage("other", 0.6, "other/chitchat")
    heard = meaning(read("我妈好像让人忽悠了", talk)).parse_data["triage"]
    assert (heard["intent"], heard["uncertain"]) == ("help_request/fraud_reported_late", True)
    assert heard["options"][0] == "urgent_alarm/fraud_transfer", "a tap on danger brings the guidance of its kind"
    for calm in ("我闺女让我忽悠去跳舞了 笑死", "买菜让人坑了", "是不是让人骗了", "三年前让人骗了"):
        assert not meaning(read(calm, talk)).parse_data["triage"]["uncertain"]


def test_that_the_man_of_the_tip_who_is_here_now_is_an_alarm_of_its_kind() -> None:
    wanted = said(Triage("tip", 0.9, "tip/wanted_suspect"), "你们通缉的那个人我见过")
    here = read("妈呀 他进来了", Triage("urgent_alarm", 0.9, "urgent_alarm/general_alarm"))
    assert meaning(here, wanted).parse_data["triage"]["intent"] == "urgent_alarm/wanted_person"


def test_that_the_plot_of_a_drama_goes_on_and_a_danger_of_ones_own_does_not() -> None:
    plot = said(Triage("other", 0.99, "other/fiction"), "那个短剧里婆婆下毒")
    doubtful = Triage("urgent_alarm", 0.5, "urgent_alarm/armed_threat")
    others = {"那个短剧里婆婆下毒，后来她提着刀去报仇": read("", Triage("other", 0.99, "other/fiction"))}
    heard = meaning(read("后来她提着刀去报仇", doubtful), plot, others=others).parse_data
    assert heard["triage"]["intent"] == "other/fiction"
    for own in ("有人提着刀来找我", "现在有人提着刀"):
        assert (
            meaning(read(own, replace(doubtful, confidence=0.85)), plot).parse_data["triage"]["label"] == "urgent_alarm"
        )


def test_that_a_faint_alarm_in_a_chat_is_chat_unless_it_has_words_of_one() -> None:
    chat = said(Triage("other", 0.99, "other/chitchat"), "喝了二两，高兴")
    faint = Triage("urgent_alarm", 0.5, "urgent_alarm/stalking")
    others = {"喝了二两，高兴，他骂骂咧咧的": read("", Triage("other", 0.99, "other/chitchat"))}
    assert meaning(read("他骂骂咧咧的", faint), chat, others=others).parse_data["triage"]["label"] == "other"
    followed = replace(faint, confidence=0.85)
    assert meaning(read("有人跟着我", followed), chat).parse_data["triage"]["label"] == "urgent_alarm"
    plain = Triage("urgent_alarm", 0.85, "urgent_alarm/medical")
    assert meaning(read("他脸发紫", plain), chat).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_faint_alarm_is_read_behind_the_calm_words_before_it() -> None:
    parked = said(Triage("help_request", 0.95, "help_request/parking"), "我车停路边没了")
    vague = said(replace(UNCLEAR, options=()), "打我儿子电话")
    faint = Triage("urgent_alarm", 0.4, "urgent_alarm/kidnapping")
    calm = read("", Triage("help_request", 0.7, "help_request/parking", uncertain=True))
    others = {"我车停路边没了，让拖车拖走的": calm}
    heard = meaning(read("让拖车拖走的", faint, turn=0.02), parked, vague, others=others).parse_data
    assert heard["triage"]["intent"] == "help_request/parking"
    others = {"我车停路边没了，让拖车拖走的": {**calm, "triage": replace(faint, confidence=0.9).to_json()}}
    likely = read("让拖车拖走的", replace(faint, confidence=0.7), turn=0.6)
    assert meaning(likely, parked, others=others).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_threat_to_oneself_is_no_detail_of_a_quarrel_about_wages() -> None:
    wages = said(Triage("help_request", 0.99, "help_request/wage_dispute"), "工头欠我们钱")
    despair = Triage("urgent_alarm", 0.65, "urgent_alarm/suicide_self")
    assert meaning(read("我就从那上头下来", despair), wages).parse_data["triage"]["label"] == "urgent_alarm"


DEATH = Triage("enquiry", 0.95, "enquiry/household_death")


@pytest.mark.parametrize(
    ("before", "text", "heard", "settled"),
    [
        (DEATH, "赶得上。我住你们附近，能搁这销不", "suicide_self", True),
        (DEATH, "赶得上。我在你们附近", "suicide_self", False),  # asks nothing, and no officer reads it
        (
            Triage("help_request", 1.0, "help_request/lost_pet"),
            "前天中午跑没的 我住魁星社区",
            "missing_adult_at_risk",
            True,
        ),
    ],
)
def test_that_what_the_open_matter_explains_is_no_alarm(before: Triage, text: str, heard: str, settled: bool) -> None:
    faint = read(text, Triage("urgent_alarm", 0.4, f"urgent_alarm/{heard}"), turn=0.3)
    together = read("", replace(before, confidence=0.99), turn=0.001)
    asked = Question(("household_death",)) if before is DEATH else None
    parse_data = meaning(faint, said(before, "前头说的", asked), others={f"前头说的，{text}": together}).parse_data
    assert (parse_data["triage"]["intent"] == before.intent) == settled
    assert (parse_data["triage"]["label"] == "urgent_alarm") != settled


@pytest.mark.parametrize(
    ("text", "share", "turn"),
    [
        ("前天中午跑没的 我奶奶也没回来", 0.4, 0.9),  # what the conversation hears in it
        ("跑没的 我弟撵它去了 他不会看道", 0.7, 0.3),  # the odds
        ("跑没的 救救我弟", 0.4, 0.3),  # a word of an alarm
    ],
)
def test_that_somebody_missing_behind_a_lost_dog_is_an_alarm(text: str, share: float, turn: float) -> None:
    lost = Triage("help_request", 1.0, "help_request/lost_pet")
    missing = read(text, Triage("urgent_alarm", share, "urgent_alarm/missing_adult_at_risk"), turn=turn)
    others = {f"狗丢了，{text}": read("", replace(lost, confidence=0.99), turn=0.001)}
    assert meaning(missing, said(lost, "狗丢了"), others=others).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_mourners_own_end_is_an_alarm_and_the_same_words_of_a_move_are_asked_about() -> None:
    text, move = "我想跟我妈一起走", Triage("enquiry", 0.95, "enquiry/household_relative")
    end = read(text, Triage("urgent_alarm", 0.79, "urgent_alarm/suicide_self"), turn=0.001)
    for before, label in ((DEATH, "urgent_alarm"), (move, "enquiry")):
        topic = before.intent.partition("/")[2]
        together = {f"前头说的，{text}": read("", before, topics=[(topic, 0.9)])}
        told = said(before, "前头说的", Question((topic,)))
        assert meaning(end, told, others=together).parse_data["triage"]["label"] == label


def test_that_another_matter_behind_a_tip_given_up_is_read_by_itself() -> None:
    dog, found = Triage("tip", 0.94, "tip/dog_violation"), Triage("help_request", 0.97, "help_request/found_item")
    told = (said(dog, "楼下大狼狗不拴绳"), said(dog, "算了不举报了 邻居住着"))
    assert meaning(read("珠林路捡着条小狗 送哪儿", found), *told).parse_data["triage"]["intent"] == found.intent


def test_that_a_bare_place_behind_a_tip_given_up_is_still_more_of_it() -> None:
    dog = Triage("tip", 0.94, "tip/dog_violation")
    place = read("3号楼2单元", Triage("help_request", 0.6, "help_request/general_help"), ("address", 0, 6))
    told = (said(dog, "大狼狗不拴绳"), said(dog, "算了不举报了"))
    others = {"大狼狗不拴绳，算了不举报了，3号楼2单元": read("", dog)}
    assert meaning(place, *told, others=others).parse_data["triage"]["intent"] == dog.intent


ABOUT_PERMITS = Question(("residence_permit_apply",))
PERMITS = Triage("enquiry", 1.0, "enquiry/residence_permit_apply")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("在沈阳干活四个来月了 住工地板房", "residence_permit_half"),
        ("那先登记上 我叫周铁山 住小北街工地宿舍", "residence_permit_half"),
        ("那就先登记吧", "residence_permit_half"),
        ("在沈阳干活两年了 住工地板房", "residence_permit_proof"),
    ],
)
def test_that_who_has_not_been_here_for_half_a_year_is_told_to_register_first(text: str, told: str) -> None:
    follows = read(text, Triage("enquiry", 0.8, "enquiry/follow_up"), topics=[("follow_up", 0.8)])
    parse_data = meaning(follows, said(PERMITS, "居住证咋办", ABOUT_PERMITS)).parse_data
    assert parse_data["intent"]["name"] == "enquiry"
    assert parse_data[QUESTION]["topics"] == [told]


@pytest.mark.parametrize("text", ["工头说不用办 办了也没用 真的假的", "老乡说没必要办 没啥用"])
def test_that_what_others_say_against_a_permit_begins_none(text: str) -> None:
    follows = read(text, Triage("enquiry", 0.9, "enquiry/follow_up"), topics=[("follow_up", 0.8)])
    parse_data = meaning(follows, said(PERMITS, "居住证咋办", ABOUT_PERMITS)).parse_data
    assert not parse_data["intent"]["name"].startswith("apply_")


ASKS_A_HUMAN = Triage("help_request", 1.0, "help_request/human_service")


def told_to_officer(text: str, triage: Triage, *topics: tuple[str, float]) -> dict[str, Any]:
    """What is told behind the wish for a human, which reads it as more of that."""
    wish = "找个活人"
    others = {f"{wish}，{text}": read("", ASKS_A_HUMAN)}
    return meaning(read(text, triage, topics=topics), said(ASKS_A_HUMAN, wish), others=others).parse_data


def test_that_the_matter_told_to_an_officer_is_kept_for_the_questions_behind_it() -> None:
    moves = Triage("enquiry", 0.7, "enquiry/household_move_in")
    kept = told_to_officer("迁户口的事 房子是我妈的名", moves, ("household_move_in", 0.8))
    assert kept["triage"]["intent"] == ASKS_A_HUMAN.intent
    assert kept[QUESTION]["topics"] == ["household_move_in_family"]


def test_that_the_wish_for_an_officer_is_no_matter_itself() -> None:
    parse_data = meaning(read("我要找民警", ASKS_A_HUMAN, topics=[("community_officer", 0.63)])).parse_data
    assert QUESTION not in parse_data


@pytest.mark.parametrize(("text", "asked"), [("得带啥", True), ("多长时间能给我回", False)])
def test_that_a_question_behind_an_officers_matter_is_about_that_and_never_when_he_answers(
    text: str, asked: bool
) -> None:
    told = said(ASKS_A_HUMAN, "迁户口的事", Question(("household_move_in",)))
    follows = read(text, Triage("enquiry", 1.0, "enquiry/follow_up"), topics=[("follow_up", 0.99)])
    assert (meaning(follows, told).parse_data["triage"]["intent"] == "enquiry/household_move_in") == asked


def test_that_what_is_no_question_is_a_part_of_the_tip_before_it() -> None:
    permit = Triage("enquiry", 0.99, "enquiry/residence_permit_use")
    together = {"有个KTV包房里溜冰，他的居住证也是买的": read("", Triage("tip", 0.9, "tip/drugs"))}
    told = meaning(read("他的居住证也是买的", permit), TIP, others=together)
    assert told.parse_data["triage"]["intent"] == "tip/drugs"
    asked = read("居住证怎么办", permit, topics=[("residence_permit_apply", 0.97)])
    assert meaning(asked, TIP).parse_data["triage"]["label"] == "enquiry"


def test_that_whoever_asked_how_to_tell_something_tells_it_next() -> None:
    how = Triage("enquiry", 0.99, "enquiry/tip_howto")
    asked = said(how, "怎么举报", Question(("tip_howto",)))
    doubtful = read("他卖那种白粉", Triage("urgent_alarm", 0.45, "urgent_alarm/wanted_person"), turn=0.02)
    others = {"我要举报一件事，他卖那种白粉": read("", Triage("tip", 0.9, "tip/drugs"))}
    assert meaning(doubtful, asked, others=others).parse_data["triage"]["intent"] == "tip/drugs"


def test_that_the_wish_for_a_form_with_all_its_data_is_no_whisper() -> None:
    whole = "办犬证，我叫赵小满，住大东路66号2单元301，狗叫旺财，上个月打的狂犬疫苗"
    assert meaning(read(whole, WHISPER)).parse_data["intent"]["name"] == "apply_dog_licence"


def test_that_whoever_has_not_agreed_yet_and_asks_gives_no_data() -> None:
    undecided = [ActiveLoop("dog_licence_form"), SlotSet("requested_slot", CONSENT)]
    licence = Triage("enquiry", 0.9, "enquiry/dog_licence")
    wonders = read("闺女那条柯基也想上我名下 中不", licence, topics=[("dog_licence", 0.9)])
    asked = meaning(wonders, *undecided, others={"犬证，闺女那条柯基也想上我名下 中不": wonders})
    assert asked.parse_data["intent"]["name"] == "enquiry"


def test_that_an_alarm_that_is_one_behind_a_calm_matter_stands_and_another_does_not() -> None:
    text = "电鱼那人自个儿翻水里了"
    falls = read(text, Triage("urgent_alarm", 0.85, "urgent_alarm/drowning"), turn=0.5)
    assert meaning(falls, TIP).parse_data["triage"]["label"] == "urgent_alarm"
    likely = read(text, Triage("urgent_alarm", 0.6, "urgent_alarm/drowning"), turn=0.02)
    together = {f"有个KTV包房里溜冰，{text}": read("", Triage("tip", 0.95, "tip/drugs"))}
    assert meaning(likely, TIP, others=together).parse_data["triage"]["label"] == "tip"


def test_that_asking_whether_anybody_sees_to_it_is_no_alarm_but_being_watched_is() -> None:
    guarded = Triage("urgent_alarm", 0.58, "urgent_alarm/captivity")
    asked = meaning(read("现在有人看着这事没", guarded), TIP).parse_data
    assert asked["triage"]["label"] == "enquiry"
    watched = replace(guarded, confidence=0.85)
    assert meaning(read("现在有人看着我", watched), TIP).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_friends_farewell_stands_behind_chat_and_a_faint_one_is_seen_by_a_human() -> None:
    chat = said(Triage("other", 0.99, "other/bot_identity"), "你是真人吗")
    text = "我同学发朋友圈说 来世再见"
    others = {f"你是真人吗，{text}": read("", Triage("other", 0.97, "other/bot_identity"))}
    farewell = Triage("urgent_alarm", 0.95, "urgent_alarm/suicide_other", (Evidence("model", ("来世",)),))
    heard = meaning(read(text, farewell, turn=0.5), chat, others=others)
    assert heard.parse_data["triage"]["label"] == "urgent_alarm"
    pushed = replace(farewell, confidence=0.6, intent="urgent_alarm/assault")
    half = meaning(read(text, pushed, turn=0.06), chat, others=others).parse_data["triage"]
    assert half["uncertain"]


def test_that_what_is_asked_of_a_childs_name_is_no_missing_child() -> None:
    asked = said(Triage("enquiry", 0.99, "enquiry/household_name_change"), "给我儿子改名")
    missing = Triage("urgent_alarm", 0.5, "urgent_alarm/missing_child", (Evidence("model", ("男孩",)),))
    age = read("8岁 男孩", missing, turn=0.02)
    others = {"给我儿子改名，8岁 男孩": read("", Triage("enquiry", 0.9, "enquiry/household_name_change"))}
    assert meaning(age, asked, others=others).parse_data["triage"]["label"] == "enquiry"


def test_that_the_stove_behind_a_locked_door_is_an_alarm_whatever_it_looks_like_alone() -> None:
    out = said(Triage("help_request", 0.99, "help_request/lockout"), "门被风带上了")
    text = "哎呀 锅里炖着排骨呢"
    net = Triage("urgent_alarm", 0.9, "urgent_alarm/fire", (Evidence("locked_stove", ("炖着",)),))
    others = {f"钥匙锁屋里了，{text}": read("", net)}
    heard = meaning(read(text, Triage("other", 0.9, "other/chitchat")), out, others=others).parse_data["triage"]
    assert heard["intent"] == "urgent_alarm/fire"


@pytest.mark.parametrize(
    ("intent", "told", "text", "label"),
    [
        ("lost_item", "我用我室友号发的 我手机没了", "要么就是吃饭那会儿 现在关机了", "help_request"),
        ("lost_pet", "我家豆包丢了 是狗", "我就买了个辣条 回头它就没了", "help_request"),
        ("lost_pet", "我家豆包丢了 是狗", "我弟弟追出去 现在电话关机了", "urgent_alarm"),
        ("noise", "楼上天天蹦", "要么就是吃饭那会儿 现在关机了", "urgent_alarm"),
    ],
)
def test_that_a_detail_of_a_thing_lost_is_nobody_missing_unless_it_names_somebody(
    intent: str, told: str, text: str, label: str
) -> None:
    missing = Triage(URGENT, 0.85, f"{URGENT}/missing_adult_at_risk", (Evidence("model", (text,)),))
    lost = said(Triage("help_request", 0.98, f"help_request/{intent}"), told)
    heard = meaning(read(text, missing, turn=0.6), lost, others={f"{told}，{text}": read("", missing)})
    assert heard.parse_data["triage"]["label"] == label


def test_that_a_threat_told_with_a_laugh_is_talk() -> None:
    threat = Triage(URGENT, 0.7, f"{URGENT}/violent_threat", (Evidence("model", ("整死",)),))
    assert meaning(read("媳妇说我再不洗碗就整死我 能立案不🤣", threat)).parse_data["triage"]["label"] == "other"
    earnest = read("他说我再不开门就整死我 哈哈 正踹门呢", threat)
    assert meaning(earnest).parse_data["triage"]["label"] == URGENT


def test_that_how_far_a_form_is_filled_in_takes_it_up_beside_an_alarm() -> None:
    asleep = [SlotSet(SLEEPING, PARSED_FORM), SlotSet("requested_slot", "phone")]
    taken_up = meaning(read("刚才填到哪了", OFF_TOPIC), *asleep, alarm_open=True)
    assert taken_up.parse_data["intent"]["name"] == "form_answer"
    arrives = meaning(read("走到哪了", OFF_TOPIC), *asleep, alarm_open=True)
    assert arrives.parse_data["intent"]["name"] != "form_answer"


def test_that_who_wants_what_was_stopped_after_all_begins_it_anew() -> None:
    stopped = BotUttered(CANCELLED.format(says="我要办犬证"))
    anew = meaning(read("老伴说还得办 重新来吧", OFF_TOPIC), stopped)
    assert anew.parse_data["intent"]["name"] == "apply_dog_licence"


def test_that_a_paper_nobody_signed_is_no_wage_that_nobody_paid() -> None:
    form = [ActiveLoop("residence_permit_form"), SlotSet("requested_slot", "id_number")]
    wages = Triage("help_request", 0.95, "help_request/wage_dispute")
    paper = meaning(read("劳动合同老板没给签", wages), *form)
    assert paper.parse_data["intent"]["name"] == "form_answer"
    unpaid = meaning(read("工头欠我工资 劳动合同也没给签", wages), *form)
    assert unpaid.parse_data["intent"]["name"] != "form_answer"


def test_that_another_telephone_for_the_form_is_no_whisper() -> None:
    heard = meaning(read("以后打13800138021 别打那个了", WHISPER), *asked_for("dog_name", phone="13800138000"))
    assert heard.parse_data["intent"]["name"] == "form_answer"


def test_that_proof_of_what_is_being_told_is_no_case_of_its_own() -> None:
    wages = said(Triage("help_request", 0.99, "help_request/wage_dispute"), "老板欠我七万")
    proof = read("考勤表和聊天记录我都留着呢", Triage("help_request", 0.9, "help_request/evidence_submit"))
    assert meaning(proof, wages).parse_data["triage"]["intent"] == "help_request/wage_dispute"


def test_that_an_alarm_half_heard_behind_a_question_is_seen_by_a_human() -> None:
    lifts = said(Triage("enquiry", 0.99, "enquiry/city_services"), "小区电梯老坏 归谁管")
    inside = read("停半道了 我在里头", Triage("urgent_alarm", 0.4, "urgent_alarm/trapped"), turn=0.06)
    calm = {"小区电梯老坏 归谁管，停半道了 我在里头": read("", Triage("enquiry", 0.98, "enquiry/city_services"))}
    heard = meaning(inside, lifts, others=calm).parse_data["triage"]
    assert (heard["uncertain"], heard["label"]) == (True, "help_request")
    assert heard["options"] == ["urgent_alarm/general_alarm", "urgent_alarm/trapped"]


def test_that_typing_put_right_is_no_whisper() -> None:
    asked = said(Triage("enquiry", 0.99, "enquiry/idcard_renew"), "身份证到期换一个多少钱")
    others = {"身份证到期换一个多少钱，打错了 是25": read("", Triage("enquiry", 0.98, "enquiry/idcard_renew"))}
    heard = meaning(read("打错了 是25", WHISPER, turn=0.02), asked, others=others).parse_data
    assert heard["triage"]["label"] == "enquiry"


def test_that_an_earlier_matter_is_taken_up_again_by_its_words() -> None:
    no_crime = Triage("enquiry", 0.99, "enquiry/no_crime_record")
    permit = Triage("enquiry", 0.99, "enquiry/residence_permit_renew")
    before = (
        said(no_crime, "家政管我要个没犯过事的证明", Question(("no_crime_record",))),
        said(permit, "居住证是不是得续", Question(("residence_permit_renew",))),
    )
    back = read("证明那个 我老妹替我去中不", permit, topics=[("residence_permit_renew", 0.9)])
    back[ASPECT_TURNS] = [Turn("agent", 0.95).to_json()]
    together = read("", no_crime, topics=[("no_crime_record", 0.9)])
    behind = following.behind(knowledge.load().topics["no_crime_record"], "家政管我要个没犯过事的证明", back["text"])
    others = {behind: together}
    asked = meaning(back, *before, others=others).parse_data[QUESTION]
    assert asked["topics"][0].startswith("no_crime_record")
    assert asked["aspects"] == ["agent"]


def test_that_an_earlier_matter_is_taken_up_again_behind_a_word_of_assent_and_in_english() -> None:
    permit, dog = Triage("enquiry", 0.99, "enquiry/residence_permit_apply"), Triage("enquiry", 0.99, "enquiry/passport")
    before = (
        said(permit, "孩子上学的居住证咋办", Question(("residence_permit_apply",))),
        said(dog, "护照去哪办", Question(("passport",))),
    )
    for text in ("行 那居住证那个得花钱不", "啊 那居住证多少钱", "ok and back to the first thing, how much is it"):
        heard = meaning(read(text, dog, topics=[("passport", 0.9)]), *before).parse_data
        assert READERS.knowledge.current().topics[heard[QUESTION]["topics"][0]].intent == permit.intent, text


def test_that_an_earlier_matter_is_taken_up_again_by_one_letter_that_names_it() -> None:
    dog, card = Triage("enquiry", 0.99, "enquiry/dog_licence"), Triage("enquiry", 0.99, "enquiry/idcard_renew")
    before = (
        said(dog, "狗证咋整", Question(("dog_licence",))),
        said(card, "身份证到期换一个多少钱", Question(("idcard_renew",))),
    )
    heard = meaning(read("嗯 那狗那个得几天", card, topics=[("idcard_renew", 0.9)]), *before).parse_data
    assert heard[QUESTION]["topics"][0].startswith("dog_licence")


def test_that_a_question_that_goes_back_to_its_matter_is_no_more_of_the_tip_told_between() -> None:
    rents = Triage("enquiry", 1.0, "enquiry/rental_registration")
    told = (
        said(rents, "房子租出去用登记吗", Question(("rental_registration",))),
        said(Triage("tip", 1.0, "tip/gambling"), "楼上天天耍钱"),
    )
    vague = Triage("help_request", 0.4, "help_request/correction")
    text = "说回登记那事 多暂能整完"
    behind = following.behind(knowledge.load().topics["rental_registration"], "房子租出去用登记吗", text)
    others = {behind: read("", rents, topics=[("rental_registration", 0.9)])}
    heard = meaning(read(text, vague), *told, others=others).parse_data
    assert heard["triage"]["intent"] == rents.intent
    more = read("刚才说的那帮人几点散呢", vague)
    of_tip = {f"楼上天天耍钱，{more['text']}": read("", Triage("tip", 0.99, "tip/gambling"))}
    assert meaning(more, *told, others=of_tip).parse_data["triage"]["label"] == "tip"


def test_that_what_was_only_asked_in_between_does_not_hide_the_matter() -> None:
    no_crime, hours = (Triage("enquiry", 0.99, f"enquiry/{name}") for name in ("no_crime_record", "station_hours"))
    before = (
        said(no_crime, "开个无犯罪记录证明", Question(("no_crime_record",))),
        said(hours, "周日上班不", Question(("station_hours_weekend",))),
    )
    asks = read("我年轻时打架被拘留过还能开出来不", no_crime, topics=[("no_crime_record", 0.6), ("follow_up", 0.3)])
    heard = meaning(asks, *before).parse_data
    assert heard[QUESTION]["topics"][0].startswith("no_crime_record")
    few = meaning(read("多少钱", hours, topics=[("station_hours", 0.9)]), *before).parse_data
    assert not few[QUESTION]["topics"][0].startswith("no_crime_record")


def test_that_a_calm_word_is_no_alarm_because_of_what_was_told_calmly_before() -> None:
    others = {"有个KTV包房里溜冰，明天还开呢": read("", Triage("urgent_alarm", 0.25, "urgent_alarm/general_alarm"))}
    heard = meaning(read("明天还开呢", OFF_TOPIC), TIP, others=others).parse_data
    assert heard["triage"]["intent"] == "tip/drugs"


def test_that_an_alarm_hardly_heard_behind_a_request_is_more_of_it_and_a_word_of_one_stands() -> None:
    lost = said(Triage("help_request", 0.84, "help_request/lost_item"), "手机落出租车上了")
    faint = read("", Triage("urgent_alarm", 0.25, "urgent_alarm/kidnapping"))
    tip = Triage("tip", 0.74, "tip/general_tip")
    looks, acts = "师傅戴个鸭舌帽 放的二人转", "师傅堵门口了 不让下"
    others = {f"手机落出租车上了，{text}": faint for text in (looks, acts)}
    heard = meaning(read(looks, tip, turn=0.9), lost, others=others).parse_data
    assert heard["triage"]["intent"] == "help_request/lost_item"
    assert meaning(read(acts, tip, turn=0.9), lost, others=others).parse_data["triage"]["label"] == "urgent_alarm"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("哦不是现在 上礼拜的事 他早没事了", "tip"),
        ("刚才说错了啊 不是挨着彩票站 是挨着药房", "tip"),
        ("误会了，别来查了", "help_request"),
    ],
)
def test_that_what_puts_a_tip_right_is_no_false_alarm(text: str, label: str) -> None:
    false_alarm = read(text, Triage("help_request", 0.9, "help_request/correction"))
    assert meaning(false_alarm, TIP).parse_data["triage"]["label"] == label
    assert meaning(false_alarm, TIP, alarm_open=True).parse_data["triage"]["intent"] == "help_request/correction"


def test_that_a_topic_beside_the_last_one_is_named_by_its_words() -> None:
    how = Triage("enquiry", 0.6, "enquiry/tip_howto")
    asked = said(how, "怎么举报", Question(("tip_howto",)))
    heard = meaning(read("我亲戚能知道不", how, topics=[("tip_howto", 0.5), ("complaint_howto", 0.2)]), asked)
    assert heard.parse_data[QUESTION]["topics"] == ["tip_howto_family"]


def test_that_a_closing_word_is_thanks_and_not_the_next_question() -> None:
    unsure = Triage("enquiry", 0.7, "enquiry/city_services")
    assert meaning(read("好 你记下就行", unsure), TIP).parse_data["triage"]["intent"] == "other/thanks"


def test_that_what_was_once_is_read_with_what_it_belongs_to() -> None:
    past = said(Triage("help_request", 0.95, "help_request/domestic_violence_past"), "前夫以前打过我")
    once = read("就是拿刀那回", Triage("urgent_alarm", 0.4, "urgent_alarm/armed_threat"), turn=0.02)
    others = {
        "前夫以前打过我，就是拿刀那回": read("", Triage("help_request", 0.9, "help_request/domestic_violence_past"))
    }
    assert meaning(once, past, others=others).parse_data["triage"]["label"] == "help_request"
    again = read("现在又拿刀来了", Triage("urgent_alarm", 0.7, "urgent_alarm/armed_threat"), turn=0.6)
    assert meaning(again, past).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_sure_question_is_not_swallowed_by_the_fragments_before_it() -> None:
    asked = read("举报有奖吗", Triage("enquiry", 0.9, "enquiry/tip_howto"), topics=[("tip_howto", 0.9)])
    tip = read("三楼那家 举报有奖吗", Triage("tip", 0.9, "tip/gambling"))
    assert meaning(asked, joined=tip).parse_data["triage"]["label"] == "enquiry"
    alarm = read("三楼那家 举报有奖吗", Triage("urgent_alarm", 0.9, "urgent_alarm/armed_threat"))
    assert meaning(asked, joined=alarm).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_bare_pinyin_is_asked_about_and_seen_by_a_human() -> None:
    nonsense = Triage("other", 0.98, "other/gibberish")
    assert meaning(read("qiang", nonsense)).parse_data["triage"]["uncertain"] is True
    assert meaning(read("hjklx", nonsense)).parse_data["triage"]["uncertain"] is False


def test_that_a_look_up_by_its_number_is_no_request_of_its_own() -> None:
    follows = Triage("help_request", 0.4, "help_request/case_followup")
    by_number = meaning(read("看下 Q20260101-0004", follows)).parse_data
    assert (by_number["intent"]["name"], by_number["triage"]["label"]) == ("ask_status", "enquiry")
    by_words = meaning(read("我报的案咋没人回", follows)).parse_data
    assert (by_words["intent"]["name"], by_words["triage"]["label"]) == ("ask_status", "help_request")


def test_that_whoever_tells_of_a_loss_and_a_missing_number_tells_of_the_loss() -> None:
    theft = Triage("help_request", 0.95, "help_request/theft_discovered")
    heard = meaning(read("前天上所里报的 没给我个编号 三轮车让人推走了", theft))
    assert heard.parse_data["triage"]["intent"] == "help_request/theft_discovered"


PARSED_FORM = "dog_licence_form"


def test_that_a_form_is_taken_up_in_so_many_words_once_an_officer_has_the_alarm() -> None:
    asleep = [SlotSet(SLEEPING, PARSED_FORM), SlotSet("requested_slot", "phone")]
    on = read("接着填吧", OFF_TOPIC)
    assert meaning(on, *asleep, alarm_open=True).parse_data["intent"]["name"] != "form_answer"
    taken_up = meaning(on, *asleep, alarm_open=True, alarm_seen=True)
    assert taken_up.parse_data["intent"]["name"] == "form_answer"
    assert ActiveLoop(PARSED_FORM) in taken_up.before


def test_that_a_form_is_taken_up_by_its_name_beside_an_alarm_that_nobody_has_seen_yet() -> None:
    asleep = [SlotSet(SLEEPING, PARSED_FORM), SlotSet("requested_slot", "phone")]
    named = meaning(read("接着填狗证吧", OFF_TOPIC), *asleep, alarm_open=True)
    assert named.parse_data["intent"]["name"] == "form_answer"
    number = read("13800138021", WHISPER)
    awake = meaning(number, *asleep, *named.before, alarm_open=True)
    assert awake.parse_data["intent"]["name"] == "form_answer"
    never_asleep = [ActiveLoop(PARSED_FORM), SlotSet("requested_slot", "phone")]
    assert meaning(number, *never_asleep, alarm_open=True).parse_data["intent"]["name"] != "form_answer"


def test_that_a_question_after_a_form_that_an_alarm_put_to_sleep_is_told_that_it_is_kept() -> None:
    asleep = [SlotSet(SLEEPING, PARSED_FORM), SlotSet("requested_slot", "phone")]
    asked = read("刚才我那个狗证还在不", Triage("enquiry", 0.9, "enquiry/dog_licence"))
    assert meaning(asked, *asleep, alarm_open=True).parse_data[QUESTION]["topics"] == ["dog_licence_kept"]
    awake = [ActiveLoop(PARSED_FORM), SlotSet("requested_slot", "phone")]
    number = read("13800138021", OFF_TOPIC)
    assert meaning(number, *awake, alarm_open=True, alarm_seen=True).parse_data["intent"]["name"] == "form_answer"
    assert meaning(number, *asleep, alarm_open=True, alarm_seen=True).parse_data["intent"]["name"] != "form_answer"


def test_that_a_vaccination_is_no_blow_and_no_transfer_of_money() -> None:
    asked = [ActiveLoop(PARSED_FORM), SlotSet("requested_slot", "vaccinated_on")]
    sure = Triage("urgent_alarm", 0.9, "urgent_alarm/fraud_transfer")
    assert meaning(read("大前天刚打完针", sure), *asked).parse_data["intent"]["name"] == "form_answer"


def test_that_a_day_is_no_alarm_and_a_dogs_name_none_either() -> None:
    sure = Triage("urgent_alarm", 0.9, "urgent_alarm/domestic_violence")
    assert meaning(read("黑豹", sure), *DOG_NAME).parse_data["intent"]["name"] == "form_answer"
    for text in ("他来了", "有人", "救我"):
        assert meaning(read(text, sure), *DOG_NAME).parse_data["triage"]["label"] == "urgent_alarm", text
    since = [ActiveLoop("residence_permit_form"), SlotSet("requested_slot", "lived_since")]
    assert meaning(read("来了快三年了", sure), *since).parse_data["intent"]["name"] == "form_answer"


def test_that_a_matter_named_in_passing_is_what_is_begun_next() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/dog_licence"), "我的犬证办好了吗")
    assert meaning(read("那我现在办", OFF_TOPIC), asked).parse_data["intent"]["name"] == "apply_dog_licence"


def test_that_who_wants_somebody_to_explain_it_gets_a_human() -> None:
    asked = meaning(read("居住证弄不明白 能找个人教我吗", Triage("enquiry", 0.9, "enquiry/residence_permit_use")))
    assert asked.parse_data["triage"]["intent"] == "help_request/human_service"


def test_that_dropping_a_question_is_a_farewell() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/dog_licence"), "犬证多少钱", Question(("dog_licence",)))
    assert meaning(read("那算了", OFF_TOPIC), asked).parse_data["triage"]["intent"] == "other/goodbye"


def test_that_a_short_question_after_handing_in_asks_how_it_stands() -> None:
    handed_in = [said(Triage("enquiry", 1.0, "enquiry/dog_licence"), "确认"), BotUttered("受理号 Q20261125-0004。")]
    assert meaning(read("啥时候能去取", OFF_TOPIC), *handed_in).parse_data["intent"]["name"] == "ask_status"


def looked_up(name: str, text: str) -> UserUttered:
    about = Triage("enquiry", 1.0, f"enquiry/{'community_officer' if name == 'look_up_officer' else 'duplicate_name'}")
    parse_data = {"triage": about.to_json(), "intent": {"name": name}, "entities": []}
    return UserUttered(text, {"name": name}, parse_data=parse_data)  # type: ignore[arg-type]


def test_that_a_place_told_at_length_answers_whose_officer_it_is() -> None:
    asked = said(Triage("enquiry", 1.0, "enquiry/community_officer"), "片警是谁", Question(("community_officer",)))
    place = read(
        "吉祥街那块 具体是吉祥二路26号", Triage("help_request", 0.9, "help_request/general_help"), ("place", 10, 17)
    )
    assert meaning(place, asked).parse_data["intent"]["name"] == "look_up_officer"


def test_that_places_in_pieces_answer_whose_officer_it_is_and_what_happens_there_does_not() -> None:
    asked = said(Triage("enquiry", 1.0, "enquiry/community_officer"), "片警是谁", Question(("community_officer",)))
    for text, known in (("珠林路35号 吉祥二小区那个", 6), ("上园路那边的 东辽街17号", 3)):
        place = read(text, replace(WHISPER, confidence=0.23, uncertain=True), ("place", 0, known))
        assert meaning(place, asked).parse_data["intent"]["name"] == "look_up_officer", text
    jumps = read("幸福家园有人跳楼", Triage("urgent_alarm", 0.73, "urgent_alarm/suicide_other"), ("place", 0, 4))
    assert meaning(jumps, asked).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_name_told_in_two_is_looked_up_and_thanks_are_none() -> None:
    asked = looked_up("look_up_name", "能查重名不")
    told = read("姓李 叫沐阳 男孩女孩都行", Triage("tip", 0.63, "tip/general_tip"))
    assert meaning(told, asked).parse_data["intent"]["name"] == "look_up_name"
    thanks = read("中 谢啦", Triage("other", 1.0, "other/thanks"))
    assert meaning(thanks, asked).parse_data["intent"]["name"] == "other"


def test_that_what_is_asked_of_officers_who_will_come_adds_to_the_tip_before() -> None:
    told = [
        said(Triage("tip", 1.0, "tip/pyramid_selling"), "楼上搞传销"),
        said(Triage("enquiry", 1.0, "enquiry/bot_services"), "有信儿没"),
    ]
    joke = read("你们去的时候别敲错我家门 我家6楼", Triage("tip", 0.56, "tip/general_tip", uncertain=True))
    beside = {"有信儿没，你们去的时候别敲错我家门 我家6楼": joke}
    assert meaning(joke, *told, others=beside).parse_data["triage"]["intent"] == "tip/pyramid_selling"


def test_that_another_form_wished_for_in_one_clause_begins_and_what_was_told_is_kept() -> None:
    form = [ActiveLoop("dog_licence_form"), SlotSet("name", "周凯"), SlotSet("requested_slot", "phone")]
    text = "等会 是不是没居住证不给办啊 那先办居住证 狗的先放放"
    heard = meaning(read(text, Triage("enquiry", 1.0, "enquiry/residence_permit_apply")), *form)
    assert heard.parse_data["intent"]["name"] == "apply_residence_permit"
    assert ActiveLoop(None) in heard.before
    assert SlotSet("name", None) not in heard.before


def test_that_the_dogs_form_that_waits_beside_another_is_taken_up_by_the_dog() -> None:
    form = [ActiveLoop("residence_permit_form"), SlotSet("requested_slot", "household_place")]
    back = read("狗那个接着来吧", Triage("other", 0.4, "other/acknowledgement"))
    begun = meaning(back, *form, SlotSet("dog_name", "土豆"))
    assert begun.parse_data["intent"]["name"] == "apply_dog_licence"
    assert meaning(back, *form).parse_data["intent"]["name"] == "form_answer"


def test_that_who_asks_in_a_form_when_the_station_closes_is_told_its_hours() -> None:
    asked = read("你们晚上几点关门啊", Triage("enquiry", 1.0, "enquiry/station_hours"))
    heard = meaning(asked, *DOG_NAME).parse_data
    assert (heard["triage"]["intent"], heard["intent"]["name"]) == ("enquiry/station_hours", "enquiry")


def test_that_a_request_with_a_place_behind_a_look_up_is_one() -> None:
    blocked = Triage("help_request", 0.93, "help_request/public_hazard")
    told = read("棋牌摊子天天把人行道堵死，联合路58号门前", blocked, ("place", 13, 18))
    assert meaning(told, looked_up("look_up_officer", "魁星社区")).parse_data["triage"]["label"] == "help_request"


@pytest.mark.parametrize("text", ["里头有没有住东逸社区的", "他们都住在哪", "是不是我邻居家孩子"])
def test_that_who_bears_a_name_is_no_question_for_an_officer(text: str) -> None:
    place = ("place", text.find("东逸"), text.find("东逸") + 4) if "东逸" in text else ("people", 0, 2)
    asked = read(text, Triage("enquiry", 0.5, "enquiry/community_officer"), place)
    assert meaning(asked, looked_up("look_up_name", "李梓轩")).parse_data["intent"]["name"] == "look_up_name"


def test_that_another_name_is_looked_up_whatever_the_model_faintly_hears_and_no_word_for_the_fee() -> None:
    names = Triage("enquiry", 1.0, "enquiry/duplicate_name")
    before = UserUttered(
        "重名查询 王子轩", {"name": "look_up_name"}, parse_data={"triage": names.to_json(), "entities": []}
    )  # type: ignore[arg-type]
    faint = read("也太多人叫了吧 那 陈屿川 呢 岛屿的屿", Triage("urgent_alarm", 0.28, "urgent_alarm/suicide_self"))
    assert meaning(faint, before).parse_data["intent"]["name"] == "look_up_name"
    fee = read("那费用呢", Triage("enquiry", 1.0, "enquiry/follow_up"), topics=[("follow_up", 0.9)])
    assert meaning(fee, before).parse_data["intent"]["name"] != "look_up_name"


def test_that_who_asks_for_the_officer_behind_a_name_is_not_asked_for_a_name() -> None:
    officer, text = Triage("enquiry", 0.99, "enquiry/community_officer"), "行 另外我们那片的片警是谁"
    asked = read(text, officer, topics=[("community_officer", 0.99)])
    heard = meaning(asked, looked_up("look_up_name", "李沐阳")).parse_data
    assert (heard["intent"]["name"], heard["triage"]["intent"]) == ("enquiry", "enquiry/community_officer")


def test_that_look_ups_go_on_with_another_name_place_or_number() -> None:
    named = looked_up("look_up_name", "叫张伟的多不多")
    assert meaning(read("李沐阳", OFF_TOPIC), named).parse_data["intent"]["name"] == "look_up_name"
    placed = looked_up("look_up_officer", "大东路34号")
    for text in ("他啥时候在啊", "电话多少", "那35号"):
        assert meaning(read(text, OFF_TOPIC), placed).parse_data["intent"]["name"] == "look_up_officer", text
    frightened = Triage("urgent_alarm", 0.6, "urgent_alarm/missing_child")
    assert meaning(read("司马懿呢", frightened), named).parse_data["intent"]["name"] == "look_up_name"
    assert meaning(read("11号", frightened), placed).parse_data["intent"]["name"] == "look_up_officer"
    for alarm in ("有人杀人", "快来救我", "11号有人砍人"):
        assert (
            meaning(read(alarm, replace(frightened, confidence=0.85)), placed).parse_data["triage"]["label"]
            == "urgent_alarm"
        ), alarm
    place = read("小东路", frightened, ("place", 0, 3))
    assert meaning(place, placed).parse_data["intent"]["name"] == "look_up_officer"


@pytest.mark.parametrize("text", ["那事有信儿没", "给个编号呗", "号我忘了"])
def test_that_whoever_asks_after_something_told_before_is_told_how_it_stands(text: str) -> None:
    joined = read("", Triage("urgent_alarm", 0.6, "urgent_alarm/fire"))
    vague = Triage("enquiry", 0.9, "enquiry/follow_up")
    assert meaning(read(text, vague), TIP, joined=joined).parse_data["intent"]["name"] == "ask_status"


def test_that_nothing_more_to_tell_is_no_alarm_with_the_words_before_it() -> None:
    nothing = read("没别的了", Triage("other", 0.99, "other/acknowledgement"))
    together = read("", Triage("urgent_alarm", 0.88, "urgent_alarm/suicide_self"))
    assert meaning(nothing, TIP, joined=together).parse_data["triage"]["label"] == "other"


def test_that_all_the_data_for_a_form_handed_over_with_its_name_are_no_whisper() -> None:
    data = "犬证在这办是吧 我直接发你 赵鹏 21010419860307001X 13840002751 魁星楼路8号1单元203 柯基 叫土豆"
    number = data.replace("21010419860307001X", "21010419860307001" + _check_digit("21010419860307001"))
    assert meaning(read(number, WHISPER)).parse_data["intent"]["name"] == "apply_dog_licence"


def test_that_of_two_forms_that_an_answer_offers_data_begin_the_one_that_was_asked_about() -> None:
    permit = Triage("enquiry", 1.0, "enquiry/residence_permit_apply")
    asked = said(permit, "办居住证 手机上能整完不", Question(("residence_permit_apply", "bot_services_phone")))
    both = BotUttered("居住证、犬证能在这里申请：回“我要办居住证”或“我要办犬证”。")
    data = read(f"赵铁柱 {NUMBER} 电话15140233908", Triage("other", 0.9, "other/gibberish"))
    assert meaning(data, asked, both).parse_data["intent"]["name"] == "apply_residence_permit"


def wants_permit() -> UserUttered:
    """Who has asked about a residence permit."""
    asked = Question(("residence_permit_apply",))
    return said(Triage("enquiry", 1.0, "enquiry/residence_permit_apply"), "要居住证", asked)


def test_that_data_behind_talk_about_a_form_begin_it_though_an_alarm_is_faintly_heard() -> None:
    data = "同意同意快点 周海涛 211224199708231613 18640327719"
    hurried = meaning(read(data, Triage("urgent_alarm", 0.22, "urgent_alarm/silent_call")), wants_permit())
    assert hurried.parse_data["intent"]["name"] == "apply_residence_permit"
    cried = read(f"救命 {data}", Triage("urgent_alarm", 0.22, "urgent_alarm/silent_call"))
    assert meaning(cried, wants_permit()).parse_data["triage"]["label"] == "urgent_alarm"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("满了满了 前年开春就来了 整吧 同意 快点儿 我等餐呢", True),
        ("Yes agree. 姓名 林晓彤", True),
        ("行 办居住证的 桶意", True),
        ("那你给我整一个呗我眼神不好", True),
        ("额那还是搞一个吧 反正不要钱（不要钱吧？）", True),
        ("那冲！怎么搞", True),
        ("房东同意就行是吧", False),
        ("我爸不同意", False),
    ],
)
def test_that_consent_behind_talk_about_a_form_begins_it(text: str, begins: bool) -> None:
    meant = meaning(read(text, Triage("other", 0.7, "other/acknowledgement")), wants_permit()).parse_data
    assert meant["intent"]["name"].startswith("apply_") is begins


def test_that_who_comes_another_day_begins_nothing_now() -> None:
    later = read("最好先把居住证整一个呗 那我改天来办", Triage("enquiry", 0.9, "enquiry/residence_permit_apply"))
    assert not meaning(later, wants_permit()).parse_data["intent"]["name"].startswith("apply_")


def test_that_a_tip_told_with_a_cancellation_is_a_tip() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/dog_licence"), "狗证先不办了", Question(("dog_licence",)))
    told = read("对 取消 另外 邻居吸毒 我看见针了", Triage("tip", 0.96, "tip/drugs"))
    assert meaning(told, asked).parse_data["triage"]["intent"] == "tip/drugs"


def test_that_a_slip_of_the_finger_in_a_form_is_no_call_for_haste() -> None:
    alarm = Triage("urgent_alarm", 0.86, "urgent_alarm/general_alarm")
    calm = {"办犬证，不对 公的 手快了": read("", Triage("enquiry", 0.9, "enquiry/dog_licence"))}
    heard = meaning(read("不对 公的 手快了", alarm), *DOG_NAME, others=calm)
    assert heard.parse_data["triage"]["label"] != "urgent_alarm"


# -- money that can still be stopped --------------------------------------------------------------------------------

LATE = Triage("help_request", 0.8, "help_request/fraud_reported_late")


@pytest.mark.parametrize("text", ["我让人骗了 说我中奖 汇了八千手续费", "被骗两千三 农行转的 一小时前"])
def test_that_a_swindle_of_which_no_time_is_told_is_one_that_can_still_be_stopped(text: str) -> None:
    triage = Triage.from_json(meaning(read(text, LATE)).parse_data["triage"])
    assert (triage.label, triage.intent) == ("urgent_alarm", "urgent_alarm/fraud_transfer")


@pytest.mark.parametrize(
    "text", ["上个月让人骗了八千", "被骗三万 半年多了", "前儿个刷单搭进去五千", "去年冬天的事 骗走我两万"]
)
@pytest.mark.parametrize("doubtful", [False, True])
def test_that_a_swindle_of_long_ago_pages_nobody_and_is_asked_nothing(text: str, doubtful: bool) -> None:
    told = meaning(read(text, replace(LATE, uncertain=doubtful))).parse_data["triage"]
    assert (told["label"], told["uncertain"]) == ("help_request", False)


def test_that_more_of_a_swindle_of_long_ago_pages_nobody() -> None:
    told = said(LATE, "上个月刷单让人骗了八千")
    assert meaning(read("支付宝转的 对方叫啥啥数码", LATE), told).parse_data["triage"]["label"] == "help_request"


TAKEN_BACK = Triage("help_request", 0.95, "help_request/correction")
LOST_CARD = said(Triage("enquiry", 1.0, "enquiry/idcard_lost"), "身份证丢了咋补", Question(("idcard_lost",)))


def test_that_what_takes_back_a_question_is_no_false_alarm() -> None:
    found = meaning(read("找着了 搁布兜里呢 不用补了", TAKEN_BACK), LOST_CARD).parse_data["triage"]
    assert found["label"] == "other"


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("找着了 不用找了", [said(Triage("help_request", 0.98, "help_request/lost_item"), "钱包落车上了")]),
        ("刚才110是我打的 找着了", [LOST_CARD]),
        ("找着了 孩子回来了", []),
    ],
)
def test_that_what_takes_back_a_report_stays_one(text: str, before: list[UserUttered]) -> None:
    assert meaning(read(text, TAKEN_BACK), *before).parse_data["triage"]["intent"] == "help_request/correction"


# -- look-ups -------------------------------------------------------------------------------------------------------


def test_that_a_place_asks_for_its_officer_and_a_name_for_its_bearers() -> None:
    officer = read("东逸社区的片警是谁", Triage("enquiry", 0.9, "enquiry/community_officer"), ("place", 0, 4))
    assert meaning(officer).parse_data["intent"]["name"] == "look_up_officer"
    name = read("查查张伟有几个重名", Triage("enquiry", 0.9, "enquiry/duplicate_name"))
    assert meaning(name).parse_data["intent"]["name"] == "look_up_name"
    asked = said(Triage("enquiry", 0.9, "enquiry/community_officer"), "片警是谁", Question(("community_officer",)))
    answered = read("大东路1号", WHISPER, ("place", 0, 5))
    assert meaning(answered, asked).parse_data["intent"]["name"] == "look_up_officer"
    doubtful = read(
        "住小河沿路9号", Triage("enquiry", 0.3, "enquiry/community_officer", uncertain=True), ("place", 1, 5)
    )
    assert meaning(doubtful).parse_data["intent"]["name"] != "look_up_officer"


def test_that_asking_for_ones_own_case_is_no_new_request_of_the_dialogue() -> None:
    chase = read("我的报警怎么样了", Triage("help_request", 0.9, "help_request/case_followup"))
    heard = meaning(chase).parse_data
    assert (heard["intent"]["name"], heard["triage"]["intent"]) == ("ask_status", "help_request/case_followup")
    progress = read("我的犬证办好了吗", Triage("enquiry", 0.9, "enquiry/dog_licence"))
    assert meaning(progress).parse_data["intent"]["name"] == "ask_status"


@pytest.mark.parametrize(
    "text",
    [
        "我家刚来四个月居住证能办下来吗",
        "我住了五个月，街坊说没满半年居住证不给受理，可孩子开学就要用，我想问问到底从哪天算起",
    ],
)
def test_that_who_asks_whether_it_can_be_had_asks_after_nothing_handed_in(text: str) -> None:
    asked = read(text, Triage("enquiry", 0.99, "enquiry/residence_permit_apply"))
    assert meaning(asked).parse_data["intent"]["name"] != "ask_status"


def test_that_what_says_all_by_itself_is_not_read_as_danger_again() -> None:
    fire = read("着火了 没事了，火灭了", Triage("urgent_alarm", 0.99, "urgent_alarm/fire"))
    over = read("没事了，火灭了", Triage("help_request", 0.95, "help_request/correction"))
    assert meaning(over, joined=fire, alarm_open=True).parse_data["triage"]["intent"] == "help_request/correction"
    knife = read("有刀", Triage("urgent_alarm", 0.99, "urgent_alarm/armed_threat"))
    whispered = read("有刀", Triage("other", 0.6, "other/off_topic"))
    assert meaning(whispered, joined=knife).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_sure_question_in_an_open_alarm_is_not_read_behind_its_words() -> None:
    asked = read("打人算家暴吗", Triage("enquiry", 0.95, "enquiry/domestic_violence_advice"))
    behind = read("他打我 打人算家暴吗", Triage("urgent_alarm", 0.99, "urgent_alarm/domestic_violence"))
    assert meaning(asked, joined=behind, alarm_open=True).parse_data["triage"]["label"] == "enquiry"
    assert meaning(asked, joined=behind).parse_data["triage"]["label"] == "urgent_alarm"
    told = read("打人那个在门口", Triage("enquiry", 0.95, "enquiry/domestic_violence_advice"))
    assert meaning(told, joined=behind, alarm_open=True).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_chat_beside_asking_for_an_officer_stays_chat() -> None:
    before = said(Triage("help_request", 0.99, "help_request/human_service"), "转人工")
    chat = read("你忙吧 我喝点酒话多", Triage("other", 0.99, "other/chitchat"))
    assert meaning(chat, before).parse_data["triage"]["intent"] == "other/chitchat"


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


def test_that_a_plain_whisper_behind_an_answered_question_stays_an_alarm() -> None:
    asked = said(Triage("enquiry", 1.0, "enquiry/idcard_lost"), "身份证丢了怎么补办", Question(("idcard_lost",)))
    whisper = Triage("urgent_alarm", 0.97, "urgent_alarm/silent_call")
    heard = meaning(read("他在阳台 我只能打字", whisper), asked)
    assert heard.parse_data["triage"]["label"] == "urgent_alarm"


def test_that_a_question_behind_thanks_is_answered() -> None:
    thanks, asked = Triage("other", 0.99, "other/thanks"), "居住证大概多久能好？"
    permit = read(asked, Triage("enquiry", 0.97, "enquiry/residence_permit_apply"))
    heard = meaning(read(f"谢谢，{asked}", thanks), others={asked: permit})
    assert heard.parse_data["triage"]["intent"] == "enquiry/residence_permit_apply"
    assert meaning(read("谢谢啊，辛苦了", thanks)).parse_data["triage"]["intent"] == "other/thanks"


def test_that_a_location_is_the_address_that_a_form_has_just_asked_for_and_nothing_else() -> None:
    def placed(*events: Event) -> Meaning | None:
        return context_after(events).place("沈阳市大东区大东路112号")

    taken = placed(ActiveLoop("dog_licence_form"), SlotSet("requested_slot", "address"))
    assert taken
    assert (taken.parse_data["intent"]["name"], taken.parse_data["text"]) == ("form_answer", "沈阳市大东区大东路112号")
    assert placed(*DOG_NAME) is None
    assert placed() is None


def test_that_a_location_behind_the_question_for_ones_officer_is_where_one_lives() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/community_officer"), "片警是谁", Question(("community_officer",)))
    found = context_after([asked]).place("沈阳市大东区天后宫路41号")
    assert found
    assert found.parse_data["intent"]["name"] == "look_up_officer"


# -- what the form's model takes a message for ----------------------------------------------------------------------

HOUSE = "东顺城街140号 2单元 他家503 我403"
SURE_WHISPER = Triage("urgent_alarm", 0.92, "urgent_alarm/silent_call")
NOISE = Triage("help_request", 0.95, "help_request/noise")


def taken_for(turn: str, text: str, triage: Triage) -> dict[str, Any]:
    """A message that the form's model surely takes for this turn."""
    return {**read(text, triage), FORM_TURNS: [Turn(turn, 0.95).to_json()]}


def test_that_a_place_in_the_middle_of_a_request_is_where_that_is() -> None:
    heard = meaning(taken_for("answer", HOUSE, SURE_WHISPER), said(NOISE, "楼上半夜还在钻"))
    assert heard.parse_data["triage"]["intent"] == "help_request/noise"


@pytest.mark.parametrize(
    ("turn", "text", "before"),
    [
        ("answer", HOUSE, None),
        ("answer", HOUSE, Triage("help_request", 0.95, "help_request/burglary_discovered")),
        ("answer", f"{HOUSE} 他在砸门", NOISE),
        ("elsewhere", HOUSE, NOISE),
    ],
)
def test_that_a_place_without_a_calm_matter_or_beside_a_call_stays_a_whisper(
    turn: str, text: str, before: Triage | None
) -> None:
    events = [said(before, "先说的事")] if before else []
    others = {f"先说的事，{text}": read(text, SURE_WHISPER)}
    assert meaning(taken_for(turn, text, SURE_WHISPER), *events, others=others).parse_data["triage"]["label"] == (
        "urgent_alarm"
    )


def test_that_who_gives_a_name_and_telephone_after_a_question_asks_for_somebody() -> None:
    question = Triage("enquiry", 0.95, "enquiry/idcard_agent")
    text = "长安路7号楼 我叫赵国庆 电话15802441190"
    heard = meaning(taken_for("answer", text, SURE_WHISPER), said(question, "能上门照相不"))
    assert heard.parse_data["triage"]["intent"] == "help_request/general_help"


def test_that_an_identity_number_is_no_whisper_where_its_form_was_talked_of() -> None:
    permit = said(Triage("enquiry", 0.99, "enquiry/residence_permit_apply"), "学生能办居住证不")
    heard = meaning(taken_for("answer", f"唐可欣 {NUMBER}", SURE_WHISPER), permit)
    assert heard.parse_data["intent"]["name"] == "apply_residence_permit"


def test_that_a_form_is_begun_by_the_model_alone_but_not_by_hearsay() -> None:
    licence = Triage("enquiry", 0.99, "enquiry/dog_licence")
    assert (
        meaning(taken_for("wish", "俺家狗证搁这给整一个", licence)).parse_data["intent"]["name"] == "apply_dog_licence"
    )
    heard = meaning(taken_for("wish", "听说狗证不办挨罚", licence))
    assert heard.parse_data["intent"]["name"] != "apply_dog_licence"


def test_that_the_forms_model_outweighs_a_doubtful_alarm_without_its_words() -> None:
    fraud = Triage("urgent_alarm", 0.5, "urgent_alarm/fraud_transfer")
    vaccinated = [ActiveLoop("dog_licence_form"), SlotSet("requested_slot", "vaccinated_on")]
    text = "回来了 刚打完 今天的"
    assert meaning(taken_for("answer", text, fraud), *vaccinated).parse_data["intent"]["name"] == "form_answer"


# -- an application begins -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["那就你这整吧我姓于于德水", "办一个 内蒙的", "那先办吧 手机13800138000", "来一个 给我整上吧"]
)
def test_that_whoever_wants_it_done_behind_its_rules_begins_the_form(text: str) -> None:
    rules = said(
        Triage("enquiry", 0.9, "enquiry/residence_permit_apply"), "居住证怎么办", Question(("residence_permit_apply",))
    )
    begun = meaning(read(text, Triage("enquiry", 0.7, "enquiry/follow_up")), rules)
    assert begun.parse_data["intent"]["name"] == "apply_residence_permit"


@pytest.mark.parametrize("text", ["办过了", "上个月搬来的", "弄丢了咋整", "那家没办", "办完要多久"])
def test_that_not_every_word_of_doing_begins_a_form(text: str) -> None:
    rules = said(
        Triage("enquiry", 0.9, "enquiry/residence_permit_apply"), "居住证怎么办", Question(("residence_permit_apply",))
    )
    context = context_after([rules])
    assert context._wishes._done_at_once(text, NOTHING_HEARD, ("enquiry/residence_permit_apply",)) is None


def test_that_a_wish_in_so_many_words_is_no_tip() -> None:
    doubtful = Triage("tip", 0.52, "tip/dog_violation")
    assert meaning(read("师傅整个狗证", doubtful)).parse_data["intent"]["name"] == "apply_dog_licence"
    other = "楼下那家没给狗上牌 该让他去办狗证"
    assert meaning(read(other, doubtful)).parse_data["triage"]["label"] == "tip"


def test_that_a_form_asleep_is_taken_up_by_asking_whether_it_goes_on() -> None:
    asleep = [SlotSet(SLEEPING, "residence_permit_form"), ActiveLoop(None)]
    text = read("警察来过了 安静了 居住证还继续吗", Triage("enquiry", 0.98, "enquiry/residence_permit_apply"))
    taken_up = meaning(text, *asleep, alarm_open=True)
    assert taken_up.parse_data["intent"]["name"] == "form_answer"
    assert ActiveLoop("residence_permit_form") in taken_up.before
    where = read("接着整居住证吧 刚才说到哪了", Triage("enquiry", 0.98, "enquiry/residence_permit_apply"))
    assert ActiveLoop("residence_permit_form") in meaning(where, *asleep, alarm_open=True).before


def test_that_what_became_of_a_stopped_form_is_told() -> None:
    stopped = BotUttered("好，不办了，填过的没有提交。改主意了说“我要办犬证”就行，也可以带材料到派出所窗口办。")
    asked = read("我那个还在办着吗", Triage("enquiry", 0.9, "enquiry/dog_licence"))
    assert meaning(asked, stopped).parse_data["intent"]["name"] == "ask_status"
    assert meaning(asked).parse_data["intent"]["name"] != "ask_status"


def test_that_a_question_is_no_consent_by_the_words_beside_it() -> None:
    form = forms.load().forms["residence_permit_form"]
    consent = [ActiveLoop(form.name), SlotSet("requested_slot", CONSENT)]
    text = read("有没有啥办法快点 托托关系也行", Triage("enquiry", 0.98, "enquiry/follow_up"))
    halves = {"托托关系也行": read("托托关系也行", OFF_TOPIC)}
    context = context_after(consent)

    async def parse(said_there: str) -> dict[str, Any]:
        return halves.get(said_there) or text

    assert asyncio.run(context._filling.halves(form, text, parse)) is None


def test_that_what_is_still_to_be_filled_in_takes_up_the_form_asleep() -> None:
    asleep = [SlotSet(SLEEPING, "residence_permit_form"), ActiveLoop(None)]
    sure = Triage("enquiry", 0.98, "enquiry/residence_permit_apply")
    taken_up = meaning(read("居住证还剩啥没填", sure), *asleep, alarm_open=True)
    assert taken_up.parse_data["intent"]["name"] == "form_answer"
    assert ActiveLoop("residence_permit_form") in taken_up.before


def test_that_whoever_leaves_a_form_and_asks_something_is_answered() -> None:
    text = "先不填了 我周末直接去所里 带啥"
    asks_it = read("我周末直接去所里带啥", Triage("enquiry", 0.9, "enquiry/dog_licence"), topics=[("dog_licence", 0.9)])
    others = {"先不填了": read("先不填了", OFF_TOPIC), "我周末直接去所里带啥": asks_it}
    heard = meaning(read(text, Triage("enquiry", 0.9, "enquiry/dog_licence")), *DOG_NAME, others=others).parse_data
    assert heard["intent"]["name"] == "form_answer"
    assert (heard[BESIDES]["told"], heard[BESIDES]["utter"]) == ("先不填了", "utter_enquiry/dog_licence")


def test_that_a_number_of_any_look_is_looked_up_in_a_form_and_out_of_it() -> None:
    text = "我上个月也送了一件 单号好像是 QZ20881 查得到吗"
    doubtful = read(text, Triage("enquiry", 0.7, "enquiry/dog_licence"))
    assert meaning(doubtful, *DOG_NAME).parse_data["intent"]["name"] == "ask_status"
    number = read("车牌辽A12345 能查到是谁的吗", Triage("enquiry", 0.9, "enquiry/city_services"))
    assert meaning(number, others={}).parse_data["intent"]["name"] != "ask_status"


def test_that_whoever_looks_up_an_application_begins_none_by_telling_whose_it_is() -> None:
    asked = UserUttered("我提交的居住证到哪步了", {"name": "ask_status"})
    whose = read(f"号码找不着了 叫王守仁 {NUMBER} 能查不", Triage("enquiry", 0.7, "enquiry/residence_permit_apply"))
    assert meaning(whose, asked).parse_data["intent"]["name"] == "ask_status"


def test_that_a_number_behind_a_list_of_the_bot_is_what_stands_under_it() -> None:
    listed = BotUttered(
        "公众号的功能：①问办事，打字就行。②报警、求助、举报。③申请犬证、居住证。\n④查重名。⑤投诉怎么办。"
    )
    alarm = Triage("urgent_alarm", 0.7, "urgent_alarm/general_alarm")
    others = {text: read(text, alarm) for text in ("报警、求助、举报", "报警", "求助", "举报")}
    others |= {text: read(text, OFF_TOPIC) for text in ("申请犬证、居住证", "申请犬证", "居住证")}
    others["查重名"] = read("查重名", Triage("enquiry", 0.95, "enquiry/duplicate_name"))
    for text in ("3", "第三个", "选3"):
        heard = meaning(read(text, Triage("other", 1.0, "other/thanks")), listed, others=others).parse_data
        assert heard["intent"]["name"] == "which_topic"
        assert len(heard[QUESTION]["choices"]) == len(forms.load().forms)
    assert (
        meaning(read("4", OFF_TOPIC), listed, others=others).parse_data["triage"]["intent"] == "enquiry/duplicate_name"
    )
    assert meaning(read("2", OFF_TOPIC), listed, others=others).parse_data["triage"]["intent"] == "enquiry/alarm_howto"
    assert meaning(read("3", OFF_TOPIC)).parse_data["triage"]["intent"] == OFF_TOPIC.intent
    assert meaning(read("7", OFF_TOPIC), listed).parse_data["triage"]["intent"] == OFF_TOPIC.intent


def test_that_a_look_up_in_so_many_words_is_no_answer_to_a_form() -> None:
    consent = [ActiveLoop(PARSED_FORM), SlotSet("requested_slot", CONSENT)]
    text = "那查查有多少人跟我重名 我叫张浩然"
    asked = read(text, Triage("enquiry", 1.0, "enquiry/duplicate_name"))
    assert meaning(asked, *consent).parse_data["intent"]["name"] == "look_up_name"
    name = read("我叫张浩然", Triage("enquiry", 1.0, "enquiry/duplicate_name"))
    assert meaning(name, *consent).parse_data["intent"]["name"] == "form_answer"


def test_that_how_another_paper_is_got_is_not_answered_by_the_form() -> None:
    text = "我14能自己办身份证吗"
    asked = read(text, Triage("enquiry", 1.0, "enquiry/idcard_child"), topics=[("idcard_child", 0.99)])
    assert meaning(asked, *DOG_NAME).parse_data["triage"]["intent"] == "enquiry/idcard_child"
    text = "户口本丢了上你们那补办要带啥"
    asked = read(text, Triage("enquiry", 1.0, "enquiry/household_book_lost"), topics=[("household_book_lost", 0.99)])
    assert meaning(asked, *DOG_NAME).parse_data["triage"]["intent"] == "enquiry/household_book_lost"


def test_that_the_menu_is_shown_whatever_was_asked_before() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/tip_howto"), "举报保密吗", Question(("tip_howto",)))
    for text in ("菜单", "主菜单", "功能"):
        shown = meaning(read(text, Triage("enquiry", 0.94, "enquiry/tip_howto")), asked).parse_data
        assert shown["triage"]["intent"] == "enquiry/bot_services"


def test_that_what_only_ends_like_a_question_is_none_of_a_half() -> None:
    assert filling_in.cut("上个月十号打的 证在家呢") == ("上个月十号打的 证在家呢", "")
    assert filling_in.cut("上个月十号打的 证在哪办呢") == ("上个月十号打的", "证在哪办呢")


def test_that_whoever_drops_one_matter_and_asks_another_is_answered() -> None:
    asked = said(Triage("enquiry", 0.9, "enquiry/bot_services"), "我的申请到哪步了")
    meant = Triage("enquiry", 0.95, "enquiry/residence_permit_renew")
    others = {"签注是啥意思": read("签注是啥意思", meant, topics=[("residence_permit_renew", 0.95)])}
    heard = meaning(read("那算了 签注是啥意思 朋友说每年都得弄", meant), asked, others=others).parse_data
    assert heard["triage"]["intent"] == meant.intent


def test_that_a_form_asleep_is_left_by_its_name_and_not_taken_up() -> None:
    asleep = [SlotSet(SLEEPING, PARSED_FORM), ActiveLoop(None)]
    heard = meaning(read("狗证先不办了", Triage("enquiry", 0.99, "enquiry/dog_licence")), *asleep, alarm_open=True)
    assert heard.parse_data["intent"]["name"] == "form_answer"


def test_that_a_tip_with_a_question_how_to_give_it_is_the_tip() -> None:
    text = "我想举报楼上有人聚众吸毒 不留名行吗"
    asked = read(text, Triage("enquiry", 1.0, "enquiry/tip_howto"))
    told = "我想举报楼上有人聚众吸毒"
    sure = {told: read(told, Triage("tip", 0.99, "tip/drugs"))}
    heard = meaning(asked, others=sure).parse_data
    assert (heard["triage"]["label"], heard["text"]) == ("tip", text)
    vague = read("我想举报 不留名行吗", Triage("enquiry", 1.0, "enquiry/tip_howto"))
    unsure = {"我想举报": read("我想举报", Triage("tip", 0.9, "tip/general_tip"))}
    assert meaning(vague, others=unsure).parse_data["triage"]["label"] == "enquiry"


@pytest.mark.parametrize("text", ["这是侧面的", "这张是免疫证", "刚才那张是正脸"])
def test_that_what_a_picture_shows_is_no_alarm_where_no_form_is_open(text: str) -> None:
    meant = meaning(read(text, Triage("urgent_alarm", 0.25, "urgent_alarm/suicide_self")))
    assert Question.from_json(meant.parse_data[QUESTION]).topics == ("dog_licence_online",)


@pytest.mark.parametrize("text", ["那人侧面对着我", "正面来了", "这个人正面我没看清", "这是正面有刀"])
def test_that_other_words_of_sides_stay_what_they_are(text: str) -> None:
    alarm = Triage("urgent_alarm", 0.4, "urgent_alarm/silent_call")
    assert meaning(read(text, alarm)).parse_data["triage"]["label"] == "urgent_alarm"


@pytest.mark.parametrize("text", ["我有个老同学叫王磊 能不能帮我查他住哪", "帮我找找我战友刘大勇的电话"])
def test_that_who_looks_for_an_acquaintance_is_told_that_nobody_is(text: str) -> None:
    meant = meaning(read(text, Triage("help_request", 0.89, "help_request/general_help")))
    assert Question.from_json(meant.parse_data[QUESTION]).topics == ("duplicate_name_person",)


def test_that_who_is_missing_is_looked_for() -> None:
    missing = Triage("help_request", 0.6, "help_request/general_help")
    meant = meaning(read("我同学走丢了 帮我找找他在哪", missing))
    assert meant.parse_data["triage"]["label"] == "help_request"


def test_that_a_form_asleep_is_taken_up_by_its_name_written_apart() -> None:
    events = [SlotSet(SLEEPING, "dog_licence_form"), ActiveLoop(None)]
    meant = meaning(read("我 狗 证 继续", Triage("enquiry", 0.9, "enquiry/dog_licence")), *events, alarm_open=True)
    assert meant.parse_data["intent"]["name"] == "form_answer"


def test_that_who_tells_where_they_live_and_come_from_begins_a_permit() -> None:
    text = "老家吉林四平铁东区，现在住大东区吉祥街9号2单元601，2024年11月3号住进来的，租的房"
    meant = meaning(read(text, Triage("enquiry", 0.7, "enquiry/follow_up")))
    assert meant.parse_data["intent"]["name"] == "apply_residence_permit"


def test_that_data_behind_a_childs_refusal_begin_nothing() -> None:
    text = "电话填我的吧 13084557729"
    events = [
        said(Triage("enquiry", 1.0, "enquiry/residence_permit_apply"), "给我姑娘办个居住证"),
        BotUttered(UNDER_16),
        BotUttered("这份就不往下填了"),
    ]
    meant = meaning(read(text, Triage("enquiry", 0.8, "enquiry/residence_permit_apply")), *events)
    assert not meant.parse_data["intent"]["name"].startswith("apply_")


def test_that_who_asks_how_a_death_is_registered_and_means_their_own_is_paged_for_and_asked() -> None:
    asked = said(Triage("enquiry", 0.99, "enquiry/household_death"), "没有家属的人没了户口谁销")
    for heard in (
        Triage("enquiry", 0.9, "enquiry/household_death"),
        Triage("urgent_alarm", 0.3, "urgent_alarm/medical"),
    ):
        triage = meaning(read("就是给我自己问的 省得麻烦别人", heard), asked).parse_data["triage"]
        assert (triage["intent"], triage["source"]) == ("urgent_alarm/suicide_self", "model")
        assert triage["confidence"] < 0.5, "it is asked about, and not comforted"
    permit = said(Triage("enquiry", 0.99, "enquiry/residence_permit_apply"), "居住证咋办")
    enquiry = read("就是给我自己问的 省得麻烦别人", Triage("enquiry", 0.9, "enquiry/residence_permit_apply"))
    assert meaning(enquiry, permit).parse_data["triage"]["label"] == "enquiry"


def test_that_a_danger_told_with_its_end_pages_nobody_but_in_an_open_alarm() -> None:
    smoke = read("锅直冒烟 我关火去 关了 没事", Triage("urgent_alarm", 0.91, "urgent_alarm/fire"))
    assert meaning(smoke).parse_data["triage"]["label"] == "other"
    leak = read("燃气公司来人了 关了 没事了", Triage("urgent_alarm", 0.6, "urgent_alarm/gas_leak"))
    assert meaning(leak).parse_data["triage"]["intent"] == "help_request/correction"
    assert meaning(smoke, alarm_open=True).parse_data["triage"]["label"] == "urgent_alarm"


def test_that_what_a_screen_threatens_with_is_a_question_of_fraud() -> None:
    popup = read("手机弹窗说电池要爆炸 让我点", Triage("urgent_alarm", 0.43, "urgent_alarm/gas_leak"))
    assert meaning(popup).parse_data["triage"]["intent"] == "enquiry/fraud_check"


def test_that_a_smell_is_no_figure_of_speech() -> None:
    smell = read("楼道啥味儿啊呛死个人了", Triage("other", 0.96, "other/idiom"))
    assert meaning(smell).parse_data["triage"]["intent"] == "urgent_alarm/gas_leak"


def test_that_the_deaf_who_asked_for_an_officer_whisper_nothing() -> None:
    deaf = read("别打电话 我聋人", Triage("urgent_alarm", 0.99, "urgent_alarm/silent_call", silent=True))
    human = said(Triage("help_request", 1.0, "help_request/human_service"), "找人工")
    triage = meaning(deaf, human).parse_data["triage"]
    assert (triage["label"], triage["silent"]) == ("help_request", True)


def test_that_the_cry_of_who_is_nursed_is_left_out() -> None:
    text = "别上午来 上午给她翻身 她有褥疮疼得直喊救命"
    abuse = Triage("urgent_alarm", 0.69, "urgent_alarm/child_abuse")
    others = {"别上午来 上午给她翻身 她有褥疮": read("", Triage("help_request", 0.7, "help_request/general_help"))}
    human = said(Triage("help_request", 1.0, "help_request/human_service"), "能上门照相不")
    assert meaning(read(text, abuse), human, others=others).parse_data["triage"]["label"] == "help_request"


def test_that_who_leaves_a_door_and_a_telephone_waits_for_an_officer_however_doubtfully_it_is_read() -> None:
    question = said(Triage("enquiry", 0.95, "enquiry/idcard_agent"), "能上门照相不")
    doubtful = Triage("tip", 0.46, "tip/general_tip", uncertain=True)
    heard = meaning(read("住在东陵街 15号楼3单元 我姓王 13912345678", doubtful), question)
    assert heard.parse_data["triage"]["intent"] == "help_request/general_help"
    tip = read("东陵街15号楼3单元天天赌 我电话13912345678", Triage("tip", 0.99, "tip/gambling"))
    assert meaning(tip, question).parse_data["triage"]["intent"] == "tip/gambling"


def test_that_a_door_and_a_telephone_begin_the_form_that_was_talked_of() -> None:
    dogs = said(Triage("enquiry", 0.95, "enquiry/dog_licence"), "狗证咋办")
    data = read("我叫王小明 13912345678 住大东路12号楼3单元", Triage("other", 0.5, "other/chitchat"))
    assert meaning(data, dogs).parse_data["triage"]["label"] == "enquiry"


def test_that_a_form_goes_on_beside_an_alarm_with_what_only_the_form_wants() -> None:
    asleep = [SlotSet(SLEEPING, PARSED_FORM), SlotSet("requested_slot", "dog_name")]
    taken_up = meaning(read("那接着吧 狗是泰迪 狗叫欢欢 白的", OFF_TOPIC), *asleep, alarm_open=True)
    assert taken_up.parse_data["intent"]["name"] == "form_answer"
    assert ActiveLoop(PARSED_FORM) in taken_up.before
    for text in ("接着砸门呢", "他接着骂 要弄死我的泰迪", "接着说 小河沿路12号"):
        heard = meaning(read(text, WHISPER), *asleep, alarm_open=True)
        assert heard.parse_data["intent"]["name"] != "form_answer"


def test_that_a_form_goes_on_where_help_has_come() -> None:
    asleep = [SlotSet(SLEEPING, PARSED_FORM), SlotSet("requested_slot", "phone")]
    come = said(OFF_TOPIC, "警察上楼了 把男的带走了")
    assert meaning(read("那接着填吧", OFF_TOPIC), *asleep, come, alarm_open=True).parse_data["intent"]["name"] == (
        "form_answer"
    )
    waits = said(OFF_TOPIC, "警察还没来呢")
    assert meaning(read("那接着填吧", OFF_TOPIC), *asleep, waits, alarm_open=True).parse_data["intent"]["name"] != (
        "form_answer"
    )


def test_that_no_form_begins_for_several_others() -> None:
    wish = read("想给俩新伙计办个居住证", Triage("enquiry", 0.9, "enquiry/residence_permit_apply"))
    assert not meaning(wish).parse_data["intent"]["name"].startswith("apply_")


def test_that_who_asks_how_an_open_form_stands_asks_after_no_case() -> None:
    asked = read("我那个审到哪了", Triage("help_request", 0.99, "help_request/case_followup"))
    heard = meaning(asked, ActiveLoop(PARSED_FORM), SlotSet("requested_slot", "phone"))
    assert heard.parse_data["intent"]["name"] == "form_answer"


def test_that_what_one_is_doing_asks_nothing_and_a_supposition_stands_with_its_question() -> None:
    assert filling_in.cut("哎 开车呢 看串行了 210104199104123023")[1] == ""
    assert filling_in.cut("13800004406 要是不让养 我不白填了么") == ("13800004406", "要是不让养 我不白填了么")
    assert filling_in.cut("叫豆豆 那我妈呢") == ("叫豆豆", "那我妈呢")


@pytest.mark.parametrize(
    "text",
    [
        "哪不对了 哦 后面少个x 210104199104123023x",
        "我打错了 老了嘛 是13800004406",
        "小东路八号楼 几单元来着 二单元",
    ],
)
def test_that_wondering_and_explaining_ask_nothing(text: str) -> None:
    assert filling_in.cut(text)[1] == ""
    assert filling_in.cut("13800004406 你们周六上班嘛")[1] == "你们周六上班嘛"


OFFICER_ASKED = Triage("enquiry", 0.92, "enquiry/community_officer")


@pytest.mark.parametrize("text", ["我不清楚啥社区 楼下有个药店", "把他私人手机号给我呗 我想当面谢谢人家呢"])
def test_that_who_knows_no_community_or_asks_for_an_officers_own_number_is_answered_by_the_look_up(text: str) -> None:
    asked = read(text, Triage("tip", 0.9, "tip/general_tip"))
    assert meaning(asked, looked_up("look_up_officer", "小东路")).parse_data["intent"]["name"] == "look_up_officer"
    assert meaning(asked).parse_data["intent"]["name"] != "look_up_officer"


def test_that_who_wants_an_officer_to_come_for_what_they_told_looks_up_nobody() -> None:
    quarrel = said(Triage("help_request", 1.0, "help_request/neighbour_dispute"), "楼上总漏水")
    text = "不急 叫他哪天有空过来一趟就行 津桥路9号"
    place = ("place", text.index("津"), len(text))
    for triage in (OFFICER_ASKED, Triage("help_request", 0.93, "help_request/general_help")):
        others = {f"楼上总漏水，{text}": read("", triage)}
        asked = read(text, triage, place)
        heard = meaning(asked, looked_up("look_up_officer", "津桥路"), quarrel, others=others).parse_data
        assert heard["triage"]["intent"] == "help_request/neighbour_dispute"
    asked = "津桥路9号归哪个片警"
    place = ("place", 0, 5)
    heard = meaning(read(asked, OFFICER_ASKED, place), looked_up("look_up_officer", "津桥路"), quarrel).parse_data
    assert heard["intent"]["name"] == "look_up_officer"


def test_that_a_name_is_looked_up_once_more_whatever_was_asked_between() -> None:
    changes = Triage("enquiry", 0.99, "enquiry/household_name_change")
    between = said(changes, "以后能改名不", Question(("household_name_change",)))
    again = read("王 屿 宁 再查一遍 我忘了", changes)
    assert meaning(again, looked_up("look_up_name", "王屿宁"), between).parse_data["intent"]["name"] == "look_up_name"
    assert meaning(again, between).parse_data["intent"]["name"] != "look_up_name"


def test_that_who_asks_something_first_puts_no_form_off() -> None:
    answers = Triage("enquiry", 1.0, "enquiry/dog_licence")
    asked_of = (("等会儿啊 先问一嘴", None), ("等一下 先打听个事 我二姨那屋的比熊", None))
    for first, left in (*asked_of, ("等会儿啊 我先吃饭", "等会儿啊 我先吃饭")):
        text, clause = f"{first} 狗要多大能办", "狗要多大能办"
        others = {one: read(one, answers) for one in (first, clause)}
        heard = meaning(read(text, answers), *DOG_NAME, others=others).parse_data
        assert (heard.get("besides") or {}).get("told") == left, first


def test_that_who_makes_sure_of_a_rule_begins_no_form() -> None:
    permit = Triage("enquiry", 1.0, "enquiry/residence_permit_apply")
    rule = meaning(read("那就是必须先办居住证才能落户对吧", permit, topics=[("residence_permit_apply", 0.9)]))
    assert not rule.parse_data["intent"]["name"].startswith("apply_")
    assert meaning(read("那先给我办居住证吧", permit)).parse_data["intent"]["name"].startswith("apply_")


PERMIT_RULES = said(
    Triage("enquiry", 0.9, "enquiry/residence_permit_apply"), "居住证怎么办", Question(("residence_permit_apply",))
)
NODS = Triage("other", 0.9, "other/acknowledgement")


@pytest.mark.parametrize(
    "text",
    ["ok那整吧 先说好别磨叽", "他让俺全权代表 嘿嘿 你尽管问", "按在读吧 start", "那你就给我报呗 我不会整", "你写 我说"],
)
def test_that_words_of_ones_own_bid_to_begin_the_form_that_was_told_of(text: str) -> None:
    begun = meaning(taken_for("agree", text, NODS), PERMIT_RULES)
    assert begun.parse_data["intent"]["name"] == "apply_residence_permit"


@pytest.mark.parametrize(
    "text", ["谢谢 知道了", "好的 明白了", "行 那我明天去窗口整", "我自己办吧", "就问一句 整不明白"]
)
def test_that_who_only_takes_note_begins_no_form(text: str) -> None:
    noted = meaning(taken_for("agree", text, NODS), PERMIT_RULES)
    assert not noted.parse_data["intent"]["name"].startswith("apply_")


def test_that_a_bid_to_begin_stands_on_nothing_but_what_was_told_of() -> None:
    begun = meaning(taken_for("agree", "整吧 别磨叽", NODS))
    assert not begun.parse_data["intent"]["name"].startswith("apply_")


def test_that_a_bid_to_begin_may_stand_on_a_choice_that_was_offered() -> None:
    choice = said(
        Triage("enquiry", 0.9, "enquiry/follow_up"), "没发票能办下来不", Question(choices=("办犬证", "犬证年检"))
    )
    begun = meaning(taken_for("agree", "那整吧", NODS), choice)
    assert begun.parse_data["intent"]["name"] == "apply_dog_licence"


REQUEST = Triage("help_request", 0.9, "help_request/general_help")


def test_that_a_name_with_an_identity_number_begins_the_form_that_was_asked_about_before() -> None:
    between = said(Triage("other", 0.9, "other/chitchat"), "今天可真冷")
    begun = meaning(read("孟凡磊 41162819930307455", REQUEST), PERMIT_RULES, between, between)
    assert begun.parse_data["intent"]["name"] == "apply_residence_permit"


def test_that_data_with_a_dogs_name_begin_its_licence_out_of_nothing() -> None:
    text = "梁硕 210104199604231813 13614098827 狗叫可乐 柯基"
    assert meaning(read(text, REQUEST)).parse_data["intent"]["name"] == "apply_dog_licence"


@pytest.mark.parametrize("text", ["狗丢了 狗叫可乐 梁硕 210104199604231813 13614098827", "梁硕 210104199604231813"])
def test_that_data_begin_no_form_of_which_nothing_was_said(text: str) -> None:
    assert not meaning(read(text, REQUEST)).parse_data["intent"]["name"].startswith("apply_")


def test_that_whoever_wants_some_permit_is_asked_which() -> None:
    asked = meaning(read("想办个证", Triage("enquiry", 0.98, "enquiry/dog_licence"))).parse_data
    assert asked["intent"]["name"] == "which_topic"
    assert {"办犬证", "居住证办理"} < set(asked[QUESTION]["choices"])


def test_that_a_bite_of_yesterday_is_answered_and_pages_nobody() -> None:
    faint = Triage("urgent_alarm", 0.5, "urgent_alarm/dangerous_animal")
    told = meaning(read("昨天我家狗把送水的咬了", faint)).parse_data
    assert (told["triage"]["label"], told[QUESTION]["topics"]) == ("enquiry", ["dog_rules_bite"])


@pytest.mark.parametrize("text", ["狗那事你别再问了 想办我自己去", "先别给我办啊 狗还没影呢"])
def test_that_who_wants_nothing_begun_begins_nothing(text: str) -> None:
    left = meaning(taken_for("wish", text, Triage("enquiry", 0.9, "enquiry/dog_licence")), PERMIT_RULES)
    assert not left.parse_data["intent"]["name"].startswith("apply_")


def test_that_who_has_stopped_a_form_is_told_what_becomes_of_the_data() -> None:
    stopped = BotUttered(CANCELLED.format(says="我要办犬证"))
    asked = meaning(
        read("我刚才报的身份证号你给我抹了", Triage("help_request", 0.94, "help_request/correction")), stopped
    )
    assert asked.parse_data[QUESTION]["topics"] == ["dog_licence_kept"]


def test_that_who_begins_with_what_is_the_case_is_asked_which_matter_it_is() -> None:
    topics = [("household_spouse", 0.7), ("residence_permit_apply", 0.2)]
    told = read("我绥化的 来这边干厨师四个来月了", Triage("enquiry", 0.75, "enquiry/household_spouse"), topics=topics)
    asked = meaning(told).parse_data
    assert asked["intent"]["name"] == "which_topic"
    assert "居住证办理" in asked[QUESTION]["choices"]


def test_that_a_circumstance_of_oneself_behind_a_question_is_no_tip() -> None:
    half = Triage("tip", 0.44, "tip/general_tip")
    own, enquires = "我媳妇抚顺的 去年夏天就过来了", Triage("enquiry", 0.9, "enquiry/residence_permit_apply")
    others = {f"居住证怎么办，{own}": read(own, enquires)}
    assert meaning(read(own, half), PERMIT_RULES, others=others).parse_data["triage"]["label"] == "enquiry"
    theirs = "我家楼下一帮人天天聚赌"
    others = {f"居住证怎么办，{theirs}": read(theirs, half)}
    assert meaning(read(theirs, half), PERMIT_RULES, others=others).parse_data["triage"]["label"] == "tip"


def test_that_anger_behind_a_request_belongs_to_it() -> None:
    complaint = Triage("help_request", 0.95, "help_request/complaint_officer")
    raged = meaning(read("这事我跟你们死磕到底", Triage("other", 0.9, "other/idiom")), said(complaint, "我要投诉"))
    assert raged.parse_data["triage"]["intent"] == "help_request/complaint_officer"


def test_that_a_bid_behind_another_matter_begins_no_form_that_was_offered_before_it() -> None:
    offer = BotUttered("现在就想办，回“我要办居住证”就开始。")
    renewal = said(Triage("enquiry", 0.9, "enquiry/idcard_renew"), "身份证到期了咋换", Question(("idcard_renew",)))
    told = BotUttered("快到期了，本人带户口本和旧证来换新的，20元。")
    begun = meaning(taken_for("agree", "行 那就弄吧", NODS), offer, renewal, told)
    assert not begun.parse_data["intent"]["name"].startswith("apply_")
