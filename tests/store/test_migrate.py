"""The migrations make exactly what the models say, up and down, on each kind of database."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.orm import Session

from bot.settings import ROOT
from bot.store.migrate import alembic_config, migrate
from bot.store.models import Base, Case, Correction, Message, Page, Resident


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The migrated database, seen by SQLAlchemy alone."""
    opened = sa.create_engine(database_url)
    yield opened
    opened.dispose()


def test_that_the_migrations_make_what_the_models_say(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_that_every_index_of_the_models_is_there(engine: sa.Engine) -> None:
    found = {index["name"] for table in Base.metadata.tables for index in sa.inspect(engine).get_indexes(table)}
    assert {index.name for table in Base.metadata.tables.values() for index in table.indexes} <= found


def test_that_down_leaves_nothing_and_up_makes_it_again(database_url: str, engine: sa.Engine) -> None:
    command.downgrade(alembic_config(database_url), "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    migrate(database_url)
    assert set(sa.inspect(engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_that_cases_come_through_the_changes_of_their_tables(database_url: str, engine: sa.Engine) -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    with Session(engine) as session:
        resident = Resident(openid="oA", pseudonym="R-1", first_seen_at=now)
        case = Case(resident=resident, label="tip", intent="tip/gambling", opened_at=now, updated_at=now)
        page = Page(case=case, level=0, officer="甲", channel="c", created_at=now, due_at=now)
        session.add_all(
            [page, Message(resident=resident, key="1", kind="text", case=case, received_at=now, due_at=now)]
        )
        session.commit()
    command.downgrade(alembic_config(database_url), "0004")
    migrate(database_url)
    with Session(engine) as session:
        kept = session.scalars(sa.select(Case)).one()
        assert ([message.key for message in kept.messages], [page.officer for page in kept.pages]) == (["1"], ["甲"])


def test_that_addresses_of_channels_become_names(database_url: str, engine: sa.Engine) -> None:
    """They hold keys, and were in the database once."""
    now = datetime(2026, 1, 5, tzinfo=UTC)
    addresses = ("webhook+http://u:the-key@a.example:81/1", "webhook+http://a.example:81/the-key", "webhook+https://b/")
    with Session(engine) as session:
        resident = Resident(openid="oA", pseudonym="R-1", first_seen_at=now)
        case = Case(resident=resident, label="tip", intent="tip/gambling", opened_at=now, updated_at=now)
        common = {"case": case, "level": 0, "officer": "甲", "created_at": now, "due_at": now}
        session.add_all(Page(**common, channel=address) for address in addresses)
        session.commit()
    command.downgrade(alembic_config(database_url), "0004")
    migrate(database_url)
    with Session(engine) as session:
        names = set(session.scalars(sa.select(Page.channel)))
    assert names == {"webhook@a.example:81", "webhook@a.example:81#2", "webhook@b"}


def test_that_reporters_of_before_stay_hidden_whatever_officers_made_of_their_tips(
    database_url: str, engine: sa.Engine
) -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    cases: dict[str, tuple[str, str, int | None, str | None]] = {
        "a tip": ("tip", "tip/gambling", None, None),
        "perhaps a tip": ("help_request", "tip/gambling", None, None),
        "a tip that an officer raised": ("urgent_alarm", "urgent_alarm/fire", None, "tip/gambling"),
        "a tip that an officer called a request": ("help_request", "help_request/noise", None, "tip/gambling"),
        "a tip whose resident called for help": ("urgent_alarm", "urgent_alarm/fire", 1, "tip/gambling"),
        "an alarm": ("urgent_alarm", "urgent_alarm/fire", 1, None),
        "a request": ("help_request", "help_request/noise", None, "urgent_alarm/fire"),
    }
    with Session(engine) as session:
        resident = Resident(openid="oA", pseudonym="R-1", first_seen_at=now)
        for label, intent, message, was in cases.values():
            common = {"resident": resident, "opened_at": now, "updated_at": now}
            case = Case(**common, label=label, intent=intent, alarm_message_id=message)
            session.add(case)
            session.flush()
            if was:
                session.add(Correction(case_id=case.id, was=was, now=intent, made_by="甲", made_at=now))
        session.commit()
    command.downgrade(alembic_config(database_url), "0008")
    migrate(database_url)
    with Session(engine) as session:
        found = dict(zip(cases, session.scalars(sa.select(Case.confidential).order_by(Case.id)), strict=True))
    assert [name for name, hidden in found.items() if hidden] == list(cases)[:4]


def test_that_migrating_twice_changes_nothing(database_url: str, engine: sa.Engine) -> None:
    before = sa.inspect(engine).get_table_names()
    migrate(database_url)
    assert sa.inspect(engine).get_table_names() == before


def test_that_replicas_may_migrate_at_the_same_moment(database_url: str, engine: sa.Engine) -> None:
    command.downgrade(alembic_config(database_url), "base")
    program = "import sys; from bot.store.migrate import migrate; migrate(sys.argv[1])"
    replicas = [
        subprocess.Popen([sys.executable, "-c", program, database_url], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    errors = [replica.communicate()[1].decode() for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0, 0, 0], "\n".join(errors)
    assert set(sa.inspect(engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_that_a_migration_waits_as_long_as_it_takes(postgres_url: str) -> None:
    """A message's work is given up after seconds; a large table's migration must not be."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE settings_seen (name text, setting text)"))
        connection.execute(
            sa.text("""
            CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO settings_seen SELECT name, setting FROM pg_settings
                WHERE name IN ('statement_timeout', 'lock_timeout'); END $$""")
        )
        connection.execute(sa.text("CREATE EVENT TRIGGER seen ON ddl_command_end EXECUTE FUNCTION see()"))
    command.downgrade(alembic_config(postgres_url), "base")
    with engine.begin() as connection:
        seen = connection.execute(sa.text("SELECT DISTINCT name, setting FROM settings_seen")).all()
    engine.dispose()
    assert set(map(tuple, seen)) == {("statement_timeout", "0"), ("lock_timeout", "0")}


def test_that_spaces_and_percent_signs_in_a_path_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "50% of var"
    folder.mkdir()
    migrate(f"sqlite:///{folder}/fujin.db")
    assert (folder / "fujin.db").stat().st_size > 0


def test_that_a_percent_sign_in_a_password_does_no_harm() -> None:
    with pytest.raises(sa.exc.OperationalError) as caught:
        migrate("postgresql+psycopg://postgres:p%25w@127.0.0.1:1/fujin")
    assert isinstance(caught.value.orig, psycopg.OperationalError)
    assert "p%w" not in str(caught.value)
