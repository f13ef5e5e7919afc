"""A reading process that does not load, ends, or hangs."""

import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from bot.nlu import pointer
from bot.settings import Settings
from bot.studio import reading
from bot.studio.reading import LoadedReader, ModelReader, ReadingError
from bot.studio.trainer import DutyError
from tests.world import FakeClock

SETTINGS = Settings(_env_file=None)


@pytest.fixture
def judge(tmp_path: Path) -> Callable[[str], tuple[Path, Settings]]:
    """A model, and settings with which a script stands for the process that reads with it."""

    def written(script: str) -> tuple[Path, Settings]:
        python, model = tmp_path / "python", tmp_path / "fujin-a.tar.gz"
        python.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n")
        python.chmod(0o755)
        model.touch()
        return model, Settings(_env_file=None, rasa_python=python)

    return written


READY = 'print("{\\"ready\\": 1}", flush=True)\n'


@pytest.mark.parametrize(
    "then",
    [
        "time.sleep(60)",
        "sys.stdin.readline(); print('{\"id\": 0, \"la', end='', flush=True); time.sleep(60)",
        "sys.exit(1)",
    ],
)
def test_that_a_process_that_hangs_on_a_message_or_dies_is_ended(
    judge: Callable[[str], tuple[Path, Settings]], monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    monkeypatch.setattr(reading, "MESSAGE_SECONDS", 0.5)
    model, settings = judge(READY + then)
    with ModelReader(model, settings) as reader, pytest.raises(ReadingError, match="ended"):
        list(reader.read(["你好"]))


def test_that_a_process_that_does_not_load_is_ended(
    judge: Callable[[str], tuple[Path, Settings]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LOADING_SECONDS", 0.5)
    model, settings = judge("time.sleep(60)")
    with pytest.raises(ReadingError, match="ended"):
        ModelReader(model, settings)


class Loading:
    """Readers that load or fail as the test says."""

    def __init__(self) -> None:
        self.failure: Exception | None = ReadingError("it ended with -9")
        self.tried = 0

    def __call__(self, _path: Path, _settings: Settings) -> "Loading":
        self.tried += 1
        if self.failure:
            raise self.failure
        return self

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Loading:
    made = Loading()
    monkeypatch.setattr(reading, "ModelReader", made)
    return made


def settled() -> None:
    for thread in threading.enumerate():
        if thread.name == "reader":
            thread.join(10)


@pytest.mark.parametrize("failure", [ReadingError("it ended with -9"), OSError(12, "Cannot allocate memory")])
def test_that_a_model_that_did_not_load_is_told_of_and_loaded_again_after_a_while(
    loading: Loading, clock: FakeClock, failure: Exception
) -> None:
    loading.failure = failure
    reader, path = LoadedReader(), Path("fujin-a.tar.gz")
    assert reader.of(path, SETTINGS, clock.now()) is None
    settled()
    for _ in range(3):
        with pytest.raises(DutyError, match=r"模型 fujin-a 读不了消息，稍后自动再试（.*(-9|memory)"):
            reader.of(path, SETTINGS, clock.now())
    loading.failure = None
    clock.advance(seconds=61)
    assert reader.of(path, SETTINGS, clock.now()) is None
    settled()
    assert reader.of(path, SETTINGS, clock.now()) is cast(ModelReader, loading)
    assert loading.tried == 2


def test_that_a_model_whose_file_was_changed_is_not_read_with_and_one_that_reads_goes_on(
    loading: Loading, clock: FakeClock, tmp_path: Path
) -> None:
    loading.failure = None
    reader, path = LoadedReader(), tmp_path / "fujin-a.tar.gz"
    path.write_text("as it was entered")
    of = partial(reader.of, path, SETTINGS, sha256=pointer.digest_of(path))
    of(clock.now())
    settled()
    path.write_text("changed")
    assert of(clock.now()) is cast(ModelReader, loading), "it has what it was given"
    reader.close()
    of(clock.now())
    settled()
    with pytest.raises(DutyError, match=r"fujin-a\.tar\.gz 和登记时不一样"):
        of(clock.now())
    assert loading.tried == 1


def test_that_a_reader_that_gave_up_is_loaded_again_after_a_while_and_another_model_at_once(
    loading: Loading, clock: FakeClock
) -> None:
    loading.failure = None
    reader = LoadedReader()
    for name in ("fujin-a", "fujin-b"):
        reader.of(Path(name), SETTINGS, clock.now())
        settled()
        assert reader.of(Path(name), SETTINGS, clock.now()) is cast(ModelReader, loading)
        reader.gave_up(ReadingError("it hung"))
        with pytest.raises(DutyError, match="it hung"):
            reader.of(Path(name), SETTINGS, clock.now())
    clock.advance(seconds=61)
    assert reader.of(Path("fujin-b"), SETTINGS, clock.now()) is None
