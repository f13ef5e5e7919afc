"""The audit log: what was done and who saw personal data, in the order in which it happened, each entry chained to the
one before by its hash, so that a changed, missing or inserted entry shows."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.models import AuditEntry, CaseId
from bot.store.session import take_turn

SYSTEM = "系统"
"""The actor of what Fujin does by itself."""
LINK = "链接"
"""The actor of a look by the link in a page: whoever follows it has not said who they are, and may be a preview."""
ACTIONS = {
    "acknowledge": "确认接警",
    "join": "加入处置",
    "unacknowledge": "无人处置，重新提醒",
    "close": "结案",
    "reply": "回复居民",
    "picture": "发图片给居民",
    "give_back": "交还机器人",
    "note": "写备注",
    "assign": "指派",
    "offer": "请人接手",
    "accept": "接手",
    "offer_lapsed": "无人接手，仍由原民警负责",
    "decline": "不接手",
    "leave": "退出处置",
    "reopen": "重新打开",
    "relabel": "改类别",
    "merge": "并案",
    "absorb": "并入其他案件",
    "separate": "分案",
    "part": "分出案件",
    "search": "查找",
    "decide": "办理申请",
    "view": "查看",
    "reveal": "查看举报人",
    "reveal_words": "查看居民原话",
    "review": "复核消息",
    "review_undo": "撤回复核",
    "sign_in": "登录",
    "sign_out": "退出",
    "sign_in_failed": "登录失败",
    "account_add": "添加账号",
    "account_role": "改角色",
    "account_reset": "重置口令",
    "account_disable": "停用账号",
    "account_enable": "恢复账号",
    "account_password": "修改口令",
    "account_totp": "动态口令开关",
    "roster_change": "调整值班",
    "roster_remove": "撤销调整",
    "roster_import": "导入值班",
    "table_import": "导入查询用的表",
    "model_register": "登记模型",
    "train_ask": "要求训练",
    "train_cancel": "取消训练",
    "erase": "删除数据",
    "hold": "证据保留",
    "unhold": "解除证据保留",
    "object": "消息不用于训练",
    "unobject": "消息又可用于训练",
    "backup": "备份",
    "restore": "恢复备份",
    "data_propose": "提出修改数据",
    "data_approve": "同意修改数据",
    "data_withdraw": "作废数据修改",
    "data_apply": "数据修改写入",
    "data_fail": "数据修改没有写入",
    "model_request": "提请模型上线",
    "model_approve": "批准模型上线",
    "model_promote": "模型上线",
    "model_overrule": "强行上线模型",
    "model_roll_back": "退回模型",
    "model_automatic": "自动退回模型",
    "shadow_start": "开始旁听",
    "shadow_stop": "停止旁听",
}
"""What people read for each action; one that is not here is shown as it is."""
Head = tuple[int, str]
"""An entry's number and hash, which vouch for all before it."""
_BEGINNING: Head = (0, "")
_WHOLE_EVERY = timedelta(days=1)
_LOCK = 5146_2026
_BATCH = 1000
_mark: ContextVar[Mapping[str, str]] = ContextVar("mark", default=MappingProxyType({}))


@contextmanager
def marked(**told: str) -> Iterator[None]:
    """Whatever is written within tells this as well in its detail: by which way its actor came, for example."""
    before = _mark.set(told)
    try:
        yield
    finally:
        _mark.reset(before)


@dataclass(frozen=True)
class Breach:
    """The first entry at which the chain does not hold, and why."""

    entry: int
    reason: str


