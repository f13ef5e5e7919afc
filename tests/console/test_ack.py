"""The page behind a page's link, asked as browsers, previews and other sites ask it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from bot.console import ack
from bot.console.services import Services
from bot.duty.access import Actor
from bot.duty.accounts import SignedIn
from bot.duty.one_tap import PURPOSE, OneTap
from bot.duty.roster import RosterFile
from bot.secret import derived_key
from bot.settings import ROOT, Settings
from bot.store.models import AuditEntry, Case, CaseState, Page
from tests.console.conftest import Rows

pytestmark = pytest.mark.anyio


class Links:
    """A console's door for links, and links for its pages."""

    def __init__(self, rows: Rows, folder: Path) -> None:
        self.rows = rows
        self._case: Case | None = None
        settings = Settings(var_dir=folder, console_url="https://desk.example")
        app = FastAPI()
        app.include_router(ack.router(Services(settings, rows.store, RosterFile(ROOT / "duty.yml"), rows.clock)))
        self.signed_in: SignedIn | None = None

        async def behind_the_door(scope: Scope, receive: Receive, send: Send) -> None:
            scope["fujin.signed_in"] = self.signed_in
            await app(scope, receive, send)

        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(behind_the_door), base_url="https://desk.example")
        self._links = OneTap(derived_key(PURPOSE, var_dir=folder), "https://desk.example")

    def alarm(self, *officers: str) -> str:
        """The link in a page of an alarm to these officers; of the same alarm each time."""
        now = self.rows.clock.now()
        if self._case is None:
            resident = self.rows.resident()
            self._case = self.rows.case(resident, "urgent_alarm/knife", words=("刀",), alarmed_at=now)
        page = self.rows.page(self._case)
        with self.rows.store.transaction() as session:
            session.execute(sa.update(Page).where(Page.id == page.id).values(officer="、".join(officers)))
            page = session.get_one(Page, page.id, populate_existing=True)
        return self._links.url(page, now=now).removeprefix("https://desk.example")

    def case(self) -> Case:
        with self.rows.store.reading() as session:
            return session.scalars(sa.select(Case)).one()


@pytest.fixture
async def links(rows: Rows, tmp_path: Path) -> AsyncIterator[Links]:
    opened = Links(rows, tmp_path / "var")
    async with opened.http:
        yield opened


async def test_that_opening_a_link_asks_and_acknowledges_nothing(links: Links) -> None:
    link = links.alarm("值班民警一")
    for method in ("GET", "GET", "HEAD", "OPTIONS"):
        answer = await links.http.request(method, link, headers={"user-agent": "a chat's preview"})
        if method == "GET":
            assert answer.status_code == 200
            for part in ("案件1", "刀", "值班民警一", "确认接警"):
                assert part in answer.text
    assert links.case().state == CaseState.OPEN


async def test_that_a_look_by_a_link_is_in_the_log_under_nobodys_name_but_with_whom_the_link_was_for(
    links: Links,
) -> None:
    one, two = links.alarm("值班民警一"), links.alarm("值班民警一", "值班民警二")
    for link in (one, one, two, "/ack/nonsense"):
        await links.http.get(link, headers={"user-agent": "a chat's preview"})
    with links.rows.store.reading() as session:
        looks = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(look.actor, look.action, look.case_id, look.subject, look.detail) for look in looks] == [
        ("链接", "view", 1, "ack", {"for": "值班民警一"}),
        ("链接", "view", 1, "ack", {"for": "值班民警一、值班民警二"}),
    ]


async def test_that_whoever_has_signed_in_looks_by_a_link_in_their_own_name(links: Links, rows: Rows) -> None:
    link = links.alarm("值班民警一")
    links.signed_in = SignedIn(Actor("值班民警二", "officer"), "", must_change=False, seen_at=rows.clock.now())
    await links.http.get(link)
    with rows.store.reading() as session:
        (look,) = session.scalars(sa.select(AuditEntry))
    assert (look.actor, look.action, look.subject, look.detail) == ("值班民警二", "view", "ack", {})


