"""Which model is live, and what each Rasa server runs: small files beside the models, for both environments.

`models/live` holds the live model's name, `models/live.fallbacks` those that a server may take when that one does not
load, the nearest first: models that were live and were not taken back. Each server tells in
`models/servers/<host>-<port>.json` what it runs (`Report`). Every file is written beside and renamed, so that whoever
reads it finds the old or the new one, never a half.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

SUFFIX = ".tar.gz"
FRESH_SECONDS = 30.0
"""A report that is older is of a server that has gone; a living one writes every few seconds."""
_LOADING_SECONDS = 180.0
FORGOTTEN_SECONDS = 3600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

SERVING, LOADING, FAILED = "serving", "loading", "failed"
"""A server's state: it runs what it should; it loads that; that did not load, and what it had goes on."""


@dataclass(frozen=True)
class Report:
    """What a server says of itself; `at` is Unix time. `model` is None while nothing answers there."""

    server: str
    model: str | None
    wanted: str | None
    state: str
    error: str
    at: float


def live(models: Path) -> str | None:
    """The name of the live model; None while nothing says."""
    return _name_in(models / "live")


def fallbacks(models: Path) -> list[str]:
    """The names of the models that stand in for the live one, the nearest first."""
    return [name for name in _lines_in(models / "live.fallbacks") if _NAME.fullmatch(name)]


def file_of(models: Path, name: str) -> Path:
    """Where a model lies, or would lie."""
    return models / f"{name}{SUFFIX}"


def name_of(path: Path | str) -> str:
    """The name of the model in a file."""
    return Path(path).name.removesuffix(SUFFIX)


def point_to(models: Path, name: str, instead: Sequence[str] | None = None) -> None:
    """Make a model the live one; every server changes over by itself.

    `instead`: its fallbacks; without, the model before it is the only one.

    Raises:
        ValueError: the name is none of a file in this folder.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no model's name")
    now = live(models)
    if instead is None:
        instead = fallbacks(models) if now == name else [now] if now else []
    if fallbacks(models) != list(instead):
        write_whole(models / "live.fallbacks", "".join(f"{fallback}\n" for fallback in instead))
    if now != name:
        write_whole(models / "live", name + "\n")


def candidates(models: Path) -> Iterator[str]:
    """The models that a server without one may take: the live one, then its fallbacks. Never any other that lies
    there: it may be one that its gates have stopped."""
    now = live(models)
    for name in [*([now] if now else []), *fallbacks(models)]:
        if file_of(models, name).exists():
            yield name


def write_report(models: Path, report: Report) -> None:
    """Tell what a server runs."""
    folder = models / "servers"
    folder.mkdir(exist_ok=True)
    write_whole(folder / f"{report.server}.json", json.dumps(asdict(report), ensure_ascii=False))


def withdraw_report(models: Path, server: str) -> None:
    """A server that ends takes its report along."""
    with suppress(OSError):
        (models / "servers" / f"{server}.json").unlink()


def reports(models: Path, now: float) -> list[Report]:
    """What the living servers say, by name; reports of servers that are long gone are removed."""
    found = []
    for path in sorted((models / "servers").glob("*.json")):
        try:
            report = Report(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if now - report.at <= (_LOADING_SECONDS if report.state == LOADING else FRESH_SECONDS):
            found.append(report)
        elif now - report.at > FORGOTTEN_SECONDS:
            with suppress(OSError):
                path.unlink()
    return found


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, and stays after a power cut."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as scratch:
            scratch.write(text)
            scratch.flush()
            os.fchmod(number, 0o644)  # the console may be another user's
            os.fsync(number)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _name_in(path: Path) -> str | None:
    name = "\n".join(_lines_in(path)).strip()
    return name if _NAME.fullmatch(name) else None


def _lines_in(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
