"""What comes into the trainers' inbox, why, and in what order."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.nlu import telling, wording
from bot.settings import ROOT, load_settings
from bot.store.models import (
    OF_FORM,
    Case,
    Correction,
    Heartbeat,
    Media,
    Message,
    Resident,
    ReviewItem,
    ReviewState,
    TrainedModel,
)
from bot.store.session import Store
from bot.studio import hindsight, inbox
from bot.studio.filling import Filling
from bot.studio.inbox import REASONS, Mark, denies, in_order, score_of
from bot.studio.masking import leftovers
from tests.studio.inbox_rows import DOUBTFUL, SURE, Inbox
from tests.world import FakeClock


@pytest.fixture
def desk(store: Store, clock: FakeClock) -> Inbox:
    return Inbox(store, clock)


def correct(desk: Inbox, case_id: int, message_id: int, was: str, now: str) -> None:
    with desk.store.transaction() as session:
        session.add(
            Correction(case_id=case_id, message_id=message_id, was=was, now=now, made_by="甲", made_at=desk.clock.now())
        )
    desk.later(seconds=30)


def become(desk: Inbox, case: Case, label: str) -> None:
    """As the resident's own choice makes it: no officer has corrected anything."""
    with desk.store.transaction() as session:
        row = session.merge(case)
        row.label, row.updated_at = label, desk.clock.now()
        row.confidential = label == "tip"


def test_that_what_is_clear_stays_out_and_what_is_doubtful_comes_in(desk: Inbox) -> None:
    desk.hear("身份证丢了怎么补")
    desk.hear("我这个事儿咋整", reading=DOUBTFUL)
    assert desk.fill() == 1
    (item,) = desk.items()
    assert (item.text, item.reasons, item.model) == ("我这个事儿咋整", ["margin"], "fujin-scripted")
    assert [intent for intent, _ in item.ranking] == ["enquiry/idcard_lost", "help_request/lost_item"]
    assert desk.fill() == 0


def test_that_after_a_fallback_the_real_ranking_is_kept(desk: Inbox) -> None:
    desk.hear("那个那个", "help_request/general_help", uncertain=True, reading=DOUBTFUL)
    desk.fill()
    (item,) = desk.items()
    assert item.intent == "help_request/general_help"
    assert item.ranking[0] == ["enquiry/idcard_lost", 0.4]


@pytest.mark.parametrize(
    ("reading", "reason"),
    [
        (DOUBTFUL, "margin"),
        (replace(SURE, label="urgent_alarm", intent="urgent_alarm/fire", source="net"), "net"),
        (replace(SURE, nearest=0.2), "new"),
        (replace(SURE, ranking=(("a/b", 0.3), ("a/c", 0.29))), "margin"),
    ],
)
def test_that_the_models_doubts_are_reasons(desk: Inbox, reading: inbox.Reading, reason: str) -> None:
    desk.hear("有个事想问问", reading=reading)
    desk.fill()
    assert [item.reasons for item in desk.items()] == [[reason]]


def test_that_a_question_without_an_answer_is_a_reason(desk: Inbox) -> None:
    desk.hear("狗能坐地铁吗", reply="您问的是下面哪一项？点一下就行。")
    desk.hear("貓能坐嗎", reply="這個我拿不準，不敢亂說。")
    desk.fill()
    assert [item.reasons for item in desk.items()] == [["unanswered"], ["unanswered"]]


def test_that_the_bots_own_words_for_no_answer_are_known() -> None:
    for file in (ROOT / "domain.yml", ROOT / "bot/nlu/answers.py"):
        said = [line for line in Path(file).read_text(encoding="utf-8").splitlines() if "不敢乱说" in line]
        assert said
        assert all(inbox._NO_ANSWER.search(line) for line in said)
    own = (telling._NOTHING_ON_IT, telling._NO_ASPECT, telling._SUPPOSED, telling._ENGLISH_UNSURE, wording.GUESSES)
    for words in own:
        assert inbox._NO_ANSWER.search(words), words


@pytest.mark.parametrize("said", ["不是", "不对", "答非所问", "我问的不是这个", "你没听懂", "都不是"])
def test_that_a_resident_who_says_no_right_after_an_answer_is_a_reason(desk: Inbox, said: str) -> None:
    first = desk.hear("暂住证咋办")
    desk.hear(said)
    desk.fill()
    assert [(item.message_id, item.reasons) for item in desk.items()] == [(first, ["denied"])]


