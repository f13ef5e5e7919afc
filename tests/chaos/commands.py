"""Commands of `fujin` in processes of their own that may be killed, without a start of seconds for each."""

import multiprocessing
import os
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot.cli import app

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


def start(arguments: list[str], environment: Mapping[str, str]) -> ForkServerProcess:
    """Begin a command; its process's exit code is the command's."""
    process = _FORKS.Process(target=_run, args=(arguments, dict(environment)))
    process.start()
    return process


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        app(arguments)
