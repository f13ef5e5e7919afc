"""What the console's pages show, read from the database as frozen values that can be compared from poll to poll."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import escalation, shifts
from bot.duty.auditor import MUTE
from bot.duty.case import RESOLVED
from bot.duty.disclosure import may_tell_a_reporter
from bot.duty.presence import reached
from bot.duty.watch import Watch
from bot.nlu.catalogue import title_of
from bot.nlu.entities import named_in
from bot.nlu.triage import CASE_LABELS, URGENT
from bot.store.models import (
    Case,
    CaseId,
    CaseState,
    Escalation,
    EscalationKind,
    Heartbeat,
    Message,
    MessageId,
    Page,
    Reply,
    Resident,
    ResidentId,
    WorkState,
)
from bot.studio import promotion

LINGER = timedelta(seconds=10)
"""How long an acknowledged alarm stays where it was, so that the cards below it do not move up at once."""
UNDELIVERED_FOR = timedelta(hours=48)
_STALE = timedelta(seconds=30)
_LINES, _LOOK_BACK = 3, 20
_ALARMS, _LIST, _UNDELIVERED, _CALLS = 100, 50, 20, 20
COUNTED = 1000
"""Nothing is counted further than this: a number that grows with the station's history would slow every poll."""
TALKS = timedelta(minutes=10)
"""How long after a resident's last message they are taken to be talking with the bot."""
_TALK_MESSAGES, _HELD = 300, 50
_PARTS = {"engine": "消息处理", "auditor": "系统巡检"}
_AUDITOR_SAYS = {
    "overdue": "有警情提醒超时无人确认",
    MUTE: "没有可以通知的群，提醒停住时通知不到任何人，请管理员设置FUJIN_AUDITOR_CHANNELS",
}
_KINDS = {"image": "图片", "voice": "语音", "video": "视频", "shortvideo": "视频", "location": "位置", "link": "链接"}


@dataclass(frozen=True)
class Line:
    """One of a resident's last messages, short enough for a card."""

    id: int
    kind: str
    text: str


@dataclass(frozen=True)
class NextPage:
    """The deadline that runs: who is paged next, and when."""

    due_at: datetime
    officer: str


@dataclass(frozen=True)
class Call:
    """An alarm that nobody has acknowledged, as a desk calls it out. It holds no word of a resident.

    `again`: it was acknowledged before, and nothing was done about it.
    """

    case_id: CaseId
    title: str
    silent: bool
    again: bool
    next_page: NextPage | None


@dataclass(frozen=True)
class Calls:
    """The alarms to call out; `count` also counts those that there is no room for."""

    count: int
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class CaseCard:
    """A case on the duty desk.

    `pseudonym` is None where the resident is a reporter, who is never named. `unseen` counts the messages that came
    after the acknowledgement: nobody is paged for those, so they must show. `said_over` are the words by which the
    resident called it over; `resolved_at` is set where they were taken at their word and the paging ended.
    `named` is told of alarms and of a single card. `silence_ends` is when an acknowledged alarm is paged again if
    nobody does anything about it, `again` that this has happened.
    """

    id: CaseId
    label: str
    title: str
    state: str
    pseudonym: str | None
    silent: bool
    uncertain: bool
    opened_at: datetime
    alarmed_at: datetime | None
    words: tuple[str, ...]
    named: Mapping[str, tuple[str, ...]]
    lines: tuple[Line, ...]
    next_page: NextPage | None
    pages_sent: int
    pages_failed: int
    undelivered: int
    unseen: int
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    assigned_to: str | None
    offered_to: str | None
    joined: tuple[str, ...]
    silence_ends: datetime | None
    again: bool
    resolved_at: datetime | None
    said_over: tuple[str, ...]
    closed_at: datetime | None
    closed_by: str | None
    disposition: str | None
    closing_word: str
    referred_to: str | None = None
    on_hold: bool = False

    @property
    def urgent(self) -> bool:
        """Whether it is an alarm."""
        return self.label == URGENT

    @property
    def since(self) -> datetime:
        """How long somebody has been waiting: since the alarm, where a request became one."""
        return self.alarmed_at or self.opened_at

    @property
    def summary(self) -> str:
        """What the resident last said in words, or else sent."""
        said = [line for line in self.lines if line.kind == "text"] or self.lines
        return said[-1].text if said else ""

    @property
    def open(self) -> bool:
        """Whether nobody has acknowledged it yet."""
        return self.state == CaseState.OPEN

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.state == CaseState.CLOSED

    @property
    def says_over(self) -> bool:
        """Whether the resident says it is over, and an officer has yet to see to that."""
        return not self.closed and bool(self.resolved_at or self.said_over)


