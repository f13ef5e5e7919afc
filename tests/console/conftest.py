"""A station's rows, put into the database without any engine, so that a test says exactly what is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.duty.case import is_tip
from bot.duty.roster import load_roster
from bot.duty.watch import Watch
from bot.nlu import forms
from bot.services import applications
from bot.settings import ROOT
from bot.store.models import Application, Case, Escalation, Media, Message, Page, Reply, Resident
from bot.store.session import Store
from tests.world import FakeClock

ANSWERS = {
    "dog_licence": {
        "phone": "13800000000",
        "name": "张示例",
        "id_number": "210104199003078886",
        "address": "大东路1号2单元301",
        "dog_name": "豆豆",
        "dog_breed": "泰迪",
        "dog_colour": "棕色",
        "vaccinated_on": "2025-11-20",
    },
    "residence_permit": {
        "name": "李示例",
        "id_number": "220302198506151234",
        "phone": "13900000000",
        "household_place": "吉林四平",
        "address": "东中街8号1单元201",
        "lived_since": "2025-03-01",
        "ground": "上班",
    },
}
"""Answers of nobody (示例); the first are not in the form's order."""


class Rows:
    """Writes rows; every moment is so many seconds before the clock's."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self._keys = 0

    def resident(self, pseudonym: str = "R-7K2M9QXA") -> Resident:
        now = self.clock.now()
        row = Resident(openid=f"openid-{pseudonym}", pseudonym=pseudonym, first_seen_at=now)
        return self._add(row)

    def case(
        self, resident: Resident, intent: str, *, ago: float = 60, words: tuple[str, ...] = (), **more: Any
    ) -> Case:
        at = self.clock.now() - timedelta(seconds=ago)
        values = {"label": intent.split("/")[0], "intent": intent, "opened_at": at, "updated_at": at} | more
        values = {"confidential": is_tip(values["label"], intent)} | values
        evidence = [{"rule": "rule", "words": list(words)}] if words else []
        return self._add(Case(resident_id=resident.id, evidence=evidence, **values))

    def message(self, case: Case, text: str, *, ago: float = 60, kind: str = "text", **payload: Any) -> Message:
        self._keys += 1
        at = self.clock.now() - timedelta(seconds=ago)
        row = Message(
            resident_id=case.resident_id,
            key=f"msg:{self._keys}",
            kind=kind,
            text=text,
            payload=payload,
            received_at=at,
            state="done",
            due_at=at,
            case_id=case.id,
        )
        return self._add(row)

    def reply(self, case: Case, text: str, *, ago: float = 59, state: str = "done", **more: Any) -> Reply:
        at = self.clock.now() - timedelta(seconds=ago)
        common = {"resident_id": case.resident_id, "case_id": case.id, "created_at": at, "due_at": at}
        return self._add(Reply(**common, text=text, state=state, **more))

    def answer(self, message: Message, text: str) -> Reply:
        """What the bot says to a message, in its very moment."""
        said = {"message_id": message.id, "case_id": message.case_id, "text": text, "state": "done"}
        return self._add(
            Reply(resident_id=message.resident_id, created_at=message.received_at, due_at=message.received_at, **said)
        )

    def page(
        self, case: Case, level: int = 0, *, state: str = "done", error: str | None = None, receipt: str | None = None
    ) -> Page:
        at = self.clock.now() - timedelta(seconds=50)
        row = Page(
            case_id=case.id,
            level=level,
            officer="值班民警一",
            channel="群机器人",
            state=state,
            error=error,
            receipt=receipt,
            created_at=at,
            due_at=at,
            sent_at=at if state == "done" else None,
        )
        return self._add(row)

    def picture(self, resident: Resident, *, ago: float = 60, state: str = "done", digest: str = "") -> Message:
        """A picture that no case has taken, with its file."""
        row = self._plain(resident, "image", "", ago)
        error = "errcode 40007: gone" if state == "failed" else None
        stored = {"sha256": digest or f"{row.id:064x}", "content_type": "image/png", "size": 10}
        due = {"due_at": row.received_at, "state": state, "error": error}
        self._add(Media(message_id=row.id, media_id="m", kind="image", **due, **(stored if state == "done" else {})))
        return row

    def words(self, resident: Resident, text: str, *, ago: float = 0) -> Message:
        """A text that no case has taken."""
        return self._plain(resident, "text", text, ago)

    def _plain(self, resident: Resident, kind: str, text: str, ago: float) -> Message:
        self._keys += 1
        at = self.clock.now() - timedelta(seconds=ago)
        common = {"key": f"msg:{self._keys}", "state": "done", "due_at": at, "received_at": at}
        return self._add(Message(resident_id=resident.id, kind=kind, text=text, **common))

    def application(
        self,
        resident: Resident,
        kind: str = "dog_licence",
        *,
        ago: float = 60,
        photos: tuple[str, ...] = ("done",) * 3,
        digest: str = "",
        **more: str,
    ) -> Application:
        """A submitted application; `photos` are the states of its files in the form's order, `more` are answers."""
        confirmed = self.words(resident, "确认", ago=ago)
        fields = [name for name in forms.load().forms[f"{kind}_form"].fields if name.startswith("photo_")]
        pictures = {
            name: self.picture(resident, ago=ago + 5, state=state, digest=digest).id
            for name, state in zip(fields, photos, strict=False)
        }
        with self.store.transaction() as session:
            return applications.submit(
                session,
                pseudonym=resident.pseudonym,
                message_id=confirmed.id,
                kind=kind,
                answers=ANSWERS[kind] | more,
                photos=pictures,
                now=self.clock.now() - timedelta(seconds=ago),
            )

    def decide(self, application: Application, decision: str, reason: str = "") -> None:
        """An officer's step, now."""
        now = self.clock.now()
        with self.store.transaction() as session:
            applications.decide(session, application.id, decision, officer="值班民警一", reason=reason, now=now)

    def deadline(self, case: Case, level: int, seconds: float, state: str = "pending") -> Escalation:
        due_at = self.clock.now() + timedelta(seconds=seconds)
        return self._add(Escalation(case_id=case.id, level=level, step=level, due_at=due_at, state=state))

    def _add(self, row: Any) -> Any:
        with self.store.transaction() as session:
            session.add(row)
            session.flush()
        return row


@contextmanager
def rows_of_now(sqlite_url: str) -> Iterator[Rows]:
    """Writes rows of just now, for a console whose clock is the real one."""
    store, clock = Store(sqlite_url), FakeClock()
    clock.moment = datetime.now(UTC)
    yield Rows(store, clock)
    store.close()


@pytest.fixture
def rows(store: Store, clock: FakeClock) -> Rows:
    """Writes rows into a fresh database of each kind."""
    return Rows(store, clock)


@pytest.fixture
def watch() -> Watch:
    """The model station's officers."""
    return Watch(load_roster(ROOT / "duty.yml"))
