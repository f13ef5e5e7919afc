"""Every page of the studio on a phone, and the inbox on a small laptop."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from bot.console.studio.frame import PAGES
from bot.store.models import Heartbeat, TrainingRun
from tests.browser.conftest import Windows, nothing_runs_over
from tests.browser.test_inbox import RANKING, TRAINER, Inbox
from tests.console.conftest import Rows
from tests.studio.judged import CANDIDATE, two_models

pytestmark = pytest.mark.slow
WITHOUT_A_BREAK = "https://example.invalid/" + "a" * 200


@pytest.fixture
def busy(rows: Rows) -> Rows:
    """A studio with something on its pages, long words without a space among it."""
    now = rows.clock.now()
    two_models(rows.store, now)
    with rows.store.transaction() as session:
        session.merge(Heartbeat(name="trainer", at=now + timedelta(hours=1), healthy=True, detail=""))
        session.add(
            TrainingRun(asked_by=TRAINER, asked_at=now, ended_at=now, state="failed", error=WITHOUT_A_BREAK, log="x")
        )
    Inbox(rows).item(WITHOUT_A_BREAK, reasons=["unanswered"])
    return rows


def test_that_a_phone_shows_every_page_and_the_way_to_the_others(console_windows: Windows, busy: Rows) -> None:
    page = console_windows.open("/studio", officer=TRAINER, width=390, height=844)
    for path in (*PAGES, "/studio/topic", f"/studio/models/{CANDIDATE}", "/studio/answers?topic=wifi"):
        page.goto(path)
        if path == "/studio/data":
            expect(page.get_by_role("tab").first).to_be_visible(timeout=120_000)
        expect(page.locator(".studio-link")).to_have_count(len(PAGES))
        for link in page.locator(".studio-link").all():
            expect(link).to_be_in_viewport(ratio=1)
        page.wait_for_load_state("networkidle")
        nothing_runs_over(page)


def test_that_the_verdicts_are_on_the_screen_however_many_intents_there_are_to_choose_from(
    console_windows: Windows, rows: Rows
) -> None:
    Inbox(rows).item("我家狗跑没影了，" * 12, intent="help_request/noise", ranking=RANKING)
    page = console_windows.open("/studio", officer=TRAINER, width=1280, height=720)
    expect(page.locator(".choice")).to_have_count(len(RANKING) + 1)
    expect(page.locator(".inbox-act-main")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("? 键盘操作")).to_be_in_viewport()


def test_that_what_opens_has_a_mark(console_windows: Windows, busy: Rows) -> None:
    page = console_windows.open("/studio/runs", officer=TRAINER)
    summary = page.locator(".run-failed summary")
    expect(summary).to_be_visible()
    assert "▸" in summary.evaluate("element => getComputedStyle(element, '::before').content")
