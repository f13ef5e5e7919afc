"""The console's common frame: assets, header, and small pieces that look the same on every page."""

import time
from collections.abc import Callable
from datetime import datetime

from fastapi.responses import HTMLResponse
from markupsafe import Markup
from nicegui import ui

from bot.console import markup
from bot.console.officer import actor, build_who
from bot.console.plain import asset, document
from bot.console.services import WAITING_POLL_SECONDS, Services
from bot.console.vigil import Vigil
from bot.duty.access import may
from bot.store.session import StoreUnavailableError

_KEYS = '<button type="button" class="keys-button" data-keys aria-label="键盘操作">?</button>'
UNREADABLE = "数据库暂时无法读取，页面上的内容可能不是最新的"
_OFFLINE = (
    '<div id="offline" role="alert" hidden>'
    '<strong>连接已断开 <span id="offline-for"></span>，新警情不会出现在这里</strong>'
    "<span>请用电话和对讲机接警。不要关闭本页：正在重新连接，连上后自动恢复；超过一分钟请找技术人员。</span></div>"
)


def head_html() -> str:
    """The tags that every page's head begins with; the browser's clock is set right by the server's."""
    return (
        f'<link rel="stylesheet" href="{asset("console.css")}">'
        f"<script>window.fujinOffset = {int(time.time() * 1000)} - Date.now();</script>"
        f'<script defer src="{asset("console.js")}"></script>'
        f'<script defer src="{asset("vigil.js")}" data-ticker="{asset("ticker.js")}"></script>'
        f'<script defer src="{asset("keys.js")}"></script>'
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
            if may(actor(), "see_cases"):
                _link("/", "值班台", active)
            if may(actor(), "see_applications"):
                with _link("/applications", "申请", active):
                    _waiting(services)
            if may(actor(), "see_cases"):
                _link("/search", "查找", active)
            if may(actor(), "see_figures"):
                _link("/figures", "统计", active)
            if may(actor(), "see_roster"):
                _link("/roster", "排班", active)
            if may(actor(), "train"):
                _link("/studio", "训练", active)
            if services.settings.demo:
                _link("/simulator", "居民模拟器", active)
        with ui.element("div").classes("tools"):
            if tools:
                tools()
                ui.html(_KEYS, sanitize=False)
            build_who(services)
    if active != "/simulator" and may(actor(), "see_cases"):  # a resident's telephone keeps no watch
        with ui.element("div").classes("vigil"):
            Vigil(services, desk=active == "/")
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


def put(*pieces: Markup) -> None:
    """Place HTML on the page, as if each piece stood there by itself."""
    ui.html(Markup().join(pieces), sanitize=False).classes("pieces")


def moment(at: datetime) -> None:
    """A time of day with how long ago that was."""
    put(markup.moment(at))


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
    return document("没有找到", f'<h1>404</h1><p>{text}</p><a href="/">返回值班台</a>', classes="lost", status=404)
