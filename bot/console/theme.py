"""The console's common frame: assets, header, and small pieces that look the same on every page."""

import time
from collections.abc import Callable
from datetime import datetime

from fastapi.responses import HTMLResponse
from markupsafe import Markup
from nicegui import ui

from bot.console import markup
from bot.console.keyed import Piece
from bot.console.markup import box
from bot.console.officer import actor, build_who
from bot.console.plain import WORKER, asset, document
from bot.console.services import WAITING_POLL_SECONDS, Services
from bot.console.vigil import Vigil
from bot.duty.access import may
from bot.store.session import StoreUnavailableError

_KEYS = Markup('<button type="button" class="keys-button" data-keys aria-label="键盘操作">?</button>')
_SOUND = Markup('<button type="button" class="sound" data-sound aria-pressed="false">点此开启声音</button>')
_PLACES = {
    "/": ("值班台", "see_cases"),
    "/applications": ("申请", "see_applications"),
    "/search": ("查找", "see_cases"),
    "/figures": ("统计", "see_figures"),
    "/roster": ("排班", "see_roster"),
    "/studio": ("训练", "train"),
}
"""The pages that the header leads to, each with the right that it takes."""
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
        f'<script defer src="{asset("vigil.js")}" data-ticker="{asset("ticker.js")}" data-worker="{WORKER}">'
        "</script>"
        f'<script defer src="{asset("keys.js")}"></script>'
    )


def frame(services: Services, *, active: str, tools: Callable[[], None] | None = None) -> ui.element:
    """Lay out the header and give the element that the page's content goes into.

    `active` is the path of the page in the navigation; `tools` builds what stands at the header's right.
    """
    ui.colors(primary="#12294d")
    ui.add_head_html(head_html())
    ui.add_body_html(_OFFLINE)
    with ui.element("header").classes("top"):
        _build_places(services, active)
        with ui.element("div").classes("tools"):
            if tools:
                tools()
                put(_KEYS)
            build_who(services)
    if active != "/simulator" and may(actor(), "see_cases"):  # a resident's telephone keeps no watch
        with ui.element("div").classes("vigil"):
            Vigil(services, desk=active == "/")
    return ui.element("main").classes(f"page page-{active.strip('/') or 'desk'}")


def _build_places(services: Services, active: str) -> None:
    """The brand, and the links to whatever this visitor may see, with how many applications wait for an officer."""
    brand = box("brand-mark", "抚近") + box("brand-name", services.roster_file.current().station.name)
    allowed = {path: title for path, (title, right) in _PLACES.items() if may(actor(), right)}
    if services.settings.demo:
        allowed["/simulator"] = "居民模拟器"

    def write(waiting: int) -> Markup:
        count = {"/applications": box("nav-count", str(waiting)) if waiting else ""}
        links = (_link(path, title, count.get(path, ""), current=path == active) for path, title in allowed.items())
        return box("brand", brand, name="a", href="/") + box("places", *links, name="nav")

    places = Piece(write(0), classes="pieces")

    async def refresh() -> None:
        try:
            places.show(write(await services.waiting.latest()))
        except StoreUnavailableError:
            return  # the page itself says so

    if "/applications" in allowed:
        ui.timer(WAITING_POLL_SECONDS, refresh)


def _link(path: str, title: str, count: str, *, current: bool) -> Markup:
    here = {"aria_current": "page"} if current else {}
    return box("nav-link nav-active" if current else "nav-link", box("", title), count, name="a", href=path, **here)


def sound_toggle() -> None:
    """The switch for the alarm sound. Browsers allow sound only after a click, so the script owns its state."""
    put(_SOUND)


def put(*pieces: Markup) -> None:
    """Place HTML on the page, as if each piece stood there by itself."""
    Piece(Markup().join(pieces), classes="pieces")


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
