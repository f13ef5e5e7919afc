"""The database as a queue: each row is claimed by one, a late holder's work counts for nothing, outages have a name."""

import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.store.models import Heartbeat, Message, Resident, WorkState
from bot.store.session import Store, StoreUnavailableError, claim_due, retry_later, still_mine
from tests.world import FakeClock

LEASE = timedelta(seconds=8)


@pytest.fixture
def resident(store: Store, clock: FakeClock) -> int:
    with store.transaction() as session:
        row = Resident(openid="oA", pseudonym="R-A", first_seen_at=clock.now())
        session.add(row)
    return row.id


def add_messages(store: Store, clock: FakeClock, resident: int, count: int) -> None:
    with store.transaction() as session:
        for number in range(count):
            row = {"resident_id": resident, "key": f"msg:{number}", "kind": "text"}
            session.add(Message(**row, received_at=clock.now(), due_at=clock.now()))


def claim(store: Store, clock: FakeClock, limit: int = 100) -> list[tuple[int, int]]:
    """Claim what is due; the ids and attempts."""
    with store.transaction() as session:
        rows = claim_due(session, Message, now=clock.now(), lease=LEASE, limit=limit)
        return [(row.id, row.attempts) for row in rows]


def test_that_several_threads_claim_each_row_once(store: Store, clock: FakeClock, resident: int) -> None:
    add_messages(store, clock, resident, 60)
    start, claimed, failures = threading.Barrier(6), [], []

    def work() -> None:
        start.wait()
        try:
            while found := claim(store, clock, limit=4):
                claimed.extend(found)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    claimed += claim(store, clock)  # what a thread skipped because another was looking at it
    assert Counter(row_id for row_id, _ in claimed) == Counter(range(1, 61))
    assert {attempt for _, attempt in claimed} == {1}


def test_that_a_claimed_row_comes_due_again_when_its_lease_ends(store: Store, clock: FakeClock, resident: int) -> None:
    add_messages(store, clock, resident, 1)
    assert claim(store, clock) == [(1, 1)]
    clock.advance(seconds=7.9)
    assert claim(store, clock) == []
    clock.advance(seconds=0.1)
    assert claim(store, clock) == [(1, 2)]


def test_that_a_row_in_another_transaction_is_skipped_not_waited_for(postgres_url: str, clock: FakeClock) -> None:
    store = Store(postgres_url)
    with store.transaction() as session:
        session.add(Resident(openid="oA", pseudonym="R-A", first_seen_at=clock.now()))
    add_messages(store, clock, 1, 2)
    with store.transaction() as holder:
        held = claim_due(holder, Message, now=clock.now(), lease=LEASE, limit=1)
        assert [row.id for row in held] == [1]
        assert claim(store, clock) == [(2, 1)]
    store.close()


def test_that_only_the_latest_holder_may_finish_a_row(store: Store, clock: FakeClock, resident: int) -> None:
    add_messages(store, clock, resident, 1)
    ((row_id, slow),) = claim(store, clock)
    clock.advance(seconds=8)
    ((_, quick),) = claim(store, clock)
    with store.transaction() as session:
        assert still_mine(session, Message, row_id, slow) is None
        mine = still_mine(session, Message, row_id, quick)
        assert mine is not None
        mine.state = WorkState.DONE
    with store.transaction() as session:
        assert still_mine(session, Message, row_id, quick) is None, "nor may it finish it twice"


def test_that_waits_double_up_to_a_minute_and_end(store: Store, clock: FakeClock, resident: int) -> None:
    add_messages(store, clock, resident, 1)
    waits = []
    with store.transaction() as session:
        row = session.query(Message).one()
        for attempt in range(1, 10):
            row.attempts = attempt
            retry_later(row, now=clock.now(), error="why", limit=10)
            waits.append((row.due_at - clock.now()).total_seconds())
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert (row.state, row.error) == (WorkState.PENDING, "why")
        row.attempts = 10
        retry_later(row, now=clock.now(), error="why", limit=10)
        assert row.state == WorkState.FAILED


