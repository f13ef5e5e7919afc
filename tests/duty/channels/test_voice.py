"""The telephone, through the vendor's own SDK against a vendor that verifies its signature."""

import threading
from collections.abc import Iterator

import pytest

from bot.duty.channels import base
from bot.duty.channels.base import ChannelError, RateLimitedError
from tests.duty.channels.conftest import OFFICERS, Opener, message
from tests.vendors import TencentVoice
from tests.world import Answer

pytestmark = pytest.mark.anyio


@pytest.fixture
def vendor() -> Iterator[TencentVoice]:
    started = TencentVoice()
    yield started
    started.close()


async def test_that_the_officers_mobile_is_called_and_the_call_has_a_number(
    vendor: TencentVoice, open_channels: Opener
) -> None:
    call = await open_channels(f"tel={vendor.channel}").open("tel").send(message())
    assert call == "call-1"
    (asked,) = vendor.calls
    assert asked["CalledNumber"] == "+8613800000001"
    assert asked["TemplateParamSet"] == ["持刀伤人", "7"]
    assert (asked["VoiceSdkAppid"], asked["TemplateId"], asked["SessionContext"]) == ("1400000001", "10001", "70")


async def test_that_a_number_with_its_country_is_called_as_it_is(vendor: TencentVoice, open_channels: Opener) -> None:
    await open_channels(f"tel={vendor.channel}").open("tel").send(message(OFFICERS[1]))
    assert vendor.calls[0]["CalledNumber"] == "+8613800000002"


async def test_that_an_officer_without_a_mobile_is_a_reason(vendor: TencentVoice, open_channels: Opener) -> None:
    with pytest.raises(ChannelError, match="丙 has no mobile"):
        await open_channels(f"tel={vendor.channel}").open("tel").send(message(OFFICERS[2]))
    assert vendor.server.asked == []


async def test_that_a_wrong_key_is_a_reason_without_it(vendor: TencentVoice, open_channels: Opener) -> None:
    wrong = vendor.channel.replace(vendor.secret_key, "wrongwrong")
    with pytest.raises(ChannelError, match=r"^the vendor did not call \(AuthFailure.SignatureFailure\)$"):
        await open_channels(f"tel={wrong}").open("tel").send(message())


async def test_that_the_vendors_refusal_names_no_number(vendor: TencentVoice, open_channels: Opener) -> None:
    vendor.error = "UnsupportedOperation.VerifyMobile"
    with pytest.raises(ChannelError) as caught:
        await open_channels(f"tel={vendor.channel}").open("tel").send(message())
    assert "138" not in str(caught.value)
    vendor.error = "RequestLimitExceeded"
    with pytest.raises(RateLimitedError):
        await open_channels(f"tel={vendor.channel}").open("tel").send(message())


async def test_that_a_vendor_that_is_away_is_a_reason(vendor: TencentVoice, open_channels: Opener) -> None:
    vendor.close()
    with pytest.raises(ChannelError, match="did not call"):
        await open_channels(f"tel={vendor.channel}").open("tel").send(message())
    vendor.__init__()  # type: ignore[misc]  # the fixture closes it once more


async def test_that_an_sdk_that_hangs_is_given_up(
    vendor: TencentVoice, open_channels: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "BLOCKING_TIMEOUT_SECONDS", 0.2)
    released = threading.Event()

    def hang(_asked: object) -> Answer:
        released.wait(30)
        return Answer(500)

    vendor.server.respond = hang
    try:
        with pytest.raises(ChannelError, match="no answer"):
            await open_channels(f"tel={vendor.channel}").open("tel").send(message())
    finally:
        released.set()
