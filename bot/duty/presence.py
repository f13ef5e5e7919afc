"""Who sits before a desk: browsers that show it are heard from every few seconds."""

from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.models import DeskPresence, Page, WorkState
from bot.store.session import insert

FRESH = timedelta(seconds=10)
"""A desk that was not heard from for so long has lost its connection: its officer is not there."""
_FORGOTTEN = timedelta(hours=1)


class Hearing(StrEnum):
    """What a page to a desk has for a receipt: whether it sounds there, as far as is known now."""

    AUDIBLE = "audible"
    MUTED = "muted"
    UNHEARD = "unheard"  # it may be a page that is loaded again
    LOST = "lost"


ABSENT = (Hearing.MUTED, Hearing.LOST)
"""Whose desk is mute, or was lost after its page, is not there."""


def seen(session: Session, client: str, officer: str, *, audible: bool, now: datetime) -> None:
    """A browser shows the desk to an officer; `audible`: it may make a sound. To be told every few seconds."""
    told = {"officer": officer, "audible": audible, "seen_at": now}
    known = session.execute(
        sa.update(DeskPresence).where(DeskPresence.client == client).values(told).returning(DeskPresence.client)
    )
    if known.one_or_none() is None:
        row = insert(session, DeskPresence).values(client=client, **told)
        session.execute(row.on_conflict_do_update(index_elements=["client"], set_=told))
        _forget(session, now)


def gone(session: Session, client: str) -> None:
    """A browser has left the desk."""
    session.execute(sa.delete(DeskPresence).where(DeskPresence.client == client))


def connected(session: Session, officer: str, now: datetime) -> bool:
    """Whether a desk of this officer was heard from just now."""
    return bool(session.scalar(sa.select(sa.exists(_fresh(officer, now)))))


def audible(session: Session, officer: str, now: datetime) -> bool:
    """Whether one of them may make a sound: a muted desk wakes nobody."""
    return bool(session.scalar(sa.select(sa.exists(_fresh(officer, now).where(DeskPresence.audible)))))


def reached() -> sa.ColumnElement[bool]:
    """Of a page: it got to somebody who is there."""
    return sa.and_(Page.state == WorkState.DONE, sa.func.coalesce(Page.receipt, "").not_in(ABSENT))


def _fresh(officer: str, now: datetime) -> sa.Select[str]:
    return sa.select(DeskPresence.client).where(DeskPresence.officer == officer, DeskPresence.seen_at > now - FRESH)


def _forget(session: Session, now: datetime) -> None:
    """Delete what browsers left that ended without a word."""
    session.execute(sa.delete(DeskPresence).where(DeskPresence.seen_at < now - _FORGOTTEN))
