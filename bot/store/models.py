"""The tables. A row with a state and a `due_at` is a piece of work: claiming it moves `due_at` ahead by a lease, so
that work of a process that died comes due again by itself; `attempts` is the fencing token of the claim."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

ResidentId = NewType("ResidentId", int)
MessageId = NewType("MessageId", int)
CaseId = NewType("CaseId", int)


# SQLite numbers rows by itself only in a column that is exactly INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


_UNREAD, _UNREAD_SQLITE = text("read_by_model IS false"), text("read_by_model IS 0")


TRANSCRIPT = "transcript"
"""In a message's payload: its text was made out of a voice by a machine."""
PHOTO_PROBLEM = "photo_problem"
"""In a message's payload: what is wrong with its picture as a photo for an application (`bot/services/photos.py`)."""


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware moment, kept as UTC without an offset: SQLite has no type for one."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values, turn the rest into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a timezone; use Clock.now()")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its timezone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Every table's parent."""

    type_annotation_map = {  # noqa: RUF012
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        ResidentId: _Id,
        MessageId: _Id,
        CaseId: _Id,
    }


class WorkState(StrEnum):
    """Where a piece of work stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CaseState(StrEnum):
    """Where a case stands: open until an officer acknowledges, then until one closes it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Work:
    """The columns that make a row a piece of work."""

    if TYPE_CHECKING:
        id: Mapped[Any]
    state: Mapped[str] = mapped_column(String(16), default=WorkState.PENDING)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text, default=None)


class Resident(Base):
    """Someone who writes to the account. The openid stays in this table; everything else knows the pseudonym."""

    __tablename__ = "resident"
    id: Mapped[ResidentId] = mapped_column(primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), unique=True)
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)
    first_seen_at: Mapped[datetime]
    # The officer who talks with the resident by hand; until then the bot is silent.
    held_by: Mapped[str | None] = mapped_column(String(64), default=None)
    held_until: Mapped[datetime | None] = mapped_column(default=None)