def record(
    session: Session,
    actor: str,
    action: str,
    *,
    now: datetime,
    case_id: CaseId | None = None,
    subject: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write an entry in the caller's transaction: it stands if, and only if, what it tells of does.

    `subject` is what was acted on if it is no case (a receipt number, an account); `detail` must be JSON and holds no
    resident's words. Lock the case before: writers wait here for each other.
    """
    take_turn(session, _LOCK)
    session.flush()
    last, previous = head(session)
    entry = AuditEntry(
        id=last + 1,
        at=now,
        actor=actor,
        action=action,
        case_id=case_id,
        subject=subject,
        detail={**(detail or {}), **_mark.get()},
        previous=previous,
    )
    entry.hash = _hash(entry)
    session.add(entry)


def verify(session: Session, kept: Mapping[int, str] | None = None) -> Breach | None:
    """Follow the chain from its beginning; the first break, or None when every entry is as it was written.

    Entries cut off at the end, and a chain that was written anew, show only by heads that were kept elsewhere
    (`head`): `kept` are their hashes by number.
    """
    end = _followed(session, _BEGINNING, kept or {})
    return end if isinstance(end, Breach) else None


class Verification:
    """Of a chain that is looked at again and again: from where it held the last time, and from its beginning at the
    first look and once a day."""

    def __init__(self) -> None:
        self._held = _BEGINNING
        self._whole_at: datetime | None = None

    def again(self, session: Session, *, now: datetime) -> Breach | None:
        """The first break that is found, or None. What held the last time must still be there, and be the same."""
        whole = self._whole_at is None or now - self._whole_at >= _WHOLE_EVERY or not _holds(session, self._held)
        kept = {} if self._held == _BEGINNING else dict([self._held])
        end = _followed(session, _BEGINNING if whole else self._held, kept)
        if isinstance(end, Breach):
            return end
        self._held, self._whole_at = end, now if whole else self._whole_at
        return None


def _followed(session: Session, after: Head, kept: Mapping[int, str]) -> Breach | Head:
    """The first break behind an entry, or the last entry to which the chain holds."""
    last, previous = after
    for entry in _entries(session, after=last):
        if entry.id != last + 1:
            return Breach(last + 1, "missing")
        if entry.previous != previous:
            return Breach(entry.id, "not chained to the entry before")
        if entry.hash != _hash(entry):
            return Breach(entry.id, "changed")
        if entry.hash != kept.get(entry.id, entry.hash):
            return Breach(entry.id, "not the one that was kept")
        last, previous = entry.id, entry.hash
    return Breach(last + 1, "missing") if any(number > last for number in kept) else (last, previous)


def _holds(session: Session, head: Head) -> bool:
    """Whether the entry at a head is as it was then; before the first entry there is none to ask."""
    if head == _BEGINNING:
        return True
    entry = session.get(AuditEntry, head[0])
    return entry is not None and entry.hash == head[1] == _hash(entry)


@dataclass(frozen=True)
class Filter:
    """Which entries are asked for; what is None counts for nothing. Moments: from `since` until before `until`."""

    actor: str | None = None
    action: str | None = None
    case_id: CaseId | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(session: Session, wanted: Filter, *, before: int | None = None, limit: int) -> list[AuditEntry]:
    """The newest entries that are asked for, newest first; `before`: only those with a lower number."""
    query = sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    equal = {"actor": wanted.actor, "action": wanted.action, "case_id": wanted.case_id}
    query = query.filter_by(**{name: value for name, value in equal.items() if value is not None})
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query))


def head(session: Session) -> Head:
    """The newest entry's number and hash, to be kept where nobody edits the database; (0, "") without any."""
    query = sa.select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    last = session.execute(query).one_or_none()
    return (last.id, last.hash) if last else _BEGINNING


def _entries(session: Session, *, after: int) -> Iterator[AuditEntry]:
    """The entries behind one, in order, piece by piece: whoever stops half-way leaves no cursor open."""
    last = after
    while found := session.scalars(
        sa.select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(_BATCH)
    ).all():
        yield from found
        last = found[-1].id
        session.expunge_all()


def _hash(entry: AuditEntry) -> str:
    told = [
        entry.id,
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.action,
        entry.case_id,
        entry.subject,
        entry.detail,
        entry.previous,
    ]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
