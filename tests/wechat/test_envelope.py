"""What the callback's envelope lets through, and what it refuses with a reason."""

import base64
import dataclasses
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from bot.wechat.envelope import (
    MAX_AGE_SECONDS,
    MAX_BODY_BYTES,
    Account,
    check_in,
    guard_xml,
    open_envelope,
    open_reply,
    readable,
    seal_callback,
    seal_reply,
    signature,
)
from bot.wechat.errors import CallbackError, ForbiddenError, MalformedError, TooLargeError
from bot.wechat.inbound import parse
from bot.wechat.outbound import text_reply
from tests.wechat.letters import ACCOUNT, PLAIN, letter

NOW = 1_767_614_400.0
BOTH = pytest.mark.parametrize("account", [ACCOUNT, PLAIN], ids=["safe", "plain"])
OTHER_KEY = dataclasses.replace(ACCOUNT, aes_key=ACCOUNT.aes_key[::-1][1:] + "A")

ENTITY_BOMB = (
    '<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Content>&c;</Content></xml>'
)
HOSTILE_XML = {
    "empty": "",
    "not XML": "hello",
    "unclosed": "<xml><Content>x</xml>",
    "two roots": "<xml/><xml/>",
    "deep nesting": "<xml>" * 2000 + "</xml>" * 2000,
    "entity bomb": ENTITY_BOMB,
    "external entity": '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Content>&f;</Content></xml>',
    "external document type": '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><xml/>',
    "empty document type": "<!DOCTYPE xml><xml/>",
    "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd">%p;]><xml/>',
    "undeclared entity": "<xml><Content>&nbsp;</Content></xml>",
    "reference to a control character": "<xml><Content>&#8;</Content></xml>",
    "reference to a surrogate": "<xml><Content>&#xD800;</Content></xml>",
    "open CDATA": "<xml><Content><![CDATA[x</Content></xml>",
}


def sealed(account: Account, xml_text: str, **changes: str) -> tuple[dict[str, str], bytes]:
    query, body = seal_callback(account, xml_text, now=NOW)
    return query | changes, body


@BOTH
def test_that_a_sealed_message_opens_unchanged(account: Account) -> None:
    query, body = sealed(account, letter())
    assert open_envelope(account, query, body, now=NOW) == letter()


@pytest.mark.parametrize("xml_text", HOSTILE_XML.values(), ids=HOSTILE_XML)
@BOTH
def test_that_hostile_xml_is_refused_also_with_a_right_signature(account: Account, xml_text: str) -> None:
    query, body = sealed(account, xml_text)
    with pytest.raises(MalformedError):
        open_envelope(account, query, body, now=NOW)


@pytest.mark.parametrize("xml_text", HOSTILE_XML.values(), ids=HOSTILE_XML)
def test_that_hostile_xml_around_the_cipher_is_refused(xml_text: str) -> None:
    query, _ = sealed(ACCOUNT, letter())
    with pytest.raises(MalformedError):
        open_envelope(ACCOUNT, query, xml_text.encode(), now=NOW)


@BOTH
def test_that_a_body_of_a_megabyte_is_too_large(account: Account) -> None:
    query, _ = sealed(account, letter())
    with pytest.raises(TooLargeError):
        open_envelope(account, query, b"x" * 1_000_000, now=NOW)


def test_that_a_body_of_just_the_limit_is_read() -> None:
    padding = "x" * (MAX_BODY_BYTES - len(letter().encode()) + len("你好".encode()))
    query, body = sealed(PLAIN, letter(Content=padding))
    assert len(body) == MAX_BODY_BYTES
    assert parse(open_envelope(PLAIN, query, body, now=NOW)).text == padding[:20_000]


@BOTH
def test_that_a_body_that_is_not_utf_8_is_refused(account: Account) -> None:
    query, _ = sealed(account, letter())
    with pytest.raises(MalformedError, match="not UTF-8"):
        open_envelope(account, query, letter(Content="救命").encode("gbk"), now=NOW)


def test_that_a_cipher_that_is_not_utf_8_inside_is_refused() -> None:
    key = base64.b64decode(ACCOUNT.aes_key + "=")
    encrypted = PrpCrypto(key).encrypt("救命".encode("gbk"), ACCOUNT.app_id).decode()
    with pytest.raises(MalformedError):
        open_signed(encrypted)


@pytest.mark.parametrize("encrypted", ["", "A", "AAAA", "救命", "A" * 44, base64.b64encode(bytes(64)).decode()])
def test_that_a_signed_cipher_that_is_none_is_refused(encrypted: str) -> None:
    with pytest.raises(CallbackError):
        open_signed(encrypted)


