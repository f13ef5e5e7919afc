"""The one door: which role may do what. Pages, routes and commands ask `may` or `require`, and nothing else decides."""

from dataclasses import dataclass

ROLES = {"officer": "民警", "leader": "所领导", "trainer": "训练员", "administrator": "管理员"}
"""Roles by name, with what people read."""
RIGHTS = {
    "see_cases": "查看警情和居民的话",
    "act_on_cases": "处置警情",
    "see_reporter": "查看举报人",
    "see_applications": "查看和办理申请",
    "see_roster": "查看值班表",
    "edit_roster": "修改值班表",
    "see_figures": "查看统计",
    "read_audit": "查看审计日志",
    "manage_accounts": "管理账号",
    "train": "训练模型",
    "approve_model": "批准模型上线",
    "keep": "管理数据留存",
}
"""What can be allowed, with what people read."""
_OFFICER = frozenset({"see_cases", "act_on_cases", "see_applications", "see_roster", "see_figures"})
_RIGHTS_OF = {
    "officer": _OFFICER,
    "leader": _OFFICER | {"see_reporter", "edit_roster", "read_audit", "train", "approve_model", "keep"},
    # Trainers see masked messages in their studio, never a case with its resident.
    "trainer": frozenset({"train"}),
    # Whoever keeps the machine running needs nobody's words.
    "administrator": frozenset({"see_roster", "edit_roster", "see_figures", "read_audit", "manage_accounts", "keep"}),
}


class AccessError(Exception):
    """Something that a role may not do; the text says what is missing and who has it."""


@dataclass(frozen=True)
class Actor:
    """Who acts: a name as the roster and the cases know it, and a role."""

    name: str
    role: str

    @property
    def title(self) -> str:
        """The role, as people read it."""
        return ROLES.get(self.role, self.role)


def may(actor: Actor | None, right: str) -> bool:
    """Whether an actor has a right of `RIGHTS`; nobody has none, and a role that is not known has none."""
    if right not in RIGHTS:
        raise KeyError(right)
    return actor is not None and right in _RIGHTS_OF.get(actor.role, ())


def require(actor: Actor | None, right: str) -> Actor:
    """The actor, if they have the right.

    Raises:
        AccessError: they do not.
    """
    if actor is None:
        raise AccessError("请先登录")
    if not may(actor, right):
        raise AccessError(missing(actor, right))
    return actor


def missing(actor: Actor, right: str) -> str:
    """Why an actor is refused."""
    holders = "、".join(title for role, title in ROLES.items() if right in _RIGHTS_OF[role])
    return f"您的角色是{actor.title}，不能{RIGHTS[right]}。这项权限属于：{holders}；需要时请找管理员。"
