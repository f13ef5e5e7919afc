"""The gates between a model and the residents."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.nlu import pointer
from bot.store.models import DataChange, Judgement, TrainedModel
from bot.store.session import Store
from bot.studio import judging, promotion
from bot.studio.gates import Gate
from tests.studio.candidates import judge, ready
from tests.world import FakeClock


def gates(session: Session, project: Path, clock: FakeClock) -> dict[str, Gate]:
    return {gate.name: gate for gate in promotion.gates_of(session, "new", project, clock.now())}


def again(session: Session, clock: FakeClock, of: str, read: dict[str, bool], *, unread: int = 0) -> None:
    """The candidate's judgement is another one."""
    session.execute(sa.delete(Judgement).where(Judgement.model == "new", Judgement.of == of))
    judge(session, "new", of, read, now=clock.now(), unread=unread)


def written(project: Path, of: str, text: str) -> str:
    """Let a set hold one message; its digest."""
    path = project / "nlu_data" / of / "messages.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {"id": "t1", "text": text, "intent": "urgent_alarm/fire", "case": "missed", "why": "", "added": ""}
    path.write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    return judging.digest_now(of, project)


def test_that_a_model_as_good_as_the_live_one_lacks_only_the_approval(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        found = gates(session, tmp_path, clock)
        assert [name for name, gate in found.items() if not gate.passed] == ["approval"]
        promotion.request(session, "new", by="训练员", why="", now=clock.now())
        assert "训练员 已提请" in gates(session, tmp_path, clock)["approval"].detail
        promotion.approve(session, "new", by="带班所长", now=clock.now())
        assert all(gate.passed for gate in gates(session, tmp_path, clock).values())


@pytest.mark.parametrize(
    ("read", "told"), [({"u2": False, "c2": False}, "漏报 1 条"), ({"u2": True, "c2": True}, "误报 1 条")]
)
def test_that_a_new_miss_and_a_new_false_page_close_the_gate(
    store: Store, clock: FakeClock, tmp_path: Path, read: dict[str, bool], told: str
) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        again(session, clock, "regression", read)
        gate = gates(session, tmp_path, clock)["regression"]
        assert (gate.passed, told in gate.detail) == (False, True)


def test_that_what_the_live_model_gets_wrong_too_closes_nothing(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        session.execute(sa.delete(Judgement).where(Judgement.of == "regression"))
        for name in ("old", "new"):
            judge(session, name, "regression", {"u2": False}, now=clock.now())
        gate = gates(session, tmp_path, clock)["regression"]
        assert gate.passed
        assert "线上模型也判错" in gate.detail


def test_that_fewer_emergencies_of_the_test_set_close_the_gate(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        again(session, clock, "test", {"u1": False, "c1": False})
        gate = gates(session, tmp_path, clock)["recall"]
        assert (gate.passed, gate.detail) == (False, "1 条紧急消息认出 0 条，线上模型 1 条")


@pytest.mark.parametrize("of", ["test", "regression"])
def test_that_models_are_compared_on_the_set_as_it_is_now_only(
    store: Store, clock: FakeClock, tmp_path: Path, of: str
) -> None:
    name = {"test": "recall", "regression": "regression"}[of]
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        assert gates(session, tmp_path, clock)[name].passed
        digest = written(tmp_path, of, "着火了")
        gate = gates(session, tmp_path, clock)[name]
        assert not gate.passed, "both have read the set of before only"
        assert "后来改过" in gate.detail
        clock.advance(minutes=1)
        judge(session, "new", of, {"u": True}, now=clock.now(), digest=digest)
        assert not gates(session, tmp_path, clock)[name].passed, "the live one has not read it"
        judge(session, "old", of, {"u": True}, now=clock.now(), digest=digest)
        assert gates(session, tmp_path, clock)[name].passed


def lost(session: Session, of: str, *marks: str) -> None:
    """Messages have left a set since the live model was judged on it."""
    found = session.scalars(sa.select(Judgement).where(Judgement.model == "old", Judgement.of == of)).one()
    found.figures = {**found.figures, "lost": list(marks)}
    session.flush()


def test_that_a_message_that_left_the_test_set_closes_the_gate_until_a_leader_overrules(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        lost(session, "test", "!1", "2")
        gate = gates(session, tmp_path, clock)["recall"]
        assert (gate.passed, gate.detail) == (
            False,
            "测试集里少了 2 条线上模型考过的消息（紧急的 1 条），请把它们找回来",
        )
        promotion.promote(session, "new", tmp_path, by="带班所长", now=clock.now(), overrule="这两条写错了")
        assert judging.current(session, "new", "test").figures.get("lost", []) == []  # type: ignore[union-attr]


def test_that_a_message_that_left_the_regression_set_needs_a_leaders_yes_and_is_told(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        lost(session, "regression", judging.mark_of(judging.text_id("救命"), True))
        gate = gates(session, tmp_path, clock)["regression"]
        assert (gate.passed, "没有经所领导同意" in gate.detail) == (False, True)
        row = DataChange(kind="remove_regression", payload={"text": "救命"}, why="重复", made_by="甲", state="done")
        row.made_at = row.due_at = row.applied_at = clock.now()
        session.add(row)
        session.flush()
        assert not gates(session, tmp_path, clock)["regression"].passed, "no leader has agreed"
        row.approved_by = "带班所长"
        session.flush()
        gate = gates(session, tmp_path, clock)["regression"]
        assert (gate.passed, "经所领导同意移出 1 条" in gate.detail) == (True, True)


@pytest.mark.parametrize("put_back", ["by a change", "by hand"])
def test_that_a_leaders_yes_to_a_removal_is_for_that_once(
    store: Store, clock: FakeClock, tmp_path: Path, put_back: str
) -> None:
    """What was put back since and leaves the set again, by an edit of its file, has nobody's yes."""
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())

        def made(kind: str, approved_by: str | None) -> None:
            clock.advance(hours=1)
            at = {"made_at": clock.now(), "due_at": clock.now(), "applied_at": clock.now()}
            session.add(
                DataChange(
                    kind=kind, payload={"text": "救命"}, made_by="甲", state="done", approved_by=approved_by, **at
                )
            )
            session.flush()

        made("add_regression", None)
        made("remove_regression", "带班所长")
        lost(session, "regression", judging.mark_of(judging.text_id("救命"), True))
        assert gates(session, tmp_path, clock)["regression"].passed
        if put_back == "by a change":
            made("add_regression", None)
        else:
            clock.advance(hours=1)
            read = {judging.text_id("救命"): True}
            judge(session, "old", "regression", read, now=clock.now(), digest="with it")
        assert not gates(session, tmp_path, clock)["regression"].passed
        made("remove_regression", "带班所长")
        assert gates(session, tmp_path, clock)["regression"].passed


@pytest.mark.parametrize("of", ["test", "regression"])
def test_that_a_set_that_cannot_be_read_closes_its_gate(
    store: Store, clock: FakeClock, tmp_path: Path, of: str
) -> None:
    name = {"test": "recall", "regression": "regression"}[of]
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        written(tmp_path, of, "着火了")
        (tmp_path / "nlu_data" / of / "messages.jsonl").write_text("{", encoding="utf-8")
        gate = gates(session, tmp_path, clock)[name]
        assert (gate.passed, "读不出来" in gate.detail) == (False, True)


@pytest.mark.parametrize("read", [{"u1": True, "u2": True}, {}])
@pytest.mark.parametrize("of", ["test", "regression"])
def test_that_a_message_over_which_a_model_stumbles_closes_the_gate(
    store: Store, clock: FakeClock, tmp_path: Path, of: str, read: dict[str, bool]
) -> None:
    name = {"test": "recall", "regression": "regression"}[of]
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        again(session, clock, of, read, unread=1)
        gate = gates(session, tmp_path, clock)[name]
        assert (gate.passed, "1 条消息这个模型读不了" in gate.detail) == (False, True)


def test_that_an_emergency_over_which_the_live_model_stumbles_counts_as_one_that_it_pages_for(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        again(session, clock, "test", {"u1": True, "u2": False, "c1": False})
        live = session.scalars(sa.select(Judgement).where(Judgement.model == "old", Judgement.of == "test")).one()
        live.figures = {**live.figures, "unread": 2}
        session.flush()
        gate = gates(session, tmp_path, clock)["recall"]
        assert (gate.passed, gate.detail) == (
            False,
            "2 条紧急消息认出 1 条，线上模型 2 条（其中 1 条它读的时候出错，按认出算）",
        )
        again(session, clock, "test", {"u1": True, "u2": True, "c1": False})
        assert gates(session, tmp_path, clock)["recall"].passed


@pytest.mark.parametrize("of", ["test", "regression"])
def test_that_a_model_that_was_not_judged_is_stopped(store: Store, clock: FakeClock, tmp_path: Path, of: str) -> None:
    name = {"test": "recall", "regression": "regression"}[of]
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        session.execute(sa.delete(Judgement).where(Judgement.model == "new", Judgement.of == of))
        gate = gates(session, tmp_path, clock)[name]
        assert (gate.passed, "评测" in gate.detail) == (False, True)


def test_that_findings_of_the_data_checks_and_a_lost_file_close_their_gates(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
        session.get_one(TrainedModel, "new").findings = ["enquiry/wifi: 5 examples, at least 8 are needed"]
        pointer.file_of(tmp_path / "models", "new").unlink()
        found = gates(session, tmp_path, clock)
        assert not found["data"].passed
        assert "至少要 8 条" in found["data"].detail
        assert not found["file"].passed
