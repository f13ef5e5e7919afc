"""What stands between a trained model and the residents: each gate says whether it is passed, and why not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from bot.nlu import pointer
from bot.nlu.triage import URGENT, label_of
from bot.store.models import DataChange, Judgement, Promotion, TrainedModel, WorkState
from bot.studio import judging
from bot.studio.findings import in_words
from bot.studio.judging import holds

TITLES = {
    "file": "模型文件",
    "regression": "回归集",
    "recall": "紧急召回率",
    "data": "数据检查",
    "approval": "所领导批准",
}
"""The gates by name, with what people read, in the order in which they are shown."""
FIXED = frozenset({"file"})
"""Gates that nobody overrules: without its file a model cannot be loaded anywhere."""
_LISTED = 5
_WRITTEN = timedelta(minutes=10)
"""By then the files are what a change that was made says, however many it was made with."""
_SETS = {judging.TEST: "测试集", judging.REGRESSION: "回归集"}


class _UncomparedError(Exception):
    """Candidate and live model cannot be compared on a set as it is now; the text says why."""


@dataclass(frozen=True)
class Gate:
    """One gate as it stands."""

    name: str
    passed: bool
    detail: str

    @property
    def title(self) -> str:
        """The gate's name, as people read it."""
        return TITLES[self.name]

    def to_json(self) -> dict[str, Any]:
        """As a promotion keeps it."""
        return asdict(self)


def gates(session: Session, model: TrainedModel, live: str | None, project: Path) -> tuple[Gate, ...]:
    """Every gate of a candidate against the model that is live, on the sets as the project has them now."""
    return (
        _file(model, project / "models"),
        _regression(session, model.name, live, project),
        _recall(session, model.name, live, project),
        _data(model),
        _approval(session, model.name),
    )


def _file(model: TrainedModel, models: Path) -> Gate:
    there = pointer.file_of(models, model.name).exists()
    return Gate("file", there, "文件在" if there else "模型文件不在了，请重新训练")


def _regression(session: Session, name: str, live: str | None, project: Path) -> Gate:
    """No message may go wrong that the live model gets right: to page for it, or not to."""
    try:
        candidate, compared = _same_set(session, judging.REGRESSION, name, live, project)
    except _UncomparedError as error:
        return Gate("regression", False, str(error))
    right_now = {_id(reading): holds(reading) for reading in compared.readings} if compared else {}
    wrong = [reading for reading in candidate.readings if not holds(reading)]
    new = [reading for reading in wrong if right_now.get(_id(reading), True)]
    total = len(candidate.readings)
    gone = _gone(compared)
    agreed = gone & _agreed_to(session, compared.model if compared else "", gone)
    if gone - agreed:
        return Gate("regression", False, f"回归集里少了 {len(gone - agreed)} 条，没有经所领导同意；请把它们找回来")
    if new:
        missed = sum(label_of(str(reading["wanted"])) == URGENT for reading in new)
        kinds = {"漏报": missed, "误报": len(new) - missed}
        told = "、".join(f"{kind} {count} 条" for kind, count in kinds.items() if count)
        return Gate("regression", False, f"{total} 条里有 {len(new)} 条线上模型判对、这个模型判错（{told}）")
    known = f"，其中 {len(wrong)} 条线上模型也判错" if wrong else ""
    left = f"；线上模型上线以后经所领导同意移出 {len(agreed)} 条" if agreed else ""
    told = f"{total} 条，没有新的漏报和误报{known}" if total else "回归集还是空的"
    return Gate("regression", True, told + left)


def _recall(session: Session, name: str, live: str | None, project: Path) -> Gate:
    """Of the emergencies of the test set, no fewer may be paged for; those over which the live model stumbled count as
    paged for by it, so that its trouble does not lower the bar."""
    try:
        candidate, compared = _same_set(session, judging.TEST, name, live, project)
    except _UncomparedError as error:
        return Gate("recall", False, str(error))
    if gone := _gone(compared):
        urgent = sum(mark.startswith("!") for mark in gone)
        told = f"测试集里少了 {len(gone)} 条线上模型考过的消息（紧急的 {urgent} 条），请把它们找回来"
        return Gate("recall", False, told)
    now, before = candidate.figures["recall"], _at_best(compared, candidate) if compared else None
    told = f"{now[1]} 条紧急消息认出 {now[0]} 条"
    if before is None:
        return Gate("recall", now[1] > 0, f"{told}；还没有线上模型可比")
    stumbled = f"（其中 {before[1]} 条它读的时候出错，按认出算）" if before[1] else ""
    return Gate("recall", now[0] >= before[0], f"{told}，线上模型 {before[0]} 条{stumbled}")


