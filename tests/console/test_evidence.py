from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from bot.console import evidence
from bot.console.demo_media import picture, voice
from bot.console.services import Services
from bot.duty.access import Actor
from bot.duty.accounts import SignedIn
from bot.duty.roster import RosterFile
from bot.intake.evidence import EvidenceStore
from bot.settings import ROOT, Settings
from bot.store.models import AuditEntry, Media
from bot.store.session import Store
from tests.console.conftest import Rows
from tests.world import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def files(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence")


@pytest.fixture
async def http(store: Store, clock: FakeClock, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(_env_file=None, var_dir=tmp_path, database_url="sqlite://")  # type: ignore[call-arg]
    app = FastAPI()
    app.include_router(evidence.router(Services(settings, store, RosterFile(ROOT / "duty.yml"), clock)))

    async def as_an_officer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["fujin.signed_in"] = SignedIn(Actor("甲", "officer"), "", must_change=False, seen_at=clock.now())
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(as_an_officer), base_url="http://127.0.0.1") as client:
        yield client


def keep(rows: Rows, files: EvidenceStore, content: bytes, content_type: str, state: str = "done") -> str:
    digest = files.keep(content)
    message = rows.message(rows.case(rows.resident(f"R-{len(content)}"), "urgent_alarm/fire"), "", kind="image")
    with rows.store.transaction() as session:
        row = Media(message_id=message.id, media_id="m", kind="image", due_at=rows.clock.now(), state=state)
        row.sha256, row.content_type = digest, content_type
        session.add(row)
    return digest


def looks_of(rows: Rows) -> list[tuple[str, int | None, str]]:
    with rows.store.reading() as session:
        looks = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "view").order_by(AuditEntry.id))
        return [(look.actor, look.case_id, look.subject) for look in looks]


async def test_that_a_stored_picture_is_shown_with_its_type(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore
) -> None:
    answer = await http.get(f"/evidence/{keep(rows, files, b'png', 'image/png')}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"png", "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "inline"


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/pdf", "image/png; x\r\ny: z", ""])
async def test_that_anything_else_is_only_downloaded(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore, content_type: str
) -> None:
    answer = await http.get(f"/evidence/{keep(rows, files, b'<script>', content_type)}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"


async def test_that_a_voice_can_be_listened_to_while_it_waits_for_its_transcript(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore
) -> None:
    answer = await http.get(f"/evidence/{keep(rows, files, b'amr', 'audio/amr', state='pending')}")
    assert (answer.status_code, answer.content) == (200, b"amr")


async def test_that_only_hashes_in_the_database_are_served(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore
) -> None:
    unknown = files.keep(b"nobody's file")
    for digest in (unknown, "a" * 64, "A" * 64, "..", "%2e%2e%2fduty.yml", "a" * 63):
        assert (await http.get(f"/evidence/{digest}")).status_code == 404


async def test_that_a_look_is_written_down_once_however_many_pieces_the_player_asks_for(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore, clock: FakeClock
) -> None:
    digest = keep(rows, files, b"mp4", "video/mp4")

    for _ in range(3):
        await http.get(f"/evidence/{digest}", headers={"Range": "bytes=0-1"})
    assert looks_of(rows) == [("甲", 1, digest)]
    clock.advance(seconds=601)
    await http.get(f"/evidence/{digest}")
    assert looks_of(rows) == [("甲", 1, digest)] * 2
    await http.get("/evidence/" + "b" * 64)
    assert len(looks_of(rows)) == 2


async def test_that_a_look_at_a_file_names_the_cases_that_hold_it(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore
) -> None:
    shared, of_no_case = keep(rows, files, b"the same file", "image/png"), files.keep(b"for an application")
    for ago in (60, 30):
        rows.reply(rows.case(rows.resident(f"R-{ago}"), "urgent_alarm/fire"), "[图片]", picture=shared, ago=ago)
    rows.picture(rows.resident("R-NOCASE"), digest=of_no_case)
    for digest in (shared, of_no_case):
        await http.get(f"/evidence/{digest}")
    assert looks_of(rows) == [("甲", 3, shared), ("甲", 2, shared), ("甲", 1, shared), ("甲", None, of_no_case)]


async def test_that_a_voice_that_no_browser_plays_is_given_as_wav_and_in_pieces(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore
) -> None:
    digest = keep(rows, files, voice(), "audio/amr")
    whole = await http.get(f"/evidence/{digest}/sound.wav")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    assert whole.content.startswith(b"RIFF")
    assert whole.headers["content-security-policy"] == "default-src 'none'; sandbox"
    piece = await http.get(f"/evidence/{digest}/sound.wav", headers={"Range": "bytes=4-7"})
    assert (piece.status_code, piece.content) == (206, whole.content[4:8])
    assert piece.headers["content-range"] == f"bytes 4-7/{len(whole.content)}"
    assert (await http.get(f"/evidence/{keep(rows, files, b'no voice', 'audio/amr')}/sound.wav")).status_code == 415
    for unknown in ("a" * 64, files.keep(b"nobody's")):
        assert (await http.get(f"/evidence/{unknown}/sound.wav")).status_code == 404


async def test_that_a_picture_that_an_officer_sent_is_shown_with_the_type_it_has(
    http: httpx.AsyncClient, rows: Rows, files: EvidenceStore
) -> None:
    case = rows.case(rows.resident(), "urgent_alarm/fire")
    for content, content_type in ((picture(), "image/png"), (b"<script>", "application/octet-stream")):
        digest = files.keep(content)
        rows.reply(case, "[图片]", picture=digest)
        answer = await http.get(f"/evidence/{digest}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
