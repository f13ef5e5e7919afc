"""Time passes, and what nobody needs is gone; what is held, open or in hand stays."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from bot.duty import accounts, audit, retention
from bot.duty.handling import CaseError
from bot.duty.retention import Daily, RetentionError
from bot.duty.roster import Retention
from bot.intake.evidence import EvidenceStore
from bot.store.models import (
    Application,
    ApplicationState,
    AuditEntry,
    Base,
    Case,
    CaseId,
    Correction,
    DataChange,
    Erasure,
    Media,
    Message,
    Note,
    Reply,
    Resident,
    Review,
    ReviewItem,
    ShadowReading,
    SignIn,
)
from bot.store.session import Store
from tests.console.conftest import Rows
from tests.world import FakeClock

DAY = 86400
POLICY = Retention()


class Archive:
    """A station's rows, its files, and Rasa's conversations beside them."""

    def __init__(self, store: Store, clock: FakeClock, folder: Path) -> None:
        self.rows, self.store, self.clock = Rows(store, clock), store, clock
        self.files = EvidenceStore(folder / "evidence")
        self.evidence, self.conversations = folder / "evidence", f"sqlite:///{folder / 'rasa.db'}"

    def closed(self, resident: Resident, days: float, intent: str = "help_request/lost_pet", **more: Any) -> Case:
        at = self.clock.now() - timedelta(days=days)
        case = self.rows.case(resident, intent, ago=days * DAY, state="closed", closed_at=at, **more)
        self.rows.message(case, "我家狗丢了", ago=days * DAY)
        self.rows.reply(case, "收到", ago=days * DAY)
        self.rows.page(case)
        self.rows.deadline(case, 1, 0, state="cancelled")
        with self.store.transaction() as session:
            session.add(Note(case_id=case.id, author="甲", text="打过电话", written_at=at))
            session.add(Correction(case_id=case.id, was="tip", now="other", made_by="甲", made_at=at))
        return case

    def run(self, policy: Retention = POLICY, *, dry: bool = False) -> Counter[str]:
        now = self.clock.now()
        return retention.run(self.store, policy, self.evidence, now=now, conversations=self.conversations, dry=dry)

    def erase(self, pseudonym: str, *, officer: str = "甲", reason: str = "本人要求") -> Counter[str]:
        more = {"evidence": self.evidence, "conversations": self.conversations, "now": self.clock.now()}
        return retention.erase(self.store, pseudonym, officer=officer, reason=reason, **more)  # type: ignore[arg-type]

    def count(self, table: type[Base]) -> int:
        with self.store.reading() as session:
            return session.scalars(sa.select(sa.func.count()).select_from(table)).one()

    def talk(self, sender: str, days: float) -> None:
        """An event in Rasa's own store."""
        engine = sa.create_engine(self.conversations)
        with engine.begin() as connection:
            columns = "id INTEGER PRIMARY KEY, sender_id, timestamp"
            connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS events ({columns})")
            at = (self.clock.now() - timedelta(days=days)).timestamp()
            connection.exec_driver_sql("INSERT INTO events (sender_id, timestamp) VALUES (?, ?)", (sender, at))
        engine.dispose()


@pytest.fixture
def archive(store: Store, clock: FakeClock, tmp_path: Path) -> Archive:
    return Archive(store, clock, tmp_path)


def test_that_a_closed_case_goes_with_all_that_belongs_to_it_on_its_day_and_not_before(archive: Archive) -> None:
    archive.closed(archive.rows.resident(), 729)
    with archive.store.transaction() as session:
        session.execute(sa.update(Resident).values(first_seen_at=archive.clock.now() - timedelta(days=729)))
    assert not archive.run()
    archive.clock.advance(days=1)
    assert archive.run(dry=True) == Counter(cases=1)
    assert archive.count(Case) == 1
    counts = archive.run()
    for kind in ("cases", "messages", "replies", "pages", "escalations", "notes", "corrections", "residents"):
        assert counts[kind] == 1, kind
    for table in (Case, Message, Reply, Note, Correction, Resident):
        assert archive.count(table) == 0
    with archive.store.reading() as session:
        erased = session.scalars(sa.select(Erasure).order_by(Erasure.id)).first()
        assert erased
        assert (erased.made_by, erased.subject, erased.reason) == ("系统", "保存期限", "policy")
        assert erased.counts["cases"] == 1
        assert audit.verify(session) is None
        assert "erase" in session.scalars(sa.select(AuditEntry.action)).all()
    assert not archive.run()


