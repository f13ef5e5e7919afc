"""How a process begins that must not outlive the one that started it."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
# Opened before any fork: between fork and exec a child must not load anything.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(parent: int, number: int = signal.SIGTERM, *, nice: int = 0) -> Callable[[], None]:
    """What the child does first: ask the kernel for a signal when the parent dies (Linux; elsewhere nothing).

    `nice` lowers its priority. The kernel's parent is the thread: it must live as long as the child.
    """

    def ask() -> None:
        if nice:
            os.nice(nice)
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, number)
            if os.getppid() != parent:
                os._exit(1)

    return ask
