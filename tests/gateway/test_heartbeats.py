from bot.gateway.heartbeats import HeartbeatCollector
from bot.store.models import Heartbeat
from bot.store.session import Store
from tests.world import FakeClock


def test_that_the_age_of_each_heartbeat_is_told(store: Store, clock: FakeClock) -> None:
    with store.transaction() as session:
        session.add(Heartbeat(name="engine", at=clock.now(), healthy=True, detail=""))
        session.add(Heartbeat(name="auditor", at=clock.now(), healthy=False, detail="overdue: 1"))
        session.add(Heartbeat(name="told-engine", at=clock.now(), healthy=False, detail=""))
    clock.advance(seconds=7)
    age, healthy = HeartbeatCollector(store, clock).collect()
    assert {sample.labels["part"]: sample.value for sample in age.samples} == {"engine": 7, "auditor": 7}
    assert {sample.labels["part"]: sample.value for sample in healthy.samples} == {"engine": 1, "auditor": 0}
