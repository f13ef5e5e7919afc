"""Rasa's response generator (`nlg` in `endpoints.yml`): answers come from the knowledge base, the rest from the domain.

It runs in Rasa's process, so that the commonest message costs no call of an action. Files are read anew when they
change: an answer goes live without training.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.nlu import forms, knowledge, wording
from bot.nlu.beforehand import MESSAGES, told_before
from bot.nlu.entities import StationEntities
from bot.nlu.forms import Form
from bot.nlu.knowledge import SHORT, Knowledge
from bot.nlu.normaliser import normalise
from bot.nlu.publication import QUESTION
from bot.nlu.question import Question
from bot.nlu.telling import MOST_BUTTONS, answer, button, english_answer
from bot.nlu.wording import GUESSES, HUMAN, Words, in_english

WHICH_TOPIC = "utter_which_topic"
_BEGINS = (SHORT, "who", "steps", "online", "materials")
"""Aspects behind which beginning is offered, as behind the short answer."""
_ELSEWHERE = frozenset({"外国人", "港澳", "台湾"})
_OFFER = "现在就想办，回“{says}”就开始。"
_NOT_NOW = re.compile(
    "先不|不办|没想办|不着急|不急|打听|问问|问一?下|随便问|就问|还没|没满|不够半年|用不用|需不需要|要不要办"
)
"""Who only asks, or may not apply yet."""
_BEYOND = "这个我这儿没有准确的说法，不敢乱说。点“转人工”或直接把情况写下来，民警会看到并回复您。"
_ENGLISH_BEYOND = (
    "I am not sure what you need and will not guess. Tap 转人工, or write it here in a few more words, "
    "and an officer will read it. In danger, call 110."
)
_ENGLISH_PERHAPS = (
    "I am not sure what you need. Perhaps it is this:\n{told}\n"
    "If not, tap 转人工 and an officer will read your message. In danger, call 110."
)


class StationAnswers(TemplatedNaturalLanguageGenerator):
    """Generates what the bot says. `endpoints.yml`: `nlg: {type: bot.nlu.answers.StationAnswers}`."""

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None) -> None:
        """Load the knowledge base; a file that cannot be used stops the start with its reason."""
        super().__init__((domain or Domain.empty()).responses)
        self._knowledge, self._words, self._forms = knowledge.live(), wording.live(), forms.live()
        self._entities = StationEntities.load()

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any] | None:
        """The text and buttons of a response."""
        base, words = self._knowledge.current(), self._words.current()
        text = (tracker.latest_message.text if tracker.latest_message else "") or ""
        english = in_english(text)
        if utter_action == WHICH_TOPIC:
            unclear = _question(tracker) or Question()
            return _english_guess(unclear, base) if english else which_topic(unclear)
        if utter_action.startswith("utter_enquiry/"):
            intent = utter_action.removeprefix("utter_")
            asked = _question(tracker) or _standalone(intent, tracker, base, words)
            if asked and any(topic in base.topics for topic in asked.topics):
                if english:
                    told = "\n".join(event.text or "" for event in tracker.events if isinstance(event, BotUttered))
                    return english_answer(asked, base, words, told, text)
                said = answer(asked, base, words)
                return said if tracker.active_loop_name else self._with_offer(said, asked, base, tracker)
        generated: dict[str, Any] | None = await super().generate(utter_action, tracker, output_channel, **kwargs)
        return generated

    def _with_offer(
        self, said: dict[str, Any], asked: Question, base: Knowledge, tracker: DialogueStateTracker
    ) -> dict[str, Any]:
        """The answer on how to do something that can be done here at once, with the words that begin it; these are
        told once, and to nobody who says that they only ask."""
        topics = [base.topics[name] for name in asked.topics if name in base.topics]
        topic = topics[0] if len({topic.intent for topic in topics}) == 1 else None
        here = topic if topic and not _ELSEWHERE & set(topic.when) else None  # theirs is another document
        form = self._forms.current().offered(here.intent) if here else None
        if form is None or not set(_BEGINS).issuperset(filter(None, asked.aspects)) or self._cannot_yet(form, tracker):
            return said
        offer = _OFFER.format(says=form.says)
        known = form.says in said["text"] or _offered_before(tracker, offer) or _only_asks(tracker)
        told = said["text"] if known else f"{said['text']}\n{offer}"
        return {"text": told, "buttons": [button(form.says), *said["buttons"]][:MOST_BUTTONS]}

    def _cannot_yet(self, form: Form, tracker: DialogueStateTracker) -> bool:
        """Whether what was told lately rules this form out: a dog that may not be kept, less than half a year here."""
        forms_ = self._forms.current()
        said = [event for event in reversed(tracker.events) if isinstance(event, UserUttered)][:MESSAGES]
        named = {forms_.breed(normalise(event.text or "")) for event in said}
        if any(entry.kind == "breed" for entry in form.fields.values()) and named & (forms_.fierce | forms_.banned):
            return True
        messages = [{**(event.parse_data or {}), "text": event.text or ""} for event in said]
        today, entities = date.today(), self._entities
        return bool(told_before(forms_, form, messages, today=today, entities=entities).too_early)


def _offered_before(tracker: DialogueStateTracker, offer: str) -> bool:
    """Whether the bot has said these words in this conversation."""
    return any(isinstance(event, BotUttered) and offer in (event.text or "") for event in tracker.events)


def _only_asks(tracker: DialogueStateTracker) -> bool:
    """Whether the last message says that its writer does not want to begin."""
    text = normalise((tracker.latest_message.text if tracker.latest_message else "") or "")
    return bool(_NOT_NOW.search(text))


def _english_guess(asked: Question, base: Knowledge) -> dict[str, Any]:
    """What was perhaps asked in English: whoever writes it cannot read the titles to choose from."""
    likely = (topic for title in asked.choices if (topic := base.titled(title)))
    told = next((said for topic in likely if (said := base.english(topic))), "")
    return {"text": _ENGLISH_PERHAPS.format(told=told) if told else _ENGLISH_BEYOND, "buttons": [button(HUMAN)]}


def which_topic(asked: Question) -> dict[str, Any]:
    """One short question back, with one-tap choices and the way to a human."""
    titles = [*dict.fromkeys(asked.choices), HUMAN]
    return {"text": GUESSES if asked.choices else _BEYOND, "buttons": [button(title) for title in titles]}


def _question(tracker: DialogueStateTracker) -> Question | None:
    parse_data = tracker.latest_message.parse_data if tracker.latest_message else {}
    return Question.from_json(parse_data[QUESTION]) if parse_data.get(QUESTION) else None


def _standalone(intent: str, tracker: DialogueStateTracker, base: Knowledge, words: Words) -> Question | None:
    """The question as the message alone tells it: plain `rasa shell` has no channel of ours."""
    text = normalise((tracker.latest_message.text if tracker.latest_message else "") or "")
    topic = base.choose(intent, text)
    return Question((topic.id,), words.read(text).aspects[:2]) if topic else None
