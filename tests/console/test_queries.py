from datetime import timedelta

from bot.console.queries import LINGER, Desk, read_card, read_desk, words_of
from bot.duty.case import acknowledge, close, resolve
from bot.duty.roster import Roster
from bot.store.models import Case, Heartbeat
from tests.console.conftest import Rows


def look(rows: Rows, roster: Roster) -> Desk:
    with rows.store.reading() as session:
        return read_desk(session, roster=roster, now=rows.clock.now())


def test_that_an_empty_desk_is_empty(rows: Rows, roster: Roster) -> None:
    desk = look(rows, roster)
    assert (desk.alarms, desk.requests, desk.tips, desk.acknowledged, desk.undelivered) == ((), (), (), (), ())
    assert desk.counts == {}
    assert desk.problems == ()


def test_that_an_alarm_shows_kind_words_last_messages_pages_and_the_next_deadline(rows: Rows, roster: Roster) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/armed_threat", words=("拿刀", "砍人"), silent=True, uncertain=True)
    rows.message(case, "有人拿刀砍人")
    rows.message(case, "在东中街8号")
    rows.page(case)
    rows.page(case, 1, state="pending", error="HTTP 500")
    rows.deadline(case, 1, -10, state="done")
    rows.deadline(case, 2, 45)
    (card,) = look(rows, roster).alarms
    assert card.title == "持械威胁"
    assert card.pseudonym == "R-7K2M9QXA"
    assert (card.silent, card.uncertain) == (True, True)
    assert card.words == ("拿刀", "砍人")
    assert [line.text for line in card.lines] == ["有人拿刀砍人", "在东中街8号"]
    assert (card.pages_sent, card.pages_failed) == (1, 1)
    assert card.next_page is not None
    assert card.next_page.officer == roster.officers[2].name
    assert card.next_page.due_at == rows.clock.now() + timedelta(seconds=45)


def test_that_the_message_with_the_evidence_stays_visible_under_later_ones(rows: Rows, roster: Roster) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/armed_threat", words=("拿刀",))
    for text in ("有人拿刀", "一", "二", "三", "四"):
        rows.message(case, text)
    (card,) = look(rows, roster).alarms
    assert [line.text for line in card.lines] == ["有人拿刀", "二", "三", "四"]


def test_that_a_request_is_summed_up_by_its_words_rather_than_by_later_pictures(rows: Rows, roster: Roster) -> None:
    case = rows.case(rows.resident(), "help_request/lost_pet")
    rows.message(case, "我家狗丢了")
    for _ in range(4):
        rows.message(case, "", kind="image")
    (card,) = look(rows, roster).requests
    assert card.summary == "我家狗丢了"


def test_that_the_words_of_rules_go_before_the_models() -> None:
    model, rule = {"rule": "model", "words": ["有人", "在"]}, {"rule": "weapon", "words": ["刀", "刀"]}
    assert words_of([model, rule, {"rule": "media", "words": ["图片"]}]) == ("刀",)
    assert words_of([model]) == ("有人", "在")


def test_that_cards_tell_pictures_and_places_in_words(rows: Rows, roster: Roster) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.message(case, "", kind="image")
    rows.message(case, "东中街8号", kind="location")
    rows.message(case, "", kind="event")
    (card,) = look(rows, roster).alarms
    assert [line.text for line in card.lines] == ["[图片]", "[位置] 东中街8号"]


def test_that_alarms_stand_in_the_order_in_which_they_came(rows: Rows, roster: Roster) -> None:
    resident = rows.resident()
    first = rows.case(resident, "urgent_alarm/fire")
    second = rows.case(resident, "urgent_alarm/assault")
    assert [card.id for card in look(rows, roster).alarms] == [first.id, second.id]


def test_that_a_request_that_became_an_alarm_waits_since_then(rows: Rows, roster: Roster) -> None:
    now = rows.clock.now()
    raised = rows.case(rows.resident(), "urgent_alarm/assault", ago=600, alarmed_at=now)
    earlier = rows.case(rows.resident("R-2"), "urgent_alarm/fire", ago=60)
    cards = look(rows, roster).alarms
    assert [(card.id, card.since) for card in cards] == [(earlier.id, earlier.opened_at), (raised.id, now)]


def test_that_requests_and_tips_have_lists_of_their_own(rows: Rows, roster: Roster) -> None:
    resident = rows.resident()
    pet = rows.case(resident, "help_request/lost_pet")
    noise = rows.case(resident, "help_request/noise")
    gambling = rows.case(resident, "tip/gambling")
    desk = look(rows, roster)
    assert [card.id for card in desk.requests] == [noise.id, pet.id]
    assert [card.id for card in desk.tips] == [gambling.id]
    assert desk.alarms == ()
    assert desk.counts == {"help_request": 2, "tip": 1}


def test_that_the_reporter_of_a_tip_is_hidden_everywhere_on_the_desk(rows: Rows, roster: Roster) -> None:
    resident = rows.resident("R-SECRET23")
    case = rows.case(resident, "tip/gambling", words=("赌钱",))
    rows.message(case, "楼下棋牌室天天赌钱")
    rows.reply(case, "谢谢", state="failed", error="errcode 45015: over")
    rows.case(resident, "tip/drugs", label="help_request", uncertain=True)
    assert "R-SECRET23" not in repr(look(rows, roster))


