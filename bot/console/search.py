"""Finding a case again: by number, pseudonym, receipt, officer, or words that a resident wrote.

Numbers are found by their indexes, whatever their age. Words have none: they are looked for in the messages of a span
of time, so that what a search costs does not grow with the station's history. Pages follow each other by the last row
that was shown, not by counting rows.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.console.queries import brief
from bot.duty import audit
from bot.duty.disclosure import may_tell_a_reporter
from bot.duty.roster import STATION_TIME
from bot.nlu.catalogue import title_of
from bot.services.applications import STATES, TITLES
from bot.store.models import (
    Application,
    ApplicationState,
    Case,
    CaseId,
    CaseState,
    Message,
    Resident,
    ResidentId,
    UtcDateTime,
    WorkState,
)

SPAN = timedelta(days=30)
"""How far back words are looked for unless a search says otherwise."""
PAGE = 20
CASE_STATES = {CaseState.OPEN: "待确认", CaseState.ACKNOWLEDGED: "已确认", CaseState.CLOSED: "已结案"}
"""What officers call the states of a case."""
WORDS_CHARACTERS = 100
_FOLDED = 4 * PAGE
_NUMBER = re.compile(r"(?:案件|#)?\s*([0-9]{1,15})")
_PHONE = re.compile(r"\+?[0-9]{7,15}")


@dataclass(frozen=True)
class Wanted:
    """What is looked for. Dates are the station's, both inclusive; what is empty does not matter."""

    words: str = ""
    since: date | None = None
    until: date | None = None
    label: str = ""
    state: str = ""
    officer: str = ""

    @property
    def terms(self) -> tuple[str, ...]:
        """The words one by one: a message must hold all of them."""
        return tuple(self.words.split())


@dataclass(frozen=True)
class Place:
    """The last row of a page: the next page begins after it."""

    at: datetime
    id: int


@dataclass(frozen=True)
class Hit:
    """A case, an application, or a message that is in no case. `more`: how many other messages of it hold the words.

    `pseudonym` is None where the resident is a reporter.
    """

    key: str
    title: str
    at: datetime
    text: str = ""
    case_id: CaseId | None = None
    receipt: str | None = None
    pseudonym: str | None = None
    state: str = ""
    officer: str | None = None
    silent: bool = False
    more: int = 0

    @property
    def address(self) -> str | None:
        """Where it is read in full."""
        if self.case_id:
            return f"/case/{self.case_id}"
        if self.receipt:
            return f"/application/{self.receipt}"
        return f"/talk/{self.pseudonym}" if self.pseudonym else None


@dataclass(frozen=True)
class Found:
    """A page of results, the newest first, and where the next one begins (None: there is none)."""

    hits: tuple[Hit, ...]
    rest: Place | None


def first_day(now: datetime) -> date:
    """The day from which words are looked for unless a search says otherwise."""
    return (now - SPAN).astimezone(STATION_TIME).date()


def note(session: Session, wanted: Wanted, *, officer: str, now: datetime) -> None:
    """Put a search into the audit log: who looked for what. The log is protected, so the words stand there."""
    asked = {name: str(value) for name, value in asdict(wanted).items() if value}
    audit.record(session, officer, "search", now=now, detail=asked)


def search(session: Session, wanted: Wanted, *, after: Place | None = None) -> Found:
    """A page of what is found: on the first one, what the words name exactly stands before all."""
    exact = () if after else tuple(_exact(session, wanted.words.strip()))
    if exact and not wanted.words.strip().isdigit():
        return Found(exact, None)  # nobody writes "案件12" but to find that case
    if not wanted.terms:
        found = _cases(session, wanted, after)
    elif resident_id := _resident(session, wanted.words.strip()):
        # Dates do not matter here: nobody has written that much.
        loose = sa.and_(Message.case_id.is_(None), sa.not_(may_tell_a_reporter()))
        visible = sa.or_(loose, Case.confidential.is_(False))
        found = _messages(session, [Message.resident_id == resident_id, visible], wanted, after)
    else:
        said = [Message.text.icontains(term, autoescape=True) for term in wanted.terms]
        found = _messages(session, [*said, *_between(Message.received_at, wanted)], wanted, after)
    named = {hit.key for hit in exact}
    return Found(exact + tuple(hit for hit in found.hits if hit.key not in named), found.rest)


def naming(wanted: Wanted, officers: Collection[str]) -> Wanted:
    """The same search, in which words that are an officer's name mean that officer."""
    name = wanted.words.strip()
    return replace(wanted, words="", officer=name) if name in officers else wanted


# -- what the words name exactly ------------------------------------------------------------------------------------


def _exact(session: Session, words: str) -> Iterator[Hit]:
    if number := _NUMBER.fullmatch(words):
        yield from map(_case_hit, session.execute(_CASES.where(Case.id == int(number[1]))))
    if _PHONE.fullmatch(words):
        given = Application.answers["phone"].as_string() == words
        yield from map(_application_hit, session.execute(_APPLICATIONS.where(given).limit(PAGE)))
    elif words:
        receipt = Application.receipt == words.upper()
        yield from map(_application_hit, session.execute(_APPLICATIONS.where(receipt)))


