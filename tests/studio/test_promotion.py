"""Asking, approving, promoting, rolling back: the rows, the pointer, the log."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu import pointer
from bot.nlu.pointer import FAILED, LOADING, SERVING, Pointed, Report
from bot.store.models import AuditEntry, Judgement, Promotion, TrainedModel
from bot.store.session import Store, take_turn
from bot.studio import aftermath, gates, promotion, shadow
from bot.studio.promotion import PromotionError, Seen
from bot.studio.trainer import DutyError
from tests.studio.candidates import enter, judge, ready
from tests.world import FakeClock


@pytest.fixture
def station(store: Store, clock: FakeClock, tmp_path: Path) -> Store:
    """A live model and a candidate as good."""
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
    return store


def approved(store: Store, clock: FakeClock, model: str = "new") -> None:
    with store.transaction() as session:
        promotion.request(session, model, by="训练员", why="漏报少了", now=clock.now())
        promotion.approve(session, model, by="带班所长", now=clock.now())


def promote(store: Store, clock: FakeClock, folder: Path, model: str = "new", overrule: str = "") -> Promotion:
    with store.transaction() as session:
        row = promotion.promote(session, model, folder, by="带班所长", now=clock.now(), overrule=overrule)
    promotion.follow(store, folder / "models", now=clock.now())
    return row


def roll_back(store: Store, clock: FakeClock, folder: Path) -> Promotion:
    with store.transaction() as session:
        row = promotion.roll_back(session, folder / "models", by="带班所长", now=clock.now())
    promotion.follow(store, folder / "models", now=clock.now())
    return row


def three_models(store: Store, clock: FakeClock, folder: Path) -> None:
    """ "old", then "new", then "newest", which is live."""
    with store.transaction() as session:
        enter(session, folder, "newest", now=clock.now())
    promote(store, clock, folder, overrule="试")
    promote(store, clock, folder, "newest", overrule="试")


def standings(store: Store) -> dict[str, str]:
    with store.reading() as session:
        return {row.name: row.standing for row in session.scalars(sa.select(TrainedModel))}


def acts(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as session:
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.actor, entry.action, entry.subject) for entry in entries]


def report(folder: Path, clock: FakeClock, server: str, model: str, wanted: str, state: str) -> None:
    error = "试读没有认出紧急警情" if state == FAILED else ""
    pointer.write_report(folder / "models", Report(server, model, wanted, state, error, clock.now().timestamp()))


def test_that_a_model_goes_live_through_its_gates_and_stands_in_the_log(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    approved(station, clock)
    row = promote(station, clock, tmp_path)
    assert (row.model, row.was, row.approved_by, row.reason) == ("new", "old", "带班所长", "漏报少了")
    assert all(gate["passed"] for gate in row.gates)
    assert pointer.live(tmp_path / "models") == "new"
    assert standings(station) == {"old": "retired", "new": "live"}
    assert acts(station) == [
        ("训练员", "model_request", "new"),
        ("带班所长", "model_approve", "new"),
        ("带班所长", "model_promote", "new"),
    ]


def test_that_a_closed_gate_stops_a_model_and_a_reason_passes_it_with_the_gates_kept(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with pytest.raises(PromotionError, match="所领导批准：还没有提请批准"):
        promote(station, clock, tmp_path)
    assert pointer.live(tmp_path / "models") == "old"
    row = promote(station, clock, tmp_path, overrule="线上的模型坏了")
    assert [gate["name"] for gate in row.gates if not gate["passed"]] == ["approval"]
    assert row.reason == "线上的模型坏了"
    assert acts(station) == [("带班所长", "model_overrule", "new")]


def test_that_nobody_approves_what_they_asked_for(station: Store, clock: FakeClock) -> None:
    with station.transaction() as session:
        with pytest.raises(PromotionError, match="还没有人提请"):
            promotion.approve(session, "new", by="带班所长", now=clock.now())
        promotion.request(session, "new", by="带班所长", why="", now=clock.now())
        with pytest.raises(PromotionError, match="另一位所领导"):
            promotion.approve(session, "new", by="带班所长", now=clock.now())
        with pytest.raises(PromotionError, match="已经提请过"):
            promotion.request(session, "new", by="训练员", why="", now=clock.now())


def test_that_no_reason_for_a_model_names_a_person(station: Store, clock: FakeClock, tmp_path: Path) -> None:
    with station.transaction() as session:
        with pytest.raises(PromotionError, match="理由里还有像个人信息的内容：张建国"):
            promotion.request(session, "new", by="训练员", why="张建国的消息判对了", now=clock.now())
        with pytest.raises(PromotionError, match="张建国"):
            promotion.roll_back(session, tmp_path / "models", by="带班所长", now=clock.now(), reason="漏了张建国的报警")
    with pytest.raises(PromotionError, match="张建国"):
        promote(station, clock, tmp_path, overrule="张建国催得急")


@pytest.mark.parametrize("file", ["gone", "changed"])
def test_that_no_reason_lets_a_model_pass_whose_file_is_not_what_was_entered(
    station: Store, clock: FakeClock, tmp_path: Path, file: str
) -> None:
    path = pointer.file_of(tmp_path / "models", "new")
    path.unlink() if file == "gone" else path.write_text("something else")
    approved(station, clock)
    with pytest.raises(PromotionError, match="模型文件"):
        promote(station, clock, tmp_path, overrule="急")


def test_that_what_is_live_or_unknown_is_not_promoted(station: Store, clock: FakeClock, tmp_path: Path) -> None:
    with pytest.raises(PromotionError, match="没有登记过"):
        promote(station, clock, tmp_path, "nothing")
    approved(station, clock)
    promote(station, clock, tmp_path)
    with pytest.raises(PromotionError, match="已经在线上"):
        promote(station, clock, tmp_path, overrule="再来一次")
    with station.transaction() as session, pytest.raises(PromotionError, match="已经在线上"):
        promotion.request(session, "new", by="训练员", why="", now=clock.now())


def test_that_each_roll_back_goes_one_model_further_back(station: Store, clock: FakeClock, tmp_path: Path) -> None:
    three_models(station, clock, tmp_path)
    assert roll_back(station, clock, tmp_path).model == "new"
    assert roll_back(station, clock, tmp_path).model == "old"
    assert pointer.live(tmp_path / "models") == "old"
    assert standings(station) == {"old": "live", "new": "retired", "newest": "retired"}
    with pytest.raises(PromotionError, match="没有可以退回的模型"):
        roll_back(station, clock, tmp_path)
    promote(station, clock, tmp_path, "newest", overrule="再试")
    assert roll_back(station, clock, tmp_path).model == "old", "not the one that was taken back before"


def test_that_an_approval_counts_for_one_promotion(station: Store, clock: FakeClock, tmp_path: Path) -> None:
    approved(station, clock)
    promote(station, clock, tmp_path)
    roll_back(station, clock, tmp_path)
    with pytest.raises(PromotionError, match="还没有提请批准"):
        promote(station, clock, tmp_path)


def test_that_a_crash_between_the_decision_and_the_pointer_is_made_good(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with station.transaction() as session:
        promotion.promote(session, "new", tmp_path, by="带班所长", now=clock.now(), overrule="急")
    assert pointer.live(tmp_path / "models") == "old"
    promotion.watch_over(station, tmp_path / "models", now=clock.now())
    assert pointer.live(tmp_path / "models") == "new"


def test_that_without_a_promotion_the_registry_follows_the_pointer(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    pointer.point_to(tmp_path / "models", "new")
    assert promotion.follow(station, tmp_path / "models", now=clock.now()) == "new"
    assert standings(station) == {"old": "retired", "new": "live"}


def test_that_a_model_has_arrived_when_every_living_server_runs_it(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    promote(station, clock, tmp_path, overrule="急")
    report(tmp_path, clock, "a-1", "new", "new", SERVING)
    report(tmp_path, clock, "b-1", "old", "new", LOADING)
    found = promotion.arrival(tmp_path / "models", clock.now())
    assert found
    assert (found.arrived, found.refused) == (False, ())
    report(tmp_path, clock, "b-1", "old", "new", FAILED)
    found = promotion.arrival(tmp_path / "models", clock.now())
    assert found
    assert [one.server for one in found.refused] == ["b-1"]
    report(tmp_path, clock, "b-1", "new", "new", SERVING)
    found = promotion.arrival(tmp_path / "models", clock.now())
    assert found
    assert found.arrived


def test_that_a_model_that_one_server_refuses_stays_and_one_that_all_refuse_goes(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    promote(station, clock, tmp_path, overrule="急")
    report(tmp_path, clock, "a-1", "new", "new", SERVING)
    report(tmp_path, clock, "b-1", "old", "new", FAILED)
    assert promotion.watch_over(station, tmp_path / "models", now=clock.now()) is None
    report(tmp_path, clock, "a-1", "old", "new", FAILED)
    row = promotion.watch_over(station, tmp_path / "models", now=clock.now())
    assert row
    assert (row.kind, row.model, row.was, row.made_by) == ("automatic", "old", "new", audit.SYSTEM)
    assert "试读没有认出紧急警情" in row.reason
    assert pointer.live(tmp_path / "models") == "old"
    assert acts(station)[-1] == (audit.SYSTEM, "model_automatic", "old")
    assert promotion.watch_over(station, tmp_path / "models", now=clock.now()) is None


def test_that_harm_takes_a_promotion_back_within_a_day_and_everybody_is_told(
    station: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aftermath, "harm", lambda *_args, **_more: "没有模型回答的消息升到 40%")
    promote(station, clock, tmp_path, overrule="急")
    clock.advance(hours=25)
    assert promotion.watch_over(station, tmp_path / "models", now=clock.now()) is None, "nobody looks any more"
    roll_back(station, clock, tmp_path)
    promote(station, clock, tmp_path, overrule="再试")
    clock.advance(hours=1)
    row = promotion.watch_over(station, tmp_path / "models", now=clock.now())
    assert row
    with station.reading() as session:
        told = promotion.problem(session, clock.now())
        assert told
        assert "没有模型回答的消息升到 40%" in told
        clock.advance(hours=25)
        assert promotion.problem(session, clock.now()) is None


def test_that_a_promotion_without_a_model_before_it_cannot_be_taken_back(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with store.transaction() as session:
        enter(session, tmp_path, "new", now=clock.now())
        judge(session, "new", "test", {"u": True}, now=clock.now())
    promote(store, clock, tmp_path, overrule="第一个")
    report(tmp_path, clock, "a-1", "new", "new", FAILED)
    assert promotion.watch_over(store, tmp_path / "models", now=clock.now()) is None


@pytest.mark.parametrize("file", ["gone", "changed"])
def test_that_a_roll_back_passes_over_a_model_whose_file_is_not_what_was_entered(
    station: Store, clock: FakeClock, tmp_path: Path, file: str
) -> None:
    three_models(station, clock, tmp_path)
    path = pointer.file_of(tmp_path / "models", "new")
    path.unlink() if file == "gone" else path.write_text("something else")
    row = roll_back(station, clock, tmp_path)
    assert (row.was, row.model) == ("newest", "old")
    assert pointer.live(tmp_path / "models") == "old"
    with pytest.raises(PromotionError, match="没有可以退回的模型"):
        roll_back(station, clock, tmp_path)


def test_that_a_roll_back_to_nothing_is_refused_and_a_model_that_harms_is_told_of(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    promote(station, clock, tmp_path, overrule="试")
    pointer.file_of(tmp_path / "models", "old").unlink()
    with pytest.raises(PromotionError, match="没有可以退回的模型：old 的文件不见了"):
        roll_back(station, clock, tmp_path)
    report(tmp_path, clock, "a-1", "old", "new", FAILED)
    with pytest.raises(DutyError, match=r"新模型 new 应当退回（没有一台服务器能载入这个模型：.*old 的文件不见了"):
        promotion.watch_over(station, tmp_path / "models", now=clock.now())
    assert pointer.live(tmp_path / "models") == "new"
    assert [act for _, act, _ in acts(station)] == ["model_overrule"]


def test_that_a_server_falls_back_to_no_model_that_was_taken_back_or_never_promoted(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with station.transaction() as session:
        enter(session, tmp_path, "stopped", now=clock.now())
    three_models(station, clock, tmp_path)
    assert list(pointer.candidates(tmp_path / "models")) == ["newest", "new", "old"]
    roll_back(station, clock, tmp_path)
    assert list(pointer.candidates(tmp_path / "models")) == ["new", "old"]
    promote(station, clock, tmp_path, "newest", overrule="再试")
    promote(station, clock, tmp_path, "new", overrule="再试")
    roll_back(station, clock, tmp_path)
    assert list(pointer.candidates(tmp_path / "models")) == ["newest", "old"], "it was live before, too, and taken back"


def test_that_the_pointer_has_the_digests_of_what_was_entered_one_of_old_too(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    with station.reading() as session:
        digests = {row.name: row.sha256 for row in session.scalars(sa.select(TrainedModel))}
    assert pointer.pointed(models) == Pointed("old"), "an earlier version wrote it"
    promotion.follow(station, models, now=clock.now())
    assert pointer.pointed(models) == Pointed("old", digests["old"])
    promote(station, clock, tmp_path, overrule="试")
    assert pointer.pointed(models) == Pointed("new", digests["new"])
    assert pointer.stand_ins(models) == [Pointed("old", digests["old"])]


@pytest.mark.parametrize("file", ["gone", "changed"])
def test_that_a_live_model_that_could_not_be_loaded_again_is_told_of_until_its_file_is_back(
    station: Store, clock: FakeClock, tmp_path: Path, file: str
) -> None:
    models = tmp_path / "models"
    path = pointer.file_of(models, "old")
    assert promotion.watch_over(station, models, now=clock.now()) is None
    path.unlink() if file == "gone" else path.write_text("something else")
    with pytest.raises(DutyError, match=r"线上模型不能再载入：.*old\.tar\.gz"):
        promotion.watch_over(station, models, now=clock.now())
    path.write_text("old")
    assert promotion.watch_over(station, models, now=clock.now()) is None


def test_that_the_pointer_does_not_go_back_to_what_was_read_before_a_decision(
    station: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    three_models(station, clock, tmp_path)
    with station.transaction() as session:
        promotion.roll_back(session, models, by="带班所长", now=clock.now())
    usual = promotion._follows

    def meanwhile(session: Session, folder: Path) -> bool:
        """Between the trainer's look and its act, the console decides and points."""
        found = usual(session, folder)
        monkeypatch.setattr(promotion, "_follows", usual)
        roll_back(station, clock, tmp_path)
        return found

    monkeypatch.setattr(promotion, "_follows", meanwhile)
    assert promotion.follow(station, models, now=clock.now()) == "old"
    assert (pointer.live(models), pointer.fallbacks(models)) == ("old", [])


