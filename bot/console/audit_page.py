"""审计日志: what was done and who saw personal data, newest first, and whether the log is as it was written."""

import asyncio
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import StreamingResponse
from nicegui import ui

from bot.console.door import name_of
from bot.console.feed import Feed
from bot.console.keyed import Part
from bot.console.officer import viewed
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, frame
from bot.duty import audit
from bot.duty.access import ROLES
from bot.duty.audit import ACTIONS, Breach, Filter
from bot.duty.conversation import FROM_TALK
from bot.duty.handling import DISPOSITIONS
from bot.duty.roster import STATION_TIME
from bot.store.models import AuditEntry, CaseId
from bot.store.session import StoreUnavailableError

_PAGE, _BATCH = 100, 1000
_VERIFIED_FOR_SECONDS = 60.0
_DIGITS = 15
_DETAILS = {
    "reason": "原因",
    "role": "角色",
    "was": "原来",
    "now": "改为",
    "disposition": "处置结果",
    "counts": "数量",
    "on": "开通",
    "decision": "决定",
    "officer": "民警",
    "for": "发给",
    "to": "给谁",
    "by": "由谁",
    "words": "找什么",
    "since": "从",
    "until": "到",
    "label": "种类",
    "state": "状态",
    "case": "案件",
    "changes": "变动",
    "rows": "行数",
    "begun": "接手自",
}
_WAYS = {"command": "经命令行", "one-tap": "经提醒里的链接", "voice": "经电话按键"}
"""By which way somebody acted that is not the console's pages."""
_SEEN = {
    "desk": "值班台",
    "applications": "申请",
    "roster": "排班",
    "cases": "案件列表",
    "talks": "对话列表",
    "corrections": "改过种类的案件",
    "audit": "审计日志",
    "audit.csv": "导出的审计日志",
    "roster.ics": "排班日历",
    "ack": "提醒里的链接",
}
"""What was looked at, where that is a page or list as a whole."""
_WHOLE = "日志完整：从第一条到最后一条都和写入时一样（旧记录一天核对一次）"
_BREACHES = {
    "missing": "缺了",
    "not chained to the entry before": "和上一条接不上",
    "changed": "被改过",
    "not the one that was kept": "和上次核对时不一样",
}


@dataclass(frozen=True)
class Query:
    """What the page is asked for, as it stands in its address."""

    actor: str = ""
    action: str = ""
    case: str = ""
    day: str = ""
    before: str = ""

    def wanted(self) -> Filter:
        """The same for the log; what cannot be read counts for nothing."""
        since = None
        with suppress(ValueError):
            since = datetime.combine(date.fromisoformat(self.day), time(), STATION_TIME)
        case = _number(self.case)
        return Filter(
            actor=self.actor.strip() or None,
            action=self.action or None,
            case_id=CaseId(case) if case else None,
            since=since,
            until=since + timedelta(days=1) if since else None,
        )

    def address(self, path: str, **more: str) -> str:
        """The address of a page that asks for the same."""
        asked = {name: value for name, value in {**vars(self), "before": "", **more}.items() if value}
        return f"{path}?{urlencode(asked)}" if asked else path


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def register(services: Services) -> None:
    """Serve `/audit`."""

    verification = audit.Verification()

    def verify() -> Breach | None:
        with services.store.reading() as session:
            return verification.again(session, now=services.clock.now())

    chain = Feed(verify, _VERIFIED_FOR_SECONDS)

    def read(query: Query) -> list[AuditEntry]:
        with services.store.reading() as session:
            return audit.entries(session, query.wanted(), before=_number(query.before), limit=_PAGE + 1)

    @ui.page("/audit", title="审计日志", response_timeout=10)
    async def audit_page(actor: str = "", action: str = "", case: str = "", day: str = "", before: str = "") -> None:
        query = Query(actor, action, case, day, before)
        with frame(services, active="/audit"):
            ui.label("审计日志").classes("section-title")
            state = Part(_build_chain, classes="audit-chain")
            _build_filter(query)
            await viewed(services, subject="audit", again_and_again=True)
            try:
                found = await asyncio.to_thread(read, query)
            except StoreUnavailableError:
                build_problem(UNREADABLE)
                return
            _build_entries(found[:_PAGE])
            with ui.element("div").classes("audit-foot"):
                if len(found) > _PAGE:
                    ui.link("更早的", query.address("/audit", before=str(found[_PAGE - 1].id)))
                ui.link("导出 CSV", query.address("/audit/export.csv"))

        async def check() -> None:
            with suppress(StoreUnavailableError):
                state.show((await chain.latest(),))

        ui.timer(0.1, check, once=True)


