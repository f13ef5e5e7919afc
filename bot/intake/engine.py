"""The engine: moves every stored message, reply, page, deadline and file forward until nothing is due.

Each kind of work is a `Line`: claim due rows in one transaction, act outside of any, write the outcome in another.
`run` wakes a line when there is work for it and looks by itself twice a second; tests call `run_due` instead, with a
clock of their own.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.clock import Clock
from bot.duty import case as duty_case
from bot.duty import pager
from bot.duty.channel import ChannelError, Channels
from bot.duty.page import page_body
from bot.intake import evidence, handler, inbox, metrics, outbox
from bot.intake.desk import Desk
from bot.intake.inbox import Claimed, Received
from bot.intake.understanding import Rasa, RasaUnavailableError
from bot.intake.waiting import WaitingRoom
from bot.store.models import Heartbeat, Media, Message, MessageId, Page, Reply, WorkState
from bot.store.session import Store, StoreUnavailableError
from bot.wechat.client import Download, WeChatClient
from bot.wechat.errors import PlatformError
from bot.wechat.inbound import Inbound

log = structlog.get_logger()
T = TypeVar("T")

ROUND_SECONDS = 0.5
HEARTBEAT_SECONDS = 2.0
_BATCH = 32
_MESSAGES_AT_ONCE = 16
"""More would only wait inside Rasa, with the three seconds running; here they wait in order, alarms already paged."""


class Engine:
    """One process's engine over a store that it may share with others."""

    def __init__(
        self,
        *,
        store: Store,
        desk: Desk,
        rasa: Rasa,
        wechat: WeChatClient,
        channels: Channels,
        evidence_store: evidence.EvidenceStore,
        clock: Clock,
        console_url: str,
    ) -> None:
        self._store, self._desk, self._rasa, self._wechat = store, desk, rasa, wechat
        self._channels, self._evidence, self._clock, self._console_url = channels, evidence_store, clock, console_url
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="store")
        self._at_once = asyncio.Semaphore(_MESSAGES_AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wake = {name: asyncio.Event() for name in self._lines()}
        self.waiting = WaitingRoom()

    # -- the callback's side ------------------------------------------------------------------------------------

    async def receive(self, inbound: Inbound) -> Received:
        """Store a callback, page at once if the safety net sees an alarm, and begin to work on it.

        Raises:
            StoreUnavailableError: nothing is stored; the platform must not be told that it is.
        """
        received = await self._transaction(lambda session, now: inbox.receive(session, inbound, self._desk, now=now))
        if received.claimed:
            self._spawn(self._handle(received.claimed))
            if received.claimed.net:
                self._wake["pages"].set()
        return received

    async def passive_reply(self, message_id: MessageId) -> str | None:
        """What a repeated request may answer once its message is handled; None until then, or if nothing is to say."""
        return await self._transaction(lambda session, now: outbox.take_passive(session, message_id, now=now))

    # -- messages -------------------------------------------------------------------------------------------------

    async def _messages(self) -> int:
        room = _BATCH - len(self._tasks)
        if room <= 0:
            return 0
        claimed = await self._transaction(lambda session, now: inbox.claim(session, now=now, limit=room))
        await asyncio.gather(*(self._handle(one) for one in claimed))
        return len(claimed)

    async def _handle(self, claimed: Claimed) -> None:
        try:
            async with self._at_once:
                understanding = await handler.understand(self._rasa, claimed)
            metrics.understood(understanding, claimed)
            text = await self._transaction(
                lambda session, now: handler.settle(
                    session,
                    claimed,
                    understanding,
                    self._desk,
                    now=now,
                    passive=partial(self.waiting.anyone_for, claimed.id),
                )
            )
        except StoreUnavailableError:
            log.error("store.unavailable", message_id=claimed.id)  # the lease ends, and the message comes due again
            return
        self.waiting.answer(claimed.id, text)
        for name in ("messages", "pages", "media"):
            self._wake[name].set()

    async def _reread(self) -> int:
        """Have the model read what only the safety net has read, now that Rasa is back."""
        query = (
            sa.select(Message)
            .where(Message.read_by_model.is_(False), Message.state == WorkState.DONE)
            .order_by(Message.id)
            .limit(_BATCH)
        )
        unread = await self._transaction(lambda session, _now: session.scalars(query).all())
        done = 0
        for message in unread:
            try:
                triage = await self._rasa.triage(message.text)
            except RasaUnavailableError:
                break
            await self._transaction(partial(self._settle_reread, message_id=message.id, triage=triage))
            done += 1
        if done:
            self._wake["pages"].set()
        return done

    def _settle_reread(self, session: Session, now: datetime, *, message_id: MessageId, triage: Any) -> None:
        message = session.get_one(Message, message_id)
        message.read_by_model = True
        duty_case.reread(session, message, triage, roster=self._desk.roster(), channels=self._desk.channels, now=now)

    # -- pages ----------------------------------------------------------------------------------------------------

    async def _deadlines(self) -> int:
        paged: int = await self._transaction(
            lambda session, now: pager.pass_deadlines(
                session, roster=self._desk.roster(), channels=self._desk.channels, now=now
            )
        )
        if paged:
            self._wake["pages"].set()
        return paged

    async def _pages(self) -> int:
        def claim(session: Session, now: datetime) -> list[tuple[Page, dict[str, Any]]]:
            pages = pager.claim_pages(session, now=now, limit=_BATCH)
            return [(page, page_body(page, page.case, console_url=self._console_url)) for page in pages]

        pages = await self._transaction(claim)
        await asyncio.gather(*(self._send_page(page, body) for page, body in pages))
        return len(pages)

    async def _send_page(self, page: Page, body: dict[str, Any]) -> None:
        error = None
        try:
            await self._channels.open(page.channel).send(page, body)
        except ChannelError as problem:
            error = str(problem)
            log.error("page.failed", page_id=page.id, case_id=page.case_id, level=page.level, reason=error)
        metrics.paged(page, error, self._clock.now())
        await self._transaction(lambda session, now: pager.settle_page(session, page, error, now=now))

    # -- replies and media ----------------------------------------------------------------------------------------

    async def _replies(self) -> int:
        replies = await self._transaction(lambda session, now: outbox.claim_replies(session, now=now, limit=_BATCH))
        await asyncio.gather(*(self._send_reply(reply, openid) for reply, openid in replies))
        return len(replies)

    async def _send_reply(self, reply: Reply, openid: str) -> None:
        error = None
        try:
            await self._wechat.send_text(openid, reply.text)
        except PlatformError as problem:
            error = problem
            log.warning("reply.failed", reply_id=reply.id, code=problem.code)
        await self._transaction(lambda session, now: outbox.settle_reply(session, reply, error, now=now))

    async def _media(self) -> int:
        files = await self._transaction(lambda session, now: evidence.claim_media(session, now=now, limit=4))
        await asyncio.gather(*(self._fetch(file) for file in files))
        return len(files)

    async def _fetch(self, media: Media) -> None:
        outcome: tuple[Download, str] | PlatformError
        try:
            download = await self._wechat.download(media.media_id)
            outcome = (download, await self._thread(lambda: self._evidence.keep(download.content)))
        except PlatformError as problem:
            outcome = problem
            log.warning("media.failed", media_row=media.id, code=problem.code)
        await self._transaction(lambda session, now: evidence.settle_media(session, media, outcome, now=now))

    # -- the rounds -----------------------------------------------------------------------------------------------

    def _lines(self) -> dict[str, Callable[[], Awaitable[int]]]:
        return {
            "pages": self._pages,
            "deadlines": self._deadlines,
            "messages": self._messages,
            "replies": self._replies,
            "media": self._media,
            "reread": self._reread,
        }

    async def run_due(self) -> None:
        """Do all work that is due now, until none is left."""
        lines = self._lines()
        while True:
            done = [await line() for line in lines.values()]
            while self._tasks:
                await asyncio.gather(*self._tasks)
            if not any(done):
                return

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, line in self._lines().items():
                group.create_task(self._round(name, line))
            group.create_task(self._beat())

    async def _round(self, name: str, line: Callable[[], Awaitable[int]]) -> None:
        """One line's rounds. Whatever goes wrong in one, the next comes: a line that ended would be an unseen alarm."""
        wake = self._wake[name]
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUND_SECONDS):
                    await wake.wait()
            wake.clear()
            try:
                while await line():
                    pass
            except StoreUnavailableError as problem:
                log.error("store.unavailable", line=name, reason=str(problem))
            except Exception:
                log.exception("engine.line_failed", line=name)

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(StoreUnavailableError):
                await self._transaction(_heartbeat)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def close(self) -> None:
        """Let the messages in work finish, then release the threads."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -- helpers --------------------------------------------------------------------------------------------------

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _transaction(self, effect: Callable[[Session, datetime], T]) -> T:
        """Run a function of (session, now) in one transaction, in a thread: the loop never waits for the database."""

        def work() -> T:
            with self._store.transaction() as session:
                return effect(session, self._clock.now())

        return await self._thread(work)

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _heartbeat(session: Session, now: datetime) -> None:
    beat = session.get(Heartbeat, "engine")
    if beat is None:
        session.add(Heartbeat(name="engine", at=now))
    else:
        beat.at = now