@dataclass(frozen=True)
class Undelivered:
    """A reply that the platform would not take any more: an officer has to reach the resident another way."""

    id: int
    case_id: CaseId | None
    pseudonym: str | None
    text: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Talk:
    """A resident without a case who talks with the bot now (`title`: what about), or whom an officer holds."""

    resident_id: int
    pseudonym: str
    title: str
    text: str
    at: datetime | None
    held_by: str | None


@dataclass(frozen=True)
class Desk:
    """Everything on the duty desk; `counts` are the unacknowledged cases by label, shown or not, up to `COUNTED`."""

    alarms: tuple[CaseCard, ...]
    requests: tuple[CaseCard, ...]
    tips: tuple[CaseCard, ...]
    acknowledged: tuple[CaseCard, ...]
    talks: tuple[Talk, ...]
    undelivered: tuple[Undelivered, ...]
    counts: Mapping[str, int]
    problems: tuple[str, ...]

    @property
    def more_alarms(self) -> int:
        """How many alarms nobody has acknowledged and there is no room for."""
        return self.counts.get(URGENT, 0) - sum(card.open for card in self.alarms)


def read_desk(session: Session, *, watch: Watch, now: datetime) -> Desk:
    """The duty desk now.

    Alarms stand in the order in which they came, so that a new one pushes none away, whatever there is room for; the
    quieter lists begin with the newest, so that it is seen when a list is cut off.
    """
    just_now = now - LINGER
    alarm = Case.label == URGENT
    is_open, taken = Case.state == CaseState.OPEN, Case.state == CaseState.ACKNOWLEDGED
    # Acknowledging is an update: what was not updated need not be looked at.
    lingers = sa.and_(taken, Case.updated_at > just_now, Case.acknowledged_at > just_now, alarm)
    groups = [
        _rows(session, sa.and_(alarm, is_open), limit=_ALARMS, order=Case.id.asc()),
        _rows(session, lingers, limit=_ALARMS),
        _rows(session, sa.and_(Case.label == "help_request", is_open), limit=_LIST),
        _rows(session, sa.and_(Case.label == "tip", is_open), limit=_LIST),
        _rows(
            session,
            sa.and_(taken, sa.not_(sa.and_(alarm, Case.acknowledged_at > just_now))),
            limit=_LIST,
            # With a new message an acknowledged case comes up again.
            order=Case.updated_at.desc(),
        ),
    ]
    # What is named in a case is read message by message, and only an alarm's card has room for it.
    named = {case.id for group in groups[:2] for case, _ in group}
    cards = _cards(session, [row for group in groups for row in group], watch, now, named=named)
    unanswered, lingering, requests, tips, had = (tuple(cards[case.id] for case, _ in group) for group in groups)
    return Desk(
        alarms=tuple(sorted(unanswered + lingering, key=lambda card: (card.since, card.id))),
        requests=requests,
        tips=tips,
        # An alarm is still an alarm when somebody has it.
        acknowledged=tuple(sorted(had, key=lambda card: not card.urgent)),
        talks=read_talks(session, now),
        undelivered=_undelivered(session, now),
        counts=_counts(session),
        problems=_problems(session, now) + _gaps(session, watch, now) + _unknown_channels(watch),
    )