def test_that_two_denials_in_a_row_deny_the_same_answer(desk: Inbox) -> None:
    first = desk.hear("暂住证咋办")
    desk.hear("不是")
    desk.hear("不对")
    desk.fill()
    assert [(item.message_id, item.reasons) for item in desk.items()] == [(first, ["denied"])]


def test_that_no_to_a_question_of_the_bots_own_denies_no_answer(desk: Inbox) -> None:
    desk.hear("暂住证咋办")
    desk.hear("不是", payload={OF_FORM: True})
    desk.hear("我有个事", "help_request/general_help", who="B", uncertain=True, reply="您是哪一种情况？")
    desk.hear("都不是", who="B")
    desk.fill()
    assert "denied" not in {reason for item in desk.items() for reason in item.reasons}


def test_that_no_to_somebody_else_or_long_after_is_no_reason(desk: Inbox) -> None:
    desk.hear("暂住证咋办")
    desk.hear("不是", who="B")
    desk.later(hours=1)
    desk.hear("不对")
    assert desk.fill() == 0


@pytest.mark.parametrize("said", ["不是我偷的他冤枉我你们快来人啊我害怕他打我", "身份证丢了", "不想活了"])
def test_that_words_with_a_matter_of_their_own_deny_nothing(said: str) -> None:
    assert not denies(Message(text=said))


