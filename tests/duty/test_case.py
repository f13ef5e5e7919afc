"""Which case a message belongs to, and when a human is paged for it."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from bot.duty import case as duty_case
from bot.duty.case import RESOLVED
from bot.duty.page import page_text
from bot.duty.watch import Watch
from bot.nlu.triage import FORCED, Triage
from bot.store.models import Case, Escalation, Message, Page, PageKind
from tests.duty.conftest import Filing


def same(one: Case | None, other: Case | None) -> bool:
    assert one is not None
    assert other is not None
    return one.id == other.id


def ask(filing: Filing, case: Case | None, mark: str) -> Case:
    """Note a mark among what a case was asked."""
    assert case is not None
    with filing.store.transaction() as session:
        session.get_one(Case, case.id).asked = [mark]
    return case


@pytest.mark.parametrize("label", ["help_request", "tip", "enquiry", "other", "urgent_alarm"])
def test_that_an_open_alarm_takes_everything_of_its_resident(filing: Filing, label: str) -> None:
    alarm = filing.file("urgent_alarm")
    filing.clock.advance(hours=30)
    assert same(filing.file(label), alarm)
    assert filing.page_levels(alarm) == [0], "the deadlines page on; a second message does not"


@pytest.mark.parametrize("minutes", [0, 30])
def test_that_a_request_of_the_last_half_hour_is_raised_to_the_alarm_and_pages(filing: Filing, minutes: int) -> None:
    request = filing.file("help_request")
    assert filing.page_levels(request) == []
    filing.clock.advance(minutes=minutes)
    alarm = filing.file("urgent_alarm")
    assert same(alarm, request)
    assert filing.page_levels(alarm) == [0]
    assert [case.label for case in filing.cases()] == ["urgent_alarm"]


def test_that_an_older_request_is_another_story(filing: Filing) -> None:
    request = filing.file("help_request")
    filing.clock.advance(minutes=30, seconds=1)
    alarm = filing.file("urgent_alarm")
    assert not same(alarm, request)
    assert [case.label for case in filing.cases()] == ["help_request", "urgent_alarm"]


def test_that_an_acknowledged_request_raised_to_an_alarm_pages_and_is_open_again(filing: Filing) -> None:
    request = filing.file("help_request")
    filing.acknowledge(request, "乙")
    alarm = filing.file("urgent_alarm")
    assert same(alarm, request)
    assert filing.page_levels(alarm) == [0]
    (case,) = filing.cases()
    assert (case.state, case.acknowledged_by, case.acknowledged_at) == ("open", None, None)


def test_that_a_repeated_alarm_is_no_second_case(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    assert same(filing.file("urgent_alarm"), alarm)
    filing.acknowledge(alarm)
    filing.clock.advance(minutes=30)
    assert same(filing.file("urgent_alarm"), alarm)
    assert filing.page_levels(alarm) == [0]


def turned(filing: Filing, case: Case | None) -> list[str]:
    """Whom the pages about another danger are for."""
    assert case is not None
    with filing.store.reading() as session:
        query = sa.select(Page.officer).where(Page.case_id == case.id, Page.kind == PageKind.TURNED)
        return list(session.scalars(query))


def test_that_the_officer_who_has_an_alarm_is_paged_once_for_each_other_danger(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm", kind="burglary")
    filing.file("urgent_alarm", kind="assault", confidence=0.99)
    assert turned(filing, alarm) == [], "nobody has it yet, and it is paged for as it is"
    filing.acknowledge(alarm)
    filing.file("urgent_alarm", kind="assault", confidence=0.99)
    filing.file("urgent_alarm", kind="burglary", confidence=0.99)
    assert turned(filing, alarm) == [], "that was known"
    for _ in range(2):
        assert same(filing.file("urgent_alarm", kind="fire", confidence=0.99), alarm)
        assert turned(filing, alarm) == ["甲"]
    filing.file("urgent_alarm", kind="medical", word="没气了", confidence=0.5)
    assert turned(filing, alarm) == ["甲"]
    filing.file("urgent_alarm", kind="medical", confidence=0.96)
    assert turned(filing, alarm) == ["甲"] * 2
    (case,) = filing.cases()
    assert case.state == "acknowledged", "it is still that officer's"


@pytest.mark.parametrize(
    "what",
    [
        {"label": "urgent_alarm", "kind": "fire", "confidence": 0.9},
        {"label": "urgent_alarm", "kind": "general_alarm", "confidence": 0.99},
        {"label": "tip", "kind": "gambling", "confidence": 0.99},
        {"label": "other", "kind": "thanks", "confidence": 0.99},
    ],
)
def test_that_nobody_is_paged_again_for_what_is_no_other_danger(filing: Filing, what: dict[str, Any]) -> None:
    alarm = filing.file("urgent_alarm", kind="burglary")
    filing.acknowledge(alarm)
    filing.file(**what)
    assert turned(filing, alarm) == []


def test_that_a_new_alarm_long_after_the_acknowledgement_pages_again(filing: Filing) -> None:
    """The officer of the first alarm went home days ago, and nobody has closed it."""
    first = filing.file("urgent_alarm")
    filing.acknowledge(first)
    filing.clock.advance(minutes=20)
    filing.file("other")
    filing.clock.advance(minutes=11)
    second = filing.file("urgent_alarm")
    assert not same(second, first)
    assert filing.page_levels(second) == [0]
    assert same(filing.file("other"), second)


def test_that_an_acknowledged_alarm_takes_calm_words_until_it_has_been_quiet_for_long(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm")
    filing.acknowledge(alarm)
    filing.clock.advance(hours=12)
    assert same(filing.file("help_request"), alarm)
    filing.clock.advance(hours=12, seconds=1)
    request = filing.file("help_request")
    assert not same(request, alarm)
    assert filing.page_levels(request) == []


def test_that_two_residents_have_two_cases(filing: Filing) -> None:
    one, other = filing.file("urgent_alarm", openid="oA"), filing.file("urgent_alarm", openid="oB")
    assert not same(one, other)
    assert filing.page_levels(one) == filing.page_levels(other) == [0]


def test_that_tips_and_requests_are_never_mixed(filing: Filing) -> None:
    tip, request = filing.file("tip"), filing.file("help_request")
    assert not same(tip, request)
    assert same(filing.file("tip"), tip)
    assert same(filing.file("help_request"), request)
    assert [case.label for case in filing.cases()] == ["tip", "help_request"]


def test_that_a_tip_stays_out_of_a_request_that_is_still_uncertain(filing: Filing) -> None:
    unclear = filing.file("other", uncertain=True)
    assert not same(filing.file("tip"), unclear)


@pytest.mark.parametrize(("label", "hours"), [("help_request", 12), ("tip", 24)])
def test_that_a_story_goes_on_for_hours_but_not_for_ever(filing: Filing, label: str, hours: int) -> None:
    first = filing.file(label)
    filing.clock.advance(hours=hours)
    assert same(filing.file(label), first)
    filing.clock.advance(hours=hours, seconds=1)
    assert not same(filing.file(label), first)


@pytest.mark.parametrize(("text", "joins"), [("上次说的那个车牌记着了", True), ("又看见一辆车", False)])
def test_that_a_tip_of_another_day_takes_what_points_back_to_it(filing: Filing, text: str, joins: bool) -> None:
    first = filing.file("tip")
    filing.clock.advance(days=3)
    assert same(filing.file("tip", text=text), first) is joins


@pytest.mark.parametrize("label", ["urgent_alarm", "help_request", "tip"])
def test_that_a_closed_case_takes_nothing(filing: Filing, label: str) -> None:
    closed = filing.file(label)
    filing.close(closed)
    assert not same(filing.file(label), closed)
    assert len(filing.cases()) == 2


def test_that_an_uncertain_message_is_a_request_in_the_queue_and_pages_nobody(filing: Filing) -> None:
    case = filing.file("other", uncertain=True)
    assert case is not None
    assert (case.label, case.uncertain) == ("help_request", True)
    assert filing.page_levels(case) == []


def test_that_a_clear_request_clears_up_an_uncertain_one(filing: Filing) -> None:
    unclear = filing.file("enquiry", uncertain=True)
    assert same(filing.file("help_request"), unclear)
    (case,) = filing.cases()
    assert (case.intent, case.uncertain) == ("help_request/scripted", False)


def test_that_the_tap_on_danger_makes_an_alarm_of_the_unclear_message(filing: Filing) -> None:
    unclear = filing.file("enquiry", uncertain=True)
    alarm = filing.file("urgent_alarm", tapped=True, word="现在有危险")
    assert same(alarm, unclear)
    assert filing.page_levels(alarm) == [0]
    (case,) = filing.cases()
    assert (case.label, case.uncertain, case.state) == ("urgent_alarm", False, "open")
    assert case.evidence == [{"rule": "one_tap", "words": ["现在有危险"]}]


def test_that_the_tap_on_a_tip_moves_the_unclear_message_to_the_tip_desk(filing: Filing) -> None:
    assert same(filing.file("other", uncertain=True), filing.file("tip", tapped=True))
    assert [(case.label, case.uncertain) for case in filing.cases()] == [("tip", False)]


def test_that_the_tap_on_paperwork_closes_the_case_that_only_the_doubt_had_opened(filing: Filing) -> None:
    filing.file("other", uncertain=True)
    filing.file("enquiry", tapped=True)
    (case,) = filing.cases()
    assert (case.state, case.uncertain, case.closed_at) == ("closed", False, filing.clock.now())


def test_that_none_of_these_leaves_the_case_to_the_officers(filing: Filing) -> None:
    filing.file("enquiry", uncertain=True)
    filing.file("other", tapped=True)
    assert [(case.state, case.uncertain) for case in filing.cases()] == [("open", True)]


@pytest.mark.parametrize("first", ["help_request", "urgent_alarm"])
def test_that_a_tap_never_closes_a_case_that_was_clear(filing: Filing, first: str) -> None:
    filing.file(first)
    filing.file("enquiry", tapped=True)
    assert [(case.label, case.state) for case in filing.cases()] == [(first, "open")]


def test_that_a_tap_does_not_close_what_an_officer_has_taken(filing: Filing) -> None:
    filing.acknowledge(filing.file("other", uncertain=True))
    filing.file("enquiry", tapped=True)
    assert [case.state for case in filing.cases()] == ["acknowledged"]


@pytest.mark.parametrize("label", ["enquiry", "other"])
def test_that_an_enquiry_and_chat_open_no_case(filing: Filing, label: str) -> None:
    filing.file("help_request", openid="oB")
    assert filing.file(label) is None
    assert len(filing.cases()) == 1


def test_that_a_label_is_only_raised(filing: Filing) -> None:
    filing.file("help_request")
    filing.file("urgent_alarm", silent=True, word="刀")
    filing.file("help_request", word="狗")
    (case,) = filing.cases()
    assert (case.label, case.intent, case.silent) == ("urgent_alarm", "urgent_alarm/scripted", True)
    assert [item["words"] for item in case.evidence] == [["刀"]], "the words that made it what it is"


def test_that_a_message_filed_again_stays_where_it_is(filing: Filing) -> None:
    """The process died between filing and the rest; meanwhile an officer has dealt with the alarm."""
    alarm = filing.file("urgent_alarm")
    filing.close(alarm)
    triage = Triage("urgent_alarm", 0.9, "urgent_alarm/scripted")
    with filing.store.transaction() as session:
        message = session.query(Message).one()
        again = duty_case.file_message(
            session, message, triage, watch=Watch(filing.roster, ("x",)), now=filing.clock.now()
        )
        assert same(again, alarm)
    assert len(filing.cases()) == 1


def test_that_alarms_of_one_resident_filed_at_the_same_moment_are_one_case(filing: Filing) -> None:
    filing.file("other")  # the resident is known
    start = threading.Barrier(4)

    def file() -> None:
        start.wait()
        filing.file("urgent_alarm")

    threads = [threading.Thread(target=file) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (case,) = filing.cases()
    assert filing.page_levels(case) == [0]


# -- the resident says it is over -----------------------------------------------------------------------------------


def alarm_of(filing: Filing, intent: str, *, silent: bool = False) -> Case:
    """An open alarm of a kind, which has paged its first officer."""
    alarm = filing.file("urgent_alarm", silent=silent)
    assert alarm is not None
    with filing.store.transaction() as session:
        session.get_one(Case, alarm.id).intent = f"urgent_alarm/{intent}"
    return alarm


def resolve(filing: Filing, alarm: Case, words: str = "人找到了") -> bool:
    with filing.store.transaction() as session:
        return duty_case.resolve(session, session.get_one(Case, alarm.id), words, now=filing.clock.now())


def pending(filing: Filing, table: type[Escalation | Page]) -> int:
    """How many deadlines, or pages, are still to come."""
    with filing.store.reading() as session:
        return session.query(table).filter_by(state="pending").count()


@pytest.mark.parametrize("intent", ["missing_child", "fire", "medical", "fraud_transfer", "general_alarm"])
def test_that_an_alarm_that_its_resident_can_take_back_pages_nobody_further(filing: Filing, intent: str) -> None:
    alarm = alarm_of(filing, intent)
    filing.clock.advance(seconds=10)
    assert resolve(filing, alarm)
    assert pending(filing, Escalation) == 0
    assert pending(filing, Page) == 1, "the page that is on its way still goes out"
    (case,) = filing.cases()
    assert (case.state, case.resolved_at, case.updated_at) == ("open", filing.clock.now(), filing.clock.now())
    assert case.evidence == [{"rule": RESOLVED, "words": ["人找到了"]}]


@pytest.mark.parametrize(
    ("intent", "silent"),
    [
        ("domestic_violence", False),
        ("captivity", False),
        ("kidnapping", False),
        ("suicide_self", False),
        ("silent_call", False),
        ("missing_child", True),
    ],
)
def test_that_words_that_may_be_forced_are_noted_and_the_paging_goes_on(
    filing: Filing, intent: str, silent: bool
) -> None:
    alarm = alarm_of(filing, intent, silent=silent)
    assert not resolve(filing, alarm, "没事了")
    assert pending(filing, Escalation) == 1
    (case,) = filing.cases()
    assert case.resolved_at is None
    assert case.evidence == [{"rule": RESOLVED, "words": ["没事了"]}]


def test_that_a_new_alarm_after_it_is_another_case_and_pages(filing: Filing) -> None:
    first = alarm_of(filing, "missing_child")
    resolve(filing, first)
    assert same(filing.file("other"), first), "calm words still belong to it"
    second = filing.file("urgent_alarm")
    assert not same(second, first)
    assert filing.page_levels(second) == [0]


FIGHT: dict[str, Any] = {"kind": "group_fight", "confidence": 0.99, "text": "串店门口两伙人打起来了 有个人倒地上了"}


@pytest.mark.parametrize("mark", [duty_case.TOLD_OVER, duty_case.RELIEVED])
def test_that_another_emergency_after_the_end_of_an_alarm_is_a_case_of_its_own_and_pages(
    filing: Filing, mark: str
) -> None:
    first = ask(filing, alarm_of(filing, "fire"), mark)
    second = filing.file("urgent_alarm", **FIGHT)
    assert not same(second, first)
    assert filing.page_levels(second) == [0]
    assert same(filing.file("tip", text="对面是药房"), second), "what is told next belongs to the newer one"


def test_that_another_emergency_met_while_looking_for_somebody_pages(filing: Filing) -> None:
    lost = alarm_of(filing, "missing_adult_at_risk")
    fight = filing.file("urgent_alarm", **FIGHT)
    assert not same(fight, lost)
    assert filing.page_levels(fight) == [0]


def test_that_words_that_begin_anew_tell_another_emergency(filing: Filing) -> None:
    fire = alarm_of(filing, "fire")
    assert not same(filing.file("urgent_alarm", **FIGHT | {"text": "又是我，这边路口有人打群架"}), fire)


@pytest.mark.parametrize(
    "what",
    [
        FIGHT | {"confidence": 0.94},
        FIGHT | {"kind": "medical"},
        FIGHT | {"kind": "gas_leak"},
        FIGHT | {"text": "我怕他让人打了"},
        FIGHT | {"text": "以前让人打过"},
    ],
)
def test_that_nothing_else_leaves_an_alarm_that_has_passed(filing: Filing, what: dict[str, Any]) -> None:
    first = ask(filing, alarm_of(filing, "fire"), duty_case.RELIEVED)
    assert same(filing.file("urgent_alarm", **what), first)
    assert filing.page_levels(first) == [0]


def test_that_another_danger_within_one_event_pages_nobody_again(filing: Filing) -> None:
    fire = alarm_of(filing, "fire")
    knock = filing.file("urgent_alarm", kind="burglary", confidence=0.99, text="有人在门外砸门让我们快跑")
    assert same(knock, fire)
    assert filing.page_levels(fire) == [0]


@pytest.mark.parametrize("kind", ["fire", "gas_leak", "drowning", "traffic_injury"])
def test_that_a_fire_or_the_like_that_the_net_sees_beside_violence_pages_too(filing: Filing, kind: str) -> None:
    fight = alarm_of(filing, "group_fight")
    worse = filing.file("urgent_alarm", kind=kind, confidence=0.9, word="着火了", rule="fire")
    assert not same(worse, fight)
    assert filing.page_levels(worse) == [0]


def test_that_who_was_made_to_write_that_all_is_well_is_silent_and_the_officer_is_paged(filing: Filing) -> None:
    case = ask(filing, alarm_of(filing, "stalking"), duty_case.TOLD_OVER)
    filing.acknowledge(case)
    assert same(filing.file("urgent_alarm", kind="stalking", silent=True, word="是他让我说的", rule=FORCED), case)
    assert turned(filing, case) == ["甲"]
    (case,) = filing.cases()
    assert (case.silent, duty_case.TOLD_OVER in case.asked) == (True, False)


def test_that_the_officer_of_a_suicide_is_paged_once_more_when_its_means_are_taken(filing: Filing) -> None:
    case = alarm_of(filing, "suicide_other")
    filing.acknowledge(case)
    for text in ("她说要吃药", "她把药都吃了", "药瓶都空了"):
        filing.file("urgent_alarm", kind="suicide_other", text=text, confidence=0.99)
    assert turned(filing, case) == ["甲"]


def test_that_the_officer_of_a_stalker_is_paged_once_more_when_he_is_inside(filing: Filing) -> None:
    case = alarm_of(filing, "stalking")
    filing.acknowledge(case)
    for text in ("他还在敲门", "门开了 他进来了", "他进屋了"):
        filing.file("urgent_alarm", kind="burglary", text=text, confidence=0.75)
    assert turned(filing, case) == ["甲"]


def test_that_means_that_were_told_before_the_officer_came_page_nobody_again(filing: Filing) -> None:
    case = alarm_of(filing, "suicide_self")
    filing.file("urgent_alarm", kind="suicide_self", text="我站在楼顶上")
    filing.acknowledge(case)
    filing.file("urgent_alarm", kind="suicide_self", text="药也吃了", confidence=0.99)
    assert turned(filing, case) == []


def test_that_a_fright_told_after_the_end_is_no_new_alarm(filing: Filing) -> None:
    found = alarm_of(filing, "missing_child")
    resolve(filing, found)
    assert same(filing.file("urgent_alarm", confidence=0.3, text="腿都软了"), found)
    assert same(filing.file("urgent_alarm", kind="drowning", confidence=0.7, text="他刚才差点掉湖里"), found)
    filing.clock.advance(minutes=31)
    assert not same(filing.file("urgent_alarm", confidence=0.3), found)


def test_that_a_fear_of_what_may_come_told_after_the_end_is_a_new_alarm(filing: Filing) -> None:
    found = alarm_of(filing, "missing_child")
    resolve(filing, found)
    beaten = filing.file("urgent_alarm", kind="child_abuse", confidence=0.7, text="身上全是伤，我怕他爸再打他")
    assert not same(beaten, found)
    assert filing.page_levels(beaten) == [0]


def test_that_another_emergency_filed_again_stays_in_its_own_case(filing: Filing) -> None:
    ask(filing, alarm_of(filing, "fire"), duty_case.TOLD_OVER)
    second = filing.file("urgent_alarm", **FIGHT)
    assert second is not None
    with filing.store.transaction() as session:
        message = session.get_one(Message, second.alarm_message_id)
        triage = Triage.from_json(message.triage or {})
        again = duty_case.file_message(session, message, triage, watch=filing.watch, now=filing.clock.now())
    assert same(again, second)
    assert filing.page_levels(second) == [0]


def test_that_a_new_alarm_after_doubtful_words_stays_in_the_alarm_that_goes_on(filing: Filing) -> None:
    alarm = alarm_of(filing, "domestic_violence")
    resolve(filing, alarm)
    assert same(filing.file("urgent_alarm"), alarm)


def test_that_an_alarm_that_is_over_is_not_going_on(filing: Filing) -> None:
    alarm = alarm_of(filing, "fire")

    def goes_on() -> bool:
        with filing.store.reading() as session:
            return duty_case.alarm_goes_on(session, alarm.resident_id, now=filing.clock.now())

    assert goes_on()
    resolve(filing, alarm)
    assert not goes_on()


def test_that_an_alarm_is_seen_once_an_officer_has_it_and_a_silent_one_never(filing: Filing) -> None:
    alarm = alarm_of(filing, "fire")

    def seen() -> bool:
        with filing.store.reading() as session:
            return duty_case.alarm_is_seen(session, alarm.resident_id)

    assert not seen()
    filing.acknowledge(alarm)
    assert seen()
    with filing.store.transaction() as session:
        session.get_one(Case, alarm.id).silent = True
    assert not seen()


def test_that_a_page_names_the_words_of_the_alarm_and_not_those_that_called_it_over(filing: Filing) -> None:
    alarm = filing.file("urgent_alarm", word="打我")
    assert alarm is not None
    resolve(filing, alarm, "没事了")
    (case,) = filing.cases()
    assert page_text(case).endswith("：打我")
