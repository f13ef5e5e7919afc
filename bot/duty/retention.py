"""What is deleted when nobody needs it any more, and what a resident asks to be deleted.

《个人信息保护法》第十九条 keeps personal data for the shortest time that its purpose needs; 第四十七条 has it deleted
when the purpose is achieved, the time is over, or the person asks. Evidence of a proceeding is held (`hold`) and an
open case is never touched. Each deletion leaves an `Erasure` with numbers and no content, and an entry in the audit
log, which itself is never deleted (《网络安全法》第二十一条 asks for six months at least).
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from bot.duty import audit
from bot.duty.handling import CaseError, check_officer, locked
from bot.duty.roster import Retention
from bot.nlu.triage import CASE_LABELS
from bot.store.models import (
    Application,
    ApplicationState,
    AuditorPage,
    Base,
    Case,
    CaseId,
    CaseState,
    Correction,
    DataChange,
    Erasure,
    Escalation,
    Heartbeat,
    Media,
    Message,
    Note,
    Page,
    Reply,
    Resident,
    ResidentId,
    Review,
    ReviewItem,
    ShadowReading,
    SignIn,
    WorkState,
)
from bot.store.session import Store, insert

log = structlog.get_logger()

POLICY = "保存期限"
"""The subject of what the policy deletes."""
REASON_CHARACTERS = 200
_EVERY = timedelta(days=1)
_ROUND_SECONDS = 600
_WINDOW, _BATCH = 5000, 200
_YOUNG = timedelta(days=1)
"""A file that has just come may not stand in any row yet."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_IN_HAND = (ApplicationState.SUBMITTED, ApplicationState.APPROVED)
"""Applications that wait for an officer. Whoever was asked for more and has been silent for all that time wants it no
longer."""
_WRITTEN_OR_NOT = (WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED)
_GONE = "居民的话已删除，不再写入"
_MEMBERS: tuple[type[Base], ...] = (Note, Correction, Page, Escalation, AuditorPage)
"""Rows that belong to a case alone."""


class RetentionError(Exception):
    """A deletion that cannot be done; the text says why and what to do."""


def hold(
    session: Session, case_id: CaseId, *, officer: str, reason: str = "", now: datetime, off: bool = False
) -> None:
    """Keep a case with all its evidence whatever the policy says; `off` lets the policy have it again.

    It is no act on the case: its clocks go on.

    Raises:
        CaseError: no such case, the officer's name cannot be recorded, or the reason is too long.
    """
    check_officer(officer)
    if len(reason.strip()) > REASON_CHARACTERS:
        raise CaseError(f"a reason has at most {REASON_CHARACTERS} characters", f"原因最多{REASON_CHARACTERS}个字")
    case = locked(session, case_id)
    if case.on_hold is off:
        case.on_hold = not off
        detail = {"reason": reason.strip()} if reason.strip() else None
        audit.record(session, officer, "unhold" if off else "hold", case_id=case.id, now=now, detail=detail)


def object_to_training(
    session: Session, pseudonym: str, *, officer: str, now: datetime, off: bool = False
) -> Counter[str]:
    """Keep a resident's messages from trainers and models, as the resident asks for; `off` when they agree again.

    What trainers have of them goes at once, and is counted. Reading what they need is not concerned.

    Raises:
        RetentionError: there is no such resident.
        CaseError: the officer's name cannot be recorded.
    """
    check_officer(officer)
    query = sa.select(Resident).where(Resident.pseudonym == pseudonym).with_for_update()
    resident = session.scalars(query).one_or_none()
    if resident is None:
        raise RetentionError(f"there is no resident {pseudonym}; `fujin cases` shows the pseudonyms")
    if resident.not_for_training is not off:
        return Counter()
    resident.not_for_training = not off
    audit.record(session, officer, "unobject" if off else "object", subject=pseudonym, now=now)
    if off:
        return Counter()
    return _delete_from_studio(session, sa.select(Message.id).where(Message.resident_id == resident.id))


# -- the policy -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """Rows of one table that may be deleted, and how: with all that belongs to them."""

    name: str
    key: InstrumentedAttribute[Any]
    may_go: tuple[sa.ColumnElement[bool], ...]
    delete: Callable[[Session, Sequence[int]], Counter[str]]


