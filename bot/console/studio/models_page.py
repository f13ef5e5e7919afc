"""模型: which models there are, which one is live on which server, and how another goes live or is taken back."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.dialog import NOT_STORED, Question
from bot.console.keyed import Keyed, Part, rebuilding
from bot.console.officer import actor, identify
from bot.console.services import Services, local
from bot.console.studio.frame import studio_frame
from bot.console.studio.models import (
    STANDINGS,
    Difference,
    Listening,
    ModelRow,
    Past,
    Server,
    View,
    read_view,
)
from bot.console.theme import UNREADABLE, build_problem, chip
from bot.duty.access import may
from bot.nlu.project import PROJECT
from bot.store.models import Standing
from bot.store.session import StoreUnavailableError
from bot.studio import promotion, shadow
from bot.studio.promotion import REASON_CHARACTERS, PromotionError, Seen

_POLL_SECONDS = 2.0
_NO_POINTER = "已经记下，但服务器还没有换：模型目录或者数据库暂时写不进去；训练进程会再试"
_CHIPS = {Standing.LIVE: "taken", Standing.SHADOW: "doubt"}
_Act = Callable[[Session, str, datetime], object]


def register(services: Services) -> None:
    """Serve `/studio/models`."""

    @ui.page("/studio/models", title="模型", response_timeout=10)
    async def models_page() -> None:
        page = _ModelsPage(services, PROJECT)
        await page.refresh(texts=False)
        ui.timer(_POLL_SECONDS, page.refresh)


class _ModelsPage:
    """One browser's view of the models."""

    def __init__(self, services: Services, project: Path) -> None:
        self._services, self._project = services, project
        self._leads = may(actor(), "approve_model")
        self._shown: str | None = None
        with studio_frame(services, active="/studio/models"):
            self._problem = Part(build_problem, classes="problems")
            self._live = Part(self._build_live, classes="models-live")
            ui.label("登记的模型").classes("section-title")
            self._rows: Keyed[str, ModelRow] = Keyed(rebuilding(self._build_row), classes="models-list")
            self._past = Part(_build_past, classes="models-past")

    async def refresh(self, *, texts: bool = True) -> None:
        """Read everything again, and show what has changed."""
        try:
            view = await asyncio.to_thread(self._read, texts)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show(view.problem)
        self._shown = view.decided
        self._live.show((view.live, view.servers, view.watched, any(not row.live for row in view.rows)))
        self._rows.show((row.name, row) for row in view.rows)
        self._past.show(view.past)

    def _read(self, texts: bool) -> View:
        with self._services.store.reading() as session:
            return read_view(session, self._project, now=self._services.clock.now(), texts=texts)

    # -- what is live -------------------------------------------------------------------------------------------------

    def _build_live(self, view: tuple[str | None, tuple[Server, ...], str, bool]) -> None:
        live, servers, watched, _ = view
        with ui.element("div").classes("quiet-title"):
            ui.label("线上模型").classes("section-title")
            ui.label(live or "还没有").classes("models-name")
            if live and self._leads:
                self._button("退回上一个模型", self._roll_back)
        if not live:
            return
        if watched:
            ui.label(watched).classes("reason")
        there = sum(server.model == live for server in servers)
        if not servers:
            ui.label("没有正在运行的服务器报告").classes("note")
        elif there == len(servers):
            ui.label(f"{there} 台服务器都已换上").classes("note")
        else:
            ui.label(f"{len(servers)} 台服务器里 {there} 台已换上，其余的仍用原来的模型回答").classes("note")
        with ui.element("ul").classes("models-servers").props('aria-label="服务器"'):
            for server in servers:
                with ui.element("li").classes("models-server"):
                    ui.label(server.name).classes("models-server-name")
                    ui.label(server.model)
                    chip(server.state, "trouble" if server.trouble else "plain" if server.model != live else "taken")

    # -- one model ----------------------------------------------------------------------------------------------------

    def _build_row(self, row: ModelRow) -> None:
        with ui.element("article").classes("models-row").props(f'aria-label="{row.name}"'):
            with ui.element("div").classes("quiet-kind"):
                ui.link(row.name, f"/studio/models/{row.name}").classes("models-name")
                chip(STANDINGS.get(Standing(row.standing), row.standing), _CHIPS.get(Standing(row.standing), "plain"))
                ui.label(f"{row.trained_by} {local(row.trained_at)} 训练 · 数据 {row.data_version[:12]}").classes(
                    "note"
                )
            with ui.element("dl").classes("models-figures"):
                for title, figure in row.figures:
                    with ui.element("div"):
                        with ui.element("dt"):
                            ui.label(title)
                        with ui.element("dd"):
                            ui.label(figure)
            if not row.figures:
                ui.label("还没有在测试集上评测").classes("note")
            if not row.live:
                _build_gates(row)
                self._build_acts(row)
            if row.listening:
                _build_listening(row.listening, over=row.standing != Standing.SHADOW)

    def _build_acts(self, row: ModelRow) -> None:
        with ui.element("div").classes("models-acts"):
            if row.standing == Standing.SHADOW:
                self._button("停止旁听", partial(self._do, _stop, "已停止旁听"))
            else:
                self._button("旁听一天", partial(self._do, partial(_start, model=row.name), "开始旁听"))
            if row.asked_by is None:
                self._button("提请批准", partial(self._ask, row))
            if self._leads:
                self._button("批准并上线" if row.approved_by is None else "上线", partial(self._promote, row))

    def _button(self, title: str, press: Callable[[], object]) -> None:
        ui.button(title, on_click=press, color=None).props("unelevated no-caps").classes("canned-reason")

    # -- acts ---------------------------------------------------------------------------------------------------------

    async def _ask(self, row: ModelRow) -> None:
        if (by := await identify(self._services, "train")) is None:
            return

        async def act() -> str | None:
            return await self._stored(
                lambda session, now: promotion.request(session, row.name, by=by, why=why.value or "", now=now)
            )

        question = Question(f"提请上线 {row.name}", "提请", act)
        with question.body:
            why = _reason("这个模型好在哪里（所领导会看到）")
        if await question.answered():
            await self.refresh()

    async def _promote(self, row: ModelRow) -> None:
        shown = self._shown
        if (by := await identify(self._services, "approve_model")) is None:
            return
        closed = [gate for gate in row.gates if not gate.passed and gate.name != "approval"]
        alone = row.needs_a_second(by)
        forced = bool(closed) or alone
        seen = Seen(shown, {*(gate.name for gate in closed), *(("approval",) if alone else ())})

        async def act() -> str | None:
            overrule = (reason.value or "").strip() if reason else ""
            if forced and not overrule:
                return "强行上线要写理由"

            def decide(session: Session, now: datetime) -> None:
                if row.approved_by is None and not alone:
                    promotion.approve(session, row.name, by=by, now=now)
                promotion.promote(session, row.name, self._project, by=by, now=now, overrule=overrule, seen=seen)

            files = partial(promotion.prepare, self._services.store, self._models, row.name)
            return await self._stored(decide, prepare=files)

        question = Question(f"{'强行上线' if forced else '批准并上线'} {row.name}", "上线", act)
        with question.body:
            for gate in closed:
                ui.label(f"没过：{gate.title}，{gate.detail}").classes("reason")
            if alone:
                ui.label("没过：所领导批准，要由别人提请、您批准").classes("reason")
            reason = _reason("为什么仍要上线（记入审计日志）") if forced else None
            ui.label("各服务器边回答边换，居民没有感觉；出问题会自动退回。").classes("ask-hint")
        if await question.answered():
            await self.refresh()

    async def _roll_back(self) -> None:
        seen = Seen(self._shown)
        if (by := await identify(self._services, "approve_model")) is None:
            return

        def back(session: Session, now: datetime) -> None:
            promotion.roll_back(session, self._models, by=by, now=now, seen=seen)

        problem = await self._stored(back, prepare=partial(promotion.prepare, self._services.store, self._models))
        ui.notify(problem or "已退回，各服务器正在换", type="warning" if problem else "positive")
        await self.refresh()

    async def _do(self, act: _Act, done: str) -> None:
        if (by := await identify(self._services, "train")) is None:
            return
        problem = await self._stored(lambda session, now: act(session, by, now))
        ui.notify(problem or done, type="warning" if problem else "positive")
        await self.refresh()

    async def _stored(
        self, act: Callable[[Session, datetime], object], *, prepare: Callable[[], object] | None = None
    ) -> str | None:
        """Do something in one transaction; what keeps it from being done. What changes the live model is prepared
        first, and the pointer follows it."""

        def store() -> str | None:
            now = self._services.clock.now()
            try:
                if prepare:
                    prepare()
                with self._services.store.transaction() as session:
                    act(session, now)
            except PromotionError as error:
                return str(error)
            except StoreUnavailableError:
                return NOT_STORED
            try:
                if prepare:
                    promotion.follow(self._services.store, self._models, now=now)
            except (OSError, StoreUnavailableError):
                return _NO_POINTER
            return None

        return await asyncio.to_thread(store)

    @property
    def _models(self) -> Path:
        return self._project / "models"


