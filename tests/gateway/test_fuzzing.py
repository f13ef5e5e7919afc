"""Whatever is thrown at the callback: never a server error, and the valid message in between is answered."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.wechat.envelope import readable, seal_callback, signature
from tests.gateway.conftest import Gateway
from tests.wechat.letters import ACCOUNT, letter

pytestmark = pytest.mark.anyio
fuzzed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NUMBERS = itertools.count(1)

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.sampled_from(["timestamp", "nonce", "signature", "msg_signature", "encrypt_type", "echostr", "openid"])
QUERIES = st.lists(st.tuples(NAMES | WORDS, WORDS | st.sampled_from(["0", "-1", "9" * 30, "１", "aes"])), max_size=12)
ENVELOPE = ["ToUserName", "FromUserName", "CreateTime", "MsgId", "Content", "Event", "EventKey", "MediaId", "Format"]
DETAILS = ["ThumbMediaId", "PicUrl", "Location_X", "Location_Y", "Scale", "Label", "Title", "Url", "bizmsgmenuid"]
FIELDS = st.dictionaries(
    st.sampled_from(ENVELOPE + DETAILS),
    WORDS | st.sampled_from(["1", "0", "-1", "9" * 20, "x" * 300, "o" * 64, "subscribe", "<a/>", "&amp;", "\x00"]),
    max_size=8,
)
KINDS = st.sampled_from(["text", "image", "voice", "video", "shortvideo", "location", "link", "event", "EVENT", "new"])
BASE = letter(Content="你好")


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A valid message with pieces cut out, doubled or put in."""
    text = BASE
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        middle = draw(
            st.sampled_from(["", text[start:end] * 2]) | WORDS | st.sampled_from(["]]>", "<!--", "<?x?>", "&"])
        )
        text = text[:start] + middle + text[end:]
    return text


async def expect_valid_message_answered(gateway: Gateway) -> None:
    number = next(NUMBERS)
    assert await gateway.say(f"有效{number}", message_id=10**15 + number, openid="oValid") == f"答：有效{number}"


@fuzzed
@given(query=QUERIES, body=st.binary(max_size=400) | WORDS.map(str.encode) | mutations().map(str.encode))
async def test_that_unsigned_noise_is_refused_and_costs_no_message(
    gateway: Gateway, query: list[tuple[str, str]], body: bytes
) -> None:
    noise: Any = query
    assert 400 <= (await gateway.post_raw(noise, body)).status_code < 500
    assert 400 <= (await gateway.http.get("/wechat", params=noise)).status_code < 500
    await expect_valid_message_answered(gateway)


@fuzzed
@given(content=mutations() | WORDS)
async def test_that_mutations_of_a_message_with_a_right_signature_cost_no_message(
    gateway: Gateway, content: str
) -> None:
    assert (await gateway.post(content)).status_code in {200, 400}
    await expect_valid_message_answered(gateway)


@fuzzed
@given(kind=KINDS, fields=FIELDS)
async def test_that_any_values_in_a_message_cost_no_message_also_not_of_the_same_resident(
    gateway: Gateway, kind: str, fields: dict[str, str]
) -> None:
    safe = {name: value.replace("]]>", "") for name, value in fields.items()}
    assert (await gateway.post(letter(kind, **{"FromUserName": "oValid"} | safe))).status_code in {200, 400}
    await expect_valid_message_answered(gateway)


@fuzzed
@given(encrypted=WORDS | st.binary(max_size=200).map(bytes.hex), nonce=WORDS)
async def test_that_any_cipher_with_a_right_signature_costs_no_message(
    gateway: Gateway, encrypted: str, nonce: str
) -> None:
    written = readable(encrypted).replace("]]>", "").replace("\r", "")
    timestamp = str(int(gateway.station.clock.now().timestamp()))
    signed = signature(ACCOUNT.token, timestamp, nonce, written)
    body = f"<xml><Encrypt><![CDATA[{written}]]></Encrypt></xml>".encode()
    response = await gateway.post_raw({"timestamp": timestamp, "nonce": nonce, "msg_signature": signed}, body)
    assert response.status_code in {400, 403}
    await expect_valid_message_answered(gateway)


@fuzzed
@given(extra=QUERIES)
async def test_that_parameters_beside_the_right_ones_cost_no_message(
    gateway: Gateway, extra: list[tuple[str, str]]
) -> None:
    query, body = seal_callback(ACCOUNT, letter(MsgId=str(next(NUMBERS))), now=gateway.station.clock.now().timestamp())
    repeated: Any = [*query.items(), *extra]
    assert (await gateway.post_raw(repeated, body)).status_code in {200, 403}
    last_wins: Any = [*extra, *query.items()]
    assert gateway.words(await gateway.post_raw(last_wins, body)) == "答：你好"
