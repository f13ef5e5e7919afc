"""What the page of one model reads."""

from pathlib import Path

from bot.console.studio.comparing import read_model
from bot.store.models import Standing
from bot.store.session import Store
from tests.console.conftest import Rows
from tests.studio.judged import CANDIDATE, LIVE, enter, judge, reading, two_models
from tests.world import FakeClock


def test_that_a_model_is_compared_with_the_live_one_or_with_the_one_asked_for(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    two_models(store, clock.now())
    with store.reading() as session:
        assert read_model(session, "fujin-cccccccccccc", "", project=tmp_path) is None
        candidate = read_model(session, CANDIDATE, "", project=tmp_path)
        live = read_model(session, LIVE, "", project=tmp_path)
        asked = read_model(session, LIVE, CANDIDATE, project=tmp_path)
    assert candidate
    assert live
    assert asked
    assert (candidate.other, live.other, asked.other) == (LIVE, None, CANDIDATE)
    assert candidate.test
    assert candidate.test.candidate.model == CANDIDATE
    assert (candidate.regression, candidate.replay) == (None, None)


def test_that_a_model_shows_its_own_figures_beside_one_that_was_not_judged(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    two_models(store, clock.now())
    enter(store, "fujin-dddddddddddd", Standing.RETIRED, clock.now())
    with store.reading() as session:
        found = read_model(session, CANDIDATE, "fujin-dddddddddddd", project=tmp_path)
        empty = read_model(session, "fujin-dddddddddddd", CANDIDATE, project=tmp_path)
    assert found
    assert found.test
    assert (found.other, found.alone, found.test.live.model) == ("fujin-dddddddddddd", True, CANDIDATE)
    assert empty
    assert empty.test is None


def test_that_replayed_words_are_masked_and_those_around_a_tip_more_so(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    rows = Rows(store, clock)
    resident = rows.resident()
    two_models(store, clock.now())
    plain = rows.message(rows.case(resident, "help_request/noise"), "小河沿路太吵了，我电话13800138000")
    tip = rows.message(rows.case(resident, "help_request/noise"), "小河沿路有人聚赌")
    gone = rows.message(rows.case(resident, "help_request/noise"), "删掉的话")
    for model, given in ((LIVE, "help_request/noise"), (CANDIDATE, "other/thanks")):
        readings = [
            reading(plain.id, None, given),
            reading(tip.id, None, "tip/gambling" if model == CANDIDATE else given),
            reading(gone.id, None, given),
        ]
        judge(store, model, "replay", readings, clock.now())
    with store.transaction() as session:
        session.delete(session.get_one(type(gone), gone.id))
        session.flush()
        found = read_model(session, CANDIDATE, "", project=tmp_path)
    assert found
    assert found.replay
    told = {row.candidate.partition(" ")[0]: row.text for row in found.replay.rows}
    assert len(told) == 2
    assert told["其他"] == "小河沿路太吵了，我电话〔电话〕"
    assert "小河沿路" not in told["线索举报"]
    assert found.replay.counts == (0, 0, 3, 0)


def test_that_replayed_words_of_a_case_that_became_a_tip_are_masked_as_a_tips_and_those_of_who_objected_not_shown(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    rows = Rows(store, clock)
    two_models(store, clock.now())
    tip = rows.message(rows.case(rows.resident(), "tip/gambling"), "我家楼下那家麻将馆天天赌")
    other = rows.resident("R-BBBBBBBB")
    mine = rows.message(rows.case(other, "help_request/noise"), "别拿我的话训练")
    with store.transaction() as session:
        session.merge(other).not_for_training = True
    for model, given in ((LIVE, "help_request/noise"), (CANDIDATE, "other/thanks")):
        judge(store, model, "replay", [reading(one.id, None, given) for one in (tip, mine)], clock.now())
    with store.reading() as session:
        found = read_model(session, CANDIDATE, "", project=tmp_path)
    assert found
    assert found.replay
    (row,) = found.replay.rows
    assert "楼下" not in row.text
    assert "天天赌" in row.text or "赌" in row.text


def test_that_replayed_words_of_a_reporter_after_the_tip_are_masked_as_the_tips(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    rows = Rows(store, clock)
    two_models(store, clock.now())
    reporter = rows.resident()
    rows.message(rows.case(reporter, "tip/gambling"), "有人开设赌场")
    after = rows.words(reporter, "我就住他家楼上，别说是我说的")
    for model, given in ((LIVE, "enquiry/tip_howto"), (CANDIDATE, "other/thanks")):
        judge(store, model, "replay", [reading(after.id, None, given)], clock.now())
    with store.reading() as session:
        found = read_model(session, CANDIDATE, "", project=tmp_path)
    assert found
    assert found.replay
    (row,) = found.replay.rows
    assert "楼上" not in row.text
