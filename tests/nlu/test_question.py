"""Which facts a question is answered with, alone and in its conversation."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from bot.nlu import knowledge, wording
from bot.nlu.knowledge import FITS
from bot.nlu.question import FOLLOW_UP, SUPPOSED, UNSURE, Interpreter, Question
from bot.nlu.turns import ASPECT_TURNS, Turn

BASE, WORDS = knowledge.load(), wording.load()
READER = Interpreter(BASE, WORDS)
INTENT = "enquiry/residence_permit_apply"


def topics(name: str, confidence: float = 0.95) -> list[dict[str, Any]]:
    return [{"name": f"enquiry/{name}", "confidence": confidence}]


async def reads_nothing(text: str) -> dict[str, Any]:
    """A part of a message of which the model is not sure."""
    return {"triage": {"label": "enquiry"}, "topics": topics("follow_up", 0.2)}


def enquiry(text: str, name: str, before: Question | None = None) -> Question:
    question = asyncio.run(READER.enquiry(text, topics(name), reads_nothing, ("", before) if before else None))
    assert question
    return question


def continued(text: str, before: Question, said: str = "", alone: str = "", reader: Interpreter = READER) -> Question:
    """`alone`: what the message is about by itself, and behind what was said before too; without, that matter."""

    async def reads_it(joined: str) -> dict[str, Any]:
        last = BASE.topics[before.topics[0]].intent.partition("/")[2]
        return {"triage": {"label": "enquiry"}, "topics": topics(alone) if alone else topics(last, 0.5)}

    question = asyncio.run(reader.continued(text, (said, before), reads_it, topics(alone) if alone else ()))
    assert question
    return question


def told(question: Question) -> str:
    """All that is said to a question."""
    found = [BASE.topics[name] for name in question.topics]
    if len(found) == 1:
        return "".join(found[0].fact(aspect).text for aspect in question.aspects or ("short",))
    return "".join(topic.fact(aspect).text for topic, aspect in zip(found, question.aspects, strict=True))


def test_that_two_things_asked_about_one_topic_are_both_answered() -> None:
    asked = enquiry("换身份证得多少钱？几天能下来？", "idcard_renew")
    assert asked.topics == ("idcard_renew",)
    assert asked.aspects == ("fee", "time")


HOURS = "还有周六上不上班"


def of_parts(text: str, ranked: list[dict[str, Any]], read: dict[str, list[dict[str, Any]]]) -> Question:
    """The question of a message whose parts are read so."""

    async def parse(part: str) -> dict[str, Any]:
        return {"triage": {"label": "enquiry"}, "topics": read.get(part) or topics("follow_up", 0.7)}

    question = asyncio.run(READER.enquiry(text, ranked, parse))
    assert question
    return question


def test_that_a_statement_with_its_question_and_another_question_are_both_answered() -> None:
    hours = {HOURS.removeprefix("还有"): topics("station_hours")}
    asked = of_parts(f"我身份证下个月到期 能一趟办了不 {HOURS}", topics("idcard_renew", 0.7), hours)
    assert [BASE.topics[name].intent for name in asked.topics] == ["enquiry/idcard_renew", "enquiry/station_hours"]


def test_that_hours_asked_beside_a_matter_do_not_take_its_place() -> None:
    hours = {HOURS.removeprefix("还有"): topics("station_hours")}
    ranked = [*topics("station_hours", 0.5), *topics("idcard_renew", 0.46)]
    asked = of_parts(f"我身份证下个月到期 能一趟办了不 {HOURS}", ranked, hours)
    assert [BASE.topics[name].intent for name in asked.topics] == ["enquiry/idcard_renew", "enquiry/station_hours"]


def test_that_what_no_word_list_names_is_found_by_the_words_it_shares() -> None:
    assert "跨省通办" in told(enquiry("对象是外省的，她非得回老家跑一趟吗", "household_spouse"))


def test_that_a_story_with_one_word_of_an_aspect_gets_the_short_answer_too() -> None:
    asked = enquiry("家里老人上个月病逝，后事忙完了想去销户，我当女儿的去都带啥", "household_death")
    assert asked.aspects == ("materials", "short")


def test_that_a_question_that_names_nothing_stays_with_the_topic_before() -> None:
    before = Question(("dog_licence",))
    assert READER.continues("多少钱", topics("idcard_fee"), enquires=True)
    assert continued("多少钱", before).topics[0].startswith("dog_licence")
    assert READER.continues("办完你们管送吗", topics("follow_up"), enquires=True)


def test_that_a_question_of_a_few_words_stands_on_the_topic_before_whatever_is_told_behind_it() -> None:
    assert READER.continues("得多少钱 我退休金一个月三千来块", topics("city_services"), enquires=True)
    assert not READER.continues("我退休金一个月三千来块 得多少钱", topics("city_services"), enquires=False)


def test_that_small_talk_with_the_words_of_a_question_does_not_stand_on_the_topic_before() -> None:
    nothing = [{"name": FOLLOW_UP, "confidence": 0.3}]
    assert not READER.continues("火车票改签怎么弄", nothing, enquires=False)
    assert not READER.continues("红烧排骨咋整才好吃", nothing, enquires=False)
    assert not READER.continues("驾照丢了上哪办", topics("driving_licence"), enquires=True)


def test_that_a_follow_up_that_names_a_topic_is_answered_from_it() -> None:
    asked = continued("等着用呢，工地催，能给个啥应应急", Question(("idcard_cross_province",)))
    assert asked.topics == ("idcard_cross_urgent",)


def test_that_a_second_matter_is_answered_too_though_it_is_no_question_by_itself() -> None:
    async def reads(part: str) -> dict[str, Any]:
        name = "idcard_lost" if "身份证" in part else "household_name_change"
        return {"triage": {"label": "enquiry"}, "topics": topics(name)}

    text = "我想改个名，另外身份证也丢了，能一趟办不"
    asked = asyncio.run(READER.enquiry(text, topics("household_name_change", 0.99), reads))
    assert asked
    assert {BASE.topics[name].intent for name in asked.topics} == {
        "enquiry/household_name_change",
        "enquiry/idcard_lost",
    }


def test_that_a_part_of_a_message_keeps_to_the_messages_matter() -> None:
    async def reads(part: str) -> dict[str, Any]:
        return {"triage": {"label": "enquiry"}, "topics": topics("household_death")}

    text = "我拿了绿卡，每年回来住半年，户口会被注销吗？要不要自己去销？"
    asked = asyncio.run(READER.enquiry(text, topics("household_emigration", 0.99), reads))
    assert asked
    assert {BASE.topics[name].intent for name in asked.topics} == {"enquiry/household_emigration"}


def test_that_a_price_that_the_special_topic_lacks_is_the_general_ones() -> None:
    before = Question(("household_spouse_years", "household_spouse_family"), ("", ""))
    assert "fee" not in BASE.topics["household_spouse_years"].aspects
    assert "收费" in told(continued("多少钱", before))


def parts(text: str) -> list[str]:
    return READER._parts(text)


def test_that_words_that_only_ask_whether_it_may_be_belong_to_what_stands_before_them() -> None:
    assert parts("孩子落奶奶那边户口 行不 几天能下来") == ["孩子落奶奶那边户口 行不", "几天能下来"]
    assert parts("照片自己带 可以吗,多少钱") == ["照片自己带 可以吗", "多少钱"]


def test_that_a_part_which_tells_how_things_stand_asks_nothing() -> None:
    assert parts("必须她本人来吗 她还住院呢") == ["必须她本人来吗"]
    assert parts("要带啥 那户口本呢") == ["要带啥", "那户口本呢"]
    assert parts("多少钱 没有房本呢") == ["多少钱", "没有房本呢"]


def test_that_a_part_which_asks_for_an_hour_is_answered_with_the_hours() -> None:
    asked = enquiry("头一回给闺女办身份证花钱不，下班以后还能办吗", "idcard_first")
    assert {BASE.topics[name].intent for name in asked.topics} == {"enquiry/idcard_first", "enquiry/station_hours"}


def far(text: str) -> NDArray[np.float32]:
    """A meaning that has nothing of any fact's."""
    return np.zeros(2, dtype=np.float32)


