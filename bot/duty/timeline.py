"""What was done about a case, in words, from the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty.conversation import FROM_TALK
from bot.duty.handling import DISPOSITIONS
from bot.nlu.catalogue import title_of
from bot.store.models import AuditEntry, CaseId

_Detail = Mapping[str, Any]


@dataclass(frozen=True)
class Act:
    """One act: who, what (a name of the audit log), and both in words; `more` says with what."""

    number: int
    at: datetime
    by: str
    action: str
    words: str
    more: str = ""


def acts(session: Session, case_id: CaseId) -> list[Act]:
    """What was done about a case, oldest first; mere looks at it are left to the log's own page."""
    entries = sa.select(AuditEntry).where(AuditEntry.case_id == case_id).order_by(AuditEntry.id)
    return [
        Act(entry.id, entry.at, entry.actor, entry.action, *_told(entry))
        for entry in session.scalars(entries)
        if not entry.action.startswith(("view", "read", "look"))
    ]


def _told(entry: AuditEntry) -> tuple[str, str]:
    words, more = _WORDS.get(entry.action, (f"{{by}}：{entry.action}", _nothing))
    return words.format_map(_Known({"by": entry.actor, **entry.detail})), more(entry.detail)


class _Known(dict[str, Any]):
    """What an entry tells; what it does not tell is left out."""

    def __missing__(self, _key: str) -> str:
        return ""


def _nothing(_detail: _Detail) -> str:
    return ""


def _reason(detail: _Detail) -> str:
    return str(detail.get("reason", ""))


def _relabelled(detail: _Detail) -> str:
    change = f"{title_of(str(detail['was']))} → {title_of(str(detail['now']))}"
    return f"{change}：{detail['reason']}" if detail.get("reason") else change


def _closed(detail: _Detail) -> str:
    ending = DISPOSITIONS.get(str(detail.get("disposition")), "")
    return f"{ending}：{detail['to']}" if detail.get("to") else ending


def _acknowledged(detail: _Detail) -> str:
    return "从机器人手里接过对话" if detail.get("begun") == FROM_TALK else "提醒停止"


def _says(text: str) -> Callable[[_Detail], str]:
    return lambda _detail: text


_WORDS: dict[str, tuple[str, Callable[[_Detail], str]]] = {
    "acknowledge": ("{by} 确认", _acknowledged),
    "unacknowledge": ("{by} 退回待确认", _says("重新提醒")),
    "join": ("{by} 加入", _nothing),
    "leave": ("{by} 退出", _nothing),
    "assign": ("{by} 交办给 {to}", _nothing),
    "offer": ("{by} 请 {to} 接手", _says("已提醒对方，接手前仍由原民警负责")),
    "accept": ("{by} 接手", lambda detail: f"从 {detail['from']} 接过来" if detail.get("from") else ""),
    "decline": ("{by} 取消移交", lambda detail: f"{detail.get('to')} 不再接手"),
    "offer_lapsed": ("{to} 没有接手", lambda detail: f"仍由 {detail.get('officer')} 负责，已提醒"),
    "reply": ("{by} 回复居民", _nothing),
    "picture": ("{by} 发图片给居民", _nothing),
    "give_back": ("{by} 把对话交还机器人", _nothing),
    "note": ("{by} 写备注", _nothing),
    "relabel": ("{by} 改类别", _relabelled),
    "merge": ("{by} 并入案件{into}", _says("居民以后的话归到那个案件")),
    "absorb": ("{by} 把案件{case}并进来", _nothing),
    "separate": ("{by} 从案件{from}分出来", _nothing),
    "part": ("{by} 把案件{case}分出去", _nothing),
    "close": ("结案 · {by}", _closed),
    "reopen": ("{by} 重新打开", _closed),
    "reveal": ("{by} 查看了举报人", _reason),
    "hold": ("{by} 设为证据保留", _reason),
    "unhold": ("{by} 解除证据保留", _reason),
}
