"""Cases that may be about one thing are named with the reason; what only looks alike is not."""

import pytest
import sqlalchemy as sa

from bot.duty import handling, labels, merging, similar
from bot.duty.similar import metres_between
from bot.store.models import Case, CaseId, CaseState, Message
from tests.duty.conftest import Filing


def told(filing: Filing, text: str, openid: str, *, label: str = "urgent_alarm", place: str = "") -> Case:
    """A resident's case with these words, and where they say they are ("latitude, longitude")."""
    case = filing.file(label, openid=openid, text=text)
    assert case is not None
    if place:
        with filing.store.transaction() as session:
            message = session.scalars(sa.select(Message).where(Message.case_id == case.id)).one()
            message.kind = "location"
            message.payload = dict(zip(("Location_X", "Location_Y"), place.split(", "), strict=True))
    return case


def like(filing: Filing, case: Case) -> dict[int, tuple[str, ...]]:
    with filing.store.reading() as session:
        found = similar.similar(session, session.get_one(Case, case.id), now=filing.clock.now())
    return {one.case_id: one.why for one in found}


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ("万泉公园南门有人打架", "有一群人在万泉公园里动手", "万泉公园"),
        ("东中街8号三楼着火了", "东中街8号冒烟", "东中街8号"),
        ("沈阳市大东区东中街8号着火", "东中街8号楼下好大烟", "东中街8号"),
    ],
)
def test_that_the_same_place_is_named(filing: Filing, one: str, other: str, place: str) -> None:
    case, second = told(filing, one, "oA"), told(filing, other, "oB")
    assert like(filing, case) == {second.id: (f"地点相同：{place}", "同类：urgent_alarm/scripted")}
    assert like(filing, second).keys() == {case.id}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("万泉公园有人打架", "大东路着火了"),
        ("阳光小区门口有人打架", "沈河小区门口着火"),
        ("沈阳市大东区东中街8号", "沈阳市大东区小什字街3号楼"),
        ("3号楼2单元着火", "3号楼2单元有人打架"),
        ("", ""),
    ],
)
def test_that_what_many_places_have_in_common_says_nothing(filing: Filing, one: str, other: str) -> None:
    case = told(filing, one, "oA")
    told(filing, other, "oB")
    assert like(filing, case) == {}


@pytest.mark.parametrize(("there", "near"), [("41.8022, 123.4730", True), ("41.8022, 123.4745", False)])
def test_that_places_sent_within_three_hundred_metres_are_near(filing: Filing, there: str, near: bool) -> None:
    case = told(filing, "", "oA", place="41.8022, 123.4703")
    second = told(filing, "", "oB", place=there)
    why = like(filing, case).get(CaseId(second.id), ("",))
    assert ("米" in why[0]) == near


def test_that_distances_are_metres() -> None:
    assert metres_between((41.8, 123.4), (41.8, 123.4)) == 0
    assert metres_between((41.0, 123.0), (42.0, 123.0)) == pytest.approx(111_195, abs=1)


def test_that_nearly_the_same_words_are_noticed(filing: Filing) -> None:
    case = told(filing, "楼下有个男的喝多了拿酒瓶子砸车，赶紧来人", "oA")
    second = told(filing, "有个男的喝多了拿酒瓶子砸车呢！！", "oB")
    told(filing, "有个男的喝多了躺在马路中间不动弹了，叫不醒", "oC")
    assert like(filing, case) == {second.id: ("说法很像", "同类：urgent_alarm/scripted")}


def test_that_only_what_goes_on_and_has_the_same_label_is_compared(filing: Filing) -> None:
    words = "万泉公园南门有人打架"
    old = told(filing, words, "oA")
    filing.clock.advance(hours=6)
    case = told(filing, words, "oB")
    closed, request, merged = (
        told(filing, words, "oC"),
        told(filing, words, "oD", label="tip"),
        told(filing, words, "oE"),
    )
    filing.do(handling.close, closed, disposition="real", word="好")
    filing.do(merging.merge, merged, into=CaseId(old.id))
    assert like(filing, case) == {}
    assert like(filing, request) == {}
    assert [one.state for one in filing.cases()].count(CaseState.OPEN) == 3


def test_that_the_likeliest_stand_first_and_no_more_than_five(filing: Filing) -> None:
    case = told(filing, "万泉公园南门有人打架，五六个人拿着棍子", "oA")
    for number in range(6):
        told(filing, "万泉公园有事", f"o{number}")
    best = told(filing, "万泉公园南门有人打架，五六个人拿着棍子", "oZ")
    found = like(filing, case)
    assert next(iter(found)) == best.id
    assert len(found) == 5


def test_that_a_residents_other_cases_are_told_but_never_who_reported(filing: Filing) -> None:
    request, tip = filing.file("help_request"), filing.file("tip")
    filing.clock.advance(days=3)
    alarm = filing.file("urgent_alarm")
    filing.file("help_request", openid="oB")

    def others(case: Case | None) -> list[int]:
        assert case is not None
        with filing.store.reading() as session:
            return [one.id for one in similar.earlier(session, session.get_one(Case, case.id))]

    assert request is not None
    assert alarm is not None
    for _ in range(2):
        assert (others(request), others(alarm)) == ([alarm.id], [request.id]), "no tip among them"
        assert others(tip) == [], "from a tip none at all"
        # Called otherwise, it was a tip.
        filing.do(labels.relabel, tip, "help_request/noise", reason="要民警处理", watch=filing.watch)