def test_that_what_officers_say_later_brings_a_message_in(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    missed = desk.hear("他一直敲门", "help_request/noise", case=case)
    false = desk.hear("我要杀了这只蚊子", "urgent_alarm/violent_threat", case=case)
    assert desk.fill() == 0
    correct(desk, case.id, missed, "help_request/noise", "urgent_alarm/stalking")
    correct(desk, case.id, false, "urgent_alarm/violent_threat", "other/chitchat")
    assert desk.fill() == 2
    assert [(item.message_id, item.reasons[0]) for item in desk.items()] == [(missed, "missed"), (false, "false_page")]


def test_that_the_intent_an_officer_gave_is_known_and_the_last_one_counts(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    item = desk.doubtful("他一直敲门", intent="help_request/noise", case=case)
    other = desk.doubtful("我这个事儿咋整")
    correct(desk, case.id, item.message_id, "help_request/noise", "urgent_alarm/stalking")
    correct(desk, case.id, item.message_id, "urgent_alarm/stalking", "urgent_alarm/burglary")
    correct(desk, desk.case("other/x").id, other.message_id, "help_request/noise", "help_request/no_longer_there")
    desk.fill()
    with desk.store.reading() as session:
        given = {one.id: one.corrected for one in inbox.queue(session, trainer="训练员")}
    assert given == {item.id: "urgent_alarm/burglary", other.id: ""}


def test_that_another_label_by_an_officer_is_a_reason(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    number = desk.hear("楼上天天打麻将", "help_request/noise", case=case)
    desk.fill()
    correct(desk, case.id, number, "help_request/noise", "help_request/neighbour_dispute")
    desk.fill()
    assert [(item.message_id, item.reasons) for item in desk.items()] == [(number, ["relabelled"])]


@pytest.mark.parametrize(("to", "reasons"), [("119", [["referred"]]), ("120", [["referred"]]), ("12345", [])])
def test_that_a_request_that_went_to_an_emergency_number_is_a_reason(
    desk: Inbox, to: str, reasons: list[list[str]]
) -> None:
    case = desk.case("help_request/noise")
    desk.hear("楼道里有股烟味", "help_request/noise", case=case)
    desk.fill()
    with desk.store.transaction() as session:
        row = session.merge(case)
        row.state, row.disposition, row.referred_to, row.updated_at = "closed", "referred", to, desk.clock.now()
    desk.later(seconds=30)
    desk.fill()
    assert [item.reasons for item in desk.items()] == reasons


def test_that_what_no_model_has_read_is_a_reason(desk: Inbox) -> None:
    desk.hear("身份证丢了怎么补", read_by_model=False)
    desk.fill()
    assert [item.reasons for item in desk.items()] == [["unread"]]


def test_that_an_alarm_that_ended_as_false_is_a_reason(desk: Inbox) -> None:
    case = desk.case("urgent_alarm/fire")
    number = desk.hear("着火了哈哈", "urgent_alarm/fire", case=case)
    desk.fill()
    with desk.store.transaction() as session:
        row = session.merge(case)
        row.state, row.disposition, row.updated_at = "closed", "false_alarm", desk.clock.now()
        row.alarm_message_id = number
    desk.later(seconds=30)
    assert desk.fill() == 1
    assert desk.items()[0].reasons == ["false_page"]
    assert desk.fill() == 0


def test_that_a_skipped_message_comes_again_when_an_officer_contradicts(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    item = desk.doubtful("他一直敲门", intent="help_request/noise", case=case)
    with desk.store.transaction() as session:
        session.execute(sa.update(ReviewItem).values(state=ReviewState.SKIPPED))
    correct(desk, case.id, item.message_id, "help_request/noise", "urgent_alarm/stalking")
    desk.fill()
    (again,) = desk.items()
    assert (again.state, again.reasons) == ("waiting", ["missed", "margin"])
    assert again.score > item.score


def test_that_taps_forms_events_and_noise_stay_out(desk: Inbox) -> None:
    desk.hear("现在有危险", tapped=True, reading=DOUBTFUL)
    desk.hear("张示例", payload={OF_FORM: True}, reading=DOUBTFUL)
    desk.hear("subscribe", kind="event", reading=DOUBTFUL)
    desk.hear("？？", reading=DOUBTFUL)
    desk.hear("嗯", reading=DOUBTFUL)
    assert desk.fill() == 0
    assert desk.reader.read_texts == []


def test_that_one_letter_that_calls_for_help_comes_in(desk: Inbox) -> None:
    desk.hear("救", "urgent_alarm/silent_call", reading=DOUBTFUL)
    assert desk.fill() == 1


def test_that_nothing_personal_enters(desk: Inbox) -> None:
    item = desk.doubtful("我叫张伟，电话13800138000，住大东路1号3单元501")
    assert leftovers(item.text) == []
    for gone in ("张伟", "138", "501"):
        assert gone not in item.text


@pytest.mark.parametrize("why", ["the label", "the case", "the reading"])
def test_that_a_tip_points_to_nobody_whatever_makes_it_one(desk: Inbox, why: str) -> None:
    tip = replace(DOUBTFUL, label="tip", intent="tip/gambling")
    item = desk.doubtful(
        "我邻居在东中街8号二楼开赌场，每晚8点",
        intent="tip/gambling" if why == "the label" else "enquiry/tip_howto",
        case=desk.case("tip/gambling") if why == "the case" else None,
        reading=tip if why == "the reading" else DOUBTFUL,
    )
    assert item.confidential
    for gone in ("邻居", "东中街", "二楼", "8点"):
        assert gone not in item.text


def test_that_what_becomes_a_tip_later_is_masked_again(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    item = desk.doubtful("楼上天天半夜打麻将赌钱", intent="help_request/noise", case=case)
    assert "楼上" in item.text
    become(desk, case, "tip")
    correct(desk, case.id, item.message_id, "help_request/noise", "tip/gambling")
    desk.fill()
    (again,) = desk.items()
    assert again.confidential
    assert "楼上" not in again.text


@pytest.mark.parametrize("merged", [False, True])
def test_that_a_case_that_becomes_a_tip_by_the_residents_choice_points_to_nobody_at_once(
    desk: Inbox, *, merged: bool
) -> None:
    into = desk.case("help_request/noise")
    case = desk.case("help_request/general_help", merged_into_id=into.id if merged else None)
    said = "我家楼下3号楼那家麻将馆天天赌"
    item = desk.doubtful(said, intent="help_request/general_help", case=case, reply="这个我拿不准")
    assert "楼下" in item.text
    become(desk, into if merged else case, "tip")
    with desk.store.reading() as session:
        (shown,) = inbox.queue(session, trainer="训练员")
        assert (inbox.unanswered(session), inbox.alike(session, item.id)) == ([], [])
    assert shown.confidential
    assert "楼下" not in shown.text
    desk.hear("谢谢您了")
    desk.fill()
    (stored,) = desk.items()
    assert (stored.text, stored.confidential) == (shown.text, True)


def test_that_what_a_resident_who_objected_writes_stays_out(desk: Inbox) -> None:
    desk.hear("我这个事儿咋整", reading=DOUBTFUL, who="B")
    with desk.store.transaction() as session:
        session.execute(sa.update(Resident).where(Resident.openid == "openid-B").values(not_for_training=True))
    assert desk.fill() == 0
    assert desk.reader.read_texts == []


def test_that_a_voice_is_waited_for_until_it_has_words_but_not_for_ever(desk: Inbox) -> None:
    voice = desk.hear("", kind="voice", read_by_model=None)
    with desk.store.transaction() as session:
        now = desk.clock.now()
        session.add(media := Media(message_id=voice, media_id="m", kind="voice", state="pending", due_at=now))
    behind = desk.hear("我这个事儿咋整", reading=DOUBTFUL)
    assert desk.fill() == 0
    desk.reader.readings["这个事咋整呢"] = DOUBTFUL
    with desk.store.transaction() as session:
        session.merge(media).state = "done"
        session.get_one(Message, voice).text = "这个事咋整呢"
    desk.fill()
    assert {item.message_id for item in desk.items()} == {voice, behind}
    silent = desk.hear("", kind="voice", read_by_model=None)
    with desk.store.transaction() as session:
        session.add(Media(message_id=silent, media_id="n", kind="voice", state="pending", due_at=now))
    desk.hear("那另一个事儿呢咋整", reading=DOUBTFUL)
    desk.later(minutes=10)
    assert desk.fill() == 1


def test_that_a_message_not_yet_handled_is_waited_for(desk: Inbox) -> None:
    desk.hear("第一句话在这", state="pending", reading=DOUBTFUL)
    desk.hear("第二句话在这", reading=DOUBTFUL)
    assert desk.fill() == 0
    with desk.store.transaction() as session:
        session.execute(sa.update(Message).values(state="done"))
    assert desk.fill() == 2


def test_that_the_same_wording_is_one_cluster_and_shown_once(desk: Inbox) -> None:
    for number, said in enumerate(("狗能坐地铁吗", "请问狗能坐地铁吗？谢谢", "狗能坐地鐵嗎", "居住证丢了在哪补")):
        desk.hear(said, who=f"R{number}", reading=DOUBTFUL)
    desk.fill()
    assert len({item.cluster for item in desk.items()}) == 2
    with desk.store.reading() as session:
        shown = inbox.queue(session, trainer="训练员甲")
    assert sorted(item.count for item in shown) == [1, 3]


def test_that_a_tip_is_in_no_cluster_with_what_is_none(desk: Inbox) -> None:
    desk.hear("有人打麻将赌钱", "tip/gambling", reading=DOUBTFUL)
    desk.hear("有人打麻将赌钱", "help_request/noise", reading=DOUBTFUL, who="B")
    desk.fill()
    assert len({item.cluster for item in desk.items()}) == 2


def test_that_the_most_useful_comes_first(desk: Inbox) -> None:
    assert in_order(["new", "missed", "margin"]) == ("missed", "margin", "new")
    assert score_of(["missed"]) > score_of(["denied", "margin"]) > score_of(["margin"], DOUBTFUL) > score_of(["new"])
    assert score_of(["margin"], DOUBTFUL) > score_of(["margin"], SURE)
    assert all(reason.title for reason in REASONS.values())


def test_that_what_waits_for_a_week_moves_up(desk: Inbox) -> None:
    before = desk.doubtful("我这个事儿咋整")
    desk.later(days=8)
    desk.hear("身份证丢了怎么补")
    desk.fill()
    (after,) = desk.items()
    assert after.reasons == ["margin", "waiting"]
    assert after.score > before.score


def test_that_what_waits_for_a_week_moves_up_also_while_nobody_writes(desk: Inbox) -> None:
    before = desk.doubtful("我这个事儿咋整")
    desk.later(days=8)
    filling = Filling(desk.store, load_settings(), Path("nowhere"))
    filling.look(desk.clock.now())
    (after,) = desk.items()
    assert after.reasons == ["margin", "waiting"]
    desk.later(minutes=10)
    filling.look(desk.clock.now())
    assert desk.items()[0].score == after.score > before.score


@pytest.mark.parametrize(
    ("label", "reasons"),
    [("help_request/noise", [["missed"]]), ("tip/gambling", [["missed"]]), ("urgent_alarm/fire", [])],
)
def test_that_what_ended_as_an_emergency_and_was_taken_for_none_is_a_missed_one(
    desk: Inbox, label: str, reasons: list[list[str]]
) -> None:
    case = desk.case(label)
    desk.hear("楼道里有股烟味", label, case=case)
    desk.fill()
    with desk.store.transaction() as session:
        row = session.merge(case)
        row.state, row.disposition, row.updated_at = "closed", "was_alarm", desk.clock.now()
    desk.later(seconds=30)
    desk.fill()
    assert [item.reasons for item in desk.items()] == reasons


def test_that_without_a_model_what_people_said_still_counts(desk: Inbox) -> None:
    desk.hear("狗能坐地铁吗", reply="这个我拿不准，不敢乱说。")
    assert inbox.fill(desk.store, None, now=desk.clock.now()) == 1


def test_that_a_first_look_is_no_look_at_everything(desk: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "FIRST_LOOK", 2)
    for number in range(5):
        desk.hear(f"第{number}件事咋整呢", reading=DOUBTFUL, who=f"R{number}")
    assert desk.fill() == 2


def test_that_numbers_that_come_again_are_looked_at(desk: Inbox) -> None:
    desk.hear("我这个事儿咋整", reading=DOUBTFUL)
    desk.fill()
    with desk.store.transaction() as session:
        told = Mark(10**9, 0, desk.clock.now(), desk.clock.now()).to_text()
        session.execute(sa.update(Heartbeat).where(Heartbeat.name == "inbox").values(detail=told))
    desk.fill()
    desk.hear("那另一个事儿呢咋整", reading=DOUBTFUL)
    assert desk.fill() == 1


def test_that_a_correction_whose_number_comes_again_is_looked_at(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    missed = desk.hear("他一直敲门", "help_request/noise", case=case)
    desk.fill()
    with desk.store.transaction() as session:
        message = session.scalar(sa.select(sa.func.max(Message.id)))
        told = Mark(message or 0, 10**9, desk.clock.now(), desk.clock.now()).to_text()
        session.execute(sa.update(Heartbeat).where(Heartbeat.name == "inbox").values(detail=told))
    desk.fill()
    correct(desk, case.id, missed, "help_request/noise", "urgent_alarm/stalking")
    assert desk.fill() == 1


def test_that_only_new_messages_are_read(desk: Inbox) -> None:
    for number in range(3):
        desk.hear(f"第{number}件事咋整呢")
    desk.fill()
    desk.fill()
    assert len(desk.reader.read_texts) == 3


def test_that_questions_without_answers_are_gathered_for_a_new_topic(desk: Inbox) -> None:
    for number, said in enumerate(("狗能坐地铁吗", "狗能坐地铁吗", "带狗能不能坐地铁")):
        desk.hear(said, who=f"R{number}", reply="这个我拿不准，不敢乱说。")
    desk.fill()
    with desk.store.reading() as session:
        found = inbox.unanswered(session)
        texts = inbox.alike(session, desk.items()[0].id)
    assert (found[0].text, found[0].count) == ("狗能坐地铁吗", 2)
    assert set(texts) == {"狗能坐地铁吗", "带狗能不能坐地铁"}


# -- what is said of a case, and of which of its words ----------------------------------------------------------------

KNOCKS = "他拿刀敲我家门"
ALARMING = replace(DOUBTFUL, ranking=(("help_request/noise", 0.5), ("urgent_alarm/stalking", 0.4)))


def raise_case(desk: Inbox, case: Case, was: str = "help_request/noise", now: str = "urgent_alarm/stalking") -> None:
    """An officer makes an alarm of a case; of which message nobody knows."""
    with desk.store.transaction() as session:
        session.add(Correction(case_id=case.id, was=was, now=now, made_by="甲", made_at=desk.clock.now()))
    desk.later(seconds=30)


def close_case(desk: Inbox, case: Case, **more: Any) -> None:
    with desk.store.transaction() as session:
        row = session.merge(case)
        for name, value in ({"state": "closed", "updated_at": desk.clock.now()} | more).items():
            setattr(row, name, value)
    desk.later(seconds=30)


def shown(desk: Inbox, trainer: str = "甲") -> list[inbox.Queued]:
    with desk.store.reading() as session:
        return inbox.queue(session, trainer=trainer)


def reasons(desk: Inbox) -> dict[str, list[str]]:
    return {item.text: [reason for reason in item.reasons if REASONS[reason].weight >= 75] for item in desk.items()}


def talk(desk: Inbox, case: Case) -> None:
    """Three messages of a case that nobody was paged for."""
    for text in ("您好在吗", "我家楼上太吵了"):
        desk.hear(text, "help_request/noise", case=case)
    desk.hear(KNOCKS, "help_request/noise", case=case, reading=ALARMING)


@pytest.mark.parametrize("how", ["relabelled", "closed"])
def test_that_each_word_of_a_case_may_be_its_missed_emergency_and_the_likeliest_is_shown(desk: Inbox, how: str) -> None:
    case = desk.case("help_request/noise")
    talk(desk, case)
    desk.fill()
    if how == "relabelled":
        raise_case(desk, case)
    else:
        close_case(desk, case, disposition="was_alarm")
    desk.hear("你们啥时候到", "help_request/noise")
    desk.fill()
    assert reasons(desk) == {text: ["missed"] for text in ("您好在吗", "我家楼上太吵了", KNOCKS)}
    (one,) = shown(desk)
    assert (one.text, one.beside) == (KNOCKS, ("您好在吗", "我家楼上太吵了"))
    assert one.corrected == ("urgent_alarm/stalking" if how == "relabelled" else "")


def test_that_where_the_model_sees_no_difference_the_last_words_before_the_officer_are_shown(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    for text in ("您好在吗", "他又来了"):
        desk.hear(text, "help_request/noise", case=case)
    raise_case(desk, case)
    desk.hear("谢谢你们", "help_request/noise", case=case)
    desk.fill()
    assert reasons(desk) == {"您好在吗": ["missed"], "他又来了": ["missed"]}
    assert [one.text for one in shown(desk)] == ["他又来了"]


@pytest.mark.parametrize(
    "first",
    [{"kind": "image", "text": ""}, {"text": "需要民警帮忙", "tapped": True}, {"payload": {OF_FORM: True}}],
    ids=["photo", "tap", "form"],
)
def test_that_no_photo_tap_or_answer_to_a_form_stands_for_a_missed_emergency(
    desk: Inbox, first: dict[str, Any]
) -> None:
    case = desk.case("help_request/noise")
    number = desk.hear(first.pop("text", "张示例"), "help_request/noise", case=case, **first)
    desk.hear(KNOCKS, "help_request/noise", case=case)
    correct(desk, case.id, number, "help_request/noise", "urgent_alarm/stalking")
    desk.fill()
    assert reasons(desk) == {KNOCKS: ["missed"]}


def test_that_a_false_page_is_the_message_that_paged_and_no_other(desk: Inbox) -> None:
    case = desk.case("urgent_alarm/fire")
    desk.hear("您好在吗", "help_request/noise", case=case)
    number = desk.hear("着火了哈哈", "urgent_alarm/fire", case=case)
    desk.hear("逗你玩呢", "other/chitchat", case=case)
    close_case(desk, case, disposition="false_alarm", alarm_message_id=number)
    desk.fill()
    assert reasons(desk) == {"着火了哈哈": ["false_page"]}


def test_that_what_an_officer_raised_and_lowered_again_is_no_missed_emergency_for_sure(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    number = desk.hear("楼上太吵了", "help_request/noise", case=case)
    raise_case(desk, case)
    desk.fill()
    correct(desk, case.id, number, "urgent_alarm/stalking", "help_request/noise")
    desk.fill()
    assert reasons(desk) == {"楼上太吵了": ["missed", "false_page"]}
    assert hindsight.called(desk.items()[0]) == ""


def test_that_an_alarm_that_was_heard_and_lowered_by_mistake_was_not_missed(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    desk.hear("您好在吗", "help_request/noise", case=case)
    paged = desk.hear(KNOCKS, "urgent_alarm/stalking", case=case)
    correct(desk, case.id, paged, "urgent_alarm/stalking", "help_request/noise")
    raise_case(desk, case)
    desk.fill()
    assert reasons(desk) == {KNOCKS: ["missed", "false_page"]}


def test_that_a_case_without_its_residents_own_words_brings_nothing_in(desk: Inbox) -> None:
    case = desk.case("help_request/noise")
    desk.hear("", "help_request/noise", case=case, kind="image")
    raise_case(desk, case)
    assert desk.fill() == 0


def test_that_what_is_said_of_many_cases_costs_no_query_for_each(desk: Inbox) -> None:
    def queries() -> int:
        seen: list[str] = []
        engine = desk.store.engine
        sa.event.listen(engine, "before_cursor_execute", count := lambda *told: seen.append(told[2]))
        desk.fill()
        sa.event.remove(engine, "before_cursor_execute", count)
        return len([one for one in seen if one.lstrip().startswith("SELECT")])

    def said_of(number: int) -> int:
        for _ in range(number):
            case = desk.case("help_request/noise")
            talk(desk, case)
            raise_case(desk, case)
        return queries()

    said_of(1)
    assert said_of(6) == said_of(1)


# -- what the resident taps -------------------------------------------------------------------------------------------


def test_that_an_unclear_text_whose_resident_taps_danger_is_a_missed_emergency(desk: Inbox) -> None:
    case = desk.case("help_request/general_help")
    desk.hear("他又来了咋整", "help_request/general_help", uncertain=True, case=case, reading=DOUBTFUL)
    desk.fill()
    desk.hear("现在有危险", "urgent_alarm/general_alarm", tapped=True, case=case)
    desk.hear("快点", "other/chitchat", case=case)
    desk.fill()
    (item,) = desk.items()
    assert (item.text, item.reasons) == ("他又来了咋整", ["missed", "margin"])


def test_that_a_tap_without_an_unclear_text_before_it_says_nothing_of_what_was_written(desk: Inbox) -> None:
    case = desk.case("urgent_alarm/fire")
    desk.hear("着火了", "urgent_alarm/fire", case=case)
    desk.hear("我在三楼", "other/chitchat", case=case)
    desk.hear("现在有危险", "urgent_alarm/general_alarm", tapped=True, case=case)
    desk.fill()
    assert reasons(desk) == {}


@pytest.mark.parametrize(
    ("tap", "intent", "said"),
    [
        ("咨询办事", "enquiry/bot_services", {"他说要整死我咋办": ["false_page"]}),
        ("需要民警帮忙", "help_request/general_help", {"他说要整死我咋办": ["false_page"]}),
        ("都不是", "other/acknowledgement", {"他说要整死我咋办": []}),
    ],
)
def test_that_an_unclear_text_that_paged_is_perhaps_a_false_page_when_its_resident_taps_what_is_calm(
    desk: Inbox, tap: str, intent: str, said: dict[str, list[str]]
) -> None:
    case = desk.case("urgent_alarm/violent_threat")
    desk.hear("他说要整死我咋办", "urgent_alarm/violent_threat", uncertain=True, case=case, reading=DOUBTFUL)
    desk.hear(tap, intent, tapped=True, case=case)
    desk.fill()
    assert reasons(desk) == said


def test_that_an_unclear_text_that_paged_nobody_is_no_false_page(desk: Inbox) -> None:
    case = desk.case("help_request/general_help")
    desk.hear("有个事想问问", "help_request/general_help", uncertain=True, case=case, reading=DOUBTFUL)
    desk.hear("咨询办事", "enquiry/bot_services", tapped=True, case=case)
    desk.fill()
    assert [item.reasons for item in desk.items()] == [["margin"]]


def test_that_a_false_alarm_by_a_tap_takes_back_that_the_text_before_was_one(desk: Inbox) -> None:
    case = desk.case("urgent_alarm/general_alarm")
    desk.hear("在不在啊在不在", "help_request/general_help", uncertain=True, case=case)
    tap = desk.hear("现在有危险", "urgent_alarm/general_alarm", tapped=True, case=case)
    desk.fill()
    close_case(desk, case, disposition="false_alarm", alarm_message_id=tap)
    desk.fill()
    assert reasons(desk) == {"在不在啊在不在": ["missed", "false_page"]}


# -- what a reporter writes around the tip ----------------------------------------------------------------------------

POINTING = ["我就住他家楼上，别说是我说的", "我跟他一个单位的，别说是我说的"]


@pytest.mark.parametrize("said", POINTING)
@pytest.mark.parametrize(("hours", "hidden"), [(0, True), (23, True), (25, False)])
def test_that_what_a_reporter_writes_in_the_day_after_a_tip_points_to_nobody(
    desk: Inbox, said: str, hours: int, *, hidden: bool
) -> None:
    desk.hear("有人天天开设赌场", "tip/gambling", case=desk.case("tip/gambling"))
    desk.later(hours=hours)
    item = desk.doubtful(said, intent="other/chitchat")
    other = desk.doubtful(said + "啊", intent="other/chitchat", who="B")
    assert (item.confidential, other.confidential) == (hidden, False)
    assert ("楼上" in item.text or "单位" in item.text) is not hidden


@pytest.mark.parametrize(("minutes", "hidden"), [(50, True), (70, False)])
def test_that_what_a_reporter_wrote_in_the_hour_before_a_tip_points_to_nobody_from_then_on(
    desk: Inbox, minutes: int, *, hidden: bool
) -> None:
    desk.doubtful("我就住他家楼上", intent="other/chitchat")
    desk.later(minutes=minutes)
    desk.hear("有人天天开设赌场", "tip/gambling", case=desk.case("tip/gambling"))
    (one,) = shown(desk)
    assert (one.confidential, "楼上" in one.text) == (hidden, not hidden)
    desk.fill()
    (item,) = desk.items()
    assert (item.confidential, "楼上" in item.text) == (hidden, not hidden)


# -- what has been judged ---------------------------------------------------------------------------------------------


def judge(desk: Inbox, state: ReviewState) -> None:
    with desk.store.transaction() as session:
        session.execute(sa.update(ReviewItem).values(state=state, updated_at=desk.clock.now()))
    desk.later(seconds=1)


def learn(desk: Inbox) -> None:
    """A model of the data as they are now goes live."""
    told = {"sha256": "0", "data_version": "0", "trained_by": "甲", "standing": "live"}
    with desk.store.transaction() as session:
        now = desk.clock.now()
        session.add(TrainedModel(name="fujin-new", trained_at=now, standing_since=now, **told))
    desk.later(seconds=1)


def test_that_judged_words_come_again_only_when_a_model_is_live_that_could_learn_of_it(desk: Inbox) -> None:
    learn(desk)
    desk.doubtful("狗能坐地铁吗")
    judge(desk, ReviewState.DONE)
    desk.hear("请问狗能坐地铁吗？谢谢", who="B", reading=DOUBTFUL, reply="这个我拿不准")
    assert desk.fill() == 0
    with desk.store.transaction() as session:
        session.execute(sa.update(TrainedModel).values(trained_at=desk.clock.now()))
    desk.hear("狗能坐地铁吗", who="C", reading=DOUBTFUL)
    assert desk.fill() == 1


@pytest.mark.parametrize("state", [ReviewState.AMBIGUOUS, ReviewState.SECOND, ReviewState.SKIPPED])
def test_that_words_of_which_no_trainer_is_sure_come_again(desk: Inbox, state: ReviewState) -> None:
    desk.doubtful("狗能坐地铁吗")
    judge(desk, state)
    desk.hear("狗能坐地铁吗", who="B", reading=DOUBTFUL)
    assert desk.fill() == 1


def test_that_judged_words_come_again_when_an_officer_says_what_they_were(desk: Inbox) -> None:
    desk.doubtful(KNOCKS, intent="help_request/noise")
    judge(desk, ReviewState.DONE)
    case = desk.case("help_request/noise")
    desk.hear(KNOCKS, "help_request/noise", case=case)
    raise_case(desk, case)
    assert desk.fill() == 1
    assert desk.items()[0].reasons[0] == "missed"


def test_that_words_that_paged_are_not_the_same_as_judged_words_that_did_not(desk: Inbox) -> None:
    desk.doubtful("那边冒烟了好像", intent="urgent_alarm/fire")
    judge(desk, ReviewState.DONE)
    desk.hear("那边冒烟了好像", "help_request/noise", who="B", reading=DOUBTFUL)
    assert desk.fill() == 1
