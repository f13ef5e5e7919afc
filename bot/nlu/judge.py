"""Reads messages with a model that nobody is served by: for the trainers' inbox, for judging, and beside the live one.

`python -m bot.nlu.judge --model models/….tar.gz` says `{"ready": name}` and then answers each line `{"id", "text"}` of
its input with one line, the reading (`reading_of`), until the input ends. Nothing of it is logged or kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.nlu import pointer
from bot.nlu.triage import LABELS, Triage


def reading_of(parsed: Mapping[str, Any], milliseconds: float) -> dict[str, Any]:
    """What the station would make of a message (`label`, `intent`, …), and what the model alone thought of it.

    `labels` are P(label), `ranking` the likeliest fine intents as [intent, P], `nearest` the cosine similarity to the
    nearest training message (-1 to 1; None for a one-tap answer, which no model reads).
    """
    whole, model = Triage.from_json(parsed["triage"]), Triage.from_json(parsed["model_triage"])
    ranked = {item["name"]: item["confidence"] for item in parsed["intent_ranking"] if item["name"] in LABELS}
    return {
        "label": whole.label,
        "intent": whole.intent,
        "confidence": round(whole.confidence, 4),
        "source": whole.source,
        "uncertain": whole.uncertain,
        "model_label": model.label,
        "model_intent": model.intent,
        "labels": {name: round(value, 4) for name, value in ranked.items()},
        "ranking": parsed.get("fine_ranking", []),
        "nearest": parsed.get("nearest"),
        "milliseconds": round(milliseconds, 2),
    }


async def _serve(model: Path) -> None:
    from bot.nlu.evaluation import processor_of
    from bot.nlu.reader import Reader

    reader = Reader(processor_of(model))
    await reader.parse("你好")  # what is loaded at the first use is loaded now
    _say({"ready": pointer.name_of(model)})
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.perf_counter()
        try:
            parsed = await reader.parse(asked["text"])
        except Exception as error:  # one text that cannot be read must not end the reading of the others
            _say({"id": asked["id"], "error": type(error).__name__})
            continue
        _say({"id": asked["id"], **reading_of(parsed, (time.perf_counter() - began) * 1000)})


def _say(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def main() -> None:
    """Read until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    asyncio.run(_serve(parser.parse_args().model))


if __name__ == "__main__":
    main()
