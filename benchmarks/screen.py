"""From the POST of an alarm to the card on a desk that is open in a real browser."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from playwright.sync_api import Page, TimeoutError, sync_playwright

from bot.console.door import COOKIE
from bot.duty import accounts
from bot.store.models import SignIn
from bot.store.session import Store
from tests.browser.conftest import CHROMIUM
from tests.resident import say
from tests.stack import Stack

_OFFICER = "值班民警一"
# When each case's card came, in the browser's own time, which is this machine's.
_WATCH = """() => {
  window.cards = {};
  const note = () => {
    for (const card of document.querySelectorAll("article.alarm-card[data-case]"))
      window.cards[card.dataset.case] ??= Date.now();
  };
  note();
  new MutationObserver(note).observe(document.body, {childList: true, subtree: true, attributes: true});
}"""
_WITHIN_MS = 3_000


def measure(stack: Stack, texts: list[str]) -> list[float]:
    """Seconds from POST to card, one alarm at a time; texts that the model does not page for are left out."""
    found = []
    with _desk(stack) as page:
        for number, text in enumerate(texts):
            before, posted_at = page.evaluate("Object.keys(window.cards).length"), time.time()
            say(stack.account, stack.gateway_url, f"oScreen{number}", text)
            try:
                page.wait_for_function(f"Object.keys(window.cards).length > {before}", timeout=_WITHIN_MS)
            except TimeoutError:
                continue
            found.append(max(page.evaluate("Object.values(window.cards)")) / 1000 - posted_at)
    return found


@contextmanager
def _desk(stack: Stack) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(base_url=stack.console_url)
        context.add_cookies([{"name": COOKIE, "value": signed_in(stack.store), "url": stack.console_url}])
        page = context.new_page()
        page.goto("/")
        page.wait_for_selector(".alarms")
        page.evaluate(_WATCH)
        time.sleep(2)
        yield page
        browser.close()


def signed_in(store: Store) -> str:
    """The cookie of an officer who has just signed in; closes the store."""
    now, token = datetime.now(UTC), secrets.token_urlsafe(32)
    password = accounts.hash_password(accounts.draw_password())
    with store.transaction() as session:
        account = accounts.add(session, _OFFICER, "officer", password_hash=password, by="benchmark", now=now)
        account.must_change = False
        session.flush()
        session.add(SignIn(token_hash=accounts.token_hash(token), account_id=account.id, created_at=now, seen_at=now))
    store.close()
    return token
