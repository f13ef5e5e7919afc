"""待看消息: the trainer's home. One message at a time; the next is there before the verdict on this one is stored."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from nicegui import ui
from sqlalchemy.orm import Session

from bot.console.dialog import NOT_STORED, Question
from bot.console.keyed import Part
from bot.console.officer import actor, identify
from bot.console.services import Services
from bot.console.studio.frame import studio_frame
from bot.console.studio.history_page import Query
from bot.console.theme import UNREADABLE, build_problem, chip
from bot.duty.access import may
from bot.nlu.catalogue import title_of
from bot.nlu.dataset import FALSE_PAGE, MISSED
from bot.nlu.triage import URGENT
from bot.store.models import WorkState
from bot.store.session import StoreUnavailableError
from bot.studio import changes, guideline, inbox, reviews
from bot.studio.guideline import Guidance
from bot.studio.inbox import REASONS, Queued
from bot.studio.masking import in_plain_words
from bot.studio.reviews import Agreement, ReviewError, Rules, Taken

_AHEAD = 20
"""Items that a page has ready."""
_LOOK_AGAIN_SECONDS = 4.0
_UNWRITTEN_SHOWN = timedelta(days=7)
_MOST_CHOICES = 9
_HELP = (
    ("1–9", "选一个类别；再按一次同一个数字就是确认"),
    ("Enter", "确认选中的类别"),
    ("/", "查找别的类别"),
    ("b", "同样的话一起确认"),
    ("e", "改写例句"),
    ("s", "跳过"),
    ("m", "模糊，谁也说不准"),
    ("o", "请另一位训练员看"),
    ("u", "撤回上一条"),
    ("Esc", "离开输入框"),
)
_PROPOSED = {"add_example": "加了一条例句", "move_example": "移动了一条例句", "add_regression": "记进回归集"}
Act = Callable[[Session, Queued, str, datetime], Taken | None]
"""A verdict on an item, in a trainer's name, at a moment."""


def register(services: Services) -> None:
    """Serve `/studio`."""

    @ui.page("/studio", title="待看消息", response_timeout=10)
    async def studio_page() -> None:
        page = _InboxPage(services)
        await page.refresh()


@dataclass(frozen=True)
class _Choice:
    """An intent that can be chosen, and how likely the model finds it, or that an officer gave it."""

    intent: str
    share: float | None
    officers: bool = False


@dataclass(frozen=True)
class _Numbers:
    """What is left, and how far trainers agree."""

    waiting: int
    second: int
    done: int
    agreement: Agreement
    unwritten: int
    """Changes that this trainer's verdicts asked for and that could not be made."""
    unwritten_at: str
    """Where these are listed."""


@dataclass
class _Sheet:
    """The item that lies on the table, and what has been done to it so far."""

    item: Queued
    choices: tuple[_Choice, ...] = ()
    chosen: str = ""
    text: str = ""
    """The example before anybody has rewritten it."""
    typed: str = ""
    note: str = ""
    revealed: str = ""