@dataclass(frozen=True)
class _Order:
    """Who has things deleted, and why; written down with each transaction."""

    by: str
    subject: str
    reason: str
    now: datetime

    def write_down(self, session: Session, counts: Counter[str]) -> None:
        numbers = {name: number for name, number in sorted(counts.items()) if number}
        more = {"at": self.now, "made_by": self.by, "subject": self.subject, "reason": self.reason}
        session.add(Erasure(**more, counts=numbers))
        audit.record(session, self.by, "erase", now=self.now, subject=self.subject, detail={"counts": numbers})


def run(
    store: Store, policy: Retention, evidence: Path, *, now: datetime, conversations: str, dry: bool = False
) -> Counter[str]:
    """Delete what is past its time, in many short transactions, so that no alarm waits; `dry` only counts rows.

    `evidence` is the folder of the files, `conversations` the address of the database in which Rasa keeps its own.
    What an interruption leaves, the next run deletes. Gives how many of each kind.

    Raises:
        StoreUnavailableError: the database is away; what was deleted until then stands in the log.
    """
    order, counts = _Order(audit.SYSTEM, POLICY, "policy", now), Counter[str]()
    for step in _steps(policy, now):
        counts += _work_off(store, step, order, dry=dry)
    left = Counter[str]()
    if policy.enquiries is not None:
        try:
            left["conversation_events"] = _forget(conversations, before=now - timedelta(days=policy.enquiries), dry=dry)
        except RetentionError as error:
            log.warning("retention.conversations_out_of_reach", reason=str(error))  # the next day's run deletes them
    if policy.sign_ins is not None:
        left["sign_ins"] = _end_sign_ins(store, now - timedelta(days=policy.sign_ins), dry=dry)
    if not dry:
        left["files"] = _sweep(store, evidence, now=now)
    if not dry and left.total():
        with store.transaction() as session:
            order.write_down(session, left)
    return counts + left


class Daily:
    """Runs the policy once a day, in a thread of its own; of several processes, one does."""

    def __init__(self, store: Store, policy: Callable[[], Retention], evidence: Path, conversations: str) -> None:
        self._store, self._policy, self._evidence, self._conversations = store, policy, evidence, conversations
        self._stop = threading.Event()

    def round(self, now: datetime) -> Counter[str] | None:
        """Run if nobody has for a day; what was deleted, None if it was not due."""
        beat = {"name": "retention", "at": now, "healthy": True, "detail": ""}
        with self._store.transaction() as session:
            claim = insert(session, Heartbeat).values(beat)
            due = Heartbeat.at <= now - _EVERY
            claim = claim.on_conflict_do_update(index_elements=["name"], set_={"at": now}, where=due)
            if session.scalars(claim.returning(Heartbeat.name)).first() is None:
                return None
        counts = run(self._store, self._policy(), self._evidence, now=now, conversations=self._conversations)
        with self._store.reading() as session:
            number, hashed = audit.head(session)
        log.info("audit.head", number=number, hash=hashed)  # outside the database, for `fujin audit verify --heads`
        return counts

    def run(self, now: Callable[[], datetime]) -> None:
        """Look every ten minutes until `stop`; a failed run is logged, and the next day's deletes what it left."""
        while not self._stop.wait(_ROUND_SECONDS):
            try:
                if counts := self.round(now()):
                    log.info("retention.deleted", **counts)
            except Exception as error:
                log.error("retention.failed", reason=type(error).__name__)

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()


def erase(
    store: Store, pseudonym: str, *, officer: str, reason: str, evidence: Path, conversations: str, now: datetime
) -> Counter[str]:
    """Delete what there is of a resident who asks for it, but for open cases, held ones and applications in hand.

    Those are counted as `kept_cases` and `kept_applications`. Gives how many of each kind.

    Raises:
        RetentionError: there is no such resident, or no reason or officer; or Rasa's conversations are out of reach,
            and nothing else was deleted.
    """
    if not reason.strip() or not officer.strip():
        raise RetentionError("say why (--reason) and who decides it (--officer)")
    with store.reading() as session:
        query = sa.select(Resident.id).where(Resident.pseudonym == pseudonym)
        resident_id = session.scalars(query).one_or_none()
        if resident_id is None:
            raise RetentionError(f"there is no resident {pseudonym}; `fujin cases` shows the pseudonyms")
        digests = {digest for digest in session.scalars(_files_of(resident_id)) if digest}
    # First of all: what fails here is asked for again under a name that is still known.
    forgotten = _forget(conversations, sender=pseudonym)
    order, counts = _Order(officer.strip(), pseudonym, reason.strip(), now), Counter[str]()
    for step in _all_of(resident_id, now):
        counts += _work_off(store, step, order, dry=False)
    last = Counter(
        files=_unlink_unreferenced(store, [evidence / digest[:2] / digest for digest in sorted(digests)]),
        conversation_events=forgotten,
    )
    with store.transaction() as session:
        last["kept_cases"] = _count(session, Case, Case.resident_id == resident_id)
        last["kept_applications"] = _count(session, Application, Application.resident_id == resident_id)
        order.write_down(session, last)
    return counts + last


