"""What a long history costs: the duty desk and one message, over an empty database and over a million closed cases."""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import sqlalchemy as sa
from psycopg import sql

from benchmarks.load import percentile
from benchmarks.screen import signed_in
from bot.clock import SystemClock
from bot.console.door import COOKIE
from bot.console.queries import read_desk
from bot.duty.roster import load_roster
from bot.duty.watch import Watch
from bot.nlu.safety_net import RULES, SafetyNet
from bot.settings import ROOT
from bot.store.migrate import migrate
from bot.store.models import Case, Page, Resident, WorkState
from bot.store.session import Store
from tests.stack import Stack
from tests.station import Station

CASES, MESSAGES, RESIDENTS = 1_000_000, 5_000_000, 100_000
LOOKS, HANDLED = 200, 300
_OPEN, _ALARM_EVERY = 20, 10
_POSTGRES = os.environ.get("FUJIN_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")

# Rows as years leave them: every case closed, its messages and pages done. In one statement each, which takes minutes;
# one by one it would take hours.
_HISTORY = (
    """INSERT INTO resident (id, openid, pseudonym, first_seen_at)
       SELECT n, 'oHistory' || n, 'R-' || n, now() - interval '3 years' FROM generate_series(1, :residents) n""",
    """INSERT INTO "case" (id, resident_id, label, intent, state, uncertain, silent, evidence, opened_at, updated_at,
                            alarmed_at, acknowledged_at, acknowledged_by, closed_at, closed_by, disposition,
                            closing_word, asked, joined, on_hold)
       SELECT n, 1 + n % :residents,
              (array['urgent_alarm', 'help_request', 'tip'])[1 + n % 3],
              (array['urgent_alarm/fire', 'help_request/noise', 'tip/gambling'])[1 + n % 3],
              'closed', false, false, '[]', at, at, at, at, '甲', at, '甲', 'real', '已处置', '[]', '[]', false
       FROM (SELECT n, now() - interval '3 years' * (1 - n::float / :cases) - interval '1 day' AS at
             FROM generate_series(1, :cases) n) history""",
    """INSERT INTO message (id, resident_id, key, kind, text, payload, received_at, handled_at, read_by_model, case_id,
                            state, due_at, attempts)
       SELECT n, 1 + (1 + n % :cases) % :residents, 'msg:' || n, 'text', '三楼着火了，第' || n || '条', '{}', at, at,
              true, 1 + n % :cases, 'done', at, 1
       FROM (SELECT n, now() - interval '3 years' * (1 - n::float / :messages) - interval '1 day' AS at
             FROM generate_series(1, :messages) n) history""",
    """INSERT INTO page (id, case_id, level, officer, priority, kind, channel, created_at, sent_at, state, due_at,
                         attempts)
       SELECT id, id, 0, '甲', 0, 'alarm', 'phone', opened_at, opened_at, 'done', opened_at, 1
       FROM "case" WHERE label = 'urgent_alarm'""",
    """INSERT INTO escalation (id, case_id, level, step, kind, state, due_at, attempts)
       SELECT id, id, 1, 1, 'climb', 'cancelled', opened_at, 0 FROM "case" WHERE label = 'urgent_alarm'""",
    """INSERT INTO reply (id, resident_id, message_id, author, text, buttons, via, created_at, sent_at, state, due_at,
                          attempts)
       SELECT id, resident_id, id, 'bot', '已收到', '[]', 'custom', received_at, received_at, 'done', received_at, 1
       FROM message""",
)
_TABLES = ("resident", "case", "message", "page", "escalation", "reply")


@dataclass(frozen=True)
class Costs:
    """Seconds of each look at the desk, each opening of its page and each message's handling, over some history."""

    desk: tuple[float, ...]
    page: tuple[float, ...]
    message: tuple[float, ...]


def measure(scratch: Path, *, cases: int = CASES, messages: int = MESSAGES) -> dict[str, Costs]:
    """Measure over an empty PostgreSQL database and over one with a history, in turn, so that whatever else the machine
    does weighs on both alike."""
    with _database() as empty, _database() as long:
        stores = {"empty": Store(empty), "history": Store(long)}
        try:
            _add_history(stores["history"], cases, messages)
            for store in stores.values():
                _add_open_cases(store)
            desk, message = _desk(stores), asyncio.run(_messages(stores, scratch))
            page = _pages({"empty": empty, "history": long}, scratch)
        finally:
            for store in stores.values():
                store.close()
    return {name: Costs(desk[name], page[name], message[name]) for name in stores}


def report(costs: dict[str, Costs]) -> list[str]:
    """The lines for docs/benchmark.md."""
    empty, history = costs["empty"], costs["history"]
    lines = [
        f"Over {CASES:,} closed cases and {MESSAGES:,} messages (PostgreSQL, {_OPEN} open alarms in both; on the page "
        f"{_OPEN + HANDLED // _ALARM_EVERY}, and 50 conversations, which the messages have left there):",
        "",
        "| | empty, ms | history, ms | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, before, after, share in (
        ("the desk's queries, p50", empty.desk, history.desk, 0.5),
        ("the desk's queries, p95", empty.desk, history.desk, 0.95),
        ("the desk's page from a console process, p50", empty.page, history.page, 0.5),
        ("the desk's page from a console process, p95", empty.page, history.page, 0.95),
        ("one message from receipt to replies and pages, p50", empty.message, history.message, 0.5),
        ("the same, mean", empty.message, history.message, None),
    ):
        first, then = (_figure(values, share) * 1000 for values in (before, after))
        lines.append(f"| {name} | {first:.1f} | {then:.1f} | {then / first:.2f} |")
    return [*lines, ""]


