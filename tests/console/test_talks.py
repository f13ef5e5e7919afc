"""A resident's conversation on a page: what is there, and that nothing there tells who gave a tip."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.console.conversation import Answered, Said, read_conversation
from bot.console.queries import read_talks
from bot.console.search import Wanted, search
from bot.console.talks import PAGE, OpenTalk, read_before, read_talk
from bot.duty import conversation, labels
from bot.duty.watch import Watch
from bot.store.models import Case, CaseId, Message, MessageId, Resident
from tests.console.conftest import Rows

HOUR = 3600
RESIDENT = "R-7K2M9QXA"


def look(rows: Rows, before: MessageId | None = None) -> OpenTalk:
    with rows.store.reading() as session:
        found = read_talk(session, RESIDENT, before=before)
    assert found
    return found


def before(rows: Rows, case: Case) -> list[str]:
    with rows.store.reading() as session:
        return texts(read_before(session, CaseId(case.id)))


def texts(talk: Sequence[Said | Answered]) -> list[str]:
    return [entry.text for entry in talk]


# -- what is there ----------------------------------------------------------------------------------------------------


def test_that_a_conversation_holds_what_both_have_said_in_a_case_or_in_none_the_newest_last(rows: Rows) -> None:
    resident = rows.resident()
    noise = rows.case(resident, "help_request/noise", ago=300, state="closed")
    rows.answer(rows.message(noise, "楼上太吵", ago=300), "已转民警")
    rows.reply(noise, "我们去看看", ago=290, author="值班民警一")
    rows.picture(resident, ago=200)
    rows.answer(rows.words(resident, "怎么补办身份证", ago=100), "带户口本来")
    rows.words(rows.resident("R-2"), "别人的话", ago=90)
    talk = look(rows)
    assert texts(talk.talk) == ["楼上太吵", "已转民警", "我们去看看", "[图片]", "怎么补办身份证", "带户口本来"]
    assert [entry.author for entry in talk.talk if isinstance(entry, Answered)] == ["bot", "值班民警一", "bot"]
    assert [len(entry.media) for entry in talk.talk if isinstance(entry, Said)] == [0, 1, 0]
    assert (talk.case_id, talk.earlier) == (None, None)


def test_that_a_resident_who_never_wrote_has_no_conversation(rows: Rows) -> None:
    with rows.store.reading() as session:
        assert read_talk(session, "R-NOBODY") is None


def test_that_a_page_holds_so_many_messages_and_the_one_before_it_ends_where_it_begins(rows: Rows) -> None:
    resident = rows.resident()
    for number in range(PAGE + 5):
        rows.answer(rows.words(resident, f"第{number}句", ago=1000 - number), f"答{number}")
    newest = look(rows)
    assert texts(newest.talk)[0::2] == [f"第{number}句" for number in range(5, PAGE + 5)]
    assert texts(newest.talk)[1::2] == [f"答{number}" for number in range(5, PAGE + 5)]
    oldest = look(rows, newest.earlier)
    assert texts(oldest.talk) == [said for number in range(5) for said in (f"第{number}句", f"答{number}")]
    assert oldest.earlier is None


def test_that_what_an_officer_wrote_stands_on_the_page_of_its_time(rows: Rows) -> None:
    resident = rows.resident()
    case = rows.case(resident, "help_request/noise", ago=2000, state="closed")
    rows.words(resident, "你好", ago=2000)
    rows.reply(case, "早先的回复", ago=1500, author="值班民警一")
    for number in range(PAGE):
        rows.words(resident, f"第{number}句", ago=1000 - number)
    rows.reply(case, "后来的回复", ago=1, author="值班民警一")
    newest = look(rows)
    assert "早先的回复" not in texts(newest.talk)
    assert texts(newest.talk)[-1] == "后来的回复"
    assert texts(look(rows, newest.earlier).talk) == ["你好", "早先的回复"]


def test_that_a_running_case_that_names_the_resident_is_where_they_are_talked_with(rows: Rows) -> None:
    resident = rows.resident()
    alarm = rows.case(resident, "urgent_alarm/fire")
    rows.case(resident, "help_request/noise")
    rows.case(resident, "help_request/parking", state="closed")
    assert look(rows).case_id == alarm.id


def test_that_what_is_not_handled_yet_is_not_shown_since_it_may_become_a_tip(rows: Rows) -> None:
    waiting = rows.words(rows.resident(), "棋牌室天天赌钱")
    with rows.store.transaction() as session:
        session.get_one(Message, waiting.id).state = "pending"
    assert look(rows).talk == ()
    with rows.store.reading() as session:
        assert read_talks(session, rows.clock.now()) == ()
        assert search(session, Wanted("赌钱")).hits == ()


# -- what is not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-30, 30])
def test_that_neither_a_tip_nor_what_was_said_around_it_is_there(rows: Rows, minutes: int) -> None:
    resident = rows.resident()
    rows.answer(rows.words(resident, "怎么补办身份证", ago=5 * HOUR), "带户口本来")
    tip = rows.case(resident, "tip/gambling", ago=2 * HOUR)
    rows.answer(rows.message(tip, "棋牌室天天赌钱", ago=2 * HOUR), "谢谢您的线索")
    rows.reply(tip, "几点开始？", ago=2 * HOUR - 60, author="值班民警一")
    beside = rows.words(resident, "会有人知道是我吗", ago=2 * HOUR - 60 * minutes)
    rows.answer(beside, "不会，我们保密")
    talk = look(rows)
    assert texts(talk.talk) == ["怎么补办身份证", "带户口本来"]
    assert talk.case_id is None, "the way to the tip would name its reporter"
    with rows.store.reading() as session:
        assert [hit.text for hit in search(session, Wanted(RESIDENT)).hits] == ["怎么补办身份证"]
        (hit,) = search(session, Wanted("会有人知道")).hits
    assert (hit.pseudonym, hit.address) == (None, None)


def test_that_whoever_gave_a_tip_and_speaks_of_reporting_later_is_not_told(rows: Rows) -> None:
    resident = rows.resident()
    rows.message(rows.case(resident, "tip/gambling", ago=50 * HOUR), "棋牌室天天赌钱", ago=50 * HOUR)
    rows.answer(rows.words(resident, "我前天举报的事怎么样了"), "民警在核实")
    rows.words(resident, "几点上班")
    other = rows.resident("R-2")
    rows.words(other, "怎么匿名举报")
    assert texts(look(rows).talk) == ["几点上班"]
    with rows.store.reading() as session:
        found = read_talk(session, "R-2")
    assert found
    assert texts(found.talk) == ["怎么匿名举报"], "who has given no tip is no reporter"


def test_that_a_tip_that_officers_made_an_alarm_still_tells_nothing(rows: Rows, watch: Watch) -> None:
    resident = rows.resident()
    tip = rows.case(resident, "tip/gambling", ago=HOUR)
    rows.message(tip, "棋牌室有人拿刀", ago=HOUR)
    raised = {"officer": "值班民警一", "watch": watch, "now": rows.clock.now()}
    with rows.store.transaction() as session:
        labels.relabel(session, tip.id, "urgent_alarm/armed_threat", **raised)  # type: ignore[arg-type]
    talk = look(rows)
    assert (talk.talk, talk.case_id) == ((), None)


def test_that_whoever_calls_for_help_themselves_is_named_again(rows: Rows) -> None:
    case = rows.case(rows.resident(), "tip/gambling", label="urgent_alarm", confidential=False)
    rows.message(case, "他们追我，救命")
    talk = look(rows)
    assert (texts(talk.talk), talk.case_id) == (["他们追我，救命"], case.id)


@pytest.mark.parametrize("state", ["open", "closed"])
@pytest.mark.parametrize(
    ("ago", "text", "listed"),
    [(300, "会有人知道是我吗", False), (5 * HOUR, "举报的事呢", False), (5 * HOUR, "怎么补办身份证", True)],
)
def test_that_a_reporter_is_among_those_who_talk_only_with_words_that_do_not_tell_so(
    rows: Rows, state: str, ago: float, text: str, listed: bool
) -> None:
    resident = rows.resident()
    rows.message(rows.case(resident, "tip/gambling", ago=ago, state=state), "棋牌室天天赌钱", ago=ago)
    rows.words(resident, text, ago=200)
    holding = {"held_by": "值班民警一", "held_until": rows.clock.now() + timedelta(minutes=9)}
    for changes in ({}, holding):  # by the tip, for all that is known here
        with rows.store.transaction() as session:
            session.execute(sa.update(Resident).values(**changes or {"held_by": None}))
        with rows.store.reading() as session:
            talks = read_talks(session, rows.clock.now())
        assert [(talk.text, talk.held_by) for talk in talks] == ([(text, None)] if listed else [])


def test_that_a_reporter_who_is_held_and_says_nothing_else_is_not_among_those_who_talk(rows: Rows) -> None:
    resident = rows.resident()
    rows.message(rows.case(resident, "tip/gambling", state="closed"), "棋牌室天天赌钱")
    holding = {"held_by": "值班民警一", "held_until": rows.clock.now() + timedelta(minutes=9)}
    with rows.store.transaction() as session:
        session.execute(sa.update(Resident).values(**holding))
    with rows.store.reading() as session:
        assert read_talks(session, rows.clock.now()) == ()


@pytest.mark.parametrize("wrote_before", [False, True])
def test_that_a_tip_does_not_say_that_its_reporter_is_talked_with_elsewhere_nor_the_other_way_round(
    rows: Rows, watch: Watch, wrote_before: bool
) -> None:
    resident = rows.resident()
    tip = rows.case(resident, "tip/gambling")
    if wrote_before:
        rows.reply(tip, "几点开始？", author="值班民警一")
    with rows.store.transaction() as session:
        taken = conversation.take(session, RESIDENT, officer="值班民警一", now=rows.clock.now())
    assert held(rows, watch) == {CaseId(taken.id): True, CaseId(tip.id): False}
    rows.clock.advance(minutes=1)
    with rows.store.transaction() as session:
        conversation.reply(session, CaseId(tip.id), "在哪里？", officer="值班民警一", now=rows.clock.now())
    assert held(rows, watch) == {CaseId(taken.id): False, CaseId(tip.id): True}


def held(rows: Rows, watch: Watch) -> dict[CaseId, bool]:
    """Which of the first two cases say that an officer talks with their resident."""
    with rows.store.reading() as session:
        found = [read_conversation(session, CaseId(number), watch=watch, now=rows.clock.now()) for number in (1, 2)]
    return {case.card.id: case.held is not None for case in found if case}


# -- before a case ----------------------------------------------------------------------------------------------------


def test_that_a_case_has_what_was_said_on_the_day_before_it_and_not_what_is_in_it(rows: Rows) -> None:
    resident = rows.resident()
    rows.words(resident, "前天的话", ago=26 * HOUR)
    earlier = rows.case(resident, "help_request/parking", ago=3 * HOUR, state="closed")
    rows.answer(rows.message(earlier, "车挡了门", ago=3 * HOUR), "已转民警")
    rows.reply(earlier, "挪走了", ago=2 * HOUR, author="值班民警一")
    rows.answer(rows.words(resident, "你好", ago=HOUR + 10), "您好")
    case = rows.case(resident, "help_request/noise", ago=HOUR)
    rows.answer(rows.message(case, "楼上太吵", ago=HOUR + 1), "已转民警")
    rows.words(resident, "后来的话", ago=60)
    part = rows.case(resident, "help_request/parking", ago=4 * HOUR, state="closed", merged_into_id=case.id)
    rows.message(part, "并进来的话", ago=4 * HOUR)
    rows.reply(part, "并进来的回复", ago=2 * HOUR, author="值班民警一")
    assert before(rows, case) == ["车挡了门", "已转民警", "挪走了", "你好", "您好"]


def test_that_what_was_said_before_a_tip_is_not_told_nor_a_tip_before_a_case(rows: Rows) -> None:
    resident = rows.resident()
    rows.words(resident, "你好", ago=5 * HOUR)
    tip = rows.case(resident, "tip/gambling", ago=3 * HOUR, state="closed")
    rows.message(tip, "棋牌室天天赌钱", ago=3 * HOUR)
    rows.words(resident, "会有人知道是我吗", ago=3 * HOUR - 60)
    case = rows.case(resident, "help_request/noise", ago=HOUR)
    assert before(rows, tip) == []
    assert before(rows, case) == ["你好"]


def test_that_of_a_long_day_before_a_case_the_last_messages_are_told(rows: Rows) -> None:
    resident = rows.resident()
    noise = rows.case(resident, "help_request/parking", ago=9 * HOUR, state="closed")
    rows.reply(noise, "挪走了", ago=8 * HOUR, author="值班民警一")
    for number in range(PAGE + 1):
        rows.words(resident, f"第{number}句", ago=7 * HOUR - number)
    assert before(rows, rows.case(resident, "help_request/noise", ago=HOUR)) == [
        f"第{number}句" for number in range(1, PAGE + 1)
    ]
