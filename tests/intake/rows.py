"""What is in the database after a test's messages."""

from typing import Any, TypeVar

import sqlalchemy as sa

from bot.intake.understanding import Rasa
from bot.store.models import Base
from tests.station import Station

Row = TypeVar("Row", bound=Base)


def rows(station: Station, table: type[Row]) -> list[Row]:
    """Every row of a table, oldest first."""
    with station.store.reading() as session:
        return list(session.scalars(sa.select(table).order_by(sa.inspect(table).primary_key[0])))


def change(station: Station, statement: Any) -> None:
    """What another program, or time, has done to the database."""
    with station.store.transaction() as session:
        session.execute(statement)


async def patience(station: Station, seconds: float) -> None:
    """Let the engine wait that long for Rasa."""
    await station.rasa_client.close()
    station.rasa_client = Rasa(station.rasa.server.url, timeout=seconds)
    await station.restart()
