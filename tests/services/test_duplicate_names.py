"""The name is read out of any question about it, and only a count is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.names import asked_names, in_parts
from bot.services import duplicate_names
from bot.services.answer import Answer
from bot.store.session import Store
from tests.services.conftest import Import

TABLE = ("姓名,人数", "王小明,3", "李乾,2", "欧阳娜娜,1", "张子轩,16", "阿依古丽·买买提,1")


def find(store: Store, text: str) -> Answer:
    with store.reading() as session:
        return duplicate_names.find(session, text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("重名查询 王小明", ["王小明"]),
        ("重名查询王小明", ["王小明"]),
        ("王小明", ["王小明"]),
        ("叫李梓涵的多不多", ["李梓涵"]),
        ("查查张伟有几个重名", ["张伟"]),
        ("查张伟", ["张伟"]),
        ("张伟有重名吗", ["张伟"]),
        ("我姑娘想叫赵一诺 重名多吗", ["赵一诺"]),
        ("给孩子起名叫王子涵怎么样", ["王子涵"]),
        ("我儿子叫孙浩，全沈阳有几个孙浩", ["孙浩"]),
        ("李多多的多不多", ["李多多"]),
        ("高有名重名吗", ["高有名"]),
        ("李和平有多少", ["李和平"]),
        ("叫查良镛的有几个", ["查良镛"]),
        ("欧阳娜娜有几个", ["欧阳娜娜"]),
        ("司马明这名多吗", ["司马明"]),
        ("叫刘杨子墨的有吗", ["刘杨子墨"]),
        ("张子轩和张梓轩哪个重的少", ["张子轩", "张梓轩"]),
        ("他爸起了个“刘烽”，他妈要叫“刘一一”", ["刘烽", "刘一一"]),
        ("俺们公司四个刘洋，领导喊一嗓子全站起来", ["刘洋"]),
        ("阿依古丽·买买提 重名", ["阿依古丽·买买提"]),
        ("重名查询：１２王芳", ["王芳"]),
        ("叫李𠮷的多吗", ["李𠮷"]),
        ("查个重名 孙一诺", ["孙一诺"]),
        ("还有孙一宁", ["孙一宁"]),
        ("再来个郑小龙", ["郑小龙"]),
        ("满大街都是啊 那王予宁呢", ["王予宁"]),
    ],
)
def test_that_the_name_is_read_out_of_the_question(text: str, names: list[str]) -> None:
    assert [spellings[0] for spellings in asked_names(text)] == names


@pytest.mark.parametrize(
    "text",
    [
        "重名查询",
        "查重名",
        "重名多少",
        "查询重名",
        "怎么查重名",
        "同名同姓的人有多少怎么看",
        "给孙女起名叫若溪，能给查查沈阳有多少重的不",
        "我想查查这个名字重名的多不多",
        "想知道全国跟我同名同姓的有几个",
        "宝宝取名 可不可以先查一下重复率再报户口",
        "查重名需要带身份证吗",
        "生僻字打不出来，“䶮”这种，查同名时怎么输",
        "方便查重名吗",
        "重名查旬只能查本市的还是全省都行",
        "复姓比如欧阳、上官，你们那个查询支持不支持呀",
        "中 谢啦",
        "",
    ],
)
def test_that_the_words_of_the_question_are_no_name(text: str) -> None:
    assert asked_names(text) == []


def test_that_at_most_five_names_are_looked_up() -> None:
    assert len(asked_names("王一诺、李一诺、张一诺、刘一诺、陈一诺、杨一诺")) == 5


def test_that_a_name_asked_twice_is_one() -> None:
    assert asked_names("王芳，叫王芳的多吗") == [("王芳",)]


def test_that_a_count_is_told_with_the_day_of_the_table(store: Store, imported: Import) -> None:
    imported(*TABLE)
    assert find(store, "重名查询 王小明") == Answer(
        "本所登记的人里，叫“王小明”的有3人。\n（数据日期：2026年1月5日，以派出所答复为准。）"
    )


def test_that_each_of_several_names_has_its_line(store: Store, imported: Import) -> None:
    imported(*TABLE)
    lines = find(store, "张子轩和张梓轩哪个重的少").text.splitlines()
    assert lines[:2] == ["本所登记的人里，叫“张子轩”的有16人。", "本所登记的人里，没有查到叫“张梓轩”的。"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("張子軒重名多嗎", "叫“张子轩”的有16人"),
        ("叫李乾的多吗", "叫“李乾”的有2人"),  # simplified it would be 李干
        ("歐陽娜娜", "叫“欧阳娜娜”的有1人"),
        ("張偉", "没有查到叫“张伟”的"),
    ],
)
def test_that_traditional_characters_find_the_registered_name(
    store: Store, imported: Import, text: str, line: str
) -> None:
    imported(*TABLE)
    assert line in find(store, text).text


def test_that_without_a_name_it_is_asked_for(store: Store, imported: Import) -> None:
    imported(*TABLE)
    answer = find(store, "怎么查重名")
    assert answer.text.startswith("想查哪个名字？")
    assert answer.buttons == ()


def test_that_without_a_table_a_human_is_offered(store: Store) -> None:
    for text in ("重名查询 王小明", "怎么查重名"):
        answer = find(store, text)
        assert "还没有把重名数据导入" in answer.text
        assert answer.buttons == ("转人工",)


def test_that_a_demonstration_says_so(store: Store, imported: Import) -> None:
    imported(*TABLE, demo=True)
    assert find(store, "重名查询 王小明").text.startswith("【示例数据】下面只是演示，不是真实信息。\n")
    imported(*TABLE)
    assert "示例数据" not in find(store, "重名查询 王小明").text


@given(text=st.text(max_size=60) | st.text("查重名叫王李欧阳查张伟有几个多少的和跟，“” ·", max_size=40))
def test_that_any_text_gives_short_names_that_stand_in_it(text: str) -> None:
    for spellings in asked_names(text):
        assert 1 <= len(spellings) <= 2
        assert all(2 <= len(name) <= 20 for name in spellings)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("李木青 木头的木 也看看", ["李木青"]),
        ("王屿宁 岛屿的屿", ["王屿宁"]),
        ("王 屿 宁 再查一遍 我忘了 几个来着", ["王屿宁"]),
        ("安琪的呢 还有安宁的", ["安琪", "安宁"]),
    ],
)
def test_that_how_a_name_is_spelt_is_no_other_name(text: str, names: list[str]) -> None:
    assert [spellings[0] for spellings in asked_names(text)] == names


def test_that_who_bears_a_name_is_told_to_nobody(imported: Import, store: Store) -> None:
    imported(*TABLE)
    for text in ("这个王小明是哪的人 多大岁数", "都是谁啊 住哪"):
        assert "不能告诉您" in find(store, text).text
    assert "不能告诉您" not in find(store, "王小明").text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("姓王", ("王", "")),
        ("那换成姓于呢", ("于", "")),
        ("想给孩子起名叫梓菡 看看有多少重名的", ("", "梓菡")),
        ("那叫沐阳呢", ("", "沐阳")),
        ("名字叫诗涵 姓张", ("张", "诗涵")),
        ("孩子姓什么都行", ("", "")),
        ("改名叫啥好", ("", "")),
    ],
)
def test_that_a_name_may_be_told_in_parts(text: str, parts: tuple[str, str]) -> None:
    assert in_parts(text) == parts


def test_that_a_part_of_a_name_goes_with_what_was_looked_up_before(imported: Import, store: Store) -> None:
    imported(*TABLE)
    with store.reading() as session:
        told = [
            duplicate_names.find(session, text, before).text
            for text, before in (
                ("想起名叫子轩", []),
                ("姓张", ["想起名叫子轩"]),
                ("那换成姓王呢", ["张子轩有几个"]),
                ("那叫小明呢", ["那换成姓王呢", "想起名叫子轩"]),
                ("姓张", []),
            )
        ]
    assert "姓什么" in told[0]
    assert "叫“张子轩”的有16人" in told[1]
    assert "没有查到叫“王子轩”的" in told[2]
    assert "叫“王小明”的有3人" in told[3]
    assert "名字叫什么" in told[4]


def test_that_who_grows_up_is_no_name() -> None:
    assert asked_names("成年人改名难不难") == []
