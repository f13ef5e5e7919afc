"""What fills the inbox, when the model cannot be read with."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bot.nlu import pointer
from bot.settings import Settings
from bot.store.session import Store
from bot.studio import reading
from bot.studio.filling import Filling
from bot.studio.reading import Reading, ReadingError
from bot.studio.trainer import DutyError
from tests.studio.inbox_rows import DOUBTFUL, Inbox
from tests.studio.test_reading import settled
from tests.world import FakeClock


class Reader:
    """A process that ends while it reads, until the test says otherwise."""

    model, dies = "fujin-a", True

    def __init__(self, *_given: object) -> None:
        pass

    def read(self, texts: Iterable[str]) -> Iterator[Reading | None]:
        for _ in texts:
            if Reader.dies:
                raise ReadingError("its process ended with -9")
            yield DOUBTFUL

    def close(self) -> None:
        """Nothing to end."""


def test_that_an_inbox_whose_reader_died_says_so_and_goes_on_after_a_while(
    store: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ModelReader", Reader)
    monkeypatch.setattr(Reader, "dies", True)
    pointer.point_to(tmp_path, "fujin-a")
    Inbox(store, clock).hear("我这个事儿咋整")
    filling = Filling(store, Settings(_env_file=None), tmp_path)

    def look() -> int:
        filling.look(clock.now())  # it loads
        settled()
        return filling.look(clock.now())

    assert look() == 0
    with pytest.raises(DutyError, match="模型 fujin-a 读不了消息"):
        filling.look(clock.now())
    monkeypatch.setattr(Reader, "dies", False)
    clock.advance(seconds=61)
    assert look() == 1
