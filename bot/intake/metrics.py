"""What Prometheus is told: counts and times, no identifiers."""

from datetime import datetime

from prometheus_client import Counter, Histogram

from bot.intake.inbox import Claimed
from bot.intake.understanding import Understanding
from bot.store.models import Page

CALLBACKS = Counter("fujin_callbacks_total", "Callbacks of the platform", ["outcome"])
MESSAGES = Counter("fujin_messages_total", "Messages handled", ["label", "source"])
RASA_MISSING = Counter("fujin_rasa_missing_total", "Messages that Rasa did not answer in time")
PAGES = Counter("fujin_pages_total", "Page attempts", ["outcome", "channel"])
PASSIVE_SECONDS = Histogram(
    "fujin_passive_reply_seconds",
    "From the platform's POST to the answer",
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5),
)
PAGE_SECONDS = Histogram(
    "fujin_page_seconds",
    "From the creation of a page to its delivery",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60),
)


def understood(understanding: Understanding | None, claimed: Claimed) -> None:
    """Count a message by its label and by who gave it."""
    if understanding:
        MESSAGES.labels(understanding.triage.label, understanding.triage.source).inc()
    elif claimed.kind == "text":
        RASA_MISSING.inc()
        MESSAGES.labels(claimed.net.label if claimed.net else "unread", "net").inc()
    else:
        MESSAGES.labels(claimed.kind, "none").inc()


def paged(page: Page, problem: Exception | None, now: datetime) -> None:
    """Count a page attempt and, for a delivered one, its time."""
    PAGES.labels("failed" if problem else "sent", page.channel).inc()
    if not problem:
        PAGE_SECONDS.observe(max(0.0, (now - page.created_at).total_seconds()))
