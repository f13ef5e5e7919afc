"""The group robots: what each vendor's group reads, whom it names, and what counts as sent."""

from collections.abc import Iterator

import pytest

from bot.duty.channels.base import ChannelError, RateLimitedError
from bot.duty.roster import Officer
from tests.duty.channels.conftest import OFFICERS, Opener, message
from tests.vendors import KEY, ROBOTS, SECRET, DingTalk, Feishu, Robot, WeCom
from tests.world import Answer, FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture(params=ROBOTS, ids=lambda vendor: vendor.kind)
def robot(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Robot]:
    """Each vendor in turn."""
    started: Robot = request.param(clock)
    yield started
    started.close()


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[WeCom]:
    started = WeCom(clock)
    yield started
    started.close()


@pytest.fixture
def dingtalk(clock: FakeClock) -> Iterator[DingTalk]:
    started = DingTalk(clock)
    yield started
    started.close()


@pytest.fixture
def feishu(clock: FakeClock) -> Iterator[Feishu]:
    started = Feishu(clock)
    yield started
    started.close()


async def test_that_a_signed_page_is_taken_with_its_words_whom_and_links(robot: Robot, open_channels: Opener) -> None:
    await open_channels(f"group={robot.channel}").open("group").send(message(*OFFICERS[:2]))
    (text,) = robot.texts()
    for part in ("案件7：刀", "甲、乙", "http://console/ack/token", "http://console/case/7"):
        assert part in text


async def test_that_a_robot_that_refuses_is_a_reason_without_a_secret(robot: Robot, open_channels: Opener) -> None:
    wrong = robot.channel.replace(KEY, "wrong").replace(SECRET, "wrong")
    with pytest.raises(ChannelError, match=r"^answer (93000|300005|19021): ") as caught:
        await open_channels(f"group={wrong}").open("group").send(message())
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"{}", b'"0"', b'{"errcode": false, "code": false}'])
async def test_that_an_answer_of_somebody_else_is_not_sent(robot: Robot, open_channels: Opener, answer: bytes) -> None:
    robot.server.respond = lambda _asked: Answer(body=answer)
    with pytest.raises(ChannelError):
        await open_channels(f"group={robot.channel}").open("group").send(message())


async def test_that_a_broken_server_is_not_sent(robot: Robot, open_channels: Opener) -> None:
    robot.status = 502
    with pytest.raises(ChannelError, match=r"^HTTP 502$"):
        await open_channels(f"group={robot.channel}").open("group").send(message())


async def test_that_too_much_is_told_apart_from_a_failure(robot: Robot, open_channels: Opener) -> None:
    robot.limits = ((0, robot.limits[0][1]),)
    with pytest.raises(RateLimitedError, match=r"^rate limit of the vendor"):
        await open_channels(f"group={robot.channel}").open("group").send(message())


async def test_that_wecom_names_officers_by_their_telephones(wecom: WeCom, open_channels: Opener) -> None:
    await open_channels(f"group={wecom.channel}").open("group").send(message(OFFICERS[0], OFFICERS[2]))
    assert wecom.said[0]["text"]["mentioned_mobile_list"] == ["13800000001"]


@pytest.mark.parametrize(
    ("officers", "urgent", "everyone", "mentioned"),
    [
        (OFFICERS, True, True, ["@all"]),
        (OFFICERS[2:], True, False, ["@all"]),
        (OFFICERS[2:], False, False, []),
    ],
)
async def test_that_wecom_names_everybody_when_all_are_meant_or_an_alarm_can_name_nobody(
    wecom: WeCom,
    open_channels: Opener,
    officers: tuple[Officer, ...],
    urgent: bool,
    everyone: bool,
    mentioned: list[str],
) -> None:
    page = message(*officers, urgent=urgent, everyone=everyone)
    await open_channels(f"group={wecom.channel}").open("group").send(page)
    assert wecom.said[0]["text"]["mentioned_mobile_list"] == mentioned


@pytest.mark.parametrize("length", [500, 600, 2048, 9999])
async def test_that_wecom_gets_2048_bytes_cut_at_a_character_with_the_link_whole(
    wecom: WeCom, open_channels: Opener, length: int
) -> None:
    await open_channels(f"group={wecom.channel}").open("group").send(message(text="救" * length))
    (text,) = wecom.texts()
    assert len(text.encode()) <= 2048
    assert text.endswith("http://console/case/7")
    assert "http://console/ack/token" in text
    assert ("…" in text) == (length > 600)
    assert text.count("救") > 490


async def test_that_a_page_for_hundreds_of_officers_names_some_and_says_how_many(
    robot: Robot, open_channels: Opener
) -> None:
    officers = tuple(Officer(name=f"民警{number:03}") for number in range(400))
    await open_channels(f"group={robot.channel}").open("group").send(message(*officers, everyone=True))
    (text,) = robot.texts()
    assert "请 民警000、民警001、" in text
    assert "、民警007等400人 确认：http://console/ack/token" in text


async def test_that_dingtalk_names_officers_and_everybody(dingtalk: DingTalk, open_channels: Opener) -> None:
    group = open_channels(f"group={dingtalk.channel}").open("group")
    await group.send(message(*OFFICERS[:2]))
    await group.send(message(*OFFICERS, everyone=True))
    assert dingtalk.said[0]["at"] == {"atMobiles": ["13800000001", "13800000002"], "isAtAll": False}
    assert dingtalk.said[1]["at"]["isAtAll"] is True


async def test_that_dingtalks_signature_goes_by_the_clock(
    dingtalk: DingTalk, open_channels: Opener, clock: FakeClock
) -> None:
    group = open_channels(f"group={dingtalk.channel}").open("group")
    await group.send(message())
    clock.advance(hours=2)
    await group.send(message())
    assert len(dingtalk.said) == 2


async def test_that_feishu_names_everybody_for_an_alarm_and_nobody_for_a_tip(
    feishu: Feishu, open_channels: Opener
) -> None:
    group = open_channels(f"group={feishu.channel}").open("group")
    await group.send(message())
    await group.send(message(urgent=False, text='<at user_id="all">所有人</at> 赌钱'))
    alarm, tip = feishu.texts()
    assert '<at user_id="all">' in alarm
    assert "<at" not in tip, "a resident's words name nobody"


async def test_that_a_robot_without_a_secret_is_not_signed(feishu: Feishu, open_channels: Opener) -> None:
    seen = []
    feishu.server.respond = lambda asked: seen.append(asked.json()) or Answer(body=b'{"code": 0}')
    await open_channels(f"group={feishu.channel.split('?')[0]}").open("group").send(message())
    assert set(seen[0]) == {"msg_type", "content"}
