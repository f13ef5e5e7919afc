"""What takes a promotion back by itself, and what does not."""

import random
from datetime import timedelta
from typing import Any

import pytest

from bot.store.models import LATE, Message, Promotion, Resident
from bot.store.session import Store
from bot.studio import aftermath
from bot.studio.aftermath import Handled, Share, chance, risen, worse
from tests.world import FakeClock

READ = {"confidence": 0.9, "intent": "urgent_alarm/armed_threat"}
NET = READ | {"label": "urgent_alarm", "source": "net", "evidence": [{"rule": "knife", "words": ["刀"]}]}
BOTH = READ | {
    "label": "urgent_alarm",
    "source": "model",
    "evidence": [{"rule": "knife", "words": []}, {"rule": "model", "words": []}],
}
MODEL = READ | {"label": "urgent_alarm", "source": "model", "evidence": [{"rule": "model", "words": ["怕"]}]}
CALM = READ | {"label": "other", "source": "model", "evidence": []}
DOUBTED = CALM | {"uncertain": True, "evidence": [{"rule": "knife", "words": ["刀"]}]}


def text(model: str | None = "new", *, disagreed: bool = False, seconds: float = 0.3) -> Handled:
    return Handled(model, disagreed, seconds)


def test_that_chance_is_fishers() -> None:
    """The lady tasting tea: of eight cups she finds all four, or three or more of them."""
    assert chance(Share(0, 4), Share(4, 4)) == pytest.approx(1 / 70)
    assert chance(Share(1, 4), Share(3, 4)) == pytest.approx(17 / 70)
    assert chance(Share(5, 1000), Share(0, 50)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("before", "since", "expected"),
    [
        (Share(5, 1000), Share(20, 60), True),
        (Share(5, 1000), Share(7, 29), False),  # too few texts
        (Share(5, 1000), Share(7, 60), False),  # too few bad ones
        (Share(2, 199), Share(20, 60), False),  # too few of before
        (Share(300, 1000), Share(500, 1000), False),  # not twice as many
        (Share(50, 1000), Share(8, 60), False),  # chance explains it
    ],
)
def test_that_a_share_has_risen_only_beyond_chance_and_enough_to_matter(
    before: Share, since: Share, expected: bool
) -> None:
    assert risen(before, since) is expected


def test_that_a_promotion_that_changes_nothing_is_hardly_ever_taken_back() -> None:
    dice = random.Random(6)
    before = [text("old", disagreed=dice.random() < 0.05, seconds=dice.expovariate(3)) for _ in range(2000)]
    for _ in range(200):
        since = [text(disagreed=dice.random() < 0.05, seconds=dice.expovariate(3)) for _ in range(200)]
        assert worse(before, since, "new") is None


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (text(disagreed=True), "意见不一"),
        (text(None), "没有模型回答"),
        (text(seconds=4.0), "处理超过 1.0 秒"),
    ],
)
def test_that_each_of_the_three_is_seen(bad: Handled, told: str) -> None:
    before = [text("old")] * 500
    reason = worse(before, [text()] * 40 + [bad] * 15, "new")
    assert reason
    assert told in reason


def test_that_what_the_old_model_read_after_the_promotion_is_not_held_against_the_new() -> None:
    late = [text("old", disagreed=True)] * 20
    assert worse([text("old")] * 500, [text()] * 40 + late, "new") is None


def test_that_rows_are_read_and_the_minutes_of_loading_do_not_count(store: Store, clock: FakeClock) -> None:
    promoted_at = clock.now()
    with store.transaction() as session:
        session.add(resident := Resident(openid="o", pseudonym="R", first_seen_at=clock.now()))
        session.flush()
        number = 0

        def hear(seconds_after: float, model: str | None, triage: dict[str, Any]) -> None:
            nonlocal number
            number += 1
            at = promoted_at + timedelta(seconds=seconds_after)
            row = Message(resident_id=resident.id, key=f"m{number}", kind="text", text="…", received_at=at, due_at=at)
            row.state, row.handled_at, row.triage = "done", at + timedelta(seconds=0.2), triage
            row.model, row.read_by_model = model, model is not None
            session.add(row)

        for day in range(300):
            hear(-60 * day - 1, "old", BOTH if day % 3 else CALM)
        for late in range(60):
            hear(late * 2, None, CALM)  # while it loads
            hear(200 + late, "new", (NET, MODEL, DOUBTED, CALM)[late % 4])
    row = Promotion(model="new", was="old", kind="promote", made_by="所长", made_at=promoted_at, gates=[], reason="")
    with store.reading() as session:
        assert aftermath.harm(session, row, now=promoted_at + timedelta(minutes=7)) is None, "too early to say"
        reason = aftermath.harm(session, row, now=promoted_at + timedelta(minutes=8, seconds=1))
    assert reason == "模型和安全网对紧急与否意见不一的消息由 0.0%（300 条里 0 条） 升到 75.0%（60 条里 45 条）"


