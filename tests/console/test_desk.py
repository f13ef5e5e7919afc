"""The duty desk's page as a browser is sent it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.console.door import COOKIE
from tests.console.conftest import Rows, rows_of_now
from tests.console.running import console, sign_in

pytestmark = pytest.mark.slow


@pytest.fixture
def rows(sqlite_url: str) -> Iterator[Rows]:
    """Writes rows of just now."""
    with rows_of_now(sqlite_url) as written:
        yield written


def test_that_the_first_answer_shows_every_row_and_costs_one_element_for_each(
    rows: Rows, sqlite_url: str, tmp_path: Path
) -> None:
    shown = []
    for number in range(20):
        for intent in ("urgent_alarm/fire", "help_request/noise", "tip/gambling"):
            case = rows.case(rows.resident(f"R-{intent}-{number}"), intent)
            shown.append(f"{intent.partition('/')[2]}，第{number}件")
            rows.message(case, shown[-1])
            rows.page(case)
        rows.words(rows.resident(f"R-TALK{number}"), f"怎么补办，第{number}位")
        shown.append(f"怎么补办，第{number}位")
    with console(sqlite_url, tmp_path) as url:
        page = httpx.get(url, cookies={COOKIE: sign_in(url, "值班民警一")}, timeout=60).text
    assert [text for text in shown if text not in page] == []
    assert page.count('"tag":') < len(shown) + 70
