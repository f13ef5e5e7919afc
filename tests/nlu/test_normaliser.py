"""One form for the many ways to type a word."""

from pathlib import Path

import pytest

from bot.nlu.normaliser import Normaliser, normalise, without_politeness


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ＡＢＣ１１０", "abc110"),
        ("身份證丟了怎麼補辦", "身份证丢了怎么补办"),
        ("抱警", "报警"),
        ("救名啊", "救命啊"),
        ("生分证丢了", "身份证丢了"),
        ("户囗本", "户口本"),
        ("jiuming", "救命"),
        ("BaoJing", "报警"),
        ("1 1 0", "110"),
        ("🔥🔪", "火刀"),
        ("快来啊啊啊啊啊！！！！！", "快来啊啊!"),
        ("他拿到砍人", "他拿刀砍人"),
        ("\u200b救\ufeff命", "救命"),
        ("我家著火了", "我家着火了"),
        ("", ""),
    ],
)
def test_that_a_message_gets_its_normal_form(typed: str, meant: str) -> None:
    assert normalise(typed) == meant


@pytest.mark.parametrize(
    "innocent",
    [
        "拯救名人故居",
        "坚持到明天",
        "这九命猫真可爱",
        "怀抱警犬",
        "著名的名著",
        "回家报平安",
        "要是丢了怎么补办",
        "就命令他走",
        "电话13900000000",
    ],
)
def test_that_innocent_words_are_left_alone(innocent: str) -> None:
    assert normalise(innocent) == innocent


@pytest.mark.parametrize(
    "text", ["抱警！！！救名啊啊啊啊", "我要报景", "救救救救我", "🆘🆘🆘", "ｊｉｕｍｉｎｇ", "户扣本薄"]
)
def test_that_a_second_pass_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_that_a_broken_line_of_the_table_is_named(tmp_path: Path) -> None:
    table = tmp_path / "typos.tsv"
    table.write_text("# 注释\n抱警 报警\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"typos\.tsv:2"):
        Normaliser(table)


@pytest.mark.parametrize(
    ("typed", "content"),
    [
        ("您好，麻烦问一下，身份证丢了怎么补办，谢谢", "身份证丢了怎么补办"),
        ("民警同志辛苦了。有人撬我家门", "有人撬我家门"),
        ("请问周六上班吗？谢谢您！", "周六上班吗"),
        ("您好", "您好"),
        ("谢谢警官", "谢谢警官"),
        ("打扰一下，救命", "打扰一下,救命"),
        ("急，在线等", "急,在线等"),
    ],
)
def test_that_politeness_around_a_message_is_left_out(typed: str, content: str) -> None:
    assert without_politeness(normalise(typed)) == content
