"""Judging: what is read, what is kept, and what is not read twice."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from bot.settings import Settings
from bot.store.models import OF_FORM, TRANSCRIPT, Judgement, Message, Resident
from bot.store.session import Store
from bot.studio import judging, registry
from bot.studio.judging import JudgingError
from bot.studio.reading import Reading
from tests.studio.judged import reading
from tests.world import FakeClock

NAME = "fujin-0123456789ab"
FIRE = {"text": "着火了", "intent": "urgent_alarm/fire"}
THANKS = {"text": "谢谢", "intent": "other/thanks"}


class Reader:
    """A model that takes for a fire what has 火 in it; it remembers what it was asked."""

    asked: ClassVar[list[str]] = []

    def __init__(self, *_arguments: object, **_options: object) -> None:
        pass

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def read(self, texts: Iterable[str]) -> Iterator[Reading | None]:
        for text in texts:
            Reader.asked.append(text)
            label = "urgent_alarm" if "火" in text else "other"
            intent = "urgent_alarm/fire" if "火" in text else "other/thanks"
            shares = {"urgent_alarm": 0.1, "other": 0.1} | {label: 0.9}
            yield Reading(label, intent, 0.9, "model", False, label, intent, shares, (), 0.5, 7.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, var_dir=tmp_path / "var")  # type: ignore[call-arg]


@pytest.fixture
def project(store: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one model, a test message and a regression message."""
    monkeypatch.setattr(judging, "ModelReader", Reader)
    Reader.asked.clear()
    folder = tmp_path / "project"
    write(folder, "test", {"id": "t1", **FIRE}, {"id": "t2", **THANKS})
    write(folder, "regression", {**FIRE, "case": "missed", "why": "", "added": ""})
    (folder / "models").mkdir()
    path = folder / "models" / f"{NAME}.tar.gz"
    path.write_bytes(b"a model")
    with store.transaction() as session:
        registry.register(session, path, data_version="0" * 64, commit=None, by="训练员一", now=clock.now())
    return folder


def write(folder: Path, kind: str, *lines: dict[str, Any]) -> None:
    path = folder / "nlu_data" / kind / "messages.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def message(store: Store, text: str, at: datetime, **more: Any) -> int:
    with store.transaction() as session:
        resident = Resident(openid=f"o-{text}", pseudonym=f"R-{len(text)}{at:%d%H%M%S}", first_seen_at=at)
        session.add(resident)
        session.flush()
        values = {"kind": "text", "state": "done", "read_by_model": True} | more
        row = Message(resident_id=resident.id, key=text, text=text, received_at=at, due_at=at, **values)
        session.add(row)
        session.flush()
        return row.id


def test_that_figures_are_kept_and_no_words(store: Store, clock: FakeClock, settings: Settings, project: Path) -> None:
    wrote = message(store, "我家着火了快来", clock.now() - timedelta(days=2))
    judged = judging.judge(store, NAME, settings, now=clock.now(), project=project)
    assert judged["test"].figures["recall"] == [1, 1]
    assert judged["test"].figures["precision"] == [1, 1]
    assert judged["test"].figures["macro_f1"] == 1.0
    assert judged["regression"].figures["held"] == [1, 1]
    assert judged["replay"].figures["pages"] == 1
    (replayed,) = judged["replay"].readings
    assert (replayed["id"], replayed["urgent"], replayed["wanted"]) == (str(wrote), True, None)
    assert "着火" not in json.dumps([row.readings for row in judged.values()], ensure_ascii=False)


def test_that_nothing_is_read_twice(store: Store, clock: FakeClock, settings: Settings, project: Path) -> None:
    message(store, "有人吗", clock.now())
    judging.judge(store, NAME, settings, now=clock.now(), project=project)
    assert sorted(Reader.asked) == sorted(["着火了", "谢谢", "着火了", "有人吗"])
    Reader.asked.clear()
    judging.judge(store, NAME, settings, now=clock.now(), project=project)
    assert Reader.asked == []
    clock.advance(seconds=5)
    message(store, "煤气着火", clock.now())
    again = judging.judge(store, NAME, settings, now=clock.now(), project=project)
    assert Reader.asked == ["煤气着火"]
    assert again["replay"].figures["messages"] == 2
    with store.reading() as session:
        assert session.scalars(sa.select(sa.func.count()).where(Judgement.of == "replay")).one() == 1


def test_that_a_mended_test_message_is_read_again(
    store: Store, clock: FakeClock, settings: Settings, project: Path
) -> None:
    judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["test"])
    Reader.asked.clear()
    write(project, "test", {"id": "t1", **FIRE, "text": "起火了"}, {"id": "t2", **THANKS})
    with store.reading() as session:
        assert judging.behind(session, [NAME], project=project) == [(NAME, ["test", "regression"])]
    clock.advance(seconds=5)
    judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["test"])
    assert Reader.asked == ["起火了", "谢谢"]
    with store.reading() as session:
        assert judging.behind(session, [NAME], project=project) == [(NAME, ["regression"])]


