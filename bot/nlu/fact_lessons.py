"""What the encoder of facts learns when it is taught (`make teach`): which fact of a topic answers a message, or none;
and which of the answers that are given while help is on its way.

`python -m bot.nlu.fact_lessons FILE` writes it, with the pretrained weights, into the file from which
`scripts/teach_facts.py` makes `bot/nlu/e5/facts.npz`. What is kept apart is not among it, nor the test set.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlu import following, knowledge
from bot.nlu.dataset import DATA, NO_TOPIC, Dataset
from bot.nlu.e5.adapter import kept_apart
from bot.nlu.known_questions import ALARMS, NO_ANSWER, load
from bot.nlu.lessons import in_pieces
from bot.nlu.live_file import examples, read_yaml
from bot.nlu.normaliser import Normaliser

_ALARMS = "alarms"
"""Stands for the intent of what is asked while help is on its way."""
NO_FACT, ANY_FACT = -1, -2
"""What answers a message of which it is known that no fact of its topic does, or only that some may."""


@dataclass(frozen=True)
class Asking:
    """A message as it is read, the number of its topic and of the fact that answers it."""

    text: str
    topic: int
    fact: int
    behind: bool


@dataclass(frozen=True)
class Teaching:
    """The topics with their intents, every fact with the number of its topic, and the messages."""

    intents: tuple[str, ...]
    facts: tuple[tuple[int, str], ...]
    asked: tuple[Asking, ...]


def teaching(root: Path = DATA) -> Teaching:
    """All that may be learnt: messages by fact, questions by topic, messages behind a question by the topic they ask
    for; those last and the ones that begin with … as they are read behind a question. The answers of alarms are facts
    as well, those of the same kinds a topic."""
    known, dataset = knowledge.load(root / "answers"), Dataset(root)
    topics = list(known.topics.values())
    number = {topic.id: place for place, topic in enumerate(topics)}
    named = [(number[topic.id], aspect) for topic in topics for aspect in (knowledge.SHORT, *topic.aspects)]
    facts = [(place, topics[place].compared(aspect)) for place, aspect in named]
    index = {name: place for place, name in enumerate(named)}
    asked = list(_asked(root, dataset, known, number, index))
    intents = [topic.intent for topic in topics]
    return _with_alarms(root, Teaching(tuple(intents), tuple(facts), tuple(asked)))


def _with_alarms(root: Path, taught: Teaching) -> Teaching:
    """What is learnt with the answers of alarms: each kind's are a topic of their own, asked for by the examples of
    their questions but the first, behind which they stand."""
    source = replace(ALARMS, answers=root / ALARMS.answers.name, asked=root / ALARMS.asked.name)
    compared, ways = load(source).compared, examples(source.asked)
    normal = Normaliser(root / "typos.tsv").content
    scene = {name: tuple(sorted(entry["kinds"])) for name, entry in read_yaml(source.answers).items()}
    scenes = sorted(set(scene.values()))
    topics, facts = len(taught.intents), len(taught.facts)
    told, asked = list[tuple[int, str]](), list[Asking]()
    for name in sorted(scene, key=lambda name: scene[name]):
        topic = topics + scenes.index(scene[name])
        texts = [normal(text) for text in ways.get(name, ())]
        asked += [Asking(text, topic, facts + len(told), behind=False) for text in texts[1:] if not kept_apart(text)]
        told.append((topic, compared[name]))
    draw = random.Random(7)  # noqa: S311 - any of them does not answer
    lost = [text for text in map(normal, ways.get(NO_ANSWER, ())) if not kept_apart(text)]
    asked += [Asking(text, topics + draw.randrange(len(scenes)), NO_FACT, behind=False) for text in lost]
    intents = (*taught.intents, *(_ALARMS for _ in scenes))
    return Teaching(intents, (*taught.facts, *told), (*taught.asked, *asked))


def _asked(
    root: Path, dataset: Dataset, known: knowledge.Knowledge, number: dict[str, int], index: dict[tuple[int, str], int]
) -> Iterator[Asking]:
    normal = Normaliser(root / "typos.tsv").content
    before: dict[str, list[str]] = {}
    for question in dataset.questions:
        if not kept_apart(text := normal(question.text)):
            before.setdefault(question.intent, []).append(text)
            yield Asking(text, number[question.intent], ANY_FACT, behind=False)
    draw = random.Random(7)  # noqa: S311 - which question it was is no secret

    def behind(name: str, text: str) -> str:
        last = known.topics[name]
        return normal(following.behind(last, draw.choice(before.get(name) or [last.title]), text))

    for one in dataset.facts_asked:
        if not kept_apart(text := normal(one.text)):
            topic = number[one.intent]
            fact = NO_FACT if one.aspect == NO_TOPIC else index[topic, one.aspect]
            yield Asking(behind(one.intent, one.text) if one.behind else text, topic, fact, one.behind)
    for follow_up in dataset.follow_ups:
        if not kept_apart(normal(follow_up.text)):
            lost = follow_up.intent == NO_TOPIC
            topic = number[follow_up.before if lost else follow_up.intent]
            text = behind(follow_up.before, follow_up.text)
            yield Asking(text, topic, NO_FACT if lost else ANY_FACT, behind=True)


def main(target: Path) -> None:
    """Write what is learnt and the weights into one file of plain arrays."""
    taught = teaching()
    texts = [*(text for _, text in taught.facts), *(one.text for one in taught.asked)]
    intents = sorted(set(taught.intents))
    arrays: dict[str, Any] = {
        "intents": np.array([intents.index(intent) for intent in taught.intents], dtype=np.int32),
        "topics_of_facts": np.array([topic for topic, _ in taught.facts], dtype=np.int32),
        "topics": np.array([one.topic for one in taught.asked], dtype=np.int32),
        "facts": np.array([one.fact for one in taught.asked], dtype=np.int32),
        "behind": np.array([one.behind for one in taught.asked], dtype=bool),
        **in_pieces(texts),
    }
    np.savez(target, **arrays)
    known = sum(one.fact != ANY_FACT for one in taught.asked)
    print(f"{len(taught.facts)} facts, {len(taught.asked)} messages, of {known} of which the fact is known")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
