"""The actions of the applications, as Rasa's action server runs them."""

import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions import forms as actions
from actions.form_questions import question
from actions.store import close_station_store
from bot.nlu import forms
from bot.nlu.triage import Triage
from bot.nlu.values import _check_digit
from bot.store.models import Application, Case, Message, Resident, WorkState
from bot.store.session import Store
from tests.world import FakeClock

pytestmark = pytest.mark.anyio

DOG, PERMIT = (forms.load().forms[f"{kind}_form"] for kind in ("dog_licence", "residence_permit"))
TODAY = date(2026, 11, 25)
NUMBER = "21010419860307001" + _check_digit("21010419860307001")
FILLED = {
    "consent": True,
    "name": "赵小满",
    "id_number": NUMBER,
    "phone": "13800138021",
    "address": "大东路66号2单元301",
    "dog_name": "旺财",
    "dog_breed": "柯基",
    "dog_colour": "黄白",
    "vaccinated_on": "2026-09-03",
    "photo_dog_front": "11",
    "photo_dog_side": "12",
    "photo_vaccine": "13",
}
TEXTS = {name: value for name, value in FILLED.items() if not name.startswith("photo") and name != "consent"}
FOLLOWS = "the action that follows"
Said = tuple[dict[str, Any], list[str]]
"""Slots set by the action, with the action that it asks for next, and its texts."""


class _Today(date):
    """A day that stands still."""

    @classmethod
    def today(cls) -> date:  # type: ignore[override]
        return TODAY


@pytest.fixture(autouse=True)
def _a_day_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(actions, "date", _Today)
    yield
    close_station_store()


@pytest.fixture(scope="session")
def server() -> ActionExecutor:
    executor = ActionExecutor()
    executor.register_package("actions")
    return executor


async def fill(
    server: ActionExecutor,
    text: str,
    *,
    requested: str | None = None,
    filled: dict[str, Any] | None = None,
    form: forms.Form = DOG,
    intent: str = "form_answer",
    photo: bool = False,
    before: Sequence[dict[str, Any]] = (),
    after: Sequence[dict[str, Any]] = (),
    besides: dict[str, str] | None = None,
) -> Said:
    """The slots that the form's action sets for a message of the channel, and what it says before it asks on.

    `before`, `after`: what happened before and since the message; `besides`: the channel found that it asks as well.
    """
    message = {"text": text, "intent": {"name": intent}, "metadata": {"message_id": "17", "photo": photo}}
    message |= {forms.BESIDES: besides} if besides else {}
    tracker = {
        "sender_id": "R-A",
        "slots": {**dict.fromkeys(form.slots), **(filled or {}), actions.REQUESTED: requested},
        "latest_message": message,
        "active_loop": {"name": form.name},
        "events": [*before, {"event": "user", "text": text}, *after],
    }
    slots, said = await _run(server, f"validate_{form.name}", tracker)
    questions = {question(form, slot, {})["text"] for slot in form.slots[:-1]}
    return slots, [text for text in said if text not in questions and not text.startswith(("请核对", form.why + "\n"))]


async def submit(server: ActionExecutor, *, message: int, slots: dict[str, Any], sender: str = "R-A") -> Said:
    """What happens when the form has just ended with these slots."""
    tracker = {
        "sender_id": sender,
        "slots": {**dict.fromkeys(DOG.slots), **slots},
        "latest_message": {"text": "确认", "metadata": {"message_id": str(message)}},
        "active_loop": {},
        "events": [{"event": "active_loop", "name": DOG.name}, {"event": "active_loop", "name": None}],
    }
    return await _run(server, "action_submit_application", tracker)


async def _run(server: ActionExecutor, action: str, tracker: dict[str, Any]) -> Said:
    result = await server.run({"next_action": action, "tracker": tracker, "domain": {}})
    assert result is not None
    answer = result.model_dump()
    slots = {event["name"]: event["value"] for event in answer["events"] if event["event"] == "slot"}
    follows = [event["name"] for event in answer["events"] if event["event"] == "followup"]
    said = [response["text"] or response["response"] for response in answer["responses"]]
    return ({**slots, FOLLOWS: follows} if follows else slots), said


# -- filling in -----------------------------------------------------------------------------------------------------


async def test_that_an_answer_fills_the_slot_that_was_asked_for(server: ActionExecutor) -> None:
    assert await fill(server, "赵小满", requested="name") == ({"name": "赵小满"}, [])
    assert await fill(server, "大概去年三月来的", requested="lived_since", form=PERMIT) == (
        {"lived_since": "2025-03"},
        [],
    )


