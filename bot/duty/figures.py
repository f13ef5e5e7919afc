"""How well the station answers: times from alarm to page, acknowledgement and end, false alarms, unanswered ones, by
hour and kind."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty.handling import DISPOSITIONS
from bot.duty.presence import reached
from bot.duty.roster import STATION_TIME
from bot.duty.spread import Quantile, Spread, Wait, spread
from bot.nlu.catalogue import title_of
from bot.nlu.triage import URGENT
from bot.store.models import AuditEntry, Case, CaseId, CaseState, Correction, Page

PAGE_TARGET = timedelta(seconds=15)
"""From the alarm to the first page that got out."""
ACKNOWLEDGE_TARGET = timedelta(seconds=60)
_COLUMNS = ("案件", "类型", "警情时间", "首次提醒", "首次确认", "又无人负责", "结束", "处置结果")
_SUMMARY_COLUMNS = ("分组", "名称", "警情", "已有结论", "误报", "误报率", "从未确认", "确认后又无人负责")
_SPREAD_COLUMNS = ("起数", "还没有", "中位（秒）", "九成（秒）", "时限内")
_LOWERED = "误报（改为其他类别）"
_alarmed_at = sa.func.coalesce(Case.alarmed_at, Case.opened_at, type_=Case.opened_at.type)


@dataclass(frozen=True)
class Alarm:
    """One alarm's moments; None for what has not come about.

    `abandoned_at`: when, for the last time, nobody had it any more although somebody had acknowledged it: nobody did
    anything about it, or it was given back. `lowered_at`: when an officer found that it is no alarm; that is its end,
    and it was a false one.
    """

    case_id: CaseId
    intent: str
    at: datetime
    paged_at: datetime | None
    acknowledged_at: datetime | None
    abandoned_at: datetime | None
    lowered_at: datetime | None
    closed_at: datetime | None
    disposition: str | None

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

    def to_page(self, now: datetime) -> Wait:
        """How long the first page took; once somebody has it, or it has ended, nobody waits for one."""
        return self._wait(self.paged_at, self.acknowledged_at or self.ended_at or now)

    def to_acknowledge(self, now: datetime) -> Wait:
        """How long nobody had it; once it has ended, nobody waits."""
        return self._wait(self.acknowledged_at, self.ended_at or now)

    def to_close(self, now: datetime) -> Wait:
        """How long it was an alarm."""
        return self._wait(self.ended_at, now)

    def _wait(self, moment: datetime | None, otherwise: datetime) -> Wait:
        return Wait(((moment or otherwise) - self.at).total_seconds(), censored=moment is None)


@dataclass(frozen=True)
class Group:
    """The figures of some alarms.

    `closed` are those of which an officer has found what they were, `false_rate` is the share of false ones among
    these, None before there are any. Unanswered are those that nobody acknowledged although the target had passed
    (`unacknowledged`), and those that somebody had and then nobody (`abandoned`), whatever became of them later.
    """

    alarms: int
    to_page: Spread
    to_acknowledge: Spread
    to_close: Spread
    closed: int
    false_alarms: int
    false_rate: float | None
    unacknowledged: int
    abandoned: int

    @property
    def unanswered(self) -> int:
        """Those that for a time nobody had."""
        return self.unacknowledged + self.abandoned


@dataclass(frozen=True)
class Measure:
    """One of the times that are taken: what officers read for it, where a group has it, within what it should be."""

    title: str
    of: Callable[[Group], Spread]
    target: timedelta | None = None


MEASURES = (
    Measure("首次提醒", lambda group: group.to_page, PAGE_TARGET),
    Measure("确认", lambda group: group.to_acknowledge, ACKNOWLEDGE_TARGET),
    Measure("结束", lambda group: group.to_close),
)


@dataclass(frozen=True)
class Figures:
    """A period's figures: of all its alarms, of each hour of the day in station time, and by kind, the most frequent
    first."""

    overall: Group
    by_hour: tuple[Group, ...]
    by_kind: dict[str, Group]


def read_alarms(session: Session, since: datetime, until: datetime) -> list[Alarm]:
    """The alarms of cases opened in [since, until), oldest first: also those that an officer lowered, as the kind they
    were paged for; not those that are part of another case.

    The acknowledgement is the first one, whatever became of it later (`unacknowledge`): that is how long the resident
    waited for a human.
    """
    paged = (
        sa.select(sa.func.min(Page.sent_at, type_=Page.sent_at.type))
        # What it was paged for as a request, before it became an alarm, told nobody of an alarm.
        .where(Page.case_id == Case.id, reached(), Page.created_at >= _alarmed_at)
        .scalar_subquery()
    )
    taken, abandoned = _logged(sa.func.min, "acknowledge", "reopen"), _logged(sa.func.max, "unacknowledge")
    lowering = (
        sa.select(sa.func.max(Correction.id))
        .where(Correction.case_id == Case.id, Correction.was.startswith(f"{URGENT}/"))
        .correlate(Case)
        .scalar_subquery()
    )
    query = (
        sa.select(Case, paged, sa.func.coalesce(taken, Case.acknowledged_at, type_=AuditEntry.at.type), abandoned)
        .add_columns(Correction)
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
            abandoned_at,
            lowered.made_at if lowered else None,
            case.closed_at,
            case.disposition,
        )
        for case, paged_at, acknowledged_at, abandoned_at, lowered in session.execute(query)
    ]


def _logged(which: Callable[..., Any], *actions: str) -> sa.ScalarSelect[Any]:
    """When one of these acts stands in the log of an alarm: the first or the last time."""
    return (
        sa.select(which(AuditEntry.at, type_=AuditEntry.at.type))
        .where(AuditEntry.case_id == Case.id, AuditEntry.action.in_(actions), AuditEntry.at >= _alarmed_at)
        .scalar_subquery()
    )


def waiting_now(session: Session, *, now: datetime) -> int:
    """How many alarms nobody has at this moment, though the target for acknowledging them has passed: of whatever
    age, also those that somebody had acknowledged before."""
    query = sa.select(sa.func.count()).where(
        Case.label == URGENT,
        Case.state == CaseState.OPEN,
        Case.merged_into_id.is_(None),
        _alarmed_at < now - ACKNOWLEDGE_TARGET,
    )
    return session.scalar(query) or 0


def summed_up(alarms: Sequence[Alarm], *, now: datetime) -> Figures:
    """The figures of some alarms, as they stand now."""
    hours: list[list[Alarm]] = [[] for _ in range(24)]
    kinds: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        hours[alarm.at.astimezone(STATION_TIME).hour].append(alarm)
        kinds.setdefault(alarm.intent, []).append(alarm)
    return Figures(
        overall=_group(alarms, now),
        by_hour=tuple(_group(of_hour, now) for of_hour in hours),
        by_kind={
            intent: _group(of_kind, now)
            for intent, of_kind in sorted(kinds.items(), key=lambda kind: (-len(kind[1]), kind[0]))
        },
    )


def _group(alarms: Sequence[Alarm], now: datetime) -> Group:
    to_acknowledge = [alarm.to_acknowledge(now) for alarm in alarms]
    closed, false_alarms = sum(alarm.judged for alarm in alarms), sum(alarm.false for alarm in alarms)
    return Group(
        alarms=len(alarms),
        to_page=spread((alarm.to_page(now) for alarm in alarms), PAGE_TARGET),
        to_acknowledge=spread(to_acknowledge, ACKNOWLEDGE_TARGET),
        to_close=spread((alarm.to_close(now) for alarm in alarms), None),
        closed=closed,
        false_alarms=false_alarms,
        false_rate=false_alarms / closed if closed else None,
        unacknowledged=sum(
            wait.censored and wait.seconds > ACKNOWLEDGE_TARGET.total_seconds() for wait in to_acknowledge
        ),
        abandoned=sum(alarm.abandoned_at is not None for alarm in alarms),
    )


def write_csv(alarms: Iterable[Alarm], file: TextIO) -> None:
    """One line an alarm, without anything about its resident; with a byte order mark, so that a spreadsheet program
    sees that it is UTF-8."""
    _write(_COLUMNS, map(_line, alarms), file)


def write_summary_csv(figures: Figures, file: TextIO) -> None:
    """One line each for all alarms, for each hour that has any and for each kind, with every time's spread in seconds.

    A quantile that is not known yet but is at least so long stands as ≥60.0, so that no program takes it for a number.
    """
    times = (f"{measure.title}{column}" for measure in MEASURES for column in _SPREAD_COLUMNS)
    _write((*_SUMMARY_COLUMNS, *times), _summary(figures), file)


def _write(columns: Iterable[str], lines: Iterable[Iterable[str]], file: TextIO) -> None:
    file.write("\ufeff")
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(lines)


def _line(alarm: Alarm) -> Iterator[str]:
    yield str(alarm.case_id)
    yield title_of(alarm.intent)
    for at in (alarm.at, alarm.paged_at, alarm.acknowledged_at, alarm.abandoned_at, alarm.ended_at):
        yield at.astimezone(STATION_TIME).strftime("%Y-%m-%d %H:%M:%S") if at else ""
    yield _LOWERED if alarm.lowered_at else DISPOSITIONS.get(alarm.disposition or "", alarm.disposition or "")


def _summary(figures: Figures) -> Iterator[Iterator[str]]:
    yield _summary_line("全部", "", figures.overall)
    for hour, group in enumerate(figures.by_hour):
        if group.alarms:
            yield _summary_line("时段", f"{hour}时", group)
    for intent, group in figures.by_kind.items():
        yield _summary_line("类型", title_of(intent), group)


def _summary_line(by: str, name: str, group: Group) -> Iterator[str]:
    yield from (by, name, str(group.alarms), str(group.closed), str(group.false_alarms), _share(group.false_rate))
    yield from (str(group.unacknowledged), str(group.abandoned))
    for measure in MEASURES:
        taken = measure.of(group)
        yield from (str(taken.count), str(taken.censored), _seconds(taken.p50), _seconds(taken.p90))
        yield _share(taken.within)


def _seconds(quantile: Quantile | None) -> str:
    return "" if quantile is None else f"{'≥' * quantile.at_least}{quantile.seconds:.1f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"
