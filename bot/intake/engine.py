"""The engine: moves every stored message, reply, page, deadline and file forward until nothing is due.

Each kind of work is a line: claim due rows in one transaction, act outside of any, write the outcome in another. What
was claimed is acted on in tasks of its own, so that a slow channel or file holds up nothing else.
`run` wakes a line when there is work for it and looks by itself twice a second; tests call `run_due` instead, with a
clock of their own.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from bot.clock import Clock
from bot.duty import pager
from bot.duty.channels import Channels
from bot.duty.channels.base import ChannelError
from bot.duty.channels.base import Message as PageMessage
from bot.duty.one_tap import OneTap
from bot.duty.page import page_message
from bot.intake import evidence, handler, inbox, metrics, outbox, voices
from bot.intake.desk import Desk
from bot.intake.inbox import Claimed, Received
from bot.intake.speech import Recogniser
from bot.intake.understanding import MOST_AT_ONCE, Rasa, RasaUnavailableError, Understanding
from bot.intake.waiting import WaitingRoom
from bot.store.models import LATE, Heartbeat, Media, Message, MessageId, Page, Reply, WorkState
from bot.store.session import Store, StoreUnavailableError, insert, take
from bot.wechat.client import Download, WeChatClient
from bot.wechat.errors import PlatformError
from bot.wechat.inbound import MEDIA_KINDS, Inbound
from bot.wechat.outbound import Content

log = structlog.get_logger()
T = TypeVar("T")

ROUND_SECONDS = 0.5
HEARTBEAT_SECONDS = 2.0
_ROOM = {"messages": 32, "pages": 48, "other_pages": 16, "replies": 32, "media": 4, "voices": 1}
"""How many rows of a line are worked on at once. Pages that are for no alarm have a line of their own: where a vendor
hangs, no alarm waits for them."""
_MESSAGES_AT_RASA = 16
"""More would only wait inside Rasa, with the three seconds running; here they wait in order, alarms already paged."""
_BURST = 8
"""From so many waiting messages on, they are looked over together before each has its turn."""
_REREADS = 8
_REREAD_AGAIN = timedelta(seconds=60)


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
        one_tap: OneTap,
        recogniser: Recogniser | None = None,
    ) -> None:
        self._store, self._desk, self._rasa, self._wechat = store, desk, rasa, wechat
        self._channels, self._evidence, self._clock, self._console_url = channels, evidence_store, clock, console_url
        self._one_tap, self._recogniser = one_tap, recogniser
        # SQLite has one writer, so a second thread would only wait for it. Pages have a lane of their own: in a burst
        # an alarm stands behind one transaction, not behind hundreds of messages that are being stored.
        ordinary, urgent = (1, 1) if store.sqlite else (8, 4)
        self._ordinary = ThreadPoolExecutor(ordinary, thread_name_prefix="store")
        self._urgent = ThreadPoolExecutor(urgent, thread_name_prefix="pager")
        self._at_rasa = asyncio.Semaphore(_MESSAGES_AT_RASA)
        self._queue: dict[MessageId, Claimed] = {}
        self._looked_over: set[MessageId] = set()
        self._held: set[MessageId] = set()
        self._working: dict[str, set[asyncio.Task[None]]] = {name: set() for name in _ROOM}
        self._wake = {name: asyncio.Event() for name in self._lines()}
        self.waiting = WaitingRoom()

    # -- the callback's side ------------------------------------------------------------------------------------

    async def receive(self, inbound: Inbound) -> Received:
        """Store a callback, look it over with the safety net, and begin to work on it.

        Raises:
            StoreUnavailableError: nothing is stored; the platform must not be told that it is.
        """
        received = await self._transaction(lambda session, now: inbox.receive(session, inbound, self._desk, now=now))
        if received.claimed:
            self._spawn("messages", self._handle(received.claimed))
        elif received.new:
            self._held.add(received.id)
            self._wake["messages"].set()  # the one before it may have been done just as this one was stored
        return received

    async def passive_reply(self, message_id: MessageId) -> Content | None:
        """What a repeated request may answer once its message is handled; None until then, or if nothing is to say."""
        return await self._transaction(lambda session, now: outbox.take_passive(session, message_id, now=now))

    # -- messages -------------------------------------------------------------------------------------------------

    async def _messages(self) -> int:
        if (room := self._room("messages")) <= 0:
            return 0
        claimed = await self._transaction(lambda session, now: inbox.claim(session, now=now, limit=room))
        for one in claimed:
            self._held.discard(one.id)
            self._spawn("messages", self._handle(one))
        if not self._working["messages"]:
            self._held.clear()  # another process has them
        return len(claimed)

    async def _handle(self, claimed: Claimed) -> None:
        if claimed.attempt > handler.CLAIMS:
            await self._put_back(claimed, "its handling never ended")
            return
        try:
            await self._understand(claimed)
        except StoreUnavailableError:
            raise  # the lease ends, and the message comes due again
        except Exception as error:
            log.exception("message.failed", message_id=claimed.id, attempt=claimed.attempt)
            await self._put_back(claimed, type(error).__name__)

    async def _put_back(self, claimed: Claimed, error: str) -> None:
        await self._transaction(
            lambda session, now: handler.put_back(session, claimed, self._desk, now=now, error=error)
        )

    async def _understand(self, claimed: Claimed) -> None:
        claimed, understanding = await self._ask_rasa(claimed)
        metrics.understood(understanding, claimed)
        settle = partial(
            handler.settle,
            claimed=claimed,
            understanding=understanding,
            desk=self._desk,
            passive=partial(self.waiting.anyone_for, claimed.id),
        )
        content = await self._transaction(lambda session, now: settle(session, now=now))
        if not self.waiting.answer(claimed.id, content) and content is not None:
            await self._transaction(lambda session, now: outbox.give_back(session, claimed.id, now=now))
        if claimed.net or (understanding and understanding.triage.urgent):
            self._wake["pages"].set()
        if claimed.kind in MEDIA_KINDS:
            self._wake["media"].set()

    async def _ask_rasa(self, claimed: Claimed) -> tuple[Claimed, Understanding | None]:
        """Wait for a turn at Rasa; meanwhile the message may be looked over, and then it is known as an alarm."""
        self._queue[claimed.id] = claimed
        if len(self._queue) >= _BURST:
            self._wake["queue"].set()
        try:
            async with self._at_rasa:
                claimed = self._queue.pop(claimed.id)
                return claimed, await handler.understand(self._rasa, claimed, self._desk)
        finally:
            self._queue.pop(claimed.id, None)
            self._looked_over.discard(claimed.id)

    async def _unread(self) -> int:
        """Page for what the safety net sees as an alarm, where the model has not read it in time."""
        raised = await self._transaction(partial(inbox.raise_unread, desk=self._desk), self._urgent)
        if raised:
            self._wake["pages"].set()
        return raised

    async def _look_over_queue(self) -> int:
        """In a burst, have the model read all that waits for its turn in one go, and page for the alarms among it."""
        waiting = [
            one
            for one in self._queue.values()
            if one.kind == "text" and one.text.strip() and one.net is None and one.id not in self._looked_over
        ][:MOST_AT_ONCE]
        if len(waiting) < _BURST:
            return 0
        self._looked_over.update(one.id for one in waiting)
        try:
            triages = await self._rasa.triage_batch([one.text for one in waiting])
        except RasaUnavailableError as problem:
            log.warning("rasa.unavailable", queue=len(waiting), reason=str(problem))
            return 0
        alarms = {one.id: triage for one, triage in zip(waiting, triages, strict=True) if triage.urgent}
        if alarms:
            await self._transaction(partial(inbox.raise_alarms, alarms=alarms, desk=self._desk), self._urgent)
            self._wake["pages"].set()
        for one in waiting:
            if one.id in alarms and one.id in self._queue:
                self._queue[one.id] = replace(one, net=alarms[one.id])
        return len(waiting)

    async def _reread(self) -> int:
        """Have the model read what only the safety net has read, now that Rasa is back."""
        unread = await self._transaction(_claim_rereads)
        for done, (message_id, text, fragments, sender) in enumerate(unread):
            try:
                read = await self._rasa.triage(text, fragments, sender=sender, message_id=str(message_id))
            except RasaUnavailableError:
                if await self._rasa.healthy():  # it is this text that Rasa stumbles over: the others go first
                    await self._transaction(partial(_put_off, message_id=message_id))
                return done
            await self._transaction(partial(self._settle_reread, message_id=message_id, read=read))
            self._wake["pages"].set()
        return len(unread)

    def _settle_reread(self, session: Session, now: datetime, *, message_id: MessageId, read: Understanding) -> None:
        query = sa.select(Message).where(Message.id == message_id, Message.read_by_model.is_(False)).with_for_update()
        if message := session.scalars(query).one_or_none():
            message.read_by_model, message.model = True, read.model
            message.payload = message.payload | {LATE: True}
            voices.reread(session, message, read.triage, self._desk, now=now)

    # -- pages ----------------------------------------------------------------------------------------------------

    async def _deadlines(self) -> int:
        paged: int = await self._transaction(
            lambda session, now: pager.pass_deadlines(session, watch=self._desk.watch(), now=now)
        )
        if paged:
            self._wake["pages"].set()
        return paged + await self._transaction(lambda session, now: pager.miss_desks(session, now=now))

    async def _pages(self) -> int:
        return await self._send_due("pages", alarms=True)

    async def _other_pages(self) -> int:
        return await self._send_due("other_pages", alarms=False)

    async def _send_due(self, line: str, *, alarms: bool) -> int:
        if (room := self._room(line)) <= 0:
            return 0
        claim = partial(pager.claim_pages, alarms=alarms, rates=self._channels.rates, limit=room)
        claimed = await self._transaction(lambda session, now: claim(session, now=now), self._urgent)
        for page in claimed.pages:
            self._spawn(line, self._send_page(page))
        for page in claimed.held_up:
            await self._transaction(partial(_hold_up, page=page), self._urgent)
        return claimed.seen

    def _page_message(self, page: Page) -> PageMessage:
        return page_message(
            page,
            page.case,
            roster=self._desk.watch().roster,
            console_url=self._console_url,
            ack_url=self._one_tap.url(page, now=self._clock.now()),
        )

    async def _send_page(self, page: Page) -> None:
        problem, receipt = None, None
        try:
            receipt = await self._channels.open(page.channel).send(self._page_message(page))
        except ChannelError as told:
            problem = told
            log.error(
                "page.failed",
                page_id=page.id,
                case_id=page.case_id,
                level=page.level,
                channel=page.channel,
                reason=str(problem),
            )
        except Exception as unforeseen:
            problem = ChannelError(_unforeseen(unforeseen, page_id=page.id))
        metrics.paged(page, problem, self._clock.now())
        settle = partial(pager.settle_page, page=page, problem=problem, rates=self._channels.rates, receipt=receipt)
        await self._transaction(lambda session, now: settle(session, now=now), self._urgent)

    # -- replies and media ----------------------------------------------------------------------------------------

    async def _replies(self) -> int:
        if (room := self._room("replies")) <= 0:
            return 0
        replies = await self._transaction(lambda session, now: outbox.claim_replies(session, now=now, limit=room))
        for reply, openid in replies:
            self._spawn("replies", self._send_reply(reply, openid))
        return len(replies)

    async def _send_reply(self, reply: Reply, openid: str) -> None:
        error = None
        try:
            content = await asyncio.to_thread(outbox.sendable, reply, self._evidence)
            await self._wechat.send(openid, content)
        except PlatformError as problem:
            error = problem
            log.warning("reply.failed", reply_id=reply.id, code=problem.code)
        except Exception as problem:
            error = PlatformError(0, _unforeseen(problem, reply_id=reply.id))
        await self._transaction(lambda session, now: outbox.settle_reply(session, reply, error, now=now))

    async def _media(self) -> int:
        if (room := self._room("media")) <= 0:
            return 0
        files = await self._transaction(lambda session, now: evidence.claim_media(session, now=now, limit=room))
        for file in files:
            self._spawn("media", self._fetch(file))
        return len(files)

    async def _fetch(self, media: Media) -> None:
        outcome: tuple[Download, str] | PlatformError
        try:
            download = await self._wechat.download(media.media_id)
            outcome = (download, await asyncio.to_thread(self._evidence.keep, download.content))
        except PlatformError as problem:
            outcome = problem
            log.warning("media.failed", media_row=media.id, code=problem.code)
        except Exception as problem:
            outcome = PlatformError(0, _unforeseen(problem, media_row=media.id))
        settle = partial(evidence.settle_media, media=media, outcome=outcome, transcribe=self._recogniser is not None)
        await self._transaction(lambda session, now: settle(session, now=now))
        self._wake["voices"].set()
        self._wake["replies"].set()

    async def _voices(self) -> int:
        if (room := self._room("voices")) <= 0:
            return 0
        kept = await self._transaction(lambda session, now: voices.claim_voices(session, now=now, limit=room))
        for voice in kept:
            self._spawn("voices", self._listen(voice))
        return len(kept)

    async def _listen(self, voice: Media) -> None:
        """Transcribe a voice. Whatever goes wrong in it, a human listens, as without a recogniser."""
        transcript = None
        if self._recogniser and voice.sha256:
            try:
                transcript = await asyncio.to_thread(self._recogniser.transcribe, self._evidence.path(voice.sha256))
            except Exception as problem:
                _unforeseen(problem, media_row=voice.id)
        settle = partial(voices.settle_voice, media=voice, transcript=transcript, desk=self._desk)
        await self._transaction(lambda session, now: settle(session, now=now))
        if transcript:
            self._wake["pages"].set()
            self._wake["reread"].set()

    # -- the rounds -----------------------------------------------------------------------------------------------

    def _lines(self) -> dict[str, Callable[[], Awaitable[int]]]:
        return {
            "pages": self._pages,
            "other_pages": self._other_pages,
            "deadlines": self._deadlines,
            "unread": self._unread,
            "queue": self._look_over_queue,
            "messages": self._messages,
            "replies": self._replies,
            "media": self._media,
            "voices": self._voices,
            "reread": self._reread,
        }

    async def run_due(self) -> None:
        """Do all work that is due now, until none is left."""
        lines = self._lines()
        while True:
            before = self._all_working()
            done = [await line() for line in lines.values()]
            after = self._all_working()
            await asyncio.gather(*after)
            if not any(done) and not before and not after:
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
            await self._guarded(name, self._until_idle(line))

    async def _until_idle(self, line: Callable[[], Awaitable[int]]) -> None:
        while await line():
            pass

    async def _beat(self) -> None:
        while True:
            await self._guarded("heartbeat", self._transaction(_heartbeat))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def close(self) -> None:
        """Let the work in hand finish, then release the threads.

        A transaction goes on in its thread though whoever waited for it was cancelled: once this returns, none is
        open any more, and the database may be closed.
        """
        if working := self._all_working():
            await asyncio.wait(working, timeout=5)
        for threads in (self._ordinary, self._urgent):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)

    # -- helpers --------------------------------------------------------------------------------------------------

    def _room(self, line: str) -> int:
        return _ROOM[line] - len(self._working[line])

    def _all_working(self) -> list[asyncio.Task[None]]:
        return [task for tasks in self._working.values() for task in tasks if not task.done()]

    def _spawn(self, line: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(line, work))
        self._working[line].add(task)
        task.add_done_callback(partial(self._finished, line))

    def _finished(self, line: str, task: asyncio.Task[None]) -> None:
        self._working[line].discard(task)
        if line != "messages" or self._held:
            self._wake[line].set()  # there is room again, and what waited for this to be done may go on

    async def _guarded(self, line: str, work: Awaitable[object]) -> None:
        """Do some work; whatever goes wrong in it is logged and ends nothing else."""
        try:
            await work
        except StoreUnavailableError as problem:
            log.error("store.unavailable", line=line, reason=str(problem))
        except Exception:
            log.exception("engine.work_failed", line=line)

    async def _transaction(
        self, effect: Callable[[Session, datetime], T], threads: ThreadPoolExecutor | None = None
    ) -> T:
        """Run a function of (session, now) in one transaction, in a thread: the loop never waits for the database."""

        def work() -> T:
            with self._store.transaction() as session:
                return effect(session, self._clock.now())

        return await asyncio.get_running_loop().run_in_executor(threads or self._ordinary, work)


def _heartbeat(session: Session, now: datetime) -> None:
    beat = insert(session, Heartbeat).values(name="engine", at=now, healthy=True, detail="")
    session.execute(beat.on_conflict_do_update(index_elements=["name"], set_={"at": now}))


def _claim_rereads(session: Session, now: datetime) -> list[tuple[MessageId, str, tuple[str, ...], str]]:
    """Some of the messages that the model has not read, with what it must know, for as long as a lease lasts."""
    query = (
        sa.select(Message)
        .where(Message.read_by_model.is_(False), Message.state == WorkState.DONE, Message.due_at <= now)
        .order_by(Message.due_at, Message.id)
        .limit(_REREADS)
        .with_for_update(skip_locked=True)
    )
    messages = session.scalars(query).all()
    for message in messages:
        take(message, now=now, lease=inbox.LEASE)
    return [
        (message.id, message.text, inbox.fragments_before(session, message), message.resident.pseudonym)
        for message in messages
    ]


def _hold_up(session: Session, now: datetime, *, page: Page) -> None:
    pager.hold_up(session, page, now=now)


def _put_off(session: Session, now: datetime, *, message_id: MessageId) -> None:
    session.get_one(Message, message_id).due_at = now + _REREAD_AGAIN


def _unforeseen(problem: Exception, **ids: int) -> str:
    """Log an error that no caller expects; the row it belongs to is settled with the name, and so tried again."""
    log.exception("engine.unforeseen", **ids)
    return f"unforeseen {type(problem).__name__}"
