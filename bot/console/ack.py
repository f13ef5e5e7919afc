"""`/ack/{token}`: the page behind the link in a page. It asks once who acknowledges, and needs no sign-in.

Opening it acknowledges nothing: chats and mail open links to show a preview. The token is what no other site can
know; where the answer comes from is looked at besides.
"""

import asyncio
from html import escape
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from bot.console.door import name_of
from bot.console.services import Services
from bot.duty import audit
from bot.duty.handling import CaseError
from bot.duty.one_tap import PURPOSE, OneTap, Tap, TapError
from bot.duty.page import page_text
from bot.secret import derived_key
from bot.store.session import StoreUnavailableError

_HEADERS = {
    "Cache-Control": "no-store",
    # "no-referrer" would have browsers send the answer from "null", which is any site.
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
_STYLE = """
body{margin:0;background:#f1f4f8;color:#1b2430;font:18px/1.6 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif}
main{max-width:30rem;margin:0 auto;padding:20px 16px;overflow-wrap:anywhere}
h1{font-size:20px;margin:8px 0 12px}
.page{background:#fff;border-radius:10px;padding:14px 16px;border-left:5px solid #c3202b}
button{display:block;width:100%;min-height:56px;margin:14px 0 0;border:0;border-radius:10px;background:#1b7a43;
color:#fff;font:inherit;font-weight:600}
button:focus-visible,a:focus-visible{outline:3px solid #7fb0ff;outline-offset:2px}
p{margin:14px 0}a{color:#1f5fbf}.soft{color:#5b6675;font-size:15px}
@media(prefers-color-scheme:dark){body{background:#0f1622;color:#e6ebf2}.page{background:#1a2433}a{color:#8ab8ff}
.soft{color:#9aa7b8}}
"""
_AWAY = "数据库暂时没有应答，没有记下。请过几秒再试，或打电话通知值班台。"


def router(services: Services) -> APIRouter:
    """The page and its answer."""
    settings, routes = services.settings, APIRouter()
    key = derived_key(PURPOSE, var_dir=settings.var_dir, given=settings.secret)
    links = OneTap(key, settings.console_url)

    def look(token: str, signed_in: str | None) -> Response:
        with services.store.reading() as session:
            tap = links.read(session, token, now=services.clock.now())
        who, meant_for = (signed_in, "") if signed_in else (audit.LINK, "、".join(tap.officers))
        # Afterwards: the question waits for no log.
        noting = BackgroundTask(services.looks.note_once, who, case_id=tap.case.id, subject="ack", meant_for=meant_for)
        return _page(_act(tap), _question(tap), background=noting)

    def acknowledge(token: str, officer: str) -> str:
        with services.store.transaction() as session:
            case = links.acknowledge(session, token, officer=officer, now=services.clock.now())
            return _done(case.id, officer)

    @routes.get("/ack/{token}")
    async def ask(request: Request, token: str) -> Response:
        """Say which case it is, and ask who acknowledges it."""
        try:
            return await asyncio.to_thread(look, token, name_of(request))
        except (TapError, StoreUnavailableError) as problem:
            return _refused(problem, settings.console_url)

    @routes.post("/ack/{token}")
    async def answer(request: Request, token: str, officer: str = Form("", max_length=64)) -> Response:
        """Acknowledge."""
        if not _from_here(request, settings.console_url):
            return _page("没有确认", _note("这个请求不是从确认页发出的。请从提醒里重新点开链接。"), status=403)
        try:
            return _page("已确认", await asyncio.to_thread(acknowledge, token, officer))
        except (TapError, CaseError, StoreUnavailableError) as problem:
            return _refused(problem, settings.console_url)

    return routes


def _from_here(request: Request, console_url: str) -> bool:
    """Whether an answer comes from our own page, as far as the browser tells."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    hosts = {request.headers.get("host", ""), urlsplit(console_url).netloc}
    return origin is None or urlsplit(origin).netloc in hosts


def _act(tap: Tap) -> str:
    return "接手案件" if tap.takes_over else "确认接警"


def _question(tap: Tap) -> str:
    several, act = len(tap.officers) > 1, _act(tap)
    buttons = "".join(
        f'<button name="officer" value="{escape(name)}">{f"我是{escape(name)}，{act}" if several else act}</button>'
        for name in tap.officers
    )
    who = "请选择您的姓名：" if several else f"以 <b>{escape(tap.officers[0])}</b> 的名义{act[:2]}。"
    after = f"接手后由您负责，{tap.case.acknowledged_by}不再负责" if tap.takes_over else "确认后不再提醒其他人"
    return (
        f'<div class="page">{escape(page_text(tap.case))}</div>'
        f'<p>{who}</p><form method="post">{buttons}</form>'
        f'<p class="soft">{escape(after)}。不是您本人或不能处置，请不要{act[:2]}。</p>'
    )


def _done(case_id: int, officer: str) -> str:
    return (
        f'<div class="page" style="border-color:#1b7a43">案件{case_id}已由 <b>{escape(officer)}</b> 确认接警。</div>'
        f'<p><a href="/case/{case_id}">打开值班台处置</a></p>'
    )


def _refused(problem: Exception, console_url: str) -> Response:
    away = isinstance(problem, StoreUnavailableError)
    words = _AWAY if away else str(problem)
    link = f'<p><a href="{escape(console_url)}/">打开值班台</a></p>'
    return _page("没有确认" if away else "接警确认", _note(words) + link, status=503 if away else 200)


def _note(words: str) -> str:
    return f'<div class="page" style="border-color:#8a5a00">{escape(words)}</div>'


def _page(title: str, content: str, *, status: int = 200, background: BackgroundTask | None = None) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>",
        status_code=status,
        headers=_HEADERS,
        background=background,
    )
