"""Which model is live: asked for by a trainer, approved by a leader, promoted through gates, rolled back by one press.

The rows of `promotion` say what was decided, and the pointer (`bot.nlu.pointer`) follows them: a crash between the two
is made good by `follow`, which the trainer process calls again and again. Nothing here checks rights; callers do.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu import pointer
from bot.nlu.pointer import FAILED, Pointed, Report
from bot.store.models import Promotion, Standing, TrainedModel
from bot.store.session import Store
from bot.studio import aftermath, gates, judging, masking, registry
from bot.studio.gates import Gate
from bot.studio.trainer import DutyError

REQUEST, PROMOTE, ROLL_BACK, AUTOMATIC = "request", "promote", "roll_back", "automatic"
KINDS = {REQUEST: "提请上线", PROMOTE: "上线", ROLL_BACK: "退回", AUTOMATIC: "自动退回"}
"""What people read for each kind of row."""
WATCHED = timedelta(hours=24)
"""How long after a promotion the station looks for what would take it back."""
REASON_CHARACTERS = 200


class PromotionError(Exception):
    """Something that cannot be done with a model; the text says why, as trainers read it."""


@dataclass(frozen=True)
class Arrival:
    """How far the live model has come: every living server with what it runs."""

    model: str
    servers: tuple[Report, ...]

    @property
    def arrived(self) -> bool:
        """Whether every server runs it."""
        return bool(self.servers) and all(report.model == self.model for report in self.servers)

    @property
    def refused(self) -> tuple[Report, ...]:
        """The servers that could not load it and go on with what they had."""
        return tuple(
            report for report in self.servers if report.wanted == self.model != report.model and report.state == FAILED
        )

    @property
    def refused_by_all(self) -> bool:
        """Whether no server that there is could load it."""
        return bool(self.servers) and len(self.refused) == len(self.servers)


@dataclass(frozen=True)
class Seen:
    """What somebody had before them when they decided: the live model, and the gates that were closed, by name."""

    live: str | None
    closed: Collection[str] = ()


def request(session: Session, model: str, *, by: str, why: str, now: datetime) -> Promotion:
    """Ask the leaders to let a model go live.

    Raises:
        PromotionError: there is no such model, it is live, or it is asked for already.
    """
    _check_reason(why)
    registry.wait_for_turn(session)
    _known(session, model)
    if _live(session) == model:
        raise PromotionError("这个模型已经在线上")
    if gates.request_of(session, model):
        raise PromotionError("这个模型已经提请过了")
    asked = Promotion(model=model, was=_live(session), kind=REQUEST, made_by=by, made_at=now, reason=why.strip())
    session.add(asked)
    audit.record(session, by, "model_request", now=now, subject=model, detail={"reason": why.strip()})
    return asked


def approve(session: Session, model: str, *, by: str, now: datetime) -> Promotion:
    """A leader's approval of what somebody else has asked for.

    Raises:
        PromotionError: nobody has asked, or the leader has.
    """
    registry.wait_for_turn(session)
    asked = gates.request_of(session, model)
    if asked is None:
        raise PromotionError("还没有人提请这个模型上线")
    if asked.made_by == by:
        raise PromotionError("自己提请的要由另一位所领导批准；确有必要时可以写明理由强行上线")
    if asked.approved_by is None:
        asked.approved_by = by
        audit.record(session, by, "model_approve", now=now, subject=model, detail={"asked_by": asked.made_by})
    return asked


def gates_of(session: Session, model: str, folder: Path, now: datetime) -> tuple[Gate, ...]:
    """The gates of a model as they stand; `folder` is the project's.

    Raises:
        PromotionError: there is no such model.
    """
    return gates.gates(session, _known(session, model), _live(session), folder)


def promote(
    session: Session,
    model: str,
    folder: Path,
    *,
    by: str,
    now: datetime,
    overrule: str = "",
    seen: Seen | None = None,
) -> Promotion:
    """Decide that a model goes live; `follow` makes it so.

    `overrule` is the reason for passing gates that are closed: it stands in the log with them. It is for the gates
    that were `seen` closed, and no others.

    Raises:
        PromotionError: there is no such model, it is live, a gate is closed and no reason was given, or things are no
            longer as they were seen.
    """
    _check_reason(overrule)
    registry.wait_for_turn(session)
    if current(session) == model:
        raise PromotionError("这个模型已经在线上")
    _check_live(session, seen)
    found = gates_of(session, model, folder, now)
    closed = [gate for gate in found if not gate.passed]
    if any(gate.name in gates.FIXED for gate in closed) or (closed and not overrule.strip()):
        raise PromotionError("不能上线：" + _told(closed))
    if seen and (unseen := [gate for gate in closed if gate.name not in seen.closed]):
        raise PromotionError("没有上线：您写理由以后又有条件没过，请看过再决定。" + _told(unseen))
    try:
        registry.verified(session, model, folder / "models")
    except registry.RegistryError as error:
        raise PromotionError(str(error)) from None
    asked = gates.request_of(session, model)
    reason = overrule.strip() if closed else (asked.reason if asked else "")
    row = Promotion(
        model=model,
        was=_live(session) or pointer.live(folder / "models"),
        kind=PROMOTE,
        made_by=by,
        made_at=now,
        approved_by=asked.approved_by if asked else None,
        gates=[gate.to_json() for gate in found],
        reason=reason,
    )
    session.add(row)
    _stand(session, model, now=now)
    judging.begin_anew(session, model)
    session.flush()  # the audit log's turn comes last, or two could wait for each other
    detail = {"was": row.was, "closed": [gate.name for gate in closed], "reason": row.reason}
    audit.record(session, by, "model_overrule" if closed else "model_promote", now=now, subject=model, detail=detail)
    return row


def roll_back(
    session: Session,
    models: Path,
    *,
    by: str,
    now: datetime,
    reason: str = "",
    kind: str = ROLL_BACK,
    seen: Seen | None = None,
) -> Promotion:
    """Decide that the model that was live before is live again, or the nearest before it whose file is what was
    entered; no gate is asked.

    Raises:
        PromotionError: there is none, or another model is live than the one that was `seen`.
    """
    if kind != AUTOMATIC:
        _check_reason(reason)
    registry.wait_for_turn(session)
    _check_live(session, seen)
    line = _line(session)
    if len(line) < 2:
        raise PromotionError("没有可以退回的模型")
    *before, live = line
    model = next((name for name in reversed(before) if _is_usable(session, name, models)), None)
    if model is None:
        gone = "、".join(reversed(before))
        raise PromotionError(f"没有可以退回的模型：{gone} 的文件不见了，或者和登记时不一样")
    row = Promotion(model=model, was=live, kind=kind, made_by=by, made_at=now, reason=reason.strip())
    session.add(row)
    _stand(session, model, now=now)
    session.flush()
    detail = {"was": live, "reason": reason.strip()}
    audit.record(session, by, f"model_{kind}", now=now, subject=model, detail=detail)
    return row


def prepare(store: Store, models: Path, model: str | None = None) -> None:
    """Hash what a promotion of this model, or without one a roll back, looks at, before a transaction waits for it."""
    with store.reading() as session:
        names = [model] if model else _line(session)[-2:-1]
    for name in names:
        registry.hash_ahead(pointer.file_of(models, name))


def _is_usable(session: Session, model: str, models: Path) -> bool:
    try:
        registry.verified(session, model, models)
    except registry.RegistryError:
        return False
    return True


def current(session: Session) -> str | None:
    """The model that was last decided on; None while nothing was, and the present data's is live."""
    last = _last(session)
    return last.model if last else None


