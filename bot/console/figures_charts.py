"""The charts of 统计, as what ECharts draws, and how seconds are written there."""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.duty.figures import Group, Measure
from bot.duty.spread import Quantile, Spread

_INK, _ALARM, _CALM = "#12294d", "#b3261e", "#5b7aa8"
_CLOCK = "seconds => ({1: '1秒', 60: '1分', 3600: '1小时', 216000: '2.5天', 12960000: '150天'})[seconds] ?? ''"
"""How the browser writes a tick of an axis of seconds on which each is sixty times the one before."""


def alarms_by_hour(by_hour: Sequence[Group]) -> dict[str, Any]:
    """How many alarms there were in each hour of the day."""
    return {
        "animation": False,
        "grid": {"left": 36, "right": 8, "top": 16, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [f"{hour}时" for hour in range(24)]},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [
            {"type": "bar", "name": "警情", "data": [group.alarms for group in by_hour], "itemStyle": {"color": _INK}}
        ],
    }


def alarms_by_kind(kinds: Sequence[tuple[str, Group]]) -> dict[str, Any]:
    """How many alarms there were of each kind, and how many of them were false."""
    shown = kinds[::-1]  # the chart counts from the bottom
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 28, "bottom": 24, "containLabel": True},
        "legend": {"top": 0},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "minInterval": 1},
        "yAxis": {"type": "category", "data": [title for title, _ in shown]},
        "series": [
            _bar("其他", [group.alarms - group.false_alarms for _, group in shown], _CALM),
            _bar("误报", [group.false_alarms for _, group in shown], _ALARM),
        ],
    }


def times(spreads: Sequence[tuple[str, Spread]], measure: Measure, *, lying: bool = False) -> dict[str, Any]:
    """Median and ninth decile as points over the hours, or, `lying`, beside the kinds: seconds and days on one axis,
    on which each line is sixty times the one before."""
    names = {"type": "category", "data": [name for name, _ in spreads]}
    clock = {"type": "log", "logBase": 60, "min": 1, "axisLabel": {":formatter": _CLOCK}}
    median = _points("中位", [(name, spread.p50) for name, spread in spreads], _CALM, lying=lying)
    if measure.target:
        median["markLine"] = {
            "symbol": "none",
            "silent": True,
            "lineStyle": {"color": _ALARM},
            "label": {"show": False},
            "data": [{"xAxis" if lying else "yAxis": measure.target.seconds}],
        }
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 28, "bottom": 8, "containLabel": True},
        "legend": {"top": 0},
        "tooltip": {"trigger": "item"},
        "xAxis": clock if lying else names,
        "yAxis": names if lying else clock,
        "series": [median, _points("九成", [(name, spread.p90) for name, spread in spreads], _INK, lying=lying)],
    }


def told(quantile: Quantile | None) -> str:
    """A quantile as one reads it: 4.2秒, 超过3分20秒, — for none."""
    if quantile is None:
        return "—"
    return f"{'超过' * quantile.at_least}{_duration(quantile.seconds)}"


def _bar(name: str, data: list[int], colour: str) -> dict[str, Any]:
    return {"type": "bar", "stack": "all", "name": name, "data": data, "itemStyle": {"color": colour}}


def _points(
    title: str, quantiles: Iterable[tuple[str, Quantile | None]], colour: str, *, lying: bool
) -> dict[str, Any]:
    """Points of a chart; those that are only the least it will be are triangles that show where it goes."""
    points = []
    for place, (name, quantile) in enumerate(quantiles):
        if quantile:
            seconds = max(quantile.seconds, 1)  # where the axis begins
            point: dict[str, Any] = {"value": [seconds, place] if lying else [place, seconds]}
            point["tooltip"] = {"formatter": f"{name}，{title}：{told(quantile)}"}
            if quantile.at_least:
                point |= {"symbol": "triangle", "symbolRotate": -90 if lying else 0, "symbolSize": 13}
            points.append(point)
    return {"type": "scatter", "name": title, "data": points, "symbolSize": 9, "itemStyle": {"color": colour}}


def _duration(seconds: float) -> str:
    """Seconds as one reads them: 4.2秒, 3分20秒, 2小时5分."""
    if seconds < 60:
        return f"{seconds:.1f}秒"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}分{rest}秒"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}小时{minutes}分" if hours < 48 else f"{hours // 24}天{hours % 24}小时"
