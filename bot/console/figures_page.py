"""统计: how fast alarms were paged, acknowledged and closed, by hour and kind; the same as tables to download."""

import asyncio
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TextIO

from fastapi import APIRouter, Query, Response
from nicegui import ui

from bot.console.figures_charts import alarms_by_hour, alarms_by_kind, times, told
from bot.console.keyed import Part
from bot.console.services import Services, local
from bot.console.theme import UNREADABLE, build_problem, frame
from bot.duty.figures import (
    MEASURES,
    Alarm,
    Figures,
    Group,
    Measure,
    read_alarms,
    summed_up,
    waiting_now,
    write_csv,
    write_summary_csv,
)
from bot.duty.spread import Quantile, Spread
from bot.nlu.catalogue import title_of
from bot.store.session import StoreUnavailableError

PERIODS = {7: "近7天", 30: "近30天", 90: "近90天", 365: "近一年"}
_DAYS = 30
_CHARTED, _LISTED = 10, 40
_CENSORED = (
    "还没有提醒、确认或结束的警情，按已经等了多久计入（右删失数据，Kaplan-Meier 估计）："
    "“超过”表示至少这么久，还会更长；超过时限还没有的，算不及时。"
)


class _View(NamedTuple):
    """What the page shows; `waiting`: the alarms that nobody has now, of whatever age."""

    figures: Figures
    waiting: int
    now: datetime


def register(services: Services) -> None:
    """Serve `/figures`."""

    @ui.page("/figures", title="统计", response_timeout=20)
    async def figures_page() -> None:
        page = _FiguresPage(services)
        await page.show(_DAYS)


def router(services: Services) -> APIRouter:
    """The routes `/figures.csv` and `/figures/summary.csv`."""
    routes = APIRouter()

    @routes.get("/figures.csv")
    async def figures_csv(days: int = Query(_DAYS, ge=1, le=3660)) -> Response:
        """The alarms of the last days, one line each."""
        alarms, view = await asyncio.to_thread(_read, services, days)
        return _table(f"fujin-{view.now:%Y%m%d}-{days}d.csv", lambda file: write_csv(alarms, file))

    @routes.get("/figures/summary.csv")
    async def summary_csv(days: int = Query(_DAYS, ge=1, le=3660)) -> Response:
        """Their figures, one line for all, each hour and each kind."""
        _, view = await asyncio.to_thread(_read, services, days)
        return _table(
            f"fujin-{view.now:%Y%m%d}-{days}d-summary.csv", lambda file: write_summary_csv(view.figures, file)
        )

    return routes


def _table(name: str, write: Callable[[TextIO], None]) -> Response:
    text = io.StringIO(newline="")
    write(text)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _read(services: Services, days: int) -> tuple[list[Alarm], _View]:
    now = services.clock.now()
    with services.store.reading() as session:
        alarms, waiting = read_alarms(session, now - timedelta(days=days), now), waiting_now(session, now=now)
    return alarms, _View(summed_up(alarms, now=now), waiting, now)


