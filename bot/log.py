"""Structured logs: one JSON object a line, events and identifiers only, never a resident's words or a secret."""

import logging
import sys
import traceback

import structlog


def configure_logging(level: str) -> None:
    """Send structlog's and the libraries' records to standard error as JSON lines."""
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_words,
    ]
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=processors,
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # These libraries write whole addresses: the callback's openid, the platform's access token.
    for noisy in ("httpx", "httpcore", "uvicorn.access", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # These quote the address of what failed, which holds a key; their channels say by themselves what went wrong.
    for telling in ("apprise", "tencentcloud_sdk_common"):
        logging.getLogger(telling).setLevel(logging.CRITICAL + 1)


def _without_words(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Say what an exception is and where it was raised, but not its own text: that may quote a resident."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found if isinstance(found, BaseException) else sys.exception()
    if found and error:
        event["exception"] = "".join(_described(error))
    return event


def _described(error: BaseException) -> list[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = [*_described(cause), "then\n"] if cause else []
    return [*before, *traceback.format_tb(error.__traceback__), type(error).__qualname__ + "\n"]
