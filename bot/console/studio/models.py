"""What the page of the models shows: each model with its figures and gates, the servers, what reads along."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu.catalogue import title_of
from bot.nlu.pointer import FAILED, LOADING, Report
from bot.nlu.triage import LABELS
from bot.store.models import Judgement, Promotion, ShadowReading, Standing, TrainedModel
from bot.studio import gates, judging, promotion, registry, shadow
from bot.studio.gates import Gate
from bot.studio.masking import mask

STANDINGS = {
    Standing.LIVE: "线上",
    Standing.SHADOW: "旁听中",
    Standing.CANDIDATE: "候选",
    Standing.RETIRED: "已下线",
}
"""What people read for each standing."""
SHOWN_MODELS, SHOWN_HISTORY, SHOWN_DIFFERENCES = 20, 30, 30


@dataclass(frozen=True)
class Server:
    """A Rasa server: what it runs, and what keeps it from running what it should."""

    name: str
    model: str
    state: str
    trouble: bool


@dataclass(frozen=True)
class Difference:
    """A message that the model that reads along takes for something else; `text` is masked."""

    text: str
    live: str
    candidate: str
    pages: bool


@dataclass(frozen=True)
class Listening:
    """What has come of reading along."""

    summary: shadow.Summary
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class ModelRow:
    """One model of the registry. `asked_by`: who wants it to go live."""

    name: str
    standing: str
    since: datetime
    trained_by: str
    trained_at: datetime
    data_version: str
    figures: tuple[tuple[str, str], ...]
    gates: tuple[Gate, ...]
    asked_by: str | None
    approved_by: str | None
    listening: Listening | None

    @property
    def live(self) -> bool:
        """Whether residents are answered with it."""
        return self.standing == Standing.LIVE

    def needs_a_second(self, by: str) -> bool:
        """Whether this leader's press would be nobody else's will: it is not approved, and no other has asked."""
        return self.approved_by is None and self.asked_by in (None, by)


@dataclass(frozen=True)
class Past:
    """One line of what was decided."""

    at: datetime
    by: str
    what: str
    model: str
    was: str
    reason: str
    closed: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """The whole page. `live` is what the servers are told, `decided` what was promoted or rolled back to last."""

    live: str | None
    decided: str | None
    problem: str
    watched: str
    """What the station cannot tell of a fresh promotion."""
    servers: tuple[Server, ...]
    rows: tuple[ModelRow, ...]
    past: tuple[Past, ...]


def read_view(session: Session, project: Path, *, now: datetime, texts: bool = True) -> View:
    """Read the page's content; without the texts at once, with them when what masks them is loaded."""
    arrival = promotion.arrival(project / "models", now)
    models = list(registry.newest(session, limit=SHOWN_MODELS))
    models.sort(key=lambda model: model.standing != Standing.LIVE)
    return View(
        live=arrival.model if arrival else None,
        decided=promotion.current(session),
        problem=promotion.problem(session, now) or "",
        watched=promotion.in_the_dark(session, now),
        servers=tuple(_server(report) for report in arrival.servers) if arrival else (),
        rows=tuple(_row(session, model, project, now, texts=texts) for model in models),
        past=tuple(past_of(row) for row in promotion.history(session, limit=SHOWN_HISTORY)),
    )


def _server(report: Report) -> Server:
    states = {FAILED: f"没换成 {report.wanted}：{report.error}", LOADING: f"正在载入 {report.wanted}"}
    return Server(report.server, report.model or "没有模型", states.get(report.state, "正常"), report.state == FAILED)


def _row(session: Session, model: TrainedModel, project: Path, now: datetime, *, texts: bool) -> ModelRow:
    asked = gates.request_of(session, model.name)
    live = model.standing == Standing.LIVE
    return ModelRow(
        name=model.name,
        standing=model.standing,
        since=model.standing_since,
        trained_by=model.trained_by,
        trained_at=model.trained_at,
        data_version=model.data_version,
        figures=_figures(session, model.name),
        gates=() if live else promotion.gates_of(session, model.name, project, now),
        asked_by=asked.made_by if asked else None,
        approved_by=asked.approved_by if asked else None,
        listening=None if live else _listening(session, model, texts=texts),
    )


def _figures(session: Session, model: str) -> tuple[tuple[str, str], ...]:
    query = judging.newest_first(model, judging.TEST).with_only_columns(Judgement.figures)
    figures = session.scalars(query.limit(1)).first()
    if figures is None:
        return ()
    return (
        ("紧急召回：该提醒的提醒了", _ratio(figures, "recall")),
        ("提醒准确：提醒的确实紧急", _ratio(figures, "precision")),
        ("五个标签平均 F1", f"{figures['macro_f1']:.3f}" if figures.get("macro_f1") is not None else "—"),
        ("每条用时", f"{figures['median_ms']:.0f} 毫秒" if figures.get("median_ms") is not None else "—"),
    )


def _ratio(figures: Mapping[str, Any], name: str) -> str:
    hits, total = figures.get(name) or (0, 0)
    return f"{hits / total:.1%}（{hits}/{total}）" if total else "—"


def _listening(session: Session, model: TrainedModel, *, texts: bool) -> Listening | None:
    read = session.scalar(sa.select(sa.func.count()).where(ShadowReading.model == model.name)) or 0
    if model.standing != Standing.SHADOW and not read:
        return None
    if not texts:
        return Listening(shadow.summary(session, model.name), ())
    state = (read, shadow.tips_read(session, model.name))
    if state != _listened.get(model.name, (None, None))[0]:
        _listened[model.name] = (state, heard(session, model.name))
    return _listened[model.name][1]


_listened: dict[str, tuple[tuple[int, frozenset[int]], Listening]] = {}
"""What was last made of so many readings of a model, and of these tips among them: masking takes a while, and the page
asks every two seconds."""


def heard(session: Session, model: str) -> Listening:
    """What has come of a model's reading along, with the masked texts over which it differs."""
    found = shadow.summary(session, model)
    differing = shadow.disagreements(session, model, limit=SHOWN_DIFFERENCES)
    return Listening(
        found,
        tuple(
            Difference(
                mask(one.text, confidential=one.confidential),
                title_of(one.live) if one.live in LABELS else one.live,
                title_of(one.candidate),
                one.pages,
            )
            for one in differing
        ),
    )


def past_of(row: Promotion) -> Past:
    """What was decided, as people read it."""
    closed = tuple(gates.TITLES.get(gate["name"], gate["name"]) for gate in row.gates if not gate["passed"])
    what = "强行上线" if closed and row.kind == promotion.PROMOTE else promotion.KINDS.get(row.kind, row.kind)
    if row.kind == promotion.REQUEST and row.approved_by:
        what += f"，{row.approved_by} 已批准"
    return Past(row.made_at, row.made_by, what, row.model, row.was or "", row.reason, closed)
