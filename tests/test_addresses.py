"""Channels are known by names; addresses hold keys."""

import pytest

from bot.addresses import read_channels

ROBOT = "wecom+https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=the-key"
VOICE = "voice+tencent://id:the-key@vms.tencentcloudapi.com/?app=1&template=2&token=0123456789abcdef"


def names(*entries: str) -> list[str]:
    return [channel.name for channel in read_channels(entries)]


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("webhook+http://user:pass@pager.example:8443/secret?token=x", "webhook@pager.example:8443"),
        (ROBOT, "wecom@qyapi.weixin.qq.com"),
        (VOICE, "voice@vms.tencentcloudapi.com"),
        ("apprise+tgram://the-key/chat", "apprise@tgram"),
        ("desk", "desk"),
        (f"值班群={ROBOT}", "值班群"),
        ("night shift = apprise+mailto://a:the-key@host?a=b", "night shift"),
    ],
)
def test_that_a_channel_has_the_name_it_is_given_or_its_kind_and_host(entry: str, name: str) -> None:
    assert names(entry) == [name]


def test_that_two_addresses_on_one_host_have_two_names() -> None:
    assert names("webhook+http://a/1", "webhook+http://a/2", "webhook+http://a/1") == ["webhook@a", "webhook@a#2"]


def test_that_an_address_shows_in_no_log() -> None:
    assert "the-key" not in repr(read_channels([ROBOT, VOICE]))


def test_that_a_telephone_and_a_desk_reach_one_officer() -> None:
    reaching = {channel.kind: channel.personal for channel in read_channels([ROBOT, VOICE, "desk", "apprise+json://a"])}
    assert reaching == {"wecom": False, "voice": True, "desk": True, "apprise": False}