async def test_that_answering_acknowledges_once_and_is_in_the_log(links: Links) -> None:
    link = links.alarm("值班民警一")
    answer = await links.http.post(link, data={"officer": "值班民警一"}, headers={"origin": "https://desk.example"})
    assert answer.status_code == 200
    assert "案件1已由 <b>值班民警一</b> 确认接警" in answer.text
    again = await links.http.post(link, data={"officer": "值班民警一"})
    assert "已由值班民警一确认接警，不用再确认" in again.text
    assert "已由值班民警一确认接警" in (await links.http.get(link)).text
    with links.rows.store.reading() as session:
        (entry,) = session.scalars(sa.select(AuditEntry)).all()
    assert (entry.actor, entry.action, entry.detail) == ("值班民警一", "acknowledge", {"via": "one-tap"})


async def test_that_the_link_of_an_offer_says_that_the_case_is_taken_over(links: Links) -> None:
    link = links.alarm("值班民警二")
    with links.rows.store.transaction() as session:
        case = session.scalars(sa.select(Case)).one()
        case.state, case.acknowledged_by, case.offered_to = CaseState.ACKNOWLEDGED, "值班民警一", "值班民警二"
    page = (await links.http.get(link)).text
    assert "<title>接手案件</title>" in page
    assert "接手后由您负责，值班民警一不再负责" in page
    await links.http.post(link, data={"officer": "值班民警二"})
    assert links.case().acknowledged_by == "值班民警二"


async def test_that_a_page_to_several_asks_who_it_is(links: Links) -> None:
    link = links.alarm("值班民警一", "值班民警二")
    page = (await links.http.get(link)).text
    assert "请选择您的姓名" in page
    assert page.count("<button") == 2
    for nobody in ({}, {"officer": ""}, {"officer": "带班所长"}):
        assert "请先选择您的姓名" in (await links.http.post(link, data=nobody)).text
    assert links.case().state == CaseState.OPEN
    await links.http.post(link, data={"officer": "值班民警二"})
    assert links.case().acknowledged_by == "值班民警二"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://desk.example", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_that_an_answer_from_another_site_counts_for_nothing(links: Links, headers: dict[str, str]) -> None:
    answer = await links.http.post(links.alarm("值班民警一"), data={"officer": "值班民警一"}, headers=headers)
    assert answer.status_code == 403
    assert links.case().state == CaseState.OPEN


async def test_that_behind_a_proxy_the_stations_own_address_is_home(links: Links) -> None:
    headers = {"host": "127.0.0.1:8080", "origin": "https://desk.example", "sec-fetch-site": "same-origin"}
    await links.http.post(links.alarm("值班民警一"), data={"officer": "值班民警一"}, headers=headers)
    assert links.case().state == CaseState.ACKNOWLEDGED


async def test_that_what_is_no_good_any_more_says_what_to_do(links: Links) -> None:
    link = links.alarm("值班民警一")
    links.rows.clock.advance(hours=7)
    for path in (link, "/ack/nonsense", "/ack/" + "x" * 3000):
        answer = await links.http.get(path)
        assert answer.status_code == 200
        assert "值班台" in answer.text
        assert 'href="https://desk.example/"' in answer.text
        assert "<form" not in answer.text


async def test_that_the_page_runs_nothing_keeps_nothing_and_is_shown_in_no_frame(links: Links) -> None:
    for answer in (await links.http.get(links.alarm("值班民警一")), await links.http.get("/ack/x")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "<script" not in answer.text


async def test_that_a_name_or_a_word_cannot_become_markup(links: Links) -> None:
    page = (await links.http.get(links.alarm('<img src=x onerror="1">', "值班民警二"))).text
    assert "<img" not in page
    assert "&lt;img" in page
