"""What trainers read instead of the names in the answers' files."""

from collections.abc import Mapping

from bot.nlu import knowledge, wording
from bot.nlu.knowledge import SHORT
from bot.nlu.live_file import TrainersFileError
from bot.nlu.wording import PLAIN

ALWAYS = {SHORT: "简短回答", PLAIN: "大白话"}
"""What every topic has, by the name of its part of the file."""


def aspect_titles() -> Mapping[str, str]:
    """The parts of an answer by name."""
    return {**wording.live().current().titles, **ALWAYS}


def topic_title(topic: str) -> str:
    """A topic's title; its name when it is gone, or the files cannot be read."""
    try:
        found = knowledge.live().current().topics.get(topic)
    except TrainersFileError:
        return topic
    return found.title if found else topic


def fact_title(fact: str) -> str:
    """A local fact's title; its name when it is gone, or the files cannot be read."""
    try:
        found = knowledge.live().current().local_facts.get(fact)
    except TrainersFileError:
        return fact
    return found.title if found else fact