def open_signed(encrypted: str) -> str:
    """Open a cipher that carries the right signature, whatever it is."""
    timestamp = str(int(NOW))
    query = {
        "timestamp": timestamp,
        "nonce": "n",
        "msg_signature": signature(ACCOUNT.token, timestamp, "n", encrypted),
    }
    body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode()
    return open_envelope(ACCOUNT, query, body, now=NOW)


def test_that_a_message_encrypted_with_another_key_is_refused() -> None:
    query, body = seal_callback(OTHER_KEY, letter(), now=NOW)
    with pytest.raises(MalformedError, match="EncodingAESKey"):
        open_envelope(ACCOUNT, query, body, now=NOW)


def test_that_a_message_for_another_account_is_refused() -> None:
    query, body = seal_callback(dataclasses.replace(ACCOUNT, app_id="wx9"), letter(), now=NOW)
    with pytest.raises(ForbiddenError, match="another account"):
        open_envelope(ACCOUNT, query, body, now=NOW)


@pytest.mark.parametrize(("account", "name"), [(ACCOUNT, "msg_signature"), (PLAIN, "signature")], ids=["safe", "plain"])
@pytest.mark.parametrize("wrong", ["0" * 40, "", "签名", "\ud800", "\x00"])
def test_that_a_wrong_signature_is_refused(account: Account, name: str, wrong: str) -> None:
    query, body = sealed(account, letter(), **{name: wrong})
    with pytest.raises(ForbiddenError, match="signature"):
        open_envelope(account, query, body, now=NOW)


def test_that_the_signature_of_the_address_does_not_stand_for_the_one_of_the_message() -> None:
    query, body = sealed(ACCOUNT, letter())
    with pytest.raises(ForbiddenError):
        open_envelope(ACCOUNT, query | {"msg_signature": query["signature"]}, body, now=NOW)


def test_that_another_cipher_under_the_same_signature_is_refused() -> None:
    query, _ = sealed(ACCOUNT, letter())
    _, other = sealed(ACCOUNT, letter(Content="别的话"))
    with pytest.raises(ForbiddenError):
        open_envelope(ACCOUNT, query, other, now=NOW)


@pytest.mark.parametrize("name", ["timestamp", "nonce", "msg_signature", "signature"])
@BOTH
def test_that_a_missing_parameter_is_refused_unless_the_mode_does_not_use_it(account: Account, name: str) -> None:
    query, body = sealed(account, letter())
    query.pop(name, None)
    if name == ("signature" if account is ACCOUNT else "msg_signature"):
        assert open_envelope(account, query, body, now=NOW) == letter()
    else:
        with pytest.raises(ForbiddenError):
            open_envelope(account, query, body, now=NOW)


@pytest.mark.parametrize("seconds", [-MAX_AGE_SECONDS - 1, MAX_AGE_SECONDS + 1, -86400, 10**9])
@BOTH
def test_that_an_old_or_future_timestamp_is_refused(account: Account, seconds: int) -> None:
    query, body = seal_callback(account, letter(), now=NOW + seconds)
    with pytest.raises(ForbiddenError, match="stale"):
        open_envelope(account, query, body, now=NOW)


@pytest.mark.parametrize("seconds", [-MAX_AGE_SECONDS, 0, MAX_AGE_SECONDS])
@BOTH
def test_that_a_timestamp_within_five_minutes_is_fresh(account: Account, seconds: int) -> None:
    query, body = seal_callback(account, letter(), now=NOW + seconds)
    assert open_envelope(account, query, body, now=NOW) == letter()


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "now",
        "-1767614400",
        "1767614400.0",
        " 1767614400",
        "１７６７６１４４００",
        "1_767_614_400",
        "9" * 5000,
        "1e9",
        "²",
    ],
)
def test_that_a_signed_timestamp_that_is_no_plain_number_is_refused(timestamp: str) -> None:
    query = {"timestamp": timestamp, "nonce": "n", "signature": signature(PLAIN.token, timestamp, "n")}
    with pytest.raises(ForbiddenError, match="stale"):
        open_envelope(PLAIN, query, letter().encode(), now=NOW)


def test_that_a_plain_message_is_refused_in_safe_mode() -> None:
    query, body = sealed(PLAIN, letter())
    with pytest.raises(MalformedError, match="exactly one Encrypt"):
        open_envelope(ACCOUNT, query, body, now=NOW)