def _resident(session: Session, words: str) -> ResidentId | None:
    return session.scalars(sa.select(Resident.id).where(Resident.pseudonym == words.upper())).one_or_none()


def _application_hit(row: tuple[Application, str]) -> Hit:
    application, pseudonym = row
    return Hit(
        key=f"application-{application.id}",
        title=TITLES.get(application.kind, application.kind),
        at=application.submitted_at,
        receipt=application.receipt,
        pseudonym=pseudonym,
        state=STATES[ApplicationState(application.state)],
    )


# -- cases ----------------------------------------------------------------------------------------------------------


def _cases(session: Session, wanted: Wanted, after: Place | None) -> Found:
    query = _CASES.where(*_about(wanted), *_between(Case.opened_at, wanted))
    if after:
        query = query.where(_before(Case.opened_at, Case.id, after))
    query = query.order_by(Case.opened_at.desc(), Case.id.desc()).limit(PAGE + 1)
    rows = session.execute(query).all()
    last = rows[PAGE - 1][0] if len(rows) > PAGE else None
    return Found(tuple(map(_case_hit, rows[:PAGE])), Place(last.opened_at, last.id) if last else None)


def _case_hit(row: tuple[Case, str]) -> Hit:
    case, pseudonym = row
    return Hit(
        key=f"case-{case.id}",
        title=title_of(case.intent),
        at=case.opened_at,
        case_id=case.id,
        pseudonym=None if case.confidential else pseudonym,
        state="已并案" if case.merged_into_id else CASE_STATES[CaseState(case.state)],
        officer=case.closed_by or case.assigned_to or case.acknowledged_by,
        silent=case.silent,
    )


def _about(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.label:
        yield Case.label == wanted.label
    if wanted.state:
        yield Case.state == wanted.state
    if wanted.officer:
        name = wanted.officer
        yield sa.or_(Case.acknowledged_by == name, Case.assigned_to == name, Case.closed_by == name)


# -- messages -------------------------------------------------------------------------------------------------------


def _messages(session: Session, where: Sequence[sa.ColumnElement[bool]], wanted: Wanted, after: Place | None) -> Found:
    """Messages, those of one case that stand on one page folded into a row with the newest of them."""
    handled = sa.or_(Message.case_id.is_not(None), Message.state != WorkState.PENDING)  # else it may become a tip
    query = _MESSAGES.where(Message.kind != "event", handled, *where, *_about(wanted))
    if after:
        query = query.where(_before(Message.received_at, Message.id, after))
    query = query.order_by(Message.received_at.desc(), Message.id.desc()).limit(_FOLDED + 1)
    rows = session.execute(query).all()
    hits: dict[str, Hit] = {}
    for place, (message, case, pseudonym, tells) in enumerate(rows[:_FOLDED]):
        hit = _message_hit(message, case, pseudonym, hidden=tells)
        if hit.key in hits:
            hits[hit.key] = replace(hits[hit.key], more=hits[hit.key].more + 1)
        elif len(hits) == PAGE:
            return Found(tuple(hits.values()), _place(rows[place - 1][0]))
        else:
            hits[hit.key] = hit
    return Found(tuple(hits.values()), _place(rows[_FOLDED - 1][0]) if len(rows) > _FOLDED else None)


def _message_hit(message: Message, case: Case | None, pseudonym: str, *, hidden: bool) -> Hit:
    text = brief(message.kind, message.text)
    if case is not None:
        return replace(_case_hit((case, pseudonym)), at=message.received_at, text=text)
    named = None if hidden else pseudonym
    return Hit(f"message-{message.id}", "没有立案的话", message.received_at, text, pseudonym=named)


def _place(message: Message) -> Place:
    return Place(message.received_at, message.id)


# -- spans and pages ------------------------------------------------------------------------------------------------


def _between(at: sa.orm.InstrumentedAttribute[datetime], wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.since:
        yield at >= datetime.combine(wanted.since, time(), STATION_TIME)
    if wanted.until:
        yield at < datetime.combine(wanted.until + timedelta(days=1), time(), STATION_TIME)


def _before(at: sa.orm.InstrumentedAttribute[datetime], number: Any, place: Place) -> sa.ColumnElement[bool]:
    return sa.tuple_(at, number) < sa.tuple_(sa.literal(place.at, UtcDateTime), place.id)


_CASES = sa.select(Case, Resident.pseudonym).join(Resident, Resident.id == Case.resident_id)
_APPLICATIONS = (
    sa.select(Application, Resident.pseudonym)
    .join(Resident, Resident.id == Application.resident_id)
    .order_by(Application.id.desc())
)
_MESSAGES = (
    sa.select(Message, Case, Resident.pseudonym, may_tell_a_reporter())
    .join(Resident, Resident.id == Message.resident_id)
    .join(Case, Case.id == Message.case_id, isouter=True)
)
