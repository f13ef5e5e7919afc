"""One case in full: what was said, what was answered, who was paged, who took it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from bot.console.queries import CaseCard, brief, read_card
from bot.duty import conversation
from bot.duty.roster import Roster
from bot.store.models import TRANSCRIPT, AuditorPage, Case, CaseId, Media, Message, Page, Reply, WorkState
from bot.wechat.outbound import Article


@dataclass(frozen=True)
class MediaFile:
    """A resident's file: stored once it has a hash; until then `error` tells why it is not there yet."""

    id: int
    kind: str
    sha256: str | None
    content_type: str | None
    size: int | None
    error: str | None


@dataclass(frozen=True)
class Said:
    """A resident's message. `place` is "latitude, longitude" of a shared location; `transcript` is what a machine made
    out in a voice."""

    key: str
    at: datetime
    kind: str
    text: str
    place: str | None
    media: tuple[MediaFile, ...]
    transcript: str = ""


@dataclass(frozen=True)
class Answered:
    """A reply to the resident and how far it got: a `WorkState`, and why if not delivered."""

    key: str
    at: datetime
    author: str
    text: str
    state: str
    error: str | None
    article: Article | None = None


@dataclass(frozen=True)
class Paged:
    """A page; `host` is all that is told of the channel, because its address may hold a key. Level -1: the auditor."""

    key: str
    at: datetime
    level: int
    officer: str
    host: str
    state: str
    error: str | None


@dataclass(frozen=True)
class Held:
    """The officer who talks with the resident by hand, and until when the bot is silent."""

    by: str
    until: datetime


@dataclass(frozen=True)
class Conversation:
    """A case with all that belongs to it."""

    card: CaseCard
    held: Held | None
    talk: tuple[Said | Answered, ...]
    pages: tuple[Paged, ...]


def read_conversation(session: Session, case_id: CaseId, *, roster: Roster, now: datetime) -> Conversation | None:
    """The case with its messages, replies and pages, oldest first; None when there is no such case."""
    card = read_card(session, case_id, roster=roster)
    if card is None:
        return None
    messages = session.scalars(
        sa.select(Message)
        .where(Message.case_id == case_id, Message.kind != "event")
        .options(selectinload(Message.media))
        .order_by(Message.id)
    ).all()
    # By time; a reply of the very moment comes after the message that it answers.
    talk: list[Said | Answered] = [*map(said_in, messages), *_answers(session, case_id, messages)]
    talk.sort(key=lambda entry: (entry.at, isinstance(entry, Answered)))
    held = _held(session, case_id, now)
    return Conversation(card=card, held=held, talk=tuple(talk), pages=_pages(session, case_id))


def _held(session: Session, case_id: CaseId, now: datetime) -> Held | None:
    resident = session.get_one(Case, case_id).resident
    if resident.held_by is None or resident.held_until is None or not conversation.held(resident, now=now):
        return None
    return Held(resident.held_by, resident.held_until)


def said_in(message: Message) -> Said:
    """A message as an officer reads it."""
    payload = message.payload
    text = message.text if message.kind in {"text", "location"} else brief(message.kind, "")
    if message.kind == "link":
        text = " ".join(str(payload[name]) for name in ("Title", "Description", "Url") if payload.get(name))
    return Said(
        key=f"message-{message.id}",
        at=message.received_at,
        kind=message.kind,
        text=text,
        place=_place(payload) if message.kind == "location" else None,
        media=tuple(stored_file(media) for media in message.media),
        transcript=message.text if payload.get(TRANSCRIPT) else "",
    )


def _place(payload: Mapping[str, Any]) -> str | None:
    latitude, longitude = payload.get("Location_X"), payload.get("Location_Y")
    return f"{latitude}, {longitude}" if latitude and longitude else None


def stored_file(media: Media) -> MediaFile:
    """A file as far as it has been fetched."""
    return MediaFile(
        id=media.id,
        kind=media.kind,
        sha256=media.sha256,
        content_type=media.content_type,
        size=media.size,
        error=media.error,
    )


def _answers(session: Session, case_id: CaseId, messages: Sequence[Message]) -> list[Answered]:
    replies = session.scalars(
        sa.select(Reply)
        .where(sa.or_(Reply.case_id == case_id, Reply.message_id.in_([message.id for message in messages])))
        .order_by(Reply.id)
    )
    return [
        Answered(
            key=f"reply-{reply.id}",
            at=reply.created_at,
            author=reply.author,
            text=reply.text,
            state=reply.state,
            error=reply.error,
            article=Article(**reply.article) if reply.article else None,
        )
        for reply in replies
    ]


def _pages(session: Session, case_id: CaseId) -> tuple[Paged, ...]:
    pages = [
        Paged(
            key=f"page-{page.id}",
            at=page.sent_at or page.created_at,
            level=page.level,
            officer=page.officer,
            host=urlsplit(page.channel.removeprefix("webhook+")).hostname or "",
            state=page.state,
            error=page.error,
        )
        for page in session.scalars(sa.select(Page).where(Page.case_id == case_id))
    ]
    pages += [
        Paged(f"auditor-{row.id}", row.paged_at, -1, "全体", "", WorkState.DONE, None)
        for row in session.scalars(sa.select(AuditorPage).where(AuditorPage.case_id == case_id))
    ]
    return tuple(sorted(pages, key=lambda page: page.at))