def test_that_another_matter_that_is_plainly_raised_gets_its_short_answer_where_no_fact_of_it_stands_out() -> None:
    reader = Interpreter(BASE, WORDS, far)
    alone = fitting("no_crime_record", 0.99, no_crime_record_abroad=9.0)

    async def reads_it(joined: str) -> dict[str, Any]:
        return {"triage": {"label": "enquiry"}, "topics": alone}

    before = ("我想去当保安，几天能开下来", Question(("no_crime_record",)))
    asked = asyncio.run(reader.continued("那新西兰打工度假那种呢", before, reads_it, alone))
    assert asked
    assert (asked.topics, asked.aspects) == (("no_crime_record_abroad",), ())


def test_that_what_the_topic_has_nothing_on_is_said_to_be_unsure_without_repeating_what_was_told() -> None:
    before = Question(("household_talent_rent",))
    assert continued("咪咪也算一口人不", before).aspects == (UNSURE,)
    assert UNSURE in continued("咪咪也算一口人不", Question(("household_talent_rent",), ("fee",))).aspects


def test_that_what_no_fact_answers_behind_a_question_is_said_to_be_unsure_with_what_was_perhaps_meant() -> None:
    before = ("身份证丢了咋补", Question(("idcard_lost",)))
    reader = Interpreter(BASE, WORDS, far)
    reader.hear("要是赶不上趟呢", {ASPECT_TURNS: [Turn("exceptions", 0.9).to_json()]})
    asked = asyncio.run(reader.continued("要是赶不上趟呢", before, reads_nothing))
    assert asked
    assert (asked.topics, asked.aspects) == (("idcard_lost",), (UNSURE,))
    assert asked.choices


