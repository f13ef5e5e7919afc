"""What every paging channel is: it takes one page, or says why it could not."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import httpx

from bot.duty.rates import Rate
from bot.duty.roster import Officer

T = TypeVar("T")
SEND_TIMEOUT_SECONDS = 5
BLOCKING_TIMEOUT_SECONDS = 8
"""For libraries that know timeouts for single steps only; a page's lease is longer (`pager.LEASE`)."""
CHINA = "+86"
_THREADS = 16
_MOST_NAMES = 8
"""More than so many say nothing to a group, and some vendors take no long text."""
_REASON_CHARACTERS = 120


class ChannelError(Exception):
    """The page did not get out; the text says why, without secrets."""


class RateLimitedError(ChannelError):
    """The vendor takes no more at the moment; `rest` is how long to leave it alone."""

    def __init__(self, reason: str, rest: timedelta) -> None:
        super().__init__(reason)
        self.rest = rest


@dataclass(frozen=True)
class Message:
    """A page as a channel is given it.

    `body` is what a webhook gets, `kind` the case's kind in Chinese, `urgent` whether it is an alarm, `everyone`
    whether it is meant for all officers that there are.
    """

    page_id: int
    body: dict[str, Any]
    kind: str
    urgent: bool
    officers: tuple[Officer, ...]
    everyone: bool = False

    @property
    def mobiles(self) -> list[str]:
        """The telephone numbers of those it is meant for, as far as the duty file has them, as groups know them."""
        return [officer.mobile.removeprefix(CHINA) for officer in self.officers if officer.mobile]

    @property
    def mention_all(self) -> bool:
        """Whether a group is told as a whole: it is meant for all, or it is an alarm and nobody can be named to it."""
        return self.everyone or (self.urgent and not self.mobiles)

    def words(self, most_bytes: int | None = None) -> str:
        """What a group reads: the text, cut at a character if it is too long, and always whole: whom, and the links."""
        links = f"\n请 {self._whom()} 确认：{self.body['ack_url']}\n值班台：{self.body['console_url']}"
        text = str(self.body["text"])
        if most_bytes and len((text + links).encode()) > most_bytes:
            cut = text.encode()[: max(0, most_bytes - len((links + "…").encode()))]
            text = cut.decode(errors="ignore") + "…"
        return text + links

    def _whom(self) -> str:
        names = self.body["officers"]
        return f"{'、'.join(names[:_MOST_NAMES])}等{len(names)}人" if len(names) > _MOST_NAMES else self.body["officer"]


class Channel(Protocol):
    """A way to reach an officer."""

    @property
    def rate(self) -> Rate | None:
        """How often it may be used, by all gateways together; None: as often as need be."""
        ...

    async def send(self, message: Message) -> str | None:
        """Deliver one page; gives the vendor's number for it, if it has one.

        Raises:
            ChannelError: not delivered.
        """
        ...


async def post(
    http: httpx.AsyncClient, url: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> httpx.Response:
    """POST a JSON body and give the answer, whatever it says.

    Raises:
        ChannelError: there was none in time.
    """
    try:
        # httpx's own timeout is for each step of an exchange; one that trickles would never end.
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            return await http.post(url, json=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise ChannelError(f"no answer ({type(error).__name__})") from None


async def post_to_robot(
    http: httpx.AsyncClient, url: str, body: dict[str, Any], *, code: str, busy: dict[int, timedelta]
) -> None:
    """POST to a vendor's group robot: only HTTP 200 with the field `code` 0 is sent; `busy` are its codes for too much.

    Raises:
        ChannelError: not sent.
    """
    answer = await post(http, url, body)
    if answer.status_code != httpx.codes.OK:
        raise ChannelError(f"HTTP {answer.status_code}")
    try:
        told = answer.json()
        number, words = told[code], str(told.get("errmsg") or told.get("msg") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ChannelError("an answer that is none of the vendor's") from None
    if number in busy:
        raise RateLimitedError(f"rate limit of the vendor (answer {number})", busy[number])
    if number != 0 or isinstance(number, bool):
        raise ChannelError(f"answer {number}: {words[:_REASON_CHARACTERS]}")


class Threads:
    """Where libraries that block run: what hangs holds up no other part of the station, and what is no alarm holds up
    no alarm, which has threads of its own."""

    def __init__(self) -> None:
        self._alarms = ThreadPoolExecutor(_THREADS, thread_name_prefix="alarms")
        self._others = ThreadPoolExecutor(_THREADS // 2, thread_name_prefix="channels")

    async def run(self, work: Callable[[], T], *, urgent: bool) -> T:
        """Do something that blocks.

        Raises:
            ChannelError: it did not end in time.
        """
        threads = self._alarms if urgent else self._others
        try:
            async with asyncio.timeout(BLOCKING_TIMEOUT_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(threads, work)
        except TimeoutError:
            raise ChannelError("no answer (TimeoutError)") from None

    def close(self) -> None:
        """Begin nothing any more, and wait for nothing."""
        for threads in (self._alarms, self._others):
            threads.shutdown(wait=False, cancel_futures=True)
