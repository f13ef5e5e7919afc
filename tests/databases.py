"""PostgreSQL databases for tests: migrated once, copied when more are needed, emptied and lent again after each test.

Emptying takes a few milliseconds where a copy takes hundreds: the server writes a copy out whole, and the first
connection to it reads the catalogue anew.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from bot.store.migrate import migrate

_SHAPE = """
    SELECT md5(string_agg(oid || ':' || xmin, ',' ORDER BY oid)) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace"""
"""Changes with every table, index and sequence that is made, altered or dropped."""
_OTHERS_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_EMPTY = """
    DO $$ DECLARE one name; BEGIN
        SET LOCAL session_replication_role = replica;  -- no trigger, no foreign key
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            CONTINUE WHEN one = 'alembic_version';
            EXECUTE format('DELETE FROM %I', one);
        END LOOP;
        PERFORM setval(format('%I.%I', schemaname, sequencename), start_value, false)
            FROM pg_sequences WHERE last_value IS NOT NULL;
    END $$"""


class Databases:
    """Lends migrated, empty databases of one server. Close it, so that none is left behind."""

    def __init__(self, server_url: str) -> None:
        self._server = server_url.rsplit("/", 1)[0]
        self._admin = psycopg.connect(server_url, autocommit=True, connect_timeout=5)
        self._template = f"fujin_template_{uuid.uuid4().hex[:10]}"
        self._emptied: list[str] = []
        self._do("CREATE DATABASE {}", self._template)
        migrate(self._url(self._template))
        with psycopg.connect(f"{self._server}/{self._template}") as connection:
            self._shape = connection.execute(_SHAPE).fetchone()

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of a database that no test has had before; afterwards nobody reaches anything there."""
        name = f"fujin_test_{uuid.uuid4().hex[:10]}"
        if self._emptied:
            self._do("ALTER DATABASE {} RENAME TO {}", self._emptied.pop(), name)
        else:
            self._do("CREATE DATABASE {} TEMPLATE {}", name, self._template)
        try:
            yield self._url(name)
        finally:
            if self._is_emptied(name):
                self._emptied.append(name)
            else:
                self._drop(name)

    def close(self) -> None:
        """Drop what was made."""
        for name in (*self._emptied, self._template):
            self._drop(name)
        self._admin.close()

    def _is_emptied(self, name: str) -> bool:
        """Empty a database; False where a test changed its tables or only the server's superuser may do this."""
        with psycopg.connect(f"{self._server}/{name}", autocommit=True) as connection:
            try:
                connection.execute(_OTHERS_END)
                if connection.execute(_SHAPE).fetchone() != self._shape:
                    return False
                connection.execute(_EMPTY)
            except psycopg.Error:
                return False
        return True

    def _url(self, name: str) -> str:
        return f"{self._server.replace('postgresql://', 'postgresql+psycopg://')}/{name}"

    def _drop(self, name: str) -> None:
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _do(self, statement: str, *names: str) -> None:
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
