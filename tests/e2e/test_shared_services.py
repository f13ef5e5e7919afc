"""The same product on PostgreSQL and Redis, as several machines share them."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.e2e.writer import Writer
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.heavy]


@pytest.fixture
def shared_stack(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Stack]:
    running = Stack(tmp_path / "shared", {"FUJIN_DATABASE_URL": postgres_url, "FUJIN_REDIS_URL": redis_url})
    try:
        running.start()
        yield running
    finally:
        running.stop()


def test_that_postgresql_and_redis_carry_everything(shared_stack: Stack) -> None:
    writer = Writer(shared_stack)
    assert "119" in writer.say("着火了，楼道里全是烟")
    case, pages = writer.paged_case()
    assert (case.label, pages) == ("urgent_alarm", 1)
    asker = Writer(shared_stack)
    assert "身份证" in asker.say("身份证丢了怎么补办")
    with psycopg.connect(shared_stack.settings.database_url.replace("+psycopg", "")) as connection:
        (conversations,) = connection.execute("SELECT count(DISTINCT sender_id) FROM events").fetchone() or (0,)
    assert conversations == 2, "Rasa's conversations are in the shared database too"
    assert not list(Path(shared_stack.settings.var_dir).glob("*.db*"))
