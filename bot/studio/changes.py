"""Changes of `nlu_data/`: whoever wants one proposes it, one writer makes it, and the row stays as its history.

A change names what it found. When it is made and that is no longer there, it fails, says so, and nothing is written
(`bot/studio/plans.py`). It is made in two steps: what it will do is stored first, then the files are written and the
row is finished in one transaction that only one writer can hold. The writer after one that died between finds the
change pending and its files written, and finishes it without writing again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu.dataset import FALSE_PAGE, MISSED
from bot.nlu.project import NLU_DATA
from bot.nlu.triage import LABELS, URGENT, label_of
from bot.store.models import DataChange, Message, ReviewItem, WorkState
from bot.store.session import Store, take_turn
from bot.studio import corpus, files, masking, plans
from bot.studio.files import Edit, EditError
from bot.studio.material import tips_among
from bot.studio.plans import KINDS
from bot.studio.second_look import suspects

log = structlog.get_logger()

UNAPPROVED = "unapproved"
"""The state of a change that waits for a second person."""
STATES = {
    WorkState.PENDING: "等待写入",
    UNAPPROVED: "等待第二人同意",
    WorkState.DONE: "已写入",
    WorkState.FAILED: "没有写入",
    WorkState.CANCELLED: "已作废",
}
"""What people read for each state."""
CASES = {MISSED: "漏掉的警情", FALSE_PAGE: "误报"}
"""Why a message is in the regression set."""
WHY_CHARACTERS, TEXT_CHARACTERS = 500, 1000
_TRY_AGAIN = timedelta(seconds=30)
_WRITER = 5146_2028
_MARKUP = frozenset("[]{}")


class ChangeError(Exception):
    """A change that cannot be proposed, approved or taken back; the text says why, in Chinese."""


def propose(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    *,
    by: str,
    why: str,
    now: datetime,
    item_id: int | None = None,
    folder: Path = NLU_DATA,
    stood: bool = False,
    two_for_urgent: bool = False,
) -> DataChange:
    """Ask for a change. It is made by the one writer (`apply_pending`), after a second person where one is needed.

    `stood`: what it writes stood in the files before, and nothing in it is looked for anew. `two_for_urgent`: whether
    the station wants a second person for what makes or unmakes an example of an emergency; not for what two trainers
    have judged.

    Raises:
        ChangeError: it can be seen already that it cannot be made; personal data in it, for one.
    """
    if kind not in KINDS:
        raise ChangeError(f"没有“{kind}”这种修改")
    _check_why(why)
    try:
        wanted = _clean(kind, dict(payload), folder, now)
        _check_impersonal(kind, {} if stood else wanted, why, words_of_tip(session, item_id))
        second = _needs_a_second(kind, wanted, folder) or (two_for_urgent and _touches_alarm(kind, wanted))
        state = UNAPPROVED if second else WorkState.PENDING
    except EditError as error:
        raise ChangeError(str(error)) from None
    except (KeyError, ValueError, TypeError) as error:
        raise ChangeError(f"这条修改缺少内容或格式不对（{error}）") from None
    change = DataChange(
        kind=kind, payload=wanted, why=why.strip(), made_by=by, made_at=now, due_at=now, state=state, item_id=item_id
    )
    session.add(change)
    session.flush()
    _recorded(session, by, "data_propose", change, now)
    return change


def _needs_a_second(kind: str, wanted: Mapping[str, Any], folder: Path) -> bool:
    return KINDS[kind].leaders or KINDS[kind].national(wanted, folder)


def _check_why(why: str) -> None:
    if not why.strip():
        raise ChangeError("请写一句为什么，修改记录里要留着")
    if len(why) > WHY_CHARACTERS:
        raise ChangeError(f"原因最多 {WHY_CHARACTERS} 个字")


_OF_EXAMPLES = ("add_example", "remove_example", "move_example", "edit_example", "new_intent", "remove_intent")


def _touches_alarm(kind: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a change gives an emergency an example, or takes one from it."""
    named = (wanted.get("intent"), *((wanted["was"], wanted["now"]) if kind == "move_example" else ()))
    return kind in _OF_EXAMPLES and any(label_of(str(intent)) == URGENT for intent in named)