def test_that_no_file_is_hashed_while_others_wait_for_the_database(
    station: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hashed(_path: Path) -> str:
        raise AssertionError("hashed in a transaction")

    promotion.prepare(station, tmp_path / "models", "new")
    with monkeypatch.context() as patched:
        patched.setattr(pointer, "hashed", hashed)
        promote(station, clock, tmp_path, overrule="试")
    promotion.prepare(station, tmp_path / "models")
    monkeypatch.setattr(pointer, "hashed", hashed)
    roll_back(station, clock, tmp_path)
    pointer.file_of(tmp_path / "models", "new").write_text("something else")
    with pytest.raises(AssertionError, match="hashed"):
        promote(station, clock, tmp_path, overrule="试")


def test_that_a_promotion_and_a_reading_along_do_not_wait_for_each_other_for_ever(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with station.transaction() as session:
        enter(session, tmp_path, "newest", now=clock.now())
        shadow.start(session, "new", by="训练员", now=clock.now())
    usual, begun = take_turn, threading.Event()

    def in_its_turn(session: Session, key: int) -> None:
        """Whoever writes into the log first gives the other the time to come to where it waits."""
        usual(session, key)
        if not begun.is_set():
            begun.set()
            time.sleep(0.3)

    def decide(act: Callable[[Session], object]) -> None:
        with station.transaction() as session:
            act(session)

    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr(audit, "take_turn", in_its_turn)
        first = pool.submit(
            decide,
            lambda session: promotion.promote(session, "new", tmp_path, by="带班所长", now=clock.now(), overrule="急"),
        )
        begun.wait(5)
        second = pool.submit(decide, lambda session: shadow.start(session, "newest", by="训练员", now=clock.now()))
        assert (first.exception(10), second.exception(10)) == (None, None)
    assert standings(station) == {"old": "retired", "new": "live", "newest": "shadow"}


# -- two at once, and pages that are no longer true -------------------------------------------------------------------


def both_at_once(store: Store, act: Callable[[Session, str], Promotion]) -> list[str]:
    """Two leaders do something in the same second; what kept one of them from it."""

    def press(by: str) -> str | None:
        try:
            with store.transaction() as session:
                act(session, by)
                time.sleep(0.3)
        except PromotionError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(2) as pool:
        return [problem for problem in pool.map(press, ("带班所长", "教导员")) if problem]


def test_that_of_two_leaders_who_promote_a_model_in_the_same_second_one_does(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    approved(station, clock)
    refused = both_at_once(
        station, lambda session, by: promotion.promote(session, "new", tmp_path, by=by, now=clock.now())
    )
    assert refused == ["这个模型已经在线上"]
    assert [act for _, act, _ in acts(station)].count("model_promote") == 1


def test_that_two_leaders_who_promote_two_models_in_the_same_second_do_not_undo_each_other(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    with station.transaction() as session:
        enter(session, tmp_path, "newest", now=clock.now())
    chosen, shown = {"带班所长": "new", "教导员": "newest"}, Seen("old", gates.TITLES)

    def press(session: Session, by: str) -> Promotion:
        return promotion.promote(session, chosen[by], tmp_path, by=by, now=clock.now(), overrule="试", seen=shown)

    (refused,) = both_at_once(station, press)
    with station.reading() as session:
        row = session.scalars(sa.select(Promotion)).one()
    assert refused == f"没有换：线上模型刚刚已经是 {row.model}（{row.made_by}上线），请看过再决定"


def test_that_two_leaders_who_roll_back_in_the_same_second_go_one_model_back(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    three_models(station, clock, tmp_path)
    models = tmp_path / "models"
    refused = both_at_once(
        station, lambda session, by: promotion.roll_back(session, models, by=by, now=clock.now(), seen=Seen("newest"))
    )
    assert len(refused) == 1
    assert "线上模型刚刚已经是 new" in refused[0]
    assert promotion.follow(station, tmp_path / "models", now=clock.now()) == "new"


def test_that_a_leader_and_the_station_itself_go_one_model_back_together(
    station: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_models(station, clock, tmp_path)

    def meanwhile(*_args: object, **_more: datetime) -> str:
        roll_back(station, clock, tmp_path)
        return "没有模型回答的消息升到 40%"

    monkeypatch.setattr(aftermath, "harm", meanwhile)
    assert promotion.watch_over(station, tmp_path / "models", now=clock.now()) is None
    assert pointer.live(tmp_path / "models") == "new"


def test_that_a_gate_that_has_closed_since_the_page_was_read_keeps_a_model_from_going_live(
    station: Store, clock: FakeClock, tmp_path: Path
) -> None:
    approved(station, clock)
    clock.advance(seconds=1)
    with station.transaction() as session:
        session.execute(sa.delete(Judgement).where(Judgement.model == "new", Judgement.of == "regression"))
        judge(session, "new", "regression", {"u2": False, "c2": False}, now=clock.now())
    with pytest.raises(PromotionError, match=r"不能上线：回归集：.*漏报 1 条"), station.transaction() as session:
        promotion.promote(session, "new", tmp_path, by="带班所长", now=clock.now(), seen=Seen(None))
    seen = Seen(None, {"data"})
    with pytest.raises(PromotionError, match="又有条件没过，请看过再决定。回归集："), station.transaction() as session:
        promotion.promote(session, "new", tmp_path, by="带班所长", now=clock.now(), overrule="急", seen=seen)
    assert promotion.follow(station, tmp_path / "models", now=clock.now()) == "old"
