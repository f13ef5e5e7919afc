"""A test's database is as if no other test had had it."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.store.models import Resident
from bot.store.session import Store, StoreUnavailableError
from tests.conftest import POSTGRES_URL
from tests.databases import Databases
from tests.world import FakeClock


@pytest.fixture
def databases() -> Iterator[Databases]:
    opened = Databases(POSTGRES_URL)
    yield opened
    opened.close()


def test_that_a_database_is_lent_again_empty_under_another_name(databases: Databases, clock: FakeClock) -> None:
    with databases.lent() as url:
        before = Store(url)
        made = _resident_made(before, clock)
    with databases.lent() as other_url:
        with pytest.raises(StoreUnavailableError):
            _resident_made(before, clock)
        store = Store(other_url)
        with store.reading() as session:
            assert session.scalars(sa.select(Resident)).all() == []
        assert _resident_made(store, clock) == made
        store.close()
    before.close()


def test_that_a_database_whose_tables_were_changed_is_not_lent_again(databases: Databases) -> None:
    for change in ("CREATE TABLE added (id int)", "ALTER TABLE page ADD added int", "DROP TABLE page CASCADE"):
        with databases.lent() as url:
            engine = sa.create_engine(url)
            with engine.begin() as connection:
                connection.execute(sa.text(change))
            engine.dispose()
    with databases.lent() as url:
        inspected = sa.create_engine(url)
        assert "added" not in sa.inspect(inspected).get_table_names()
        assert "added" not in {column["name"] for column in sa.inspect(inspected).get_columns("page")}
        inspected.dispose()


def _resident_made(store: Store, clock: FakeClock) -> int:
    with store.transaction() as session:
        row = Resident(openid="oA", pseudonym="R-A", first_seen_at=clock.now())
        session.add(row)
    return row.id
