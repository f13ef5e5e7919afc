"""模型: how one model reads beside the live one, and what would change if it went live."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Response
from nicegui import ui

from bot.console.services import Services, local
from bot.console.studio.comparing import (
    WEIGHTS,
    Facts,
    ModelView,
    Regressed,
    Regression,
    Replay,
    Replayed,
    full_title,
    label_titles,
    read_model,
)
from bot.console.studio.frame import studio_frame
from bot.console.studio.models import STANDINGS
from bot.console.theme import UNREADABLE, build_problem, chip, not_found
from bot.nlu.evaluation import Ratio
from bot.nlu.project import PROJECT
from bot.store.models import Standing
from bot.store.session import StoreUnavailableError
from bot.studio.comparison import Change, Comparison, McNemar, Pages, Side

PATH = "/studio/models"
_INK, _CALM, _GOOD, _BAD = "#12294d", "#8fa6c8", "#1b7a43", "#b3261e"
_GOOD_RGB, _BAD_RGB = "27,122,67", "179,38,30"
_CHIPS = {Standing.LIVE: "taken", Standing.SHADOW: "doubt"}
_CHANGES_SHOWN = 16
_SHORT = 12


def register(services: Services) -> None:
    """Serve `/studio/models/{name}`; `?against=` names another model than the live one to compare it with."""

    def read(name: str, against: str) -> ModelView | None:
        with services.store.reading() as session:
            return read_model(session, name, against, project=PROJECT)

    @ui.page(f"{PATH}/{{name}}", title="模型", response_timeout=20)
    async def model_page(name: str, against: str = "") -> Response | None:
        try:
            view = await asyncio.to_thread(read, name, against)
        except StoreUnavailableError:
            with studio_frame(services, active=PATH):
                build_problem(UNREADABLE)
            return None
        if view is None:
            return not_found("没有登记过这个模型。")
        with studio_frame(services, active=PATH):
            _build(view)
        return None


def _build(view: ModelView) -> None:
    _build_head(view)
    if view.test is None:
        ui.label("还没有评测。训练进程空下来就会评测测试集和回归集，通常几分钟以内；评测好了刷新本页。").classes(
            "empty"
        )
    else:
        if view.alone and view.other is not None:
            ui.label(f"{view.other} 还没有在同样的测试消息上评测，下面只是这个模型自己的成绩。").classes("note")
        _build_tiles(view.test, view.regression, alone=view.alone)
    if view.regression is not None and view.other is not None:
        _build_regression(view.regression)
    if view.replay is not None:
        _build_replay(view.replay)
    if view.test is not None:
        _build_charts(view.test, alone=view.alone)


def _build_head(view: ModelView) -> None:
    facts = view.facts
    with ui.element("div").classes("model-head"):
        ui.label(facts.name).classes("model-name")
        chip(STANDINGS.get(Standing(facts.standing), facts.standing), _CHIPS.get(Standing(facts.standing), "plain"))
        ui.link("全部模型", PATH)
    with ui.element("div").classes("facts"):
        ui.label(f"{facts.trained_by} {local(facts.trained_at)} 训练")
        ui.label(f"数据版本 {facts.data_version[:_SHORT]}")
        if facts.commit:
            ui.label(f"程序版本 {facts.commit[:_SHORT]}")
        ui.label(f"文件校验 {facts.sha256[:_SHORT]}").props(f'title="SHA-256 {facts.sha256}"')
        if view.made_at:
            ui.label(f"{local(view.made_at)} 评测")
    _build_findings(facts)
    _build_choice(view)


def _build_findings(facts: Facts) -> None:
    if not facts.findings:
        return
    with ui.element("details").classes("model-findings"):
        with ui.element("summary"):
            ui.label(f"训练时数据检查有 {len(facts.findings)} 处问题")
        for finding in facts.findings:
            ui.label(finding).classes("note")


def _build_choice(view: ModelView) -> None:
    if not view.choices:
        ui.label("没有别的模型可以对照，下面是它自己的成绩。").classes("note")
        return
    with ui.element("div").classes("model-choice"):
        ui.label("对照" if view.other else "这个模型就在线上；可以选一个对照").classes("note")
        choice = ui.select(
            list(view.choices),
            value=view.other,
            on_change=lambda event: ui.navigate.to(f"{PATH}/{view.facts.name}?against={event.value}"),
        )
        choice.props('dense outlined options-dense aria-label="和哪个模型对照"').classes("model-select")


def _build_tiles(test: Comparison, regression: Regression | None, *, alone: bool) -> None:
    live, candidate = test.live, test.candidate
    ui.label(f"测试集 {test.messages} 条；括号里是 95% 的把握范围").classes("note")
    with ui.element("div").classes("tiles model-tiles"):
        _build_ratio("紧急召回：该提醒的提醒了", live.recall, candidate.recall, test.paged, alone=alone)
        _build_ratio("提醒准确：提醒的确实紧急", live.precision, candidate.precision, test.pages, alone=alone)
        if regression is not None and not alone:
            _build_lost(regression)
        _build_number("五个标签平均 F1", live.macro_f1, candidate.macro_f1, alone=alone, digits=3)
        _build_ratio("咨询的事项答对", live.topic, candidate.topic, None, alone=alone)
        _build_number("把握的误差", live.calibration_error, candidate.calibration_error, alone=alone, less=True)
        _build_number("每条用时（中位，毫秒）", live.median_ms, candidate.median_ms, alone=alone, less=True, digits=1)
        _build_number("最慢的百分之一（毫秒）", live.p99_ms, candidate.p99_ms, alone=alone, less=True, digits=1)


def _build_ratio(title: str, live: Ratio, candidate: Ratio, test: McNemar | Pages | None, *, alone: bool) -> None:
    told = [_with_interval(candidate) if candidate.total else "没有这样的消息"]
    if not alone:
        told.append(f"对照 {live.value:.1%}，{_with_interval(live)}" if live.total else "")
        told.append(_chance(test) if test else "")
    _build_tile(title, f"{candidate.value:.1%}" if candidate.total else "—", told, _sign(live.value, candidate.value))


def _with_interval(ratio: Ratio) -> str:
    low, high = ratio.interval()
    return f"{ratio.hits}/{ratio.total}（{low:.1%}–{high:.1%}）"


def _build_lost(regression: Regression) -> None:
    lost, won = len(regression.lost), len(regression.won)
    told = [f"共 {regression.messages} 条；改对 {won} 条", "有新错就不能直接上线" if lost else "没有新错"]
    _build_tile("回归集新错", str(lost), told, "worse" if lost else "better" if won else "")


def _build_number(
    title: str, live: float, candidate: float, *, alone: bool, less: bool = False, digits: int = 4
) -> None:
    sign = "" if alone else _sign(candidate, live) if less else _sign(live, candidate)
    told = ["越小越好" if less else "越大越好"] + ([] if alone else [f"对照 {live:.{digits}f}"])
    _build_tile(title, f"{candidate:.{digits}f}", told, "" if title.endswith("毫秒）") else sign)


def _build_tile(title: str, figure: str, told: Sequence[str], sign: str) -> None:
    with ui.element("div").classes(f"tile tile-{sign}" if sign else "tile"):
        ui.label(title).classes("tile-title")
        ui.label(figure).classes("tile-figure")
        for line in told:
            if line:
                ui.label(line).classes("tile-detail")


def _sign(before: float, after: float) -> str:
    return "better" if after > before else "worse" if after < before else ""


def _chance(test: McNemar | Pages) -> str:
    if isinstance(test, Pages):
        if test.only_live.total == test.only_candidate.total == 0:
            return "提醒的消息都一样"
        mine, other = test.only_candidate, test.only_live
        split = f"只有它提醒的 {mine.total} 条里 {mine.hits} 条紧急，只有对照提醒的 {other.total} 条里 {other.hits} 条"
    elif test.only_live == test.only_candidate == 0:
        return "逐条都一样"
    else:
        split = f"只有它对 {test.only_candidate} 条，只有对照对 {test.only_live} 条"
    verdict = "不像是碰巧" if test.surprising else "可能只是碰巧"
    return f"{split}（p={test.p:.3f}，{verdict}）"


def _build_regression(regression: Regression) -> None:
    for title, kind, rows in (
        ("回归集里新错的", "worse", regression.lost),
        ("回归集里改对的", "better", regression.won),
    ):
        if rows:
            with ui.element("section").classes("model-section").props(f'aria-label="{title}"'):
                ui.label(f"{title}（{len(rows)}）").classes("section-title")
                for row in rows:
                    _build_regressed(row, kind)


def _build_regressed(row: Regressed, kind: str) -> None:
    with ui.element("div").classes(f"reread reread-{kind}"):
        ui.label(row.text).classes("reread-text")
        ui.label(f"应为 {row.intent}{f'；{row.why}' if row.why else ''}").classes("reread-detail")


def _build_replay(replay: Replay) -> None:
    counted = "，".join(f"{title} {count}" for title, count in zip(WEIGHTS, replay.counts, strict=True))
    with ui.element("section").classes("model-section").props('aria-label="真实消息重读"'):
        ui.label("最近的真实消息会有什么不同").classes("section-title")
        ui.label(f"{local(replay.made_at)} 重读 {replay.messages} 条居民消息：{counted}").classes("note")
        if not replay.rows:
            ui.label("没有一条不同").classes("empty")
        for row in replay.rows:
            _build_replayed(row)
        if sum(replay.counts) > len(replay.rows):
            ui.label(f"只列出最要紧的 {len(replay.rows)} 条").classes("note")


def _build_replayed(row: Replayed) -> None:
    with ui.element("div").classes(f"reread reread-{('worse', 'pages', 'label', 'kind')[row.weight]}"):
        with ui.element("div").classes("reread-head"):
            chip(WEIGHTS[row.weight], "trouble" if row.weight < 2 else "plain")
            ui.label(local(row.at)).classes("reread-detail")
        ui.label(row.text).classes("reread-text")
        ui.label(f"{row.live} → {row.candidate}").classes("reread-detail")


def _build_charts(test: Comparison, *, alone: bool) -> None:
    with ui.element("div").classes("charts model-charts"):
        if not alone:
            _build_chart("各细类 F1 的变化（变化大的在前）", _changes(test.changes[:_CHANGES_SHOWN]), tall=True)
            _build_chart("混淆的变化：绿色变好，红色变差（条）", _difference(test))
            _build_chart(f"混淆：对照 {test.live.model}（条）", _confusion(test.live.confusion))
        _build_chart(f"混淆：{test.candidate.model}（条）", _confusion(test.candidate.confusion))
        _build_chart("把握和实际（越贴近斜线越可信）", _reliability(test, alone=alone))
    _build_intents(test.intents, alone=alone)


def _build_intents(intents: Sequence[Change], *, alone: bool) -> None:
    """The F1 of every intent, the worst first, folded up."""
    with ui.element("details").classes("model-section model-intents"):
        with ui.element("summary"):
            ui.label(f"各细类的 F1（{len(intents)}个，差的在前）")
        for one in sorted(intents, key=lambda one: (one.candidate, one.intent)):
            with ui.element("div").classes("facts").props(f"data-intent={one.intent}"):
                ui.label(full_title(one.intent))
                ui.label(f"{one.candidate:.3f}")
                if not alone:
                    ui.label(f"对照 {one.live:.3f}")
                ui.label(f"{one.messages}条")


def _build_chart(title: str, options: dict[str, Any], *, tall: bool = False) -> None:
    with ui.element("section").classes("chart").props(f'aria-label="{title}"'):
        ui.label(title).classes("section-title")
        ui.echart(options).classes("chart-canvas chart-tall" if tall else "chart-canvas")


def _changes(changes: Sequence[Change]) -> dict[str, Any]:
    shown = list(changes)[::-1]  # the chart counts from the bottom
    most = min(1.0, round(max((abs(change.by) for change in changes), default=0.0) + 0.1, 1))
    bars = [
        {"value": round(change.by, 3), "itemStyle": {"color": _GOOD if change.by > 0 else _BAD}} for change in shown
    ]
    titles = [f"{full_title(change.intent).partition(' · ')[2]}（{change.messages}条）" for change in shown]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 12, "bottom": 24, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "min": -most, "max": most},
        "yAxis": {
            "type": "category",
            "data": titles,
            "axisLabel": {"interval": 0, "width": 130, "overflow": "truncate"},
        },
        "series": [{"type": "bar", "name": "F1 变化", "data": bars}],
    }


def _confusion(confusion: Sequence[Sequence[int]]) -> dict[str, Any]:
    """The mistakes are coloured by how many they are; beside the many right ones they would all be pale."""
    mistakes = [count for row, counts in enumerate(confusion) for column, count in enumerate(counts) if row != column]
    most = max(mistakes, default=0) or 1
    return _heat(
        confusion,
        lambda count, right: _shade(_GOOD_RGB, 0.12) if right else _shade(_BAD_RGB, 0.6 * count / most),
    )


def _difference(test: Comparison) -> dict[str, Any]:
    """More right ones and fewer mistakes are better."""
    difference = test.confusion_difference
    most = max((abs(count) for row in difference for count in row), default=0) or 1

    def colour(count: int, right: bool) -> str:
        return _shade(_GOOD_RGB if (count > 0) == right else _BAD_RGB, 0.6 * abs(count) / most)

    return _heat(difference, colour)


def _shade(rgb: str, strength: float) -> str:
    return f"rgba({rgb},{strength:.2f})"


def _heat(counts: Sequence[Sequence[int]], colour: Callable[[int, bool], str]) -> dict[str, Any]:
    """Wanted labels by row, given ones by column; a cell's colour by its count and whether it is that of right ones."""
    titles = label_titles()
    cells = [
        {
            "value": [column, len(titles) - 1 - row, count],
            "visualMap": False,
            "itemStyle": {"color": colour(count, row == column)},
        }
        for row, found in enumerate(counts)
        for column, count in enumerate(found)
    ]
    names = {"interval": 0, "fontSize": 11}
    two_lines = {"width": 24, "overflow": "break", "lineHeight": 13}  # so that they fit on a phone
    axis = {"type": "category", "splitArea": {"show": False}}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 8, "bottom": 36, "containLabel": True},
        "tooltip": {},
        "xAxis": {
            **axis,
            "axisLabel": names | two_lines,
            "data": titles,
            "name": "读成（行是应为）",
            "nameLocation": "middle",
            "nameGap": 38,
        },
        "yAxis": {**axis, "axisLabel": names, "data": titles[::-1]},
        # The kind of chart asks for one; each cell has its own colour.
        "visualMap": {"show": False, "min": 0, "max": 1},
        "series": [{"type": "heatmap", "name": "条数", "data": cells, "label": {"show": True, "color": _INK}}],
    }


def _reliability(test: Comparison, *, alone: bool) -> dict[str, Any]:
    sides = [("这个模型", test.candidate, _INK)] + ([] if alone else [("对照", test.live, _CALM)])
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 32, "bottom": 36, "containLabel": True},
        "legend": {"top": 0, "data": [name for name, _, _ in sides]},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "min": 0, "max": 1, "name": "它说的把握", "nameLocation": "middle", "nameGap": 24},
        "yAxis": {"type": "value", "min": 0, "max": 1, "name": "真的对了"},
        "series": [
            {
                "type": "line",
                "name": "完全可信",
                "data": [[0, 0], [1, 1]],
                "symbol": "none",
                "silent": True,
                "lineStyle": {"type": "dashed", "color": "#b9c4d4"},
            },
            *(_line(name, side, colour) for name, side, colour in sides),
        ],
    }


def _line(name: str, side: Side, colour: str) -> dict[str, Any]:
    points = [[round(confidence, 3), round(share, 3), messages] for confidence, share, messages in side.reliability]
    return {
        "type": "line",
        "name": name,
        "data": points,
        "symbolSize": 7,
        "itemStyle": {"color": colour},
        "lineStyle": {"color": colour},
    }
