"""What the trainer process trains and judges: one thing at a time, in a thread, so that its other duties go on."""

import shutil
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import structlog

from bot.clock import Clock
from bot.settings import Settings
from bot.store.session import Store, StoreUnavailableError
from bot.studio import judging, registry, runs
from bot.studio.execution import Execution, InterruptedTrainingError, folder_of
from bot.studio.judging import JudgingError
from bot.studio.reading import ReadingError
from bot.studio.registry import RegistryError

log = structlog.get_logger()

CAUGHT_UP_EVERY = timedelta(seconds=30)
_TRIED_AGAIN = timedelta(minutes=10)


class Runner:
    """`look` begins what waits; `stop` ends what runs, within seconds. For whoever has the trainer's lease."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, *, project: Path) -> None:
        self._store, self._settings, self._clock, self._project = store, settings, clock, project
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._caught_up_at: datetime | None = None
        self._tried: dict[str, datetime] = {}
        self._tidied = False

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._thread is not None and self._thread.is_alive()

    def look(self, now: datetime) -> None:
        """Begin what waits, if nothing is being done: a training, or else a judgement that is missing."""
        if self.busy:
            return
        if not self._tidied:  # not before it has the lease: what another one trains is here too
            shutil.rmtree(folder_of(self._settings), ignore_errors=True)
            self._tidied = True
        run = None
        with self._store.reading() as session:
            is_open = runs.is_open(session)
        if is_open:
            with self._store.transaction() as session:
                run = runs.take_next(session, now=now)
        if run is None:
            self._catch_up(now)
            return
        stopped = threading.Event()
        work = Execution(
            *(self._store, self._settings, self._clock), run_id=run.id, project=self._project, stopped=stopped
        )
        work.copy()  # here, beside the duty that changes the data and not in the middle of it
        self._begin(work.run, stopped)

    def stop(self) -> None:
        """End what is being done, and wait until it has said so."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _begin(self, work: Callable[[], None], stopped: threading.Event) -> None:
        self._stopped = stopped
        self._thread = threading.Thread(target=work, name="training", daemon=True)
        self._thread.start()

    def _catch_up(self, now: datetime) -> None:
        """Judge a model that is behind: the regression set has grown, or `fujin up` trained it."""
        if not self._settings.studio_judge_unasked:
            return
        if self._caught_up_at is not None and now - self._caught_up_at < CAUGHT_UP_EVERY:
            return
        self._caught_up_at = now
        with self._store.reading() as session:
            names = [model.name for model in registry.in_use(session)]
            waiting = judging.behind(session, names, project=self._project)
        due = (one for one in waiting if one[0] not in self._tried or now - self._tried[one[0]] >= _TRIED_AGAIN)
        for model, sets in islice(due, 1):
            self._tried[model], stopped = now, threading.Event()
            self._begin(partial(self._judge, model, sets, stopped), stopped)

    def _judge(self, model: str, sets: Sequence[str], stopped: threading.Event) -> None:
        def going() -> None:
            if stopped.is_set():
                raise InterruptedTrainingError

        try:
            judging.judge(
                *(self._store, model, self._settings),
                now=self._clock.now(),
                project=self._project,
                sets=sets,
                going=going,
            )
            del self._tried[model]
        except InterruptedTrainingError:
            return
        except (JudgingError, ReadingError, RegistryError, StoreUnavailableError) as error:
            log.warning("studio.not_judged", model=model, reason=str(error))
        except Exception:
            log.exception("studio.not_judged", model=model)