def read_calls(session: Session, *, watch: Watch, now: datetime) -> Calls:
    """The alarms that nobody has acknowledged, the oldest first: what every page of the console calls out."""
    waiting = sa.and_(Case.label == URGENT, Case.state == CaseState.OPEN)
    rows = _rows(session, waiting, limit=_CALLS, order=Case.id.asc())
    ids = [case.id for case, _ in rows]
    deadlines, silences = _deadlines(session, ids, watch, now), _silences(session, ids)
    calls = tuple(
        Call(case.id, _title(case), case.silent, silences.get(case.id, _NO_SILENCE).passed, deadlines.get(case.id))
        for case, _ in rows
    )
    return Calls(_count(session, URGENT), calls)


def read_card(session: Session, case_id: CaseId, *, watch: Watch, now: datetime) -> CaseCard | None:
    """One case, or None when there is no such case."""
    query = sa.select(Case, Resident.pseudonym).join(Resident, Resident.id == Case.resident_id)
    rows = [(case, pseudonym) for case, pseudonym in session.execute(query.where(Case.id == case_id))]
    return _cards(session, rows, watch, now, named={case_id})[case_id] if rows else None


def words_of(evidence: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The resident's words that carried the label, each once.

    A rule names exactly the words that matter; the model's, which weigh every word a little, count only without one.
    """
    spoken = [item for item in evidence if item["rule"] not in ("media", RESOLVED)]
    named = [item for item in spoken if item["rule"] != "model"] or spoken
    return tuple(dict.fromkeys(word for item in named for word in item["words"]))


def brief(kind: str, text: str) -> str:
    """A message in one line: its words, or what it is."""
    if kind == "text":
        return text
    if kind == "voice" and text:
        return f"[语音转写] {text}"
    return f"[{_KINDS.get(kind, '其他消息')}]" + (f" {text}" if text else "")


_CaseRow = tuple[Case, str]


def _rows(
    session: Session, where: sa.ColumnElement[bool], *, limit: int, order: sa.ColumnElement[Any] | None = None
) -> Sequence[_CaseRow]:
    query = (
        sa.select(Case, Resident.pseudonym)
        .join(Resident, Resident.id == Case.resident_id)
        .where(where, Case.merged_into_id.is_(None))
        .order_by(Case.id.desc() if order is None else order)
        .limit(limit)
    )
    return [(case, pseudonym) for case, pseudonym in session.execute(query)]


def _cards(
    session: Session, rows: Sequence[_CaseRow], watch: Watch, now: datetime, *, named: Collection[CaseId]
) -> dict[CaseId, CaseCard]:
    ids = [case.id for case, _ in rows]
    words = {case.id: words_of(case.evidence) for case, _ in rows}
    lines, deadlines, pages = (
        _last_lines(session, words),
        _deadlines(session, ids, watch, now),
        _page_counts(session, ids),
    )
    undelivered, unseen = _undelivered_counts(session, ids), _unseen_counts(session, ids)
    texts, silences = _texts(session, named), _silences(session, ids)
    return {
        case.id: CaseCard(
            id=case.id,
            label=case.label,
            title=_title(case),
            state=case.state,
            pseudonym=None if case.confidential else pseudonym,
            silent=case.silent,
            uncertain=case.uncertain,
            opened_at=case.opened_at,
            alarmed_at=case.alarmed_at,
            words=words[case.id],
            named=named_in(texts.get(case.id, ())),
            lines=lines.get(case.id, ()),
            next_page=deadlines.get(case.id) if case.state == CaseState.OPEN else None,
            pages_sent=pages.get(case.id, (0, 0))[0],
            pages_failed=pages.get(case.id, (0, 0))[1],
            undelivered=undelivered.get(case.id, 0),
            unseen=unseen.get(case.id, 0),
            acknowledged_by=case.acknowledged_by,
            acknowledged_at=case.acknowledged_at,
            assigned_to=case.assigned_to,
            offered_to=case.offered_to,
            joined=tuple(case.joined),
            silence_ends=silences.get(case.id, _NO_SILENCE).ends if case.state == CaseState.ACKNOWLEDGED else None,
            again=case.state == CaseState.OPEN and silences.get(case.id, _NO_SILENCE).passed,
            resolved_at=case.resolved_at,
            said_over=tuple(word for item in case.evidence if item["rule"] == RESOLVED for word in item["words"]),
            closed_at=case.closed_at,
            closed_by=case.closed_by,
            disposition=case.disposition,
            closing_word=case.closing_word,
            referred_to=case.referred_to,
            on_hold=case.on_hold,
        )
        for case, pseudonym in rows
    }


def _title(case: Case) -> str:
    return title_of(case.intent) if "/" in case.intent else title_of(case.label)


def _last_lines(session: Session, words: Mapping[CaseId, tuple[str, ...]]) -> dict[CaseId, tuple[Line, ...]]:
    """The last messages of each case; if none of them tells what it is about, before them the latest that does."""
    number = sa.func.row_number().over(partition_by=Message.case_id, order_by=Message.id.desc()).label("number")
    ranked = (
        sa.select(Message.id, Message.case_id, Message.kind, Message.text, number)
        .where(Message.case_id.in_(words), Message.kind != "event")
        .subquery()
    )
    found: dict[CaseId, list[Line]] = defaultdict(list)
    for row in session.execute(sa.select(ranked).where(ranked.c.number <= _LOOK_BACK).order_by(ranked.c.id)):
        found[row.case_id].append(Line(row.id, row.kind, brief(row.kind, row.text)))
    lines = {}
    for case_id, all_lines in found.items():
        last = all_lines[-_LINES:]
        if not any(_telling(line, words[case_id]) for line in last):
            last = [line for line in all_lines if _telling(line, words[case_id])][-1:] + last
        lines[case_id] = tuple(last)
    return lines


def _texts(session: Session, ids: Collection[CaseId]) -> dict[CaseId, list[str]]:
    """What the residents wrote in each case, oldest first."""
    query = sa.select(Message.case_id, Message.text).where(Message.case_id.in_(ids), Message.text != "")
    texts: dict[CaseId, list[str]] = defaultdict(list)
    for case_id, text in session.execute(query.order_by(Message.id)):
        if case_id is not None:
            texts[case_id].append(text)
    return texts


def _telling(line: Line, words: Sequence[str]) -> bool:
    if not words:
        return line.kind == "text"
    return any(word.casefold() in line.text.casefold() for word in words)


def _deadlines(session: Session, ids: Sequence[CaseId], watch: Watch, now: datetime) -> dict[CaseId, NextPage]:
    query = (
        sa.select(Escalation.case_id, Escalation.due_at, Escalation.step, Case.policy)
        .join(Case, Case.id == Escalation.case_id)
        .where(
            Escalation.case_id.in_(ids),
            Escalation.kind == EscalationKind.CLIMB,
            Escalation.state == WorkState.PENDING,
        )
        .order_by(Escalation.due_at.desc())
    )
    # Most cases have the same policy: who is meant is looked up once for each step of it, not for each case.
    meant: dict[str, str] = {}
    found = {}
    for row in session.execute(query):
        who = repr(row.policy["steps"][row.step]["who"] if row.policy else ())
        if who not in meant:
            meant[who] = escalation.receivers(session, row.policy, row.step, watch=watch, now=now)
        found[row.case_id] = NextPage(row.due_at, meant[who])
    return found


@dataclass(frozen=True)
class _Silence:
    """The deadline of silence that runs, and whether one has passed."""

    ends: datetime | None = None
    passed: bool = False


_NO_SILENCE = _Silence()


def _silences(session: Session, ids: Sequence[CaseId]) -> dict[CaseId, _Silence]:
    query = (
        sa.select(Escalation.case_id, Escalation.state, Escalation.due_at)
        .where(
            Escalation.case_id.in_(ids),
            Escalation.kind == EscalationKind.SILENCE,
            Escalation.state.in_([WorkState.PENDING, WorkState.DONE]),
        )
        .order_by(Escalation.id)
    )
    found: dict[CaseId, _Silence] = {}
    for row in session.execute(query):
        before = found.get(row.case_id, _NO_SILENCE)
        passed = row.state == WorkState.DONE
        found[row.case_id] = _Silence(before.ends if passed else row.due_at, before.passed or passed)
    return found


def _counts(session: Session) -> dict[str, int]:
    counts = {label: _count(session, label) for label in CASE_LABELS}
    return {label: number for label, number in counts.items() if number}


def _count(session: Session, label: str) -> int:
    waiting = sa.select(Case.id).where(Case.state == CaseState.OPEN, Case.label == label, Case.merged_into_id.is_(None))
    return session.scalar(sa.select(sa.func.count()).select_from(waiting.limit(COUNTED).subquery())) or 0


def read_talks(session: Session, now: datetime) -> tuple[Talk, ...]:
    """Who talks now, those first whom an officer holds; whoever is named in a running case stands with that.

    What is not handled yet may be a tip. Who has given one stands here with words that do not tell so, or not at all.
    """
    # Columns, no entities: of up to three hundred messages a desk shows fifty, and the triage of each is long.
    intent = Message.triage["intent"].as_string().label("intent")
    recent = (
        sa.select(Message.id, Message.resident_id, Message.kind, Message.text, Message.received_at, intent)
        .where(
            Message.received_at > now - TALKS,
            Message.case_id.is_(None),
            Message.kind != "event",
            Message.state == WorkState.DONE,
        )
        .order_by(Message.received_at.desc(), Message.id.desc())
        .limit(_TALK_MESSAGES)
    )
    latest: dict[ResidentId, _TalkRow] = {}
    for message in session.execute(recent):
        latest.setdefault(message.resident_id, message)
    resident = sa.select(Resident.id, Resident.pseudonym, Resident.held_by, Resident.held_until)
    held = resident.where(Resident.held_until > now).order_by(Resident.held_until.desc()).limit(_HELD)
    residents: dict[ResidentId, _Talker] = {one.id: one for one in session.execute(held)}
    residents |= {one.id: one for one in session.execute(resident.where(Resident.id.in_(latest)))}
    cases = sa.select(Case.resident_id, Case.confidential).where(
        Case.resident_id.in_(residents), sa.or_(Case.state != CaseState.CLOSED, Case.confidential)
    )
    found = session.execute(cases).all()
    busy: set[ResidentId] = {case.resident_id for case in found if not case.confidential}
    reporters: set[ResidentId] = {case.resident_id for case in found if case.confidential}
    hidden = reporters - latest.keys() | _tell(session, [latest[number].id for number in reporters & latest.keys()])
    # Of a reporter it is not told who holds them, since that may be about the tip.
    talks = [
        _talk(residents[number], latest.get(number), None if number in reporters else now)
        for number in residents.keys() - busy - hidden
    ]
    talks.sort(key=lambda talk: (talk.at or now, talk.resident_id), reverse=True)
    return tuple(sorted(talks, key=lambda talk: talk.held_by is None)[:_LIST])


_Talker = sa.Row[ResidentId, str, str | None, datetime | None]
_TalkRow = sa.Row[MessageId, ResidentId, str, str, datetime, str | None]


def _tell(session: Session, ids: Sequence[MessageId]) -> set[ResidentId]:
    """Whose of these messages of reporters may tell that they are."""
    query = sa.select(Message.resident_id).where(Message.id.in_(ids), may_tell_a_reporter())
    return set(session.scalars(query)) if ids else set()


def _talk(resident: _Talker, message: _TalkRow | None, now: datetime | None) -> Talk:
    holds = now is not None and resident.held_until is not None and resident.held_until > now
    return Talk(
        resident_id=resident.id,
        pseudonym=resident.pseudonym,
        title=title_of(message.intent or "") if message else "",
        text=without_numbers(brief(message.kind, message.text)) if message else "",
        at=message.received_at if message else None,
        held_by=resident.held_by if holds else None,
    )


def without_numbers(text: str) -> str:
    """A text in which long numbers (telephones, identity cards) cannot be read, for lists that everybody sees."""
    return _LONG_NUMBER.sub(lambda found: found[0][:3] + "*" * (len(found[0]) - 3), text)


_LONG_NUMBER = re.compile(r"[0-9]{7,17}[0-9Xx]")


def _page_counts(session: Session, ids: Sequence[CaseId]) -> dict[CaseId, tuple[int, int]]:
    sent = sa.func.sum(sa.case((reached(), 1), else_=0))
    in_trouble = sa.or_(
        Page.state == WorkState.FAILED,
        sa.and_(Page.state == WorkState.PENDING, Page.error.is_not(None)),
        sa.and_(Page.state == WorkState.DONE, sa.not_(reached())),
    )
    failed = sa.func.sum(sa.case((in_trouble, 1), else_=0))
    query = sa.select(Page.case_id, sent, failed).where(Page.case_id.in_(ids)).group_by(Page.case_id)
    return {case_id: (int(done), int(lost)) for case_id, done, lost in session.execute(query)}


def _undelivered_counts(session: Session, ids: Sequence[CaseId]) -> dict[CaseId | None, int]:
    query = (
        sa.select(Reply.case_id, sa.func.count().label("number"))
        .where(Reply.case_id.in_(ids), Reply.state == WorkState.FAILED)
        .group_by(Reply.case_id)
    )
    return {row.case_id: row.number for row in session.execute(query)}


def _unseen_counts(session: Session, ids: Sequence[CaseId]) -> dict[CaseId, int]:
    query = (
        sa.select(Case.id, sa.func.count().label("number"))
        .join(Message, Message.case_id == Case.id)
        .where(Case.id.in_(ids), Message.kind != "event", Message.received_at > Case.acknowledged_at)
        .group_by(Case.id)
    )
    return {row.id: row.number for row in session.execute(query)}


def _undelivered(session: Session, now: datetime) -> tuple[Undelivered, ...]:
    since = now - UNDELIVERED_FOR
    query = (
        sa.select(Reply, Resident.pseudonym, Case.confidential)
        .join(Resident, Resident.id == Reply.resident_id)
        .join(Case, Case.id == Reply.case_id, isouter=True)
        # It is never due before it was written, and by what is due the index finds it.
        .where(Reply.state == WorkState.FAILED, Reply.due_at > since, Reply.created_at > since)
        .order_by(Reply.due_at.desc(), Reply.id.desc())
        .limit(_UNDELIVERED)
    )
    return tuple(
        Undelivered(
            id=reply.id,
            case_id=reply.case_id,
            pseudonym=None if confidential else pseudonym,
            text=reply.text,
            reason=reply.error or "",
            at=reply.created_at,
        )
        for reply, pseudonym, confidential in session.execute(query)
    )


def _problems(session: Session, now: datetime) -> tuple[str, ...]:
    """What is wrong with Fujin itself, in words an officer can act on."""
    problems = []
    for beat in session.scalars(sa.select(Heartbeat).where(Heartbeat.name.in_(_PARTS)).order_by(Heartbeat.name)):
        if now - beat.at > _STALE:
            problems.append(f"{_PARTS[beat.name]}已停止，请联系技术人员；紧急情况请以110为准")
        elif not beat.healthy:
            told = (words for begins, words in _AUDITOR_SAYS.items() if beat.detail.startswith(begins))
            reason = next(told, "有异常") if beat.name == "auditor" else "有异常"
            problems.append(f"{_PARTS[beat.name]}：{reason}")
    if taken_back := promotion.problem(session, now):
        problems.append(taken_back)
    return tuple(problems)


def _gaps(session: Session, watch: Watch, now: datetime) -> tuple[str, ...]:
    """The first of the next days' gaps in the roster, and how many more there are."""
    gaps = shifts.gaps(session, watch.roster, now)
    more = f"，另有{len(gaps) - 1}处" if len(gaps) > 1 else ""
    return (f"排班有缺口：{shifts.gap_in_words(gaps[0])}{more}，请到“排班”页安排",) if gaps else ()


def _unknown_channels(watch: Watch) -> tuple[str, ...]:
    """What the duty file asks for and the settings do not have."""
    if not (names := watch.unknown_channels):
        return ()
    return (f"值班表里的提醒渠道“{'、'.join(names)}”没有配置；只写了它的那一步按全部渠道提醒，请改正 duty.yml",)
