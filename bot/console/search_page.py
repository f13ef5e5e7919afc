"""查找: earlier cases, by number or by words. Every search stands in the audit log."""

import asyncio
from datetime import date

from nicegui import ui

from bot.console.dialog import NOT_STORED
from bot.console.keyed import Piece
from bot.console.markup import marked
from bot.console.officer import identify
from bot.console.search import CASE_STATES, WORDS_CHARACTERS, Found, Hit, Place, Wanted, first_day, naming, note, search
from bot.console.services import Services
from bot.console.theme import chip, frame, moment, sound_toggle
from bot.nlu.catalogue import title_of
from bot.nlu.triage import CASE_LABELS
from bot.store.session import StoreUnavailableError

_TOO_WIDE = "没有查完：请缩短日期，或者多写几个字"


def register(services: Services) -> None:
    """Serve `/search`; `?q=` fills in the words and looks for them."""

    @ui.page("/search", title="查找", response_timeout=10)
    async def search_page(q: str = "") -> None:
        page = _SearchPage(services, q[:WORDS_CHARACTERS])
        if q:
            ui.timer(0, page.look, once=True)  # after the page is there: it may have to ask who is asking


class _SearchPage:
    """One browser's search."""

    def __init__(self, services: Services, words: str) -> None:
        self._services = services
        self._wanted = Wanted()
        self._rest: Place | None = None

        with frame(services, active="/search", tools=sound_toggle):
            with ui.element("form").classes("search").on("submit.prevent", self.look):
                self._build_form(words)
            self._said = ui.label("").classes("search-said").props("role=status")
            self._results = ui.element("div").classes("search-results").props('role=group aria-label="结果"')
            self._more = ui.button("继续往前找", on_click=self._go_on, color=None)
            self._more.props("unelevated no-caps").classes("search-more").set_visibility(False)

    def _build_form(self, words: str) -> None:
        with ui.element("div").classes("search-line"):
            self._words = ui.input("案件号、受理号、居民代号、电话、地点或说过的话", value=words)
            self._words.props(f"outlined dense autofocus clearable maxlength={WORDS_CHARACTERS} data-key=search")
            self._words.classes("search-words")
            ui.button("查找", color=None).props("unelevated no-caps type=submit").classes("search-go")
        with ui.element("div").classes("search-line"):
            self._since = _day("从", first_day(self._services.clock.now()).isoformat())
            self._until = _day("到", "")
            self._label = _choice("种类", {label: title_of(label) for label in CASE_LABELS})
            self._state = _choice("状态", {str(state): title for state, title in CASE_STATES.items()})
            names = [officer.name for officer in self._services.roster_file.current().officers]
            self._officer = _choice("民警", {name: name for name in names})
        ui.label(
            "说过的话只在“从”到“到”之间找，默认近30天；案件号、受理号、居民代号不限时间。线索不显示举报人。每次查找都有记录。"
        ).classes("note")

    async def look(self) -> None:
        """Find what the form says."""
        since, until = _date(self._since.value), _date(self._until.value)
        names = {officer.name for officer in self._services.roster_file.current().officers}
        wanted = Wanted(
            words=(self._words.value or "").strip(),
            since=since,
            until=until,
            label=self._label.value or "",
            state=self._state.value or "",
            officer=self._officer.value or "",
        )
        self._wanted = naming(wanted, names)
        self._results.clear()
        self._more.set_visibility(False)
        await self._fetch(None)

    async def _go_on(self) -> None:
        await self._fetch(self._rest)

    async def _fetch(self, after: Place | None) -> None:
        officer = await identify(self._services)
        if officer is None:
            self._said.set_text("先选您的姓名：每次查找都要记在名下")
            return
        self._said.set_text("正在查找…")
        try:
            await asyncio.to_thread(self._note, officer)
        except StoreUnavailableError:
            self._said.set_text(NOT_STORED)
            return
        try:
            found = await asyncio.to_thread(self._read, self._wanted, after)
        except StoreUnavailableError:
            self._said.set_text(_TOO_WIDE)
            return
        self._show(found)

    def _note(self, officer: str) -> None:
        # By itself: a search may take a while, and nobody is to wait for it with an alarm in hand.
        with self._services.store.transaction() as session:
            note(session, self._wanted, officer=officer, now=self._services.clock.now())

    def _read(self, wanted: Wanted, after: Place | None) -> Found:
        with self._services.store.reading() as session:
            return search(session, wanted, after=after)

    def _show(self, found: Found) -> None:
        self._rest = found.rest
        with self._results:
            for hit in found.hits:
                _build_hit(hit, self._wanted.terms)
        shown = len(self._results.default_slot.children)
        self._said.set_text(f"{shown}条，新的在前" if shown else "没有找到。可以把“从”改早一些，或者换几个字。")
        self._more.set_visibility(found.rest is not None)


def _build_hit(hit: Hit, terms: tuple[str, ...]) -> None:
    address = hit.address
    row = ui.element("article").classes("quiet-row")
    row.props(f"data-case={hit.case_id}" if hit.case_id else f'data-application="{hit.receipt or hit.key}"')
    with row, ui.element("a" if address else "div").classes("quiet-link") as link:
        if address:
            link.props(f'href="{address}"')
        with ui.element("div").classes("quiet-kind"):
            ui.label(hit.title).classes("quiet-name")
            if hit.silent:
                chip("静默", "trouble")
            if hit.state:
                chip(hit.state, "plain")
        if hit.text:
            Piece(marked(hit.text, terms), classes="search-text")
        with ui.element("div").classes("facts"):
            if hit.case_id:
                ui.label(f"案件{hit.case_id}").classes("case-number")
            if hit.receipt:
                ui.label(hit.receipt).classes("case-number")
            ui.label(hit.pseudonym or "举报人已隐去").classes("who")
            moment(hit.at)
            if hit.officer:
                ui.label(hit.officer)
            if hit.more:
                ui.label(f"本案还有{hit.more}条")


def _day(title: str, value: str) -> ui.input:
    field = ui.input(title, value=value)
    field.props("outlined dense type=date stack-label").classes("search-day")
    return field


def _choice(title: str, options: dict[str, str]) -> ui.select:
    field = ui.select({"": "不限"} | options, value="", label=title)
    field.props("outlined dense options-dense behavior=menu").classes("search-choice")
    return field


def _date(value: str | None) -> date | None:
    """The day that a browser's field holds; None for an empty or half-written one."""
    try:
        return date.fromisoformat(value or "")
    except ValueError:
        return None
