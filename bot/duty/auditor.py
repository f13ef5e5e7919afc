"""The auditor: a second pair of eyes on every unacknowledged alarm.

It shares no code with the engine, the pager, their models or their channels: it has its own connection, its own SQL
and its own way to tell a group. If a case's next page is overdue, it pages by itself and reports unhealthy; that the
engine is silent, that messages pile up, that neither a desk nor a channel works, or that the database does not answer,
it tells too. It runs in the console's process, so that a dead or hanging gateway cannot silence it, and a second one
in the gateway's, which tells of the first one's silence. The model is Grafana OnCall's escalation auditor.
"""

import base64
import hmac
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import sqlalchemy as sa
import structlog

log = structlog.get_logger()

GRACE = timedelta(seconds=20)
ROUND_SECONDS = 5
_REPEAT_SECONDS = 60
_SILENT = timedelta(seconds=60)
"""A part that was not heard from for so long is dead, a database too; a restart takes seconds."""
_UNREAD = timedelta(seconds=60)
"""A message that nobody has dealt with for so long is stuck; one that fails for good is a human's after half of it."""
_TOLD_AGAIN = timedelta(minutes=10)
_LOOKED_BACK = timedelta(minutes=10)
_SEND_SECONDS = 10
_SENDERS = 32
_GROUP_PAUSE = timedelta(seconds=30)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NAMED = 20

# Ways for an open alarm to be stalled: no deadline ahead, a page that nobody tries to send, or nobody reached by the
# page that is the last one to have got out (or by none at all) although a later one has been due for a while. For an
# acknowledged one: nobody notices its silence. A deadline that is claimed for the third time is none that is ahead:
# whoever claims it moves it on, and fails. A desk that is mute, or was lost after its page, has reached nobody.
_STALLED = sa.text("""
    SELECT c.id AS case_id FROM "case" c
    WHERE c.state IN ('open', 'acknowledged') AND c.label = 'urgent_alarm' AND c.resolved_at IS NULL
    AND (c.state = 'open' AND (
        NOT EXISTS (SELECT 1 FROM escalation e
                    WHERE e.case_id = c.id AND e.state = 'pending' AND e.due_at > :overdue AND e.attempts < 3)
        OR EXISTS (SELECT 1 FROM page p
                   WHERE p.case_id = c.id AND p.state = 'pending' AND p.due_at < :overdue)
        OR (c.alarmed_at < :overdue AND NOT EXISTS (
            SELECT 1 FROM page
            WHERE case_id = c.id AND state = 'done' AND COALESCE(receipt, '') NOT IN ('muted', 'lost')))
        OR EXISTS (SELECT 1 FROM page p
                   WHERE p.case_id = c.id AND p.created_at < :overdue AND p.level > (
                       SELECT MAX(level) FROM page
                       WHERE case_id = c.id AND state = 'done' AND COALESCE(receipt, '') NOT IN ('muted', 'lost')))
    ) OR c.state = 'acknowledged' AND EXISTS (
        SELECT 1 FROM escalation e WHERE e.case_id = c.id AND e.kind = 'silence' AND e.state = 'pending'
                                         AND (e.due_at < :overdue OR e.attempts >= 3)
    )) ORDER BY c.id
""").bindparams(sa.bindparam("overdue", type_=sa.DateTime))
_PILED_UP = sa.text("""
    SELECT EXISTS (SELECT 1 FROM message WHERE state = 'pending' AND received_at < :before)
""").bindparams(sa.bindparam("before", type_=sa.DateTime))
_CLAIM = sa.text("""
    INSERT INTO auditor_page (case_id, missed_at, paged_at) VALUES (:case_id, :missed_at, :paged_at)
    ON CONFLICT (case_id, missed_at) DO NOTHING
""").bindparams(sa.bindparam("missed_at", type_=sa.DateTime), sa.bindparam("paged_at", type_=sa.DateTime))
_BEAT = sa.text("""
    INSERT INTO heartbeat (name, at, healthy, detail) VALUES (:name, :at, :healthy, :detail)
    ON CONFLICT (name) DO UPDATE SET at = :at, healthy = :healthy, detail = :detail
""").bindparams(sa.bindparam("at", type_=sa.DateTime))
_HEARD = sa.text("SELECT at FROM heartbeat WHERE name = :name").columns(at=sa.DateTime)
# What came last over each channel: anything that got out, or only errors. What waits for its channel's rate has not
# failed. The latest rows are enough, and found by their number, however many there are.
_DEAF = sa.text("""
    SELECT (SELECT COUNT(*) FROM desk_presence WHERE audible AND seen_at > :overdue) AS desks,
           COUNT(*) AS channels,
           COALESCE(SUM(CASE WHEN last.state = 'done' AND COALESCE(last.receipt, '') NOT IN ('muted', 'lost')
                             THEN 0 ELSE 1 END), 0) AS failed
    FROM (SELECT MAX(id) AS id FROM page
          WHERE id > (SELECT MAX(id) FROM page) - 500 AND created_at > :since AND (state = 'done' OR error IS NOT NULL)
                AND NOT (state = 'pending' AND error LIKE 'rate limit:%')
          GROUP BY channel) latest JOIN page last ON last.id = latest.id
""").bindparams(sa.bindparam("overdue", type_=sa.DateTime), sa.bindparam("since", type_=sa.DateTime))
# Several auditors may run: one of them tells, and nobody again for a while.
_TELL = sa.text("""
    INSERT INTO heartbeat (name, at, healthy, detail) VALUES (:name, :at, :unhealthy, '')
    ON CONFLICT (name) DO UPDATE SET at = :at WHERE heartbeat.at <= :before
""").bindparams(sa.bindparam("at", type_=sa.DateTime), sa.bindparam("before", type_=sa.DateTime))

