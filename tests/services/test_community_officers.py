"""Residents name the place where they live in their own way, and are told who is responsible there."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.services import community_officers
from bot.services.answer import Answer
from bot.store.session import Store
from tests.services.conftest import Import
from tests.world import FakeClock

TABLE = (
    "社区,街道,门牌,民警,电话,时间",
    "东逸社区,,,示例民警甲,024-00000001,周一至周五：上午",
    "东逸社区,东逸花园,,示例民警甲,024-00000001,周一至周五：上午",
    "东逸社区,大东路,1-99单,示例民警甲,024-00000001,周一至周五：上午",
    "东逸社区,和睦路,,示例民警甲,024-00000001,周一至周五：上午",
    "魁星社区,,,示例民警乙,,",
    "魁星社区,大东路,2-98双,示例民警乙,,",
    "魁星社区,东中街,1-20,示例民警乙,,",
    "魁星社区,津桥路,,示例民警乙,,",
    "万泉社区,东中街,,示例民警丙,024-00000003,",
    "万泉社区,大东路,101-,示例民警丙,024-00000003,",
)
A, B, C = "示例民警甲", "示例民警乙", "示例民警丙"


@pytest.fixture
def _table(imported: Import) -> None:
    imported(*TABLE)


def find(store: Store, text: str, *before: str) -> Answer:
    with store.reading() as session:
        return community_officers.find(session, text, before)


def told(answer: Answer) -> set[str]:
    return {officer for officer in (A, B, C, "示例民警丁") if officer in answer.text}


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize(
    ("text", "officer"),
    [
        ("东逸社区", A),
        ("魁星社区的片警叫啥", B),
        ("東逸社區的片警是誰", A),
        ("我住东逸那边", A),
        ("魁星的民警电话", B),
        ("东逸", A),
        ("我家在东逸花园3号楼", A),
        ("大东路1号", A),
        ("大东路 ２号", B),
        ("大 东 路 1 号", A),
        ("大东路十五号院，片警是哪位", A),
        ("大东路一百零一号", C),
        ("大东路8888号", C),
        ("东中街8号3单元", B),
        ("东中街21号", C),
        ("住津桥附近", B),
        ("东逸社区大东路那边", A),
        ("和睦路的片警", A),
        ("和睦这片归谁管", A),
        ("我在合作的单位上班，住大东路5号", A),
    ],
)
def test_that_the_officer_of_a_place_is_found(store: Store, text: str, officer: str) -> None:
    answer = find(store, text)
    assert told(answer) == {officer}
    assert "110" in answer.text


@pytest.mark.usefixtures("_table")
def test_that_the_answer_says_all_that_the_table_has_and_of_what_day_it_is(store: Store) -> None:
    answer = find(store, "东逸社区")
    assert answer.text == (
        "东逸社区的社区民警：示例民警甲\n电话：024-00000001\n时间：周一至周五：上午\n有急事请直接拨打110。\n"
        "（数据日期：2026年1月5日，以派出所答复为准。）"
    )
    assert answer.buttons == ()


@pytest.mark.usefixtures("_table")
def test_that_a_missing_phone_is_said_and_a_human_offered(store: Store) -> None:
    answer = find(store, "魁星社区")
    assert "电话：名单里没有" in answer.text
    assert "时间" not in answer.text
    assert answer.buttons == ("转人工",)


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("大东路", ("大东路1号至99号单号", "大东路2号至98号双号", "大东路101号起")),
        ("大东路5号楼", ("大东路1号至99号单号", "大东路2号至98号双号", "大东路101号起")),
        ("东逸社区还是魁星社区", ("东逸社区", "魁星社区")),
        ("东逸社区大东路2号", ("大东路2号至98号双号", "东逸社区")),
    ],
)
def test_that_several_officers_are_a_choice_and_each_tap_leads_to_one(
    store: Store, text: str, titles: tuple[str, ...]
) -> None:
    answer = find(store, text)
    assert answer.buttons == titles
    assert "也可以写上街道和门牌号" in answer.text
    assert told(answer) == set()
    reached = [told(find(store, title)) for title in answer.buttons]
    assert all(len(officers) == 1 for officers in reached)
    assert all(one != other for one, other in pairwise(reached))


def test_that_there_are_at_most_four_buttons(store: Store, imported: Import) -> None:
    imported(TABLE[0], *(f"第{n}社区,大东路,{n}0-{n}9,示例民警{n}号,,上午" for n in range(1, 8)))
    answer = find(store, "大东路")
    assert answer.buttons == tuple(f"大东路{n}0号至{n}9号" for n in range(1, 5))
    assert "下面没有的，请写上街道和门牌号" in answer.text
    unknown = find(store, "片警是谁")
    assert unknown.buttons == ("第1社区", "第2社区", "第3社区", "转人工")
    assert "第7社区" in unknown.text


def test_that_officers_whom_no_place_tells_apart_are_all_named(store: Store, imported: Import) -> None:
    imported(TABLE[0], "东逸社区,,,示例民警甲,110,", "东逸社区,,,示例民警丁,,")
    answer = find(store, "东逸社区")
    assert told(answer) == {A, "示例民警丁"}
    assert answer.buttons == ()
    assert answer.text.count("有急事请直接拨打110") == 1


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize(
    ("text", "supposed"),
    [("想找和睦的民警", "和睦路"), ("津桥街8号", "津桥路"), ("我们津桥的片警是谁", "津桥路"), ("东逸小区", "东逸社区")],
)
def test_that_what_is_only_likely_is_asked_back(store: Store, text: str, supposed: str) -> None:
    answer = find(store, text)
    assert answer.text.startswith("您说的是下面这个地方吗？")
    assert told(answer) == set()
    assert answer.buttons == (supposed, "转人工")
    assert len(told(find(store, supposed))) == 1


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize(
    "text",
    [
        "北顺城路8号的片警",
        "中街8号",  # 东中街 is another street
        "小大东路3号",
        "新民小区片警",
    ],
)
def test_that_an_unknown_place_is_said_to_be_unknown(store: Store, text: str) -> None:
    answer = find(store, text)
    assert answer.text.startswith("名单里没有查到您说的地方。")
    assert "名单里的社区有：东逸社区、魁星社区、万泉社区。" in answer.text
    assert answer.buttons == ("东逸社区", "魁星社区", "万泉社区", "转人工")


@pytest.mark.usefixtures("_table")
def test_that_who_asks_of_the_officer_of_a_place_not_listed_is_not_asked_for_the_place_again(store: Store) -> None:
    answer = find(store, "他叫啥 电话多少", "北顺城路8号的片警")
    assert "没查到归哪位民警" in answer.text
    assert "门牌号" not in answer.text


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize(
    "text",
    [
        "片警是谁",
        "我们小区的片警",
        "查社区民警",
        "大东门派出所的民警",
        "大东区片警",
        "邻里和睦，片警是谁",
        "",
        "咱社区那个警察",
    ],
)
def test_that_without_a_place_it_is_asked_for(store: Store, text: str) -> None:
    answer = find(store, text)
    assert answer.text.startswith("请写您住的社区，或街道和门牌号")
    assert told(answer) == set()


def test_that_a_house_number_that_no_row_holds_is_not_answered_with_another(store: Store, imported: Import) -> None:
    imported(TABLE[0], "魁星社区,大东路,2-98双,示例民警乙,,")
    assert told(find(store, "大东路3号")) == set()
    assert told(find(store, "大东路100号")) == set()
    assert told(find(store, "魁星社区大东路3号")) == {B}, "the community is the resident's word"


def test_that_a_table_in_full_width_or_traditional_characters_is_found_too(store: Store, imported: Import) -> None:
    imported(TABLE[0], "東逸社區,Ａ座公寓,,示例民警甲,,")
    assert told(find(store, "东逸社区")) == {A}
    assert told(find(store, "住a座公寓")) == {A}


def test_that_without_a_table_a_human_is_offered(store: Store) -> None:
    answer = find(store, "大东路1号")
    assert "还没有把社区民警名单导入" in answer.text
    assert answer.buttons == ("转人工",)


def test_that_a_demonstration_says_so_in_every_answer(store: Store, imported: Import) -> None:
    imported(*TABLE, demo=True)
    for text in ("东逸社区", "大东路", "片警是谁", "津桥街"):
        assert find(store, text).text.startswith("【示例数据】下面只是演示，不是真实信息。\n")
    imported(*TABLE)
    assert "示例数据" not in find(store, "东逸社区").text


def test_that_the_day_of_the_table_is_the_stations(store: Store, imported: Import, clock: FakeClock) -> None:
    clock.moment = datetime(2026, 1, 31, 16, 0, tzinfo=UTC)
    imported(*TABLE)
    assert "2026年2月1日" in find(store, "东逸社区").text


@pytest.mark.usefixtures("_table")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(text=st.text(max_size=30) | st.text("东逸魁星社区大路中街津桥一二十0123号-单 的那住", max_size=20))
def test_that_any_text_is_answered(store: Store, text: str) -> None:
    answer = find(store, text)
    assert answer.text
    assert len(answer.buttons) <= 4
    assert len(set(answer.buttons)) == len(answer.buttons)


@pytest.mark.usefixtures("_table")
def test_that_another_house_of_the_same_street_stays_the_one_talked_of(store: Store) -> None:
    with store.reading() as session:
        assert told(community_officers.find(session, "他啥时候在", before=["那2号呢", "大东路1号"])) == {B}
        assert told(community_officers.find(session, "那3号", before=["那2号呢", "大东路1号"])) == {A}


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize(("text", "officer"), [("他啥时候在", A), ("那2号", B), ("津桥路", B)])
def test_that_what_names_no_place_is_about_the_place_looked_up_before(store: Store, text: str, officer: str) -> None:
    with store.reading() as session:
        answer = community_officers.find(session, text, before=["大东路1号", "津桥路"])
    assert told(answer) == {officer}


@pytest.mark.usefixtures("_table")
def test_that_a_place_without_a_name_in_the_table_is_not_the_one_looked_up_before(store: Store) -> None:
    with store.reading() as session:
        answer = community_officers.find(session, "那我妹妹家在小东门里那边，归谁管？", before=["大东路1号"])
    assert not told(answer)


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("text", ["把他私人微信给我呗", "片警家住哪儿 我去谢谢他", "她个人电话和家庭住址能告诉我不"])
def test_that_an_officers_own_telephone_and_home_are_told_to_nobody(store: Store, text: str) -> None:
    answer = find(store, text, "东逸社区")
    assert not told(answer)
    assert "不能告诉您" in answer.text


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("text", ["他电话多少", "我家住东逸社区 民警是谁", "我不知道什么社区 门口有个超市"])
def test_that_the_officers_post_is_told(store: Store, text: str) -> None:
    assert told(find(store, text, "东逸社区")) == {A}
