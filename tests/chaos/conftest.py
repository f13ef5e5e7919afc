"""What every chaos test plays: the officers' phone, the platform, and an account's settings."""

from collections.abc import Iterator

import pytest

from tests.world import FakePhone, FakePlatform


@pytest.fixture
def phone() -> Iterator[FakePhone]:
    opened = FakePhone()
    yield opened
    opened.close()


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    opened = FakePlatform()
    yield opened
    opened.close()


def real_account(phone: FakePhone, platform: FakePlatform) -> dict[str, str]:
    """The settings of a station with an account at this platform and this phone."""
    return {
        "FUJIN_WECHAT_APP_ID": "wxchaos",
        "FUJIN_WECHAT_APP_SECRET": "secret",
        "FUJIN_WECHAT_TOKEN": "token",
        "FUJIN_WECHAT_AES_KEY": "a" * 42 + "A",
        "FUJIN_WECHAT_API_BASE": platform.url,
        "FUJIN_GATEWAY_HOST": "127.0.0.1",
        "FUJIN_PAGE_CHANNELS": phone.channel,
    }