_COMPLAINTS = {
    "engine": ("the engine is silent", "值班系统没有反应，新警情可能没有提醒，请立即查看值班台并通知管理员"),
    "auditor": ("the console's auditor is silent", "值班台程序没有反应，网页可能打不开，请留意其他提醒并通知管理员"),
    "messages": ("messages pile up", "有居民消息超过一分钟没有处理，其中可能有警情，请立即查看值班台并通知管理员"),
    "channels": (
        "no desk can be heard and every channel's last page failed",
        "没有一个值班台在线且有声音，所有提醒渠道都发不出去，请立即打开值班台并通知管理员",
    ),
    "database": ("the database does not answer", "数据库没有反应，新警情收不进来也提醒不了，请立即通知管理员"),
}
"""What can be wrong with the station as a whole: as the heartbeat has it, and as everybody is told."""
MUTE = "can reach nobody"
"""How the heartbeat begins of an auditor that has no group to tell."""
_MUTE = f"{MUTE}: set FUJIN_AUDITOR_CHANNELS, or a page channel that reaches a group"


@dataclass(frozen=True)
class Finding:
    """A case whose next page is overdue, and whether this auditor has now paged for it."""

    case_id: int
    paged: bool


class Auditor:
    """Looks every few seconds; `look` is one look."""

    def __init__(
        self,
        database_url: str,
        channels: tuple[str, ...],
        console_url: str,
        *,
        last_resort: tuple[str, ...] = (),
        second: bool = False,
    ) -> None:
        """Watch a database.

        `channels` are addresses of groups, with their kind in front; `last_resort` those that are used when none of
        the others took a page. The `second` one watches the first one as well.
        """
        postgresql = sa.make_url(database_url).get_backend_name() == "postgresql"
        waits = {"connect_timeout": 3, "tcp_user_timeout": 5000, "options": "-c statement_timeout=4000"}
        self._engine = sa.create_engine(
            database_url,
            pool_pre_ping=True,
            pool_size=1,
            hide_parameters=True,
            connect_args=waits if postgresql else {},
        )
        self._channels, self._last_resort, self._console_url = channels, last_resort, console_url
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="auditor")
        self._name = "second-auditor" if second else "auditor"
        self._parts = ("engine", "auditor") if second else ("engine",)
        self._told: dict[str, datetime] = {}
        self._blind_since: datetime | None = None
        self._mute = [] if channels or last_resort else [_MUTE]
        self._began: datetime | None = None
        self._stop = threading.Event()

    def look(self, now: datetime) -> list[Finding]:
        """One round. That it cannot be done is logged, and after a while everybody is told."""
        try:
            findings = self._round(now)
        except Exception as error:  # whatever it is, the next round comes
            log.error("auditor.round_failed", reason=type(error).__name__)
            self._cannot_see(now)
            return []
        self._blind_since = None
        return findings

    def _cannot_see(self, now: datetime) -> None:
        """What was told, and when, is only known here now: each auditor tells."""
        self._blind_since = self._blind_since or now
        if now - self._blind_since >= _SILENT and now - self._told.get("database", _LONG_AGO) >= _TOLD_AGAIN:
            self._told["database"] = now
            self._tell_all("database", now)

    def _round(self, now: datetime) -> list[Finding]:
        """Check every open alarm once, leave a heartbeat, and page for those that are stalled.

        Several auditors may run: of one case and minute, one of them pages.
        """
        self._began = self._began or now
        with self._engine.connect() as connection:
            stalled = connection.execute(_STALLED, {"overdue": _naive(now - GRACE)}).scalars().all()
            complaints = self._complaints(connection, now)
        told = [f"overdue: {', '.join(map(str, stalled))}"] if stalled else []
        told += [_COMPLAINTS[about][0] for about in complaints]
        # First of all: telling may take a while, and `/readyz` must not hear of a silent auditor meanwhile.
        with self._engine.begin() as connection:
            wrong = told + self._mute
            beat = {"name": self._name, "at": _naive(now), "healthy": not wrong, "detail": "; ".join(wrong)}
            connection.execute(_BEAT, beat)
        paged = self._page([case_id for case_id in stalled if self._claim(case_id, now)], now)
        for about in complaints:
            self._complain(about, now)
        return [Finding(case_id, case_id in paged) for case_id in stalled]

    def _complaints(self, connection: sa.Connection, now: datetime) -> list[str]:
        """What is wrong with the station as a whole."""
        found = {
            **{part: self._silent(connection, part, now) for part in self._parts},
            "messages": self._piled_up(connection, now),
            "channels": self._nobody_hears(connection, now),
        }
        return [about for about, wrong in found.items() if wrong]

    def _silent(self, connection: sa.Connection, part: str, now: datetime) -> bool:
        """Whether a part has stopped, or never begun. At its own start the auditor gives it time to begin."""
        at, began = connection.execute(_HEARD, {"name": part}).scalar(), _naive(self._began or now)
        return _naive(now) - max(at or began, began) > _SILENT

    def _piled_up(self, connection: sa.Connection, now: datetime) -> bool:
        """Whether a message waits that the engine, alive as it may be, does not get done. It too has time to begin."""
        if now - (self._began or now) <= _UNREAD:
            return False
        return bool(connection.execute(_PILED_UP, {"before": _naive(now - _UNREAD)}).scalar())

    def _nobody_hears(self, connection: sa.Connection, now: datetime) -> bool:
        row = connection.execute(_DEAF, {"overdue": _naive(now - GRACE), "since": _naive(now - _LOOKED_BACK)}).one()
        return bool(row.desks == 0 and row.channels > 0 and row.failed == row.channels)

    def _complain(self, about: str, now: datetime) -> None:
        """Tell everybody of what concerns no single case, once in a while."""
        log.error("auditor.complaint", about=about)
        row = {"name": f"told-{about}", "at": _naive(now), "before": _naive(now - _TOLD_AGAIN), "unhealthy": False}
        with self._engine.begin() as connection:
            if connection.execute(_TELL, row).rowcount != 1:
                return
        self._tell_all(about, now)

    def _tell_all(self, about: str, now: datetime) -> None:
        """Tell everybody that something is wrong with the station as a whole."""
        body: dict[str, Any] = {
            "page_id": f"auditor-{about}-{_minute(now):%Y%m%dT%H%M}",
            "case_id": None,
            "label": "urgent_alarm",
            "level": -1,
            "officer": "全体",
            "text": f"【系统故障】{_COMPLAINTS[about][1]}（系统巡检发出）",
            "console_url": f"{self._console_url}/",
        }
        everybody = (*self._channels, *self._last_resort)
        # Where the ordinary channels are what fails, each page of theirs is tried anyway; but there may be no others.
        channels = self._last_resort or everybody if about == "channels" else everybody
        self._any_took(self._submit(body, channels, now))

    def _claim(self, case_id: int, now: datetime) -> bool:
        row = {"case_id": case_id, "missed_at": _naive(_minute(now)), "paged_at": _naive(now)}
        with self._engine.begin() as connection:
            return connection.execute(_CLAIM, row).rowcount == 1

    def _page(self, cases: list[int], now: datetime) -> set[int]:
        """Page for these cases, where needed by the last resort; those that somebody took a page for."""
        for case_id in cases:
            log.error("auditor.overdue", case_id=case_id)
        paged = self._page_over(self._channels, cases, now)
        return paged | self._page_over(self._last_resort, [one for one in cases if one not in paged], now)

    def _page_over(self, channels: tuple[str, ...], cases: list[int], now: datetime) -> set[int]:
        """One page for all cases to groups, whose vendors silence who says too much, and one for each to programs.

        Groups first, all others together: neither many cases nor a program that hangs may keep a group waiting.
        """
        programs = tuple(channel for channel in channels if channel.startswith("webhook+"))
        groups = tuple(
            channel
            for channel in channels
            if cases and channel not in programs and now - self._told.get(channel, _LONG_AGO) >= _GROUP_PAUSE
        )
        self._told |= dict.fromkeys(groups, now)
        to_groups = self._submit(self._overdue(cases, now), groups, now)
        to_programs = {case_id: self._submit(self._overdue([case_id], now), programs, now) for case_id in cases}
        paged = set(cases) if self._any_took(to_groups) else set()
        return paged | {case_id for case_id, sent in to_programs.items() if self._any_took(sent)}

    def _overdue(self, cases: list[int], now: datetime) -> dict[str, Any]:
        numbers, only = [str(case_id) for case_id in cases], cases[0] if len(cases) == 1 else None
        return {
            # A new one each time: receivers may fold.
            "page_id": f"auditor-{'-'.join(numbers)}-{_minute(now):%Y%m%dT%H%M}",
            "case_id": only,
            "label": "urgent_alarm",
            "level": -1,
            "officer": "全体",
            "text": f"【紧急警情】案件{'、'.join(numbers[:_NAMED])} 提醒超时无人确认，请立即查看（系统巡检发出）",
            "console_url": f"{self._console_url}/case/{only}" if only else f"{self._console_url}/",
        }

    def _submit(self, body: dict[str, Any], channels: tuple[str, ...], now: datetime) -> list[Future[bool]]:
        """Begin to tell all of these groups. One that hangs holds up none of the others."""
        return [self._senders.submit(_send, channel, body, now) for channel in channels]

    def _any_took(self, sent: list[Future[bool]]) -> bool:
        """Whether any of them took it; all are waited for."""
        taken = [self._took(one) for one in sent]
        return any(taken)

    def _took(self, sending: Future[bool]) -> bool:
        try:
            return sending.result(timeout=_SEND_SECONDS)
        except Exception as error:  # whatever is wrong with one address, the others and the next case are tried
            log.error("auditor.page_failed", reason=type(error).__name__)
            return False

    def run(self, now: Callable[[], datetime]) -> None:
        """Look again and again until `stop`."""
        for reason in self._mute:
            log.error("auditor.mute", reason=reason)
        while not self._stop.wait(ROUND_SECONDS):
            self.look(now())

    def stop(self) -> None:
        """End `run` and give the connection back."""
        self._stop.set()
        self._senders.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()


