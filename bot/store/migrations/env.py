from alembic import context
from sqlalchemy import text

from bot.store.models import Base
from bot.store.session import Store

_MIGRATION_LOCK = 5146_2016  # any number that no other program locks in this database

store = Store(context.config.get_main_option("sqlalchemy.url") or "")
with store.engine.connect() as connection:
    if store.sqlite:
        # SQLite changes a column by making its table anew; rows of others that refer to it must not mind meanwhile.
        # Within a transaction the setting would do nothing, and SQLAlchemy's own statements begin one.
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    connection.begin()
    if not store.sqlite:
        # Waiting for another replica's migration, and a migration itself, may take longer than a message's work.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    context.run_migrations()
    if store.sqlite and (orphan := connection.execute(text("PRAGMA foreign_key_check")).first()):
        raise RuntimeError(f"a migration left a row of {orphan[0]} that refers to nothing in {orphan[2]}")
    connection.commit()
store.close()