def fitting(name: str, confidence: float = 0.95, **logits: float) -> list[dict[str, Any]]:
    """An intent with how well its topics fit: those that are not named, not at all."""
    own = (topic.id for topic in BASE.topics.values() if topic.intent == f"enquiry/{name}")
    return [{"name": f"enquiry/{name}", "confidence": confidence, FITS: dict.fromkeys(own, -9.0) | logits}]


def of_both(text: str, ranked: list[dict[str, Any]]) -> Question:
    question = asyncio.run(READER.enquiry(text, ranked, reads_nothing))
    assert question
    return question


def test_that_of_two_topics_that_are_as_likely_both_are_told() -> None:
    near = fitting("household_newborn", household_newborn_elder=4.0, household_newborn_province=3.9)
    asked = of_both("这种孩子上户口咋整", near)
    assert set(asked.topics) == {"household_newborn_elder", "household_newborn_province"}
    plain = fitting("household_newborn", household_newborn_elder=4.0, household_newborn_province=1.0)
    assert of_both("这种孩子上户口咋整", plain).topics == ("household_newborn_elder",)
    assert len(of_both("用大白话讲这种孩子上户口咋整", near).topics) == 1, "plainer words are asked for of one topic"


def test_that_a_correction_keeps_the_aspect_of_one_topic_only() -> None:
    before, two = Question(("dog_licence",), ("fee",)), Question(("idcard_lost", "idcard_renew"), ("", ""))
    assert READER.with_aspects_of("居住证", Question(("residence_permit_apply",)), before).aspects == ("fee",)
    assert READER.with_aspects_of("身份证", two, before) == two
    assert READER.with_aspects_of("居住证", Question(("residence_permit_apply",)), two).aspects == ()


