"""An officer talks with a resident by hand: the words go out, the bot is silent, and the answers are read."""

import pytest
import sqlalchemy as sa

from bot.duty import audit, conversation, handling, handover, timeline
from bot.duty.handling import CaseError
from bot.store.models import Case, CaseId, Reply, Resident
from bot.wechat.outbound import MAX_TEXT_BYTES
from tests.duty.conftest import Filing
from tests.station import Station


def reply(filing: Filing, case: Case | None, text: str = "在吗？", officer: str = "甲") -> Reply:
    assert case is not None
    with filing.store.transaction() as session:
        return conversation.reply(session, CaseId(case.id), text, officer=officer, now=filing.clock.now())


def is_held(filing: Filing) -> bool:
    with filing.store.reading() as session:
        return conversation.held(session.scalars(sa.select(Resident)).one(), now=filing.clock.now())


def test_that_the_words_are_in_the_outbox_under_the_officers_name(filing: Filing) -> None:
    case = filing.file("help_request")
    assert case is not None
    filing.clock.advance(minutes=3)
    said = reply(filing, case, "  您在哪儿？\n")
    assert (said.author, said.text, said.case_id, said.state) == ("甲", "您在哪儿？", case.id, "pending")
    assert said.due_at == filing.clock.now()
    (after,) = filing.cases()
    assert after.updated_at == filing.clock.now()
    assert after.state == "open", "writing is not acknowledging"


def test_that_whoever_reads_the_log_reads_in_chinese_what_was_sent(filing: Filing) -> None:
    case = filing.file("help_request")
    reply(filing, case)
    filing.do(conversation.send_picture, case, "a" * 64)
    assert [audit.ACTIONS.get(action) for _, action in filing.acts()] == ["回复居民", "发图片给居民"]


def test_that_the_bot_is_silent_for_half_an_hour_after_the_officers_last_words(filing: Filing) -> None:
    case = filing.file("help_request")
    assert not is_held(filing)
    reply(filing, case)
    filing.clock.advance(minutes=29)
    reply(filing, case, officer="乙")
    filing.clock.advance(minutes=29, seconds=59)
    assert is_held(filing)
    filing.clock.advance(seconds=1)
    assert not is_held(filing)


def test_that_the_officer_gives_the_conversation_back(filing: Filing) -> None:
    case = filing.file("help_request")
    assert case is not None
    reply(filing, case)
    with filing.store.transaction() as session:
        conversation.give_back(session, CaseId(case.id), officer="甲", now=filing.clock.now())
    assert not is_held(filing)


@pytest.mark.parametrize(
    ("text", "officer", "problem"),
    [
        (" \n", "甲", "1 to 500"),
        ("字" * 501, "甲", "1 to 500"),
        ("在吗", " ", "officer's name"),
        ("在吗", "甲" * 65, "name"),
    ],
)
def test_that_what_cannot_be_sent_holds_nothing(filing: Filing, text: str, officer: str, problem: str) -> None:
    case = filing.file("help_request")
    with pytest.raises(CaseError, match=problem):
        reply(filing, case, text, officer)
    assert not is_held(filing)


def test_that_the_longest_reply_fits_into_one_message() -> None:
    assert len(("🔪" * conversation.TEXT_CHARACTERS).encode()) <= MAX_TEXT_BYTES


def test_that_a_case_that_is_not_there_is_named(filing: Filing) -> None:
    with filing.store.transaction() as session:
        with pytest.raises(CaseError, match="no case 99"):
            conversation.reply(session, CaseId(99), "在吗", officer="甲", now=filing.clock.now())
        with pytest.raises(CaseError, match="no case 99"):
            conversation.give_back(session, CaseId(99), officer="甲", now=filing.clock.now())


@pytest.mark.parametrize("label", ["help_request", "tip"])
@pytest.mark.parametrize("answer", ["other", "enquiry"])
@pytest.mark.parametrize("uncertain", [False, True])
def test_that_what_the_resident_answers_is_read_in_the_case(
    filing: Filing, label: str, answer: str, uncertain: bool
) -> None:
    case = filing.file(label)
    reply(filing, case)
    answered = filing.file(answer, uncertain=uncertain)
    assert case is not None
    assert answered is not None
    assert answered.id == case.id
    assert [(one.label, one.intent) for one in filing.cases()] == [(label, case.intent)]


def test_that_calm_words_belong_to_no_case_when_nobody_talks(filing: Filing) -> None:
    case = filing.file("help_request")
    reply(filing, case)
    filing.clock.advance(minutes=30)
    assert filing.file("other") is None


def test_that_another_residents_words_are_not_taken_for_an_answer(filing: Filing) -> None:
    reply(filing, filing.file("help_request"))
    assert filing.file("other", openid="oB") is None


def test_that_the_case_the_officer_wrote_to_last_gets_the_answer(filing: Filing) -> None:
    request, tip = filing.file("help_request"), filing.file("tip")
    reply(filing, request)
    reply(filing, tip)
    reply(filing, request)
    answered = filing.file("other")
    assert request is not None
    assert answered is not None
    assert answered.id == request.id


def test_that_danger_in_a_conversation_is_an_alarm_and_pages(filing: Filing) -> None:
    request = filing.file("help_request")
    reply(filing, request)
    alarm = filing.file("urgent_alarm")
    assert filing.page_levels(alarm) == [0]
    assert [case.label for case in filing.cases()] == ["urgent_alarm"]


def test_that_the_end_of_a_case_is_the_end_of_its_conversation(filing: Filing) -> None:
    case = filing.file("help_request")
    assert case is not None
    reply(filing, case)
    with filing.store.transaction() as session:
        handling.close(
            session, CaseId(case.id), officer="甲", disposition="real", word="已到场", now=filing.clock.now()
        )
    assert not is_held(filing)
    assert filing.file("other") is None


