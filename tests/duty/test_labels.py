"""An officer's other label: an alarm pages at once, a lowered one is on somebody's list, the trainers learn of it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import yaml

from bot.duty import handling, labels, merging
from bot.duty.handling import CaseError
from bot.duty.roster import Roster
from bot.nlu.triage import ONE_TAP, Evidence, Triage
from bot.store.models import OF_FORM, Case, CaseId, Correction, Escalation, Message, Page
from tests.duty.conftest import Filing
from tests.duty.test_handling import pending
from tests.station import DUTY

POLICIES = """
escalation:
  policies:
    - match: [tip]
      steps: [{who: [甲], wait_seconds: 600}, {who: [乙], wait_seconds: 600}]
      then: stop
    - match: [urgent_alarm]
      steps: [{who: [全体], wait_seconds: 20}]
      then: last
"""


def relabel(filing: Filing, case: Case | None, intent: str, reason: str = "", officer: str = "甲") -> Case:
    return filing.do(labels.relabel, case, intent, officer=officer, reason=reason, watch=filing.watch)


@pytest.fixture
def with_policies(filing: Filing) -> Filing:
    """A station that pages for tips slowly and not for ever, for alarms fast and without end."""
    duty = yaml.safe_load(DUTY) | yaml.safe_load(POLICIES)
    filing.roster = Roster.model_validate(duty)
    return filing


def corrections(filing: Filing) -> list[tuple[str, str, str, int | None]]:
    with filing.store.reading() as session:
        found = session.scalars(sa.select(Correction).order_by(Correction.id))
        return [(one.was, one.now, one.made_by, one.message_id) for one in found]


@pytest.mark.parametrize("acknowledged", [True, False])
def test_that_what_is_raised_to_an_alarm_is_open_and_paged_for_at_once(filing: Filing, acknowledged: bool) -> None:
    request = filing.file("help_request", text="他一直敲我家门")
    if acknowledged:
        filing.acknowledge(request, "乙")
    filing.clock.advance(minutes=5)
    for _ in range(2):
        raised = relabel(filing, request, "urgent_alarm/fire")
    assert (raised.state, raised.acknowledged_by, raised.alarmed_at) == ("open", None, filing.clock.now())
    assert filing.page_levels(request) == [0]
    assert pending(filing, Escalation) == 1
    with filing.store.reading() as session:
        message_id = session.scalars(sa.select(Message.id)).one()
    assert corrections(filing) == [("help_request/scripted", "urgent_alarm/fire", "甲", message_id)]


@pytest.mark.parametrize("intent", ["help_request/noise", "enquiry/idcard_lost", "other/chitchat"])
def test_that_whoever_lowers_an_alarm_says_why_and_has_it(filing: Filing, intent: str) -> None:
    alarm = filing.file("urgent_alarm")
    with pytest.raises(CaseError, match="a reason is needed"):
        relabel(filing, alarm, intent, " ")
    assert pending(filing, Page) == 1
    lowered = relabel(filing, alarm, intent, "电话核实，没有危险", officer="乙")
    assert (lowered.label, lowered.state, lowered.acknowledged_by) == (intent.split("/")[0], "acknowledged", "乙")
    assert (pending(filing, Escalation), pending(filing, Page)) == (0, 0)
    assert filing.acts() == [("乙", "acknowledge"), ("乙", "relabel")]
    assert filing.file("enquiry") is None, "what follows is filed as if there were no alarm"


def test_that_another_kind_of_alarm_goes_on_being_paged_for(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    assert relabel(filing, alarm, "urgent_alarm/fire").state == "open"
    assert (pending(filing, Escalation), pending(filing, Page)) == (1, 1)


def test_that_a_tip_is_no_longer_one_only_with_a_reason(filing: Filing) -> None:
    tip = filing.file("tip")
    with pytest.raises(CaseError, match="a reason is needed"):
        relabel(filing, tip, "help_request/noise")
    assert relabel(filing, tip, "urgent_alarm/fire").label == "urgent_alarm", "an alarm waits for no reason"


@pytest.mark.parametrize("intents", [["urgent_alarm/fire"], ["help_request/noise"], ["enquiry/idcard_lost"]])
@pytest.mark.parametrize("back", [False, True])
def test_that_no_relabelling_names_the_reporter_of_a_tip(filing: Filing, intents: list[str], *, back: bool) -> None:
    tip = filing.file("tip")
    for intent in [*intents, *(["tip/gambling", "help_request/noise"] if back else [])]:
        assert relabel(filing, tip, intent, "请民警处理").confidential


def test_that_what_an_officer_makes_a_tip_hides_its_reporter_from_then_on(filing: Filing) -> None:
    request = filing.file("help_request")
    assert request is not None
    assert not request.confidential
    relabel(filing, request, "tip/gambling")
    assert relabel(filing, request, "help_request/noise", "写错了").confidential


@pytest.mark.parametrize("raised", [False, True])
def test_that_whoever_calls_for_help_by_themselves_is_named_so_that_they_are_found(
    filing: Filing, *, raised: bool
) -> None:
    tip = filing.file("tip")
    if raised:
        relabel(filing, tip, "urgent_alarm/fire")
    alarm = filing.file("urgent_alarm")
    assert (alarm and alarm.id, alarm and alarm.confidential) == (tip and tip.id, False)
    assert relabel(filing, tip, "tip/gambling", "没有危险").confidential, "it is a tip all the same"


def test_that_the_alarm_of_one_reporter_names_no_other(filing: Filing) -> None:
    tip, other = filing.file("tip", openid="oA"), filing.file("tip", openid="oB")
    assert tip is not None
    filing.do(merging.merge, other, into=CaseId(tip.id))
    for openid in ("oB", "oA"):
        alarm = filing.file("urgent_alarm", openid=openid)
        assert (alarm and alarm.id, alarm and alarm.confidential) == (tip.id, True)


def test_that_what_only_perhaps_was_a_tip_names_its_resident_when_they_say_that_it_is_none(filing: Filing) -> None:
    unclear = filing.file("tip", uncertain=True)
    assert unclear is not None
    assert (unclear.label, unclear.confidential) == ("help_request", True)
    chosen = filing.file("help_request", tapped=True)
    assert (chosen and chosen.id, chosen and chosen.confidential) == (unclear.id, False)


@pytest.mark.parametrize("intent", ["urgent_alarm", "fire", "urgent_alarm/nonsense", ""])
def test_that_what_the_catalogue_does_not_know_is_no_label(filing: Filing, intent: str) -> None:
    with pytest.raises(CaseError, match="no kind of case"):
        relabel(filing, filing.file("help_request"), intent)


def test_that_a_closed_case_keeps_its_label(filing: Filing) -> None:
    request = filing.file("help_request")
    filing.do(handling.close, request, disposition="real", word="好")
    with pytest.raises(CaseError, match="fujin reopen 1"):
        relabel(filing, request, "urgent_alarm/fire")
    assert corrections(filing) == []


def test_that_an_alarm_raised_from_a_tip_is_paged_for_as_an_alarm(with_policies: Filing) -> None:
    """A tip's policy waits for ten minutes and then stops."""
    tip = with_policies.file("tip")
    raised = relabel(with_policies, tip, "urgent_alarm/fire")
    assert raised.policy is not None
    assert (raised.policy["then"], raised.policy["steps"][0]["wait"]) == ("last", 20)
    with with_policies.store.reading() as session:
        due_at = session.scalars(sa.select(Escalation.due_at).where(Escalation.state == "pending")).one()
    assert due_at == with_policies.clock.now() + timedelta(seconds=20)


