"""The gateway's process."""

import pytest
from prometheus_client import CollectorRegistry

from bot.gateway import __main__ as gateway
from bot.settings import load_settings

pytestmark = pytest.mark.anyio


class NoServer:
    """A web server that is told to stop at once."""

    async def serve(self) -> None:
        """Nothing."""


async def test_that_metrics_are_served_where_the_settings_say(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    served = []
    monkeypatch.setattr(gateway, "REGISTRY", CollectorRegistry())
    monkeypatch.setattr(gateway, "start_http_server", lambda port, addr: served.append((addr, port)))
    monkeypatch.setattr(gateway, "http_server", lambda *_parts, **_where: NoServer())
    monkeypatch.setenv("FUJIN_DATABASE_URL", sqlite_url)
    for host in ("127.0.0.1", "0.0.0.0"):
        monkeypatch.setenv("FUJIN_METRICS_HOST", host)
        await gateway.serve(load_settings())
    assert served == [("127.0.0.1", 9464), ("0.0.0.0", 9464)]
