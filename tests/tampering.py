"""What somebody can do who owns the database, and for whom its triggers are no hindrance."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.session import Store


@contextmanager
def tampering(store: Store) -> Iterator[Session]:
    """A transaction in which the audit log can be changed."""
    with store.transaction() as session:
        if store.sqlite:
            for act in ("update", "delete"):
                session.execute(sa.text(f"DROP TRIGGER IF EXISTS audit_entry_no_{act}"))
        else:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        yield session
