"""An application from its submission to the day it is fetched, and what its resident is told."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.services import applications, standing
from bot.services.applications import DECISIONS, REASON_CHARACTERS, ApplicationError
from bot.store.models import Application, AuditEntry, Message, MessageId, Reply, Resident
from bot.store.session import Store
from bot.wechat.outbound import MAX_TEXT_BYTES
from tests.world import FakeClock


class Counter:
    """The station's applications, each step in a transaction of its own."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock

    def message(self, pseudonym: str = "R-1") -> MessageId:
        now = self.clock.now()
        with self.store.transaction() as session:
            resident = session.scalars(sa.select(Resident).where(Resident.pseudonym == pseudonym)).one_or_none()
            if resident is None:
                resident = Resident(openid=f"o{pseudonym}", pseudonym=pseudonym, first_seen_at=now)
            count = session.scalar(sa.select(sa.func.count()).select_from(Message))
            row = Message(resident=resident, key=f"msg:{count}", kind="text", received_at=now, due_at=now)
            session.add(row)
            session.flush()
            return row.id

    def submit(self, message_id: MessageId, *, pseudonym: str = "R-1", kind: str = "dog_licence") -> Application:
        values: dict[str, Any] = {"answers": {"dog_name": "豆豆"}, "photos": {"photo_dog_front": MessageId(7)}}
        with self.store.transaction() as session:
            return applications.submit(
                session, pseudonym=pseudonym, message_id=message_id, kind=kind, now=self.clock.now(), **values
            )

    def decide(self, application: Application, decision: str, reason: str = "", officer: str = "甲") -> Application:
        now = self.clock.now()
        with self.store.transaction() as session:
            return applications.decide(session, application.id, decision, officer=officer, reason=reason, now=now)

    def photo(self, application: Application, message_id: MessageId) -> Application | None:
        with self.store.transaction() as session:
            return applications.take_photo(session, application.resident_id, message_id, now=self.clock.now())

    def text(self, application: Application, words: str, *, loose: bool = True) -> dict[str, Any] | None:
        with self.store.transaction() as session:
            now = self.clock.now()
            taken = applications.take_text(session, application.resident_id, words, loose=loose, now=now)
            return taken and taken.answers

    def told(self) -> list[str]:
        with self.store.reading() as session:
            return list(session.scalars(sa.select(Reply.text).order_by(Reply.id)))


@pytest.fixture
def counter(store: Store, clock: FakeClock) -> Counter:
    return Counter(store, clock)


@pytest.mark.parametrize(("kind", "letter"), [("dog_licence", "Q"), ("residence_permit", "J")])
def test_that_an_application_gets_a_receipt_and_begins_its_history(counter: Counter, kind: str, letter: str) -> None:
    application = counter.submit(counter.message(), kind=kind)
    assert application.receipt == f"{letter}20260105-0001"
    assert application.state == "submitted"
    assert application.photos == {"photo_dog_front": [7]}
    assert [(step["by"], step["state"]) for step in application.history] == [("居民", "submitted")]


def test_that_a_message_handled_twice_is_one_application(counter: Counter) -> None:
    message = counter.message()
    assert counter.submit(message).id == counter.submit(message).id
    assert counter.submit(counter.message()).receipt == "Q20260105-0002"


@pytest.mark.parametrize("pseudonym", ["R-2", "R-NOBODY"])
def test_that_nobody_applies_with_anothers_message(counter: Counter, pseudonym: str) -> None:
    counter.message("R-2")
    with pytest.raises(ApplicationError, match="没有对应的消息"):
        counter.submit(counter.message(), pseudonym=pseudonym)


def test_that_an_application_goes_its_way_and_its_resident_hears_of_every_step(counter: Counter) -> None:
    application = counter.submit(counter.message())
    counter.decide(application, "ask", "照片不清楚", officer="乙")
    counter.decide(application, "approve")
    fetched = counter.decide(application, "ready", "周一到周五。")
    assert fetched.state == "ready"
    assert [(step["by"], step["state"], step["reason"]) for step in fetched.history] == [
        ("居民", "submitted", ""),
        ("乙", "more", "照片不清楚"),
        ("甲", "approved", ""),
        ("甲", "ready", "周一到周五。"),
    ]
    asked, passed, ready = counter.told()
    assert "还差一点：照片不清楚" in asked
    assert "审核通过了" in passed
    assert ready.endswith("请带身份证来取。周一到周五。")
    assert all("Q20260105-0001" in text for text in (asked, passed, ready))


