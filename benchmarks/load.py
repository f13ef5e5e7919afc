"""Residents who write: closed loops (each waits for the answer) and a burst (all at once)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp

from bot.wechat.envelope import Account, seal_callback
from tests.resident import text_xml

Send = Callable[[aiohttp.ClientSession, str, str], Awaitable[bool]]
"""Deliver (session, sender, text); whether an answer with words came."""


@dataclass(frozen=True)
class Timing:
    """What a load found: seconds for each answer, whether it had words, and the whole's duration in seconds."""

    answers: tuple[float, ...]
    worded: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Messages answered in a second."""
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> float:
        """The answer time that this share of messages did not exceed, in seconds."""
        return percentile(self.answers, share)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of some values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def to_gateway(account: Account, url: str, posted: dict[str, float] | None = None) -> Send:
    """Write to Fujin's callback as the platform does; `posted` takes each sender's moment of POST (Unix time)."""

    async def send(session: aiohttp.ClientSession, sender: str, text: str) -> bool:
        query, body = seal_callback(account, text_xml(sender, text))
        if posted is not None:
            posted[sender] = time.time()
        async with session.post(f"{url}/wechat", params=query, data=body) as answer:
            content = await answer.read()
            assert answer.status == 200, content
            return content != b"success"

    return send


def to_stock(url: str) -> Send:
    """Write to the stock bot's REST channel."""

    async def send(session: aiohttp.ClientSession, sender: str, text: str) -> bool:
        async with session.post(f"{url}/webhooks/rest/webhook", json={"sender": sender, "message": text}) as answer:
            return bool(await answer.json())

    return send


async def closed_loop(send: Send, residents: int, texts: Sequence[str]) -> Timing:
    """So many residents share the texts; each writes the next one when the last is answered."""
    times: list[float] = []
    worded = 0

    async def resident(session: aiohttp.ClientSession, number: int) -> None:
        nonlocal worded
        for text in texts[number::residents]:
            began = time.perf_counter()
            answered = await send(session, f"oBench{residents}x{number}", text)
            worded += answered
            times.append(time.perf_counter() - began)

    async with _session() as session:
        began = time.perf_counter()
        await asyncio.gather(*(resident(session, number) for number in range(residents)))
        return Timing(tuple(times), worded, time.perf_counter() - began)


async def burst(send: Send, texts: Sequence[str], name: str = "oBurst") -> Timing:
    """Every text from a resident of its own, all at the same moment."""
    times: list[float] = []

    async def resident(session: aiohttp.ClientSession, number: int, text: str) -> bool:
        began = time.perf_counter()
        worded = await send(session, f"{name}{number}", text)
        times.append(time.perf_counter() - began)
        return worded

    async with _session() as session:
        began = time.perf_counter()
        worded = await asyncio.gather(*(resident(session, number, text) for number, text in enumerate(texts)))
        return Timing(tuple(times), sum(worded), time.perf_counter() - began)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60))