async def test_that_one_message_fills_what_it_holds(server: ActionExecutor) -> None:
    slots, said = await fill(server, f"同意，我叫赵小满，{NUMBER}，13800138021", requested="consent")
    assert slots == {"consent": True, "name": "赵小满", "id_number": NUMBER, "phone": "13800138021"}
    assert said == []


async def test_that_data_sent_where_consent_was_asked_for_are_consent_and_told_so(server: ActionExecutor) -> None:
    slots, said = await fill(server, f"我叫赵小满，{NUMBER}", requested="consent")
    assert slots == {"name": "赵小满", "id_number": NUMBER, "consent": True}
    assert "".join(said).count("不办了") == 1


async def test_that_what_came_before_consent_was_asked_for_waits_for_it(server: ActionExecutor) -> None:
    kept = {"name": "赵小满", "id_number": NUMBER}
    slots, said = await fill(server, "先问下安不安全", requested="consent", filled=kept)
    assert slots.get("consent") is None
    assert [line for line in said if "同意" in line] == ["要办就回“同意”，或者接着发资料；不办回“不办了”。"]
    slots, said = await fill(server, "狗叫旺财", requested="consent", filled=kept)
    assert "只用来办这件事" not in "".join(said)


async def test_that_what_was_not_asked_for_is_acknowledged(server: ActionExecutor) -> None:
    slots, said = await fill(server, "灰色的", requested="dog_name", filled={"consent": True})
    assert (slots, said) == ({"dog_colour": "灰色"}, ["记下了，毛色：灰色。"])


async def test_that_what_is_asked_besides_is_answered_and_the_value_kept(server: ActionExecutor) -> None:
    text, told = "狗叫毛豆 这个要多少钱", "狗叫毛豆"
    asked = {"told": told, "utter": "utter_enquiry/dog_fee"}
    assert await fill(server, text, requested="dog_name", besides=asked) == (
        {"dog_name": "毛豆"},
        ["utter_enquiry/dog_fee"],
    )
    slots, said = await fill(server, text, requested="dog_name", besides={"told": told, "aside": "privacy"})
    assert slots == {"dog_name": "毛豆"}
    assert said[0].startswith("填的内容只用来办")
    assert (await fill(server, text, requested="dog_name", besides={"told": told, "remark": "是。"}))[1] == ["是。"]


async def test_that_what_is_asked_about_filling_in_is_answered(server: ActionExecutor) -> None:
    slots, said = await fill(server, "照片自己拍就行呗", requested="photo_dog_front")
    assert slots == {"photo_dog_front": None}
    assert "手机" in said[0]


async def test_that_whoever_wants_to_see_what_is_filled_sees_it(server: ActionExecutor) -> None:
    slots, said = await fill(
        server, "我再看看前面填的", requested="phone", filled={"name": "赵小满", "id_number": NUMBER}
    )
    assert slots == {"phone": None}
    assert "姓名：赵小满" in said[0]
    assert NUMBER not in said[0]


