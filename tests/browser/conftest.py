"""Real browser windows. A window that logs an error, throws, or asks any other host fails its test."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from bot.console.door import COOKIE
from bot.duty.handling import close
from bot.store.models import Case, CaseState
from tests.console.conftest import Rows, rows_of_now
from tests.console.running import console, sign_in
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
        self._tokens: dict[str, str] = {}
        self.troubles: list[str] = []

    def open(
        self,
        path: str,
        *,
        officer: str | None = "值班民警一",
        width: int = 1280,
        height: int = 800,
        script: str = "",
    ) -> Page:
        """A window of a browser session of its own, at this path of the console, with this officer signed in.

        `script` runs in the page before anything else does.
        """
        context = self._browser.new_context(
            base_url=self._base_url, viewport={"width": width, "height": height}, locale="zh-CN"
        )
        self._contexts.append(context)
        if officer:
            token = self._token(officer)
            context.add_cookies([{"name": COOKIE, "value": token, "url": self._base_url, "sameSite": "Strict"}])
        page = context.new_page()
        page.add_init_script(script)
        page.on("console", lambda message: self._note(message.type == "error", f"console: {message.text}"))
        page.on("pageerror", lambda error: self._note(True, f"page error: {error}"))
        page.on("request", lambda request: self._check(request.url))
        page.on("websocket", lambda socket: self._check(socket.url))
        page.goto(path)
        return page

    def _token(self, officer: str) -> str:
        """The officer's sign-in; their windows share it, as the windows of one browser do."""
        if officer not in self._tokens:
            self._tokens[officer] = sign_in(self._base_url, officer)
        return self._tokens[officer]

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


_CUT_OFF = """() => {
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  const found = [];
  while (words.nextNode()) {
    range.selectNodeContents(words.currentNode);
    const box = range.getBoundingClientRect(), text = words.currentNode.data.trim();
    if (text && box.width && (box.left < 0 || box.right > document.documentElement.clientWidth)) found.push(text);
  }
  return found;
}"""


def cut_off(page: Page) -> list[str]:
    """The words that stand beyond the window's edges, also where a box scrolls."""
    found: list[str] = page.evaluate(_CUT_OFF)
    return found


def nothing_runs_over(page: Page) -> None:
    """The page is no wider than its window; a chart may take a moment to follow a window that has become smaller."""
    try:
        page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
    except PlaywrightTimeoutError:
        wide = page.evaluate("document.documentElement.scrollWidth")
        pytest.fail(f"{page.url} is {wide} pixels wide in a window of {page.viewport_size}")


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


def _end_cases(stack: Stack) -> None:
    """Close what earlier tests left open: a resident's next message would belong to it."""
    store = stack.store
    with store.transaction() as session:
        for case_id in session.scalars(sa.select(Case.id).where(Case.state != CaseState.CLOSED)):
            close(
                session, case_id, officer="值班民警一", disposition="resolved", word="演练结束", now=datetime.now(UTC)
            )
    store.close()


@pytest.fixture
def windows(browser: Browser, stack: Stack) -> Iterator[Windows]:
    """Opens windows on the running product, where nothing is open."""
    _end_cases(stack)
    opened = Windows(browser, stack.console_url)
    yield opened
    opened.close()
    assert opened.troubles == []


@pytest.fixture
def page(windows: Windows) -> Page:
    """One window, on the duty desk."""
    return windows.open("/")


@pytest.fixture
def rows(sqlite_url: str) -> Iterator[Rows]:
    """Writes rows of just now."""
    with rows_of_now(sqlite_url) as written:
        yield written


@pytest.fixture
def console_windows(browser: Browser, rows: Rows, sqlite_url: str, tmp_path: Path) -> Iterator[Windows]:
    """Opens windows on a console by itself, over the rows of the test."""
    with console(sqlite_url, tmp_path) as url:
        opened = Windows(browser, url)
        yield opened
        opened.close()
        assert opened.troubles == []
