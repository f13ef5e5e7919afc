"""The shipped gateway over a station, asked as the platform asks it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
import xmltodict
from psycopg import sql

from bot.addresses import read_channels
from bot.gateway.app import Parts, create_app
from bot.intake.inbox import Received
from bot.wechat.envelope import Account, open_reply, seal_callback
from bot.wechat.inbound import Inbound
from tests.conftest import POSTGRES_URL
from tests.station import Station
from tests.wechat.letters import ACCOUNT, letter

PATIENCE_SECONDS = 20
"""How long a test waits for what must come; nothing that works takes it."""


async def eventually(condition: Callable[[], Any]) -> None:
    """Wait until it is so; what never becomes so fails the test."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes and threads
            await asyncio.sleep(0.01)


class Gateway:
    """One gateway. `answer_within` is far beyond a test's patience, unless the test is about answering too late."""

    def __init__(self, station: Station, *, account: Account = ACCOUNT, answer_within: timedelta) -> None:
        self.station, self.account = station, account
        self.arrived: list[Received] = []
        engine = station.new_engine()
        receive = engine.receive

        async def receive_and_count(inbound: Inbound) -> Received:
            received = await receive(inbound)
            self.arrived.append(received)
            return received

        engine.receive = receive_and_count  # type: ignore[method-assign]
        self.parts = Parts(
            account=account,
            store=station.store,
            engine=engine,
            rasa=station.rasa_client,
            clock=station.clock,
            answer_within=answer_within,
            channels=read_channels(station.page_channels),
        )
        self.app = create_app(self.parts)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://gateway")

    async def post(self, xml_text: str) -> httpx.Response:
        """Deliver a message as the platform does, signed and encrypted."""
        query, body = seal_callback(self.account, xml_text, now=self.station.clock.now().timestamp())
        return await self.post_raw(query | {"openid": "oA"}, body)

    async def post_raw(self, query: Mapping[str, Any], body: Any, **headers: str) -> httpx.Response:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.http.post("/wechat", params=query, content=body, headers=headers)

    async def say(self, text: str, *, message_id: int, openid: str = "oA") -> str:
        """A resident's words; gives the passive reply's words, or "success"."""
        return self.words(await self.post(letter(Content=text, MsgId=str(message_id), FromUserName=openid)))

    def words(self, response: httpx.Response) -> str:
        """What the resident sees of an answer."""
        assert response.status_code == 200, response.text
        if response.text == "success":
            return response.text
        content: str = xmltodict.parse(open_reply(self.account, response.text))["xml"]["Content"]
        return content


@asynccontextmanager
async def open_gateway(
    station: Station, *, account: Account = ACCOUNT, answer_within: timedelta = timedelta(hours=1)
) -> AsyncIterator[Gateway]:
    """A gateway whose engine runs as long as the block does."""
    gateway = Gateway(station, account=account, answer_within=answer_within)
    async with gateway.app.router.lifespan_context(gateway.app), gateway.http:
        yield gateway


@pytest.fixture
async def gateway(station: Station) -> AsyncIterator[Gateway]:
    """A running gateway on each kind of database."""
    async with open_gateway(station) as opened:
        yield opened


@contextmanager
def database_away(url: str) -> Iterator[None]:
    """PostgreSQL refuses this database's connections, old and new, inside the block."""
    name = url.rsplit("/", 1)[1]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(POSTGRES_URL, autocommit=True) as admin:
        admin.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            admin.execute(allow.format(sql.Identifier(name), sql.Literal(True)))