@contextmanager
def deciding(store: Store) -> Iterator[Session]:
    """A transaction in which changes are proposed. What checks them, which takes seconds to load, is loaded before
    anything is locked: another trainer would wait for it, and be refused after three seconds."""
    _warm()
    with store.transaction() as session:
        yield session


def personal(text: str, tip: str = "") -> list[str]:
    """What in a text points to somebody: by what masks messages, else by the second look, which shares nothing with it.

    `tip`: the original words of the tip that the text was made of.
    """
    return masking.leftovers(text, tip) or suspects(text)


@lru_cache(maxsize=1)
def _warm() -> None:
    personal("你好")
    with suppress(EditError):
        corpus.load(NLU_DATA)


def right_to_approve(session: Session, change_id: int) -> str:
    """The right that agreeing to a change takes (`bot.duty.access`). Raises ChangeError for an unknown change."""
    change = session.get(DataChange, change_id)
    if change is None:
        raise ChangeError(f"没有第{change_id}号修改")
    return "approve_model" if KINDS[change.kind].leaders else "train"


def approve(session: Session, change_id: int, *, by: str, now: datetime) -> DataChange:
    """A second person lets a change be made.

    Raises:
        ChangeError: it does not wait for that, or it is their own.
    """
    change = _locked(session, change_id, UNAPPROVED)
    if change.made_by == by:
        raise ChangeError("这样的修改要换一个人核对，不能自己同意自己的修改")
    change.approved_by, change.state, change.due_at = by, WorkState.PENDING, now
    _recorded(session, by, "data_approve", change, now)
    return change


def withdraw(
    session: Session,
    change_id: int,
    *,
    by: str,
    why: str,
    now: datetime,
    folder: Path = NLU_DATA,
    two_for_urgent: bool = False,
) -> DataChange:
    """Give up a change that is not made yet: one's own, or another's that one does not agree to.

    One that a writer has begun may stand in the files by half: it is finished, and then taken back.

    Raises:
        ChangeError: it is made already, or given up, or the reason names somebody.
    """
    _check_why(why)
    change = _locked(session, change_id, UNAPPROVED, WorkState.PENDING)
    if change.attempts:
        _take_back(session, change, by=by, why=why, now=now, folder=folder, two_for_urgent=two_for_urgent)
    else:
        _give_up(session, change, by=by, why=why.strip(), now=now)
    return change


def take_back_all(
    session: Session, taken: Sequence[DataChange], *, by: str, why: str, now: datetime, two_for_urgent: bool = False
) -> None:
    """Give up those of some changes that are not made yet, and propose the inverse of the others; `standing` has them
    locked."""
    for change in taken:
        try:
            if change.state == WorkState.DONE or change.attempts:
                _take_back(session, change, by=by, why=why, now=now, folder=NLU_DATA, two_for_urgent=two_for_urgent)
            else:
                _give_up(session, change, by=by, why=why, now=now)
        except ChangeError as error:
            log.warning("change.stays", change=change.id, reason=str(error))


