"""Pages without a script: signing in must work where nothing else does, and a refusal needs no live page."""

import hashlib
from functools import cache
from html import escape
from pathlib import Path

from fastapi.responses import HTMLResponse

STATIC = Path(__file__).parent / "static"
ASSETS = "/assets"
WORKER = "/vigil-worker.js"
"""A service worker reaches what lies below its own address: this one, every page."""
STRICT = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
}
"""What a page without scripts needs, and nothing else."""


@cache
def asset(name: str) -> str:
    """An asset's address, which changes with its content, so that browsers may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"{ASSETS}/{name}?v={digest}"


def document(title: str, body: str, *, classes: str, status: int = 200) -> HTMLResponse:
    """A whole page; `body` is HTML of ours in which everything of others is escaped."""
    return HTMLResponse(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="{asset("console.css")}">'
        f'<body class="{classes}"><main>{body}</main></body></html>',
        status_code=status,
        headers=STRICT,
    )


def plain_page(title: str, text: str, status: int, *, back: str = "/") -> HTMLResponse:
    """A page that says one thing."""
    body = f'<h1>{escape(title)}</h1><p>{escape(text)}</p><a href="{escape(back)}">返回</a>'
    return document(title, body, classes="lost", status=status)
