"""Acknowledging from the page itself: a signed link that expires, without signing in.

The link alone does nothing (previews of chats and mail open links): the page behind it asks once, and the answer
acknowledges.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import itsdangerous
from sqlalchemy.orm import Session

from bot.duty import handling
from bot.store.models import Case, CaseState, Page

VALID = timedelta(hours=6)
"""A case that is still open then has had many pages since, each with a link of its own."""
PURPOSE = "one-tap acknowledgement"
"""What the key is derived for (`bot/secret.py`)."""
_SEPARATOR = "、"


class TapError(Exception):
    """A link that acknowledges nothing; the text tells the officer why and what to do, in Chinese."""


@dataclass(frozen=True)
class Tap:
    """A good link: its case, and the officers who may acknowledge with it (several: they say who they are).

    The case is open, or another officer has it and offers it to the only one of these.
    """

    page: Page
    case: Case
    officers: tuple[str, ...]

    @property
    def takes_over(self) -> bool:
        """Whether whoever answers takes the case over from the officer who has it."""
        return self.case.state == CaseState.ACKNOWLEDGED


class OneTap:
    """Makes and reads the links. `console_url` is the console's address as officers reach it."""

    def __init__(self, key: str, console_url: str) -> None:
        self._signer = itsdangerous.URLSafeSerializer(key, salt=PURPOSE)
        self._console_url = console_url

    def url(self, page: Page, *, now: datetime) -> str:
        """The link for a page. It names an officer if the page is for one, else the page's officers may use it."""
        officer = "" if _SEPARATOR in page.officer else page.officer
        token = self._signer.dumps([page.id, officer, int((now + VALID).timestamp())])
        return f"{self._console_url}/ack/{token if isinstance(token, str) else token.decode()}"

    def read(self, session: Session, token: str, *, now: datetime, lock: bool = False) -> Tap:
        """What a link is for; `lock`: with its case locked, to acknowledge it.

        Raises:
            TapError: it is not one of ours, has expired, or its case needs no acknowledgement any more.
        """
        try:
            page_id, officer, expires = self._signer.loads(token)
        except itsdangerous.BadData:
            raise TapError("这个链接不完整，请从提醒里重新点开，或到值班台确认。") from None
        page = session.get(Page, page_id)
        officers = tuple(page.officer.split(_SEPARATOR)) if page else ()
        if page is None or (officer and officer not in officers):
            raise TapError("这条提醒已经不在了，请到值班台查看。")
        if now.timestamp() > expires:
            raise TapError(f"链接已过期（提醒发出超过{VALID // timedelta(hours=1)}小时），请到值班台确认。")
        case = handling.locked(session, page.case_id) if lock else session.get_one(Case, page.case_id)
        officers = (officer,) if officer else officers
        if case.state == CaseState.ACKNOWLEDGED and case.offered_to in officers:
            return Tap(page, case, (case.offered_to,))
        _check_open(case)
        return Tap(page, case, officers)

    def acknowledge(self, session: Session, token: str, *, officer: str, now: datetime) -> Case:
        """Acknowledge the case of a link in an officer's name, or take it over if it is offered to that officer.

        Raises:
            TapError: as `read`, or the page is not for this officer.
        """
        tap = self.read(session, token, now=now, lock=True)
        if officer not in tap.officers:
            raise TapError("请先选择您的姓名。")
        return handling.acknowledge(session, tap.case.id, officer=officer, via="one-tap", now=now)


def _check_open(case: Case) -> None:
    if case.state == CaseState.CLOSED:
        raise TapError(f"案件{case.id}已结案，不用再确认。")
    if case.state == CaseState.ACKNOWLEDGED:
        raise TapError(f"案件{case.id}已由{case.acknowledged_by}确认接警，不用再确认。要一起处置，请到值班台。")
