"""Bring the database to the newest shape (Alembic), one process at a time."""

from alembic import command
from alembic.config import Config

from bot.settings import ROOT


def migrate(database_url: str) -> None:
    """Apply every migration that is missing.

    The revisions themselves take the lock: an immediate transaction on SQLite, an advisory lock on PostgreSQL
    (`migrations/env.py`), so several replicas may start at once.
    """
    command.upgrade(alembic_config(database_url), "head")


def alembic_config(database_url: str) -> Config:
    """Alembic's configuration for this database, without an ini file."""
    config = Config()
    for option, value in (
        ("script_location", str(ROOT / "bot" / "store" / "migrations")),
        ("sqlalchemy.url", database_url),
    ):
        config.set_main_option(option, value.replace("%", "%%"))
    return config
