"""The long tail, through apprise: mail, SMS gateways, Bark, Gotify and a hundred more.

Source: github.com/caronc/apprise (the addresses of its services).
"""

import apprise

from bot.duty.channels.base import ChannelError, Message, Threads


class AppriseChannel:
    """Any service that apprise knows; whether it got out is all that apprise tells."""

    rate = None

    def __init__(self, name: str, url: str, threads: Threads) -> None:
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if service is None:
            raise ChannelError(f"apprise does not know the address of {name}")
        self._service, self._threads = service, threads

    async def send(self, message: Message) -> None:
        """Deliver one page; none of these services knows idempotency."""
        if not await self._threads.run(lambda: self._notify(message), urgent=message.urgent):
            raise ChannelError("apprise could not deliver it")

    def _notify(self, message: Message) -> bool:
        # Most services divide what is too long into several messages; a page is short.
        return bool(self._service.notify(title=message.kind, body=message.words()))
