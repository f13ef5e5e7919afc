from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from bot.console import evidence
from bot.console.services import Services
from bot.duty.roster import RosterFile
from bot.intake.evidence import EvidenceStore
from bot.settings import ROOT, Settings
from bot.store.models import Media
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
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client


def keep(rows: Rows, files: EvidenceStore, content: bytes, content_type: str, state: str = "done") -> str:
    digest = files.keep(content)
    message = rows.message(rows.case(rows.resident(f"R-{len(content)}"), "urgent_alarm/fire"), "", kind="image")
    with rows.store.transaction() as session:
        row = Media(message_id=message.id, media_id="m", kind="image", due_at=rows.clock.now(), state=state)
        row.sha256, row.content_type = digest, content_type
        session.add(row)
    return digest


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
