"""The auditor: a second pair of eyes on every unacknowledged alarm.

It shares no code with the engine, the pager or their models: it has its own connection, its own SQL and its own way
to POST. If a case's next page is overdue, it pages by itself and reports unhealthy. It runs in the console's process,
so that a dead or hanging gateway cannot silence it. The model is Grafana OnCall's escalation auditor.
"""

import threading
from collections.abc import Callable
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

# Three ways to be stalled: no deadline ahead, a page that nobody tries to send, or nobody reached by the page that is
# the last one to have got out (or by none at all) although a later one has been due for a while.
_STALLED = sa.text("""
    SELECT c.id AS case_id FROM "case" c
    WHERE c.label = 'urgent_alarm' AND c.state = 'open' AND c.resolved_at IS NULL AND (
        NOT EXISTS (SELECT 1 FROM escalation e
                    WHERE e.case_id = c.id AND e.state = 'pending' AND e.due_at > :overdue)
        OR EXISTS (SELECT 1 FROM page p
                   WHERE p.case_id = c.id AND p.state = 'pending' AND p.due_at < :overdue)
        OR (c.alarmed_at < :overdue AND NOT EXISTS (SELECT 1 FROM page p WHERE p.case_id = c.id AND p.state = 'done'))
        OR EXISTS (SELECT 1 FROM page p
                   WHERE p.case_id = c.id AND p.created_at < :overdue AND p.level >
                         (SELECT MAX(sent.level) FROM page sent WHERE sent.case_id = c.id AND sent.state = 'done'))
    ) ORDER BY c.id
""").bindparams(sa.bindparam("overdue", type_=sa.DateTime))
_CLAIM = sa.text("""
    INSERT INTO auditor_page (case_id, missed_at, paged_at) VALUES (:case_id, :missed_at, :paged_at)
    ON CONFLICT (case_id, missed_at) DO NOTHING
""").bindparams(sa.bindparam("missed_at", type_=sa.DateTime), sa.bindparam("paged_at", type_=sa.DateTime))
_BEAT = sa.text("""
    INSERT INTO heartbeat (name, at, healthy, detail) VALUES ('auditor', :at, :healthy, :detail)
    ON CONFLICT (name) DO UPDATE SET at = :at, healthy = :healthy, detail = :detail
""").bindparams(sa.bindparam("at", type_=sa.DateTime))


@dataclass(frozen=True)
class Finding:
    """A case whose next page is overdue, and whether this auditor has now paged for it."""

    case_id: int
    paged: bool


class Auditor:
    """Looks every few seconds; `round` is one look."""

    def __init__(self, database_url: str, channels: tuple[str, ...], console_url: str) -> None:
        postgresql = sa.make_url(database_url).get_backend_name() == "postgresql"
        waits = {"connect_timeout": 3, "tcp_user_timeout": 5000, "options": "-c statement_timeout=4000"}
        self._engine = sa.create_engine(
            database_url,
            pool_pre_ping=True,
            pool_size=1,
            hide_parameters=True,
            connect_args=waits if postgresql else {},
        )
        self._addresses = [url.removeprefix("webhook+") for url in channels]
        self._console_url = console_url
        self._stop = threading.Event()

    def round(self, now: datetime) -> list[Finding]:
        """Check every open alarm once, page for those that are stalled, and leave a heartbeat.

        Several auditors may run: of one case and minute, one of them pages.
        """
        moment = _naive(now)
        with self._engine.connect() as connection:
            stalled = connection.execute(_STALLED, {"overdue": _naive(now - GRACE)}).scalars().all()
        findings = [Finding(case_id, self._claim(case_id, now) and self._page(case_id, now)) for case_id in stalled]
        detail = f"overdue: {', '.join(str(f.case_id) for f in findings)}" if findings else ""
        with self._engine.begin() as connection:
            connection.execute(_BEAT, {"at": moment, "healthy": not findings, "detail": detail})
        return findings

    def _claim(self, case_id: int, now: datetime) -> bool:
        row = {"case_id": case_id, "missed_at": _naive(_minute(now)), "paged_at": _naive(now)}
        with self._engine.begin() as connection:
            return connection.execute(_CLAIM, row).rowcount == 1

    def _page(self, case_id: int, now: datetime) -> bool:
        log.error("auditor.overdue", case_id=case_id)
        body: dict[str, Any] = {
            "page_id": f"auditor-{case_id}-{_minute(now):%Y%m%dT%H%M}",  # a new one each time: receivers may fold
            "case_id": case_id,
            "label": "urgent_alarm",
            "level": -1,
            "officer": "全体",
            "text": f"【紧急警情】案件{case_id} 提醒超时无人确认，请立即查看（系统巡检发出）",
            "console_url": f"{self._console_url}/case/{case_id}",
        }
        reached = [self._post(address, body) for address in self._addresses]
        return any(reached)

    def _post(self, address: str, body: dict[str, Any]) -> bool:
        try:
            return httpx.post(address, json=body, timeout=5).is_success
        except Exception as error:  # whatever is wrong with one address, the others and the next case are tried
            log.error("auditor.page_failed", reason=type(error).__name__)
            return False

    def run(self, now: Callable[[], datetime]) -> None:
        """Look again and again until `stop`; a failed look is logged and the next one comes."""
        while not self._stop.wait(ROUND_SECONDS):
            try:
                self.round(now())
            except Exception as error:
                log.error("auditor.round_failed", reason=type(error).__name__)

    def stop(self) -> None:
        """End `run` and give the connection back."""
        self._stop.set()
        self._engine.dispose()


def _minute(moment: datetime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // _REPEAT_SECONDS * _REPEAT_SECONDS, UTC)


def _naive(moment: datetime) -> datetime:
    """UTC without an offset, as the tables keep it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
