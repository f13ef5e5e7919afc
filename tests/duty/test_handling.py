"""What officers do about a case: each act once, in the log, and never so that an alarm has nobody."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import handling, handover, merging
from bot.duty.handling import DISPOSITIONS, REFERRED_TO, CaseError
from bot.store.models import Case, CaseId, Escalation, Note, Page
from tests.duty.conftest import Filing


def test_that_the_first_officer_who_acknowledges_stays_on_record(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    filing.acknowledge(alarm, "甲")
    filing.clock.advance(minutes=1)
    filing.acknowledge(alarm, "乙")
    (case,) = filing.cases()
    assert (case.state, case.acknowledged_by) == ("acknowledged", "甲")


@pytest.mark.parametrize("officer", ["", "  ", "甲" * 65])
def test_that_an_officer_must_be_named(filing: Filing, officer: str) -> None:
    alarm = filing.file("urgent_alarm")
    with pytest.raises(CaseError, match="1 to 64 characters"):
        filing.acknowledge(alarm, officer)


def test_that_a_missing_or_closed_case_cannot_be_acknowledged(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    filing.close(alarm)
    with pytest.raises(CaseError, match="is closed"):
        filing.acknowledge(alarm)
    with filing.store.transaction() as session, pytest.raises(CaseError, match="no case 99"):
        handling.acknowledge(session, CaseId(99), officer="甲", now=filing.clock.now())


def pending(filing: Filing, table: type[Escalation | Page]) -> int:
    """How many deadlines, or pages, are still to come."""
    with filing.store.reading() as session:
        return session.query(table).filter_by(state="pending").count()


# -- the end of a case ----------------------------------------------------------------------------------------------


def close(
    filing: Filing, case_id: int, disposition: str = "real", word: str = "已到场处置", officer: str = "乙"
) -> Case:
    now = filing.clock.now()
    with filing.store.transaction() as session:
        return handling.close(session, CaseId(case_id), officer=officer, disposition=disposition, word=word, now=now)


@pytest.mark.parametrize("disposition", list(DISPOSITIONS))
def test_that_an_officer_ends_a_case_and_every_page_with_it(filing: Filing, disposition: str) -> None:
    alarm = filing.file("urgent_alarm")
    assert alarm is not None
    filing.clock.advance(minutes=1)
    close(filing, alarm.id, disposition, "  已处置 ")
    (case,) = filing.cases()
    assert (case.state, case.closed_by, case.closed_at) == ("closed", "乙", filing.clock.now())
    assert (case.disposition, case.closing_word) == (disposition, "已处置")
    assert (case.acknowledged_by, case.acknowledged_at) == ("乙", filing.clock.now())
    assert (pending(filing, Escalation), pending(filing, Page)) == (0, 0)


def test_that_whoever_acknowledged_stays_on_record_beside_whoever_closed(filing: Filing) -> None:
    request = filing.file("help_request")
    assert request is not None
    filing.acknowledge(request, "甲")
    case = close(filing, request.id, officer="乙")
    assert (case.acknowledged_by, case.closed_by) == ("甲", "乙")


def test_that_a_case_ends_once(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    assert alarm is not None
    close(filing, alarm.id)
    with pytest.raises(CaseError, match="is closed"):
        close(filing, alarm.id, "false_alarm", officer="丙")
    (case,) = filing.cases()
    assert (case.disposition, case.closed_by) == ("real", "乙")


def test_that_a_case_is_not_closed_over_a_message_that_its_officer_has_not_seen(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    filing.acknowledge(alarm, "乙")
    filing.file("urgent_alarm", text="他拿刀进来了")
    ending = {"disposition": "real", "word": "已到场处置"}
    with pytest.raises(CaseError) as caught:
        filing.do(handling.close, alarm, seen=1, **ending)
    assert caught.value.told == "刚来了1条新消息，请先取消，看过再结案"
    assert [case.state for case in filing.cases()] == ["acknowledged"]
    assert filing.do(handling.close, alarm, seen=2, **ending).state == "closed"


def test_that_what_is_said_in_a_merged_case_is_seen_or_not_like_the_rest(filing: Filing) -> None:
    fire, other = filing.file("urgent_alarm"), filing.file("urgent_alarm", openid="oB")
    assert fire is not None
    filing.do(merging.merge, other, into=CaseId(fire.id))
    ending = {"disposition": "real", "word": "已到场处置"}
    with pytest.raises(CaseError, match="1 messages came since"):
        filing.do(handling.close, fire, seen=1, **ending)


@pytest.mark.parametrize(
    ("disposition", "word", "officer", "problem"),
    [
        ("burnt", "已处置", "乙", "'burnt' is no disposition; choose one of real, resolved"),
        ("real", "  ", "乙", "1 to 500 characters"),
        ("real", "字" * 501, "乙", "1 to 500 characters"),
        ("real", "已处置", " ", "officer's name"),
    ],
)
def test_that_a_case_does_not_end_without_saying_how(
    filing: Filing, disposition: str, word: str, officer: str, problem: str
) -> None:
    alarm = filing.file("urgent_alarm")
    assert alarm is not None
    with pytest.raises(CaseError, match=problem):
        close(filing, alarm.id, disposition, word, officer)
    assert [case.state for case in filing.cases()] == ["open"]
    assert pending(filing, Escalation) == 1


def test_that_what_is_referred_says_to_whom(filing: Filing) -> None:
    fire, other = filing.file("urgent_alarm"), filing.file("urgent_alarm", openid="oB")
    ending = {"disposition": "referred", "word": "消防已到场"}
    assert filing.do(handling.close, fire, referred_to="119", **ending).referred_to == "119"
    assert filing.do(handling.close, other, **ending).referred_to == REFERRED_TO[-1]
    with pytest.raises(CaseError, match="one of 110, 119"):
        filing.do(handling.close, fire, disposition="referred", word="好", referred_to="911")
    with pytest.raises(CaseError, match="only what is referred"):
        filing.do(handling.close, fire, disposition="real", word="好", referred_to="119")


def test_that_a_closed_case_is_opened_again_by_whoever_has_it_then(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    filing.do(handling.close, alarm, officer="乙", disposition="false_alarm", word="电话核实是误报")
    filing.do(handling.reopen, alarm, officer="丙")
    filing.do(handling.reopen, alarm, officer="丙")
    (case,) = filing.cases()
    assert (case.state, case.acknowledged_by) == ("acknowledged", "丙")
    assert (case.closed_at, case.closed_by, case.disposition, case.closing_word) == (None, None, None, "")
    assert filing.acts() == [("乙", "acknowledge"), ("乙", "close"), ("丙", "reopen")]
    with filing.store.reading() as session:
        (kept,) = session.scalars(sa.select(Note))
    assert (kept.author, kept.text) == ("乙", "结案时写的：电话核实是误报")


# -- back to everybody ----------------------------------------------------------------------------------------------


def test_that_an_alarm_given_back_is_open_and_paged_for_from_the_first_step(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    filing.acknowledge(alarm, "甲")
    for _ in range(2):
        filing.do(handling.unacknowledge, alarm, officer="乙", watch=filing.watch)
    (case,) = filing.cases()
    assert (case.state, case.acknowledged_by) == ("open", None)
    assert filing.page_levels(alarm) == [0, 3], "deadlines that were cancelled keep their numbers"
    assert (pending(filing, Escalation), pending(filing, Page)) == (1, 1)
    assert filing.acts() == [("甲", "acknowledge"), ("乙", "unacknowledge")]


def test_that_a_request_given_back_pages_nobody(filing: Filing) -> None:
    request = filing.file("help_request")
    filing.acknowledge(request)
    filing.do(handling.unacknowledge, request, watch=filing.watch)
    assert [case.state for case in filing.cases()] == ["open"]
    assert filing.page_levels(request) == []


# -- notes, assignments ---------------------------------------------------------------------------------------------


def test_that_a_note_is_kept_once_however_often_the_button_is_pressed(filing: Filing) -> None:
    request = filing.file("help_request")
    for _ in range(2):
        filing.do(handling.note, request, "  门口有监控 ")
    filing.do(handling.note, request, "门口有监控", officer="乙")
    filing.clock.advance(minutes=1)
    filing.do(handling.note, request, "门口有监控", officer="乙")
    with filing.store.reading() as session:
        notes = session.scalars(sa.select(Note).order_by(Note.id)).all()
    assert [(one.author, one.text) for one in notes] == [(name, "门口有监控") for name in "甲乙乙"]
    assert filing.acts() == [(name, "note") for name in "甲乙乙"]


@pytest.mark.parametrize("text", ["  ", "字" * 2001])
def test_that_a_note_says_something(filing: Filing, text: str) -> None:
    with pytest.raises(CaseError, match="1 to 2000"):
        filing.do(handling.note, filing.file("tip"), text)


def test_that_a_request_is_assigned_to_an_officer_of_the_roster_and_to_nobody(filing: Filing) -> None:
    request = filing.file("help_request")
    for to in ("乙", "乙", None):
        assert filing.do(handling.assign, request, to=to, watch=filing.watch).assigned_to == to
    assert filing.acts() == [("甲", "assign")] * 2
    with pytest.raises(CaseError, match=r"not in duty\.yml; choose one of 甲、乙、丙"):
        filing.do(handling.assign, request, to="丁", watch=filing.watch)
    with pytest.raises(CaseError, match="fujin offer"):
        filing.do(handling.assign, filing.file("urgent_alarm", openid="oB"), to="乙", watch=filing.watch)


@pytest.mark.parametrize(
    ("act", "more"),
    [
        (handling.acknowledge, {}),
        (handling.unacknowledge, {"watch": None}),
        (handling.assign, {"to": None, "watch": None}),
        (handover.offer, {"to": "乙"}),
        (handover.accept, {}),
        (handover.decline, {"watch": None}),
        (handover.join, {}),
        (handover.leave, {}),
    ],
)
def test_that_a_closed_case_is_not_worked_on_before_it_is_opened_again(
    filing: Filing, act: Callable[..., object], more: dict[str, object]
) -> None:
    alarm = filing.file("urgent_alarm")
    filing.do(handling.close, alarm, disposition="real", word="好")
    given = more | ({"watch": filing.watch} if act is handover.offer else {})
    with pytest.raises(CaseError, match="fujin reopen 1"):
        filing.do(act, alarm, **given)


# -- two at once ----------------------------------------------------------------------------------------------------


def at_once(filing: Filing, *acts: Callable[[Session], object]) -> list[Exception | None]:
    """Let each act run in a transaction of its own at the same moment; how each ended."""
    start = threading.Barrier(len(acts))
    ends: dict[int, Exception | None] = {}

    def run(number: int, act: Callable[[Session], object]) -> None:
        start.wait()
        try:
            with filing.store.transaction() as session:
                act(session)
            ends[number] = None
        except CaseError as error:
            ends[number] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [ends[number] for number in range(len(acts))]


def test_that_of_officers_who_acknowledge_at_the_same_moment_one_has_it_and_the_others_join(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    assert alarm is not None
    case_id, now = alarm.id, filing.clock.now()
    acts = [
        lambda session, name=name: handling.acknowledge(session, case_id, officer=name, now=now) for name in "甲乙丙"
    ]
    assert at_once(filing, *acts) == [None] * 3
    (case,) = filing.cases()
    assert {case.acknowledged_by, *case.joined} == set("甲乙丙")
    assert sorted(action for _, action in filing.acts()) == ["acknowledge", "join", "join"]


def test_that_a_note_and_a_message_at_the_same_moment_do_not_stand_in_each_others_way(filing: Filing) -> None:
    """Whoever files has the resident and wants the case; an officer must not have the case and want the resident."""
    alarm = filing.file("urgent_alarm")
    assert alarm is not None
    now = filing.clock.now()

    def officer(session: Session) -> None:
        for number in range(10):
            handling.note(session, CaseId(alarm.id), f"{number}", officer="甲", now=now)
        alarm_now = handling.locked(session, CaseId(alarm.id))
        alarm_now.resident.held_by = "甲"

    def resident(_session: Session) -> None:
        if not filing.store.sqlite:  # its writers take turns, and this one is inside another
            for _ in range(10):
                filing.file("urgent_alarm")

    assert at_once(filing, officer, resident) == [None, None]
    assert len(filing.cases()) == 1