def test_that_a_moment_keeps_its_timezone_and_a_naive_one_is_refused(store: Store, clock: FakeClock) -> None:
    with store.transaction() as session:
        session.add(Heartbeat(name="engine", at=clock.now()))
    with store.reading() as session:
        assert session.get_one(Heartbeat, "engine").at == clock.now()
    with pytest.raises(sa.exc.StatementError, match="timezone"), store.transaction() as session:
        session.add(Heartbeat(name="auditor", at=clock.now().replace(tzinfo=None)))


def test_that_a_failed_transaction_leaves_nothing(store: Store, clock: FakeClock) -> None:
    def half_way() -> None:
        with store.transaction() as session:
            session.add(Heartbeat(name="engine", at=clock.now()))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        half_way()
    with store.reading() as session:
        assert session.get(Heartbeat, "engine") is None


def test_that_a_dead_postgresql_has_a_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    store = Store(f"postgresql+psycopg://postgres@127.0.0.1:{port}/fujin")
    with pytest.raises(StoreUnavailableError), store.transaction() as session:
        session.execute(sa.text("SELECT 1"))
    with pytest.raises(StoreUnavailableError), store.reading() as session:
        session.execute(sa.text("SELECT 1"))
    store.close()


def test_that_a_postgresql_that_ends_our_connections_is_found_again(postgres_url: str) -> None:
    store = Store(postgres_url)
    other = Store(postgres_url)
    end_all = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )

    def be_ended() -> None:
        with store.transaction() as session:
            session.execute(sa.text("SELECT 1"))
            with other.transaction() as ending:
                ending.execute(end_all)
            session.execute(sa.text("SELECT 1"))

    with pytest.raises(StoreUnavailableError):
        be_ended()
    with store.transaction() as session:
        assert session.scalar(sa.text("SELECT 1")) == 1
    store.close()
    other.close()


def test_that_the_reason_is_the_databases_own(postgres_url: str) -> None:
    store = Store(postgres_url)
    with pytest.raises(StoreUnavailableError, match=r"^QueryCanceled$"), store.transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = 1; SELECT pg_sleep(60)"))
    store.close()


def test_that_a_locked_sqlite_file_has_a_name(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.session.SQLITE_BUSY_SECONDS", 0)
    store = Store(sqlite_url)
    with _locked(sqlite_url):
        with pytest.raises(StoreUnavailableError), store.transaction() as session:
            session.execute(sa.text("SELECT 1"))
        with store.reading() as session:
            assert session.scalar(sa.text("SELECT 1")) == 1, "reading waits for no writer"
    with store.transaction() as session:
        session.execute(sa.text("SELECT 1"))
    store.close()


def test_that_a_turn_that_never_comes_has_a_name(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.session.SQLITE_BUSY_SECONDS", 0)
    store = Store(sqlite_url)
    with store.transaction(), pytest.raises(StoreUnavailableError, match="turn did not come"), store.transaction():
        pass
    with store.transaction() as session:
        assert session.scalar(sa.text("SELECT 1")) == 1
    store.close()


def test_that_a_machine_that_stood_still_gives_no_turn_up(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(sqlite_url)
    monkeypatch.setattr(store, "_writer", _StoodStill())
    with store.transaction() as session:
        assert session.scalar(sa.text("SELECT 1")) == 1
    store.close()


class _StoodStill:
    """A lock whose time to wait had passed when the machine went on, just before its holder let it go."""

    def __init__(self) -> None:
        self._looks = 0

    def acquire(self, timeout: float) -> bool:
        self._looks += 1
        return self._looks > 1

    def release(self) -> None:
        pass


class _locked:  # noqa: N801
    """A SQLite file that another program is writing to."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.close()


def test_that_an_error_quotes_no_resident(store: Store, resident: int) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught, store.transaction() as session:
        session.execute(sa.insert(Message).values(resident_id=resident, key="msg:1", kind="text", text="有人拿刀"))
    assert "有人拿刀" not in str(caught.value).split("DETAIL")[0]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_that_postgresql_gives_up_a_lock_and_a_statement_after_seconds(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.session.POSTGRES_SECONDS", 7)
    store = Store(postgres_url)
    with store.reading() as session:
        waits = [session.scalar(sa.text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]
    store.close()
    assert waits == ["7s", "8s"]
