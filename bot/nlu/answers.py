"""Rasa's response generator (`nlg` in `endpoints.yml`): answers come from the knowledge base, the rest from the domain.

It runs in Rasa's process, so that the commonest message costs no call of an action. Files are read anew when they
change: an answer goes live without training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.nlu import knowledge, wording
from bot.nlu.knowledge import Fact, Knowledge, Topic
from bot.nlu.normaliser import normalise
from bot.nlu.publication import QUESTION
from bot.nlu.question import Question
from bot.nlu.wording import HUMAN, PLAIN, Words

WHICH_TOPIC = "utter_which_topic"
_MOST_BUTTONS = 4
_OFFERED = ("materials", "steps", "time", "fee", "place", "online", "agent", "elsewhere", "exceptions", "who")
"""Aspects in the order in which residents want to know them next."""
_UNSURE = "这个我拿不准，不敢乱说。您问的是下面哪一项？都不是就点“转人工”，民警会看到。"
_BEYOND = "这个我这儿没有准确的说法，不敢乱说。点“转人工”或直接把情况写下来，民警会看到并回复您。"
_NO_ASPECT = "“{title}”这一点我没有准确的说法，可以点“转人工”问民警。先说能确定的：\n"


class StationAnswers(TemplatedNaturalLanguageGenerator):
    """Generates what the bot says. `endpoints.yml`: `nlg: {type: bot.nlu.answers.StationAnswers}`."""

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None) -> None:
        """Load the knowledge base; a file that cannot be used stops the start with its reason."""
        super().__init__((domain or Domain.empty()).responses)
        self._knowledge, self._words = knowledge.live(), wording.live()

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The text and buttons of a response."""
        base, words = self._knowledge.current(), self._words.current()
        if utter_action == WHICH_TOPIC:
            return which_topic(_question(tracker) or Question())
        if utter_action.startswith("utter_enquiry/"):
            intent = utter_action.removeprefix("utter_")
            asked = _question(tracker) or _standalone(intent, tracker, base, words)
            if asked and any(topic in base.topics for topic in asked.topics):
                return answer(asked, base, words)
        generated: dict[str, Any] | None = await super().generate(utter_action, tracker, output_channel, **kwargs)
        return generated


def answer(asked: Question, base: Knowledge, words: Words) -> dict[str, Any]:
    """The answer to a question: of one topic its asked aspects or its short text, of two topics one text each."""
    topics = [base.topics[name] for name in asked.topics if name in base.topics]
    if len(topics) == 1:
        text = "\n\n".join(_told(part) for part in _of_topic(topics[0], asked.aspects, words))
        return {"text": text, "buttons": _buttons(topics[0], asked.aspects, base, words)}
    facts = [topic.aspects.get(aspect, topic.short) for topic, aspect in zip(topics, asked.aspects, strict=False)]
    parts = [f"【{topic.title}】{fact.told()}" for topic, fact in zip(topics, facts, strict=True)]
    return {"text": "\n\n".join(parts), "buttons": [_button(topic.title) for topic in topics]}


def which_topic(asked: Question) -> dict[str, Any]:
    """One short question back, with one-tap choices and the way to a human."""
    titles = [*dict.fromkeys(asked.choices), HUMAN]
    return {"text": _UNSURE if asked.choices else _BEYOND, "buttons": [_button(title) for title in titles]}


def _of_topic(topic: Topic, aspects: Sequence[str], words: Words) -> list[Fact | str]:
    """What is said about one topic; a str is said as it stands."""
    if not aspects:
        return [topic.short]
    facts: list[Fact | str] = []
    for aspect in aspects:
        fact = topic.plain if aspect == PLAIN else topic.aspects.get(aspect)
        if fact:
            facts.append(fact)
    if facts:
        return facts
    return [_NO_ASPECT.format(title=words.titles.get(aspects[0], aspects[0])) + topic.short.told()]


def _told(part: Fact | str) -> str:
    return part if isinstance(part, str) else part.told()


def _buttons(topic: Topic, said: Sequence[str], base: Knowledge, words: Words) -> list[dict[str, str]]:
    """The aspects that were not asked yet, and a neighbouring topic."""
    aspects = [words.titles[aspect] for aspect in _OFFERED if aspect in topic.aspects and aspect not in said]
    related = [base.topics[name].title for name in topic.related if name in base.topics]
    titles = [*aspects[: _MOST_BUTTONS - 1], *related][:_MOST_BUTTONS]
    return [_button(title) for title in titles]


def _button(title: str) -> dict[str, str]:
    return {"title": title, "payload": title}


def _question(tracker: DialogueStateTracker) -> Question | None:
    parse_data = tracker.latest_message.parse_data if tracker.latest_message else {}
    return Question.from_json(parse_data[QUESTION]) if parse_data.get(QUESTION) else None


def _standalone(intent: str, tracker: DialogueStateTracker, base: Knowledge, words: Words) -> Question | None:
    """The question as the message alone tells it: plain `rasa shell` has no channel of ours."""
    text = normalise((tracker.latest_message.text if tracker.latest_message else "") or "")
    topic = base.choose(intent, text)
    return Question((topic.id,), words.read(text).aspects[:2]) if topic else None
