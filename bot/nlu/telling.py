"""How an answer from the knowledge base is put into words: its text with the source, and the buttons below it.

The station's answers (`bot/nlu/answers.py`) and the preview of the trainers' studio are worded here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.nlu.knowledge import SHORT, Fact, Knowledge, Topic
from bot.nlu.overlap import pieces
from bot.nlu.question import HEARD, SUPPOSED, UNSURE, Question
from bot.nlu.wording import HUMAN, NOT_KNOWN, PLAIN, Words

MOST_BUTTONS = 4
_SENTENCES = re.compile(r"(?<=[。\n])")
_SAID_SHARE = 0.6
"""Of a sentence's pieces: from here on it says again what was said."""
_OFFERED = ("materials", "steps", "time", "fee", "place", "online", "agent", "elsewhere", "exceptions", "who")
"""Aspects in the order in which residents want to know them next."""
_NOTHING_ON_IT = f"{NOT_KNOWN}点“转人工”，民警会看到并答复您。"
_PERHAPS = "想问的要是下面的，点一下就行。"
_SUPPOSED = "您问的是不是“{title}”？是的话：\n"
_HEARD = "嗯，知道了。"
_ASK_ON = "想问哪一样直接说就行，要找民警回“转人工”。"
_CERTAIN = "先说能确定的：\n"
_NO_ASPECT = "“{title}”这一点我没有准确的说法，可以点“转人工”问民警。先说能确定的：\n"
_ENGLISH_UNSURE = "I am not sure about this point and will not guess. Tap 转人工 and an officer will answer you here."
_ENGLISH_CERTAIN = "What is certain:\n"
_ENGLISH_SOURCE = "(Checked {day:%Y-%m-%d}; the station's own answer counts. Tap 转人工 to ask an officer.)"
_ENGLISH_SENTENCES = re.compile(r"(?<=[.!]) +")
_IN_ENGLISH = {
    aspect: re.compile(words, re.IGNORECASE)
    for aspect, words in {
        "materials": r"\bbring|\bpapers?\b|\bpassport\b.*\b(?:lease|photo|permit|card)\b|\bphotos?\b|\bbook\b",
        "fee": r"\byuan\b|\bfree\b|\bcosts?\b|\bfees?\b|\bpay\b",
        "time": r"\bhow long\b|\b(?:hours?|days?|weeks?|months?|years?|late)\b",
        "place": r"\bRoad\b|\boffice\b|\bat the (?:station|police)",
        "who": r"\byou or\b|\byour host\b|\bcan do it\b|\bnobody\b|\brelative|\bin person\b|\bmust\b",
        "agent": r"\byou or\b|\byour host\b|\bcan do it\b|\bfor you\b|\bnobody\b|\brelative|\bin person\b",
    }.items()
}
"""What a sentence of an English text speaks of, by the aspects of the facts: the texts stand as one piece each."""
_ASKED_IN_ENGLISH = {
    "fee": re.compile(r"\bhow much\b|\bcosts?\b|\bfees?\b|\bpay\b|\bfree\b", re.IGNORECASE),
    "time": re.compile(r"\bhow long\b|\bhow many days\b|\bvalid\b", re.IGNORECASE),
    "agent": re.compile(r"\b(?:for me|instead of me|on my behalf)\b", re.IGNORECASE),
    "materials": re.compile(r"\bbring\b|\bdocuments?\b|\bpapers?\b", re.IGNORECASE),
}
"""How an aspect is asked for."""
_HAN = re.compile("[\u4e00-\u9fff]")
_STEM, _LONG_WORDS = 5, re.compile("[a-z]{6,}")
_CHINESE_ONLY = "Sorry, on this I can answer only in Chinese. Tap 转人工 and an officer will read your message.\n"


def answer(asked: Question, base: Knowledge, words: Words) -> dict[str, Any]:
    """The answer to a question: of one topic its asked aspects or its short text, of two topics one text each."""
    topics = [base.topics[name] for name in asked.topics if name in base.topics]
    if len(topics) == 1:
        text = "\n\n".join(_with_sources(_without_repeats(_of_topic(topics[0], asked, words))))
        return {"text": text, "buttons": _buttons(topics[0], asked, base, words)}
    facts = {topic.id: topic.fact(aspect) for topic, aspect in zip(topics, asked.aspects, strict=False)}
    left = _without_repeats(list(facts.values())) if len(facts) == len(topics) else []
    if len(left) < len(topics):  # of one topic several facts, or nothing new in one of them
        left = [topic.fact(aspect) for topic, aspect in zip(topics, asked.aspects, strict=False)]
    parts = [f"【{topic.title}】{text}" for topic, text in zip(topics, _with_sources(left), strict=True)]
    return {"text": "\n\n".join(parts), "buttons": [button(topic.title) for topic in topics]}


