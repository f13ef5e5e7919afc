"""The actions as Rasa's action server runs them; whatever the database does, the resident gets a courteous answer."""

import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor
from sqlalchemy.orm import Session

from actions import lookups
from actions.store import close_station_store, station_store
from bot.services import importing
from bot.services.answer import Answer
from bot.store.migrate import migrate
from bot.store.session import Store
from tests.world import FakeClock

pytestmark = pytest.mark.anyio
TOO_BUSY = "不好意思，现在查不了。请回“转人工”，民警看到后会在这里答复您。\n有急事请直接拨打110。"


@pytest.fixture(autouse=True)
def _closed_at_the_end() -> Iterator[None]:
    yield
    close_station_store()


@pytest.fixture
def _station(store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A station with the demonstration."""
    importing.load_demo(store, now=clock.now())
    monkeypatch.setenv("FUJIN_DATABASE_URL", store.url.render_as_string(hide_password=False))


@pytest.fixture(scope="session")
def server() -> ActionExecutor:
    executor = ActionExecutor()
    executor.register_package("actions")
    return executor


async def run(server: ActionExecutor, action: str, text: str | None) -> list[dict[str, Any]]:
    """What Rasa gets when it asks for an action."""
    tracker = {"sender_id": "R-A", "slots": {}, "latest_message": {"text": text}, "events": []}
    result = await server.run({"next_action": action, "tracker": tracker, "domain": {}})
    assert result is not None
    answer: dict[str, Any] = result.model_dump()
    assert answer["events"] == []
    responses: list[dict[str, Any]] = answer["responses"]
    return responses


@pytest.mark.usefixtures("_station")
@pytest.mark.parametrize(
    ("action", "text", "said"),
    [
        ("action_community_officer", "大东路1号", "示例民警甲"),
        ("action_community_officer", "魁星社区的片警叫啥", "示例民警乙"),
        ("action_duplicate_name", "重名查询 王小明", "叫“王小明”的有"),
        ("action_duplicate_name", None, "想查哪个名字"),
    ],
)
async def test_that_an_action_answers_the_latest_message(
    server: ActionExecutor, action: str, text: str | None, said: str
) -> None:
    (response,) = await run(server, action, text)
    assert said in response["text"]


@pytest.mark.usefixtures("_station")
async def test_that_a_button_sends_its_title(server: ActionExecutor) -> None:
    (response,) = await run(server, "action_community_officer", "大东路")
    titles = ["大东路1号至99号单号", "大东路2号至98号双号"]
    assert response["buttons"] == [{"title": title, "payload": title} for title in titles]


@pytest.mark.parametrize("action", ["action_community_officer", "action_duplicate_name"])
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("FUJIN_DATABASE_URL", "postgresql://postgres@127.0.0.1:1/fujin"),
        ("FUJIN_DATABASE_URL", "sqlite:////proc/none/fujin.db"),
        ("FUJIN_DATABASE_URL", "sqlite:///{folder}/empty.db"),  # not migrated
        ("FUJIN_GATEWAY_PORT", "0"),
    ],
)
async def test_that_a_database_that_is_away_is_a_courteous_answer(
    server: ActionExecutor,
    action: str,
    setting: str,
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(setting, value.format(folder=tmp_path))
    with caplog.at_level(logging.ERROR):
        (response,) = await run(server, action, "王小明住大东路1号")
    assert response["text"] == TOO_BUSY
    assert response["buttons"] == [{"title": "转人工", "payload": "转人工"}]
    assert "A look-up failed" in caplog.text
    assert "王小明" not in caplog.text


async def test_that_the_database_is_tried_again_after_it_was_away(
    server: ActionExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/later.db"
    monkeypatch.setenv("FUJIN_DATABASE_URL", url)
    assert (await run(server, "action_duplicate_name", "王小明"))[0]["text"] == TOO_BUSY
    migrate(url)
    assert "还没有把重名数据导入" in (await run(server, "action_duplicate_name", "王小明"))[0]["text"]


@pytest.mark.usefixtures("_station")
async def test_that_a_slow_database_holds_up_no_other_conversation(
    server: ActionExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_conversation = threading.Event()

    def slow(_session: Session, _text: str, before: Sequence[str]) -> Answer:
        return Answer("其间别人说了话" if other_conversation.wait(timeout=10) else "别人没说上话")

    monkeypatch.setattr(lookups.duplicate_names, "find", slow)
    waiting = asyncio.create_task(run(server, "action_duplicate_name", "王小明"))
    await asyncio.sleep(0)
    other_conversation.set()
    assert (await waiting)[0]["text"] == "其间别人说了话"


@pytest.mark.usefixtures("_station")
def test_that_threads_share_one_store() -> None:
    start, opened = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        opened.append(station_store())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    assert len(set(map(id, opened))) == 1