@pytest.mark.parametrize("state", ["open", "acknowledged"])
def test_that_an_open_case_stays_however_old(archive: Archive, state: str) -> None:
    case = archive.rows.case(archive.rows.resident(), "help_request/lost_pet", ago=9999 * DAY, state=state)
    archive.rows.message(case, "我家狗丢了", ago=9999 * DAY)
    assert not archive.run()
    assert archive.count(Message) == 1


def test_that_a_held_case_stays_until_it_is_let_go(archive: Archive) -> None:
    case = archive.closed(archive.rows.resident(), 9999)
    for officer in ("甲", "丙"):  # the second time changes nothing
        with archive.store.transaction() as session:
            retention.hold(session, case.id, officer=officer, reason=" 检察院调取 ", now=archive.clock.now())
    assert not archive.run()
    with archive.store.transaction() as session:
        retention.hold(session, case.id, officer="乙", now=archive.clock.now(), off=True)
    assert archive.run()["cases"] == 1
    with archive.store.reading() as session:
        query = sa.select(AuditEntry.actor, AuditEntry.action, AuditEntry.detail)
        assert session.execute(query.where(AuditEntry.case_id == case.id).order_by(AuditEntry.id)).all() == [
            ("甲", "hold", {"reason": "检察院调取"}),
            ("乙", "unhold", {}),
        ]


@pytest.mark.parametrize(("case_id", "officer", "reason"), [(9, "甲", ""), (1, "", ""), (1, "甲", "字" * 201)])
def test_that_what_cannot_be_written_down_holds_nothing(
    archive: Archive, case_id: int, officer: str, reason: str
) -> None:
    case = archive.closed(archive.rows.resident(), 1)
    with archive.store.transaction() as session:
        with pytest.raises(CaseError):
            retention.hold(session, CaseId(case_id), officer=officer, reason=reason, now=archive.clock.now())
        assert not session.get_one(Case, case.id).on_hold


def test_that_what_was_merged_into_an_open_case_stays(archive: Archive) -> None:
    resident = archive.rows.resident()
    going_on = archive.rows.case(resident, "help_request/lost_pet")
    archive.closed(resident, 9999, merged_into_id=going_on.id)
    assert not archive.run()


@pytest.mark.parametrize("why", ["the policy", "its resident asks"])
def test_that_of_a_held_case_that_was_merged_what_its_resident_wrote_afterwards_stays(
    archive: Archive, why: str
) -> None:
    witness, other = archive.rows.resident("R-WITNESS"), archive.rows.resident("R-OTHER")
    target = archive.closed(other, 9998, "urgent_alarm/fire")
    part = archive.closed(witness, 9999, "urgent_alarm/fire", merged_into_id=target.id)
    picture = archive.rows.picture(witness, ago=9998 * DAY)
    with archive.store.transaction() as session:
        session.execute(sa.update(Message).where(Message.id == picture.id).values(case_id=target.id))
        retention.hold(session, part.id, officer="甲", now=archive.clock.now())
    for pseudonym in ("R-WITNESS", "R-OTHER"):
        counts = archive.run() if why == "the policy" else archive.erase(pseudonym)
        assert (counts["cases"], counts["media"]) == (0, 0)
    with archive.store.transaction() as session:
        retention.hold(session, part.id, officer="甲", now=archive.clock.now(), off=True)
    assert archive.run()["cases"] == 2


def test_that_each_label_has_its_own_time_and_null_is_for_ever(archive: Archive) -> None:
    resident = archive.rows.resident()
    for intent in ("urgent_alarm/fire", "help_request/lost_pet", "tip/gambling"):
        archive.closed(resident, 100, intent)
    assert archive.run(Retention(tip=99, urgent_alarm=101, help_request=None))["cases"] == 1
    with archive.store.reading() as session:
        assert sorted(session.scalars(sa.select(Case.label))) == ["help_request", "urgent_alarm"]