def _send(channel: str, body: dict[str, Any], now: datetime) -> bool:
    """Tell one group, in the way of its vendor; whether it took it."""
    kind, _, address = channel.partition("+")
    words = f"{body['text']}\n{body['console_url']}"
    match kind:
        case "wecom":
            text: dict[str, Any] = {"content": words, "mentioned_mobile_list": ["@all"]}
            return _robot(address, {"msgtype": "text", "text": text}, "errcode")
        case "dingtalk":
            said = {"msgtype": "text", "text": {"content": words}, "at": {"isAtAll": True}}
            return _robot(_signed_for_dingtalk(address, now), said, "errcode")
        case "feishu":
            everybody = '<at user_id="all">所有人</at> '
            content = {"msg_type": "text", "content": {"text": everybody + words}}
            return _robot(*_signed_for_feishu(address, content, now), "code")
        case "apprise":
            import apprise  # it takes a while, and few stations have it

            service = apprise.Apprise.instantiate(address)
            return bool(service and service.notify(body=words))
        case _:
            return httpx.post(address, json=body, timeout=5).is_success


def _robot(url: str, body: dict[str, Any], code: str) -> bool:
    answer = httpx.post(url, json=body, timeout=5)
    return answer.status_code == httpx.codes.OK and answer.json().get(code) == 0


def _signed_for_dingtalk(address: str, now: datetime) -> str:
    url = httpx.URL(address)
    secret = url.params.get("secret")
    if not secret:
        return address
    timestamp = str(int(now.timestamp() * 1000))
    sign = base64.b64encode(hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), "sha256")).decode()
    return str(url.copy_remove_param("secret").copy_merge_params({"timestamp": timestamp, "sign": sign}))


def _signed_for_feishu(address: str, body: dict[str, Any], now: datetime) -> tuple[str, dict[str, Any]]:
    url = httpx.URL(address)
    secret = url.params.get("secret")
    if not secret:
        return address, body
    timestamp = str(int(now.timestamp()))
    sign = base64.b64encode(hmac.digest(f"{timestamp}\n{secret}".encode(), b"", "sha256")).decode()
    return str(url.copy_remove_param("secret")), {"timestamp": timestamp, "sign": sign, **body}


def _minute(moment: datetime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // _REPEAT_SECONDS * _REPEAT_SECONDS, UTC)


def _naive(moment: datetime) -> datetime:
    """UTC without an offset, as the tables keep it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