async def test_that_a_useless_photo_is_replaced_by_the_next_one_and_confirms_nothing(
    server: ActionExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def useless(form: forms.Form, filled: Any) -> list[str]:
        return ["photo_dog_front"]

    monkeypatch.setattr(actions, "_useless_photos", useless)
    slots, said = await fill(server, "[图片]", requested="photo_vaccine", filled=FILLED, photo=True)
    assert slots == {"photo_dog_front": "17"}
    assert "换掉了原来的“狗的正面照”" in said[0]
    slots, _ = await fill(server, "确认", requested="confirmed", filled=FILLED)
    assert slots == {"photo_dog_front": None}


@pytest.mark.parametrize(
    ("requested", "text", "told"),
    [
        ("id_number", NUMBER[:-1], "18位"),
        ("phone", "1380013802", "11位"),
        ("vaccinated_on", "2024年3月打的", "超过12个月"),
        ("address", "小河沿路那边", "门牌号"),
    ],
)
async def test_that_a_value_that_cannot_be_right_is_told_and_asked_again(
    server: ActionExecutor, requested: str, text: str, told: str
) -> None:
    slots, (said,) = await fill(server, text, requested=requested)
    assert slots == {requested: None}
    assert told in said


async def test_that_a_good_value_beside_a_bad_one_is_kept(server: ActionExecutor) -> None:
    slots, (said,) = await fill(server, f"13800138021，{NUMBER[:-1]}", requested="id_number")
    assert slots["phone"] == "13800138021"
    assert "id_number" not in slots
    assert "18位" in said


async def test_that_words_that_say_nothing_are_asked_again_and_told_how_to_stop(server: ActionExecutor) -> None:
    slots, (said,) = await fill(server, "这个嘛说来话长咱们回头慢慢唠", requested="phone")
    assert slots == {"phone": None}
    assert "不办了" in said


async def test_that_a_correction_without_the_value_is_asked_and_with_it_taken(server: ActionExecutor) -> None:
    slots, _ = await fill(server, "手机号写错了", requested="confirmed", filled=FILLED)
    assert slots == {"phone": None, actions.REQUESTED: "phone"}
    slots, _ = await fill(server, "手机号改成13800138099", requested="confirmed", filled=FILLED)
    assert slots == {"phone": "13800138099"}


async def test_that_a_fierce_breed_is_told_and_left_to_the_officer(server: ActionExecutor) -> None:
    breed = sorted(forms.load().fierce)[0]
    slots, (said,) = await fill(server, breed, requested="dog_breed")
    assert slots == {"dog_breed": breed}
    assert "民警核定" in said


# -- photos ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "filled", "expected", "told"),
    [
        ("photo_dog_side", {"photo_dog_front": "11"}, {"photo_dog_side": "17"}, ""),
        ("phone", {}, {"photo_dog_front": "17"}, "先当“狗的正面照”记着"),  # nobody has asked for one: it may be any
        ("phone", {"photo_dog_front": "11"}, {"photo_dog_side": "17"}, "先当“狗的侧面照”记着"),
        ("confirmed", FILLED, {"confirmed": None}, "已经齐了"),  # nobody knows which of them it is to replace
        ("consent", {}, {"photo_dog_front": "17", "consent": True}, "不办了"),  # sent of their own accord
        ("consent", TEXTS, {"photo_dog_front": "17", "consent": True}, "不办了"),  # and the first photo is next
    ],
)
async def test_that_a_photo_goes_where_one_is_wanted(
    server: ActionExecutor, requested: str, filled: dict[str, Any], expected: dict[str, Any], told: str
) -> None:
    slots, said = await fill(server, "[图片]", requested=requested, filled=filled, photo=True)
    assert slots == expected
    assert told in "".join(said)
    assert bool(told) == bool(said)


async def test_that_a_photo_sent_too_early_goes_where_the_next_words_say(server: ActionExecutor) -> None:
    sent = {"event": "user", "text": "[图片]", "metadata": {"message_id": "16", "photo": True}}
    filled = {"photo_dog_front": "16"}
    slots, said = await fill(server, "免疫证照片", requested="phone", filled=filled, before=[sent])
    assert slots == {"photo_vaccine": "16", "photo_dog_front": None}
    assert "记作“免疫证照片”" in said[0]


async def test_that_words_behind_a_photo_that_say_what_it_was_taken_for_are_acknowledged(
    server: ActionExecutor,
) -> None:
    sent = {"event": "user", "text": "[图片]", "metadata": {"message_id": "16", "photo": True}}
    filled = {"photo_dog_front": "16"}
    slots, said = await fill(server, "这张是正面", requested="phone", filled=filled, before=[sent])
    assert slots == {"phone": None}
    assert "记作“狗的正面照”" in said[0]


async def test_that_words_behind_a_photo_that_tell_the_day_asked_for_are_no_caption(server: ActionExecutor) -> None:
    sent = {"event": "user", "text": "[图片]", "metadata": {"message_id": "16", "photo": True}}
    told = {"requested": "vaccinated_on", "filled": {"photo_dog_front": "16"}, "before": [sent]}
    slots, _ = await fill(server, "狂犬疫苗是3月9号打的", **told)
    assert set(slots) == {"vaccinated_on"}


async def test_that_a_photo_beside_those_that_were_wanted_goes_where_the_next_words_say(server: ActionExecutor) -> None:
    sent = {"event": "user", "text": "[图片]", "metadata": {"message_id": "16", "photo": True}}
    slots, said = await fill(server, "换正面那张", requested="confirmed", filled=FILLED, before=[sent])
    assert slots == {"photo_dog_front": "16"}
    assert "换掉了原来的“狗的正面照”" in said[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这张是正面的，重拍的", {"photo_dog_front": "16", "photo_dog_side": None}),
        ("刚才那张发错了，我重发", {"photo_dog_side": None, "requested_slot": "photo_dog_side"}),
    ],
)
async def test_that_a_photo_taken_anew_replaces_the_one_that_it_stands_for(
    server: ActionExecutor, text: str, expected: dict[str, Any]
) -> None:
    sent = {"event": "user", "text": "[图片]", "metadata": {"message_id": "16", "photo": True}}
    filled = {"photo_dog_front": "11", "photo_dog_side": "16"}
    slots, _ = await fill(server, text, requested="photo_vaccine", filled=filled, before=[sent])
    assert slots == expected


