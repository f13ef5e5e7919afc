"""The trainer process: one on many machines does the studio's work, and another takes over when it dies."""

import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from bot.clock import Clock
from bot.store.models import Heartbeat, Lease
from bot.store.session import Store, StoreUnavailableError, insert

log = structlog.get_logger()

PART = "trainer"
"""Its name as a heartbeat and as a lease."""
LEASE = timedelta(seconds=15)
STALE = timedelta(seconds=20)
"""After so long without a heartbeat it is taken for dead."""
_RENEWED_EVERY_SECONDS = 3.0
_ROUND_SECONDS = 1.0
_SLOW = timedelta(minutes=10)


class DutyError(Exception):
    """A duty that cannot be done; the text says why, as trainers read it."""


def _nothing() -> None:
    """For a duty that has nothing to let go of."""


@dataclass
class Duty:
    """Something that is done again and again by whoever has the lease; `let_go` ends it when the lease is gone."""

    name: str
    act: Callable[[datetime], object]
    every: timedelta = timedelta(0)
    let_go: Callable[[], None] = _nothing
    due_at: datetime | None = field(default=None, init=False)
    failed: str = field(default="", init=False)


class InBackground:
    """What a duty does, in a thread of its own: however long it takes, the other duties are done meanwhile.

    How it ended the last time, the duty tells the next time.
    """

    def __init__(self, act: Callable[[datetime], object]) -> None:
        self._act = act
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None

    def __call__(self, now: datetime) -> None:
        """Begin it, unless it is being done."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._do, args=(now,), name="duty", daemon=True)
            self._thread.start()
        if self._failed is not None:
            raise self._failed

    def _do(self, now: datetime) -> None:
        try:
            self._act(now)
            self._failed = None
        except Exception as error:
            self._failed = error


def own_name() -> str:
    """What this process calls itself as the holder of a lease."""
    return f"{socket.gethostname()}-{os.getpid()}"


def hold(store: Store, name: str, holder: str, *, now: datetime, length: timedelta = LEASE) -> bool:
    """Take or renew a lease; False while another holder's runs."""
    with store.transaction() as session:
        wanted = insert(session, Lease).values(name=name, holder=holder, until=now + length)
        free = sa.or_(Lease.holder == holder, Lease.until <= now)
        taken = wanted.on_conflict_do_update(
            index_elements=["name"], set_={"holder": holder, "until": now + length}, where=free
        )
        return session.scalars(taken.returning(Lease.name)).first() is not None


def release(store: Store, name: str, holder: str) -> None:
    """Give a lease back, so that nobody waits until it runs out."""
    with store.transaction() as session:
        session.execute(sa.delete(Lease).where(Lease.name == name, Lease.holder == holder))


def beat(store: Store, *, now: datetime, problem: str = "") -> None:
    """Say that the trainer lives, and what is wrong with it."""
    state = {"at": now, "healthy": not problem, "detail": problem}
    with store.transaction() as session:
        new = insert(session, Heartbeat).values(name=PART, **state)
        session.execute(new.on_conflict_do_update(index_elements=["name"], set_=state))


class Trainer:
    """Holds the lease, and does its duties as long as it has it.

    A thread of its own renews the lease, so that a long duty does not lose it. What one duty throws is logged and
    stops no other.
    """

    def __init__(self, store: Store, clock: Clock, duties: Sequence[Duty], *, holder: str | None = None) -> None:
        self._store, self._clock, self._duties = store, clock, duties
        self.holder = holder or own_name()
        self._until: datetime | None = None
        self._at: tuple[str, datetime] | None = None
        self._ended = threading.Event()

    @property
    def holds(self) -> bool:
        """Whether it has the lease now."""
        return self._until is not None and self._clock.now() < self._until

    def run(self) -> None:
        """Do rounds until `end`."""
        keeper = threading.Thread(target=self._keep, name="lease", daemon=True)
        keeper.start()
        try:
            while not self._ended.is_set():
                self.round()
                self._ended.wait(_ROUND_SECONDS)
        finally:
            self._ended.set()
            self._let_go()
            keeper.join(timeout=2)
            try:
                release(self._store, PART, self.holder)
            except StoreUnavailableError:
                log.warning("trainer.lease_not_released")

    def end(self) -> None:
        """Stop after what is being done; may be called by a signal."""
        self._ended.set()

    def renew(self) -> None:
        """Take or keep the lease, and say so; without it, let go of everything."""
        now, had = self._clock.now(), self._until is not None
        try:
            if hold(self._store, PART, self.holder, now=now):
                self._until = now + LEASE
                beat(self._store, now=now, problem=self._problem(now))
                if not had:
                    log.info("trainer.lease_taken", holder=self.holder)
                return
        except StoreUnavailableError as error:
            if self.holds:
                return
            if had:
                log.warning("trainer.lease_not_renewed", reason=str(error))
        self._until = None
        if had:
            log.warning("trainer.lease_lost")
            self._let_go()

    def round(self) -> None:
        """Do every duty that is due, if this process has the lease."""
        if not self.holds:
            self.renew()
        for duty in self._duties:
            now = self._clock.now()
            if not self.holds or self._ended.is_set():
                return
            if duty.due_at is None or now >= duty.due_at:
                duty.due_at = now + duty.every
                self._do(duty, now)

    def _do(self, duty: Duty, now: datetime) -> None:
        self._at = (duty.name, now)
        try:
            duty.act(now)
            duty.failed = ""
        except Exception as error:  # whatever it is, the other duties must be done
            problem = str(error) if isinstance(error, DutyError) else type(error).__name__
            if duty.failed != problem:  # once, not every second
                log.exception("trainer.duty_failed", duty=duty.name)
            duty.failed = problem
        finally:
            self._at = None

    def _problem(self, now: datetime) -> str:
        """What is wrong, for the heartbeat: duties that failed the last time, or one that does not come to an end."""
        wrong = [f"{duty.name}: {duty.failed}" for duty in self._duties if duty.failed]
        at = self._at
        if at is not None and now - at[1] > _SLOW:
            wrong.append(f"{at[0]}: has not ended since {at[1]:%H:%M}")
        return "; ".join(wrong)

    def _keep(self) -> None:
        while not self._ended.wait(_RENEWED_EVERY_SECONDS):
            if self._until is not None:
                self.renew()

    def _let_go(self) -> None:
        for duty in self._duties:
            try:
                duty.let_go()
            except Exception:  # the others must be let go of too
                log.exception("trainer.not_let_go", duty=duty.name)
