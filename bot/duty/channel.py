"""Paging channels: each takes one page to one officer, or says why it could not."""

import asyncio
from typing import Any, Protocol

import httpx

from bot.store.models import Page

SEND_TIMEOUT_SECONDS = 5


class ChannelError(Exception):
    """The page did not get out; the text says why, without secrets."""


class Channel(Protocol):
    """A way to reach an officer."""

    async def send(self, page: Page, body: dict[str, Any]) -> None:
        """Deliver one page.

        Raises:
            ChannelError: not delivered.
        """
        ...


class WebhookChannel:
    """POSTs the page as JSON to an address; only a 2xx answer counts as sent."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http, self._url = http, url.removeprefix("webhook+")

    async def send(self, page: Page, body: dict[str, Any]) -> None:
        """Deliver one page; `Idempotency-Key` lets the receiver fold a repetition."""
        try:
            # httpx's own timeout is for each step of an exchange; one that trickles would never end.
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                answer = await self._http.post(self._url, json=body, headers={"Idempotency-Key": str(page.id)})
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ChannelError(f"no answer ({type(error).__name__})") from None
        if not answer.is_success:
            raise ChannelError(f"HTTP {answer.status_code}")


class Channels:
    """The configured channels by their address; one HTTP connection pool for all."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(timeout=SEND_TIMEOUT_SECONDS)

    def open(self, url: str) -> Channel:
        """The channel for an address of FUJIN_PAGE_CHANNELS."""
        return WebhookChannel(self._http, url)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
