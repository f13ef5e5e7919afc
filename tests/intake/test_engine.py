"""The engine's own life: how it ends."""

import asyncio
import threading
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from tests.station import Station

pytestmark = pytest.mark.anyio

PATIENCE_SECONDS = 20


async def test_that_a_closed_engine_has_no_transaction_open_in_a_thread(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow_beat(_session: Session, _now: datetime) -> None:
        begun.set()
        go_on.wait(PATIENCE_SECONDS)
        ended.set()

    monkeypatch.setattr("bot.intake.engine._heartbeat", slow_beat)
    engine = station.new_engine()
    running = asyncio.create_task(engine.run())
    assert await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
    running.cancel()
    await asyncio.wait({running})
    closing = asyncio.create_task(engine.close())
    await asyncio.wait({closing}, timeout=0.2)
    assert not closing.done()
    go_on.set()
    await closing
    assert ended.is_set()