def _steps(policy: Retention, now: datetime) -> Iterator[_Step]:
    """What the policy deletes, in the order of who refers to whom."""

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    if policy.applications is not None:
        yield _applications(before(policy.applications))
    for label in CASE_LABELS:
        if (days := policy.of_case(label)) is not None:
            yield _cases(before(days), Case.label == label)
    if policy.media is not None:
        yield _media(before(policy.media))
    if policy.enquiries is not None:
        yield from _loose(before(policy.enquiries), now)


def _all_of(resident_id: ResidentId, now: datetime) -> Iterator[_Step]:
    yield _applications(now, Application.resident_id == resident_id)
    yield _cases(now, Case.resident_id == resident_id)
    for step in _loose(now, now):
        owner = step.key.class_
        mine = Resident.id == resident_id if owner is Resident else owner.resident_id == resident_id
        yield _Step(step.name, step.key, (*step.may_go, mine), step.delete)


def _applications(before: datetime, *more: sa.ColumnElement[bool]) -> _Step:
    ended = (Application.state.not_in(_IN_HAND), Application.updated_at <= before)

    def delete(session: Session, ids: Sequence[int]) -> Counter[str]:
        return Counter(applications=_delete(session, Application, Application.id.in_(ids)))

    return _Step("applications", Application.id, (*ended, *more), delete)


def _free(case: Any) -> sa.ColumnElement[bool]:
    """Whether nobody works on a case and nobody holds it or a part of it, whose resident goes on writing there."""
    part = aliased(Case)
    held = sa.exists().where(part.merged_into_id == case.id, part.on_hold.is_(True))
    free: sa.ColumnElement[bool] = sa.and_(case.state == CaseState.CLOSED, case.on_hold.is_(False), sa.not_(held))
    return free


def _cases(before: datetime, *more: sa.ColumnElement[bool]) -> _Step:
    target = aliased(Case)
    needed = sa.exists().where(target.id == Case.merged_into_id, sa.not_(_free(target)))
    return _Step("cases", Case.id, (_free(Case), Case.closed_at <= before, sa.not_(needed), *more), _delete_cases)


def _media(before: datetime) -> _Step:
    message, case = aliased(Message), aliased(Case)
    needed = sa.exists().where(case.id == message.case_id, sa.not_(_free(case)))
    old = sa.exists().where(
        message.id == Media.message_id,
        message.received_at <= before,
        sa.not_(needed),
        sa.not_(_in_application(message)),
    )

    def delete(session: Session, ids: Sequence[int]) -> Counter[str]:
        return Counter(media=_delete(session, Media, Media.id.in_(ids)))

    return _Step("media", Media.id, (Media.state != WorkState.PENDING, old), delete)


def _loose(before: datetime, now: datetime) -> Iterator[_Step]:
    """What belongs to no case and no application, and residents of whom nothing is left."""
    yield _Step(
        "messages",
        Message.id,
        (
            Message.case_id.is_(None),
            Message.state != WorkState.PENDING,
            Message.received_at <= before,
            sa.not_(_in_application(Message)),
        ),
        _delete_messages,
    )

    def delete_replies(session: Session, ids: Sequence[int]) -> Counter[str]:
        return Counter(replies=_delete(session, Reply, Reply.id.in_(ids)))

    of_nothing = (Reply.message_id.is_(None), Reply.case_id.is_(None))
    old = (Reply.state != WorkState.PENDING, Reply.created_at <= before)
    yield _Step("replies", Reply.id, (*of_nothing, *old), delete_replies)

    def delete_residents(session: Session, ids: Sequence[int]) -> Counter[str]:
        return Counter(residents=_delete(session, Resident, Resident.id.in_(ids)))

    nothing = [~sa.exists().where(table.resident_id == Resident.id) for table in (Message, Case, Reply, Application)]
    # Whoever has objected to the use of their messages stays known, or the next ones would be used.
    forgotten = (Resident.first_seen_at <= before, Resident.not_for_training.is_(False), *nothing)
    yield _Step("residents", Resident.id, forgotten, delete_residents)


