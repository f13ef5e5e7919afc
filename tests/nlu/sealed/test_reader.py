"""The reader, with Rasa's graph played by a stand-in. Runs where Rasa is installed, skipped elsewhere."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.shared.nlu.training_data.message import Message

from bot.nlu.reader import TEXTS_A_RUN, Reader


class Graph:
    """Echoes its texts and remembers how many each run had."""

    def __init__(self) -> None:
        self.runs: list[int] = []

    def run(self, inputs: dict[str, Any], targets: list[str]) -> dict[str, list[Message]]:
        texts = [message.text for message in inputs["__message__"]]
        self.runs.append(len(texts))
        if "坏" in texts:
            raise ValueError("坏")
        messages = [Message(data={"text": text}) for text in texts]
        for message in messages:
            message.set("triage", {"label": message.get("text")}, add_to_output=True)
        return {targets[0]: messages}


def reader(graph: Graph) -> Reader:
    processor = SimpleNamespace(
        model_metadata=SimpleNamespace(nlu_target="nlu"),
        graph_runner=graph,
        _update_full_retrieval_intent=lambda parse_data: None,
    )
    return Reader(processor)  # type: ignore[arg-type]


async def _all(reader: Reader, texts: list[str]) -> list[Any]:
    return await asyncio.gather(*(reader.parse(text) for text in texts), return_exceptions=True)


def test_that_texts_that_arrive_together_are_read_in_few_runs_and_kept_apart() -> None:
    graph = Graph()
    texts = [str(number) for number in range(TEXTS_A_RUN + 3)]
    read = asyncio.run(_all(reader(graph), texts))
    assert [parse_data["triage"]["label"] for parse_data in read] == texts
    assert graph.runs == [TEXTS_A_RUN, 3]


def test_that_a_text_alone_is_read_at_once() -> None:
    graph = Graph()
    asyncio.run(_all(reader(graph), ["一"]))
    assert graph.runs == [1]


def test_that_a_text_that_cannot_be_read_costs_the_others_nothing() -> None:
    good, bad, better = asyncio.run(_all(reader(Graph()), ["好", "坏", "更好"]))
    assert isinstance(bad, ValueError)
    assert [good["triage"], better["triage"]] == [{"label": "好"}, {"label": "更好"}]
