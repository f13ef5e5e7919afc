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
    false,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

ResidentId = NewType("ResidentId", int)
MessageId = NewType("MessageId", int)
CaseId = NewType("CaseId", int)


# SQLite numbers rows by itself only in a column that is exactly INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")


_UNREAD, _UNREAD_SQLITE = text("read_by_model IS false"), text("read_by_model IS 0")
_HELD = text("held_until IS NOT NULL")


TRANSCRIPT = "transcript"
"""In a message's payload: its text was made out of a voice by a machine."""
LATE = "late"
"""In a message's payload: a model read it only after it had been handled without one."""
PHOTO_PROBLEM = "photo_problem"
"""In a message's payload: what is wrong with its picture as a photo for an application (`bot/services/photos.py`)."""
OF_FORM = "of_form"
"""In a message's payload: it answered a form, and is none of those from which anything is learnt."""


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


class EscalationKind(StrEnum):
    """What a deadline waits for: an acknowledgement, anything that is done about an acknowledged case, or the officer
    to whom it was offered."""

    CLIMB = "climb"
    SILENCE = "silence"
    OFFER = "offer"


class PageKind(StrEnum):
    """What a page asks for: that somebody takes the case; that this officer takes it over from another; that the
    officer who has it goes on, because nobody has; or looks again, because of another danger, or because its resident
    says that it is over."""

    ALARM = "alarm"
    OFFER = "offer"
    RETURNED = "returned"
    TURNED = "turned"
    OVER = "over"


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
    # Those whom an officer talks with now are few, and found among millions.
    __table_args__ = (Index("ix_resident_held_until", "held_until", postgresql_where=_HELD, sqlite_where=_HELD),)
    id: Mapped[ResidentId] = mapped_column(primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), unique=True)
    pseudonym: Mapped[str] = mapped_column(String(32), unique=True)
    first_seen_at: Mapped[datetime]
    # The officer who talks with the resident by hand; until then the bot is silent.
    held_by: Mapped[str | None] = mapped_column(String(64), default=None)
    held_until: Mapped[datetime | None] = mapped_column(default=None)
    # Has objected to the use of their messages for training (`bot/studio/material.py`).
    not_for_training: Mapped[bool] = mapped_column(default=False, server_default=false())