def _figure(values: tuple[float, ...], share: float | None) -> float:
    return sum(values) / len(values) if share is None else percentile(values, share)


@contextmanager
def _database() -> Iterator[str]:
    name = f"fujin_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(_POSTGRES, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = sa.make_url(_POSTGRES).set(drivername="postgresql+psycopg", database=name)
    try:
        address = url.render_as_string(hide_password=False)
        migrate(address)
        yield address
    finally:
        with psycopg.connect(_POSTGRES, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _add_history(store: Store, cases: int, messages: int) -> None:
    numbers = {"cases": cases, "messages": messages, "residents": RESIDENTS}
    with store.transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        # The rows refer to each other as they should; checking ten million references would take as long again.
        session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for statement in _HISTORY:
            session.execute(sa.text(statement), {k: v for k, v in numbers.items() if f":{k}" in statement})
        for table in _TABLES:
            session.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), (SELECT max(id) FROM \"{table}\"))"
                )
            )
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("VACUUM ANALYZE"))


def _add_open_cases(store: Store) -> None:
    now = datetime.now(UTC)
    with store.transaction() as session:
        for number in range(_OPEN):
            resident = Resident(openid=f"oOpen{number}", pseudonym=f"R-OPEN{number}", first_seen_at=now)
            at = now - timedelta(seconds=30)
            case = Case(
                resident=resident,
                label="urgent_alarm",
                intent="urgent_alarm/fire",
                opened_at=at,
                alarmed_at=at,
                updated_at=at,
            )
            page = Page(
                case=case,
                level=0,
                officer="甲",
                channel="phone",
                created_at=at,
                due_at=at,
                sent_at=at,
                state=WorkState.DONE,
            )
            session.add(page)


def _desk(stores: dict[str, Store]) -> dict[str, tuple[float, ...]]:
    watch = Watch(load_roster(ROOT / "duty.yml"))
    seconds: dict[str, list[float]] = {name: [] for name in stores}
    for _ in range(LOOKS):
        for name, store in stores.items():
            began = time.perf_counter()
            with store.reading() as session:
                desk = read_desk(session, watch=watch, now=datetime.now(UTC))
            seconds[name].append(time.perf_counter() - began)
            assert len(desk.alarms) >= _OPEN
    return {name: tuple(values[LOOKS // 10 :]) for name, values in seconds.items()}


def _pages(addresses: dict[str, str], scratch: Path) -> dict[str, tuple[float, ...]]:
    """What an officer's browser is sent when it opens the desk: every card of it."""
    seconds: dict[str, list[float]] = {name: [] for name in addresses}
    with ExitStack() as opened:
        consoles = {
            name: opened.enter_context(_console(url, scratch / f"console-{name}")) for name, url in addresses.items()
        }
        for _ in range(LOOKS):
            for name, console in consoles.items():
                began = time.perf_counter()
                page = console.get("/")
                seconds[name].append(time.perf_counter() - began)
                assert page.status_code == 200, page.text[:500]
                assert f"R-OPEN{_OPEN - 1}" in page.text
    return {name: tuple(values[LOOKS // 10 :]) for name, values in seconds.items()}


@contextmanager
def _console(address: str, folder: Path) -> Iterator[httpx.Client]:
    """A console process of its own over a database, and an officer who has signed in there."""
    stack = Stack(folder, {"FUJIN_DATABASE_URL": address, "FUJIN_LOG_LEVEL": "WARNING"})
    folder.mkdir(parents=True)
    with (folder / "console.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.console"], cwd=ROOT, env=stack.environment, stdout=output, stderr=output
        )
    try:
        cookies = {COOKIE: signed_in(stack.store)}
        with httpx.Client(base_url=stack.console_url, cookies=cookies, timeout=30) as client:
            _wait_for(client)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(client: httpx.Client) -> None:
    for _ in range(_TRIES):
        try:
            client.get("/healthz")
            return
        except httpx.TransportError:
            time.sleep(0.3)
    raise RuntimeError("the console did not start")


_TRIES = 200


async def _messages(stores: dict[str, Store], scratch: Path) -> dict[str, tuple[float, ...]]:
    """The shipped engine with a Rasa that answers at once: the way of a message is measured, not its reading."""
    stations = {name: _station(store, scratch / name) for name, store in stores.items()}
    seconds: dict[str, list[float]] = {name: [] for name in stores}
    try:
        for number in range(HANDLED):
            text = "三楼着火了快来人" if number % _ALARM_EVERY == 0 else "身份证丢了怎么补办"
            for name, station in stations.items():
                began = time.perf_counter()
                await station.deliver(text, openid=f"oNew{number}")
                seconds[name].append(time.perf_counter() - began)
    finally:
        for station in stations.values():
            for _ in station.phone.pages():
                station.phone.take()
            await station.close()
    return {name: tuple(values[HANDLED // 10 :]) for name, values in seconds.items()}


def _station(store: Store, folder: Path) -> Station:
    folder.mkdir(parents=True)
    return Station(store, SystemClock(), folder, SafetyNet.load(ROOT / RULES))  # type: ignore[arg-type]
