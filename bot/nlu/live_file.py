"""Trainers' files that are read anew when they change: a broken edit keeps the last good state, and is logged."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0
# The parser in C: the answers are read while residents wait, and in Python take half a second.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
T = TypeVar("T")


class TrainersFileError(Exception):
    """A file of `nlu_data/` that cannot be used; the text names it and says how to mend it."""


def read_yaml(path: Path) -> Any:
    """What a trainers' file holds. Raises TrainersFileError."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError) as error:
        raise TrainersFileError(f"{path.name} 读不出来（{type(error).__name__}），请存成 UTF-8") from None
    except yaml.YAMLError as error:
        raise TrainersFileError(f"{path.name} 不是合格的 YAML：{error}") from None


@contextmanager
def of_its_shape(path: Path) -> Iterator[None]:
    """Turn what goes wrong when a file has another shape than the block takes it for into a TrainersFileError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise TrainersFileError(
            f"{path.name} 读不懂（{type(error).__name__}: {error}），照文件开头的说明检查缩进和字段"
        ) from None


def examples(path: Path) -> dict[str, tuple[str, ...]]:
    """The trainers' examples by what they are examples of. Raises TrainersFileError."""
    data = read_yaml(path)
    with of_its_shape(path):
        found = {str(name): tuple(str(text) for text in texts) for name, texts in data.items()}
    if empty := [name for name, texts in found.items() if not texts]:
        raise TrainersFileError(f"{path.name}: {'、'.join(empty)} 没有例句")
    return found


class LiveFile(Generic[T]):
    """What `load` makes of some files. The first load raises what is wrong; a later one keeps what was good."""

    def __init__(self, load: Callable[[], T], files: Callable[[], Iterable[Path]]) -> None:
        self._load, self._files = load, files
        self._state = self._stamp()
        self._value = load()
        self._looked_at = time.monotonic()
        self.problem: str | None = None

    def current(self) -> T:
        """The value now; the files are looked at once a second at most."""
        if time.monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            self._refresh()
        return self._value

    def _refresh(self) -> None:
        state = self._stamp()
        if state == self._state:
            return
        self._state = state
        try:
            self._value, self.problem = self._load(), None
        except TrainersFileError as error:
            self.problem = str(error)
            logger.error("An edit was not taken: %s", error)

    def _stamp(self) -> frozenset[tuple[str, int, int]]:
        stamps = set()
        for path in self._files():
            try:
                state = path.stat()
            except FileNotFoundError:
                continue  # deleted since it was listed
            stamps.add((str(path), state.st_mtime_ns, state.st_size))
        return frozenset(stamps)
