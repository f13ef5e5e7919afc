"""The public side: the platform's callback and the telephone vendor's, and nothing else but two health pages."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.requests import ClientDisconnect

from bot.addresses import PageChannel
from bot.clock import Clock
from bot.gateway import voice
from bot.gateway.readiness import readiness
from bot.intake import metrics
from bot.intake.engine import Engine
from bot.intake.inbox import Received
from bot.intake.speech import SherpaRecogniser
from bot.intake.understanding import Rasa
from bot.store.models import Message, MessageId, WorkState
from bot.store.session import Store, StoreUnavailableError
from bot.wechat.envelope import MAX_BODY_BYTES, Account, check_in, open_envelope, seal_reply
from bot.wechat.errors import CallbackError, IncompleteError, TooLargeError
from bot.wechat.inbound import Inbound, parse
from bot.wechat.outbound import Content, passive_reply

log = structlog.get_logger()

ANSWER_WITHIN = timedelta(seconds=4.5)
"""The platform cuts the connection at 5 s; half a second is for the way there and back."""
_LOOK_AGAIN_SECONDS = 0.25
_BEGIN_AGAIN_SECONDS = 1.0
_NOTHING_TO_SAY = "success"


@dataclass
class Parts:
    """What the gateway is made of; it owns none of it but the engine's run. `answer_within` is real time."""

    account: Account
    store: Store
    engine: Engine
    rasa: Rasa
    clock: Clock
    answer_within: timedelta = ANSWER_WITHIN
    recogniser: SherpaRecogniser | None = None
    channels: tuple[PageChannel, ...] = ()


def create_app(parts: Parts) -> FastAPI:
    """The gateway as an ASGI application; the engine runs while the application does."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(_keep_running(parts.engine))
        yield
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await parts.engine.close()

    app = FastAPI(title="Fujin gateway", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        checks = await readiness(parts.store, parts.rasa, parts.clock.now())
        ready = all(check == "ok" for check in checks.values())
        return JSONResponse({"ready": ready, **checks}, status_code=200 if ready else 503)

    @app.get("/wechat")
    async def check(request: Request) -> PlainTextResponse:
        return PlainTextResponse(check_in(parts.account, request.query_params, now=parts.clock.now().timestamp()))

    @app.post("/wechat")
    async def callback(request: Request) -> Response:
        started = time.monotonic()
        deadline = started + parts.answer_within.total_seconds()
        inbound = await _read(parts, request, deadline)
        answer = await _answer(parts, inbound, deadline)
        metrics.PASSIVE_SECONDS.observe(time.monotonic() - started)
        return answer

    app.include_router(voice.router(parts.store, parts.clock, parts.channels))

    @app.exception_handler(CallbackError)
    async def refuse(_request: Request, error: CallbackError) -> JSONResponse:
        metrics.CALLBACKS.labels("refused").inc()
        log.warning("callback.refused", kind=type(error).__name__, reason=str(error))
        return JSONResponse({"error": str(error)}, status_code=error.status)

    @app.exception_handler(StoreUnavailableError)
    async def unstored(_request: Request, error: StoreUnavailableError) -> JSONResponse:
        # Any answer but success or a reply makes the platform send the message again.
        metrics.CALLBACKS.labels("unstored").inc()
        log.error("store.unavailable", reason=str(error))
        return JSONResponse({"error": "the message could not be stored; send it again"}, status_code=503)

    return app


async def _keep_running(engine: Engine) -> None:
    """Run the engine until cancelled. One that ended by an error begins again: nothing else moves the alarms."""
    while True:
        try:
            await engine.run()
        except Exception:
            log.exception("engine.ended")
        await asyncio.sleep(_BEGIN_AGAIN_SECONDS)


async def _read(parts: Parts, request: Request, deadline: float) -> Inbound:
    body = bytearray()
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise TooLargeError(f"the body exceeds {MAX_BODY_BYTES} bytes")
    except (TimeoutError, ClientDisconnect):
        raise IncompleteError("the body did not arrive in time") from None
    now = parts.clock.now().timestamp()
    return parse(open_envelope(parts.account, request.query_params, bytes(body), now=now))


async def _answer(parts: Parts, inbound: Inbound, deadline: float) -> Response:
    """Store the message, then answer with its passive reply if it is there in time, else with a bare `success`."""
    received = await parts.engine.receive(inbound)
    metrics.CALLBACKS.labels("new" if received.new else "repeated").inc()
    content = await _passive_content(parts, received, deadline)
    if content is None:
        return PlainTextResponse(_NOTHING_TO_SAY)
    now = parts.clock.now().timestamp()
    sealed = seal_reply(parts.account, passive_reply(inbound, content, now=now), now=now)
    return Response(sealed, media_type="application/xml")


async def _passive_content(parts: Parts, received: Received, deadline: float) -> Content | None:
    """Wait for the passive reply. What this request did not claim may be settled elsewhere: it looks it up."""
    with parts.engine.waiting.wait_for(received.id) as answer:
        while (left := deadline - time.monotonic()) > 0:
            if received.claimed is None and await asyncio.to_thread(_settled, parts.store, received.id):
                return await parts.engine.passive_reply(received.id)
            with contextlib.suppress(TimeoutError):
                patience = left if received.claimed else min(left, _LOOK_AGAIN_SECONDS)
                return await asyncio.wait_for(asyncio.shield(answer), patience)
        return answer.result() if answer.done() else None  # it may have come in the very moment of the timeout


def _settled(store: Store, message_id: MessageId) -> bool:
    with store.reading() as session:
        return session.get_one(Message, message_id).state != WorkState.PENDING