def test_that_a_rejection_says_why(counter: Counter) -> None:
    application = counter.submit(counter.message())
    assert counter.decide(application, "reject", "犬种不能养").state == "rejected"
    assert "原因：犬种不能养" in counter.told()[0]
    assert applications.standing(counter.photo(application, MessageId(9)) or application).startswith("犬证申请")


@pytest.mark.parametrize(
    ("steps", "again", "state"),
    [
        (["approve"], "approve", "审核通过，正在制证"),
        (["approve"], "reject", "审核通过，正在制证"),
        (["reject"], "approve", "没有通过"),
        ([], "ready", "等民警审核"),
        (["approve", "ready"], "ready", "办好了，可以来取"),
    ],
)
def test_that_a_step_that_does_not_fit_is_refused_and_nobody_is_told_twice(
    counter: Counter, steps: list[str], again: str, state: str
) -> None:
    application = counter.submit(counter.message())
    for step in steps:
        counter.decide(application, step, "理由")
    told = counter.told()
    with pytest.raises(ApplicationError, match=f"现在是“{state}”，不能再点“{DECISIONS[again].title}”"):
        counter.decide(application, again, "理由")
    assert counter.told() == told


@pytest.mark.parametrize(
    ("decision", "reason", "officer", "problem"),
    [
        ("ask", "  ", "甲", "“要求补充”要写明原因"),
        ("reject", "", "甲", "“不通过”要写明原因"),
        ("reject", "字" * 501, "甲", "最多500个字，现在是501个字"),
        ("approve", "", " ", "请填民警姓名"),
        ("approve", "", "甲" * 65, "请填民警姓名"),
        ("burn", "", "甲", "没有“burn”这一步；可用的是approve、ask、reject、ready"),
    ],
)
def test_that_what_is_missing_is_said_and_changes_nothing(
    counter: Counter, decision: str, reason: str, officer: str, problem: str
) -> None:
    application = counter.submit(counter.message())
    with pytest.raises(ApplicationError, match=problem):
        counter.decide(application, decision, reason, officer)
    assert counter.told() == []
    with counter.store.reading() as session:
        assert session.get_one(Application, application.id).state == "submitted"


def test_that_an_application_that_is_not_there_is_named(counter: Counter) -> None:
    with counter.store.transaction() as session, pytest.raises(ApplicationError, match="没有编号 99"):
        applications.decide(session, 99, "approve", officer="甲", now=counter.clock.now())


@pytest.mark.parametrize("decision", list(DECISIONS))
def test_that_the_longest_reason_still_fits_into_one_message(decision: str) -> None:
    text = DECISIONS[decision].text("residence_permit", "J20260105-0001", "字" * REASON_CHARACTERS)
    assert len(text.encode()) <= MAX_TEXT_BYTES


def test_that_a_receipt_leads_to_its_application(counter: Counter) -> None:
    application = counter.submit(counter.message())
    with counter.store.reading() as session:
        found = applications.by_receipt(session, "Q20260105-0001")
        assert found is not None
        assert found.id == application.id
        assert applications.by_receipt(session, "Q20260105-0002") is None


def test_that_a_picture_goes_to_the_application_that_waits_for_it_and_to_no_other(counter: Counter) -> None:
    application = counter.submit(counter.message())
    assert counter.photo(application, MessageId(8)) is None
    counter.decide(application, "ask", "请重发")
    counter.clock.advance(minutes=5)
    counter.photo(application, MessageId(8))
    taken = counter.photo(application, MessageId(9))
    assert taken is not None
    assert taken.photos == {"photo_dog_front": [7], "more": [8, 9]}
    assert taken.updated_at == counter.clock.now()
    assert taken.state == "more", "the officer has to look at it first"
    counter.decide(application, "approve")
    assert counter.photo(application, MessageId(10)) is None


