"""Whether everything that an emergency needs works: database, Rasa, engine, auditor."""

import asyncio
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.intake.understanding import Rasa
from bot.store.models import Heartbeat
from bot.store.session import Store, StoreUnavailableError

STALE = timedelta(seconds=20)


async def readiness(store: Store, rasa: Rasa, now: datetime) -> dict[str, str]:
    """One line for each part: "ok", or what is wrong with it."""
    beats, rasa_up = await asyncio.gather(asyncio.to_thread(_beats, store), rasa.healthy())
    checks = {"database": "ok", "rasa": "ok" if rasa_up else "does not answer; the safety net decides alone"}
    if beats is None:
        return {**checks, "database": "does not answer", "engine": "unknown", "auditor": "unknown"}
    for name in ("engine", "auditor"):
        checks[name] = _beat_state(beats.get(name), now)
    return checks


def _beats(store: Store) -> dict[str, Heartbeat] | None:
    try:
        with store.reading() as session:
            return {beat.name: beat for beat in session.scalars(sa.select(Heartbeat))}
    except StoreUnavailableError:
        return None


def _beat_state(beat: Heartbeat | None, now: datetime) -> str:
    if beat is None:
        return "has not begun"
    if now - beat.at > STALE:
        return f"silent for {int((now - beat.at).total_seconds())} s"
    return "ok" if beat.healthy else beat.detail
