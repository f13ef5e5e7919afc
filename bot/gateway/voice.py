"""The telephone vendor's reports: `/voice/callback/{token}`.

Source: cloud.tencent.com/document/product/1128/51535 (语音通知按键通知) and …/api/1128/37727 (语音送达失败原因通知).
The vendor signs nothing, so that the token in the address is what tells it from anybody else.
"""

import asyncio
import hmac
from collections.abc import Iterable
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session
from starlette.requests import ClientDisconnect

from bot.addresses import PageChannel
from bot.clock import Clock
from bot.duty import calls
from bot.store.session import Store

log = structlog.get_logger()
_MOST_BYTES = 16 * 1024
_WITHIN_SECONDS = 5


class _Lenient(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)


class _KeyPressed(_Lenient):
    callid: str = Field(min_length=1, max_length=64)
    keypress: str


class _NotReached(_Lenient):
    callid: str = Field(min_length=1, max_length=64)
    failure_reason: str = ""


class _Report(_Lenient):
    """What the vendor posts; of its kinds, those that matter here. How long a call lasted does not."""

    voicekey_callback: _KeyPressed | None = None
    voice_failure_callback: _NotReached | None = None


def router(store: Store, clock: Clock, channels: Iterable[PageChannel]) -> APIRouter:
    """The vendor's door. Without a voice channel it leads nowhere."""
    tokens = [channel.query["token"].encode() for channel in channels if channel.kind == "voice"]
    routes = APIRouter()

    def record(report: _Report) -> bool:
        with store.transaction() as session:
            return _record(session, report, clock)

    @routes.post("/voice/callback/{token}")
    async def callback(token: str, request: Request) -> dict[str, Any]:
        """Take a report; `result` 0 is what the vendor expects of one that was understood."""
        if not any(hmac.compare_digest(token.encode(), one) for one in tokens):
            raise HTTPException(404)
        if await asyncio.to_thread(record, await _read(request)):
            return {"result": 0, "errmsg": "OK"}
        log.warning("voice.unknown_call")
        return {"result": 1, "errmsg": "unknown call"}

    return routes


def _record(session: Session, report: _Report, clock: Clock) -> bool:
    """Write down what a report tells; whether its call is known."""
    if pressed := report.voicekey_callback:
        return calls.key_pressed(session, pressed.callid, pressed.keypress, now=clock.now())
    if failed := report.voice_failure_callback:
        return calls.not_reached(session, failed.callid, failed.failure_reason, now=clock.now())
    return True


async def _read(request: Request) -> _Report:
    body = bytearray()
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise HTTPException(413)
        return _Report.model_validate_json(bytes(body))
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408) from None
    except ValidationError:
        raise HTTPException(400) from None
