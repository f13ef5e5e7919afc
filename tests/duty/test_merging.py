"""Two cases about one thing: their residents stay themselves, nobody is lost, and they can be parted again."""

import threading

import pytest
import sqlalchemy as sa

from bot.duty import audit, conversation, handling, labels, merging, pager
from bot.duty import case as duty_case
from bot.duty.handling import CaseError
from bot.duty.roster import EscalationPolicies
from bot.services import standing
from bot.store.models import Case, CaseId, Escalation, Message, Page, Reply
from tests.duty.conftest import Filing
from tests.duty.test_handling import at_once, pending


def two(filing: Filing, label: str = "urgent_alarm", other: str = "urgent_alarm") -> tuple[Case, Case]:
    """A case of A and a case of B."""
    one, another = filing.file(label, openid="oA"), filing.file(other, openid="oB")
    assert one is not None
    assert another is not None
    return one, another


def merge(filing: Filing, case: Case, into: Case, officer: str = "甲") -> Case:
    return filing.do(merging.merge, case, into=CaseId(into.id), officer=officer)


def cases_of_messages(filing: Filing) -> list[int | None]:
    with filing.store.reading() as session:
        return list(session.scalars(sa.select(Message.case_id).order_by(Message.id)))


def test_that_the_merged_one_ends_with_its_pages_and_the_other_goes_on(filing: Filing) -> None:
    one, target = two(filing)
    for _ in range(2):
        merge(filing, one, target)
    merged, goes_on = filing.cases()
    assert (merged.state, merged.merged_into_id, merged.disposition) == ("closed", target.id, "duplicate")
    assert (goes_on.state, pending(filing, Page), pending(filing, Escalation)) == ("open", 1, 1)
    assert filing.acts() == [("甲", "merge"), ("甲", "absorb")]
    assert cases_of_messages(filing) == [one.id, target.id], "what was said stays with who said it"


@pytest.mark.parametrize("label", ["urgent_alarm", "help_request", "other"])
def test_that_what_the_merged_ones_resident_writes_then_is_read_in_the_other(filing: Filing, label: str) -> None:
    one, target = two(filing)
    merge(filing, one, target)
    assert (filed := filing.file(label, openid="oA")) is not None
    assert filed.id == target.id


def test_that_a_new_alarm_long_after_the_merged_one_was_acknowledged_pages_again(filing: Filing) -> None:
    one, target = two(filing)
    filing.acknowledge(target)
    merge(filing, one, target)
    filing.clock.advance(minutes=31)
    again = filing.file("urgent_alarm", openid="oA")
    assert again is not None
    assert again.id not in {one.id, target.id}
    assert filing.page_levels(again) == [0]


def test_that_another_residents_all_clear_ends_nobodys_paging(filing: Filing) -> None:
    one, target = two(filing)
    merge(filing, one, target)
    with filing.store.transaction() as session:
        case = session.get_one(Case, target.id)
        case.intent = "urgent_alarm/fire"
        assert not duty_case.resolve(session, case, "没事了", by=one.resident_id, now=filing.clock.now())
        assert duty_case.resolve(session, case, "没事了", by=target.resident_id, now=filing.clock.now())


def test_that_a_tap_decides_nothing_about_another_residents_unclear_message(filing: Filing) -> None:
    one, target = filing.file("help_request"), filing.file("other", openid="oB", uncertain=True)
    assert one is not None
    assert target is not None
    merge(filing, one, target)
    filing.file("enquiry", tapped=True)
    assert [case.state for case in filing.cases()] == ["closed", "open"]


def test_that_a_resident_is_told_how_the_case_stands_that_theirs_is_part_of(filing: Filing) -> None:
    one, target = two(filing)

    def told(pseudonym: str) -> str:
        with filing.store.reading() as session:
            return standing.of_resident(session, pseudonym).text

    merge(filing, one, target)
    assert "编号1）：值班民警已收到提醒，还没有回确认" in told("R-oA")
    filing.acknowledge(target)
    assert "编号1）：民警已经接手" in told("R-oA")
    assert "编号2" not in told("R-oA")
    filing.do(handling.close, target, disposition="real", word="好")
    assert "编号1）：已办结" in told("R-oA")


