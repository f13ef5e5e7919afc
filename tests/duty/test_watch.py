"""Whom the words of a step mean at a moment: by the same plan that the roster's page shows."""

from bot.duty import shifts
from bot.duty.watch import Watch
from tests.duty.rota import Rota, here


def meant(rota: Rota, *who: str) -> str:
    with rota.store.reading() as session:
        officers = Watch(rota.roster).meant_by(session, who, now=rota.clock.now())
    return "".join(officer.name for officer in officers)


def test_that_words_are_looked_up_when_the_page_goes_out(rota: Rota) -> None:
    assert [meant(rota, word) for word in ("在班1", "在班2", "在班", "所领导", "一组", "丁", "全体")] == [
        "甲",
        "乙",
        "甲乙",
        "戊",
        "甲乙",
        "丁",
        "甲乙丙丁戊",
    ]
    rota.clock.advance(hours=12, minutes=30)
    assert (meant(rota, "在班1"), meant(rota, "在班", "所领导")) == ("丙", "丙丁戊")


def test_that_nobody_is_paged_twice_in_one_step(rota: Rota) -> None:
    assert meant(rota, "在班", "甲", "全体") == "甲乙丙丁戊"


def test_that_a_stand_in_is_paged_in_the_place_of_who_is_away(rota: Rota) -> None:
    rota.do(shifts.away, "甲", rota.clock.now(), here(6), stand_in="戊")
    assert (meant(rota, "在班1"), meant(rota, "在班2")) == ("戊", "乙")


def test_that_who_is_away_is_not_paged_as_on_duty_and_the_next_one_moves_up(rota: Rota) -> None:
    rota.do(shifts.away, "甲", rota.clock.now(), here(6))
    assert meant(rota, "在班1") == "乙"


def test_that_a_step_that_means_nobody_means_everybody(rota: Rota) -> None:
    assert meant(rota, "在班3") == "甲乙丙丁戊"
    for officer in ("甲", "乙"):
        rota.do(shifts.away, officer, rota.clock.now(), here(6))
    assert meant(rota, "在班") == "甲乙丙丁戊"


def test_that_the_watch_and_the_plan_agree_on_both_sides_of_every_change(rota: Rota) -> None:
    rota.do(shifts.reinforce, "戊", here(6, 18), here(7, 2))
    rota.do(shifts.away, "丙", here(6, 20), here(9), stand_in="甲")
    for stretch in rota.plan(here(5), here(10)):
        for moment in (stretch.starts_at, stretch.ends_at - (stretch.ends_at - stretch.starts_at) / 100):
            assert rota.on_duty(moment) == "".join(stretch.officers)
