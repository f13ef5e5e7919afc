"""The supervisor with small stand-ins for the four processes: up together, up again, down together."""

import configparser
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from bot import supervisor
from bot.settings import ROOT, Settings, load_settings

pytestmark = pytest.mark.slow
# A process with a child of its own, as Rasa and uvicorn may have; it writes its number where the test looks.
STAND_IN = (
    "import os, pathlib, subprocess, sys, time; child = subprocess.Popen(['sleep', '600']); "
    "pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()} {child.pid}'); time.sleep(600)"
)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """An installation in a folder whose name a configuration file might trip over."""
    monkeypatch.setenv("FUJIN_VAR_DIR", str(tmp_path / "50% of 'var'"))
    return load_settings()


@pytest.fixture
def commands(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    names = {"gateway": "gateway 100%", "console": "console"}
    stand_ins = {name: [sys.executable, "-c", STAND_IN, str(settings.var_dir / file)] for name, file in names.items()}
    monkeypatch.setattr(supervisor, "programs", lambda _settings, _model: stand_ins)
    return stand_ins


def wait_for(condition: Callable[[], object]) -> None:
    """The limit only keeps a failing test from hanging."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.05)


def numbers(command: list[str]) -> list[int]:
    path = Path(command[-1])
    return [int(number) for number in path.read_text().split()] if path.exists() else []


def alive(pids: list[int]) -> list[int]:
    """Those that run; one that has ended and waits for its parent to notice does not."""
    running = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            running.append(pid)
    return running


@pytest.fixture
def running(settings: Settings, commands: dict[str, list[str]]) -> Iterator["subprocess.Popen[bytes]"]:
    started = supervisor.start(settings, Path("model"))
    try:
        wait_for(lambda: all(len(numbers(command)) == 2 for command in commands.values()))
        yield started
    finally:
        supervisor.stop(started)


def all_of(commands: dict[str, list[str]]) -> list[int]:
    return [number for command in commands.values() for number in numbers(command)]


def test_that_stop_leaves_nothing(running: "subprocess.Popen[bytes]", commands: dict[str, list[str]]) -> None:
    started = all_of(commands)
    assert len(alive(started)) == 4
    supervisor.stop(running)
    assert alive([*started, running.pid]) == []
    supervisor.stop(running)  # a second time is harmless


@pytest.mark.usefixtures("running")
def test_that_what_the_processes_write_is_their_users_alone(settings: Settings, commands: dict[str, list[str]]) -> None:
    wait_for((settings.var_dir / "log" / "gateway.log").exists)
    written = {path: path.stat().st_mode & 0o077 for path in (settings.var_dir, *settings.var_dir.rglob("*"))}
    assert {Path(command[-1]) for command in commands.values()} < set(written)
    assert set(written.values()) == {0}, written


def test_that_a_killed_process_is_started_again(
    running: "subprocess.Popen[bytes]", commands: dict[str, list[str]]
) -> None:
    gateway, child = numbers(commands["gateway"])
    console = numbers(commands["console"])
    os.kill(gateway, signal.SIGKILL)
    wait_for(lambda: numbers(commands["gateway"])[:1] not in ([], [gateway]))
    assert alive(console) == console
    os.kill(child, signal.SIGKILL)  # it was the dead process's; nobody else ends it while supervisord lives


def test_that_stop_leaves_nothing_of_a_supervisor_that_was_killed(
    running: "subprocess.Popen[bytes]", commands: dict[str, list[str]]
) -> None:
    started = all_of(commands)
    running.kill()
    running.wait()
    supervisor.stop(running)
    try:
        wait_for(lambda: alive(started) == [])
    finally:
        for pid in alive(started):
            os.kill(pid, signal.SIGKILL)


def test_that_killing_the_command_leaves_nothing(settings: Settings, commands: dict[str, list[str]]) -> None:
    program = (
        "import json, sys, time; from pathlib import Path; from bot import supervisor; "
        "from bot.settings import load_settings; commands = json.loads(sys.argv[1]); "
        "supervisor.programs = lambda *_: commands; "
        "print(supervisor.start(load_settings(), Path('m')).pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(commands)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    supervisord = int(parent.stdout.readline())
    try:
        wait_for(lambda: len(all_of(commands)) == 4)
        started = [supervisord, *all_of(commands)]
        parent.kill()
        wait_for(lambda: alive(started) == [])
    finally:  # a test that fails must not leave behind what it is about
        for pid in alive([supervisord, *all_of(commands)]):
            os.kill(pid, signal.SIGKILL)
        parent.kill()
        parent.communicate()


def test_that_a_path_survives_the_configuration(settings: Settings, commands: dict[str, list[str]]) -> None:
    parser = configparser.RawConfigParser()
    parser.read(supervisor.write_configuration(settings, commands))
    command = parser["program:gateway"]["command"].replace("%%", "%")
    assert shlex.split(command) == commands["gateway"]


def test_that_rasa_is_started_only_where_it_is_here(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    assert set(supervisor.programs(settings, Path("m"))) == {"gateway", "console", "actions", "rasa", "trainer"}
    monkeypatch.setenv("FUJIN_RASA_URL", "http://rasa.intranet:5005")
    assert set(supervisor.programs(load_settings(), Path("m"))) == {"gateway", "console"}


def test_that_rasa_finds_the_database_and_the_locks(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("FUJIN_DATABASE_URL", "postgresql://fu%40jin:p%25w%2F@db.intranet:6432/station")
    monkeypatch.setenv("FUJIN_REDIS_URL", "redis://:s%40cret@cache.intranet/3")
    monkeypatch.setenv("FUJIN_VAR_DIR", str(settings.var_dir / "new"))
    path = supervisor.write_endpoints(load_settings())
    endpoints = yaml.safe_load(path.read_text())
    assert endpoints["tracker_store"]["url"] == "postgresql://fu%40jin:p%25w%2F@db.intranet:6432/station"
    lock = endpoints["lock_store"]
    assert (lock["url"], lock["port"], lock["db"], lock["password"]) == ("cache.intranet", 6379, 3, "s@cret")
    assert path.stat().st_mode & 0o077 == 0, "it holds the passwords"