def test_that_replies_reach_the_resident_they_are_for(filing: Filing) -> None:
    one, target = two(filing)
    merge(filing, one, target)
    for number, text in ((1, "您在几楼？"), (2, "您看见什么？")):
        filing.do(conversation.reply, target, text, to=number)
    with filing.store.reading() as session:
        replies = session.scalars(sa.select(Reply).order_by(Reply.id)).all()
    assert [(reply.resident_id, reply.case_id) for reply in replies] == [
        (target.resident_id, target.id),
        (one.resident_id, target.id),
    ]
    with pytest.raises(CaseError, match="has 2 residents"):
        filing.do(conversation.reply, target, "在吗", to=3)
    with pytest.raises(CaseError, match=f"part of case {target.id}; write there"):
        filing.do(conversation.reply, one, "在吗")
    filing.do(handling.close, target, disposition="real", word="好")
    with filing.store.reading() as session:
        assert all(case.resident.held_by is None for case in session.scalars(sa.select(Case)))


@pytest.mark.parametrize("acknowledged", [True, False])
def test_that_what_was_merged_is_parted_and_stands_as_it_stood(filing: Filing, acknowledged: bool) -> None:
    one, target = two(filing)
    if acknowledged:
        filing.acknowledge(one, "丙")
    merge(filing, one, target)
    filing.file("other", openid="oA")
    filing.file("other", openid="oB")
    filing.do(conversation.reply, target, "您看见什么？", to=2)
    filing.do(merging.separate, one, officer="乙", watch=filing.watch)
    parted, _ = filing.cases()
    assert (parted.merged_into_id, parted.closed_by, parted.disposition) == (None, None, None)
    assert (parted.state, parted.acknowledged_by) == (("acknowledged", "丙") if acknowledged else ("open", None))
    assert len(filing.page_levels(one)) == (1 if acknowledged else 2), "an alarm that nobody has is paged for"
    assert cases_of_messages(filing) == [one.id, target.id, one.id, target.id]
    with filing.store.reading() as session:
        assert session.scalars(sa.select(Reply.case_id)).all() == [one.id]
    with pytest.raises(CaseError, match="not part of another case"):
        filing.do(merging.separate, one, watch=filing.watch)


def test_that_cases_of_one_resident_go_together_and_part_again(filing: Filing) -> None:
    first = filing.file("urgent_alarm")
    filing.acknowledge(first)
    filing.clock.advance(minutes=31)
    second = filing.file("urgent_alarm")
    assert first is not None
    assert second is not None
    assert first.id != second.id
    merge(filing, second, first)
    assert filing.file("other") is not None
    assert cases_of_messages(filing) == [first.id, second.id, first.id]
    filing.do(merging.separate, second, watch=filing.watch)
    assert cases_of_messages(filing) == [first.id, second.id, first.id]


def test_that_what_was_merged_before_goes_along(filing: Filing) -> None:
    one, middle = two(filing)
    last = filing.file("urgent_alarm", openid="oC")
    assert last is not None
    merge(filing, one, middle)
    merge(filing, middle, last)
    assert [case.merged_into_id for case in filing.cases()] == [last.id, last.id, None]
    assert (filed := filing.file("other", openid="oA")) is not None
    assert filed.id == last.id


@pytest.mark.parametrize(
    ("label", "other", "reason"),
    [
        ("urgent_alarm", "help_request", "case 1 is an alarm; merge case 2 into it instead"),
        ("tip", "help_request", "a tip, or what was one, goes together with such a one only"),
        ("help_request", "tip", "a tip, or what was one, goes together with such a one only"),
    ],
)
def test_that_no_alarm_goes_among_requests_and_no_tip_among_others(
    filing: Filing, label: str, other: str, reason: str
) -> None:
    one, target = two(filing, label, other)
    with pytest.raises(CaseError, match=reason):
        merge(filing, one, target)
    assert filing.acts() == []


@pytest.mark.parametrize("tip_first", [True, False])
def test_that_what_was_a_tip_is_not_merged_with_what_names_its_resident(filing: Filing, *, tip_first: bool) -> None:
    """Merged, the number of residents would tell whether both are one."""
    tip, alarm = two(filing, "tip")
    filing.do(labels.relabel, tip, "urgent_alarm/fire", watch=filing.watch)
    one, target = (tip, alarm) if tip_first else (alarm, tip)
    with pytest.raises(CaseError, match="or what was one"):
        merge(filing, one, target)


def test_that_what_has_ended_or_is_itself_is_no_case_to_merge_into(filing: Filing) -> None:
    one, target = two(filing)
    with pytest.raises(CaseError, match="into itself"):
        merge(filing, one, one)
    filing.do(handling.close, target, disposition="real", word="好")
    with pytest.raises(CaseError, match="fujin reopen 2"):
        merge(filing, one, target)
    with pytest.raises(CaseError, match="fujin reopen 2"):
        merge(filing, target, one)
    with pytest.raises(CaseError, match="no case 99"):
        filing.do(merging.merge, one, into=CaseId(99))


