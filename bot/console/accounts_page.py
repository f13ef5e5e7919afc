"""账号管理: who may sign in, in which role."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.dialog import Question
from bot.console.keyed import Part
from bot.console.officer import identify
from bot.console.services import Services, local
from bot.console.theme import UNREADABLE, build_problem, chip, frame
from bot.duty import accounts
from bot.duty.access import ROLES
from bot.duty.accounts import AccountError, AccountRow
from bot.store.session import StoreUnavailableError

_RIGHT = "manage_accounts"


def register(services: Services) -> None:
    """Serve `/accounts`."""

    @ui.page("/accounts", title="账号管理", response_timeout=10)
    async def accounts_page() -> None:
        await _AccountsPage(services).refresh()


class _AccountsPage:
    """One browser's view of the accounts."""

    def __init__(self, services: Services) -> None:
        self._services = services
        with frame(services, active="/accounts"):
            self._problem = Part(build_problem, classes="problems")
            with ui.element("div").classes("quiet-title"):
                ui.label("账号管理").classes("section-title")
                add = ui.button("添加账号", on_click=self._add, color=None)
                add.props("unelevated no-caps").classes("account-add")
            self._list: Part[tuple[AccountRow, ...]] = Part(self._build, classes="quiet-list")

    async def refresh(self) -> None:
        """Read the accounts again."""

        def read() -> tuple[AccountRow, ...]:
            with self._services.store.reading() as session:
                return tuple(accounts.listed(session))

        try:
            rows = await asyncio.to_thread(read)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show("")
        self._list.show(rows)

    def _build(self, rows: Iterable[AccountRow]) -> None:
        for row in rows:
            with ui.element("article").classes("quiet-row account").props(f'aria-label="{row.name}"'):
                with ui.element("div").classes("quiet-text"):
                    with ui.element("div").classes("quiet-kind"):
                        ui.label(row.name).classes("quiet-name")
                        chip(ROLES.get(row.role, row.role), "plain")
                        self._build_flags(row)
                    ui.label(f"最近使用 {local(row.seen_at)}" if row.seen_at else "没有登录").classes("note")
                with ui.element("div").classes("account-acts"):
                    for title, press in (
                        ("改角色", self._change_role),
                        ("重置口令", self._reset),
                        ("恢复" if row.disabled_at else "停用", self._disable),
                    ):
                        button = ui.button(title, on_click=partial(press, row), color=None)
                        button.props("unelevated no-caps").classes("canned-reason")

    def _build_flags(self, row: AccountRow) -> None:
        if row.disabled_at:
            chip("已停用", "trouble")
        if row.locked_until and row.locked_until > self._services.clock.now():
            chip(f"口令错太多次，锁到 {local(row.locked_until)}", "trouble")
        if row.must_change:
            chip("还没换掉初始口令", "doubt")
        if row.totp:
            chip("动态口令", "taken")

    async def _add(self) -> None:
        if (by := await identify(self._services, _RIGHT)) is None:
            return
        drawn: list[str] = []

        async def act() -> str | None:
            if not (name.value or "").strip():
                return "请写名字"

            def add(session: Session, password_hash: str) -> None:
                accounts.add(session, name.value, role.value, password_hash=password_hash, by=by, now=self._now())

            return await self._drawn(add, drawn)

        question = Question("添加账号", "添加", act)
        with question.body:
            name = ui.input("名字（民警用值班表上的名字）").props("outlined maxlength=64").classes("ask-text")
            role = ui.radio(ROLES, value="officer").props('aria-label="角色"').classes("dispositions")
        if await question.answered():
            await self._tell(name.value, drawn[0])

    async def _reset(self, row: AccountRow) -> None:
        if (by := await identify(self._services, _RIGHT)) is None:
            return
        drawn: list[str] = []

        async def act() -> str | None:
            def reset(session: Session, password_hash: str) -> None:
                accounts.reset(session, row.name, password_hash=password_hash, by=by, now=self._now())

            return await self._drawn(reset, drawn)

        question = Question(f"重置{row.name}的口令", "重置", act)
        with question.body:
            ui.label("原来的口令和动态口令作废，所有登录退出。").classes("ask-hint")
        if await question.answered():
            await self._tell(row.name, drawn[0])

    async def _change_role(self, row: AccountRow) -> None:
        if (by := await identify(self._services, _RIGHT)) is None:
            return

        async def act() -> str | None:
            return await self._done(
                lambda session: accounts.change_role(session, row.name, role.value, by=by, now=self._now())
            )

        question = Question(f"{row.name}的角色", "保存", act)
        with question.body:
            role = ui.radio(ROLES, value=row.role).props('aria-label="角色"').classes("dispositions")
        if await question.answered():
            await self.refresh()

    async def _disable(self, row: AccountRow) -> None:
        if (by := await identify(self._services, _RIGHT)) is None:
            return
        off = row.disabled_at is not None

        async def act() -> str | None:
            return await self._done(
                lambda session: accounts.disable(session, row.name, by=by, now=self._now(), off=off)
            )

        question = Question(f"{'恢复' if off else '停用'}{row.name}", "恢复" if off else "停用", act)
        with question.body:
            ui.label("可以再登录。" if off else "马上退出所有登录，不能再登录；做过的事仍在日志里。").classes(
                "ask-hint"
            )
        if await question.answered():
            await self.refresh()

    async def _drawn(self, act: Callable[[Session, str], None], drawn: list[str]) -> str | None:
        """Do something that needs a new first password, which is put into `drawn`."""
        password = accounts.draw_password()
        password_hash = await asyncio.to_thread(accounts.hash_password, password)
        problem = await self._done(lambda session: act(session, password_hash))
        if problem is None:
            drawn.append(password)
        return problem

    async def _done(self, act: Callable[[Session], object]) -> str | None:
        def store() -> str | None:
            try:
                with self._services.store.transaction() as session:
                    act(session)
            except AccountError as error:
                return str(error)
            return None

        return await asyncio.to_thread(store)

    async def _tell(self, name: str, password: str) -> None:
        """Show a first password, which nobody can read again later."""

        async def noted() -> str | None:
            return None

        question = Question(f"{name}的初始口令", "记下了", noted)
        with question.body:
            ui.label(password).classes("drawn-password")
            ui.label("请当面或打电话告诉本人。关掉后不再显示；第一次登录时要换掉。").classes("ask-hint")
        await question.answered()
        await self.refresh()  # not before: the row with the button that was pressed is built anew

    def _now(self) -> datetime:
        return self._services.clock.now()
