"""Applications as officers see them, read as frozen values that can be compared from poll to poll."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from bot.console.conversation import MediaFile, Said, said_in, stored_file
from bot.nlu.forms import PHOTO, Form, Forms
from bot.services.applications import DECISIONS, TITLES, by_receipt
from bot.store.models import Application, ApplicationState, Media, Message, MessageId, Resident, WorkState

FORBIDDEN_BREED, PHOTOS_MISSING, ANSWERED = "疑似禁养", "照片没收全", "居民已回复"
"""What an officer is to look at."""
_LIST = 50
_MORE_PHOTOS = "补充照片"
_STEPS = {ApplicationState.SUBMITTED: "提交申请"} | {step.to: step.title for step in DECISIONS.values()}
_NEWEST_FIRST = frozenset({ApplicationState.READY, ApplicationState.REJECTED})
_PLAIN = (Message.kind != "event", Message.case_id.is_(None))
"""What no case has taken: whoever gives a tip must not be found out by an application."""


@dataclass(frozen=True)
class ApplicationCard:
    """An application in a list. `flags` are what an officer is to look at."""

    id: int
    kind: str
    receipt: str
    state: ApplicationState
    pseudonym: str
    submitted_at: datetime
    flags: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is applied for."""
        return TITLES.get(self.kind, self.kind)

    @property
    def decisions(self) -> tuple[str, ...]:
        """The steps that an officer can take now."""
        return tuple(name for name, step in DECISIONS.items() if self.state in step.since)


@dataclass(frozen=True)
class Lists:
    """All applications by state; `counts` also counts what the lists have no room for."""

    cards: Mapping[ApplicationState, tuple[ApplicationCard, ...]]
    counts: Mapping[ApplicationState, int]


@dataclass(frozen=True)
class Given:
    """One answer, under its title in the form; `kind` is how the form reads it."""

    title: str
    kind: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Photo:
    """A picture that belongs to the application."""

    title: str
    files: tuple[MediaFile, ...]


@dataclass(frozen=True)
class Step:
    """What happened to it."""

    at: datetime
    by: str
    title: str
    reason: str


@dataclass(frozen=True)
class ApplicationView:
    """An application in full. `said` is what the resident has written since the officer asked for more."""

    card: ApplicationCard
    given: tuple[Given, ...]
    photos: tuple[Photo, ...]
    history: tuple[Step, ...]
    said: tuple[Said, ...]


def masked(number: str) -> str:
    """An identity number of which only the ends can be read."""
    return number[:3] + "*" * (len(number) - 7) + number[-4:] if len(number) > 7 else "*" * len(number)


def read_lists(session: Session, forms: Forms) -> Lists:
    """All lists: what is to be done in the order in which it came, what is done with the newest first."""
    rows = {state: _rows(session, state) for state in ApplicationState}
    cards = _cards(session, [row for group in rows.values() for row in group], forms)
    counts = sa.select(Application.state, sa.func.count()).group_by(Application.state)
    return Lists(
        cards={state: tuple(cards[application.id] for application, _ in group) for state, group in rows.items()},
        counts={ApplicationState(state): number for state, number in session.execute(counts)},
    )


def count_waiting(session: Session) -> int:
    """How many wait for an officer: those never looked at, and those whose resident has answered."""
    submitted = sa.select(sa.func.count()).where(Application.state == ApplicationState.SUBMITTED)
    asked = session.scalars(sa.select(Application).where(Application.state == ApplicationState.MORE)).all()
    return (session.scalar(submitted) or 0) + len(_answered(session, asked))


def read_waiting(session: Session, forms: Forms) -> tuple[ApplicationCard, ...]:
    """Those that `count_waiting` counts, the first of them: never looked at, then answered."""
    rows = [*_rows(session, ApplicationState.SUBMITTED), *_rows(session, ApplicationState.MORE)]
    cards = _cards(session, rows, forms).values()
    waiting = [card for card in cards if card.state == ApplicationState.SUBMITTED or ANSWERED in card.flags]
    return tuple(waiting[:_LIST])


def read_application(session: Session, receipt: str, forms: Forms) -> ApplicationView | None:
    """One application, or None when no receipt has this number."""
    application = by_receipt(session, receipt)
    if application is None:
        return None
    form = forms.forms.get(f"{application.kind}_form")
    row = (application, application.resident.pseudonym)
    return ApplicationView(
        card=_cards(session, [row], forms)[application.id],
        given=tuple(_given(application.answers, form)),
        photos=tuple(_photos(session, application, form)),
        history=tuple(_step(entry) for entry in application.history),
        said=_said_since(session, application) if application.state == ApplicationState.MORE else (),
    )


_Row = tuple[Application, str]