def test_that_a_tip_that_became_an_alarm_shows_whom_to_help(rows: Rows, roster: Roster) -> None:
    rows.case(rows.resident(), "tip/gambling", label="urgent_alarm")
    assert look(rows, roster).alarms[0].pseudonym == "R-7K2M9QXA"


def test_that_an_acknowledged_alarm_keeps_its_place_for_a_moment_and_its_countdown_ends(
    rows: Rows, roster: Roster
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    rows.deadline(case, 1, 45)
    with rows.store.transaction() as session:
        acknowledge(session, case.id, officer="值班民警一", now=rows.clock.now())
    desk = look(rows, roster)
    assert desk.acknowledged == ()
    (card,) = desk.alarms
    assert not card.open
    assert card.next_page is None
    assert card.acknowledged_by == "值班民警一"
    assert desk.counts == {}
    rows.clock.advance(seconds=LINGER.total_seconds())
    desk = look(rows, roster)
    assert desk.alarms == ()
    assert [card.id for card in desk.acknowledged] == [case.id]


def test_that_messages_after_the_acknowledgement_are_counted_and_bring_the_case_up(rows: Rows, roster: Roster) -> None:
    now = rows.clock.now()
    old = rows.case(
        rows.resident(), "urgent_alarm/fire", state="acknowledged", acknowledged_at=now - timedelta(hours=1)
    )
    rows.message(old, "着火了", ago=3700)
    rows.message(old, "又着火了", ago=5)
    rows.case(rows.resident("R-2"), "help_request/noise", ago=600, state="acknowledged", acknowledged_at=now)
    first, second = look(rows, roster).acknowledged
    assert (first.id, first.unseen, second.unseen) == (old.id, 1, 0)


def test_that_a_case_its_resident_calls_over_says_so_with_the_words_and_they_are_no_evidence(
    rows: Rows, roster: Roster
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/missing_child", words=("丢了",))
    doubtful = rows.case(rows.resident("R-2"), "urgent_alarm/domestic_violence", words=("打我",))
    quiet = rows.case(rows.resident("R-3"), "urgent_alarm/fire", words=("着火",))
    with rows.store.transaction() as session:
        for number in (case.id, doubtful.id):
            resolve(session, session.get_one(Case, number), "没事了", now=rows.clock.now())
    cards = {card.id: card for card in look(rows, roster).alarms}
    assert [cards[one.id].says_over for one in (case, doubtful, quiet)] == [True, True, False]
    assert [cards[one.id].resolved_at for one in (case, doubtful)] == [rows.clock.now(), None]
    assert [cards[one.id].said_over for one in (case, doubtful, quiet)] == [("没事了",), ("没事了",), ()]
    assert [cards[one.id].words for one in (case, doubtful)] == [("丢了",), ("打我",)]


def test_that_a_closed_case_tells_who_closed_it_and_how_and_asks_for_nothing_more(rows: Rows, roster: Roster) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    now = rows.clock.now()
    with rows.store.transaction() as session:
        resolve(session, session.get_one(Case, case.id), "火灭了", now=now)
        close(session, case.id, officer="值班民警二", disposition="resolved", word="已复查", now=now)
        card = read_card(session, case.id, roster=roster)
    assert card is not None
    assert card.closed
    assert not card.says_over
    assert (card.closed_at, card.closed_by, card.disposition, card.closing_word) == (
        now,
        "值班民警二",
        "resolved",
        "已复查",
    )


def test_that_closed_cases_are_nowhere(rows: Rows, roster: Roster) -> None:
    rows.case(rows.resident(), "urgent_alarm/fire", state="closed")
    desk = look(rows, roster)
    assert (desk.alarms, desk.acknowledged) == ((), ())


def test_that_undelivered_replies_are_visible_for_two_days(rows: Rows, roster: Roster) -> None:
    case = rows.case(rows.resident(), "help_request/noise")
    rows.reply(case, "已送达")
    rows.reply(case, "没有送达", state="failed", error="errcode 45047: used up")
    desk = look(rows, roster)
    (reply,) = desk.undelivered
    assert (reply.text, reply.reason, reply.case_id) == ("没有送达", "errcode 45047: used up", case.id)
    assert desk.requests[0].undelivered == 1
    rows.clock.advance(hours=49)
    assert look(rows, roster).undelivered == ()


def test_that_officers_hear_of_a_stopped_engine_and_an_unhealthy_auditor(rows: Rows, roster: Roster) -> None:
    with rows.store.transaction() as session:
        session.add(Heartbeat(name="engine", at=rows.clock.now() - timedelta(minutes=2)))
        session.add(Heartbeat(name="auditor", at=rows.clock.now(), healthy=False))
    auditor, engine = look(rows, roster).problems
    assert "系统巡检" in auditor
    assert "消息处理已停止" in engine


def test_that_the_lists_are_cut_off_but_counted(rows: Rows, roster: Roster) -> None:
    resident = rows.resident()
    for _ in range(53):
        rows.case(resident, "help_request/noise")
    desk = look(rows, roster)
    assert len(desk.requests) == 50
    assert desk.counts["help_request"] == 53


def test_that_places_and_people_named_anywhere_in_the_case_are_told(rows: Rows, roster: Roster) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/robbery", words=("抢",))
    for text in ("两个男的抢我包", "一", "二", "三", "在大什字街12号门口"):
        rows.message(case, text)
    (card,) = look(rows, roster).alarms
    assert card.named == {"地点": ("大什字街12号门口",), "人员": ("两个男的",)}