class _InboxPage:
    """One browser's inbox."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._me = actor()
        self._ahead: list[Queued] = []
        self._sheet: _Sheet | None = None
        self._beneath: list[_Sheet] = []
        self._in_hand: set[int] = set()
        self._turn = asyncio.Lock()  # verdicts are stored in the order in which they were given
        self._reason = ""

        with studio_frame(services, active="/studio"):
            self._problem: Part[str] = Part(build_problem, classes="problems")
            with ui.element("div").classes("inbox-head"):
                self._numbers: Part[_Numbers | None] = Part(_build_numbers, classes="inbox-numbers")
                reasons = {"": "所有原因"} | {name: reason.title for name, reason in REASONS.items()}
                self._filter = ui.select(reasons, value="", label="只看", on_change=self._choose_reason)
                self._filter.props("outlined dense options-dense behavior=menu").classes("inbox-filter")
            with ui.element("div").classes("inbox").props("data-studio-page"):
                with ui.element("div").classes("inbox-main"):
                    self._card: Part[tuple[int, str, str]] = Part(self._build_card, classes="inbox-card-box")
                    self._list: Part[tuple[tuple[_Choice, ...], str]] = Part(self._build_choices, classes="choices")
                    self._build_fields()
                    self._build_buttons()
                with ui.element("div").classes("inbox-aside"):
                    self._aside: Part[Guidance | None] = Part(_build_guidance)
                    _build_help()
        ui.timer(_LOOK_AGAIN_SECONDS, self._look_again)

    # -- what lies on the table -----------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Fetch what waits; what lies on the table stays."""
        try:
            ahead, numbers = await asyncio.to_thread(self._read)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._problem.show("")
        here = self._in_hand.union(sheet.item.id for sheet in (self._sheet, *self._beneath) if sheet)
        self._ahead = [item for item in ahead if item.id not in here]
        self._numbers.show(numbers)
        if self._sheet is None:
            self._next()

    def _read(self) -> tuple[list[Queued], _Numbers]:
        with self._services.store.reading() as session:
            name = self._me.name if self._me else ""
            ahead = inbox.queue(session, trainer=name, limit=_AHEAD, reason=self._reason, leave_out=self._in_hand)
            left = inbox.counts(session)
            agreed = reviews.agreement(session)
            unwritten = changes.unwritten(session, name, since=self._services.clock.now() - _UNWRITTEN_SHOWN)
        where = Query(by=name, state=WorkState.FAILED).address()
        waiting, second, done = (left.get(state, 0) for state in ("waiting", "second", "done"))
        return ahead, _Numbers(waiting, second, done, agreed, unwritten, where)

    async def _look_again(self) -> None:
        if not self._turn.locked() and (self._sheet is None or len(self._ahead) < _AHEAD // 2):
            await self.refresh()

    async def _choose_reason(self) -> None:
        self._reason, self._sheet = str(self._filter.value or ""), None
        self._ahead, self._beneath = [], []
        await self.refresh()
        self._show()

    def _next(self) -> None:
        if self._beneath:
            self._put(self._beneath.pop())
        else:
            self._put(_sheet_of(self._ahead.pop(0)) if self._ahead else None)

    def _put(self, sheet: _Sheet | None) -> None:
        """Lay a sheet on the table, with what was typed on it."""
        self._sheet = None  # while the search is emptied, which chooses
        self._search.set_value("")
        self._sheet = sheet
        self._show()
        self._text.set_value((sheet.typed or sheet.text) if sheet else "")
        self._note.set_value(sheet.note if sheet else "")
        if sheet and (sheet.typed or sheet.note):
            self._fields.classes("fields-open")
        else:
            self._fields.classes(remove="fields-open")

    def _take_up(self) -> _Sheet | None:
        """The sheet that lies on the table, with what has been typed on it by now."""
        if sheet := self._sheet:
            typed = str(self._text.value or "")
            sheet.typed, sheet.note = typed if typed.strip() != sheet.text else "", str(self._note.value or "")
        return sheet

    def _show(self) -> None:
        sheet = self._sheet
        self._card.show((sheet.item.id, sheet.revealed, sheet.item.state) if sheet else (0, "", ""))
        self._list.show((sheet.choices, sheet.chosen) if sheet else ((), ""))
        self._aside.show(guideline.guidance(sheet.chosen) if sheet else None)
        self._buttons.set_visibility(sheet is not None)
        self._box.set_visibility(sheet is not None)
        self._batch.set_visibility(bool(sheet) and sheet is not None and sheet.item.count > 1)
        if sheet:
            self._batch.set_text(f"同样的{sheet.item.count}条一起")

    # -- how it is built ------------------------------------------------------------------------------------------

    def _build_card(self, _shown: tuple[int, str, str]) -> None:
        if self._sheet is None:
            with ui.element("div").classes("all-quiet"):
                ui.label("没有要看的消息").classes("all-quiet-title")
                ui.label("新的一来就会出现在这里").classes("all-quiet-hint")
            return
        item = self._sheet.item
        with ui.element("article").classes("inbox-card").props(f"data-item={item.id}"):
            with ui.element("div").classes("inbox-why"):
                for name in item.reasons:
                    chip(REASONS[name].title, "doubt")
                if item.count > 1:
                    chip(f"同样的话{item.count}条", "plain")
                if item.state == "second":
                    chip("另一位请您也看看", "taken")
                if item.confidential:
                    chip("线索：人、地点、时间都已隐去", "plain")
            ui.label(item.text).classes("inbox-text")
            if item.others:
                with ui.element("details").classes("inbox-others"):
                    with ui.element("summary"):
                        ui.label(f"一起判的另外{len(item.others)}种说法，先看一眼")
                    for text in item.others:
                        ui.label(text).classes("note")
            if item.beside:
                with ui.element("section").classes("inbox-beside"):
                    ui.label(f"同一案件里还有{len(item.beside)}句，哪句是警情就判哪句，其余不用再判：").classes("note")
                    for text in item.beside:
                        ui.label(text).classes("note")
            if self._sheet.revealed:
                ui.label(f"原话：{self._sheet.revealed}").classes("inbox-revealed")
            with ui.element("div").classes("facts"):
                ui.label(f"当时判为：{title_of(item.intent.partition('/')[0])} · {title_of(item.intent)}")
                if item.nearest is not None:
                    ui.label(f"和最近的例句相似 {item.nearest:.2f}")
                if "unanswered" in item.reasons and not item.confidential:
                    ui.link("用这类问题建新主题", f"/studio/topic?item={item.id}")
                if may(self._me, "see_reporter" if item.confidential else "see_cases"):
                    button = ui.button("看原话", on_click=partial(self._reveal, item), color=None)
                    button.props("flat dense no-caps").classes("reveal")

    def _build_choices(self, view: tuple[tuple[_Choice, ...], str]) -> None:
        choices, chosen = view
        for number, choice in enumerate(choices, 1):
            label = choice.intent.partition("/")[0]
            row = ui.element("button").classes(f"choice choice-{label}")
            row.props(f"type=button data-studio={number} aria-pressed={'true' if choice.intent == chosen else 'false'}")
            row.on("click", partial(self._choose, choice.intent))
            row.on("mouseenter", partial(self._hover, choice.intent))
            row.on("mouseleave", partial(self._hover, ""))
            with row:
                ui.label(str(number)).classes("choice-key")
                ui.label(title_of(label)).classes("choice-label")
                ui.label(title_of(choice.intent)).classes("choice-title")
                if choice.officers:
                    ui.label("民警改的").classes("choice-share")
                elif choice.share is not None:
                    ui.label(f"{choice.share:.0%}").classes("choice-share")

    def _build_fields(self) -> None:
        with ui.element("div").classes("inbox-fields") as self._box:
            self._search = ui.input("查找别的类别", on_change=self._look_up)
            self._search.props("outlined dense clearable data-studio=search debounce=120").classes("inbox-search")
            _show_key(self._search, "/")
            with ui.element("div").classes("inbox-edit") as self._fields:
                self._text = ui.textarea("例句（先改到谁也认不出，再确认）")
                self._text.props(f"outlined dense autogrow data-studio=edit maxlength={reviews.TEXT_CHARACTERS}")
                self._text.classes("inbox-edit-text")
                _show_key(self._text, "e")
                self._note = ui.input("备注（可不写，会作为修改的原因）")
                self._note.props(f"outlined dense maxlength={reviews.NOTE_CHARACTERS}").classes("inbox-note")

    def _build_buttons(self) -> None:
        with ui.element("div").classes("inbox-acts"):
            with ui.element("div").classes("inbox-verdicts") as self._buttons:
                _button("accept", "Enter", "确认", self._accept).classes("inbox-act-main")
                self._batch = _button("batch", "b", "同样的一起", self._accept_cluster)
                _button("skip", "s", "跳过", partial(self._aside_with, reviews.SKIP))
                _button("ambiguous", "m", "模糊", partial(self._aside_with, reviews.AMBIGUOUS))
                _button("second", "o", "请另一位看", partial(self._aside_with, reviews.SECOND))
            _button("undo", "u", "撤回上一条", self._undo)

    # -- choosing -------------------------------------------------------------------------------------------------

    async def _choose(self, intent: str) -> None:
        if self._sheet is None:
            return
        if self._sheet.chosen == intent:
            await self._accept()
            return
        self._sheet.chosen = intent
        self._show()

    def _hover(self, intent: str) -> None:
        if self._sheet:
            self._aside.show(guideline.guidance(intent or self._sheet.chosen))

    def _look_up(self) -> None:
        if self._sheet is None:
            return
        words = str(self._search.value or "")
        found = tuple(_Choice(intent, None) for intent in guideline.search(words))
        self._sheet.choices = found or _choices(self._sheet.item)
        if found or not words:
            self._sheet.chosen = found[0].intent if found else _first(self._sheet.item, self._sheet.choices)
        self._show()

    # -- verdicts -------------------------------------------------------------------------------------------------

    async def _accept(self) -> None:
        await self._label(reviews.label)

    async def _accept_cluster(self) -> None:
        if self._sheet:
            await self._label(partial(reviews.accept, seen=self._sheet.item.also))

    async def _label(self, how: Callable[..., Taken]) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        given = str(self._text.value or "").strip()
        text = given if given != sheet.text else None
        more = {"intent": sheet.chosen, "text": text, "note": str(self._note.value or ""), "rules": self._rules()}

        def act(session: Session, item: Queued, name: str, now: datetime) -> Taken:
            return how(session, item.id, trainer=name, now=now, **more)

        await self._give(act)

    async def _aside_with(self, verdict: str) -> None:
        intent = self._sheet.chosen if self._sheet and verdict == reviews.SECOND else None
        note = str(self._note.value or "")

        def act(session: Session, item: Queued, name: str, now: datetime) -> None:
            rules = self._rules()
            reviews.put_aside(session, item.id, verdict, trainer=name, now=now, intent=intent, note=note, rules=rules)

        await self._give(act)

    def _rules(self) -> Rules:
        return Rules(two_for_urgent=self._services.settings.studio_second_for_urgent)

    async def _give(self, act: Act) -> None:
        """Show the next item, and store the verdict on this one."""
        sheet = self._take_up()
        if sheet is None:
            return
        item = sheet.item
        self._in_hand.add(item.id)
        self._next()
        async with self._turn:
            problem = await self._stored(act, item)
            self._in_hand.discard(item.id)
            if problem:
                ui.notify(problem, type="warning", multi_line=True)
        if problem and problem != _GONE:
            self._bring_back(sheet)
        await self.refresh()

    async def _stored(self, act: Act, item: Queued) -> str:
        """What keeps a verdict from being stored; empty when it is."""
        name = await identify(self._services, "train")
        if name is None:
            return "没有保存"

        def store() -> Taken | None:
            with changes.deciding(self._services.store) as session:
                return act(session, item, name, self._services.clock.now())

        try:
            taken = await asyncio.to_thread(store)
        except ReviewError as error:
            return error.told
        except StoreUnavailableError:
            return NOT_STORED
        if taken:
            self._say(taken)
        return ""

    def _say(self, taken: Taken) -> None:
        told = [_PROPOSED[kind] for kind in taken.proposed if kind in _PROPOSED]
        if taken.item.state == "second":
            told.append("要另一位也这样判才算数")
        if taken.item.state == "ambiguous":
            told.append("两位判得不一样，记为模糊")
        if taken.items > 1:
            told.append(f"{taken.items}条一起")
        if taken.problem:
            told.append(f"例句没有加：{taken.problem}")
        if told:
            look: dict[str, Any] = {"type": "warning"} if taken.problem else {"type": "positive", "timeout": 2500}
            ui.notify("，".join(told), position="top", **look)  # at the bottom are the buttons for the next verdict

    def _bring_back(self, sheet: _Sheet) -> None:
        """A sheet lies on the table again, as it was; what lies there now comes next, as it is."""
        if beneath := self._take_up():
            self._beneath.append(beneath)
        self._put(sheet)

    async def _undo(self) -> None:
        name = await identify(self._services, "train")
        if name is None:
            return
        async with self._turn:
            try:
                item = await asyncio.to_thread(self._take_back, name)
            except ReviewError as error:
                ui.notify(error.told, type="warning")
                return
            except StoreUnavailableError:
                ui.notify(NOT_STORED, type="negative")
                return
        self._bring_back(_sheet_of(item))
        await self.refresh()

    def _take_back(self, name: str) -> Queued:
        with changes.deciding(self._services.store) as session:
            item = reviews.undo(session, trainer=name, now=self._services.clock.now(), rules=self._rules())
            return inbox.queued(session, item, trainer=name)

    # -- the original words ---------------------------------------------------------------------------------------

    async def _reveal(self, item: Queued) -> None:
        try:
            right = await asyncio.to_thread(self._right, item)
        except (ReviewError, StoreUnavailableError):
            ui.notify("这条消息已经不在了", type="warning")
            return
        name = await identify(self._services, right)
        if name is None:
            return
        found: list[str] = []

        async def act() -> str | None:
            try:
                found.append(await asyncio.to_thread(self._shown, item, name, str(reason.value or "")))
            except ReviewError as error:
                return error.told
            return None

        question = Question("看居民原话", "查看", act)
        with question.body:
            ui.label("查看会以您的名字和原因记入审计日志。").classes("ask-hint")
            reason = ui.textarea("原因（必填）").classes("ask-text")
            reason.props(f"outlined autogrow maxlength={reviews.NOTE_CHARACTERS}")
        if await question.answered() and self._sheet and self._sheet.item.id == item.id:
            self._sheet.revealed = found[0]
            self._show()

    def _right(self, item: Queued) -> str:
        with self._services.store.reading() as session:
            return reviews.right_to_reveal(session, item.id)

    def _shown(self, item: Queued, name: str, reason: str) -> str:
        with self._services.store.transaction() as session:
            return reviews.reveal(session, item.id, by=name, reason=reason, now=self._services.clock.now())


_GONE = "这条刚刚已经有人判过了"


def _sheet_of(item: Queued) -> _Sheet:
    """A sheet on which nothing has been done yet."""
    choices = _choices(item)
    return _Sheet(item, choices, _first(item, choices), in_plain_words(item.text))


def _choices(item: Queued) -> tuple[_Choice, ...]:
    """What an officer made of the message, the model's likeliest intents, and what the station took it for."""
    choices = [_Choice(intent, share) for intent, share in item.ranking if intent != item.corrected]
    if item.corrected:
        choices.insert(0, _Choice(item.corrected, None, officers=True))
    if item.intent not in {choice.intent for choice in choices}:
        choices.append(_Choice(item.intent, None))
    return tuple(choices[:_MOST_CHOICES])


def _first(item: Queued, choices: tuple[_Choice, ...]) -> str:
    """What is chosen to begin with: what an officer made of the message, or the likeliest that does not contradict it.

    Enter alone must not teach that an emergency is none, or that what woke somebody for nothing is one.
    """
    urgent = MISSED in item.reasons
    if not item.corrected and (urgent or FALSE_PAGE in item.reasons):
        for choice in choices:
            if choice.intent.startswith(f"{URGENT}/") == urgent:
                return choice.intent
    return choices[0].intent


def _button(name: str, key: str, title: str, act: Callable[[], object]) -> ui.button:
    """A button that a key presses too."""
    button = ui.button(title, on_click=act, color=None)
    button.props(f"unelevated no-caps data-studio={name}").classes("inbox-act")
    with button:
        ui.label(key).classes("act-key")
    return button


def _show_key(field: ui.input | ui.textarea, key: str) -> None:
    """Show in a field the key that leads into it."""
    with field.add_slot("prepend"):
        ui.label(key).classes("act-key field-key")


def _build_numbers(numbers: _Numbers | None) -> None:
    if numbers is None:
        return
    for title, number in (("待看", numbers.waiting), ("等另一位", numbers.second), ("已判", numbers.done)):
        with ui.element("div").classes("inbox-number"):
            ui.label(title)
            ui.label(str(number)).classes("count")
    kappa = numbers.agreement.label_kappa
    if numbers.agreement.items:
        told = "—" if kappa is None else f"{kappa:.2f}"
        ui.label(f"一致性 κ {told}（两人都判过的{numbers.agreement.items}条）").classes("note")
    if numbers.unwritten:
        ui.link(f"{numbers.unwritten}处修改没有写入，看看为什么", numbers.unwritten_at).classes("inbox-unwritten")


def _build_guidance(told: Guidance | None) -> None:
    if told is None:
        return
    label = told.intent.partition("/")[0]
    with ui.element("section").classes(f"guidance guidance-{label}").props('aria-label="标注规范"'):
        ui.label(f"{told.label} · {told.title}").classes("section-title")
        if told.scope:
            ui.label(f"算这一类：{told.scope}").classes("guidance-scope")
        if told.act:
            ui.label(told.act).classes("guidance-act")
        with ui.element("details").classes("guidance-rules").props("open" if label == URGENT else ""):
            with ui.element("summary"):
                ui.label(f"规范里提到“{told.label}”的{len(told.rules)}条")
            for rule in told.rules:
                ui.label(rule).classes("guidance-rule")


def _build_help() -> None:
    with ui.element("details").classes("inbox-help").props("data-studio=help"):
        with ui.element("summary"):
            ui.label("? 键盘操作")
        with ui.element("dl"):
            for key, words in _HELP:
                with ui.element("dt"):
                    ui.label(key)
                with ui.element("dd"):
                    ui.label(words)
