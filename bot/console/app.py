"""The console's web application: pages by NiceGUI, plain routes by FastAPI, the auditor beside them."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from nicegui import app as pages
from nicegui import ui
from nicegui.storage import Storage
from starlette.requests import Request
from starlette.responses import Response

from bot.clock import SystemClock
from bot.console import (
    accounts_page,
    ack,
    application_page,
    applications_page,
    audit_page,
    case_page,
    desk,
    evidence,
    figures_page,
    platform,
    roster_page,
    search_page,
    sign_in,
    simulator,
    talk_page,
)
from bot.console.delivery import Courier
from bot.console.door import Door
from bot.console.plain import ASSETS, STATIC, WORKER
from bot.console.services import Services
from bot.console.simulation import Simulation
from bot.console.studio import (
    answers_page,
    data_page,
    history_page,
    inbox_page,
    model_page,
    models_page,
    runs_page,
    topic_page,
)
from bot.console.theme import not_found
from bot.duty.auditing import auditing
from bot.duty.retention import Daily
from bot.duty.roster import RosterFile
from bot.intake import menu
from bot.nlu import forms
from bot.secret import derived_key
from bot.settings import Settings
from bot.store.session import Store
from bot.wechat.envelope import Account

# A square with the first character of the bot's name, drawn by the browser.
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="12" fill="#12294d"/>'
    '<text x="32" y="46" font-size="40" text-anchor="middle" fill="#fff">抚</text></svg>'
)


def create_app(settings: Settings, store: Store) -> FastAPI:
    """Build the console. One per process: NiceGUI keeps its pages in a global application.

    Raises:
        RosterError: the duty file cannot be used.
    """
    clock = SystemClock()
    services = Services(settings, store, RosterFile(settings.duty_file), clock)
    simulation = Simulation()
    account = Account(settings.wechat_app_id, settings.wechat_token, settings.wechat_aes_key, settings.wechat_mode)
    courier = Courier(account, f"http://127.0.0.1:{settings.gateway_port}/wechat")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        files = settings.var_dir / "evidence"
        retention = Daily(store, lambda: services.roster_file.current().retention, files, settings.conversations_url)
        threading.Thread(target=retention.run, args=(clock.now,), name="retention", daemon=True).start()
        with auditing(settings, clock):
            yield
        retention.stop()
        await courier.close()

    app = FastAPI(title="Fujin console", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "ok"}

    @app.get(WORKER)
    async def vigil_worker() -> FileResponse:
        """The service worker that shows a telephone's notifications."""
        return FileResponse(STATIC / "vigil_worker.js", media_type="text/javascript")

    app.add_middleware(Door, services=services)
    app.mount(ASSETS, StaticFiles(directory=STATIC))
    app.include_router(evidence.router(services))
    app.include_router(sign_in.router(services))
    app.include_router(ack.router(services))
    app.include_router(audit_page.router(services))
    if settings.demo:
        app.include_router(platform.router(settings, simulation))
    figures_page.register(services)
    app.include_router(figures_page.router(services))
    accounts_page.register(services)
    audit_page.register(services)
    station_forms = forms.live()
    desk.register(services, station_forms)
    search_page.register(services)
    case_page.register(services)
    talk_page.register(services)
    applications_page.register(services, station_forms)
    application_page.register(services, station_forms)
    roster_page.register(services)
    data_page.register(services)
    answers_page.register(services)
    history_page.register(services)
    app.include_router(roster_page.router(services))
    runs_page.register(services)
    model_page.register(services)
    models_page.register(services)
    inbox_page.register(services)
    topic_page.register(services)
    simulator.register(services, simulation, courier, menu.live())
    _mount_pages(app, settings)
    return app


def _mount_pages(app: FastAPI, settings: Settings) -> None:
    Storage.path = settings.var_dir / "console"

    @pages.exception_handler(404)
    async def lost(_request: Request, _error: Exception) -> Response:
        return not_found("没有这个页面。")

    ui.run_with(
        app,
        title="抚近值班台",
        language="zh-CN",
        favicon=_ICON,
        tailwind=False,
        dark=False,
        reconnect_timeout=10,
        show_welcome_message=False,
        storage_secret=derived_key("browser sessions", var_dir=settings.var_dir, given=settings.secret),
        session_middleware_kwargs={"same_site": "strict", "max_age": 30 * 86400},
    )