@pytest.mark.parametrize("copies", ["<Encrypt>x</Encrypt>", "<Encrypt/>", "<Encrypt><Encrypt>x</Encrypt></Encrypt>"])
def test_that_a_second_cipher_is_refused(copies: str) -> None:
    query, body = sealed(ACCOUNT, letter())
    with pytest.raises(MalformedError, match="exactly one Encrypt"):
        open_envelope(ACCOUNT, query, body.replace(b"</xml>", f"{copies}</xml>".encode()), now=NOW)


def test_that_of_a_message_in_compatibility_mode_only_the_cipher_counts() -> None:
    query, body = sealed(ACCOUNT, letter(Content="真话"))
    forged = body.replace(b"</xml>", "<Content>假话</Content><FromUserName>oEvil</FromUserName></xml>".encode())
    assert parse(open_envelope(ACCOUNT, query, forged, now=NOW)).text == "真话"


@BOTH
def test_that_a_control_character_does_not_cost_a_resident_the_message(account: Account) -> None:
    query, body = sealed(account, letter(Content="救\x00\x08命\x1f\ufffe！"))
    assert parse(open_envelope(account, query, body, now=NOW)).text == "救命！"


def test_that_an_encoding_that_the_xml_declares_does_not_change_what_is_read() -> None:
    query, body = sealed(PLAIN, '<?xml version="1.0" encoding="gbk"?>' + letter(Content="有人打架"))
    assert parse(open_envelope(PLAIN, query, body, now=NOW)).text == "有人打架"


# -- check-in and replies ------------------------------------------------------------------------------------------


def test_that_a_check_in_gets_its_echo_back() -> None:
    query, _ = sealed(ACCOUNT, letter(), echostr="4711")
    assert check_in(ACCOUNT, query, now=NOW) == "4711"


def test_that_a_check_in_with_a_wrong_signature_or_an_old_timestamp_is_refused() -> None:
    query, _ = sealed(ACCOUNT, letter(), echostr="4711")
    with pytest.raises(ForbiddenError, match="signature"):
        check_in(ACCOUNT, query | {"signature": "0" * 40}, now=NOW)
    with pytest.raises(ForbiddenError, match="stale"):
        check_in(ACCOUNT, query, now=NOW + 301)


def test_that_the_plain_signature_is_the_documented_one() -> None:
    # printf '%s' '1767614400nt0ken' | sha1sum
    assert signature("t0ken", "1767614400", "n") == "e81360ba181378b4e7111f4a60aa257abd2a3778"


def test_that_a_reply_is_encrypted_and_signed() -> None:
    reply = seal_reply(ACCOUNT, "<xml>救命</xml>", now=NOW)
    assert "救命" not in reply
    assert f"<TimeStamp>{int(NOW)}</TimeStamp>" in reply
    assert open_reply(ACCOUNT, reply) == "<xml>救命</xml>"


def test_that_a_reply_signed_with_another_token_is_told_apart() -> None:
    reply = seal_reply(dataclasses.replace(ACCOUNT, token="other"), "<xml/>", now=NOW)
    with pytest.raises(ForbiddenError):
        open_reply(ACCOUNT, reply)


def test_that_two_replies_never_carry_the_same_nonce_or_cipher() -> None:
    assert seal_reply(ACCOUNT, "<xml/>", now=NOW) != seal_reply(ACCOUNT, "<xml/>", now=NOW)


@BOTH
@given(words=st.text())
def test_that_any_words_come_through_an_envelope_and_back_in_a_reply(account: Account, words: str) -> None:
    written = readable(words).replace("]]>", "")
    query, body = seal_callback(account, letter(Content=f"话{written}话"))
    inbound = parse(open_envelope(account, query, body, now=time.time()))
    assert inbound.text == f"话{written}话".replace("\r\n", "\n").replace("\r", "\n")
    reply = open_reply(account, seal_reply(account, text_reply(inbound, words, now=NOW), now=NOW))
    guard_xml(reply)


@given(st.text())
def test_that_no_text_breaks_the_xml_guard(text: str) -> None:
    try:
        guard_xml(text)
    except MalformedError:
        return
    assert text.lstrip("\ufeff \t\r\n").startswith("<")


@given(st.binary(max_size=300), st.dictionaries(st.text(), st.text()))
def test_that_unsigned_bytes_are_always_refused(body: bytes, query: dict[str, str]) -> None:
    for account in (ACCOUNT, PLAIN):
        with pytest.raises(CallbackError):
            open_envelope(account, query, body, now=NOW)