class Station:
    """A station that hears little, and a promotion at its clock's time."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.promoted_at, self._number = store, clock.now(), 0
        with store.transaction() as session:
            session.add(resident := Resident(openid="o", pseudonym="R", first_seen_at=clock.now()))
            session.flush()
            self._resident = resident.id
        told = {"made_by": "所长", "made_at": self.promoted_at, "gates": [], "reason": ""}
        self.row = Promotion(model="new", was="old", kind="promote", **told)

    def hear(self, number: int, *, before: timedelta | None = None, seconds: float = 0.2, **more: Any) -> None:
        with self.store.transaction() as session:
            for place in range(number):
                self._number += 1
                gone = timedelta(seconds=200 + place) if before is None else -before - timedelta(seconds=place)
                at = self.promoted_at + gone
                row = Message(resident_id=self._resident, key=f"m{self._number}", text="…", received_at=at, due_at=at)
                row.kind, row.state, row.triage, row.model, row.read_by_model = "text", "done", CALM, "new", True
                row.handled_at = at + timedelta(seconds=seconds)
                for name, value in more.items():
                    setattr(row, name, value)
                session.add(row)

    def harm(self) -> str | None:
        with self.store.reading() as session:
            return aftermath.harm(session, self.row, now=self.promoted_at + timedelta(minutes=20))

    def dark(self) -> str:
        with self.store.reading() as session:
            return aftermath.in_the_dark(session, self.row, now=self.promoted_at + timedelta(minutes=20))


@pytest.fixture
def station(store: Store, clock: FakeClock) -> Station:
    return Station(store, clock)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"model": None, "read_by_model": False}, "没有模型回答的消息有"),
        ({"state": "failed", "read_by_model": None, "model": None}, "没有模型回答的消息有"),
        ({"kind": "voice", "model": None, "read_by_model": False}, "没有模型回答的消息有"),
        ({"seconds": 12.0}, "处理超过 10 秒的消息有"),
    ],
)
def test_that_what_is_bad_by_itself_needs_no_past(station: Station, bad: dict[str, Any], told: str) -> None:
    station.hear(6)
    station.hear(7, **bad)
    assert station.harm() is None, "seven may be chance"
    station.hear(2, **bad)
    assert (station.harm() or "").startswith(told)
    assert "消息太少（上线前0条，上线后15条）" in station.dark()


def test_that_a_station_that_was_as_bad_before_is_not_taken_back(station: Station) -> None:
    station.hear(20, before=timedelta(days=1), model=None, read_by_model=False)
    station.hear(15, model=None, read_by_model=False)
    assert station.harm() is None


def test_that_a_voice_that_was_read_when_it_had_words_is_answered_and_not_late(station: Station) -> None:
    station.hear(20, kind="voice", seconds=60.0, payload={LATE: True})
    assert station.harm() is None


def test_that_of_a_station_that_hears_little_eight_weeks_are_compared(station: Station) -> None:
    station.hear(210, before=timedelta(days=30), triage=BOTH)
    station.hear(20)
    station.hear(20, triage=NET)
    assert "意见不一" in (station.harm() or "")
    assert station.dark() == ""


def test_that_it_is_told_what_cannot_be_told(station: Station) -> None:
    station.hear(3)
    assert station.dark() == "上线后才来了3条消息，还看不出好坏，不会自动退回（至少要8条）"


def test_that_what_a_model_read_only_afterwards_counts_as_unanswered(store: Store, clock: FakeClock) -> None:
    promoted_at = clock.now()
    with store.transaction() as session:
        session.add(resident := Resident(openid="o", pseudonym="R", first_seen_at=clock.now()))
        session.flush()
        for number in range(360):
            at = promoted_at + timedelta(seconds=3 * (number - 300) + (200 if number >= 300 else -1))
            row = Message(resident_id=resident.id, key=f"m{number}", kind="text", text="…", received_at=at, due_at=at)
            row.state, row.handled_at, row.triage = "done", at + timedelta(seconds=0.2), CALM
            row.model, row.read_by_model = "new" if number >= 300 else "old", True
            row.payload = {LATE: True} if number >= 320 else {}
            session.add(row)
    row = Promotion(model="new", was="old", kind="promote", made_by="所长", made_at=promoted_at, gates=[], reason="")
    with store.reading() as session:
        reason = aftermath.harm(session, row, now=promoted_at + timedelta(minutes=20))
    assert reason == "没有模型回答的消息由 0.0%（300 条里 0 条） 升到 66.7%（60 条里 40 条）"
