"""The list of articles: the latest as a card, the others as titles, slips named."""

from pathlib import Path

import pytest

from bot.intake import articles
from bot.intake.understanding import BotReply
from bot.nlu.live_file import TrainersFileError
from bot.wechat.outbound import MAX_TEXT_BYTES, Article

ONE = "- {title: 一, description: 说明, url: 'https://x/1', date: 2026-01-01}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "articles.yml"


def test_that_the_shipped_articles_are_marked_as_examples_and_lead_nowhere_real() -> None:
    shipped = articles.load()
    assert len(shipped) == 3
    assert all(article.title.startswith("【示例】") for article in shipped)
    assert all(article.url.startswith("https://example.org/") for article in shipped)


def test_that_the_latest_is_the_card_wherever_it_stands_and_the_others_follow_by_date(path: Path) -> None:
    more = ONE.replace("一", "三").replace("/1", "/3").replace("01-01", "03-01")
    middle = ONE.replace("一", "二").replace("/1", "/2").replace("2026-01-01", "2026-02-01, picture: ''")
    path.write_text(ONE + more.replace("}", ", picture: 'https://x/3.png'}") + middle, encoding="utf-8")
    assert articles.replies(articles.load(path)) == [
        BotReply(article=Article("三", "说明", "https://x/3", "https://x/3.png")),
        BotReply("往期文章：\n2026-02-01 二\nhttps://x/2\n2026-01-01 一\nhttps://x/1"),
    ]


def test_that_a_single_article_has_no_list_and_none_is_said(path: Path) -> None:
    path.write_text(ONE, encoding="utf-8")
    assert [reply.text for reply in articles.replies(articles.load(path))] == [""]
    path.write_text("[]", encoding="utf-8")
    (none,) = articles.replies(articles.load(path))
    assert "还没有文章" in none.text


def test_that_no_more_are_listed_than_one_message_holds(path: Path) -> None:
    path.write_text(ONE.replace("一", "长" * 64) * 20, encoding="utf-8")
    _card, listed = articles.replies(articles.load(path))
    assert listed.text.count("https://x/1") == articles.OTHERS
    assert len(listed.text.encode()) < MAX_TEXT_BYTES


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("说明", "长" * 61, "第1项 description 最多60个字"),
        ("title: 一", "title: ''", "第1项 title 不能空着"),
        ("title: 一, ", "", "第1项 title 缺这一项"),
        ("https://x/1", "x/1", "第1项 url 要写 https:// 开头的完整网址"),
        ("https://x/1", "", "第1项 url 要写 https:// 开头的完整网址"),
        ("date: 2026-01-01", "date: 一月", "第1项 date 要写成 2026-11-25 这样的日期"),
        ("date: 2026-01-01", "date: [1]", "第1项 date 要写成 2026-11-25 这样的日期"),
        ("title", "titel", "titel 不认识这一项"),
        ("- {", "{", "要写成列表"),
    ],
)
def test_that_a_slip_is_named_in_the_trainers_words(path: Path, old: str, new: str, named: str) -> None:
    assert old in ONE
    path.write_text(ONE.replace(old, new), encoding="utf-8")
    with pytest.raises(TrainersFileError) as caught:
        articles.load(path)
    assert str(caught.value).startswith("articles.yml")
    assert named in str(caught.value)