def test_that_words_that_an_officer_asked_for_become_answers(counter: Counter) -> None:
    application = counter.submit(counter.message())
    assert counter.text(application, "小河沿路9号2单元301") is None, "nobody has asked for anything"
    counter.decide(application, "ask", "住址写到门牌，再说一下狗多高")
    assert counter.text(application, "犬证到期换新", loose=False) is None
    answers = counter.text(application, "小河沿路9号2单元301")
    assert answers == {"dog_name": "豆豆", "address": "小河沿路9号2单元301"}
    counter.text(application, "手机换成13800138021了")
    counter.text(application, "到我膝盖那么高")
    answers = counter.text(application, "二十来斤")
    assert answers == {
        "dog_name": "豆豆",
        "address": "小河沿路9号2单元301",
        "phone": "13800138021",
        "补充": "到我膝盖那么高；二十来斤",
    }
    counter.decide(application, "approve")
    assert counter.text(application, "三十斤") is None


def test_that_what_is_ready_is_collected_once(counter: Counter) -> None:
    application = counter.submit(counter.message())
    for step in ("approve", "ready", "collect"):
        application = counter.decide(application, step)
    assert application.state == "collected"
    assert "已经取走" in counter.told()[-1]
    with pytest.raises(ApplicationError):
        counter.decide(application, "collect")


def test_that_residents_see_their_own_latest_applications(counter: Counter) -> None:
    counter.submit(counter.message("R-2"), pseudonym="R-2")
    for _ in range(4):
        counter.clock.advance(days=1)
        counter.submit(counter.message())
    with counter.store.reading() as session:
        mine = applications.of_resident(session, "R-1")
    assert [application.id for application in mine] == [5, 4, 3]
    assert mine[0].submitted_at - mine[1].submitted_at == timedelta(days=1)


def test_that_nobody_hears_of_somebody_elses_application(counter: Counter) -> None:
    mine = counter.submit(counter.message())
    other = counter.submit(counter.message("R-2"), pseudonym="R-2")
    with counter.store.reading() as session:
        told = {
            text: standing.asked(session, "R-1", text).text
            for text in (f"{mine.receipt}", f"查下{other.receipt}", "帮我室友查下办好没", "我的犬证办好没")
        }
    assert [str(mine.receipt) in text for text in told.values()] == [True, False, False, True]
    assert not any(str(other.receipt) in text for text in told.values())


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ([], "犬证申请（受理号Q20260105-0001）：等民警审核。"),
        (["ask"], "犬证申请（受理号Q20260105-0001）：等您补充。请重发"),
        (["approve"], "犬证申请（受理号Q20260105-0001）：审核通过，正在制证。"),
        (["reject"], "犬证申请（受理号Q20260105-0001）：没有通过。请重发"),
    ],
)
def test_that_how_it_stands_is_one_line_with_the_reason_that_concerns_its_resident(
    counter: Counter, steps: list[str], line: str
) -> None:
    application = counter.submit(counter.message())
    for step in steps:
        application = counter.decide(application, step, "请重发")
    assert applications.standing(application) == line


def test_that_who_has_added_what_was_asked_for_is_not_told_to_add_it(counter: Counter) -> None:
    application = counter.decide(counter.submit(counter.message()), "ask", "请重发手机号")
    counter.clock.advance(minutes=5)
    counter.text(application, "13800138021")
    with counter.store.reading() as session:
        (mine,) = applications.of_resident(session, "R-1")
    told = "您补充的收到了，等民警接着看。民警要的是：请重发手机号"
    assert applications.standing(mine) == f"犬证申请（受理号Q20260105-0001）：{told}"


def test_that_a_question_about_what_was_handed_in_is_answered_beside_how_it_stands(counter: Counter) -> None:
    counter.submit(counter.message())
    with counter.store.reading() as session:
        told = {text: standing.asked(session, "R-1", text).text for text in ("是给邮还是去取", "办好没")}
        nobody = standing.asked(session, "R-3", "是给邮还是去取").text
    assert all("等民警审核" in text for text in told.values())
    assert ["收到通知再到派出所来取" in text for text in (*told.values(), nobody)] == [True, False, False]


def test_that_each_step_stands_in_the_audit_log_without_what_the_resident_is_told(
    counter: Counter, store: Store
) -> None:
    application = counter.submit(counter.message())
    counter.decide(application, "ask", "住址请写到门牌", officer="乙")
    with store.reading() as session:
        (entry,) = session.scalars(sa.select(AuditEntry))
    assert (entry.actor, entry.action, entry.subject) == ("乙", "decide", application.receipt)
    assert entry.detail == {"decision": "ask"}