def _in_application(message: Any) -> sa.ColumnElement[bool]:
    """Whether a message may be part of an application that is kept: what confirmed it, or one of its photos, whose
    numbers stand in JSON, where no index finds them: so everything until its last step."""
    return sa.exists().where(
        Application.resident_id == message.resident_id,
        sa.or_(
            Application.message_id == message.id,
            Application.updated_at >= message.received_at,
        ),
    )


def _delete_cases(session: Session, ids: Sequence[int]) -> Counter[str]:
    counts = Counter(replies=_delete(session, Reply, Reply.case_id.in_(ids)))
    for table in _MEMBERS:
        counts[f"{table.__tablename__}s"] += _delete(session, table, table.case_id.in_(ids))  # type: ignore[attr-defined]
    theirs = Message.case_id.in_(ids)
    # What also belongs to an application stays with it.
    session.execute(sa.update(Message).where(theirs, _in_application(Message)).values(case_id=None))
    counts += _delete_messages(session, session.scalars(sa.select(Message.id).where(theirs)).all())
    counts["cases"] += _delete(session, Case, Case.id.in_(ids))
    return counts


def _delete_messages(session: Session, ids: Sequence[int]) -> Counter[str]:
    counts = Counter(
        media=_delete(session, Media, Media.message_id.in_(ids)),
        replies=_delete(session, Reply, Reply.message_id.in_(ids), Reply.case_id.is_(None)),
    )
    for table in (Reply, Correction):
        session.execute(sa.update(table).where(table.message_id.in_(ids)).values(message_id=None))
    counts += _delete_from_studio(session, ids)
    counts["messages"] += _delete(session, Message, Message.id.in_(ids))
    return counts


def _delete_from_studio(session: Session, ids: Sequence[int] | sa.Select[int]) -> Counter[str]:
    """What trainers have of messages. What they made of it in `nlu_data/` names nobody, and stays; what is not written
    there yet is given up."""
    items = session.scalars(sa.select(ReviewItem.id).where(ReviewItem.message_id.in_(ids))).all()
    waiting = sa.select(DataChange).where(
        DataChange.item_id.in_(items), DataChange.state.not_in(_WRITTEN_OR_NOT), DataChange.attempts == 0
    )
    given_up = session.scalars(waiting.with_for_update()).all()
    for change in given_up:
        change.state, change.error = WorkState.CANCELLED, _GONE
        change.payload = change.payload | ({"text": _GONE} if "text" in change.payload else {})
    session.flush()
    session.execute(sa.update(DataChange).where(DataChange.item_id.in_(items)).values(item_id=None))
    return Counter(
        data_changes=len(given_up),
        reviews=_delete(session, Review, Review.item_id.in_(items)),
        review_items=_delete(session, ReviewItem, ReviewItem.id.in_(items)),
        shadow_readings=_delete(session, ShadowReading, ShadowReading.message_id.in_(ids)),
    )


def _delete(session: Session, table: type[Base], *where: sa.ColumnElement[bool]) -> int:
    statement = sa.delete(table).where(*where).execution_options(synchronize_session=False)
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def _count(session: Session, table: type[Base], *where: sa.ColumnElement[bool]) -> int:
    return session.scalars(sa.select(sa.func.count()).select_from(table).where(*where)).one()


def _work_off(store: Store, step: _Step, order: _Order, *, dry: bool) -> Counter[str]:
    """Look through the table window by window, and delete what may go in transactions of limited size."""
    counts = Counter[str]()
    for ids in _windows(store, step):
        if dry:
            counts[step.name] += len(ids)
            continue
        for first in range(0, len(ids), _BATCH):
            with store.transaction() as session:
                # Looked up again, locked: somebody may have held a case meanwhile.
                query = sa.select(step.key).where(step.key.in_(ids[first : first + _BATCH]), *step.may_go)
                still = session.scalars(query.with_for_update(of=step.key.class_)).all()
                if still:
                    deleted = step.delete(session, still)
                    order.write_down(session, deleted)
                    counts += deleted
    return counts


