"""Which topic a message is about that comes behind a question: "what do I bring", "and for my mother", "my book is gone
too", or another matter altogether.

Every topic near is compared: how likely the message asks for it by itself, how likely behind the last question, whether
it is that topic or one of its field, the trainers' words for it, and what its facts share with it. What each of them
counts was fitted as a conditional logit over 2,026 messages of `nlu_data/follow_ups` and `nlu_data/facts_asked` from
which the encoder has not learnt (ADR 006).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from typing import Any

from bot.nlu.knowledge import Knowledge, Topic
from bot.nlu.wording import size

_ALONE, _TOGETHER = 0.69, 0.70
"""What the logarithms count of P(topic | enquiry) of the message by itself and behind the last question."""
_SAME, _SAME_NAMED, _SAME_BRIEF, _SAME_FIELD = -1.2, 0.11, 1.27, 3.67
"""What it counts to be the topic asked about last, that besides where the message names a matter or, naming none, is
brief, and to belong to that topic's intent. Most of those messages were written for the very topic before them; they
were weighted so that 45 of 100 stay with it, 33 go to a neighbour and 22 leave, as in blind talks."""
_A_LETTER, _MOST_LETTERS = 0.46, 4
"""What a letter of the trainers' words for a topic counts, and how many of them do."""
_SHARED, _GENERAL = 0.71, 0.23
"""What the logarithm of a fact's score by shared words counts, and to be what can be asked of anything: 周末能去吗."""
_LEAST, _COMPARED, _BRIEF = 1e-3, 25, 8
"""P of a topic that is not among the likely ones, how many of those are compared, and letters of a brief message."""

Ranked = Sequence[Mapping[str, Any]]
"""The likeliest intents of a message, as its parse data have them."""


@dataclass(frozen=True)
class Message:
    """A message behind a question, in normal form: its words by themselves, and behind the last topic's title and the
    words of that question; and the likeliest intents of both."""

    text: str
    behind: str
    alone: Ranked
    together: Ranked
    named: bool
    """It names a matter."""
    general: str
    """The intent of what can be asked of any matter, if it asks that: hours, the way, the telephone."""


def behind(last: Topic, words_before: str, text: str) -> str:
    """A text as it is read behind the last topic's title and the words of that question; the encoder is taught the
    same (`bot.nlu.lessons`)."""
    return f"{last.title}，{words_before}，{text}"


def likely(knowledge: Knowledge, last: Topic, message: Message) -> list[tuple[Topic, float]]:
    """The topics that a message behind a question about `last` may ask for with their P, likeliest first."""
    said = message.text
    by_itself = _by_id(knowledge.likely(said, message.alone))
    together = _by_id(knowledge.likely(message.behind, message.together))
    general = knowledge.choose(message.general, said) if message.general else None
    near = {topic.id for topic in knowledge.topics.values() if topic.intent == last.intent}
    near |= {
        *last.related,
        *list(by_itself)[:_COMPARED],
        *list(together)[:_COMPARED],
        *([general.id] if general else ()),
    }
    compared = [topic for name, topic in knowledge.topics.items() if name in near]
    shared: dict[str, float] = {}
    for intent in {topic.intent for topic in compared}:
        shared |= knowledge.shared_by_topic(intent, said)

    def score(topic: Topic) -> float:
        brief = _SAME_BRIEF if size(said) <= _BRIEF else 0.0
        same = _SAME + (_SAME_NAMED if message.named else brief) if topic is last else 0.0
        field = _SAME_FIELD if topic.intent == last.intent else 0.0
        words = _A_LETTER * min(knowledge.letters(topic, said), _MOST_LETTERS) + _GENERAL * (topic is general)
        read = _ALONE * log(by_itself.get(topic.id, 0) + _LEAST) + _TOGETHER * log(together.get(topic.id, 0) + _LEAST)
        return read + same + field + words + _SHARED * log1p(shared.get(topic.id, 0))

    scores = [score(topic) for topic in compared]
    parts = [exp(value - max(scores)) for value in scores]
    found = [(topic, part / sum(parts)) for topic, part in zip(compared, parts, strict=True)]
    return sorted(found, key=lambda one: -one[1])


def _by_id(found: Sequence[tuple[Topic, float]]) -> dict[str, float]:
    return {topic.id: share for topic, share in found}
