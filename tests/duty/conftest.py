"""Cases without a conversation around them: each message is filed under the label that the test gives it."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from bot.duty import case as duty_case
from bot.duty import handling
from bot.duty.roster import Roster, load_roster
from bot.duty.watch import Watch
from bot.nlu.triage import ONE_TAP, Evidence, Triage
from bot.store.models import AuditEntry, Case, CaseId, CaseState, Message, Page, Resident
from bot.store.session import Store
from tests.duty.rota import ROTATION, Rota
from tests.station import DUTY
from tests.world import FakeClock

T = TypeVar("T")


class Filing:
    """Files messages into cases. A case that `file` gives can be read, but is a copy of its moment."""

    def __init__(self, store: Store, clock: FakeClock, duty_file: Path) -> None:
        self.store, self.clock = store, clock
        duty_file.write_text(DUTY, encoding="utf-8")
        self.roster = load_roster(duty_file)
        self._numbers = itertools.count(1)

    def file(
        self,
        label: str,
        *,
        openid: str = "oA",
        uncertain: bool = False,
        silent: bool = False,
        word: str = "",
        rule: str = "model",
        tapped: bool = False,
        text: str = "",
        kind: str = "scripted",
        confidence: float = 0.9,
    ) -> Case | None:
        evidence = (Evidence(ONE_TAP if tapped else rule, (word,)),) if word or tapped else ()
        triage = Triage(label, confidence, f"{label}/{kind}", evidence, uncertain=uncertain, silent=silent)
        with self.store.transaction() as session:
            message = self._message(session, openid, text)
            message.triage = triage.to_json()
            return duty_case.file_message(
                session,
                message,
                triage,
                watch=self.watch,
                now=self.clock.now(),
            )

    def _message(self, session: sa.orm.Session, openid: str, text: str) -> Message:
        now, number = self.clock.now(), next(self._numbers)
        resident = session.scalars(sa.select(Resident).where(Resident.openid == openid)).one_or_none()
        if resident is None:
            resident = Resident(openid=openid, pseudonym=f"R-{openid}", first_seen_at=now)
        message = Message(resident=resident, key=f"msg:{number}", kind="text", text=text, received_at=now, due_at=now)
        session.add(message)
        session.flush()
        return message

    def acknowledge(self, case: Case | None, officer: str = "甲") -> None:
        assert case is not None
        with self.store.transaction() as session:
            handling.acknowledge(session, CaseId(case.id), officer=officer, now=self.clock.now())

    def close(self, case: Case | None) -> None:
        assert case is not None
        with self.store.transaction() as session:
            session.get_one(Case, case.id).state = CaseState.CLOSED

    @property
    def watch(self) -> Watch:
        return Watch(self.roster, ("webhook+http://phone/page",))

    def do(self, act: Callable[..., T], case: Case | None, *given: Any, officer: str = "甲", **more: Any) -> T:
        """An officer's act on a case, now."""
        assert case is not None
        with self.store.transaction() as session:
            return act(session, CaseId(case.id), *given, officer=officer, now=self.clock.now(), **more)

    def acts(self) -> list[tuple[str, str]]:
        """Who has done what, by the audit log."""
        with self.store.reading() as session:
            entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
            return [(entry.actor, entry.action) for entry in entries]

    def cases(self) -> list[Case]:
        with self.store.reading() as session:
            return list(session.scalars(sa.select(Case).order_by(Case.id)))

    def page_levels(self, case: Case | None) -> list[int]:
        assert case is not None
        with self.store.reading() as session:
            return list(session.scalars(sa.select(Page.level).where(Page.case_id == case.id).order_by(Page.id)))


@pytest.fixture
def filing(store: Store, clock: FakeClock, tmp_path: Path) -> Filing:
    return Filing(store, clock, tmp_path / "duty.yml")


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    """Five officers with a rotation and holidays."""
    path = tmp_path / "rotation.yml"
    path.write_text(ROTATION, encoding="utf-8")
    return load_roster(path)


@pytest.fixture
def rota(store: Store, roster: Roster, clock: FakeClock) -> Rota:
    """That roster with everyday changes in a fresh database of each kind."""
    return Rota(store, roster, clock)