def standing(session: Session, items: Sequence[int], kinds: Collection[str]) -> list[DataChange]:
    """The changes of some kinds that came of these items of the inbox and were not taken back, locked."""
    states = (UNAPPROVED, WorkState.PENDING, WorkState.DONE)
    query = (
        sa.select(DataChange)
        .where(DataChange.item_id.in_(items), DataChange.kind.in_(kinds), DataChange.state.in_(states))
        .order_by(DataChange.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = session.scalars(query).all()
    gone = taken_back(session, [change.id for change in found])
    return [change for change in found if change.id not in gone]


def undo(
    session: Session,
    change_id: int,
    *,
    by: str,
    why: str,
    now: datetime,
    folder: Path = NLU_DATA,
    two_for_urgent: bool = False,
) -> DataChange:
    """Propose the change that takes one back; what has only been noted is taken back at once.

    Raises:
        ChangeError: it was not made, or has been taken back already, or the reason names somebody.
    """
    _check_why(why)
    change = _locked(session, change_id, WorkState.DONE)
    return _take_back(session, change, by=by, why=why, now=now, folder=folder, two_for_urgent=two_for_urgent)


def _take_back(
    session: Session, change: DataChange, *, by: str, why: str, now: datetime, folder: Path, two_for_urgent: bool
) -> DataChange:
    if taken_back(session, [change.id]):
        raise ChangeError("这条修改已经撤销过了")
    inverse = KINDS[change.kind].inverse
    if inverse is None:
        _give_up(session, change, by=by, why=why.strip(), now=now)
        return change
    kind, payload = inverse({name: value for name, value in change.payload.items() if name != "undoes"})
    made = propose(
        session, kind, payload, by=by, why=why, now=now, folder=folder, stood=True, two_for_urgent=two_for_urgent
    )
    made.payload = {**made.payload, "undoes": change.id}
    return made


def _give_up(session: Session, change: DataChange, *, by: str, why: str, now: datetime) -> None:
    _check_reason(change.kind, why, words_of_tip(session, change.item_id))
    change.state, change.error = WorkState.CANCELLED, f"{by}：{why}"
    _recorded(session, by, "data_withdraw", change, now)


def taken_back(session: Session, change_ids: list[int]) -> dict[int, int]:
    """Those of some changes that a later one takes back, or is about to, with its number."""
    undoes = DataChange.payload["undoes"].as_integer()
    standing = (WorkState.PENDING, WorkState.DONE, UNAPPROVED)
    query = sa.select(undoes, DataChange.id).where(undoes.in_(change_ids), DataChange.state.in_(standing))
    return {int(number): by for number, by in session.execute(query)}


@dataclass(frozen=True)
class Filter:
    """Which changes are asked for; what is None counts for nothing."""

    by: str | None = None
    kind: str | None = None
    state: str | None = None


def history(session: Session, wanted: Filter, *, before: int | None = None, limit: int) -> list[DataChange]:
    """The newest changes that are asked for, newest first; `before`: only those with a lower number."""
    query = sa.select(DataChange).order_by(DataChange.id.desc()).limit(limit)
    equal = {"made_by": wanted.by, "kind": wanted.kind, "state": wanted.state}
    query = query.filter_by(**{name: value for name, value in equal.items() if value is not None})
    if before is not None:
        query = query.where(DataChange.id < before)
    return list(session.scalars(query))


def unwritten(session: Session, by: str, *, since: datetime) -> int:
    """How many changes that somebody asked for since a moment could not be made."""
    query = sa.select(sa.func.count()).where(
        DataChange.state == WorkState.FAILED, DataChange.made_by == by, DataChange.made_at >= since
    )
    return session.scalar(query) or 0


def written_by(session: Session, topic: str, aspect: str, text: str) -> DataChange | None:
    """The change that an aspect of a topic has its present text from; None where it came with the program or was
    edited by hand since."""
    query = sa.select(DataChange).where(
        DataChange.state == WorkState.DONE,
        DataChange.kind.in_(("edit_answer", "add_topic")),
        DataChange.payload["topic"].as_string() == topic,
        sa.or_(DataChange.kind == "add_topic", DataChange.payload["aspect"].as_string() == aspect),
    )
    last = session.scalars(query.order_by(DataChange.id.desc()).limit(1)).first()
    if last is None:
        return None
    told = last.payload
    said = told["now"] if last.kind == "edit_answer" else told.get(aspect) or told.get("aspects", {}).get(aspect)
    return last if said == text else None


def people(session: Session) -> list[str]:
    """Everybody who has proposed a change."""
    return list(session.scalars(sa.select(DataChange.made_by).distinct().order_by(DataChange.made_by)))


def kept(session: Session) -> frozenset[tuple[str, str]]:
    """Examples (intent, text) of which a trainer has said that the label is right."""
    query = sa.select(DataChange.payload).where(
        DataChange.kind == "keep_example", DataChange.state.in_((WorkState.PENDING, WorkState.DONE))
    )
    return frozenset((payload["intent"], payload["text"]) for payload in session.scalars(query))


# --- making them -----------------------------------------------------------------------------------------------------


def apply_pending(store: Store, folder: Path = NLU_DATA, *, now: datetime) -> int:
    """Make the changes that are due, in the order in which they were asked for; how many were made.

    One that fails does not keep the others from being made.

    Raises:
        StoreUnavailableError: the database is away; what is not finished is taken up again.
    """
    with store.reading() as session:
        due = sa.select(DataChange.id).where(DataChange.state == WorkState.PENDING, DataChange.due_at <= now)
        waiting = list(session.scalars(due.order_by(DataChange.id)))
    return sum(_made(store, folder, change_id, now) for change_id in waiting)


def _made(store: Store, folder: Path, change_id: int, now: datetime) -> bool:
    with store.reading() as session:
        change = session.get_one(DataChange, change_id)
        undone = session.get(DataChange, change.payload.get("undoes", 0))
    if change.state != WorkState.PENDING or (undone is not None and undone.state == WorkState.PENDING):
        return False  # what it takes back is finished first
    kind = KINDS[change.kind]
    try:
        if change.approved_by is None and _needs_a_second(change.kind, change.payload, folder):
            _end(store, change_id, now, state=UNAPPROVED, error=None)
            return False
        edits = kind.plan(change.payload, folder, change.attempts > 0)
    except EditError as error:
        _end(store, change_id, now, state=WorkState.FAILED, error=str(error))
        return False
    except Exception as error:  # a change that nothing can be made of must not stop those behind it
        log.exception("change.unplanned", change=change_id)
        _end(store, change_id, now, state=WorkState.FAILED, error=f"程序出错（{type(error).__name__}），请找技术人员")
        return False
    if not _announced(store, change_id, edits, folder):
        return False
    return _written(store, change_id, edits, folder, now)


def _announced(store: Store, change_id: int, edits: list[Edit], folder: Path) -> bool:
    """Store what a change is about to do, so that whoever finds it done knows that it was this change."""
    with store.transaction() as session:
        change = _row(session, change_id)
        if change.state != WorkState.PENDING:
            return False
        change.attempts += 1
        planned = files.diff(edits, folder)
        change.diff = files.merged(change.diff, planned) if change.attempts > 1 else planned
        return True


def _written(store: Store, change_id: int, edits: list[Edit], folder: Path, now: datetime) -> bool:
    """Write the files and finish the change; whatever goes wrong leaves it to be taken up again."""
    written = 0
    try:
        with store.transaction() as session:
            take_turn(session, _WRITER)
            change = _row(session, change_id)
            if change.state != WorkState.PENDING:
                return False
            files.sweep(folder)
            for edit in edits:
                files.write(edit)
                written += 1
            change.state, change.applied_at, change.error = WorkState.DONE, now, None
            _recorded(session, audit.SYSTEM, "data_apply", change, now)
            return True
    except (EditError, OSError) as error:
        log.warning("change.unwritten", change=change_id, reason=str(error))
        _put_off(store, change_id, now, f"写不进文件，稍后自动再试：{error}", untouched=not written)
        return False


def _end(store: Store, change_id: int, now: datetime, *, state: str, error: str | None) -> None:
    with store.transaction() as session:
        change = _row(session, change_id)
        if change.state == WorkState.PENDING:
            change.state, change.error = state, error
            if state == WorkState.FAILED:
                _recorded(session, audit.SYSTEM, "data_fail", change, now)


def _put_off(store: Store, change_id: int, now: datetime, error: str, *, untouched: bool) -> None:
    with store.transaction() as session:
        change = _row(session, change_id)
        if change.state == WorkState.PENDING:
            change.error, change.due_at = error, now + _TRY_AGAIN
            if untouched:
                change.attempts -= 1


def _row(session: Session, change_id: int) -> DataChange:
    return session.get_one(DataChange, change_id, with_for_update=True, populate_existing=True)


def _locked(session: Session, change_id: int, *states: str) -> DataChange:
    change = session.get(DataChange, change_id, with_for_update=True, populate_existing=True)
    if change is None:
        raise ChangeError(f"没有第{change_id}号修改")
    if change.state not in states:
        raise ChangeError(f"第{change_id}号修改现在是“{STATES.get(change.state, change.state)}”，不能这样做")
    return change


def _recorded(session: Session, actor: str, action: str, change: DataChange, now: datetime) -> None:
    audit.record(
        session, actor, action, now=now, subject=f"第{change.id}号", detail={"label": KINDS[change.kind].title}
    )


# --- what is asked for -----------------------------------------------------------------------------------------------


def _clean(kind: str, payload: dict[str, Any], folder: Path, now: datetime) -> dict[str, Any]:
    """A payload as the plans take it. Raises ChangeError, EditError, KeyError, ValueError or TypeError."""
    if kind == "edit_answer":
        return _answer(payload, folder, now)
    if kind == "edit_local_fact":
        given = {name: str(payload[name] or "").strip() for name in ("name", "was", "now")}
        found = payload.get("was_reviewed") or plans.local_fact(folder, given["name"])["reviewed"]
        return {**given, "reviewed": _day(payload.get("reviewed"), now), "was_reviewed": str(found or "")}
    if kind in ("new_intent", "remove_intent"):
        return _intent(payload, now)
    if kind in ("add_topic", "remove_topic"):
        return _topic(payload, folder, now)
    if kind == "edit_topic":
        return _heading(payload, folder)
    if kind in ("add_question", "remove_question"):
        plans.find(folder, str(payload["topic"]), "short")
        added = kind == "add_question"
        return {
            "topic": str(payload["topic"]),
            "text": _on_a_line(payload["text"]) if added else str(payload["text"]),
        }
    return _example(kind, payload, folder, now)


def _example(kind: str, payload: dict[str, Any], folder: Path, now: datetime) -> dict[str, Any]:
    if kind == "edit_example":
        known = _known(payload["intent"], folder)
        return {"intent": known, "was": str(payload["was"]), "now": _on_a_line(payload["now"])}
    if kind == "move_example":
        was, target = _known(payload["was"], folder), _known(payload["now"], folder)
        if was == target:
            raise ChangeError("移到的就是原来的细类")
        return {"text": str(payload["text"]), "was": was, "now": target}
    intent = _known(payload["intent"], folder)
    if kind in ("remove_example", "keep_example"):
        return {"intent": intent, "text": str(payload["text"])}
    text = _on_a_line(payload["text"])
    if kind == "add_example":
        return {"intent": intent, "text": text}
    if payload["case"] not in CASES:
        raise ChangeError(f"回归集里只收{'、'.join(CASES.values())}")
    added = str(payload.get("added") or now.date().isoformat())
    return {"intent": intent, "text": text, "case": payload["case"], "why": str(payload["why"]).strip(), "added": added}


def _on_a_line(text: Any) -> str:
    """A text as an example is written. Raises ChangeError when it cannot be one."""
    line = " ".join(str(text).split())
    if not 0 < len(line) <= TEXT_CHARACTERS:
        raise ChangeError(f"例句要有字，最多 {TEXT_CHARACTERS} 个字")
    if found := _MARKUP & set(line):
        raise ChangeError(f"例句里不能有 {' '.join(sorted(found))}，请删掉或换成别的括号")
    return line


def held_elsewhere(text: str, intent: str, folder: Path = NLU_DATA) -> corpus.Held | None:
    """The example of another intent that reads the same; None while the data cannot be read."""
    try:
        known = corpus.load(folder)
    except EditError:
        return None
    same = known.by_normal.get(known.normalise(text), [])
    return None if any(held.intent == intent for held in same) else next(iter(same), None)


_OF_RESIDENTS = {
    "add_example": ("text",),
    "edit_example": ("now",),
    "add_question": ("text",),
    "add_regression": ("text", "why"),
    "new_intent": ("examples", "scope"),
    "add_topic": ("examples",),
}
"""Where residents' words stand in a payload, or what a trainer notes about them."""
_OF_THE_STATION = {
    "new_intent": ("title", "response", "answer"),
    "add_topic": ("title", "when", "source", "short", "plain", "aspects"),
    "edit_topic": ("now",),
    "edit_answer": ("now", "source", "unknown"),
    "edit_local_fact": ("now",),
}
"""What the station says itself: its own address and telephone number may stand there."""


_SAYS_WHO_KNOWS = ("edit_answer", "edit_local_fact")
"""Kinds whose reason may name somebody: whoever has confirmed what the station says."""


def _check_impersonal(kind: str, wanted: Mapping[str, Any], why: str, tip: str) -> None:
    """Nothing that is written names a person: no example, no answer, no note. `tip`: `words_of_tip`.

    Raises:
        ChangeError: something in it does.
    """
    _check_reason(kind, why, tip)
    words = [text for name in _OF_RESIDENTS.get(kind, ()) for text in _texts(wanted.get(name))]
    said = [text for name in _OF_THE_STATION.get(kind, ()) for text in _texts(wanted.get(name))]
    for told in (
        masking.objection("例句里", [found for text in words for found in personal(text, tip)]),
        masking.objection("内容里", [found for text in said for found in masking.of_one_person(text)]),
    ):
        if told:
            raise ChangeError(told)


def _check_reason(kind: str, why: str, tip: str) -> None:
    if kind not in _SAYS_WHO_KNOWS and (told := masking.objection("原因里", masking.leftovers(why, tip))):
        raise ChangeError(told)


def words_of_tip(session: Session, item_id: int | None) -> str:
    """The original words behind an item of the inbox that belongs to a tip, which nothing that is made of it may hold
    again; empty for any other."""
    item = session.get(ReviewItem, item_id) if item_id else None
    if item is None or not (item.confidential or tips_among(session, [item.message_id])):
        return ""
    return session.get_one(Message, item.message_id).text


def _texts(value: Any) -> Iterator[str]:
    """The words in a part of a payload, but for the names of other topics."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for name, inner in value.items() if name != "related" for text in _texts(inner))
    elif isinstance(value, list):
        yield from (text for inner in value for text in _texts(inner))


def _known(intent: str, folder: Path) -> str:
    if intent not in corpus.titles(folder):
        raise ChangeError(f"目录里没有细类 {intent}")
    return intent


def _intent(payload: dict[str, Any], now: datetime) -> dict[str, Any]:
    label, _, name = str(payload["intent"]).partition("/")
    if label not in LABELS or not _is_name(name):
        raise ChangeError("细类的名字要写成“标签/英文小写和下划线”，例如 enquiry/lost_key")
    examples = list(dict.fromkeys(_on_a_line(text) for text in payload["examples"] if str(text).strip()))
    wanted: dict[str, Any] = {
        "intent": f"{label}/{name}",
        "title": _line(payload["title"], "标题"),
        "scope": _line(payload["scope"], "什么算这一类"),
        "examples": examples,
    }
    if label == "enquiry":
        wanted["answer"] = _facts(payload["answer"], now)
    else:
        wanted["response"] = _line(payload["response"], "答复", lines=True)
    return wanted


def _topic(payload: dict[str, Any], folder: Path, now: datetime) -> dict[str, Any]:
    intent = _known(payload["intent"], folder)
    if not intent.startswith("enquiry/") or not _is_name(str(payload["topic"])):
        raise ChangeError("主题只能加在咨询类下面，名字用英文小写和下划线")
    return {
        "intent": intent,
        "topic": str(payload["topic"]),
        "when": [word for word in (str(word).strip() for word in payload["when"]) if word],
        "examples": [_on_a_line(text) for text in payload.get("examples") or () if str(text).strip()],
        **_facts(payload, now),
    }


def _heading(payload: dict[str, Any], folder: Path) -> dict[str, Any]:
    place = plans.find(folder, str(payload["topic"]), "short")
    was, given = plans.heading_of(payload["was"]), plans.heading_of(payload["now"])
    lists = {key: list(dict.fromkeys(filter(None, map(str.strip, given[key])))) for key in ("when", "related")}
    wanted = {"title": _line(given["title"], "标题"), **lists}
    if wanted == was:
        raise ChangeError("和原来一样，没有要改的")
    return {"intent": place.intent, "topic": str(payload["topic"]), "was": was, "now": wanted}


def _facts(given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A topic's answers with their source."""
    aspects = {
        str(name): _line(text, "答复", lines=True) for name, text in (given.get("aspects") or {}).items() if text
    }
    facts: dict[str, Any] = {
        "source": _line(given["source"], "依据"),
        "scope": _scope(given["scope"]),
        "reviewed": _day(given.get("reviewed"), now),
        "short": _line(given["short"], "简短回答", lines=True),
        "plain": _line(given["plain"], "大白话", lines=True),
        "aspects": aspects,
        "related": [str(name) for name in given.get("related") or ()],
    }
    return {"title": _line(given["title"], "标题"), **facts} if given.get("title") else facts


def _answer(payload: dict[str, Any], folder: Path, now: datetime) -> dict[str, Any]:
    """What an edit of an answer finds and what it makes of it, as both stand in the file."""
    if "entry" in payload and "found" in payload:  # one that takes another back
        return payload
    place = plans.place_of(folder, payload["intent"], payload["topic"], payload["aspect"])
    was = str(payload.get("was") or "").strip()
    if plans.text_of(place.entry) != was:
        raise ChangeError(
            f"这一段在您打开以后被别人改过，现在是：“{plans.text_of(place.entry) or '（已删）'}”；请刷新后照新的再改"
        )
    wanted = {
        **{name: payload[name] for name in ("intent", "topic", "aspect")},
        "was": was,
        "now": _line(payload["now"], "答复", lines=True) if str(payload.get("now") or "").strip() else "",
        "source": _line(payload["source"], "依据"),
        "scope": _scope(payload["scope"]),
        "reviewed": _day(payload.get("reviewed"), now),
        "unknown": str(payload.get("unknown") or "").strip(),
    }
    entry = plans.entry_for(place.topic, wanted)
    if entry == place.entry:
        raise ChangeError("和原来一样，没有要改的")
    return {**wanted, "found": place.entry, "entry": entry}


def _line(text: Any, name: str, *, lines: bool = False) -> str:
    kept = "\n".join(line.rstrip() for line in str(text or "").strip().splitlines())
    if not kept:
        raise ChangeError(f"{name}要填")
    return kept if lines else " ".join(kept.split())


def _scope(scope: str) -> str:
    if scope not in ("national", "local"):
        raise ChangeError("适用范围只能是全国或本地")
    return scope


def _day(day: Any, now: datetime) -> str:
    """A day as text, today's if none is given. Raises ValueError."""
    return now.date().fromisoformat(str(day)).isoformat() if day else now.date().isoformat()


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("_", "").isalnum() and name == name.lower() and name[0].isalpha()