def _start(session: Session, by: str, now: datetime, *, model: str) -> None:
    shadow.start(session, model, by=by, now=now)


def _stop(session: Session, by: str, now: datetime) -> None:
    shadow.stop(session, by=by, now=now)


def _reason(title: str) -> ui.textarea:
    return ui.textarea(title).props(f"outlined autogrow maxlength={REASON_CHARACTERS}").classes("ask-text")


def _build_gates(row: ModelRow) -> None:
    with ui.element("ul").classes("models-gates").props('aria-label="上线条件"'):
        for gate in row.gates:
            with ui.element("li").classes("gate gate-open" if gate.passed else "gate gate-closed"):
                ui.label("✓" if gate.passed else "✗").classes("gate-mark").props("aria-hidden=true")
                ui.label(gate.title).classes("gate-title")
                ui.label(gate.detail).classes("gate-detail")


def _build_listening(listening: Listening, *, over: bool) -> None:
    found = listening.summary
    with ui.element("details").classes("models-listening"):
        with ui.element("summary"):
            ui.label(
                f"{'旁听' if over else '旁听中：'}读了 {found.read} 条，{found.differing} 条和线上不一样；"
                f"线上叫民警而它不叫 {found.missed} 条，只有它叫民警 {found.added} 条"
            )
        ui.label("旁听的模型只看单条消息，不看前后文；简短的回答不一样不一定是错。").classes("note")
        for one in listening.differences:
            _build_difference(one)


def _build_difference(one: Difference) -> None:
    with ui.element("div").classes("difference"):
        ui.label(one.text).classes("difference-text")
        with ui.element("div").classes("quiet-kind"):
            chip(f"线上：{one.live}", "plain")
            chip(f"旁听：{one.candidate}", "alarm" if one.pages else "doubt")


def _build_past(past: tuple[Past, ...]) -> None:
    ui.label("上线记录").classes("section-title")
    if not past:
        ui.label("还没有提请和上线过").classes("note")
    for entry in past:
        with ui.element("div").classes("models-entry"):
            ui.label(f"{local(entry.at)} · {entry.by} · {entry.what}").classes("models-entry-what")
            ui.label(f"{entry.was} → {entry.model}" if entry.was else entry.model).classes("note")
            if entry.closed:
                ui.label(f"当时没过：{'、'.join(entry.closed)}").classes("reason")
            if entry.reason:
                ui.label(f"理由：{entry.reason}").classes("note")