class _FiguresPage:
    """One browser's view of the figures."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._measure = 1  # of MEASURES: how long nobody had an alarm
        with frame(services, active="/figures"):
            self._problem = Part(build_problem, classes="problems")
            with ui.element("div").classes("figures-head"):
                ui.label("警情统计").classes("section-title")
                period = ui.toggle(PERIODS, value=_DAYS, on_change=lambda event: self.show(int(event.value)))
                period.props("no-caps unelevated dense").classes("figures-period")
                self._download = Part(_build_download, classes="figures-downloads")
            self._body = Part(self._build)

    async def show(self, days: int) -> None:
        """Show the figures of the last days."""
        try:
            _, view = await asyncio.to_thread(_read, self._services, days)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show("")
        self._download.show(days)
        self._body.show(view)

    def _build(self, view: _View) -> None:
        figures = view.figures
        ui.label(f"截至 {local(view.now)}，共 {figures.overall.alarms} 起紧急警情").classes("note")
        _build_tiles(figures.overall, view.waiting)
        if not figures.overall.alarms:
            ui.label("这段时间没有紧急警情").classes("empty")
            return
        ui.label(_CENSORED).classes("note figures-censored")
        with ui.element("div").classes("charts"):
            _build_chart("按时段（起）", alarms_by_hour(figures.by_hour))
            _build_chart("按类型（起）", alarms_by_kind(_first(figures.by_kind, _CHARTED)))
        self._build_times(figures)
        _build_table("时段", [(f"{hour}时", group) for hour, group in enumerate(figures.by_hour) if group.alarms])
        _build_table("类型", _first(figures.by_kind, _LISTED))

    def _build_times(self, figures: Figures) -> None:
        """How long one of the times took, whichever is chosen, by hour and kind."""

        def choose(number: int) -> None:
            self._measure = number
            charts.show(MEASURES[number])

        with ui.element("div").classes("figures-head figures-times"):
            ui.label("用时").classes("section-title")
            titles = {number: f"到{measure.title}" for number, measure in enumerate(MEASURES)}
            chosen = ui.toggle(titles, value=self._measure, on_change=lambda event: choose(int(event.value)))
            chosen.props("no-caps unelevated dense")
        charts = Part[Measure](lambda measure: _build_time_charts(figures, measure))
        choose(self._measure)


def _first(by_kind: dict[str, Group], number: int) -> list[tuple[str, Group]]:
    """The most frequent kinds, by what officers read for them."""
    return [(title_of(intent), group) for intent, group in list(by_kind.items())[:number]]


def _build_download(days: int) -> None:
    ui.link("下载警情表（CSV）", f"/figures.csv?days={days}").classes("figures-download")
    ui.link("下载汇总表（CSV）", f"/figures/summary.csv?days={days}").classes("figures-download")


def _build_tiles(overall: Group, waiting: int) -> None:
    with ui.element("div").classes("tiles"):
        for measure in MEASURES:
            _build_spread(measure, measure.of(overall))
        found = f"已有结论 {overall.closed} 起，误报 {overall.false_alarms} 起"
        _build_tile("误报率", _percent(overall.false_rate), found)
        never = f"从未确认 {overall.unacknowledged} 起，确认后又无人负责 {overall.abandoned} 起"
        _build_tile("这段时间无人应答", str(overall.unanswered), never)
        trouble = "超过1分钟没有人负责，不论哪天报的" if waiting else "没有无人负责的警情"
        _build_tile("现在无人应答", str(waiting), trouble, alarming=bool(waiting))


def _build_spread(measure: Measure, spread: Spread) -> None:
    details = [f"九成{_within(spread.p90)}"] if spread.p90 else ["还没有"]
    if measure.target and spread.within is not None:
        details.append(f"{measure.target.seconds}秒内的占 {_percent(spread.within)}")
    if spread.censored:
        details.append(f"还没有的 {spread.censored} 起")
    _build_tile(f"警情到{measure.title}（中位）", told(spread.p50), "；".join(details))


def _within(quantile: Quantile) -> str:
    return f"要{told(quantile)}" if quantile.at_least else f"在 {told(quantile)} 内"


def _build_tile(title: str, figure: str, detail: str, *, alarming: bool = False) -> None:
    with ui.element("div").classes("tile tile-alarm" if alarming else "tile"):
        ui.label(title).classes("tile-title")
        ui.label(figure).classes("tile-figure")
        ui.label(detail).classes("tile-detail")


def _build_chart(title: str, options: dict[str, Any]) -> None:
    with ui.element("section").classes("chart").props(f'aria-label="{title}"'):
        ui.label(title).classes("section-title")
        ui.echart(options).classes("chart-canvas")


def _build_time_charts(figures: Figures, measure: Measure) -> None:
    hours = [(f"{hour}时", measure.of(group)) for hour, group in enumerate(figures.by_hour)]
    kinds = [(title, measure.of(group)) for title, group in _first(figures.by_kind, _CHARTED)]
    with ui.element("div").classes("charts"):
        _build_chart(f"到{measure.title}的用时，按时段", times(hours, measure))
        _build_chart(f"到{measure.title}的用时，按类型", times(kinds[::-1], measure, lying=True))
    target = f"；红线：{measure.target.seconds}秒" if measure.target else ""
    ui.label(f"圆点：用时；三角：至少这么久{target}").classes("note")


def _build_table(by: str, groups: Sequence[tuple[str, Group]]) -> None:
    columns = (by, "警情", "误报", "无人应答", *(f"到{measure.title}（中位 / 九成）" for measure in MEASURES))
    with ui.element("div").classes("table-box"), ui.element("table").classes("figures-table"):
        _build_row("th", columns)
        for name, group in groups:
            numbers = map(str, (group.alarms, group.false_alarms, group.unanswered))
            spreads = [measure.of(group) for measure in MEASURES]
            taken = (f"{told(spread.p50)} / {told(spread.p90)}" for spread in spreads)
            _build_row("td", (name, *numbers, *taken))


def _build_row(cell: str, texts: Iterable[str]) -> None:
    with ui.element("tr"):
        for text in texts:
            with ui.element(cell):
                ui.label(text)


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share:.1%}"
