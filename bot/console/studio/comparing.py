"""What the page of one model shows: the model, and how it reads beside the live one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.catalogue import title_of
from bot.nlu.dataset import RegressionMessage, read_regression
from bot.nlu.triage import LABELS, label_of
from bot.store.models import Judgement, Message, TrainedModel
from bot.studio import judging, registry
from bot.studio.comparison import Comparison, Difference, compare, lost_and_won
from bot.studio.findings import in_words
from bot.studio.judging import REGRESSION, REPLAY, TEST, text_id
from bot.studio.masking import mask
from bot.studio.material import TIP, own_words, tips_among

WEIGHTS = ("少了提醒", "多了提醒", "换了标签", "换了细类")
"""What people read for `Difference.weight`."""
SHOWN = 60


@dataclass(frozen=True)
class Regressed:
    """A message of the regression set that only one of the two gets right."""

    text: str
    intent: str
    why: str


@dataclass(frozen=True)
class Replayed:
    """A resident's message, masked, that the candidate reads otherwise."""

    weight: int
    text: str
    live: str
    candidate: str
    at: datetime


@dataclass(frozen=True)
class Regression:
    """What the candidate loses and wins on the regression set."""

    messages: int
    lost: tuple[Regressed, ...]
    won: tuple[Regressed, ...]


@dataclass(frozen=True)
class Replay:
    """What the candidate would have made of the last weeks' messages."""

    made_at: datetime
    messages: int
    counts: tuple[int, ...]
    """Differences by weight."""
    rows: tuple[Replayed, ...]


@dataclass(frozen=True)
class Facts:
    """A model's entry in the registry."""

    name: str
    standing: str
    sha256: str
    data_version: str
    commit: str | None
    trained_by: str
    trained_at: datetime
    run_id: int | None
    findings: tuple[str, ...]


@dataclass(frozen=True)
class ModelView:
    """The whole page. `test` compares the model with itself when it stands `alone`: there is no other, or the other
    was not judged on the same set."""

    facts: Facts
    other: str | None
    alone: bool
    choices: tuple[str, ...]
    """The models that it may be compared with."""
    test: Comparison | None
    made_at: datetime | None
    regression: Regression | None
    replay: Replay | None


def read_model(session: Session, name: str, against: str, *, project: Path) -> ModelView | None:
    """A model beside another: the one that is asked for, or the live one; None when there is no such model."""
    model = session.get(TrainedModel, name)
    if model is None:
        return None
    choices = tuple(found.name for found in registry.newest(session) if found.name != name)
    live = registry.live(session)
    other = against if against in choices else (live.name if live and live.name != name else None)
    test, regression, replay = (judging.both(session, other or name, name, of) for of in (TEST, REGRESSION, REPLAY))
    alone = other is None or test is None
    if alone:
        test = judging.both(session, name, name, TEST)
    return ModelView(
        facts=_facts(model),
        other=other,
        alone=alone,
        choices=choices,
        test=compare(*test) if test else None,
        made_at=test[1].made_at if test else None,
        regression=regression_of(*regression, project) if regression else None,
        replay=replay_of(session, *replay) if other and replay else None,
    )


def _facts(model: TrainedModel) -> Facts:
    return Facts(
        name=model.name,
        standing=model.standing,
        sha256=model.sha256,
        data_version=model.data_version,
        commit=model.commit,
        trained_by=model.trained_by,
        trained_at=model.trained_at,
        run_id=model.run_id,
        findings=tuple(in_words(str(finding)) for finding in model.findings),
    )


def regression_of(live: Judgement, candidate: Judgement, project: Path) -> Regression:
    """What a candidate loses and wins on the regression set, in its words."""
    path = project / "nlu_data" / REGRESSION / "messages.jsonl"
    try:
        known = {text_id(message.text): message for message in read_regression(path)}
    except (OSError, ValueError):
        known = {}
    lost, won = lost_and_won(live, candidate)
    return Regression(len(candidate.readings), _regressed(lost, known), _regressed(won, known))


def _regressed(ids: Sequence[str], known: dict[str, RegressionMessage]) -> tuple[Regressed, ...]:
    """What is no longer in the set is not shown."""
    found = [known[one] for one in ids if one in known]
    return tuple(Regressed(message.text, title_of(message.intent), message.why) for message in found)


def replay_of(session: Session, live: Judgement, candidate: Judgement) -> Replay:
    """What would have become of the last weeks' messages; the weightiest with their masked texts."""
    differences = compare(live, candidate).differences
    counts = tuple(sum(one.weight == weight for one in differences) for weight in range(len(WEIGHTS)))
    return Replay(
        made_at=candidate.made_at,
        messages=len(candidate.readings),
        counts=counts,
        rows=_told(session, differences[:SHOWN]),
    )


def _told(session: Session, differences: Sequence[Difference]) -> tuple[Replayed, ...]:
    """The messages, masked; those of tips, or what either model takes for one, so that nothing leads to a reporter."""
    ids = [int(one.id) for one in differences]
    query = sa.select(Message.id, Message.text, Message.received_at).where(Message.id.in_(ids), *own_words())
    found, tips = {row.id: row for row in session.execute(query)}, tips_among(session, ids)
    rows = []
    for one in differences:
        row = found.get(int(one.id))
        if row is None:  # erased since, or its resident has objected
            continue
        confidential = row.id in tips or TIP in (label_of(one.live), label_of(one.candidate))
        text = mask(row.text, confidential=confidential)
        rows.append(Replayed(one.weight, text, full_title(one.live), full_title(one.candidate), row.received_at))
    return tuple(rows)


def full_title(intent: str) -> str:
    """A fine intent with its label, as people read it."""
    return f"{title_of(label_of(intent))} · {title_of(intent)}"


def label_titles() -> list[str]:
    """The five labels, as people read them."""
    return [title_of(label) for label in LABELS]
