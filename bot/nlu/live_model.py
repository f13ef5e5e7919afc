"""Changes a running Rasa server over to the model that `models/live` names, while it goes on answering.

A thread looks at the pointer once a second. Another model than the one that runs is loaded beside it, tried out, and
then takes over; messages that the old model has begun, it finishes. A model whose file is not what the pointer says, or
that does not load or pass, changes nothing, and is not tried again until the pointer or its file changes. Nothing of
this happens in the event loop.
"""

from __future__ import annotations

import asyncio
import copy
import ctypes
import gc
import json
import logging
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.data import TrainingType
from sanic import Sanic

from bot.nlu import pointer
from bot.nlu.conversation import Readers
from bot.nlu.forms import REQUESTED
from bot.nlu.graph_runner import straighten
from bot.nlu.pointer import FAILED, LOADING, SERVING, Pointed, Report
from bot.nlu.reader import Reader
from bot.nlu.triage import Triage

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
REPORT_SECONDS = 3.0
TIDY_SECONDS = 5.0
"""How long after a change the old model's memory is given back: its last messages are answered by then."""
_ACTIONS_TIMEOUT_SECONDS = 3.0
EMERGENCIES = ("救命，有人拿刀砍人", "我家着火了，冒很大的烟")
CALM = ("你好", "谢谢", "身份证丢了怎么补办")
"""What a model is tried out with: it must page for the first and for none of the second."""
LONGEST_READING_SECONDS = 2.0
"""A model whose quickest reading takes longer answers after the gateway has given up (`bot.intake.understanding`)."""


class ModelError(Exception):
    """A model that cannot go live here; the text says why, in the trainers' language."""


