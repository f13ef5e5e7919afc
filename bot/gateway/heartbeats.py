"""For Prometheus: how long ago each part of Fujin did its round, read when it is asked for."""

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.clock import Clock
from bot.store.models import Heartbeat
from bot.store.session import Store, StoreUnavailableError


class HeartbeatCollector(Collector):
    """`fujin_heartbeat_age_seconds` and `fujin_heartbeat_healthy` by part; nothing while the database is away."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the heartbeats now."""
        age = GaugeMetricFamily("fujin_heartbeat_age_seconds", "Since a part's last round", labels=["part"])
        healthy = GaugeMetricFamily("fujin_heartbeat_healthy", "Whether it found all well", labels=["part"])
        now = self._clock.now()
        try:
            with self._store.reading() as session:
                for beat in session.scalars(sa.select(Heartbeat).where(Heartbeat.name.in_(["engine", "auditor"]))):
                    age.add_metric([beat.name], (now - beat.at).total_seconds())
                    healthy.add_metric([beat.name], beat.healthy)
        except StoreUnavailableError:
            return
        yield age
        yield healthy
