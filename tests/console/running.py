"""A console by itself, in a process of its own, over a database that the test has filled."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bot.settings import ROOT
from tests.stack import free_port


@contextmanager
def console(sqlite_url: str, tmp_path: Path, **more: str) -> Iterator[str]:
    """A running console's address."""
    port = free_port()
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
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(timeout=20) in (0, -15)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 40
    while True:
        try:
            assert httpx.get(url).status_code == 200
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.2)