class Follower:
    """Keeps one server's model the one that the pointer names."""

    def __init__(self, app: Sanic[Any, Any], models: Path, port: int) -> None:
        """`models`: the folder with the pointer and the models."""
        self._app, self._models = app, models
        self._server = f"{socket.gethostname()}-{port}"
        self._pointed: Pointed | None = None
        self._failed: dict[str, tuple[tuple[int, int] | None, str]] = {}
        self._tidy_at: float | None = None
        self._stopped = threading.Event()
        self._reported: Report | None = None
        self._thread = threading.Thread(target=self._follow, name="live-model", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End; a loading that is under way is given up with the process."""
        self._stopped.set()
        pointer.withdraw_report(self._models, self._server)

    def _follow(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look()
            except Exception:  # a full disk or a volume that is away must not end the following
                logger.exception("The live model could not be followed")
            self._stopped.wait(LOOK_SECONDS)

    def look(self) -> None:
        """Compare what runs with what should run, and change over if they differ."""
        pointed, running = pointer.pointed(self._models), running_model(self._app.ctx.agent)
        if pointed != self._pointed:
            self._pointed = pointed
            self._failed.clear()
        wanted = pointed.name if pointed else None
        for name in self._to_try(wanted, running):
            self._report(LOADING, running, wanted)
            if self._take(name):
                running = name
                break
        error = self._failed[wanted][1] if wanted and wanted in self._failed else ""
        if wanted in (None, running) and running:
            self._report(SERVING, running, wanted or running)
        else:
            self._report(FAILED, running, wanted, error or "没有可用的模型")
        if self._tidy_at is not None and time.monotonic() >= self._tidy_at:
            self._tidy_at = None
            _give_memory_back()

    def _to_try(self, wanted: str | None, running: str | None) -> list[str]:
        """What to load, in this order: the model wanted; with nothing to answer with, its fallbacks."""
        if wanted == running or (wanted is None and running):
            return []
        names = [wanted] if wanted else []
        if not running:
            names += [name for name in pointer.candidates(self._models) if name != wanted]
        return [name for name in names if self._worth_trying(name)]

    def _worth_trying(self, name: str) -> bool:
        failed = self._failed.get(name)
        return failed is None or failed[0] != _stamp(pointer.file_of(self._models, name))

    def _take(self, name: str) -> bool:
        """Load a model and let it take over; whether it did."""
        old, file = self._app.ctx.agent, pointer.file_of(self._models, name)
        stamp, began = _stamp(file), time.monotonic()
        try:
            if changed := pointer.objection(self._models, name):
                raise ModelError(changed)
            with _residents_first():
                new = beside(old, file)
        except ModelError as error:
            problem = str(error)
        except Exception as error:  # whatever a broken archive makes the libraries say
            problem = f"模型文件读不出来（{type(error).__name__}）"
        else:
            self._failed.pop(name, None)
            self._app.ctx.agent = new
            logger.warning("Model %s is live after %.1f s", name, time.monotonic() - began)
            return True
        finally:
            self._tidy_at = time.monotonic() + TIDY_SECONDS
        self._failed[name] = (stamp, problem)
        logger.error("Model %s was not taken: %s", name, problem)
        return False

    def _report(self, state: str, model: str | None, wanted: str | None, error: str = "") -> None:
        now = time.time()
        report = Report(self._server, model, wanted, state, error, now)
        told = self._reported
        if told and now - told.at < REPORT_SECONDS and report == replace(told, at=now):
            return
        if self._stopped.is_set():
            return
        self._reported = report
        try:
            pointer.write_report(self._models, report)
        except OSError as error:  # a full disk keeps no model from going live
            logger.warning("What this server runs could not be told: %s", error)


def beside(agent: Agent, file: Path) -> Agent:
    """A model loaded and tried out beside a server's own, with the same locks and the same stored conversations.

    Raises:
        ModelError: it cannot go live here.
    """
    if not file.exists():
        raise ModelError(f"没有这个模型文件：{file.name}")
    new = Agent(
        generator=_generator_of(agent),
        # Of its own: the store knows the domain, and keeps conversations whose slots are the domain's. What is stored
        # is the same, and the store asks the database before it trusts what it keeps.
        tracker_store=_store_beside(agent),
        # The very same: a conversation stays locked across the change.
        lock_store=agent.lock_store,
        action_endpoint=agent.action_endpoint,
        http_interpreter=agent.http_interpreter,
    )
    new.load_model(str(file))
    straighten(new.processor)
    new.fujin_reader = reader = Reader(new.processor)
    new.fujin_readers = getattr(agent, "fujin_readers", None) or Readers()
    _check_domain(new)
    _try_out(reader)
    return new


def running_model(agent: Agent | None) -> str | None:
    """The name of the model that answers; None while none does."""
    if agent is None or not agent.is_ready():
        return None
    assert agent.processor is not None  # noqa: S101 - `is_ready`
    return pointer.name_of(agent.processor.model_filename)


def _generator_of(agent: Agent) -> Any:
    """The server's answers for another domain: loading sets the responses, which the old model still needs."""
    return copy.copy(agent.nlg)


def _store_beside(agent: Agent) -> Any:
    store = agent.tracker_store
    if isinstance(store, FailSafeTrackerStore):
        store = store._tracker_store
    twin: Callable[[], Any] | None = getattr(store, "twin", None)
    return twin() if twin else copy.copy(store)


def _check_domain(agent: Agent) -> None:
    """A model answers with this server's forms and actions, so it must know the former and need none but the latter."""
    if agent.processor.model_metadata.training_type != TrainingType.BOTH:
        raise ModelError("这个模型没有对话部分")
    missing = sorted(set(agent.fujin_readers.forms.current().forms) - set(agent.domain.form_names))
    if missing:
        raise ModelError(f"模型里没有这些申请表：{'、'.join(missing)}")
    if REQUESTED not in {slot.name for slot in agent.domain.slots}:
        raise ModelError("模型的 domain.yml 不完整")
    there = _actions(agent)
    needed = {name for name in agent.domain.user_actions if name.startswith(("action_", "validate_"))}
    if there and (absent := sorted(needed - there)):
        raise ModelError(f"动作服务里没有：{'、'.join(absent)}")


def _actions(agent: Agent) -> set[str]:
    """What the action server can do; nothing when it does not say, which proves nothing against the model."""
    url = str(getattr(agent.action_endpoint, "url", None) or "")
    if not url.startswith("http"):
        return set()
    try:
        answer = urllib.request.urlopen(  # noqa: S310 - the station's own action server
            url.removesuffix("/webhook") + "/actions", timeout=_ACTIONS_TIMEOUT_SECONDS
        )
        with answer:
            return {str(action["name"]) for action in json.load(answer)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _try_out(reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
    took = []

    async def read(text: str) -> Triage:
        began = clock()
        parsed = await reader.parse(text)
        took.append(clock() - began)
        return Triage.from_json(parsed["triage"])

    async def read_all() -> list[Triage]:
        return [await read(text) for text in (*EMERGENCIES, *CALM)]

    try:
        triages = asyncio.run(read_all())
    except (KeyError, ValueError) as error:
        raise ModelError(f"试读没有读出类别（{type(error).__name__}）") from None
    for text, triage in zip((*EMERGENCIES, *CALM), triages, strict=True):
        if text in EMERGENCIES and not triage.urgent:
            raise ModelError(f"试读没有认出紧急警情：“{text}”")
        if text in CALM and triage.urgent:
            raise ModelError(f"试读把平常的话当成了警情：“{text}”")
    if min(took) > LONGEST_READING_SECONDS:
        raise ModelError(f"试读一条消息最快也要 {min(took):.1f} 秒，居民等不了")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


@contextmanager
def _residents_first() -> Iterator[None]:
    """Python's threads run one at a time, and whoever answers a message asks for its turn dozens of times: let it have
    that ten times as soon as usual, and look for no garbage, which stops everybody, while so much is made."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(usual)


def _give_memory_back() -> None:
    """glibc keeps what it was given; the old model itself went with its last message, since nothing in it points back
    at who holds it (a search for garbage would stop everybody for a quarter of a second)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
