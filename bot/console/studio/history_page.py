"""修改记录: every change of the data, who made it, when and why, what it did, and the way back."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from bot.console.dialog import NOT_STORED, Question
from bot.console.officer import actor, current, identify
from bot.console.services import Services, local
from bot.console.studio.frame import studio_frame
from bot.console.studio.naming import aspect_titles, fact_title, topic_title
from bot.console.theme import UNREADABLE, build_problem, chip
from bot.duty.access import may
from bot.nlu.catalogue import title_of
from bot.store.models import DataChange, WorkState
from bot.store.session import StoreUnavailableError
from bot.studio import changes
from bot.studio.changes import STATES, ChangeError, Filter
from bot.studio.plans import KINDS

_PAGE, _LOOK_AGAIN_SECONDS = 40, 2.0
_COLOURS = {
    WorkState.DONE: "taken",
    WorkState.FAILED: "trouble",
    changes.UNAPPROVED: "doubt",
    WorkState.PENDING: "plain",
    WorkState.CANCELLED: "plain",
}


@dataclass(frozen=True)
class Query:
    """What the page is asked for, as it stands in its address."""

    by: str = ""
    kind: str = ""
    state: str = ""
    before: str = ""

    def address(self, **more: str) -> str:
        """The address of a page that asks for the same."""
        asked = {name: value for name, value in {**vars(self), "before": "", **more}.items() if value}
        return f"/studio/history?{urlencode(asked)}" if asked else "/studio/history"


def register(services: Services) -> None:
    """Serve `/studio/history`."""

    @ui.page("/studio/history", title="修改记录", response_timeout=10)
    async def history_page(by: str = "", kind: str = "", state: str = "", before: str = "") -> None:
        await _HistoryPage(services, Query(by, kind, state, before)).show()


class _HistoryPage:
    """One browser's view of the history."""

    def __init__(self, services: Services, query: Query) -> None:
        self._services, self._query = services, query
        self._page = studio_frame(services, active="/studio/history")
        with self._page:
            ui.label("修改记录").classes("section-title")
            self._body = ui.element("div")

    async def show(self) -> None:
        """Read and show the changes."""
        try:
            found, taken_back, people = await asyncio.to_thread(self._read)
        except StoreUnavailableError:
            with self._body:
                build_problem(UNREADABLE)
            return
        self._body.clear()
        with self._body:
            self._build_filter(people)
            if not found:
                ui.label("没有这样的修改").classes("empty")
            with ui.element("div").classes("finding-list"):
                for change in found[:_PAGE]:
                    with ui.element("article").classes("finding").props(f'data-change="{change.id}"'):
                        self._build(change, taken_back.get(change.id))
            if len(found) > _PAGE:
                ui.link("更早的", self._query.address(before=str(found[_PAGE - 1].id)))
        if any(change.state == WorkState.PENDING for change in found[:_PAGE]):
            with self._page:
                ui.timer(_LOOK_AGAIN_SECONDS, self.show, once=True)

    def _read(self) -> tuple[list[DataChange], dict[int, int], list[str]]:
        query = self._query
        wanted = Filter(query.by or None, query.kind or None, query.state or None)
        before = int(query.before) if query.before.isascii() and query.before.isdigit() else None
        with self._services.store.reading() as session:
            found = changes.history(session, wanted, before=before, limit=_PAGE + 1)
            return found, changes.taken_back(session, [change.id for change in found]), changes.people(session)

    def _build_filter(self, people: list[str]) -> None:
        query = self._query
        kinds = {"": "全部种类", **{name: kind.title for name, kind in KINDS.items()}}
        states = {"": "全部状态", **{str(name): title for name, title in STATES.items()}}
        with ui.element("div").classes("history-filter"):
            for name, title, choices in (
                ("by", "谁", {"": "所有人", **{person: person for person in people}}),
                ("kind", "种类", kinds),
                ("state", "状态", states),
            ):
                value = getattr(query, name) if getattr(query, name) in choices else ""
                chosen = ui.select(choices, value=value, on_change=partial(self._go, name))
                chosen.props(f'outlined dense aria-label="{title}"')

    def _go(self, name: str, event: Any) -> None:
        ui.navigate.to(self._query.address(**{name: str(event.value or "")}))

    def _build(self, change: DataChange, undone_by: int | None) -> None:
        with ui.element("div").classes("history-line"):
            ui.label(f"{change.id}").classes("finding-figure")
            ui.label(KINDS[change.kind].title).classes("history-title")
            chip(STATES.get(change.state, change.state), _COLOURS.get(change.state, "plain"))
            ui.label(f"{change.made_by} · {local(change.made_at)}").classes("note")
            if change.approved_by:
                ui.label(f"{change.approved_by} 同意").classes("note")
            if undone_by:
                chip(f"已由第{undone_by}号撤销", "plain")
        ui.label(summary(change)).classes("finding-text")
        if change.why:
            ui.label(f"原因：{change.why}").classes("note")
        if change.error and change.state != WorkState.DONE:
            ui.label(change.error).classes("fate fate-failed")
        if change.diff:
            build_diff(change.diff)
        self._build_acts(change, undone_by)

    def _build_acts(self, change: DataChange, undone_by: int | None) -> None:
        mine = change.made_by == current(self._services)
        two = self._services.settings.studio_second_for_urgent
        withdraw, undo = (partial(act, two_for_urgent=two) for act in (changes.withdraw, changes.undo))
        with ui.element("div").classes("finding-acts"):
            leads = not KINDS[change.kind].leaders or may(actor(), "approve_model")
            if change.state == changes.UNAPPROVED and not leads:
                ui.label("要所领导同意").classes("note")
            elif change.state == changes.UNAPPROVED and not mine:
                self._button("核对过，同意", partial(self._act, change.id, changes.approve, "已同意，几秒后写入"))
            if change.state in (changes.UNAPPROVED, WorkState.PENDING):
                self._button("作废" if mine else "不同意", partial(self._ask, change.id, "作废", withdraw, "已作废"))
            if change.state == WorkState.DONE and not undone_by:
                self._button("撤销", partial(self._ask, change.id, "撤销", undo, "已提交撤销，结果见这里"))

    @staticmethod
    def _button(title: str, act: Callable[[], Any]) -> None:
        ui.button(title, on_click=act, color=None).props("unelevated no-caps dense").classes("studio-button")

    async def _ask(self, number: int, title: str, act: Callable[..., Any], said: str) -> None:
        """Do something for a reason."""

        async def do() -> str | None:
            return await self._done(number, partial(act, why=str(why.value or "")))

        question = Question(f"{title}第{number}号修改", title, do)
        with question.body:
            why = ui.input("原因（必填）").props("outlined").classes("studio-wide")
        if await question.answered():
            ui.notify(said, type="positive")
            await self.show()

    async def _act(self, number: int, act: Callable[..., Any], said: str) -> None:
        problem = await self._done(number, act)
        ui.notify(problem or said, type="negative" if problem else "positive")
        await self.show()

    async def _done(self, number: int, act: Callable[..., Any]) -> str | None:
        try:
            right = await asyncio.to_thread(self._right, number) if act is changes.approve else "train"
            name = await identify(self._services, right)
            if name is None:
                return "没有权限"

            def store() -> None:
                with changes.deciding(self._services.store) as session:
                    act(session, number, by=name, now=self._services.clock.now())

            await asyncio.to_thread(store)
        except ChangeError as error:
            return str(error)
        except StoreUnavailableError:
            return NOT_STORED
        return None

    def _right(self, number: int) -> str:
        with self._services.store.reading() as session:
            return changes.right_to_approve(session, number)