@pytest.mark.parametrize(
    ("caption", "expected", "told"),
    [
        ("这个是打狂犬疫苗那个本", "photo_vaccine", "记作“免疫证照片”"),
        ("先发侧面的", "photo_dog_side", "记作“狗的侧面照”"),
        ("正面和侧面都在这", "photo_dog_front", ""),
        ("疫苗证也要拍吗", "photo_dog_front", ""),
        ("好的", "photo_dog_front", ""),
    ],
)
async def test_that_a_photo_is_filed_as_what_was_said_of_it(
    server: ActionExecutor, caption: str, expected: str, told: str
) -> None:
    before = [{"event": "user", "text": caption}]
    slots, said = await fill(server, "[图片]", requested="photo_dog_front", photo=True, before=before)
    assert slots == {expected: "17"}
    assert told in "".join(said)


async def test_that_words_that_have_filed_one_photo_say_nothing_of_the_next(server: ActionExecutor) -> None:
    corrected = [
        {"event": "user", "text": "这张还是正面，重拍的"},
        {"event": "slot", "name": "photo_dog_front", "value": "16"},
        {"event": "slot", "name": "photo_dog_side", "value": None},
    ]
    filled = {"photo_dog_front": "16"}
    slots, _ = await fill(server, "[图片]", requested="photo_dog_side", filled=filled, photo=True, before=corrected)
    assert slots == {"photo_dog_side": "17"}


async def test_that_agreeing_once_more_is_no_riddle(server: ActionExecutor) -> None:
    slots, said = await fill(server, "同意", requested="phone", filled={"consent": True})
    assert slots == {"phone": None}
    assert "没看懂" not in "".join(said)


# -- aside ----------------------------------------------------------------------------------------------------------


async def test_that_what_is_missing_is_told_and_the_question_stays(server: ActionExecutor) -> None:
    filled = {name: value for name, value in FILLED.items() if name not in ("phone", "photo_vaccine")}
    slots, (said,) = await fill(server, "还差啥", requested="phone", filled=filled)
    assert slots == {"phone": None}
    assert said == "还没提交，还差2项：手机号、免疫证照片。"
    _, (done, again) = await fill(server, "接着昨天那个", requested="phone", filled=filled)
    assert "住址" in done
    assert again == said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("你们存多久，谁能看到我的身份证", "由派出所确认"),
        ("来客人了，先不聊", "填过的都在"),
        ("看不懂，写简单点", "窗口"),
        ("我是聋人，听不见", "打字"),
    ],
)
async def test_that_what_is_said_about_filling_in_is_answered(server: ActionExecutor, text: str, told: str) -> None:
    slots, said = await fill(server, text, requested="phone", filled={"name": "赵小满"})
    assert slots == {"phone": None}
    assert told in "".join(said)


async def test_that_a_form_can_wait(server: ActionExecutor) -> None:
    slots, (said,) = await fill(server, "没带，回家再填", requested="phone", filled={"name": "赵小满"})
    assert slots == {"phone": None}
    assert "填过的都在" in said


async def test_that_who_leaves_behind_an_answer_is_asked_nothing(server: ActionExecutor) -> None:
    slots, said = await fill(server, "13940286661 来病人了先不说了", requested="phone", filled={"name": "赵小满"})
    assert slots["phone"] == "13940286661"
    assert "填过的都在" in said[-1]
    assert "下一项是“身份证号”" in said[-1]


async def test_that_who_hands_in_too_early_is_told_what_is_missing_and_that_a_papers_number_is_not(
    server: ActionExecutor,
) -> None:
    filled = {name: value for name, value in FILLED.items() if name != "photo_vaccine"}
    slots, said = await fill(server, "都对 编号SYQ2026-11402 可以提交了", requested="photo_vaccine", filled=filled)
    assert slots == {"photo_vaccine": None}
    assert "不用填" in said[0]
    assert "还差1项：免疫证照片" in said[1]


LATER = [{"event": "user", "text": "来单了"}, {"event": "bot", "text": actions._LATER.format(next="。")}]


async def test_that_a_question_beside_a_form_that_waits_is_answered_and_the_form_waits_on(
    server: ActionExecutor,
) -> None:
    _, said = await fill(server, "不留电话行不", requested="phone", filled={"name": "赵小满"}, before=LATER)
    assert (len(said), said[-1]) == (2, actions._STILL_KEPT)
    spoken = [{"event": "action", "name": "utter_enquiry"}, {"event": "bot", "text": "昼夜有人。"}]
    asked = await fill(server, "几点关门", requested="phone", intent="enquiry", before=LATER, after=spoken)
    assert asked == ({}, [actions._STILL_KEPT])


async def test_that_what_the_form_does_not_ask_for_is_named_and_does_no_harm(server: ActionExecutor) -> None:
    filled = {"name": "赵小满", "dog_name": "豆豆"}
    _, (said,) = await fill(server, "豆豆四岁了 刚才说错了", requested="vaccinated_on", filled=filled)
    assert said == "知道了。年龄表里不用填，说错了也不要紧。"


async def test_that_a_form_begun_beside_another_tells_what_it_takes_over_and_that_the_other_waits(
    server: ActionExecutor,
) -> None:
    told = {"name": "赵小满", "id_number": NUMBER, "dog_name": "旺财"}
    _, said = await fill(server, "那先办居住证", filled=told, form=PERMIT, intent="apply_residence_permit")
    assert said[0].startswith("犬证那份先放着")
    assert any(line.startswith("前面说过的先替您记上了：姓名：赵小满；身份证号：210104********") for line in said)


async def test_that_giving_up_empties_the_form(server: ActionExecutor) -> None:
    slots, (said,) = await fill(server, "不办了", requested="phone", filled=FILLED)
    assert slots == {**dict.fromkeys(DOG.slots), actions.REQUESTED: None}
    assert "没有提交" in said


async def test_that_giving_up_one_form_takes_nothing_from_the_other_that_waits(server: ActionExecutor) -> None:
    told = {"name": "赵小满", "ground": "上班", "dog_name": "旺财"}
    slots, _ = await fill(server, "不办了", requested="phone", filled=told, form=PERMIT)
    assert slots["ground"] is None
    assert "name" not in slots


async def test_that_what_the_channel_calls_no_answer_is_left_alone(server: ActionExecutor) -> None:
    assert await fill(server, "身份证丢了怎么补", requested="name", intent="enquiry") == ({}, [])
    spoken = [{"event": "action", "name": "utter_enquiry"}, {"event": "bot", "text": "……"}]
    assert await fill(server, "赵小满", requested="name", after=spoken) == ({}, [])


# -- handing in -----------------------------------------------------------------------------------------------------


