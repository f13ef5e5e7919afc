"""The simulator plays WeChat's API and the duty phone, so that the gateway's real client has somebody to talk to."""

import json
import secrets
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from bot.console.evidence import file_headers, shown_inline
from bot.console.simulation import File, Simulation
from bot.settings import Settings
from bot.wechat.outbound import MAX_PICTURE_BYTES, MAX_TEXT_BYTES, Article, Content, picture_type

_MAX_BODY_BYTES = 64 * 1024
_FORM_BYTES = 4096
"""What a form has around its one file."""
_REASONS = {
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40125: "invalid appsecret",
    45002: "content size out of limit",
    45008: "article count out of limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
}


def router(settings: Settings, simulation: Simulation) -> APIRouter:
    """The routes under `/simulator`: the platform's API, the residents' files and the demo phone."""
    routes = APIRouter(prefix="/simulator")
    _add_api(routes, settings, simulation)
    _add_files(routes, simulation)

    @routes.post("/phone")
    async def phone(request: Request) -> Response:
        """Take a page, as the phone of the officer on duty would."""
        body = await _json_object(request)
        if body is None:
            return Response(status_code=400)
        simulation.receive_page(body, request.headers.get("idempotency-key"))
        return Response(status_code=204)

    return routes


def _add_api(routes: APIRouter, settings: Settings, simulation: Simulation) -> None:
    @routes.post("/platform/cgi-bin/stable_token")
    async def stable_token(request: Request) -> Response:
        """Give the access token to whoever knows the account's secret."""
        body = await _json_object(request)
        if body is None:
            return _refused(47001)
        if body.get("appid") != settings.wechat_app_id:
            return _refused(40013)
        if not secrets.compare_digest(str(body.get("secret", "")).encode(), settings.wechat_app_secret.encode()):
            return _refused(40125)
        token, seconds = simulation.token()
        return JSONResponse({"access_token": token, "expires_in": seconds})

    @routes.post("/platform/cgi-bin/message/custom/send")
    async def send(request: Request, access_token: str = "") -> Response:
        """Take a customer-service text or card, within the budget that the resident's last message gave."""
        if not simulation.token_valid(access_token):
            return _refused(40001)
        body = await _json_object(request)
        if body is None:
            return _refused(47001)
        return _refused(code) if (code := _send(simulation, body)) else JSONResponse({"errcode": 0, "errmsg": "ok"})

    @routes.post("/platform/cgi-bin/media/upload")
    async def media_upload(request: Request, access_token: str = "", type: str = "") -> Response:
        """Take a picture that is to be sent."""
        if not simulation.token_valid(access_token):
            return _refused(40001)
        if type != "image":
            return _refused(40004)
        if int(request.headers.get("content-length") or 0) > MAX_PICTURE_BYTES + _FORM_BYTES:
            return _refused(40009)
        async with request.form(max_files=1) as form:
            file = form.get("media")
            content = b"" if file is None or isinstance(file, str) else await file.read()
        content_type = picture_type(content)
        if content_type is None:
            return _refused(40005)
        kept = simulation.upload("image", content, content_type)
        return JSONResponse({"type": "image", "media_id": kept.media_id, "created_at": int(simulation.now())})

    @routes.get("/platform/cgi-bin/media/get")
    async def media_get(request: Request, access_token: str = "", media_id: str = "") -> Response:
        """Give an uploaded file; of a video only the address, as the platform does."""
        if not simulation.token_valid(access_token):
            return _refused(40001)
        file = simulation.file(media_id)
        if file is None:
            return _refused(40007)
        if file.kind == "video":
            return JSONResponse({"video_url": str(request.url_for("simulated_file", media_id=media_id))})
        return _file_response(file)


def _add_files(routes: APIRouter, simulation: Simulation) -> None:
    @routes.get("/media/{media_id}", name="simulated_file")
    async def simulated_file(media_id: str) -> Response:
        """A file as the resident's own chat shows it (PicUrl, video_url)."""
        file = simulation.file(media_id)
        return _file_response(file) if file else Response(status_code=404)


def _send(simulation: Simulation, body: dict[str, Any]) -> int:
    chat = simulation.chats.get(str(body.get("touser", "")))
    if chat is None:
        return 40003
    content = _content(simulation, body)
    if isinstance(content, int):
        return content
    if code := simulation.spend(chat):
        return code
    chat.receive(content, at=simulation.now())
    return 0


def _content(simulation: Simulation, body: dict[str, Any]) -> Content | File | int:
    """What the message holds, or the platform's error code: a text of limited size, a picture, or exactly one card."""
    inside = body.get(str(body.get("msgtype")))
    if body.get("msgtype") == "image" and isinstance(inside, dict):
        return simulation.file(str(inside.get("media_id", ""))) or 40007
    if body.get("msgtype") == "text" and isinstance(inside, dict):
        text = str(inside.get("content", ""))
        return 45002 if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES else text
    articles = inside.get("articles") if body.get("msgtype") == "news" and isinstance(inside, dict) else None
    if not isinstance(articles, list) or not all(isinstance(article, dict) for article in articles):
        return 40008
    if len(articles) != 1:
        return 45008
    return Article(*(str(articles[0].get(name, "")) for name in ("title", "description", "url", "picurl")))


async def _json_object(request: Request) -> dict[str, Any] | None:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MAX_BODY_BYTES:
            return None
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _refused(code: int) -> JSONResponse:
    return JSONResponse({"errcode": code, "errmsg": _REASONS[code]})


def _file_response(file: File) -> Response:
    content_type = file.content_type if shown_inline(file.content_type) else "application/octet-stream"
    return Response(file.content, media_type=content_type, headers=file_headers(file.content_type))