def test_that_a_follow_up_may_name_a_special_topic_in_its_own_words() -> None:
    alone = [*topics("follow_up", 0.9), *fitting("seal", 0.1, seal_personal=6.0)]
    before = ("刻公章用先上派出所不", Question(("seal",)))
    asked = asyncio.run(READER.continued("那个人名章呢", before, reads_nothing, alone))
    assert asked
    assert asked.topics == ("seal_personal",)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("哎呀说错了 是身份证丢了", "是身份证丢了"),
        ("我说反了，是退伍回来的", "是退伍回来的"),
        ("不是，我问的是居住证", "居住证"),
        ("不是沈阳户口也行吗", None),
        ("啊不是本地人能办吗", None),
    ],
)
def test_that_words_that_take_something_back_are_told_from_a_plain_no(text: str, rest: str | None) -> None:
    assert READER.corrected(text) == rest


def test_that_what_is_told_at_once_fits_a_phone_screen() -> None:
    long = "您好，我是外地的，去年来的沈阳，租房子住，想问居住证要带什么，多少钱，几天下来，能不能让家里人替我办"
    assert len(told(enquiry(long, "residence_permit_apply"))) <= 260


def test_that_questions_after_a_request_have_a_topic() -> None:
    topic = BASE.goes_on("help_request/found_item")
    assert topic
    assert "收条" in told(continued("能给我写个收条吗", Question((topic.id,)), alone="lost_found_howto"))
    assert BASE.goes_on("help_request/lost_pet") is None


def test_that_asking_what_something_means_is_no_wish_for_plain_words() -> None:
    assert "plain" not in enquiry("V警是啥意思", "bot_services").aspects
    assert continued("啥意思没听懂", Question(("household_death",))).aspects == ("plain",)


def test_that_a_follow_up_is_not_answered_from_a_topic_that_it_does_not_speak_of() -> None:
    assert continued("不登会罚款吗", Question(("rental_registration",))).topics == ("rental_registration",)
    assert continued("没有自己的房子行吗", Question(("household_split",))).topics == ("household_split_nohouse",)


def test_that_a_paper_that_may_have_to_be_brought_is_no_new_matter() -> None:
    assert READER.continues("户口本用带吗", topics("household_book_lost"), enquires=True)
    assert not READER.continues("居住证要带啥", topics("residence_permit_apply"), enquires=True)
    assert not READER.continues("办居住证要带照片吗", topics("residence_permit_apply"), enquires=True)


def test_that_a_topic_of_which_the_model_is_half_sure_is_told_where_no_other_comes_near() -> None:
    far, near = topics("station_address", 0.35), topics("appointment", 0.12)
    assert asyncio.run(READER.enquiry("坐轮椅进得去大厅不", [*far, *near], reads_nothing)).topics  # type: ignore[union-attr]
    close = topics("household_move_in", 0.35), topics("household_talent", 0.3)
    asked = asyncio.run(READER.enquiry("这种情况咋整", [*close[0], *close[1]], reads_nothing))
    assert asked
    assert asked.choices


@pytest.mark.parametrize("text", ["想问一下户口", "身份证", "居住证的事"])
def test_that_a_field_of_many_matters_alone_is_asked_back_however_sure_the_model_is(text: str) -> None:
    asked = asyncio.run(READER.enquiry(text, topics("household_newborn", 0.9), reads_nothing))
    assert asked
    assert (asked.topics, bool(asked.choices)) == ((), True)


def test_that_a_field_with_one_matter_is_answered() -> None:
    asked = asyncio.run(READER.enquiry("犬证", topics("dog_licence", 0.9), reads_nothing))
    assert asked
    assert asked.topics


def test_that_a_price_asked_in_english_is_about_what_was_asked_before() -> None:
    assert READER.continues("How much does it cost?", topics("idcard_fee"), enquires=True)
    assert continued("How much does it cost?", Question(("dog_licence",))) == Question(("dog_licence",), ("fee",))


