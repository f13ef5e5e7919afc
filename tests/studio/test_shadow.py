"""Reading along: what is read, for how long, and where the candidate differs."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.settings import Settings, load_settings
from bot.store.models import OF_FORM, TRANSCRIPT, Case, Message, Resident, ShadowReading, TrainedModel
from bot.store.session import Store
from bot.studio import shadow
from bot.studio.promotion import PromotionError
from bot.studio.reading import Reading
from tests.studio.candidates import ready
from tests.world import FakeClock


class FakeReader:
    """Takes everything with a fire in it for an alarm."""

    def read(self, texts: Iterable[str]) -> Iterator[Reading | None]:
        for text in texts:
            label = "urgent_alarm" if "火" in text else "other"
            yield Reading(label, f"{label}/x", 0.9, "model", False, label, f"{label}/x", {}, (), None, 1.0)

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture(autouse=True)
def _reader(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FakeReader()
    monkeypatch.setattr(shadow._reader, "of", lambda *_: reader)


@pytest.fixture
def settings() -> Settings:
    return load_settings()


def hear(store: Store, clock: FakeClock, text: str, label: str, **more: Any) -> None:
    with store.transaction() as session:
        resident = session.scalars(sa.select(Resident)).first()
        if resident is None:
            session.add(resident := Resident(openid="o", pseudonym="R", first_seen_at=clock.now()))
            session.flush()
        values = {"kind": "text", "state": "done", "read_by_model": True, "triage": {"label": label}} | more
        at = clock.now()
        session.add(Message(resident_id=resident.id, key=text, text=text, received_at=at, due_at=at, **values))


def start(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        shadow.start(session, "new", by="训练员", now=clock.now())


def test_that_it_reads_what_comes_since_and_acts_on_nothing(
    store: Store, clock: FakeClock, tmp_path: Path, settings: Settings
) -> None:
    hear(store, clock, "早先的火", "other")
    clock.advance(seconds=1)
    start(store, clock, tmp_path)
    hear(store, clock, "着火了", "urgent_alarm")
    hear(store, clock, "有人打架", "urgent_alarm")
    hear(store, clock, "火锅店在哪", "enquiry")
    hear(store, clock, "你好", "tip")
    hear(store, clock, "图", "other", kind="image")
    hear(store, clock, "还没读的火", "other", read_by_model=False)
    assert shadow.read_along(store, settings, now=clock.now(), models=tmp_path) == 4
    assert shadow.read_along(store, settings, now=clock.now(), models=tmp_path) == 0
    with store.reading() as session:
        assert shadow.summary(session, "new") == shadow.Summary(read=4, differing=3, missed=1, added=1)
        found = shadow.disagreements(session, "new")
        assert [(one.text, one.pages) for one in found] == [("有人打架", True), ("火锅店在哪", True), ("你好", False)]
        messages = session.scalars(sa.select(Message).where(Message.text == "火锅店在哪"))
        assert [message.triage for message in messages] == [{"label": "enquiry"}]


def test_that_it_ends_by_itself_after_a_day_and_what_was_read_stays(
    store: Store, clock: FakeClock, tmp_path: Path, settings: Settings
) -> None:
    start(store, clock, tmp_path)
    hear(store, clock, "着火了", "urgent_alarm")
    assert shadow.read_along(store, settings, now=clock.now(), models=tmp_path) == 1
    clock.advance(hours=24)
    hear(store, clock, "又着火了", "urgent_alarm")
    assert shadow.read_along(store, settings, now=clock.now(), models=tmp_path) == 0
    with store.reading() as session:
        assert session.get_one(TrainedModel, "new").standing == "candidate"
        assert shadow.summary(session, "new").read == 1


def test_that_one_model_reads_along_at_a_time_and_never_the_live_one(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    start(store, clock, tmp_path)
    with store.transaction() as session:
        with pytest.raises(PromotionError, match="就在线上"):
            shadow.start(session, "old", by="训练员", now=clock.now())
        with pytest.raises(PromotionError, match="没有登记过"):
            shadow.start(session, "none", by="训练员", now=clock.now())
        shadow.stop(session, by="训练员", now=clock.now())
        assert session.get_one(TrainedModel, "new").standing == "candidate"


def test_that_reading_along_again_begins_anew(
    store: Store, clock: FakeClock, tmp_path: Path, settings: Settings
) -> None:
    start(store, clock, tmp_path)
    hear(store, clock, "着火了", "urgent_alarm")
    shadow.read_along(store, settings, now=clock.now(), models=tmp_path)
    clock.advance(hours=1)
    with store.transaction() as session:
        shadow.start(session, "new", by="训练员", now=clock.now())
        assert session.scalar(sa.select(sa.func.count()).select_from(ShadowReading)) == 0


def test_that_voices_with_words_are_read_and_no_taps_answers_to_forms_or_words_of_who_objected(
    store: Store, clock: FakeClock, tmp_path: Path, settings: Settings
) -> None:
    start(store, clock, tmp_path)
    hear(store, clock, "快来救火啊", "help_request", kind="voice", payload={TRANSCRIPT: True})
    hear(store, clock, "张示例", "other", payload={OF_FORM: True})
    hear(store, clock, "反映线索", "tip", triage={"label": "tip", "evidence": [{"rule": "one_tap", "words": []}]})
    assert shadow.read_along(store, settings, now=clock.now(), models=tmp_path) == 1
    with store.transaction() as session:
        (one,) = shadow.disagreements(session, "new")
        session.execute(sa.update(Resident).values(not_for_training=True))
    assert one.text == "快来救火啊"
    hear(store, clock, "又着火了", "urgent_alarm")
    assert shadow.read_along(store, settings, now=clock.now(), models=tmp_path) == 0


def test_that_what_belongs_to_a_tip_by_now_is_confidential_whatever_either_took_it_for(
    store: Store, clock: FakeClock, tmp_path: Path, settings: Settings
) -> None:
    start(store, clock, tmp_path)
    hear(store, clock, "楼下麻将馆天天赌", "help_request")
    shadow.read_along(store, settings, now=clock.now(), models=tmp_path)
    with store.transaction() as session:
        assert [one.confidential for one in shadow.disagreements(session, "new")] == [False]
        assert shadow.tips_read(session, "new") == frozenset()
        at, message = clock.now(), session.scalars(sa.select(Message)).one()
        message.case = Case(
            resident_id=message.resident_id,
            label="tip",
            intent="tip/gambling",
            confidential=True,
            opened_at=at,
            updated_at=at,
        )
        session.flush()
        assert [one.confidential for one in shadow.disagreements(session, "new")] == [True]
        assert shadow.tips_read(session, "new") == {message.id}


def test_that_what_a_reporter_writes_after_a_tip_is_confidential_too(
    store: Store, clock: FakeClock, tmp_path: Path, settings: Settings
) -> None:
    hear(store, clock, "有人开设赌场", "tip")
    clock.advance(hours=23)
    start(store, clock, tmp_path)
    hear(store, clock, "我就住他家楼上，别说是我说的", "enquiry")
    clock.advance(hours=2)
    hear(store, clock, "我跟他一个单位的", "enquiry")
    shadow.read_along(store, settings, now=clock.now(), models=tmp_path)
    with store.reading() as session:
        told = {one.text: one.confidential for one in shadow.disagreements(session, "new")}
    assert told == {"我就住他家楼上，别说是我说的": True, "我跟他一个单位的": False}
