"""What is in the database after a test's messages."""

from typing import Any, TypeVar

import sqlalchemy as sa

from bot.nlu.triage import Triage
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


def triage_json(label: str, **fields: Any) -> dict[str, Any]:
    """A triage as Rasa sends it."""
    return {**Triage(label, 0.9, f"{label}/scripted").to_json(), **fields}
