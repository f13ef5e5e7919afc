from pathlib import Path

import pytest

from bot.nlu.entities import DICTIONARY, KINDS, StationEntities, named_in


def found(text: str) -> list[tuple[str, str]]:
    return [(entity.kind, entity.text) for entity in StationEntities.load().read(text)]


def test_that_an_officer_on_the_way_learns_where_who_and_what() -> None:
    assert found("我在大什字街12号3单元501，有两个男的拿菜刀堵门，车牌辽A·D1234，刚才抢了我三千块钱") == [
        ("place", "大什字街12号3单元501"),
        ("people", "两个男的"),
        ("weapon", "菜刀"),
        ("plate", "辽A·D1234"),
        ("time", "刚才"),
        ("amount", "三千块钱"),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("珠林路和工农路交叉口出车祸了", "珠林路和工农路交叉口"),
        ("阳光小区5号楼二单元着火了", "阳光小区5号楼二单元"),
        ("快来 万泉公园东门", "万泉公园东门"),
        ("Ｂ座１２０３", "Ｂ座１２０３"),
        ("家住东逸社区", "东逸社区"),
        ("就在滂江街地铁站", "滂江街地铁站"),
        ("长安小区3号楼的电梯", "长安小区3号楼"),
        ("我家在東順城街8號", "東順城街8號"),
        ("大东公园那边丢的", "大东公园"),
        ("在老龙口酒厂边上", "老龙口酒厂边上"),
        ("住的是大北街16号", "大北街16号"),
    ],
)
def test_that_places_are_named_with_their_numbers_and_sides(text: str, place: str) -> None:
    assert ("place", place) in found(text)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("昨晚11点半丢的电动车", "time", "昨晚11点半"),
        ("下午三点从家走的", "time", "下午三点"),
        ("半小时前还在", "time", "半小时前"),
        ("3月5号上午去的", "time", "3月5号上午"),
        ("电话138 1234 5678", "phone", "138 1234 5678"),
        ("打024-24811110", "phone", "024-24811110"),
        ("面包车尾号3K7", "plate", "3K7"),
        ("粤B12345", "plate", "粤B12345"),
        ("转了八千给他", "amount", "八千"),
        ("被骗了5w", "amount", "5w"),
        ("押金两千五百块不退", "amount", "两千五百块"),
        ("欠我三千多不还", "amount", "三千多"),
        ("一共损失6000", "amount", "6000"),
        ("拿刀砍人", "weapon", "刀"),
        ("有個男人拿著刀", "weapon", "刀"),
        ("手里有把斧子", "weapon", "斧子"),
        ("一男一女在吵", "people", "一男一女"),
        ("七八个小伙子", "people", "七八个小伙子"),
        ("走丢的是70多岁老太太", "people", "70多岁老太太"),
        ("我老公打我", "people", "我老公"),
        ("老公喝多了，两口子打起来了", "people", "老公"),
        ("楼上两口子打起来了", "people", "两口子"),
    ],
)
def test_that_each_kind_is_found(text: str, kind: str, words: str) -> None:
    assert (kind, words) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "刀鱼多少钱一斤",
        "一块去吧 万一呢",
        "一刀999",
        "都是套路",
        "有一点事没有",
        "孩子四年级",
        "我给110打电话了",
        "叔叔，我想改名",
        "给95588打电话",
        "吃着刀削面",
        "谢谢",
        "",
        "身份证丢了怎么补办",
    ],
)
def test_that_everyday_words_name_nothing(text: str) -> None:
    assert found(text) == []


def test_that_places_in_the_text_are_exact() -> None:
    text = "　我在大东路１号，有人拿刀"
    for entity in StationEntities.load().read(text):
        assert text[entity.start : entity.end] == entity.text


def test_that_what_several_messages_name_is_listed_once_places_first() -> None:
    named = named_in(["有人拿刀", "在大东路1号", "大东路1号 拿刀的"])
    assert named == {"地点": ("大东路1号",), "凶器": ("刀",)}
    assert list(KINDS) == ["place", "time", "phone", "plate", "weapon", "amount", "people"]


def test_that_a_street_added_to_the_gazetteer_is_known(tmp_path: Path) -> None:
    for file in DICTIONARY.glob("*.txt"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "streets.txt").open("a", encoding="utf-8") as streets:
        streets.write("锦绣天街 20000 ns\n")
    assert [entity.text for entity in StationEntities.load(tmp_path).read("锦绣天街8号冒烟")] == ["锦绣天街8号"]
