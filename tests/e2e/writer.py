"""A resident of a running station, and what the station made of them."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bot.store.models import Case, Page, Resident, WorkState
from bot.wechat.envelope import open_reply
from tests.resident import message_xml, post, say
from tests.stack import Stack


def words_of(reply_xml: str) -> str:
    """The text of a passive reply."""
    found = re.search(r"<Content><!\[CDATA\[(.*)\]\]></Content>", reply_xml, re.S)
    assert found, reply_xml
    return found.group(1)


class Writer:
    """A new resident of the running station."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.openid = stack, f"oE2E{uuid.uuid4().hex[:12]}"

    def say(self, text: str) -> str:
        """Write to the station and give the passive reply's words."""
        return words_of(say(self.stack.account, self.stack.gateway_url, self.openid, text))

    def tap(self, key: str) -> str:
        """Tap a menu entry and give what the passive reply holds: its XML, or `success`."""
        fields = f"<Event><![CDATA[CLICK]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
        answer = post(self.stack.account, self.stack.gateway_url, message_xml(self.openid, fields, kind="event"))
        answer.raise_for_status()
        return open_reply(self.stack.account, answer.text)

    def cases(self) -> list[tuple[Case, int]]:
        """This resident's cases with the number of pages that got out."""
        sent = sa.select(sa.func.count()).where(Page.case_id == Case.id, Page.state == WorkState.DONE).scalar_subquery()
        mine = sa.select(Case, sent).join(Resident, Resident.id == Case.resident_id)
        return [(row[0], row[1]) for row in self.stack.rows(mine.where(Resident.openid == self.openid))]

    def paged_case(self) -> tuple[Case, int]:
        """The case that was paged for, once it was."""
        found: tuple[Case, int] = until(lambda: next((row for row in self.cases() if row[1]), None))
        return found


def until(condition: Callable[[], Any], within: float = 20) -> Any:
    """Poll a real process until something holds, and give it."""
    deadline = time.monotonic() + within
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
    return result
