"""A case goes from one officer to another: whoever is asked is paged, and until they accept nothing changes."""

import pytest
import sqlalchemy as sa

from bot.duty import case as duty_case
from bot.duty import handling, handover, pager
from bot.duty.handling import CaseError
from bot.store.models import Case, CaseId, Page
from tests.duty.conftest import Filing
from tests.duty.test_handling import at_once
from tests.station import Station


def taken(filing: Filing, label: str = "urgent_alarm", officer: str = "甲") -> Case:
    """A case that an officer has, whose first page has been sent."""
    case = filing.file(label)
    filing.acknowledge(case, officer)
    assert case is not None
    return case


def offer(filing: Filing, case: Case, to: str = "乙", officer: str = "甲") -> Case:
    return filing.do(handover.offer, case, to=to, officer=officer, watch=filing.watch)


def pages(filing: Filing, case: Case) -> list[tuple[str, str, str]]:
    with filing.store.reading() as session:
        query = sa.select(Page.kind, Page.officer, Page.state).where(Page.case_id == case.id).order_by(Page.id)
        return [(kind, officer, state) for kind, officer, state in session.execute(query)][1:]


def pass_deadlines(filing: Filing) -> None:
    with filing.store.transaction() as session:
        pager.pass_deadlines(session, watch=filing.watch, now=filing.clock.now())


def test_that_the_giver_keeps_the_case_until_the_other_accepts(filing: Filing) -> None:
    case = taken(filing)
    filing.clock.advance(minutes=1)
    for _ in range(2):
        offered = offer(filing, case)
    assert (offered.acknowledged_by, offered.offered_to) == ("甲", "乙")
    assert pages(filing, case) == [("offer", "乙", "pending")]
    for _ in range(2):
        accepted = filing.do(handover.accept, case, officer="乙")
    assert (accepted.acknowledged_by, accepted.offered_to, accepted.joined) == ("乙", None, [])
    assert accepted.acknowledged_at != filing.clock.now(), "how long the resident waited does not change"
    assert pages(filing, case) == [("offer", "乙", "cancelled")]
    assert filing.acts() == [("甲", "acknowledge"), ("甲", "offer"), ("乙", "accept")]
    filing.clock.advance(minutes=10)
    pass_deadlines(filing)
    assert len(pages(filing, case)) == 1


def test_that_acknowledging_what_one_was_offered_is_taking_it_over(filing: Filing) -> None:
    case = taken(filing)
    offer(filing, case)
    filing.acknowledge(case, "乙")
    (after,) = filing.cases()
    assert (after.acknowledged_by, after.offered_to) == ("乙", None)


def test_that_an_assignment_goes_with_the_case(filing: Filing) -> None:
    case = taken(filing, "help_request")
    filing.do(handling.assign, case, to="甲", watch=filing.watch)
    filing.do(handover.join, case, officer="丙")
    offer(filing, case, "丙")
    accepted = filing.do(handover.accept, case, officer="丙")
    assert (accepted.assigned_to, accepted.joined) == ("丙", [])


def test_that_an_offer_that_nobody_accepts_falls_back_and_the_giver_is_paged(filing: Filing) -> None:
    case = taken(filing)
    offer(filing, case)
    filing.clock.advance(minutes=2, seconds=59)
    pass_deadlines(filing)
    assert [one.offered_to for one in filing.cases()] == ["乙"]
    filing.clock.advance(seconds=1)
    pass_deadlines(filing)
    (after,) = filing.cases()
    assert (after.acknowledged_by, after.offered_to) == ("甲", None)
    assert pages(filing, case) == [("offer", "乙", "cancelled"), ("returned", "甲", "pending")]
    assert filing.acts()[-1] == ("系统", "offer_lapsed")
    offer(filing, case, "丙")
    assert filing.do(handover.accept, case, officer="丙").acknowledged_by == "丙"


@pytest.mark.parametrize(("officer", "told"), [("乙", [("returned", "甲", "pending")]), ("甲", [])])
def test_that_who_declines_leaves_it_where_it_is(
    filing: Filing, officer: str, told: list[tuple[str, str, str]]
) -> None:
    case = taken(filing)
    offer(filing, case)
    for _ in range(2):
        declined = filing.do(handover.decline, case, officer=officer, watch=filing.watch)
    assert (declined.acknowledged_by, declined.offered_to) == ("甲", None)
    assert pages(filing, case) == [("offer", "乙", "cancelled"), *told]
    with pytest.raises(CaseError, match="not offered to 乙; 甲 has it"):
        filing.do(handover.accept, case, officer="乙")


def test_that_asking_somebody_else_ends_what_the_first_was_asked(filing: Filing) -> None:
    case = taken(filing)
    offer(filing, case)
    offer(filing, case, "丙")
    assert pages(filing, case) == [("offer", "乙", "cancelled"), ("offer", "丙", "pending")]
    filing.clock.advance(minutes=3)
    pass_deadlines(filing)
    assert [action for _, action in filing.acts()].count("offer_lapsed") == 1


