"""What OpenBLAS, which does numpy's matrix products, must be told about this machine's processor.

The version that Rasa's numpy brings knows no processor made after it and then counts as on one of 2004, at a fifth of
the speed (ADR 005). What the processor can do, not its name, decides what is told here.
"""

import os
from pathlib import Path

VARIABLE = "OPENBLAS_CORETYPE"
_PROCESSORS = Path("/proc/cpuinfo")
_KERNEL, _INSTRUCTIONS = "Haswell", frozenset({"avx2", "fma"})
"""OpenBLAS's name of what is written for these instructions. What is written for AVX-512 is half as fast again, but in
this version its Cholesky writes beside a matrix of more than 2 GiB, and the training dies."""


def environment(processors: Path = _PROCESSORS) -> dict[str, str]:
    """The variable for processes that use numpy; nothing where it is set or nothing is known (no Linux)."""
    if os.environ.get(VARIABLE):
        return {}
    try:
        lines = processors.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    flags = next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
    return {VARIABLE: _KERNEL} if flags >= _INSTRUCTIONS else {}


if __name__ == "__main__":
    print("".join(environment().values()))