def test_that_how_things_stand_is_told_of_the_matter_asked_about_before() -> None:
    assert READER.adds_to("我们家户口是外地的", Question(("no_crime_record",)))
    assert not READER.adds_to("钥匙锁屋里了", Question(("no_crime_record",)))


def test_that_a_few_words_about_somebody_behind_a_question_belong_to_it() -> None:
    assert READER.adds_to("我19了", Question(("household_ethnicity",)))
    assert not READER.adds_to("哈哈", Question(("household_ethnicity",)))


def test_that_hours_can_be_asked_behind_any_matter_of_the_station() -> None:
    asked = continued("那礼拜天去行吗", Question(("dog_licence",)), alone="station_hours")
    assert asked.topics == ("station_hours_weekend",)
    assert continued("那礼拜天去行吗", Question(("passport",))).topics[0].startswith("passport")


def test_that_a_follow_up_that_names_a_neighbouring_topic_is_about_that() -> None:
    asked = continued("先给个临时的成不", Question(("idcard_lost",)), alone="idcard_temporary")
    assert asked.topics[0].startswith("idcard_temporary")
    assert continued("户主不在沈阳呢", Question(("household_book_lost",))).topics[0].startswith("household_book")


def test_that_three_things_asked_in_so_many_words_are_all_answered() -> None:
    assert enquiry("居住证多少钱，几天下来，要带什么", "residence_permit_apply").aspects == ("fee", "time", "materials")


@pytest.mark.parametrize("text", ["怎么办居住证", "如何办居住证啊"])
def test_that_how_to_do_something_is_no_field_alone(text: str) -> None:
    assert enquiry(text, "residence_permit_apply").topics == ("residence_permit_apply",)


def test_that_of_a_field_what_is_asked_most_is_offered() -> None:
    asked = asyncio.run(READER.enquiry("户口", topics("household_split", 0.9), reads_nothing))
    assert asked
    assert asked.choices == tuple(BASE.topics[name].title for name in WORDS.field("户口"))


def test_that_every_topic_and_intent_in_the_trainers_words_exists() -> None:
    named = yaml.safe_load(wording.ASPECTS_FILE.read_text(encoding="utf-8"))
    assert {name for names in named["fields"].values() for name in names} <= set(BASE.topics)
    assert {f"enquiry/{name}" for name in (*named["general"], *named["not_ours"])} <= set(BASE.intents)
    assert set(named["alone"]) <= set(knowledge.ASPECTS)


def test_that_a_word_too_short_to_be_looked_for_counts_where_it_is_all_that_is_said() -> None:
    assert WORDS.read("那几天呢").aspects == ("time",)
    assert WORDS.read("前几天丢的").aspects == ()


@pytest.mark.parametrize(
    "text",
    [
        *("养狗要办证吗 泰迪", "没工作能办居住证不 租房住的", "得先有居住证才让迁对吧", "先办暂住证再落户 是这意思吧"),
        *("就是说不用回老家呗", "那登记的事多暂能完", "能让我闺女替我去不我腿疼"),
    ],
)
def test_that_a_question_is_one_though_something_follows_it(text: str) -> None:
    assert wording.asks(text)


@pytest.mark.parametrize(
    ("text", "intent", "topic"),
    [
        ("居住证多久能下来", "residence_permit_apply", "residence_permit_apply"),
        ("我奶奶没了得去派出所销户吧", "household_death", "household_death"),
        ("死亡证明得去哪开", "household_death", "household_death_proof"),
    ],
)
def test_that_what_is_asked_of_every_matter_leads_to_no_other_topic(text: str, intent: str, topic: str) -> None:
    assert enquiry(text, intent).topics == (topic,)


