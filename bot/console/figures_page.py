"""统计: how fast alarms were paged, acknowledged and closed, by hour and kind; the same as a table to download."""

import asyncio
import io
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Query, Response
from nicegui import ui

from bot.console.keyed import Part
from bot.console.services import Services, local
from bot.console.theme import UNREADABLE, build_problem, frame
from bot.duty.figures import (
    ACKNOWLEDGE_TARGET,
    PAGE_TARGET,
    Alarm,
    Figures,
    Kind,
    Spread,
    read_alarms,
    summed_up,
    write_csv,
)
from bot.store.session import StoreUnavailableError

PERIODS = {7: "近7天", 30: "近30天", 90: "近90天", 365: "近一年"}
_DAYS = 30
_CHARTED, _LISTED = 10, 40
_INK, _ALARM, _CALM = "#12294d", "#b3261e", "#5b7aa8"


def register(services: Services) -> None:
    """Serve `/figures`."""

    @ui.page("/figures", title="统计", response_timeout=20)
    async def figures_page() -> None:
        page = _FiguresPage(services)
        await page.show(_DAYS)


def router(services: Services) -> APIRouter:
    """The route `/figures.csv`."""
    routes = APIRouter()

    @routes.get("/figures.csv")
    async def figures_csv(days: int = Query(_DAYS, ge=1, le=3660)) -> Response:
        """The alarms of the last days, one line each."""
        alarms, _ = await asyncio.to_thread(_read, services, days)
        text = io.StringIO(newline="")
        write_csv(alarms, text)
        name = f"fujin-{services.clock.now():%Y%m%d}-{days}d.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)

    return routes


def _read(services: Services, days: int) -> tuple[list[Alarm], datetime]:
    now = services.clock.now()
    with services.store.reading() as session:
        return read_alarms(session, now - timedelta(days=days), now), now


class _FiguresPage:
    """One browser's view of the figures."""

    def __init__(self, services: Services) -> None:
        self._services = services
        with frame(services, active="/figures"):
            self._problem = Part(build_problem, classes="problems")
            with ui.element("div").classes("figures-head"):
                ui.label("警情统计").classes("section-title")
                period = ui.toggle(PERIODS, value=_DAYS, on_change=lambda event: self.show(int(event.value)))
                period.props("no-caps unelevated dense").classes("figures-period")
                self._download = Part(_build_download)
            self._body = Part(_build_figures)

    async def show(self, days: int) -> None:
        """Show the figures of the last days."""
        try:
            alarms, now = await asyncio.to_thread(_read, self._services, days)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show("")
        self._download.show(days)
        self._body.show((summed_up(alarms, now=now), now))


def _build_download(days: int) -> None:
    ui.link("下载表格（CSV）", f"/figures.csv?days={days}").classes("figures-download")


def _build_figures(view: tuple[Figures, datetime]) -> None:
    figures, now = view
    ui.label(f"截至 {local(now)}，共 {figures.alarms} 起紧急警情").classes("note")
    with ui.element("div").classes("tiles"):
        _build_spread("警情到首次提醒（中位）", figures.to_page, target=int(PAGE_TARGET.total_seconds()))
        _build_spread("警情到确认（中位）", figures.to_acknowledge, target=int(ACKNOWLEDGE_TARGET.total_seconds()))
        _build_spread("警情到结束（中位）", figures.to_close)
        _build_tile(
            "误报率", _percent(figures.false_rate), f"已有结论 {figures.closed} 起，误报 {figures.false_alarms} 起"
        )
        trouble = "超过1分钟无人确认" if figures.unanswered else "没有无人确认的警情"
        _build_tile("现在无人应答", str(figures.unanswered), trouble, alarming=bool(figures.unanswered))
    if not figures.alarms:
        ui.label("这段时间没有紧急警情").classes("empty")
        return
    with ui.element("div").classes("charts"):
        _build_chart("按时段（起）", _by_hour(figures.by_hour))
        _build_chart("按类型（起）", _by_kind(figures.kinds[:_CHARTED]))
    _build_table(figures.kinds[:_LISTED])


def _build_spread(title: str, spread: Spread, *, target: int | None = None) -> None:
    detail = f"九成在 {_duration(spread.p90)} 内" if spread.count else "还没有"
    if spread.within is not None:
        detail += f"；{target}秒内的占 {_percent(spread.within)}"
    _build_tile(title, _duration(spread.p50), detail)


def _build_tile(title: str, figure: str, detail: str, *, alarming: bool = False) -> None:
    with ui.element("div").classes("tile tile-alarm" if alarming else "tile"):
        ui.label(title).classes("tile-title")
        ui.label(figure).classes("tile-figure")
        ui.label(detail).classes("tile-detail")


def _build_chart(title: str, options: dict[str, Any]) -> None:
    with ui.element("section").classes("chart").props(f'aria-label="{title}"'):
        ui.label(title).classes("section-title")
        ui.echart(options).classes("chart-canvas")


def _by_hour(by_hour: tuple[int, ...]) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": {"left": 36, "right": 8, "top": 16, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [f"{hour}时" for hour in range(24)]},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [{"type": "bar", "name": "警情", "data": list(by_hour), "itemStyle": {"color": _INK}}],
    }


def _by_kind(kinds: tuple[Kind, ...]) -> dict[str, Any]:
    shown = kinds[::-1]  # the chart counts from the bottom
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 28, "bottom": 24, "containLabel": True},
        "legend": {"top": 0},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "minInterval": 1},
        "yAxis": {"type": "category", "data": [kind.title for kind in shown]},
        "series": [
            _bar("其他", [kind.alarms - kind.false_alarms for kind in shown], _CALM),
            _bar("误报", [kind.false_alarms for kind in shown], _ALARM),
        ],
    }


def _bar(name: str, data: list[int], colour: str) -> dict[str, Any]:
    return {"type": "bar", "stack": "all", "name": name, "data": data, "itemStyle": {"color": colour}}


def _build_table(kinds: tuple[Kind, ...]) -> None:
    columns = ("类型", "警情", "误报", "确认用时（中位）", "确认用时（九成）")
    with ui.element("div").classes("table-box"), ui.element("table").classes("figures-table"):
        with ui.element("tr"):
            for column in columns:
                with ui.element("th"):
                    ui.label(column)
        for kind in kinds:
            taken = kind.to_acknowledge
            cells = (kind.title, str(kind.alarms), str(kind.false_alarms), _duration(taken.p50), _duration(taken.p90))
            with ui.element("tr"):
                for cell in cells:
                    with ui.element("td"):
                        ui.label(cell)


def _duration(seconds: float | None) -> str:
    """Seconds as one reads them: 4.2秒, 3分20秒, 2小时5分."""
    if seconds is None:
        return "—"
    if seconds < 60:
        return f"{seconds:.1f}秒"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}分{rest}秒"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}小时{minutes}分" if hours < 48 else f"{hours // 24}天{hours % 24}小时"


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share:.1%}"