def test_that_what_leaves_a_set_is_remembered_until_it_is_back_or_a_leader_has_let_it_go(
    store: Store, clock: FakeClock, settings: Settings, project: Path
) -> None:
    help_me = {"id": "t3", "text": "救命", "intent": "urgent_alarm/fire"}
    fire, thanks = {"id": "t1", **FIRE}, {"id": "t2", **THANKS}

    def lost(*lines: dict[str, Any]) -> list[str]:
        clock.advance(minutes=1)
        write(project, "test", *lines)
        judged = judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["test"])
        found: list[str] = judged["test"].figures["lost"]
        return found

    mark = f"!{judging.text_id('救命')}"
    assert lost(fire, thanks, help_me) == []
    assert lost(fire, thanks) == [mark]
    for number in range(4):  # as often as old judgements are dropped
        assert lost(fire, thanks, {"id": f"n{number}", "text": f"又谢{number}", "intent": THANKS["intent"]})[0] == mark
    assert mark not in lost(fire, thanks, help_me)
    assert lost(fire, thanks, {**help_me, "intent": "other/thanks"})[0] == mark, "it is an emergency no more"
    with store.transaction() as session:
        judging.begin_anew(session, NAME)
    assert lost(fire, thanks, {**help_me, "intent": "other/thanks"}) == []


def test_that_what_old_judgements_know_by_number_only_is_not_lost(
    store: Store, clock: FakeClock, settings: Settings, project: Path
) -> None:
    judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["test"])
    with store.transaction() as session:
        row = session.scalars(sa.select(Judgement)).one()
        row.readings = [{name: value for name, value in one.items() if name != "words"} for one in row.readings]
    write(project, "test", {"id": "t1", **FIRE}, {"id": "t2", **THANKS}, {"id": "t3", **THANKS, "text": "多谢"})
    clock.advance(minutes=1)
    again = judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["test"])
    assert again["test"].figures["lost"] == []


def test_that_only_what_a_model_read_in_the_last_weeks_is_replayed(
    store: Store, clock: FakeClock, settings: Settings, project: Path
) -> None:
    message(store, "老早的话", clock.now() - timedelta(weeks=5))
    message(store, "", clock.now(), kind="voice")
    message(store, "没有模型读过", clock.now(), read_by_model=False)
    kept = message(store, "上周的话", clock.now() - timedelta(weeks=1))
    judged = judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["replay"])
    assert [found["id"] for found in judged["replay"].readings] == [str(kept)]


def test_that_voices_with_words_are_replayed_and_no_taps_answers_to_forms_or_words_of_who_objected(
    store: Store, clock: FakeClock, settings: Settings, project: Path
) -> None:
    now = clock.now()
    voice = message(store, "快来救火啊", now, kind="voice", payload={TRANSCRIPT: True})
    message(store, "张示例", now, payload={OF_FORM: True})
    tapped = {"label": "tip", "evidence": [{"rule": "one_tap", "words": ["反映线索"]}]}
    message(store, "反映线索", now, triage=tapped)
    objected = message(store, "别拿我的话训练", now)
    with store.transaction() as session:
        session.get_one(Message, objected).resident.not_for_training = True
    judged = judging.judge(store, NAME, settings, now=now, project=project, sets=["replay"])
    assert [found["id"] for found in judged["replay"].readings] == [str(voice)]


def test_that_a_message_with_the_number_of_an_erased_one_is_read_anew(
    store: Store, clock: FakeClock, settings: Settings, project: Path
) -> None:
    first = message(store, "着火了", clock.now())
    judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["replay"])
    with store.transaction() as session:
        session.delete(session.get_one(Message, first))
    clock.advance(seconds=5)
    again = message(store, "谢谢您了", clock.now(), id=first)
    assert again == first
    judged = judging.judge(store, NAME, settings, now=clock.now(), project=project, sets=["replay"])
    assert [found["urgent"] for found in judged["replay"].readings] == [False]


def test_that_a_file_that_cannot_be_read_is_named(
    store: Store, clock: FakeClock, settings: Settings, project: Path
) -> None:
    (project / "nlu_data" / "regression" / "messages.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    with pytest.raises(JudgingError, match=r"messages.jsonl:1"):
        judging.judge(store, NAME, settings, now=clock.now(), project=project)
    with store.reading() as session:
        assert judging.behind(session, [NAME], project=project) == [(NAME, ["test"])]


def test_that_judging_can_be_ended(store: Store, clock: FakeClock, settings: Settings, project: Path) -> None:
    def end() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        judging.judge(store, NAME, settings, now=clock.now(), project=project, going=end)
    with store.reading() as session:
        assert session.scalars(sa.select(Judgement)).all() == []


@pytest.mark.parametrize(
    ("case", "wanted", "given", "right"),
    [
        ("missed", "urgent_alarm/fire", "urgent_alarm/robbery", True),
        ("missed", "urgent_alarm/fire", "help_request/noise", False),
        ("false_page", "other/thanks", "help_request/noise", True),
        ("false_page", "other/thanks", "urgent_alarm/fire", False),
    ],
)
def test_that_of_the_regression_set_the_page_counts(case: str, wanted: str, given: str, right: bool) -> None:
    assert judging.holds(reading(1, wanted, given, case=case)) is right
