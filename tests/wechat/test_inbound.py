"""What each kind of message becomes, and which messages nobody can use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wechat.envelope import guard_xml
from bot.wechat.errors import MalformedError
from bot.wechat.inbound import Inbound, parse
from tests.wechat.letters import letter


def event(name: str, **fields: str) -> Inbound:
    return parse(letter("event", MsgId="", Event=name, **fields))


def test_that_a_text_is_read_with_everything_that_tells_it_apart() -> None:
    assert parse(letter(Content="有人打架", MsgId="6054768590064713728")) == Inbound(
        openid="oA",
        account="gh_1",
        key="msg:6054768590064713728",
        kind="text",
        sent_at=1767614400,
        text="有人打架",
    )


def test_that_a_tap_on_a_button_is_a_text_that_knows_its_button() -> None:
    assert parse(letter(Content="是", bizmsgmenuid="2")).payload == {"bizmsgmenuid": "2"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("image", {"PicUrl": "http://x/1", "MediaId": "m1"}),
        ("voice", {"MediaId": "m1", "Format": "amr"}),
        ("video", {"MediaId": "m1", "ThumbMediaId": "m2"}),
        ("shortvideo", {"MediaId": "m1", "ThumbMediaId": "m2"}),
        ("link", {"Title": "t", "Description": "d", "Url": "http://x"}),
    ],
)
def test_that_what_is_no_text_keeps_its_parts(kind: str, fields: dict[str, str]) -> None:
    inbound = parse(letter(kind, **fields))
    assert (inbound.kind, inbound.text, inbound.payload) == (kind, "", fields)


def test_that_a_location_is_read_with_its_label_as_words() -> None:
    parts = {"Location_X": "41.80", "Location_Y": "123.45", "Scale": "15", "Label": "大东路1号"}
    inbound = parse(letter("location", **parts))
    assert inbound.text == "大东路1号"
    assert inbound.payload == parts


@pytest.mark.parametrize("xml_text", [letter(Content=""), letter(Content=" "), letter(inside=None, Content="\n")])
def test_that_an_empty_text_is_a_text_without_words(xml_text: str) -> None:
    inbound = parse(xml_text)
    assert (inbound.kind, inbound.text) == ("text", "")


def test_that_a_text_of_twenty_thousand_characters_is_read_and_a_longer_one_is_cut() -> None:
    assert parse(letter(Content="救" * 20_000)).text == "救" * 20_000
    assert parse(letter(Content="救" * 20_100)).text == "救" * 20_000


def test_that_words_written_in_parts_and_escapes_are_one_text() -> None:
    inside = letter(Content="").removeprefix("<xml>").removesuffix("</xml>")
    content = "<Content>a&lt;<![CDATA[b]]]]><![CDATA[>c]]>&#x6551;<!-- no --></Content>"
    assert parse(letter(inside=inside + content)).text == "a<b]]>c救"


def test_that_a_type_of_message_nobody_knew_is_kept_as_unknown() -> None:
    inbound = parse(letter("hologram", Content="x"))
    assert (inbound.kind, inbound.text, inbound.payload) == ("unknown", "", {})


# -- events --------------------------------------------------------------------------------------------------------


def test_that_an_event_is_told_apart_by_its_moment_name_and_key() -> None:
    one = event("CLICK", EventKey="menu_1")
    assert (one.kind, one.payload) == ("event", {"Event": "CLICK", "EventKey": "menu_1"})
    others = {
        event("CLICK", EventKey="menu_2").key,
        event("VIEW", EventKey="menu_1").key,
        event("CLICK", EventKey="menu_1", CreateTime="1767614401").key,
    }
    assert len(others | {one.key}) == 4
    assert event("CLICK", EventKey="menu_1").key == one.key


def test_that_an_event_nobody_knew_stays_an_event() -> None:
    assert event("teleported").payload == {"Event": "teleported"}


def test_that_following_by_scanning_the_code_is_still_following() -> None:
    followed = event("subscribe", EventKey="qrscene_door", Ticket="t")
    assert followed.payload == {"Event": "subscribe", "EventKey": "qrscene_door"}


def test_that_very_long_event_keys_fit_the_table_and_are_told_apart_to_their_end() -> None:
    long = "http://x/" + "y" * 5000
    one, other = event("VIEW", EventKey=long + "1").key, event("VIEW", EventKey=long + "2").key
    assert one != other
    assert max(len(one), len(other)) <= 200
    assert event("E" * 300).key != event("E" * 301).key


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId"])
def test_that_a_message_without_a_field_that_all_have_is_refused(name: str) -> None:
    with pytest.raises(MalformedError, match=name):
        parse(letter(**{name: ""}))


@pytest.mark.parametrize("name", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content"])
@pytest.mark.parametrize("form", ["<{0}>1</{0}>", "<{0}/>"], ids=["filled", "empty"])
def test_that_a_repeated_field_is_refused(name: str, form: str) -> None:
    twice = letter().replace("</xml>", form.format(name) + "</xml>")
    with pytest.raises(MalformedError, match=name):
        parse(twice)


@pytest.mark.parametrize("name", ["FromUserName", "MsgType", "MsgId", "Content"])
@pytest.mark.parametrize("inside", ["<a>1</a>", "<a/>1", "<a><b/></a>"])
def test_that_a_field_with_elements_inside_is_refused(name: str, inside: str) -> None:
    nested = letter(**{name: ""}).replace("</xml>", f"<{name}>{inside}</{name}></xml>")
    with pytest.raises(MalformedError, match=name):
        parse(nested)


@pytest.mark.parametrize("name", ["MsgId", "CreateTime"])
@pytest.mark.parametrize("value", ["-1", "1.5", "1e3", "0x1", "x", "１２", "²", "9" * 21, "9" * 10_000, "1 2", "+1"])
def test_that_a_number_that_is_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(MalformedError, match=f"{name} must be a number"):
        parse(letter(**{name: value}))


@pytest.mark.parametrize("name", ["FromUserName", "ToUserName"])
@pytest.mark.parametrize("value", ["o" * 65, "o A", "o<A", "o&A", "o'A", "沈阳", "oA\u200b"])
def test_that_an_id_that_the_platform_would_not_give_is_refused(name: str, value: str) -> None:
    with pytest.raises(MalformedError, match=name):
        parse(letter(**{name: value}))


def test_that_an_openid_that_would_end_the_cdata_of_a_reply_is_refused() -> None:
    inside = letter(FromUserName="").removeprefix("<xml>").removesuffix("</xml>")
    with pytest.raises(MalformedError, match="FromUserName"):
        parse(letter(inside=inside + "<FromUserName>o]]&gt;A</FromUserName>"))


def test_that_an_openid_of_64_characters_is_read() -> None:
    assert parse(letter(FromUserName="o" * 64)).openid == "o" * 64


def test_that_a_media_id_that_no_table_holds_is_refused() -> None:
    assert parse(letter("image", MediaId="m" * 200)).payload["MediaId"] == "m" * 200
    with pytest.raises(MalformedError, match="MediaId"):
        parse(letter("image", MediaId="m" * 201))


@pytest.mark.parametrize("xml_text", ["<xml/>", "<xml>text</xml>", "<other><MsgType>text</MsgType></other>", "<a/>"])
def test_that_xml_that_is_no_message_is_refused(xml_text: str) -> None:
    with pytest.raises(MalformedError):
        parse(xml_text)


@given(
    st.recursive(
        st.text("<>&;]![CDATA xml救1", max_size=20),
        lambda inner: st.builds(
            "<{0}>{1}</{0}>".format,
            st.sampled_from(["xml", "MsgType", "MsgId", "Content", "FromUserName", "Event", "CreateTime"]),
            st.lists(inner, max_size=8).map("".join),
        ),
    )
)
def test_that_any_xml_is_a_message_or_refused(xml_text: str) -> None:
    try:
        guard_xml(xml_text)
        parse(xml_text)
    except MalformedError:
        pass
