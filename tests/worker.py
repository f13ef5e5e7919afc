"""Which of the processes that share out the tests (pytest-xdist) this is: what they must not share hangs on it."""

import os

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""0 for the first, and where one process runs all tests."""
