"""Stored pictures, voices and videos, by their hash."""

import asyncio
import re

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse

from bot.console.services import Services
from bot.intake.evidence import EvidenceStore
from bot.store.models import Media

_DIGEST = re.compile(r"[0-9a-f]{64}")
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
    """The route `/evidence/{sha256}`."""
    routes = APIRouter()
    files = EvidenceStore(services.settings.var_dir / "evidence")

    def content_type_of(digest: str) -> tuple[bool, str | None]:
        query = sa.select(Media.content_type).where(Media.sha256 == digest).limit(1)
        with services.store.reading() as session:
            row = session.execute(query).first()
        return (row is not None, row.content_type if row else None)

    @routes.get("/evidence/{digest}")
    async def evidence(digest: str) -> Response:
        """A file that a message carried; only hashes that the database knows are looked for."""
        if not _DIGEST.fullmatch(digest):
            raise HTTPException(404)
        known, content_type = await asyncio.to_thread(content_type_of, digest)
        path = files.path(digest)
        if not known or not await asyncio.to_thread(path.is_file):
            raise HTTPException(404)
        media_type = content_type if shown_inline(content_type) else "application/octet-stream"
        return FileResponse(path, media_type=media_type, headers=file_headers(content_type))

    return routes
