"""Which model is live, and what each Rasa server runs: small files beside the models, for both environments.

`models/live` holds the live model's name and its file's SHA-256, `models/live.fallbacks` those of the models that a
server may take when that one does not load, the nearest first: models that were live and were not taken back. Whoever
loads one asks `objection` first. Each server tells in `models/servers/<host>-<port>.json` what it runs (`Report`).
Every file is written beside and renamed, so that whoever reads it finds the old or the new one, never a half.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

SUFFIX = ".tar.gz"
FRESH_SECONDS = 30.0
"""A report that is older is of a server that has gone; a living one writes every few seconds."""
_LOADING_SECONDS = 180.0
FORGOTTEN_SECONDS = 3600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_POINTED = re.compile(rf"({_NAME.pattern})(?: ([0-9a-f]{{64}}))?")
_BLOCK = 1 << 20

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


@dataclass(frozen=True)
class Pointed:
    """A model that the pointer names. `sha256` is its file's; "" where nobody has entered it, as in pointers of old."""

    name: str
    sha256: str = ""


def live(models: Path) -> str | None:
    """The name of the live model; None while nothing says."""
    found = pointed(models)
    return found.name if found else None


def fallbacks(models: Path) -> list[str]:
    """The names of the models that stand in for the live one, the nearest first."""
    return [one.name for one in stand_ins(models)]


def pointed(models: Path) -> Pointed | None:
    """The live model; None while nothing says."""
    return _pointed("\n".join(_lines_in(models / "live")).strip())


def stand_ins(models: Path) -> list[Pointed]:
    """The models that stand in for the live one, the nearest first."""
    return [found for line in _lines_in(models / "live.fallbacks") if (found := _pointed(line))]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, which is read once for each state that it is found in."""
    state = path.stat()
    stamp = state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
    known = _digests.get(path)
    if known is None or known[0] != stamp:
        known = _digests[path] = stamp, hashed(path)
    return known[1]


_digests: dict[Path, tuple[tuple[int, ...], str]] = {}


def hashed(path: Path) -> str:
    """SHA-256 of a file, read anew."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def objection(models: Path, name: str) -> str:
    """Why a model's file is not to be loaded, in the trainers' words; "" while it is what the pointer says."""
    return unlike(file_of(models, name), _known(models).get(name, ""))


def unlike(path: Path, sha256: str) -> str:
    """Why a file is not the one with this SHA-256, in the trainers' words; "" if it is, or none is known."""
    try:
        if not sha256 or digest_of(path) == sha256:
            return ""
    except OSError as error:
        return f"没有这个模型文件：{path.name}" if isinstance(error, FileNotFoundError) else f"{path.name} 读不出来"
    return (
        f"模型文件 {path.name} 和登记时不一样，可能损坏或被改过，不能使用；请放回原来的文件，或者再训练一次、批准上线"
    )


def file_of(models: Path, name: str) -> Path:
    """Where a model lies, or would lie."""
    return models / f"{name}{SUFFIX}"


def name_of(path: Path | str) -> str:
    """The name of the model in a file."""
    return Path(path).name.removesuffix(SUFFIX)


def point_to(
    models: Path, name: str, instead: Sequence[str] | None = None, digests: Mapping[str, str] | None = None
) -> None:
    """Make a model the live one; every server changes over by itself.

    `instead`: its fallbacks; without, the model before it is the only one. `digests`: SHA-256 of files by the models'
    names; of others the pointer keeps what it has.

    Raises:
        ValueError: the name is none of a file in this folder.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no model's name")
    now = live(models)
    if instead is None:
        instead = fallbacks(models) if now == name else [now] if now else []
    known = _known(models) | dict(digests or {})
    wanted, *others = (Pointed(one, known.get(one, "")) for one in (name, *instead))
    if stand_ins(models) != others:
        write_whole(models / "live.fallbacks", "".join(map(_line, others)))
    if pointed(models) != wanted:
        write_whole(models / "live", _line(wanted))


def candidates(models: Path) -> Iterator[str]:
    """The models that a server without one may take: the live one, then its fallbacks, if their files are what the
    pointer says. Never any other that lies there: it may be one that its gates have stopped."""
    now = live(models)
    for name in [*([now] if now else []), *fallbacks(models)]:
        if file_of(models, name).exists() and not objection(models, name):
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


def _known(models: Path) -> dict[str, str]:
    """The SHA-256 that the pointer has, by the models' names."""
    found = (pointed(models), *stand_ins(models))
    return {one.name: one.sha256 for one in found if one and one.sha256}


def _pointed(line: str) -> Pointed | None:
    found = _POINTED.fullmatch(line)
    return Pointed(found[1], found[2] or "") if found else None


def _line(one: Pointed) -> str:
    return f"{one.name} {one.sha256}".strip() + "\n"


def _lines_in(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
