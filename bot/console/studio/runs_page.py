"""训练: start a training, see how far it is, cancel it, and what became of the ones before."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.dialog import Question
from bot.console.feed import Feed
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.officer import identify
from bot.console.services import Services, local
from bot.console.studio.frame import studio_frame
from bot.console.studio.training import STATES, Run, RunsView, read_runs
from bot.console.theme import UNREADABLE, build_problem, chip
from bot.store.models import RunState
from bot.store.session import StoreUnavailableError
from bot.studio import runs
from bot.studio.runs import RunError

PATH = "/studio/runs"
POLL_SECONDS = 1.0
_MINUTE, _HOUR = 60, 3600


def register(services: Services) -> None:
    """Serve `/studio/runs`."""

    @ui.page(PATH, title="训练", response_timeout=10)
    async def runs_page() -> None:
        page = _RunsPage(services)
        await page.refresh()
        ui.timer(POLL_SECONDS, page.refresh)


class _RunsPage:
    """One browser's view of the trainings."""

    def __init__(self, services: Services) -> None:
        self._services = services

        def read() -> RunsView:
            with services.store.reading() as session:
                return read_runs(session, services.clock.now())

        self._feed = Feed(read, POLL_SECONDS)
        with studio_frame(services, active=PATH):
            self._problem = Part(build_problem, classes="problems")
            with ui.element("div").classes("runs-head"):
                ui.label("训练新模型").classes("section-title")
                self._changes = Part(_build_changes)
                start = ui.button("开始训练", on_click=self._start, color=None)
                start.props("unelevated no-caps data-guarded").classes("runs-start")
            with ui.element("section").props('aria-label="正在训练"'):
                self._running = _Running(self._cancel)
                self._waiting: Keyed[int, Run] = Keyed(rebuilding(self._build_waiting), classes="runs-list")
            with ui.element("section").props('aria-label="以前的训练"'):
                ui.label("以前的训练").classes("section-title runs-title")
                self._none = ui.label("还没有训练过").classes("empty")
                self._past: Keyed[int, Run] = Keyed(rebuilding(self._build_past), classes="runs-list")

    async def refresh(self, *, fresh: bool = False) -> None:
        """Bring the page up to date."""
        try:
            view = await self._feed.latest(fresh=fresh)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show("")
        self._changes.show(view.changes)
        self._running.show(view.running)
        self._waiting.show((run.id, run) for run in view.waiting)
        self._none.set_visibility(not view.past)
        self._past.show((run.id, run) for run in view.past)

    async def _start(self) -> None:
        await self._ask("")

    async def _ask(self, why: str) -> None:
        name = await identify(self._services, "train")
        if name is None:
            return

        async def act() -> str | None:
            return await self._do(
                lambda session: runs.ask(session, by=name, why=reason.value or "", now=self._services.clock.now())
            )

        question = Question("开始训练", "开始", act)
        with question.body:
            ui.label("用现在的数据另外训练一个模型，训练时照常回答居民；训练完先评测，批准后才会上线。").classes(
                "ask-hint"
            )
            reason = ui.input("为什么训练（比如：补了三十条停水的问法）", value=why)
            reason.props(f"outlined maxlength={runs.WHY_CHARACTERS}").classes("ask-kind")
        if await question.answered():
            await self.refresh(fresh=True)

    async def _cancel(self, run_id: int) -> None:
        name = await identify(self._services, "train")
        if name is None:
            return

        async def act() -> str | None:
            return await self._do(lambda session: runs.cancel(session, run_id, by=name, now=self._services.clock.now()))

        question = Question(f"取消第{run_id}次训练？", "取消训练", act)
        with question.body:
            ui.label("取消以后这次训练作废，在用的模型不受影响。").classes("ask-hint")
        if await question.answered():
            await self.refresh(fresh=True)

    async def _do(self, act: Callable[[Session], object]) -> str | None:
        """Do it in a transaction; what keeps it from being done."""

        def work() -> None:
            with self._services.store.transaction() as session:
                act(session)

        try:
            await asyncio.to_thread(work)
        except RunError as error:
            return str(error)
        return None

    def _build_waiting(self, run: Run) -> None:
        with ui.element("div").classes("run"):
            _build_head(run)
            _build_cancel(run, self._cancel)

    def _build_past(self, run: Run) -> None:
        with ui.element("div").classes(f"run run-{run.state}"):
            _build_head(run)
            if run.error:
                ui.label(run.error).classes("run-error")
            with ui.element("div").classes("run-links"):
                if run.model:
                    ui.link(f"看模型 {run.model}", f"/studio/models/{run.model}")
                if run.state in (RunState.FAILED, RunState.CANCELLED):
                    again = ui.button("再训练一次", on_click=lambda: self._ask(run.why), color=None)
                    again.props("flat no-caps dense").classes("run-again")
            _build_log(run.log)


