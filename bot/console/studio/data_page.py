"""数据体检: how the training data is, with pictures, and a button for each finding that does something about it."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from bot.console.dialog import Question
from bot.console.services import Services
from bot.console.studio.fact_row import FactRow
from bot.console.studio.frame import studio_frame
from bot.console.studio.naming import aspect_titles, topic_title
from bot.console.studio.proposing import Fate, intent_choices, propose, propose_all
from bot.console.theme import build_problem, chip
from bot.nlu.catalogue import title_of
from bot.nlu.project import MODELS, NLU_DATA
from bot.nlu.triage import LABELS, URGENT
from bot.store.session import StoreUnavailableError
from bot.studio import changes, corpus
from bot.studio.files import EditError
from bot.studio.health import FEW_TESTS, MOST, STYLES, TEST_STYLES, Checkup, Confusion, Health, Leak, Pair, Suspect

_INK, _CALM, _WARM = "#12294d", "#5b7aa8", "#c98a1b"
_NAMES = {"interval": 0, "width": 26, "overflow": "break", "lineHeight": 14}
"""Names of labels under a chart: every one, in two lines, so that they fit on a phone."""
_STEP, _CHARTED = 20, 25
_WHY, _FACTS = "数据体检", "本地信息"
_TAKING = frozenset({"move_example", "remove_example"})


def register(services: Services) -> None:
    """Serve `/studio/data`; `?tab=` begins with this one of its tabs."""
    checkup = Checkup(NLU_DATA, MODELS)

    @ui.page("/studio/data", title="数据体检", response_timeout=20)
    async def data_page(tab: str = "") -> None:
        _DataPage(services, checkup, tab)


class _DataPage:
    """One browser's view of the data's health."""

    def __init__(self, services: Services, checkup: Checkup, tab: str) -> None:
        self._services, self._checkup, self._tab = services, checkup, tab
        self._kept: frozenset[tuple[str, str]] = frozenset()
        with studio_frame(services, active="/studio/data"):
            with ui.element("div").classes("studio-head"):
                ui.label("数据体检").classes("section-title")
                self._about = ui.label("正在检查全部例句，第一次要半分钟左右……").classes("note").props("role=status")
                again = ui.button("重新检查", on_click=self._look, color=None)
                again.props("unelevated no-caps dense").classes("studio-button")
            self._body = ui.element("div").classes("studio-health")
        ui.timer(0.1, self._look, once=True)

    async def _look(self) -> None:
        today = self._services.clock.now().date()
        try:
            health = await asyncio.to_thread(self._checkup.current, today)
            self._kept = await asyncio.to_thread(self._read_kept)
        except (EditError, StoreUnavailableError) as error:
            text = str(error) if isinstance(error, EditError) else "数据库暂时无法读取，请稍后再试"
            self._body.clear()
            with self._body:
                build_problem(text)
            return
        read_by = "还没有训练好的模型"
        if health.model:
            read_by = f"“可能标错”和“容易混淆”看模型 {health.model} 没学过那条时怎么判"
        self._about.set_text(f"{sum(count.examples for count in health.intents)} 条例句；{read_by}")
        self._body.clear()
        with self._body:
            self._build(health)

    def _read_kept(self) -> frozenset[tuple[str, str]]:
        with self._services.store.reading() as session:
            return changes.kept(session)

    def _build(self, health: Health) -> None:
        suspects = [item for item in health.suspects if (item.intent, item.text) not in self._kept]
        untested = [count for count in health.intents if count.few_tests]
        sections: list[tuple[str, int | None, Callable[[], None]]] = [
            ("例句数量", None, lambda: self._build_counts(health)),
            ("矛盾和重复", len(health.pairs), lambda: self._build_pairs(health)),
            ("可能标错", len(suspects), lambda: self._build_suspects(health, suspects)),
            ("容易混淆", None, lambda: self._build_confusions(health)),
            ("漏进测试集", len(health.leaks), lambda: self._build_leaks(health)),
            ("数据检查", len(health.findings), lambda: self._build_checks(health)),
            ("写法", None, lambda: _build_styles(health)),
            ("测试覆盖", len(untested), lambda: _build_coverage(health)),
            ("答复到期", len(health.due), lambda: self._build_due(health)),
            (_FACTS, len(health.open_facts()), lambda: self._build_facts(health)),
        ]
        if health.problem:
            build_problem(health.problem)
        with (
            ui.tabs()
            .props("dense no-caps inline-label outside-arrows mobile-arrows align=left")
            .classes("studio-tabs") as tabs
        ):
            for name, number, _ in sections:
                ui.tab(name, label=f"{name} {number}" if number else name)
        built: set[str] = set()
        with ui.tab_panels(tabs, animated=False).classes("studio-panels") as panels:
            holders = {name: ui.tab_panel(name) for name, _, _ in sections}
        builders = {name: build for name, _, build in sections}

        def show(name: str) -> None:
            if name not in built:
                built.add(name)
                with holders[name]:
                    builders[name]()

        panels.on_value_change(lambda event: show(str(event.value)))
        panels.set_value(self._tab if self._tab in builders else sections[0][0])
        self._panels = panels

    # --- sections ----------------------------------------------------------------------------------------------------

    def _listed(
        self, items: Sequence[Any], build: Callable[[Any], None], *, nothing: str = "没有发现", row: bool = False
    ) -> None:
        """Findings, some at a time; with `row` each on one line."""
        if not items:
            ui.label(nothing).classes("empty")
            return
        box = ui.element("div").classes("finding-list")
        shown = 0

        def more() -> None:
            nonlocal shown
            with box:
                for item in items[shown : shown + _STEP]:
                    with ui.element("article").classes("finding finding-row" if row else "finding"):
                        build(item)
            shown += _STEP
            button.set_visibility(shown < len(items))

        button = ui.button("再看一些", on_click=more, color=None).props("flat no-caps").classes("studio-more")
        more()

    def _build_counts(self, health: Health) -> None:
        counts = sorted(health.intents, key=lambda count: count.examples)
        _chart(
            "每个标签的例句（条）",
            _bars([title_of(label) for label in LABELS], [health.by_label()[x][0] for x in LABELS]),
        )
        _chart("例句最少的细类（条）", _rows([(count.title, count.examples) for count in counts[:_CHARTED]]))
        ui.label("例句少的细类，机器人学不会。点开加几条真人会发的话。").classes("note")

        def build(count: Any) -> None:
            ui.label(f"{count.examples} 条").classes("finding-figure")
            _intent(count.intent, health)
            with ui.element("div").classes("finding-acts"):
                _button("加例句", partial(self._add, count.intent, count.title))

        self._listed(counts[:100], build, row=True)

    async def _add(self, intent: str, title: str) -> None:
        numbers: list[int] = []

        async def act() -> str | None:
            lines = dict.fromkeys(line.strip() for line in str(texts.value or "").splitlines() if line.strip())
            if not lines:
                return "至少写一条"
            payloads = [{"intent": intent, "text": line} for line in lines]
            result = await propose_all(self._services, "add_example", payloads, why=str(why.value or ""))
            if not isinstance(result, list):
                return result or "没有权限"
            numbers.extend(result)
            return None

        question = Question(f"给“{title}”加例句", "加进去", act)
        with question.body:
            texts = ui.textarea("一行一条").props("outlined autogrow").classes("studio-wide")
            why = ui.input("为什么加", value=_WHY).props("outlined dense").classes("studio-wide")
        if await question.answered():
            ui.notify(f"已提交 {len(numbers)} 条，写入结果见“修改记录”", type="positive")

    def _build_pairs(self, health: Health) -> None:
        ui.label("几乎一样的两条例句。放在两类里的互相矛盾，机器人会学糊涂；同一类里的，留一条就够。").classes("note")
        self._listed(health.pairs, partial(self._build_pair, health))

    def _build_pair(self, health: Health, pair: Pair) -> None:
        with ui.element("div").classes("finding-line"):
            chip("矛盾" if pair.conflicting else "重复", "trouble" if pair.conflicting else "plain")
            ui.label(f"相似 {pair.likeness:.0%}").classes("finding-figure")
        with ui.element("div").classes("finding-sides"):
            for side in (pair.one, pair.other):
                with ui.element("div").classes("finding-side"):
                    ui.label(side.text).classes("finding-text")
                    _intent(side.intent, health)
                    self._build_acts(
                        side.intent,
                        side.text,
                        why=f"{_WHY}：{'矛盾' if pair.conflicting else '重复'}",
                        other=pair.other.intent if side is pair.one else pair.one.intent,
                    )

    def _build_suspects(self, health: Health, suspects: list[Suspect]) -> None:
        ui.label(
            "模型没学过这一条时，有把握地把它当成了别的细类。排在前面的牵涉紧急不紧急。"
            "也可能是模型错了：标签没错的，点“没错”，以后不再提。"
            + (f"只列最可疑的 {MOST} 条。" if len(health.suspects) >= MOST else "")
        ).classes("note")
        urgent = [item for item in suspects if item.urgency]
        if suspects:
            ends = [item for item in suspects if not item.urgency]
            _chart("可能标错（条）", _bars(["牵涉紧急", "不牵涉"], [len(urgent), len(ends)]), small=True)

        def build(item: Suspect) -> None:
            if item.urgency:
                chip("牵涉紧急", "trouble")
            ui.label(item.text).classes("finding-text")
            with ui.element("div").classes("finding-line"):
                ui.label("现在")
                _intent(item.intent, health)
                ui.label(f"{item.own:.0%}").classes("finding-figure")
                ui.label("模型认为")
                _intent(item.suggested, health)
                ui.label(f"{item.other:.0%}").classes("finding-figure")
            self._build_acts(item.intent, item.text, why=f"{_WHY}：可能标错", other=item.suggested, keep=True)

        self._listed(suspects, build, nothing="没有发现；没有模型时这里是空的")

    def _build_confusions(self, health: Health) -> None:
        if not health.confusions:
            ui.label("没有发现；没有模型时这里是空的").classes("empty")
            return
        shown = health.confusions[:_CHARTED]
        names = [f"{health.titles.get(pair.one)} ↔ {health.titles.get(pair.other)}" for pair in shown]
        _chart(
            "最容易混淆的两类（条）", _rows(list(zip(names, (pair.count for pair in shown), strict=True))), wide=True
        )
        ui.label("混得多的两类，边界多半没写清：看看例句，把放错的移过去，或各加几条说得清的。").classes("note")

        def build(pair: Confusion) -> None:
            ui.label(f"{pair.count} 条").classes("finding-figure")
            with ui.element("div").classes("finding-line"):
                _intent(pair.one, health)
                ui.label(f"当成 → {pair.one_as_other} · {pair.other_as_one} ← 当成").classes("note")
                _intent(pair.other, health)
            with ui.element("div").classes("finding-acts"):
                _button(
                    f"给“{health.titles.get(pair.one)}”加例句", partial(self._add, pair.one, health.titles[pair.one])
                )
                _button(
                    f"给“{health.titles.get(pair.other)}”加例句",
                    partial(self._add, pair.other, health.titles[pair.other]),
                )

        self._listed([pair for pair in health.confusions if pair.count > 1], build, row=True)

    def _build_leaks(self, health: Health) -> None:
        ui.label("和测试消息几乎一样的例句：等于考前看过题，测出来的成绩靠不住。").classes("note")
        self._listed(health.leaks, self._build_leak)

    def _build_leak(self, leak: Leak) -> None:
        ui.label(f"相似 {leak.likeness:.0%}").classes("finding-figure")
        ui.label(leak.held.text).classes("finding-text")
        ui.label(f"测试消息 {leak.test_id}：{leak.test_text}").classes("note")
        self._build_acts(leak.held.intent, leak.held.text, why=f"{_WHY}：漏进测试集")

    def _build_checks(self, health: Health) -> None:
        asked = health.asked
        ui.label(
            f"训练还学主题的问法 {asked.questions} 条，编码器还学接着问的话 {asked.follow_ups} 条。"
            "这里是所有数据检查发现的问题：有一条，现在训练出来的模型就过不了“数据检查”。"
            "问法在“答复”页每个主题下面增删；接着问的话在 follow_ups 文件夹里，请手工改。"
        ).classes("note")

        def build(finding: str) -> None:
            ui.label(finding).classes("finding-text")

        self._listed(health.findings, build)
        if asked.few:
            ui.label("问法太少的主题").classes("section-title")
            with ui.element("div").classes("evidence"):
                for topic, number in asked.few[:_CHARTED]:
                    _open(f"{topic_title(topic)} {number}", f"/studio/answers?{urlencode({'topic': topic})}")

    def _build_due(self, health: Health) -> None:
        titles = aspect_titles()

        def build(item: Any) -> None:
            ui.label(f"{item.reviewed:%Y-%m-%d}").classes("finding-figure")
            ui.label(f"{item.title} · {titles.get(item.aspect, item.aspect)}").classes("finding-text")
            if item.stale:
                ui.label(f"里面的本地信息也该核对了：{'、'.join(item.stale)}").classes("note")
            with ui.element("div").classes("finding-acts"):
                if item.stale:
                    _button("核对本地信息", lambda: self._panels.set_value(_FACTS))
                _open("打开答复", f"/studio/answers?{urlencode({'topic': item.topic, 'aspect': item.aspect})}")

        ui.label("核对日期超过12个月的答复。核对后把日期改成今天；日期取答复和里面本地信息中最早的。").classes("note")
        self._listed(health.due, build, nothing="都在12个月内核对过", row=True)

    def _build_facts(self, health: Health) -> None:
        ui.label(
            "只有本所知道的。没填的，机器人会说“由派出所确认”；填错了、变了就改，没变就点“今天核对过”。马上生效，不用训练。"
        ).classes("note")
        with ui.element("div").classes("finding-list"):
            for fact in health.facts:  # all at once: one that is due stands behind those that are empty
                with ui.element("article").classes("finding finding-row"):
                    FactRow(self._services, fact)

    # --- acts --------------------------------------------------------------------------------------------------------

    def _build_acts(self, intent: str, text: str, *, why: str, other: str | None = None, keep: bool = False) -> None:
        """The buttons of one example, which give way to what became of it."""
        box = ui.element("div").classes("finding-acts")
        fate = Fate(self._services)

        async def act(kind: str, payload: dict[str, str]) -> None:
            reason = why
            if (
                intent.startswith(f"{URGENT}/")
                and not payload.get("now", "").startswith(f"{URGENT}/")
                and kind in _TAKING
            ):
                reason = await _reason_to_calm(text)
            if reason and fate.follow(await propose(self._services, kind, payload, why=reason)):
                box.set_visibility(False)

        async def elsewhere() -> None:
            chosen: list[str] = []

            async def take() -> str | None:
                if not target.value:
                    return "请选一个细类"
                chosen.append(str(target.value))
                return None

            question = Question("移到哪一类", "移过去", take)
            with question.body:
                ui.label(text).classes("finding-text")
                choices = intent_choices(corpus.titles(NLU_DATA))
                target = ui.select(choices, with_input=True, label="搜细类").props("outlined").classes("studio-wide")
            if await question.answered():
                await act("move_example", {"text": text, "was": intent, "now": chosen[0]})

        async def reword() -> None:
            given: list[str] = []

            async def take() -> str | None:
                given.append(str(words.value or "").strip())
                return None if given[-1] not in ("", text) else "请改写这条例句"

            question = Question("改写例句", "改成这样", take)
            with question.body:
                words = ui.textarea("改成什么", value=text).props("outlined autogrow").classes("studio-wide")
            if await question.answered():
                await act("edit_example", {"intent": intent, "was": text, "now": given[-1]})

        with box:
            if other and other != intent:
                _button(
                    f"移到“{title_of(other)}”", lambda: act("move_example", {"text": text, "was": intent, "now": other})
                )
            _button("移到别的", elsewhere)
            _button("改写", reword)
            _button("删掉", lambda: act("remove_example", {"intent": intent, "text": text}))
            if keep:
                _button("没错", lambda: act("keep_example", {"intent": intent, "text": text}))


async def _reason_to_calm(text: str) -> str:
    """Why an example of an emergency shall be none any more; "" when it stays one."""
    given: list[str] = []

    async def take() -> str | None:
        given.append(str(why.value or "").strip())
        return None if given[-1] else "请写一句原因"

    question = Question("这是一条紧急例句", "确定要改", take)
    with question.body:
        ui.label(text).classes("finding-text")
        ui.label("改了以后，类似的话可能不再马上叫人。模型说不紧急，也可能是模型看漏了。").classes("ask-hint")
        why = ui.input("为什么不算紧急").props("outlined").classes("studio-wide")
    return given[-1] if await question.answered() else ""


def _build_styles(health: Health) -> None:
    ui.label(
        "例句里各种写法占多少，按字面粗略估计（例如“咋、啥、瞅”算东北话；十五字以上没有标点算语音转写）。"
        "橙色越深，这样写的例句越少，机器人遇到这样写的居民越容易看错。"
    ).classes("note")
    _chart("各标签里的写法（占例句的百分比）", _heat(health), wide=True)
    _chart(
        "测试集里的写法（条）",
        _rows([(TEST_STYLES.get(name, name), count) for name, count in health.test_styles.items()]),
        wide=True,
    )
    with ui.element("div").classes("finding-list"):
        for style in health.styles:
            with ui.element("article").classes("finding"):
                ui.label(STYLES[style.name]).classes("finding-text")
                if not style.without:
                    ui.label("每一类都有").classes("note")
                    continue
                urgent = [intent for intent in style.without if intent.startswith(URGENT)]
                ui.label(f"{len(style.without)} 类一条也没有，其中紧急 {len(urgent)} 类").classes("note")
                with ui.element("div").classes("evidence"):
                    for intent in style.without[:12]:
                        chip(health.titles.get(intent, intent), "plain")
                    if len(style.without) > 12:
                        ui.label("……").classes("note")


def _build_coverage(health: Health) -> None:
    tests = {label: health.by_label()[label][1] for label in LABELS}
    _chart("测试消息按标签（条）", _bars([title_of(label) for label in LABELS], list(tests.values())))
    few = sorted((count for count in health.intents if count.few_tests), key=lambda count: count.tests)
    ui.label(f"测试消息不到 {FEW_TESTS} 条的细类：{len(few)} 个。这些类上升还是下降，成绩看不出来。").classes("note")
    with ui.element("div").classes("evidence"):
        for count in few:
            chip(f"{count.title} {count.tests}", "plain")


def _intent(intent: str, health: Health) -> None:
    """An intent as a tag, red-rimmed when it is paged for."""
    chip(health.titles.get(intent, intent), "trouble" if intent.startswith(f"{URGENT}/") else "plain")


def _button(title: str, act: Callable[[], Any]) -> ui.button:
    return ui.button(title, on_click=act, color=None).props("unelevated no-caps dense").classes("studio-button")


def _open(title: str, path: str) -> None:
    ui.link(title, path).classes("studio-button studio-open")


# --- pictures --------------------------------------------------------------------------------------------------------


def _chart(title: str, options: dict[str, Any], *, wide: bool = False, small: bool = False) -> None:
    shape = "chart-wide" if wide else "chart-small" if small else ""
    with ui.element("section").classes(f"chart {shape}").props(f'aria-label="{title}"'):
        ui.label(title).classes("section-title")
        height = max(240, 24 * len(options["yAxis"].get("data", ())) + 60)
        ui.echart(options).classes("chart-canvas").style(f"height: {min(height, 160 if small else 680)}px")


def _bars(names: list[str], values: list[int]) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": {"left": 8, "right": 8, "top": 24, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": names, "axisLabel": _NAMES},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [
            {
                "type": "bar",
                "data": values,
                "itemStyle": {"color": _INK},
                "barMaxWidth": 48,
                "label": {"show": True, "position": "top"},
            }
        ],
    }


def _rows(values: list[tuple[str, int]]) -> dict[str, Any]:
    turned = values[::-1]  # the chart counts from the bottom
    return {
        "animation": False,
        "grid": {"left": 8, "right": 32, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "minInterval": 1},
        "yAxis": {"type": "category", "data": [name for name, _ in turned]},
        "series": [
            {
                "type": "bar",
                "data": [value for _, value in turned],
                "itemStyle": {"color": _CALM},
                "label": {"show": True, "position": "right"},
            }
        ],
    }


def _heat(health: Health) -> dict[str, Any]:
    labels = [label for label in LABELS if label in health.styles[0].shares]
    cells = [
        [column, row, round(100 * style.shares[label], 1)]
        for row, style in enumerate(health.styles)
        for column, label in enumerate(labels)
    ]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 8, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {},
        "xAxis": {"type": "category", "data": [title_of(label) for label in labels], "axisLabel": _NAMES},
        "yAxis": {"type": "category", "data": [STYLES[style.name] for style in health.styles]},
        "visualMap": {"show": False, "min": 0, "max": 10, "inRange": {"color": [_WARM, "#f4ead2", "#cfe0f3"]}},
        "series": [{"type": "heatmap", "data": cells, "label": {"show": True}}],
    }
