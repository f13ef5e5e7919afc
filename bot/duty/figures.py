"""How well the station answers: times from alarm to page, acknowledgement and end, false alarms, by hour and kind."""

import csv
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty.handling import DISPOSITIONS
from bot.duty.roster import STATION_TIME
from bot.nlu.catalogue import title_of
from bot.nlu.triage import URGENT
from bot.store.models import AuditEntry, Case, CaseId, CaseState, Correction, Page, WorkState

PAGE_TARGET = timedelta(seconds=15)
"""From the alarm to the first page that got out."""
ACKNOWLEDGE_TARGET = timedelta(seconds=60)
_COLUMNS = ("案件", "类型", "警情时间", "首次提醒", "首次确认", "结束", "处置结果")
_LOWERED = "误报（改为其他类别）"


@dataclass(frozen=True)
class Alarm:
    """One alarm's moments; None for what has not come about.

    `lowered_at`: when an officer found that it is no alarm; that is its end, and it was a false one.
    """

    case_id: CaseId
    intent: str
    at: datetime
    paged_at: datetime | None
    acknowledged_at: datetime | None
    lowered_at: datetime | None
    closed_at: datetime | None
    disposition: str | None
    open: bool

    @property
    def ended_at(self) -> datetime | None:
        """When it was an alarm no longer."""
        return self.lowered_at or self.closed_at

    @property
    def judged(self) -> bool:
        """Whether an officer has found what it was."""
        return self.lowered_at is not None or self.disposition is not None

    @property
    def false(self) -> bool:
        """Whether it was found to be none."""
        return self.lowered_at is not None or self.disposition == "false_alarm"


@dataclass(frozen=True)
class Spread:
    """How long something took, in seconds: how often it was measured, median, ninth decile, share within the target."""

    count: int
    p50: float | None = None
    p90: float | None = None
    within: float | None = None


@dataclass(frozen=True)
class Kind:
    """The alarms of one kind."""

    intent: str
    alarms: int
    false_alarms: int
    to_acknowledge: Spread

    @property
    def title(self) -> str:
        """The kind in Chinese."""
        return title_of(self.intent)


@dataclass(frozen=True)
class Figures:
    """A period's figures. `closed` are the alarms of which an officer has found what they were; `by_hour` in station
    time."""

    alarms: int
    to_page: Spread
    to_acknowledge: Spread
    to_close: Spread
    closed: int
    false_alarms: int
    unanswered: int
    by_hour: tuple[int, ...]
    kinds: tuple[Kind, ...]

    @property
    def false_rate(self) -> float | None:
        """False alarms among the closed ones; None before any was closed."""
        return self.false_alarms / self.closed if self.closed else None


def read_alarms(session: Session, since: datetime, until: datetime) -> list[Alarm]:
    """The alarms of cases opened in [since, until), oldest first: also those that an officer lowered, as the kind they
    were paged for; not those that are part of another case.

    The acknowledgement is the first one, whatever became of it later (`unacknowledge`): that is how long the resident
    waited for a human.
    """
    paged = (
        sa.select(sa.func.min(Page.sent_at, type_=Page.sent_at.type))
        .where(Page.case_id == Case.id, Page.state == WorkState.DONE)
        .scalar_subquery()
    )
    taken = (
        sa.select(sa.func.min(AuditEntry.at, type_=AuditEntry.at.type))
        .where(AuditEntry.case_id == Case.id, AuditEntry.action == "acknowledge", AuditEntry.at >= Case.alarmed_at)
        .scalar_subquery()
    )
    lowering = (
        sa.select(sa.func.max(Correction.id))
        .where(Correction.case_id == Case.id, Correction.was.startswith(f"{URGENT}/"))
        .correlate(Case)
        .scalar_subquery()
    )
    query = (
        sa.select(Case, paged, sa.func.coalesce(taken, Case.acknowledged_at, type_=AuditEntry.at.type), Correction)
        .outerjoin(Correction, sa.and_(Case.label != URGENT, Correction.id == lowering))
        .where(
            Case.opened_at >= since,
            Case.opened_at < until,
            Case.merged_into_id.is_(None),
            sa.or_(Case.label == URGENT, Correction.id.is_not(None)),
        )
        .order_by(Case.opened_at, Case.id)
    )
    return [
        Alarm(
            case.id,
            lowered.was if lowered else case.intent,
            case.alarmed_at or case.opened_at,
            paged_at,
            acknowledged_at,
            lowered.made_at if lowered else None,
            case.closed_at,
            case.disposition,
            case.state == CaseState.OPEN,
        )
        for case, paged_at, acknowledged_at, lowered in session.execute(query)
    ]


def summed_up(alarms: Sequence[Alarm], *, now: datetime) -> Figures:
    """The figures of some alarms; unanswered are those that nobody has acknowledged within the target."""
    hours = Counter(alarm.at.astimezone(STATION_TIME).hour for alarm in alarms)
    by_kind: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        by_kind.setdefault(alarm.intent, []).append(alarm)
    kinds = [
        Kind(intent, len(of_kind), _false(of_kind), _to_acknowledge(of_kind)) for intent, of_kind in by_kind.items()
    ]
    return Figures(
        alarms=len(alarms),
        to_page=_spread(((alarm.at, alarm.paged_at) for alarm in alarms), PAGE_TARGET),
        to_acknowledge=_to_acknowledge(alarms),
        to_close=_spread(((alarm.at, alarm.ended_at) for alarm in alarms), None),
        closed=sum(alarm.judged for alarm in alarms),
        false_alarms=_false(alarms),
        unanswered=sum(
            alarm.open and alarm.acknowledged_at is None and now - alarm.at > ACKNOWLEDGE_TARGET for alarm in alarms
        ),
        by_hour=tuple(hours[hour] for hour in range(24)),
        kinds=tuple(sorted(kinds, key=lambda kind: (-kind.alarms, kind.intent))),
    )


def write_csv(alarms: Iterable[Alarm], file: TextIO) -> None:
    """One line an alarm, without anything about its resident; with a byte order mark, so that a spreadsheet program
    sees that it is UTF-8."""
    file.write("\ufeff")
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    writer.writerows(_line(alarm) for alarm in alarms)


def _line(alarm: Alarm) -> Iterator[str]:
    yield str(alarm.case_id)
    yield title_of(alarm.intent)
    for at in (alarm.at, alarm.paged_at, alarm.acknowledged_at, alarm.ended_at):
        yield at.astimezone(STATION_TIME).strftime("%Y-%m-%d %H:%M:%S") if at else ""
    yield _LOWERED if alarm.lowered_at else DISPOSITIONS.get(alarm.disposition or "", alarm.disposition or "")


def _to_acknowledge(alarms: Iterable[Alarm]) -> Spread:
    return _spread(((alarm.at, alarm.acknowledged_at) for alarm in alarms), ACKNOWLEDGE_TARGET)


def _false(alarms: Iterable[Alarm]) -> int:
    return sum(alarm.false for alarm in alarms)


def _spread(pairs: Iterable[tuple[datetime, datetime | None]], target: timedelta | None) -> Spread:
    seconds = [(end - begin).total_seconds() for begin, end in pairs if end is not None]
    if not seconds:
        return Spread(0)
    tenths = statistics.quantiles(seconds, n=10, method="inclusive") if len(seconds) > 1 else seconds * 9
    within = None if target is None else sum(one <= target.total_seconds() for one in seconds) / len(seconds)
    return Spread(len(seconds), statistics.median(seconds), tenths[8], within)