class _Running:
    """The training that runs: its bar moves without being built anew, and an open log stays open."""

    def __init__(self, cancel: Callable[[int], object]) -> None:
        self._id: int | None = None
        self._cancel = cancel
        self._box = ui.element("div")

    def show(self, run: Run | None) -> None:
        """Bring it up to date."""
        if run is None:
            self._box.clear()
            self._id = None
            return
        if run.id != self._id:
            self._build(run)
        self._bar.set_value(run.share)
        self._step.set_text(_step(run))
        self._left.set_text(_left(run))
        self._log.set_text(run.log or "还没有输出")
        self._button.show(run.cancelling)

    def _build(self, run: Run) -> None:
        self._id = run.id
        self._box.clear()
        with self._box, ui.element("div").classes("run run-now"):
            _build_head(run)
            self._bar = ui.linear_progress(run.share, show_value=False, color="primary").classes("run-bar")
            self._bar.props('rounded track-color=grey-4 aria-label="训练进度"')
            with ui.element("div").classes("run-progress"):
                self._step = ui.label("").classes("run-step")
                self._left = ui.label("").classes("run-left")
            self._button = Part[bool](lambda cancelling: self._build_button(run, cancelling))
            with ui.element("details").classes("run-log-box"):
                with ui.element("summary"):
                    ui.label("训练日志")
                self._log = ui.label("").classes("run-log")

    def _build_button(self, run: Run, cancelling: bool) -> None:
        if cancelling:
            ui.label("正在取消……").classes("note")
        else:
            _build_cancel(run, self._cancel)


def _build_cancel(run: Run, cancel: Callable[[int], object]) -> None:
    button = ui.button("取消", on_click=lambda: cancel(run.id), color=None)
    button.props(f'flat no-caps dense data-guarded aria-label="取消第{run.id}次训练"').classes("run-cancel")


def _build_changes(changes: int) -> None:
    told = f"在用的模型训练以后，数据改过 {changes} 处" if changes else "在用的模型训练以后，数据没有通过这里改过"
    ui.label(told).classes("note")


def _build_head(run: Run) -> None:
    with ui.element("div").classes("run-head"):
        ui.label(f"第{run.id}次").classes("run-number")
        chip(STATES[RunState(run.state)], f"run-{run.state}")
        took = f"，用了{duration(run.took.total_seconds())}" if run.took else ""
        ui.label(f"{run.asked_by} · {local(run.began_at or run.asked_at)}{took}").classes("run-who")
    if run.why:
        ui.label(run.why).classes("run-why")


def _build_log(log: str) -> None:
    if log:
        with ui.element("details").classes("run-log-box"):
            with ui.element("summary"):
                ui.label("训练日志")
            ui.label(log).classes("run-log")


def _step(run: Run) -> str:
    if not run.steps:
        return "准备中"
    return f"第 {min(run.steps_done + 1, run.steps)} 步，共 {run.steps} 步：{run.step}"


def _left(run: Run) -> str:
    if run.seconds_left is None:
        return "第一次训练，还不知道要多久"
    return f"大约还要 {duration(run.seconds_left)}" if run.seconds_left >= 1 else "马上就好"


def duration(seconds: float) -> str:
    """Seconds as one reads them, no finer than anybody needs: 45秒, 3分20秒, 1小时5分."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole}秒"
    if whole < _HOUR:
        return str(timedelta(seconds=whole)).partition(":")[2].replace(":", "分").lstrip("0") + "秒"
    return f"{whole // _HOUR}小时{whole % _HOUR // _MINUTE}分"
