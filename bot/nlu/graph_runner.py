"""Runs a loaded model's graph one node after the other.

Rasa hands every message's graph to dask: it works out the needed part of the graph each time, formats all inputs
for a debug message that nobody sees, and starts dask's scheduler, three times a message. The nodes and what they
need never change after loading, so this runner works the order out once. It takes the place of the processor's
own runner (an instance attribute; no class of Rasa is changed).
"""

from __future__ import annotations

from typing import Any

from rasa.core.processor import MessageProcessor
from rasa.engine.graph import GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner


class StraightRunner:
    """The same nodes as a `DaskGraphRunner`, run in their order."""

    def __init__(self, loaded: DaskGraphRunner) -> None:
        """Take over the nodes that `loaded` has instantiated."""
        self._schema: GraphSchema = loaded._graph_schema
        self._nodes = loaded._instantiated_nodes
        self._orders: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = {}

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        """Output by target; `inputs` are the values of the graph's placeholders."""
        wanted = tuple(targets or self._schema.target_names)
        order = self._orders.get(wanted)
        if order is None:
            order = self._orders[wanted] = self._order(wanted)
        results: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        for node, needs in order:
            results[node] = self._nodes[node](*(results[need] for need in needs))
        return dict(results[target] for target in wanted)

    def _order(self, targets: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        """The nodes that the targets need, each after those it needs itself."""
        nodes = self._schema.minimal_graph_schema(list(targets)).nodes
        order: list[tuple[str, tuple[str, ...]]] = []
        placed: set[str] = set()

        def place(name: str) -> None:
            if name in placed or name not in nodes:
                return
            placed.add(name)
            needs = tuple(nodes[name].needs.values())
            for need in needs:
                place(need)
            order.append((name, needs))

        for target in targets:
            place(target)
        return order


def straighten(processor: MessageProcessor) -> None:
    """Give a processor the straight runner, once per loaded model."""
    if isinstance(processor.graph_runner, DaskGraphRunner):
        processor.graph_runner = StraightRunner(processor.graph_runner)
