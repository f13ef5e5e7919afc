"""Nothing is left running, however the supervisor's parent ends."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.heavy]


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_that_nothing_is_left_running(tmp_path: Path, how: signal.Signals) -> None:
    stack = Stack(tmp_path / "stack")
    stack.start()
    assert stack.process
    processes = stack.processes()
    assert set(processes) == {"gateway", "console", "actions", "rasa", "trainer"}
    os.kill(stack.process.pid, how)
    stack.process.wait(timeout=60)
    deadline = time.monotonic() + 30
    while remaining := _alive(list(processes.values())):
        assert time.monotonic() < deadline, f"still running after {how.name}: {remaining}"
        time.sleep(0.1)
