"""What the page of the models says when something cannot be stored, and when a leader has to give a reason."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from bot.console.services import Services
from bot.console.studio.models import ModelRow
from bot.console.studio.models_page import _ModelsPage
from bot.store.models import Standing
from bot.store.session import Store, StoreUnavailableError
from bot.studio import promotion
from tests.studio.candidates import ready
from tests.world import FakeClock


class Away:
    """A database that does not answer."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        raise StoreUnavailableError("away")
        yield


@pytest.fixture
def page(store: Store, clock: FakeClock, tmp_path: Path) -> _ModelsPage:
    """The page without a browser."""
    with store.transaction() as session:
        ready(session, tmp_path, now=clock.now())
    made = object.__new__(_ModelsPage)
    made._services = cast(Services, SimpleNamespace(store=store, clock=clock))
    made._project = tmp_path
    return made


def press(page: _ModelsPage, prepare: Callable[[], object] = lambda: None) -> str | None:
    """Let the candidate go live."""

    def act(session: Session, now: Any) -> None:
        promotion.promote(session, "new", page._project, by="带班所长", now=now, overrule="急")

    return asyncio.run(page._stored(act, prepare=prepare))


def test_that_a_press_while_the_database_is_away_is_told_to_have_stored_nothing(
    page: _ModelsPage, clock: FakeClock
) -> None:
    page._services = cast(Services, SimpleNamespace(store=Away(), clock=clock))
    said = press(page)
    assert said
    assert "没有保存" in said


def test_that_a_press_whose_pointer_could_not_follow_is_told_to_be_stored(
    page: _ModelsPage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(promotion, "follow", fail)
    said = press(page)
    assert said
    assert "已经记下" in said
    with store.reading() as session:
        assert promotion.current(session) == "new"


@pytest.mark.parametrize(
    ("asked_by", "approved_by", "alone"),
    [(None, None, True), ("带班所长", None, True), ("训练员", None, False), ("带班所长", "教导员", False)],
)
def test_that_a_leader_gives_a_reason_only_where_no_second_person_has_a_say(
    clock: FakeClock, asked_by: str | None, approved_by: str | None, alone: bool
) -> None:
    row = ModelRow(
        name="new",
        standing=Standing.CANDIDATE,
        since=clock.now(),
        trained_by="训练员",
        trained_at=clock.now(),
        data_version="0" * 64,
        figures=(),
        gates=(),
        asked_by=asked_by,
        approved_by=approved_by,
        listening=None,
    )
    assert row.needs_a_second("带班所长") is alone