def test_that_enquiries_go_by_themselves_with_their_residents_and_conversations(archive: Archive) -> None:
    old, new = archive.rows.resident("R-OLD"), archive.rows.resident("R-NEW")
    with archive.store.transaction() as session:
        session.execute(sa.update(Resident).values(first_seen_at=archive.clock.now() - timedelta(days=400)))
    for resident, days in ((old, 181), (new, 1), (new, 181)):
        message = archive.rows.words(resident, "几点上班", ago=days * DAY)
        with archive.store.transaction() as session:
            common = {"resident_id": resident.id, "message_id": message.id, "due_at": archive.clock.now()}
            session.add(Reply(**common, text="九点", created_at=message.received_at, state="done"))
        archive.talk(resident.pseudonym, days)
    counts = archive.run()
    assert (counts["messages"], counts["replies"], counts["residents"]) == (2, 2, 1)
    assert counts["conversation_events"] == 2
    with archive.store.reading() as session:
        assert session.scalars(sa.select(Resident.pseudonym)).all() == ["R-NEW"]


def test_that_an_application_keeps_its_messages_until_it_has_ended_and_its_time_is_over(archive: Archive) -> None:
    application = archive.rows.application(archive.rows.resident(), ago=400 * DAY)
    assert not archive.run()
    archive.rows.decide(application, "reject", "犬种不能养")
    assert not archive.run()
    archive.clock.advance(days=365)
    with archive.store.transaction() as session:  # it was sent
        session.execute(sa.update(Reply).values(state="done"))
    counts = archive.run()
    assert (counts["applications"], counts["messages"], counts["media"]) == (1, 4, 3)
    for table in (Application, Message, Media, Reply, Resident):
        assert archive.count(table) == 0


IN_HAND = {
    ApplicationState.SUBMITTED: True,
    ApplicationState.MORE: False,
    ApplicationState.APPROVED: True,
    ApplicationState.REJECTED: False,
    ApplicationState.READY: False,
    ApplicationState.COLLECTED: False,
}
"""Whether an officer has yet to do something about an application, for each state."""


@pytest.mark.parametrize("why", ["the policy", "its resident asks"])
@pytest.mark.parametrize("state", ApplicationState)
def test_that_an_application_stays_as_long_as_it_is_in_hand_and_no_longer(
    archive: Archive, state: ApplicationState, why: str
) -> None:
    archive.rows.application(archive.rows.resident("R-ME"), ago=400 * DAY)
    with archive.store.transaction() as session:
        session.execute(sa.update(Application).values(state=state))
    counts = archive.run() if why == "the policy" else archive.erase("R-ME")
    assert counts["applications"] == (0 if IN_HAND[state] else 1)
    assert counts["kept_applications"] == (1 if IN_HAND[state] and why == "its resident asks" else 0)
    assert archive.count(Application) == archive.count(Media) / 3 == (1 if IN_HAND[state] else 0)


@pytest.mark.parametrize("why", ["the policy", "its resident asks"])
def test_that_what_was_collected_goes_with_its_photos_and_its_resident(archive: Archive, why: str) -> None:
    application = archive.rows.application(archive.rows.resident("R-ME"))
    for step in ("approve", "ready", "collect"):
        archive.rows.decide(application, step)
    with archive.store.transaction() as session:  # they were sent
        session.execute(sa.update(Reply).values(state="done"))
    if why == "the policy":
        archive.clock.advance(days=364)
        assert "applications" not in archive.run()
        archive.clock.advance(days=1)
        counts = archive.run()
    else:
        counts = archive.erase("R-ME")
    assert [counts[kind] for kind in ("applications", "messages", "media", "residents")] == [1, 4, 3, 1]
    for table in (Application, Message, Media, Reply, Resident):
        assert archive.count(table) == 0


def test_that_files_go_when_no_row_knows_them_and_young_ones_stay(archive: Archive) -> None:
    kept, gone = archive.files.keep(b"kept"), archive.files.keep(b"gone")
    archive.clock.moment = datetime.now(UTC)  # by which files are young or old
    archive.rows.picture(archive.rows.resident(), digest=kept)
    assert archive.run()["files"] == 0
    archive.clock.advance(days=2)
    assert archive.run()["files"] == 1
    assert archive.files.path(kept).is_file()
    assert not archive.files.path(gone).exists()


