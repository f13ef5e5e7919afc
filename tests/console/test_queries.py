import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.console import queries
from bot.console.queries import LINGER, Calls, Desk, read_calls, read_card, read_desk, words_of
from bot.console.search import Place, Wanted, first_day, search
from bot.console.talks import read_before, read_talk
from bot.console.vigil import counted, spoken
from bot.duty.case import resolve
from bot.duty.handling import acknowledge, close
from bot.duty.policy import Policy, Step
from bot.duty.presence import Hearing
from bot.duty.roster import EscalationPolicies
from bot.duty.watch import Watch
from bot.store.models import Case, CaseId, Escalation, Heartbeat, Message, Resident
from tests.console.conftest import Rows


def look(rows: Rows, watch: Watch) -> Desk:
    with rows.store.reading() as session:
        return read_desk(session, watch=watch, now=rows.clock.now())


def test_that_an_empty_desk_is_empty(rows: Rows, watch: Watch) -> None:
    desk = look(rows, watch)
    assert (desk.alarms, desk.requests, desk.tips, desk.acknowledged, desk.undelivered) == ((), (), (), (), ())
    assert desk.counts == {}
    assert desk.problems == ()


def test_that_an_alarm_shows_kind_words_last_messages_pages_and_the_next_deadline(rows: Rows, watch: Watch) -> None:
    case = rows.case(
        rows.resident(),
        "urgent_alarm/armed_threat",
        words=("拿刀", "砍人"),
        silent=True,
        uncertain=True,
        policy=watch.roster.policy_for("urgent_alarm", "urgent_alarm/armed_threat", on_duty=3),
    )
    rows.message(case, "有人拿刀砍人")
    rows.message(case, "在东中街8号")
    rows.page(case)
    rows.page(case, 1, state="pending", error="HTTP 500")
    rows.deadline(case, 1, -10, state="done")
    rows.deadline(case, 2, 45)
    (card,) = look(rows, watch).alarms
    assert card.title == "持械威胁"
    assert card.pseudonym == "R-7K2M9QXA"
    assert (card.silent, card.uncertain) == (True, True)
    assert card.words == ("拿刀", "砍人")
    assert [line.text for line in card.lines] == ["有人拿刀砍人", "在东中街8号"]
    assert (card.pages_sent, card.pages_failed) == (1, 1)
    assert card.next_page is not None
    assert card.next_page.officer == "值班民警一、值班民警二、带班所长", "the third step means these on that day"
    assert card.next_page.due_at == rows.clock.now() + timedelta(seconds=45)


