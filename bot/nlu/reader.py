"""Reads texts through Rasa's graph, those that arrive together in one run: the embedding of a batch costs a third."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.publication import READING, words_of
from bot.nlu.sentences import apart, is_calm, is_danger
from bot.nlu.triage import Triage
from bot.nlu.values import spelled_out

TEXTS_A_RUN = 8
"""Texts that the graph reads in one go: twice as many save 5 % and keep a conversation waiting twice as long."""
TEXTS_KEPT = 256
"""Readings that are kept in memory: a message is asked about by its parts and behind others, is delivered again, and
residents greet, thank and tap alike."""

_HAN = re.compile("[\u4e00-\u9fff]")
_WHOLE_NUMBER = re.compile(r"\d{11}")


class Reader:
    """One model's reader. Texts asked for while the event loop was busy are read together at its next turn."""

    def __init__(self, processor: MessageProcessor) -> None:
        self.processor = processor
        self._target = processor.model_metadata.nlu_target
        self._waiting: list[tuple[str, asyncio.Future[dict[str, Any]]]] = []
        self._readings: OrderedDict[str, asyncio.Future[dict[str, Any]]] = OrderedDict()

    async def parse(self, text: str) -> dict[str, Any]:
        """The parse data of a text, as Rasa's own `parse_message` gives it; an emergency beside calm words counts."""
        whole = await self._parse(text)
        pairs = apart(text)
        if not pairs or (triage := Triage.from_json(whole["triage"])).urgent or triage.chosen:
            return whole
        parts = await asyncio.gather(*(self._parse(part) for part, _ in pairs))
        for (_, rest), part in zip(pairs, parts, strict=True):
            if is_calm(part) and is_danger(read := await self._parse(rest)):
                return {**read, "text": text, "entities": whole["entities"]}
        return whole

    async def _parse(self, text: str) -> dict[str, Any]:
        """The parse data of a text as a whole, read once however often it is asked for; the caller's own."""
        reading = self._readings.get(text)
        if reading is None or (reading.done() and (reading.cancelled() or reading.exception())):
            reading = self._readings[text] = self._read_soon(text)
        self._readings.move_to_end(text)
        while len(self._readings) > TEXTS_KEPT:
            self._readings.popitem(last=False)
        return deepcopy(await asyncio.shield(reading))  # who gives up must not cost another the reading

    def _read_soon(self, text: str) -> asyncio.Future[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._waiting.append((text, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._read_waiting)
        return future

    def _read_waiting(self) -> None:
        now, self._waiting = self._waiting[:TEXTS_A_RUN], self._waiting[TEXTS_A_RUN:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._read_waiting)  # others have their turn between two runs
        texts = [text for text, _ in now]
        try:
            results: Sequence[dict[str, Any] | Exception] = self._run(texts)
        except Exception:
            results = [self._alone(text) for text in texts]  # one bad text must not cost the others their reading
        for (_, future), result in zip(now, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _alone(self, text: str) -> dict[str, Any] | Exception:
        try:
            return self._run([text])[0]
        except Exception as error:
            return error

    def _run(self, texts: list[str]) -> list[dict[str, Any]]:
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(_plain(text)) for text in texts], PLACEHOLDER_TRACKER: None}
        messages = self.processor.graph_runner.run(inputs=inputs, targets=[self._target])[self._target]
        return [self._parse_data(text, message) for text, message in zip(texts, messages, strict=True)]

    def _parse_data(self, text: str, message: Message) -> dict[str, Any]:
        parse_data: dict[str, Any] = {"entities": [], **message.as_dict(only_output_properties=True), "text": text}
        if _in_figures(text) != text:
            parse_data["entities"] = list(_placed(parse_data["entities"], text))
        reading = "" if _HAN.search(text) else "".join(word for word, _ in words_of(message))
        if _HAN.search(reading):
            parse_data[READING] = reading
        self.processor._update_full_retrieval_intent(parse_data)
        return parse_data


def _plain(text: str) -> str:
    """Rasa obeys "/restart" as an intent; in full width, which the normaliser undoes, it is what a resident wrote."""
    text = _in_figures(text)
    return text.replace("/", "／", 1) if text.lstrip().startswith("/") else text


def _in_figures(text: str) -> str:
    """Long numbers that are dictated in figures: 幺三八零零… looks like the stammer of an emergency to the model."""
    spelled = spelled_out(text)
    return spelled if _WHOLE_NUMBER.search(spelled) and not _WHOLE_NUMBER.search(text) else text


def _placed(entities: Sequence[dict[str, Any]], text: str) -> Iterator[dict[str, Any]]:
    """Entities of a text that was read in figures, where their words stand in the text as it was written."""
    for entity in entities:
        words = str(entity.get("value", ""))
        if words and (start := text.find(words)) >= 0:
            yield {**entity, "start": start, "end": start + len(words)}