def follow(store: Store, models: Path, *, now: datetime) -> str | None:
    """Make the pointer what was decided, and the registry's standings what the pointer says; the live model's name.

    While nothing was decided, the pointer is `fujin up`'s. Of what is entered it has the file's SHA-256.
    """
    with store.reading() as session:
        if _follows(session, models):
            return current(session) or pointer.live(models)
    with store.transaction() as session:
        registry.wait_for_turn(session)  # what is decided meanwhile is followed, and not undone
        if line := _wanted(session, models):
            digests = {one.name: one.sha256 for one in line if one.sha256}
            pointer.point_to(models, line[0].name, [one.name for one in line[1:]], digests)
        live = pointer.live(models)
        if live and session.get(TrainedModel, live) is not None:
            _stand(session, live, now=now)
    return live


def _follows(session: Session, models: Path) -> bool:
    """Whether pointer and standings are as they should be."""
    live = pointer.live(models)
    if _wanted(session, models) != _pointed(models):
        return False
    stands = session.scalars(sa.select(TrainedModel.name).where(TrainedModel.standing == Standing.LIVE)).all()
    return live is None or list(stands) == [live] or session.get(TrainedModel, live) is None


def _wanted(session: Session, models: Path) -> list[Pointed]:
    """What the pointer is to name, the live model first: what was decided, or what it names; each with the SHA-256 that
    was entered, or else the one it has."""
    named = _pointed(models)
    known = {one.name: one.sha256 for one in named}
    names = _line(session)[::-1] or list(known)
    entered = sa.select(TrainedModel.name, TrainedModel.sha256).where(TrainedModel.name.in_(names))
    known |= {row.name: row.sha256 for row in session.execute(entered)}
    return [Pointed(name, known.get(name, "")) for name in names]


def _pointed(models: Path) -> list[Pointed]:
    live = pointer.pointed(models)
    return [live, *pointer.stand_ins(models)] if live else []


def arrival(models: Path, now: datetime) -> Arrival | None:
    """How far the live model has come to the servers; None while no model is live."""
    live = pointer.live(models)
    return Arrival(live, tuple(pointer.reports(models, now.timestamp()))) if live else None


