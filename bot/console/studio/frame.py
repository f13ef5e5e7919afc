"""What the studio's pages have in common: the console's frame, and the row of links between them."""

from nicegui import ui

from bot.console.plain import asset
from bot.console.services import Services
from bot.console.studio.trainer_state import build_trainer_state
from bot.console.theme import frame

PAGES = {
    "/studio": "待看消息",
    "/studio/data": "数据体检",
    "/studio/answers": "答复",
    "/studio/history": "修改记录",
    "/studio/runs": "训练",
    "/studio/models": "模型",
}
"""The studio's pages by path, in the order in which they are shown."""


def studio_frame(services: Services, *, active: str) -> ui.element:
    """Lay out the header and the studio's links, and give the element for the page's content."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="{asset("studio.css")}"><script defer src="{asset("studio.js")}"></script>'
    )
    page = frame(services, active="/studio").classes("studio")
    with page, ui.element("nav").classes("studio-nav").props('aria-label="训练"'):
        for path, title in PAGES.items():
            link = ui.element("a").props(f'href="{path}"').classes("studio-link")
            if path == active:
                link.classes("studio-active").props('aria-current="page"')
            with link:
                ui.label(title)
    with page:
        build_trainer_state(services)
    return page
