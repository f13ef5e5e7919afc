"""What a resident receives: texts that fit, links that work, XML that no word breaks."""

import re

import pytest
import xmltodict
from hypothesis import example, given
from hypothesis import strategies as st

from bot.wechat.envelope import guard_xml, open_reply, seal_reply
from bot.wechat.inbound import Inbound
from bot.wechat.outbound import MAX_TEXT_BYTES, Article, clean, passive_reply, split_text, text_reply, with_buttons
from tests.wechat.letters import ACCOUNT

NOW = 1_767_614_400.0
INBOUND = Inbound(openid="oA", account="gh_1", key="msg:1", kind="text", sent_at=0)
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))
"""Any code points, lone surrogates and control characters among them."""
TITLES = st.lists(st.text(min_size=1, max_size=30).filter(str.strip), max_size=4)
_LINK = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=[^"<>]*&msgmenuid=\d+">[^<>]*</a>')


def bare(text: str) -> str:
    return "".join(text.split())


def reply_content(text: str) -> str:
    """What the platform reads in the encrypted passive reply with this text."""
    xml_text = open_reply(ACCOUNT, seal_reply(ACCOUNT, text_reply(INBOUND, text, now=NOW), now=NOW))
    guard_xml(xml_text)
    fields = xmltodict.parse(xml_text, strip_whitespace=False)["xml"]
    assert (fields["ToUserName"], fields["FromUserName"], fields["MsgType"]) == ("oA", "gh_1", "text")
    assert fields["CreateTime"] == str(int(NOW))
    return fields["Content"] or ""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("]]>", "]]＞"),
        ("]]>]]>", "]]＞]]＞"),
        ("x]]", "x]]"),
        ("]\x00]\x08>", "]]＞"),
        ("]]></Content><Content>假", "]]＞</Content><Content>假"),
        ("救\x00\x1b[31m命\ud83d", "救[31m命"),
        ("a & b < c", "a & b < c"),
        ("{data} %s", "{data} %s"),
        ("一\n二\t三", "一\n二\t三"),
    ],
)
def test_that_a_residents_own_words_in_a_reply_break_nothing(said: str, shown: str) -> None:
    assert reply_content(said) == shown


@given(ANYTHING)
def test_that_any_words_in_a_reply_arrive_as_the_clean_text(text: str) -> None:
    assert reply_content(text) == clean(text).replace("\r\n", "\n").replace("\r", "\n")


@given(ANYTHING)
def test_that_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


# -- split ---------------------------------------------------------------------------------------------------------


@given(ANYTHING, st.integers(4, 60))
@example("救" * 3000, MAX_TEXT_BYTES)
@example("x" * 10_000 + "。", MAX_TEXT_BYTES)
@example("👮" * 1500, MAX_TEXT_BYTES)
@example('<a href="' * 3000, MAX_TEXT_BYTES)
def test_that_the_parts_fit_and_lose_nothing_but_blanks_at_the_cuts(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < len(part.encode()) <= limit for part in parts)
    assert bare("".join(parts)) == bare(clean(text))


def test_that_a_long_text_is_cut_at_the_ends_of_sentences() -> None:
    sentence = "带好户口簿和近期照片。"
    parts = split_text(sentence * 100)
    assert len(parts) == 2
    assert all(part.endswith("。") and part.startswith("带") for part in parts)


def test_that_a_text_that_fits_stays_whole() -> None:
    text = "第一句。第二句？\n\n第三句；"
    assert split_text(text) == [text]


@pytest.mark.parametrize("text", ["", " \n", "\x00\x08", "\ud800"])
def test_that_nothing_to_say_is_no_part(text: str) -> None:
    assert split_text(text) == []


# -- buttons -------------------------------------------------------------------------------------------------------


def test_that_a_button_is_a_link_that_sends_its_title() -> None:
    assert with_buttons("哪一项？", ["身份证", "居住证"]) == (
        "哪一项？\n"
        '<a href="weixin://bizmsgmenu?msgmenucontent=身份证&msgmenuid=1">身份证</a>\n'
        '<a href="weixin://bizmsgmenu?msgmenucontent=居住证&msgmenuid=2">居住证</a>'
    )


def test_that_a_title_cannot_end_its_link() -> None:
    (link,) = with_buttons("", ['"></a><b>']).strip().splitlines()
    assert _LINK.fullmatch(link)


@given(st.text(max_size=120), TITLES, st.integers(450, 600))
@example("字" * 145, ["现在有危险"], 450)
def test_that_a_link_is_never_cut(text: str, titles: list[str], limit: int) -> None:
    parts = split_text(with_buttons(text, titles), limit)
    assert all(len(part.encode()) <= limit for part in parts)
    whole = _LINK.findall(clean(with_buttons(text, titles)))
    assert [link for part in parts for link in _LINK.findall(part)] == whole


@pytest.mark.parametrize("filling", range(660, 684))
def test_that_a_link_that_does_not_fit_any_more_goes_whole_into_the_next_part(filling: int) -> None:
    text = with_buttons("字" * filling, ["现在有危险"])
    parts = split_text(text)
    assert len(_LINK.findall(parts[-1])) == 1
    assert bare("".join(parts)) == bare(text)


def test_that_a_link_in_an_answer_is_not_cut_either() -> None:
    link = '<a href="https://example.org/apply?id=1;lang=zh">网上办理！</a>'
    for filling in range(670, 684):
        parts = split_text("字" * filling + link)
        assert sum(link in part for part in parts) == 1


def test_that_a_link_beyond_the_limit_is_cut_rather_than_sent_too_long() -> None:
    parts = split_text(with_buttons("", ["长" * 2000]))
    assert all(len(part.encode()) <= MAX_TEXT_BYTES for part in parts)


@given(title=ANYTHING, description=ANYTHING)
@example(title="]]></Title></item>", description="<b>&amp;")
def test_that_no_word_breaks_a_card(title: str, description: str) -> None:
    article = Article(title, description, "https://example.org/1?a=1&b=2", "https://example.org/1.png")
    xml_text = passive_reply(INBOUND, article, now=NOW)
    guard_xml(xml_text)
    fields = xmltodict.parse(xml_text, strip_whitespace=False)["xml"]
    assert (fields["ToUserName"], fields["FromUserName"], fields["MsgType"]) == ("oA", "gh_1", "news")
    assert fields["ArticleCount"] == "1"
    item = fields["Articles"]["item"]
    assert (item["Title"] or "", item["Description"] or "") == (cleaned(title), cleaned(description))
    assert (item["Url"], item["PicUrl"]) == (article.url, article.picture)


def cleaned(text: str) -> str:
    """What XML hands on of a cleaned text: a carriage return becomes a line feed."""
    return clean(text).replace("\r\n", "\n").replace("\r", "\n")


def test_that_a_text_stays_a_text() -> None:
    assert passive_reply(INBOUND, "你好", now=NOW) == text_reply(INBOUND, "你好", now=NOW)
