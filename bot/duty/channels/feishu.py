"""飞书's custom group robot.

Source: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (自定义机器人使用指南): `code` 0, 100 messages a
minute and 5 a second for each robot, code 11232 beyond; signed with HMAC-SHA256 over nothing, keyed with the time in
seconds, a line feed and the secret. It can name everybody, but nobody by telephone.
"""

import base64
import hmac
from datetime import timedelta
from typing import Any

import httpx

from bot.clock import Clock
from bot.duty.channels.base import Message, post_to_robot
from bot.duty.rates import Rate

_BUSY = {11232: timedelta(seconds=10), 9499: timedelta(seconds=10)}
_EVERYONE = '<at user_id="all">所有人</at> '


class FeishuChannel:
    """A text in the group; an alarm names everybody, because a group that is muted shows nothing else."""

    # Four at once and one each 0.625 s more: five in any second, a hundred in any minute.
    rate = Rate(burst=4, every=timedelta(seconds=0.625))

    def __init__(self, http: httpx.AsyncClient, url: str, clock: Clock) -> None:
        parsed = httpx.URL(url)
        self._secret = parsed.params.get("secret", "")
        self._http, self._url, self._clock = http, str(parsed.copy_remove_param("secret")), clock

    async def send(self, message: Message) -> None:
        """Deliver one page; the vendor knows no idempotency, so that a lost answer may repeat it."""
        words = message.words().replace("<", "＜")  # a resident's words must not name anybody to the group
        text = (_EVERYONE if message.everyone or message.urgent else "") + words
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        await post_to_robot(self._http, self._url, self._signature() | body, code="code", busy=_BUSY)

    def _signature(self) -> dict[str, str]:
        if not self._secret:
            return {}
        timestamp = str(int(self._clock.now().timestamp()))
        digest = hmac.digest(f"{timestamp}\n{self._secret}".encode(), b"", "sha256")
        return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}