def test_that_a_merged_case_is_parted_and_not_reopened(filing: Filing) -> None:
    one, target = two(filing)
    merge(filing, one, target)
    with pytest.raises(CaseError, match="fujin separate 1"):
        filing.do(handling.reopen, one)


def test_that_of_two_officers_who_merge_crosswise_one_is_told_so(filing: Filing) -> None:
    one, target = two(filing)
    now = filing.clock.now()
    ends = at_once(
        filing,
        lambda session: merging.merge(session, CaseId(one.id), into=CaseId(target.id), officer="甲", now=now),
        lambda session: merging.merge(session, CaseId(target.id), into=CaseId(one.id), officer="乙", now=now),
    )
    assert sorted(end is None for end in ends) == [False, True]
    assert sorted(case.state for case in filing.cases()) == ["closed", "open"]


def over(filing: Filing, case: Case) -> None:
    """Its resident says that it is over, which ends its paging."""
    with filing.store.transaction() as session:
        stored = session.get_one(Case, case.id)
        stored.intent = "urgent_alarm/fire"
        assert duty_case.resolve(session, stored, "火灭了", now=filing.clock.now())


def test_that_an_alarm_that_goes_on_is_paged_for_in_the_one_that_was_over(filing: Filing) -> None:
    """One resident writes that the fire is out, another that somebody is still inside; it is one fire."""
    one, target = two(filing)
    over(filing, target)
    merge(filing, one, target)
    with filing.store.transaction() as session:
        assert pager.pass_deadlines(session, watch=filing.watch, now=filing.clock.now()) == 1
    goes_on = filing.cases()[1]
    assert (goes_on.state, goes_on.resolved_at) == ("open", None)
    assert len(filing.page_levels(target)) == 2
    assert pending(filing, Escalation) == 1


def test_that_what_an_officer_has_is_not_paged_for_when_it_goes_on(filing: Filing) -> None:
    one, target = two(filing)
    filing.acknowledge(target)
    over(filing, target)
    merge(filing, one, target)
    goes_on = filing.cases()[1]
    assert (goes_on.state, goes_on.resolved_at) == ("acknowledged", None)
    assert (pending(filing, Page), pending(filing, Escalation)) == (0, 1), "only the clock of silence runs"


def test_that_nobody_is_called_for_what_was_over_when_an_officer_has_the_other(filing: Filing) -> None:
    one, target = two(filing)
    filing.acknowledge(one)
    over(filing, target)
    merge(filing, one, target)
    assert filing.cases()[1].resolved_at == filing.clock.now()
    assert pending(filing, Escalation) == 0


@pytest.mark.parametrize("both", [True, False])
def test_that_what_is_over_stays_over_with_what_is_no_alarm_or_over_too(filing: Filing, both: bool) -> None:
    one, target = two(filing, "urgent_alarm" if both else "help_request")
    over(filing, target)
    if both:
        over(filing, one)
    merge(filing, one, target)
    assert filing.cases()[1].resolved_at == filing.clock.now()
    with filing.store.reading() as session:
        waiting = sa.select(Escalation).where(Escalation.case_id == target.id, Escalation.state == "pending")
        assert session.scalars(waiting).all() == []


@pytest.mark.parametrize("act", ["merge", "separate"])
def test_that_a_merger_and_a_passing_deadline_do_not_wait_for_each_other(filing: Filing, act: str) -> None:
    """Whoever passes deadlines has them in hand, those of other cases too, and writes the log."""
    if filing.store.sqlite:
        return  # one writer at a time
    filing.roster = filing.roster.model_copy(update={"escalation": EscalationPolicies(silence_minutes=10)})
    one, target = two(filing)
    filing.acknowledge(target)
    if act == "separate":
        merge(filing, one, target)
    with filing.store.transaction() as passing:
        theirs = sa.select(Escalation).where(Escalation.case_id == target.id, Escalation.state == "pending")
        passing.scalars(theirs.with_for_update()).one()
        others = threading.Thread(
            target=lambda: (
                merge(filing, one, target) if act == "merge" else filing.do(merging.separate, one, watch=filing.watch)
            )
        )
        others.start()
        while not passing.scalar(sa.text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")):
            others.join(0.01)
        audit.record(passing, audit.SYSTEM, "unacknowledge", case_id=None, now=filing.clock.now())
    others.join()
    assert [action for _, action in filing.acts()][-3:] == [
        "unacknowledge",
        *(("merge", "absorb") if act == "merge" else ("separate", "part")),
    ]