# -- taking over what has no case -------------------------------------------------------------------------------------


def take(filing: Filing, officer: str = "甲") -> Case:
    with filing.store.transaction() as session:
        return conversation.take(session, "R-oA", officer=officer, now=filing.clock.now())


def test_that_a_conversation_that_is_taken_over_is_the_officers_request_and_pages_nobody(filing: Filing) -> None:
    filing.file("enquiry")
    case = take(filing)
    assert (case.label, case.state, case.acknowledged_by, case.confidential) == (
        *("help_request", "acknowledged", "甲"),
        False,
    )
    assert is_held(filing)
    assert filing.acts() == [("甲", "acknowledge")]
    assert filing.page_levels(case) == []
    with filing.store.reading() as session:
        assert [act.more for act in timeline.acts(session, CaseId(case.id))] == ["从机器人手里接过对话"]


@pytest.mark.parametrize("label", ["other", "enquiry", "help_request"])
def test_that_what_is_said_after_taking_over_is_read_in_that_case_before_the_officer_has_written(
    filing: Filing, label: str
) -> None:
    filing.file("enquiry")
    case = take(filing)
    filing.clock.advance(minutes=29)
    assert [one.id for one in (filing.file(label),) if one] == [case.id]
    filing.clock.advance(minutes=1)
    assert filing.file("other") is None, "the bot answers again"


def test_that_whoever_accepts_a_conversation_that_was_taken_over_goes_on_reading_it(filing: Filing) -> None:
    filing.file("enquiry")
    case = take(filing)
    filing.clock.advance(minutes=1)
    filing.do(handover.offer, case, to="乙", watch=filing.watch)
    filing.do(handover.accept, case, officer="乙")
    answered = filing.file("other")
    assert answered
    assert answered.id == case.id


def test_that_an_answer_goes_to_the_tip_only_while_the_officer_writes_there(filing: Filing) -> None:
    tip = filing.file("tip")
    reply(filing, tip)
    filing.clock.advance(minutes=40)
    case = take(filing)
    for wrote_in in (None, tip, case):
        if wrote_in:
            filing.clock.advance(minutes=1)
            reply(filing, wrote_in)
        answered = filing.file("other")
        assert answered
        assert answered.id == (wrote_in or case).id


def test_that_who_has_a_case_is_talked_with_there_and_nothing_is_acknowledged(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    assert alarm
    assert take(filing).id == alarm.id
    assert [(case.id, case.state) for case in filing.cases()] == [(alarm.id, "open")]
    assert not is_held(filing)
    assert filing.acts() == []


def test_that_taking_over_twice_is_one_case(filing: Filing) -> None:
    filing.file("enquiry")
    assert take(filing).id == take(filing, "乙").id
    assert [case.acknowledged_by for case in filing.cases()] == ["甲"]


@pytest.mark.parametrize("closed", [False, True])
def test_that_a_reporter_is_taken_over_as_if_there_were_no_tip(filing: Filing, closed: bool) -> None:
    tip = filing.file("tip")
    assert tip
    if closed:
        filing.close(tip)
    case = take(filing)
    assert case.id != tip.id
    assert not case.confidential
    with filing.store.reading() as session:
        assert session.get_one(Case, tip.id).state == ("closed" if closed else "open")


def test_that_danger_in_a_conversation_that_was_taken_over_is_an_alarm_and_pages(filing: Filing) -> None:
    filing.file("enquiry")
    case = take(filing)
    filing.clock.advance(minutes=5)
    alarm = filing.file("urgent_alarm")
    assert alarm
    assert (alarm.id, alarm.state) == (case.id, "open")
    assert filing.page_levels(alarm) == [0]


def test_that_nobody_is_taken_over_who_never_wrote(filing: Filing) -> None:
    with pytest.raises(CaseError, match="no resident R-oA"):
        take(filing)
    filing.file("enquiry")
    with pytest.raises(CaseError, match="name"):
        take(filing, " ")


@pytest.mark.anyio
async def test_that_the_bot_is_silent_once_a_conversation_is_taken_over(station: Station) -> None:
    station.rasa.labels["怎么补办身份证"] = "enquiry"
    await station.deliver("怎么补办身份证")
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    heard = len(station.platform.sent)
    assert heard
    with station.store.transaction() as session:
        pseudonym = session.scalars(sa.select(Resident.pseudonym)).one()
        conversation.take(session, pseudonym, officer="甲", now=station.clock.now())
    station.rasa.labels["还要照片吗"] = "enquiry"
    await station.deliver("还要照片吗")
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    assert station.platform.sent[heard:] == []
    with station.store.reading() as session:
        assert [message.text for message in session.scalars(sa.select(Case)).one().messages] == ["还要照片吗"]


@pytest.mark.anyio
async def test_that_the_officers_words_reach_the_resident_and_the_bot_says_nothing(station: Station) -> None:
    station.rasa.labels["我家狗丢了"] = "help_request"
    await station.deliver("我家狗丢了")
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    heard = len(station.platform.sent)
    with station.store.transaction() as session:
        case = session.scalars(sa.select(Case)).one()
        conversation.reply(session, CaseId(case.id), "什么颜色的？", officer="甲", now=station.clock.now())
    await station.engine.run_due()
    assert station.platform.sent[heard:] == [("oA", "什么颜色的？")]
    await station.deliver("黄色的")
    station.clock.advance(seconds=2)
    await station.engine.run_due()
    assert station.platform.sent[heard + 1 :] == []
    with station.store.reading() as session:
        assert [message.text for message in session.scalars(sa.select(Case)).one().messages] == ["我家狗丢了", "黄色的"]