def test_that_a_file_that_comes_again_is_young_again(archive: Archive) -> None:
    digest = archive.files.keep(b"again")
    os.utime(archive.files.path(digest), (0, 0))
    archive.files.keep(b"again")
    assert archive.files.path(digest).stat().st_mtime > 0


def test_that_old_media_go_before_their_case(archive: Archive) -> None:
    resident = archive.rows.resident()
    case = archive.closed(resident, 800, "urgent_alarm/fire")
    open_case = archive.rows.case(resident, "urgent_alarm/fire")
    for owner in (case, open_case):
        picture = archive.rows.picture(resident, ago=800 * DAY)
        with archive.store.transaction() as session:
            session.execute(sa.update(Message).where(Message.id == picture.id).values(case_id=owner.id))
    assert archive.run() == Counter(media=1)
    assert archive.count(Case) == 2


def test_that_many_rows_go_in_many_transactions_that_are_each_written_down(archive: Archive) -> None:
    resident = archive.rows.resident()
    old = archive.clock.now() - timedelta(days=200)
    common = {"resident_id": resident.id, "kind": "text", "state": "done", "received_at": old, "due_at": old}
    with archive.store.transaction() as session:
        session.add_all(Message(key=f"m{number}", **common) for number in range(450))
    assert archive.run()["messages"] == 450
    with archive.store.reading() as session:
        numbers = [row.counts.get("messages") for row in session.scalars(sa.select(Erasure).order_by(Erasure.id))]
    assert numbers[:3] == [200, 200, 50]


# -- on request -----------------------------------------------------------------------------------------------------


def test_that_a_resident_who_asks_is_forgotten_with_a_record(archive: Archive) -> None:
    digest, shared = archive.files.keep(b"mine"), archive.files.keep(b"everybody's")
    me, other = archive.rows.resident("R-ME"), archive.rows.resident("R-OTHER")
    archive.closed(me, 1)
    archive.rows.words(me, "几点上班")
    for resident, file in ((me, digest), (me, shared), (other, shared)):
        archive.rows.picture(resident, digest=file)
    archive.talk("R-ME", 0)
    archive.talk("R-OTHER", 0)
    counts = archive.erase("R-ME")
    assert (counts["cases"], counts["messages"], counts["media"], counts["residents"]) == (1, 4, 2, 1)
    assert (counts["conversation_events"], counts["files"], counts["kept_cases"]) == (1, 1, 0)
    assert not archive.files.path(digest).exists()
    assert archive.files.path(shared).is_file()
    with archive.store.reading() as session:
        assert session.scalars(sa.select(Resident.pseudonym)).all() == ["R-OTHER"]
        assert session.scalars(sa.select(Message.resident_id)).all() == [other.id]
        erased = session.scalars(sa.select(Erasure).order_by(Erasure.id.desc())).first()
        assert erased
        assert (erased.made_by, erased.subject, erased.reason) == ("甲", "R-ME", "本人要求")
        assert {row.action for row in session.scalars(sa.select(AuditEntry))} == {"erase"}


def test_that_open_and_held_cases_and_applications_in_hand_survive_the_request(archive: Archive) -> None:
    me = archive.rows.resident("R-ME")
    held, gone = archive.closed(me, 1), archive.closed(me, 1)
    going_on = archive.rows.case(me, "help_request/lost_pet")
    archive.rows.application(me)
    with archive.store.transaction() as session:
        retention.hold(session, held.id, officer="甲", now=archive.clock.now())
    counts = archive.erase("R-ME")
    assert (counts["cases"], counts["kept_cases"], counts["kept_applications"]) == (1, 2, 1)
    with archive.store.reading() as session:
        assert set(session.scalars(sa.select(Case.id))) == {held.id, going_on.id}
        assert gone.id not in session.scalars(sa.select(Message.case_id)).all()
        assert session.scalars(sa.select(Media.id)).all()


