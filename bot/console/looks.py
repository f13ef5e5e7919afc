"""Looks at personal data by the console, as they are written down."""

from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.duty import disclosure
from bot.store.models import CaseId
from bot.store.session import Store, StoreUnavailableError

log = structlog.get_logger()

ONE_LOOK = timedelta(minutes=10)
"""How long what is asked for again and again is one look: a video piece by piece, a page that is leafed through."""
NOBODY = "？"
"""Who looks where nobody has signed in."""


class Looks:
    """Writes looks into the audit log. An officer sees an emergency even when that cannot be written."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._noted: dict[tuple[str, CaseId | None, str, str], datetime] = {}

    def note(
        self, officer: str | None, *, case_id: CaseId | None = None, subject: str = "", meant_for: str = ""
    ) -> bool:
        """Write a look down, and tell whether it stands there."""
        name, now = officer or NOBODY, self._clock.now()
        try:
            with self._store.transaction() as session:
                disclosure.viewed(session, officer=name, now=now, case_id=case_id, subject=subject, meant_for=meant_for)
        except StoreUnavailableError as error:
            log.error("view.unwritten", case_id=case_id, reason=str(error))
            return False
        return True

    def note_once(
        self, officer: str | None, *, case_id: CaseId | None = None, subject: str = "", meant_for: str = ""
    ) -> None:
        """The same unless it has been written down just now."""
        look, now = (officer or NOBODY, case_id, subject, meant_for), self._clock.now()
        self._noted = {known: at for known, at in self._noted.items() if now - at < ONE_LOOK}
        if look not in self._noted and self.note(officer, case_id=case_id, subject=subject, meant_for=meant_for):
            self._noted[look] = now
