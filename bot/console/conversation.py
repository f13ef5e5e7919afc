"""One case in full: what was said, what was answered, who was paged, who took it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from bot.console.queries import CaseCard, brief, read_card
from bot.duty import conversation, handling, timeline
from bot.duty.case import talked_about
from bot.duty.timeline import Act
from bot.duty.watch import Watch
from bot.store.models import (
    TRANSCRIPT,
    AuditorPage,
    Case,
    CaseId,
    Media,
    Message,
    Note,
    Page,
    PageKind,
    Reply,
    Resident,
    ResidentId,
    WorkState,
)
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
    out in a voice; `speaker` tells residents apart where several are heard in a case; `read_by` says which model
    read it, or that the safety net alone did."""

    key: str
    at: datetime
    kind: str
    text: str
    place: str | None
    media: tuple[MediaFile, ...]
    transcript: str = ""
    speaker: str = "居民"
    read_by: str = ""


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
    picture: str | None = None
    to: str = ""


@dataclass(frozen=True)
class Paged:
    """A page over a channel, which is known by its name. Level -1: the auditor."""

    key: str
    at: datetime
    level: int
    officer: str
    channel: str
    state: str
    error: str | None
    kind: str = PageKind.ALARM
    receipt: str | None = None


@dataclass(frozen=True)
class Parts:
    """Which cases are part of a case, and which one it is part of."""

    merged_into: CaseId | None
    merged: tuple[CaseId, ...]


@dataclass(frozen=True)
class Noted:
    """An officer's note."""

    key: str
    at: datetime
    author: str
    text: str


@dataclass(frozen=True)
class Held:
    """The officer who talks with the resident by hand, and until when the bot is silent."""

    by: str
    until: datetime


@dataclass(frozen=True)
class Conversation:
    """A case with all that belongs to it. `speakers`: with whom it can be talked about, its own resident first."""

    card: CaseCard
    intent: str
    parts: Parts
    speakers: tuple[str, ...]
    notes: tuple[Noted, ...]
    acts: tuple[Act, ...]
    held: Held | None
    talk: tuple[Said | Answered, ...]
    pages: tuple[Paged, ...]

    @property
    def heard(self) -> int:
        """How many messages of residents it shows."""
        return sum(isinstance(entry, Said) for entry in self.talk)


def read_conversation(session: Session, case_id: CaseId, *, watch: Watch, now: datetime) -> Conversation | None:
    """The case with its messages, replies and pages, oldest first; None when there is no such case."""
    card = read_card(session, case_id, watch=watch, now=now)
    if card is None:
        return None
    case = session.get_one(Case, case_id)
    parts = _parts(session, case)
    residents = handling.residents_of(session, case)
    names = _names(residents, hidden=card.pseudonym is None)
    ids = [case_id, *parts.merged]
    messages = session.scalars(
        sa.select(Message)
        .where(Message.case_id.in_(ids), Message.kind != "event")
        .options(selectinload(Message.media))
        .order_by(Message.id)
    ).all()
    said = [said_in(message, speaker=names.get(message.resident_id, "居民")) for message in messages]
    return Conversation(
        card=card,
        intent=case.intent,
        parts=parts,
        speakers=tuple(names.get(resident.id, "居民") for resident in residents),
        notes=_notes(session, case_id),
        acts=tuple(timeline.acts(session, case_id)),
        held=next((held for resident in residents if (held := _held(session, case, resident, now))), None),
        talk=in_order([*said, *_answers(session, ids, messages, names)]),
        pages=_pages(session, case_id),
    )


def _parts(session: Session, case: Case) -> Parts:
    merged = session.scalars(sa.select(Case.id).where(Case.merged_into_id == case.id).order_by(Case.id))
    return Parts(
        merged_into=case.merged_into_id,
        merged=tuple(merged),
    )


def _names(residents: Sequence[Resident], *, hidden: bool) -> dict[ResidentId, str]:
    """How the residents of a case are told apart; nothing where there is only one."""
    if len(residents) == 1:
        return {}
    return {
        resident.id: f"举报人{number}" if hidden else f"居民 {resident.pseudonym}"
        for number, resident in enumerate(residents, start=1)
    }


def _notes(session: Session, case_id: CaseId) -> tuple[Noted, ...]:
    notes = session.scalars(sa.select(Note).where(Note.case_id == case_id).order_by(Note.id))
    return tuple(Noted(f"note-{note.id}", note.written_at, note.author, note.text) for note in notes)


def _held(session: Session, case: Case, resident: Resident, now: datetime) -> Held | None:
    """Who talks with a resident of a case. On a tip it is told only of a talk about a tip, and elsewhere never of such
    a one: either would join a name to it."""
    if resident.held_by is None or resident.held_until is None or not conversation.held(resident, now=now):
        return None
    case_id = talked_about(session, resident.id, now=now)
    hidden = session.get_one(Case, case_id).confidential if case_id else False
    return Held(resident.held_by, resident.held_until) if hidden == case.confidential else None


def said_in(message: Message, *, speaker: str = "居民") -> Said:
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
        speaker=speaker,
        read_by=_reader_of(message),
    )


def _reader_of(message: Message) -> str:
    """Who read a message; "" where nobody did, as a tap or a picture."""
    if message.read_by_model is False:
        return "安全网（当时没有模型回答）"
    return f"模型 {message.model}" if message.model else ""


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


def _answers(
    session: Session, ids: Sequence[CaseId], messages: Sequence[Message], names: Mapping[ResidentId, str]
) -> list[Answered]:
    replies = session.scalars(
        sa.select(Reply)
        .where(sa.or_(Reply.case_id.in_(ids), Reply.message_id.in_([message.id for message in messages])))
        .order_by(Reply.id)
    )
    return [answered(reply, to=names.get(reply.resident_id, "")) for reply in replies]


def answered(reply: Reply, *, to: str = "") -> Answered:
    """A reply as an officer reads it."""
    return Answered(
        key=f"reply-{reply.id}",
        at=reply.created_at,
        author=reply.author,
        text=reply.text,
        state=reply.state,
        error=reply.error,
        article=Article(**reply.article) if reply.article else None,
        picture=reply.picture,
        to=to,
    )


def in_order(entries: Iterable[Said | Answered]) -> tuple[Said | Answered, ...]:
    """By time; a reply of the very moment comes after the message that it answers."""
    return tuple(sorted(entries, key=lambda entry: (entry.at, isinstance(entry, Answered))))


def _pages(session: Session, case_id: CaseId) -> tuple[Paged, ...]:
    pages = [
        Paged(
            key=f"page-{page.id}",
            at=page.sent_at or page.created_at,
            level=page.level,
            officer=page.officer,
            channel=page.channel,
            state=page.state,
            error=page.error,
            kind=page.kind,
            receipt=page.receipt,
        )
        for page in session.scalars(sa.select(Page).where(Page.case_id == case_id))
    ]
    pages += [
        Paged(f"auditor-{row.id}", row.paged_at, -1, "全体", "", WorkState.DONE, None)
        for row in session.scalars(sa.select(AuditorPage).where(AuditorPage.case_id == case_id))
    ]
    return tuple(sorted(pages, key=lambda page: page.at))
