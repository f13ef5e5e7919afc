"""Reads messages with any trained model, in a process of the sealed environment that serves nobody: `bot.nlu.judge`."""

import json
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog

from bot.nlu import pointer
from bot.nlu.project import PROJECT
from bot.nlu.triage import URGENT
from bot.settings import Settings
from bot.studio.trainer import DutyError
from bot.studio.training import rasa_environment

log = structlog.get_logger()

MESSAGE_SECONDS, LOADING_SECONDS = 30.0, 180.0
"""After so long with one message, or until it is ready, a reading process is taken for one that hangs."""
TRIED_AGAIN = timedelta(minutes=1)
"""How long a model that could not be read with is left alone: loading takes what a training may need."""


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
    does, and when it does not come to an end with one message; whoever still waits then gets a ReadingError.
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
            if "ready" not in self._answer(LOADING_SECONDS):
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
            answer = self._answer(MESSAGE_SECONDS)
            yield None if "error" in answer else Reading.from_json(answer)

    def _answer(self, within: float) -> dict[str, Any]:
        """The next line of its process, which is killed when none has come after so many seconds."""
        patience = threading.Timer(within, self._process.kill)
        patience.daemon = True
        patience.start()
        try:
            line = self._next_line()
            answer: dict[str, Any] = json.loads(line) if line else {}
        except ValueError:  # closed or killed in the middle of a line
            answer = {}
        finally:
            patience.cancel()
        if not answer:
            raise ReadingError(f"the process of {self.model} ended with {self._process.wait()}")
        return answer

    def _next_line(self) -> str:
        assert self._process.stdout  # noqa: S101 - opened as a pipe
        line = self._process.stdout.readline()
        while line and not line.startswith("{"):  # what a library prints
            line = self._process.stdout.readline()
        return line


class LoadedReader:
    """A reader of whichever model is asked for. It takes some seconds to load, for which nobody waits."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._reader: ModelReader | None = None
        self._failure = ""
        self._again_at: datetime | None = None
        self._lock = threading.Lock()

    def of(self, path: Path, settings: Settings, now: datetime, sha256: str = "") -> ModelReader | None:
        """The reader of this model; None while it loads. One that failed is loaded again after a while.

        `sha256`: what its file has to be to be loaded.

        Raises:
            DutyError: it did not load, or its process ended, a short while ago.
        """
        if path == self._path and not self._failure:
            return self._reader
        if path == self._path:
            self._again_at = self._again_at or now + TRIED_AGAIN
            if now < self._again_at:
                raise DutyError(f"模型 {pointer.name_of(path)} 读不了消息，稍后自动再试（{self._failure}）")
        self.close()
        self._path = path
        threading.Thread(target=self._open, args=(path, settings, sha256), name="reader", daemon=True).start()
        return None

    def close(self) -> None:
        """End it; the next time it is asked for, it loads anew."""
        with self._lock:
            reader, self._reader, self._path = self._reader, None, None
            self._failure, self._again_at = "", None
        if reader:
            reader.close()

    def gave_up(self, error: ReadingError) -> None:
        """Its process has ended while it read."""
        with self._lock:
            reader, self._reader = self._reader, None
            self._failure, self._again_at = str(error), None
        if reader:
            reader.close()

    def _open(self, path: Path, settings: Settings, sha256: str) -> None:
        try:
            if changed := pointer.unlike(path, sha256):
                raise ReadingError(changed)
            reader = ModelReader(path, settings)
        except (ReadingError, OSError) as error:  # there may be no memory for a process
            log.warning("reader.unreadable", model=path.name, reason=str(error))
            with self._lock:
                if self._path == path:
                    self._failure = str(error)
            return
        with self._lock:
            if self._path == path and self._reader is None:
                self._reader = reader
                return
        reader.close()
