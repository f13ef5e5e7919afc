"""Real browser windows. A window that logs an error, throws, or asks any other host fails its test."""

import os
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.stack import Stack

CHROMIUM = os.environ.get("FUJIN_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Windows:
    """Opens windows of one browser, and remembers what went wrong in any of them."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser, self._base_url = browser, base_url
        self._contexts: list[BrowserContext] = []
        self.troubles: list[str] = []

    def open(self, path: str, *, width: int = 1280, height: int = 800) -> Page:
        """A window of a browser session of its own, at this path of the console."""
        context = self._browser.new_context(
            base_url=self._base_url, viewport={"width": width, "height": height}, locale="zh-CN"
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._note(message.type == "error", f"console: {message.text}"))
        page.on("pageerror", lambda error: self._note(True, f"page error: {error}"))
        page.on("request", lambda request: self._check(request.url))
        page.on("websocket", lambda socket: self._check(socket.url))
        page.goto(path)
        return page

    def close(self) -> None:
        """Close them all."""
        for context in self._contexts:
            context.close()

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        self._note(parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1", f"asked {url}")

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.troubles.append(what)


# Playwright keeps an event loop running while it is open, in which no asynchronous test could run: so for one module.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that FUJIN_TEST_CHROMIUM names."""
    if not CHROMIUM:
        pytest.fail("there is no chromium: install it (apt install chromium), or set FUJIN_TEST_CHROMIUM to one")
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        yield running
        running.close()


@pytest.fixture
def windows(browser: Browser, stack: Stack) -> Iterator[Windows]:
    """Opens windows on the running product."""
    opened = Windows(browser, stack.console_url)
    yield opened
    opened.close()
    assert opened.troubles == []


@pytest.fixture
def page(windows: Windows) -> Page:
    """One window, on the duty desk."""
    return windows.open("/")