def english_answer(
    asked: Question, base: Knowledge, words: Words, said_before: str = "", question: str = ""
) -> dict[str, Any]:
    """The answer to a question in English; the Chinese one where the station has no other. Of a text that stands in
    what was `said_before` only the sentences that answer the `question` asked now, where some do."""
    topics = [base.topics[name] for name in asked.topics if name in base.topics]
    told = [said for topic in topics if (said := base.english(topic))]
    if not told:
        chinese = answer(asked, base, words)
        return {"text": _CHINESE_ONLY + chinese["text"], "buttons": [button(HUMAN)]}
    source = _ENGLISH_SOURCE.format(day=min(topic.short.reviewed for topic in topics))
    on_point = [_on_point(text, asked.aspects, question) if text in said_before else "" for text in told]
    unsure = _ENGLISH_UNSURE + " " + _ENGLISH_CERTAIN if UNSURE in asked.aspects and not any(on_point) else ""
    told = [point or text for point, text in zip(on_point, told, strict=True)]
    return {"text": unsure + "\n\n".join(dict.fromkeys(told)) + "\n" + source, "buttons": [button(HUMAN)]}


def _on_point(text: str, aspects: Sequence[str], question: str) -> str:
    """The sentences of an English text that speak of what a question asks, by its words or one of these aspects; none
    where nothing does."""
    if _HAN.search(question):
        return ""  # its aspects may be those of Chinese names in it
    asked = [_IN_ENGLISH[aspect] for aspect, words in _ASKED_IN_ENGLISH.items() if words.search(question)]
    asked = asked or [_IN_ENGLISH[aspect] for aspect in aspects if aspect in _IN_ENGLISH]
    sentences, said = _ENGLISH_SENTENCES.split(text), _stems(question)
    kept = [one for one in sentences if any(words.search(one) for words in asked)]
    by_words = [one for one in sentences if said & _stems(one)]
    return " ".join(kept or (by_words if len(by_words) == 1 else ()))


def _stems(text: str) -> set[str]:
    """The beginnings of the long words of an English text: notarization is notarisation."""
    return {word[:_STEM] for word in _LONG_WORDS.findall(text.lower())}


def _of_topic(topic: Topic, asked: Question, words: Words) -> list[Fact | str]:
    """What is said about one topic; a str is said as it stands."""
    aspects = asked.aspects
    if not aspects:
        return [topic.short]
    if aspects[0] == UNSURE:
        certain = _CERTAIN + topic.short.told() if SHORT in aspects else ""
        return [_NOTHING_ON_IT + (_PERHAPS if asked.choices else certain)]
    if aspects[0] == HEARD:
        return [_HEARD + (_PERHAPS if asked.choices else _ASK_ON)]
    if aspects[0] == SUPPOSED:
        return [_SUPPOSED.format(title=_title(topic, aspects[1], words)) + topic.fact(aspects[1]).told()]
    always = {PLAIN: topic.plain, SHORT: topic.short}
    facts: list[Fact | str] = []
    for aspect in aspects:
        fact = always.get(aspect) or topic.aspects.get(aspect)
        if fact:
            facts.append(fact)
    if facts:
        return facts
    return [_NO_ASPECT.format(title=words.titles.get(aspects[0], aspects[0])) + topic.short.told()]


def _title(topic: Topic, aspect: str, words: Words) -> str:
    """What one fact of a topic is about."""
    return topic.title if aspect == SHORT else f"{topic.title}：{words.titles.get(aspect, aspect)}"


def _without_repeats(parts: Sequence[Fact | str]) -> list[Fact | str]:
    """The facts without the sentences that say again what a fact before them has said."""
    told: list[Fact | str] = []
    said: frozenset[str] = frozenset()
    for part in parts:
        text = part if isinstance(part, str) else part.text
        kept = [one for one in _sentences(text.strip()) if not _said_in(one, said)]
        if isinstance(part, Fact) and kept:
            told.append(replace(part, text="".join(kept).strip()))
        elif isinstance(part, str):
            told.append(part)
        said |= pieces(text)
    return told


def _sentences(text: str) -> list[str]:
    """A text's sentences; numbered steps are one, for a list that begins at ② tells nobody how to begin."""
    return [text] if "①" in text else _SENTENCES.split(text)


def _said_in(sentence: str, said: frozenset[str]) -> bool:
    own = pieces(sentence)
    return bool(own) and len(own & said) >= len(own) * _SAID_SHARE


def _with_sources(parts: Sequence[Fact | str]) -> list[str]:
    """The texts as residents read them; the line of a source that is the next one's too is left out."""
    told = []
    for number, part in enumerate(parts):
        if isinstance(part, str):
            told.append(part)
            continue
        after = parts[number + 1] if number + 1 < len(parts) else None
        same = isinstance(after, Fact) and after.authority() == part.authority()
        told.append(part.text.strip() if same else part.told())
    return told


def _buttons(topic: Topic, asked: Question, base: Knowledge, words: Words) -> list[dict[str, str]]:
    """The aspects that were not asked yet, and a neighbouring topic; of what nobody knows a human and what was perhaps
    meant."""
    said = asked.aspects
    if {UNSURE, SUPPOSED} & set(said) or (HEARD in said and asked.choices):
        return [button(title) for title in (HUMAN, *(asked.choices or (topic.title,)))]
    aspects = [words.titles[aspect] for aspect in _OFFERED if aspect in topic.aspects and aspect not in said]
    related = [base.topics[name].title for name in topic.related if name in base.topics]
    titles = [*aspects[: MOST_BUTTONS - 1], *related][:MOST_BUTTONS]
    return [button(title) for title in titles]


def button(title: str) -> dict[str, str]:
    """A button that says what stands on it."""
    return {"title": title, "payload": title}
