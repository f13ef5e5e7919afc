import pytest
import sqlalchemy as sa

from bot.duty import disclosure
from bot.duty.handling import CaseError
from bot.store.models import AuditEntry, Case, CaseId
from bot.store.session import Store
from tests.duty.conftest import Filing
from tests.world import FakeClock


def test_that_a_reporter_is_told_with_a_reason_that_is_written_down(
    filing: Filing, store: Store, clock: FakeClock
) -> None:
    first = filing.file("tip", openid="oA")
    clock.advance(days=3)
    second = filing.file("tip", openid="oA")
    filing.file("tip", openid="oB")
    assert first
    assert second
    before = store_state(store, second.id)
    with store.transaction() as session:
        reporter = disclosure.reveal(session, second.id, officer="丙", reason=" 要核实地址 ", now=clock.now())
    assert reporter.pseudonym == "R-oA"
    assert reporter.other_cases == (first.id,)
    with store.reading() as session:
        (entry,) = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "reveal"))
    assert (entry.actor, entry.case_id, entry.detail) == ("丙", second.id, {"reason": "要核实地址"})
    assert store_state(store, second.id) == before


@pytest.mark.parametrize(("reason", "officer"), [("", "丙"), ("  ", "丙"), ("x" * 201, "丙"), ("要核实", "")])
def test_that_without_a_reason_nothing_is_told(
    filing: Filing, store: Store, clock: FakeClock, reason: str, officer: str
) -> None:
    case = filing.file("tip")
    assert case
    with store.transaction() as session, pytest.raises(CaseError):
        disclosure.reveal(session, case.id, officer=officer, reason=reason, now=clock.now())


def test_that_a_case_that_does_not_exist_has_no_reporter(store: Store, clock: FakeClock) -> None:
    with store.transaction() as session, pytest.raises(CaseError):
        disclosure.reveal(session, CaseId(9), officer="丙", reason="要核实", now=clock.now())


def store_state(store: Store, case_id: CaseId) -> tuple[object, ...]:
    with store.reading() as session:
        case = session.get_one(Case, case_id)
        return case.state, case.acted_at, case.updated_at
