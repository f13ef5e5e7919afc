"""Reads messages with any trained model, in a process of the sealed environment that serves nobody: `bot.nlu.judge`."""

import json
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog

from bot.nlu import pointer
from bot.nlu.project import PROJECT
from bot.nlu.triage import URGENT
from bot.settings import Settings
from bot.studio.training import rasa_environment

log = structlog.get_logger()


class ReadingError(Exception):
    """A model cannot be loaded, or its process ended; the text says why."""


@dataclass(frozen=True)
class Reading:
    """What the station would make of a message with this model, and what the model alone thought."""

    label: str
    intent: str
    confidence: float
    source: str
    uncertain: bool
    model_label: str
    model_intent: str
    labels: Mapping[str, float]
    """P(label) by the model."""
    ranking: tuple[tuple[str, float], ...]
    """The likeliest fine intents by the model, with P."""
    nearest: float | None
    """Cosine similarity to the nearest training message, -1 to 1; None when no model reads the message."""
    milliseconds: float

    @property
    def urgent(self) -> bool:
        """Whether it would be paged."""
        return self.label == URGENT

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From the line of `bot.nlu.judge`."""
        names = ("label", "intent", "confidence", "source", "uncertain", "model_label", "model_intent")
        return cls(
            **{name: data[name] for name in names},
            labels=dict(data["labels"]),
            ranking=tuple((str(intent), float(share)) for intent, share in data["ranking"]),
            nearest=data["nearest"],
            milliseconds=float(data["milliseconds"]),
        )


class ModelReader:
    """A model that reads messages one after another; a context manager, which ends its process.

    Its process has a lower priority than those that serve residents. It is ended after `limit` seconds, whatever it
    does; whoever still waits for a reading then gets a ReadingError.
    """

    def __init__(self, model: Path, settings: Settings, *, project: Path = PROJECT, limit: float | None = None) -> None:
        if not model.exists():
            raise ReadingError(f"there is no model at {model}")
        self.model = pointer.name_of(model)
        command = ["nice", "-n", "10", str(settings.rasa_python), "-m", "bot.nlu.judge", "--model", str(model)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and files
            command,
            cwd=project,
            env=rasa_environment(project),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self._limit = threading.Timer(limit, self._process.kill) if limit else None
        if self._limit:
            self._limit.daemon = True
            self._limit.start()
        try:
            if "ready" not in self._answer():
                raise ReadingError(f"{model.name} does not load")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End its process."""
        self.close()

    def close(self) -> None:
        """End its process, whatever it does."""
        if self._limit:
            self._limit.cancel()
        self._process.kill()
        self._process.communicate()

    def read(self, texts: Iterable[str]) -> Iterator[Reading | None]:
        """A reading of each text, in order; None for one that the model stumbles over.

        Raises:
            ReadingError: the process has ended.
        """
        assert self._process.stdin  # noqa: S101 - opened as a pipe
        for number, text in enumerate(texts):
            try:
                self._process.stdin.write(json.dumps({"id": number, "text": text}) + "\n")
                self._process.stdin.flush()
            except OSError:
                raise ReadingError("the reading process has ended") from None
            answer = self._answer()
            yield None if "error" in answer else Reading.from_json(answer)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 - opened as a pipe
        line = self._process.stdout.readline()
        while line and not line.startswith("{"):  # what a library prints
            line = self._process.stdout.readline()
        if not line:
            raise ReadingError(f"the process of {self.model} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


class LoadedReader:
    """A reader of whichever model is asked for. It takes some seconds to load, for which nobody waits."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._reader: ModelReader | None = None
        self._lock = threading.Lock()

    def of(self, path: Path, settings: Settings) -> ModelReader | None:
        """The reader of this model; None while it loads, or if it does not."""
        if path != self._path:
            self.close()
            self._path = path
            threading.Thread(target=self._open, args=(path, settings), name="reader", daemon=True).start()
        return self._reader

    def close(self) -> None:
        """End it; the next time it is asked for, it loads anew."""
        with self._lock:
            reader, self._reader, self._path = self._reader, None, None
        if reader:
            reader.close()

    def _open(self, path: Path, settings: Settings) -> None:
        try:
            reader = ModelReader(path, settings)
        except ReadingError as error:
            log.warning("reader.unreadable", model=path.name, reason=str(error))
            return
        with self._lock:
            if self._path == path and self._reader is None:
                self._reader = reader
                return
        reader.close()
