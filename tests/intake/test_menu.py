"""The menu file: what trainers may write, what WeChat is given, and slips that are named and stop nothing."""

import os
from pathlib import Path

import pytest

from bot.duty.roster import Station as StationFacts
from bot.intake import menu
from bot.nlu import live_file
from bot.nlu.live_file import TrainersFileError

SMALL = """
welcome: 您好，这里是{station}
sections:
  - title: V资讯
    entries:
      - {title: 简介, key: "news:profile", answer: "地址：{address}", buttons: [怎么走]}
      - {title: 微博, url: ""}
  - title: V服务
    entries:
      - {title: 办犬证, key: "services:dog", says: 我要办犬证}
      - {title: 文章, key: "news:articles", shows: articles}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "menu.yml"
    written.write_text(SMALL, encoding="utf-8")
    return written


@pytest.fixture
def _looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_file, "LOOK_AGAIN_SECONDS", 0)


def edit(path: Path, content: str | bytes) -> None:
    """Save as an editor does, later than the last time by any clock's measure."""
    later = path.stat().st_mtime_ns + 1_000_000_000
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, ns=(later, later))


def test_that_the_shipped_menu_has_the_stations_three_sections() -> None:
    shipped = menu.load()
    shown = {section.title: [entry.title for entry in section.shown] for section in shipped.shown}
    assert shown == {
        "V资讯": ["派出所简介", "最新文章", "警营生活"],
        "V服务": ["办事指南", "社区民警", "重名查询", "办居住证", "办犬证"],
        "V报警": ["我要报警", "提供线索", "我的进度", "免费WIFI"],
    }
    keys = [entry.key for section in shipped.shown for entry in section.shown]
    assert keys == [
        *("news:profile", "news:articles", "news:life"),
        *("services:guide", "services:officer", "services:names", "services:residence_permit", "services:dog_licence"),
        *("alarm:report", "alarm:tip", "alarm:status", "alarm:wifi"),
    ]


def test_that_the_platform_is_given_labels_and_keys_and_links_that_are_set(path: Path) -> None:
    assert menu.load(path).for_platform() == {
        "button": [
            {"name": "V资讯", "sub_button": [{"name": "简介", "type": "click", "key": "news:profile"}]},
            {
                "name": "V服务",
                "sub_button": [
                    {"name": "办犬证", "type": "click", "key": "services:dog"},
                    {"name": "文章", "type": "click", "key": "news:articles"},
                ],
            },
        ]
    }
    edit(path, SMALL.replace('url: ""', 'url: "https://weibo.com/x"'))
    (news, _services) = menu.load(path).for_platform()["button"]
    assert news["sub_button"][1] == {"name": "微博", "type": "view", "url": "https://weibo.com/x"}


def test_that_a_section_without_anything_to_open_is_left_out(path: Path) -> None:
    edit(path, SMALL.replace("      - {title: 简介", "      # - {title: 简介"))
    assert [section["name"] for section in menu.load(path).for_platform()["button"]] == ["V服务"]
    assert "V资讯" not in menu.load(path).overview()


def test_that_only_taps_find_their_entry(path: Path) -> None:
    read = menu.load(path)
    found = read.entry("click:news:profile")
    assert found is not None
    assert found.title == "简介"
    assert read.entry("news:profile") is read.entry("click:gone") is read.entry("click:") is None
    assert read.sentence("click:services:dog") == "我要办犬证"
    assert read.sentence("click:news:profile") == read.sentence("subscribe") == ""


