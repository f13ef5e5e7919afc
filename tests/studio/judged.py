"""Models with judgements for tests that read no message themselves: `enter` writes them."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.nlu.triage import LABELS
from bot.store.models import Judgement, Standing, TrainedModel
from bot.store.session import Store
from bot.studio.judging import figures_of

LIVE, CANDIDATE = "fujin-aaaaaaaaaaaa", "fujin-bbbbbbbbbbbb"
INTENTS = ("urgent_alarm/fire", "help_request/noise", "tip/gambling", "enquiry/wifi", "other/thanks")


def reading(number: int | str, wanted: str | None, given: str, **more: Any) -> dict[str, Any]:
    """A reading as `bot/studio/judging.py` keeps it."""
    label = given.partition("/")[0]
    return {
        "id": str(number),
        "wanted": wanted,
        "label": label,
        "intent": given,
        "urgent": label == "urgent_alarm",
        "probabilities": {name: 0.9 if name == label else 0.025 for name in LABELS},
        "milliseconds": 12.0,
    } | more


def mixed(seed: int, *, messages: int = 300, wrong: float) -> list[dict[str, Any]]:
    """Readings of a test set of which a share is wrong, drawn by the seed."""
    chance, found = random.Random(seed), []
    for number in range(messages):
        wanted = INTENTS[number % len(INTENTS)]
        given = chance.choice(INTENTS) if chance.random() < wrong else wanted
        found.append(reading(number, wanted, given, milliseconds=8 + 10 * chance.random()))
    return found


def enter(
    store: Store, name: str, standing: str, now: datetime, *, trained_ago: timedelta = timedelta(days=1), **more: Any
) -> None:
    """Enter a model without a file."""
    with store.transaction() as session:
        row = TrainedModel(
            name=name,
            sha256=name[-1] * 64,
            data_version=name.removeprefix("fujin-") * 5,
            trained_by="训练员一",
            trained_at=now - trained_ago,
            standing=standing,
            standing_since=now - trained_ago,
        )
        for field, value in more.items():
            setattr(row, field, value)
        session.add(row)


def judge(store: Store, name: str, of: str, readings: Sequence[dict[str, Any]], now: datetime) -> None:
    """Keep a judgement of these readings."""
    with store.transaction() as session:
        figures = figures_of(of, readings)
        session.add(
            Judgement(model=name, of=of, digest="d" * 64, made_at=now, figures=figures, readings=list(readings))
        )


def two_models(store: Store, now: datetime) -> None:
    """A live model and a candidate that is somewhat better, both judged on a test set."""
    enter(store, LIVE, Standing.LIVE, now, trained_ago=timedelta(days=20))
    enter(store, CANDIDATE, Standing.CANDIDATE, now)
    judge(store, LIVE, "test", mixed(1, wrong=0.25), now)
    judge(store, CANDIDATE, "test", mixed(2, wrong=0.1), now)