def _build_chain(verified: tuple[Breach | None]) -> None:
    (breach,) = verified
    if breach is None:
        ui.label(_WHOLE).classes("audit-whole").props("role=status")
    else:
        build_problem(f"日志不完整：第{breach.entry}条{_BREACHES.get(breach.reason, breach.reason)}，请立即报告")


def _build_filter(query: Query) -> None:
    # A plain form with an address of its own, which can be kept and sent on.
    with ui.element("form").props('method=get action="/audit" aria-label="筛选"').classes("audit-filter"):
        _field("谁", "actor", query.actor, "maxlength=64")
        with ui.element("label"):
            ui.label("做了什么")
            with ui.element("select").props("name=action"):
                for action, title in {"": "全部", **ACTIONS}.items():
                    option = ui.element("option").props(f'value="{action}"')
                    option.props("selected" if action == query.action else "")
                    with option:
                        ui.label(title)
        _field("案件号", "case", query.case, "inputmode=numeric maxlength=15")
        _field("哪一天", "day", query.day, "type=date")
        with ui.element("button").props("type=submit").classes("audit-search"):
            ui.label("筛选")


def _field(title: str, name: str, value: str, props: str) -> None:
    with ui.element("label"):
        ui.label(title)
        field = ui.element("input").props(f"name={name} {props}")
        # Where it begins: a "value" would be put back, over what is being typed, whenever the page is drawn again.
        field._props["defaultValue"] = value  # a visitor's words: never through the props' own little language


def _build_entries(found: list[AuditEntry]) -> None:
    if not found:
        ui.label("没有这样的记录").classes("empty")
    with ui.element("ol").classes("audit-list"):
        for entry in found:
            with ui.element("li").classes("audit-entry").props(f"data-entry={entry.id}"):
                ui.label(str(entry.id)).classes("audit-number")
                ui.label(f"{entry.at.astimezone(STATION_TIME):%Y-%m-%d %H:%M:%S}").classes("audit-at")
                ui.label(entry.actor).classes("audit-actor")
                ui.label(ACTIONS.get(entry.action, entry.action)).classes("audit-action")
                with ui.element("div").classes("audit-what"):
                    if entry.case_id is not None:
                        ui.link(f"案件{entry.case_id}", f"/case/{entry.case_id}")
                    if entry.subject:
                        ui.label(_short(_subject(entry)))
                    if entry.detail:
                        ui.label(in_words(entry.detail)).classes("audit-detail")


def _subject(entry: AuditEntry) -> str:
    return _SEEN.get(entry.subject, entry.subject) if entry.action == "view" else entry.subject


def _short(subject: str) -> str:
    return f"文件 {subject[:12]}…" if len(subject) == 64 else subject  # a file's SHA-256


def in_words(detail: dict[str, Any]) -> str:
    """What else an entry tells, as people read it."""
    words = ROLES | DISPOSITIONS | {FROM_TALK: "机器人的对话"}
    told = [
        f"{_DETAILS.get(name, name)}：{words.get(str(value), value)}"
        for name, value in detail.items()
        if name not in ("via", "user")
    ]
    return "；".join([*told, *_way(detail)])


def _way(detail: dict[str, Any]) -> Iterator[str]:
    """By which way it was done, at the shell with the login: the name of the entry itself was only given there."""
    if via := detail.get("via"):
        login = f"，系统用户 {detail['user']}" if "user" in detail else ""
        yield f"{_WAYS.get(via, via)}{login}"


def router(services: Services) -> APIRouter:
    """The route `/audit/export.csv`."""
    routes = APIRouter()

    @routes.get("/audit/export.csv")
    async def export(request: Request) -> StreamingResponse:
        """The entries that are asked for, newest first, as a spreadsheet reads them."""
        asked = {name: value for name, value in request.query_params.items() if name in Query.__dataclass_fields__}
        if not await asyncio.to_thread(services.looks.note, name_of(request), subject="audit.csv"):
            raise HTTPException(503)
        return StreamingResponse(
            as_csv(services, Query(**asked).wanted()),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
        )

    return routes


def as_csv(services: Services, wanted: Filter) -> Iterator[str]:
    """Lines of CSV, read from the log piece by piece."""
    yield "\ufeff" + _line(["编号", "时间", "谁", "动作", "案件", "对象", "详情", "散列"])
    before: int | None = None
    while True:
        with services.store.reading() as session:
            found = audit.entries(session, wanted, before=before, limit=_BATCH)
        for entry in found:
            at = f"{entry.at.astimezone(STATION_TIME):%Y-%m-%d %H:%M:%S}"
            title = ACTIONS.get(entry.action, entry.action)
            case = entry.case_id or ""
            told = (case, _subject(entry), in_words(entry.detail))
            yield _line([entry.id, at, entry.actor, title, *told, entry.hash])
        if len(found) < _BATCH:
            return
        before = found[-1].id


def _line(cells: list[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(str(cell)) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell
