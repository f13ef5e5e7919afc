from datetime import timedelta

import pytest

from bot.console.application_page import CANNED
from bot.console.applications import (
    ANSWERED,
    FORBIDDEN_BREED,
    PHOTOS_MISSING,
    ApplicationView,
    Lists,
    count_waiting,
    masked,
    read_application,
    read_lists,
)
from bot.console.applications_page import LISTS
from bot.nlu import forms
from bot.nlu.forms import Forms
from bot.services import applications
from bot.services.applications import DECISIONS, REASON_CHARACTERS
from bot.store.models import Application, ApplicationState
from tests.console.conftest import ANSWERS, Rows

SUBMITTED, MORE = ApplicationState.SUBMITTED, ApplicationState.MORE


@pytest.fixture(scope="module")
def station_forms() -> Forms:
    return forms.load()


def look(rows: Rows, station_forms: Forms) -> Lists:
    with rows.store.reading() as session:
        return read_lists(session, station_forms)


def view(rows: Rows, station_forms: Forms, application: Application) -> ApplicationView:
    with rows.store.reading() as session:
        found = read_application(session, application.receipt or "", station_forms)
    assert found is not None
    return found


def waiting(rows: Rows) -> int:
    with rows.store.reading() as session:
        return count_waiting(session)


def flags(rows: Rows, station_forms: Forms, state: ApplicationState = SUBMITTED) -> list[tuple[str, ...]]:
    return [card.flags for card in look(rows, station_forms).cards[state]]


# -- the lists ------------------------------------------------------------------------------------------------------


def test_that_without_applications_every_list_is_empty(rows: Rows, station_forms: Forms) -> None:
    lists = look(rows, station_forms)
    assert list(lists.cards) == list(ApplicationState) == sorted(LISTS, key=list(ApplicationState).index)
    assert not any(lists.cards.values())
    assert lists.counts == {}
    assert waiting(rows) == 0


def test_that_a_card_tells_what_it_is_whose_and_since_when(rows: Rows, station_forms: Forms) -> None:
    application = rows.application(rows.resident(), "residence_permit", ago=120)
    (card,) = look(rows, station_forms).cards[SUBMITTED]
    assert (card.title, card.receipt, card.pseudonym) == ("居住证", application.receipt, "R-7K2M9QXA")
    assert card.submitted_at == rows.clock.now() - timedelta(seconds=120)
    assert card.flags == ()
    assert not any(value in repr(card) for value in ANSWERS["residence_permit"].values())


def test_that_each_state_has_its_list_and_the_oldest_is_looked_at_first(rows: Rows, station_forms: Forms) -> None:
    resident = rows.resident()
    first, second, asked, approved, ready, rejected, collected = (rows.application(resident) for _ in range(7))
    rows.decide(asked, "ask", "请重发")
    rows.decide(approved, "approve")
    rows.decide(ready, "approve")
    rows.decide(ready, "ready")
    rows.decide(rejected, "reject", "不符合")
    for step in ("approve", "ready", "collect"):
        rows.decide(collected, step)
    lists = look(rows, station_forms)
    assert {state: [card.id for card in cards] for state, cards in lists.cards.items()} == {
        "submitted": [first.id, second.id],
        "more": [asked.id],
        "approved": [approved.id],
        "rejected": [rejected.id],
        "ready": [ready.id],
        "collected": [collected.id],
    }
    assert lists.counts == {"submitted": 2, "more": 1, "approved": 1, "ready": 1, "collected": 1, "rejected": 1}


def test_that_of_the_ended_ones_the_last_fifty_are_shown_and_all_are_counted(rows: Rows, station_forms: Forms) -> None:
    resident = rows.resident()
    ids = []
    for _ in range(52):
        application = rows.application(resident)
        rows.clock.advance(minutes=1)
        rows.decide(application, "reject", "不符合")
        ids.append(application.id)
    lists = look(rows, station_forms)
    assert [card.id for card in lists.cards[ApplicationState.REJECTED]] == ids[:1:-1]
    assert lists.counts == {"rejected": 52}


# -- what is flagged ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("breed", "flagged"),
    [("藏獒", True), ("獒犬", True), ("斗牛獒", True), ("泰迪", False), ("不知道", False), ("", False)],
)
def test_that_a_fierce_breed_is_flagged_by_any_of_its_names(
    rows: Rows, station_forms: Forms, breed: str, flagged: bool
) -> None:
    rows.application(rows.resident(), dog_breed=breed)
    assert flags(rows, station_forms) == [(FORBIDDEN_BREED,) if flagged else ()]


def test_that_a_breed_that_the_station_has_banned_is_flagged(rows: Rows, station_forms: Forms) -> None:
    rows.application(rows.resident(), dog_breed="金毛")
    banning = forms.load()
    banning.banned = frozenset({"金毛"})
    assert flags(rows, banning) == [(FORBIDDEN_BREED,)]
    assert flags(rows, station_forms) == [()]


@pytest.mark.parametrize(
    ("photos", "flagged"),
    [
        (("done", "done", "done"), False),
        (("done", "pending", "done"), False),
        (("done", "failed", "done"), True),
        (("done", "done"), True),
    ],
)
def test_that_a_picture_that_did_not_arrive_is_flagged(
    rows: Rows, station_forms: Forms, photos: tuple[str, ...], flagged: bool
) -> None:
    rows.application(rows.resident(), photos=photos)
    assert flags(rows, station_forms) == [(PHOTOS_MISSING,) if flagged else ()]


def test_that_a_picture_without_any_file_is_flagged(rows: Rows, station_forms: Forms) -> None:
    resident = rows.resident()
    application = rows.application(resident)
    rows.decide(application, "ask", "请重发")
    empty = rows.words(resident, "")
    with rows.store.transaction() as session:
        applications.take_photo(session, resident.id, empty.id, now=rows.clock.now())
    assert flags(rows, station_forms, MORE) == [(PHOTOS_MISSING,)]


