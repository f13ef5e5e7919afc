"""新主题: what residents ask and the bot cannot answer becomes a topic with its answer, in one page."""

import asyncio
from datetime import date
from typing import Any

from nicegui import ui

from bot.console.dialog import NOT_STORED
from bot.console.keyed import Part
from bot.console.officer import identify
from bot.console.services import Services
from bot.console.studio.frame import studio_frame
from bot.console.theme import UNREADABLE, build_problem
from bot.nlu import wording
from bot.nlu.catalogue import titles
from bot.nlu.dataset import FEWEST_EXAMPLES
from bot.nlu.knowledge import ASPECTS, TITLE_CHARACTERS
from bot.store.session import StoreUnavailableError
from bot.studio import changes, inbox
from bot.studio.inbox import Unanswered
from bot.studio.masking import in_plain_words

_NEW = ""
"""The choice of an intent that is not there yet."""
_SCOPES = {"local": "本地（以派出所答复为准）", "national": "全国（法律规定，要另一个人核对）"}


def register(services: Services) -> None:
    """Serve `/studio/topic`; `?item=` begins with the texts that are like this item of the inbox."""

    @ui.page("/studio/topic", title="新主题", response_timeout=10)
    async def topic_page(item: int = 0) -> None:
        page = _TopicPage(services)
        await page.load(item)


class _TopicPage:
    """One browser's form."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._item: int | None = None
        with studio_frame(services, active="/studio"):
            self._problem: Part[str] = Part(build_problem, classes="problems")
            with ui.element("div").classes("topic"):
                with ui.element("form").classes("topic-form studio-card").on("submit.prevent", self._save):
                    ui.label("新主题").classes("section-title")
                    self._build_where()
                    self._build_examples()
                    self._build_answer()
                    ui.button("保存", color=None).props("unelevated no-caps type=submit").classes("topic-save")
                self._clusters: Part[tuple[Unanswered, ...]] = Part(_build_clusters)

    async def load(self, item_id: int) -> None:
        """Fill in the texts of an item's cluster, and list the other questions without an answer."""
        try:
            texts, clusters = await asyncio.to_thread(self._read, item_id)
        except StoreUnavailableError:
            self._problem.show(UNREADABLE)
            return
        self._item = item_id if texts else None
        self._examples.set_value("\n".join(dict.fromkeys(map(in_plain_words, texts))))
        self._clusters.show(tuple(clusters))

    def _read(self, item_id: int) -> tuple[list[str], list[Unanswered]]:
        with self._services.store.reading() as session:
            return inbox.alike(session, item_id), inbox.unanswered(session)

    # -- the form ---------------------------------------------------------------------------------------------------

    def _build_where(self) -> None:
        intents = {name: title for name, title in titles().items() if name.startswith("enquiry/")}
        with ui.element("section").classes("topic-part"):
            self._intent = ui.select({_NEW: "新的细类"} | intents, value=_NEW, label="放在哪个细类里", with_input=True)
            self._intent.props("outlined dense options-dense behavior=menu")
            with ui.element("div").classes("topic-line"):
                self._title = _field(
                    f"名字（{TITLE_CHARACTERS}个字以内，也是按钮上的字）", f"maxlength={TITLE_CHARACTERS}"
                )
                self._name = _field("英文代号（如 dog_metro）", "maxlength=40")
            self._scope_words = _field("算什么、不算什么（新的细类才用写）", "maxlength=120")
            self._scope_words.bind_visibility_from(self._intent, "value", backward=lambda value: not value)
            self._when = _field("问话里有哪些词就选它（空格隔开，加在现有细类里才用写）", "maxlength=200")
            self._when.bind_visibility_from(self._intent, "value", backward=bool)

    def _build_examples(self) -> None:
        with ui.element("section").classes("topic-part"):
            self._examples = ui.textarea("居民怎么问（一行一条）").props("outlined dense autogrow")
            ui.label().classes("note").bind_text_from(self._examples, "value", backward=_wanting)

    def _build_answer(self) -> None:
        with ui.element("section").classes("topic-part"):
            ui.label("答复").classes("section-title")
            self._short = ui.textarea("直接回答（90个字以内）").props("outlined dense autogrow maxlength=200")
            self._plain = ui.textarea("大白话").props("outlined dense autogrow maxlength=200")
            with ui.element("details"):
                with ui.element("summary"):
                    ui.label("分角度写（不写的按直接回答）")
                titles_of = wording.live().current().titles
                self._aspects = {name: _long(titles_of.get(name, name)) for name in ASPECTS}
            with ui.element("div").classes("topic-line"):
                self._source = _field("依据", "maxlength=120")
                self._scope = ui.select(_SCOPES, value="local", label="范围").props("outlined dense behavior=menu")
                today = self._services.clock.now().date()
                self._reviewed = ui.input("核对日期", value=today.isoformat())
                self._reviewed.props("outlined dense type=date stack-label")

    # -- saving -------------------------------------------------------------------------------------------------------

    def _payload(self) -> tuple[str, dict[str, Any]]:
        """The kind of change and what it holds."""
        text = {name: str(box.value or "").strip() for name, box in self._boxes().items()}
        answer = {
            "source": text["source"],
            "scope": str(self._scope.value),
            "reviewed": str(self._reviewed.value or ""),
            "short": text["short"],
            "plain": text["plain"],
            "aspects": {name: box.value.strip() for name, box in self._aspects.items() if (box.value or "").strip()},
        }
        examples = _lines(text["examples"])
        if intent := str(self._intent.value or ""):
            where = {"intent": intent, "topic": text["name"], "title": text["title"], "when": text["when"].split()}
            return "add_topic", {**where, "examples": examples, **answer}
        named = {"intent": f"enquiry/{text['name']}", "title": text["title"], "scope": text["scope"]}
        return "new_intent", {**named, "examples": examples, "answer": answer}

    def _boxes(self) -> dict[str, ui.input | ui.textarea]:
        return {
            "title": self._title,
            "name": self._name,
            "scope": self._scope_words,
            "when": self._when,
            "examples": self._examples,
            "short": self._short,
            "plain": self._plain,
            "source": self._source,
        }

    async def _save(self) -> None:
        name = await identify(self._services, "train")
        if name is None:
            return
        kind, payload = self._payload()
        if missing := _missing(kind, payload):
            ui.notify(f"还没写：{'、'.join(missing)}", type="warning")
            return
        try:
            await asyncio.to_thread(self._propose, kind, payload, name)
        except changes.ChangeError as error:
            ui.notify(str(error), type="warning", multi_line=True)
        except StoreUnavailableError:
            ui.notify(NOT_STORED, type="negative")
        else:
            ui.notify("已提交，在“修改记录”里看结果", type="positive")
            ui.navigate.to("/studio/history")

    def _propose(self, kind: str, payload: dict[str, Any], name: str) -> None:
        now = self._services.clock.now()
        with changes.deciding(self._services.store) as session:
            changes.propose(session, kind, payload, by=name, why="没答上来的问题", now=now, item_id=self._item)


