"""钉钉's custom group robot.

Source: open.dingtalk.com/document/group/custom-robot-access (自定义机器人接入): `atMobiles`, `errcode`, 20 messages a
minute and robot, beyond which it is mute for ten minutes; signed with HMAC-SHA256 over the time in milliseconds and the
secret, keyed with the secret.
"""

import base64
import hmac
from datetime import timedelta

import httpx

from bot.clock import Clock
from bot.duty.channels.base import Message, post_to_robot
from bot.duty.rates import Rate

_MUTE = timedelta(minutes=10)
_BUSY = {130101: _MUTE, 660026: _MUTE}


class DingTalkChannel:
    """A text in the group that names the officers by their telephones. Without a secret the robot goes by its
    keyword or addresses."""

    # Four of the twenty are left to the auditor, which asks nobody.
    rate = Rate.within_a_minute(16)

    def __init__(self, http: httpx.AsyncClient, url: str, clock: Clock) -> None:
        parsed = httpx.URL(url)
        self._secret = parsed.params.get("secret", "")
        self._http, self._url, self._clock = http, parsed.copy_remove_param("secret"), clock

    async def send(self, message: Message) -> None:
        """Deliver one page; the vendor knows no idempotency, so that a lost answer may repeat it."""
        body = {
            "msgtype": "text",
            "text": {"content": message.words()},
            "at": {"atMobiles": message.mobiles, "isAtAll": message.mention_all},
        }
        await post_to_robot(self._http, str(self._signed()), body, code="errcode", busy=_BUSY)

    def _signed(self) -> httpx.URL:
        if not self._secret:
            return self._url
        timestamp = str(int(self._clock.now().timestamp() * 1000))
        digest = hmac.digest(self._secret.encode(), f"{timestamp}\n{self._secret}".encode(), "sha256")
        return self._url.copy_merge_params({"timestamp": timestamp, "sign": base64.b64encode(digest).decode()})