class Case(Base):
    """What the station must act on: one resident's alarm, request or tip, with all that belongs to it."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_state_label", "state", "label", "id"),
        Index("ix_case_state_updated", "state", "updated_at"),
        Index("ix_case_opened_at", "opened_at", "id"),
    )
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
    # The questions of `nlu_data/alarm_questions.yml` that the resident has been asked, in order; among them that it is
    # over (`bot.duty.case.TOLD_OVER`), and other dangers for which the officer who has it was paged.
    asked: Mapped[list[Any]] = mapped_column(default=list)
    # When the resident wrote that it is over ("人找到了"). An officer still has to close the case.
    resolved_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_by: Mapped[str | None] = mapped_column(String(64), default=None)
    disposition: Mapped[str | None] = mapped_column(String(16), default=None)
    # To whom, where it was handed on: "119", "12345" … (bot/duty/handling.py).
    referred_to: Mapped[str | None] = mapped_column(String(16), default=None)
    closing_word: Mapped[str] = mapped_column(Text, default="")
    # How it is paged for, as the policy was when it was opened (bot/duty/policy.py).
    policy: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    # When an officer last did something about it, or the page that asks again went out.
    acted_at: Mapped[datetime | None] = mapped_column(default=None)
    assigned_to: Mapped[str | None] = mapped_column(String(64), default=None)
    # An officer who is asked to take it over; until they do, the one who acknowledged has it.
    offered_to: Mapped[str | None] = mapped_column(String(64), default=None)
    # Other officers who are on it too.
    joined: Mapped[list[Any]] = mapped_column(default=list)
    # The case that it is part of; what its resident writes goes there (bot/duty/merging.py).
    merged_into_id: Mapped[CaseId | None] = mapped_column(index=True, default=None)
    # Evidence of a proceeding: retention leaves it alone.
    on_hold: Mapped[bool] = mapped_column(default=False)
    # Is or was a tip: its resident is a reporter, and not named (bot/duty/case.py). What was opened by a program that
    # does not know this may be one.
    confidential: Mapped[bool] = mapped_column(default=False, server_default=true())

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
        Index("ix_message_received_at", "received_at", "id"),
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
    # The model that read it, by its name in the registry.
    model: Mapped[str | None] = mapped_column(String(64), default=None)
    case_id: Mapped[CaseId | None] = mapped_column(ForeignKey("case.id"), index=True, default=None)

    resident: Mapped[Resident] = relationship()
    case: Mapped[Case | None] = relationship(back_populates="messages")
    replies: Mapped[list["Reply"]] = relationship(order_by="Reply.id")
    media: Mapped[list["Media"]] = relationship(back_populates="message", order_by="Media.id")


class Reply(Work, Base):
    """The outbox to a resident; `via` is "passive" or "custom". A failed one is shown to officers as undelivered."""

    __tablename__ = "reply"
    __table_args__ = (Index("ix_reply_state_due", "state", "due_at"), Index("ix_reply_picture", "picture"))
    id: Mapped[int] = mapped_column(primary_key=True)
    resident_id: Mapped[ResidentId] = mapped_column(ForeignKey("resident.id"), index=True)
    message_id: Mapped[MessageId | None] = mapped_column(ForeignKey("message.id"), index=True, default=None)
    case_id: Mapped[CaseId | None] = mapped_column(ForeignKey("case.id"), index=True, default=None)
    author: Mapped[str] = mapped_column(String(64), default="bot")
    text: Mapped[str] = mapped_column(Text)
    buttons: Mapped[list[Any]] = mapped_column(default=list)
    # A picture card (bot/wechat/outbound.py, Article); `text` then says the same in words.
    article: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    # A picture that an officer sends, by its hash in the evidence store.
    picture: Mapped[str | None] = mapped_column(String(64), default=None)
    via: Mapped[str] = mapped_column(String(16), default="custom")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(default=None)

    resident: Mapped[Resident] = relationship()


class Escalation(Work, Base):
    """A deadline. Climbing: if the case is still unacknowledged at `due_at`, the next step of its policy is paged.
    Silence: if nobody has done anything about an acknowledged case until then, it is unacknowledged again.
    Offer: if the officer to whom a case was offered has not taken it over until then, the offer is over."""

    __tablename__ = "escalation"
    __table_args__ = (
        UniqueConstraint("case_id", "level", name="uq_escalation_case_level"),
        Index("ix_escalation_state_due", "state", "due_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column(ForeignKey("case.id"))
    # Counts the pages of a case, whatever step they are of.
    level: Mapped[int]
    # Place in the case's policy.
    step: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(16), default=EscalationKind.CLIMB)

    case: Mapped[Case] = relationship(back_populates="escalations")


class Page(Work, Base):
    """One page over one channel, to one officer or to a group; its id is the idempotency key that the channel is given.

    `officer` names whom it is meant for, several with 、 between them.
    """

    __tablename__ = "page"
    __table_args__ = (
        Index("ix_page_state_due", "state", "priority", "due_at"),
        Index("ix_page_case_level", "case_id", "level"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column(ForeignKey("case.id"))
    level: Mapped[int]
    officer: Mapped[str] = mapped_column(Text)
    # 0: the first page of an alarm, 1: its later ones, 2: what is no alarm.
    priority: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(16), default=PageKind.ALARM)
    # The channel's name, never its address, which holds keys.
    channel: Mapped[str] = mapped_column(String(300))
    # What the channel said of it: the vendor's number of a call, whether a desk may make a sound.
    receipt: Mapped[str | None] = mapped_column(String(64), index=True, default=None)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(default=None)

    case: Mapped[Case] = relationship(back_populates="pages")


class Media(Work, Base):
    """A picture, voice or video: fetched at once (the platform keeps it three days), kept as evidence with its hash."""

    __tablename__ = "media"
    __table_args__ = (Index("ix_media_state_due", "state", "due_at"), Index("ix_media_sha256", "sha256"))
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
    COLLECTED = "collected"


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


class ShiftChange(Base):
    """An everyday change of the roster: `officer` is on duty from `starts_at` to `ends_at`, instead of another or
    besides; without an `officer`, `instead_of` is away. Of two that contradict each other the later one counts."""

    __tablename__ = "shift_change"
    __table_args__ = (Index("ix_shift_change_ends_at", "ends_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    officer: Mapped[str | None] = mapped_column(String(64), default=None)
    instead_of: Mapped[str | None] = mapped_column(String(64), default=None)
    reason: Mapped[str] = mapped_column(Text, default="")
    # Of the calendar entry that it was imported from, so that importing again changes it instead of adding one.
    uid: Mapped[str | None] = mapped_column(String(200), unique=True, default=None)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]


class DeskPresence(Base):
    """A browser that shows the desk, and when it was last heard from: only then is a page to it delivered."""

    __tablename__ = "desk_presence"
    client: Mapped[str] = mapped_column(String(64), primary_key=True)
    officer: Mapped[str] = mapped_column(String(64), index=True)
    # Whether the browser may make a sound: a muted desk wakes nobody.
    audible: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime]


class ChannelQuota(Base):
    """A channel's rate limit, shared by all gateways: the moment at which its allowance is whole again (GCRA)."""

    __tablename__ = "channel_quota"
    channel: Mapped[str] = mapped_column(String(300), primary_key=True)
    whole_at: Mapped[datetime]