def _wanting(examples: str | None) -> str:
    """How many questions there are, and how many are missing for the training to know the topic by them."""
    number = len(_lines(examples))
    if number >= FEWEST_EXAMPLES:
        return f"{number} 条。训练以后，说法不一样也认得出。"
    few = f"{number} 条，还差 {FEWEST_EXAMPLES - number} 条：至少要 {FEWEST_EXAMPLES} 条，平常的问法和绕弯的各写一半。"
    return f"{few}现有细类里的主题可以先存，以后在“答复”页补；新的细类现在就要够。"


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _missing(kind: str, payload: dict[str, Any]) -> list[str]:
    """What has to be written before anything else can be checked."""
    answer = payload.get("answer", payload)
    wanted = {"名字": payload["title"], "英文代号": payload["intent"].partition("/")[2], "直接回答": answer["short"]}
    wanted |= {"大白话": answer["plain"], "依据": answer["source"], "核对日期": _day(answer["reviewed"])}
    wanted |= {"居民怎么问": payload["examples"]} if kind == "new_intent" else {"英文代号": payload["topic"]}
    if kind == "new_intent":
        wanted["算什么、不算什么"] = payload["scope"]
    return [title for title, value in wanted.items() if not value]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _field(title: str, more: str) -> ui.input:
    field = ui.input(title)
    field.props(f"outlined dense {more}")
    return field


def _long(title: str) -> ui.textarea:
    box = ui.textarea(title)
    box.props("outlined dense autogrow maxlength=400").classes("topic-aspect")
    return box


def _build_clusters(clusters: tuple[Unanswered, ...]) -> None:
    with ui.element("section").props('aria-label="没答上来的问题"'):
        with ui.element("div").classes("quiet-title"):
            ui.label("没答上来的问题").classes("section-title")
            ui.label(str(len(clusters))).classes("count")
        if not clusters:
            ui.label("暂无").classes("empty")
        with ui.element("div").classes("topic-clusters"):
            for one in clusters:
                with ui.element("a").props(f'href="/studio/topic?item={one.item_id}"').classes("topic-cluster"):
                    ui.label(one.text)
                    ui.label(str(one.count)).classes("count")
