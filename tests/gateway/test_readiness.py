"""Alive is one thing, ready another: each part that an emergency needs is named when it is missing."""

from datetime import timedelta

import pytest

from bot.gateway.readiness import STALE
from bot.store.models import Heartbeat
from bot.store.session import Store
from tests.gateway.conftest import Gateway, database_away, eventually, open_gateway
from tests.station import Station

pytestmark = pytest.mark.anyio


def beat(station: Station, name: str, *, ago: timedelta = timedelta(0), detail: str = "") -> None:
    with station.store.transaction() as session:
        at = station.clock.now() - ago
        session.merge(Heartbeat(name=name, at=at, healthy=not detail, detail=detail))


def beats(store: Store) -> set[str]:
    with store.reading() as session:
        return {row.name for row in session.query(Heartbeat)}


async def ready(gateway: Gateway) -> tuple[int, dict[str, object]]:
    response = await gateway.http.get("/readyz")
    return response.status_code, response.json()


@pytest.fixture
def idle(station: Station) -> Gateway:
    """A gateway whose engine does not run; the test plays its heartbeat."""
    return Gateway(station, answer_within=timedelta(hours=1))


async def test_that_a_process_that_is_up_says_so_whatever_else_is_missing(idle: Gateway) -> None:
    idle.station.rasa.status = 500
    response = await idle.http.get("/healthz")
    assert (response.status_code, response.text) == (200, "ok")


async def test_that_a_running_engine_and_a_healthy_auditor_are_ready(station: Station) -> None:
    async with open_gateway(station) as gateway:
        await eventually(lambda: beats(station.store) == {"engine"})
        assert (await ready(gateway))[1]["auditor"] == "has not begun"
        beat(station, "auditor")
        everything = {"ready": True, "database": "ok", "rasa": "ok", "engine": "ok", "auditor": "ok"}
        assert await ready(gateway) == (200, everything)


async def test_that_rasa_is_named_when_it_does_not_answer(idle: Gateway) -> None:
    beat(idle.station, "engine")
    beat(idle.station, "auditor")
    idle.station.rasa.status = 503
    status, checks = await ready(idle)
    assert status == 503
    assert [name for name, check in checks.items() if check not in ("ok", False)] == ["rasa"]


@pytest.mark.parametrize("name", ["engine", "auditor"])
async def test_that_a_part_is_named_that_has_not_begun_or_is_silent_or_unwell(idle: Gateway, name: str) -> None:
    for other in {"engine", "auditor"} - {name}:
        beat(idle.station, other)
    for wrong in ({"ago": STALE + timedelta(seconds=1)}, {"detail": "overdue: 3"}, None):
        status, checks = await ready(idle)
        assert status == 503
        assert [part for part, check in checks.items() if check not in ("ok", False)] == [name]
        if wrong:
            beat(idle.station, name, **wrong)
    beat(idle.station, name, ago=STALE)
    assert (await ready(idle))[0] == 200


async def test_that_a_database_that_is_away_is_named(on_postgres: Station, postgres_url: str) -> None:
    gateway = Gateway(on_postgres, answer_within=timedelta(hours=1))
    with database_away(postgres_url):
        status, checks = await ready(gateway)
    assert status == 503
    assert checks["database"] == "does not answer"
    assert (await ready(gateway))[1]["database"] == "ok"
