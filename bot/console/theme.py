"""The console's common frame: assets, header, and small pieces that look the same on every page."""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from fastapi.responses import HTMLResponse
from nicegui import ui

from bot.console.services import WAITING_POLL_SECONDS, Services, local, milliseconds
from bot.store.session import StoreUnavailableError

STATIC = Path(__file__).parent / "static"
ASSETS = "/assets"
UNREADABLE = "数据库暂时无法读取，页面上的内容可能不是最新的"
_OFFLINE = '<div id="offline" role="alert" hidden>连接已断开，页面不再更新，正在重新连接…请同时留意电话和对讲机</div>'


def _asset(name: str) -> str:
    """An asset's address, which changes with its content, so that browsers may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"{ASSETS}/{name}?v={digest}"


def head_html() -> str:
    """The tags that every page's head begins with; the browser's clock is set right by the server's."""
    return (
        f'<link rel="stylesheet" href="{_asset("console.css")}">'
        f"<script>window.fujinOffset = {int(time.time() * 1000)} - Date.now();</script>"
        f'<script defer src="{_asset("console.js")}"></script>'
    )


def frame(services: Services, *, active: str, tools: Callable[[], None] | None = None) -> ui.element:
    """Lay out the header and give the element that the page's content goes into.

    `active` is the path of the page in the navigation; `tools` builds what stands at the header's right.
    """
    ui.colors(primary="#12294d")
    ui.add_head_html(head_html())
    ui.add_body_html(_OFFLINE)
    station = services.roster_file.current().station.name
    with ui.element("header").classes("top"):
        with ui.element("a").classes("brand").props('href="/"'):
            ui.label("抚近").classes("brand-mark")
            ui.label(station).classes("brand-name")
        with ui.element("nav"):
            _link("/", "值班台", active)
            with _link("/applications", "申请", active):
                _waiting(services)
            if services.settings.demo:
                _link("/simulator", "居民模拟器", active)
        if tools:
            with ui.element("div").classes("tools"):
                tools()
    return ui.element("main").classes(f"page page-{active.strip('/') or 'desk'}")


def _link(path: str, title: str, active: str) -> ui.element:
    link = ui.element("a").props(f'href="{path}"').classes("nav-link")
    if path == active:
        link.classes("nav-active").props('aria-current="page"')
    with link:
        ui.label(title)
    return link


def _waiting(services: Services) -> None:
    """How many applications wait for an officer, kept up to date; nothing when none does."""
    badge = ui.label("").classes("nav-count")
    badge.set_visibility(False)

    async def refresh() -> None:
        try:
            number = await services.waiting.latest()
        except StoreUnavailableError:
            return  # the page itself says so
        badge.set_text(str(number))
        badge.set_visibility(number > 0)

    ui.timer(WAITING_POLL_SECONDS, refresh)


def sound_toggle() -> None:
    """The switch for the alarm sound. Browsers allow sound only after a click, so the script owns its state."""
    # No resident's word is in here; the script rewrites the label.
    ui.html('<button type="button" class="sound" data-sound aria-pressed="false">点此开启声音</button>', sanitize=False)


def moment(at: datetime) -> None:
    """A time of day with how long ago that was, which the browser keeps counting."""
    with ui.element("span").classes("moment"):
        ui.label(local(at))
        ui.label("").classes("ago").props(f"data-ago={milliseconds(at)}")


def countdown(due_at: datetime) -> None:
    """A clock that runs down to a moment, in the browser."""
    ui.label("").classes("countdown").props(f"data-due={milliseconds(due_at)} role=timer")


def chip(text: str, kind: str) -> None:
    """A small tag."""
    ui.label(text).classes(f"chip chip-{kind}")


def build_problem(text: str) -> None:
    """A line across the page that says what is wrong; nothing without a text."""
    if text:
        ui.label(text).classes("problem").props("role=alert")


def build_step(at: str, title: str, detail: str, kind: str) -> None:
    """A step of what happened."""
    with ui.element("div").classes(f"step step-{kind}"):
        ui.label(at).classes("step-at")
        ui.label(title).classes("step-title")
        if detail:
            ui.label(detail).classes("step-detail")


def not_found(text: str) -> HTMLResponse:
    """The page for an address that leads nowhere; `text` is ours, never a visitor's."""
    return HTMLResponse(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>没有找到</title>'
        f'<link rel="stylesheet" href="{_asset("console.css")}">'
        f'<body class="lost"><main><h1>404</h1><p>{text}</p><a href="/">返回值班台</a></main></body></html>',
        status_code=404,
    )