def test_that_what_nobody_has_or_the_other_has_already_is_not_handed_over(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    assert alarm is not None
    with pytest.raises(CaseError, match="nobody has case 1 yet; acknowledge it first"):
        offer(filing, alarm)
    filing.acknowledge(alarm)
    with pytest.raises(CaseError, match="甲 has case 1 already"):
        offer(filing, alarm, "甲", officer="丙")
    with pytest.raises(CaseError, match=r"not in duty\.yml"):
        offer(filing, alarm, "丁")


def test_that_an_alarm_that_is_given_back_or_closed_ends_the_offer(filing: Filing) -> None:
    case = taken(filing)
    offer(filing, case)
    filing.do(handling.unacknowledge, case, watch=filing.watch)
    assert [one.offered_to for one in filing.cases()] == [None]
    assert pages(filing, case) == [("offer", "乙", "cancelled"), ("alarm", "甲", "pending")]


def test_that_officers_join_and_leave_and_whoever_has_it_cannot_just_go(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    with pytest.raises(CaseError, match="nobody has case 1 yet"):
        filing.do(handover.join, alarm, officer="乙")
    filing.acknowledge(alarm)
    for _ in range(2):
        assert filing.do(handover.join, alarm, officer="乙").joined == ["乙"]
    assert filing.do(handover.join, alarm, officer="甲").joined == ["乙"]
    for _ in range(2):
        assert filing.do(handover.leave, alarm, officer="乙").joined == []
    with pytest.raises(CaseError, match="fujin offer"):
        filing.do(handover.leave, alarm, officer="甲")
    assert filing.acts()[1:] == [("乙", "join"), ("乙", "leave")]


def test_that_an_offer_accepted_and_withdrawn_at_the_same_moment_ends_one_way(filing: Filing) -> None:
    case = taken(filing)
    offer(filing, case)
    case_id, now, watch = CaseId(case.id), filing.clock.now(), filing.watch
    accepted, declined = at_once(
        filing,
        lambda session: handover.accept(session, case_id, officer="乙", now=now),
        lambda session: handover.decline(session, case_id, officer="甲", watch=watch, now=now),
    )
    (after,) = filing.cases()
    assert declined is None
    assert after.acknowledged_by == ("乙" if accepted is None else "甲")
    assert after.offered_to is None


@pytest.mark.anyio
async def test_that_the_offer_is_paged_at_once_and_so_is_its_end(station: Station) -> None:
    await station.deliver("有人拿刀在楼下砍人")
    case_id = CaseId(station.phone.take()["case_id"])
    watch = station.engine._desk.watch()
    with station.store.transaction() as session:
        handling.acknowledge(session, case_id, officer="甲", now=station.clock.now())
        handover.offer(session, case_id, to="丙", officer="甲", watch=watch, now=station.clock.now())
    await station.engine.run_due()
    page = station.phone.take()
    assert (page["officer"], page["text"].startswith("【移交】甲请丙接手：【紧急警情】持械威胁")) == ("丙", True)
    station.clock.advance(minutes=3)
    await station.engine.run_due()
    page = station.phone.take()
    assert (page["officer"], page["text"].startswith("【移交未成】没有人接手，仍由甲负责")) == ("甲", True)


@pytest.mark.anyio
async def test_that_an_offer_that_reaches_nobody_ends_after_five_seconds(station: Station) -> None:
    await station.deliver("有人拿刀在楼下砍人")
    case_id = CaseId(station.phone.take()["case_id"])
    watch = station.engine._desk.watch()
    station.phone.status = 500
    with station.store.transaction() as session:
        handling.acknowledge(session, case_id, officer="甲", now=station.clock.now())
        handover.offer(session, case_id, to="丙", officer="甲", watch=watch, now=station.clock.now())
    await station.engine.run_due()
    station.clock.advance(seconds=5)
    await station.engine.run_due()
    asked, again, told = (station.phone.take()["text"] for _ in range(3))
    assert asked == again
    assert asked.startswith("【移交】甲请丙接手")
    assert told.startswith("【移交未成】没有人接手，仍由甲负责")


def test_that_an_offer_goes_on_when_the_resident_says_it_is_over(filing: Filing) -> None:
    case = taken(filing)
    offer(filing, case)
    with filing.store.transaction() as session:
        stored = session.get_one(Case, case.id)
        stored.intent = "urgent_alarm/fire"
        assert duty_case.resolve(session, stored, "火灭了", now=filing.clock.now())
    filing.clock.advance(minutes=3)
    pass_deadlines(filing)
    assert [one.offered_to for one in filing.cases()] == [None]
    assert pages(filing, case) == [("offer", "乙", "cancelled"), ("returned", "甲", "pending")]