def _at_best(live: Judgement, candidate: Judgement) -> tuple[int, int]:
    """The emergencies that the live model pages for, with those that it could not read; and how many these are. The
    candidate has read them all."""
    (paged, read), (_, there) = live.figures["recall"], candidate.figures["recall"]
    unread = max(there - read, 0) if live.figures.get("unread") else 0
    return paged + unread, unread


def _gone(live: Judgement | None) -> set[str]:
    """What has left a set since the live model went live, or was first judged (`judging.mark_of`)."""
    return set(live.figures.get("lost", ())) if live else set()


def _agreed_to(session: Session, live: str, gone: set[str]) -> set[str]:
    """Those of some messages of the regression set that left it with a leader's yes.

    It is for that once: when the message was put back since, by a change or by hand so that the live model has read it
    again, it needs another to leave.
    """
    if not gone:
        return set()
    left: dict[str, datetime] = {}
    made = (DataChange.kind.in_(["add_regression", "remove_regression"]), DataChange.state == WorkState.DONE)
    for change in session.scalars(sa.select(DataChange).where(*made).order_by(DataChange.applied_at, DataChange.id)):
        words = judging.text_id(str(change.payload["text"]))
        left.pop(words, None)
        if change.kind == "remove_regression" and change.approved_by is not None and change.applied_at:
            left[words] = change.applied_at
    for judged in session.scalars(judging.newest_first(live, judging.REGRESSION)):
        for words in (str(reading.get("words") or reading["id"]) for reading in judged.readings):
            if words in left and judged.made_at > left[words] + _WRITTEN:
                del left[words]
    return {judging.mark_of(words, pages) for words in left for pages in (True, False)}


def _data(model: TrainedModel) -> Gate:
    if not model.findings:
        return Gate("data", True, "训练数据没有问题")
    shown = "；".join(in_words(str(finding)) for finding in model.findings[:_LISTED])
    more = f" 等 {len(model.findings)} 处" if len(model.findings) > _LISTED else ""
    return Gate("data", False, f"{shown}{more}")


def _approval(session: Session, name: str) -> Gate:
    asked = request_of(session, name)
    if asked is None:
        return Gate("approval", False, "还没有提请批准")
    if asked.approved_by is None:
        return Gate("approval", False, f"{asked.made_by} 已提请，等所领导批准")
    return Gate("approval", True, f"{asked.approved_by} 已批准")


def request_of(session: Session, name: str) -> Promotion | None:
    """The request that a model may go live; one that it has gone live with counts no more."""
    query = sa.select(Promotion).where(Promotion.model == name, Promotion.kind.in_(["request", "promote"]))
    last = session.scalars(query.order_by(Promotion.id.desc()).limit(1)).first()
    return last if last is not None and last.kind == "request" else None


def _same_set(
    session: Session, of: str, name: str, live: str | None, project: Path
) -> tuple[Judgement, Judgement | None]:
    """How candidate and live model read a set as its file is now.

    Raises:
        _UncomparedError: one of them has not read this very set, or not the whole of it.
    """
    try:
        digest = judging.digest_now(of, project)
    except judging.JudgingError as error:
        raise _UncomparedError(str(error)) from None
    candidate = _on_this_set(session, of, name, digest)
    if unread := candidate.figures.get("unread"):
        raise _UncomparedError(f"{_SETS[of]}里有 {unread} 条消息这个模型读不了（读的时候出错）")
    return candidate, _on_this_set(session, of, live, digest) if live and live != name else None


def _on_this_set(session: Session, of: str, model: str, digest: str) -> Judgement:
    # Thousands of readings are fetched only where they are looked at: the page asks every two seconds.
    query = judging.newest_first(model, of).options(defer(Judgement.readings)).limit(1)
    found = session.scalars(query.where(Judgement.digest == digest)).first()
    if found is not None:
        return found
    if session.scalars(query).first() is None:
        raise _UncomparedError(f"{model} 还没有在{_SETS[of]}上评测")
    raise _UncomparedError(f"{_SETS[of]}后来改过，{model} 还没有在新的上评测；提请批准以后会自动评测")


def _id(reading: Mapping[str, Any]) -> str:
    return str(reading["id"])
