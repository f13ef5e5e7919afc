"""Applications made in the chat: stored once, decided by an officer, answered to the resident through the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu import form_reader, forms
from bot.nlu.entities import StationEntities
from bot.nlu.live_file import LiveFile, TrainersFileError
from bot.nlu.normaliser import normalise
from bot.store.models import (
    PHOTO_PROBLEM,
    Application,
    ApplicationState,
    Message,
    MessageId,
    Reply,
    Resident,
    ResidentId,
)

TITLES = {"dog_licence": "犬证", "residence_permit": "居住证"}
"""What each kind of application is called."""
_LETTERS = {"dog_licence": "Q", "residence_permit": "J"}
STATES = {
    ApplicationState.SUBMITTED: "等民警审核",
    ApplicationState.MORE: "等您补充",
    ApplicationState.APPROVED: "审核通过，正在制证",
    ApplicationState.REJECTED: "没有通过",
    ApplicationState.READY: "办好了，可以来取",
    ApplicationState.COLLECTED: "已经取走",
}
"""How residents and officers read a state."""
REASON_CHARACTERS = 500
_OFFICER_CHARACTERS = 64
_ADDED = "补充"
"""The answer that holds what a resident has written beside the form's questions, when an officer asked for more."""
_ADDED_CHARACTERS = 1000
_MORE = "more"
"""The name of pictures that no question of the form has asked for."""


class ApplicationError(Exception):
    """A step that cannot be taken; the text says why and what to do, in Chinese."""


@dataclass(frozen=True)
class Decision:
    """One step that an officer can take: from which states, to which, and what the resident is told."""

    title: str
    to: ApplicationState
    since: frozenset[ApplicationState]
    tells: str
    needs_reason: bool = False

    @property
    def tells_reason(self) -> bool:
        """Whether the resident reads the reason."""
        return "{reason}" in self.tells

    def text(self, kind: str, receipt: str | None, reason: str) -> str:
        """What the resident is told."""
        return self.tells.format(title=TITLES[kind], receipt=receipt, reason=reason.strip()).strip()


_OPEN = frozenset({ApplicationState.SUBMITTED, ApplicationState.MORE})
DECISIONS = {
    "approve": Decision(
        "通过",
        ApplicationState.APPROVED,
        _OPEN,
        "您的{title}申请（受理号{receipt}）审核通过了，办好后在这里通知您来取。",
    ),
    "ask": Decision(
        "要求补充",
        ApplicationState.MORE,
        _OPEN,
        "您的{title}申请（受理号{receipt}）还差一点：{reason}\n照片直接发在这里就行，会自动归到这份申请里。",
        needs_reason=True,
    ),
    "reject": Decision(
        "不通过",
        ApplicationState.REJECTED,
        _OPEN,
        "您的{title}申请（受理号{receipt}）没有通过，原因：{reason}\n有疑问请直接在这里问，或者到派出所窗口。",
        needs_reason=True,
    ),
    "ready": Decision(
        "可以来取",
        ApplicationState.READY,
        frozenset({ApplicationState.APPROVED}),
        "您的{title}办好了（受理号{receipt}），请带身份证来取。{reason}",
    ),
    "collect": Decision(
        "已领取",
        ApplicationState.COLLECTED,
        frozenset({ApplicationState.READY}),
        "您的{title}（受理号{receipt}）已经取走。不是您或您家里人取的，请在这里回一声。{reason}",
    ),
}
"""The officer's steps by name."""


def submit(
    session: Session,
    *,
    pseudonym: str,
    message_id: MessageId,
    kind: str,
    answers: Mapping[str, Any],
    photos: Mapping[str, MessageId],
    now: datetime,
) -> Application:
    """Store an application; the message that confirmed it makes one, however often it is handled.

    Raises:
        ApplicationError: nobody of that pseudonym has written, or the message is not theirs.
    """
    known = session.scalars(sa.select(Application).where(Application.message_id == message_id)).one_or_none()
    if known is not None:
        return known
    resident = session.scalars(sa.select(Resident).where(Resident.pseudonym == pseudonym)).one_or_none()
    message = session.get(Message, message_id)
    if resident is None or message is None or message.resident_id != resident.id:
        raise ApplicationError("这份申请没有对应的消息，请从公众号里重新提交")
    application = Application(
        resident_id=resident.id,
        message_id=message_id,
        kind=kind,
        answers=dict(answers),
        photos={name: [number] for name, number in photos.items()},
        history=[_step(now, "居民", ApplicationState.SUBMITTED, "")],
        submitted_at=now,
        updated_at=now,
    )
    session.add(application)
    session.flush()
    application.receipt = f"{_LETTERS[kind]}{now:%Y%m%d}-{application.id:04d}"
    return application