class Case(Base):
    """What the station must act on: one resident's alarm, request or tip, with all that belongs to it."""

    __tablename__ = "case"
    __table_args__ = (Index("ix_case_state_label", "state", "label"),)
    id: Mapped[CaseId] = mapped_column(primary_key=True)
    resident_id: Mapped[ResidentId] = mapped_column(ForeignKey("resident.id"), index=True)
    label: Mapped[str] = mapped_column(String(16))
    intent: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default=CaseState.OPEN)
    uncertain: Mapped[bool] = mapped_column(default=False)
    silent: Mapped[bool] = mapped_column(default=False)
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    # When and by which message it became an alarm: the case may have begun as a request.
    alarmed_at: Mapped[datetime | None] = mapped_column(default=None)
    alarm_message_id: Mapped[MessageId | None] = mapped_column(default=None)
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)
    acknowledged_by: Mapped[str | None] = mapped_column(String(64), default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    # The questions of `nlu_data/alarm_questions.yml` that the resident has been asked, in order.
    asked: Mapped[list[Any]] = mapped_column(default=list)
    # When the resident wrote that it is over ("人找到了"). An officer still has to close the case.
    resolved_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_by: Mapped[str | None] = mapped_column(String(64), default=None)
    disposition: Mapped[str | None] = mapped_column(String(16), default=None)
    closing_word: Mapped[str] = mapped_column(Text, default="")

    resident: Mapped[Resident] = relationship()
    messages: Mapped[list["Message"]] = relationship(back_populates="case", order_by="Message.id")
    pages: Mapped[list["Page"]] = relationship(back_populates="case", order_by="Page.id")
    escalations: Mapped[list["Escalation"]] = relationship(back_populates="case", order_by="Escalation.id")


class Message(Work, Base):
    """The inbox: a message or event of a resident, stored before WeChat hears that it arrived."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("resident_id", "key", name="uq_message_resident_key"),
        Index("ix_message_state_due", "state", "due_at"),
        Index("ix_message_resident_state", "resident_id", "state", "id"),
        # Small at all times, so that looking for what is to be read again costs nothing.
        Index("ix_message_reread", "due_at", postgresql_where=_UNREAD, sqlite_where=_UNREAD_SQLITE),
    )
    id: Mapped[MessageId] = mapped_column(primary_key=True)
    resident_id: Mapped[ResidentId] = mapped_column(ForeignKey("resident.id"))
    key: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text, default="")
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None] = mapped_column(default=None)
    # None: not read; False: read by the safety net alone, to be read again when Rasa is back; True: read by the model.
    read_by_model: Mapped[bool | None] = mapped_column(default=None)
    triage: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    case_id: Mapped[CaseId | None] = mapped_column(ForeignKey("case.id"), index=True, default=None)

    resident: Mapped[Resident] = relationship()
    case: Mapped[Case | None] = relationship(back_populates="messages")
    replies: Mapped[list["Reply"]] = relationship(order_by="Reply.id")
    media: Mapped[list["Media"]] = relationship(back_populates="message", order_by="Media.id")


class Reply(Work, Base):
    """The outbox to a resident; `via` is "passive" or "custom". A failed one is shown to officers as undelivered."""

    __tablename__ = "reply"
    __table_args__ = (Index("ix_reply_state_due", "state", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[ResidentId] = mapped_column(ForeignKey("resident.id"), index=True)
    message_id: Mapped[MessageId | None] = mapped_column(ForeignKey("message.id"), index=True, default=None)
    case_id: Mapped[CaseId | None] = mapped_column(ForeignKey("case.id"), index=True, default=None)
    author: Mapped[str] = mapped_column(String(64), default="bot")
    text: Mapped[str] = mapped_column(Text)
    buttons: Mapped[list[Any]] = mapped_column(default=list)
    # A picture card (bot/wechat/outbound.py, Article); `text` then says the same in words.
    article: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    via: Mapped[str] = mapped_column(String(16), default="custom")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(default=None)

    resident: Mapped[Resident] = relationship()


class Escalation(Work, Base):
    """A deadline: if the case is still unacknowledged at `due_at`, the officer of this level is paged."""

    __tablename__ = "escalation"
    __table_args__ = (
        UniqueConstraint("case_id", "level", name="uq_escalation_case_level"),
        Index("ix_escalation_state_due", "state", "due_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column(ForeignKey("case.id"))
    level: Mapped[int]

    case: Mapped[Case] = relationship(back_populates="escalations")


class Page(Work, Base):
    """One page to one officer over one channel; its id is the idempotency key that the channel is given."""

    __tablename__ = "page"
    __table_args__ = (
        UniqueConstraint("case_id", "level", "channel", name="uq_page_case_level_channel"),
        Index("ix_page_state_due", "state", "due_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column(ForeignKey("case.id"))
    level: Mapped[int]
    officer: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(default=None)

    case: Mapped[Case] = relationship(back_populates="pages")


class Media(Work, Base):
    """A picture, voice or video: fetched at once (the platform keeps it three days), kept as evidence with its hash."""

    __tablename__ = "media"
    __table_args__ = (Index("ix_media_state_due", "state", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[MessageId] = mapped_column(ForeignKey("message.id"), index=True)
    media_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    content_type: Mapped[str | None] = mapped_column(String(100), default=None)
    sha256: Mapped[str | None] = mapped_column(String(64), default=None)
    size: Mapped[int | None] = mapped_column(default=None)

    message: Mapped[Message] = relationship(back_populates="media")


class ApplicationState(StrEnum):
    """Where an application stands; the officer moves it."""

    SUBMITTED = "submitted"
    MORE = "more"
    APPROVED = "approved"
    REJECTED = "rejected"
    READY = "ready"


class Application(Base):
    """A dog licence or residence permit, applied for in the chat. Photos are messages with their media."""

    __tablename__ = "application"
    __table_args__ = (Index("ix_application_state", "state", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[ResidentId] = mapped_column(ForeignKey("resident.id"), index=True)
    # The message that confirmed it: submitting the same one again is the same application.
    message_id: Mapped[MessageId] = mapped_column(ForeignKey("message.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    receipt: Mapped[str | None] = mapped_column(String(32), unique=True, default=None)
    state: Mapped[str] = mapped_column(String(16), default=ApplicationState.SUBMITTED)
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Field of the form, or "more", to the numbers of the messages that hold its pictures.
    photos: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # What happened to it: {at, by, state, reason}, oldest first.
    history: Mapped[list[Any]] = mapped_column(default=list)
    submitted_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    resident: Mapped[Resident] = relationship()


class Heartbeat(Base):
    """When a part of Fujin last did its round; `/readyz` and the auditor read it."""

    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    healthy: Mapped[bool] = mapped_column(default=True)
    detail: Mapped[str] = mapped_column(Text, default="")


class AuditorPage(Base):
    """That the auditor has paged for a stalled case by itself; one row for each deadline that was missed."""

    __tablename__ = "auditor_page"
    __table_args__ = (UniqueConstraint("case_id", "missed_at", name="uq_auditor_page_case_missed"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column(ForeignKey("case.id"))
    missed_at: Mapped[datetime]
    paged_at: Mapped[datetime]


class LookupTable(Base):
    """One import of a table that residents look things up in; the newest one that is `ready` answers them.

    Rows arrive in many short transactions and become visible in one, so that a million of them hold up no alarm.
    """

    __tablename__ = "lookup_table"
    __table_args__ = (Index("ix_lookup_table_kind_ready", "kind", "ready"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    demo: Mapped[bool] = mapped_column(default=False)
    ready: Mapped[bool] = mapped_column(default=False)
    imported_at: Mapped[datetime]


class CommunityOfficer(Base):
    """Who is responsible for a community, or for a street or compound of it, or for some house numbers there.

    An empty `street` is the whole community; `parity` is "odd", "even" or empty for both sides of the street.
    """

    __tablename__ = "community_officer"
    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    table_id: Mapped[int] = mapped_column(ForeignKey("lookup_table.id"), index=True)
    community: Mapped[str] = mapped_column(String(40))
    street: Mapped[str] = mapped_column(String(40), default="")
    first_number: Mapped[int | None] = mapped_column(default=None)
    last_number: Mapped[int | None] = mapped_column(default=None)
    parity: Mapped[str] = mapped_column(String(4), default="")
    officer: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(40), default="")
    hours: Mapped[str] = mapped_column(String(100), default="")


class RegisteredName(Base):
    """How many of the residents registered here bear a name: the name and the count, and nothing else of anybody."""

    __tablename__ = "registered_name"
    __table_args__ = (UniqueConstraint("table_id", "name", name="uq_registered_name_table_name"),)
    id: Mapped[int] = mapped_column(_Id, primary_key=True)
    table_id: Mapped[int] = mapped_column(ForeignKey("lookup_table.id"))
    name: Mapped[str] = mapped_column(String(40))
    count: Mapped[int]
