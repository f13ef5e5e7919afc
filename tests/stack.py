"""The whole product as its users start it: `fujin up` with a database, ports and folders of its own."""

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from bot.settings import ROOT, Settings
from bot.store.session import Store
from bot.wechat.envelope import Account
from tests.worker import WORKER

FUJIN = ROOT / ".venv" / "bin" / "fujin"
READY_WITHIN_SECONDS = 240
_PORTS = tuple(f"FUJIN_{name}_PORT" for name in ("GATEWAY", "CONSOLE", "ACTIONS", "METRICS"))
_PORTS_IN_TURN = cycle(range(10_000 + 2_000 * WORKER, 12_000 + 2_000 * WORKER))
"""Other ones in each worker, and none that the system gives to a connection: nobody takes one before it is used."""
_MARKS = {
    "gateway": "bot.gateway",
    "console": "bot.console",
    "actions": "rasa_sdk",
    "rasa": "bot.nlu.server",
    "trainer": "bot.studio",
}
"""A word of each process's command."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, each another one: one that is let go may be given a second time."""
    free = (port for port in _PORTS_IN_TURN if _is_free(port))
    return list(islice(free, count))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection just closed does not hold it
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on now."""
    return free_ports(1)[0]


@dataclass
class Stack:
    """Five real processes under their supervisor; `settings` is what they run with."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        *ports, rasa = map(str, free_ports(5))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FUJIN_")},
            **dict(zip(_PORTS, ports, strict=True)),
            "FUJIN_RASA_URL": f"http://127.0.0.1:{rasa}",
            "FUJIN_VAR_DIR": str(self.folder),
            "FUJIN_DATABASE_URL": f"sqlite:///{self.folder / 'fujin.db'}",
            # Each would judge the shipped model anew, on 1,500 messages, beside what is tested.
            "FUJIN_STUDIO_JUDGE_UNASKED": str("FUJIN_PROJECT" in self.extra),
            **self.extra,
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        values = {
            name.removeprefix("FUJIN_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("FUJIN_")
        }
        return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.gateway_port}"

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.console_port}"

    @property
    def account(self) -> Account:
        settings = self.settings
        return Account(settings.wechat_app_id, settings.wechat_token, settings.wechat_aes_key, settings.wechat_mode)

    @property
    def store(self) -> Store:
        """A store of the caller's own over the stack's database; the caller closes it."""
        return Store(self.settings.database_url)

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        """What a query of the stack's database finds."""
        store = self.store
        with store.reading() as session:
            found = list(session.execute(query).all())
        store.close()
        return found

    def start(self) -> float:
        """Start and wait until everything is ready; how many seconds that took."""
        self.folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        output = (self.folder / "up.log").open("ab")
        self.process = subprocess.Popen(
            [str(FUJIN), "up"], cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
        )
        output.close()
        self.wait_until_ready()
        return time.monotonic() - began

    def wait_until_ready(self) -> None:
        """Poll until `/readyz` is green and the console answers."""
        assert self.process
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        state: Any = "nothing answers"
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"fujin up ended: {(self.folder / 'up.log').read_text()[-2000:]}")
            try:
                httpx.get(f"{self.console_url}/healthz", timeout=5)
                answer = httpx.get(f"{self.gateway_url}/readyz", timeout=10)
                state = answer.text
                if answer.is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.3)
        raise RuntimeError(f"not ready after {READY_WITHIN_SECONDS} s: {state}")

    def stop(self) -> None:
        """Ctrl-C, and wait until everything has ended."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def processes(self) -> dict[str, int]:
        """The running processes by name: gateway, console, actions, rasa, trainer."""
        assert self.process
        found = {}
        for pid in _descendants(self.process.pid):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            for name, mark in _MARKS.items():
                if mark in words:
                    found[name] = pid
        return found

    def fujin(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of `fujin` on this stack and give its output."""
        finished = subprocess.run(
            [str(FUJIN), *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return finished.stdout


def _descendants(pid: int) -> list[int]:
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [pid, *(grandchild for child in children for grandchild in _descendants(child))]
