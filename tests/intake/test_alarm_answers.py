"""What is answered to a question asked while help is on its way."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.intake import alarm_answers, wording
from bot.intake.alarm_answers import ANY, AlarmAnswers
from bot.nlu.catalogue import title_of
from bot.nlu.live_file import read_yaml
from bot.nlu.project import ALARM_ANSWERS
from bot.nlu.turns import Turn
from bot.settings import ROOT
from bot.store.models import Reply
from tests.intake.rows import rows
from tests.station import Station

pytestmark = pytest.mark.anyio
ANSWERS = alarm_answers.load()
VALVE, LIFT, SWITCHES = Turn("gas_valve", 1.5), Turn("move_injured", 2.0), Turn("gas_switches", 0.4)


def told(text: str, *asked: Turn, kinds: tuple[str, ...] = ("gas_leak", ANY)) -> str:
    found = ANSWERS.to(text, asked, kinds)
    return found.says if found else ""


def test_that_the_likeliest_question_of_the_cases_kind_is_answered() -> None:
    assert told("阀门我能关不", LIFT, VALVE) == ANSWERS.answers["gas_valve"].says
    assert told("阀门我能关不", LIFT, VALVE, kinds=("medical", ANY)) == ANSWERS.answers["move_injured"].says
    assert told("阀门我能关不", VALVE, kinds=("fraud_transfer", ANY)) == ""


def test_that_what_is_hardly_likely_and_what_asks_nothing_is_left_to_the_officer() -> None:
    assert told("阀门我能关不", replace(VALVE, confidence=0.0)) == ""
    assert told("阀门在灶台底下", VALVE) == ""
    assert told("要不我把阀门拧上", VALVE) == ANSWERS.answers["gas_valve"].says


def test_that_some_answer_must_be_likely_and_one_of_them_more_than_all_others() -> None:
    assert told("阀门我能关不", VALVE) == ANSWERS.answers["gas_valve"].says
    assert told("阀门我能关不", SWITCHES) == ""
    assert told("阀门我能关不", VALVE, SWITCHES) == ANSWERS.answers["gas_valve"].says
    alike = [Turn(name, 1.5) for name in ("gas_valve", "gas_switches", "gas_tell_neighbours")]
    assert told("阀门我能关不", *alike) == ""


def test_that_whoever_only_tells_gets_what_is_meant_for_that_and_only_where_it_is_plain() -> None:
    soaked = Turn("soaked_dressing", 4.0)
    kinds = ("traffic_injury", ANY)
    assert told("布都透了 血还往外渗", soaked, kinds=kinds) == ANSWERS.answers["soaked_dressing"].says
    assert told("布都透了 血还往外渗", replace(soaked, confidence=1.5), kinds=kinds) == ""
    assert told("阀门在灶台底下", replace(VALVE, confidence=6.0)) == ""


def test_that_an_answer_is_not_said_to_words_that_deny_it() -> None:
    here = Turn("good_in_touch", 5.0)
    assert told("她回我消息了", here, kinds=("suicide_other", ANY)) == ANSWERS.answers["good_in_touch"].says
    assert told("她接了又挂了", here, kinds=("suicide_other", ANY)) == ""


def test_that_help_that_came_is_one_thing_whoever_it_is() -> None:
    both = Turn("good_police_here", 3.0), Turn("good_help_here", 2.9)
    assert told("民警和大夫都上来了", *both, kinds=("medical", ANY)) == ANSWERS.answers["good_police_here"].says


def test_that_beside_a_plain_matter_of_its_own_an_answer_must_be_surer() -> None:
    asked = [Turn("complaint_where", 2.9), Turn("help_talk_to_them", 2.0)]
    kinds = ("help_request", "complaint_officer")
    assert ANSWERS.to("我问上哪投诉呢", asked, kinds) is not None
    assert ANSWERS.to("我问上哪投诉呢", asked, kinds, surely=True) is None


def test_that_every_question_has_an_answer_and_every_answer_its_examples() -> None:
    assert set(read_yaml(ROOT / "nlu_data" / "alarm_asked.yml")) - {"none"} == set(ANSWERS.answers)


def test_that_every_kind_of_an_answer_is_one_of_a_case() -> None:
    for name, answer in ANSWERS.answers.items():
        for kind in set(answer.kinds) - {ANY, "tip", "help_request"}:
            names = [f"{label}/{kind}" for label in ("urgent_alarm", "help_request", "tip")]
            assert any(title_of(one) != one for one in names), f"{name}: {kind}"


async def test_that_a_question_in_an_alarm_is_answered_and_another_promised(station: Station) -> None:
    station.rasa.asked["阀门我能关不"] = (VALVE,)
    for text in ("家里煤气漏了，味儿老大了", "阀门我能关不", "你们单位发不发衣服"):
        await station.deliver(text)
    said = [reply.text for reply in rows(station, Reply)]
    answers = [text.startswith(ANSWERS.answers["gas_valve"].says) for text in said]
    assert answers.count(True) == 1
    assert any(wording.ASKED in text for text in said)
    station.phone.take()


async def test_that_a_question_in_english_is_answered_in_english(station: Station) -> None:
    asked = "can I close the gas valve?"
    station.rasa.labels = {"gas leak in my kitchen, please help": "urgent_alarm"}
    station.rasa.intents = {"gas leak in my kitchen, please help": "urgent_alarm/gas_leak"}
    station.rasa.asked[asked] = (VALVE,)
    for text in ("gas leak in my kitchen, please help", asked):
        await station.deliver(text)
    assert rows(station, Reply)[-1].text.startswith(ANSWERS.answers["gas_valve"].english)
    station.phone.take()


def test_that_a_file_that_cannot_be_used_is_told_in_the_trainers_words(tmp_path: Path) -> None:
    path = tmp_path / ALARM_ANSWERS.name
    path.write_text("gas_valve:\n  kinds: [gas_leak]\n  says: ''\n", encoding="utf-8")
    with pytest.raises(alarm_answers.trainers_file.TrainersFileError, match="不能空着"):
        alarm_answers.load(path)
    assert AlarmAnswers().to("能关不", [VALVE], {"gas_leak"}) is None


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("我寻思今晚跟几个哥们蹲他们", True),
        ("我想拿点衣服再走", True),
        ("想从门缝看看", True),
        ("我不想去了", False),
        ("我想打电话的时候他进来了", False),
    ],
)
def test_that_who_plans_something_asks_whether_to(text: str, planned: bool) -> None:
    assert alarm_answers.proposes(text) is planned
