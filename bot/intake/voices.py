"""Voices: a kept voice message is transcribed, and its words are read as a text of that resident would be.

The transcript only ever adds: it may raise the case that the voice is in, and an officer listens all the same.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from bot.duty import case as duty_case
from bot.intake import handler, inbox
from bot.intake.desk import Desk
from bot.nlu.triage import Triage
from bot.store.models import TRANSCRIPT, Media, Message, WorkState
from bot.store.session import claim_due, still_mine

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
_MOST_CHARACTERS = 5000


def claim_voices(session: Session, *, now: datetime, limit: int) -> list[Media]:
    """Claim voices that are kept and not listened to yet."""
    kept = [Media.sha256.is_not(None)]
    return list(claim_due(session, Media, now=now, lease=LEASE, limit=limit, where=kept))


def settle_voice(session: Session, media: Media, transcript: str | None, desk: Desk, *, now: datetime) -> None:
    """Put the transcript on the message, raise the alarm that the safety net sees in it, and leave it to the model.

    The model reads it on the engine's line for what only the net has read; there it can only raise, too.
    """
    mine = still_mine(session, Media, media.id, media.attempts)
    if mine is None:
        return
    mine.state, mine.error = WorkState.DONE, None
    if not transcript:
        return
    message = session.get_one(Message, mine.message_id, with_for_update=True)
    message.text, message.payload = transcript[:_MOST_CHARACTERS], {**message.payload, TRANSCRIPT: True}
    message.read_by_model, message.due_at = False, now
    alarm = desk.net_triage(message.text, inbox.fragments_before(session, message))
    if alarm is None:
        return
    try:
        with session.begin_nested():
            reread(session, message, alarm, desk, now=now)
    except Exception:
        log.exception("alarm.not_raised", message_id=message.id)  # the model's reading is still to come


def reread(session: Session, message: Message, triage: Triage, desk: Desk, *, now: datetime) -> None:
    """Let a later reading of a message raise its case."""
    heard = handler.in_its_alarm(session, message, triage, desk, now)
    duty_case.reread(session, message, heard, watch=desk.watch(), now=now)
