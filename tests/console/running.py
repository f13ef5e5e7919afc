"""A console by itself, in a process of its own, over a database that the test has filled."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bot.console.door import COOKIE
from bot.settings import ROOT
from tests.stack import free_port


def start(sqlite_url: str, tmp_path: Path, port: int, **more: str) -> subprocess.Popen[bytes]:
    """Start a console and wait until it answers; the caller ends it."""
    environment = os.environ | {
        "FUJIN_DATABASE_URL": sqlite_url,
        "FUJIN_VAR_DIR": str(tmp_path / "var"),
        "FUJIN_CONSOLE_PORT": str(port),
        "FUJIN_PAGE_CHANNELS": "webhook+http://127.0.0.1:9/phone",
        **more,
    }
    process = subprocess.Popen([sys.executable, "-m", "bot.console"], cwd=ROOT, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


@contextmanager
def console(sqlite_url: str, tmp_path: Path, **more: str) -> Iterator[str]:
    """A running console's address."""
    port = free_port()
    process = start(sqlite_url, tmp_path, port, **more)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(timeout=20) in (0, -15)


def sign_in(url: str, officer: str) -> str:
    """Sign in to the model station's console at this address, as its sign-in page offers, and give the token."""
    page = httpx.get(f"{url}/sign-in").text
    (password,) = set(re.findall(r'name=password value="([^"]+)"', page))
    form = {"name": officer, "password": password}
    answer = httpx.post(f"{url}/sign-in", data=form, headers={"Origin": url})
    assert answer.status_code == 303, answer.text
    return answer.cookies[COOKIE]


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 120  # a busy machine takes its time
    while True:
        try:
            assert httpx.get(url).status_code == 200
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.2)