def test_that_pictures_that_officers_sent_go_at_once_with_who_was_sent_them(archive: Archive) -> None:
    digest, me = archive.files.keep(b"of an officer"), archive.rows.resident("R-ME")
    archive.rows.reply(archive.closed(me, 1), "[图片]", author="甲", picture=digest)
    assert archive.erase("R-ME")["files"] == 1
    assert not archive.files.path(digest).exists()


def test_that_nothing_is_deleted_on_request_while_rasas_conversations_are_out_of_reach(archive: Archive) -> None:
    """What is asked for again must still find the resident."""
    me = archive.rows.resident("R-ME")
    archive.closed(me, 1)
    reachable, archive.conversations = archive.conversations, "postgresql+psycopg://postgres@127.0.0.1:1/rasa"
    with pytest.raises(RetentionError, match="out of reach"):
        archive.erase("R-ME")
    assert (archive.count(Case), archive.count(Erasure)) == (1, 0)
    archive.conversations = reachable
    archive.talk("R-ME", 0)
    counts = archive.erase("R-ME")
    assert (counts["cases"], counts["conversation_events"], counts["residents"]) == (1, 1, 1)


def test_that_the_policy_goes_on_without_rasas_conversations_and_says_so(archive: Archive) -> None:
    archive.closed(archive.rows.resident(), 9999)
    archive.conversations = "postgresql+psycopg://postgres@127.0.0.1:1/rasa"
    with structlog.testing.capture_logs() as told:
        assert archive.run()["cases"] == 1
    assert "retention.conversations_out_of_reach" in {line["event"] for line in told}


@pytest.mark.parametrize(
    ("pseudonym", "officer", "reason"), [("R-NOBODY", "甲", "要求"), ("R-ME", "", "要求"), ("R-ME", "甲", " ")]
)
def test_that_nobody_is_forgotten_without_a_name_a_reason_and_an_officer(
    archive: Archive, pseudonym: str, officer: str, reason: str
) -> None:
    archive.rows.resident("R-ME")
    with pytest.raises(RetentionError):
        archive.erase(pseudonym, officer=officer, reason=reason)
    assert archive.count(Resident) == 1


# -- every day ------------------------------------------------------------------------------------------------------


def test_that_of_two_consoles_one_runs_once_a_day(archive: Archive) -> None:
    archive.closed(archive.rows.resident(), 9999)
    daily = [Daily(archive.store, Retention, archive.evidence, archive.conversations) for _ in range(2)]
    first = daily[0].round(archive.clock.now())
    assert first
    assert first["cases"] == 1
    archive.clock.advance(hours=23)
    assert [each.round(archive.clock.now()) for each in daily] == [None, None]
    archive.clock.advance(hours=1)
    assert [each.round(archive.clock.now()) for each in daily] == [Counter(), None]


def test_that_the_end_of_the_audit_log_is_told_to_the_process_log_every_day(archive: Archive) -> None:
    archive.closed(archive.rows.resident(), 9999)
    daily = Daily(archive.store, Retention, archive.evidence, archive.conversations)
    with structlog.testing.capture_logs() as told:
        daily.round(archive.clock.now())
    with archive.store.reading() as session:
        number, hashed = audit.head(session)
    assert {"event": "audit.head", "number": number, "hash": hashed, "log_level": "info"} in told


def test_that_sign_ins_of_long_ago_go(archive: Archive) -> None:
    with archive.store.transaction() as session:
        account = accounts.add(session, "甲", "officer", password_hash="", by="乙", now=archive.clock.now())
        session.flush()
        for days in (181, 1):
            at = archive.clock.now() - timedelta(days=days)
            session.add(SignIn(token_hash=str(days), account_id=account.id, created_at=at, seen_at=at))
    assert archive.run(dry=True)["sign_ins"] == 1
    assert archive.run()["sign_ins"] == 1
    assert archive.count(SignIn) == 1