def test_that_a_lowered_case_that_is_given_back_is_not_paged_for_as_the_alarm_it_was(with_policies: Filing) -> None:
    alarm = with_policies.file("urgent_alarm")
    relabel(with_policies, alarm, "help_request/noise", "电话核实，没有危险")
    with_policies.do(handling.unacknowledge, alarm, watch=with_policies.watch)
    assert (pending(with_policies, Escalation), pending(with_policies, Page)) == (0, 0)


def test_that_a_correction_is_about_the_words_that_made_the_case_what_it_was(filing: Filing) -> None:
    """Not about its first message, nor about a photo, a tap or an answer to a form."""
    request = filing.file("help_request", text="楼上太吵了")
    assert request is not None
    filing.file("help_request", text="说的就是他家")
    with filing.store.transaction() as session:
        photo, wordy = session.scalars(sa.select(Message).order_by(Message.id))
        photo.kind = "image"
        for more in (
            {"payload": {OF_FORM: True}},
            {"triage": Triage("tip", 1, "", (Evidence(ONE_TAP, ()),)).to_json()},
        ):
            values = {"key": str(more), "kind": "text", "text": "张示例", "received_at": wordy.received_at} | more
            session.add(Message(resident_id=wordy.resident_id, case_id=request.id, due_at=wordy.due_at, **values))
    relabel(filing, request, "urgent_alarm/stalking")
    assert [one[3] for one in corrections(filing)] == [wordy.id]


def test_that_a_lowered_alarm_is_about_the_message_that_paged(filing: Filing) -> None:
    filing.file("help_request", text="楼上太吵了")
    alarm = filing.file("urgent_alarm", text="他拿刀敲我家门")
    filing.file("other", text="快点")
    relabel(filing, alarm, "help_request/noise", "电话核实，没有危险")
    with filing.store.reading() as session:
        paged = session.scalars(sa.select(Message.id).where(Message.text == "他拿刀敲我家门")).one()
    assert [one[3] for one in corrections(filing)] == [paged]
