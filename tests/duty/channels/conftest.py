"""Channels by themselves: one page is sent over them, without a case behind it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.addresses import read_channels
from bot.duty.channels import Channels
from bot.duty.channels.base import Message
from bot.duty.roster import Officer
from bot.store.session import Store
from tests.world import FakeClock

Opener = Callable[..., Channels]
OFFICERS = (Officer(name="甲", mobile="13800000001"), Officer(name="乙", mobile="+8613800000002"), Officer(name="丙"))


def message(
    *officers: Officer, text: str = "【紧急警情】持刀伤人 案件7：刀", urgent: bool = True, everyone: bool = False
) -> Message:
    """A page to these officers (none given: the first)."""
    meant = officers or OFFICERS[:1]
    body: dict[str, Any] = {
        "page_id": 70,
        "case_id": 7,
        "label": "urgent_alarm" if urgent else "tip",
        "level": 0,
        "officer": "、".join(officer.name for officer in meant),
        "officers": [officer.name for officer in meant],
        "text": text,
        "console_url": "http://console/case/7",
        "ack_url": "http://console/ack/token",
    }
    return Message(page_id=70, body=body, kind="持刀伤人", urgent=urgent, officers=meant, everyone=everyone)


@pytest.fixture
async def open_channels(sqlite_url: str, clock: FakeClock) -> AsyncIterator[Opener]:
    """Opens channels of a setting's entries."""
    opened: list[Channels] = []
    store = Store(sqlite_url)

    def open_them(*entries: str) -> Channels:
        opened.append(Channels(read_channels(entries), store=store, clock=clock))
        return opened[-1]

    yield open_them
    for channels in opened:
        await channels.close()
    store.close()
