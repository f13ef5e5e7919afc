"""The logs: one JSON object a line, with where an error was raised, but not with what it says."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.log import configure_logging


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def stumble() -> None:
    try:
        raise LookupError("有人拿刀")
    except LookupError as error:
        raise ValueError("oSecret") from error


def test_that_an_error_is_logged_without_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    for log in (structlog.get_logger(), logging.getLogger("uvicorn.error")):
        try:
            stumble()
        except ValueError:
            log.exception("engine.work_failed")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["engine.work_failed"] * 2
    for line in lines:
        assert "in stumble" in line["exception"]
        assert line["exception"].index("LookupError") < line["exception"].index("ValueError")
        shown = [row for row in line["exception"].splitlines() if not row.lstrip().startswith("raise ")]
        assert "有人拿刀" not in "".join(shown)
        assert "oSecret" not in "".join(shown)


def test_that_addresses_of_calls_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    logging.getLogger("httpx").info("GET https://api.weixin.qq.com/?access_token=secret")
    assert capsys.readouterr().err == ""
