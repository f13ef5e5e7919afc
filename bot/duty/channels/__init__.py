"""The channels that pages go out by, each under the name that FUJIN_PAGE_CHANNELS gives it. One module a kind."""

from collections.abc import Iterable, Mapping

import httpx

from bot.addresses import DESK, PageChannel
from bot.clock import Clock
from bot.duty.channels.base import SEND_TIMEOUT_SECONDS, Channel, ChannelError, Threads
from bot.duty.channels.desk import DeskChannel
from bot.duty.channels.dingtalk import DingTalkChannel
from bot.duty.channels.feishu import FeishuChannel
from bot.duty.channels.webhook import WebhookChannel
from bot.duty.channels.wecom import WeComChannel
from bot.duty.rates import Rate
from bot.store.session import Store


class Channels:
    """The configured channels by their name; one HTTP connection pool for all."""

    def __init__(self, configured: Iterable[PageChannel], *, store: Store, clock: Clock) -> None:
        """Open them.

        Raises:
            ChannelError: an address that its library cannot use.
        """
        self._http = httpx.AsyncClient(timeout=SEND_TIMEOUT_SECONDS)
        self._threads = Threads()
        self._store, self._clock = store, clock
        self._channels = {channel.name: self._built(channel) for channel in configured}

    @property
    def rates(self) -> Mapping[str, Rate]:
        """How often each may be used; one that is not there, as often as need be."""
        return {name: channel.rate for name, channel in self._channels.items() if channel.rate}

    def open(self, name: str) -> Channel:
        """The channel of this name.

        Raises:
            ChannelError: there is none any more.
        """
        try:
            return self._channels[name]
        except KeyError:
            raise ChannelError(f"{name} is not configured any more; see FUJIN_PAGE_CHANNELS") from None

    def _built(self, channel: PageChannel) -> Channel:
        match channel.kind:
            case "webhook":
                return WebhookChannel(self._http, channel.address)
            case "wecom":
                return WeComChannel(self._http, channel.address)
            case "dingtalk":
                return DingTalkChannel(self._http, channel.address, self._clock)
            case "feishu":
                return FeishuChannel(self._http, channel.address, self._clock)
            case kind if kind == DESK:
                return DeskChannel(self._store, self._clock)
            case "voice":  # its library and the next one take a while to import, and few stations have them
                from bot.duty.channels.voice import VoiceChannel

                return VoiceChannel(channel, self._threads)
            case _:
                from bot.duty.channels.long_tail import AppriseChannel

                return AppriseChannel(channel.name, channel.address, self._threads)

    async def close(self) -> None:
        """Close the connections."""
        self._threads.close()
        await self._http.aclose()