def summary(change: DataChange) -> str:
    """A change in one line, for people."""
    payload = change.payload
    match change.kind:
        case "move_example":
            return f"“{payload['text']}”：{title_of(payload['was'])} → {title_of(payload['now'])}"
        case "edit_example":
            return f"{title_of(payload['intent'])}：“{payload['was']}” → “{payload['now']}”"
        case "new_intent" | "remove_intent":
            return f"{payload['title']}（{payload['intent']}），{len(payload['examples'])} 条例句"
        case "add_topic" | "remove_topic":
            return f"{payload.get('title', '')}（{payload['topic']}），属于{title_of(payload['intent'])}"
        case "edit_topic":
            return f"{topic_title(payload['topic'])}：{'；'.join(_turned(payload['was'], payload['now']))}"
        case "edit_answer":
            aspect = aspect_titles().get(payload["aspect"], payload["aspect"])
            where = f"{title_of(payload['intent'])} · {topic_title(payload['topic'])} · {aspect}"
            return f"{where}：{payload['now'] or '（删掉）'}"
        case "add_question" | "remove_question":
            return f"{topic_title(payload['topic'])}：“{payload['text']}”"
        case "edit_local_fact":
            return f"{fact_title(payload['name'])}：{payload['now'] or '（空）'}"
        case _:
            return f"{title_of(payload['intent'])}：“{payload['text']}”"


def _turned(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What becomes of a topic's name, its words and its neighbours."""
    if was["title"] != now["title"]:
        yield f"名字 {was['title']} → {now['title']}"
    named = {word: topic_title(word) for word in (*was["related"], *now["related"])}
    for key, title in (("when", "问话里的词"), ("related", "接下来可能问的")):
        gone, new = (
            [named.get(word, word) for word in one[key] if word not in other[key]]
            for one, other in ((was, now), (now, was))
        )
        told = [*(f"加 {word}" for word in new), *(f"去 {word}" for word in gone)]
        if was[key] != now[key]:
            yield f"{title} {'、'.join(told) or '换了顺序'}"


def build_diff(diff: str) -> None:
    """A unified diff, coloured."""
    with ui.element("details").classes("studio-wide"):
        with ui.element("summary"):
            ui.label("看文件里改了什么")
        with ui.element("pre").classes("diff"):
            for line, kind in _coloured(diff):
                ui.label(line).classes(f"diff-line diff-{kind}")


def _coloured(diff: str) -> Iterator[tuple[str, str]]:
    for line in diff.splitlines():
        if line.startswith(("--- ", "+++ ", "@@")):
            yield line, "head"
        else:
            yield line or " ", {"+": "add", "-": "remove"}.get(line[:1], "same")
