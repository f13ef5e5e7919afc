"""答复: the answers by topic and aspect, with source and date, as they stand and as a resident would see them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from bot.console.services import Services, local
from bot.console.studio.frame import studio_frame
from bot.console.studio.naming import ALWAYS, aspect_titles
from bot.console.studio.proposing import Fate, propose
from bot.console.theme import UNREADABLE, build_problem, chip
from bot.nlu import knowledge, telling, wording
from bot.nlu.catalogue import title_of
from bot.nlu.knowledge import ASPECTS, SHORT, TITLE_CHARACTERS, Fact, Knowledge, Topic
from bot.nlu.live_file import TrainersFileError
from bot.nlu.project import NLU_DATA
from bot.nlu.question import Question
from bot.nlu.wording import PLAIN
from bot.store.models import DataChange
from bot.store.session import StoreUnavailableError
from bot.studio import changes, plans
from bot.studio.files import EditError
from bot.studio.health import is_stale, stale_in
from bot.studio.plans import Place

SCOPES = {"national": "全国", "local": "本地"}


@dataclass(frozen=True)
class Shown:
    """What the page shows: the knowledge base, and one aspect of one topic as it stands in its file."""

    base: Knowledge
    titles: Mapping[str, str]
    """What people read for each aspect."""
    topic: Topic | None
    aspect: str
    place: Place | None
    written: DataChange | None
    """The change that its text comes from."""
    questions: Sequence[str]
    """How residents ask for the topic."""


def register(services: Services) -> None:
    """Serve `/studio/answers`."""

    @ui.page("/studio/answers", title="答复", response_timeout=20)
    async def answers_page(topic: str = "", aspect: str = SHORT, search: str = "") -> None:
        page = studio_frame(services, active="/studio/answers")
        try:
            shown = await asyncio.to_thread(_read, services, topic, aspect)
        except (EditError, TrainersFileError, StoreUnavailableError) as error:
            with page:
                build_problem(UNREADABLE if isinstance(error, StoreUnavailableError) else str(error))
            return
        with page:
            ui.label("答复").classes("section-title")
            build_problem(knowledge.live().problem or "")
            with ui.element("div").classes("answers"):
                _Topics(shown, search)
                if shown.topic and shown.place:
                    _Editor(services, shown, shown.topic, shown.place)
                else:
                    ui.label("选一个主题：看答复、改答复，改完不用训练，马上生效。").classes("empty")


def _read(services: Services, topic: str, aspect: str) -> Shown:
    base = knowledge.live().current()
    titles = aspect_titles()
    found = base.topics.get(topic)
    place = plans.place_of(NLU_DATA, found.intent, topic, aspect) if found else None
    with services.store.reading() as session:
        written = changes.written_by(session, topic, aspect, plans.text_of(place.entry)) if place else None
    questions = plans.questions_of(NLU_DATA, topic) if found else []
    return Shown(base, titles, found, aspect, place, written, questions)


class _Topics:
    """The topics to choose from, with a search."""

    def __init__(self, shown: Shown, search: str) -> None:
        self._shown = shown
        with ui.element("nav").classes("answers-choose").props('aria-label="主题"'):
            box = ui.input("搜主题、关键词、答复里的字", value=search, on_change=lambda event: self._list(event.value))
            box.props("outlined dense clearable debounce=250").classes("studio-wide")
            self._count = ui.label("").classes("note")
            self._box = ui.element("div").classes("answers-list")
        self._list(search)

    def _list(self, search: str | None) -> None:
        words = (search or "").lower().split()
        found = [topic for topic in self._shown.base.topics.values() if all(word in _whole(topic) for word in words)]
        self._count.set_text(f"{len(found)} 个主题")
        self._box.clear()
        with self._box:
            for topic in found:
                address = {"topic": topic.id} | ({"search": search} if search else {})
                link = ui.element("a").classes("answers-topic").props(f'href="/studio/answers?{urlencode(address)}"')
                if self._shown.topic and topic.id == self._shown.topic.id:
                    link.props('aria-current="true"')
                with link:
                    ui.label(topic.title)
                    ui.label(title_of(topic.intent)).classes("note")


def _whole(topic: Topic) -> str:
    facts = (topic.short, topic.plain, *topic.aspects.values())
    return " ".join(
        (topic.title, topic.id, title_of(topic.intent), *topic.when, *(fact.text for fact in facts))
    ).lower()


class _Questions:
    """How residents ask for a topic: what the training learns it by, with ways to add and to remove one."""

    def __init__(self, services: Services, topic: str, questions: Sequence[str], fate: Fate) -> None:
        self._services, self._topic, self._fate = services, topic, fate
        with ui.element("details").classes("studio-wide answers-questions"):
            with ui.element("summary"):
                ui.label(f"居民怎么问到它（{len(questions)}条，改了要重新训练）")
            self._text = ui.input("再加一种问法").props("outlined dense").classes("studio-wide")
            self._why = ui.input("为什么（必填）").props("outlined dense").classes("studio-wide")
            _button("加进去", self._add)
            for text in questions:
                with ui.element("div").classes("finding-line"):
                    ui.label(text).classes("finding-text")
                    _button("删掉", partial(self._propose, "remove_question", text))

    async def _add(self) -> None:
        await self._propose("add_question", str(self._text.value or ""))

    async def _propose(self, kind: str, text: str) -> None:
        payload = {"topic": self._topic, "text": text}
        self._fate.follow(await propose(self._services, kind, payload, why=str(self._why.value or "")))


class _Heading:
    """What a topic is called, the words by which it is chosen, and what may be asked next."""

    def __init__(self, services: Services, topic: str, found: Mapping[str, Any], base: Knowledge, fate: Fate) -> None:
        self._services, self._topic, self._found, self._fate = services, topic, found, fate
        with ui.element("details").classes("studio-wide answers-heading"):
            with ui.element("summary"):
                ui.label("名字、触发词、接下来可能问的（改了马上生效）")
            self._title = ui.input(f"名字（{TITLE_CHARACTERS}个字以内，也是按钮上的字）", value=found["title"])
            self._title.props(f"outlined dense maxlength={TITLE_CHARACTERS}").classes("studio-wide")
            self._when = ui.textarea(
                "问话里有哪些词就选它（一行一个，“…”代表中间隔几个字）", value="\n".join(found["when"])
            )
            self._when.props("outlined dense autogrow").classes("studio-wide")
            self._when.set_visibility(bool(found["when"]))  # the default topic of its intent has none
            topics = {name: one.title for name, one in base.topics.items()}
            self._related = ui.select(
                topics,
                value=found["related"],
                label="接下来可能问的主题（第一个也是按钮）",
                multiple=True,
                with_input=True,
            )
            self._related.props("outlined dense use-chips options-dense behavior=menu").classes("studio-wide")
            self._why = ui.input("改主题的原因（必填）").props("outlined dense").classes("studio-wide")
            _button("改主题", self._save)

    async def _save(self) -> None:
        now = {
            "title": str(self._title.value or ""),
            "when": str(self._when.value or "").splitlines(),
            "related": list(self._related.value or ()),
        }
        payload = {"topic": self._topic, "was": self._found, "now": now}
        self._fate.follow(await propose(self._services, "edit_topic", payload, why=str(self._why.value or "")))


def _button(title: str, act: Callable[[], Any]) -> None:
    ui.button(title, on_click=act, color=None).props("unelevated no-caps dense").classes("studio-button")


class _Editor:
    """One aspect: its text and settings, what becomes of the edit, and the phone that shows it."""

    def __init__(self, services: Services, shown: Shown, topic: Topic, place: Place) -> None:
        self._services, self._shown, self._topic, self._place = services, shown, topic, place
        self._found = place.settings()
        text = plans.text_of(place.entry)
        with ui.element("section").classes("answers-editor").props('aria-label="答复内容"'):
            self._build_head()
            self._text = ui.textarea("答复", value=text, on_change=self._preview)
            self._text.props("outlined dense autogrow").classes("studio-wide")
            self._unknown = ui.textarea("本地信息没确认时怎么说", value=self._found["unknown"], on_change=self._preview)
            self._unknown.props("outlined dense autogrow").classes("studio-wide")
            # Only what a local fact is left open in needs it.
            self._unknown.bind_visibility_from(
                self._text, "value", backward=lambda value: "{" in (value or "") or bool(self._found["unknown"])
            )
            self._build_settings(new=place.entry is None)
            self._why = ui.input("为什么改（必填）").props("outlined dense").classes("studio-wide")
            with ui.element("div").classes("answers-acts"):
                save = ui.button("保存", on_click=self._save, color=None)
                save.props("unelevated no-caps").classes("studio-button studio-main")
                if place.entry is not None and shown.aspect not in ALWAYS:
                    drop = ui.button("删掉这一段", on_click=self._drop, color=None)
                    drop.props("unelevated no-caps").classes("studio-button")
                self._fate = Fate(services)
            _Questions(services, topic.id, shown.questions, self._fate)
            _Heading(services, topic.id, plans.heading_of(place.topic), shown.base, self._fate)
        with ui.element("aside").classes("answers-preview").props('aria-label="居民看到的样子"'):
            self._phone = ui.element("div").classes("phone")
        self._preview()

    def _build_head(self) -> None:
        topic = self._topic
        ui.label(topic.title).classes("section-title")
        when = f"问到这些词就用它：{'、'.join(topic.when)}" if topic.when else "这一类没问到别的主题时就用它"
        ui.label(f"{title_of(topic.intent)} · {when}").classes("note")
        with ui.element("nav").classes("answers-aspects").props('aria-label="角度"'):
            for aspect in (*ALWAYS, *ASPECTS):
                address = urlencode({"topic": topic.id, "aspect": aspect})
                link = ui.element("a").classes("answers-aspect").props(f'href="/studio/answers?{address}"')
                if aspect not in ALWAYS and aspect not in topic.aspects:
                    link.classes("answers-missing")
                if aspect == self._shown.aspect:
                    link.props('aria-current="true"')
                with link:
                    ui.label(self._shown.titles.get(aspect, aspect))
        if self._place.entry is None:
            ui.label("这个角度还没写：居民问到时，机器人说没有准确的说法，先答简短回答。").classes("note")
        else:
            ui.label(_authors(self._shown.written)).classes("note answers-authors")
        fact = _fact_of(topic, self._shown.aspect)
        if fact:
            self._build_doubts(fact)

    def _build_doubts(self, fact: Fact) -> None:
        today = self._services.clock.now().date()
        stale = stale_in(fact, self._shown.base, today)
        if fact.unconfirmed:
            chip("有本地信息没确认，现在说的是下面“没确认时”的话", "doubt")
        if is_stale(fact.reviewed, today):
            chip("核对超过12个月，该再看看了", "doubt")
        if stale:
            ui.label(f"里面的本地信息也该核对了：{'、'.join(stale)}").classes("note")
        if stale or fact.unconfirmed:
            ui.link("填写、核对本地信息", "/studio/data?tab=本地信息").classes("studio-button studio-open")

    def _build_settings(self, *, new: bool) -> None:
        found = self._found
        self._source = ui.input("依据", value=found["source"], on_change=self._preview)
        self._source.props("outlined dense").classes("studio-wide")
        with ui.element("div").classes("answers-settings"):
            self._scope = ui.select(SCOPES, value=found["scope"], label="适用范围", on_change=self._preview)
            self._scope.props("outlined dense")
            today = f"{self._services.clock.now():%Y-%m-%d}"
            self._day = ui.input("核对日期", value=today if new else found["reviewed"], on_change=self._preview)
            self._day.props("outlined dense type=date")
            ui.button("今天核对过", on_click=lambda: self._day.set_value(today), color=None).props(
                "unelevated no-caps dense"
            ).classes("studio-button")
        if found["scope"] == "national":
            ui.label("全国性的法律答复，保存后要另一位训练员或所领导同意才生效。").classes("note")

    def _preview(self) -> None:
        """Draw the phone, by the code that words the bot's answers."""
        self._phone.clear()
        shown, aspect = self._shown, self._shown.aspect
        base = Knowledge({**shown.base.topics, self._topic.id: self._draft()}, shown.base.local_facts)
        aspects = () if aspect == SHORT else (aspect,)
        told = telling.answer(Question((self._topic.id,), aspects), base, wording.live().current())
        with self._phone:
            ui.label("抚近").classes("phone-title")
            asked = self._topic.title if aspect == SHORT else f"{self._topic.title}，{shown.titles.get(aspect, aspect)}"
            ui.label(asked).classes("phone-asked")
            ui.label(told["text"]).classes("phone-told")
            with ui.element("div").classes("phone-buttons"):
                for button in told["buttons"]:
                    ui.label(button["title"]).classes("phone-button")

    def _draft(self) -> Topic:
        """The topic with what is typed now; what is not complete yet is shown as it was."""
        try:
            fact = knowledge.fact_of(
                {
                    "text": self._text.value or "",
                    "unknown": self._unknown.value or "",
                    "source": self._source.value or "",
                    "scope": self._scope.value,
                    "reviewed": date.fromisoformat(self._day.value or ""),
                },
                self._shown.base.local_facts,
            )
        except (ValueError, TrainersFileError):
            return self._topic
        aspect = self._shown.aspect
        if aspect in ALWAYS:
            return replace(self._topic, **{aspect: fact})  # type: ignore[arg-type]  # its name is the field's
        return replace(self._topic, aspects={**self._topic.aspects, aspect: fact})

    async def _save(self) -> None:
        await self._propose(str(self._text.value or ""))

    async def _drop(self) -> None:
        await self._propose("")

    async def _propose(self, text: str) -> None:
        payload: dict[str, Any] = {
            "intent": self._topic.intent,
            "topic": self._topic.id,
            "aspect": self._shown.aspect,
            "was": plans.text_of(self._place.entry),
            "now": text,
            "source": self._source.value,
            "scope": self._scope.value,
            "reviewed": self._day.value,
            "unknown": self._unknown.value,
        }
        self._fate.follow(await propose(self._services, "edit_answer", payload, why=str(self._why.value or "")))


def _authors(written: DataChange | None) -> str:
    """Who wrote the text that stands there, and who agreed to it."""
    if written is None:
        return "现在这段不是在这里写的：随程序装的，或直接改的文件"
    agreed = f"，{written.approved_by} 核对同意" if written.approved_by else ""
    at = f"，{local(written.applied_at)} 写入" if written.applied_at else ""
    return f"现在这段：{written.made_by} 写{agreed}{at}"


def _fact_of(topic: Topic, aspect: str) -> Fact | None:
    return {SHORT: topic.short, PLAIN: topic.plain}.get(aspect) or topic.aspects.get(aspect)
