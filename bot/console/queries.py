"""What the console's pages show, read from the database as frozen values that can be compared from poll to poll."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty.case import RESOLVED
from bot.duty.roster import Roster
from bot.nlu.catalogue import title_of
from bot.nlu.entities import named_in
from bot.nlu.triage import URGENT
from bot.store.models import (
    Case,
    CaseId,
    CaseState,
    Escalation,
    Heartbeat,
    Message,
    Page,
    Reply,
    Resident,
    WorkState,
)

LINGER = timedelta(seconds=10)
"""How long an acknowledged alarm stays where it was, so that the cards below it do not move up at once."""
UNDELIVERED_FOR = timedelta(hours=48)
_STALE = timedelta(seconds=30)
_LINES, _LOOK_BACK = 3, 20
_ALARMS, _LIST, _UNDELIVERED = 100, 50, 20
_PARTS = {"engine": "消息处理", "auditor": "系统巡检"}
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
class CaseCard:
    """A case on the duty desk.

    `pseudonym` is None where the resident is a reporter, who is never named. `unseen` counts the messages that came
    after the acknowledgement: nobody is paged for those, so they must show. `said_over` are the words by which the
    resident called it over; `resolved_at` is set where they were taken at their word and the paging ended.
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
    resolved_at: datetime | None
    said_over: tuple[str, ...]
    closed_at: datetime | None
    closed_by: str | None
    disposition: str | None
    closing_word: str

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
class Desk:
    """Everything on the duty desk; `counts` are the unacknowledged cases by label, shown or not."""

    alarms: tuple[CaseCard, ...]
    requests: tuple[CaseCard, ...]
    tips: tuple[CaseCard, ...]
    acknowledged: tuple[CaseCard, ...]
    undelivered: tuple[Undelivered, ...]
    counts: Mapping[str, int]
    problems: tuple[str, ...]


def read_desk(session: Session, *, roster: Roster, now: datetime) -> Desk:
    """The duty desk now.

    Alarms stand in the order in which they came, so that a new one pushes none away; the quieter lists begin with the
    newest, so that it is seen when a list is cut off.
    """
    just_now = now - LINGER
    alarm = Case.label == URGENT
    is_open, taken = Case.state == CaseState.OPEN, Case.state == CaseState.ACKNOWLEDGED
    groups = [
        _rows(session, sa.and_(alarm, sa.or_(is_open, sa.and_(taken, Case.acknowledged_at > just_now))), limit=_ALARMS),
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
    cards = _cards(session, [row for group in groups for row in group], roster)
    alarms, requests, tips, acknowledged = (tuple(cards[case.id] for case, _ in group) for group in groups)
    counts = sa.select(Case.label, sa.func.count().label("number")).where(is_open).group_by(Case.label)
    return Desk(
        alarms=tuple(sorted(alarms, key=lambda card: (card.since, card.id))),
        requests=requests,
        tips=tips,
        acknowledged=acknowledged,
        undelivered=_undelivered(session, now),
        counts={row.label: row.number for row in session.execute(counts)},
        problems=_problems(session, now),
    )


def read_card(session: Session, case_id: CaseId, *, roster: Roster) -> CaseCard | None:
    """One case, or None when there is no such case."""
    rows = _rows(session, Case.id == case_id, limit=1)
    return _cards(session, rows, roster)[case_id] if rows else None


def reporter_hidden(label: str, intent: str) -> bool:
    """Whether the resident must not be named: tips are promised to be confidential, doubtful ones too."""
    return label == "tip" or (label != URGENT and intent.startswith("tip/"))


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
        .where(where)
        .order_by(Case.id.desc() if order is None else order)
        .limit(limit)
    )
    return [(case, pseudonym) for case, pseudonym in session.execute(query)]


def _cards(session: Session, rows: Sequence[_CaseRow], roster: Roster) -> dict[CaseId, CaseCard]:
    ids = [case.id for case, _ in rows]
    words = {case.id: words_of(case.evidence) for case, _ in rows}
    lines, deadlines, pages = _last_lines(session, words), _deadlines(session, ids, roster), _page_counts(session, ids)
    undelivered, unseen = _undelivered_counts(session, ids), _unseen_counts(session, ids)
    texts = _texts(session, ids)
    return {
        case.id: CaseCard(
            id=case.id,
            label=case.label,
            title=title_of(case.intent) if "/" in case.intent else title_of(case.label),
            state=case.state,
            pseudonym=None if reporter_hidden(case.label, case.intent) else pseudonym,
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
            resolved_at=case.resolved_at,
            said_over=tuple(word for item in case.evidence if item["rule"] == RESOLVED for word in item["words"]),
            closed_at=case.closed_at,
            closed_by=case.closed_by,
            disposition=case.disposition,
            closing_word=case.closing_word,
        )
        for case, pseudonym in rows
    }


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


def _texts(session: Session, ids: Sequence[CaseId]) -> dict[CaseId, list[str]]:
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


def _deadlines(session: Session, ids: Sequence[CaseId], roster: Roster) -> dict[CaseId, NextPage]:
    query = (
        sa.select(Escalation.case_id, Escalation.due_at, Escalation.level)
        .where(Escalation.case_id.in_(ids), Escalation.state == WorkState.PENDING)
        .order_by(Escalation.due_at.desc())
    )
    return {row.case_id: NextPage(row.due_at, roster.officer(row.level).name) for row in session.execute(query)}


def _page_counts(session: Session, ids: Sequence[CaseId]) -> dict[CaseId, tuple[int, int]]:
    sent = sa.func.sum(sa.case((Page.state == WorkState.DONE, 1), else_=0))
    in_trouble = sa.or_(
        Page.state == WorkState.FAILED, sa.and_(Page.state == WorkState.PENDING, Page.error.is_not(None))
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
    query = (
        sa.select(Reply, Resident.pseudonym, Case.label, Case.intent)
        .join(Resident, Resident.id == Reply.resident_id)
        .join(Case, Case.id == Reply.case_id, isouter=True)
        .where(Reply.state == WorkState.FAILED, Reply.created_at > now - UNDELIVERED_FOR)
        .order_by(Reply.id.desc())
        .limit(_UNDELIVERED)
    )
    return tuple(
        Undelivered(
            id=reply.id,
            case_id=reply.case_id,
            pseudonym=None if label and reporter_hidden(label, intent) else pseudonym,
            text=reply.text,
            reason=reply.error or "",
            at=reply.created_at,
        )
        for reply, pseudonym, label, intent in session.execute(query)
    )


def _problems(session: Session, now: datetime) -> tuple[str, ...]:
    """What is wrong with Fujin itself, in words an officer can act on."""
    problems = []
    for beat in session.scalars(sa.select(Heartbeat).where(Heartbeat.name.in_(_PARTS)).order_by(Heartbeat.name)):
        if now - beat.at > _STALE:
            problems.append(f"{_PARTS[beat.name]}已停止，请联系技术人员；紧急情况请以110为准")
        elif not beat.healthy:
            reason = "有警情提醒超时无人确认" if beat.name == "auditor" else "有异常"
            problems.append(f"{_PARTS[beat.name]}：{reason}")
    return tuple(problems)
