"""Logs say what happened to which row; never who wrote, nor a word of what was written."""

import logging
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.wechat.envelope import seal_callback
from tests.gateway.conftest import eventually, open_gateway
from tests.station import Station
from tests.wechat.letters import ACCOUNT, letter

pytestmark = pytest.mark.anyio
OPENID = "oSecretResident"
WORDS = "我家住在秘密胡同七号"
ALARM = f"有人拿刀在楼下砍人，{WORDS}"


async def test_that_no_log_holds_an_openid_or_a_word_of_a_resident(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for noisy in ("httpx", "httpcore"):  # silenced by configure_logging in the product, and here they are the asker
        caplog.set_level(logging.WARNING, logger=noisy)
    with capture_logs() as logs:
        async with open_gateway(station, answer_within=timedelta(seconds=2)) as gateway:
            await gateway.say(WORDS, message_id=1, openid=OPENID)
            station.rasa.status, station.phone.status, station.platform.send_error = 500, 500, 45015
            await gateway.say(ALARM, message_id=2, openid=OPENID)
            await gateway.post(letter("image", FromUserName=OPENID, MsgId="3", MediaId=WORDS))
            await gateway.post(letter(FromUserName=OPENID + WORDS))
            await gateway.post(letter(FromUserName=OPENID, Content=WORDS) + WORDS)
            await gateway.post(letter(FromUserName=OPENID, MsgId=WORDS))
            query, body = seal_callback(ACCOUNT, letter(FromUserName=OPENID, Content=WORDS), now=0)
            await gateway.post_raw(query | {"openid": OPENID}, body)
            await gateway.post_raw({"openid": OPENID, "signature": WORDS}, WORDS.encode())
            events = {"page.failed", "rasa.unavailable", "media.failed", "callback.refused"}
            await eventually(lambda: events <= {entry["event"] for entry in logs})
            station.phone.take()
    said = repr(logs) + caplog.text
    assert OPENID not in said
    assert "秘密胡同" not in said
    assert not [entry for entry in logs if entry["event"] in {"engine.ended", "engine.line_failed"}]
