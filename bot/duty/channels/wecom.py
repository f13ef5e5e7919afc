"""企业微信's group robot.

Source: developer.work.weixin.qq.com/document/path/91770 (群机器人配置说明): text of at most 2048 bytes of UTF-8,
`mentioned_mobile_list`, `errcode`, 20 messages a minute and robot.
"""

from datetime import timedelta

import httpx

from bot.duty.channels.base import Message, post_to_robot
from bot.duty.rates import Rate

_MOST_BYTES = 2048
_EVERYONE = "@all"
_BUSY = {45009: timedelta(minutes=1), 45033: timedelta(seconds=10)}


class WeComChannel:
    """A text in the group that names the officers by their telephones, as 企业微信 knows them."""

    # Four of the twenty are left to the auditor, which asks nobody.
    rate = Rate.within_a_minute(16)

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http, self._url = http, url

    async def send(self, message: Message) -> None:
        """Deliver one page; the vendor knows no idempotency, so that a lost answer may repeat it."""
        mentioned = [_EVERYONE] if message.mention_all else message.mobiles
        text = {"content": message.words(_MOST_BYTES), "mentioned_mobile_list": mentioned}
        await post_to_robot(self._http, self._url, {"msgtype": "text", "text": text}, code="errcode", busy=_BUSY)