# -- what waits -----------------------------------------------------------------------------------------------------


def test_that_what_was_asked_for_waits_again_once_the_resident_writes(rows: Rows, station_forms: Forms) -> None:
    resident = rows.resident()
    rows.application(rows.resident("R-OTHER"))
    application = rows.application(resident)
    assert waiting(rows) == 2
    rows.decide(application, "ask", "住址请写到门牌")
    assert waiting(rows) == 1
    assert flags(rows, station_forms, MORE) == [()]
    rows.clock.advance(minutes=5)
    rows.words(resident, "东中街8号1单元201")
    assert waiting(rows) == 2
    assert flags(rows, station_forms, MORE) == [(ANSWERED,)]
    assert [said.text for said in view(rows, station_forms, application).said] == ["东中街8号1单元201"]
    rows.decide(application, "approve")
    assert waiting(rows) == 1
    assert view(rows, station_forms, application).said == ()


def test_that_a_new_picture_waits_too_and_stands_among_the_pictures(rows: Rows, station_forms: Forms) -> None:
    resident = rows.resident()
    application = rows.application(resident)
    rows.decide(application, "ask", "照片不清楚")
    rows.clock.advance(minutes=5)
    for _ in range(2):
        photo = rows.picture(resident, ago=0)
        with rows.store.transaction() as session:
            applications.take_photo(session, resident.id, photo.id, now=rows.clock.now())
    assert waiting(rows) == 1
    found = view(rows, station_forms, application)
    assert [photo.title for photo in found.photos[-2:]] == ["补充照片1", "补充照片2"]
    assert found.said == (), "it stands among the pictures already"


def test_that_a_tip_of_the_same_resident_does_not_show_here(rows: Rows, station_forms: Forms) -> None:
    resident = rows.resident()
    application = rows.application(resident)
    rows.decide(application, "ask", "请重发")
    rows.clock.advance(minutes=5)
    rows.message(rows.case(resident, "tip/gambling", ago=0), "楼下天天赌钱", ago=0)
    assert waiting(rows) == 0
    assert view(rows, station_forms, application).said == ()


# -- one application ------------------------------------------------------------------------------------------------


def test_that_answers_stand_under_their_titles_in_the_order_of_the_form(rows: Rows, station_forms: Forms) -> None:
    found = view(rows, station_forms, rows.application(rows.resident()))
    assert [(given.title, given.value) for given in found.given][:3] == [
        ("姓名", "张示例"),
        ("身份证号", "210104199003078886"),
        ("手机号", "13800000000"),
    ]
    assert [given.title for given in found.given][-1] == "狂犬疫苗日期"
    assert [given.kind for given in found.given].count("id_number") == 1
    assert "210104199003078886" not in repr(found), "what is logged by mistake must not hold it"


def test_that_an_answer_to_a_question_that_is_asked_no_more_is_still_there(rows: Rows, station_forms: Forms) -> None:
    found = view(rows, station_forms, rows.application(rows.resident(), dog_tail="长"))
    assert (found.given[-1].title, found.given[-1].value) == ("dog_tail", "长")


def test_that_pictures_stand_under_their_titles_and_a_missing_one_has_its_place(
    rows: Rows, station_forms: Forms
) -> None:
    found = view(rows, station_forms, rows.application(rows.resident(), photos=("done", "failed")))
    assert [photo.title for photo in found.photos] == ["狗的正面照", "狗的侧面照", "免疫证照片"]
    first, second, third = (photo.files for photo in found.photos)
    assert first[0].sha256
    assert (second[0].sha256, second[0].error) == (None, "errcode 40007: gone")
    assert third == ()


def test_that_the_history_tells_who_did_what_when_and_why(rows: Rows, station_forms: Forms) -> None:
    application = rows.application(rows.resident())
    rows.decide(application, "ask", "请重发")
    history = view(rows, station_forms, application).history
    assert [(step.by, step.title, step.reason) for step in history] == [
        ("居民", "提交申请", ""),
        ("值班民警一", "要求补充", "请重发"),
    ]
    assert history[-1].at == rows.clock.now()


@pytest.mark.parametrize(
    ("steps", "possible"),
    [
        ([], ("approve", "ask", "reject")),
        (["ask"], ("approve", "ask", "reject")),
        (["approve"], ("ready",)),
        (["approve", "ready"], ("collect",)),
        (["approve", "ready", "collect"], ()),
        (["reject"], ()),
    ],
)
def test_that_only_the_steps_that_fit_are_offered(
    rows: Rows, station_forms: Forms, steps: list[str], possible: tuple[str, ...]
) -> None:
    application = rows.application(rows.resident())
    for step in steps:
        rows.decide(application, step, "理由")
    assert view(rows, station_forms, application).card.decisions == possible


def test_that_an_unknown_receipt_is_none(rows: Rows, station_forms: Forms) -> None:
    rows.application(rows.resident())
    with rows.store.reading() as session:
        assert read_application(session, "Q20260105-9999", station_forms) is None


@pytest.mark.parametrize(
    ("number", "shown"), [("210104199003078886", "210***********8886"), ("1234567", "*******"), ("", "")]
)
def test_that_of_an_identity_number_only_the_ends_are_shown(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_that_what_is_asked_for_at_a_tap_is_a_reason_that_can_be_given() -> None:
    assert CANNED["ask"] == ("照片不清楚，请重发狗的正面照", "免疫证照片看不清日期，请重发", "住址请写到门牌")
    assert all(DECISIONS[name].needs_reason for name in CANNED)
    assert all(len(words) <= REASON_CHARACTERS for canned in CANNED.values() for words in canned)