class Note(Base):
    """What officers write for each other about a case; residents never see it."""

    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column(ForeignKey("case.id"), index=True)
    author: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]


class Correction(Base):
    """An officer's other label for a case: what trainers learn from."""

    __tablename__ = "correction"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[CaseId] = mapped_column(ForeignKey("case.id"), index=True)
    message_id: Mapped[MessageId | None] = mapped_column(ForeignKey("message.id"), default=None)
    was: Mapped[str] = mapped_column(String(64))
    now: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]


class Account(Base):
    """Someone who may sign in to the console."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    # An officer signs in under the name that the roster and the cases know.
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    # Sealed (`bot/duty/one_time_codes.py`).
    totp_secret: Mapped[str | None] = mapped_column(String(200), default=None)
    # The last one-time code's time step: a code counts once.
    totp_step: Mapped[int | None] = mapped_column(BigInteger, default=None)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(default=None)
    must_change: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime]


class SignIn(Base):
    """A browser that is signed in; the browser holds the token, this table its hash."""

    __tablename__ = "sign_in"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]

    account: Mapped[Account] = relationship()


class AuditEntry(Base):
    """One act, or one look at personal data. Never changed and never deleted; each holds the hash of the one before."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_case", "case_id", "id"),
        Index("ix_audit_entry_actor", "actor", "id"),
        Index("ix_audit_entry_action", "action", "id"),
        Index("ix_audit_entry_at", "at"),
    )
    # Numbered by the writer, without gaps: a missing number is a missing entry.
    id: Mapped[int] = mapped_column(_Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    # No foreign key: the log outlives what it tells of.
    case_id: Mapped[CaseId | None] = mapped_column(default=None)
    subject: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Erasure(Base):
    """That something was deleted, by whom and why: by the retention policy, or because its resident asked."""

    __tablename__ = "erasure"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ReviewState(StrEnum):
    """Where a message stands in the trainers' inbox."""

    WAITING = "waiting"
    SECOND = "second"
    DONE = "done"
    SKIPPED = "skipped"
    AMBIGUOUS = "ambiguous"


class ReviewItem(Base):
    """A message that is worth a trainer's look; `text` is masked, and nothing here says whose it is."""

    __tablename__ = "review_item"
    __table_args__ = (
        Index("ix_review_item_state_score", "state", "score"),
        Index("ix_review_item_cluster", "cluster"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[MessageId] = mapped_column(ForeignKey("message.id"), unique=True)
    text: Mapped[str] = mapped_column(Text)
    # Of a tip: then places and times are masked too.
    confidential: Mapped[bool] = mapped_column(default=False)
    # What the station took it for.
    intent: Mapped[str] = mapped_column(String(64))
    # Why it is here, as names of `bot/studio/inbox.py`, the weightiest first.
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    score: Mapped[float]
    # The model's likeliest fine intents, `[[intent, probability], …]`, whatever the station made of them.
    ranking: Mapped[list[Any]] = mapped_column(default=list)
    # Cosine similarity to the nearest training message.
    nearest: Mapped[float | None] = mapped_column(default=None)
    # Messages of the same wording have the same one.
    cluster: Mapped[str] = mapped_column(String(64))
    model: Mapped[str | None] = mapped_column(String(64), default=None)
    state: Mapped[str] = mapped_column(String(16), default=ReviewState.WAITING)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Review(Base):
    """One trainer's verdict on an item; what was taken back stays on record."""

    __tablename__ = "review"
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("review_item.id"), index=True)
    trainer: Mapped[str] = mapped_column(String(64))
    # "label", "skip", "ambiguous" or "second"; with "label" an intent.
    verdict: Mapped[str] = mapped_column(String(16))
    intent: Mapped[str | None] = mapped_column(String(64), default=None)
    note: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime]
    undone_at: Mapped[datetime | None] = mapped_column(default=None)


class DataChange(Work, Base):
    """A change of `nlu_data/`: asked for by anybody, made by the one writer, kept as the history."""

    __tablename__ = "data_change"
    __table_args__ = (Index("ix_data_change_state_due", "state", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    # What is done, a name of `bot/studio/changes.py`, and to what.
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    why: Mapped[str] = mapped_column(Text, default="")
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(String(64), default=None)
    applied_at: Mapped[datetime | None] = mapped_column(default=None)
    # What it did to the files, as a unified diff.
    diff: Mapped[str] = mapped_column(Text, default="")
    item_id: Mapped[int | None] = mapped_column(ForeignKey("review_item.id"), index=True, default=None)


class RunState(StrEnum):
    """Where a training stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TrainingRun(Base):
    """A training: asked for by anybody, done by the trainer process, one after another."""

    __tablename__ = "training_run"
    __table_args__ = (Index("ix_training_run_state", "state", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default=RunState.WAITING)
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    # When the process that does it last said so.
    seen_at: Mapped[datetime | None] = mapped_column(default=None)
    # What it is at: "check", a component of the pipeline, "judge" …; how many steps of how many are done.
    step: Mapped[str] = mapped_column(String(64), default="")
    steps_done: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)
    seconds_left: Mapped[float | None] = mapped_column(default=None)
    # Seconds that each step took, so that the next run knows how long it will be.
    took: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cancelled_by: Mapped[str | None] = mapped_column(String(64), default=None)
    error: Mapped[str | None] = mapped_column(Text, default=None)
    log: Mapped[str] = mapped_column(Text, default="")
    model: Mapped[str | None] = mapped_column(String(64), default=None)


class Standing(StrEnum):
    """What a model is now: one is live, one may read along."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class TrainedModel(Base):
    """The registry: a model's file, what it was made from, and how well it reads."""

    __tablename__ = "trained_model"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    # Digest of all that it was trained on (`bot/studio/training.py`).
    data_version: Mapped[str] = mapped_column(String(64))
    # Of the program, where the project is a repository.
    commit: Mapped[str | None] = mapped_column(String(40), default=None)
    trained_by: Mapped[str] = mapped_column(String(64))
    trained_at: Mapped[datetime]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("training_run.id"), default=None)
    standing: Mapped[str] = mapped_column(String(16), default=Standing.CANDIDATE)
    standing_since: Mapped[datetime]
    # Findings of the data checks at its training; none is clean.
    findings: Mapped[list[Any]] = mapped_column(default=list)


class Judgement(Base):
    """How a model read a set of messages: "test", "regression" or "replay", as the set was then (`digest`)."""

    __tablename__ = "judgement"
    __table_args__ = (UniqueConstraint("model", "of", "digest", name="uq_judgement_model_of_digest"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(ForeignKey("trained_model.name"))
    of: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # `[{id, wanted, label, intent, urgent, probabilities, milliseconds}, …]`, of regression messages also `case`; no
    # texts: replayed ones are residents', and nobody knows what was wanted of them.
    readings: Mapped[list[Any]] = mapped_column(default=list)


class Promotion(Base):
    """That a model went live: why it might, who let it, and instead of which."""

    __tablename__ = "promotion"
    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(64))
    was: Mapped[str | None] = mapped_column(String(64), default=None)
    # "promote", "roll_back" by somebody, "automatic" roll back.
    kind: Mapped[str] = mapped_column(String(16))
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(String(64), default=None)
    # `[{name, passed, detail}, …]`, as they stood.
    gates: Mapped[list[Any]] = mapped_column(default=list)
    reason: Mapped[str] = mapped_column(Text, default="")


class ShadowReading(Base):
    """What a model that only reads along made of a resident's message."""

    __tablename__ = "shadow_reading"
    __table_args__ = (UniqueConstraint("message_id", "model", name="uq_shadow_reading_message_model"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[MessageId] = mapped_column(ForeignKey("message.id"), index=True)
    model: Mapped[str] = mapped_column(String(64), index=True)
    label: Mapped[str] = mapped_column(String(16))
    intent: Mapped[str] = mapped_column(String(64))
    confidence: Mapped[float]
    made_at: Mapped[datetime]


class Lease(Base):
    """Who may do what only one may do at a time ("trainer": writes `nlu_data/`, trains), and until when."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    until: Mapped[datetime]