def _windows(store: Store, step: _Step) -> Iterator[Sequence[int]]:
    """The numbers of the rows that may go, for so many numbers of the table at a time: no query may take long."""
    with store.reading() as session:
        first, last = session.execute(sa.select(sa.func.min(step.key), sa.func.max(step.key))).one()
    for start in range(first or 0, (last or -1) + 1, _WINDOW):
        with store.reading() as session:
            inside = (step.key >= start, step.key < start + _WINDOW)
            ids = session.scalars(sa.select(step.key).where(*inside, *step.may_go).order_by(step.key)).all()
        if ids:
            yield ids


def _end_sign_ins(store: Store, before: datetime, *, dry: bool) -> int:
    old = SignIn.seen_at <= before
    if dry:
        with store.reading() as session:
            return _count(session, SignIn, old)
    with store.transaction() as session:
        return _delete(session, SignIn, old)


# -- what is not in the station's tables ------------------------------------------------------------------------------


def _sweep(store: Store, evidence: Path, *, now: datetime) -> int:
    """Delete the files that no row knows any more."""
    limit = (now - _YOUNG).timestamp()
    batch: list[Path] = []
    swept = 0
    for path in evidence.glob("??/*"):
        if _DIGEST.fullmatch(path.name) and path.stat().st_mtime < limit:
            batch.append(path)
        if len(batch) == _BATCH:
            swept, batch = swept + _unlink_unreferenced(store, batch), []
    return swept + _unlink_unreferenced(store, batch)


def _unlink_unreferenced(store: Store, paths: Sequence[Path]) -> int:
    """Delete those of these files that no row knows."""
    digests = [path.name for path in paths]
    with store.reading() as session:
        known = set(session.scalars(sa.select(Media.sha256).where(Media.sha256.in_(digests))))
        known |= set(session.scalars(sa.select(Reply.picture).where(Reply.picture.in_(digests))))
    unknown = [path for path in paths if path.name not in known and path.exists()]
    for path in unknown:
        path.unlink()
    return len(unknown)


def _files_of(resident_id: ResidentId) -> sa.CompoundSelect[str | None]:
    """What a resident has sent, and what officers have sent them."""
    theirs = sa.select(Media.sha256).join(Message, Message.id == Media.message_id)
    ours = sa.select(Reply.picture).where(Reply.resident_id == resident_id)
    return sa.union(theirs.where(Message.resident_id == resident_id), ours)


def _forget(conversations: str, *, sender: str | None = None, before: datetime | None = None, dry: bool = False) -> int:
    """Delete Rasa's events of a resident, or of before a moment; how many there were.

    Raises:
        RetentionError: they are out of reach.
    """
    url = sa.make_url(conversations)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return 0
    events = sa.table("events", sa.column("id"), sa.column("sender_id"), sa.column("timestamp"))
    where = events.c.sender_id == sender if before is None else events.c.timestamp < before.timestamp()
    engine = sa.create_engine(url, hide_parameters=True)
    try:
        if not sa.inspect(engine).has_table("events"):
            return 0
        with engine.connect() as connection:
            first, last = connection.execute(sa.select(sa.func.min(events.c.id), sa.func.max(events.c.id))).one()
        forgotten = 0
        for start in range(first or 0, (last or -1) + 1, _WINDOW):
            inside = sa.and_(events.c.id >= start, events.c.id < start + _WINDOW, where)
            with engine.begin() as connection:
                if dry:
                    query = sa.select(sa.func.count()).select_from(events).where(inside)
                    forgotten += connection.execute(query).scalar_one()
                else:
                    forgotten += connection.execute(sa.delete(events).where(inside)).rowcount
        return forgotten
    except sa.exc.SQLAlchemyError as error:
        raise RetentionError(
            f"Rasa's conversations are out of reach ({type(error).__name__}) and were not deleted, nor was anything "
            "else that was asked for; ask again once their database answers"
        ) from None
    finally:
        engine.dispose()