def test_that_the_message_with_the_evidence_stays_visible_under_later_ones(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/armed_threat", words=("拿刀",))
    for text in ("有人拿刀", "一", "二", "三", "四"):
        rows.message(case, text)
    (card,) = look(rows, watch).alarms
    assert [line.text for line in card.lines] == ["有人拿刀", "二", "三", "四"]


def test_that_a_request_is_summed_up_by_its_words_rather_than_by_later_pictures(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "help_request/lost_pet")
    rows.message(case, "我家狗丢了")
    for _ in range(4):
        rows.message(case, "", kind="image")
    (card,) = look(rows, watch).requests
    assert card.summary == "我家狗丢了"


def test_that_the_words_of_rules_go_before_the_models() -> None:
    model, rule = {"rule": "model", "words": ["有人", "在"]}, {"rule": "weapon", "words": ["刀", "刀"]}
    assert words_of([model, rule, {"rule": "media", "words": ["图片"]}]) == ("刀",)
    assert words_of([model]) == ("有人", "在")


def test_that_cards_tell_pictures_and_places_in_words(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.message(case, "", kind="image")
    rows.message(case, "东中街8号", kind="location")
    rows.message(case, "", kind="event")
    (card,) = look(rows, watch).alarms
    assert [line.text for line in card.lines] == ["[图片]", "[位置] 东中街8号"]


def test_that_alarms_stand_in_the_order_in_which_they_came(rows: Rows, watch: Watch) -> None:
    resident = rows.resident()
    first = rows.case(resident, "urgent_alarm/fire")
    second = rows.case(resident, "urgent_alarm/assault")
    assert [card.id for card in look(rows, watch).alarms] == [first.id, second.id]


def test_that_a_request_that_became_an_alarm_waits_since_then(rows: Rows, watch: Watch) -> None:
    now = rows.clock.now()
    raised = rows.case(rows.resident(), "urgent_alarm/assault", ago=600, alarmed_at=now)
    earlier = rows.case(rows.resident("R-2"), "urgent_alarm/fire", ago=60)
    cards = look(rows, watch).alarms
    assert [(card.id, card.since) for card in cards] == [(earlier.id, earlier.opened_at), (raised.id, now)]


def test_that_requests_and_tips_have_lists_of_their_own(rows: Rows, watch: Watch) -> None:
    resident = rows.resident()
    pet = rows.case(resident, "help_request/lost_pet")
    noise = rows.case(resident, "help_request/noise")
    gambling = rows.case(resident, "tip/gambling")
    desk = look(rows, watch)
    assert [card.id for card in desk.requests] == [noise.id, pet.id]
    assert [card.id for card in desk.tips] == [gambling.id]
    assert desk.alarms == ()
    assert desk.counts == {"help_request": 2, "tip": 1}


def test_that_the_reporter_of_a_tip_is_hidden_everywhere_on_the_desk(rows: Rows, watch: Watch) -> None:
    resident = rows.resident("R-SECRET23")
    case = rows.case(resident, "tip/gambling", words=("赌钱",))
    rows.message(case, "楼下棋牌室天天赌钱")
    rows.reply(case, "谢谢", state="failed", error="errcode 45015: over")
    rows.case(resident, "tip/drugs", label="help_request", uncertain=True)
    rows.case(resident, "urgent_alarm/fire", confidential=True)
    assert "R-SECRET23" not in repr(look(rows, watch))


def test_that_a_tip_that_became_an_alarm_shows_whom_to_help(rows: Rows, watch: Watch) -> None:
    rows.case(rows.resident(), "tip/gambling", label="urgent_alarm")
    assert look(rows, watch).alarms[0].pseudonym == "R-7K2M9QXA"


def test_that_an_acknowledged_alarm_keeps_its_place_for_a_moment_and_its_countdown_ends(
    rows: Rows, watch: Watch
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.deadline(case, 1, 45)
    with rows.store.transaction() as session:
        acknowledge(session, case.id, officer="值班民警一", now=rows.clock.now())
    desk = look(rows, watch)
    assert desk.acknowledged == ()
    (card,) = desk.alarms
    assert not card.open
    assert card.next_page is None
    assert card.acknowledged_by == "值班民警一"
    assert desk.counts == {}
    rows.clock.advance(seconds=LINGER.total_seconds())
    desk = look(rows, watch)
    assert desk.alarms == ()
    assert [card.id for card in desk.acknowledged] == [case.id]


def test_that_messages_after_the_acknowledgement_are_counted_and_bring_the_case_up(rows: Rows, watch: Watch) -> None:
    now = rows.clock.now()
    old = rows.case(
        rows.resident(), "urgent_alarm/fire", state="acknowledged", acknowledged_at=now - timedelta(hours=1)
    )
    rows.message(old, "着火了", ago=3700)
    rows.message(old, "又着火了", ago=5)
    rows.case(rows.resident("R-2"), "help_request/noise", ago=600, state="acknowledged", acknowledged_at=now)
    first, second = look(rows, watch).acknowledged
    assert (first.id, first.unseen, second.unseen) == (old.id, 1, 0)


def test_that_a_case_its_resident_calls_over_says_so_with_the_words_and_they_are_no_evidence(
    rows: Rows, watch: Watch
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/missing_child", words=("丢了",))
    doubtful = rows.case(rows.resident("R-2"), "urgent_alarm/domestic_violence", words=("打我",))
    quiet = rows.case(rows.resident("R-3"), "urgent_alarm/fire", words=("着火",))
    with rows.store.transaction() as session:
        for number in (case.id, doubtful.id):
            resolve(session, session.get_one(Case, number), "没事了", now=rows.clock.now())
    cards = {card.id: card for card in look(rows, watch).alarms}
    assert [cards[one.id].says_over for one in (case, doubtful, quiet)] == [True, True, False]
    assert [cards[one.id].resolved_at for one in (case, doubtful)] == [rows.clock.now(), None]
    assert [cards[one.id].said_over for one in (case, doubtful, quiet)] == [("没事了",), ("没事了",), ()]
    assert [cards[one.id].words for one in (case, doubtful)] == [("丢了",), ("打我",)]


def test_that_a_closed_case_tells_who_closed_it_and_how_and_asks_for_nothing_more(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    now = rows.clock.now()
    with rows.store.transaction() as session:
        resolve(session, session.get_one(Case, case.id), "火灭了", now=now)
        close(session, case.id, officer="值班民警二", disposition="resolved", word="已复查", now=now)
        card = read_card(session, case.id, watch=watch, now=rows.clock.now())
    assert card is not None
    assert card.closed
    assert not card.says_over
    assert (card.closed_at, card.closed_by, card.disposition, card.closing_word) == (
        now,
        "值班民警二",
        "resolved",
        "已复查",
    )


def test_that_closed_cases_are_nowhere(rows: Rows, watch: Watch) -> None:
    rows.case(rows.resident(), "urgent_alarm/fire", state="closed")
    desk = look(rows, watch)
    assert (desk.alarms, desk.acknowledged) == ((), ())


def test_that_undelivered_replies_are_visible_for_two_days(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "help_request/noise")
    rows.reply(case, "已送达")
    rows.reply(case, "没有送达", state="failed", error="errcode 45047: used up")
    desk = look(rows, watch)
    (reply,) = desk.undelivered
    assert (reply.text, reply.reason, reply.case_id) == ("没有送达", "errcode 45047: used up", case.id)
    assert desk.requests[0].undelivered == 1
    rows.clock.advance(hours=49)
    assert look(rows, watch).undelivered == ()


def test_that_officers_hear_of_a_stopped_engine_and_an_unhealthy_auditor(rows: Rows, watch: Watch) -> None:
    with rows.store.transaction() as session:
        session.add(Heartbeat(name="engine", at=rows.clock.now() - timedelta(minutes=2)))
        session.add(Heartbeat(name="auditor", at=rows.clock.now(), healthy=False))
    auditor, engine = look(rows, watch).problems
    assert "系统巡检" in auditor
    assert "消息处理已停止" in engine


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("overdue: 3; can reach nobody: set …", "有警情提醒超时无人确认"),
        ("can reach nobody: set …", "没有可以通知的群"),
        ("messages pile up", "有异常"),
    ],
)
def test_that_officers_hear_what_troubles_the_auditor(rows: Rows, watch: Watch, detail: str, told: str) -> None:
    with rows.store.transaction() as session:
        session.add(Heartbeat(name="auditor", at=rows.clock.now(), healthy=False, detail=detail))
    (problem,) = look(rows, watch).problems
    assert told in problem


def test_that_the_lists_are_cut_off_but_counted(rows: Rows, watch: Watch) -> None:
    resident = rows.resident()
    for _ in range(53):
        rows.case(resident, "help_request/noise")
    desk = look(rows, watch)
    assert len(desk.requests) == 50
    assert desk.counts["help_request"] == 53


def test_that_places_and_people_named_anywhere_in_the_case_are_told(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/robbery", words=("抢",))
    for text in ("两个男的抢我包", "一", "二", "三", "在大什字街12号门口"):
        rows.message(case, text)
    (card,) = look(rows, watch).alarms
    assert card.named == {"地点": ("大什字街12号门口",), "人员": ("两个男的",)}


# -- alarms that are called out -------------------------------------------------------------------------------------


def calls(rows: Rows, watch: Watch) -> Calls:
    with rows.store.reading() as session:
        return read_calls(session, watch=watch, now=rows.clock.now())


def silence(rows: Rows, case: Case, level: int, seconds: float, state: str = "pending") -> None:
    with rows.store.transaction() as session:
        due_at = rows.clock.now() + timedelta(seconds=seconds)
        session.add(Escalation(case_id=case.id, level=level, kind="silence", due_at=due_at, state=state))


def test_that_open_alarms_are_called_out_oldest_first_with_who_is_next(rows: Rows, watch: Watch) -> None:
    policy = watch.roster.policy_for("urgent_alarm", "urgent_alarm/fire", on_duty=3)
    fire = rows.case(rows.resident(), "urgent_alarm/fire", policy=policy)
    rows.deadline(fire, 1, 30)
    quiet = rows.case(rows.resident("R-2"), "urgent_alarm/domestic_violence", silent=True)
    silence(rows, quiet, 1, -5, state="done")
    rows.case(rows.resident("R-3"), "urgent_alarm/fire", state="acknowledged", acknowledged_by="值班民警一")
    rows.case(rows.resident("R-4"), "urgent_alarm/fire", merged_into_id=fire.id)
    rows.case(rows.resident("R-5"), "help_request/noise")
    found = calls(rows, watch)
    assert found.count == 2
    first, second = found.calls
    assert (first.case_id, first.title, first.silent, first.again) == (fire.id, "火情", False, False)
    assert spoken(first) == f"紧急警情，火情，案件{fire.id}，下一个提醒值班民警二。"
    assert spoken(second) == f"紧急警情，静默，不要回拨电话，家庭暴力，案件{quiet.id}，确认后无处置，重新提醒。"


def test_that_of_more_alarms_than_there_is_room_for_the_longest_waiting_are_shown_and_called_out(
    rows: Rows, watch: Watch
) -> None:
    resident = rows.resident()
    cases = [rows.case(resident, "urgent_alarm/fire", ago=600 - number) for number in range(103)]
    desk = look(rows, watch)
    assert [card.id for card in desk.alarms] == [case.id for case in cases[:100]]
    assert desk.more_alarms == 3
    found = calls(rows, watch)
    assert (found.count, found.calls[0].case_id) == (103, cases[0].id)


def test_that_what_is_called_out_holds_no_word_of_a_resident(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire", words=("着火",))
    rows.message(case, "大什字街12号着火了")
    told = repr(calls(rows, watch))
    assert not any(word in told for word in ("着火", "大什字街", "R-7K2M9QXA"))


# -- who has a case, and for how long it may be left alone ------------------------------------------------------------


def test_that_a_card_tells_who_is_on_it_and_when_it_will_be_paged_again(rows: Rows, watch: Watch) -> None:
    now = rows.clock.now()
    case = rows.case(
        rows.resident(),
        "urgent_alarm/fire",
        state="acknowledged",
        acknowledged_at=now - timedelta(minutes=1),
        acknowledged_by="值班民警一",
        assigned_to="值班民警二",
        offered_to="带班所长",
        joined=["值班民警二"],
    )
    silence(rows, case, 1, -60, state="cancelled")
    silence(rows, case, 2, 720)
    (card,) = look(rows, watch).acknowledged
    assert (card.assigned_to, card.offered_to, card.joined) == ("值班民警二", "带班所长", ("值班民警二",))
    assert (card.silence_ends, card.again) == (now + timedelta(minutes=12), False)


def test_that_an_alarm_that_was_left_alone_is_open_again_and_says_so(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    silence(rows, case, 1, -5, state="done")
    (card,) = look(rows, watch).alarms
    assert (card.again, card.silence_ends) == (True, None)


def test_that_alarms_stand_before_the_rest_of_what_was_acknowledged(rows: Rows, watch: Watch) -> None:
    taken = {"state": "acknowledged", "acknowledged_at": rows.clock.now() - timedelta(minutes=9)}
    fire = rows.case(rows.resident(), "urgent_alarm/fire", ago=600, **taken)
    noise = rows.case(rows.resident("R-2"), "help_request/noise", ago=5, **taken)
    assert [card.id for card in look(rows, watch).acknowledged] == [fire.id, noise.id]


def test_that_merged_cases_are_nowhere_but_have_a_page(rows: Rows, watch: Watch) -> None:
    fire = rows.case(rows.resident(), "urgent_alarm/fire")
    merged = [
        rows.case(rows.resident(f"R-{state}"), "urgent_alarm/fire", state=state, merged_into_id=fire.id)
        for state in ("open", "acknowledged")
    ]
    desk = look(rows, watch)
    assert [card.id for card in (*desk.alarms, *desk.acknowledged)] == [fire.id]
    assert desk.counts == {"urgent_alarm": 1}
    with rows.store.reading() as session:
        assert read_card(session, merged[0].id, watch=watch, now=rows.clock.now()) is not None


def test_that_nothing_is_counted_without_end(rows: Rows, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNTED", 3)
    resident = rows.resident()
    for _ in range(5):
        rows.case(resident, "help_request/noise")
    assert look(rows, watch).counts == {"help_request": 3}
    assert (counted(999), counted(1000)) == ("999", "999+")


# -- conversations without a case -------------------------------------------------------------------------------------


def test_that_residents_who_talk_with_the_bot_now_are_listed_without_long_numbers(rows: Rows, watch: Watch) -> None:
    one, two, gone, busy = (rows.resident(name) for name in ("R-1", "R-2", "R-GONE", "R-BUSY"))
    rows.words(one, "身份证丢了", ago=60)
    rows.words(one, "号码21010419900307888X，电话13812345678，住3楼301", ago=5)
    greeting = rows.words(two, "你好", ago=30)
    with rows.store.transaction() as session:
        session.get_one(Message, greeting.id).triage = {"intent": "help_request/lost_pet"}
    rows.words(gone, "你好", ago=601)
    rows.case(busy, "help_request/noise")
    rows.words(busy, "你好", ago=10)
    talks = look(rows, watch).talks
    assert [(talk.pseudonym, talk.title, talk.text, talk.held_by) for talk in talks] == [
        ("R-1", "", "号码210***************，电话138********，住3楼301", None),
        ("R-2", "宠物走失", "你好", None),
    ]
    assert talks[1].at == rows.clock.now() - timedelta(seconds=30)


def test_that_a_resident_whom_an_officer_holds_without_a_case_stands_first(rows: Rows, watch: Watch) -> None:
    rows.words(rows.resident("R-1"), "你好", ago=5)
    held, over = rows.resident("R-HELD"), rows.resident("R-OVER")
    with rows.store.transaction() as session:
        for resident, minutes in ((held, 20), (over, -1)):
            row = session.get_one(Resident, resident.id)
            row.held_by, row.held_until = "值班民警一", rows.clock.now() + timedelta(minutes=minutes)
    talks = look(rows, watch).talks
    assert [(talk.pseudonym, talk.held_by, talk.at) for talk in talks] == [
        ("R-HELD", "值班民警一", None),
        ("R-1", None, rows.clock.now() - timedelta(seconds=5)),
    ]


# -- whatever the history ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [
        lambda session, watch, now: read_desk(session, watch=watch, now=now),
        lambda session, watch, now: read_calls(session, watch=watch, now=now),
        lambda session, _watch, now: search(session, Wanted("东中街", since=first_day(now))),
        lambda session, _watch, now: search(session, Wanted(since=first_day(now)), after=Place(now, 7)),
        lambda session, _watch, _now: search(session, Wanted("R-7K2M9QXA")),
        lambda session, _watch, now: search(session, Wanted("Q20260105-0001", since=first_day(now))),
        lambda session, _watch, _now: read_talk(session, "R-7K2M9QXA"),
        lambda session, _watch, _now: read_before(session, CaseId(1)),
    ],
)
def test_that_no_table_that_grows_is_read_through(
    rows: Rows, watch: Watch, read: Callable[[Session, Watch, datetime], object]
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.message(case, "着火了")
    asked: list[tuple[str, Any]] = []
    sa.event.listen(
        rows.store.engine, "before_cursor_execute", lambda _c, _k, text, given, *_: asked.append((text, given))
    )
    with rows.store.reading() as session:
        read(session, watch, rows.clock.now())
        statements = [(text, given) for text, given in asked if text.startswith("SELECT")]
        connection = session.connection()
        if rows.store.sqlite:
            plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given) for text, given in statements]
            steps = [row[3] for plan in plans for row in plan]
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # small tables are read through by choice
            plans = [connection.exec_driver_sql(f"EXPLAIN {text}", given) for text, given in statements]
            steps = [row[0] for plan in plans for row in plan]
    assert steps
    grows = r'"?(case|message|reply|page|escalation|resident|application)\b'
    assert [step for step in steps if re.search(rf"^SCAN {grows}|Seq Scan on {grows}", step)] == []


def test_that_officers_hear_of_a_channel_that_the_duty_file_names_and_nobody_configured(
    rows: Rows, watch: Watch
) -> None:
    policy = Policy(match=("urgent_alarm",), steps=(Step(who=("在班1",), channels=("phone", "gone")),))
    roster = watch.roster.model_copy(update={"escalation": EscalationPolicies(policies=(policy,))})
    assert look(rows, Watch(roster, ("phone", "gone"))).problems == ()
    (told,) = look(rows, Watch(roster, ("phone",))).problems
    assert "“gone”没有配置" in told


def test_that_a_page_to_a_desk_that_nobody_hears_counts_as_not_sent(rows: Rows, watch: Watch) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    for receipt in (None, Hearing.AUDIBLE, Hearing.MUTED, Hearing.LOST):
        rows.page(case, receipt=receipt)
    (card,) = look(rows, watch).alarms
    assert (card.pages_sent, card.pages_failed) == (2, 2)
