from markupsafe import Markup

from bot.console.markup import Tap, box, marked, phrases, segments
from bot.wechat.outbound import with_buttons


def test_that_evidence_is_marked_wherever_it_stands() -> None:
    assert marked("他拿刀，有刀", ["刀", "拿刀"]) == "他<mark>拿刀</mark>，有<mark>刀</mark>"


def test_that_evidence_is_found_in_any_case() -> None:
    assert marked("SOS sos", ["sos"]) == "<mark>SOS</mark> <mark>sos</mark>"


def test_that_a_residents_script_becomes_text() -> None:
    assert marked("<script>alert(1)</script>", ["script"]) == (
        "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;"
    )


def test_that_evidence_cannot_smuggle_markup_either() -> None:
    assert marked("a<b>&", ["<b>", "(", ""]) == "a<mark>&lt;b&gt;</mark>&amp;"


def test_that_neighbouring_words_are_one_phrase() -> None:
    assert phrases(["有人拿刀砍", "拿刀", "别的"], ("拿", "刀")) == ("拿刀",)
    assert phrases(["daozi"], ("刀",)) == ("刀",)


def test_that_an_element_escapes_whatever_is_no_html_yet() -> None:
    made = box("line", Markup("<b>甲</b>"), "<乙>", name="a", href='/search?q="&', data_due=7)
    assert made == '<a class="line" href="/search?q=&#34;&amp;" data-due="7"><b>甲</b>&lt;乙&gt;</a>'


def test_that_an_empty_text_is_empty() -> None:
    assert marked("", ["刀"]) == ""


def test_that_one_tap_answers_are_told_from_words() -> None:
    assert list(segments(with_buttons("您在哪里？", ["在家", "A & <B>"]))) == [
        "您在哪里？",
        Tap("在家", "在家", "1"),
        Tap("A & <B>", "A & <B>", "2"),
    ]


def test_that_other_markup_stays_words() -> None:
    text = '<a href="https://example.com">x</a><script>1</script>'
    assert list(segments(text)) == [text]