@pytest.mark.parametrize("text", ["那就办吧", "那办呗", "大概是吧", "先这样吧", "不是吧 是母的"])
def test_that_consent_and_half_a_yes_are_no_questions(text: str) -> None:
    assert not wording.asks(text)


@pytest.mark.parametrize(
    ("text", "checked"),
    [("就是说罚一千呗", True), ("真罚啊", True), ("真收容啊", True), ("真烦啊", False), ("那就办吧", False)],
)
def test_that_making_sure_of_what_was_told_is_known(text: str, checked: bool) -> None:
    assert wording.checks(text, "逾期不办，个人罚一千元，狗收容。") == checked


def test_that_what_is_asked_of_oneself_is_left_out_of_what_is_told() -> None:
    assert wording.without_own_questions("八号楼 几单元来着 二单元").split() == ["八号楼", "二单元"]


@pytest.mark.parametrize("text", ["转到一个叫李什么强的卡上", "那人姓王什么的"])
def test_that_a_name_half_forgotten_is_no_question(text: str) -> None:
    assert not wording.asks(text)


def test_that_hours_behind_another_offices_matter_are_that_offices() -> None:
    before = Question(("passport",))
    assert enquiry("那去哪 周末开门吗", "station_hours", before=before).topics == ("passport",)
    assert enquiry("你们周末开门吗", "station_hours", before=before).topics != ("passport",)
    noise = Question(("minor_law_noise",))
    assert continued("那周末呢", noise, alone="station_hours").topics == ("minor_law_noise",)
    assert continued("那周末你们那开门不", noise, alone="station_hours").topics != ("minor_law_noise",)


def test_that_what_is_asked_of_the_station_itself_goes_by_its_words() -> None:
    assert enquiry("户籍科在二楼还是几楼", "station_phone").topics == ("station_address_inside",)


def test_that_what_to_do_about_a_field_is_answered_where_the_model_is_sure_of_one_matter() -> None:
    assert enquiry("居住证咋办啊", "residence_permit_apply", before=None).topics == ("residence_permit_apply",)


@pytest.mark.parametrize(("alike", "said"), [(22.0, "fee"), (8.5, SUPPOSED), (0.0, UNSURE)])
def test_that_the_less_likely_an_answer_is_the_less_is_claimed(alike: float, said: str) -> None:
    topic = BASE.topics["idcard_lost"]

    def embed(text: str) -> NDArray[np.float32]:
        """The question points to the fee, as far as they are alike."""
        length = alike if text == topic.compared("fee") else float("掏几个" in text)
        return np.array([length], dtype=np.float32)

    reader = Interpreter(BASE, WORDS, embed)
    asked = continued("那得掏几个？", Question((topic.id,)), "身份证丢了", reader=reader)
    assert (asked.aspects or ("short",))[0] == said


def test_that_the_short_answer_in_front_of_the_likeliest_fact_does_not_make_it_doubtful() -> None:
    special = BASE.topics["residence_permit_proof"]

    def embed(text: str) -> NDArray[np.float32]:
        """The question points to one fact alone."""
        return np.array([16.0 if text == special.compared("exceptions") else float("老板" in text)], dtype=np.float32)

    reader = Interpreter(BASE, WORDS, embed)
    text = "老板连张收据都没给过我"

    async def reads(_: str) -> dict[str, Any]:
        return {"triage": {"label": "enquiry"}, "topics": fitting("residence_permit_apply", residence_permit_proof=9.0)}

    ranked = fitting("residence_permit_apply", residence_permit_proof=9.0)
    before = ("居住证咋办", Question(("residence_permit_apply",)))
    asked = asyncio.run(reader.continued(text, before, reads, ranked))
    assert asked
    assert asked.answered
    assert asked.topics == (special.id,)
    assert "exceptions" in asked.aspects


