"""The console's web application: pages by NiceGUI, plain routes by FastAPI, the auditor beside them."""

import os
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from nicegui import app as pages
from nicegui import ui
from nicegui.storage import Storage
from starlette.requests import Request
from starlette.responses import Response

from bot.clock import SystemClock
from bot.console import application_page, applications_page, case_page, desk, evidence, platform, simulator
from bot.console.delivery import Courier
from bot.console.services import Services
from bot.console.simulation import Simulation
from bot.console.theme import ASSETS, STATIC, not_found
from bot.duty.auditor import Auditor
from bot.duty.roster import RosterFile
from bot.intake import menu
from bot.nlu import forms
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
        auditor = Auditor(settings.database_url, settings.page_channels, settings.console_url)
        thread = threading.Thread(target=auditor.run, args=(clock.now,), name="auditor", daemon=True)
        thread.start()
        yield
        auditor.stop()
        await courier.close()

    app = FastAPI(title="Fujin console", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "ok"}

    app.mount(ASSETS, StaticFiles(directory=STATIC))
    app.include_router(evidence.router(services))
    if settings.demo:
        app.include_router(platform.router(settings, simulation))
    desk.register(services)
    case_page.register(services)
    station_forms = forms.live()
    applications_page.register(services, station_forms)
    application_page.register(services, station_forms)
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
        storage_secret=storage_secret(settings.var_dir),
        session_middleware_kwargs={"same_site": "strict", "max_age": 30 * 86400},
    )


def storage_secret(var_dir: Path) -> str:
    """The key that signs the browsers' sessions: drawn once per installation, readable by the owner only."""
    path = var_dir / "console-secret"
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_text(secrets.token_hex(32))
        try:
            os.link(scratch, path)  # atomic: of several consoles starting at once, one wins and all read the same
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return path.read_text()
