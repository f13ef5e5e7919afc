"""The reader with a stand-in for Rasa's graph, and once with the newest model. Skipped where Rasa is not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rasa")

from rasa.core.agent import Agent
from rasa.shared.nlu.training_data.message import Message

from bot.nlu import channel
from bot.nlu.publication import READING
from bot.nlu.reader import TEXTS_A_RUN, TEXTS_KEPT, Reader


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


def test_that_a_text_is_read_once_however_often_and_whenever_it_is_asked_for() -> None:
    graph, texts = Graph(), ["一", "一", "二"]
    one = reader(graph)

    async def twice() -> list[Any]:
        return await _all(one, texts) + await _all(one, texts)

    assert [read["text"] for read in asyncio.run(twice())] == texts * 2
    assert graph.runs == [2]


def test_that_a_reading_is_its_askers_own() -> None:
    first, second = asyncio.run(_all(reader(Graph()), ["一", "一"]))
    first["triage"]["label"] = "changed"
    assert second["triage"] == {"label": "一"}


def test_that_what_could_not_be_read_is_tried_again() -> None:
    graph = Graph()
    one = reader(graph)

    async def twice() -> list[Any]:
        return await _all(one, ["坏"]) + await _all(one, ["坏"])

    assert [type(read) for read in asyncio.run(twice())] == [ValueError, ValueError]
    assert len(graph.runs) == 4  # each time together, which fails, and then alone


def test_that_who_gives_up_costs_nobody_else_the_reading() -> None:
    async def one_gives_up() -> Any:
        one = reader(Graph())
        impatient = asyncio.ensure_future(one.parse("一"))
        await asyncio.sleep(0)
        patient = asyncio.ensure_future(one.parse("一"))
        impatient.cancel()
        return await patient

    assert asyncio.run(one_gives_up())["triage"] == {"label": "一"}


def test_that_only_the_last_readings_are_kept() -> None:
    graph = Graph()
    one = reader(graph)

    async def many() -> None:
        for number in range(TEXTS_KEPT + 1):
            await one.parse(str(number))
        await one.parse(str(TEXTS_KEPT))
        await one.parse("0")

    asyncio.run(many())
    assert len(graph.runs) == TEXTS_KEPT + 2


def test_that_a_slash_is_no_order_to_rasa() -> None:
    (read,) = asyncio.run(_all(reader(Graph()), ["/restart"]))
    assert (read["text"], read["triage"]["label"]) == ("/restart", "／restart")


@pytest.fixture(scope="module")
def agent() -> Agent:
    """The newest model; `scripts/test` trains one before."""
    models = sorted(Path("models").glob("fujin-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        pytest.skip("no model; `.venv/bin/fujin train` makes one")
    return Agent.load(str(models[-1]))


def test_that_texts_are_read_together_as_each_alone(agent: Agent) -> None:
    lines = Path("nlu_data/test/messages.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines[:200:2]]
    odd = ["/restart", '/greet{"a": 1}', "\u200b", "现在有危险", "都不是"]
    together = asyncio.run(channel.read_batch(agent, channel.Batch((*texts, *odd))))["triages"]
    alone = [asyncio.run(Reader(agent.processor).parse(text))["triage"] for text in (*texts, *odd)]
    for one, other in zip(together, alone, strict=True):
        assert one == {**other, "confidence": pytest.approx(other["confidence"], abs=2e-4)}


def test_that_pinyin_is_kept_as_the_chinese_it_stands_for(agent: Agent) -> None:
    told = asyncio.run(Reader(agent.processor).parse("shenfenzheng diule duoshao qian"))
    assert "多少钱" in told[READING]
    assert READING not in asyncio.run(Reader(agent.processor).parse("How much is a lost card?"))
