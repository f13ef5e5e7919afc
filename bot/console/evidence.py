"""Stored pictures, voices and videos, by their hash."""

import asyncio
import re

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import FileResponse

from bot.console.door import name_of
from bot.console.services import Services
from bot.console.sound import Sounds
from bot.intake.evidence import EvidenceStore, KnownFile, known_file

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
# An SVG is a picture that can carry scripts: it is downloaded, not shown.
_SHOWN = re.compile(r"image/(png|jpeg|gif|webp|bmp)|(audio|video)/[\w.+-]+")


def shown_inline(content_type: str | None) -> bool:
    """Whether a browser may show a file of this type on our page."""
    return bool(content_type and _SHOWN.fullmatch(content_type))


def file_headers(content_type: str | None) -> dict[str, str]:
    """Headers under which a resident's file can do no harm."""
    return {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline" if shown_inline(content_type) else "attachment",
    }


def router(services: Services) -> APIRouter:
    """The routes `/evidence/{sha256}` and, for a voice that browsers cannot play, `/evidence/{sha256}/sound.wav`."""
    routes = APIRouter()
    files, sounds = EvidenceStore(services.settings.var_dir / "evidence"), Sounds()

    def look_up(digest: str) -> KnownFile | None:
        with services.store.reading() as session:
            return known_file(session, files, digest)

    def note(officer: str | None, digest: str, file: KnownFile) -> None:
        for case_id in file.case_ids or (None,):
            services.looks.note_once(officer, case_id=case_id, subject=digest)

    @routes.get("/evidence/{digest}/sound.wav")
    async def sound(request: Request, digest: str) -> Response:
        """A voice as WAV."""
        file = await asyncio.to_thread(look_up, digest)
        path = files.path(digest)
        if file is None or not await asyncio.to_thread(path.is_file):
            raise HTTPException(404)
        wav = await sounds.wav(digest, path)
        if wav is None:
            raise HTTPException(415)
        await asyncio.to_thread(note, name_of(request), digest, file)
        return _part(wav, request.headers.get("range", ""))

    @routes.get("/evidence/{digest}")
    async def evidence(request: Request, digest: str) -> Response:
        """A file that a message carried; only hashes that the database knows are looked for."""
        file = await asyncio.to_thread(look_up, digest)
        path = files.path(digest)
        if file is None or not await asyncio.to_thread(path.is_file):
            raise HTTPException(404)
        await asyncio.to_thread(note, name_of(request), digest, file)
        media_type = file.content_type if shown_inline(file.content_type) else "application/octet-stream"
        return FileResponse(path, media_type=media_type, headers=file_headers(file.content_type))

    return routes


def _part(wav: bytes, wanted: str) -> Response:
    """A sound, or the piece of it that a player asks for: without pieces it cannot go back."""
    headers = file_headers("audio/wav") | {"Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(wanted)
    first = int(match[1]) if match else 0
    if match is None or first >= len(wav):
        return Response(wav, media_type="audio/wav", headers=headers)
    last = min(int(match[2] or len(wav)), len(wav) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(wav)}"
    return Response(wav[first : last + 1], status_code=206, media_type="audio/wav", headers=headers)
