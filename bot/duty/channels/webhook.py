"""The webhook: a program of the station's own takes the page as JSON."""

import httpx

from bot.duty.channels.base import ChannelError, Message, post


class WebhookChannel:
    """POSTs the page as JSON to an address; only a 2xx answer counts as sent."""

    rate = None

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http, self._url = http, url

    async def send(self, message: Message) -> None:
        """Deliver one page; `Idempotency-Key` lets the receiver fold a repetition."""
        answer = await post(self._http, self._url, message.body, {"Idempotency-Key": str(message.page_id)})
        if not answer.is_success:
            raise ChannelError(f"HTTP {answer.status_code}")
