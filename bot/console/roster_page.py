"""排班: who is on duty now, this month, and the changes that officers make."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from nicegui import events, ui

from bot.console.dialog import Question
from bot.console.door import name_of
from bot.console.feed import Feed
from bot.console.keyed import Keyed, rebuilding
from bot.console.keyed import Part as View
from bot.console.officer import identify, viewed
from bot.console.roster import Change, Day, Part, RosterView, following_month, read_roster
from bot.console.services import Services
from bot.console.theme import UNREADABLE, build_problem, chip, frame, not_found
from bot.duty import calendar, shifts
from bot.duty.roster import STATION_TIME
from bot.duty.shifts import ShiftError, Stretch
from bot.store.session import StoreUnavailableError

POLL_SECONDS = 5.0
_WEEKDAYS = "一二三四五六日"
_STEPS_SHOWN = 60
_YEARS = 10


def router(services: Services) -> APIRouter:
    """The route `/roster/calendar.ics`."""
    routes = APIRouter()

    def read() -> bytes:
        with services.store.reading() as session:
            return calendar.export(session, services.roster_file.current(), now=services.clock.now())

    @routes.get("/roster/calendar.ics")
    async def roster_calendar(request: Request) -> Response:
        """The next three months as a calendar file."""
        try:
            content = await asyncio.to_thread(read)
        except ShiftError as error:
            return not_found(str(error))
        await asyncio.to_thread(services.looks.note_once, name_of(request), subject="roster.ics")
        headers = {"Content-Disposition": 'attachment; filename="roster.ics"', "Cache-Control": "no-store"}
        return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)

    return routes


def register(services: Services) -> None:
    """Serve `/roster`; `?month=2026-12` shows that month."""

    @ui.page("/roster", title="排班", response_timeout=10)
    async def roster_page(month: str = "") -> None:
        await viewed(services, subject="roster", again_and_again=True)
        page = _RosterPage(services, _month(month, services.clock.now()))
        await page.refresh()
        ui.timer(POLL_SECONDS, page.refresh)


def _month(text: str, now: datetime) -> date:
    """The month that an address asks for; the present one for anything that is none."""
    present = now.astimezone(STATION_TIME).date().replace(day=1)
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return present
    return month if abs(month.year - present.year) < _YEARS else present


class _RosterPage:
    """One browser's roster."""

    def __init__(self, services: Services, month: date) -> None:
        self._services = services

        def read() -> RosterView:
            with services.store.reading() as session:
                return read_roster(session, services.roster_file.current(), month=month, now=services.clock.now())

        self._feed = Feed(read, POLL_SECONDS)
        with frame(services, active="/roster"):
            self._problems = View(_build_problems, classes="problems")
            self._now = View(_build_now)
            with ui.element("div").classes("roster"):
                with ui.element("section").classes("roster-plan").props('aria-label="月排班"'):
                    _build_month_title(month)
                    self._month = View(_build_month)
                with ui.element("aside").classes("quiet"):
                    self._build_acts()
                    with ui.element("section").props('aria-label="变动"'):
                        ui.label("之后的变动").classes("section-title roster-title")
                        self._none = ui.label("暂无").classes("empty")
                        self._changes: Keyed[int, Change] = Keyed(rebuilding(self._build_change), classes="quiet-list")
                    self._build_calendar()

    async def refresh(self, *, fresh: bool = False) -> None:
        """Bring the page up to date."""
        try:
            view = await self._feed.latest(fresh=fresh)
        except StoreUnavailableError:
            self._problems.show((UNREADABLE,))
            return
        broken = self._services.roster_file.problem
        mistaken = (f"值班表有错误，仍按上一版排班：{broken}",) if broken else ()
        self._problems.show(mistaken + tuple(f"缺口：{gap}" for gap in view.gaps))
        self._now.show((view.now, view.following))
        self._month.show(view.weeks)
        self._none.set_visibility(not view.changes)
        self._changes.show((change.id, change) for change in view.changes)

    # -- acts ---------------------------------------------------------------------------------------------------

    def _build_acts(self) -> None:
        with ui.element("section").props('aria-label="安排"'):
            ui.label("安排变动").classes("section-title roster-title")
            with ui.element("div").classes("decisions"):
                for title, ask in (("换班", self._ask_swap), ("请假", self._ask_away), ("加班", self._ask_extra)):
                    ui.button(title, on_click=ask, color=None).props("unelevated no-caps").classes("decision")

    async def _ask_swap(self) -> None:
        await self._ask("换班", "两个人各上对方的一班。", self._swap_fields)

    def _swap_fields(self) -> Callable[[str], Any]:
        turns = [(self._officer(title), _day(f"{title}哪天的班")) for title in ("第一个人", "第二个人")]
        reason = _reason()

        def act(by: str) -> None:
            first, second = ((_chosen(who), _date(day)) for who, day in turns)
            self._act(shifts.swap, first, second, by=by, reason=reason.value)

        return act

    async def _ask_away(self) -> None:
        await self._ask("请假", "这段时间里这个人的班都不上，有人顶班就由顶班的人上。", self._away_fields)

    def _away_fields(self) -> Callable[[str], Any]:
        who, stand_in = self._officer("谁请假"), self._officer("谁顶班（可不选）", optional=True)
        times, reason = self._times(), _reason()

        def act(by: str) -> None:
            more = {"stand_in": stand_in.value or None, "by": by, "reason": reason.value}
            self._act(shifts.away, _chosen(who), *map(_moment, times), **more)

        return act

    async def _ask_extra(self) -> None:
        await self._ask("加班", "在原来的班组之外再加一个人。", self._extra_fields)

    def _extra_fields(self) -> Callable[[str], Any]:
        who = self._officer("谁加班")
        times, reason = self._times(), _reason()

        def act(by: str) -> None:
            self._act(shifts.reinforce, _chosen(who), *map(_moment, times), by=by, reason=reason.value)

        return act

    async def _ask(
        self, title: str, hint: str, fields: Callable[[], Callable[[str], Any]], *, confirm: str = "保存"
    ) -> None:
        by = await identify(self._services, "edit_roster")
        if by is None:
            return

        async def act() -> str | None:
            try:
                await asyncio.to_thread(make, by)
            except ShiftError as error:
                return str(error)
            return None

        question = Question(title, confirm, act)
        with question.body:
            ui.label(hint).classes("ask-hint")
            make = fields()
        if await question.answered():
            await self.refresh(fresh=True)

    def _act(self, act: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        with self._services.store.transaction() as session:
            return act(
                session, self._services.roster_file.current(), *arguments, now=self._services.clock.now(), **more
            )

    def _officer(self, title: str, *, optional: bool = False) -> ui.select:
        names = [officer.name for officer in self._services.roster_file.current().officers]
        select = ui.select(names, label=title, clearable=optional)
        return select.props(f'dense outlined options-dense behavior=menu aria-label="{title}"')

    def _times(self) -> tuple[ui.input, ui.input]:
        """From the next shift's beginning to its end, unless something else is written."""
        now = self._services.clock.now()
        roster = self._services.roster_file.current()
        shift = roster.shift(roster.shift(now).ends_at) if roster.rotation else None
        starts_at, ends_at = (shift.starts_at, shift.ends_at) if shift else (now, now + timedelta(days=1))
        return _time("从", starts_at), _time("到", ends_at)

    # -- changes ------------------------------------------------------------------------------------------------

    def _build_change(self, change: Change) -> None:
        with ui.element("article").classes("quiet-row").props(f"data-change={change.id}"):
            with ui.element("div").classes("quiet-text"):
                ui.label(change.words).classes("quiet-name")
                ui.label(change.when)
                with ui.element("div").classes("facts"):
                    ui.label(f"{change.id}号 · {change.made_by}办理")
                    if change.reason:
                        ui.label(change.reason)
            button = ui.button("撤销", on_click=lambda: self._ask_cancel(change), color=None)
            button.props("unelevated no-caps data-guarded").classes("acknowledge")

    async def _ask_cancel(self, change: Change) -> None:
        def fields() -> Callable[[str], Any]:
            ui.label(f"{change.when} {change.words}").classes("ask-preview")
            return lambda by: self._act(
                lambda session, _roster, **more: shifts.cancel(session, change.id, **more), by=by
            )

        await self._ask("撤销变动", "还没开始的变动不再生效，已经开始的从现在起结束。", fields, confirm="撤销")

    # -- the calendar file ----------------------------------------------------------------------------------------

    def _build_calendar(self) -> None:
        with ui.element("section").props('aria-label="日历文件"'):
            ui.label("日历文件").classes("section-title roster-title")
            ui.label(
                "导出后三个月的班次，可放进手机日历；在日历里改了谁上班，再导入就成为变动。"
                "自己写的日程，标题写“姓名 值班”“姓名 替 姓名”或“姓名 请假”。"
            ).classes("note")
            with ui.element("div").classes("decisions"):
                ui.link("导出", "/roster/calendar.ics").classes("decision roster-export").props("download")
                upload = ui.upload(on_upload=self._uploaded, max_file_size=calendar.MAX_BYTES, auto_upload=True)
                upload.on("rejected", lambda: ui.notify("只能导入1 MB以内的.ics文件", type="warning"))
                upload.props('accept=".ics,text/calendar"').classes("wechat-upload")
                pick = f"() => document.querySelector('#{upload.html_id} input[type=file]').click()"
                choose = ui.button("导入", color=None).props("unelevated no-caps").classes("decision")
                choose.on("click", js_handler=pick)

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        event.sender.reset()  # type: ignore[attr-defined]
        by = await identify(self._services, "edit_roster")
        if by is None:
            return

        def run(*, dry_run: bool) -> list[calendar.Step]:
            steps: list[calendar.Step] = self._act(calendar.import_file, content, by=by, dry_run=dry_run)
            return steps

        async def act() -> str | None:
            try:
                await asyncio.to_thread(run, dry_run=False)
            except ShiftError as error:
                return str(error)
            return None

        try:
            steps = await asyncio.to_thread(run, dry_run=True)
        except (ShiftError, StoreUnavailableError) as error:
            words = str(error) if isinstance(error, ShiftError) else UNREADABLE
            read = [{"label": "知道了", "color": "white"}]
            ui.notify(words, type="negative", multi_line=True, timeout=0, actions=read)
            return
        question = Question("导入日历", "导入", act)
        with question.body:
            _build_steps(steps)
        if await question.answered():
            await self.refresh(fresh=True)


def _build_steps(steps: list[calendar.Step]) -> None:
    """What importing would do."""
    told = [step for step in steps if step.kind != "keep"]
    with ui.element("div").classes("ask-preview roster-steps"):
        for step in told[:_STEPS_SHOWN]:
            ui.label(f"{calendar.STEPS[step.kind]}　{step.words}")
        if len(told) > _STEPS_SHOWN:
            ui.label(f"……还有{len(told) - _STEPS_SHOWN}处")
        ui.label(f"{len(steps) - len(told)}处不变" if told else "没有要改的").classes("note")


# -- fields -----------------------------------------------------------------------------------------------------------


def _day(title: str) -> ui.input:
    return ui.input(title).props(f'type=date dense outlined stack-label aria-label="{title}"')


def _time(title: str, at: datetime) -> ui.input:
    value = f"{at.astimezone(STATION_TIME):%Y-%m-%dT%H:%M}"
    return ui.input(title, value=value).props(f'type=datetime-local dense outlined stack-label aria-label="{title}"')


def _reason() -> ui.input:
    return ui.input("原因（同事看得到）").props(
        f'dense outlined maxlength={shifts.REASON_CHARACTERS} aria-label="原因"'
    )


def _chosen(select: ui.select) -> str:
    if not select.value:
        raise ShiftError("请选人")
    return str(select.value)


def _date(field: ui.input) -> date:
    try:
        return date.fromisoformat(field.value or "")
    except ValueError:
        raise ShiftError("请写明是哪天开始的班") from None


def _moment(field: ui.input) -> datetime:
    try:
        return datetime.fromisoformat(field.value or "").replace(tzinfo=STATION_TIME)
    except ValueError:
        raise ShiftError("请写明从几点到几点") from None


# -- what there is to see ---------------------------------------------------------------------------------------------


def _build_problems(problems: tuple[str, ...]) -> None:
    for problem in problems:
        build_problem(problem)


def _build_now(view: tuple[Stretch, Stretch | None]) -> None:
    now, following = view
    with (
        ui.element("section")
        .classes("on-duty")
        .classes("on-duty-gap" if now.gap else "")
        .props('aria-label="现在在班"')
    ):
        ui.label("现在在班").classes("note")
        with ui.element("div").classes("on-duty-names"):
            for turn in now.turns:
                ui.label(turn.officer).classes("on-duty-name")
            if not now.turns:
                ui.label("没有人").classes("on-duty-name")
        if following:
            ui.label(f"到 {shifts.moment(now.ends_at)}").classes("on-duty-until")
            ui.label(f"之后：{'、'.join(following.officers) or '没有人'}").classes("on-duty-next")
        else:
            ui.label("没有排班次，全体一直在班").classes("on-duty-until")


def _build_month_title(month: date) -> None:
    with ui.element("div").classes("month-title"):
        _month_link("上月", month - timedelta(days=1))
        ui.label(f"{month.year}年{month.month}月").classes("section-title")
        _month_link("下月", following_month(month))


def _month_link(title: str, month: date) -> None:
    ui.link(title, f"/roster?month={month:%Y-%m}").classes("month-link")


def _build_month(weeks: tuple[tuple[Day, ...], ...]) -> None:
    if not weeks:
        ui.label("值班表里没有轮班（rotation）：每天全体在班，只有请假会改变它。").classes("empty")
        return
    with ui.element("div").classes("month"):
        for weekday in _WEEKDAYS:
            ui.label(f"周{weekday}").classes("month-weekday")
        for week in weeks:
            for day in week:
                _build_day(day)


def _build_day(day: Day) -> None:
    flags = {"today": day.today, "outside": day.outside, "past": day.past, "gap": any(part.gap for part in day.parts)}
    classes = " ".join(f"day-{name}" for name, holds in flags.items() if holds)
    with ui.element("div").classes(f"day {classes}").props(f'data-day="{day.day}"'):
        with ui.element("div").classes("day-head"):
            ui.label(str(day.day.day)).classes("day-number")
            ui.label(f"周{_WEEKDAYS[day.day.weekday()]}").classes("day-weekday")
            if day.holiday:
                chip(day.holiday, "doubt")
        with ui.element("div").classes("day-parts"):
            for part in day.parts:
                _build_part(part)


def _build_part(part: Part) -> None:
    with ui.element("div").classes("day-part"):
        if part.begins:
            ui.label(part.begins).classes("day-begins")
        for turn in part.turns:
            if turn.whence == "change":
                how = f"替{turn.place}" if turn.place != turn.officer else "加班"
                with ui.element("div").classes("day-changed"):
                    ui.label(turn.officer)
                    ui.label(how).classes("day-how")
            else:
                ui.label(turn.officer)
        if part.gap:
            lacking = "、".join(part.missing)
            ui.label(f"缺{lacking}" if lacking else "缺人").classes("day-lacking")