@pytest.fixture
def _resident(store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has sent the messages 1 to 20, and a stranger with the 21st."""
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))
    with store.transaction() as session:
        for pseudonym, numbers in (("R-A", range(1, 21)), ("R-B", range(21, 22))):
            resident = Resident(openid=f"o{pseudonym}", pseudonym=pseudonym, first_seen_at=clock.now())
            session.add(resident)
            session.flush()
            for number in numbers:
                session.add(_message(number, resident, clock))


def _message(number: int, resident: Resident, clock: FakeClock) -> Message:
    return Message(
        id=number,
        resident_id=resident.id,
        key=f"msg:{number}",
        kind="text",
        text="",
        payload={},
        received_at=clock.now(),
        state=WorkState.DONE,
        due_at=clock.now(),
    )


CONFIRMED = {**FILLED, "confirmed": True}


@pytest.mark.usefixtures("_resident")
async def test_that_a_confirmed_form_is_handed_in_once_however_often_its_message_is_handled(
    server: ActionExecutor, store: Store
) -> None:
    slots, (said,) = await submit(server, message=17, slots=CONFIRMED)
    again = await submit(server, message=17, slots=CONFIRMED)
    with store.reading() as session:
        (application,) = session.scalars(sa.select(Application))
        assert application.kind == "dog_licence"
        assert application.receipt
        assert application.receipt in said
        assert application.photos == {"photo_dog_front": [11], "photo_dog_side": [12], "photo_vaccine": [13]}
        assert application.answers["id_number"] == NUMBER
    assert slots == dict.fromkeys(DOG.slots)
    assert again == (slots, [said])


@pytest.mark.usefixtures("_resident")
async def test_that_two_confirmed_forms_are_two_applications(server: ActionExecutor, store: Store) -> None:
    await submit(server, message=17, slots=CONFIRMED)
    await submit(server, message=18, slots=CONFIRMED)
    with store.reading() as session:
        assert len(set(session.scalars(sa.select(Application.receipt)))) == 2


@pytest.mark.usefixtures("_resident")
async def test_that_a_form_that_was_given_up_hands_in_nothing(server: ActionExecutor, store: Store) -> None:
    assert await submit(server, message=17, slots={}) == ({}, [])
    with store.reading() as session:
        assert session.scalars(sa.select(Application)).all() == []


@pytest.mark.usefixtures("_resident")
async def test_that_nobody_hands_in_by_anothers_message(server: ActionExecutor, store: Store) -> None:
    slots, (said,) = await submit(server, message=21, slots=CONFIRMED)
    assert slots == {"confirmed": None, FOLLOWS: [DOG.name]}
    assert "没存上" in said
    with store.reading() as session:
        assert session.scalars(sa.select(Application)).all() == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@127.0.0.1:1/fujin",
        "sqlite:////proc/none/fujin.db",
        "sqlite:///{folder}/empty.db",  # not migrated
    ],
)
async def test_that_a_database_that_is_away_keeps_the_form(
    server: ActionExecutor, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", url.format(folder=tmp_path))
    slots, (said,) = await submit(server, message=17, slots=CONFIRMED)
    assert slots == {"confirmed": None, FOLLOWS: [DOG.name]}, "asked again, with everything else still there"
    assert "填的都还在" in said


# -- how it stands --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_resident")
async def test_that_one_hears_how_ones_own_affairs_stand_and_nobody_elses(
    server: ActionExecutor, store: Store, clock: FakeClock
) -> None:
    await submit(server, message=17, slots=CONFIRMED)
    with store.transaction() as session:
        resident = session.scalars(sa.select(Resident).where(Resident.pseudonym == "R-A")).one()
        case = Case(
            resident_id=resident.id,
            label="help_request",
            intent="help_request/lost_pet",
            uncertain=False,
            silent=False,
            evidence=[],
            opened_at=clock.now(),
            updated_at=clock.now(),
        )
        session.add(case)
    told = {}
    for sender in ("R-A", "R-B"):
        tracker = {"sender_id": sender, "slots": {}, "latest_message": {"text": "进度"}, "events": []}
        _, (told[sender],) = await _run(server, "action_status", tracker)
    assert "犬证申请" in told["R-A"]
    assert "等民警审核" in told["R-A"]
    assert "宠物走失" in told["R-A"]
    assert "没查到" in told["R-B"]


# -- what was told before ---------------------------------------------------------------------------------------------


def told(text: str, label: str = "enquiry") -> dict[str, Any]:
    """An earlier message as the conversation keeps it."""
    triage = {"label": label, "confidence": 0.9, "intent": f"{label}/any", "source": "model", "evidence": []}
    return {"event": "user", "text": text, "timestamp": time.time(), "parse_data": {"text": text, "triage": triage}}


async def test_that_a_form_begins_with_what_was_told_before_and_says_so(server: ActionExecutor) -> None:
    before = [told("我家养个小泰迪 听说不上牌子罚钱 真的假的")]
    slots, said = await fill(server, "给我办一个吧 我叫赵小满", intent="apply_dog_licence", before=before)
    assert slots == {"name": "赵小满", "dog_breed": "泰迪"}
    assert "品种：泰迪" in "".join(said)


async def test_that_whoever_may_not_apply_yet_is_told_when_and_begins_nothing(server: ActionExecutor) -> None:
    text = "来沈阳俩月了想办居住证"
    slots, said = await fill(server, text, intent="apply_residence_permit", form=PERMIT)
    assert not any(slots.values())
    assert "满半年" in said[0]
    assert len(said) == 1


async def test_that_what_is_filled_in_is_told_with_what_is_missing(server: ActionExecutor) -> None:
    _, said = await fill(server, "给我看看填的对不对", requested="phone", filled={"consent": True, "name": "赵小满"})
    assert any("还没提交，还差10项" in line for line in said)


async def test_that_a_month_is_shown_as_a_month(server: ActionExecutor) -> None:
    filled = {"consent": True, "name": "赵小满", "vaccinated_on": "2026-03"}
    _, said = await fill(server, "给我看看填的对不对", requested="phone", filled=filled)
    assert "狂犬疫苗日期：2026年3月" in "".join(said)


async def test_that_a_stopped_form_is_told_to_be_stopped(
    server: ActionExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told(dispatcher: CollectingDispatcher, sender: str, find: Any) -> list[dict[str, Any]]:
        dispatcher.utter_message(text=find.keywords["stopped"])
        return []

    monkeypatch.setattr("actions.status.answer_with", told)
    stopped = {"event": "bot", "text": actions.CANCELLED.format(says=DOG.says)}
    message = {"text": "我那个还在办着吗", "intent": {"name": "ask_status"}, "metadata": {}}
    tracker = {"sender_id": "R-A", "slots": {}, "latest_message": message, "active_loop": {}, "events": [stopped]}
    _, said = await _run(server, "action_status", tracker)
    assert said == ["没有在办：犬证申请按您说的停了，没有提交。想接着办，说“我要办犬证”就行。"]


async def test_that_a_stopped_form_that_is_taken_up_again_begins_anew_and_says_so(server: ActionExecutor) -> None:
    stopped = {"event": "bot", "text": actions.CANCELLED.format(says=DOG.says)}
    _, said = await fill(server, "昨天那个狗证接着办", intent="apply_dog_licence", before=[stopped])
    assert "从头填" in said[0]
    _, said = await fill(server, "我要办狗证", intent="apply_dog_licence", before=[stopped])
    assert not any("从头填" in line for line in said)


async def test_that_a_span_told_now_counts_more_than_one_told_before(server: ActionExecutor) -> None:
    before = [told("我从黑龙江齐齐哈尔来的 刚来四个月 居住证能办吗")]
    text = "我又来啦 现在满七个月了 同意 我叫宋佳莹"
    slots, _ = await fill(server, text, intent="apply_residence_permit", form=PERMIT, before=before)
    assert slots["consent"] is True
    assert slots["household_place"] == "黑龙江齐齐哈尔"
    assert slots["lived_since"]


async def test_that_a_form_that_is_complete_only_has_to_be_confirmed(server: ActionExecutor) -> None:
    _, said = await fill(server, "批没批", requested="confirmed", filled=FILLED)
    assert any("回“确认”就交" in line for line in said)


# -- leaving and coming back ----------------------------------------------------------------------------------------


def said_by_bot(text: str) -> dict[str, Any]:
    return {"event": "bot", "text": text}


async def everything_said(server: ActionExecutor, text: str, requested: str, *before: dict[str, Any]) -> list[str]:
    """All that is told to a message, with the question behind it."""
    tracker = {
        "sender_id": "R-A",
        "slots": {**dict.fromkeys(DOG.slots), "name": "赵小满", actions.REQUESTED: requested},
        "latest_message": {"text": text, "intent": {"name": "form_answer"}, "metadata": {"message_id": "17"}},
        "active_loop": {"name": DOG.name},
        "events": [*before, {"event": "user", "text": text}],
    }
    return (await _run(server, f"validate_{DOG.name}", tracker))[1]


async def test_that_whoever_goes_away_is_told_what_comes_next_and_asked_nothing(server: ActionExecutor) -> None:
    (told,) = await everything_said(server, "先不填了 我出去一趟", "phone")
    assert "下一项是“手机号”" in told
    assert "（3/11）" not in told
    (told,) = await everything_said(server, "先不填了 我出去一趟", "consent")
    assert "同意" in told


async def test_that_thanks_behind_that_are_no_consent_and_end_it(server: ActionExecutor) -> None:
    (waits,) = await everything_said(server, "先不填了 我出去一趟", "consent")
    for polite in ("好的谢谢", "嗯嗯", "谢谢您 我再找找"):
        assert await everything_said(server, polite, "consent", said_by_bot(waits)) == [actions._RESTING]
    answered = [{"event": "user", "text": "先不填了 带啥"}, said_by_bot(waits), said_by_bot("身份证、免疫证明。")]
    assert await everything_said(server, "好滴谢谢", "phone", *answered) == [actions._RESTING]
    slots, _ = await fill(server, "同意", requested="consent", before=[said_by_bot(waits)])
    assert slots == {"consent": True}
    slots, _ = await fill(server, "13800138021", requested="phone", before=[said_by_bot(waits)])
    assert slots == {"phone": "13800138021"}


async def test_that_going_on_where_consent_was_asked_for_gives_it(server: ActionExecutor) -> None:
    slots, said = await fill(server, "回来了 接着办狗的", requested="consent", filled={"name": "赵小满"})
    assert slots == {"consent": True}
    assert actions.GIVING_AGREES in said
    slots, _ = await fill(server, "我回来了", requested="consent", filled={"name": "赵小满"})
    assert slots == {"consent": None}


async def test_that_what_is_put_right_is_told_again(server: ActionExecutor) -> None:
    filled = {"consent": True, "name": "赵小满", "phone": "13800138021"}
    slots, said = await fill(server, "柯基 手机号写错了 是13900139000", requested="dog_breed", filled=filled)
    assert slots == {"phone": "13900139000", "dog_breed": "柯基"}
    assert said == ["改好了，手机号：13900139000。"]


async def test_that_what_answered_a_question_is_no_caption_of_the_next_picture(server: ActionExecutor) -> None:
    words = "疫苗今年三月打的 本儿在"
    before = [
        {"event": "user", "text": words},
        {"event": "slot", "name": "vaccinated_on", "value": "2026-03"},
        said_by_bot("（9/11）请发一张狗的正面照片"),
    ]
    slots, _ = await fill(server, "[图片]", requested="photo_dog_front", photo=True, before=before)
    assert slots == {"photo_dog_front": "17"}
    before = [{"event": "user", "text": "这个是疫苗本"}, said_by_bot("（9/11）请发一张狗的正面照片")]
    slots, _ = await fill(server, "[图片]", requested="photo_dog_front", photo=True, before=before)
    assert slots == {"photo_vaccine": "17"}


async def test_that_a_question_behind_a_picture_moves_it_nowhere(server: ActionExecutor) -> None:
    sent = {"event": "user", "text": "[图片]", "metadata": {"message_id": "16", "photo": True}}
    filled = {"photo_id_card": "15", "photo_portrait": "16"}
    slots, _ = await fill(
        server, "工牌照片算证明不", requested="photo_proof", filled=filled, form=PERMIT, before=[sent]
    )
    assert "photo_portrait" not in slots


async def test_that_nothing_begins_for_a_child_under_sixteen(server: ActionExecutor) -> None:
    text = "想给我姑娘办个居住证 她没满16岁 我替她办行吗"
    slots, said = await fill(server, text, intent="apply_residence_permit", form=PERMIT)
    assert slots == {**dict.fromkeys(PERMIT.slots), actions.REQUESTED: None}
    assert "监护人代办" in said[0]
    assert "没提交" in said[1]


async def test_that_ones_own_form_goes_on_behind_a_question_for_a_child(server: ActionExecutor) -> None:
    filled = {"name": "赵小满", "id_number": "210104199003070015"}
    text = "给我儿子也办一个，他11岁"
    slots, said = await fill(server, text, requested="phone", filled=filled, form=PERMIT)
    assert slots == {"phone": None}
    assert "监护人代办" in said[0]


async def test_that_what_was_told_before_is_kept_where_consent_comes_with_the_wish(server: ActionExecutor) -> None:
    before = [
        {
            "event": "user",
            "text": "我家养了只雪纳瑞",
            "timestamp": time.time(),
            "parse_data": {
                "triage": Triage("enquiry", 1.0, "enquiry/dog_licence").to_json(),
                "intent": {"name": "enquiry"},
            },
        }
    ]
    text = "那现在办吧，可以用我的信息。佟丽娜"
    slots, _ = await fill(server, text, intent="apply_dog_licence", before=before)
    assert (slots["dog_breed"], slots["consent"]) == ("雪纳瑞", True)


async def test_that_nothing_is_told_twice_to_who_asks_what_is_missing_and_wants_it_handed_in(
    server: ActionExecutor,
) -> None:
    told = {"told": "那就帮我交了吧", "aside": "missing"}
    filled = {name: value for name, value in FILLED.items() if name != "photo_vaccine"}
    _, said = await fill(server, "还差啥不 没有就帮我交了吧", requested="photo_vaccine", filled=filled, besides=told)
    assert said == ["还没提交，还差1项：免疫证照片。"]


async def test_that_a_large_dog_is_told_of_whenever_it_is_named(server: ActionExecutor) -> None:
    for text, requested in (("我要办犬证 我家的狼狗", None), ("杜宾", "dog_breed"), ("品种写错了 是德牧", "phone")):
        filled = {**TEXTS, "consent": True, "phone": None} if requested else None
        if requested == "dog_breed":
            filled = {**TEXTS, "consent": True, "dog_breed": None}
        slots, said = await fill(
            server, text, requested=requested, filled=filled, intent="form_answer" if requested else "apply_dog_licence"
        )
        assert slots["dog_breed"] in ("德牧", "杜宾")
        assert any("重点管理区里不让养" in one for one in said), text
    assert not any(
        "不让养" in one for one in (await fill(server, "泰迪", requested="dog_breed", filled={"consent": True}))[1]
    )