def watch_over(store: Store, models: Path, *, now: datetime) -> Promotion | None:
    """Keep pointer and rows together, and take a promotion of the last 24 hours back when it does harm.

    That is: no server could load the model, or residents get worse answers than on the days before
    (`bot.studio.aftermath` says what is compared, and what counts as more than chance). The roll back, if there was
    one. A promotion is taken back once: whoever promotes the model again after that has seen why.

    Raises:
        DutyError: it should be taken back, and there is no model to go back to; or the live model's file is no longer
            what was entered.
    """
    live = follow(store, models, now=now)
    row = _taken_back(store, models, now=now)
    if row is None and live and (changed := pointer.objection(models, live)):
        # Servers that run it go on; those that start do without.
        raise DutyError(f"线上模型不能再载入：{changed}")
    return row


def _taken_back(store: Store, models: Path, *, now: datetime) -> Promotion | None:
    with store.reading() as session:
        last = _last(session)
        if last is None or last.kind != PROMOTE or now - last.made_at > WATCHED:
            return None
        reason = _not_loaded(models, last, now) or aftermath.harm(session, last, now=now)
    if not reason:
        return None
    prepare(store, models)
    with store.transaction() as session:
        registry.wait_for_turn(session)
        again = _last(session)
        if again is None or again.id != last.id or len(_line(session)) < 2:
            return None
        try:
            row = roll_back(
                session, models, by=audit.SYSTEM, now=now, reason=reason[:REASON_CHARACTERS], kind=AUTOMATIC
            )
        except PromotionError as error:
            raise DutyError(f"新模型 {last.model} 应当退回（{reason}），但退不回去：{error}") from None
    follow(store, models, now=now)
    return row


def problem(session: Session, now: datetime) -> str | None:
    """What everybody should know: that a model was taken back by itself in the last day."""
    last = _last(session)
    if last is None or last.kind != AUTOMATIC or now - last.made_at > WATCHED:
        return None
    return f"新模型 {last.was} 已自动退回，现在用的是 {last.model}。原因：{last.reason}"


def in_the_dark(session: Session, now: datetime) -> str:
    """What the last promotion cannot be judged by for want of messages, while it is watched; "" otherwise."""
    last = _last(session)
    if last is None or last.kind != PROMOTE or now - last.made_at > WATCHED:
        return ""
    return aftermath.in_the_dark(session, last, now=now)


def history(session: Session, *, limit: int = 50) -> Sequence[Promotion]:
    """What was asked for and decided, the newest first."""
    return session.scalars(sa.select(Promotion).order_by(Promotion.id.desc()).limit(limit)).all()


def _not_loaded(models: Path, last: Promotion, now: datetime) -> str | None:
    found = arrival(models, now)
    if found is None or found.model != last.model or not found.refused_by_all:
        return None
    return f"没有一台服务器能载入这个模型：{found.refused[0].error}"


def _last(session: Session) -> Promotion | None:
    query = sa.select(Promotion).where(Promotion.kind != REQUEST).order_by(Promotion.id.desc()).limit(1)
    return session.scalars(query).first()


def _check_live(session: Session, seen: Seen | None) -> None:
    """Nobody takes away what somebody else has just let go live, without having seen it."""
    last = _last(session)
    if seen is not None and last is not None and seen.live != last.model:
        raise PromotionError(
            f"没有换：线上模型刚刚已经是 {last.model}（{last.made_by}{KINDS[last.kind]}），请看过再决定"
        )


def _told(closed: Sequence[Gate]) -> str:
    return "；".join(f"{gate.title}：{gate.detail}" for gate in closed)


def _line(session: Session) -> list[str]:
    """The models that were live one after the other, each once, without those that were taken back; the last is live
    now."""
    line: list[str] = []
    for row in session.scalars(sa.select(Promotion).where(Promotion.kind != REQUEST).order_by(Promotion.id)):
        if row.kind == PROMOTE:
            before = [row.was] if row.was and row.was not in line else []
            line = [*(name for name in line if name != row.model), *before, row.model]
        else:
            line = [*line[: line.index(row.model)], row.model] if row.model in line else [row.model]
    return line


def _known(session: Session, model: str) -> TrainedModel:
    found = session.get(TrainedModel, model)
    if found is None:
        raise PromotionError(f"没有登记过模型 {model}")
    return found


def _live(session: Session) -> str | None:
    """The live model as rows and registry know it."""
    decided = current(session)
    if decided:
        return decided
    return session.scalars(sa.select(TrainedModel.name).where(TrainedModel.standing == Standing.LIVE)).first()


def _stand(session: Session, live: str, *, now: datetime) -> None:
    """Give the registry's models their standing: this one is live, the one that was is retired."""
    others = sa.select(TrainedModel).where(TrainedModel.standing == Standing.LIVE, TrainedModel.name != live)
    for model in session.scalars(others):
        model.standing, model.standing_since = Standing.RETIRED, now
    if (found := session.get(TrainedModel, live)) is not None and found.standing != Standing.LIVE:
        found.standing, found.standing_since = Standing.LIVE, now


def _check_reason(reason: str) -> None:
    """What people give as a reason names nobody: it is kept for good. It takes a while, so it is looked at first."""
    if len(reason.strip()) > REASON_CHARACTERS:
        raise PromotionError(f"理由最多{REASON_CHARACTERS}个字")
    if told := masking.objection("理由里", masking.leftovers(reason)):
        raise PromotionError(told)