def test_that_fields_are_filled_and_braces_in_their_values_are_left_alone() -> None:
    facts = StationFacts(name="所", full_name="{address}所", address="1号")
    assert menu.filled("{station}在{address}", facts) == "{address}所在1号"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("title: V资讯", "title: V资讯频道", "sections 第1项 title 最多4个字"),
        ("title: 办犬证", "title: 办理养犬登记证书", "sections 第2项 entries 第1项 title 最多7个字"),
        ("title: 办犬证", "title: ''", "title 不能空着"),
        ("title: 办犬证", "title: 110", "要写文字"),
        ("services:dog", "狗" * 43, "key 最多128个字节"),
        ("services:dog", "news:profile", "“办犬证”和“简介”的 key 一样"),
        ('key: "services:dog", ', "", "“办犬证”要写 key"),
        (", says: 我要办犬证", "", "“办犬证”要写 answer、says、shows、url 里的一个"),
        ("says: 我要办犬证", "says: 我要办犬证, url: 'https://x/'", "只写一个"),
        ("says: 我要办犬证", "says: 我要办犬证, buttons: [好]", "buttons 只能和 answer 一起写"),
        ("says: 我要办犬证", "say: 我要办犬证", "say 不认识这一项"),
        ("says: 我要办犬证", "says: ''", "says 不能空着"),
        ("shows: articles", "shows: films", "只能写 'articles'"),
        ('url: ""', "url: weibo.com", "https:// 开头的完整网址"),
        ('url: ""', "url: javascript:alert(1)", "https:// 开头的完整网址"),
        ("{address}", "{phone}", "不认识 {phone}；能用的是 {station}、{address}"),
        ("您好，这里是{station}", "'{name}'", "welcome 不认识 {name}"),
        ("您好，这里是{station}", "好" * 617, "最多616个汉字"),
        ("welcome: 您好，这里是{station}\n", "", "welcome 缺这一项"),
        ("sections:", "sections: []\nmore:", "sections 至少要有1项"),
        ("sections:", "sections: 三栏\nmore:", "sections 要写成列表"),
        ("  - title: V服务", "  - 文字\n  - title: V服务", "sections 第2项 要写成“名字: 内容”的样子"),
        ("sections:\n", "sections:\n" + "  - {title: 多, entries: [{title: 微博, url: ''}]}\n" * 2, "最多3项"),
        ("    entries:\n", "    entries:\n" + "      - {title: 微博, url: ''}\n" * 5, "entries 最多5项"),
        ("welcome:", "welcome: [", "不是合格的 YAML"),
    ],
)
def test_that_a_slip_is_named_in_the_trainers_words(path: Path, old: str, new: str, named: str) -> None:
    assert old in SMALL
    edit(path, SMALL.replace(old, new, 1) if "entries:\n" not in old else SMALL.replace(old, new))
    with pytest.raises(TrainersFileError) as caught:
        menu.load(path)
    assert str(caught.value).startswith("menu.yml")
    assert named in str(caught.value)


@pytest.mark.parametrize("content", ["", "文字", "- 1", SMALL.encode("gb18030")])
def test_that_a_file_that_is_no_menu_at_all_is_named(path: Path, content: str | bytes) -> None:
    edit(path, content)
    with pytest.raises(TrainersFileError, match=r"^menu\.yml"):
        menu.load(path)


def test_that_a_menu_of_nothing_but_unset_links_is_named(path: Path) -> None:
    edit(path, "welcome: 好\nsections: [{title: V资讯, entries: [{title: 微博, url: ''}]}]")
    with pytest.raises(TrainersFileError, match="至少要有一项不是空的 url"):
        menu.load(path)


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainersFileError, match=r"gone\.yml 读不出来"):
        menu.load(tmp_path / "gone.yml")


@pytest.mark.usefixtures("_looked_at_each_time")
def test_that_an_edit_counts_at_once_and_a_broken_one_keeps_the_last_good_menu(path: Path) -> None:
    watched = menu.live(path)
    edit(path, SMALL.replace("我要办犬证", "养狗办证"))
    assert watched.current().sentence("click:services:dog") == "养狗办证"
    edit(path, "sections: [")
    assert watched.current().sentence("click:services:dog") == "养狗办证"
    assert "menu.yml" in (watched.problem or "")
    edit(path, SMALL)
    assert watched.current().sentence("click:services:dog") == "我要办犬证"
    assert watched.problem is None


@pytest.mark.usefixtures("_looked_at_each_time")
def test_that_a_menu_broken_at_the_start_still_welcomes_and_is_taken_once_it_is_mended(path: Path) -> None:
    edit(path, "sections: [")
    watched = menu.live(path)
    assert "{station}" in watched.current().welcome
    assert watched.current().entry("click:news:profile") is None
    assert watched.current().overview()
    edit(path, SMALL)
    assert watched.current().entry("click:news:profile")