def test_that_what_goes_back_to_an_earlier_matter_is_about_no_other() -> None:
    async def reads(_: str) -> dict[str, Any]:
        return {"triage": {"label": "enquiry"}, "topics": topics("passport", 0.99)}

    earlier = ("租房要登记不", Question(("rental_registration",)))
    asked = asyncio.run(READER.taken_up("头一件事 得交多少钱", earlier, reads))
    assert asked
    assert {BASE.topics[name].intent for name in asked.topics} == {"enquiry/rental_registration"}


@pytest.mark.parametrize("text", ["我来了五个月了", "他住了三年", "孩子都上学半年了"])
def test_that_how_long_something_has_been_so_behind_a_question_belongs_to_it(text: str) -> None:
    assert READER.adds_to(text, Question(("residence_permit_apply",)))


def test_that_a_time_in_other_talk_belongs_to_no_question() -> None:
    assert not READER.adds_to("这天儿都冷了半个月了", Question(("idcard_fee",)))


def test_that_plainer_words_are_not_heard_in_what_names_its_own_matter() -> None:
    heard = [Turn("plain", 0.76)]
    assert "plain" not in WORDS.read("我自己也改名呢 这名太晦气").as_heard(heard).aspects
    assert "plain" in WORDS.read("咋绕来绕去的呢").as_heard(heard).aspects
    assert "plain" in WORDS.read("身份证那个说人话").as_heard(heard).aspects


def test_that_a_few_words_are_about_the_last_matter_alone() -> None:
    assert not READER.says_much("多少钱")
    assert not READER.says_much("how much is it")
    assert READER.says_much("我人在外地，能让我妹去吗")


@pytest.mark.parametrize(
    ("text", "intent", "topic"),
    [
        ("户口本上户主是她的名现在咋整", "enquiry/household_death", "household_death_head"),
        ("本上户主还是我爸 咋办", "enquiry/household_death", "household_death_head"),
        ("我媳妇领孩子过来 她俩也得满半年", INTENT, "residence_permit_family"),
        ("工头说办了也没用", "enquiry/residence_permit_use", "residence_permit_use_forced"),
    ],
)
def test_that_what_residents_say_of_it_names_the_topic(text: str, intent: str, topic: str) -> None:
    chosen = BASE.choose(intent, text)
    assert chosen
    assert chosen.id == topic


def test_that_the_one_question_beside_a_statement_is_about_the_last_matter() -> None:
    before = Question(("residence_permit_apply",))
    assert continued("那就是再等俩月呗 到时候都要啥", before).aspects == ("materials",)
    assert continued("我退休金才三千来块 得多少钱", before).aspects == ("fee",)


def test_that_who_wants_fewer_words_gets_what_they_ask_for_and_no_more() -> None:
    before = Question(("household_certificate",))
    assert continued("字太多了你就告诉我带啥上哪去", before).aspects == ("materials", "place")


def test_that_what_happens_otherwise_is_asked_for() -> None:
    assert wording.asks("那我要是不登呢 别人家都没登")
    assert not wording.asks("我要不说话呢你们也找得着 他在敲门")
    assert "exceptions" in WORDS.read("那我要是不登呢 别人家都没登").named_aspects


def test_that_the_telephone_asked_for_behind_a_word_of_assent_is_the_stations() -> None:
    before = Question(("no_crime_record",))
    assert not READER.continues("好吧 有电话吗", topics("station_phone"), enquires=True)
    assert READER.continues("那行吧 得多少钱", topics("follow_up"), enquires=True)
    assert continued("那行吧 得多少钱", before).aspects == ("fee",)


def test_that_many_years_are_no_question_and_an_hour_in_the_morning_is_one() -> None:
    assert not wording.asks("在加拿大定居好几年了")
    assert wording.asks("早上几点开门")
    assert wording.asks("户籍在楼上几层")


def test_that_how_many_bear_a_name_is_no_wish_for_fewer_words() -> None:
    assert "plain" not in WORDS.read("叫这个名字多少人").aspects
