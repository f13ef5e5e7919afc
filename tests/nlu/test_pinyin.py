"""Pinyin read as the Chinese it stands for."""

from pathlib import Path

import pytest

from bot.nlu.dataset import Dataset
from bot.nlu.normaliser import normalise
from bot.nlu.pinyin import Language, PinyinReader, read_syllables


@pytest.fixture(scope="module")
def reader() -> PinyinReader:
    return PinyinReader(read_syllables(), Language.learn(normalise(example.text) for example in Dataset().training()))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("wo de shen fen zheng zai na li ban", "我的身份证在哪里办"),
        ("paichusuo jidian xiaban", "派出所几点下班"),
        ("shēn fèn zhèng diū le", "身份证丢了"),
        ("hu4 kou3 ben3 diu1 le5", "户口本丢了"),
        ("lv shi zai na", "律师在哪"),
        ("hai zi diu le, liu sui, nan hai", "孩子丢了, 六岁, 男孩"),
        ("户口本 diu le", "户口本 丢了"),
        ("juzhuzheng 到期了", "居住证 到期了"),
    ],
)
def test_that_pinyin_is_read_as_chinese(reader: PinyinReader, typed: str, meant: str) -> None:
    assert reader(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "身份证丢了",
        "can you help me",
        "there is a man with a knife in the shop",
        "he",
        "wifi",
        "app上能办吗",
        "我的车牌是辽a12345",
        "12345",
    ],
)
def test_that_other_languages_and_single_syllables_stay(reader: PinyinReader, typed: str) -> None:
    assert reader(typed) == typed


def test_that_of_a_page_of_letters_only_the_beginning_is_read(reader: PinyinReader) -> None:
    read = reader("shen fen zheng " * 200)
    assert read.startswith("身份证身份证")
    assert read.endswith("shen fen zheng ")


def test_that_a_language_without_words_reads_nothing_and_breaks_nothing() -> None:
    empty = PinyinReader({}, Language.learn([]))
    assert empty("ni hao ma") == "ni hao ma"


def test_that_a_line_that_is_no_syllable_is_named(tmp_path: Path) -> None:
    table = tmp_path / "pinyin.tsv"
    table.write_text("ba\t八把\nb4\t把\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"pinyin\.tsv:2"):
        read_syllables(table)
