"""Names of the answers' files in the trainers' words."""

from bot.console.studio.history_page import summary
from bot.console.studio.naming import aspect_titles, fact_title, topic_title
from bot.nlu import knowledge
from bot.nlu.knowledge import ASPECTS, SHORT
from bot.nlu.wording import PLAIN
from bot.store.models import DataChange


def test_that_every_part_of_an_answer_has_a_title() -> None:
    titles = aspect_titles()
    assert all(titles[aspect] != aspect for aspect in (SHORT, PLAIN, *ASPECTS))


def test_that_what_is_gone_keeps_its_name() -> None:
    assert (topic_title("gone"), fact_title("gone")) == ("gone", "gone")


def test_that_the_history_tells_changed_answers_topics_and_facts_without_the_names_of_files() -> None:
    base = knowledge.live().current()
    topic, (name, fact) = next(iter(base.topics.values())), next(iter(base.local_facts.items()))
    answer = {"intent": topic.intent, "topic": topic.id, "aspect": SHORT, "now": "不用带。"}
    told = summary(DataChange(kind="edit_answer", payload=answer))
    assert f"{topic.title} · 简短回答：不用带。" in told
    assert topic.id not in told
    other = next(name for name in base.topics if name != topic.id)
    was = {"title": "旧名", "when": ["补", "换"], "related": []}
    now = {"title": "新名", "when": ["补", "丢"], "related": [other]}
    told = summary(DataChange(kind="edit_topic", payload={"topic": topic.id, "was": was, "now": now}))
    turned = f"名字 旧名 → 新名；问话里的词 加 丢、去 换；接下来可能问的 加 {base.topics[other].title}"
    assert told == f"{topic.title}：{turned}"
    now = {**was, "when": ["换", "补"]}
    told = summary(DataChange(kind="edit_topic", payload={"topic": topic.id, "was": was, "now": now}))
    assert told == f"{topic.title}：问话里的词 换了顺序"
    assert summary(DataChange(kind="edit_local_fact", payload={"name": name, "now": "有"})) == f"{fact.title}：有"
