import pytest

from bot.duty.access import RIGHTS, ROLES, AccessError, Actor, may, require


def rights(role: str) -> set[str]:
    return {right for right in RIGHTS if may(Actor("甲", role), right)}


def test_that_a_leader_may_all_that_an_officer_may() -> None:
    assert rights("officer") < rights("leader")


def test_that_who_reported_is_for_leaders_alone() -> None:
    assert [role for role in ROLES if "see_reporter" in rights(role)] == ["leader"]


@pytest.mark.parametrize("role", ["trainer", "administrator"])
def test_that_trainers_and_administrators_see_no_residents_words(role: str) -> None:
    assert not rights(role) & {"see_cases", "act_on_cases", "see_applications", "see_reporter"}


def test_that_nobody_and_unknown_roles_may_nothing() -> None:
    assert rights("所长") == set()
    assert not any(may(None, right) for right in RIGHTS)


def test_that_each_right_belongs_to_somebody() -> None:
    assert set().union(*(rights(role) for role in ROLES)) == set(RIGHTS)


def test_that_a_slip_in_a_rights_name_is_no_open_door() -> None:
    with pytest.raises(KeyError):
        may(Actor("甲", "leader"), "see_case")


def test_that_a_refusal_says_what_is_missing_and_who_has_it() -> None:
    with pytest.raises(AccessError, match=r"您的角色是训练员，不能查看警情.*民警、所领导"):
        require(Actor("甲", "trainer"), "see_cases")
    with pytest.raises(AccessError, match="请先登录"):
        require(None, "see_cases")
    assert require(Actor("甲", "officer"), "see_cases").name == "甲"
