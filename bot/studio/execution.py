"""One training from beginning to end: a copy of the project, checked, trained by Rasa, entered, judged."""

import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from errno import ENOSPC
from pathlib import Path

import structlog
import yaml

from bot.children import end_with_parent
from bot.clock import Clock
from bot.nlu import pointer
from bot.nlu.dataset import Dataset, findings
from bot.settings import Settings
from bot.store.models import RunState, TrainingRun
from bot.store.session import Store, StoreUnavailableError
from bot.studio import failures, judging, progress, registry, runs, training
from bot.studio.findings import in_words
from bot.studio.judging import JudgingError
from bot.studio.progress import LOG_LINES, Progress, worth_keeping
from bot.studio.reading import ReadingError
from bot.studio.registry import RegistryError

log = structlog.get_logger()

_TOLD_EVERY = timedelta(seconds=1)
_NICE = 10
_COPIED = ("config.yml", "domain.yml", "endpoints.yml")
_STORE_TRIES = 30


class _FailedError(Exception):
    """The training cannot go on; the text says why, for trainers."""


class _CancelledError(Exception):
    """Somebody has cancelled it."""


class InterruptedTrainingError(Exception):
    """The process ends, or another one has the lease: what is done here no longer counts."""


class Execution:
    """Does one training that was begun (`runs.take_next`). `stopped` ends it from outside."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, *, run_id: int, project: Path, stopped: threading.Event
    ) -> None:
        self._store, self._settings, self._clock = store, settings, clock
        self._run_id, self._project, self._stopped = run_id, project, stopped
        self._folder = folder_of(settings) / str(run_id)
        self._log: list[str] = []
        self._told_at: datetime | None = None
        self._model: str | None = None
        self._not_copied: Exception | None = None
        with store.reading() as session:
            run = session.get_one(TrainingRun, run_id)
            self._by, self._progress = run.asked_by, Progress(runs.lasted(session))

    def run(self) -> None:
        """Do it, and say on its row how it ended."""
        state, error = RunState.FAILED, ""
        try:
            error, state = self._do(), RunState.DONE
        except _CancelledError:
            state = RunState.CANCELLED
        except InterruptedTrainingError:
            error = runs.INTERRUPTED
        except _FailedError as failure:
            error = str(failure)
        except OSError as failure:
            error = failures.FULL_DISK if _is_full(failure) else f"读写文件出错：{failure.strerror or failure}"
        except StoreUnavailableError:
            error = "数据库暂时无法读写，训练没有做完；可以再训练一次"
        except Exception as failure:
            log.exception("studio.run_failed", run=self._run_id)
            error = f"训练程序自身出错（{type(failure).__name__}），请把日志交给技术人员"
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._finish(state, error)

    def copy(self) -> None:
        """Take the project as it is now: an edit while it is trained belongs to the next training.

        To be called where no change of the data can be half-way; what goes wrong is said by `run`.
        """
        try:
            self._enter(progress.COPY)
            self._copy()
        except (OSError, shutil.Error, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
            self._not_copied = _FailedError(failures.FULL_DISK if _is_full(error) else _not_copied(error))
        except (InterruptedTrainingError, _CancelledError) as error:
            self._not_copied = error

    def _do(self) -> str:
        """The steps in their order; what is worth saying though it is done, or nothing."""
        if self._not_copied is not None:
            raise self._not_copied
        self._enter(progress.CHECK)
        found = self._check()
        version = training.data_version(self._folder)
        with self._store.reading() as session:
            target, there = registry.place_of(session, version, self._models)
        name = pointer.name_of(target)
        if there:
            self._say(f"数据没有变，沿用已有的模型 {name}")
        else:
            made = self._train(name)
            self._enter(progress.SAVE)
            _move_in(made, target)
        self._register(name, version, found)
        self._enter(progress.JUDGE)
        return self._judge(name)

    @property
    def _models(self) -> Path:
        return self._project / "models"

    def _copy(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for name in _COPIED:
            shutil.copyfile(self._project / name, self._folder / name)
        shutil.copytree(self._project / "nlu_data", self._folder / "nlu_data")
        (self._folder / "tmp").mkdir()
        self._progress.steps = progress.steps_of(self._folder)

    def _check(self) -> list[str]:
        broken = failures.broken_yaml(self._folder)
        if broken:
            raise _FailedError(broken)
        try:
            found = findings(Dataset(self._folder / "nlu_data"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _FailedError(f"数据读不懂，没有训练：{error}".replace(f"{self._folder}/", "")) from None
        found = [finding.replace(f"{self._folder}/", "") for finding in found]
        for finding in found:
            self._say(f"数据检查：{in_words(finding)}")
        self._tell()
        return found

    def _train(self, name: str) -> Path:
        out = self._folder / "out"
        try:
            command = training.command(self._settings, out, name)
        except training.TrainingError as error:
            raise _FailedError(str(error)) from None
        self._enter(progress.START)
        with self._rasa(command) as process:
            lines = _lines_of(process)
            while (line := self._next(lines)) is not None:
                self._say(line)
                self._progress.heard(line, self._clock.now())
            code = process.wait()
        made = pointer.file_of(out, name)
        if code != 0 or not made.exists():
            raise _FailedError(failures.reason(self._log, code).replace(f"{self._folder}/", ""))
        return made

    @contextmanager
    def _rasa(self, command: list[str]) -> "Iterator[subprocess.Popen[str]]":
        """Rasa at work: of low priority, in a group of its own that never outlives this thread."""
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and files
            command,
            cwd=self._folder,
            env=training.rasa_environment(self._folder)
            | {"TMPDIR": str(self._folder / "tmp"), "FUJIN_EMBEDDINGS": str(self._models)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            preexec_fn=end_with_parent(os.getpid(), signal.SIGKILL, nice=_NICE),
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _next(self, lines: "queue.Queue[str | None]") -> str | None:
        """Rasa's next line; None at its end."""
        while True:
            self._tell()
            try:
                return lines.get(timeout=0.2)
            except queue.Empty:
                continue

    def _register(self, name: str, version: str, found: list[str]) -> None:
        now, path = self._clock.now(), pointer.file_of(self._models, name)
        registry.hash_ahead(path)
        with self._store.transaction() as session:
            self._still_running(session.get_one(TrainingRun, self._run_id, with_for_update=True))
            registry.register(
                session,
                path,
                data_version=version,
                commit=registry.commit_of(self._project),
                by=self._by,
                now=now,
                run_id=self._run_id,
                findings=found,
            )
        self._model = name

    def _judge(self, name: str) -> str:
        """How the new model reads, and the live one the same messages; what keeps that from being known."""
        with self._store.reading() as session:
            live = registry.live(session)
        for model in dict.fromkeys((name, live.name if live else name)):
            try:
                judging.judge(
                    *(self._store, model, self._settings),
                    now=self._clock.now(),
                    project=self._project,
                    going=self._tell,
                )
            except (JudgingError, ReadingError, RegistryError) as error:
                return f"模型训练好了，但{model}没有评测完：{error}"
        return ""

    def _enter(self, step: str) -> None:
        self._progress.enter(step, self._clock.now())
        self._told_at = None
        self._tell()

    def _say(self, line: str) -> None:
        self._log = [*self._log, *worth_keeping([line.rstrip()])][-LOG_LINES:]

    def _tell(self) -> None:
        """Say on the row how far it is, once a second, and hear from it whether to go on."""
        if self._stopped.is_set():
            raise InterruptedTrainingError
        now = self._clock.now()
        if self._told_at is not None and now - self._told_at < _TOLD_EVERY:
            return
        self._told_at = now
        try:
            with self._store.transaction() as session:
                run = session.get_one(TrainingRun, self._run_id, with_for_update=True)
                self._still_running(run)
                self._write(run, now)
        except StoreUnavailableError:
            return  # it goes on; whoever has the lease by then hears of it at the end

    @staticmethod
    def _still_running(run: TrainingRun) -> None:
        if run.state != RunState.RUNNING:
            raise InterruptedTrainingError
        if run.cancelled_by is not None:
            raise _CancelledError

    def _write(self, run: TrainingRun, now: datetime) -> None:
        run.seen_at, run.step, run.log = now, self._progress.step, "\n".join(self._log)
        run.steps, run.steps_done = len(self._progress.steps), self._progress.done
        run.seconds_left, run.model = self._progress.seconds_left(now), self._model

    def _finish(self, state: str, error: str) -> None:
        """Say how it ended, unless another holder of the lease has said so already."""
        for _ in range(_STORE_TRIES):
            now = self._clock.now()
            try:
                with self._store.transaction() as session:
                    run = session.get_one(TrainingRun, self._run_id, with_for_update=True)
                    if run.state != RunState.RUNNING:
                        return
                    if state == RunState.DONE:
                        self._progress.enter("", now)
                    self._write(run, now)
                    run.state, run.ended_at, run.error, run.took = state, now, error or None, self._progress.took
                    run.seconds_left = None
                    if state == RunState.DONE:
                        run.steps_done = run.steps
                return
            except StoreUnavailableError:
                if self._stopped.wait(1.0):
                    return


def _is_full(error: Exception) -> bool:
    return "Errno 28" in str(error) or getattr(error, "errno", None) == ENOSPC


def _not_copied(error: Exception) -> str:
    if isinstance(error, yaml.YAMLError):
        return "config.yml 写得不对，不是合格的 YAML：检查缩进、引号和冒号后面的空格"
    if isinstance(error, (AttributeError, KeyError, TypeError)):
        return "config.yml 里的 pipeline 或 policies 写得不对，请让技术人员检查"
    return f"数据复制不了：{getattr(error, 'strerror', None) or error}"


def folder_of(settings: Settings) -> Path:
    """Where trainings have their copies of the project."""
    return settings.var_dir / "studio" / "runs"


def _lines_of(process: "subprocess.Popen[str]") -> "queue.Queue[str | None]":
    """The lines of a process as they come, and None after the last one."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        with suppress(ValueError):  # closed, because nobody waits for it any more
            for line in process.stdout or ():
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="rasa's log", daemon=True).start()
    return lines


def _move_in(made: Path, target: Path) -> None:
    """Put a model into its place in one rename, from whichever disk."""
    beside = target.with_name(f".{target.name}.new")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(made, beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