def of_resident(session: Session, pseudonym: str, *, limit: int = 3) -> Sequence[Application]:
    """A resident's latest applications, newest first."""
    query = sa.select(Application).join(Resident).where(Resident.pseudonym == pseudonym)
    return session.scalars(query.order_by(Application.id.desc()).limit(limit)).all()


def by_receipt(session: Session, receipt: str) -> Application | None:
    """The application of a receipt number."""
    return session.scalars(sa.select(Application).where(Application.receipt == receipt)).one_or_none()


def take_photo(
    session: Session, resident_id: ResidentId, message_id: MessageId, *, now: datetime
) -> Application | None:
    """Put a picture to the application that waits for one; None when none of the resident's does.

    One waits because an officer has asked for more, or because a photo of it was of no use.
    """
    query = sa.select(Application).where(Application.resident_id == resident_id, Application.state.in_(_OPEN))
    for application in session.scalars(query.order_by(Application.id.desc()).with_for_update()):
        place = _useless_photo(session, application)
        if place is None and application.state != ApplicationState.MORE:
            continue
        place, photos = place or _MORE, application.photos
        application.photos = {**photos, place: [*photos.get(place, ()), message_id]}
        application.updated_at = now
        return application
    return None


def reasoned(session: Session, resident_id: ResidentId) -> Application | None:
    """The resident's latest application, if an officer has asked more for it or refused it, and said why."""
    query = sa.select(Application).where(Application.resident_id == resident_id)
    latest = session.scalars(query.order_by(Application.id.desc()).limit(1)).one_or_none()
    return latest if latest and latest.state in (ApplicationState.MORE, ApplicationState.REJECTED) else None


def take_text(
    session: Session, resident_id: ResidentId, text: str, *, loose: bool, now: datetime
) -> Application | None:
    """Put a text into the application that an officer has asked more for; None when none of the resident's waits.

    What it says about the form's questions becomes their answer, anything else, if `loose`, an answer of its own.
    """
    query = sa.select(Application).where(
        Application.resident_id == resident_id, Application.state == ApplicationState.MORE
    )
    application = session.scalars(query.order_by(Application.id.desc()).limit(1).with_for_update()).one_or_none()
    if application is None:
        return None
    answers = dict(application.answers)
    if values := _values_in(application, text, now):
        answers |= values
    elif not loose:
        return None
    else:
        answers[_ADDED] = "；".join(filter(None, (answers.get(_ADDED), text.strip())))[-_ADDED_CHARACTERS:]
    application.answers, application.updated_at = answers, now
    return application


def _values_in(application: Application, text: str, now: datetime) -> dict[str, Any]:
    """What a text gives to an application: to the questions that the officer's words name, or plainly by itself."""
    try:
        station_forms = _forms().current()
        form = station_forms.forms[f"{application.kind}_form"]
    except (TrainersFileError, KeyError):
        return {}
    reason = application.history[-1]["reason"] if application.history else ""
    wanted = [entry for entry in form.fields.values() if any(word in reason for word in (*entry.called, entry.title))]
    known = {name: value for name, value in application.answers.items() if name not in {one.name for one in wanted}}
    today, entities = now.astimezone().date(), StationEntities.load()
    for asked in [*(entry.name for entry in wanted if entry.kind != forms.PHOTO), None]:
        reading = form_reader.read(station_forms, form, asked, text, known, today=today, entities=entities)
        if values := {name: value for name, value in reading.values.items() if name in form.fields}:
            return values
    return {}


def about_handed_in(text: str) -> str:
    """The trainers' answer to what is asked about an application after it was handed in; "" for none."""
    try:
        return _forms().current().after_line(normalise(text))
    except TrainersFileError:
        return ""