def _studio_row(archive: Archive, message_id: int, *, state: str = "done") -> None:
    """A message in the trainers' inbox, judged, with a change that it led to, and read by a shadow model."""
    now = archive.clock.now()
    with archive.store.transaction() as session:
        item = ReviewItem(
            message_id=message_id,
            text="我家狗丢了",
            intent="help_request/lost_pet",
            score=1.0,
            cluster="c",
            created_at=now,
            updated_at=now,
        )
        session.add(item)
        session.flush()
        session.add(Review(item_id=item.id, trainer="训练员甲", verdict="label", intent="other/chitchat", made_at=now))
        payload = {"intent": "other/chitchat", "text": "我家狗丢了"}
        change = {"kind": "add_example", "made_by": "训练员甲", "made_at": now, "due_at": now, "payload": payload}
        session.add(DataChange(**change, state=state, item_id=item.id))
        reading = {"label": "tip", "intent": "tip/gambling", "confidence": 0.5, "made_at": now}
        session.add(ShadowReading(message_id=message_id, model="fujin-x", **reading))


@pytest.mark.parametrize("of", ["a case", "nothing"])
@pytest.mark.parametrize("why", ["the policy", "its resident asks"])
def test_that_what_trainers_have_of_a_message_goes_with_it(archive: Archive, of: str, why: str) -> None:
    resident = archive.rows.resident()
    if of == "a case":
        archive.closed(resident, 9999)
    else:
        archive.rows.words(resident, "我家狗丢了", ago=9999 * DAY)
    with archive.store.reading() as session:
        (message_id,) = session.scalars(sa.select(Message.id))
    _studio_row(archive, message_id)
    counts = archive.run() if why == "the policy" else archive.erase(resident.pseudonym)
    assert (counts["reviews"], counts["review_items"], counts["shadow_readings"]) == (1, 1, 1)
    for table in (Message, Review, ReviewItem, ShadowReading):
        assert archive.count(table) == 0
    with archive.store.reading() as session:
        assert session.scalars(sa.select(DataChange.item_id)).all() == [None]


@pytest.mark.parametrize("why", ["an objection", "a request"])
@pytest.mark.parametrize("state", ["pending", "unapproved"])
def test_that_no_example_is_written_any_more_that_was_made_of_the_words_of_who_objects(
    archive: Archive, state: str, why: str
) -> None:
    me = archive.rows.resident("R-ME")
    _studio_row(archive, archive.rows.words(me, "我家狗丢了").id, state=state)
    if why == "an objection":
        with archive.store.transaction() as session:
            counts = retention.object_to_training(session, "R-ME", officer="甲", now=archive.clock.now())
    else:
        counts = archive.erase("R-ME")
    assert counts["data_changes"] == 1
    with archive.store.reading() as session:
        change = session.scalars(sa.select(DataChange)).one()
    assert (change.state, change.item_id, "狗" in str(change.payload)) == ("cancelled", None, False)


def test_that_what_trainers_have_of_a_message_that_stays_stays(archive: Archive) -> None:
    case = archive.rows.case(archive.rows.resident(), "help_request/lost_pet", ago=9999 * DAY)
    _studio_row(archive, archive.rows.message(case, "我家狗丢了", ago=9999 * DAY).id)
    archive.run()
    assert archive.count(Review) == archive.count(ReviewItem) == archive.count(ShadowReading) == 1


def test_that_an_objection_takes_from_trainers_what_they_have_and_outlives_the_resident_rows(archive: Archive) -> None:
    me, other = archive.rows.resident("R-ME"), archive.rows.resident("R-OTHER")
    for resident in (me, other):
        _studio_row(archive, archive.rows.words(resident, "我家狗丢了", ago=9999 * DAY).id)
    with archive.store.transaction() as session:
        counts = retention.object_to_training(session, "R-ME", officer="甲", now=archive.clock.now())
    assert (counts["reviews"], counts["review_items"], counts["shadow_readings"]) == (1, 1, 1)
    assert archive.count(ReviewItem) == archive.count(ShadowReading) == 1
    archive.run()
    archive.erase("R-ME")
    with archive.store.transaction() as session:
        kept = session.scalars(sa.select(Resident).where(Resident.pseudonym == "R-ME")).one()
        assert kept.not_for_training
        assert not retention.object_to_training(session, "R-ME", officer="甲", now=archive.clock.now())
        retention.object_to_training(session, "R-ME", officer="甲", now=archive.clock.now(), off=True)
        actions = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert (actions[0], actions[-1]) == ("object", "unobject")
    archive.erase("R-ME")
    assert archive.count(Resident) == 1