def _rows(session: Session, state: ApplicationState) -> Sequence[_Row]:
    newest_first = Application.updated_at.desc() if state in _NEWEST_FIRST else Application.id
    query = sa.select(Application, Resident.pseudonym).join(Resident, Resident.id == Application.resident_id)
    rows = session.execute(query.where(Application.state == state).order_by(newest_first).limit(_LIST))
    return [(application, pseudonym) for application, pseudonym in rows]


def _cards(session: Session, rows: Sequence[_Row], forms: Forms) -> dict[int, ApplicationCard]:
    applications = [application for application, _ in rows]
    lost, answered = _lost(session, applications), _answered(session, applications)
    return {
        application.id: ApplicationCard(
            id=application.id,
            kind=application.kind,
            receipt=application.receipt or "",
            state=ApplicationState(application.state),
            pseudonym=pseudonym,
            submitted_at=application.submitted_at,
            flags=tuple(_flags(application, forms, lost, answered)),
        )
        for application, pseudonym in rows
    }


def _flags(
    application: Application, forms: Forms, lost: AbstractSet[MessageId], answered: AbstractSet[int]
) -> Iterable[str]:
    if application.id in answered:
        yield ANSWERED
    named = str(application.answers.get("dog_breed") or "")
    if {named, forms.breed(named)} & (forms.fierce | forms.banned):
        yield FORBIDDEN_BREED
    form = forms.forms.get(f"{application.kind}_form")
    wanted = [name for name, entry in form.fields.items() if entry.kind == PHOTO] if form else []
    if not all(map(application.photos.get, wanted)) or lost & _numbers(application):
        yield PHOTOS_MISSING


def _numbers(application: Application) -> set[MessageId]:
    """The messages that hold its pictures."""
    return {MessageId(number) for numbers in application.photos.values() for number in numbers}


def _lost(session: Session, applications: Sequence[Application]) -> set[MessageId]:
    """The messages whose picture could not be fetched from the platform, or had none to fetch."""
    numbers = set().union(*map(_numbers, applications))
    states = sa.select(Media.message_id, Media.state).where(Media.message_id.in_(numbers))
    return numbers - {number for number, state in session.execute(states) if state != WorkState.FAILED}


def _answered(session: Session, applications: Sequence[Application]) -> set[int]:
    """Those whose resident has sent a picture or written since the officer asked for more.

    A text does not say which application it belongs to, so an officer has to look.
    """
    asked = [application for application in applications if application.state == ApplicationState.MORE]
    latest = (
        sa.select(Message.resident_id, sa.func.max(Message.received_at).label("at"))
        .where(Message.resident_id.in_({one.resident_id for one in asked}), *_PLAIN)
        .group_by(Message.resident_id)
    )
    wrote = {row.resident_id: row.at for row in session.execute(latest)}
    return {one.id for one in asked if max(one.updated_at, wrote.get(one.resident_id, one.updated_at)) > _asked_at(one)}


def _asked_at(application: Application) -> datetime:
    return datetime.fromisoformat(application.history[-1]["at"])


def _said_since(session: Session, application: Application) -> tuple[Said, ...]:
    query = (
        sa.select(Message)
        .where(Message.resident_id == application.resident_id, Message.received_at > _asked_at(application), *_PLAIN)
        .options(selectinload(Message.media))
        .order_by(Message.id)
    )
    shown = _numbers(application)
    return tuple(said_in(message) for message in session.scalars(query) if message.id not in shown)


def _given(answers: Mapping[str, Any], form: Form | None) -> Iterable[Given]:
    """The answers in the form's order; after them those to questions that the form no longer asks."""
    fields = form.fields if form else {}
    for name in [*(name for name in fields if name in answers), *(name for name in answers if name not in fields)]:
        title, kind = (fields[name].title, fields[name].kind) if name in fields else (name, "words")
        yield Given(title, kind, str(answers[name] if answers[name] is not None else ""))


def _photos(session: Session, application: Application, form: Form | None) -> Iterable[Photo]:
    files: dict[MessageId, list[MediaFile]] = {number: [] for number in _numbers(application)}
    for media in session.scalars(sa.select(Media).where(Media.message_id.in_(files)).order_by(Media.id)):
        files[media.message_id].append(stored_file(media))
    fields = {name: entry.title for name, entry in form.fields.items() if entry.kind == PHOTO} if form else {}
    for name in [*fields, *(name for name in application.photos if name not in fields)]:
        title = fields.get(name, _MORE_PHOTOS if name == "more" else name)
        numbers = [MessageId(number) for number in application.photos.get(name, ())]
        for place, number in enumerate(numbers, start=1):
            yield Photo(f"{title}{place}" if len(numbers) > 1 else title, tuple(files[number]))
        if not numbers:
            yield Photo(title, ())


def _step(entry: Mapping[str, str]) -> Step:
    title = _STEPS[ApplicationState(entry["state"])]
    return Step(datetime.fromisoformat(entry["at"]), entry["by"], title, entry["reason"])