def place_of(session: Session, message: Message) -> tuple[Application, str] | None:
    """The application, not decided yet, that a picture is for, and under which name."""
    query = sa.select(Application).where(Application.resident_id == message.resident_id, Application.state.in_(_OPEN))
    for application in session.scalars(query.order_by(Application.id.desc())):
        for name, numbers in application.photos.items():
            if message.id in numbers:
                return application, name
    return None


def photo_title(application: Application, name: str) -> str:
    """What residents and officers call a photo of an application."""
    try:
        titles = {form.kind: form.fields for form in _forms().current().forms.values()}[application.kind]
        return titles[name].title
    except (TrainersFileError, KeyError):  # an edit that cannot be read must not keep a file from being stored
        return "补充的照片" if name == _MORE else "照片"


def _useless_photo(session: Session, application: Application) -> str | None:
    """The first photo whose last picture turned out to be of no use."""
    last = {numbers[-1]: name for name, numbers in application.photos.items() if numbers}
    messages = session.scalars(sa.select(Message).where(Message.id.in_(last)))
    useless = {message.id for message in messages if PHOTO_PROBLEM in message.payload}
    return next((name for number, name in last.items() if number in useless), None)


@lru_cache(maxsize=1)
def _forms() -> LiveFile[forms.Forms]:
    return forms.live()


def decide(
    session: Session, application_id: int, decision: str, *, officer: str, reason: str = "", now: datetime
) -> Application:
    """Take an officer's step and tell the resident. The same step twice is refused, so that nobody is told twice.

    Raises:
        ApplicationError: no such application or step, it does not fit its state, or the reason or name is missing.
    """
    step = DECISIONS.get(decision)
    if step is None:
        raise ApplicationError(f"没有“{decision}”这一步；可用的是{'、'.join(DECISIONS)}")
    reason = reason.strip()
    if not 0 < len(officer.strip()) <= _OFFICER_CHARACTERS:
        raise ApplicationError(f"请填民警姓名，1到{_OFFICER_CHARACTERS}个字")
    if step.needs_reason and not reason:
        raise ApplicationError(f"“{step.title}”要写明原因，居民会看到这句话")
    if len(reason) > REASON_CHARACTERS:
        raise ApplicationError(f"原因最多{REASON_CHARACTERS}个字，现在是{len(reason)}个字")
    query = sa.select(Application).where(Application.id == application_id).with_for_update()
    application = session.scalars(query).one_or_none()
    if application is None:
        raise ApplicationError(f"没有编号 {application_id} 的申请")
    if application.state not in step.since:
        state = STATES[ApplicationState(application.state)]
        raise ApplicationError(f"受理号{application.receipt}现在是“{state}”，不能再点“{step.title}”")
    application.state, application.updated_at = step.to, now
    application.history = [*application.history, _step(now, officer, step.to, reason)]
    text = step.text(application.kind, application.receipt, reason)
    session.add(Reply(resident_id=application.resident_id, author=officer, text=text, created_at=now, due_at=now))
    subject = application.receipt or ""
    audit.record(session, officer, "decide", now=now, subject=subject, detail={"decision": decision})
    return application


def standing(application: Application) -> str:
    """One line on how an application stands, for its resident."""
    state = ApplicationState(application.state)
    line = f"{TITLES[application.kind]}申请（受理号{application.receipt}）：{STATES[state]}"
    reason = application.history[-1]["reason"] if application.history else ""
    if state == ApplicationState.MORE and _added_since(application):
        told = f"您补充的收到了，等民警接着看。民警要的是：{reason}"
        return f"{TITLES[application.kind]}申请（受理号{application.receipt}）：{told}"
    return (
        f"{line}。{reason}" if reason and state in (ApplicationState.MORE, ApplicationState.REJECTED) else f"{line}。"
    )


def _added_since(application: Application) -> bool:
    """Whether its resident has added something since the officer asked for more."""
    asked_at = datetime.fromisoformat(application.history[-1]["at"]) if application.history else None
    return asked_at is not None and application.updated_at > asked_at


def _step(now: datetime, by: str, state: ApplicationState, reason: str) -> dict[str, str]:
    return {"at": now.isoformat(), "by": by, "state": state.value, "reason": reason}
