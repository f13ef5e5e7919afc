"""The trainer process's lease, heartbeat and duties."""

import threading
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.models import Heartbeat, Lease
from bot.store.session import Store
from bot.studio.trainer import LEASE, PART, Duty, DutyError, InBackground, Trainer, hold, release
from tests.world import FakeClock


def heartbeat(store: Store) -> Heartbeat | None:
    with store.reading() as session:
        return session.get(Heartbeat, PART)


def test_that_one_of_two_has_the_lease_and_the_other_takes_over_when_it_has_run_out(
    store: Store, clock: FakeClock
) -> None:
    assert hold(store, PART, "a-1", now=clock.now())
    assert not hold(store, PART, "b-2", now=clock.now())
    clock.advance(seconds=10)
    assert hold(store, PART, "a-1", now=clock.now())  # renewed
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert not hold(store, PART, "b-2", now=clock.now())
    clock.advance(seconds=1)
    assert hold(store, PART, "b-2", now=clock.now())
    assert not hold(store, PART, "a-1", now=clock.now())


def test_that_a_lease_given_back_is_free_and_nobody_elses_is_taken_away(store: Store, clock: FakeClock) -> None:
    hold(store, PART, "a-1", now=clock.now())
    release(store, PART, "b-2")
    assert not hold(store, PART, "b-2", now=clock.now())
    release(store, PART, "a-1")
    assert hold(store, PART, "b-2", now=clock.now())


def test_that_only_the_holder_does_duties_and_says_that_it_lives(store: Store, clock: FakeClock) -> None:
    done: list[str] = []
    first = Trainer(store, clock, [Duty("first", lambda now: done.append("first"))], holder="a-1")
    second = Trainer(store, clock, [Duty("second", lambda now: done.append("second"))], holder="b-2")
    first.round()
    second.round()
    assert done == ["first"]
    beat = heartbeat(store)
    assert beat
    assert (beat.at, beat.healthy) == (clock.now(), True)
    clock.advance(seconds=LEASE.total_seconds())
    second.round()
    first.round()
    assert done == ["first", "second"]


def test_that_a_failing_duty_stops_no_other_and_shows_in_the_heartbeat(store: Store, clock: FakeClock) -> None:
    done: list[datetime] = []

    def fail(_now: datetime) -> None:
        raise OSError("the disk is gone")

    trainer = Trainer(store, clock, [Duty("broken", fail), Duty("sound", done.append)], holder="a-1")
    trainer.round()
    trainer.round()
    assert len(done) == 2
    trainer.renew()
    beat = heartbeat(store)
    assert beat
    assert not beat.healthy
    assert "broken: OSError" in beat.detail


def test_that_a_duty_is_done_as_often_as_it_is_due(store: Store, clock: FakeClock) -> None:
    done: list[datetime] = []
    trainer = Trainer(store, clock, [Duty("rare", done.append, every=timedelta(seconds=10))], holder="a-1")
    for _ in range(4):
        trainer.round()
        clock.advance(seconds=5)
    assert len(done) == 2


def test_that_whoever_loses_the_lease_lets_go(store: Store, clock: FakeClock) -> None:
    gone: list[bool] = []
    trainer = Trainer(store, clock, [Duty("one", lambda now: None, let_go=lambda: gone.append(True))], holder="a-1")
    trainer.round()
    clock.advance(seconds=LEASE.total_seconds())
    assert hold(store, PART, "b-2", now=clock.now())
    trainer.renew()
    assert gone == [True]
    assert not trainer.holds


def test_that_a_trainer_that_ends_gives_the_lease_back(store: Store, clock: FakeClock) -> None:
    trainer = Trainer(store, clock, [Duty("last", lambda now: trainer.end())], holder="a-1")
    trainer.run()
    with store.reading() as session:
        assert session.scalars(sa.select(Lease)).all() == []


def test_that_a_duty_in_the_background_holds_up_no_other_and_tells_how_it_ended(store: Store, clock: FakeClock) -> None:
    go_on, begun, done = threading.Event(), list[datetime](), list[str]()

    def hang(now: datetime) -> None:
        begun.append(now)
        go_on.wait(10)
        raise DutyError("模型读不了消息")

    background = InBackground(hang)
    trainer = Trainer(store, clock, [Duty("slow", background), Duty("other", lambda _now: done.append("other"))])
    for _ in range(3):
        trainer.round()
    assert (len(begun), done) == (1, ["other"] * 3)
    go_on.set()
    assert background._thread
    background._thread.join(10)
    trainer.round()
    trainer.renew()
    beat = heartbeat(store)
    assert beat
    assert (beat.healthy, beat.detail) == (False, "slow: 模型读不了消息")
