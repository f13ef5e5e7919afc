"""Evidence: a resident's picture, voice or video, fetched at once and kept under its hash."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.services import photos
from bot.store.models import CaseId, Media, Message, Reply, WorkState
from bot.store.session import claim_due, retry_later, still_mine
from bot.wechat.client import Download
from bot.wechat.errors import PlatformError
from bot.wechat.outbound import picture_type

LEASE = timedelta(seconds=60)
_CASES = 5
"""Of how many cases a file is told to be: what goes round is sent by many."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ATTEMPTS, _LONGEST_WAIT = 80, timedelta(hours=1)
"""About the three days for which the platform keeps a file."""
_LOST_AFTER = 10
"""Attempts, in eight minutes, after which an application's photo is asked for again; the others go on."""


def claim_media(session: Session, *, now: datetime, limit: int) -> list[Media]:
    """Claim files that are to be fetched."""
    missing = [Media.sha256.is_(None)]
    return list(claim_due(session, Media, now=now, lease=LEASE, limit=limit, where=missing))


def settle_media(
    session: Session, media: Media, outcome: tuple[Download, str] | PlatformError, *, transcribe: bool, now: datetime
) -> None:
    """Write down the file's hash, size and type, or when to try again.

    A voice that is to be transcribed stays work in hand (`bot/intake/voices.py`); a photo for an application that is
    of no use is asked for again.
    """
    mine = still_mine(session, Media, media.id, media.attempts)
    if mine is None:
        return
    if isinstance(outcome, PlatformError):
        retry_later(mine, now=now, error=str(outcome), limit=_ATTEMPTS, longest=_LONGEST_WAIT)
        if mine.attempts >= _LOST_AFTER:
            photos.judged(session, mine, photos.LOST, now=now)
        return
    download, digest = outcome
    mine.sha256, mine.size, mine.content_type = digest, len(download.content), download.content_type[:100]
    mine.error = None
    if transcribe and mine.kind == "voice":
        mine.due_at = now
    else:
        mine.state = WorkState.DONE
    photos.judged(session, mine, photos.problem_with(download.content), now=now)


class EvidenceStore:
    """Files named by their SHA-256, readable by the owner only; the same file is kept once."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, digest: str) -> Path:
        """Where the file with this hash lies."""
        return self._root / digest[:2] / digest

    def read(self, digest: str) -> bytes:
        """What the file holds. Raises OSError when it is not there."""
        return self.path(digest).read_bytes()

    def keep(self, content: bytes) -> str:
        """Write a file durably and give its SHA-256 in hex."""
        digest = hashlib.sha256(content).hexdigest()
        target = self.path(digest)
        if target.exists():
            target.touch()  # as young as a new one: retention leaves those alone that no row may know yet
        else:
            for folder in (self._root, target.parent):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # A name of its own: two residents may send the same file at the same moment.
            with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as scratch:
                scratch.write(content)
                scratch.flush()
                os.fsync(scratch.fileno())
            Path(scratch.name).rename(target)
            _sync(target.parent)
        return digest


def _sync(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class KnownFile:
    """A file that a resident or an officer has sent: its type, and the cases that hold it, the newest first."""

    content_type: str | None
    case_ids: tuple[CaseId, ...]


def known_file(session: Session, files: EvidenceStore, digest: str) -> KnownFile | None:
    """The file with this hash; None where nobody has sent it."""
    if not _DIGEST.fullmatch(digest):
        return None
    row = session.execute(sa.select(Media.content_type).where(Media.sha256 == digest).limit(1)).first()
    if row:
        return KnownFile(row.content_type, _cases_with(session, digest))
    sent = session.scalars(sa.select(Reply.id).where(Reply.picture == digest).limit(1)).first()
    if sent is None or not files.path(digest).is_file():
        return None
    with files.path(digest).open("rb") as file:  # an officer's picture is what it holds
        return KnownFile(picture_type(file.read(16)), _cases_with(session, digest))


def _cases_with(session: Session, digest: str) -> tuple[CaseId, ...]:
    received = sa.select(Message.case_id).join(Media, Media.message_id == Message.id).where(Media.sha256 == digest)
    sent = sa.select(Reply.case_id).where(Reply.picture == digest)
    number = sa.union(received, sent).subquery().c.case_id
    query = sa.select(number).where(number.is_not(None)).order_by(number.desc()).limit(_CASES)
    return tuple(session.scalars(query))
